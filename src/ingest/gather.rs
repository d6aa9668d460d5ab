//! Group commit for doors whose callers wait for an answer: what many of them bring at the same time becomes one batch.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Apply, Incoming};
use crate::apply::{ApplyFailed, Verdict};

/// Events in one transaction, at most; what one caller brings is never torn apart.
const BATCH_MAX: usize = 256;
/// Callers that may wait for their turn; more are told to come back.
const CALLERS_MAX: usize = 1024;

/// Why a caller got no verdicts. Nothing that it brought is known to be kept, and it may bring it again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotTaken {
    #[error("too many callers wait already")]
    Busy,
    #[error("stopping")]
    Stopping,
    #[error(transparent)]
    Failed(Arc<ApplyFailed>),
}

struct Caller {
    events: Vec<Incoming>,
    answer: oneshot::Sender<Result<Vec<Verdict>, NotTaken>>,
}

/// Where callers bring their events. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gatherer {
    callers: mpsc::Sender<Caller>,
}

impl Gatherer {
    /// A gatherer, and the work that answers its callers until `stop` and until all that were taken in are answered.
    pub fn new<A: Apply>(apply: A, stop: CancellationToken) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (callers, waiting) = mpsc::channel(CALLERS_MAX);
        (Self { callers }, answer_all(apply, waiting, stop))
    }

    /// Brings events and waits until they are committed. The answer has one verdict for each, in their order.
    ///
    /// A caller that goes away meanwhile changes nothing: what it has brought is still applied.
    ///
    /// # Errors
    /// [`NotTaken`]: bring the same again later.
    pub async fn bring(&self, events: Vec<Incoming>) -> Result<Vec<Verdict>, NotTaken> {
        let (answer, answered) = oneshot::channel();
        self.callers.try_send(Caller { events, answer }).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => NotTaken::Busy,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Stopping,
        })?;
        answered.await.unwrap_or(Err(NotTaken::Stopping))
    }
}

async fn answer_all<A: Apply>(apply: A, mut waiting: mpsc::Receiver<Caller>, stop: CancellationToken) {
    // One that did not fit into the batch before.
    let mut next: Option<Caller> = None;
    loop {
        let first = match next.take() {
            Some(caller) => caller,
            None => tokio::select! {
                () = stop.cancelled(), if !waiting.is_closed() => {
                    // Nobody new comes in; who waits already is answered.
                    waiting.close();
                    continue;
                }
                caller = waiting.recv() => match caller {
                    Some(caller) => caller,
                    None => return,
                },
            },
        };
        let mut batch = first.events;
        let mut answers = vec![(batch.len(), first.answer)];
        while let Ok(Caller { events, answer }) = waiting.try_recv() {
            if batch.len() + events.len() > BATCH_MAX {
                next = Some(Caller { events, answer });
                break;
            }
            answers.push((events.len(), answer));
            batch.extend(events);
        }
        let (verdicts, failed) = match apply.apply(batch).await {
            Ok(verdicts) => (verdicts, None),
            Err(failed) => (Vec::new(), Some(Arc::new(failed))),
        };
        let mut verdicts = verdicts.into_iter();
        for (count, answer) in answers {
            let told = match &failed {
                None => Ok(verdicts.by_ref().take(count).collect()),
                Some(failed) => Err(NotTaken::Failed(Arc::clone(failed))),
            };
            // A caller that has gone away needs no answer.
            let _gone = answer.send(told);
        }
    }
}
