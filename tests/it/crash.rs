//! A worker that dies at every single step: afterwards nothing is lost, nothing is doubled, and every doubt is named.
//!
//! The worker is a child process (this very binary, with a script in its environment) that aborts at a named point. Then a
//! second worker takes over: the facts come again, as the broker would deliver them, and time passes until every lease is
//! over.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use doorstep::channel::{email, sms};
use doorstep::clock::Clock;
use doorstep::crash::POINTS;
use doorstep::dispatch::Senders;
use doorstep::domain::policy::Policy;
use doorstep::store::rows::State;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::servers::{http, smtp};
use crate::store::world::Db;
use crate::world::{Plan, World};

const START: &str = "2026-11-02T09:00:00Z";
/// Where the child finds its script.
const SCRIPT: &str = "DOORSTEP_TEST_CRASH_SCRIPT";
/// Times at which a point is passed that are tried.
const NTH: [u32; 2] = [1, 3];
/// Everything has ended long before.
const END: SignedDuration = SignedDuration::from_hours(20 * 24);

/// What one worker of these tests works with.
#[derive(Serialize, Deserialize)]
struct Script {
    database: String,
    http_port: u16,
    /// None: mails go out over HTTP.
    smtp_port: Option<u16>,
    now: Timestamp,
}

impl Script {
    fn senders(&self) -> Senders {
        let base = format!("http://127.0.0.1:{}", self.http_port);
        let mails = match self.smtp_port {
            Some(port) => json!({"transport": "smtp", "host": "localhost", "port": port, "tls": "none",
                "hello": "worker.harbour.example"}),
            None => json!({"transport": "http", "url": format!("{base}/emails"), "token": "re_123"}),
        };
        let texts = json!({"transport": "webhook", "url": format!("{base}/sms"), "allow_private": true,
            "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]});
        let (mails, texts) = (serde_json::from_value(mails), serde_json::from_value(texts));
        Senders {
            email: email::Sender::new(&mails.expect("settings"), Clock::database()).expect("usable settings"),
            sms: sms::Sender::new(&texts.expect("settings"), Clock::database()).expect("usable settings"),
        }
    }

    /// The worker: one notice at a time goes the short way through memory, the others are claimed.
    async fn world(&self) -> World {
        let mut policy = Policy::standard(TimeZone::UTC);
        policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::ZERO);
        policy.quiet.clear();
        policy.age_limit = None;
        let plan = Plan::sending(&self.now.to_string(), policy, self.senders());
        World::planned(Plan { url: Some(self.database.clone()), waiting_max: 1, ..plan }).await
    }
}

/// An order's whole story, in batches.
fn story() -> [Vec<Value>; 3] {
    let event = |id: &str, kind: &str, at: &str, data: Value| json!({"specversion": "1.0", "id": id, "source": "/shops/harbour", "type": kind, "time": at, "data": data});
    let order = |id: &str| {
        json!({"id": id, "promise": {"date": "2026-11-04"}, "items": [{"id": "1", "title": "Lamp", "qty": 1}],
            "customer": {"email": format!("{id}@example.org"), "phone": format!("+49151000000{id}")}})
    };
    let parcel = |order: &str| json!({"order": {"id": order}, "shipment": {"id": "A"}});
    let paid = |id: &str| event(&format!("paid-{id}"), "order.paid", START, json!({"order": order(id)}));
    let scan = |id: &str, kind: &str, at: &str| event(&format!("{kind}-{id}"), kind, at, parcel(id));
    [
        vec![paid("1"), paid("2")],
        vec![
            scan("1", "shipment.shipped", "2026-11-02T09:00:01Z"),
            scan("2", "shipment.shipped", "2026-11-02T09:00:02Z"),
        ],
        vec![scan("1", "shipment.delivered", "2026-11-02T09:00:03Z")],
    ]
}

/// Lives through the story: order 1 arrives, order 2 never does and is late in the end, which a timer notices.
async fn live(world: &World) {
    for batch in story() {
        world.feed(&batch).await;
        world.drain().await;
    }
    let end = START.parse::<Timestamp>().expect("a time") + END;
    world.pass(end, async |_| {}).await;
}

/// The child process: does nothing unless a script says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    if let Ok(script) = std::env::var(SCRIPT) {
        let script: Script = serde_json::from_str(&script).expect("a script");
        live(&script.world().await).await;
    }
}

/// Runs a worker to its end, or to the point at which it dies. Returns whether it lived, and the points that it passed.
fn run(script: &Script, crash_at: Option<&str>) -> (bool, BTreeSet<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trace = folder.path().join("trace");
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["crash::child", "--exact", "--test-threads=1"]);
    command.env(SCRIPT, serde_json::to_string(script).expect("plain data")).env("DOORSTEP_CRASH_TRACE", &trace);
    if let Some(point) = crash_at {
        command.env("DOORSTEP_CRASH_AT", point);
    }
    let output = command.output().expect("the child starts");
    let passed = std::fs::read_to_string(&trace).unwrap_or_default().lines().map(str::to_owned).collect();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(crash_at.is_some() || output.status.success(), "the child fails by itself:\n{said}");
    assert!(output.status.code() != Some(101), "the child panics before it comes to {crash_at:?}:\n{said}");
    (output.status.success(), passed)
}

/// The far side of one run: everything that reached it, by the notice's key.
struct FarSide {
    http: http::Server,
    smtp: Option<smtp::Server>,
}

impl FarSide {
    async fn new(with_smtp: bool) -> Self {
        let smtp = if with_smtp { Some(smtp::Server::start(smtp::Mode::Plain).await) } else { None };
        Self { http: http::Server::start().await, smtp }
    }

    fn script(&self, db: &Db, now: Timestamp) -> Script {
        let smtp_port = self.smtp.as_ref().map(|server| server.port);
        Script { database: db.settings.url.clone(), http_port: self.http.port, smtp_port, now }
    }

    /// Requests over HTTP, by key.
    fn requests(&self) -> BTreeMap<String, Vec<Vec<u8>>> {
        let mut all: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
        for request in self.http.seen() {
            let key = [request.header("idempotency-key"), request.header("webhook-id")].concat();
            all.entry(key).or_default().push(request.body);
        }
        all
    }

    /// Mails over SMTP, by the key in their `Message-ID`.
    fn mails(&self) -> BTreeMap<String, usize> {
        let mut all = BTreeMap::new();
        for mail in self.smtp.iter().flat_map(|server| server.seen().taken) {
            let text = String::from_utf8_lossy(&mail.data).into_owned();
            let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("every mail has one");
            *all.entry(id.split('@').next().expect("never empty").to_owned()).or_default() += 1;
        }
        all
    }
}

/// Checks one crash; says what is wrong, if something is.
async fn check(db: &Db, with_smtp: bool, point: &str, wanted: &BTreeSet<String>) -> Option<String> {
    let far = FarSide::new(with_smtp).await;
    let (lived, _) = run(&far.script(db, START.parse().expect("a time")), Some(point));
    if lived {
        return None; // The point is passed less often than that.
    }
    // The next worker comes when every lease of the dead one is over, wherever on its way that one died.
    let dead_at = START.parse::<Timestamp>().expect("a time") + END;
    let world = far.script(db, dead_at + SignedDuration::from_mins(10)).world().await;
    for batch in story() {
        world.feed(&batch).await;
        world.drain().await;
    }
    world.pass(world.clock.now() + SignedDuration::from_hours(90), async |_| {}).await;
    let mut wrong = Vec::new();
    for state in [State::Planned, State::Claimed, State::Sending] {
        let left = world.store.notices_in(state, None, 10).await.expect("the store answers");
        wrong.extend(left.iter().map(|row| format!("{} is left {}", row.notice.stage.as_str(), state.as_str())));
    }
    let in_doubt = world.store.notices_in(State::InDoubt, None, 10).await.expect("the store answers");
    let doubted: BTreeSet<String> = in_doubt.iter().map(|row| row.notice.key.to_string()).collect();
    let (requests, mails) = (far.requests(), far.mails());
    for key in wanted {
        // A webhook names its key in two headers, which stand here one behind the other.
        let named = key.get(..36).is_some_and(|key| doubted.contains(key));
        if !requests.contains_key(key) && !mails.contains_key(key) && !named {
            wrong.push(format!("{key} is lost"));
        }
    }
    for (key, bodies) in &requests {
        if bodies.len() > 2 || bodies.iter().any(|body| *body != bodies[0]) {
            wrong.push(format!("{key} came {} times, or with other bytes", bodies.len()));
        }
    }
    let copies = requests.values().filter(|bodies| bodies.len() > 1).count();
    if copies > 6 || doubted.len() > 6 {
        wrong.push(format!("{copies} copies and {} doubts are more than were under way", doubted.len()));
    }
    wrong.extend(mails.iter().filter(|(_, count)| **count > 1).map(|(key, _)| format!("{key} is doubled")));
    (!wrong.is_empty()).then(|| format!("{point}: {}", wrong.join("; ")))
}

/// Dies at every point that is on the way, and returns those points.
async fn die_everywhere(open: impl AsyncFn() -> Db, with_smtp: bool) -> BTreeSet<String> {
    let db = open().await;
    let far = FarSide::new(with_smtp).await;
    let (_, passed) = run(&far.script(&db, START.parse().expect("a time")), None);
    let wanted: BTreeSet<String> = far.requests().into_keys().chain(far.mails().into_keys()).collect();
    assert!(wanted.len() >= 8, "two orders have at least these to tell: {wanted:?}");
    db.end().await;
    let mut wrong = Vec::new();
    for point in &passed {
        for nth in NTH {
            let db = open().await;
            wrong.extend(check(&db, with_smtp, &format!("{point}:{nth}"), &wanted).await);
            db.end().await;
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    passed
}

/// Points that are not on the way of these tests: they lie between the broker and the hinge.
fn is_the_brokers(point: &str) -> bool {
    point.starts_with("ingest.") || point.starts_with("outcomes.")
}

fn missing(passed: &BTreeSet<String>, other_way: &str) -> Vec<&'static str> {
    let on_the_way = |point: &&&str| !is_the_brokers(point) && !point.starts_with(other_way);
    POINTS.iter().filter(on_the_way).copied().filter(|point| !passed.contains(*point)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_on_sqlite() {
    let passed = die_everywhere(Db::sqlite, false).await;
    assert_eq!(missing(&passed, "smtp."), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_smtp_on_sqlite() {
    let passed = die_everywhere(Db::sqlite, true).await;
    assert_eq!(missing(&passed, "none"), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_on_postgres() {
    let passed = die_everywhere(Db::postgres, false).await;
    assert_eq!(missing(&passed, "smtp."), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_smtp_on_postgres() {
    let passed = die_everywhere(Db::postgres, true).await;
    assert_eq!(missing(&passed, "none"), Vec::<&str>::new());
}
