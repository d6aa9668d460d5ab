//! What the worker hears of carriers' feeds: scans counted in memory until they are written together, and which feeds are
//! silent just now.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::domain::event::{Event, Kind};
use crate::domain::feed::hour_of;
use crate::domain::fold::value;
use crate::domain::order::Order;
use crate::store::rows::FeedScans;

/// The section `feeds`: when a silent feed is an outage, and what that holds up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Countries whose public holidays carriers keep (ISO 3166-1 alpha-2).
    pub countries: Vec<String>,
    /// Scans that must be missing by a feed's own rhythm.
    pub missing_scans_min: NonZeroU32,
    /// Seconds that it must have been silent.
    pub silence_secs_min: u32,
    /// Hours for which an outage holds customers' delay messages, at most.
    pub hold_hours_max: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            countries: Vec::new(),
            missing_scans_min: NonZeroU32::new(30).expect("a literal above zero"),
            silence_secs_min: 7200,
            hold_hours_max: 48,
        }
    }
}

/// Carriers and hours kept between two writings. Carriers are what feeds call them; a feed gone wrong must not fill the memory.
const KEPT_MAX: usize = 10_000;
/// Scans older than this when they come are no sign of life: somebody reads the past in.
const FRESH: SignedDuration = SignedDuration::from_hours(48);

/// Scans since they were last written down, by carrier and hour. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<Mutex<Counts>>);

/// Scans and the last of them, in milliseconds, by carrier and hour.
type Counts = HashMap<(String, i64), (u64, i64)>;

impl Pulse {
    /// Counts a scan of a carrier that came at `now`. Costs a lock that is never held across anything slow.
    pub fn note(&self, carrier: &str, now: Timestamp) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (carrier.to_owned(), hour_of(now));
        if counts.len() >= KEPT_MAX && !counts.contains_key(&key) {
            return;
        }
        let (scans, last) = counts.entry(key).or_insert((0, i64::MIN));
        *scans += 1;
        *last = (*last).max(now.as_millisecond());
    }

    /// Takes what was counted, to write it down.
    pub fn take(&self) -> Vec<FeedScans> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let scans = |((carrier, hour), (scans, last_ms))| FeedScans { carrier, hour, scans, last_ms };
        counts.into_iter().map(scans).collect()
    }

    /// Puts back what could not be written down.
    pub fn give_back(&self, counted: Vec<FeedScans>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for FeedScans { carrier, hour, scans, last_ms } in counted {
            let (sum, last) = counts.entry((carrier, hour)).or_insert((0, i64::MIN));
            *sum += scans;
            *last = (*last).max(last_ms);
        }
    }
}

/// The carriers whose feeds are silent against their own rhythm. Clones share the set; asking costs next to nothing.
#[derive(Debug, Clone, Default)]
pub struct QuietFeeds(Arc<ArcSwap<BTreeSet<String>>>);

impl QuietFeeds {
    /// The carriers' slugs, as they were seen last.
    pub fn now(&self) -> Arc<BTreeSet<String>> {
        self.0.load_full()
    }

    /// Takes the place of the set.
    pub fn set(&self, carriers: BTreeSet<String>) {
        self.0.store(Arc::new(carriers));
    }
}

/// The carrier whose scan this is, if it is one that has just happened: as the event names it, or as its order knows it.
pub fn scanned_by<'a>(event: &'a Event, order: Option<&'a Order>, now: Timestamp) -> Option<&'a str> {
    if !is_scan(event.kind) || now.duration_since(event.time) > FRESH {
        return None;
    }
    let patch = event.shipment_patch.as_ref()?;
    if let Some(carrier) = &patch.carrier {
        return Some(carrier);
    }
    let number = patch.tracking_number.as_ref();
    let is_it = |facts: &&crate::domain::fold::Facts| number.is_some_and(|number| facts.numbers.contains(number));
    let parcels = &order?.known.parcels;
    let by_name = patch.id.as_ref().and_then(|id| parcels.iter().find(|(name, _)| name.shown() == Some(id.as_str())));
    let facts = by_name.map(|(_, facts)| facts).or_else(|| parcels.values().find(is_it))?;
    value(&facts.known.carrier).map(String::as_str)
}

/// Whether the carrier itself says this, not the shop.
fn is_scan(kind: Kind) -> bool {
    match kind {
        Kind::ShipmentShipped
        | Kind::ShipmentInTransit
        | Kind::ShipmentDelayed
        | Kind::ShipmentOutForDelivery
        | Kind::ShipmentAttemptFailed
        | Kind::ShipmentAvailableForPickup
        | Kind::ShipmentDelivered
        | Kind::ShipmentException
        | Kind::ShipmentReturning
        | Kind::ShipmentReturned
        | Kind::ShipmentLost => true,
        Kind::OrderPlaced
        | Kind::OrderPaid
        | Kind::OrderUpdated
        | Kind::OrderPacked
        | Kind::OrderCancelled
        | Kind::ShipmentCreated
        | Kind::ShipmentUpdated
        | Kind::ShipmentCancelled => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_counted_once() {
        let pulse = Pulse::default();
        let at: Timestamp = "2026-11-02T09:30:00Z".parse().expect("a time");
        for seconds in [0, 5, 3] {
            pulse.note("dhl", at + SignedDuration::from_secs(seconds));
        }
        let taken = pulse.take();
        assert_eq!((taken[0].scans, taken[0].last_ms), (3, at.as_millisecond() + 5000));
        assert!(pulse.take().is_empty());
        pulse.note("dhl", at);
        pulse.give_back(taken);
        assert_eq!(pulse.take()[0].scans, 4);
    }

    #[test]
    fn its_memory_is_bounded() {
        let pulse = Pulse::default();
        let at: Timestamp = "2026-11-02T09:30:00Z".parse().expect("a time");
        for number in 0..KEPT_MAX + 50 {
            pulse.note(&format!("carrier-{number}"), at);
        }
        assert_eq!(pulse.take().len(), KEPT_MAX);
    }
}
