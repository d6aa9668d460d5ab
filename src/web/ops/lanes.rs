//! Lanes with their distributions: how long parcels take on each, as far as it has been learnt.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Ops;
use super::guard::Visitor;
use super::page::{Page, Showing};
use super::plot::{Bar, bars};
use crate::clock::Clock;
use crate::domain::day::{self, Day};
use crate::domain::id::BrandId;
use crate::domain::lane::ladder::LaneSeen;
use crate::domain::lane::model::Lanes as KnownLanes;
use crate::domain::window;
use crate::lanes::Shelf;

/// One lane for people.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneView {
    pub brand: String,
    /// Carrier, service, from and to, such as `dhl · DE → PL`.
    pub name: String,
    /// Parcels seen.
    pub parcels: u64,
    /// Half of them arrived within this many days.
    pub median_days: f64,
    /// Eight of ten arrived between these days.
    pub range_days: (f64, f64),
    /// The share that took 0, 1, 2, … days; they add up to 1 at most.
    pub shares: Vec<f64>,
}

type Answer = Pin<Box<dyn Future<Output = Vec<LaneView>> + Send>>;

/// Where the console learns of lanes: a function, so that it need not know how they are kept.
#[derive(Clone)]
pub struct Lanes(Arc<dyn Fn() -> Answer + Send + Sync>);

impl Lanes {
    /// Asks `find` each time the page is looked at.
    pub fn new<F: Future<Output = Vec<LaneView>> + Send + 'static>(
        find: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move || Box::pin(find())))
    }

    /// No lane is known.
    pub fn none() -> Self {
        Self::new(|| std::future::ready(Vec::new()))
    }

    /// The lanes of every brand as this worker knows them; those that have seen most first.
    pub fn of(shelf: Shelf, clock: Clock) -> Self {
        Self::new(move || {
            let today = day::number(window::local_day(clock.now(), &TimeZone::UTC));
            std::future::ready(seen(&shelf, today))
        })
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lanes")
    }
}

/// Lanes of one brand that are shown.
const SHOWN_MAX: usize = 40;
/// Days that a plot has.
const DAYS: usize = 30;

fn seen(shelf: &Shelf, today: Day) -> Vec<LaneView> {
    let brands = shelf.all().into_iter();
    let of_brand = |(brand, lanes): (BrandId, Arc<KnownLanes>)| {
        let view = move |seen: LaneSeen| LaneView {
            brand: brand.as_str().to_owned(),
            median_days: reached(&seen.arrivals, 0.5),
            range_days: (reached(&seen.arrivals, 0.1), reached(&seen.arrivals, 0.9)),
            name: seen.name,
            parcels: seen.parcels.round() as u64,
            shares: seen.arrivals,
        };
        lanes.seen(today, DAYS, SHOWN_MAX).into_iter().map(view).collect::<Vec<_>>()
    };
    brands.flat_map(of_brand).collect()
}

/// The day by which a share had arrived; the last one where it never had.
fn reached(shares: &[f64], share: f64) -> f64 {
    let mut sum = 0.0;
    let day = shares.iter().position(|day| {
        sum += day;
        sum >= share
    });
    day.unwrap_or(shares.len()) as f64
}

#[derive(Serialize)]
struct Facts {
    lanes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    brand: String,
    name: String,
    parcels: u64,
    median: String,
    range: String,
    bars: Vec<Bar>,
    width: usize,
    /// The plot for those who do not see it.
    words: String,
}

/// The page.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor) -> Response {
    let lanes = (ops.inner.lanes.0)().await;
    // One scale of days for all, so that they can be compared.
    let days = lanes.iter().map(|lane| lane.shares.len()).max().unwrap_or(0).max(1);
    let facts = Facts { lanes: lanes.into_iter().map(|lane| row(lane, days)).collect() };
    let showing = Showing { title: "Lanes", here: "/ops/lanes", ..Showing::default() };
    ops.inner.pages.show(Page::Lanes, &visitor, &showing, &facts)
}

fn row(lane: LaneView, days: usize) -> Row {
    let (from, to) = lane.range_days;
    let (median, range) = (format!("{:.1} days", lane.median_days), format!("{from:.0} to {to:.0} days"));
    Row {
        words: format!("Half arrive within {median}, eight of ten in {range}."),
        width: days * 10,
        bars: bars(&lane.shares),
        brand: lane.brand,
        name: lane.name,
        parcels: lane.parcels,
        median,
        range,
    }
}
