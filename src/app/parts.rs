//! The worker's inner parts, put together: the hinge, the timers and the dispatcher around one store.

use std::sync::Arc;

use anyhow::Context;

use super::voices::{Speaking, Voices};
use crate::alerting::post::Ways;
use crate::alerting::settings::Book;
use crate::alerting::{Announcer, Parts as AlertParts};
use crate::apply::Hinge;
use crate::channel::{email, sms};
use crate::config::Config;
use crate::dispatch::handoff::Handoff;
use crate::dispatch::journal::Journal;
use crate::dispatch::{Dispatcher, Parts as DispatchParts, Senders};
use crate::feeds::{Pulse, QuietFeeds};
use crate::ingest::decode::Decoder;
use crate::lanes::Shelf;
use crate::link::Links;
use crate::store::Store;
use crate::timers::Timers;

/// Everything between the entrances and the ways out.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub voices: Voices,
    pub decoder: Arc<Decoder>,
    pub hinge: Hinge,
    pub timers: Timers,
    pub dispatcher: Dispatcher,
    pub lanes: Shelf,
    pub announcer: Announcer,
}

impl Parts {
    /// Puts the parts together; nothing is sent or served yet. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When a channel cannot be built from its settings; the error names the setting.
    pub fn new(config: &Config, store: Store, speaking: Speaking, links: Option<Links>) -> anyhow::Result<Self> {
        let clock = store.clock().clone();
        let senders = Senders {
            email: email::Sender::new(&config.email, clock.clone()).context("section email")?,
            sms: sms::Sender::new(&config.sms, clock.clone()).context("section sms")?,
        };
        let decoder = Arc::new(Decoder::new(config.limits, speaking.house.for_decoder()));
        let announcer = announcer(config, &store, &speaking)?;
        let (pulse, quiet_feeds) = announcer.ears();
        let voices = Voices::new(speaking);
        let handoff = Handoff::new(config.dispatch.waiting_max);
        let lanes = Shelf::default();
        let hinge = Hinge::new(store.clone(), voices.policies(), clock, handoff.clone());
        let hinge = hinge.knowing(lanes.clone()).counting(pulse).minding(quiet_feeds.clone());
        let hinge = if config.tells_outcomes() { hinge.telling() } else { hinge };
        let timers = Timers::new(store.clone(), hinge.clone());
        let dispatcher = Dispatcher::new(DispatchParts {
            store: store.clone(),
            handoff,
            policies: voices.policies(),
            composer: voices.speaker(links).composer(),
            senders,
            hinge: hinge.clone(),
            quiet_feeds,
            settings: config.dispatch.clone(),
            tells_outcomes: config.tells_outcomes(),
            journal: journal(config)?,
        });
        Ok(Self { store, voices, decoder, hinge, timers, dispatcher, lanes, announcer })
    }
}

/// The journal of sends. Each database has a folder of its own in the one that is set: notices of two may have the same keys.
fn journal(config: &Config) -> anyhow::Result<Journal> {
    let beside = config.data_folder().map(|folder| folder.join("sends"));
    let wished = config.dispatch.journal.as_deref();
    let Some(folder) = wished.or(beside.as_deref()) else { return Ok(Journal::default()) };
    anyhow::ensure!(!folder.as_os_str().is_empty(), "dispatch.journal is empty: name a folder, or leave it out");
    match Journal::open(&folder.join(config.database.mark())) {
        Err(error) if wished.is_none() => {
            tracing::warn!(%error, "no journal of sends: a worker's death would leave more doubts");
            Ok(Journal::default())
        }
        opened => opened.with_context(|| format!("dispatch.journal = {}", folder.display())),
    }
}

fn announcer(config: &Config, store: &Store, speaking: &Speaking) -> anyhow::Result<Announcer> {
    let book = Book::new(&config.alerts, &speaking.house).map_err(|wrong| {
        let lines: Vec<String> = wrong.into_iter().map(|(key, problem)| format!("{key}: {problem}")).collect();
        anyhow::anyhow!(lines.join("\n  ")).context("the alerts")
    })?;
    Ok(Announcer::new(AlertParts {
        store: store.clone(),
        book,
        ways: Ways::new(&config.alerts, &config.email, store.clock())?,
        base_url: config.links.base_url.clone(),
        feeds: config.feeds.clone(),
        pulse: Pulse::default(),
        quiet: QuietFeeds::default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    async fn parts(amqp: &str) -> Parts {
        let folder = tempfile::tempdir().expect("a folder");
        let database = crate::store::Settings::at(format!("sqlite:{}", folder.path().join("parts.db").display()));
        let mut config = Config { database, ..Config::default() };
        amqp.clone_into(&mut config.amqp.url);
        let speaking = Speaking::load(&config).unwrap_or_else(|problems| panic!("{problems:?}"));
        let store = Store::open(&config.database, Clock::database()).await.expect("a file");
        Parts::new(&config, store, speaking, None).expect("the defaults fit")
    }

    #[tokio::test]
    async fn a_worker_with_a_broker_tells_programs_what_it_plans() {
        assert!(parts("amqp://127.0.0.1:5672").await.hinge.is_telling());
        assert!(!parts("").await.hinge.is_telling());
    }
}
