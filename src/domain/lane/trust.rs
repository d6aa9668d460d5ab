//! What was foreseen, held against what came: the last layer, learned from promises that have just been kept or missed.
//!
//! The hazards foresee too boldly near the promised day: what has kept a parcel so long is often something that no count
//! knows. So the foreseen odds are damped towards the odds that parcels have in common that many days before their promise.

use super::newton::{Evidence, Features, Newton};
use super::{Day, chance, logit};

/// How much of the foreseen odds is believed in the last [`NEAR`] days before the promise, and before that. Rounded from where
/// the likelihood of past outcomes was greatest; it is flat there.
const BELIEF_NEAR: f64 = 0.6;
const BELIEF_FAR: f64 = 0.8;
const NEAR: Day = 8;
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
#[derive(Debug, Clone, Copy, PartialEq)]
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
#[derive(Debug, Clone, PartialEq)]
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
        let belief = if foreseen.ahead <= NEAR { BELIEF_NEAR } else { BELIEF_FAR };
        chance(belief * logit(foreseen.late) + self.newton.sum(&features(foreseen.ahead)))
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
