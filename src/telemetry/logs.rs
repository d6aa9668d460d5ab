//! Logs on standard error: for people, or JSON for machines.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, ParseError, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One line for people, in colour on a terminal.
    #[default]
    Pretty,
    /// One JSON object a line.
    Json,
}

/// The filter for log lines cannot be read, or logging was set up before.
#[derive(Debug, thiserror::Error)]
pub enum BadFilter {
    /// It is not in the form `info,doorstep::dispatch=debug`.
    #[error("log filter cannot be read, expected the form `info,doorstep::dispatch=debug`")]
    Syntax(#[from] ParseError),
    /// Only one subscriber can exist in a process.
    #[error("logging is already set up")]
    AlreadySet(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Sets up logging for the whole process, once. `filter` is in the form of `tracing`'s directives
/// (`info,doorstep::dispatch=debug`).
///
/// Whatever the filter says, other crates stay at `info` and above, sqlx at `warn` and lettre silent: below that they would
/// print addresses, whole mails and passwords. A panic is logged with its place; its text only if it is a literal of the code,
/// since a formatted one may quote data.
///
/// # Errors
/// [`BadFilter`] if the filter cannot be read, or on a second call.
pub fn init_logging(format: Format, filter: &str) -> Result<(), BadFilter> {
    tracing::subscriber::set_global_default(subscriber(format, filter, std::io::stderr)?)?;
    std::panic::set_hook(Box::new(|panic| {
        let text =
            panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("text withheld, it may quote data");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic: {text}");
    }));
    Ok(())
}

fn subscriber<W>(format: Format, filter: &str, writer: W) -> Result<impl Subscriber + Send + Sync + use<W>, ParseError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Pretty => filtered(lines.with_ansi(std::io::stderr().is_terminal()), filter)?,
        Format::Json => {
            filtered(lines.json().flatten_event(true).with_current_span(true).with_span_list(false), filter)?
        }
    };
    Ok(Registry::default().with(layer))
}

fn filtered<L, S>(layer: L, filter: &str) -> Result<Box<dyn Layer<S> + Send + Sync>, ParseError>
where
    L: Layer<S> + Send + Sync,
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let wanted = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse(filter)?;
    let harmless: FilterFn = filter_fn(is_harmless);
    Ok(Box::new(layer.with_filter(wanted.and(harmless.with_max_level_hint(LevelFilter::TRACE)))))
}

/// Whether a line of this place and level can hold nothing personal, and no secret.
fn is_harmless(line: &Metadata<'_>) -> bool {
    let shows = |field: &str| line.fields().field(field).is_some();
    let root = line.target().split("::").next().unwrap_or_default();
    let most_verbose = match root {
        "doorstep" => LevelFilter::TRACE,
        // Prints the whole conversation, passwords included.
        "lettre" => LevelFilter::OFF,
        // Prints a message that nobody took with its whole body; `channel::broker` says so in a line.
        "lapin" if line.target().starts_with("lapin::returned_messages") => LevelFilter::OFF,
        // Prints a line of the file of passwords that it cannot read, and the value of a parameter that it does not know, as
        // in a `?pasword=`.
        "sqlx_postgres" if line.target().starts_with("sqlx_postgres::options") && (shows("line") || shows("value")) => {
            LevelFilter::OFF
        }
        // Prints statements with what they hold.
        "sqlx" | "sqlx_core" | "sqlx_postgres" | "sqlx_sqlite" => LevelFilter::WARN,
        _ => LevelFilter::INFO,
    };
    *line.level() <= most_verbose
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics while it writes").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str, work: impl FnOnce()) -> String {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = subscriber(format, filter, move || writer.clone()).expect("a filter that reads well");
        tracing::subscriber::with_default(subscriber, work);
        let bytes = sink.0.lock().expect("no test panics while it writes").clone();
        String::from_utf8(bytes).expect("log lines are text")
    }

    #[test]
    fn no_filter_opens_what_may_print_addresses() {
        let filter = "trace,lettre=trace,lettre::transport=trace,sqlx=trace,sqlx::query=trace,hyper=trace,lapin=debug";
        let output = logged(Format::Json, filter, || {
            tracing::debug!(target: "lettre::transport::smtp", "RCPT TO:<mail@harbour.example>");
            tracing::error!(target: "lettre", "mail@harbour.example");
            tracing::info!(target: "sqlx::query", "mail@harbour.example");
            tracing::debug!(target: "hyper::proto", "mail@harbour.example");
            tracing::debug!(target: "lapin::channel", "mail@harbour.example");
            tracing::warn!(target: "lapin::returned_messages", "mail@harbour.example");
            tracing::warn!(target: "sqlx_postgres::options::pgpass", line = "pass@harbour.example", "malformed");
            tracing::warn!(target: "sqlx_postgres::options::parse", value = "pass@harbour.example", "not known");
            tracing::trace!(target: "doorstep::dispatch", "ours");
        });
        assert!(!output.contains("harbour.example"), "{output}");
        assert!(output.contains("ours"), "{output}");
    }

    #[test]
    fn what_is_harmless_still_comes_through() {
        let output = logged(Format::Pretty, "warn", || {
            tracing::warn!(target: "sqlx::query", "slow statement");
            tracing::warn!(target: "lapin", "connection closed");
            tracing::warn!(target: "sqlx_postgres::options::pgpass", path = "pgpass", "permissions");
            tracing::info!(target: "doorstep::app", "not asked for");
        });
        assert!(output.contains("slow statement") && output.contains("connection closed"), "{output}");
        assert!(
            output.contains("permissions"),
            "whoever may read the file of passwords matters to an operator: {output}"
        );
        assert!(!output.contains("not asked for"), "{output}");
    }

    #[test]
    fn json_lines_are_objects_with_their_fields_and_span() {
        let output = logged(Format::Json, "info", || {
            let span = tracing::info_span!("event.apply", batch.events = 3);
            let _inside = span.enter();
            tracing::info!(order.id = "order-1", "applied");
        });
        let line: serde_json::Value = serde_json::from_str(output.trim()).expect("one JSON object");
        assert_eq!(line["message"], "applied");
        assert_eq!(line["order.id"], "order-1");
        assert_eq!(line["span"]["name"], "event.apply");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_an_error() {
        assert!(subscriber(Format::Pretty, "doorstep=loud=very", io::sink).is_err());
    }
}
