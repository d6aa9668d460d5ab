//! Something goes back: what, why, and what the customer wishes for it. Labels are the shop's.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::event::Item;
use crate::domain::order::State;
use crate::domain::parcel::Status;
use crate::domain::person::Role;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$each])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All, in the order in which the page offers them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word used in forms, rows and output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// What the customer wishes for what goes back.
    Wish {
        /// The money.
        Refund = "refund",
        /// The same in another size, or another piece.
        Exchange = "exchange",
        /// The same piece, mended.
        Repair = "repair",
    }
}

words! {
    /// Why something goes back.
    Reason {
        /// Too large, too small.
        DoesNotFit = "does_not_fit",
        /// It looked different in the shop.
        NotAsDescribed = "not_as_described",
        /// It came broken, or broke.
        Faulty = "faulty",
        /// Another thing than was ordered.
        WrongItem = "wrong_item",
        /// It came too late.
        TooLate = "too_late",
        /// The customer thought better of it.
        ChangedMind = "changed_mind",
        /// Something else.
        Other = "other",
    }
}

words! {
    /// What the shop decided.
    Decision {
        /// It may come back.
        Approved = "approved",
        /// It may not; the shop's words say why.
        Declined = "declined",
    }
}

/// How a brand takes things back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Returns {
    /// For how long after its delivery something may be sent back. 30 days: the law's fourteen, and some grace.
    pub window: SignedDuration,
    /// Within which the shop decides. 2 days.
    pub decide: SignedDuration,
}

impl Default for Returns {
    fn default() -> Self {
        Self { window: SignedDuration::from_hours(30 * 24), decide: SignedDuration::from_hours(48) }
    }
}

/// Pieces of one thing that go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Piece {
    /// The item's id, as the shop writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// At least 1.
    pub qty: u32,
}

/// What a person asked to send back, as it was reported. Its id is unique within the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Who asked, and is told that it has arrived.
    #[serde(rename = "r")]
    pub by: Role,
    /// Until when the shop decides.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub decide_by: Option<Timestamp>,
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<Piece>,
    /// Whether it was asked for on our own page, which then shows what becomes of it.
    #[serde(rename = "h", default, skip_serializing_if = "std::ops::Not::not")]
    pub here: bool,
}

/// What was delivered and may go back now. Empty before anything was delivered and after the brand's time.
pub fn returnable(state: &State<'_>, returns: &Returns, now: Timestamp) -> Vec<Item> {
    let in_time = |at: Timestamp| now.duration_since(at) <= returns.window;
    let mut items: Vec<Item> = Vec::new();
    for parcel in state.parcels.iter().filter(|parcel| parcel.status() == Status::Delivered) {
        if parcel.delivered_at().is_some_and(in_time) {
            items.extend(state.inside(parcel));
        }
    }
    items.retain(|item| item.qty > 0);
    items
}
