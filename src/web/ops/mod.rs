//! The ops console, under `/ops`: what is wrong, who looks after it, and one order's whole story. It works without JavaScript;
//! with it, pages follow what the workers do.
//!
//! `guard.rs` says who may look and who may act; every other file is one page or one sort of action.

mod act;
mod alerts;
mod audit;
mod cases;
mod done;
mod doubt;
mod found;
mod guard;
mod kept;
/// Lanes with their distributions.
pub mod lanes;
mod limit;
mod live;
mod login;
mod order;
mod page;
/// Who may come in.
pub mod people;
mod plot;
mod quarantine;
mod returns;
mod settings;
mod tell;
mod voices;
mod words;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::apply::{Hinge, Policies};
use crate::ingest::decode::Decoder;
use crate::outcomes;
use crate::store::Store;
use crate::store::rows::Told;
use crate::store::worklist::{Group, Move, Report, Watched};
use kept::Kept;
use lanes::Lanes;
use limit::Limit;
use live::Pulse;
use page::{Page, Pages};
use people::Entrance;

pub use settings::Settings;

/// Bytes of a form: a note and a few hidden fields.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// How long a count of the alerts is shown to all: pages look again every three seconds at most.
pub const FRESH_FOR: Duration = Duration::from_secs(2);
/// Passwords judged at the same time.
const TURNS: usize = 2;

/// What the console looks at and acts through.
#[derive(Debug)]
pub struct Parts {
    pub entrance: Entrance,
    pub store: Store,
    pub decoder: Arc<Decoder>,
    pub hinge: Hinge,
    pub policies: Policies,
    /// Where messages are captured, if they are.
    pub messages: Option<PathBuf>,
    pub lanes: Lanes,
    /// How long a count of the alerts may be shown to others too. [`FRESH_FOR`]; zero in tests.
    pub fresh_for: Duration,
}

/// The console. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ops {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    entrance: Entrance,
    store: Store,
    decoder: Arc<Decoder>,
    hinge: Hinge,
    policies: Policies,
    messages: Option<PathBuf>,
    lanes: Lanes,
    groups: Kept<Vec<Group>>,
    worst: Kept<(Vec<Watched>, Vec<Told>)>,
    pages: Pages,
    limit: Limit,
    turns: Arc<Semaphore>,
    pulse: Pulse,
    /// The token of the demo's forms: it has no sessions.
    demo_csrf: String,
}

impl Inner {
    /// What programs are told of a move, where they are told of anything.
    fn reporter(&self, to: &Move) -> Option<Report> {
        match to {
            _ if !self.hinge.is_telling() => None,
            Move::Acknowledge => Some(outcomes::alert::acknowledged),
            Move::Clear(_) => Some(outcomes::alert::cleared_row),
            Move::Snooze(_) => None,
        }
    }
}

impl Ops {
    /// A console over `parts`, whose pages follow what happens until `stop`. To be called within a tokio runtime.
    pub fn new(parts: Parts, stop: CancellationToken) -> Self {
        let Parts { entrance, store, decoder, hinge, policies, messages, lanes, fresh_for } = parts;
        let pulse = live::pulse(store.clone(), stop);
        let inner = Inner {
            entrance,
            store,
            decoder,
            hinge,
            policies,
            messages,
            lanes,
            groups: Kept::new(fresh_for),
            worst: Kept::new(fresh_for),
            pages: Pages::new(),
            limit: Limit::default(),
            turns: Arc::new(Semaphore::new(TURNS)),
            pulse,
            demo_csrf: guard::secret(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/ops", get(work::show))
            .route("/ops/login", get(login::ask).post(login::enter))
            .route("/ops/logout", post(login::leave))
            .route("/ops/alerts", get(alerts::show).post(act::on_group))
            .route("/ops/orders/{brand}/{order}", get(order::show))
            .route("/ops/orders/{brand}/{order}/alert", post(act::on_alert))
            .route("/ops/orders/{brand}/{order}/note", post(act::note))
            .route("/ops/orders/{brand}/{order}/pause", post(tell::pause))
            .route("/ops/orders/{brand}/{order}/tell", post(tell::tell))
            .route("/ops/orders/{brand}/{order}/links", post(tell::revoke))
            .route("/ops/orders/{brand}/{order}/messages/{key}", get(order::message))
            .route("/ops/doubt", get(doubt::show).post(doubt::settle))
            .route("/ops/quarantine", get(quarantine::list).post(quarantine::mend))
            .route("/ops/quarantine/{id}", get(quarantine::entry))
            .route("/ops/cases", get(cases::show))
            .route("/ops/cases/{id}", get(cases::one).post(cases::act))
            .route("/ops/cases/{id}/photos/{photo}", get(cases::photo))
            .route("/ops/returns", get(returns::show).post(returns::decide))
            .route("/ops/voices", get(voices::show))
            .route("/ops/voices.csv", get(voices::csv))
            .route("/ops/lanes", get(lanes::show))
            .route("/ops/audit", get(audit::show))
            .route("/ops/find", get(found::show))
            .route("/ops/live", get(live::follow))
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .with_state(self)
    }
}

#[derive(Serialize)]
struct Refusal<'a> {
    words: &'a str,
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// The calendar day of the people at the console.
    fn today(&self) -> Date {
        self.now().to_zoned(self.entrance.zone.clone()).date()
    }

    fn moment(&self, at: Timestamp) -> words::Moment {
        words::Moment::new(at, self.now(), &self.entrance.zone)
    }

    /// Forgets what was counted: somebody has changed something here.
    async fn recount(&self) {
        self.groups.forget().await;
        self.worst.forget().await;
    }

    fn refusal(&self, status: StatusCode, words: &str) -> Response {
        self.pages.show_to_strangers(Page::Refusal, status, "Not possible", &Refusal { words })
    }

    fn not_found(&self) -> Response {
        self.refusal(StatusCode::NOT_FOUND, "There is nothing of this name.")
    }
}
