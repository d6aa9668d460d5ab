//! What ops are called for: the same set whatever the order of arrival, once for each episode, on any number of workers.

use std::collections::{BTreeMap, BTreeSet};

use doorstep::domain::alert::{Alert, AlertKey, Kind, Standing};
use doorstep::domain::decide::{Cause, Context, NO_QUIET_FEEDS, decide, react};
use doorstep::domain::event::Event;
use doorstep::domain::notice::Effect;
use doorstep::domain::order::Order;
use doorstep::domain::parcel::Status;
use doorstep::domain::policy::Policy;
use doorstep::domain::watch::{Beside, troubles};
use doorstep::domain::watch::{CarrierLimits, Limits};
use doorstep::unknown;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::histories::{history, order_key, shuffled};
use crate::store::world::Db;
use crate::world::{Plan, World};

fn policy() -> Policy {
    Policy::standard(TimeZone::get("Europe/Warsaw").expect("a known zone"))
}

/// One order, and everything that ops were told of it.
struct Watched {
    order: Order,
    policy: Policy,
    now: Timestamp,
    opened: Vec<Alert>,
    ended: Vec<AlertKey>,
}

/// A trouble as ops see it: of which parcel, since when.
type Seen = BTreeSet<(Kind, Option<usize>, i64)>;

impl Watched {
    fn new() -> Self {
        let now = crate::histories::beginning();
        Self { order: Order::default(), policy: policy(), now, opened: Vec::new(), ended: Vec::new() }
    }

    /// Facts come in at these times; between them the order is looked at whenever it asked to be.
    fn live(arrivals: &[(Timestamp, Event)], until: Timestamp) -> Self {
        let mut watched = Self::new();
        for (at, fact) in arrivals {
            watched.pass(*at);
            watched.take(fact);
        }
        watched.pass(until);
        watched
    }

    fn context(&self, cause: Cause) -> Context<'_> {
        Context { now: self.now, policy: &self.policy, cause, quiet_feeds: &NO_QUIET_FEEDS }
    }

    fn take(&mut self, fact: &Event) {
        let order = std::mem::take(&mut self.order);
        let (order, effects) = decide(&self.context(Cause::Fact), &order_key(), order, fact);
        self.keep(order, effects);
    }

    fn tick(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        order.told.wake = None;
        let (order, effects) = react(&self.context(Cause::Tick), &order_key(), order);
        self.keep(order, effects);
    }

    fn pass(&mut self, to: Timestamp) {
        let mut ticks = 0;
        while let Some(due) = self.order.told.wake.filter(|due| *due <= to) {
            self.now = self.now.max(due);
            self.tick();
            ticks += 1;
            assert!(ticks < 1000, "an order that asks to be woken for ever");
        }
        self.now = self.now.max(to);
    }

    fn keep(&mut self, order: Order, effects: Vec<Effect>) {
        self.order = order;
        for effect in effects {
            match effect {
                Effect::Raise(alert) => self.opened.push(alert),
                Effect::Clear { alert, .. } => self.ended.push(alert),
                Effect::Notify(_)
                | Effect::Withdraw { .. }
                | Effect::Recheck
                | Effect::StaySilent(_)
                | Effect::WakeAt(_) => {}
            }
        }
    }

    /// What is open, by the parcel as it is known now.
    fn open(&self) -> Seen {
        let state = self.order.state(&self.policy.zone);
        let open = self.opened.iter().filter(|alert| !self.ended.contains(&alert.key));
        let since = |alert: &Alert| alert.since.as_millisecond();
        open.map(|alert| (alert.kind, alert.parcel.as_deref().and_then(|id| state.find(Some(id))), since(alert)))
            .collect()
    }

    /// What is wrong, by the facts alone.
    fn wrong(&self) -> Seen {
        let state = self.order.state(&self.policy.zone);
        let (alerts, quiet_feeds) = (&self.order.told.alerts[..], &NO_QUIET_FEEDS);
        let beside = Beside { now: self.now, chance: None, quiet_feeds, alerts, unreachable: None };
        let found = troubles(&state, &self.policy.watch, &beside).now;
        let named = |index: Option<usize>| index.filter(|index| state.parcels[*index].id().is_some());
        found.iter().map(|trouble| (trouble.kind, named(trouble.parcel), trouble.since.as_millisecond())).collect()
    }
}

fn end_of(facts: &[Event]) -> Timestamp {
    facts.iter().map(|fact| fact.time).max().expect("a history is not empty")
}

fn in_a_burst(facts: &[Event], seed: u64) -> Vec<(Timestamp, Event)> {
    let end = end_of(facts);
    shuffled(facts, seed).into_iter().map(|fact| (end, fact)).collect()
}

fn as_they_happened(facts: &[Event]) -> Vec<(Timestamp, Event)> {
    facts.iter().map(|fact| (fact.time, fact.clone())).collect()
}

/// What may differ by the order of arrival is when an order became likely to be late, and nothing else.
fn without_since(seen: &Seen) -> Seen {
    let since = |kind, since| if kind == Kind::LateExpected { 0 } else { since };
    seen.iter().map(|(kind, parcel, at)| (*kind, *parcel, since(*kind, *at))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_repetition_leave_the_same_troubles_open(
        seed: u64, one: u64, other: u64, length in 2usize..40, days in 0i64..40,
    ) {
        let facts = history(seed, length);
        let until = end_of(&facts) + SignedDuration::from_hours(24 * days + 1);
        let as_it_was = Watched::live(&as_they_happened(&facts), until);
        let first = Watched::live(&in_a_burst(&facts, one), until);
        let second = Watched::live(&in_a_burst(&facts, other), until);
        prop_assert_eq!(first.open(), first.wrong(), "what is open is what is wrong");
        prop_assert_eq!(without_since(&first.open()), without_since(&second.open()));
        prop_assert_eq!(without_since(&first.open()), without_since(&as_it_was.open()));
    }

    #[test]
    fn no_alert_is_opened_twice_and_none_ends_that_was_not_open(seed: u64, other: u64, length in 2usize..40, burst: bool) {
        let facts = history(seed, length);
        let arrivals = if burst { in_a_burst(&facts, other) } else { as_they_happened(&facts) };
        let mut watched = Watched::live(&arrivals, end_of(&facts) + SignedDuration::from_hours(24 * 40));
        let keys: BTreeSet<AlertKey> = watched.opened.iter().map(|alert| alert.key).collect();
        prop_assert_eq!(keys.len(), watched.opened.len());
        let ended: BTreeSet<AlertKey> = watched.ended.iter().copied().collect();
        prop_assert_eq!(ended.len(), watched.ended.len());
        prop_assert!(ended.is_subset(&keys));
        // However often the clock asks again, and whatever comes a second time.
        let before = (watched.opened.len(), watched.ended.len());
        watched.tick();
        facts.iter().for_each(|fact| watched.take(fact));
        watched.tick();
        prop_assert_eq!((watched.opened.len(), watched.ended.len()), before);
    }

    #[test]
    fn what_is_delivered_cancelled_or_on_its_way_back_troubles_nobody(seed: u64, other: u64, length in 2usize..40) {
        let facts = history(seed, length);
        let watched = Watched::live(&in_a_burst(&facts, other), end_of(&facts) + SignedDuration::from_hours(24 * 30));
        let state = watched.order.state(&watched.policy.zone);
        for (kind, parcel, _) in watched.open() {
            prop_assert!(state.cancelled.is_none(), "{:?} of a cancelled order", kind);
            if let Some(parcel) = parcel {
                let status = state.parcels[parcel].status();
                prop_assert!(!matches!(status, Status::Delivered | Status::Returning | Status::Returned), "{:?} {:?}", kind, status);
            }
        }
        // Few and right: of one parcel, one alert.
        let open = watched.open();
        let parcels: Vec<usize> = open.iter().filter_map(|(_, parcel, _)| *parcel).collect();
        prop_assert_eq!(parcels.len(), parcels.iter().collect::<BTreeSet<_>>().len());
    }
}

fn event(id: &str, kind: &str, at: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shops/harbour", "type": kind, "time": at, "data": data})
}

/// A paid order that nobody can be told of, promised for the 5th.
fn paid(id: &str) -> Value {
    let order = json!({"id": id, "promise": {"date": "2026-11-05"}, "total": 4500, "currency": "EUR",
        "address": {"country": "DE"}, "ship_from": {"country": "DE", "postcode": "04109"},
        "customer": {"email": format!("{id}@example.org")}});
    event(&format!("paid-{id}"), "order.paid", "2026-11-02T09:00:00+01:00", &json!({"order": order}))
}

fn scan(id: &str, kind: &str, at: &str) -> Value {
    let data = json!({"order": {"id": id}, "shipment": {"id": "A", "carrier": "dhl"}});
    event(&format!("{kind}-{id}"), kind, at, &data)
}

const START: &str = "2026-11-02T09:00:00+01:00";

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

async fn rows(world: &World, order: &str) -> Vec<(String, Standing, Option<String>)> {
    let rows = world.store.alerts_of(&World::order(order)).await.expect("the store answers");
    rows.into_iter().map(|row| (row.alert.kind.as_str().to_owned(), row.standing, row.clear_why)).collect()
}

/// How many outcome events about alerts wait to be published, by their type.
async fn published(world: &World) -> Vec<String> {
    let waiting =
        world.store.claim_outcomes(1000, std::time::Duration::from_secs(60)).await.expect("the store answers");
    let mut kinds: Vec<String> =
        waiting.into_iter().map(|(_, outcome)| outcome.kind).filter(|kind| kind.starts_with("alert.")).collect();
    kinds.sort();
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alerts_open_and_end_in_the_transaction_of_their_order_and_programs_hear_of_it() {
    let world = World::new(START, policy()).await;
    let moving = scan("1", "shipment.in_transit", "2026-11-02T09:05:00+01:00");
    world.feed(&[paid("1"), scan("1", "shipment.shipped", START), moving]).await;
    world.pass(time("2026-11-05T12:00:00+01:00"), async |_| {}).await;
    assert_eq!(rows(&world, "1").await, [("stalled".to_owned(), Standing::Open, None)]);
    world.pass(time("2026-11-06T12:00:00+01:00"), async |_| {}).await;
    let why = |word: &str| Some(word.to_owned());
    let stalled = ("stalled".to_owned(), Standing::Cleared, why("gave_way"));
    assert_eq!(rows(&world, "1").await, [stalled.clone(), ("late".to_owned(), Standing::Open, None)]);
    world.feed(&[scan("1", "shipment.delivered", "2026-11-06T12:00:00+01:00")]).await;
    world.drain().await;
    assert_eq!(rows(&world, "1").await, [stalled, ("late".to_owned(), Standing::Cleared, why("delivered"))]);
    assert_eq!(published(&world).await, ["alert.cleared", "alert.cleared", "alert.opened", "alert.opened"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_and_repeated_ticks_lose_no_alert_and_double_none() {
    let db = Db::postgres().await;
    let plan = || Plan { url: Some(db.settings.url.clone()), ..Plan::captured(START, policy()).0 };
    let (world, other) = (World::planned(plan()).await, World::planned(plan()).await);
    let ids: Vec<String> = (1..=40).map(|id| id.to_string()).collect();
    let events: Vec<Value> =
        ids.iter().flat_map(|id| [paid(id), scan(id, "shipment.shipped", "2026-11-02T09:01:00+01:00")]).collect();
    world.feed(&events).await;
    world.drain().await;
    world.clock.advance_to(time("2026-11-06T12:00:00+01:00"));
    other.clock.advance_to(time("2026-11-06T12:00:00+01:00"));
    let keys = || ids.iter().map(|id| World::order(id)).collect::<Vec<_>>();
    // Both take what is due, and both look at everything besides, at the same time.
    let (one, two, (), ()) =
        tokio::join!(world.hinge.tick(keys()), other.hinge.tick(keys()), world.drain(), other.drain());
    one.expect("the store takes the ticks");
    two.expect("the store takes the ticks");
    world.hinge.tick(keys()).await.expect("the store takes the ticks");
    for id in &ids {
        assert_eq!(rows(&world, id).await, [("late".to_owned(), Standing::Open, None)], "order {id}");
    }
    assert_eq!(published(&world).await.len(), ids.len());
    world.leave();
    other.leave();
    world.store.close().await;
    other.store.close().await;
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_calls_nobody_for_what_is_long_past() {
    let world = World::new("2026-12-20T09:00:00+01:00", policy()).await;
    world.import(&[paid("1"), scan("1", "shipment.shipped", START)]).await;
    world.pass(time("2026-12-24T12:00:00+01:00"), async |_| {}).await;
    assert_eq!(rows(&world, "1").await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_no_order_shows_is_told_after_a_day_and_over_when_one_does() {
    let world = World::new(START, policy()).await;
    let policies = doorstep::apply::Policies::of_all(policy());
    let lost = json!({"shipment": {"carrier": "dhl", "tracking_number": "JD0146000012"}});
    world.feed(&[event("s1", "shipment.in_transit", START, &lost)]).await;
    world.drain().await;
    let mut looks = unknown::Looks::default();
    let mut look = async || looks.look(&world.store, &policies, true).await.expect("the store answers");
    assert_eq!(look().await, unknown::Looked::default());
    world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(look().await, unknown::Looked { opened: 1, ended: 0 });
    assert_eq!(look().await, unknown::Looked::default());
    let row = world.store.alerts_of(&World::order("?")).await.expect("the store answers").remove(0);
    assert_eq!((row.alert.kind, row.alert.parcel.as_deref()), (Kind::UnknownTrackingNumber, Some("JD0146000012")));
    assert_eq!((row.alert.carrier.as_deref(), row.alert.since), (Some("dhl"), time(START)));
    let shown = json!({"order": {"id": "1"}, "shipment": {"id": "A", "tracking_number": "JD0146000012"}});
    world.feed(&[event("c1", "shipment.created", START, &shown)]).await;
    world.drain().await;
    assert_eq!(look().await, unknown::Looked { opened: 0, ended: 1 });
    let row = world.store.alerts_of(&World::order("?")).await.expect("the store answers").remove(0);
    assert_eq!((row.standing, row.clear_why.as_deref()), (Standing::Cleared, Some("found")));
    assert_eq!(published(&world).await, ["alert.cleared", "alert.opened"]);
}

/// A carrier whose unknown parcels nobody wants to hear of, and more of them than a look takes: others are told of all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_that_nobody_asks_for_hide_no_others() {
    let world = World::new(START, policy()).await;
    let mut quiet = policy();
    let limits = quiet.watch.limits(Some("dhl"), None).clone();
    let limits = Limits { off: [Kind::UnknownTrackingNumber].into(), ..limits };
    quiet.watch.carriers.insert("dhl".to_owned(), CarrierLimits { limits, services: BTreeMap::new() });
    let policies = doorstep::apply::Policies::of_all(quiet);
    let scan = |number: String, carrier: &str| {
        let shipment = json!({"shipment": {"carrier": carrier, "tracking_number": number}});
        event(&number, "shipment.in_transit", START, &shipment)
    };
    let many = unknown::SCANS_MAX + 10;
    let unwanted: Vec<Value> = (0..many).map(|number| scan(format!("JD01460{number:05}"), "dhl")).collect();
    world.feed(&unwanted).await;
    world.clock.advance(SignedDuration::from_secs(1));
    world.feed(&[scan("PL000000001".to_owned(), "inpost")]).await;
    world.clock.advance(SignedDuration::from_hours(25));
    let mut looks = unknown::Looks::default();
    let mut opened = Vec::new();
    for _ in 0..4 {
        opened.push(looks.look(&world.store, &policies, true).await.expect("the store answers").opened);
    }
    assert_eq!(opened, [0, 1, 0, 0]);
    world.leave();
}
