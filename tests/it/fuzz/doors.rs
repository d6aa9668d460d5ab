//! Bytes from the network: forms below an order's page, and whatever comes to the HTTP port.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fuzz;
use crate::care::{Site, multipart};
use crate::store::world::Db;

/// How long an answer to a whole request may take, and how long one is waited for where it may never come.
const WHOLE: Duration = Duration::from_secs(20);
const BROKEN: Duration = Duration::from_millis(150);
/// Stands where a form has its stamp, which is put in just before it is sent.
const STAMP: &str = "STAMP";

/// Sends bytes as they are and answers with the status; 0: no answer came, for the server hung up or waits for more.
async fn sent(addr: std::net::SocketAddr, bytes: &[u8], patience: Duration) -> Result<u16, String> {
    let asking = async {
        let mut stream = TcpStream::connect(addr).await.map_err(|_| "nobody listens any more".to_owned())?;
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(patience, stream.read_to_end(&mut answer)).await;
        let text = String::from_utf8_lossy(&answer);
        Ok(text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0))
    };
    asking.await
}

fn judge(status: u16) -> Result<bool, String> {
    match status {
        500 | 501 | 505.. => Err(format!("it answers with {status}")),
        200..400 => Ok(true),
        _ => Ok(false),
    }
}

fn request(path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: post.harbour.example\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Forms that were filled in well, and what becomes of them on a bad way: bodies alone are changed here.
#[test]
fn forms() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (db, site, page) = runtime.block_on(async {
        let db = Db::sqlite().await;
        let site = Site::new(&db).await;
        let page = site.delivered("A1", "en").await;
        (db, site, page)
    });
    const FORM: &str = "application/x-www-form-urlencoded";
    let (rating, problem, back) = (format!("{page}/rating"), format!("{page}/problem"), format!("{page}/return"));
    let rated = b"stamp=STAMP&csat=5&nps=9&csat_words=all+well".to_vec();
    let returned = b"stamp=STAMP&qty.0.L1=1&reason=other&wish=refund&words=too+small".to_vec();
    let (kind, told) =
        multipart(&[("stamp", STAMP), ("sort", "damaged"), ("words", "broken")], &[&crate::care::picture(8)]);
    // The first byte says to which form it goes, so that one list of examples holds all three.
    let examples: Vec<Vec<u8>> =
        [(b'r', &rated), (b'b', &returned), (b'p', &told)].map(|(form, body)| [&[form][..], body].concat()).into();
    fuzz("forms", &examples, |bytes| {
        let (form, body) = bytes.split_first().map_or((b'r', bytes), |(form, body)| (*form, body));
        let (path, kind) = match form {
            b'p' => (&problem, kind.as_str()),
            b'b' => (&back, FORM),
            _ => (&rating, FORM),
        };
        // Those who send many forms are made to wait.
        db.advance(120);
        // A stamp of this minute, wherever the mutations have left its place whole.
        let stamp = site.links.stamp(path, db.clock.now() - jiff::SignedDuration::from_secs(60));
        let place = body.windows(STAMP.len()).position(|window| window == STAMP.as_bytes());
        let body =
            place.map_or(body.to_vec(), |at| [&body[..at], stamp.as_bytes(), &body[at + STAMP.len()..]].concat());
        let status = runtime.block_on(sent(site.client.addr, &request(path, kind, &body), WHOLE))?;
        judge(status)
    });
    drop(site);
    runtime.block_on(db.end());
}

/// Whole requests, changed anywhere: in the line, in the headers, in the body.
#[test]
fn the_http_port() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut worker = crate::poison::Worker::start(folder.path());
    let addr = worker.address.parse().expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let event = r#"{"specversion":"1.0","id":"f-1","source":"/shops/fuzz","type":"other.thing","time":"2026-03-02T09:00:00Z","data":{}}"#;
    let batch = format!("[{event},{event}]");
    let binary = "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\nce-specversion: 1.0\r\n\
        ce-id: b-1\r\nce-source: /shops/fuzz\r\nce-type: other.thing\r\nce-time: 2026-03-02T09:00:00Z\r\ncontent-length: 2\r\n\r\n{}";
    let examples = [
        request("/v1/events", "application/cloudevents+json", event.as_bytes()),
        request("/v1/events", "application/cloudevents-batch+json", batch.as_bytes()),
        binary.as_bytes().to_vec(),
        b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: 1.2.3.4\r\ncookie: a=b\r\n\r\n".to_vec(),
        b"POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cloudevents-batch+json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n".to_vec(),
    ];
    fuzz("http", &examples, |bytes| {
        // A request that is not whole is waited for by the server, not by us.
        let patience = if examples.iter().any(|example| example == bytes) { WHOLE } else { BROKEN };
        runtime.block_on(sent(addr, bytes, patience)).and_then(judge)
    });
    assert!(worker.is_alive(), "the worker died: {}", worker.log());
    let log = worker.stop();
    assert!(!log.contains("panic"), "{}", log.lines().find(|line| line.contains("panic")).unwrap_or_default());
}
