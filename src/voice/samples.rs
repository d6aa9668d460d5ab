//! Views to try every template with: the usual ones, the rare ones, and the nasty ones. `check` renders them all, the
//! pictures and the snapshots are made of them.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::content::Moment;
use super::view::{
    Address, Cancelled, Correction, Delay, Expected, Item, Links, News, Order, Parcel, Person, Pickup, State, Until,
    View,
};
use crate::domain::event::{Handover, Reason};
use crate::domain::goods::Goods;
use crate::domain::person::{Pii, Role};
use crate::domain::stage::{Class, Stage};

/// A view with a name for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What is special about it.
    pub name: &'static str,
    pub view: View,
}

/// A Tuesday morning on which nothing special happens.
const NOW: &str = "2026-11-24T10:30:00Z";
const TODAY: Date = date(2026, 11, 24);
const DAY: Date = date(2026, 11, 26);
const LATER: Date = date(2026, 11, 30);

/// Every sample of a stage; the first is the usual case.
pub fn samples(stage: Stage) -> Vec<Sample> {
    let mut samples = vec![
        Sample { name: "usual", view: usual(stage) },
        Sample { name: "parcel 2 of 3", view: second_of_three(stage) },
        Sample { name: "merged", view: merged(stage) },
        Sample { name: "items not known", view: no_items(stage) },
        Sample { name: "gift", view: gift(stage) },
        Sample { name: "almost nothing known", view: bare(stage) },
        Sample { name: "hostile texts", view: hostile(stage) },
        Sample { name: "long texts", view: long(stage) },
    ];
    samples.extend(of_stage(stage));
    samples
}

/// Cases that only one stage knows.
fn of_stage(stage: Stage) -> Vec<Sample> {
    let mut more = Vec::new();
    let mut add = |name: &'static str, change: &dyn Fn(&mut View)| {
        let mut view = usual(stage);
        change(&mut view);
        more.push(Sample { name, view });
    };
    match stage {
        Stage::Delivered => {
            for (name, handover) in HANDOVERS {
                add(name, &|view| view.parcels[0].handover = Some(handover));
            }
        }
        Stage::Exception | Stage::AttemptFailed | Stage::Returning => {
            for reason in Reason::ALL {
                add(reason.as_str(), &|view| view.parcels[0].reason = Some(*reason));
            }
        }
        Stage::DelayExpected | Stage::DelayAgain => of_delays(&mut add),
        Stage::Correction => {
            add("not delivered", &|view| view.correction = Some(Correction::NotDelivered));
            add("other day", &|view| view.correction = Some(Correction::Day { said: TODAY }));
            add("other day, not known", &|view| {
                view.correction = Some(Correction::Day { said: TODAY });
                view.parcels[0].expected = None;
                view.order.expected = None;
            });
            add("number not known", &|view| view.parcels[0].tracking_number = None);
        }
        Stage::Cancelled => add("partly", &|view| {
            let items = view.order.items.split_off(1);
            view.cancelled = Some(Cancelled { whole: false, items, reason: Some("Sold out at our supplier".into()) });
        }),
        Stage::OutForDelivery => {
            add("hours", &|view| {
                view.parcels[0].expected = Some(hours("2026-11-24T14:00:00Z", "2026-11-24T16:00:00Z"))
            });
            add("until an hour", &|view| {
                view.parcels[0].expected = Some(Expected::Window { from: None, until: at("2026-11-24T16:30:00Z") });
            });
        }
        Stage::Shipped | Stage::Confirmed => {
            let days = |from, until| Some(Expected::Days { from, until });
            add("days", &|view| {
                view.parcels.iter_mut().for_each(|parcel| parcel.expected = days(DAY, date(2026, 11, 28)))
            });
            add("days over a month's end", &|view| view.order.expected = days(date(2026, 11, 30), date(2026, 12, 2)));
            add("tomorrow", &|view| view.order.expected = Some(Expected::Day(date(2026, 11, 25))));
        }
        Stage::AvailableForPickup | Stage::PickupReminder => {
            add("no code", &|view| view.parcels[0].pickup.as_mut().expect("the usual one has a pickup").code = None);
            add("until an hour", &|view| {
                let pickup = view.parcels[0].pickup.as_mut().expect("the usual one has a pickup");
                pickup.until = Some(Until::Instant(at("2026-11-28T18:00:00Z")));
            });
            add("place not known", &|view| view.parcels[0].pickup = Some(Pickup::default()));
        }
        Stage::Packed
        | Stage::ArrivingSoon
        | Stage::OrderComplete
        | Stage::BackOnTime
        | Stage::Returned
        | Stage::Lost
        | Stage::Feedback => {}
    }
    more
}

fn of_delays(add: &mut impl FnMut(&'static str, &dyn Fn(&mut View))) {
    for reason in Reason::ALL {
        add(reason.as_str(), &|view| view.delay = Some(Delay { reason: Some(*reason), ..usual_delay() }));
    }
    let days = Some(Expected::Days { from: LATER, until: date(2026, 12, 2) });
    add("likely, several days", &|view| {
        view.delay = Some(Delay { now: days.clone(), reason: None, likely: true, learned: true, ..usual_delay() });
    });
    add("missed, days from other parcels", &|view| {
        view.delay = Some(Delay { now: days.clone(), reason: None, missed: true, learned: true, ..usual_delay() });
    });
    add("no new day", &|view| view.delay = Some(Delay { now: None, ..usual_delay() }));
    add("already missed", &|view| view.delay = Some(Delay { missed: true, ..usual_delay() }));
    add("missed, no new day", &|view| {
        view.delay = Some(Delay { missed: true, now: None, reason: None, ..usual_delay() });
    });
}

const HANDOVERS: [(&str, Handover); 5] = [
    ("to the recipient", Handover::Recipient),
    ("to a neighbour", Handover::Neighbour),
    ("in a safe place", Handover::SafePlace),
    ("in a locker", Handover::Locker),
    ("at a pickup point", Handover::PickupPoint),
];

fn at(text: &str) -> Timestamp {
    text.parse().expect("samples are written right")
}

fn hours(from: &str, until: &str) -> Expected {
    Expected::Window { from: Some(at(from)), until: at(until) }
}

fn item(title: &str, qty: u32, unit_price: i64) -> Item {
    Item { title: Some(title.into()), qty, unit_price: Some(unit_price), image_url: None, url: None }
}

fn items() -> Vec<Item> {
    let mut items = vec![
        item("Stoneware bowl, large", 2, 4_600),
        item("Beeswax wraps, set of three", 1, 1_850),
        item("Walnut serving board", 1, 3_995),
    ];
    items[0].url = Some("https://harbour.example/p/stoneware-bowl".into());
    items
}

fn parcel(number: u32, of: u32, items: Vec<Item>) -> Parcel {
    let tracking = format!("JD01460000{number:02}");
    Parcel {
        number,
        of,
        carrier: Some("dhl".into()),
        carrier_name: None,
        service: Some("Parcel Connect".into()),
        tracking_url: Some(format!("https://track.example/{tracking}")),
        tracking_number: Some(tracking),
        items,
        state: State::Moving,
        state_at: Some(at(NOW)),
        expected: Some(Expected::Day(DAY)),
        pickup: None,
        handover: None,
        place: Some("Leipzig, DE".into()),
        reason: None,
        description: None,
    }
}

fn usual_delay() -> Delay {
    Delay {
        was: Some(Expected::Day(DAY)),
        now: Some(Expected::Day(LATER)),
        reason: Some(Reason::CarrierMisrouted),
        missed: false,
        likely: false,
        learned: false,
    }
}

/// The usual case: one parcel, everything known.
fn usual(stage: Stage) -> View {
    let mut view = View {
        now: at(NOW),
        zone: TimeZone::get("Europe/Dublin").expect("the zone database is bundled"),
        person: Person { name: Some(Pii::new("Ada Byrne".into())), role: Role::Customer },
        stage,
        parcel: Some(0),
        occurrence: 1,
        fact_at: at("2026-11-24T10:12:00Z"),
        news: Vec::new(),
        order: order(),
        parcels: vec![parcel(1, 1, items())],
        to_come: Vec::new(),
        delay: None,
        correction: None,
        cancelled: None,
        content: Moment {
            stage: (stage.class() == Class::Progress).then_some(stage),
            goods: Goods { tags: ["kitchen".to_owned()].into(), ..Goods::default() },
            today: TODAY,
            may_advertise: true,
            ..Moment::default()
        },
        links: Links {
            order: Some("https://harbour.example/orders/HG-1042".into()),
            page: None,
            support: None,
            feedback: None,
            scale: true,
            unsubscribe: Some("https://harbour.example/messages/stop".into()),
            content: Some("https://post.harbour.example/c/harbour/".into()),
        },
    };
    suit(&mut view);
    view
}

fn order() -> Order {
    let pii = |text: &str| Some(Pii::new(text.to_owned()));
    Order {
        id: "HG-1042".into(),
        placed_at: Some(at("2026-11-23T18:20:00Z")),
        paid_at: Some(at("2026-11-23T18:21:00Z")),
        currency: Some("EUR".into()),
        subtotal: Some(15_045),
        shipping: Some(0),
        tax: Some(2_813),
        total: Some(15_045),
        items: items(),
        address: Some(Address {
            name: pii("Ada Byrne"),
            line1: pii("12 Quay Street"),
            line2: None,
            city: Some("Galway".into()),
            region: None,
            postcode: Some("H91 XY12".into()),
            country: Some("IE".into()),
        }),
        expected: Some(Expected::Day(DAY)),
    }
}

/// Brings the facts that belong to the stage.
fn suit(view: &mut View) {
    let parcel = view.parcel.unwrap_or_default();
    let state = |view: &mut View, state| view.parcels[parcel].state = state;
    match view.stage {
        Stage::Confirmed | Stage::Packed | Stage::Cancelled | Stage::Feedback => {
            view.parcel = None;
            if view.stage != Stage::Feedback {
                view.parcels.clear();
            } else {
                view.parcels.iter_mut().for_each(|parcel| parcel.state = State::Delivered);
                view.links.feedback = Some("https://harbour.example/feedback/HG-1042".into());
            }
            if view.stage == Stage::Cancelled {
                let reason = Some("You asked us to cancel it".into());
                view.cancelled = Some(Cancelled { whole: true, items: Vec::new(), reason });
            }
        }
        Stage::Shipped => {}
        Stage::ArrivingSoon => view.parcels[parcel].expected = Some(Expected::Day(date(2026, 11, 25))),
        Stage::OutForDelivery => {
            state(view, State::OutForDelivery);
            view.parcels[parcel].expected = Some(Expected::Day(TODAY));
        }
        Stage::AttemptFailed => {
            state(view, State::AttemptFailed);
            view.parcels[parcel].reason = Some(Reason::RecipientAbsent);
            view.parcels[parcel].expected = Some(Expected::Day(date(2026, 11, 25)));
        }
        Stage::AvailableForPickup | Stage::PickupReminder => {
            state(view, State::Waiting);
            view.parcels[parcel].pickup = Some(Pickup {
                name: Some("Corner Shop Salthill".into()),
                address: Some("4 Upper Salthill Road, Galway".into()),
                code: Some(Pii::new("4917".into())),
                until: Some(Until::Day(date(2026, 11, 28))),
                opening_hours: None,
            });
        }
        Stage::Delivered | Stage::OrderComplete => {
            view.parcels.iter_mut().take(parcel + 1).for_each(|parcel| parcel.state = State::Delivered);
            if view.stage == Stage::OrderComplete {
                view.parcels.iter_mut().for_each(|parcel| parcel.state = State::Delivered);
                view.to_come.clear();
            }
        }
        Stage::DelayExpected | Stage::DelayAgain => view.delay = Some(usual_delay()),
        Stage::BackOnTime => {
            view.delay =
                Some(Delay { was: Some(Expected::Day(LATER)), now: Some(Expected::Day(DAY)), ..Delay::default() });
        }
        Stage::Exception => {
            state(view, State::Exception);
            view.parcels[parcel].reason = Some(Reason::AddressWrong);
            view.parcels[parcel].description = Some("House number not found".into());
        }
        Stage::Correction => view.correction = Some(Correction::Number { said: "JD0146000099".into() }),
        Stage::Returning => {
            state(view, State::Returning);
            view.parcels[parcel].reason = Some(Reason::PickupExpired);
        }
        Stage::Returned => state(view, State::Returned),
        Stage::Lost => {
            state(view, State::Lost);
            view.parcels[parcel].reason = Some(Reason::CarrierLost);
        }
    }
}

/// The second of three parcels; the first has arrived, one thing is not packed yet.
fn second_of_three(stage: Stage) -> View {
    let mut view = usual(stage);
    let mut all = items();
    let third = all.split_off(2);
    let second = all.split_off(1);
    view.parcels = vec![parcel(1, 3, all), parcel(2, 3, second), parcel(3, 3, third)];
    view.parcels[0].state = State::Delivered;
    view.parcels[2].expected = Some(Expected::Day(LATER));
    view.to_come = vec![item("Linen apron", 1, 5_200)];
    view.parcel = Some(1);
    suit(&mut view);
    view
}

/// Two parcels with the same news at the same time, and older news that became part of this.
fn merged(stage: Stage) -> View {
    let mut view = second_of_three(stage);
    if stage.class() != Class::Progress {
        return view;
    }
    if view.parcel.is_some() {
        view.parcels[2] = Parcel { number: 3, items: view.parcels[2].items.clone(), ..view.parcels[1].clone() };
        view.news = vec![News { stage, parcel: Some(2) }, News { stage: Stage::Delivered, parcel: Some(0) }];
    } else {
        view.news = vec![News { stage: Stage::Confirmed, parcel: None }];
        view.news.retain(|news| news.stage != stage);
    }
    view
}

fn no_items(stage: Stage) -> View {
    let mut view = usual(stage);
    view.order.items.clear();
    view.parcels.iter_mut().for_each(|parcel| parcel.items.clear());
    view
}

fn gift(stage: Stage) -> View {
    let mut view = usual(stage);
    view.person = Person { name: Some(Pii::new("Zofia Nowak".into())), role: Role::Recipient };
    view
}

/// Only what the contract always requires.
fn bare(stage: Stage) -> View {
    let mut view = usual(stage);
    view.person.name = None;
    view.order = Order { id: view.order.id, ..Order::default() };
    view.links = Links::default();
    view.delay = None;
    view.cancelled = None;
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
fn hostile(stage: Stage) -> View {
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
fn long(stage: Stage) -> View {
    let mut view = usual(stage);
    let title =
        "Hand-glazed stoneware bowl with a matt sea-green rim, dishwasher safe, in three sizes that nest, with a lid";
    let items: Vec<Item> = (0..60).map(|n| item(&format!("{title} ({n})"), n % 3 + 1, 1_234_567)).collect();
    view.person.name = Some(Pii::new("Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh".into()));
    view.order.id = "2026-11-24-HARBOUR-GOODS-WEB-SHOP-0000000001042".into();
    view.order.items.clone_from(&items);
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
