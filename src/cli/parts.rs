//! What verbs beside `run` need of a worker: the database, the decoder and the hinge, without anything that sends.

use anyhow::Context;

use crate::apply::Hinge;
use crate::clock::Clock;
use crate::config::Config;
use crate::dispatch::handoff::Handoff;
use crate::ingest::decode::Decoder;
use crate::store::{Mask, Store};

/// A worker's inner parts, with no loop around them.
pub(super) struct Parts {
    pub(super) store: Store,
    pub(super) decoder: Decoder,
    /// Plans notices and leaves them to the workers.
    pub(super) hinge: Hinge,
}

impl Parts {
    /// Opens the database, which must have this program's schema, and reads the brands.
    ///
    /// # Errors
    /// When the database cannot be used, or a brand is wrong.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        let house = config.house()?;
        let policies = config.policies(&house)?;
        let store = ready_store(config).await?;
        let clock = store.clock().clone();
        let decoder = Decoder::new(config.limits, house.for_decoder());
        let hinge = Hinge::new(store.clone(), policies, clock, Handoff::new(0));
        Ok(Self { store, decoder, hinge })
    }
}

/// Opens the database that the configuration names; SQLite's folder is made if it is not there.
///
/// # Errors
/// When it cannot be opened.
pub(super) async fn open_store(config: &Config, clock: Clock) -> anyhow::Result<Store> {
    if let Some(folder) = config.data_folder() {
        std::fs::create_dir_all(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    }
    let mask = Mask::open(&config.consent.secret_files)?;
    Ok(Store::open(&config.database, clock).await.context("opening the database")?.masked(mask))
}

/// Opens the database for a verb that works beside the workers: it must be reachable and have this program's schema.
///
/// # Errors
/// When it does not answer, or has another schema.
pub(super) async fn ready_store(config: &Config) -> anyhow::Result<Store> {
    let store = open_store(config, Clock::database()).await?;
    store.ping().await.context("asking the database for its time")?;
    store.check_schema().await.context("the database has another schema: run `doorstep migrate`")?;
    Ok(store)
}
