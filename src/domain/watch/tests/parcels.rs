//! Rules about one parcel on its way.

use super::*;

#[test]
fn a_silent_parcel_is_stalled_then_lost_and_a_scan_ends_both() {
    let mut ops = Ops::shipped();
    ops.pass("11-09T00:00").heard(["11-05 09:01 stalled 1 P1"]);
    ops.pass("11-12T00:00").heard([
        "11-05 09:01 stalled 1 P1",
        "11-09 09:01 over stalled 1 gave_way",
        "11-09 09:01 presumed_lost 1 P1",
    ]);
    ops.heard.clear();
    ops.scan("11-12T10:00", Fact::ShipmentInTransit);
    ops.pass("11-17T10:00").heard(["11-12 10:00 over presumed_lost 1 moved_on", "11-17 10:00 stalled 2 P1"]);
    ops.heard.clear();
    ops.scan("11-17T11:00", Fact::ShipmentDelivered);
    ops.pass("12-31T00:00").heard(["11-17 11:00 over stalled 2 delivered"]);
}

#[test]
fn silence_after_the_first_scan_means_nothing_before_the_parcel_should_be_there() {
    let shipped = |waits: bool, patch: ShipmentPatch| {
        let mut ops = Ops::new();
        ops.policy.watch.limits.first_scan_waits = waits;
        ops.policy.watch.limits.off = BTreeSet::from([Kind::Late, Kind::LateExpected]);
        ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-19"), ..domestic() }, None);
        ops.fact("11-02T09:01", Fact::ShipmentShipped, OrderPatch::default(), Some(patch));
        ops
    };
    // Promised for Thursday the 19th: three working days later it is stalled, after a week it is taken for lost.
    shipped(true, parcel("P1")).pass("12-01T00:00").heard([
        "11-25 00:00 stalled 1 P1",
        "11-27 00:00 over stalled 1 gave_way",
        "11-27 00:00 presumed_lost 1 P1",
    ]);
    // The carrier named the 5th, a Thursday.
    shipped(true, eta("2026-11-05")).pass("11-13T12:00").heard([
        "11-12 00:00 stalled 1 P1",
        "11-13 00:00 over stalled 1 gave_way",
        "11-13 00:00 presumed_lost 1 P1",
    ]);
    // A second scan shows that this carrier speaks on the way.
    let mut scanned = shipped(true, parcel("P1"));
    scanned.scan("11-03T10:00", Fact::ShipmentInTransit);
    scanned.pass("11-06T10:00").heard(["11-06 10:00 stalled 1 P1"]);
    shipped(false, parcel("P1")).pass("11-06T10:00").heard(["11-05 09:01 stalled 1 P1"]);
}

#[test]
fn across_a_border_or_to_nobody_knows_where_the_waits_are_longer() {
    for (patch, stalled, lost) in [
        (OrderPatch { ship_from: from("DE"), ..domestic() }, "11-09 09:01", "11-22 09:01"),
        (OrderPatch { ship_from: None, ..domestic() }, "11-09 09:01", "11-22 09:01"),
        // Without a destination's country its holidays are not known either.
        (OrderPatch { address: None, ..domestic() }, "11-09 09:01", "11-22 09:01"),
    ] {
        let mut ops = Ops::new();
        ops.fact("11-02T09:00", Fact::OrderPaid, patch, None);
        ops.scan("11-02T09:01", Fact::ShipmentShipped);
        ops.pass("11-30T00:00").heard([
            &format!("{stalled} stalled 1 P1"),
            &format!("{lost} over stalled 1 gave_way"),
            &format!("{lost} presumed_lost 1 P1"),
        ]);
    }
}

#[test]
fn a_carrier_and_a_service_have_limits_of_their_own_and_an_unknown_one_the_brands() {
    let slow = Limits { stalled_days: ByDistance { domestic: 6, international: 9 }, ..Limits::default() };
    let off = Limits { off: BTreeSet::from([Kind::Stalled, Kind::PresumedLost]), ..Limits::default() };
    let own = CarrierLimits { limits: slow, services: [("letter".to_owned(), off)].into() };
    let run = |carrier: Option<&str>, service: Option<&str>| {
        let mut ops = Ops::new();
        ops.policy.watch.carriers.insert("pocztex".into(), own.clone());
        ops.fact("11-02T09:00", Fact::OrderPaid, domestic(), None);
        let patch =
            ShipmentPatch { carrier: carrier.map(str::to_owned), service: service.map(str::to_owned), ..parcel("P1") };
        ops.fact("11-02T09:01", Fact::ShipmentShipped, OrderPatch::default(), Some(patch));
        ops.pass("11-09T09:02");
        ops.heard.first().cloned()
    };
    assert_eq!(run(None, None).as_deref(), Some("11-05 09:01 stalled 1 P1"));
    assert_eq!(run(Some("who-knows"), Some("letter")).as_deref(), Some("11-05 09:01 stalled 1 P1"));
    assert_eq!(run(Some("pocztex"), None).as_deref(), Some("11-09 09:01 presumed_lost 1 P1"));
    assert_eq!(run(Some("pocztex"), Some("letter")), None);
}

#[test]
fn a_parcel_that_the_carrier_gives_up_is_lost_at_once() {
    let mut ops = Ops::shipped();
    ops.scan("11-03T10:00", Fact::ShipmentLost);
    ops.heard(["11-03 10:00 presumed_lost 1 P1 carrier_lost"]);
    ops.scan("11-09T10:00", Fact::ShipmentDelivered);
    ops.heard(["11-03 10:00 presumed_lost 1 P1 carrier_lost", "11-09 10:00 over presumed_lost 1 delivered"]);
}

#[test]
fn out_for_delivery_and_not_delivered_by_midnight_is_told_each_day_anew() {
    let mut ops = Ops::shipped();
    ops.scan("11-03T08:00", Fact::ShipmentOutForDelivery);
    ops.pass("11-04T07:00").heard(["11-04 01:00 not_delivered_today 1 P1"]);
    ops.heard.clear();
    ops.scan("11-04T08:00", Fact::ShipmentOutForDelivery);
    ops.pass("11-05T07:00");
    ops.heard(["11-04 08:00 over not_delivered_today 1 moved_on", "11-05 01:00 not_delivered_today 2 P1"]);
    let mut delivered = Ops::shipped();
    delivered.scan("11-03T08:00", Fact::ShipmentOutForDelivery);
    // Reported half an hour after midnight: not yet missed.
    delivered.late_fact(
        "11-04T00:30",
        "11-03T19:00",
        Fact::ShipmentDelivered,
        OrderPatch::default(),
        Some(parcel("P1")),
    );
    delivered.pass("11-20T00:00").heard([]);
}

#[test]
fn midnight_is_the_destinations_also_when_the_clock_jumps() {
    let mut ops = Ops::new();
    let new_york =
        Some(Address { country: Some("US".into()), time_zone: Some("America/New_York".into()), ..Address::default() });
    ops.fact("10-30T09:00", Fact::OrderPaid, OrderPatch { address: new_york, ..domestic() }, None);
    // 31 October, 10:00 in New York; the clock there goes back at 2:00 in the night after.
    ops.scan("10-31T15:00", Fact::ShipmentOutForDelivery);
    ops.pass("11-02T00:00").heard(["11-01 06:00 not_delivered_today 1 P1"]);
}

#[test]
fn attempts_are_counted_and_the_last_one_is_told() {
    let mut ops = Ops::shipped();
    ops.scan("11-03T10:00", Fact::ShipmentAttemptFailed);
    ops.heard([]);
    ops.scan("11-04T10:00", Fact::ShipmentAttemptFailed);
    ops.scan("11-04T12:00", Fact::ShipmentInTransit);
    ops.heard(["11-04 10:00 attempt_failed 1 P1"]);
    ops.scan("11-05T08:00", Fact::ShipmentOutForDelivery);
    ops.scan("11-05T10:00", Fact::ShipmentAttemptFailed);
    ops.scan("11-05T12:00", Fact::ShipmentReturning);
    ops.pass("12-30T00:00").heard([
        "11-04 10:00 attempt_failed 1 P1",
        "11-05 08:00 over attempt_failed 1 moved_on",
        "11-05 10:00 attempt_failed 2 P1",
        "11-05 12:00 over attempt_failed 2 returning",
    ]);
}

#[test]
fn a_pickup_is_about_to_expire_two_days_before_its_end_but_not_before_half_of_its_time_is_over() {
    for (until, expected) in [
        ("2026-11-12", &["11-11 00:00 pickup_expiring 1 P1"][..]),
        ("2026-11-05", &["11-04 17:00 pickup_expiring 1 P1"][..]),
        ("", &[]),
    ] {
        let mut ops = Ops::shipped();
        let until = until.parse().ok().map(Until::Day);
        let pickup = Some(Pickup { until, ..Pickup::default() });
        let patch = ShipmentPatch { pickup, ..parcel("P1") };
        ops.fact("11-03T10:00", Fact::ShipmentAvailableForPickup, OrderPatch::default(), Some(patch));
        ops.pass("11-30T00:00");
        assert_eq!(ops.heard, expected);
        ops.scan("11-30T10:00", Fact::ShipmentDelivered);
        assert!(ops.order.told.alerts.iter().all(|alert| alert.cleared.is_some()));
    }
}
