//! A brand's words for pages beside its messages: sentences by name, in one language.

use fluent_bundle::FluentArgs;

use super::below::Below;
use super::load::{Language, Tuned};
use super::{Voice, harmless, sms};
use crate::channel::Text;
use crate::domain::id::BrandId;

/// A brand's words in one language.
pub struct Phrases<'a> {
    tuned: &'a Tuned,
    language: &'a Language,
}

impl Voice {
    /// A brand's words for somebody who wants `wanted` (BCP 47); `None` where there is no such brand.
    pub fn phrases(&self, brand: &BrandId, wanted: Option<&str>) -> Option<Phrases<'_>> {
        let tuned = self.brands.get(brand)?;
        let (language, _) = tuned.speak(wanted);
        Some(Phrases { tuned, language })
    }
}

impl Phrases<'_> {
    /// The language's tag.
    pub fn tag(&self) -> &str {
        &self.language.words.tag
    }

    /// The tags of every language that the brand speaks, its own first.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.tuned.languages.iter().map(|language| language.words.tag.as_str())
    }

    /// The frame of the pages that say it.
    pub fn below(&self) -> Below<'_> {
        Below { brand: &self.tuned.brand, language: self.language }
    }

    /// The shop's name.
    pub fn brand_name(&self) -> &str {
        &self.tuned.brand.name
    }

    /// A sentence, with the shop's name as `brand` beside its own arguments. One that a brand's words file has broken is left out
    /// and said in the log; a test holds the shipped ones.
    pub fn say(&self, id: &str, own: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::with_capacity(own.len() + 1);
        args.set("brand", self.tuned.brand.name.clone());
        for (name, value) in own {
            args.set((*name).to_owned(), (*value).to_owned());
        }
        self.language.words.say(id, &args).unwrap_or_else(|error| {
            tracing::error!(%error, "a page lacks a sentence");
            String::new()
        })
    }

    /// A sentence as a short text, with what it costs.
    pub fn text(&self, id: &str, own: &[(&str, &str)]) -> Text {
        let words = harmless::for_sms(&self.say(id, own));
        let words = if self.tuned.brand.sms.ascii { sms::plain_latin(&words) } else { words };
        let cost = sms::cost(&words);
        Text { segments: u8::try_from(cost.segments).unwrap_or(u8::MAX), encoding: cost.encoding, body: words }
    }
}
