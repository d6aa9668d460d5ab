//! The command line: one file a verb. Every verb reads the same configuration, answers people in words and programs in
//! JSON (`--json`), and ends with an exit code that says which of the two went wrong.

mod alerted;
pub mod backtest;
pub mod check;
pub mod demo;
pub mod explain;
pub mod forget;
pub mod import;
mod lines;
pub mod migrate;
pub mod ops;
pub mod out;
pub mod outbox;
mod parts;
pub mod quarantine;
pub mod replay;
pub mod run;
pub mod simulate;
pub mod suppressed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::{Config, Wrong};
use out::Out;

const EXIT_CODES: &str = "Exit codes:
  0  done
  1  failed: the database, the broker, a file or the network would not do as asked
  2  the command line or the configuration is wrong
  3  done, and something is to be mended (check), or some lines were refused (backtest, import, replay)
  4  not found: no such order, message or quarantined event

Settings come from the file given with --config, then from the environment: DOORSTEP_… with __ between levels
(DOORSTEP_HTTP__LISTEN=0.0.0.0:8080); DATABASE_URL and AMQP_URL are honoured as well.";

const QUARANTINE_EXAMPLES: &str = "Examples:
  doorstep quarantine list
  doorstep quarantine show 17
  doorstep quarantine retry 17 18      after doorstep or the configuration was mended
  doorstep quarantine retry --all
  doorstep quarantine drop 17          for good";

const OUTBOX_EXAMPLES: &str = "Examples:
  doorstep outbox list
  doorstep outbox list --state rejected --json
  doorstep outbox settle 0b5e… --sent          the relay's log shows it
  doorstep outbox settle 0b5e… --send-again    it does not: the same bytes under the same Message-ID";

const OPS_EXAMPLES: &str = "Examples:
  doorstep ops hash < password              a line of it, at least 12 characters
  echo \"ann operator $(doorstep ops hash < password)\" >> ops-users";

/// Looks after a customer between payment and delivery: order and shipment events in, true messages out.
#[derive(Debug, Parser)]
#[command(name = "doorstep", version, after_long_help = EXIT_CODES, after_help = "More, with exit codes: doorstep --help")]
#[command(arg_required_else_help = true, max_term_width = 110)]
struct Cli {
    /// The configuration file; without one: SQLite in ./doorstep-data, the HTTP door, captured mail
    #[arg(long, global = true, value_name = "FILE", env = "DOORSTEP_CONFIG")]
    config: Option<PathBuf>,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// A whole shop's week in a minute, with pages to look at
    Demo(demo::Args),
    /// The worker: consume, decide, send, serve pages
    Run(run::Args),
    /// Configuration, templates (every stage × language × sample), broker and database, without sending
    Check(check::Args),
    /// Recorded events through the real rules on a virtual clock: who would have been told what, when and why
    Replay(replay::Args),
    /// How good the delay warnings would have been on recorded events, learning only from what had happened by each day
    Backtest(backtest::Args),
    /// A believable stream of events as JSON Lines
    Simulate(simulate::Args),
    /// Every fact and every decision about one order, with the rule and the clock
    Explain(explain::Args),
    /// Repair what was refused at the door
    #[command(subcommand, after_help = QUARANTINE_EXAMPLES)]
    Quarantine(quarantine::Verb),
    /// List what is in doubt; settle it as sent or send it again
    #[command(subcommand, after_help = OUTBOX_EXAMPLES)]
    Outbox(outbox::Verb),
    /// People for the ops console
    #[command(subcommand, after_help = OPS_EXAMPLES)]
    Ops(ops::Verb),
    /// Take old orders in silently
    Import(import::Args),
    /// Erase one person, or show what is kept of them
    Forget(forget::Args),
    /// Whether messages go to an address; let them go there again
    Suppressed(suppressed::Args),
    /// Bring the database to this version
    Migrate(migrate::Args),
}

/// How a verb ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// All is well: 0.
    Done,
    /// The work is done and found something to mend: 3.
    Problems,
    /// What was asked for does not exist: 4.
    NotFound,
}

/// Reads the command line, does what it says and turns the ending into an exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Problems) => ExitCode::from(3),
        Ok(Ending::NotFound) => ExitCode::from(4),
        Err(error) if out::reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("doorstep: {error:#}");
            ExitCode::from(if error.is::<Wrong>() { 2 } else { 1 })
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Ending> {
    let out = Out { json: cli.json };
    let config = || Config::load(cli.config.as_deref());
    match &cli.verb {
        Verb::Demo(args) => wait(demo::run(args, &out)),
        Verb::Run(_) => wait(run::run(config()?, cli.config.as_deref())).map(|()| Ending::Done),
        Verb::Check(args) => wait(check::run(args, &config()?, &out)),
        Verb::Replay(args) => replay::run(args, &config()?, &out),
        Verb::Backtest(args) => backtest::run(args, &config()?, &out),
        Verb::Simulate(args) => simulate::run(args, &out).map(|()| Ending::Done),
        Verb::Explain(args) => wait(explain::run(args, &config()?, &out)),
        Verb::Quarantine(verb) => wait(quarantine::run(verb, &config()?, &out)),
        Verb::Outbox(verb) => wait(outbox::run(verb, &config()?, &out)),
        Verb::Ops(verb) => ops::run(verb, &out),
        Verb::Import(args) => wait(import::run(args, &config()?, &out)),
        Verb::Forget(args) => wait(forget::run(args, &config()?, &out)),
        Verb::Suppressed(args) => wait(suppressed::run(args, &config()?, &out)),
        Verb::Migrate(args) => wait(migrate::run(args, &config()?, &out)),
    }
}

/// How long work that nobody waits for any more, such as a reload of the brands, may hold up the end.
const LAST_WORK: Duration = Duration::from_secs(1);

/// Runs a verb that waits for the world.
fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_WORK);
    result
}
