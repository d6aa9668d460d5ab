//! Outcome events on their way to the broker: queued with what they report, forgotten once the broker has confirmed them.

use std::time::Duration;

use uuid::Uuid;

use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::rows::Outcome;
use super::save::ms;
use super::{Store, now_postgres, now_sqlite};

// On SQLite the limit is a sum for the same reason as in `claim`.
const CLAIM: Sql = Sql {
    postgres: concat!(
        "with due as materialized (
             select seq from outcomes where lease_until <= ",
        now_postgres!(),
        " order by seq limit $2 for update skip locked)
         update outcomes set lease_until = ",
        now_postgres!(),
        " + $3 from due where outcomes.seq = due.seq returning outcomes.seq, outcomes.id, outcomes.kind, outcomes.body"
    ),
    sqlite: concat!(
        "update outcomes set lease_until = ",
        now_sqlite!(),
        " + $3 where seq in (select seq from outcomes where lease_until <= ",
        now_sqlite!(),
        " order by seq limit 0 + $2) returning seq, id, kind, body"
    ),
};

const FORGET: Sql = Sql {
    postgres: "delete from outcomes where seq = any($1::bigint[])",
    sqlite: "delete from outcomes where seq in (select value->>0 from json_each($1))",
};

impl Store {
    /// Takes up to `limit` outcome events to publish, oldest first, with the numbers by which to forget them. What is not
    /// forgotten within `lease` is handed out again: publish at least once, always under the same id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn claim_outcomes(&self, limit: u32, lease: Duration) -> Result<Vec<(i64, Outcome)>, StoreError> {
        let ones = [self.now(), One::Int(i64::from(limit)), One::Int(ms(lease))];
        let mut rows: Vec<(i64, Uuid, String, String)> = self.write(&CLAIM, &ones, &[]).await?;
        rows.sort_unstable_by_key(|(seq, ..)| *seq);
        Ok(rows.into_iter().map(|(seq, id, kind, body)| (seq, Outcome { id, kind, body })).collect())
    }

    /// Forgets outcome events that the broker has confirmed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: they will be published once more.
    pub async fn forget_outcomes(&self, confirmed: &[i64]) -> Result<(), StoreError> {
        if !confirmed.is_empty() {
            self.execute(&FORGET, &[], &[Col::Int(confirmed.to_vec())]).await?;
        }
        Ok(())
    }
}
