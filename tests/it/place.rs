//! The orders' pages: who sees what, in which words, how they look in a real browser, and that nobody else learns anything.

mod clicking;
mod guarding;
mod hostile;
mod house;
mod journey;
mod looks;
mod stories;
mod timing;
mod waiting;

use std::sync::Arc;

use arc_swap::ArcSwap;
use doorstep::apply::{Hinge, Policies};
use doorstep::content::Counts;
use doorstep::dispatch::handoff::Handoff;
use doorstep::domain::id::{BrandId, OrderKey};
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::link::{Links, PageLink, Reader};
use doorstep::voice::Voice;
use doorstep::voice::brand::{Brand, Source};
use doorstep::web::place::{Parts, Place};
use doorstep::web::server;
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::door::client::{Answer, Client};
use crate::store::world::Db;

pub(crate) const SECRET: &str = "the secret of these tests";

/// Orders' pages over a database, served.
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) links: Links,
    hinge: Hinge,
    decoder: Decoder,
    stop: CancellationToken,
}

/// The demo's sober brand, as it is shipped.
pub(crate) fn harbour() -> Brand {
    toml::from_str(include_str!("../../templates/brand/harbour.toml")).expect("a brand")
}

impl Site {
    pub(crate) async fn new(db: &Db) -> Self {
        Self::of(db, harbour()).await
    }

    pub(crate) async fn of(db: &Db, brand: Brand) -> Self {
        Self::served(db, brand, doorstep::web::Settings::default()).await
    }

    pub(crate) async fn served(db: &Db, brand: Brand, settings: doorstep::web::Settings) -> Self {
        let id = BrandId::new("harbour");
        let voice = Voice::load(&[Source::plain(id.clone(), brand)]).unwrap_or_else(|all| panic!("{all:?}"));
        let policies = Policies::of_all(voice.policy(&id).expect("a policy").clone());
        let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
        let hinge = Hinge::new(db.store.clone(), policies.clone(), db.clock.clone(), Handoff::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let links = Links::new(&format!("http://{addr}"), &[SecretString::from(SECRET)]).unwrap();
        let stop = CancellationToken::new();
        let parts = Parts {
            store: db.store.clone(),
            links: links.clone(),
            voice: Arc::new(ArcSwap::from_pointee(voice)),
            default_brand: id,
            policies,
            counts: Counts::default(),
        };
        let router = Place::new(parts, stop.clone()).routes();
        let stopping = stop.clone();
        tokio::spawn(async move {
            server::serve(listener, router, &settings, stopping, std::time::Duration::from_secs(1)).await;
        });
        Self { client: Client { addr }, links, hinge, decoder, stop }
    }

    /// Lets facts in, as the shop and its carriers report them.
    pub(crate) async fn feed(&self, events: &[Value]) {
        let batch: Vec<_> =
            events.iter().map(|event| self.decoder.structured("test", event.to_string().into_bytes())).collect();
        self.hinge.apply(batch).await.unwrap();
    }

    /// The path of an order's page.
    pub(crate) fn path(&self, order: &str, reader: Reader, generation: u8) -> String {
        let order = OrderKey::from_stored(format!("harbour/{order}")).expect("an order");
        self.links.page_path(&PageLink { order, reader, generation })
    }

    /// The page as the customer sees it, which must be there.
    pub(crate) async fn page(&self, order: &str, reader: Reader) -> String {
        let answer = self.get(order, reader).await;
        assert_eq!(answer.status, 200, "{order}: {}", answer.text());
        answer.text()
    }

    pub(crate) async fn get(&self, order: &str, reader: Reader) -> Answer {
        self.client.get(&self.path(order, reader, 0)).await
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
