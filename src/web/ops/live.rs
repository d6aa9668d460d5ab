//! The console's pages follow what happens (see `web::pulse`).

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::Ops;
use super::guard::Visitor;
use crate::domain::id::OrderKey;
use crate::store::{Store, StoreError};
use crate::web::pulse::{self, Room};

/// Pages look again after this many rounds in any case: "3 min ago" grows old by itself.
const ROUNDS_A_REFRESH: u64 = 60;
/// Listeners at the same time; the console's people all have a few pages open, and often the same.
const ROOM: Room = Room { listeners: 128, of_order: 128 };

/// What was seen last. A figure that differs means a change.
#[derive(Debug, Clone, Default)]
pub(super) struct Beat {
    minute: u64,
    work: String,
    orders: HashMap<OrderKey, i64>,
}

pub(super) type Pulse = pulse::Pulse<Beat>;

/// Asks `store` until `stop`, in a task of its own.
pub(super) fn pulse(store: Store, stop: CancellationToken) -> Pulse {
    Pulse::new(ROOM, move |keys, round| look(store.clone(), keys, round / ROUNDS_A_REFRESH), stop)
}

async fn look(store: Store, keys: Vec<OrderKey>, minute: u64) -> Result<Beat, StoreError> {
    let orders = store.order_pulses(&keys).await?.into_iter().collect();
    Ok(Beat { minute, work: store.work_pulse().await?, orders })
}

/// What a page watches: `work`, or an order's key.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    watch: String,
}

/// A line for each change of what is watched.
pub(super) async fn follow(State(ops): State<Ops>, _visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let order = OrderKey::from_stored(asked.watch);
    let watched = order.clone();
    let figure = move |beat: &Beat| match &watched {
        Some(order) => beat.orders.get(order).map(|n| (beat.minute, None, Some(*n))),
        None => Some((beat.minute, Some(beat.work.clone()), None)),
    };
    let line = ops.inner.pulse.listen(order, figure);
    line.unwrap_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}
