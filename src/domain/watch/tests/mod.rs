//! Each rule as ops would see it: when it opens, that it opens once, what ends it, and what it needs to know.

mod life;
mod parcels;

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::alert::AlertKey;
use crate::domain::decide::{Cause, Context, NO_QUIET_FEEDS, decide, look};
use crate::domain::event::{
    Address, Eta, Event, Item, Kind as Fact, OrderPatch, ParcelItem, Pickup, Promise, ShipFrom, ShipmentPatch, Until,
};
use crate::domain::id::{BrandId, EventKey, OrderId, OrderKey, ShipmentId};
use crate::domain::lane::school::School;
use crate::domain::notice::Effect;
use crate::domain::order::Order;
use crate::domain::policy::Policy;

/// An order that nobody can be told of, looked at on a clock of its own. Times are Warsaw's, November 2026 unless said.
struct Ops {
    order: Order,
    policy: Policy,
    now: Timestamp,
    quiet_feeds: BTreeSet<String>,
    cause: Cause,
    count: u32,
    heard: Vec<String>,
}

fn zone() -> TimeZone {
    TimeZone::get("Europe/Warsaw").expect("a bundled zone")
}

fn local(text: &str) -> Timestamp {
    let full = if text.len() < 12 { format!("2026-{text}") } else { text.to_owned() };
    let time: DateTime = full.parse().expect("a local time");
    time.to_zoned(zone()).expect("a time that exists").timestamp()
}

fn key() -> OrderKey {
    OrderKey::new(&BrandId::new("harbour"), &OrderId::new("1001"))
}

fn parcel(id: &str) -> ShipmentPatch {
    let id = Some(ShipmentId::new(id));
    ShipmentPatch { id, carrier: Some("inpost".into()), ..ShipmentPatch::default() }
}

fn country(code: &str) -> Option<Address> {
    Some(Address { country: Some(code.into()), ..Address::default() })
}

fn from(code: &str) -> Option<ShipFrom> {
    Some(ShipFrom { country: Some(code.into()), ..ShipFrom::default() })
}

/// From Poland to Poland.
fn domestic() -> OrderPatch {
    OrderPatch { address: country("PL"), ship_from: from("PL"), ..OrderPatch::default() }
}

fn promise(date: &str) -> Option<Promise> {
    Some(Promise::Day { date: date.parse().expect("a date") })
}

fn eta(date: &str) -> ShipmentPatch {
    ShipmentPatch { eta: Some(Eta::Day(date.parse().expect("a date"))), ..parcel("P1") }
}

impl Ops {
    fn new() -> Self {
        Self {
            order: Order::default(),
            policy: Policy::standard(zone()),
            now: local("11-02T09:00"),
            quiet_feeds: BTreeSet::new(),
            cause: Cause::Fact,
            count: 0,
            heard: Vec::new(),
        }
    }

    /// An order that is paid on Monday the 2nd, 9:00, and shipped a minute later.
    fn shipped() -> Self {
        let mut ops = Self::new();
        ops.fact("11-02T09:00", Fact::OrderPaid, domestic(), None);
        ops.scan("11-02T09:01", Fact::ShipmentShipped);
        ops
    }

    /// Lets time pass, and everything happen that the order asked to be woken for.
    fn pass(&mut self, to: &str) -> &mut Self {
        let to = local(to);
        let mut ticks = 0;
        while let Some(due) = self.order.told.wake.filter(|due| *due <= to) {
            self.now = self.now.max(due);
            self.tick();
            ticks += 1;
            assert!(ticks < 1000, "the order asks to be woken for ever");
        }
        self.now = to;
        self
    }

    fn tick(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        order.told.wake = None;
        let quiet_feeds = &self.quiet_feeds;
        let ctx = Context { now: self.now, policy: &self.policy, cause: Cause::Tick, quiet_feeds };
        let mut nothing_learned = School::new(Arc::default());
        let (order, effects) = look(&ctx, &key(), order, &mut nothing_learned);
        self.order = order;
        self.keep(effects);
    }

    /// A fact that comes in when it happens.
    fn fact(&mut self, at: &str, kind: Fact, order: OrderPatch, shipment: Option<ShipmentPatch>) {
        self.late_fact(at, at, kind, order, shipment);
    }

    fn late_fact(&mut self, comes: &str, at: &str, kind: Fact, order: OrderPatch, shipment: Option<ShipmentPatch>) {
        self.pass(comes);
        self.count += 1;
        let event = Event {
            key: EventKey::new("/shop", &self.count.to_string()),
            time: local(at),
            brand: BrandId::new("harbour"),
            kind,
            order: Some(OrderId::new("1001")),
            order_patch: order,
            shipment_patch: shipment,
        };
        let ctx = Context { now: self.now, policy: &self.policy, cause: self.cause, quiet_feeds: &self.quiet_feeds };
        let (order, effects) = decide(&ctx, &key(), std::mem::take(&mut self.order), &event);
        self.order = order;
        self.keep(effects);
    }

    fn scan(&mut self, at: &str, kind: Fact) {
        self.fact(at, kind, OrderPatch::default(), Some(parcel("P1")));
    }

    fn keep(&mut self, effects: Vec<Effect>) {
        let clock = zone().to_datetime(self.now).strftime("%m-%d %H:%M").to_string();
        for effect in effects {
            match effect {
                Effect::Raise(alert) => {
                    let reason = alert.reason.map_or(String::new(), |reason| format!(" {}", reason.as_str()));
                    let parcel = alert.parcel.unwrap_or_else(|| "order".into());
                    self.heard.push(format!("{clock} {} {} {parcel}{reason}", alert.kind.as_str(), alert.occurrence));
                }
                Effect::Clear { alert, why } => {
                    let is_it = |told: &&Alerted| {
                        AlertKey::new(&key(), told.parcel.as_deref(), told.kind, told.occurrence) == alert
                    };
                    let told = self.order.told.alerts.iter().find(is_it).expect("what ends was opened");
                    self.heard.push(format!("{clock} over {} {} {why}", told.kind.as_str(), told.occurrence));
                }
                Effect::Notify(_)
                | Effect::Withdraw { .. }
                | Effect::Recheck
                | Effect::StaySilent(_)
                | Effect::WakeAt(_) => {}
            }
        }
    }

    #[track_caller]
    fn heard<const N: usize>(&mut self, expected: [&str; N]) -> &mut Self {
        assert_eq!(self.heard, expected);
        self
    }
}

#[test]
fn dispatch_is_overdue_after_72_hours_of_working_time() {
    let mut ops = Ops::new();
    ops.fact("11-05T14:00", Fact::OrderPaid, domestic(), None);
    // Thursday afternoon, Friday, Monday, Tuesday afternoon: and it is said once, however long it lasts.
    ops.pass("11-30T00:00").heard(["11-10 14:00 dispatch_overdue 1 order"]);
    ops.scan("11-30T08:00", Fact::ShipmentShipped);
    ops.heard(["11-10 14:00 dispatch_overdue 1 order", "11-30 08:00 over dispatch_overdue 1 moved_on"]);
}

#[test]
fn the_cut_off_of_the_warehouse_moves_the_limit() {
    let mut ops = Ops::new();
    ops.policy.watch.home.cut_off = Some(jiff::civil::Time::constant(12, 0, 0, 0));
    ops.fact("11-05T14:00", Fact::OrderPaid, domestic(), None);
    // It counts as come on Friday: Friday, Monday, Tuesday. Wednesday is a holiday, so what is over at its start is over then.
    ops.pass("11-30T00:00").heard(["11-11 00:00 dispatch_overdue 1 order"]);
}

#[test]
fn a_limit_of_the_order_counts_by_the_clock() {
    let mut ops = Ops::new();
    let patch = OrderPatch { dispatch_by: Some(local("11-07T18:00")), ..domestic() };
    ops.fact("11-05T14:00", Fact::OrderPaid, patch, None);
    ops.pass("11-30T00:00").heard(["11-07 18:00 dispatch_overdue 1 order"]);
}

#[test]
fn packed_leaves_the_carrier_time_and_a_label_is_not_enough_for_a_limit() {
    let mut packed = Ops::new();
    packed.fact("11-02T09:00", Fact::OrderPaid, domestic(), None);
    packed.fact("11-03T09:00", Fact::OrderPacked, OrderPatch::default(), None);
    packed.pass("11-30T00:00").heard(["11-09 09:00 dispatch_overdue 1 order"]);
    let mut label = Ops::new();
    let patch = OrderPatch { dispatch_by: Some(local("11-03T18:00")), ..domestic() };
    label.fact("11-02T09:00", Fact::OrderPaid, patch, None);
    label.scan("11-03T09:00", Fact::ShipmentCreated);
    label.pass("11-30T00:00").heard(["11-03 18:00 dispatch_overdue 1 order"]);
}

#[test]
fn what_is_left_behind_is_overdue_and_says_nothing_of_what_is_under_way() {
    let mut ops = Ops::new();
    let item = |id: &str| Item {
        id: Some(id.into()),
        sku: None,
        title: None,
        qty: 1,
        unit_price: None,
        image_url: None,
        url: None,
        tags: vec![],
    };
    let patch = OrderPatch { items: Some(vec![item("a"), item("b")]), ..domestic() };
    ops.fact("11-02T09:00", Fact::OrderPaid, patch, None);
    let items = Some(vec![ParcelItem { id: Some("a".into()), sku: None, qty: 1 }]);
    ops.fact(
        "11-02T10:00",
        Fact::ShipmentShipped,
        OrderPatch::default(),
        Some(ShipmentPatch { items, ..parcel("P1") }),
    );
    ops.pass("11-06T00:00").heard(["11-05 09:00 dispatch_overdue 1 order", "11-05 10:00 stalled 1 P1"]);
}

#[test]
fn a_hold_explains_why_nothing_is_sent_and_its_end_starts_the_clock() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { hold: Some(true), ..domestic() }, None);
    ops.pass("11-09T10:00").heard([]);
    ops.fact("11-09T10:00", Fact::OrderUpdated, OrderPatch { hold: Some(false), ..OrderPatch::default() }, None);
    ops.pass("11-30T00:00").heard(["11-13 10:00 dispatch_overdue 1 order"]);
    ops.fact("11-30T10:00", Fact::OrderUpdated, OrderPatch { hold: Some(true), ..OrderPatch::default() }, None);
    ops.heard(["11-13 10:00 dispatch_overdue 1 order", "11-30 10:00 over dispatch_overdue 1 on_hold"]);
}

#[test]
fn unpaid_and_cancelled_orders_are_nobodys_trouble() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPlaced, OrderPatch { promise: promise("2026-11-04"), ..domestic() }, None);
    ops.pass("11-20T00:00").heard([]);
    ops.fact("11-20T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-22"), ..domestic() }, None);
    ops.pass("11-24T00:00").heard(["11-23 01:00 late 1 order"]);
    ops.fact("11-24T09:00", Fact::OrderCancelled, OrderPatch::default(), None);
    ops.pass("12-30T00:00").heard(["11-23 01:00 late 1 order", "11-24 09:00 over late 1 cancelled"]);
}

#[test]
fn a_label_that_is_never_scanned_is_found_after_four_working_days() {
    let mut ops = Ops::new();
    ops.fact("11-05T09:00", Fact::OrderPaid, domestic(), None);
    ops.scan("11-05T10:00", Fact::ShipmentCreated);
    // Friday, Monday, Tuesday, Thursday: Wednesday is a holiday.
    ops.pass("11-20T00:00").heard(["11-12 10:00 label_never_scanned 1 P1"]);
    ops.scan("11-20T09:00", Fact::ShipmentInTransit);
    ops.heard(["11-12 10:00 label_never_scanned 1 P1", "11-20 09:00 over label_never_scanned 1 moved_on"]);
    let mut voided = Ops::new();
    voided.scan("11-05T10:00", Fact::ShipmentCreated);
    voided.pass("11-13T00:00").scan("11-13T09:00", Fact::ShipmentCancelled);
    // Where nobody said from where, no holiday is known.
    voided.heard(["11-11 10:00 label_never_scanned 1 P1", "11-13 09:00 over label_never_scanned 1 voided"]);
}

#[test]
fn what_waits_to_be_collected_is_not_late() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-04"), ..domestic() }, None);
    ops.scan("11-04T10:00", Fact::ShipmentAvailableForPickup);
    ops.pass("11-30T00:00").heard([]);
}

#[test]
fn the_carriers_word_of_a_delay_counts_until_it_is_on_its_way_again() {
    let mut ops = Ops::shipped();
    ops.scan("11-03T10:00", Fact::ShipmentDelayed);
    ops.scan("11-04T10:00", Fact::ShipmentInTransit);
    ops.heard(["11-03 10:00 carrier_delay 1 P1", "11-04 10:00 over carrier_delay 1 moved_on"]);
    let mut weather = Ops::shipped();
    let patch = ShipmentPatch { reason: Some(Reason::Weather), ..parcel("P1") };
    weather.fact("11-03T10:00", Fact::ShipmentException, OrderPatch::default(), Some(patch));
    weather.heard(["11-03 10:00 carrier_delay 1 P1 weather"]);
}

#[test]
fn a_day_that_keeps_the_promise_stands_against_the_word_delayed() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-06"), ..domestic() }, None);
    ops.fact("11-03T10:00", Fact::ShipmentDelayed, OrderPatch::default(), Some(eta("2026-11-04")));
    ops.pass("11-05T08:00").heard(["11-05 00:00 carrier_delay 1 P1"]);
}

#[test]
fn an_exception_says_its_reason_and_goes_before_silence_and_lateness() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-04"), ..domestic() }, None);
    let because = |reason| Some(ShipmentPatch { reason: Some(reason), ..parcel("P1") });
    ops.fact("11-03T10:00", Fact::ShipmentException, OrderPatch::default(), because(Reason::CustomsDuties));
    ops.pass("11-20T00:00").heard(["11-03 10:00 exception 1 P1 customs_duties"]);
    ops.heard.clear();
    // Another problem is another thing to do.
    ops.fact("11-20T10:00", Fact::ShipmentException, OrderPatch::default(), because(Reason::AddressWrong));
    ops.heard(["11-20 10:00 over exception 1 moved_on", "11-20 10:00 exception 2 P1 address_wrong"]);
    ops.heard.clear();
    // On its way again, it is late: that is for the clock to say, some minutes later.
    ops.scan("11-21T10:00", Fact::ShipmentInTransit);
    ops.pass("11-21T12:00").heard(["11-21 10:00 over exception 2 moved_on", "11-21 10:15 late 1 order"]);
}

#[test]
fn the_promised_day_passes_and_delivery_ends_it() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-04"), ..domestic() }, None);
    ops.scan("11-03T10:00", Fact::ShipmentShipped);
    ops.pass("11-09T09:00").heard(["11-05 01:00 late 1 order"]);
    ops.scan("11-09T10:00", Fact::ShipmentDelivered);
    ops.heard(["11-05 01:00 late 1 order", "11-09 10:00 over late 1 delivered"]);
}

#[test]
fn a_promise_that_changes_twice_moves_the_day_both_times() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-04"), ..domestic() }, None);
    ops.scan("11-03T10:00", Fact::ShipmentShipped);
    let change = |day: &str| OrderPatch { promise: promise(day), ..OrderPatch::default() };
    ops.fact("11-05T09:00", Fact::OrderUpdated, change("2026-11-06"), None);
    ops.scan("11-06T09:00", Fact::ShipmentInTransit);
    ops.fact("11-06T12:00", Fact::OrderUpdated, change("2026-11-09"), None);
    ops.pass("11-10T09:00").heard([
        "11-05 01:00 late 1 order",
        "11-05 09:00 over late 1 moved_on",
        "11-10 01:00 late 2 order",
    ]);
}

#[test]
fn without_a_promise_the_carriers_day_counts_and_a_promise_before_the_payment_is_none() {
    let mut none = Ops::shipped();
    none.fact("11-02T10:00", Fact::ShipmentUpdated, OrderPatch::default(), Some(eta("2026-11-03")));
    none.pass("11-04T02:00").heard(["11-04 01:00 late 1 order"]);
    let mut past = Ops::new();
    past.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-10-30"), ..domestic() }, None);
    past.scan("11-02T10:00", Fact::ShipmentShipped);
    past.pass("11-05T09:00").heard([]);
    let mut neither = Ops::shipped();
    neither.pass("11-05T09:00").heard([]);
}

#[test]
fn a_carrier_that_names_a_day_after_the_promise_makes_it_likely_to_be_late() {
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-04"), ..domestic() }, None);
    ops.fact("11-03T10:00", Fact::ShipmentShipped, OrderPatch::default(), Some(eta("2026-11-05")));
    ops.pass("11-05T02:00").heard([
        "11-03 10:00 late_expected 1 order",
        "11-05 01:00 over late_expected 1 gave_way",
        "11-05 01:00 late 1 order",
    ]);
}
