//! The page follows what happens to its order (see `web::pulse`).

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio_util::sync::CancellationToken;

use super::Place;
use crate::domain::id::OrderKey;
use crate::store::{Store, StoreError};
use crate::web::pulse::{self, Room};

/// Pages look again after this many rounds in any case: "tomorrow" becomes "today" by itself.
const ROUNDS_A_REFRESH: u64 = 900;
/// Listeners at the same time: less than half of the connections that a worker has by default. Somebody who finds no room has a
/// page that stands still. One order is looked at by a family, not by a crowd.
const ROOM: Room = Room { listeners: 400, of_order: 12 };

/// What was seen last.
#[derive(Debug, Clone, Default)]
pub(super) struct Beat {
    quarter: u64,
    orders: HashMap<OrderKey, i64>,
}

pub(super) type Pulse = pulse::Pulse<Beat>;

/// Asks `store` until `stop`, in a task of its own.
pub(super) fn pulse(store: Store, stop: CancellationToken) -> Pulse {
    Pulse::new(ROOM, move |keys, round| look(store.clone(), keys, round / ROUNDS_A_REFRESH), stop)
}

async fn look(store: Store, keys: Vec<OrderKey>, quarter: u64) -> Result<Beat, StoreError> {
    Ok(Beat { quarter, orders: store.order_versions(&keys).await?.into_iter().collect() })
}

/// A line for each change of the order.
pub(super) async fn follow(State(place): State<Place>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let opened = match place.open(&token).await {
        Ok(opened) => opened,
        Err(why) => return place.closed(why, &headers),
    };
    let order = opened.link.order.clone();
    let figure = move |beat: &Beat| beat.orders.get(&order).map(|version| (beat.quarter, *version));
    let line = place.inner.pulse.listen(Some(opened.link.order), figure);
    // 204 tells a browser not to ask again.
    line.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
}
