//! Where customers answer, below their order's page: a rating, something that is wrong, something that goes back. What counts is
//! sent by a form with a stamp; opening a page never changes anything.

pub mod api;
/// What customers ask for, as facts about their orders.
pub mod fact;
mod frame;
/// Pictures, made harmless.
pub mod photo;
mod problem;
mod rating;
mod sending_back;
/// What stands on the order's own page about all this.
pub mod slot;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::form::{Forms, Refused};
use super::place::{Closed, Opened, Place};
use crate::domain::id::OrderKey;
use crate::domain::listen::About;
use crate::domain::order::State;
use crate::domain::person::{Channel, ContactKey, Role};
use crate::domain::policy::Policy;
use crate::store::listen::From;
use crate::store::{Store, StoreError};
use crate::voice::care::Speech;
use crate::voice::{Voice, WordsError};
use fact::Facts;
use frame::Frame;

/// Forms with pictures that are read at the same time: each may hold some 30 MB.
const UPLOADS: usize = 8;
/// Pictures that are decoded at the same time: a large one takes some 250 MB while it is.
const DECODERS: usize = 1;

/// What these pages need.
#[derive(Clone)]
pub struct Parts {
    /// Opens orders by their links.
    pub place: Place,
    pub store: Store,
    pub facts: Facts,
    pub forms: Forms,
    /// The brands' voices, always those that speak at the time of asking.
    pub voice: Arc<ArcSwap<Voice>>,
    /// Whether programs are told.
    pub tells: bool,
}

/// The pages. Cheap to clone.
#[derive(Clone)]
pub struct Care {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Care {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Care")
    }
}

struct Inner {
    place: Place,
    store: Store,
    facts: Facts,
    forms: Forms,
    voice: Arc<ArcSwap<Voice>>,
    tells: bool,
    frame: Frame,
    uploads: Semaphore,
    decoders: Semaphore,
}

/// Somebody who has opened an order by its link.
struct Visit {
    /// The page's own path, `/t/…`.
    path: String,
    role: Role,
    opened: Opened,
}

/// Why a page cannot be made.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Words(#[from] WordsError),
    #[error("the brand that speaks for all is not loaded")]
    NoVoice,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        tracing::error!(error = &self as &dyn std::error::Error, "a customer's page cannot be made");
        let status = match self {
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Words(_) | Self::NoVoice => StatusCode::INTERNAL_SERVER_ERROR,
        };
        status.into_response()
    }
}

impl Care {
    /// Pages over `parts`.
    pub fn new(parts: Parts) -> Self {
        let Parts { place, store, facts, forms, voice, tells } = parts;
        let (frame, uploads, decoders) = (Frame::new(), Semaphore::new(UPLOADS), Semaphore::new(DECODERS));
        let inner = Inner { place, store, facts, forms, voice, tells, frame, uploads, decoders };
        Self { inner: Arc::new(inner) }
    }

    /// Their routes.
    pub fn routes(self) -> Router {
        let with_pictures = Router::new()
            .route("/t/{token}/problem", get(problem::show).post(problem::take))
            .layer(problem::body_limit());
        Router::new()
            .route("/t/{token}/rating", get(rating::show).post(rating::take))
            .route("/t/{token}/problem/{case}", post(problem::say))
            .route("/t/{token}/return", get(sending_back::show).post(sending_back::take))
            .layer(Forms::body_limit())
            .merge(with_pictures)
            .with_state(self)
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        self.store.clock().now()
    }

    /// The order that a token opens; the page's own answer for every token that opens nothing. Whoever has a link that was passed
    /// on reads, and says nothing in the customer's name.
    async fn visit(&self, token: &str, headers: &HeaderMap) -> Result<Visit, Response> {
        let opened = self.place.open(token).await.map_err(|why| self.place.closed(why, headers))?;
        let role = opened.link.reader.role().ok_or_else(|| self.unknown(headers))?;
        Ok(Visit { path: format!("/t/{token}"), role, opened })
    }

    /// The same for every address that opens nothing: it tells nobody how near they came.
    fn unknown(&self, headers: &HeaderMap) -> Response {
        self.place.closed(Closed::Nowhere, headers)
    }

    /// The answer to a form that is not taken and not shown again.
    fn refused(&self, visit: &Visit, refused: Refused) -> Result<Response, Trouble> {
        let voice = self.voice.load();
        let speech = visit.speech(&voice)?;
        let id = if refused == Refused::TooMany { "care-too-many-forms" } else { "care-not-taken" };
        Ok(self.frame.note(visit, &speech, refused.status(), &speech.say(id)?))
    }
}

impl Visit {
    fn key(&self) -> &OrderKey {
        &self.opened.link.order
    }

    fn policy(&self) -> &Policy {
        &self.opened.policy
    }

    fn state(&self) -> State<'_> {
        self.opened.order.state(&self.policy().zone)
    }

    fn has_arrived(&self) -> bool {
        self.state().parcels.iter().any(|parcel| parcel.delivered_at().is_some())
    }

    fn speech<'a>(&self, voice: &'a Voice) -> Result<Speech<'a>, Trouble> {
        voice.speech(&self.opened.brand, self.opened.wanted()).ok_or(Trouble::NoVoice)
    }

    /// Whose words a form brings.
    fn from(&self, locale: &str) -> From {
        let state = self.state();
        let contact = Channel::ALL.into_iter().find_map(|channel| {
            let address = state.address_of(self.role, channel)?;
            Some(ContactKey::new(channel, address))
        });
        let home = self.policy().watch.home.country.as_deref();
        From {
            order: self.key().clone(),
            role: self.role,
            contact,
            about: About::of(&state, home),
            locale: locale.to_owned(),
        }
    }
}

/// The sentence for a form that is shown again; `None` for one that is not.
fn again(refused: Refused) -> Option<&'static str> {
    match refused {
        Refused::Soon => Some("care-again-soon"),
        Refused::Old => Some("care-again-old"),
        Refused::Foreign | Refused::TooMany | Refused::NotAForm => None,
    }
}

/// Leads back to a page after something was kept, so that loading it again sends nothing.
fn see(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(axum::http::header::LOCATION, path.to_owned())]).into_response()
}

/// The page, or the answer to trouble.
fn answer(made: Result<Response, Trouble>) -> Response {
    made.unwrap_or_else(IntoResponse::into_response)
}
