//! The shop's own voice: from "tell stage S to person P on channel C" to finished subject, HTML, text and SMS.
//!
//! Read in this order: what a message may see ([`view`]), who the shop is ([`brand`]), how a message is put into words
//! (`story`, over `tongue`, `when`, `money`, `words`), how a page becomes a mail (`template`), and what keeps a voice from
//! speaking (`load`, `check`).
//!
//! A [`Voice`] never changes: a reload makes a new one, and only if all of it passes does it take the old one's place.

use std::collections::BTreeMap;

use handlebars::Context;

use crate::channel::Encoding;
use crate::domain::id::BrandId;
use crate::domain::person::Channel;
use crate::domain::policy::Policy;
use crate::domain::stage::Stage;

pub mod below;
pub mod brand;
pub mod care;
mod carriers;
mod check;
pub mod content;
mod fold;
mod harmless;
mod json_ld;
mod lint;
mod load;
pub(crate) mod money;
mod page;
mod phrases;
pub mod place;
pub mod policy;
pub mod watch;
mod problem;
pub mod samples;
mod shelf;
mod sms;
mod squeeze;
mod story;
mod template;
mod tongue;
pub mod view;
mod when;
mod words;

pub use phrases::Phrases;
pub use problem::Problem;
pub use words::WordsError;

use brand::{Brand, Source};
use load::{Language, Tuned};
use squeeze::Drafts;
use tongue::Tongue;
use view::View;
use when::{Formats, Teller};

/// All brands, ready to speak.
pub struct Voice {
    brands: BTreeMap<BrandId, Tuned>,
}

/// A finished message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    Email {
        subject: String,
        html: String,
        text: String,
        /// BCP 47 tag of the language that was used.
        locale: String,
    },
    Sms {
        body: String,
        segments: u8,
        encoding: Encoding,
        /// BCP 47 tag of the language that was used.
        locale: String,
    },
}

/// Why a message could not be made. Not expected after `check` has passed; holds nothing personal.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No such brand was loaded.
    #[error("no brand `{0}`")]
    UnknownBrand(BrandId),
    /// The words do not fit the facts.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// A template asks for what a page does not have.
    #[error("the template for {stage} cannot be filled", stage = stage.as_str())]
    Template {
        stage: Stage,
        #[source]
        source: Box<handlebars::RenderError>,
    },
    /// The order's page asks for what is not there.
    #[error("the template of the order's page cannot be filled")]
    Place {
        #[source]
        source: Box<handlebars::RenderError>,
    },
}

impl Voice {
    /// Compiles every brand × language × stage.
    ///
    /// # Errors
    /// Everything that is wrong with any brand: nothing of it may speak then.
    pub fn load(sources: &[Source]) -> Result<Self, Vec<Problem>> {
        let (mut brands, mut problems) = (BTreeMap::new(), Vec::new());
        let drafts = Drafts::default();
        for source in sources {
            match load::tuned(source, &drafts) {
                Ok(tuned) => {
                    if brands.insert(source.id.clone(), tuned).is_some() {
                        let what = "is defined twice";
                        let how = "keep either the section or the folder";
                        problems.push(Problem::of_load(source.id.as_str(), "id", what, how));
                    }
                }
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(Self { brands }) } else { Err(problems) }
    }

    /// The brands, by name.
    pub fn brands(&self) -> impl Iterator<Item = &BrandId> {
        self.brands.keys()
    }

    /// A brand as it was written.
    pub fn brand(&self, id: &BrandId) -> Option<&Brand> {
        self.brands.get(id).map(|tuned| &tuned.brand)
    }

    /// What a brand wants told.
    pub fn policy(&self, id: &BrandId) -> Option<&Policy> {
        self.brands.get(id).map(|tuned| &tuned.policy)
    }

    /// Puts one stage into words.
    ///
    /// `wanted` is the person's locale (BCP 47). Its language is used if the brand speaks it, whatever the region (pt-PT is
    /// answered in pt-BR), else the brand's default.
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn render(
        &self,
        brand: &BrandId,
        wanted: Option<&str>,
        channel: Channel,
        view: &View,
    ) -> Result<Rendered, RenderError> {
        let tuned = self.brands.get(brand).ok_or_else(|| RenderError::UnknownBrand(brand.clone()))?;
        let (language, formats) = tuned.speak(wanted);
        let teller =
            Teller { words: &language.words, formats, zone: &view.zone, today: view.zone.to_datetime(view.now).date() };
        let tongue = Tongue::new(&tuned.brand, teller, view)?;
        let locale = language.words.tag.clone();
        match channel {
            Channel::Email => {
                let (subject, html, text) = mail(&tongue, language)?;
                Ok(Rendered::Email { subject, html, text, locale })
            }
            Channel::Sms => {
                let (words, link) = story::text(&tongue)?;
                let words = harmless::for_sms(&words);
                let words = if tuned.brand.sms.ascii { sms::plain_latin(&words) } else { words };
                let body = sms::fit(&words, link.as_deref(), usize::from(tuned.brand.sms.segments_max));
                let cost = sms::cost(&body);
                let segments = u8::try_from(cost.segments).unwrap_or(u8::MAX);
                Ok(Rendered::Sms { body, segments, encoding: cost.encoding, locale })
            }
        }
    }
}

fn mail(tongue: &Tongue<'_>, language: &Language) -> Result<(String, String, String), RenderError> {
    let stage = tongue.view.stage;
    let failed = |error: handlebars::RenderError| RenderError::Template { stage, source: Box::new(error) };
    let mut page = story::page(tongue)?;
    page.json_ld = json_ld::script(tongue);
    let subject = page.subject.clone();
    let page = Context::wraps(&page).map_err(failed)?;
    let templates = language.mail(stage);
    let html = templates.html.fill(&page).map_err(failed)?;
    let text = templates.text.fill(&page).map_err(failed)?;
    Ok((subject, html, text))
}

impl Tuned {
    /// The language and region in which to answer someone who wants `wanted`.
    fn speak(&self, wanted: Option<&str>) -> (&Language, &Formats) {
        let fallback = self.languages.first().expect("a brand has its default language");
        let own = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let same = |a: &str, b: &str| a.replace('_', "-").eq_ignore_ascii_case(&b.replace('_', "-"));
        let Some(wanted) = wanted else { return (fallback, &fallback.formats[0]) };
        let exact = self.languages.iter().find(|language| same(&language.words.tag, wanted));
        let near = || self.languages.iter().find(|language| own(&language.words.tag) == own(wanted));
        match exact.or_else(near) {
            None => (fallback, &fallback.formats[0]),
            Some(language) => {
                let region = language.formats.iter().find(|formats| same(&formats.tag, wanted));
                (language, region.unwrap_or(&language.formats[0]))
            }
        }
    }
}
