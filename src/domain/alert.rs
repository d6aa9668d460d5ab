//! Alerts: what ops must know of one order or parcel, each with a life of its own.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::Reason;
use super::id::{self, OrderKey};

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $words:literal;)*) => {
        /// What sort of trouble it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Kind { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl Kind {
            /// Every kind, roughly in the order of a parcel's life.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used in rows, events and settings.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// What it says, for people.
            pub fn in_words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

kinds! {
    /// Not handed to the carrier by the time that the shop set itself.
    DispatchOverdue = "dispatch_overdue", "not handed to the carrier in time";
    /// A label exists, and the carrier has never scanned it.
    LabelNeverScanned = "label_never_scanned", "label made, never scanned";
    /// On its way, and nothing has been heard of it for too long.
    Stalled = "stalled", "no scan for too long";
    /// Likely to miss its promise.
    LateExpected = "late_expected", "likely to miss its promise";
    /// The promised or expected day has passed.
    Late = "late", "the expected day has passed";
    /// The carrier itself reports a delay.
    CarrierDelay = "carrier_delay", "the carrier reports a delay";
    /// Went out for delivery and was not delivered that day.
    NotDeliveredToday = "not_delivered_today", "out for delivery, not delivered that day";
    /// Tried as often as the carrier tries, not handed over.
    AttemptFailed = "attempt_failed", "delivery attempts used up";
    /// Waits to be collected and will soon go back.
    PickupExpiring = "pickup_expiring", "pickup about to expire";
    /// The carrier reports a problem that somebody must act on.
    Exception = "exception", "a problem to act on";
    /// Nothing heard for so long that it must be taken for lost.
    PresumedLost = "presumed_lost", "presumed lost";
    /// A message that the customer must have could not go to their address.
    Unreachable = "unreachable", "the customer cannot be reached there";
    /// Scans come for a number that no order has shown.
    UnknownTrackingNumber = "unknown_tracking_number", "scans of a number that no order has";
}

/// Stands for the order's id where no order is known: scans of a number that no order has shown are kept under it.
pub const UNKNOWN_ORDER: &str = "?";

/// The key of one alert, unique for ever: made of order, parcel or none, kind and occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlertKey(pub Uuid);

impl AlertKey {
    /// Makes the key from its parts.
    pub fn new(order: &OrderKey, parcel: Option<&str>, kind: Kind, occurrence: u32) -> Self {
        Self(id::made_of(&format!("alert\0{order}\0{}\0{}\0{occurrence}", parcel.unwrap_or_default(), kind.as_str())))
    }
}

/// One trouble, as it was when it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub key: AlertKey,
    pub order: OrderKey,
    /// The parcel's name; `None`: the whole order.
    pub parcel: Option<String>,
    pub kind: Kind,
    /// First, second, … time of this kind for this parcel; starts at 1.
    pub occurrence: u32,
    /// When the trouble began, as far as the facts say.
    pub since: Timestamp,
    pub opened_at: Timestamp,
    /// The carrier's slug.
    pub carrier: Option<String>,
    /// `DE → PL`: where from and where to, by country, and by region within one country.
    pub lane: Option<String>,
    /// Where it is sent from, as the shop names the place.
    pub warehouse: Option<String>,
    pub reason: Option<Reason>,
    /// What the order is worth, in minor units of `currency`.
    pub value: Option<i64>,
    pub currency: Option<String>,
    pub promised: Option<Date>,
    /// The chance of missing the promise, 0 to 1, where one was foreseen.
    pub chance: Option<f64>,
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Open,
    /// Somebody looks after it.
    Acknowledged,
    /// Not to be shown before a time.
    Snoozed,
    /// A fact, or a person, has ended it.
    Cleared,
}

impl Standing {
    /// The word used in rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Cleared => "cleared",
        }
    }

    /// Reads the word back from a row.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Open, Self::Acknowledged, Self::Snoozed, Self::Cleared].into_iter().find(|s| s.as_str() == word)
    }
}
