//! Lanes with their distributions: how long parcels take on each, as far as it has been learnt.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;

use super::Ops;
use super::guard::Visitor;
use super::page::{Page, Showing};
use super::plot::{Bar, bars};

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
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lanes")
    }
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
