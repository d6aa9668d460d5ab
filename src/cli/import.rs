//! `doorstep import`: takes old orders in silently.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use super::Ending;
use super::lines::{Line, Lines};
use super::out::Out;
use super::parts::Parts;
use crate::apply::{Hinge, Policies, Verdict};
use crate::backtest::Backtest;
use crate::config::Config;
use crate::domain::event::Event;
use crate::domain::id::{BrandId, OrderKey};
use crate::ingest::{Apply, Incoming};
use crate::lanes;
use crate::store::{Store, StoreError};
use crate::telemetry::{self, Door};

/// What to import.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep import --config /etc/doorstep/doorstep.toml orders-*.jsonl
  zcat old.jsonl.gz | doorstep import -
  doorstep import --teach last-year-by-time.jsonl
  doorstep import --restored since-the-backup.jsonl

Nobody is told what the files say has already happened, nor what the clock had called for; what happens to these orders from now
on is told as usual. Workers may run meanwhile, except with --restored. Importing the same file again changes nothing. Lines that are refused are kept in the quarantine, and the exit
code is then 3.")]
pub struct Args {
    /// Let the orders teach the brands' lanes how long parcels take, where nothing is known yet; the lines must be in the order
    /// of their times
    #[arg(long)]
    pub teach: bool,
    /// The database is a copy of an earlier day: what the clock alone had called for since then, for any of its orders, counts as
    /// told. No worker may run before this has ended
    #[arg(long)]
    pub restored: bool,
    /// Files of structured CloudEvents, one a line; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Events in one transaction: large enough that the commit costs little, small enough that a worker beside it waits little.
const BATCH: usize = 250;

/// How long a timer of a restored database is ours.
const LEASE: Duration = Duration::from_secs(60);

/// What became of the lines.
#[derive(Debug, Default, Serialize)]
struct Tally {
    applied: u64,
    repeated: u64,
    waiting: u64,
    unknown_type: u64,
    refused: u64,
    /// Brands whose lanes have learned from the lines.
    taught: u64,
}

/// What the lines tell of each brand's past, day by day.
#[derive(Debug, Default)]
struct Past {
    brands: BTreeMap<BrandId, Backtest>,
}

impl Past {
    fn live_through(&mut self, event: &Event, policies: &Policies) {
        // One that knows only a number follows its order; within one brand's lines it is found.
        let Some(brand) = event.order_key().map(|key| key.brand()) else { return };
        let zone = || policies.of(&brand).zone.clone();
        self.brands.entry(brand.clone()).or_insert_with(|| Backtest::new(None, zone())).take(event.clone());
    }

    /// Keeps what was learned of brands of which nothing was known; answers how many.
    async fn teach(self, store: &Store) -> Result<u64, StoreError> {
        let mut taught = 0;
        for (brand, mut backtest) in self.brands {
            backtest.finish();
            taught += u64::from(lanes::begin(store, &brand, backtest.lanes()).await?);
        }
        Ok(taught)
    }
}

/// Imports the files.
///
/// # Errors
/// When a file cannot be read, or the database does not take a batch; what was taken before stays.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let parts = Parts::open(config).await?;
    let hinge = parts.hinge.importing();
    let policies = config.policies(&config.house()?)?;
    let mut lines = Lines::open(&args.files, parts.decoder.limits().event_bytes_max, "import")?;
    let mut tally = Tally::default();
    let mut past = args.teach.then(Past::default);
    let mut touched: BTreeSet<OrderKey> = BTreeSet::new();
    let mut batch: Vec<Incoming> = Vec::with_capacity(BATCH);
    loop {
        let line = lines.next()?;
        let last = line.is_none();
        let incoming = line.map(|line| decoded(&parts, line));
        if let (Some(past), Some(Incoming::Event { event, .. })) = (&mut past, &incoming) {
            past.live_through(event, &policies);
        }
        if let Some(Incoming::Event { event, .. }) = &incoming {
            touched.extend(event.order_key());
        }
        batch.extend(incoming);
        if batch.len() == BATCH || (last && !batch.is_empty()) {
            let verdicts = hinge.apply(std::mem::take(&mut batch)).await.context("applying a batch")?;
            tally.add(&verdicts);
        }
        if last {
            break;
        }
    }
    for keys in touched.into_iter().collect::<Vec<_>>().chunks(BATCH) {
        hinge.tick(keys.to_vec()).await.context("looking at what the clock had called for")?;
    }
    if args.restored {
        leave_behind(&parts.store, &hinge).await?;
    }
    if let Some(past) = past {
        tally.taught = past.teach(&parts.store).await.context("keeping what was learned")?;
    }
    parts.store.close().await;
    out.object(&tally)?;
    let Tally { applied, repeated, waiting, unknown_type, refused, taught } = &tally;
    out.say(format!(
        "{applied} events taken in, {repeated} were known, {waiting} wait for their order, {unknown_type} of unknown types, \
         {refused} refused"
    ))?;
    if args.teach {
        out.say(format!("{taught} brands have learned from it"))?;
    }
    Ok(if tally.refused == 0 { Ending::Done } else { Ending::Problems })
}

/// Lets everything that the clock has called for by now count as told.
///
/// # Errors
/// When the database does not answer.
pub async fn leave_behind(store: &Store, hinge: &Hinge) -> anyhow::Result<()> {
    loop {
        let due = store.claim_wakes(BATCH as u32, LEASE).await.context("looking for timers")?;
        if due.is_empty() {
            return Ok(());
        }
        hinge.tick(due).await.context("looking at what the clock had called for")?;
    }
}

/// Decodes a line; a refusal also says where the line stands.
fn decoded(parts: &Parts, line: Line) -> Incoming {
    let mut incoming = parts.decoder.structured("file", line.bytes);
    if let Incoming::Refused(refused) = &mut incoming {
        refused.reason.push_str(&format!(" ({})", line.place));
    }
    incoming
}

impl Tally {
    fn add(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            telemetry::event_verdict(Door::File, verdict);
            let count = match verdict {
                Verdict::Applied => &mut self.applied,
                Verdict::Repeat => &mut self.repeated,
                Verdict::Waiting => &mut self.waiting,
                // Somebody who was forgotten is not brought back by old records: nothing is done with them.
                Verdict::UnknownType | Verdict::Erased => &mut self.unknown_type,
                Verdict::Refused { .. } => &mut self.refused,
            };
            *count += 1;
        }
    }
}
