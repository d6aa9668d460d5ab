//! Carriers' feeds: scans by the hour, and the silences of whole feeds.

use jiff::Timestamp;

use super::claim::at;
use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::rows::{FeedScans, Outage};
use super::{Store, now_postgres, now_sqlite};
use crate::domain::feed::Hour;
use crate::domain::notice::Why;

// Sorted by carrier and hour, so that two workers wait for one another instead of dead-locking.
const ADD: Sql = Sql {
    postgres: "insert into feed_hours (carrier, hour, scans, last_at)
               select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
               on conflict (carrier, hour) do update set scans = feed_hours.scans + excluded.scans,
                   last_at = greatest(feed_hours.last_at, excluded.last_at)",
    sqlite: "insert into feed_hours (carrier, hour, scans, last_at)
             select value->>0, value->>1, value->>2, value->>3 from json_each($1) where true
             on conflict (carrier, hour) do update set scans = scans + excluded.scans, last_at = max(last_at, excluded.last_at)",
};

const SILENT: Sql = Sql::same(
    "select carrier, max(last_at) as last_at from feed_hours where carrier <> '' group by carrier having max(last_at) <= $1
     order by carrier",
);

const HOURS: Sql = Sql::same("select hour, scans from feed_hours where carrier = $1 and hour >= $2 order by hour");

const OUTAGES: Sql = Sql {
    postgres: "select carrier, from_at, until_at, cast(expected as bigint) as expected, noticed_at, announced_at, over_announced_at
               from feed_outages where until_at is null or over_announced_at is null or until_at >= $1 order by carrier, from_at",
    sqlite: "select carrier, from_at, until_at, cast(expected as integer) as expected, noticed_at, announced_at, over_announced_at
             from feed_outages where until_at is null or over_announced_at is null or until_at >= $1 order by carrier, from_at",
};

const OPEN: Sql = Sql {
    postgres: concat!(
        "insert into feed_outages (carrier, from_at, noticed_at, expected) values ($2, $3, ",
        now_postgres!(),
        ", $4::bigint) on conflict do nothing"
    ),
    sqlite: concat!(
        "insert into feed_outages (carrier, from_at, noticed_at, expected) values ($2, $3, ",
        now_sqlite!(),
        ", $4) on conflict do nothing"
    ),
};

const CLOSE: Sql =
    Sql::same("update feed_outages set until_at = $3 where carrier = $1 and from_at = $2 and until_at is null");

macro_rules! announced {
    ($column:literal) => {
        Sql {
            postgres: concat!(
                "update feed_outages set ",
                $column,
                " = ",
                now_postgres!(),
                " where carrier = $2 and from_at = $3"
            ),
            sqlite: concat!(
                "update feed_outages set ",
                $column,
                " = ",
                now_sqlite!(),
                " where carrier = $2 and from_at = $3"
            ),
        }
    };
}

const ANNOUNCED: Sql = announced!("announced_at");
const OVER_ANNOUNCED: Sql = announced!("over_announced_at");

// Those that wait for a feed are judged again at once; what is still true is told then.
const FREE: Sql = Sql {
    postgres: concat!(
        "update outbox set due_at = ",
        now_postgres!(),
        " where due_at is not null and state = 'planned' and why = $2 and due_at > ",
        now_postgres!()
    ),
    sqlite: concat!(
        "update outbox set due_at = ",
        now_sqlite!(),
        " where due_at is not null and state = 'planned' and why = $2 and due_at > ",
        now_sqlite!()
    ),
};

const PRUNE: Sql = Sql::same("delete from feed_hours where hour < $1");

/// Carrier, from, until, expected, noticed, announced, end announced.
type OutageRow = (String, i64, Option<i64>, i64, i64, Option<i64>, Option<i64>);

impl Store {
    /// Adds scans to their hours.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: nothing was added. [`StoreError::Poison`].
    pub async fn add_scans(&self, scans: &[FeedScans]) -> Result<(), StoreError> {
        let mut scans: Vec<&FeedScans> = scans.iter().collect();
        scans.sort_unstable_by_key(|scans| (&scans.carrier, scans.hour));
        if scans.is_empty() {
            return Ok(());
        }
        let cols = [
            Col::Text(scans.iter().map(|scans| scans.carrier.as_str()).collect()),
            Col::Int(scans.iter().map(|scans| scans.hour).collect()),
            Col::Int(scans.iter().map(|scans| i64::try_from(scans.scans).unwrap_or(i64::MAX)).collect()),
            Col::Int(scans.iter().map(|scans| scans.last_ms).collect()),
        ];
        self.execute(&ADD, &[], &cols).await.map(drop)
    }

    /// The feeds whose last scan came before `before`, with its time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn silent_feeds(&self, before: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let rows: Vec<(String, i64)> = self.read(&SILENT, &[One::Int(before.as_millisecond())], &[]).await?;
        rows.into_iter().map(|(carrier, last)| Ok((carrier.clone(), time("last_at", &carrier, last)?))).collect()
    }

    /// A feed's hours from `from` on, ascending; hours without scans are missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn feed_hours(&self, carrier: &str, from: i64) -> Result<Vec<Hour>, StoreError> {
        let rows: Vec<(i64, i64)> = self.read(&HOURS, &[One::Text(carrier), One::Int(from)], &[]).await?;
        Ok(rows.into_iter().map(|(hour, scans)| Hour { hour, scans: u64::try_from(scans).unwrap_or(0) }).collect())
    }

    /// The outages that are open, whose end nobody has heard of, or that ended after `since`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn feed_outages(&self, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        let rows: Vec<OutageRow> = self.read(&OUTAGES, &[One::Int(since.as_millisecond())], &[]).await?;
        let read = |(carrier, from, until, expected, noticed, announced, over): OutageRow| {
            Ok(Outage {
                from: time("from_at", &carrier, from)?,
                until: until.map(|until| time("until_at", &carrier, until)).transpose()?,
                noticed: time("noticed_at", &carrier, noticed)?,
                expected: u64::try_from(expected).unwrap_or(0),
                announced: announced.is_some(),
                over_announced: over.is_some(),
                carrier,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Notes that a feed has been silent since its last scan at `from`; false if that silence was known already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open_outage(&self, carrier: &str, from: Timestamp, expected: u64) -> Result<bool, StoreError> {
        let expected = One::Int(i64::try_from(expected).unwrap_or(i64::MAX));
        let ones = [self.now(), One::Text(carrier), One::Int(from.as_millisecond()), expected];
        Ok(self.execute(&OPEN, &ones, &[]).await? == 1)
    }

    /// Notes the end of a silence; false if it was known already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn close_outage(&self, carrier: &str, from: Timestamp, until: Timestamp) -> Result<bool, StoreError> {
        let ones = [One::Text(carrier), One::Int(from.as_millisecond()), One::Int(until.as_millisecond())];
        Ok(self.execute(&CLOSE, &ones, &[]).await? == 1)
    }

    /// Notes that the messages about an outage, or about its end, are written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn outage_announced(&self, outage: &Outage, is_over: bool) -> Result<(), StoreError> {
        let sql = if is_over { &OVER_ANNOUNCED } else { &ANNOUNCED };
        let ones = [self.now(), One::Text(&outage.carrier), One::Int(outage.from.as_millisecond())];
        self.execute(sql, &ones, &[]).await.map(drop)
    }

    /// Lets notices that are held for `why` be judged again at once; returns how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn free_held(&self, why: Why) -> Result<u64, StoreError> {
        self.execute(&FREE, &[self.now(), One::Text(why.as_str())], &[]).await
    }

    /// Deletes hours before `hour`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prune_feeds(&self, hour: i64) -> Result<u64, StoreError> {
        self.execute(&PRUNE, &[One::Int(hour)], &[]).await
    }
}

fn time(column: &'static str, carrier: &str, ms: i64) -> Result<Timestamp, StoreError> {
    at(ms).ok_or_else(|| StoreError::corrupt("feed_outages", column, carrier))
}
