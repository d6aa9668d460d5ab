//! The whole house as it is run: the worker's parts, every page and door, two brands, captured messages, simulated time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use doorstep::app::parts::Parts;
use doorstep::app::voices::Speaking;
use doorstep::channel::capture::{self, Captured};
use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::config::Config;
use doorstep::config::brands::Voices;
use doorstep::consent::settings::{Door, Settings as ConsentSettings};
use doorstep::content::Counts;
use doorstep::domain::id::OrderKey;
use doorstep::domain::stage::Stage;
use doorstep::ingest::Apply;
use doorstep::link::{Links, PageLink, Reader};
use doorstep::voice::brand::Brand;
use doorstep::web::callback::Callbacks;
use doorstep::web::care::api::Api;
use doorstep::web::care::fact::Facts;
use doorstep::web::care::{Care, Parts as CareParts};
use doorstep::web::content::Content;
use doorstep::web::form::Forms;
use doorstep::web::ops::lanes::Lanes;
use doorstep::web::ops::people::Entrance;
use doorstep::web::ops::{Ops, Parts as OpsParts};
use doorstep::web::peer::Networks;
use doorstep::web::place::{Parts as PlaceParts, Place};
use doorstep::web::token::Tokens;
use doorstep::web::wishes::Wishes;
use doorstep::web::{Settings as WebSettings, server};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::door::client::Client;
use crate::store::world::Db;

/// The token of the shop's systems.
pub(crate) const TOKEN: &str = "a token of the shop's own";
/// The secret of the providers' doors.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Where customers reach the house, as its mails say; behind it, somebody who speaks TLS leads to `base`.
const OUTSIDE: &str = "https://post.harbour.example";

pub(crate) struct House {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) parts: Parts,
    pub(crate) links: Links,
    pub(crate) clock: Clock,
    /// How often content was looked at.
    pub(crate) counts: Counts,
    messages: PathBuf,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

/// The demo's two brands, as they are shipped.
fn brands() -> Vec<(&'static str, Brand)> {
    [
        ("harbour", include_str!("../../../templates/brand/harbour.toml")),
        ("kettle", include_str!("../../../templates/brand/kettle.toml")),
    ]
    .map(|(id, text)| (id, toml::from_str(text).expect("a brand")))
    .into()
}

impl House {
    pub(crate) async fn new(db: &Db) -> Self {
        Self::with(db, |_, _| {}).await
    }

    /// A house whose brands `change` has been at.
    pub(crate) async fn with(db: &Db, change: impl Fn(&str, &mut Brand)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let base = format!("http://localhost:{}", addr.port());
        let [links, outside] = [&base, OUTSIDE].map(|base| Links::new(base, &[super::SECRET.into()]).expect("links"));
        let (messages, codes) = (folder.path().join("messages"), folder.path().join("codes"));
        let dir = messages.clone();
        let door = || Door { secrets: vec![SECRET.into()], secret_files: Vec::new() };
        let brands = brands().into_iter().map(|(id, mut brand)| {
            change(id, &mut brand);
            (id.to_owned(), brand)
        });
        let mut config = Config {
            database: db.settings.clone(),
            voice: Voices { default_brand: "harbour".to_owned(), folder: None },
            brands: brands.collect(),
            email: email::Settings::Capture(capture::Settings { dir: dir.clone() }),
            sms: sms::Settings::Capture(capture::Settings { dir }),
            consent: ConsentSettings { resend: door(), generic: door(), sms: door(), ..ConsentSettings::default() },
            ..Config::default()
        };
        config.links.base_url = OUTSIDE.to_owned();
        let speaking = Speaking::load(&config).unwrap_or_else(|problems| panic!("{problems:?}"));
        let parts = Parts::new(&config, db.store.clone(), speaking, Some(outside)).expect("the parts fit");
        let stop = CancellationToken::new();
        let token_file = folder.path().join("tokens");
        std::fs::write(&token_file, format!("{TOKEN}\n")).expect("a file");
        let settings = WebSettings { token_files: vec![token_file], ..WebSettings::default() };
        let counts = Counts::default();
        let router = pages(&parts, &links, (&messages, &counts), &stop)
            .merge(Api::new(db.store.clone(), Tokens::read(&settings).expect("tokens"), true).routes())
            .merge(
                Callbacks::new(db.store.clone(), parts.hinge.clone(), Arc::clone(&parts.decoder), &config.consent)
                    .expect("doors")
                    .routes(),
            )
            .merge(wishes(&parts, &links, codes, &config));
        let stopping = stop.clone();
        tokio::spawn(async move {
            server::serve(listener, router, &settings, stopping, Duration::from_secs(1)).await;
        });
        let clock = db.clock.clone();
        Self { client: Client { addr }, base, parts, links, clock, counts, messages, stop, _folder: folder }
    }

    /// Lets facts in, as the shop and its carriers report them, and sends what is due.
    pub(crate) async fn feed(&self, events: &[Value]) {
        let one = |event: &Value| self.parts.decoder.structured("test", event.to_string().into_bytes());
        let batch: Vec<_> = events.iter().map(one).collect();
        self.parts.hinge.apply(batch).await.expect("the store takes the batch");
        self.run().await;
    }

    /// Runs everything that is due now, and all that follows from it at this time.
    pub(crate) async fn run(&self) {
        loop {
            let ticked = self.parts.timers.run_due().await.expect("timers run");
            let sent = self.parts.dispatcher.run_due().await.expect("the dispatcher runs");
            if ticked + sent == 0 {
                return;
            }
        }
    }

    /// Lets time pass up to `to`, and runs everything at its own time.
    pub(crate) async fn pass(&self, to: Timestamp) {
        self.run().await;
        while let Some(next) = self.next().await.filter(|next| *next <= to) {
            self.clock.advance_to(next);
            self.run().await;
        }
        self.clock.advance_to(to);
    }

    async fn next(&self) -> Option<Timestamp> {
        let store = &self.parts.store;
        let mut times = vec![store.next_wake().await.expect("the store answers")];
        for channel in doorstep::domain::person::Channel::ALL {
            times.push(store.next_due(channel).await.expect("the store answers"));
        }
        times.into_iter().flatten().min()
    }

    /// The path of an order's page.
    pub(crate) fn path(&self, order: &OrderKey, reader: Reader) -> String {
        self.links.page_path(&PageLink { order: order.clone(), reader, generation: 0 })
    }

    /// Every message so far, whole.
    pub(crate) fn messages(&self) -> Vec<Captured> {
        let entries = capture::read_index(&self.messages).expect("an index");
        let whole =
            |entry: &capture::Entry| capture::read(&self.messages, entry.key).expect("a file").expect("a message");
        entries.iter().map(whole).collect()
    }

    /// The last mail of a stage about an order.
    pub(crate) fn mail(&self, order: &OrderKey, stage: Stage) -> Captured {
        let all = self.messages().into_iter().rev();
        let mut fitting = all.filter(|one| one.eml.is_some() && one.entry.order == *order && one.entry.stage == stage);
        fitting.next().unwrap_or_else(|| panic!("no mail {} of {order}", stage.as_str()))
    }

    /// What of an address stands behind this house's own; `None` for an address elsewhere.
    pub(crate) fn own<'a>(&self, url: &'a str) -> Option<&'a str> {
        url.strip_prefix(&self.base).or_else(|| url.strip_prefix(OUTSIDE)).filter(|path| path.starts_with('/'))
    }

    /// The same address as this machine reaches it; `None` for an address elsewhere.
    pub(crate) fn here(&self, url: &str) -> Option<String> {
        self.own(url).map(|path| format!("{}{path}", self.base))
    }
}

/// What customers and operators look at.
fn pages(
    parts: &Parts,
    links: &Links,
    (messages, counts): (&std::path::Path, &Counts),
    stop: &CancellationToken,
) -> axum::Router {
    let (store, voices) = (parts.store.clone(), &parts.voices);
    let place = Place::new(
        PlaceParts {
            store: store.clone(),
            links: links.clone(),
            voice: voices.voice(),
            default_brand: voices.default_brand().clone(),
            policies: voices.policies(),
            counts: counts.clone(),
        },
        stop.clone(),
    );
    let forms = Forms::new(links.clone(), store.clock().clone(), Networks::default());
    let facts = Facts { decoder: Arc::clone(&parts.decoder), hinge: parts.hinge.clone() };
    let care =
        CareParts { place: place.clone(), store: store.clone(), facts, forms, voice: voices.voice(), tells: true };
    let ops = OpsParts {
        entrance: Entrance::open_to_this_machine(),
        store: store.clone(),
        decoder: Arc::clone(&parts.decoder),
        hinge: parts.hinge.clone(),
        policies: voices.policies(),
        messages: Some(messages.to_owned()),
        lanes: Lanes::of(parts.lanes.clone(), store.clock().clone()),
        fresh_for: Duration::ZERO,
    };
    place
        .routes()
        .merge(Care::new(care).routes())
        .merge(Content::new(voices.voice(), counts.clone()).routes())
        .merge(Ops::new(ops, stop.clone()).routes())
}

fn wishes(parts: &Parts, links: &Links, codes: PathBuf, config: &Config) -> axum::Router {
    let forms = Forms::new(links.clone(), parts.store.clock().clone(), Networks::default());
    let sender = sms::Settings::Capture(capture::Settings { dir: codes });
    let sender = sms::Sender::new(&sender, parts.store.clock().clone()).expect("a sender");
    Wishes::new(parts.store.clone(), forms, parts.voices.speaker(None), sender, &config.consent).routes()
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
