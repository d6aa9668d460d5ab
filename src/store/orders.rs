//! Orders, their tracking numbers, and the facts that wait for a number.

use super::Store;
use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::rows::OrderRow;
use crate::domain::id::{OrderKey, TrackingNumber};

// The rows come out of the sort before they are locked, so the locks are taken in the order of the keys.
pub(super) const LOAD: Sql = Sql {
    postgres: "select key, version, doc from orders where key = any($1::text[]) order by key for no key update",
    sqlite: "select key, version, doc from orders where key in (select value->>0 from json_each($1)) order by key",
};

const READ: Sql = Sql {
    postgres: "select key, version, doc from orders where key = any($1::text[]) order by key",
    sqlite: LOAD.sqlite,
};

// A number's lock ends with the transaction. Numbers are hashed: two that meet in one hash only wait for each other needlessly.
pub(super) const LOCK_NUMBERS: Sql = Sql {
    postgres: "select pg_advisory_xact_lock(h) from
               (select distinct hashtextextended(number, 7) as h from unnest($1::text[]) as u(number) order by 1) as sorted",
    sqlite: "select 1",
};

pub(super) const OF_NUMBERS: Sql = Sql {
    postgres: "select number, order_key from numbers where number = any($1::text[]) order by number, order_key",
    sqlite: "select number, order_key from numbers where number in (select value->>0 from json_each($1))
             order by number, order_key",
};

pub(super) const WAITING_FOR: Sql = Sql {
    postgres: "select i.key, i.raw from inbox i
               where i.key in (select event_key from waiting where number = any($1::text[])) order by i.received_at, i.key",
    sqlite: "select i.key, i.raw from inbox i
             where i.key in (select event_key from waiting where number in (select value->>0 from json_each($1)))
             order by i.received_at, i.key",
};

pub(super) const FACTS: Sql = Sql {
    postgres: "select raw from inbox where order_key = any($1::text[]) order by received_at, key",
    sqlite: "select raw from inbox where order_key in (select value->>0 from json_each($1)) order by received_at, key",
};

const VERSIONS: Sql = Sql {
    postgres: "select key, version from orders where key = any($1::text[])",
    sqlite: "select key, version from orders where key in (select value->>0 from json_each($1))",
};

// Keys begin with the brand and a slash; '0' follows '/' in ASCII. So the brands are found by one step of the primary key each, and
// the order by one more, without an index for it.
const FIND: Sql = Sql {
    postgres: "with recursive brands(brand) as (
                   (select split_part(key, '/', 1) collate \"C\" from orders order by key limit 1)
                   union all
                   select (select split_part(o.key, '/', 1) collate \"C\" from orders o where o.key > b.brand || '0'
                           order by o.key limit 1)
                   from brands b where b.brand is not null)
               select key from orders where key in (select brand || '/' || $1 from brands where brand is not null)
               order by key",
    sqlite: "with recursive brands(brand) as (
                 select * from (select substr(key, 1, instr(key, '/') - 1) from orders order by key limit 1)
                 union all
                 select (select substr(o.key, 1, instr(o.key, '/') - 1) from orders o where o.key > b.brand || '0'
                         order by o.key limit 1)
                 from brands b where b.brand is not null)
             select key from orders where key in (select brand || '/' || $1 from brands where brand is not null)
             order by key",
};

impl Store {
    /// Reads orders without locking them, sorted by key; those that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn orders(&self, keys: &[OrderKey]) -> Result<Vec<OrderRow>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.read(&READ, &[], &[sorted(keys)]).await?;
        rows(found)
    }

    /// The versions of orders, which tell whether their pages show anything new; those that do not exist are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn order_versions(&self, keys: &[OrderKey]) -> Result<Vec<(OrderKey, i64)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found: Vec<(String, i64)> = self.read(&VERSIONS, &[], &[sorted(keys)]).await?;
        found.into_iter().map(|(text, version)| Ok((key("orders", text)?, version))).collect()
    }

    /// The orders that a shop calls `order`, one for each brand that has one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_orders(&self, order: &str) -> Result<Vec<OrderKey>, StoreError> {
        let found: Vec<(String,)> = self.read(&FIND, &[One::Text(order)], &[]).await?;
        found.into_iter().map(|(text,)| key("orders", text)).collect()
    }
}

/// The keys as a column: sorted, each once.
pub(super) fn sorted(keys: &[OrderKey]) -> Col<'_> {
    let mut texts: Vec<&str> = keys.iter().map(OrderKey::as_str).collect();
    texts.sort_unstable();
    texts.dedup();
    Col::Text(texts)
}

/// The numbers as a column.
pub(super) fn numbers(numbers: &[TrackingNumber]) -> Col<'_> {
    Col::Text(numbers.iter().map(TrackingNumber::as_str).collect())
}

/// Reads order rows back.
pub(super) fn rows(found: Vec<(String, i64, String)>) -> Result<Vec<OrderRow>, StoreError> {
    found.into_iter().map(|(text, version, doc)| Ok(OrderRow { key: key("orders", text)?, version, doc })).collect()
}

/// Reads an order's key back.
pub(super) fn key(table: &'static str, text: String) -> Result<OrderKey, StoreError> {
    OrderKey::from_stored(text).ok_or_else(|| StoreError::corrupt(table, "order_key", "a row"))
}
