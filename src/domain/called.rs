//! What the facts call for: every stage that has happened, whether or not it was told.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::event::{Reason, Until};
use super::fold::{Reg, Stamp, value};
use super::id::made_of;
use super::order::{Handled, Open, State};
use super::parcel::{Episode, Parcel, Status};
use super::person::{Channel, Role};
use super::policy::Policy;
use super::promise;
use super::stage::{Class, Stage};
use super::window;

/// Reminders and "tomorrow" go out in the morning.
const MORNING: Time = Time::constant(9, 0, 0, 0);
/// No reminder this soon after the parcel came to wait: lockers often keep it two days only.
const REMINDER_APART: SignedDuration = SignedDuration::from_hours(12);

/// How a stage stands against what is known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It is what holds now.
    Holds,
    /// Something later has happened too; said now it would still be true. Old news where the later is told instead.
    Passed,
    /// Something later has happened too, and said as if it were news it would mislead.
    Outdated,
    /// Said now, it would be untrue; `by_progress`: because the parcel is further along.
    Gone { by_progress: bool },
}

/// A stage that has happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    pub stage: Stage,
    /// Index into [`State::parcels`]; `None`: the whole order.
    pub parcel: Option<usize>,
    /// When the fact happened.
    pub at: Timestamp,
    /// A decision about the same stage, parcel and mark, for a fact between these times (milliseconds), was about this.
    pub between: (i64, i64),
    pub mark: Option<String>,
    pub truth: Truth,
    /// After this it is old news whatever comes.
    pub expires: Option<Timestamp>,
    /// Told to this person alone; `None`: to all whom the rule names.
    pub only: Option<Role>,
}

/// Marks a correction that takes a delivery back.
const NOT_DELIVERED: &str = "not delivered";
const EVER: (i64, i64) = (i64::MIN, i64::MAX);

impl Called {
    fn new(stage: Stage, parcel: Option<usize>, at: Stamp, truth: Truth) -> Self {
        Self { stage, parcel, at: at.time(), between: EVER, mark: None, truth, expires: None, only: None }
    }

    /// Whether an earlier decision was about this.
    pub fn is_handled_by(&self, handled: &Handled, state: &State<'_>) -> bool {
        let same_parcel = match self.parcel {
            Some(parcel) => is_about(parcel, handled, state),
            None => handled.parcel.is_none(),
        };
        handled.stage == self.stage
            && same_parcel
            && (self.takes_back_what(handled)
                || (self.has_mark_of(handled) && (self.between.0..=self.between.1).contains(&handled.at)))
    }

    /// Whether it takes back the very arrival that was taken back then: by which scan may change, where others come to be known that
    /// lie between.
    fn takes_back_what(&self, handled: &Handled) -> bool {
        self.mark == handled.mark && self.mark.as_deref().is_some_and(is_not_delivered)
    }

    /// Where a parcel waits may not have been known when it was decided on, or no longer matter; then the mark says nothing. Which
    /// delivery is taken back is told by the times alone: its scan may turn out to have been earlier.
    fn has_mark_of(&self, handled: &Handled) -> bool {
        let unknown = self.mark.is_none() || handled.mark.is_none();
        let takes_back = |mark: &Option<String>| mark.as_deref().is_some_and(is_not_delivered);
        handled.mark == self.mark
            || (unknown && self.stage == Stage::AvailableForPickup)
            || (takes_back(&handled.mark) && takes_back(&self.mark))
    }
}

/// Whether a decision was about this parcel. Scans that name no parcel count for the only one with an id, until a second one comes to
/// be known: then what was decided about them stays with them, and not with the parcel under whose name it was told.
fn is_about(parcel: usize, handled: &Handled, state: &State<'_>) -> bool {
    let named = |parcel: &Parcel<'_>| parcel.is(handled.parcel.as_deref());
    let scanned = |parcel: &Parcel<'_>| parcel.facts.scans.iter().any(|scan| scan.at.0 == handled.at);
    let this = &state.parcels[parcel];
    let Some(nameless) = state.parcels.iter().find(|other| other.id().is_none()) else { return named(this) };
    // Carriers' clocks are coarse: where both have a scan of that time, it is taken for that of the parcel that was named.
    let is_nameless = scanned(nameless) && !state.parcels.iter().any(|other| named(other) && scanned(other));
    if this.id().is_none() { named(this) || is_nameless } else { named(this) && !is_nameless }
}

/// Whether later news of the same parcel is told to the same person on the same channel, so that the older can stay unsaid. News
/// that was `decided` not to be told them is not, nor is news that will be old before it can go out, in the quiet hours or while the
/// order is on hold.
pub fn told_instead(
    (all, decided): (&[Called], &[Handled]),
    old: &Called,
    (state, policy): (&State<'_>, &Policy),
    (role, channel): (Role, Channel),
    now: Timestamp,
) -> bool {
    all.iter().any(|other| {
        let about_it = old.parcel.is_none() || other.parcel == old.parcel;
        let rule = policy.stages.get(&other.stage);
        let in_time = || {
            let soonest = soonest(state, policy, channel, now);
            other.expires.is_none_or(|end| soonest.is_some_and(|at| at < end))
        };
        let is_kept_back = || {
            let mut about = decided.iter().filter(|handled| other.is_handled_by(handled, state)).peekable();
            let theirs = |open: &Open| open.role == role && open.channel == channel;
            about.peek().is_some() && !about.any(|handled| handled.notices.iter().any(theirs))
        };
        about_it
            && matches!(other.truth, Truth::Holds | Truth::Passed)
            && other.stage.class() == Class::Progress
            && other.stage.rank() > old.stage.rank()
            && rule.is_some_and(|rule| rule.channels.contains(&channel) && rule.roles.contains(&role))
            && in_time()
            && !is_kept_back()
    })
}

/// When a message on a channel may go out, from `at` on; `None` while the order is on hold, of which nobody knows the end.
pub fn soonest(state: &State<'_>, policy: &Policy, channel: Channel, at: Timestamp) -> Option<Timestamp> {
    if state.known.on_hold() {
        return None;
    }
    let Some(quiet) = policy.quiet.get(&channel) else { return Some(at) };
    let country = value(&state.known.order.address).and_then(|address| address.country.as_deref());
    Some(window::earliest(quiet, &state.zone, country, at))
}

/// Every stage that has happened, by the time of its fact, then by its rank.
pub fn called_for(state: &State<'_>, now: Timestamp) -> Vec<Called> {
    let mut all = Vec::new();
    of_the_order(state, &mut all);
    for index in 0..state.parcels.len() {
        of_a_parcel(state, index, now, &mut all);
    }
    all.sort_by_key(|called| (called.at, called.stage.rank()));
    all
}

fn of_the_order(state: &State<'_>, all: &mut Vec<Called>) {
    let known = state.known;
    let moved = state.parcels.iter().any(|parcel| parcel.shipped_at().is_some());
    let unless_cancelled = |truth| if state.cancelled.is_some() { Truth::Gone { by_progress: false } } else { truth };
    if let Some(at) = known.paid {
        // "Thank you, we are packing it" is no word for somebody whose parcel is lost or on its way back.
        let failed =
            |parcel: &Parcel<'_>| matches!(parcel.status(), Status::Returning | Status::Returned | Status::Lost);
        let truth = match (moved || known.packed.is_some(), state.parcels.iter().any(failed)) {
            (_, true) => Truth::Outdated,
            (true, false) => Truth::Passed,
            (false, false) => Truth::Holds,
        };
        all.push(Called::new(Stage::Confirmed, None, at, unless_cancelled(truth)));
    }
    if let Some(at) = known.packed {
        let truth = if moved { Truth::Outdated } else { Truth::Holds };
        all.push(Called::new(Stage::Packed, None, at, unless_cancelled(truth)));
    }
    if let Some(at) = state.cancelled {
        all.push(Called { mark: Some("whole".into()), ..Called::new(Stage::Cancelled, None, at, Truth::Holds) });
    }
    for (at, cancellation) in &known.cancellations {
        if !cancellation.items.is_empty() && state.cancelled != Some(*at) {
            // Of the whole and its parts the whole is told.
            let truth = if state.cancelled.is_some() { Truth::Outdated } else { Truth::Holds };
            let mark = Some(format!("{}-{}", at.0, at.1));
            all.push(Called { mark, ..Called::new(Stage::Cancelled, None, *at, truth) });
        }
    }
    // Late or decided, it has reached the shop all the same.
    for (id, Reg(at, request)) in &known.returns {
        // As with the whole order: while it is not known where who asked is reached, nothing is decided.
        if Channel::ALL.iter().all(|channel| state.address_of(request.by, *channel).is_none()) {
            continue;
        }
        let called = Called::new(Stage::ReturnRequested, None, *at, Truth::Holds);
        all.push(Called { mark: Some(id.clone()), only: Some(request.by), ..called });
    }
    if let Some(at) = state.complete_at() {
        // Taken back by a withdrawn delivery, it may be said once more: hence one decision for each last withdrawal.
        let withdrawn = state.parcels.iter().flat_map(|parcel| parcel.withdrawals()).map(|(_, at)| at.0).max();
        let between = (withdrawn.unwrap_or(i64::MIN), i64::MAX);
        all.push(Called { between, ..Called::new(Stage::OrderComplete, None, at, Truth::Holds) });
    }
}

fn of_a_parcel(state: &State<'_>, index: usize, now: Timestamp, all: &mut Vec<Called>) {
    let parcel = &state.parcels[index];
    if let Some(at) = parcel.shipped_at() {
        all.push(Called::new(Stage::Shipped, Some(index), at, truth_of_shipped(parcel.status())));
    }
    for (place, episode) in parcel.episodes.iter().enumerate() {
        if let Some(stage) = stage_of(episode) {
            all.push(of_an_episode(state, index, place, stage));
        }
    }
    let mut before = i64::MIN;
    let mut withdrawals = parcel.withdrawals().peekable();
    while let Some((said, withdrawn)) = withdrawals.next() {
        let truth = match parcel.status() {
            Status::Delivered => Truth::Gone { by_progress: true },
            _ => Truth::Holds,
        };
        let mark = Some(format!("{NOT_DELIVERED} {}", said.0));
        // An earlier scan of the same delivery, or of what took it back, may come to be known later. All may be of one moment.
        let after = withdrawals.peek().map_or(i64::MAX, |(next, _)| (next.0 - 1).max(withdrawn.0));
        let between = (before.min(withdrawn.0), after);
        before = withdrawals.peek().map_or(before, |(next, _)| next.0.max(after.saturating_add(1)));
        all.push(Called { mark, between, ..Called::new(Stage::Correction, Some(index), withdrawn, truth) });
    }
    replaced_number(parcel, index, all);
    all.extend(reminder(state, index, now));
    all.extend(tomorrow(state, index, now));
}

fn truth_of_shipped(status: Status) -> Truth {
    match status {
        Status::Announced | Status::Moving | Status::Delayed => Truth::Holds,
        Status::OutForDelivery | Status::AttemptFailed | Status::Exception => Truth::Passed,
        Status::AwaitingPickup | Status::Delivered => Truth::Outdated,
        Status::Returning | Status::Returned | Status::Lost => Truth::Gone { by_progress: false },
    }
}

/// The stage that an episode is, if a customer can be told of it by itself.
fn stage_of(episode: &Episode) -> Option<Stage> {
    match episode.status {
        Status::Announced | Status::Moving | Status::Delayed => None,
        Status::OutForDelivery => Some(Stage::OutForDelivery),
        Status::AttemptFailed => Some(Stage::AttemptFailed),
        Status::AwaitingPickup => Some(Stage::AvailableForPickup),
        Status::Delivered => Some(Stage::Delivered),
        Status::Exception => Some(Stage::Exception),
        Status::Returning => Some(Stage::Returning),
        Status::Returned => Some(Stage::Returned),
        Status::Lost => Some(Stage::Lost),
    }
}

fn of_an_episode(state: &State<'_>, index: usize, place: usize, stage: Stage) -> Called {
    let parcel = &state.parcels[index];
    let episode = &parcel.episodes[place];
    let (earlier, later) = parcel.episodes.split_at(place);
    let later = &later[1..];
    // What was decided about the same thing on another day was about that day, although a scan between may carry that day's time.
    let same = |other: &&Episode| other.status == episode.status;
    let before = earlier.last().map_or(i64::MIN, |last| last.to.0);
    let before = earlier.iter().rfind(same).map_or(before, |other| before.max(other.to.0 + 1));
    let after = later.first().map_or(i64::MAX, |next| next.from.0);
    let after = later.iter().find(same).map_or(after, |other| after.min(other.from.0 - 1));
    let (before, after) = (before.min(episode.from.0), after.max(episode.from.0));
    let truth = match later.first() {
        None => Truth::Holds,
        // Bad weather, of which nobody is told, does not move a parcel out of its locker, nor turn round one on its way back.
        Some(_) if matches!(stage, Stage::AvailableForPickup | Stage::Returning) && later.iter().all(is_idle) => {
            Truth::Holds
        }
        Some(_) if stage == Stage::Delivered && goes_back(parcel) && !is_withdrawn(parcel, episode) => Truth::Passed,
        Some(_) if stage == Stage::Returning && parcel.status() == Status::Returned => Truth::Outdated,
        Some(_) => Truth::Gone { by_progress: further(parcel.status(), stage) },
    };
    let expires = (stage == Stage::OutForDelivery)
        .then(|| window::end_of_day(window::local_day(episode.from.time(), &state.zone), &state.zone));
    let mark = match stage {
        Stage::Exception => Some(episode.reason.unwrap_or(Reason::Unknown).as_str().to_owned()),
        Stage::AvailableForPickup if truth == Truth::Holds => Some(waiting_place(parcel)),
        _ => None,
    };
    // A place that was named later is news from then on.
    let named = parcel.facts.known.pickup.as_ref().map(|pickup| pickup.0).filter(|_| mark.is_some());
    let at = match named.filter(|_| stage == Stage::AvailableForPickup) {
        Some(named) => Stamp(named.0.clamp(episode.from.0, after), named.1),
        None => episode.from,
    };
    let called = Called::new(stage, Some(index), at, truth);
    Called { between: (before, after), mark, expires, ..called }
}

/// Since when a parcel waits to be collected, if it does: bad weather does not move it out of its locker.
fn waiting<'a>(parcel: &'a Parcel<'_>) -> Option<&'a Episode> {
    let is_gone = |reason| matches!(reason, Reason::CarrierLost | Reason::CarrierDamaged | Reason::CarrierMisrouted);
    let stays = |episode: &&Episode| {
        episode.status == Status::AwaitingPickup || (is_idle(episode) && !episode.reason.is_some_and(is_gone))
    };
    parcel.episodes.iter().rev().take_while(stays).filter(|episode| episode.status == Status::AwaitingPickup).last()
}

/// What holds of a parcel for whom it is meant: while it waits to be collected, or is on its way back, trouble of which they hear
/// nothing changes nothing for them.
pub fn standing<'a>(parcel: &'a Parcel<'_>) -> Option<&'a Episode> {
    let before_trouble = parcel.episodes.iter().rfind(|episode| !is_idle(episode));
    waiting(parcel).or(before_trouble.filter(|episode| episode.status == Status::Returning)).or(parcel.now())
}

/// Trouble that the customer hears nothing of, since they can do nothing about it.
fn is_idle(episode: &Episode) -> bool {
    episode.status == Status::Exception && !is_actionable(episode.reason)
}

/// Tells one waiting place from another: by its code, without which nothing opens, else by its name or address. A parcel that waits
/// elsewhere is news. Hashed, since a code is personal and marks are shown.
pub fn waiting_place(parcel: &Parcel<'_>) -> String {
    let place = parcel.pickup().and_then(|pickup| {
        let code = pickup.code.as_ref().map(|code| code.expose().as_str());
        code.or(pickup.name.as_deref()).or(pickup.address.as_deref())
    });
    place.map_or_else(|| "somewhere".to_owned(), |place| made_of(&format!("waits at\0{place}")).simple().to_string())
}

/// Whether a correction with this mark takes a delivery back.
pub fn is_not_delivered(mark: &str) -> bool {
    mark.starts_with(NOT_DELIVERED)
}

fn goes_back(parcel: &Parcel<'_>) -> bool {
    matches!(parcel.status(), Status::Returning | Status::Returned)
}

fn is_withdrawn(parcel: &Parcel<'_>, delivered: &Episode) -> bool {
    parcel.withdrawals().any(|(said, _)| said == delivered.from)
}

/// Whether a parcel in this status is further along than a stage.
fn further(status: Status, stage: Stage) -> bool {
    let reached = match status {
        Status::Announced | Status::Moving | Status::Delayed => Stage::Shipped,
        Status::OutForDelivery => Stage::OutForDelivery,
        Status::AttemptFailed => Stage::AttemptFailed,
        Status::AwaitingPickup => Stage::AvailableForPickup,
        Status::Delivered => Stage::Delivered,
        Status::Exception => Stage::Exception,
        Status::Returning => Stage::Returning,
        Status::Returned => Stage::Returned,
        Status::Lost => Stage::Lost,
    };
    reached.rank() >= stage.rank()
}

/// A replaced tracking number: whoever was told the old one watches a dead number.
fn replaced_number(parcel: &Parcel<'_>, index: usize, all: &mut Vec<Called>) {
    let Some(number) = parcel.facts.known.number.as_ref() else { return };
    let others = parcel.facts.numbers.iter().any(|other| *other != number.1.number);
    if others && parcel.status().is_open() {
        let mark = Some(format!("number {}", number.1.number));
        all.push(Called { mark, ..Called::new(Stage::Correction, Some(index), number.0, Truth::Holds) });
    }
}

/// When the reminder for a waiting parcel is due, and until when it makes sense.
pub fn reminder_at(state: &State<'_>, index: usize) -> Option<(Timestamp, Timestamp)> {
    let parcel = &state.parcels[index];
    let waits = waiting(parcel)?;
    let (day, end) = match parcel.pickup()?.until.as_ref()? {
        Until::Day(day) => (*day, window::end_of_day(*day, &state.zone)),
        Until::Instant(at) => (window::local_day(*at, &state.zone), *at),
    };
    let at = window::at_local(day.checked_sub(2.days()).ok()?, MORNING, &state.zone);
    (at.duration_since(waits.from.time()) >= REMINDER_APART).then_some((at, end))
}

fn reminder(state: &State<'_>, index: usize, now: Timestamp) -> Option<Called> {
    let (at, end) = reminder_at(state, index)?;
    let waits = waiting(&state.parcels[index])?;
    let called = Called::new(Stage::PickupReminder, Some(index), waits.from, Truth::Holds);
    let is_due = at <= now && now < end;
    is_due.then_some(Called { at, between: (waits.from.0, i64::MAX), expires: Some(end), ..called })
}

/// The day for which "tomorrow" would be said, and when.
pub fn tomorrow_at(state: &State<'_>, index: usize) -> Option<(Date, Timestamp)> {
    let parcel = &state.parcels[index];
    if !matches!(parcel.status(), Status::Moving | Status::Delayed) {
        return None;
    }
    let (first, last) = promise::expected(state, parcel)
        .or_else(|| promise::promised(state).filter(|_| state.parcels.len() == 1).map(|day| (day, day)))?;
    let eve = last.checked_sub(1.day()).ok().filter(|_| first == last)?;
    Some((last, window::at_local(eve, MORNING, &state.zone)))
}

fn tomorrow(state: &State<'_>, index: usize, now: Timestamp) -> Option<Called> {
    let (day, at) = tomorrow_at(state, index)?;
    let end = window::end_of_day(window::local_day(at, &state.zone), &state.zone);
    let stamp = Stamp(at.as_millisecond(), 0);
    let called = Called::new(Stage::ArrivingSoon, Some(index), stamp, Truth::Holds);
    (at <= now && now < end).then(|| Called { mark: Some(day.to_string()), expires: Some(end), ..called })
}

/// Whether the customer can do something about it.
pub fn is_actionable(reason: Option<Reason>) -> bool {
    match reason {
        Some(
            Reason::CustomsDocuments
            | Reason::CustomsDuties
            | Reason::CustomsHold
            | Reason::AddressWrong
            | Reason::AddressMoved
            | Reason::RecipientAbsent
            | Reason::RecipientRefused
            | Reason::RecipientClosed
            | Reason::PickupExpired
            | Reason::PaymentDue,
        ) => true,
        Some(
            Reason::CarrierCapacity
            | Reason::CarrierDamaged
            | Reason::CarrierLost
            | Reason::CarrierMisrouted
            | Reason::CarrierOther
            | Reason::Weather
            | Reason::Security
            | Reason::ShopOther
            | Reason::Unknown,
        )
        | None => false,
    }
}

/// The reason of an exception, from the mark of its decision.
pub fn reason_of(mark: Option<&str>) -> Option<Reason> {
    mark.and_then(Reason::parse)
}
