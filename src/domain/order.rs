//! An order: what is known of it, and what was made of that.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::alert;
use super::event::{Event, Item, ParcelItem};
use super::fold::{Facts, Known, Name, PersonKnown, Reg, Stamp, value};
use super::id::NoticeKey;
use super::lane::memory::Memory;
use super::parcel::{Parcel, Status};
use super::person::{Channel, Role};
use super::stage::Stage;
use super::zone;

/// Decisions kept in an order's document. A parcel takes about 10; this allows for the worst feeds.
pub const HANDLED_MAX: usize = 2_000;

/// An order's document: the fold of its facts, and what has been made of them.
///
/// `known` depends on the set of facts alone. `told` also depends on when they came: it is the memory that keeps anything
/// from being told twice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    #[serde(rename = "k", default)]
    pub known: Known,
    #[serde(rename = "t", default)]
    pub told: Told,
}

/// What has been made of an order's facts so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Every stage that was decided on, in the order of the decisions.
    #[serde(rename = "h", default, skip_serializing_if = "Vec::is_empty")]
    pub handled: Vec<Handled>,
    /// The delay that was spoken of last.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<DelayTold>,
    /// What is foreseen of it, and what of it has taught the lanes.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Memory>,
    /// Troubles that ops were told of, cleared ones as well.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alerted>,
    /// When this order is to be looked at again, as the timer row has it.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub wake: Option<Timestamp>,
    /// Whether its time came and went while nobody looked, so that the next look is a second one.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub overslept: bool,
    /// An address to which what the customer must know could not go.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<Unreachable>,
    /// When the person was erased, in milliseconds: what comes later about the order is not taken in.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<i64>,
    /// Whether the receiver of this present was erased: what comes later about them is not taken in.
    #[serde(rename = "er", default, skip_serializing_if = "std::ops::Not::not")]
    pub recipient_erased: bool,
}

/// An address that turned out dead, as it was reported: another one ends the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    #[serde(rename = "r")]
    pub role: Role,
    #[serde(rename = "c")]
    pub channel: Channel,
    /// When the address was reported.
    #[serde(rename = "s")]
    pub stamp: Stamp,
    /// When it turned out, in milliseconds.
    #[serde(rename = "a")]
    pub since: i64,
}

/// A stage that was decided on: told, or left unsaid for a reason that the ledger holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handled {
    #[serde(rename = "s")]
    pub stage: Stage,
    /// The parcel's name in keys at the time; `None`: the whole order, or a parcel that nobody named.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
    /// When the fact happened, in milliseconds.
    #[serde(rename = "a")]
    pub at: i64,
    /// Tells apart what time and parcel do not: a reason, a number, a day.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The notices that were planned.
    #[serde(rename = "n", default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Open>,
}

impl Handled {
    /// Why a delay was spoken of, in words; `None` for other stages.
    pub fn because(&self) -> Option<&str> {
        let delay = matches!(self.stage, Stage::DelayExpected | Stage::DelayAgain | Stage::BackOnTime);
        self.mark.as_deref().filter(|_| delay)?.split_once(": ").map(|(_, why)| why)
    }
}

/// A trouble that was opened as an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alerted {
    #[serde(rename = "k")]
    pub kind: alert::Kind,
    /// The parcel's name in keys at the time; `None`: the whole order.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
    /// First, second, … time of this kind for this parcel.
    #[serde(rename = "n")]
    pub occurrence: u32,
    /// When the trouble began, in milliseconds: tells one episode from the next.
    #[serde(rename = "a")]
    pub since: i64,
    /// When it ended, in milliseconds; `None` while it lasts.
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<i64>,
    /// Known, and nobody was called: it was the past already when the order was taken in.
    #[serde(rename = "q", default, skip_serializing_if = "std::ops::Not::not")]
    pub unsaid: bool,
}

/// A notice that was planned, or became part of another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    #[serde(rename = "r")]
    pub role: Role,
    #[serde(rename = "c")]
    pub channel: Channel,
    /// Not sent before this time, in milliseconds.
    #[serde(rename = "d")]
    pub due: i64,
    #[serde(rename = "k")]
    pub key: NoticeKey,
    /// The notice that says it instead.
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    pub into: Option<NoticeKey>,
}

/// The delay that was spoken of last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelayTold {
    /// The new day that was named, or the last of several, if one was.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
    /// The first of several.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Whether nothing but its chance spoke for it.
    #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
    pub by_chance: bool,
    /// How many messages about delays there were.
    #[serde(rename = "n")]
    pub times: u32,
    /// Whether it was taken back since.
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub cleared: bool,
}

impl Order {
    /// Whether the person was erased: nothing of the order is shown or told any more.
    pub fn is_erased(&self) -> bool {
        self.told.erased.is_some()
    }

    /// What tells the decision that planned this notice from others about the same stage and parcel.
    pub fn mark_of(&self, notice: NoticeKey) -> Option<&str> {
        let own = |handled: &&Handled| handled.notices.iter().any(|open| open.key == notice);
        self.told.handled.iter().find(own).and_then(|handled| handled.mark.as_deref())
    }

    /// Whether all that is said of the order is kept: nobody of it was erased.
    pub fn keeps_all(&self) -> bool {
        !self.is_erased() && !self.told.recipient_erased
    }

    /// Adds a fact. Any order of facts and any repetition of them end in the same `known`.
    pub fn fold(&mut self, event: &Event) {
        self.known.fold(event);
    }

    /// What the facts say, read in the destination's time zone.
    pub fn state(&self, fallback: &TimeZone) -> State<'_> {
        State::of(&self.known, fallback)
    }
}

/// What an order's facts say: a function of the set of facts and nothing else.
#[derive(Debug, Clone)]
pub struct State<'a> {
    pub known: &'a Known,
    /// The destination's zone.
    pub zone: TimeZone,
    /// Every parcel that was not voided, in the order in which they were first heard of.
    pub parcels: Vec<Parcel<'a>>,
    /// When the whole order was cancelled.
    pub cancelled: Option<Stamp>,
}

impl<'a> State<'a> {
    fn of(known: &'a Known, fallback: &TimeZone) -> Self {
        let zone = zone::of_destination(value(&known.order.address), fallback);
        let mut parcels: Vec<Parcel<'a>> =
            groups(known).into_iter().map(|(names, facts)| Parcel::new(names, facts, &zone)).collect();
        parcels.retain(|parcel| !parcel.is_voided());
        parcels.sort_by_key(|parcel| {
            let first_scan = parcel.facts.scans.first().map(|scan| scan.at);
            (parcel.facts.created.into_iter().chain(first_scan).min(), parcel.names[0].clone())
        });
        let mut state = Self { known, zone, parcels, cancelled: None };
        state.cancelled = state.cancelled_whole();
        state
    }

    /// The person in this role; a recipient exists only where the order is a gift.
    pub fn person(&self, role: Role) -> Option<&'a PersonKnown> {
        match role {
            Role::Customer => Some(&self.known.customer),
            Role::Recipient => self.known.recipient.as_ref(),
        }
    }

    /// The address of a person on a channel.
    pub fn address_of(&self, role: Role, channel: Channel) -> Option<&'a str> {
        let person = self.person(role)?;
        let slot = match channel {
            Channel::Email => value(&person.email),
            Channel::Sms => value(&person.phone),
        };
        slot.map(|address| address.expose().as_str())
    }

    /// When the address of a person on a channel was reported.
    pub fn address_stamp(&self, role: Role, channel: Channel) -> Option<Stamp> {
        let person = self.person(role)?;
        let slot = match channel {
            Channel::Email => &person.email,
            Channel::Sms => &person.phone,
        };
        slot.as_ref().map(|Reg(stamp, _)| *stamp)
    }

    /// Whether the order lets us use this channel for this person; not said means yes.
    pub fn wishes(&self, role: Role, channel: Channel) -> bool {
        let wish = self.person(role).and_then(|person| match channel {
            Channel::Email => value(&person.wants_email),
            Channel::Sms => value(&person.wants_sms),
        });
        wish.copied().unwrap_or(true)
    }

    /// Whether anyone is known who could be told at all.
    pub fn has_contact(&self) -> bool {
        Channel::ALL.iter().any(|channel| self.address_of(Role::Customer, *channel).is_some())
    }

    /// What was ordered, less what was cancelled.
    pub fn items(&self) -> Vec<Item> {
        let mut items = value(&self.known.order.items).cloned().unwrap_or_default();
        for (_, cancellation) in &self.known.cancellations {
            for gone in &cancellation.items {
                take(&mut items, gone.id.as_deref(), gone.sku.as_deref(), gone.qty);
            }
        }
        items.retain(|item| item.qty > 0);
        items
    }

    /// What was ordered and is in no parcel yet. Empty where it cannot be told: no items known, or a parcel that does not
    /// say what is in it.
    pub fn unshipped(&self) -> Vec<Item> {
        let mut items = self.items();
        for parcel in &self.parcels {
            let Some(inside) = parcel.items() else { return Vec::new() };
            for ParcelItem { id, sku, qty } in inside {
                take(&mut items, id.as_deref(), sku.as_deref(), *qty);
            }
        }
        items.retain(|item| item.qty > 0);
        items
    }

    /// The order's items that are in a parcel, with the parcel's quantities; all of them where it is the only parcel and
    /// does not say.
    pub fn inside(&self, parcel: &Parcel<'_>) -> Vec<Item> {
        let all = value(&self.known.order.items).map(Vec::as_slice).unwrap_or_default();
        match parcel.items() {
            None if self.parcels.len() == 1 => self.items(),
            None => Vec::new(),
            Some(inside) => inside
                .iter()
                .map(|part| match all.iter().find(|item| same(item, part.id.as_deref(), part.sku.as_deref())) {
                    Some(item) => Item { qty: part.qty, ..item.clone() },
                    None => Item {
                        id: part.id.clone(),
                        sku: part.sku.clone(),
                        title: None,
                        qty: part.qty,
                        unit_price: None,
                        image_url: None,
                        url: None,
                        tags: Vec::new(),
                    },
                })
                .collect(),
        }
    }

    /// Whether more than one parcel was sent, all of them are handed over, and nothing is still to come.
    pub fn complete_at(&self) -> Option<Stamp> {
        let all = self.parcels.len() > 1
            && self.parcels.iter().all(|parcel| parcel.status() == Status::Delivered)
            && self.unshipped().is_empty();
        all.then(|| self.parcels.iter().filter_map(|parcel| parcel.now()).map(|now| now.from).max())?
    }

    /// Whether the customer still waits for something.
    pub fn is_open(&self) -> bool {
        self.cancelled.is_none()
            && (self.parcels.is_empty()
                || self.parcels.iter().any(|parcel| parcel.status().is_open())
                || !self.unshipped().is_empty())
    }

    /// The index of the parcel that has this name in keys.
    pub fn find(&self, id: Option<&str>) -> Option<usize> {
        self.parcels.iter().position(|parcel| parcel.is(id))
    }

    fn cancelled_whole(&self) -> Option<Stamp> {
        let explicit = self.known.cancellations.iter().find(|(_, c)| c.items.is_empty()).map(|(at, _)| *at);
        let nothing_left = || {
            let known = value(&self.known.order.items).is_some_and(|items| !items.is_empty());
            let last = self.known.cancellations.last()?;
            (known && self.items().is_empty()).then_some(last.0)
        };
        explicit.or_else(nothing_left)
    }
}

/// Whether an item is the one that is named. An id decides; without one, the SKU does.
fn same(item: &Item, id: Option<&str>, sku: Option<&str>) -> bool {
    match (item.id.as_deref(), id) {
        (Some(own), Some(named)) => own == named,
        _ => sku.is_some() && item.sku.as_deref() == sku,
    }
}

/// Takes pieces away from the first items that match.
fn take(items: &mut [Item], id: Option<&str>, sku: Option<&str>, mut qty: u32) {
    for item in items.iter_mut().filter(|item| same(item, id, sku)) {
        let taken = item.qty.min(qty);
        item.qty -= taken;
        qty -= taken;
    }
}

/// Names that share a tracking number are one parcel, with two exceptions: parcels that the shop gave different ids stay
/// apart, since a shop may send two under one number; and a number names the parcel that the shop's id names.
fn groups(known: &Known) -> Vec<(Vec<&Name>, Cow<'_, Facts>)> {
    let (ids, others): (Vec<_>, Vec<_>) = known.parcels.iter().partition(|(name, _)| name.is_id());
    let mut groups: Vec<(Vec<&Name>, Cow<'_, Facts>)> =
        ids.into_iter().map(|(name, facts)| (vec![name], Cow::Borrowed(facts))).collect();
    let with_ids = groups.len();
    let mut loose: Vec<(Vec<&Name>, Cow<'_, Facts>)> = Vec::new();
    for (name, facts) in others {
        let shares = |group: &(Vec<&Name>, Cow<'_, Facts>)| !group.1.numbers.is_disjoint(&facts.numbers);
        let anonymous = name.shown().is_none();
        // A parcel that nobody named is the only one there is, or one of its own.
        let home = groups.iter().position(|group| shares(group) || (anonymous && with_ids == 1));
        match home {
            Some(home) => {
                groups[home].0.push(name);
                groups[home].1.to_mut().join(facts);
            }
            None => loose.push((vec![name], Cow::Borrowed(facts))),
        }
    }
    groups.extend(loose);
    groups
}
