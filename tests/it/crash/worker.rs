//! A worker as these tests run it: everything of a doorstep between its broker and its receivers, on a simulated clock.

use std::path::PathBuf;
use std::sync::Arc;

use doorstep::app::relay;
use doorstep::apply::{ApplyFailed, Verdict};
use doorstep::channel::broker::{Publisher, Settings as Outcomes};
use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::dispatch::Senders;
use doorstep::dispatch::handoff::LEASE;
use doorstep::dispatch::journal::Journal;
use doorstep::domain::policy::{Policy, Superseded};
use doorstep::ingest::amqp::Consumer;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::ingest::{Apply, Incoming};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::world::{Plan, World};

/// What one worker works with.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Script {
    pub(super) database: String,
    /// The `[amqp]` section.
    pub(super) amqp: Value,
    /// The exchange for outcome events.
    pub(super) outcomes: String,
    pub(super) http_port: u16,
    /// `None`: mails go out over HTTP.
    pub(super) smtp_port: Option<u16>,
    /// Messages that wait in the queue.
    pub(super) waiting: usize,
    /// Where the worker writes its time, so that the next one goes on from there.
    pub(super) clock: PathBuf,
    /// The folder for journals of sends, if they are kept.
    pub(super) journal: Option<PathBuf>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// A running worker.
pub(super) struct Worker {
    script: Script,
    world: Arc<World>,
    publisher: Publisher,
}

/// The hinge as the broker's door sees it. What an earlier batch has led to goes out before the next batch comes in, so that
/// every life takes the same steps in the same order, and nothing is merged by chance.
#[derive(Clone)]
struct StepByStep {
    world: Arc<World>,
    through: Arc<watch::Sender<usize>>,
}

impl Apply for StepByStep {
    async fn apply(&self, batch: impl Into<Arc<Vec<Incoming>>> + Send) -> Result<Vec<Verdict>, ApplyFailed> {
        self.world.drain().await;
        let verdicts = self.world.hinge.apply(batch).await?;
        self.through.send_modify(|through| *through += verdicts.len());
        Ok(verdicts)
    }
}

impl Script {
    fn senders(&self) -> Senders {
        let base = format!("http://127.0.0.1:{}", self.http_port);
        let mails = match self.smtp_port {
            Some(port) => json!({"transport": "smtp", "host": "localhost", "port": port, "tls": "none",
                "hello": "worker.harbour.example"}),
            None => json!({"transport": "http", "url": format!("{base}/emails"), "token": "re_123"}),
        };
        let texts = json!({"transport": "webhook", "url": format!("{base}/sms"), "allow_private": true,
            "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]});
        let (mails, texts) = (serde_json::from_value(mails), serde_json::from_value(texts));
        Senders {
            email: email::Sender::new(&mails.expect("settings"), Clock::database()).expect("usable settings"),
            sms: sms::Sender::new(&texts.expect("settings"), Clock::database()).expect("usable settings"),
        }
    }

    /// Everybody is told of everything at once, old news too: what is told then does not hang on the minute that a dead
    /// worker's lease costs.
    fn policy() -> Policy {
        let mut policy = Policy::standard(TimeZone::UTC);
        policy.superseded = Superseded::Send;
        policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::ZERO);
        policy.quiet.clear();
        policy.age_limit = None;
        policy
    }
}

impl Worker {
    pub(super) async fn new(script: Script) -> Self {
        // One notice a channel goes the short way through memory, the others are claimed: both ways are to be cut.
        let plan = Plan::sending(&script.from.to_string(), Script::policy(), script.senders());
        let journal = script.journal.as_deref().map(|folder| Journal::open(folder).expect("a folder"));
        let plan = Plan { journal: journal.unwrap_or_default(), ..plan };
        let world = World::planned(Plan { url: Some(script.database.clone()), waiting_max: 1, ..plan }).await;
        let url = script.amqp["url"].as_str().expect("an address").to_owned();
        let outcomes = Outcomes { exchange: script.outcomes.clone(), declare: true };
        let publisher = Publisher::new(outcomes, move || url.parse());
        Self { script, world: Arc::new(world), publisher }
    }

    /// Takes what the broker has, sends what follows, then lets time pass to the end. The first step in time is a lease: by
    /// then whatever a dead worker had in hand is free.
    pub(super) async fn live(&self) {
        self.move_to(self.script.from);
        self.consume().await;
        self.work().await;
        let mut next = Some(self.script.from + LEASE + SignedDuration::from_secs(1));
        while let Some(to) = next.filter(|next| *next <= self.script.until) {
            self.move_to(to);
            self.work().await;
            next = self.world.next().await;
        }
        self.move_to(self.script.until);
    }

    async fn consume(&self) {
        if self.script.waiting == 0 {
            return;
        }
        let (through, mut seen) = watch::channel(0);
        let steps = StepByStep { world: Arc::clone(&self.world), through: Arc::new(through) };
        let settings = serde_json::from_value(self.script.amqp.clone()).expect("settings");
        let decoder = Arc::new(Decoder::new(Limits::default(), Brands::any("harbour")));
        let consumer = Consumer::new(settings, decoder, steps, Clock::database()).expect("usable settings");
        let stop = CancellationToken::new();
        let running = tokio::spawn(consumer.run(stop.clone()));
        seen.wait_for(|through| *through >= self.script.waiting).await.expect("the consumer is at work");
        stop.cancel();
        running.await.expect("the consumer ends in order");
    }

    async fn work(&self) {
        self.world.drain().await;
        relay::run_due(&self.world.store, &self.publisher).await.expect("the store answers");
    }

    fn move_to(&self, to: Timestamp) {
        // Written first: whoever comes after a death must not live in the past.
        std::fs::write(&self.script.clock, to.to_string()).expect("the clock can be written");
        self.world.clock.advance_to(to);
    }
}
