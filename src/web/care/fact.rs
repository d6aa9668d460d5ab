//! What a customer asked for on our own page, as a fact about the order: it goes through the hinge as a shop's facts do, so that it
//! is told once, explained and forgotten like them. Nothing here writes to a customer by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::apply::{ApplyFailed, Hinge, Verdict};
use crate::domain::id::OrderKey;
use crate::domain::listen::sending_back::Piece;
use crate::domain::order::Order;
use crate::ingest::Apply;
use crate::ingest::decode::Decoder;
use crate::store::listen::returns::Return;
use crate::store::{Store, StoreError};

/// The source of facts that customers report on our pages.
const SOURCE: &str = "/doorstep/care";
/// Characters of a title; more are cut. A hundred lines of them stay far below what an event may weigh, and messages show fewer.
const TITLE_CHARS_MAX: usize = 200;
/// A page needs less to tell the order by itself.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(1);
/// A return that the order was not told of for so long is no longer made up for: its confirmation would be no news.
const MADE_UP_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Returns looked at in one round, the latest first.
const ROUND: u32 = 100;

/// Tells orders what customers have asked for.
#[derive(Debug, Clone)]
pub struct Facts {
    pub decoder: Arc<Decoder>,
    pub hinge: Hinge,
}

/// What became of the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reported {
    /// The order knows, now or since an earlier try.
    Known,
    /// The order is that of somebody who was forgotten: the row is gone as well.
    Forgotten,
}

/// Why an order was not told.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotReported {
    #[error(transparent)]
    Apply(#[from] ApplyFailed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Facts {
    /// Tells the order of a return. The event is made of the row alone, so that every try is the same event, and all but the first
    /// are repeats.
    pub(super) async fn report(&self, store: &Store, row: &Return) -> Result<Reported, NotReported> {
        let incoming = self.decoder.structured("care", return_requested(row).to_string().into_bytes());
        let verdicts = self.hinge.apply(vec![incoming]).await?;
        match verdicts.first() {
            Some(Verdict::Erased) => {
                store.drop_return(row.id).await?;
                return Ok(Reported::Forgotten);
            }
            Some(Verdict::Applied | Verdict::Repeat) => {}
            Some(Verdict::Waiting | Verdict::UnknownType | Verdict::Refused { .. }) | None => {
                // To try again would not help the customer, whose request is kept. The fact is in quarantine, for repair.
                tracing::error!(return.id = %row.id, "the fact of a return was refused");
            }
        }
        Ok(Reported::Known)
    }

    /// Tells orders of returns that were written down when a worker died or the database went away, and that nobody sent once
    /// more. Answers with how many there were.
    ///
    /// # Errors
    /// [`StoreError`]; the next round begins anew.
    pub async fn finish(&self, store: &Store) -> Result<usize, StoreError> {
        let now = store.clock().now();
        let mut rows = store.returns("", false, now - UNDER_WAY, ROUND).await?;
        rows.retain(|row| now.duration_since(row.requested_at) <= MADE_UP_FOR);
        let keys: Vec<OrderKey> = rows.iter().map(|row| row.order.clone()).collect();
        let mut orders: BTreeMap<OrderKey, Order> = BTreeMap::new();
        for row in store.orders(&keys).await? {
            let damaged = |_| StoreError::Corrupt { table: "orders", column: "doc", id: row.key.to_string() };
            orders.insert(row.key.clone(), serde_json::from_str(&row.doc).map_err(damaged)?);
        }
        let is_open = |row: &&Return| {
            orders.get(&row.order).is_some_and(|order| !order.known.returns.contains_key(&row.id.to_string()))
        };
        let mut count = 0;
        for row in rows.iter().filter(is_open) {
            match self.report(store, row).await {
                Ok(_) => count += 1,
                Err(NotReported::Store(error)) => return Err(error),
                Err(NotReported::Apply(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "an order is told of a return later");
                    break;
                }
            }
        }
        Ok(count)
    }
}

fn return_requested(row: &Return) -> Value {
    let item = |piece: &Piece| {
        let title = piece.title.as_ref().map(|title| title.chars().take(TITLE_CHARS_MAX).collect::<String>());
        json!({ "id": piece.id, "sku": piece.sku, "title": title, "qty": piece.qty })
    };
    json!({
        "specversion": "1.0",
        "id": row.id,
        "source": SOURCE,
        "type": "order.updated",
        "subject": row.order.order_str(),
        "time": row.requested_at,
        "brand": row.order.brand_str(),
        "data": { "order": { "id": row.order.order_str(), "return_requested": {
            "id": row.id,
            "by": row.role,
            "decide_by": row.decide_by,
            "wish": row.wish,
            "items": row.pieces.iter().map(item).collect::<Vec<_>>(),
            "here": true,
        } } },
    })
}
