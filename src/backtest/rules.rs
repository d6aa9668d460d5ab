//! The fixed rules that are used elsewhere, held against the same orders.

use crate::domain::day::Day;
use crate::domain::lane::trip::Trip;

/// Their names, in the order of [`held`].
pub const RULES: [&str; 4] = [
    "in transit for more than 15 days",
    "in transit for more than 10 days",
    "not shipped in 5 days",
    "dispatch_by missed",
];

/// Which rules hold for an open parcel on the morning of a day.
pub fn held(trip: &Trip, today: Day) -> [bool; RULES.len()] {
    let shipped = trip.shipped.filter(|shipped| *shipped < today);
    let travelled = |days: Day| shipped.is_some_and(|shipped| today - shipped > days);
    let missed = trip.dispatch_by.is_some_and(|limit| shipped.map_or(today > limit, |shipped| shipped > limit));
    [travelled(15), travelled(10), shipped.is_none() && today - trip.paid > 5, missed]
}
