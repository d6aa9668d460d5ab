//! The decoder on inputs that nobody thought of: never a panic, always a named place, and what was written is what is read.

use doorstep::domain::event::{Eta, Item, OrderPatch, ParcelItem, Promise};
use doorstep::domain::id::{OrderId, ShipmentId, TrackingNumber};
use doorstep::domain::person::Pii;
use doorstep::ingest::Incoming;
use doorstep::ingest::binary::Attributes;
use doorstep::ingest::decode::decode_stored;
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::option::of as optional;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::decoder;

/// What must hold for any answer.
fn answered(incoming: &Incoming) -> Result<(), TestCaseError> {
    match incoming {
        Incoming::Event { arrival, event } => prop_assert_eq!(&decode_stored(&arrival.raw).unwrap(), &**event),
        Incoming::UnknownType { .. } => {}
        Incoming::Refused(refused) => {
            let named = refused.reason.split_once(": ").is_some_and(|(place, _)| !place.is_empty());
            prop_assert!(named, "{}", refused.reason);
        }
    }
    Ok(())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("2026-11-28")),
        Just(json!("2026-11-28T10:00:00Z")),
        Just(json!("https://harbour.example/x")),
    ];
    let names = prop::sample::select(vec![
        "id",
        "customer",
        "recipient",
        "email",
        "phone",
        "items",
        "qty",
        "sku",
        "promise",
        "date",
        "from",
        "until",
        "eta",
        "location",
        "city",
        "pickup",
        "tracking_number",
        "channels",
        "sms",
        "address",
        "country",
        "time_zone",
        "hold",
        "total",
        "links",
        "tags",
        "reason",
        "other",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

fn time() -> impl Strategy<Value = Timestamp> {
    (1_i64..7_289_654_399, 0_i32..1_000_000_000).prop_map(|(s, ns)| Timestamp::new(s, ns).unwrap())
}

fn day() -> impl Strategy<Value = Date> {
    (1970_i16..=2200, 1_i8..=12, 1_i8..=28).prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

fn id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9ŁЇ/_#.-]{1,40}"
}

/// Text as people write it, in which nothing needs to be cleaned.
fn shown() -> impl Strategy<Value = String> {
    "[A-Za-zżółЇ'\"<&{}-]{1,20}( [A-Za-zéß\\\\/]{1,10}){0,3}"
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item = (optional(id()), optional(shown()), 1_u32..=1_000_000, optional(-1_000_000_i64..1_000_000));
    let item = item.prop_map(|(sku, title, qty, unit_price)| Item {
        id: None,
        sku,
        title,
        qty,
        unit_price,
        image_url: None,
        url: None,
        tags: vec![],
    });
    prop::collection::vec(item, 1..5)
}

fn order() -> impl Strategy<Value = OrderPatch> {
    let promise = prop_oneof![
        day().prop_map(|date| Promise::Day { date }),
        (time(), 0_i64..100_000)
            .prop_map(|(from, seconds)| Promise::Window {
                from: Some(from),
                until: from + jiff::SignedDuration::from_secs(seconds)
            })
            .prop_filter("a window that ends in the range", |promise| match promise {
                Promise::Window { until, .. } => until.as_second() < 7_289_654_400,
                Promise::Day { .. } => true,
            }),
    ];
    let money = optional(-1_000_000_000_i64..1_000_000_000);
    (optional(time()), money, optional(items()), optional(promise), optional(any::<bool>()), optional(shown()))
        .prop_map(|(placed_at, total, items, promise, hold, reason)| OrderPatch {
            placed_at,
            total,
            items,
            promise,
            hold,
            reason,
            ..OrderPatch::default()
        })
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}

fn wire(id: &str, order: &OrderPatch) -> Value {
    without_nulls(json!({
        "id": id, "placed_at": order.placed_at, "total": order.total, "items": order.items, "promise": order.promise,
        "hold": order.hold, "reason": order.reason,
    }))
}

fn envelope(kind: &str, data: Value) -> Vec<u8> {
    json!({ "specversion": "1.0", "id": "e-1", "source": "s", "type": kind, "time": "2026-11-03T10:11:12Z", "data": data })
        .to_string()
        .into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(bytes: Vec<u8>) {
        answered(&decoder().structured("test", bytes.clone()))?;
        let mut attributes = Attributes::default();
        attributes.push("specversion", "1.0");
        answered(&decoder().binary("test", &attributes, bytes))?;
    }

    #[test]
    fn any_attributes_get_an_answer(headers: Vec<(String, String)>, data in any_json()) {
        let mut attributes = Attributes::default();
        for (name, value) in headers {
            attributes.push(name, value);
        }
        answered(&decoder().binary("test", &attributes, data.to_string().into()))?;
        let kept = attributes.to_json();
        prop_assert_eq!(Attributes::from_json(&kept).unwrap(), attributes);
    }

    #[test]
    fn any_data_gets_an_answer(order in any_json(), shipment in any_json()) {
        let data = json!({ "order": order, "shipment": shipment });
        for kind in ["order.paid", "order.updated", "shipment.delivered", "other.thing"] {
            answered(&decoder().structured("test", envelope(kind, data.clone())))?;
        }
    }

    #[test]
    fn what_is_written_is_what_is_read(id in id(), written in order()) {
        let raw = envelope("order.updated", json!({ "order": wire(&id, &written) }));
        match decoder().structured("test", raw) {
            Incoming::Event { event, .. } => {
                prop_assert_eq!(event.order, Some(OrderId::new(id)));
                prop_assert_eq!(event.order_patch, written);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn a_parcel_is_read_as_it_was_written(
        id in id(), number in "[A-Z0-9]{3,38}[1-9]", eta in optional(day()), qty in 1_u32..1000, code in shown(),
    ) {
        let shipment = json!({
            "id": id, "tracking_number": number, "eta": eta, "items": [{ "sku": id, "qty": qty }],
            "pickup": { "code": code },
        });
        let raw = envelope("shipment.created", json!({ "shipment": without_nulls(shipment) }));
        let parcel = match decoder().structured("test", raw) {
            Incoming::Event { event, .. } => event.shipment_patch.unwrap(),
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        prop_assert_eq!(parcel.id, Some(ShipmentId::new(id.clone())));
        prop_assert_eq!(parcel.tracking_number, TrackingNumber::parse(&number));
        prop_assert_eq!(parcel.tracking_number_shown, None);
        prop_assert_eq!(parcel.eta, eta.map(Eta::Day));
        prop_assert_eq!(parcel.items, Some(vec![ParcelItem { id: None, sku: Some(id), qty }]));
        prop_assert_eq!(parcel.pickup.unwrap().code, Some(Pii::new(code)));
    }
}
