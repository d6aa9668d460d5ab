//! Beside the facts: what the same person bought before, and how often content blocks are shown and followed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::day;
use crate::domain::fold::value;
use crate::domain::goods::Goods;
use crate::domain::id::{BrandId, OrderKey};
use crate::domain::order::Order;
use crate::domain::person::{Channel, ContactKey};
use crate::store::rows::ContentCount;
use crate::store::{Store, StoreError};

/// How often counts are written.
const WRITE_EVERY: Duration = Duration::from_secs(10);
/// Most blocks counted between two writes: all of fifty brands with many blocks. More are not counted, so that memory is bounded.
const BLOCKS_MAX: usize = 10_000;

/// The pseudonym of the address by which an order's customer is known best.
pub fn buyer(order: &Order) -> Option<ContactKey> {
    let customer = &order.known.customer;
    match (value(&customer.email), value(&customer.phone)) {
        (Some(email), _) => Some(ContactKey::new(Channel::Email, email.expose())),
        (None, Some(phone)) => Some(ContactKey::new(Channel::Sms, phone.expose())),
        (None, None) => None,
    }
}

/// What the customer of an order bought before, of the same brand.
///
/// # Errors
/// When the database does not answer.
pub async fn bought_before(store: &Store, key: &OrderKey, order: &Order) -> Result<Goods, StoreError> {
    let Some(contact) = buyer(order) else { return Ok(Goods::default()) };
    let mut goods = Goods::default();
    for text in store.bought_before(contact, key).await? {
        let damaged = |_| StoreError::Corrupt { table: "purchases", column: "goods", id: key.to_string() };
        goods.join(serde_json::from_str(&text).map_err(damaged)?);
    }
    Ok(goods)
}

/// How often each block was shown and followed.
type Counted = HashMap<(BrandId, String), (u64, u64)>;

/// Counts of blocks that are not written yet. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Counts(Arc<Mutex<Counted>>);

impl Counts {
    /// A block was shown on a page.
    pub fn shown(&self, brand: &BrandId, block: &str) {
        self.add(brand, block, (1, 0));
    }

    /// Somebody, or a program, followed a block's link.
    pub fn followed(&self, brand: &BrandId, block: &str) {
        self.add(brand, block, (0, 1));
    }

    fn add(&self, brand: &BrandId, block: &str, (shown, followed): (u64, u64)) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (brand.clone(), block.to_owned());
        if counts.len() < BLOCKS_MAX || counts.contains_key(&key) {
            let count = counts.entry(key).or_default();
            *count = (count.0 + shown, count.1 + followed);
        }
    }

    /// Writes what was counted. What cannot be written is kept for the next time.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn write(&self, store: &Store) -> Result<(), StoreError> {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let today = day::number(crate::domain::window::local_day(store.clock().now(), &jiff::tz::TimeZone::UTC));
        let row = |((brand, block), (shown, followed)): (&(BrandId, String), &(u64, u64))| ContentCount {
            brand: brand.clone(),
            block: block.clone(),
            day: today,
            shown: *shown,
            followed: *followed,
        };
        let rows: Vec<ContentCount> = counted.iter().map(row).collect();
        let written = store.count_content(&rows).await;
        if written.is_err() {
            counted.iter().for_each(|((brand, block), count)| self.add(brand, block, *count));
        }
        written
    }

    /// Writes what was counted again and again, until `stop`, and then once more.
    pub async fn run(self, store: Store, stop: CancellationToken) {
        loop {
            let goes_on = tokio::select! {
                () = stop.cancelled() => false,
                () = tokio::time::sleep(WRITE_EVERY) => true,
            };
            if let Err(error) = self.write(&store).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "content is counted later");
            }
            if !goes_on {
                return;
            }
        }
    }
}
