//! After an outage everything is due at once: nothing is told that the queue is about to disprove, and nothing twice.

use doorstep::domain::person::Channel;
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::world::World;

const START: &str = "2026-03-02T12:00:00+01:00";
const ORDERS: usize = 300;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn event(kind: &str, n: usize, at: Timestamp, data: Value) -> Value {
    json!({"specversion": "1.0", "id": format!("{n} {kind}"), "source": "/shops/harbour", "type": kind, "time": at,
        "brand": "harbour", "data": data})
}

fn paid(n: usize, at: Timestamp) -> Value {
    let promised = at.to_zoned(TimeZone::UTC).date() + (3 + i32::try_from(n % 3).expect("small")).days();
    let order = json!({"id": n.to_string(), "promise": {"date": promised}, "address": {"country": "PL"},
        "customer": {"email": format!("c{n}@customer.example")}});
    event("order.paid", n, at, json!({ "order": order }))
}

fn delivered(n: usize, at: Timestamp) -> Value {
    event("shipment.delivered", n, at, json!({"order": {"id": n.to_string()}, "shipment": {"id": "A"}}))
}

/// Every worker is down for ten days. When one comes back, its timers are quicker than the queue, in which the deliveries of two
/// orders in three wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_queue_disproves_is_not_told_and_the_oldest_promise_comes_first() {
    let zone = TimeZone::get("Europe/Warsaw").expect("a bundled zone");
    let world = World::new(START, Policy::standard(zone)).await;
    let start = world.clock.now();
    let all: Vec<Value> = (0..ORDERS).map(|n| paid(n, start)).collect();
    world.feed(&all).await;
    world.drain().await;
    let back = start + HOUR * 240;
    world.clock.advance_to(back);
    world.drain().await;
    assert_eq!(told(&world, Stage::DelayExpected).len(), 0, "the clock does not speak first");
    let backlog: Vec<Value> =
        (0..ORDERS).filter(|n| n % 3 < 2 || n % 7 == 0).map(|n| delivered(n, back - HOUR)).collect();
    world.feed(&backlog).await;
    world.pass(back + HOUR, async |_| {}).await;
    let late = told(&world, Stage::DelayExpected);
    let mut orders: Vec<usize> = late.iter().map(|(order, _)| *order).collect();
    orders.sort_unstable();
    let expected: Vec<usize> = (0..ORDERS).filter(|n| n % 3 == 2 && n % 7 != 0).collect();
    assert_eq!(orders, expected, "who still waits is told, once, and nobody else");
    assert_eq!(told(&world, Stage::Delivered).len(), backlog.len());
    world.leave();
}

/// The same outage, and nothing was delivered at all: everyone is told once, whose promise is oldest first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_promise_is_told_of_first() {
    let zone = TimeZone::get("Europe/Warsaw").expect("a bundled zone");
    let world = World::new(START, Policy::standard(zone)).await;
    let start = world.clock.now();
    let all: Vec<Value> = (0..ORDERS).map(|n| paid(n, start)).collect();
    world.feed(&all).await;
    world.drain().await;
    world.clock.advance_to(start + HOUR * 24 * 8);
    world.pass(start + HOUR * (24 * 8 + 1), async |_| {}).await;
    let late = told(&world, Stage::DelayExpected);
    assert_eq!(late.len(), ORDERS);
    let promises: Vec<usize> = late.iter().map(|(order, _)| order % 3).collect();
    assert!(promises.is_sorted(), "{promises:?}");
    world.leave();
}

/// The mails of a stage, in the order in which they went out: order and time.
fn told(world: &World, stage: Stage) -> Vec<(usize, Timestamp)> {
    let taken = world.taken().into_iter().map(|message| message.entry);
    let of_stage = taken.filter(|entry| entry.stage == stage && entry.channel == Channel::Email);
    of_stage.map(|entry| (entry.order.order_str().parse().expect("a number"), entry.at)).collect()
}
