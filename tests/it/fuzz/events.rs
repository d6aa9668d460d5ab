//! Events, as shops and as carriers' feeds write them.

use doorstep::ingest::Incoming;
use doorstep::ingest::binary::Attributes;
use doorstep::ingest::decode::{Brands, Decoder, Limits, decode_stored};
use serde_json::json;

use super::{CANARY, fuzz};

fn check(incoming: &Incoming) -> Result<bool, String> {
    match incoming {
        Incoming::Event { arrival, event } => match decode_stored(&arrival.raw) {
            Ok(again) if again == **event => Ok(true),
            Ok(_) => Err("what was taken reads back as something else".into()),
            Err(_) => Err("what was taken cannot be read back".into()),
        },
        Incoming::UnknownType { arrival } => serde_json::from_slice::<serde::de::IgnoredAny>(&arrival.raw)
            .map(|_| true)
            .map_err(|_| "what is stored is not json".into()),
        Incoming::Refused(refused) => {
            let reason = &refused.reason;
            let named = reason.split_once(": ").is_some_and(|(place, _)| !place.is_empty());
            match (reason.contains(CANARY), named && reason.len() < 600) {
                (true, _) => Err(format!("the reason repeats a value: {reason}")),
                (false, false) => Err(format!("the reason names no place: {reason}")),
                (false, true) => Ok(false),
            }
        }
    }
}

/// Decodes in every way there is, and says whether it was taken in structured mode.
fn judge(decoder: &Decoder, kind: &str, bytes: &[u8]) -> Result<bool, String> {
    let mut attributes = Attributes::default();
    for (name, value) in [("specversion", "1.0"), ("id", "b"), ("source", "s"), ("time", "2026-11-03T10:11:12Z")] {
        attributes.push(name, value);
    }
    attributes.push("type", kind);
    check(&decoder.binary("fuzz", &attributes, bytes.to_vec()))?;
    // Whatever comes, it is an answer: the result itself does not matter here.
    let _read = decode_stored(bytes);
    check(&decoder.structured("fuzz", bytes.to_vec()))
}

fn shipment() -> serde_json::Value {
    json!({ "id": "S-1", "carrier": "dhl", "service": "Paket", "tracking_number": "JD0146 0000 1234",
        "tracking_url": "https://track.example/1", "items": [{ "sku": "K-1", "qty": 1 }],
        "eta": { "from": "2026-11-05T08:00:00Z", "until": "2026-11-05T12:00:00Z" }, "location": { "city": "Leipzig" },
        "description": CANARY, "code": "ZU", "reason": "weather", "handover": "neighbour",
        "pickup": { "name": "Kiosk", "address": CANARY, "code": CANARY, "until": "2026-11-12" } })
}

/// An event with everything in it.
fn whole(kind: &str) -> Vec<u8> {
    let person = json!({ "id": "C-1", "name": CANARY, "email": format!("{CANARY}@customer.example"), "phone": "+48600100200",
        "locale": "pl-PL", "channels": { "email": true, "sms": false }, "time_zone": "Europe/Warsaw" });
    let order = json!({ "id": "A-1", "placed_at": "2026-11-03T10:00:00+01:00", "paid_at": "2026-11-03T09:05:00Z",
        "currency": "EUR", "subtotal": 4980, "shipping": 0, "tax": 795, "total": 4980, "customer": person, "recipient": person,
        "address": { "line1": CANARY, "city": "Gdynia", "postcode": "81-340", "country": "PL" },
        "ship_from": { "city": "Leipzig", "country": "DE" },
        "items": [{ "id": "1", "sku": "K-1", "title": CANARY, "qty": 2, "unit_price": 2490, "tags": ["linen"],
            "image_url": "https://harbour.example/1.png", "url": "https://harbour.example/1" }],
        "promise": { "date": "2026-11-09" }, "dispatch_by": "2026-11-04T16:00:00Z", "hold": false,
        "links": { "order": "https://harbour.example/o/1" }, "reason": "shop_other" });
    let event = json!({ "specversion": "1.0", "id": "e-1", "source": "/shops/harbour", "type": kind, "brand": "harbour",
        "subject": "A-1", "time": "2026-11-03T10:11:12.5+01:00", "datacontenttype": "application/json",
        "data": { "order": order, "shipment": shipment() } });
    event.to_string().into_bytes()
}

#[test]
fn events_of_shops() {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let kinds =
        ["order.paid", "order.updated", "order.cancelled", "shipment.created", "shipment.delivered", "other.thing"];
    fuzz("decode", &kinds.map(whole), |bytes| judge(&decoder, "shipment.delivered", bytes));
}

/// A carrier's feed knows a number and nothing else.
#[test]
fn events_of_carriers() {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let mut slim = json!({ "carrier": "inpost", "tracking_number": "6800 1234 5678 9012 3456 7890" });
    slim["location"] = json!("Łódź, PL");
    slim["eta"] = json!("2026-11-05");
    let feed = |kind: &str, shipment: &serde_json::Value| {
        json!({ "specversion": "1.0", "id": "f-1", "source": "/feeds/inpost", "type": kind, "time": "2026-11-03T10:11:12Z",
            "data": { "shipment": shipment } })
        .to_string()
        .into_bytes()
    };
    let mut examples = Vec::new();
    for kind in ["shipment.shipped", "shipment.in_transit", "shipment.exception", "shipment.available_for_pickup"] {
        examples.extend([feed(kind, &shipment()), feed(kind, &slim)]);
    }
    fuzz("carriers", &examples, |bytes| judge(&decoder, "shipment.in_transit", bytes));
}
