//! After an outage everything is due at once: nothing is told that the queue is about to disprove, and nothing twice.

use std::collections::BTreeMap;

use doorstep::channel::capture::Capture;
use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::dispatch::Senders;
use doorstep::domain::person::Channel;
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::runbook;
use crate::servers::http::{Server, status};
use crate::store::on_both;
use crate::store::world::Db;
use crate::world::{Plan, World};

on_both!(a_database_restored_from_yesterday_tells_nobody_twice);

const START: &str = "2026-03-02T12:00:00+01:00";
/// Enough that several claims and ticks are needed: a claim takes 64 notices, a round of ticks 500 orders.
const ORDERS: usize = 3_000;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn event(kind: &str, n: usize, at: Timestamp, data: Value) -> Value {
    json!({"specversion": "1.0", "id": format!("{n} {kind}"), "source": "/shops/harbour", "type": kind, "time": at,
        "brand": "harbour", "data": data})
}

pub(crate) fn paid(n: usize, at: Timestamp) -> Value {
    let promised = at.to_zoned(TimeZone::UTC).date() + (3 + i32::try_from(n % 3).expect("small")).days();
    let order = json!({"id": n.to_string(), "promise": {"date": promised}, "address": {"country": "PL"},
        "customer": {"email": format!("c{n}@customer.example")}});
    event("order.paid", n, at, json!({ "order": order }))
}

pub(crate) fn delivered(n: usize, at: Timestamp) -> Value {
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
async fn a_database_restored_from_yesterday_tells_nobody_twice(db: &Db) {
    const RESTORED: usize = 40;
    let world_on = async |url: &str| {
        let policy = Policy::standard(TimeZone::get("Europe/Warsaw").expect("a bundled zone"));
        let (plan, mails, texts) = Plan::captured(START, policy);
        let mut world = World::planned(Plan { url: Some(url.to_owned()), ..plan }).await;
        world.captures = Some((mails, texts));
        world
    };
    let lost = world_on(&db.settings.url).await;
    let start = lost.clock.now();
    let facts = two_weeks(start, RESTORED);
    // Both at midnight, when nothing waits to be merged: what does is told twice, as the runbook says.
    let (copied_at, failed_at, end) = (start + HOUR * 132, start + HOUR * 156, start + DAY * 16);
    let place = |at: Timestamp| facts.partition_point(|(when, _)| *when <= at);
    let (copied, failed) = (place(copied_at), place(failed_at));
    live(&lost, &facts[..copied], copied_at).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = folder.path().join("copy");
    runbook::back_up(&db.settings.url, &copy);
    live(&lost, &facts[copied..failed], failed_at).await;
    let told_before = sent(&lost, copied_at);
    assert!(told_before.len() > 10, "the day between has something to tell: {told_before:?}");

    let restore = async |imports: bool| {
        runbook::restore(&db.settings.url, &copy);
        let world = world_on(&db.settings.url).await;
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
    lost.store.close().await;
    db.store.close().await;
    let world = restore(true).await;
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
    world.store.close().await;
    let careless = restore(false).await;
    assert!(sent(&careless, copied_at).iter().any(|told| told_before.contains(told)));
    careless.store.close().await;
}

/// The mail provider is down for three days, in which parcels are shipped and delivered and promises broken. What goes out when it
/// is back is little, soon and true: of who has the parcel, only that; nobody hears of a delay that is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_three_days_without_a_provider_little_is_told_and_all_of_it_is_true() {
    const SOME: usize = 60;
    let provider = Server::start().await;
    let settings = json!({"transport": "http", "url": provider.url("/emails"), "token": "re_123"});
    let email = email::Sender::new(&serde_json::from_value(settings).expect("settings"), Clock::database());
    let senders = Senders { email: email.expect("usable settings"), sms: sms::Sender::Capture(Capture::memory()) };
    let policy = Policy::standard(TimeZone::get("Europe/Warsaw").expect("a bundled zone"));
    let world = World::planned(Plan::sending(START, policy, senders)).await;
    let start = world.clock.now();
    let facts = two_weeks(start, SOME);
    // Down from before the first parcel moves.
    let (down, back) = (start + HOUR * 18, start + HOUR * 90);
    let place = |at: Timestamp| facts.partition_point(|(when, _)| *when <= at);
    live(&world, &facts[..place(down)], down).await;
    let before = told_by(&provider, 0);
    assert_eq!(before.values().map(BTreeMap::len).sum::<usize>(), SOME, "each order is confirmed");
    provider.rule(|_| Some(status(503)));
    let tries = provider.seen().len();
    live(&world, &facts[place(down)..place(back)], back).await;
    let tried = provider.seen().len();
    assert!(tried > tries, "it was tried");
    provider.rule(|_| None);
    live(&world, &[], back + HOUR * 12).await;
    let after = told_by(&provider, tried);
    let mut given_up = 0;
    for n in 0..SOME {
        let stages: Vec<&str> = after.get(&n).into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect();
        if stages.is_empty() {
            // Tried for three days from its first try on: then it is given up, and stands in the list of what failed.
            let rows = world.store.notices_of(&World::order(&n.to_string())).await.expect("the store answers");
            assert!(rows.iter().any(|row| row.why.as_deref() == Some("gave_up")), "{n} is told nothing: {rows:?}");
            given_up += 1;
            continue;
        }
        let has_it = n % 10 != 9 && n % 9 < 2;
        let is_right = match has_it {
            true => stages.iter().all(|stage| ["delivered", "feedback"].contains(stage)) && stages[0] == "delivered",
            false => stages.iter().all(|stage| ["shipped", "delay_expected"].contains(stage)),
        };
        assert!(is_right, "{n} is told {stages:?}");
    }
    assert!(given_up < SOME / 2, "{given_up} were given up");
    assert!(after.values().flat_map(BTreeMap::values).all(|times| *times == 1), "twice: {after:?}");
    // Thirteen by the schedule, for each of what waited.
    assert!(tried - tries < 15 * SOME, "{} tries while it was down", tried - tries);
    world.leave();
}

/// What a provider took from its `from`th request on: by order, how often each stage.
pub(crate) fn told_by(provider: &Server, from: usize) -> BTreeMap<usize, BTreeMap<String, usize>> {
    let mut told: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    for request in provider.seen().iter().skip(from) {
        let mail: Value = serde_json::from_slice(&request.body).expect("JSON");
        let tag = |name: &str| {
            let tags = mail["tags"].as_array().expect("tags").iter();
            let value = tags.filter(|tag| tag["name"] == name).find_map(|tag| tag["value"].as_str());
            value.expect("each mail says what it is about").to_owned()
        };
        let order = tag("order_id").parse().expect("a number");
        *told.entry(order).or_default().entry(tag("stage")).or_default() += 1;
    }
    told
}

/// The mails of a stage, in the order in which they went out: order and time.
fn told(world: &World, stage: Stage) -> Vec<(usize, Timestamp)> {
    let taken = world.taken().into_iter().map(|message| message.entry);
    let of_stage = taken.filter(|entry| entry.stage == stage && entry.channel == Channel::Email);
    of_stage.map(|entry| (entry.order.order_str().parse().expect("a number"), entry.at)).collect()
}
