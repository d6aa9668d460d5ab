//! What goes over the store's border, in the domain's words.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::id::{EventKey, NoticeKey, OrderKey, TrackingNumber};
use crate::domain::notice::{Notice, Silence, Why};
use crate::domain::person::ContactKey;

/// An event at the inbox's door.
#[derive(Debug, Clone)]
pub struct Arrival {
    pub key: EventKey,
    /// CloudEvents `source` and `id`, for people.
    pub source: String,
    pub id: String,
    /// The `type` attribute, known to us or not.
    pub kind: String,
    pub time: Timestamp,
    /// `None` while only a tracking number is known, and for unknown types.
    pub order: Option<OrderKey>,
    /// First 16 bytes of SHA-256 over what the event says (see `ingest::decode`): tells a repeat from a reused id.
    pub content: Uuid,
    /// The whole event as it came, in structured JSON.
    pub raw: Vec<u8>,
}

/// What the inbox knows of an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Never seen: it is now.
    Fresh,
    /// Seen with the same content.
    Repeat,
    /// Seen with other content: to be refused.
    Reused,
}

/// An order's row: the document beside its version.
#[derive(Debug, Clone)]
pub struct OrderRow {
    pub key: OrderKey,
    /// Grows by one with every write.
    pub version: i64,
    /// JSON of `domain::order::Order`.
    pub doc: String,
}

/// Something refused at the door, kept for repair.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Which door: `amqp`, `http`, `file`.
    pub door: &'static str,
    /// Names the field and what is wrong; nothing personal.
    pub reason: String,
    /// The bytes as they came (capped by the door's size limit, the rest is counted in the reason).
    pub raw: Vec<u8>,
    /// The transport's headers as JSON, for events in binary mode; empty otherwise.
    pub headers: String,
}

/// Everything one batch writes, in one transaction.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// New or changed orders; `version` is the one that was read, 0 for a new order.
    pub orders: Vec<OrderRow>,
    /// Tracking numbers that an order has newly shown.
    pub numbers: Vec<(TrackingNumber, OrderKey)>,
    /// Facts that wait for a tracking number to become known.
    pub waiting: Vec<(TrackingNumber, EventKey)>,
    /// Waiting facts that have found their orders.
    pub adopted: Vec<(EventKey, OrderKey)>,
    /// When to look at an order again; `None`: no more.
    pub wakes: Vec<(OrderKey, Option<Timestamp>)>,
    /// Notices planned.
    pub notices: Vec<Planned>,
    /// Planned notices that must not be sent any more.
    pub withdrawn: Vec<(OrderKey, NoticeKey, Why)>,
    /// Orders whose held notices may be looked at again now.
    pub recheck: Vec<OrderKey>,
    pub silences: Vec<Silence>,
    pub refused: Vec<Refused>,
    /// Outcome events to publish, if the broker's outcome exchange is configured.
    pub outcomes: Vec<Outcome>,
}

/// A notice to insert.
#[derive(Debug, Clone)]
pub struct Planned {
    pub notice: Notice,
    /// True: insert it as claimed by this worker (fence 1), since the dispatcher takes it over in memory.
    pub claimed: bool,
}

/// A claimed notice, with the order as it stands.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub notice: Notice,
    /// Every later write must show this fence.
    pub fence: i32,
    /// Tries so far that reached the far side.
    pub attempts: u32,
    /// When the first try was made.
    pub first_try_at: Option<Timestamp>,
    pub order: OrderRow,
    /// The bytes of an earlier try, which this one must reuse.
    pub sealed: Option<Vec<u8>>,
}

/// The intent to send, to be committed just before the bytes leave.
#[derive(Debug, Clone)]
pub struct IntentRow {
    pub key: NoticeKey,
    pub order: OrderKey,
    pub fence: i32,
    /// The order's version that was judged. A newer one means: judge again.
    pub version: i64,
    pub contact: ContactKey,
    /// JSON of `domain::notice::Said`; empty where nothing was said that could turn untrue.
    pub said: String,
    /// The exact bytes, packed (see `dispatch::pack`).
    pub sealed: Vec<u8>,
}

/// The answer to an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    Granted,
    /// The order has changed since it was judged: judge again.
    OrderMoved,
    /// The lease is lost or nearly over (less than the margin is left): leave it to whoever holds it.
    LeaseLost,
}

/// What became of a claimed notice.
#[derive(Debug, Clone)]
pub struct Settled {
    pub key: NoticeKey,
    pub order: OrderKey,
    pub fence: i32,
    pub result: Verdict,
}

/// The ways in which a claim can end.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The far side took it.
    Accepted { receipt: Option<String> },
    /// Not taken; to be tried again. `reached`: whether this counts as a try. Keeps the sealed bytes.
    Deferred { until: Timestamp, cause: String, reached: bool },
    /// Refused for good, or the last try is used up.
    Rejected { why: Why, cause: String },
    /// It may have arrived: a person, or the stage's policy, decides.
    InDoubt { cause: String },
    /// Judged again and found old news, expired or untrue.
    Superseded { why: Why },
    /// Must not be told: opted out, not wished, no address, cap.
    Suppressed { why: Why },
    /// To be looked at again later; not a failure.
    Held { until: Timestamp, why: Why },
    /// Given back untouched.
    Released,
}

/// An outcome event waiting to be published (contract, section 4).
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// CloudEvents id: the same on every publishing try.
    pub id: Uuid,
    /// `notice.sent` and so on: the routing key.
    pub kind: String,
    /// The whole CloudEvent, structured JSON.
    pub body: String,
}
