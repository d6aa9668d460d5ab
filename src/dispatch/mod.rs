//! The path of a notice from due to settled: claim, judge again, compose, seal, commit the intent, send, settle.
//!
//! Notices come from two sides into one bounded room for each channel ([`handoff`]): from `apply`, in memory, and by claims
//! from the database. From the room they are taken brand by brand, as many at a time as may be under way ([`settings`]), at
//! the rate that is allowed ([`limit`]) and while the endpoint is well ([`breaker`]). Each is carried by a task of its own;
//! what these tasks ask the database at the same time is gathered into few statements ([`batch`]).

/// Many small requests, few statements.
pub mod batch;
/// Leaves a failing endpoint alone for a while.
pub mod breaker;
/// From "tell this" to a message.
pub mod compose;
mod desk;
mod doubt;
mod gate;
mod handed;
/// The bounded waiting rooms that `apply` and the claims fill.
pub mod handoff;
/// What outlives a worker's death.
pub mod journal;
mod keep;
/// Messages a second.
pub mod limit;
mod loops;
/// Exact bytes, kept small.
pub mod pack;
mod recover;
mod send;
mod wishes;
/// How fast and how much at once.
pub mod settings;
/// The composer that speaks with the brands' voices.
pub mod speaker;
/// What templates may see of an order.
pub mod view;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::apply::{Hinge, Policies};
use crate::clock::Clock;
use crate::domain::order::Order;
use crate::domain::person::Channel;
use crate::feeds::QuietFeeds;
use crate::store::{Store, StoreError};

use compose::Composer;
use desk::Desk;
use gate::Gate;
use handoff::Handoff;
use journal::Journal;
use keep::Frames;
use settings::Settings;

pub use keep::{FRAME_KEPT, frames_needed, still_kept};
pub use send::Senders;

/// What the dispatcher is made of.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    /// The same rooms that the hinge hands over to.
    pub handoff: Handoff<Order>,
    pub policies: Policies,
    pub composer: Composer,
    pub senders: Senders,
    /// Plans what takes another way than it was planned for.
    pub hinge: Hinge,
    /// Carriers whose silence says nothing of single parcels.
    pub quiet_feeds: QuietFeeds,
    pub settings: Settings,
    /// Whether outcome events are wanted.
    pub tells_outcomes: bool,
    /// What the next worker on this machine learns of sends that a death has cut off.
    pub journal: Journal,
}

/// Sends what is due.
#[derive(Debug)]
pub struct Dispatcher {
    worker: Arc<Worker>,
    /// Ends the patience with a database that is away.
    give_up: CancellationToken,
    desk_tasks: Vec<JoinHandle<()>>,
}

/// What every task of the dispatcher shares.
#[derive(Debug)]
struct Worker {
    store: Store,
    clock: Clock,
    handoff: Handoff<Order>,
    policies: Policies,
    composer: Composer,
    senders: Senders,
    hinge: Hinge,
    quiet_feeds: QuietFeeds,
    settings: Settings,
    tells_outcomes: bool,
    journal: Journal,
    desk: Desk,
    frames: Frames,
    gates: [Gate; Channel::ALL.len()],
}

impl Dispatcher {
    /// Builds the dispatcher; nothing is sent before [`Dispatcher::run`] or [`Dispatcher::run_due`]. To be called within a
    /// tokio runtime.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            store,
            handoff,
            policies,
            composer,
            senders,
            hinge,
            quiet_feeds,
            settings,
            tells_outcomes,
            journal,
        } = parts;
        let clock = store.clock().clone();
        let give_up = CancellationToken::new();
        let (desk, desk_tasks) = Desk::open(&store, &clock, tells_outcomes, &give_up);
        let worker = Worker {
            store,
            clock,
            handoff,
            policies,
            composer,
            senders,
            hinge,
            quiet_feeds,
            settings,
            tells_outcomes,
            journal,
            desk,
            frames: Frames::default(),
            gates: Channel::ALL.map(Gate::new),
        };
        Self { worker: Arc::new(worker), give_up, desk_tasks }
    }

    /// Sends what is due until `stop`. Then claims nothing more, gives back what waits, and lets what is being sent come to
    /// its end, for up to `grace`.
    pub async fn run(self, stop: CancellationToken, grace: Duration) {
        // Before another's sends are looked for by their leases, or claimed anew.
        let _ = tokio::time::timeout(RECOVERY_PATIENCE, self.worker.recover()).await;
        let sends = TaskTracker::new();
        let loops = TaskTracker::new();
        for channel in Channel::ALL {
            loops.spawn(Arc::clone(&self.worker).claim_while(channel, stop.clone()));
            loops.spawn(Arc::clone(&self.worker).send_while(channel, stop.clone(), sends.clone()));
        }
        loops.spawn(Arc::clone(&self.worker).keep_leases_while(stop.clone()));
        loops.spawn(Arc::clone(&self.worker).sweep_while(stop.clone()));
        loops.close();
        stop.cancelled().await;
        sends.close();
        let orderly = async {
            loops.wait().await;
            self.worker.release_waiting().await;
            sends.wait().await;
        };
        let is_orderly = tokio::time::timeout(grace, orderly).await.is_ok();
        if !is_orderly {
            tracing::warn!("some sends did not end in time: their leases run out, and another worker sees to them");
        }
        self.give_up.cancel();
        let journal = self.worker.journal.clone();
        drop(self.worker);
        for task in self.desk_tasks {
            // A send that is still under way holds on to the desk.
            let _ = tokio::time::timeout(DESK_PATIENCE, task).await;
        }
        if is_orderly {
            journal.close();
        }
    }

    /// Carries everything that is due now to its end, and returns how many notices that were: for `demo`, and for tests,
    /// which move the clock themselves.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn run_due(&self) -> Result<usize, StoreError> {
        let mut carried = 0;
        loop {
            let now = self.worker.run_once().await?;
            if now == 0 {
                return Ok(carried);
            }
            carried += now;
        }
    }
}

/// How long the desk may take to close when nobody asks it any more.
const DESK_PATIENCE: Duration = Duration::from_secs(2);
/// How long the start waits for what lost workers' journals say to be written down; it is gone on with beside the work.
const RECOVERY_PATIENCE: Duration = Duration::from_secs(5);

impl Worker {
    fn gate(&self, channel: Channel) -> &Gate {
        match channel {
            Channel::Email => &self.gates[0],
            Channel::Sms => &self.gates[1],
        }
    }
}
