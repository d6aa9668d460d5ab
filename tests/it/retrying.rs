//! What a message says after a first try that failed: what is true by then.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::dispatch::{event, over_http, paid, policy};
use crate::servers::http::{self, status};
use crate::world::{Plan, World};

/// One mail says of two parcels that one is on the van and the other was sent. Its first try fails, and before the next one the van
/// has found nobody at home: of the two only the other is told in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_part_of_a_mail_is_told_only_while_it_is_true() {
    let server = http::Server::start().await;
    let mut policy = policy();
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::from_mins(10));
    let world = World::planned(Plan::sending("2026-11-02T09:00:00Z", policy, over_http(&server))).await;
    let scan = |kind: &str, parcel: &str, at: &str| {
        let data = json!({"order": {"id": "1"}, "shipment": {"id": parcel}});
        event(&format!("{kind}-{parcel}-{at}"), &format!("shipment.{kind}"), at, data)
    };
    world.feed(&[paid("1")]).await;
    world.clock.advance(SignedDuration::from_mins(10));
    world.drain().await;
    world.clock.advance(SignedDuration::from_mins(50));
    let first = scan("out_for_delivery", "A", "2026-11-02T10:00:00Z");
    world.feed(&[first, scan("shipped", "B", "2026-11-02T10:00:00Z")]).await;
    server.script(status(503));
    world.clock.advance(SignedDuration::from_mins(10));
    world.drain().await;
    world.feed(&[scan("attempt_failed", "A", "2026-11-02T10:10:30Z")]).await;
    world.clock.advance(SignedDuration::from_mins(2));
    world.drain().await;
    let texts: Vec<String> = server
        .seen()
        .iter()
        .map(|request| serde_json::from_slice::<Value>(&request.body).expect("JSON")["text"].to_string())
        .filter(|text| !text.contains("confirmed"))
        .collect();
    let van = "out_for_delivery parcel A";
    assert!(texts[0].contains(van) && texts[0].contains("shipped parcel B"), "{texts:?}");
    assert!(texts[1].contains("shipped parcel B") && !texts[1].contains(van), "{texts:?}");
    world.leave();
}
