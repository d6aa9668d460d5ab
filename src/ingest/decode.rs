//! Bytes to events. What passes here is trusted everywhere behind; what does not is refused with the field's name and kept.
//!
//! CloudEvents 1.0 in structured JSON is the one form that is judged. Binary mode (see [`super::binary`]) is first composed
//! into it, so that both say the same and are stored alike.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::fault::{self, Fault};
use super::{Incoming, field, patch, scan, wire};
use crate::domain::event::{Event, Kind, OrderPatch, ShipmentPatch};
use crate::domain::id::{BrandId, EventKey, OrderId, OrderKey};
use crate::store::rows::{Arrival, Refused};

/// Bytes of one event: the contract's default.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;
/// Brackets within brackets: the contract's. No shop's event needs ten.
pub const DEPTH_MAX: usize = 64;
/// serde_json refuses 128 levels by itself; below that the limit is ours to set.
const PARSER_DEPTH_MAX: usize = 120;
/// Bytes of a `source`: URIs are longer than ids.
pub const SOURCE_BYTES_MAX: usize = 512;

/// How much one event may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of one event. Default 256 KiB.
    pub event_bytes_max: usize,
    /// Brackets within brackets. Default 64, and never more than 120: the parser itself stops at 128.
    pub depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { event_bytes_max: EVENT_BYTES_MAX, depth_max: DEPTH_MAX }
    }
}

/// Whose voices there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brands {
    /// Where an event names none.
    pub default: BrandId,
    /// The configured ones; `None` takes any, for `replay` and tests.
    pub known: Option<BTreeSet<String>>,
}

impl Brands {
    /// Takes any brand; `default` where an event names none.
    pub fn any(default: &str) -> Self {
        Self { default: BrandId::new(default), known: None }
    }
}

/// Turns bytes into [`Incoming`]. One for all doors; the brands can be replaced while it works.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    brands: ArcSwap<Brands>,
}

impl Decoder {
    /// A decoder with these limits and brands.
    pub fn new(limits: Limits, brands: Brands) -> Self {
        let limits = Limits { depth_max: limits.depth_max.min(PARSER_DEPTH_MAX), ..limits };
        Self { limits, brands: ArcSwap::from_pointee(brands) }
    }

    /// Its limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Replaces the brands, after a reload.
    pub fn set_brands(&self, brands: Brands) {
        self.brands.store(brands.into());
    }

    /// Whether events of this brand are taken.
    pub fn knows(&self, brand: &str) -> bool {
        self.brands.load().known.as_ref().is_none_or(|known| known.contains(brand))
    }

    /// Judges one event in structured JSON that came through `door`.
    pub fn structured(&self, door: &'static str, raw: Vec<u8>) -> Incoming {
        if let Err(fault) = self.fits(raw.len()) {
            return self.refused(door, fault, raw, String::new());
        }
        match self.judge(&raw) {
            Ok(judged) => judged.into_incoming(raw),
            Err(fault) => self.refused(door, fault, raw, String::new()),
        }
    }

    /// Judges one event in binary mode: its attributes, and `data` as bytes.
    pub fn binary(&self, door: &'static str, attributes: &super::binary::Attributes, data: Vec<u8>) -> Incoming {
        let judged = self.fits(data.len()).and_then(|()| {
            let composed = attributes.compose(&data)?;
            self.fits(composed.len())?;
            Ok((self.judge(&composed)?, composed))
        });
        match judged {
            Ok((judged, composed)) => judged.into_incoming(composed),
            Err(fault) => self.refused(door, fault, data, attributes.to_json()),
        }
    }

    /// A refusal, with the bytes as they came, cut at the door's limit.
    pub fn refused(&self, door: &'static str, fault: Fault, mut raw: Vec<u8>, headers: String) -> Incoming {
        let mut reason = fault.into_reason();
        let bytes = raw.len();
        if bytes > self.limits.event_bytes_max {
            raw.truncate(self.limits.event_bytes_max);
            raw.shrink_to_fit();
            reason.push_str(&format!("; kept {} of {bytes} bytes", raw.len()));
        }
        Incoming::Refused(Refused { door, reason, raw, headers })
    }

    fn fits(&self, bytes: usize) -> Result<(), Fault> {
        if bytes <= self.limits.event_bytes_max {
            return Ok(());
        }
        Err(Fault::new("body", &format!("larger than {} bytes", self.limits.event_bytes_max)))
    }

    fn judge(&self, raw: &[u8]) -> Result<Judged, Fault> {
        let envelope = Envelope::read(raw, self.limits.depth_max)?;
        let brands = self.brands.load();
        let brand = match &envelope.brand {
            None => brands.default.clone(),
            Some(named) => {
                let named = brand(named)?;
                // A type that we do not know is kept for later, whoever it is from.
                let known = brands.known.as_ref().is_none_or(|known| known.contains(named.as_str()));
                if envelope.kind.is_ok() && !known {
                    return Err(Fault::new("brand", "not configured"));
                }
                named
            }
        };
        let event = match envelope.kind {
            Ok(kind) => Some(Box::new(envelope.event(kind, brand.clone())?)),
            Err(_) => None,
        };
        Ok(Judged {
            order: event.as_ref().and_then(|event| event.order_key()),
            event,
            splice_brand: envelope.brand.is_none().then_some(brand),
            content: envelope.content(),
            key: EventKey::new(&envelope.source, &envelope.id),
            kind: envelope.word().to_owned(),
            time: envelope.time,
            source: envelope.source.into_owned(),
            id: envelope.id.into_owned(),
        })
    }
}

/// Reads an event back that has passed the door before: waiting facts, `replay` of the inbox, `explain`.
///
/// # Errors
/// [`Fault`] if the bytes are not such an event, which a door of this or an older version let in: damage, or a rule that has
/// become stricter since.
pub fn decode_stored(raw: &[u8]) -> Result<Event, Fault> {
    let envelope = Envelope::read(raw, PARSER_DEPTH_MAX)?;
    let named = envelope.brand.as_deref().ok_or_else(|| Fault::new("brand", "missing"))?;
    let brand = brand(named)?;
    match envelope.kind {
        Ok(kind) => envelope.event(kind, brand),
        Err(_) => Err(Fault::new("type", "not known")),
    }
}

/// Everything that is owned, so that the bytes can move on into the arrival.
struct Judged {
    key: EventKey,
    source: String,
    id: String,
    kind: String,
    time: Timestamp,
    order: Option<OrderKey>,
    content: Uuid,
    event: Option<Box<Event>>,
    /// The default brand, where the event names none.
    splice_brand: Option<BrandId>,
}

impl Judged {
    fn into_incoming(self, mut raw: Vec<u8>) -> Incoming {
        if let Some(brand) = self.splice_brand {
            // What is stored must mean the same order after the default has been changed.
            let open = raw.iter().position(|byte| *byte == b'{').expect("a judged event is an object");
            let member = format!(r#""brand":"{brand}","#);
            raw.splice(open + 1..open + 1, member.into_bytes());
        }
        let Self { key, source, id, kind, time, order, content, event, .. } = self;
        let arrival = Arrival { key, source, id, kind, time, order, content, raw };
        match event {
            Some(event) => Incoming::Event { arrival, event },
            None => Incoming::UnknownType { arrival },
        }
    }
}

/// Text that is borrowed where it holds no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct AsText;
        impl<'de> Visitor<'de> for AsText {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(AsText)
    }
}

/// The attributes as they stand on the wire. Those that are not named here are ignored.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Attributes<'a> {
    #[serde(borrow, default)]
    specversion: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    source: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    time: Option<Text<'a>>,
    #[serde(borrow, default)]
    subject: Option<Text<'a>>,
    #[serde(borrow, default)]
    brand: Option<Text<'a>>,
    #[serde(borrow, default)]
    datacontenttype: Option<Text<'a>>,
    #[serde(borrow, default)]
    data_base64: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// A checked envelope around `data` that is still to be read.
struct Envelope<'a> {
    id: Cow<'a, str>,
    source: Cow<'a, str>,
    /// A known type, or the word of one we do not know.
    kind: Result<Kind, Cow<'a, str>>,
    time: Timestamp,
    subject: Option<Cow<'a, str>>,
    brand: Option<Cow<'a, str>>,
    data: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn read(raw: &'a [u8], depth_max: usize) -> Result<Self, Fault> {
        if raw.trim_ascii().is_empty() {
            return Err(Fault::new("body", "empty"));
        }
        let text = std::str::from_utf8(raw)
            .map_err(|err| Fault::new("body", &format!("not utf-8 at byte {}", err.valid_up_to())))?;
        scan::scan(raw, depth_max).map_err(|harm| fault::harmful(text, harm))?;
        if text.starts_with('\u{feff}') {
            return Err(Fault::new("body", "starts with a byte order mark"));
        }
        if !text.trim_ascii_start().starts_with('{') {
            return Err(Fault::new("body", "not a json object"));
        }
        let wire: Attributes<'a> = fault::read(text, "")?;
        let present =
            |text: Option<Text<'a>>, path: &str| text.map(|text| text.0).ok_or_else(|| Fault::new(path, "missing"));
        if present(wire.specversion, "specversion")? != "1.0" {
            return Err(Fault::new("specversion", "not 1.0, the only version known"));
        }
        let id = present(wire.id, "id")?;
        named_thing(&id, "id", crate::domain::id::ID_BYTES_MAX)?;
        let source = present(wire.source, "source")?;
        named_thing(&source, "source", SOURCE_BYTES_MAX)?;
        let kind = present(wire.kind, "type")?;
        named_thing(&kind, "type", crate::domain::id::ID_BYTES_MAX)?;
        let time = present(wire.time, "time")?;
        let time = field::read_instant(time.trim()).map_err(|flaw| Fault::new("time", flaw))?;
        if wire.datacontenttype.is_some_and(|kind| !is_json(&kind.0)) {
            return Err(Fault::new("datacontenttype", "not application/json"));
        }
        if wire.data_base64.is_some() {
            return Err(Fault::new("data_base64", "not taken: give json in `data`"));
        }
        let optional = |text: Option<Text<'a>>| text.map(|text| text.0).filter(|text| !text.trim().is_empty());
        Ok(Self {
            id,
            source,
            kind: Kind::parse(&kind).ok_or(kind),
            time,
            subject: optional(wire.subject),
            brand: optional(wire.brand),
            data: wire.data,
        })
    }

    /// The `type` attribute as it came.
    fn word(&self) -> &str {
        match &self.kind {
            Ok(kind) => kind.as_str(),
            Err(word) => word,
        }
    }

    /// What tells a repeat from a reused id: the first 16 bytes of SHA-256 over what the event says. The same event in binary
    /// and in structured mode has the same; attributes that change on the way, such as `traceparent`, do not count.
    fn content(&self) -> Uuid {
        let data = self.data.map_or("", RawValue::get);
        let brand = self.brand.as_deref().unwrap_or_default();
        let subject = self.subject.as_deref().unwrap_or_default();
        let mut sum = Sha256::new();
        sum.update(self.time.as_nanosecond().to_le_bytes());
        for part in [self.word(), brand, subject, data] {
            // The length goes in too, so that no two events meet by shifting a border.
            sum.update((part.len() as u64).to_le_bytes());
            sum.update(part);
        }
        let sum: [u8; 32] = sum.finalize().into();
        Uuid::from_slice(&sum[..16]).expect("16 bytes make a uuid")
    }

    /// Reads `data` as `kind` calls for.
    fn event(&self, kind: Kind, brand: BrandId) -> Result<Event, Fault> {
        let data = self.data.ok_or_else(|| Fault::new("data", "missing"))?.get();
        if !data.starts_with('{') {
            return Err(Fault::new("data", "not a json object"));
        }
        let (order, order_patch, shipment_patch) =
            if kind.is_shipment() { self.of_shipment(kind, data)? } else { of_order(kind, data)? };
        let key = EventKey::new(&self.source, &self.id);
        Ok(Event { key, time: self.time, brand, kind, order, order_patch, shipment_patch })
    }

    fn of_shipment(&self, kind: Kind, data: &str) -> Result<Parts, Fault> {
        let data: wire::ShipmentData = fault::read(data, "data")?;
        let wire = data.shipment.ok_or_else(|| Fault::new("data.shipment", "missing"))?;
        let placeholder = matches!(wire.tracking_number, Some(field::Number::Placeholder));
        let shipment = patch::shipment(wire);
        let mut named = data.order;
        let id = named.as_mut().and_then(|order| order.id.take());
        let order = id.or_else(|| self.order_of_subject(&shipment));
        if order.is_none() && shipment.tracking_number.is_none() {
            return Err(match placeholder {
                true => Fault::new("data.shipment.tracking_number", "no number, and no `data.order.id` either"),
                false => Fault::new("data.order.id", "missing, and no `data.shipment.tracking_number` either"),
            });
        }
        let order_patch = named.map(|order| order_patch(kind, order)).transpose()?.unwrap_or_default();
        Ok((order.map(OrderId::new), order_patch, Some(shipment)))
    }

    /// `subject` is the order's id by the contract, unless a carrier's feed has put its parcel's name there.
    fn order_of_subject(&self, shipment: &ShipmentPatch) -> Option<String> {
        let subject = field::read_id(self.subject.as_deref()?).ok()??;
        let number = crate::domain::id::TrackingNumber::parse(&subject);
        let is_parcel = shipment.id.as_ref().is_some_and(|id| id.as_str() == subject)
            || (number.is_some() && number == shipment.tracking_number);
        (!is_parcel).then_some(subject)
    }
}

type Parts = (Option<OrderId>, OrderPatch, Option<ShipmentPatch>);

fn of_order(kind: Kind, data: &str) -> Result<Parts, Fault> {
    let data: wire::OrderData = fault::read(data, "data")?;
    let mut order = data.order.ok_or_else(|| Fault::new("data.order", "missing"))?;
    let id = order.id.take().ok_or_else(|| Fault::new("data.order.id", "missing or empty"))?;
    let mut patch = order_patch(kind, order)?;
    patch.reason = patch.reason.or(data.reason);
    Ok((Some(OrderId::new(id)), patch, None))
}

/// Makes the patch, and judges contacts that are malformed: people type them, so they are left out rather than a fact lost,
/// except where the contact is what the event is for.
///
/// - `order.updated` may be the very correction of an address: to leave it out would keep writing to the old one.
/// - `order.paid` must leave at least one way to reach the customer.
fn order_patch(kind: Kind, order: wire::Order) -> Result<OrderPatch, Fault> {
    if order.return_requested.as_ref().is_some_and(|request| request.id.is_none()) {
        return Err(Fault::new("data.order.return_requested.id", "missing or empty"));
    }
    let (patch, bad) = patch::order(order);
    let bad_one = bad.first().map(|(path, flaw)| Fault::new(path, flaw));
    if kind == Kind::OrderUpdated {
        return bad_one.map_or(Ok(patch), Err);
    }
    if kind == Kind::OrderPaid {
        let reachable = patch.customer.as_ref().is_some_and(|who| who.email.is_some() || who.phone.is_some());
        if !reachable {
            return Err(bad_one.unwrap_or_else(|| Fault::new("data.order.customer", "needs `email` or `phone`")));
        }
    }
    for (field, _) in &bad {
        tracing::warn!(field, kind = kind.as_str(), "left out a malformed contact");
    }
    Ok(patch)
}

/// Checks a name that must be there.
fn named_thing(text: &str, path: &str, bytes_max: usize) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(path, "empty"));
    }
    if text.len() > bytes_max {
        return Err(Fault::new(path, &format!("longer than {bytes_max} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(path, "holds a control character"));
    }
    Ok(())
}

/// Reads a brand's slug.
fn brand(text: &str) -> Result<BrandId, Fault> {
    let fits = (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        Ok(BrandId::new(text))
    } else {
        Err(Fault::new("brand", "not a slug of a-z, 0-9 and `-`, up to 40 long"))
    }
}

/// Whether a media type is JSON: `application/json`, with parameters or not, or `…+json`.
fn is_json(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}
