//! E-mail over SMTP: a bounded pool of conversations with one server.
//!
//! Nobody is told "accepted" but by the server's own reply after the final dot. Whatever goes wrong before that dot left us
//! is a try for later; silence after it is doubt, since SMTP has no way to ask.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::conversation::{Conversation, Envelope, Limits, Peer, Security};
use super::dkim::Signer;
use super::verdict::Unopened;
use super::{address, dkim, mime};
use crate::channel::setup::{SetupError, install_tls, roots, secret};
use crate::channel::{Intent, Mail, Message, Receipt, Sealed, SendError};
use crate::crash;
use crate::domain::person::Channel;

/// After how long a pause the server is asked whether it is still there before the next mail.
const ASK_AFTER: Duration = Duration::from_secs(2);

/// A mail server, as a rule the shop's relay.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name or address of the server.
    pub host: String,
    /// 587 with `starttls`, 465 with `implicit`, 25 with `none` if not given.
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Tls,
    /// Permits `tls = "none"` to another machine: everything is readable on the way, the password too.
    #[serde(default)]
    pub allow_plain: bool,
    /// The name in the server's certificate; `host` if not given.
    #[serde(default)]
    pub tls_name: Option<String>,
    /// Certificates (PEM) to trust instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Logs in with this name.
    #[serde(default)]
    pub username: Option<String>,
    /// The password, as a rule from the environment.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// A file that holds the password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Keys that sign mails with DKIM, where the server does not do that itself.
    #[serde(default)]
    pub dkim: Vec<dkim::Settings>,
    /// How we introduce ourselves; the machine's name if not given.
    #[serde(default)]
    pub hello: Option<String>,
    /// Most connections at once.
    #[serde(default = "connections")]
    pub connections: u16,
    /// For name, connection and encryption.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u32,
    /// For each command and each piece of the body. Source: RFC 5321, 4.5.3.2, allows more; a relay nearby needs less.
    #[serde(default = "command_timeout_ms")]
    pub command_timeout_ms: u32,
    /// For the verdict after the final dot. Source: RFC 5321, 4.5.3.2.6: giving up sooner makes copies.
    #[serde(default = "accept_timeout_ms")]
    pub accept_timeout_ms: u32,
    /// A connection that rests longer is closed.
    #[serde(default = "idle_ms")]
    pub idle_ms: u32,
    /// A connection older than this is closed after its mail.
    #[serde(default = "age_ms")]
    pub age_ms: u32,
    /// Mails over one connection; many relays set a limit of 100.
    #[serde(default = "mails_per_connection")]
    pub mails_per_connection: u32,
}

/// How the line to the server is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Plain greetings, then TLS; without it nothing is sent.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// None: for a server on this machine, or with `allow_plain`.
    None,
}

fn connections() -> u16 {
    8
}

fn connect_timeout_ms() -> u32 {
    10_000
}

fn command_timeout_ms() -> u32 {
    60_000
}

fn accept_timeout_ms() -> u32 {
    600_000
}

fn idle_ms() -> u32 {
    30_000
}

fn age_ms() -> u32 {
    600_000
}

fn mails_per_connection() -> u32 {
    100
}

/// A mail server and the connections to it.
#[derive(Debug)]
pub struct Relay {
    peer: Peer,
    /// One permit for each connection that may be open.
    slots: Semaphore,
    connections: usize,
    rest: Arc<Rest>,
    age: Duration,
    mails_per_connection: u32,
    signers: Vec<Signer>,
    name: String,
}

/// Connections between two mails, the longest rested in front.
#[derive(Debug)]
struct Rest {
    idle: Mutex<VecDeque<Conversation>>,
    limit: Duration,
}

impl Relay {
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        install_tls();
        let peer = peer(settings)?;
        let connections = settings.connections.max(1).into();
        let name = format!("smtp server {}:{}", peer.host, peer.port);
        Ok(Self {
            slots: Semaphore::new(connections),
            connections,
            rest: Arc::new(Rest { idle: Mutex::default(), limit: millis(settings.idle_ms) }),
            age: millis(settings.age_ms),
            mails_per_connection: settings.mails_per_connection.max(1),
            signers: settings.dkim.iter().map(Signer::new).collect::<Result<_, _>>()?,
            peer,
            name,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn connections(&self) -> usize {
        self.connections
    }

    /// Opens a connection, greets, logs in and closes it again: for `doorstep check`.
    ///
    /// # Errors
    /// What would keep every mail from going out.
    pub async fn probe(&self) -> Result<(), SendError> {
        Conversation::open(&self.peer).await?.close().await;
        Ok(())
    }

    /// Makes the mail's final bytes and its envelope.
    pub(super) fn seal(&self, message: &Message, mail: &Mail) -> Result<Sealed, SendError> {
        let mut bytes = mime::write(message, mail)?;
        let from = address::parse(&mail.from)?;
        if let Some(signer) = self.signers.iter().find(|signer| signer.speaks_for(&from.domain)) {
            bytes = signer.sign(&bytes, message.planned_at);
        }
        Ok(Sealed {
            key: message.key,
            channel: Channel::Email,
            from: mail.from.clone(),
            to: message.to.clone(),
            bytes: Bytes::from(bytes),
        })
    }

    pub(super) async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        let envelope = envelope(sealed)?;
        let _slot = self.slots.acquire().await.expect("the slots are never closed");
        let conversation = self.opened(&envelope, &sealed.bytes).await?;
        crash::point("smtp.may_send");
        if !intent.commit().await {
            // After the 354 there is no way back but to hang up.
            return Err(SendError::NotWanted);
        }
        let (conversation, verdict) = conversation.hand_over(&sealed.bytes).await;
        if let Some(conversation) = conversation {
            self.put_back(conversation);
        }
        verdict
    }

    /// A conversation in which the server waits for this mail's body.
    async fn opened(&self, envelope: &Envelope, mail: &[u8]) -> Result<Conversation, SendError> {
        if let Some(mut conversation) = self.rested().await {
            match conversation.open_mail(envelope, mail).await {
                Ok(()) => return Ok(conversation),
                // The server had closed it in the meantime and knows nothing of this mail: not a try yet.
                Err(Unopened { stale: true, .. }) => {}
                Err(unopened) => return Err(self.after(conversation, unopened)),
            }
        }
        let mut conversation = Conversation::open(&self.peer).await.inspect_err(|error| {
            tracing::warn!(endpoint = %self.name, %error, "no connection to the mail server");
        })?;
        crash::point("smtp.connected");
        match conversation.open_mail(envelope, mail).await {
            Ok(()) => Ok(conversation),
            Err(unopened) => Err(self.after(conversation, unopened)),
        }
    }

    fn after(&self, conversation: Conversation, unopened: Unopened) -> SendError {
        if unopened.in_step {
            self.put_back(conversation);
        }
        unopened.error
    }

    /// A connection that rested and still stands.
    async fn rested(&self) -> Option<Conversation> {
        loop {
            let mut conversation = self.rest.take()?;
            let ask = conversation.rested.elapsed() > ASK_AFTER;
            if conversation.rested.elapsed() < self.rest.limit && conversation.is_ready(ask).await {
                return Some(conversation);
            }
        }
    }

    fn put_back(&self, conversation: Conversation) {
        if conversation.mails >= self.mails_per_connection || conversation.opened.elapsed() > self.age {
            tokio::spawn(conversation.close());
            return;
        }
        let first = self.rest.put(conversation);
        if first {
            tokio::spawn(Rest::watch(Arc::downgrade(&self.rest)));
        }
    }
}

impl Rest {
    fn take(&self) -> Option<Conversation> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop_back()
    }

    /// Lets a connection rest; true if it is the only one that does.
    fn put(&self, conversation: Conversation) -> bool {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push_back(conversation);
        idle.len() == 1
    }

    /// Closes connections that have rested too long, until none rests.
    async fn watch(rest: Weak<Self>) {
        loop {
            let Some(limit) = rest.upgrade().map(|rest| rest.limit) else { return };
            tokio::time::sleep(limit.max(Duration::from_millis(10))).await;
            let Some(rest) = rest.upgrade() else { return };
            for conversation in rest.tired() {
                conversation.close().await;
            }
            if rest.idle.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                return;
            }
        }
    }

    fn tired(&self) -> Vec<Conversation> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let count = idle.iter().take_while(|one| one.rested.elapsed() >= self.limit).count();
        idle.drain(..count).collect()
    }
}

fn peer(settings: &Settings) -> Result<Peer, SetupError> {
    let on_this_machine = settings.host == "localhost"
        || settings.host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    let secured = || -> Result<_, SetupError> {
        let name = settings.tls_name.clone().unwrap_or_else(|| settings.host.clone());
        let name = ServerName::try_from(name)
            .map_err(|_| SetupError::setting("email.tls_name", "is not a name that a certificate can hold"))?;
        let roots = roots("email.ca_file", settings.ca_file.as_deref())?;
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok((Arc::new(tls), name))
    };
    let (security, port) = match settings.tls {
        Tls::Starttls => secured().map(|(tls, name)| (Security::Starttls(tls, name), 587))?,
        Tls::Implicit => secured().map(|(tls, name)| (Security::Implicit(tls, name), 465))?,
        Tls::None if on_this_machine || settings.allow_plain => (Security::None, 25),
        Tls::None => {
            return Err(SetupError::setting("email.tls", "\"none\" to another machine needs allow_plain = true"));
        }
    };
    let password = secret("email.password", settings.password.as_ref(), settings.password_file.as_deref())?;
    let credentials = match (&settings.username, password) {
        (Some(name), Some(password)) => Some(Credentials::new(name.clone(), password.expose_secret().to_owned())),
        (None, None) => None,
        (Some(_), None) => return Err(SetupError::setting("email.password", "is missing beside the user name")),
        (None, Some(_)) => return Err(SetupError::setting("email.username", "is missing beside the password")),
    };
    Ok(Peer {
        host: settings.host.clone(),
        port: settings.port.unwrap_or(port),
        security,
        credentials,
        hello: hello(settings)?,
        limits: Limits {
            connect: millis(settings.connect_timeout_ms),
            command: millis(settings.command_timeout_ms),
            accept: millis(settings.accept_timeout_ms),
        },
    })
}

fn hello(settings: &Settings) -> Result<ClientId, SetupError> {
    let Some(name) = &settings.hello else { return Ok(ClientId::default()) };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(SetupError::setting("email.hello", "is not a host's name"));
    }
    Ok(ClientId::Domain(name.clone()))
}

fn millis(ms: u32) -> Duration {
    Duration::from_millis(ms.max(1).into())
}

/// Reads the envelope anew on each try: what was stored is judged like what is new.
fn envelope(sealed: &Sealed) -> Result<Envelope, SendError> {
    let from = address::parse(&sealed.from)?;
    let to = address::parse(sealed.to.expose())?;
    Ok(Envelope { needs_utf8: from.needs_utf8() || to.needs_utf8(), from: from.for_smtp()?, to: to.for_smtp()? })
}
