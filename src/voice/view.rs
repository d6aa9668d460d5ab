//! What templates may see of an order: plain facts, raw values, no words of any language.
//!
//! The dispatcher builds a [`View`] from the order as it stands when the intent to send is about to be committed, for one
//! person and one stage. What is not known stays `None` or empty, and the messages leave it unsaid. Texts are as the shop,
//! the carrier or the customer wrote them: the renderer escapes and defuses them, so nobody needs to do so before.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::content::Moment;
use crate::domain::event::{Handover, Reason};
use crate::domain::listen::sending_back::Wish;
use crate::domain::person::{Pii, Role};
use crate::domain::stage::Stage;

/// Everything one message may speak of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// When it is rendered: "today" and "tomorrow" are judged by this, in `zone`.
    pub now: Timestamp,
    /// The destination's zone. Every day and time in the message is given in it.
    #[serde(serialize_with = "zone_name")]
    pub zone: TimeZone,
    /// Whom it speaks to.
    pub person: Person,
    /// What the message is chiefly about: names template, subject and first line.
    pub stage: Stage,
    /// The parcel it is about: an index into `parcels`. `None`: it speaks of the whole order.
    pub parcel: Option<usize>,
    /// First, second, … time of this stage for this parcel; starts at 1.
    pub occurrence: u32,
    /// When the fact happened.
    pub fact_at: Timestamp,
    /// Other news of the same order that was merged into this message, oldest first; never holds the primary stage itself.
    pub news: Vec<News>,
    pub order: Order,
    /// Every parcel of the order that was not voided, in the order in which they became known.
    pub parcels: Vec<Parcel>,
    /// Pieces that are in no parcel yet and were not cancelled: what is still to come besides the parcels on their way.
    /// Empty when everything is in parcels, and when nobody said what is in them.
    pub to_come: Vec<Item>,
    /// For `delay_expected`, `delay_again` and `back_on_time`.
    pub delay: Option<Delay>,
    /// For `correction`: what was said and what is true.
    pub correction: Option<Correction>,
    /// For `cancelled`.
    pub cancelled: Option<Cancelled>,
    /// For `return_requested`.
    pub going_back: Option<GoingBack>,
    /// What the brand's own content is chosen by.
    pub content: Moment,
    pub links: Links,
}

/// The person spoken to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Person {
    /// As the person typed it. Greeted only if it is harmless; never made clickable.
    pub name: Option<Pii<String>>,
    /// A recipient sees no prices and no totals, whatever the view holds.
    pub role: Role,
}

/// One more piece of news in a merged message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct News {
    pub stage: Stage,
    /// An index into `View::parcels`.
    pub parcel: Option<usize>,
}

/// The order as a whole. Amounts are integers in minor units of `currency`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Order {
    /// As the shop writes it.
    pub id: String,
    pub placed_at: Option<Timestamp>,
    pub paid_at: Option<Timestamp>,
    /// ISO 4217. Without it no amount is shown.
    pub currency: Option<String>,
    pub subtotal: Option<i64>,
    pub shipping: Option<i64>,
    pub tax: Option<i64>,
    pub total: Option<i64>,
    /// Everything ordered, cancelled pieces left out.
    pub items: Vec<Item>,
    pub address: Option<Address>,
    /// What the shop promised, or what is expected now for the order as a whole where that is better known.
    pub expected: Option<Expected>,
}

/// Where the order goes.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Address {
    /// Who the parcel is addressed to, where that is known.
    pub name: Option<Pii<String>>,
    pub line1: Option<Pii<String>>,
    pub line2: Option<Pii<String>>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// Pieces of one thing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Item {
    /// Without a title the piece is counted, not named.
    pub title: Option<String>,
    /// At least 1.
    pub qty: u32,
    /// Minor units of the order's currency, for one piece.
    pub unit_price: Option<i64>,
    /// Shown only if https.
    pub image_url: Option<String>,
    /// Linked only if https.
    pub url: Option<String>,
}

/// A time of arrival, as exactly as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// A calendar day at the destination.
    Day(Date),
    /// Calendar days at the destination, both included.
    Days { from: Date, until: Date },
    /// Instants, shown as hours when both lie on one day there, else as days.
    Window { from: Option<Timestamp>, until: Timestamp },
}

impl Expected {
    /// The last calendar day of it in `zone`: what counts as a promise, and what a correction compares.
    pub fn last_day(&self, zone: &TimeZone) -> Date {
        match self {
            Self::Day(day) | Self::Days { until: day, .. } => *day,
            Self::Window { until, .. } => zone.to_datetime(*until).date(),
        }
    }
}

/// One parcel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parcel {
    /// "Parcel `number` of `of`": starts at 1. `of` is 1 for an order with one parcel, and then neither is shown.
    pub number: u32,
    pub of: u32,
    /// A slug such as `dhl`.
    pub carrier: Option<String>,
    /// As people know it ("DHL"), where the event said so; `None`: made from the slug.
    pub carrier_name: Option<String>,
    pub service: Option<String>,
    /// As the carrier prints it.
    pub tracking_number: Option<String>,
    /// Linked only if https.
    pub tracking_url: Option<String>,
    /// What is in it; empty when nobody said.
    pub items: Vec<Item>,
    pub state: State,
    /// When that state began.
    pub state_at: Option<Timestamp>,
    pub expected: Option<Expected>,
    pub pickup: Option<Pickup>,
    pub handover: Option<Handover>,
    /// Where the last scan was made, as text ("Leipzig, DE").
    pub place: Option<String>,
    /// Why something went wrong, where that is known.
    pub reason: Option<Reason>,
    /// The carrier's own words about it.
    pub description: Option<String>,
}

/// How far a parcel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A label exists.
    Announced,
    /// With the carrier.
    Moving,
    /// On the van.
    OutForDelivery,
    /// Tried, not handed over.
    AttemptFailed,
    /// To be collected.
    Waiting,
    Delivered,
    /// Something is wrong.
    Exception,
    Returning,
    Returned,
    Lost,
}

impl State {
    /// Whether the customer has it.
    pub fn is_delivered(self) -> bool {
        self == Self::Delivered
    }

    /// Whether it can still arrive.
    pub fn is_coming(self) -> bool {
        match self {
            Self::Announced
            | Self::Moving
            | Self::OutForDelivery
            | Self::AttemptFailed
            | Self::Waiting
            | Self::Exception => true,
            Self::Delivered | Self::Returning | Self::Returned | Self::Lost => false,
        }
    }
}

/// Where a parcel waits.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Pickup {
    pub name: Option<String>,
    pub address: Option<String>,
    /// Opens the locker. Given in the message itself, never in subject or preheader, which a locked screen shows.
    pub code: Option<Pii<String>>,
    pub until: Option<Until>,
    /// When it is open, in its own words.
    pub opening_hours: Option<String>,
}

/// Until when a parcel waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// A whole day at the destination.
    Day(Date),
    Instant(Timestamp),
}

/// A promise that moved.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Delay {
    /// What was told before.
    pub was: Option<Expected>,
    /// What is expected now; `None`: not known yet, which the message says openly.
    pub now: Option<Expected>,
    /// `None` and `Reason::Unknown`: the message says that we do not know.
    pub reason: Option<Reason>,
    /// The old day has already passed.
    pub missed: bool,
    /// No fact says so: it is likely, by what other parcels took.
    pub likely: bool,
    /// The new day comes from what other parcels took, not from a carrier.
    pub learned: bool,
}

/// Something told before that has turned out untrue.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// The tracking number that was shown is no longer the parcel's. The right one is in the parcel.
    Number { said: String },
    /// We said that the parcel was delivered; a later scan says otherwise.
    NotDelivered,
    /// We named another day; the right one is `expected` of the parcel or order.
    Day { said: Date },
}

/// What will not be delivered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cancelled {
    /// The whole order.
    pub whole: bool,
    /// The pieces, where only some were cancelled.
    pub items: Vec<Item>,
    /// The shop's own words; shown as they are.
    pub reason: Option<String>,
}

/// What somebody asked to send back.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GoingBack {
    /// Empty when nobody said.
    pub items: Vec<Item>,
    pub wish: Option<Wish>,
    /// Until when the shop decides; not shown once that is over.
    pub decide_by: Option<Timestamp>,
    /// Whether our own page of returns knows of it.
    pub here: bool,
}

/// Pages for this order and person. Only https is linked; `mailto:` may stand in `support`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Links {
    /// The order's page at the shop.
    pub order: Option<String>,
    /// Our own page of the order, which follows the parcels.
    pub page: Option<String>,
    /// Overrides the brand's support page.
    pub support: Option<String>,
    /// Where a rating is given.
    pub feedback: Option<String>,
    /// Where something is sent back, and its decision shown.
    pub returns: Option<String>,
    /// Whether the mail itself asks how satisfied the customer is: one link for each point of the scale.
    pub scale: bool,
    /// One click and no more of these; shown in the footer.
    pub unsubscribe: Option<String>,
    /// Our own counting address of content blocks, to which a block's id is added; `None`: blocks lead to their pages directly.
    pub content: Option<String>,
}

impl View {
    /// The parcel that the message is about.
    pub fn this_parcel(&self) -> Option<&Parcel> {
        self.parcel.and_then(|index| self.parcels.get(index))
    }
}

fn zone_name<S: Serializer>(zone: &TimeZone, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(zone.iana_name().unwrap_or("UTC"))
}
