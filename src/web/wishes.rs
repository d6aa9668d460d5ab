//! The page of wishes, `/u/{token}`: what somebody wants to hear about and how, in which language, and on which number.
//!
//! A mail program posts `List-Unsubscribe=One-Click` to the same address (RFC 8058), as a form of either kind, and that counts at once. A person's own
//! buttons post elsewhere, each with a stamp; reading the page changes nothing, since mail scanners read every link.

mod sheet;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use uuid::Uuid;

use super::form::{FORM_TIME_MAX, Filled, Forms, Refused, Unread};
use super::frame::{Frames, Shown};
use super::nowhere::Nowhere;
use crate::channel::sms::{CodeText, Sender};
use crate::consent::settings::Settings;
use crate::dispatch::speaker::Speaker;
use crate::domain::person::Channel;
use crate::domain::topic::Topic;
use crate::ingest::field;
use crate::link::OptOut;
use crate::store::rows::{CodeCheck, Consent};
use crate::store::{Store, StoreError};
use sheet::{Said, Sheet};

/// What a mail program posts, word for word: one field, and what it says.
const ONE_CLICK: (&str, &str) = ("List-Unsubscribe", "One-Click");

/// What the page needs.
#[derive(Debug, Clone)]
pub struct Wishes {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    forms: Forms,
    speaker: Speaker,
    sms: Sender,
    code_minutes: u16,
    codes_per_day: u16,
    frames: Frames,
    nowhere: Nowhere,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Wishes {
    /// Wishes by the links that `forms` knows, kept in `store`; `speaker` has the brands' words, and codes go out by `sms`.
    pub fn new(store: Store, forms: Forms, speaker: Speaker, sms: Sender, settings: &Settings) -> Self {
        let (code_minutes, codes_per_day) = (settings.code_minutes.get(), settings.codes_per_day.get());
        let (frames, nowhere) = (Frames::new(), Nowhere::new());
        let inner = Inner { store, forms, speaker, sms, code_minutes, codes_per_day, frames, nowhere };
        Self { inner: Arc::new(inner) }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/u/{token}", get(show).post(one_click))
            .route("/u/{token}/wishes", post(save))
            .route("/u/{token}/stop", post(stop))
            .route("/u/{token}/number", post(number))
            .route("/u/{token}/code", post(code))
            .route("/u/{token}/forget", post(forget))
            .layer(Forms::body_limit())
            .with_state(self)
    }
}

async fn show(State(wishes): State<Wishes>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let inner = &wishes.inner;
    let Some(who) = inner.forms.links().opt_out(&token) else { return inner.nowhere.answer(&headers) };
    inner.page(&token, &who, StatusCode::OK, Said::Nothing).await
}

/// The mail program's post. Anything else sent here changes nothing.
async fn one_click(State(wishes): State<Wishes>, Path(token): Path<String>, request: Request) -> Response {
    let inner = &wishes.inner;
    let Some(who) = inner.forms.links().opt_out(&token) else { return inner.nowhere.answer(request.headers()) };
    let reading = tokio::time::timeout(FORM_TIME_MAX, is_one_click(request));
    if !reading.await.unwrap_or_default() {
        return inner.page(&token, &who, StatusCode::BAD_REQUEST, Said::Nothing).await;
    }
    let stopped = inner.only_necessary(&who, "one_click").await;
    inner.told(&token, &who, stopped.map(|()| Said::Good("wishes-stopped"))).await
}

/// Whether it is the form of RFC 8058, section 3.2: it should come as `multipart/form-data`, and may come as the other kind.
async fn is_one_click(request: Request) -> bool {
    let (name, value) = ONE_CLICK;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
        let body = Bytes::from_request(request, &()).await.unwrap_or_default();
        return body.trim_ascii().strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="))
            == Some(value.as_bytes());
    }
    let Ok(mut form) = Multipart::from_request(request, &()).await else { return false };
    let Ok(Some(field)) = form.next_field().await else { return false };
    let is_named = field.name() == Some(name);
    is_named && field.text().await.is_ok_and(|said| said.trim() == value) && matches!(form.next_field().await, Ok(None))
}

async fn stop(State(wishes): State<Wishes>, Path(token): Path<String>, request: Request) -> Response {
    wishes.inner.filled(&token, request, async |inner, who, _| inner.stop_all(who).await).await
}

async fn save(State(wishes): State<Wishes>, Path(token): Path<String>, request: Request) -> Response {
    wishes.inner.filled(&token, request, async |inner, who, filled| inner.save(who, filled).await).await
}

async fn number(State(wishes): State<Wishes>, Path(token): Path<String>, request: Request) -> Response {
    wishes.inner.filled(&token, request, async |inner, who, filled| inner.ask_code(who, filled).await).await
}

async fn code(State(wishes): State<Wishes>, Path(token): Path<String>, request: Request) -> Response {
    wishes.inner.filled(&token, request, async |inner, who, filled| inner.take_code(who, filled).await).await
}

async fn forget(State(wishes): State<Wishes>, Path(token): Path<String>, request: Request) -> Response {
    wishes.inner.filled(&token, request, async |inner, who, _| inner.forget_number(who).await).await
}

impl Inner {
    /// Does what a form asks for, once it is known to come from a person's hand.
    async fn filled(
        &self,
        token: &str,
        request: Request,
        act: impl AsyncFnOnce(&Self, &OptOut, &Filled) -> Result<Said, StoreError>,
    ) -> Response {
        let Some(who) = self.forms.links().opt_out(token) else { return self.nowhere.answer(request.headers()) };
        match self.forms.read(request).await {
            Ok(filled) => {
                let done = act(self, &who, &filled).await;
                self.told(token, &who, done).await
            }
            Err(Unread { why, .. }) => {
                let words = match why {
                    Refused::Soon | Refused::Old => "wishes-again",
                    Refused::Foreign | Refused::TooMany | Refused::NotAForm => "wishes-later",
                };
                self.page(token, &who, why.status(), Said::Bad(words)).await
            }
        }
    }

    async fn save(&self, who: &OptOut, filled: &Filled) -> Result<Said, StoreError> {
        let mut declined = Vec::new();
        for channel in Channel::ALL {
            let can_decline = Topic::ALL.into_iter().filter(|topic| sheet::can_decline(channel, *topic));
            let off = |topic: &Topic| filled.said.text(&format!("{}.{}", channel.as_str(), topic.as_str())) != "on";
            declined.extend(can_decline.filter(off).map(|topic| (channel, topic)));
        }
        self.store.choose_wishes(who.contact, &who.brand, &declined, "page").await?;
        let known = self.known(who).await?;
        let locale = self.locale(who, &known);
        let wanted = filled.said.text("language");
        let is_new = self.speak(who, locale, |words| words.tag() != wanted && words.tags().any(|tag| tag == wanted));
        if is_new {
            self.store.choose_locale(who.contact, &who.brand, wanted).await?;
        }
        Ok(Said::Good("wishes-saved"))
    }

    async fn stop_all(&self, who: &OptOut) -> Result<Said, StoreError> {
        let all = Channel::ALL.into_iter().flat_map(|channel| Topic::OPTIONAL.map(|topic| (channel, topic)));
        self.store.choose_wishes(who.contact, &who.brand, &all.collect::<Vec<_>>(), "page").await?;
        Ok(Said::Good("wishes-stopped"))
    }

    /// What one click declines, by the way on which it was clicked; what was declined before stays so.
    async fn only_necessary(&self, who: &OptOut, source: &str) -> Result<(), StoreError> {
        self.store.decline_topics(who.contact, &who.brand, Channel::Email, &Topic::OPTIONAL, source).await
    }

    async fn ask_code(&self, who: &OptOut, filled: &Filled) -> Result<Said, StoreError> {
        let Some(number) = field::phone_number(filled.said.text("number")) else {
            return Ok(Said::Bad("wishes-number-bad"));
        };
        let code = format!("{:06}", rand::random_range(0..1_000_000_u32));
        let limits = (self.code_minutes, self.codes_per_day);
        if !self.store.expect_code(who.contact, &who.brand, &number, &code, limits).await? {
            return Ok(Said::Bad("wishes-code-many"));
        }
        let known = self.known(who).await?;
        let minutes = self.code_minutes.to_string();
        let (text, locale) = self.speak(who, self.locale(who, &known), |words| {
            let text = words.text("wishes-code-text", &[("code", &code), ("minutes", &minutes)]);
            (text, words.tag().to_owned())
        });
        let (brand, key) = (who.brand.as_str(), Uuid::new_v4());
        match self.sms.send_code(&CodeText { key, to: &number, text, brand, locale: &locale }).await {
            Ok(()) => Ok(Said::Nothing),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a code could not be sent");
                Ok(Said::Bad("wishes-code-failed"))
            }
        }
    }

    async fn take_code(&self, who: &OptOut, filled: &Filled) -> Result<Said, StoreError> {
        let code: String = filled.said.text("code").chars().filter(char::is_ascii_digit).collect();
        Ok(match self.store.confirm_number(who.contact, &who.brand, &code).await? {
            CodeCheck::Right => Said::Confirmed,
            CodeCheck::Wrong => Said::Bad("wishes-code-wrong"),
            CodeCheck::Over => Said::Bad("wishes-code-over"),
        })
    }

    async fn forget_number(&self, who: &OptOut) -> Result<Said, StoreError> {
        self.store.forget_number(who.contact, &who.brand).await?;
        Ok(Said::Good("wishes-number-removed"))
    }

    async fn told(&self, token: &str, who: &OptOut, done: Result<Said, StoreError>) -> Response {
        match done {
            Ok(said) => self.page(token, who, StatusCode::OK, said).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a wish could not be kept");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        }
    }

    async fn page(&self, token: &str, who: &OptOut, status: StatusCode, said: Said) -> Response {
        let known = match self.known(who).await {
            Ok(known) => known,
            Err(error) => return self.away(&error),
        };
        let expected = match self.store.expected_number(who.contact, &who.brand).await {
            Ok(expected) => expected,
            Err(error) => return self.away(&error),
        };
        let minutes = self.code_minutes.to_string();
        self.speak(who, self.locale(who, &known), |words| {
            let sheet = Sheet::new(words, &self.forms, (token, who), &known, (expected.as_ref(), &minutes), said);
            let (alert, notice) = sheet.said();
            let shown = Shown { template: "wishes", status, title: sheet.heading(), alert, notice, ..Shown::default() };
            self.frames.show(&shown, &words.below(), &sheet)
        })
    }

    fn away(&self, error: &StoreError) -> Response {
        tracing::error!(error = error as &dyn std::error::Error, "the page of wishes cannot be shown");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }

    async fn known(&self, who: &OptOut) -> Result<Consent, StoreError> {
        Ok(self.store.consents(&[who.contact]).await?.remove(0))
    }

    /// The language that was chosen, else that of the mail.
    fn locale<'a>(&self, who: &'a OptOut, known: &'a Consent) -> &'a str {
        known.chosen_for(&who.brand).and_then(|chosen| chosen.locale.as_deref()).unwrap_or(&who.locale)
    }

    /// Speaks with the brand's words; where the brand is not configured, with those of the default one.
    fn speak<T>(&self, who: &OptOut, locale: &str, say: impl FnOnce(&crate::voice::Phrases<'_>) -> T) -> T {
        let voice = self.speaker.voice.load();
        let own = voice.phrases(&who.brand, Some(locale));
        let words = own.or_else(|| voice.phrases(&self.speaker.default_brand, Some(locale)));
        say(&words.expect("a set without the default brand is never let in"))
    }
}
