//! The fixed rules: what must be known for each, and from when on it is true. None of them asks the clock.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{Trouble, Watch};
use crate::domain::alert::Kind;
use crate::domain::calendar::Calendar;
use crate::domain::event::{Address, Reason, ShipFrom, Until};
use crate::domain::fold::value;
use crate::domain::order::State;
use crate::domain::parcel::{Episode, Parcel, Status};
use crate::domain::{promise, window};

use super::settings::Limits;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the rules read, found once for an order.
pub(super) struct View<'a> {
    state: &'a State<'a>,
    watch: &'a Watch,
    origin: Calendar<'a>,
    destination: Calendar<'a>,
    /// Both countries are known and the same. What is not known counts as far away: the longer wait.
    is_domestic: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(state: &'a State<'a>, watch: &'a Watch) -> Self {
        let from: Option<&ShipFrom> = value(&state.known.order.ship_from);
        let to = value(&state.known.order.address).and_then(|address: &Address| address.country.as_deref());
        let origin_country = watch.origin_country(from);
        Self {
            state,
            watch,
            origin: watch.origin(from, &state.zone),
            destination: watch.destination(to, state),
            is_domestic: to.is_some() && origin_country == to,
        }
    }

    /// Everything that is wrong or that time alone can make wrong, each with the time from which it is.
    pub(super) fn all(&self) -> Vec<Trouble> {
        if self.state.cancelled.is_some() {
            return Vec::new();
        }
        let mut all: Vec<Trouble> =
            [self.dispatch_overdue(), self.late(), self.late_by_carrier()].into_iter().flatten().collect();
        for (index, parcel) in self.state.parcels.iter().enumerate() {
            all.extend(self.of_a_parcel(index, parcel));
        }
        all
    }

    fn of_a_parcel(&self, index: usize, parcel: &Parcel<'_>) -> impl Iterator<Item = Trouble> {
        let limits = limits_of(self.watch, parcel);
        let found = [
            self.label_never_scanned(parcel, limits),
            self.stalled(parcel, limits),
            self.presumed_lost(parcel, limits),
            self.not_delivered_today(parcel, limits),
            attempt_failed(parcel, limits),
            self.pickup_expiring(parcel, limits),
            self.carrier_delay(parcel),
            exception(parcel),
        ];
        let off = &limits.off;
        let kept = found.map(|trouble| trouble.filter(|trouble| !off.contains(&trouble.kind)));
        kept.into_iter().flatten().map(move |trouble| Trouble { parcel: Some(index), ..trouble })
    }

    /// **Not handed to the carrier in time.** Needs the payment. The limit is the order's `dispatch_by`, else 72 h of working
    /// time by the warehouse's calendar and cut-off. Packed, it has the time of a label more: the carrier must only come. A
    /// hold is the shop's own wish: silent while it lasts, and the 72 h begin when it ends. Where only some of the items have
    /// left, the rest is waited for; where nobody said what is in the parcels, nothing is.
    fn dispatch_overdue(&self) -> Option<Trouble> {
        let (known, limits) = (self.state.known, &self.watch.limits);
        let paid = known.paid.filter(|_| !known.on_hold() && !limits.off.contains(&Kind::DispatchOverdue))?;
        let explicit = value(&known.order.dispatch_by).copied();
        let never_scanned = |parcel: &Parcel<'_>| parcel.status() == Status::Announced;
        let waits = self.state.parcels.is_empty()
            || !self.state.unshipped().is_empty()
            || (explicit.is_some() && self.state.parcels.iter().any(never_scanned));
        let released = known.order.hold.as_ref().map_or(paid.time(), |hold| hold.0.time());
        let begins = self.origin.work_begins(paid.time().max(released));
        let limit = explicit.unwrap_or_else(|| self.origin.working_time_after(begins, limits.dispatch_after));
        let packed = known.packed.map(|at| self.origin.add_working_days(at.time(), limits.label_days));
        let from = packed.map_or(limit, |packed| packed.max(limit));
        waits.then(|| Trouble::concluded(Kind::DispatchOverdue, from, from))
    }

    /// **Label made, never scanned.** Needs to know when the label was made, or when its number first came; silent while the
    /// order is on hold. 4 working days by the warehouse's calendar.
    fn label_never_scanned(&self, parcel: &Parcel<'_>, limits: &Limits) -> Option<Trouble> {
        let number_came = || parcel.facts.known.number.as_ref().map(|number| number.0);
        let made = parcel.facts.created.or_else(number_came)?.time();
        let waits = parcel.episodes.is_empty() && !self.state.known.on_hold();
        let from = self.origin.add_working_days(self.origin.work_begins(made), limits.label_days);
        waits.then(|| Trouble::concluded(Kind::LabelNeverScanned, made, from))
    }

    /// **No scan for too long.** Needs a scan that says that it is on its way; see [`View::silent_since`]. 3 working days of the destination within a
    /// country, 5 across a border or where a country is not known.
    fn stalled(&self, parcel: &Parcel<'_>, limits: &Limits) -> Option<Trouble> {
        let silent = self.silent_since(parcel, limits)?;
        let from = self.destination.add_working_days(silent, limits.stalled_days.days(self.is_domestic));
        Some(Trouble::concluded(Kind::Stalled, silent, from))
    }

    /// **Presumed lost.** The carrier has given it up; or nothing was heard of it for 7 days within a country, 20 across a
    /// border or where a country is not known. These are plain days: after that many, rest days explain nothing.
    fn presumed_lost(&self, parcel: &Parcel<'_>, limits: &Limits) -> Option<Trouble> {
        if let Some(now) = parcel.now().filter(|now| now.status == Status::Lost) {
            let at = now.from.time();
            return Some(Trouble {
                reason: now.reason.or(Some(Reason::CarrierLost)),
                ..Trouble::said(Kind::PresumedLost, at)
            });
        }
        let silent = self.silent_since(parcel, limits)?;
        let days = i32::try_from(limits.lost_days.days(self.is_domestic)).unwrap_or(i32::MAX);
        let from = silent.checked_add(DAY.checked_mul(days)?).ok()?;
        Some(Trouble::concluded(Kind::PresumedLost, silent, from))
    }

    /// Since when a parcel's silence means something: since its carrier's last word. Where that is the first one as well, the
    /// carrier may be one that scans nothing between the first and the door; then silence begins when the parcel should have
    /// arrived: at the end of the day that the carrier named, else of the promised one.
    fn silent_since(&self, parcel: &Parcel<'_>, limits: &Limits) -> Option<Timestamp> {
        let last = last_word(parcel)?;
        let is_first = parcel.facts.scans.len() == 1;
        let named = || promise::expected(self.state, parcel).map(|(_, day)| day).or_else(|| self.promised());
        let should = if is_first && limits.first_scan_waits { named() } else { None };
        Some(should.map_or(last, |day| window::end_of_day(day, &self.state.zone).max(last)))
    }

    /// **Out for delivery, not delivered that day.** Needs that scan; the day ends at midnight at the destination.
    fn not_delivered_today(&self, parcel: &Parcel<'_>, limits: &Limits) -> Option<Trouble> {
        let now = parcel.now().filter(|now| now.status == Status::OutForDelivery)?;
        let midnight = window::end_of_day(window::local_day(now.to.time(), &self.state.zone), &self.state.zone);
        Some(Trouble::concluded(Kind::NotDeliveredToday, now.from.time(), after(midnight, limits.grace)))
    }

    /// **Pickup about to expire.** Needs to know until when it waits. 2 days before, but not before half of its time is over:
    /// lockers often keep a parcel two days only.
    fn pickup_expiring(&self, parcel: &Parcel<'_>, limits: &Limits) -> Option<Trouble> {
        let waits = parcel.now().filter(|now| now.status == Status::AwaitingPickup)?.from.time();
        let zone = &self.state.zone;
        let end = match parcel.pickup()?.until.as_ref()? {
            Until::Day(day) => window::end_of_day(*day, zone),
            Until::Instant(at) => *at,
        };
        let days = i64::from(limits.pickup_days);
        let before = end.to_zoned(zone.clone()).checked_sub(days.days()).map_or(end, |zoned| zoned.timestamp());
        let half = waits.checked_add(end.duration_since(waits) / 2).unwrap_or(end);
        Some(Trouble::concluded(Kind::PickupExpiring, waits, before.max(half).max(waits)))
    }

    /// **The carrier reports a delay.** Needs its scan, or a problem that nobody here can act on. While the carrier itself
    /// still names a day that keeps the promise, that day stands against it.
    fn carrier_delay(&self, parcel: &Parcel<'_>) -> Option<Trouble> {
        let now = parcel
            .now()
            .filter(|now| now.status == Status::Delayed || (now.status == Status::Exception && is_delay(now.reason)))?;
        let told = Trouble { reason: now.reason, ..Trouble::said(Kind::CarrierDelay, now.from.time()) };
        let keeps = promise::promised(self.state).zip(promise::expected(self.state, parcel));
        Some(match keeps {
            Some((promised, (_, day))) if day <= promised => {
                let over = window::end_of_day(day, &self.state.zone);
                Trouble { from: over.max(told.from), is_said: false, ..told }
            }
            _ => told,
        })
    }

    /// **The expected day has passed.** Needs a promise, else a day that the carriers name, and a payment or a parcel. A
    /// promise for a day before the payment cannot have been meant: it is as if none was made. What waits to be collected has
    /// arrived as far as the carrier can see to it.
    fn late(&self) -> Option<Trouble> {
        let limits = self.limits_of_the_order();
        let day = self.promised().or_else(|| promise::expected_last(self.state))?;
        let begun =
            self.state.known.paid.is_some() || self.state.parcels.iter().any(|parcel| parcel.shipped_at().is_some());
        let over = window::end_of_day(day, &self.state.zone);
        let is_due = begun && !limits.off.contains(&Kind::Late) && self.waits_for_us();
        is_due.then(|| Trouble::concluded(Kind::Late, over, after(over, limits.grace)))
    }

    /// **Likely to miss its promise**, as far as it needs no history: the carrier names a day after the promised one.
    fn late_by_carrier(&self) -> Option<Trouble> {
        let limits = self.limits_of_the_order();
        let promised = self.promised().filter(|_| !limits.off.contains(&Kind::LateExpected) && self.waits_for_us())?;
        promise::expected_last(self.state).filter(|day| *day > promised)?;
        let open = self.state.parcels.iter().filter(|parcel| parcel.status().is_open());
        let named = open.filter_map(|parcel| parcel.facts.known.eta.as_ref()).map(|eta| eta.0.time()).max()?;
        Some(Trouble::said(Kind::LateExpected, named))
    }

    /// The promised day, if it can have been meant.
    pub(super) fn promised(&self) -> Option<jiff::civil::Date> {
        promise::promised(self.state)
    }

    /// Whether the carriers themselves name a day that is still ahead and keeps the promise.
    pub(super) fn carriers_keep_it(&self, now: Timestamp) -> bool {
        let today = window::local_day(now, &self.state.zone);
        let keeps = self.promised().zip(promise::expected_last(self.state));
        keeps.is_some_and(|(promised, day)| today <= day && day <= promised)
    }

    /// Whether something of the order is still to be brought to the customer.
    pub(super) fn waits_for_us(&self) -> bool {
        let on_its_way = |parcel: &Parcel<'_>| parcel.status().is_open() && parcel.status() != Status::AwaitingPickup;
        self.state.is_open()
            && (self.state.parcels.is_empty()
                || self.state.parcels.iter().any(on_its_way)
                || !self.state.unshipped().is_empty())
    }

    /// What the whole order is held to: what its first parcel on the way is.
    pub(super) fn limits_of_the_order(&self) -> &'a Limits {
        let open = self.state.parcels.iter().find(|parcel| parcel.status().is_open());
        open.map_or(&self.watch.limits, |parcel| limits_of(self.watch, parcel))
    }
}

/// **Delivery attempts used up.** Needs the scans of the attempts: 2 by default, as the carrier does it. Over as soon as it is
/// on the van again, waits to be collected or goes back.
fn attempt_failed(parcel: &Parcel<'_>, limits: &Limits) -> Option<Trouble> {
    let failed = |episode: &&Episode| episode.status == Status::AttemptFailed;
    let count = parcel.episodes.iter().filter(failed).count();
    let last = parcel.episodes.iter().rfind(|episode| episode.status == Status::AttemptFailed)?;
    let is_open = matches!(parcel.status(), Status::AttemptFailed | Status::Moving | Status::Delayed);
    let used_up = is_open && count >= limits.attempts as usize;
    used_up.then(|| Trouble { reason: last.reason, ..Trouble::said(Kind::AttemptFailed, last.from.time()) })
}

/// **A problem to act on.** Needs the carrier's report. Weather and full depots are delays: nobody can act on those.
fn exception(parcel: &Parcel<'_>) -> Option<Trouble> {
    let now = parcel.now().filter(|now| now.status == Status::Exception && !is_delay(now.reason))?;
    Some(Trouble { reason: now.reason.or(Some(Reason::Unknown)), ..Trouble::said(Kind::Exception, now.from.time()) })
}

fn is_delay(reason: Option<Reason>) -> bool {
    matches!(reason, Some(Reason::Weather | Reason::CarrierCapacity))
}

/// When the carrier last said anything of a parcel that is on its way, and whose silence therefore means something.
fn last_word(parcel: &Parcel<'_>) -> Option<Timestamp> {
    let is_on_its_way = match parcel.status() {
        Status::Moving | Status::Delayed | Status::OutForDelivery | Status::AttemptFailed => true,
        Status::Announced
        | Status::AwaitingPickup
        | Status::Delivered
        | Status::Exception
        | Status::Returning
        | Status::Returned
        | Status::Lost => false,
    };
    parcel.last_scan().filter(|_| is_on_its_way).map(|scan| scan.at.time())
}

fn limits_of<'a>(watch: &'a Watch, parcel: &Parcel<'_>) -> &'a Limits {
    let known = &parcel.facts.known;
    watch.limits(value(&known.carrier).map(String::as_str), value(&known.service).map(String::as_str))
}

fn after(at: Timestamp, length: SignedDuration) -> Timestamp {
    at.checked_add(length).unwrap_or(Timestamp::MAX)
}
