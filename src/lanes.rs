//! What is known of every brand's lanes, in this worker's memory; and the closing of days.
//!
//! Any number of workers teach: each batch of mornings leaves a tally beside its orders, in the same transaction. When a day and
//! the mornings after it are over everywhere, one worker, whichever comes first, adds its tallies up and writes the lanes anew;
//! the others read them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::domain::id::BrandId;
use crate::domain::lane::Day;
use crate::domain::lane::model::{Lanes, Tally};
use crate::domain::lane::school::{School, can_be_closed, close_until};
use crate::store::rows::TallyRow;
use crate::store::{Store, StoreError, unbroken};

/// How often it is looked whether a day can be closed, or another worker has closed one.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Tallies read at once. One takes some 10 KB.
const TALLIES_AT_ONCE: u32 = 200;
/// The first byte of a packed document: which shape its inside has.
const SHAPE: u8 = 1;

/// The lanes of all brands. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    brands: Arc<RwLock<HashMap<BrandId, Arc<Lanes>>>>,
}

/// A packed document cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is known of the lanes was written by another version, or is damaged")]
pub struct Unreadable;

impl Shelf {
    /// A brand's lanes; empty ones while nothing is known.
    pub fn of(&self, brand: &BrandId) -> Arc<Lanes> {
        let brands = self.brands.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        brands.get(brand).cloned().unwrap_or_default()
    }

    /// Every brand that anything is known of.
    pub fn all(&self) -> BTreeMap<BrandId, Arc<Lanes>> {
        let brands = self.brands.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        brands.iter().map(|(brand, lanes)| (brand.clone(), Arc::clone(lanes))).collect()
    }

    /// Puts a brand's lanes in their place.
    pub fn put(&self, brand: BrandId, lanes: Arc<Lanes>) {
        self.brands.write().unwrap_or_else(std::sync::PoisonError::into_inner).insert(brand, lanes);
    }

    /// Closes days and reads what others have closed, until `stop`.
    pub async fn run(self, store: Store, stop: CancellationToken) {
        loop {
            let done = match self.close_due(&store).await {
                Ok(()) => self.refresh(&store).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::warn!(error = &error as &dyn std::error::Error, "the lanes wait");
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Reads the lanes that are newer than ours.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        for (brand, as_of) in store.lanes_as_of().await? {
            if self.of(&brand).closed() >= Some(as_of) {
                continue;
            }
            let Some(doc) = store.lanes(&brand).await? else { continue };
            match unpack::<Lanes>(&doc) {
                Ok(lanes) => self.put(brand, Arc::new(lanes)),
                Err(error) => tracing::warn!(%brand, error = &error as &dyn std::error::Error, "lanes are not used"),
            }
        }
        Ok(())
    }

    /// Closes every day that is over everywhere, of every brand.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was closed until then stays so.
    pub async fn close_due(&self, store: &Store) -> Result<(), StoreError> {
        let until = can_be_closed(store.clock().now());
        for brand in store.lanes_due(until).await? {
            let store = store.clone();
            unbroken(async move { close(&store, &brand, until).await }).await?;
        }
        Ok(())
    }
}

/// Closes the days of one brand up to `until`.
async fn close(store: &Store, brand: &BrandId, until: Day) -> Result<(), StoreError> {
    let mut tx = store.begin("lanes").await?;
    let known = tx.lock_lanes(brand).await?.map(|doc| unpack::<Lanes>(&doc)).transpose();
    let mut lanes = match known {
        Ok(lanes) => lanes.unwrap_or_default(),
        Err(error) => {
            // Learning anew takes weeks, so it is said loudly; but it beats never learning again.
            tracing::error!(%brand, error = &error as &dyn std::error::Error, "what was known of the lanes is lost");
            Lanes::default()
        }
    };
    if lanes.closed() >= Some(until) {
        return Ok(());
    }
    let mut tallies: BTreeMap<Day, Tally> = BTreeMap::new();
    let mut read: Vec<i64> = Vec::new();
    loop {
        let after = read.last().copied().unwrap_or(0);
        let rows = tx.tallies(brand, until, after, TALLIES_AT_ONCE).await?;
        if rows.is_empty() {
            break;
        }
        for (seq, doc) in rows {
            read.push(seq);
            match unpack::<(Day, Tally)>(&doc) {
                Ok((day, tally)) => tallies.entry(day).or_default().merge(&tally),
                Err(error) => tracing::warn!(%brand, error = &error as &dyn std::error::Error, "a tally is lost"),
            }
        }
    }
    if close_until(&mut lanes, &mut tallies, until) {
        tx.save_lanes(brand, until, &pack(&lanes), &read).await?;
        tx.commit().await?;
        tracing::info!(%brand, day = until, "lanes closed");
    }
    Ok(())
}

/// Gives a brand of which nothing is known the lanes that were learned from its past; false if something is known already.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn begin(store: &Store, brand: &BrandId, lanes: &Lanes) -> Result<bool, StoreError> {
    let Some(closed) = lanes.closed() else { return Ok(false) };
    let (store, brand, doc) = (store.clone(), brand.clone(), pack(lanes));
    unbroken(async move {
        let mut tx = store.begin("lanes").await?;
        if tx.lock_lanes(&brand).await?.is_some() {
            return Ok(false);
        }
        // No tally is read: those that wait are of days after the past, or count with the first day after it.
        tx.save_lanes(&brand, closed, &doc, &[]).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// What schools have learned, as rows.
pub fn tallies(brand: &BrandId, school: &mut School) -> Vec<TallyRow> {
    let taught = school.take().into_iter();
    taught.map(|(day, tally)| TallyRow { brand: brand.clone(), day, doc: pack(&(day, tally)) }).collect()
}

/// Packs a document: its shape, then LZ4 of the plain bytes.
fn pack(document: &impl Serialize) -> Vec<u8> {
    let plain = postcard::to_allocvec(document).expect("statistics are plain data");
    let mut packed = vec![SHAPE];
    packed.extend(lz4_flex::block::compress_prepend_size(&plain));
    packed
}

/// Unpacks a document.
///
/// # Errors
/// [`Unreadable`].
fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, Unreadable> {
    let inside = packed.strip_prefix(&[SHAPE]).ok_or(Unreadable)?;
    let plain = lz4_flex::block::decompress_size_prepended(inside).map_err(|_| Unreadable)?;
    postcard::from_bytes(&plain).map_err(|_| Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_come_back_as_they_were_and_others_are_refused() {
        let mut lanes = Lanes::default();
        let mut tally = Tally::default();
        tally.price("shipping", Some("PLN"), Some(1_250));
        lanes.close(20_000, &tally);
        assert_eq!(unpack::<Lanes>(&pack(&lanes)), Ok(lanes));
        assert_eq!(unpack::<(Day, Tally)>(&pack(&(20_000, tally.clone()))), Ok((20_000, tally)));
        assert_eq!(unpack::<Lanes>(&[2, 0, 0]), Err(Unreadable));
        assert_eq!(unpack::<Lanes>(&[SHAPE, 9, 9]), Err(Unreadable));
        assert_eq!(unpack::<Lanes>(&[]), Err(Unreadable));
    }
}
