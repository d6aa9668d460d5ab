//! The set of facts about one order, kept so that arrival order cannot matter.
//!
//! Each member is a [`Reg`]: of all values reported, the one with the latest [`Stamp`] stands. Scans are sets. Both operations
//! are commutative, associative and idempotent, so any order of arrival and any repetition end in the same value.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{
    Address, Eta, Event, Handover, Item, Kind, Links, OrderPatch, ParcelItem, PersonPatch, Pickup, Promise, Reason,
    Recommendation, ShipFrom, ShipmentPatch,
};
use super::id::{CustomerId, TrackingNumber};
use super::listen::sending_back::Request;
use super::person::Pii;

/// Parcels kept for one order. Marketplaces reach a few dozen; a feed gone wrong must not grow a row for ever.
pub const PARCELS_MAX: usize = 200;
/// Scans of one kind kept for one parcel beside the first: the latest ones. A long sea voyage has about 30.
pub const SCANS_OF_A_KIND_MAX: usize = 24;
/// Partial cancellations kept for one order.
pub const CANCELLATIONS_MAX: usize = 200;
/// Returns kept of one order: our own page takes 20 of each of two people.
pub const RETURNS_MAX: usize = 40;
/// Tracking numbers kept for one parcel.
pub const NUMBERS_MAX: usize = 20;

/// When a fact happened, and a tie-break for facts of the same millisecond: 32 bits of the event's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp(pub i64, pub u32);

impl Stamp {
    /// The stamp of an event.
    pub fn of(event: &Event) -> Self {
        Self(event.time.as_millisecond(), event.key.0.as_u64_pair().1 as u32)
    }

    /// The instant.
    pub fn time(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).expect("a stamp is made from a timestamp")
    }
}

/// A value that the latest fact wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reg<T>(pub Stamp, pub T);

/// A member of which nothing may have been reported yet.
pub type Slot<T> = Option<Reg<T>>;

/// Offers a value to a slot. Equal stamps of unequal values (possible only if 32 bits of two keys collide) are decided by
/// the values' own text, so that even then the order of arrival plays no part.
pub fn offer<T: Serialize>(slot: &mut Slot<T>, at: Stamp, value: Option<T>) {
    let Some(value) = value else { return };
    let wins = match slot {
        None => true,
        Some(Reg(held_at, held)) => {
            at > *held_at || (at == *held_at && serde_json::to_string(&value).ok() > serde_json::to_string(held).ok())
        }
    };
    if wins {
        *slot = Some(Reg(at, value));
    }
}

/// The value of a slot.
pub fn value<T>(slot: &Slot<T>) -> Option<&T> {
    slot.as_ref().map(|Reg(_, value)| value)
}

/// Joins what two names of one thing know.
fn join<T: Serialize + Clone>(slot: &mut Slot<T>, other: &Slot<T>) {
    if let Some(Reg(at, value)) = other {
        offer(slot, *at, Some(value.clone()));
    }
}

fn earliest(slot: &mut Option<Stamp>, at: Stamp) {
    *slot = Some(slot.map_or(at, |held| held.min(at)));
}

macro_rules! slots {
    ($(#[$doc:meta])* $name:ident { $($field:ident $key:literal : $ty:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            $(#[serde(rename = $key, default, skip_serializing_if = "Option::is_none")] pub $field: Slot<$ty>,)*
        }

        impl $name {
            /// Joins what another name of the same thing knows.
            pub fn join(&mut self, other: &Self) {
                $(join(&mut self.$field, &other.$field);)*
            }
        }
    };
}

slots! {
    /// What is known of a person. Each member stands alone.
    PersonKnown {
        id "i": CustomerId, name "n": Pii<String>, email "e": Pii<String>, phone "p": Pii<String>, locale "l": String,
        wants_email "we": bool, wants_sms "ws": bool, time_zone "z": String,
    }
}

slots! {
    /// What is known of an order's members.
    OrderKnown {
        placed_at "pl": Timestamp, paid_at "pa": Timestamp, currency "c": String, subtotal "su": i64, shipping "sh": i64,
        tax "tx": i64, total "to": i64, address "ad": Address, ship_from "sf": ShipFrom, items "it": Vec<Item>,
        promise "pr": Promise, dispatch_by "di": Timestamp, links "li": Links, hold "h": bool, link_generation "lg": u8,
        recommendations "re": Vec<Recommendation>,
    }
}

/// A tracking number as it is compared and as the carrier prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    #[serde(rename = "n")]
    pub number: TrackingNumber,
    /// Where it differs from `number`.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// A tracking page, and the number it was reported for: under another number it would lead astray.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    #[serde(rename = "u")]
    pub url: String,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub number: Option<TrackingNumber>,
}

slots! {
    /// What is known of a parcel's members.
    ParcelKnown {
        carrier "c": String, service "s": String, number "n": Number, page "u": Page, items "it": Vec<ParcelItem>,
        eta "e": Eta, pickup "p": Pickup,
    }
}

/// One scan: something that happened to a parcel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scan {
    #[serde(rename = "t")]
    pub at: Stamp,
    #[serde(rename = "k")]
    pub kind: Kind,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The carrier's words.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
}

/// Everything reported about one parcel under one name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    #[serde(rename = "k", default)]
    pub known: ParcelKnown,
    /// Every number it has ever shown.
    #[serde(rename = "ns", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub numbers: BTreeSet<TrackingNumber>,
    /// By time. Of each kind the first and the latest [`SCANS_OF_A_KIND_MAX`].
    #[serde(rename = "sc", default, skip_serializing_if = "Vec::is_empty")]
    pub scans: Vec<Scan>,
    /// When it was first heard of by a `shipment.created`.
    #[serde(rename = "cr", default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Stamp>,
    /// When it was voided.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Stamp>,
}

impl Facts {
    fn fold(&mut self, at: Stamp, kind: Kind, patch: &ShipmentPatch) {
        let known = &mut self.known;
        offer(&mut known.carrier, at, patch.carrier.clone());
        offer(&mut known.service, at, patch.service.clone());
        let number = patch.tracking_number.clone();
        let shown = patch.tracking_number_shown.clone();
        offer(&mut known.number, at, number.clone().map(|number| Number { number, shown }));
        offer(&mut known.page, at, patch.tracking_url.clone().map(|url| Page { url, number: number.clone() }));
        offer(&mut known.items, at, patch.items.clone());
        offer(&mut known.eta, at, patch.eta.clone());
        offer(&mut known.pickup, at, patch.pickup.clone());
        self.numbers.extend(number);
        // Beyond the limit the greatest go: a rule that needs no order of arrival.
        while self.numbers.len() > NUMBERS_MAX {
            self.numbers.pop_last();
        }
        if kind == Kind::ShipmentCreated {
            earliest(&mut self.created, at);
        } else if kind == Kind::ShipmentCancelled {
            earliest(&mut self.cancelled, at);
        } else if kind.is_scan() {
            self.add_scan(Scan {
                at,
                kind,
                location: patch.location.clone(),
                description: patch.description.clone(),
                reason: patch.reason,
                handover: patch.handover,
            });
        }
    }

    fn add_scan(&mut self, scan: Scan) {
        let place = match self.scans.binary_search_by_key(&(scan.at, scan.kind), |s| (s.at, s.kind)) {
            Ok(_) => return,
            Err(place) => place,
        };
        let kind = scan.kind;
        self.scans.insert(place, scan);
        let of_kind = |s: &&Scan| s.kind == kind;
        if self.scans.iter().filter(of_kind).count() > SCANS_OF_A_KIND_MAX + 1 {
            // The second of its kind goes: neither the first nor among the latest, whatever else is still to come.
            let second = self.scans.iter().enumerate().filter(|(_, s)| s.kind == kind).nth(1).map(|(i, _)| i);
            self.scans.remove(second.expect("more than two of this kind are there"));
        }
    }

    /// Joins what another name of the same parcel knows.
    pub fn join(&mut self, other: &Self) {
        self.known.join(&other.known);
        self.numbers.extend(other.numbers.iter().cloned());
        for scan in &other.scans {
            self.add_scan(scan.clone());
        }
        other.created.into_iter().for_each(|at| earliest(&mut self.created, at));
        other.cancelled.into_iter().for_each(|at| earliest(&mut self.cancelled, at));
    }
}

/// A cancellation: of the items named, or of all where none is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cancellation {
    #[serde(rename = "i", default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The name under which a parcel was reported: `id:…`, `tn:…`, or `-` where the event named neither.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(pub String);

impl Name {
    /// The name that a patch uses. An id is stronger than a number: numbers are replaced, ids are not.
    pub fn of(patch: &ShipmentPatch) -> Self {
        match (&patch.id, &patch.tracking_number) {
            (Some(id), _) => Self(format!("id:{id}")),
            (None, Some(number)) => Self(format!("tn:{number}")),
            (None, None) => Self("-".into()),
        }
    }

    /// The shop's own id or the number, without the prefix; `None` for a parcel that nobody named.
    pub fn shown(&self) -> Option<&str> {
        self.0.split_once(':').map(|(_, rest)| rest)
    }

    /// Whether the shop gave it an id.
    pub fn is_id(&self) -> bool {
        self.0.starts_with("id:")
    }
}

/// Everything known of one order: the fold of its set of facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    #[serde(rename = "o", default)]
    pub order: OrderKnown,
    #[serde(rename = "cu", default)]
    pub customer: PersonKnown,
    #[serde(rename = "re", default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<PersonKnown>,
    /// When it was first reported placed, paid, packed.
    #[serde(rename = "p0", default, skip_serializing_if = "Option::is_none")]
    pub placed: Option<Stamp>,
    #[serde(rename = "p1", default, skip_serializing_if = "Option::is_none")]
    pub paid: Option<Stamp>,
    #[serde(rename = "p2", default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<Stamp>,
    #[serde(rename = "ca", default, skip_serializing_if = "Vec::is_empty")]
    pub cancellations: Vec<(Stamp, Cancellation)>,
    /// What was asked to go back, by the return's id.
    #[serde(rename = "rq", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub returns: BTreeMap<String, Reg<Request>>,
    #[serde(rename = "pc", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parcels: BTreeMap<Name, Facts>,
}

impl Known {
    /// Adds one fact to the set.
    pub fn fold(&mut self, event: &Event) {
        let at = Stamp::of(event);
        self.fold_order(at, event.kind, &event.order_patch);
        if let Some(patch) = &event.shipment_patch {
            self.parcels.entry(Name::of(patch)).or_default().fold(at, event.kind, patch);
            // Beyond the limit the greatest name goes: a rule that needs no order of arrival.
            while self.parcels.len() > PARCELS_MAX {
                self.parcels.pop_last();
            }
        }
        if event.kind == Kind::OrderPlaced {
            earliest(&mut self.placed, at);
        } else if event.kind == Kind::OrderPaid {
            earliest(&mut self.paid, at);
        } else if event.kind == Kind::OrderPacked {
            earliest(&mut self.packed, at);
        } else if event.kind == Kind::OrderCancelled {
            self.cancel(at, &event.order_patch);
        }
    }

    /// Whether the shop asked us to wait.
    pub fn on_hold(&self) -> bool {
        value(&self.order.hold).copied().unwrap_or(false)
    }

    /// The generation of links to the tracking page that still work.
    pub fn link_generation(&self) -> u8 {
        value(&self.order.link_generation).copied().unwrap_or_default()
    }

    fn fold_order(&mut self, at: Stamp, kind: Kind, patch: &OrderPatch) {
        let order = &mut self.order;
        offer(&mut order.placed_at, at, patch.placed_at);
        offer(&mut order.paid_at, at, patch.paid_at);
        offer(&mut order.currency, at, patch.currency.clone());
        offer(&mut order.subtotal, at, patch.subtotal);
        offer(&mut order.shipping, at, patch.shipping);
        offer(&mut order.tax, at, patch.tax);
        offer(&mut order.total, at, patch.total);
        offer(&mut order.address, at, patch.address.clone());
        offer(&mut order.ship_from, at, patch.ship_from.clone());
        // In a cancellation the items say what is cancelled, not what the order holds.
        if kind != Kind::OrderCancelled {
            offer(&mut order.items, at, patch.items.clone());
        }
        offer(&mut order.promise, at, patch.promise.clone());
        offer(&mut order.dispatch_by, at, patch.dispatch_by);
        offer(&mut order.links, at, patch.links.clone());
        offer(&mut order.recommendations, at, patch.recommendations.clone());
        offer(&mut order.hold, at, patch.hold);
        offer(&mut order.link_generation, at, patch.link_generation);
        if let Some((id, request)) = &patch.return_requested {
            self.ask_back(at, id, request);
        }
        if let Some(person) = &patch.customer {
            fold_person(&mut self.customer, at, person);
        }
        if let Some(person) = &patch.recipient {
            fold_person(self.recipient.get_or_insert_default(), at, person);
        }
    }

    fn ask_back(&mut self, at: Stamp, id: &str, request: &Request) {
        let mut slot = self.returns.remove(id);
        offer(&mut slot, at, Some(request.clone()));
        self.returns.extend(slot.map(|request| (id.to_owned(), request)));
        // Beyond the limit the greatest id goes: a rule that needs no order of arrival.
        while self.returns.len() > RETURNS_MAX {
            self.returns.pop_last();
        }
    }

    fn cancel(&mut self, at: Stamp, patch: &OrderPatch) {
        let cancellation =
            Cancellation { items: patch.items.clone().unwrap_or_default(), reason: patch.reason.clone() };
        if let Err(place) = self.cancellations.binary_search_by_key(&at, |(held, _)| *held) {
            self.cancellations.insert(place, (at, cancellation));
            self.cancellations.truncate(CANCELLATIONS_MAX);
        }
    }
}

fn fold_person(known: &mut PersonKnown, at: Stamp, patch: &PersonPatch) {
    offer(&mut known.id, at, patch.id.clone());
    offer(&mut known.name, at, patch.name.clone());
    offer(&mut known.email, at, patch.email.clone());
    offer(&mut known.phone, at, patch.phone.clone());
    offer(&mut known.locale, at, patch.locale.clone());
    offer(&mut known.wants_email, at, patch.channel_email);
    offer(&mut known.wants_sms, at, patch.channel_sms);
    offer(&mut known.time_zone, at, patch.time_zone.clone());
}
