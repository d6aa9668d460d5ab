//! A return that was asked for, as a fact: told once to who asked, in whatever order facts come, and refused where it cannot be
//! understood.

use doorstep::apply::Policies;
use doorstep::domain::event::Event;
use doorstep::domain::fold::{Known, RETURNS_MAX};
use doorstep::domain::listen::sending_back::Wish;
use doorstep::domain::order::Order;
use doorstep::domain::person::{Channel, Role};
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::replay::{Line, Outcome, World};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::histories::shuffled;

fn start() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().expect("a time")
}

fn read(kind: &str, hours: i64, id: &str, data: &Value) -> Incoming {
    let at = start() + SignedDuration::from_hours(hours);
    let event =
        json!({ "specversion": "1.0", "id": id, "source": "/shops/harbour", "type": kind, "time": at, "data": data });
    Decoder::new(Limits::default(), Brands::any("harbour")).structured("test", event.to_string().into_bytes())
}

fn fact(kind: &str, hours: i64, id: &str, data: &Value) -> Event {
    match read(kind, hours, id, data) {
        Incoming::Event { event, .. } => *event,
        Incoming::UnknownType { .. } | Incoming::Refused(_) => panic!("{id} is not taken"),
    }
}

/// An event that tells of a return.
fn asked(hours: i64, id: &str, request: &Value) -> Event {
    fact("order.updated", hours, id, &json!({ "order": { "id": "1", "return_requested": request } }))
}

fn paid() -> Event {
    let order = json!({ "id": "1", "items": [{ "id": "L1", "title": "Mug", "qty": 2 }],
        "customer": { "email": "anna@customer.example" }, "recipient": { "email": "zofia@customer.example" } });
    fact("order.paid", 0, "paid", &json!({ "order": order }))
}

fn delivered() -> Event {
    let data = json!({ "order": { "id": "1" }, "shipment": { "id": "S-1" } });
    fact("shipment.delivered", 1, "delivered", &data)
}

fn known(facts: &[Event]) -> Known {
    let mut order = Order::default();
    facts.iter().for_each(|fact| order.fold(fact));
    order.known
}

/// What is said of returns when these facts come in this order, all at once.
fn told(facts: &[Event], policy: Policy) -> Vec<Line> {
    let mut world = World::new(Policies::of_all(policy));
    world.advance_to(start() + SignedDuration::from_hours(10));
    facts.iter().for_each(|fact| world.take(fact));
    world.finish();
    world.lines().into_iter().filter(|line| line.stage == Stage::ReturnRequested).collect()
}

fn policy() -> Policy {
    Policy::standard(TimeZone::UTC)
}

#[test]
fn each_request_is_told_once_to_who_asked_whatever_comes_first() {
    let mug = json!([{ "id": "L1", "qty": 1 }]);
    let facts = [
        paid(),
        delivered(),
        asked(2, "a", &json!({ "id": "R-1", "by": "customer", "wish": "refund", "items": mug })),
        // The same return, told of once more by a portal that has thought better of its deadline.
        asked(4, "a again", &json!({ "id": "R-1", "decide_by": "2026-11-09T12:00:00Z", "items": mug })),
        asked(3, "b", &json!({ "id": "R-2", "by": "recipient", "wish": "exchange" })),
        asked(3, "c", &json!({ "id": "R-3" })),
    ];
    let first = known(&facts);
    let latest = &first.returns["R-1"].1;
    assert_eq!(
        (latest.decide_by.is_some(), latest.wish, latest.by),
        (true, None, Role::Customer),
        "the latest stands whole"
    );
    for seed in 0..40 {
        let mut mixed = shuffled(&facts, seed);
        mixed.extend(shuffled(&facts, seed + 1));
        assert_eq!(known(&mixed), first, "seed {seed}");
        let lines = told(&mixed, policy());
        let mut heard: Vec<(Role, Channel)> = lines.iter().map(|line| (line.to, line.channel)).collect();
        heard.sort();
        let (customer, recipient) = ((Role::Customer, Channel::Email), (Role::Recipient, Channel::Email));
        assert_eq!(heard, [customer, customer, recipient], "seed {seed}: {lines:?}");
        assert!(lines.iter().all(|line| line.outcome == Outcome::Sent), "seed {seed}: {lines:?}");
    }
}

#[test]
fn a_brand_may_keep_it_to_the_customer_or_to_itself() {
    let facts = [paid(), asked(2, "b", &json!({ "id": "R-2", "by": "recipient" }))];
    let mut own = policy();
    own.stages.get_mut(&Stage::ReturnRequested).expect("a rule").roles = vec![Role::Customer];
    assert_eq!(told(&facts, own), [], "who did not ask is not told in their place");
    let mut off = policy();
    off.stages.get_mut(&Stage::ReturnRequested).expect("a rule").channels.clear();
    assert_eq!(told(&facts, off), []);
}

#[test]
fn a_return_of_nobodys_order_is_told_once_it_is_somebodys() {
    let early = asked(2, "a", &json!({ "id": "R-1", "by": "customer" }));
    assert_eq!(told(std::slice::from_ref(&early), policy()), []);
    assert_eq!(told(&[early, paid()], policy()).len(), 1);
    // Nor is it decided before it is known where to write to who asked.
    let bought = |hours, id, member: &str| {
        let order = json!({ "id": "1", member: { "email": format!("{member}@customer.example") } });
        fact(if hours == 0 { "order.paid" } else { "order.updated" }, hours, id, &json!({ "order": order }))
    };
    let theirs = asked(2, "b", &json!({ "id": "R-2", "by": "recipient" }));
    let (paid, gift) = (bought(0, "paid", "customer"), bought(1, "gift", "recipient"));
    for facts in [[&paid, &theirs, &gift], [&paid, &gift, &theirs], [&theirs, &gift, &paid]] {
        let lines = told(&facts.map(Clone::clone), policy());
        assert_eq!(
            lines.iter().map(|line| (line.to, line.outcome)).collect::<Vec<_>>(),
            [(Role::Recipient, Outcome::Sent)]
        );
    }
}

#[test]
fn the_same_are_kept_of_too_many() {
    let many = RETURNS_MAX + 5;
    let facts: Vec<Event> =
        (0..many).map(|n| asked(2, &format!("e{n}"), &json!({ "id": format!("R-{n:03}") }))).collect();
    let first = known(&facts);
    assert_eq!(first.returns.len(), RETURNS_MAX);
    for seed in 0..20 {
        assert_eq!(known(&shuffled(&facts, seed)), first, "seed {seed}");
    }
}

#[test]
fn what_cannot_be_understood_is_refused_or_left_unsaid() {
    let reason = |request: Value| match read(
        "order.updated",
        1,
        "x",
        &json!({ "order": { "id": "1", "return_requested": request } }),
    ) {
        Incoming::Refused(refused) => refused.reason,
        Incoming::Event { .. } | Incoming::UnknownType { .. } => "taken".to_owned(),
    };
    assert!(reason(json!({ "by": "customer" })).starts_with("data.order.return_requested.id: missing"));
    assert!(reason(json!({ "id": " " })).starts_with("data.order.return_requested.id: missing"));
    assert!(reason(json!({ "id": "R", "by": "neighbour" })).starts_with("data.order.return_requested.by: "));
    assert!(
        reason(json!({ "id": "R", "decide_by": "tomorrow" })).starts_with("data.order.return_requested.decide_by: ")
    );
    assert!(
        reason(json!({ "id": "R", "items": [{ "qty": 0 }] })).starts_with("data.order.return_requested.items[0].qty: ")
    );
    assert!(reason(json!("R")).starts_with("data.order.return_requested: "));
    for (wish, read) in [("repair", Some(Wish::Repair)), ("a pony", None)] {
        let known = known(&[asked(1, "x", &json!({ "id": "R", "wish": wish, "items": [] }))]);
        assert_eq!((known.returns["R"].1.wish, known.returns["R"].1.pieces.len()), (read, 0));
    }
    assert_eq!(known(&[asked(1, "x", &Value::Null)]).returns.len(), 0, "null says nothing");
}

#[test]
fn a_recipient_who_is_forgotten_takes_their_request_along() {
    let facts =
        [paid(), asked(2, "a", &json!({ "id": "R-1" })), asked(2, "b", &json!({ "id": "R-2", "by": "recipient" }))];
    let order = Order { known: known(&facts), ..Order::default() };
    let left = doorstep::domain::erase::without_recipient(order);
    assert_eq!(left.known.returns.keys().collect::<Vec<_>>(), ["R-1"]);
}
