//! The transaction in which a batch of events is applied.

use std::borrow::Borrow;
use std::collections::HashMap;

use uuid::Uuid;

use super::conn::{Conn, Readable};
use super::error::StoreError;
use super::faults::Held;
use super::params::{Args, Col, One, Sql, args};
use super::rows::{Arrival, OrderRow, Seen};
use super::{now_postgres, now_sqlite, orders};
use crate::clock::{Clock, Stopwatch};
use crate::domain::id::{EventKey, OrderKey, TrackingNumber};
use crate::telemetry::{self, TxOutcome};

/// A transaction under way. Dropped without [`Tx::commit`], it rolls back.
pub struct Tx {
    conn: Conn,
    /// After the connection, so that it ends after it.
    turn: Held,
    clock: Clock,
    name: &'static str,
    since: Stopwatch,
}

// Rows are inserted in the order of their keys, so that two batches with the same events wait for one another instead of
// dead-locking. A batch that waits sees the other's rows as soon as those are committed.
const SEE: Sql = Sql {
    postgres: concat!(
        "insert into inbox (key, content, order_key, kind, received_at, raw)
         select u.key, u.content, u.order_key, u.kind, ",
        now_postgres!(),
        ", u.raw
         from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[]) as u(key, content, order_key, kind, raw)
         on conflict (key) do nothing returning key"
    ),
    sqlite: concat!(
        "insert into inbox (key, content, order_key, kind, received_at, raw)
         select unhex(value->>0), unhex(value->>1), value->>2, value->>3, ",
        now_sqlite!(),
        ", substr($3, value->>4, value->>5)
         from json_each($2) where true
         on conflict (key) do nothing returning key"
    ),
};

const CONTENTS: Sql = Sql {
    postgres: "select key, content from inbox where key = any($1::uuid[])",
    sqlite: "select key, content from inbox where key in (select unhex(value->>0) from json_each($1))",
};

impl Tx {
    pub(super) fn new(conn: Conn, turn: Held, clock: Clock, name: &'static str) -> Self {
        Self { conn, turn, clock, name, since: Stopwatch::start() }
    }

    pub(super) fn now(&self) -> One<'static> {
        One::OptInt(self.clock.for_sql())
    }

    pub(super) fn args(&self, ones: &[One<'_>], cols: &[Col<'_>]) -> Result<Args, StoreError> {
        args(self.conn.kind(), ones, cols)
    }

    pub(super) async fn fetch<T: Readable>(
        &mut self,
        sql: &Sql,
        ones: &[One<'_>],
        cols: &[Col<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let args = self.args(ones, cols)?;
        self.conn.fetch(sql, args).await
    }

    pub(super) async fn execute(&mut self, sql: &Sql, ones: &[One<'_>], cols: &[Col<'_>]) -> Result<u64, StoreError> {
        let args = self.args(ones, cols)?;
        self.conn.execute(sql, args).await
    }

    pub(super) fn kind(&self) -> super::Kind {
        self.conn.kind()
    }

    /// Records the arrivals in the inbox and says of each whether it is new. Of two arrivals with one key in a batch, the first
    /// counts and the second is judged against it.
    ///
    /// # Errors
    /// [`StoreError::Poison`] if one of them cannot be stored.
    pub async fn mark_seen<A: Borrow<Arrival> + Sync>(&mut self, arrivals: &[A]) -> Result<Vec<Seen>, StoreError> {
        if arrivals.is_empty() {
            return Ok(Vec::new());
        }
        let mut first: HashMap<EventKey, &Arrival> = HashMap::with_capacity(arrivals.len());
        for arrival in arrivals.iter().map(Borrow::borrow) {
            first.entry(arrival.key).or_insert(arrival);
        }
        let mut sorted: Vec<&Arrival> = first.values().copied().collect();
        sorted.sort_unstable_by_key(|arrival| arrival.key);
        let cols = [
            Col::Uuid(sorted.iter().map(|arrival| arrival.key.0).collect()),
            Col::Uuid(sorted.iter().map(|arrival| arrival.content).collect()),
            Col::OptText(sorted.iter().map(|arrival| arrival.order.as_ref().map(OrderKey::as_str)).collect()),
            Col::Text(sorted.iter().map(|arrival| arrival.kind.as_str()).collect()),
            Col::Bytes(sorted.iter().map(|arrival| arrival.raw.as_slice()).collect()),
        ];
        let now = self.now();
        let fresh: Vec<(Uuid,)> = self.fetch(&SEE, &[now], &cols).await?;
        let mut contents: HashMap<Uuid, Uuid> = HashMap::with_capacity(sorted.len());
        let mut fresh: HashMap<Uuid, ()> = fresh.into_iter().map(|(key,)| (key, ())).collect();
        let known: Vec<Uuid> = sorted.iter().map(|a| a.key.0).filter(|key| !fresh.contains_key(key)).collect();
        if !known.is_empty() {
            contents.extend(self.fetch::<(Uuid, Uuid)>(&CONTENTS, &[], &[Col::Uuid(known)]).await?);
        }
        let judge = |arrival: &Arrival| {
            let key = arrival.key.0;
            let content = contents.get(&key).copied().unwrap_or_else(|| first[&arrival.key].content);
            // Taken out, so that only the first of several is fresh.
            if fresh.remove(&key).is_some() {
                Seen::Fresh
            } else if content == arrival.content {
                Seen::Repeat
            } else {
                Seen::Reused
            }
        };
        Ok(arrivals.iter().map(Borrow::borrow).map(judge).collect())
    }

    /// Loads the orders that exist, sorted by key. On Postgres their rows stay locked until the end of the transaction, in that
    /// order, so that two batches that share orders take turns instead of losing work.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] on a dead-lock, [`StoreError::Unavailable`].
    pub async fn load_orders(&mut self, keys: &[OrderKey]) -> Result<Vec<OrderRow>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.fetch(&orders::LOAD, &[], &[orders::sorted(keys)]).await?;
        orders::rows(rows)
    }

    /// The orders that have shown one of these numbers. On Postgres each number is locked first, in sorted order, until the end
    /// of the transaction: so a fact that is about to wait and an order that is about to show the number cannot miss one
    /// another. Ask for every number of the batch, those that orders newly show included, before [`Tx::waiting_for`].
    ///
    /// # Errors
    /// [`StoreError::Conflict`] on a dead-lock, [`StoreError::Unavailable`].
    pub async fn orders_of_numbers(
        &mut self,
        numbers: &[TrackingNumber],
    ) -> Result<Vec<(TrackingNumber, OrderKey)>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        if self.kind() == super::Kind::Postgres {
            self.execute(&orders::LOCK_NUMBERS, &[], &[orders::numbers(numbers)]).await?;
        }
        let rows: Vec<(String, String)> = self.fetch(&orders::OF_NUMBERS, &[], &[orders::numbers(numbers)]).await?;
        rows.into_iter()
            .map(|(number, order)| Ok((TrackingNumber::new(number), orders::key("numbers", order)?)))
            .collect()
    }

    /// The facts that wait for one of these numbers, oldest first: their keys and the events as they came.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn waiting_for(&mut self, numbers: &[TrackingNumber]) -> Result<Vec<(EventKey, Vec<u8>)>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid, Vec<u8>)> = self.fetch(&orders::WAITING_FOR, &[], &[orders::numbers(numbers)]).await?;
        Ok(rows.into_iter().map(|(key, raw)| (EventKey(key), raw)).collect())
    }

    /// The facts of these orders as they came, oldest first; without those that were blanked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn facts_of(&mut self, keys: &[OrderKey]) -> Result<Vec<Vec<u8>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Vec<u8>,)> = self.fetch(&orders::FACTS, &[], &[orders::sorted(keys)]).await?;
        Ok(rows.into_iter().map(|(raw,)| raw).filter(|raw| !raw.is_empty()).collect())
    }

    /// Makes everything since `begin` lasting.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], or [`StoreError::Unavailable`]: then nobody knows whether it happened; run again from the
    /// start, the inbox will tell.
    pub async fn commit(self) -> Result<(), StoreError> {
        let Self { conn, turn, name, since, .. } = self;
        let done = turn.finish(conn).await;
        let outcome = match &done {
            Ok(()) => TxOutcome::Committed,
            Err(StoreError::Conflict) => TxOutcome::Conflict,
            Err(_) => TxOutcome::Failed,
        };
        telemetry::store_tx(name, outcome, since.elapsed());
        done
    }
}
