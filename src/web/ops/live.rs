//! Pages that follow what happens: a line over server-sent events when something has changed.
//!
//! Each worker asks the database once a second, for all of its listeners together, and only while there are any. So it does
//! not matter which worker made the change, nor which one a page listens to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::Ops;
use super::guard::Visitor;
use crate::domain::id::OrderKey;
use crate::store::{Store, StoreError};

/// How often the database is asked.
const EVERY: Duration = Duration::from_secs(1);
/// Pages look again after this many rounds in any case: "3 min ago" grows old by itself.
const ROUNDS_A_REFRESH: u64 = 60;
/// Listeners at the same time, so that pages left open cannot take every connection.
const LISTENERS_MAX: usize = 128;

/// What was seen last. A figure that differs means a change.
#[derive(Debug, Clone, Default)]
struct Beat {
    minute: u64,
    work: String,
    orders: HashMap<OrderKey, i64>,
}

/// The worker's one look at the database.
#[derive(Debug)]
pub(super) struct Pulse {
    beats: watch::Sender<Arc<Beat>>,
    watched: Arc<Watched>,
    stop: CancellationToken,
}

/// The orders whose pages are open, and for how many listeners.
#[derive(Debug, Default)]
struct Watched {
    orders: Mutex<HashMap<OrderKey, usize>>,
    somebody: Notify,
}

impl Watched {
    fn keys(&self) -> Vec<OrderKey> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

/// A listener's interest in an order, which ends with it.
struct Interest {
    order: Option<OrderKey>,
    watched: Arc<Watched>,
}

impl Interest {
    fn new(order: Option<OrderKey>, watched: Arc<Watched>) -> Self {
        if let Some(order) = &order {
            *watched.orders.lock().unwrap_or_else(PoisonError::into_inner).entry(order.clone()).or_default() += 1;
        }
        watched.somebody.notify_one();
        Self { order, watched }
    }

    /// What this listener compares.
    fn figure(&self, beat: &Beat) -> Figure {
        match &self.order {
            Some(order) => (beat.minute, None, beat.orders.get(order).copied()),
            None => (beat.minute, Some(beat.work.clone()), None),
        }
    }
}

type Figure = (u64, Option<String>, Option<i64>);

impl Drop for Interest {
    fn drop(&mut self) {
        let Some(order) = &self.order else { return };
        let mut orders = self.watched.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = orders.get_mut(order) {
            *count -= 1;
            if *count == 0 {
                orders.remove(order);
            }
        }
    }
}

impl Pulse {
    /// Asks `store` until `stop`, in a task of its own.
    pub(super) fn new(store: Store, stop: CancellationToken) -> Self {
        let (beats, watched) = (watch::Sender::new(Arc::default()), Arc::<Watched>::default());
        tokio::spawn(ask(store, beats.clone(), Arc::clone(&watched), stop.clone()));
        Self { beats, watched, stop }
    }
}

async fn ask(store: Store, beats: watch::Sender<Arc<Beat>>, watched: Arc<Watched>, stop: CancellationToken) {
    let mut rounds = 0;
    loop {
        if beats.receiver_count() == 0 {
            tokio::select! {
                () = stop.cancelled() => return,
                () = watched.somebody.notified() => {}
            }
        }
        match look(&store, &watched, rounds / ROUNDS_A_REFRESH).await {
            Ok(beat) => {
                beats.send_replace(Arc::new(beat));
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "nothing could be asked"),
        }
        rounds += 1;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn look(store: &Store, watched: &Watched, minute: u64) -> Result<Beat, StoreError> {
    let orders = store.order_pulses(&watched.keys()).await?.into_iter().collect();
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
    let pulse = &ops.inner.pulse;
    if pulse.beats.receiver_count() >= LISTENERS_MAX {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let order = OrderKey::from_stored(asked.watch);
    let beats = pulse.beats.subscribe();
    let interest = Interest::new(order, Arc::clone(&pulse.watched));
    let state = (beats, interest, None, pulse.stop.clone());
    let events = stream::unfold(state, |(mut beats, interest, mut last, stop)| async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = beats.changed() => changed.ok()?,
            }
            let figure = interest.figure(&beats.borrow_and_update());
            // A look that began before anybody watched this order knows nothing of it.
            if interest.order.is_some() && figure.2.is_none() {
                continue;
            }
            let before: Option<Figure> = last.replace(figure.clone());
            // The first figure after a page was opened is what it shows.
            if before.is_some_and(|before| before != figure) {
                let event = Ok::<_, Infallible>(Event::default().data("changed"));
                return Some((event, (beats, interest, last, stop)));
            }
        }
    });
    // Proxies that gather answers before they pass them on would hold the lines back.
    let unbuffered = [("x-accel-buffering", "no")];
    (unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))).into_response()
}
