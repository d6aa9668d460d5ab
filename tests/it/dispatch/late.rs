//! What happens between a worker's judgement and the moment in which it is written down.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::store::StoreError;
use doorstep::store::faults::{Faults, Turn};
use doorstep::store::rows::State;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::json;

use super::{START, only_notice, paid, policy, updated};
use crate::world::{Plan, World};

/// A round of the dispatcher begins with a look at doubts and a claim on either channel; then it judges.
const BEFORE_JUDGING: i64 = 3;

type Before = BoxFuture<'static, ()>;
type After = Box<dyn FnOnce() + Send>;

/// Does something when the dispatcher is about to write, or when its write is committed and not yet answered: once.
#[derive(Clone, Default)]
struct Meanwhile {
    /// Writes that come before the one that is meant.
    writes_before: Arc<AtomicI64>,
    before: Arc<Mutex<Option<Before>>>,
    after: Arc<Mutex<Option<After>>>,
}

impl Faults for Meanwhile {
    fn begin(&self, writes: bool) -> BoxFuture<'static, Result<Box<dyn Turn>, StoreError>> {
        let is_meant = writes && self.writes_before.fetch_sub(1, Ordering::SeqCst) <= 0;
        let before = if is_meant { self.before.lock().unwrap().take() } else { None };
        let after = if is_meant { Arc::clone(&self.after) } else { Arc::default() };
        async move {
            if let Some(before) = before {
                before.await;
            }
            Ok(Box::new(Writing(after)) as Box<dyn Turn>)
        }
        .boxed()
    }

    fn pause(&self) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

struct Writing(Arc<Mutex<Option<After>>>);

impl Turn for Writing {
    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn committed(&mut self) -> Result<(), StoreError> {
        if let Some(after) = self.0.lock().unwrap().take() {
            after();
        }
        Ok(())
    }
}

/// While the database is silent after the commit of an intent, another worker may tell newer news.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_that_is_answered_late_is_judged_again() {
    for (silent, sent) in [(1, 1), (3, 0)] {
        let meanwhile = Meanwhile::default();
        let (plan, mails, _) = Plan::captured(START, policy());
        let world = World::planned(Plan { faults: Some(Arc::new(meanwhile.clone())), ..plan }).await;
        world.feed(&[paid("1")]).await;
        let clock = world.clock.clone();
        meanwhile.writes_before.store(BEFORE_JUDGING, Ordering::SeqCst);
        *meanwhile.after.lock().unwrap() = Some(Box::new(move || clock.advance(SignedDuration::from_secs(silent))));
        world.drain().await;
        assert_eq!(mails.taken().len(), sent, "after {silent} s");
        world.clock.advance(SignedDuration::from_secs(6));
        world.drain().await;
        assert_eq!(mails.taken().len(), 1, "after {silent} s");
        let row = only_notice(&world, "1").await;
        assert_eq!((row.state, row.attempts), (State::Accepted, 1), "what was never begun is no try");
    }
}

/// A hold that ends while somebody judges by it must not keep the notice for another hour.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_unsent_by_an_order_that_has_moved_on_is_judged_again() {
    let meanwhile = Meanwhile::default();
    let (plan, mails, _) = Plan::captured(START, policy());
    let world = World::planned(Plan { faults: Some(Arc::new(meanwhile.clone())), ..plan }).await;
    world.feed(&[updated("1", json!({"hold": true})), paid("1")]).await;
    let over = json!({"specversion": "1.0", "id": "over", "source": "/shops/harbour", "type": "order.updated",
        "time": "2026-11-02T09:00:02Z", "data": {"order": {"id": "1", "hold": false}}});
    let over =
        Decoder::new(Limits::default(), Brands::any("harbour")).structured("test", over.to_string().into_bytes());
    let hinge = world.hinge.clone();
    meanwhile.writes_before.store(BEFORE_JUDGING, Ordering::SeqCst);
    *meanwhile.before.lock().unwrap() =
        Some(async move { drop(hinge.apply(vec![over]).await.expect("the store takes it")) }.boxed());
    world.drain().await;
    assert!(meanwhile.before.lock().unwrap().is_none(), "the hold was judged by, and was over before that was written");
    assert_eq!(mails.taken().len(), 1);
    assert_eq!(only_notice(&world, "1").await.state, State::Accepted);
}
