//! What is known of a contact's wishes.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::id::{BrandId, NoticeKey};
use crate::domain::person::{Channel, ContactKey, Pii};
use crate::domain::topic::Topic;

/// What one contact wishes, and how much it has had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub contact: ContactKey,
    /// What was declined.
    pub declined: Vec<Declined>,
    /// Why nothing can be sent there, if so.
    pub dead: Option<Dead>,
    /// What was chosen, by brand.
    pub chosen: Vec<Chosen>,
    /// Notices accepted in the last 24 hours.
    pub told_last_day: u32,
}

/// Something that a person does not wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// `None`: of no brand.
    pub brand: Option<BrandId>,
    pub channel: Channel,
    /// `None`: nothing at all on that channel.
    pub topic: Option<Topic>,
}

/// What a person has chosen for one brand's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    pub brand: BrandId,
    /// BCP 47.
    pub locale: Option<String>,
    /// E.164; confirmed with a code.
    pub number: Option<Pii<String>>,
}

impl Consent {
    /// Whether messages about this topic may go out on a channel.
    pub fn allows(&self, brand: &BrandId, channel: Channel, topic: Topic) -> bool {
        !self.declined.iter().any(|declined| {
            declined.channel == channel
                && declined.brand.as_ref().is_none_or(|of| of == brand)
                && declined.topic.is_none_or(|of| of == topic)
        })
    }

    /// What was chosen for a brand's messages.
    pub fn chosen_for(&self, brand: &BrandId) -> Option<&Chosen> {
        self.chosen.iter().find(|chosen| chosen.brand == *brand)
    }
}

/// Why an address takes no messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dead {
    /// The provider says that the address does not exist, or not any more.
    HardBounce,
    /// Its owner complained.
    Complaint,
    /// It was full or away for so long that it counts as dead, for a while.
    SoftBounces,
    /// A mail server refused the address itself for good.
    Refused,
}

impl Dead {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::HardBounce, Self::Complaint, Self::SoftBounces, Self::Refused];

    /// The word used in rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HardBounce => "hard_bounce",
            Self::Complaint => "complaint",
            Self::SoftBounces => "soft_bounces",
            Self::Refused => "refused",
        }
    }

    /// Reads the word back from a row.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// What a provider has called back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// Made of the door and the provider's own id for the call: a second call with it changes nothing.
    pub id: Uuid,
    /// The door by which it came.
    pub door: &'static str,
    /// One of the words of the table's own list.
    pub kind: &'static str,
    /// The notice that it is about, where the call says.
    pub notice: Option<NoticeKey>,
    /// When it happened.
    pub at: Timestamp,
    /// What follows for which contacts.
    pub effects: Vec<(ContactKey, Channel, Effect)>,
}

/// What a call means for a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing is to be sent there any more.
    Suppress(Dead),
    /// It could not be reached for now; so many of these within the time make it dead.
    SoftBounce,
    /// Its owner declines everything of a brand on that channel.
    Stop(BrandId),
    /// Its owner takes that back, and is reached again.
    Start(BrandId),
}

/// What became of a code that somebody typed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// The number is theirs.
    Right,
    /// Another try is left, perhaps.
    Wrong,
    /// None is expected, its time is over, or its tries are used up.
    Over,
}

/// What forgetting somebody took away, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Gone {
    pub orders: u64,
    /// Events whose words were erased; that they came is kept.
    pub facts: u64,
    /// Messages that were still to be sent.
    pub cancelled: u64,
    /// Rendered messages.
    pub bytes: u64,
    /// Ratings, cases and returns.
    pub voices: u64,
    /// Refused events.
    pub quarantine: u64,
}

impl Gone {
    /// Both together.
    pub fn and(self, more: Self) -> Self {
        Self {
            orders: self.orders + more.orders,
            facts: self.facts + more.facts,
            cancelled: self.cancelled + more.cancelled,
            bytes: self.bytes + more.bytes,
            voices: self.voices + more.voices,
            quarantine: self.quarantine + more.quarantine,
        }
    }
}

/// How soft bounces add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softness {
    /// So many make an address dead.
    pub count: u32,
    /// Within so many days.
    pub days: u32,
    /// After which it is tried again.
    pub rest_days: u32,
}

/// A call about a notice, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledBack {
    pub notice: NoticeKey,
    pub kind: String,
    pub at: Timestamp,
}
