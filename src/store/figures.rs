//! How the store is doing, in a few numbers for health checks and metrics.

use super::error::StoreError;
use super::params::{One, Sql};
use super::rows::{Figures, State};
use super::{Store, now_postgres, now_sqlite};
use crate::domain::person::Channel;

/// Counting stops here: enough to see that something is badly wrong, little enough to ask every few seconds.
const COUNT_MAX: i64 = 20_000;

const NOTICES: Sql = Sql::same(
    "select channel, state, count(*) from (
         select channel, state from outbox where due_at is not null limit $1) as open group by channel, state
     union all
     select channel, state, count(*) from (
         select channel, state from outbox where doubt_at is not null and state = 'in_doubt' limit $1) as doubts
     group by channel, state",
);

macro_rules! counts {
    ($now:expr) => {
        concat!(
            "select (select count(*) from (select 1 from quarantine where retried_at is null limit $2) as q),
                 (select count(*) from (select 1 from waiting limit $2) as w),
                 (select count(*) from (select 1 from outcomes limit $2) as o),
                 (select count(*) from (select 1 from wakes where due_at <= ",
            $now,
            " limit $2) as t)"
        )
    };
}

const COUNTS: Sql = Sql { postgres: counts!(now_postgres!()), sqlite: counts!(now_sqlite!()) };

impl Store {
    /// Counts what is open, in doubt, refused or waiting, each up to 20,000.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let open: Vec<(String, String, i64)> = self.read(&NOTICES, &[One::Int(COUNT_MAX)], &[]).await?;
        let counts: Vec<(i64, i64, i64, i64)> = self.read(&COUNTS, &[self.now(), One::Int(COUNT_MAX)], &[]).await?;
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let mut figures = Figures::default();
        for (channel, state, n) in open {
            let channel = Channel::parse(&channel).ok_or_else(|| StoreError::corrupt("outbox", "channel", "a row"))?;
            let state = State::parse(&state).ok_or_else(|| StoreError::corrupt("outbox", "state", "a row"))?;
            figures.notices.push((channel, state, count(n)));
        }
        figures.notices.sort_unstable();
        if let [(quarantine, waiting, outcomes, wakes_due)] = counts[..] {
            figures.quarantine = count(quarantine);
            figures.waiting = count(waiting);
            figures.outcomes = count(outcomes);
            figures.wakes_due = count(wakes_due);
        }
        let now = self.inner.clock.now();
        for channel in Channel::ALL {
            if let Some(due) = self.next_due(channel).await?.filter(|due| *due <= now) {
                figures.oldest_due.push((channel, due));
            }
        }
        Ok(figures)
    }
}
