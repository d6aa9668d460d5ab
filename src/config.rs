//! The configuration: one typed value, read and checked whole at start. Every setting, its default, its unit and its reason
//! stand in `deploy/doorstep.toml`; a tidy test holds that file and this type together.

pub mod brands;
mod layers;
mod secrets;

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use crate::apply::Policies;
use crate::channel::{broker, email, sms};
use crate::ingest::amqp;
use crate::ingest::decode::Limits;
use crate::telemetry::Format;
use crate::voice::brand::{Brand, Flaw};
use crate::{alerting, consent, dispatch, feeds, link, store, web};
use brands::{House, Voices};

/// The annotated file with every default: what the environment's variables are read against, and what people copy.
pub const ANNOTATED: &str = include_str!("../deploy/doorstep.toml");

/// Everything that can be set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub log: Log,
    pub database: store::Settings,
    /// Facts from RabbitMQ.
    pub amqp: amqp::Settings,
    /// The HTTP side: the door for events, health and pages.
    pub http: web::Settings,
    /// The console of those who look after what goes wrong.
    pub ops: web::ops::Settings,
    /// How much one event may be.
    pub limits: Limits,
    /// Which voices there are.
    pub voice: Voices,
    /// Brands, by id: who the shop is and what it wants told.
    pub brands: BTreeMap<String, Brand>,
    pub email: email::Settings,
    pub sms: sms::Settings,
    pub dispatch: dispatch::settings::Settings,
    /// Who of the shop's own people hears of alerts.
    pub alerts: alerting::settings::Settings,
    /// When a carrier's silent feed is an outage.
    pub feeds: feeds::Settings,
    /// What people wish, and what providers report of their addresses.
    pub consent: consent::settings::Settings,
    /// What other programs hear of notices.
    pub outcomes: Outcomes,
    /// How long rows are kept.
    pub retention: Retention,
    /// Links in messages that lead back to this worker.
    pub links: link::Settings,
}

/// Outcome events to the broker of `amqp`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outcomes {
    /// Whether they are published at all. Without a broker they never are.
    pub publish: bool,
    /// The durable topic exchange; the routing key is the event's type.
    pub exchange: String,
    /// Whether the exchange is made; otherwise it must be there.
    pub declare: bool,
}

impl Default for Outcomes {
    fn default() -> Self {
        let broker::Settings { exchange, declare } = broker::Settings::default();
        Self { publish: true, exchange, declare }
    }
}

impl Outcomes {
    /// What the publisher needs to know.
    pub fn publisher(&self) -> broker::Settings {
        broker::Settings { exchange: self.exchange.clone(), declare: self.declare }
    }
}

/// How long rows are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days that facts, the ledger of silences, and facts whose number never became known are kept. Orders and notices
    /// stay: they keep second copies out.
    pub facts_days: NonZeroU16,
    /// Days that cases are kept after they were solved, returns after they were asked for, and the words of ratings; the scores
    /// stay.
    pub voices_days: NonZeroU16,
    /// Days that the pictures of a case are kept after it was solved.
    pub photos_days: NonZeroU16,
    /// Days after which an order that is over loses everything personal, counted from its last change.
    pub orders_days: NonZeroU16,
    /// Days that the notes of providers' calls are kept, by which a repeat is known and `explain` shows what was delivered.
    pub callbacks_days: NonZeroU16,
    /// Days that refused events wait for repair.
    pub quarantine_days: NonZeroU16,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days| NonZeroU16::new(days).expect("a literal above zero");
        Self {
            facts_days: days(400),
            voices_days: days(730),
            photos_days: days(90),
            orders_days: days(730),
            callbacks_days: days(90),
            quarantine_days: days(180),
        }
    }
}

/// What the worker says of itself on standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: Format,
    /// As `tracing` reads it: a level, and exceptions by module.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: Format::Pretty, filter: "info".to_owned() }
    }
}

/// Why there is no configuration. Each names the file, the variable or the key.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    #[error("cannot read {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The line itself is not shown: it may hold a secret.
    #[error("{} is not TOML: line {line}, column {column}: {problem}", path.display())]
    Syntax { path: PathBuf, line: usize, column: usize, problem: String },
    #[error("{name}: {problem}")]
    Variable { name: String, problem: String },
    #[error("{key}: {problem}")]
    Setting { key: String, problem: String },
    #[error("{}", in_lines(.0))]
    Brands(Vec<Flaw>),
}

fn in_lines(flaws: &[Flaw]) -> String {
    let lines: Vec<String> = flaws.iter().map(|flaw| format!("{flaw} ({})", flaw.how_to_mend)).collect();
    lines.join("\n  ")
}

fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Wrong {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let (line, column) =
        (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    Wrong::Syntax { path: path.to_owned(), line, column, problem: error.message().to_owned() }
}

/// A complaint about a value's type, without the value that serde quotes: it may be a secret.
fn without_value(message: &str) -> String {
    let parts = message.strip_prefix("invalid type: ").and_then(|rest| rest.rsplit_once(", expected "));
    let Some((found, expected)) = parts else { return message.to_owned() };
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    format!("invalid type: {kind}, expected {expected}")
}

impl Config {
    /// Reads `file`, if one is given, and lays this process's environment over it.
    ///
    /// # Errors
    /// When the file cannot be read, or a setting is unknown or makes no sense; the error names it.
    pub fn load(file: Option<&Path>) -> Result<Self, Wrong> {
        let variables =
            std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)));
        let text = match file {
            Some(path) => {
                let read = std::fs::read_to_string(path);
                Some((path, read.map_err(|source| Wrong::File { path: path.to_owned(), source })?))
            }
            None => None,
        };
        Self::read(text.as_ref().map(|(path, text)| (*path, text.as_str())), variables)
    }

    /// Reads a configuration from a file's text and the variables given.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(
        file: Option<(&Path, &str)>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Wrong> {
        let mut table = match file {
            Some((path, text)) => text.parse::<Table>().map_err(|error| syntax(path, text, &error))?,
            None => Table::new(),
        };
        secrets::refuse_in_file(&table)?;
        let shape: Table = ANNOTATED.parse().expect("the annotated file is TOML: a test reads it");
        layers::lay_over(&mut table, &shape, variables)?;
        let config: Self = serde_path_to_error::deserialize(table).map_err(|error| Wrong::Setting {
            key: error.path().to_string(),
            problem: without_value(error.into_inner().message()),
        })?;
        Ok(config)
    }

    /// The brands: those of the file and of the folder.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn house(&self) -> Result<House, Wrong> {
        self.house_flaws().map_err(Wrong::Brands)
    }

    /// The same, with the flaws as values.
    ///
    /// # Errors
    /// All that is wrong with the brands, missing senders included.
    pub fn house_flaws(&self) -> Result<House, Vec<Flaw>> {
        let mails_leave = match &self.email {
            email::Settings::Capture(_) => false,
            email::Settings::Smtp(_) | email::Settings::Http(_) => true,
        };
        House::read(&self.voice, &self.brands)?.with_senders(mails_leave)
    }

    /// The brands' policies.
    ///
    /// # Errors
    /// The keys that make no sense.
    pub fn policies(&self, house: &House) -> Result<Policies, Wrong> {
        house.policies(self.has_pages()).map_err(Wrong::Brands)
    }

    /// Whether customers have pages: without an address for them nothing can be asked.
    pub fn has_pages(&self) -> bool {
        !self.links.base_url.is_empty()
    }

    /// Whether other programs want to hear what became of notices.
    pub fn tells_outcomes(&self) -> bool {
        self.outcomes.publish && self.amqp.is_on()
    }

    /// The embedded database's file; `None` for Postgres.
    pub fn database_file(&self) -> Option<&Path> {
        let path = self.database.url.strip_prefix("sqlite:")?;
        path.strip_prefix("//").unwrap_or(path).split('?').next().map(Path::new)
    }

    /// The folder in which the embedded database lives; `None` for Postgres, or for a file without a folder of its own.
    pub fn data_folder(&self) -> Option<&Path> {
        self.database_file()?.parent().filter(|folder| !folder.as_os_str().is_empty())
    }
}

#[cfg(test)]
mod tests;
