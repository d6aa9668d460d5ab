//! Odds factors of single lanes and shops: a seller who has grown slow, a town that the van reaches once a week.
//!
//! There are thousands, each with little evidence, so each is learned by itself, pulled towards no effect, and fades back to
//! it when nothing more is seen.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

use super::Day;

/// Effects that are kept; beyond it those with the least evidence go. One takes about 100 bytes.
pub const EFFECTS_MAX: usize = 50_000;
/// No lane changes the odds more than twenty times.
const EFFECT_MAX: f64 = 3.0;
/// What part of its step an effect takes. A parcel has up to six effects, which all see the same surprise: if each took
/// the whole step, they would overshoot together.
const STEP: f64 = 0.6;

/// What a day said about one effect: surprise, and how much was to be expected of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub surprise: f64,
    pub certainty: f64,
}

/// A day's evidence by name. It adds up.
pub type Evidence = HashMap<Arc<str>, Said>;

/// Adds one parcel-day for all its names.
pub fn add(evidence: &mut Evidence, names: &[Arc<str>], foreseen: f64, came: bool, weight: f64) {
    for name in names {
        let said = evidence.entry(name.clone()).or_default();
        said.surprise += weight * (f64::from(u8::from(came)) - foreseen);
        said.certainty += weight * foreseen * (1.0 - foreseen);
    }
}

/// Adds what another worker saw on the same day.
pub fn merge(evidence: &mut Evidence, other: &Evidence) {
    for (name, said) in other {
        let own = evidence.entry(name.clone()).or_default();
        own.surprise += said.surprise;
        own.certainty += said.certainty;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Effect {
    as_of: Day,
    odds: f64,
    certainty: f64,
}

/// All effects of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    effects: HashMap<Arc<str>, Effect>,
    /// What a day's evidence weighs a day later.
    keep: f64,
    /// Evidence for "no effect" that each begins with.
    pull: f64,
}

impl Effects {
    /// No effects. `keep`: what a day's evidence weighs a day later; `pull`: evidence for "no effect" to begin with, in units
    /// of the variance of an outcome (a parcel-day with a hazard of a tenth brings 0.09).
    pub fn new(keep: f64, pull: f64) -> Self {
        Self { effects: HashMap::new(), keep, pull }
    }

    /// The sum of the effects of these names, as a logarithm of odds.
    pub fn sum(&self, names: &[Arc<str>]) -> f64 {
        names.iter().filter_map(|name| self.effects.get(name)).map(|effect| effect.odds).sum()
    }

    /// One effect, as a factor on the odds.
    pub fn factor(&self, name: &str) -> f64 {
        self.effects.get(name).map_or(1.0, |effect| effect.odds.exp())
    }

    /// Moves on by a day's evidence.
    pub fn close(&mut self, day: Day, evidence: &Evidence) {
        for (name, said) in evidence {
            let blank = Effect { as_of: day, odds: 0.0, certainty: 0.0 };
            let effect = self.effects.entry(name.clone()).or_insert(blank);
            effect.certainty = effect.certainty * self.keep.powi((day - effect.as_of).max(0)) + said.certainty;
            effect.as_of = day.max(effect.as_of);
            effect.odds += STEP * said.surprise / (effect.certainty + self.pull);
            effect.odds = effect.odds.clamp(-EFFECT_MAX, EFFECT_MAX);
        }
        if self.effects.len() > EFFECTS_MAX {
            let weight = |effect: &Effect| effect.certainty * self.keep.powi((day - effect.as_of).max(0));
            let mut weights: Vec<f64> = self.effects.values().map(weight).collect();
            weights.sort_by(f64::total_cmp);
            let floor = weights[EFFECTS_MAX / 10];
            self.effects.retain(|_, effect| weight(effect) > floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_shop_is_found_out_and_one_parcel_proves_little() {
        let (slow, new): (Arc<str>, Arc<str>) = (Arc::from("slow"), Arc::from("new"));
        let mut effects = Effects::new(0.985, 30.0);
        for day in 0..120 {
            let mut evidence = Evidence::new();
            for n in 0..50 {
                let foreseen =
                    super::super::chance(super::super::logit(0.3) + effects.sum(std::slice::from_ref(&slow)));
                add(&mut evidence, std::slice::from_ref(&slow), foreseen, n % 10 == 0, 1.0);
            }
            effects.close(day, &evidence);
        }
        let odds_of_a_tenth_over_odds_of_three_tenths = (0.1 / 0.9) / (0.3 / 0.7);
        assert!((effects.factor("slow") - odds_of_a_tenth_over_odds_of_three_tenths).abs() < 0.08);
        let mut evidence = Evidence::new();
        add(&mut evidence, std::slice::from_ref(&new), 0.3, false, 1.0);
        effects.close(120, &evidence);
        assert!((effects.factor("new") - 1.0).abs() < 0.01);
        assert!((effects.factor("never heard of") - 1.0).abs() < f64::EPSILON);
    }
}
