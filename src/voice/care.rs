//! The words of the pages on which customers answer: ratings, cases, returns. One brand, one language.

use std::collections::BTreeMap;

use fluent_bundle::FluentArgs;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::below::Below;
use super::brand::Brand;
use super::harmless::{self, NAME_CHARS_MAX, TITLE_CHARS_MAX};
use super::when::{Formats, Teller};
use super::words::{Words, WordsError};
use super::{Voice, story};
use crate::domain::id::{BrandId, OrderId};

/// Words that stand as they are, by the page that they stand on.
pub(crate) const RATING: &[&str] =
    &["rating-title", "rating-lead", "rating-send", "rating-given", "care-words", "care-words-hint", "care-back"];
/// As above.
pub(crate) const PROBLEM: &[&str] = &[
    "problem-title",
    "problem-lead",
    "problem-sort",
    "problem-words",
    "problem-photos",
    "problem-photos-hint",
    "problem-send",
    "case-list",
    "case-say",
    "case-say-send",
    "case-reopen",
    "care-words-hint",
    "care-back",
];
/// As above.
pub(crate) const RETURN: &[&str] = &[
    "return-title",
    "return-lead",
    "return-items",
    "return-why",
    "return-wish",
    "return-send",
    "return-list",
    "return-not-possible",
    "care-words",
    "care-words-hint",
    "care-back",
];

/// One brand speaking one language to one customer.
pub struct Speech<'a> {
    brand: &'a Brand,
    words: &'a Words,
    formats: &'a Formats,
    below: Below<'a>,
}

impl Voice {
    /// How a brand speaks to somebody who wants `wanted` (BCP 47); `None` for a brand that is not known.
    pub fn speech(&self, brand: &BrandId, wanted: Option<&str>) -> Option<Speech<'_>> {
        let tuned = self.brands.get(brand)?;
        let (language, formats) = tuned.speak(wanted);
        let below = Below { brand: &tuned.brand, language };
        Some(Speech { brand: &tuned.brand, words: &language.words, formats, below })
    }
}

impl Speech<'_> {
    /// The language that is spoken: a BCP 47 tag.
    pub fn locale(&self) -> &str {
        &self.words.tag
    }

    /// The frame of the pages that say it.
    pub fn below(&self) -> &Below<'_> {
        &self.below
    }

    /// Who speaks.
    pub fn brand(&self) -> &Brand {
        self.brand
    }

    /// A sentence that stands as it is.
    ///
    /// # Errors
    /// When the language lacks it.
    pub fn say(&self, id: &str) -> Result<String, WordsError> {
        self.with(id, &[])
    }

    /// A sentence about something; `$brand` is always known.
    ///
    /// # Errors
    /// When the language lacks it, or it asks for something else.
    pub fn with(&self, id: &str, about: &[(&str, &str)]) -> Result<String, WordsError> {
        let mut args = FluentArgs::with_capacity(1 + about.len());
        args.set("brand", self.brand.name.as_str());
        for (name, value) in about {
            args.set(*name, *value);
        }
        self.words.say(id, &args)
    }

    /// Sentences that stand as they are, by their names with `_` for `-`, as templates ask for them.
    ///
    /// # Errors
    /// As [`Speech::say`].
    pub(crate) fn all(&self, ids: &[&str]) -> Result<BTreeMap<String, String>, WordsError> {
        ids.iter().map(|id| Ok((id.replace('-', "_"), self.say(id)?))).collect()
    }

    /// A day and a time there: "Thursday 26 November, 14:30".
    pub fn moment(&self, at: Timestamp, zone: &TimeZone) -> String {
        let today = zone.to_datetime(at).date();
        Teller { words: self.words, formats: self.formats, zone, today }.moment(at)
    }

    /// "Order HG-1042".
    ///
    /// # Errors
    /// As [`Speech::say`].
    pub fn order(&self, order: &OrderId) -> Result<String, WordsError> {
        let id = harmless::shown(order.as_str(), NAME_CHARS_MAX).unwrap_or_default();
        self.with("order-label", &[("order", &id)])
    }

    /// A thing's title, made harmless; what stands for a thing without one.
    ///
    /// # Errors
    /// As [`Speech::say`].
    pub fn item(&self, title: Option<&str>) -> Result<String, WordsError> {
        match title.and_then(|title| harmless::shown(title, TITLE_CHARS_MAX)) {
            Some(title) => Ok(title),
            None => self.say("return-item-unnamed"),
        }
    }

    /// The brand's own page about returns.
    pub fn returns_link(&self) -> Option<String> {
        story::https(self.brand.links.returns.as_deref())
    }
}
