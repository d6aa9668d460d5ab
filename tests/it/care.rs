//! Where customers answer: ratings, problems with pictures, returns, the API of shop systems, and how the pages look in a real
//! browser.

mod api;
mod confirming;
mod hostile;
mod looks;
mod rating;
mod telling;

use std::sync::Arc;

use arc_swap::ArcSwap;
use doorstep::apply::{Hinge, Policies};
use doorstep::dispatch::handoff::Handoff;
use doorstep::domain::id::BrandId;
use doorstep::domain::policy::Policy;
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::link::{Links, PageLink, Reader};
use doorstep::voice::Voice;
use doorstep::voice::brand::{Brand, Source};
use doorstep::web::care::api::Api;
use doorstep::web::care::fact::Facts;
use doorstep::web::care::{Care, Parts};
use doorstep::web::form::Forms;
use doorstep::web::peer::Networks;
use doorstep::web::place::{Parts as PlaceParts, Place};
use doorstep::web::server;
use doorstep::web::token::Tokens;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::door::client::{Answer, Client};
use crate::ops::form;
use crate::store::world::{Db, order_key, start};

/// Runs each case on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::store::world::Db::postgres().await;
                super::$name(&db).await;
                db.end().await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let db = crate::store::world::Db::sqlite().await;
                super::$name(&db).await;
                db.end().await;
            })+
        }
    };
}
pub(crate) use on_both;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// The token of the shop's systems.
pub(crate) const TOKEN: &str = "a token of the shop's own";

/// The pages and the API over a database, served.
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) links: Links,
    voice: Arc<ArcSwap<Voice>>,
    policies: Policies,
    facts: Facts,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn new(db: &Db) -> Self {
        Self::with(db, |_| {}).await
    }

    pub(crate) async fn with(db: &Db, change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy::standard(TimeZone::UTC);
        change(&mut policy);
        let policies = Policies::of_all(policy);
        let brand = BrandId::new("harbour");
        let mut own = Brand { name: "Harbour Goods".into(), ..Brand::default() };
        own.sender.address = "orders@harbour.example".into();
        let source = Source::plain(brand.clone(), own);
        let voice = Voice::load(&[source]).unwrap_or_else(|problems| panic!("{problems:?}"));
        let links = Links::new("https://post.harbour.example", &[SecretString::from("a secret of our own")]).unwrap();
        let voice = Arc::new(ArcSwap::from_pointee(voice));
        let forms = Forms::new(links.clone(), db.clock.clone(), Networks::default());
        let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
        let hinge = Hinge::new(db.store.clone(), policies.clone(), db.clock.clone(), Handoff::new(0));
        let stop = CancellationToken::new();
        let place = Place::new(
            PlaceParts {
                store: db.store.clone(),
                links: links.clone(),
                voice: Arc::clone(&voice),
                default_brand: brand,
                policies: policies.clone(),
                counts: doorstep::content::Counts::default(),
            },
            stop.clone(),
        );
        let facts = Facts { decoder: Arc::new(decoder), hinge };
        let care = Care::new(Parts {
            place: place.clone(),
            store: db.store.clone(),
            facts: facts.clone(),
            forms,
            voice: Arc::clone(&voice),
            tells: true,
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens");
        std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
        let settings = doorstep::web::Settings { token_files: vec![file], ..doorstep::web::Settings::default() };
        let api = Api::new(db.store.clone(), Tokens::read(&settings).unwrap(), true);
        let router = place.routes().merge(care.routes()).merge(api.routes());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client { addr: listener.local_addr().unwrap() };
        let stopping = stop.clone();
        tokio::spawn(async move {
            server::serve(listener, router, &settings, stopping, std::time::Duration::from_secs(1)).await;
        });
        Self { client, links, voice, policies, facts, stop, _folder: folder }
    }

    pub(crate) async fn feed(&self, events: &[Value]) {
        let batch: Vec<_> =
            events.iter().map(|event| self.facts.decoder.structured("test", event.to_string().into_bytes())).collect();
        self.facts.hinge.apply(batch).await.unwrap();
    }

    /// An order that was paid, sent and delivered before the start; answers with its page's path.
    pub(crate) async fn delivered(&self, id: &str, locale: &str) -> String {
        self.order(id, locale, "Harbour mug", true).await
    }

    pub(crate) async fn order(&self, id: &str, locale: &str, title: &str, delivered: bool) -> String {
        let order = json!({
            "id": id, "currency": "EUR", "total": 12_990,
            "customer": { "name": "Anna Nowak", "email": format!("{id}@mail.example"), "locale": locale },
            "address": { "line1": "Secret Street 7", "city": "Gdynia", "country": "PL" },
            "ship_from": { "country": "DE" },
            "items": [{ "id": "L1", "sku": "MUG", "title": title, "qty": 2 }, { "id": "L2", "title": "Storm lamp", "qty": 1 }],
        });
        let parcel = json!({ "order": { "id": id }, "shipment": { "id": "S-1", "carrier": "dhl" } });
        let mut events = vec![
            event("order.paid", id, 70, json!({ "order": order })),
            event("shipment.shipped", id, 40, parcel.clone()),
        ];
        if delivered {
            events.push(event("shipment.delivered", id, 20, parcel));
        }
        self.feed(&events).await;
        self.page(id, Reader::Customer, 0)
    }

    /// The path of an order's page.
    pub(crate) fn page(&self, id: &str, reader: Reader, generation: u8) -> String {
        let url = self.links.page_url(&PageLink { order: order_key(id), reader, generation });
        url.strip_prefix("https://post.harbour.example").expect("our address").to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let answer = self.client.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Sends a form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.client.post(path, &[FORM], form(fields).as_bytes()).await
    }

    /// Opens a page, waits as a person does, and sends the form whose action this is.
    pub(crate) async fn fill(&self, db: &Db, page: &str, fields: &[(&str, &str)]) -> Answer {
        let stamp = stamp_of(&self.get(page).await, page);
        db.clock.advance(SignedDuration::from_secs(5));
        self.post(page, &[&[("stamp", stamp.as_str())], fields].concat()).await
    }

    /// The same for the form with pictures.
    pub(crate) async fn tell(&self, db: &Db, page: &str, sort: &str, words: &str, photos: &[&[u8]]) -> Answer {
        let path = format!("{page}/problem");
        let stamp = stamp_of(&self.get(&path).await, &path);
        db.clock.advance(SignedDuration::from_secs(5));
        self.send(&path, &stamp, sort, words, photos).await
    }

    pub(crate) async fn send(&self, path: &str, stamp: &str, sort: &str, words: &str, photos: &[&[u8]]) -> Answer {
        let (head, body) = multipart(&[("stamp", stamp), ("sort", sort), ("words", words)], photos);
        self.client.post(path, &[("content-type", head.as_str())], &body).await
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An event of the shop or a carrier, `hours` before the start.
fn event(kind: &str, order: &str, hours: i64, data: Value) -> Value {
    let at = start() - SignedDuration::from_hours(hours);
    json!({
        "specversion": "1.0", "id": format!("{order}/{kind}"), "source": "/shops/harbour", "type": kind,
        "time": at, "brand": "harbour", "data": data,
    })
}

/// What a page says, without its head and style.
pub(crate) fn body(page: &str) -> &str {
    page.split_once("<main>").expect("a page").1
}

/// The stamp of the form that is sent to a path.
pub(crate) fn stamp_of(page: &str, action: &str) -> String {
    let action = action.split('?').next().unwrap();
    let form = page
        .split("<form ")
        .skip(1)
        .find(|form| form.contains(&format!("action=\"{action}\"")) || form.contains(&format!("action=\"{action}?")))
        .unwrap_or_else(|| panic!("no form to {action} in {page}"));
    let after = form.split("name=\"stamp\" value=\"").nth(1).expect("a stamp");
    after.split('"').next().unwrap().to_owned()
}

/// A body of the form with pictures, and its content type.
pub(crate) fn multipart(fields: &[(&str, &str)], photos: &[&[u8]]) -> (String, Vec<u8>) {
    const EDGE: &str = "edge-of-a-part-7f3a";
    let mut body = Vec::new();
    for (name, text) in fields {
        let part = format!("--{EDGE}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    for photo in photos {
        let head = format!(
            "--{EDGE}\r\ncontent-disposition: form-data; name=\"photos\"; filename=\"a.jpg\"\r\ncontent-type: image/jpeg\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(photo);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{EDGE}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={EDGE}"), body)
}

/// A picture.
pub(crate) fn picture(side: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(side, side, |x, y| image::Rgb([x as u8, y as u8, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::from(picture).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// The kinds of outcome events that wait.
pub(crate) async fn told(db: &Db) -> Vec<String> {
    let all = db.store.claim_outcomes(1000, std::time::Duration::from_secs(60)).await.unwrap();
    let ours = |kind: &String| !kind.starts_with("notice.") && !kind.starts_with("alert.");
    all.into_iter().map(|(_, outcome)| outcome.kind).filter(ours).collect()
}
