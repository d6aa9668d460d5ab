//! Days as plain numbers, and what kind of day each is: its weekday, and whether it is a public holiday.
//!
//! The holidays come from the `opening-hours` crate, which ships those of nearly every country up to 2076. Holidays of single
//! regions are not in it.

use std::str::FromStr;

use jiff::civil::Date;
use opening_hours::localization::Country;

/// Days since 1970-01-01, by the calendar at the destination. Statistics count days; a plain number keeps them small.
pub type Day = i32;

/// The day's number.
pub fn number(date: Date) -> Day {
    let epoch = Date::constant(1970, 1, 1);
    date.duration_since(epoch).as_hours().div_euclid(24).try_into().expect("a civil date is within some 10,000 years")
}

/// The date of a day's number; `None` outside the calendar.
pub fn date(day: Day) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()
}

/// Monday is 0, Sunday 6.
pub fn weekday(day: Day) -> usize {
    // 1970-01-01 was a Thursday.
    usize::try_from((day + 3).rem_euclid(7)).expect("0 to 6")
}

/// The public holidays of one country.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    days: Vec<Day>,
}

impl Holidays {
    /// The holidays of a country (ISO 3166-1 alpha-2); none where the country is not known.
    pub fn of(country: Option<&str>) -> Self {
        let Some(country) = country.and_then(|code| Country::from_str(code).ok()) else { return Self::default() };
        let holidays = country.holidays();
        Self { days: holidays.get_public().iter().map(|date| date.to_epoch_days()).collect() }
    }

    /// Whether the day is one.
    pub fn has(&self, day: Day) -> bool {
        self.days.binary_search(&day).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbers_and_back() {
        let christmas = Date::constant(2017, 12, 25);
        assert_eq!(number(Date::constant(1970, 1, 1)), 0);
        assert_eq!(date(number(christmas)), Some(christmas));
        assert_eq!(weekday(number(christmas)), 0, "a Monday");
        assert_eq!(weekday(-1), 2, "the day before a Thursday");
    }

    #[test]
    fn the_holidays_of_the_countries_we_serve_are_known() {
        for (country, month, day) in
            [("PL", 5, 3), ("UA", 8, 24), ("DE", 10, 3), ("GB", 12, 26), ("US", 7, 4), ("BR", 9, 7)]
        {
            let holidays = Holidays::of(Some(country));
            assert!(holidays.has(number(Date::constant(2025, month, day))), "{country}");
            assert!(!holidays.has(number(Date::constant(2025, 3, 12))), "{country}");
        }
        assert_eq!(Holidays::of(Some("XX")), Holidays::default());
        assert_eq!(Holidays::of(None), Holidays::default());
    }
}
