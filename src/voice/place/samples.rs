//! Sights to try the page with: what `check` renders, and what pictures and snapshots are made of.

use jiff::{SignedDuration, Timestamp};

use super::{Began, Now, Scan, Sight, Sure, Track};
use crate::domain::event::Kind;
use crate::domain::person::Role;
use crate::domain::stage::Stage;
use crate::link::Reader;
use crate::voice::samples;
use crate::voice::view::{Delay, Expected, Parcel, State, View};

/// A sight with a name for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What matters now, and what is special about it.
    pub name: String,
    pub sight: Sight,
}

/// Of the samples that every stage has, those in which a page differs: the usual one, several parcels, a gift, and texts that
/// are missing, hostile or long.
const COMMON: [&str; 6] = ["usual", "parcel 2 of 3", "gift", "almost nothing known", "hostile texts", "long texts"];

const ALL: [(&str, Now); 16] = [
    ("checked", Now::Checked),
    ("placed", Now::Placed),
    ("preparing", Now::Preparing),
    ("packed", Now::Packed),
    ("coming", Now::Coming),
    ("out", Now::Out),
    ("attempted", Now::Attempted),
    ("to collect", Now::ToCollect),
    ("late", Now::Late),
    ("held up", Now::HeldUp),
    ("returning", Now::Returning),
    ("returned", Now::Returned),
    ("lost", Now::Lost),
    ("cancelled", Now::Cancelled),
    ("delivered", Now::Delivered),
    ("complete", Now::Complete),
];

/// Every sample: each thing that can matter now, with every sample of its stage, for each reader.
pub fn samples() -> Vec<Sample> {
    let of = |(name, now): &(&str, Now)| {
        let all = samples::samples(now.stage()).into_iter().filter(|sample| COMMON.contains(&sample.name));
        let all: Vec<Sample> = all
            .map(|sample| Sample { name: format!("{name}, {}", sample.name), sight: sight(*now, sample.view) })
            .collect();
        let usual = all.first().map(|first| first.sight.clone());
        let more = usual.into_iter().flat_map(|usual| {
            let unsure = Sight { sure: Sure::Probably, ..usual.clone() };
            let shared = Sight { reader: Reader::Shared, view: strange(usual.view.clone()), ..usual };
            [("unsure", unsure), ("shared", shared)]
                .map(|(special, sight)| Sample { name: format!("{name}, {special}"), sight })
        });
        all.into_iter().chain(more.collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    ALL.iter().flat_map(of).collect()
}

/// Without anything that a stranger must not see.
fn strange(view: View) -> View {
    let order = crate::voice::view::Order { expected: view.order.expected, ..Default::default() };
    View { person: crate::voice::view::Person { name: None, role: Role::Recipient }, order, ..view }
}

fn sight(now: Now, mut view: View) -> Sight {
    let has_parcels = !matches!(now, Now::Checked | Now::Placed | Now::Preparing | Now::Packed | Now::Cancelled);
    if !has_parcels {
        view.parcels.clear();
        view.parcel = None;
    }
    let day = match now {
        Now::Late => view.delay.as_ref().and_then(|delay: &Delay| delay.now.clone()),
        Now::Preparing | Now::Packed | Now::Coming => {
            let own = view.this_parcel().and_then(|parcel| parcel.expected.clone());
            own.or(view.order.expected.clone()).filter(|_| view.stage != Stage::Cancelled)
        }
        Now::Out => Some(Expected::Day(view.zone.to_datetime(view.now).date())),
        _ => None,
    };
    let reader = Reader::of(view.person.role);
    let tracks = view.parcels.iter().map(|parcel| track(parcel, view.now)).collect();
    let hours = |n: i64| view.now - SignedDuration::from_hours(n);
    let began = vec![(Began::Placed, hours(60)), (Began::Paid, hours(60)), (Began::Packed, hours(40))];
    Sight { reader, now, day, sure: Sure::Yes, tracks, began, view }
}

fn track(parcel: &Parcel, now: Timestamp) -> Track {
    let before = |n: i64| now - SignedDuration::from_hours(n);
    let last = match parcel.state {
        State::Announced => return Track::default(),
        State::Moving => Kind::ShipmentInTransit,
        State::OutForDelivery => Kind::ShipmentOutForDelivery,
        State::AttemptFailed => Kind::ShipmentAttemptFailed,
        State::Waiting => Kind::ShipmentAvailableForPickup,
        State::Delivered => Kind::ShipmentDelivered,
        State::Exception => Kind::ShipmentException,
        State::Returning => Kind::ShipmentReturning,
        State::Returned => Kind::ShipmentReturned,
        State::Lost => Kind::ShipmentLost,
    };
    let scan = |n: i64, kind: Kind, place: Option<&str>| Scan {
        at: before(n),
        kind,
        place: place.map(str::to_owned),
        words: None,
        handover: None,
    };
    let mut scans = vec![scan(30, Kind::ShipmentShipped, Some("Leipzig, DE"))];
    scans.extend((2..12).rev().map(|n| scan(2 * n, Kind::ShipmentInTransit, Some("Dublin, IE"))));
    let words = parcel.description.clone();
    scans.push(Scan { words, handover: parcel.handover, ..scan(1, last, parcel.place.as_deref()) });
    Track { shipped: Some(before(30)), near: Some(before(3)), scans }
}
