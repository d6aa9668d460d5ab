//! Made-up carriers with rhythms of their own: none is called dead that lives, and each that dies is missed in time.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const PATIENCE: Patience = Patience { scans_min: 30.0, secs_min: 2 * HOUR_SECS };

/// A Monday, midnight in Warsaw.
fn start() -> i64 {
    hour_of("2026-03-02T00:00:00+01:00".parse().expect("a time"))
}

fn calendar() -> Calendar {
    Calendar {
        zone: TimeZone::get("Europe/Warsaw").expect("a zone"),
        holidays: vec![Holidays::of(Some("PL"))],
        deaf: BTreeSet::new(),
    }
}

/// How a made-up carrier works.
#[derive(Debug, Clone, Copy)]
struct Carrier {
    a_day: f64,
    /// From and until this hour of the day.
    hours: (usize, usize),
    saturday: f64,
    sunday: f64,
    /// Crowds: this many scans come together.
    crowd: f64,
    /// All of a day's scans come in one heap, an hour or two sooner or later.
    heap: bool,
}

/// A small generator of our own, so that a carrier is the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64) / f64::from(1_u32 << 31)
    }

    /// Poisson, by counting; large means in pieces.
    fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 20.0 {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.roll(), 0);
        while product > limit {
            product *= self.roll();
            count += 1;
        }
        count
    }
}

impl Carrier {
    fn scans(&self, days: i64, seed: u64) -> Vec<Hour> {
        let (mut dice, calendar, mut heap_at) = (Dice(seed), calendar(), 18);
        let one = |hour: i64| {
            let (sort, of_day) = calendar.place(hour);
            let part = [1.0, self.saturday, self.sunday][sort];
            if of_day == 0 {
                heap_at = 17 + (dice.roll() * 3.0) as usize;
            }
            let works = (self.hours.0..self.hours.1).contains(&of_day);
            let mean = match self.heap {
                true if of_day == heap_at => self.a_day * part,
                false if works => self.a_day * part / (self.hours.1 - self.hours.0) as f64,
                true | false => 0.0,
            };
            let crowds = dice.poisson(mean / self.crowd) as f64;
            Hour { hour, scans: (crowds * self.crowd) as u64 }
        };
        (start()..start() + days * 24).map(one).filter(|one| one.scans > 0).collect()
    }

    /// The first hour at which it is called dead, looked at every hour, from the end of the second week on.
    fn called_dead(&self, hours: &[Hour], days: i64) -> Option<Timestamp> {
        let calendar = calendar();
        let mut rhythm = (Timestamp::MIN, None);
        (start() + 14 * 24..start() + days * 24).map(start_of).find(|now| {
            let past = &hours[..hours.partition_point(|one| one.hour < hour_of(*now))];
            let Some(newest) = past.last() else { return false };
            let rest = HOUR_SECS / (1 + i64::try_from(newest.scans).expect("few"));
            let last = start_of(newest.hour + 1) - SignedDuration::from_secs(rest);
            if now.duration_since(last).as_secs() < PATIENCE.secs_min {
                return false;
            }
            if rhythm.0 != last {
                rhythm = (last, Rhythm::learn(past, last, &[], &calendar));
            }
            rhythm.1.as_ref().is_some_and(|rhythm| stopped(rhythm, last, *now, PATIENCE, &calendar).is_some())
        })
    }
}

fn carriers() -> impl Strategy<Value = Carrier> {
    let day = prop_oneof![Just((0, 24)), Just((7, 21)), Just((9, 17))];
    let part = || prop_oneof![Just(0.0), Just(0.3), Just(1.0)];
    (20.0..3000.0_f64, day, part(), part(), prop_oneof![Just(1.0), Just(5.0), Just(12.0)], any::<bool>()).prop_map(
        |(a_day, hours, saturday, sunday, crowd, heap)| Carrier { a_day, hours, saturday, sunday, crowd, heap },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Nights, weekends, Easter and two holidays in May, crowds, heaps, small feeds: eleven weeks without a false alarm.
    #[test]
    fn a_living_feed_is_not_called_dead(carrier in carriers(), seed in any::<u64>()) {
        let hours = carrier.scans(77, seed);
        prop_assert_eq!(carrier.called_dead(&hours, 77), None);
    }

    /// A feed that stops is missed, Easter or not: within four days; one whose scans come in crowds within eleven.
    #[test]
    fn a_dead_feed_is_missed(carrier in carriers(), seed in any::<u64>(), at in 0_i64..7 * 24) {
        prop_assume!(carrier.a_day >= 60.0 && !carrier.heap);
        let dies = start() + 28 * 24 + at;
        let mut hours = carrier.scans(42, seed);
        hours.retain(|one| one.hour < dies);
        let called = carrier.called_dead(&hours, 42);
        prop_assert!(called.is_some(), "never missed");
        let took = hour_of(called.expect("asserted")) - dies;
        let most = if carrier.crowd > 1.0 { 11 * 24 } else { 4 * 24 };
        prop_assert!((0..=most).contains(&took), "missed after {} h", took);
    }
}

/// Two weeks in which the days happened to be alike, although scans come in crowds: an hour's rest of one living feed was once
/// taken for its end.
#[test]
fn days_that_are_alike_by_chance_do_not_make_a_crowd_small() {
    let carrier =
        Carrier { a_day: 668.0568885717687, hours: (9, 17), saturday: 0.3, sunday: 0.0, crowd: 12.0, heap: false };
    let hours = carrier.scans(42, 10_351_090_815_818_923_117);
    assert_eq!(carrier.called_dead(&hours, 28), None);
}

/// The figures that the runbook names: hours after which a feed that works from 7 to 21 is missed, and one that comes in one
/// heap a day.
#[test]
fn how_soon_a_stop_is_noticed() {
    let noticed = |a_day: f64, dies_at: i64, heap: bool| {
        let carrier = Carrier { a_day, hours: (7, 21), saturday: 0.3, sunday: 0.0, crowd: 1.0, heap };
        let dies = start() + 29 * 24 + dies_at;
        let mut hours = carrier.scans(42, 7);
        hours.retain(|one| one.hour < dies);
        hour_of(carrier.called_dead(&hours, 42).expect("missed")) - dies
    };
    // A Tuesday, ten in the morning; and two in the night, when nobody works before seven.
    let found: Vec<(f64, i64, i64)> =
        [30.0, 100.0, 500.0, 5000.0].map(|a_day| (a_day, noticed(a_day, 10, false), noticed(a_day, 2, false))).to_vec();
    assert_eq!(found, [(30.0, 25, 29), (100.0, 5, 9), (500.0, 2, 5), (5000.0, 2, 5)]);
    assert_eq!(noticed(500.0, 10, true), 79);
}

#[test]
fn a_young_or_tiny_feed_is_not_judged() {
    let carrier = Carrier { a_day: 300.0, hours: (7, 21), saturday: 1.0, sunday: 1.0, crowd: 1.0, heap: false };
    let hours = carrier.scans(13, 1);
    let last = start_of(hours.last().expect("some").hour);
    assert_eq!(Rhythm::learn(&hours, last, &[], &calendar()), None, "less than two weeks");
    assert_eq!(Rhythm::learn(&[], last, &[], &calendar()), None);
    let tiny = Carrier { a_day: 8.0, ..carrier }.scans(28, 1);
    let last = start_of(tiny.last().expect("some").hour);
    assert_eq!(Rhythm::learn(&tiny, last, &[], &calendar()), None, "eight a day");
}

#[test]
fn a_shop_that_leaves_a_carrier_has_no_outage() {
    let carrier = Carrier { a_day: 200.0, hours: (7, 21), saturday: 0.0, sunday: 0.0, crowd: 1.0, heap: false };
    let mut hours = carrier.scans(42, 3);
    // Three weeks whole, then a fifth less each day.
    hours.retain_mut(|one| {
        let days = (one.hour - start()) / 24 - 20;
        one.scans = if days > 0 {
            (one.scans as f64 * 0.8_f64.powi(i32::try_from(days).expect("few"))) as u64
        } else {
            one.scans
        };
        one.scans > 0
    });
    assert_eq!(carrier.called_dead(&hours, 42), None);
}

#[test]
fn a_few_strays_are_no_return() {
    let carrier = Carrier { a_day: 500.0, hours: (7, 21), saturday: 1.0, sunday: 1.0, crowd: 1.0, heap: false };
    let hours = carrier.scans(28, 3);
    let last = start_of(hours.last().expect("some").hour);
    let rhythm = Rhythm::learn(&hours, last, &[], &calendar()).expect("a rhythm");
    let ten = start() + 29 * 24 + 10;
    let (now, calendar) = (start_of(ten + 2), calendar());
    let after = |scans: [u64; 2]| [Hour { hour: ten, scans: scans[0] }, Hour { hour: ten + 1, scans: scans[1] }];
    assert!(!returned(Some(&rhythm), &[], now, &calendar));
    assert!(!returned(Some(&rhythm), &after([3, 6]), now, &calendar));
    assert!(returned(Some(&rhythm), &after([12, 30]), now, &calendar));
    assert!(returned(None, &after([0, 5]), now, &calendar), "without a rhythm any life is life");
    assert!(!returned(None, &after([0, 4]), now, &calendar));
}

#[test]
fn a_recorded_outage_is_not_part_of_the_rhythm() {
    let carrier = Carrier { a_day: 500.0, hours: (0, 24), saturday: 1.0, sunday: 1.0, crowd: 1.0, heap: false };
    let mut hours = carrier.scans(28, 9);
    let (from, until) = (start() + 20 * 24, start() + 23 * 24);
    hours.retain(|one| !(from..=until).contains(&one.hour));
    let last = start_of(hours.last().expect("some").hour);
    let known = Rhythm::learn(&hours, last, &[(start_of(from), start_of(until))], &calendar()).expect("a rhythm");
    let day = known.expected(start_of(start() + 14 * 24), start_of(start() + 15 * 24), &calendar());
    assert!((450.0..550.0).contains(&day), "{day}");
}

#[test]
fn what_nobody_listened_to_is_no_silence() {
    let carrier = Carrier { a_day: 500.0, hours: (0, 24), saturday: 1.0, sunday: 1.0, crowd: 1.0, heap: false };
    let hours = carrier.scans(28, 9);
    let last = start_of(start() + 28 * 24 - 1);
    let now = last + SignedDuration::from_hours(12);
    let rhythm = Rhythm::learn(&hours, last, &[], &calendar()).expect("a rhythm");
    assert!(stopped(&rhythm, last, now, PATIENCE, &calendar()).is_some());
    let deaf = Calendar { deaf: (hour_of(last)..hour_of(now)).collect(), ..calendar() };
    assert_eq!(stopped(&rhythm, last, now, PATIENCE, &deaf), None, "the worker was down");
}
