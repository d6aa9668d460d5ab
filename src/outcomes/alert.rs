//! Outcome events about alerts: opened, acknowledged, cleared. Nothing personal, neither the customer's nor the operators'.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::SOURCE;
use crate::domain::alert::{Alert, AlertKey, Kind, UNKNOWN_ORDER};
use crate::domain::event::Reason;
use crate::domain::id::OrderKey;
use crate::domain::order::Order;
use crate::store::alerts::AlertRow;
use crate::store::rows::Outcome;

/// The types of outcome events about alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Change {
    /// Something is wrong that was not wrong before.
    #[serde(rename = "alert.opened")]
    Opened,
    /// Somebody looks after it.
    #[serde(rename = "alert.acknowledged")]
    Acknowledged,
    /// A fact or a person has ended it.
    #[serde(rename = "alert.cleared")]
    Cleared,
}

impl Change {
    /// Every change, in the order of an alert's life.
    pub const ALL: &'static [Self] = &[Self::Opened, Self::Acknowledged, Self::Cleared];

    /// The `type` attribute, which is the routing key too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "alert.opened",
            Self::Acknowledged => "alert.acknowledged",
            Self::Cleared => "alert.cleared",
        }
    }
}

/// An outcome event about an alert: a CloudEvents 1.0 event in structured JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertEvent<'a> {
    #[schemars(extend("const" = "1.0"))]
    specversion: &'static str,
    /// The same for the same change of the same alert, however often it is published.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: Uuid,
    source: &'static str,
    r#type: Change,
    /// The order's id; missing where no order is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// When it changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    datacontenttype: &'static str,
    brand: &'a str,
    data: AlertData<'a>,
}

/// The `data` of an outcome event about an alert. What is not known is missing. Holds nothing personal.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct AlertData<'a> {
    /// The alert's key, the same in all its events.
    #[schemars(with = "String", extend("format" = "uuid"))]
    key: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    /// The parcel, or the number that no order has; missing where it is about the whole order.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipment_id: Option<&'a str>,
    /// What sort of trouble it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Kind>,
    /// First, second, … time of this kind for this parcel.
    occurrence: u32,
    /// When the trouble began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<&'a str>,
    /// From where to where, as `DE → PL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warehouse: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// What the order is worth, in minor units of `currency`.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<&'a str>,
    /// The promised day, at the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    promised: Option<Date>,
    /// The chance of missing the promise, 0 to 1, when it was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    chance: Option<f64>,
    /// What ended it, for what is cleared: `delivered`, `moved_on`, `gave_way` to a stronger one, …, `by_hand`.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

/// The outcome event for an alert that was just opened.
pub fn opened(alert: &Alert) -> Outcome {
    event(&alert.order, Change::Opened, alert.opened_at, 0, all(alert))
}

/// The outcome event for an alert that somebody took on just now, by its row. `None` if the row does not say when.
pub fn acknowledged(row: &AlertRow) -> Option<Outcome> {
    let at = row.acked_at?;
    Some(event(&row.alert.order, Change::Acknowledged, at, at.as_millisecond(), all(&row.alert)))
}

/// The outcome event for an alert that was cleared just now, by its row. A person's words stay inside the house. `None` if
/// the row does not say when.
pub fn cleared_row(row: &AlertRow) -> Option<Outcome> {
    let data = AlertData { why: Some(row.why_in_a_word()), ..all(&row.alert) };
    Some(event(&row.alert.order, Change::Cleared, row.cleared_at?, 0, data))
}

/// The outcome event for an alert that a fact has ended; `None` if its order knows nothing of it. `order` is the order's
/// document, in which the alert is kept.
pub fn cleared(key: &OrderKey, order: &Order, alert: AlertKey, why: &'static str, now: Timestamp) -> Option<Outcome> {
    let is_it = |told: &&crate::domain::order::Alerted| {
        AlertKey::new(key, told.parcel.as_deref(), told.kind, told.occurrence) == alert
    };
    let told = order.told.alerts.iter().find(is_it)?;
    let data = AlertData {
        key: alert.0,
        shipment_id: told.parcel.as_deref(),
        kind: Some(told.kind),
        occurrence: told.occurrence,
        since: Timestamp::from_millisecond(told.since).ok()?,
        why: Some(why),
        ..AlertData::default()
    };
    Some(event(key, Change::Cleared, now, 0, data))
}

fn all(alert: &Alert) -> AlertData<'_> {
    AlertData {
        key: alert.key.0,
        order_id: None,
        shipment_id: alert.parcel.as_deref(),
        kind: Some(alert.kind),
        occurrence: alert.occurrence,
        since: alert.since,
        carrier: alert.carrier.as_deref(),
        lane: alert.lane.as_deref(),
        warehouse: alert.warehouse.as_deref(),
        reason: alert.reason,
        value: alert.value,
        currency: alert.currency.as_deref(),
        promised: alert.promised,
        chance: alert.chance,
        why: None,
    }
}

/// `round` tells apart changes of one sort that an alert can have several times, such as being acknowledged.
fn event<'a>(order: &'a OrderKey, change: Change, time: Timestamp, round: i64, data: AlertData<'a>) -> Outcome {
    let id = Uuid::new_v5(&data.key, format!("{}\0{round}", change.as_str()).as_bytes());
    let order_id = Some(order.order_str()).filter(|id| *id != UNKNOWN_ORDER);
    let body = AlertEvent {
        specversion: "1.0",
        id,
        source: SOURCE,
        r#type: change,
        subject: order_id,
        time,
        datacontenttype: "application/json",
        brand: order.brand_str(),
        data: AlertData { order_id, ..data },
    };
    let body = serde_json::to_string(&body).expect("plain data with text keys");
    Outcome { id, kind: change.as_str().to_owned(), body }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::id::{BrandId, OrderId};

    fn alert(order: &str) -> Alert {
        let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new(order));
        let at: Timestamp = "2026-11-05T09:01:00Z".parse().expect("a time");
        Alert {
            key: AlertKey::new(&order, Some("P1"), Kind::Stalled, 1),
            order,
            parcel: Some("P1".into()),
            kind: Kind::Stalled,
            occurrence: 1,
            since: "2026-11-02T09:01:00Z".parse().expect("a time"),
            opened_at: at,
            carrier: Some("inpost".into()),
            lane: Some("DE → PL".into()),
            warehouse: None,
            reason: None,
            value: Some(4500),
            currency: Some("PLN".into()),
            promised: Some(Date::constant(2026, 11, 6)),
            chance: None,
        }
    }

    #[test]
    fn speaks_the_contracts_words() {
        let outcome = opened(&alert("HG-1"));
        assert_eq!(outcome.kind, "alert.opened");
        let body: Value = serde_json::from_str(&outcome.body).expect("JSON");
        assert_eq!((body["type"].as_str(), body["subject"].as_str()), (Some("alert.opened"), Some("HG-1")));
        let data = &body["data"];
        assert_eq!((data["kind"].as_str(), data["shipment_id"].as_str()), (Some("stalled"), Some("P1")));
        assert_eq!((data["promised"].as_str(), data["order_id"].as_str()), (Some("2026-11-06"), Some("HG-1")));
        assert_eq!((data.get("chance"), data.get("why")), (None, None));
    }

    #[test]
    fn an_alert_without_an_order_names_none() {
        let body: Value = serde_json::from_str(&opened(&alert(UNKNOWN_ORDER)).body).expect("JSON");
        assert_eq!((body.get("subject"), body["data"].get("order_id")), (None, None));
    }

    #[test]
    fn what_a_fact_ends_is_told_from_the_orders_memory() {
        let alert = alert("HG-1");
        let mut order = Order::default();
        let now: Timestamp = "2026-11-06T10:00:00Z".parse().expect("a time");
        assert_eq!(cleared(&alert.order, &order, alert.key, "delivered", now), None);
        order.told.alerts.push(crate::domain::order::Alerted {
            kind: alert.kind,
            parcel: alert.parcel.clone(),
            occurrence: 1,
            since: alert.since.as_millisecond(),
            cleared: Some(now.as_millisecond()),
            unsaid: false,
        });
        let outcome = cleared(&alert.order, &order, alert.key, "delivered", now).expect("it is known");
        let body: Value = serde_json::from_str(&outcome.body).expect("JSON");
        assert_eq!((body["data"]["why"].as_str(), body["data"]["kind"].as_str()), (Some("delivered"), Some("stalled")));
        assert_ne!(outcome.id, opened(&alert).id);
    }
}
