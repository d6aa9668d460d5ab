//! A carrier's own rhythm, and when its silence is too long to be rest: pure arithmetic over scans by the hour.
//!
//! A silence is measured in scans that would have come meanwhile, not in hours: a night weighs nothing, a Tuesday morning
//! much. What counts as usual is read off the feed's own past, so a feed that comes once a day in one heap is not taken for a
//! dead one, nor is a small one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::day::{self, Holidays};

/// Days of the past that a rhythm is read from: four of each weekday, as carriers' volumes are another thing after a season.
pub const PAST_DAYS: i64 = 28;
/// A feed younger than this is not judged: each day of the week must have been seen twice before it is known.
const YOUNG_DAYS: i64 = 14;
/// Scans a day below which a feed is too small to be judged within a useful time.
const DAY_SCANS_MIN: f64 = 20.0;
/// Hours of one sort that must be known before anything is expected of them: one lone busy Saturday promises nothing.
const HOURS_MIN: usize = 2;
/// A silence must be worth this many of the usual longest one, which covers feeds that come in heaps.
const TIMES_USUAL: f64 = 2.5;
/// How much one hour may stand out of its like before the rest of it is left out: a backlog that is worked off is no rhythm.
const BURST_TIMES: f64 = 2.0;
/// A silence must be worth this many of the crowds in which scans come. Sixteen would come about by chance once in nine million
/// times; the rest is for what four weeks cannot say about a crowd.
const CROWDS: f64 = 24.0;
/// How many standard deviations of a spread's own estimate, which are the square root of two over the number of its parts, it is
/// taken to be too small: two.
const SPREAD_SURE: f64 = 2.0;
/// The part of the usual scans with which a feed counts as returned.
const RETURNED_PART: f64 = 0.3;
/// Scans with which a feed counts as returned, at least: one parcel found behind a shelf is no feed.
const RETURNED_SCANS_MIN: u64 = 5;

/// Carriers' days end in the small hours, when the last vans have been read in.
const DAY_BEGINS: usize = 4;
const HOUR_SECS: i64 = 3600;

/// Scans that came within one hour; hours are counted from 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    pub hour: i64,
    pub scans: u64,
}

/// The hour in which a moment lies.
pub fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(HOUR_SECS)
}

fn start_of(hour: i64) -> Timestamp {
    Timestamp::from_second(hour.saturating_mul(HOUR_SECS)).unwrap_or(Timestamp::MAX)
}

/// What kind of hour each is, where the carriers work.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub zone: TimeZone,
    /// Holidays on which carriers rest: they are taken for Sundays.
    pub holidays: Vec<Holidays>,
    /// Hours in which nobody listened: they say nothing of any feed.
    pub deaf: BTreeSet<i64>,
}

impl Calendar {
    /// Working day, Saturday, or Sunday and holiday; and the hour of that day.
    fn place(&self, hour: i64) -> Place {
        let local = self.zone.to_datetime(start_of(hour));
        let number = day::number(local.date());
        let sort = match day::weekday(number) {
            _ if self.holidays.iter().any(|holidays| holidays.has(number)) => 2,
            5 => 1,
            6 => 2,
            _ => 0,
        };
        (sort, usize::from(local.hour().unsigned_abs()).min(23))
    }
}

/// How many scans each sort of hour brings, and how long a silence is usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Rhythm {
    rates: [[f64; 24]; 3],
    /// The second longest silence of the past, in scans that would have come; the longest may have been an accident.
    usual: f64,
    /// How many scans come together, as far as their spread tells: 1 where each comes by itself.
    crowd: f64,
}

type Place = (usize, usize);

impl Rhythm {
    /// Reads the rhythm off the hours up to the one of `last`, the last scan; `None` while the feed is too young or too small.
    /// `hours`: ascending, those without scans may be missing. `outages`: from and until, left out.
    pub fn learn(
        hours: &[Hour],
        last: Timestamp,
        outages: &[(Timestamp, Timestamp)],
        calendar: &Calendar,
    ) -> Option<Self> {
        let end = hour_of(last);
        let begin = hours.first()?.hour.max(end - PAST_DAYS * 24);
        if end - begin < YOUNG_DAYS * 24 {
            return None;
        }
        let is_out = |hour| {
            calendar.deaf.contains(&hour)
                || outages.iter().any(|(from, until)| hour_of(*from) <= hour && hour <= hour_of(*until))
        };
        let known: Vec<(Hour, Place)> = dense(hours, begin, end)
            .filter(|one| !is_out(one.hour))
            .map(|one| (one, calendar.place(one.hour)))
            .collect();
        let all: u64 = known.iter().map(|(one, _)| one.scans).sum();
        if (all as f64) < DAY_SCANS_MIN * known.len() as f64 / 24.0 {
            return None;
        }
        let mut rhythm = Self { rates: rates(&known), usual: 0.0, crowd: 1.0 };
        rhythm.crowd = rhythm.crowd(&known);
        let ebb = rhythm.ebb(&known);
        rhythm.rates.iter_mut().flatten().for_each(|rate| *rate *= ebb);
        rhythm.usual = rhythm.second_longest_silence(&known);
        Some(rhythm)
    }

    /// Scans to expect between two moments.
    pub fn expected(&self, from: Timestamp, until: Timestamp, calendar: &Calendar) -> f64 {
        let (first, last) = (hour_of(from), hour_of(until));
        let within = |hour: i64| {
            let begin = start_of(hour).max(from);
            let end = start_of(hour + 1).min(until);
            (end.duration_since(begin).as_secs_f64() / HOUR_SECS as f64).max(0.0)
        };
        // Longer than the past that is known, nothing is more silent than silent.
        let heard = (first..=last.min(first + PAST_DAYS * 24)).filter(|hour| !calendar.deaf.contains(hour));
        heard.map(|hour| self.rate(calendar.place(hour)) * within(hour)).sum()
    }

    fn rate(&self, (sort, hour): Place) -> f64 {
        self.rates[sort][hour]
    }

    /// What the last week brought of what the rhythm says, 1 at most: a shop that leaves a carrier is no outage.
    fn ebb(&self, known: &[(Hour, Place)]) -> f64 {
        let week = &known[known.len().saturating_sub(7 * 24)..];
        let came: u64 = week.iter().map(|(one, _)| one.scans).sum();
        let expected: f64 = week.iter().map(|(_, place)| self.rate(*place)).sum();
        if expected > 0.0 { (came as f64 / expected).min(1.0) } else { 1.0 }
    }

    /// The spread of the counts over their means. By the hour a daily heap looks like one crowd, by the day a busy week does:
    /// the lesser of the two is the crowd. Two weeks have few days, whose spread may come out small by chance: its upper
    /// bound counts.
    fn crowd(&self, known: &[(Hour, Place)]) -> f64 {
        let spread = |parts: &mut dyn Iterator<Item = &[(Hour, Place)]>| {
            let (mut squares, mut means, mut count) = (0.0, 0.0, 0.0);
            for part in parts {
                let came: u64 = part.iter().map(|(one, _)| one.scans).sum();
                let mean: f64 = part.iter().map(|(_, place)| self.rate(*place)).sum();
                squares += (came as f64 - mean).powi(2);
                means += mean;
                count += f64::from(u8::from(mean > 0.0));
            }
            let unsure = 1.0 + SPREAD_SURE * (2.0 / f64::max(count, 1.0)).sqrt();
            if means > 0.0 { unsure * squares / means } else { 1.0 }
        };
        let by_day = &mut known.chunk_by(|_, (_, (_, hour))| *hour != DAY_BEGINS);
        spread(&mut known.chunks(1)).min(spread(by_day)).max(1.0)
    }

    fn second_longest_silence(&self, known: &[(Hour, Place)]) -> f64 {
        let (mut first, mut second, mut run) = (0.0_f64, 0.0_f64, 0.0_f64);
        for (one, place) in known {
            run = if one.scans == 0 { run + self.rate(*place) } else { 0.0 };
            if run > first {
                // The same silence grows: it takes its own place, not the next one.
                let grew = run - self.rate(*place) >= first;
                second = if grew { second } else { first };
                first = run;
            } else if run > second {
                second = run;
            }
        }
        second
    }
}

/// Every hour from `begin` up to `end`, that of the last scan left out: it is not over.
fn dense(hours: &[Hour], begin: i64, end: i64) -> impl Iterator<Item = Hour> {
    let mut given = hours.iter().filter(move |one| one.hour >= begin).peekable();
    (begin..end).map(move |hour| {
        let mut scans = 0;
        while let Some(one) = given.next_if(|one| one.hour <= hour) {
            scans += if one.hour == hour { one.scans } else { 0 };
        }
        Hour { hour, scans }
    })
}

fn rates(known: &[(Hour, Place)]) -> [[f64; 24]; 3] {
    let mut cells: Vec<Vec<u64>> = vec![Vec::new(); 3 * 24];
    for (one, (sort, hour)) in known {
        cells[sort * 24 + hour].push(one.scans);
    }
    let mut rates = [[0.0; 24]; 3];
    for (place, mut cell) in cells.into_iter().enumerate().filter(|(_, cell)| cell.len() >= HOURS_MIN) {
        cell.sort_unstable();
        let quartile = cell[cell.len() * 3 / 4] as f64;
        let most = (BURST_TIMES * quartile).max(3.0);
        let sum: f64 = cell.iter().map(|scans| (*scans as f64).min(most)).sum();
        rates[place / 24][place % 24] = sum / cell.len() as f64;
    }
    rates
}

/// How long a silence must be before it is called an outage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patience {
    /// Scans that would have come.
    pub scans_min: f64,
    /// Seconds.
    pub secs_min: i64,
}

/// Whether the feed has stopped: the number of scans that are missing by now, if it has.
///
/// Scans come in crowds, so their number is spread far wider than chance alone would have it. The threshold therefore lies at
/// twenty-four such crowds and at two and a half times the feed's own longest usual silence, and never below `patience`.
pub fn stopped(
    rhythm: &Rhythm,
    last: Timestamp,
    now: Timestamp,
    patience: Patience,
    calendar: &Calendar,
) -> Option<f64> {
    if now.duration_since(last).as_secs() < patience.secs_min {
        return None;
    }
    let missing = rhythm.expected(last, now, calendar);
    (missing >= patience.scans_min.max(TIMES_USUAL * rhythm.usual).max(CROWDS * rhythm.crowd)).then_some(missing)
}

/// Whether the feed is back: scans come again, and not just a few strays. `after`: the hours since the silence began.
pub fn returned(rhythm: Option<&Rhythm>, after: &[Hour], now: Timestamp, calendar: &Calendar) -> bool {
    let Some(first) = after.iter().find(|one| one.scans > 0) else { return false };
    let came: u64 = after.iter().map(|one| one.scans).sum();
    let expected = rhythm.map_or(0.0, |rhythm| rhythm.expected(start_of(first.hour), now, calendar));
    came >= RETURNED_SCANS_MIN && came as f64 >= RETURNED_PART * expected
}

#[cfg(test)]
mod tests;
