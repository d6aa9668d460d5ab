//! What the store costs: batches of 256 events, from the inbox to the commit, and their notices from there to settled.
//!
//! `cargo bench --bench store`. SQLite is always measured, Postgres if `DOORSTEP_TEST_POSTGRES` names a server on which
//! databases may be created. Elements are events.

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use doorstep::clock::Clock;
use doorstep::domain::id::{BrandId, EventKey, NoticeKey, OrderId, OrderKey};
use doorstep::domain::notice::Notice;
use doorstep::domain::person::{Channel, ContactKey, Role};
use doorstep::domain::stage::Stage;
use doorstep::store::rows::{Arrival, Changes, Grant, IntentRow, OrderRow, Planned, Settled, Verdict};
use doorstep::store::{Settings, Store};
use jiff::Timestamp;
use sqlx::{ConnectOptions, Executor};
use tokio::runtime::Runtime;
use uuid::Uuid;

const BATCH: usize = 256;
/// Notices for each event of the workload: 35,000 for 30,000 events.
const NOTICES: usize = BATCH * 7 / 6;
const LEASE: Duration = Duration::from_secs(60);
const MARGIN: Duration = Duration::from_secs(20);

/// The same events for every run: 1 KB each, three for each order, an order of 2 KB.
struct Workload {
    next: usize,
    raw: Vec<u8>,
    doc: String,
    sealed: Vec<u8>,
}

impl Workload {
    fn new() -> Self {
        let text = r#"{"title":"Oak shelf, 80 cm","qty":1,"unit_price":4900},"#;
        Self {
            next: 0,
            raw: text.repeat(19).into_bytes()[..1024].to_vec(),
            doc: text.repeat(38)[..2048].to_owned(),
            // LZ4 against a dictionary leaves about this much of a 30 KB mail; not compressible any further.
            sealed: (0..1500_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
        }
    }

    fn orders(&self) -> Vec<OrderKey> {
        let first = self.next / 3;
        (0..BATCH)
            .map(|n| {
                OrderKey::new(
                    &BrandId::new("harbour"),
                    &OrderId::new(format!("1{:08}", (first + n / 3) * 7919 % 90_000_000)),
                )
            })
            .collect()
    }

    fn arrivals(&mut self, orders: &[OrderKey]) -> Vec<Arrival> {
        let now = Timestamp::now();
        let arrivals = orders.iter().enumerate().map(|(n, order)| {
            let id = format!("event-{}", self.next + n);
            Arrival {
                key: EventKey::new("shop", &id),
                source: "shop".into(),
                content: Uuid::new_v5(&Uuid::nil(), id.as_bytes()),
                id,
                kind: "shipment.delivered".into(),
                time: now,
                order: Some(order.clone()),
                raw: self.raw.clone(),
            }
        });
        let arrivals = arrivals.collect();
        self.next += BATCH;
        arrivals
    }

    fn changes(&self, orders: &[OrderKey], rows: Vec<OrderRow>) -> Changes {
        let now = Timestamp::now();
        let mut wanted: Vec<OrderRow> = rows;
        let mut distinct = orders.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        for row in &mut wanted {
            row.doc.clone_from(&self.doc);
        }
        let new: Vec<_> = distinct
            .into_iter()
            .filter(|key| wanted.binary_search_by(|row| row.key.cmp(key)).is_err())
            .map(|key| OrderRow { key, version: 0, doc: self.doc.clone() })
            .collect();
        wanted.extend(new);
        let notices = (0..NOTICES).map(|n| {
            let order = &orders[n % BATCH];
            let serial = format!("{}-{n}", self.next);
            let notice = Notice {
                key: NoticeKey::new(order, &[&serial]),
                order: order.clone(),
                shipment: Some("S-1".into()),
                stage: Stage::Delivered,
                occurrence: 1,
                role: Role::Customer,
                channel: Channel::Email,
                fact_at: now,
                planned_at: now,
                due: now,
            };
            Planned { notice, claimed: true }
        });
        Changes { notices: notices.collect(), orders: wanted, ..Changes::default() }
    }
}

async fn ingest(store: &Store, work: &mut Workload) -> Changes {
    let orders = work.orders();
    let arrivals = work.arrivals(&orders);
    let mut tx = store.begin("bench").await.expect("a transaction begins");
    tx.mark_seen(&arrivals).await.expect("events are stored");
    let rows = tx.load_orders(&orders).await.expect("orders are read");
    let changes = work.changes(&orders, rows);
    tx.save(&changes, LEASE).await.expect("the batch is saved");
    tx.commit().await.expect("the batch is committed");
    changes
}

async fn deliver(store: &Store, work: &Workload, changes: &Changes) {
    let version = |key: &OrderKey| changes.orders.iter().find(|row| row.key == *key).map_or(0, |row| row.version + 1);
    let intents: Vec<_> = changes
        .notices
        .iter()
        .map(|planned| IntentRow {
            key: planned.notice.key,
            order: planned.notice.order.clone(),
            fence: 1,
            version: version(&planned.notice.order),
            contact: ContactKey::new(Channel::Email, planned.notice.order.as_str()),
            said: r#"{"number":"JD0146000012"}"#.into(),
            sealed: work.sealed.clone(),
        })
        .collect();
    for part in intents.chunks(64) {
        let grants = store.intend(part, MARGIN, LEASE).await.expect("intents are answered");
        assert!(grants.iter().all(|grant| *grant == Grant::Granted), "nothing else moves these orders");
    }
    let settled: Vec<_> = intents
        .iter()
        .map(|row| Settled {
            key: row.key,
            order: row.order.clone(),
            fence: 1,
            version: None,
            result: Verdict::Accepted { receipt: Some(row.key.to_string()) },
        })
        .collect();
    for part in settled.chunks(64) {
        assert_eq!(store.settle(part, &[]).await.expect("verdicts are written").len(), part.len());
    }
}

fn measure(c: &mut Criterion, runtime: &Runtime, name: &str, store: &Store) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20).measurement_time(Duration::from_secs(8));
    let mut work = Workload::new();
    group.bench_function("ingest_256", |b| {
        b.iter_custom(|rounds| {
            runtime.block_on(async {
                let since = Instant::now();
                for _ in 0..rounds {
                    ingest(store, &mut work).await;
                }
                since.elapsed()
            })
        });
    });
    group.bench_function("ingest_and_deliver_256", |b| {
        b.iter_custom(|rounds| {
            runtime.block_on(async {
                let since = Instant::now();
                for _ in 0..rounds {
                    let changes = ingest(store, &mut work).await;
                    deliver(store, &work, &changes).await;
                }
                since.elapsed()
            })
        });
    });
    group.finish();
}

async fn open(settings: &Settings) -> Store {
    let store = Store::open(settings, Clock::database()).await.expect("the database opens");
    store.migrate().await.expect("the schema is made");
    store
}

fn benches(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime starts");
    let folder = tempfile::tempdir().expect("a folder is made");
    let lite = Settings::at(format!("sqlite:{}", folder.path().join("bench.db").display()));
    let store = runtime.block_on(open(&lite));
    measure(c, &runtime, "sqlite", &store);
    runtime.block_on(store.close());
    let Ok(server) = std::env::var("DOORSTEP_TEST_POSTGRES") else { return };
    let name = format!("doorstep_bench_{}", Uuid::new_v4().simple());
    runtime.block_on(run(&server, &format!("create database {name}")));
    let (base, _) = server.rsplit_once('/').expect("the address names a database");
    let store = runtime.block_on(open(&Settings::at(format!("{base}/{name}"))));
    measure(c, &runtime, "postgres", &store);
    runtime.block_on(store.close());
    runtime.block_on(run(&server, &format!("drop database {name} with (force)")));
}

async fn run(url: &str, sql: &str) {
    let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a Postgres address");
    let mut conn = options.connect().await.expect("Postgres answers");
    conn.execute(sqlx::AssertSqlSafe(sql.to_owned())).await.expect("the statement runs");
}

criterion_group!(store, benches);
criterion_main!(store);
