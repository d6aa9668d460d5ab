//! What the page's templates are given: finished sentences, cleaned of everything that could harm.
//!
//! The members are public to operators' templates: renaming one breaks them.

use serde::Serialize;

use crate::voice::page::{Fact, Shelf, Step, Total};

/// Everything that the order's page may use, by these names.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Page {
    /// BCP 47 tag of the language that was used.
    #[serde(skip)]
    pub locale: String,
    /// Of the window, and of previews: nothing personal.
    pub(crate) title: String,
    /// "Order HG-1042"; the shop's name where the order's must not be told.
    pub(crate) eyebrow: String,
    /// The one sentence that matters now.
    pub(crate) headline: String,
    /// `calm`, `good` or `warn`.
    pub(crate) tone: &'static str,
    pub(crate) lead: Option<String>,
    /// Smaller sentences under it: what was named before, how sure the day is, how many parcels have come.
    pub(crate) notes: Vec<String>,
    /// What happened, what we know, what we do, what the customer can do; or what happens next.
    pub(crate) steps: Vec<Step>,
    pub(crate) parcels_title: String,
    /// One card alone needs no heading above it.
    pub(crate) is_one: bool,
    pub(crate) parcels: Vec<Card>,
    pub(crate) to_come: Option<Shelf>,
    pub(crate) details: Option<Details>,
    pub(crate) questions: Vec<Question>,
    /// The order's page at the shop.
    pub(crate) order_link: Option<String>,
    /// The shop's own page for help with this order.
    pub(crate) support_link: Option<String>,
    /// "Last news: Tuesday 24 November, 10:12".
    pub(crate) news: Option<String>,
    /// Whether any picture is on the page; where from, by host.
    #[serde(skip)]
    pub picture_hosts: Vec<String>,
    /// Somebody to whom the page was passed on: no name, no address, no prices.
    pub(crate) is_shared: bool,
    /// Whether a day can be put into a calendar.
    #[serde(skip)]
    pub has_day: bool,
    #[serde(skip)]
    pub(crate) calendar_title: String,
    /// With [`CALENDAR_LINK`] where the page's address goes.
    #[serde(skip)]
    pub(crate) calendar_words: String,
}

/// Stands for the page's address, which the words do not know.
pub(crate) const CALENDAR_LINK: &str = "\u{1}";

impl Page {
    /// What the calendar's entry says.
    pub(crate) fn calendar_note(&self, link: &str) -> String {
        self.calendar_words.replace(CALENDAR_LINK, link)
    }
}

/// One parcel, or what is not in one yet.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Card {
    /// For links within the page.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) tone: &'static str,
    /// "Expected: Thursday 26 November".
    pub(crate) expected: Option<Fact>,
    pub(crate) collect: Option<Collect>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) number: Option<Number>,
    /// Whether there are facts or a number.
    pub(crate) carried: bool,
    pub(crate) shelf: Option<Shelf>,
    pub(crate) days: Vec<Day>,
    /// Days before those, folded away.
    pub(crate) older: Vec<Day>,
}

/// Where a parcel waits.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Collect {
    pub(crate) place: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) hours: Option<String>,
    pub(crate) code: Option<String>,
    /// The code, to be scanned.
    pub(crate) square: Option<Square>,
}

/// A square to scan: an SVG path in a box of `size` units, quiet border included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Square {
    pub(crate) size: usize,
    pub(crate) path: String,
}

/// A step of the way.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Mark {
    pub(crate) label: String,
    pub(crate) when: Option<String>,
    /// `done`, `current`, `todo` or `wrong`.
    pub(crate) state: &'static str,
    /// Whether it is the one that holds now.
    pub(crate) current: bool,
    /// The same for those who do not see it.
    pub(crate) said: String,
}

/// The carrier's number.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Number {
    /// As it is shown.
    pub(crate) shown: String,
    pub(crate) link: Option<Carriers>,
}

/// The carrier's own page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Carriers {
    pub(crate) label: String,
    pub(crate) link: String,
}

/// A day of the way, latest event first.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Day {
    pub(crate) date: String,
    pub(crate) events: Vec<Event>,
}

/// One event.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Event {
    pub(crate) time: String,
    /// RFC 3339, for machines.
    pub(crate) iso: String,
    pub(crate) what: String,
    pub(crate) place: Option<String>,
    /// The carrier's own words.
    pub(crate) words: Option<String>,
}

/// Items with prices, sums, and where it goes.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Details {
    pub(crate) shelf: Option<Shelf>,
    pub(crate) totals: Vec<Total>,
    pub(crate) address: Vec<String>,
}

/// One of the brand's questions and answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Question {
    pub(crate) question: String,
    pub(crate) answer: String,
}
