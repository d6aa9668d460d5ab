//! `doorstep backtest`: how good the delay warnings would have been.

use std::path::PathBuf;

use anyhow::Context;
use jiff::civil::Date;

use super::Ending;
use super::lines::Lines;
use super::out::Out;
use crate::backtest::score::{Bin, Figures, LATE_MIN, Score, calibration_error};
use crate::backtest::{Backtest, chart};
use crate::config::Config;
use crate::domain::day;
use crate::ingest::Incoming;
use crate::ingest::decode::{Brands, Decoder};

/// What to look back on.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep backtest --evaluate-from 2026-03-01 last-year.jsonl
  doorstep backtest --evaluate-from 2026-03-01 --plot warnings.svg last-year.jsonl
  doorstep backtest --json last-year.jsonl | jq '.points[] | select(.lead_days == 3 and .threshold == 0.7)'

Each morning every open order is asked for its chance of missing its promise, by what was known by then; one warning an order, on
the first morning above the threshold. An order is late when its last parcel was handed over on a later day than promised; orders
that never arrived are left out. `precision`: the share of the warnings that were of late orders; `recall`: the share of the late
orders that were warned of, at least so many days ahead. Months are those of the mornings; only months with 100 late orders or
more are judged.")]
pub struct Args {
    /// Judge the orders paid from this day on; those before only teach
    #[arg(long, value_name = "DATE")]
    pub evaluate_from: Option<Date>,
    /// Write a chart of it (SVG)
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Files of structured CloudEvents, one a line, in the order of their times; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Most refused lines that are named one by one.
const NAMED_MAX: u64 = 20;
/// Thresholds that the table for people shows; `--json` has all.
const SHOWN: [f64; 8] = [0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9];

/// Looks back and prints the figures.
///
/// # Errors
/// When a file cannot be read, or the chart cannot be written.
pub fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let house = config.house()?;
    let fallback = config.policies(&house)?.of(&house.default).zone.clone();
    let decoder = Decoder::new(config.limits, Brands::any(house.default.as_str()));
    let mut backtest = Backtest::new(args.evaluate_from.map(day::number), fallback);
    let mut lines = Lines::open(&args.files, decoder.limits().event_bytes_max, "backtest")?;
    let mut refused = 0;
    while let Some(line) = lines.next()? {
        match decoder.structured("file", line.bytes) {
            Incoming::Event { event, .. } => backtest.take(*event),
            Incoming::UnknownType { .. } => {}
            Incoming::Refused(why) => {
                refused += 1;
                if refused <= NAMED_MAX {
                    eprintln!("doorstep backtest: {}: {}", line.place, why.reason);
                }
            }
        }
    }
    backtest.finish();
    let figures = backtest.score().figures();
    if let Some(path) = &args.plot {
        let chart = chart::draw(backtest.score()).context("drawing the chart")?;
        std::fs::write(path, chart).with_context(|| format!("writing {}", path.display()))?;
    }
    out.object(&figures)?;
    tell(&backtest, &figures, out)?;
    Ok(if refused == 0 { Ending::Done } else { Ending::Problems })
}

fn tell(backtest: &Backtest, figures: &Figures, out: &Out) -> anyhow::Result<()> {
    let Figures { orders, late, brier, ece, .. } = figures;
    out.say(format!(
        "{orders} orders with a promise arrived, {late} of them late ({}); {} never arrived and are left out.",
        percent(f64::from(*late) / f64::from((*orders).max(1))),
        backtest.without_outcome(),
    ))?;
    out.say(format!("Brier score {brier:.4}, expected calibration error {ece:.4}.\n"))?;
    let shown = figures.points.iter().filter(|point| SHOWN.iter().any(|shown| (point.threshold - shown).abs() < 1e-9));
    let rows: Vec<[String; 5]> = shown
        .map(|point| {
            let threshold = format!("{:.2}", point.threshold);
            [days(point.lead_days), threshold, point.alerts.to_string(), rate(point.precision), rate(point.recall)]
        })
        .collect();
    out.table(["warned at least", "threshold", "warnings", "precision", "recall"], &rows)?;
    out.say("\nRules of fixed days, on the same orders:\n")?;
    let rules = figures.fixed_rules.iter().map(|rule| {
        let name = rule.rule.to_owned();
        [days(rule.lead_days), name, rule.alerts.to_string(), rate(rule.precision), rate(rule.recall)]
    });
    out.table(["warned at least", "rule", "warnings", "precision", "recall"], &rules.collect::<Vec<_>>())?;
    calibration(backtest.score(), out)?;
    let ranges = backtest.ranges();
    let held = |count: u32| percent(f64::from(count) / f64::from(ranges.asked.max(1)));
    out.say(format!(
        "\nOn the morning after payment, the 50 % range held the day of arrival for {} of the orders, the 80 % range for {}.",
        held(ranges.in_half),
        held(ranges.in_most),
    ))?;
    Ok(())
}

fn calibration(score: &Score, out: &Out) -> anyhow::Result<()> {
    out.say("\nOf the mornings on which a chance was told, so many were of orders that became late:\n")?;
    let full = score.whole().iter().enumerate().filter(|(_, bin)| bin.mornings > 0);
    let rows = full.map(|(tenth, bin)| {
        let [told, came, apart] = compare(bin);
        [format!("{}–{} %", tenth * 10, tenth * 10 + 10), bin.mornings.to_string(), told, came, apart]
    });
    out.table(["chance", "mornings", "told", "came", "apart"], &rows.collect::<Vec<_>>())?;
    out.say("\nMonth by month:\n")?;
    let rows = score.months().iter().map(|(name, month)| {
        let mut all = Bin::default();
        for bin in &month.bins {
            all.mornings += bin.mornings;
            all.told += bin.told;
            all.came += bin.came;
        }
        let [told, came, _] = compare(&all);
        let mark = if month.late < LATE_MIN { " (too few late orders to judge)" } else { "" };
        let error = format!("{:.3}{mark}", calibration_error(&month.bins));
        [name.clone(), all.mornings.to_string(), told, came, error]
    });
    out.table(["month", "mornings", "told", "came", "calibration error"], &rows.collect::<Vec<_>>())?;
    Ok(())
}

fn compare(bin: &Bin) -> [String; 3] {
    let mornings = (bin.mornings.max(1)) as f64;
    let (told, came) = (bin.told / mornings, bin.came as f64 / mornings);
    [percent(told), percent(came), format!("{:+.3}", told - came)]
}

fn days(lead: day::Day) -> String {
    if lead == 1 { "1 day before".to_owned() } else { format!("{lead} days before") }
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.2}"))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
