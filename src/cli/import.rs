//! `doorstep import`: takes old orders in silently.

use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::Ending;
use super::lines::{Line, Lines};
use super::out::Out;
use super::parts::Parts;
use crate::apply::Verdict;
use crate::config::Config;
use crate::ingest::{Apply, Incoming};
use crate::telemetry::{self, Door};

/// What to import.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep import --config /etc/doorstep/doorstep.toml orders-*.jsonl
  zcat old.jsonl.gz | doorstep import -

Nobody is told what the files say has already happened; what happens to these orders from now on is told as usual. Workers may
run meanwhile. Importing the same file again changes nothing. Lines that are refused are kept in the quarantine, and the exit
code is then 3.")]
pub struct Args {
    /// Files of structured CloudEvents, one a line; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Events in one transaction: large enough that the commit costs little, small enough that a worker beside it waits little.
const BATCH: usize = 250;

/// What became of the lines.
#[derive(Debug, Default, Serialize)]
struct Tally {
    applied: u64,
    repeated: u64,
    waiting: u64,
    unknown_type: u64,
    refused: u64,
}

/// Imports the files.
///
/// # Errors
/// When a file cannot be read, or the database does not take a batch; what was taken before stays.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let parts = Parts::open(config).await?;
    let hinge = parts.hinge.importing();
    let mut lines = Lines::open(&args.files, parts.decoder.limits().event_bytes_max, "import")?;
    let mut tally = Tally::default();
    let mut batch: Vec<Incoming> = Vec::with_capacity(BATCH);
    loop {
        let line = lines.next()?;
        let last = line.is_none();
        batch.extend(line.map(|line| decoded(&parts, line)));
        if batch.len() == BATCH || (last && !batch.is_empty()) {
            let verdicts = hinge.apply(std::mem::take(&mut batch)).await.context("applying a batch")?;
            tally.add(&verdicts);
        }
        if last {
            break;
        }
    }
    parts.store.close().await;
    out.object(&tally)?;
    let Tally { applied, repeated, waiting, unknown_type, refused } = &tally;
    out.say(format!(
        "{applied} events taken in, {repeated} were known, {waiting} wait for their order, {unknown_type} of unknown types, \
         {refused} refused"
    ))?;
    Ok(if tally.refused == 0 { Ending::Done } else { Ending::Problems })
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
                Verdict::UnknownType => &mut self.unknown_type,
                Verdict::Refused { .. } => &mut self.refused,
            };
            *count += 1;
        }
    }
}
