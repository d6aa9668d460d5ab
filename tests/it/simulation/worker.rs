//! A worker: the real hinge, timers and dispatcher on a store and a clock of its own, started, stopped and killed at will.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use doorstep::apply::{ApplyFailed, Hinge, Policies, Verdict};
use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::dispatch::compose::Composer;
use doorstep::dispatch::handoff::Handoff;
use doorstep::dispatch::journal::Journal;
use doorstep::dispatch::settings::Settings;
use doorstep::dispatch::{Dispatcher, Parts, Senders};
use doorstep::domain::order::Order;
use doorstep::domain::person::Channel;
use doorstep::feeds::QuietFeeds;
use doorstep::ingest::{Apply, Incoming};
use doorstep::lanes::Shelf;
use doorstep::store::{Store, StoreError};
use doorstep::timers::{Timers, TimersFailed};
use tokio::task::JoinHandle;

use super::stage::{Life, Line, Stage, Wire};
use crate::world::plainly;

/// What a worker is given.
pub(super) struct Means {
    pub(super) stage: Arc<Stage>,
    pub(super) policies: Policies,
    /// Whether mails go to a provider that knows keys, or by bare SMTP.
    pub(super) keys_known: bool,
    /// Notices that go to the dispatcher in memory.
    pub(super) waiting_max: usize,
    /// Whether workers keep journals of their sends.
    pub(super) has_journals: bool,
}

/// A machine on which one worker lives after another.
pub(super) struct Machine {
    pub(super) clock: Clock,
    store: Store,
    /// Outlives the workers.
    journals: PathBuf,
    pub(super) running: Option<Running>,
}

/// What became of a batch.
type Taken = Result<Vec<Verdict>, ApplyFailed>;

/// A living worker, and what it is doing.
pub(super) struct Running {
    pub(super) life: Arc<Life>,
    journal: Journal,
    hinge: Hinge,
    handoff: Handoff<Order>,
    dispatcher: Arc<Dispatcher>,
    timers: Timers,
    /// The batch in hand: places of its messages.
    pub(super) taking: Option<(JoinHandle<Taken>, Vec<usize>)>,
    pub(super) ticking: Option<JoinHandle<Result<usize, TimersFailed>>>,
    pub(super) sending: Option<JoinHandle<Result<usize, StoreError>>>,
}

impl Machine {
    /// A machine in the same time as `clock`.
    pub(super) fn new(store: &Store, clock: &Clock, journals: PathBuf) -> Self {
        let clock = clock.another();
        let store = store.on_clock(clock.clone());
        Self { clock, store, journals, running: None }
    }

    /// Starts a worker, whose life has this number.
    pub(super) fn start(&mut self, number: usize, means: &Means) {
        let life = Arc::new(Life { number, dead: false.into() });
        let line = Line { stage: Arc::clone(&means.stage), life: Arc::clone(&life) };
        let store = self.store.with_faults(Arc::new(line.clone()));
        let journal =
            if means.has_journals { Journal::open(&self.journals).expect("a folder") } else { Journal::default() };
        let handoff = Handoff::new(means.waiting_max);
        let lanes = Shelf::default();
        let hinge = Hinge::new(store.clone(), means.policies.clone(), self.clock.clone(), handoff.clone());
        let hinge = hinge.knowing(lanes).telling();
        let wire = |channel, idempotent| Arc::new(Wire { line: line.clone(), channel, idempotent });
        let dispatcher = Dispatcher::new(Parts {
            store: store.clone(),
            handoff: handoff.clone(),
            policies: means.policies.clone(),
            composer: Composer::new({
                let stage = Arc::clone(&means.stage);
                move |draft| {
                    let known = (stage.step.load(Ordering::Relaxed), draft.order.known.clone());
                    stage.written.lock().expect("one thread").insert(draft.notice.key, known);
                    Ok(plainly(draft))
                }
            }),
            senders: Senders {
                email: email::Sender::Played(wire(Channel::Email, means.keys_known)),
                sms: sms::Sender::Played(wire(Channel::Sms, true)),
            },
            hinge: hinge.clone(),
            quiet_feeds: QuietFeeds::default(),
            settings: Settings::default(),
            tells_outcomes: true,
            journal: journal.clone(),
        });
        let timers = Timers::new(store, hinge.clone());
        let dispatcher = Arc::new(dispatcher);
        self.running = Some(Running {
            life,
            journal,
            hinge,
            handoff,
            dispatcher,
            timers,
            taking: None,
            ticking: None,
            sending: None,
        });
    }

    /// The machine fails, or has just failed: all that the worker knew is gone. Answers with the messages it had in hand.
    pub(super) fn bury(&mut self, stage: &Stage) -> Vec<usize> {
        let Some(dead) = self.running.take() else { return Vec::new() };
        dead.life.end();
        dead.journal.abandon();
        stage.waiting.lock().expect("one thread").retain(|(life, _)| !life.is_dead());
        dead.taking.map_or_else(Vec::new, |(_, batch)| batch)
    }
}

impl Running {
    /// Whether notices wait in memory.
    pub(super) fn has_waiting(&self) -> bool {
        Channel::ALL.into_iter().any(|channel| self.handoff.waiting(channel) > 0)
    }

    pub(super) fn take(&mut self, batch: Vec<usize>, incoming: Vec<Incoming>) {
        let hinge = self.hinge.clone();
        self.taking = Some((tokio::spawn(async move { hinge.apply(incoming).await }), batch));
    }

    pub(super) fn tick(&mut self) {
        let timers = self.timers.clone();
        self.ticking = Some(tokio::spawn(async move { timers.run_due().await }));
    }

    pub(super) fn send(&mut self) {
        let dispatcher = Arc::clone(&self.dispatcher);
        self.sending = Some(tokio::spawn(async move { dispatcher.run_due().await }));
    }
}
