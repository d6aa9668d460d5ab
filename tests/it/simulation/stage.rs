//! Where everything that leaves a worker waits to be let through, one step at a time: a turn at the database, a word with
//! the far side. The runtime has one thread, and who comes next is drawn from the seed; so one seed is one story.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use doorstep::channel::play::Play;
use doorstep::channel::{Receipt, Sealed, SendError};
use doorstep::domain::fold::Known;
use doorstep::domain::id::NoticeKey;
use doorstep::domain::person::Channel;
use doorstep::store::StoreError;
use doorstep::store::faults::{Faults, Turn};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};

/// One worker's life, from its start to its death.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) number: usize,
    pub(super) dead: AtomicBool,
}

impl Life {
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }
}

/// What becomes of a turn at the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Fine,
    /// No connection.
    NotBegun,
    /// The connection breaks before the commit.
    Undone,
    /// Somebody else was faster.
    Conflict,
    /// Committed, but the answer is lost.
    AnswerLost,
    /// The worker dies before the commit.
    DiesBefore,
    /// The worker dies after the commit.
    DiesAfter,
}

/// Something that waits to be let through.
pub(super) enum Step {
    Database { writes: bool, reply: oneshot::Sender<Fate> },
    Pause { reply: oneshot::Sender<()> },
    Connect { channel: Channel, reply: oneshot::Sender<Result<(), SendError>> },
    Deliver(Delivery),
}

/// Bytes on the wire.
pub(super) struct Delivery {
    pub(super) key: NoticeKey,
    pub(super) channel: Channel,
    pub(super) to: String,
    pub(super) bytes: Bytes,
    /// The far side's word, once it has made up its mind and the answer is on its way.
    pub(super) answer: Option<Result<Receipt, SendError>>,
    /// Whether the truth of it was looked at.
    pub(super) seen: bool,
    pub(super) reply: oneshot::Sender<Result<Receipt, SendError>>,
}

#[derive(Default)]
pub(super) struct Stage {
    pub(super) waiting: Mutex<Vec<(Arc<Life>, Step)>>,
    /// Turns under way.
    flying: AtomicUsize,
    /// Nothing can run any more.
    calm: AtomicBool,
    grew_calm: Notify,
    /// Steps so far.
    pub(super) step: AtomicUsize,
    /// What was known of the order when a message was last written, and at which step.
    pub(super) written: Mutex<HashMap<NoticeKey, (usize, Known)>>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stage")
    }
}

impl Stage {
    /// To be called whenever the runtime's thread finds nothing to do.
    pub(super) fn rest(&self) {
        if self.flying.load(Ordering::Relaxed) == 0 && !self.calm.swap(true, Ordering::Relaxed) {
            self.grew_calm.notify_one();
        }
    }

    /// Waits until all that runs has come to a place where it waits for us.
    pub(super) async fn settle(&self) {
        self.calm.store(false, Ordering::Relaxed);
        while !self.calm.load(Ordering::Relaxed) {
            self.grew_calm.notified().await;
        }
    }

    fn push(&self, life: &Arc<Life>, step: Step) {
        self.waiting.lock().expect("one thread").push((Arc::clone(life), step));
    }

    /// Lets a turn at the database begin.
    pub(super) fn grant(&self, reply: oneshot::Sender<Fate>, fate: Fate) {
        self.flying.fetch_add(1, Ordering::Relaxed);
        if reply.send(fate).is_err() {
            self.flying.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable { what: "a test took it away".into() }
}

/// A worker's way to its database.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) stage: Arc<Stage>,
    pub(super) life: Arc<Life>,
}

impl Faults for Line {
    fn begin(&self, writes: bool) -> BoxFuture<'static, Result<Box<dyn Turn>, StoreError>> {
        let line = self.clone();
        async move {
            let fate = line.ask(|reply| Step::Database { writes, reply }).await;
            let turn = Box::new(Under { line, fate });
            if fate == Fate::NotBegun { Err(gone()) } else { Ok(turn as Box<dyn Turn>) }
        }
        .boxed()
    }

    fn pause(&self) -> BoxFuture<'static, ()> {
        let line = self.clone();
        async move { line.ask(|reply| Step::Pause { reply }).await }.boxed()
    }
}

impl Line {
    /// Waits to be let through; the dead wait for ever.
    async fn ask<T>(&self, step: impl FnOnce(oneshot::Sender<T>) -> Step) -> T {
        if !self.life.is_dead() {
            let (reply, answer) = oneshot::channel();
            self.stage.push(&self.life, step(reply));
            if let Ok(answer) = answer.await {
                return answer;
            }
        }
        std::future::pending().await
    }
}

/// A turn under way.
struct Under {
    line: Line,
    fate: Fate,
}

impl Turn for Under {
    fn commit(&mut self) -> Result<(), StoreError> {
        match self.fate {
            Fate::Undone => Err(gone()),
            Fate::Conflict => Err(StoreError::Conflict),
            Fate::DiesBefore => {
                self.line.life.end();
                Err(gone())
            }
            Fate::Fine | Fate::NotBegun | Fate::AnswerLost | Fate::DiesAfter => Ok(()),
        }
    }

    fn committed(&mut self) -> Result<(), StoreError> {
        match self.fate {
            Fate::AnswerLost => Err(gone()),
            Fate::DiesAfter => {
                self.line.life.end();
                Err(gone())
            }
            Fate::Fine | Fate::NotBegun | Fate::Undone | Fate::Conflict | Fate::DiesBefore => Ok(()),
        }
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.line.stage.flying.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A worker's way to the far side of one channel.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) line: Line,
    pub(super) channel: Channel,
    pub(super) idempotent: bool,
}

impl Play for Wire {
    fn idempotent(&self) -> bool {
        self.idempotent
    }

    fn connect(&self, _key: NoticeKey) -> BoxFuture<'_, Result<(), SendError>> {
        self.line.ask(|reply| Step::Connect { channel: self.channel, reply }).boxed()
    }

    fn deliver<'a>(&'a self, sealed: &'a Sealed) -> BoxFuture<'a, Result<Receipt, SendError>> {
        let delivery = |reply| Delivery {
            key: sealed.key,
            channel: self.channel,
            to: sealed.to.expose().clone(),
            bytes: sealed.bytes.clone(),
            answer: None,
            seen: false,
            reply,
        };
        self.line.ask(move |reply| Step::Deliver(delivery(reply))).boxed()
    }
}
