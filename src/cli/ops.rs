//! `doorstep ops`: people for the ops console.

use std::io::{BufRead, IsTerminal};

use anyhow::Context;

use super::Ending;
use super::out::Out;
use crate::web::ops::people;

/// What to do for the console.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Verb {
    /// Read a password, one line on standard input, and print its hash for the users' file
    Hash,
}

/// Does what `verb` says.
///
/// # Errors
/// When the password is too short, or cannot be read.
pub fn run(verb: &Verb, out: &Out) -> anyhow::Result<Ending> {
    match verb {
        Verb::Hash => hash(out),
    }
}

fn hash(out: &Out) -> anyhow::Result<Ending> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        eprintln!(
            "Type the password and press Enter. It is shown as you type: better let it come from a file or a password store."
        );
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).context("reading the password from standard input")?;
    let hash = people::hash(line.trim_end_matches(['\r', '\n']))?;
    out.object(&serde_json::json!({ "hash": hash }))?;
    out.say(hash)?;
    Ok(Ending::Done)
}
