//! Facts that name no order, but a tracking number: carriers' own feeds send such.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::Batch;
use super::{Failed, Hinge, Verdict};
use crate::domain::event::Event;
use crate::domain::id::{EventKey, OrderKey, TrackingNumber};
use crate::ingest::decode;
use crate::store::Tx;

/// Orders whose facts are read for one that shows their number later. One box holds few orders; a number that more have shown is a
/// placeholder, such as a shop writes before it has a label, and reading all of them for each new one would have no end.
const SHARED_MAX: usize = 16;

impl Hinge {
    /// Folds the facts that a number leads to an order, then those that have waited for a number that is now known, then those
    /// that such a number's other orders have had before. Answers with the facts that must wait.
    pub(super) async fn fold_numbered(
        &self,
        tx: &mut Tx,
        batch: &mut Batch,
        facts: &[(usize, &Event)],
        verdicts: &mut [Verdict],
    ) -> Result<Vec<(TrackingNumber, EventKey)>, Failed> {
        let numbered: Vec<(usize, &TrackingNumber, &Event)> = facts
            .iter()
            .filter(|(_, event)| event.order.is_none())
            .filter_map(|(place, event)| {
                Some((*place, event.shipment_patch.as_ref()?.tracking_number.as_ref()?, *event))
            })
            .collect();
        let asked: BTreeSet<TrackingNumber> =
            numbered.iter().map(|(_, number, _)| *number).chain(batch.new_numbers()).cloned().collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let asked: Vec<TrackingNumber> = asked.into_iter().collect();
        let found = tx.orders_of_numbers(&asked).await?;
        let mut homes: BTreeMap<&TrackingNumber, BTreeSet<OrderKey>> = BTreeMap::new();
        for (number, key) in &found {
            homes.entry(number).or_default().insert(key.clone());
        }
        for number in &asked {
            homes.entry(number).or_default().extend(batch.shown_by(number).cloned());
        }
        let of_the_numbered = numbered.iter().flat_map(|(_, number, _)| &homes[number]);
        self.load(tx, batch, of_the_numbered).await?;
        let mut waiting = Vec::new();
        for (place, number, event) in &numbered {
            let of_it = homes[number].iter().filter(|key| self.is_home(batch, key, number, event));
            let of_it: Vec<&OrderKey> = of_it.collect();
            if of_it.is_empty() {
                verdicts[*place] = Verdict::Waiting;
                waiting.push(((*number).clone(), event.key));
                continue;
            }
            let taken: Vec<bool> = of_it.iter().map(|key| self.fold(batch, key, event)).collect();
            batch.keep_raw(event.key, of_it.iter().copied());
            if !taken.contains(&true) {
                verdicts[*place] = Verdict::Erased;
            }
            of_it.iter().for_each(|key| batch.adopt(event.key, key));
        }
        self.adopt_waiting(tx, batch).await?;
        self.share_adopted(tx, batch, &homes).await?;
        Ok(waiting)
    }

    fn is_home(&self, batch: &Batch, key: &OrderKey, number: &TrackingNumber, event: &Event) -> bool {
        batch.is_home(key, number, event.time, &self.policies.of(&key.brand()))
    }

    /// Facts about a number that other orders have shown before this batch, and that found their home there: whoever shows the
    /// number later must know as much as if all had come at once.
    async fn share_adopted(
        &self,
        tx: &mut Tx,
        batch: &mut Batch,
        homes: &BTreeMap<&TrackingNumber, BTreeSet<OrderKey>>,
    ) -> Result<(), Failed> {
        let new: Vec<(TrackingNumber, BTreeSet<OrderKey>)> =
            batch.new_numbers().map(|number| (number.clone(), batch.shown_by(number).cloned().collect())).collect();
        for (number, showing) in new {
            let others: Vec<OrderKey> = homes[&number].difference(&showing).cloned().collect();
            if others.len() > SHARED_MAX {
                continue;
            }
            for raw in tx.facts_of(&others).await? {
                let Ok(event) = decode::decode_stored(&raw) else { continue };
                let of_number = event.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.as_ref());
                if event.order.is_some() || of_number != Some(&number) {
                    continue;
                }
                for key in &showing {
                    if self.is_home(batch, key, &number, &event) {
                        self.fold(batch, key, &event);
                    }
                }
                // It is the others' fact: they have it already, and go on having it.
                batch.keep_raw(event.key, others.iter());
            }
        }
        Ok(())
    }

    /// Facts that have waited for a number which this batch shows.
    async fn adopt_waiting(&self, tx: &mut Tx, batch: &mut Batch) -> Result<(), Failed> {
        let numbers: Vec<TrackingNumber> = batch.new_numbers().cloned().collect();
        for (event_key, raw) in tx.waiting_for(&numbers).await? {
            let Ok(event) = decode::decode_stored(&raw) else {
                // It was decoded before it was stored; a newer doorstep may be stricter. It stays where it is.
                tracing::warn!(event.id = %event_key, "a waiting fact can no longer be read");
                continue;
            };
            let number = event.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.clone());
            let Some(number) = number else { continue };
            let homes: Vec<OrderKey> =
                batch.shown_by(&number).filter(|key| self.is_home(batch, key, &number, &event)).cloned().collect();
            for key in &homes {
                self.fold(batch, key, &event);
                batch.adopt(event_key, key);
            }
            batch.keep_raw(event_key, homes.iter());
        }
        Ok(())
    }
}
