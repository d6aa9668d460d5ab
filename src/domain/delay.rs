//! Delays: when the promise will be missed or has been, when the new day will be missed as well, and when all is well again.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::day;
use super::event::Reason;
use super::lane::memory::Foresight;
use super::order::{DelayTold, State, Told};
use super::parcel::Status;
use super::promise;
use super::stage::Stage;
use super::window;

/// A missed day is spoken of on the next morning: nobody wants that mail at midnight, and late scans have come in by then.
pub const MORNING: Time = Time::constant(9, 0, 0, 0);
/// A missed day found long after is spoken of only when this much time has gone by without better news: after an outage the
/// scan that says "delivered" may be the next one in the queue.
pub const CATCH_UP: SignedDuration = SignedDuration::from_mins(15);
/// Messages about delays that one order may cause, good news included. After that, silence is the lesser evil; ops see the
/// order all the same.
pub const DELAYS_MAX: u32 = 3;
/// How long after its day a late order is still told of. It is late all the time, so this is news for longer than a scan is;
/// but whoever connects an old feed has orders of last year in it that were never marked as delivered.
const TOLD_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The age up to which this stage is news, whatever a brand's limit is.
pub fn age_limit(stage: Stage) -> SignedDuration {
    if matches!(stage, Stage::DelayExpected | Stage::DelayAgain) { TOLD_AFTER } else { SignedDuration::ZERO }
}

/// A further slip is spoken of from this many days on.
pub const SLIP_DAYS: i32 = 2;

/// When a foreseen delay is told, and when it counts as over. A brand's choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The customer is told when the chance of missing the promise reaches this, 0 to 1.
    pub warn: f64,
    /// A delay that was told because of its chance is taken back when the chance falls to this.
    pub recover: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { warn: 0.7, recover: 0.3 }
    }
}

/// What is wrong with an order's promise, as far as the facts, the clock and the lanes say.
#[derive(Debug, Clone, PartialEq)]
pub struct Late {
    /// The day that is expected now, or the last of several: by the carriers where they say one that is still ahead, else
    /// by the lanes.
    pub day: Option<Date>,
    /// The first of several days, where more than one is likely.
    pub from: Option<Date>,
    /// The promised day, or the day named last, has gone by.
    pub missed: bool,
    pub reason: Option<Reason>,
    /// When it became known.
    pub at: Timestamp,
    /// Whether the days come from the lanes.
    pub learned: bool,
    /// The chance of missing the promise, where nothing but that says so.
    pub chance: Option<f32>,
}

/// Whether the order is late, or will be. `timed`: whether the clock may be asked; facts alone do not make a day pass.
pub fn late(state: &State<'_>, told: &Told, limits: &Limits, now: Timestamp, timed: bool) -> Option<Late> {
    if !state.is_open() || state.known.paid.is_none() {
        return None;
    }
    let today = window::local_day(now, &state.zone);
    // It is on the van: whatever is said of a delay now would be overtaken at the door.
    if on_the_van(state, today) {
        return None;
    }
    let spoken = told.delay.as_ref().filter(|delay| !delay.cleared);
    let promised = promise::promised(state);
    let expected = promise::expected_last(state);
    let ahead = expected.filter(|day| *day >= today);
    let (reason, reported) = reported(state);
    let range = foreseen_days(told, promised, today);
    let (from, day) = match ahead {
        Some(day) => (None, Some(day)),
        None => range.map_or((None, None), |(from, last)| (Some(from).filter(|from| *from < last), Some(last))),
    };
    let late = Late {
        day,
        from,
        missed: promised.is_some_and(|promised| today > promised),
        reason,
        at: now,
        learned: ahead.is_none() && day.is_some(),
        chance: None,
    };
    if let (Some(promised), Some(day)) = (promised, ahead)
        && day > promised
    {
        return Some(Late { at: eta_at(state).unwrap_or(now), ..late });
    }
    let deadline = spoken.and_then(|told| told.day).max(promised);
    if let Some(deadline) = deadline
        && today > deadline
        && (timed || spoken.is_some())
    {
        return Some(Late { missed: true, at: window::end_of_day(deadline, &state.zone), ..late });
    }
    // The carrier says "delayed" and no day stands against it. That such a day has gone by is again the clock's to say.
    let against = if timed { ahead } else { expected };
    let contradicted = against.is_some() && promised.is_some();
    if let Some(at) = reported.filter(|_| !contradicted) {
        return Some(Late { at, missed: false, ..late });
    }
    // A carrier's own day, in time, outweighs what the lanes say.
    let chance = chance_today(told, today).filter(|_| timed && ahead.is_none())?;
    let by_chance = spoken.is_some_and(|delay| delay.by_chance);
    let limit = if by_chance { limits.recover } else { limits.warn };
    (f64::from(chance) >= limit).then_some(Late { chance: Some(chance), ..late })
}

/// What to say about it, given what was said last.
pub fn stage(told: &Told, late: Option<&Late>, limits: &Limits, state: &State<'_>, now: Timestamp) -> Option<Stage> {
    let today = window::local_day(now, &state.zone);
    match (&told.delay, late) {
        (Some(told), _) if told.times >= DELAYS_MAX => None,
        (None, Some(_)) => Some(Stage::DelayExpected),
        (Some(told), Some(_)) if told.cleared => Some(Stage::DelayExpected),
        (Some(told), Some(late)) => {
            // What the clock or the lanes make of a named day is spoken of when the slip has grown.
            let slip = |day: Option<Date>| told.day.zip(day).map(|(said, day)| days_between(said, day));
            let slipped = slip(late.day).max(slip(Some(today)));
            slipped.is_some_and(|days| days >= SLIP_DAYS).then_some(Stage::DelayAgain)
        }
        (Some(delay), None) => {
            let promised = promise::promised(state).filter(|promised| today <= *promised)?;
            let by_carriers = promise::expected_last(state).is_some_and(|day| day <= promised);
            let by_lanes = delay.by_chance && chance_today(told, today).is_some_and(|c| f64::from(c) < limits.recover);
            // A parcel that will not come at all is not back on time, and of one on the van the van's message says it.
            let all_come =
                state.parcels.iter().all(|parcel| parcel.status().is_open() || parcel.status() == Status::Delivered);
            let back = (by_carriers || by_lanes) && !on_the_van(state, today);
            (!delay.cleared && state.is_open() && all_come && back).then_some(Stage::BackOnTime)
        }
        (None, None) => None,
    }
}

/// Why it is late, for people: kept with the decision, shown by `explain` and `replay`.
pub fn because(state: &State<'_>, told: &Told, late: Option<&Late>) -> String {
    let Some(late) = late else { return "nothing says any more that it will be late".to_owned() };
    let promised = promise::promised(state).map_or_else(|| "no promise".to_owned(), |day| format!("promised {day}"));
    let lane = told.lane.as_ref().and_then(|memory| memory.foresight.as_ref()).and_then(|f| f.words.as_deref());
    match (late.chance, late.day) {
        (Some(chance), _) => {
            let lane = lane.map(|words| format!("; {words}")).unwrap_or_default();
            format!("a chance of {:.0} % to miss its day, {promised}{lane}", chance * 100.0)
        }
        (None, Some(day)) if !late.learned => format!("the carrier expects {day}, {promised}"),
        (None, _) if late.missed => format!("its day has passed, {promised}"),
        (None, _) => format!("the carrier reports a delay, {promised}"),
    }
}

/// When the clock alone can make the order late: the morning after the day that was promised, two days after the one that was
/// named last, and the morning after a day that stood against the carrier's own "delayed".
pub fn wakes(state: &State<'_>, told: Option<&DelayTold>) -> impl Iterator<Item = Timestamp> {
    let stood_against = reported(state).1.and_then(|_| promise::expected_last(state)).filter(|_| told.is_none());
    let days = if may_become_late(state, told) { [deadline(state, told), stood_against] } else { [None, None] };
    let slip = if told.is_some_and(|told| !told.cleared) { SLIP_DAYS } else { 1 };
    let mornings_after = days.into_iter().flatten().filter_map(move |day| day.checked_add(slip.days()).ok());
    mornings_after.map(|morning| window::at_local(morning, MORNING, &state.zone))
}

fn may_become_late(state: &State<'_>, told: Option<&DelayTold>) -> bool {
    state.is_open() && state.known.paid.is_some() && told.is_none_or(|told| told.times < DELAYS_MAX)
}

fn deadline(state: &State<'_>, told: Option<&DelayTold>) -> Option<Date> {
    match told.filter(|told| !told.cleared).map(|told| told.day) {
        None => promise::promised(state),
        // After a delay without a new day the clock has nothing to add.
        Some(day) => day,
    }
}

/// Whether a parcel of the order went out for delivery today.
fn on_the_van(state: &State<'_>, today: Date) -> bool {
    let out = state.parcels.iter().filter_map(|parcel| parcel.now()).filter(|now| now.status == Status::OutForDelivery);
    out.into_iter().any(|now| window::local_day(now.to.time(), &state.zone) == today)
}

/// The chance of missing the promise as this morning had it.
fn chance_today(told: &Told, today: Date) -> Option<f32> {
    foresight_of(told, today)?.chance
}

fn foresight_of(told: &Told, today: Date) -> Option<&Foresight> {
    let foresight = told.lane.as_ref()?.foresight.as_ref()?;
    (foresight.as_of == day::number(today)).then_some(foresight)
}

/// The days between which a late order will come, with a chance of 80 %: after the promised day, and not before today.
fn foreseen_days(told: &Told, promised: Option<Date>, today: Date) -> Option<(Date, Date)> {
    let most = foresight_of(told, today)?.most;
    let earliest = promised.and_then(|day| day.tomorrow().ok()).map_or(today, |day| day.max(today));
    let of = |number: i32| Some(day::date(number)?.max(earliest));
    Some((of(most.first)?, of(most.last)?))
}

fn days_between(first: Date, last: Date) -> i32 {
    day::number(last) - day::number(first)
}

/// Whether the carrier itself says that the order will be late: by its word, or by the day that it expects. What is late
/// without that is late by silence and the clock.
pub fn is_carriers_word(state: &State<'_>, now: Timestamp) -> bool {
    let today = window::local_day(now, &state.zone);
    let ahead = promise::expected_last(state).filter(|day| *day >= today);
    let expects_late = promise::promised(state).zip(ahead).is_some_and(|(promised, day)| day > promised);
    expects_late || reported(state).1.is_some()
}

/// The carrier's own word that a parcel is delayed, if it is the last word on any of them.
fn reported(state: &State<'_>) -> (Option<Reason>, Option<Timestamp>) {
    let delayed = state.parcels.iter().filter_map(|parcel| parcel.now()).find(|now| now.status == Status::Delayed);
    (delayed.and_then(|now| now.reason), delayed.map(|now| now.from.time()))
}

fn eta_at(state: &State<'_>) -> Option<Timestamp> {
    let open = state.parcels.iter().filter(|parcel| parcel.status().is_open());
    open.filter_map(|parcel| parcel.facts.known.eta.as_ref()).map(|eta| eta.0.time()).max()
}
