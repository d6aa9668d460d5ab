//! Pages that follow what happens: a line over server-sent events when something has changed.
//!
//! Each worker asks the database once a second, for all of its listeners together, and only while there are any. So it does
//! not matter which worker made the change, nor which one a page listens to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::id::OrderKey;
use crate::store::StoreError;

/// How often the database is asked.
const EVERY: Duration = Duration::from_secs(1);
/// How often a line that says nothing keeps the connection open.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// How many may listen at the same time, so that pages left open cannot take every connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) listeners: usize,
    /// To one order.
    pub(super) of_order: usize,
}

/// The worker's one look at the database; what it sees is `B`.
#[derive(Debug)]
pub(super) struct Pulse<B> {
    beats: watch::Sender<Arc<B>>,
    watched: Arc<Watched>,
    room: Room,
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
    /// `None`: as many as may listen to this order already do.
    fn new(order: Option<OrderKey>, watched: Arc<Watched>, most: usize) -> Option<Self> {
        if let Some(order) = &order {
            let mut orders = watched.orders.lock().unwrap_or_else(PoisonError::into_inner);
            let count = orders.entry(order.clone()).or_default();
            if *count >= most {
                return None;
            }
            *count += 1;
        }
        watched.somebody.notify_one();
        Some(Self { order, watched })
    }
}

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

impl<B: Default + Send + Sync + 'static> Pulse<B> {
    /// Looks once a second until `stop`, in a task of its own. `look` is given the orders that are watched, and the number of
    /// the round. To be called within a tokio runtime.
    pub(super) fn new<F, A>(room: Room, look: F, stop: CancellationToken) -> Self
    where
        F: Fn(Vec<OrderKey>, u64) -> A + Send + 'static,
        A: Future<Output = Result<B, StoreError>> + Send + 'static,
    {
        let (beats, watched) = (watch::Sender::new(Arc::default()), Arc::<Watched>::default());
        tokio::spawn(ask(look, beats.clone(), Arc::clone(&watched), stop.clone()));
        Self { beats, watched, room, stop }
    }

    /// A line for each change of what `figure` makes of a look; `None` where there is no room. A figure that is `None` is no
    /// news: the look began before anybody watched.
    pub(super) fn listen<T>(
        &self,
        order: Option<OrderKey>,
        figure: impl Fn(&B) -> Option<T> + Send + 'static,
    ) -> Option<Response>
    where
        T: PartialEq + Send + 'static,
    {
        if self.beats.receiver_count() >= self.room.listeners {
            return None;
        }
        let beats = self.beats.subscribe();
        let interest = Interest::new(order, Arc::clone(&self.watched), self.room.of_order)?;
        let state = (beats, interest, figure, None::<T>, self.stop.clone());
        let events = stream::unfold(state, |(mut beats, interest, figure, mut last, stop)| async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return None,
                    changed = beats.changed() => changed.ok()?,
                }
                let Some(now) = figure(&beats.borrow_and_update()) else { continue };
                // The first figure after a page was opened is what it shows.
                let is_news = last.as_ref().is_some_and(|last| *last != now);
                last = Some(now);
                if is_news {
                    let event = Ok::<_, Infallible>(Event::default().data("changed"));
                    return Some((event, (beats, interest, figure, last, stop)));
                }
            }
        });
        // Proxies that gather answers before they pass them on would hold the lines back.
        let headers = [("x-accel-buffering", "no"), ("cache-control", "no-store")];
        Some((headers, Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY))).into_response())
    }
}

async fn ask<B, F, A>(look: F, beats: watch::Sender<Arc<B>>, watched: Arc<Watched>, stop: CancellationToken)
where
    F: Fn(Vec<OrderKey>, u64) -> A,
    A: Future<Output = Result<B, StoreError>>,
{
    let mut round = 0;
    loop {
        if beats.receiver_count() == 0 {
            tokio::select! {
                () = stop.cancelled() => return,
                () = watched.somebody.notified() => {}
            }
        }
        match look(watched.keys(), round).await {
            Ok(beat) => {
                beats.send_replace(Arc::new(beat));
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "nothing could be asked"),
        }
        round += 1;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
