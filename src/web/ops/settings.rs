//! The `[ops]` section of the configuration.

use std::num::NonZeroU16;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

/// Who may use the ops console. With neither people nor a proxy, it is off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A file with a line for each person: name, role, hash of the password. Empty: nobody logs in by password.
    pub users_file: PathBuf,
    /// The header in which a reverse proxy names the person that it has let in. Empty: no proxy is believed.
    pub proxy_header: String,
    /// The networks of our own proxies, from which that header and `X-Forwarded-…` are believed.
    pub proxy_networks: Vec<String>,
    /// Whom the proxy may name as operators.
    pub proxy_operators: Vec<String>,
    /// Whom it may name as viewers; `*`: everybody else.
    pub proxy_viewers: Vec<String>,
    /// Hours without a request after which a session is over.
    pub idle_hours: NonZeroU16,
    /// Days after which a session is over in any case.
    pub session_days: NonZeroU16,
    /// The zone in which the console writes times, and in which morning is; an IANA name.
    pub time_zone: String,
}

impl Default for Settings {
    fn default() -> Self {
        let some = |n| NonZeroU16::new(n).expect("a literal above zero");
        Self {
            users_file: PathBuf::new(),
            proxy_header: String::new(),
            proxy_networks: Vec::new(),
            proxy_operators: Vec::new(),
            proxy_viewers: Vec::new(),
            idle_hours: some(8),
            session_days: some(7),
            time_zone: "UTC".to_owned(),
        }
    }
}

impl Settings {
    /// Whether anybody may use the console.
    pub fn is_on(&self) -> bool {
        !self.users_file.as_os_str().is_empty() || !self.proxy_header.is_empty()
    }

    /// How long a session lasts without a request.
    pub(super) fn idle(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.idle_hours.get()))
    }

    /// How long a session lasts at most.
    pub(super) fn life(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.session_days.get()))
    }
}
