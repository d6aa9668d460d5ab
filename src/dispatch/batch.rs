//! Gathers what many sends ask of the database into few statements, without making anyone wait for company: the first
//! request goes out at once, and what arrives while it is under way goes out together.

use std::future::Future;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Most requests in one statement. Beyond some hundred rows a larger statement costs the database no less per row.
const TOGETHER_MAX: usize = 256;
/// Most requests that wait before those who ask are held back: more than may be in flight at once.
const WAITING_MAX: usize = 1024;

/// A handle to one gathering; clones share it.
#[derive(Debug)]
pub struct Batcher<Q, A> {
    requests: mpsc::Sender<(Q, oneshot::Sender<A>)>,
}

impl<Q, A> Clone for Batcher<Q, A> {
    fn clone(&self) -> Self {
        Self { requests: self.requests.clone() }
    }
}

/// The gathering was stopped, or its work panicked: whether the request was carried out is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the batch ended without an answer")]
pub struct NoAnswer;

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Starts a gathering whose batches are carried out by `work`, one batch at a time. `work` answers in the order of
    /// the requests. It runs in a task of its own, so a request that is dropped half-way never cancels a statement; the
    /// task ends when all handles are gone and everything asked for is answered.
    pub fn start<W, F>(mut work: W) -> (Self, JoinHandle<()>)
    where
        W: FnMut(Vec<Q>) -> F + Send + 'static,
        F: Future<Output = Vec<A>> + Send,
    {
        let (requests, mut inbox) = mpsc::channel::<(Q, oneshot::Sender<A>)>(WAITING_MAX);
        let task = tokio::spawn(async move {
            let mut batch = Vec::new();
            loop {
                if inbox.recv_many(&mut batch, TOGETHER_MAX).await == 0 {
                    return;
                }
                // Whoever is ready to ask right now may still come along; at a trickle nobody is, and nothing is lost.
                tokio::task::yield_now().await;
                while batch.len() < TOGETHER_MAX {
                    match inbox.try_recv() {
                        Ok(request) => batch.push(request),
                        Err(_) => break,
                    }
                }
                let (asked, replies): (Vec<Q>, Vec<oneshot::Sender<A>>) = batch.drain(..).unzip();
                let answers = work(asked).await;
                debug_assert_eq!(answers.len(), replies.len(), "one answer for each request");
                for (reply, answer) in replies.into_iter().zip(answers) {
                    // Whoever asked may be gone; what was done stays done.
                    let _ = reply.send(answer);
                }
            }
        });
        (Self { requests }, task)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`NoAnswer`] if the gathering ended before it answered.
    pub async fn ask(&self, request: Q) -> Result<A, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        self.requests.send((request, reply)).await.map_err(|_| NoAnswer)?;
        answer.await.map_err(|_| NoAnswer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::sync::Semaphore;

    use super::*;

    type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

    /// Doubles numbers, one batch for each permit, and notes how they came together.
    fn doubling() -> (Batcher<u32, u32>, Arc<Semaphore>, Batches, JoinHandle<()>) {
        let gate = Arc::new(Semaphore::new(0));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (batcher, task) = Batcher::start({
            let (gate, seen) = (Arc::clone(&gate), Arc::clone(&seen));
            move |batch: Vec<u32>| {
                let (gate, seen) = (Arc::clone(&gate), Arc::clone(&seen));
                async move {
                    seen.lock().expect("no panic").push(batch.clone());
                    gate.acquire().await.expect("open").forget();
                    batch.into_iter().map(|number| number * 2).collect()
                }
            }
        });
        (batcher, gate, seen, task)
    }

    #[tokio::test]
    async fn the_first_goes_at_once_and_the_rest_together() {
        let (batcher, gate, seen, _task) = doubling();
        let ask = |number| {
            tokio::spawn({
                let batcher = batcher.clone();
                async move { batcher.ask(number).await }
            })
        };
        let first = ask(1);
        while seen.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        let rest: Vec<_> = (2..=40).map(ask).collect();
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.expect("no panic"), Ok(2));
        for (number, answer) in (2..=40).zip(rest) {
            assert_eq!(answer.await.expect("no panic"), Ok(number * 2), "everyone gets their own answer");
        }
        let seen = seen.lock().expect("no panic");
        assert_eq!(seen.iter().map(Vec::len).collect::<Vec<_>>(), [1, 39]);
    }

    #[tokio::test]
    async fn a_batch_has_a_limit() {
        let (batcher, gate, seen, _task) = doubling();
        let many = u32::try_from(TOGETHER_MAX).expect("small") + 50;
        let answers = (0..many).map(|number| batcher.ask(number));
        gate.add_permits(10);
        let answers = futures_util::future::join_all(answers).await;
        assert!(answers.into_iter().zip(0..).all(|(answer, number)| answer == Ok(number * 2)));
        assert!(seen.lock().expect("no panic").iter().all(|batch| batch.len() <= TOGETHER_MAX));
    }

    #[tokio::test]
    async fn ends_after_the_last_handle_with_everything_done() {
        let (batcher, gate, seen, task) = doubling();
        let asking = tokio::spawn({
            let batcher = batcher.clone();
            async move { batcher.ask(5).await }
        });
        while seen.lock().expect("no panic").is_empty() {
            tokio::task::yield_now().await;
        }
        asking.abort();
        drop(batcher);
        gate.add_permits(1);
        task.await.expect("it ends by itself");
        assert_eq!(*seen.lock().expect("no panic"), [[5]]);
    }

    #[tokio::test]
    async fn a_panic_in_the_work_is_an_answer_too() {
        let (batcher, _task) = Batcher::start(|_: Vec<u32>| async { panic!("on purpose") as Vec<u32> });
        assert_eq!(batcher.ask(1).await, Err(NoAnswer));
        assert_eq!(batcher.ask(1).await, Err(NoAnswer));
    }
}
