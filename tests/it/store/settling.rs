//! What becomes of claimed notices, and the outcome events beside them.

use std::time::Duration;

use doorstep::domain::notice::{Said, Why};
use doorstep::domain::person::Channel;
use doorstep::domain::stage::Stage;
use doorstep::store::rows::{NoticeRow, Outcome, State, Verdict};
use jiff::SignedDuration;
use uuid::Uuid;

use super::world::{Db, LEASE, contact, intent, notice, order_key, settled, start};

on_both!(
    an_accepted_notice_is_final,
    a_deferred_notice_comes_back_with_its_bytes,
    a_try_counts_only_if_it_reached_the_far_side,
    a_doubt_stays_with_a_notice_that_goes_out_again,
    an_answer_ends_the_doubt,
    giving_up_is_no_answer,
    a_rejected_notice_keeps_its_reason,
    a_held_notice_says_why_and_counts_no_try,
    a_released_notice_is_due_as_before,
    what_was_never_told_says_why,
    a_verdict_must_fit_the_state,
    many_verdicts_are_written_at_once,
    only_what_was_settled_is_reported,
    outcomes_are_handed_out_until_they_are_forgotten,
    what_was_said_is_remembered,
);

async fn now(db: &Db, key: doorstep::domain::id::NoticeKey) -> NoticeRow {
    db.store.notice(key).await.unwrap().unwrap()
}

async fn sealed(db: &Db) -> i64 {
    db.count("select count(*) from sealed").await
}

async fn an_accepted_notice_is_final(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    assert_eq!(sealed(db).await, 1);
    db.advance(2);
    let accepted = Verdict::Accepted { receipt: Some("provider-17".into()) };
    assert!(db.settle(&claimed, accepted.clone()).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.attempts, row.receipt.as_deref()), (State::Accepted, 1, Some("provider-17")));
    assert_eq!(row.settled_at, Some(start() + SignedDuration::from_secs(2)));
    assert_eq!(sealed(db).await, 0, "the bytes are no longer needed");
    assert_eq!(db.store.consents(&[contact()]).await.unwrap()[0].told_last_day, 1);
    assert!(!db.settle(&claimed, accepted).await, "it is settled only once");
    assert_eq!(db.store.consents(&[contact()]).await.unwrap()[0].told_last_day, 1);
    db.advance(100_000);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
    assert_eq!(db.store.next_due(Channel::Email).await.unwrap(), None);
}

async fn a_deferred_notice_comes_back_with_its_bytes(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    let until = start() + SignedDuration::from_mins(5);
    assert!(db.settle(&claimed, Verdict::Deferred { until, cause: "greylisted (451)".into(), reached: true }).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.notice.due, row.attempts), (State::Planned, until, 1));
    assert_eq!((row.cause.as_deref(), row.settled_at), (Some("greylisted (451)"), None));
    db.advance(299);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
    db.advance(1);
    let again = db.claim_one().await;
    assert!(again.sealed.is_some());
    db.sending(&again).await;
    assert_eq!(now(db, again.notice.key).await.attempts, 2);
    assert_eq!(now(db, again.notice.key).await.first_try_at, Some(start()), "the first try stays the first");
}

async fn a_try_counts_only_if_it_reached_the_far_side(db: &Db) {
    let defer = |reached| Verdict::Deferred { until: start(), cause: "connect".into(), reached };
    for (sends, reached, attempts) in [(false, false, 0), (true, false, 0), (false, true, 1), (true, true, 2)] {
        let claimed = match attempts {
            0 if !sends => db.claimed("1").await,
            _ => db.claim_one().await,
        };
        if sends {
            db.sending(&claimed).await;
        }
        assert!(db.settle(&claimed, defer(reached)).await);
        assert_eq!(now(db, claimed.notice.key).await.attempts, attempts, "sends {sends}, reached {reached}");
    }
}

async fn a_doubt_stays_with_a_notice_that_goes_out_again(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    let unsure = Verdict::Unsure { until: start(), cause: "timed out waiting for the answer".into() };
    assert!(db.settle(&claimed, unsure).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.attempts, row.doubt_at), (State::Planned, 1, Some(start())));
    // Old news by now: it is not sent again, and may have been told all the same.
    db.advance(9);
    let again = db.claim_one().await;
    assert!(again.sealed.is_some());
    assert!(db.settle(&again, Verdict::Superseded { why: Why::Superseded }).await);
    let row = now(db, again.notice.key).await;
    assert_eq!((row.state, row.attempts, row.doubt_at), (State::Superseded, 1, Some(start())));
}

async fn an_answer_ends_the_doubt(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    assert!(db.settle(&claimed, Verdict::Unsure { until: start(), cause: "reset".into() }).await);
    let again = db.claim_one().await;
    db.sending(&again).await;
    assert!(db.settle(&again, Verdict::Accepted { receipt: None }).await);
    let row = now(db, again.notice.key).await;
    assert_eq!((row.state, row.attempts, row.doubt_at), (State::Accepted, 2, None));
}

async fn giving_up_is_no_answer(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    assert!(db.settle(&claimed, Verdict::Unsure { until: start(), cause: "timed out".into() }).await);
    let again = db.claim_one().await;
    assert!(again.unsure, "whoever tries it next knows");
    db.sending(&again).await;
    assert!(db.settle(&again, Verdict::Rejected { why: Why::GaveUp, cause: "busy".into() }).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.doubt_at), (State::Rejected, Some(start())));
    let said = db.store.said(std::slice::from_ref(&claimed.notice.order)).await.unwrap();
    assert_eq!(said.len(), 1, "a correction counts it as told");
}

async fn a_rejected_notice_keeps_its_reason(db: &Db) {
    for (order, sends) in [("1", false), ("2", true)] {
        let claimed = db.claimed(order).await;
        if sends {
            db.sending(&claimed).await;
        }
        let refused = Verdict::Rejected { why: Why::Rejected, cause: "mailbox unknown (550)".into() };
        assert!(db.settle(&claimed, refused).await);
        let row = now(db, claimed.notice.key).await;
        assert_eq!((row.state, row.attempts), (State::Rejected, 1));
        assert_eq!((row.why.as_deref(), row.cause.as_deref()), (Some("rejected"), Some("mailbox unknown (550)")));
    }
    assert_eq!(sealed(db).await, 0);
}

async fn a_held_notice_says_why_and_counts_no_try(db: &Db) {
    let claimed = db.claimed("1").await;
    let until = start() + SignedDuration::from_hours(9);
    assert!(db.settle(&claimed, Verdict::Held { until, why: Why::QuietHours }).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.notice.due, row.attempts), (State::Planned, until, 0));
    assert_eq!(row.why.as_deref(), Some("quiet_hours"));
    db.advance(9 * 3600);
    let again = db.claim_one().await;
    db.sending(&again).await;
    assert_eq!(now(db, claimed.notice.key).await.why, None, "it is not held any more");
}

async fn a_released_notice_is_due_as_before(db: &Db) {
    let claimed = db.claimed("1").await;
    assert!(db.settle(&claimed, Verdict::Released).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.notice.due, row.attempts), (State::Planned, start(), 0));
    let again = db.claim_one().await;
    assert_eq!(again.fence, 2);
    db.sending(&again).await;
    assert!(db.settle(&again, Verdict::Released).await, "granted, but nothing left us");
    assert_eq!(now(db, claimed.notice.key).await.attempts, 0);
}

async fn what_was_never_told_says_why(db: &Db) {
    for (order, verdict, state, why) in [
        ("1", Verdict::Superseded { why: Why::Expired }, State::Superseded, "expired"),
        ("2", Verdict::Suppressed { why: Why::OptedOut }, State::Suppressed, "opted_out"),
    ] {
        let claimed = db.claimed(order).await;
        assert!(db.settle(&claimed, verdict).await);
        let row = now(db, claimed.notice.key).await;
        assert_eq!((row.state, row.why.as_deref(), row.settled_at), (state, Some(why), Some(start())));
    }
    assert_eq!(db.store.consents(&[contact()]).await.unwrap()[0].told_last_day, 0);
}

async fn a_verdict_must_fit_the_state(db: &Db) {
    let claimed = db.claimed("1").await;
    assert!(!db.settle(&claimed, Verdict::Accepted { receipt: None }).await, "there was no intent");
    assert!(!db.settle(&claimed, Verdict::InDoubt { cause: "cut".into() }).await, "nothing left us");
    db.sending(&claimed).await;
    for verdict in [
        Verdict::Superseded { why: Why::Expired },
        Verdict::Suppressed { why: Why::OptedOut },
        Verdict::Held { until: start(), why: Why::QuietHours },
    ] {
        assert!(!db.settle(&claimed, verdict.clone()).await, "{verdict:?}: too late");
    }
    assert_eq!(now(db, claimed.notice.key).await.state, State::Sending);
    assert!(db.settle(&claimed, Verdict::InDoubt { cause: "cut".into() }).await);
    let row = now(db, claimed.notice.key).await;
    assert_eq!((row.state, row.doubt_at), (State::InDoubt, Some(start())));
    assert_eq!(sealed(db).await, 1, "the bytes are kept for a second sending");
}

async fn many_verdicts_are_written_at_once(db: &Db) {
    let order = order_key("1");
    let notices: Vec<_> = (1..=40).map(|n| notice(&order, Stage::AttemptFailed, n)).collect();
    db.plan(&order, &notices).await;
    let claimed = db.store.claim(Channel::Email, 40, LEASE).await.unwrap();
    let intents: Vec<_> = claimed.iter().map(intent).collect();
    db.store.intend(&intents, Duration::from_secs(1), LEASE).await.unwrap();
    let verdicts: Vec<_> = claimed
        .iter()
        .enumerate()
        .map(|(n, one)| match n % 4 {
            0 => settled(one, Verdict::Accepted { receipt: Some(n.to_string()) }),
            1 => settled(one, Verdict::Deferred { until: start(), cause: "busy".into(), reached: true }),
            2 => settled(one, Verdict::Rejected { why: Why::GaveUp, cause: "busy".into() }),
            _ => settled(one, Verdict::InDoubt { cause: "cut".into() }),
        })
        .collect();
    assert_eq!(db.store.settle(&verdicts, &[]).await.unwrap().len(), 40);
    for state in [State::Accepted, State::Planned, State::Rejected, State::InDoubt] {
        assert_eq!(db.store.notices_in(state, None, 100).await.unwrap().len(), 10, "{state:?}");
    }
    assert_eq!(sealed(db).await, 20);
    assert!(db.store.settle(&[], &[]).await.unwrap().is_empty());
}

fn outcome(kind: &str) -> Outcome {
    Outcome { id: Uuid::new_v4(), kind: kind.into(), body: format!(r#"{{"type":"{kind}","says":"é'\"\\"}}"#) }
}

async fn only_what_was_settled_is_reported(db: &Db) {
    let (kept, lost) = (db.claimed("1").await, db.claimed("2").await);
    db.sending(&kept).await;
    let mut stale = settled(&lost, Verdict::Superseded { why: Why::Expired });
    stale.fence = 99;
    let sent = outcome("notice.sent");
    let keys = db
        .store
        .settle(
            &[settled(&kept, Verdict::Accepted { receipt: None }), stale],
            &[(kept.notice.key, sent.clone()), (lost.notice.key, outcome("notice.superseded"))],
        )
        .await
        .unwrap();
    assert_eq!(keys, [kept.notice.key]);
    let queued = db.store.claim_outcomes(10, LEASE).await.unwrap();
    assert_eq!(queued.into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>(), [sent]);
}

async fn outcomes_are_handed_out_until_they_are_forgotten(db: &Db) {
    let outcomes: Vec<_> = (0..5).map(|n| outcome(&format!("notice.planned.{n}"))).collect();
    let changes = doorstep::store::rows::Changes { outcomes: outcomes.clone(), ..Default::default() };
    db.save(&changes).await;
    assert_eq!(db.store.figures().await.unwrap().outcomes, 5);
    let first = db.store.claim_outcomes(3, LEASE).await.unwrap();
    assert_eq!(first.iter().map(|(_, one)| one.clone()).collect::<Vec<_>>(), outcomes[..3]);
    assert_eq!(db.store.claim_outcomes(10, LEASE).await.unwrap().len(), 2);
    assert!(db.store.claim_outcomes(10, LEASE).await.unwrap().is_empty());
    let confirmed: Vec<_> = first[..2].iter().map(|(seq, _)| *seq).collect();
    db.store.forget_outcomes(&confirmed).await.unwrap();
    db.store.forget_outcomes(&[]).await.unwrap();
    db.advance(61);
    let again = db.store.claim_outcomes(10, LEASE).await.unwrap();
    assert_eq!(again.into_iter().map(|(_, one)| one).collect::<Vec<_>>(), outcomes[2..]);
}

async fn what_was_said_is_remembered(db: &Db) {
    let order = order_key("1");
    assert!(db.store.said(std::slice::from_ref(&order)).await.unwrap().is_empty());
    let claimed = db.claimed("1").await;
    assert!(db.store.said(std::slice::from_ref(&order)).await.unwrap().is_empty(), "not before the intent");
    db.sending(&claimed).await;
    let during = db.store.said(std::slice::from_ref(&order)).await.unwrap();
    assert!(!during[0].certain && during[0].at == start());
    db.advance(3);
    assert!(db.settle(&claimed, Verdict::Accepted { receipt: None }).await);
    let told = db.store.said(&[order.clone(), order_key("2")]).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].stage, told[0].shipment.as_deref(), told[0].certain), (Stage::Shipped, Some("S-1"), true));
    assert_eq!(told[0].said, Said { number: Some("JD0146000012".into()), ..Said::default() });
    assert_eq!((told[0].at, &told[0].order), (start() + SignedDuration::from_secs(3), &order));
}
