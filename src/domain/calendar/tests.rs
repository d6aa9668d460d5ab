use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::domain::zone;

fn ts(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

fn day_number(text: &str) -> Day {
    day::number(text.parse().expect("a date"))
}

fn get(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a bundled zone")
}

fn poland(habit: &Habit) -> Calendar<'_> {
    Calendar::new(habit, Some("PL"), get("Europe/Warsaw"))
}

#[test]
fn weekends_and_holidays_are_no_working_days_and_dates_in_the_settings_win() {
    let habit = Habit {
        closed: BTreeSet::from([day_number("2026-12-24"), day_number("2026-12-29")]),
        open: BTreeSet::from([day_number("2026-12-26")]),
        ..Habit::default()
    };
    let calendar = poland(&habit);
    // 25 and 26 December are holidays, a Friday and a Saturday.
    for (day, works) in [
        ("2026-12-23", true),
        ("2026-12-24", false),
        ("2026-12-25", false),
        ("2026-12-26", true),
        ("2026-12-27", false),
        ("2026-12-28", true),
        ("2026-12-29", false),
    ] {
        assert_eq!(calendar.is_working(day_number(day)), works, "{day}");
    }
}

#[test]
fn the_holidays_of_six_countries_are_days_of_rest_there_and_not_elsewhere() {
    for (country, holiday, zone) in [
        ("PL", "2026-05-01", "Europe/Warsaw"),
        ("UA", "2026-08-24", "Europe/Kyiv"),
        ("DE", "2025-10-03", "Europe/Berlin"),
        ("GB", "2025-12-26", "Europe/London"),
        ("US", "2025-07-04", "America/New_York"),
        ("BR", "2026-09-07", "America/Sao_Paulo"),
    ] {
        let day = day_number(holiday);
        assert!(!Calendar::new(Habit::none(), Some(country), get(zone)).is_working(day), "{country}");
        assert!(Calendar::new(Habit::none(), Some("JP"), get("Asia/Tokyo")).is_working(day), "{country} in Japan");
        assert!(Calendar::new(Habit::none(), None, TimeZone::UTC).is_working(day), "{country} nowhere");
    }
}

#[test]
fn a_country_may_rest_on_other_days() {
    let (friday, sunday) = (day_number("2026-11-06"), day_number("2026-11-08"));
    let calendar = Calendar::new(Habit::none(), Some("IL"), get("Asia/Jerusalem"));
    assert!(!calendar.is_working(friday) && calendar.is_working(sunday));
}

#[test]
fn what_comes_after_the_cut_off_counts_as_come_on_the_next_working_day() {
    let habit = Habit { cut_off: Some(Time::constant(14, 0, 0, 0)), ..Habit::default() };
    let calendar = poland(&habit);
    for (at, day, begins) in [
        ("2026-11-05T13:59:59+01:00", "2026-11-05", "2026-11-05T13:59:59+01:00"),
        ("2026-11-05T14:00:00+01:00", "2026-11-06", "2026-11-06T00:00:00+01:00"),
        ("2026-11-06T15:00:00+01:00", "2026-11-09", "2026-11-09T00:00:00+01:00"),
        ("2026-11-07T10:00:00+01:00", "2026-11-09", "2026-11-09T00:00:00+01:00"),
        // Wednesday the 11th is Independence Day.
        ("2026-11-10T15:00:00+01:00", "2026-11-12", "2026-11-12T00:00:00+01:00"),
    ] {
        assert_eq!(calendar.dispatch_day(ts(at)), day_number(day), "{at}");
        assert_eq!(calendar.work_begins(ts(at)), ts(begins), "{at}");
    }
}

#[test]
fn working_days_are_added_by_the_clock_on_the_wall() {
    let calendar = poland(Habit::none());
    for (from, count, then) in [
        ("2026-11-05T14:00:00+01:00", 3, "2026-11-10T14:00:00+01:00"),
        ("2026-11-05T14:00:00+01:00", 4, "2026-11-12T14:00:00+01:00"),
        ("2026-11-07T18:00:00+01:00", 1, "2026-11-10T00:00:00+01:00"),
        ("2026-11-05T14:00:00+01:00", 0, "2026-11-05T14:00:00+01:00"),
        // Over the night in which the clock goes forward, and back.
        ("2026-03-27T14:00:00+01:00", 1, "2026-03-30T14:00:00+02:00"),
        ("2026-10-23T14:00:00+02:00", 1, "2026-10-26T14:00:00+01:00"),
    ] {
        assert_eq!(calendar.add_working_days(ts(from), count), ts(then), "{from} + {count}");
    }
}

#[test]
fn working_time_stands_still_on_days_of_rest() {
    let calendar = poland(Habit::none());
    let hours = SignedDuration::from_hours;
    for (from, length, then) in [
        ("2026-11-05T14:00:00+01:00", 5, "2026-11-05T19:00:00+01:00"),
        ("2026-11-06T14:00:00+01:00", 24, "2026-11-09T14:00:00+01:00"),
        ("2026-11-07T14:00:00+01:00", 24, "2026-11-10T00:00:00+01:00"),
        ("2026-11-05T14:00:00+01:00", 72, "2026-11-10T14:00:00+01:00"),
        ("2026-11-09T12:00:00+01:00", 48, "2026-11-12T12:00:00+01:00"),
    ] {
        assert_eq!(calendar.working_time_after(ts(from), hours(length)), ts(then), "{from} + {length} h");
    }
}

#[test]
fn where_nobody_ever_works_every_day_counts() {
    let habit = Habit { week: Some(Week([false; 7])), ..Habit::default() };
    let calendar = poland(&habit);
    assert_eq!(calendar.next_working_day(5), 6);
    let from = ts("2026-11-05T14:00:00+01:00");
    assert!(calendar.add_working_days(from, 3) > from);
    let length = SignedDuration::from_hours(72);
    assert_eq!(calendar.working_time_after(from, length), from + length);
}

#[test]
fn the_end_of_time_is_no_trap() {
    let calendar = poland(Habit::none());
    assert!(calendar.add_working_days(Timestamp::MAX, 9) >= Timestamp::MAX - SignedDuration::from_hours(48));
    assert_eq!(calendar.working_time_after(Timestamp::MAX, SignedDuration::from_hours(72)), Timestamp::MAX);
    assert!(calendar.add_working_days(Timestamp::MIN, 2) > Timestamp::MIN);
}

/// Around every jump of every zone from 2025 to 2037: three working days on is a working day, at the same time of day where
/// that time exists, with exactly three working days in between.
#[test]
fn around_every_jump_of_every_zone_three_working_days_are_three() {
    let (first, last) = (ts("2025-01-01T00:00Z"), ts("2038-01-01T00:00Z"));
    let habit = Habit { week: Some(Week([true, true, true, true, true, true, false])), ..Habit::default() };
    let mut jumps = 0;
    for zone in zone::all() {
        let calendar = Calendar::new(&habit, Some("DE"), zone.clone());
        for jump in zone.following(first).map(|jump| jump.timestamp()).take_while(|jump| *jump < last) {
            jumps += 1;
            for hours in [-73, -49, -25, -2, -1, 0, 1, 2, 23] {
                check(&calendar, jump + SignedDuration::from_mins(hours * 60 + 30), 3);
            }
        }
    }
    assert!(jumps > 1000, "the bundled database has lost its jumps: {jumps}");
}

fn check(calendar: &Calendar<'_>, from: Timestamp, count: u32) {
    let then = calendar.add_working_days(from, count);
    let (first, last) = (calendar.day_of(from), calendar.day_of(then));
    assert!(calendar.is_working(last), "{from} in {:?}", calendar.zone);
    let between = (first + 1..=last).filter(|day| calendar.is_working(*day)).count();
    let from_rest = usize::from(!calendar.is_working(first));
    assert_eq!(between, count as usize + from_rest, "{from} in {:?}", calendar.zone);
    let local = calendar.zone.to_datetime(from).time();
    let exists = |time| calendar.zone.to_ambiguous_timestamp(calendar.zone.to_datetime(then).date().to_datetime(time));
    if from_rest == 0 && !exists(local).is_ambiguous() {
        assert_eq!(calendar.zone.to_datetime(then).time(), local, "{from} in {:?}", calendar.zone);
    }
}

proptest! {
    #[test]
    fn more_working_days_and_more_working_time_never_end_earlier(
        second in ts("1990-01-01T00:00Z").as_second()..=ts("2070-01-01T00:00Z").as_second(),
        index in any::<prop::sample::Index>(),
        week in any::<[bool; 7]>(), count in 0_u32..12, hours in 0_i64..200, minutes in 0_i64..3000,
    ) {
        let zones = zone::all();
        let habit = Habit { week: Some(Week(week)), ..Habit::default() };
        let calendar = Calendar::new(&habit, Some("BR"), zones[index.index(zones.len())].clone());
        let from = Timestamp::from_second(second).expect("within the bounds");
        let then = calendar.add_working_days(from, count);
        prop_assert!(then >= from);
        prop_assert!(calendar.add_working_days(from, count + 1) >= then);
        let length = SignedDuration::from_hours(hours);
        let ends = calendar.working_time_after(from, length);
        prop_assert!(ends >= from + length.min(SignedDuration::ZERO));
        prop_assert!(calendar.working_time_after(from, length + SignedDuration::from_mins(minutes)) >= ends);
        prop_assert!(calendar.work_begins(from) >= from);
    }

    /// Counted by walking in quarters of an hour, the working time up to the answer is the time that was asked for. A clock
    /// that jumps at midnight may take its jump to either day.
    #[test]
    fn working_time_is_what_a_plain_count_finds(
        second in ts("2000-01-01T00:00Z").as_second()..=ts("2060-01-01T00:00Z").as_second(),
        index in any::<prop::sample::Index>(), quarters in 1_i64..400,
    ) {
        let zones = zone::all();
        let calendar = Calendar::new(Habit::none(), Some("US"), zones[index.index(zones.len())].clone());
        let quarter = SignedDuration::from_mins(15);
        let from = Timestamp::from_second(second - second.rem_euclid(900)).expect("within the bounds");
        let ends = calendar.working_time_after(from, quarter * i32::try_from(quarters).expect("small"));
        let (mut at, mut worked) = (from, 0);
        while at < ends {
            worked += i64::from(calendar.is_working(calendar.day_of(at)));
            at += quarter;
        }
        prop_assert!((worked - quarters).abs() <= 8, "{} quarters for {}", worked, quarters);
    }

    #[test]
    fn a_day_and_the_next_working_day_have_none_between(number in 15_000..30_000, country in "(PL|UA|DE|GB|US|BR)") {
        let calendar = Calendar::new(Habit::none(), Some(&country), TimeZone::UTC);
        let next = calendar.next_working_day(number);
        prop_assert!(calendar.is_working(next));
        prop_assert!((number + 1..next).all(|day| !calendar.is_working(day)));
        prop_assert!(day::date(next).expect("within the calendar") <= day::date(number).expect("too") + 12.days());
    }
}
