//! The ways to reach people. A channel gets bytes that are already final, asks once more whether it may (the intent), puts
//! them on the wire, and says honestly what it knows afterwards.
//!
//! No channel retries by itself: one call is one attempt, and the database decides about the next.

pub mod broker;
pub mod capture;
pub mod email;
pub mod guard;
pub mod hook;
mod http;
#[cfg(feature = "crash-points")]
pub mod play;
pub mod setup;
pub mod sign;
pub mod sms;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::person::{Channel, Pii, Role};
use crate::domain::stage::Stage;

/// A rendered notice, before it is sealed into the bytes of one channel.
#[derive(Debug, Clone)]
pub struct Message {
    pub key: NoticeKey,
    pub order: OrderKey,
    pub shipment: Option<String>,
    /// `None`: a mail to the shop's own people, which is about no stage of an order.
    pub stage: Option<Stage>,
    /// Who the person is to the order; shown by captures alone.
    pub role: Role,
    /// BCP 47 tag of the language that was used.
    pub locale: String,
    /// When the notice was planned: the mail's `Date`, the same on every try.
    pub planned_at: Timestamp,
    /// The address or number.
    pub to: Pii<String>,
    pub content: Content,
}

impl Message {
    /// What it is about, in one word.
    fn about(&self) -> &'static str {
        self.stage.map_or("digest", Stage::as_str)
    }
}

/// What was rendered.
#[derive(Debug, Clone)]
pub enum Content {
    Email(Box<Mail>),
    Sms(Text),
}

/// The parts of a mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// `Name <address>` parts of the sender.
    pub from_name: String,
    pub from: String,
    pub reply_to: Option<String>,
    /// The recipient's name for the `To` header; may be empty.
    pub to_name: Pii<String>,
    pub subject: String,
    pub html: String,
    pub text: String,
    /// The thread: the same for every mail of one order and person, domain included, without angle brackets.
    pub thread_id: String,
    /// Whether this is the first mail of its thread, which carries no `In-Reply-To`.
    pub starts_thread: bool,
    /// The one-click address (RFC 8058); `None` where the mail is part of the contract and cannot be declined.
    pub unsubscribe_url: Option<String>,
    pub unsubscribe_mailto: Option<String>,
}

/// The parts of an SMS: body and what it costs.
#[derive(Debug, Clone)]
pub struct Text {
    pub body: String,
    pub segments: u8,
    pub encoding: Encoding,
}

/// How a text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// 160 characters in one part, 153 in each of several.
    Gsm7,
    /// 70 UTF-16 units in one part, 67 in each of several.
    Ucs2,
}

/// The final bytes of one message, kept until the outcome is known and reused on every try.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub key: NoticeKey,
    pub channel: Channel,
    /// SMTP's envelope sender; empty for HTTP channels.
    pub from: String,
    /// SMTP's envelope recipient; for HTTP channels the same address stands in the body.
    pub to: Pii<String>,
    /// MIME bytes for SMTP, the JSON body for HTTP.
    pub bytes: Bytes,
}

/// The provider's answer to a message that it took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The provider's own name for the message, as far as it gave one; at most 200 characters, never personal.
    pub id: Option<String>,
}

/// Why a message was not taken, and what that means for the next step.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing was handed over: a later try is safe.
    #[error("not accepted for now: {cause}")]
    Later { retry_after: Option<Duration>, cause: Cause },
    /// The receiver refused it for good: another try would be refused as well.
    #[error("refused for good: {cause}")]
    Never { cause: Cause },
    /// The receiver's own server knows no such address: nothing else that is sent there would be taken either.
    #[error("no such address: {cause}")]
    NoSuchAddress { cause: Cause },
    /// The message left us and no answer came: it may have arrived.
    #[error("no answer after the message left us: {cause}")]
    InDoubt { cause: Cause },
    /// The intent was not granted: nothing was sent.
    #[error("no longer wanted")]
    NotWanted,
}

/// What went wrong, in words that hold nothing personal: our own phrase and the receiver's status code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// One of our own phrases, such as `timed out while connecting`.
    pub what: &'static str,
    /// SMTP reply code or HTTP status.
    pub code: Option<u16>,
    /// Whether the fault lies with the endpoint (unreachable, 5xx, slow) rather than with this message: feeds the breaker.
    pub endpoint_fault: bool,
}

/// Phrases for a request that left us and was not answered.
pub(super) const NO_ANSWER: [&str; 2] =
    ["timed out while waiting for the answer", "the connection was lost before the answer"];

impl Cause {
    /// Whether a receiver that knows keys may have the message all the same: it did not answer, or it failed with the message in
    /// its hands. Such a message goes out again, and the doubt is remembered until there is an answer.
    pub fn may_have_arrived(&self) -> bool {
        self.code.map_or_else(|| NO_ANSWER.contains(&self.what), |code| code >= 500)
    }

    /// Whether the endpoint said that it is gone for good (410): nothing more should be sent there before a person looked.
    pub fn endpoint_gone(&self) -> bool {
        self.endpoint_fault && self.code == Some(410)
    }
}

/// A message or its bytes have come to the wrong channel: a mistake of the caller, refused rather than sent garbled.
fn misfit() -> SendError {
    SendError::Never {
        cause: Cause { what: "the message was made for another channel", code: None, endpoint_fault: false },
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} ({code})", self.what),
            None => f.write_str(self.what),
        }
    }
}

/// The last question before bytes leave us: commits the intent to send, and says whether that was granted.
///
/// SMTP asks after the server's 354, HTTP channels just before the request. `false`: the facts changed or the lease was
/// lost, nothing may be sent.
pub trait Intent: Send {
    /// Commits the intent. Called at most once, and only when everything before the point of no return went well.
    fn commit(self) -> impl Future<Output = bool> + Send;
}
