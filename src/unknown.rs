//! Scans of numbers that no order has shown: after a day ops hear of each number, once.
//!
//! Such an alert belongs to no order. It is kept under `brand/?`, with the number in the parcel's place, and ends when an order
//! shows the number, or when its scans are forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::apply::Policies;
use crate::domain::alert::{Alert, AlertKey, Kind, UNKNOWN_ORDER};
use crate::domain::id::{EventKey, OrderId, OrderKey};
use crate::ingest::decode::decode_stored;
use crate::outcomes::alert;
use crate::store::alerts::UnknownNumber;
use crate::store::{Store, StoreError};

/// A shop that tells of its parcels in the evening has told of all by then.
const AGE: Duration = Duration::from_secs(24 * 3600);
/// Scans looked at in one go. A feed gone wrong is seen by the first few hundred; the others follow in the next goes.
pub const SCANS_MAX: u32 = 500;

/// What one look has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Looked {
    pub opened: usize,
    pub ended: usize,
}

/// Looks for such numbers, again and again.
#[derive(Debug, Default)]
pub struct Looks {
    /// The last scan of the look before. Scans of which nobody wants to hear stay the oldest for as long as they are kept, so each
    /// look goes on where the one before ended, and begins anew after the last scan.
    after: Option<(Timestamp, EventKey)>,
}

impl Looks {
    /// Opens alerts for numbers that have waited for a day, and ends those of numbers that wait no more. `tells`: whether outcome
    /// events are queued.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn look(&mut self, store: &Store, policies: &Policies, tells: bool) -> Result<Looked, StoreError> {
        let scans = store.unknown_numbers(AGE, self.after, SCANS_MAX).await?;
        let is_full = scans.len() >= SCANS_MAX as usize;
        let last = scans.last().filter(|_| is_full).map(|scan| (scan.since, scan.event));
        let mut first: BTreeMap<String, UnknownNumber> = BTreeMap::new();
        for scan in scans {
            first.entry(scan.number.as_str().to_owned()).or_insert(scan);
        }
        let alerts: Vec<Alert> = first.into_values().filter_map(|scan| describe(scan, policies, store)).collect();
        let opened = store.open_alerts(&alerts, move |row| tells.then(|| alert::opened(&row.alert))).await?;
        self.after = last;
        let ended = store.end_found_numbers(move |row| if tells { alert::cleared_row(row) } else { None }).await?;
        Ok(Looked { opened: opened.len(), ended: ended.len() })
    }
}

/// `None` where the brand does not look for it, or the scan can no longer be read.
fn describe(scan: UnknownNumber, policies: &Policies, store: &Store) -> Option<Alert> {
    let event = decode_stored(&scan.raw).ok()?;
    let carrier = event.shipment_patch.and_then(|patch| patch.carrier);
    let limits = policies.of(&event.brand);
    if limits.watch.limits(carrier.as_deref(), None).off.contains(&Kind::UnknownTrackingNumber) {
        return None;
    }
    let order = OrderKey::new(&event.brand, &OrderId::new(UNKNOWN_ORDER));
    let number = scan.number.as_str().to_owned();
    Some(Alert {
        key: AlertKey::new(&order, Some(&number), Kind::UnknownTrackingNumber, 1),
        order,
        parcel: Some(number),
        kind: Kind::UnknownTrackingNumber,
        occurrence: 1,
        since: scan.since,
        opened_at: store.clock().now(),
        carrier,
        lane: None,
        warehouse: None,
        reason: None,
        value: None,
        currency: None,
        promised: None,
        chance: None,
    })
}
