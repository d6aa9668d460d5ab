//! Odds factors that all parcels have in common, learned together: a logistic regression that takes one Newton step a day.
//!
//! Together, since a Monday and a young age and a short promise come at once, and each must get its own share of what they
//! explain. The curvature of past days is kept, fading, so a step grows smaller with experience and never vanishes.
//! The matrix is small (below 50 by 50); a linear algebra crate would weigh more than the thirty lines below.

use serde::{Deserialize, Serialize};

/// What is true of one parcel-day: which factors apply, and how much.
pub type Features = Vec<(usize, f64)>;

/// A day's evidence. It adds up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The slope of the likelihood.
    slope: Vec<f64>,
    /// Its curvature, row by row.
    curvature: Vec<f64>,
}

impl Evidence {
    /// No evidence about `size` factors.
    pub fn new(size: usize) -> Self {
        Self { slope: vec![0.0; size], curvature: vec![0.0; size * size] }
    }

    /// Adds one parcel-day: what was foreseen, what came, and how much it says (0 to 1).
    pub fn add(&mut self, features: &Features, foreseen: f64, came: bool, weight: f64) {
        let surprise = weight * (f64::from(u8::from(came)) - foreseen);
        // A sure thing that fails must not move the factors without end.
        let certainty = weight * (foreseen * (1.0 - foreseen)).max(1e-3);
        let size = self.slope.len();
        for &(row, x) in features {
            self.slope[row] += surprise * x;
            for &(column, y) in features {
                self.curvature[row * size + column] += certainty * x * y;
            }
        }
    }

    /// Adds what another worker saw on the same day.
    pub fn merge(&mut self, other: &Self) {
        for (own, theirs) in self.slope.iter_mut().zip(&other.slope) {
            *own += theirs;
        }
        for (own, theirs) in self.curvature.iter_mut().zip(&other.curvature) {
            *own += theirs;
        }
    }
}

/// The factors, as logarithms of odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Newton {
    factors: Vec<f64>,
    curvature: Vec<f64>,
    /// What a day's evidence about each factor weighs a day later.
    keep: Vec<f64>,
    ridge: f64,
}

/// The furthest that a factor may move in a day: odds times 2.7. A first day's few parcels must not run away.
const STEP_MAX: f64 = 1.0;

impl Newton {
    /// `size` factors that change nothing yet. `keep`: what a day's evidence weighs a day later. `ridge`: how much evidence
    /// is needed before a factor moves.
    pub fn new(size: usize, keep: f64, ridge: f64) -> Self {
        Self { factors: vec![0.0; size], curvature: vec![0.0; size * size], keep: vec![keep; size], ridge }
    }

    /// Lets one factor forget at its own pace.
    #[must_use]
    pub fn keeping(mut self, factor: usize, keep: f64) -> Self {
        self.keep[factor] = keep;
        self
    }

    /// One factor.
    pub fn factor(&self, factor: usize) -> f64 {
        self.factors[factor]
    }

    /// The sum of the factors that apply.
    pub fn sum(&self, features: &Features) -> f64 {
        features.iter().map(|&(factor, x)| self.factors[factor] * x).sum()
    }

    /// Moves on by a day's evidence.
    pub fn close(&mut self, evidence: &Evidence) {
        let size = self.factors.len();
        for row in 0..size {
            for column in 0..size {
                let cell = &mut self.curvature[row * size + column];
                *cell = *cell * (self.keep[row] * self.keep[column]).sqrt() + evidence.curvature[row * size + column];
            }
        }
        let step = solve(&self.curvature, self.ridge, &evidence.slope);
        for (factor, step) in self.factors.iter_mut().zip(step) {
            *factor += step.clamp(-STEP_MAX, STEP_MAX);
        }
    }
}

/// Solves `(matrix + ridge) x = right` for a symmetric, positive matrix (Cholesky).
fn solve(matrix: &[f64], ridge: f64, right: &[f64]) -> Vec<f64> {
    let size = right.len();
    let mut low = matrix.to_vec();
    for row in 0..size {
        low[row * size + row] += ridge;
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| low[row * size + k] * low[column * size + k]).sum();
            let rest = low[row * size + column] - known;
            low[row * size + column] =
                if row == column { rest.max(1e-9).sqrt() } else { rest / low[column * size + column] };
        }
    }
    let mut x = right.to_vec();
    for row in 0..size {
        let known: f64 = (0..row).map(|k| low[row * size + k] * x[k]).sum();
        x[row] = (x[row] - known) / low[row * size + row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|k| low[k * size + row] * x[k]).sum();
        x[row] = (x[row] - known) / low[row * size + row];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lane::chance;

    #[test]
    fn the_step_solves_its_equation() {
        let matrix = [4.0, 2.0, 2.0, 3.0];
        let x = solve(&matrix, 1.0, &[9.0, 10.0]);
        assert!((5.0 * x[0] + 2.0 * x[1] - 9.0).abs() < 1e-9 && (2.0 * x[0] + 4.0 * x[1] - 10.0).abs() < 1e-9);
    }

    #[test]
    fn factors_that_come_together_share_what_they_explain() {
        let mut newton = Newton::new(3, 0.99, 1.0);
        for _ in 0..60 {
            let mut evidence = Evidence::new(3);
            for n in 0..400 {
                // Half of all days come true; with the second factor one in five; the third is there by chance.
                let special = n % 2 == 0;
                let features = if special { vec![(0, 1.0), (1, 1.0)] } else { vec![(0, 1.0), (2, f64::from(n % 3))] };
                let came = if special { n % 10 == 0 } else { n % 4 == 1 };
                evidence.add(&features, chance(newton.sum(&features)), came, 1.0);
            }
            newton.close(&evidence);
        }
        assert!((chance(newton.factor(0)) - 0.5).abs() < 0.02);
        assert!((chance(newton.factor(0) + newton.factor(1)) - 0.2).abs() < 0.02);
    }
}
