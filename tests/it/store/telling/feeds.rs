//! A carrier's feed that falls silent: noticed once, told once, and what rests on its silence waits for it.

use std::collections::BTreeSet;

use doorstep::domain::feed::hour_of;
use doorstep::domain::notice::Why;
use doorstep::domain::policy::Policy;
use doorstep::feeds::Pulse;
use doorstep::store::rows::{FeedScans, State};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::room::{Room, kinds};
use crate::servers::http::Server;
use crate::store::world::{Db, start};
use crate::world::{Plan, World};

on_both!(a_feed_that_stops_is_one_incident, a_worker_that_was_away_accuses_nobody,);

/// Four weeks in which `dhl` brought 20 scans an hour, and somebody listened until `heard`.
async fn past(db: &Db, heard: Timestamp) {
    let mut scans = Vec::new();
    for hour in hour_of(start()) - 28 * 24..hour_of(heard) {
        let last_ms = (hour + 1) * 3_600_000 - 1;
        for (carrier, scans_then) in [("dhl", 20), ("", 240)] {
            scans.push(FeedScans { carrier: carrier.to_owned(), hour, scans: scans_then, last_ms });
        }
    }
    db.store.add_scans(&scans).await.expect("the store takes them");
}

async fn a_feed_that_stops_is_one_incident(db: &Db) {
    let sink = Server::start().await;
    let other = db.another().await;
    past(db, start()).await;
    let mut rooms = [Room::new(db, &sink, "").await, Room::on(&other, &sink, "").await];
    let mut hour = async |scans: usize| {
        for quarter in 0..4 {
            (0..scans / 4).for_each(|_| rooms[quarter % 2].pulse.note("dhl", db.clock.now()));
            db.advance(900);
            let [one, two] = &mut rooms;
            let (_, _) = tokio::join!(one.tell(), two.tell());
        }
        // Who looked first has not seen what the other found.
        let [one, two] = &mut rooms;
        one.tell().await;
        two.tell().await;
        assert_eq!(one.quiet.now(), two.quiet.now(), "every worker knows");
        (kinds(&one.heard(&sink)).join(" "), one.quiet.now().len())
    };
    for _ in 0..3 {
        assert_eq!(hour(20).await, (String::new(), 0), "all is well");
    }
    assert_eq!(hour(0).await, (String::new(), 0), "an hour is no outage");
    assert_eq!(hour(0).await, ("feed.outage".to_owned(), 1), "two are, at twenty an hour");
    assert_eq!(hour(0).await.0, "feed.outage", "told once");
    assert_eq!(hour(4).await, ("feed.outage".to_owned(), 1), "a few strays are no return");
    assert_eq!(hour(40).await, ("feed.outage feed.restored".to_owned(), 0));
    for _ in 0..3 {
        assert_eq!(hour(20).await, ("feed.outage feed.restored".to_owned(), 0));
    }
    assert_eq!(db.count("select count(*) from feed_outages").await, 1);
    assert_eq!(
        db.count("select cast(sum(scans) as bigint) from feed_hours where carrier = 'dhl' and hour >= 0").await,
        28 * 24 * 20 + 164
    );
    other.close().await;
}

async fn a_worker_that_was_away_accuses_nobody(db: &Db) {
    let sink = Server::start().await;
    past(db, start()).await;
    db.advance(10 * 3600);
    let mut room = Room::new(db, &sink, "").await;
    // What waited at the broker comes in within minutes.
    for minute in 0..120 {
        (0..10).filter(|_| minute > 5).for_each(|_| room.pulse.note("dhl", db.clock.now()));
        room.tell().await;
        db.advance(60);
    }
    assert_eq!(sink.seen().len(), 0);
    assert!(room.quiet.now().is_empty());
}

fn event(id: &str, kind: &str, at: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shops/harbour", "type": kind, "time": at, "data": data})
}

fn shipped(order: &str, carrier: &str) -> Value {
    let data = json!({"order": {"id": order}, "shipment": {"id": "P1", "carrier": carrier}});
    event(&format!("shipped-{order}"), "shipment.shipped", "2026-11-02T09:00:01Z", data)
}

/// A world in which orders were paid for, to arrive on the fourth, and the feed of `dhl` is silent.
async fn promised(orders: &[&str]) -> (World, doorstep::feeds::QuietFeeds) {
    let mut policy = Policy::standard(TimeZone::UTC);
    policy.quiet.clear();
    let (plan, mails, texts) = Plan::captured("2026-11-02T09:00:00Z", policy);
    let quiet = plan.quiet_feeds.clone();
    quiet.set(BTreeSet::from(["dhl".to_owned()]));
    let mut world = World::planned(plan).await;
    world.captures = Some((mails, texts));
    let paid = |order: &&str| {
        let order = json!({"id": order, "promise": {"date": "2026-11-04"}, "customer": {"email": "zofia@example.org"}});
        event(&format!("paid-{}", order["id"]), "order.paid", "2026-11-02T09:00:00Z", json!({"order": order}))
    };
    let paid: Vec<Value> = orders.iter().map(paid).collect();
    world.feed(&paid).await;
    (world, quiet)
}

fn delays(world: &World, order: &str) -> usize {
    let about = world.taken().into_iter().filter(|taken| taken.entry.order.order_str() == order);
    about.filter(|taken| taken.entry.stage.as_str().starts_with("delay")).count()
}

async fn pass(world: &World, days: i64) {
    world.pass(world.clock.now() + SignedDuration::from_hours(24 * days), async |_| {}).await;
    world.drain().await;
}

#[tokio::test]
async fn a_delay_that_rests_on_silence_waits_for_the_feed() {
    let (world, quiet) = promised(&["1", "2", "3", "4"]).await;
    // 1 and 2 are with the silent carrier, 3 with another, 4 with nobody yet.
    world.feed(&[shipped("1", "dhl"), shipped("2", "dhl"), shipped("3", "dpd")]).await;
    pass(&world, 4).await;
    assert_eq!(["1", "2", "3", "4"].map(|order| delays(&world, order)), [0, 0, 1, 1]);
    let held = world.store.notices_of(&World::order("1")).await.expect("the store answers");
    assert!(held.iter().any(|row| row.state == State::Planned && row.why.as_deref() == Some("feed_out")));
    // The feed is back: 2 had been delivered all the time, 1 is late after all.
    let data = json!({"order": {"id": "2"}, "shipment": {"id": "P1"}});
    world.feed(&[event("delivered", "shipment.delivered", "2026-11-04T15:00:00Z", data)]).await;
    quiet.set(BTreeSet::new());
    assert_eq!(world.store.free_held(Why::FeedOut).await.expect("the store answers"), 2);
    world.drain().await;
    assert_eq!((delays(&world, "1"), delays(&world, "2")), (1, 0));
}

#[tokio::test]
async fn the_carriers_own_word_does_not_wait() {
    let (world, _) = promised(&["1"]).await;
    world.feed(&[shipped("1", "dhl")]).await;
    let data = json!({"order": {"id": "1"}, "shipment": {"id": "P1", "carrier": "dhl", "eta": "2026-11-09"}});
    world.feed(&[event("late", "shipment.delayed", "2026-11-02T09:00:02Z", data)]).await;
    pass(&world, 1).await;
    assert_eq!(delays(&world, "1"), 1);
}

#[tokio::test]
async fn scans_are_counted_when_they_come_and_the_past_is_not() {
    let (mut world, _) = promised(&["1", "2"]).await;
    let pulse = Pulse::default();
    world.hinge = world.hinge.counting(pulse.clone());
    world.feed(&[shipped("1", "dhl"), shipped("1", "dhl")]).await;
    // A scan that does not name its carrier: the order knows it. And one of last week.
    let scan = |id: &str, at: &str| {
        let data = json!({"order": {"id": "1"}, "shipment": {"id": "P1"}});
        event(id, "shipment.in_transit", at, data)
    };
    world.feed(&[scan("now", "2026-11-02T09:00:03Z"), scan("then", "2026-10-26T09:00:03Z")]).await;
    let taken = pulse.take();
    assert_eq!(taken.iter().map(|one| (one.carrier.as_str(), one.scans)).collect::<Vec<_>>(), [("dhl", 2)]);
    world.hinge = world.hinge.importing();
    world.feed(&[shipped("2", "dhl")]).await;
    assert!(pulse.take().is_empty(), "what is read in silently is no sign of life");
    world.leave();
}
