//! Where little is known, and where texts are nasty or endless.

use super::{item, usual};
use crate::domain::person::{Pii, Role};
use crate::domain::stage::Stage;
use crate::voice::view::{Address, Correction, Item, Links, Order, Parcel, Person, Pickup, View};

pub(super) fn no_items(stage: Stage) -> View {
    let mut view = usual(stage);
    view.order.items.clear();
    view.parcels.iter_mut().for_each(|parcel| parcel.items.clear());
    view.going_back.iter_mut().for_each(|back| back.items.clear());
    view
}

pub(super) fn gift(stage: Stage) -> View {
    let mut view = usual(stage);
    view.person = Person { name: Some(Pii::new("Zofia Nowak".into())), role: Role::Recipient };
    view
}

/// Only what the contract always requires.
pub(super) fn bare(stage: Stage) -> View {
    let mut view = usual(stage);
    view.person.name = None;
    view.order = Order { id: view.order.id, ..Order::default() };
    view.links = Links::default();
    view.delay = None;
    view.cancelled = None;
    view.going_back = None;
    for parcel in &mut view.parcels {
        *parcel = Parcel {
            carrier: None,
            service: None,
            tracking_number: None,
            tracking_url: None,
            items: Vec::new(),
            state_at: None,
            expected: None,
            pickup: None,
            place: None,
            reason: None,
            description: None,
            ..parcel.clone()
        };
    }
    view
}

/// Texts that try to leave their place.
pub(super) fn hostile(stage: Stage) -> View {
    let mut view = usual(stage);
    let evil =
        "<b>x</b>\" onload='y' {{z}} [[q]] https://evil.example www.evil.example \u{202e}\r\nBcc: a@evil.example";
    let pii = || Some(Pii::new(evil.to_owned()));
    view.person.name = pii();
    view.order.id = "</script><script>\"'{{x}}\u{2028}".into();
    view.order.address = Some(Address {
        name: pii(),
        line1: pii(),
        line2: pii(),
        city: Some(evil.into()),
        region: Some(evil.into()),
        postcode: Some(evil.into()),
        country: Some("IE".into()),
    });
    let items = vec![Item {
        title: Some(evil.into()),
        qty: 2,
        unit_price: Some(i64::MAX),
        image_url: Some("javascript:alert(1)".into()),
        url: Some("https://x.example/\"onclick=\"y".into()),
    }];
    view.order.items = items.clone();
    for parcel in &mut view.parcels {
        parcel.carrier = Some(evil.into());
        parcel.service = Some(evil.into());
        parcel.tracking_number = Some(evil.into());
        parcel.tracking_url = Some("javascript:alert(1)".into());
        parcel.items = items.clone();
        parcel.place = Some(evil.into());
        parcel.description = Some(evil.into());
        let words = || Some(evil.into());
        parcel.pickup =
            Some(Pickup { name: words(), address: words(), code: pii(), until: None, opening_hours: words() });
    }
    if let Some(back) = &mut view.going_back {
        back.items.clone_from(&items);
    }
    if let Some(cancelled) = &mut view.cancelled {
        cancelled.reason = Some(evil.into());
    }
    if let Some(Correction::Number { said }) = &mut view.correction {
        *said = evil.into();
    }
    view.links.order = Some("data:text/html,x".into());
    view
}

/// Texts and lists longer than any design expects.
pub(super) fn long(stage: Stage) -> View {
    let mut view = usual(stage);
    let title =
        "Hand-glazed stoneware bowl with a matt sea-green rim, dishwasher safe, in three sizes that nest, with a lid";
    let items: Vec<Item> = (0..60).map(|n| item(&format!("{title} ({n})"), n % 3 + 1, 1_234_567)).collect();
    view.person.name = Some(Pii::new("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh".into()));
    view.order.id = "2026-11-24-HARBOUR-GOODS-WEB-SHOP-0000000001042".into();
    view.order.items.clone_from(&items);
    if let Some(back) = &mut view.going_back {
        back.items.clone_from(&items);
    }
    for parcel in &mut view.parcels {
        parcel.items.clone_from(&items);
        parcel.carrier_name = Some("International Parcel and Freight Forwarding Company of Leipzig".into());
        parcel.tracking_number = Some("0034043419999888877776666555544443333".into());
        parcel.tracking_url =
            Some(format!("https://track.example/{}", "0034043419999888877776666555544443333".repeat(4)));
        parcel.place = Some("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, GB".into());
    }
    view
}
