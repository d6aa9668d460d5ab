//! The waiting room between those who have a notice in hand and those who send it: bounded, fair between brands.
//! `apply` takes slots *before* it inserts its notices: what gets a slot is inserted as claimed by this worker and is put
//! into its slot after the commit; what gets none is inserted as plainly planned and is claimed later, by any worker. The
//! dispatcher fills the same room with what it claims, so one bound holds for both ways.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::limit::Wait;
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::person::Channel;

pub use super::handed::{Earlier, Handed, LEASE};

/// A bounded room for each channel. Cloning gives another handle to the same rooms.
#[derive(Debug)]
pub struct Handoff<O> {
    rooms: Arc<[Room<O>; Channel::ALL.len()]>,
}

impl<O> Clone for Handoff<O> {
    fn clone(&self) -> Self {
        Self { rooms: Arc::clone(&self.rooms) }
    }
}

#[derive(Debug)]
struct Room<O> {
    capacity: usize,
    inside: Mutex<Inside<O>>,
    /// Somebody came in.
    arrived: Notify,
    /// Somebody left, or a slot was given back.
    freed: Notify,
    /// Somebody who wanted in found no slot, and waits in the database.
    overflowed: Notify,
    /// Whether the last sends on this channel went well: only then is it worth waiting for a slot.
    flowing: AtomicBool,
}

#[derive(Debug)]
struct Inside<O> {
    /// One queue for each brand that has something waiting, in the order in which they are served.
    brands: VecDeque<(String, VecDeque<Handed<O>>)>,
    /// The newest state of each order that somebody waits for, its version, and how many wait.
    orders: HashMap<OrderKey, (Arc<O>, i64, usize)>,
    waiting: usize,
    reserved: usize,
}

impl<O> Handoff<O> {
    /// Makes rooms that hold up to `capacity` notices each. With 0 nothing is ever handed over in memory: every notice is
    /// inserted as planned and claimed from the database.
    pub fn new(capacity: usize) -> Self {
        Self {
            rooms: Arc::new(Channel::ALL.map(|_| Room {
                capacity,
                inside: Mutex::new(Inside::default()),
                arrived: Notify::new(),
                freed: Notify::new(),
                overflowed: Notify::new(),
                flowing: AtomicBool::new(true),
            })),
        }
    }

    /// Takes up to `wanted` slots of a channel's room, without waiting; ask the answer how many it got. Slots that are
    /// dropped unfilled, as after a rollback, are free again. While the receiver takes nothing there are none.
    pub fn reserve(&self, channel: Channel, wanted: usize) -> Slots<O> {
        if self.room(channel).flowing.load(Ordering::Relaxed) {
            self.slots(channel, wanted)
        } else {
            Slots { handoff: self.clone(), channel, left: 0, refused: wanted > 0 }
        }
    }

    /// The same for the dispatcher's own claims, whether the receiver takes anything or not.
    pub(super) fn slots(&self, channel: Channel, wanted: usize) -> Slots<O> {
        let room = self.room(channel);
        let mut inside = room.lock();
        let granted = wanted.min(room.capacity - inside.waiting - inside.reserved);
        inside.reserved += granted;
        Slots { handoff: self.clone(), channel, left: granted, refused: granted < wanted }
    }

    /// Waits up to `longest` for every room to be half free, so that whoever plans notices goes no faster than they are
    /// sent, and most go the cheap way through memory. Does not wait for a channel whose receiver is not taking anything:
    /// a dead receiver must not hold up what comes in.
    pub async fn pace(&self, longest: Duration) {
        let all_roomy = async {
            for room in self.rooms.iter() {
                room.half_free(|| !room.flowing.load(Ordering::Relaxed)).await;
            }
        };
        // Running out of patience is no failure: what finds no slot is claimed from the database later.
        let _ = tokio::time::timeout(longest, all_roomy).await;
    }

    /// How many notices wait in a channel's room.
    pub fn waiting(&self, channel: Channel) -> usize {
        self.room(channel).lock().waiting
    }

    /// Says whether a channel's receiver takes messages at present; see [`Handoff::pace`].
    pub fn set_flowing(&self, channel: Channel, flowing: bool) {
        let room = self.room(channel);
        room.flowing.store(flowing, Ordering::Relaxed);
        if !flowing {
            room.freed.notify_waiters();
        }
    }

    /// Takes up to `limit` notices out, one from each brand in turn.
    pub fn take(&self, channel: Channel, limit: usize) -> Vec<Handed<O>> {
        self.take_if(channel, limit, |_| Ok(())).expect("every brand is let through")
    }

    /// The same, asking `may` before each one is taken whether its brand may send now.
    ///
    /// # Errors
    /// If somebody waits and nobody may go: how long until the first one may.
    pub fn take_if(
        &self,
        channel: Channel,
        limit: usize,
        mut may: impl FnMut(&str) -> Result<(), Wait>,
    ) -> Result<Vec<Handed<O>>, Wait> {
        let room = self.room(channel);
        let mut inside = room.lock();
        let mut out = Vec::with_capacity(limit.min(inside.waiting));
        let (mut refused, mut shortest) = (0, None);
        while out.len() < limit && refused < inside.brands.len() {
            let (brand, mut queue) = inside.brands.pop_front().expect("fewer were refused than are listed");
            match may(&brand) {
                Ok(()) => {
                    let mut handed = queue.pop_front().expect("a listed brand has somebody waiting");
                    inside.leave(&mut handed);
                    out.push(handed);
                    refused = 0;
                }
                Err(wait) => {
                    refused += 1;
                    shortest = Some(shortest.map_or(wait, |before: Wait| before.min(wait)));
                }
            }
            if !queue.is_empty() {
                inside.brands.push_back((brand, queue));
            }
        }
        drop(inside);
        match shortest {
            Some(wait) if out.is_empty() => Err(wait),
            Some(_) | None => {
                room.freed.notify_waiters();
                Ok(out)
            }
        }
    }

    /// Takes note of an order's new state, once it is committed: who still waits is judged by it. Without this, each of them
    /// would be refused its intent, since its order has moved on, and would have to be looked up again. `state` is asked
    /// only if somebody waits.
    pub fn refresh(&self, key: &OrderKey, version: i64, state: impl FnOnce() -> Arc<O>) {
        let mut state = Some(state);
        let mut made: Option<Arc<O>> = None;
        for room in self.rooms.iter() {
            if let Some(known) = room.lock().orders.get_mut(key)
                && known.1 < version
            {
                if let Some(state) = state.take() {
                    made = Some(state());
                }
                known.0 = Arc::clone(made.as_ref().expect("made the first time it is needed"));
                known.1 = version;
            }
        }
    }

    /// Waits until something is in a channel's room. Only one task may wait for each channel.
    pub async fn arrived(&self, channel: Channel) {
        let room = self.room(channel);
        while room.lock().waiting == 0 {
            room.arrived.notified().await;
        }
    }

    /// Waits until half of a channel's room is free.
    pub(super) async fn half_free(&self, channel: Channel) {
        self.room(channel).half_free(|| false).await;
    }

    /// Waits until a notice was inserted that found no slot. Only one task may wait for each channel.
    pub(super) async fn overflowed(&self, channel: Channel) {
        self.room(channel).overflowed.notified().await;
    }

    /// Claims in the room that run out before `until`, as (order, notice, fence), so that they can be extended.
    pub fn expiring(&self, until: Timestamp) -> Vec<(OrderKey, NoticeKey, i32)> {
        let mut found = Vec::new();
        for room in self.rooms.iter() {
            let inside = room.lock();
            let all = inside.brands.iter().flat_map(|(_, queue)| queue);
            found.extend(
                all.filter(|handed| handed.leased_until < until)
                    .map(|handed| (handed.notice.order.clone(), handed.notice.key, handed.fence)),
            );
        }
        found
    }

    /// Notes new ends for claims: for each one in the room `renewed` is asked, by notice and fence; `false` means that the claim is
    /// lost, and is thrown out. After an outage the same notice may be here under a newer claim of our own, which stays.
    pub fn renew(&self, until: Timestamp, mut renewed: impl FnMut(NoticeKey, i32) -> Option<bool>) {
        for room in self.rooms.iter() {
            let mut inside = room.lock();
            let brands = std::mem::take(&mut inside.brands);
            for (brand, queue) in brands {
                let mut kept = VecDeque::with_capacity(queue.len());
                for mut handed in queue {
                    match renewed(handed.notice.key, handed.fence) {
                        Some(true) => kept.push_back(Handed { leased_until: until, ..handed }),
                        Some(false) => inside.leave(&mut handed),
                        None => kept.push_back(handed),
                    }
                }
                if !kept.is_empty() {
                    inside.brands.push_back((brand, kept));
                }
            }
            drop(inside);
            room.freed.notify_waiters();
        }
    }

    fn room(&self, channel: Channel) -> &Room<O> {
        match channel {
            Channel::Email => &self.rooms[0],
            Channel::Sms => &self.rooms[1],
        }
    }
}

impl<O> Default for Inside<O> {
    fn default() -> Self {
        Self { brands: VecDeque::new(), orders: HashMap::new(), waiting: 0, reserved: 0 }
    }
}

impl<O> Inside<O> {
    fn enter(&mut self, handed: Handed<O>) {
        self.waiting += 1;
        match self.orders.get_mut(&handed.notice.order) {
            Some((order, version, count)) => {
                if *version < handed.version {
                    (*order, *version) = (Arc::clone(&handed.order), handed.version);
                }
                *count += 1;
            }
            None => {
                let newest = (Arc::clone(&handed.order), handed.version, 1);
                self.orders.insert(handed.notice.order.clone(), newest);
            }
        }
        let brand = handed.notice.order.brand_str();
        match self.brands.iter_mut().find(|(name, _)| name == brand) {
            Some((_, queue)) => queue.push_back(handed),
            None => {
                let brand = brand.to_owned();
                self.brands.push_back((brand, VecDeque::from([handed])));
            }
        }
    }

    /// Counts one out, and gives it its order's newest state for the way.
    fn leave(&mut self, handed: &mut Handed<O>) {
        self.waiting -= 1;
        let newest = self.orders.get_mut(&handed.notice.order).expect("who waits is counted with its order");
        (handed.order, handed.version) = (Arc::clone(&newest.0), newest.1);
        newest.2 -= 1;
        if newest.2 == 0 {
            self.orders.remove(&handed.notice.order);
        }
    }
}

impl<O> Room<O> {
    fn lock(&self) -> MutexGuard<'_, Inside<O>> {
        self.inside.lock().expect("nothing panics while it holds the room")
    }

    /// Waits until half of the room is free, or it is no longer worth waiting.
    async fn half_free(&self, enough: impl Fn() -> bool) {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // From here on every sign counts, so none is missed between the look and the wait.
            freed.as_mut().enable();
            let taken = {
                let inside = self.lock();
                inside.waiting + inside.reserved
            };
            if taken * 2 <= self.capacity || enough() {
                return;
            }
            freed.await;
        }
    }
}

/// Slots in a channel's room, held until they are filled or dropped.
#[derive(Debug)]
#[must_use = "slots that are dropped are given back"]
pub struct Slots<O> {
    handoff: Handoff<O>,
    channel: Channel,
    left: usize,
    /// Fewer were granted than were wanted: something will be inserted that has to be claimed.
    refused: bool,
}

impl<O> Slots<O> {
    /// How many more notices may be put in.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Puts a claimed notice into one of the slots. Call only after the claim is committed.
    ///
    /// # Panics
    /// If no slot is left: whoever claims must not claim more than it has slots for.
    pub fn fill(&mut self, handed: Handed<O>) {
        self.left = self.left.checked_sub(1).expect("no more is claimed than slots were granted");
        let room = self.handoff.room(self.channel);
        let mut inside = room.lock();
        inside.reserved -= 1;
        inside.enter(handed);
        drop(inside);
        room.arrived.notify_one();
    }
}

impl<O> Drop for Slots<O> {
    fn drop(&mut self) {
        let room = self.handoff.room(self.channel);
        if self.left > 0 {
            room.lock().reserved -= self.left;
            room.freed.notify_waiters();
        }
        if self.refused {
            room.overflowed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{BrandId, OrderId};
    use crate::domain::notice::Notice;

    fn handed(brand: &str, number: u32) -> Handed<u32> {
        let order = OrderKey::new(&BrandId::new(brand), &OrderId::new(number.to_string()));
        let at = Timestamp::UNIX_EPOCH;
        let notice = Notice::shipped(order, at);
        Handed { leased_until: at, ..Handed::fresh(notice, Arc::new(number), 1, at) }
    }

    fn put(handoff: &Handoff<u32>, brand: &str, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            handoff.reserve(Channel::Email, 1).fill(handed(brand, number));
        }
    }

    fn numbers(handed: Vec<Handed<u32>>) -> Vec<u32> {
        handed.into_iter().map(|handed| *handed.order).collect()
    }

    #[test]
    fn grants_no_more_than_fits_and_takes_back_what_is_dropped() {
        let handoff = Handoff::new(3);
        let mut first = handoff.reserve(Channel::Email, 2);
        assert_eq!(first.left(), 2);
        let second = handoff.reserve(Channel::Email, 2);
        assert_eq!(second.left(), 1);
        assert_eq!(handoff.reserve(Channel::Email, 1).left(), 0);
        assert_eq!(handoff.reserve(Channel::Sms, 9).left(), 3, "each channel has its own room");
        drop(second);
        first.fill(handed("harbour", 1));
        drop(first);
        assert_eq!(handoff.waiting(Channel::Email), 1);
        assert_eq!(handoff.reserve(Channel::Email, 9).left(), 2);
    }

    #[test]
    fn a_room_of_none_grants_nothing() {
        let handoff: Handoff<u32> = Handoff::new(0);
        assert_eq!(handoff.reserve(Channel::Sms, 5).left(), 0);
    }

    #[test]
    fn serves_brands_in_turn() {
        let handoff = Handoff::new(10);
        put(&handoff, "harbour", 1..=4);
        put(&handoff, "orchard", 11..=12);
        assert_eq!(numbers(handoff.take(Channel::Email, 3)), [1, 11, 2]);
        put(&handoff, "meadow", 21..=21);
        assert_eq!(numbers(handoff.take(Channel::Email, 9)), [12, 3, 21, 4]);
        assert_eq!(handoff.waiting(Channel::Email), 0);
    }

    #[test]
    fn who_waits_is_told_of_the_orders_new_state() {
        let handoff = Handoff::new(10);
        put(&handoff, "harbour", 1..=2);
        let key = |number: u32| OrderKey::new(&BrandId::new("harbour"), &OrderId::new(number.to_string()));
        handoff.refresh(&key(1), 5, || Arc::new(100));
        handoff.refresh(&key(1), 4, || unreachable!("an older state is not asked for"));
        handoff.refresh(&key(3), 5, || unreachable!("nobody waits for it"));
        let taken = handoff.take(Channel::Email, 9);
        assert_eq!(taken.iter().map(|handed| handed.version).collect::<Vec<_>>(), [5, 1]);
        assert_eq!(numbers(taken), [100, 2]);
        put(&handoff, "harbour", [1]);
        assert_eq!(numbers(handoff.take(Channel::Email, 9)), [1], "what nobody waits for is not kept");
    }

    #[test]
    fn throws_out_claims_that_are_lost() {
        let handoff = Handoff::new(10);
        put(&handoff, "harbour", 1..=3);
        let soon = Timestamp::from_second(60).expect("in range");
        let expiring = handoff.expiring(soon);
        assert_eq!(expiring.len(), 3);
        let (_, lost, fence) = expiring[1].clone();
        handoff.renew(soon, |key, of| Some((key, of) != (lost, fence)));
        assert!(handoff.expiring(soon).is_empty());
        assert_eq!(numbers(handoff.take(Channel::Email, 9)), [1, 3]);
    }

    #[tokio::test]
    async fn paces_while_the_receiver_takes_and_not_when_it_is_dead() {
        let handoff = Handoff::new(4);
        put(&handoff, "harbour", 1..=4);
        let waiting = tokio::spawn({
            let handoff = handoff.clone();
            async move { handoff.pace(Duration::from_secs(3600)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "the room is full and the channel flows");
        assert_eq!(handoff.take(Channel::Email, 1).len(), 1);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "less than half is free");
        assert_eq!(handoff.take(Channel::Email, 1).len(), 1);
        waiting.await.expect("half is free now");

        put(&handoff, "harbour", 5..=6);
        handoff.set_flowing(Channel::Email, false);
        let answered = tokio::time::timeout(Duration::from_secs(60), handoff.pace(Duration::from_secs(3600)));
        answered.await.expect("a dead receiver holds nobody up");
    }

    #[tokio::test]
    async fn pacing_ends_at_its_limit() {
        let handoff = Handoff::new(2);
        put(&handoff, "harbour", 1..=2);
        handoff.pace(Duration::ZERO).await;
        assert_eq!(handoff.waiting(Channel::Email), 2);
    }

    #[tokio::test]
    async fn wakes_the_one_who_waits() {
        let handoff = Handoff::new(2);
        let waiting = tokio::spawn({
            let handoff = handoff.clone();
            async move {
                handoff.arrived(Channel::Email).await;
                handoff.take(Channel::Email, 5).len()
            }
        });
        tokio::task::yield_now().await;
        put(&handoff, "harbour", [7]);
        assert_eq!(waiting.await.expect("no panic"), 1);
    }
}
