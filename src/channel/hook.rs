//! Messages to ops and their tools: to a signed webhook, to a chat, or into files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

use super::capture;
use super::guard::{Guard, Network};
use super::http::{Endpoint, Options};
use super::setup::{SetupError, secret};
use super::sign::Keys;
use super::{Cause, Intent, SendError};
use crate::clock::Clock;

/// For the connection and TLS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections kept: messages to ops are few.
const CONNECTIONS: usize = 2;

/// Where messages to ops go.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "transport", rename_all = "snake_case", deny_unknown_fields)]
pub enum Settings {
    /// To a program of the shop's, signed.
    Webhook(Webhook),
    /// To a chat that takes Slack's incoming webhooks.
    Slack(Slack),
    /// Into files, to look at.
    Capture(capture::Settings),
}

/// A program that takes alerts.
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
    /// For the whole attempt. Source: Standard Webhooks specification, 15 to 30 s.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
}

/// A chat's incoming webhook: Slack, Mattermost, Rocket.Chat, Discord (its address with `/slack` at the end).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slack {
    /// The address; whoever has it can write there, so it is better kept in a file.
    #[serde(default)]
    pub url: Option<SecretString>,
    /// A file that holds the address.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// Certificates (PEM) to trust instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Permits `http:` to other machines.
    #[serde(default)]
    pub allow_http: bool,
    /// Permits private addresses.
    #[serde(default)]
    pub allow_private: bool,
    /// Private blocks that are permitted.
    #[serde(default)]
    pub allowed_networks: Vec<Network>,
    /// For the whole attempt.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u32,
}

fn timeout_ms() -> u32 {
    15_000
}

/// What a receiver reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `{"type", "timestamp", "data"}`, as Standard Webhooks has it.
    Event,
    /// `{"text", "blocks"}`.
    Slack,
}

/// Hands messages to ops over.
#[derive(Debug)]
pub struct Hook {
    way: Way,
    form: Form,
    name: String,
}

#[derive(Debug)]
enum Way {
    Post {
        endpoint: Box<Endpoint>,
        /// `None`: not signed.
        keys: Option<Keys>,
        clock: Clock,
    },
    Folder(PathBuf),
}

impl Hook {
    /// Builds the way that the settings describe; nothing is connected yet.
    ///
    /// # Errors
    /// When a setting is missing or wrong, or a file cannot be read.
    pub fn new(settings: &Settings, clock: Clock) -> Result<Self, SetupError> {
        match settings {
            Settings::Webhook(webhook) => {
                let mut secrets = webhook.secrets.clone();
                for file in &webhook.secret_files {
                    secrets.extend(secret("secret_files", None, Some(file))?);
                }
                let keys = Keys::parse(&secrets).map_err(|bad| SetupError::setting("secrets", bad.to_string()))?;
                let guard = Guard::new(webhook.allow_private, webhook.allowed_networks.clone());
                let (ca_file, timeout) = (webhook.ca_file.as_deref(), webhook.timeout_ms);
                let endpoint = endpoint(&webhook.url, webhook.allow_http, ca_file, guard, timeout)?;
                let name = format!("alert webhook at {}", endpoint.host());
                let way = Way::Post { endpoint: Box::new(endpoint), keys: Some(keys), clock };
                Ok(Self { way, form: Form::Event, name })
            }
            Settings::Slack(slack) => {
                let url = secret("url", slack.url.as_ref(), slack.url_file.as_deref())?
                    .ok_or_else(|| SetupError::setting("url", "give the address, or url_file"))?;
                let guard = Guard::new(slack.allow_private, slack.allowed_networks.clone());
                let (ca_file, timeout) = (slack.ca_file.as_deref(), slack.timeout_ms);
                let endpoint = endpoint(url.expose_secret(), slack.allow_http, ca_file, guard, timeout)?;
                let name = format!("chat at {}", endpoint.host());
                Ok(Self { way: Way::Post { endpoint: Box::new(endpoint), keys: None, clock }, form: Form::Slack, name })
            }
            Settings::Capture(capture) => {
                make_folder(&capture.dir)?;
                let name = format!("files in {}", capture.dir.display());
                Ok(Self { way: Way::Folder(capture.dir.clone()), form: Form::Event, name })
            }
        }
    }

    /// What the receiver reads.
    pub fn form(&self) -> Form {
        self.form
    }

    /// Names the far side, for logs and `check`.
    pub fn endpoint(&self) -> &str {
        &self.name
    }

    /// One attempt. `id` becomes the `webhook-id`, the same on every try of the same message.
    ///
    /// # Errors
    /// See [`SendError`]; never in doubt: receivers recognise the id, and a chat's line that stands there twice is no harm.
    pub async fn send(&self, id: Uuid, body: Bytes, intent: impl Intent) -> Result<(), SendError> {
        if !intent.commit().await {
            return Err(SendError::NotWanted);
        }
        match &self.way {
            Way::Post { endpoint, keys, clock } => {
                let headers = keys.as_ref().map(|keys| headers(keys, id, clock, &body)).unwrap_or_default();
                let answer = endpoint.post(headers, body, || clock.now()).await?;
                if answer.is_success() {
                    return Ok(());
                }
                if answer.is_setup_fault() {
                    tracing::error!(endpoint = %self.name, status = answer.status, "a target of alerts is set up wrongly");
                }
                Err(answer.refusal())
            }
            Way::Folder(folder) => keep(folder.clone(), vec![(format!("{id}.json"), body)]).await,
        }
    }
}

fn endpoint(
    url: &str,
    allow_http: bool,
    ca_file: Option<&Path>,
    guard: Guard,
    timeout_ms: u32,
) -> Result<Endpoint, SetupError> {
    let options = Options {
        url_setting: "url",
        ca_setting: "ca_file",
        url,
        allow_http,
        ca_file,
        guard: Some(guard),
        connect_timeout: CONNECT_TIMEOUT,
        timeout: Duration::from_millis(timeout_ms.max(1).into()),
        connections: CONNECTIONS,
    };
    Endpoint::new(options, HeaderMap::new())
}

/// Signed for this try: the id stays, the time is now.
fn headers(keys: &Keys, id: Uuid, clock: &Clock, body: &[u8]) -> HeaderMap {
    let (id, now) = (id.to_string(), clock.now());
    let ascii = |text: &str| HeaderValue::from_str(text).expect("ids, digits and base64 are visible ascii");
    HeaderMap::from_iter([
        (HeaderName::from_static("webhook-id"), ascii(&id)),
        (HeaderName::from_static("webhook-timestamp"), HeaderValue::from(now.as_second())),
        (HeaderName::from_static("webhook-signature"), ascii(&keys.sign(&id, now, body))),
    ])
}

/// Makes the folder for captured messages.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(folder: &Path) -> Result<(), SetupError> {
    let failed = |source| SetupError::File { setting: "dir", path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed)
}

/// Writes files into a folder, each whole or not at all.
///
/// # Errors
/// [`SendError::Later`] when the disk refuses.
pub async fn keep(folder: PathBuf, files: Vec<(String, Bytes)>) -> Result<(), SendError> {
    let write = move || files.iter().try_for_each(|(name, bytes)| capture::write_whole(&folder, name, bytes));
    match tokio::task::spawn_blocking(write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => {
            let cause = Cause { what: "the capture folder cannot be written", code: None, endpoint_fault: true };
            Err(SendError::Later { retry_after: None, cause })
        }
    }
}
