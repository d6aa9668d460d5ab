//! Sends whose worker died on this machine: what its journal knows is written down at once.

use futures_util::future::join_all;

use super::Worker;
use super::desk::Ending;
use super::journal::read::{End, Remains};
use crate::crash;
use crate::store::rows::{Decision, Verdict};

/// What is told of a notice that goes back to the queue.
const NEVER_BEGUN: &str = "its worker was lost before any of it was sent";
/// By which word a doubt is settled.
const WHO: &str = "the lost worker's journal";

impl Worker {
    /// Settles what lost workers knew. What they did not know is left to the leases.
    pub(super) async fn recover(&self) {
        for journal in self.journal.abandoned() {
            crash::point("journal.read");
            let count = journal.remains.len();
            let ended = join_all(journal.remains.iter().map(|remains| self.settle_remains(remains))).await;
            if !ended.iter().all(|ended| *ended) {
                // The file stays, and is read again.
                tracing::warn!(sends = count, "what a lost worker's journal says could not be written down yet");
                continue;
            }
            crash::point("journal.recovered");
            if count > 0 {
                let unknown = journal.remains.iter().filter(|remains| remains.end == End::Unknown).count();
                tracing::info!(sends = count, unknown, "read a lost worker's journal of its sends");
            }
            journal.remove();
        }
    }

    /// Says whether it is done. Fence and state guard the row: what has been settled since, or taken over, stays as it is.
    async fn settle_remains(&self, remains: &Remains) -> bool {
        let Remains { notice, fence, end } = remains;
        let verdict = match end {
            End::Unknown => return true,
            End::NeverBegun => Verdict::Deferred { until: self.clock.now(), cause: NEVER_BEGUN.into(), reached: false },
            End::Known(verdict) => verdict.clone(),
        };
        let was_accepted = matches!(verdict, Verdict::Accepted { .. });
        if self.desk.settle(Ending { notice: notice.clone(), fence: *fence, verdict }).await.is_err() {
            return false;
        }
        // It may have been listed meanwhile: whatever try that was of, the person has the message.
        !was_accepted || self.store.decide_doubt(notice.key, Decision::WasSent, WHO).await.is_ok()
    }
}
