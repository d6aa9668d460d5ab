//! Troubles: what ops must know of an order or a parcel, found by fixed rules that need no history.
//!
//! A rule says from when on it is true (`rules`), so the same code tells what is wrong now and when to look again. Of several
//! troubles of one parcel the one that says best what to do stands, and the others give way ([`troubles`]). What has been
//! opened is kept in the order's document, and compared with what is wrong now (`life`): so each episode is opened once, ends
//! by itself, and comes back as the next occurrence. Customers hear nothing of all this.

mod life;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

pub use life::{Occasion, consider};
pub use settings::{ByDistance, CarrierLimits, Limits, Warehouse, Watch};

use super::alert::Kind;
use super::event::Reason;
use super::fold::value;
use super::order::{Alerted, State, Unreachable};
use super::parcel::{Parcel, Status};
use rules::View;

/// How long to wait before a carrier is asked about again whose whole feed is silent.
const QUIET_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// How long ops have an unreachable customer before them. A week: then the order has ended some way or other.
const UNREACHABLE_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far a clock may jump back without ending what it has opened: an hour, and some more for two such jumps.
const CLOCK_BACK: SignedDuration = SignedDuration::from_hours(2);

/// Something that is wrong, or will be when its time comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub kind: Kind,
    /// Index into [`State::parcels`]; `None`: the whole order.
    pub parcel: Option<usize>,
    /// When it began: tells one episode from the next.
    pub since: Timestamp,
    /// From when on it counts as trouble.
    pub from: Timestamp,
    pub reason: Option<Reason>,
    /// A fact says so. Otherwise it is concluded from the clock, and only the clock may open it: a fact that is behind its time
    /// is often followed by the one that ends the trouble.
    pub is_said: bool,
}

impl Trouble {
    fn said(kind: Kind, at: Timestamp) -> Self {
        Self { kind, parcel: None, since: at, from: at, reason: None, is_said: true }
    }

    fn concluded(kind: Kind, since: Timestamp, from: Timestamp) -> Self {
        Self { kind, parcel: None, since, from, reason: None, is_said: false }
    }
}

/// What is known beside the order's facts.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    pub now: Timestamp,
    /// The chance that the order misses its promise, 0 to 1, where one was foreseen.
    pub chance: Option<f64>,
    /// Carriers whose whole feed is silent, by slug: the silence of their parcels means nothing.
    pub quiet_feeds: &'a BTreeSet<String>,
    /// What has been opened for this order.
    pub alerts: &'a [Alerted],
    /// An address to which what the customer must know could not go.
    pub unreachable: Option<&'a Unreachable>,
}

/// What is wrong with an order now, and when to look again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Troubles {
    pub now: Vec<Trouble>,
    /// The next time at which the clock alone makes something wrong.
    pub next: Option<Timestamp>,
}

/// What is wrong with an order, the strongest first. One parcel rarely has more than one.
pub fn troubles(state: &State<'_>, watch: &Watch, beside: &Beside<'_>) -> Troubles {
    let view = View::new(state, watch);
    // A clock that jumps back contradicts nothing: what is open stays so.
    let was_reached = |trouble: &Trouble| {
        trouble.from.duration_since(beside.now) <= CLOCK_BACK
            && open_one(state, trouble, beside.alerts).is_some_and(|open| open.since == trouble.since.as_millisecond())
    };
    let (mut now, ahead): (Vec<_>, Vec<_>) =
        view.all().into_iter().partition(|trouble| trouble.from <= beside.now || was_reached(trouble));
    let mut next = ahead.iter().map(|trouble| trouble.from).min();
    now.extend(likely_late(&view, beside));
    if let Some(trouble) = unreachable(&view, state, beside) {
        let over = trouble.since + UNREACHABLE_FOR;
        next = Some(next.map_or(over, |next| next.min(over)));
        now.push(trouble);
    }
    let all = now.len();
    now.retain(|trouble| !is_blind(state, trouble, beside) || open_one(state, trouble, beside.alerts).is_some());
    if now.len() < all {
        let again = beside.now + QUIET_AGAIN;
        next = Some(next.map_or(again, |next| next.min(again)));
    }
    // An order near the line stays one episode, whatever named it first.
    for trouble in now.iter_mut().filter(|trouble| trouble.kind == Kind::LateExpected) {
        if let Some(open) = open_one(state, trouble, beside.alerts) {
            trouble.since = Timestamp::from_millisecond(open.since).unwrap_or(trouble.since);
        }
    }
    Troubles { now: strongest(state, now), next }
}

/// By the chance that was foreseen: opened above one line, over below another.
fn likely_late(view: &View<'_>, beside: &Beside<'_>) -> Option<Trouble> {
    let limits = view.limits_of_the_order();
    let chance = beside.chance.filter(|_| !limits.off.contains(&Kind::LateExpected))?;
    let is_open = beside.alerts.iter().any(|alert| alert.kind == Kind::LateExpected && alert.cleared.is_none());
    let is_likely = if is_open { chance > limits.late_cleared } else { chance >= limits.late_expected };
    let can_be = view.promised().is_some() && view.waits_for_us() && !view.carriers_keep_it(beside.now);
    (is_likely && can_be).then(|| Trouble::said(Kind::LateExpected, beside.now))
}

/// Until the address is replaced, or nobody needs to know any more.
fn unreachable(view: &View<'_>, state: &State<'_>, beside: &Beside<'_>) -> Option<Trouble> {
    let dead = beside.unreachable.filter(|_| !view.limits_of_the_order().off.contains(&Kind::Unreachable))?;
    let since = Timestamp::from_millisecond(dead.since).ok()?;
    let stands = state.address_stamp(dead.role, dead.channel) == Some(dead.stamp);
    (stands && beside.now < since + UNREACHABLE_FOR).then(|| Trouble::said(Kind::Unreachable, since))
}

/// Whether it is concluded from the silence of a carrier whose whole feed is silent.
fn is_blind(state: &State<'_>, trouble: &Trouble, beside: &Beside<'_>) -> bool {
    let from_silence = match trouble.kind {
        Kind::LabelNeverScanned | Kind::Stalled | Kind::NotDeliveredToday | Kind::PresumedLost => !trouble.is_said,
        Kind::LateExpected => true,
        Kind::DispatchOverdue
        | Kind::Late
        | Kind::CarrierDelay
        | Kind::AttemptFailed
        | Kind::PickupExpiring
        | Kind::Exception
        | Kind::Unreachable
        | Kind::UnknownTrackingNumber => false,
    };
    let is_quiet = |parcel: &Parcel<'_>| {
        value(&parcel.facts.known.carrier).is_some_and(|carrier| beside.quiet_feeds.contains(carrier))
    };
    from_silence
        && !beside.quiet_feeds.is_empty()
        && match trouble.parcel {
            Some(index) => is_quiet(&state.parcels[index]),
            None => state.parcels.iter().any(|parcel| parcel.status().is_open() && is_quiet(parcel)),
        }
}

/// The open alert of this kind for the same parcel or order.
fn open_one<'a>(state: &State<'_>, trouble: &Trouble, alerts: &'a [Alerted]) -> Option<&'a Alerted> {
    alerts.iter().find(|alert| alert.cleared.is_none() && is_about(alert, trouble.kind, trouble.parcel, state))
}

/// Whether an alert is of this kind and about this parcel, or the whole order.
fn is_about(alert: &Alerted, kind: Kind, parcel: Option<usize>, state: &State<'_>) -> bool {
    alert.kind == kind
        && match parcel {
            Some(index) => state.parcels[index].is(alert.parcel.as_deref()),
            None => alert.parcel.is_none(),
        }
}

/// Smaller is stronger. What the shop can act on goes before what only the carrier can; and of what the carrier can act on,
/// a broken promise goes before the silence that came before it.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::PresumedLost => 0,
        Kind::Exception => 1,
        Kind::AttemptFailed => 2,
        Kind::PickupExpiring => 3,
        Kind::DispatchOverdue => 4,
        Kind::LabelNeverScanned => 5,
        Kind::Late => 6,
        Kind::Stalled => 7,
        Kind::NotDeliveredToday => 8,
        Kind::CarrierDelay => 9,
        Kind::LateExpected => 10,
        Kind::Unreachable => 11,
        Kind::UnknownTrackingNumber => 12,
    }
}

fn strongest(state: &State<'_>, mut all: Vec<Trouble>) -> Vec<Trouble> {
    all.sort_by_key(|trouble| (rank(trouble.kind), trouble.parcel));
    let mut kept: Vec<Trouble> = Vec::with_capacity(all.len());
    for trouble in all {
        // That nobody can be reached is true beside whatever is wrong with the parcels.
        if trouble.kind == Kind::Unreachable || !gives_way(state, &trouble, &kept) {
            kept.push(trouble);
        }
    }
    kept
}

/// Whether stronger troubles say all that this one could.
fn gives_way(state: &State<'_>, weak: &Trouble, stronger: &[Trouble]) -> bool {
    let never_scanned = |parcel: &Parcel<'_>| parcel.status() == Status::Announced;
    let covers = |strong: &Trouble, parcel: usize| match (strong.parcel, strong.kind) {
        (Some(of), _) => of == parcel,
        // What is not handed over yet says nothing of a parcel that is under way.
        (None, Kind::DispatchOverdue) => never_scanned(&state.parcels[parcel]),
        (None, _) => true,
    };
    let is_covered = |parcel: usize| stronger.iter().any(|strong| covers(strong, parcel));
    match weak.parcel {
        Some(parcel) => is_covered(parcel),
        None => {
            let mut open = (0..state.parcels.len()).filter(|index| state.parcels[*index].status().is_open()).peekable();
            let same_sort = stronger.iter().any(|strong| strong.parcel.is_none());
            if open.peek().is_none() { same_sort } else { open.all(is_covered) }
        }
    }
}
