//! What a shop's own parcels teach about its lanes: how long a parcel waits before the carrier takes it (*handling*), how long
//! it travels (*transit*), and so how likely it is to miss its promise.
//!
//! Each parcel that is open on a day has a small chance, the *hazard*, that the day brings its next step. A hazard is made of
//! two layers. A [`ladder`] of counts says what became of parcels of this age, on this lane, shrunk to coarser lanes where
//! there were few. On top, odds factors say what a weekday, a holiday, a shop or the last few days change about it: those
//! that every parcel has in common are learned together ([`newton`]), those of single lanes and shops one by one
//! ([`effects`]). From the hazards of the days to come follow the chance of each day of arrival and of lateness
//! ([`forecast`]). Last, [`trust`] holds what was foreseen against what came, and damps it.
//!
//! Everything is learned from one [`Tally`](model::Tally) a day. Tallies add up, in any order and from any number of workers;
//! closing a day moves all numbers forward by it and lets older days weigh less. So the statistics need bounded space, and a
//! parcel that is still on its way counts as soon as one that has arrived.

pub mod trip;
pub mod ladder;
pub mod newton;
pub mod effects;
pub mod phase;
pub mod coming;
pub mod prices;
pub mod trust;
pub mod forecast;
pub mod model;
pub mod memory;
pub mod school;

pub use crate::domain::day::Day;

/// The odds' logarithm. Chances nearer to 0 and 1 than 1 in 10,000 are not told apart: nothing here knows that much.
pub fn logit(chance: f64) -> f64 {
    let chance = chance.clamp(1e-4, 1.0 - 1e-4);
    (chance / (1.0 - chance)).ln()
}

/// The chance whose odds' logarithm this is.
pub fn chance(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests;
