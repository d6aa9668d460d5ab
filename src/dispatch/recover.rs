//! Sends whose worker died on this machine: what its journal knows is written down at once.

use futures_util::future::join_all;

use super::Worker;
use super::desk::Ending;
use super::journal::read::{End, Remains};
use crate::crash;
use crate::outcomes;
use crate::store::StoreError;
use crate::store::rows::{Decision, Verdict};

/// What is told of a notice that goes back to the queue.
const NEVER_BEGUN: &str = "its worker was lost before any of it was sent";
/// By whose word a doubt is settled.
const WHO: &str = "the lost worker's journal";

impl Worker {
    /// Settles what lost workers knew. What they did not know is left to the leases. May be dropped at any point: the files stay.
    pub(super) async fn recover(&self) {
        for path in self.journal.others() {
            let Some(journal) = self.journal.abandoned(&path) else { continue };
            crash::point("journal.read");
            let count = journal.remains.len();
            let settled = join_all(journal.remains.iter().map(|remains| self.settle_remains(remains))).await;
            if let Some(error) = settled.into_iter().find_map(Result::err) {
                // The file stays, and is read again.
                tracing::warn!(sends = count, %error, "what a lost worker's journal says could not be written down yet");
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

    /// Fence and state guard the row: what has been settled since, or taken over, stays as it is.
    async fn settle_remains(&self, remains: &Remains) -> Result<(), StoreError> {
        let Remains { notice, fence, end } = remains;
        let (key, fence) = (notice.key, *fence);
        let verdict = match end {
            End::Unknown => return Ok(()),
            End::NeverBegun => Verdict::Deferred { until: self.clock.now(), cause: NEVER_BEGUN.into(), reached: false },
            End::Known(verdict) => verdict.clone(),
        };
        if self.journal.is_under_way(key, fence) {
            return Ok(());
        }
        let was_accepted = matches!(verdict, Verdict::Accepted { .. });
        let lasting = |error: StoreError| if error.is_passing() { Err(error) } else { Ok(()) };
        let told = outcomes::settled(notice, fence, &verdict, self.clock.now()).filter(|_| self.tells_outcomes);
        self.desk.settle(Ending { notice: notice.clone(), fence, version: None, verdict }).await.or_else(lasting)?;
        if !was_accepted {
            // A doubt that was listed meanwhile stays, though this try never went out: it may be that of a later one.
            return Ok(());
        }
        // Whatever try the doubt was of: the person has the message.
        self.store.decide_doubt(key, Decision::WasSent, WHO, told).await.map(|_| ()).or_else(lasting)
    }
}
