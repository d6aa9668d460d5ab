//! `backtest` on a made-up shop: two lanes, of which one is too slow for what is promised on it.

use std::path::Path;
use std::process::{Command, Output};

use doorstep::backtest::Backtest;
use doorstep::domain::day;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The first day of payments, a Monday.
const FIRST: Date = Date::constant(2026, 1, 5);
/// Everything is promised a week after payment.
const PROMISED: i64 = 7;

/// One order's life in days.
#[derive(Debug, Clone, Copy)]
struct Life {
    paid: i64,
    /// `None`: never.
    arrives: Option<i64>,
    to: &'static str,
}

/// Ten orders a day: parcels to the coast take 3 to 5 days, those into the hills 6 to 12, and one in fifty never comes.
fn shop(days: i64) -> Vec<Life> {
    let life = |n: i64| {
        let paid = n / 10;
        let hills = n % 10 >= 7;
        // No generator of random numbers: a pattern whose period fits no week.
        let wait = if hills { 6 + n * 7 % 13 % 7 } else { 3 + n * 5 % 11 % 3 };
        let arrives = (n % 50 != 49).then_some(paid + wait);
        Life { paid, arrives, to: if hills { "PL-18" } else { "PL-22" } }
    };
    (0..days * 10).map(life).collect()
}

fn stream(lives: &[Life]) -> String {
    let at = |day: i64, hour: i8| FIRST.checked_add(day.days()).expect("a date").at(hour, 0, 0, 0);
    let mut events: Vec<(jiff::civil::DateTime, Value)> = Vec::new();
    for (n, life) in lives.iter().enumerate() {
        let mut add = |kind: &str, at: jiff::civil::DateTime, data: Value| {
            let time = format!("{at}Z");
            let id = format!("{n}/{kind}");
            events.push((
                at,
                json!({"specversion": "1.0", "id": id, "source": "/t", "type": kind, "time": time, "data": data}),
            ));
        };
        let order = json!({"id": n.to_string(), "customer": {"email": "a@customer.example"},
            "address": {"country": "PL", "region": life.to, "postcode": "11-222", "time_zone": "UTC"},
            "ship_from": {"country": "PL", "region": "PL-14", "postcode": "00-001"},
            "items": [{"id": "1", "title": "Mug"}], "promise": {"date": FIRST.checked_add((life.paid + PROMISED).days()).expect("a date")}});
        add("order.paid", at(life.paid, 8), json!({"order": order}));
        let parcel = json!({"order": {"id": n.to_string()}, "shipment": {"id": format!("s{n}"), "carrier": "mule", "items": [{"id": "1", "qty": 1}]}});
        add("shipment.shipped", at(life.paid + 1, 15), parcel.clone());
        if let Some(day) = life.arrives {
            add("shipment.delivered", at(day, 12), parcel);
        }
    }
    events.sort_by_key(|(at, _)| *at);
    events.iter().map(|(_, event)| format!("{event}\n")).collect()
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.current_dir(folder).env_remove("DATABASE_URL").env_remove("AMQP_URL");
    command.arg("backtest").args(args).output().expect("the binary starts")
}

fn lived(lives: &[Life]) -> Backtest {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let mut backtest = Backtest::new(Some(day::number(FIRST) + 30), TimeZone::UTC);
    for line in stream(lives).lines() {
        match decoder.structured("test", line.as_bytes().to_vec()) {
            Incoming::Event { event, .. } => backtest.take(*event),
            Incoming::UnknownType { .. } | Incoming::Refused(_) => panic!("not taken: {line}"),
        }
    }
    backtest.finish();
    backtest
}

#[test]
fn the_slow_lane_is_found_out_and_the_figures_are_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let lives = shop(120);
    std::fs::write(folder.path().join("events.jsonl"), stream(&lives)).expect("a file");
    let output =
        run(folder.path(), &["--json", "--evaluate-from", "2026-02-04", "--plot", "chart.svg", "events.jsonl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures: Value = serde_json::from_slice(&output.stdout).expect("one object");

    let judged: Vec<&Life> = lives.iter().filter(|life| life.paid >= 30 && life.arrives.is_some()).collect();
    let late = judged.iter().filter(|life| life.arrives > Some(life.paid + PROMISED)).count();
    assert_eq!(figures["orders"], judged.len());
    assert_eq!(figures["late"], late);
    let mut members: Vec<&String> = figures.as_object().expect("an object").keys().collect();
    members.sort();
    assert_eq!(members, ["brier", "ece", "ece_by_month", "fixed_rules", "late", "orders", "points"]);
    let points = figures["points"].as_array().expect("points");
    assert_eq!(points.len(), 4 * 91);
    let half = points.iter().find(|point| point["lead_days"] == 1 && point["threshold"] == 0.5).expect("there");
    assert!(half["recall"].as_f64() > Some(0.9) && half["precision"].as_f64() > Some(0.6), "{half}");
    assert!(figures["ece"].as_f64() < Some(0.06), "{}", figures["ece"]);
    assert_eq!(figures["fixed_rules"].as_array().map(Vec::len), Some(16));

    let chart = std::fs::read_to_string(folder.path().join("chart.svg")).expect("a chart");
    assert!(chart.starts_with("<svg") && chart.contains("precision"));
    let told = run(folder.path(), &["events.jsonl"]);
    let told = String::from_utf8(told.stdout).expect("text");
    assert!(told.contains("Rules of fixed days") && told.contains("2026-03"), "{told}");
}

#[test]
fn nothing_is_learned_from_what_has_not_happened_yet() {
    let turn = 59; // The last day of February is day 54; parcels of March go another way in the second life.
    let one = shop(100);
    let other = shop(100)
        .into_iter()
        .map(|life| Life { arrives: life.arrives.map(|day| if day > turn { day + 20 } else { day }), ..life });
    let (one, other) = (lived(&one), lived(&other.collect::<Vec<_>>()));
    let told = |backtest: &Backtest| {
        let february = backtest.score().months().get("2026-02").copied().expect("a month");
        (
            february.bins.iter().map(|bin| bin.mornings).collect::<Vec<_>>(),
            february.bins.map(|bin| (bin.told * 1e6).round()),
        )
    };
    assert_eq!(told(&one), told(&other), "what was told in February does not depend on March");
    assert_ne!(one.score().figures().late, other.score().figures().late);
}

#[test]
fn ranges_hold_at_least_what_they_promise() {
    // Whole days: on a lane of three, the smallest range that holds half of the parcels holds two thirds of them.
    let ranges = lived(&shop(160)).ranges();
    let share = |count: u32| f64::from(count) / f64::from(ranges.asked);
    assert!(ranges.asked > 1_000);
    assert!(share(ranges.in_half) > 0.45 && share(ranges.in_most) > 0.75, "{ranges:?}");
    assert!(ranges.in_half < ranges.in_most, "{ranges:?}");
}

#[test]
fn the_same_events_give_the_same_figures() {
    let lives = shop(60);
    assert_eq!(lived(&lives).score().figures(), lived(&lives).score().figures());
}
