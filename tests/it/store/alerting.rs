//! Alerts: opened once, ended once, and what people make of them.

use std::time::Duration;

use doorstep::domain::alert::{Alert, AlertKey, Kind, Standing};
use doorstep::domain::event::Reason;
use doorstep::domain::id::OrderKey;
use doorstep::outcomes::alert as outcomes;
use doorstep::store::StoreError;
use doorstep::store::ops::Audit;
use doorstep::store::rows::Changes;
use doorstep::store::worklist::{Move, Report};
use jiff::SignedDuration;
use jiff::civil::Date;

use super::world::{Db, arrival, number, order_key, start};

on_both!(
    an_alert_comes_back_as_it_was_opened,
    an_alert_is_opened_once_and_ended_once,
    somebody_looks_after_it_and_programs_hear_of_it,
    put_off_it_says_until_when_and_what_ends_it_ends_it_all_the_same,
    a_person_ends_it_for_good,
    what_a_fact_ends_stays_ended,
    a_number_that_no_order_has_is_told_after_its_time_and_once,
);

fn alert(order: &OrderKey, parcel: Option<&str>, kind: Kind, occurrence: u32) -> Alert {
    Alert {
        key: AlertKey::new(order, parcel, kind, occurrence),
        order: order.clone(),
        parcel: parcel.map(str::to_owned),
        kind,
        occurrence,
        since: start() - SignedDuration::from_hours(72),
        opened_at: start(),
        carrier: Some("inpost".into()),
        lane: Some("DE → PL".into()),
        warehouse: Some("North".into()),
        reason: Some(Reason::CustomsHold),
        value: Some(-1),
        currency: Some("PLN".into()),
        promised: Some(Date::constant(2026, 11, 1)),
        chance: Some(0.75),
    }
}

fn bare(order: &OrderKey) -> Alert {
    Alert {
        carrier: None,
        lane: None,
        warehouse: None,
        reason: None,
        value: None,
        currency: None,
        promised: None,
        chance: None,
        ..alert(order, None, Kind::Late, 1)
    }
}

async fn open(db: &Db, alerts: &[&Alert]) {
    let alerts = alerts.iter().map(|alert| (*alert).clone()).collect();
    db.save(&Changes { alerts, ..Changes::default() }).await;
}

async fn end(db: &Db, alert: &Alert, why: &'static str) {
    let cleared = vec![(alert.order.clone(), alert.key, why)];
    db.save(&Changes { cleared, ..Changes::default() }).await;
}

async fn outcomes_left(db: &Db) -> i64 {
    db.count("select count(*) from outcomes").await
}

async fn an_alert_comes_back_as_it_was_opened(db: &Db) {
    let order = order_key("1");
    let (full, bare) = (alert(&order, Some("P1"), Kind::Stalled, 3), bare(&order));
    open(db, &[&full, &bare]).await;
    let rows = db.store.alerts_of(&order).await.unwrap();
    let back: Vec<&Alert> = rows.iter().map(|row| &row.alert).collect();
    assert_eq!(back, [&bare, &full], "of one time they are sorted by kind");
    assert!(
        rows.iter().all(|row| row.standing == Standing::Open && row.cleared_at.is_none() && row.acked_at.is_none())
    );
    assert_eq!(db.count("select count(*) from alerts where brand = 'harbour'").await, 2);
    assert!(db.store.alerts_of(&order_key("2")).await.unwrap().is_empty());
}

async fn an_alert_is_opened_once_and_ended_once(db: &Db) {
    let order = order_key("1");
    let stalled = alert(&order, Some("P1"), Kind::Stalled, 1);
    open(db, &[&stalled]).await;
    open(db, &[&Alert { value: Some(9), ..stalled.clone() }]).await;
    end(db, &stalled, "moved_on").await;
    db.advance(60);
    end(db, &stalled, "delivered").await;
    open(db, &[&stalled]).await;
    let rows = db.store.alerts_of(&order).await.unwrap();
    assert_eq!((rows.len(), rows[0].alert.value, rows[0].standing), (1, Some(-1), Standing::Cleared));
    assert_eq!((rows[0].cleared_at, rows[0].clear_why.as_deref()), (Some(start()), Some("moved_on")));
}

/// Whether `who` could move an alert.
async fn moved(db: &Db, alert: &Alert, to: &Move, who: &str) -> Result<bool, StoreError> {
    let audit = Audit { person: who.to_owned(), action: "move", ..Audit::default() };
    let report: Option<Report> = match to {
        Move::Acknowledge => Some(outcomes::acknowledged),
        Move::Clear(_) => Some(outcomes::cleared_row),
        Move::Snooze(_) => None,
    };
    db.store.move_alert(&alert.order, alert.key, to, audit, report).await
}

async fn somebody_looks_after_it_and_programs_hear_of_it(db: &Db) {
    let order = order_key("1");
    let (first, second) = (alert(&order, Some("P1"), Kind::Stalled, 1), bare(&order));
    open(db, &[&first, &second]).await;
    assert!(moved(db, &first, &Move::Acknowledge, "ada").await.unwrap());
    let row = db.store.alerts_of(&order).await.unwrap().into_iter().find(|row| row.alert.key == first.key).unwrap();
    assert_eq!((row.standing, row.acked_by.as_deref()), (Standing::Acknowledged, Some("ada")));
    assert_eq!(row.acked_at, Some(start()));
    let other = Alert { key: AlertKey::new(&order, None, Kind::Late, 99), ..first.clone() };
    assert!(!moved(db, &other, &Move::Acknowledge, "ada").await.unwrap(), "there is no such alert");
    assert_eq!(outcomes_left(db).await, 1);
    assert_eq!(db.count("select count(*) from outcomes where kind = 'alert.acknowledged'").await, 1);
    assert!(moved(db, &first, &Move::Acknowledge, "a\0b").await.is_err(), "no database keeps such a name");
}

async fn put_off_it_says_until_when_and_what_ends_it_ends_it_all_the_same(db: &Db) {
    let order = order_key("1");
    let stalled = alert(&order, Some("P1"), Kind::Stalled, 1);
    open(db, &[&stalled]).await;
    let until = start() + SignedDuration::from_mins(10);
    assert!(moved(db, &stalled, &Move::Snooze(until), "ada").await.unwrap());
    let row = db.store.alerts_of(&order).await.unwrap().remove(0);
    assert_eq!((row.standing, row.snoozed_until), (Standing::Snoozed, Some(until)));
    end(db, &stalled, "delivered").await;
    assert!(!moved(db, &stalled, &Move::Snooze(until), "ada").await.unwrap());
    let row = db.store.alerts_of(&order).await.unwrap().remove(0);
    assert_eq!(row.standing, Standing::Cleared);
}

async fn a_person_ends_it_for_good(db: &Db) {
    let order = order_key("1");
    let stalled = alert(&order, Some("P1"), Kind::Stalled, 1);
    open(db, &[&stalled]).await;
    assert!(moved(db, &stalled, &Move::Clear("sent anew".into()), "ada").await.unwrap());
    assert!(!moved(db, &stalled, &Move::Clear("again".into()), "bo").await.unwrap());
    end(db, &stalled, "delivered").await;
    open(db, &[&stalled]).await;
    let row = db.store.alerts_of(&order).await.unwrap().remove(0);
    assert_eq!((row.standing, row.clear_why.as_deref()), (Standing::Cleared, Some("by hand: sent anew")));
    assert_eq!(row.why_in_a_word(), "by_hand");
    // Programs learn that a person did it, and neither who nor why.
    assert_eq!(db.count("select count(*) from outcomes where body like '%by_hand%'").await, 1);
    assert_eq!(db.count("select count(*) from outcomes where body like '%ada%' or body like '%anew%'").await, 0);
}

async fn what_a_fact_ends_stays_ended(db: &Db) {
    let order = order_key("1");
    let stalled = alert(&order, Some("P1"), Kind::Stalled, 1);
    open(db, &[&stalled]).await;
    end(db, &stalled, "delivered").await;
    assert!(!moved(db, &stalled, &Move::Acknowledge, "ada").await.unwrap());
    assert!(!moved(db, &stalled, &Move::Clear("why".into()), "ada").await.unwrap());
    assert_eq!(outcomes_left(db).await, 0);
}

async fn a_number_that_no_order_has_is_told_after_its_time_and_once(db: &Db) {
    const DAY: Duration = Duration::from_secs(86_400);
    let lost = number("PL000000001");
    for id in ["a", "b"] {
        let scan = arrival(id, None, id);
        let mut tx = db.store.begin("test").await.unwrap();
        tx.mark_seen(std::slice::from_ref(&scan)).await.unwrap();
        tx.save(&Changes { waiting: vec![(lost.clone(), scan.key)], ..Changes::default() }, super::world::LEASE)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        db.advance(3600);
    }
    assert!(db.store.unknown_numbers(DAY, None, 10).await.unwrap().is_empty());
    db.advance(22 * 3600);
    let found = db.store.unknown_numbers(DAY, None, 10).await.unwrap();
    assert_eq!((found.len(), &found[0].number, found[0].since), (1, &lost, start()));
    assert_eq!(found[0].raw, b"a");
    let order = order_key("?");
    let alert = Alert {
        parcel: Some(lost.as_str().into()),
        ..alert(&order, Some(lost.as_str()), Kind::UnknownTrackingNumber, 1)
    };
    let report = |row: &doorstep::store::alerts::AlertRow| Some(outcomes::opened(&row.alert));
    assert_eq!(db.store.open_alerts(std::slice::from_ref(&alert), report).await.unwrap().len(), 1);
    assert_eq!(db.store.open_alerts(&[alert], report).await.unwrap().len(), 0, "another worker was first");
    db.advance(7200);
    assert!(db.store.unknown_numbers(DAY, None, 10).await.unwrap().is_empty(), "both scans are of one number");
    assert!(db.store.end_found_numbers(|_| None).await.unwrap().is_empty(), "they still wait");
    let adopted = vec![(arrival("a", None, "a").key, order_key("1")), (arrival("b", None, "b").key, order_key("1"))];
    let numbers = vec![(lost.clone(), order_key("1"))];
    db.save(&Changes { adopted, numbers, ..Changes::default() }).await;
    let ended = db.store.end_found_numbers(outcomes::cleared_row).await.unwrap();
    assert_eq!((ended.len(), ended[0].clear_why.as_deref()), (1, Some("found")));
    assert_eq!(outcomes_left(db).await, 2);
}
