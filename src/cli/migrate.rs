//! `doorstep migrate`: brings the database to this version.

use anyhow::Context;
use serde::Serialize;

use super::Ending;
use super::out::Out;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;

/// What to migrate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep migrate --config /etc/doorstep/doorstep.toml
  DATABASE_URL=postgres://user:password@db.example/doorstep doorstep migrate

Safe to run from several places at once, and while workers run: `run` does the same when it starts.")]
pub struct Args {
    /// Only say which version the database has and which one this program knows; 3 if they differ
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct Versions {
    before: i64,
    now: i64,
    known: i64,
}

/// Migrates, or says what would be done.
///
/// # Errors
/// When the database cannot be reached, or a migration fails.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let store = open(config).await?;
    let before = store.schema_version().await.context("asking for the schema's version")?;
    let known = store.schema_known();
    if !args.dry_run {
        store.migrate().await.context("migrating")?;
    }
    let now = store.schema_version().await.context("asking for the schema's version")?;
    store.close().await;
    out.object(&Versions { before, now, known })?;
    out.say(match (before == now, now == known) {
        (true, true) => format!("nothing to do: the database has version {now}"),
        (false, _) => format!("migrated from version {before} to {now}"),
        (true, false) => format!("the database has version {now}, this program knows {known}"),
    })?;
    Ok(if now < known { Ending::Problems } else { Ending::Done })
}

/// Opens the database that the configuration names; SQLite's folder is made if it is not there.
///
/// # Errors
/// When it cannot be opened.
pub(super) async fn open(config: &Config) -> anyhow::Result<Store> {
    if let Some(folder) = config.data_folder() {
        std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    Store::open(&config.database, Clock::database()).await.context("opening the database")
}
