//! Keeps the gauges true and the histograms small.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::store::{Store, unbroken};

/// Histograms collect single values until they are folded: at 10,000 values a second some hundred kilobytes.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// Counting costs the database some milliseconds; Prometheus asks every 15 s or so.
const COUNT_EVERY_FOLDS: u32 = 3;

/// Counts what is stored every 15 s and folds the histograms every 5 s, until `stop`. A store that does not answer leaves the
/// gauges as they were; readiness says that it is down.
pub async fn watch(store: Store, clock: Clock, stop: CancellationToken) {
    let mut ticks = interval(FOLD_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut folds = 0_u32;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        super::upkeep();
        if folds.is_multiple_of(COUNT_EVERY_FOLDS) {
            let asked = store.clone();
            match unbroken(async move { asked.figures().await }).await {
                Ok(figures) => super::stored(&figures, clock.now()),
                Err(error) => tracing::debug!(%error, "the store was not counted"),
            }
        }
        folds = folds.wrapping_add(1);
    }
}
