//! What a template is given: sentences that are finished, in the right language, cleaned of everything that could harm.
//! Templates arrange; they do not decide, format or know the domain.
//!
//! The members are public to operators' templates: renaming one breaks them.

use serde::Serialize;

use super::content::Shown;

/// Everything a mail's templates may use, by these names.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Page {
    /// The contract's word for the stage.
    pub(crate) stage: &'static str,
    pub(crate) subject: String,
    /// Shown by mail programs beside the subject.
    pub(crate) preheader: String,
    /// "Order HG-1042 · Parcel 2 of 3".
    pub(crate) eyebrow: String,
    pub(crate) title: String,
    pub(crate) greeting: Option<String>,
    /// The one thing the customer wants to know, in a sentence.
    pub(crate) lead: String,
    /// The box with the day.
    pub(crate) day: Option<Day>,
    /// What opens the locker.
    pub(crate) code: Option<String>,
    pub(crate) progress: Option<Progress>,
    /// The one button.
    /// Asks how satisfied the customer is.
    pub(crate) scale: Option<Scale>,
    pub(crate) button: Option<Button>,
    pub(crate) facts: Vec<Fact>,
    /// What happens next; for problems: what happened, what we know, what we do, what the customer can do.
    pub(crate) steps: Vec<Step>,
    /// Lists of items: in this parcel, still to come, cancelled.
    pub(crate) shelves: Vec<Shelf>,
    /// Lists of sentences: other news, other parcels.
    pub(crate) lists: Vec<List>,
    /// A brand's own content, in mails of progress alone.
    pub(crate) content: Vec<Shown>,
    /// Sums of the order; empty for recipients.
    pub(crate) totals: Vec<Total>,
    /// Lines of the delivery address; for `confirmed`.
    pub(crate) address: Vec<String>,
    /// The reader was given a present: did not order, sees no prices.
    pub(crate) is_recipient: bool,
    /// One click and no more of these.
    pub(crate) unsubscribe: Option<String>,
    /// The order's page.
    pub(crate) order_link: Option<String>,
    /// The order's id.
    pub(crate) order_id: Option<String>,
    /// Structured data, as JSON that is safe inside a script element. Set last; not for templates.
    pub(crate) json_ld: String,
}

/// The box with the day.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Day {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) note: Option<String>,
}

/// Which steps of the way are done. The first, ordered, always is.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Progress {
    pub(crate) shipped: bool,
    pub(crate) out: bool,
    /// `out` means ready to be collected.
    pub(crate) collect: bool,
    pub(crate) delivered: bool,
}

/// A scale of which each point is a link.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Scale {
    pub(crate) title: String,
    pub(crate) points: Vec<ScalePoint>,
}

/// One point of a scale.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ScalePoint {
    pub(crate) number: u8,
    pub(crate) label: String,
    pub(crate) link: String,
}

/// The one button.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Button {
    pub(crate) label: String,
    pub(crate) link: String,
}

/// A line such as "Tracking number: …".
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) link: Option<String>,
}

/// A short heading and what it is about.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Step {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// A list of items.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shelf {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// "and 3 more items", where the list was cut.
    pub(crate) more: Option<String>,
}

/// One item.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) title: String,
    /// "Quantity 2"; only for more than one piece.
    pub(crate) quantity: Option<String>,
    /// For all pieces of the row.
    pub(crate) price: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) alt: String,
    /// Keeps the row in line when others have pictures and this one has none.
    pub(crate) no_image: bool,
    pub(crate) link: Option<String>,
}

/// A list of sentences.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
}

/// One sum.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Total {
    pub(crate) label: String,
    pub(crate) value: String,
    /// The last line, set in bold.
    pub(crate) is_total: bool,
}
