//! An order's morning: what its days have taught is counted, and what is to come is foreseen.
//!
//! Each open order is looked at once a morning, by the clock at its destination. What it learned then goes into a tally,
//! which is stored together with the order; when all mornings of a day are over everywhere, its tally is closed into the
//! lanes. So a morning knows what happened up to the evening before last. One day's delay costs next to nothing (a Brier score
//! of 0.1009 instead of 0.1005 on Olist's orders), and needs no worker to wait for another.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Day;
use super::coming::SETTLED;
use super::forecast::Arrival;
use super::memory::{Foresight, Memory, short};
use super::model::{HORIZON, Lanes, Morning, TEACHES, Tally};
use super::trip::{self, Named, Trip};
use crate::domain::day::{self, Holidays};
use crate::domain::fold::value;
use crate::domain::id::OrderKey;
use crate::domain::order::{Order, State};
use crate::domain::parcel::Status;
use crate::domain::window;

/// When the mornings begin: at the hour at which a delay may be told.
const MORNING: Time = Time::constant(9, 0, 0, 0);
/// Orders of one zone are looked at within this time from then on, so that they do not all come at once.
const SPREAD: SignedDuration = SignedDuration::from_mins(30);
/// Days that are counted afterwards, when no worker ran. What is older teaches nothing: who was asleep so long has missed
/// other things as well.
const MISSED_MAX: Day = 7;
/// Days ahead in the sentence about a lane's experience, where no promise says how many matter.
const SOON: Day = 4;
/// The most that it looks ahead.
const SOON_MAX: Day = 14;
/// A day is over everywhere, and so is the morning after it, when it is this much past its end in UTC: 9:30 at UTC−12.
const OVER_EVERYWHERE: SignedDuration = SignedDuration::from_mins(22 * 60);

/// The last day whose mornings-after are over everywhere at `now`: it can be closed.
pub fn can_be_closed(now: Timestamp) -> Day {
    let day = window::local_day(now - OVER_EVERYWHERE, &TimeZone::UTC);
    day::number(day) - 1
}

/// Moves lanes on through every day up to `until`, taking the days' tallies away; false if there was nothing to learn yet.
pub fn close_until(lanes: &mut Lanes, tallies: &mut BTreeMap<Day, Tally>, until: Day) -> bool {
    let first = lanes.closed().map(|closed| closed + 1).or(tallies.keys().next().copied());
    let Some(first) = first.filter(|first| *first <= until) else { return false };
    let mut later = tallies.split_off(&(until + 1));
    std::mem::swap(tallies, &mut later);
    let mut over = later;
    for day in first..=until {
        // Something late, of a day that was closed already, counts with the first one that is not.
        let mut tally = Tally::default();
        while let Some(entry) = over.first_entry().filter(|entry| *entry.key() <= day) {
            tally.merge(&entry.remove());
        }
        lanes.close(day, &tally);
    }
    true
}

/// Lanes that learn as the clock goes on, in memory: for whoever drives the clock and has no database.
#[derive(Debug)]
pub struct Learning {
    lanes: Arc<Lanes>,
    school: School,
    tallies: BTreeMap<Day, Tally>,
    /// The last day that was tried to be closed.
    tried: Option<Day>,
}

impl Default for Learning {
    fn default() -> Self {
        let lanes: Arc<Lanes> = Arc::default();
        Self { school: School::new(Arc::clone(&lanes)), lanes, tallies: BTreeMap::new(), tried: None }
    }
}

impl Learning {
    /// The school as of `now`: days that are over everywhere are closed first.
    pub fn at(&mut self, now: Timestamp) -> &mut School {
        let until = can_be_closed(now);
        if self.tried < Some(until) {
            self.tried = Some(until);
            for (day, tally) in self.school.take() {
                self.tallies.entry(day).or_default().merge(&tally);
            }
            let mut lanes = (*self.lanes).clone();
            if close_until(&mut lanes, &mut self.tallies, until) {
                self.lanes = Arc::new(lanes);
                self.school = School::new(Arc::clone(&self.lanes));
            }
        }
        &mut self.school
    }
}

/// Looks at orders on one brand's lanes, and keeps what was learned.
#[derive(Debug)]
pub struct School {
    lanes: Arc<Lanes>,
    mornings: BTreeMap<Day, Morning>,
    tallies: BTreeMap<Day, Tally>,
    holidays: HashMap<Option<String>, Arc<Holidays>>,
}

impl School {
    /// Looks by what `lanes` know.
    pub fn new(lanes: Arc<Lanes>) -> Self {
        Self { lanes, mornings: BTreeMap::new(), tallies: BTreeMap::new(), holidays: HashMap::new() }
    }

    /// What was learned since the last call, by day.
    pub fn take(&mut self) -> BTreeMap<Day, Tally> {
        std::mem::take(&mut self.tallies)
    }

    /// An order's morning: counts the days that are over, and foresees what is to come.
    pub fn look(&mut self, state: &State<'_>, memory: &mut Memory, now: Timestamp) {
        let today = day::number(window::local_day(now, &state.zone));
        let mut trips = trip::of_order(state, &self.holidays_of(state));
        let Some(paid) = trips.first().map(|named| named.trip.paid) else {
            memory.foresight = None;
            memory.next = None;
            return;
        };
        let first = memory.counted.map_or(paid, |counted| counted + 1).max(today - MISSED_MAX);
        memory.align(&trips, first);
        memory.look_towards(trips[0].trip.promised);
        self.price(state, memory, &mut trips, today);
        for day in first..today {
            self.count(&trips, memory, day);
        }
        memory.counted = memory.counted.max(Some(today - 1));
        self.hold_against(&trips, memory, today);
        self.foresee(&trips, memory, today);
        memory.next = next_when_closed(&trips, memory, today);
    }

    /// What a day, now over, brought each parcel that was open on its morning.
    fn count(&mut self, trips: &[Named], memory: &mut Memory, day: Day) {
        let kept = self.open_day(day);
        let morning = self.mornings.entry(day).or_insert_with(|| self.lanes.morning(day));
        let tally = self.tallies.entry(kept).or_default();
        for (named, stood) in trips.iter().zip(&mut memory.parcels).filter(|(_, stood)| !stood.arrived) {
            morning.learn(tally, &named.trip, stood.carried);
            stood.carried = named.trip.shipped.is_some_and(|shipped| shipped <= day);
            stood.arrived = named.trip.arrived.is_some_and(|arrived| arrived <= day);
        }
    }

    /// Holds what was foreseen against what came, once the promised day is over, and notes who never came.
    fn hold_against(&mut self, trips: &[Named], memory: &mut Memory, today: Day) {
        let kept = self.open_day(today - 1);
        let morning = self.mornings.entry(today).or_insert_with(|| self.lanes.morning(today));
        let tally = self.tallies.entry(kept).or_default();
        let latest = trips.iter().map(|named| &named.trip).max_by_key(|trip| trip.arrived.unwrap_or(Day::MAX));
        if let Some(trip) = latest
            && trip.promised.is_some_and(|promised| promised < today)
            && !memory.decided
        {
            morning.decided(tally, trip, &memory.foreseen());
            memory.decided = true;
        }
        let paid = trips[0].trip.paid;
        if today >= paid + SETTLED && !memory.settled {
            if today <= paid + SETTLED + MISSED_MAX {
                trips.iter().for_each(|named| morning.settled(tally, &named.trip));
            }
            memory.settled = true;
        }
    }

    fn foresee(&mut self, trips: &[Named], memory: &mut Memory, today: Day) {
        let morning = self.mornings.entry(today).or_insert_with(|| self.lanes.morning(today));
        let open = trips.iter().zip(&memory.parcels).filter(|(named, _)| named.trip.arrived.is_none());
        let foreseen: Vec<(&Trip, Arrival)> =
            open.map(|(named, _)| (&named.trip, morning.arrival(&named.trip, HORIZON))).collect();
        let chances = foreseen.iter().filter_map(|(trip, arrival)| morning.late_by(trip, arrival));
        let chance = chances.max_by(|a, b| a.0.total_cmp(&b.0));
        let last = foreseen.iter().max_by_key(|(_, arrival)| arrival.expected());
        memory.foresight = last.filter(|_| !self.lanes.are_young()).map(|(trip, arrival)| Foresight {
            as_of: today,
            chance: chance.map(|(told, _)| short(told)),
            expected: arrival.expected(),
            half: arrival.range(0.5),
            most: arrival.range(0.8),
            words: morning.experience(trip, until_promise(trip, today)).map(|experience| experience.words()),
        });
        if let Some((told, foreseen)) = chance
            && memory.mornings.last().is_none_or(|last| last.day < today)
        {
            memory.keep(today, told, foreseen);
        }
    }

    /// Notes what the order cost among what others cost, once.
    fn price(&mut self, state: &State<'_>, memory: &mut Memory, trips: &mut [Named], today: Day) {
        let order = &state.known.order;
        let currency = value(&order.currency).map(String::as_str);
        let (shipping, goods) = (value(&order.shipping).copied(), value(&order.subtotal).copied());
        if memory.dear.is_none() {
            let dear = |what, price| self.lanes.dear(what, currency, price) as f32;
            memory.dear = Some((dear("shipping", shipping), dear("goods", goods)));
            let tally = self.tallies.entry(self.open_day(today - 1)).or_default();
            tally.price("shipping", currency, shipping);
            tally.price("goods", currency, goods);
        }
        let (dear_shipping, dear_goods) = memory.dear.unwrap_or_default();
        for named in trips {
            named.trip.dear_shipping = f64::from(dear_shipping);
            named.trip.dear_goods = f64::from(dear_goods);
        }
    }

    /// The day in whose tally something of `day` is kept: that day, or the first that is not closed yet.
    fn open_day(&self, day: Day) -> Day {
        self.lanes.closed().map_or(day, |closed| day.max(closed + 1))
    }

    fn holidays_of(&mut self, state: &State<'_>) -> Arc<Holidays> {
        let country = value(&state.known.order.address).and_then(|address| address.country.clone());
        let entry = self.holidays.entry(country);
        let holidays = entry.or_insert_with_key(|country| Arc::new(Holidays::of(country.as_deref())));
        Arc::clone(holidays)
    }
}

/// Days from today to the promised one, both included.
fn until_promise(trip: &Trip, today: Day) -> usize {
    let days = trip.promised.filter(|promised| *promised >= today).map_or(SOON, |promised| promised - today + 1);
    usize::try_from(days.min(SOON_MAX)).unwrap_or(1)
}

/// When to look again at an order of which nothing is open: when its promise is over, and when its fate is settled.
fn next_when_closed(trips: &[Named], memory: &Memory, today: Day) -> Option<Day> {
    let trip = &trips[0].trip;
    let promise_over = trip.promised.filter(|_| !memory.decided).map(|promised| promised + 1);
    let settled = Some(trip.paid + SETTLED).filter(|_| !memory.settled);
    promise_over.into_iter().chain(settled).filter(|day| *day > today).min()
}

/// The time of an order's next morning; `None` where there is nothing to look at any more.
pub fn next_look(state: &State<'_>, memory: Option<&Memory>, key: &OrderKey, now: Timestamp) -> Option<Timestamp> {
    let paid = state.known.paid.filter(|_| state.cancelled.is_none())?;
    let paid = value(&state.known.order.paid_at).copied().unwrap_or_else(|| paid.time());
    let today = day::number(window::local_day(now, &state.zone));
    let look_at = |day: Day| Some(window::at_local(day::date(day)?, MORNING, &state.zone) + spread(key));
    let in_time = day::number(window::local_day(paid, &state.zone)) + TEACHES >= today;
    let to_come = state.is_open() || state.parcels.iter().any(|parcel| parcel.status() == Status::Delivered);
    let counted = memory.is_some_and(|memory| memory.parcels.iter().all(|stood| stood.arrived));
    if !in_time || !to_come {
        return None;
    }
    if counted && !state.is_open() {
        return memory.and_then(|memory| memory.next).and_then(look_at).filter(|at| *at > now);
    }
    let looked = memory.and_then(|memory| memory.counted).is_some_and(|counted| counted >= today - 1);
    let this_morning = look_at(today).filter(|at| *at > now && !looked);
    this_morning.or_else(|| look_at(today + 1))
}

/// Leaves an order's days up to yesterday uncounted.
pub fn pass_over(order: &mut Order, fallback: &TimeZone, now: Timestamp) {
    let today = day::number(window::local_day(now, &order.state(fallback).zone));
    let memory = order.told.lane.get_or_insert_default();
    memory.counted = memory.counted.max(Some(today - 1));
}

/// Whether an order's morning has come and it was not looked at on it.
pub fn is_morning(state: &State<'_>, memory: Option<&Memory>, now: Timestamp) -> bool {
    let local = window::local_day(now, &state.zone);
    let looked = memory.and_then(|memory| memory.counted).is_some_and(|counted| counted >= day::number(local) - 1);
    !looked && now >= window::at_local(local, MORNING, &state.zone)
}

/// An order's own place in the half hour in which mornings are.
fn spread(key: &OrderKey) -> SignedDuration {
    let hash = key.as_str().bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    SPREAD * i32::try_from(hash % 1800).unwrap_or_default() / 1800
}
