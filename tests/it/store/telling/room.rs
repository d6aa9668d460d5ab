//! An announcer for one test, its receivers, and alerts to tell of.

use std::fmt::Write as _;
use std::path::Path;

use doorstep::alerting::post::Ways;
use doorstep::alerting::settings::Book;
use doorstep::alerting::{Announcer, Parts};
use doorstep::channel::sign::Keys;
use doorstep::config::Config;
use doorstep::feeds::{Pulse, QuietFeeds};
use doorstep::store::{Kind, Store};
use secrecy::SecretString;
use serde_json::Value;

use crate::servers::http::{Request, Server};
use crate::store::world::{Db, start};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What tells ops, and where its files go.
pub(crate) struct Room {
    announcer: Announcer,
    pub(crate) pulse: Pulse,
    pub(crate) quiet: QuietFeeds,
    store: Store,
    pub(crate) folder: tempfile::TempDir,
}

/// A target's section: a webhook, whose secret is kept in the folder.
pub(crate) fn webhook(server: &Server, name: &str, folder: &Path) -> String {
    let (url, file) = (server.url("/hook"), folder.join("hook.secret"));
    std::fs::write(&file, SECRET).expect("a file");
    format!(
        "[alerts.targets.{name}]\ntransport = 'webhook'\nurl = '{url}'\nsecret_files = ['{}']\nallow_private = true\n",
        file.display()
    )
}

/// A target's section: a chat, whose address is kept in the folder.
pub(crate) fn slack(server: &Server, name: &str, folder: &Path) -> String {
    let file = folder.join("chat.url");
    std::fs::write(&file, server.url("/chat")).expect("a file");
    format!("[alerts.targets.{name}]\ntransport = 'slack'\nurl_file = '{}'\nallow_private = true\n", file.display())
}

impl Room {
    /// Tells `sink`; `more` is what else stands in the section of alerts.
    pub(crate) async fn new(db: &Db, sink: &Server, more: &str) -> Self {
        Self::on(&db.store, sink, more).await
    }

    pub(crate) async fn on(store: &Store, sink: &Server, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mails = folder.path().join("mails");
        let text = format!(
            "[voice]\ndefault_brand = 'harbour'\n[brands.harbour]\nname = 'Harbour Goods'\n[email]\ntransport = 'capture'\n\
             dir = '{}'\n[alerts]\n{more}{}",
            mails.display(),
            webhook(sink, "ops", folder.path())
        );
        let config =
            Config::read(Some((Path::new("doorstep.toml"), &text)), []).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let house = config.house().expect("a brand");
        let book = Book::new(&config.alerts, &house).expect("settings");
        let ways = Ways::new(&config.alerts, &config.email, store.clock()).expect("targets");
        let (pulse, quiet) = (Pulse::default(), QuietFeeds::default());
        let announcer = Announcer::new(Parts {
            store: store.clone(),
            book,
            ways,
            base_url: String::new(),
            feeds: config.feeds,
            pulse: pulse.clone(),
            quiet: quiet.clone(),
        });
        Self { announcer, pulse, quiet, store: store.clone(), folder }
    }

    /// Tells what is due, and sends it; how many messages were tried.
    pub(crate) async fn tell(&mut self) -> usize {
        self.announcer.run_due().await.expect("the store answers")
    }

    /// What a webhook has heard, each signature judged by the time of its own try.
    pub(crate) fn heard(&self, server: &Server) -> Vec<Value> {
        let keys = Keys::parse(&[SecretString::from(SECRET)]).expect("a secret");
        let read = |request: &Request| {
            let (id, at) = (request.header("webhook-id"), request.header("webhook-timestamp"));
            let now = jiff::Timestamp::from_second(at.parse().expect("seconds")).expect("a time");
            keys.verify(id, at, request.header("webhook-signature"), &request.body, now).expect("our signature");
            assert!(now <= self.store.clock().now());
            serde_json::from_slice(&request.body).expect("JSON")
        };
        server.seen().iter().map(read).collect()
    }
}

/// The types of messages, in the order in which they came.
pub(crate) fn kinds(heard: &[Value]) -> Vec<&str> {
    heard.iter().filter_map(|body| body["type"].as_str()).collect()
}

/// Why the one message that was given up was given up.
pub(crate) async fn reasons(db: &Db) -> &'static str {
    let known = "the receiver failed (500)";
    let sql = format!("select count(*) from alert_posts where settled_at is not null and cause = '{known}'");
    assert_eq!(db.count(&sql).await, 1);
    known
}

/// Alerts to insert: stalled parcels of `harbour`, opened now.
pub(crate) struct Alerts {
    pub(crate) count: usize,
    /// The number of the first order.
    pub(crate) first: usize,
    pub(crate) carrier: &'static str,
    /// Over how many lanes they are spread.
    pub(crate) lanes: usize,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { count: 1, first: 0, carrier: "dhl", lanes: 1 }
    }
}

impl Alerts {
    /// Past the store, since only the hinge opens alerts.
    pub(crate) async fn insert(&self, db: &Db) {
        let Self { count, first, carrier, lanes } = self;
        let now = db.clock.now().as_millisecond();
        let since = start().as_millisecond() - 3 * 86_400_000;
        let last = first + count - 1;
        let mut sql =
            "insert into alerts (id, order_key, brand, parcel, kind, occurrence, state, since_at, opened_at, carrier,
             lane, value, currency, promised) "
                .to_owned();
        let (id, rows) = match db.store.kind() {
            Kind::Postgres => ("gen_random_uuid()", format!("generate_series({first}, {last}) as n(n)")),
            Kind::Sqlite => ("randomblob(16)", "n".to_owned()),
        };
        if db.store.kind() == Kind::Sqlite {
            sql.insert_str(
                0,
                &format!("with recursive n(n) as (select {first} union all select n + 1 from n where n < {last}) "),
            );
        }
        write!(
            sql,
            "select {id}, 'harbour/HG-' || n.n, 'harbour', 'P1', 'stalled', 1, 'open', {since}, {now}, '{carrier}',
                 'DE → ' || (n.n % {lanes}), 1000 + n.n % 1000, 'EUR', 20780 from {rows}"
        )
        .expect("writing to a string does not fail");
        db.raw(&sql).await;
    }
}
