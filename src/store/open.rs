//! Pools: how they are made, watched, and replaced when they have gone silent.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use super::conn::Conn;
use super::error::StoreError;
use super::params::{Kind, Sql};
use super::settings::Settings;
use super::{Access, Store, Tx};
use crate::clock::{Clock, Stopwatch};

/// Failed pings in a row after which the pool is given up. A pool whose connections were all cut without a word answers
/// "timed out" for ever (sqlx issue 4349); three pings a few seconds apart tell that from a short restart of the server.
const SILENT_PINGS_MAX: u32 = 3;

/// A session that forgets its transaction is ended by the server after this time.
const IDLE_IN_TRANSACTION_MS: u32 = 10_000;

/// How long an answer may take to tell the time. The clock counts on by itself until the next.
const QUICK: Duration = Duration::from_millis(500);

const CLOCK: Sql = Sql {
    postgres: "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint",
    sqlite: "select cast(unixepoch('subsec') * 1000 as integer)",
};

pub(super) struct Inner {
    pub(super) pools: Arc<Pools>,
    pub(super) clock: Clock,
    acquire_timeout: Duration,
    failed_pings: AtomicU32,
    /// Whether the clock has learned the database's time.
    knows_time: AtomicBool,
}

pub(super) enum Pools {
    Postgres { pool: ArcSwap<PgPool>, pool_options: PgPoolOptions, connect: Box<PgConnectOptions> },
    Sqlite { writer: SqlitePool, readers: SqlitePool, connect: Box<SqliteConnectOptions> },
}

impl Pools {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Postgres { .. } => Kind::Postgres,
            Self::Sqlite { .. } => Kind::Sqlite,
        }
    }
}

impl Store {
    /// Prepares the pool. Postgres is connected to when it is first needed, SQLite's file is opened (and made) at once.
    ///
    /// # Errors
    /// [`StoreError::Address`] for an address that is neither `postgres://…` nor `sqlite:PATH`, [`StoreError::Unavailable`] if
    /// the file cannot be opened.
    pub async fn open(settings: &Settings, clock: Clock) -> Result<Self, StoreError> {
        let pools = match settings.url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => open_postgres(settings)?,
            Some(("sqlite", _)) => open_sqlite(settings).await?,
            Some(_) | None => return Err(StoreError::Address { what: "neither postgres://… nor sqlite:PATH" }),
        };
        let acquire_timeout = Duration::from_secs(settings.acquire_timeout_secs.get().into());
        let (failed_pings, knows_time) = (AtomicU32::new(0), AtomicBool::new(false));
        let inner = Inner { pools: Arc::new(pools), clock, acquire_timeout, failed_pings, knows_time };
        Ok(Self { inner: Arc::new(inner), mask: Arc::default(), seam: super::faults::Seam::default() })
    }

    /// Begins the transaction in which a batch is applied. `name` labels its duration in the metrics.
    ///
    /// To be called inside [`unbroken`](super::unbroken), together with everything up to [`Tx::commit`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] without a connection.
    pub async fn begin(&self, name: &'static str) -> Result<Tx, StoreError> {
        let turn = self.seam.begin(true).await?;
        Ok(Tx::new(self.connect(Access::Transaction).await?, turn, self.inner.clock.clone(), name))
    }

    /// Asks the database for its time, which the clock takes note of; waits as long as for a free connection. Call it every few seconds: after three failures in a row
    /// the pool is replaced by a new one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if no answer came: not ready.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let args = self.args(&[], &[])?;
        let asked = Stopwatch::start();
        let answer = self
            .with_limit(self.inner.acquire_timeout, Access::Read, |mut conn| async move {
                let rows = conn.fetch::<(i64,)>(&CLOCK, args).await?;
                Ok((conn, rows))
            })
            .await;
        match answer {
            Ok(rows) => {
                self.inner.failed_pings.store(0, Ordering::Relaxed);
                // An answer that was long on the way says little of what the time is now; the next one will.
                let is_quick = asked.elapsed() <= QUICK || !self.inner.knows_time.load(Ordering::Relaxed);
                if let ([(now_ms,)], true) = (&rows[..], is_quick) {
                    self.inner.clock.learn(*now_ms);
                    self.inner.knows_time.store(true, Ordering::Relaxed);
                }
                Ok(())
            }
            Err(error) => {
                if self.inner.failed_pings.fetch_add(1, Ordering::Relaxed) + 1 >= SILENT_PINGS_MAX {
                    self.replace_pool();
                }
                Err(error)
            }
        }
    }

    /// Closes the pools in order; work under way ends first. SQLite folds its log into the file.
    pub async fn close(&self) {
        match &*self.inner.pools {
            Pools::Postgres { pool, .. } => pool.load_full().close().await,
            Pools::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// SQLite has no peer that could fall silent.
    fn replace_pool(&self) {
        if let Pools::Postgres { pool, pool_options, connect } = &*self.inner.pools {
            self.inner.failed_pings.store(0, Ordering::Relaxed);
            let old = pool.swap(Arc::new(pool_options.clone().connect_lazy_with((**connect).clone())));
            tracing::warn!("the database has not answered {SILENT_PINGS_MAX} times: all connections are made anew");
            tokio::spawn(async move { old.close().await });
        }
    }

    /// The same connections under another clock, for a test's next simulated world, which then need not open a file and prepare its
    /// statements anew.
    #[cfg(feature = "crash-points")]
    pub fn on_clock(&self, clock: Clock) -> Self {
        let Inner { pools, acquire_timeout, .. } = &*self.inner;
        let inner = Inner {
            pools: Arc::clone(pools),
            clock,
            acquire_timeout: *acquire_timeout,
            failed_pings: AtomicU32::new(0),
            knows_time: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner), ..self.clone() }
    }

    pub(super) async fn connect(&self, access: Access) -> Result<Conn, StoreError> {
        Ok(match (&*self.inner.pools, access) {
            (Pools::Postgres { pool, .. }, Access::Read | Access::Statement) => {
                Conn::PostgresPlain(pool.load_full().acquire().await?)
            }
            (Pools::Postgres { pool, .. }, Access::Transaction) => Conn::PostgresTx(pool.load_full().begin().await?),
            (Pools::Sqlite { readers, .. }, Access::Read) => Conn::SqliteRead(readers.acquire().await?),
            // A transaction that reads before it writes would fail at once when another process wrote in between; one that
            // begins as a writer waits for its turn.
            (Pools::Sqlite { writer, .. }, Access::Statement | Access::Transaction) => {
                Conn::SqliteTx(writer.begin_with("BEGIN IMMEDIATE").await?)
            }
        })
    }
}

fn open_postgres(settings: &Settings) -> Result<Pools, StoreError> {
    let connect = PgConnectOptions::from_str(&settings.url)
        .map_err(|_| StoreError::Address { what: "not a postgres:// address" })?
        .application_name(&settings.application_name)
        .options([
            ("statement_timeout", format!("{}s", settings.statement_timeout_secs)),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_MS.to_string()),
            // A plan made for an array of one fits an array of a thousand badly, and planning costs little in batches.
            ("plan_cache_mode", "force_custom_plan".to_owned()),
            // Compiling plans costs more than our short statements ever take.
            ("jit", "off".to_owned()),
        ]);
    let pool_options = PgPoolOptions::new()
        .max_connections(settings.pool_max.get())
        .acquire_timeout(Duration::from_secs(settings.acquire_timeout_secs.get().into()))
        // One round trip less for each use; a connection that was cut shows at its first statement, and the work runs again.
        .test_before_acquire(false);
    let pool = pool_options.clone().connect_lazy_with(connect.clone());
    Ok(Pools::Postgres { pool: ArcSwap::from_pointee(pool), pool_options, connect: Box::new(connect) })
}

async fn open_sqlite(settings: &Settings) -> Result<Pools, StoreError> {
    let wait = Duration::from_secs(settings.statement_timeout_secs.get().into());
    let connect = SqliteConnectOptions::from_str(&settings.url)
        .map_err(|_| StoreError::Address { what: "not a sqlite:PATH address" })?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk before it is acknowledged.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(wait)
        .foreign_keys(false)
        .pragma("temp_store", "memory")
        // 32 MiB of pages for the writer, and up to 256 MiB of the file read without copying.
        .pragma("cache_size", "-32768")
        .pragma("mmap_size", "268435456")
        // The log is cut back to this size after a checkpoint, so one burst does not keep the disk full.
        .pragma("journal_size_limit", "67108864");
    let in_memory = settings.url.contains(":memory:") || settings.url.contains("mode=memory");
    if in_memory || connect.get_filename().as_os_str().is_empty() {
        return Err(StoreError::Address { what: "sqlite needs a file: readers and the writer share it" });
    }
    let acquire = Duration::from_secs(settings.acquire_timeout_secs.get().into());
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(acquire)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_with(connect.clone())
        .await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(settings.pool_max.get())
        .acquire_timeout(acquire)
        .test_before_acquire(false)
        .connect_lazy_with(connect.clone().pragma("cache_size", "-4096").pragma("query_only", "on"));
    Ok(Pools::Sqlite { writer, readers, connect: Box::new(connect) })
}
