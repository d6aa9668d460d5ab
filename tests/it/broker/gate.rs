//! A hinge that tests hold in their hands: it can be closed, and told to fail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorstep::apply::{ApplyFailed, Verdict};
use doorstep::ingest::{Apply, Incoming};
use tokio::sync::{Semaphore, watch};

/// The longest wait for anything in these tests. Generous: the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Clone)]
struct Log {
    /// Batches that came to the gate, let in or not.
    reached: usize,
    refused: usize,
    /// The ids of what was applied, batch by batch; `refused` for what is no event.
    applied: Vec<Vec<String>>,
}

/// The gate.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    may_pass: Arc<Semaphore>,
    failures: Arc<Mutex<usize>>,
    log: Arc<watch::Sender<Log>>,
}

impl Gate {
    fn new(permits: usize, failures: usize) -> Self {
        Self {
            may_pass: Arc::new(Semaphore::new(permits)),
            failures: Arc::new(Mutex::new(failures)),
            log: Arc::new(watch::Sender::new(Log::default())),
        }
    }

    /// Lets everything pass.
    pub(crate) fn open() -> Self {
        Self::new(Semaphore::MAX_PERMITS, 0)
    }

    /// Lets nothing pass until it is lifted.
    pub(crate) fn closed() -> Self {
        Self::new(0, 0)
    }

    /// Refuses so many times, as a store does that is away.
    pub(crate) fn failing(times: usize) -> Self {
        Self::new(Semaphore::MAX_PERMITS, times)
    }

    pub(crate) fn lift(&self) {
        self.may_pass.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    pub(crate) fn batches(&self) -> Vec<Vec<String>> {
        self.log.borrow().applied.clone()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.batches().concat()
    }

    async fn until(&self, what: &str, reached: impl FnMut(&Log) -> bool) {
        let mut seen = self.log.subscribe();
        let waited = tokio::time::timeout(PATIENCE, seen.wait_for(reached)).await;
        assert!(waited.is_ok_and(|seen| seen.is_ok()), "{what} did not come: {:?}", *self.log.borrow());
    }

    /// Waits until `batches` have come to the gate.
    pub(crate) async fn reached(&self, batches: usize) {
        self.until("a batch", |log| log.reached >= batches).await;
    }

    /// Waits until so many tries were refused.
    pub(crate) async fn refused(&self, times: usize) {
        self.until("a refusal", |log| log.refused >= times).await;
    }

    /// Waits until so many events were applied.
    pub(crate) async fn applied(&self, events: usize) {
        self.until("the events", |log| log.applied.iter().map(Vec::len).sum::<usize>() >= events).await;
    }

    /// Waits until each of `ids` was applied at least once.
    pub(crate) async fn saw(&self, ids: impl Iterator<Item = String>) {
        let ids: Vec<String> = ids.collect();
        self.until("every event", |log| ids.iter().all(|id| log.applied.iter().flatten().any(|seen| seen == id))).await;
    }
}

impl Apply for Gate {
    async fn apply(&self, batch: impl Into<Arc<Vec<Incoming>>> + Send) -> Result<Vec<Verdict>, ApplyFailed> {
        let batch: Arc<Vec<Incoming>> = batch.into();
        self.log.send_modify(|log| log.reached += 1);
        self.may_pass.acquire().await.expect("never closed").forget();
        let fails = {
            let mut failures = self.failures.lock().unwrap();
            let fails = *failures > 0;
            *failures = failures.saturating_sub(1);
            fails
        };
        if fails {
            self.log.send_modify(|log| log.refused += 1);
            return Err(ApplyFailed::new("told to fail"));
        }
        let judged = batch.iter().map(|incoming| match incoming {
            Incoming::Event { arrival, .. } => (arrival.id.clone(), Verdict::Applied),
            Incoming::UnknownType { arrival } => (arrival.id.clone(), Verdict::UnknownType),
            Incoming::Refused(refused) => ("refused".to_owned(), Verdict::Refused { reason: refused.reason.clone() }),
        });
        let (ids, verdicts) = judged.unzip();
        self.log.send_modify(|log| log.applied.push(ids));
        Ok(verdicts)
    }
}
