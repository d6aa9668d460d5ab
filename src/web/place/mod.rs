//! The customer's own place: an order's page, under `/t`. Whoever has its address sees it; nobody else learns that it exists.
//!
//! What is seen is made in three steps: who may see what of the order (`sight.rs`), in which words (`voice::place`), within
//! which frame (`show.rs`). Looking changes nothing.

mod beside;
mod live;
mod show;
mod sight;
pub mod slots;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::apply::Policies;
use crate::content::Counts;
use crate::domain::fold::{Known, value};
use crate::domain::id::{BrandId, OrderKey};
use crate::domain::order::Order;
use crate::domain::policy::Policy;
use crate::link::{Links, PageLink};
use crate::store::{Store, StoreError};
use crate::voice::Voice;
use crate::voice::place::Sight;
use crate::web::nowhere::Nowhere;
use live::Pulse;

/// What the page is made of.
pub struct Parts {
    pub store: Store,
    pub links: Links,
    pub voice: Arc<ArcSwap<Voice>>,
    /// Speaks for brands that are not configured.
    pub default_brand: BrandId,
    pub policies: Policies,
    /// How often content blocks were shown.
    pub counts: Counts,
}

/// The orders' pages. Cheap to clone.
#[derive(Clone)]
pub struct Place {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place")
    }
}

struct Inner {
    store: Store,
    links: Links,
    voice: Arc<ArcSwap<Voice>>,
    default_brand: BrandId,
    policies: Policies,
    counts: Counts,
    pulse: Pulse,
    nowhere: Nowhere,
}

/// An order whose page may be seen, and by whom.
#[derive(Debug)]
pub struct Opened {
    pub link: PageLink,
    pub order: Order,
    /// The brand that speaks.
    pub brand: BrandId,
    pub policy: Arc<Policy>,
    pub now: Timestamp,
}

/// Why there is no page.
#[derive(Debug)]
pub enum Closed {
    /// Unknown, wrong, revoked, expired and erased: which of them, nobody is told.
    Nowhere,
    Failed(StoreError),
}

impl Opened {
    /// What the page may show.
    pub fn sight(&self) -> Sight {
        sight::sight(&self.link.order, &self.order, self.link.reader, &self.policy, self.now)
    }

    /// The locale that the reader wants, as far as the order says.
    pub fn wanted(&self) -> Option<&str> {
        let known = &self.order.known;
        let own = match self.link.reader.role() {
            Some(crate::domain::person::Role::Recipient) => known.recipient.as_ref(),
            Some(crate::domain::person::Role::Customer) | None => Some(&known.customer),
        };
        own.and_then(|person| value(&person.locale)).map(String::as_str)
    }
}

impl Place {
    /// Pages of what `parts` holds, which follow what happens until `stop`. To be called within a tokio runtime.
    pub fn new(parts: Parts, stop: CancellationToken) -> Self {
        let Parts { store, links, voice, default_brand, policies, counts } = parts;
        let pulse = live::pulse(store.clone(), stop);
        Self {
            inner: Arc::new(Inner {
                store,
                links,
                voice,
                default_brand,
                policies,
                counts,
                pulse,
                nowhere: Nowhere::new(),
            }),
        }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/t/{token}", get(show::page))
            .route("/t/{token}/live", get(live::follow))
            .route("/t/{token}/calendar.ics", get(show::calendar))
            .with_state(self)
    }

    /// The order that a token opens. The database is asked whatever the token is, so that time tells nothing.
    ///
    /// # Errors
    /// [`Closed`]; answer with [`Place::closed`].
    pub async fn open(&self, token: &str) -> Result<Opened, Closed> {
        let inner = &self.inner;
        let link = inner.links.page(token);
        let key = link.as_ref().map_or_else(nobody, |link| link.order.clone());
        let row = inner.store.orders(std::slice::from_ref(&key)).await.map_err(Closed::Failed)?.pop();
        let (Some(link), Some(row)) = (link, row) else { return Err(Closed::Nowhere) };
        let order: Order = serde_json::from_str(&row.doc)
            .map_err(|_| Closed::Failed(StoreError::Corrupt { table: "orders", column: "doc", id: key.to_string() }))?;
        let now = inner.store.clock().now();
        let policy = inner.policies.of(&key.brand());
        let brand = inner.brand(&key);
        let is_erased = order.known == Known::default();
        let is_revoked = order.known.link_generation() != link.generation;
        let is_expired = sight::is_expired(&order.state(&policy.zone), inner.open_days(&brand), now);
        if is_erased || is_revoked || is_expired {
            return Err(Closed::Nowhere);
        }
        Ok(Opened { link, order, brand, policy, now })
    }

    /// The answer where there is no page: the same bytes whatever the reason is.
    pub fn closed(&self, why: Closed, headers: &HeaderMap) -> Response {
        match why {
            Closed::Nowhere => self.inner.nowhere.answer(headers),
            Closed::Failed(error) => show::failed(&error),
        }
    }
}

/// A key that no order has: brands are not called so.
fn nobody() -> OrderKey {
    OrderKey::from_stored("-/-".to_owned()).expect("a brand and an order")
}

impl Inner {
    /// The brand that speaks for an order.
    fn brand(&self, key: &OrderKey) -> BrandId {
        let own = key.brand();
        if self.voice.load().brand(&own).is_some() { own } else { self.default_brand.clone() }
    }

    fn open_days(&self, brand: &BrandId) -> u16 {
        self.voice.load().brand(brand).map_or(60, |brand| brand.page.open_days)
    }
}
