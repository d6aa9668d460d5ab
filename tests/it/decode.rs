//! The decoder: what passes, what is refused and with which words.

mod properties;

use doorstep::domain::event::{Eta, Event, Handover, Kind, Promise, Reason, Until};
use doorstep::ingest::Incoming;
use doorstep::ingest::binary::Attributes;
use doorstep::ingest::decode::{Brands, Decoder, Limits, decode_stored};
use doorstep::store::rows::Arrival;

fn decoder() -> Decoder {
    let known = Some(["harbour".to_owned(), "lantern".to_owned()].into());
    Decoder::new(Limits::default(), Brands { default: doorstep::domain::id::BrandId::new("harbour"), known })
}

/// An event of `kind` around `data`.
fn event(kind: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e-1","source":"/shops/harbour","type":"{kind}","time":"2026-11-03T10:11:12Z","data":{data}}}"#
    )
}

/// `order.paid` with these members beside `id` and a customer who can be reached.
fn paid(members: &str) -> String {
    event(
        "order.paid",
        &format!(r#"{{"order":{{"id":"A-1","customer":{{"email":"zoe@customer.example"}}{members}}}}}"#),
    )
}

/// `shipment.delivered` with these members beside `id`.
fn parcel(members: &str) -> String {
    event("shipment.delivered", &format!(r#"{{"order":{{"id":"A-1"}},"shipment":{{"id":"S-1"{members}}}}}"#))
}

fn taken(raw: impl Into<Vec<u8>>) -> (Arrival, Event) {
    match decoder().structured("test", raw.into()) {
        Incoming::Event { arrival, event } => (arrival, *event),
        Incoming::UnknownType { .. } => panic!("an unknown type"),
        Incoming::Refused(refused) => panic!("refused: {}", refused.reason),
    }
}

fn reason(raw: impl Into<Vec<u8>>) -> String {
    let raw = raw.into();
    match decoder().structured("test", raw.clone()) {
        Incoming::Refused(refused) => {
            assert!(raw.starts_with(&refused.raw), "the bytes are kept as they came");
            refused.reason
        }
        Incoming::Event { .. } | Incoming::UnknownType { .. } => {
            panic!("taken: {}", String::from_utf8_lossy(&raw))
        }
    }
}

#[test]
fn a_whole_order_is_read() {
    let members = r#","placed_at":"2026-11-03T10:00:00+01:00","currency":"eur","subtotal":4980,"shipping":0,"tax":795,"total":4980,
        "recipient":{"name":"Ada","phone":"+48 600-100-200"},
        "address":{"line1":"Quay 1","city":"Gdynia","postcode":"81-340","country":"pl","time_zone":"Europe/Warsaw"},
        "items":[{"sku":"K-1","title":"Linen apron <navy>","qty":2,"unit_price":2490,"tags":["linen",""," "]},{"id":"2"}],
        "promise":{"date":"2026-11-09"},"links":{"order":"https://harbour.example/o/1","support":"http://harbour.example"},
        "hold":false"#;
    let (arrival, event) = taken(paid(members));
    assert_eq!(arrival.order.as_ref().unwrap().as_str(), "harbour/A-1");
    assert_eq!(event.kind, Kind::OrderPaid);
    let order = &event.order_patch;
    assert_eq!(order.placed_at.unwrap().to_string(), "2026-11-03T09:00:00Z");
    assert_eq!((order.currency.as_deref(), order.total), (Some("EUR"), Some(4980)));
    assert_eq!(order.recipient.as_ref().unwrap().phone.as_ref().unwrap().expose(), "+48600100200");
    assert_eq!(order.address.as_ref().unwrap().country.as_deref(), Some("PL"));
    let items = order.items.as_ref().unwrap();
    assert_eq!((items[0].qty, items[1].qty, items[0].tags.len()), (2, 1, 1));
    assert_eq!(order.promise, Some(Promise::Day { date: "2026-11-09".parse().unwrap() }));
    let links = order.links.as_ref().unwrap();
    assert_eq!((links.order.as_deref(), links.support.as_deref()), (Some("https://harbour.example/o/1"), None));
    assert_eq!(event.shipment_patch, None);
}

#[test]
fn a_whole_parcel_is_read() {
    let members = r#","carrier":"Nova Poshta","tracking_number":"jd01 4600-0012","tracking_url":"javascript:alert(1)",
        "items":[{"sku":"K-1","qty":1}],"eta":{"from":"2026-11-05T08:00:00Z","until":"2026-11-05T12:00:00Z"},
        "location":{"city":"Leipzig","country":"DE"},"description":"Left\r\nwith   a neighbour","reason":"dog_ate_it",
        "pickup":{"name":"Kiosk","until":"2026-11-12"},"handover":"neighbour""#;
    let (_, event) = taken(parcel(members));
    let parcel = event.shipment_patch.unwrap();
    assert_eq!(parcel.carrier.as_deref(), Some("nova-poshta"));
    assert_eq!(parcel.tracking_number.unwrap().as_str(), "JD0146000012");
    assert_eq!(parcel.tracking_number_shown.as_deref(), Some("jd01 4600-0012"));
    assert_eq!(parcel.tracking_url, None, "a link that is none is left out");
    assert!(matches!(parcel.eta, Some(Eta::Window { from: Some(_), .. })));
    assert_eq!(parcel.location.as_deref(), Some("Leipzig, DE"));
    assert_eq!(parcel.description.as_deref(), Some("Left with a neighbour"));
    assert_eq!(parcel.reason, Some(Reason::Unknown));
    assert_eq!(parcel.handover, Some(Handover::Neighbour));
    assert_eq!(parcel.pickup.unwrap().until, Some(Until::Day("2026-11-12".parse().unwrap())));
}

/// Each line: the reason, and the bytes that call for it.
fn each(lines: Vec<(&str, Vec<u8>)>) {
    for (expected, raw) in lines {
        let shown = String::from_utf8_lossy(&raw).chars().take(300).collect::<String>();
        assert_eq!(reason(raw), expected, "for {shown}");
    }
}

#[test]
fn a_refused_body_is_named() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    each(vec![
        ("body: empty", b"".to_vec()),
        ("body: empty", b" \n".to_vec()),
        ("body: not utf-8 at byte 1", b"\"\xff\"".to_vec()),
        ("body: not a json object", b"[]".to_vec()),
        ("body: not a json object", b"null".to_vec()),
        ("body: not valid json: trailing characters (line 1, column 4)", b"{} {}".to_vec()),
        ("body: nested too deep", deep.clone().into()),
        ("body: nested too deep", paid(&format!(r#","x":{deep}"#)).into()),
        ("specversion: missing", b"{}".to_vec()),
        ("specversion: not 1.0, the only version known", br#"{"specversion":"0.3"}"#.to_vec()),
        ("specversion: expected text, found a number", br#"{"specversion":1.0}"#.to_vec()),
        ("a: holds NUL", b"{\"a\":\0}".to_vec()),
    ]);
}

#[test]
fn a_refused_attribute_is_named() {
    let long = "x".repeat(129);
    each(vec![
        ("id: missing", br#"{"specversion":"1.0"}"#.to_vec()),
        ("id: stands twice", paid("").replace(r#""id":"e-1""#, r#""id":"e-1","id":"e-2""#).into()),
        ("id: longer than 128 bytes", paid("").replace("e-1", &long).into()),
        ("id: holds a control character", paid("").replace("e-1", "e\\n1").into()),
        ("id: empty", paid("").replace("e-1", " ").into()),
        ("source: empty", paid("").replace("/shops/harbour", "").into()),
        ("type: empty", paid("").replace("order.paid", "").into()),
        ("time: a time without an offset", paid("").replace("12Z", "12").into()),
        ("time: not an RFC 3339 time", paid("").replace("2026-11-03T10:11:12Z", "yesterday").into()),
        ("time: not an RFC 3339 time", paid("").replace("12Z", "12+01:00[Europe/Paris]").into()),
        ("time: not in the years 1970 to 2200", paid("").replace("2026-11-03", "0001-01-01").into()),
        ("time: not in the years 1970 to 2200", paid("").replace("2026-11-03", "9999-12-30").into()),
        (
            "brand: not a slug of a-z, 0-9 and `-`, up to 40 long",
            paid("").replace("\"id\":\"e", "\"brand\":\"A/B\",\"id\":\"e").into(),
        ),
        ("brand: not configured", paid("").replace("\"id\":\"e", "\"brand\":\"other\",\"id\":\"e").into()),
    ]);
}

#[test]
fn a_refused_order_is_named() {
    each(vec![
        (
            "datacontenttype: not application/json",
            paid("").replace("\"id\":\"e", "\"datacontenttype\":\"text/xml\",\"id\":\"e").into(),
        ),
        ("data: not a json object", event("order.paid", "[]").into()),
        ("data: not a json object", event("order.paid", "\"{}\"").into()),
        ("data: missing", event("order.paid", "null").into()),
        ("data.order: missing", event("order.paid", "{}").into()),
        ("data.order: expected an object, found a list", event("order.paid", r#"{"order":["A-1"]}"#).into()),
        ("data.order.id: missing or empty", event("order.paid", r#"{"order":{"id":""}}"#).into()),
        ("data.order.id: expected text, found a number", event("order.paid", r#"{"order":{"id":1}}"#).into()),
        ("data.order.id: stands twice", event("order.paid", r#"{"order":{"id":"A","id":"B"}}"#).into()),
        ("data.order.customer: needs `email` or `phone`", event("order.paid", r#"{"order":{"id":"A"}}"#).into()),
        (
            "data.order.customer.email: malformed",
            event("order.paid", r#"{"order":{"id":"A","customer":{"email":"a b"}}}"#).into(),
        ),
        (
            "data.order.customer.phone: malformed",
            event("order.updated", r#"{"order":{"id":"A","customer":{"phone":"600100200"}}}"#).into(),
        ),
        (
            "data.order.customer.name: holds NUL",
            event("order.paid", r#"{"order":{"id":"A","customer":{"name":"a\u0000"}}}"#).into(),
        ),
        ("data.x[1].?: holds NUL", event("order.paid", r#"{"x":[1,{"a@b.example":"\u0000"}]}"#).into()),
        (
            "data.order.address.country: not an ISO 3166-1 alpha-2 country code",
            paid(r#","address":{"country":"Germany"}"#).into(),
        ),
        (
            "data.order.address.time_zone: not an IANA time zone",
            paid(r#","address":{"time_zone":"Mars/Olympus"}"#).into(),
        ),
        (
            "data.order.address.time_zone: not an IANA time zone",
            paid(r#","address":{"time_zone":"../../etc/passwd"}"#).into(),
        ),
        (
            "data.order.recipient.locale: not a BCP 47 language tag",
            paid(r#","recipient":{"locale":"english please"}"#).into(),
        ),
    ]);
}

#[test]
fn a_refused_amount_date_or_item_is_named() {
    each(vec![
        ("data.order.total: out of range", paid(r#","total":1e400"#).into()),
        ("data.order.total: not a whole number in range", paid(r#","total":1e3"#).into()),
        ("data.order.total: not a whole number in range", paid(r#","total":99999999999999999999"#).into()),
        ("data.order.total: larger than any order", paid(r#","total":-9223372036854775808"#).into()),
        (
            "data.order.total: expected a whole number, found text",
            paid(r#","total":"secret@customer.example, expected text""#).into(),
        ),
        ("data.order.hold: expected true or false, found a number", paid(r#","hold":1"#).into()),
        ("data.order.currency: not an ISO 4217 currency code", paid(r#","currency":"EURO""#).into()),
        ("data.order.placed_at: a time without an offset", paid(r#","placed_at":"2026-11-03T10:11:12""#).into()),
        ("data.order.placed_at: a time without an offset", paid(r#","placed_at":"2026-11-03 10:11:12.123456""#).into()),
        (
            "data.order.promise: not a calendar day such as 2026-11-28",
            paid(r#","promise":"2026-11-28T00:00:00Z""#).into(),
        ),
        (
            "data.order.promise.date: not a calendar day such as 2026-11-28",
            paid(r#","promise":{"date":"2026-02-30"}"#).into(),
        ),
        ("data.order.promise: `from` without `until`", paid(r#","promise":{"from":"2026-11-03T10:11:12Z"}"#).into()),
        ("data.order.items[2].qty: not between 1 and 1,000,000", paid(r#","items":[{},{},{"qty":0}]"#).into()),
        ("data.order.items[0].qty: expected a whole number, found text", paid(r#","items":[{"qty":"1"}]"#).into()),
        ("data.order.items[0].qty: stands twice", paid(r#","items":[{"qty":1,"qty":2}]"#).into()),
        ("data.order.items[1]: null", paid(r#","items":[{},null]"#).into()),
        (
            "data.order.items: more than 1,000 entries",
            paid(&format!(r#","items":[{}{{}}]"#, "{},".repeat(1_000))).into(),
        ),
    ]);
}

#[test]
fn a_refused_shipment_is_named() {
    let long = "x".repeat(129);
    each(vec![
        ("data.shipment: missing", event("shipment.shipped", r#"{"order":{"id":"A"}}"#).into()),
        (
            "data.order.id: missing, and no `data.shipment.tracking_number` either",
            event("shipment.shipped", r#"{"shipment":{"id":"S"}}"#).into(),
        ),
        (
            "data.shipment.tracking_number: no number, and no `data.order.id` either",
            event("shipment.shipped", r#"{"shipment":{"tracking_number":"N/A"}}"#).into(),
        ),
        ("data.shipment.eta: not an RFC 3339 time", parcel(r#","eta":"soon""#).into()),
        (
            "data.shipment.items[0].sku: longer than 128 bytes",
            parcel(&format!(r#","items":[{{"sku":"{long}"}}]"#)).into(),
        ),
    ]);
}

#[test]
fn half_a_surrogate_pair_is_refused_wherever_it_stands() {
    for place in [r#","links":{"order":"\ud800"}"#, r#","unknown":"\udc00 tail""#, r#","unknown":"\ud83d\u0041""#] {
        let reason = reason(paid(place));
        assert!(reason.contains("surrogate") && reason.starts_with("data.order."), "{reason}");
    }
    taken(paid(r#","unknown":"\ud83d\ude00 \\ud800 \\u0000""#));
}

#[test]
fn a_byte_order_mark_is_named() {
    assert_eq!(reason("\u{feff}{}"), "body: starts with a byte order mark");
}

#[test]
fn what_is_too_big_is_kept_up_to_the_limit_and_counted() {
    let refused = match decoder().structured("test", vec![b'x'; 16 * 1024 * 1024]) {
        Incoming::Refused(refused) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused.reason, "body: larger than 262144 bytes; kept 262144 of 16777216 bytes");
    assert_eq!((refused.raw.len(), refused.raw.capacity()), (262_144, 262_144));
}

#[test]
fn a_type_we_do_not_know_is_kept_whoever_it_is_from() {
    let raw = event("review.written", "[1]").replace("\"id\":\"e", "\"brand\":\"other\",\"id\":\"e");
    let Incoming::UnknownType { arrival } = decoder().structured("test", raw.clone().into_bytes()) else { panic!() };
    assert_eq!((arrival.kind.as_str(), arrival.order), ("review.written", None));
    assert_eq!(arrival.raw, raw.into_bytes());
}

#[test]
fn a_malformed_contact_is_left_out_where_the_fact_can_do_without() {
    let both = r#"{"order":{"id":"A","customer":{"email":"not an address","phone":"+48600100200"}}}"#;
    let (_, event_) = taken(event("order.paid", both));
    let customer = event_.order_patch.customer.unwrap();
    assert!(customer.email.is_none() && customer.phone.is_some());
    let data = r#"{"order":{"id":"A","customer":{"email":"x@y@z"}},"shipment":{"id":"S"}}"#;
    let (_, event_) = taken(event("shipment.delivered", data));
    assert!(event_.order_patch.customer.is_none());
}

#[test]
fn blank_members_say_nothing() {
    let (_, event) = taken(paid(
        r#","currency":"","placed_at":null,"address":{"line1":" "},"items":[],"promise":{},"links":{"order":"ftp://x"}"#,
    ));
    let order = event.order_patch;
    assert_eq!((order.currency, order.placed_at, order.address, order.items), (None, None, None, None));
    assert_eq!((order.promise, order.links), (None, None));
}

#[test]
fn dates_that_stand_for_none_say_nothing() {
    let (_, event) = taken(parcel(r#","eta":"0001-01-01","pickup":{"until":"9999-12-31T23:59:59Z"}"#));
    let parcel = event.shipment_patch.unwrap();
    assert_eq!((parcel.eta, parcel.pickup), (None, None));
}

#[test]
fn placeholders_are_no_tracking_numbers() {
    for number in ["N/A", "pending", "UNKNOWN", "0000", "-", "tba"] {
        let (_, event) = taken(parcel(&format!(r#","tracking_number":"{number}""#)));
        assert_eq!(event.shipment_patch.unwrap().tracking_number, None, "{number}");
    }
}

#[test]
fn control_characters_become_blanks_and_long_texts_are_cut() {
    let name = format!("a\\r\\nBcc: x@y.example\\t\u{202e}{}", "é".repeat(900));
    let (_, event) = taken(event_with_name(&name));
    let name = event.order_patch.customer.unwrap().name.unwrap();
    assert!(name.expose().starts_with("a Bcc: x@y.example é"));
    assert_eq!(name.expose().chars().count(), 200);
}

fn event_with_name(name: &str) -> String {
    event("order.paid", &format!(r#"{{"order":{{"id":"A","customer":{{"name":"{name}","email":"a@b.example"}}}}}}"#))
}

#[test]
fn the_subject_names_the_order_only_where_nothing_better_does() {
    let with = |subject: &str, data: &str| {
        let raw =
            event("shipment.shipped", data).replace("\"id\":\"e", &format!("\"subject\":\"{subject}\",\"id\":\"e"));
        taken(raw).1.order.map(|order| order.as_str().to_owned())
    };
    assert_eq!(with("B-2", r#"{"order":{"id":"A-1"},"shipment":{"id":"S"}}"#).as_deref(), Some("A-1"));
    assert_eq!(with("B-2", r#"{"shipment":{"id":"S"}}"#).as_deref(), Some("B-2"));
    assert_eq!(with("jd-123456", r#"{"shipment":{"tracking_number":"JD123456"}}"#), None);
}

#[test]
fn structured_and_binary_twins_have_one_content() {
    let data = r#"{"order": {"id":"A-1","customer":{"email":"a@b.example"}}}"#;
    let (structured, event_) = taken(event("order.paid", data));
    let mut attributes = Attributes::default();
    for (header, value) in [
        ("cloudEvents_specversion", "1.0"),
        ("cloudEvents:id", "e-1"),
        ("ce-source", "/shops/harbour"),
        ("cloudEvents_type", "order.paid"),
        // The same instant, written otherwise, and an attribute that changes on the way.
        ("cloudEvents_time", "2026-11-03T11:11:12.000+01:00"),
        ("cloudEvents_traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ] {
        assert!(attributes.take(header, value));
    }
    assert!(!attributes.take("x-death", "1"));
    let Incoming::Event { arrival, event } = decoder().binary("test", &attributes, format!(" {data}\n").into()) else {
        panic!()
    };
    assert_eq!((arrival.key, arrival.content), (structured.key, structured.content));
    assert_eq!(*event, event_);
    assert_eq!(decode_stored(&arrival.raw).unwrap(), event_);
    let other = taken(raw_with_total(1)).0.content;
    assert_ne!(other, taken(raw_with_total(2)).0.content);
}

fn raw_with_total(total: u8) -> String {
    paid(&format!(r#","total":{total}"#))
}

#[test]
fn data_in_binary_mode_cannot_reach_into_the_envelope() {
    let mut attributes = Attributes::default();
    attributes.push("specversion", "1.0");
    let refused = match decoder().binary("test", &attributes, br#"{},"id":"forged""#.to_vec()) {
        Incoming::Refused(refused) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused.reason, "data: not valid json: trailing characters (line 1, column 3)");
    assert_eq!(Attributes::from_json(&refused.headers).unwrap(), attributes);
}

#[test]
fn what_is_stored_names_its_brand() {
    let (arrival, event) = taken(paid(""));
    assert!(arrival.raw.starts_with(br#"{"brand":"harbour","specversion""#));
    assert_eq!(decode_stored(&arrival.raw).unwrap(), event);
}
