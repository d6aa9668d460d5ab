//! A batch in memory: the orders it touches, and everything that follows from its events. No I/O, no clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::content;
use crate::domain::alert::{Alert, AlertKey};
use crate::domain::decide::{Cause, Context, decide, look};
use crate::domain::erase::later_without_recipient;
use crate::domain::event::{Event, Kind};
use crate::domain::fold::value;
use crate::domain::goods::Goods;
use crate::domain::id::{EventKey, NoticeKey, OrderKey, TrackingNumber};
use crate::domain::lane::school::School;
use crate::domain::notice::{Effect, Notice, Silence, Why};
use crate::domain::order::Order;
use crate::domain::person::ContactKey;
use crate::domain::policy::Policy;
use crate::domain::reroute::reroute;
use crate::feeds::scanned_by;
use crate::store::rows::{OrderRow, Purchase, TallyRow};

/// An order in memory, beside the version that was read.
#[derive(Debug)]
struct Held {
    order: Order,
    version: i64,
    /// The document as it was read: what has not changed is not written.
    before: String,
    was_read: bool,
}

impl Held {
    fn doc(&self) -> String {
        serde_json::to_string(&self.order).expect("an order's document is plain data with text keys")
    }
}

/// The orders of a batch, and what the events made of them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Carriers whose whole feed is silent, as it was when the batch began.
    quiet_feeds: Arc<BTreeSet<String>>,
    orders: BTreeMap<OrderKey, Held>,
    /// Numbers that an order has shown for the first time, in this batch.
    numbers: BTreeMap<TrackingNumber, BTreeSet<OrderKey>>,
    notices: Vec<Notice>,
    withdrawn: Vec<(OrderKey, NoticeKey, Why)>,
    recheck: BTreeSet<OrderKey>,
    silences: Vec<Silence>,
    alerts: Vec<Alert>,
    cleared: Vec<(OrderKey, AlertKey, &'static str)>,
    tallies: Vec<TallyRow>,
    purchases: Vec<Purchase>,
    wakes: HashMap<OrderKey, Option<Timestamp>>,
    adopted: Vec<(EventKey, OrderKey)>,
    /// Events of orders of which somebody was forgotten: nothing that they say is kept as it came.
    blanked: Vec<EventKey>,
}

/// What was bought by an order that was paid.
fn purchase(order: &OrderKey, known: &Order, at: Timestamp) -> Option<Purchase> {
    let goods = Goods::of(value(&known.known.order.items)?);
    let goods = serde_json::to_string(&goods).ok().filter(|_| !goods.is_empty())?;
    Some(Purchase { contact: content::buyer(known)?, order: order.clone(), at, goods })
}

/// A stored order's document could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the stored document of an order is damaged at line {line}, column {column}")]
pub(super) struct Damaged {
    pub(super) key: OrderKey,
    line: usize,
    column: usize,
}

/// What is written at the end of a batch, and the orders for those who take notices over.
pub(super) struct Written {
    pub(super) orders: Vec<OrderRow>,
    pub(super) states: HashMap<OrderKey, (Order, i64)>,
    pub(super) numbers: Vec<(TrackingNumber, OrderKey)>,
    pub(super) adopted: Vec<(EventKey, OrderKey)>,
    pub(super) wakes: Vec<(OrderKey, Option<Timestamp>)>,
    pub(super) notices: Vec<Notice>,
    pub(super) withdrawn: Vec<(OrderKey, NoticeKey, Why)>,
    pub(super) recheck: Vec<OrderKey>,
    pub(super) silences: Vec<Silence>,
    pub(super) tallies: Vec<TallyRow>,
    pub(super) purchases: Vec<Purchase>,
    pub(super) alerts: Vec<Alert>,
    pub(super) cleared: Vec<(OrderKey, AlertKey, &'static str)>,
    pub(super) blanked: Vec<EventKey>,
}

impl Batch {
    /// An empty batch. `quiet_feeds`: carriers whose whole feed is silent, by slug.
    pub(super) fn new(quiet_feeds: Arc<BTreeSet<String>>) -> Self {
        Self { quiet_feeds, ..Self::default() }
    }

    /// Takes in orders as they were read, and makes empty ones for keys that were not found.
    pub(super) fn load(&mut self, keys: &[OrderKey], rows: Vec<OrderRow>) -> Result<(), Damaged> {
        for row in rows {
            let order = serde_json::from_str(&row.doc).map_err(|error| Damaged {
                key: row.key.clone(),
                line: error.line(),
                column: error.column(),
            })?;
            self.orders.insert(row.key, Held { order, version: row.version, before: row.doc, was_read: true });
        }
        for key in keys {
            self.orders.entry(key.clone()).or_insert_with(|| Held {
                order: Order::default(),
                version: 0,
                before: String::new(),
                was_read: false,
            });
        }
        Ok(())
    }

    /// Whether this order is in memory already.
    pub(super) fn has(&self, key: &OrderKey) -> bool {
        self.orders.contains_key(key)
    }

    /// Whether a fact that names a number alone is about this order's parcel. The order must have been loaded.
    pub(super) fn is_home(&self, key: &OrderKey, number: &TrackingNumber, at: Timestamp, policy: &Policy) -> bool {
        self.orders.get(key).is_some_and(|held| held.order.is_home(number, at, &policy.zone))
    }

    /// The version that an order will have once this batch is committed; `None` for one that is not there.
    pub(super) fn version(&self, key: &OrderKey) -> Option<i64> {
        let held = self.orders.get(key).filter(|held| held.was_read)?;
        Some(held.version + i64::from(held.doc() != held.before))
    }

    /// A fact stays as it came, though it is about the order of somebody who was forgotten as well, where one of these orders keeps
    /// all of it.
    pub(super) fn keep_raw<'a>(&mut self, event: EventKey, mut orders: impl Iterator<Item = &'a OrderKey>) {
        if orders.any(|key| self.orders.get(key).is_none_or(|held| held.order.keeps_all())) {
            self.blanked.retain(|blanked| *blanked != event);
        }
    }

    /// The carriers of these facts' scans, one for each scan.
    pub(super) fn scans(&self, facts: &[(usize, &Event)], now: Timestamp) -> Vec<String> {
        let order = |event: &Event| event.order_key().and_then(|key| self.orders.get(&key)).map(|held| &held.order);
        facts.iter().filter_map(|(_, event)| Some(scanned_by(event, order(event), now)?.to_owned())).collect()
    }

    /// Folds an event into its order, and keeps what follows. The order must have been loaded. False where its person was
    /// forgotten: then nothing of the event is kept.
    pub(super) fn fold(
        &mut self,
        key: &OrderKey,
        event: &Event,
        policy: &Policy,
        now: Timestamp,
        cause: Cause,
    ) -> bool {
        let number = event.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.as_ref());
        let held = self.orders.get_mut(key).expect("orders are loaded before events are folded");
        if held.order.is_erased() {
            self.blanked.push(event.key);
            return false;
        }
        // Of a receiver who was forgotten nothing comes back: neither into the document nor into the event as it came.
        let without = held.order.told.recipient_erased.then(|| later_without_recipient(event)).flatten();
        if without.is_some() {
            self.blanked.push(event.key);
        }
        let event = without.as_ref().unwrap_or(event);
        let is_new =
            number.is_some_and(|number| !held.order.known.parcels.values().any(|facts| facts.numbers.contains(number)));
        let ctx = Context { now, policy, cause, quiet_feeds: &self.quiet_feeds };
        let (order, effects) = decide(&ctx, key, std::mem::take(&mut held.order), event);
        held.order = order;
        // A number that only a carrier's own feed has named is not the order's word for it, but it was found by it.
        if let (Some(number), true) = (number, is_new && event.order.is_some()) {
            self.numbers.entry(number.clone()).or_default().insert(key.clone());
        }
        if event.kind == Kind::OrderPaid && policy.remembers_purchases {
            self.purchases.extend(purchase(key, &held.order, event.time));
        }
        self.keep(key, effects, now);
        true
    }

    /// Looks at an order again because its time has come.
    pub(super) fn tick(
        &mut self,
        key: &OrderKey,
        (policy, cause): (&Policy, Cause),
        now: Timestamp,
        school: &mut School,
    ) {
        let Some(held) = self.orders.get_mut(key).filter(|held| held.was_read && !held.order.is_erased()) else {
            return;
        };
        let ctx = Context { now, policy, cause, quiet_feeds: &self.quiet_feeds };
        let (order, effects) = look(&ctx, key, std::mem::take(&mut held.order), school);
        held.order = order;
        self.wakes.insert(key.clone(), held.order.told.wake);
        self.keep(key, effects, now);
    }

    /// Takes the necessary news of a notice to the person's other channel.
    pub(super) fn reroute(&mut self, notice: &Notice, dead: &[ContactKey], policy: &Policy, now: Timestamp) {
        let is_ours = |held: &&mut Held| held.was_read && !held.order.is_erased();
        let Some(held) = self.orders.get_mut(&notice.order).filter(is_ours) else { return };
        let ctx = Context { now, policy, cause: Cause::Fact, quiet_feeds: &self.quiet_feeds };
        let (order, effects) = reroute(&ctx, notice, dead, std::mem::take(&mut held.order));
        held.order = order;
        self.keep(&notice.order, effects, now);
    }

    /// Keeps what the mornings of this batch have taught.
    pub(super) fn teach(&mut self, tallies: Vec<TallyRow>) {
        self.tallies.extend(tallies);
    }

    /// Notes that a fact that knew only a number has found its order.
    pub(super) fn adopt(&mut self, event: EventKey, order: &OrderKey) {
        self.adopted.push((event, order.clone()));
    }

    /// The numbers that orders of this batch have newly shown.
    pub(super) fn new_numbers(&self) -> impl Iterator<Item = &TrackingNumber> {
        self.numbers.keys()
    }

    /// The orders of this batch that have newly shown a number.
    pub(super) fn shown_by(&self, number: &TrackingNumber) -> impl Iterator<Item = &OrderKey> {
        self.numbers.get(number).into_iter().flatten()
    }

    fn keep(&mut self, key: &OrderKey, effects: Vec<Effect>, now: Timestamp) {
        for effect in effects {
            match effect {
                Effect::Notify(notice) => self.notices.push(notice),
                Effect::Withdraw { key: notice, why } => self.withdraw(key, notice, why, now),
                Effect::Recheck => {
                    self.recheck.insert(key.clone());
                }
                Effect::StaySilent(silence) => self.silences.push(silence),
                Effect::Raise(alert) => self.alerts.push(alert),
                Effect::Clear { alert, why } => self.clear(key, alert, why),
                Effect::WakeAt(at) => {
                    self.wakes.insert(key.clone(), at);
                }
            }
        }
    }

    /// A notice of this very batch never becomes a row: only its reason does.
    fn withdraw(&mut self, order: &OrderKey, key: NoticeKey, why: Why, at: Timestamp) {
        match self.notices.iter().position(|notice| notice.key == key) {
            Some(place) => {
                let Notice { order, shipment, stage, role, channel, .. } = self.notices.remove(place);
                let (role, channel) = (Some(role), Some(channel));
                self.silences.push(Silence { order, shipment, stage, role, channel, why, at });
            }
            None => self.withdrawn.push((order.clone(), key, why)),
        }
    }

    /// An alert of this very batch never becomes a row.
    fn clear(&mut self, order: &OrderKey, key: AlertKey, why: &'static str) {
        match self.alerts.iter().position(|alert| alert.key == key) {
            Some(place) => drop(self.alerts.remove(place)),
            None => self.cleared.push((order.clone(), key, why)),
        }
    }

    /// Everything that must be written.
    pub(super) fn finish(self) -> Written {
        let mut orders = Vec::with_capacity(self.orders.len());
        let mut states = HashMap::with_capacity(self.orders.len());
        for (key, held) in self.orders {
            let doc = held.doc();
            let changed = doc != held.before;
            if changed && (held.was_read || held.order != Order::default()) {
                orders.push(OrderRow { key: key.clone(), version: held.version, doc });
            }
            states.insert(key, (held.order, held.version + i64::from(changed)));
        }
        let numbers = self.numbers.into_iter();
        Written {
            orders,
            states,
            numbers: numbers
                .flat_map(|(number, orders)| orders.into_iter().map(move |o| (number.clone(), o)))
                .collect(),
            adopted: self.adopted,
            wakes: self.wakes.into_iter().collect(),
            notices: self.notices,
            withdrawn: self.withdrawn,
            recheck: self.recheck.into_iter().collect(),
            silences: self.silences,
            tallies: self.tallies,
            purchases: self.purchases,
            alerts: self.alerts,
            cleared: self.cleared,
            blanked: self.blanked,
        }
    }
}
