//! What sends ticks through the hinge: orders whose time to be looked at again has come.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::apply::{ApplyFailed, Hinge};
use crate::crash;
use crate::domain::id::OrderKey;
use crate::store::{Store, StoreError};

/// Orders looked at in one batch, at most.
const TOGETHER_MAX: u32 = 200;
/// How long a taken timer stays taken: after that a worker that died is replaced by another.
const LEASE: Duration = Duration::from_secs(60);
/// How often the database is asked when nothing is known to be due.
const POLL: Duration = Duration::from_secs(1);
/// Pause after the database did not answer.
const OUTAGE_PAUSE: Duration = Duration::from_secs(5);

/// Watches the timers.
#[derive(Debug, Clone)]
pub struct Timers {
    store: Store,
    hinge: Hinge,
}

/// The timers could not be served for now; those that were taken are due again when their lease is over.
#[derive(Debug, thiserror::Error)]
pub enum TimersFailed {
    #[error("the timers that are due could not be read")]
    Read(#[from] StoreError),
    #[error("orders could not be looked at again")]
    Tick(#[from] ApplyFailed),
}

impl Timers {
    /// Watches the timers of `store`, and sends ticks through `hinge`.
    pub fn new(store: Store, hinge: Hinge) -> Self {
        Self { store, hinge }
    }

    /// Serves the timers until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            let wait = match self.run_once().await {
                Ok(0) => self.idle_time().await,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "timers wait");
                    OUTAGE_PAUSE
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Serves every timer that is due now; returns how many.
    ///
    /// # Errors
    /// [`TimersFailed`].
    pub async fn run_due(&self) -> Result<usize, TimersFailed> {
        let mut served = 0;
        loop {
            match self.run_once().await? {
                0 => return Ok(served),
                some => served += some,
            }
        }
    }

    async fn run_once(&self) -> Result<usize, TimersFailed> {
        let due = self.store.claim_wakes(TOGETHER_MAX, LEASE).await?;
        if due.is_empty() {
            return Ok(0);
        }
        crash::point("timers.claimed");
        let count = due.len();
        self.tick(due).await?;
        crash::point("timers.ticked");
        Ok(count)
    }

    /// All at once; if that fails, one by one, so that an order that cannot be read holds up no other.
    async fn tick(&self, due: Vec<OrderKey>) -> Result<(), ApplyFailed> {
        let Err(error) = self.hinge.tick(due.clone()).await else { return Ok(()) };
        if due.len() == 1 {
            return Err(error);
        }
        let mut last = Ok(());
        for key in due {
            if let Err(error) = self.hinge.tick(vec![key.clone()]).await {
                tracing::warn!(order.id = %key, error = &error as &dyn std::error::Error, "a timer waits");
                last = Err(error);
            }
        }
        last
    }

    async fn idle_time(&self) -> Duration {
        match self.store.next_wake().await {
            Ok(Some(due)) => {
                let left = due.duration_since(self.store.clock().now());
                Duration::try_from(left).unwrap_or_default().clamp(Duration::from_millis(5), POLL)
            }
            Ok(None) | Err(_) => POLL,
        }
    }
}
