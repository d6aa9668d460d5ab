//! `/c/{brand}/{block}`: where a content block's link leads. It goes to the address that the brand stored for that block, and
//! nowhere else; what is counted names no person and no order.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::content::Counts;
use crate::domain::id::BrandId;
use crate::voice::Voice;

/// What the addresses need.
#[derive(Clone)]
pub struct Content {
    voice: Arc<ArcSwap<Voice>>,
    counts: Counts,
}

impl Content {
    /// Leads to what the brands of `voice` store.
    pub fn new(voice: Arc<ArcSwap<Voice>>, counts: Counts) -> Self {
        Self { voice, counts }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new().route("/c/{brand}/{block}", get(follow)).with_state(self)
    }
}

async fn follow(
    State(content): State<Content>,
    method: Method,
    Path((brand, block)): Path<(String, String)>,
) -> Response {
    let brand = BrandId::new(brand);
    let voice = content.voice.load();
    let link = voice.brand(&brand).and_then(|known| known.content.link_of(&block));
    let Some(link) = link else { return (StatusCode::NOT_FOUND, "Nothing here.\n").into_response() };
    if method == Method::GET {
        content.counts.followed(&brand, &block);
    }
    let headers = [
        (header::LOCATION, link.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (StatusCode::FOUND, headers).into_response()
}
