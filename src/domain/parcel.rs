//! One parcel as its facts tell it: what it is, and the episodes it has been through.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::event::{Eta, Kind, ParcelItem, Pickup, Reason};
use super::fold::{Facts, Name, Scan, Stamp, value};
use super::window;

/// A plain scan within this time of a weightier one says nothing against it: carriers' systems report the last hub late.
const TRAILING: SignedDuration = SignedDuration::from_hours(1);
/// A plain scan within this time of the van's departure is the van's own: the parcel is still on it.
const VAN_DAY: SignedDuration = SignedDuration::from_hours(12);
/// Failed attempts closer together than this are one attempt that two feeds report.
const ATTEMPTS_APART: SignedDuration = SignedDuration::from_hours(3);

/// Where a parcel is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Announced; not yet with the carrier.
    Announced,
    Moving,
    /// The carrier reports a delay; still on its way.
    Delayed,
    OutForDelivery,
    AttemptFailed,
    AwaitingPickup,
    Delivered,
    /// Something is wrong.
    Exception,
    Returning,
    Returned,
    Lost,
}

impl Status {
    /// Whether nothing more is expected to reach the customer.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Returned | Self::Lost)
    }

    /// Whether it is still expected to arrive.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Delivered | Self::Returning | Self::Returned | Self::Lost)
    }

    fn of(kind: Kind) -> Self {
        match kind {
            Kind::ShipmentShipped | Kind::ShipmentInTransit => Self::Moving,
            Kind::ShipmentDelayed => Self::Delayed,
            Kind::ShipmentOutForDelivery => Self::OutForDelivery,
            Kind::ShipmentAttemptFailed => Self::AttemptFailed,
            Kind::ShipmentAvailableForPickup => Self::AwaitingPickup,
            Kind::ShipmentDelivered => Self::Delivered,
            Kind::ShipmentException => Self::Exception,
            Kind::ShipmentReturning => Self::Returning,
            Kind::ShipmentReturned => Self::Returned,
            Kind::ShipmentLost => Self::Lost,
            Kind::OrderPlaced
            | Kind::OrderPaid
            | Kind::OrderUpdated
            | Kind::OrderPacked
            | Kind::OrderCancelled
            | Kind::ShipmentCreated
            | Kind::ShipmentUpdated
            | Kind::ShipmentCancelled => Self::Announced,
        }
    }
}

/// A stretch of a parcel's life in which one thing held.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    pub status: Status,
    /// Its first scan.
    pub from: Stamp,
    /// Its last scan that said the same.
    pub to: Stamp,
    /// Which of the parcel's scans tells it best: the last one.
    pub scan: usize,
    pub reason: Option<Reason>,
}

/// One parcel, whatever it has been called.
#[derive(Debug, Clone)]
pub struct Parcel<'a> {
    /// Every name under which it was reported; the shop's ids first.
    pub names: Vec<&'a Name>,
    pub facts: Cow<'a, Facts>,
    pub episodes: Vec<Episode>,
}

impl<'a> Parcel<'a> {
    /// Reads the episodes off the facts. `zone`: the destination's, in which a delivery day is a day.
    pub fn new(names: Vec<&'a Name>, facts: Cow<'a, Facts>, zone: &TimeZone) -> Self {
        let episodes = episodes(&facts.scans, zone);
        Self { names, facts, episodes }
    }

    /// The name that goes into keys, rows and messages: the shop's id, else the number, else `None`.
    pub fn id(&self) -> Option<&'a str> {
        self.names.first().and_then(|name| name.shown())
    }

    /// Whether it was ever reported under this name (as shown in keys).
    pub fn is(&self, id: Option<&str>) -> bool {
        match id {
            Some(id) => {
                self.names.iter().any(|name| name.shown() == Some(id))
                    || self.facts.numbers.iter().any(|number| number.as_str() == id)
            }
            None => self.names.iter().any(|name| name.shown().is_none()),
        }
    }

    /// Whether it was voided before it moved.
    pub fn is_voided(&self) -> bool {
        self.facts.cancelled.is_some() && self.episodes.is_empty()
    }

    /// What holds now.
    pub fn status(&self) -> Status {
        self.episodes.last().map_or(Status::Announced, |episode| episode.status)
    }

    /// The episode that holds now.
    pub fn now(&self) -> Option<&Episode> {
        self.episodes.last()
    }

    /// The first proof that the carrier has it.
    pub fn shipped_at(&self) -> Option<Stamp> {
        let explicit = self.facts.scans.iter().find(|scan| scan.kind == Kind::ShipmentShipped);
        let first = self.facts.scans.iter().find(|scan| Status::of(scan.kind) != Status::Exception);
        explicit.or(first).map(|scan| scan.at)
    }

    /// When it was handed over, while that stands.
    pub fn delivered_at(&self) -> Option<Timestamp> {
        self.now().filter(|now| now.status == Status::Delivered).map(|now| now.from.time())
    }

    /// The scan that tells an episode best.
    pub fn scan_of(&self, episode: &Episode) -> &Scan {
        &self.facts.scans[episode.scan]
    }

    /// The latest scan, of whatever kind.
    pub fn last_scan(&self) -> Option<&Scan> {
        self.facts.scans.last()
    }

    /// The number as the carrier prints it.
    pub fn number_shown(&self) -> Option<&str> {
        value(&self.facts.known.number).map(|n| n.shown.as_deref().unwrap_or(n.number.as_str()))
    }

    /// The carrier's page, if it was reported for the number that stands now.
    pub fn page(&self) -> Option<&str> {
        let number = value(&self.facts.known.number).map(|n| &n.number);
        let page = value(&self.facts.known.page)?;
        (page.number.is_none() || page.number.as_ref() == number).then_some(page.url.as_str())
    }

    /// What is in it, as far as it was said.
    pub fn items(&self) -> Option<&[ParcelItem]> {
        value(&self.facts.known.items).map(Vec::as_slice)
    }

    /// What the carrier expects, while that can still mean something.
    pub fn eta(&self) -> Option<&Eta> {
        if self.status().is_open() { value(&self.facts.known.eta) } else { None }
    }

    /// Where it waits.
    pub fn pickup(&self) -> Option<&Pickup> {
        value(&self.facts.known.pickup)
    }

    /// When `delivered` was withdrawn by a later scan, for each time that it was: (delivered at, withdrawn at).
    pub fn withdrawals(&self) -> impl Iterator<Item = (Stamp, Stamp)> + '_ {
        self.episodes.windows(2).filter_map(|pair| {
            let withdrawn = pair[0].status == Status::Delivered
                && matches!(
                    pair[1].status,
                    Status::Moving
                        | Status::Delayed
                        | Status::OutForDelivery
                        | Status::AttemptFailed
                        | Status::AwaitingPickup
                        | Status::Lost
                );
            withdrawn.then_some((pair[0].from, pair[1].from))
        })
    }
}

/// Scans that are reported for the same instant count in this order: the weightier one is what holds afterwards.
fn weight(scan: &Scan) -> u8 {
    match Status::of(scan.kind) {
        Status::Announced => 0,
        Status::Moving => 1,
        Status::Delayed => 2,
        Status::Exception => 3,
        Status::OutForDelivery => 4,
        Status::AttemptFailed => 5,
        Status::AwaitingPickup => 6,
        Status::Returning => 7,
        Status::Returned => 8,
        Status::Lost => 9,
        Status::Delivered => 10,
    }
}

fn episodes(scans: &[Scan], zone: &TimeZone) -> Vec<Episode> {
    let mut order: Vec<usize> = (0..scans.len()).collect();
    order.sort_by_key(|&i| (scans[i].at.0, weight(&scans[i]), scans[i].at.1));
    let mut episodes: Vec<Episode> = Vec::new();
    for i in order {
        let scan = &scans[i];
        let status = Status::of(scan.kind);
        if let Some(last) = episodes.last_mut() {
            if says_nothing_new(last, scan, status) {
                continue;
            }
            if continues(last, scan, status, zone) {
                last.to = scan.at;
                last.scan = i;
                continue;
            }
        }
        episodes.push(Episode { status, from: scan.at, to: scan.at, scan: i, reason: scan.reason });
    }
    episodes
}

/// Whether a scan is only the trail of what was reported before.
fn says_nothing_new(last: &Episode, scan: &Scan, status: Status) -> bool {
    let plain = matches!(status, Status::Moving | Status::Delayed);
    let weighty = match last.status {
        Status::OutForDelivery => scan.at.time().duration_since(last.to.time()) < VAN_DAY,
        Status::AttemptFailed | Status::AwaitingPickup | Status::Delivered => {
            scan.at.time().duration_since(last.to.time()) < TRAILING
        }
        // A parcel on its way back is scanned all the way; that does not turn it round.
        Status::Returning | Status::Returned => true,
        Status::Announced | Status::Moving | Status::Delayed | Status::Exception | Status::Lost => false,
    };
    // "The carrier took it" can only be old news of a parcel that is further along, whatever its clock says.
    let taken_late = scan.kind == Kind::ShipmentShipped
        && !matches!(
            last.status,
            Status::Announced | Status::Moving | Status::Delayed | Status::Exception | Status::Lost
        );
    // A late report about a parcel that is back or handed over: damage noted, a form missing. Nothing for the customer.
    // Nor is a delay foretold of what has come.
    let after_the_end = matches!(status, Status::Exception | Status::Delayed) && last.status.is_final();
    (plain && weighty) || taken_late || after_the_end
}

/// Whether a scan says the same again.
fn continues(last: &Episode, scan: &Scan, status: Status, zone: &TimeZone) -> bool {
    if last.status != status {
        return false;
    }
    let day = |at: Stamp| -> Date { window::local_day(at.time(), zone) };
    match status {
        Status::OutForDelivery => day(last.from) == day(scan.at),
        Status::AttemptFailed => scan.at.time().duration_since(last.to.time()) < ATTEMPTS_APART,
        Status::Exception => last.reason == scan.reason,
        Status::Announced
        | Status::Moving
        | Status::Delayed
        | Status::AwaitingPickup
        | Status::Delivered
        | Status::Returning
        | Status::Returned
        | Status::Lost => true,
    }
}

/// The first and last day at the destination on which a parcel may arrive.
pub fn days_of(eta: &Eta, zone: &TimeZone) -> (Date, Date) {
    match eta {
        Eta::Day(day) => (*day, *day),
        Eta::Window { from, until } => {
            let last = window::local_day(*until, zone);
            (from.map_or(last, |from: Timestamp| window::local_day(from, zone)).min(last), last)
        }
    }
}
