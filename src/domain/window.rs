//! Quiet hours, midnights and other points on a local clock: total functions, also when the clock jumps.
//!
//! Where a local time does not exist (the clock went forward over it) the time after the gap is meant; where it exists
//! twice (the clock went back) the earlier one is.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::policy::Quiet;

/// The first moment from `at` on at which the recipient may be disturbed: `at` itself inside the hours, else the next
/// moment at which the clock of `zone` shows a time inside them.
///
/// `country` (ISO 3166-1 alpha-2, upper case) chooses hours of its own where the policy has some. Hours may cross midnight
/// (`from` later than `until`); `from` equal to `until` means that there is no quiet time at all.
pub fn earliest(quiet: &Quiet, zone: &TimeZone, country: Option<&str>, at: Timestamp) -> Timestamp {
    let (from, until) =
        country.and_then(|code| quiet.by_country.get(code)).copied().unwrap_or((quiet.from, quiet.until));
    let is_open = |moment: Timestamp| contains(from, until, local_time(moment, zone));
    if is_open(at) {
        return at;
    }
    // Two days on, since a jump of the clock can leave today's opening out, and a zone once in a while a whole day.
    let days = local_day(at, zone).series(jiff::Span::new().days(1)).take(3);
    let openings = days.flat_map(|day| {
        let moments = zone.to_ambiguous_timestamp(day.to_datetime(from));
        [moments.earlier().ok(), moments.later().ok()].into_iter().flatten()
    });
    // Nothing to wait for in the last days of the year 9999: then `at` is as good as any.
    let Some(opening) = openings.filter(|&moment| moment > at && is_open(moment)).min() else {
        return at;
    };
    // The clock may jump into the hours before it shows their beginning.
    let jumps = zone.following(at).map(|jump| jump.timestamp()).take_while(|&moment| moment < opening);
    jumps.into_iter().find(|&moment| is_open(moment)).unwrap_or(opening)
}

/// The instant of a local date and time.
pub fn at_local(date: Date, time: Time, zone: &TimeZone) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(date.to_datetime(time));
    // Fails only within a day of the year -9999 or 9999, where any bound is as good as another.
    ambiguous.compatible().unwrap_or(if date.year() > 0 { Timestamp::MAX } else { Timestamp::MIN })
}

/// The instant at which the day `date` is over: the first one of the next day.
pub fn end_of_day(date: Date, zone: &TimeZone) -> Timestamp {
    match date.tomorrow() {
        Ok(next) => at_local(next, Time::midnight(), zone),
        Err(_) => Timestamp::MAX,
    }
}

/// The calendar day that `at` falls on.
pub fn local_day(at: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(at).date()
}

/// What the clock on the wall says at `at`.
pub fn local_time(at: Timestamp, zone: &TimeZone) -> Time {
    zone.to_datetime(at).time()
}

/// Whether the hours hold the time. Equal bounds hold every time.
fn contains(from: Time, until: Time, now: Time) -> bool {
    if from < until { from <= now && now < until } else { from <= now || now < until }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::zone;

    const QUARTER: SignedDuration = SignedDuration::from_mins(15);

    fn hours(from: i8, until: i8) -> Quiet {
        Quiet {
            from: Time::constant(from, 0, 0, 0),
            until: Time::constant(until, 0, 0, 0),
            by_country: BTreeMap::new(),
        }
    }

    fn get(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a bundled zone")
    }

    fn ts(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    #[test]
    fn a_day_is_that_of_the_place() {
        let (warsaw, lima) = (get("Europe/Warsaw"), get("America/Lima"));
        let at = ts("2026-11-02T23:30:00Z");
        let days = [&warsaw, &TimeZone::UTC, &lima].map(|zone| local_day(at, zone).day());
        assert_eq!(days, [3, 2, 2]);
        assert_eq!(end_of_day(local_day(at, &warsaw), &warsaw), ts("2026-11-03T23:00:00Z"));
        assert_eq!(local_day(ts("2026-11-03T04:59:59Z"), &lima).day(), 2);
    }

    #[test]
    fn inside_the_hours_nothing_waits_and_outside_the_next_opening_comes() {
        let (warsaw, quiet) = (get("Europe/Warsaw"), hours(8, 21));
        for (at, then) in [
            ("2026-01-10T10:00:00+01:00", "2026-01-10T10:00:00+01:00"),
            ("2026-01-10T08:00:00+01:00", "2026-01-10T08:00:00+01:00"),
            ("2026-01-10T20:59:59+01:00", "2026-01-10T20:59:59+01:00"),
            ("2026-01-10T21:00:00+01:00", "2026-01-11T08:00:00+01:00"),
            ("2026-01-10T03:00:00+01:00", "2026-01-10T08:00:00+01:00"),
            // Across the night in which the clock goes forward, and back.
            ("2026-03-28T23:00:00+01:00", "2026-03-29T08:00:00+02:00"),
            ("2026-10-24T23:00:00+02:00", "2026-10-25T08:00:00+01:00"),
        ] {
            assert_eq!(earliest(&quiet, &warsaw, None, ts(at)), ts(then), "{at}");
        }
    }

    #[test]
    fn hours_may_cross_midnight_and_equal_bounds_are_never_quiet() {
        let night = hours(20, 2);
        assert_eq!(earliest(&night, &TimeZone::UTC, None, ts("2026-01-10T23:00Z")), ts("2026-01-10T23:00Z"));
        assert_eq!(earliest(&night, &TimeZone::UTC, None, ts("2026-01-10T01:00Z")), ts("2026-01-10T01:00Z"));
        assert_eq!(earliest(&night, &TimeZone::UTC, None, ts("2026-01-10T02:00Z")), ts("2026-01-10T20:00Z"));
        assert_eq!(earliest(&hours(8, 8), &TimeZone::UTC, None, ts("2026-01-10T02:00Z")), ts("2026-01-10T02:00Z"));
    }

    #[test]
    fn a_country_may_have_hours_of_its_own() {
        let mut quiet = hours(8, 21);
        quiet.by_country.insert("FR".into(), (Time::constant(10, 0, 0, 0), Time::constant(20, 0, 0, 0)));
        let (paris, at) = (get("Europe/Paris"), ts("2026-01-10T08:30:00+01:00"));
        assert_eq!(earliest(&quiet, &paris, Some("FR"), at), ts("2026-01-10T10:00:00+01:00"));
        assert_eq!(earliest(&quiet, &paris, Some("BE"), at), at);
    }

    #[test]
    fn an_opening_in_the_gap_is_when_the_gap_ends_and_in_the_overlap_the_first() {
        let mut quiet = hours(8, 21);
        quiet.from = Time::constant(2, 30, 0, 0);
        let warsaw = get("Europe/Warsaw");
        assert_eq!(earliest(&quiet, &warsaw, None, ts("2026-03-29T00:30Z")), ts("2026-03-29T01:00Z"));
        assert_eq!(earliest(&quiet, &warsaw, None, ts("2026-10-24T23:00Z")), ts("2026-10-25T00:30Z"));
    }

    #[test]
    fn a_day_ends_when_the_next_begins_also_where_midnight_is_left_out() {
        let day = |text: &str| text.parse::<Date>().expect("a date");
        assert_eq!(end_of_day(day("2026-03-29"), &get("Europe/Warsaw")), ts("2026-03-29T22:00Z"));
        // Cairo's clock goes from 24:00 on Thursday to 1:00 on Friday.
        assert_eq!(end_of_day(day("2026-04-23"), &get("Africa/Cairo")), ts("2026-04-24T01:00:00+03:00"));
        assert_eq!(local_day(ts("2026-04-23T21:59:59Z"), &get("Africa/Cairo")), day("2026-04-23"));
        // Havana has midnight twice; the day is over at the first.
        assert_eq!(end_of_day(day("2026-10-31"), &get("America/Havana")), ts("2026-11-01T00:00:00-04:00"));
    }

    /// Every jump of every zone from 2025 to 2037, looked at from every quarter of an hour around it: the answer is the
    /// first open quarter that a plain search finds.
    #[test]
    fn around_every_jump_of_every_zone_the_answer_is_the_first_open_moment() {
        let (first, last) = (ts("2025-01-01T00:00Z"), ts("2038-01-01T00:00Z"));
        let windows = [hours(8, 21), hours(2, 3), hours(22, 2), hours(0, 1), hours(23, 0)];
        let mut jumps = 0;
        for zone in zone::all() {
            for jump in zone.following(first).map(|jump| jump.timestamp()).take_while(|jump| *jump < last) {
                jumps += 1;
                for quiet in &windows {
                    check_around(quiet, zone, jump);
                }
            }
        }
        assert!(jumps > 1000, "the bundled database has lost its jumps: {jumps}");
    }

    fn check_around(quiet: &Quiet, zone: &TimeZone, jump: Timestamp) {
        // From three hours before the jump to more than a day after it, last first.
        let mut next_open = None;
        for step in (-12..=140).rev() {
            let at = jump + QUARTER * step;
            if contains(quiet.from, quiet.until, local_time(at, zone)) {
                next_open = Some(at);
            }
            if let Some(expected) = next_open.filter(|_| step <= 12) {
                assert_eq!(earliest(quiet, zone, None, at), expected, "{zone:?} {quiet:?} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_answer_is_open_never_before_and_stable(
            second in Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(),
            index in any::<prop::sample::Index>(),
            from in 0_i8..24, until in 0_i8..24,
        ) {
            let zones = zone::all();
            let (zone, quiet) = (&zones[index.index(zones.len())], hours(from, until));
            let at = Timestamp::from_second(second).expect("within the bounds");
            let then = earliest(&quiet, zone, None, at);
            prop_assert!(then >= at);
            prop_assert_eq!(earliest(&quiet, zone, None, then), then);
            if then < Timestamp::MAX - SignedDuration::from_hours(72) {
                prop_assert!(contains(quiet.from, quiet.until, local_time(then, zone)));
                prop_assert!(then.duration_since(at) <= SignedDuration::from_hours(50));
            }
        }

        #[test]
        fn a_moment_lies_before_the_end_of_its_day(
            second in ts("1900-01-01T00:00Z").as_second()..=ts("2200-01-01T00:00Z").as_second(),
            index in any::<prop::sample::Index>(),
        ) {
            let zones = zone::all();
            let zone = &zones[index.index(zones.len())];
            let at = Timestamp::from_second(second).expect("within the bounds");
            let day = local_day(at, zone);
            let end = end_of_day(day, zone);
            prop_assert!(local_day(end, zone) > day);
            prop_assert!(end > at || zone.to_offset_info(at).offset() != zone.to_offset_info(end).offset());
        }
    }
}
