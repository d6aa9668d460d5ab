//! What a customer who looks at any moment is to expect: by the rules of the messages, so that a page never contradicts a mail.

use jiff::Timestamp;
use jiff::civil::Date;

use super::day;
use super::delay::{self, Late, Limits};
use super::fold::value;
use super::order::{State, Told};
use super::parcel::Status;
use super::promise;
use super::window;

/// Days by the lanes that lie further apart than this say nothing.
const SPREAD_MAX: i32 = 21;

/// The delay to show: the one that was told and not taken back, with the days that were named; and one that the facts show
/// before anybody was told. What is only likely is shown after it was told.
pub fn late(state: &State<'_>, told: &Told, limits: &Limits, now: Timestamp) -> Option<Late> {
    if !state.is_open() || state.known.paid.is_none() {
        return None;
    }
    let today = window::local_day(now, &state.zone);
    let found = delay::late(state, told, limits, now, true);
    let Some(spoken) = told.delay.as_ref().filter(|delay| !delay.cleared) else {
        return found.filter(|late| late.chance.is_none());
    };
    let by_carrier = found.as_ref().filter(|late| late.day.is_some() && !late.learned);
    if let Some(late) = by_carrier {
        return Some(late.clone());
    }
    if state.parcels.iter().any(|parcel| is_on_the_van(parcel.now(), state, today)) {
        return None;
    }
    let promised = promise::promised(state);
    let missed = promised.is_some_and(|promised| today > promised);
    let (from, day) = match spoken.day.filter(|day| *day >= today) {
        // The days that were named stand until they have passed: smaller slips are not told.
        Some(day) => (spoken.from.map(|from| from.max(today)).filter(|from| *from < day), Some(day)),
        None => found.as_ref().map_or((None, None), |late| (late.from, late.day)),
    };
    let reason = found.as_ref().and_then(|late| late.reason);
    let learned = day.is_some() && (spoken.by_chance || spoken.from.is_some() || found.is_some_and(|l| l.learned));
    let chance = spoken.by_chance.then_some(1.0);
    Some(Late { day, from, missed, reason, at: now, learned, chance })
}

fn is_on_the_van(now: Option<&super::parcel::Episode>, state: &State<'_>, today: Date) -> bool {
    now.is_some_and(|now| {
        now.status == Status::OutForDelivery && window::local_day(now.to.time(), &state.zone) == today
    })
}

/// The days that the lanes foresee, where they are the better answer: no carrier names a day, and there is no promise or a
/// fair chance that it is missed. They hold the promised day, of which people were told.
pub fn foreseen(state: &State<'_>, told: &Told, limits: &Limits, now: Timestamp) -> Option<(Date, Date)> {
    let today = window::local_day(now, &state.zone);
    let named = promise::expected_last(state).is_some_and(|day| day >= today);
    let foresight = told.lane.as_ref()?.foresight.as_ref()?;
    let age = day::number(today) - foresight.as_of;
    if named || !state.is_open() || !(0..=1).contains(&age) {
        return None;
    }
    let promise = value(&state.known.order.promise).map(|promise| promise::last_day(promise, &state.zone));
    let promise = promise.filter(|promise| *promise >= today);
    let unsure = promise.is_none() || foresight.chance.is_some_and(|chance| f64::from(chance) >= limits.recover);
    let (first, last) = (day::date(foresight.most.first)?.max(today), day::date(foresight.most.last)?.max(today));
    let (first, last) = match promise {
        Some(promise) => (first.min(promise), last.max(promise)),
        None => (first, last),
    };
    let spread = day::number(last) - day::number(first);
    (unsure && spread <= SPREAD_MAX).then_some((first, last))
}

/// Since when nothing more is expected to happen; `None` while something is.
pub fn settled_at(state: &State<'_>) -> Option<Timestamp> {
    if state.is_open() {
        return None;
    }
    let ends = state.parcels.iter().filter_map(|parcel| parcel.now()).map(|now| now.from.time());
    ends.chain(state.cancelled.map(|at| at.time())).max()
}

/// When anything was heard of the order last.
pub fn heard_at(state: &State<'_>) -> Option<Timestamp> {
    let known = state.known;
    let scans = state.parcels.iter().filter_map(|parcel| parcel.last_scan()).map(|scan| scan.at);
    let made = state.parcels.iter().filter_map(|parcel| parcel.facts.created);
    let own = [known.placed, known.paid, known.packed].into_iter().flatten();
    own.chain(made).chain(scans).map(|at| at.time()).max()
}
