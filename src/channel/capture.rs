//! Keeps messages instead of sending them: in files to look at (the demo, shadow mode) or in memory (tests).
//!
//! Each message becomes `<key>.json` with everything, and beside it what a person opens: `.eml` and `.html` for a mail,
//! `.txt` for both. A line in `index.jsonl` says what it was; it holds no address. The files hold personal data, as
//! mails do: the folder should be as private as a mailbox.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::email::mime;
use super::setup::SetupError;
use super::{Cause, Content, Intent, Message, Receipt, Sealed, SendError};
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::person::{Channel, Pii, Role};
use crate::domain::stage::Stage;

/// The index's file name.
pub const INDEX: &str = "index.jsonl";

/// Where captured messages go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder; made when it is not there.
    #[serde(default = "dir")]
    pub dir: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self { dir: dir() }
    }
}

fn dir() -> PathBuf {
    PathBuf::from("doorstep-data/messages")
}

/// A captured message, whole: what `<key>.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    #[serde(flatten)]
    pub entry: Entry,
    pub to: Pii<String>,
    /// The words: a mail's plain part or the short text.
    pub text: String,
    /// A mail's HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The mail as SMTP would carry it; always ASCII.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eml: Option<String>,
    /// Parts that a short text would cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<u8>,
}

/// What the index says of a captured message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub key: NoticeKey,
    pub order: OrderKey,
    pub shipment: Option<String>,
    pub stage: Stage,
    pub channel: Channel,
    pub role: Role,
    pub locale: String,
    /// When the notice was planned.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// Takes messages and keeps them.
#[derive(Debug, Clone)]
pub enum Capture {
    /// In a folder.
    Folder(Arc<Folder>),
    /// In memory, without bound: for tests.
    Memory(Arc<Mutex<Vec<Captured>>>),
}

/// A folder and the lock under which its index grows.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    index: Mutex<()>,
}

impl Capture {
    /// Captures into a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(settings: &Settings) -> Result<Self, SetupError> {
        std::fs::create_dir_all(&settings.dir).map_err(|source| SetupError::File {
            setting: "capture.dir",
            path: settings.dir.clone(),
            source,
        })?;
        Ok(Self::Folder(Arc::new(Folder { dir: settings.dir.clone(), index: Mutex::new(()) })))
    }

    /// Captures into memory, for tests.
    pub fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// What memory has captured so far, in the order of arrival; nothing for a folder (see [`read_index`]).
    pub fn taken(&self) -> Vec<Captured> {
        match self {
            Self::Folder(_) => Vec::new(),
            Self::Memory(taken) => taken.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Makes the final bytes: the whole [`Captured`] as JSON.
    ///
    /// # Errors
    /// [`SendError::Never`] when a mail's addresses cannot be written into a mail, and for mails that are no notices.
    pub fn seal(&self, message: &Message) -> Result<Sealed, SendError> {
        let stage = message.stage.ok_or_else(super::misfit)?;
        let entry = |channel, subject| Entry {
            key: message.key,
            order: message.order.clone(),
            shipment: message.shipment.clone(),
            stage,
            channel,
            role: message.role,
            locale: message.locale.clone(),
            at: message.planned_at,
            subject,
        };
        let captured = match &message.content {
            Content::Email(mail) => Captured {
                entry: entry(Channel::Email, Some(mail.subject.clone())),
                to: message.to.clone(),
                text: mail.text.clone(),
                html: Some(mail.html.clone()),
                eml: Some(String::from_utf8(mime::write(message, mail)?).expect("our mime is ascii")),
                segments: None,
            },
            Content::Sms(text) => Captured {
                entry: entry(Channel::Sms, None),
                to: message.to.clone(),
                text: text.body.clone(),
                html: None,
                eml: None,
                segments: Some(text.segments),
            },
        };
        let bytes = serde_json::to_vec(&captured).expect("strings and numbers always serialise into memory");
        Ok(Sealed {
            key: message.key,
            channel: captured.entry.channel,
            from: String::new(),
            to: captured.to,
            bytes: Bytes::from(bytes),
        })
    }

    /// Keeps the message. Keeping the same message again changes nothing.
    ///
    /// # Errors
    /// [`SendError::Later`] when the disk refuses, [`SendError::Never`] when the bytes were sealed for another channel.
    pub async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        let captured: Captured = serde_json::from_slice(&sealed.bytes).map_err(|_| super::misfit())?;
        if !intent.commit().await {
            return Err(SendError::NotWanted);
        }
        let id = Some(format!("captured:{}", sealed.key));
        match self {
            Self::Memory(taken) => {
                let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
                if !taken.iter().any(|one| one.entry.key == captured.entry.key) {
                    taken.push(captured);
                }
            }
            Self::Folder(folder) => {
                let (folder, bytes) = (folder.clone(), sealed.bytes.clone());
                let kept = tokio::task::spawn_blocking(move || folder.keep(&captured, &bytes)).await;
                if !matches!(kept, Ok(Ok(()))) {
                    let cause =
                        Cause { what: "the capture folder cannot be written", code: None, endpoint_fault: true };
                    return Err(SendError::Later { retry_after: None, cause });
                }
            }
        }
        Ok(Receipt { id })
    }

    /// Keeps a text that is no notice, as `<key>.txt`; memory has no place for it.
    ///
    /// # Errors
    /// [`SendError::Later`] when the disk refuses.
    pub async fn keep_text(&self, key: uuid::Uuid, text: &str) -> Result<(), SendError> {
        match self {
            Self::Memory(_) => Err(super::misfit()),
            Self::Folder(folder) => {
                let text = Bytes::copy_from_slice(text.as_bytes());
                super::hook::keep(folder.dir.clone(), vec![(format!("{key}.txt"), text)]).await
            }
        }
    }

    /// Names the far side, for the breaker and for logs.
    pub fn endpoint(&self) -> &'static str {
        "capture"
    }
}

impl Folder {
    fn keep(&self, captured: &Captured, json: &[u8]) -> std::io::Result<()> {
        let key = captured.entry.key;
        let parts = [
            ("txt", Some(captured.text.as_bytes())),
            ("html", captured.html.as_deref().map(str::as_bytes)),
            ("eml", captured.eml.as_deref().map(str::as_bytes)),
            ("json", Some(json)),
        ];
        for (ending, bytes) in parts {
            if let Some(bytes) = bytes {
                write_whole(&self.dir, &format!("{key}.{ending}"), bytes)?;
            }
        }
        let mut line = serde_json::to_vec(&captured.entry)?;
        line.push(b'\n');
        // One write under a lock, so that lines of several tasks never mix.
        let _lock = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::OpenOptions::new().create(true).append(true).open(self.dir.join(INDEX))?.write_all(&line)
    }
}

/// Writes a file so that a reader sees all of it or none.
pub(super) fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let half = dir.join(format!(".{name}.part"));
    std::fs::write(&half, bytes)?;
    std::fs::rename(half, dir.join(name))
}

/// Reads a folder's index, each message once (a message kept again after a crash has two lines); lines that are no entries
/// are skipped.
///
/// # Errors
/// When the index is there and cannot be read.
pub fn read_index(dir: &Path) -> std::io::Result<Vec<Entry>> {
    let text = match std::fs::read_to_string(dir.join(INDEX)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut seen = std::collections::HashSet::new();
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
    Ok(entries.filter(|entry| seen.insert(entry.key)).collect())
}

/// Reads one captured message back; `None` if there is none of that key.
///
/// # Errors
/// When the file is there and cannot be read, or is not a captured message.
pub fn read(dir: &Path, key: NoticeKey) -> std::io::Result<Option<Captured>> {
    match std::fs::read(dir.join(format!("{key}.json"))) {
        Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
