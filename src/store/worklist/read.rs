//! Reading: groups, lists, the worst, and what belongs to one order.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Filter, Group, Outage, Sort, Watched, meant, standing};
use crate::domain::alert::{Alert, AlertKey, Kind, Standing};
use crate::domain::day;
use crate::domain::event::Reason;
use crate::domain::id::{OrderKey, TrackingNumber};
use crate::store::claim::{at, read_at};
use crate::store::cols::cols;
use crate::store::params::{One, Sql};
use crate::store::{Store, StoreError, now_postgres, now_sqlite, orders};

// Grouping sorts, and sorting by a language's rules would take several times as long: `$text` names the plain order of bytes.
macro_rules! groups {
    ($now:expr, $text:literal) => {
        concat!(
            "select brand, kind, carrier, lane, warehouse, currency, standing, cast(count(*) as bigint) as n,
                 min(since_at) as oldest, cast(coalesce(sum(value), 0) as bigint) as value,
                 cast(min(promised) as bigint) as promised, max(chance) as chance
             from (select brand, kind",
            $text,
            " as kind, carrier",
            $text,
            " as carrier, lane",
            $text,
            " as lane, warehouse",
            $text,
            " as warehouse, currency",
            $text,
            " as currency, ",
            standing!($now),
            " as standing, since_at, value, promised, chance
                 from alerts where cleared_at is null and since_at <= $2) as open
             group by brand, kind, carrier, lane, warehouse, currency, standing"
        )
    };
}

const GROUPS: Sql =
    Sql { postgres: groups!(now_postgres!(), " collate \"C\""), sqlite: groups!(now_sqlite!(), " collate binary") };

macro_rules! columns {
    ($now:expr, $rank:expr) => {
        concat!(
            "id, order_key, parcel, kind, occurrence, ",
            standing!($now),
            " as standing, since_at, opened_at, carrier, lane, warehouse, reason, value, currency, promised, chance,
             acked_by, acked_at, snoozed_until, cleared_at, clear_why, cast(",
            $rank,
            " as bigint) as rank"
        )
    };
}

// `$10`, `$11`: after this rank and id; `$12`: rows at most.
macro_rules! list {
    ($now:expr, $rank:expr) => {
        concat!(
            "select ",
            columns!($now, $rank),
            " from alerts where ",
            meant!($now),
            " and (",
            $rank,
            " > $10 or (",
            $rank,
            " = $10 and id > $11)) order by ",
            $rank,
            ", id limit $12"
        )
    };
}

macro_rules! lists {
    ($rank:expr) => {
        Sql { postgres: list!(now_postgres!(), $rank), sqlite: list!(now_sqlite!(), $rank) }
    };
}

const BY_PROMISE: Sql = lists!("coalesce(promised, 2000000)");
const BY_VALUE: Sql = lists!("-coalesce(value, -1)");
const BY_AGE: Sql = lists!("since_at");
const BY_CHANCE: Sql = lists!("cast(-1000000 * coalesce(chance, -0.000001) as bigint)");

// How bad: each day past the promise 12 points (up to 10 days), each day still left takes 12 away (up to 4); the chance of
// being late 40; what it is worth up to 25; taken for lost 20; somebody looks after it already: 40 less. `$3`: today.
macro_rules! badness {
    () => {
        "case when promised is null then 0 when $3 - promised > 10 then 120 when $3 - promised < -4 then -48
              else 12 * ($3 - promised) end
         + cast(40 * coalesce(chance, case when kind in ('late', 'presumed_lost') then 1.0 else 0.4 end) as bigint)
         + case when value >= 50000 then 25 when value >= 20000 then 18 when value >= 10000 then 12
                when value >= 5000 then 6 else 0 end
         + case when kind = 'presumed_lost' then 20 else 0 end - case when state = 'acknowledged' then 40 else 0 end"
    };
}

macro_rules! worst {
    ($now:expr) => {
        concat!(
            "select ",
            columns!($now, badness!()),
            " from alerts where cleared_at is null and not (state = 'snoozed' and snoozed_until > ",
            $now,
            ") and ($2 = '' or brand = $2) order by ",
            badness!(),
            " desc, since_at, id limit $4"
        )
    };
}

const WORST: Sql = Sql { postgres: worst!(now_postgres!()), sqlite: worst!(now_sqlite!()) };

macro_rules! of_order {
    ($now:expr) => {
        concat!("select ", columns!($now, "since_at"), " from alerts where order_key = $2 order by opened_at, id")
    };
}

const OF_ORDER: Sql = Sql { postgres: of_order!(now_postgres!()), sqlite: of_order!(now_sqlite!()) };

const OUTAGES: Sql =
    Sql::same("select carrier, from_at, expected from feed_outages where until_at is null order by from_at, carrier");

const OF_NUMBER: Sql = Sql::same("select order_key from numbers where number = $1 order by order_key limit 50");

cols! {
    struct GroupCols {
        brand: String,
        kind: String,
        carrier: Option<String>,
        lane: Option<String>,
        warehouse: Option<String>,
        currency: Option<String>,
        standing: String,
        n: i64,
        oldest: i64,
        value: i64,
        promised: Option<i64>,
        chance: Option<f64>,
    }
}

cols! {
    struct Cols {
        id: Uuid,
        order_key: String,
        parcel: Option<String>,
        kind: String,
        occurrence: i32,
        standing: String,
        since_at: i64,
        opened_at: i64,
        carrier: Option<String>,
        lane: Option<String>,
        warehouse: Option<String>,
        reason: Option<String>,
        value: Option<i64>,
        currency: Option<String>,
        promised: Option<i32>,
        chance: Option<f64>,
        acked_by: Option<String>,
        acked_at: Option<i64>,
        snoozed_until: Option<i64>,
        cleared_at: Option<i64>,
        clear_why: Option<String>,
        rank: i64,
    }
}

impl GroupCols {
    fn read(self) -> Result<Group, StoreError> {
        let bad = |column| StoreError::corrupt("alerts", column, "a group");
        Ok(Group {
            kind: Kind::parse(&self.kind).ok_or_else(|| bad("kind"))?,
            standing: Standing::parse(&self.standing).ok_or_else(|| bad("state"))?,
            count: u64::try_from(self.n).unwrap_or(0),
            oldest: at(self.oldest).ok_or_else(|| bad("since_at"))?,
            promised: self.promised.and_then(|day| day::date(i32::try_from(day).ok()?)),
            brand: self.brand,
            carrier: self.carrier,
            lane: self.lane,
            warehouse: self.warehouse,
            currency: self.currency,
            value: self.value,
            chance: self.chance,
        })
    }
}

impl Cols {
    fn read(self) -> Result<Watched, StoreError> {
        let id = self.id;
        let bad = |column| StoreError::corrupt("alerts", column, id);
        let time = |column, ms| read_at("alerts", column, id, ms);
        Ok(Watched {
            standing: Standing::parse(&self.standing).ok_or_else(|| bad("state"))?,
            acked_at: time("acked_at", self.acked_at)?,
            snoozed_until: time("snoozed_until", self.snoozed_until)?,
            cleared_at: time("cleared_at", self.cleared_at)?,
            alert: Alert {
                key: AlertKey(id),
                order: orders::key("alerts", self.order_key)?,
                parcel: self.parcel,
                kind: Kind::parse(&self.kind).ok_or_else(|| bad("kind"))?,
                occurrence: u32::try_from(self.occurrence).map_err(|_| bad("occurrence"))?,
                since: at(self.since_at).ok_or_else(|| bad("since_at"))?,
                opened_at: at(self.opened_at).ok_or_else(|| bad("opened_at"))?,
                carrier: self.carrier,
                lane: self.lane,
                warehouse: self.warehouse,
                reason: self.reason.as_deref().and_then(Reason::parse),
                value: self.value,
                currency: self.currency,
                promised: self.promised.and_then(day::date),
                chance: self.chance,
            },
            acked_by: self.acked_by,
            clear_why: self.clear_why,
            rank: self.rank,
        })
    }
}

impl Store {
    /// Everything that is not cleared, grouped by all that a list can be filtered by, of troubles that began before `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn work_groups(&self, before: Option<Timestamp>) -> Result<Vec<Group>, StoreError> {
        let before = One::Int(before.map_or(i64::MAX, Timestamp::as_millisecond));
        let rows: Vec<GroupCols> = self.read(&GROUPS, &[self.now(), before], &[]).await?;
        rows.into_iter().map(GroupCols::read).collect()
    }

    /// Up to `limit` alerts, the worst by `sort` first, after the row of this rank and key (`None`: from the start).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn work_list(
        &self,
        filter: &Filter,
        sort: Sort,
        after: Option<(i64, AlertKey)>,
        limit: u32,
    ) -> Result<Vec<Watched>, StoreError> {
        let sql = match sort {
            Sort::Promise => &BY_PROMISE,
            Sort::Value => &BY_VALUE,
            Sort::Age => &BY_AGE,
            Sort::Chance => &BY_CHANCE,
        };
        let (rank, id) = after.map_or((i64::MIN, Uuid::nil()), |(rank, key)| (rank, key.0));
        let mut ones = vec![self.now()];
        ones.extend(filter.ones());
        ones.extend([One::Int(rank), One::Uuid(id), One::Int(i64::from(limit))]);
        let rows: Vec<Cols> = self.read(sql, &ones, &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }

    /// Up to `limit` alerts that are to be done, the worst first; `rank` says how bad. `today` is a day's number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn worst_alerts(&self, brand: Option<&str>, today: i32, limit: u32) -> Result<Vec<Watched>, StoreError> {
        let brand = One::Text(brand.unwrap_or_default());
        let ones = [self.now(), brand, One::Int(i64::from(today)), One::Int(i64::from(limit))];
        let rows: Vec<Cols> = self.read(&WORST, &ones, &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }

    /// Every alert that an order ever had, cleared ones included, in the order of opening.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn watched_of(&self, order: &OrderKey) -> Result<Vec<Watched>, StoreError> {
        let rows: Vec<Cols> = self.read(&OF_ORDER, &[self.now(), One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }

    /// Feeds that are silent now, the longest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn open_outages(&self) -> Result<Vec<Outage>, StoreError> {
        let rows: Vec<(String, i64, f64)> = self.read(&OUTAGES, &[], &[]).await?;
        rows.into_iter()
            .map(|(carrier, from, expected)| {
                let from = at(from).ok_or_else(|| StoreError::corrupt("feed_outages", "from_at", &carrier))?;
                Ok(Outage { carrier, from, expected })
            })
            .collect()
    }

    /// The orders that have shown a tracking number, 50 at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn orders_of_number(&self, number: &TrackingNumber) -> Result<Vec<OrderKey>, StoreError> {
        let rows: Vec<(String,)> = self.read(&OF_NUMBER, &[One::Text(number.as_str())], &[]).await?;
        rows.into_iter().map(|(text,)| orders::key("numbers", text)).collect()
    }
}
