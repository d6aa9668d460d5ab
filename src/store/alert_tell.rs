//! Telling ops of alerts: which groups are due, and the one transaction in which alerts are marked as told and the messages
//! that tell of them are written. So none is told twice, and none is lost.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::alert_posts::{PUT, put_args};
use super::claim::at;
use super::cols::cols;
use super::conn::Conn;
use super::error::StoreError;
use super::params::{Col, Kind as Db, One, Sql, args};
use super::rows::{NewPost, Occasion, TellEnd, Telling};
use super::{Access, Store, now_postgres, now_sqlite, orders};
use crate::domain::alert::{Alert, AlertKey, Kind};
use crate::domain::day;
use crate::domain::event::Reason;
use crate::domain::gathering::{Due, Gathered, Group};

/// Alerts in memory at the same time, each of some hundred bytes.
const CHUNK: i64 = 5000;
/// Groups looked at in one round; the rest has its turn in the next.
const GROUPS_MAX: i64 = 5000;
/// Longest time that telling of one group may take: a hundred thousand alerts are a few seconds' work.
const TELL_TIME_MAX: Duration = Duration::from_secs(120);

/// What makes an alert due to be told of: opened, to be reminded of (`$8` reminders so far, told before `$9`), cleared.
macro_rules! due {
    (opened) => {
        "announced_at is null and cleared_at is null and state = 'open'"
    };
    (reminder) => {
        "cleared_at is null and state = 'open' and announced_at is not null"
    };
    (cleared) => {
        "clear_announced_at is null and cleared_at is not null and announced_at is not null"
    };
}

macro_rules! groups {
    ($due:expr, $since:expr, $reminders:expr) => {
        concat!(
            "select brand, kind, carrier, lane, warehouse, count(*) as alerts, min(",
            $since,
            ") as first_at, ",
            $reminders,
            " as step from alerts where ",
            $due,
            " group by brand, kind, carrier, lane, warehouse, ",
            $reminders,
            " order by 7 limit $1"
        )
    };
}

const OPENED: Sql = Sql::same(groups!(due!(opened), "opened_at", "reminders"));
const REMINDED: Sql = Sql::same(groups!(due!(reminder), "announced_at", "reminders"));
const CLEARED: Sql = Sql::same(groups!(due!(cleared), "cleared_at", "reminders"));

// What another worker changes just now is left for the next round: waiting for it could end in a dead-lock.
macro_rules! pick {
    ($due:expr, $more:expr, $lock:expr) => {
        concat!(
            "select id, order_key, parcel, kind, occurrence, since_at, opened_at, carrier, lane, warehouse, reason, value, currency,
                 promised, chance
             from alerts where brand = $1 and ",
            $due,
            " and ($2 = 0 or kind = $3 and coalesce(carrier, '') = $4 and coalesce(lane, '') = $5 and coalesce(warehouse, '') = $6) and ",
            $more,
            " limit $7 ",
            $lock
        )
    };
}

macro_rules! picks {
    ($due:expr, $more:expr) => {
        Sql { postgres: pick!($due, $more, "for update skip locked"), sqlite: pick!($due, $more, "") }
    };
}

const PICK_OPENED: Sql = picks!(due!(opened), "$8 >= 0 and $9 >= 0");
const PICK_REMINDED: Sql = picks!(due!(reminder), "reminders = $8 and announced_at <= $9");
const PICK_CLEARED: Sql = picks!(due!(cleared), "$8 >= 0 and $9 >= 0");

macro_rules! mark {
    ($set:literal) => {
        Sql {
            postgres: concat!("update alerts set ", $set, now_postgres!(), " where id = any($2::uuid[])"),
            sqlite: concat!(
                "update alerts set ",
                $set,
                now_sqlite!(),
                " where id in (select unhex(value->>0) from json_each($2))"
            ),
        }
    };
}

const MARK_OPENED: Sql = mark!("announced_at = ");
const MARK_REMINDED: Sql = mark!("reminders = reminders + 1, reminded_at = ");
const MARK_CLEARED: Sql = mark!("clear_announced_at = ");

// One at a time, or two workers would tell half of a group each. Taken for the length of the transaction, never waited for.
const ALONE: Sql = Sql::same("select pg_try_advisory_xact_lock(7230914502)");

const LAST_HOUR: Sql = Sql {
    postgres: concat!(
        "select coalesce(max(posts), 0) from (select count(*) as posts from alert_posts where brand = $2 and kind like 'alert.%'
             and created_at > ",
        now_postgres!(),
        " - 3600000 group by target) as each"
    ),
    sqlite: concat!(
        "select coalesce(max(posts), 0) from (select count(*) as posts from alert_posts where brand = $2 and kind like 'alert.%'
             and created_at > ",
        now_sqlite!(),
        " - 3600000 group by target) as each"
    ),
};

// TellEnd as if it were new: whoever put it aside wants to hear of it again.
macro_rules! wake {
    ($now:expr) => {
        concat!(
            "update alerts set state = 'open', snoozed_until = null, announced_at = null, reminders = 0
             where state = 'snoozed' and cleared_at is null and snoozed_until <= ",
            $now
        )
    };
}
const WAKE: Sql = Sql { postgres: wake!(now_postgres!()), sqlite: wake!(now_sqlite!()) };

// Over before anybody was told: nothing to say, and nothing to look at again.
macro_rules! forget {
    ($now:expr) => {
        concat!(
            "update alerts set clear_announced_at = ",
            $now,
            " where clear_announced_at is null and cleared_at is not null and announced_at is null"
        )
    };
}
const FORGET: Sql = Sql { postgres: forget!(now_postgres!()), sqlite: forget!(now_sqlite!()) };

cols! {
    struct GroupCols {
        brand: String,
        kind: String,
        carrier: Option<String>,
        lane: Option<String>,
        warehouse: Option<String>,
        alerts: i64,
        first_at: i64,
        step: i32,
    }
}

cols! {
    struct AlertCols {
        id: Uuid,
        order_key: String,
        parcel: Option<String>,
        kind: String,
        occurrence: i32,
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
    }
}

impl GroupCols {
    fn read(self) -> Result<Due, StoreError> {
        let bad = |column| StoreError::corrupt("alerts", column, &self.brand);
        let kind = Kind::parse(&self.kind).ok_or_else(|| bad("kind"))?;
        let first_at = at(self.first_at).ok_or_else(|| bad("opened_at"))?;
        let (count, reminders) = (u64::try_from(self.alerts).unwrap_or(0), u32::try_from(self.step).unwrap_or(0));
        let Self { brand, carrier, lane, warehouse, .. } = self;
        Ok(Due { group: Group { brand, kind, carrier, lane, warehouse }, count, first_at, reminders })
    }
}

impl AlertCols {
    fn read(self) -> Result<Alert, StoreError> {
        let bad = |column| StoreError::corrupt("alerts", column, self.id);
        let reason = |word: String| serde_json::from_value::<Reason>(word.into()).ok();
        Ok(Alert {
            key: AlertKey(self.id),
            kind: Kind::parse(&self.kind).ok_or_else(|| bad("kind"))?,
            occurrence: u32::try_from(self.occurrence).map_err(|_| bad("occurrence"))?,
            since: at(self.since_at).ok_or_else(|| bad("since_at"))?,
            opened_at: at(self.opened_at).ok_or_else(|| bad("opened_at"))?,
            promised: self.promised.and_then(day::date),
            // A word that a newer doorstep knows is no reason to tell nothing.
            reason: self.reason.and_then(reason),
            parcel: self.parcel,
            carrier: self.carrier,
            lane: self.lane,
            warehouse: self.warehouse,
            value: self.value,
            currency: self.currency,
            chance: self.chance,
            order: orders::key("alerts", self.order_key)?,
        })
    }
}

/// The statements of an occasion: what is due, and the mark that it was told.
fn statements(occasion: &Occasion) -> (&'static Sql, &'static Sql) {
    match occasion {
        Occasion::Opened => (&PICK_OPENED, &MARK_OPENED),
        Occasion::Reminder { .. } => (&PICK_REMINDED, &MARK_REMINDED),
        Occasion::Cleared => (&PICK_CLEARED, &MARK_CLEARED),
    }
}

impl Store {
    /// Opens again what was snoozed up to now, and lays aside what was cleared before anybody had heard of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wake_snoozed(&self) -> Result<u64, StoreError> {
        self.execute(&FORGET, &[self.now()], &[]).await?;
        self.execute(&WAKE, &[self.now()], &[]).await
    }

    /// The groups of alerts that ops have not heard of yet, that had been opened when they were last told, or whose end they
    /// have not heard of: by what `occasion` says, whose own members play no part. Those that wait longest come first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn alert_groups(&self, occasion: &Occasion) -> Result<Vec<Due>, StoreError> {
        let sql = match occasion {
            Occasion::Opened => &OPENED,
            Occasion::Reminder { .. } => &REMINDED,
            Occasion::Cleared => &CLEARED,
        };
        let rows: Vec<GroupCols> = self.read(sql, &[One::Int(GROUPS_MAX)], &[]).await?;
        rows.into_iter().map(GroupCols::read).collect()
    }

    /// Messages about alerts of this brand that one target got in the last hour, at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn posts_last_hour(&self, brand: &str) -> Result<u32, StoreError> {
        let rows: Vec<(i64,)> = self.read(&LAST_HOUR, &[self.now(), One::Text(brand)], &[]).await?;
        Ok(rows.first().map_or(0, |(posts,)| u32::try_from(*posts).unwrap_or(u32::MAX)))
    }

    /// Marks alerts as told and writes the messages that `compose` makes of them, in one transaction. Alerts that were told,
    /// acknowledged or cleared meanwhile are not among them. However many they are, few are in memory at the same time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`], [`StoreError::Poison`]: nothing was marked and nothing written.
    pub async fn tell_alerts(
        &self,
        telling: Telling,
        compose: impl FnOnce(&Gathered) -> Vec<NewPost> + Send + 'static,
    ) -> Result<TellEnd, StoreError> {
        let (db, now) = (self.kind(), self.inner.clock.for_sql());
        self.with_limit(TELL_TIME_MAX, Access::Transaction, move |mut conn| async move {
            if db == Db::Postgres {
                let alone: Vec<(bool,)> = conn.fetch(&ALONE, args(db, &[], &[])?).await?;
                if alone != [(true,)] {
                    return Ok((conn, TellEnd::Busy));
                }
            }
            let last_hour: Vec<(i64,)> =
                conn.fetch(&LAST_HOUR, args(db, &[One::OptInt(now), One::Text(&telling.brand)], &[])?).await?;
            if last_hour.iter().any(|(posts,)| *posts >= i64::from(telling.per_hour_max)) {
                return Ok((conn, TellEnd::Full));
            }
            let gathered = gather(&mut conn, &telling, now).await?;
            if gathered.count == 0 {
                return Ok((conn, TellEnd::Nothing));
            }
            let posts = compose(&gathered);
            if !posts.is_empty() {
                conn.execute(&PUT, put_args(db, now, &posts)?).await?;
            }
            Ok((conn, TellEnd::Alerts(gathered.count)))
        })
        .await
    }
}

/// Takes what is due in pieces, and marks each piece before the next is taken.
async fn gather(conn: &mut Conn, telling: &Telling, now: Option<i64>) -> Result<Gathered, StoreError> {
    let (pick, mark) = statements(&telling.occasion);
    let db = conn.kind();
    let mut gathered = Gathered::default();
    loop {
        let rows: Vec<AlertCols> = conn.fetch(pick, args(db, &ones(telling), &[])?).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        if ids.is_empty() {
            return Ok(gathered);
        }
        let whole = ids.len() as i64 == CHUNK;
        conn.execute(mark, args(db, &[One::OptInt(now)], &[Col::Uuid(ids)])?).await?;
        for row in rows {
            gathered.add(row.read()?);
        }
        if !whole {
            return Ok(gathered);
        }
    }
}

fn ones(telling: &Telling) -> [One<'_>; 9] {
    let group = telling.group.as_ref();
    let part = |get: fn(&Group) -> Option<&String>| One::Text(group.and_then(get).map_or("", String::as_str));
    let (step, before) = match telling.occasion {
        Occasion::Reminder { step, before } => (step, before),
        Occasion::Opened | Occasion::Cleared => (0, Timestamp::UNIX_EPOCH),
    };
    [
        One::Text(&telling.brand),
        One::Int(i64::from(group.is_some())),
        One::Text(group.map_or("", |group| group.kind.as_str())),
        part(|group| group.carrier.as_ref()),
        part(|group| group.lane.as_ref()),
        part(|group| group.warehouse.as_ref()),
        One::Int(CHUNK),
        One::Int(i64::from(step)),
        One::Int(before.as_millisecond()),
    ]
}
