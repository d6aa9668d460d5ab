//! Notices: what we decided to tell one person on one channel, and what became of it.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::alert::{Alert, AlertKey};
use super::id::{NoticeKey, OrderKey};
use super::person::{Channel, Role};
use super::stage::Stage;

/// One thing that we decided to tell one person on one channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Unique for ever.
    pub key: NoticeKey,
    pub order: OrderKey,
    /// The parcel, by the name that was known when this was planned; `None` where it speaks of the whole order.
    pub shipment: Option<String>,
    pub stage: Stage,
    /// First, second, … time of this stage for this parcel; starts at 1.
    pub occurrence: u32,
    pub role: Role,
    pub channel: Channel,
    /// When the fact happened.
    pub fact_at: Timestamp,
    /// When we decided.
    pub planned_at: Timestamp,
    /// Not to be sent before.
    pub due: Timestamp,
}

#[cfg(test)]
impl Notice {
    /// For tests: the mail that the customer's order was shipped.
    pub(crate) fn shipped(order: OrderKey, at: Timestamp) -> Self {
        let key = NoticeKey::new(&order, &["shipped"]);
        let (role, channel) = (Role::Customer, Channel::Email);
        let (stage, occurrence) = (Stage::Shipped, 1);
        Self { key, order, shipment: None, stage, occurrence, role, channel, fact_at: at, planned_at: at, due: at }
    }
}

/// What a notice said that could turn out untrue later. Written with the intent to send, read by corrections.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The tracking number that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The (last) day of arrival that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
    /// The news in it, where that is more or other than what it was planned for: bytes kept for another try must still say the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<String>,
}

/// A rule that kept a notice from being sent, or held it for a while. The words are shown by `explain` and `replay`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The brand's policy does not tell this stage on this channel, or at all.
    Off,
    /// The fact was older than the age limit when it arrived.
    TooOld,
    /// A later stage of the same parcel was known already.
    Superseded,
    /// It became part of another message of the same order.
    Merged,
    /// Its time had passed: out for delivery after local midnight, a reminder after the pickup's end.
    Expired,
    /// What it would have said is no longer true.
    NoLongerTrue,
    /// No address for this channel is known, although the person is.
    NoAddress,
    /// The order says that this person does not wish this channel.
    NotWished,
    /// The person opted out.
    OptedOut,
    /// The address takes no messages any more, or its owner complained.
    AddressDead,
    /// The person was erased.
    Forgotten,
    /// The person had as many messages as the brand allows in a day.
    VolumeCap,
    /// The last of several parcels: `order_complete` says it instead.
    OrderCompleteSays,
    /// The problem is not one that the customer can act on.
    NothingToDo,
    /// Nothing told before said otherwise, so there is nothing to correct.
    NothingToCorrect,
    /// Held: the order is being checked by the shop.
    OrderOnHold,
    /// Held: it is night where the person is.
    QuietHours,
    /// Held: the carrier's whole feed is silent, so a parcel's silence says nothing.
    FeedOut,
    /// A case of this person is open: nobody asks how it went who is still waiting for help.
    CaseOpen,
    /// This person has said that something was wrong with the order.
    Complained,
    /// The order was rated before anybody asked.
    Rated,
    /// The person was asked about another order a short while ago.
    AskedLately,
    /// Taken in by `import`: old orders are not told again.
    Imported,
    /// The receiver refused it for good.
    Rejected,
    /// The last try was used up.
    GaveUp,
}

impl Why {
    /// The word used in rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::TooOld => "too_old",
            Self::Superseded => "superseded",
            Self::Merged => "merged",
            Self::Expired => "expired",
            Self::NoLongerTrue => "no_longer_true",
            Self::NoAddress => "no_address",
            Self::NotWished => "not_wished",
            Self::OptedOut => "opted_out",
            Self::AddressDead => "address_dead",
            Self::Forgotten => "forgotten",
            Self::VolumeCap => "volume_cap",
            Self::OrderCompleteSays => "order_complete_says",
            Self::NothingToDo => "nothing_to_do",
            Self::NothingToCorrect => "nothing_to_correct",
            Self::OrderOnHold => "order_on_hold",
            Self::QuietHours => "quiet_hours",
            Self::FeedOut => "feed_out",
            Self::CaseOpen => "case_open",
            Self::Complained => "complained",
            Self::Rated => "rated",
            Self::AskedLately => "asked_lately",
            Self::Imported => "imported",
            Self::Rejected => "rejected",
            Self::GaveUp => "gave_up",
        }
    }

    /// What the rule says, for people.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Off => "the brand's policy does not tell this stage here",
            Self::TooOld => "the fact was older than the age limit when it came",
            Self::Superseded => "a later stage of the same parcel was known already",
            Self::Merged => "it became part of another message of this order",
            Self::Expired => "its time had passed",
            Self::NoLongerTrue => "it was no longer true",
            Self::NoAddress => "no address for this channel is known",
            Self::NotWished => "the order says that this channel is not wished",
            Self::OptedOut => "the person opted out",
            Self::AddressDead => "the address takes no messages any more, or its owner complained",
            Self::Forgotten => "the person was erased",
            Self::VolumeCap => "the person had as many messages as the brand allows in a day",
            Self::OrderCompleteSays => "the last of several parcels: order_complete says it instead",
            Self::NothingToDo => "not a problem that the customer can act on",
            Self::NothingToCorrect => "nothing told before said otherwise",
            Self::OrderOnHold => "the shop is checking the order",
            Self::QuietHours => "it is night where the person is",
            Self::FeedOut => "the carrier's whole feed is silent",
            Self::CaseOpen => "a case of this person is open",
            Self::Complained => "the person has said that something was wrong",
            Self::Rated => "the order was rated already",
            Self::AskedLately => "the person was asked about another order lately",
            Self::Imported => "taken in by import: old orders are not told again",
            Self::Rejected => "the receiver refused it for good",
            Self::GaveUp => "the last try was used up",
        }
    }
}

/// A decision not to tell, with its reason: one row of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    pub order: OrderKey,
    pub shipment: Option<String>,
    pub stage: Stage,
    /// `None` where the rule spoke before anyone was looked at.
    pub role: Option<Role>,
    pub channel: Option<Channel>,
    pub why: Why,
    /// The clock that the rule saw.
    pub at: Timestamp,
}

/// Something that should happen once the new state is safely stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Plan this notice.
    Notify(Notice),
    /// A planned notice has become old news, part of another, or untrue: never send it.
    Withdraw { key: NoticeKey, why: Why },
    /// A held notice may be looked at again now.
    Recheck,
    /// Leave the reason in the ledger.
    StaySilent(Silence),
    /// Open this alert.
    Raise(Alert),
    /// An alert has ended by itself: its trouble is over, for this reason (a word for people).
    Clear { alert: AlertKey, why: &'static str },
    /// Look at this order again at this time; takes the place of any earlier wish. `None`: no more.
    WakeAt(Option<Timestamp>),
}
