//! What can be reported to us. These types exist only for events that have passed the door (`ingest::decode`): nothing
//! behind it checks them again. A member that is `None` was not given: it says nothing and replaces nothing.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::id::{BrandId, CustomerId, EventKey, OrderId, OrderKey, ShipmentId, TrackingNumber};
use super::listen::sending_back::Request;
use super::person::Pii;

/// One fact, as it reached us: a CloudEvents 1.0 event with a type that we know.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The duplicate key, made of `source` and `id`.
    pub key: EventKey,
    /// When the fact happened, not when it was sent.
    pub time: Timestamp,
    /// Whose voice; the default brand where the event names none.
    pub brand: BrandId,
    /// What happened.
    pub kind: Kind,
    /// The order it speaks of. `None` for a carrier's feed that knows only the tracking number.
    pub order: Option<OrderId>,
    /// What it says of the order.
    pub order_patch: OrderPatch,
    /// What it says of the shipment: present exactly when `kind.is_shipment()`.
    pub shipment_patch: Option<ShipmentPatch>,
}

impl Event {
    /// The order's key; `None` while only a tracking number is known.
    pub fn order_key(&self) -> Option<OrderKey> {
        self.order.as_ref().map(|order| OrderKey::new(&self.brand, order))
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The types of events that come in (contract, section 2).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Kind {
            /// Every kind, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The `type` attribute.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads a `type` attribute; `None` for a type we do not know.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// The customer ordered; not yet paid.
    OrderPlaced = "order.placed",
    /// Payment taken: the clock of the promise starts.
    OrderPaid = "order.paid",
    /// Members given replace what was known.
    OrderUpdated = "order.updated",
    /// Packed, waiting for the carrier.
    OrderPacked = "order.packed",
    /// Will not be delivered, wholly or for the items given.
    OrderCancelled = "order.cancelled",
    /// A parcel exists: label made.
    ShipmentCreated = "shipment.created",
    /// Members given replace what was known.
    ShipmentUpdated = "shipment.updated",
    /// The parcel was voided before it moved.
    ShipmentCancelled = "shipment.cancelled",
    /// The carrier took it: first scan.
    ShipmentShipped = "shipment.shipped",
    /// A scan on the way.
    ShipmentInTransit = "shipment.in_transit",
    /// The carrier itself reports a delay.
    ShipmentDelayed = "shipment.delayed",
    /// On the van today.
    ShipmentOutForDelivery = "shipment.out_for_delivery",
    /// Tried, not handed over.
    ShipmentAttemptFailed = "shipment.attempt_failed",
    /// Waits at a shop, locker or office.
    ShipmentAvailableForPickup = "shipment.available_for_pickup",
    /// Handed over.
    ShipmentDelivered = "shipment.delivered",
    /// Something is wrong.
    ShipmentException = "shipment.exception",
    /// On its way back.
    ShipmentReturning = "shipment.returning",
    /// Back.
    ShipmentReturned = "shipment.returned",
    /// Given up.
    ShipmentLost = "shipment.lost",
}

impl Kind {
    /// Whether the event speaks of a parcel.
    pub fn is_shipment(self) -> bool {
        self >= Self::ShipmentCreated
    }

    /// Whether the event says that something happened to a parcel, rather than what the parcel is.
    pub fn is_scan(self) -> bool {
        self >= Self::ShipmentShipped
    }
}

/// What an event says of an order (contract: **Order**). Amounts are integers in minor units of `currency`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrderPatch {
    pub placed_at: Option<Timestamp>,
    pub paid_at: Option<Timestamp>,
    /// ISO 4217, upper case.
    pub currency: Option<String>,
    pub subtotal: Option<i64>,
    pub shipping: Option<i64>,
    pub tax: Option<i64>,
    pub total: Option<i64>,
    pub customer: Option<PersonPatch>,
    /// Who receives a gift: same shape, sees no prices.
    pub recipient: Option<PersonPatch>,
    /// Replaced as a whole: half of an old address under a new street would be a lie.
    pub address: Option<Address>,
    pub ship_from: Option<ShipFrom>,
    pub items: Option<Vec<Item>>,
    pub promise: Option<Promise>,
    pub dispatch_by: Option<Timestamp>,
    pub links: Option<Links>,
    /// What the shop would show this customer beside the order; replaced as a whole.
    pub recommendations: Option<Vec<Recommendation>>,
    /// Something is to go back: the return's id, and what was asked for.
    pub return_requested: Option<(String, Request)>,
    /// Address or payment being checked: nothing is told while it is true.
    pub hold: Option<bool>,
    /// Links to the tracking page of any other generation are dead.
    pub link_generation: Option<u8>,
    /// Why it was cancelled: the shop's word, for `order.cancelled` alone.
    pub reason: Option<String>,
}

/// What an event says of a person. Each member given replaces that member alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PersonPatch {
    pub id: Option<CustomerId>,
    pub name: Option<Pii<String>>,
    pub email: Option<Pii<String>>,
    /// E.164.
    pub phone: Option<Pii<String>>,
    /// BCP 47.
    pub locale: Option<String>,
    /// Whether e-mail is wished; not given means yes.
    pub channel_email: Option<bool>,
    /// Whether SMS is wished; not given means yes.
    pub channel_sms: Option<bool>,
    /// IANA name.
    pub time_zone: Option<String>,
}

/// Where the parcel goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line1: Option<Pii<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<Pii<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2, upper case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// IANA name, checked against the bundled time zone database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// Where the parcel comes from; coarse, since lanes need no more.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShipFrom {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Pieces, 1 to 1,000,000; 1 where not given.
    pub qty: u32,
    /// Minor units of the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// What the shop promised: a calendar day at the destination, or a window of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Promise {
    Day { date: Date },
    Window { from: Option<Timestamp>, until: Timestamp },
}

/// What the carrier expects now: a day at the destination, or a window of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Eta {
    Window { from: Option<Timestamp>, until: Timestamp },
    Day(Date),
}

/// The shop's own pages for this order; https only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support: Option<String>,
}

/// Something that the shop recommends to this very customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    pub title: String,
    /// https.
    pub url: String,
    /// https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Why it fits, in the shop's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What an event says of a parcel (contract: **Shipment**).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShipmentPatch {
    pub id: Option<ShipmentId>,
    /// A slug such as `dhl`; lower-cased at the door.
    pub carrier: Option<String>,
    pub service: Option<String>,
    /// In the one spelling in which numbers are compared.
    pub tracking_number: Option<TrackingNumber>,
    /// As the carrier prints it, where that differs.
    pub tracking_number_shown: Option<String>,
    pub tracking_url: Option<String>,
    pub items: Option<Vec<ParcelItem>>,
    pub eta: Option<Eta>,
    /// Where the scan was made, as text to show ("Leipzig, DE").
    pub location: Option<String>,
    /// The carrier's words.
    pub description: Option<String>,
    /// The carrier's code.
    pub code: Option<String>,
    pub reason: Option<Reason>,
    pub pickup: Option<Pickup>,
    pub handover: Option<Handover>,
}

/// What is in a parcel: pieces of one of the order's items, named by `id` or `sku`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParcelItem {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    pub qty: u32,
}

/// Where a parcel waits, and until when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pickup {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Opens the locker: personal, never logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Pii<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
    /// When it is open, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening_hours: Option<String>,
}

/// Until when a parcel waits: an instant, or a whole day at the destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Until {
    Instant(Timestamp),
    Day(Date),
}

/// To whom or where a parcel was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    Recipient,
    Neighbour,
    SafePlace,
    Locker,
    PickupPoint,
}

macro_rules! reasons {
    ($($name:ident = $word:literal,)*) => {
        /// Why something went wrong (contract: `reason`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Reason { $(#[serde(rename = $word)] $name,)* }

        impl Reason {
            /// Every reason, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The contract's word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the contract's word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }
        }
    };
}

reasons! {
    CarrierCapacity = "carrier_capacity", CarrierDamaged = "carrier_damaged", CarrierLost = "carrier_lost",
    CarrierMisrouted = "carrier_misrouted", CarrierOther = "carrier_other", CustomsHold = "customs_hold",
    CustomsDocuments = "customs_documents", CustomsDuties = "customs_duties", AddressWrong = "address_wrong",
    AddressMoved = "address_moved", RecipientAbsent = "recipient_absent", RecipientRefused = "recipient_refused",
    RecipientClosed = "recipient_closed", PickupExpired = "pickup_expired", PaymentDue = "payment_due",
    Weather = "weather", Security = "security", ShopOther = "shop_other", Unknown = "unknown",
}
