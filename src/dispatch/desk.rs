//! Where sends ask the database: what many ask at the same time becomes one statement.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::batch::{Batcher, NoAnswer};
use crate::clock::Clock;
use crate::crash;
use crate::domain::id::NoticeKey;
use crate::domain::notice::Notice;
use crate::domain::person::ContactKey;
use crate::outcomes;
use crate::store::rows::{Consent, Decision, Grant, IntentRow, Outcome, Settled, Verdict};
use crate::store::{Store, StoreError};
use crate::telemetry;

/// How long a granted intent holds its lease without being extended.
pub(super) const LEASE: Duration = super::handoff::LEASE.unsigned_abs();
/// How much of a lease must be left for an intent to be granted: longer than any pause of ours between grant and send.
pub(super) const MARGIN: Duration = Duration::from_secs(20);
/// First and longest pause between tries to write down what became of a notice while the database is away.
const SETTLE_PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// By whose word a doubt is settled here.
const WHO: &str = "the worker that sent it";

/// The end of a claim, with what is needed to tell others about it.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) notice: Notice,
    pub(super) fence: i32,
    /// The order's version by which the notice stays unsent: by another one it must be judged again. `None`: it holds in any case.
    pub(super) version: Option<i64>,
    pub(super) verdict: Verdict,
}

/// Handles to the gatherings. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    intents: Batcher<IntentRow, Result<Grant, StoreError>>,
    endings: Batcher<Ending, Result<(), StoreError>>,
    consents: Batcher<ContactKey, Result<Consent, StoreError>>,
    leases: Batcher<(NoticeKey, i32), Result<bool, StoreError>>,
}

impl Desk {
    /// Opens the desk. Its tasks end when all its handles are gone; `give_up` ends their patience with a database that is
    /// away. `tells`: whether outcome events are wanted.
    pub(super) fn open(
        store: &Store,
        clock: &Clock,
        tells: bool,
        give_up: &CancellationToken,
    ) -> (Self, Vec<JoinHandle<()>>) {
        let (intents, first) = Batcher::start({
            let store = store.clone();
            move |rows: Vec<IntentRow>| intend(store.clone(), rows)
        });
        let (endings, second) = Batcher::start({
            let (store, clock, give_up) = (store.clone(), clock.clone(), give_up.clone());
            move |endings: Vec<Ending>| settle(store.clone(), clock.clone(), tells, give_up.clone(), endings)
        });
        let (consents, third) = Batcher::start({
            let store = store.clone();
            move |contacts: Vec<ContactKey>| consents(store.clone(), contacts)
        });
        let (leases, fourth) = Batcher::start({
            let store = store.clone();
            move |held: Vec<(NoticeKey, i32)>| extend(store.clone(), held)
        });
        (Self { intents, endings, consents, leases }, vec![first, second, third, fourth])
    }

    /// Commits the intent to send.
    ///
    /// # Errors
    /// When nobody knows whether it was committed: then nothing may be sent.
    pub(super) async fn intend(&self, row: IntentRow) -> Result<Grant, StoreError> {
        self.intents.ask(row).await.unwrap_or_else(|NoAnswer| Err(closed()))
    }

    /// Writes down what became of a notice, however long the database is away.
    ///
    /// # Errors
    /// When it could not be written before the worker had to stop: the lease runs out, and the next worker sees to it.
    pub(super) async fn settle(&self, ending: Ending) -> Result<(), StoreError> {
        self.endings.ask(ending).await.unwrap_or_else(|NoAnswer| Err(closed()))
    }

    /// What a contact wishes, and how much it was told in the last day.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn consent(&self, contact: ContactKey) -> Result<Consent, StoreError> {
        self.consents.ask(contact).await.unwrap_or_else(|NoAnswer| Err(closed()))
    }

    /// Lengthens a lease; false if it is lost.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn extend(&self, key: NoticeKey, fence: i32) -> Result<bool, StoreError> {
        self.leases.ask((key, fence)).await.unwrap_or_else(|NoAnswer| Err(closed()))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable { what: "the worker is stopping".into() }
}

/// The same error for everyone who asked.
fn for_all<T>(count: usize, error: &StoreError) -> Vec<Result<T, StoreError>> {
    (0..count).map(|_| Err(error.clone())).collect()
}

async fn intend(store: Store, rows: Vec<IntentRow>) -> Vec<Result<Grant, StoreError>> {
    crash::point("dispatch.intending");
    let answer = store.intend(&rows, MARGIN, LEASE).await;
    crash::point("dispatch.intended");
    match answer {
        Ok(grants) => grants.into_iter().map(Ok).collect(),
        Err(error) => {
            tracing::warn!(notices = rows.len(), %error, "intents could not be committed, nothing of them is sent");
            for_all(rows.len(), &error)
        }
    }
}

async fn consents(store: Store, contacts: Vec<ContactKey>) -> Vec<Result<Consent, StoreError>> {
    match store.consents(&contacts).await {
        Ok(found) => found.into_iter().map(Ok).collect(),
        Err(error) => for_all(contacts.len(), &error),
    }
}

async fn extend(store: Store, held: Vec<(NoticeKey, i32)>) -> Vec<Result<bool, StoreError>> {
    match store.extend_leases(&held, LEASE).await {
        Ok(kept) => held.iter().map(|(key, _)| Ok(kept.contains(key))).collect(),
        Err(error) => for_all(held.len(), &error),
    }
}

async fn settle(
    store: Store,
    clock: Clock,
    tells: bool,
    give_up: CancellationToken,
    endings: Vec<Ending>,
) -> Vec<Result<(), StoreError>> {
    crash::point("dispatch.settling");
    let rows: Vec<Settled> = endings.iter().map(Ending::row).collect();
    let told: Vec<(NoticeKey, Outcome)> = if tells {
        let now = clock.now();
        let event =
            |end: &Ending| Some((end.notice.key, outcomes::settled(&end.notice, end.fence, &end.verdict, now)?));
        endings.iter().filter_map(event).collect()
    } else {
        Vec::new()
    };
    let answers = settle_rows(&store, &give_up, &rows, &told).await;
    crash::point("dispatch.settled");
    let count = |ending: &Ending| telemetry::notices(ending.notice.channel, &ending.verdict, 1);
    endings.iter().zip(&answers).filter(|(_, answer)| answer.is_ok()).for_each(|(ending, _)| count(ending));
    answers
}

async fn settle_rows(
    store: &Store,
    give_up: &CancellationToken,
    rows: &[Settled],
    told: &[(NoticeKey, Outcome)],
) -> Vec<Result<(), StoreError>> {
    match patiently(store, give_up, rows, told).await {
        Ok(()) => rows.iter().map(|_| Ok(())).collect(),
        // A value that the database refuses spoils the whole statement: one by one, it spoils only its own.
        Err(StoreError::Poison { .. }) if rows.len() > 1 => {
            let mut answers = Vec::with_capacity(rows.len());
            for row in rows {
                let told: Vec<_> = told.iter().filter(|(key, _)| *key == row.key).cloned().collect();
                answers.push(patiently(store, give_up, std::slice::from_ref(row), &told).await);
            }
            answers
        }
        Err(error) => for_all(rows.len(), &error),
    }
}

/// Writes until it is written. What the far side answered is known here alone, so it is worth some patience.
async fn patiently(
    store: &Store,
    give_up: &CancellationToken,
    rows: &[Settled],
    told: &[(NoticeKey, Outcome)],
) -> Result<(), StoreError> {
    let mut pause = SETTLE_PAUSES.0;
    let mut is_first = true;
    loop {
        match settle_once(store, rows, told, is_first).await {
            Ok(()) => return Ok(()),
            Err(error) if error.is_passing() => {
                tracing::warn!(notices = rows.len(), %error, "what became of notices could not be written yet");
                let stopped = tokio::select! {
                    () = give_up.cancelled() => true,
                    () = store.pause(pause) => false,
                };
                if stopped {
                    return Err(error);
                }
                (pause, is_first) = ((pause * 2).min(SETTLE_PAUSES.1), false);
            }
            Err(error) => {
                tracing::error!(notices = rows.len(), %error, "the database refuses what became of notices");
                return Err(error);
            }
        }
    }
}

async fn settle_once(
    store: &Store,
    rows: &[Settled],
    told: &[(NoticeKey, Outcome)],
    is_first: bool,
) -> Result<(), StoreError> {
    // What was sent is written first: it must not wait for orders that somebody is just changing.
    let (unsent, ended): (Vec<Settled>, Vec<Settled>) = rows.iter().cloned().partition(|row| row.version.is_some());
    let mut done = store.settle(&ended, told).await?;
    done.extend(store.settle(&unsent, told).await?);
    // The order has moved on since it was judged: what is unsent is given back, and judged by what is known now.
    let moved = unsent.into_iter().filter(|row| !done.contains(&row.key));
    let moved: Vec<Settled> = moved.map(|row| Settled { version: None, result: Verdict::Released, ..row }).collect();
    done.extend(store.settle(&moved, &[]).await?);
    let lost = rows.len() - done.len();
    match (lost, is_first) {
        (0, _) => return Ok(()),
        (_, true) => {
            tracing::warn!(notices = lost, "another worker had taken notices over before they were settled here")
        }
        // A try before may have been committed, and its answer lost.
        (_, false) => tracing::info!(
            notices = lost,
            "notices had been settled before, by a try without an answer or by another worker"
        ),
    }
    // While the database was away a lease may have run out, and what was sent under it been listed as in doubt. Here it is known that
    // it was taken: that settles the doubt, whatever try it is of. What had been settled before stays as it is.
    for row in rows.iter().filter(|row| matches!(row.result, Verdict::Accepted { .. }) && !done.contains(&row.key)) {
        let news = told.iter().find(|(key, _)| *key == row.key).map(|(_, outcome)| outcome.clone());
        if store.decide_doubt(row.key, Decision::WasSent, WHO, news).await? {
            tracing::info!(notice.key = %row.key, "no longer in doubt: the far side had taken it");
        }
    }
    Ok(())
}

impl Ending {
    fn row(&self) -> Settled {
        Settled {
            key: self.notice.key,
            order: self.notice.order.clone(),
            fence: self.fence,
            version: self.version,
            result: self.verdict.clone(),
        }
    }
}
