//! A parcel as its lane sees it: where from, where to, and the days of its life.

use std::sync::Arc;

use jiff::Timestamp;

use super::Day;
use crate::domain::day::{self, Holidays};
use crate::domain::fold::value;
use crate::domain::order::State;
use crate::domain::parcel::{Parcel, Status};
use crate::domain::{promise, window};

/// One parcel, or what is still to become one, between payment and arrival.
#[derive(Debug, Clone, Default)]
pub struct Trip {
    /// The rungs of the handling ladder it stands on, coarse to fine.
    pub handling: Vec<Arc<str>>,
    /// The rungs of the transit ladder it stands on, coarse to fine.
    pub transit: Vec<Arc<str>>,
    /// Lanes and shops whose own habits change its handling; see [`Habits`].
    pub handling_habits: Habits,
    /// Lanes and shops whose own habits change its transit.
    pub transit_habits: Habits,
    pub holidays: Arc<Holidays>,
    /// When the clock of the promise started.
    pub paid: Day,
    /// When the carrier took it; `None` while it waits.
    pub shipped: Option<Day>,
    /// When it was handed over.
    pub arrived: Option<Day>,
    /// The last day on which the promise is kept.
    pub promised: Option<Day>,
    /// The last day on which the shop meant to hand it to the carrier.
    pub dispatch_by: Option<Day>,
    /// How dear the shipping was: logarithm of its price over the usual one. 0 where it is not known.
    pub dear_shipping: f64,
    /// The same of the goods.
    pub dear_goods: f64,
    /// Whether the order has several lines.
    pub several: bool,
    /// Whether it stays in the region it comes from.
    pub regional: bool,
}

/// Names of lanes and shops with habits of their own: lasting ones, and moods that pass in days.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Habits {
    pub lasting: Vec<Arc<str>>,
    pub passing: Vec<Arc<str>>,
}

/// A parcel's trip and the name of the parcel; without one it is what no parcel holds yet.
#[derive(Debug, Clone)]
pub struct Named {
    pub parcel: Option<String>,
    pub trip: Trip,
}

/// The trips of a paid order: one for each parcel that may still reach the customer or has, and one for what is still to be
/// sent. Empty before payment, and once nothing will come any more. `holidays`: those of the destination. Prices are left to
/// whoever knows the usual ones.
pub fn of_order(state: &State<'_>, holidays: &Arc<Holidays>) -> Vec<Named> {
    let Some(paid) = state.known.paid.filter(|_| state.cancelled.is_none()) else { return Vec::new() };
    let paid = value(&state.known.order.paid_at).copied().unwrap_or_else(|| paid.time());
    let common = Trip {
        paid: local(state, paid),
        promised: promise::promised(state).map(day::number),
        dispatch_by: value(&state.known.order.dispatch_by).map(|limit| local(state, *limit)),
        several: state.items().len() > 1,
        holidays: holidays.clone(),
        ..Trip::default()
    };
    let comes = |parcel: &&Parcel<'_>| parcel.status().is_open() || parcel.status() == Status::Delivered;
    let mut trips: Vec<Named> =
        state.parcels.iter().filter(comes).map(|parcel| of_parcel(state, parcel, &common)).collect();
    let to_come = state.parcels.is_empty() || !state.unshipped().is_empty();
    if to_come {
        trips.push(Named { parcel: None, trip: on_way(common, &way(state, None)) });
    }
    trips
}

fn of_parcel(state: &State<'_>, parcel: &Parcel<'_>, common: &Trip) -> Named {
    let mut trip = on_way(common.clone(), &way(state, Some(parcel)));
    trip.shipped = parcel.shipped_at().map(|at| local(state, at.time()));
    trip.arrived = parcel.now().filter(|now| now.status == Status::Delivered).map(|now| local(state, now.from.time()));
    Named { parcel: parcel.id().map(str::to_owned), trip }
}

fn on_way(trip: Trip, way: &Way<'_>) -> Trip {
    Trip {
        handling: way.handling(),
        transit: way.transit(),
        handling_habits: way.handling_habits(),
        transit_habits: way.transit_habits(),
        regional: way.is_regional(),
        ..trip
    }
}

fn way<'a>(state: &State<'a>, parcel: Option<&'a Parcel<'_>>) -> Way<'a> {
    let from = value(&state.known.order.ship_from);
    let to = value(&state.known.order.address);
    Way {
        carrier: parcel.and_then(|parcel| value(&parcel.facts.known.carrier)).map(String::as_str),
        service: parcel.and_then(|parcel| value(&parcel.facts.known.service)).map(String::as_str),
        from_country: from.and_then(|from| from.country.as_deref()),
        from_region: from.and_then(|from| from.region.as_deref()),
        from_postcode: from.and_then(|from| from.postcode.as_deref()),
        to_country: to.and_then(|to| to.country.as_deref()),
        to_region: to.and_then(|to| to.region.as_deref()),
        to_postcode: to.and_then(|to| to.postcode.as_deref()),
    }
}

fn local(state: &State<'_>, at: Timestamp) -> Day {
    day::number(window::local_day(at, &state.zone))
}

/// What is known of a parcel's way, as the events have it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Way<'a> {
    pub carrier: Option<&'a str>,
    pub service: Option<&'a str>,
    /// ISO 3166-1 alpha-2.
    pub from_country: Option<&'a str>,
    pub from_region: Option<&'a str>,
    pub from_postcode: Option<&'a str>,
    pub to_country: Option<&'a str>,
    pub to_region: Option<&'a str>,
    pub to_postcode: Option<&'a str>,
}

/// Characters of a postcode that name a district: two digits are a region of a German, Polish or Brazilian state.
const DISTRICT: usize = 2;
/// Characters that name a town or a part of a city.
const TOWN: usize = 3;

impl Way<'_> {
    /// The rungs for transit: all, destination, pair, pair and district, and last what only a parcel with a known carrier and
    /// service stands on, so that the rungs of one that waits to be taken are not empty. What is not known has no rung.
    pub fn transit(&self) -> Vec<Arc<str>> {
        let mut rungs: Vec<Arc<str>> = vec![Arc::from("all")];
        let mut way = String::new();
        if let Some(to) = self.to() {
            rungs.push(Arc::from(format!("to {to}")));
            way = format!(" to {to}");
            if let Some(from) = self.from() {
                way = format!(" {from} to {to}");
                rungs.push(Arc::from(way.trim_start()));
                rungs.extend(
                    prefix(self.to_postcode, DISTRICT).map(|district| Arc::from(format!("{from} to {to} {district}"))),
                );
            }
        }
        if let Some(carrier) = self.carrier {
            rungs.push(Arc::from(format!("{carrier}{way}")));
            rungs.extend(self.service.map(|service| Arc::from(format!("{carrier} {service}{way}"))));
        }
        rungs
    }

    /// The rungs for handling: all, then the shop or warehouse.
    pub fn handling(&self) -> Vec<Arc<str>> {
        let mut rungs: Vec<Arc<str>> = vec![Arc::from("all")];
        rungs.extend(self.shop().map(Arc::from));
        rungs
    }

    /// Whose habits change the transit.
    pub fn transit_habits(&self) -> Habits {
        let to = self.to().map(|to| Arc::from(format!("to {to}")));
        let pair = self.from().zip(self.to()).map(|(from, to)| Arc::from(format!("{from} to {to}")));
        let town = self.to().zip(prefix(self.to_postcode, TOWN)).map(|(to, town)| Arc::from(format!("to {to} {town}")));
        let shop = self.shop().map(|shop| Arc::from(format!("from {shop}")));
        let lasting = [&to, &pair, &town, &shop].into_iter().flatten().cloned().collect();
        Habits { lasting, passing: [to, pair].into_iter().flatten().collect() }
    }

    /// Whose habits change the handling.
    pub fn handling_habits(&self) -> Habits {
        let shop: Option<Arc<str>> = self.shop().map(Arc::from);
        let region = self.from().map(Arc::from);
        let lasting = [shop.clone(), region].into_iter().flatten().collect();
        Habits { lasting, passing: shop.into_iter().collect() }
    }

    /// Whether it stays in the region it comes from.
    pub fn is_regional(&self) -> bool {
        self.from().is_some() && self.from() == self.to()
    }

    fn to(&self) -> Option<String> {
        area(self.to_country, self.to_region)
    }

    fn from(&self) -> Option<String> {
        area(self.from_country, self.from_region)
    }

    /// Events name no warehouse: the postcode it sends from tells them apart.
    fn shop(&self) -> Option<String> {
        let postcode = self.from_postcode?;
        Some(format!("{} {postcode}", self.from()?))
    }
}

fn area(country: Option<&str>, region: Option<&str>) -> Option<String> {
    match (country, region) {
        (Some(country), Some(region)) => Some(format!("{country}-{region}")),
        (Some(country), None) => Some(country.to_owned()),
        (None, _) => None,
    }
}

fn prefix(postcode: Option<&str>, length: usize) -> Option<String> {
    let letters: String = postcode?.chars().filter(|letter| letter.is_alphanumeric()).take(length).collect();
    (letters.chars().count() == length).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rungs_go_from_coarse_to_fine_and_leave_out_what_is_not_known() {
        let way = Way {
            carrier: Some("dhl"),
            from_country: Some("DE"),
            from_postcode: Some("04109"),
            to_country: Some("PL"),
            to_region: Some("PM"),
            to_postcode: Some("80-001"),
            ..Way::default()
        };
        let rungs = way.transit();
        let rungs: Vec<&str> = rungs.iter().map(|rung| &**rung).collect();
        assert_eq!(rungs, ["all", "to PL-PM", "DE to PL-PM", "DE to PL-PM 80", "dhl DE to PL-PM"]);
        assert_eq!(way.handling().len(), 2);
        assert_eq!(Way::default().transit().len(), 1);
        assert!(!way.is_regional() && !Way::default().is_regional());
    }
}
