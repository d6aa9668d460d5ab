//! What operators do, and what is written down of it.

use doorstep::domain::alert::Kind;
use doorstep::domain::person::Channel;
use jiff::SignedDuration;
use serde_json::json;

use super::seed::{self, Seed};
use super::{Site, on_both};
use crate::store::world::{Db, LEASE};

on_both!(
    alerts_are_acknowledged_snoozed_and_cleared,
    a_group_is_acted_on_as_far_as_it_was_seen,
    links_are_revoked_by_a_fact,
    messages_are_paused_and_resumed_by_facts,
    the_customer_is_told_now,
    doubts_are_settled_once,
    refused_events_are_retried_or_dropped,
);

const PAGE: &str = "/ops/orders/harbour/A-1001";

async fn standing(db: &Db, seed: &Seed) -> (i64, i64) {
    let id = match db.store.kind() {
        doorstep::store::Kind::Postgres => format!("'{}'::uuid", seed.key().0),
        doorstep::store::Kind::Sqlite => format!("x'{}'", seed.key().0.simple()),
    };
    let open = db.count(&format!("select count(*) from alerts where id = {id} and cleared_at is null")).await;
    let taken = db.count(&format!("select count(*) from alerts where id = {id} and acked_by = 'ann'")).await;
    (open, taken)
}

async fn alerts_are_acknowledged_snoozed_and_cleared(db: &Db) {
    let site = Site::new(db).await;
    seed::order(&site, "A-1001", "Anna Nowak").await;
    let seed = Seed { parcel: Some("S-1".into()), ..Seed::new("A-1001", Kind::Stalled) };
    seed.insert(db).await;
    let (ann, key) = (site.login("ann").await, seed.key().0.to_string());
    let alert = format!("{PAGE}/alert");
    assert_eq!(ann.act(&alert, &[("alert", &key), ("act", "acknowledge")]).await, "acknowledged");
    assert_eq!(standing(db, &seed).await, (1, 1));
    let page = ann.page(PAGE).await;
    assert!(page.contains("acknowledged by ann") && !page.contains("value=\"acknowledge\""), "it needs nobody twice");

    assert_eq!(ann.act(&alert, &[("alert", &key), ("act", "snooze"), ("until", "4h")]).await, "snoozed");
    let list = async || ann.page("/ops/alerts").await.contains("A-1001");
    assert!(!list().await, "what was put off is out of sight");
    assert!(ann.page("/ops/alerts?standing=snoozed").await.contains("A-1001"));
    db.clock.advance(SignedDuration::from_hours(4));
    assert!(list().await, "and comes back by itself");

    for (fields, word) in [
        (vec![("alert", key.as_str()), ("act", "clear")], "unclear"),
        (vec![("alert", key.as_str()), ("act", "snooze"), ("until", "never")], "unclear"),
        (vec![("alert", "7"), ("act", "acknowledge")], "unclear"),
        (vec![("alert", key.as_str()), ("act", "clear"), ("why", "found at the hub")], "cleared"),
        (vec![("alert", key.as_str()), ("act", "acknowledge")], "gone"),
    ] {
        assert_eq!(ann.act(&alert, &fields).await, word, "{fields:?}");
    }
    assert_eq!(standing(db, &seed).await.0, 0);
    assert!(ann.page(PAGE).await.contains("ann: found at the hub"));
    // One row for each thing that was done; nothing for what was not.
    let audit = ann.page("/ops/audit").await;
    for (action, count) in [("acknowledge", 1), ("snooze", 1), ("clear", 1)] {
        assert_eq!(
            db.count(&format!(
                "select count(*) from ops_audit where action = '{action}' and order_key = 'harbour/A-1001'"
            ))
            .await,
            count
        );
        assert!(audit.contains(action));
    }
    // Another order's page cannot reach this alert.
    let other = ann.act("/ops/orders/harbour/B-1/alert", &[("alert", &key), ("act", "acknowledge")]).await;
    assert_eq!(other, "gone");
}

async fn a_group_is_acted_on_as_far_as_it_was_seen(db: &Db) {
    let site = Site::new(db).await;
    let ann = site.login("ann").await;
    let many: Vec<Seed> = (0..60).map(|n| Seed::new(&format!("B-{n}"), Kind::Stalled)).collect();
    seed::insert(db, &many).await;
    let other = Seed { carrier: Some("gls"), ..Seed::new("C-1", Kind::Stalled) };
    let nowhere = Seed { lane: None, ..Seed::new("C-2", Kind::Stalled) };
    seed::insert(db, &[other.clone(), nowhere.clone()]).await;
    let page = ann.page("/ops/alerts?kind=stalled&carrier=dhl&lane=DE%20%E2%86%92%20PL").await;
    let seen = page.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(page.contains(">60 alerts<"), "{page}");
    // One that came up after the page was loaded: nobody has seen it.
    db.clock.advance(SignedDuration::from_hours(1));
    let late = Seed { hours_ago: -1, ..Seed::new("B-late", Kind::Stalled) };
    late.insert(db).await;
    let fields = [("kind", "stalled"), ("carrier", "dhl"), ("lane", "DE → PL"), ("seen", &seen)];
    let done = ann.act("/ops/alerts", &[&[("act", "acknowledge")], &fields[..]].concat()).await;
    assert_eq!(done, "group.60");
    assert_eq!(db.count("select count(*) from alerts where state = 'acknowledged' and acked_by = 'ann'").await, 60);
    for untouched in [&other, &nowhere, &late] {
        assert_eq!(standing(db, untouched).await, (1, 0), "{}", untouched.order);
    }
    assert_eq!(
        db.count("select count(*) from ops_audit where action = 'acknowledge' and detail = '60 alerts'").await,
        1
    );
    let none = [("act", "snooze"), ("until", "1h"), ("kind", "stalled"), ("lane", "-"), ("seen", &seen)];
    assert_eq!(ann.act("/ops/alerts", &none).await, "group.1", "those without a lane are a group too");
    let whole = [("act", "clear"), ("why", "x"), ("seen", seen.as_str())];
    assert_eq!(ann.act("/ops/alerts", &whole).await, "unclear", "a group is not cleared by hand");
    assert_eq!(ann.act("/ops/alerts", &[("act", "acknowledge")]).await, "unclear", "without what was seen");
    // A page after the other, each alert once.
    let mut next = Some("/ops/alerts?sort=value&standing=all".to_owned());
    let mut orders = std::collections::BTreeSet::new();
    let mut pages = 0;
    while let Some(path) = next {
        let page = ann.page(&path).await;
        for row in page.split("data-label=\"Order\"><a href=\"").skip(1) {
            assert!(orders.insert(row.split('"').next().unwrap().to_owned()), "twice");
        }
        next = page
            .split("rel=\"next\" href=\"")
            .nth(1)
            .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&").replace("&#x3D;", "="));
        pages += 1;
    }
    assert_eq!((orders.len(), pages), (63, 2));
}

async fn links_are_revoked_by_a_fact(db: &Db) {
    let site = Site::new(db).await;
    seed::order(&site, "A-1001", "Anna Nowak").await;
    let ann = site.login("ann").await;
    let generation = async || {
        let key = crate::store::world::order_key("A-1001");
        let row = db.store.orders(&[key]).await.unwrap().pop().unwrap();
        serde_json::from_str::<doorstep::domain::order::Order>(&row.doc).unwrap().known.link_generation()
    };
    for expected in [1, 2] {
        db.clock.advance(SignedDuration::from_secs(1));
        assert_eq!(ann.act(&format!("{PAGE}/links"), &[]).await, "revoked");
        assert_eq!(generation().await, expected);
    }
    assert_eq!(ann.post("/ops/orders/harbour/none/links", &[]).await.status, 404);
    let bob = site.login("bob").await;
    assert_eq!(bob.post(&format!("{PAGE}/links"), &[]).await.status, 403);
    assert_eq!(generation().await, 2);
    assert_eq!(db.count("select count(*) from ops_audit where action = 'revoke_links' and person = 'ann'").await, 2);
}

async fn messages_are_paused_and_resumed_by_facts(db: &Db) {
    let site = Site::new(db).await;
    seed::order(&site, "A-1001", "Anna Nowak").await;
    let ann = site.login("ann").await;
    assert_eq!(ann.act(&format!("{PAGE}/pause"), &[("pause", "yes")]).await, "paused");
    let page = ann.page(PAGE).await;
    assert!(page.contains("messages paused") && page.contains("order.updated"), "a fact like any other");
    db.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(ann.act(&format!("{PAGE}/pause"), &[("pause", "no")]).await, "resumed");
    assert!(!ann.page(PAGE).await.contains("messages paused"));
    assert_eq!(ann.post("/ops/orders/harbour/none/pause", &[("pause", "yes")]).await.status, 404);
    assert_eq!(db.count("select count(*) from ops_audit where action in ('pause', 'resume')").await, 2);
}

async fn the_customer_is_told_now(db: &Db) {
    let site = Site::new(db).await;
    seed::order(&site, "A-1001", "Anna Nowak").await;
    let (ann, tell) = (site.login("ann").await, format!("{PAGE}/tell"));
    assert_eq!(
        ann.act(&tell, &[("what", "waiting")]).await,
        "hastened.0",
        "what is in its merge window goes by itself"
    );
    // A rule holds one back until tomorrow.
    db.clock.advance(SignedDuration::from_mins(20));
    let claimed = db.store.claim(Channel::Email, 10, LEASE).await.unwrap();
    let until = db.clock.now() + SignedDuration::from_hours(20);
    for one in &claimed {
        let why = doorstep::domain::notice::Why::QuietHours;
        assert!(db.settle(one, doorstep::store::rows::Verdict::Held { until, why }).await);
    }
    assert!(!claimed.is_empty() && db.store.claim(Channel::Email, 10, LEASE).await.unwrap().is_empty());
    assert_eq!(ann.act(&tell, &[("what", "waiting")]).await, format!("hastened.{}", claimed.len()));
    assert_eq!(db.store.claim(Channel::Email, 10, LEASE).await.unwrap().len(), claimed.len());

    let delayed = async || db.count("select count(*) from outbox where stage = 'delay_expected'").await;
    assert_eq!(delayed().await, 0);
    for (fields, word) in [
        (vec![("parcel", "7")], "unclear"),
        (vec![("parcel", "0"), ("day", "soon")], "unclear"),
        (vec![("parcel", "0"), ("day", "2026-11-09")], "reported"),
    ] {
        assert_eq!(ann.act(&tell, &[&[("what", "delay")], &fields[..]].concat()).await, word, "{fields:?}");
    }
    assert!(delayed().await > 0, "the brand's own rules tell it");
    let page = ann.page(PAGE).await;
    assert!(page.contains("expected Mon 9 Nov") && page.contains("shipment.updated"));
    assert!(page.contains("expected 2026-11-09"), "and the audit says who said so");
}

async fn doubts_are_settled_once(db: &Db) {
    let site = Site::new(db).await;
    let (first, second) = (seed::doubt(db, "E-1").await, seed::doubt(db, "E-2").await);
    let ann = site.login("ann").await;
    let page = ann.page("/ops/doubt").await;
    assert!(page.contains(&first) && page.contains("the connection ended after the data"));
    assert_eq!(ann.act("/ops/doubt", &[("key", &first), ("act", "sent")]).await, "sent");
    assert_eq!(ann.act("/ops/doubt", &[("key", &first), ("act", "again")]).await, "settled", "once");
    assert_eq!(ann.act("/ops/doubt", &[("key", &second), ("act", "again")]).await, "again");
    assert_eq!(ann.act("/ops/doubt", &[("key", "x"), ("act", "again")]).await, "unclear");
    assert!(ann.page("/ops/doubt").await.contains("Nothing is in doubt"));
    assert_eq!(db.count("select count(*) from outbox where state = 'accepted'").await, 1);
    assert_eq!(db.count("select count(*) from outbox where state = 'planned'").await, 1);
    assert_eq!(db.count("select count(*) from ops_audit where action in ('settle_as_sent', 'send_again')").await, 2);
}

async fn refused_events_are_retried_or_dropped(db: &Db) {
    let site = Site::new(db).await;
    let good = json!({ "specversion": "1.0", "id": "g", "source": "/shops/harbour", "type": "order.paid",
        "time": "2026-11-02T08:00:00Z", "brand": "harbour",
        "data": { "order": { "id": "F-2", "customer": { "email": "someone@mail.example" } } } });
    let bad = json!({ "specversion": "1.0", "id": "b", "source": "/shops/harbour", "type": "order.paid", "data": {} });
    // The first was refused by an older doorstep; the second is wrong for good.
    let refused = |raw: &serde_json::Value| doorstep::store::rows::Refused {
        door: "http",
        reason: "time: missing".into(),
        raw: raw.to_string().into_bytes(),
        headers: String::new(),
    };
    let changes = doorstep::store::rows::Changes { refused: vec![refused(&good), refused(&bad)], ..Default::default() };
    db.save(&changes).await;
    let ann = site.login("ann").await;
    assert_eq!(ann.act("/ops/quarantine", &[("id", "1"), ("act", "retry")]).await, "retried");
    assert_eq!(ann.get("/ops/orders/harbour/F-2").await.status, 200);
    assert_eq!(ann.act("/ops/quarantine", &[("id", "2"), ("act", "retry")]).await, "still");
    assert_eq!(ann.act("/ops/quarantine", &[("id", "2"), ("act", "drop")]).await, "dropped");
    assert_eq!(ann.post("/ops/quarantine", &[("id", "2"), ("act", "drop")]).await.status, 404);
    assert!(ann.page("/ops/quarantine").await.contains("Nothing was refused"));
    assert_eq!(
        db.count("select count(*) from ops_audit where action like 'quarantine%' and target is not null").await,
        3
    );
}
