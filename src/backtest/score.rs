//! How good the warnings were: precision, recall and days of lead; whether a chance of one in five came true once in five.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use crate::domain::day::{self, Day};

/// Days before the promised day by which a warning must have come, to be counted.
pub const LEADS: [Day; 4] = [1, 2, 3, 5];
/// Thresholds are the hundredths from 0.05 to 0.95.
const FIRST_STEP: usize = 5;
const STEPS: usize = 96;
/// Chances are compared with outcomes by tenths.
pub const TENTHS: usize = 10;
/// Late orders that a month must have had before its calibration means something.
pub const LATE_MIN: u32 = 100;

/// What was said of one order, and what came of it.
#[derive(Debug)]
pub struct Told<'a> {
    pub promised: Day,
    pub late: bool,
    /// The mornings on which it was open, and the chance of lateness that was told.
    pub mornings: &'a [(Day, f32)],
    /// For each fixed rule, the first morning on which it held.
    pub rules: &'a [Option<Day>],
}

/// Chances that were told, and how many of them came true.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    pub mornings: u64,
    pub told: f64,
    pub came: u64,
}

/// Warnings, and how many of them were of late orders.
#[derive(Debug, Clone, Copy, Default)]
struct Warned {
    all: u32,
    late: u32,
}

/// The sums over all orders.
#[derive(Debug)]
pub struct Score {
    orders: u32,
    late: u32,
    squares: f64,
    whole: [Bin; TENTHS],
    months: BTreeMap<String, Month>,
    points: [[Warned; STEPS]; LEADS.len()],
    rules: Vec<(&'static str, [Warned; LEADS.len()])>,
}

/// One calendar month of mornings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Month {
    /// Late orders that were open on one of its mornings.
    pub late: u32,
    pub bins: [Bin; TENTHS],
}

/// The figures, as programs read them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    pub orders: u32,
    pub late: u32,
    pub brier: f64,
    pub ece: f64,
    /// Months (`2017-11`) on whose mornings [`LATE_MIN`] late orders or more were open.
    pub ece_by_month: BTreeMap<String, f64>,
    pub points: Vec<Point>,
    pub fixed_rules: Vec<RulePoint>,
}

/// How good warnings at a threshold were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Point {
    pub lead_days: Day,
    pub threshold: f64,
    pub alerts: u32,
    /// `None` without alerts.
    pub precision: Option<f64>,
    /// `None` without late orders.
    pub recall: Option<f64>,
}

/// How good a fixed rule was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RulePoint {
    pub rule: &'static str,
    pub lead_days: Day,
    pub alerts: u32,
    pub precision: Option<f64>,
    pub recall: Option<f64>,
}

impl Score {
    /// Nothing yet. `rules`: the names of the fixed rules that are scored beside.
    pub fn new(rules: &[&'static str]) -> Self {
        Self {
            orders: 0,
            late: 0,
            squares: 0.0,
            whole: [Bin::default(); TENTHS],
            months: BTreeMap::new(),
            points: [[Warned::default(); STEPS]; LEADS.len()],
            rules: rules.iter().map(|rule| (*rule, Default::default())).collect(),
        }
    }

    /// Adds an order whose outcome is known.
    pub fn add(&mut self, told: &Told<'_>) {
        self.orders += 1;
        self.late += u32::from(told.late);
        let mut crossed: [Option<Day>; STEPS] = [None; STEPS];
        let mut month_before = None;
        for &(day, chance) in told.mornings {
            let chance = f64::from(chance);
            self.squares += (chance - f64::from(u8::from(told.late))).powi(2);
            let name = month(day);
            let month = self.months.entry(name.clone()).or_default();
            if told.late && month_before.as_ref() != Some(&name) {
                month.late += 1;
            }
            month_before = Some(name);
            for bin in [&mut month.bins[tenth(chance)], &mut self.whole[tenth(chance)]] {
                bin.mornings += 1;
                bin.told += chance;
                bin.came += u64::from(told.late);
            }
            for (step, first) in crossed.iter_mut().enumerate().skip(FIRST_STEP) {
                if first.is_none() && chance > threshold(step) {
                    *first = Some(day);
                }
            }
        }
        for (lead, steps) in LEADS.iter().zip(&mut self.points) {
            for (first, warned) in crossed.iter().zip(steps) {
                warned.count(*first, *lead, told);
            }
        }
        for (first, (_, warned)) in told.rules.iter().zip(&mut self.rules) {
            for (lead, warned) in LEADS.iter().zip(warned) {
                warned.count(*first, *lead, told);
            }
        }
    }

    /// The figures.
    pub fn figures(&self) -> Figures {
        let mornings: u64 = self.whole.iter().map(|bin| bin.mornings).sum();
        let months = self.months.iter().filter(|(_, month)| month.late >= LATE_MIN);
        let mut points = Vec::new();
        for (lead_days, steps) in LEADS.into_iter().zip(&self.points) {
            for (step, warned) in steps.iter().enumerate().skip(FIRST_STEP) {
                let (precision, recall) = warned.rates(self.late);
                let alerts = warned.all;
                points.push(Point { lead_days, threshold: threshold(step), alerts, precision, recall });
            }
        }
        let mut fixed_rules = Vec::new();
        for (rule, by_lead) in &self.rules {
            for (lead_days, warned) in LEADS.into_iter().zip(by_lead) {
                let (precision, recall) = warned.rates(self.late);
                fixed_rules.push(RulePoint { rule, lead_days, alerts: warned.all, precision, recall });
            }
        }
        Figures {
            orders: self.orders,
            late: self.late,
            brier: if mornings == 0 { 0.0 } else { self.squares / mornings as f64 },
            ece: calibration_error(&self.whole),
            ece_by_month: months.map(|(name, month)| (name.clone(), calibration_error(&month.bins))).collect(),
            points,
            fixed_rules,
        }
    }

    /// The chances that were told over the whole time, by tenths.
    pub fn whole(&self) -> &[Bin; TENTHS] {
        &self.whole
    }

    /// The same month by month.
    pub fn months(&self) -> &BTreeMap<String, Month> {
        &self.months
    }
}

impl Warned {
    fn count(&mut self, first: Option<Day>, lead: Day, told: &Told<'_>) {
        if first.is_some_and(|first| told.promised - first >= lead) {
            self.all += 1;
            self.late += u32::from(told.late);
        }
    }

    fn rates(self, late: u32) -> (Option<f64>, Option<f64>) {
        let share = |of: u32| (of > 0).then(|| f64::from(self.late) / f64::from(of));
        (share(self.all), share(late))
    }
}

/// The mean distance between the chance that was told and the share that came true, over tenths of chance, weighed by
/// mornings.
pub fn calibration_error(bins: &[Bin]) -> f64 {
    let mornings: u64 = bins.iter().map(|bin| bin.mornings).sum();
    let apart: f64 = bins.iter().map(|bin| (bin.told - bin.came as f64).abs()).sum();
    if mornings == 0 { 0.0 } else { apart / mornings as f64 }
}

fn threshold(step: usize) -> f64 {
    // Divided, so that 0.15 is the number that everyone writes.
    step as f64 / 100.0
}

fn tenth(chance: f64) -> usize {
    ((chance * TENTHS as f64) as usize).min(TENTHS - 1)
}

fn month(of: Day) -> String {
    let date = day::date(of).unwrap_or(Date::ZERO);
    format!("{:04}-{:02}", date.year(), date.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_counts_from_the_first_morning_above_the_threshold() {
        let mut score = Score::new(&["rule"]);
        let mornings = [(100, 0.2), (101, 0.6), (102, 0.3), (103, 0.8)];
        score.add(&Told { promised: 104, late: true, mornings: &mornings, rules: &[Some(101)] });
        score.add(&Told { promised: 104, late: false, mornings: &[(103, 0.7)], rules: &[None] });
        let figures = score.figures();
        let point = |lead, threshold: f64| {
            let found = figures.points.iter().find(|p| p.lead_days == lead && (p.threshold - threshold).abs() < 1e-9);
            found.cloned().expect("there")
        };
        assert_eq!(point(3, 0.5).alerts, 1, "the second order is warned of a day ahead only");
        assert_eq!((point(1, 0.5).alerts, point(1, 0.5).precision), (2, Some(0.5)));
        assert_eq!(point(3, 0.75).alerts, 0);
        assert_eq!((point(1, 0.75).precision, point(1, 0.75).recall), (Some(1.0), Some(1.0)));
        assert_eq!(figures.fixed_rules.iter().map(|rule| rule.alerts).sum::<u32>(), 3);
        assert!((figures.brier - (0.64 + 0.16 + 0.49 + 0.04 + 0.49) / 5.0).abs() < 1e-6);
        assert!(figures.ece_by_month.is_empty(), "one late order is no month to judge");
    }
}
