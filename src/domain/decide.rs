//! The decision: what the facts call for, less what was handled before, by the brand's policy.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::called::{self, Called, Truth, called_for};
use super::day;
use super::delay::{self, Late};
use super::event::Event;
use super::id::{NoticeKey, OrderKey};
use super::lane::school::{self, School};
use super::listen::ask;
use super::notice::{Effect, Notice, Silence, Why};
use super::order::{DelayTold, HANDLED_MAX, Handled, Open, Order, State, Told};
use super::person::{Channel, Role};
use super::policy::{Policy, Rule, Superseded};
use super::promise;
use super::stage::{Class, Stage};
use super::watch::{self, Occasion};
use super::window;

/// By so much the clocks of two workers may differ, each of which follows the database's.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(2);

/// What a decision may look at besides the order itself.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub now: Timestamp,
    pub policy: &'a Policy,
    pub cause: Cause,
    /// Carriers whose whole feed is silent, by slug: the silence of their parcels means nothing.
    pub quiet_feeds: &'a BTreeSet<String>,
}

/// For worlds in which no carrier's whole feed is silent.
pub static NO_QUIET_FEEDS: BTreeSet<String> = BTreeSet::new();

/// Why an order is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A fact came in.
    Fact,
    /// Its time has come (see [`Effect::WakeAt`]).
    Tick,
    /// An old order is taken in: nobody is told what has already happened.
    Import,
    /// An order was taken in, or comes from a database's copy: what the clock alone had called for before counts as told.
    Past,
}

impl Cause {
    /// Whether it is about what lies behind, of which nobody is told.
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Import | Self::Past)
    }
}

/// Folds one event into its order, and decides what follows.
///
/// The order's `known` part ends the same whatever the order of arrival. Of a stage that was decided on before, nothing
/// follows again.
pub fn decide(ctx: &Context<'_>, key: &OrderKey, mut order: Order, event: &Event) -> (Order, Vec<Effect>) {
    let was_on_hold = order.known.on_hold();
    order.fold(event);
    if ctx.cause == Cause::Import {
        // What an old order's days were like is told by its past as a whole, not counted a second time.
        school::pass_over(&mut order, &ctx.policy.zone, ctx.now);
    }
    let over = was_on_hold && !order.known.on_hold();
    let (order, mut effects) = react(ctx, key, order);
    if over {
        effects.push(Effect::Recheck);
    }
    (order, effects)
}

/// Looks at an order because its time has come: if it is its morning, the days that are over are counted in `school` and what
/// is to come is foreseen; then it is decided what follows.
pub fn look(ctx: &Context<'_>, key: &OrderKey, mut order: Order, school: &mut School) -> (Order, Vec<Effect>) {
    // The timer row is used up by this look: what the order still wishes for is written again.
    let due = order.told.wake.take();
    let again = match ctx.cause {
        Cause::Past => None,
        Cause::Fact | Cause::Tick | Cause::Import => {
            second_look(&order.state(&ctx.policy.zone), &order.told, due, ctx.now)
        }
    };
    order.told.overslept = again.is_some();
    if again.is_some() {
        order.told.wake = again;
        let effects = vec![Effect::WakeAt(order.told.wake)];
        return (order, effects);
    }
    let mut memory = order.told.lane.take();
    let state = order.state(&ctx.policy.zone);
    if school::is_morning(&state, memory.as_ref(), ctx.now) {
        school.look(&state, memory.get_or_insert_default(), ctx.now);
    }
    order.told.lane = memory;
    react(ctx, key, order)
}

/// When to look again where this look comes so late that there must have been an outage. Then the fact that makes all well may
/// wait in the queue this very moment: it is given time to come in, once, before the clock has its say. The oldest promise is
/// looked at first.
fn second_look(state: &State<'_>, told: &Told, due: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    /// A busy worker is minutes late, not hours.
    const LATE_HOURS: i64 = 1;
    /// Promises further away than this, either way, are not told apart.
    const DAYS_MAX: i32 = 120;
    let is_late = now.duration_since(due?).as_hours() >= LATE_HOURS && !told.overslept;
    let ahead = promise::promised(state)
        .map_or(DAYS_MAX, |day| day::number(day) - day::number(window::local_day(now, &state.zone)));
    let place = SignedDuration::from_secs(i64::from(ahead.clamp(-DAYS_MAX, DAYS_MAX) + DAYS_MAX));
    is_late.then_some(now + delay::CATCH_UP + place)
}

/// Decides what the order calls for as it stands: after a fact, or because the clock moved on.
pub fn react(ctx: &Context<'_>, key: &OrderKey, mut order: Order) -> (Order, Vec<Effect>) {
    let mut told = std::mem::take(&mut order.told);
    let state = order.state(&ctx.policy.zone);
    let mut plan = Planner { ctx, key, state: &state, told: &mut told, effects: Vec::new() };
    // While nobody is known who could be told, nothing is decided: the contact may come with the next fact.
    let mut times = Vec::new();
    if state.has_contact() {
        let mut all = called_for(&state, ctx.now);
        all.extend(ask::called(&state, &ctx.policy.ask, ctx.now));
        for called in &all {
            plan.consider(called, &all);
        }
        plan.consider_delay();
        times = plan.times_to_tell();
    }
    // Ops hear of every order, and each teaches its lane.
    times.extend(plan.consider_troubles());
    times.extend(school::next_look(plan.state, plan.told.lane.as_ref(), key, ctx.now));
    plan.wake(times.into_iter().min());
    let effects = plan.effects;
    order.told = told;
    (order, effects)
}

struct Planner<'a, 'o> {
    ctx: &'a Context<'a>,
    key: &'a OrderKey,
    state: &'a State<'o>,
    told: &'a mut super::order::Told,
    effects: Vec<Effect>,
}

impl Planner<'_, '_> {
    fn consider(&mut self, called: &Called, all: &[Called]) {
        if self.told.handled.iter().any(|handled| called.is_handled_by(handled, self.state)) {
            return;
        }
        let silent = self.silenced(called);
        let rule = self.ctx.policy.stages.get(&called.stage).filter(|_| silent.is_none());
        let notices = match (rule, silent) {
            (Some(rule), None) => self.plan(called, all, rule),
            (_, Some(Why::Off)) | (None, None) => Vec::new(),
            (_, Some(why)) => {
                self.stay_silent(called, None, None, why);
                Vec::new()
            }
        };
        self.remember(called, notices);
    }

    /// The rule that keeps a stage from being told to anyone, if one does.
    fn silenced(&self, called: &Called) -> Option<Why> {
        let policy = self.ctx.policy;
        let rule = policy.stages.get(&called.stage).filter(|rule| !rule.channels.is_empty());
        let age = self.ctx.now.duration_since(called.at);
        let drops = policy.superseded == Superseded::Drop;
        match called.truth {
            _ if rule.is_none() => Some(Why::Off),
            _ if self.ctx.cause.is_silent() => Some(Why::Imported),
            Truth::Gone { by_progress: true } => Some(Why::Superseded),
            Truth::Gone { by_progress: false } => Some(Why::NoLongerTrue),
            Truth::Outdated if drops => Some(Why::Superseded),
            _ if policy.age_limit.is_some_and(|limit| age > limit.max(delay::age_limit(called.stage))) => {
                Some(Why::TooOld)
            }
            _ if (drops || called.stage.is_of_now()) && called.expires.is_some_and(|end| self.ctx.now >= end) => {
                Some(Why::Expired)
            }
            _ if called.stage == Stage::Exception
                && !called::is_actionable(called::reason_of(called.mark.as_deref())) =>
            {
                Some(Why::NothingToDo)
            }
            Truth::Holds | Truth::Passed | Truth::Outdated => None,
        }
    }

    /// The notice that says of the last of several parcels, to the same person on the same channel, that the order is complete:
    /// one that waits, or the one that this very look will plan. `None` where there is none: what it said before said nothing of
    /// a parcel that came later.
    fn completed_by(
        &self,
        called: &Called,
        all: &[Called],
        role: Role,
        channel: Channel,
    ) -> Option<(NoticeKey, Timestamp)> {
        let rule = self.ctx.policy.stages.get(&Stage::OrderComplete)?;
        let told = rule.channels.contains(&channel) && rule.roles.contains(&role);
        let complete = all.iter().find(|other| other.stage == Stage::OrderComplete);
        let complete = complete.filter(|_| told && called.stage == Stage::Delivered)?;
        let decided = self.told.handled.iter().find(|handled| complete.is_handled_by(handled, self.state));
        let Some(decided) = decided else {
            let key = self.key_of(complete, self.occurrence(complete), role, channel);
            return Some((key, self.ctx.now + rule.merge_window));
        };
        let waits = |open: &&Open| open.role == role && open.channel == channel && open.into.is_none();
        let open = decided.notices.iter().find(waits).filter(|open| self.has_time(open))?;
        Some((open.key, Timestamp::from_millisecond(open.due).ok()?))
    }

    /// Plans the notices of a stage, for everyone and on every channel that the rule names.
    fn plan(&mut self, called: &Called, all: &[Called], rule: &Rule) -> Vec<Open> {
        let occurrence = self.occurrence(called);
        let policy = self.ctx.policy;
        let may_pass = called.truth == Truth::Passed && policy.superseded == Superseded::Drop;
        let soon = self.ctx.now + rule.merge_window;
        let mut notices = Vec::new();
        let is_meant = |role: &Role| called.only.is_none_or(|only| only == *role) && self.state.person(*role).is_some();
        for role in rule.roles.iter().copied().filter(is_meant) {
            for channel in rule.channels.iter().copied() {
                if self.state.address_of(role, channel).is_none() {
                    self.stay_silent(called, Some(role), Some(channel), Why::NoAddress);
                } else if !self.state.wishes(role, channel) {
                    self.stay_silent(called, Some(role), Some(channel), Why::NotWished);
                } else if let Some((complete, due)) = self.completed_by(called, all, role, channel) {
                    self.stay_silent(called, Some(role), Some(channel), Why::OrderCompleteSays);
                    // A part of it: should the order not be complete after all, this is what is left to say.
                    let key = self.key_of(called, occurrence, role, channel);
                    notices.push(Open { role, channel, due: due.as_millisecond(), key, into: Some(complete) });
                } else if may_pass
                    && called::told_instead(
                        (all, &self.told.handled),
                        called,
                        (self.state, policy),
                        (role, channel),
                        soon,
                    )
                {
                    self.stay_silent(called, Some(role), Some(channel), Why::Superseded);
                } else {
                    notices.push(self.plan_one(called, rule, occurrence, role, channel));
                }
            }
        }
        notices
    }

    fn plan_one(&mut self, called: &Called, rule: &Rule, occurrence: u32, role: Role, channel: Channel) -> Open {
        let shipment = self.name(called);
        let key = self.key_of(called, occurrence, role, channel);
        let merging = called.stage.class() == Class::Progress && !rule.merge_window.is_zero();
        let pending = if merging { self.pending(called, role, channel) } else { None };
        let now = self.ctx.now;
        let (due, into) = match pending {
            Some(first) if first.stage.rank() >= called.stage.rank() => (first.due, Some(first.key)),
            Some(first) => {
                self.take_over(&first, key, called);
                (first.due, None)
            }
            None if called.stage == Stage::Feedback => {
                (ask::in_daylight(now + rule.merge_window, &self.ctx.policy.ask, self.state), None)
            }
            None => (now + rule.merge_window, None),
        };
        if into.is_some() {
            self.stay_silent(called, Some(role), Some(channel), Why::Merged);
        } else {
            self.effects.push(Effect::Notify(Notice {
                key,
                order: self.key.clone(),
                shipment,
                stage: called.stage,
                occurrence,
                role,
                channel,
                fact_at: called.at,
                planned_at: now,
                due,
            }));
        }
        Open { role, channel, due: due.as_millisecond(), key, into }
    }

    fn key_of(&self, called: &Called, occurrence: u32, role: Role, channel: Channel) -> NoticeKey {
        let shipment = self.name(called);
        let parts = [shipment.as_deref().unwrap_or(""), called.stage.as_str(), &occurrence.to_string(), role.as_str()];
        NoticeKey::new(self.key, &[&parts[..], &[channel.as_str()]].concat())
    }

    /// Whether one message can say both. It has room for one place and one code: parcels that wait at two places need two.
    fn can_share(&self, called: &Called, stage: Stage, parcel: Option<&str>) -> bool {
        let waits = |stage: Stage| matches!(stage, Stage::AvailableForPickup | Stage::PickupReminder);
        if !waits(called.stage) && !waits(stage) {
            return true;
        }
        let other = parcel.and_then(|id| self.state.find(Some(id)));
        let place = |index: usize| called::waiting_place(&self.state.parcels[index]);
        let same_place = waits(called.stage) && waits(stage) && called.parcel.map(place) == other.map(place);
        called.parcel == other || same_place
    }

    /// A message of the same order, person and channel that still waits for its merge window to end, and can say this as well.
    fn pending(&self, called: &Called, role: Role, channel: Channel) -> Option<Pending> {
        let handled = self.told.handled.iter().filter(|handled| handled.stage.class() == Class::Progress);
        let open = handled.flat_map(|handled| handled.notices.iter().map(move |open| (handled, open)));
        open.filter(|(_, open)| {
            open.role == role && open.channel == channel && open.into.is_none() && self.has_time(open)
        })
        .filter(|(handled, _)| self.can_share(called, handled.stage, handled.parcel.as_deref()))
        .max_by_key(|(handled, _)| handled.stage.rank())
        .map(|(handled, open)| Pending {
            key: open.key,
            stage: handled.stage,
            parcel: handled.parcel.clone(),
            due: Timestamp::from_millisecond(open.due).expect("a due time was made from a timestamp"),
        })
    }

    /// Whether something can still become part of a message: it may leave the moment it is due, by a clock that is not quite ours.
    fn has_time(&self, open: &Open) -> bool {
        open.due > (self.ctx.now + CLOCKS_APART).as_millisecond()
    }

    /// The newer, weightier news takes the older message's place, and says both where both are news.
    fn take_over(&mut self, first: &Pending, by: NoticeKey, called: &Called) {
        let same_parcel = called
            .parcel
            .is_some_and(|index| self.state.parcels[index].is(first.parcel.as_deref()) && first.parcel.is_some());
        let why = if same_parcel { Why::Superseded } else { Why::Merged };
        self.effects.push(Effect::Withdraw { key: first.key, why });
        for open in self.told.handled.iter_mut().flat_map(|handled| &mut handled.notices) {
            if open.key == first.key || open.into == Some(first.key) {
                open.into = Some(by);
            }
        }
    }

    fn occurrence(&self, called: &Called) -> u32 {
        let before = self.told.handled.iter().filter(|handled| {
            let same_parcel = match called.parcel {
                Some(index) => self.state.parcels[index].is(handled.parcel.as_deref()),
                None => handled.parcel.is_none(),
            };
            handled.stage == called.stage && same_parcel
        });
        u32::try_from(before.count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn name(&self, called: &Called) -> Option<String> {
        called.parcel.and_then(|index| self.state.parcels[index].id()).map(str::to_owned)
    }

    fn remember(&mut self, called: &Called, notices: Vec<Open>) {
        if self.told.handled.len() < HANDLED_MAX {
            let (stage, parcel, mark) = (called.stage, self.name(called), called.mark.clone());
            self.told.handled.push(Handled { stage, parcel, at: called.at.as_millisecond(), mark, notices });
        }
    }

    fn stay_silent(&mut self, called: &Called, role: Option<Role>, channel: Option<Channel>, why: Why) {
        let (shipment, at) = (self.name(called), self.ctx.now);
        let stage = called.stage;
        let order = self.key.clone();
        self.effects.push(Effect::StaySilent(Silence { order, shipment, stage, role, channel, why, at }));
    }

    /// Delays are decided on by what was said last, not by episodes: see [`delay::stage`].
    fn consider_delay(&mut self) {
        let timed = self.ctx.cause == Cause::Past || (self.ctx.cause == Cause::Tick && self.is_day());
        let (now, limits) = (self.ctx.now, &self.ctx.policy.delays);
        let late = delay::late(self.state, self.told, limits, now, timed);
        let Some(stage) = delay::stage(self.told, late.as_ref(), limits, self.state, now) else { return };
        let times = self.told.delay.as_ref().map_or(0, |told| told.times);
        let at = late.as_ref().map_or(self.ctx.now, |late: &Late| late.at);
        let called = Called {
            stage,
            parcel: None,
            at,
            between: (i64::MIN, i64::MAX),
            mark: Some(format!(
                "{} {}: {}",
                stage.as_str(),
                times + 1,
                delay::because(self.state, self.told, late.as_ref())
            )),
            truth: Truth::Holds,
            expires: None,
            only: None,
        };
        let handled = self.told.handled.len();
        self.consider(&called, &[]);
        // What was left unsaid, as too old or switched off, has told nobody of a delay. What lies behind counts as told.
        let unsaid = self.told.handled.get(handled).is_none_or(|decided| decided.notices.is_empty());
        if unsaid && self.ctx.cause != Cause::Past {
            return;
        }
        let (from, day) = late.as_ref().map_or((None, None), |late| (late.from, late.day));
        let by_chance = late.is_some_and(|late| late.chance.is_some());
        let times = times + 1;
        self.told.delay = Some(match stage {
            Stage::BackOnTime => DelayTold { day: None, from: None, by_chance: false, times, cleared: true },
            _ => DelayTold { day, from, by_chance, times, cleared: false },
        });
    }

    /// When the clock alone may call for something to be told.
    fn times_to_tell(&self) -> Vec<Timestamp> {
        let tells = |stage: Stage| self.ctx.policy.stages.get(&stage).is_some_and(|rule| !rule.channels.is_empty());
        let mut times: Vec<Timestamp> = Vec::new();
        for index in 0..self.state.parcels.len() {
            if tells(Stage::PickupReminder) {
                times.extend(called::reminder_at(self.state, index).map(|(at, _)| at));
            }
            if tells(Stage::ArrivingSoon) {
                times.extend(called::tomorrow_at(self.state, index).map(|(_, at)| at));
            }
        }
        if tells(Stage::Feedback) {
            times.extend(ask::due(self.state, &self.ctx.policy.ask).map(|(at, _)| at));
        }
        times.retain(|at| *at > self.ctx.now);
        if tells(Stage::DelayExpected) {
            times.extend(delay::wakes(self.state, self.told.delay.as_ref()).filter_map(|at| self.not_in_the_night(at)));
        }
        times
    }

    /// Opens and ends alerts; answers with the times at which the clock alone may do so.
    fn consider_troubles(&mut self) -> impl Iterator<Item = Timestamp> + use<> {
        let Context { now, policy, cause, quiet_feeds } = *self.ctx;
        let foresight = self.told.lane.as_ref().and_then(|lane| lane.foresight.as_ref());
        let chance = foresight.and_then(|foresight| foresight.chance).map(f64::from);
        let unreachable = self.told.unreachable.as_ref();
        let occasion = Occasion { now, cause, key: self.key, watch: &policy.watch, chance, quiet_feeds, unreachable };
        let again = watch::consider(&occasion, self.state, &mut self.told.alerts, &mut self.effects);
        let soon = if again.soon { self.not_in_the_past(now) } else { None };
        again.at.into_iter().chain(soon)
    }

    /// Asks to be looked at again. An earlier wish that still stands is kept, since a look too early does no harm: so a parcel
    /// that is scanned every few hours does not have its timer written every time.
    fn wake(&mut self, wake: Option<Timestamp>) {
        let stands = |held: Timestamp| held > self.ctx.now && wake.is_some_and(|wake| held <= wake);
        if wake != self.told.wake && !self.told.wake.is_some_and(stands) {
            self.told.wake = wake;
            self.effects.push(Effect::WakeAt(wake));
        }
    }

    /// Whether it is late enough in the day to speak of a day that was missed.
    fn is_day(&self) -> bool {
        window::local_time(self.ctx.now, &self.state.zone) >= delay::MORNING
    }

    /// A tick of the night, for whatever reason, does not speak of a missed day: the morning does.
    fn not_in_the_night(&self, at: Timestamp) -> Option<Timestamp> {
        if at <= self.ctx.now && self.ctx.cause == Cause::Tick && !self.is_day() {
            let today = window::local_day(self.ctx.now, &self.state.zone);
            return Some(window::at_local(today, delay::MORNING, &self.state.zone));
        }
        self.not_in_the_past(at)
    }

    /// A time that has passed already is asked for again a little later, but not on every fact anew; once a tick has
    /// looked, it is over.
    fn not_in_the_past(&self, at: Timestamp) -> Option<Timestamp> {
        let now = self.ctx.now;
        if at > now {
            return Some(at);
        }
        if self.ctx.cause == Cause::Tick {
            return None;
        }
        let soon = now + delay::CATCH_UP;
        Some(self.told.wake.filter(|wake| *wake > now && *wake < soon).unwrap_or(soon))
    }
}

struct Pending {
    key: NoticeKey,
    stage: Stage,
    parcel: Option<String>,
    due: Timestamp,
}
