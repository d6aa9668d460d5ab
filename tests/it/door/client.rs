//! A plain HTTP client: one request a connection, and connections that are begun and not ended.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest wait for anything. Generous: the machine may be busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) addr: SocketAddr,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no json: {}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The status line and the headers.
    pub(crate) fn head(&self) -> &str {
        &self.head
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A connection that has begun a request.
pub(crate) struct Begun(TcpStream);

impl Begun {
    /// What the server says first.
    pub(crate) async fn first(&mut self) -> String {
        let mut said = vec![0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.0.read(&mut said)).await.expect("an answer in time").unwrap();
        String::from_utf8_lossy(&said[..read]).into_owned()
    }

    /// Everything the server says until it closes.
    pub(crate) async fn until_closed(mut self) -> Vec<u8> {
        let mut said = Vec::new();
        // A reset is an end as well.
        let _read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut said)).await.expect("it is cut off");
        said
    }
}

impl Client {
    pub(crate) async fn begin(&self, beginning: &str) -> Begun {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        Begun(stream)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    pub(crate) async fn event(self, body: String) -> Answer {
        self.post("/v1/events", &[("content-type", "application/cloudevents+json")], body.as_bytes()).await
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask("POST", path, headers, body).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let asking = async {
            let mut stream = TcpStream::connect(self.addr).await.unwrap();
            let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
            if !headers.iter().any(|(name, _)| *name == "host") {
                head.push_str("host: doorstep\r\n");
            }
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
            stream.write_all(head.as_bytes()).await.unwrap();
            // A server may answer and close before it has read everything.
            let _written = stream.write_all(body).await;
            let mut answer = Vec::new();
            let _read = stream.read_to_end(&mut answer).await;
            parse(&answer)
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("an answer in time")
    }
}

fn parse(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

/// Waits until `reached` holds.
pub(crate) async fn until(reached: impl Fn() -> bool) {
    let asking = async {
        let mut again = tokio::time::interval(Duration::from_millis(5));
        while !reached() {
            again.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("it comes in time");
}
