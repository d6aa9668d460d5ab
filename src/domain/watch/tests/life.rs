//! Opening, giving way, outages, old orders, and what an alert says.

use super::*;

#[test]
fn a_chance_opens_above_one_line_and_ends_below_another() {
    let mut order = Order::default();
    let mut ops = Ops::new();
    ops.fact("11-02T09:00", Fact::OrderPaid, OrderPatch { promise: promise("2026-11-20"), ..domestic() }, None);
    order.known = ops.order.known.clone();
    let watch = Watch::default();
    let (mut alerts, mut heard) = (Vec::new(), Vec::new());
    for (hour, chance) in [0.5, 0.69, 0.7, 0.6, 0.75, 0.51, 0.5, 0.69, 0.9].into_iter().enumerate() {
        let now = local("11-03T09:00") + SignedDuration::from_hours(i64::try_from(hour).expect("few"));
        let occasion = Occasion {
            now,
            cause: Cause::Tick,
            key: &key(),
            watch: &watch,
            chance: Some(chance),
            quiet_feeds: &NO_QUIET_FEEDS,
            unreachable: None,
        };
        let mut effects = Vec::new();
        consider(&occasion, &order.state(&zone()), &mut alerts, &mut effects);
        heard.extend(effects.into_iter().map(|effect| match effect {
            Effect::Raise(alert) => (hour, alert.chance),
            _ => (hour, None),
        }));
    }
    assert_eq!(heard, [(2, Some(0.7)), (6, None), (8, Some(0.9))]);
    assert_eq!(alerts.iter().map(|alert| alert.occurrence).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn while_a_whole_feed_is_silent_the_silence_of_its_parcels_means_nothing() {
    let mut ops = Ops::shipped();
    ops.quiet_feeds.insert("inpost".into());
    ops.pass("11-20T00:00").heard([]);
    ops.quiet_feeds.clear();
    // It is asked about again within the hour.
    ops.pass("11-20T01:00");
    assert!(ops.heard.len() == 1 && ops.heard[0].ends_with(" presumed_lost 1 P1"), "{:?}", ops.heard);
    ops.heard.clear();
    // What is open stays, and what is said is believed.
    ops.quiet_feeds.insert("inpost".into());
    ops.pass("11-25T00:00").heard([]);
    ops.scan("11-25T10:00", Fact::ShipmentLost);
    ops.heard(["11-25 10:00 over presumed_lost 1 moved_on", "11-25 10:00 presumed_lost 2 P1 carrier_lost"]);
    let mut other = Ops::shipped();
    other.quiet_feeds.insert("dhl".into());
    other.pass("11-05T10:00").heard(["11-05 09:01 stalled 1 P1"]);
}

#[test]
fn facts_that_come_in_a_heap_after_an_outage_open_nothing_that_the_next_one_ends() {
    let mut ops = Ops::new();
    let comes = "11-20T09:00";
    let none = OrderPatch::default;
    ops.late_fact(
        comes,
        "11-02T09:00",
        Fact::OrderPaid,
        OrderPatch { promise: promise("2026-11-04"), ..domestic() },
        None,
    );
    ops.late_fact(comes, "11-03T09:00", Fact::ShipmentShipped, none(), Some(parcel("P1")));
    ops.late_fact(comes, "11-04T09:00", Fact::ShipmentAttemptFailed, none(), Some(parcel("P1")));
    ops.late_fact(comes, "11-05T09:00", Fact::ShipmentAttemptFailed, none(), Some(parcel("P1")));
    ops.late_fact(comes, "11-06T09:00", Fact::ShipmentDelivered, none(), Some(parcel("P1")));
    ops.pass("12-30T00:00").heard([]);
}

#[test]
fn delivered_before_it_was_shipped_or_paid_is_delivered() {
    let mut ops = Ops::new();
    ops.scan("11-02T10:00", Fact::ShipmentDelivered);
    ops.late_fact("11-05T09:00", "11-02T09:00", Fact::OrderPaid, domestic(), None);
    ops.late_fact("11-05T09:00", "11-02T09:30", Fact::ShipmentShipped, OrderPatch::default(), Some(parcel("P1")));
    ops.pass("12-30T00:00").heard([]);
}

#[test]
fn a_scan_from_an_hour_ahead_or_behind_moves_the_wait_by_that_hour() {
    for (at, stalled) in [("11-03T10:00", "11-06 10:00"), ("11-03T08:00", "11-06 08:00")] {
        let mut ops = Ops::shipped();
        ops.late_fact("11-03T09:00", at, Fact::ShipmentInTransit, OrderPatch::default(), Some(parcel("P1")));
        ops.pass("11-07T00:00").heard([&format!("{stalled} stalled 1 P1")]);
    }
}

#[test]
fn a_clock_that_jumps_back_an_hour_ends_nothing_and_opens_nothing_twice() {
    let mut ops = Ops::shipped();
    ops.pass("11-05T09:10").heard(["11-05 09:01 stalled 1 P1"]);
    for clock in ["11-05T08:10", "11-05T09:10", "11-05T08:59", "11-05T10:10"] {
        ops.now = local(clock);
        ops.tick();
    }
    ops.heard(["11-05 09:01 stalled 1 P1"]);
    // Jumping on by an hour, it is opened an hour early: that is all.
    let mut ahead = Ops::shipped();
    ahead.now = local("11-05T09:05");
    ahead.tick();
    ahead.heard(["11-05 09:05 stalled 1 P1"]);
}

#[test]
fn an_old_order_that_is_taken_in_calls_nobody_for_the_past_and_for_the_future_it_does() {
    let mut ops = Ops::new();
    ops.cause = Cause::Import;
    let comes = "11-20T09:00";
    ops.late_fact(comes, "11-02T09:00", Fact::OrderPaid, domestic(), None);
    ops.late_fact(comes, "11-03T09:00", Fact::ShipmentShipped, OrderPatch::default(), Some(parcel("P1")));
    ops.pass("11-24T09:00").heard([]);
    ops.cause = Cause::Fact;
    ops.scan("11-24T10:00", Fact::ShipmentInTransit);
    ops.pass("11-28T00:00").heard(["11-27 10:00 stalled 1 P1"]);
}

#[test]
fn an_alert_knows_where_and_what_it_is_about() {
    let mut ops = Ops::new();
    ops.policy.watch.warehouses = vec![Warehouse {
        name: "North".into(),
        city: Some("łódź".into()),
        postcode: Some("90".into()),
        country: None,
        habit: crate::domain::calendar::Habit::default(),
    }];
    let ship_from = Some(ShipFrom {
        city: Some("Łódź".into()),
        postcode: Some("90-001".into()),
        country: Some("PL".into()),
        region: Some("LD".into()),
    });
    let address = Some(Address { country: Some("PL".into()), region: Some("PM".into()), ..Address::default() });
    let patch = OrderPatch {
        address,
        ship_from,
        total: Some(4500),
        currency: Some("PLN".into()),
        promise: promise("2026-11-20"),
        ..OrderPatch::default()
    };
    ops.fact("11-02T09:00", Fact::OrderPaid, patch, None);
    ops.scan("11-02T09:00", Fact::ShipmentShipped);
    ops.scan("11-02T09:01", Fact::ShipmentInTransit);
    ops.now = local("11-05T09:01");
    let state = ops.order.state(&zone());
    let occasion = Occasion {
        now: ops.now,
        cause: Cause::Tick,
        key: &key(),
        watch: &ops.policy.watch,
        chance: Some(0.2),
        quiet_feeds: &NO_QUIET_FEEDS,
        unreachable: None,
    };
    let (mut alerts, mut effects) = (Vec::new(), Vec::new());
    consider(&occasion, &state, &mut alerts, &mut effects);
    let [Effect::Raise(alert)] = &effects[..] else { panic!("one alert: {effects:?}") };
    assert_eq!(
        (alert.kind, alert.parcel.as_deref(), alert.carrier.as_deref()),
        (Kind::Stalled, Some("P1"), Some("inpost"))
    );
    assert_eq!((alert.lane.as_deref(), alert.warehouse.as_deref()), (Some("PL-LD → PL-PM"), Some("North")));
    assert_eq!((alert.value, alert.currency.as_deref()), (Some(4500), Some("PLN")));
    assert_eq!((alert.since, alert.opened_at, alert.chance), (local("11-02T09:01"), local("11-05T09:01"), Some(0.2)));
}
