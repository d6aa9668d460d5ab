//! Facts from files and standard input: JSON Lines, one structured event a line.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio_util::sync::CancellationToken;

use super::decode::Decoder;
use super::{Apply, Incoming};
use crate::apply::{ApplyFailed, Verdict};
use crate::telemetry;

/// This door's name on what it refuses.
const DOOR: &str = "file";
/// Events in one transaction.
const BATCH_MAX: usize = 256;
/// What some programs write at the beginning of a file to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What became of the lines so far. Blank lines are passed over and not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Poured {
    /// Bytes read, line ends included.
    pub bytes: u64,
    pub applied: u64,
    pub repeated: u64,
    pub waiting: u64,
    pub unknown_type: u64,
    pub refused: u64,
}

/// Why reading ended before the end. What was told of before is kept; the same file may be read again, since what is known
/// counts as a repeat.
#[derive(Debug, thiserror::Error)]
pub enum Broke {
    #[error("cannot read line {line}")]
    Read {
        line: u64,
        #[source]
        source: io::Error,
    },
    #[error("the events before line {line} are not all stored")]
    Store {
        line: u64,
        #[source]
        source: ApplyFailed,
    },
}

/// Reads `lines` to their end or until `stop`, and applies them in batches: while one batch is in its transaction, the next is
/// read and decoded, and never more than that is held. `told` hears after each batch how far it is.
///
/// # Errors
/// [`Broke`], if the lines cannot be read or the store does not take a batch.
pub async fn pour<A: Apply>(
    lines: impl AsyncBufRead + Unpin,
    decoder: &Decoder,
    apply: &A,
    stop: &CancellationToken,
    mut told: impl FnMut(&Poured),
) -> Result<Poured, Broke> {
    let mut source = Source { lines, decoder, line: 0, bytes: 0 };
    let mut poured = Poured::default();
    let mut batch = source.batch().await?;
    while !batch.is_empty() && !stop.is_cancelled() {
        let bytes = source.bytes;
        let (applied, next) = tokio::join!(apply.apply(Arc::new(batch)), source.batch());
        let verdicts = applied.map_err(|failed| Broke::Store { line: source.line, source: failed })?;
        poured.bytes = bytes;
        poured.count(&verdicts);
        told(&poured);
        batch = next?;
    }
    Ok(poured)
}

impl Poured {
    fn count(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            telemetry::event_verdict(telemetry::Door::File, verdict);
            let count = match verdict {
                Verdict::Applied => &mut self.applied,
                Verdict::Repeat => &mut self.repeated,
                Verdict::Waiting => &mut self.waiting,
                Verdict::UnknownType => &mut self.unknown_type,
                Verdict::Refused { .. } => &mut self.refused,
            };
            *count += 1;
        }
    }
}

struct Source<'a, R> {
    lines: R,
    decoder: &'a Decoder,
    /// The number of the line that was read last.
    line: u64,
    bytes: u64,
}

impl<R: AsyncBufRead + Unpin> Source<'_, R> {
    /// Reads and decodes the next batch; an empty one at the end.
    async fn batch(&mut self) -> Result<Vec<Incoming>, Broke> {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while batch.len() < BATCH_MAX {
            let read = self.next_line().await;
            self.line += 1;
            let Some(line) = read.map_err(|source| Broke::Read { line: self.line, source })? else { break };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let mut incoming = self.decoder.structured(DOOR, line);
            if let Incoming::Refused(refused) = &mut incoming {
                refused.reason.push_str(&format!(" (line {})", self.line));
            }
            batch.push(incoming);
        }
        Ok(batch)
    }

    /// The next line without its end. Of a line that is too long, one byte more than permitted is kept, so that the decoder
    /// refuses it.
    async fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let keep = self.decoder.limits().event_bytes_max + 1;
        let mut line = Vec::new();
        let mut any = false;
        loop {
            let there = self.lines.fill_buf().await?;
            if there.is_empty() {
                break;
            }
            any = true;
            let end = there.iter().position(|byte| *byte == b'\n');
            let piece = &there[..end.unwrap_or(there.len())];
            line.extend_from_slice(&piece[..piece.len().min(keep.saturating_sub(line.len()))]);
            let consumed = end.map_or(there.len(), |end| end + 1);
            self.lines.consume(consumed);
            self.bytes += consumed as u64;
            if end.is_some() {
                break;
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if self.line == 0 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(any.then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::decode::{Brands, Limits};
    use super::*;

    /// Remembers what it was given; fails once `room` batches have come.
    #[derive(Clone)]
    struct Hinge {
        seen: Arc<Mutex<Vec<Vec<String>>>>,
        room: usize,
    }

    impl Hinge {
        fn new(room: usize) -> Self {
            Self { seen: Arc::default(), room }
        }
    }

    impl Apply for Hinge {
        async fn apply(&self, batch: impl Into<Arc<Vec<Incoming>>> + Send) -> Result<Vec<Verdict>, ApplyFailed> {
            let batch: Arc<Vec<Incoming>> = batch.into();
            let mut seen = self.seen.lock().expect("nothing panics while it holds this");
            if seen.len() == self.room {
                return Err(ApplyFailed::new("full"));
            }
            let (names, verdicts) = batch
                .iter()
                .map(|incoming| match incoming {
                    Incoming::Event { arrival, .. } | Incoming::UnknownType { arrival } => {
                        (arrival.id.clone(), Verdict::Applied)
                    }
                    Incoming::Refused(refused) => {
                        (refused.reason.clone(), Verdict::Refused { reason: refused.reason.clone() })
                    }
                })
                .unzip();
            seen.push(names);
            Ok(verdicts)
        }
    }

    fn event(n: usize) -> String {
        format!(
            r#"{{"specversion":"1.0","id":"e-{n}","source":"s","type":"order.packed","time":"2026-11-03T10:11:12Z","data":{{"order":{{"id":"A"}}}}}}"#
        )
    }

    fn decoder() -> Decoder {
        Decoder::new(Limits { event_bytes_max: 400, ..Limits::default() }, Brands::any("harbour"))
    }

    #[tokio::test]
    async fn lines_are_numbered_and_long_ones_refused() {
        let text = format!("\u{feff}{}\r\n\n{{\n{}\n{}", event(1), "x".repeat(100_000), event(2));
        let hinge = Hinge::new(9);
        let poured =
            pour(text.as_bytes(), &decoder(), &hinge, &CancellationToken::new(), |_| {}).await.expect("readable");
        let seen = hinge.seen.lock().expect("nothing panics").concat();
        let cut = "not valid json: EOF while parsing an object (line 1, column 1) (line 3)";
        let long = "body: larger than 400 bytes; kept 400 of 401 bytes (line 4)";
        assert_eq!(seen, ["e-1", &format!("body: {cut}"), long, "e-2"]);
        assert_eq!((poured.applied, poured.refused, poured.bytes), (2, 2, text.len() as u64));
    }

    #[tokio::test]
    async fn batches_are_bounded_and_each_is_told_of() {
        let text: String = (0..600).map(|n| event(n) + "\n").collect();
        let hinge = Hinge::new(9);
        let mut told = Vec::new();
        let stop = CancellationToken::new();
        pour(text.as_bytes(), &decoder(), &hinge, &stop, |so_far| told.push(so_far.applied)).await.expect("readable");
        assert_eq!(told, [256, 512, 600]);
    }

    #[tokio::test]
    async fn a_store_that_is_away_ends_it_where_it_can_go_on() {
        let text: String = (0..600).map(|n| event(n) + "\n").collect();
        let hinge = Hinge::new(1);
        let stop = CancellationToken::new();
        let broke = pour(text.as_bytes(), &decoder(), &hinge, &stop, |_| {}).await.expect_err("full");
        assert!(matches!(broke, Broke::Store { .. }), "{broke}");
        stop.cancel();
        let poured = pour(text.as_bytes(), &decoder(), &hinge, &stop, |_| {}).await.expect("stopped");
        assert_eq!(poured, Poured::default());
    }
}
