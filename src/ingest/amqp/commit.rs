//! From a batch to its acknowledgement: apply, and only then tell the broker.

use std::sync::Arc;
use std::time::Duration;

use lapin::Acker;
use lapin::options::BasicAckOptions;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Ended;
use crate::apply::Verdict;
use crate::ingest::{Apply, Incoming};
use crate::{crash, telemetry};

/// The longest wait for the broker's socket to take an acknowledgement.
const ACK_MAX: Duration = Duration::from_secs(10);
/// How often a batch is tried while the store is away. The broker's own patience (`consumer_timeout`) is 30 min: past 20 the
/// link is given up, and the broker delivers again.
const HELD_MAX: Duration = Duration::from_secs(20 * 60);
/// The pause before a batch is tried again; it doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Decoded deliveries in the order in which they came.
pub(super) struct Batch {
    pub(super) incoming: Vec<Incoming>,
    /// Acknowledges the last one and all before it.
    pub(super) last: Acker,
    /// Shows the collector that the committer is at work; given back when the batch is done.
    pub(super) busy: OwnedSemaphorePermit,
}

/// Applies one batch after the other.
pub(super) struct Committer<A> {
    pub(super) apply: A,
    pub(super) stop: CancellationToken,
    pub(super) over: CancellationToken,
}

impl<A: Apply> Committer<A> {
    pub(super) async fn run(self, mut batches: mpsc::Receiver<Batch>) -> Ended {
        while let Some(batch) = batches.recv().await {
            let Batch { incoming, last, busy } = batch;
            if self.over.is_cancelled() {
                // The broker delivers these again: another worker may already have them.
                continue;
            }
            let ended = match self.commit(Arc::new(incoming)).await {
                Ok(verdicts) => {
                    crash::point("ingest.applied");
                    for verdict in &verdicts {
                        telemetry::event_verdict(telemetry::Door::Amqp, verdict);
                    }
                    acknowledge(last).await
                }
                Err(ended) => Err(ended),
            };
            if let Err(ended) = ended {
                self.over.cancel();
                return ended;
            }
            crash::point("ingest.acknowledged");
            drop(busy);
        }
        Ended::Stopped
    }

    /// Tries until the store takes the batch. Nothing goes back to the queue meanwhile: it would come again at once, and
    /// count as a failed delivery each time.
    async fn commit(&self, batch: Arc<Vec<Incoming>>) -> Result<Vec<Verdict>, Ended> {
        let mut pause = RETRY_MIN;
        let mut held = Duration::ZERO;
        loop {
            let failed = match self.apply.apply(Arc::clone(&batch)).await {
                Ok(verdicts) => return Ok(verdicts),
                Err(failed) => failed,
            };
            tracing::warn!(
                error = &failed as &dyn std::error::Error,
                events = batch.len(),
                "the store is away, a batch waits"
            );
            tokio::select! {
                () = self.stop.cancelled() => return Err(Ended::Stopped),
                () = self.over.cancelled() => return Err(Ended::Stopped),
                () = tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))) => {}
            }
            held += pause;
            if held > HELD_MAX {
                return Err(Ended::broken("the store has been away for too long"));
            }
            pause = (pause * 2).min(RETRY_MAX);
        }
    }
}

async fn acknowledge(last: Acker) -> Result<(), Ended> {
    match timeout(ACK_MAX, last.ack(BasicAckOptions { multiple: true })).await {
        Ok(Ok(true)) => Ok(()),
        // The channel died below us: these come again, and the inbox knows them.
        Ok(Ok(false)) => Err(Ended::broken("an acknowledgement came too late for its channel")),
        Ok(Err(err)) => Err(Ended::broken(format_args!("an acknowledgement failed: {err}"))),
        Err(_) => Err(Ended::broken("the broker takes no acknowledgement")),
    }
}
