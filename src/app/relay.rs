//! Outcome events on their way out: claimed from the database, published with the broker's confirmation, and only then
//! forgotten. One that was published twice, because the worker died in between, has the same id both times.

use std::collections::HashSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::channel::broker::{Outgoing, Publisher};
use crate::crash;
use crate::store::{Store, StoreError};
use crate::telemetry::{self, Published};

/// Events claimed at once.
const TOGETHER_MAX: u32 = 200;
/// How long a claim holds; far longer than publishing takes.
const LEASE: Duration = Duration::from_secs(60);
/// How often the database is asked when nothing waited.
const IDLE_PAUSE: Duration = Duration::from_secs(1);
/// The pause after the database did not answer or the broker did not confirm.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);

/// Publishes what waits, until `stop`.
pub(super) async fn run(store: Store, publisher: Publisher, stop: CancellationToken) {
    loop {
        // A link first, so that nothing is claimed by a worker that cannot publish.
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = publisher.ready() => {}
        }
        let wait = match publish_some(&store, &publisher).await {
            Ok(Published::Confirmed) => Duration::ZERO,
            Ok(Published::Failed) => TROUBLE_PAUSE,
            Err(Nothing::Waits) => IDLE_PAUSE,
            Err(Nothing::Known(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "outcome events wait for the database");
                TROUBLE_PAUSE
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    publisher.close().await;
}

/// Publishes what waits now, once there is a link. What the broker does not confirm waits for its lease to run out.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn run_due(store: &Store, publisher: &Publisher) -> Result<(), StoreError> {
    publisher.ready().await;
    loop {
        match publish_some(store, publisher).await {
            Ok(Published::Confirmed) => {}
            Ok(Published::Failed) | Err(Nothing::Waits) => return Ok(()),
            Err(Nothing::Known(error)) => return Err(error),
        }
    }
}

/// Why nothing was published.
enum Nothing {
    Waits,
    Known(StoreError),
}

impl From<StoreError> for Nothing {
    fn from(error: StoreError) -> Self {
        Self::Known(error)
    }
}

async fn publish_some(store: &Store, publisher: &Publisher) -> Result<Published, Nothing> {
    let claimed = store.claim_outcomes(TOGETHER_MAX, LEASE).await?;
    if claimed.is_empty() {
        return Err(Nothing::Waits);
    }
    crash::point("outcomes.claimed");
    let outgoing: Vec<Outgoing<'_>> = claimed
        .iter()
        .map(|(_, outcome)| Outgoing { id: outcome.id, kind: &outcome.kind, body: &outcome.body })
        .collect();
    let confirmed: HashSet<_> = publisher.publish(&outgoing).await.into_iter().collect();
    crash::point("outcomes.confirmed");
    let done: Vec<i64> =
        claimed.iter().filter(|(_, outcome)| confirmed.contains(&outcome.id)).map(|(seq, _)| *seq).collect();
    store.forget_outcomes(&done).await?;
    crash::point("outcomes.forgotten");
    let failed = claimed.len() - done.len();
    telemetry::outcomes_published(Published::Confirmed, done.len() as u64);
    telemetry::outcomes_published(Published::Failed, failed as u64);
    Ok(if failed == 0 { Published::Confirmed } else { Published::Failed })
}
