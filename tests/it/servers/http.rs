//! An HTTP/1.1 receiver that answers what a script says, and remembers each request as it came.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One answer.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// A status with more headers (each ended by CRLF) and a body.
    Answer(u16, String, String),
    /// The end of the connection instead of an answer.
    Close,
    /// Nothing until the client goes away.
    Silence,
    /// A good status whose body breaks off.
    Half,
    /// A reset.
    Reset,
}

/// A status and nothing else.
pub(crate) fn status(code: u16) -> Act {
    Act::Answer(code, String::new(), String::new())
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `POST /path HTTP/1.1`
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) connection: usize,
}

impl Request {
    /// A header's value; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// What is answered to a request.
type Rule = dyn Fn(&Request) -> Option<Act> + Send + Sync;

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Act>>,
    rule: Mutex<Option<Arc<Rule>>>,
    seen: Mutex<Vec<Request>>,
}

/// The running receiver; it stops when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// A name for a receiver of another process: nothing is heard here.
    #[cfg(feature = "crash-points")]
    pub(crate) fn at(port: u16) -> Self {
        Self { port, shared: Arc::default(), task: tokio::spawn(async {}) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts on a free port; without a script each answer is 200 with an id.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self { port, shared, task }
    }

    /// The receiver's address with this path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Adds the next answer to the script.
    pub(crate) fn script(&self, act: Act) {
        self.shared.script.lock().unwrap().push_back(act);
    }

    /// Lets a rule decide wherever the script says nothing.
    pub(crate) fn rule(&self, rule: impl Fn(&Request) -> Option<Act> + Send + Sync + 'static) {
        *self.shared.rule.lock().unwrap() = Some(Arc::new(rule));
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    let mut number = 0;
    while let Ok((stream, _)) = listener.accept().await {
        number += 1;
        sessions.spawn(serve(stream, shared.clone(), number));
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>, connection: usize) {
    let mut unread = Vec::new();
    while let Some(request) = request(&mut stream, &mut unread, connection).await {
        let rule = shared.rule.lock().unwrap().clone();
        let act = shared.script.lock().unwrap().pop_front().or_else(|| rule.and_then(|rule| rule(&request)));
        shared.seen.lock().unwrap().push(request);
        let answer = match act {
            None => answer(200, "", r#"{"id":"msg_1"}"#),
            Some(Act::Answer(code, headers, body)) => answer(code, &headers, &body),
            Some(Act::Close) => return,
            Some(Act::Reset) => return stream.set_zero_linger().unwrap_or_default(),
            Some(Act::Silence) => {
                while stream.read_buf(&mut unread).await.is_ok_and(|n| n > 0) {}
                return;
            }
            Some(Act::Half) => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":").await;
                return;
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn answer(code: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {code} Said\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

async fn request(stream: &mut TcpStream, unread: &mut Vec<u8>, connection: usize) -> Option<Request> {
    let head = loop {
        match unread.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(end) => break unread.drain(..end + 4).collect::<Vec<_>>(),
            None if stream.read_buf(unread).await.ok()? == 0 => return None,
            None => {}
        }
    };
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: Vec<_> = lines.filter_map(header).collect();
    let length: usize = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { line, headers, body: unread.drain(..length).collect(), connection })
}
