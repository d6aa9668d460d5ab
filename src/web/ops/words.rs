//! Times, amounts and chances as people read them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::domain::id::OrderKey;
use crate::voice::money;

/// What may stand in a path or a query as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A time: how long ago, when exactly, and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Moment {
    pub(super) iso: String,
    /// With the zone named.
    pub(super) full: String,
    pub(super) ago: String,
}

impl Moment {
    /// `at`, seen from `now`, by the clock of `zone`.
    pub(super) fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        Self { iso: at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), full: clock(at, zone), ago: ago(at, now) }
    }
}

/// A time with its zone: `Mon 2 Nov 2026, 14:05 CET`.
pub(super) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b %Y, %H:%M %Z").to_string()
}

/// How long ago, or how soon, in one unit.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let length = now.duration_since(at);
    let text = length_of(length.abs());
    match (text.as_str(), length.is_negative()) {
        ("", _) => "just now".to_owned(),
        (text, false) => format!("{text} ago"),
        (text, true) => format!("in {text}"),
    }
}

fn length_of(length: SignedDuration) -> String {
    let minutes = length.as_mins();
    match minutes {
        0 => String::new(),
        1..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// A calendar day: `Thu 5 Nov`.
pub(super) fn day(date: Date) -> String {
    date.strftime("%a %-d %b").to_string()
}

/// How a promised day lies to today, and how urgent that is: `bad`, `warn` or nothing.
pub(super) fn promise(promised: Date, today: Date) -> (String, &'static str) {
    let days = today.duration_since(promised).as_hours() / 24;
    match days {
        2.. => (format!("{days} days overdue"), "bad"),
        1 => ("1 day overdue".to_owned(), "bad"),
        0 => ("due today".to_owned(), "warn"),
        -1 => ("due tomorrow".to_owned(), "warn"),
        _ => (format!("due in {} days", -days), ""),
    }
}

/// An amount: `EUR 1,234.50`. Without a currency, minor units are taken for hundredths.
pub(super) fn amount(minor: i64, currency: Option<&str>) -> String {
    let plain = money::plain(minor, currency.unwrap_or_default());
    let (whole, cents) = plain.split_once('.').map_or((plain.as_str(), None), |(whole, cents)| (whole, Some(cents)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let cents = cents.map(|cents| format!(".{cents}")).unwrap_or_default();
    format!("{} {sign}{grouped}{cents}", currency.unwrap_or_default()).trim_start().to_owned()
}

/// A chance in whole percent, without claiming certainty.
pub(super) fn percent(chance: f64) -> String {
    match (chance * 100.0).round() {
        percent if percent >= 100.0 => "> 99 %".to_owned(),
        percent if percent < 1.0 => "< 1 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A text for a path or a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// The page of an order.
pub(super) fn order_page(order: &OrderKey) -> String {
    format!("/ops/orders/{}/{}", encoded(order.brand_str()), encoded(order.order_str()))
}

/// Words made of a word with underscores.
pub(super) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_near_and_exact() {
        let now: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
        let warsaw = TimeZone::get("Europe/Warsaw").unwrap();
        let at = |text: &str| Moment::new(text.parse().unwrap(), now, &warsaw);
        assert_eq!(at("2026-11-02T08:59:30Z").ago, "just now");
        assert_eq!(at("2026-11-02T07:55:00Z").ago, "65 min ago");
        assert_eq!(at("2026-11-01T09:00:00Z").ago, "24 h ago");
        assert_eq!(at("2026-10-30T09:00:00Z").ago, "3 days ago");
        let later = at("2026-11-02T12:30:00Z");
        assert_eq!((later.ago.as_str(), later.full.as_str()), ("in 3 h", "Mon 2 Nov 2026, 13:30 CET"));
    }

    #[test]
    fn amounts_are_grouped() {
        assert_eq!(amount(123_456_789, Some("EUR")), "EUR 1,234,567.89");
        assert_eq!(amount(-100_000, Some("JPY")), "JPY -100,000");
        assert_eq!(amount(950, None), "9.50");
    }

    #[test]
    fn promises_are_seen_from_today() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let today = day("2026-11-02");
        assert_eq!(promise(day("2026-10-30"), today), ("3 days overdue".to_owned(), "bad"));
        assert_eq!(promise(today, today).0, "due today");
        assert_eq!(promise(day("2026-11-06"), today), ("due in 4 days".to_owned(), ""));
    }

    #[test]
    fn a_chance_claims_no_certainty() {
        assert_eq!([percent(0.999), percent(0.0), percent(0.724)], ["> 99 %", "< 1 %", "72 %"]);
    }
}
