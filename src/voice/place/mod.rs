//! An order's page in words: from what is known of the order to finished sentences, in the brand's voice.
//!
//! It says what the mails say, by the same rules and often with the same sentences: [`Sight`] holds a [`View`] of the stage that
//! matters now, so that day, delay and reason are those that a mail sent at this moment would name.

mod calendar;
mod card;
mod now;
mod page;
mod qr;
mod questions;
mod samples;

use jiff::Timestamp;

pub use calendar::calendar;
pub use page::{Page, Square};
pub use qr::square;
pub use questions::Asked;
pub(crate) use questions::QUESTIONS_MAX;
pub use samples::{Sample, samples};

use std::collections::BTreeSet;

use handlebars::Context;
use serde::Serialize;

use super::page::Shelf;
use super::tongue::Tongue;
use super::view::{Expected, View};
use super::when::Teller;
use super::{RenderError, Voice, WordsError, harmless, shelf, story};
use crate::domain::event::{Handover, Kind};
use crate::domain::id::BrandId;
use crate::domain::person::Role;
use crate::domain::stage::Stage;
use crate::link::Reader;
use page::Details;

/// What the page may see of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// As a message about the stage that matters now would see it. `parcel` is the one that matters now.
    pub view: View,
    pub reader: Reader,
    pub now: Now,
    /// The day that the headline names, where it names one.
    pub day: Option<Expected>,
    pub sure: Sure,
    /// Beside `view.parcels`, in the same order.
    pub tracks: Vec<Track>,
    /// What happened before there was a parcel, oldest first.
    pub began: Vec<(Began, Timestamp)>,
}

/// What matters now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// The shop has asked for a pause.
    Checked,
    /// Ordered, and not paid yet.
    Placed,
    Preparing,
    Packed,
    /// With the carrier.
    Coming,
    /// On the van.
    Out,
    Attempted,
    ToCollect,
    /// Will miss its day, or has.
    Late,
    /// Somebody must act.
    HeldUp,
    Returning,
    Returned,
    Lost,
    Cancelled,
    /// The parcel that came last, or the only one, has arrived.
    Delivered,
    /// Everything has.
    Complete,
}

impl Now {
    /// The stage whose words say it.
    pub fn stage(self) -> Stage {
        match self {
            Self::Checked | Self::Placed | Self::Preparing => Stage::Confirmed,
            Self::Packed => Stage::Packed,
            Self::Coming => Stage::Shipped,
            Self::Out => Stage::OutForDelivery,
            Self::Attempted => Stage::AttemptFailed,
            Self::ToCollect => Stage::AvailableForPickup,
            Self::Late => Stage::DelayExpected,
            Self::HeldUp => Stage::Exception,
            Self::Returning => Stage::Returning,
            Self::Returned => Stage::Returned,
            Self::Lost => Stage::Lost,
            Self::Cancelled => Stage::Cancelled,
            Self::Delivered => Stage::Delivered,
            Self::Complete => Stage::OrderComplete,
        }
    }
}

/// How sure the day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sure {
    /// The carrier names it.
    Yes,
    /// It was promised, and nothing speaks against it.
    Should,
    /// By what other parcels took: the words say so.
    Probably,
}

/// A step before there was a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Began {
    Placed,
    Paid,
    Packed,
}

/// One parcel's way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track {
    pub shipped: Option<Timestamp>,
    /// On the van, or ready to be collected.
    pub near: Option<Timestamp>,
    /// Every scan, oldest first.
    pub scans: Vec<Scan>,
}

/// Something that happened to a parcel.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    pub at: Timestamp,
    pub kind: Kind,
    pub place: Option<String>,
    /// The carrier's own words.
    pub words: Option<String>,
    pub handover: Option<Handover>,
}

/// Hosts named in the page's policy; with more of them, any https picture is let in.
const HOSTS_MAX: usize = 8;

/// A page with what stands around it.
#[derive(Serialize)]
struct Framed<'a, T> {
    #[serde(flatten)]
    page: &'a Page,
    #[serde(flatten)]
    frame: &'a T,
}

impl Voice {
    /// Puts an order's page into words. `wanted` as in [`Voice::render`].
    ///
    /// # Errors
    /// See [`RenderError`].
    pub fn place(&self, brand: &BrandId, wanted: Option<&str>, sight: &Sight) -> Result<Page, RenderError> {
        let tuned = self.brands.get(brand).ok_or_else(|| RenderError::UnknownBrand(brand.clone()))?;
        let (language, formats) = tuned.speak(wanted);
        let view = &sight.view;
        let today = view.zone.to_datetime(view.now).date();
        let teller = Teller { words: &language.words, formats, zone: &view.zone, today };
        let mut tongue = Tongue::new(&tuned.brand, teller, view)?;
        // Sentences of mails that speak of "the tracking page" mean this one.
        tongue.args.set("page", "no");
        Ok(told(&tongue, sight)?)
    }

    /// Fills the page's template. `frame` holds what is not words of the order: the nonce, addresses, what others put there.
    ///
    /// # Errors
    /// [`RenderError::Place`] where a template asks for what is not there.
    pub fn place_html(&self, brand: &BrandId, page: &Page, frame: &impl Serialize) -> Result<String, RenderError> {
        let tuned = self.brands.get(brand).ok_or_else(|| RenderError::UnknownBrand(brand.clone()))?;
        let (language, _) = tuned.speak(Some(&page.locale));
        let failed = |error: handlebars::RenderError| RenderError::Place { source: Box::new(error) };
        let context = Context::wraps(Framed { page, frame }).map_err(failed)?;
        language.place.fill(&context).map_err(failed)
    }
}

/// A frame with nothing in it, to try templates with.
pub(crate) fn no_frame() -> serde_json::Value {
    serde_json::json!({
        "nonce": "", "calendar": null, "share": null, "phone": null,
        "content": { "blocks": [] }, "care": { "links": [], "cases": [] },
    })
}

fn told(tongue: &Tongue<'_>, sight: &Sight) -> Result<Page, WordsError> {
    let view = tongue.view;
    let is_shared = sight.reader.role().is_none();
    let brand = tongue.brand;
    let (headline, lead) = now::headline(tongue, sight)?;
    let problem = tongue.reason().filter(|_| now::tone(sight.now) == "warn");
    let parcels = card::cards(tongue, sight)?;
    let to_come: Vec<_> = view.to_come.iter().filter(|_| !is_shared && !view.parcels.is_empty()).collect();
    let to_come = shelf::shelf(tongue, "still-to-come", &to_come, false)?;
    let title = if is_shared { "place-title-shared" } else { "place-title" };
    let parcels_title = match (view.parcels.len(), is_shared) {
        (0, _) => "place-order",
        (1, _) => "place-parcel",
        (_, _) => "place-parcels",
    };
    let mut page = Page {
        locale: tongue.teller.words.tag.clone(),
        title: tongue.with(title, [("brand", brand.name.as_str())])?,
        eyebrow: now::eyebrow(tongue, sight)?,
        headline,
        tone: now::tone(sight.now),
        lead,
        notes: now::notes(tongue, sight)?,
        steps: now::steps(tongue, sight)?,
        parcels_title: tongue.word(parcels_title)?,
        is_one: parcels.len() == 1 && to_come.is_none(),
        parcels,
        to_come,
        details: details(tongue, sight)?,
        questions: questions::chosen(
            &brand.faq,
            &tongue.teller.words.tag,
            &brand.default_language,
            view.stage,
            problem,
        ),
        order_link: story::https(view.links.order.as_deref()).filter(|_| sight.reader == Reader::Customer),
        support_link: story::https(view.links.support.as_deref()).filter(|_| !is_shared),
        news: news(tongue, sight)?,
        picture_hosts: Vec::new(),
        is_shared,
        has_day: sight.day.is_some(),
        calendar_title: tongue.with("calendar-title", [("brand", brand.name.as_str())])?,
        calendar_words: tongue.with("calendar-note", [("link", page::CALENDAR_LINK)])?,
    };
    page.picture_hosts = picture_hosts(&page, [&brand.logo_url, &brand.logo_url_dark]);
    Ok(page)
}

/// Prices and sums for who bought, the address for both; nothing for strangers.
fn details(tongue: &Tongue<'_>, sight: &Sight) -> Result<Option<Details>, WordsError> {
    let order = &tongue.view.order;
    let Some(role) = sight.reader.role() else { return Ok(None) };
    let items: Vec<_> = order.items.iter().collect();
    let (shelf, totals) = match role {
        Role::Customer => (shelf::shelf(tongue, "in-order", &items, true)?, story::sums(tongue)?),
        Role::Recipient => (None, Vec::new()),
    };
    let address = order.address.as_ref().map(story::address).unwrap_or_default();
    Ok((!totals.is_empty() || !address.is_empty()).then_some(Details { shelf, totals, address }))
}

/// When something was heard last.
fn news(tongue: &Tongue<'_>, sight: &Sight) -> Result<Option<String>, WordsError> {
    let scans = sight.tracks.iter().flat_map(|track| &track.scans).map(|scan| scan.at);
    let Some(last) = scans.chain(sight.began.iter().map(|(_, at)| *at)).max() else { return Ok(None) };
    let (day, time) = (tongue.teller.date(tongue.teller.day_of(last)), tongue.teller.clock(last));
    let at = tongue.with("place-moment", [("day", day.as_str()), ("time", time.as_str())])?;
    tongue.with("place-news", [("at", at.as_str())]).map(Some)
}

/// Where the page's pictures come from, as its policy names them.
fn picture_hosts(page: &Page, logos: [&Option<String>; 2]) -> Vec<String> {
    let shelves = page.parcels.iter().filter_map(|card| card.shelf.as_ref()).chain(&page.to_come);
    let images = shelves.flat_map(|shelf: &Shelf| &shelf.rows).filter_map(|row| row.image.as_deref());
    let all = images.chain(logos.into_iter().filter_map(|logo| logo.as_deref()));
    let hosts: BTreeSet<String> = all.map(host).collect();
    if hosts.len() > HOSTS_MAX { vec!["https:".to_owned()] } else { hosts.into_iter().collect() }
}

/// The source that a policy names for an address; any https where the host is not written plainly.
pub(crate) fn host(url: &str) -> String {
    let rest = url.get(8..).filter(|_| harmless::is_https(url)).unwrap_or_default();
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let is_plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    if is_plain { format!("https://{}", host.to_ascii_lowercase()) } else { "https:".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_policy_names_hosts_and_nothing_that_could_leave_it() {
        assert_eq!(host("https://cdn.Shop.example/a.png?x=1"), "https://cdn.shop.example");
        assert_eq!(host("https://cdn.shop.example:8443/a"), "https://cdn.shop.example:8443");
        for odd in ["https://a@b.example/x", "https://x;script-src*/", "https://żółw.example/a", "https://a,b/"] {
            assert_eq!(host(odd), "https:", "{odd}");
        }
    }
}
