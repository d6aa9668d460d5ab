//! The `[http]` section of the configuration.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;

use serde::Deserialize;

use super::peer::Networks;

/// How the HTTP side listens, and who may bring events.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Files with the bearer tokens that may bring events, one a line, each at least 16 characters. Without any, the door
    /// for events is open to whoever reaches it, and `listen` must then be a loopback address.
    pub token_files: Vec<PathBuf>,
    /// The networks of our own reverse proxies, such as `10.0.0.0/8`: from there `X-Forwarded-For` and `X-Forwarded-Host` are
    /// believed, by which customers' forms are counted and their origin judged.
    pub proxy_networks: Vec<String>,
    /// Connections at the same time; more wait to be accepted.
    pub connections_max: NonZeroU16,
    /// Seconds for a request's headers, from the moment that they are awaited: a connection that stays idle so long is closed.
    pub header_timeout_secs: NonZeroU16,
    /// Seconds for a request's body.
    pub body_timeout_secs: NonZeroU16,
    /// Bytes of a batch of events. One event may have `limits.event_bytes_max`.
    pub batch_bytes_max: usize,
    /// Events in a batch.
    pub batch_events_max: NonZeroU16,
    /// Requests that bring events at the same time; more are told to come back after a second. Times `batch_bytes_max`, it
    /// bounds the memory that they take.
    pub requests_max: NonZeroU16,
}

impl Default for Settings {
    fn default() -> Self {
        let some = |n| NonZeroU16::new(n).expect("a literal above zero");
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            token_files: Vec::new(),
            proxy_networks: Vec::new(),
            connections_max: some(1024),
            header_timeout_secs: some(10),
            body_timeout_secs: some(30),
            batch_bytes_max: 4 << 20,
            batch_events_max: some(1000),
            requests_max: some(64),
        }
    }
}

/// A text that is not a network.
#[derive(Debug, thiserror::Error)]
#[error("http.proxy_networks: {0:?} is not a network such as 10.0.0.0/8")]
pub struct BadNetwork(String);

impl Settings {
    /// The networks of our own proxies.
    ///
    /// # Errors
    /// The first that is none.
    pub fn networks(&self) -> Result<Networks, BadNetwork> {
        Networks::read(&self.proxy_networks).map_err(BadNetwork)
    }
}
