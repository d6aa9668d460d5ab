//! Finding work: claims, leases, and the next time to look.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::cols::cols;
use super::error::StoreError;
use super::params::{Col, Kind, One, Sql};
use super::rows::{Claimed, OrderRow};
use super::save::ms;
use super::{Access, Store, now_postgres, now_sqlite, orders};
use crate::domain::id::NoticeKey;
use crate::domain::notice::Notice;
use crate::domain::person::{Channel, Role};
use crate::domain::stage::Stage;

/// The columns from which a [`Notice`] is read, of a table called `o`.
macro_rules! notice_columns {
    () => {
        "o.key, o.order_key, o.shipment, o.stage, o.occurrence, o.role, o.channel, o.fact_at, o.planned_at, o.due_at"
    };
}
pub(super) use notice_columns;

/// The brands that have open notices on channel `$2`, one step of the index for each, however long their backlogs.
macro_rules! brands {
    () => {
        "with recursive brands(brand) as (
             select * from (select brand from outbox where channel = $2 and due_at is not null order by brand limit 1) as first
             union all
             select (select o.brand from outbox o where o.channel = $2 and o.due_at is not null and o.brand > b.brand
                     order by o.brand limit 1)
             from brands b where b.brand is not null)"
    };
}

// Fair between brands: of those that have something to claim, each gets an equal share of the batch, oldest first, so a brand with a
// backlog of a million delays no other. When the others have little, the next batch is the big one's. Brands come in a random order,
// since there may be more of them than places. Rows that another worker is just claiming are skipped, not waited for. SQLite plans
// by the value of a limit that is a parameter alone, and so compiles the statement anew each time; by a sum it does not.
const CLAIM: Sql = Sql {
    postgres: concat!(
        brands!(),
        ", busy as materialized (
             select b.brand from brands b where b.brand is not null and exists (
                 select 1 from outbox o where o.channel = $2 and o.brand = b.brand and o.due_at <= ",
        now_postgres!(),
        " and (o.state = 'planned' or o.state = 'claimed' and o.lease_until <= ",
        now_postgres!(),
        "))
             order by random()),
         picked as materialized (
             select mine.key from busy b cross join lateral (
                 select o.key from outbox o where o.channel = $2 and o.brand = b.brand and o.due_at <= ",
        now_postgres!(),
        " and (o.state = 'planned' or o.state = 'claimed' and o.lease_until <= ",
        now_postgres!(),
        ")
                 order by o.due_at limit (select ($3 + count(*) - 1) / greatest(count(*), 1) from busy)
                 for update skip locked) as mine
             limit $3),
         o as (
             update outbox set state = 'claimed', fence = outbox.fence + 1, lease_until = ",
        now_postgres!(),
        " + $4
             from picked where outbox.key = picked.key returning outbox.*)
         select ",
        notice_columns!(),
        ", o.fence, o.attempts, o.first_try_at, o.doubt_at is not null as unsure, r.version, r.doc, s.bytes
         from o join orders r on r.key = o.order_key left join sealed s on s.key = o.key order by o.due_at, o.key"
    ),
    sqlite: concat!(
        "update outbox set state = 'claimed', fence = fence + 1, lease_until = ",
        now_sqlite!(),
        " + $4 where rowid in (",
        brands!(),
        ", busy as materialized (
             select b.brand from brands b where b.brand is not null and exists (
                 select 1 from outbox o where o.channel = $2 and o.brand = b.brand and o.due_at is not null and o.due_at <= ",
        now_sqlite!(),
        " and (o.state = 'planned' or o.state = 'claimed' and o.lease_until <= ",
        now_sqlite!(),
        "))
             order by random())
         select mine.rowid from busy b cross join outbox mine where mine.rowid in (
             select o.rowid from outbox o where o.channel = $2 and o.brand = b.brand and o.due_at is not null and o.due_at <= ",
        now_sqlite!(),
        " and (o.state = 'planned' or o.state = 'claimed' and o.lease_until <= ",
        now_sqlite!(),
        ")
             order by o.due_at limit (select ($3 + count(*) - 1) / max(count(*), 1) from busy))
         limit 0 + $3)
         returning key"
    ),
};

/// SQLite's second half of [`CLAIM`]: an update cannot return columns of other tables there.
const CLAIMED: &str = concat!(
    "select ",
    notice_columns!(),
    ", o.fence, o.attempts, o.first_try_at, o.doubt_at is not null as unsure, r.version, r.doc, s.bytes
     from json_each($1) join outbox o on o.key = unhex(value->>0) join orders r on r.key = o.order_key
     left join sealed s on s.key = o.key order by o.due_at, o.key"
);

const NEXT: Sql = Sql::same(concat!(
    brands!(),
    " select min(first_due) from (
          select (select o.due_at from outbox o where o.channel = $2 and o.brand = b.brand and o.due_at is not null
                      and o.state = 'planned' order by o.due_at limit 1) as first_due
          from brands b where b.brand is not null) as each
      where $1 is null or true"
));

const EXTEND: Sql = Sql {
    postgres: concat!(
        "update outbox o set lease_until = greatest(o.lease_until, ",
        now_postgres!(),
        " + $2) from unnest($3::uuid[], $4::bigint[]) as u(key, fence)
         where o.key = u.key and o.fence = u.fence and o.state in ('claimed', 'sending') returning o.key"
    ),
    sqlite: concat!(
        "update outbox set lease_until = max(lease_until, ",
        now_sqlite!(),
        " + $2) from (select unhex(value->>0) as key, value->>1 as fence from json_each($3)) as u
         where outbox.key = u.key and outbox.fence = u.fence and outbox.state in ('claimed', 'sending') returning key"
    ),
};

cols! {
    /// A notice's columns.
    pub(super) struct NoticeCols {
        key: Uuid,
        order_key: String,
        shipment: Option<String>,
        stage: String,
        occurrence: i32,
        role: String,
        channel: String,
        fact_at: i64,
        planned_at: i64,
        due_at: Option<i64>,
    }
}

impl NoticeCols {
    /// Reads the notice back; a word that we do not know is an error that names table, column and key.
    pub(super) fn read(self) -> Result<Notice, StoreError> {
        let bad = |column| StoreError::corrupt("outbox", column, self.key);
        Ok(Notice {
            key: NoticeKey(self.key),
            stage: Stage::parse(&self.stage).ok_or_else(|| bad("stage"))?,
            occurrence: u32::try_from(self.occurrence).map_err(|_| bad("occurrence"))?,
            role: Role::parse(&self.role).ok_or_else(|| bad("role"))?,
            channel: Channel::parse(&self.channel).ok_or_else(|| bad("channel"))?,
            fact_at: at(self.fact_at).ok_or_else(|| bad("fact_at"))?,
            planned_at: at(self.planned_at).ok_or_else(|| bad("planned_at"))?,
            due: at(self.due_at.unwrap_or(self.planned_at)).ok_or_else(|| bad("due_at"))?,
            shipment: self.shipment,
            order: orders::key("outbox", self.order_key)?,
        })
    }
}

cols! {
    struct ClaimedCols {
        ..notice: NoticeCols,
        fence: i32,
        attempts: i32,
        first_try_at: Option<i64>,
        unsure: bool,
        version: i64,
        doc: String,
        bytes: Option<Vec<u8>>,
    }
}

impl ClaimedCols {
    fn read(self) -> Result<Claimed, StoreError> {
        let notice = self.notice.read()?;
        let first_try_at = read_at("outbox", "first_try_at", notice.key, self.first_try_at)?;
        let order = OrderRow { key: notice.order.clone(), version: self.version, doc: self.doc };
        let attempts = u32::try_from(self.attempts).unwrap_or(0);
        let (fence, unsure, sealed) = (self.fence, self.unsure, self.bytes);
        Ok(Claimed { notice, fence, attempts, first_try_at, unsure, order, sealed })
    }
}

impl Store {
    /// Claims up to `limit` notices of a channel that are due, for the length of `lease`: oldest first, but fair between brands.
    /// Less than `limit` does not mean that there is no more; an empty answer does.
    ///
    /// Two workers never get the same notice. A notice whose lease has run out before its intent is claimed again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]. A damaged row is logged and left out.
    pub async fn claim(&self, channel: Channel, limit: u32, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
        let ones = [self.now(), One::Text(channel.as_str()), One::Int(i64::from(limit)), One::Int(ms(lease))];
        let rows: Vec<ClaimedCols> = match self.kind() {
            Kind::Postgres => self.write(&CLAIM, &ones, &[]).await?,
            Kind::Sqlite => {
                let args = self.args(&ones, &[])?;
                self.with(Access::Transaction, |mut conn| async move {
                    let keys: Vec<(Uuid,)> = conn.fetch(&CLAIM, args).await?;
                    let keys = Col::Uuid(keys.into_iter().map(|(key,)| key).collect());
                    let args = super::params::args(Kind::Sqlite, &[], &[keys])?;
                    let rows = conn.fetch(&Sql::same(CLAIMED), args).await?;
                    Ok((conn, rows))
                })
                .await?
            }
        };
        Ok(rows.into_iter().filter_map(|row| readable(row.read())).collect())
    }

    /// When the next planned notice of a channel is due: a time in the past means now. Leases that run out are not counted, so
    /// look again after one lease at the latest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_due(&self, channel: Channel) -> Result<Option<Timestamp>, StoreError> {
        let ones = [One::OptInt(None), One::Text(channel.as_str())];
        let rows: Vec<(Option<i64>,)> = self.read(&NEXT, &ones, &[]).await?;
        Ok(rows.first().and_then(|(due,)| due.and_then(at)))
    }

    /// Lengthens leases that this worker still holds, to `lease` from now; never shortens one. Returns the keys that it holds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn extend_leases(
        &self,
        held: &[(NoticeKey, i32)],
        lease: Duration,
    ) -> Result<Vec<NoticeKey>, StoreError> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let mut held: Vec<_> = held.to_vec();
        held.sort_unstable();
        let cols = [
            Col::Uuid(held.iter().map(|(key, _)| key.0).collect()),
            Col::Int(held.iter().map(|(_, fence)| i64::from(*fence)).collect()),
        ];
        let rows: Vec<(Uuid,)> = self.write(&EXTEND, &[self.now(), One::Int(ms(lease))], &cols).await?;
        Ok(rows.into_iter().map(|(key,)| NoticeKey(key)).collect())
    }
}

/// Leaves out a damaged row, and says so: it must not keep the others from being sent.
pub(super) fn readable<T>(row: Result<T, StoreError>) -> Option<T> {
    row.inspect_err(|error| tracing::error!(%error, "a notice cannot be read and is left out")).ok()
}

/// A stored time; `None` if no calendar holds it.
pub(super) fn at(ms: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(ms).ok()
}

/// A stored time that may be missing.
pub(super) fn read_at(
    table: &'static str,
    column: &'static str,
    id: impl std::fmt::Display,
    ms: Option<i64>,
) -> Result<Option<Timestamp>, StoreError> {
    ms.map(|ms| at(ms).ok_or_else(|| StoreError::corrupt(table, column, id))).transpose()
}
