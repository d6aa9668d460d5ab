//! What goes over the store's border, in the domain's words.

mod consent;
mod ops;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use consent::*;
pub use ops::*;

use crate::domain::alert::{Alert, AlertKey};
use crate::domain::id::{BrandId, EventKey, NoticeKey, OrderKey, TrackingNumber};
use crate::domain::lane::Day;
use crate::domain::notice::{Notice, Said, Silence, Why};
use crate::domain::person::{Channel, ContactKey, Role};
use crate::domain::stage::Stage;

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
    /// Alerts to open.
    pub alerts: Vec<Alert>,
    /// Alerts that have ended by themselves, and why.
    pub cleared: Vec<(OrderKey, AlertKey, &'static str)>,
    /// What was learned about lanes.
    pub tallies: Vec<TallyRow>,
    /// What was paid for, where the brand remembers it.
    pub purchases: Vec<Purchase>,
    pub refused: Vec<Refused>,
    /// Outcome events to publish, if the broker's outcome exchange is configured.
    pub outcomes: Vec<Outcome>,
}

/// What a batch of mornings taught about a brand's lanes on one day.
#[derive(Debug, Clone)]
pub struct TallyRow {
    pub brand: BrandId,
    pub day: Day,
    /// Packed (see `crate::lanes`).
    pub doc: Vec<u8>,
}

/// What somebody has bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    pub contact: ContactKey,
    pub order: OrderKey,
    pub at: Timestamp,
    /// [`crate::domain::goods::Goods`] as JSON.
    pub goods: String,
}

/// How often a content block was shown and followed on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentCount {
    pub brand: BrandId,
    pub block: String,
    /// By UTC.
    pub day: Day,
    pub shown: u64,
    pub followed: u64,
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
    /// An earlier try may have arrived.
    pub unsure: bool,
    pub order: OrderRow,
    /// The bytes of an earlier try, which this one must reuse where that may have arrived.
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
    /// The order's version by which nothing was sent: if it has another one by now, nothing is settled. `None`: in any case.
    pub version: Option<i64>,
    pub result: Verdict,
}

/// The ways in which a claim can end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The far side took it.
    Accepted { receipt: Option<String> },
    /// Not taken; to be tried again. `reached`: whether this counts as a try. Keeps the sealed bytes.
    Deferred { until: Timestamp, cause: String, reached: bool },
    /// Nobody knows whether it was taken, and the same bytes go out again under the same key. The doubt stays with the notice
    /// until it is accepted or rejected: should it be old news by then, it may have been told all the same.
    Unsure { until: Timestamp, cause: String },
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

/// Where a notice stands (see the picture in the crate's front page).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Waits for its time: also while held, and between two tries.
    Planned,
    /// A worker holds it.
    Claimed,
    /// The intent is committed: its bytes may be on the wire.
    Sending,
    /// The far side took it.
    Accepted,
    /// Refused for good.
    Rejected,
    /// It may have arrived; a person or the stage's policy decides.
    InDoubt,
    /// Old news before it was sent.
    Superseded,
    /// Must not be told.
    Suppressed,
}

impl State {
    /// Every state, in the order of a notice's life.
    pub const ALL: [Self; 8] = [
        Self::Planned,
        Self::Claimed,
        Self::Sending,
        Self::Accepted,
        Self::Rejected,
        Self::InDoubt,
        Self::Superseded,
        Self::Suppressed,
    ];

    /// The word used in rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Claimed => "claimed",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::InDoubt => "in_doubt",
            Self::Superseded => "superseded",
            Self::Suppressed => "suppressed",
        }
    }

    /// Reads the word back from a row.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Everything that is known about one notice, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeRow {
    /// `due` is the time of the next look while the notice is open, and the time of planning once it is not.
    pub notice: Notice,
    pub state: State,
    pub fence: i32,
    pub attempts: u32,
    pub first_try_at: Option<Timestamp>,
    /// Set while nobody knows whether an earlier try arrived, whatever the state.
    pub doubt_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    /// A rule's word (see [`Why::as_str`]): why it is held, or was not told.
    pub why: Option<String>,
    /// Our phrase for what went wrong, or who settled it by hand.
    pub cause: Option<String>,
    /// The provider's own id.
    pub receipt: Option<String>,
}

/// A send whose worker did not come back in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubted {
    pub notice: Notice,
    /// Guards what becomes of it; tells one doubt of a notice from the next.
    pub fence: i32,
    /// True: the same bytes are due again, under the same key. False: it is in doubt.
    pub again: bool,
}

/// What a person, or a stage's policy, makes of a notice in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It was sent: accepted.
    WasSent,
    /// Send the same bytes again.
    SendAgain,
}

/// Something that has been told, or may have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub order: OrderKey,
    pub shipment: Option<String>,
    pub stage: Stage,
    pub occurrence: u32,
    pub role: Role,
    pub channel: Channel,
    pub said: Said,
    /// When it was accepted, or became doubtful, or was first tried.
    pub at: Timestamp,
    /// The far side said that it took it.
    pub certain: bool,
}

/// An event of an order, as it came.
#[derive(Debug, Clone)]
pub struct Fact {
    pub key: EventKey,
    pub kind: String,
    pub received_at: Timestamp,
    pub raw: Vec<u8>,
}

/// Something refused, as it is kept.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// Grows with time.
    pub id: i64,
    pub door: String,
    pub reason: String,
    pub raw: Vec<u8>,
    pub headers: String,
    pub refused_at: Timestamp,
    pub retried_at: Option<Timestamp>,
}

/// How the store is doing. Counts stop at a bound (see `Store::figures`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Open notices (planned, claimed, sending) and those in doubt.
    pub notices: Vec<(Channel, State, u64)>,
    /// When the oldest notice of each channel that could be claimed has been due since.
    pub oldest_due: Vec<(Channel, Timestamp)>,
    /// Refused and not yet retried.
    pub quarantine: u64,
    /// Facts that wait for a tracking number.
    pub waiting: u64,
    /// Outcome events not yet published.
    pub outcomes: u64,
    /// Orders whose time to be looked at has come.
    pub wakes_due: u64,
}

/// What one step of `Store::prune` deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub waiting: u64,
    pub inbox: u64,
    pub silences: u64,
    pub told: u64,
    pub purchases: u64,
}

impl Pruned {
    /// Nothing was left to delete.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}
