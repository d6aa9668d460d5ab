//! `doorstep run`: the worker.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::config::Config;
use crate::{app, telemetry};

/// The worker's only setting on the command line is the configuration.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep run                                     SQLite in ./doorstep-data, captured mail, http://127.0.0.1:8080
  doorstep run --config /etc/doorstep/doorstep.toml
  AMQP_URL=amqp://… DATABASE_URL=postgres://… doorstep run

Stops on SIGTERM or SIGINT within 30 seconds: shuts its entrances, finishes the batch in hand and what is being sent. SIGHUP,
or a change of the brands' folder or the configuration file, reloads the brands if the whole new set passes `doorstep check`.
Health: /healthz, readiness: /readyz, metrics: /metrics.")]
pub struct Args {}

/// Runs the worker until it is asked to stop.
///
/// # Errors
/// When it cannot start.
pub async fn run(config: Config, file: Option<&Path>) -> anyhow::Result<()> {
    telemetry::init_logging(config.log.format, &config.log.filter).context("log.filter")?;
    if file.is_none() {
        let folder = config.data_folder().map(Path::display);
        tracing::info!(
            data = folder.map(tracing::field::display),
            "no configuration file was given: defaults and the environment hold"
        );
    }
    app::run(config, file.map(PathBuf::from)).await
}
