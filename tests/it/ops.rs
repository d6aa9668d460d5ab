//! The ops console: who may come in, what they see, what they can do, and how it looks in a real browser.

mod acting;
pub(crate) mod browser;
mod caring;
mod entering;
mod looks;
mod seed;
mod showing;

use std::path::PathBuf;
use std::sync::Arc;

use doorstep::apply::{Hinge, Policies};
use doorstep::dispatch::handoff::Handoff;
use doorstep::domain::policy::Policy;
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::web::ops::lanes::{LaneView, Lanes};
use doorstep::web::ops::people::Entrance;
use doorstep::web::ops::{Ops, Parts, Settings};
use doorstep::web::server;
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::door::client::{Answer, Client};
use crate::store::world::Db;

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

/// The password of everybody in these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";
/// Its hash at the least cost, so that a test takes no time. Whoever uses a real one has `doorstep ops hash`.
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$";

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A console over a database, served.
pub(crate) struct Site {
    pub(crate) client: Client,
    hinge: Hinge,
    decoder: Arc<Decoder>,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

/// Somebody's browser, as far as HTTP goes.
pub(crate) struct Person<'a> {
    site: &'a Site,
    cookie: String,
    pub(crate) csrf: String,
}

impl Site {
    /// A console for ann, an operator, and bob, a viewer.
    pub(crate) async fn new(db: &Db) -> Self {
        Self::with(db, |_| {}).await
    }

    pub(crate) async fn with(db: &Db, change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("users");
        std::fs::write(&users, format!("ann operator {0}\nbob viewer {0}\n", hash())).unwrap();
        let mut settings = Settings { users_file: users, ..Settings::default() };
        change(&mut settings);
        let entrance = Entrance::read(&settings).unwrap().expect("somebody may come in");
        Self::served(db, entrance, folder).await
    }

    /// The demo's console.
    pub(crate) async fn demo(db: &Db) -> Self {
        Self::served(db, Entrance::open_to_this_machine(), tempfile::tempdir().unwrap()).await
    }

    async fn served(db: &Db, entrance: Entrance, folder: tempfile::TempDir) -> Self {
        let policies = Policies::of_all(Policy::standard(TimeZone::UTC));
        let decoder = Arc::new(Decoder::new(Limits::default(), Brands::any("harbour")));
        let hinge = Hinge::new(db.store.clone(), policies.clone(), db.clock.clone(), Handoff::new(0));
        let parts = Parts {
            entrance,
            store: db.store.clone(),
            decoder: Arc::clone(&decoder),
            hinge: hinge.clone(),
            policies,
            messages: Some(PathBuf::from(folder.path())),
            lanes: Lanes::new(|| std::future::ready(some_lanes())),
            fresh_for: std::time::Duration::ZERO,
        };
        let stop = CancellationToken::new();
        let router = Ops::new(parts, stop.clone()).routes();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client { addr: listener.local_addr().unwrap() };
        let (stopping, settings) = (stop.clone(), doorstep::web::Settings::default());
        tokio::spawn(async move {
            server::serve(listener, router, &settings, stopping, std::time::Duration::from_secs(1)).await;
        });
        Self { client, hinge, decoder, stop, _folder: folder }
    }

    /// Lets facts in, as the shop and its carriers report them.
    pub(crate) async fn feed(&self, events: &[Value]) {
        let batch: Vec<_> =
            events.iter().map(|event| self.decoder.structured("test", event.to_string().into_bytes())).collect();
        self.hinge.apply(batch).await.unwrap();
    }

    /// Tries to log in; answers with whatever the console says.
    pub(crate) async fn try_login(&self, name: &str, password: &str, more: &[(&str, &str)]) -> Answer {
        let body = form(&[("name", name), ("password", password)]);
        let headers = [&[FORM], more].concat();
        self.client.post("/ops/login", &headers, body.as_bytes()).await
    }

    pub(crate) async fn login(&self, name: &str) -> Person<'_> {
        let answer = self.try_login(name, PASSWORD, &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/ops")), "{}", answer.text());
        let cookie = answer.header("set-cookie").expect("a session");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let mut person = Person { site: self, cookie, csrf: String::new() };
        let page = person.get("/ops").await;
        assert_eq!(page.status, 200);
        person.csrf = token_in(&page.text());
        person
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Person<'_> {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.site.client.ask("GET", path, &[("cookie", &self.cookie)], b"").await
    }

    /// The page, which must be there.
    pub(crate) fn page(&self, path: &str) -> impl Future<Output = String> {
        let asked = self.get(path);
        let path = path.to_owned();
        async move {
            let answer = asked.await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            answer.text()
        }
    }

    /// Sends a form with the session's own token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form(&[&[("csrf", self.csrf.as_str())], fields].concat());
        self.post_raw(path, &body, &[]).await
    }

    pub(crate) async fn post_raw(&self, path: &str, body: &str, more: &[(&str, &str)]) -> Answer {
        let headers = [&[FORM, ("cookie", self.cookie.as_str())], more].concat();
        self.site.client.post(path, &headers, body.as_bytes()).await
    }

    /// Sends a form that must be taken; answers with the word of what was done.
    pub(crate) async fn act(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        let location = answer.header("location").unwrap();
        location.rsplit_once("done=").unwrap_or_else(|| panic!("{location}")).1.to_owned()
    }
}

/// A form's body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect::<Vec<_>>().join("&")
}

fn token_in(page: &str) -> String {
    let after = page.split("name=\"csrf\" value=\"").nth(1).expect("a form with a token");
    after.split('"').next().unwrap().to_owned()
}

pub(crate) fn hash() -> String {
    let hash = hash_of(PASSWORD);
    assert!(hash.starts_with(HASH));
    hash
}

pub(crate) fn hash_of(password: &str) -> String {
    use argon2::password_hash::PasswordHasher;
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let hasher = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    hasher.hash_password_with_salt(password.as_bytes(), b"somesaltsomesalt").unwrap().to_string()
}

fn some_lanes() -> Vec<LaneView> {
    let lane = |name: &str, median_days, range_days, shares: &[f64]| LaneView {
        brand: "harbour".to_owned(),
        name: name.to_owned(),
        parcels: 1_842,
        median_days,
        range_days,
        shares: shares.to_vec(),
    };
    vec![
        lane("dhl · DE → PL", 3.2, (2.0, 6.0), &[0.0, 0.06, 0.24, 0.31, 0.18, 0.1, 0.06, 0.03, 0.02]),
        lane("inpost · PL → PL", 1.1, (1.0, 2.0), &[0.02, 0.71, 0.2, 0.05, 0.02]),
        lane(
            "<b>post</b> · DE → BR",
            14.4,
            (9.0, 27.0),
            &[0.0, 0.0, 0.01, 0.02, 0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.2, 0.2],
        ),
    ]
}
