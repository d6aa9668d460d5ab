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
