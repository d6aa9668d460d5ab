//! Promises of the lanes as a whole, on made-up parcels.

use std::sync::Arc;

use proptest::prelude::*;

use super::Day;
use super::model::{HORIZON, Lanes, Tally};
use super::trip::{Trip, Way};
use super::trust::Foreseen;

fn trip(n: i32, paid: Day, waits: Day, travels: Day) -> Trip {
    let region = format!("R{}", n % 3);
    let way = Way {
        carrier: Some("mule"),
        from_country: Some("PL"),
        from_postcode: Some("00-001"),
        to_country: Some("PL"),
        to_region: Some(&region),
        to_postcode: Some("11-222"),
        ..Way::default()
    };
    Trip {
        handling: way.handling(),
        transit: way.transit(),
        handling_habits: way.handling_habits(),
        transit_habits: way.transit_habits(),
        paid,
        shipped: Some(paid + waits),
        arrived: Some(paid + waits + travels),
        promised: Some(paid + 7),
        dispatch_by: Some(paid + 2),
        ..Trip::default()
    }
}

/// A parcel as it was known on the morning of a day.
fn known(trip: &Trip, today: Day) -> Trip {
    Trip {
        shipped: trip.shipped.filter(|day| *day < today),
        arrived: trip.arrived.filter(|day| *day < today),
        ..trip.clone()
    }
}

/// What a day taught of these parcels.
fn taught(lanes: &Arc<Lanes>, trips: &[Trip], today: Day) -> Tally {
    let mut tally = Tally::default();
    let mut morning = lanes.morning(today);
    for trip in trips {
        let before = known(trip, today);
        if trip.paid <= today && before.arrived.is_none() {
            morning.learn(&mut tally, &known(trip, today + 1), before.shipped.is_some());
            let foreseen = Foreseen { ahead: 3, late: 0.4 };
            morning.decided(&mut tally, &before, &[foreseen]);
            if today == trip.paid + 15 {
                morning.settled(&mut tally, &before);
            }
            tally.price("shipping", Some("PLN"), Some(i64::from(trip.paid) + 100));
        }
    }
    tally
}

fn lived(trips: &[Trip], days: Day) -> Arc<Lanes> {
    let mut lanes = Arc::new(Lanes::default());
    for today in 0..days {
        let tally = taught(&lanes, trips, today);
        Arc::make_mut(&mut lanes).close(today, &tally);
    }
    lanes
}

fn lives() -> impl Strategy<Value = Vec<Trip>> {
    let life = (0..40i32, 0..6i32, 0..30i32);
    prop::collection::vec(life, 0..60).prop_map(|lives| {
        lives.iter().zip(0..).map(|(&(paid, waits, travels), n)| trip(n, paid, waits, travels)).collect()
    })
}

/// What lanes say of a fresh parcel and of one on its way.
fn says(lanes: &Arc<Lanes>, today: Day) -> Vec<f64> {
    let mut morning = lanes.morning(today);
    let waiting = Trip { shipped: None, arrived: None, ..trip(1, today - 2, 1, 1) };
    let moving = Trip { arrived: None, ..trip(2, today - 5, 1, 1) };
    let mut all: Vec<f64> =
        [&waiting, &moving].iter().filter_map(|trip| morning.late(trip)).map(|(late, _)| late).collect();
    for trip in [&waiting, &moving] {
        all.extend(morning.arrival(trip, HORIZON).days);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_chance_is_one_and_a_day_of_arrival_is_chosen_once(trips in lives()) {
        let lanes = lived(&trips, 30);
        let mut morning = lanes.morning(30);
        for trip in trips.iter().map(|trip| known(trip, 30)).filter(|trip| trip.arrived.is_none() && trip.paid < 30) {
            let arrival = morning.arrival(&trip, HORIZON);
            prop_assert!(arrival.days.iter().all(|day| (0.0..=1.0).contains(day)));
            prop_assert!(arrival.days.iter().sum::<f64>() <= 1.0 + 1e-9);
            if let Some((late, foreseen)) = morning.late(&trip) {
                prop_assert!((0.0..=1.0).contains(&late) && (0.0..=1.0).contains(&foreseen.late));
            }
        }
    }

    #[test]
    fn tallies_of_workers_add_up_in_any_order(trips in lives(), cuts in (0usize..60, 0usize..60)) {
        let lanes = lived(&trips, 20);
        let (a, b) = (cuts.0.min(cuts.1).min(trips.len()), cuts.0.max(cuts.1).min(trips.len()));
        let parts = [&trips[..a], &trips[a..b], &trips[b..]].map(|part| taught(&lanes, part, 20));
        let merged = |order: [usize; 3]| {
            let mut sum = parts[order[0]].clone();
            sum.merge(&parts[order[1]]);
            sum.merge(&parts[order[2]]);
            let mut after = (*lanes).clone();
            after.close(20, &sum);
            says(&Arc::new(after), 21)
        };
        let mut grouped = parts[1].clone();
        grouped.merge(&parts[2]);
        let mut left = parts[0].clone();
        left.merge(&grouped);
        let mut after = (*lanes).clone();
        after.close(20, &left);
        let mut alone = (*lanes).clone();
        alone.close(20, &taught(&lanes, &trips, 20));
        let after = Arc::new(after);
        for other in [merged([0, 1, 2]), merged([2, 0, 1]), merged([1, 2, 0]), says(&Arc::new(alone), 21)] {
            for (one, other) in says(&after, 21).iter().zip(&other) {
                prop_assert!((one - other).abs() < 1e-9, "{one} {other}");
            }
        }
    }
}

#[test]
fn a_lane_says_what_its_parcels_did() {
    let trips: Vec<Trip> = (0..600).map(|n| trip(0, n / 10, 1, 2 + n % 10 % 3)).collect();
    let lanes = lived(&trips, 60);
    let mut morning = lanes.morning(60);
    let fresh = known(&trip(0, 58, 1, 3), 60);
    let late = morning.late(&fresh).map(|(late, _)| late);
    assert!(late < Some(0.1), "{late:?}");
    let expected = morning.arrival(&fresh, HORIZON).expected();
    assert!((61..=63).contains(&expected), "{expected}");
    let experience = morning.experience(&fresh, 4).expect("many parcels went this way");
    assert_eq!(experience.words(), "10 of 10 parcels on this lane that were this old arrived within 4 days");
    let broken = Trip { promised: Some(59), ..fresh };
    assert_eq!(morning.late(&broken), None, "that promise is broken already");
}
