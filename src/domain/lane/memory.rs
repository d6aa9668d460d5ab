//! What an order remembers of its mornings: what of it has been counted, and what was foreseen.

use serde::{Deserialize, Serialize};

use super::Day;
use super::forecast::Range;
use super::trip::Named;
use super::trust::Foreseen;

/// Mornings that are remembered. Nine in ten promises are kept or missed within 60 days.
const MORNINGS_MAX: usize = 60;

/// An order's memory; a part of its document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The last day whose outcome has been counted.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Day>,
    /// How its parcels stood at the end of that day.
    #[serde(rename = "p", default, skip_serializing_if = "Vec::is_empty")]
    pub parcels: Vec<Stood>,
    /// How dear shipping and goods were, when it was looked at first.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub dear: Option<(f32, f32)>,
    /// The promised day that the mornings look towards.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<Day>,
    #[serde(rename = "m", default, skip_serializing_if = "Vec::is_empty")]
    pub mornings: Vec<Looked>,
    /// Whether the promise was held against what came.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
    /// Whether it was noted that it came at all, or did not.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    pub settled: bool,
    /// When to look next although nothing is open any more.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Day>,
    /// What was foreseen on the last morning, while something was open.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub foresight: Option<Foresight>,
}

/// How a parcel stood at the end of a day, as far as was known then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stood {
    /// Its name; `None`: what no parcel holds yet.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<String>,
    /// The carrier had it.
    #[serde(rename = "c", default, skip_serializing_if = "std::ops::Not::not")]
    pub carried: bool,
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    pub arrived: bool,
}

/// One morning's chance of missing the promise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Looked {
    #[serde(rename = "d")]
    pub day: Day,
    /// As the lanes have it, from which they learn.
    #[serde(rename = "l")]
    late: f32,
    /// As it is told, 0 to 1.
    #[serde(rename = "t")]
    pub told: f32,
}

/// What a morning foresaw of the parcel that comes last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Foresight {
    #[serde(rename = "d")]
    pub as_of: Day,
    /// The chance of missing the promise, 0 to 1; `None` without a promise, or when it has been missed.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f32>,
    /// As likely to come until then as later.
    #[serde(rename = "e")]
    pub expected: Day,
    /// Days that hold it with a chance of 50 %.
    #[serde(rename = "h")]
    pub half: Range,
    /// Days that hold it with a chance of 80 %.
    #[serde(rename = "r")]
    pub most: Range,
    /// What its lane has seen of parcels like it, in words.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Memory {
    /// Lines the parcels up with the trips as they are known now. What one has done before `first` is not counted any more.
    pub fn align(&mut self, trips: &[Named], first: Day) {
        let mut before = std::mem::take(&mut self.parcels);
        let stood = |named: &Named| match before.iter().position(|stood| stood.parcel == named.parcel) {
            Some(place) => before.swap_remove(place),
            None => Stood {
                parcel: named.parcel.clone(),
                carried: named.trip.shipped.is_some_and(|shipped| shipped < first),
                arrived: named.trip.arrived.is_some_and(|arrived| arrived < first),
            },
        };
        self.parcels = trips.iter().map(stood).collect();
    }

    /// Keeps a morning's chance.
    pub fn keep(&mut self, day: Day, told: f64, foreseen: Foreseen) {
        if self.mornings.len() == MORNINGS_MAX {
            self.mornings.remove(0);
        }
        self.mornings.push(Looked { day, late: short(foreseen.late), told: short(told) });
    }

    /// What the mornings foresaw, as the lanes learn from it.
    pub fn foreseen(&self) -> Vec<Foreseen> {
        let promised = self.promised.unwrap_or_default();
        let foreseen = |morning: &Looked| Foreseen { ahead: promised - morning.day, late: f64::from(morning.late) };
        self.mornings.iter().map(foreseen).collect()
    }

    /// Begins anew where the promise has changed: the mornings looked towards another day.
    pub fn look_towards(&mut self, promised: Option<Day>) {
        if self.promised != promised {
            self.promised = promised;
            self.mornings.clear();
            self.decided = false;
        }
    }
}

/// Four digits: documents stay short, and nothing here knows more.
pub(super) fn short(chance: f64) -> f32 {
    ((chance * 1e4).round() / 1e4) as f32
}
