//! What a customer can be told between payment and delivery (contract, section 3).

use serde::{Deserialize, Serialize};

macro_rules! stages {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $class:ident, $rank:literal;)*) => {
        /// One thing that a customer can be told.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Stage { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl Stage {
            /// Every stage, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The contract's word, used in keys, rows, tags and template names.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the contract's word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// What sort of news it is.
            pub fn class(self) -> Class {
                match self { $(Self::$name => Class::$class,)* }
            }

            /// How far along it is: of two pieces of progress about one parcel, the higher makes the lower old news.
            pub fn rank(self) -> u8 {
                match self { $(Self::$name => $rank,)* }
            }
        }
    };
}

/// What sort of news a stage is. Progress may merge with other progress; the rest always stands alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The parcel moved on.
    Progress,
    /// Something went wrong or changed, or is to go back; never with offers, never merged.
    Problem,
    /// Asks for something.
    Question,
}

stages! {
    /// Payment taken.
    Confirmed = "confirmed", Progress, 10;
    /// Packed, waiting for the carrier.
    Packed = "packed", Progress, 20;
    /// The carrier took it.
    Shipped = "shipped", Progress, 30;
    /// Expected tomorrow.
    ArrivingSoon = "arriving_soon", Progress, 40;
    /// On the van today; void after local midnight.
    OutForDelivery = "out_for_delivery", Progress, 50;
    /// Tried, not handed over.
    AttemptFailed = "attempt_failed", Progress, 55;
    /// Waits to be collected.
    AvailableForPickup = "available_for_pickup", Progress, 60;
    /// Two days before it goes back.
    PickupReminder = "pickup_reminder", Progress, 65;
    /// Handed over.
    Delivered = "delivered", Progress, 80;
    /// The last of several parcels was handed over.
    OrderComplete = "order_complete", Progress, 90;
    /// The promise will be missed, or has been.
    DelayExpected = "delay_expected", Problem, 35;
    /// The new date will be missed as well.
    DelayAgain = "delay_again", Problem, 36;
    /// A delay told before is no longer expected.
    BackOnTime = "back_on_time", Problem, 37;
    /// A problem that the customer must act on.
    Exception = "exception", Problem, 45;
    /// Something told before has turned out untrue.
    Correction = "correction", Problem, 46;
    /// On its way back to the shop.
    Returning = "returning", Problem, 70;
    /// Back at the shop.
    Returned = "returned", Problem, 85;
    /// Given up by the carrier.
    Lost = "lost", Problem, 84;
    /// Will not be delivered.
    Cancelled = "cancelled", Problem, 95;
    /// A wish to send something back has reached the shop, which will decide.
    ReturnRequested = "return_requested", Problem, 98;
    /// Asks how it went.
    Feedback = "feedback", Question, 99;
}

impl Stage {
    /// Whether it speaks of a delay, or of its end.
    pub fn is_of_delay(self) -> bool {
        matches!(self, Self::DelayExpected | Self::DelayAgain | Self::BackOnTime)
    }

    /// Whether it says how things stand, and not only what has happened: told too late it is untrue, whatever a brand wishes.
    pub fn is_of_now(self) -> bool {
        matches!(
            self,
            Self::ArrivingSoon
                | Self::OutForDelivery
                // It says what to do next.
                | Self::AttemptFailed
                | Self::AvailableForPickup
                | Self::PickupReminder
        )
    }
}
