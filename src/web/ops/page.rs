//! The console's frame: templates inside the binary, one sheet of style, one small script, and the headers of every page.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use handlebars::Handlebars;
use serde::Serialize;

use super::guard::{Visitor, Way};
use crate::web::page::guard;

const STYLE: &str = include_str!("../../../templates/page/ops/style.css");
const SCRIPT: &str = include_str!("../../../templates/page/ops/live.js");

macro_rules! templates {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../templates/page/ops/", $name, ".hbs"))),)+]
    };
}

const TEMPLATES: [(&str, &str); 20] = templates![
    "frame",
    "moment",
    "filters",
    "login",
    "refusal",
    "work",
    "alerts",
    "order",
    "alert",
    "message",
    "doubt",
    "quarantine",
    "entry",
    "cases",
    "case",
    "returns",
    "voices",
    "lanes",
    "audit",
    "found",
];

/// A page of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Login,
    Refusal,
    Work,
    Alerts,
    Order,
    Message,
    Doubt,
    Quarantine,
    Entry,
    Cases,
    Case,
    Returns,
    Voices,
    Lanes,
    Audit,
    Found,
}

impl Page {
    fn template(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Refusal => "refusal",
            Self::Work => "work",
            Self::Alerts => "alerts",
            Self::Order => "order",
            Self::Message => "message",
            Self::Doubt => "doubt",
            Self::Quarantine => "quarantine",
            Self::Entry => "entry",
            Self::Cases => "cases",
            Self::Case => "case",
            Self::Returns => "returns",
            Self::Voices => "voices",
            Self::Lanes => "lanes",
            Self::Audit => "audit",
            Self::Found => "found",
        }
    }

    /// The part of the console that it belongs to, for the navigation.
    fn section(self) -> &'static str {
        match self {
            Self::Work | Self::Alerts | Self::Order | Self::Message | Self::Found => "work",
            Self::Doubt => "doubt",
            Self::Quarantine | Self::Entry => "quarantine",
            Self::Cases | Self::Case => "cases",
            Self::Returns => "returns",
            Self::Voices => "voices",
            Self::Lanes => "lanes",
            Self::Audit => "audit",
            Self::Login | Self::Refusal => "",
        }
    }
}

/// What a page is shown with, beside its facts.
#[derive(Debug, Default)]
pub(super) struct Showing<'a> {
    pub(super) title: &'a str,
    /// This page's own address, for the forms on it.
    pub(super) here: &'a str,
    /// What it watches: everything, or one order. `None`: it stays as it is.
    pub(super) watch: Option<&'a str>,
    /// A word about what was just done.
    pub(super) done: Option<&'a str>,
}

/// The templates, compiled.
#[derive(Debug)]
pub(super) struct Pages {
    engine: Handlebars<'static>,
}

/// What every page needs beside its own facts.
#[derive(Serialize)]
struct Framed<'a, T> {
    title: &'a str,
    style: &'static str,
    script: Option<&'static str>,
    nonce: &'a str,
    who: Option<Who<'a>>,
    nav: Vec<Place>,
    here: &'a str,
    watch: Option<&'a str>,
    done: Option<&'a str>,
    operator: bool,
    csrf: &'a str,
    page: &'a T,
}

#[derive(Serialize)]
struct Who<'a> {
    name: &'a str,
    role: &'static str,
    demo: bool,
    may_leave: bool,
}

#[derive(Serialize)]
struct Place {
    href: &'static str,
    name: &'static str,
    is_here: bool,
}

const PLACES: [(&str, &str, &str); 8] = [
    ("work", "/ops", "Work"),
    ("cases", "/ops/cases", "Cases"),
    ("returns", "/ops/returns", "Returns"),
    ("voices", "/ops/voices", "Voices"),
    ("doubt", "/ops/doubt", "In doubt"),
    ("quarantine", "/ops/quarantine", "Quarantine"),
    ("lanes", "/ops/lanes", "Lanes"),
    ("audit", "/ops/audit", "Audit"),
];

impl Pages {
    /// Compiles the templates.
    ///
    /// # Panics
    /// When a template in the binary is broken, which a test excludes.
    pub(super) fn new() -> Self {
        let mut engine = Handlebars::new();
        // A member that is missing is a mistake of ours, and not to be passed over.
        engine.set_strict_mode(true);
        for (name, text) in TEMPLATES {
            engine.register_template_string(name, text).expect("the console's templates compile");
        }
        Self { engine }
    }

    /// Renders a page for somebody who may look. Whatever stands in `facts` is shown as text, never as markup.
    pub(super) fn show(
        &self,
        page: Page,
        visitor: &Visitor,
        showing: &Showing<'_>,
        facts: &impl Serialize,
    ) -> Response {
        let who = Who {
            name: &visitor.name,
            role: visitor.role.as_str(),
            demo: visitor.way == Way::Demo,
            may_leave: visitor.way == Way::Password,
        };
        let nonce = nonce();
        let framed = Framed {
            title: showing.title,
            style: STYLE,
            script: showing.watch.map(|_| SCRIPT),
            nonce: &nonce,
            who: Some(who),
            nav: nav(page),
            here: showing.here,
            watch: showing.watch,
            done: showing.done,
            operator: visitor.is_operator(),
            csrf: &visitor.csrf,
            page: facts,
        };
        let mut response = self.render(page, StatusCode::OK, &nonce, &framed);
        let cookie = visitor.new_cookie.as_deref().and_then(|cookie| HeaderValue::from_str(cookie).ok());
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Renders a page for somebody of whom nothing is known.
    pub(super) fn show_to_strangers(
        &self,
        page: Page,
        status: StatusCode,
        title: &str,
        facts: &impl Serialize,
    ) -> Response {
        let nonce = nonce();
        let framed = Framed {
            title,
            style: STYLE,
            script: None,
            nonce: &nonce,
            who: None,
            nav: Vec::new(),
            here: "",
            watch: None,
            done: None,
            operator: false,
            csrf: "",
            page: facts,
        };
        self.render(page, status, &nonce, &framed)
    }

    fn render(&self, page: Page, status: StatusCode, nonce: &str, framed: &impl Serialize) -> Response {
        match self.engine.render(page.template(), framed) {
            Ok(html) => {
                let policy = format!(
                    "default-src 'none'; img-src 'self'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
                     form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
                );
                let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
                let mut response = (status, guard(policy), kind, html).into_response();
                // Not `no-referrer`: with it, browsers name no origin on the console's own forms.
                let referrer = HeaderValue::from_static("same-origin");
                response.headers_mut().insert(header::REFERRER_POLICY, referrer);
                response
            }
            Err(error) => {
                // The error names a template and a line; it could quote a value, so that it is not logged whole.
                tracing::error!(template = page.template(), line = error.line_no, "page cannot be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

fn nonce() -> String {
    STANDARD.encode(rand::random::<[u8; 16]>())
}

fn nav(page: Page) -> Vec<Place> {
    PLACES.into_iter().map(|(id, href, name)| Place { href, name, is_here: id == page.section() }).collect()
}
