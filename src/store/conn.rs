//! A connection of either kind, and the three things that are done with one: fetch, execute, finish.

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Postgres, Sqlite, Transaction};

use super::error::StoreError;
use super::params::{Args, Kind, Sql};

/// A row that can be read from either database.
pub(super) trait Readable:
    for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static
{
}

impl<T> Readable for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static {}

/// A borrowed connection. Dropping one that is in a transaction rolls it back.
#[derive(Debug)]
pub(super) enum Conn {
    /// For single statements, each its own transaction.
    PostgresPlain(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
    /// From the pool that can only read.
    SqliteRead(PoolConnection<Sqlite>),
    /// `begin immediate` on the one connection that writes.
    SqliteTx(Transaction<'static, Sqlite>),
}

impl Conn {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::PostgresPlain(_) | Self::PostgresTx(_) => Kind::Postgres,
            Self::SqliteRead(_) | Self::SqliteTx(_) => Kind::Sqlite,
        }
    }

    /// All rows of one statement.
    pub(super) async fn fetch<T: Readable>(&mut self, sql: &Sql, args: Args) -> Result<Vec<T>, StoreError> {
        let rows = match (self, args) {
            (Self::PostgresPlain(conn), Args::Postgres(args)) => {
                sqlx::query_as_with(sql.postgres, args).fetch_all(&mut **conn).await
            }
            (Self::PostgresTx(conn), Args::Postgres(args)) => {
                sqlx::query_as_with(sql.postgres, args).fetch_all(&mut **conn).await
            }
            (Self::SqliteRead(conn), Args::Sqlite(args)) => {
                sqlx::query_as_with(sql.sqlite, args).fetch_all(&mut **conn).await
            }
            (Self::SqliteTx(conn), Args::Sqlite(args)) => {
                sqlx::query_as_with(sql.sqlite, args).fetch_all(&mut **conn).await
            }
            (_, Args::Postgres(_) | Args::Sqlite(_)) => {
                unreachable!("parameters are made for the connection's own kind")
            }
        };
        Ok(rows?)
    }

    /// How many rows one statement changed.
    pub(super) async fn execute(&mut self, sql: &Sql, args: Args) -> Result<u64, StoreError> {
        let count = match (self, args) {
            (Self::PostgresPlain(conn), Args::Postgres(args)) => {
                sqlx::query_with(sql.postgres, args).execute(&mut **conn).await?.rows_affected()
            }
            (Self::PostgresTx(conn), Args::Postgres(args)) => {
                sqlx::query_with(sql.postgres, args).execute(&mut **conn).await?.rows_affected()
            }
            (Self::SqliteRead(conn), Args::Sqlite(args)) => {
                sqlx::query_with(sql.sqlite, args).execute(&mut **conn).await?.rows_affected()
            }
            (Self::SqliteTx(conn), Args::Sqlite(args)) => {
                sqlx::query_with(sql.sqlite, args).execute(&mut **conn).await?.rows_affected()
            }
            (_, Args::Postgres(_) | Args::Sqlite(_)) => {
                unreachable!("parameters are made for the connection's own kind")
            }
        };
        Ok(count)
    }

    /// Commits, where there is something to commit.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        match self {
            Self::PostgresPlain(_) | Self::SqliteRead(_) => {}
            Self::PostgresTx(tx) => tx.commit().await?,
            Self::SqliteTx(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
