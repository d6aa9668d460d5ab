//! Pages that a person looks at: templates inside the binary, one sheet of style, and headers that let nothing foreign in.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::Handlebars;
use serde::Serialize;

const STYLE: &str = include_str!("../../templates/page/style.css");
const LIVE: &str = include_str!("../../templates/page/live.js");
const TEMPLATES: [(&str, &str); 3] = [
    ("base", include_str!("../../templates/page/base.hbs")),
    ("demo", include_str!("../../templates/page/demo.hbs")),
    ("demo_order", include_str!("../../templates/page/demo_order.hbs")),
];

/// A page that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The demo's list of orders.
    Demo,
    /// One order of the demo, with its messages.
    DemoOrder,
}

impl Page {
    fn template(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::DemoOrder => "demo_order",
        }
    }
}

/// The templates, compiled.
#[derive(Debug)]
pub struct Pages {
    engine: Handlebars<'static>,
}

/// What every page needs beside its own facts.
#[derive(Serialize)]
struct Framed<'a, T> {
    title: &'a str,
    lang: &'a str,
    style: &'static str,
    script: &'static str,
    nonce: String,
    #[serde(flatten)]
    facts: &'a T,
}

impl Pages {
    /// Compiles the templates.
    ///
    /// # Panics
    /// When a template in the binary is broken, which a test excludes.
    pub fn new() -> Self {
        let mut engine = Handlebars::new();
        for (name, text) in TEMPLATES {
            engine.register_template_string(name, text).expect("the page templates compile");
        }
        Self { engine }
    }

    /// Renders a page in the language `lang`. Whatever stands in `facts` is shown as text, never as markup.
    pub fn show(&self, page: Page, status: StatusCode, lang: &str, title: &str, facts: &impl Serialize) -> Response {
        let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
        let framed = Framed { title, lang, style: STYLE, script: LIVE, nonce: nonce.clone(), facts };
        match self.engine.render(page.template(), &framed) {
            Ok(html) => {
                let policy = format!(
                    "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
                     frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
                );
                (status, guard(policy), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
            }
            Err(error) => {
                // The error names a template and a line; it could quote a value, so that it is not logged whole.
                tracing::error!(template = page.template(), line = error.line_no, "page cannot be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

/// Headers that every page carries: nothing is loaded from elsewhere, nothing is cached, nobody learns where one came from.
pub(super) fn guard(policy: String) -> [(HeaderName, String); 6] {
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // Browsers heed it over https alone. Two years, as preload lists ask.
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000".to_owned()),
        (HeaderName::from_static("x-robots-tag"), "noindex".to_owned()),
    ]
}
