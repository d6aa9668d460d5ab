//! `doorstep simulate`: a believable stream of events, for demos and load. The same seed gives the same stream.

mod chance;
mod goods;
mod journey;
mod places;
mod story;

use std::io::Write;

use anyhow::Context;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::out::Out;
use chance::Chance;

/// What to simulate.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep simulate --orders 40 --seed 7 > week.jsonl
  doorstep simulate --orders 7000 --seed 1 | doorstep replay -
  doorstep simulate --orders 1000 --end now > recent.jsonl

Every e-mail address ends in customer.example, and no phone number can ring. One event in about 30 comes twice, some come
late or before what led to them. The extension `recordedtime` of each event says when it would have arrived.")]
pub struct Args {
    /// How many orders
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub orders: u32,
    /// Names the stream: the same seed, orders, days and start give the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// When the first day starts: a date (midnight UTC) or a time with offset
    #[arg(long, default_value = "2026-11-02", value_parser = parse_start)]
    pub start: Timestamp,
    /// Over how many days the orders are placed; parcels go on moving for some days more
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: u16,
    /// Shift the whole stream so that its last event arrives at this time: `now`, or a time with offset
    #[arg(long, value_name = "TIME", conflicts_with = "start")]
    pub end: Option<String>,
    /// Ids of the brands that sell, comma-separated
    #[arg(long, value_delimiter = ',', default_value = "harbour,kettle")]
    pub brands: Vec<String>,
}

/// An event and the time at which it reaches doorstep.
#[derive(Debug, Clone)]
pub struct Arriving {
    /// When it arrives; never before the fact.
    pub at: Timestamp,
    /// The structured CloudEvent.
    pub event: Value,
}

/// Makes the stream, in order of arrival. A copy that arrives later has the same bytes as the first.
///
/// # Errors
/// When a time leaves the range of years that can be written down.
pub fn stream(args: &Args) -> anyhow::Result<Vec<Arriving>> {
    let mut all = Vec::with_capacity(args.orders as usize * 12);
    let chance = Chance::new(args.seed);
    for n in 0..args.orders {
        let brand = &args.brands[n as usize % args.brands.len()];
        story::tell(chance.part(u64::from(n) + 1), brand, n, args, &mut all)
            .context("the stream leaves the calendar")?;
    }
    // Stable: events that arrive in the same second keep the order in which they were told.
    all.sort_by_key(|arriving| arriving.at);
    Ok(all)
}

/// Writes the stream to standard output.
///
/// # Errors
/// When the output cannot be written, or `--end` is not a time.
pub fn run(args: &Args, out: &Out) -> anyhow::Result<()> {
    let mut args = args.clone();
    if let Some(end) = &args.end {
        let end = match end.as_str() {
            "now" => crate::clock::Clock::database().now(),
            text => text.parse().with_context(|| format!("--end {text}: not `now` and not a time with offset"))?,
        };
        let last = stream(&args)?.last().map_or(args.start, |last| last.at);
        // Whole days, so that people still order by day and parcels still leave in the evening.
        let days = (end.as_second() - last.as_second()).div_euclid(86_400);
        args.start += SignedDuration::from_hours(24 * days);
    }
    let mut lines = out.lines();
    for arriving in stream(&args)? {
        serde_json::to_writer(&mut lines, &arriving.event)?;
        lines.write_all(b"\n")?;
    }
    lines.flush()?;
    Ok(())
}

fn parse_start(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().ok().or_else(day).ok_or_else(|| "neither a date nor a time with offset".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::event::Kind;

    fn args(orders: u32, seed: u64) -> Args {
        Args {
            orders,
            seed,
            start: "2026-11-02T00:00:00Z".parse().expect("a time"),
            days: 7,
            end: None,
            brands: vec!["harbour".to_owned(), "kettle".to_owned()],
        }
    }

    #[test]
    fn a_seed_names_one_stream() {
        let text = |seed| -> Vec<String> {
            stream(&args(60, seed)).expect("a stream").iter().map(|one| one.event.to_string()).collect()
        };
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
    }

    #[test]
    fn a_large_stream_holds_everything_that_can_happen() {
        let all = stream(&args(3000, 1)).expect("a stream");
        let kinds: BTreeSet<&str> = all.iter().filter_map(|one| one.event["type"].as_str()).collect();
        for kind in Kind::ALL {
            assert!(kinds.contains(kind.as_str()), "{} never happens", kind.as_str());
        }
        let mut copies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut times = 0;
        for one in &all {
            times += 1;
            let key = format!("{} {}", one.event["source"], one.event["id"]);
            copies.entry(key).or_default().insert(one.event.to_string());
        }
        assert!(copies.values().all(|bytes| bytes.len() == 1), "an id was reused for other content");
        assert!(copies.len() < times, "nothing comes twice");
        let late = |one: &&Arriving| {
            let fact: Timestamp = one.event["time"].as_str().and_then(|time| time.parse().ok()).expect("a time");
            assert!(one.at >= fact, "an event arrives before its fact");
            one.at.duration_since(fact) > SignedDuration::from_hours(48)
        };
        assert!(all.iter().filter(late).count() > 0, "nothing comes late");
    }

    #[test]
    fn about_one_order_in_seven_travels_in_several_parcels() {
        let mut parcels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for one in stream(&args(2000, 9)).expect("a stream") {
            if one.event["type"] == "shipment.shipped" {
                let shipment = &one.event["data"]["shipment"];
                let order = shipment["tracking_number"].as_str().expect("a number").to_owned();
                if let Some(id) = shipment["id"].as_str() {
                    parcels.entry(id.rsplit_once('-').expect("order-parcel").0.to_owned()).or_default().insert(order);
                }
            }
        }
        let several = parcels.values().filter(|numbers| numbers.len() > 1).count() * 100 / parcels.len();
        assert!((11..=19).contains(&several), "{several} % of orders have several parcels");
    }
}
