//! Outcome events about delays: expected, and no longer expected. One for an order, however many people are told.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::SOURCE;
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::notice::Notice;
use crate::domain::order::Order;
use crate::domain::stage::Stage;
use crate::store::rows::Outcome;

/// The types of outcome events about delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Change {
    /// The promise, or the day named last, will be missed or has been.
    #[serde(rename = "delay.expected")]
    Expected,
    /// A delay that was told is no longer expected.
    #[serde(rename = "delay.cleared")]
    Cleared,
}

impl Change {
    /// Both changes.
    pub const ALL: &'static [Self] = &[Self::Expected, Self::Cleared];

    /// The `type` attribute, which is the routing key too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expected => "delay.expected",
            Self::Cleared => "delay.cleared",
        }
    }
}

/// An outcome event about a delay: a CloudEvents 1.0 event in structured JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DelayEvent<'a> {
    #[schemars(extend("const" = "1.0"))]
    specversion: &'static str,
    /// The same for the same change of the same order, however often it is published.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Uuid,
    source: &'static str,
    r#type: Change,
    /// The order's id.
    subject: &'a str,
    /// When it was decided.
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    datacontenttype: &'static str,
    brand: &'a str,
    data: DelayData<'a>,
}

/// The `data` of an outcome event about a delay. What is not known is missing. Holds nothing personal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DelayData<'a> {
    order_id: &'a str,
    /// The first of the days that are expected now, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    from: Option<Date>,
    /// The day that is expected now, or the last of several, at the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    until: Option<Date>,
    /// The chance of missing the promise, 0 to 1, as the last morning had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    chance: Option<f32>,
    /// What made it known, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// The outcome event for a notice of a delay that was just planned; `None` for other stages. The same event follows from every
/// notice of one decision, so that it is published once.
pub fn planned(notice: &Notice, order: &Order) -> Option<Outcome> {
    let kind = match notice.stage {
        Stage::DelayExpected | Stage::DelayAgain => Change::Expected,
        Stage::BackOnTime => Change::Cleared,
        _ => return None,
    };
    let decided =
        order.told.handled.iter().find(|handled| handled.notices.iter().any(|open| open.key == notice.key))?;
    let told = order.told.delay.as_ref();
    let foresight = order.told.lane.as_ref().and_then(|memory| memory.foresight.as_ref());
    let data = DelayData {
        order_id: notice.order.order_str(),
        from: told.and_then(|told| told.from),
        until: told.and_then(|told| told.day),
        chance: foresight.and_then(|foresight| foresight.chance),
        why: decided.because(),
    };
    let first = decided.notices.first().map_or(notice.key, |open| open.key);
    Some(event(&notice.order, first, kind, notice.planned_at, data))
}

fn event(order: &OrderKey, decision: NoticeKey, kind: Change, time: Timestamp, data: DelayData<'_>) -> Outcome {
    let id = Uuid::new_v5(&decision.0, kind.as_str().as_bytes());
    let event = DelayEvent {
        specversion: "1.0",
        id,
        source: SOURCE,
        r#type: kind,
        subject: order.order_str(),
        time,
        datacontenttype: "application/json",
        brand: order.brand_str(),
        data,
    };
    let body = serde_json::to_string(&event).expect("an outcome event is plain data");
    Outcome { id, kind: kind.as_str().to_owned(), body }
}
