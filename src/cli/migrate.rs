//! `doorstep migrate`: brings the database to this version.

use anyhow::Context;
use serde::Serialize;

use super::Ending;
use super::out::Out;
use super::parts::open_store;
use crate::clock::Clock;
use crate::config::Config;

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
    let store = open_store(config, Clock::database()).await?;
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
