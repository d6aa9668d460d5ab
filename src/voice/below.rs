//! The brand's frame for the pages below an order's: the same head, colours and foot around what they ask.

use std::collections::BTreeSet;

use handlebars::Context;
use serde::Serialize;

use super::brand::Brand;
use super::load::Language;
use super::place::host;
use super::{RenderError, Voice};
use crate::domain::id::BrandId;

/// Stands for the page's own part, which no template of a brand sees. Templates with this character are refused.
const BODY: &str = "\u{1}";

/// The frame of one brand in one language.
pub struct Below<'a> {
    pub(super) brand: &'a Brand,
    pub(super) language: &'a Language,
}

#[derive(Serialize)]
struct Framed<'a> {
    title: &'a str,
    nonce: &'a str,
    body: &'static str,
    /// These pages are not passed on, so the foot has nothing to say about that.
    is_shared: bool,
}

impl Voice {
    /// A brand's frame for somebody who wants `wanted` (BCP 47); `None` where there is no such brand.
    pub fn below(&self, brand: &BrandId, wanted: Option<&str>) -> Option<Below<'_>> {
        let tuned = self.brands.get(brand)?;
        let (language, _) = tuned.speak(wanted);
        Some(Below { brand: &tuned.brand, language })
    }
}

impl Below<'_> {
    /// A whole page around `body`, which is markup already. `title` is shown as text.
    ///
    /// # Errors
    /// [`RenderError::Place`] where a brand's own piece asks for what is not there.
    pub fn frame(&self, title: &str, nonce: &str, body: &str) -> Result<String, RenderError> {
        let title = title.replace(BODY, "");
        let framed = Framed { title: &title, nonce, body: BODY, is_shared: true };
        let failed = |error: handlebars::RenderError| RenderError::Place { source: Box::new(error) };
        let html = self.language.below.fill(&Context::wraps(framed).map_err(failed)?).map_err(failed)?;
        Ok(html.replacen(BODY, body, 1))
    }

    /// Where its pictures come from, by host.
    pub fn picture_hosts(&self) -> BTreeSet<String> {
        [&self.brand.logo_url, &self.brand.logo_url_dark].into_iter().flatten().map(|url| host(url)).collect()
    }
}
