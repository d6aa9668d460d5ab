//! Figures for people in operations: what the daily mail says, and what the gauges show.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Store;
use super::claim::at;
use super::error::StoreError;
use super::params::{One, Sql};
use super::rows::{AlertFigures, KindFigures, OpsFigures};
use crate::domain::alert::{Kind, Standing};

/// Open alerts counted for the gauges, at most: enough to see that something is badly wrong.
const COUNT_MAX: i64 = 200_000;

// Once a day and brand: a look through the brand's alerts is in order.
const KINDS: Sql = Sql {
    postgres: "select kind, currency,
                   count(*) filter (where cleared_at is null) as open,
                   count(*) filter (where cleared_at is null and state = 'acknowledged') as acknowledged,
                   count(*) filter (where opened_at >= $2) as fresh,
                   count(*) filter (where cleared_at >= $2) as cleared,
                   min(since_at) filter (where cleared_at is null) as oldest,
                   cast(sum(value) filter (where cleared_at is null) as bigint) as value
               from alerts where brand = $1 and (cleared_at is null or opened_at >= $2 or cleared_at >= $2)
               group by kind, currency",
    sqlite: "select kind, currency,
                 count(*) filter (where cleared_at is null) as open,
                 count(*) filter (where cleared_at is null and state = 'acknowledged') as acknowledged,
                 count(*) filter (where opened_at >= $2) as fresh,
                 count(*) filter (where cleared_at >= $2) as cleared,
                 min(since_at) filter (where cleared_at is null) as oldest,
                 sum(value) filter (where cleared_at is null) as value
             from alerts where brand = $1 and (cleared_at is null or opened_at >= $2 or cleared_at >= $2)
             group by kind, currency",
};

const REST: Sql = Sql::same(
    "select (select count(*) from outbox where brand = $1 and doubt_at is not null and state = 'in_doubt'),
            (select count(*) from (select 1 from quarantine where retried_at is null limit $2) as q)",
);

const QUIET: Sql =
    Sql::same("select carrier from feed_outages where until_at is null group by carrier order by carrier");

const GAUGES: Sql = Sql::same(
    "select brand, kind, state, count(*), min(since_at) from (
         select brand, kind, state, since_at from alerts where cleared_at is null limit $1) as open
     group by brand, kind, state",
);

const POSTS: Sql = Sql::same("select count(*) from alert_posts where due_at is not null");

type KindRow = (String, Option<String>, i64, i64, i64, i64, Option<i64>, Option<i64>);

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl Store {
    /// What a brand's people want to know in the morning: what is open, and what came and went since `since`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn ops_figures(&self, brand: &str, since: Timestamp) -> Result<OpsFigures, StoreError> {
        let ones = [One::Text(brand), One::Int(since.as_millisecond())];
        let rows: Vec<KindRow> = self.read(&KINDS, &ones, &[]).await?;
        let mut kinds: BTreeMap<Kind, KindFigures> = BTreeMap::new();
        for (word, currency, open, acknowledged, new, cleared, oldest, value) in rows {
            let kind = Kind::parse(&word).ok_or_else(|| StoreError::corrupt("alerts", "kind", brand))?;
            let figures = kinds.entry(kind).or_insert_with(|| KindFigures::of(kind));
            figures.open += count(open);
            figures.acknowledged += count(acknowledged);
            figures.new += count(new);
            figures.cleared += count(cleared);
            figures.oldest = figures.oldest.into_iter().chain(oldest.and_then(at)).min();
            if let (Some(currency), Some(value)) = (currency, value) {
                figures.value.insert(currency, value);
            }
        }
        let rest: Vec<(i64, i64)> = self.read(&REST, &[One::Text(brand), One::Int(COUNT_MAX)], &[]).await?;
        let (in_doubt, quarantine) = rest.first().copied().unwrap_or_default();
        Ok(OpsFigures {
            kinds: kinds.into_values().collect(),
            in_doubt: count(in_doubt),
            quarantine: count(quarantine),
            quiet_feeds: self.quiet_feeds().await?,
        })
    }

    /// Open alerts by brand, kind and standing, messages that wait, and feeds that are silent.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn alert_figures(&self) -> Result<AlertFigures, StoreError> {
        let rows: Vec<(String, String, String, i64, i64)> = self.read(&GAUGES, &[One::Int(COUNT_MAX)], &[]).await?;
        let mut open = Vec::with_capacity(rows.len());
        for (brand, kind, state, number, oldest) in rows {
            let bad = |column| StoreError::corrupt("alerts", column, &brand);
            let kind = Kind::parse(&kind).ok_or_else(|| bad("kind"))?;
            let standing = Standing::parse(&state).ok_or_else(|| bad("state"))?;
            open.push((brand.clone(), kind, standing, count(number), at(oldest).ok_or_else(|| bad("since_at"))?));
        }
        let posts: Vec<(i64,)> = self.read(&POSTS, &[], &[]).await?;
        let posts_waiting = posts.first().map_or(0, |(posts,)| count(*posts));
        Ok(AlertFigures { open, posts_waiting, quiet_feeds: self.quiet_feeds().await?.len() as u64 })
    }

    async fn quiet_feeds(&self) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> = self.read(&QUIET, &[], &[]).await?;
        Ok(rows.into_iter().map(|(carrier,)| carrier).collect())
    }
}
