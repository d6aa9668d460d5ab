//! How soon an order's page begins to arrive, at 200 requests a second: `cargo bench --bench page`, with `-- --slow` beside 2,000
//! sockets that say nothing, with `-- --rate=20` at another rate. Client and server share the machine.
//!
//! The goals are a first byte within 20 ms at the median, and 300 ms for 99 in 100 beside the slow sockets. The database is SQLite;
//! `DATABASE_URL` names another, which must be empty.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use doorstep::apply::{Hinge, Policies};
use doorstep::clock::Clock;
use doorstep::content::Counts;
use doorstep::dispatch::handoff::Handoff;
use doorstep::domain::id::{BrandId, OrderKey};
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::link::{Links, PageLink, Reader};
use doorstep::store::{Settings, Store};
use doorstep::voice::Voice;
use doorstep::voice::brand::Source;
use doorstep::web::place::{Parts, Place};
use doorstep::web::server;
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const ORDERS: usize = 2_000;
/// Unless another is asked for.
const PER_SECOND: u32 = 200;
const SECONDS: u32 = 20;
const SLOW: usize = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let url =
        std::env::var("DATABASE_URL").unwrap_or_else(|_| format!("sqlite:{}", folder.path().join("page.db").display()));
    let clock = Clock::simulated("2026-11-02T09:00:00Z".parse().expect("a time"));
    let store = Store::open(&Settings::at(url), clock.clone()).await.expect("a database");
    store.migrate().await.expect("the tables");
    let brand = toml::from_str(include_str!("../templates/brand/harbour.toml")).expect("a brand");
    let id = BrandId::new("harbour");
    let Ok(voice) = Voice::load(&[Source::plain(id.clone(), brand)]) else { panic!("the brand is shipped") };
    let policies = Policies::of_all(voice.policy(&id).expect("a policy").clone());
    fill(&store, &policies, &clock).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let secret = SecretString::from("a secret of this measurement");
    let links = Links::new(&format!("http://{address}"), &[secret]).expect("links");
    let voice = Arc::new(ArcSwap::from_pointee(voice));
    let parts = Parts {
        store: store.clone(),
        links: links.clone(),
        voice,
        default_brand: id,
        policies,
        counts: Counts::default(),
    };
    let stop = CancellationToken::new();
    let router = Place::new(parts, stop.clone()).routes();
    let (stopping, settings) = (stop.clone(), doorstep::web::Settings::default());
    let serving = tokio::spawn(async move {
        server::serve(listener, router, &settings, stopping, Duration::from_secs(1)).await;
    });
    let path = |n: usize| {
        let order = OrderKey::from_stored(format!("harbour/A-{}", n % ORDERS)).expect("an order");
        links.page_path(&PageLink { order, reader: Reader::Customer, generation: 0 })
    };
    let (_, size) = first_byte(address, path(0)).await;
    let slow = if std::env::args().any(|arg| arg == "--slow") { slow_ones(address).await } else { Vec::new() };
    let rate = std::env::args().find_map(|arg| arg.strip_prefix("--rate=")?.parse().ok()).unwrap_or(PER_SECOND);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut asked = Vec::new();
    for n in 0..usize::try_from(rate * SECONDS).expect("a small number") {
        ticks.tick().await;
        asked.push(tokio::spawn(first_byte(address, path(n))));
    }
    let mut times = Vec::new();
    for one in asked {
        times.push(one.await.expect("an answer").0);
    }
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    let others = if slow.is_empty() { String::new() } else { format!(", beside {} slow sockets", slow.len()) };
    #[expect(clippy::print_stdout, reason = "a measurement tells its figures")]
    {
        println!(
            "{} pages of {size} bytes at {rate}/s{others}: first byte after {:.1} ms (median), {:.1} ms (90 %), {:.1} ms \
             (99 %), {:.1} ms (the last)",
            times.len(),
            at(50),
            at(90),
            at(99),
            at(100),
        );
    }
    drop(slow);
    stop.cancel();
    serving.await.expect("an end");
    store.close().await;
}

/// Connections that begin and never come to an end.
async fn slow_ones(address: SocketAddr) -> Vec<TcpStream> {
    let mut slow = Vec::new();
    for n in 0..SLOW {
        let mut stream = TcpStream::connect(address).await.expect("a connection: is `ulimit -n` above 4,000?");
        stream.write_all(["", "GET / HTTP/1.1\r\nx-slow: "][n % 2].as_bytes()).await.expect("a beginning");
        slow.push(stream);
    }
    slow
}

/// The time to the first byte, and the size of the whole answer.
async fn first_byte(address: SocketAddr, path: String) -> (Duration, usize) {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let head = format!("GET {path} HTTP/1.1\r\nhost: doorstep\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("a request");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("an answer");
    let took = began.elapsed();
    assert_eq!(&first, b"HTTP/1.1 200", "{path}");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("a whole answer");
    (took, rest.len() + first.len())
}

/// Paid orders whose parcels have been scanned ten times.
async fn fill(store: &Store, policies: &Policies, clock: &Clock) {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let hinge = Hinge::new(store.clone(), policies.clone(), clock.clone(), Handoff::new(0));
    let event = |kind: &str, n: usize, hours: i64, data: serde_json::Value| {
        let at = clock.now() - jiff::SignedDuration::from_hours(hours);
        let event = json!({ "specversion": "1.0", "id": format!("{n}/{kind}/{hours}"), "source": "/bench", "type": kind,
            "time": at, "brand": "harbour", "data": data });
        decoder.structured("bench", event.to_string().into_bytes())
    };
    for some in (0..ORDERS).collect::<Vec<_>>().chunks(100) {
        let mut batch = Vec::new();
        for &n in some {
            let (id, locale) = (format!("A-{n}"), ["en", "pl", "uk", "pt-BR"][n % 4]);
            batch.push(event(
                "order.paid",
                n,
                70,
                json!({ "order": { "id": id, "currency": "EUR", "subtotal": 11_600, "total": 11_600,
                    "promise": { "date": "2026-11-04" },
                    "customer": { "name": "Anna Nowak", "email": "anna@mail.example", "locale": locale },
                    "address": { "line1": "ul. Długa 7/3", "postcode": "80-831", "city": "Gdańsk", "country": "PL" },
                    "items": [{ "id": "1", "title": "Stoneware bowl, large", "qty": 2, "unit_price": 4_600 },
                        { "id": "2", "title": "Beeswax wraps, set of three", "qty": 1, "unit_price": 2_400 }] } }),
            ));
            for scan in 0..10 {
                let shipment = json!({ "id": "P1", "carrier": "dhl", "tracking_number": format!("JD0146{n:08}"),
                    "eta": "2026-11-03", "location": "Leipzig, DE", "description": "Sorted at the hub" });
                let kind = if scan == 0 { "shipment.shipped" } else { "shipment.in_transit" };
                batch.push(event(kind, n, 50 - 4 * scan, json!({ "order": { "id": id }, "shipment": shipment })));
            }
        }
        hinge.apply(batch).await.expect("the orders are taken");
    }
}
