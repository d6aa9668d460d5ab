//! The promises, held against random histories: any order of arrival and any repetition end in the same state; nobody is told
//! a stage twice; nothing is told that a fact already known contradicts; every silence has its reason.
//!
//! `DOORSTEP_TEST_HISTORIES=200 tests/run histories` tries all orders of that many short ones, and five hundred times as many
//! long ones.

use std::collections::{BTreeMap, BTreeSet};

use doorstep::apply::Policies;
use doorstep::domain::event::{Event, Kind};
use doorstep::domain::fold::Known;
use doorstep::domain::order::Order;
use doorstep::domain::policy::{Policy, Rule};
use doorstep::domain::stage::Stage;
use doorstep::replay::{Line, Outcome, World};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::histories::{history, order_key, shuffled};

fn known(facts: &[Event]) -> Known {
    let mut order = Order::default();
    facts.iter().for_each(|fact| order.fold(fact));
    order.known
}

/// Every order of the facts, by Heap's method.
pub(crate) fn permutations<T>(facts: &mut Vec<T>, size: usize, visit: &mut impl FnMut(&[T])) {
    if size <= 1 {
        return visit(facts);
    }
    for i in 0..size {
        permutations(facts, size - 1, visit);
        let other = if size.is_multiple_of(2) { i } else { 0 };
        facts.swap(other, size - 1);
    }
}

pub(crate) fn policy() -> Policy {
    let mut policy = Policy::standard(TimeZone::get("Europe/Warsaw").expect("a known zone"));
    for (stage, rule) in &mut policy.stages {
        if rule.channels.is_empty() && *stage != Stage::Packed {
            *rule = Rule { channels: doorstep::domain::person::Channel::ALL.to_vec(), ..rule.clone() };
        }
    }
    policy
}

/// The lines of a world to which the facts come in this order, at these times.
fn told(facts: &[(Timestamp, Event)], policy: Policy) -> (Vec<Line>, Order) {
    let mut world = World::new(Policies::of_all(policy));
    for (at, fact) in facts {
        world.advance_to(*at);
        world.take(fact);
    }
    world.finish();
    let order = world.order(&order_key()).cloned().unwrap_or_default();
    (world.lines(), order)
}

fn as_they_happened(facts: &[Event]) -> Vec<(Timestamp, Event)> {
    facts.iter().map(|fact| (fact.time, fact.clone())).collect()
}

/// All at once, in some order, just after the last of them happened.
fn in_a_burst(facts: &[Event], seed: u64) -> Vec<(Timestamp, Event)> {
    let end = facts.iter().map(|fact| fact.time).max().expect("a history is not empty");
    shuffled(facts, seed).into_iter().map(|fact| (end, fact)).collect()
}

/// Short histories of which every order is tried; in the whole battery, for each of them [`LONG_FOR_EACH`] long ones are tried in
/// an order of their own.
const HISTORIES: u64 = 6;
const LONG_FOR_EACH: u64 = 500;
const WISH: &str = "DOORSTEP_TEST_HISTORIES";

fn wished() -> u64 {
    std::env::var(WISH).map_or(HISTORIES, |wish| wish.parse().expect("a number of histories"))
}

/// Shares work among the machine's cores.
fn on_all_cores(count: u64, work: impl Fn(u64) + Sync) {
    let next = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    match next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                        place if place < count => work(place),
                        _ => return,
                    }
                }
            });
        }
    });
}

#[test]
fn every_order_of_short_histories_ends_in_the_same_state() {
    on_all_cores(wished(), |seed| {
        let mut facts = history(seed, 7);
        let first = known(&facts);
        let size = facts.len();
        let mut count = 0usize;
        permutations(&mut facts, size, &mut |order| {
            count += 1;
            assert_eq!(known(order), first, "seed {seed}, order {count}");
        });
        assert_eq!(count, (1..=size).product::<usize>());
    });
}

#[test]
fn long_histories_end_in_the_same_state_in_any_order() {
    let many = if std::env::var_os(WISH).is_some() { LONG_FOR_EACH } else { LONG_FOR_EACH / 10 };
    on_all_cores(wished() * many, |seed| {
        let facts = history(seed, 8 + seed as usize % 33);
        assert_eq!(known(&shuffled(&facts, seed ^ 0x5eed)), known(&facts), "seed {seed}");
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_local_rejects: 100_000, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_repetition_end_in_the_same_state(seed: u64, other: u64, length in 2usize..40) {
        let facts = history(seed, length);
        prop_assert_eq!(known(&facts), known(&shuffled(&facts, other)));
    }

    #[test]
    fn a_state_survives_its_document(seed: u64, length in 2usize..40) {
        let mut order = Order::default();
        history(seed, length).iter().for_each(|fact| order.fold(fact));
        let text = serde_json::to_string(&order).expect("plain data");
        let back: Order = serde_json::from_str(&text).expect("what was written can be read");
        prop_assert_eq!(back, order);
    }

    #[test]
    fn nobody_is_told_a_stage_twice(seed: u64, other: u64, length in 2usize..40, burst: bool) {
        let facts = history(seed, length);
        let arrivals = if burst { in_a_burst(&facts, other) } else { as_they_happened(&facts) };
        let (lines, order) = told(&arrivals, policy());
        // Of the stages that a parcel goes through once, each is told once, whatever names the parcel went by.
        // (A parcel can be lost, found and lost again.)
        let once = [Stage::Confirmed, Stage::Shipped, Stage::Packed];
        let state = order.state(&TimeZone::UTC);
        let mut told = BTreeMap::new();
        for line in lines.iter().filter(|line| line.outcome == Outcome::Sent && once.contains(&line.stage)) {
            let parcel = line.shipment.as_deref().map(|id| state.find(Some(id)));
            *told.entry((line.stage, parcel, line.channel, line.to)).or_insert(0) += 1;
        }
        for (what, times) in told {
            prop_assert_eq!(times, 1, "{:?}", what);
        }
    }

    #[test]
    fn a_repeated_delivery_of_all_facts_tells_nothing_more(seed: u64, other: u64, length in 2usize..25) {
        let facts = history(seed, length);
        // Of two facts of one instant the key decides, and other keys may decide otherwise.
        let instants: BTreeSet<Timestamp> = facts.iter().map(|fact| fact.time).collect();
        prop_assume!(instants.len() == facts.len());
        // Two worlds that know all; to one of them all is said again. What the clock brings meanwhile it brings to both.
        let half_an_hour_later = |again: &[Event]| {
            let mut world = World::new(Policies::of_all(policy()));
            facts.iter().for_each(|fact| world.take(fact));
            world.finish();
            world.lines();
            let now = world.now();
            again.iter().for_each(|fact| world.take(fact));
            world.advance_to(now + SignedDuration::from_mins(30));
            // A part that is cancelled under another key is another part.
            let is_news = |line: &Line| line.outcome == Outcome::Sent && line.stage != Stage::Cancelled;
            world.lines().into_iter().filter(is_news).collect::<Vec<Line>>()
        };
        // The same facts under other keys: a feed that is played again with fresh ids.
        let mut renamed = shuffled(&facts, other);
        renamed.iter_mut().for_each(|fact| fact.key = doorstep::domain::id::EventKey::new("/again", &fact.key.to_string()));
        prop_assert_eq!(half_an_hour_later(&renamed), half_an_hour_later(&[]));
    }

    #[test]
    fn nothing_is_told_that_a_known_fact_contradicts(seed: u64, other: u64, length in 2usize..40) {
        let facts = history(seed, length);
        let arrivals = in_a_burst(&facts, other);
        let (lines, order) = told(&arrivals, policy());
        let state = order.state(&TimeZone::get("Europe/Warsaw").expect("a known zone"));
        // Everything was known before anything was due (the merge window is longer than the burst) but problems, which do
        // not wait; so of progress, only what holds at the end is told.
        for line in lines.iter().filter(|line| line.outcome == Outcome::Sent) {
            let status = line.shipment.as_deref()
                .and_then(|id| state.find(Some(id))).map(|index| state.parcels[index].status());
            use doorstep::domain::parcel::Status::*;
            let fits = match (line.stage, status) {
                (Stage::OutForDelivery, Some(status)) => status == OutForDelivery,
                (Stage::AttemptFailed, Some(status)) => status == AttemptFailed,
                // Trouble of which nobody is told does not end a wait.
                (Stage::AvailableForPickup, Some(status)) => matches!(status, AwaitingPickup | Exception),
                (Stage::PickupReminder, Some(status)) => status == AwaitingPickup,
                (Stage::Delivered, Some(status)) => matches!(status, Delivered | Returning | Returned),
                (Stage::Shipped, Some(status)) => !matches!(status, Delivered | Returned | Lost),
                _ => true,
            };
            prop_assert!(fits, "{:?} while the parcel is {:?}", line, status);
        }
    }

    #[test]
    fn every_stage_that_happened_is_told_or_has_a_reason(seed: u64, length in 2usize..40) {
        let facts = history(seed, length);
        let (lines, _) = told(&as_they_happened(&facts), policy());
        let spoken: BTreeSet<Stage> = lines.iter().map(|line| line.stage).collect();
        let happened = |kind: Kind| facts.iter().any(|fact| fact.kind == kind && fact.order.is_some());
        prop_assert!(spoken.contains(&Stage::Confirmed));
        for (kind, stage) in [
            (Kind::ShipmentShipped, Stage::Shipped),
            (Kind::ShipmentOutForDelivery, Stage::OutForDelivery),
            (Kind::ShipmentDelivered, Stage::Delivered),
            (Kind::ShipmentAttemptFailed, Stage::AttemptFailed),
            (Kind::OrderCancelled, Stage::Cancelled),
        ] {
            prop_assert!(!happened(kind) || spoken.contains(&stage), "{} is not accounted for", kind.as_str());
        }
    }
}
