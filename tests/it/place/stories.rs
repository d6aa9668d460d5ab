//! Orders with a past, for the pages.

use doorstep::domain::id::OrderKey;
use jiff::{SignedDuration, ToSpan};
use serde_json::{Value, json};

use super::Site;
use crate::store::world::start;

/// An event of the shop or a carrier, `hours` before the start.
pub(crate) fn event(kind: &str, order: &str, hours: i64, data: Value) -> Value {
    let at = start() - SignedDuration::from_hours(hours);
    json!({
        "specversion": "1.0", "id": format!("{order}/{kind}/{hours}"), "source": "/shops/harbour", "type": kind,
        "time": at, "brand": "harbour", "data": data,
    })
}

/// A calendar day, counted from the first day of the test.
pub(crate) fn day(days: i64) -> String {
    (start().to_zoned(jiff::tz::TimeZone::UTC).date() + days.days()).to_string()
}

pub(crate) fn paid(id: &str, locale: &str, promised: i64) -> Value {
    event(
        "order.paid",
        id,
        70,
        json!({ "order": {
            "id": id, "currency": "EUR", "subtotal": 11_600, "shipping": 0, "tax": 2_169, "total": 11_600,
            "placed_at": start() - SignedDuration::from_hours(71),
            "promise": { "date": day(promised) },
            "customer": { "name": "Anna Nowak", "email": "anna@mail.example", "locale": locale },
            "address": { "line1": "ul. Długa 7/3", "postcode": "80-831", "city": "Gdańsk", "country": "PL" },
            "items": [
                { "id": "1", "title": "Stoneware bowl, large", "qty": 2, "unit_price": 4_600, "url": "https://harbour.example/p/bowl" },
                { "id": "2", "title": "Beeswax wraps, set of three", "qty": 1, "unit_price": 2_400 },
            ],
            "links": { "support": "https://harbour.example/help/order" },
        } }),
    )
}

pub(crate) fn scan(kind: &str, id: &str, parcel: &str, hours: i64, more: Value) -> Value {
    let mut shipment = json!({ "id": parcel });
    for (name, value) in more.as_object().expect("an object") {
        shipment[name] = value.clone();
    }
    let mut event = event(kind, id, hours, json!({ "order": { "id": id }, "shipment": shipment }));
    event["id"] = json!(format!("{id}/{parcel}/{kind}/{hours}"));
    event
}

fn carried(id: &str, parcel: &str) -> Vec<Value> {
    // A number of its own, which does not name the order.
    let number =
        id.bytes().chain(parcel.bytes()).fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let number = format!("JD01{}", number % 10_000_000_000);
    let known = json!({ "carrier": "dhl", "service": "Parcel Connect", "tracking_number": number,
        "tracking_url": format!("https://track.example/{number}") });
    vec![
        event("order.packed", id, 52, json!({ "order": { "id": id } })),
        scan("shipment.created", id, parcel, 50, known),
        scan("shipment.shipped", id, parcel, 44, json!({ "location": "Bristol, GB" })),
        scan("shipment.in_transit", id, parcel, 30, json!({ "location": "Leipzig, DE" })),
        scan(
            "shipment.in_transit",
            id,
            parcel,
            21,
            json!({ "location": "Poznań, PL", "description": "Sorted at the hub" }),
        ),
    ]
}

/// The order `id`, as far as `what` says, for a customer who speaks `locale`.
pub(crate) async fn tell(site: &Site, what: &str, id: &str, locale: &str) -> OrderKey {
    let mut events = vec![paid(id, locale, 2)];
    let add = |events: &mut Vec<Value>, kind: &str, hours: i64, more: Value| {
        events.extend(carried(id, "P1"));
        events.push(scan(kind, id, "P1", hours, more));
    };
    match what {
        "preparing" => {}
        "coming" => add(&mut events, "shipment.in_transit", 6, json!({ "eta": day(1), "location": "Gdynia, PL" })),
        "out" => add(
            &mut events,
            "shipment.out_for_delivery",
            1,
            json!({ "location": "Gdańsk, PL",
            "eta": { "from": "2026-11-02T12:00:00Z", "until": "2026-11-02T14:00:00Z" } }),
        ),
        "collect" => add(
            &mut events,
            "shipment.available_for_pickup",
            2,
            json!({ "location": "Gdańsk, PL", "pickup": {
            "name": "Kiosk Ruch", "address": "ul. Ogarna 12, Gdańsk", "code": "4917", "until": day(3),
            "opening_hours": "Mon–Sat 7:00–21:00" } }),
        ),
        "late" => add(
            &mut events,
            "shipment.delayed",
            5,
            json!({ "eta": day(4), "reason": "weather",
            "location": "Poznań, PL", "description": "Snow on the A2" }),
        ),
        "held" => add(
            &mut events,
            "shipment.exception",
            5,
            json!({ "reason": "customs_duties",
            "location": "Poznań, PL", "description": "Awaiting payment" }),
        ),
        "delivered" => {
            add(&mut events, "shipment.delivered", 20, json!({ "handover": "neighbour", "location": "Gdańsk, PL" }))
        }
        "several" => {
            events.extend(carried(id, "P1"));
            events.push(scan("shipment.updated", id, "P1", 20, json!({ "items": [{ "id": "1", "qty": 2 }] })));
            events.push(scan("shipment.delivered", id, "P1", 4, json!({ "handover": "safe_place" })));
            events.extend(carried(id, "P2"));
            events.push(scan(
                "shipment.updated",
                id,
                "P2",
                20,
                json!({ "eta": day(1), "items": [{ "id": "2", "qty": 1 }] }),
            ));
        }
        other => panic!("no story {other}"),
    }
    site.feed(&events).await;
    OrderKey::from_stored(format!("harbour/{id}")).expect("an order")
}

/// Every story there is.
pub(crate) const ALL: [&str; 8] = ["preparing", "coming", "out", "collect", "late", "held", "delivered", "several"];
