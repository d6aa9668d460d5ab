//! The one integration binary: linking it once costs less than linking each file on its own.

mod alerts;
mod asking;
mod backtest;
mod battery;
mod broker;
mod care;
mod channels;
mod cli;
mod consent;
mod content;
#[cfg(feature = "crash-points")]
mod crash;
mod decode;
mod dispatch;
mod deploy;
mod door;
mod fuzz;
mod histories;
mod journeys;
mod keeping;
mod lanes;
mod mending;
mod numbers;
mod ops;
mod outage;
mod place;
mod poison;
mod properties;
mod retrying;
mod restoring;
mod returning;
mod runbook;
mod running;
mod secrets;
mod servers;
#[cfg(feature = "crash-points")]
mod simulation;
mod store;
mod templates;
mod tidy;
mod world;
