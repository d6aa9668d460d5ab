//! What was foreseen, held against what came: the last layer, learned from promises that have just been kept or missed.
//!
//! The hazards foresee too boldly: what has kept a parcel so long is often something that no count knows, and a warning that
//! is given on a passing high cannot be taken back. So the foreseen odds are damped, high ones most, towards the odds that
//! parcels have in common so many days before their promise.

use super::newton::{Evidence, Features, Newton};
use super::{Day, chance, logit};
use serde::{Deserialize, Serialize};

/// How much of the foreseen odds is believed up to [`HIGH`], and how much of what is above it. Chosen on Olist's orders so that
/// few warnings are given on a passing high, at little cost in sharpness (a Brier score of 0.1005 against 0.0985 undamped).
/// From 0.3 to 0.5, more belief buys sharpness with warnings that come to nothing.
const BELIEF: f64 = 0.8;
const BELIEF_HIGH: f64 = 0.3;
/// A chance of 18 %, as a logarithm of odds.
const HIGH: f64 = -1.5;
/// Mood, then one factor for each stretch of days to the promise.
const SIZE: usize = 12;
/// Lasting factors: half after 70 days. Outcomes are known late, so quick learning would chase its own tail.
const KEEP: f64 = 0.99;
/// The mood that all parcels share: half after 23 days.
const KEEP_MOOD: f64 = 0.97;
const RIDGE: f64 = 20.0;
/// What one morning of a parcel says. It is judged on some ten mornings with one outcome, which are hardly ten witnesses.
const WEIGHT: f64 = 0.3;

/// What one morning foresaw, kept until the promise is decided.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Foreseen {
    /// Days from that morning to the promised day.
    pub ahead: Day,
    /// The undamped chance of missing it.
    pub late: f64,
}

/// A day's evidence. It adds up.
pub type Outcomes = Evidence;

/// No outcomes yet.
pub fn outcomes() -> Outcomes {
    Evidence::new(SIZE)
}

/// The layer that damps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    newton: Newton,
}

impl Default for Trust {
    fn default() -> Self {
        Self { newton: Newton::new(SIZE, KEEP, RIDGE).keeping(0, KEEP_MOOD) }
    }
}

impl Trust {
    /// The chance of lateness that is told, 0 to 1.
    pub fn damp(&self, foreseen: Foreseen) -> f64 {
        let odds = logit(foreseen.late);
        let believed = BELIEF * odds.min(HIGH) + BELIEF_HIGH * (odds - HIGH).max(0.0);
        chance(believed + self.newton.sum(&features(foreseen.ahead)))
    }

    /// Adds what became of a promise to the day's evidence. `weight`: the chance that the outcome is one, since a parcel
    /// that never comes is neither in time nor late.
    pub fn learn(&self, outcomes: &mut Outcomes, foreseen: &[Foreseen], late: bool, weight: f64) {
        for morning in foreseen {
            outcomes.add(&features(morning.ahead), self.damp(*morning), late, weight * WEIGHT);
        }
    }

    /// Moves on by a day's outcomes.
    pub fn close(&mut self, outcomes: &Outcomes) {
        self.newton.close(outcomes);
    }
}

fn features(ahead: Day) -> Features {
    let stretch = match ahead {
        ..=0 => 0,
        1 => 1,
        2 => 2,
        3 => 3,
        4 => 4,
        5 => 5,
        6 => 6,
        7..=9 => 7,
        10..=14 => 8,
        15..=21 => 9,
        _ => 10,
    };
    vec![(0, 1.0), (1 + stretch, 1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bold_forecast_is_damped_to_what_came() {
        let mut trust = Trust::default();
        let foreseen = Foreseen { ahead: 3, late: 0.9 };
        for _ in 0..100 {
            let mut day = outcomes();
            for n in 0..40 {
                trust.learn(&mut day, &[foreseen], n % 2 == 0, 1.0);
            }
            trust.close(&day);
        }
        assert!((trust.damp(foreseen) - 0.5).abs() < 0.02);
        assert!(trust.damp(Foreseen { late: 0.95, ..foreseen }) > 0.5, "the order of parcels stays");
    }
}
