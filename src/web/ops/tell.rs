//! Telling the customer now, and telling nothing for a while. Both go the usual way: a fact through the hinge, or an earlier
//! second look. Nothing here writes to a customer by itself.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::Date;
use serde_json::{Value, json};
use uuid::Uuid;

use super::guard::{Posted, failed};
use super::words::order_page;
use super::{Inner, Ops};
use crate::apply::Verdict;
use crate::domain::id::OrderKey;
use crate::domain::order::Order;
use crate::domain::parcel::{Parcel, Status};
use crate::ingest::Apply;
use crate::store::StoreError;
use crate::store::ops::Audit;

/// The source of facts that people at the console report.
const SOURCE: &str = "/doorstep/ops";

/// Pauses an order's messages, or lets them go on: a fact like any other, so `explain` shows it, and a later one of the shop's
/// own stands above it.
pub(super) async fn pause(
    State(ops): State<Ops>,
    Path((brand, order)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let inner = &ops.inner;
    let hold = posted.field("pause") == "yes";
    let action = if hold { "pause" } else { "resume" };
    let (key, page) = match inner.known(&brand, &order).await {
        Ok(Some((key, _))) => (key.clone(), order_page(&key)),
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let data = json!({ "order": { "id": key.order_str(), "hold": hold } });
    let audit = Audit { order: Some(key.clone()), ..posted.visitor.audit(action) };
    match inner.report(&key, "order.updated", data, audit).await {
        Ok(true) => posted.back(&page, if hold { "paused" } else { "resumed" }),
        Ok(false) => posted.back(&page, "refused"),
        Err(error) => failed(&error),
    }
}

/// Makes every link to the customer's page that went out so far a dead one: a fact like any other. New messages carry new
/// links.
pub(super) async fn revoke(
    State(ops): State<Ops>,
    Path((brand, order)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let inner = &ops.inner;
    let (key, known) = match inner.known(&brand, &order).await {
        Ok(Some(found)) => found,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let page = order_page(&key);
    // Nobody revokes so often; after the last number there is none that was not used.
    let Some(next) = known.known.link_generation().checked_add(1) else { return posted.back(&page, "refused") };
    let data = json!({ "order": { "id": key.order_str(), "link_generation": next } });
    let audit = Audit { order: Some(key.clone()), ..posted.visitor.audit("revoke_links") };
    match inner.report(&key, "order.updated", data, audit).await {
        Ok(true) => posted.back(&page, "revoked"),
        Ok(false) => posted.back(&page, "refused"),
        Err(error) => failed(&error),
    }
}

/// Tells the customer now. `waiting`: what a rule holds back, or waits for its next try, is judged again at once. `delay`: the
/// shop itself says that a parcel is late, whatever the chances say.
pub(super) async fn tell(
    State(ops): State<Ops>,
    Path((brand, order)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let inner = &ops.inner;
    let (key, known) = match inner.known(&brand, &order).await {
        Ok(Some(found)) => found,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let page = order_page(&key);
    let audit = |target: Option<String>, detail: Option<String>| Audit {
        order: Some(key.clone()),
        target,
        detail,
        ..posted.visitor.audit("tell_now")
    };
    match posted.field("what") {
        "waiting" => {
            let hastened = async {
                inner.store.audit(&audit(Some("what waits".to_owned()), None)).await?;
                inner.store.hasten(&key).await
            };
            match hastened.await {
                Ok(count) => posted.back(&page, &format!("hastened.{count}")),
                Err(error) => failed(&error),
            }
        }
        "delay" => {
            let policy = inner.policies.of(&key.brand());
            let state = known.state(&policy.zone);
            let place = posted.field("parcel").parse::<usize>().ok();
            let day = posted.given("day").map(str::parse::<Date>);
            let (Some(parcel), false) = (place.and_then(|place| state.parcels.get(place)), matches!(day, Some(Err(_))))
            else {
                return posted.back(&page, "unclear");
            };
            let day = day.and_then(Result::ok);
            let Some((kind, data)) = delay(&key, parcel, day) else { return posted.back(&page, "unclear") };
            let target = parcel.id().map(|id| format!("parcel {id}"));
            let detail = day.map(|day| format!("expected {day}"));
            match inner.report(&key, kind, data, audit(target, detail)).await {
                Ok(true) => posted.back(&page, "reported"),
                Ok(false) => posted.back(&page, "refused"),
                Err(error) => failed(&error),
            }
        }
        _ => posted.back(&page, "unclear"),
    }
}

/// Whether the shop can say of this parcel that it is late: it is still to come, and with a day or with the carrier.
pub(super) fn can_be_late(parcel: &Parcel<'_>) -> bool {
    parcel.status().is_open()
}

/// The fact that says it. A new day is said as such, and changes nothing else about the parcel; without one, the parcel is
/// delayed, which can be said only of what has left.
fn delay(key: &OrderKey, parcel: &Parcel<'_>, day: Option<Date>) -> Option<(&'static str, Value)> {
    let name = parcel.names.first()?;
    let mut shipment = match (name.is_id(), name.shown()) {
        (true, Some(id)) => json!({ "id": id }),
        (false, Some(number)) => json!({ "tracking_number": number }),
        (_, None) => json!({}),
    };
    let kind = match day {
        Some(day) if can_be_late(parcel) => {
            shipment["eta"] = json!({ "date": day.to_string() });
            "shipment.updated"
        }
        None if can_be_late(parcel) && parcel.status() != Status::Announced => "shipment.delayed",
        _ => return None,
    };
    Some((kind, json!({ "order": { "id": key.order_str() }, "shipment": shipment })))
}

impl Inner {
    /// The order of this name as it stands.
    pub(super) async fn known(&self, brand: &str, order: &str) -> Result<Option<(OrderKey, Order)>, StoreError> {
        let Some(key) = OrderKey::from_stored(format!("{brand}/{order}")) else { return Ok(None) };
        let Some(row) = self.store.orders(std::slice::from_ref(&key)).await?.pop() else { return Ok(None) };
        let damaged = |_| StoreError::Corrupt { table: "orders", column: "doc", id: key.to_string() };
        let order = serde_json::from_str(&row.doc).map_err(damaged)?;
        Ok(Some((key, order)))
    }

    /// Writes down who reports it, and applies the fact. False if it was refused at the door.
    async fn report(&self, key: &OrderKey, kind: &str, data: Value, audit: Audit) -> Result<bool, StoreError> {
        let event = json!({
            "specversion": "1.0",
            "id": Uuid::new_v4(),
            "source": SOURCE,
            "type": kind,
            "subject": key.order_str(),
            "time": self.now(),
            "brand": key.brand_str(),
            "data": data,
        });
        self.store.audit(&audit).await?;
        let incoming = self.decoder.structured("ops", event.to_string().into_bytes());
        let verdicts = self.hinge.apply(vec![incoming]).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a fact from the ops console was not taken");
            StoreError::Unavailable { what: "the fact was not taken".to_owned() }
        })?;
        Ok(matches!(verdicts.first(), Some(Verdict::Applied)))
    }
}
