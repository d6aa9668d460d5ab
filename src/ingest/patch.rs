//! From the wire's members to what the domain folds: one function a noun, members with nothing in them left out.

use super::field::{Contact, Flaw, Number};
use super::wire;
use crate::domain::event::{
    Address, Item, Links, OrderPatch, ParcelItem, PersonPatch, Pickup, Recommendation, ShipFrom, ShipmentPatch,
};
use crate::domain::id::{CustomerId, ShipmentId};
use crate::domain::listen::sending_back::{Piece, Request};
use crate::domain::person::{Pii, Role};

/// A contact that cannot be used: which member, and why.
pub(super) type BadContact = (&'static str, Flaw);

/// Makes the order's patch, and names the contacts that were malformed and left out.
pub(super) fn order(wire: wire::Order) -> (OrderPatch, Vec<BadContact>) {
    let mut bad = Vec::new();
    let customer =
        wire.customer.map(|who| person(who, ["data.order.customer.email", "data.order.customer.phone"], &mut bad));
    let recipient =
        wire.recipient.map(|who| person(who, ["data.order.recipient.email", "data.order.recipient.phone"], &mut bad));
    let patch = OrderPatch {
        placed_at: wire.placed_at,
        paid_at: wire.paid_at,
        currency: wire.currency,
        subtotal: wire.subtotal,
        shipping: wire.shipping,
        tax: wire.tax,
        total: wire.total,
        customer: customer.and_then(filled),
        recipient: recipient.and_then(filled),
        address: wire.address.map(address).and_then(filled),
        ship_from: wire.ship_from.map(ship_from).and_then(filled),
        items: wire.items.map(|items| items.into_iter().map(item).collect()),
        promise: wire.promise,
        dispatch_by: wire.dispatch_by,
        links: wire.links.map(|links| Links { order: links.order, support: links.support }).and_then(filled),
        recommendations: wire.recommendations.map(recommendations),
        return_requested: wire.return_requested.and_then(return_requested),
        hold: wire.hold,
        link_generation: wire.link_generation,
        reason: wire.reason,
    };
    (patch, bad)
}

/// Makes the parcel's patch.
pub(super) fn shipment(wire: wire::Shipment) -> ShipmentPatch {
    let (tracking_number, tracking_number_shown) = match wire.tracking_number {
        Some(Number::Real(number, shown)) => (Some(number), shown),
        Some(Number::Placeholder) | None => (None, None),
    };
    ShipmentPatch {
        id: wire.id.map(ShipmentId::new),
        carrier: wire.carrier,
        service: wire.service,
        tracking_number,
        tracking_number_shown,
        tracking_url: wire.tracking_url,
        items: wire.items.map(|items| items.into_iter().map(parcel_item).collect()),
        eta: wire.eta,
        location: wire.location,
        description: wire.description,
        code: wire.code,
        reason: wire.reason,
        pickup: wire.pickup.map(pickup).and_then(filled),
        handover: wire.handover,
    }
}

/// An object without a usable member says nothing.
fn filled<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

fn person(wire: wire::Person, paths: [&'static str; 2], bad: &mut Vec<BadContact>) -> PersonPatch {
    let mut usable = |contact: Option<Contact>, path| match contact {
        Some(Ok(address)) => Some(address),
        Some(Err(flaw)) => {
            bad.push((path, flaw));
            None
        }
        None => None,
    };
    let email: Option<Pii<String>> = usable(wire.email, paths[0]);
    let phone: Option<Pii<String>> = usable(wire.phone, paths[1]);
    let (channel_email, channel_sms) = wire.channels.map_or((None, None), |channels| (channels.email, channels.sms));
    PersonPatch {
        id: wire.id.map(CustomerId::new),
        name: wire.name,
        email,
        phone,
        locale: wire.locale,
        channel_email,
        channel_sms,
        time_zone: wire.time_zone,
    }
}

fn address(wire: wire::Address) -> Address {
    Address {
        line1: wire.line1,
        line2: wire.line2,
        city: wire.city,
        region: wire.region,
        postcode: wire.postcode,
        country: wire.country,
        time_zone: wire.time_zone,
    }
}

fn ship_from(wire: wire::ShipFrom) -> ShipFrom {
    ShipFrom { city: wire.city, region: wire.region, postcode: wire.postcode, country: wire.country }
}

fn item(wire: wire::Item) -> Item {
    Item {
        id: wire.id,
        sku: wire.sku,
        title: wire.title,
        qty: wire.qty,
        unit_price: wire.unit_price,
        image_url: wire.image_url,
        url: wire.url,
        tags: wire.tags,
    }
}

fn recommendations(wire: Vec<wire::Recommendation>) -> Vec<Recommendation> {
    /// Kept of one order: more than any page shows.
    const RECOMMENDATIONS_MAX: usize = 12;
    let usable = |one: wire::Recommendation| {
        let (title, url) = one.title.zip(one.url)?;
        Some(Recommendation { title, url, image_url: one.image_url, reason: one.reason })
    };
    wire.into_iter().filter_map(usable).take(RECOMMENDATIONS_MAX).collect()
}

/// `None` without an id, which the decoder has refused.
fn return_requested(wire: wire::ReturnRequested) -> Option<(String, Request)> {
    /// Lines kept of one return, as many as our own page takes.
    const LINES_MAX: usize = 100;
    let piece = |one: wire::ReturnItem| Piece { id: one.id, sku: one.sku, title: one.title, qty: one.qty };
    let request = Request {
        by: wire.by.unwrap_or(Role::Customer),
        decide_by: wire.decide_by,
        wish: wire.wish,
        pieces: wire.items.into_iter().flatten().take(LINES_MAX).map(piece).collect(),
        here: wire.here.unwrap_or(false),
    };
    Some((wire.id?, request))
}

fn parcel_item(wire: wire::ParcelItem) -> ParcelItem {
    ParcelItem { id: wire.id, sku: wire.sku, qty: wire.qty }
}

fn pickup(wire: wire::Pickup) -> Pickup {
    let wire::Pickup { name, address, code, until, opening_hours } = wire;
    Pickup { name, address, code, until, opening_hours }
}
