//! Forms that customers send. `Filled` exists only after the form's origin, size, rate and stamp were checked, so no handler
//! can forget to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use jiff::SignedDuration;
use uuid::Uuid;

use super::peer::{Networks, Rate};
use crate::clock::Clock;
use crate::link::{BadStamp, Links, Stamp};

/// The hidden field that carries the stamp.
pub const STAMP: &str = "stamp";
/// Most bytes of a form: a comment of some pages.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// How long a form may take to come in.
pub(super) const FORM_TIME_MAX: Duration = Duration::from_secs(20);
/// Forms from one address in each minute: a family behind one router sends fewer, and a thousand links cannot be tried.
const FORMS_A_MINUTE: u32 = 30;

/// What forms need. Clones share it.
#[derive(Debug, Clone)]
pub struct Forms {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    links: Links,
    clock: Clock,
    networks: Networks,
    rate: Rate,
}

/// A form that a person has sent, checked.
#[derive(Debug)]
pub struct Filled {
    /// The sending's own key: a second one with it is a repeat.
    pub id: Uuid,
    /// What it says.
    pub said: Fields,
}

/// What stands in a form.
#[derive(Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

/// A form that is not taken. The page that is shown again keeps what stood in it.
#[derive(Debug)]
pub struct Unread {
    /// Why.
    pub why: Refused,
    /// What it says; nothing where it was not even read.
    pub said: Fields,
}

impl From<Refused> for Unread {
    fn from(why: Refused) -> Self {
        Self { why, said: Fields::default() }
    }
}

/// Why a form is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Show it again, with a sentence that asks to press once more.
    #[error("sent sooner than a person can")]
    Soon,
    /// Show it again.
    #[error("shown too long ago")]
    Old,
    #[error("not from a page of ours")]
    Foreign,
    #[error("too many forms from this address")]
    TooMany,
    #[error("not a form, or too long")]
    NotAForm,
}

impl Refused {
    /// The status that says so.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Soon | Self::Old => StatusCode::CONFLICT,
            Self::Foreign => StatusCode::FORBIDDEN,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::NotAForm => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<BadStamp> for Refused {
    fn from(bad: BadStamp) -> Self {
        match bad {
            BadStamp::Forged => Self::Foreign,
            BadStamp::Soon => Self::Soon,
            BadStamp::Old => Self::Old,
        }
    }
}

impl Forms {
    /// Forms whose stamps `links` seals; `networks`: where our own proxies stand.
    pub fn new(links: Links, clock: Clock, networks: Networks) -> Self {
        let rate = Rate::new(FORMS_A_MINUTE, SignedDuration::from_mins(1));
        Self { inner: Arc::new(Inner { links, clock, networks, rate }) }
    }

    /// Links, for pages that the forms stand on.
    pub fn links(&self) -> &Links {
        &self.inner.links
    }

    /// The time by the database's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The limit on bodies that routes with forms are layered with.
    pub fn body_limit() -> DefaultBodyLimit {
        DefaultBodyLimit::max(FORM_BYTES_MAX)
    }

    /// What the hidden field [`STAMP`] of a form that is sent to `path` holds.
    pub fn stamp(&self, path: &str) -> String {
        self.inner.links.stamp(path, self.inner.clock.now())
    }

    /// Whether a request may change anything, as far as its head tells: from our own site, and not one too many.
    ///
    /// # Errors
    /// `Foreign`, `TooMany`.
    pub fn admit(&self, parts: &Parts) -> Result<(), Refused> {
        let inner = &self.inner;
        if !inner.networks.is_same_site(parts) {
            return Err(Refused::Foreign);
        }
        let client = inner.networks.client(parts);
        if inner.rate.admits_from(client, inner.clock.now()) { Ok(()) } else { Err(Refused::TooMany) }
    }

    /// Reads the stamp of a form that was sent to `path`; for forms that are not read by [`Forms::read`].
    ///
    /// # Errors
    /// `Foreign`, `Soon`, `Old`.
    pub fn check_stamp(&self, stamp: &str, path: &str) -> Result<Stamp, Refused> {
        Ok(self.inner.links.read_stamp(stamp, path, self.inner.clock.now())?)
    }

    /// Reads a form and checks everything about it but what its fields say. Its path is the request's own.
    ///
    /// # Errors
    /// [`Unread`].
    pub async fn read(&self, request: Request) -> Result<Filled, Unread> {
        let (parts, body) = request.into_parts();
        self.admit(&parts)?;
        let path = parts.uri.path().to_owned();
        let fields = read(Request::from_parts(parts, body)).await.ok_or(Refused::NotAForm)?;
        // No database takes a NUL.
        let said = Fields(fields.into_iter().map(|(name, text)| (name, text.replace('\0', ""))).collect());
        match self.check_stamp(said.text(STAMP), &path) {
            Ok(stamp) => Ok(Filled { id: stamp.id, said }),
            Err(why) => Err(Unread { why, said }),
        }
    }
}

impl Fields {
    /// A field's text without blanks around it; empty where it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }
}

/// The fields of a form; `None` if it is none, is too long, or takes too long. A name that comes twice counts once.
pub(super) async fn read(request: Request) -> Option<BTreeMap<String, String>> {
    let reading = axum::Form::<Vec<(String, String)>>::from_request(request, &());
    let read = tokio::time::timeout(FORM_TIME_MAX, reading).await.ok()?;
    read.ok().map(|axum::Form(pairs)| pairs.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::header;
    use secrecy::SecretString;

    use super::*;

    fn forms() -> Forms {
        let links = Links::new("https://post.harbour.example", &[SecretString::from("a secret of our own")]);
        let clock = Clock::simulated("2026-11-02T09:00:00Z".parse().expect("a time"));
        Forms::new(links.expect("links"), clock, Networks::default())
    }

    fn sent(path: &str, body: String, origin: &str) -> Request {
        Request::post(path)
            .header(header::HOST, "post.harbour.example")
            .header(header::ORIGIN, origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .expect("a request")
    }

    const OURS: &str = "https://post.harbour.example";

    #[tokio::test]
    async fn a_form_is_taken_after_two_seconds_from_our_own_page_alone() {
        let forms = forms();
        let body = |forms: &Forms, path: &str| format!("stamp={}&comment=+all+well+", forms.stamp(path));
        let first = body(&forms, "/a");
        let unread = forms.read(sent("/a", first.clone(), OURS)).await.expect_err("too soon");
        assert_eq!((unread.why, unread.said.text("comment")), (Refused::Soon, "all well"));
        forms.clock().advance(SignedDuration::from_secs(3));
        let filled = forms.read(sent("/a", first.clone(), OURS)).await.expect("a form");
        assert_eq!((filled.said.text("comment"), filled.said.text("more")), ("all well", ""));
        let again = forms.read(sent("/a", first.clone(), OURS)).await.expect("a repeat");
        assert_eq!(again.id, filled.id, "a repeat is known as one");
        assert_eq!(forms.read(sent("/b", first.clone(), OURS)).await.expect_err("other path").why, Refused::Foreign);
        assert_eq!(
            forms.read(sent("/a", first, "https://evil.example")).await.expect_err("other site").why,
            Refused::Foreign
        );
        assert_eq!(forms.read(sent("/a", "x=1".into(), OURS)).await.expect_err("no stamp").why, Refused::Foreign);
    }

    #[tokio::test]
    async fn one_address_sends_so_many_forms_and_no_more() {
        let forms = forms();
        let body = format!("stamp={}", forms.stamp("/a"));
        forms.clock().advance(SignedDuration::from_secs(3));
        let mut taken = 0;
        for _ in 0..FORMS_A_MINUTE + 5 {
            taken += u32::from(forms.read(sent("/a", body.clone(), OURS)).await.is_ok());
        }
        assert_eq!(taken, FORMS_A_MINUTE);
    }
}
