//! What must hold, whatever went wrong: nothing lost, nobody told twice, nothing untrue, every doubt named, and no worker
//! writes about what is no longer its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;
use doorstep::domain::called::is_actionable;
use doorstep::domain::event::{Event, Kind};
use doorstep::domain::fold::Known;
use doorstep::domain::id::{NoticeKey, OrderKey, TrackingNumber};
use doorstep::domain::order::{Order, State as OrderState};
use doorstep::domain::parcel::{Episode, Parcel, Status};
use doorstep::domain::person::Channel;
use doorstep::domain::stage::Stage;
use doorstep::store::Store;
use doorstep::store::rows::{NoticeRow, State};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::eyes::{Beside, Change, Eyes};
use super::stage::Delivery;
use crate::histories::{address_of, phone_of};

/// Whose a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) fence: i64,
    /// The life's place among all lives.
    pub(super) life: usize,
}

/// What was seen while it went on.
#[derive(Default)]
pub(super) struct Judge {
    owners: HashMap<NoticeKey, Owner>,
    /// The step at which each notice was claimed last.
    claimed: HashMap<NoticeKey, usize>,
    /// What the far side took, by key: the bytes of each copy that counts.
    pub(super) taken: BTreeMap<NoticeKey, Vec<Bytes>>,
    /// Sends of which the worker cannot know how they ended: their answers were cut, or the worker was lost or slept.
    pub(super) cut: BTreeSet<NoticeKey>,
    doubted: BTreeSet<NoticeKey>,
    /// The machines of the lives that keep journals.
    journals: HashMap<usize, usize>,
    /// Sends that were settled by a dead one's journal.
    pub(super) inherited: u64,
    pub(super) wrong: Vec<String>,
}

/// What a parcel is known to be. Trouble of which nobody is told, such as bad weather, does not move it out of its locker.
fn status_of(parcel: &Parcel<'_>) -> Status {
    let is_idle = |episode: &&Episode| episode.status == Status::Exception && !is_actionable(episode.reason);
    let before = parcel.episodes.iter().rev().find(|episode| !is_idle(episode)).map(|episode| episode.status);
    before.filter(|before| *before == Status::AwaitingPickup).unwrap_or(parcel.status())
}

/// A stage against what its parcel is known to be.
fn fits(stage: Stage, status: Status) -> bool {
    match stage {
        Stage::OutForDelivery => status == Status::OutForDelivery,
        Stage::AttemptFailed => status == Status::AttemptFailed,
        Stage::AvailableForPickup | Stage::PickupReminder => status == Status::AwaitingPickup,
        Stage::Delivered => matches!(status, Status::Delivered | Status::Returning | Status::Returned),
        Stage::Shipped => !matches!(status, Status::Delivered | Status::Returned | Status::Lost),
        _ => true,
    }
}

fn words(delivery: &Delivery) -> String {
    let body: Value = serde_json::from_slice(&delivery.bytes).expect("what goes out is JSON");
    let words = match delivery.channel {
        Channel::Email => &body["text"],
        Channel::Sms => &body["data"]["body"],
    };
    words.as_str().expect("every message has words").to_owned()
}

impl Judge {
    pub(super) fn has_journal(&mut self, life: usize, machine: usize) {
        self.journals.insert(life, machine);
    }

    /// Whether a life may read the journal of another, which is over.
    fn is_heir(&self, life: usize, owner: Owner, gone: &impl Fn(usize) -> bool) -> bool {
        let (own, dead) = (self.journals.get(&life), self.journals.get(&owner.life));
        own.is_some() && own == dead && life != owner.life && gone(owner.life)
    }

    /// Looks at what a worker's turn has changed. `asleep`: whether the owner of a claim still lives and is at work on it.
    pub(super) fn look(
        &mut self,
        (life, step): (usize, usize),
        changes: &[Change],
        now: i64,
        gone: impl Fn(usize) -> bool,
    ) {
        for change in changes {
            let key = change.key;
            if change.became == "claimed" {
                self.claimed.insert(key, step);
            }
            let Some(was) = change.was.as_deref() else {
                if change.became == "claimed" {
                    self.owners.insert(key, Owner { fence: change.fence, life });
                }
                continue;
            };
            let owner = self.owners.get(&key).copied();
            let grew = change.fence_was.is_some_and(|before| change.fence > before);
            match (was, change.became.as_str()) {
                ("planned" | "claimed", "claimed") if grew => {
                    if was == "claimed" && change.lease.is_some_and(|lease| lease > now) {
                        self.wrong.push(format!("{key} was claimed while another's lease held"));
                    }
                    self.owners.insert(key, Owner { fence: change.fence, life });
                }
                ("sending", "in_doubt" | "planned") if grew => {
                    if change.lease.is_some_and(|lease| lease > now) {
                        self.wrong.push(format!("{key} was given up while its lease held"));
                    }
                    match owner {
                        Some(owner) if gone(owner.life) => drop(self.cut.insert(key)),
                        _ => self.wrong.push(format!("{key} was left half-way by a worker that is well")),
                    }
                }
                // Listed while its machine was down, and then its journal turned up.
                ("in_doubt", "accepted") if grew && owner.is_some_and(|it| self.is_heir(life, it, &gone)) => {
                    self.inherited += 1;
                }
                // Listed while it slept for longer than its lease, and then it knew.
                ("in_doubt", "accepted") if grew && owner.is_some_and(|owner| owner.life == life) => {}
                // The hinge takes back what is not under way.
                ("planned" | "claimed", "superseded") if grew => {}
                // What the dead one's journal knew.
                ("claimed" | "sending", _)
                    if !grew && owner.is_some_and(|it| it.fence == change.fence && self.is_heir(life, it, &gone)) =>
                {
                    self.inherited += 1;
                }
                ("claimed" | "sending", _) if !grew => {
                    if owner != Some(Owner { fence: change.fence, life }) {
                        self.wrong.push(format!("{key} was changed by a worker that does not hold it: {change:?}"));
                    }
                }
                _ => self.wrong.push(format!("{key} may not change like this: {change:?}")),
            }
            if change.became == "in_doubt" {
                self.doubted.insert(key);
            }
        }
    }

    /// Looks at a message that has just been put on the wire.
    pub(super) fn hear(
        &mut self,
        delivery: &Delivery,
        beside: Option<Beside>,
        zone: &TimeZone,
        written: Option<(usize, Known)>,
    ) {
        let key = delivery.key;
        let Some(beside) = beside else { return self.wrong.push(format!("{key} is sent and stands nowhere")) };
        if beside.state != "sending" {
            self.wrong.push(format!("{key} is sent while it is {}", beside.state));
        }
        let order = OrderKey::from_stored(beside.order_key.clone()).expect("brand and id");
        let (brand, id) = (order.brand(), order.order());
        let home = match delivery.channel {
            Channel::Email => address_of(brand.as_str(), id.as_str()),
            Channel::Sms => phone_of(brand.as_str(), id.as_str()),
        };
        if delivery.to != home {
            self.wrong.push(format!("{key} of {} goes to somebody else", order.as_str()));
        }
        if self.doubted.contains(&key) {
            self.wrong.push(format!("{key} is in doubt and is sent again by itself"));
        }
        let document = beside.order();
        // Written for this very claim, it says what is known now; the bytes of an earlier try were judged by it.
        let is_fresh = |at: usize| self.claimed.get(&key).is_none_or(|claimed| at >= *claimed);
        if written.is_some_and(|(at, known)| is_fresh(at) && known != document.known) {
            self.wrong.push(format!("{key} was written by what is no longer known"));
        }
        let state = document.state(zone);
        for part in words(delivery).split(" + ") {
            let (stage, parcel) = part.split_once(" parcel ").unwrap_or((part, ""));
            let stage = Stage::parse(stage).expect("a stage");
            let status = state.find(Some(parcel)).map(|place| status_of(&state.parcels[place]));
            if let Some(status) = status.filter(|status| !fits(stage, *status)) {
                self.wrong.push(format!("{key} says {part} while the parcel is {status:?}"));
            }
        }
    }

    /// The far side takes a message, and says whether it had it before with other bytes.
    pub(super) fn takes(&mut self, delivery: &Delivery, keys_known: bool) -> bool {
        let copies = self.taken.entry(delivery.key).or_default();
        match copies.first() {
            Some(first) if keys_known => return *first != delivery.bytes,
            _ => copies.push(delivery.bytes.clone()),
        }
        false
    }

    /// Holds the end against all that was published.
    pub(super) async fn sum_up(&mut self, store: &Store, eyes: &mut Eyes, facts: &[(OrderKey, Event)], now: i64) {
        let orders = eyes.orders().await;
        let mut by_order: BTreeMap<&OrderKey, Vec<&Event>> = BTreeMap::new();
        facts.iter().for_each(|(order, fact)| by_order.entry(order).or_default().push(fact));
        let mut known_keys = BTreeSet::new();
        for (key, facts) in by_order {
            let Some(order) = orders.get(key.as_str()) else {
                self.wrong.push(format!("{} is lost", key.as_str()));
                continue;
            };
            if order.known != expected(&facts) {
                self.wrong.push(format!("{} is not what its facts say", key.as_str()));
            }
            let rows = store.notices_of(key).await.expect("the store answers");
            let silences = store.silences_of(key).await.expect("the store answers");
            let spoken: BTreeSet<Stage> =
                rows.iter().map(|row| row.notice.stage).chain(silences.iter().map(|silence| silence.stage)).collect();
            self.wrong.extend(unspoken(&facts, &spoken).map(|what| format!("{}: {what}", key.as_str())));
            self.once(&order.state(&TimeZone::UTC), &rows);
            known_keys.extend(rows.iter().map(|row| row.notice.key));
            rows.iter().for_each(|row| self.ended(row, now));
        }
        let nameless: Vec<_> = self.taken.keys().filter(|key| !known_keys.contains(key)).copied().collect();
        self.wrong.extend(nameless.iter().map(|key| format!("{key} was taken and stands nowhere")));
        let refused = eyes.count("quarantine").await;
        if refused > 0 {
            self.wrong.push(format!("{refused} events were refused"));
        }
    }

    /// Of the stages that a parcel goes through once, each is told once, whatever names the parcel went by.
    fn once(&mut self, state: &OrderState<'_>, rows: &[NoticeRow]) {
        let mut told = BTreeMap::new();
        for row in rows.iter().filter(|row| self.taken.contains_key(&row.notice.key)) {
            let notice = &row.notice;
            if matches!(notice.stage, Stage::Confirmed | Stage::Shipped | Stage::Packed) {
                let parcel = notice.shipment.as_deref().map(|id| state.find(Some(id)));
                *told.entry((notice.stage, parcel, notice.channel, notice.role)).or_insert(0) += 1;
            }
        }
        let twice = told.iter().filter(|(_, times)| **times > 1);
        self.wrong.extend(twice.map(|(what, times)| format!("{what:?} was told {times} times")));
    }

    /// How one notice must stand at the end.
    fn ended(&mut self, row: &NoticeRow, now: i64) {
        let key = row.notice.key;
        let copies = self.taken.get(&key).map_or(0, Vec::len);
        let (is_cut, words) = (self.cut.contains(&key), format!("{key} ({})", row.notice.stage.as_str()));
        if copies > 1 {
            self.wrong.push(format!("{words} was told {copies} times"));
        }
        let fault = match row.state {
            State::Accepted if copies == 0 => Some("is called accepted, and nobody took it"),
            State::InDoubt if !is_cut => Some("is in doubt without a cause"),
            State::Planned if row.notice.due.as_millisecond() <= now => Some("is due, and nobody sends it"),
            State::Claimed | State::Sending => Some("is left half-way"),
            // What was tried without an answer may have arrived, and the row says that it was tried.
            State::Planned | State::Superseded | State::Suppressed if copies > 0 && (!is_cut || row.attempts == 0) => {
                Some("was taken, and its row does not say so")
            }
            State::Rejected if copies > 0 && !is_cut => Some("is called refused, and was taken"),
            State::Planned | State::Superseded | State::Suppressed | State::Rejected => None,
            State::Accepted | State::InDoubt => None,
        };
        self.wrong.extend(fault.map(|fault| format!("{words} {fault}")));
    }

    pub(super) fn doubts(&self) -> usize {
        self.doubted.len()
    }
}

/// What all the facts of an order make of it, in whatever order they came: those that know only a number count once the
/// order has shown it.
fn expected(facts: &[&Event]) -> Known {
    let mut order = Order::default();
    let number = |fact: &Event| fact.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.clone());
    let shown: BTreeSet<TrackingNumber> =
        facts.iter().filter(|fact| fact.order.is_some()).filter_map(|fact| number(fact)).collect();
    let counts = |fact: &&&Event| fact.order.is_some() || number(fact).is_some_and(|number| shown.contains(&number));
    facts.iter().filter(counts).for_each(|fact| order.fold(fact));
    order.known
}

/// Stages that have happened and are accounted for nowhere.
fn unspoken<'a>(facts: &'a [&Event], spoken: &'a BTreeSet<Stage>) -> impl Iterator<Item = String> + 'a {
    let pairs = [
        (Kind::OrderPaid, Stage::Confirmed),
        (Kind::ShipmentShipped, Stage::Shipped),
        (Kind::ShipmentOutForDelivery, Stage::OutForDelivery),
        (Kind::ShipmentDelivered, Stage::Delivered),
        (Kind::ShipmentAttemptFailed, Stage::AttemptFailed),
        (Kind::OrderCancelled, Stage::Cancelled),
    ];
    pairs.into_iter().filter_map(move |(kind, stage)| {
        let happened = facts.iter().any(|fact| fact.kind == kind && fact.order.is_some());
        (happened && !spoken.contains(&stage)).then(|| format!("{} is not accounted for", stage.as_str()))
    })
}
