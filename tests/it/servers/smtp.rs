//! A mail server that does what a script says: the next answer at each stage comes from the script, and after that it is
//! as friendly as any.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Where in the conversation an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Banner,
    Ehlo,
    Starttls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// After the first kilobytes of the body.
    Body,
    Dot,
    /// After a mail was taken, before the next command.
    Idle,
    Noop,
    Rset,
}

/// What is done at a stage.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// These words, and on.
    Say(String),
    /// These bytes, and on.
    Bytes(Vec<u8>),
    /// These words, each byte in a packet of its own.
    Drip(String),
    /// These words, then the end of the connection.
    SayAndClose(String),
    /// These words, then a reset.
    SayAndReset(String),
    /// The end of the connection.
    Close,
    /// A reset.
    Reset,
    /// Nothing until the client goes away; then these words, too late.
    Late(String),
    /// These words after so many milliseconds, and on.
    After(u64, String),
    /// These words when the test says so, and on.
    Once(Arc<Notify>, String),
}

/// Says the words of one reply.
pub(crate) fn say(words: &str) -> Act {
    Act::Say(words.to_owned())
}

/// How the line is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Plain,
    Starttls,
    Implicit,
    /// STARTTLS is announced, but the other side of it is not TLS.
    BrokenTls,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: String,
    /// As it was written before dots were doubled.
    pub(crate) data: Vec<u8>,
    pub(crate) encrypted: bool,
    pub(crate) connection: usize,
}

/// What was seen so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    /// Every command line, of all connections, with the connection's number.
    pub(crate) commands: Vec<(usize, String)>,
    pub(crate) taken: Vec<Taken>,
    /// Mails that came whole, taken or not.
    pub(crate) whole: usize,
}

impl Seen {
    /// How many commands began with this word.
    pub(crate) fn count(&self, word: &str) -> usize {
        self.commands
            .iter()
            .filter(|(_, line)| line.to_ascii_uppercase().starts_with(&word.to_ascii_uppercase()))
            .count()
    }
}

/// What is done at a stage, to the mail of this number, on the connection of this number (both count from 1; no mail: 0).
pub(crate) type Rule = dyn Fn(Stage, usize, usize) -> Option<Act> + Send + Sync;

struct Shared {
    mode: Mode,
    rule: Mutex<Option<Arc<Rule>>>,
    extensions: Vec<String>,
    script: Mutex<HashMap<Stage, VecDeque<Act>>>,
    seen: Mutex<Seen>,
    tls: TlsAcceptor,
}

/// The running server; it stops when it is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The certificate that clients must trust.
    pub(crate) ca_file: PathBuf,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Starts on a free port with the usual extensions.
    pub(crate) async fn start(mode: Mode) -> Self {
        Self::with_extensions(mode, &["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760", "AUTH PLAIN LOGIN"]).await
    }

    /// Starts with these extensions.
    pub(crate) async fn with_extensions(mode: Mode, extensions: &[&str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let ca_file = dir.path().join("ca.pem");
        std::fs::write(&ca_file, cert.pem()).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let shared = Arc::new(Shared {
            mode,
            rule: Mutex::default(),
            extensions: extensions.iter().map(|&one| one.to_owned()).collect(),
            script: Mutex::default(),
            seen: Mutex::default(),
            tls: TlsAcceptor::from(Arc::new(config)),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(accept(listener, shared.clone()));
        Self { port, ca_file, shared, task, _dir: dir }
    }

    /// Adds to the script: the next answer at this stage that nothing was said about yet.
    pub(crate) fn script(&self, stage: Stage, act: Act) {
        self.shared.script.lock().unwrap().entry(stage).or_default().push_back(act);
    }

    /// Lets a rule decide wherever the script says nothing. It knows a mail by the number in its sender's address,
    /// `orders-17@…`, and the reply that takes a mail names it by that.
    pub(crate) fn rule(&self, rule: impl Fn(Stage, usize, usize) -> Option<Act> + Send + Sync + 'static) {
        *self.shared.rule.lock().unwrap() = Some(Arc::new(rule));
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Seen {
        self.shared.seen.lock().unwrap().clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut sessions = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let number = {
            let mut seen = shared.seen.lock().unwrap();
            seen.connections += 1;
            seen.connections
        };
        let shared = shared.clone();
        sessions.spawn(async move {
            // An error is a client that went away, which some tests want.
            let _ = Session { shared, number, mail: 0, line: Line::Plain(stream), unread: Vec::new() }.serve().await;
        });
    }
}

enum Line {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Closed,
}

struct Session {
    shared: Arc<Shared>,
    number: usize,
    /// The number of the mail that is spoken of.
    mail: usize,
    line: Line,
    unread: Vec<u8>,
}

/// The number in `MAIL FROM:<orders-17@…>`; 0 where there is none.
fn number_of(from: &str) -> usize {
    let local = from.split('@').next().unwrap_or_default();
    local.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The connection is over, as the script wanted or because the client left.
fn over<T>() -> io::Result<T> {
    Err(io::ErrorKind::ConnectionAborted.into())
}

impl Session {
    async fn serve(mut self) -> io::Result<()> {
        if self.shared.mode == Mode::Implicit {
            self.encrypt().await?;
        }
        self.act(Stage::Banner, "220 mail.example ESMTP").await?;
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let line = self.line().await?;
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let hello = self.hello();
                    self.act(Stage::Ehlo, &hello).await?;
                }
                "STARTTLS" => {
                    self.act(Stage::Starttls, "220 go ahead").await?;
                    self.encrypt().await?;
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" => {
                    from = line;
                    self.mail = number_of(&from);
                    self.act(Stage::Mail, "250 ok").await?;
                }
                "RCPT" => {
                    to = line;
                    self.act(Stage::Rcpt, "250 ok").await?;
                }
                "DATA" => {
                    if self.act(Stage::Data, "354 go on").await?.starts_with("354") {
                        self.body(&from, &to).await?;
                    }
                }
                "NOOP" => drop(self.act(Stage::Noop, "250 ok").await?),
                "RSET" => drop(self.act(Stage::Rset, "250 ok").await?),
                "QUIT" => {
                    self.write(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => self.write(b"502 what?\r\n").await?,
            }
        }
    }

    fn hello(&self) -> String {
        let mut lines = vec!["mail.example".to_owned()];
        if matches!((self.shared.mode, &self.line), (Mode::Starttls | Mode::BrokenTls, Line::Plain(_))) {
            lines.push("STARTTLS".to_owned());
        }
        lines.extend(self.shared.extensions.iter().cloned());
        let last = lines.len() - 1;
        let line = |(number, line): (usize, &String)| format!("250{}{line}", if number == last { " " } else { "-" });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    async fn auth(&mut self, line: &str) -> io::Result<()> {
        if line.eq_ignore_ascii_case("AUTH LOGIN") {
            // "Username:" and "Password:" in base64.
            for question in ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] {
                self.write(question.as_bytes()).await?;
                self.line().await?;
            }
        }
        self.act(Stage::Auth, "235 welcome").await.map(drop)
    }

    async fn body(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut data = Vec::new();
        if self.planned(Stage::Body) || self.ruled(Stage::Body).is_some() {
            while data.len() < 4096 {
                data.extend(self.raw_line().await?);
            }
            self.act(Stage::Body, "").await?;
        }
        loop {
            let line = self.raw_line().await?;
            if line == b".\r\n" {
                break;
            }
            data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        self.shared.seen.lock().unwrap().whole += 1;
        let taken = Taken {
            from: from.to_owned(),
            to: to.to_owned(),
            data,
            encrypted: matches!(self.line, Line::Tls(_)),
            connection: self.number,
        };
        // A mail counts as taken before the client can know it.
        let usual = match self.mail {
            0 => "250 2.0.0 ok queued as TEST1".to_owned(),
            number => format!("250 2.0.0 ok queued as {number}"),
        };
        let verdict = self.next(Stage::Dot);
        let words = match &verdict {
            Some(Act::Say(words) | Act::Drip(words) | Act::SayAndClose(words) | Act::SayAndReset(words)) => {
                words.as_str()
            }
            Some(Act::Bytes(bytes)) => std::str::from_utf8(bytes).unwrap_or_default(),
            Some(Act::Close | Act::Reset | Act::Late(_)) => "",
            Some(Act::After(_, words) | Act::Once(_, words)) => words,
            None => &usual,
        };
        if words.starts_with('2') {
            self.shared.seen.lock().unwrap().taken.push(taken);
        }
        self.perform(verdict, &usual).await?;
        if let Some(act) = self.next(Stage::Idle) {
            self.perform(Some(act), "").await?;
        }
        Ok(())
    }

    fn planned(&self, stage: Stage) -> bool {
        self.shared.script.lock().unwrap().get(&stage).is_some_and(|acts| !acts.is_empty())
    }

    fn next(&self, stage: Stage) -> Option<Act> {
        let scripted = self.shared.script.lock().unwrap().get_mut(&stage).and_then(VecDeque::pop_front);
        scripted.or_else(|| self.ruled(stage))
    }

    fn ruled(&self, stage: Stage) -> Option<Act> {
        let rule = self.shared.rule.lock().unwrap().clone();
        rule.and_then(|rule| rule(stage, self.mail, self.number))
    }

    async fn act(&mut self, stage: Stage, usual: &str) -> io::Result<String> {
        let act = self.next(stage);
        self.perform(act, usual).await
    }

    /// Does what the script says, or the usual; gives back the words.
    async fn perform(&mut self, act: Option<Act>, usual: &str) -> io::Result<String> {
        let words = match act {
            None => usual.to_owned(),
            Some(Act::Say(words)) => words,
            Some(Act::Bytes(bytes)) => {
                self.write(&bytes).await?;
                return Ok(String::from_utf8_lossy(&bytes).into_owned());
            }
            Some(Act::Drip(words)) => {
                for byte in format!("{words}\r\n").into_bytes() {
                    self.write(&[byte]).await?;
                    tokio::task::yield_now().await;
                }
                return Ok(words);
            }
            Some(Act::SayAndClose(words)) => {
                self.write(format!("{words}\r\n").as_bytes()).await?;
                self.close().await;
                return over();
            }
            Some(Act::SayAndReset(words)) => {
                self.write(format!("{words}\r\n").as_bytes()).await?;
                return self.reset();
            }
            Some(Act::Close) => {
                self.close().await;
                return over();
            }
            Some(Act::Reset) => return self.reset(),
            Some(Act::After(ms, words)) => {
                // Whoever goes away meanwhile hears nothing.
                tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
                self.write(format!("{words}\r\n").as_bytes()).await?;
                return Ok(words);
            }
            Some(Act::Once(sign, words)) => {
                sign.notified().await;
                self.write(format!("{words}\r\n").as_bytes()).await?;
                return Ok(words);
            }
            Some(Act::Late(words)) => {
                while self.fill().await? > 0 {}
                self.write(format!("{words}\r\n").as_bytes()).await?;
                return over();
            }
        };
        if !words.is_empty() {
            self.write(format!("{words}\r\n").as_bytes()).await?;
        }
        Ok(words)
    }

    async fn close(&mut self) {
        let _ = match std::mem::replace(&mut self.line, Line::Closed) {
            Line::Plain(mut stream) => stream.shutdown().await,
            Line::Tls(mut stream) => stream.shutdown().await,
            Line::Closed => Ok(()),
        };
    }

    fn reset(&mut self) -> io::Result<String> {
        match std::mem::replace(&mut self.line, Line::Closed) {
            Line::Plain(stream) => stream.set_zero_linger()?,
            Line::Tls(stream) => stream.get_ref().0.set_zero_linger()?,
            Line::Closed => {}
        }
        over()
    }

    async fn encrypt(&mut self) -> io::Result<()> {
        if self.shared.mode == Mode::BrokenTls {
            self.write(b"220 this is not TLS\r\n220 at all\r\n").await?;
            while self.fill().await? > 0 {}
            return over();
        }
        let Line::Plain(stream) = std::mem::replace(&mut self.line, Line::Closed) else { return over() };
        self.line = Line::Tls(Box::new(self.shared.tls.accept(stream).await?));
        Ok(())
    }

    async fn line(&mut self) -> io::Result<String> {
        let line = String::from_utf8_lossy(&self.raw_line().await?).trim_end().to_owned();
        self.shared.seen.lock().unwrap().commands.push((self.number, line.clone()));
        Ok(line)
    }

    async fn raw_line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            if self.fill().await? == 0 {
                return over();
            }
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        match &mut self.line {
            Line::Plain(stream) => stream.read_buf(&mut self.unread).await,
            Line::Tls(stream) => stream.read_buf(&mut self.unread).await,
            Line::Closed => Ok(0),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.line {
            Line::Plain(stream) => stream.write_all(bytes).await,
            Line::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Line::Closed => over(),
        }
    }
}
