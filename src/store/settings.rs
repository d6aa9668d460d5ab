//! How to reach the database.

use std::fmt;
use std::num::NonZeroU32;

use serde::Deserialize;
use uuid::Uuid;

/// The `[database]` section of the configuration.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `sqlite:PATH` for the embedded default, or `postgres://user:password@host:port/database`.
    pub url: String,
    /// Connections to Postgres, at most. A worker needs a handful: an ingest loop, two dispatchers, timers, health. On SQLite
    /// this bounds the readers; there is always one writer.
    pub pool_max: NonZeroU32,
    /// Longest time for a free connection, in seconds.
    pub acquire_timeout_secs: NonZeroU32,
    /// Longest time for one statement, in seconds, kept by the server itself (SQLite: longest wait for its lock).
    pub statement_timeout_secs: NonZeroU32,
    /// What Postgres shows for our sessions in `pg_stat_activity`.
    pub application_name: String,
}

impl Default for Settings {
    fn default() -> Self {
        let some = |n| NonZeroU32::new(n).expect("a literal above zero");
        Self {
            url: "sqlite:doorstep-data/doorstep.db".into(),
            pool_max: some(8),
            acquire_timeout_secs: some(5),
            statement_timeout_secs: some(5),
            application_name: "doorstep".into(),
        }
    }
}

impl Settings {
    /// The defaults, for the database at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// A name for this database that others do not have, and that tells nothing: of its address, without user and password.
    pub fn mark(&self) -> String {
        let whole = |path: &str| std::path::absolute(path).map_or(path.to_owned(), |path| path.display().to_string());
        let place = match self.url.split_once("://") {
            Some((_, address)) => {
                let address = address.split('?').next().unwrap_or_default();
                address.rsplit_once('@').map_or(address, |(_, host)| host).to_owned()
            }
            None => whole(self.url.trim_start_matches("sqlite:")),
        };
        Uuid::new_v5(&Uuid::NAMESPACE_URL, place.as_bytes()).simple().to_string()
    }
}

impl fmt::Debug for Settings {
    /// Leaves the address out: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("pool_max", &self.pool_max)
            .field("acquire_timeout_secs", &self.acquire_timeout_secs)
            .field("statement_timeout_secs", &self.statement_timeout_secs)
            .field("application_name", &self.application_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_databases_apart_and_not_their_passwords() {
        let mark = |url: &str| Settings::at(url).mark();
        let shop = mark("postgres://u:one@db.example:5432/shop");
        assert_eq!(shop, mark("postgres://u:other@db.example:5432/shop?sslmode=require"));
        for other in ["postgres://u@db.example:5432/trial", "postgres://u@db2.example:5432/shop", "sqlite:shop.db"] {
            assert_ne!(shop, mark(other), "{other}");
        }
        assert_eq!(mark("sqlite:a/shop.db"), mark("sqlite:a/shop.db"));
        assert_ne!(mark("sqlite:a/shop.db"), mark("sqlite:a/trial.db"));
    }
}
