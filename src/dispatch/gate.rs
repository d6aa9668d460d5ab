//! A channel's gate: its breaker, shared by those who claim, those who send, and those who hand over.

use std::sync::{Mutex, MutexGuard};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::breaker::{Admission, Breaker};
use crate::domain::person::Channel;
use crate::telemetry;

/// The breaker of a channel's endpoint, and a sign for those who wait for it.
#[derive(Debug)]
pub(super) struct Gate {
    channel: Channel,
    breaker: Mutex<Breaker>,
    changed: Notify,
}

impl Gate {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, breaker: Mutex::default(), changed: Notify::new() }
    }

    /// Whether messages pass freely.
    pub(super) fn is_open(&self) -> bool {
        self.lock().is_closed()
    }

    /// Asks to send one message.
    pub(super) fn admit(&self, now: Timestamp) -> Admission {
        self.lock().admit(now)
    }

    /// When it is worth asking again; `None`: now.
    pub(super) fn shut_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.lock().open_until(now)
    }

    /// The endpoint answered. True if the gate was shut and is open again.
    pub(super) fn succeeded(&self, endpoint: &str) -> bool {
        let reopened = self.lock().succeeded();
        if reopened {
            telemetry::breaker_open(self.channel, false);
            tracing::info!(channel = self.channel.as_str(), endpoint, "the receiver takes messages again");
            self.changed.notify_waiters();
        }
        reopened
    }

    /// The endpoint failed. True if that shut the gate.
    pub(super) fn failed(&self, now: Timestamp, endpoint: &str) -> bool {
        let shut = self.lock().failed(now);
        if shut {
            telemetry::breaker_open(self.channel, true);
            tracing::warn!(channel = self.channel.as_str(), endpoint, "the receiver fails again and again: a pause");
            self.changed.notify_waiters();
        }
        shut
    }

    /// A message that was let through said nothing about the endpoint.
    pub(super) fn undecided(&self, now: Timestamp) {
        self.lock().undecided(now);
        self.changed.notify_waiters();
    }

    /// Waits for the gate to open or shut.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().expect("nothing panics while it holds the breaker")
    }
}
