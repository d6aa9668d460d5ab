//! What is wrong with a voice, where, and how to mend it: what `doorstep check` prints.

use serde::Serialize;

use super::brand::Flaw;
use crate::domain::stage::Stage;

/// One thing that must be mended before a voice may speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub brand: String,
    /// The key (`colours.accent`), the piece (`email/default.mjml`) or the part of the message (`html`, `sms`).
    pub place: String,
    pub stage: Option<Stage>,
    pub locale: Option<String>,
    /// Name of the sample with which it shows.
    pub sample: Option<String>,
    pub what: String,
    pub how_to_mend: String,
}

impl Problem {
    /// All of them, a line each, for a person.
    pub fn in_lines(problems: &[Self]) -> String {
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n  ")
    }

    /// Something that shows before any message is rendered.
    pub(crate) fn of_load(brand: &str, place: &str, what: impl Into<String>, how_to_mend: &str) -> Self {
        Self {
            brand: brand.to_owned(),
            place: place.to_owned(),
            stage: None,
            locale: None,
            sample: None,
            what: what.into(),
            how_to_mend: how_to_mend.to_owned(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "brand {}, {}", self.brand, self.place)?;
        if let Some(stage) = self.stage {
            write!(f, ", {}", stage.as_str())?;
        }
        if let Some(locale) = &self.locale {
            write!(f, ", {locale}")?;
        }
        if let Some(sample) = &self.sample {
            write!(f, ", sample \"{sample}\"")?;
        }
        write!(f, ": {}; {}", self.what, self.how_to_mend)
    }
}

impl From<Flaw> for Problem {
    fn from(flaw: Flaw) -> Self {
        Self::of_load(&flaw.brand, &flaw.place, flaw.what, &flaw.how_to_mend)
    }
}
