//! Finding an order: by the shop's own id, by brand and id, or by a tracking number.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};

use super::guard::{Visitor, failed};
use super::page::{Page, Showing};
use super::words::{encoded, order_page};
use super::{Inner, Ops};
use crate::domain::id::{OrderKey, TrackingNumber};
use crate::explain;
use crate::store::StoreError;

/// Longest text that is looked for, in bytes: no id is longer.
const ASKED_BYTES_MAX: usize = 256;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
}

#[derive(Serialize)]
struct Facts<'a> {
    asked: &'a str,
    orders: Vec<Found>,
}

#[derive(Serialize)]
struct Found {
    order: String,
    href: String,
}

/// Goes to the order if there is one, and lists them if there are several.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let text = asked.q.trim();
    match ops.inner.find(text).await {
        Ok(keys) if keys.len() == 1 => Redirect::to(&order_page(&keys[0])).into_response(),
        Ok(keys) => {
            let found = |key: &OrderKey| Found { order: key.to_string(), href: order_page(key) };
            let facts = Facts { asked: text, orders: keys.iter().map(found).collect() };
            let here = format!("/ops/find?q={}", encoded(text));
            let showing = Showing { title: "Find", here: &here, ..Showing::default() };
            ops.inner.pages.show(Page::Found, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

impl Inner {
    async fn find(&self, text: &str) -> Result<Vec<OrderKey>, StoreError> {
        if text.is_empty() || text.len() > ASKED_BYTES_MAX || text.contains('\0') {
            return Ok(Vec::new());
        }
        let mut keys = explain::find(&self.store, text).await?;
        if let Some(number) = TrackingNumber::parse(text) {
            keys.extend(self.store.orders_of_number(&number).await?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }
}
