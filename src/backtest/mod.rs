//! How good the delay warnings would have been: the past once more, day by day.
//!
//! Each morning every open order is asked for its chance of being late, by what was known at the end of the day before. Then the
//! day's events come in, and the lanes learn from them. An order is scored once its outcome is known: it is *late* when its
//! last parcel was handed over on a later day than promised.

pub mod chart;
pub mod rules;
pub mod score;
mod watch;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::day::{self, Day, Holidays};
use crate::domain::event::Event;
use crate::domain::id::{EventKey, OrderKey, TrackingNumber};
use crate::domain::lane::model::{Lanes, Tally};
use crate::domain::{window, zone};
use rules::RULES;
use score::Score;
use watch::Watched;

/// The events of a day are all in when one of the second day after it has come: no two places on earth are further apart.
const DAY_COMPLETE: Day = 2;

/// How often the ranges held the day of arrival, asked once for each order on the morning after payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ranges {
    pub asked: u32,
    pub in_half: u32,
    pub in_most: u32,
}

/// The past, day by day.
#[derive(Debug)]
pub struct Backtest {
    fallback: TimeZone,
    evaluate_from: Option<Day>,
    lanes: Arc<Lanes>,
    score: Score,
    ranges: Ranges,
    without_outcome: u32,
    /// Events by the local day of their order, until the day is complete.
    pending: BTreeMap<Day, Vec<(usize, Event)>>,
    /// The day after the last one lived through.
    today: Day,
    /// Every order, by its key; what is over is dropped.
    places: HashMap<OrderKey, usize>,
    orders: Vec<Option<Watched>>,
    /// Places of the orders that are paid and not over.
    open: Vec<usize>,
    seen: HashSet<EventKey>,
    numbers: HashMap<TrackingNumber, OrderKey>,
    waiting: HashMap<TrackingNumber, Vec<Event>>,
    holidays: HashMap<Option<String>, Arc<Holidays>>,
}

impl Backtest {
    /// Nothing has happened yet. Orders paid from `evaluate_from` on are scored, all where it is `None`; `fallback` is the
    /// zone of destinations that cannot be told.
    pub fn new(evaluate_from: Option<Day>, fallback: TimeZone) -> Self {
        Self {
            fallback,
            evaluate_from,
            lanes: Arc::default(),
            score: Score::new(&RULES),
            ranges: Ranges::default(),
            without_outcome: 0,
            pending: BTreeMap::new(),
            today: Day::MIN,
            places: HashMap::new(),
            orders: Vec::new(),
            open: Vec::new(),
            seen: HashSet::new(),
            numbers: HashMap::new(),
            waiting: HashMap::new(),
            holidays: HashMap::new(),
        }
    }

    /// Takes in an event. Events may come out of order within a day; one that comes later counts as of the day it came.
    pub fn take(&mut self, event: Event) {
        if !self.seen.insert(event.key) {
            return;
        }
        let number = event.shipment_patch.as_ref().and_then(|patch| patch.tracking_number.clone());
        match (event.order_key(), number) {
            (Some(key), number) => {
                let Some(number) = number else { return self.wait(key, event) };
                self.wait(key.clone(), event);
                self.numbers.entry(number.clone()).or_insert_with(|| key.clone());
                for event in self.waiting.remove(&number).unwrap_or_default() {
                    self.wait(key.clone(), event);
                }
            }
            (None, Some(number)) => match self.numbers.get(&number).cloned() {
                Some(key) => self.wait(key, event),
                None => self.waiting.entry(number).or_default().push(event),
            },
            (None, None) => {}
        }
    }

    /// Lives through what is left.
    pub fn finish(&mut self) {
        while let Some((&last, _)) = self.pending.last_key_value() {
            self.live_until(last + DAY_COMPLETE);
        }
        let unknown =
            self.orders.iter().flatten().filter(|order| order.counts(self.evaluate_from) && !order.is_scored());
        self.without_outcome += u32::try_from(unknown.count()).unwrap_or(u32::MAX);
    }

    /// The figures of the orders whose outcome is known.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// How often the ranges held.
    pub fn ranges(&self) -> Ranges {
        self.ranges
    }

    /// Orders with a promise that never arrived, as far as the events go: not scored.
    pub fn without_outcome(&self) -> u32 {
        self.without_outcome
    }

    /// What was learned.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Keeps an event until its day is complete.
    fn wait(&mut self, key: OrderKey, event: Event) {
        let place = *self.places.entry(key).or_insert_with(|| {
            self.orders.push(Some(Watched::default()));
            self.orders.len() - 1
        });
        let Some(order) = &mut self.orders[place] else { return };
        if let Some(address) = &event.order_patch.address {
            order.zone = Some(zone::of_destination(Some(address), &self.fallback));
        }
        let day = day::number(window::local_day(event.time, order.zone.as_ref().unwrap_or(&self.fallback)));
        self.pending.entry(day.max(self.today)).or_default().push((place, event));
        self.live_until(day);
    }

    /// Lives through every day that is complete once an event of `day` has come.
    fn live_until(&mut self, day: Day) {
        while let Some((&first, _)) = self.pending.first_key_value() {
            // Days without an event pass as well: parcels grow older on them.
            let next = if self.open.is_empty() { first } else { self.today.min(first) };
            if next > day - DAY_COMPLETE {
                return;
            }
            let events = self.pending.remove(&next).unwrap_or_default();
            self.live(next, events);
            self.today = next + 1;
        }
    }

    /// One day: the morning, what happens, and what is learned from it.
    fn live(&mut self, today: Day, events: Vec<(usize, Event)>) {
        let mut tally = Tally::default();
        let mut morning = self.lanes.morning(today);
        let scored = |order: &Watched| order.counts(self.evaluate_from);
        for place in &self.open {
            if let Some(order) = &mut self.orders[*place] {
                order.wake(&mut morning, &mut tally, today, scored(order));
            }
        }
        for (place, event) in events {
            let Some(order) = &mut self.orders[place] else { continue };
            let was_open = order.is_paid();
            let holidays = holidays_of(&mut self.holidays, &event);
            order.fold(&event, holidays, &self.fallback, &self.lanes, &mut tally);
            if !was_open && order.is_paid() {
                self.open.push(place);
            }
        }
        for place in &self.open {
            if let Some(order) = &mut self.orders[*place] {
                order.learn(&mut morning, &mut tally);
                if scored(order) {
                    order.score(&mut self.score, &mut self.ranges);
                }
            }
        }
        drop(morning);
        Arc::make_mut(&mut self.lanes).close(today, &tally);
        let (orders, unknown) = (&mut self.orders, &mut self.without_outcome);
        self.open.retain(|place| {
            let over = orders[*place].as_ref().is_none_or(|order| order.is_over(today));
            if over && let Some(order) = orders[*place].take() {
                *unknown += u32::from(order.counts(self.evaluate_from) && !order.is_scored());
            }
            !over
        });
    }
}

/// The holidays where an event's order goes; `None` where the event does not say.
fn holidays_of(known: &mut HashMap<Option<String>, Arc<Holidays>>, event: &Event) -> Option<Arc<Holidays>> {
    let country = event.order_patch.address.as_ref()?.country.clone();
    let holidays = known.entry(country.clone()).or_insert_with(|| Arc::new(Holidays::of(country.as_deref())));
    Some(holidays.clone())
}
