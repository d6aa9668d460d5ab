//! A whole world in memory: facts through the real rules on a clock of its own, nothing sent.
//!
//! It does what `apply`, the timers and the dispatcher do, with the same `domain` functions, but with maps for tables and a
//! queue for time. `doorstep replay` prints what it says; property tests hold it against itself.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::apply::Policies;
use crate::domain::decide::{Cause, Context, NO_QUIET_FEEDS, decide, look};
use crate::domain::event::Event;
use crate::domain::id::{BrandId, EventKey, NoticeKey, OrderKey, TrackingNumber};
use crate::domain::lane::school::Learning;
use crate::domain::listen::ask::{self, Heard};
use crate::domain::notice::{Effect, Notice, Silence, Why};
use crate::domain::order::{Handled, Order};
use crate::domain::person::{Channel, ContactKey, Role};
use crate::domain::release::{Consent, Release, SaidBefore, judge};
use crate::domain::stage::Stage;

/// How long after the last event notices may still be held.
const PATIENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One line of what would have been told, or what stayed silent and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub at: Timestamp,
    /// The order's id, as the shop writes it.
    pub order: String,
    pub shipment: Option<String>,
    pub stage: Stage,
    pub channel: Channel,
    pub to: Role,
    pub outcome: Outcome,
    /// The rule: `called_for` for what is sent, or what made a delay known; else the reason for the silence.
    pub why: Cow<'static, str>,
}

/// Whether it would have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Sent,
    Silent,
}

/// Something that is to happen at a time.
#[derive(Debug)]
enum Due {
    Notice(Box<Notice>),
    Wake(OrderKey),
}

/// The world: orders, and what is due.
#[derive(Debug)]
pub struct World {
    policies: Policies,
    now: Timestamp,
    orders: HashMap<OrderKey, Order>,
    seen: HashMap<EventKey, ()>,
    numbers: HashMap<TrackingNumber, BTreeSet<OrderKey>>,
    numbered: HashMap<TrackingNumber, Vec<Event>>,
    /// By time, then by the order in which they were asked for.
    queue: BTreeMap<(Timestamp, u64), Due>,
    asked: u64,
    notices_open: usize,
    /// The notices of an order that wait for it to come off its hold.
    wakes: HashMap<OrderKey, (Timestamp, u64)>,
    open: HashMap<NoticeKey, (Timestamp, u64)>,
    /// What held a notice last.
    held: HashMap<NoticeKey, Why>,
    accepted: HashMap<ContactKey, VecDeque<Timestamp>>,
    said: HashMap<OrderKey, Vec<SaidBefore>>,
    /// When each person was asked last how it went.
    questioned: HashMap<ContactKey, Timestamp>,
    /// What each brand's parcels have taught so far.
    lanes: HashMap<BrandId, Learning>,
    lines: Vec<Line>,
}

impl World {
    /// An empty world at the beginning of time.
    pub fn new(policies: Policies) -> Self {
        Self {
            policies,
            now: Timestamp::MIN,
            orders: HashMap::new(),
            seen: HashMap::new(),
            numbers: HashMap::new(),
            numbered: HashMap::new(),
            queue: BTreeMap::new(),
            asked: 0,
            notices_open: 0,
            wakes: HashMap::new(),
            open: HashMap::new(),
            held: HashMap::new(),
            accepted: HashMap::new(),
            said: HashMap::new(),
            questioned: HashMap::new(),
            lanes: HashMap::new(),
            lines: Vec::new(),
        }
    }

    /// Takes in an event at the time of its fact, or at the world's own time if that is later.
    pub fn take(&mut self, event: &Event) {
        self.advance_to(event.time);
        if self.seen.insert(event.key, ()).is_some() {
            return;
        }
        let number = event.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.clone());
        match (event.order_key(), number) {
            (Some(key), number) => {
                self.fold(&key, event);
                if let Some(number) = number {
                    self.show(&key, number);
                }
            }
            (None, Some(number)) => {
                let shown = self.numbers.get(&number).into_iter().flatten();
                let homes: Vec<OrderKey> = shown.filter(|key| self.is_home(key, &number, event)).cloned().collect();
                for key in homes {
                    self.fold(&key, event);
                }
                self.numbered.entry(number).or_default().push(event.clone());
            }
            (None, None) => {}
        }
    }

    /// Lets time pass until `to`: what is due by then happens.
    pub fn advance_to(&mut self, to: Timestamp) {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= to) {
            let ((at, _), due) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(to);
    }

    /// After the last event: everything that waits is released at its time. Wakes are heeded as long as notices wait beside
    /// them; what only the clock could bring after that is left to the future. What is still held after a week, as by an
    /// order on hold, stays silent for the reason that held it.
    pub fn finish(&mut self) {
        let end = self.now + PATIENCE;
        while self.notices_open > 0 {
            let Some(((at, _), due)) = self.queue.pop_first() else { return };
            match due {
                Due::Notice(notice) if at > end => {
                    self.notices_open -= 1;
                    let why = self.held.get(&notice.key).copied().unwrap_or(Why::Expired);
                    self.say(&notice, Outcome::Silent, why.as_str());
                }
                Due::Wake(_) if at > end => {}
                due @ (Due::Notice(_) | Due::Wake(_)) => {
                    self.now = self.now.max(at);
                    self.happen(due);
                }
            }
        }
    }

    /// The lines since the last call, in the order of their times.
    pub fn lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// An order as it stands.
    pub fn order(&self, key: &OrderKey) -> Option<&Order> {
        self.orders.get(key)
    }

    /// The world's time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    fn show(&mut self, key: &OrderKey, number: TrackingNumber) {
        let is_new = self.numbers.entry(number.clone()).or_default().insert(key.clone());
        if is_new {
            for event in self.numbered.get(&number).cloned().unwrap_or_default() {
                if self.is_home(key, &number, &event) {
                    self.fold(key, &event);
                }
            }
        }
    }

    fn is_home(&self, key: &OrderKey, number: &TrackingNumber, event: &Event) -> bool {
        let zone = &self.policies.of(&key.brand()).zone;
        self.orders.get(key).is_some_and(|order| order.is_home(number, event.time, zone))
    }

    fn fold(&mut self, key: &OrderKey, event: &Event) {
        let policy = self.policies.of(&key.brand());
        let ctx = Context { now: self.now, policy: &policy, cause: Cause::Fact, quiet_feeds: &NO_QUIET_FEEDS };
        let order = self.orders.remove(key).unwrap_or_default();
        let (order, effects) = decide(&ctx, key, order, event);
        self.orders.insert(key.clone(), order);
        self.keep(key, effects);
    }

    fn keep(&mut self, key: &OrderKey, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Notify(notice) => self.plan(notice.due, notice),
                Effect::Withdraw { key, why } => self.withdraw(key, why),
                Effect::Recheck => self.recheck(key),
                Effect::StaySilent(silence) => self.silence(&silence),
                // What customers hear is what a replay shows.
                Effect::Raise(_) | Effect::Clear { .. } => {}
                Effect::WakeAt(at) => self.wake_at(key, at),
            }
        }
    }

    fn ask(&mut self, at: Timestamp, due: Due) -> (Timestamp, u64) {
        self.asked += 1;
        let place = (at.max(self.now), self.asked);
        self.queue.insert(place, due);
        place
    }

    fn plan(&mut self, due: Timestamp, notice: Notice) {
        let key = notice.key;
        let place = self.ask(due, Due::Notice(Box::new(notice)));
        self.open.insert(key, place);
        self.notices_open += 1;
    }

    fn withdraw(&mut self, key: NoticeKey, why: Why) {
        let Some(Due::Notice(notice)) = self.open.remove(&key).and_then(|place| self.queue.remove(&place)) else {
            return;
        };
        self.notices_open -= 1;
        self.say(&notice, Outcome::Silent, why.as_str());
    }

    fn wake_at(&mut self, key: &OrderKey, at: Option<Timestamp>) {
        if let Some(place) = self.wakes.remove(key) {
            self.queue.remove(&place);
        }
        if let Some(at) = at {
            let place = self.ask(at, Due::Wake(key.clone()));
            self.wakes.insert(key.clone(), place);
        }
    }

    fn recheck(&mut self, order: &OrderKey) {
        let held: Vec<NoticeKey> = self
            .queue
            .values()
            .filter_map(|due| match due {
                Due::Notice(notice) if notice.order == *order && notice.due <= self.now => Some(notice.key),
                Due::Notice(_) | Due::Wake(_) => None,
            })
            .collect();
        for key in held {
            let place = self.open.get(&key).copied();
            if let Some(Due::Notice(notice)) = place.and_then(|place| self.queue.remove(&place)) {
                self.notices_open -= 1;
                self.plan(self.now, *notice);
            }
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Notice(notice) => {
                self.notices_open -= 1;
                self.open.remove(&notice.key);
                self.release(*notice);
            }
            Due::Wake(key) => {
                self.wakes.remove(&key);
                let policy = self.policies.of(&key.brand());
                let ctx = Context { now: self.now, policy: &policy, cause: Cause::Tick, quiet_feeds: &NO_QUIET_FEEDS };
                let order = self.orders.remove(&key).unwrap_or_default();
                let school = self.lanes.entry(key.brand()).or_default().at(self.now);
                let (order, effects) = look(&ctx, &key, order, school);
                self.orders.insert(key.clone(), order);
                self.keep(&key, effects);
            }
        }
    }

    fn release(&mut self, notice: Notice) {
        let policy = self.policies.of(&notice.order.brand());
        let planned = "a notice is planned for an order that is there";
        let state = self.orders.get(&notice.order).expect(planned).state(&policy.zone);
        let address = state.address_of(notice.role, notice.channel);
        let contact = address.map(|address| ContactKey::new(notice.channel, address));
        let told_last_day = contact.map_or(0, |contact| self.told_last_day(contact));
        let order = self.orders.get(&notice.order).expect(planned);
        let state = order.state(&policy.zone);
        let state_ids: Vec<Option<String>> =
            state.parcels.iter().map(|parcel| parcel.id().map(str::to_owned)).collect();
        let own = (notice.stage, notice.shipment.as_deref().and_then(|id| state.find(Some(id))));
        let consent = Consent { told_last_day, ..Consent::default() };
        let said = self.said.get(&notice.order).map(Vec::as_slice).unwrap_or_default();
        let why = because(order, notice.key).map_or(Cow::Borrowed("called_for"), Cow::Owned);
        match judge(self.now, &policy, order, &notice, consent, said) {
            Release::Send(_) if let Some(why) = self.not_asked(&notice, contact, policy.ask.apart) => {
                self.say(&notice, Outcome::Silent, why.as_str());
            }
            Release::Send(telling) => {
                // What it says is its main news: that may be what became part of it, if its own has passed.
                let about = |(stage, parcel): &(Stage, Option<usize>)| {
                    let shipment = parcel.and_then(|index| state_ids.get(index).cloned().flatten());
                    Notice { stage: *stage, shipment, ..notice.clone() }
                };
                let has_passed = telling.news.first().is_some_and(|main| *main != own);
                if has_passed {
                    self.say(&notice, Outcome::Silent, Why::Superseded.as_str());
                }
                self.say(&telling.news.first().map_or_else(|| notice.clone(), about), Outcome::Sent, why);
                // The order is not complete after all: of the parcels that it was to speak of the others are told of beside the first.
                let left = telling.news.iter().skip(1).filter(|_| has_passed && own.0 == Stage::OrderComplete);
                left.for_each(|news| self.say(&about(news), Outcome::Silent, Why::Merged.as_str()));
                if let Some(contact) = contact {
                    self.accepted.entry(contact).or_default().push_back(self.now);
                }
                let before = SaidBefore {
                    stage: notice.stage,
                    channel: notice.channel,
                    shipment: notice.shipment,
                    said: telling.said,
                };
                self.said.entry(notice.order).or_default().push(before);
            }
            Release::Hold { until, why } => {
                self.held.insert(notice.key, why);
                self.plan(until, notice);
            }
            Release::Superseded { why } | Release::Suppressed { why } => {
                self.say(&notice, Outcome::Silent, why.as_str());
            }
        }
    }

    /// Why a person is not asked how it went, as far as a replay can know: it hears of no case and no rating.
    fn not_asked(&mut self, notice: &Notice, contact: Option<ContactKey>, apart: SignedDuration) -> Option<Why> {
        let contact = contact.filter(|_| notice.stage == Stage::Feedback)?;
        let lately = |at: &Timestamp| self.now.duration_since(*at) < apart;
        let why = ask::refusal(Heard { asked: self.questioned.get(&contact).is_some_and(lately), ..Heard::default() });
        if why.is_none() {
            self.questioned.insert(contact, self.now);
        }
        why
    }

    fn told_last_day(&mut self, contact: ContactKey) -> u32 {
        let Some(times) = self.accepted.get_mut(&contact) else { return 0 };
        while times.front().is_some_and(|at| self.now.duration_since(*at) > SignedDuration::from_hours(24)) {
            times.pop_front();
        }
        u32::try_from(times.len()).unwrap_or(u32::MAX)
    }

    fn say(&mut self, notice: &Notice, outcome: Outcome, why: impl Into<Cow<'static, str>>) {
        self.lines.push(Line {
            at: self.now,
            order: notice.order.order().as_str().to_owned(),
            shipment: notice.shipment.clone(),
            stage: notice.stage,
            channel: notice.channel,
            to: notice.role,
            outcome,
            why: why.into(),
        });
    }

    /// One line for each person and channel that the rule named, so that a silence can be held against a message.
    fn silence(&mut self, silence: &Silence) {
        let policy = self.policies.of(&silence.order.brand());
        let Some(rule) = policy.stages.get(&silence.stage) else { return };
        let roles = silence.role.map_or_else(|| rule.roles.clone(), |role| vec![role]);
        let channels = silence.channel.map_or_else(|| rule.channels.clone(), |channel| vec![channel]);
        let known = self.orders.get(&silence.order).map(|order| order.known.recipient.is_some());
        for role in roles.into_iter().filter(|role| *role == Role::Customer || known == Some(true)) {
            for channel in &channels {
                self.lines.push(Line {
                    at: silence.at,
                    order: silence.order.order().as_str().to_owned(),
                    shipment: silence.shipment.clone(),
                    stage: silence.stage,
                    channel: *channel,
                    to: role,
                    outcome: Outcome::Silent,
                    why: silence.why.as_str().into(),
                });
            }
        }
    }
}

/// What made a delay known, for the notice that tells of it.
fn because(order: &Order, notice: NoticeKey) -> Option<String> {
    let planned = |handled: &&Handled| handled.notices.iter().any(|open| open.key == notice);
    order.told.handled.iter().find(planned)?.because().map(str::to_owned)
}
