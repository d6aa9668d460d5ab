//! `doorstep check`: configuration, templates, broker and database, without sending anything. Prints what to mend.

use serde::Serialize;

use super::Ending;
use super::out::Out;
use crate::alerting::post::BadTarget;
use crate::alerting::settings::Book;
use crate::app::voices::Speaking;
use crate::channel::hook::{self, Hook};
use crate::channel::{email, sms};
use crate::clock::Clock;
use crate::config::Config;
use crate::ingest::amqp;
use crate::ingest::topology::{Mode, Unfit};
use crate::link::Links;
use crate::store::{Mask, Store};
use crate::web::callback::DoorKeys;
use crate::web::ops::people::Entrance;
use crate::web::token::Tokens;

/// What to check.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep check --config /etc/doorstep/doorstep.toml
  doorstep check --offline --json        in a build, where neither broker nor database is at hand

Renders every brand × stage × language × sample as mail and text, builds the channels and doors from their settings, reads the
files that these name, and asks broker and database. Nothing is sent, made or changed. Exit code 3: something is to be mended.")]
pub struct Args {
    /// Ask neither the broker nor the database
    #[arg(long)]
    pub offline: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    part: &'static str,
    /// `ok`, `note` for what need not be mended, `problem` for what must.
    result: Grade,
    what: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Grade {
    Ok,
    Note,
    Problem,
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, part: &'static str, result: Grade, what: impl Into<String>) {
        self.0.push(Finding { part, result, what: what.into() });
    }

    /// Notes how something went: `fine` if it did, else the error with its causes.
    fn judge<T, E: std::error::Error>(
        &mut self,
        part: &'static str,
        result: Result<T, E>,
        fine: impl FnOnce(&T) -> String,
    ) {
        match result {
            Ok(value) => self.add(part, Grade::Ok, fine(&value)),
            Err(error) => self.add(part, Grade::Problem, with_causes(&error)),
        }
    }
}

/// An error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// Checks everything, and prints a line for each part and each problem.
///
/// # Errors
/// When standard output is gone.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let mut findings = Findings::default();
    voices(config, &mut findings);
    channels(config, &mut findings);
    alerts(config, &mut findings);
    entrances(config, &mut findings);
    people(config, &mut findings);
    if !args.offline {
        broker(config, &mut findings).await;
        database(config, &mut findings).await;
    }
    let mut worst = Grade::Ok;
    for finding in &findings.0 {
        worst = worst.max(finding.result);
        let mark = match finding.result {
            Grade::Ok => "ok      ",
            Grade::Note => "note    ",
            Grade::Problem => "PROBLEM ",
        };
        out.object(finding)?;
        out.say(format!("{mark} {:<10} {}", finding.part, finding.what))?;
    }
    let problems = findings.0.iter().filter(|finding| finding.result == Grade::Problem).count();
    out.say(match problems {
        0 => "\nnothing to mend".to_owned(),
        1 => "\n1 problem to mend".to_owned(),
        many => format!("\n{many} problems to mend"),
    })?;
    Ok(if worst == Grade::Problem { Ending::Problems } else { Ending::Done })
}

fn voices(config: &Config, findings: &mut Findings) {
    let problems = match Speaking::load(config) {
        Ok(speaking) => {
            let brands: Vec<&str> = speaking.voice.brands().map(|brand| brand.as_str()).collect();
            let problems = speaking.voice.check();
            if problems.is_empty() {
                findings.add("voice", Grade::Ok, format!("every stage, language and sample of {}", brands.join(", ")));
            }
            if !speaking.house.named {
                findings.add(
                    "voice",
                    Grade::Note,
                    "no brand is configured: events of every brand are told in a plain voice",
                );
            }
            problems
        }
        Err(problems) => problems,
    };
    for problem in problems {
        findings.add("voice", Grade::Problem, problem.to_string());
    }
}

fn channels(config: &Config, findings: &mut Findings) {
    let said = |endpoint: &str| format!("goes to {endpoint}");
    let clock = Clock::database();
    if let email::Settings::Capture(capture) = &config.email {
        findings.add("email", Grade::Note, format!("mails are kept in {}, not sent", capture.dir.display()));
    } else {
        findings.judge("email", email::Sender::new(&config.email, clock.clone()), |sender| said(sender.endpoint()));
    }
    if let sms::Settings::Capture(capture) = &config.sms {
        findings.add("sms", Grade::Note, format!("texts are kept in {}, not sent", capture.dir.display()));
    } else {
        findings.judge("sms", sms::Sender::new(&config.sms, clock), |sender| said(sender.endpoint()));
    }
    match Links::open(&config.links) {
        Ok(Some(_)) => findings.add("links", Grade::Ok, "mails carry a one-click opt-out"),
        Ok(None) => findings.add(
            "links",
            Grade::Note,
            "customers have no pages, nobody is asked how it went, and mails carry no one-click opt-out: set links.base_url and \
             links.secret_files",
        ),
        Err(wrong) => findings.add("links", Grade::Problem, with_causes(&wrong)),
    }
}

fn alerts(config: &Config, findings: &mut Findings) {
    // Brands that cannot be read are told by the voice.
    let Ok(house) = config.house_flaws() else { return };
    for (key, problem) in Book::new(&config.alerts, &house).err().unwrap_or_default() {
        findings.add("alerts", Grade::Problem, format!("{key}: {problem}"));
    }
    for (name, target) in &config.alerts.targets {
        if let hook::Settings::Capture(capture) = target {
            findings.add("alerts", Grade::Note, format!("`{name}` is kept in {}, not sent", capture.dir.display()));
        } else {
            let built = Hook::new(target, Clock::database()).map_err(|source| BadTarget { name: name.clone(), source });
            findings.judge("alerts", built, |hook| format!("`{name}` goes to {}", hook.endpoint()));
        }
    }
}

fn entrances(config: &Config, findings: &mut Findings) {
    if !config.http.proxy_networks.is_empty() {
        findings
            .judge("http", config.http.networks(), |_| "customers' addresses are as our own proxies say".to_owned());
    }
    findings.judge("http", Tokens::read(&config.http), |tokens| format!("{} with {tokens:?}", config.http.listen));
    if config.amqp.is_on() {
        findings.judge("amqp", config.amqp.address(), |_| "the address can be read".to_owned());
    } else {
        findings.add("amqp", Grade::Note, "no broker is configured: facts come in by HTTP and from files");
    }
}

/// Who may look at orders, whose calls are believed, and under which names wishes are kept.
fn people(config: &Config, findings: &mut Findings) {
    match Entrance::read(&config.ops) {
        Ok(Some(_)) => findings.add("ops", Grade::Ok, "the console is open to whom the settings name"),
        Ok(None) => {
            findings.add(
                "ops",
                Grade::Note,
                "the console is off: set ops.users_file, or ops.proxy_header behind a proxy",
            );
        }
        Err(error) => findings.add("ops", Grade::Problem, with_causes(&error)),
    }
    findings.judge("callbacks", DoorKeys::read(&config.consent), |keys| match keys.open()[..] {
        [] => "no provider calls back: every door is shut".to_owned(),
        ref open => format!("open to {}", open.join(", ")),
    });
    findings.judge("consent", Mask::open(&config.consent.secret_files), |_| match config.consent.secret_files.len() {
        0 => "wishes are kept under names that are made of the address alone".to_owned(),
        many => format!("wishes are kept under names that {many} secrets seal"),
    });
}

async fn broker(config: &Config, findings: &mut Findings) {
    if !config.amqp.is_on() {
        return;
    }
    // Only looked at, also where `run` would make it.
    let makes = config.amqp.topology == Mode::Declare;
    let topology = if makes { Mode::Verify } else { config.amqp.topology };
    match amqp::check(&amqp::Settings { topology, ..config.amqp.clone() }).await {
        Ok(()) => findings.add("broker", Grade::Ok, "exchange and queue are there and as configured"),
        Err(amqp::Cannot::Unfit(Unfit::Missing { what })) if makes => {
            findings.add("broker", Grade::Note, format!("reached; {what} is not there yet, and `run` will make it"));
        }
        Err(error) => findings.add("broker", Grade::Problem, with_causes(&error)),
    }
}

async fn database(config: &Config, findings: &mut Findings) {
    let absent = config.database_file().is_some_and(|file| !file.exists());
    if absent {
        findings.add("database", Grade::Note, "the file is not there yet, and `run` will make it");
        return;
    }
    let asked = async {
        let store = Store::open(&config.database, Clock::database()).await?;
        store.ping().await?;
        let versions = (store.schema_version().await?, store.schema_known());
        store.close().await;
        Ok::<_, crate::store::StoreError>(versions)
    };
    match asked.await {
        Ok((there, known)) if there == known => {
            findings.add("database", Grade::Ok, format!("reached, version {there}"))
        }
        Ok((there, known)) if there < known => {
            let what = format!("reached, version {there}; `run` or `migrate` will bring it to {known}");
            findings.add("database", Grade::Note, what);
        }
        Ok((there, known)) => {
            let what = format!("has version {there}, this program knows {known}: use a newer doorstep");
            findings.add("database", Grade::Problem, what);
        }
        Err(error) => findings.add("database", Grade::Problem, with_causes(&error)),
    }
}
