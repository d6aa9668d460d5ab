//! What is kept of a message until its outcome is known.

use std::time::Duration;

use doorstep::channel::Content;
use doorstep::dispatch::compose::{Composer, Draft};
use doorstep::dispatch::frames_needed;
use doorstep::domain::person::Channel;
use jiff::SignedDuration;

use crate::dispatch::{over_http, paid, policy};
use crate::servers::http::{self, status};
use crate::world::{Plan, World, plainly};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_bytes_are_small_and_another_worker_can_read_them() {
    let server = http::Server::start().await;
    (0..6).for_each(|_| server.script(status(503)));
    let long = |draft: &Draft<'_>| {
        let mut message = plainly(draft);
        if let Content::Email(mail) = &mut message.content {
            let rows: String =
                (0..500).map(|row| format!("<tr><td class=\"c{row}\">row {}</td></tr>", row * 7)).collect();
            mail.html = format!("<p>{}</p><table>{rows}</table>", draft.notice.order);
        }
        Ok(message)
    };
    let plan = Plan::sending("2026-11-02T09:00:00Z", policy(), over_http(&server));
    let world = World::planned(Plan { composer: Composer::new(long), ..plan }).await;
    // One after the other: the frame is made of the first three.
    for number in 1..=6 {
        world.feed(&[paid(&number.to_string())]).await;
        world.drain().await;
    }
    world.clock.advance(SignedDuration::from_mins(2));
    let claimed = world.store.claim(Channel::Email, 10, Duration::from_secs(1)).await.expect("the store answers");
    let mut sizes: Vec<usize> = claimed.iter().map(|one| one.sealed.as_ref().expect("it was tried").len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes.len(), 6);
    assert!(sizes[3] < 1000 && sizes[4] > 1500, "four against the frame, two before there was one: {sizes:?}");
    let (last, needed) = frames_needed(&world.store, None, 10).await.expect("the store answers").expect("six are kept");
    assert_eq!(needed.len(), 1);
    assert_eq!(frames_needed(&world.store, Some(last), 10).await.expect("the store answers"), None);
    world.clock.advance(SignedDuration::from_secs(2));
    let (now, needed) = (world.clock.now(), needed.into_iter().collect::<Vec<_>>());
    assert!(world.store.has_old_frames(now).await.expect("the store answers"));
    assert_eq!(world.store.prune_frames(now, &needed).await.expect("the store answers"), 0);
    let successor = world.successor(over_http(&server));
    while successor.run_due().await.expect("it runs") > 0 {}
    let seen = server.seen();
    assert_eq!(seen.len(), 12);
    for request in &seen[6..] {
        let first = seen[..6].iter().find(|one| one.header("idempotency-key") == request.header("idempotency-key"));
        assert!(first.expect("the same notices").body == request.body, "byte for byte");
    }
}
