//! A shop's morning with a million open parcels: each is counted for yesterday and foreseen anew, as the timers do it.
//!
//! `cargo bench --bench lanes`. The goal is a minute on two cores, for the counting and the foreseeing alone; what the database
//! adds is in `benches/pipeline`. One thread does it all here; a worker has as many as there are cores.

use std::io::Write as _;
use std::time::Instant;

use doorstep::domain::day;
use doorstep::domain::event::Event;
use doorstep::domain::lane::memory::Memory;
use doorstep::domain::lane::school::{Learning, School};
use doorstep::domain::order::Order;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// Parcels whose morning is timed.
const PARCELS: usize = 1_000_000;
/// Different orders among them: 500 places to send from, 2,000 to send to. Each stands for many that differ in nothing that
/// a lane looks at but their age.
const ORDERS: usize = 20_000;
/// Days on which parcels arrived before.
const TAUGHT: i64 = 60;

fn main() {
    let first: Timestamp = "2026-03-02T12:30:00Z".parse().expect("a timestamp");
    let decoder = Decoder::new(Limits::default(), Brands::any("bench"));
    let fallback = TimeZone::UTC;
    let mut learning = Learning::default();
    for past in 0..TAUGHT {
        let now = first - SignedDuration::from_hours(24 * (TAUGHT - past));
        for n in 0..400 {
            let order = order(&decoder, n * 37, now, 2 + n % 5, Some(1 + n % 2));
            learning.at(now).look(&order.state(&fallback), &mut Memory::default(), now);
        }
    }
    let open: Vec<Order> = (0..ORDERS).map(|n| order(&decoder, n, first, 1 + n % 9, None)).collect();
    let school: &mut School = learning.at(first);
    let yesterday = day::number(Date::constant(2026, 3, 1));
    let began = Instant::now();
    let mut chances = 0.0;
    for n in 0..PARCELS {
        let state = open[n % ORDERS].state(&fallback);
        let mut memory = Memory { counted: Some(yesterday - 1), ..Memory::default() };
        school.look(&state, &mut memory, first);
        chances += memory.foresight.and_then(|seen| seen.chance).map_or(0.0, f64::from);
    }
    let took = began.elapsed();
    let said = writeln!(
        std::io::stdout(),
        "{PARCELS} open parcels in {:.1} s: {:.1} µs each; mean chance {:.3}; {} tallies",
        took.as_secs_f64(),
        took.as_secs_f64() * 1e6 / PARCELS as f64,
        chances / PARCELS as f64,
        school.take().len()
    );
    said.expect("standard output is open");
    assert!(chances > 0.0, "nothing was foreseen");
}

/// An order that was paid `age` days before `now`; two in three are with the carrier, or it arrived some days ago.
fn order(decoder: &Decoder, n: usize, now: Timestamp, age: usize, arrived: Option<usize>) -> Order {
    let days = |days: usize| now - SignedDuration::from_hours(24 * i64::try_from(days).expect("few"));
    let paid = days(age);
    let promised = now + SignedDuration::from_hours(24 * 3);
    let data = json!({"order": {
        "id": n.to_string(), "paid_at": paid, "currency": "EUR", "subtotal": 4_900, "shipping": 490 + n % 7 * 100,
        "customer": {"email": "a@customer.example"},
        "address": {"country": (["DE", "PL", "FR", "GB"][n % 4]), "postcode": format!("{:05}", n % 2_000 * 41)},
        "ship_from": {"country": "DE", "postcode": format!("{:05}", n % 500 * 173)},
        "promise": {"date": promised.to_zoned(TimeZone::UTC).date()},
        "dispatch_by": paid + SignedDuration::from_hours(48),
    }});
    let mut order = Order::default();
    order.fold(&event(decoder, "order.paid", n, paid, data));
    if !n.is_multiple_of(3) || arrived.is_some() {
        let data = json!({"order": {"id": n.to_string()}, "shipment": {"id": "A", "carrier": (["dhl", "dpd"][n % 2])}});
        order.fold(&event(decoder, "shipment.shipped", n, days(age.saturating_sub(1)), data));
    }
    if let Some(ago) = arrived {
        let data = json!({"order": {"id": n.to_string()}, "shipment": {"id": "A"}});
        order.fold(&event(decoder, "shipment.delivered", n, days(ago.min(age)), data));
    }
    order
}

fn event(decoder: &Decoder, kind: &str, n: usize, at: Timestamp, data: serde_json::Value) -> Event {
    let whole = json!({"specversion": "1.0", "id": format!("{kind} {n}"), "source": "/bench", "type": kind, "time": at, "data": data});
    match decoder.structured("bench", whole.to_string().into_bytes()) {
        Incoming::Event { event, .. } => Event::clone(&event),
        other => panic!("refused: {other:?}"),
    }
}
