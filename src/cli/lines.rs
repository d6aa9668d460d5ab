//! Files of JSON Lines, and `-` for standard input, read one line at a time and never more than a line may be.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::ProgressBar;

use super::out;

/// What some programs write at the beginning of a file to say that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Several files, read as one.
pub(super) struct Lines {
    /// Still to be read, the next one last.
    files: Vec<PathBuf>,
    here: Option<(PathBuf, Box<dyn BufRead>)>,
    number: u64,
    line_bytes_max: usize,
    progress: ProgressBar,
}

/// One line and where it stands.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) place: String,
    /// The bytes without the line end; one byte longer than permitted where the line was longer still.
    pub(super) bytes: Vec<u8>,
}

impl Lines {
    /// Prepares to read `files` one after the other. Lines longer than `line_bytes_max` are cut one byte behind it, so that
    /// whoever judges their length still refuses them.
    ///
    /// # Errors
    /// When one of the files is not there: better at once than after an hour.
    pub(super) fn open(files: &[PathBuf], line_bytes_max: usize, what: &'static str) -> anyhow::Result<Self> {
        let mut bytes = 0;
        for path in files.iter().filter(|path| path.as_path() != Path::new("-")) {
            bytes += std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?.len();
        }
        let progress = if bytes > 0 { out::progress(bytes, what) } else { ProgressBar::hidden() };
        Ok(Self { files: files.iter().rev().cloned().collect(), here: None, number: 0, line_bytes_max, progress })
    }

    /// The next line that is not blank; `None` after the last one.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            let Some((path, reader)) = &mut self.here else {
                let Some(path) = self.files.pop() else {
                    self.progress.finish_and_clear();
                    return Ok(None);
                };
                self.here = Some((path.clone(), reader_of(&path)?));
                self.number = 0;
                continue;
            };
            let mut bytes = Vec::new();
            let limit = self.line_bytes_max as u64 + 2;
            let read = reader.by_ref().take(limit).read_until(b'\n', &mut bytes);
            let mut consumed = read.with_context(|| format!("reading {}", path.display()))? as u64;
            if consumed == 0 {
                self.here = None;
                continue;
            }
            if bytes.pop_if(|last| *last == b'\n').is_none() && consumed == limit {
                consumed += skip_line(reader).with_context(|| format!("reading {}", path.display()))?;
            }
            bytes.pop_if(|last| *last == b'\r');
            bytes.truncate(self.line_bytes_max + 1);
            self.number += 1;
            if self.number == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
            }
            self.progress.inc(consumed);
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Line { place: format!("{}:{}", path.display(), self.number), bytes }));
            }
        }
    }
}

fn reader_of(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}

/// Passes over the rest of a line that is too long, without keeping it.
fn skip_line(reader: &mut dyn BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let there = reader.fill_buf()?;
        if there.is_empty() {
            return Ok(skipped);
        }
        let end = there.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(there.len(), |end| end + 1);
        reader.consume(length);
        skipped += length as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_one_and_long_lines_are_cut_where_they_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&first, format!("\u{feff}one\r\n\n  \n{}\ntwo", "x".repeat(1000))).expect("a file");
        std::fs::write(&second, "three\n").expect("a file");
        let mut lines = Lines::open(&[first, second], 10, "test").expect("both are there");
        let mut read = Vec::new();
        while let Some(line) = lines.next().expect("readable") {
            let name = line.place.rsplit('/').next().expect("a name").to_owned();
            read.push(format!("{name} {}", String::from_utf8(line.bytes).expect("text")));
        }
        assert_eq!(read, ["a:1 one", "a:4 xxxxxxxxxxx", "a:5 two", "b:1 three"]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named_at_once() {
        let wrong = Lines::open(&[PathBuf::from("/no/such/file")], 10, "test").err().expect("an error");
        assert!(wrong.to_string().contains("/no/such/file"));
    }
}
