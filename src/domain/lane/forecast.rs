//! When a parcel will arrive: a chance for each day to come, and what follows from it.

use serde::{Deserialize, Serialize};

use super::Day;

/// The chance of each day of arrival, given that the parcel has not arrived yet and that it comes at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The first day that can be it: the day of the forecast itself.
    pub from: Day,
    /// The chance of each day from there on.
    pub days: Vec<f64>,
}

/// Days between which a parcel arrives with a stated chance, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub first: Day,
    pub last: Day,
}

impl Arrival {
    /// The chance that it has not arrived by the end of `day`, 0 to 1.
    pub fn after(&self, day: Day) -> f64 {
        let days = usize::try_from(day - self.from + 1).unwrap_or(0);
        (1.0 - self.days.iter().take(days).sum::<f64>()).clamp(0.0, 1.0)
    }

    /// The expected day: as likely to come until then as later.
    pub fn expected(&self) -> Day {
        self.reached(0.5)
    }

    /// The middle range that holds `share` of the chance (0.5 or 0.8). A greater share holds the ranges of all smaller ones.
    pub fn range(&self, share: f64) -> Range {
        let tail = (1.0 - share) / 2.0;
        Range { first: self.reached(tail), last: self.reached(1.0 - tail) }
    }

    /// The first day by whose end the chance of having arrived is `chance`; the last day looked at where it never is.
    fn reached(&self, chance: f64) -> Day {
        let mut sum = 0.0;
        for (day, mass) in (self.from..).zip(&self.days) {
            sum += mass;
            if sum >= chance {
                return day;
            }
        }
        self.from + Day::try_from(self.days.len()).unwrap_or(Day::MAX) - 1
    }
}

/// What a lane says of a parcel, in numbers that a sentence can carry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Experience {
    /// Of how many parcels of this age, after fading.
    pub parcels: f64,
    /// The share that arrived within `days`.
    pub share: f64,
    pub days: usize,
}

impl Experience {
    /// "9 of 10 parcels on this lane that were this old arrived within 4 days".
    pub fn words(&self) -> String {
        let of_ten = (self.share * 10.0).round();
        let days = if self.days == 1 { "a day".to_owned() } else { format!("{} days", self.days) };
        format!("{of_ten} of 10 parcels on this lane that were this old arrived within {days}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_expected_day_is_the_middle_one() {
        let arrival = Arrival { from: 100, days: vec![0.1, 0.2, 0.3, 0.2, 0.1] };
        assert_eq!(arrival.expected(), 102);
        assert_eq!(arrival.range(0.5), Range { first: 101, last: 103 });
        assert!((arrival.after(101) - 0.7).abs() < 1e-9);
        assert!((arrival.after(99) - 1.0).abs() < 1e-9);
        assert_eq!(arrival.range(0.99).last, 104, "beyond what was looked at");
        let words = Experience { parcels: 40.0, share: 0.88, days: 4 }.words();
        assert_eq!(words, "9 of 10 parcels on this lane that were this old arrived within 4 days");
    }

    proptest! {
        #[test]
        fn ranges_nest_and_lateness_falls_with_time(masses in prop::collection::vec(0.0..1.0f64, 1..60)) {
            let sum: f64 = masses.iter().sum::<f64>().max(1e-9) * 1.1;
            let arrival = Arrival { from: 0, days: masses.iter().map(|mass| mass / sum).collect() };
            let (half, most) = (arrival.range(0.5), arrival.range(0.8));
            prop_assert!(most.first <= half.first && half.first <= arrival.expected());
            prop_assert!(arrival.expected() <= half.last && half.last <= most.last);
            let mut before = 1.0;
            for day in -1..70 {
                let after = arrival.after(day);
                prop_assert!((0.0..=before).contains(&after));
                before = after;
            }
        }
    }
}
