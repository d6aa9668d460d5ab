//! E-mail: one mail, three ways out.

use serde::Deserialize;

use super::capture::{self, Capture};
use super::setup::SetupError;
use super::{Content, Intent, Message, Receipt, Sealed, SendError, misfit};
use crate::clock::Clock;

mod address;
mod conversation;
pub mod dkim;
mod encode;
pub mod http;
pub(super) mod mime;
pub mod smtp;
mod verdict;
mod wire;

/// How mails go out.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "transport", rename_all = "snake_case", deny_unknown_fields)]
pub enum Settings {
    /// To a mail server.
    Smtp(smtp::Settings),
    /// Through a provider's HTTP API.
    Http(http::Settings),
    /// Into files, to look at.
    Capture(capture::Settings),
}

impl Default for Settings {
    fn default() -> Self {
        Self::Capture(capture::Settings::default())
    }
}

/// Hands mails over.
#[derive(Debug)]
pub enum Sender {
    /// To a mail server.
    Smtp(Box<smtp::Relay>),
    /// Through a provider's HTTP API.
    Http(Box<http::Provider>),
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
            Settings::Smtp(smtp) => smtp::Relay::new(smtp).map(Box::new).map(Self::Smtp),
            Settings::Http(http) => http::Provider::new(http, clock).map(Box::new).map(Self::Http),
            Settings::Capture(capture) => Capture::new(capture).map(Self::Capture),
        }
    }

    /// Makes the final bytes, the same for the same message however often it is asked.
    ///
    /// # Errors
    /// [`SendError::Never`] when the message is not a mail or an address cannot stand in one.
    pub fn seal(&self, message: &Message) -> Result<Sealed, SendError> {
        let Content::Email(mail) = &message.content else { return Err(misfit()) };
        match self {
            Self::Smtp(relay) => relay.seal(message, mail),
            Self::Http(_) => http::seal(message, mail),
            Self::Capture(capture) => capture.seal(message),
            #[cfg(feature = "crash-points")]
            Self::Played(_) => http::seal(message, mail),
        }
    }

    /// One attempt.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        match self {
            Self::Smtp(relay) => relay.send(sealed, intent).await,
            Self::Http(provider) => provider.send(sealed, intent).await,
            Self::Capture(capture) => capture.send(sealed, intent).await,
            #[cfg(feature = "crash-points")]
            Self::Played(play) => super::play::send(&**play, sealed, intent).await,
        }
    }

    /// Whether the far side recognises the key, so that the same bytes may be sent again after a doubt.
    pub fn idempotent(&self) -> bool {
        match self {
            // SMTP knows no keys: a copy is a second mail.
            Self::Smtp(_) => false,
            Self::Http(_) | Self::Capture(_) => true,
            #[cfg(feature = "crash-points")]
            Self::Played(play) => play.idempotent(),
        }
    }

    /// How many mails can usefully be under way at once: a mail server's connections are few, and who waits for one is
    /// better off unclaimed.
    pub fn at_once(&self) -> usize {
        match self {
            Self::Smtp(relay) => relay.connections(),
            Self::Http(_) | Self::Capture(_) => 64,
            #[cfg(feature = "crash-points")]
            Self::Played(_) => 64,
        }
    }

    /// Names the far side, for the breaker and for logs.
    pub fn endpoint(&self) -> &str {
        match self {
            Self::Smtp(relay) => relay.name(),
            Self::Http(provider) => provider.name(),
            Self::Capture(capture) => capture.endpoint(),
            #[cfg(feature = "crash-points")]
            Self::Played(_) => "a test",
        }
    }
}
