//! Forgetting what is old, a little at a time.

use jiff::Timestamp;

use super::error::StoreError;
use super::params::{One, Sql};
use super::rows::Pruned;
use super::{Store, now_postgres, now_sqlite};

// Postgres finds old rows by the range index; SQLite's rows lie in the order in which they came.
const INBOX: Sql = Sql {
    postgres: "delete from inbox where ctid = any(array(select ctid from inbox where received_at < $1 limit $2))",
    sqlite: "delete from inbox where rowid in (
                 select rowid from inbox where received_at < $1 and rowid <= (select min(rowid) from inbox) + 20 * $2 limit $2)",
};

const WAITING: Sql = Sql {
    postgres: "delete from waiting where ctid = any(array(select ctid from waiting where since < $1 limit $2))",
    sqlite: "delete from waiting where (event_key, number) in (
                 select event_key, number from waiting where since < $1 limit $2)",
};

const SILENCES: Sql = Sql {
    postgres: "delete from silences where ctid = any(array(select ctid from silences where at < $1 limit $2))",
    sqlite: "delete from silences where rowid in (
                 select rowid from silences where at < $1 and rowid <= (select min(rowid) from silences) + 20 * $2 limit $2)",
};

// The cap looks back one day; one more is for clocks and curiosity.
const TOLD: Sql = Sql {
    postgres: concat!(
        "delete from told where ctid = any(array(select ctid from told where at < ",
        now_postgres!(),
        " - 172800000 limit $2))"
    ),
    sqlite: concat!(
        "delete from told where rowid in (select rowid from told where at < ",
        now_sqlite!(),
        " - 172800000 and rowid <= (select min(rowid) from told) + 20 * $2 limit $2)"
    ),
};

// Two years: longer ago is nobody's taste any more.
const PURCHASES: Sql = Sql {
    postgres: concat!(
        "delete from purchases where ctid = any(array(select ctid from purchases where at < ",
        now_postgres!(),
        " - 63072000000 limit $2))"
    ),
    sqlite: concat!(
        "delete from purchases where (contact, order_key) in (select contact, order_key from purchases where at < ",
        now_sqlite!(),
        " - 63072000000 limit $2)"
    ),
};

impl Store {
    /// Deletes up to `limit` rows of each kind: inbox and ledger rows from before `before`, facts that have waited since then for a
    /// number that no order has shown, counts of told notices after two days, and purchases after two years. Call it again, with a
    /// pause, until nothing is left. Orders and notices are never pruned: their keys keep second copies out for ever.
    ///
    /// An event that comes again after its inbox row is gone is taken as new; orders are folds over sets, so nothing is told
    /// twice by that, but keep at least 90 days.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prune(&self, before: Timestamp, limit: u32) -> Result<Pruned, StoreError> {
        let limit = || One::Int(i64::from(limit));
        let old = || One::Int(before.as_millisecond());
        Ok(Pruned {
            waiting: self.execute(&WAITING, &[old(), limit()], &[]).await?,
            inbox: self.execute(&INBOX, &[old(), limit()], &[]).await?,
            silences: self.execute(&SILENCES, &[old(), limit()], &[]).await?,
            told: self.execute(&TOLD, &[self.now(), limit()], &[]).await?,
            purchases: self.execute(&PURCHASES, &[self.now(), limit()], &[]).await?,
        })
    }
}
