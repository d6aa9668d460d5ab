//! Alerts: opened and ended with the orders they are about, and what people make of them.

use jiff::Timestamp;
use std::time::Duration;
use uuid::Uuid;

use super::claim::{at, read_at};
use super::cols::cols;
use super::error::StoreError;
use super::params::{Args, Col, One, Sql, args};
use super::rows::{Changes, Outcome};
use super::save::{OUTCOMES, ms, outcome_cols};
use super::tx::Tx;
use super::{Access, Store, now_postgres, now_sqlite, orders};
use crate::domain::alert::{Alert, AlertKey, Kind, Standing};
use crate::domain::day;
use crate::domain::event::Reason;
use crate::domain::id::{EventKey, OrderKey, TrackingNumber};

/// An alert as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertRow {
    pub alert: Alert,
    pub standing: Standing,
    /// Who looks after it.
    pub acked_by: Option<String>,
    pub acked_at: Option<Timestamp>,
    pub snoozed_until: Option<Timestamp>,
    pub cleared_at: Option<Timestamp>,
    /// A rule's word (`delivered`, `moved_on`, …), or what a person wrote after `by hand: `.
    pub clear_why: Option<String>,
}

impl AlertRow {
    /// Why it was cleared, without what a person wrote.
    pub fn why_in_a_word(&self) -> &str {
        match self.clear_why.as_deref() {
            Some(why) if why.starts_with(BY_HAND) => "by_hand",
            Some(why) => why,
            None => "unknown",
        }
    }
}

/// What stands before a person's words in `clear_why`.
const BY_HAND: &str = "by hand";

/// Scans of a number that no order has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownNumber {
    pub number: TrackingNumber,
    /// When the first of them came in.
    pub since: Timestamp,
    /// That one.
    pub event: EventKey,
    /// The same, as it came.
    pub raw: Vec<u8>,
}

macro_rules! columns {
    () => {
        "id, order_key, parcel, kind, occurrence, state, since_at, opened_at, carrier, lane, warehouse, reason, value,
         currency, promised, chance, acked_by, acked_at, snoozed_until, cleared_at, clear_why"
    };
}

pub(super) use columns;

// An alert that was opened before stays as it is: its key is made of what it is about.
const OPEN: Sql = Sql {
    postgres: concat!(
        "insert into alerts (id, order_key, brand, parcel, kind, occurrence, state, since_at, opened_at, carrier, lane,
             warehouse, reason, value, currency, promised, chance)
         select u.id, u.order_key, split_part(u.order_key, '/', 1), u.parcel, u.kind, u.occurrence, 'open', u.since_at,
             u.opened_at, u.carrier, u.lane, u.warehouse, u.reason, u.value, u.currency, u.promised, u.chance
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
             $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::bigint[], $15::double precision[])
             as u(id, order_key, parcel, kind, occurrence, since_at, opened_at, carrier, lane, warehouse, reason, value,
                 currency, promised, chance)
         on conflict (id) do nothing returning ",
        columns!()
    ),
    sqlite: concat!(
        "insert into alerts (id, order_key, brand, parcel, kind, occurrence, state, since_at, opened_at, carrier, lane,
             warehouse, reason, value, currency, promised, chance)
         select unhex(value->>0), value->>1, substr(value->>1, 1, instr(value->>1, '/') - 1), value->>2, value->>3,
             value->>4, 'open', value->>5, value->>6, value->>7, value->>8, value->>9, value->>10, value->>11, value->>12,
             value->>13, value->>14
         from json_each($1) where true
         on conflict (id) do nothing returning ",
        columns!()
    ),
};

const END: Sql = Sql {
    postgres: concat!(
        "update alerts set state = 'cleared', clear_why = u.why, snoozed_until = null, cleared_at = ",
        now_postgres!(),
        " from unnest($2::uuid[], $3::text[]) as u(id, why) where alerts.id = u.id and alerts.cleared_at is null"
    ),
    sqlite: concat!(
        "update alerts set state = 'cleared', clear_why = u.why, snoozed_until = null, cleared_at = ",
        now_sqlite!(),
        " from (select unhex(value->>0) as id, value->>1 as why from json_each($2)) as u
         where alerts.id = u.id and alerts.cleared_at is null"
    ),
};

const OF_ORDER: Sql =
    Sql::same(concat!("select ", columns!(), " from alerts where order_key = $1 order by opened_at, kind, occurrence"));

// One alert for each number, for ever: found, it is never unknown again.
macro_rules! unknown {
    ($now:expr) => {
        concat!(
            "select w.number, w.since, w.event_key, i.raw from waiting w join inbox i on i.key = w.event_key where w.since <= ",
            $now,
            " - $2 and not exists (
                 select 1 from alerts a where a.kind = 'unknown_tracking_number' and a.parcel = w.number)
                 and (w.since, w.event_key) > ($4, $5)
             order by w.since, w.event_key limit $3"
        )
    };
}

const UNKNOWN: Sql = Sql { postgres: unknown!(now_postgres!()), sqlite: unknown!(now_sqlite!()) };

macro_rules! found {
    ($now:expr) => {
        concat!(
            "update alerts set state = 'cleared', snoozed_until = null, cleared_at = ",
            $now,
            ", clear_why = case when exists (select 1 from numbers n where n.number = alerts.parcel)
                 then 'found' else 'forgotten' end
             where kind = 'unknown_tracking_number' and cleared_at is null
                 and not exists (select 1 from waiting w where w.number = alerts.parcel) returning ",
            columns!()
        )
    };
}

const FOUND: Sql = Sql { postgres: found!(now_postgres!()), sqlite: found!(now_sqlite!()) };

cols! {
    pub(super) struct AlertCols {
        id: Uuid,
        order_key: String,
        parcel: Option<String>,
        kind: String,
        occurrence: i32,
        state: String,
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
    }
}

impl AlertCols {
    pub(super) fn read(self) -> Result<AlertRow, StoreError> {
        let id = self.id;
        let bad = |column| StoreError::corrupt("alerts", column, id);
        let time = |column, ms| read_at("alerts", column, id, ms);
        let alert = Alert {
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
            reason: self.reason.map(|word| Reason::parse(&word).ok_or_else(|| bad("reason"))).transpose()?,
            value: self.value,
            currency: self.currency,
            promised: self.promised.map(|number| day::date(number).ok_or_else(|| bad("promised"))).transpose()?,
            chance: self.chance,
        };
        Ok(AlertRow {
            alert,
            standing: Standing::parse(&self.state).ok_or_else(|| bad("state"))?,
            acked_by: self.acked_by,
            acked_at: time("acked_at", self.acked_at)?,
            snoozed_until: time("snoozed_until", self.snoozed_until)?,
            cleared_at: time("cleared_at", self.cleared_at)?,
            clear_why: self.clear_why,
        })
    }
}

/// In the order of their keys, so that two batches with the same alerts wait for one another instead of dead-locking.
fn alert_cols<'a>(alerts: &[&'a Alert]) -> [Col<'a>; 15] {
    fn texts<'a>(alerts: &[&'a Alert], of: impl Fn(&'a Alert) -> Option<&'a str>) -> Col<'a> {
        Col::OptText(alerts.iter().map(|alert| of(alert)).collect())
    }
    [
        Col::Uuid(alerts.iter().map(|alert| alert.key.0).collect()),
        Col::Text(alerts.iter().map(|alert| alert.order.as_str()).collect()),
        texts(alerts, |alert| alert.parcel.as_deref()),
        Col::Text(alerts.iter().map(|alert| alert.kind.as_str()).collect()),
        Col::Int(alerts.iter().map(|alert| i64::from(alert.occurrence)).collect()),
        Col::Int(alerts.iter().map(|alert| alert.since.as_millisecond()).collect()),
        Col::Int(alerts.iter().map(|alert| alert.opened_at.as_millisecond()).collect()),
        texts(alerts, |alert| alert.carrier.as_deref()),
        texts(alerts, |alert| alert.lane.as_deref()),
        texts(alerts, |alert| alert.warehouse.as_deref()),
        texts(alerts, |alert| alert.reason.map(Reason::as_str)),
        Col::OptInt(alerts.iter().map(|alert| alert.value).collect()),
        texts(alerts, |alert| alert.currency.as_deref()),
        Col::OptInt(alerts.iter().map(|alert| alert.promised.map(|date| i64::from(day::number(date)))).collect()),
        Col::OptReal(alerts.iter().map(|alert| alert.chance).collect()),
    ]
}

fn sorted(mut alerts: Vec<&Alert>) -> Vec<&Alert> {
    alerts.sort_unstable_by_key(|alert| alert.key);
    alerts
}

impl Tx {
    /// Opens alerts and ends others, each in one statement.
    pub(super) async fn save_alerts(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if !changes.alerts.is_empty() {
            let alerts = sorted(changes.alerts.iter().collect());
            self.execute(&OPEN, &[], &alert_cols(&alerts)).await?;
        }
        if !changes.cleared.is_empty() {
            let mut ended: Vec<_> = changes.cleared.iter().map(|(_, key, why)| (key.0, *why)).collect();
            ended.sort_unstable();
            let cols = [
                Col::Uuid(ended.iter().map(|(key, _)| *key).collect()),
                Col::Text(ended.iter().map(|(_, why)| *why).collect()),
            ];
            let now = self.now();
            self.execute(&END, &[now], &cols).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Every alert of this order, in the order in which they were opened. Those about numbers that no order has are kept under
    /// `brand/?`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn alerts_of(&self, order: &OrderKey) -> Result<Vec<AlertRow>, StoreError> {
        let rows: Vec<AlertCols> = self.read(&OF_ORDER, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(AlertCols::read).collect()
    }

    /// Numbers that no order has shown, and whose scans have waited for `age`; of which no alert was opened yet. Up to `limit`
    /// scans are looked at, oldest first, from the one after `after` on; a number may come more than once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn unknown_numbers(
        &self,
        age: Duration,
        after: Option<(Timestamp, EventKey)>,
        limit: u32,
    ) -> Result<Vec<UnknownNumber>, StoreError> {
        let (since, event) = after.map_or((i64::MIN, Uuid::nil()), |(since, event)| (since.as_millisecond(), event.0));
        let limit = One::Int(i64::from(limit));
        let ones = [self.now(), One::Int(ms(age)), limit, One::Int(since), One::Uuid(event)];
        let rows: Vec<(String, i64, Uuid, Vec<u8>)> = self.read(&UNKNOWN, &ones, &[]).await?;
        rows.into_iter()
            .map(|(number, since, event, raw)| {
                let since = at(since).ok_or_else(|| StoreError::corrupt("waiting", "since", &number))?;
                Ok(UnknownNumber { number: TrackingNumber::new(number), since, event: EventKey(event), raw })
            })
            .collect()
    }

    /// Opens alerts that belong to no order's document; answers with those that were not open before. `report` makes
    /// the outcome event of each; it is queued in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn open_alerts(
        &self,
        alerts: &[Alert],
        report: impl Fn(&AlertRow) -> Option<Outcome> + Send + 'static,
    ) -> Result<Vec<AlertRow>, StoreError> {
        if alerts.is_empty() {
            return Ok(Vec::new());
        }
        let asked = self.args(&[], &alert_cols(&sorted(alerts.iter().collect())))?;
        self.changed(&OPEN, asked, report).await
    }

    /// Ends the alerts of numbers for which nothing waits any more. `report` as in [`Store::open_alerts`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn end_found_numbers(
        &self,
        report: impl Fn(&AlertRow) -> Option<Outcome> + Send + 'static,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let asked = self.args(&[self.now()], &[])?;
        self.changed(&FOUND, asked, report).await
    }

    /// Runs a statement that changes alerts, and queues the outcome events of what it changed in the same transaction.
    async fn changed(
        &self,
        sql: &'static Sql,
        asked: Args,
        report: impl Fn(&AlertRow) -> Option<Outcome> + Send + 'static,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let kind = self.kind();
        self.with(Access::Transaction, move |mut conn| async move {
            let rows: Vec<AlertCols> = conn.fetch(sql, asked).await?;
            let rows: Vec<AlertRow> = rows.into_iter().map(AlertCols::read).collect::<Result<_, _>>()?;
            let outcomes: Vec<Outcome> = rows.iter().filter_map(report).collect();
            if !outcomes.is_empty() {
                conn.execute(&OUTCOMES, args(kind, &[], &outcome_cols(outcomes.iter()))?).await?;
            }
            Ok((conn, rows))
        })
        .await
    }
}
