//! Who is told what, on which channel, with which wait: a brand's policy, as values. Its file form is read by `config`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::delay::Limits;
use super::listen::ask::Ask;
use super::listen::case::Deadlines;
use super::listen::sending_back::Returns;
use super::person::{Channel, Role};
use super::stage::{Class, Stage};
use super::watch::Watch;

/// Everything a brand may choose about speaking and staying silent, and about what its ops are called for.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// One rule for each stage; a stage without a rule is never told.
    pub stages: BTreeMap<Stage, Rule>,
    /// A fact older than this when it arrives updates the state silently. Default 48 h; `None`: no limit.
    pub age_limit: Option<SignedDuration>,
    /// What becomes of a stage when a later one of the same parcel is known.
    pub superseded: Superseded,
    /// When not to disturb, by channel.
    pub quiet: BTreeMap<Channel, Quiet>,
    /// Messages one person may have on a channel in 24 hours over all orders; absent: no cap.
    pub cap_per_day: BTreeMap<Channel, u32>,
    /// When a foreseen delay is told.
    pub delays: Limits,
    /// When and what a customer is asked after delivery.
    pub ask: Ask,
    /// How soon a case is answered and solved.
    pub cases: Deadlines,
    /// What may be sent back, and how soon that is decided.
    pub returns: Returns,
    /// The zone where the destination's own cannot be told.
    pub zone: TimeZone,
    /// What counts as trouble, for ops.
    pub watch: Watch,
    /// Whether what people buy is remembered, for content that asks for it.
    pub remembers_purchases: bool,
}

/// How one stage is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// On which channels; empty: never.
    pub channels: Vec<Channel>,
    /// To whom. A recipient exists only where the order is a gift.
    pub roles: Vec<Role>,
    /// News of the same order within this time becomes one message. Default 10 min.
    pub merge_window: SignedDuration,
    /// What to do when a mail server took the message but its answer never came.
    pub in_doubt: InDoubt,
}

/// What becomes of a stage when a later one of the same parcel is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Superseded {
    /// It stays unsaid: the later one says more. The default.
    Drop,
    /// It is sent all the same, as long as it is not contradicted.
    Send,
}

/// What to do with a notice whose fate is not known, on a channel where the far side cannot tell two copies apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InDoubt {
    /// A person decides. The default.
    Hold,
    /// Silence would be worse than a second copy: send again.
    Resend,
}

/// When not to disturb, by the recipient's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Quiet {
    /// Messages go out from this time …
    pub from: Time,
    /// … up to this one. Outside, they wait for the next `from`.
    pub until: Time,
    /// Other hours by country (ISO 3166-1 alpha-2).
    pub by_country: BTreeMap<String, (Time, Time)>,
}

impl Policy {
    /// The defaults of the contract: section 3's channels, 10 min windows, 48 h age limit, SMS between 8:00 and 21:00.
    pub fn standard(zone: TimeZone) -> Self {
        let stages = Stage::ALL.iter().map(|stage| (*stage, Rule::standard(*stage))).collect();
        let sms_hours =
            Quiet { from: Time::constant(8, 0, 0, 0), until: Time::constant(21, 0, 0, 0), by_country: BTreeMap::new() };
        Self {
            stages,
            age_limit: Some(SignedDuration::from_hours(48)),
            superseded: Superseded::Drop,
            quiet: BTreeMap::from([(Channel::Sms, sms_hours)]),
            cap_per_day: BTreeMap::from([(Channel::Email, 20), (Channel::Sms, 8)]),
            delays: Limits::default(),
            ask: Ask::default(),
            cases: Deadlines::default(),
            returns: Returns::default(),
            zone,
            watch: Watch::default(),
            remembers_purchases: false,
        }
    }
}

impl Policy {
    /// The same policy where customers have pages, or have none: then nothing is asked, since nowhere could it be answered.
    pub fn with_pages(mut self, pages: bool) -> Self {
        if let Some(rule) = self.stages.get_mut(&Stage::Feedback).filter(|_| !pages) {
            rule.channels.clear();
        }
        self
    }
}

impl Rule {
    /// The contract's default for `stage`.
    pub fn standard(stage: Stage) -> Self {
        use Stage::*;
        let channels = match stage {
            Shipped | OutForDelivery | AttemptFailed | AvailableForPickup | PickupReminder | Delivered
            | DelayExpected | Exception => vec![Channel::Email, Channel::Sms],
            Confirmed | OrderComplete | DelayAgain | BackOnTime | Correction | Returning | Returned | Lost
            | Cancelled | ReturnRequested | Feedback => vec![Channel::Email],
            Packed | ArrivingSoon => vec![],
        };
        // Who receives a gift hears of the parcel alone: money, cancellations and questions are the buyer's. Of a return hears
        // who of the two asked for it.
        let roles = match stage {
            OutForDelivery | AttemptFailed | AvailableForPickup | PickupReminder | ArrivingSoon | ReturnRequested => {
                vec![Role::Customer, Role::Recipient]
            }
            _ => vec![Role::Customer],
        };
        let merge_mins = match stage.class() {
            Class::Progress => 10,
            Class::Problem | Class::Question => 0,
        };
        Self { channels, roles, merge_window: SignedDuration::from_mins(merge_mins), in_doubt: InDoubt::Hold }
    }
}
