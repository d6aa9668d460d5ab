//! People, and the types that keep what is personal out of logs: their `Debug` prints nothing of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something personal. `Debug` shows only that it is there; there is no `Display`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Wraps a personal value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Shows the value, to those who need it: renderers, channels and the store.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

/// Who a person is to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who bought: hears of money and of everything else.
    Customer,
    /// Who receives a gift: hears of the parcel, sees no prices.
    Recipient,
}

impl Role {
    /// The word used in keys, rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Recipient => "recipient",
        }
    }

    /// Reads the word back from a row.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Customer, Self::Recipient].into_iter().find(|role| role.as_str() == word)
    }
}

/// How a person is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A branded e-mail, by SMTP or HTTP.
    Email,
    /// A short text, handed to the shop's gateway by webhook.
    Sms,
}

impl Channel {
    /// Every channel, in the order in which rules list them.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// The other way to the same person.
    pub fn other(self) -> Self {
        match self {
            Self::Email => Self::Sms,
            Self::Sms => Self::Email,
        }
    }

    /// The word used in keys, rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// Reads the word back from a row.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }
}

/// What an address is known by where the address itself must not be: opt-outs, volume caps, suppression.
///
/// A version 5 UUID of channel and normalised address. It is a pseudonym, not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactKey(pub Uuid);

impl ContactKey {
    /// Makes the key of `address` (lower-cased: mailbox names that differ by case alone are one person in practice).
    pub fn new(channel: Channel, address: &str) -> Self {
        const SPACE: Uuid = Uuid::from_u128(0x2b8d_5e0a_11f1_4d0e_8a37_35cf_1c9d_c0de);
        Self(Uuid::new_v5(&SPACE, format!("{}\0{}", channel.as_str(), address.trim().to_lowercase()).as_bytes()))
    }
}
