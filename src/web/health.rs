//! Whether the worker lives, and whether it can work: `/healthz`, `/readyz`, `/metrics`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// The longest wait for one part's answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);

type Answer = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// One part that must work for the worker to be ready.
#[derive(Clone)]
pub struct Part {
    name: &'static str,
    ask: Arc<dyn Fn() -> Answer + Send + Sync>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({})", self.name)
    }
}

impl Part {
    /// A part that is asked by `ask`; an error says in words what is wrong, without secrets.
    pub fn new<F>(name: &'static str, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        Self { name, ask: Arc::new(move || Box::pin(ask())) }
    }
}

/// What the health routes need.
#[derive(Clone)]
pub struct Health {
    parts: Arc<[Part]>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Health").field("parts", &self.parts).finish_non_exhaustive()
    }
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// What is wrong, by part; empty if ready.
    troubles: Vec<Trouble>,
}

#[derive(Serialize)]
struct Trouble {
    part: &'static str,
    what: String,
}

impl Health {
    /// Asks `parts` for readiness, and `metrics` for the text that Prometheus reads.
    pub fn new(parts: Vec<Part>, metrics: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { parts: parts.into(), metrics: Arc::new(metrics) }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self)
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let asked = health.parts.iter().map(|part| async {
        let what = match tokio::time::timeout(ANSWER_MAX, (part.ask)()).await {
            Ok(Ok(())) => return None,
            Ok(Err(what)) => what,
            Err(_) => format!("no answer within {} s", ANSWER_MAX.as_secs()),
        };
        Some(Trouble { part: part.name, what })
    });
    let troubles: Vec<Trouble> = futures_util::future::join_all(asked).await.into_iter().flatten().collect();
    let ready = troubles.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(Readiness { ready, troubles })).into_response()
}

async fn metrics(State(health): State<Health>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (health.metrics)()).into_response()
}
