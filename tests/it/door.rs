//! The HTTP door over real sockets: what is answered to whom, and what slow or greedy clients can do.

pub(crate) mod client;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use doorstep::apply::{ApplyFailed, REUSED_ID, Verdict};
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::ingest::gather::Gatherer;
use doorstep::ingest::{Apply, Incoming};
use doorstep::web::care::api::Api;
use doorstep::web::door::Door;
use doorstep::web::health::{Health, Part};
use doorstep::web::token::Tokens;
use doorstep::web::{Settings, server};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use client::{Answer, Client};

use crate::store::world::Db;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// A hinge that judges by the event's id: `repeat`, `reused`, `away` are what they say.
#[derive(Debug, Clone)]
struct Hinge {
    batches: Arc<AtomicUsize>,
    may_pass: Arc<Semaphore>,
}

impl Apply for Hinge {
    async fn apply(&self, batch: impl Into<Arc<Vec<Incoming>>> + Send) -> Result<Vec<Verdict>, ApplyFailed> {
        let batch: Arc<Vec<Incoming>> = batch.into();
        self.batches.fetch_add(1, Ordering::SeqCst);
        self.may_pass.acquire().await.expect("never closed").forget();
        let judge = |incoming: &Incoming| match incoming {
            Incoming::Event { arrival, .. } => match arrival.id.as_str() {
                "away" => Err(ApplyFailed::new("told to fail")),
                "repeat" => Ok(Verdict::Repeat),
                "reused" => Ok(Verdict::Refused { reason: REUSED_ID.to_owned() }),
                _ => Ok(Verdict::Applied),
            },
            Incoming::UnknownType { .. } => Ok(Verdict::UnknownType),
            Incoming::Refused(refused) => Ok(Verdict::Refused { reason: refused.reason.clone() }),
        };
        batch.iter().map(judge).collect()
    }
}

struct Worker {
    client: Client,
    hinge: Hinge,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Worker {
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        Self::with(Semaphore::MAX_PERMITS, change).await
    }

    async fn with(permits: usize, change: impl FnOnce(&mut Settings)) -> Self {
        Self::beside(axum::Router::new(), permits, change).await
    }

    /// The door beside other routes.
    async fn beside(others: axum::Router, permits: usize, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let hinge = Hinge { batches: Arc::default(), may_pass: Arc::new(Semaphore::new(permits)) };
        let stop = CancellationToken::new();
        let (gatherer, answering) = Gatherer::new(hinge.clone(), stop.clone());
        tokio::spawn(answering);
        let decoder = Arc::new(Decoder::new(Limits::default(), Brands::any("harbour")));
        let tokens = Tokens::read(&settings).unwrap();
        let door = Door::new(decoder, gatherer, tokens, settings.clone());
        let parts = vec![
            Part::new("store", || async { Ok(()) }),
            Part::new("broker", || async { Err("the consumer is down".to_owned()) }),
        ];
        let health = Health::new(parts, || "doorstep_up 1\n".to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client { addr: listener.local_addr().unwrap() };
        let router = door.routes().merge(health.routes()).merge(others);
        let stopped = stop.clone();
        let serving = tokio::spawn(async move {
            server::serve(listener, router, &settings, stopped, Duration::from_secs(20)).await;
        });
        Self { client, hinge, stop, serving }
    }

    async fn post(&self, media: &str, body: impl AsRef<[u8]>) -> Answer {
        self.client.post("/v1/events", &[("content-type", media)], body.as_ref()).await
    }
}

fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/shops/harbour", "type": "order.packed",
        "time": "2026-11-03T10:11:12Z", "data": { "order": { "id": "A-1" } }
    })
}

#[tokio::test]
async fn a_single_event_is_answered_by_its_verdict() {
    let worker = Worker::new(|_| {}).await;
    let names = |verdict: &str, id: &str| json!({ "source": "/shops/harbour", "id": id, "verdict": verdict });
    for (id, verdict) in [("e-1", "applied"), ("repeat", "repeat")] {
        let answer = worker.post(STRUCTURED, event(id).to_string()).await;
        assert_eq!((answer.status, answer.json()), (202, names(verdict, id)));
    }
    let mut unknown = event("e-2");
    unknown["type"] = "review.written".into();
    assert_eq!(
        worker.post("application/json; charset=utf-8", unknown.to_string()).await.json()["verdict"],
        "unknown_type"
    );

    let reused = worker.post(STRUCTURED, event("reused").to_string()).await;
    assert_eq!((reused.status, reused.json()["kept"].clone()), (409, json!(true)));
    let mut wrong = event("e-3");
    wrong["data"]["order"] = json!({ "id": 7 });
    let refused = worker.post(STRUCTURED, wrong.to_string()).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    let said = refused.json();
    assert_eq!((said["field"].as_str(), said["kept"].as_bool()), (Some("data.order.id"), Some(true)));
    assert_eq!(said["detail"], "data.order.id: expected text, found a number");
}

#[tokio::test]
async fn binary_mode_is_read_from_the_headers() {
    let worker = Worker::new(|_| {}).await;
    let headers = [
        ("content-type", "application/json"),
        ("CE-SpecVersion", "1.0"),
        ("ce-id", "b%20%221%22"),
        ("ce-source", "/shops/harbour"),
        ("ce-type", "order.packed"),
        ("ce-time", "2026-11-03T10:11:12Z"),
    ];
    let answer = worker.client.post("/v1/events", &headers, br#"{"order":{"id":"A-1"}}"#).await;
    assert_eq!((answer.status, answer.json()["id"].as_str()), (202, Some("b \"1\"")));
}

#[tokio::test]
async fn a_batch_has_a_verdict_for_each_event_and_is_one_transaction() {
    let worker = Worker::new(|_| {}).await;
    let batch = json!([event("e-1"), { "specversion": "0.3" }, event("repeat")]);
    let answer = worker.post(BATCH, batch.to_string()).await;
    assert_eq!(answer.status, 202);
    let verdicts = answer.json()["verdicts"].clone();
    let words: Vec<_> = verdicts.as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap()).collect();
    assert_eq!(words, ["applied", "refused", "repeat"]);
    assert_eq!(verdicts[1]["reason"], "specversion: not 1.0, the only version known");
    assert_eq!(worker.hinge.batches.load(Ordering::SeqCst), 1);

    let one = worker.post(BATCH, json!([{ "specversion": "0.3" }]).to_string()).await;
    assert_eq!((one.status, one.json()["verdicts"][0]["verdict"].as_str()), (202, Some("refused")));
    assert_eq!(worker.post(BATCH, "[]").await.json(), json!({ "verdicts": [] }));
    let none = worker.post(BATCH, event("e-1").to_string()).await;
    assert_eq!((none.status, none.json()["detail"].as_str()), (422, Some("body: not a json array of events")));
    let many = format!("[{}1]", "1,".repeat(1000));
    assert_eq!(worker.post(BATCH, many).await.json()["detail"], "body: more than 1000 events");
}

#[tokio::test]
async fn only_those_with_a_token_may_bring_events() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens");
    std::fs::write(&path, "first-token-of-harbour\n\nsecond-token-of-harbour\n").unwrap();
    let worker = Worker::new(|settings| settings.token_files = vec![path]).await;
    let post = async |authorization: &str| {
        let headers = [("content-type", STRUCTURED), ("authorization", authorization)];
        worker.client.post("/v1/events", &headers, event("e-1").to_string().as_bytes()).await
    };
    for good in ["Bearer first-token-of-harbour", "bearer second-token-of-harbour"] {
        assert_eq!(post(good).await.status, 202, "{good}");
    }
    for bad in ["", "Bearer ", "Bearer first-token-of-harbou", "Basic first-token-of-harbour", "first-token-of-harbour"]
    {
        let answer = post(bad).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{bad}");
    }
    assert_eq!(worker.client.get("/healthz").await.status, 200, "health is open to all");
}

#[test]
fn an_open_door_is_for_the_machine_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { listen: "0.0.0.0:8080".parse().unwrap(), ..Settings::default() };
    assert!(Tokens::read(&settings).unwrap_err().to_string().contains("loopback"));
    for (text, wrong) in [("", true), ("short\n", true), ("long-enough-to-be-one\n", false)] {
        let path = folder.path().join("token");
        std::fs::write(&path, text).unwrap();
        let read = Tokens::read(&Settings { token_files: vec![path], ..settings.clone() });
        assert_eq!(read.is_err(), wrong, "{text}");
        assert!(!format!("{read:?}").contains("long-enough"));
    }
}

#[tokio::test]
async fn what_cannot_be_taken_says_what_to_do() {
    let worker = Worker::new(|settings| settings.batch_bytes_max = 300_000).await;
    let form = worker.post("application/x-www-form-urlencoded", "a=b").await;
    assert_eq!(form.status, 415);
    assert!(form.json()["detail"].as_str().unwrap().contains("application/cloudevents+json"));
    assert_eq!(worker.client.get("/v1/events").await.status, 405);
    assert_eq!(worker.client.get("/v2").await.status, 404);

    let kept = worker.post(STRUCTURED, vec![b' '; 299_999]).await;
    assert_eq!((kept.status, kept.json()["kept"].as_bool()), (413, Some(true)));
    let lost = worker.post(STRUCTURED, vec![b' '; 300_001]).await;
    assert_eq!((lost.status, lost.json()["kept"].as_bool()), (413, Some(false)));

    let away = worker.post(STRUCTURED, event("away").to_string()).await;
    assert_eq!((away.status, away.header("retry-after")), (503, Some("5")));
    assert_eq!(worker.post(STRUCTURED, event("e-1").to_string()).await.status, 202, "and then it goes on");
}

#[tokio::test]
async fn callers_who_come_together_share_a_transaction() {
    let hinge = Hinge { batches: Arc::default(), may_pass: Arc::new(Semaphore::new(0)) };
    let (gatherer, answering) = Gatherer::new(hinge.clone(), CancellationToken::new());
    tokio::spawn(answering);
    let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
    let bring = |ids: &[&str]| {
        let events = ids.iter().map(|id| decoder.structured("test", event(id).to_string().into())).collect();
        let gatherer = gatherer.clone();
        async move { gatherer.bring(events).await }
    };
    let first = tokio::spawn(bring(&["e-0"]));
    client::until(|| hinge.batches.load(Ordering::SeqCst) == 1).await;
    // Both are taken in while the first one's transaction is open.
    let others = futures_util::future::join(bring(&["e-1", "repeat"]), bring(&["reused", "e-2"]));
    let mut others = std::pin::pin!(others);
    assert!(futures_util::poll!(&mut others).is_pending());
    hinge.may_pass.add_permits(2);
    let (one, two) = others.await;
    assert_eq!(one.unwrap(), [Verdict::Applied, Verdict::Repeat]);
    assert_eq!(two.unwrap(), [Verdict::Refused { reason: REUSED_ID.to_owned() }, Verdict::Applied]);
    assert_eq!(first.await.unwrap().unwrap(), [Verdict::Applied]);
    assert_eq!(hinge.batches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_back() {
    let worker = Worker::with(0, |settings| settings.requests_max = 1.try_into().unwrap()).await;
    let first = tokio::spawn(worker.client.clone().event(event("e-1").to_string()));
    client::until(|| worker.hinge.batches.load(Ordering::SeqCst) == 1).await;
    let second = worker.post(STRUCTURED, event("e-2").to_string()).await;
    assert_eq!((second.status, second.header("retry-after")), (503, Some("1")));
    worker.hinge.may_pass.add_permits(1);
    assert_eq!(first.await.unwrap().status, 202);
}

#[tokio::test]
async fn health_readiness_and_metrics() {
    let worker = Worker::new(|_| {}).await;
    assert_eq!(worker.client.get("/healthz").await.status, 200);
    let ready = worker.client.get("/readyz").await;
    assert_eq!(ready.status, 503);
    let troubles = json!([{ "part": "broker", "what": "the consumer is down" }]);
    assert_eq!(ready.json(), json!({ "ready": false, "troubles": troubles }));
    let metrics = worker.client.get("/metrics").await;
    assert_eq!(metrics.body, b"doorstep_up 1\n");
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(metrics.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn slow_clients_are_cut_off_and_do_not_keep_others_out() {
    let worker = Worker::new(|settings| {
        settings.header_timeout_secs = 1.try_into().unwrap();
        settings.body_timeout_secs = 1.try_into().unwrap();
        settings.connections_max = 8.try_into().unwrap();
    })
    .await;
    // Silent, half a head, and a body that never ends: more of them than there are places.
    let head = "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    for beginning in ["", "GET /healthz HT", head] {
        let slow: Vec<_> = (0..8).map(|_| worker.client.begin(beginning)).collect();
        let slow = futures_util::future::join_all(slow).await;
        assert_eq!(worker.client.get("/healthz").await.status, 200, "after {beginning:?}");
        for connection in slow {
            let last = connection.until_closed().await;
            let answered = last.is_empty() || last.starts_with(b"HTTP/1.1 408");
            assert!(answered, "{}", String::from_utf8_lossy(&last));
        }
    }
}

#[tokio::test]
async fn a_stop_answers_what_is_under_way() {
    let worker = Worker::with(0, |_| {}).await;
    let waiting = tokio::spawn(worker.client.clone().event(event("e-1").to_string()));
    client::until(|| worker.hinge.batches.load(Ordering::SeqCst) == 1).await;
    worker.stop.cancel();
    worker.hinge.may_pass.add_permits(1);
    assert_eq!(waiting.await.unwrap().status, 202);
    tokio::time::timeout(client::PATIENCE, worker.serving).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn the_openapi_file_says_what_the_door_does() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/openapi.yaml")).unwrap();
    let api: Value = serde_yaml_ng::from_str(&text).unwrap();
    let db = Db::sqlite().await;
    let care = Api::new(db.store.clone(), Tokens::read(&Settings::default()).unwrap(), false);
    let worker = Worker::beside(care.routes(), Semaphore::MAX_PERMITS, |_| {}).await;
    for (path, methods) in api["paths"].as_object().unwrap() {
        // Of nobody's id; and what all methods of a path share is no method.
        let nobody = Uuid::nil().to_string();
        let path = &path.replace("{id}", &nobody).replace("{photo}", &nobody).replace("{brand}", "harbour");
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let answer = match method.as_str() {
                "get" => worker.client.get(path).await,
                "post" => worker.client.post(path, &[], b"").await,
                other => panic!("no test knows {other}"),
            };
            let documented = &methods[method]["responses"][answer.status.to_string()];
            assert!(documented.is_object(), "{method} {path} answers {}, which the file does not know", answer.status);
        }
    }
    let verdicts: Vec<_> = doorstep::telemetry::EventVerdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
    assert_eq!(api["components"]["schemas"]["Verdict"]["properties"]["verdict"]["enum"], json!(verdicts));
    let problem = worker.post(STRUCTURED, "{}").await.json();
    let members = api["components"]["schemas"]["Problem"]["properties"].as_object().unwrap();
    assert_eq!(problem.as_object().unwrap().keys().collect::<BTreeSet<_>>(), members.keys().collect::<BTreeSet<_>>());
    db.end().await;
}
