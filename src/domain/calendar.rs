//! Working days: on which days a place works, until what hour, and when a number of working days is over.
//!
//! A day is worked if the week says so and it is no public holiday; dates in the settings win over both. All functions are
//! total: where no day is ever worked, every day counts, so that a wrong setting makes a rule early rather than dumb.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::day::{self, Day, Holidays};
use super::window;

/// How far ahead a working day is looked for. Longer than any row of holidays; beyond it the next day counts.
const SEARCH_DAYS: i32 = 60;

/// The days of the week on which a place works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week(pub [bool; 7]);

impl Week {
    /// Monday to Friday.
    pub const MONDAY_TO_FRIDAY: Self = Self([true, true, true, true, true, false, false]);
    /// Sunday to Thursday.
    pub const SUNDAY_TO_THURSDAY: Self = Self([true, true, true, true, false, false, true]);

    /// The usual week of a country (ISO 3166-1 alpha-2); Monday to Friday where it is not known.
    pub fn of(country: Option<&str>) -> Self {
        // Where offices rest on Friday and Saturday. Source: the countries' labour laws as of 2025; the Emirates changed in 2022.
        const REST_ON_FRIDAY: &[&str] =
            &["BD", "BH", "DZ", "EG", "IL", "IQ", "JO", "KW", "LY", "MV", "OM", "PS", "QA", "SA", "SD", "SY", "YE"];
        match country {
            Some(code) if REST_ON_FRIDAY.contains(&code) => Self::SUNDAY_TO_THURSDAY,
            _ => Self::MONDAY_TO_FRIDAY,
        }
    }
}

/// What the settings say of a place's working days. What is not said is as its country has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Habit {
    pub week: Option<Week>,
    /// Days on which nobody works, beside the public holidays.
    pub closed: BTreeSet<Day>,
    /// Days that are worked although the week or a holiday says otherwise.
    pub open: BTreeSet<Day>,
    /// What comes at this time or later counts as come on the next working day. `None`: the whole day counts.
    pub cut_off: Option<Time>,
    /// Whose week and public holidays (ISO 3166-1 alpha-2), where the order does not say.
    pub country: Option<String>,
    /// The place's clock, where its country does not say.
    pub zone: Option<TimeZone>,
}

impl Habit {
    /// A place of which nothing is said.
    pub fn none() -> &'static Self {
        static NONE: Habit = Habit {
            week: None,
            closed: BTreeSet::new(),
            open: BTreeSet::new(),
            cut_off: None,
            country: None,
            zone: None,
        };
        &NONE
    }
}

/// The working days of one place.
#[derive(Debug, Clone)]
pub struct Calendar<'a> {
    habit: &'a Habit,
    week: Week,
    holidays: &'static Holidays,
    zone: TimeZone,
}

impl<'a> Calendar<'a> {
    /// The calendar of a place in `country` by the clock of `zone`. Cheap: holidays are read once for all.
    pub fn new(habit: &'a Habit, country: Option<&str>, zone: TimeZone) -> Self {
        let week = habit.week.unwrap_or_else(|| Week::of(country));
        Self { habit, week, holidays: holidays(country), zone }
    }

    /// The place's clock.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the day is worked.
    pub fn is_working(&self, day: Day) -> bool {
        if self.habit.open.contains(&day) {
            return true;
        }
        self.week.0[day::weekday(day)] && !self.habit.closed.contains(&day) && !self.holidays.has(day)
    }

    /// The first working day after `day`.
    pub fn next_working_day(&self, day: Day) -> Day {
        self.find_working_day(day + 1).unwrap_or(day + 1)
    }

    /// The first working day from `day` on; `None` where nobody ever works.
    fn find_working_day(&self, day: Day) -> Option<Day> {
        (day..day + SEARCH_DAYS).find(|day| self.is_working(*day))
    }

    /// The working day to which something counts that comes at `at`: that day, or the next one after the cut-off.
    pub fn dispatch_day(&self, at: Timestamp) -> Day {
        let local = self.zone.to_datetime(at);
        let day = day::number(local.date());
        let in_time = self.habit.cut_off.is_none_or(|cut_off| local.time() < cut_off);
        if self.is_working(day) && in_time { day } else { self.next_working_day(day) }
    }

    /// When the work on something begins that comes at `at`: at once, or when the next working day does.
    pub fn work_begins(&self, at: Timestamp) -> Timestamp {
        let day = self.dispatch_day(at);
        if day == self.day_of(at) { at } else { self.start_of(day).max(at) }
    }

    /// The same time of day, `count` working days on. What comes on a day of rest counts from the start of the next working
    /// day. By the calendar's clock: across a jump of it the days differ in length.
    pub fn add_working_days(&self, from: Timestamp, count: u32) -> Timestamp {
        let local = self.zone.to_datetime(from);
        let (mut day, mut time) = (day::number(local.date()), local.time());
        if !self.is_working(day) {
            (day, time) = (self.next_working_day(day), Time::midnight());
        }
        for _ in 0..count {
            day = self.next_working_day(day);
        }
        if count == 0 && time != Time::midnight() {
            return from;
        }
        day::date(day).map_or(Timestamp::MAX, |date| window::at_local(date, time, &self.zone)).max(from)
    }

    /// When `length` of working days' time has gone by after `from`: a day that is worked counts whole, from midnight to
    /// midnight, any other not at all.
    pub fn working_time_after(&self, from: Timestamp, length: SignedDuration) -> Timestamp {
        let (mut at, mut left, mut day) = (from, length, self.day_of(from));
        loop {
            let end = self.start_of(day + 1);
            if self.is_working(day) {
                let room = end.duration_since(at).max(SignedDuration::ZERO);
                if left <= room {
                    return at.checked_add(left).unwrap_or(Timestamp::MAX);
                }
                left -= room;
            }
            let Some(next) = self.find_working_day(day + 1).filter(|_| end < Timestamp::MAX) else {
                return at.checked_add(left).unwrap_or(Timestamp::MAX);
            };
            day = next;
            at = self.start_of(day).max(at);
        }
    }

    fn day_of(&self, at: Timestamp) -> Day {
        day::number(window::local_day(at, &self.zone))
    }

    fn start_of(&self, day: Day) -> Timestamp {
        day::date(day).map_or(Timestamp::MAX, |date: Date| window::at_local(date, Time::midnight(), &self.zone))
    }
}

/// The public holidays of a country, read once. One that is not known has none.
pub fn holidays(country: Option<&str>) -> &'static Holidays {
    static READ: [OnceLock<Holidays>; 26 * 26] = [const { OnceLock::new() }; 26 * 26];
    static NONE: OnceLock<Holidays> = OnceLock::new();
    let letter = |byte: u8| byte.is_ascii_uppercase().then(|| usize::from(byte - b'A'));
    let place = match country.map(str::as_bytes) {
        Some([first, second]) => letter(*first).zip(letter(*second)).map(|(first, second)| first * 26 + second),
        _ => None,
    };
    match place {
        Some(place) => READ[place].get_or_init(|| Holidays::of(country)),
        None => NONE.get_or_init(Holidays::default),
    }
}

#[cfg(test)]
mod tests;
