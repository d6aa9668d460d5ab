//! Standard output, in words or in JSON, and the questions that people's terminals raise.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Where a verb's answer goes.
#[derive(Debug)]
pub struct Out {
    /// Whether the answer is for a program: one JSON object a line.
    pub json: bool,
}

impl Out {
    /// Standard output, buffered: for many lines.
    pub fn lines(&self) -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(1 << 16, io::stdout().lock())
    }

    /// One line for a person; nothing where a program reads.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn say(&self, line: impl AsRef<str>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{}", line.as_ref())?;
        stdout.flush()
    }

    /// One object for a program; nothing where a person reads.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn object(&self, object: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        serde_json::to_writer(&mut stdout, object)?;
        stdout.write_all(b"\n")?;
        stdout.flush()
    }

    /// A table for a person: columns as wide as their widest cell, nothing cut.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn table<const N: usize>(&self, head: [&str; N], rows: &[[String; N]]) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let head = head.map(str::to_owned);
        let all: Vec<&[String; N]> = std::iter::once(&head).chain(rows).collect();
        let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..N).map(width).collect();
        let mut stdout = BufWriter::new(io::stdout().lock());
        for row in all {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
                .collect();
            writeln!(stdout, "{}", cells.join("  ").trim_end())?;
        }
        stdout.flush()
    }
}

/// A bar that shows how far long work is, on standard error; hidden unless a person watches.
pub fn progress(bytes: u64, what: &'static str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}, {eta} left")
        .expect("a template written here")
        .progress_chars("━╸─");
    ProgressBar::new(bytes).with_style(style).with_message(what)
}

/// Whether `error` only says that nobody reads our output any more, as in `doorstep simulate | head`.
pub fn reader_left(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}
