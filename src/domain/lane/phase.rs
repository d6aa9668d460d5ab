//! One phase of a parcel's life, handling or transit: its ladder of counts and the odds factors on top.

use super::effects::{self, Effects};
use super::ladder::{self, AGES, Counts, Ladder};
use super::newton::{self, Features, Newton};
use super::trip::{Habits, Trip};
use super::{Day, chance, logit};
use crate::domain::day::weekday;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The two phases. In both, a parcel waits for a step: to be taken by the carrier, or to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leg {
    /// From payment to the carrier's first scan.
    Handling,
    /// From the first scan to the hand-over.
    Transit,
}

// The places of the factors. A place that a leg does not use costs nothing.
const PACE: usize = 0;
const SPAN: usize = 1;
const SHIPPING: usize = 2;
const GOODS: usize = 3;
const SEVERAL: usize = 4;
const HOLIDAY: usize = 5;
const REGIONAL: usize = 6;
const WAITED: usize = 7;
const WEEKDAY: usize = 8;
const OVERDUE: usize = 15;
const AGE: usize = 16;
const LIMIT: usize = 32;
const SIZE: usize = 43;

/// What a day's evidence weighs a day later: half after 70 days, so that a season's habits are learned.
const KEEP: f64 = 0.99;
/// The pace of the last days, which all parcels share: half after 4 days, so that a strike or a rush shows within a week.
const KEEP_PACE: f64 = 0.85;
const RIDGE: f64 = 5.0;
/// Habits that last, and moods that pass: half after 46 and after 7 days.
const KEEP_LASTING: f64 = 0.985;
const KEEP_PASSING: f64 = 0.9;
/// Evidence for "no habit": some 300 parcel-days at a hazard of a tenth.
const PULL_HABIT: f64 = 30.0;

/// A day's evidence about one phase. It adds up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub counts: Counts,
    common: newton::Evidence,
    lasting: effects::Evidence,
    passing: effects::Evidence,
}

impl Default for Evidence {
    fn default() -> Self {
        let common = newton::Evidence::new(SIZE);
        Self { counts: Counts::new(), common, lasting: effects::Evidence::new(), passing: effects::Evidence::new() }
    }
}

impl Evidence {
    /// Adds what another worker saw on the same day.
    pub fn merge(&mut self, other: &Self) {
        ladder::merge(&mut self.counts, &other.counts);
        self.common.merge(&other.common);
        effects::merge(&mut self.lasting, &other.lasting);
        effects::merge(&mut self.passing, &other.passing);
    }
}

/// What is known of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    leg: Leg,
    pub ladder: Ladder,
    common: Newton,
    lasting: Effects,
    passing: Effects,
}

/// The hazards of one parcel, ready to be asked day by day.
#[derive(Debug)]
pub struct Odds<'a> {
    /// What holds on every day, as a logarithm of odds.
    always: f64,
    /// By age, what the lane's counts say.
    lane: &'a [f64],
}

impl Phase {
    /// A phase about which nothing is known. `pull`: see [`Ladder::new`].
    pub fn new(leg: Leg, pull: f64) -> Self {
        Self {
            leg,
            ladder: Ladder::new(pull),
            common: Newton::new(SIZE, KEEP, RIDGE).keeping(PACE, KEEP_PACE),
            lasting: Effects::new(KEEP_LASTING, PULL_HABIT),
            passing: Effects::new(KEEP_PASSING, PULL_HABIT),
        }
    }

    /// The rungs of a parcel in this phase, coarse to fine.
    pub fn rungs<'t>(&self, trip: &'t Trip) -> &'t [Arc<str>] {
        match self.leg {
            Leg::Handling => &trip.handling,
            Leg::Transit => &trip.transit,
        }
    }

    /// What the counts of a parcel's lane say at each age, as logarithms of odds.
    pub fn lane(&self, trip: &Trip, today: Day) -> Vec<f64> {
        let mut lane = self.ladder.hazards(self.rungs(trip), today);
        for (age, hazard) in lane.iter_mut().enumerate() {
            *hazard = logit(*hazard) + self.common.factor(AGE + stretch(age));
        }
        lane
    }

    /// The hazards of a parcel whose phase began on `start`. `lane`: from [`Self::lane`] for the same parcel and day.
    pub fn odds<'a>(&self, trip: &Trip, start: Day, lane: &'a [f64]) -> Odds<'a> {
        let habits = self.habits(trip);
        let always = self.common.sum(&self.always(trip, start));
        Odds { always: always + self.lasting.sum(&habits.lasting) + self.passing.sum(&habits.passing), lane }
    }

    /// What a day itself changes, as a logarithm of odds: its weekday, a holiday, how near the limit is.
    pub fn day(&self, trip: &Trip, day: Day) -> f64 {
        self.common.sum(&days(trip, day)) + self.common.sum(&self.limits(trip, day))
    }

    /// Adds what a day brought an open parcel. `weight`: the chance that it comes at all.
    pub fn learn(&self, evidence: &mut Evidence, trip: &Trip, seen: &Seen, lane: &[f64]) {
        let Seen { start, day, stepped, weight } = *seen;
        let age = age(start, day);
        let foreseen = self.odds(trip, start, lane).hazard(age, self.day(trip, day));
        let mut features = self.always(trip, start);
        features.extend(days(trip, day));
        features.extend(self.limits(trip, day));
        features.push((AGE + stretch(age), 1.0));
        evidence.common.add(&features, foreseen, stepped, weight);
        let habits = self.habits(trip);
        effects::add(&mut evidence.lasting, &habits.lasting, foreseen, stepped, weight);
        effects::add(&mut evidence.passing, &habits.passing, foreseen, stepped, weight);
        ladder::count(&mut evidence.counts, self.rungs(trip), age, stepped, weight);
    }

    /// Moves on by a day's evidence.
    pub fn close(&mut self, day: Day, evidence: &Evidence) {
        self.ladder.close(day, &evidence.counts);
        self.common.close(&evidence.common);
        self.lasting.close(day, &evidence.lasting);
        self.passing.close(day, &evidence.passing);
    }

    fn habits<'t>(&self, trip: &'t Trip) -> &'t Habits {
        match self.leg {
            Leg::Handling => &trip.handling_habits,
            Leg::Transit => &trip.transit_habits,
        }
    }

    fn always(&self, trip: &Trip, start: Day) -> Features {
        let mut features = vec![(PACE, 1.0)];
        if trip.several {
            features.push((SEVERAL, 1.0));
        }
        if self.leg == Leg::Transit {
            features.extend([(SHIPPING, trip.dear_shipping), (GOODS, trip.dear_goods)]);
            // A long promise is made for a far place; three weeks are the middle.
            if let Some(promised) = trip.promised {
                features.push((SPAN, (f64::from((promised - trip.paid).max(3)) / 21.0).ln()));
            }
            if trip.regional {
                features.push((REGIONAL, 1.0));
            }
            // What waited long to be taken was often given away late in name only.
            features.push((WAITED, f64::from((start - trip.paid).max(0) + 1).ln() - 1.0));
            if let Some(limit) = trip.dispatch_by {
                features.push((OVERDUE, (f64::from(start - limit) / 5.0).clamp(-2.0, 2.0)));
            }
        }
        features
    }

    /// The day that the phase should end by, and what its nearness changes: shops hand over at the limit that they were given,
    /// and what is still on its way close to a long promise is on its way for a reason.
    fn limits(&self, trip: &Trip, day: Day) -> Features {
        let place = match self.leg {
            Leg::Handling => trip.dispatch_by.map(|limit| match limit - day {
                ..=-8 => 0,
                -7..=-4 => 1,
                -3..=-2 => 2,
                -1 => 3,
                0 => 4,
                1 => 5,
                2 => 6,
                3 => 7,
                4..=5 => 8,
                6..=9 => 9,
                _ => 10,
            }),
            Leg::Transit => trip.promised.map(|limit| match limit - day {
                ..=-8 => 0,
                -7..=-3 => 1,
                -2..=-1 => 2,
                0..=1 => 3,
                2..=4 => 4,
                5..=9 => 5,
                10..=15 => 6,
                _ => 7,
            }),
        };
        place.map(|place| (LIMIT + place, 1.0)).into_iter().collect()
    }
}

/// What a day showed of an open parcel.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// The day on which the phase began.
    pub start: Day,
    pub day: Day,
    /// Whether the day brought the step.
    pub stepped: bool,
    /// How much it says, 0 to 1.
    pub weight: f64,
}

impl Odds<'_> {
    /// The chance that a day brings the step, for a parcel of this age. `today`: what the day itself changes.
    pub fn hazard(&self, age: usize, today: f64) -> f64 {
        chance(self.always + self.lane[age.min(AGES - 1)] + today)
    }
}

/// Days since the phase began; 0 where clocks disagree about what came first.
pub fn age(start: Day, day: Day) -> usize {
    usize::try_from(day - start).unwrap_or(0)
}

fn days(trip: &Trip, day: Day) -> Features {
    let mut features = vec![(WEEKDAY + weekday(day), 1.0)];
    if trip.holidays.has(day) {
        features.push((HOLIDAY, 1.0));
    }
    features
}

/// Ages that share a factor: single days at first, then ever longer stretches.
fn stretch(age: usize) -> usize {
    match age {
        0..=8 => age,
        9..=10 => 9,
        11..=13 => 10,
        14..=17 => 11,
        18..=22 => 12,
        23..=30 => 13,
        31..=45 => 14,
        _ => 15,
    }
}
