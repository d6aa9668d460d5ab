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

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::domain::event::{Eta, Promise};
    use crate::domain::fold::{Facts, Name, Stamp, offer};
    use crate::domain::lane::forecast::Range;
    use crate::domain::lane::memory::{Foresight, Memory};
    use crate::domain::order::{DelayTold, Order};

    const TODAY: Date = date(2026, 11, 24);

    fn now() -> Timestamp {
        "2026-11-24T10:00:00Z".parse().expect("a time")
    }

    fn ahead(days: i64) -> Date {
        TODAY + days.days()
    }

    /// Paid three days ago, promised in `promise` days; the lanes foresee `most`, with a `chance` of missing the promise.
    fn order(promise: Option<i64>, chance: Option<f32>, most: (i64, i64), eta: Option<i64>) -> Order {
        let mut order = Order::default();
        let at = Stamp(now().as_millisecond() - 72 * 3_600_000, 0);
        order.known.paid = Some(at);
        offer(&mut order.known.order.promise, at, promise.map(|days| Promise::Day { date: ahead(days) }));
        if let Some(days) = eta {
            let mut facts = Facts { created: Some(at), ..Facts::default() };
            offer(&mut facts.known.eta, at, Some(Eta::Day(ahead(days))));
            order.known.parcels.insert(Name("id:P1".to_owned()), facts);
        }
        let number = |days: i64| day::number(ahead(days));
        let most = Range { first: number(most.0), last: number(most.1) };
        let foresight =
            Foresight { as_of: day::number(TODAY), chance, expected: most.first, half: most, most, words: None };
        order.told.lane = Some(Memory { foresight: Some(foresight), ..Memory::default() });
        order
    }

    fn days(order: &Order) -> Option<(Option<Date>, Option<Date>)> {
        let state = order.state(&TimeZone::UTC);
        late(&state, &order.told, &Limits::default(), now()).map(|late| (late.from, late.day))
    }

    fn range(order: &Order) -> Option<(Date, Date)> {
        foreseen(&order.state(&TimeZone::UTC), &order.told, &Limits::default(), now())
    }

    #[test]
    fn a_range_stands_where_the_promise_is_unsure_and_holds_the_promised_day() {
        assert_eq!(range(&order(Some(2), Some(0.1), (3, 5), None)), None, "the promise stands");
        assert_eq!(range(&order(Some(2), Some(0.4), (3, 5), None)), Some((ahead(2), ahead(5))));
        assert_eq!(range(&order(None, None, (1, 3), None)), Some((ahead(1), ahead(3))));
        assert_eq!(range(&order(None, None, (-2, 3), None)), Some((TODAY, ahead(3))), "nobody expects the past");
        assert_eq!(range(&order(Some(2), Some(0.4), (3, 5), Some(2))), None, "the carrier names a day");
        assert_eq!(range(&order(None, None, (1, 40), None)), None, "that would say nothing");
    }

    #[test]
    fn a_delay_that_nobody_was_told_of_is_shown_when_facts_say_so_not_when_it_is_only_likely() {
        assert_eq!(days(&order(Some(2), Some(0.9), (3, 5), None)), None);
        assert_eq!(days(&order(Some(2), None, (3, 5), Some(4))), Some((None, Some(ahead(4)))));
        assert_eq!(days(&order(Some(-1), None, (1, 3), None)), Some((Some(ahead(1)), Some(ahead(3)))));
    }

    #[test]
    fn what_a_mail_has_named_stands_until_the_carrier_says_otherwise_or_it_has_passed() {
        let cases = [
            order(Some(2), Some(0.9), (3, 5), None),
            order(Some(2), None, (3, 5), Some(4)),
            order(Some(-1), None, (1, 3), None),
            order(Some(-1), None, (2, 2), None),
        ];
        for mut order in cases {
            let state = order.state(&TimeZone::UTC);
            let told = delay::late(&state, &order.told, &Limits::default(), now(), true).expect("late");
            order.told.delay = Some(DelayTold {
                day: told.day,
                from: told.from,
                by_chance: told.chance.is_some(),
                times: 1,
                cleared: false,
            });
            assert_eq!(days(&order), Some((told.from, told.day)), "at the moment of the mail");
            // A little slip of the lanes is not told, so it is not shown either.
            let memory = order.told.lane.as_mut().and_then(|memory| memory.foresight.as_mut()).expect("foresight");
            memory.most = Range { first: memory.most.first + 1, last: memory.most.last + 1 };
            assert_eq!(days(&order), Some((told.from, told.day)), "a day later by the lanes");
        }
        let mut passed = order(Some(-9), None, (1, 3), None);
        passed.told.delay =
            Some(DelayTold { day: Some(ahead(-2)), from: None, by_chance: false, times: 1, cleared: false });
        assert_eq!(days(&passed), Some((Some(ahead(1)), Some(ahead(3)))), "the named day has passed");
    }
}
