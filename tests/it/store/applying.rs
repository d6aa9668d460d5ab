//! The transaction that applies a batch.

use std::time::Duration;

use doorstep::domain::id::EventKey;
use doorstep::domain::notice::{Silence, Why};
use doorstep::domain::person::{Channel, Role};
use doorstep::domain::stage::Stage;
use doorstep::store::rows::{Changes, Planned, Refused, Seen, State, Verdict};
use doorstep::store::{Kind, StoreError, unbroken};
use jiff::SignedDuration;

use super::world::{Db, LEASE, arrival, notice, number, order_key, row, start};

on_both!(
    an_event_is_fresh_once,
    one_key_twice_in_a_batch_is_judged_against_the_first,
    two_batches_with_the_same_events_share_them_out,
    an_order_is_written_only_over_the_version_that_was_read,
    two_workers_cannot_both_create_an_order,
    a_dropped_transaction_leaves_nothing,
    work_goes_on_when_its_caller_is_dropped,
    loading_an_order_makes_others_wait,
    every_odd_character_comes_back,
    nul_is_refused_and_nothing_is_written,
    a_fact_waits_for_its_number_and_is_adopted,
    a_waiting_fact_and_its_number_cannot_miss_one_another,
    a_notice_is_planned_once_for_ever,
    what_is_planned_as_claimed_belongs_to_the_planner,
    a_withdrawn_notice_is_lost_to_its_holder,
    what_is_being_sent_is_not_withdrawn,
    held_notices_can_be_looked_at_again_but_retries_wait,
    a_big_batch_is_saved_whole,
    what_is_refused_again_is_kept_once_while_it_waits,
);

async fn an_event_is_fresh_once(db: &Db) {
    let order = order_key("1");
    let batch = [arrival("a", Some(&order), "one"), arrival("b", None, "two")];
    let mut tx = db.store.begin("test").await.unwrap();
    assert_eq!(tx.mark_seen(&batch).await.unwrap(), [Seen::Fresh, Seen::Fresh]);
    tx.commit().await.unwrap();

    let mut tx = db.store.begin("test").await.unwrap();
    let again = [arrival("b", None, "two"), arrival("c", None, "three"), arrival("a", Some(&order), "other")];
    assert_eq!(tx.mark_seen(&again).await.unwrap(), [Seen::Repeat, Seen::Fresh, Seen::Reused]);
    tx.commit().await.unwrap();

    let facts = db.store.facts_of(&order).await.unwrap();
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0].raw, b"one", "the first is kept");
    assert_eq!((facts[0].kind.as_str(), facts[0].received_at), ("order.paid", start()));
}

async fn what_is_refused_again_is_kept_once_while_it_waits(db: &Db) {
    let refused = |raw: &str| Refused {
        door: "amqp",
        reason: "body: not JSON".into(),
        raw: raw.as_bytes().to_vec(),
        headers: String::new(),
    };
    let save = async |raws: &[&str]| {
        let changes = Changes { refused: raws.iter().map(|raw| refused(raw)).collect(), ..Changes::default() };
        let mut tx = db.store.begin("test").await.unwrap();
        tx.save(&changes, LEASE).await.unwrap();
        tx.commit().await.unwrap();
    };
    save(&["b", "a", "b"]).await;
    save(&["c", "a"]).await;
    let kept = db.store.quarantine(0, 10).await.unwrap();
    let raws: Vec<&[u8]> = kept.iter().map(|row| row.raw.as_slice()).collect();
    assert_eq!(raws, [b"b", b"a", b"c"], "in the order in which they came");
    assert!(db.store.quarantine_retried(kept[1].id).await.unwrap());
    save(&["a"]).await;
    assert_eq!(db.store.quarantine(0, 10).await.unwrap().len(), 3, "what was mended and is refused again waits again");
}

async fn one_key_twice_in_a_batch_is_judged_against_the_first(db: &Db) {
    let mut tx = db.store.begin("test").await.unwrap();
    let batch = [arrival("a", None, "one"), arrival("a", None, "one"), arrival("a", None, "other")];
    assert_eq!(tx.mark_seen(&batch).await.unwrap(), [Seen::Fresh, Seen::Repeat, Seen::Reused]);
    tx.commit().await.unwrap();

    let mut tx = db.store.begin("test").await.unwrap();
    let batch = [arrival("a", None, "other"), arrival("a", None, "one")];
    assert_eq!(tx.mark_seen(&batch).await.unwrap(), [Seen::Reused, Seen::Repeat], "judged against what is stored");
    assert_eq!(tx.mark_seen::<doorstep::store::rows::Arrival>(&[]).await.unwrap(), []);
}

async fn two_batches_with_the_same_events_share_them_out(db: &Db) {
    let mut tasks = Vec::new();
    for worker in 0..4 {
        let store = db.store.clone();
        tasks.push(tokio::spawn(unbroken(async move {
            let mut ids: Vec<usize> = (0..60).collect();
            ids.rotate_left(worker * 15);
            let batch: Vec<_> = ids.iter().map(|n| arrival(&n.to_string(), None, "says")).collect();
            let mut tx = store.begin("test").await?;
            let seen = tx.mark_seen(&batch).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(seen.into_iter().filter(|one| *one == Seen::Fresh).count())
        })));
    }
    let mut fresh = 0;
    for task in tasks {
        fresh += task.await.unwrap().unwrap();
    }
    assert_eq!(fresh, 60, "each event is fresh to one worker");
}

async fn an_order_is_written_only_over_the_version_that_was_read(db: &Db) {
    let (a, b) = (order_key("a"), order_key("b"));
    db.save(&Changes { orders: vec![row(&b, 0, "b1"), row(&a, 0, "a1")], ..Changes::default() }).await;
    let mut tx = db.store.begin("test").await.unwrap();
    let rows = tx.load_orders(&[b.clone(), a.clone(), b.clone(), order_key("unknown")]).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (&row.key, row.version, row.doc.as_str())).collect::<Vec<_>>(),
        [(&a, 1, "a1"), (&b, 1, "b1")]
    );
    tx.save(&Changes { orders: vec![row(&a, 1, "a2")], ..Changes::default() }, LEASE).await.unwrap();
    tx.commit().await.unwrap();

    let stale = Changes { orders: vec![row(&b, 1, "b2"), row(&a, 1, "a3")], ..Changes::default() };
    let mut tx = db.store.begin("test").await.unwrap();
    let refused = tx.save(&stale, LEASE).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    drop(tx);
    let rows = db.store.orders(&[a, b]).await.unwrap();
    let found: Vec<_> = rows.iter().map(|row| (row.version, row.doc.as_str())).collect();
    assert_eq!(found, [(2, "a2"), (1, "b1")], "nothing of the stale batch is left");
}

async fn two_workers_cannot_both_create_an_order(db: &Db) {
    let order = order_key("1");
    let changes = Changes { orders: vec![row(&order, 0, "first")], ..Changes::default() };
    db.save(&changes).await;
    let mut tx = db.store.begin("test").await.unwrap();
    assert!(tx.save(&changes, LEASE).await.is_err_and(|error| error.is_conflict()));
}

async fn a_dropped_transaction_leaves_nothing(db: &Db) {
    let order = order_key("1");
    let mut tx = db.store.begin("test").await.unwrap();
    tx.mark_seen(&[arrival("a", Some(&order), "one")]).await.unwrap();
    tx.save(&Changes { orders: vec![row(&order, 0, "{}")], ..Changes::default() }, LEASE).await.unwrap();
    drop(tx);
    assert!(db.store.orders(std::slice::from_ref(&order)).await.unwrap().is_empty());
    assert!(db.store.facts_of(&order).await.unwrap().is_empty());
    db.save(&Changes { orders: vec![row(&order, 0, "{}")], ..Changes::default() }).await;
}

async fn work_goes_on_when_its_caller_is_dropped(db: &Db) {
    for n in 0..20 {
        let (store, order) = (db.store.clone(), order_key(&n.to_string()));
        let work = unbroken(async move {
            let mut tx = store.begin("test").await?;
            tx.save(&Changes { orders: vec![row(&order, 0, "{}")], ..Changes::default() }, LEASE).await?;
            tx.commit().await
        });
        // Polled once, then dropped.
        let mut work = Box::pin(work);
        let _ = futures_util::poll!(&mut work);
    }
    let keys: Vec<_> = (0..20).map(|n| order_key(&n.to_string())).collect();
    let all = async { while db.store.orders(&keys).await.unwrap().len() < 20 {} };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("every order is stored in the end");
}

async fn loading_an_order_makes_others_wait(db: &Db) {
    let order = order_key("1");
    db.save(&Changes { orders: vec![row(&order, 0, "0")], ..Changes::default() }).await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (store, order) = (db.store.clone(), order.clone());
        tasks.push(tokio::spawn(async move {
            let mut tx = store.begin("test").await?;
            let rows = tx.load_orders(std::slice::from_ref(&order)).await?;
            let next = rows[0].doc.parse::<u32>().expect("a number") + 1;
            let changes =
                Changes { orders: vec![row(&order, rows[0].version, &next.to_string())], ..Changes::default() };
            tx.save(&changes, LEASE).await?;
            tx.commit().await
        }));
    }
    for task in tasks {
        task.await.unwrap().expect("whoever waits for its turn meets no conflict");
    }
    let rows = db.store.orders(&[order]).await.unwrap();
    assert_eq!((rows[0].version, rows[0].doc.as_str()), (9, "8"));
}

async fn every_odd_character_comes_back(db: &Db) {
    let mut odd: String = ('\u{1}'..='\u{17f}').collect();
    odd.push_str(
        "\u{2028}\u{feff}\u{fffd}\u{ffff}\u{1f4e6}\u{10ffff}'\"\\\\u0041 $1 {} %s ;-- \r\n\t e\u{301} łódź Київ",
    );
    let order = order_key(&format!("harbour/{odd}"));
    let bytes: Vec<u8> = (0..=255).collect();
    let silence = Silence {
        order: order.clone(),
        shipment: Some(odd.clone()),
        stage: Stage::Packed,
        role: Some(Role::Recipient),
        channel: None,
        why: Why::Off,
        at: start(),
    };
    let mut told = notice(&order, Stage::Delivered, 3);
    told.shipment = Some(odd.clone());
    let changes = Changes {
        orders: vec![row(&order, 0, &odd)],
        silences: vec![silence.clone()],
        notices: vec![Planned { notice: told.clone(), claimed: false }],
        refused: vec![
            Refused { door: "http", reason: odd.clone(), raw: bytes.clone(), headers: odd.clone() },
            Refused { door: "file", reason: "empty".into(), raw: Vec::new(), headers: String::new() },
        ],
        ..Changes::default()
    };
    let mut tx = db.store.begin("test").await.unwrap();
    let mut event = arrival("odd", Some(&order), "");
    event.raw = bytes.clone();
    tx.mark_seen(&[event]).await.unwrap();
    tx.save(&changes, LEASE).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(db.store.orders(std::slice::from_ref(&order)).await.unwrap()[0].doc, odd);
    assert_eq!(db.store.silences_of(&order).await.unwrap(), [silence]);
    assert_eq!(db.store.notices_of(&order).await.unwrap()[0].notice, told);
    assert_eq!(db.store.facts_of(&order).await.unwrap()[0].raw, bytes);
    let kept = db.store.quarantine(0, 10).await.unwrap();
    assert_eq!((kept[0].reason.as_str(), kept[0].headers.as_str(), &kept[0].raw), (odd.as_str(), odd.as_str(), &bytes));
    assert!(kept[1].raw.is_empty());
    assert_eq!(db.store.find_orders(&odd).await.unwrap(), [order]);
}

async fn nul_is_refused_and_nothing_is_written(db: &Db) {
    let changes = Changes {
        orders: vec![row(&order_key("1"), 0, "fine"), row(&order_key("2"), 0, "not\0fine")],
        ..Changes::default()
    };
    let mut tx = db.store.begin("test").await.unwrap();
    let refused = tx.save(&changes, LEASE).await;
    assert!(matches!(refused, Err(StoreError::Poison { .. })), "{refused:?}");
    drop(tx);
    assert!(db.store.orders(&[order_key("1"), order_key("2")]).await.unwrap().is_empty());
}

async fn a_fact_waits_for_its_number_and_is_adopted(db: &Db) {
    let (n, order) = (number("JD0146000012"), order_key("1"));
    let mut tx = db.store.begin("test").await.unwrap();
    tx.mark_seen(&[arrival("scan", None, "scanned"), arrival("scan 2", None, "scanned too")]).await.unwrap();
    assert!(tx.orders_of_numbers(std::slice::from_ref(&n)).await.unwrap().is_empty());
    let (first, second) = (EventKey::new("shop", "scan"), EventKey::new("shop", "scan 2"));
    let waiting = vec![(n.clone(), first), (number("XX11111111"), second)];
    tx.save(&Changes { waiting, ..Changes::default() }, LEASE).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.store.figures().await.unwrap().waiting, 2);

    let mut tx = db.store.begin("test").await.unwrap();
    tx.orders_of_numbers(std::slice::from_ref(&n)).await.unwrap();
    assert_eq!(tx.waiting_for(std::slice::from_ref(&n)).await.unwrap(), [(first, b"scanned".to_vec())]);
    let changes = Changes {
        orders: vec![row(&order, 0, "{}")],
        numbers: vec![(n.clone(), order.clone()), (n.clone(), order.clone())],
        adopted: vec![(first, order.clone())],
        ..Changes::default()
    };
    tx.save(&changes, LEASE).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = db.store.begin("test").await.unwrap();
    assert_eq!(tx.orders_of_numbers(std::slice::from_ref(&n)).await.unwrap(), [(n.clone(), order.clone())]);
    assert!(tx.waiting_for(&[n]).await.unwrap().is_empty());
    drop(tx);
    assert_eq!(db.store.facts_of(&order).await.unwrap()[0].raw, b"scanned");
    assert_eq!(db.store.figures().await.unwrap().waiting, 1, "the other still waits");
}

async fn a_waiting_fact_and_its_number_cannot_miss_one_another(db: &Db) {
    let (n, order) = (number("JD0146000012"), order_key("1"));
    let mut shows = db.store.begin("test").await.unwrap();
    assert!(shows.orders_of_numbers(std::slice::from_ref(&n)).await.unwrap().is_empty());
    let (store, asked) = (db.store.clone(), n.clone());
    let asks = tokio::spawn(async move {
        let mut tx = store.begin("test").await?;
        tx.orders_of_numbers(&[asked]).await
    });
    if db.store.kind() == Kind::Postgres {
        let blocked =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event = 'advisory'";
        let waits = async { while db.count(blocked).await == 0 {} };
        tokio::time::timeout(Duration::from_secs(60), waits).await.expect("the second waits for the number");
    }
    let changes =
        Changes { orders: vec![row(&order, 0, "{}")], numbers: vec![(n.clone(), order.clone())], ..Changes::default() };
    shows.save(&changes, LEASE).await.unwrap();
    shows.commit().await.unwrap();
    assert_eq!(asks.await.unwrap().unwrap(), [(n, order)]);
}

async fn a_notice_is_planned_once_for_ever(db: &Db) {
    let order = order_key("1");
    let (first, second) = (notice(&order, Stage::Shipped, 1), notice(&order, Stage::Delivered, 1));
    let plan = |notice| Planned { notice, claimed: false };
    let batch = vec![plan(first.clone()), plan(first.clone())];
    let keys = db.save(&Changes { orders: vec![row(&order, 0, "{}")], notices: batch, ..Changes::default() }).await;
    assert_eq!(keys, [first.key]);

    let claimed = db.claim_one().await;
    db.sending(&claimed).await;
    assert!(db.settle(&claimed, Verdict::Accepted { receipt: None }).await);
    let batch = vec![plan(first), plan(second.clone())];
    assert_eq!(db.save(&Changes { notices: batch, ..Changes::default() }).await, [second.key]);
    let states: Vec<_> = db.store.notices_of(&order).await.unwrap().iter().map(|row| row.state).collect();
    assert!(states.contains(&State::Accepted) && states.contains(&State::Planned) && states.len() == 2);
}

async fn what_is_planned_as_claimed_belongs_to_the_planner(db: &Db) {
    let order = order_key("1");
    let planned = notice(&order, Stage::Shipped, 1);
    let notices = vec![Planned { notice: planned.clone(), claimed: true }];
    db.save(&Changes { orders: vec![row(&order, 0, "{}")], notices, ..Changes::default() }).await;
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty(), "it is held");
    let held = db.store.notice(planned.key).await.unwrap().unwrap();
    assert_eq!((held.state, held.fence), (State::Claimed, 1));
    db.advance(61);
    assert_eq!(db.claim_one().await.fence, 2, "the planner died: another takes over");
}

async fn a_withdrawn_notice_is_lost_to_its_holder(db: &Db) {
    let claimed = db.claimed("1").await;
    let key = claimed.notice.key;
    let withdrawn = vec![(order_key("1"), key, Why::Superseded), (order_key("2"), key, Why::Off)];
    db.save(&Changes { withdrawn, ..Changes::default() }).await;
    let row = db.store.notice(key).await.unwrap().unwrap();
    assert_eq!((row.state, row.why.as_deref()), (State::Superseded, Some("superseded")));
    assert!(row.fence > claimed.fence && row.settled_at == Some(start()));
    let grants = db.store.intend(&[super::world::intent(&claimed)], LEASE / 2, LEASE).await.unwrap();
    assert_eq!(grants, [doorstep::store::rows::Grant::LeaseLost]);
    assert!(!db.settle(&claimed, Verdict::Released).await);
    db.advance(3600);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty(), "it is never due again");
}

async fn what_is_being_sent_is_not_withdrawn(db: &Db) {
    let claimed = db.claimed("1").await;
    db.sending(&claimed).await;
    let withdrawn = vec![(order_key("1"), claimed.notice.key, Why::Superseded)];
    db.save(&Changes { withdrawn, ..Changes::default() }).await;
    assert_eq!(db.store.notice(claimed.notice.key).await.unwrap().unwrap().state, State::Sending);
    assert!(db.settle(&claimed, Verdict::Accepted { receipt: None }).await);
}

async fn held_notices_can_be_looked_at_again_but_retries_wait(db: &Db) {
    let until = start() + SignedDuration::from_hours(10);
    let held = db.claimed("1").await;
    assert!(db.settle(&held, Verdict::Held { until, why: Why::OrderOnHold }).await);
    let deferred = db.claimed("2").await;
    let later = Verdict::Deferred { until, cause: "busy".into(), reached: true };
    assert!(db.settle(&deferred, later).await);
    assert!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
    assert_eq!(db.store.next_due(Channel::Email).await.unwrap(), Some(until));

    let recheck = vec![order_key("1"), order_key("2"), order_key("1")];
    db.save(&Changes { recheck, ..Changes::default() }).await;
    assert_eq!(db.claim_one().await.notice.order, order_key("1"));
}

async fn a_big_batch_is_saved_whole(db: &Db) {
    let keys: Vec<_> = (0..1000).map(|n| order_key(&format!("{n:04}"))).collect();
    let doc = "x".repeat(12_000);
    let changes = Changes {
        orders: keys.iter().map(|key| row(key, 0, &doc)).collect(),
        notices: keys.iter().map(|key| Planned { notice: notice(key, Stage::Shipped, 1), claimed: false }).collect(),
        wakes: keys.iter().map(|key| (key.clone(), Some(start()))).collect(),
        ..Changes::default()
    };
    let arrivals: Vec<_> = keys.iter().map(|key| arrival(key.as_str(), Some(key), &doc)).collect();
    let mut tx = db.store.begin("test").await.unwrap();
    assert!(tx.mark_seen(&arrivals).await.unwrap().iter().all(|seen| *seen == Seen::Fresh));
    assert_eq!(tx.save(&changes, LEASE).await.unwrap().len(), 1000);
    tx.commit().await.unwrap();
    let rows = db.store.orders(&keys).await.unwrap();
    assert_eq!(rows.len(), 1000);
    assert!(rows.iter().all(|row| row.doc == doc && row.version == 1));
}
