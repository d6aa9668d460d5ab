//! Whether anything has changed: figures that are cheap to ask every second.

use crate::domain::id::OrderKey;
use crate::store::cols::cols;
use crate::store::params::Sql;
use crate::store::{Store, StoreError, orders};

// Each part is the end of an index.
const PULSE: Sql = Sql::same(
    "select (select coalesce(max(opened_at), 0) from alerts) as opened,
         (select coalesce(max(cleared_at), 0) from alerts where cleared_at is not null) as cleared,
         (select coalesce(max(seq), 0) from ops_audit) as acted,
         (select coalesce(max(id), 0) from quarantine) as refused,
         (select coalesce(max(doubt_at), 0) from outbox where doubt_at is not null) as doubted,
         (select cast(count(*) as bigint) from feed_outages where until_at is null) as outages",
);

const PULSES: Sql = Sql {
    postgres: "select key, cast(sum(n) as bigint) from (
                   select key, version as n from orders where key = any($1::text[])
                   union all
                   select order_key, fence + coalesce(settled_at, 0) from outbox where order_key = any($1::text[])
                   union all
                   select order_key, opened_at + coalesce(cleared_at, 0) from alerts where order_key = any($1::text[])) as t
               group by key",
    sqlite: "select key, sum(n) from (
                 select key, version as n from orders where key in (select value->>0 from json_each($1))
                 union all
                 select order_key, fence + coalesce(settled_at, 0) from outbox
                 where order_key in (select value->>0 from json_each($1))
                 union all
                 select order_key, opened_at + coalesce(cleared_at, 0) from alerts
                 where order_key in (select value->>0 from json_each($1))) as t
             group by key",
};

cols! {
    struct PulseCols {
        opened: i64,
        cleared: i64,
        acted: i64,
        refused: i64,
        doubted: i64,
        outages: i64,
    }
}

impl Store {
    /// A text that differs as soon as an alert was opened, cleared or worked on, something was refused, became doubtful, or a
    /// feed fell silent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn work_pulse(&self) -> Result<String, StoreError> {
        let rows: Vec<PulseCols> = self.read(&PULSE, &[], &[]).await?;
        Ok(rows.first().map_or_else(String::new, |p| {
            format!("{}.{}.{}.{}.{}.{}", p.opened, p.cleared, p.acted, p.refused, p.doubted, p.outages)
        }))
    }

    /// The same for single orders: a number for each that exists, which grows with every change.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn order_pulses(&self, keys: &[OrderKey]) -> Result<Vec<(OrderKey, i64)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, i64)> = self.read(&PULSES, &[], &[orders::sorted(keys)]).await?;
        rows.into_iter().map(|(text, n)| Ok((orders::key("orders", text)?, n))).collect()
    }
}
