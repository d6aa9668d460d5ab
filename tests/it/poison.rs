//! A worker of its own that is fed poison among healthy events: each is kept byte for byte with a reason, none hurts the
//! worker or its neighbours, and nothing personal shows up anywhere outside the messages and the kept bytes.
//!
//! `DOORSTEP_TEST_POISON=2000 tests/run poison` feeds that many, all of them beside healthy events whose rate must not fall by
//! more than a fifth (what is measured, `rates.rs` says).

mod corpus;
mod rates;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorstep::clock::Clock;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::store::{Settings, Store};
use serde_json::json;

const POISON: usize = 200;
const WISH: &str = "DOORSTEP_TEST_POISON";
/// What a worker may grow to while it is fed poison.
const RSS_MAX_KIB: u64 = 300 * 1024;
/// Everything is told at once, so that messages go out while the test looks.
const BRAND: &str = "[voice]\ndefault_brand = 'shop'\n[brands.shop]\nname = 'Harbour Goods'\n[brands.shop.policy]\nmerge_window = '0s'\n";
/// People of the corpus.
const PEOPLE: usize = 60;
/// All their telephone numbers begin so, and go on with five digits.
const PHONES: &str = "485070";
/// Rounds with poison and without, for a rate that is demanded, and where the rate is only shown: with so few events it is rough.
const ROUNDS: usize = 20;
const ROUNDS_SHOWN: usize = 4;
/// Poison in each of the latter.
const SHOWN_EACH: usize = 5;
/// The part of their rate that healthy events must keep beside poison. Source: research on reliability, E12.
const RATE_MIN: f64 = 0.8;
/// Calls of providers are signed with this at all of the worker's doors.
const CALLS_SECRET: &str = crate::consent::doors::SECRET;

/// A worker with everything logged that it would ever log.
pub(crate) struct Worker {
    child: Child,
    log: Arc<Mutex<String>>,
    pub(crate) address: String,
}

/// The status and the whole answer.
struct Answer(u16, String);

/// What it is, and the bytes.
type Poison = (&'static str, Vec<u8>);

impl Worker {
    /// Starts it in a folder, with a console that is there and lets nobody in.
    pub(crate) fn start(folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
        let address = free.to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
        std::fs::write(folder.join("doorstep.toml"), BRAND).expect("a file");
        command.current_dir(folder).args(["run", "--config", "doorstep.toml"]).env_clear();
        command.env("DOORSTEP_HTTP__LISTEN", &address).env("DOORSTEP_LOG__FORMAT", "json");
        command.env("DOORSTEP_LOG__FILTER", "trace").env("DOORSTEP_OPS__PROXY_HEADER", "X-Forwarded-User");
        command.env("DOORSTEP_OPS__PROXY_NETWORKS", "['10.255.255.1/32']").env("DOORSTEP_OPS__PROXY_VIEWERS", "['*']");
        for door in ["RESEND", "GENERIC", "SMS"] {
            command.env(format!("DOORSTEP_CONSENT__{door}__SECRETS"), format!("['{CALLS_SECRET}']"));
        }
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let log = Arc::<Mutex<String>>::default();
        let (kept, (ready, is_ready)) = (Arc::clone(&log), std::sync::mpsc::channel());
        std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).is_ok_and(|read| read > 0) {
                if line.contains("\"ready\"") {
                    let _ = ready.send(());
                }
                kept.lock().expect("nothing panics with it").push_str(&line);
                line.clear();
            }
        });
        // A build without optimisation is slow to start where others work as well.
        let began = is_ready.recv_timeout(Duration::from_secs(170));
        let worker = Self { child, log, address };
        began.unwrap_or_else(|_| panic!("the worker is not ready: {}", worker.log()));
        worker
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("nothing panics with it").clone()
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the worker listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("a request");
        // It may answer before it has read everything.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer(status.unwrap_or_else(|| panic!("no answer to {method} {path}")), answer)
    }

    fn event(&self, body: &[u8]) -> Answer {
        self.ask("POST", "/v1/events", "application/cloudevents+json", body)
    }

    /// The most memory that it ever held, in KiB.
    fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts");
        line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_none()
    }

    pub(crate) fn stop(mut self) -> String {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill is there");
        assert!(asked.success() && self.child.wait().expect("it ends").success(), "{}", self.log());
        self.log()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Four canaries of an order's customer, which nothing but messages and kept bytes may hold.
fn canaries(number: usize) -> [String; 4] {
    [
        format!("Quillon Vexberry{number}"),
        format!("quillon.vexberry{number}@canary.example"),
        format!("+4850{:07}", 7_000_000 + number),
        format!("{number} Zanzibar-Crossing"),
    ]
}

fn healthy(number: usize, kind: &str) -> Vec<u8> {
    let [name, email, phone, street] = canaries(number);
    let customer = json!({"id": format!("c{number}"), "name": name, "email": email, "phone": phone, "locale": "en-GB"});
    let mut data = json!({"order": {"id": format!("o{number}"), "customer": customer,
        "address": {"line1": street, "city": "Gdynia", "country": "PL"}, "items": [{"id": "1", "title": "Lamp", "qty": 1}]}});
    if kind != "order.paid" {
        data["shipment"] = json!({"id": "S1", "carrier": "dhl", "tracking_number": format!("JD0146{number:06}")});
    }
    let time = Clock::database().now();
    json!({"specversion": "1.0", "id": format!("{kind}-{number}"), "source": "/shops/harbour", "type": kind, "time": time,
        "data": data})
    .to_string()
    .into_bytes()
}

fn wished() -> usize {
    std::env::var(WISH).map_or(POISON, |wish| wish.parse().expect("a number of payloads"))
}

/// Everything that a curious stranger, a scraper or an operator without rights can read.
fn pages(worker: &Worker) -> BTreeMap<String, String> {
    let [name, email, ..] = canaries(1);
    let by_name = name.replace(' ', "%20");
    let paths = [
        "/metrics",
        "/readyz",
        "/healthz",
        "/",
        "/nothing",
        "/t/wrong",
        "/u/wrong",
        "/ops",
        "/ops/orders/harbour/o1",
        "/ops/quarantine",
        "/v1/cases",
        "/v1/returns",
        "/v1/ratings",
        "/v1/events",
        "/c/harbour/none",
    ];
    let own = [format!("/t/{by_name}"), format!("/u/{email}"), format!("/ops/find?q={email}")];
    let all = paths.into_iter().map(str::to_owned).chain(own);
    all.map(|path| (worker.ask("GET", &path, "text/plain", b"").1, path)).map(|(text, path)| (path, text)).collect()
}

fn kept(folder: &Path) -> Vec<doorstep::store::rows::Quarantined> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = format!("sqlite:{}", folder.join("doorstep-data/doorstep.db").display());
        let store = Store::open(&Settings::at(url), Clock::database()).await.expect("the worker's file");
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or(0, |row: &doorstep::store::rows::Quarantined| row.id);
            let some = store.quarantine(after, 200).await.expect("the store answers");
            if some.is_empty() {
                break;
            }
            all.extend(some);
        }
        store.close().await;
        all
    })
}

/// No log line, metric, page or reason holds anything of a person.
fn assert_private(what: &str, text: &str, people: usize) {
    let lower = text.to_lowercase();
    for word in ["vexberry", "canary.example", "zanzibar-crossing"] {
        let place = lower.find(word).map(|at| lower[at.saturating_sub(200)..].chars().take(260).collect::<String>());
        assert!(place.is_none(), "{what} holds {word}: {place:?}");
    }
    for (at, _) in text.match_indices(PHONES) {
        let rest = text[at + PHONES.len()..].bytes().map_while(|digit| char::from(digit).to_digit(10)).take(5);
        let (digits, number) = rest.fold((0, 0), |(digits, number), digit| (digits + 1, number * 10 + digit as usize));
        assert!(digits < 5 || number >= people, "{what} holds a telephone number");
    }
}

/// What is poison by the decoder's own word, or by what was said before.
fn payloads(count: usize) -> Vec<Poison> {
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let all: Vec<Poison> = (0..count).map(|number| corpus::poison(number, &canaries(number % PEOPLE))).collect();
    for (what, payload) in &all {
        let reused = *what == "an id that was used";
        let refused = matches!(decoder.structured("test", payload.clone()), Incoming::Refused(_));
        let beginning = String::from_utf8_lossy(&payload[..payload.len().min(300)]);
        assert!(refused || reused, "{what} is no poison: {beginning}");
    }
    all
}

/// Brings poison; answers with what is said to it.
fn feed(worker: &Worker, (what, payload): &Poison) -> String {
    let Answer(status, text) = worker.event(payload);
    assert!(matches!(status, 409 | 413 | 422), "{what}: {text}");
    text
}

#[test]
fn poison_is_kept_byte_for_byte_and_hurts_nobody_and_nothing_personal_shows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (count, limit) = (wished(), Limits::default().event_bytes_max);
    let payloads = payloads(count);
    let mut worker = Worker::start(folder.path());
    let is_long = std::env::var_os(WISH).is_some();
    let (timed, rounds) = if is_long { (count, ROUNDS) } else { (ROUNDS_SHOWN * SHOWN_EACH, ROUNDS_SHOWN) };
    let (timed, rest) = payloads.split_at(timed.min(count));
    let mut rates = rates::compare(&worker, timed, rounds);
    rates.answers.extend(rest.iter().map(|poison| feed(&worker, poison)));
    let (people, answers) = (PEOPLE.max(rates.people), rates.answers.concat());
    let shown = pages(&worker);
    let rss = worker.rss_kib();
    assert!(worker.is_alive(), "the worker died: {}", worker.log());
    assert!(rss < RSS_MAX_KIB, "the worker grew to {rss} KiB");
    let log = worker.stop();

    let rows = kept(folder.path());
    let mut wanted: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    // Beyond the limit a door keeps the beginning, and says so; what no door reads to its end is not kept, and that is said too.
    let kept_by_door = payloads.iter().filter(|(_, payload)| payload.len() <= 4_194_304);
    kept_by_door.for_each(|(_, raw)| *wanted.entry(raw[..raw.len().min(limit)].to_vec()).or_default() += 1);
    let mut found: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    rows.iter().for_each(|row| *found.entry(row.raw.clone()).or_default() += 1);
    let astray = |one: &BTreeMap<Vec<u8>, usize>, other: &BTreeMap<Vec<u8>, usize>| {
        let lost = one.iter().filter(|(raw, times)| other.get(*raw) != Some(times));
        lost.map(|(raw, _)| raw[..raw.len().min(160)].escape_ascii().to_string()).collect::<Vec<_>>()
    };
    assert!(
        wanted == found,
        "not kept: {:#?}, kept otherwise: {:#?}",
        astray(&wanted, &found),
        astray(&found, &wanted)
    );
    let reasons: String = rows.iter().map(|row| row.reason.clone() + "\n").collect();
    for (what, text) in [("the log", &log), ("the answers", &answers), ("the reasons", &reasons)] {
        assert!(!text.is_empty(), "{what} is empty");
        assert_private(what, text, people);
    }
    // A request's path is what the stranger brought; the page must not say it again.
    shown.iter().for_each(|(path, text)| assert_private(path, text, people));
    // The canaries do sing: the messages, which are to hold them, do.
    let sung = std::fs::read_dir(folder.path().join("doorstep-data/messages")).expect("messages are captured");
    let texts = sung.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok()).collect::<String>();
    assert!(texts.contains("canary.example"), "no message was captured");
    let (alone, beside, kept) = (rates.alone, rates.beside, rates.kept);
    let healthy =
        format!("healthy events: {alone:.0}/s alone, {beside:.0}/s beside poison, {kept:.2} of their neighbours");
    eprintln!("{count} payloads kept, {rss} KiB at most; {healthy}");
    assert!(!is_long || kept >= RATE_MIN, "{healthy}");
}
