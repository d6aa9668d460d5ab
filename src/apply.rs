//! THE HINGE: a batch of events, one transaction. Everything that changes an order goes through here.
//!
//! *Seen before? → load → decide → save: state, timers, outbox, ledger → commit.* Nothing outside the transaction is touched
//! before the commit, so a batch that lost a race simply runs again from the start.

mod batch;
mod numbered;
mod reroute;
mod room;
mod telling;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use crate::clock::{Clock, Stopwatch};
use crate::crash;
use crate::dispatch::handoff::{Handed, Handoff, LEASE};
use crate::domain::decide::Cause;
use crate::domain::event::Event;
use crate::domain::id::{BrandId, OrderKey, TrackingNumber};
use crate::domain::lane::school::School;
use crate::domain::order::Order;
use crate::domain::policy::Policy;
use crate::feeds::{Pulse, QuietFeeds};
use crate::ingest::{Apply, Incoming};
use crate::lanes::{self, Shelf};
use crate::store::rows::{Arrival, Changes, Planned, Refused, Seen};
use crate::store::{Store, StoreError, Tx, unbroken};
use crate::telemetry;

use batch::{Batch, Damaged, Written};
use room::Room;
use telling::Made;

/// Tries for one batch when other workers change the same orders at the same time. Each try waits for them, so few suffice.
const CONFLICTS_MAX: u32 = 8;
/// The longest wait for the dispatcher to make room before the next batch (see [`Handoff::pace`]).
const PACE: Duration = Duration::from_millis(40);

/// What became of one incoming event, once the batch is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Folded into its order.
    Applied,
    /// Seen before, with the same content.
    Repeat,
    /// Kept until its tracking number is known.
    Waiting,
    /// Kept; nothing is done with its type.
    UnknownType,
    /// Its order is that of somebody who was forgotten: only its key is kept.
    Erased,
    /// Kept in quarantine, for this reason.
    Refused { reason: String },
}

/// The reason in [`Verdict::Refused`] where an id came again with other content (contract, section 1). The HTTP door tells
/// this refusal from the others by it.
pub const REUSED_ID: &str = "id: used before, for other content";

/// The reason in [`Verdict::Refused`] where an event is dated further ahead than a skewed clock explains.
pub const FROM_THE_FUTURE: &str = "time: more than 31 days ahead of this machine's clock";
/// How far ahead an event may be dated. The latest fact wins, so one from the year 9999 would win for ever; a clock that is
/// hours wrong, and a rehearsal of the next weeks, are no harm.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A batch could not be stored for now: nothing of it was kept, and it may be tried again as it is.
#[derive(Debug, thiserror::Error)]
#[error("the store did not take the batch")]
pub struct ApplyFailed(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl ApplyFailed {
    /// Wraps the store's own error.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Where the hinge finds a brand's policy. A function, since brands are reloaded while the worker runs.
#[derive(Clone)]
pub struct Policies(Arc<Find>);

type Find = dyn Fn(&BrandId) -> Arc<Policy> + Send + Sync;

impl Policies {
    /// Asks `find` each time; it answers with the default brand's policy for a brand that it does not know.
    pub fn new(find: impl Fn(&BrandId) -> Arc<Policy> + Send + Sync + 'static) -> Self {
        Self(Arc::new(find))
    }

    /// One policy for every brand.
    pub fn of_all(policy: Policy) -> Self {
        let policy = Arc::new(policy);
        Self::new(move |_| Arc::clone(&policy))
    }

    /// The policy of a brand.
    pub fn of(&self, brand: &BrandId) -> Arc<Policy> {
        (self.0)(brand)
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Policies")
    }
}

/// Applies batches of events, and ticks.
#[derive(Debug, Clone)]
pub struct Hinge {
    store: Store,
    policies: Policies,
    clock: Clock,
    handoff: Handoff<Order>,
    lanes: Shelf,
    cause: Cause,
    tells: bool,
    keeps_refused: bool,
    pulse: Pulse,
    quiet_feeds: QuietFeeds,
}

impl Apply for Hinge {
    async fn apply(&self, batch: impl Into<Arc<Vec<Incoming>>> + Send) -> Result<Vec<Verdict>, ApplyFailed> {
        let (hinge, batch) = (self.clone(), batch.into());
        let since = Stopwatch::start();
        let verdicts = unbroken(async move { hinge.apply_all(&batch).await }).await;
        if let Ok(verdicts) = &verdicts {
            telemetry::applied_batch(verdicts.len(), since.elapsed());
        }
        self.handoff.pace(PACE).await;
        verdicts.map_err(ApplyFailed::new)
    }
}

/// Why a try did not go through.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

impl Failed {
    /// What to write beside an event that alone cannot be stored; `None` if the fault is not the event's.
    fn blame(&self) -> Option<String> {
        match self {
            Self::Store(StoreError::Poison { what }) => Some(format!("the database refuses it: {what}")),
            Self::Damaged(damaged) => Some(damaged.to_string()),
            Self::Store(_) => None,
        }
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => error,
            Failed::Damaged(damaged) => Self::Corrupt { table: "orders", column: "doc", id: damaged.key.to_string() },
        }
    }
}

impl Hinge {
    /// A hinge that hands notices over to the dispatcher behind `handoff`.
    pub fn new(store: Store, policies: Policies, clock: Clock, handoff: Handoff<Order>) -> Self {
        let (lanes, pulse, quiet_feeds) = (Shelf::default(), Pulse::default(), QuietFeeds::default());
        let (cause, tells, keeps_refused) = (Cause::Fact, false, true);
        Self { store, policies, clock, handoff, lanes, cause, tells, keeps_refused, pulse, quiet_feeds }
    }

    /// The same hinge, which foresees by these lanes. Without any, it learns and foresees nothing.
    pub fn knowing(&self, lanes: Shelf) -> Self {
        Self { lanes, ..self.clone() }
    }

    /// The same hinge, for events that are in quarantine already: what it refuses is not kept once more.
    pub fn mending(&self) -> Self {
        Self { keeps_refused: false, ..self.clone() }
    }

    /// Whether it queues outcome events.
    pub fn is_telling(&self) -> bool {
        self.tells
    }

    /// The same hinge, which also queues outcome events for what it plans and takes back.
    pub fn telling(&self) -> Self {
        Self { tells: true, ..self.clone() }
    }

    /// The same hinge, which counts carriers' scans there once they are committed.
    pub fn counting(&self, pulse: Pulse) -> Self {
        Self { pulse, ..self.clone() }
    }

    /// The same hinge, which takes from `quiet_feeds` whose parcels' silence means nothing.
    pub fn minding(&self, quiet_feeds: QuietFeeds) -> Self {
        Self { quiet_feeds, ..self.clone() }
    }

    /// The same hinge for old orders: their facts update the state, and nobody is told what has already happened. A tick after
    /// the last fact lets what the clock alone had called for count as told.
    pub fn importing(&self) -> Self {
        Self { cause: Cause::Import, pulse: Pulse::default(), ..self.clone() }
    }

    /// Looks at orders again because their time has come; when importing, because their past has been taken in.
    ///
    /// # Errors
    /// [`ApplyFailed`] if the store did not take the batch; the timers' leases run out and others try again.
    pub async fn tick(&self, keys: Vec<OrderKey>) -> Result<(), ApplyFailed> {
        let hinge = self.clone();
        unbroken(async move { hinge.tick_all(&keys).await }).await.map_err(ApplyFailed::new)
    }

    /// Applies a batch. One that the database refuses is halved until the culprit stands alone; that one is kept in
    /// quarantine, and the others go through.
    async fn apply_all(&self, batch: &[Incoming]) -> Result<Vec<Verdict>, StoreError> {
        let mut verdicts = Vec::with_capacity(batch.len());
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            match self.apply_part(part).await {
                Ok(done) => verdicts.extend(done),
                Err(failed) => match (failed.blame(), part) {
                    (None, _) => return Err(failed.into()),
                    (Some(reason), [alone]) => verdicts.push(self.set_aside(alone, reason).await?),
                    (Some(_), _) => {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                },
            }
        }
        Ok(verdicts)
    }

    async fn apply_part(&self, part: &[Incoming]) -> Result<Vec<Verdict>, Failed> {
        let mut conflicts = 0;
        loop {
            match self.apply_once(part).await {
                Err(Failed::Store(StoreError::Conflict)) if conflicts < CONFLICTS_MAX => conflicts += 1,
                result => return result,
            }
        }
    }

    async fn apply_once(&self, part: &[Incoming]) -> Result<Vec<Verdict>, Failed> {
        let mut tx = self.store.begin("apply").await?;
        crash::point("apply.begun");
        let horizon = self.clock.now() + AHEAD_MAX;
        let in_time = |arrival: &&Arrival| arrival.time <= horizon;
        let arrivals: Vec<&Arrival> = part.iter().filter_map(Incoming::arrival).filter(in_time).collect();
        let mut seen = tx.mark_seen(&arrivals).await?.into_iter();
        crash::point("apply.inbox_written");
        let mut refused = Vec::new();
        let mut verdicts = Vec::with_capacity(part.len());
        let mut facts: Vec<(usize, &Event)> = Vec::with_capacity(part.len());
        for (place, incoming) in part.iter().enumerate() {
            let seen = incoming.arrival().filter(in_time).and_then(|_| seen.next());
            verdicts.push(first_verdict(incoming, seen, &mut refused));
            if let (Incoming::Event { event, .. }, Some(Seen::Fresh)) = (incoming, seen) {
                facts.push((place, event));
            }
        }
        let mut batch = Batch::new(self.quiet_feeds.now());
        let waiting = self.fold_all(&mut tx, &mut batch, &facts, &mut verdicts).await?;
        crash::point("apply.decided");
        let scans = batch.scans(&facts, self.clock.now());
        let refused = if self.keeps_refused { refused } else { Vec::new() };
        self.commit(tx, batch, waiting, refused).await?;
        scans.iter().for_each(|carrier| self.pulse.note(carrier, self.clock.now()));
        Ok(verdicts)
    }

    /// Folds the facts that name an order, then those that a number leads to one. Answers with the facts that must wait.
    async fn fold_all(
        &self,
        tx: &mut Tx,
        batch: &mut Batch,
        facts: &[(usize, &Event)],
        verdicts: &mut [Verdict],
    ) -> Result<Vec<(TrackingNumber, crate::domain::id::EventKey)>, Failed> {
        let named: Vec<(OrderKey, usize, &Event)> =
            facts.iter().filter_map(|(place, event)| Some((event.order_key()?, *place, *event))).collect();
        self.load(tx, batch, named.iter().map(|(key, ..)| key)).await?;
        crash::point("apply.loaded");
        for (key, place, event) in &named {
            if !self.fold(batch, key, event) {
                verdicts[*place] = Verdict::Erased;
            }
        }
        self.fold_numbered(tx, batch, facts, verdicts).await
    }

    /// False if the order is that of somebody who was forgotten.
    fn fold(&self, batch: &mut Batch, key: &OrderKey, event: &Event) -> bool {
        let policy = self.policies.of(&key.brand());
        batch.fold(key, event, &policy, self.clock.now(), self.cause)
    }

    async fn load(&self, tx: &mut Tx, batch: &mut Batch, keys: impl Iterator<Item = &OrderKey>) -> Result<(), Failed> {
        let missing: BTreeSet<OrderKey> = keys.filter(|key| !batch.has(key)).cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<OrderKey> = missing.into_iter().collect();
        let rows = tx.load_orders(&missing).await?;
        Ok(batch.load(&missing, rows)?)
    }

    /// Saves, commits, and hands over to the dispatcher what it has room for.
    async fn commit(
        &self,
        mut tx: Tx,
        batch: Batch,
        waiting: Vec<(TrackingNumber, crate::domain::id::EventKey)>,
        refused: Vec<Refused>,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let written = batch.finish();
        let Written { orders, mut states, numbers, adopted, wakes, notices, withdrawn, recheck, .. } = written;
        let Written { silences, tallies, purchases, alerts, cleared, blanked, .. } = written;
        let mut room = Room::reserve(&self.handoff, &notices, now);
        crash::point("apply.reserved");
        let notices: Vec<Planned> =
            notices.into_iter().map(|notice| Planned { claimed: room.take(&notice, now), notice }).collect();
        let handed: HashMap<_, _> =
            notices.iter().filter(|p| p.claimed).map(|p| (p.notice.key, p.notice.clone())).collect();
        let made =
            Made { notices: &notices, withdrawn: &withdrawn, alerts: &alerts, cleared: &cleared, states: &states };
        let outcomes = if self.tells { made.outcomes(now) } else { Vec::new() };
        let changes = Changes {
            orders,
            numbers,
            waiting,
            adopted,
            wakes,
            notices,
            withdrawn,
            recheck,
            silences,
            tallies,
            purchases,
            alerts,
            cleared,
            refused,
            outcomes,
        };
        let inserted = tx.save(&changes, LEASE.unsigned_abs()).await?;
        tx.blank(&blanked).await?;
        crash::point("apply.written");
        tx.commit().await?;
        crash::point("apply.committed");
        let mut shared: HashMap<OrderKey, (Arc<Order>, i64)> = HashMap::new();
        for notice in inserted.iter().filter_map(|key| handed.get(key)) {
            let (order, version) = shared.entry(notice.order.clone()).or_insert_with(|| {
                let (order, version) = states.remove(&notice.order).expect("a notice's order is in its batch");
                (Arc::new(order), version)
            });
            room.fill(Handed::fresh(notice.clone(), Arc::clone(order), *version, now));
        }
        // Notices of earlier batches that still wait are judged by what is known now.
        for (key, (order, version)) in shared {
            self.handoff.refresh(&key, version, || order);
        }
        for (key, (order, version)) in states {
            self.handoff.refresh(&key, version, || Arc::new(order));
        }
        crash::point("apply.handed_over");
        Ok(())
    }

    async fn tick_all(&self, keys: &[OrderKey]) -> Result<(), StoreError> {
        let mut conflicts = 0;
        loop {
            match self.tick_once(keys).await {
                Err(Failed::Store(StoreError::Conflict)) if conflicts < CONFLICTS_MAX => conflicts += 1,
                result => return result.map_err(Into::into),
            }
        }
    }

    async fn tick_once(&self, keys: &[OrderKey]) -> Result<(), Failed> {
        let mut tx = self.store.begin("tick").await?;
        let mut batch = Batch::new(self.quiet_feeds.now());
        self.load(&mut tx, &mut batch, keys.iter()).await?;
        let cause = if self.cause.is_silent() { Cause::Past } else { Cause::Tick };
        let mut schools: BTreeMap<BrandId, School> = BTreeMap::new();
        for key in keys {
            let brand = key.brand();
            let policy = self.policies.of(&brand);
            let school = schools.entry(brand).or_insert_with_key(|brand| School::new(self.lanes.of(brand)));
            batch.tick(key, (&policy, cause), self.clock.now(), school);
        }
        schools.iter_mut().for_each(|(brand, school)| batch.teach(lanes::tallies(brand, school)));
        Ok(self.commit(tx, batch, Vec::new(), Vec::new()).await?)
    }

    /// Keeps an event that alone cannot be stored, with the reason.
    async fn set_aside(&self, incoming: &Incoming, reason: String) -> Result<Verdict, StoreError> {
        if !self.keeps_refused {
            return Ok(Verdict::Refused { reason });
        }
        let refused = match incoming {
            Incoming::Event { arrival, .. } | Incoming::UnknownType { arrival } => {
                Refused { door: "apply", reason: reason.clone(), raw: arrival.raw.clone(), headers: String::new() }
            }
            Incoming::Refused(refused) => Refused { reason: reason.clone(), ..refused.clone() },
        };
        let mut tx = self.store.begin("set_aside").await?;
        tx.save(&Changes { refused: vec![refused], ..Changes::default() }, LEASE.unsigned_abs()).await?;
        tx.commit().await?;
        Ok(Verdict::Refused { reason })
    }
}

fn first_verdict(incoming: &Incoming, seen: Option<Seen>, refused: &mut Vec<Refused>) -> Verdict {
    match (incoming, seen) {
        (Incoming::Refused(row), _) => {
            refused.push(row.clone());
            Verdict::Refused { reason: row.reason.clone() }
        }
        (_, Some(Seen::Repeat)) => Verdict::Repeat,
        (Incoming::UnknownType { .. }, Some(Seen::Fresh)) => Verdict::UnknownType,
        (Incoming::Event { .. }, Some(Seen::Fresh)) => Verdict::Applied,
        (Incoming::Event { arrival, .. } | Incoming::UnknownType { arrival }, Some(Seen::Reused) | None) => {
            let reason = if seen.is_none() { FROM_THE_FUTURE } else { REUSED_ID };
            let raw = arrival.raw.clone();
            refused.push(Refused { door: "apply", reason: reason.into(), raw, headers: String::new() });
            Verdict::Refused { reason: reason.into() }
        }
    }
}
