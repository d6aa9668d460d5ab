//! Sends whose worker never came back: found by their leases, resolved where that is safe, listed where it is not.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Worker;
use crate::crash;
use crate::domain::person::Channel;
use crate::domain::policy::InDoubt;
use crate::outcomes;
use crate::store::StoreError;
use crate::store::rows::{Decision, Doubted, Verdict};

/// How often leases are looked through. It reads the front of a short index.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// How long it is not looked for them once the database answers again: longer than the longest pause between tries to settle.
const AFTER_OUTAGE: Duration = Duration::from_secs(10);
/// How long after its first try a message may go out again under the same key: 80 % of the 24 hours for which providers
/// remember keys.
const SAME_KEY_HORIZON: Duration = Duration::from_secs(24 * 3600 * 8 / 10);
/// What is told about a send whose worker was lost.
const LOST: &str = "the worker was lost while the message was being sent";

impl Worker {
    pub(super) async fn sweep_while(self: std::sync::Arc<Self>, stop: CancellationToken) {
        let mut was_away = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.recover() => {}
            }
            // Back from an outage, those speak first who know how their sends ended: their leases may have run out meanwhile.
            let looked = if was_away {
                self.store.next_due(Channel::Email).await.map(drop)
            } else {
                self.sweep().await.map(drop)
            };
            let pause = if was_away && looked.is_ok() { AFTER_OUTAGE } else { SWEEP_EVERY };
            if let Err(error) = &looked {
                tracing::warn!(%error, "sends without an end could not be looked for");
            }
            was_away = looked.is_err();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Resolves every send whose lease has run out; returns how many there were.
    pub(super) async fn sweep(&self) -> Result<usize, StoreError> {
        let idempotent: Vec<Channel> =
            Channel::ALL.into_iter().filter(|channel| self.senders.idempotent(*channel)).collect();
        let mut found = 0;
        loop {
            let (clock, tells) = (self.clock.clone(), self.tells_outcomes);
            let report = move |doubted: &Doubted| {
                let verdict = Verdict::InDoubt { cause: LOST.into() };
                let is_news = tells && !doubted.again;
                is_news.then(|| outcomes::settled(&doubted.notice, doubted.fence, &verdict, clock.now())).flatten()
            };
            let doubted = self.store.doubtful(&idempotent, SAME_KEY_HORIZON, report).await?;
            crash::point("dispatch.swept");
            if doubted.is_empty() {
                return Ok(found);
            }
            found += doubted.len();
            for one in doubted {
                self.resolve(one).await?;
            }
        }
    }

    async fn resolve(&self, doubted: Doubted) -> Result<(), StoreError> {
        let Doubted { notice, again, .. } = doubted;
        let (key, stage) = (notice.key, notice.stage);
        if again {
            tracing::info!(notice.key = %key, "its worker was lost while sending: the same bytes go out under the same key");
            return Ok(());
        }
        let policy = self.policies.of(&notice.order.brand());
        match policy.stages.get(&stage).map_or(InDoubt::Hold, |rule| rule.in_doubt) {
            InDoubt::Hold => {
                tracing::warn!(notice.key = %key, notice.stage = stage.as_str(), "in doubt: it may have arrived");
            }
            InDoubt::Resend => {
                tracing::warn!(notice.key = %key, notice.stage = stage.as_str(), "in doubt: sent again, by policy");
                self.store.decide_doubt(key, Decision::SendAgain, "policy", None).await?;
            }
        }
        Ok(())
    }
}
