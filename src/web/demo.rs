//! The demo's pages: the orders of a simulated week, what happened to each, and every message as its customer would see it.
//!
//! They read the database and the folder of captured messages like anybody else; nothing here changes anything.

mod words;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::page::{Page, Pages, guard};
use crate::channel::capture::{self, Captured};
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::order::Order;
use crate::link::{Links, PageLink, Reader};
use crate::store::rows::{NoticeRow, State as NoticeState};
use crate::store::{Store, StoreError};

/// How often a page is told to look again, at most: more often would only be busy.
const CHANGES_EVERY: Duration = Duration::from_millis(400);

/// What the pages look at, and what the demo's driver tells them.
#[derive(Debug)]
pub struct Demo {
    store: Store,
    messages: PathBuf,
    pages: Pages,
    /// Brands by id, as customers know them.
    names: BTreeMap<String, String>,
    /// Orders, in the order in which they were first heard of.
    orders: RwLock<Vec<OrderKey>>,
    facts: AtomicU64,
    over: AtomicBool,
    first: Timestamp,
    last: Timestamp,
    pace: String,
    links: Links,
    changes: watch::Sender<u64>,
    stop: CancellationToken,
}

impl Demo {
    /// Pages about what `store` holds and the folder `messages` captured, for a story from `first` to `last`. `names` are the
    /// brands', by id; `pace` says how fast the story is told.
    pub fn new(
        store: Store,
        messages: PathBuf,
        names: BTreeMap<String, String>,
        (first, last): (Timestamp, Timestamp),
        pace: String,
        links: Links,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            messages,
            pages: Pages::new(),
            names,
            orders: RwLock::default(),
            facts: AtomicU64::new(0),
            over: AtomicBool::new(false),
            first,
            last,
            pace,
            links,
            changes: watch::Sender::new(0),
            stop,
        })
    }

    /// Notes that `facts` came in, and of which orders; the pages look again.
    pub fn heard(&self, facts: u64, orders: impl IntoIterator<Item = OrderKey>) {
        self.facts.fetch_add(facts, Ordering::Relaxed);
        let mut known = self.orders.write().unwrap_or_else(PoisonError::into_inner);
        for order in orders {
            if !known.contains(&order) {
                known.push(order);
            }
        }
        drop(known);
        self.changed();
    }

    /// Tells the pages to look again.
    pub fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Notes that the story is at its end.
    pub fn ended(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.changed();
    }

    /// The pages.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/", get(list))
            .route("/orders/{brand}/{order}", get(order))
            .route("/messages/{key}/{part}", get(message))
            .route("/changes", get(changes))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(self)
    }

    fn clock(&self) -> Timestamp {
        self.store.clock().now()
    }
}

/// What went wrong behind a page.
struct Failed(StoreError);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tracing::error!(error = &self.0 as &dyn std::error::Error, "page cannot be made");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// One order as it stands in the database.
struct Told {
    key: OrderKey,
    order: Order,
    notices: Vec<NoticeRow>,
}

async fn told(demo: &Demo, keys: &[OrderKey]) -> Result<Vec<Told>, StoreError> {
    let rows = demo.store.orders(keys).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        // A document that cannot be read would be a fault of ours, and another test's business: the page shows the others.
        let Ok(order) = serde_json::from_str(&row.doc) else { continue };
        all.push(Told { notices: demo.store.notices_of(&row.key).await?, key: row.key, order });
    }
    Ok(all)
}

#[derive(Serialize)]
struct Overview {
    clock: String,
    percent: i64,
    pace: String,
    facts: u64,
    mails: usize,
    texts: usize,
    silent: usize,
    doubts: usize,
    orders: Vec<words::Card>,
}

async fn list(State(demo): State<Arc<Demo>>) -> Result<Response, Failed> {
    let mut keys = demo.orders.read().unwrap_or_else(PoisonError::into_inner).clone();
    let orders = told(&demo, &keys).await?;
    let mut silent = 0;
    for key in &keys {
        silent += demo.store.silences_of(key).await?.len();
    }
    let rows = || orders.iter().flat_map(|told| &told.notices);
    let count = |state: NoticeState| rows().filter(|row| row.state == state).count();
    silent += count(NoticeState::Superseded) + count(NoticeState::Suppressed);
    let sent = |sms: bool| {
        rows().filter(|row| row.state == NoticeState::Accepted && words::is_text(row.notice.channel) == sms).count()
    };
    // The latest orders first: that is where something happens.
    keys.reverse();
    let card = |key: &OrderKey| {
        orders.iter().find(|told| told.key == *key).map(|t| words::card(key, &demo.names, &t.order, &t.notices))
    };
    let now = demo.clock();
    let whole = demo.last.duration_since(demo.first).as_secs().max(1);
    let overview = Overview {
        clock: words::clock(now, None),
        percent: (now.duration_since(demo.first).as_secs() * 100 / whole).clamp(0, 100),
        pace: if demo.over.load(Ordering::Relaxed) { "the story is over".to_owned() } else { demo.pace.clone() },
        facts: demo.facts.load(Ordering::Relaxed),
        mails: sent(false),
        texts: sent(true),
        silent,
        doubts: count(NoticeState::InDoubt),
        orders: keys.iter().filter_map(card).collect(),
    };
    Ok(demo.pages.show(Page::Demo, StatusCode::OK, "en", "doorstep demo", &overview))
}

#[derive(Deserialize)]
struct Chosen {
    message: Option<Uuid>,
}

#[derive(Serialize)]
struct OrderPage {
    #[serde(flatten)]
    card: words::Card,
    clock: String,
    /// Under another name than the list's count of facts.
    facts: Vec<words::Fact>,
    line: Vec<words::Step>,
    /// The page as the customer sees it.
    place: String,
    message: Option<words::Shown>,
}

async fn order(
    State(demo): State<Arc<Demo>>,
    Path((brand, order)): Path<(String, String)>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, Failed> {
    let Some(key) = OrderKey::from_stored(format!("{brand}/{order}")) else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let Some(told) = told(&demo, std::slice::from_ref(&key)).await?.pop() else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let facts = demo.store.facts_of(&key).await?;
    let silences = demo.store.silences_of(&key).await?;
    let zone = words::zone(&told.order);
    let accepted = |row: &&NoticeRow| row.state == NoticeState::Accepted;
    // The mail that was sent last is what a visitor wants to see first.
    let newest =
        told.notices.iter().filter(accepted).max_by_key(|row| (!words::is_text(row.notice.channel), row.settled_at));
    let open = chosen.message.map(NoticeKey).or(newest.map(|row| row.notice.key));
    let message = match open {
        Some(key) => captured(&demo, key).await.map(|captured| words::shown(&captured, &told.notices, &zone)),
        None => None,
    };
    let page = OrderPage {
        card: words::card(&key, &demo.names, &told.order, &told.notices),
        clock: words::clock(demo.clock(), Some(&zone)),
        facts: words::order_facts(&told.order, &zone),
        place: demo.links.page_path(&PageLink {
            order: key.clone(),
            reader: Reader::Customer,
            generation: told.order.known.link_generation(),
        }),
        line: words::line(&key, &facts, &told.notices, &silences, open, &zone),
        message,
    };
    let title = format!("{} · doorstep demo", page.card.name());
    Ok(demo.pages.show(Page::DemoOrder, StatusCode::OK, "en", &title, &page))
}

async fn captured(demo: &Demo, key: NoticeKey) -> Option<Captured> {
    let folder = demo.messages.clone();
    let read = tokio::task::spawn_blocking(move || capture::read(&folder, key)).await.ok()?;
    read.inspect_err(|error| tracing::warn!(error = error as &dyn std::error::Error, "captured message")).ok().flatten()
}

/// One part of a captured message. The mail's HTML is served so that nothing in it can run or fetch.
async fn message(State(demo): State<Arc<Demo>>, Path((key, part)): Path<(Uuid, String)>) -> Response {
    let Some(captured) = captured(&demo, NoticeKey(key)).await else { return StatusCode::NOT_FOUND.into_response() };
    let plain = |body: String| {
        let policy = "default-src 'none'; frame-ancestors 'none'".to_owned();
        (guard(policy), [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
    };
    match (part.as_str(), captured.html, captured.eml) {
        ("mail", Some(html), _) => {
            let policy = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                          frame-ancestors 'self'; base-uri 'none'";
            (guard(policy.to_owned()), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
        }
        ("eml", _, Some(eml)) => plain(eml),
        ("text", ..) => plain(captured.text),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A line for each change, at a bearable rate; ends when the demo does.
async fn changes(State(demo): State<Arc<Demo>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = demo.changes.subscribe();
    let stop = demo.stop.clone();
    let events = stream::unfold((changes, stop), |(mut changes, stop)| async move {
        tokio::select! {
            () = stop.cancelled() => return None,
            changed = changes.changed() => changed.ok()?,
        }
        let count = *changes.borrow_and_update();
        tokio::select! {
            () = stop.cancelled() => return None,
            () = tokio::time::sleep(CHANGES_EVERY) => {}
        }
        Some((Ok(Event::default().data(count.to_string())), (changes, stop)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// How long a fact took to reach us, where that is worth a word.
const LATE: SignedDuration = SignedDuration::from_mins(10);
