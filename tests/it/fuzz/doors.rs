//! Bytes from the network: whatever comes to the HTTP port.

use std::net::SocketAddr;
use std::time::Duration;

use doorstep::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::fuzz_within;
use crate::consent::doors::keys;

/// By then a whole request is answered, and one that goes no further is let go. Generous for a busy machine: as a rule it takes
/// some milliseconds.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long an answer is waited for where it may never come.
const BROKEN: Duration = Duration::from_millis(50);
/// What one input may take in all, as far as that is not judged here.
pub(super) const INPUT_MAX: Duration = Duration::from_secs(6);
/// Stand in a request where its length, its time and its signature belong, which are put in just before it is sent.
const LENGTH: &[u8] = b"LENGTH";
const SECONDS: &[u8] = b"SECONDS";
const SIGNATURE: &[u8] = b"SIGNATURE";
/// The id of every call.
const CALL: &str = "c-1";
/// A body in pieces, all of them.
const PIECES: &[u8] = b"2\r\n[]\r\n0\r\n\r\n";

/// Sends bytes as they are and answers with the status; 0: the server hung up, which it may where it cannot know what is asked.
pub(super) async fn sent(addr: SocketAddr, bytes: &[u8]) -> Result<u16, String> {
    let mut stream = TcpStream::connect(addr).await.map_err(|_| "nobody listens any more".to_owned())?;
    let _ = tokio::time::timeout(ANSWER_MAX, stream.write_all(bytes)).await;
    let (is_whole, mut answer) = (is_whole(bytes), Vec::new());
    if !is_whole && tokio::time::timeout(BROKEN, status(&mut stream, &mut answer)).await.is_err() {
        // The server waits for the rest, as it should. When it hears that nothing more will come, it must let go.
        let _ = stream.shutdown().await;
    }
    match tokio::time::timeout(ANSWER_MAX, status(&mut stream, &mut answer)).await {
        Ok(0) if is_whole => Err("no answer to a whole request".to_owned()),
        Ok(status) => Ok(status),
        Err(_) => Err(format!("neither an answer nor an end after {ANSWER_MAX:?}")),
    }
}

/// Reads up to the status; 0 where the connection ends before.
async fn status(stream: &mut TcpStream, answer: &mut Vec<u8>) -> u16 {
    const LINE: usize = "HTTP/1.1 200".len();
    while answer.len() < LINE {
        // A reset is an end as well.
        if stream.read_buf(answer).await.unwrap_or(0) == 0 {
            return 0;
        }
    }
    String::from_utf8_lossy(&answer[..LINE]).split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn place(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// Head and body, where the head ends.
fn halves(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = place(bytes, b"\r\n\r\n")?;
    Some((String::from_utf8_lossy(&bytes[..end]).into_owned(), &bytes[end + 4..]))
}

/// Whether a request is surely all there, so that an answer must come. Of what is only probably so, none is demanded.
fn is_whole(bytes: &[u8]) -> bool {
    let Some((head, body)) = halves(bytes) else { return false };
    let values = |wanted: &str| -> Vec<String> {
        let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned()).collect()
    };
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    let is_there = match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => true,
        ([length], []) => length.parse::<usize>().is_ok_and(|length| length <= body.len()),
        ([], [coding]) => coding == "chunked" && body.starts_with(PIECES),
        _ => false,
    };
    // A line may end without the CR, and the head then elsewhere; empty lines before it do not count.
    is_there && head.starts_with(|first: char| first.is_ascii_uppercase()) && !head.replace("\r\n", "").contains('\n')
}

pub(super) fn judge(status: u16) -> Result<bool, String> {
    match status {
        500 | 501 | 505.. => Err(format!("it answers with {status}")),
        200..400 => Ok(true),
        _ => Ok(false),
    }
}

/// A whole request. `more`: lines of its head, each with its end.
pub(super) fn request(path: &str, kind: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: post.harbour.example\r\nconnection: close\r\ncontent-type: {kind}\r\n{more}content-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A request that is to be changed, still without its length.
fn open(path: &str, kind: &str, more: &str, body: &str) -> Vec<u8> {
    let more = format!("{more}content-length: LENGTH\r\n");
    let whole = String::from_utf8(request(path, kind, &more, b"")).expect("text");
    (whole.replace("content-length: 0\r\n", "") + body).into_bytes()
}

/// A provider's call, still without time and signature too.
fn call(path: &str, prefix: &str, body: &str) -> Vec<u8> {
    let signed = format!("{prefix}-id: {CALL}\r\n{prefix}-timestamp: SECONDS\r\n{prefix}-signature: SIGNATURE\r\n");
    open(path, "application/json", &signed, body)
}

/// Puts in what must fit the body as it has become: otherwise no change of it would come further than that.
fn closed(bytes: &[u8]) -> Vec<u8> {
    let (now, body) = (Clock::database().now(), halves(bytes).map_or(&b""[..], |(_, body)| body));
    let values = [body.len().to_string(), now.as_second().to_string(), keys().sign(CALL, now, body)];
    let mut bytes = bytes.to_vec();
    for (name, value) in [LENGTH, SECONDS, SIGNATURE].into_iter().zip(values) {
        if let Some(at) = place(&bytes, name) {
            bytes.splice(at..at + name.len(), value.bytes());
        }
    }
    bytes
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
    let pieces = "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/cloudevents-batch+json\r\n\
        transfer-encoding: chunked\r\n\r\n";
    let bounced = r#"{"type":"email.bounced","created_at":"2026-03-02T09:00:00Z","data":{"to":["a@mail.example"],"bounce":{"type":"Transient"}}}"#;
    let in_our_words = r#"{"type":"message.bounced","timestamp":"2026-03-02T09:00:00Z","data":{"channel":"email","to":"b@mail.example"}}"#;
    let answered = r#"{"type":"sms.received","data":{"from":"+48500500500","body":"STOP"}}"#;
    let examples = [
        open("/v1/events", "application/cloudevents+json", "", event),
        open("/v1/events", "application/cloudevents-batch+json", "", &batch),
        binary.as_bytes().to_vec(),
        b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_vec(),
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-forwarded-for: 1.2.3.4\r\ncookie: a=b\r\n\r\n"
            .to_vec(),
        [pieces.as_bytes(), PIECES].concat(),
        call("/v1/callbacks/resend", "svix", bounced),
        call("/v1/callbacks/generic", "webhook", in_our_words),
        call("/v1/callbacks/sms/shop", "webhook", answered),
    ];
    assert!(examples.iter().all(|example| is_whole(&closed(example))), "each example is whole");
    fuzz_within(INPUT_MAX, "http", &examples, |bytes| runtime.block_on(sent(addr, &closed(bytes))).and_then(judge));
    assert!(worker.is_alive(), "the worker died: {}", worker.log());
    let log = worker.stop();
    assert!(!log.contains("panic"), "{}", log.lines().find(|line| line.contains("panic")).unwrap_or_default());
}
