//! The `[consent]` section of the configuration.

use std::num::NonZeroU16;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use crate::channel::setup::{SetupError, secret};
use crate::channel::sign::Keys;
use crate::store::rows::Softness;

/// What people wish, and what providers report of their addresses.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Files that hold one secret each, at least 16 characters: the first names contacts in the tables of consent, the others are
    /// tried when reading. Without any, whoever reads those tables can try addresses until one fits.
    pub secret_files: Vec<PathBuf>,
    /// So many soft bounces make an address dead …
    pub soft_bounces_max: NonZeroU16,
    /// … within so many days …
    pub soft_bounce_days: NonZeroU16,
    /// … and for so many days; then it is tried again.
    pub soft_bounce_rest_days: NonZeroU16,
    /// Minutes for which a code that confirms a number can be typed in.
    pub code_minutes: NonZeroU16,
    /// Codes that one person may ask for, and one number may get, in 24 hours.
    pub codes_per_day: NonZeroU16,
    /// What Resend calls back.
    pub resend: Door,
    /// What any other provider calls back, in doorstep's own words.
    pub generic: Door,
    /// What people answer to texts.
    pub sms: Door,
}

/// A door for a provider's calls; without secrets it is shut.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Door {
    /// The live signing secrets: `whsec_` and base64, or any text, whose bytes are the key.
    pub secrets: Vec<SecretString>,
    /// Files that hold one live secret each; they come after `secrets`.
    pub secret_files: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        let some = |n| NonZeroU16::new(n).expect("a literal above zero");
        Self {
            secret_files: Vec::new(),
            soft_bounces_max: some(5),
            soft_bounce_days: some(14),
            soft_bounce_rest_days: some(30),
            code_minutes: some(10),
            codes_per_day: some(5),
            resend: Door::default(),
            generic: Door::default(),
            sms: Door::default(),
        }
    }
}

impl Settings {
    /// How soft bounces add up.
    pub fn softness(&self) -> Softness {
        Softness {
            count: self.soft_bounces_max.get().into(),
            days: self.soft_bounce_days.get().into(),
            rest_days: self.soft_bounce_rest_days.get().into(),
        }
    }
}

impl Door {
    /// The keys that calls are believed by; `None`: the door is shut.
    ///
    /// # Errors
    /// When a file cannot be read, or a secret cannot be used; the error names `setting`.
    pub fn keys(&self, setting: &'static str) -> Result<Option<Keys>, SetupError> {
        let mut secrets = self.secrets.clone();
        for file in &self.secret_files {
            secrets.extend(secret(setting, None, Some(file))?);
        }
        if secrets.is_empty() {
            return Ok(None);
        }
        Keys::parse(&secrets).map(Some).map_err(|bad| SetupError::setting(setting, bad.to_string()))
    }
}
