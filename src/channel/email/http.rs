//! E-mail over HTTP, in the shape that Resend made common: one JSON document, with the notice's key as `Idempotency-Key`.
//!
//! The provider keeps a key for a day and drops a second request with it, so after a lost connection the same bytes go out
//! again under the same key. Its own words about the key decide a 409: a request still under way is asked about again
//! later; a key used with another body means that an earlier form of this mail was taken, so this one is in doubt.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::encode::{clean, mailbox_text};
use super::{address, mime};
use crate::channel::http::{Answer, Endpoint, Options};
use crate::channel::setup::{SetupError, secret};
use crate::channel::{Cause, Intent, Mail, Message, Receipt, Sealed, SendError};
use crate::clock::Clock;
use crate::domain::person::Channel;

/// Longest value of a tag, in characters. Source: Resend's API reference.
const TAG_MAX: usize = 256;
/// Longest receipt kept, in characters.
const RECEIPT_MAX: usize = 200;

/// The provider's endpoint.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The whole address that takes mails.
    #[serde(default = "url")]
    pub url: String,
    /// The bearer token, as a rule from the environment; none for a receiver that asks for none.
    #[serde(default)]
    pub token: Option<SecretString>,
    /// A file that holds the bearer token.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Certificates (PEM) to trust instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Permits `http:` to other machines: mails and token are readable on the way.
    #[serde(default)]
    pub allow_http: bool,
    /// For the connection and TLS.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u32,
    /// For the whole attempt.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    /// Idle connections kept.
    #[serde(default = "connections")]
    pub connections: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: url(),
            token: None,
            token_file: None,
            ca_file: None,
            allow_http: false,
            connect_timeout_ms: connect_timeout_ms(),
            timeout_ms: timeout_ms(),
            connections: connections(),
        }
    }
}

fn url() -> String {
    "https://api.resend.com/emails".to_owned()
}

fn connect_timeout_ms() -> u32 {
    10_000
}

fn timeout_ms() -> u32 {
    15_000
}

fn connections() -> u16 {
    64
}

/// A provider that takes mails as JSON.
#[derive(Debug)]
pub struct Provider {
    endpoint: Endpoint,
    clock: Clock,
    name: String,
}

impl Provider {
    pub(super) fn new(settings: &Settings, clock: Clock) -> Result<Self, SetupError> {
        let mut headers = HeaderMap::new();
        if let Some(token) = secret("email.token", settings.token.as_ref(), settings.token_file.as_deref())? {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
                .map_err(|_| SetupError::setting("email.token", "holds what cannot stand in a header"))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let options = Options {
            url_setting: "email.url",
            ca_setting: "email.ca_file",
            url: &settings.url,
            allow_http: settings.allow_http,
            ca_file: settings.ca_file.as_deref(),
            guard: None,
            connect_timeout: Duration::from_millis(settings.connect_timeout_ms.max(1).into()),
            timeout: Duration::from_millis(settings.timeout_ms.max(1).into()),
            connections: settings.connections.into(),
        };
        let endpoint = Endpoint::new(options, headers)?;
        let name = format!("email api at {}", endpoint.host());
        Ok(Self { endpoint, clock, name })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        if !intent.commit().await {
            return Err(SendError::NotWanted);
        }
        let key = HeaderValue::from_str(&sealed.key.to_string()).expect("a uuid is visible ascii");
        let headers = HeaderMap::from_iter([(HeaderName::from_static("idempotency-key"), key)]);
        let answer = self.endpoint.post(headers, sealed.bytes.clone(), || self.clock.now()).await?;
        if answer.is_success() {
            return Ok(receipt(&answer));
        }
        let refusal = refusal(&answer);
        if answer.is_setup_fault() {
            tracing::error!(endpoint = %self.name, status = answer.status, "the e-mail provider is set up wrongly: mails wait until it is mended");
        }
        Err(refusal)
    }
}

/// What is read of an answer; everything else in it is ignored.
#[derive(Deserialize, Default)]
struct Words {
    id: Option<String>,
    name: Option<String>,
}

fn words(answer: &Answer) -> Words {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn receipt(answer: &Answer) -> Receipt {
    let visible = |id: &String| id.chars().all(|c| c.is_ascii_graphic()) && !id.contains('@');
    let id = words(answer).id.filter(visible).map(|id| id.chars().take(RECEIPT_MAX).collect());
    Receipt { id }
}

fn refusal(answer: &Answer) -> SendError {
    if answer.status != 409 {
        return answer.refusal();
    }
    let cause = |what| Cause { what, code: Some(answer.status), endpoint_fault: false };
    if words(answer).name.as_deref() == Some("concurrent_idempotent_requests") {
        let cause = cause("an earlier try is still under way there");
        return SendError::Later { retry_after: answer.retry_after, cause };
    }
    SendError::InDoubt { cause: cause("the key was used there before with another body") }
}

/// The request, in Resend's shape.
#[derive(Serialize)]
struct Body<'a> {
    from: String,
    to: [String; 1],
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
    html: &'a str,
    text: &'a str,
    #[serde(serialize_with = "as_map")]
    headers: Vec<(&'static str, String)>,
    tags: Vec<Tag>,
}

/// `name` comes before `value`: receivers that search the bytes rely on it.
#[derive(Serialize)]
struct Tag {
    name: &'static str,
    value: String,
}

fn as_map<S: Serializer>(headers: &[(&'static str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(headers.len()))?;
    for (name, value) in headers {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

/// Makes the JSON, the same for the same message however often it is asked.
pub(super) fn seal(message: &Message, mail: &Mail) -> Result<Sealed, SendError> {
    let to = address::parse(message.to.expose())?;
    let reply_to = mail.reply_to.as_deref().map(address::parse).transpose()?;
    let tag = |name, value: &str| Tag { name, value: tag_value(value) };
    let body = Body {
        from: mailbox_text(&mail.from_name, &address::parse(&mail.from)?.to_string()),
        to: [mailbox_text(mail.to_name.expose(), &to.to_string())],
        subject: clean(&mail.subject),
        reply_to: reply_to.map(|address| address.to_string()),
        html: &mail.html,
        text: &mail.text,
        headers: mime::extra(message, mail),
        tags: vec![
            tag("brand", message.order.brand().as_str()),
            tag("order_id", message.order.order().as_str()),
            tag("stage", message.about()),
            // Comes back with what the provider calls back about this mail.
            tag("key", &message.key.to_string()),
        ],
    };
    let mut bytes = Vec::with_capacity(2048 + mail.html.len() + mail.html.len() / 8 + mail.text.len() * 2);
    serde_json::to_writer(&mut bytes, &body).expect("strings always serialise into memory");
    Ok(Sealed {
        key: message.key,
        channel: Channel::Email,
        from: String::new(),
        to: message.to.clone(),
        bytes: Bytes::from(bytes),
    })
}

/// A tag's value may hold ASCII letters, digits, `_` and `-` alone; anything else becomes `_`.
fn tag_value(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.chars().take(TAG_MAX).map(|c| if fits(c) { c } else { '_' }).collect()
}
