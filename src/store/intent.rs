//! The intent: the last word before bytes leave us.

use std::collections::HashSet;
use std::time::Duration;

use uuid::Uuid;

use super::error::StoreError;
use super::params::{Args, Col, Kind, One, Sql, args};
use super::rows::{Grant, IntentRow};
use super::save::ms;
use super::{Access, Store, now_postgres, now_sqlite};

// Granted only if the notice is still claimed under this fence, enough of the lease is left, and the order still has the version
// that was judged. The orders are locked, in the order in which everybody locks them: whoever is just taking in a fact may make its
// news a part of this very message, and is waited for; SQLite has one writer at a time. No indexed column changes. `is not distinct
// from` keeps the planner from finding the notices by their orders, of which some have many. `flights` says where to look if this
// worker dies.
const INTEND: Sql = Sql {
    postgres: concat!(
        "with asked as materialized (
             select * from unnest($4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::uuid[], $9::text[], $10::bytea[])
                 as a(key, order_key, fence, version, contact, said, sealed)),
         stood as materialized (
             select key, version from orders where key = any(array(select distinct order_key from asked))
             order by key for no key update),
         granted as (
             update outbox o set state = 'sending', lease_until = greatest(o.lease_until, ",
        now_postgres!(),
        " + $3), attempts = o.attempts + 1, first_try_at = coalesce(o.first_try_at, ",
        now_postgres!(),
        "), contact = a.contact, said = nullif(a.said, ''), why = null, cause = null
             from asked a join stood r on r.key = a.order_key and r.version = a.version
             where o.key = a.key and o.order_key is not distinct from a.order_key and o.state = 'claimed'
                 and o.fence = a.fence and o.lease_until >= ",
        now_postgres!(),
        " + $2
             returning o.key, o.fence, o.lease_until),
         kept as (
             insert into sealed (key, bytes) select a.key, a.sealed from asked a join granted g on g.key = a.key and g.fence = a.fence
             on conflict (key) do update set bytes = excluded.bytes where sealed.bytes <> excluded.bytes),
         flown as (
             insert into flights (until, keys) select max(lease_until), array_agg(key) from granted having count(*) > 0)
         select key, fence from granted"
    ),
    sqlite: concat!(
        "update outbox set state = 'sending', lease_until = max(lease_until, ",
        now_sqlite!(),
        " + $3), attempts = attempts + 1, first_try_at = coalesce(first_try_at, ",
        now_sqlite!(),
        "), contact = a.contact, said = nullif(a.said, ''), why = null, cause = null
         from (select unhex(value->>0) as key, value->>1 as order_key, value->>2 as fence, value->>3 as version,
                   unhex(value->>4) as contact, value->>5 as said from json_each($4)) as a
         join orders r on r.key = a.order_key and r.version = a.version
         where outbox.key = a.key and outbox.order_key = a.order_key and outbox.state = 'claimed' and outbox.fence = a.fence
             and outbox.lease_until >= ",
        now_sqlite!(),
        " + $2
         returning key, fence"
    ),
};

/// SQLite's second half of [`INTEND`].
const KEEP: &str = "insert into sealed (key, bytes)
    select unhex(value->>0), substr($2, value->>1, value->>2) from json_each($1) where true
    on conflict (key) do update set bytes = excluded.bytes where sealed.bytes <> excluded.bytes";

// Asked only for those that were not granted: is the lease still good? Then it was the order that moved.
const HELD: Sql = Sql {
    postgres: concat!(
        "select o.key, o.fence from outbox o join unnest($3::uuid[], $4::bigint[]) as a(key, fence) on a.key = o.key
         where o.state = 'claimed' and o.fence = a.fence and o.lease_until >= ",
        now_postgres!(),
        " + $2"
    ),
    sqlite: concat!(
        "select o.key, o.fence from json_each($3) join outbox o on o.key = unhex(value->>0)
         where o.state = 'claimed' and o.fence = value->>1 and o.lease_until >= ",
        now_sqlite!(),
        " + $2"
    ),
};

/// A notice's key and the fence of one claim of it.
type Claim = (Uuid, i32);

fn claim(row: &IntentRow) -> Claim {
    (row.key.0, row.fence)
}

impl Store {
    /// Commits the intent to send for all that may be sent, in one transaction; answers in the order of `rows`.
    ///
    /// A grant writes the exact bytes and what they say, counts a try, and stretches the lease to `timeout` from now (the longest
    /// time that the send itself may take). It needs `margin` of the lease to be left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then treat each as [`Grant::LeaseLost`]; if the intent was committed after all, its lease will
    /// run out and the notice shows up in [`Store::doubtful`].
    pub async fn intend(
        &self,
        rows: &[IntentRow],
        margin: Duration,
        timeout: Duration,
    ) -> Result<Vec<Grant>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut sorted: Vec<&IntentRow> = rows.iter().collect();
        sorted.sort_unstable_by_key(|row| row.key);
        let mut cols = vec![
            Col::Uuid(sorted.iter().map(|row| row.key.0).collect()),
            Col::Text(sorted.iter().map(|row| row.order.as_str()).collect()),
            Col::Int(sorted.iter().map(|row| i64::from(row.fence)).collect()),
            Col::Int(sorted.iter().map(|row| row.version).collect()),
            Col::Uuid(sorted.iter().map(|row| row.contact.0).collect()),
            Col::Text(sorted.iter().map(|row| row.said.as_str()).collect()),
        ];
        let ones = [self.now(), One::Int(ms(margin)), One::Int(ms(timeout))];
        // By claim: after an outage a worker may ask for one notice twice, by a claim that it has lost and by its new one.
        let granted: HashSet<Claim> = match self.kind() {
            Kind::Postgres => {
                cols.push(Col::Bytes(sorted.iter().map(|row| row.sealed.as_slice()).collect()));
                self.write::<Claim>(&INTEND, &ones, &cols).await?.into_iter().collect()
            }
            Kind::Sqlite => {
                let bytes = sorted.iter().map(|row| (claim(row), row.sealed.clone())).collect();
                self.intend_sqlite(self.args(&ones, &cols)?, bytes).await?
            }
        };
        let refused: Vec<&IntentRow> = rows.iter().filter(|row| !granted.contains(&claim(row))).collect();
        let held = self.still_held(&refused, margin).await?;
        let answer = |row: &IntentRow| match (granted.contains(&claim(row)), held.contains(&claim(row))) {
            (true, _) => Grant::Granted,
            (false, true) => Grant::OrderMoved,
            (false, false) => Grant::LeaseLost,
        };
        Ok(rows.iter().map(answer).collect())
    }

    async fn intend_sqlite(&self, asked: Args, bytes: Vec<(Claim, Vec<u8>)>) -> Result<HashSet<Claim>, StoreError> {
        self.with(Access::Transaction, |mut conn| async move {
            let granted: Vec<Claim> = conn.fetch(&INTEND, asked).await?;
            let granted: HashSet<Claim> = granted.into_iter().collect();
            let kept: Vec<&(Claim, Vec<u8>)> = bytes.iter().filter(|(claim, _)| granted.contains(claim)).collect();
            if !kept.is_empty() {
                let cols = [
                    Col::Uuid(kept.iter().map(|((key, _), _)| *key).collect()),
                    Col::Bytes(kept.iter().map(|(_, bytes)| bytes.as_slice()).collect()),
                ];
                conn.execute(&Sql::same(KEEP), args(Kind::Sqlite, &[], &cols)?).await?;
            }
            Ok((conn, granted))
        })
        .await
    }

    async fn still_held(&self, refused: &[&IntentRow], margin: Duration) -> Result<HashSet<Claim>, StoreError> {
        if refused.is_empty() {
            return Ok(HashSet::new());
        }
        let cols = [
            Col::Uuid(refused.iter().map(|row| row.key.0).collect()),
            Col::Int(refused.iter().map(|row| i64::from(row.fence)).collect()),
        ];
        let rows: Vec<Claim> = self.read(&HELD, &[self.now(), One::Int(ms(margin))], &cols).await?;
        Ok(rows.into_iter().collect())
    }
}
