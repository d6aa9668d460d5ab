//! When a customer is asked how it went: never before the last parcel, never at an odd hour, once, and never in need.

use std::collections::BTreeSet;

use doorstep::apply::Policies;
use doorstep::domain::event::{Event, Kind, ShipmentPatch};
use doorstep::domain::id::{EventKey, TrackingNumber};
use doorstep::domain::listen::case::{Deadlines, Sort};
use doorstep::domain::listen::{About, ask};
use doorstep::domain::notice::Why;
use doorstep::domain::order::Order;
use doorstep::domain::parcel::{Parcel, Status};
use doorstep::domain::person::{Channel, ContactKey, Role};
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use doorstep::domain::window;
use doorstep::replay::{Outcome, World as Replay};
use doorstep::store::listen::cases::NewCase;
use doorstep::store::listen::{From, Taken};
use doorstep::store::rows::State;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::histories::{history, shuffled};
use crate::world::World;

fn zone() -> TimeZone {
    TimeZone::get("Europe/Warsaw").expect("a known zone")
}

/// The times at which it was asked, when facts arrive at these times.
fn asked(arrivals: &[(Timestamp, Event)]) -> Vec<Timestamp> {
    let mut world = Replay::new(Policies::of_all(Policy::standard(zone())));
    for (at, fact) in arrivals {
        world.advance_to(*at);
        world.take(fact);
    }
    world.advance_to(world.now() + SignedDuration::from_hours(20 * 24));
    world.finish();
    let told = |line: &doorstep::replay::Line| line.stage == Stage::Feedback && line.outcome == Outcome::Sent;
    world.lines().iter().filter(|line| told(line)).map(|line| line.at).collect()
}

/// The same history, and at its end every parcel of it arrives.
fn arrived(seed: u64, length: usize) -> Vec<Event> {
    let mut facts = history(seed, length);
    let end = facts.iter().map(|fact| fact.time).max().expect("a history is not empty");
    let mut ends: Vec<Event> = Vec::new();
    for fact in &facts {
        let Some(patch) = &fact.shipment_patch else { continue };
        let (id, tracking_number) = (patch.id.clone(), patch.tracking_number.clone());
        let patch = ShipmentPatch { id, tracking_number, ..ShipmentPatch::default() };
        if ends.iter().any(|end| end.shipment_patch.as_ref() == Some(&patch)) {
            continue;
        }
        let key = EventKey::new("/end", &ends.len().to_string());
        let (kind, time) = (Kind::ShipmentDelivered, end + SignedDuration::from_hours(1));
        ends.push(Event { key, kind, time, shipment_patch: Some(patch), ..fact.clone() });
    }
    facts.extend(ends);
    facts
}

/// What is known when these facts have arrived.
fn known(arrivals: &[(Timestamp, Event)]) -> Order {
    let number = |fact: &Event| fact.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.clone());
    let arrived = || arrivals.iter().map(|(_, fact)| fact);
    // A scan of a number that the order has not shown yet waits, and is not known.
    let shown: BTreeSet<TrackingNumber> = arrived().filter(|fact| fact.order.is_some()).filter_map(number).collect();
    let mut order = Order::default();
    let known = |fact: &&Event| fact.order.is_some() || number(fact).is_some_and(|number| shown.contains(&number));
    arrived().filter(known).for_each(|fact| order.fold(fact));
    order
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_asked_before_all_has_arrived_nor_twice(seed: u64, other: u64, length in 8_usize..40, late: bool) {
        asks_in_time(seed, other, length, late)?;
    }
}

/// A seed that was once found: a carrier's scan came before the order had shown its number.
#[test]
fn a_scan_that_waits_for_its_order_keeps_no_question_back() {
    asks_in_time(15_027_034_560_818_991_563, 0, 8, false).expect("asked in time");
}

/// Another: of facts that all came at one moment, the look saw the first few.
#[test]
fn a_look_may_fall_between_facts_of_one_moment() {
    asks_in_time(8_700_526_809_225_334_524, 11_533_696_382_693_144_088, 10, true).expect("asked in time");
}

fn asks_in_time(seed: u64, other: u64, length: usize, late: bool) -> Result<(), TestCaseError> {
    let facts = arrived(seed, length);
    let arrivals: Vec<(Timestamp, Event)> = if late {
        let end = facts.iter().map(|fact| fact.time).max().expect("a history is not empty");
        shuffled(&facts, other).into_iter().map(|fact| (end, fact)).collect()
    } else {
        facts.iter().map(|fact| (fact.time, fact.clone())).collect()
    };
    let asked = asked(&arrivals);
    prop_assert!(asked.len() <= 1, "{:?}", asked);
    for at in asked {
        // Of what arrives at the very moment of the look, it may have seen as many as it likes, in their order.
        let before = arrivals.partition_point(|(arrived, _)| *arrived < at);
        let by_then = arrivals.partition_point(|(arrived, _)| *arrived <= at);
        let wrong: Vec<&str> = (before..=by_then).map_while(|seen| untimely(&known(&arrivals[..seen]), at)).collect();
        prop_assert!(wrong.len() <= by_then - before, "asked at {}: {:?}", at, wrong);
    }
    Ok(())
}

/// What speaks against asking about an order at a time.
fn untimely(order: &Order, at: Timestamp) -> Option<&'static str> {
    let state = order.state(&zone());
    let arrived = |parcel: &Parcel<'_>| {
        parcel.status() == Status::Delivered && parcel.delivered_at().is_some_and(|delivered| delivered < at)
    };
    if state.cancelled.is_some() {
        return Some("cancelled");
    }
    if state.parcels.is_empty() || !state.unshipped().is_empty() || !state.parcels.iter().all(arrived) {
        return Some("not everything has arrived");
    }
    let last = state.parcels.iter().filter_map(|parcel| parcel.delivered_at()).max()?;
    if window::local_day(at, &state.zone) <= window::local_day(last, &state.zone) {
        return Some("not the next day");
    }
    let hour = window::local_time(at, &state.zone).hour();
    (!(10..21).contains(&hour)).then_some("not in daylight")
}

/// The property above is about something: of these histories a good part is asked about.
#[test]
fn many_histories_come_to_the_question() {
    let all = (0..60).map(|seed| arrived(seed, 25));
    let count = all
        .filter(|facts| {
            let arrivals: Vec<_> = facts.iter().map(|fact| (fact.time, fact.clone())).collect();
            !asked(&arrivals).is_empty()
        })
        .count();
    assert!(count >= 5, "{count} of 60");
}

#[test]
fn each_need_has_its_own_reason() {
    let heard = ask::Heard::default();
    assert_eq!(ask::refusal(heard), None);
    for (heard, why) in [
        (ask::Heard { in_case: true, complained: true, ..heard }, Why::CaseOpen),
        (ask::Heard { complained: true, rated: true, ..heard }, Why::Complained),
        (ask::Heard { rated: true, asked: true, ..heard }, Why::Rated),
        (ask::Heard { asked: true, ..heard }, Why::AskedLately),
    ] {
        assert_eq!(ask::refusal(heard), Some(why));
    }
}

const START: &str = "2026-11-02T08:00:00+01:00";

/// An order that is paid, sent and delivered, `day` days after the start.
async fn delivered(world: &World, id: &str, day: i64, email: &str) {
    let start: Timestamp = START.parse().expect("a time");
    let event = |kind: &str, hours: i64, data: Value| {
        let at = start + SignedDuration::from_hours(24 * day + hours);
        let event = json!({"specversion": "1.0", "id": format!("{id}-{kind}"), "source": "/shops/harbour", "type": kind,
            "time": at, "data": data});
        (at, event)
    };
    let order = json!({"id": id, "customer": {"name": "Ada", "email": email},
        "address": {"country": "DE"}, "items": [{"id": "L1", "title": "Mug", "qty": 1}]});
    for (at, event) in [
        event("order.paid", 1, json!({ "order": order })),
        event("shipment.shipped", 2, json!({"order": {"id": id}, "shipment": {"id": "P1", "carrier": "dhl"}})),
        event("shipment.delivered", 4, json!({"order": {"id": id}, "shipment": {"id": "P1"}})),
    ] {
        world.pass(at, async |_| {}).await;
        world.feed(&[event]).await;
        world.drain().await;
    }
}

/// What became of the question about an order, and why.
async fn question(world: &World, id: &str) -> Option<(State, Option<String>)> {
    let rows = world.store.notices_of(&World::order(id)).await.expect("the store answers");
    rows.into_iter().find(|row| row.notice.stage == Stage::Feedback).map(|row| (row.state, row.why))
}

fn suppressed(why: Why) -> Option<(State, Option<String>)> {
    Some((State::Suppressed, Some(why.as_str().to_owned())))
}

const ACCEPTED: Option<(State, Option<String>)> = Some((State::Accepted, None));

async fn world() -> World {
    let mut policy = Policy::standard(TimeZone::get("Europe/Berlin").expect("a known zone"));
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::ZERO);
    World::new(START, policy).await
}

fn days(days: i64) -> Timestamp {
    START.parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(24 * days)
}

async fn complain(world: &World, id: &str, email: &str) {
    let from = From {
        order: World::order(id),
        role: Role::Customer,
        contact: Some(ContactKey::new(Channel::Email, email)),
        about: About::default(),
        locale: "en".into(),
    };
    let deadlines = Deadlines::default();
    let new = NewCase { id: Uuid::new_v4(), from, sort: Sort::Damaged, words: None, deadlines };
    let taken = world.store.open_case(&new, &[], Vec::new()).await.expect("the store takes it");
    assert_eq!(taken, Taken::New { opened: true });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_orders_of_one_person_ask_once_in_thirty_days() {
    let world = world().await;
    let email = "ada@example.org";
    delivered(&world, "1001", 0, email).await;
    delivered(&world, "1002", 0, email).await;
    delivered(&world, "1003", 0, "bo@example.org").await;
    delivered(&world, "1004", 20, email).await;
    delivered(&world, "1005", 40, email).await;
    world.pass(days(60), async |_| {}).await;
    let both = [question(&world, "1001").await, question(&world, "1002").await];
    assert!(both.contains(&ACCEPTED) && both.contains(&suppressed(Why::AskedLately)), "{both:?}");
    assert_eq!(question(&world, "1003").await, ACCEPTED, "another person is asked");
    assert_eq!(question(&world, "1004").await, suppressed(Why::AskedLately));
    assert_eq!(question(&world, "1005").await, ACCEPTED, "a month is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_said_that_something_is_wrong_is_not_asked() {
    let world = world().await;
    delivered(&world, "1001", 0, "ada@example.org").await;
    complain(&world, "1001", "ada@example.org").await;
    delivered(&world, "1002", 0, "ada@example.org").await;
    delivered(&world, "1003", 0, "bo@example.org").await;
    world.pass(days(10), async |_| {}).await;
    assert_eq!(question(&world, "1001").await, suppressed(Why::CaseOpen));
    assert_eq!(question(&world, "1002").await, suppressed(Why::CaseOpen), "of whichever order the case is");
    assert_eq!(question(&world, "1003").await, ACCEPTED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_without_an_address_for_mails_asks_nobody() {
    let world = world().await;
    let start: Timestamp = START.parse().expect("a time");
    let event = |kind: &str, hours: i64, data: Value| {
        json!({"specversion": "1.0", "id": kind, "source": "/shops/harbour", "type": kind,
            "time": start + SignedDuration::from_hours(hours), "data": data})
    };
    let order = json!({"id": "1001", "customer": {"phone": "+4915112345678"}, "address": {"country": "DE"}});
    let parcel = json!({"order": {"id": "1001"}, "shipment": {"id": "P1"}});
    let facts = [event("order.paid", 0, json!({ "order": order })), event("shipment.delivered", 0, parcel)];
    world.feed(&facts).await;
    world.pass(days(5), async |_| {}).await;
    assert_eq!(question(&world, "1001").await, None, "on e-mail alone by default");
}
