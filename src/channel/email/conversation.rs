//! One conversation with a mail server, step by step, by the one owner of its connection.
//!
//! The commands, their parameters and the ways to log in are lettre's. Its connection is not used: it reads a line of any
//! length before it looks at the limit, keeps bytes that came before STARTTLS for after it, cannot say whether unasked
//! replies wait in its buffer, and writes the final dot apart from the body. Each of those decides what may be believed
//! about a mail, so the line itself is ours (see [`Wire`]).
//!
//! A conversation is moved into each mail's hands and comes back only if all is well: a timeout, a surprise or a caller
//! that goes away drops it, so no reply can be taken for the next mail's.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Noop, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use rustls_pki_types::ServerName;

use super::verdict::{Unopened, broken, broken_protocol, expect, fault, in_doubt, judge, receipt, refusal};
use super::wire::{Reply, Trouble, Wire};
use crate::channel::{Cause, Receipt, SendError};
use crate::clock::Stopwatch;
use crate::crash;

/// How long each sort of step may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) connect: Duration,
    /// A command and its reply, and each piece of the body.
    pub(super) command: Duration,
    /// The reply after the final dot.
    pub(super) accept: Duration,
}

/// How the line is protected.
#[derive(Debug, Clone)]
pub(super) enum Security {
    /// Encrypted from the first byte.
    Implicit(Arc<rustls::ClientConfig>, ServerName<'static>),
    /// Encrypted before anything but greetings is said.
    Starttls(Arc<rustls::ClientConfig>, ServerName<'static>),
    /// Not at all.
    None,
}

/// Whom to talk to and how.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) hello: ClientId,
    pub(super) limits: Limits,
}

/// What the server said it can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Extensions {
    starttls: bool,
    pipelining: bool,
    eight_bit: bool,
    utf8: bool,
    /// Largest mail taken, in bytes; `Some(0)`: it knows the extension and names no limit.
    size: Option<usize>,
    plain: bool,
    login: bool,
}

/// Who writes to whom, judged already.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) from: lettre::Address,
    pub(super) to: lettre::Address,
    /// Whether an address holds what only a server with SMTPUTF8 takes.
    pub(super) needs_utf8: bool,
}

/// An open connection between two mails.
#[derive(Debug)]
pub(super) struct Conversation {
    wire: Wire,
    extensions: Extensions,
    limits: Limits,
    /// Mails handed over so far.
    pub(super) mails: u32,
    pub(super) opened: Stopwatch,
    /// Since the last mail.
    pub(super) rested: Stopwatch,
    /// Whether a refused mail must be cleared away first.
    dirty: bool,
}

impl Conversation {
    /// Connects, encrypts, greets and logs in. Whatever goes wrong here is the endpoint's fault, and no mail's.
    pub(super) async fn open(peer: &Peer) -> Result<Self, SendError> {
        let limits = peer.limits;
        let wire = Wire::connect(&peer.host, peer.port, limits.connect).await;
        let mut wire = wire.map_err(|trouble| broken(trouble, "could not connect", "timed out while connecting"))?;
        if let Security::Implicit(tls, name) = &peer.security {
            wire = encrypted(wire, tls, name, limits).await?;
        }
        let mut new = Self {
            wire,
            extensions: Extensions::default(),
            limits,
            mails: 0,
            opened: Stopwatch::start(),
            rested: Stopwatch::start(),
            dirty: false,
        };
        let banner = new.wire.reply(limits.command).await;
        expect(banner, 220, "the server's greeting refuses us")?;
        new.greet(peer).await?;
        if let Security::Starttls(tls, name) = &peer.security {
            if !new.extensions.starttls {
                return Err(fault("the server offers no STARTTLS, and nothing is sent without", None));
            }
            expect(new.command(Starttls).await, 220, "the server refused STARTTLS")?;
            new.wire = encrypted(new.wire, tls, name, limits).await?;
            new.greet(peer).await?;
        }
        if let Some(credentials) = &peer.credentials {
            new.log_in(credentials).await?;
        }
        Ok(new)
    }

    async fn greet(&mut self, peer: &Peer) -> Result<(), SendError> {
        let hello = self.command(Ehlo::new(peer.hello.clone())).await;
        let reply = expect(hello, 250, "the server refused EHLO")?;
        self.extensions = Extensions::read(&reply);
        Ok(())
    }

    async fn log_in(&mut self, credentials: &Credentials) -> Result<(), SendError> {
        let broken_off = || fault("the server's way to log in is not known to us", None);
        let mechanism = match &self.extensions {
            Extensions { plain: true, .. } => Mechanism::Plain,
            Extensions { login: true, .. } => Mechanism::Login,
            Extensions { .. } => return Err(broken_off()),
        };
        let auth = Auth::new(mechanism, credentials.clone(), None).map_err(|_| broken_off())?;
        let mut answer = self.command(auth).await;
        // LOGIN asks for the name, then for the password.
        for _ in 0..2 {
            let Ok(Reply { code: 334, lines }) = &answer else { break };
            let question: Response = format!("334 {}\r\n", lines[0]).parse().map_err(|_| broken_off())?;
            let auth = Auth::new_from_response(mechanism, credentials.clone(), &question).map_err(|_| broken_off())?;
            answer = self.command(auth).await;
        }
        expect(answer, 235, "the server refused our credentials").map(|_| ())
    }

    /// Whether the connection still stands and the server is ready for the next mail; `rested` says when to ask it.
    pub(super) async fn is_ready(&mut self, ask: bool) -> bool {
        if !self.wire.is_quiet() {
            return false;
        }
        let answer = match (self.dirty, ask) {
            (true, _) => self.command(Rset).await,
            (false, true) => self.command(Noop).await,
            (false, false) => return true,
        };
        self.dirty = false;
        matches!(answer, Ok(Reply { code: 250, .. })) && self.wire.is_quiet()
    }

    /// MAIL, RCPT and DATA, up to the server's 354: nothing is handed over yet.
    pub(super) async fn open_mail(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<(), Unopened> {
        let parameters = self.parameters(envelope, mail)?;
        let commands = [
            Mail::new(Some(envelope.from.clone()), parameters).to_string(),
            Rcpt::new(envelope.to.clone(), Vec::new()).to_string(),
            Data.to_string(),
        ];
        let replies = if self.extensions.pipelining {
            self.ask_at_once(&commands).await
        } else {
            self.ask_in_turn(&commands).await
        };
        self.dirty = true;
        crash::point("smtp.addressed");
        judge(&replies)
    }

    fn parameters(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<MailParameter>, Unopened> {
        // The server has not been asked anything about this mail, so the connection stays as it was.
        let never = |what| Unopened {
            error: SendError::Never { cause: Cause { what, code: None, endpoint_fault: false } },
            stale: false,
            in_step: true,
        };
        let mut parameters = Vec::with_capacity(3);
        if let Some(most) = self.extensions.size {
            if most > 0 && mail.len() > most {
                return Err(never("the mail is bigger than the server takes"));
            }
            parameters.push(MailParameter::Size(mail.len()));
        }
        if envelope.needs_utf8 {
            if !self.extensions.utf8 {
                return Err(never("the address needs SMTPUTF8, which the server does not have"));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            if !self.extensions.eight_bit {
                return Err(never("the mail needs 8BITMIME, which the server does not have"));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }

    /// One packet, three replies.
    async fn ask_at_once(&mut self, commands: &[String; 3]) -> Vec<Result<Reply, Trouble>> {
        if let Err((_, trouble)) = self.wire.send(commands.concat().as_bytes(), self.limits.command).await {
            return vec![Err(trouble)];
        }
        let mut replies = Vec::with_capacity(commands.len());
        for _ in commands {
            replies.push(self.wire.reply(self.limits.command).await);
            if replies.last().is_some_and(Result::is_err) {
                break;
            }
        }
        replies
    }

    /// One after the other, as far as the server goes along.
    async fn ask_in_turn(&mut self, commands: &[String; 3]) -> Vec<Result<Reply, Trouble>> {
        let mut replies = Vec::with_capacity(commands.len());
        for command in commands {
            let reply = self.command(command).await;
            let goes_on = matches!(&reply, Ok(reply) if reply.code < 300);
            replies.push(reply);
            if !goes_on {
                break;
            }
        }
        replies
    }

    /// The body and the final dot, in one write, and the server's verdict. The connection comes back if it can be used
    /// again.
    pub(super) async fn hand_over(mut self, mail: &[u8]) -> (Option<Self>, Result<Receipt, SendError>) {
        if !self.wire.is_quiet() {
            // A verdict before the mail would be believed to be the mail's.
            return (None, Err(broken_protocol()));
        }
        let body = stuffed(mail);
        if let Err((taken, trouble)) = self.wire.send(&body, self.limits.command).await {
            let error = if taken < body.len() {
                // The dot has not left us, so the server has no whole mail.
                broken(trouble, "the connection was lost within the body", "timed out within the body")
            } else {
                in_doubt(trouble)
            };
            return (None, Err(error));
        }
        crash::point("smtp.body_written");
        let reply = match self.wire.reply(self.limits.accept).await {
            Ok(reply) => reply,
            Err(trouble) => return (None, Err(in_doubt(trouble))),
        };
        crash::point("smtp.answered");
        let verdict = match reply.code {
            200..=299 => Ok(receipt(&reply)),
            400..=599 => Err(refusal(&reply, "the mail was refused")),
            _ => return (None, Err(in_doubt(Trouble::Surprise))),
        };
        self.mails += 1;
        self.dirty = false;
        self.rested = Stopwatch::start();
        let usable = reply.code != 421 && self.wire.is_quiet();
        (usable.then_some(self), verdict)
    }

    /// Says good-bye without waiting for an answer.
    pub(super) async fn close(mut self) {
        let _ = self.wire.send(Quit.to_string().as_bytes(), Duration::from_secs(1)).await;
    }

    async fn command(&mut self, command: impl Display) -> Result<Reply, Trouble> {
        self.wire.send(command.to_string().as_bytes(), self.limits.command).await.map_err(|(_, trouble)| trouble)?;
        self.wire.reply(self.limits.command).await
    }
}

impl Extensions {
    /// Reads the reply to EHLO: a line each, after the server's name; keywords are the same in either case.
    fn read(reply: &Reply) -> Self {
        let mut extensions = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => extensions.starttls = true,
                Some("PIPELINING") => extensions.pipelining = true,
                Some("8BITMIME") => extensions.eight_bit = true,
                Some("SMTPUTF8") => extensions.utf8 = true,
                Some("SIZE") => extensions.size = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
                Some("AUTH") => {
                    for word in words {
                        extensions.plain |= word == "PLAIN";
                        extensions.login |= word == "LOGIN";
                    }
                }
                Some(_) | None => {}
            }
        }
        extensions
    }
}

async fn encrypted(
    wire: Wire,
    tls: &Arc<rustls::ClientConfig>,
    name: &ServerName<'static>,
    limits: Limits,
) -> Result<Wire, SendError> {
    wire.encrypt(tls.clone(), name.clone(), limits.connect).await.map_err(|trouble| match trouble {
        Trouble::Surprise => fault("the line could not be encrypted: an unknown certificate, or meddling", None),
        Trouble::Lost | Trouble::Timeout => fault("the connection was lost while it was being encrypted", None),
    })
}

/// The mail as it stands on the wire: a dot before each line that begins with one, then the final dot.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(mail.len() + 64);
    for line in mail.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            body.push(b'.');
        }
        body.extend_from_slice(line);
    }
    if !body.ends_with(b"\r\n") {
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b".\r\n");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_the_last_one_stands_alone() {
        assert_eq!(stuffed(b"a\r\n.b\r\n..\r\n"), b"a\r\n..b\r\n...\r\n.\r\n");
        assert_eq!(stuffed(b".\r\nno end"), b"..\r\nno end\r\n.\r\n");
        assert_eq!(stuffed(b""), b"\r\n.\r\n");
    }

    #[test]
    fn extensions_are_read_in_either_case() {
        let lines = ["mail.example hello", "size 1000", "PIPELINING", "starttls", "AUTH GSSAPI login plain", "X-OTHER"];
        let read = Extensions::read(&Reply { code: 250, lines: lines.map(str::to_owned).to_vec() });
        let want = Extensions {
            starttls: true,
            pipelining: true,
            size: Some(1000),
            plain: true,
            login: true,
            ..Extensions::default()
        };
        assert_eq!(read, want);
        let name_alone = Reply { code: 250, lines: vec!["STARTTLS".to_owned()] };
        assert_eq!(Extensions::read(&name_alone), Extensions::default());
    }
}
