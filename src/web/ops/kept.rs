//! What many look at and little changes: read once, shown to all for a moment. Counting 100,000 open alerts takes a database some
//! tenths of a second; ten people with the page open must not make it count ten times as often.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::Stopwatch;
use crate::store::StoreError;

/// Different questions whose answers are kept: brands and ages to choose from.
const QUESTIONS_MAX: usize = 64;

/// Answers by their questions, each good for a moment.
#[derive(Debug)]
pub(super) struct Kept<T> {
    fresh_for: Duration,
    answers: Mutex<HashMap<String, (Stopwatch, Arc<T>)>>,
}

impl<T> Kept<T> {
    /// Keeps each answer for `fresh_for`; zero: keeps nothing.
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { fresh_for, answers: Mutex::default() }
    }

    /// The answer to `question`, read anew if it has grown old. Who comes meanwhile waits for the same reading.
    pub(super) async fn get(
        &self,
        question: &str,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Arc<T>, StoreError> {
        let mut answers = self.answers.lock().await;
        if let Some((since, answer)) = answers.get(question)
            && since.elapsed() < self.fresh_for
        {
            return Ok(Arc::clone(answer));
        }
        if answers.len() >= QUESTIONS_MAX {
            answers.clear();
        }
        let answer = Arc::new(read.await?);
        answers.insert(question.to_owned(), (Stopwatch::start(), Arc::clone(&answer)));
        Ok(answer)
    }

    /// Forgets everything: somebody has changed something here and wants to see it.
    pub(super) async fn forget(&self) {
        self.answers.lock().await.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_read_once_until_it_is_forgotten() {
        let kept = Kept::new(Duration::from_secs(3600));
        let read = |n: u32| async move { Ok(n) };
        assert_eq!(*kept.get("a", read(1)).await.unwrap(), 1);
        assert_eq!(*kept.get("a", read(2)).await.unwrap(), 1);
        assert_eq!(*kept.get("b", read(3)).await.unwrap(), 3);
        kept.forget().await;
        assert_eq!(*kept.get("a", read(4)).await.unwrap(), 4);
        let never = Kept::new(Duration::ZERO);
        assert_eq!(*never.get("a", read(1)).await.unwrap(), 1);
        assert_eq!(*never.get("a", read(2)).await.unwrap(), 2);
    }
}
