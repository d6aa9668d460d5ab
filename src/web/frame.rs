//! Pages with a form, in the brand's own frame: the head, colours and foot of the order's page around templates inside the
//! binary, and headers that let nothing foreign in.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::Handlebars;
use serde::Serialize;

use super::page::guard;
use crate::voice::RenderError;
use crate::voice::below::Below;

const TEMPLATES: [(&str, &str); 6] = [
    ("frame", include_str!("../../templates/page/care/frame.hbs")),
    ("rating", include_str!("../../templates/page/care/rating.hbs")),
    ("problem", include_str!("../../templates/page/care/problem.hbs")),
    ("return", include_str!("../../templates/page/care/return.hbs")),
    ("wishes", include_str!("../../templates/page/care/wishes.hbs")),
    ("note", include_str!("../../templates/page/care/note.hbs")),
];

/// The templates, compiled.
pub(super) struct Frames {
    engine: Handlebars<'static>,
}

/// What a page shows beside its own facts.
#[derive(Default)]
pub(super) struct Shown<'a> {
    pub(super) template: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'a str,
    /// What it is about: "Order HG-1042".
    pub(super) eyebrow: Option<String>,
    /// Something that the customer must read first.
    pub(super) alert: Option<&'a str>,
    /// Good news.
    pub(super) notice: Option<&'a str>,
    pub(super) back: Option<Back>,
}

/// Where one came from.
#[derive(Serialize)]
pub(super) struct Back {
    pub(super) href: String,
    pub(super) label: String,
}

#[derive(Serialize)]
struct Framed<'a, T> {
    title: &'a str,
    eyebrow: Option<&'a str>,
    alert: Option<&'a str>,
    notice: Option<&'a str>,
    back: Option<&'a Back>,
    #[serde(flatten)]
    facts: &'a T,
}

/// Why a page cannot be made.
#[derive(Debug, thiserror::Error)]
enum Unmade {
    // The error itself could quote a value, so that it is not kept.
    #[error("the template {0} fails in line {1:?}")]
    Template(&'static str, Option<usize>),
    #[error(transparent)]
    Frame(#[from] RenderError),
}

impl Frames {
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
    pub(super) fn show(&self, shown: &Shown<'_>, below: &Below<'_>, facts: &impl Serialize) -> Response {
        let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
        match self.html(shown, below, facts, &nonce) {
            Ok(html) => {
                let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
                (shown.status, guard(policy(&nonce, below)), kind, html).into_response()
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a page with a form cannot be made");
                let none: [(HeaderName, String); 6] = guard("default-src 'none'".to_owned());
                (StatusCode::INTERNAL_SERVER_ERROR, none).into_response()
            }
        }
    }

    fn html(
        &self,
        shown: &Shown<'_>,
        below: &Below<'_>,
        facts: &impl Serialize,
        nonce: &str,
    ) -> Result<String, Unmade> {
        let Shown { template, title, alert, notice, .. } = *shown;
        let (eyebrow, back) = (shown.eyebrow.as_deref(), shown.back.as_ref());
        let framed = Framed { title, eyebrow, alert, notice, back, facts };
        let body = self.engine.render(template, &framed);
        let body = body.map_err(|error| Unmade::Template(template, error.line_no))?;
        Ok(below.frame(title, nonce, &body)?)
    }
}

/// What these pages may do: show themselves and the brand's logo, and send their forms home. They have no scripts.
fn policy(nonce: &str, below: &Below<'_>) -> String {
    let pictures = below.picture_hosts().iter().fold("'self'".to_owned(), |all, host| format!("{all} {host}"));
    format!(
        "default-src 'none'; img-src {pictures}; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::BrandId;
    use crate::voice::Voice;
    use crate::voice::brand::{Brand, Source};

    #[derive(Serialize)]
    struct Note {
        lines: [&'static str; 1],
    }

    fn voice() -> Voice {
        let logo_url = Some("https://cdn.harbour.example/logo.png".to_owned());
        let brand = Brand { name: "Harbour & Sons".to_owned(), logo_url, ..Brand::default() };
        Voice::load(&[Source::plain(BrandId::new("harbour"), brand)]).unwrap_or_else(|all| panic!("{all:?}"))
    }

    fn shown() -> Response {
        let voice = voice();
        let below = voice.below(&BrandId::new("harbour"), Some("pl")).expect("the brand");
        let shown = Shown { template: "note", title: "<script>\u{1}alert(1)</script>", ..Shown::default() };
        Frames::new().show(&shown, &below, &Note { lines: ["a & b \u{1}"] })
    }

    #[tokio::test]
    async fn a_page_stands_in_the_brands_frame_and_lets_nothing_foreign_in() {
        let response = shown();
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("ascii").to_owned();
        assert!(policy.starts_with("default-src 'none'; img-src 'self' https://cdn.harbour.example; "), "{policy}");
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        let html = String::from_utf8(body.to_vec()).expect("utf-8");
        assert!(html.contains("alert(1)&lt;/script&gt;</h1>") && html.contains("a &amp; b"), "{html}");
        assert!(html.contains("lang=\"pl\"") && html.contains("alt=\"Harbour &amp; Sons\""), "{html}");
        assert_eq!(html.matches("<main>").count(), 1, "one body, in its place");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
        let styled = format!("<style nonce=\"{}\"", nonce.replace('=', "&#x3D;"));
        assert_eq!((html.matches(&styled).count(), html.matches("<style").count()), (2, 2), "{nonce}");
        assert!(!html.contains("<script") && !html.contains("http-equiv"), "nothing takes a form away");
    }

    #[test]
    fn each_rendering_has_a_nonce_of_its_own() {
        let policy = || shown().headers()[header::CONTENT_SECURITY_POLICY].clone();
        assert_ne!(policy(), policy());
    }
}
