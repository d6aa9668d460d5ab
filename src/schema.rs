//! JSON Schemas of everything that crosses our border, made from the types that read and write it.
//!
//! They are published in `deploy/schemas` and used by `deploy/asyncapi.yaml`; a test holds the files equal to what is said
//! here. A schema describes what a shop should write. The doors are milder: unknown members are ignored, and what only
//! decorates is left out rather than refused.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::alerting::message::{AlertData, Body, FeedData};
use crate::channel::sms;
use crate::domain::event::Kind;
use crate::ingest::wire::{OrderData, ShipmentData};
use crate::outcomes::alert::AlertEvent;
use crate::outcomes::delay::DelayEvent;
use crate::outcomes::voice::{CaseData, FeedbackData, ReturnData, VoiceEvent};
use crate::outcomes::{NoticeEvent, voice};

/// Every published schema, by the name of its file without the ending.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("order-event", order_event()),
        ("shipment-event", shipment_event()),
        ("notice-event", notice_event()),
        ("alert-event", alert_event()),
        ("delay-event", delay_event()),
        ("feedback-event", feedback_event()),
        ("case-event", case_event()),
        ("return-event", return_event()),
        ("sms-send", sms_send()),
        ("alert-post", alert_post()),
        ("feed-post", feed_post()),
    ]
}

/// An `order.*` event (contract, section 2).
pub fn order_event() -> Value {
    let kinds = Kind::ALL.iter().filter(|kind| !kind.is_shipment());
    let mut event = envelope("An event about an order", kinds, of::<OrderData>());
    event["properties"]["data"]["required"] = json!(["order"]);
    event["$defs"]["Order"]["required"] = json!(["id"]);
    let reachable = |by: &str| json!({ "required": [by], "properties": { by: { "type": "string" } } });
    // Without a way to reach the customer there is nothing to do with a payment.
    event["allOf"] = json!([{
        "if": { "properties": { "type": { "const": Kind::OrderPaid.as_str() } } },
        "then": { "properties": { "data": { "properties": { "order": {
            "required": ["customer"],
            "properties": { "customer": { "type": "object", "anyOf": [reachable("email"), reachable("phone")] } }
        } } } } }
    }]);
    event
}

/// A `shipment.*` event (contract, section 2).
pub fn shipment_event() -> Value {
    let kinds = Kind::ALL.iter().filter(|kind| kind.is_shipment());
    let mut event = envelope("An event about a parcel", kinds, of::<ShipmentData>());
    event["properties"]["data"]["required"] = json!(["shipment"]);
    // A carrier's feed does not know the order, but then it must know the number.
    event["anyOf"] = json!([
        { "required": ["subject"] },
        { "properties": { "data": { "required": ["order"], "properties": { "order": { "required": ["id"] } } } } },
        { "properties": { "data": { "properties": { "shipment": { "required": ["tracking_number"] } } } } }
    ]);
    event
}

/// An outcome event about a notice (contract, section 4).
pub fn notice_event() -> Value {
    titled("What became of a notice", of::<NoticeEvent<'static>>())
}

/// The body of the webhook that tells of alerts.
pub fn alert_post() -> Value {
    titled("Alerts that were opened, that nobody has acknowledged, or that are over", of::<Body<AlertData<'static>>>())
}

/// The body of the webhook that tells of a carrier's silent feed.
pub fn feed_post() -> Value {
    titled("A carrier's feed that has stopped, or is back", of::<Body<FeedData<'static>>>())
}

/// An outcome event about a delay (contract, section 4).
pub fn delay_event() -> Value {
    titled("A delay that is expected, or no longer", of::<DelayEvent<'static>>())
}

/// An outcome event about an alert (contract, section 4).
pub fn alert_event() -> Value {
    titled("What became of an alert", of::<AlertEvent<'static>>())
}

/// An outcome event about a rating (contract, section 4).
pub fn feedback_event() -> Value {
    titled("A customer has rated an order", of_kinds(of::<VoiceEvent<'static, FeedbackData<'static>>>(), "feedback."))
}

/// An outcome event about a case.
pub fn case_event() -> Value {
    titled("What became of a case", of_kinds(of::<VoiceEvent<'static, CaseData<'static>>>(), "case."))
}

/// An outcome event about a return (contract, section 4).
pub fn return_event() -> Value {
    titled("Something is to go back", of_kinds(of::<VoiceEvent<'static, ReturnData<'static>>>(), "return."))
}

/// Leaves of the types those that begin with a word: three events share one envelope.
fn of_kinds(mut schema: Schema, start: &str) -> Schema {
    let kinds = voice::Kind::ALL.iter().map(|kind| kind.as_str()).filter(|kind| kind.starts_with(start));
    let kinds: Vec<&str> = kinds.collect();
    if let Some(members) = schema.as_object_mut() {
        members["properties"]["type"] = json!({ "enum": kinds });
        if let Some(defs) = members.get_mut("$defs").and_then(Value::as_object_mut) {
            defs.remove("Kind");
        }
    }
    schema
}

/// The body of the SMS webhook (contract, section 4).
pub fn sms_send() -> Value {
    titled("A text message to send", of::<sms::Body<'static>>())
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>()
}

fn titled(title: &str, schema: Schema) -> Value {
    let mut schema = schema.to_value();
    schema["title"] = json!(title);
    schema
}

/// The CloudEvents envelope around `data`.
fn envelope<'a>(title: &str, kinds: impl Iterator<Item = &'a Kind>, data: Schema) -> Value {
    let mut data = data.to_value();
    let members = data.as_object_mut().expect("the schema of a struct is an object");
    let (version, defs) = (members.remove("$schema"), members.remove("$defs"));
    let kinds: Vec<_> = kinds.map(|kind| kind.as_str()).collect();
    json!({
        "$schema": version,
        "title": title,
        "description": "A CloudEvents 1.0 event. The same source and id is the same event: a repeat changes nothing.",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "minLength": 1, "maxLength": crate::domain::id::ID_BYTES_MAX },
            "source": {
                "type": "string", "format": "uri-reference",
                "minLength": 1, "maxLength": crate::ingest::decode::SOURCE_BYTES_MAX
            },
            "type": { "enum": kinds },
            "time": {
                "description": "When the fact happened, not when it was sent; with an offset.",
                "type": "string", "format": "date-time"
            },
            "subject": { "description": "The order's id.", "type": "string" },
            "brand": { "description": "Whose voice to use; absent: the configured default.", "type": "string" },
            "datacontenttype": { "const": "application/json" },
            "dataschema": { "type": "string", "format": "uri" },
            "traceparent": { "type": "string" },
            "data": data
        },
        "$defs": defs
    })
}
