//! Delays: when the promise will be missed or has been, when the new day will be missed as well, and when all is well again.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::event::Reason;
use super::order::{DelayTold, State};
use super::parcel::Status;
use super::promise;
use super::stage::Stage;
use super::window;

/// A missed day is spoken of on the next morning: nobody wants that mail at midnight, and late scans have come in by then.
pub const MORNING: Time = Time::constant(9, 0, 0, 0);
/// A missed day found long after is spoken of only when this much time has gone by without better news: after an outage the
/// scan that says "delivered" may be the next one in the queue.
pub const CATCH_UP: SignedDuration = SignedDuration::from_mins(15);
/// Delays spoken of for one order. After that, silence is the lesser evil; ops see the order all the same.
pub const DELAYS_MAX: u32 = 4;

/// What is wrong with an order's promise, as far as the facts and the clock say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// The day that is expected now, where the carriers say one that is still ahead.
    pub day: Option<Date>,
    /// The promised day, or the day named last, has gone by.
    pub missed: bool,
    pub reason: Option<Reason>,
    /// When it became known.
    pub at: Timestamp,
}

/// Whether the order is late, or will be. `timed`: whether the clock may be asked; facts alone do not make a day pass.
pub fn late(state: &State<'_>, told: Option<&DelayTold>, now: Timestamp, timed: bool) -> Option<Late> {
    if !state.is_open() || state.known.paid.is_none() {
        return None;
    }
    let promised = promise::promised(state);
    let expected = promise::expected_last(state);
    let today = window::local_day(now, &state.zone);
    let ahead = expected.filter(|day| *day >= today);
    let (reason, reported) = reported(state);
    let named = told.filter(|told| !told.cleared).and_then(|told| told.day);
    let deadline = named.max(promised);
    if let (Some(promised), Some(day)) = (promised, ahead)
        && day > promised
    {
        return Some(Late { day: Some(day), missed: today > promised, reason, at: eta_at(state).unwrap_or(now) });
    }
    if let Some(deadline) = deadline
        && today > deadline
        && (timed || told.is_some_and(|told| !told.cleared))
    {
        return Some(Late { day: ahead, missed: true, reason, at: window::end_of_day(deadline, &state.zone) });
    }
    // The carrier says "delayed" and no day stands against it. That such a day has gone by is again the clock's to say.
    let against = if timed { ahead } else { expected };
    let contradicted = against.is_some() && promised.is_some();
    reported.filter(|_| !contradicted).map(|at| Late { day: ahead, missed: false, reason, at })
}

/// What to say about it, given what was said last.
pub fn stage(told: Option<&DelayTold>, late: Option<&Late>, state: &State<'_>, now: Timestamp) -> Option<Stage> {
    let today = window::local_day(now, &state.zone);
    match (told, late) {
        (None, Some(_)) => Some(Stage::DelayExpected),
        (Some(told), Some(_)) if told.times >= DELAYS_MAX => None,
        (Some(told), Some(_)) if told.cleared => Some(Stage::DelayExpected),
        (Some(told), Some(late)) => {
            let later = told.day.zip(late.day).is_some_and(|(said, day)| day > said);
            let passed = told.day.is_some_and(|said| today > said);
            (later || passed).then_some(Stage::DelayAgain)
        }
        (Some(told), None) => {
            let promised = promise::promised(state);
            let expected = promise::expected_last(state);
            let back = promised.zip(expected).is_some_and(|(promised, day)| day <= promised && today <= promised);
            // A parcel that will not come at all is not back on time.
            let all_come =
                state.parcels.iter().all(|parcel| parcel.status().is_open() || parcel.status() == Status::Delivered);
            (!told.cleared && state.is_open() && all_come && back).then_some(Stage::BackOnTime)
        }
        (None, None) => None,
    }
}

/// When the clock alone can make the order late: the morning after the day that was promised or named last, and the morning
/// after a day that stood against the carrier's own "delayed".
pub fn wakes(state: &State<'_>, told: Option<&DelayTold>) -> impl Iterator<Item = Timestamp> {
    let stood_against = reported(state).1.and_then(|_| promise::expected_last(state)).filter(|_| told.is_none());
    let days = if may_become_late(state, told) { [deadline(state, told), stood_against] } else { [None, None] };
    let mornings_after = days.into_iter().flatten().filter_map(|day| day.checked_add(1.day()).ok());
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

/// The carrier's own word that a parcel is delayed, if it is the last word on any of them.
fn reported(state: &State<'_>) -> (Option<Reason>, Option<Timestamp>) {
    let delayed = state.parcels.iter().filter_map(|parcel| parcel.now()).find(|now| now.status == Status::Delayed);
    (delayed.and_then(|now| now.reason), delayed.map(|now| now.from.time()))
}

fn eta_at(state: &State<'_>) -> Option<Timestamp> {
    let open = state.parcels.iter().filter(|parcel| parcel.status().is_open());
    open.filter_map(|parcel| parcel.facts.known.eta.as_ref()).map(|eta| eta.0.time()).max()
}
