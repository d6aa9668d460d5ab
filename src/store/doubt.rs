//! Sends whose outcome nobody knows.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::claim::{NoticeCols, notice_columns, readable};
use super::cols::cols;
use super::error::StoreError;
use super::params::{Col, Kind, One, Sql, args};
use super::rows::{Decision, Doubted, Outcome};
use super::save::{OUTCOMES, ms, outcome_cols};
use super::settle::{COUNT, FREE};
use super::{Access, Store, now_postgres, now_sqlite};
use crate::domain::id::NoticeKey;
use crate::domain::person::Channel;

/// Committed groups of intents looked at in one go.
const GROUPS_MAX: i64 = 200;

// `$2`: groups at most; `$3`: the horizon; `$4`…: the channels that recognise a key.
macro_rules! assignments {
    ($now:expr, $idempotent:expr) => {
        concat!(
            "state = case when ",
            $idempotent,
            " then 'planned' else 'in_doubt' end, due_at = case when ",
            $idempotent,
            " then ",
            $now,
            " end, doubt_at = ",
            $now,
            ", settled_at = case when ",
            $idempotent,
            " then null else ",
            $now,
            " end, cause = 'the worker did not come back', lease_until = null, fence = outbox.fence + 1"
        )
    };
}

macro_rules! idempotent_postgres {
    () => {
        concat!("outbox.channel = any($4::text[]) and outbox.first_try_at > ", now_postgres!(), " - $3")
    };
}

macro_rules! idempotent_sqlite {
    () => {
        concat!(
            "outbox.channel in (select value->>0 from json_each($4)) and outbox.first_try_at > ",
            now_sqlite!(),
            " - $3"
        )
    };
}

// A group whose time has come is taken off the list; those of its sends that had their lease stretched go back on it, also where
// that was done this very moment.
const DOUBT: Sql = Sql {
    postgres: concat!(
        "with due as (
             delete from flights where ctid = any(array(
                 select ctid from flights where until <= ",
        now_postgres!(),
        " order by until limit $2 for update skip locked))
             returning keys),
         flown as materialized (select distinct unnest(keys) as key from due),
         o as (
             update outbox set ",
        assignments!(now_postgres!(), idempotent_postgres!()),
        " from flown where outbox.key = flown.key and outbox.state = 'sending' and outbox.lease_until <= ",
        now_postgres!(),
        " returning outbox.*),
         again as (
             insert into flights (until, keys)
             select max(f.lease_until), array_agg(f.key) from outbox f join flown on flown.key = f.key
             where f.state = 'sending' and not exists (select 1 from o where o.key = f.key) having count(*) > 0)
         select ",
        notice_columns!(),
        ", o.state, o.fence from o order by o.key"
    ),
    sqlite: concat!(
        "update outbox as outbox set ",
        assignments!(now_sqlite!(), idempotent_sqlite!()),
        " where state = 'sending' and lease_until <= ",
        now_sqlite!(),
        " and $2 > 0
         returning key, order_key, shipment, stage, occurrence, role, channel, fact_at, planned_at, due_at, state, fence"
    ),
};

/// Whether there are more groups whose time has come, and that no other worker is looking at: on Postgres, SQLite keeps none.
const LEFT: Sql = Sql::same(concat!(
    "select 1::bigint from flights where until <= ",
    now_postgres!(),
    " limit 1 for update skip locked"
));

// Only what is in doubt can be decided, and only once.
const DECIDE: Sql = Sql {
    postgres: concat!(
        "with done as (
             update outbox set state = $3, cause = $4, due_at = case $3 when 'planned' then ",
        now_postgres!(),
        " end, settled_at = case $3 when 'planned' then null else ",
        now_postgres!(),
        " end, doubt_at = case $3 when 'planned' then doubt_at end, fence = fence + 1
             where key = $2 and state = 'in_doubt' returning key, state, contact),
         freed as (delete from sealed using done where sealed.key = done.key and done.state = 'accepted'),
         counted as (
             insert into told (contact, at) select contact, ",
        now_postgres!(),
        " from done where state = 'accepted' and contact is not null)
         select key from done"
    ),
    sqlite: concat!(
        "update outbox set state = $3, cause = $4, due_at = case $3 when 'planned' then ",
        now_sqlite!(),
        " end, settled_at = case $3 when 'planned' then null else ",
        now_sqlite!(),
        " end, doubt_at = case $3 when 'planned' then doubt_at end, fence = fence + 1
         where key = $2 and state = 'in_doubt' returning key"
    ),
};

cols! {
    struct DoubtCols {
        ..notice: NoticeCols,
        state: String,
        fence: i32,
    }
}

impl Store {
    /// Looks for sends whose lease has run out. On the channels in `idempotent`, whose far side recognises a key, and within
    /// `horizon` of the first try (80 % of the time that the provider keeps its keys), the same bytes become due again; the rest
    /// is in doubt. `report` makes the outcome event of each; it is queued in the same transaction.
    ///
    /// Looks at a bounded number of sends: call it again while it returns something.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]. A damaged row is logged and left out.
    pub async fn doubtful(
        &self,
        idempotent: &[Channel],
        horizon: Duration,
        report: impl Fn(&Doubted) -> Option<Outcome> + Send + Sync + 'static,
    ) -> Result<Vec<Doubted>, StoreError> {
        let report = Arc::new(report);
        loop {
            let doubted = self.doubtful_groups(idempotent, horizon, Arc::clone(&report)).await?;
            // As a rule all sends of a group have long been settled. What counts is that none is left unseen: a worker that starts
            // more groups a second than are looked at would hide the dead behind the living.
            if !doubted.is_empty()
                || self.kind() == Kind::Sqlite
                || self.read::<(i64,)>(&LEFT, &[self.now()], &[]).await?.is_empty()
            {
                return Ok(doubted);
            }
        }
    }

    async fn doubtful_groups(
        &self,
        idempotent: &[Channel],
        horizon: Duration,
        report: Arc<impl Fn(&Doubted) -> Option<Outcome> + Send + Sync + 'static>,
    ) -> Result<Vec<Doubted>, StoreError> {
        let kind = self.kind();
        let channels = Col::Text(idempotent.iter().map(|channel| channel.as_str()).collect());
        let asked = self.args(&[self.now(), One::Int(GROUPS_MAX), One::Int(ms(horizon))], &[channels])?;
        self.with(Access::Transaction, move |mut conn| async move {
            let rows: Vec<DoubtCols> = conn.fetch(&DOUBT, asked).await?;
            let doubted = rows
                .into_iter()
                .filter_map(|row| {
                    let (again, fence) = (row.state == "planned", row.fence);
                    Some(Doubted { notice: readable(row.notice.read())?, fence, again })
                })
                .collect::<Vec<_>>();
            let outcomes: Vec<Outcome> = doubted.iter().filter_map(|one| report(one)).collect();
            if !outcomes.is_empty() {
                conn.execute(&OUTCOMES, args(kind, &[], &outcome_cols(outcomes.iter()))?).await?;
            }
            Ok((conn, doubted))
        })
        .await
    }

    /// Settles one notice in doubt; `who` decided it (`cli`, `policy`; nobody's name). `told`: its outcome event, which is queued in
    /// the same transaction. False if it is not in doubt.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn decide_doubt(
        &self,
        key: NoticeKey,
        decision: Decision,
        who: &str,
        told: Option<Outcome>,
    ) -> Result<bool, StoreError> {
        let (state, cause) = match decision {
            Decision::WasSent => ("accepted", format!("settled as sent by {who}")),
            Decision::SendAgain => ("planned", format!("to be sent again, says {who}")),
        };
        let asked = self.args(&[self.now(), One::Uuid(key.0), One::Text(state), One::Text(&cause)], &[])?;
        let (kind, now) = (self.kind(), self.inner.clock.for_sql());
        self.with(Access::Transaction, move |mut conn| async move {
            let done: Vec<(Uuid,)> = conn.fetch(&DECIDE, asked).await?;
            let keys: Vec<Uuid> = done.into_iter().map(|(key,)| key).collect();
            let decided = !keys.is_empty();
            if let (true, Some(told)) = (decided, &told) {
                conn.execute(&OUTCOMES, args(kind, &[], &outcome_cols(std::iter::once(told)))?).await?;
            }
            if decided && kind == Kind::Sqlite {
                let cols = [Col::Uuid(keys)];
                conn.execute(&Sql::same(FREE), args(kind, &[], &cols)?).await?;
                conn.execute(&Sql::same(COUNT), args(kind, &[One::OptInt(now)], &cols)?).await?;
            }
            Ok((conn, decided))
        })
        .await
    }
}
