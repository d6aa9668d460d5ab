//! The doors for what providers call back: `POST /v1/callbacks/…`, one door a provider, each with secrets of its own.
//!
//! A call is believed by its signature, taken once by its id, and kept as far as it says what became of which notice: the
//! addresses in it are not.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;

use super::problem::Problem;
use crate::apply::Hinge;
use crate::channel::setup::SetupError;
use crate::channel::sign::Keys;
use crate::consent::callback::{self, Event, NotAnEvent};
use crate::consent::settings::Settings;
use crate::consent::stop::{self, Answer};
use crate::domain::id::{BrandId, NoticeKey};
use crate::domain::person::{Channel, ContactKey};
use crate::ingest::decode::Decoder;
use crate::ingest::field;
use crate::store::rows::{Callback, Dead, Effect, Softness};
use crate::store::{Store, StoreError};
use crate::telemetry;

/// Most bytes of a call. Resend's largest have a few kilobytes.
const CALL_BYTES_MAX: usize = 64 * 1024;
/// How long a call may take to come in.
const CALL_TIME_MAX: Duration = Duration::from_secs(20);
/// Longest id of a call that is taken.
const ID_CHARS_MAX: usize = 256;
/// When to come back after the store was away, in seconds.
const STORE_RETRY_SECS: u16 = 5;

/// The doors.
#[derive(Debug, Clone)]
pub struct Callbacks {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    hinge: Hinge,
    decoder: Arc<Decoder>,
    softness: Softness,
    keys: DoorKeys,
}

/// What calls at each door are believed by; a door without is shut.
#[derive(Debug)]
pub struct DoorKeys {
    resend: Option<Keys>,
    generic: Option<Keys>,
    sms: Option<Keys>,
}

impl DoorKeys {
    /// Reads the secrets that `settings` name.
    ///
    /// # Errors
    /// When a file cannot be read, or a secret cannot be used.
    pub fn read(settings: &Settings) -> Result<Self, SetupError> {
        Ok(Self {
            resend: settings.resend.keys("consent.resend.secrets")?,
            generic: settings.generic.keys("consent.generic.secrets")?,
            sms: settings.sms.keys("consent.sms.secrets")?,
        })
    }

    /// The names of the doors that are open.
    pub fn open(&self) -> Vec<&'static str> {
        let doors = [("resend", &self.resend), ("generic", &self.generic), ("sms", &self.sms)];
        doors.into_iter().filter(|(_, keys)| keys.is_some()).map(|(name, _)| name).collect()
    }
}

/// The headers that a signature stands in.
struct Names {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

/// Standard Webhooks' names.
const STANDARD: Names = Names { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };
/// Svix's, whose scheme is the same.
const SVIX: Names = Names { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };

/// The answer to a call.
#[derive(Debug, Serialize)]
struct Told {
    /// `taken` or `repeat`.
    verdict: &'static str,
}

impl Callbacks {
    /// The doors that `settings` open, for the brands that `decoder` knows; what must reach the customer by another way goes
    /// through `hinge`.
    ///
    /// # Errors
    /// When a secret cannot be used.
    pub fn new(store: Store, hinge: Hinge, decoder: Arc<Decoder>, settings: &Settings) -> Result<Self, SetupError> {
        let (keys, softness) = (DoorKeys::read(settings)?, settings.softness());
        Ok(Self { inner: Arc::new(Inner { store, hinge, decoder, softness, keys }) })
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/v1/callbacks/resend", post(from_resend))
            .route("/v1/callbacks/generic", post(from_anyone))
            .route("/v1/callbacks/sms/{brand}", post(from_a_phone))
            .layer(DefaultBodyLimit::max(CALL_BYTES_MAX))
            .with_state(self)
    }
}

async fn from_resend(State(doors): State<Callbacks>, headers: HeaderMap, body: Body) -> Response {
    let door = doors.inner;
    answer(door.event("resend", door.keys.resend.as_ref(), &SVIX, callback::resend, &headers, body).await)
}

async fn from_anyone(State(doors): State<Callbacks>, headers: HeaderMap, body: Body) -> Response {
    let door = doors.inner;
    answer(door.event("generic", door.keys.generic.as_ref(), &STANDARD, callback::generic, &headers, body).await)
}

async fn from_a_phone(
    State(doors): State<Callbacks>,
    Path(brand): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(doors.inner.text(&brand, &headers, body).await)
}

fn answer(outcome: Result<bool, Problem>) -> Response {
    match outcome {
        Ok(is_new) => Json(Told { verdict: if is_new { "taken" } else { "repeat" } }).into_response(),
        Err(problem) => problem.into_response(),
    }
}

impl Inner {
    /// What a provider says of a message.
    async fn event(
        &self,
        door: &'static str,
        keys: Option<&Keys>,
        names: &Names,
        read: fn(&[u8]) -> Result<Event, NotAnEvent>,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<bool, Problem> {
        let (call, bytes) = self.believed(keys, names, headers, body).await?;
        let event = read(&bytes).map_err(|wrong| Problem::new(StatusCode::BAD_REQUEST, wrong.0))?;
        let contact = match event.notice {
            Some(notice) => self.store.contact_of(notice).await.map_err(|error| away(&error))?,
            None => None,
        };
        let call = event.callback(callback::id(door, &call), door, contact, self.now());
        let is_new = self.store.called_back(&call, self.softness).await.map_err(|error| away(&error))?;
        if is_new {
            telemetry::callback(door, call.kind);
        }
        // After a repeat as well: the worker that took the first may have died before this.
        let dead = killed(&call);
        if let (Some(notice), false) = (call.notice, dead.is_empty()) {
            self.other_way(notice, dead).await?;
        }
        Ok(is_new)
    }

    /// What somebody answers to a text.
    async fn text(&self, brand: &str, headers: &HeaderMap, body: Body) -> Result<bool, Problem> {
        let (call, bytes) = self.believed(self.keys.sms.as_ref(), &STANDARD, headers, body).await?;
        if !self.decoder.knows(brand) {
            // Taken, it would stop nothing, and nobody would see that.
            return Err(Problem::new(
                StatusCode::NOT_FOUND,
                "no such brand: the address names none that is configured",
            ));
        }
        let text = callback::sms(&bytes).map_err(|wrong| Problem::new(StatusCode::BAD_REQUEST, wrong.0))?;
        let Some(number) = field::phone_number(text.from.expose()) else {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "data.from: not a number in E.164"));
        };
        let contact = ContactKey::new(Channel::Sms, &number);
        let (kind, effect) = match stop::read(text.body.expose()) {
            Answer::Stop => ("stop", Some(Effect::Stop(BrandId::new(brand)))),
            Answer::Start => ("start", Some(Effect::Start(BrandId::new(brand)))),
            Answer::Help => ("help", None),
            Answer::Other => ("other", None),
        };
        let effects = effect.map(|effect| (contact, Channel::Sms, effect)).into_iter().collect();
        // A gateway that calls several brands' doors gives all these calls one id.
        let (id, at) = (callback::id(&format!("sms/{brand}"), &call), text.at.unwrap_or_else(|| self.now()));
        let call = Callback { id, door: "sms", kind, notice: None, at, effects };
        let is_new = self.store.called_back(&call, self.softness).await.map_err(|error| away(&error))?;
        if is_new {
            telemetry::callback("sms", kind);
        }
        Ok(is_new)
    }

    /// The id and the bytes of a call that is signed as it should be. A door without secrets is not there.
    async fn believed(
        &self,
        keys: Option<&Keys>,
        names: &Names,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(String, Vec<u8>), Problem> {
        let keys = keys.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "this door is not open"))?;
        let reading = axum::body::to_bytes(body, CALL_BYTES_MAX);
        let bytes = match tokio::time::timeout(CALL_TIME_MAX, reading).await {
            Ok(Ok(bytes)) => bytes.to_vec(),
            Ok(Err(_)) => return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the call is longer than 64 KiB")),
            Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the call took too long to come in")),
        };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let (id, timestamp) = (text(names.id), text(names.timestamp));
        let fits = (1..=ID_CHARS_MAX).contains(&id.len());
        let verified = keys.verify(id, timestamp, text(names.signature), &bytes, self.now());
        match (fits, verified) {
            (true, Ok(())) => Ok((id.to_owned(), bytes)),
            (true, Err(wrong)) => Err(Problem::new(StatusCode::FORBIDDEN, wrong.to_string())),
            (false, _) => Err(Problem::new(StatusCode::FORBIDDEN, "the call has no id, or one that is too long")),
        }
    }

    /// A message that the customer must have, and that did not reach them, goes by the other way.
    async fn other_way(&self, notice: NoticeKey, dead: Vec<ContactKey>) -> Result<(), Problem> {
        let row = self.store.notice(notice).await.map_err(|error| away(&error))?;
        let Some(row) = row else { return Ok(()) };
        self.hinge.reroute(row.notice, dead).await.map(drop).map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "a bounced notice could not take its other way");
            Problem::later("the store is away", STORE_RETRY_SECS)
        })
    }

    fn now(&self) -> Timestamp {
        self.store.clock().now()
    }
}

/// The addresses that have just turned out dead. Who complained has the message.
fn killed(call: &Callback) -> Vec<ContactKey> {
    let dead = |effect: &Effect| *effect == Effect::Suppress(Dead::HardBounce);
    call.effects.iter().filter(|(_, _, effect)| dead(effect)).map(|(contact, ..)| *contact).collect()
}

fn away(error: &StoreError) -> Problem {
    tracing::warn!(error = error as &dyn std::error::Error, "a provider's call could not be noted");
    Problem::later("the store is away; nothing was noted", STORE_RETRY_SECS)
}
