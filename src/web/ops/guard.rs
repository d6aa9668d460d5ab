//! Who asks, and whether they may. A page takes a [`Visitor`]; whatever changes something takes a [`Posted`], which exists only
//! after role, origin and token were checked. So no action can forget to.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::people::{Named, Role};
use super::{Inner, Ops};
use crate::store::StoreError;
use crate::store::ops::Audit;
use crate::web::form;
use crate::web::peer::peer;

/// The session's cookie. The prefix makes browsers take it over https alone, for this host alone and for every path.
const COOKIE: &str = "__Host-doorstep_ops";
/// What stands in a session's role where a proxy vouches for the person: it is no key without the proxy.
const BY_PROXY: &str = "proxy";

/// Somebody who may look.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) name: String,
    pub(super) role: Role,
    /// The token that this visitor's forms carry.
    pub(super) csrf: String,
    /// A cookie to set: the proxy let somebody in for whom there was no session yet.
    pub(super) new_cookie: Option<String>,
    pub(super) way: Way,
}

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// There is something to log out of.
    Password,
    Proxy,
    Demo,
}

impl Visitor {
    pub(super) fn is_operator(&self) -> bool {
        self.role == Role::Operator
    }

    /// The beginning of what is written down about an action.
    pub(super) fn audit(&self, action: &'static str) -> Audit {
        Audit { person: self.name.clone(), action, ..Audit::default() }
    }
}

/// A form that a visitor has sent, checked: the right role, from one of our own pages, with the session's own token.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) visitor: Visitor,
    fields: BTreeMap<String, String>,
}

impl Posted {
    /// A field's text without blanks around it; empty where it is missing.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |text| text.trim())
    }

    /// The same; `None` where it is empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.field(name)).filter(|text| !text.is_empty())
    }

    /// Goes back to the page that the form stood on, or to `otherwise`, with a word about what was done.
    pub(super) fn back(&self, otherwise: &str, done: &str) -> Response {
        let page = Some(self.field("back")).filter(|page| is_ours(page)).unwrap_or(otherwise);
        let page = page.split('#').next().unwrap_or(page);
        let mark = if page.contains('?') { '&' } else { '?' };
        Redirect::to(&format!("{page}{mark}done={done}")).into_response()
    }
}

/// A form that anybody logged in may send: to log out.
#[derive(Debug)]
pub(super) struct Leaving(pub(super) Visitor);

/// Whether an address is a page of the console.
pub(super) fn is_ours(page: &str) -> bool {
    let rest = page.strip_prefix("/ops").unwrap_or("x");
    (rest.is_empty() || rest.starts_with(['/', '?']))
        && !page.contains("//")
        && !page.contains("..")
        && page.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'\\')
}

impl FromRequestParts<Ops> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ops: &Ops) -> Result<Self, Response> {
        ops.inner.visitor(parts).await
    }
}

impl FromRequest<Ops> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, ops: &Ops) -> Result<Self, Response> {
        let posted = ops.inner.posted(request).await?;
        if !posted.visitor.is_operator() {
            return Err(ops.inner.refusal(StatusCode::FORBIDDEN, "Only operators may change things."));
        }
        Ok(posted)
    }
}

impl FromRequest<Ops> for Leaving {
    type Rejection = Response;

    async fn from_request(request: Request, ops: &Ops) -> Result<Self, Response> {
        Ok(Self(ops.inner.posted(request).await?.visitor))
    }
}

impl Inner {
    async fn visitor(&self, parts: &Parts) -> Result<Visitor, Response> {
        if self.entrance.is_open {
            let elsewhere = || self.refusal(StatusCode::FORBIDDEN, "The demo's console is for this machine alone.");
            return self.demo_visitor(parts).ok_or_else(elsewhere);
        }
        let peer = peer(parts);
        let named = self.entrance.proxy.as_ref().map_or(Named::Nobody, |proxy| proxy.names(peer, &parts.headers));
        let visitor = match named {
            Named::Person(name, role) => self.proxied(name, role, parts).await.map(Some),
            Named::Stranger => {
                return Err(
                    self.refusal(StatusCode::FORBIDDEN, "The proxy has let you in, but the console does not know you.")
                );
            }
            Named::Nobody => self.logged_in(&parts.headers).await,
        };
        match visitor {
            Ok(Some(visitor)) => Ok(visitor),
            Ok(None) => Err(self.to_login(parts)),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Whoever sits at this machine. The name in the address is looked at too, since a page from elsewhere could have its own
    /// name lead here.
    fn demo_visitor(&self, parts: &Parts) -> Option<Visitor> {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
        let is_here = peer(parts).to_canonical().is_loopback() && ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        let (name, csrf) = ("demo".to_owned(), self.demo_csrf.clone());
        is_here.then_some(Visitor { name, role: Role::Operator, csrf, new_cookie: None, way: Way::Demo })
    }

    /// The person whose session the cookie names. What they may do is what the users' file says now.
    async fn logged_in(&self, headers: &HeaderMap) -> Result<Option<Visitor>, StoreError> {
        let (Some(people), Some(cookie)) = (&self.entrance.people, cookie(headers)) else { return Ok(None) };
        let settings = &self.entrance.settings;
        let session = self.store.ops_session(&digest(cookie), settings.idle(), settings.life()).await?;
        Ok(session.filter(|session| session.role != BY_PROXY).and_then(|session| {
            let role = people.role_of(&session.person)?;
            Some(Visitor { name: session.person, role, csrf: session.csrf, new_cookie: None, way: Way::Password })
        }))
    }

    /// A person whom the proxy names: its session holds nothing but the token of its forms.
    async fn proxied(&self, name: String, role: Role, parts: &Parts) -> Result<Visitor, StoreError> {
        let settings = &self.entrance.settings;
        if let Some(cookie) = cookie(&parts.headers) {
            let session = self.store.ops_session(&digest(cookie), settings.idle(), settings.life()).await?;
            if let Some(session) = session.filter(|session| session.person == name && session.role == BY_PROXY) {
                return Ok(Visitor { name, role, csrf: session.csrf, new_cookie: None, way: Way::Proxy });
            }
        }
        // A form without a session fails by its token: only a page begins one.
        if parts.method != Method::GET {
            return Ok(Visitor { name, role, csrf: secret(), new_cookie: None, way: Way::Proxy });
        }
        let (cookie, csrf) = self.begin_session(&name, BY_PROXY).await?;
        Ok(Visitor { name, role, csrf, new_cookie: Some(cookie), way: Way::Proxy })
    }

    /// Begins a session, and clears away those that are over. Answers with the cookie to set and the token.
    pub(super) async fn begin_session(&self, name: &str, role: &str) -> Result<(String, String), StoreError> {
        let settings = &self.entrance.settings;
        self.store.ops_sessions_sweep(settings.idle(), settings.life()).await?;
        let (value, csrf) = (secret(), secret());
        self.store.ops_session_begin(&digest(&value), name, role, &csrf).await?;
        let secs = settings.life().as_secs();
        Ok((format!("{COOKIE}={value}; Path=/; Max-Age={secs}; Secure; HttpOnly; SameSite=Lax"), csrf))
    }

    /// Ends the session that the cookie names.
    pub(super) async fn end_session(&self, headers: &HeaderMap) -> Result<(), StoreError> {
        match cookie(headers) {
            Some(cookie) => self.store.ops_session_end(&digest(cookie)).await,
            None => Ok(()),
        }
    }

    async fn posted(&self, request: Request) -> Result<Posted, Response> {
        let (parts, body) = request.into_parts();
        let visitor = self.visitor(&parts).await?;
        if !self.entrance.networks.is_same_site(&parts) {
            return Err(self.refusal(StatusCode::FORBIDDEN, "This form was not sent from a page of the console."));
        }
        let fields = form::read(Request::from_parts(parts, body)).await;
        let fields =
            fields.ok_or_else(|| self.refusal(StatusCode::BAD_REQUEST, "This is not a form of the console."))?;
        let given = fields.get("csrf").map_or("", String::as_str);
        if !bool::from(given.as_bytes().ct_eq(visitor.csrf.as_bytes())) {
            return Err(self.refusal(
                StatusCode::FORBIDDEN,
                "This form has grown old: your session is another one now. Go back, reload the page and send it again.",
            ));
        }
        Ok(Posted { visitor, fields })
    }

    fn to_login(&self, parts: &Parts) -> Response {
        if self.entrance.people.is_none() {
            return self.refusal(StatusCode::UNAUTHORIZED, "Come through the proxy: it tells the console who you are.");
        }
        if parts.method != Method::GET {
            return self.refusal(StatusCode::UNAUTHORIZED, "You are not logged in any more. Nothing was changed.");
        }
        if parts.uri.path() == "/ops/live" {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        let wanted = parts.uri.path_and_query().map_or("/ops", |wanted| wanted.as_str());
        let next = percent_encoding::utf8_percent_encode(wanted, percent_encoding::NON_ALPHANUMERIC);
        Redirect::to(&format!("/ops/login?next={next}")).into_response()
    }
}

/// The answer when the database does not give one.
pub(super) fn failed(error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "a page of the ops console cannot be made");
    (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer. Nothing was changed.\n").into_response()
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// The cookie that takes the session's away.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax")
}

/// 256 random bits as text.
pub(super) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is kept of a cookie: whoever reads the table cannot come in by it.
fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_gone_back_to() {
        for good in ["/ops", "/ops?kind=late", "/ops/orders/harbour/A%2F1?x=1", "/ops/alerts?lane=DE%20-%20PL"] {
            assert!(is_ours(good), "{good}");
        }
        for bad in [
            "",
            "//evil.example",
            "/opsx",
            "/ops//evil.example",
            "https://evil.example",
            "/ops/../u",
            "/ops\\x",
            "/ops\n",
        ] {
            assert!(!is_ours(bad), "{bad}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=b; __Host-doorstep_ops=xyz; c=d".parse().unwrap());
        assert_eq!(cookie(&headers), Some("xyz"));
        headers.clear();
        headers.append(header::COOKIE, "x__Host-doorstep_ops=xyz".parse().unwrap());
        assert_eq!(cookie(&headers), None);
    }
}
