//! How fast and how much at once; what is not given has the default beside it.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// How the dispatcher works.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Notices of a channel that may wait in memory for their turn; the rest waits in the database. An order in memory
    /// takes a few KB. 0: every notice goes through the database's queue.
    pub waiting_max: usize,
    /// How often the database is asked for due notices when nothing else gives the sign, in milliseconds.
    pub poll_ms: NonZeroU16,
    /// A folder on a local disk for the [`journal`](super::journal) of sends. Not given: in the embedded database's folder; none
    /// with Postgres.
    pub journal: Option<PathBuf>,
    pub email: Pace,
    pub sms: Pace,
}

/// How fast one channel may be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pace {
    /// Messages under way at the same time. Default: as many as connections over SMTP, 64 over HTTP.
    pub in_flight_max: Option<NonZeroU16>,
    /// Messages a second over all brands; not given: no limit.
    pub per_second_max: Option<NonZeroU32>,
    /// Messages a second of any one brand; not given: no limit.
    pub brand_per_second_max: Option<NonZeroU32>,
    /// Messages a second of the brands named here, in place of `brand_per_second_max`.
    pub brands: BTreeMap<String, NonZeroU32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            waiting_max: 1024,
            poll_ms: NonZeroU16::new(1000).expect("not zero"),
            journal: None,
            email: Pace::default(),
            sms: Pace::default(),
        }
    }
}

impl Settings {
    /// The time between two looks into the database when nothing else gives the sign.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(u64::from(self.poll_ms.get()))
    }
}
