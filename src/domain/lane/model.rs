//! All that is known of a brand's lanes, and a morning on which it is asked.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

use super::Day;
use super::coming::{self, Coming, Fates};
use super::forecast::{Arrival, Experience};
use super::phase::{Evidence, Leg, Odds, Phase, Seen, age};
use super::prices::{self, Paid, Prices};
use super::trip::Trip;
use super::trust::{self, Foreseen, Outcomes, Trust};

/// Days that a range looks ahead. Later than that is "not soon".
pub const HORIZON: usize = 60;
/// Days after payment during which an open parcel teaches. What has not come by then is not late, it is lost.
pub const TEACHES: Day = 120;
/// Parcel-days before a lane is believed as much as the one above it. Reference runs with 20 were noisier on fine lanes.
const PULL_TRANSIT: f64 = 60.0;
const PULL_HANDLING: f64 = 10.0;
/// Least chance of being taken on a day for which the rest of the way is worked out.
const NEGLIGIBLE: f64 = 1e-4;

/// Everything that one day taught. Tallies of workers add up, in any order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    handling: Evidence,
    transit: Evidence,
    fates: [Fates; 2],
    outcomes: Outcomes,
    paid: Paid,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            handling: Evidence::default(),
            transit: Evidence::default(),
            fates: [Fates::new(), Fates::new()],
            outcomes: trust::outcomes(),
            paid: Paid::new(),
        }
    }
}

impl Tally {
    /// Adds a price that a customer paid; see [`Lanes::dear`].
    pub fn price(&mut self, what: &str, currency: Option<&str>, price: Option<i64>) {
        prices::add(&mut self.paid, what, currency, price);
    }

    /// Adds what another worker learned on the same day.
    pub fn merge(&mut self, other: &Self) {
        self.handling.merge(&other.handling);
        self.transit.merge(&other.transit);
        for (own, theirs) in self.fates.iter_mut().zip(&other.fates) {
            coming::merge(own, theirs);
        }
        self.outcomes.merge(&other.outcomes);
        prices::merge(&mut self.paid, &other.paid);
    }
}

/// What is known of all lanes at the end of a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lanes {
    handling: Phase,
    transit: Phase,
    coming: [Coming; 2],
    trust: Trust,
    prices: Prices,
    closed: Option<Day>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            handling: Phase::new(Leg::Handling, PULL_HANDLING),
            transit: Phase::new(Leg::Transit, PULL_TRANSIT),
            coming: [Coming::default(), Coming::default()],
            trust: Trust::default(),
            prices: Prices::default(),
            closed: None,
        }
    }
}

impl Lanes {
    /// The last day whose tally is in; `None` while nothing has been learned.
    pub fn closed(&self) -> Option<Day> {
        self.closed
    }

    /// Whether too few parcels have arrived yet for anything to be foretold from them.
    pub fn are_young(&self) -> bool {
        /// Arrivals, after fading, from which on a shop's parcels say something.
        const FEWEST: f64 = 50.0;
        self.transit.ladder.stepped("all") < FEWEST
    }

    /// What the transit lanes that have seen most have seen (see [`Ladder::seen`](super::ladder::Ladder::seen)).
    pub fn seen(&self, today: Day, days: usize, limit: usize) -> Vec<super::ladder::LaneSeen> {
        self.transit.ladder.seen(today, days, limit)
    }

    /// The morning of a day, before anything of it has happened.
    pub fn morning(self: &Arc<Self>, today: Day) -> Morning {
        Morning { lanes: Arc::clone(self), today, handling: HashMap::new(), transit: HashMap::new() }
    }

    /// How dear a price is among those of its currency, as a logarithm; see [`Prices::dear`].
    pub fn dear(&self, what: &str, currency: Option<&str>, price: Option<i64>) -> f64 {
        self.prices.dear(what, currency, price)
    }

    /// Moves on by what a day taught.
    pub fn close(&mut self, day: Day, tally: &Tally) {
        self.handling.close(day, &tally.handling);
        self.transit.close(day, &tally.transit);
        for (coming, fates) in self.coming.iter_mut().zip(&tally.fates) {
            coming.close(fates);
        }
        self.trust.close(&tally.outcomes);
        self.prices.close(&tally.paid);
        self.closed = self.closed.max(Some(day));
    }
}

type LaneCache = HashMap<Arc<str>, Arc<[f64]>>;

/// One morning: what is known, asked for many parcels. Lanes that were asked for are kept until it is over.
#[derive(Debug)]
pub struct Morning {
    lanes: Arc<Lanes>,
    today: Day,
    handling: LaneCache,
    transit: LaneCache,
}

impl Morning {
    /// How likely a parcel is to miss its promise: the chance that is told, and what it was made of, which is to be kept
    /// until the promise is decided. `None` without a promise, or when it has been missed already.
    pub fn late(&mut self, trip: &Trip) -> Option<(f64, Foreseen)> {
        let ahead = trip.promised? - self.today;
        let days = usize::try_from(ahead + 1).ok().filter(|days| *days > 0)?;
        let arrival = self.arrival(trip, days);
        self.late_by(trip, &arrival)
    }

    /// The same, where the arrival is known already, up to the promised day at least or up to [`HORIZON`].
    pub fn late_by(&self, trip: &Trip, arrival: &Arrival) -> Option<(f64, Foreseen)> {
        let ahead = trip.promised? - self.today;
        if ahead < 0 {
            return None;
        }
        let late = arrival.after(trip.promised?);
        let foreseen = Foreseen { ahead, late };
        Some((self.lanes.trust.damp(foreseen), foreseen))
    }

    /// When an open parcel will arrive, looking `days` ahead.
    pub fn arrival(&mut self, trip: &Trip, days: usize) -> Arrival {
        let transit = self.transit(trip);
        let weekdays: Vec<f64> = (self.today..).take(days).map(|day| self.lanes.transit.day(trip, day)).collect();
        let mut arrivals = vec![0.0; days];
        match trip.shipped {
            Some(shipped) => {
                let odds = self.lanes.transit.odds(trip, shipped, &transit);
                travel(&odds, age(shipped, self.today), &weekdays, 1.0, &mut arrivals);
            }
            None => {
                let lane = self.handling(trip);
                let odds = self.lanes.handling.odds(trip, trip.paid, &lane);
                let mut waiting = 1.0;
                for (n, day) in (self.today..).take(days).enumerate() {
                    let taken = waiting * odds.hazard(age(trip.paid, day), self.lanes.handling.day(trip, day));
                    if taken > NEGLIGIBLE {
                        let onward = self.lanes.transit.odds(trip, day, &transit);
                        travel(&onward, 0, &weekdays[n..], taken, &mut arrivals[n..]);
                    }
                    waiting -= taken;
                }
            }
        }
        Arrival { from: self.today, days: arrivals }
    }

    /// What the finest lane with a parcel's experience says about the coming `days` (`None` where there is none). Only for
    /// parcels on their way.
    pub fn experience(&self, trip: &Trip, days: usize) -> Option<Experience> {
        /// Fewer than this many parcels are no experience.
        const FEWEST: f64 = 10.0;
        let age = age(trip.shipped?, self.today);
        let lane = |name: &Arc<str>| self.lanes.transit.ladder.within(name, self.today, age, days);
        let found = trip.transit.iter().rev().filter_map(lane).find(|(_, parcels)| *parcels >= FEWEST);
        found.map(|(share, parcels)| Experience { parcels, share, days })
    }

    /// Adds what this day has brought a parcel that was open in the morning. Its days must be known up to the end of today;
    /// what became known later than it happened counts as of today. `carried`: whether the carrier had it this morning.
    pub fn learn(&mut self, tally: &mut Tally, trip: &Trip, carried: bool) {
        let day = self.today;
        if day - trip.paid > TEACHES {
            return;
        }
        let shipped = trip.shipped.filter(|shipped| *shipped <= day);
        if !carried {
            let seen = self.seen(0, trip.paid, shipped.is_some());
            let lane = self.handling(trip);
            self.lanes.handling.learn(&mut tally.handling, trip, &seen, &lane);
        }
        if let Some(shipped) = shipped {
            let seen = self.seen(1, shipped, trip.arrived.is_some_and(|arrived| arrived <= day));
            let lane = self.transit(trip);
            self.lanes.transit.learn(&mut tally.transit, trip, &seen, &lane);
        }
    }

    /// Adds what became of a promise, on the morning after the promised day. `foreseen`: what was said on the mornings before.
    pub fn decided(&self, tally: &mut Tally, trip: &Trip, foreseen: &[Foreseen]) {
        let in_time = trip.arrived.is_some_and(|arrived| arrived < self.today);
        let weight = match trip.shipped.filter(|shipped| *shipped < self.today) {
            _ if in_time => 1.0,
            Some(shipped) => self.lanes.coming[1].share(age(shipped, self.today)),
            None => self.lanes.coming[0].share(age(trip.paid, self.today)),
        };
        self.lanes.trust.learn(&mut tally.outcomes, foreseen, !in_time, weight);
    }

    /// Adds whether a parcel came at all: [`coming::SETTLED`] days after payment.
    pub fn settled(&self, tally: &mut Tally, trip: &Trip) {
        let arrived = trip.arrived.filter(|arrived| *arrived < self.today);
        let shipped = trip.shipped.filter(|shipped| *shipped < self.today);
        coming::add(&mut tally.fates[0], age(trip.paid, shipped.unwrap_or(self.today)), arrived.is_some());
        if let Some(shipped) = shipped {
            coming::add(&mut tally.fates[1], age(shipped, arrived.unwrap_or(self.today)), arrived.is_some());
        }
    }

    fn seen(&self, leg: usize, start: Day, stepped: bool) -> Seen {
        let weight = if stepped { 1.0 } else { self.lanes.coming[leg].share(age(start, self.today)) };
        Seen { start, day: self.today, stepped, weight }
    }

    fn handling(&mut self, trip: &Trip) -> Arc<[f64]> {
        kept(&mut self.handling, &self.lanes.handling, trip, self.today)
    }

    fn transit(&mut self, trip: &Trip) -> Arc<[f64]> {
        kept(&mut self.transit, &self.lanes.transit, trip, self.today)
    }
}

fn kept(cache: &mut LaneCache, phase: &Phase, trip: &Trip, today: Day) -> Arc<[f64]> {
    let Some(finest) = phase.rungs(trip).last() else { return phase.lane(trip, today).into() };
    if let Some(lane) = cache.get(finest) {
        return lane.clone();
    }
    let lane: Arc<[f64]> = phase.lane(trip, today).into();
    cache.insert(finest.clone(), lane.clone());
    lane
}

/// Adds the chances of arrival of a parcel that is `age` days on its way, day by day. `chance`: that it is at all.
fn travel(odds: &Odds<'_>, age: usize, weekdays: &[f64], chance: f64, arrivals: &mut [f64]) {
    let mut on_its_way = chance;
    for (n, (weekday, arrival)) in weekdays.iter().zip(arrivals).enumerate() {
        let here = on_its_way * odds.hazard(age + n, *weekday);
        *arrival += here;
        on_its_way -= here;
    }
}
