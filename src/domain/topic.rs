//! What a message is about, as the person sees it: what they may decline, and what they cannot.
//!
//! This is not [`Class`](super::stage::Class), which steers merging and tone. A topic answers one question: is this part of the
//! contract with the customer, or a courtesy?

use serde::{Deserialize, Serialize};

use super::stage::Stage;

/// What a person may choose about, class of messages by class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// What the customer must know to get what they have paid for, or must act on: the contract itself. By e-mail it cannot be
    /// declined, and no opt-out stops it.
    Necessary,
    /// The parcel moved on, and nobody has to do anything.
    Progress,
    /// It will be late, or on time after all.
    Delay,
    /// Asks how it went.
    Feedback,
    /// Tips and offers that stand in a mail beside its news; never a mail of their own.
    Content,
}

impl Topic {
    /// Every topic, in the order in which people are asked about them.
    pub const ALL: [Self; 5] = [Self::Necessary, Self::Progress, Self::Delay, Self::Feedback, Self::Content];
    /// What one click declines (RFC 8058): everything but the contract itself.
    pub const OPTIONAL: [Self; 4] = [Self::Progress, Self::Delay, Self::Feedback, Self::Content];

    /// The word used in rows, forms and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Necessary => "necessary",
            Self::Progress => "progress",
            Self::Delay => "delay",
            Self::Feedback => "feedback",
            Self::Content => "content",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }

    /// What a stage is about.
    ///
    /// Necessary are: the confirmation and its end (money was taken, or will be given back); whatever asks the customer to act,
    /// since the parcel goes back otherwise (a problem, a failed attempt, the code that opens a locker); what becomes of goods
    /// that will not arrive; that what they asked for has reached us; and the taking back of what we said ourselves. A reminder repeats what was said, so that it is
    /// progress.
    pub fn of(stage: Stage) -> Self {
        match stage {
            Stage::Confirmed
            | Stage::Cancelled
            | Stage::Exception
            | Stage::Correction
            | Stage::AttemptFailed
            | Stage::AvailableForPickup
            | Stage::Returning
            | Stage::Returned
            | Stage::Lost
            | Stage::ReturnRequested => Self::Necessary,
            Stage::Packed
            | Stage::Shipped
            | Stage::ArrivingSoon
            | Stage::OutForDelivery
            | Stage::PickupReminder
            | Stage::Delivered
            | Stage::OrderComplete => Self::Progress,
            Stage::DelayExpected | Stage::DelayAgain | Stage::BackOnTime => Self::Delay,
            Stage::Feedback => Self::Feedback,
        }
    }
}
