//! Wishes that are kept to: who declined is not told, what is necessary is told all the same, by whatever way is open.

use std::collections::BTreeMap;

use doorstep::channel::capture::Capture;
use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::dispatch::Senders;
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::stage::Stage;
use doorstep::domain::topic::Topic;
use doorstep::store::rows::Dead;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;

use super::{START, event, paid, parcel, policy};
use crate::servers::smtp;
use crate::world::{Plan, World};

fn mail() -> ContactKey {
    ContactKey::new(Channel::Email, "1@example.org")
}

fn number() -> ContactKey {
    ContactKey::new(Channel::Sms, "+48500500500")
}

/// What was sent: stages by channel.
fn sent(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for taken in world.taken() {
        out.entry(taken.entry.channel.as_str().to_owned()).or_default().push(taken.entry.stage.as_str().to_owned());
    }
    out
}

fn over_smtp(server: &smtp::Server) -> email::Sender {
    let settings = json!({"transport": "smtp", "host": "localhost", "port": server.port, "tls": "none",
        "hello": "worker.harbour.example"});
    let settings = serde_json::from_value(settings).expect("settings");
    email::Sender::new(&settings, Clock::database()).expect("usable settings")
}

/// A life with something of every topic.
fn life() -> Vec<serde_json::Value> {
    vec![
        paid("1"),
        parcel("1", "shipment.shipped", "2026-11-02T09:00:01Z"),
        parcel("1", "shipment.attempt_failed", "2026-11-02T09:00:02Z"),
        parcel("1", "shipment.out_for_delivery", "2026-11-02T09:00:03Z"),
        parcel("1", "shipment.delivered", "2026-11-02T09:00:04Z"),
    ]
}

async fn lived(world: &World) {
    for fact in life() {
        world.feed(&[fact]).await;
        world.drain().await;
    }
}

#[test]
fn every_stage_has_its_topic() {
    let named = |topic| -> Vec<&str> {
        Stage::ALL.iter().filter(|stage| Topic::of(**stage) == topic).map(|stage| stage.as_str()).collect()
    };
    assert_eq!(
        named(Topic::Necessary),
        [
            "confirmed",
            "attempt_failed",
            "available_for_pickup",
            "exception",
            "correction",
            "returning",
            "returned",
            "lost",
            "cancelled",
            "return_requested"
        ]
    );
    assert_eq!(named(Topic::Delay), ["delay_expected", "delay_again", "back_on_time"]);
    assert_eq!(named(Topic::Feedback), ["feedback"]);
    assert!(named(Topic::Content).is_empty());
    assert_eq!(Stage::ALL.len(), 10 + 3 + 1 + named(Topic::Progress).len());
}

/// Two pieces of news in one message: it goes out for the sake of the one that is wanted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_confirmation_is_not_lost_in_news_that_was_declined() {
    let mut policy = policy();
    let window = SignedDuration::from_mins(10);
    policy.stages.values_mut().for_each(|rule| rule.merge_window = window);
    let world = World::new(START, policy).await;
    for channel in Channel::ALL {
        world.store.decline(mail(), None, channel, Some(Topic::Progress), "page").await.expect("stored");
    }
    world.feed(&[paid("1"), parcel("1", "shipment.shipped", "2026-11-02T09:00:01Z")]).await;
    world.pass(world.clock.now() + SignedDuration::from_mins(15), async |_| {}).await;
    let mails = world.taken();
    assert_eq!(mails.len(), 1, "{:?}", sent(&world));
    assert!(mails[0].text.contains("confirmed"), "{}", mails[0].text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_does_not_exist_is_not_tried_twice_and_the_phone_is_told() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    server.script(smtp::Stage::Rcpt, smtp::Act::Say("550 5.1.1 user unknown".into()));
    let texts = Capture::memory();
    let senders = Senders { email: over_smtp(&server), sms: sms::Sender::Capture(texts.clone()) };
    let world = World::planned(Plan::sending(START, policy(), senders)).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    assert_eq!(world.store.consents(&[mail()]).await.expect("an answer")[0].dead, Some(Dead::Refused));
    assert_eq!(texts.taken().iter().map(|text| text.entry.stage.as_str()).collect::<Vec<_>>(), ["confirmed"]);
    world.feed(&[parcel("1", "shipment.attempt_failed", "2026-11-02T09:00:02Z")]).await;
    world.drain().await;
    assert_eq!(server.seen().whole, 0, "no second mail is tried there");
    assert_eq!(texts.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_that_was_chosen_is_spoken() {
    let world = World::new(START, policy()).await;
    let brand = BrandId::new("harbour");
    world.store.choose_locale(mail(), &brand, "uk").await.expect("stored");
    world.feed(&[paid("1")]).await;
    world.drain().await;
    assert_eq!(world.taken()[0].entry.locale, "uk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_way_is_open_only_where_the_order_lets_us() {
    let world = World::new(START, policy()).await;
    world.store.suppress(mail(), Channel::Email, Dead::HardBounce, "test").await.expect("stored");
    let customer = json!({"id": "1", "email": "1@example.org", "phone": "+48500500500", "channels": {"sms": false}});
    world.feed(&[event("p", "order.paid", START, &json!({"order": {"id": "1", "customer": customer}}))]).await;
    world.drain().await;
    assert!(world.taken().is_empty(), "the order says no texts");
    let rows = world.store.notices_of(&World::order("1")).await.expect("rows");
    assert_eq!(rows.len(), 1);
    let open = world.store.alert_figures().await.expect("figures").open;
    assert_eq!(open.len(), 1, "ops are told all the same");
}

/// What a person may have said, and what may have happened to their addresses.
#[derive(Debug, Clone)]
struct Said {
    declined: Vec<(usize, usize)>,
    dead: [bool; 2],
    stopped: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let pairs = proptest::collection::vec((0..Channel::ALL.len(), 1..Topic::ALL.len()), 0..6);
    (pairs, any::<[bool; 2]>(), any::<bool>()).prop_map(|(declined, dead, stopped)| Said { declined, dead, stopped })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn who_declined_is_not_told_and_what_is_necessary_is(said in said()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(keeps_to(&said));
    }
}

async fn keeps_to(said: &Said) {
    let world = World::new(START, policy()).await;
    let brand = BrandId::new("harbour");
    for (channel, topic) in &said.declined {
        let (channel, topic) = (Channel::ALL[*channel], Topic::ALL[*topic]);
        world.store.decline(mail(), Some(&brand), channel, Some(topic), "page").await.expect("stored");
    }
    let addresses = [(mail(), Channel::Email), (number(), Channel::Sms)];
    for ((contact, channel), dead) in addresses.into_iter().zip(said.dead) {
        if dead {
            // Twice is as good as once.
            world.store.suppress(contact, channel, Dead::HardBounce, "test").await.expect("stored");
            world.store.suppress(contact, channel, Dead::HardBounce, "test").await.expect("stored");
        }
    }
    if said.stopped {
        world.store.decline(number(), Some(&brand), Channel::Sms, None, "sms").await.expect("stored");
    }
    lived(&world).await;
    let sent = sent(&world);
    let open = [!said.dead[0], !said.dead[1] && !said.stopped];
    for (place, channel) in Channel::ALL.into_iter().enumerate() {
        let told = sent.get(channel.as_str()).cloned().unwrap_or_default();
        assert!(open[place] || told.is_empty(), "{said:?}: {sent:?}");
        for stage in &told {
            let topic = Topic::of(Stage::parse(stage).expect("a stage"));
            let declined = said.declined.iter().any(|(c, t)| Channel::ALL[*c] == channel && Topic::ALL[*t] == topic);
            assert!(!declined, "{stage} by {}: {said:?}", channel.as_str());
        }
    }
    let all: Vec<&String> = sent.values().flatten().collect();
    for stage in ["confirmed", "attempt_failed"] {
        let times = all.iter().filter(|told| **told == stage).count();
        assert_eq!(times > 0, open[0] || open[1], "{stage} {said:?}: {sent:?}");
        let most = if stage == "confirmed" { 1 } else { 2 };
        assert!(times <= most, "{stage} twice: {said:?} {sent:?}");
    }
}
