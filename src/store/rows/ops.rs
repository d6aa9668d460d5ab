//! What goes over the store's border about alerts and feeds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::alert::{Kind, Standing};
use crate::domain::gathering::Group;

/// A message to ops or their tools, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPost {
    /// The `webhook-id`: the same on every try, and unique for ever.
    pub id: Uuid,
    /// Empty: it concerns the whole house.
    pub brand: String,
    /// The target's name in the settings.
    pub target: String,
    /// `alert.opened`, `feed.outage`, `digest`, …
    pub kind: &'static str,
    /// The exact bytes.
    pub body: String,
}

/// A claimed message to ops or their tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertPost {
    pub id: Uuid,
    pub brand: String,
    pub target: String,
    pub kind: String,
    pub body: String,
    pub created_at: Timestamp,
    pub fence: i32,
    /// Tries, this one included.
    pub attempts: u32,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostEnd {
    Taken,
    /// Not before this time.
    Again {
        at: Timestamp,
        cause: String,
    },
    GivenUp {
        cause: String,
    },
}

/// Why ops are told of alerts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    Opened,
    /// Nobody has taken them on: told before `before`, and reminded of `step` times since.
    Reminder {
        step: u32,
        before: Timestamp,
    },
    Cleared,
}

/// Which alerts to tell of, in one message for each target.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    pub brand: String,
    /// `None`: all of the brand.
    pub group: Option<Group>,
    pub occasion: Occasion,
    /// Messages that a target may get of the brand in an hour.
    pub per_hour_max: u32,
}

/// What came of telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TellEnd {
    /// So many alerts were told of.
    Alerts(u64),
    /// There was nothing to tell: another worker had done it, or they were over.
    Nothing,
    /// Another worker is telling just now.
    Busy,
    /// The hour's messages are used up.
    Full,
}

/// Scans of one carrier that came within one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedScans {
    pub carrier: String,
    /// Since 1970-01-01T00:00Z.
    pub hour: i64,
    pub scans: u64,
    /// When the last of them came.
    pub last_ms: i64,
}

/// A silence of a whole feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    pub carrier: String,
    /// The last scan before it.
    pub from: Timestamp,
    pub until: Option<Timestamp>,
    pub noticed: Timestamp,
    /// Scans that would have come by the time at which it was noticed.
    pub expected: u64,
    /// Whether the messages about it are written, and those about its end.
    pub announced: bool,
    pub over_announced: bool,
}

/// One kind of alert of a brand, in figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindFigures {
    pub kind: Kind,
    /// Those that somebody looks after included.
    pub open: u64,
    pub acknowledged: u64,
    pub new: u64,
    pub cleared: u64,
    /// When the oldest open one began.
    pub oldest: Option<Timestamp>,
    /// What the open ones' orders are worth, in minor units, by currency.
    pub value: BTreeMap<String, i64>,
}

impl KindFigures {
    /// A kind of which there is nothing.
    pub fn of(kind: Kind) -> Self {
        Self { kind, open: 0, acknowledged: 0, new: 0, cleared: 0, oldest: None, value: BTreeMap::new() }
    }
}

/// What a brand's people want to know in the morning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpsFigures {
    /// In the order of a parcel's life; kinds of which there is nothing are missing.
    pub kinds: Vec<KindFigures>,
    pub in_doubt: u64,
    /// Of all brands: what was refused may have none.
    pub quarantine: u64,
    /// Carriers whose feeds have stopped.
    pub quiet_feeds: Vec<String>,
}

/// Alerts in figures for the gauges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFigures {
    /// Brand, kind, standing, how many, and since when the oldest.
    pub open: Vec<(String, Kind, Standing, u64, Timestamp)>,
    pub posts_waiting: u64,
    pub quiet_feeds: u64,
}
