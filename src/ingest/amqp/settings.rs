//! The `[amqp]` section of the configuration.

use std::fmt;
use std::num::NonZeroU16;
use std::path::PathBuf;

use lapin::uri::AMQPUri;
use serde::Deserialize;

use super::collect;
use crate::ingest::topology::{Mode, QueueType};

/// How facts come in from RabbitMQ.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://…`; empty: no broker. The vhost is URL-encoded: `%2f` is `/`.
    pub url: String,
    /// Holds the password, in place of the one in `url`. Read at every connection, so that it can be changed at any time.
    pub password_file: Option<PathBuf>,
    /// The durable topic exchange that events are published to.
    pub exchange: String,
    /// The durable queue that we consume.
    pub queue: String,
    /// Routing patterns that bind the queue to the exchange.
    pub bindings: Vec<String>,
    /// The fanout exchange for what the broker will not redeliver any more.
    pub dead_exchange: String,
    /// The queue where that is kept.
    pub dead_queue: String,
    pub topology: Mode,
    pub queue_type: QueueType,
    /// Quorum queues: after so many deliveries that were not acknowledged, a message is dead-lettered. We never give one
    /// back, so only a worker that dies with it in hand counts. High, because a worker that crashes in a loop has healthy
    /// messages in hand too.
    pub delivery_limit: NonZeroU16,
    /// Messages that the broker sends ahead of their acknowledgement. More than 500 was measured to bring nothing.
    pub prefetch: NonZeroU16,
    /// Events in one transaction, at most.
    pub batch_max: NonZeroU16,
    /// How long a batch that is not full waits for more, in milliseconds, 0 to 1000. 0: it waits only while the one before
    /// it is committed, so that a trickle loses no time.
    pub batch_wait_ms: u16,
    /// Seconds between heartbeats, unless `url` says `?heartbeat=`. After twice that the connection counts as lost.
    pub heartbeat_secs: NonZeroU16,
    /// Seconds between two questions to the broker whether our queue is still there.
    pub watchdog_secs: NonZeroU16,
}

/// A setting that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("amqp.{setting}: {problem}")]
pub struct WrongSetting {
    setting: &'static str,
    problem: String,
}

impl WrongSetting {
    fn new(setting: &'static str, problem: impl Into<String>) -> Self {
        Self { setting, problem: problem.into() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let some = |n| NonZeroU16::new(n).expect("a literal above zero");
        Self {
            url: String::new(),
            password_file: None,
            exchange: "commerce.events".into(),
            queue: "doorstep.events".into(),
            bindings: vec!["order.*".into(), "shipment.*".into()],
            dead_exchange: "doorstep.dead".into(),
            dead_queue: "doorstep.dead".into(),
            topology: Mode::Declare,
            queue_type: QueueType::Quorum,
            delivery_limit: some(200),
            prefetch: some(500),
            batch_max: some(256),
            batch_wait_ms: 0,
            heartbeat_secs: some(10),
            watchdog_secs: some(30),
        }
    }
}

impl Settings {
    /// The defaults, for the broker at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Whether a broker is configured at all.
    pub fn is_on(&self) -> bool {
        !self.url.is_empty()
    }

    /// The broker's address, with heartbeat and password filled in.
    ///
    /// # Errors
    /// If `url` is no AMQP address, the password's file cannot be read, or another setting makes no sense.
    pub fn address(&self) -> Result<AMQPUri, WrongSetting> {
        if self.batch_wait_ms > 1_000 {
            return Err(WrongSetting::new("batch_wait_ms", "more than 1000: customers would wait for nothing"));
        }
        for (setting, name) in [("exchange", &self.exchange), ("queue", &self.queue)] {
            // The protocol's short string.
            if !(1..=255).contains(&name.len()) {
                return Err(WrongSetting::new(setting, "empty, or longer than 255 bytes"));
            }
        }
        // The parser's own words could repeat the password.
        let no_address = || WrongSetting::new("url", "not an address such as amqp://user:password@host:5672/vhost");
        if !["amqp://", "amqps://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            return Err(no_address());
        }
        let mut address: AMQPUri = self.url.parse().map_err(|_| no_address())?;
        address.query.heartbeat.get_or_insert(self.heartbeat_secs.get());
        if let Some(path) = &self.password_file {
            let read = std::fs::read_to_string(path);
            let password = read.map_err(|err| WrongSetting::new("password_file", format!("cannot be read: {err}")))?;
            address.authority.userinfo.password = password.trim_end_matches(['\r', '\n']).to_owned();
        }
        Ok(address)
    }

    pub(super) fn batch_limits(&self) -> collect::Limits {
        collect::Limits {
            events_max: usize::from(self.batch_max.get()),
            wait: std::time::Duration::from_millis(u64::from(self.batch_wait_ms)),
        }
    }
}

impl fmt::Debug for Settings {
    /// Leaves the address out: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("password_file", &self.password_file)
            .field("exchange", &self.exchange)
            .field("queue", &self.queue)
            .field("bindings", &self.bindings)
            .field("dead_exchange", &self.dead_exchange)
            .field("dead_queue", &self.dead_queue)
            .field("topology", &self.topology)
            .field("queue_type", &self.queue_type)
            .field("delivery_limit", &self.delivery_limit)
            .field("prefetch", &self.prefetch)
            .field("batch_max", &self.batch_max)
            .field("batch_wait_ms", &self.batch_wait_ms)
            .field("heartbeat_secs", &self.heartbeat_secs)
            .field("watchdog_secs", &self.watchdog_secs)
            .finish_non_exhaustive()
    }
}
