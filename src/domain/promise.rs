//! Delivery days: what was promised and what is expected. A delivery *day* is a day at the destination, never an instant.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::event::Promise;
use super::fold::value;
use super::order::State;
use super::parcel::{Parcel, days_of};
use super::window;

/// The last day on which the promise is kept.
pub fn last_day(promise: &Promise, zone: &TimeZone) -> Date {
    match promise {
        Promise::Day { date } => *date,
        Promise::Window { until, .. } => window::local_day(*until, zone),
    }
}

/// The day that was promised for the order. A day before the payment is a slip of the pen: nothing can be held against it.
pub fn promised(state: &State<'_>) -> Option<Date> {
    let day = value(&state.known.order.promise).map(|promise| last_day(promise, &state.zone))?;
    let paid = value(&state.known.order.paid_at).copied().or(state.known.paid.map(|paid| paid.time()));
    paid.is_none_or(|paid| day >= window::local_day(paid, &state.zone)).then_some(day)
}

/// The days between which the carrier expects a parcel, while it is on its way.
pub fn expected(state: &State<'_>, parcel: &Parcel<'_>) -> Option<(Date, Date)> {
    parcel.eta().map(|eta| days_of(eta, &state.zone))
}

/// The latest day on which the carriers expect the last open parcel; `None` where no carrier says.
pub fn expected_last(state: &State<'_>) -> Option<Date> {
    state.parcels.iter().filter_map(|parcel| expected(state, parcel)).map(|(_, last)| last).max()
}
