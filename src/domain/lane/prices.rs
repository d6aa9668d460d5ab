//! What goods and their shipping usually cost, by currency. A dear shipping means a heavy parcel or a far place; no sum of money
//! says so by itself, since every currency counts otherwise.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a day's prices weigh a day later: half after 70 days.
const KEEP: f64 = 0.99;
/// Prices that must have been seen before one is called dear.
const FEWEST: f64 = 20.0;
/// Seven times the usual price says no more than more than that.
const DEAR_MAX: f64 = 2.0;

/// Sums of the logarithms of prices, and their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    logs: f64,
    count: f64,
}

/// A day's prices by kind and currency. They add up.
pub type Paid = BTreeMap<String, Sum>;

/// Adds a price in minor units. Free things are not cheap ones: they say nothing.
pub fn add(paid: &mut Paid, what: &str, currency: Option<&str>, price: Option<i64>) {
    if let Some((name, log)) = named(what, currency, price) {
        let sum = paid.entry(name).or_default();
        sum.logs += log;
        sum.count += 1.0;
    }
}

/// Adds what another worker saw on the same day.
pub fn merge(paid: &mut Paid, other: &Paid) {
    for (name, theirs) in other {
        let own = paid.entry(name.clone()).or_default();
        own.logs += theirs.logs;
        own.count += theirs.count;
    }
}

/// The usual prices.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prices {
    sums: Paid,
}

impl Prices {
    /// The logarithm of a price over the usual one; 0 where there is no price or no usual one.
    pub fn dear(&self, what: &str, currency: Option<&str>, price: Option<i64>) -> f64 {
        let dear = || {
            let (name, log) = named(what, currency, price)?;
            let sum = self.sums.get(&name).filter(|sum| sum.count >= FEWEST)?;
            Some((log - sum.logs / sum.count).clamp(-DEAR_MAX, DEAR_MAX))
        };
        dear().unwrap_or(0.0)
    }

    /// Moves on by a day's prices.
    pub fn close(&mut self, paid: &Paid) {
        for sum in self.sums.values_mut() {
            sum.logs *= KEEP;
            sum.count *= KEEP;
        }
        merge(&mut self.sums, paid);
    }
}

fn named(what: &str, currency: Option<&str>, price: Option<i64>) -> Option<(String, f64)> {
    let price = price.filter(|price| *price > 0)?;
    // Sums of money are far below 2^52 minor units.
    Some((format!("{what} {}", currency.unwrap_or_default()), (price as f64).ln()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dear_is_what_costs_more_than_usual() {
        let mut prices = Prices::default();
        let mut paid = Paid::new();
        for _ in 0..30 {
            add(&mut paid, "shipping", Some("BRL"), Some(1_000));
        }
        assert!(prices.dear("shipping", Some("BRL"), Some(2_000)).abs() < 1e-9, "nothing is usual yet");
        prices.close(&paid);
        assert!((prices.dear("shipping", Some("BRL"), Some(2_000)) - 2.0f64.ln()).abs() < 1e-9);
        assert!(prices.dear("shipping", Some("PLN"), Some(2_000)).abs() < 1e-9);
        assert!(prices.dear("shipping", Some("BRL"), Some(0)).abs() < 1e-9);
    }
}
