//! Alerts as the ops console works through them: groups, lists by rank, and what people do about them.

mod act;
mod pulse;
mod read;

pub use act::Report;

use jiff::Timestamp;
use jiff::civil::Date;

use super::params::One;
use crate::domain::alert::{Alert, Kind, Standing};

/// What stands in a filter for "none named".
pub const NONE: &str = "-";

/// Which alerts are meant. What is not said leaves nothing out; [`NONE`] means those that name no such place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub brand: Option<String>,
    pub kind: Option<Kind>,
    pub carrier: Option<String>,
    pub lane: Option<String>,
    pub warehouse: Option<String>,
    pub standing: Wanted,
    /// Only troubles that began before this time.
    pub before: Option<Timestamp>,
    /// Only alerts opened up to this time: what a person had before their eyes.
    pub seen: Option<Timestamp>,
}

/// Which standings are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// What is to be done: open or acknowledged, not put off.
    #[default]
    ToDo,
    Open,
    Acknowledged,
    Snoozed,
    /// All but cleared ones.
    All,
}

impl Wanted {
    /// Every choice, the usual one first.
    pub const ALL: [Self; 5] = [Self::ToDo, Self::Open, Self::Acknowledged, Self::Snoozed, Self::All];

    /// The word used in addresses and statements.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ToDo => "todo",
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::All => "all",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wanted| wanted.as_str() == word)
    }

    /// Whether an alert that stands so is meant.
    pub fn holds(self, standing: Standing) -> bool {
        match self {
            Self::ToDo => matches!(standing, Standing::Open | Standing::Acknowledged),
            Self::Open => standing == Standing::Open,
            Self::Acknowledged => standing == Standing::Acknowledged,
            Self::Snoozed => standing == Standing::Snoozed,
            Self::All => standing != Standing::Cleared,
        }
    }
}

/// By what a list is sorted; the worst is first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The promise that is or was due first.
    #[default]
    Promise,
    /// The highest value, whatever the currency.
    Value,
    /// The oldest trouble.
    Age,
    /// The highest chance of being late.
    Chance,
}

impl Sort {
    /// Every choice, the usual one first.
    pub const ALL: [Self; 4] = [Self::Promise, Self::Value, Self::Age, Self::Chance];

    /// The word used in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Value => "value",
            Self::Age => "age",
            Self::Chance => "chance",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.as_str() == word)
    }
}

/// Alerts that have everything in common by which they are grouped.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub brand: String,
    pub kind: Kind,
    pub carrier: Option<String>,
    pub lane: Option<String>,
    pub warehouse: Option<String>,
    pub currency: Option<String>,
    pub standing: Standing,
    pub count: u64,
    /// When the oldest trouble began.
    pub oldest: Timestamp,
    /// Minor units of `currency`.
    pub value: i64,
    /// The promise that is or was due first.
    pub promised: Option<Date>,
    /// The worst chance of missing it.
    pub chance: Option<f64>,
}

/// An alert as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    pub alert: Alert,
    /// An alert whose time to be put off is over is open again.
    pub standing: Standing,
    pub acked_by: Option<String>,
    pub acked_at: Option<Timestamp>,
    pub snoozed_until: Option<Timestamp>,
    pub cleared_at: Option<Timestamp>,
    pub clear_why: Option<String>,
    /// Where it stands in the list that was asked for: the next page begins after it.
    pub rank: i64,
}

/// What a person makes of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    Acknowledge,
    Snooze(Timestamp),
    /// Ended by a person, who says why.
    Clear(String),
}

/// A carrier whose scans have stopped altogether.
#[derive(Debug, Clone, PartialEq)]
pub struct Outage {
    pub carrier: String,
    pub from: Timestamp,
    /// Scans that its own rhythm had led to expect meanwhile, when it was noticed.
    pub expected: f64,
}

impl Filter {
    /// The parameters `$2` to `$9` of the statements that take a filter.
    fn ones(&self) -> [One<'_>; 8] {
        fn text(text: Option<&str>) -> One<'_> {
            One::Text(text.unwrap_or_default())
        }
        let until = |at: Option<Timestamp>| One::Int(at.map_or(i64::MAX, Timestamp::as_millisecond));
        [
            text(self.brand.as_deref()),
            text(self.kind.map(Kind::as_str)),
            text(self.carrier.as_deref()),
            text(self.lane.as_deref()),
            text(self.warehouse.as_deref()),
            One::Text(self.standing.as_str()),
            until(self.before),
            until(self.seen),
        ]
    }

    /// Whether a group is meant, as far as a group can tell.
    pub fn holds(&self, group: &Group) -> bool {
        let place = |wanted: &Option<String>, is: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| wanted == is.as_deref().unwrap_or(NONE))
        };
        self.standing.holds(group.standing)
            && self.brand.as_ref().is_none_or(|brand| *brand == group.brand)
            && self.kind.is_none_or(|kind| kind == group.kind)
            && place(&self.carrier, &group.carrier)
            && place(&self.lane, &group.lane)
            && place(&self.warehouse, &group.warehouse)
    }
}

// `$1`: now. An alert that was put off until a time that has come is open.
macro_rules! standing {
    ($now:expr) => {
        concat!("case when state = 'snoozed' and coalesce(snoozed_until, 0) <= ", $now, " then 'open' else state end")
    };
}

// `$2` … `$9`: brand, kind, carrier, lane, warehouse, standing, begun before, opened up to.
macro_rules! meant {
    ($now:expr) => {
        concat!(
            "cleared_at is null and ($2 = '' or brand = $2) and ($3 = '' or kind = $3)
             and ($4 = '' or coalesce(carrier, '-') = $4) and ($5 = '' or coalesce(lane, '-') = $5)
             and ($6 = '' or coalesce(warehouse, '-') = $6)
             and case $7 when 'todo' then not (state = 'snoozed' and snoozed_until > ",
            $now,
            ") when 'all' then true else $7 = ",
            standing!($now),
            " end and since_at <= $8 and opened_at <= $9"
        )
    };
}

use {meant, standing};
