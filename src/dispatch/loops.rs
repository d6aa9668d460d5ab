//! The loops that keep a channel going: claim, take from the room, hold leases, give back.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Worker;
use super::breaker::Admission;
use super::desk::{Ending, LEASE};
use super::handoff::{Earlier, Handed};
use super::limit::{Limits, Wait};
use super::settings::Pace;
use crate::crash;
use crate::domain::order::Order;
use crate::domain::person::Channel;
use crate::store::StoreError;
use crate::store::rows::{Claimed, OrderRow, Verdict};

/// Notices claimed in one statement, at most.
const CLAIM_MAX: usize = 256;
/// How often the leases of what waits in memory are looked through.
const LEASES_EVERY: Duration = Duration::from_secs(5);
/// Leases that end within this time are extended, so that what leaves the room has more than [`MARGIN`](super::desk::MARGIN) left.
const LEASE_LEFT_MIN: SignedDuration = SignedDuration::from_secs(30);
/// How long a notice waits whose order cannot be read.
const DAMAGED_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// Longest pause after the database did not answer.
const OUTAGE_PAUSE: Duration = Duration::from_secs(5);

impl Worker {
    /// Claims what is due into the room, whenever there is room. Only the waiting is broken off by `stop`, never a claim.
    pub(super) async fn claim_while(self: Arc<Self>, channel: Channel, stop: CancellationToken) {
        loop {
            let room = async {
                self.wait_for_gate(channel).await;
                self.handoff.half_free(channel).await;
            };
            if !unless(&stop, room).await {
                return;
            }
            let wait = match self.claim_once(channel).await {
                Ok(0) => self.idle_time(channel).await,
                Ok(_) => continue,
                Err(error) => {
                    tracing::warn!(channel = channel.as_str(), %error, "due notices could not be claimed");
                    OUTAGE_PAUSE
                }
            };
            let sign = async {
                tokio::select! {
                    () = self.handoff.overflowed(channel) => {}
                    () = tokio::time::sleep(wait) => {}
                }
            };
            if !unless(&stop, sign).await {
                return;
            }
        }
    }

    /// How long to wait for something to become due.
    async fn idle_time(&self, channel: Channel) -> Duration {
        let poll = self.settings.poll();
        match self.store.next_due(channel).await {
            Ok(Some(due)) => {
                let left = due.duration_since(self.clock.now());
                Duration::try_from(left).unwrap_or_default().clamp(Duration::from_millis(5), poll)
            }
            Ok(None) | Err(_) => poll,
        }
    }

    async fn wait_for_gate(&self, channel: Channel) {
        while let Some(until) = self.gate(channel).shut_until(self.clock.now()) {
            let left = Duration::try_from(until.duration_since(self.clock.now())).unwrap_or_default();
            tokio::select! {
                () = self.gate(channel).changed() => {}
                () = tokio::time::sleep(left.max(Duration::from_millis(10))) => {}
            }
        }
    }

    /// Claims once; returns how many.
    pub(super) async fn claim_once(&self, channel: Channel) -> Result<usize, StoreError> {
        let wanted = if self.gate(channel).is_open() { CLAIM_MAX } else { 1 };
        let mut slots = self.handoff.slots(channel, wanted.min(self.settings.waiting_max.max(1)));
        let limit = u32::try_from(slots.left()).expect("a claim's limit is small");
        if limit == 0 {
            return Ok(0);
        }
        let claimed = self.store.claim(channel, limit, LEASE).await?;
        crash::point("dispatch.claimed");
        let count = claimed.len();
        for handed in self.hand_all(claimed).await {
            slots.fill(handed);
        }
        Ok(count)
    }

    /// Reads the orders of claimed notices, each order once.
    async fn hand_all(&self, claimed: Vec<Claimed>) -> Vec<Handed<Order>> {
        let leased_until = self.clock.now() + SignedDuration::try_from(LEASE).expect("less than a minute");
        let mut read: HashMap<(String, i64), Arc<Order>> = HashMap::new();
        let mut handed = Vec::with_capacity(claimed.len());
        for Claimed { notice, fence, attempts, first_try_at, unsure, order, sealed } in claimed {
            let OrderRow { key, version, doc } = order;
            let order = match read.get(&(key.as_str().to_owned(), version)) {
                Some(order) => Arc::clone(order),
                None => match serde_json::from_str::<Order>(&doc) {
                    Ok(order) => {
                        let order = Arc::new(order);
                        read.insert((key.as_str().to_owned(), version), Arc::clone(&order));
                        order
                    }
                    Err(_) => {
                        tracing::error!(order.id = %key, "the stored document of this order is damaged");
                        let until = self.clock.now() + DAMAGED_PAUSE;
                        let cause = "the order's stored document is damaged".to_owned();
                        let verdict = Verdict::Deferred { until, cause, reached: false };
                        let _ = self.desk.settle(Ending { notice, fence, version: None, verdict }).await;
                        continue;
                    }
                },
            };
            let is_first = attempts == 0 && sealed.is_none();
            let earlier = (!is_first).then(|| Box::new(Earlier { attempts, first_try_at, unsure, sealed }));
            handed.push(Handed { notice, fence, order, version, leased_until, earlier });
        }
        handed
    }

    /// Takes notices out of the room as fast as limits, breaker and what is under way allow.
    pub(super) async fn send_while(self: Arc<Self>, channel: Channel, stop: CancellationToken, sends: TaskTracker) {
        let pace = self.pace(channel).clone();
        let in_flight = Arc::new(Semaphore::new(self.in_flight_max(channel)));
        let mut limits = Limits::new(&pace);
        loop {
            let mut permit = None;
            let arrival = async { permit = Some(self.arrival(channel, &in_flight).await) };
            if !unless(&stop, arrival).await {
                return;
            }
            if let Admission::Wait { .. } = self.gate(channel).admit(self.clock.now()) {
                drop(permit);
                self.release_channel(channel).await;
                if !unless(&stop, self.wait_for_gate(channel)).await {
                    return;
                }
                continue;
            }
            match self.handoff.take_if(channel, 1, |brand| limits.take(brand)) {
                Ok(taken) => taken.into_iter().for_each(|handed| {
                    let (worker, permit) = (Arc::clone(&self), permit.take());
                    sends.spawn(async move {
                        worker.carry(handed).await;
                        drop(permit);
                    });
                }),
                Err(Wait(wait)) => {
                    self.gate(channel).undecided(self.clock.now());
                    if !unless(&stop, tokio::time::sleep(wait)).await {
                        return;
                    }
                }
            }
        }
    }

    /// Waits for a place among those under way, and for somebody who needs it.
    async fn arrival(&self, channel: Channel, in_flight: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        let permit = Arc::clone(in_flight).acquire_owned().await.expect("nobody closes it");
        self.handoff.arrived(channel).await;
        permit
    }

    fn pace(&self, channel: Channel) -> &Pace {
        match channel {
            Channel::Email => &self.settings.email,
            Channel::Sms => &self.settings.sms,
        }
    }

    fn in_flight_max(&self, channel: Channel) -> usize {
        let default = match channel {
            Channel::Email => self.senders.email.at_once(),
            Channel::Sms => 64,
        };
        self.pace(channel).in_flight_max.map_or(default, |max| usize::from(max.get()))
    }

    /// Keeps the leases of what waits in memory alive.
    pub(super) async fn keep_leases_while(self: Arc<Self>, stop: CancellationToken) {
        loop {
            if !unless(&stop, tokio::time::sleep(LEASES_EVERY)).await {
                return;
            }
            let now = self.clock.now();
            let ending = self.handoff.expiring(now + LEASE_LEFT_MIN);
            if ending.is_empty() {
                continue;
            }
            let held: Vec<_> = ending.iter().map(|(_, key, fence)| (*key, *fence)).collect();
            match self.store.extend_leases(&held, LEASE).await {
                Ok(kept) => {
                    let asked: HashMap<_, _> = held.iter().map(|held| (*held, kept.contains(&held.0))).collect();
                    let until = now + SignedDuration::try_from(LEASE).expect("less than a minute");
                    self.handoff.renew(until, |key, fence| asked.get(&(key, fence)).copied());
                }
                Err(error) => tracing::warn!(%error, "leases could not be extended"),
            }
        }
    }

    /// Gives back everything that waits.
    pub(super) async fn release_waiting(&self) {
        for channel in Channel::ALL {
            self.release_channel(channel).await;
        }
    }

    async fn release_channel(&self, channel: Channel) {
        let waiting = self.handoff.take(channel, usize::MAX);
        let release = |handed: Handed<Order>| {
            let Handed { notice, fence, .. } = handed;
            self.desk.settle(Ending { notice, fence, version: None, verdict: Verdict::Released })
        };
        // Errors are logged at the desk; those leases run out.
        let _ = futures_util::future::join_all(waiting.into_iter().map(release)).await;
    }

    /// Carries what waits and what can be claimed, once; returns how many.
    pub(super) async fn run_once(&self) -> Result<usize, StoreError> {
        self.recover().await;
        let swept = self.sweep().await?;
        let mut taken = Vec::new();
        for channel in Channel::ALL {
            taken.extend(self.handoff.take(channel, usize::MAX));
            let claimed = self.store.claim(channel, CLAIM_BOUND, LEASE).await?;
            crash::point("dispatch.claimed");
            taken.extend(self.hand_all(claimed).await);
        }
        let count = taken.len();
        futures_util::future::join_all(taken.into_iter().map(|handed| self.carry(handed))).await;
        Ok(count + swept)
    }
}

/// [`CLAIM_MAX`] as the store takes it.
const CLAIM_BOUND: u32 = 256;

/// Waits for `work` unless `stop` comes first; says whether it ended. `work` must be safe to drop at any point.
async fn unless(stop: &CancellationToken, work: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        () = work => true,
    }
}
