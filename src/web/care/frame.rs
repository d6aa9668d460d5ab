//! How these pages look: in the brand's own frame, below an order.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use super::Visit;
use crate::voice::care::Speech;
use crate::web::frame::{self, Back, Frames};

/// The templates, compiled.
pub(super) struct Frame {
    frames: Frames,
}

/// What a page shows beside its own facts.
pub(super) struct Shown<'a> {
    pub(super) template: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: String,
    /// Something that the customer must read first.
    pub(super) alert: Option<String>,
    /// Good news.
    pub(super) notice: Option<String>,
    /// The page's fixed words.
    pub(super) words: BTreeMap<String, String>,
    pub(super) visit: &'a Visit,
}

#[derive(Serialize)]
struct Worded<'a, T> {
    t: &'a BTreeMap<String, String>,
    #[serde(flatten)]
    facts: &'a T,
}

#[derive(Serialize)]
struct Note<'a> {
    lines: &'a [&'a str],
}

impl Frame {
    /// Compiles the templates.
    pub(super) fn new() -> Self {
        Self { frames: Frames::new() }
    }

    /// Renders a page. Whatever stands in `facts` is shown as text, never as markup.
    pub(super) fn show(&self, shown: &Shown<'_>, speech: &Speech<'_>, facts: &impl Serialize) -> Response {
        let label = shown.words.get("care_back").cloned().unwrap_or_default();
        let framed = frame::Shown {
            template: shown.template,
            status: shown.status,
            title: &shown.title,
            eyebrow: speech.order(&shown.visit.key().order()).ok(),
            alert: shown.alert.as_deref(),
            notice: shown.notice.as_deref(),
            back: Some(Back { href: shown.visit.path.clone(), label }),
        };
        self.frames.show(&framed, speech.below(), &Worded { t: &shown.words, facts })
    }

    /// A page of one sentence about an order that the visitor may see.
    pub(super) fn note(&self, visit: &Visit, speech: &Speech<'_>, status: StatusCode, line: &str) -> Response {
        let words = speech.all(&["care-back"]).unwrap_or_default();
        let title = speech.brand().name.clone();
        let shown = Shown { template: "note", status, title, alert: None, notice: None, words, visit };
        self.show(&shown, speech, &Note { lines: &[line] })
    }
}
