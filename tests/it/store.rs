//! The store's conformance suite: one source of cases, run on Postgres and on SQLite.
//!
//! Postgres comes from `DOORSTEP_TEST_POSTGRES`, the address of a server on which this user may create databases; `tests/run`
//! starts one. Without it the Postgres half fails.

/// Runs each case on both databases, each on a database of its own.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::store::world::Db::postgres().await;
                super::$name(&db).await;
                db.end().await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::store::world::Db::sqlite().await;
                super::$name(&db).await;
                db.end().await;
            })+
        }
    };
}

pub(crate) use on_both;

mod alerting;
mod applying;
mod claiming;
mod content;
mod doubting;
mod listening;
mod people;
mod schema;
mod settling;
mod silence;
mod telling;
pub(crate) mod world;
