//! SMTP's line: bytes out, replies in, each step bounded in time and each reply in size.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Most bytes of one reply, all its lines together. RFC 5321 allows 512 a line; an EHLO reply has some dozen lines.
const REPLY_BYTES_MAX: usize = 16 * 1024;
/// How much is read at once.
const READ_BYTES: usize = 2048;

/// Why the conversation cannot go on. The connection is of no use after any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The other side took too long.
    Timeout,
    /// The connection was closed or reset.
    Lost,
    /// What came was no reply, or came when nothing was asked.
    Surprise,
}

/// One reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The words after each code, without line ends. What is not UTF-8 is replaced.
    pub(super) lines: Vec<String>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One connection and what has been read of it but not yet used.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    unread: Vec<u8>,
}

impl Wire {
    /// Connects, without Nagle's delay: a conversation of small packets would wait 40 ms at each turn.
    pub(super) async fn connect(host: &str, port: u16, limit: Duration) -> Result<Self, Trouble> {
        let stream = timeout(limit, TcpStream::connect((host, port))).await.map_err(|_| Trouble::Timeout)?;
        let stream = stream.map_err(|_| Trouble::Lost)?;
        stream.set_nodelay(true).map_err(|_| Trouble::Lost)?;
        Ok(Self { stream: Stream::Plain(stream), unread: Vec::with_capacity(READ_BYTES) })
    }

    /// Encrypts what follows. Anything that came before is a surprise: it could be a reply that somebody slipped in.
    pub(super) async fn encrypt(
        self,
        tls: Arc<rustls::ClientConfig>,
        name: ServerName<'static>,
        limit: Duration,
    ) -> Result<Self, Trouble> {
        if !self.unread.is_empty() {
            return Err(Trouble::Surprise);
        }
        let Stream::Plain(stream) = self.stream else { return Err(Trouble::Surprise) };
        let handshake = TlsConnector::from(tls).connect(name, stream);
        let stream = timeout(limit, handshake).await.map_err(|_| Trouble::Timeout)?.map_err(|error| {
            // A certificate that is not trusted is no accident of the network.
            if error.kind() == io::ErrorKind::InvalidData { Trouble::Surprise } else { Trouble::Lost }
        })?;
        Ok(Self { stream: Stream::Tls(Box::new(stream)), unread: self.unread })
    }

    /// Sends all of `bytes`; each piece that the network takes has `limit`. Says how many were taken when it fails.
    pub(super) async fn send(&mut self, bytes: &[u8], limit: Duration) -> Result<(), (usize, Trouble)> {
        let mut taken = 0;
        while taken < bytes.len() {
            let write = async {
                match &mut self.stream {
                    Stream::Plain(stream) => stream.write(&bytes[taken..]).await,
                    Stream::Tls(stream) => stream.write(&bytes[taken..]).await,
                }
            };
            match timeout(limit, write).await {
                Err(_) => return Err((taken, Trouble::Timeout)),
                Ok(Err(_) | Ok(0)) => return Err((taken, Trouble::Lost)),
                Ok(Ok(n)) => taken += n,
            }
        }
        let flush = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.flush().await,
                Stream::Tls(stream) => stream.flush().await,
            }
        };
        match timeout(limit, flush).await {
            Err(_) => Err((taken, Trouble::Timeout)),
            Ok(Err(_)) => Err((taken, Trouble::Lost)),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// The next reply, whole, within `limit`.
    pub(super) async fn reply(&mut self, limit: Duration) -> Result<Reply, Trouble> {
        timeout(limit, self.next_reply()).await.unwrap_or(Err(Trouble::Timeout))
    }

    async fn next_reply(&mut self) -> Result<Reply, Trouble> {
        let mut reader = Replies::default();
        loop {
            if let Some((reply, used)) = reader.read(&self.unread)? {
                self.unread.drain(..used);
                return Ok(reply);
            }
            if self.unread.len() >= REPLY_BYTES_MAX {
                return Err(Trouble::Surprise);
            }
            self.unread.reserve(READ_BYTES);
            match self.read().await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Err(Trouble::Lost),
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.read_buf(&mut self.unread).await,
            Stream::Tls(stream) => stream.read_buf(&mut self.unread).await,
        }
    }

    /// Whether nothing has come that was not asked for: no words, and no end.
    pub(super) fn is_quiet(&mut self) -> bool {
        self.unread.is_empty() && self.read().now_or_never().is_none()
    }
}

/// Reads one reply out of bytes that come bit by bit, looking at each line once.
#[derive(Debug, Default)]
struct Replies {
    code: Option<u16>,
    lines: Vec<String>,
    used: usize,
}

impl Replies {
    fn read(&mut self, bytes: &[u8]) -> Result<Option<(Reply, usize)>, Trouble> {
        while let Some(end) = bytes[self.used..].iter().position(|&byte| byte == b'\n') {
            let line = &bytes[self.used..self.used + end];
            self.used += end + 1;
            let last = self.line(line.strip_suffix(b"\r").unwrap_or(line))?;
            if last {
                let code = self.code.expect("a line with a code has been read");
                return Ok(Some((Reply { code, lines: std::mem::take(&mut self.lines) }, self.used)));
            }
        }
        Ok(None)
    }

    /// Takes one line; true if it is the reply's last.
    fn line(&mut self, line: &[u8]) -> Result<bool, Trouble> {
        let (digits, rest) = line.split_at_checked(3).ok_or(Trouble::Surprise)?;
        if !matches!(digits, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
            return Err(Trouble::Surprise);
        }
        let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        if *self.code.get_or_insert(code) != code {
            return Err(Trouble::Surprise);
        }
        let (last, words) = match rest {
            [] => (true, rest),
            [b' ', words @ ..] => (true, words),
            [b'-', words @ ..] => (false, words),
            [_, ..] => return Err(Trouble::Surprise),
        };
        self.lines.push(String::from_utf8_lossy(words).into_owned());
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<(u16, Vec<String>, usize)>, Trouble> {
        Ok(Replies::default().read(bytes)?.map(|(reply, used)| (reply.code, reply.lines, used)))
    }

    #[test]
    fn replies_are_read_line_by_line() {
        assert_eq!(read(b"250 ok\r\n"), Ok(Some((250, vec!["ok".to_owned()], 8))));
        assert_eq!(read(b"250\r\n"), Ok(Some((250, vec![String::new()], 5))));
        assert_eq!(read(b"250 ok\n250 more\r\n"), Ok(Some((250, vec!["ok".to_owned()], 7))));
        let lines = vec!["mail.example".to_owned(), "PIPELINING".to_owned()];
        assert_eq!(read(b"250-mail.example\r\n250 PIPELINING\r\n"), Ok(Some((250, lines, 34))));
        assert_eq!(read(b"250 nul\0\xff\r\n"), Ok(Some((250, vec!["nul\0\u{fffd}".to_owned()], 11))));
        assert_eq!(read(b""), Ok(None));
        assert_eq!(read(b"250-half\r\n250 o"), Ok(None));
    }

    #[test]
    fn what_is_no_reply_is_a_surprise() {
        for bytes in [
            &b"\r\n"[..],
            b"ok\r\n",
            b"250250250 ok\r\n",
            b"99 ok\r\n",
            b"199 ok\r\n",
            b"650 ok\r\n",
            b"250_ok\r\n",
            b"2x0 ok\r\n",
            b"250-a\r\n251 b\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
        ] {
            assert_eq!(read(bytes), Err(Trouble::Surprise), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_reply_that_comes_byte_by_byte_is_the_same() {
        let whole = b"250-one\r\n250-two\r\n250 three\r\n";
        let mut reader = Replies::default();
        for end in 0..whole.len() {
            assert_eq!(reader.read(&whole[..end]), Ok(None));
        }
        let (reply, used) = reader.read(whole).unwrap().unwrap();
        assert_eq!((reply.code, reply.lines.len(), used), (250, 3, whole.len()));
    }
}
