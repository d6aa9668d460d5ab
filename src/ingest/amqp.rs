//! Facts from RabbitMQ.
//!
//! Connection, channel, topology, prefetch and consumer are one unit, built together and thrown away together: lapin's own
//! recovery was seen to leave silent consumers behind, so it stays off. Whatever goes wrong (the stream ends or fails, an
//! acknowledgement is not taken, the broker blocks the connection, cancels the consumer or falls silent) ends the unit, and
//! after a pause a new one is built. The broker delivers again what was not acknowledged; the inbox knows what it has seen.

mod collect;
mod commit;
mod link;
mod settings;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::Apply;
use super::decode::Decoder;
use crate::clock::Clock;
use crate::telemetry;
pub use link::{Cannot, check};
pub use settings::{Settings, WrongSetting};

/// The pause after the first failure; it doubles up to [`PAUSE_MAX`], each time with jitter, so that many workers do not
/// come back in step.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// How the consumer is doing: shared with readiness and metrics.
#[derive(Debug, Default)]
pub struct Health {
    up: AtomicBool,
    last_delivery_ms: AtomicI64,
    links: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// Whether the consumer is connected and registered.
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    /// When the last message came; `None` before the first.
    pub fn last_delivery(&self) -> Option<Timestamp> {
        match self.last_delivery_ms.load(Ordering::Relaxed) {
            0 => None,
            ms => Timestamp::from_millisecond(ms).ok(),
        }
    }

    /// How long ago the last message came.
    pub fn since_last_delivery(&self, now: Timestamp) -> Option<SignedDuration> {
        Some(now.duration_since(self.last_delivery()?))
    }

    /// How many times a connection was built: the first one and every one that had to follow.
    pub fn links(&self) -> u64 {
        self.links.load(Ordering::Relaxed)
    }

    /// Why it is down, in words for an operator; `None` while it is up or has not yet tried.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().expect("nothing panics while it holds this").clone()
    }

    fn rises(&self) {
        *self.trouble.lock().expect("nothing panics while it holds this") = None;
        self.links.fetch_add(1, Ordering::Relaxed);
        self.up.store(true, Ordering::Relaxed);
        telemetry::amqp_consumer_up(true);
    }

    fn falls(&self, trouble: Option<String>) {
        self.up.store(false, Ordering::Relaxed);
        *self.trouble.lock().expect("nothing panics while it holds this") = trouble;
        telemetry::amqp_consumer_up(false);
    }

    fn delivered(&self, now: Timestamp) {
        self.last_delivery_ms.store(now.as_millisecond(), Ordering::Relaxed);
    }
}

/// How a unit ended.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// We were asked to stop, and everything in hand is committed and acknowledged.
    Stopped,
    /// Something broke: what, in words for an operator.
    Broken(String),
}

impl Ended {
    fn broken(what: impl std::fmt::Display) -> Self {
        Self::Broken(what.to_string())
    }
}

/// The door for RabbitMQ.
#[derive(Debug)]
pub struct Consumer<A> {
    settings: Settings,
    decoder: Arc<Decoder>,
    apply: A,
    clock: Clock,
    health: Arc<Health>,
}

impl<A: Apply> Consumer<A> {
    /// A consumer that will work with these settings once it [`run`](Self::run)s.
    ///
    /// # Errors
    /// If a setting makes no sense; the error names it.
    pub fn new(settings: Settings, decoder: Arc<Decoder>, apply: A, clock: Clock) -> Result<Self, WrongSetting> {
        settings.address()?;
        Ok(Self { settings, decoder, apply, clock, health: Arc::default() })
    }

    /// How it is doing, for readiness.
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// Consumes until `stop`, through any number of connections. When it returns, the batch in hand is committed and
    /// acknowledged; what was only prefetched goes back to the queue.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = PAUSE_MIN;
        loop {
            let served = self.health.last_delivery();
            let Some(trouble) = self.one_link(&stop).await else { break };
            if self.health.last_delivery() != served {
                // It worked for a while: this is a new trouble, not the old one going on.
                pause = PAUSE_MIN;
            }
            tracing::warn!(trouble, pause_ms = pause.as_millis(), "the consumer is down, will connect again");
            self.health.falls(Some(trouble));
            telemetry::amqp_reconnect(telemetry::Link::Consume);
            let jittered = pause.mul_f64(rand::random_range(0.5..1.0));
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(jittered) => {}
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        self.health.falls(None);
        tracing::info!("the consumer has stopped");
    }

    /// Builds one unit and serves it to its end; `None`: stopped.
    async fn one_link(&self, stop: &CancellationToken) -> Option<String> {
        let built = tokio::select! {
            () = stop.cancelled() => return None,
            built = link::build(&self.settings) => built,
        };
        let link = match built {
            Ok(link) => link,
            Err(cannot) => return Some(cannot.told()),
        };
        self.health.rises();
        tracing::info!(queue = self.settings.queue, "consuming");
        match self.serve(link, stop).await {
            Ended::Stopped => None,
            Ended::Broken(what) => Some(what),
        }
    }

    /// Collects and commits in two tasks: while one batch is in its transaction, the next is received and decoded.
    async fn serve(&self, link: link::Link, stop: &CancellationToken) -> Ended {
        let link::Link { connection, channel, consumer } = link;
        let tag = consumer.tag();
        // Set once nothing more can come of this link, so that neither task waits for the other or for the broker.
        let over = CancellationToken::new();
        let (batches, received) = mpsc::channel(1);
        let collector = collect::Collector {
            consumer,
            decoder: Arc::clone(&self.decoder),
            limits: self.settings.batch_limits(),
            clock: self.clock.clone(),
            health: Arc::clone(&self.health),
            batches,
            idle: Arc::new(Semaphore::new(1)),
            stop: stop.clone(),
            over: over.clone(),
        };
        let committer = commit::Committer { apply: self.apply.clone(), stop: stop.clone(), over: over.clone() };
        let collecting = tokio::spawn(collector.run());
        let committing = tokio::spawn(committer.run(received));
        let mut work = std::pin::pin!(async { tokio::join!(collecting, committing) });
        let (watched, (collected, committed)) = tokio::select! {
            what = link::watch(&connection, &channel, &self.settings) => {
                over.cancel();
                // Database work is never dropped half-way: the transaction under way is waited for.
                (Some(Ended::Broken(what)), work.await)
            }
            ends = &mut work => (None, ends),
        };
        let panicked = |_| Ended::broken("a task of the consumer has panicked");
        let ends = [watched, Some(committed.unwrap_or_else(panicked)), Some(collected.unwrap_or_else(panicked))];
        let ended = ends.into_iter().flatten().find(|ended| *ended != Ended::Stopped).unwrap_or(Ended::Stopped);
        link::close(connection, channel, tag).await;
        ended
    }
}
