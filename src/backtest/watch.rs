//! One order on its way through the past.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Ranges;
use super::rules::{self, RULES};
use super::score::{Score, Told};
use crate::domain::day::{Day, Holidays};
use crate::domain::event::Event;
use crate::domain::fold::value;
use crate::domain::lane::coming::SETTLED;
use crate::domain::lane::forecast::Range;
use crate::domain::lane::model::{HORIZON, Lanes, Morning, TEACHES, Tally};
use crate::domain::lane::trip::{self, Trip};
use crate::domain::lane::trust::Foreseen;
use crate::domain::order::Order;

/// One parcel of an order, and how it stood at the end of the day before.
#[derive(Debug)]
struct Parcel {
    name: Option<String>,
    trip: Trip,
    carried: bool,
    arrived: bool,
}

/// An order, from its first event until there is nothing more to learn from it.
#[derive(Debug)]
pub(super) struct Watched {
    /// The destination's zone, once it is known.
    pub(super) zone: Option<TimeZone>,
    /// Its facts; dropped when the last parcel has arrived.
    facts: Option<Box<Order>>,
    holidays: Arc<Holidays>,
    parcels: Vec<Parcel>,
    /// How dear shipping and goods were, on the day of payment.
    dear: Option<(f64, f64)>,
    mornings: Vec<(Day, f32)>,
    foreseen: Vec<Foreseen>,
    rules: [Option<Day>; RULES.len()],
    asked: Option<[Range; 2]>,
    scored: bool,
}

impl Default for Watched {
    fn default() -> Self {
        Self {
            zone: None,
            facts: Some(Box::default()),
            holidays: Arc::default(),
            parcels: Vec::new(),
            dear: None,
            mornings: Vec::new(),
            foreseen: Vec::new(),
            rules: [None; RULES.len()],
            asked: None,
            scored: false,
        }
    }
}

impl Watched {
    /// Whether it is paid, and something of it is to come or has come.
    pub(super) fn is_paid(&self) -> bool {
        !self.parcels.is_empty()
    }

    /// Whether its outcome counts: paid late enough, and with a promise.
    pub(super) fn counts(&self, from: Option<Day>) -> bool {
        let first = self.parcels.first().map(|parcel| &parcel.trip);
        first.is_some_and(|trip| trip.promised.is_some() && from.is_none_or(|from| trip.paid >= from))
    }

    pub(super) fn is_scored(&self) -> bool {
        self.scored
    }

    /// The morning: what becomes known of old promises, and what is told of those that are open.
    pub(super) fn wake(&mut self, morning: &mut Morning, tally: &mut Tally, today: Day, scored: bool) {
        let Some(paid) = self.parcels.first().map(|parcel| parcel.trip.paid) else { return };
        if today == paid + SETTLED {
            for parcel in &self.parcels {
                morning.settled(tally, &parcel.trip);
            }
        }
        if let Some(latest) = self.latest()
            && latest.promised.is_some_and(|promised| promised + 1 == today)
        {
            morning.decided(tally, latest, &self.foreseen);
            self.foreseen = Vec::new();
        }
        let open = self.parcels.iter().filter(|parcel| !parcel.arrived);
        let told = open.filter_map(|parcel| morning.late(&parcel.trip)).max_by(|a, b| a.0.total_cmp(&b.0));
        let Some((late, foreseen)) = told else { return };
        self.foreseen.push(foreseen);
        if !scored {
            return;
        }
        self.mornings.push((today, late as f32));
        for parcel in self.parcels.iter().filter(|parcel| !parcel.arrived) {
            for (first, holds) in self.rules.iter_mut().zip(rules::held(&parcel.trip, today)) {
                *first = first.or(holds.then_some(today));
            }
        }
        if today == paid + 1
            && let Some(trip) = self.latest()
        {
            let arrival = morning.arrival(trip, HORIZON);
            self.asked = Some([arrival.range(0.5), arrival.range(0.8)]);
        }
    }

    /// Takes in an event of the day.
    pub(super) fn fold(
        &mut self,
        event: &Event,
        holidays: Option<Arc<Holidays>>,
        fallback: &TimeZone,
        lanes: &Lanes,
        tally: &mut Tally,
    ) {
        let Some(facts) = &mut self.facts else { return };
        facts.fold(event);
        if let Some(holidays) = holidays {
            self.holidays = holidays;
        }
        let state = facts.state(fallback);
        let trips = trip::of_order(&state, &self.holidays);
        if self.dear.is_none() && !trips.is_empty() {
            let order = &state.known.order;
            let currency = value(&order.currency).map(String::as_str);
            let (shipping, goods) = (value(&order.shipping).copied(), value(&order.subtotal).copied());
            self.dear = Some((lanes.dear("shipping", currency, shipping), lanes.dear("goods", currency, goods)));
            tally.price("shipping", currency, shipping);
            tally.price("goods", currency, goods);
        }
        let (dear_shipping, dear_goods) = self.dear.unwrap_or_default();
        let mut before = std::mem::take(&mut self.parcels);
        self.parcels = trips
            .into_iter()
            .map(|named| {
                let known = before.iter().position(|parcel| parcel.name == named.parcel);
                let (carried, arrived) =
                    known.map(|at| before.swap_remove(at)).map_or((false, false), |p| (p.carried, p.arrived));
                let trip = Trip { dear_shipping, dear_goods, ..named.trip };
                Parcel { name: named.parcel, trip, carried, arrived }
            })
            .collect();
    }

    /// The evening: what the day has brought each parcel that was open in the morning.
    pub(super) fn learn(&mut self, morning: &mut Morning, tally: &mut Tally) {
        for parcel in self.parcels.iter_mut().filter(|parcel| !parcel.arrived) {
            morning.learn(tally, &parcel.trip, parcel.carried);
            parcel.carried = parcel.trip.shipped.is_some();
            parcel.arrived = parcel.trip.arrived.is_some();
        }
    }

    /// Scores the order if its last parcel has arrived.
    pub(super) fn score(&mut self, score: &mut Score, ranges: &mut Ranges) {
        if self.scored || self.parcels.iter().any(|parcel| !parcel.arrived) {
            return;
        }
        let Some((trip, promised)) = self.latest().and_then(|trip| Some((trip, trip.promised?))) else { return };
        let arrived = trip.arrived.unwrap_or(Day::MAX);
        score.add(&Told { promised, late: arrived > promised, mornings: &self.mornings, rules: &self.rules });
        if let Some(asked) = self.asked {
            let [half, most] = asked.map(|range| u32::from(range.first <= arrived && arrived <= range.last));
            ranges.asked += 1;
            ranges.in_half += half;
            ranges.in_most += most;
        }
        self.scored = true;
        self.mornings = Vec::new();
        self.facts = None;
    }

    /// Whether nothing more can be learned from it.
    pub(super) fn is_over(&self, today: Day) -> bool {
        let Some(trip) = self.latest() else { return true };
        let decided = trip.promised.is_none_or(|promised| promised < today);
        let settled = trip.paid + SETTLED <= today;
        settled && decided && (trip.arrived.is_some() || trip.paid + TEACHES < today)
    }

    /// The parcel that decides: one that has not arrived, else the last that did.
    fn latest(&self) -> Option<&Trip> {
        self.parcels.iter().map(|parcel| &parcel.trip).max_by_key(|trip| trip.arrived.unwrap_or(Day::MAX))
    }
}
