//! Sends whose worker did not come back.

use std::collections::BTreeSet;
use std::time::Duration;

use doorstep::domain::notice::Why;
use doorstep::domain::person::Channel;
use doorstep::outcomes;
use doorstep::store::Kind;
use doorstep::store::rows::{Changes, Claimed, Decision, Doubted, Outcome, State, Verdict};
use sqlx::{Connection, Executor};
use uuid::Uuid;

use super::world::{Db, LEASE, contact, order_key, start};

on_both!(
    a_send_that_is_still_leased_is_left_alone,
    without_a_key_on_the_far_side_it_is_in_doubt,
    with_one_the_same_bytes_go_out_again,
    past_the_horizon_nobody_knows_the_key,
    a_stretched_lease_is_found_again_when_it_ends,
    a_worker_that_comes_back_late_changes_nothing,
    a_person_says_that_it_was_sent,
    what_becomes_of_a_doubt_is_reported,
    a_person_sends_it_again,
    a_doubt_that_is_withdrawn_stays_named,
    doubts_are_reported_once,
    the_dead_do_not_hide_behind_the_living,
);

const DAY: Duration = Duration::from_secs(86_400);

async fn doubts(db: &Db, idempotent: &[Channel]) -> Vec<Doubted> {
    db.store.doubtful(idempotent, DAY, |_| None).await.unwrap()
}

/// A notice whose worker died while sending it, 91 s ago.
async fn abandoned(db: &Db, order: &str) -> Claimed {
    let claimed = db.claimed(order).await;
    db.sending(&claimed).await;
    db.advance(91);
    claimed
}

async fn a_send_that_is_still_leased_is_left_alone(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    db.advance(89);
    assert!(doubts(db, &[]).await.is_empty());
    assert!(db.settle(&claimed, Verdict::Accepted { receipt: None }).await);
    db.advance(100);
    assert!(doubts(db, &[]).await.is_empty(), "it came to its end");
}

async fn without_a_key_on_the_far_side_it_is_in_doubt(db: &Db) {
    let claimed = abandoned(db, "1").await;
    let found = doubts(db, &[Channel::Sms]).await;
    assert_eq!((found.len(), found[0].again, found[0].notice.key), (1, false, claimed.notice.key));
    let row = db.store.notice(claimed.notice.key).await.unwrap().unwrap();
    assert_eq!((row.state, row.doubt_at), (State::InDoubt, Some(db.clock.now())));
    assert!(doubts(db, &[]).await.is_empty(), "it is named once");
    db.advance(100_000);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty(), "never sent again by itself");
    assert_eq!(db.store.notices_in(State::InDoubt, None, 10).await.unwrap().len(), 1);
    assert_eq!(db.store.figures().await.unwrap().notices, [(Channel::Email, State::InDoubt, 1)]);
}

async fn with_one_the_same_bytes_go_out_again(db: &Db) {
    abandoned(db, "1").await;
    let found = doubts(db, &[Channel::Sms, Channel::Email]).await;
    assert!(found[0].again);
    let told = db.store.said(&[order_key("1")]).await.unwrap();
    assert!(!told[0].certain, "it may have been told");
    let again = db.claim_one().await;
    assert_eq!(again.sealed.as_deref(), Some(&b"the exact bytes"[..]));
    assert_eq!((again.attempts, again.fence), (1, 3));
    db.sending(&again).await;
    assert!(db.settle(&again, Verdict::Accepted { receipt: None }).await);
    let row = db.store.notice(again.notice.key).await.unwrap().unwrap();
    assert_eq!((row.state, row.doubt_at), (State::Accepted, None), "no doubt is left");
}

async fn past_the_horizon_nobody_knows_the_key(db: &Db) {
    let claimed = abandoned(db, "1").await;
    db.clock.advance(jiff::SignedDuration::from_hours(24));
    let found = doubts(db, &[Channel::Email]).await;
    assert_eq!((found.len(), found[0].again, found[0].notice.key), (1, false, claimed.notice.key));
}

async fn a_stretched_lease_is_found_again_when_it_ends(db: &Db) {
    let (slow, dead) = (db.claimed("1").await, db.claimed("2").await);
    db.sending(&slow).await;
    db.sending(&dead).await;
    db.advance(80);
    let held = (slow.notice.key, slow.fence);
    assert_eq!(db.store.extend_leases(&[held], LEASE).await.unwrap().len(), 1);
    db.advance(11);
    let found: Vec<_> = doubts(db, &[]).await.iter().map(|one| one.notice.key).collect();
    assert_eq!(found, [dead.notice.key]);
    db.advance(30);
    assert!(doubts(db, &[]).await.is_empty());
    db.advance(30);
    let found: Vec<_> = doubts(db, &[]).await.iter().map(|one| one.notice.key).collect();
    assert_eq!(found, [slow.notice.key]);
}

async fn a_worker_that_comes_back_late_changes_nothing(db: &Db) {
    let late = abandoned(db, "1").await;
    doubts(db, &[]).await;
    assert!(!db.settle(&late, Verdict::Accepted { receipt: None }).await);
    assert!(db.store.extend_leases(&[(late.notice.key, late.fence)], LEASE).await.unwrap().is_empty());
    assert_eq!(db.store.notice(late.notice.key).await.unwrap().unwrap().state, State::InDoubt);
}

async fn a_person_says_that_it_was_sent(db: &Db) {
    let claimed = abandoned(db, "1").await;
    let key = claimed.notice.key;
    assert!(!db.store.decide_doubt(key, Decision::WasSent, "cli", None).await.unwrap(), "it is not in doubt yet");
    doubts(db, &[]).await;
    assert!(db.store.decide_doubt(key, Decision::WasSent, "cli", None).await.unwrap());
    assert!(!db.store.decide_doubt(key, Decision::SendAgain, "cli", None).await.unwrap(), "decided once");
    let row = db.store.notice(key).await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.doubt_at, row.cause.as_deref()),
        (State::Accepted, None, Some("settled as sent by cli"))
    );
    assert_eq!(db.store.consents(&[contact()]).await.unwrap()[0].told_last_day, 1);
    assert_eq!(db.count("select count(*) from sealed").await, 0);
}

/// Programs that heard of the doubt hear of its end, and tell a second doubt of the same message from the first.
async fn what_becomes_of_a_doubt_is_reported(db: &Db) {
    let claimed = abandoned(db, "1").await;
    let key = claimed.notice.key;
    let report = |doubted: &Doubted| {
        outcomes::settled(&doubted.notice, doubted.fence, &Verdict::InDoubt { cause: "lost".into() }, start())
    };
    let sent = || outcomes::decided(&claimed.notice, Decision::WasSent, start());
    assert!(!db.store.decide_doubt(key, Decision::WasSent, "cli", sent()).await.unwrap(), "it is not in doubt");
    for _ in 0..2 {
        assert_eq!(db.store.doubtful(&[], DAY, report).await.unwrap().len(), 1);
        assert_eq!(outcomes::decided(&claimed.notice, Decision::SendAgain, start()), None);
        assert!(db.store.decide_doubt(key, Decision::SendAgain, "cli", None).await.unwrap());
        let again = db.claim_one().await;
        db.sending(&again).await;
        db.advance(91);
    }
    assert_eq!(db.store.doubtful(&[], DAY, report).await.unwrap().len(), 1);
    assert!(db.store.decide_doubt(key, Decision::WasSent, "cli", sent()).await.unwrap());
    assert!(!db.store.decide_doubt(key, Decision::WasSent, "cli", sent()).await.unwrap(), "decided once");
    let queued = db.store.claim_outcomes(10, LEASE).await.unwrap();
    let ids: BTreeSet<Uuid> = queued.iter().map(|(_, outcome)| outcome.id).collect();
    assert_eq!(ids.len(), 4, "each has an id of its own");
    let mut kinds: Vec<_> = queued.iter().map(|(_, outcome)| outcome.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["notice.in_doubt", "notice.in_doubt", "notice.in_doubt", "notice.sent"]);
}

async fn a_person_sends_it_again(db: &Db) {
    let claimed = abandoned(db, "1").await;
    doubts(db, &[]).await;
    assert!(db.store.decide_doubt(claimed.notice.key, Decision::SendAgain, "cli", None).await.unwrap());
    let again = db.claim_one().await;
    assert_eq!(again.sealed.as_deref(), Some(&b"the exact bytes"[..]));
    assert!(again.fence > claimed.fence);
    assert!(!db.settle(&claimed, Verdict::Released).await);
    db.sending(&again).await;
    assert!(db.settle(&again, Verdict::Accepted { receipt: None }).await);
}

async fn a_doubt_that_is_withdrawn_stays_named(db: &Db) {
    let claimed = abandoned(db, "1").await;
    doubts(db, &[Channel::Email]).await;
    let withdrawn = vec![(order_key("1"), claimed.notice.key, Why::Superseded)];
    db.save(&Changes { withdrawn, ..Changes::default() }).await;
    let row = db.store.notice(claimed.notice.key).await.unwrap().unwrap();
    assert_eq!(row.state, State::Superseded);
    assert!(row.doubt_at.is_some(), "an earlier try may have arrived");
    assert_eq!(db.store.said(&[order_key("1")]).await.unwrap().len(), 1);
    assert_eq!(db.count("select count(*) from sealed").await, 0);
}

async fn doubts_are_reported_once(db: &Db) {
    for order in ["1", "2", "3"] {
        let claimed = db.claimed(order).await;
        db.sending(&claimed).await;
    }
    db.advance(91);
    let report = |doubted: &Doubted| {
        let order = doubted.notice.order.as_str();
        let id = Uuid::new_v5(&Uuid::nil(), order.as_bytes());
        (order != "harbour/2").then(|| Outcome { id, kind: "notice.in_doubt".into(), body: order.into() })
    };
    assert_eq!(db.store.doubtful(&[], DAY, report).await.unwrap().len(), 3);
    assert!(db.store.doubtful(&[], DAY, report).await.unwrap().is_empty());
    let mut bodies: Vec<_> =
        db.store.claim_outcomes(10, LEASE).await.unwrap().into_iter().map(|(_, outcome)| outcome.body).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, ["harbour/1", "harbour/3"]);
}

/// Thousands of groups that ended well lie in front of the one whose worker died.
async fn the_dead_do_not_hide_behind_the_living(db: &Db) {
    let dead = abandoned(db, "1").await;
    if db.store.kind() == Kind::Postgres {
        db.raw("insert into flights (until, keys) select n, array[gen_random_uuid()] from generate_series(1, 2500) n")
            .await;
    }
    let found: Vec<_> = doubts(db, &[]).await.iter().map(|one| one.notice.key).collect();
    assert_eq!(found, [dead.notice.key]);
    if db.store.kind() == Kind::Postgres {
        assert_eq!(db.count("select count(*) from flights").await, 0);
    }
}

/// The lease is stretched between the look that found it ended and the write that lists it as in doubt: it is looked at again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_stretched_this_moment_is_not_lost_sight_of() {
    let db = Db::postgres().await;
    let claimed = abandoned(&db, "1").await;
    let mut other = sqlx::PgConnection::connect(&db.settings.url).await.unwrap();
    other.execute("begin; update outbox set lease_until = lease_until + 600000").await.unwrap();
    let store = db.store.clone();
    let looked = tokio::spawn(async move { store.doubtful(&[], DAY, |_| None).await });
    while db.count("select count(*) from pg_locks where not granted").await == 0 {
        tokio::task::yield_now().await;
    }
    other.execute("commit").await.unwrap();
    assert!(looked.await.unwrap().unwrap().is_empty());
    db.advance(700);
    let found: Vec<_> = doubts(&db, &[]).await.iter().map(|one| one.notice.key).collect();
    assert_eq!(found, [claimed.notice.key]);
    db.end().await;
}
