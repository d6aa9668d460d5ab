//! How long the answers take where there is nothing: alike, whatever the reason is.

use std::time::{Duration, Instant};

use doorstep::link::{Links, PageLink, Reader};
use jiff::SignedDuration;
use serde_json::json;

use super::Site;
use super::stories::{self, event};
use crate::store::world::{Db, order_key};

/// Rounds in which each address is asked once.
const ROUNDS: usize = 60;
/// The slowest of them may take so much longer than the quickest, in the median. Wide: what would tell somebody something, such
/// as a rendered page or a question to the database for some addresses alone, is far beyond it on any machine.
const TIMES: u32 = 3;
const MORE: Duration = Duration::from_millis(3);

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_wrong_expired_revoked_and_erased_take_the_same_time() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    for id in ["expired", "revoked", "erased"] {
        stories::tell(&site, "delivered", id, "en").await;
    }
    let more = json!({ "order": { "id": "revoked", "link_generation": 1 } });
    site.feed(&[event("order.updated", "revoked", 0, more)]).await;
    db.raw("update orders set doc = '{}' where key = 'harbour/erased'").await;
    let stranger = Links::new("http://127.0.0.1", &["somebody else's secret".into()]).unwrap();
    let forged = PageLink { order: order_key("expired"), reader: Reader::Customer, generation: 0 };
    let own = |id: &str| site.path(id, Reader::Customer, 0);
    let paths = [
        ("garbage", "/t/nothing".to_owned()),
        ("too long", format!("/t/{}", "A".repeat(400))),
        ("forged", stranger.page_path(&forged)),
        ("unknown", own("never")),
        ("expired", own("expired")),
        ("revoked", own("revoked")),
        ("erased", own("erased")),
    ];
    db.clock.advance(SignedDuration::from_hours(24 * 62));
    let mut times = vec![Vec::with_capacity(ROUNDS); paths.len()];
    for round in 0..ROUNDS + 3 {
        for (place, (name, path)) in paths.iter().enumerate() {
            let since = Instant::now();
            let answer = site.client.get(path).await;
            let took = since.elapsed();
            assert_eq!(answer.status, 404, "{name}");
            // The first ones warm up what is made once.
            if round >= 3 {
                times[place].push(took);
            }
        }
    }
    let medians: Vec<_> = paths.iter().zip(times).map(|((name, _), times)| (median(times), *name)).collect();
    let (quickest, slowest) = (medians.iter().min().unwrap().0, medians.iter().max().unwrap().0);
    assert!(slowest <= quickest * TIMES + MORE, "{medians:?}");
    eprintln!("{medians:?}");
    db.end().await;
}
