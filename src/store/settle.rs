//! What became of claimed notices.

use std::collections::HashSet;

use uuid::Uuid;

use super::error::StoreError;
use super::params::{Args, Col, Kind, Sql, args};
use super::rows::{Outcome, Settled, State, Verdict};
use super::save::{OUTCOMES, outcome_cols};
use super::{Access, Store, now_postgres, now_sqlite};
use crate::domain::id::NoticeKey;
use crate::domain::notice::Why;

/// Leaves the due time as it is.
const KEEP_DUE: i64 = -1;

// Guarded by fence and state, so that a worker that lost its lease changes nothing. A verdict about something that was never under
// way, or no longer can be undone, finds no row: `accepted` and `in_doubt` need the intent, `superseded` and its like must come
// before it. Whoever leaves a notice unsent has judged an order: like an intent, that counts only while the order is as it was judged,
// and its lock keeps out whoever is just making news a part of this very message. A try is counted by the intent; here it is added or taken back so that `reached` has the last word. Giving
// up is no answer: what may have arrived by then may have arrived still.
macro_rules! assignments {
    ($now:expr) => {
        concat!(
            "state = g.state, due_at = case g.due_at when -1 then outbox.due_at else g.due_at end, lease_until = null,
             attempts = outbox.attempts + case when outbox.state = 'sending' and g.reached = 0 then -1
                 when outbox.state = 'claimed' and g.reached > 0 then 1 else 0 end,
             first_try_at = case when g.reached > 0 then coalesce(outbox.first_try_at, ",
            $now,
            ") else outbox.first_try_at end,
             why = g.why, cause = g.cause, receipt = g.receipt,
             doubt_at = case g.state when 'accepted' then null when 'rejected' then case g.why when 'gave_up' then outbox.doubt_at end
                 when 'in_doubt' then ",
            $now,
            " else case g.reached when 2 then coalesce(outbox.doubt_at, ",
            $now,
            ") else outbox.doubt_at end end,
             settled_at = case g.state when 'planned' then null else ",
            $now,
            " end"
        )
    };
}

macro_rules! guards {
    ($orders:literal) => {
        concat!(
            "outbox.key = g.key and outbox.fence = g.fence and outbox.state in ('claimed', 'sending')
             and (g.only_from is null or outbox.state = g.only_from)
             and (g.version is null or exists (select 1 from ",
            $orders,
            " as r where r.key = g.order_key and r.version = g.version))"
        )
    };
}

const SETTLE: Sql = Sql {
    postgres: concat!(
        "with g as materialized (
             select * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[],
                 $10::text[], $11::text[], $12::bigint[])
                 as g(key, fence, only_from, state, due_at, reached, why, cause, receipt, order_key, version)),
         stood as materialized (
             select key, version from orders
             where key = any(array(select distinct order_key from g where version is not null)) order by key for no key update),
         done as (
             update outbox set ",
        assignments!(now_postgres!()),
        " from g where ",
        guards!("stood"),
        " returning outbox.key, outbox.state, outbox.contact),
         freed as (
             delete from sealed using done where sealed.key = done.key and done.state not in ('planned', 'in_doubt')),
         counted as (
             insert into told (contact, at) select contact, ",
        now_postgres!(),
        " from done where state = 'accepted' and contact is not null)
         select key from done"
    ),
    sqlite: concat!(
        "update outbox set ",
        assignments!(now_sqlite!()),
        " from (select unhex(value->>0) as key, value->>1 as fence, value->>2 as only_from, value->>3 as state,
                  value->>4 as due_at, value->>5 as reached, value->>6 as why, value->>7 as cause, value->>8 as receipt,
                  value->>9 as order_key, value->>10 as version
              from json_each($2)) as g
         where ",
        guards!("orders"),
        " returning key"
    ),
};

/// SQLite's second and third parts of [`SETTLE`], and of a person's decision.
pub(super) const FREE: &str = "delete from sealed where key in
    (select o.key from json_each($1) join outbox o on o.key = unhex(value->>0) where o.state not in ('planned', 'in_doubt'))";
pub(super) const COUNT: &str = concat!(
    "insert into told (contact, at) select o.contact, ",
    now_sqlite!(),
    " from json_each($2) join outbox o on o.key = unhex(value->>0) where o.state = 'accepted' and o.contact is not null"
);

/// What is known of a try: as the statement reads it, by its number.
#[derive(Clone, Copy)]
enum Reached {
    /// It never came to the far side: no try at all.
    No = 0,
    Yes = 1,
    /// And the far side may have taken it.
    Unsure = 2,
}

impl From<bool> for Reached {
    fn from(reached: bool) -> Self {
        if reached { Self::Yes } else { Self::No }
    }
}

/// A verdict, column by column.
struct Columns<'a> {
    /// The only state that it can follow; `None`: claimed or sending.
    only_from: Option<State>,
    state: State,
    due: Option<i64>,
    reached: Reached,
    why: Option<Why>,
    cause: Option<&'a str>,
    receipt: Option<&'a str>,
}

impl<'a> From<&'a Verdict> for Columns<'a> {
    fn from(verdict: &'a Verdict) -> Self {
        let (claimed, sending) = (Some(State::Claimed), Some(State::Sending));
        let end = |only_from, state, reached: bool| Self {
            only_from,
            state,
            due: None,
            reached: reached.into(),
            why: None,
            cause: None,
            receipt: None,
        };
        match verdict {
            Verdict::Accepted { receipt } => {
                Self { receipt: receipt.as_deref(), ..end(sending, State::Accepted, true) }
            }
            Verdict::Deferred { until, cause, reached } => {
                Self { due: Some(until.as_millisecond()), cause: Some(cause), ..end(None, State::Planned, *reached) }
            }
            Verdict::Unsure { until, cause } => Self {
                due: Some(until.as_millisecond()),
                cause: Some(cause),
                reached: Reached::Unsure,
                ..end(sending, State::Planned, true)
            },
            Verdict::Rejected { why, cause } => {
                Self { why: Some(*why), cause: Some(cause), ..end(None, State::Rejected, true) }
            }
            Verdict::InDoubt { cause } => Self { cause: Some(cause), ..end(sending, State::InDoubt, true) },
            Verdict::Superseded { why } => Self { why: Some(*why), ..end(claimed, State::Superseded, false) },
            Verdict::Suppressed { why } => Self { why: Some(*why), ..end(claimed, State::Suppressed, false) },
            Verdict::Held { until, why } => {
                Self { due: Some(until.as_millisecond()), why: Some(*why), ..end(claimed, State::Planned, false) }
            }
            Verdict::Released => Self { due: Some(KEEP_DUE), ..end(None, State::Planned, false) },
        }
    }
}

impl Store {
    /// Writes what became of claimed notices, in one transaction, and queues the outcome events of those that really were settled.
    /// Returns their keys; the others had been taken over by another worker, or settled already, or their order has moved on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: repeat it; what is settled stays settled. [`StoreError::Poison`].
    pub async fn settle(
        &self,
        settled: &[Settled],
        outcomes: &[(NoticeKey, Outcome)],
    ) -> Result<Vec<NoticeKey>, StoreError> {
        if settled.is_empty() {
            return Ok(Vec::new());
        }
        let settle = self.settle_args(settled)?;
        if self.kind() == Kind::Postgres && outcomes.is_empty() {
            return self
                .with(Access::Statement, |mut conn| async move {
                    let keys: Vec<(Uuid,)> = conn.fetch(&SETTLE, settle).await?;
                    Ok((conn, keys.into_iter().map(|(key,)| NoticeKey(key)).collect()))
                })
                .await;
        }
        let (kind, now, outcomes) = (self.kind(), self.inner.clock.for_sql(), outcomes.to_vec());
        self.with(Access::Transaction, move |mut conn| async move {
            let keys: Vec<(Uuid,)> = conn.fetch(&SETTLE, settle).await?;
            let keys: Vec<Uuid> = keys.into_iter().map(|(key,)| key).collect();
            if kind == Kind::Sqlite && !keys.is_empty() {
                let cols = [Col::Uuid(keys.clone())];
                conn.execute(&Sql::same(FREE), args(kind, &[], &cols)?).await?;
                conn.execute(&Sql::same(COUNT), args(kind, &[super::One::OptInt(now)], &cols)?).await?;
            }
            let done: HashSet<Uuid> = keys.iter().copied().collect();
            let told = outcomes.iter().filter(|(key, _)| done.contains(&key.0)).map(|(_, outcome)| outcome);
            if told.clone().next().is_some() {
                conn.execute(&OUTCOMES, args(kind, &[], &outcome_cols(told))?).await?;
            }
            Ok((conn, keys.into_iter().map(NoticeKey).collect()))
        })
        .await
    }

    fn settle_args(&self, settled: &[Settled]) -> Result<Args, StoreError> {
        let mut rows: Vec<(&Settled, Columns<'_>)> = settled.iter().map(|one| (one, (&one.result).into())).collect();
        rows.sort_unstable_by_key(|(one, _)| one.key);
        let cols = [
            Col::Uuid(rows.iter().map(|(one, _)| one.key.0).collect()),
            Col::Int(rows.iter().map(|(one, _)| i64::from(one.fence)).collect()),
            Col::OptText(rows.iter().map(|(_, to)| to.only_from.map(State::as_str)).collect()),
            Col::Text(rows.iter().map(|(_, to)| to.state.as_str()).collect()),
            Col::OptInt(rows.iter().map(|(_, to)| to.due).collect()),
            Col::Int(rows.iter().map(|(_, to)| to.reached as i64).collect()),
            Col::OptText(rows.iter().map(|(_, to)| to.why.map(Why::as_str)).collect()),
            Col::OptText(rows.iter().map(|(_, to)| to.cause).collect()),
            Col::OptText(rows.iter().map(|(_, to)| to.receipt).collect()),
            Col::Text(rows.iter().map(|(one, _)| one.order.as_str()).collect()),
            Col::OptInt(rows.iter().map(|(one, _)| one.version).collect()),
        ];
        self.args(&[self.now()], &cols)
    }
}
