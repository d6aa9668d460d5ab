//! Lanes that learn: from the mornings of open orders, through the database, to a warning that comes before the promise breaks.

use doorstep::apply::{Hinge, Policies};
use doorstep::dispatch::handoff::Handoff;
use doorstep::domain::delay::{DELAYS_MAX, Limits};
use doorstep::domain::id::{BrandId, OrderKey};
use doorstep::domain::lane::model::Lanes;
use doorstep::domain::order::Order;
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits as Sizes};
use doorstep::lanes::Shelf;
use doorstep::store::Store;
use doorstep::timers::Timers;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::store::on_both;
use crate::store::world::Db;
use crate::world::World;

const START: &str = "2026-03-02T12:00:00+01:00";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn policy() -> Policy {
    let zone = TimeZone::get("Europe/Warsaw").expect("a bundled zone");
    Policy { delays: Limits { warn: 0.25, recover: 0.1 }, ..Policy::standard(zone) }
}

/// One event of a shop that sends from Leipzig to Poland.
fn event(kind: &str, order: &str, at: Timestamp, more: Value) -> Value {
    let mut data = json!({"order": {"id": order}});
    match kind {
        "order.paid" => {
            let promised = at.to_zoned(TimeZone::UTC).date() + 6.days();
            data["order"] = json!({
                "id": order, "paid_at": at, "promise": {"date": promised},
                "customer": {"email": format!("{order}@customer.example")},
                "address": {"country": "PL", "postcode": "00-950"},
                "ship_from": {"country": "DE", "postcode": "04109"},
            });
        }
        _ => data["shipment"] = json!({"id": format!("{order}-1"), "carrier": "dhl"}),
    }
    for (name, value) in more.as_object().into_iter().flatten() {
        data["shipment"][name] = value.clone();
    }
    json!({"specversion": "1.0", "id": format!("{order} {kind}"), "source": "/shops/harbour", "type": kind, "time": at,
        "brand": "harbour", "data": data})
}

/// Orders paid a day.
const A_DAY: i32 = 5;

/// Some orders are paid, taken the next day and handed over two to four days after that.
fn a_usual_day(n: i32, at: Timestamp) -> Vec<(Timestamp, Value)> {
    let mut events = Vec::new();
    for i in 0..A_DAY {
        let order = format!("{n}-{i}");
        let (taken, arrived) = (at + DAY, at + DAY * (3 + i % 3));
        events.push((at, event("order.paid", &order, at, json!({}))));
        events.push((taken, event("shipment.shipped", &order, taken, json!({}))));
        events.push((arrived, event("shipment.delivered", &order, arrived, json!({}))));
    }
    events
}

/// A shop's life of `days` days; on the last ones the carrier delivers nothing any more.
fn life(start: Timestamp, days: i32, strike: i32) -> Vec<(Timestamp, Value)> {
    let mut events: Vec<(Timestamp, Value)> = (0..days).flat_map(|n| a_usual_day(n, start + DAY * n)).collect();
    let strikes_from = start + DAY * (days - strike);
    events.retain(|(at, event)| *at < strikes_from || event["type"] != "shipment.delivered");
    events.retain(|(at, _)| *at <= start + DAY * days);
    events.sort_by_key(|(at, _)| *at);
    events
}

/// Lets a world live through its events; each day that is over is closed.
async fn live(world: &World, events: &[(Timestamp, Value)]) {
    for together in events.chunk_by(|(one, _), (other, _)| one == other) {
        let at = together[0].0;
        pass(world, at).await;
        let events: Vec<Value> = together.iter().map(|(_, event)| event.clone()).collect();
        world.feed(&events).await;
    }
    world.drain().await;
}

/// Lets time pass, with two looks a day: one when all mornings of Poland have come, one for what was found overdue then.
async fn pass(world: &World, to: Timestamp) {
    let zone = TimeZone::get("Europe/Warsaw").expect("a bundled zone");
    while world.clock.now() < to {
        let today = world.clock.now().to_zoned(zone.clone()).date();
        let looks = [(today, 9, 45), (today, 10, 15), (today + 1.day(), 9, 45)].map(|(day, hour, minute)| {
            day.at(hour, minute, 0, 0).to_zoned(zone.clone()).expect("a time of that day").timestamp()
        });
        let next = looks.into_iter().find(|look| *look > world.clock.now()).expect("tomorrow's is ahead");
        world.clock.advance_to(next.min(to));
        world.drain().await;
        world.lanes.close_due(&world.store).await.expect("days are closed");
        world.lanes.refresh(&world.store).await.expect("lanes are read");
    }
}

async fn order(store: &Store, id: &str) -> Order {
    let rows = store.orders(&[World::order(id)]).await.expect("the store answers");
    serde_json::from_str(&rows.first().expect("the order is there").doc).expect("a document")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_falls_behind_its_lane_is_told_of_before_its_day() {
    let world = World::new(START, policy()).await;
    let start = world.clock.now();
    live(&world, &life(start, 28, 0)).await;
    let (late, usual) = ("late", "usual");
    let paid = world.clock.now();
    for id in [late, usual] {
        world.feed(&[event("order.paid", id, paid, json!({}))]).await;
        pass(&world, paid + DAY).await;
        world.feed(&[event("shipment.shipped", id, world.clock.now(), json!({}))]).await;
    }
    pass(&world, paid + DAY * 4).await;
    world.feed(&[event("shipment.delivered", usual, world.clock.now(), json!({}))]).await;
    // The promised day is the sixth after payment.
    pass(&world, paid + DAY * 6 - SignedDuration::from_hours(1)).await;
    let (late, usual) = (order(&world.store, late).await, order(&world.store, usual).await);
    let told = |order: &Order, stage| order.told.handled.iter().find(|handled| handled.stage == stage).cloned();
    let delay = told(&late, Stage::DelayExpected).expect("the delay is told");
    let because = delay.because().expect("a delay has a reason").to_owned();
    assert!(because.starts_with("a chance of "), "{because}");
    let named = late.told.delay.as_ref().expect("a delay was told");
    assert!(named.by_chance && named.day.is_some_and(|day| day > paid.to_zoned(TimeZone::UTC).date() + 6.days()));
    let outcomes =
        world.store.claim_outcomes(10_000, std::time::Duration::from_secs(60)).await.expect("the store answers");
    let expected: Vec<Value> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.kind == "delay.expected")
        .map(|(_, outcome)| serde_json::from_str(&outcome.body).expect("JSON"))
        .filter(|event: &Value| event["subject"] == "late")
        .collect();
    assert_eq!(expected.len(), 1, "programs hear it once");
    assert_eq!(expected[0]["data"]["why"], because);
    assert_eq!(told(&usual, Stage::DelayExpected), None, "one that came in time hears of nothing");
    let chances: Vec<f32> = late.told.lane.expect("a memory").mornings.iter().map(|morning| morning.told).collect();
    assert!(chances.first() < chances.last() && chances.len() >= 5, "it grew with the waiting: {chances:?}");
    world.leave();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_nothing_arrives_any_more_everyone_is_told_and_nobody_more_than_three_times() {
    let world = World::new(START, policy()).await;
    let start = world.clock.now();
    live(&world, &life(start, 30, 6)).await;
    pass(&world, start + DAY * 45).await;
    for n in 20..26 {
        // Handed over on the third to fifth day after payment: these were on their way when it began.
        let order = order(&world.store, &format!("{n}-2")).await;
        let delays = order.told.handled.iter().filter(|handled| handled.because().is_some());
        let told = delays.filter(|handled| !handled.notices.is_empty()).count();
        let delivered = order.told.handled.iter().any(|handled| handled.stage == Stage::Delivered);
        assert!(delivered || (1..=DELAYS_MAX as usize).contains(&told), "{n}: {told} messages of delay");
    }
    world.leave();
}

/// What a brand's lanes say of a parcel on its way.
fn says(lanes: &std::sync::Arc<Lanes>, order: &Order, now: Timestamp) -> Vec<f64> {
    let state = order.state(&TimeZone::UTC);
    let day = doorstep::domain::day::number(now.to_zoned(TimeZone::UTC).date());
    let trips = doorstep::domain::lane::trip::of_order(&state, &std::sync::Arc::default());
    lanes.morning(day).arrival(&trips[0].trip, 20).days
}

/// Two workers tick at once, again and again, and both close the days: the lanes are those of one worker that ticked once.
async fn two_workers_count_every_morning_once(db: &Db) {
    let decoder = Decoder::new(Sizes::default(), Brands::any("harbour"));
    let start = db.clock.now();
    let worker = |store: &Store| {
        let shelf = Shelf::default();
        let hinge = Hinge::new(store.clone(), Policies::of_all(policy()), db.clock.clone(), Handoff::new(0));
        let hinge = hinge.knowing(shelf.clone());
        (shelf, hinge.clone(), Timers::new(store.clone(), hinge))
    };
    let alone = Db::sqlite().await;
    let (only_shelf, only_hinge, only_timers) = {
        let shelf = Shelf::default();
        let hinge = Hinge::new(alone.store.clone(), Policies::of_all(policy()), alone.clock.clone(), Handoff::new(0));
        let hinge = hinge.knowing(shelf.clone());
        (shelf, hinge.clone(), Timers::new(alone.store.clone(), hinge))
    };
    let [(shelf, hinge, timers), (other_shelf, other_hinge, other_timers)] = [worker(&db.store), worker(&db.store)];
    let brand = BrandId::new("harbour");
    let mut keys: Vec<OrderKey> = Vec::new();
    let mut events = life(start, 12, 0).into_iter().peekable();
    for step in 0..12 * 2 {
        // Facts come at noon; mornings are looked at within the hour.
        let morning = SignedDuration::from_mins(if step % 2 == 0 { 0 } else { 23 * 60 + 45 });
        let now = start + DAY * (step / 2) + morning;
        db.clock.advance_to(now);
        alone.clock.advance_to(now);
        while let Some((_, event)) = events.next_if(|(at, _)| *at <= now) {
            keys.push(World::order(event["data"]["order"]["id"].as_str().expect("an id")));
            let incoming = || vec![decoder.structured("test", event.to_string().into_bytes())];
            hinge.apply(incoming()).await.expect("applied");
            only_hinge.apply(incoming()).await.expect("applied");
        }
        only_timers.run_due().await.expect("timers run");
        let (one, two) = tokio::join!(timers.run_due(), other_timers.run_due());
        one.and(two).expect("timers run");
        // A tick too many, from a lease that ran out.
        let (one, two) = tokio::join!(hinge.tick(keys.clone()), other_hinge.tick(keys.clone()));
        one.and(two).expect("ticks go through");
        let (one, two) = tokio::join!(shelf.close_due(&db.store), other_shelf.close_due(&db.store));
        one.and(two).expect("days are closed");
        only_shelf.close_due(&alone.store).await.expect("days are closed");
        for (shelf, store) in [(&shelf, &db.store), (&other_shelf, &db.store), (&only_shelf, &alone.store)] {
            shelf.refresh(store).await.expect("lanes are read");
        }
    }
    let (both, only) = (shelf.of(&brand), only_shelf.of(&brand));
    assert!(both.closed().is_some(), "days were closed");
    assert_eq!(both.closed(), only.closed());
    assert_eq!(both.closed(), other_shelf.of(&brand).closed());
    let sample = order(&alone.store, "3-1").await;
    let (both, only) = (says(&both, &sample, start), says(&only, &sample, start));
    for (ours, theirs) in both.iter().zip(&only) {
        assert!((ours - theirs).abs() < 1e-6, "{both:?}\n{only:?}");
    }
    assert!(both.iter().any(|chance| *chance > 0.2), "something was learned: {both:?}");
    alone.end().await;
}

on_both!(two_workers_count_every_morning_once);
