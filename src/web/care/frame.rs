//! How these pages look: templates inside the binary, one sheet of style with the brand's colours, and headers that let nothing
//! foreign in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::Handlebars;
use serde::Serialize;

use super::Visit;
use crate::voice::brand::Brand;
use crate::voice::care::Speech;

const STYLE: &str = include_str!("../../../templates/page/care/style.css");
const TEMPLATES: [(&str, &str); 5] = [
    ("frame", include_str!("../../../templates/page/care/frame.hbs")),
    ("rating", include_str!("../../../templates/page/care/rating.hbs")),
    ("problem", include_str!("../../../templates/page/care/problem.hbs")),
    ("return", include_str!("../../../templates/page/care/return.hbs")),
    ("note", include_str!("../../../templates/page/care/note.hbs")),
];

/// The templates, compiled.
pub(super) struct Frame {
    engine: Handlebars<'static>,
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
struct Framed<'a, T> {
    title: &'a str,
    lang: &'a str,
    brand: &'a str,
    order: Option<String>,
    style: String,
    nonce: &'a str,
    back: Option<&'a str>,
    alert: Option<&'a str>,
    notice: Option<&'a str>,
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
    ///
    /// # Panics
    /// When a template in the binary is broken, which a test excludes.
    pub(super) fn new() -> Self {
        let mut engine = Handlebars::new();
        engine.set_strict_mode(true);
        for (name, text) in TEMPLATES {
            engine.register_template_string(name, text).expect("the page templates compile");
        }
        Self { engine }
    }

    /// Renders a page. Whatever stands in `facts` is shown as text, never as markup.
    pub(super) fn show(&self, shown: &Shown<'_>, speech: &Speech<'_>, facts: &impl Serialize) -> Response {
        let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
        let framed = Framed {
            title: &shown.title,
            lang: speech.locale(),
            brand: &speech.brand().name,
            order: speech.order(&shown.visit.key().order()).ok(),
            style: style(speech.brand()),
            nonce: &nonce,
            back: Some(&shown.visit.path),
            alert: shown.alert.as_deref(),
            notice: shown.notice.as_deref(),
            t: &shown.words,
            facts,
        };
        self.render(shown.template, shown.status, &nonce, &framed)
    }

    /// A page of one sentence about an order that the visitor may see.
    pub(super) fn note(&self, visit: &Visit, speech: &Speech<'_>, status: StatusCode, line: &str) -> Response {
        let words = speech.all(&["care-back"]).unwrap_or_default();
        let title = speech.brand().name.clone();
        let shown = Shown { template: "note", status, title, alert: None, notice: None, words, visit };
        self.show(&shown, speech, &Note { lines: &[line] })
    }

    fn render(&self, template: &str, status: StatusCode, nonce: &str, framed: &impl Serialize) -> Response {
        match self.engine.render(template, framed) {
            Ok(html) => (status, guard(nonce), html).into_response(),
            Err(error) => {
                // The error names a template and a line; it could quote a value, so that it is not logged whole.
                tracing::error!(template, line = error.line_no, "page cannot be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// The sheet with the brand's colours over it. They were checked to be colours when the brand was loaded.
fn style(brand: &Brand) -> String {
    let (light, dark) = (&brand.colours, &brand.colours.dark);
    let mut style = STYLE.to_owned();
    let _ = write!(
        style,
        ":root{{--accent:{};--on-accent:{};--ground:{};--card:{};--text:{};--muted:{};--line:{};--tint:{};--warn:{};--warn-tint:{}}}",
        light.accent,
        light.on_accent,
        light.ground,
        light.card,
        light.text,
        light.muted,
        light.line,
        light.tint,
        light.warn,
        light.warn_tint
    );
    let _ = write!(
        style,
        "@media(prefers-color-scheme:dark){{:root{{--accent:{};--on-accent:{};--ground:{};--card:{};--text:{};--muted:{};--line:{};--tint:{};--warn:{};--warn-tint:{}}}}}",
        dark.accent,
        dark.on_accent,
        dark.ground,
        dark.card,
        dark.text,
        dark.muted,
        dark.line,
        dark.tint,
        dark.warn,
        dark.warn_tint
    );
    style
}

/// The headers of a page that an address opens: nothing is loaded from elsewhere, nothing is kept, nobody learns where one came
/// from.
fn guard(nonce: &str) -> [(HeaderName, String); 6] {
    let policy = format!(
        "default-src 'none'; img-src 'self'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000".to_owned()),
        (HeaderName::from_static("x-robots-tag"), "noindex".to_owned()),
    ]
}
