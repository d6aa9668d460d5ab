//! After an outage everything is due at once: nothing is told that the queue is about to disprove, and nothing twice.

use doorstep::domain::person::Channel;
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::world::{Plan, World};

const START: &str = "2026-03-02T12:00:00+01:00";
/// Enough that several claims and ticks are needed: a claim takes 64 notices, a round of ticks 500 orders.
const ORDERS: usize = 3_000;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

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

/// Everything reported in two weeks about some orders: shipped a day after payment, delivered in two to ten days; every tenth
/// never. Promised for the fifth day, so that some are told of a delay.
fn two_weeks(start: Timestamp, orders: usize) -> Vec<(Timestamp, Value)> {
    let mut all = Vec::new();
    for n in 0..orders {
        let at = start + SignedDuration::from_mins(i64::try_from(n % 600).expect("small"));
        let shipment = json!({"order": {"id": n.to_string()}, "shipment": {"id": "A", "carrier": "dhl"}});
        all.push((at, paid(n, at)));
        all.push((at + DAY, event("shipment.shipped", n, at + DAY, shipment)));
        let arrives = at + DAY * i32::try_from(2 + n % 9).expect("small");
        if n % 10 != 9 {
            all.push((arrives, delivered(n, arrives)));
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

async fn live(world: &World, facts: &[(Timestamp, Value)], until: Timestamp) {
    for (at, fact) in facts {
        world.pass(*at, async |_| {}).await;
        world.feed(std::slice::from_ref(fact)).await;
    }
    world.pass(until, async |_| {}).await;
}

/// The messages of a world from `since` on, as order and stage.
fn sent(world: &World, since: Timestamp) -> Vec<(String, Stage)> {
    let entries = world.taken().into_iter().map(|message| message.entry).filter(|entry| entry.at > since);
    entries.map(|entry| (entry.order.order_str().to_owned(), entry.stage)).collect()
}

/// The database is lost on the sixth day, and yesterday's copy takes its place. The facts of the day between are taken in
/// silently, as the runbook says: nobody is told again what went out before, and what is still to come is told as ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_restored_from_yesterday_tells_nobody_twice() {
    const RESTORED: usize = 60;
    let policy = || Policy::standard(TimeZone::get("Europe/Warsaw").expect("a bundled zone"));
    let lost = World::new(START, policy()).await;
    let start = lost.clock.now();
    let facts = two_weeks(start, RESTORED);
    // Both at midnight, when nothing waits to be merged: what does is told twice, as the runbook says.
    let (copied_at, failed_at, end) = (start + HOUR * 132, start + HOUR * 156, start + DAY * 16);
    let place = |at: Timestamp| facts.partition_point(|(when, _)| *when <= at);
    let (copied, failed) = (place(copied_at), place(failed_at));
    live(&lost, &facts[..copied], copied_at).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copies: Vec<String> =
        ["kept.db", "careless.db"].map(|name| folder.path().join(name).display().to_string()).to_vec();
    for copy in &copies {
        lost.copy_to(copy).await;
    }
    live(&lost, &facts[copied..failed], failed_at).await;
    let told_before = sent(&lost, copied_at);
    assert!(told_before.len() > 10, "the day between has something to tell: {told_before:?}");

    let restore = async |copy: &String, imports: bool| {
        let (plan, mails, texts) = Plan::captured(START, policy());
        let mut world = World::planned(Plan { url: Some(format!("sqlite:{copy}")), ..plan }).await;
        world.captures = Some((mails, texts));
        world.clock.advance_to(failed_at);
        // Rather too early than too late: repeats change nothing.
        let between: Vec<Value> =
            facts[copied.saturating_sub(20)..failed].iter().map(|(_, fact)| fact.clone()).collect();
        if imports {
            world.import(&between).await;
            world.leave_behind().await;
        } else {
            world.feed(&between).await;
        }
        live(&world, &facts[failed..], end).await;
        world
    };
    let world = restore(&copies[0], true).await;
    let told_after = sent(&world, copied_at);
    let twice: Vec<_> = told_after.iter().filter(|told| told_before.contains(told)).collect();
    assert_eq!(twice, Vec::<&(String, Stage)>::new(), "told before the failure and again after it");
    let arrived_later = (0..RESTORED)
        .filter(|n| n % 10 != 9)
        .map(|n| n.to_string())
        .filter(|n| !sent(&lost, start).contains(&(n.clone(), Stage::Delivered)));
    for order in arrived_later {
        assert!(told_after.contains(&(order.clone(), Stage::Delivered)), "{order} was not told of its delivery");
    }
    // The check can fail: whoever lets the facts in the usual way tells them again.
    let careless = restore(&copies[1], false).await;
    assert!(sent(&careless, copied_at).iter().any(|told| told_before.contains(told)));
}

/// The mails of a stage, in the order in which they went out: order and time.
fn told(world: &World, stage: Stage) -> Vec<(usize, Timestamp)> {
    let taken = world.taken().into_iter().map(|message| message.entry);
    let of_stage = taken.filter(|entry| entry.stage == stage && entry.channel == Channel::Email);
    of_stage.map(|entry| (entry.order.order_str().parse().expect("a number"), entry.at)).collect()
}
