//! What a worker does beside its work: looks after the pool, says how much waits, and clears away what has had its time.

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::apply::Policies;
use crate::config::Retention;
use crate::consent::forget;
use crate::store::{Store, StoreError};
use crate::web::care::fact::Facts;
use crate::{dispatch, telemetry, unknown, voices};

/// How often the database is asked for its time: the clock follows it, and a silent pool is noticed within three of these.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Pings between two counts. Counting reads an index or two; every 15 s is as often as Prometheus asks.
const PINGS_A_COUNT: u32 = 3;
/// How often old rows are looked for.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// Such rounds between two walks over all orders: a day.
const ROUNDS_A_WALK: u32 = 24;
/// How often alerts that were put off are looked at.
const WAKE_EVERY: Duration = Duration::from_secs(60);
/// Such looks between two looks at numbers that no order has: what has waited for a day can wait for some minutes.
const WAKES_A_LOOK: u32 = 10;
/// How often returns are looked for of which their order was not told: rare, and nobody waits for their mail by the minute.
const FINISH_EVERY: Duration = Duration::from_secs(300);
/// Rows of each kind deleted in one transaction: some milliseconds' work.
const TIDY_ROWS: u32 = 500;
/// The pause between two such transactions, so that the real work comes first.
const TIDY_PAUSE: Duration = Duration::from_millis(200);

/// Pings the store, counts what waits, and keeps the histograms small, until `stop`.
pub(super) async fn look(store: Store, stop: CancellationToken) {
    let mut pings = 0;
    loop {
        if let Err(error) = store.ping().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer");
        } else if pings % PINGS_A_COUNT == 0 {
            match store.figures().await {
                Ok(figures) => telemetry::stored(&figures, store.clock().now()),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "nothing could be counted"),
            }
            match store.alert_figures().await {
                Ok(figures) => telemetry::alerts(&figures, store.clock().now()),
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "alerts could not be counted"),
            }
            match store.suppressed_figures().await {
                Ok(figures) => telemetry::suppressed(&figures),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "addresses could not be counted")
                }
            }
        }
        telemetry::upkeep();
        pings += 1;
        if !pause(PING_EVERY, &stop).await {
            return;
        }
    }
}

/// Deletes what has had its time, until `stop`.
pub(super) async fn tidy(store: Store, retention: Retention, stop: CancellationToken) {
    let mut rounds = 0_u32;
    loop {
        loop {
            match prune_some(&store, &retention).await {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "old rows stay for now");
                    break;
                }
            }
            if !pause(TIDY_PAUSE, &stop).await {
                return;
            }
        }
        if rounds.is_multiple_of(ROUNDS_A_WALK)
            && !(age_out(&store, &retention, &stop).await && prune_frames(&store, &stop).await)
        {
            return;
        }
        rounds += 1;
        if !pause(TIDY_EVERY, &stop).await {
            return;
        }
    }
}

/// Walks all orders once, a page at a time, and takes what is personal from those that are long over. False if the stop came.
async fn age_out(store: &Store, retention: &Retention, stop: &CancellationToken) -> bool {
    let mut after = String::new();
    let kept = SignedDuration::from_hours(24 * i64::from(retention.orders_days.get()));
    loop {
        let before = store.clock().now() - kept;
        match forget::age_out(store, &after, before, TIDY_ROWS).await {
            Ok((Some(last), _)) => after = last,
            Ok((None, _)) => return true,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "old orders stay for now");
                return true;
            }
        }
        if !pause(TIDY_PAUSE, stop).await {
            return false;
        }
    }
}

/// Forgets the frames of workers that are long gone. False if the stop came.
async fn prune_frames(store: &Store, stop: &CancellationToken) -> bool {
    let complain = |error: StoreError| {
        tracing::warn!(error = &error as &dyn std::error::Error, "old frames stay for now");
        true
    };
    let before = store.clock().now() - dispatch::FRAME_KEPT;
    match store.has_old_frames(before).await {
        Ok(true) => {}
        Ok(false) => return true,
        Err(error) => return complain(error),
    }
    let (mut needed, mut after) = (BTreeSet::new(), None);
    loop {
        match dispatch::frames_needed(store, after, TIDY_ROWS).await {
            Ok(Some((last, of_page))) => {
                needed.extend(of_page);
                after = Some(last);
            }
            Ok(None) => break,
            Err(error) => return complain(error),
        }
        if !pause(TIDY_PAUSE, stop).await {
            return false;
        }
    }
    let needed: Vec<_> = needed.into_iter().collect();
    store.prune_frames(before, &needed).await.map_or_else(complain, |_| true)
}

/// Deletes some of what has had its time; whether there was any.
async fn prune_some(store: &Store, retention: &Retention) -> Result<bool, StoreError> {
    let now = store.clock().now();
    let ago = |days: NonZeroU16| now - SignedDuration::from_hours(24 * i64::from(days.get()));
    let pruned = store.prune(ago(retention.facts_days), TIDY_ROWS).await?;
    let (voices, photos) = (ago(retention.voices_days), ago(retention.photos_days));
    let erased = store.prune_voices(voices, photos, TIDY_ROWS).await?;
    let calls = store.prune_calls(ago(retention.callbacks_days), ago(retention.quarantine_days), TIDY_ROWS).await?;
    Ok(!pruned.is_empty() || !erased.is_empty() || calls)
}

/// Sees to numbers that no order has, and counts what customers tell, until `stop`. `tells`: whether
/// outcome events are queued.
pub(super) async fn watch(store: Store, policies: Policies, tells: bool, stop: CancellationToken) {
    let (mut wakes, mut looks) = (0, unknown::Looks::default());
    loop {
        if wakes % WAKES_A_LOOK == 0
            && let Err(error) = looks.look(&store, &policies, tells).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "unknown numbers are looked at later");
        }
        if let Err(error) = voices::look(&store).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what customers tell is counted later");
        }
        wakes += 1;
        if !pause(WAKE_EVERY, &stop).await {
            return;
        }
    }
}

/// Tells orders of what customers have asked for where a page could not, until `stop`.
pub(super) async fn finish(store: Store, facts: Facts, stop: CancellationToken) {
    while pause(FINISH_EVERY, &stop).await {
        match facts.finish(&store).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "orders were told of returns that a page could not tell them of"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "orders are told of returns later")
            }
        }
    }
}

/// Waits; false if the stop came first.
async fn pause(length: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        () = tokio::time::sleep(length) => true,
    }
}
