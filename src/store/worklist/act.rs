//! What people do about alerts, each in one transaction with the row that says who did it.

use super::{Filter, Move, meant, standing};
use crate::domain::alert::AlertKey;
use crate::domain::id::OrderKey;
use crate::store::alerts::{AlertCols, AlertRow, columns};
use crate::store::ops::{AUDIT, Audit, audit_ones};
use crate::store::params::{One, Sql, args};
use crate::store::rows::Outcome;
use crate::store::save::{OUTCOMES, outcome_cols};
use crate::store::{Access, Store, StoreError, now_postgres, now_sqlite};

/// Makes the outcome event of an alert that was moved.
pub type Report = fn(&AlertRow) -> Option<Outcome>;

macro_rules! moves {
    ($now:expr, $state:literal, $who:literal, $until:literal, $why:literal) => {
        concat!(
            "update alerts set state = ",
            $state,
            ", acked_by = case when ",
            $state,
            " = 'acknowledged' then ",
            $who,
            " else acked_by end, acked_at = case when ",
            $state,
            " = 'acknowledged' then ",
            $now,
            " else acked_at end, snoozed_until = case when ",
            $state,
            " = 'snoozed' then ",
            $until,
            " end, cleared_at = case when ",
            $state,
            " = 'cleared' then ",
            $now,
            " end, clear_why = case when ",
            $state,
            " = 'cleared' then 'by hand: ' || ",
            $why,
            " end where "
        )
    };
}

const MOVE_ONE: Sql = Sql {
    postgres: concat!(
        moves!(now_postgres!(), "$2", "$3", "$4", "$5"),
        "id = $6 and order_key = $7 and cleared_at is null returning ",
        columns!()
    ),
    sqlite: concat!(
        moves!(now_sqlite!(), "$2", "$3", "$4", "$5"),
        "id = $6 and order_key = $7 and cleared_at is null returning ",
        columns!()
    ),
};

const MOVE_ALL: Sql = Sql {
    postgres: concat!(
        moves!(now_postgres!(), "$10", "$11", "$12", "$13"),
        meant!(now_postgres!()),
        " returning ",
        columns!()
    ),
    sqlite: concat!(
        moves!(now_sqlite!(), "$10", "$11", "$12", "$13"),
        meant!(now_sqlite!()),
        " returning ",
        columns!()
    ),
};

// What waits because a rule held it, or for its next try. One in its merge window is left alone: it goes within minutes, and
// news that comes meanwhile must still find it.
const HASTEN: Sql = Sql {
    postgres: concat!(
        "update outbox set due_at = ",
        now_postgres!(),
        " where order_key = $2 and state = 'planned' and due_at > ",
        now_postgres!(),
        " and (why is not null or attempts > 0)"
    ),
    sqlite: concat!(
        "update outbox set due_at = ",
        now_sqlite!(),
        " where order_key = $2 and state = 'planned' and due_at > ",
        now_sqlite!(),
        " and (why is not null or attempts > 0)"
    ),
};

impl Move {
    /// State, until when, and why, as the statements take them.
    fn ones<'a>(&'a self, person: &'a str) -> [One<'a>; 4] {
        let (state, until, why) = match self {
            Self::Acknowledge => ("acknowledged", None, ""),
            Self::Snooze(until) => ("snoozed", Some(until.as_millisecond()), ""),
            Self::Clear(why) => ("cleared", None, why.as_str()),
        };
        [One::Text(state), One::Text(person), One::OptInt(until), One::Text(why)]
    }
}

impl Store {
    /// Moves one alert of an order, if it is not cleared. False if there is no such alert, and then nothing is written down.
    /// `report` makes the outcome event, queued in the same transaction; `None` where no program listens.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn move_alert(
        &self,
        order: &OrderKey,
        alert: AlertKey,
        to: &Move,
        audit: Audit,
        report: Option<Report>,
    ) -> Result<bool, StoreError> {
        let mut ones = vec![self.now()];
        ones.extend(to.ones(&audit.person));
        ones.extend([One::Uuid(alert.0), One::Text(order.as_str())]);
        Ok(self.moved(&MOVE_ONE, &ones, &audit, report).await? == 1)
    }

    /// Moves every alert that the filter means; answers with how many. That number is written down beside the filter.
    /// `report` as in [`Store::move_alert`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn move_alerts(
        &self,
        filter: &Filter,
        to: &Move,
        audit: Audit,
        report: Option<Report>,
    ) -> Result<u64, StoreError> {
        let mut ones = vec![self.now()];
        ones.extend(filter.ones());
        ones.extend(to.ones(&audit.person));
        self.moved(&MOVE_ALL, &ones, &audit, report).await
    }

    async fn moved(
        &self,
        sql: &'static Sql,
        ones: &[One<'_>],
        audit: &Audit,
        report: Option<Report>,
    ) -> Result<u64, StoreError> {
        let asked = self.args(ones, &[])?;
        let (kind, now, audit) = (self.kind(), self.inner.clock.for_sql(), audit.clone());
        self.with(Access::Transaction, move |mut conn| async move {
            let rows: Vec<AlertCols> = conn.fetch(sql, asked).await?;
            let count = rows.len() as u64;
            let mut outcomes = Vec::new();
            if let Some(report) = report {
                for row in rows {
                    outcomes.extend(report(&row.read()?));
                }
            }
            if !outcomes.is_empty() {
                conn.execute(&OUTCOMES, args(kind, &[], &outcome_cols(outcomes.iter()))?).await?;
            }
            if count > 0 {
                let many = (count > 1).then(|| format!("{count} alerts"));
                let detail = [many, audit.detail.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ");
                let audit = Audit { detail: Some(detail), ..audit };
                conn.execute(&AUDIT, args(kind, &audit_ones(One::OptInt(now), &audit), &[])?).await?;
            }
            Ok((conn, count))
        })
        .await
    }

    /// Makes due now what waits of an order because a rule held it, or for its next try; answers with how many. It is judged
    /// again before it goes, so quiet hours, holds and opt-outs still stand.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hasten(&self, order: &OrderKey) -> Result<u64, StoreError> {
        self.execute(&HASTEN, &[self.now(), One::Text(order.as_str())], &[]).await
    }
}
