//! What others put on the tracking page: a brand's content, and what a customer can do or has asked for. The page arranges it
//! and knows nothing else of it; what is empty is not there.
//!
//! All texts are finished sentences in the page's language, and are shown as text. Addresses are absolute; one that is neither
//! https nor this service's own is left out.

use serde::Serialize;

use super::{Opened, Place, beside};
use crate::store::StoreError;
use crate::voice::place::Sight;
use crate::web::care::slot::Told;

/// What those who fill the slots may look at.
pub struct Seen<'a> {
    /// The order, its brand and policy, who reads, and the time.
    pub opened: &'a Opened,
    /// What the page shows, and what matters now.
    pub sight: &'a Sight,
    /// BCP 47 tag of the language that the page speaks.
    pub locale: &'a str,
}

/// The blocks for this page.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn content(place: &Place, seen: &Seen<'_>) -> Result<Content, StoreError> {
    beside::blocks(place, seen).await
}

/// What the reader can do, and has asked for.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn care(place: &Place, seen: &Seen<'_>) -> Result<Care, StoreError> {
    let Opened { link, order, brand, policy, now } = seen.opened;
    // Whoever has a link that was passed on reads, and says nothing in the customer's name.
    let Some(role) = link.reader.role() else { return Ok(Care::default()) };
    let told = Told::of(&place.inner.store, &link.order).await?;
    let (page, voice) = (place.inner.links.page_url(link), place.inner.voice.load());
    let Some(speech) = voice.speech(brand, Some(seen.locale)) else { return Ok(Care::default()) };
    let care = told.care(&order.state(&policy.zone), policy, role, &page, *now, &speech);
    // The page without this is better than none.
    Ok(care.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "what a customer can do cannot be put into words");
        Care::default()
    }))
}

/// Blocks of a brand's own content, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Content {
    pub blocks: Vec<Block>,
}

/// One block: how to use a thing, how to look after it, what comes next.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Block {
    /// Stable: names the block in counts.
    pub id: String,
    pub title: String,
    /// Paragraphs before the points.
    pub paragraphs: Vec<String>,
    /// A list; empty for none.
    pub points: Vec<String>,
    /// https. Its host is let in by the page's policy.
    pub image: Option<Picture>,
    /// Where it leads, by way of our own counting address.
    pub link: Option<Link>,
}

/// A picture and what it shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Picture {
    pub url: String,
    pub alt: String,
}

/// Something to press.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Link {
    pub label: String,
    pub href: String,
    /// A sentence beside it: what happens then.
    pub note: Option<String>,
}

/// What the customer can do about the order, and what became of what was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Care {
    /// Rating, "something is wrong", return request: those that are possible now, the most wanted first.
    pub links: Vec<Link>,
    /// Cases and return requests, the newest first.
    pub cases: Vec<Case>,
}

/// Something that was asked for, and how it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Case {
    /// "Your message: something is damaged".
    pub title: String,
    /// One or two words: "Being looked at".
    pub state: String,
    /// Somebody still has to do something about it.
    pub is_open: bool,
    /// The answer, or by when to expect one.
    pub lines: Vec<String>,
}
