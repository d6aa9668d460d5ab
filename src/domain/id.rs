//! Names of things. Each id is its own type, so that one cannot stand where another is meant.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names the space in which doorstep's own version 5 UUIDs live; made once, never to change.
const SPACE: Uuid = Uuid::from_u128(0x6f0d_5b1e_8d0c_4a55_9a57_7f3a_d00d_57e9);

/// Longest order, shipment or customer id taken, in bytes. Shops use up to 64; twice that is room enough.
pub const ID_BYTES_MAX: usize = 128;

/// A UUID made of a text: the same for the same text, for ever. Each sort of key begins its text with its own word.
pub(super) fn made_of(text: &str) -> Uuid {
    Uuid::new_v5(&SPACE, text.as_bytes())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes a text that has already passed the door (see `ingest::decode`).
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The id as the shop wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// Which shop's voice to use: lower-case letters, digits and `-`, up to 40 characters.
    BrandId
}
text_id! {
    /// An order's id as its shop writes it; unique within a brand only.
    OrderId
}
text_id! {
    /// A shipment's id as its shop writes it; unique within an order.
    ShipmentId
}
text_id! {
    /// A customer's id as the shop writes it; unique within a brand.
    CustomerId
}
text_id! {
    /// A carrier's number for one parcel: upper case, without blanks or dashes, 6 to 40 letters and digits.
    TrackingNumber
}

impl TrackingNumber {
    /// Brings a number into the one spelling in which numbers are compared; `None` if it cannot be one.
    ///
    /// # Examples
    /// ```
    /// use doorstep::domain::id::TrackingNumber;
    /// assert_eq!(TrackingNumber::parse("jd01 4600-0012").unwrap().as_str(), "JD0146000012");
    /// assert!(TrackingNumber::parse("n/a").is_none());
    /// ```
    pub fn parse(raw: &str) -> Option<Self> {
        let text: String =
            raw.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
        let fits = (4..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then_some(Self(text))
    }
}

/// One order of one brand, spelled `brand/order`: the primary key of everything stored about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderKey(String);

impl OrderKey {
    /// Joins brand and order. A brand holds no `/`, so the pair can be read back.
    pub fn new(brand: &BrandId, order: &OrderId) -> Self {
        Self(format!("{brand}/{order}"))
    }

    /// Takes a key back from the database; `None` if it was not made by [`OrderKey::new`].
    pub fn from_stored(text: String) -> Option<Self> {
        text.split_once('/').is_some_and(|(brand, order)| !brand.is_empty() && !order.is_empty()).then_some(Self(text))
    }

    /// The whole key, `brand/order`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The brand's part.
    pub fn brand(&self) -> BrandId {
        BrandId::new(self.split().0)
    }

    /// The brand's part, without a copy.
    pub fn brand_str(&self) -> &str {
        self.split().0
    }

    /// The order's part, without a copy.
    pub fn order_str(&self) -> &str {
        self.split().1
    }

    /// The order's part, as the shop writes it.
    pub fn order(&self) -> OrderId {
        OrderId::new(self.split().1)
    }

    fn split(&self) -> (&str, &str) {
        self.0.split_once('/').expect("an order key holds a slash by construction")
    }
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The duplicate key of an event: a version 5 UUID of CloudEvents' (`source`, `id`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(pub Uuid);

impl EventKey {
    /// Makes the key. The length of `source` goes in, so that no two pairs meet by shifting the border.
    pub fn new(source: &str, id: &str) -> Self {
        Self(Uuid::new_v5(&SPACE, format!("event\0{}\0{source}\0{id}", source.len()).as_bytes()))
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The key of one notice, unique for ever: made of brand, order, shipment or none, stage, occurrence, person and channel.
///
/// It is also the `Idempotency-Key`, the `webhook-id` and the left side of the `Message-ID`, so a provider can refuse a
/// second copy too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NoticeKey(pub Uuid);

impl NoticeKey {
    /// Makes the key from its parts, which are joined by NUL: no part can hold one.
    pub fn new(order: &OrderKey, parts: &[&str]) -> Self {
        Self(Uuid::new_v5(&SPACE, format!("notice\0{order}\0{}", parts.join("\0")).as_bytes()))
    }
}

impl fmt::Display for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
