//! Which orders a fact belongs to that names none, but a tracking number.
//!
//! Carriers give numbers out anew, and short ones meet by chance. Whoever was told "delivered" in March must not hear in August of
//! a stranger's parcel, least of all the code of its locker.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::id::TrackingNumber;
use super::order::Order;
use super::parcel::{Parcel, Status};

/// So long before a parcel is heard of, and after it has come or is back, facts about its number can still be about it: carriers
/// correct themselves within days, and wait for months before they give a number out anew (UPU S10: a year).
const BEYOND: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Order {
    /// Whether a fact of this time, about a number that this order has shown, is about its parcel.
    pub fn is_home(&self, number: &TrackingNumber, at: Timestamp, fallback: &TimeZone) -> bool {
        if let Some(erased) = self.told.erased {
            return at.as_millisecond() <= erased.saturating_add(ms(BEYOND));
        }
        let state = self.state(fallback);
        let mut of_the_number = state.parcels.iter().filter(|parcel| parcel.facts.numbers.contains(number)).peekable();
        // A parcel that was voided hears of its scans as well.
        of_the_number.peek().is_none() || of_the_number.any(|parcel| lives(parcel, at))
    }
}

fn ms(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether a time lies within a parcel's life, or near it.
fn lives(parcel: &Parcel<'_>, at: Timestamp) -> bool {
    let first_scan = parcel.facts.scans.first().map(|scan| scan.at);
    let begins = parcel.facts.created.into_iter().chain(first_scan).min();
    let is_over = |status| matches!(status, Status::Delivered | Status::Returned);
    let ends = parcel.now().filter(|now| is_over(now.status)).map(|now| now.to);
    let at = at.as_millisecond();
    begins.is_none_or(|begins| at.saturating_add(ms(BEYOND)) >= begins.0)
        && ends.is_none_or(|ends| at <= ends.0.saturating_add(ms(BEYOND)))
}
