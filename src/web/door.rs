//! Facts over HTTP: `POST /v1/events`, CloudEvents in structured, binary and batch mode.
//!
//! The answer comes after the commit: 202 means kept. What is refused is kept for repair too, and the answer says so, since
//! sending it again as it is would not help.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::problem::Problem;
use super::settings::Settings;
use super::token::Tokens;
use crate::apply::{REUSED_ID, Verdict};
use crate::ingest::Incoming;
use crate::ingest::binary::Attributes;
use crate::ingest::decode::Decoder;
use crate::ingest::fault::Fault;
use crate::ingest::gather::{Gatherer, NotTaken};
use crate::telemetry;

/// This door's name on what it refuses.
const DOOR: &str = "http";
/// When to come back after the store was away, in seconds.
const STORE_RETRY_SECS: u16 = 5;

/// What the door needs.
#[derive(Debug, Clone)]
pub struct Door {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    decoder: Arc<Decoder>,
    gatherer: Gatherer,
    tokens: Tokens,
    room: Semaphore,
    settings: Settings,
}

/// In which form a request brings its events.
#[derive(Debug, Clone, Copy)]
enum Form {
    Structured,
    Binary,
    Batch,
}

/// What a request has brought.
enum Brought {
    One(Incoming),
    Many(Vec<Incoming>),
}

/// What became of one event.
#[derive(Debug, Serialize)]
struct Told {
    /// The event's own names; absent where it was refused before they were known.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    verdict: &'static str,
    /// Why it was refused: the field and what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The answer to a batch.
#[derive(Debug, Serialize)]
struct ToldAll {
    verdicts: Vec<Told>,
}

impl Door {
    /// A door that judges with `decoder` and brings to `gatherer` what those with a token send.
    pub fn new(decoder: Arc<Decoder>, gatherer: Gatherer, tokens: Tokens, settings: Settings) -> Self {
        let room = Semaphore::new(usize::from(settings.requests_max.get()));
        Self { inner: Arc::new(Inner { decoder, gatherer, tokens, room, settings }) }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new().route("/v1/events", post(take)).with_state(self)
    }
}

async fn take(State(door): State<Door>, headers: HeaderMap, body: Body) -> Response {
    let door = door.inner;
    match door.answer(&headers, body).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

impl Inner {
    async fn answer(&self, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
        if !self.tokens.admit(headers) {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "give a bearer token that this door knows"));
        }
        let form = form(headers)?;
        let _place = self.room.try_acquire().map_err(|_| Problem::later("too many requests at once", 1))?;
        let bytes = self.read(body).await?;
        let events = match form {
            Form::Structured => Brought::One(self.decoder.structured(DOOR, bytes)),
            Form::Binary => Brought::One(self.decoder.binary(DOOR, &attributes(headers), bytes)),
            Form::Batch => self.split(bytes),
        };
        let (events, is_single) = match events {
            Brought::One(event) => (vec![event], true),
            Brought::Many(events) => (events, false),
        };
        let names: Vec<_> = events.iter().map(names).collect();
        let verdicts = self.gatherer.bring(events).await.map_err(|not_taken| match not_taken {
            NotTaken::Busy => Problem::later("too many callers wait already", 1),
            NotTaken::Stopping => Problem::later("this worker is stopping", 1),
            NotTaken::Failed(_) => Problem::later("the store is away; nothing was kept", STORE_RETRY_SECS),
        })?;
        for verdict in &verdicts {
            telemetry::event_verdict(telemetry::Door::Http, verdict);
        }
        let mut told: Vec<Told> =
            names.into_iter().zip(&verdicts).map(|(names, verdict)| told(names, verdict)).collect();
        if !is_single {
            return Ok((StatusCode::ACCEPTED, Json(ToldAll { verdicts: told })).into_response());
        }
        match verdicts.into_iter().next() {
            Some(Verdict::Refused { reason }) => Err(refusal(reason)),
            Some(_) => Ok((StatusCode::ACCEPTED, Json(told.pop())).into_response()),
            None => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no verdict came back")),
        }
    }

    /// Reads the body, up to what a batch may have: a single event that is too big is refused by the decoder, and kept.
    async fn read(&self, body: Body) -> Result<Vec<u8>, Problem> {
        let limit = self.settings.batch_bytes_max.max(self.decoder.limits().event_bytes_max);
        let reading = async {
            let mut pieces = body.into_data_stream();
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.next().await {
                let piece = piece.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body broke off"))?;
                if bytes.len() + piece.len() > limit {
                    let detail = format!("the body is larger than {limit} bytes; nothing was kept");
                    return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(bytes)
        };
        let patience = Duration::from_secs(u64::from(self.settings.body_timeout_secs.get()));
        tokio::time::timeout(patience, reading)
            .await
            .unwrap_or_else(|_| Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long")))
    }

    /// Takes a batch apart. What is no batch is one refusal, answered as a single event's.
    fn split(&self, bytes: Vec<u8>) -> Brought {
        let events_max = usize::from(self.settings.batch_events_max.get());
        let events = match serde_json::from_slice::<Vec<&RawValue>>(&bytes) {
            Ok(events) if events.len() <= events_max => events,
            Ok(_) => return self.no_batch(&format!("more than {events_max} events"), bytes),
            Err(_) => return self.no_batch("not a json array of events", bytes),
        };
        Brought::Many(events.into_iter().map(|event| self.decoder.structured(DOOR, event.get().into())).collect())
    }

    fn no_batch(&self, what: &str, bytes: Vec<u8>) -> Brought {
        Brought::One(self.decoder.refused(DOOR, Fault::new("body", what), bytes, String::new()))
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/cloudevents-batch+json" => Ok(Form::Batch),
        "application/cloudevents+json" => Ok(Form::Structured),
        "application/json" if headers.contains_key("ce-specversion") || headers.contains_key("ce-id") => {
            Ok(Form::Binary)
        }
        // Written by hand, with a client that knows no CloudEvents: what it means is clear.
        "application/json" => Ok(Form::Structured),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/cloudevents+json, application/cloudevents-batch+json, or application/json with ce- headers",
        )),
    }
}

/// The attributes in `ce-` headers, which CloudEvents' HTTP binding percent-encodes.
fn attributes(headers: &HeaderMap) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, value) in headers {
        if let Ok(text) = value.to_str() {
            attributes.take(name.as_str(), percent_decode_str(text).decode_utf8_lossy());
        }
    }
    if let Some(media) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) {
        attributes.push("datacontenttype", media);
    }
    attributes
}

fn names(incoming: &Incoming) -> Option<(String, String)> {
    match incoming {
        Incoming::Event { arrival, .. } | Incoming::UnknownType { arrival } => {
            Some((arrival.source.clone(), arrival.id.clone()))
        }
        Incoming::Refused(_) => None,
    }
}

fn told(names: Option<(String, String)>, verdict: &Verdict) -> Told {
    let (verdict, reason) = match verdict {
        Verdict::Applied => ("applied", None),
        Verdict::Repeat => ("repeat", None),
        Verdict::Waiting => ("waiting", None),
        Verdict::UnknownType => ("unknown_type", None),
        Verdict::Erased => ("erased", None),
        Verdict::Refused { reason } => ("refused", Some(reason.clone())),
    };
    let (source, id) = names.unzip();
    Told { source, id, verdict, reason }
}

/// The refusal of a single event.
fn refusal(reason: String) -> Problem {
    let status = if reason == REUSED_ID {
        StatusCode::CONFLICT
    } else if reason.starts_with("body: larger than ") {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let field = reason.split_once(": ").map(|(field, _)| field.to_owned());
    Problem { field, kept: true, ..Problem::new(status, reason) }
}
