//! Short texts, handed to the shop's gateway by a signed webhook.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::capture::{self, Capture};
use super::guard::{Guard, Network};
use super::http::{Endpoint, Options};
use super::setup::{SetupError, secret};
use super::sign::Keys;
use super::{Content, Encoding, Intent, Message, Receipt, Sealed, SendError, Text, misfit};
use crate::clock::Clock;
use crate::domain::person::Channel;
use crate::domain::stage::Stage;

/// How texts go out.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "transport", rename_all = "snake_case", deny_unknown_fields)]
pub enum Settings {
    /// To the shop's gateway.
    Webhook(Webhook),
    /// Into files, to look at.
    Capture(capture::Settings),
}

impl Default for Settings {
    fn default() -> Self {
        Self::Capture(capture::Settings::default())
    }
}

/// The shop's gateway.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where to; `https`, unless `allow_http`.
    pub url: String,
    /// The live signing secrets, newest first: `whsec_` and base64, or any text, whose bytes are the key.
    #[serde(default)]
    pub secrets: Vec<SecretString>,
    /// Files that hold one live secret each; they come after `secrets`.
    #[serde(default)]
    pub secret_files: Vec<PathBuf>,
    /// Certificates (PEM) to trust instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Permits `http:` to other machines: signed, but readable on the way.
    #[serde(default)]
    pub allow_http: bool,
    /// Permits private addresses.
    #[serde(default)]
    pub allow_private: bool,
    /// Private blocks that are permitted, such as `10.1.0.0/16`.
    #[serde(default)]
    pub allowed_networks: Vec<Network>,
    /// For the connection and TLS.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u32,
    /// For the whole attempt. Source: Standard Webhooks specification, 15 to 30 s.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
    /// Idle connections kept.
    #[serde(default = "connections")]
    pub connections: u16,
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

/// Hands texts over.
#[derive(Debug)]
pub enum Sender {
    /// To the shop's gateway.
    Webhook(Box<Gateway>),
    /// Into files or memory.
    Capture(Capture),
    /// To a test.
    #[cfg(feature = "crash-points")]
    Played(std::sync::Arc<dyn super::play::Play>),
}

impl Sender {
    /// Builds the sender that the settings describe; nothing is connected yet.
    ///
    /// # Errors
    /// When a setting is missing or wrong, or a file cannot be read.
    pub fn new(settings: &Settings, clock: Clock) -> Result<Self, SetupError> {
        match settings {
            Settings::Webhook(webhook) => Gateway::new(webhook, clock).map(Box::new).map(Self::Webhook),
            Settings::Capture(capture) => Capture::new(capture).map(Self::Capture),
        }
    }

    /// Makes the final bytes, the same for the same message however often it is asked.
    ///
    /// # Errors
    /// [`SendError::Never`] when the message is not a text.
    pub fn seal(&self, message: &Message) -> Result<Sealed, SendError> {
        let Content::Sms(text) = &message.content else { return Err(misfit()) };
        match self {
            Self::Webhook(_) => Ok(seal(message, text)),
            Self::Capture(capture) => capture.seal(message),
            #[cfg(feature = "crash-points")]
            Self::Played(_) => Ok(seal(message, text)),
        }
    }

    /// One attempt.
    ///
    /// # Errors
    /// See [`SendError`]; never in doubt, because receivers recognise `webhook-id`.
    pub async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        match self {
            Self::Webhook(gateway) => gateway.send(sealed, intent).await,
            Self::Capture(capture) => capture.send(sealed, intent).await,
            #[cfg(feature = "crash-points")]
            Self::Played(play) => super::play::send(&**play, sealed, intent).await,
        }
    }

    /// One attempt to send a code that confirms a number: a text about no order, which nobody sends again.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send_code(&self, code: &CodeText<'_>) -> Result<(), SendError> {
        match self {
            Self::Webhook(gateway) => gateway.send_code(code).await,
            Self::Capture(capture) => capture.keep_text(code.key, &code.text.body).await,
            // A code belongs to no notice, so no test of notices plays its receiver.
            #[cfg(feature = "crash-points")]
            Self::Played(_) => Err(misfit()),
        }
    }

    /// Whether the far side recognises the key, so that the same bytes may be sent again after a doubt.
    pub fn idempotent(&self) -> bool {
        match self {
            // The contract asks receivers to drop a second request with the same `webhook-id`.
            Self::Webhook(_) | Self::Capture(_) => true,
            #[cfg(feature = "crash-points")]
            Self::Played(play) => play.idempotent(),
        }
    }

    /// Names the far side, for the breaker and for logs.
    pub fn endpoint(&self) -> &str {
        match self {
            Self::Webhook(gateway) => &gateway.name,
            Self::Capture(capture) => capture.endpoint(),
            #[cfg(feature = "crash-points")]
            Self::Played(_) => "a test",
        }
    }
}

/// A text with a code that confirms a number.
#[derive(Debug)]
pub struct CodeText<'a> {
    /// The `webhook-id`.
    pub key: uuid::Uuid,
    pub to: &'a str,
    pub text: Text,
    pub brand: &'a str,
    /// BCP 47.
    pub locale: &'a str,
}

/// A gateway's endpoint and the secrets it shares with us.
#[derive(Debug)]
pub struct Gateway {
    endpoint: Endpoint,
    keys: Keys,
    clock: Clock,
    name: String,
}

/// The body, in the contract's order of members.
#[derive(Serialize, JsonSchema)]
pub struct Body<'a> {
    #[serde(rename = "type")]
    #[schemars(extend("const" = "sms.send"))]
    kind: &'static str,
    /// When the notice was planned, so that the bytes are the same on every try.
    #[schemars(with = "String", extend("format" = "date-time"))]
    timestamp: Timestamp,
    data: Data<'a>,
}

/// What to send, and what it is about.
#[derive(Serialize, JsonSchema)]
struct Data<'a> {
    /// E.164.
    to: &'a str,
    body: &'a str,
    /// Parts that will be billed.
    segments: u8,
    encoding: Encoding,
    brand: &'a str,
    /// Absent from a code that confirms a number: that is about no order.
    order_id: Option<&'a str>,
    shipment_id: Option<&'a str>,
    #[schemars(with = "Option<Stage>")]
    stage: Option<&'static str>,
    /// BCP 47.
    locale: &'a str,
    /// The notice's key: the same as `webhook-id`, on every try.
    #[schemars(with = "String", extend("format" = "uuid"))]
    key: uuid::Uuid,
}

fn seal(message: &Message, text: &Text) -> Sealed {
    let (brand, order) = (message.order.brand(), message.order.order());
    let body = Body {
        kind: "sms.send",
        timestamp: message.planned_at,
        data: Data {
            to: message.to.expose(),
            body: &text.body,
            segments: text.segments,
            encoding: text.encoding,
            brand: brand.as_str(),
            order_id: Some(order.as_str()),
            shipment_id: message.shipment.as_deref(),
            stage: Some(message.about()),
            locale: &message.locale,
            key: message.key.0,
        },
    };
    let mut bytes = Vec::with_capacity(512 + text.body.len());
    serde_json::to_writer(&mut bytes, &body).expect("strings and numbers always serialise into memory");
    Sealed {
        key: message.key,
        channel: Channel::Sms,
        from: String::new(),
        to: message.to.clone(),
        bytes: Bytes::from(bytes),
    }
}

impl Gateway {
    fn new(settings: &Webhook, clock: Clock) -> Result<Self, SetupError> {
        let mut secrets = settings.secrets.clone();
        for file in &settings.secret_files {
            secrets.extend(secret("sms.secret_files", None, Some(file))?);
        }
        let keys = Keys::parse(&secrets).map_err(|bad| SetupError::setting("sms.secrets", bad.to_string()))?;
        let guard = Guard::new(settings.allow_private, settings.allowed_networks.clone());
        let options = Options {
            url_setting: "sms.url",
            ca_setting: "sms.ca_file",
            url: &settings.url,
            allow_http: settings.allow_http,
            ca_file: settings.ca_file.as_deref(),
            guard: Some(guard),
            connect_timeout: Duration::from_millis(settings.connect_timeout_ms.max(1).into()),
            timeout: Duration::from_millis(settings.timeout_ms.max(1).into()),
            connections: settings.connections.into(),
        };
        let endpoint = Endpoint::new(options, HeaderMap::new())?;
        let name = format!("sms webhook at {}", endpoint.host());
        Ok(Self { endpoint, keys, clock, name })
    }

    async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        if !intent.commit().await {
            return Err(SendError::NotWanted);
        }
        let headers = self.headers(&sealed.key.to_string(), &sealed.bytes);
        let answer = self.endpoint.post(headers, sealed.bytes.clone(), || self.clock.now()).await?;
        if answer.is_success() {
            return Ok(Receipt { id: None });
        }
        let refusal = answer.refusal();
        if answer.is_setup_fault() {
            tracing::error!(endpoint = %self.name, status = answer.status, "the sms webhook is set up wrongly: texts wait until it is mended");
        }
        Err(refusal)
    }

    async fn send_code(&self, code: &CodeText<'_>) -> Result<(), SendError> {
        let body = Body {
            kind: "sms.send",
            timestamp: self.clock.now(),
            data: Data {
                to: code.to,
                body: &code.text.body,
                segments: code.text.segments,
                encoding: code.text.encoding,
                brand: code.brand,
                order_id: None,
                shipment_id: None,
                stage: None,
                locale: code.locale,
                key: code.key,
            },
        };
        let bytes = Bytes::from(serde_json::to_vec(&body).expect("strings and numbers always serialise into memory"));
        let headers = self.headers(&code.key.to_string(), &bytes);
        let answer = self.endpoint.post(headers, bytes, || self.clock.now()).await?;
        if answer.is_success() { Ok(()) } else { Err(answer.refusal()) }
    }

    /// Signed for this try: the id stays, the time is now.
    fn headers(&self, id: &str, bytes: &[u8]) -> HeaderMap {
        let now = self.clock.now();
        let signature = self.keys.sign(id, now, bytes);
        let ascii = |text: &str| HeaderValue::from_str(text).expect("ids, digits and base64 are visible ascii");
        HeaderMap::from_iter([
            (HeaderName::from_static("webhook-id"), ascii(id)),
            (HeaderName::from_static("idempotency-key"), ascii(id)),
            (HeaderName::from_static("webhook-timestamp"), HeaderValue::from(now.as_second())),
            (HeaderName::from_static("webhook-signature"), ascii(&signature)),
        ])
    }
}
