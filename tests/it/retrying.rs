//! What a message says after a first try that failed: what is true by then.

use doorstep::channel::Content;
use doorstep::dispatch::compose::Composer;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::dispatch::{event, only_notice, over_http, over_smtp, paid, policy};
use crate::servers::http::{self, status};
use crate::servers::smtp;
use crate::world::{Plan, World, plainly};

const START: &str = "2026-11-02T09:00:00Z";

/// One mail says of two parcels that one is on the van and the other was sent. Its first try fails, and before the next one the van
/// has found nobody at home: of the two only the other is told in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_part_of_a_mail_is_told_only_while_it_is_true() {
    let server = http::Server::start().await;
    let mut policy = policy();
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::from_mins(10));
    let world = World::planned(Plan::sending(START, policy, over_http(&server))).await;
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

/// What the far side surely has not got is written anew: by then items may have changed, and "tomorrow" may be today.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_was_surely_not_taken_is_written_anew() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    server.script(smtp::Stage::Dot, smtp::say("451 later"));
    let composer = Composer::new(|draft| {
        let mut message = plainly(draft);
        let Content::Email(mail) = &mut message.content else { panic!("mails alone") };
        mail.text = format!("written at {}", draft.now);
        Ok(message)
    });
    let world = World::planned(Plan { composer, ..Plan::sending(START, policy(), over_smtp(&server)) }).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    let sent = only_notice(&world, "1").await.notice.due;
    world.pass(sent, async |_| {}).await;
    let taken = server.seen().taken;
    assert_eq!(taken.len(), 1);
    let text = String::from_utf8_lossy(&taken[0].data).into_owned();
    assert!(text.contains(&format!("written at {sent}")), "{text}");
}

/// A message may leave the moment it is due, by a clock that is not quite ours: what comes in so late is told by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_becomes_part_of_a_message_that_is_about_to_leave() {
    let mut policy = policy();
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::from_mins(10));
    let (plan, mails, _) = Plan::captured(START, policy);
    let world = World::planned(plan).await;
    let shipped = |parcel: &str| {
        let data = json!({"order": {"id": "1"}, "shipment": {"id": parcel}});
        event(parcel, "shipment.shipped", START, data)
    };
    world.feed(&[paid("1"), shipped("A")]).await;
    for (seconds, parcel) in [(500, "B"), (99, "C")] {
        world.clock.advance(SignedDuration::from_secs(seconds));
        world.feed(&[shipped(parcel)]).await;
    }
    world.pass(world.clock.now() + SignedDuration::from_mins(20), async |_| {}).await;
    let texts: Vec<String> = mails.taken().iter().map(|mail| mail.text.clone()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("parcel A") && texts[0].contains("parcel B"), "{texts:?}");
    assert!(texts[1].contains("parcel C"), "{texts:?}");
}
