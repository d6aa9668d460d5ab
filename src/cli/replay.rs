//! `doorstep replay`: recorded events through the real rules on a virtual clock, nothing sent.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

use super::Ending;
use super::lines::{Line, Lines};
use super::out::Out;
use crate::apply::REUSED_ID;
use crate::config::Config;
use crate::domain::id::EventKey;
use crate::ingest::Incoming;
use crate::ingest::decode::Decoder;
use crate::replay::{Outcome, World};

/// What to replay.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep replay november.jsonl
  doorstep simulate --orders 1000 | doorstep replay - | jq -r 'select(.outcome == \"silent\") | .why' | sort | uniq -c
  doorstep replay --config new-rules.toml november.jsonl > new.jsonl; diff old.jsonl new.jsonl

Each line of the answer is {\"at\", \"order\", \"shipment\", \"stage\", \"channel\", \"to\", \"outcome\": \"sent\" or \"silent\", \"why\"},
in the order of `at`. The events are taken in the order in which they stand; the clock stands at the latest fact so far.
Lines that are refused are named on standard error, and the exit code is then 3.")]
pub struct Args {
    /// Files of structured CloudEvents, one a line; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Let each event arrive at its `recordedtime`, where it has one, and not at the time of its fact
    #[arg(long)]
    pub as_recorded: bool,
}

/// Most refused lines that are named one by one; the rest is counted.
const NAMED_MAX: u64 = 20;

/// What went through.
#[derive(Debug, Default)]
struct Tally {
    events: u64,
    unknown: BTreeMap<String, u64>,
    refused: u64,
    sent: u64,
    silent: u64,
    /// What each key was first used for.
    contents: HashMap<EventKey, Uuid>,
}

/// Replays the files and prints one object a line.
///
/// # Errors
/// When a file cannot be read, or the brands' policies make no sense.
pub fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let house = config.house()?;
    let decoder = Decoder::new(config.limits, house.for_decoder());
    let mut world = World::new(config.policies(&house)?);
    let mut lines = Lines::open(&args.files, decoder.limits().event_bytes_max, "replay")?;
    let mut tally = Tally::default();
    let mut answer = out.lines();
    while let Some(line) = lines.next()? {
        take(args, &decoder, &mut world, line, &mut tally);
        print(&mut world, &mut answer, &mut tally)?;
    }
    world.finish();
    print(&mut world, &mut answer, &mut tally)?;
    answer.flush()?;
    drop(answer);
    tally.say();
    Ok(if tally.refused == 0 { Ending::Done } else { Ending::Problems })
}

fn take(args: &Args, decoder: &Decoder, world: &mut World, line: Line, tally: &mut Tally) {
    let recorded = if args.as_recorded { recorded_time(&line.bytes) } else { None };
    match decoder.structured("file", line.bytes) {
        Incoming::Event { event, arrival } => {
            if *tally.contents.entry(arrival.key).or_insert(arrival.content) != arrival.content {
                return tally.refuse(&line.place, REUSED_ID);
            }
            tally.events += 1;
            if let Some(at) = recorded {
                world.advance_to(at);
            }
            world.take(&event);
        }
        Incoming::UnknownType { arrival } => *tally.unknown.entry(arrival.kind).or_default() += 1,
        Incoming::Refused(refused) => tally.refuse(&line.place, &refused.reason),
    }
}

/// CloudEvents' extension `recordedtime`: when the event was written down.
fn recorded_time(bytes: &[u8]) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Recorded {
        recordedtime: Option<Timestamp>,
    }
    serde_json::from_slice::<Recorded>(bytes).ok()?.recordedtime
}

fn print(world: &mut World, answer: &mut impl Write, tally: &mut Tally) -> anyhow::Result<()> {
    for line in world.lines() {
        match line.outcome {
            Outcome::Sent => tally.sent += 1,
            Outcome::Silent => tally.silent += 1,
        }
        serde_json::to_writer(&mut *answer, &line)?;
        answer.write_all(b"\n")?;
    }
    Ok(())
}

impl Tally {
    fn refuse(&mut self, place: &impl std::fmt::Display, reason: &str) {
        self.refused += 1;
        if self.refused <= NAMED_MAX {
            eprintln!("doorstep replay: {place}: {reason}");
        }
    }

    /// The sum, on standard error, where it does not disturb the lines.
    fn say(&self) {
        let Self { events, refused, sent, silent, .. } = self;
        eprintln!("doorstep replay: {events} events, {refused} lines refused; {sent} sent, {silent} silent");
        for (kind, count) in &self.unknown {
            eprintln!("doorstep replay: {count} events of the unknown type {kind:?}: nobody is told");
        }
    }
}
