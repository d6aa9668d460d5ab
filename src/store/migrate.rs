//! The schema: brought up to date under a lock, forward only.

use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{ConnectOptions, Connection, SqlSafeStr as _};

use super::error::StoreError;
use super::open::Pools;
use super::params::Sql;
use super::{Access, Store, unbroken_for};

/// Every migration, oldest first: version, name, and the same step in either dialect. A test holds this against the folders.
const STEPS: [(i64, &str, &str, &str); 6] = [
    (
        1,
        "begin",
        include_str!("../../migrations/postgres/0001_begin.sql"),
        include_str!("../../migrations/sqlite/0001_begin.sql"),
    ),
    (
        2,
        "watch",
        include_str!("../../migrations/postgres/0002_watch.sql"),
        include_str!("../../migrations/sqlite/0002_watch.sql"),
    ),
    (
        3,
        "consent",
        include_str!("../../migrations/postgres/0003_consent.sql"),
        include_str!("../../migrations/sqlite/0003_consent.sql"),
    ),
    (
        4,
        "cases",
        include_str!("../../migrations/postgres/0004_cases.sql"),
        include_str!("../../migrations/sqlite/0004_cases.sql"),
    ),
    (
        5,
        "content",
        include_str!("../../migrations/postgres/0005_content.sql"),
        include_str!("../../migrations/sqlite/0005_content.sql"),
    ),
    (
        6,
        "frames",
        include_str!("../../migrations/postgres/0006_frames.sql"),
        include_str!("../../migrations/sqlite/0006_frames.sql"),
    ),
];

static POSTGRES: LazyLock<Migrator> =
    LazyLock::new(|| migrator(STEPS.map(|(version, name, postgres, _)| (version, name, postgres))));
static SQLITE: LazyLock<Migrator> =
    LazyLock::new(|| migrator(STEPS.map(|(version, name, _, sqlite)| (version, name, sqlite))));

fn migrator(steps: impl IntoIterator<Item = (i64, &'static str, &'static str)>) -> Migrator {
    let step = |(version, name, sql): (i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(steps.into_iter().map(step).collect())
}

/// Where sqlx keeps what was applied.
const TABLE: &str = "_sqlx_migrations";

const TABLE_EXISTS: Sql = Sql {
    postgres: "select count(*) from pg_tables where schemaname = current_schema() and tablename = '_sqlx_migrations'",
    sqlite: "select count(*) from sqlite_schema where type = 'table' and name = '_sqlx_migrations'",
};
const VERSION: Sql = Sql::same("select coalesce(max(version), 0) from _sqlx_migrations where success");

impl Store {
    /// Brings the schema up to date. Any number of workers may call this at once: one works, the others wait and find it done.
    ///
    /// # Errors
    /// [`StoreError::SchemaTooNew`] if a newer doorstep has been here, [`StoreError::Migration`] if a migration fails or an
    /// applied one has changed since.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let store = self.clone();
        unbroken_for(Duration::MAX, async move {
            match &*store.inner.pools {
                // A connection of its own: sqlx's lock is a session's, and ends for certain when the connection does. No time
                // limit: an index on a big table may take minutes, and so may waiting for the worker that builds it.
                Pools::Postgres { connect, .. } => {
                    let options = (**connect).clone().options([("statement_timeout", "0")]);
                    let mut conn = options.connect().await?;
                    let done = run(&POSTGRES, &mut conn).await;
                    conn.close().await?;
                    done
                }
                // sqlx does not lock SQLite; the write lock, taken first, does, and makes all steps one transaction.
                Pools::Sqlite { connect, .. } => {
                    let mut conn = connect.connect().await?;
                    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
                    run(&SQLITE, &mut *tx).await?;
                    tx.commit().await?;
                    conn.close().await?;
                    Ok(())
                }
            }
        })
        .await
    }

    /// The newest migration that was applied; 0 for an empty database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn schema_version(&self) -> Result<i64, StoreError> {
        let (exists, version) = (self.args(&[], &[])?, self.args(&[], &[])?);
        self.with(Access::Read, |mut conn| async move {
            let tables = conn.fetch::<(i64,)>(&TABLE_EXISTS, exists).await?;
            if tables.first().is_none_or(|(count,)| *count == 0) {
                return Ok((conn, 0));
            }
            let rows = conn.fetch::<(i64,)>(&VERSION, version).await?;
            Ok((conn, rows.first().map_or(0, |(version,)| *version)))
        })
        .await
    }

    /// The newest schema that this program knows.
    pub fn schema_known(&self) -> i64 {
        match &*self.inner.pools {
            Pools::Postgres { .. } => known(&POSTGRES),
            Pools::Sqlite { .. } => known(&SQLITE),
        }
    }

    /// Checks that the schema is exactly the one that this program knows, without changing anything.
    ///
    /// # Errors
    /// [`StoreError::SchemaTooNew`], or [`StoreError::Migration`] if `doorstep migrate` must be run first.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let (found, known) = (self.schema_version().await?, self.schema_known());
        match found.cmp(&known) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(StoreError::SchemaTooNew { found, known }),
            std::cmp::Ordering::Less => Err(StoreError::Migration {
                what: format!("it has schema {found} and needs {known}: run `doorstep migrate`"),
            }),
        }
    }
}

fn known(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Locks, looks, and applies what is missing.
async fn run<C: Migrate>(migrator: &Migrator, conn: &mut C) -> Result<(), StoreError> {
    conn.lock().await.map_err(explain)?;
    let done = run_locked(migrator, conn).await;
    conn.unlock().await.map_err(explain)?;
    done
}

async fn run_locked<C: Migrate>(migrator: &Migrator, conn: &mut C) -> Result<(), StoreError> {
    conn.ensure_migrations_table(TABLE).await.map_err(explain)?;
    if let Some(version) = conn.dirty_version(TABLE).await.map_err(explain)? {
        return Err(explain(MigrateError::Dirty(version)));
    }
    let applied = conn.list_applied_migrations(TABLE).await.map_err(explain)?;
    let (found, known) = (applied.iter().map(|one| one.version).max().unwrap_or(0), known(migrator));
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    for migration in migrator.iter() {
        match applied.iter().find(|one| one.version == migration.version) {
            Some(one) if one.checksum == migration.checksum => {}
            Some(_) => return Err(explain(MigrateError::VersionMismatch(migration.version))),
            None => {
                conn.apply(TABLE, migration).await.map_err(explain)?;
            }
        }
    }
    Ok(())
}

/// A failed step's own error is a database error: it is sorted like any other where it can pass, and keeps its number where not.
fn explain(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(inner) => inner.into(),
        MigrateError::ExecuteMigration(inner, version) => match StoreError::from(inner) {
            StoreError::Unavailable { what } => StoreError::Unavailable { what },
            other => StoreError::Migration { what: format!("step {version}: {other}") },
        },
        MigrateError::VersionMismatch(version) => {
            StoreError::Migration { what: format!("step {version} was applied in another wording") }
        }
        MigrateError::Dirty(version) => StoreError::Migration { what: format!("step {version} was left half-way") },
        other => StoreError::Migration { what: other.to_string() },
    }
}
