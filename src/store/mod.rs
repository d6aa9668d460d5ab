//! Everything stored, once. Two databases, one behaviour: Postgres in production, SQLite as the embedded default.
//!
//! The store speaks in batches and in the domain's words ([`rows`]). What changes orders runs between [`Store::begin`] and
//! [`Tx::commit`]; everything else is one method, one short transaction.
//!
//! **Cancelling.** sqlx cannot be cancelled safely between `begin` and its answer. So each method of [`Store`] runs in a task of
//! its own, which goes on when the caller's future is dropped; and whoever uses a [`Tx`] wraps the whole of it, from `begin` to
//! `commit`, in [`unbroken`]. Such tasks are never aborted; the server's own time limits bound them.
//!
//! **Locks** are rows or transaction-level advisory locks, never a session's. **Time** is the database's own, unless the clock is
//! a simulated one (see [`Clock::for_sql`]).

mod alert_posts;
mod alert_tell;
pub mod alerts;
mod callbacks;
mod claim;
mod cols;
mod conn;
mod consent;
mod content;
mod doubt;
mod erase;
mod error;
pub mod faults;
mod feeds;
mod figures;
mod frames;
mod history;
mod intent;
mod lanes;
pub mod listen;
mod mask;
mod migrate;
mod open;
pub mod ops;
mod ops_figures;
mod orders;
mod outcomes;
mod params;
mod preferences;
mod prune;
mod quarantine;
pub mod rows;
mod save;
mod settings;
mod settle;
mod tx;
mod wakes;
pub mod worklist;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

pub use error::StoreError;
pub use mask::{BadMask, Mask};
pub use params::Kind;
pub use settings::Settings;
pub use tx::Tx;

use crate::clock::Clock;
use conn::{Conn, Readable};
use params::{Args, Col, One, Sql};

/// The database. Cheap to clone; all clones share one pool.
#[derive(Clone)]
pub struct Store {
    inner: Arc<open::Inner>,
    mask: Arc<Mask>,
    seam: faults::Seam,
}

impl fmt::Debug for Store {
    /// Leaves the pools out: their options hold the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl Store {
    /// The same store, which names contacts by these secrets in the tables of consent.
    pub fn masked(&self, mask: Mask) -> Self {
        Self { mask: Arc::new(mask), ..self.clone() }
    }

    /// The clock that this store's times follow.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        self.inner.pools.kind()
    }

    /// Encodes parameters for this database.
    fn args(&self, ones: &[One<'_>], cols: &[Col<'_>]) -> Result<Args, StoreError> {
        params::args(self.kind(), ones, cols)
    }

    /// The time to give to SQL as its first parameter: nothing means the database's own.
    fn now(&self) -> One<'static> {
        One::OptInt(self.inner.clock.for_sql())
    }

    /// All rows of one statement that only reads.
    async fn read<T: Readable>(
        &self,
        sql: &'static Sql,
        ones: &[One<'_>],
        cols: &[Col<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let args = self.args(ones, cols)?;
        self.with(Access::Read, move |mut conn| async move {
            let rows = conn.fetch(sql, args).await?;
            Ok((conn, rows))
        })
        .await
    }

    /// All rows of one statement that writes.
    async fn write<T: Readable>(
        &self,
        sql: &'static Sql,
        ones: &[One<'_>],
        cols: &[Col<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let args = self.args(ones, cols)?;
        self.with(Access::Statement, move |mut conn| async move {
            let rows = conn.fetch(sql, args).await?;
            Ok((conn, rows))
        })
        .await
    }

    /// How many rows one statement changed.
    async fn execute(&self, sql: &'static Sql, ones: &[One<'_>], cols: &[Col<'_>]) -> Result<u64, StoreError> {
        let args = self.args(ones, cols)?;
        self.with(Access::Statement, move |mut conn| async move {
            let count = conn.execute(sql, args).await?;
            Ok((conn, count))
        })
        .await
    }

    /// Runs `work` on a connection of the wanted sort, in a task of its own, and commits.
    async fn with<T, F, W>(&self, access: Access, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<(Conn, T), StoreError>> + Send,
        W: FnOnce(Conn) -> F + Send + 'static,
    {
        self.with_limit(WORK_TIME_MAX, access, work).await
    }

    /// The same, with another limit to the caller's wait.
    async fn with_limit<T, F, W>(&self, limit: Duration, access: Access, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<(Conn, T), StoreError>> + Send,
        W: FnOnce(Conn) -> F + Send + 'static,
    {
        let store = self.clone();
        unbroken_for(limit, async move {
            let turn = store.seam.begin(access != Access::Read).await?;
            let (conn, out) = work(store.connect(access).await?).await?;
            turn.finish(conn).await?;
            Ok(out)
        })
        .await
    }
}

/// What a connection is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Reads only.
    Read,
    /// One statement that writes: its own transaction on Postgres.
    Statement,
    /// Several statements that belong together.
    Transaction,
}

/// Longest time that a caller waits for database work. The server ends each statement within seconds; this is for a peer that went
/// silent, whose answer may never come.
const WORK_TIME_MAX: Duration = Duration::from_secs(30);

/// Runs database work in a task of its own and waits for it, 30 s at most. If the caller is dropped or waits no longer, the work
/// still goes on to its end, so no connection is ever left in the middle of a transaction. Every write has a natural key, so work
/// that ended unseen may be run again.
///
/// # Errors
/// What `work` returns; [`StoreError::Unavailable`] if it takes too long or the runtime shuts down. A panic in `work` is passed on.
pub async fn unbroken<T, E>(work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    unbroken_for(WORK_TIME_MAX, work).await
}

async fn unbroken_for<T, E>(limit: Duration, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let task = tokio::spawn(work.in_current_span());
    match tokio::time::timeout(limit, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(stopped)) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StoreError::Unavailable { what: "the runtime is stopping".into() }.into()),
        },
        Err(_) => Err(StoreError::Unavailable { what: "no answer in time".into() }.into()),
    }
}

impl Store {
    /// Waits before work that failed is tried again.
    pub async fn pause(&self, pause: Duration) {
        self.seam.pause(pause).await;
    }
}

/// The time as a statement sees it: its first parameter, or the database's clock. A sub-select, so that it is asked once.
macro_rules! now_postgres {
    () => {
        "(select coalesce($1::bigint, floor(extract(epoch from now()) * 1000)::bigint))"
    };
}

/// SQLite's twin of `now_postgres`.
macro_rules! now_sqlite {
    () => {
        "(select coalesce($1, cast(unixepoch('subsec') * 1000 as integer)))"
    };
}

pub(crate) use {now_postgres, now_sqlite};
