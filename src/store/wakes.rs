//! Timers: when an order must be looked at again.

use std::time::Duration;

use jiff::Timestamp;

use super::claim::at;
use super::error::StoreError;
use super::params::{One, Sql};
use super::save::ms;
use super::{Store, now_postgres, now_sqlite, orders};
use crate::domain::id::OrderKey;

// A claimed timer is due again after the lease, unless the tick has written the order's next one by then.
// On SQLite the limit is a sum for the same reason as in `claim`.
const CLAIM: Sql = Sql {
    postgres: concat!(
        "with due as materialized (
             select order_key from wakes where due_at <= ",
        now_postgres!(),
        " order by due_at limit $2 for update skip locked)
         update wakes set due_at = ",
        now_postgres!(),
        " + $3 from due where wakes.order_key = due.order_key returning wakes.order_key"
    ),
    sqlite: concat!(
        "update wakes set due_at = ",
        now_sqlite!(),
        " + $3 where order_key in (select order_key from wakes where due_at <= ",
        now_sqlite!(),
        " order by due_at limit 0 + $2) returning order_key"
    ),
};

const NEXT: Sql = Sql::same("select min(due_at) from wakes");

impl Store {
    /// Takes up to `limit` orders whose time has come, oldest first. Each is to be passed through `apply` with a tick, and that
    /// batch must name the order among its `wakes`, with its next time or none: otherwise it is due again after `lease`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_wakes(&self, limit: u32, lease: Duration) -> Result<Vec<OrderKey>, StoreError> {
        let ones = [self.now(), One::Int(i64::from(limit)), One::Int(ms(lease))];
        let rows: Vec<(String,)> = self.write(&CLAIM, &ones, &[]).await?;
        rows.into_iter().map(|(text,)| orders::key("wakes", text)).collect()
    }

    /// When the next order must be looked at; a time in the past means now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows: Vec<(Option<i64>,)> = self.read(&NEXT, &[], &[]).await?;
        Ok(rows.first().and_then(|(due,)| due.and_then(at)))
    }
}
