//! Days and times in words, judged by the clock at the destination: names and order of the parts by ICU, the sentence
//! around them by the words file, since prepositions and cases are a language's own.

use fluent_bundle::FluentArgs;
use icu_calendar::Gregorian;
use icu_datetime::fieldsets::{D, MD, MDE, T};
use icu_datetime::options::TimePrecision;
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_decimal::DecimalFormatter;
use icu_locale_core::Locale;
use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::view::{Expected, Until};
use super::words::{NONE, Words, WordsError};

/// How one place writes dates, times and numbers; built once at load.
pub(crate) struct Formats {
    /// BCP 47 tag (`en-GB`): language of the words, region of the reader or the brand.
    pub(crate) tag: String,
    /// Thursday 26 November
    full: FixedCalendarDateTimeFormatter<Gregorian, MDE>,
    /// 26 November
    date: FixedCalendarDateTimeFormatter<Gregorian, MD>,
    /// 26
    day: FixedCalendarDateTimeFormatter<Gregorian, D>,
    /// 14:30
    time: NoCalendarFormatter<T>,
    pub(crate) numbers: DecimalFormatter,
    /// Whether the month comes before the day.
    month_first: bool,
}

impl Formats {
    /// Loads the formats of a place; regions and languages without data of their own fall back as CLDR says.
    ///
    /// # Errors
    /// A sentence naming the tag.
    pub(crate) fn new(tag: &str) -> Result<Self, String> {
        let locale: Locale = tag.parse().map_err(|_| format!("`{tag}` is not a language tag"))?;
        let failed = |what: &str| format!("no {what} for `{tag}`");
        let date =
            FixedCalendarDateTimeFormatter::try_new((&locale).into(), MD::long()).map_err(|_| failed("dates"))?;
        let probe = written(&date, Date::constant(2026, 11, 26));
        let month_first = !probe.starts_with(|c: char| c.is_numeric());
        Ok(Self {
            tag: tag.to_owned(),
            full: FixedCalendarDateTimeFormatter::try_new((&locale).into(), MDE::long())
                .map_err(|_| failed("dates"))?,
            date,
            day: FixedCalendarDateTimeFormatter::try_new((&locale).into(), D::long()).map_err(|_| failed("dates"))?,
            time: NoCalendarFormatter::try_new((&locale).into(), T::short().with_time_precision(TimePrecision::Minute))
                .map_err(|_| failed("times"))?,
            numbers: DecimalFormatter::try_new((&locale).into(), Default::default()).map_err(|_| failed("numbers"))?,
            month_first,
        })
    }

    fn time(&self, time: Time) -> String {
        let time = icu_time::Time::try_new(time.hour() as u8, time.minute() as u8, 0, 0)
            .expect("a civil time has hours below 24 and minutes below 60");
        // ICU puts narrow no-break spaces before AM and PM, which old mail programs show as boxes.
        self.time.format(&time).to_string().replace('\u{202f}', "\u{a0}")
    }
}

fn icu(date: Date) -> icu_calendar::Date<Gregorian> {
    icu_calendar::Date::try_new_gregorian(i32::from(date.year()), date.month() as u8, date.day() as u8)
        .expect("a civil date is a date of the Gregorian calendar")
}

macro_rules! date_writer {
    ($($fields:ty),*) => {
        trait Writes { fn write(&self, date: Date) -> String; }
        $(impl Writes for FixedCalendarDateTimeFormatter<Gregorian, $fields> {
            fn write(&self, date: Date) -> String { self.format(&icu(date)).to_string() }
        })*
    };
}
date_writer!(MDE, MD, D);

fn written(formatter: &impl Writes, date: Date) -> String {
    formatter.write(date)
}

/// Puts times into words for one message.
pub(crate) struct Teller<'a> {
    pub(crate) words: &'a Words,
    pub(crate) formats: &'a Formats,
    pub(crate) zone: &'a TimeZone,
    pub(crate) today: Date,
}

impl Teller<'_> {
    /// As part of a sentence: "on Thursday 26 November", "today between 14:00 and 16:00".
    pub(crate) fn on(&self, expected: &Expected) -> Result<String, WordsError> {
        match self.plain(expected) {
            Plain::Day(day) => self.day("on-day", day),
            Plain::Days(from, until) => self.days("on-days", from, until),
            Plain::Hours { day, from, until } => {
                self.hours("on-hours", &[("on", self.day("on-day", day)?)], from, until)
            }
        }
    }

    /// As a label: "Thursday 26 November", "26–28 November", "Today, Thursday 26 November, 14:00–16:00".
    pub(crate) fn the(&self, expected: &Expected) -> Result<String, WordsError> {
        match self.plain(expected) {
            Plain::Day(day) => self.day("the-day", day),
            Plain::Days(from, until) => self.days("the-days", from, until),
            Plain::Hours { day, from, until } => {
                self.hours("the-hours", &[("the", self.day("the-day", day)?)], from, until)
            }
        }
    }

    /// The hours alone, if it is today: "between 14:00 and 16:00".
    pub(crate) fn hours_today(&self, expected: &Expected) -> Result<Option<String>, WordsError> {
        match self.plain(expected) {
            Plain::Hours { day, from, until } if day == self.today => self.hours("hours", &[], from, until).map(Some),
            Plain::Hours { .. } | Plain::Day(_) | Plain::Days(..) => Ok(None),
        }
    }

    /// "until Saturday 28 November", "until 18:00 today".
    pub(crate) fn until(&self, until: Until) -> Result<String, WordsError> {
        let (day, time) = match until {
            Until::Day(day) => (day, None),
            Until::Instant(at) => {
                let there = self.zone.to_datetime(at);
                // Midnight is how feeds spell "the end of the day before".
                if there.time() == Time::midnight() {
                    (there.date().yesterday().unwrap_or(there.date()), None)
                } else {
                    (there.date(), Some(there.time()))
                }
            }
        };
        let mut args = self.day_args(day);
        args.set("time", time.map_or_else(|| NONE.to_owned(), |time| self.formats.time(time)));
        self.words.say("until-day", &args)
    }

    /// A day as a label: "Thursday 26 November", never "today".
    pub(crate) fn date(&self, day: Date) -> String {
        written(&self.formats.full, day)
    }

    /// A day without its weekday: "26 November".
    pub(crate) fn short_date(&self, day: Date) -> String {
        written(&self.formats.date, day)
    }

    /// What the clock at the destination shows: "14:30".
    pub(crate) fn clock(&self, at: Timestamp) -> String {
        self.formats.time(self.zone.to_datetime(at).time())
    }

    /// A day and a time as a label: "Thursday 26 November, 14:30", never "today".
    pub(crate) fn moment(&self, at: Timestamp) -> String {
        let there = self.zone.to_datetime(at);
        format!("{}, {}", self.date(there.date()), self.formats.time(there.time()))
    }

    /// The calendar day of an instant, at the destination.
    pub(crate) fn day_of(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    fn plain(&self, expected: &Expected) -> Plain {
        match expected {
            Expected::Day(day) => Plain::Day(*day),
            Expected::Days { from, until } if from >= until => Plain::Day(*until),
            Expected::Days { from, until } => Plain::Days(*from, *until),
            Expected::Window { from, until } => self.window(*from, *until),
        }
    }

    /// Hours are said only where they say something: on one day, and not the whole of it.
    fn window(&self, from: Option<Timestamp>, until: Timestamp) -> Plain {
        let end = self.zone.to_datetime(until);
        // A window that ends at midnight ends the day before.
        let (last, end_time) = match end.time() {
            time if time == Time::midnight() => (end.date().yesterday().unwrap_or(end.date()), None),
            time if time >= Time::constant(23, 59, 0, 0) => (end.date(), None),
            time => (end.date(), Some(time)),
        };
        let start = from.map(|from| self.zone.to_datetime(from)).filter(|start| start.date() <= last);
        match (start, end_time) {
            (Some(start), _) if start.date() < last => Plain::Days(start.date(), last),
            (Some(start), Some(until)) if start.time() < until => {
                Plain::Hours { day: last, from: Some(start.time()).filter(|from| *from > Time::midnight()), until }
            }
            (None, Some(until)) => Plain::Hours { day: last, from: None, until },
            (Some(_) | None, Some(_) | None) => Plain::Day(last),
        }
    }

    fn day(&self, message: &str, day: Date) -> Result<String, WordsError> {
        self.words.say(message, &self.day_args(day))
    }

    fn days(&self, message: &str, from: Date, until: Date) -> Result<String, WordsError> {
        let formats = self.formats;
        let mut args = FluentArgs::with_capacity(8);
        args.set("from_day", written(&formats.day, from));
        args.set("until_day", written(&formats.day, until));
        args.set("from_date", written(&formats.date, from));
        args.set("until_date", written(&formats.date, until));
        args.set("month", if from.month() == until.month() && from.year() == until.year() { "same" } else { "other" });
        args.set("style", if formats.month_first { "month-first" } else { "day-first" });
        self.words.say(message, &args)
    }

    fn hours(
        &self,
        message: &str,
        also: &[(&str, String)],
        from: Option<Time>,
        until: Time,
    ) -> Result<String, WordsError> {
        let mut args = FluentArgs::with_capacity(3);
        for (name, value) in also {
            args.set(*name, value.as_str());
        }
        args.set("from", from.map_or_else(|| NONE.to_owned(), |from| self.formats.time(from)));
        args.set("until", self.formats.time(until));
        self.words.say(message, &args)
    }

    fn day_args(&self, day: Date) -> FluentArgs<'static> {
        let mut args = FluentArgs::with_capacity(5);
        args.set("full", written(&self.formats.full, day));
        args.set("date", written(&self.formats.date, day));
        args.set("weekday", weekday(day));
        args.set("relative", self.relative(day));
        args
    }

    fn relative(&self, day: Date) -> &'static str {
        if day == self.today {
            "today"
        } else if self.today.tomorrow().is_ok_and(|tomorrow| tomorrow == day) {
            "tomorrow"
        } else {
            NONE
        }
    }
}

/// An expectation in the form in which it is said.
enum Plain {
    Day(Date),
    Days(Date, Date),
    Hours { day: Date, from: Option<Time>, until: Time },
}

fn weekday(day: Date) -> &'static str {
    match day.weekday() {
        Weekday::Monday => "mon",
        Weekday::Tuesday => "tue",
        Weekday::Wednesday => "wed",
        Weekday::Thursday => "thu",
        Weekday::Friday => "fri",
        Weekday::Saturday => "sat",
        Weekday::Sunday => "sun",
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::voice::words;

    fn told(tag: &str, region: &str, zone: &str, expected: &Expected) -> (String, String) {
        let source = std::fs::read_to_string(format!("{}/templates/words/{tag}.ftl", env!("CARGO_MANIFEST_DIR")));
        let source = words::parse(source.expect("the words are shipped")).expect("the words are right");
        let words = Words::new(tag, &[source]).expect("a language");
        let formats = Formats::new(region).expect("a region");
        let zone = TimeZone::get(zone).expect("a zone");
        let teller = Teller { words: &words, formats: &formats, zone: &zone, today: date(2026, 11, 24) };
        (teller.on(expected).expect("words"), teller.the(expected).expect("words"))
    }

    fn window(from: Option<&str>, until: &str) -> Expected {
        let at = |text: &str| text.parse().expect("a time");
        Expected::Window { from: from.map(at), until: at(until) }
    }

    #[test]
    fn days_read_as_in_each_language() {
        let day = |day| Expected::Day(date(2026, 11, day));
        let cases = [
            ("en", "en-GB", day(26), "on Thursday 26 November", "Thursday 26 November"),
            ("en", "en-US", day(26), "on Thursday, November 26", "Thursday, November 26"),
            ("en", "en-GB", day(24), "today", "Today, Tuesday 24 November"),
            ("en", "en-GB", day(25), "tomorrow, Wednesday 25 November", "Tomorrow, Wednesday 25 November"),
            ("pl", "pl", day(26), "w czwartek, 26 listopada", "czwartek, 26 listopada"),
            ("pl", "pl", Expected::Day(date(2026, 12, 1)), "we wtorek, 1 grudnia", "wtorek, 1 grudnia"),
            ("pl", "pl", day(25), "jutro, w środę, 25 listopada", "Jutro, środa, 25 listopada"),
            ("uk", "uk", day(27), "у п’ятницю, 27 листопада", "пʼятниця, 27 листопада"),
            ("pt-BR", "pt-BR", day(28), "no sábado, 28 de novembro", "sábado, 28 de novembro"),
        ];
        for (tag, region, expected, on, the) in cases {
            assert_eq!(told(tag, region, "UTC", &expected), (on.to_owned(), the.to_owned()));
        }
    }

    #[test]
    fn ranges_say_the_month_once() {
        let days = |from, until| Expected::Days { from, until };
        let near = days(date(2026, 11, 26), date(2026, 11, 28));
        let far = days(date(2026, 11, 30), date(2026, 12, 2));
        let cases = [
            ("en", "en-GB", &near, "between 26 and 28 November", "26–28 November"),
            ("en", "en-US", &near, "between November 26 and 28", "November 26–28"),
            ("en", "en-GB", &far, "between 30 November and 2 December", "30 November – 2 December"),
            ("pl", "pl", &near, "między 26 a 28 listopada", "26–28 listopada"),
            ("uk", "uk", &far, "від 30 листопада до 2 грудня", "30 листопада – 2 грудня"),
            ("pt-BR", "pt-BR", &near, "entre 26 e 28 de novembro", "26 a 28 de novembro"),
        ];
        for (tag, region, expected, on, the) in cases {
            assert_eq!(told(tag, region, "UTC", expected), (on.to_owned(), the.to_owned()));
        }
        assert_eq!(
            told("en", "en-GB", "UTC", &days(date(2026, 11, 28), date(2026, 11, 26))).0,
            "on Thursday 26 November"
        );
    }

    #[test]
    fn hours_are_those_of_the_destination() {
        let hours = window(Some("2026-11-24T13:00:00Z"), "2026-11-24T15:30:00Z");
        let (on, the) = told("pl", "pl", "Europe/Warsaw", &hours);
        assert_eq!(
            (on.as_str(), the.as_str()),
            ("dzisiaj między 14:00 a 16:30", "Dzisiaj, wtorek, 24 listopada, 14:00–16:30")
        );
        let (on, _) = told("en", "en-US", "America/New_York", &hours);
        assert_eq!(on, "today between 8:00\u{a0}AM and 10:30\u{a0}AM");
        assert_eq!(told("en", "en-GB", "UTC", &window(None, "2026-11-24T16:00:00Z")).0, "today by 16:00");
        // A whole day is a day, whichever way it is spelled, and a window over midnight is days.
        let whole = window(Some("2026-11-26T00:00:00Z"), "2026-11-27T00:00:00Z");
        assert_eq!(told("en", "en-GB", "UTC", &whole).0, "on Thursday 26 November");
        let last_minute = window(Some("2026-11-26T00:00:00Z"), "2026-11-26T23:59:59Z");
        assert_eq!(told("en", "en-GB", "UTC", &last_minute).0, "on Thursday 26 November");
        let over = window(Some("2026-11-26T20:00:00Z"), "2026-11-27T10:00:00Z");
        assert_eq!(told("en", "en-GB", "UTC", &over).0, "between 26 and 27 November");
    }

    #[test]
    fn until_ends_a_day_before_midnight() {
        let source =
            words::parse(include_str!("../../templates/words/en.ftl").to_owned()).expect("the words are right");
        let words = Words::new("en", &[source]).expect("a language");
        let formats = Formats::new("en-GB").expect("a region");
        let zone = TimeZone::UTC;
        let teller = Teller { words: &words, formats: &formats, zone: &zone, today: date(2026, 11, 24) };
        let until = |until| teller.until(until).expect("words");
        let at = |text: &str| Until::Instant(text.parse().expect("a time"));
        assert_eq!(until(Until::Day(date(2026, 11, 28))), "until Saturday 28 November");
        assert_eq!(until(at("2026-11-29T00:00:00Z")), "until Saturday 28 November");
        assert_eq!(until(at("2026-11-28T18:00:00Z")), "until 18:00 on Saturday 28 November");
        assert_eq!(until(at("2026-11-24T18:00:00Z")), "until 18:00 today");
        assert_eq!(until(Until::Day(date(2026, 11, 24))), "until the end of today");
    }
}
