//! The members of `data` as they stand on the wire (contract, section 2), and their way into the domain's types.
//!
//! Each member is checked while it is read (see `field`), so an error knows its path. Unknown members are ignored; one that
//! stands twice is refused. The JSON Schemas that we publish are made from these types.

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::field::{self, Contact, Flaw, Number, TextOr};
use crate::domain::event::{Eta, Handover, Promise, Reason, Until};
use crate::domain::listen::sending_back::Wish;
use crate::domain::person::{Pii, Role};

/// The `data` of `order.*`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OrderData {
    #[serde(deserialize_with = "field::object")]
    pub(super) order: Option<Order>,
    /// Why the order was cancelled; `order.reason` means the same.
    #[serde(deserialize_with = "field::prose")]
    pub(super) reason: Option<String>,
}

/// The `data` of `shipment.*`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ShipmentData {
    #[serde(deserialize_with = "field::object")]
    pub(super) order: Option<Order>,
    #[serde(deserialize_with = "field::object")]
    pub(super) shipment: Option<Shipment>,
}

/// What an event says of an order. Only `id` is always required. Amounts are integers in minor units of `currency`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Order {
    /// As the shop writes it, up to 128 bytes; unique within the brand.
    #[serde(deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "field::instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) placed_at: Option<Timestamp>,
    #[serde(deserialize_with = "field::instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) paid_at: Option<Timestamp>,
    /// ISO 4217.
    #[serde(deserialize_with = "field::currency")]
    pub(super) currency: Option<String>,
    #[serde(deserialize_with = "field::amount")]
    pub(super) subtotal: Option<i64>,
    #[serde(deserialize_with = "field::amount")]
    pub(super) shipping: Option<i64>,
    #[serde(deserialize_with = "field::amount")]
    pub(super) tax: Option<i64>,
    #[serde(deserialize_with = "field::amount")]
    pub(super) total: Option<i64>,
    /// Who bought. `order.paid` needs it, with an e-mail address or a phone.
    #[serde(deserialize_with = "field::object")]
    pub(super) customer: Option<Person>,
    /// Who receives a gift: hears of the parcel, sees no prices.
    #[serde(deserialize_with = "field::object")]
    pub(super) recipient: Option<Person>,
    /// Where the parcel goes. Replaced as a whole.
    #[serde(deserialize_with = "field::object")]
    pub(super) address: Option<Address>,
    /// Where the parcel comes from.
    #[serde(deserialize_with = "field::object")]
    pub(super) ship_from: Option<ShipFrom>,
    /// At most 1,000 lines.
    #[serde(deserialize_with = "field::items")]
    pub(super) items: Option<Vec<Item>>,
    /// What the shop promised: `date`, or `from` and `until`.
    #[serde(deserialize_with = "promise")]
    #[schemars(with = "Option<Span>")]
    pub(super) promise: Option<Promise>,
    #[serde(deserialize_with = "field::instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) dispatch_by: Option<Timestamp>,
    #[serde(deserialize_with = "field::object")]
    pub(super) links: Option<Links>,
    /// What the shop would show this customer beside the order, the best first; the first 12 are kept.
    #[serde(deserialize_with = "field::items")]
    pub(super) recommendations: Option<Vec<Recommendation>>,
    /// Something is to go back: who asked is told so (`return_requested`), once for each id. With every other id it is another
    /// request; the first 40 of an order are kept, by their ids.
    #[serde(deserialize_with = "field::object")]
    pub(super) return_requested: Option<ReturnRequested>,
    /// Address or payment being checked: nothing is told while it is true.
    pub(super) hold: Option<bool>,
    /// Links to the tracking page that carry another number are dead: set it to one that was not used yet, and all that went
    /// out before stop working. New messages carry it. 0 where never given.
    pub(super) link_generation: Option<u8>,
    /// Why the order was cancelled: the shop's word.
    #[serde(deserialize_with = "field::prose")]
    pub(super) reason: Option<String>,
}

/// A customer, or who receives a gift.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Person {
    /// As the shop writes it, up to 128 bytes; unique within the brand.
    #[serde(deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "field::private_line")]
    pub(super) name: Option<Pii<String>>,
    #[serde(deserialize_with = "field::email")]
    #[schemars(with = "Option<String>", extend("format" = "email"))]
    pub(super) email: Option<Contact>,
    /// E.164.
    #[serde(deserialize_with = "field::phone")]
    #[schemars(with = "Option<String>", extend("examples" = ["+12025550123"]))]
    pub(super) phone: Option<Contact>,
    /// BCP 47.
    #[serde(deserialize_with = "field::locale")]
    pub(super) locale: Option<String>,
    /// On which channels the person wishes to hear; not given means yes.
    #[serde(deserialize_with = "field::object")]
    pub(super) channels: Option<Channels>,
    /// IANA name.
    #[serde(deserialize_with = "field::zone")]
    pub(super) time_zone: Option<String>,
}

/// On which channels a person wishes to hear.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Channels {
    pub(super) email: Option<bool>,
    pub(super) sms: Option<bool>,
}

/// Where a parcel goes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Address {
    #[serde(deserialize_with = "field::private_line")]
    pub(super) line1: Option<Pii<String>>,
    #[serde(deserialize_with = "field::private_line")]
    pub(super) line2: Option<Pii<String>>,
    #[serde(deserialize_with = "field::line")]
    pub(super) city: Option<String>,
    #[serde(deserialize_with = "field::line")]
    pub(super) region: Option<String>,
    #[serde(deserialize_with = "field::word")]
    pub(super) postcode: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(deserialize_with = "field::country")]
    pub(super) country: Option<String>,
    /// IANA name.
    #[serde(deserialize_with = "field::zone")]
    pub(super) time_zone: Option<String>,
}

/// Where a parcel comes from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ShipFrom {
    #[serde(deserialize_with = "field::line")]
    pub(super) city: Option<String>,
    #[serde(deserialize_with = "field::line")]
    pub(super) region: Option<String>,
    #[serde(deserialize_with = "field::word")]
    pub(super) postcode: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(deserialize_with = "field::country")]
    pub(super) country: Option<String>,
}

/// One line of an order.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Item {
    #[serde(default, deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "field::id")]
    pub(super) sku: Option<String>,
    #[serde(default, deserialize_with = "field::prose")]
    pub(super) title: Option<String>,
    /// Pieces, 1 to 1,000,000.
    #[serde(default = "one", deserialize_with = "field::qty")]
    pub(super) qty: u32,
    /// Minor units of the order's currency.
    #[serde(default, deserialize_with = "field::amount")]
    pub(super) unit_price: Option<i64>,
    /// http or https; anything else is left out.
    #[serde(default, deserialize_with = "field::url")]
    pub(super) image_url: Option<String>,
    /// http or https; anything else is left out.
    #[serde(default, deserialize_with = "field::url")]
    pub(super) url: Option<String>,
    #[serde(default, deserialize_with = "field::tags")]
    pub(super) tags: Vec<String>,
}

fn one() -> u32 {
    1
}

/// The shop's own pages for this order; https, anything else is left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Links {
    #[serde(deserialize_with = "field::https_url")]
    pub(super) order: Option<String>,
    #[serde(deserialize_with = "field::https_url")]
    pub(super) support: Option<String>,
}

/// Something that the shop recommends to this very customer. One without a title or an https address is left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Recommendation {
    #[serde(deserialize_with = "field::prose")]
    pub(super) title: Option<String>,
    /// https; anything else is left out.
    #[serde(deserialize_with = "field::https_url")]
    pub(super) url: Option<String>,
    /// https; anything else is left out.
    #[serde(deserialize_with = "field::https_url")]
    pub(super) image_url: Option<String>,
    /// Why it fits, in the shop's words.
    #[serde(deserialize_with = "field::prose")]
    pub(super) reason: Option<String>,
}

/// Something that a person asked to send back: on doorstep's own page, or in the shop's own return portal.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReturnRequested {
    /// Required; unique within the order.
    #[serde(deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    /// Who asked, and is told; the customer where not given.
    #[serde(deserialize_with = "field::role")]
    pub(super) by: Option<Role>,
    /// Until when the shop decides; left unsaid where not given.
    #[serde(deserialize_with = "field::instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) decide_by: Option<Timestamp>,
    /// A word that is not in the list is left out.
    #[serde(deserialize_with = "field::wish")]
    pub(super) wish: Option<Wish>,
    /// What goes back; the first 100 lines are kept.
    #[serde(deserialize_with = "field::items")]
    pub(super) items: Option<Vec<ReturnItem>>,
    /// Whether it was asked for on doorstep's own page, which then shows the decision: the message leads there. Where not, it leads
    /// to the order's page and does not say where the decision is to be found.
    pub(super) here: Option<bool>,
}

/// Pieces that go back. Where `title` is not given, it is that of the order's item of the same `id` or `sku`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReturnItem {
    #[serde(default, deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "field::id")]
    pub(super) sku: Option<String>,
    #[serde(default, deserialize_with = "field::prose")]
    pub(super) title: Option<String>,
    /// Pieces, 1 to 1,000,000.
    #[serde(default = "one", deserialize_with = "field::qty")]
    pub(super) qty: u32,
}

/// What an event says of a parcel.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Shipment {
    /// As the shop writes it, up to 128 bytes; unique within the order.
    #[serde(deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    /// A slug such as `dhl` or `nova-poshta`.
    #[serde(deserialize_with = "field::carrier")]
    pub(super) carrier: Option<String>,
    #[serde(deserialize_with = "field::line")]
    pub(super) service: Option<String>,
    #[serde(deserialize_with = "field::number")]
    #[schemars(with = "Option<String>")]
    pub(super) tracking_number: Option<Number>,
    /// http or https; anything else is left out.
    #[serde(deserialize_with = "field::url")]
    pub(super) tracking_url: Option<String>,
    /// What is in the parcel; at most 1,000 lines.
    #[serde(deserialize_with = "field::items")]
    pub(super) items: Option<Vec<ParcelItem>>,
    /// What the carrier expects now: a day such as `2026-11-28`, or `from` and `until`.
    #[serde(deserialize_with = "eta")]
    #[schemars(with = "Option<TextOrSpan>")]
    pub(super) eta: Option<Eta>,
    /// Where the scan was made: text, or `city`, `region`, `country`.
    #[serde(deserialize_with = "location")]
    #[schemars(with = "Option<TextOrPlace>")]
    pub(super) location: Option<String>,
    /// The carrier's words.
    #[serde(deserialize_with = "field::prose")]
    pub(super) description: Option<String>,
    /// The carrier's code.
    #[serde(deserialize_with = "field::word")]
    pub(super) code: Option<String>,
    /// A word that is not in the list counts as `unknown`.
    #[serde(deserialize_with = "field::reason")]
    pub(super) reason: Option<Reason>,
    #[serde(deserialize_with = "field::object")]
    pub(super) pickup: Option<Pickup>,
    /// A word that is not in the list is left out.
    #[serde(deserialize_with = "field::handover")]
    pub(super) handover: Option<Handover>,
}

/// Pieces of one of the order's items, named by `id` or `sku`.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ParcelItem {
    #[serde(default, deserialize_with = "field::id")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "field::id")]
    pub(super) sku: Option<String>,
    /// Pieces, 1 to 1,000,000.
    #[serde(default = "one", deserialize_with = "field::qty")]
    pub(super) qty: u32,
}

/// Where a parcel waits, and until when.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pickup {
    #[serde(deserialize_with = "field::line")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "field::line")]
    pub(super) address: Option<String>,
    #[serde(deserialize_with = "field::private_word")]
    pub(super) code: Option<Pii<String>>,
    /// A day at the destination, or RFC 3339.
    #[serde(deserialize_with = "until")]
    #[schemars(with = "Option<String>")]
    pub(super) until: Option<Until>,
    /// When it is open, as it says so itself.
    #[serde(deserialize_with = "field::line")]
    pub(super) opening_hours: Option<String>,
}

/// A day at the destination, or a window of time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Span {
    /// A calendar day at the destination.
    #[serde(deserialize_with = "field::day")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub(super) date: Option<Date>,
    #[serde(deserialize_with = "field::instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) from: Option<Timestamp>,
    #[serde(deserialize_with = "field::instant")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(super) until: Option<Timestamp>,
}

/// A place of a scan.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Place {
    #[serde(deserialize_with = "field::line")]
    pub(super) city: Option<String>,
    #[serde(deserialize_with = "field::line")]
    pub(super) region: Option<String>,
    #[serde(deserialize_with = "field::line")]
    pub(super) country: Option<String>,
}

/// For the schema: either form of `eta`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is wanted")]
enum TextOrSpan {
    Text(String),
    Span(Span),
}

/// For the schema: either form of `location`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is wanted")]
enum TextOrPlace {
    Text(String),
    Place(Place),
}

/// What a span says.
enum Said {
    Day(Date),
    Window { from: Option<Timestamp>, until: Timestamp },
}

impl Span {
    fn said(self) -> Result<Option<Said>, Flaw> {
        match (self.date, self.from, self.until) {
            (Some(date), ..) => Ok(Some(Said::Day(date))),
            (None, None, None) => Ok(None),
            (None, Some(_), None) => Err("`from` without `until`"),
            (None, Some(from), Some(until)) if until < from => Err("`until` before `from`"),
            (None, from, Some(until)) => Ok(Some(Said::Window { from, until })),
        }
    }
}

/// Reads a day, an object, or (`instants`) a time as text.
fn span<'de, D: Deserializer<'de>>(from: D, instants: bool) -> Result<Option<Said>, D::Error> {
    let said = match field::text_or::<D, Span>(from)? {
        None => Ok(None),
        Some(TextOr::Text(text)) if instants && text.len() != 10 => {
            field::a_time(&text).map(|until| until.map(|until| Said::Window { from: None, until }))
        }
        Some(TextOr::Text(text)) => field::a_day(&text).map(|day| day.map(Said::Day)),
        Some(TextOr::Object(span)) => span.said(),
    };
    said.map_err(D::Error::custom)
}

/// A promise is a day or a window; a bare instant would be taken for a promise to the minute.
fn promise<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Promise>, D::Error> {
    Ok(span(from, false)?.map(|said| match said {
        Said::Day(date) => Promise::Day { date },
        Said::Window { from, until } => Promise::Window { from, until },
    }))
}

fn eta<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Eta>, D::Error> {
    Ok(span(from, true)?.map(|said| match said {
        Said::Day(day) => Eta::Day(day),
        Said::Window { from, until } => Eta::Window { from, until },
    }))
}

fn until<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Until>, D::Error> {
    Ok(span(from, true)?.map(|said| match said {
        Said::Day(day) => Until::Day(day),
        Said::Window { until, .. } => Until::Instant(until),
    }))
}

fn location<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let text = match field::text_or::<D, Place>(from)? {
        None => None,
        Some(TextOr::Text(text)) => Some(text),
        Some(TextOr::Object(place)) => {
            let parts: Vec<String> = [place.city, place.region, place.country].into_iter().flatten().collect();
            Some(parts.join(", "))
        }
    };
    Ok(text.and_then(|text| field::shown(&text, field::LINE_CHARS_MAX)))
}
