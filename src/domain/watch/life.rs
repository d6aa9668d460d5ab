//! The life of an order's alerts: opened, ended by facts, opened again.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Beside, Trouble, Watch, is_about, rank, troubles};
use crate::domain::alert::{Alert, AlertKey};
use crate::domain::decide::Cause;
use crate::domain::event::{Address, ShipFrom};
use crate::domain::fold::value;
use crate::domain::id::OrderKey;
use crate::domain::notice::Effect;
use crate::domain::order::{Alerted, State, Unreachable};
use crate::domain::parcel::{Parcel, Status};
use crate::domain::promise;

/// Alerts kept in one order's document. A troubled parcel has about three; beyond this a feed has gone wrong, and nobody reads
/// more of them.
const ALERTS_MAX: usize = 500;
/// A trouble that a fact says is opened at once if it is as fresh as this. An older one waits for a tick: after an outage the
/// fact that ends it may be the next in the queue.
const FRESH: SignedDuration = SignedDuration::from_hours(1);
/// What is older than this when an old order is taken in is the past: nobody is called for it.
const LONG_PAST: SignedDuration = SignedDuration::from_hours(48);

/// Why and when an order's troubles are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    pub now: Timestamp,
    pub cause: Cause,
    pub key: &'a OrderKey,
    pub watch: &'a Watch,
    /// See [`Beside::chance`].
    pub chance: Option<f64>,
    /// See [`Beside::quiet_feeds`].
    pub quiet_feeds: &'a BTreeSet<String>,
    /// See [`Beside::unreachable`].
    pub unreachable: Option<&'a Unreachable>,
}

/// When to look at an order again for its troubles' sake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Again {
    /// The clock alone makes something wrong at this time.
    pub at: Option<Timestamp>,
    /// Something is wrong already, and only a tick may say so.
    pub soon: bool,
}

/// Opens what is newly wrong and ends what no longer is. `alerts`: the order's memory, which grows by what is opened.
pub fn consider(
    occasion: &Occasion<'_>,
    state: &State<'_>,
    alerts: &mut Vec<Alerted>,
    effects: &mut Vec<Effect>,
) -> Again {
    let Occasion { now, chance, quiet_feeds, watch, unreachable, .. } = *occasion;
    let found = troubles(state, watch, &Beside { now, chance, quiet_feeds, alerts, unreachable });
    let mut fresh: Vec<&Trouble> = found.now.iter().collect();
    for alert in alerts.iter_mut().filter(|alert| alert.cleared.is_none()) {
        let same = |trouble: &&Trouble| {
            trouble.since.as_millisecond() == alert.since && is_about(alert, trouble.kind, trouble.parcel, state)
        };
        if let Some(place) = fresh.iter().position(same) {
            fresh.remove(place);
            continue;
        }
        alert.cleared = Some(now.as_millisecond());
        if !alert.unsaid {
            let key = AlertKey::new(occasion.key, alert.parcel.as_deref(), alert.kind, alert.occurrence);
            effects.push(Effect::Clear { alert: key, why: why_over(state, alert, &found.now) });
        }
    }
    let mut soon = false;
    for trouble in fresh {
        let age = now.duration_since(trouble.from);
        let (opens, unsaid) = match occasion.cause {
            Cause::Tick => (true, false),
            Cause::Fact => (trouble.is_said && age < FRESH, false),
            Cause::Import | Cause::Past => (age > LONG_PAST, true),
        };
        if !opens {
            soon = true;
        } else if alerts.len() < ALERTS_MAX {
            let alerted = open(state, trouble, alerts, unsaid);
            if !unsaid {
                effects.push(Effect::Raise(describe(occasion, state, trouble, &alerted)));
            }
            alerts.push(alerted);
        }
    }
    Again { at: found.next, soon }
}

fn open(state: &State<'_>, trouble: &Trouble, alerts: &[Alerted], unsaid: bool) -> Alerted {
    let before = alerts.iter().filter(|alert| is_about(alert, trouble.kind, trouble.parcel, state));
    Alerted {
        kind: trouble.kind,
        parcel: trouble.parcel.and_then(|index| state.parcels[index].id()).map(str::to_owned),
        occurrence: before.map(|alert| alert.occurrence).max().unwrap_or(0) + 1,
        since: trouble.since.as_millisecond(),
        cleared: None,
        unsaid,
    }
}

/// Why a trouble is over, as a word for rows and people.
fn why_over(state: &State<'_>, alert: &Alerted, now: &[Trouble]) -> &'static str {
    if state.cancelled.is_some() {
        return "cancelled";
    }
    let parcel = match alert.parcel.as_deref() {
        None => None,
        Some(name) => match state.find(Some(name)) {
            Some(index) => Some(index),
            None => return "voided",
        },
    };
    let status = parcel.map(|index| state.parcels[index].status());
    match status {
        Some(Status::Delivered) => "delivered",
        Some(Status::Returning | Status::Returned) => "returning",
        None if !state.is_open() => "delivered",
        _ if state.known.on_hold() => "on_hold",
        _ if now.iter().any(|other| {
            rank(other.kind) < rank(alert.kind)
                && (other.parcel == parcel || other.parcel.is_none() || parcel.is_none())
        }) =>
        {
            "gave_way"
        }
        _ => "moved_on",
    }
}

fn describe(occasion: &Occasion<'_>, state: &State<'_>, trouble: &Trouble, alerted: &Alerted) -> Alert {
    let order = &state.known.order;
    let of_the_order = || state.parcels.iter().find(|parcel| parcel.status().is_open());
    let parcel: Option<&Parcel<'_>> = trouble.parcel.map(|index| &state.parcels[index]).or_else(of_the_order);
    let from = value(&order.ship_from);
    Alert {
        key: AlertKey::new(occasion.key, alerted.parcel.as_deref(), alerted.kind, alerted.occurrence),
        order: occasion.key.clone(),
        parcel: alerted.parcel.clone(),
        kind: alerted.kind,
        occurrence: alerted.occurrence,
        since: trouble.since,
        opened_at: occasion.now,
        carrier: parcel.and_then(|parcel| value(&parcel.facts.known.carrier)).cloned(),
        lane: lane(occasion.watch.origin_country(from), from, value(&order.address)),
        warehouse: warehouse(occasion.watch, from),
        reason: trouble.reason,
        value: value(&order.total).copied(),
        currency: value(&order.currency).cloned(),
        promised: promise::promised(state),
        chance: occasion.chance,
    }
}

/// `DE → PL`; within one country `BR-SP → BR-RJ`. `None` where both ends are unknown.
fn lane(from_country: Option<&str>, from: Option<&ShipFrom>, to: Option<&Address>) -> Option<String> {
    let to_country = to.and_then(|to| to.country.as_deref());
    let regions = from.and_then(|from| from.region.as_deref()).zip(to.and_then(|to| to.region.as_deref()));
    match (from_country, to_country, regions) {
        (None, None, _) => None,
        (Some(from), Some(to), Some((here, there))) if from == to => Some(format!("{from}-{here} → {to}-{there}")),
        (from, to, _) => Some(format!("{} → {}", from.unwrap_or("?"), to.unwrap_or("?"))),
    }
}

/// The warehouse by its name in the settings, else the place as the shop writes it.
fn warehouse(watch: &Watch, from: Option<&ShipFrom>) -> Option<String> {
    let from = from?;
    if let Some(warehouse) = watch.warehouse(Some(from)) {
        return Some(warehouse.name.clone());
    }
    let place = [&from.postcode, &from.city, &from.country].into_iter().flatten().map(String::as_str);
    let place = place.collect::<Vec<_>>().join(" ");
    (!place.is_empty()).then_some(place)
}
