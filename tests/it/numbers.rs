//! Facts that name a tracking number and no order: they reach every order that they are about, whatever comes first, and no other.

use doorstep::apply::{Policies, Verdict};
use doorstep::domain::id::OrderKey;
use doorstep::domain::order::Order;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::replay::World as Replay;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::consent::{START, event, paid, policy};
use crate::properties::permutations;
use crate::store::world::Db;
use crate::world::{Plan, World};

const NUMBER: &str = "4711";

/// A carrier's own feed: the number alone.
fn scan(kind: &str, at: &str, more: &Value) -> Value {
    let mut shipment = json!({"carrier": "dhl", "tracking_number": NUMBER});
    shipment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event(&format!("{kind}-{at}"), kind, at, &json!({"shipment": shipment}))
}

/// The shop says which of its orders the number is of.
fn shows(order: &str, at: &str) -> Value {
    let shipment = json!({"id": "S1", "carrier": "dhl", "tracking_number": NUMBER});
    event(&format!("created-{order}"), "shipment.created", at, &json!({"order": {"id": order}, "shipment": shipment}))
}

async fn stages(world: &World, order: &str) -> Vec<String> {
    let rows = world.store.notices_of(&World::order(order)).await.expect("rows");
    let mut told: Vec<_> =
        rows.iter().map(|row| format!("{} {}", row.notice.stage.as_str(), row.state.as_str())).collect();
    told.sort();
    told.dedup();
    told
}

async fn known(world: &World, order: &str) -> Order {
    let rows = world.store.orders(&[World::order(order)]).await.expect("rows");
    serde_json::from_str(&rows[0].doc).expect("a document")
}

/// A carrier gives a number out anew: whoever had it in March hears nothing of the stranger's parcel, and the stranger everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_given_out_anew_is_the_new_parcels_alone() {
    let world = World::new("2026-03-02T09:00:00Z", policy()).await;
    let at = |time: &str| time.parse::<Timestamp>().expect("a time");
    let bought = |id: &str, time: &str| {
        let mut fact = paid(id);
        fact["time"] = time.into();
        fact
    };
    world.feed(&[bought("old", "2026-03-02T09:00:00Z"), shows("old", "2026-03-02T10:00:00Z")]).await;
    for (kind, time) in
        [("shipment.in_transit", "2026-03-03T09:00:00Z"), ("shipment.delivered", "2026-03-04T09:00:00Z")]
    {
        world.clock.advance_to(at(time));
        assert_eq!(world.feed(&[scan(kind, time, &json!({}))]).await, [Verdict::Applied]);
        world.drain().await;
    }
    let before = (stages(&world, "old").await, known(&world, "old").await.known);
    assert!(before.0.contains(&"delivered accepted".to_owned()), "{before:?}");

    world.clock.advance_to(at("2026-08-03T09:00:00Z"));
    world.feed(&[bought("new", "2026-08-03T09:00:00Z")]).await;
    world.drain().await;
    world.clock.advance_to(at("2026-08-04T09:00:00Z"));
    let early = scan("shipment.in_transit", "2026-08-04T09:00:00Z", &json!({}));
    assert_eq!(world.feed(&[early]).await, [Verdict::Waiting], "no parcel of that time has shown the number yet");
    world.feed(&[shows("new", "2026-08-04T10:00:00Z")]).await;
    world.drain().await;
    let waits = json!({"pickup": {"name": "Locker 7", "code": "991"}});
    for (kind, time) in
        [("shipment.available_for_pickup", "2026-08-05T09:00:00Z"), ("shipment.delivered", "2026-08-06T09:00:00Z")]
    {
        world.clock.advance_to(at(time));
        assert_eq!(world.feed(&[scan(kind, time, &waits)]).await, [Verdict::Applied]);
        world.drain().await;
    }
    assert_eq!((stages(&world, "old").await, known(&world, "old").await.known), before);
    let told = stages(&world, "new").await;
    for stage in ["shipped accepted", "available_for_pickup accepted", "delivered accepted"] {
        assert!(told.contains(&stage.to_owned()), "{told:?}");
    }
}

/// Two orders in one box, or a number that was typed wrong at first: the end is the same whatever comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_shows_a_number_later_knows_as_much_as_who_showed_it_first() {
    let facts = [
        scan("shipment.in_transit", "2026-11-02T09:00:10Z", &json!({})),
        scan("shipment.delivered", "2026-11-02T09:00:20Z", &json!({})),
        shows("a", "2026-11-02T09:00:05Z"),
        shows("b", "2026-11-02T09:00:06Z"),
    ];
    let mut orders: Vec<Vec<usize>> = Vec::new();
    permutations(&mut (0..facts.len()).collect(), facts.len(), &mut |order| orders.push(order.to_vec()));
    let mut expected: Option<[Order; 2]> = None;
    for (round, order) in orders.iter().enumerate() {
        let shuffled: Vec<Value> = order.iter().map(|place| facts[*place].clone()).collect();
        let replayed = replayed(&shuffled);
        for in_one in [true, false] {
            // Postgres, which has statements of its own, now and then.
            let db = if round % 6 == 0 { Some(Db::postgres().await) } else { None };
            let url = db.as_ref().map(|db| db.settings.url.clone());
            let world = World::planned(Plan { url, ..Plan::captured(START, policy()).0 }).await;
            world.feed(&[paid("a"), paid("b")]).await;
            let batches =
                if in_one { vec![shuffled.clone()] } else { shuffled.iter().map(|fact| vec![fact.clone()]).collect() };
            for batch in batches {
                world.feed(&batch).await;
            }
            let ends = [known(&world, "a").await, known(&world, "b").await];
            let expected = expected.get_or_insert_with(|| ends.clone());
            for (place, end) in ends.iter().enumerate() {
                assert_eq!(end.known, expected[place].known, "{order:?}, in one batch: {in_one}");
                assert_eq!(end.known.parcels, replayed[place].known.parcels, "{order:?}: replay");
                assert!(end.state(&policy().zone).parcels[0].delivered_at().is_some());
            }
            world.leave();
            world.store.close().await;
            if let Some(db) = db {
                db.end().await;
            }
        }
    }
}

fn replayed(facts: &[Value]) -> [Order; 2] {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let mut world = Replay::new(Policies::of_all(policy()));
    for fact in [paid("a"), paid("b")].iter().chain(facts) {
        let Incoming::Event { event, .. } = decoder.structured("test", fact.to_string().into_bytes()) else {
            panic!("an event")
        };
        world.take(&event);
    }
    ["a", "b"].map(|id| {
        world.order(&OrderKey::from_stored(format!("harbour/{id}")).expect("a key")).expect("it is there").clone()
    })
}
