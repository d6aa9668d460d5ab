//! From an order to what its page may see of it, for one reader.

use jiff::{SignedDuration, Timestamp};

use crate::dispatch::view::{cancelled, item, order_view, parcel_view, promised};
use crate::domain::called;
use crate::domain::event::Kind;
use crate::domain::fold::{self, value};
use crate::domain::id::OrderKey;
use crate::domain::order::{Order, State};
use crate::domain::outlook;
use crate::domain::parcel::{Parcel, Status};
use crate::domain::person::Role;
use crate::domain::policy::Policy;
use crate::domain::promise;
use crate::domain::window;
use crate::link::Reader;
use crate::voice::content::Moment;
use crate::voice::place::{Began, Now, Scan, Sight, Sure, Track};
use crate::voice::view::{Delay, Expected, Links, Parcel as ParcelView, Person, View};

/// How long links of an order work that never came to its end. As long as facts are kept by default.
const UNSETTLED: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Whether the order's links have run out: `open_days` after its end, or long after anything was heard of it.
pub(super) fn is_expired(state: &State<'_>, open_days: u16, now: Timestamp) -> bool {
    let (end, open) = match outlook::settled_at(state) {
        Some(end) => (Some(end), SignedDuration::from_hours(24 * i64::from(open_days))),
        None => (outlook::heard_at(state), UNSETTLED),
    };
    end.is_some_and(|end| now.duration_since(end) > open)
}

/// What `reader` may see of the order at `now`.
pub(super) fn sight(key: &OrderKey, order: &Order, reader: Reader, policy: &Policy, now: Timestamp) -> Sight {
    let state = order.state(&policy.zone);
    let late = outlook::late(&state, &order.told, &policy.delays, now);
    let (what, parcel) = matters(&state, late.is_some(), now);
    let stage = what.stage();
    let total = u32::try_from(state.parcels.len()).unwrap_or(u32::MAX);
    let parcels: Vec<ParcelView> =
        (1..).zip(&state.parcels).map(|(number, p)| parcel_view(&state, p, number, total, now)).collect();
    let role = reader.role().unwrap_or(Role::Recipient);
    let person = state.person(role);
    let focus = parcel.and_then(|place| state.parcels.get(place));
    let links = value(&state.known.order.links);
    let fact_at = focus.and_then(called::standing).map_or(now, |episode| episode.from.time());
    let mut view = View {
        now,
        zone: state.zone.clone(),
        person: Person { name: person.and_then(|person| value(&person.name)).cloned(), role },
        stage,
        parcel,
        occurrence: focus.map_or(1, occurrence),
        fact_at,
        news: Vec::new(),
        order: order_view(&state, key.order_str(), now),
        parcels,
        to_come: state.unshipped().iter().map(item).collect(),
        delay: None,
        correction: None,
        cancelled: (what == Now::Cancelled).then(|| cancelled(&state, now)),
        going_back: None,
        content: Moment::default(),
        links: Links {
            order: links.and_then(|links| links.order.clone()),
            support: links.and_then(|links| links.support.clone()),
            ..Links::default()
        },
    };
    let (day, sure) = match (what, late) {
        (Now::Late, Some(late)) => {
            let day = late.day.map(|day| match late.from {
                Some(from) => Expected::Days { from, until: day },
                None => Expected::Day(day),
            });
            view.delay = Some(Delay {
                was: value(&state.known.order.promise).map(promised),
                now: day.clone(),
                reason: late.reason,
                missed: late.missed,
                likely: late.chance.is_some(),
                learned: late.learned,
            });
            (day, if late.learned { Sure::Probably } else { Sure::Yes })
        }
        _ => expected(&state, order, policy, what, &view),
    };
    let tracks = state.parcels.iter().map(|parcel| track(parcel, reader)).collect();
    let began = began(&state);
    if reader == Reader::Shared {
        make_strange(&mut view);
    }
    Sight { view, reader, now: what, day, sure, tracks, began }
}

/// Which time of its kind the parcel's last failed attempt was.
fn occurrence(parcel: &Parcel<'_>) -> u32 {
    let tries = parcel.episodes.iter().filter(|episode| episode.status == Status::AttemptFailed).count();
    u32::try_from(tries.max(1)).unwrap_or(u32::MAX)
}

/// What matters now, and which parcel it is about: what asks the customer to act first, then what happens today, then the
/// rest. `None`: the whole order.
fn matters(state: &State<'_>, is_late: bool, now: Timestamp) -> (Now, Option<usize>) {
    let known = state.known;
    if state.cancelled.is_some() {
        return (Now::Cancelled, None);
    }
    if known.on_hold() {
        return (Now::Checked, None);
    }
    let today = window::local_day(now, &state.zone);
    let is_today = |parcel: &Parcel<'_>| {
        parcel.now().is_some_and(|episode| window::local_day(episode.to.time(), &state.zone) == today)
    };
    let stands = |parcel: &Parcel<'_>, status: Status| called::standing(parcel).is_some_and(|now| now.status == status);
    let first = |status: Status| state.parcels.iter().position(|parcel| stands(parcel, status));
    let urgent = [
        (Status::Exception, Now::HeldUp),
        (Status::AttemptFailed, Now::Attempted),
        (Status::AwaitingPickup, Now::ToCollect),
    ];
    if let Some((what, place)) = urgent.into_iter().find_map(|(status, what)| Some((what, first(status)?))) {
        return (what, Some(place));
    }
    let on_the_van = |parcel: &Parcel<'_>| parcel.status() == Status::OutForDelivery && is_today(parcel);
    if let Some(place) = state.parcels.iter().position(on_the_van) {
        return (Now::Out, Some(place));
    }
    if is_late {
        return (Now::Late, (state.parcels.len() == 1).then_some(0));
    }
    let gone = [(Status::Lost, Now::Lost), (Status::Returning, Now::Returning)];
    if let Some((what, place)) = gone.into_iter().find_map(|(status, what)| Some((what, first(status)?))) {
        return (what, Some(place));
    }
    if state.parcels.iter().any(|parcel| parcel.status().is_open()) {
        return on_its_way(state);
    }
    if let Some(place) = first(Status::Returned) {
        return (Now::Returned, Some(place));
    }
    if state.complete_at().is_some() {
        return (Now::Complete, None);
    }
    // Delivered, and perhaps something is still to come, which the page lists.
    let last = (0..state.parcels.len()).max_by_key(|place| state.parcels[*place].now().map(|episode| episode.from));
    match last {
        Some(place) => (Now::Delivered, Some(place)),
        None => (before_any_parcel(state), None),
    }
}

/// The parcel that comes first; the whole order where all of it comes on one day.
fn on_its_way(state: &State<'_>) -> (Now, Option<usize>) {
    let phase = |parcel: &Parcel<'_>| match parcel.status() {
        Status::Announced => before_any_parcel(state),
        _ => Now::Coming,
    };
    let open = |place: &usize| state.parcels[*place].status().is_open();
    let day = |place: usize| promise::expected(state, &state.parcels[place]).map(|(_, last)| last);
    let coming: Vec<usize> = (0..state.parcels.len()).filter(open).collect();
    let Some(&first) = coming.first() else { return (Now::Preparing, None) };
    let alike =
        |place: &usize| day(*place) == day(first) && phase(&state.parcels[*place]) == phase(&state.parcels[first]);
    let all = coming.len() == state.parcels.len() && coming.len() > 1 && coming.iter().all(alike);
    if all && state.unshipped().is_empty() {
        return (phase(&state.parcels[first]), None);
    }
    // What is with the carrier first, then what has a day.
    let next = coming.iter().copied().min_by_key(|place| {
        let day = day(*place);
        (phase(&state.parcels[*place]) != Now::Coming, day.is_none(), day)
    });
    let next = next.unwrap_or(first);
    (phase(&state.parcels[next]), Some(next))
}

fn before_any_parcel(state: &State<'_>) -> Now {
    match (state.known.packed, state.known.paid) {
        (Some(_), _) => Now::Packed,
        (None, Some(_)) => Now::Preparing,
        (None, None) if state.parcels.is_empty() => Now::Placed,
        (None, None) => Now::Preparing,
    }
}

/// The day that the headline names, and how sure it is.
fn expected(state: &State<'_>, order: &Order, policy: &Policy, what: Now, view: &View) -> (Option<Expected>, Sure) {
    match what {
        Now::Out => (Some(Expected::Day(window::local_day(view.now, &state.zone))), Sure::Yes),
        Now::Preparing | Now::Packed | Now::Coming => {
            let one = view.this_parcel();
            let orders = view.order.expected.as_ref().filter(|_| one.is_none_or(|parcel| parcel.of == 1));
            let day = one.and_then(|parcel| parcel.expected.as_ref()).or(orders);
            // Of one among several parcels, only its own carrier's day counts.
            let whole = one.is_none_or(|parcel| parcel.of == 1);
            if let Some((from, until)) =
                outlook::foreseen(state, &order.told, &policy.delays, view.now).filter(|_| whole)
            {
                let days = if from < until { Expected::Days { from, until } } else { Expected::Day(until) };
                return (Some(days), Sure::Probably);
            }
            let by_carrier = promise::expected_last(state).is_some();
            (day.cloned(), if by_carrier { Sure::Yes } else { Sure::Should })
        }
        Now::Checked
        | Now::Placed
        | Now::Attempted
        | Now::ToCollect
        | Now::Late
        | Now::HeldUp
        | Now::Returning
        | Now::Returned
        | Now::Lost
        | Now::Cancelled
        | Now::Delivered
        | Now::Complete => (None, Sure::Yes),
    }
}

fn track(parcel: &Parcel<'_>, reader: Reader) -> Track {
    let near = parcel.episodes.iter().rev().find(|episode| {
        matches!(episode.status, Status::OutForDelivery | Status::AwaitingPickup | Status::AttemptFailed)
    });
    Track {
        shipped: parcel.shipped_at().map(|at| at.time()),
        near: near.map(|episode| episode.from.time()),
        scans: parcel.facts.scans.iter().map(|scan| seen(scan, reader)).collect(),
    }
}

/// A scan. Near the end of the way its place is where the customer lives, which strangers need not know.
fn seen(scan: &fold::Scan, reader: Reader) -> Scan {
    let on_the_way = matches!(scan.kind, Kind::ShipmentShipped | Kind::ShipmentInTransit | Kind::ShipmentDelayed);
    let is_stranger = reader.role().is_none();
    Scan {
        at: scan.at.time(),
        kind: scan.kind,
        place: scan.location.clone().filter(|_| on_the_way || !is_stranger),
        words: scan.description.clone().filter(|_| !is_stranger),
        handover: scan.handover,
    }
}

fn began(state: &State<'_>) -> Vec<(Began, Timestamp)> {
    let known = state.known;
    let placed = value(&known.order.placed_at).copied().or(known.placed.map(|at| at.time()));
    let paid = known.paid.map(|at| at.time());
    let packed = known.packed.map(|at| at.time());
    let all = [(Began::Placed, placed), (Began::Paid, paid), (Began::Packed, packed)];
    all.into_iter().filter_map(|(what, at)| Some((what, at?))).collect()
}

/// Takes out everything that a stranger must not see. What is not here cannot be shown by any template.
fn make_strange(view: &mut View) {
    view.person.name = None;
    let expected = view.order.expected.take();
    view.order = crate::voice::view::Order { expected, ..Default::default() };
    view.to_come.clear();
    view.links = Links::default();
    view.cancelled =
        view.cancelled.take().map(|gone| crate::voice::view::Cancelled { items: Vec::new(), reason: None, ..gone });
    for parcel in &mut view.parcels {
        parcel.items.clear();
        parcel.description = None;
        let is_on_the_way = matches!(parcel.state, crate::voice::view::State::Moving);
        parcel.place = parcel.place.take().filter(|_| is_on_the_way);
        if let Some(pickup) = &mut parcel.pickup {
            pickup.code = None;
        }
    }
}
