//! What people wish and what providers report: the doors, the wishes that are kept to, and what goes by the other way.

pub(crate) mod doors;
mod forgetting;
pub(crate) mod page;
mod sparing;
mod ways;

use doorstep::domain::policy::Policy;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

pub(crate) const START: &str = "2026-11-02T09:00:00Z";

/// Everything at once: no windows, no quiet hours.
pub(crate) fn policy() -> Policy {
    let mut policy = Policy::standard(TimeZone::UTC);
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::ZERO);
    policy.quiet.clear();
    policy
}

pub(crate) fn event(id: &str, kind: &str, at: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "/shops/harbour", "type": kind, "time": at, "data": data})
}

/// An order that is paid by somebody with both an address and a number.
pub(crate) fn paid(order: &str) -> Value {
    let phone = "+48500500500";
    let customer = json!({"id": order, "email": format!("{order}@example.org"), "phone": phone, "locale": "en-GB"});
    let data = json!({"order": {"id": order, "customer": customer, "items": [{"id": "1", "title": "Lamp", "qty": 1}]}});
    event(&format!("paid-{order}"), "order.paid", START, &data)
}

/// Something that happens to the order's only parcel.
pub(crate) fn parcel(order: &str, kind: &str, at: &str) -> Value {
    let shipment = json!({"id": "S1", "carrier": "dhl", "tracking_number": format!("JD01460000{order}")});
    event(&format!("{kind}-{order}-{at}"), kind, at, &json!({"order": {"id": order}, "shipment": shipment}))
}
