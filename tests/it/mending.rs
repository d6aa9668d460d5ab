//! What was refused, and goes through the door again.

use doorstep::apply::{FROM_THE_FUTURE, Verdict};
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::mend;
use serde_json::json;

use crate::consent::{START, event, policy};
use crate::world::World;

/// Copies of what waits to be mended are looked for among the latest thousand entries.
const NEWER: usize = 1_005;

/// A publisher whose clock runs years ahead fills the quarantine; whoever tries an old entry again must not fill it further.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_once_more_is_kept_once() {
    let world = World::new(START, policy()).await;
    let ahead = |number: usize| {
        let data = json!({"order": {"id": "1"}, "shipment": {"id": "A"}});
        event(&format!("ahead-{number}"), "shipment.delivered", "2062-11-02T09:00:00Z", &data)
    };
    let events: Vec<_> = (0..=NEWER).map(ahead).collect();
    world.feed(&events).await;
    world.leave();
    let count = async || {
        let (mut count, mut after) = (0, 0);
        loop {
            let page = world.store.quarantine(after, 500).await.expect("the store answers");
            let Some(last) = page.last() else { break count };
            (count, after) = (count + page.len(), last.id);
        }
    };
    assert_eq!(count().await, NEWER + 1);
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let first = world.store.quarantine(0, 1).await.expect("the store answers").remove(0);
    let verdict = mend::retry(&world.store, &decoder, &world.hinge, first).await.expect("the store answers");
    assert_eq!(verdict, Verdict::Refused { reason: FROM_THE_FUTURE.into() });
    assert_eq!(count().await, NEWER + 1);
}
