//! The one integration binary: linking it once costs less than linking each file on its own.

mod broker;
mod channels;
mod cli;
mod decode;
mod deploy;
mod histories;
mod properties;
mod servers;
mod store;
mod tidy;
mod journeys;
mod world;
