//! After `forget`, no word of the person is in any table; what is keyed stays, and nothing is told any more.

use doorstep::apply::Verdict;
use doorstep::consent::{export, forget};
use doorstep::domain::erase::{Named, Whom};
use doorstep::domain::id::BrandId;
use doorstep::domain::notice::Why;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::topic::Topic;
use doorstep::store::rows::{Changes, Refused, State};
use doorstep::store::{Kind, Mask};
use jiff::SignedDuration;
use serde_json::{Value, json};
use sqlx::{Column, Connection, Row};

use super::{START, event, parcel, policy};
use crate::store::on_both;
use crate::store::world::{Db, LEASE};
use crate::world::{Plan, World};

on_both!(
    nothing_of_a_person_is_left_but_keys,
    what_is_about_others_stays,
    the_receiver_of_a_present_goes_and_the_order_stays,
    an_export_holds_all_of_one_person_and_nothing_of_another,
    orders_that_are_long_over_lose_what_is_personal,
    notes_codes_and_refused_events_have_their_time,
);

/// Words that stand nowhere else in the world.
const CANARIES: [&str; 6] =
    ["zebulon.quagga@canary.example", "+48599123456", "Zebulon Quagga", "Kanarek 77", "C-ZEBULON-1", "Qualle"];

pub(super) fn person() -> Value {
    json!({"id": "C-ZEBULON-1", "name": "Zebulon Quagga", "email": "Zebulon.Quagga@canary.example", "phone": "+48599123456"})
}

pub(super) fn address() -> Value {
    json!({"line1": "Kanarek 77", "city": "Qualle", "postcode": "00-123", "country": "PL"})
}

pub(super) fn order(id: &str, customer: &Value, more: Value) -> Value {
    let mut order = json!({"id": id, "customer": customer, "total": 4990, "currency": "PLN",
        "items": [{"id": "1", "title": "Lamp", "qty": 1, "unit_price": 4990}]});
    order.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    event(&format!("paid-{id}"), "order.paid", START, &json!({"order": order}))
}

pub(super) fn whom() -> Whom {
    Whom { brand: None, named: Named::Email("zebulon.quagga@CANARY.example".to_owned()) }
}

pub(super) async fn world_on(db: &Db) -> World {
    let mut policy = policy();
    // Something is always still to be told.
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::from_hours(5));
    let (plan, mails, texts) = Plan::captured(START, policy);
    let mut world = World::planned(Plan { url: Some(db.settings.url.clone()), ..plan }).await;
    world.captures = Some((mails, texts));
    world
}

/// Every text and every byte of every table, as one string for each row.
pub(super) async fn dump(db: &Db) -> Vec<String> {
    let mut out = Vec::new();
    match db.store.kind() {
        Kind::Postgres => {
            let mut conn = sqlx::PgConnection::connect(&db.settings.url).await.expect("a connection");
            let tables = "select tablename::text from pg_tables where schemaname = 'public'";
            let names: Vec<(String,)> = sqlx::query_as(tables).fetch_all(&mut conn).await.expect("tables");
            for (name,) in names {
                let sql = format!("select to_jsonb(t)::text from {name} t");
                let rows: Vec<(String,)> =
                    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&mut conn).await.expect("rows");
                out.extend(rows.into_iter().map(|(row,)| format!("{name}: {}", readable(&row))));
            }
        }
        Kind::Sqlite => {
            let mut conn = sqlx::SqliteConnection::connect(&db.settings.url).await.expect("a connection");
            let tables = "select name from sqlite_schema where type = 'table'";
            let names: Vec<(String,)> = sqlx::query_as(tables).fetch_all(&mut conn).await.expect("tables");
            for (name,) in names {
                let sql = sqlx::AssertSqlSafe(format!("select * from {name}"));
                for row in sqlx::query(sql).fetch_all(&mut conn).await.expect("rows") {
                    let mut text = format!("{name}: ");
                    for column in row.columns() {
                        let place = column.ordinal();
                        if let Ok(bytes) = row.try_get_unchecked::<Vec<u8>, _>(place) {
                            text.push_str(&String::from_utf8_lossy(&bytes));
                            text.push(' ');
                        }
                    }
                    out.push(text);
                }
            }
        }
    }
    out
}

/// A row with its byte strings read as text: Postgres writes them as hexadecimal digits.
fn readable(row: &str) -> String {
    let mut out = row.to_owned();
    for part in row.split("\\\\x").skip(1) {
        let digits: String = part.chars().take_while(char::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> =
            (0..digits.len() / 2).filter_map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).ok()).collect();
        out.push_str(&String::from_utf8_lossy(&bytes));
    }
    out
}

/// Rows that hold a word of the person's.
pub(super) async fn traces(db: &Db) -> Vec<String> {
    let rows = dump(db).await;
    let canaries: Vec<String> = CANARIES.iter().map(|canary| canary.to_lowercase()).collect();
    rows.into_iter().filter(|row| canaries.iter().any(|canary| row.to_lowercase().contains(canary))).collect()
}

async fn nothing_of_a_person_is_left_but_keys(db: &Db) {
    let world = world_on(db).await;
    let store = world.store.masked(Mask::new(&["a secret of some letters".into()]).expect("a mask"));
    world.feed(&[order("Z1", &person(), json!({"address": address()}))]).await;
    world.feed(&[order("Z2", &person(), json!({"address": address()}))]).await;
    world.feed(&[order("O1", &json!({"id": "other-1", "email": "other@example.org"}), json!({}))]).await;
    world.feed(&[parcel("Z1", "shipment.shipped", "2026-11-02T09:00:01Z")]).await;
    // A fact of an unknown type, and one that no order owns; and something that was refused.
    let stray = event("stray", "loyalty.joined", START, &json!({"who": "zebulon.quagga@canary.example"}));
    world.feed(&[stray]).await;
    let refused = Refused {
        door: "http",
        reason: "data.order.id: missing".into(),
        raw: br#"{"customer": {"phone": "+48 599 123 456", "name": "Zebulon Quagga"}}"#.to_vec(),
        headers: String::new(),
    };
    // One of them was tried again, and has its bytes still.
    let tried = Refused { headers: "{}".into(), ..refused.clone() };
    db.save(&Changes { refused: vec![tried, refused], ..Changes::default() }).await;
    assert!(store.quarantine_retried(store.quarantine(0, 1).await.expect("kept")[0].id).await.expect("noted"));
    world.leave();
    let mail = ContactKey::new(Channel::Email, "zebulon.quagga@canary.example");
    let brand = BrandId::new("harbour");
    world.store.decline(mail, Some(&brand), Channel::Email, Some(Topic::Feedback), "page").await.expect("stored");
    world.store.choose_locale(mail, &brand, "pl").await.expect("stored");
    store.expect_code(mail, &brand, "+48599123456", "123456", (10, 5)).await.expect("kept");
    // An operator wrote of them, clearing an alert by hand.
    db.raw(
        "insert into alerts (id, order_key, brand, kind, occurrence, state, since_at, opened_at, cleared_at, clear_why)
         select key, order_key, 'harbour', 'stalled', 1, 'cleared', 1, 1, 1, 'by hand: ann: called Zebulon Quagga' from outbox
         where order_key = 'harbour/Z1' limit 1",
    )
    .await;
    // One message is on the wire, with its bytes.
    world.clock.advance(SignedDuration::from_hours(6));
    let claimed = world.store.claim(Channel::Email, 1, LEASE).await.expect("due");
    assert!(!traces(db).await.is_empty(), "the person is there before");

    let found = forget::find(&store, &whom()).await.expect("found");
    assert_eq!(found.orders.len(), 2);
    assert_eq!((found.strays.len(), found.quarantine.len()), (1, 2));
    let gone = forget::erase(&store, &whom(), &found, "ann").await.expect("erased");
    assert_eq!(gone.orders, 2);
    assert!(gone.cancelled >= 2 && gone.facts >= 4 && gone.quarantine == 2, "{gone:?}");
    assert_eq!(traces(db).await, Vec::<String>::new());
    drop(claimed);

    // The ledger keeps its keys, and nothing is told.
    for id in ["Z1", "Z2"] {
        let rows = store.notices_of(&World::order(id)).await.expect("rows");
        assert!(!rows.is_empty());
        for row in rows {
            let forgotten = (row.state, row.why.as_deref()) == (State::Suppressed, Some(Why::Forgotten.as_str()));
            assert!(forgotten || row.state == State::Superseded, "{row:?}");
        }
        assert!(!store.facts_of(&World::order(id)).await.expect("facts").is_empty(), "that they came is kept");
    }
    let before = world.taken().len();
    // What comes later about such an order is acknowledged and not kept; a copy of what came before is a copy.
    let later = parcel("Z1", "shipment.delivered", "2026-11-02T10:00:00Z");
    let changed = order("Z2", &person(), json!({"address": address(), "total": 1}));
    let mut moved = changed.clone();
    moved["id"] = json!("again");
    assert_eq!(world.feed(&[later, moved]).await, [Verdict::Erased, Verdict::Erased]);
    let copy = order("Z2", &person(), json!({"address": address()}));
    assert_eq!(world.feed(&[copy]).await, [Verdict::Repeat]);
    world.drain().await;
    world.pass(world.clock.now() + SignedDuration::from_hours(48), async |_| {}).await;
    assert_eq!(traces(db).await, Vec::<String>::new());
    let told: Vec<_> = world.taken().split_off(before).into_iter().map(|taken| taken.to.expose().clone()).collect();
    assert!(told.iter().all(|to| to == "other@example.org"), "{told:?}");

    // What was declined counts for the next order, under a keyed name alone.
    let known = store.consents(&[mail]).await.expect("an answer").remove(0);
    assert!(!known.allows(&brand, Channel::Email, Topic::Feedback) && known.chosen.is_empty());
    assert!(world.store.consents(&[mail]).await.expect("an answer")[0].declined.is_empty());
    let again = forget::find(&store, &whom()).await.expect("found");
    assert!(again.is_empty());
    store.close().await;
}

/// Longer addresses and numbers hold shorter ones, and the shop's number of a customer stands in prices and tracking numbers.
async fn what_is_about_others_stays(db: &Db) {
    let world = world_on(db).await;
    let ann = json!({"id": "100042", "email": "ann@example.org", "phone": "+48500500500"});
    world.feed(&[order("A", &ann, json!({}))]).await;
    let scan = json!({"shipment": {"carrier": "dhl", "tracking_number": "JD0100042"}});
    assert_eq!(world.feed(&[event("scan", "shipment.in_transit", START, &scan)]).await, [Verdict::Waiting]);
    world.leave();
    let refused = |raw: &str| Refused { door: "http", reason: "?".into(), raw: raw.into(), headers: String::new() };
    let others = [
        r#"{"customer": {"email": "joann@example.org", "phone": "+485005005001"}}"#,
        r#"{"customer": {"email": "mary.ann@example.org", "id": "1000421"}, "total": 100042}"#,
        "not JSON, of joann@example.org, who paid 100042",
    ];
    let theirs = [
        r#"{"data": {"order": {"customer": {"id": 100042}}}}"#,
        r#"{"recipient": {"id": "100042"}}"#,
        "not JSON: write to ann@example.org.",
        "call +48 500 500 500",
    ];
    db.save(&Changes { refused: others.iter().chain(&theirs).map(|raw| refused(raw)).collect(), ..Changes::default() })
        .await;
    let whom = Whom { brand: None, named: Named::Customer("100042".to_owned()) };
    let found = forget::find(&world.store, &whom).await.expect("found");
    assert_eq!((found.orders.len(), found.strays.len(), found.quarantine.len()), (1, 0, theirs.len()));
    forget::erase(&world.store, &whom, &found, "ann").await.expect("erased");
    let left = world.store.quarantine(0, 10).await.expect("kept");
    assert_eq!(left.iter().map(|kept| String::from_utf8_lossy(&kept.raw)).collect::<Vec<_>>(), others);
    assert_eq!(db.count("select count(*) from waiting").await, 1, "the scan still waits for its order");
    world.store.close().await;
}

async fn the_receiver_of_a_present_goes_and_the_order_stays(db: &Db) {
    let world = world_on(db).await;
    let buyer = json!({"id": "B-1", "name": "Buyer", "email": "buyer@example.org"});
    world.feed(&[order("G1", &buyer, json!({"recipient": person(), "address": address()}))]).await;
    world.feed(&[parcel("G1", "shipment.out_for_delivery", "2026-11-02T09:00:01Z")]).await;
    world.leave();
    let found = forget::find(&world.store, &whom()).await.expect("found");
    assert_eq!(found.orders.len(), 1);
    forget::erase(&world.store, &whom(), &found, "ann").await.expect("erased");
    assert_eq!(traces(db).await, Vec::<String>::new());
    // Neither a shop that writes the whole order into its events brings them back, nor a late event, nor a carrier's words.
    let whole = json!({"order": {"id": "G1", "recipient": person(), "address": address(), "total": 4990},
        "shipment": {"id": "S1", "carrier": "dhl", "tracking_number": "JD01460000G1"}});
    let late = order("G1", &buyer, json!({"recipient": person(), "address": address()}));
    let scan =
        |words: &str| json!({"shipment": {"carrier": "dhl", "tracking_number": "JD01460000G1", "description": words}});
    let mut facts = [
        event("whole", "shipment.delivered", "2026-11-02T09:30:00Z", &whole),
        event("late", "order.updated", "2026-11-01T09:00:00Z", &late["data"]),
        event("words", "shipment.in_transit", "2026-11-02T09:20:00Z", &scan("given to Zebulon Quagga")),
    ];
    assert_eq!(world.feed(&facts).await, vec![Verdict::Applied; facts.len()]);
    assert_eq!(traces(db).await, Vec::<String>::new());
    let kept = world.store.orders(&[World::order("G1")]).await.expect("read").remove(0);
    assert!(kept.doc.contains("4990"), "what is the buyer's is taken in");
    // Another order has the same parcel, and all that is said of it.
    world
        .feed(&[parcel("G1", "shipment.created", START)].map(|mut created| {
            (created["id"], created["data"]["order"]["id"]) = (json!("other"), json!("O2"));
            created
        }))
        .await;
    facts[2]["id"] = json!("more words");
    facts[2]["data"] = scan("given to a neighbour");
    world.feed(&facts[2..]).await;
    let rows = dump(db).await;
    let kept = |table: &str| rows.iter().filter(|row| row.starts_with(table) && row.contains("a neighbour")).count();
    assert_eq!((kept("inbox"), kept("orders")), (1, 1), "as it came, and in the other order");
    world.pass(world.clock.now() + SignedDuration::from_hours(10), async |_| {}).await;
    assert_eq!(traces(db).await, Vec::<String>::new());
    let told: Vec<_> = world.taken().into_iter().map(|taken| taken.to.expose().clone()).collect();
    assert!(!told.is_empty() && told.iter().all(|to| to == "buyer@example.org"), "{told:?}");
    world.store.close().await;
}

async fn an_export_holds_all_of_one_person_and_nothing_of_another(db: &Db) {
    let world = world_on(db).await;
    let buyer = json!({"id": "B-1", "name": "Otherbuyer", "email": "otherbuyer@example.org"});
    world.feed(&[order("G1", &buyer, json!({"recipient": person(), "address": address()}))]).await;
    let friend = json!({"name": "Otherfriend", "email": "otherfriend@example.org"});
    world.feed(&[order("Z1", &person(), json!({"recipient": friend, "address": address()}))]).await;
    world.leave();
    let before = dump(db).await;
    let found = forget::find(&world.store, &whom()).await.expect("found");
    let export = export::gather(&world.store, &found).await.expect("gathered");
    let text = serde_json::to_string(&export).expect("json");
    assert!(text.contains("Zebulon Quagga") && text.contains("Kanarek 77"), "{text}");
    assert!(text.contains("harbour/Z1") && text.contains("harbour/G1"));
    assert!(!text.contains("Otherbuyer") && !text.contains("otherfriend"), "{text}");
    let gift = export.orders.iter().find(|order| order.order == "harbour/G1").expect("the present");
    assert!(!serde_json::to_string(gift).expect("json").contains("4990"), "no prices for who receives");
    assert_eq!(dump(db).await, before, "an export changes nothing");
    world.store.close().await;
}

async fn orders_that_are_long_over_lose_what_is_personal(db: &Db) {
    let world = world_on(db).await;
    world.feed(&[order("Z1", &person(), json!({"address": address()}))]).await;
    world.feed(&[parcel("Z1", "shipment.delivered", "2026-11-02T09:00:01Z")]).await;
    world.feed(&[order("Z2", &json!({"id": "open-1", "email": "open@example.org"}), json!({}))]).await;
    world.leave();
    let walk = async |days: i64| {
        let before = world.clock.now() - SignedDuration::from_hours(24 * days);
        let (mut after, mut all) = (String::new(), 0);
        while let (Some(last), count) = forget::age_out(&world.store, &after, before, 1).await.expect("a page") {
            (after, all) = (last, all + count);
        }
        all
    };
    assert_eq!(walk(730).await, 0);
    world.clock.advance(SignedDuration::from_hours(24 * 731));
    assert_eq!(walk(730).await, 1, "the one that is still open stays");
    assert_eq!(walk(730).await, 0, "once");
    assert_eq!(traces(db).await, Vec::<String>::new());
    assert!(dump(db).await.iter().any(|row| row.contains("open@example.org")));
    world.store.close().await;
}

async fn notes_codes_and_refused_events_have_their_time(db: &Db) {
    let world = world_on(db).await;
    let raw = b"Zebulon Quagga".to_vec();
    let refused = Refused { door: "http", reason: "not json".into(), raw, headers: String::new() };
    db.save(&Changes { refused: vec![refused], ..Changes::default() }).await;
    let contact = ContactKey::new(Channel::Email, "zebulon.quagga@canary.example");
    let brand = BrandId::new("harbour");
    world.store.expect_code(contact, &brand, "+48599123456", "123456", (10, 5)).await.expect("kept");
    let prune = async || {
        let ago = |days: i64| world.clock.now() - SignedDuration::from_hours(24 * days);
        while world.store.prune_calls(ago(90), ago(180), 1).await.expect("pruned") {}
    };
    prune().await;
    assert_eq!(traces(db).await.len(), 2);
    world.clock.advance(SignedDuration::from_hours(24 * 3));
    prune().await;
    assert_eq!(traces(db).await.len(), 1, "the code's number went");
    world.clock.advance(SignedDuration::from_hours(24 * 180));
    prune().await;
    assert_eq!(traces(db).await, Vec::<String>::new());
    world.store.close().await;
}
