//! The path of a notice from due to settled, when things go wrong on the way.

mod late;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use doorstep::apply::{FROM_THE_FUTURE, Hinge, Verdict};
use doorstep::channel::capture::Capture;
use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::dispatch::Senders;
use doorstep::dispatch::compose::{Composer, NotComposed};
use doorstep::dispatch::handoff::LEASE;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::policy::{InDoubt, Policy};
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::store::rows::{NoticeRow, State};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::servers::http::{self, status};
use crate::servers::smtp;
use crate::world::{Plan, World, plainly};

const START: &str = "2026-11-02T09:00:00Z";

/// Everything at once: no windows, no quiet hours.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::standard(TimeZone::UTC);
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::ZERO);
    policy.quiet.clear();
    policy
}

pub(crate) fn event(id: &str, kind: &str, at: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shops/harbour", "type": kind, "time": at, "data": data})
}

/// An order that is paid by somebody with an e-mail address alone.
pub(crate) fn paid(order: &str) -> Value {
    let customer = json!({"id": order, "email": format!("{order}@example.org"), "locale": "en-GB"});
    let data = json!({"order": {"id": order, "customer": customer, "items": [{"id": "1", "title": "Lamp", "qty": 1}]}});
    event(&format!("paid-{order}"), "order.paid", START, data)
}

fn updated(order: &str, more: Value) -> Value {
    let mut data = json!({"order": {"id": order}});
    data["order"].as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    event(&format!("updated-{order}"), "order.updated", "2026-11-02T09:00:01Z", data)
}

pub(crate) fn over_http(server: &http::Server) -> Senders {
    let settings = json!({"transport": "http", "url": server.url("/emails"), "token": "re_123"});
    let settings = serde_json::from_value(settings).expect("settings");
    let email = email::Sender::new(&settings, Clock::database()).expect("usable settings");
    Senders { email, sms: sms::Sender::Capture(Capture::memory()) }
}

pub(crate) fn over_smtp(server: &smtp::Server) -> Senders {
    let settings = json!({"transport": "smtp", "host": "localhost", "port": server.port, "tls": "none",
        "hello": "worker.harbour.example"});
    let settings = serde_json::from_value(settings).expect("settings");
    let email = email::Sender::new(&settings, Clock::database()).expect("usable settings");
    Senders { email, sms: sms::Sender::Capture(Capture::memory()) }
}

pub(crate) async fn only_notice(world: &World, order: &str) -> NoticeRow {
    let mut rows = world.store.notices_of(&World::order(order)).await.expect("the store answers");
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

async fn outcome_kinds(world: &World) -> Vec<String> {
    let all = world.store.claim_outcomes(100, Duration::from_secs(60)).await.expect("the store answers");
    all.into_iter().map(|(_, outcome)| outcome.kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_out_at_once_is_handed_over_in_memory_and_what_finds_no_room_is_claimed() {
    for waiting_max in [100, 2, 0] {
        let (plan, mails, _) = Plan::captured(START, policy());
        let world = World::planned(Plan { waiting_max, ..plan }).await;
        let orders: Vec<Value> = (1..=5).map(|number| paid(&number.to_string())).collect();
        world.feed(&orders).await;
        assert_eq!(world.handoff.waiting(Channel::Email), waiting_max.min(5));
        world.drain().await;
        assert_eq!(mails.taken().len(), 5);
        let expected = ["notice.sent"; 5].map(str::to_owned);
        let told = outcome_kinds(&world).await;
        assert_eq!(told.iter().filter(|kind| *kind == "notice.sent").count(), expected.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_receiver_gets_the_same_bytes_again_by_the_schedule() {
    let server = http::Server::start().await;
    server.script(http::Act::Answer(503, "Retry-After: 120\r\n".into(), String::new()));
    server.script(status(500));
    let world = World::planned(Plan::sending(START, policy(), over_http(&server))).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.attempts), (State::Planned, 1));
    let wait = row.notice.due.duration_since(world.clock.now());
    assert_eq!(wait, SignedDuration::from_secs(120), "longer than the schedule's, so the receiver's wish counts");

    world.clock.advance(SignedDuration::from_secs(120));
    world.drain().await;
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.attempts), (State::Planned, 2));
    let wait = row.notice.due.duration_since(world.clock.now()).as_secs();
    assert!((240..=360).contains(&wait), "5 min ± 20 %: {wait}");

    world.clock.advance(SignedDuration::from_secs(360));
    world.drain().await;
    assert_eq!(only_notice(&world, "1").await.state, State::Accepted);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|request| request.body == seen[0].body), "byte for byte");
    assert!(seen.iter().all(|request| request.header("idempotency-key") == seen[0].header("idempotency-key")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_tries_the_bytes_change_only_if_they_would_be_untrue() {
    let server = http::Server::start().await;
    server.script(status(503));
    server.script(status(503));
    let world = World::planned(Plan::sending(START, policy(), over_http(&server))).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    world.feed(&[updated("1", json!({"items": [{"id": "1", "title": "Lamp", "qty": 2}]}))]).await;
    world.clock.advance(SignedDuration::from_mins(2));
    world.drain().await;
    world
        .feed(&[event(
            "moved",
            "order.updated",
            "2026-11-02T09:03:00Z",
            json!({"order": {"id": "1", "customer": {"email": "new@example.org"}}}),
        )])
        .await;
    world.clock.advance(SignedDuration::from_mins(10));
    world.drain().await;
    let to: Vec<String> = server
        .seen()
        .iter()
        .map(|request| serde_json::from_slice::<Value>(&request.body).expect("JSON")["to"][0].to_string())
        .collect();
    assert_eq!(to, [r#""1@example.org""#, r#""1@example.org""#, r#""new@example.org""#]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_good_is_the_end() {
    let server = http::Server::start().await;
    server.script(status(422));
    let world = World::planned(Plan::sending(START, policy(), over_http(&server))).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.why.as_deref()), (State::Rejected, Some("rejected")));
    assert!(world.next().await.is_none_or(|next| next > world.clock.now()));
    assert!(outcome_kinds(&world).await.contains(&"notice.failed".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_known_with_other_words_is_in_doubt_and_not_tried_for_days() {
    let server = http::Server::start().await;
    let name = json!({"name": "invalid_idempotent_request"}).to_string();
    server.script(http::Act::Answer(409, String::new(), name));
    let world = World::planned(Plan::sending(START, policy(), over_http(&server))).await;
    world.feed(&[paid("1")]).await;
    world.pass(world.clock.now() + SignedDuration::from_hours(100), async |_| {}).await;
    assert_eq!(only_notice(&world, "1").await.state, State::InDoubt);
    assert_eq!(server.seen().len(), 1);
    assert!(outcome_kinds(&world).await.contains(&"notice.in_doubt".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_from_the_far_future_is_kept_aside_and_its_batch_goes_on() {
    let (plan, mails, _) = Plan::captured(START, policy());
    let world = World::planned(plan).await;
    let data = json!({"order": {"id": "1"}, "shipment": {"id": "A"}});
    world.feed(&[event("wrong-year", "shipment.delivered", "2062-11-02T09:00:00Z", data.clone()), paid("1")]).await;
    world.drain().await;
    world.feed(&[event("skewed", "shipment.shipped", "2026-11-02T10:00:00Z", data)]).await;
    world.drain().await;
    assert_eq!(mails.taken().len(), 2, "confirmed and shipped, not delivered");
    let kept = world.store.quarantine(0, 10).await.expect("the store answers");
    assert_eq!(kept.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), [FROM_THE_FUTURE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_given_up_after_three_days() {
    let server = http::Server::start().await;
    (0..40).for_each(|_| server.script(status(503)));
    let mut policy = policy();
    policy.age_limit = None;
    let world = World::planned(Plan::sending(START, policy, over_http(&server))).await;
    world.feed(&[paid("1")]).await;
    world.pass(world.clock.now() + SignedDuration::from_hours(96), async |_| {}).await;
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.why.as_deref()), (State::Rejected, Some("gave_up")));
    assert!((12..=14).contains(&server.seen().len()), "{}", server.seen().len());
}

/// What the database cannot take or give back is set aside alone; the rest of its batch goes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_damaged_order_does_not_take_its_batch_along() {
    let (plan, mails, _) = Plan::captured(START, policy());
    let world = World::planned(plan).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    world.damage("1").await;
    let shipped = |order: &str| {
        let data = json!({"order": {"id": order}, "shipment": {"id": "A"}});
        event(&format!("shipped-{order}"), "shipment.shipped", START, data)
    };
    let verdicts = world.feed(&[paid("2"), shipped("1"), paid("3")]).await;
    assert!(matches!(&verdicts[..], [Verdict::Applied, Verdict::Refused { .. }, Verdict::Applied]), "{verdicts:?}");
    world.drain().await;
    let told: Vec<String> = mails.taken().iter().map(|one| one.entry.order.order_str().to_owned()).collect();
    assert_eq!(told, ["1", "2", "3"]);
    let kept = world.store.quarantine(0, 10).await.expect("the store answers");
    assert_eq!(kept.len(), 1);
    assert_eq!(serde_json::from_slice::<Value>(&kept[0].raw).expect("as it came")["id"], "shipped-1");
}

/// Shops number their orders as they like: each customer hears of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_shops_with_orders_of_one_number_are_each_told() {
    let (plan, mails, _) = Plan::captured(START, policy());
    let world = World::planned(plan).await;
    let of = |brand: &str| {
        let mut event = paid("1");
        (event["brand"], event["source"]) = (json!(brand), json!(format!("/shops/{brand}")));
        event
    };
    world.feed(&[of("harbour"), of("orchard")]).await;
    world.drain().await;
    let mut told: Vec<String> = mails.taken().iter().map(|one| one.entry.order.as_str().to_owned()).collect();
    told.sort_unstable();
    assert_eq!(told, ["harbour/1", "orchard/1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_hear_what_was_planned_and_what_was_taken_back() {
    let mut policy = policy();
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::from_mins(10));
    let world = World::new(START, policy).await;
    world.feed(&[paid("1")]).await;
    let data = json!({"order": {"id": "1"}, "shipment": {"id": "A"}});
    world.feed(&[event("shipped", "shipment.shipped", START, data)]).await;
    world.drain().await;
    let all = world.store.claim_outcomes(100, Duration::from_secs(60)).await.expect("the store answers");
    let said = |outcome: &doorstep::store::rows::Outcome| {
        let body: Value = serde_json::from_str(&outcome.body).expect("JSON");
        let word = |name: &str| body["data"][name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", outcome.kind, word("stage"), word("shipment_id"), word("why"))
    };
    let mut said: Vec<String> = all.iter().map(|(_, outcome)| said(outcome)).collect();
    said.sort();
    let expected =
        ["notice.planned confirmed - -", "notice.planned shipped A -", "notice.superseded confirmed - merged"];
    assert_eq!(said, expected);
}

/// A composer that lets something happen, once, between judging and sending.
fn meddling(hook: impl Fn() + Send + Sync + 'static) -> Composer {
    let calls = AtomicU32::new(0);
    Composer::new(move |draft| {
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            hook();
        }
        Ok(plainly(draft))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_comes_between_judging_and_sending_is_heeded() {
    let (plan, mails, _) = Plan::captured(START, policy());
    let hinge: Arc<std::sync::OnceLock<Hinge>> = Arc::default();
    let composer = meddling({
        let hinge = Arc::clone(&hinge);
        move || {
            let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
            let fact = updated("1", json!({"hold": true}));
            let fact = decoder.structured("test", fact.to_string().into_bytes());
            let hinge = hinge.get().expect("the world is made").clone();
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(hinge.apply(vec![fact])))
                .expect("the store takes it");
        }
    });
    let world = World::planned(Plan { composer, ..plan }).await;
    hinge.set(world.hinge.clone()).expect("once");
    world.feed(&[paid("1")]).await;
    world.drain().await;
    assert!(mails.taken().is_empty(), "the hold came before the intent");
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.why.as_deref(), row.attempts), (State::Planned, Some("order_on_hold"), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_lease_sends_nothing() {
    let (plan, mails, _) = Plan::captured(START, policy());
    let clock: Arc<std::sync::OnceLock<Clock>> = Arc::default();
    let composer = meddling({
        let clock = Arc::clone(&clock);
        move || clock.get().expect("the world is made").advance(LEASE)
    });
    let world = World::planned(Plan { composer, ..plan }).await;
    clock.set(world.clock.clone()).expect("once");
    world.feed(&[paid("1")]).await;
    assert_eq!(world.dispatcher.run_due().await.expect("it runs"), 2, "once in vain, once claimed anew");
    world.drain().await;
    assert_eq!(mails.taken().len(), 1);
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.attempts), (State::Accepted, 1));
    assert!(row.fence >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_opt_out_counts_until_the_last_moment() {
    let world = World::new(START, policy()).await;
    world.feed(&[paid("1")]).await;
    let contact = ContactKey::new(Channel::Email, "1@example.org");
    world.store.decline(contact, None, Channel::Email, None, "import").await.expect("stored");
    world.drain().await;
    assert!(world.taken().is_empty());
    let row = only_notice(&world, "1").await;
    assert_eq!((row.state, row.why.as_deref()), (State::Suppressed, Some("opted_out")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_fails_loses_nothing() {
    let (plan, mails, _) = Plan::captured(START, policy());
    let calls = AtomicU32::new(0);
    let composer = Composer::new(move |draft| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Err(NotComposed("a piece is missing".into())),
        _ => Ok(plainly(draft)),
    });
    let world = World::planned(Plan { composer, ..plan }).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    assert_eq!(only_notice(&world, "1").await.attempts, 0, "that was no try");
    world.pass(world.clock.now() + SignedDuration::from_mins(15), async |_| {}).await;
    assert_eq!(mails.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doubt_on_bare_smtp_is_kept_for_a_person() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    server.script(smtp::Stage::Dot, smtp::Act::Close);
    let world = World::planned(Plan::sending(START, policy(), over_smtp(&server))).await;
    world.feed(&[paid("1")]).await;
    world.drain().await;
    assert_eq!(only_notice(&world, "1").await.state, State::InDoubt);
    world.pass(world.clock.now() + SignedDuration::from_hours(100), async |_| {}).await;
    assert_eq!(only_notice(&world, "1").await.state, State::InDoubt);
    assert_eq!(server.seen().whole, 1, "it is never sent again by itself");
    assert!(outcome_kinds(&world).await.contains(&"notice.in_doubt".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doubt_on_bare_smtp_is_sent_again_where_the_brand_says_so() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    server.script(smtp::Stage::Dot, smtp::Act::Close);
    let mut policy = policy();
    policy.stages.values_mut().for_each(|rule| rule.in_doubt = InDoubt::Resend);
    let world = World::planned(Plan::sending(START, policy, over_smtp(&server))).await;
    world.feed(&[paid("1")]).await;
    world.pass(world.clock.now() + SignedDuration::from_mins(5), async |_| {}).await;
    assert_eq!(only_notice(&world, "1").await.state, State::Accepted);
    assert_eq!(server.seen().whole, 2);
    assert_eq!(server.seen().taken.len(), 1);
}

/// Leaves a notice of order 1 as a worker leaves it that dies with the message on the wire.
async fn die_while_sending(world: &World, server: &smtp::Server) {
    server.script(smtp::Stage::Dot, smtp::Act::Late("250 too late".into()));
    world.feed(&[paid("1")]).await;
    let dying = world.dispatcher.run_due();
    tokio::select! {
        _ = dying => panic!("the server never answers"),
        () = async { while server.seen().whole == 0 { tokio::task::yield_now().await } } => {}
    }
    world.leave();
    assert_eq!(only_notice(world, "1").await.state, State::Sending);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_mid_send_leaves_a_doubt_that_is_named() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    let world = World::planned(Plan::sending(START, policy(), over_smtp(&server))).await;
    die_while_sending(&world, &server).await;
    let successor = world.successor(over_smtp(&server));
    assert_eq!(successor.run_due().await.expect("it runs"), 0, "the lease still holds");
    world.clock.advance(SignedDuration::from_secs(121));
    successor.run_due().await.expect("it runs");
    assert_eq!(only_notice(&world, "1").await.state, State::InDoubt);
    assert_eq!(server.seen().whole, 1);
    assert!(outcome_kinds(&world).await.contains(&"notice.in_doubt".to_owned()));
}

/// The database was away for longer than a lease: another worker lists the mail as in doubt before this one can say that it was taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_living_worker_knows_to_be_taken_does_not_stay_in_doubt() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    let answer = Arc::new(Notify::new());
    server.script(smtp::Stage::Dot, smtp::Act::Once(Arc::clone(&answer), "250 kept".into()));
    let world = World::planned(Plan::sending(START, policy(), over_smtp(&server))).await;
    world.feed(&[paid("1")]).await;
    let successor = world.successor(over_smtp(&server));
    let meanwhile = async {
        while server.seen().whole == 0 {
            tokio::task::yield_now().await;
        }
        world.clock.advance(SignedDuration::from_secs(121));
        successor.run_due().await.expect("it runs");
        assert_eq!(only_notice(&world, "1").await.state, State::InDoubt);
        answer.notify_one();
    };
    let (sent, ()) = tokio::join!(world.dispatcher.run_due(), meanwhile);
    sent.expect("it runs");
    assert_eq!(only_notice(&world, "1").await.state, State::Accepted);
    world.drain().await;
    assert_eq!(server.seen().whole, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_dies_mid_send_is_replaced_where_the_far_side_knows_the_key() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    let world = World::planned(Plan::sending(START, policy(), over_smtp(&server))).await;
    die_while_sending(&world, &server).await;
    let provider = http::Server::start().await;
    let successor = world.successor(over_http(&provider));
    world.clock.advance(SignedDuration::from_secs(121));
    while successor.run_due().await.expect("it runs") > 0 {}
    let row = only_notice(&world, "1").await;
    assert_eq!(row.state, State::Accepted);
    let seen = provider.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("idempotency-key"), row.notice.key.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_what_is_being_sent_end_and_gives_the_rest_back() {
    let server = smtp::Server::start(smtp::Mode::Plain).await;
    let (plan, mails, _) = Plan::captured(START, policy());
    let world = World::planned(plan).await;
    let orders: Vec<Value> = (1..=20).map(|number| paid(&number.to_string())).collect();
    world.feed(&orders).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(world.successor(over_smtp(&server)).run(stop.clone(), Duration::from_secs(20)));
    stop.cancel();
    running.await.expect("it ends in order");
    let states = |rows: Vec<NoticeRow>| rows.into_iter().map(|row| row.state).collect::<Vec<_>>();
    let sending = world.store.notices_in(State::Sending, None, 100).await.expect("the store answers");
    assert!(states(sending).is_empty(), "nothing is left half-way");
    world.drain().await;
    let accepted = world.store.notices_in(State::Accepted, None, 100).await.expect("the store answers");
    assert_eq!(accepted.len(), 20);
    assert_eq!(mails.taken().len() + server.seen().taken.len(), 20, "each once, by one worker or the other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_dispatcher_sends_what_is_handed_over_and_what_it_claims() {
    let server = http::Server::start().await;
    let world = World::new(START, policy()).await;
    let orders: Vec<Value> = (1..=150).map(|number| paid(&number.to_string())).collect();
    world.feed(&orders).await;
    // What the world's own dispatcher holds in memory is left to its lease; the other fifty can be claimed.
    let stop = CancellationToken::new();
    let running = tokio::spawn(world.successor(over_http(&server)).run(stop.clone(), Duration::from_secs(20)));
    while server.seen().len() < 50 {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.expect("it ends in order");
    assert_eq!(server.seen().len(), 50);
    world.drain().await;
    assert_eq!(world.taken().len(), 100);
    let accepted = world.store.notices_in(State::Accepted, None, 200).await.expect("the store answers");
    assert_eq!(accepted.len(), 150);
}
