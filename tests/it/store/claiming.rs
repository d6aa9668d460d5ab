//! Claims, leases and intents.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use doorstep::domain::id::NoticeKey;
use doorstep::domain::person::Channel;
use doorstep::domain::stage::Stage;
use doorstep::store::rows::{Changes, Grant, Planned, State, Verdict};
use jiff::SignedDuration;
use sqlx::{Connection, Executor};

use super::world::{Db, LEASE, MARGIN, SEND, intent, notice, order_key, row, start};

on_both!(
    only_what_is_due_is_claimed_oldest_first,
    a_claim_brings_the_notice_its_order_and_its_bytes,
    a_lost_lease_is_claimed_again_under_a_new_fence,
    a_big_backlog_starves_no_other_brand,
    more_brands_than_places_all_get_their_turn,
    two_claimers_never_share_a_notice,
    a_lease_that_is_still_held_can_be_lengthened,
    an_intent_is_granted_once,
    a_moved_order_must_be_judged_again,
    an_intent_needs_its_fence_and_enough_of_its_lease,
    intents_are_answered_one_by_one_in_their_order,
    the_next_due_time_is_the_earliest_of_all_brands,
    a_damaged_row_does_not_stop_the_others,
);

async fn only_what_is_due_is_claimed_oldest_first(db: &Db) {
    let order = order_key("1");
    let mut notices: Vec<_> = (1..=4).map(|n| notice(&order, Stage::AttemptFailed, n)).collect();
    for (notice, minutes) in notices.iter_mut().zip([-1, -3, 5, -2]) {
        notice.due = start() + SignedDuration::from_mins(minutes);
    }
    let mut sms = notice(&order, Stage::Shipped, 9);
    sms.channel = Channel::Sms;
    notices.push(sms.clone());
    db.plan(&order, &notices).await;

    let first = db.store.claim(Channel::Email, 2, LEASE).await.unwrap();
    let occurrences: Vec<_> = first.iter().map(|claimed| claimed.notice.occurrence).collect();
    assert_eq!(occurrences, [2, 4]);
    let rest = db.store.claim(Channel::Email, 10, LEASE).await.unwrap();
    assert_eq!(rest.iter().map(|claimed| claimed.notice.occurrence).collect::<Vec<_>>(), [1]);
    assert_eq!(db.store.claim(Channel::Sms, 10, LEASE).await.unwrap()[0].notice, sms);
    db.clock.advance(SignedDuration::from_secs(50));
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
}

async fn a_claim_brings_the_notice_its_order_and_its_bytes(db: &Db) {
    let order = order_key("1");
    let planned = notice(&order, Stage::Shipped, 1);
    db.plan(&order, std::slice::from_ref(&planned)).await;
    db.save(&Changes { orders: vec![row(&order, 1, r#"{"a":1}"#)], ..Changes::default() }).await;
    let claimed = db.claim_one().await;
    assert_eq!(claimed.notice, planned);
    assert_eq!((claimed.fence, claimed.attempts, claimed.first_try_at), (1, 0, None));
    assert_eq!((claimed.order.version, claimed.order.doc.as_str()), (2, r#"{"a":1}"#));
    assert_eq!(claimed.sealed, None);

    db.sending(&claimed).await;
    let until = start() + SignedDuration::from_mins(5);
    assert!(db.settle(&claimed, Verdict::Deferred { until, cause: "busy".into(), reached: true }).await);
    db.advance(300);
    let again = db.claim_one().await;
    assert_eq!(again.sealed.as_deref(), Some(&b"the exact bytes"[..]));
    assert_eq!((again.fence, again.attempts, again.first_try_at), (2, 1, Some(start())));
    assert_eq!(again.notice.due, until);
}

async fn a_lost_lease_is_claimed_again_under_a_new_fence(db: &Db) {
    let lost = db.claimed("1").await;
    db.advance(59);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
    db.advance(1);
    let taken = db.claim_one().await;
    assert_eq!(taken.fence, lost.fence + 1);
    assert_eq!(db.store.intend(&[intent(&lost)], MARGIN, SEND).await.unwrap(), [Grant::LeaseLost]);
    assert!(!db.settle(&lost, Verdict::Released).await, "whoever lost the lease changes nothing");
    // A worker that was cut off may hold both claims, and asks for both at once.
    let both = [intent(&lost), intent(&taken)];
    assert_eq!(db.store.intend(&both, MARGIN, SEND).await.unwrap(), [Grant::LeaseLost, Grant::Granted]);
    assert!(!db.settle(&lost, Verdict::Accepted { receipt: None }).await);
    assert!(db.settle(&taken, Verdict::Accepted { receipt: None }).await);
}

/// Plans `count` notices of a brand, due `minutes` before the start.
async fn backlog(db: &Db, brand: &str, count: u32, minutes: i64) {
    let order = order_key(&format!("{brand}/1"));
    let mut notices: Vec<_> = (1..=count).map(|n| notice(&order, Stage::AttemptFailed, n)).collect();
    for notice in &mut notices {
        notice.due = start() - SignedDuration::from_mins(minutes);
    }
    db.plan(&order, &notices).await;
}

async fn by_brand(db: &Db, limit: u32) -> BTreeMap<String, usize> {
    let mut brands = BTreeMap::new();
    for claimed in db.store.claim(Channel::Email, limit, LEASE).await.unwrap() {
        *brands.entry(claimed.notice.order.brand().as_str().to_owned()).or_default() += 1;
    }
    brands
}

async fn a_big_backlog_starves_no_other_brand(db: &Db) {
    backlog(db, "big", 300, 60).await;
    backlog(db, "late", 3, 1).await;
    backlog(db, "small", 40, 2).await;
    let first = by_brand(db, 30).await;
    assert_eq!(first, BTreeMap::from([("big".into(), 10), ("late".into(), 3), ("small".into(), 10)]));
    let second = by_brand(db, 30).await;
    assert_eq!(second, BTreeMap::from([("big".into(), 15), ("small".into(), 15)]));
    let third = by_brand(db, 30).await;
    assert_eq!(third, BTreeMap::from([("big".into(), 15), ("small".into(), 15)]));
    assert_eq!(by_brand(db, 30).await, BTreeMap::from([("big".into(), 30)]), "a brand alone gets all");
}

async fn more_brands_than_places_all_get_their_turn(db: &Db) {
    for n in 0..12 {
        backlog(db, &format!("brand-{n}"), 5, 60 - n).await;
    }
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..200 {
        for (brand, count) in by_brand(db, 4).await {
            *all.entry(brand).or_default() += count;
        }
    }
    assert_eq!(all.len(), 12);
    assert!(all.values().all(|count| *count == 5), "{all:?}");
}

async fn two_claimers_never_share_a_notice(db: &Db) {
    for brand in ["a", "b", "c"] {
        backlog(db, brand, 100, 5).await;
    }
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let store = db.another().await;
        tasks.push(tokio::spawn(async move {
            let mut mine: Vec<NoticeKey> = Vec::new();
            // A claim can come back empty while another holds the last rows; they are then not ours to take.
            let mut empty = 0;
            while empty < 3 {
                let claimed = store.claim(Channel::Email, 7, LEASE).await.unwrap();
                empty = if claimed.is_empty() { empty + 1 } else { 0 };
                mine.extend(claimed.iter().map(|one| one.notice.key));
            }
            store.close().await;
            mine
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 300, "each is claimed");
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 300, "and by one worker only");
}

async fn a_lease_that_is_still_held_can_be_lengthened(db: &Db) {
    let claimed = db.claimed("1").await;
    db.advance(50);
    let held = (claimed.notice.key, claimed.fence);
    let extended = db.store.extend_leases(&[held, (claimed.notice.key, 7)], LEASE).await.unwrap();
    assert_eq!(extended, [claimed.notice.key]);
    db.advance(59);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
    db.advance(1);
    let taken = db.claim_one().await;
    assert!(db.store.extend_leases(&[held], LEASE).await.unwrap().is_empty(), "it is somebody else's now");
    let short = Duration::from_secs(1);
    assert_eq!(db.store.extend_leases(&[(taken.notice.key, taken.fence)], short).await.unwrap().len(), 1);
    db.advance(30);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty(), "a lease is never shortened");
}

async fn an_intent_is_granted_once(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    let mut other = intent(&claimed);
    other.sealed = b"other bytes".to_vec();
    assert_eq!(db.store.intend(&[other], MARGIN, SEND).await.unwrap(), [Grant::LeaseLost]);
    let row = db.store.notice(claimed.notice.key).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts, row.first_try_at), (State::Sending, 1, Some(start())));
    db.advance(61);
    assert!(
        db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty(),
        "nobody may claim it while it is sent"
    );
    assert!(db.store.intend(&[], MARGIN, SEND).await.unwrap().is_empty());
    // The bytes of the grant are the ones that are kept.
    let until = start();
    assert!(db.settle(&claimed, Verdict::Deferred { until, cause: "busy".into(), reached: true }).await);
    assert_eq!(db.claim_one().await.sealed.as_deref(), Some(&b"the exact bytes"[..]));
}

async fn a_moved_order_must_be_judged_again(db: &Db) {
    let mut claimed = db.claimed("1").await;
    let order = order_key("1");
    db.save(&Changes { orders: vec![row(&order, 1, "moved")], ..Changes::default() }).await;
    assert_eq!(db.store.intend(&[intent(&claimed)], MARGIN, SEND).await.unwrap(), [Grant::OrderMoved]);
    let row = db.store.notice(claimed.notice.key).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempts), (State::Claimed, 0), "the claim is still good");
    claimed.order = db.store.orders(&[order]).await.unwrap().remove(0);
    assert_eq!(claimed.order.doc, "moved");
    db.sending(&claimed).await;
}

async fn an_intent_needs_its_fence_and_enough_of_its_lease(db: &Db) {
    let claimed = db.claimed("1").await;
    let mut stale = intent(&claimed);
    stale.fence = 0;
    assert_eq!(db.store.intend(&[stale], MARGIN, SEND).await.unwrap(), [Grant::LeaseLost]);
    let mut wrong = intent(&claimed);
    wrong.order = order_key("2");
    assert_ne!(db.store.intend(&[wrong], MARGIN, SEND).await.unwrap(), [Grant::Granted]);
    db.advance(41);
    assert_eq!(db.store.intend(&[intent(&claimed)], MARGIN, SEND).await.unwrap(), [Grant::LeaseLost], "19 s are left");
    assert_eq!(
        db.store.intend(&[intent(&claimed)], Duration::from_secs(19), SEND).await.unwrap(),
        [Grant::Granted],
        "19 s are enough for who says so"
    );
}

async fn intents_are_answered_one_by_one_in_their_order(db: &Db) {
    let keys: Vec<_> = (0..30).map(|n| order_key(&n.to_string())).collect();
    let changes = Changes {
        orders: keys.iter().map(|key| row(key, 0, "{}")).collect(),
        notices: keys.iter().map(|key| Planned { notice: notice(key, Stage::Shipped, 1), claimed: false }).collect(),
        ..Changes::default()
    };
    db.save(&changes).await;
    let claimed = db.store.claim(Channel::Email, 30, LEASE).await.unwrap();
    let moved: Vec<_> = claimed.iter().step_by(3).map(|one| row(&one.notice.order, 1, "moved")).collect();
    db.save(&Changes { orders: moved, ..Changes::default() }).await;
    let mut asked: Vec<_> = claimed.iter().map(intent).collect();
    for one in asked.iter_mut().skip(1).step_by(3) {
        one.fence += 1;
    }
    let grants = db.store.intend(&asked, MARGIN, SEND).await.unwrap();
    for (n, grant) in grants.iter().enumerate() {
        let expected = [Grant::OrderMoved, Grant::LeaseLost, Grant::Granted][n % 3];
        assert_eq!(*grant, expected, "number {n}");
    }
}

async fn the_next_due_time_is_the_earliest_of_all_brands(db: &Db) {
    assert_eq!(db.store.next_due(Channel::Email).await.unwrap(), None);
    for (brand, minutes) in [("a", 9), ("b", 4), ("c", 6)] {
        backlog(db, brand, 2, -minutes).await;
    }
    let in_minutes = |minutes| Some(start() + SignedDuration::from_mins(minutes));
    assert_eq!(db.store.next_due(Channel::Email).await.unwrap(), in_minutes(4));
    assert_eq!(db.store.next_due(Channel::Sms).await.unwrap(), None);
    db.advance(5 * 60);
    assert_eq!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().len(), 2);
    assert_eq!(db.store.next_due(Channel::Email).await.unwrap(), in_minutes(6));
}

async fn a_damaged_row_does_not_stop_the_others(db: &Db) {
    let order = order_key("1");
    db.plan(&order, &[notice(&order, Stage::Shipped, 1), notice(&order, Stage::Delivered, 1)]).await;
    db.raw("update outbox set stage = 'nonsense' where stage = 'shipped'").await;
    assert_eq!(db.claim_one().await.notice.stage, Stage::Delivered);
    let damaged = db.store.notices_of(&order).await.unwrap_err().to_string();
    assert!(damaged.starts_with("stored data is damaged: outbox.stage of "), "{damaged}");
}

/// Until a transaction waits for a row that another one holds.
async fn until_somebody_waits(db: &Db) {
    while db.count("select count(*) from pg_locks where not granted").await == 0 {
        tokio::task::yield_now().await;
    }
}

/// Somebody is just making a fact's news a part of this very message: it must not leave without it. SQLite has one writer at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_waits_for_who_is_taking_in_a_fact() {
    let db = Db::postgres().await;
    let claimed = db.claimed("1").await;
    let mut other = sqlx::PgConnection::connect(&db.settings.url).await.unwrap();
    other.execute("begin; update orders set version = version + 1").await.unwrap();
    let store = db.store.clone();
    let row = intent(&claimed);
    let asked = tokio::spawn(async move { store.intend(&[row], MARGIN, SEND).await });
    until_somebody_waits(&db).await;
    other.execute("commit").await.unwrap();
    assert_eq!(asked.await.unwrap().unwrap(), [Grant::OrderMoved]);
    db.end().await;
}
