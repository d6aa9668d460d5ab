//! Rows that fill a console: alerts, silent feeds, doubts, refused events, and orders with a past.

use doorstep::domain::alert::{AlertKey, Kind};
use doorstep::domain::day;
use doorstep::domain::id::OrderKey;
use doorstep::store::Kind as Database;
use doorstep::store::rows::Verdict;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::Site;
use crate::store::world::{Db, order_key, start};

/// An alert to insert; what is not said is usual.
#[derive(Clone)]
pub(crate) struct Seed {
    pub(crate) order: String,
    pub(crate) kind: Kind,
    pub(crate) parcel: Option<String>,
    pub(crate) carrier: Option<&'static str>,
    pub(crate) lane: Option<&'static str>,
    pub(crate) warehouse: Option<&'static str>,
    /// Minor units of euros.
    pub(crate) value: Option<i64>,
    /// Days from the first day of the test on; negative: overdue.
    pub(crate) promised: Option<i32>,
    pub(crate) chance: Option<f64>,
    pub(crate) hours_ago: i64,
}

impl Seed {
    pub(crate) fn new(order: &str, kind: Kind) -> Self {
        Self {
            order: order.to_owned(),
            kind,
            parcel: None,
            carrier: Some("dhl"),
            lane: Some("DE → PL"),
            warehouse: Some("Leipzig"),
            value: Some(4_990),
            promised: Some(1),
            chance: None,
            hours_ago: 5,
        }
    }

    pub(crate) fn order_key(&self) -> OrderKey {
        order_key(&self.order)
    }

    pub(crate) fn key(&self) -> AlertKey {
        AlertKey::new(&self.order_key(), self.parcel.as_deref(), self.kind, 1)
    }

    pub(crate) async fn insert(&self, db: &Db) {
        insert(db, std::slice::from_ref(self)).await;
    }
}

/// Inserts alerts past the store.
pub(crate) async fn insert(db: &Db, seeds: &[Seed]) {
    for some in seeds.chunks(500) {
        let rows: Vec<String> = some.iter().map(|seed| values(db, seed)).collect();
        db.raw(&format!(
            "insert into alerts (id, order_key, brand, parcel, kind, occurrence, state, since_at, opened_at, carrier, lane,
                 warehouse, value, currency, promised, chance) values {}",
            rows.join(", ")
        ))
        .await;
    }
}

fn values(db: &Db, seed: &Seed) -> String {
    let text = |text: Option<&str>| text.map_or("null".to_owned(), |text| format!("'{}'", text.replace('\'', "''")));
    let number = |n: Option<String>| n.unwrap_or_else(|| "null".to_owned());
    let id = match db.store.kind() {
        Database::Postgres => format!("'{}'::uuid", seed.key().0),
        Database::Sqlite => format!("x'{}'", seed.key().0.simple()),
    };
    let key = seed.order_key();
    let at = (start() - SignedDuration::from_hours(seed.hours_ago)).as_millisecond();
    let today = day::number(start().to_zoned(jiff::tz::TimeZone::UTC).date());
    format!(
        "({id}, {}, {}, {}, '{}', 1, 'open', {at}, {at}, {}, {}, {}, {}, 'EUR', {}, {})",
        text(Some(key.as_str())),
        text(Some(key.brand_str())),
        text(seed.parcel.as_deref()),
        seed.kind.as_str(),
        text(seed.carrier),
        text(seed.lane),
        text(seed.warehouse),
        number(seed.value.map(|value| value.to_string())),
        number(seed.promised.map(|days| (today + days).to_string())),
        number(seed.chance.map(|chance| format!("{chance:.3}"))),
    )
}

/// An event of the shop or a carrier, `hours` before the start.
pub(crate) fn event(kind: &str, order: &str, hours: i64, data: Value) -> Value {
    let at = start() - SignedDuration::from_hours(hours);
    json!({
        "specversion": "1.0", "id": format!("{order}/{kind}/{hours}"), "source": "/shops/harbour", "type": kind,
        "time": at, "brand": "harbour", "data": data,
    })
}

/// A paid order with a parcel on its way.
pub(crate) async fn order(site: &Site, id: &str, name: &str) {
    let promised = (start().to_zoned(jiff::tz::TimeZone::UTC).date() + 1.day()).to_string();
    let order = json!({
        "id": id, "currency": "EUR", "total": 12_990, "promise": { "date": promised },
        "customer": { "name": name, "email": "someone@mail.example", "locale": "en" },
        "address": { "line1": "Secret Street 7", "city": "Gdańsk", "country": "PL" },
        "items": [{ "title": "Harbour mug", "qty": 2 }],
    });
    let shipment = json!({ "id": "S-1", "carrier": "dhl", "tracking_number": format!("JD0146{id}").replace('-', "") });
    site.feed(&[
        event("order.paid", id, 70, json!({ "order": order })),
        event("shipment.created", id, 50, json!({ "order": { "id": id }, "shipment": shipment })),
        event(
            "shipment.shipped",
            id,
            40,
            json!({ "order": { "id": id }, "shipment": { "id": "S-1", "location": "Leipzig, DE" } }),
        ),
        event(
            "shipment.in_transit",
            id,
            30,
            json!({ "order": { "id": id }, "shipment": { "id": "S-1", "location": "Poznań, PL" } }),
        ),
    ])
    .await;
}

/// A message in doubt; answers with its key.
pub(crate) async fn doubt(db: &Db, order: &str) -> String {
    let claimed = db.claimed(order).await;
    db.sending(&claimed).await;
    assert!(db.settle(&claimed, Verdict::InDoubt { cause: "the connection ended after the data".into() }).await);
    claimed.notice.key.to_string()
}

/// A silent feed.
pub(crate) async fn outage(db: &Db, carrier: &str, since: Timestamp) {
    let at = since.as_millisecond();
    db.raw(&format!(
        "insert into feed_outages (carrier, from_at, noticed_at, expected) values ('{carrier}', {at}, {at}, 412.0)"
    ))
    .await;
}

/// A morning that somebody could meet: groups of one hub, single troubles, and one thing of each other page.
pub(crate) async fn morning(db: &Db, site: &Site) {
    order(site, "A-1001", "Anna Nowak").await;
    let mut seeds = Vec::new();
    for n in 0..42 {
        seeds.push(Seed {
            parcel: Some("S-1".into()),
            hours_ago: 30 + n % 9,
            value: Some(1_900 + 731 * n),
            promised: Some(i32::try_from(n % 6).unwrap() - 1),
            ..Seed::new(&format!("B-{}", 2000 + n), Kind::Stalled)
        });
    }
    for n in 0..17 {
        seeds.push(Seed {
            carrier: Some("inpost"),
            lane: Some("PL → PL"),
            warehouse: Some("Poznań"),
            chance: Some(0.55 + 0.025 * f64::from(i32::try_from(n).unwrap())),
            promised: Some(2),
            value: Some(8_000 + 999 * n),
            ..Seed::new(&format!("C-{}", 3000 + n), Kind::LateExpected)
        });
    }
    for n in 0..6 {
        seeds.push(Seed {
            carrier: None,
            lane: None,
            promised: Some(-3 - i32::try_from(n).unwrap()),
            value: Some(61_500 - 9_000 * n),
            hours_ago: 90,
            ..Seed::new(&format!("kettle/K-{}", 400 + n), Kind::DispatchOverdue)
        });
    }
    for (n, chance) in [(0, 0.42), (1, 0.61)] {
        seeds.push(Seed {
            parcel: Some("S-1".into()),
            kind: [Kind::Stalled, Kind::LateExpected][n],
            chance: Some(chance),
            hours_ago: 26 - 20 * i64::try_from(n).unwrap(),
            value: Some(12_990),
            promised: Some(1),
            ..Seed::new("A-1001", Kind::Stalled)
        });
    }
    let alone = [
        ("D-1", Kind::PresumedLost, -9, 129_900),
        ("D-2", Kind::PickupExpiring, 0, 2_490),
        ("D-3", Kind::Exception, -1, 23_400),
    ];
    for (id, kind, promised, value) in alone {
        seeds.push(Seed { promised: Some(promised), value: Some(value), ..Seed::new(id, kind) });
    }
    insert(db, &seeds).await;
    outage(db, "gls", start() - SignedDuration::from_hours(7)).await;
    doubt(db, "E-1").await;
    site.feed(&[json!({ "specversion": "1.0", "id": "bad", "source": "/shops/harbour", "type": "order.paid",
        "data": { "order": { "id": "F-1", "customer": { "name": "Private Person" } } } })])
        .await;
}
