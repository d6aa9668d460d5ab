//! Counts by lane and age, coarse to fine: of the parcels that had waited so many days, how many took the next step that day.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Day;

/// Ages that are told apart, in days; older parcels count with the oldest. Parcels come later than 90 days so rarely that
/// nothing can be learned there.
pub const AGES: usize = 90;
/// Rungs that are kept. With 90 ages of two numbers each it is some 30 MB at most; beyond it those seen least go.
pub const RUNGS_MAX: usize = 20_000;
/// What a day's counts weigh a day later: half after 23 days. So slow that a quiet lane is not forgotten in a fortnight, so
/// fast that a strike is over in the statistics a month after it is over.
const KEEP: f64 = 0.97;
/// Hazard where nothing is known at all: a step in about ten days.
const BLANK: f64 = 0.1;

/// One age on one rung: parcel-days that were open, and those that brought the step. Both decay alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub open: f64,
    pub stepped: f64,
}

/// A day's counts. They add up.
pub type Counts = HashMap<Arc<str>, BTreeMap<usize, Cell>>;

/// Adds one parcel-day. `weight`: how much it says, 0 to 1.
pub fn count(counts: &mut Counts, rungs: &[Arc<str>], age: usize, stepped: bool, weight: f64) {
    for rung in rungs {
        let cell = counts.entry(rung.clone()).or_default().entry(age.min(AGES - 1)).or_default();
        cell.open += weight;
        cell.stepped += if stepped { weight } else { 0.0 };
    }
}

/// Adds what another worker counted on the same day.
pub fn merge(counts: &mut Counts, other: &Counts) {
    for (rung, cells) in other {
        let own = counts.entry(rung.clone()).or_default();
        for (age, cell) in cells {
            let mine = own.entry(*age).or_default();
            mine.open += cell.open;
            mine.stepped += cell.stepped;
        }
    }
}

/// What is known of one rung, as of the day of its last count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Rung {
    as_of: Day,
    /// By age in days.
    cells: Vec<Cell>,
}

/// What one rung has seen, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneSeen {
    pub name: String,
    /// Parcels that took the step, after fading.
    pub parcels: f64,
    /// The share that took it on each day, from the first on.
    pub arrivals: Vec<f64>,
}

/// All rungs of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    rungs: HashMap<Arc<str>, Rung>,
    /// Parcel-days of the coarser rung's experience that every rung starts with.
    pull: f64,
}

impl Ladder {
    /// An empty ladder. `pull`: how many parcel-days a rung must have seen at an age before it is believed as much as the
    /// rung above it.
    pub fn new(pull: f64) -> Self {
        Self { rungs: HashMap::new(), pull }
    }

    /// How many rungs are known.
    pub fn len(&self) -> usize {
        self.rungs.len()
    }

    /// Whether nothing has been counted yet.
    pub fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    /// The hazard at each age, for a parcel on these rungs, coarse to fine. Each lies between what the rungs saw.
    pub fn hazards(&self, names: &[Arc<str>], today: Day) -> Vec<f64> {
        let mut hazards = vec![BLANK; AGES];
        for (depth, name) in names.iter().enumerate() {
            let Some(rung) = self.rungs.get(name) else { continue };
            let pull = if depth == 0 { 1.0 } else { self.pull };
            let faded = fade(rung.as_of, today);
            for (hazard, cell) in hazards.iter_mut().zip(&rung.cells) {
                *hazard = (cell.stepped * faded + pull * *hazard) / (cell.open * faded + pull);
            }
        }
        hazards
    }

    /// What a rung saw of parcels of `age` and older up to `days` later, for words such as "9 of 10": the share that had
    /// taken the step within that time, and how many parcels that rests on. `None` where it saw nobody of that age.
    pub fn within(&self, name: &str, today: Day, age: usize, days: usize) -> Option<(f64, f64)> {
        let rung = self.rungs.get(name)?;
        let seen = rung.cells.get(age)?.open * fade(rung.as_of, today);
        let still = rung.cells.iter().skip(age).take(days).filter(|cell| cell.open > 0.0);
        let waiting: f64 = still.map(|cell| 1.0 - cell.stepped / cell.open).product();
        Some((1.0 - waiting, seen))
    }

    /// How many parcels took the step on this rung, as of its last count.
    pub fn stepped(&self, name: &str) -> f64 {
        self.rungs.get(name).map_or(0.0, |rung| rung.cells.iter().map(|cell| cell.stepped).sum())
    }

    /// The rungs that have seen most, up to `limit`, each with what it has seen up to `days` after its start.
    pub fn seen(&self, today: Day, days: usize, limit: usize) -> Vec<LaneSeen> {
        let mut all: Vec<(f64, &str, &Rung)> = self
            .rungs
            .iter()
            .map(|(name, rung)| (self.stepped(name) * fade(rung.as_of, today), &**name, rung))
            .filter(|(parcels, ..)| *parcels >= 1.0)
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let one = |(parcels, name, rung): (f64, &str, &Rung)| {
            let mut waiting = 1.0;
            let arrivals = rung.cells.iter().take(days).map(|cell| {
                let arrived = if cell.open > 0.0 { waiting * cell.stepped / cell.open } else { 0.0 };
                waiting -= arrived;
                arrived
            });
            LaneSeen { name: name.to_owned(), parcels, arrivals: arrivals.collect() }
        };
        all.into_iter().take(limit).map(one).collect()
    }

    /// Moves on by a day's counts.
    pub fn close(&mut self, day: Day, counts: &Counts) {
        for (name, cells) in counts {
            let rung = self.rungs.entry(name.clone()).or_insert_with(|| Rung { as_of: day, cells: Vec::new() });
            let faded = fade(rung.as_of, day);
            for cell in &mut rung.cells {
                cell.open *= faded;
                cell.stepped *= faded;
            }
            rung.as_of = day.max(rung.as_of);
            for (age, cell) in cells {
                if rung.cells.len() <= *age {
                    rung.cells.resize(age + 1, Cell::default());
                }
                rung.cells[*age].open += cell.open;
                rung.cells[*age].stepped += cell.stepped;
            }
        }
        if self.rungs.len() > RUNGS_MAX {
            self.thin_out(day);
        }
    }

    /// Forgets the tenth of the rungs that weighs least.
    fn thin_out(&mut self, today: Day) {
        let mass = |rung: &Rung| rung.cells.iter().map(|cell| cell.open).sum::<f64>() * fade(rung.as_of, today);
        let mut masses: Vec<f64> = self.rungs.values().map(mass).collect();
        masses.sort_by(f64::total_cmp);
        let floor = masses[RUNGS_MAX / 10];
        self.rungs.retain(|_, rung| mass(rung) > floor);
    }
}

fn fade(as_of: Day, today: Day) -> f64 {
    KEEP.powi((today - as_of).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<Arc<str>> {
        all.iter().map(|name| Arc::from(*name)).collect()
    }

    #[test]
    fn a_rung_with_little_to_say_follows_the_one_above() {
        let mut ladder = Ladder::new(20.0);
        let mut counts = Counts::new();
        for n in 0..1000 {
            count(&mut counts, &names(&["all"]), 3, n % 5 == 0, 1.0);
        }
        count(&mut counts, &names(&["fine"]), 3, true, 1.0);
        ladder.close(100, &counts);
        let coarse = ladder.hazards(&names(&["all"]), 100)[3];
        let fine = ladder.hazards(&names(&["all", "fine"]), 100)[3];
        assert!((coarse - 0.2).abs() < 0.001, "{coarse}");
        assert!(fine > coarse && fine < 0.25, "one parcel moves it a little: {fine}");
    }

    #[test]
    fn counts_fade_and_say_how_many_they_rest_on() {
        let mut ladder = Ladder::new(20.0);
        let mut counts = Counts::new();
        for age in 0..4 {
            for n in 0..10 {
                count(&mut counts, &names(&["lane"]), age, n < 5, 1.0);
            }
        }
        ladder.close(0, &counts);
        let (share, seen) = ladder.within("lane", 0, 0, 2).expect("seen");
        assert!((share - 0.75).abs() < 1e-9 && (seen - 10.0).abs() < 1e-9);
        let (_, later) = ladder.within("lane", 23, 0, 2).expect("seen");
        assert!((later - 4.96).abs() < 0.01, "half of it after 23 days: {later}");
        assert_eq!(ladder.within("lane", 0, 30, 2), None);
    }

    #[test]
    fn space_is_bounded() {
        let mut ladder = Ladder::new(20.0);
        let mut counts = Counts::new();
        for n in 0..RUNGS_MAX + 1 {
            count(&mut counts, &[Arc::from(n.to_string())], 0, false, 1.0 + (n % 50) as f64);
        }
        ladder.close(0, &counts);
        assert!(ladder.len() <= RUNGS_MAX * 9 / 10 + 1);
    }
}
