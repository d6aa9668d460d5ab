//! A worker that dies at every single step: afterwards nothing is lost, nothing is doubled, and every doubt is named.
//!
//! The worker is a child process (this very binary, with a script in its environment) that aborts at a named point. The
//! broker delivers again what was not acknowledged, and another worker goes on at the time at which the first one died.
//! What there is in the end is held against a life without a death over the same time.
//!
//! `DOORSTEP_TEST_CRASHES=all tests/run crash` also dies at the later times at which a point is passed.

mod far;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use doorstep::crash::POINTS;
use doorstep::dispatch::handoff::LEASE;
use doorstep::domain::person::Channel;
use doorstep::store::rows::State;
use futures_util::StreamExt;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::store::world::Db;
use crate::world::World;
use far::{FarSide, Heard, Place};
use worker::{Script, Worker};

const START: &str = "2026-11-02T09:00:00Z";
/// By then every timer has run: order 2 is late, and its customer has heard of it.
const SPAN: SignedDuration = SignedDuration::from_hours(20 * 24);
/// Where the child finds its script.
const SCRIPT: &str = "DOORSTEP_TEST_CRASH_SCRIPT";
/// Set to anything, it asks for the whole battery; otherwise each point is tried at its first time alone.
const WHOLE: &str = "DOORSTEP_TEST_CRASHES";
/// Times at which a point is passed that are tried then.
const NTH: [u32; 4] = [1, 2, 3, 5];
/// Points at which a worker dies, and then the next one, which is just clearing up after it.
const TWICE: [(&str, &str); 8] = [
    ("apply.committed", "dispatch.claimed"),
    ("dispatch.intended", "dispatch.swept"),
    ("dispatch.granted", "dispatch.claimed"),
    ("dispatch.granted", "dispatch.intended"),
    ("dispatch.sent", "dispatch.swept"),
    ("dispatch.sent", "dispatch.sent"),
    ("outcomes.claimed", "outcomes.confirmed"),
    ("outcomes.confirmed", "outcomes.claimed"),
];
const TWICE_WITH_A_JOURNAL: [(&str, &str); 4] = [
    ("journal.begun", "journal.read"),
    ("journal.ended", "journal.read"),
    ("journal.ended", "journal.recovered"),
    ("dispatch.intended", "journal.recovered"),
];
/// Runs at the same time on one lane: most of a run is waiting for one or the other server.
const AT_ONCE: usize = 3;
/// How abort ends a process.
const SIGABRT: i32 = 6;
/// What must be told in the end, however often a worker dies: order 1 arrives, order 2 never does.
const TOLD: [&str; 11] = [
    "1 confirmed email",
    "1 delivered email",
    "1 delivered sms",
    "1 feedback email",
    "1 shipped email",
    "1 shipped sms",
    "2 confirmed email",
    "2 delay_expected email",
    "2 delay_expected sms",
    "2 shipped email",
    "2 shipped sms",
];

/// What ops must be called for in the end, and how it stands: order 2 is late, and was called stalled by nobody, since it was
/// late before.
const CALLED: [&str; 1] = ["2 late 1 open"];

/// The orders' whole story, one event after the other. Two events of one order are never next to each other, so that no
/// batch holds both and the later one does not make the earlier one old news.
fn story() -> Vec<Value> {
    let event = |id: &str, kind: &str, at: &str, data: Value| {
        json!({"specversion": "1.0", "id": format!("{kind}-{id}"), "source": "/shops/harbour", "type": kind,
            "time": at, "data": data})
    };
    let order = |id: &str| {
        json!({"id": id, "promise": {"date": "2026-11-04"}, "items": [{"id": "1", "title": "Lamp", "qty": 1}],
            "customer": {"email": format!("{id}@example.org"), "phone": format!("+49151000000{id}")}})
    };
    let paid = |id: &str| event(id, "order.paid", START, json!({"order": order(id)}));
    let parcel =
        |id: &str, kind: &str, at: &str| event(id, kind, at, json!({"order": {"id": id}, "shipment": {"id": "A"}}));
    vec![
        paid("1"),
        paid("2"),
        parcel("1", "shipment.shipped", "2026-11-02T09:00:01Z"),
        parcel("2", "shipment.shipped", "2026-11-02T09:00:02Z"),
        parcel("1", "shipment.delivered", "2026-11-02T09:00:03Z"),
    ]
}

/// The child process: does nothing unless a script says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    if let Ok(script) = std::env::var(SCRIPT) {
        Worker::new(serde_json::from_str(&script).expect("a script")).await.live().await;
    }
}

/// Runs a worker that is to die at a point; says whether it did, or lived to its end.
async fn dies(script: &Script, crash_at: &str) -> bool {
    let (script, crash_at) = (script.clone(), crash_at.to_owned());
    tokio::task::spawn_blocking(move || dies_now(&script, &crash_at)).await.expect("the child is watched to its end")
}

fn dies_now(script: &Script, crash_at: &str) -> bool {
    let trace = script.clock.with_extension("trace");
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.args(["crash::child", "--exact", "--test-threads=1"]);
    command.env(SCRIPT, serde_json::to_string(script).expect("plain data"));
    command.env("DOORSTEP_CRASH_AT", crash_at).env("DOORSTEP_CRASH_TRACE", &trace);
    let output = command.output().expect("the child starts");
    let said = || String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let passed = std::fs::read_to_string(&trace).unwrap_or_default();
    let name = crash_at.split(':').next().expect("split gives one part at least");
    let died = output.status.signal() == Some(SIGABRT) && passed.lines().any(|point| point == name);
    assert!(died || output.status.success(), "the child fails before it comes to {crash_at}:\n{}", said());
    died
}

/// Mails of which the journals that dead workers have left say no more than that their first byte was about to leave. Read without
/// the product's own reader, which is on trial here.
fn begun_and_not_ended(folder: &Path) -> BTreeSet<Uuid> {
    let mut open = BTreeSet::new();
    for file in std::fs::read_dir(folder).into_iter().flatten() {
        let text = std::fs::read_to_string(file.expect("a folder of files").path()).expect("a readable journal");
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            let line: Value = serde_json::from_str(line).expect("lines are JSON");
            let of = |name: &str| Some((line[name]["key"].as_str()?.parse().ok()?, line[name]["fence"].as_i64()?));
            match (of("begun"), of("ended").or_else(|| of("settled"))) {
                (Some(begun), _) => drop(open.insert(begun)),
                (None, Some(ended)) => drop(open.remove(&ended)),
                (None, None) => {}
            }
        }
    }
    open.into_iter().map(|(key, _fence): (Uuid, i64)| key).collect()
}

/// A notice in the ledger, in a reader's words.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    words: String,
    channel: Channel,
    state: State,
}

/// All there is to know after a run.
#[derive(Default)]
struct End {
    ledger: BTreeMap<Uuid, Entry>,
    /// What ops were called for.
    alerts: BTreeMap<Uuid, String>,
    heard: BTreeMap<Uuid, Heard>,
    /// Notices whose bytes may have been on their way when a worker died.
    under_way: BTreeSet<Uuid>,
    /// Those of them of which nobody knows how they ended.
    unended: BTreeSet<Uuid>,
    /// Workers that have died.
    deaths: usize,
    /// What is still not done.
    left: Vec<String>,
}

/// One way out on one database.
struct Lane {
    /// Those that no run uses just now.
    places: Mutex<Vec<Place>>,
    with_smtp: bool,
    is_postgres: bool,
    /// Whether a dead worker's journal is left to the next one.
    has_journal: bool,
}

impl Lane {
    async fn new(is_postgres: bool, with_smtp: bool, has_journal: bool) -> Self {
        let places = join_all((0..AT_ONCE).map(|_| Place::new())).await;
        Self { places: Mutex::new(places), with_smtp, is_postgres, has_journal }
    }

    /// Lets workers die at these points, one after the other, and another one live to the end. `None`: one did not die.
    async fn run(&self, deaths: &[String]) -> Option<End> {
        let place = self.places.lock().expect("nothing panics with it").pop().expect("one for each that runs at once");
        let end = self.run_at(&place, deaths).await;
        self.places.lock().expect("nothing panics with it").push(place);
        end
    }

    async fn run_at(&self, place: &Place, deaths: &[String]) -> Option<End> {
        let db = if self.is_postgres { Db::postgres().await } else { Db::sqlite().await };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let far = FarSide::new(self.with_smtp).await;
        for event in story() {
            place.shop.publish(event.to_string().as_bytes()).await;
        }
        let start: Timestamp = START.parse().expect("a time");
        let mut script = Script {
            database: db.settings.url.clone(),
            amqp: place.amqp(),
            outcomes: place.outcomes.clone(),
            http_port: far.http.port,
            smtp_port: far.smtp.as_ref().map(|server| server.port),
            waiting: story().len(),
            clock: folder.path().join("clock"),
            journal: self.has_journal.then(|| folder.path().join("sends")),
            from: start,
            until: start + SPAN,
        };
        let (mut under_way, mut unended) = (BTreeSet::new(), BTreeSet::new());
        for (number, point) in deaths.iter().enumerate() {
            if number > 0 {
                // Only after a lease is there anything that a second death could cut short.
                script.from = script.from + LEASE + SignedDuration::from_secs(1);
            }
            let died = dies(&script, point).await;
            script.waiting = place.left_behind().await;
            if !died {
                place.clear().await;
                db.end().await;
                return None;
            }
            let clock = std::fs::read_to_string(&script.clock).expect("the worker has written its time");
            script.from = clock.parse().expect("a time");
            let sending = db.store.notices_in(State::Sending, None, 100).await.expect("the store answers");
            under_way.extend(sending.iter().map(|row| row.notice.key.0));
            match &script.journal {
                Some(folder) => unended.extend(begun_and_not_ended(folder)),
                None => unended.clone_from(&under_way),
            }
        }
        Worker::new(script).await.live().await;
        let end = Self::end(place, &db, &far).await;
        db.end().await;
        Some(End { under_way, unended, deaths: deaths.len(), ..end })
    }

    async fn end(place: &Place, db: &Db, far: &FarSide) -> End {
        let mut ledger = BTreeMap::new();
        for id in ["1", "2"] {
            for row in db.store.notices_of(&World::order(id)).await.expect("the store answers") {
                let channel = row.notice.channel;
                let words = format!("{id} {} {}", row.notice.stage.as_str(), channel.as_str());
                ledger.insert(row.notice.key.0, Entry { words, channel, state: row.state });
            }
        }
        let mut alerts = BTreeMap::new();
        for id in ["1", "2"] {
            for row in db.store.alerts_of(&World::order(id)).await.expect("the store answers") {
                let (kind, standing) = (row.alert.kind.as_str(), row.standing.as_str());
                alerts.insert(row.alert.key.0, format!("{id} {kind} {} {standing}", row.alert.occurrence));
            }
        }
        let mut left = Vec::new();
        let counts = [
            ("messages in the queue", place.left_behind().await),
            ("dead-lettered messages", place.shop.dead().await),
            ("outcome events", usize::try_from(db.count("select count(*) from outcomes").await).expect("a count")),
            ("refused events", usize::try_from(db.count("select count(*) from quarantine").await).expect("a count")),
        ];
        left.extend(counts.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what} left")));
        let heard = far.heard(place).await;
        place.purge().await;
        End { ledger, alerts, heard, left, ..End::default() }
    }
}

impl End {
    /// What is wrong, held against a life without a death; nothing, if all is well.
    fn wrong(&self, undisturbed: &Self, lane: &Lane) -> Vec<String> {
        let mut wrong = self.left.clone();
        let lost = undisturbed.ledger.iter().filter(|(key, _)| !self.ledger.contains_key(key));
        wrong.extend(lost.map(|(_, entry)| format!("{} is lost", entry.words)));
        let more = self.ledger.iter().filter(|(key, _)| !undisturbed.ledger.contains_key(key));
        wrong.extend(more.map(|(_, entry)| format!("{} is unexpected", entry.words)));
        let called: Vec<&str> = self.alerts.values().map(String::as_str).collect();
        if called != CALLED {
            wrong.push(format!("ops were called for {called:?}, not {CALLED:?}"));
        }
        for (key, words) in &self.alerts {
            let heard = self.heard.get(key).cloned().unwrap_or_default();
            let told: Vec<_> = heard.outcomes.iter().map(|(kind, ids)| (kind.as_str(), ids.len())).collect();
            if told != [("alert.opened", 1)] {
                wrong.push(format!("programs heard {told:?} of the alert {words}"));
            }
        }
        let is_known = |key: &Uuid| self.ledger.contains_key(key) || self.alerts.contains_key(key);
        let nameless = self.heard.keys().filter(|key| !is_known(key));
        wrong.extend(nameless.map(|key| format!("{key} was told and stands nowhere")));
        for (key, entry) in &self.ledger {
            let heard = self.heard.get(key).cloned().unwrap_or_default();
            let may_repeat = self.under_way.contains(key);
            // Bare SMTP recognises no key.
            let on_smtp = lane.with_smtp && entry.channel == Channel::Email;
            let in_doubt = on_smtp && self.unended.contains(key);
            let (state, copies) = match (in_doubt, may_repeat && !on_smtp) {
                (true, _) => (State::InDoubt, 0..=1),
                (false, true) => (State::Accepted, 1..=1 + self.deaths),
                (false, false) => (State::Accepted, 1..=1),
            };
            let words = &entry.words;
            if entry.state != state {
                wrong.push(format!("{words} is {}, not {}", entry.state.as_str(), state.as_str()));
            }
            if !copies.contains(&heard.copies.len()) {
                wrong.push(format!("{words} came {} times, not {copies:?}", heard.copies.len()));
            }
            if heard.copies.iter().any(|copy| *copy != heard.copies[0]) {
                wrong.push(format!("{words} came with other bytes"));
            }
            let told: Vec<_> = heard.outcomes.iter().map(|(kind, ids)| (kind.as_str(), ids.len())).collect();
            let last = if in_doubt { ("notice.in_doubt", 1) } else { ("notice.sent", 1) };
            let mut wanted = [("notice.planned", 1), last];
            wanted.sort_unstable();
            if told != wanted {
                wrong.push(format!("the shop heard {told:?} of {words}, not {wanted:?}"));
            }
        }
        wrong
    }

    /// Notices that came more than once, under the same key.
    fn repeated(&self) -> usize {
        self.heard.values().filter(|heard| heard.copies.len() > 1).count()
    }

    /// Notices that were cut off, and are known to have been told all the same.
    fn rescued(&self) -> usize {
        let accepted = |key: &Uuid| self.ledger.get(key).is_some_and(|entry| entry.state == State::Accepted);
        self.under_way.iter().filter(|key| accepted(key)).count()
    }

    /// What the journal should have said and did not: whoever reads it believes its lines, so they are held against the point of the
    /// first death. When a line is written, the mail that it is about is in its worker's hands.
    fn unnoted(&self, deaths: &str) -> Option<&'static str> {
        let first = deaths.split(':').next().unwrap_or_default();
        match first {
            "journal.begun" if self.doubted() == 0 => Some("the mail that was begun is not in doubt"),
            "journal.ended" if self.rescued() == 0 => Some("the mail whose end was noted is in doubt"),
            _ => None,
        }
    }

    fn doubted(&self) -> usize {
        self.ledger.values().filter(|entry| entry.state == State::InDoubt).count()
    }
}

/// The deaths of each run on a lane, and whether they must come: each point is passed at least once.
fn runs(lane: &Lane) -> Vec<(Vec<String>, bool)> {
    let &Lane { with_smtp, has_journal, .. } = lane;
    // Messages to ops die in a test of their own.
    let told = POINTS.iter().filter(|point| !point.starts_with("alerts."));
    let points = told.filter(|point| with_smtp || !point.starts_with("smtp."));
    // A journal changes nothing before the dispatcher. It is read by the next worker alone.
    let is_near = |point: &str| ["dispatch.", "smtp.", "journal."].iter().any(|part| point.starts_with(part));
    let is_read = |point: &str| matches!(point, "journal.read" | "journal.recovered");
    let points = points.filter(|point| if has_journal { is_near(point) } else { !point.starts_with("journal.") });
    let points = points.filter(|point| !is_read(point));
    let at = |point: &str, nth: u32| format!("{point}:{nth}");
    let nth = if std::env::var_os(WHOLE).is_some() { &NTH[..] } else { &NTH[..1] };
    let alone = points.flat_map(|point| nth.iter().map(|nth| (vec![at(point, *nth)], *nth == 1)));
    let twice = if has_journal { &TWICE_WITH_A_JOURNAL[..] } else { &TWICE[..] };
    alone.chain(twice.iter().map(|(first, second)| (vec![at(first, 1), at(second, 1)], true))).collect()
}

/// Dies at every point of a lane.
async fn die_everywhere(is_postgres: bool, with_smtp: bool, has_journal: bool) {
    let lane = Lane::new(is_postgres, with_smtp, has_journal).await;
    let undisturbed = lane.run(&[]).await.expect("nobody is to die");
    let mut told: Vec<_> = undisturbed.ledger.values().map(|entry| entry.words.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, TOLD);
    assert_eq!(undisturbed.wrong(&undisturbed, &lane), Vec::<String>::new());
    let ends = futures_util::stream::iter(runs(&lane)).map(async |(deaths, must_die)| {
        let end = lane.run(&deaths).await;
        (deaths.join(", "), must_die, end)
    });
    let mut ends = std::pin::pin!(ends.buffer_unordered(AT_ONCE));
    let mut wrong = Vec::new();
    let (mut repeated, mut doubted, mut rescued) = (0, 0, 0);
    while let Some((deaths, must_die, end)) = ends.next().await {
        let Some(end) = end else {
            wrong.extend(must_die.then(|| format!("{deaths}: is never passed")));
            continue;
        };
        wrong.extend(end.wrong(&undisturbed, &lane).into_iter().map(|what| format!("{deaths}: {what}")));
        wrong.extend(end.unnoted(&deaths).map(|what| format!("{deaths}: {what}")));
        (repeated, doubted) = (repeated + end.repeated(), doubted + end.doubted());
        rescued += end.rescued();
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    // Otherwise no worker has died with bytes on the wire, and all of this has shown little.
    assert!((doubted > 0) == with_smtp, "{doubted} in doubt");
    if has_journal {
        // Those that died before their mail was begun, or after its end was noted.
        assert!(rescued > 0, "nothing was known from a journal");
    } else {
        assert!(repeated > 0, "nothing was repeated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_on_sqlite() {
    die_everywhere(false, false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_smtp_on_sqlite() {
    die_everywhere(false, true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_on_postgres() {
    die_everywhere(true, false, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_smtp_on_postgres() {
    die_everywhere(true, true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_smtp_on_sqlite_with_a_journal() {
    die_everywhere(false, true, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_smtp_on_postgres_with_a_journal() {
    die_everywhere(true, true, true).await;
}
