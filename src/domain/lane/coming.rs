//! The share of parcels that come at all, by age. Orders are cancelled without a word and parcels are lost without a scan;
//! such a one stays open for ever and would make every lane look slower than it is. So an open parcel counts only for the
//! share of those of its age that came in the end.

use super::ladder::{AGES, Cell};
use serde::{Deserialize, Serialize};

/// Days after payment at which an order's fate is taken as settled: of those that come, 99 in 100 have come by then.
pub const SETTLED: i32 = 60;
/// What a day's fates weigh a day later: half after 140 days. Fates are few, and change slowly.
const KEEP: f64 = 0.995;
/// Parcels of the experience of the age before that each age starts with.
const PULL: f64 = 10.0;

/// A day's fates, by age in days. They add up.
pub type Fates = Vec<Cell>;

/// Adds one parcel whose fate is settled: the ages, in days, at which it was still open.
pub fn add(fates: &mut Fates, ages: usize, came: bool) {
    if fates.len() < ages.min(AGES) {
        fates.resize(ages.min(AGES), Cell::default());
    }
    for cell in fates.iter_mut().take(ages) {
        cell.open += 1.0;
        cell.stepped += if came { 1.0 } else { 0.0 };
    }
}

/// Adds what another worker saw on the same day.
pub fn merge(fates: &mut Fates, other: &Fates) {
    if fates.len() < other.len() {
        fates.resize(other.len(), Cell::default());
    }
    for (own, theirs) in fates.iter_mut().zip(other) {
        own.open += theirs.open;
        own.stepped += theirs.stepped;
    }
}

/// The shares of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coming {
    cells: Vec<Cell>,
    /// Worked out once a day.
    shares: Vec<f64>,
}

impl Default for Coming {
    fn default() -> Self {
        Self { cells: vec![Cell::default(); AGES], shares: shares(&vec![Cell::default(); AGES]) }
    }
}

impl Coming {
    /// The share of parcels open at this age that come in the end, 0 to 1.
    pub fn share(&self, age: usize) -> f64 {
        self.shares[age.min(AGES - 1)]
    }

    /// Moves on by a day's fates.
    pub fn close(&mut self, fates: &Fates) {
        for cell in &mut self.cells {
            cell.open *= KEEP;
            cell.stepped *= KEEP;
        }
        merge(&mut self.cells, fates);
        self.shares = shares(&self.cells);
    }
}

/// Where nothing was seen, a share is that of the age before, and a little less.
fn shares(cells: &[Cell]) -> Vec<f64> {
    let mut before = 1.0;
    let share = |cell: &Cell| {
        let share = (cell.stepped + PULL * before) / (cell.open + PULL);
        before = share * 0.98;
        share
    };
    cells.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_an_open_parcel_the_less_it_counts() {
        let mut coming = Coming::default();
        let mut fates = Fates::new();
        for n in 0..100 {
            add(&mut fates, if n % 10 == 0 { 60 } else { 8 }, n % 10 != 0);
        }
        coming.close(&fates);
        assert!((coming.share(2) - 0.9).abs() < 0.02);
        assert!(coming.share(40) < 0.2);
        assert!(coming.share(500) > 0.0);
    }
}
