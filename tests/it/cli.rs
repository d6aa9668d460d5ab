//! The binary as people and scripts use it: what it prints, where, and how it ends.

mod check;
mod forget;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use doorstep::clock::Clock;
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::link::{Links, OptOut};
use doorstep::store::{Settings, Store};
use serde_json::Value;

/// The binary in an empty folder, with no setting from outside.
pub(crate) fn doorstep(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("DOORSTEP_") || name == "DATABASE_URL" || name == "AMQP_URL" {
            command.env_remove(name);
        }
    }
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    doorstep(folder).args(args).output().expect("the binary starts")
}

/// What a verb printed; it must have ended well.
#[track_caller]
fn printed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("utf-8")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn simulate_says_the_same_for_the_same_seed() {
    let folder = folder();
    let stream = |seed| printed(folder.path(), &["simulate", "--orders", "25", "--seed", seed]);
    assert_eq!(stream("3"), stream("3"));
    assert_ne!(stream("3"), stream("4"));
    assert!(lines(&stream("3")).iter().all(|event| event["specversion"] == "1.0"));
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = folder();
    let mut child = doorstep(folder.path())
        .args(["simulate", "--orders", "300"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the binary ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn wrong_settings_are_named_and_end_in_2() {
    let folder = folder();
    std::fs::write(folder.path().join("slip.toml"), "[databse]\nurl = 'sqlite:x.db'\n").expect("a file");
    let cases: [(&[&str], &str, &str); 4] = [
        (&["migrate", "--config", "slip.toml"], "", "databse"),
        (&["migrate", "--config", "absent.toml"], "", "absent.toml"),
        (&["migrate"], "DOORSTEP_DATABASE__POOL", "database"),
        (&["migrate"], "DOORSTEP_LOG_FORMAT", "DOORSTEP_LOG_FORMAT"),
    ];
    for (args, variable, named) in cases {
        let mut command = doorstep(folder.path());
        if !variable.is_empty() {
            command.env(variable, "1");
        }
        let output = command.args(args).output().expect("the binary starts");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?} {variable}: {complaint}");
        assert!(complaint.contains(named), "{args:?} {variable}: {complaint}");
    }
    assert_eq!(run(folder.path(), &["simulate", "--orders", "none"]).status.code(), Some(2));
}

#[test]
fn migrate_brings_an_empty_folder_to_this_version() {
    let folder = folder();
    let before = run(folder.path(), &["migrate", "--dry-run", "--json"]);
    assert_eq!(before.status.code(), Some(3), "{}", String::from_utf8_lossy(&before.stderr));
    let first = lines(&printed(folder.path(), &["migrate", "--json"])).remove(0);
    assert_eq!(first["now"], first["known"]);
    assert!(folder.path().join("doorstep-data/doorstep.db").exists());
    let second = printed(folder.path(), &["migrate"]);
    assert!(second.starts_with("nothing to do"), "{second}");
}

#[test]
fn every_verb_has_help_with_an_example() {
    let folder = folder();
    let help = printed(folder.path(), &["--help"]);
    assert!(help.contains("Exit codes"), "{help}");
    let verbs = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).expect("a list of verbs");
    // A verb stands at two blanks; wrapped descriptions stand further in.
    let names: Vec<&str> = verbs
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 1, "{help}");
    for name in names {
        let help = printed(folder.path(), &[name, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("doorstep {name}")), "{name}: {help}");
    }
}

#[test]
fn replay_says_who_would_have_been_told_in_the_order_of_time() {
    let folder = folder();
    let week = printed(folder.path(), &["simulate", "--orders", "40", "--seed", "7"]);
    std::fs::write(folder.path().join("week.jsonl"), &week).expect("a file");
    let answer = printed(folder.path(), &["replay", "week.jsonl"]);
    let keys = ["at", "order", "shipment", "stage", "channel", "to", "outcome", "why"];
    for line in answer.lines() {
        let places: Vec<_> = keys.iter().map(|key| line.find(&format!("\"{key}\":"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{line}");
        assert_eq!(lines(line)[0].as_object().map(serde_json::Map::len), Some(keys.len()), "{line}");
    }
    let told = lines(&answer);
    let times: Vec<jiff::Timestamp> =
        told.iter().map(|line| line["at"].as_str().and_then(|at| at.parse().ok()).expect("a time")).collect();
    assert!(times.is_sorted(), "not in the order of time");
    let sent: Vec<String> = told
        .iter()
        .filter(|line| line["outcome"] == "sent")
        .map(|line| {
            format!("{} {} {} {} {}", line["order"], line["shipment"], line["stage"], line["channel"], line["to"])
        })
        .filter(|key| key.contains("\"confirmed\"") || key.contains("\"delivered\""))
        .collect();
    assert_eq!(sent.iter().filter(|key| key.contains("\"confirmed\"")).count(), 40, "each order is confirmed once");
    let once: std::collections::BTreeSet<&String> = sent.iter().collect();
    assert_eq!(once.len(), sent.len(), "somebody is told twice");

    // The same facts in twice the bytes: nothing changes.
    std::fs::write(
        folder.path().join("twice.jsonl"),
        week.lines().map(|line| format!("{line}\n{line}\n")).collect::<String>(),
    )
    .expect("a file");
    assert_eq!(printed(folder.path(), &["replay", "twice.jsonl"]), answer);
}

#[test]
fn replay_names_the_lines_it_refuses_and_takes_the_rest() {
    let folder = folder();
    let week = printed(folder.path(), &["simulate", "--orders", "2"]);
    std::fs::write(folder.path().join("week.jsonl"), format!("{{\"specversion\":\"1.0\"}}\n{week}nonsense\n"))
        .expect("a file");
    let output = run(folder.path(), &["replay", "week.jsonl"]);
    assert_eq!(output.status.code(), Some(3));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = week.lines().count() + 2;
    assert!(complaint.contains("week.jsonl:1: ") && complaint.contains(&format!("week.jsonl:{last}: ")), "{complaint}");
    assert!(lines(&String::from_utf8_lossy(&output.stdout)).iter().any(|line| line["stage"] == "confirmed"));
    assert_eq!(run(folder.path(), &["replay", "absent.jsonl"]).status.code(), Some(1));
}

/// An event of one order, as a shop's JSON.
fn event(order: &str, id: &str, kind: &str, time: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/shops/harbour","type":"{kind}","time":"{time}","data":{{"order":{{"id":"{order}",{data}}}}}}}"#
    )
}

#[test]
fn import_tells_nobody_and_explain_says_so() {
    let folder = folder();
    let paid =
        event("1001", "a", "order.paid", "2026-11-02T09:00:00Z", r#""customer":{"email":"c1@customer.example"}"#);
    std::fs::write(folder.path().join("old.jsonl"), format!("{paid}\n{paid}\n{{\"id\": 5}}\n")).expect("a file");
    printed(folder.path(), &["migrate"]);
    let output = run(folder.path(), &["import", "old.jsonl", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let tally = lines(&String::from_utf8_lossy(&output.stdout)).remove(0);
    assert_eq!(
        (&tally["applied"], &tally["repeated"], &tally["refused"]),
        (&1.into(), &1.into(), &1.into()),
        "{tally}"
    );
    let again =
        lines(&String::from_utf8_lossy(&run(folder.path(), &["import", "old.jsonl", "--json"]).stdout)).remove(0);
    assert_eq!((&again["applied"], &again["repeated"]), (&0.into(), &2.into()), "{again}");

    let story = lines(&printed(folder.path(), &["explain", "1001", "--json"])).remove(0);
    assert!(story["callbacks"].as_array().is_some_and(Vec::is_empty), "{story}");
    assert_eq!(story["order"], "shop/1001");
    assert_eq!(story["notices"].as_array().map(Vec::len), Some(0), "{story}");
    assert_eq!(story["facts"].as_array().map(Vec::len), Some(1), "{story}");
    assert_eq!(story["silences"][0]["why"], "imported", "{story}");
    let words = printed(folder.path(), &["explain", "shop/1001"]);
    assert!(words.contains("order.paid") && words.contains("imported: taken in by import"), "{words}");
    assert!(!words.contains("customer.example"), "an address is shown: {words}");
    assert_eq!(run(folder.path(), &["explain", "9999"]).status.code(), Some(4));
    assert!(printed(folder.path(), &["outbox", "list"]).contains("nothing is in doubt"));
}

#[test]
fn what_was_refused_can_be_shown_retried_and_dropped() {
    let folder = folder();
    printed(folder.path(), &["migrate"]);
    let paid =
        event("1001", "a", "order.paid", "2026-11-02T09:00:00Z", r#""customer":{"email":"c1@customer.example"}"#);
    let named = paid.replace("\"type\"", "\"brand\":\"kettle\",\"type\"");
    std::fs::write(folder.path().join("old.jsonl"), format!("{named}\nnonsense\n")).expect("a file");
    let harbour = "[voice]\ndefault_brand = 'harbour'\n[brands.harbour]\nname = 'Harbour Goods'\n";
    std::fs::write(folder.path().join("doorstep.toml"), harbour).expect("a file");
    let with = |args: &[&str]| run(folder.path(), &[&["--config", "doorstep.toml"], args].concat());
    assert_eq!(with(&["import", "old.jsonl"]).status.code(), Some(3));

    let kept = lines(&String::from_utf8_lossy(&with(&["quarantine", "list", "--json"]).stdout));
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept[0]["reason"].as_str().is_some_and(|reason| reason.contains("brand")), "{kept:?}");
    let id = kept[0]["id"].to_string();
    let shown = lines(&String::from_utf8_lossy(&with(&["quarantine", "show", &id, "--json"]).stdout)).remove(0);
    assert_eq!(shown["raw"], named);

    let retried = with(&["quarantine", "retry", &id]);
    assert_eq!(retried.status.code(), Some(3), "the brand is still unknown");
    let both = format!("{harbour}[brands.kettle]\nname = 'Kettle'\n");
    std::fs::write(folder.path().join("doorstep.toml"), both).expect("a file");
    let retried = with(&["quarantine", "retry", "--all", "--json"]);
    assert_eq!(retried.status.code(), Some(3), "the nonsense is still nonsense");
    let verdicts = lines(&String::from_utf8_lossy(&retried.stdout));
    assert_eq!(
        (&verdicts[0]["verdict"], &verdicts[1]["verdict"]),
        (&"applied".into(), &"refused".into()),
        "{verdicts:?}"
    );

    let left = lines(&String::from_utf8_lossy(&with(&["quarantine", "list", "--json"]).stdout));
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(with(&["quarantine", "drop", &left[0]["id"].to_string()]).status.success());
    assert_eq!(with(&["quarantine", "drop", "99"]).status.code(), Some(4));
    assert!(String::from_utf8_lossy(&with(&["quarantine", "list"]).stdout).contains("nothing is kept"));
}

/// Begins a request and answers with what can be read of it.
fn ask(address: &str, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("the demo listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("a request");
    BufReader::new(stream)
}

fn page(address: &str, path: &str) -> String {
    let mut text = String::new();
    ask(address, path).read_to_string(&mut text).expect("an answer in text");
    text
}

#[test]
fn the_demo_shows_orders_and_their_messages_and_stops_by_itself() {
    let folder = folder();
    let mut child = doorstep(folder.path())
        .args(["demo", "--for", "8s", "--port", "0", "--orders", "6", "--speed", "20000", "--json"])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut greeting = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    stdout.read_line(&mut greeting).expect("a greeting");
    let greeting = lines(&greeting).remove(0);
    let address = greeting["address"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address");
    let address = address.trim_end_matches('/');

    // Each line of this stream is a change; after one there is something to see, and before long a mail.
    let mut changes = ask(address, "/changes").lines();
    let mut mail = None;
    while mail.is_none() {
        let change = changes.next().expect("changes go on").expect("readable");
        if !change.starts_with("data:") {
            continue;
        }
        let list = page(address, "/");
        assert!(list.starts_with("HTTP/1.1 200") && list.contains("doorstep demo"), "{list}");
        let orders = list.split("href=\"/orders/").skip(1).filter_map(|rest| rest.split('"').next());
        mail = orders.map(|order| page(address, &format!("/orders/{order}"))).find_map(|order| {
            let (_, rest) = order.split_once("src=\"/messages/")?;
            let (_, own) = order.split_once("href=\"/t/")?;
            Some((rest.split('"').next()?.to_owned(), own.split('"').next()?.to_owned()))
        });
    }
    let (mail, own) = mail.expect("found");
    let mail = page(address, &format!("/messages/{mail}"));
    assert!(mail.contains(&format!("http://{address}/t/")), "the mail leads to the order's page: {mail}");
    let own = page(address, &format!("/t/{own}"));
    assert!(own.starts_with("HTTP/1.1 200") && own.contains("id=\"headline\""), "the customer's own page: {own}");
    assert!(mail.contains("sandbox") && mail.contains("text/html"), "the mail is fenced in: {mail}");
    assert!(page(address, "/orders/harbour/none").starts_with("HTTP/1.1 404"));
    assert!(page(address, "/ops").contains("This is the demo"), "the console is open to whoever sits here");
    assert!(child.wait().expect("the demo ends").success());
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "the demo leaves something behind");
}

/// A worker of its own, on a port that was free a moment ago.
struct Worker {
    child: Child,
    log: BufReader<ChildStderr>,
    address: String,
}

impl Worker {
    fn start(folder: &Path, variables: &[(&str, &str)]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut child = doorstep(folder)
            .arg("run")
            .env("DOORSTEP_HTTP__LISTEN", &address)
            .env("DOORSTEP_LOG__FORMAT", "json")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let (mut line, mut all) = (String::new(), String::new());
        while !line.contains("\"ready\"") {
            line.clear();
            let read = log.read_line(&mut line).expect("a log");
            assert!(read > 0, "the worker ended before it was ready: {all}");
            all.push_str(&line);
        }
        Self { child, log, address }
    }

    /// Sends a POST and answers with the whole answer.
    fn post(&self, path: &str, kind: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the worker listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Asks it to stop, as a service manager does, and waits until it has.
    fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill is there");
        assert!(asked.success());
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).expect("the end of the log");
        assert!(self.child.wait().expect("the worker ends").success(), "{rest}");
        assert!(rest.contains("\"stopped\""), "{rest}");
    }
}

#[test]
fn the_worker_takes_events_over_http_and_stops_when_asked() {
    let folder = folder();
    let worker = Worker::start(folder.path(), &[]);
    let paid =
        event("1001", "a", "order.paid", "2026-11-02T09:00:00Z", r#""customer":{"email":"c1@customer.example"}"#);
    let answer = worker.post("/v1/events", "application/cloudevents+json", &paid);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(page(&worker.address, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(page(&worker.address, "/metrics").contains("doorstep_"), "no metrics");
    assert!(page(&worker.address, "/ops").starts_with("HTTP/1.1 404"), "no console without people");
    worker.stop();
    let story = lines(&printed(folder.path(), &["explain", "1001", "--json"])).remove(0);
    assert_eq!(story["facts"].as_array().map(Vec::len), Some(1), "{story}");
}

#[test]
fn the_console_is_on_for_the_people_of_the_users_file() {
    use doorstep::web::ops::people::People;
    let folder = folder();
    let hash = |password: &str| {
        std::fs::write(folder.path().join("password"), password).expect("a file");
        let stdin = std::fs::File::open(folder.path().join("password")).expect("a file");
        doorstep(folder.path()).args(["ops", "hash"]).stdin(stdin).output().expect("the binary starts")
    };
    assert_eq!(hash("too short\n").status.code(), Some(1));
    let hash = String::from_utf8(hash("correct horse battery\n").stdout).expect("utf-8");
    std::fs::write(folder.path().join("users"), format!("ann operator {hash}")).expect("a file");
    People::read(&folder.path().join("users")).expect("the file is as it should be");
    let worker = Worker::start(folder.path(), &[("DOORSTEP_OPS__USERS_FILE", "users")]);
    let stranger = page(&worker.address, "/ops");
    assert!(stranger.starts_with("HTTP/1.1 303") && stranger.contains("/ops/login?next=%2Fops"), "{stranger}");
    assert!(page(&worker.address, "/ops/login").contains("Password"));
    worker.stop();
}

#[test]
fn one_click_opts_out_and_reading_the_page_does_not() {
    use doorstep::domain::topic::Topic;
    const SECRET: &str = "a secret of this test alone";
    let folder = folder();
    std::fs::write(folder.path().join("link.secret"), SECRET).expect("a file");
    let worker = Worker::start(
        folder.path(),
        &[
            ("DOORSTEP_LINKS__BASE_URL", "https://post.harbour.example"),
            ("DOORSTEP_LINKS__SECRET_FILES", "['link.secret']"),
        ],
    );
    let links = Links::new("https://post.harbour.example", &[SECRET.into()]).expect("links");
    let contact = ContactKey::new(Channel::Email, "c1@customer.example");
    let who = OptOut { contact, brand: BrandId::new("shop"), locale: "pl".to_owned() };
    let url = links.opt_out_url(&who);
    let path = url.strip_prefix("https://post.harbour.example").expect("our address");
    const FORM: &str = "application/x-www-form-urlencoded";

    let asked = page(&worker.address, path);
    assert!(
        asked.starts_with("HTTP/1.1 200") && asked.contains("method=\"post\"") && asked.contains("lang=\"pl\""),
        "{asked}"
    );
    let unknown = page(&worker.address, "/u/AAAA");
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    let forged = format!("{}x", &path[..path.len() - 1]);
    assert!(worker.post(&forged, FORM, "List-Unsubscribe=One-Click").starts_with("HTTP/1.1 404"));
    assert!(worker.post(path, FORM, "something=else").starts_with("HTTP/1.1 400"));
    assert_eq!(wishes(folder.path(), contact), Topic::ALL, "nobody pressed the button yet");

    let stopped = worker.post(path, FORM, "List-Unsubscribe=One-Click");
    assert!(stopped.starts_with("HTTP/1.1 200"), "{stopped}");
    worker.stop();
    assert_eq!(wishes(folder.path(), contact), [Topic::Necessary], "what is part of the contract goes on, alone");

    /// What may be told.
    fn wishes(folder: &Path, contact: ContactKey) -> Vec<Topic> {
        let settings = Settings::at(format!("sqlite:{}", folder.join("doorstep-data/doorstep.db").display()));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let store = Store::open(&settings, Clock::database()).await.expect("the worker's database");
            let consent = store.consents(&[contact]).await.expect("an answer").remove(0);
            store.close().await;
            let allows = |topic: &Topic| consent.allows(&BrandId::new("shop"), Channel::Email, *topic);
            Topic::ALL.into_iter().filter(allows).collect()
        })
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
