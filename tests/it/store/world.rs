//! A database for one test, and short ways to fill it.

use std::time::Duration;

use doorstep::clock::Clock;
use doorstep::domain::id::{BrandId, EventKey, NoticeKey, OrderId, OrderKey, TrackingNumber};
use doorstep::domain::notice::Notice;
use doorstep::domain::person::{Channel, ContactKey, Role};
use doorstep::domain::stage::Stage;
use doorstep::store::rows::{Arrival, Changes, Claimed, IntentRow, OrderRow, Planned, Settled, Verdict};
use doorstep::store::{Kind, Settings, Store};
use jiff::{SignedDuration, Timestamp};
use sqlx::{ConnectOptions, Connection, Executor};
use uuid::Uuid;

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const MARGIN: Duration = Duration::from_secs(20);
pub(crate) const SEND: Duration = Duration::from_secs(90);

/// When the simulated clock starts.
pub(crate) fn start() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

/// A database that goes away with the test.
pub(crate) struct Db {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    /// The server and the database's name, to drop it.
    server: Option<(String, String)>,
    _folder: Option<tempfile::TempDir>,
}

impl Db {
    /// A new, migrated Postgres database.
    pub(crate) async fn postgres() -> Self {
        let db = Self::postgres_empty().await;
        db.store.migrate().await.unwrap();
        db
    }

    /// A new, migrated SQLite file.
    pub(crate) async fn sqlite() -> Self {
        let db = Self::sqlite_empty().await;
        db.store.migrate().await.unwrap();
        db
    }

    pub(crate) async fn postgres_empty() -> Self {
        let server = std::env::var("DOORSTEP_TEST_POSTGRES").expect(
            "DOORSTEP_TEST_POSTGRES is not set: run `tests/run`, or give it the address of a Postgres server of your own \
             on which databases may be created, such as postgres://doorstep@127.0.0.1:5432/postgres",
        );
        let name = format!("doorstep_{}", Uuid::new_v4().simple());
        run(&server, &format!("create database {name}")).await;
        let (base, _) = server.rsplit_once('/').expect("the address names a database");
        let settings = Settings::at(format!("{base}/{name}"));
        Self::open(settings, Some((server, name)), None).await
    }

    pub(crate) async fn sqlite_empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::at(format!("sqlite:{}", folder.path().join("store.db").display()));
        Self::open(settings, None, Some(folder)).await
    }

    async fn open(settings: Settings, server: Option<(String, String)>, folder: Option<tempfile::TempDir>) -> Self {
        let clock = Clock::simulated(start());
        let store = Store::open(&settings, clock.clone()).await.unwrap();
        Self { store, settings, clock, server, _folder: folder }
    }

    /// Closes and drops the database.
    pub(crate) async fn end(self) {
        self.store.close().await;
        if let Some((server, name)) = self.server {
            run(&server, &format!("drop database {name} with (force)")).await;
        }
    }

    /// Another worker on the same database, with the same clock.
    pub(crate) async fn another(&self) -> Store {
        Store::open(&self.settings, self.clock.clone()).await.unwrap()
    }

    /// Runs SQL past the store, to damage things.
    pub(crate) async fn raw(&self, sql: &str) {
        match self.store.kind() {
            Kind::Postgres => run(&self.settings.url, sql).await,
            Kind::Sqlite => {
                let options: sqlx::sqlite::SqliteConnectOptions = self.settings.url.parse().unwrap();
                let mut conn = options.busy_timeout(Duration::from_secs(10)).connect().await.unwrap();
                conn.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
                conn.close().await.unwrap();
            }
        }
    }

    /// One number, past the store.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.store.kind() {
            Kind::Postgres => {
                let mut conn = sqlx::PgConnection::connect(&self.settings.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
            Kind::Sqlite => {
                let mut conn = sqlx::SqliteConnection::connect(&self.settings.url).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
            }
        }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// Applies changes in one transaction.
    pub(crate) async fn save(&self, changes: &Changes) -> Vec<NoticeKey> {
        let mut tx = self.store.begin("test").await.unwrap();
        let inserted = tx.save(changes, LEASE).await.unwrap();
        tx.commit().await.unwrap();
        inserted
    }

    /// Stores an order with these notices, none of them claimed.
    pub(crate) async fn plan(&self, order: &OrderKey, notices: &[Notice]) {
        let version =
            self.store.orders(std::slice::from_ref(order)).await.unwrap().first().map_or(0, |row| row.version);
        let notices = notices.iter().map(|notice| Planned { notice: notice.clone(), claimed: false }).collect();
        self.save(&Changes { orders: vec![row(order, version, "{}")], notices, ..Changes::default() }).await;
    }

    /// Plans one notice of a new order, and claims it.
    pub(crate) async fn claimed(&self, order: &str) -> Claimed {
        let key = order_key(order);
        self.plan(&key, &[notice(&key, Stage::Shipped, 1)]).await;
        self.claim_one().await
    }

    /// Claims the one e-mail that is due.
    pub(crate) async fn claim_one(&self) -> Claimed {
        let mut claimed = self.store.claim(Channel::Email, 10, LEASE).await.unwrap();
        assert_eq!(claimed.len(), 1, "exactly one notice is due");
        claimed.remove(0)
    }

    /// Commits the intent for a claimed notice, which must be granted.
    pub(crate) async fn sending(&self, claimed: &Claimed) {
        let grants = self.store.intend(&[intent(claimed)], MARGIN, SEND).await.unwrap();
        assert_eq!(grants, [doorstep::store::rows::Grant::Granted]);
    }

    /// Settles; true if it counted.
    pub(crate) async fn settle(&self, claimed: &Claimed, result: Verdict) -> bool {
        let keys = self.store.settle(&[settled(claimed, result)], &[]).await.unwrap();
        keys == [claimed.notice.key]
    }
}

async fn run(url: &str, sql: &str) {
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let mut conn = options.connect().await.unwrap();
    conn.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.unwrap();
    conn.close().await.unwrap();
}

/// An order of the brand `harbour`, or of the brand named before a slash.
pub(crate) fn order_key(order: &str) -> OrderKey {
    let (brand, order) = order.split_once('/').unwrap_or(("harbour", order));
    OrderKey::new(&BrandId::new(brand), &OrderId::new(order))
}

pub(crate) fn row(key: &OrderKey, version: i64, doc: &str) -> OrderRow {
    OrderRow { key: key.clone(), version, doc: doc.into() }
}

pub(crate) fn number(text: &str) -> TrackingNumber {
    TrackingNumber::parse(text).unwrap()
}

pub(crate) fn arrival(id: &str, order: Option<&OrderKey>, says: &str) -> Arrival {
    Arrival {
        key: EventKey::new("shop", id),
        source: "shop".into(),
        id: id.into(),
        kind: "order.paid".into(),
        time: start(),
        order: order.cloned(),
        content: Uuid::new_v5(&Uuid::nil(), says.as_bytes()),
        raw: says.as_bytes().to_vec(),
    }
}

/// An e-mail to the customer that is due at the start.
pub(crate) fn notice(order: &OrderKey, stage: Stage, occurrence: u32) -> Notice {
    Notice {
        key: NoticeKey::new(order, &[stage.as_str(), &occurrence.to_string(), "customer", "email"]),
        order: order.clone(),
        shipment: Some("S-1".into()),
        stage,
        occurrence,
        role: Role::Customer,
        channel: Channel::Email,
        fact_at: start() - SignedDuration::from_mins(5),
        planned_at: start(),
        due: start(),
    }
}

pub(crate) fn contact() -> ContactKey {
    ContactKey::new(Channel::Email, "someone@mail.example")
}

pub(crate) fn intent(claimed: &Claimed) -> IntentRow {
    IntentRow {
        key: claimed.notice.key,
        order: claimed.notice.order.clone(),
        fence: claimed.fence,
        version: claimed.order.version,
        contact: contact(),
        said: r#"{"number":"JD0146000012"}"#.into(),
        sealed: b"the exact bytes".to_vec(),
    }
}

pub(crate) fn settled(claimed: &Claimed, result: Verdict) -> Settled {
    Settled {
        key: claimed.notice.key,
        order: claimed.notice.order.clone(),
        fence: claimed.fence,
        version: None,
        result,
    }
}
