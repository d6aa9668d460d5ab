//! Views to try every template with: the usual ones, the rare ones, and the nasty ones. `check` renders them all, the
//! pictures and the snapshots are made of them.

mod extreme;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::content::Moment;
use super::view::{
    Address, Cancelled, Correction, Delay, Expected, GoingBack, Item, Links, News, Order, Parcel, Person, Pickup,
    State, Until, View,
};
use crate::domain::event::{Handover, Reason};
use crate::domain::goods::Goods;
use crate::domain::listen::sending_back::Wish;
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
        Sample { name: "items not known", view: extreme::no_items(stage) },
        Sample { name: "gift", view: extreme::gift(stage) },
        Sample { name: "almost nothing known", view: extreme::bare(stage) },
        Sample { name: "hostile texts", view: extreme::hostile(stage) },
        Sample { name: "long texts", view: extreme::long(stage) },
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
        Stage::ReturnRequested => of_returns(&mut add),
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

fn of_returns(add: &mut impl FnMut(&'static str, &dyn Fn(&mut View))) {
    for wish in Wish::ALL {
        add(wish.as_str(), &|view| view.going_back = Some(GoingBack { wish: Some(*wish), ..usual_return() }));
    }
    add("no time to decide", &|view| view.going_back = Some(GoingBack { decide_by: None, ..usual_return() }));
    add("time to decide over", &|view| {
        view.going_back = Some(GoingBack { decide_by: Some(at("2026-11-24T10:00:00Z")), ..usual_return() });
    });
    add("in the shop's own portal", &|view| {
        view.going_back = Some(GoingBack { here: false, wish: None, ..usual_return() });
    });
}

/// A bowl that does not fit the shelf.
fn usual_return() -> GoingBack {
    GoingBack {
        items: vec![Item { qty: 1, unit_price: None, ..items().remove(0) }],
        wish: Some(Wish::Refund),
        decide_by: Some(at("2026-11-26T10:12:00Z")),
        here: true,
    }
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
        going_back: None,
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
            returns: None,
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
        Stage::ReturnRequested => suit_return(view),
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

fn suit_return(view: &mut View) {
    view.parcel = None;
    view.parcels.iter_mut().take(1).for_each(|parcel| parcel.state = State::Delivered);
    view.going_back = Some(usual_return());
    view.links.page = Some("https://post.harbour.example/t/HG-1042".into());
    view.links.returns = Some("https://post.harbour.example/t/HG-1042/return".into());
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
