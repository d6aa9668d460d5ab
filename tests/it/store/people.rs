//! What people ask and wish: opt-outs, timers, dictionaries, quarantine, history, figures, forgetting.

use std::collections::BTreeSet;

use doorstep::domain::id::BrandId;
use doorstep::domain::notice::{Silence, Why};
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::stage::Stage;
use doorstep::domain::topic::Topic;
use doorstep::store::rows::{Changes, CodeCheck, Refused, State, Verdict};
use doorstep::store::{Kind, Mask};
use jiff::SignedDuration;
use uuid::Uuid;

use super::world::{Db, LEASE, arrival, contact, notice, number, order_key, row, start};

on_both!(
    a_wish_is_of_a_topic_a_channel_and_a_brand,
    opt_outs_of_before_are_carried_over,
    a_masked_contact_is_found_and_stands_nowhere,
    what_was_chosen_before_a_newer_secret_is_one_with_what_is_chosen_after,
    told_messages_are_counted_for_a_day,
    a_timer_is_one_row_an_order,
    a_claimed_timer_comes_back_unless_it_is_written,
    a_dictionary_never_changes,
    a_dictionary_goes_when_nobody_uses_it,
    kept_bytes_are_walked_through_page_by_page,
    what_was_refused_can_be_listed_and_mended,
    notices_are_listed_page_by_page,
    an_order_is_found_by_the_shops_own_id,
    figures_count_what_is_open,
    old_rows_are_forgotten_in_steps,
);

async fn a_wish_is_of_a_topic_a_channel_and_a_brand(db: &Db) {
    let (a, b) = (contact(), ContactKey::new(Channel::Sms, "+48500500500"));
    let (harbour, kettle) = (BrandId::new("harbour"), BrandId::new("kettle"));
    for topic in [Topic::Feedback, Topic::Feedback, Topic::Progress] {
        db.store.decline(a, Some(&harbour), Channel::Email, Some(topic), "one_click").await.unwrap();
    }
    db.store.decline(b, None, Channel::Sms, None, "import").await.unwrap();
    let wishes = db.store.consents(&[b, a, b]).await.unwrap();
    assert_eq!(wishes.iter().map(|wish| wish.contact).collect::<Vec<_>>(), [b, a, b]);
    assert!(!wishes[0].allows(&kettle, Channel::Sms, Topic::Necessary));
    let may = |topic| wishes[1].allows(&harbour, Channel::Email, topic);
    assert_eq!(Topic::ALL.map(may), [true, false, true, false, true]);
    assert!(wishes[1].allows(&kettle, Channel::Email, Topic::Feedback), "another shop was not meant");
    assert!(wishes[1].allows(&harbour, Channel::Sms, Topic::Feedback), "nor another channel");

    db.store.allow(a, Some(&harbour), Channel::Email, Some(Topic::Feedback)).await.unwrap();
    db.store.allow(b, Some(&harbour), Channel::Sms, None).await.unwrap();
    let wishes = db.store.consents(&[a, b]).await.unwrap();
    assert!(wishes[0].allows(&harbour, Channel::Email, Topic::Feedback));
    assert!(!wishes[0].allows(&harbour, Channel::Email, Topic::Progress));
    assert!(wishes[1].declined.is_empty());
    assert!(db.store.consents(&[]).await.unwrap().is_empty());
}

async fn opt_outs_of_before_are_carried_over(db: &Db) {
    let key = match db.store.kind() {
        Kind::Postgres => format!("'{}'::uuid", contact().0),
        Kind::Sqlite => format!("x'{}'", contact().0.simple()),
    };
    for class in ["progress", "question"] {
        let row = format!("({key}, '{class}', 'email', 'one_click', 5)");
        db.raw(&format!("insert into optouts (contact, class, channel, source, at) values {row}")).await;
    }
    let masked = db.store.masked(Mask::new(&["a secret of some letters".into()]).unwrap());
    for store in [&db.store, &masked] {
        let wishes = store.consents(&[contact()]).await.unwrap().remove(0);
        let may = |topic| wishes.allows(&BrandId::new("harbour"), Channel::Email, topic);
        assert_eq!(Topic::ALL.map(may), [true, false, true, false, true]);
    }
}

async fn a_masked_contact_is_found_and_stands_nowhere(db: &Db) {
    let masked = db.store.masked(Mask::new(&["a secret of some letters".into()]).unwrap());
    masked.decline(contact(), None, Channel::Email, None, "import").await.unwrap();
    let newer =
        db.store.masked(Mask::new(&["a newer secret of ours".into(), "a secret of some letters".into()]).unwrap());
    for (store, found) in [(&masked, 1), (&newer, 1), (&db.store, 0)] {
        assert_eq!(store.consents(&[contact()]).await.unwrap()[0].declined.len(), found);
    }
    newer.allow(contact(), None, Channel::Email, None).await.unwrap();
    assert!(masked.consents(&[contact()]).await.unwrap()[0].declined.is_empty());
}

/// A number that was removed stays removed, whatever older names it stood under.
async fn what_was_chosen_before_a_newer_secret_is_one_with_what_is_chosen_after(db: &Db) {
    let brand = BrandId::new("harbour");
    let masked = db.store.masked(Mask::new(&["a secret of some letters".into()]).unwrap());
    let newer =
        db.store.masked(Mask::new(&["a newer secret of ours".into(), "a secret of some letters".into()]).unwrap());
    let confirm = async |store: &doorstep::store::Store, number: &str| {
        assert!(store.expect_code(contact(), &brand, number, "123456", (10, 5)).await.unwrap());
        assert_eq!(store.confirm_number(contact(), &brand, "123456").await.unwrap(), CodeCheck::Right);
    };
    let chosen = async || {
        let known = newer.consents(&[contact()]).await.unwrap().remove(0);
        assert!(known.chosen.len() <= 1, "one row for each person and brand: {known:?}");
        let number = |one: &doorstep::store::rows::Chosen| one.number.as_ref().map(|number| number.expose().clone());
        known.chosen_for(&brand).map(|one| (one.locale.clone(), number(one)))
    };
    db.store.choose_locale(contact(), &brand, "pl").await.unwrap();
    confirm(&db.store, "+48500500501").await;
    assert_eq!(chosen().await, Some((Some("pl".into()), Some("+48500500501".into()))));
    masked.forget_number(contact(), &brand).await.unwrap();
    assert_eq!(chosen().await, Some((Some("pl".into()), None)), "removed under a newer name");
    confirm(&masked, "+48500500502").await;
    newer.choose_locale(contact(), &brand, "uk").await.unwrap();
    assert_eq!(chosen().await, Some((Some("uk".into()), Some("+48500500502".into()))));
    confirm(&newer, "+48500500503").await;
    assert_eq!(chosen().await, Some((Some("uk".into()), Some("+48500500503".into()))));
}

async fn told_messages_are_counted_for_a_day(db: &Db) {
    for order in ["1", "2"] {
        let claimed = db.claimed(order).await;
        db.sending(&claimed).await;
        assert!(db.settle(&claimed, Verdict::Accepted { receipt: None }).await);
        db.clock.advance(SignedDuration::from_hours(23));
    }
    assert_eq!(db.store.consents(&[contact()]).await.unwrap()[0].told_last_day, 1, "46 and 23 hours ago");
}

async fn a_timer_is_one_row_an_order(db: &Db) {
    let (a, b) = (order_key("a"), order_key("b"));
    let minutes = |n| Some(start() + SignedDuration::from_mins(n));
    assert_eq!(db.store.next_wake().await.unwrap(), None);
    let wakes = vec![(a.clone(), minutes(9)), (b.clone(), minutes(2)), (a.clone(), minutes(4))];
    db.save(&Changes { wakes, ..Changes::default() }).await;
    assert_eq!(db.store.next_wake().await.unwrap(), minutes(2));
    db.save(&Changes { wakes: vec![(b, None), (order_key("c"), None)], ..Changes::default() }).await;
    assert_eq!(db.store.next_wake().await.unwrap(), minutes(4), "the last wish counts");
    db.save(&Changes { wakes: vec![(a.clone(), minutes(1))], ..Changes::default() }).await;
    assert!(db.store.claim_wakes(10, LEASE).await.unwrap().is_empty());
    db.advance(60);
    assert_eq!(db.store.claim_wakes(10, LEASE).await.unwrap(), [a]);
}

async fn a_claimed_timer_comes_back_unless_it_is_written(db: &Db) {
    let keys: Vec<_> = (0..4).map(|n| order_key(&n.to_string())).collect();
    let wakes =
        keys.iter().enumerate().map(|(n, key)| (key.clone(), Some(start() - SignedDuration::from_mins(n as i64))));
    db.save(&Changes { wakes: wakes.collect(), ..Changes::default() }).await;
    let mut first = db.store.claim_wakes(3, LEASE).await.unwrap();
    first.sort_unstable();
    assert_eq!(first, keys[1..], "the oldest first");
    assert_eq!(db.store.claim_wakes(3, LEASE).await.unwrap(), keys[..1]);
    assert_eq!(db.store.figures().await.unwrap().wakes_due, 0);
    let later = Some(start() + SignedDuration::from_hours(1));
    let wakes = vec![(keys[1].clone(), None), (keys[2].clone(), later)];
    db.save(&Changes { wakes, ..Changes::default() }).await;
    db.advance(60);
    assert_eq!(db.store.figures().await.unwrap().wakes_due, 2);
    let mut again = db.store.claim_wakes(10, LEASE).await.unwrap();
    again.sort_unstable();
    assert_eq!(again, [keys[0].clone(), keys[3].clone()]);
}

async fn a_dictionary_never_changes(db: &Db) {
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    db.store.save_frame(a, b"first \0\xff").await.unwrap();
    db.store.save_frame(a, b"second").await.unwrap();
    db.store.save_frame(b, b"").await.unwrap();
    let mut frames = db.store.frames(&[a, b, Uuid::from_u128(3)]).await.unwrap();
    frames.sort_unstable();
    assert_eq!(frames, [(a, b"first \0\xff".to_vec()), (b, Vec::new())]);
    assert!(db.store.frames(&[]).await.unwrap().is_empty());
}

async fn a_dictionary_goes_when_nobody_uses_it(db: &Db) {
    let [needed, in_use, gone] = [1, 2, 3].map(Uuid::from_u128);
    for hash in [needed, in_use, gone] {
        db.store.save_frame(hash, b"bytes").await.unwrap();
    }
    let first = db.store.clock().now();
    assert!(!db.store.has_old_frames(first).await.unwrap());
    db.advance(60);
    db.store.save_frame(in_use, b"bytes").await.unwrap();
    let before = db.store.clock().now();
    assert!(db.store.has_old_frames(before).await.unwrap());
    assert_eq!(db.store.prune_frames(first, &[]).await.unwrap(), 0);
    assert_eq!(db.store.prune_frames(before, &[needed]).await.unwrap(), 1);
    let left = db.store.frames(&[needed, in_use, gone]).await.unwrap();
    assert_eq!(left.into_iter().map(|(hash, _)| hash).collect::<BTreeSet<_>>(), [needed, in_use].into());
    assert_eq!(db.store.prune_frames(before, &[]).await.unwrap(), 1);
    assert!(!db.store.has_old_frames(before).await.unwrap());
}

async fn kept_bytes_are_walked_through_page_by_page(db: &Db) {
    let mut keys = Vec::new();
    for order in ["1", "2", "3"] {
        let claimed = db.claimed(order).await;
        db.sending(&claimed).await;
        keys.push(claimed.notice.key);
    }
    keys.sort_unstable();
    let first = db.store.sealed_after(None, 2).await.unwrap();
    let rest = db.store.sealed_after(Some(first[1].0), 2).await.unwrap();
    assert!(first.iter().chain(&rest).all(|(_, bytes)| bytes == b"the exact bytes"));
    assert_eq!(first.iter().chain(&rest).map(|(key, _)| *key).collect::<Vec<_>>(), keys);
    assert!(db.store.sealed_after(Some(keys[2]), 2).await.unwrap().is_empty());
}

async fn what_was_refused_can_be_listed_and_mended(db: &Db) {
    let refused = (0..5).map(|n| Refused {
        door: "amqp",
        reason: format!("data.order.id: missing ({n})"),
        raw: vec![n],
        headers: "{}".into(),
    });
    db.save(&Changes { refused: refused.collect(), ..Changes::default() }).await;
    let first = db.store.quarantine(0, 3).await.unwrap();
    let rest = db.store.quarantine(first[2].id, 3).await.unwrap();
    let raws: Vec<_> = first.iter().chain(&rest).map(|one| one.raw[0]).collect();
    assert_eq!(raws, [0, 1, 2, 3, 4]);
    assert_eq!((first[0].door.as_str(), first[0].refused_at, first[0].retried_at), ("amqp", start(), None));

    let id = first[1].id;
    db.advance(5);
    assert!(db.store.quarantine_retried(id).await.unwrap());
    assert!(!db.store.quarantine_retried(id).await.unwrap(), "once");
    let kept = db.store.quarantined(id).await.unwrap().unwrap();
    assert_eq!(kept.retried_at, Some(start() + SignedDuration::from_secs(5)));
    assert!(db.store.quarantine_drop(first[0].id).await.unwrap());
    assert!(!db.store.quarantine_drop(first[0].id).await.unwrap());
    assert!(db.store.quarantined(first[0].id).await.unwrap().is_none());
    assert_eq!(db.store.quarantine(0, 10).await.unwrap().len(), 3);
    assert_eq!(db.store.figures().await.unwrap().quarantine, 3);
}

async fn notices_are_listed_page_by_page(db: &Db) {
    let order = order_key("1");
    let notices: Vec<_> = (1..=25).map(|n| notice(&order, Stage::AttemptFailed, n)).collect();
    db.plan(&order, &notices).await;
    for claimed in db.store.claim(Channel::Email, 12, LEASE).await.unwrap() {
        assert!(db.settle(&claimed, Verdict::Suppressed { why: Why::NotWished }).await);
    }
    for (state, expected) in [(State::Planned, 13), (State::Suppressed, 12), (State::Accepted, 0)] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = db.store.notices_in(state, after, 5).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.notice.key);
            all.extend(page);
        }
        assert_eq!(all.len(), expected, "{state:?}");
        assert!(all.iter().all(|row| row.state == state) && all.is_sorted_by_key(|row| row.notice.key));
    }
    assert_eq!(db.store.notices_of(&order).await.unwrap().len(), 25);
    assert!(db.store.notices_of(&order_key("2")).await.unwrap().is_empty());
}

async fn an_order_is_found_by_the_shops_own_id(db: &Db) {
    assert!(db.store.find_orders("7").await.unwrap().is_empty());
    let keys = ["a/7", "a-b/7", "a0/7", "b/8", "b/x/7", "c/17", "zz/7"].map(order_key);
    db.save(&Changes { orders: keys.iter().map(|key| row(key, 0, "{}")).collect(), ..Changes::default() }).await;
    let found: Vec<_> = db.store.find_orders("7").await.unwrap().iter().map(|key| key.as_str().to_owned()).collect();
    assert_eq!(found, ["a-b/7", "a/7", "a0/7", "zz/7"]);
    assert_eq!(db.store.find_orders("x/7").await.unwrap(), [order_key("b/x/7")]);
    assert!(db.store.find_orders("%").await.unwrap().is_empty());
}

async fn figures_count_what_is_open(db: &Db) {
    assert_eq!(db.store.figures().await.unwrap(), doorstep::store::rows::Figures::default());
    let order = order_key("1");
    let mut notices: Vec<_> = (1..=6).map(|n| notice(&order, Stage::AttemptFailed, n)).collect();
    notices[5].channel = Channel::Sms;
    notices[4].due = start() - SignedDuration::from_mins(7);
    db.plan(&order, &notices).await;
    let oldest = db.store.claim(Channel::Email, 1, LEASE).await.unwrap();
    assert_eq!(oldest[0].notice.occurrence, 5);
    db.sending(&oldest[0]).await;
    let claimed = db.store.claim(Channel::Email, 2, LEASE).await.unwrap();
    db.settle(&claimed[0], Verdict::Superseded { why: Why::Expired }).await;
    let figures = db.store.figures().await.unwrap();
    assert_eq!(
        figures.notices,
        [
            (Channel::Email, State::Planned, 2),
            (Channel::Email, State::Claimed, 1),
            (Channel::Email, State::Sending, 1),
            (Channel::Sms, State::Planned, 1),
        ]
    );
    assert_eq!(figures.oldest_due, [(Channel::Email, start()), (Channel::Sms, start())]);
}

async fn old_rows_are_forgotten_in_steps(db: &Db) {
    let order = order_key("1");
    let batch =
        |from: u32, to: u32| -> Vec<_> { (from..to).map(|n| arrival(&n.to_string(), Some(&order), "says")).collect() };
    let silence = Silence {
        order: order.clone(),
        shipment: None,
        stage: Stage::Packed,
        role: None,
        channel: None,
        why: Why::Off,
        at: start(),
    };
    let mut tx = db.store.begin("test").await.unwrap();
    tx.mark_seen(&batch(0, 25)).await.unwrap();
    let waiting = vec![(number("JD0146000012"), arrival("0", None, "").key)];
    tx.save(&Changes { silences: vec![silence.clone()], waiting, ..Changes::default() }, LEASE).await.unwrap();
    tx.commit().await.unwrap();
    let told = db.claimed("1").await;
    db.sending(&told).await;
    db.settle(&told, Verdict::Accepted { receipt: None }).await;
    db.clock.advance(SignedDuration::from_hours(49));
    let mut tx = db.store.begin("test").await.unwrap();
    tx.mark_seen(&batch(25, 30)).await.unwrap();
    tx.commit().await.unwrap();

    let before = start() + SignedDuration::from_hours(1);
    let steps = [
        db.store.prune(before, 10).await.unwrap(),
        db.store.prune(before, 10).await.unwrap(),
        db.store.prune(before, 10).await.unwrap(),
    ];
    assert_eq!(steps.map(|step| step.inbox), [10, 10, 5]);
    assert_eq!((steps[0].silences, steps[0].told, steps[0].waiting), (1, 1, 1));
    assert!(db.store.prune(before, 10).await.unwrap().is_empty());
    assert_eq!(db.store.facts_of(&order).await.unwrap().len(), 5, "what is young stays");
    assert_eq!(db.store.notices_of(&order).await.unwrap().len(), 1, "notices stay for ever");
}
