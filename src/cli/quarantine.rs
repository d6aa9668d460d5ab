//! `doorstep quarantine`: looks at what was refused at the door, and repairs it.

use std::io::Write;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Ending;
use super::out::Out;
use super::parts::{Parts, ready_store};
use crate::apply::Verdict;
use crate::config::Config;
use crate::mend;
use crate::store::rows::Quarantined;

/// What to do with what was refused.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Verb {
    /// What is kept, oldest first
    List {
        /// Entries at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Only entries after this one
        #[arg(long, default_value_t = 0, value_name = "ID")]
        after: i64,
    },
    /// One entry with its bytes, which may be personal
    Show {
        /// As `list` shows it
        id: i64,
    },
    /// Let entries through the door again, after doorstep or its configuration was mended
    Retry {
        /// As `list` shows them
        #[arg(required_unless_present = "all")]
        ids: Vec<i64>,
        /// Every entry
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Delete entries for good
    Drop {
        /// As `list` shows them
        #[arg(required = true)]
        ids: Vec<i64>,
    },
}

/// How many entries are read at once when all are retried.
const PAGE: u32 = 200;

/// An entry for a program.
#[derive(Serialize)]
struct Entry<'a> {
    id: i64,
    door: &'a str,
    reason: &'a str,
    refused_at: String,
    retried_at: Option<String>,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a str>,
    /// Where the bytes are not text.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_base64: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    headers: &'a str,
}

impl<'a> Entry<'a> {
    fn brief(kept: &'a Quarantined) -> Self {
        Self {
            id: kept.id,
            door: &kept.door,
            reason: &kept.reason,
            refused_at: kept.refused_at.to_string(),
            retried_at: kept.retried_at.map(|at| at.to_string()),
            bytes: kept.raw.len(),
            raw: None,
            raw_base64: None,
            headers: "",
        }
    }

    fn whole(kept: &'a Quarantined) -> Self {
        let text = std::str::from_utf8(&kept.raw).ok();
        let raw_base64 = text.is_none().then(|| STANDARD.encode(&kept.raw));
        Self { raw: text, raw_base64, headers: &kept.headers, ..Self::brief(kept) }
    }
}

/// Does what `verb` says.
///
/// # Errors
/// When the database cannot be used, or the output is gone.
pub async fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    match verb {
        Verb::List { limit, after } => list(*limit, *after, config, out).await,
        Verb::Show { id } => show(*id, config, out).await,
        Verb::Retry { ids, all } => retry(ids, *all, config, out).await,
        Verb::Drop { ids } => drop_for_good(ids, config, out).await,
    }
}

async fn list(limit: u32, after: i64, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let store = ready_store(config).await?;
    let kept = store.quarantine(after, limit).await.context("reading the quarantine")?;
    for entry in &kept {
        out.object(&Entry::brief(entry))?;
    }
    let rows: Vec<[String; 5]> = kept
        .iter()
        .map(|kept| {
            let size = format!("{} B", kept.raw.len());
            [kept.id.to_string(), kept.refused_at.to_string(), kept.door.clone(), size, kept.reason.clone()]
        })
        .collect();
    if rows.is_empty() {
        out.say("nothing is kept")?;
    } else {
        out.table(["ID", "REFUSED", "DOOR", "SIZE", "REASON"], &rows)?;
    }
    store.close().await;
    Ok(Ending::Done)
}

async fn show(id: i64, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let store = ready_store(config).await?;
    let kept = store.quarantined(id).await.context("reading the quarantine")?;
    store.close().await;
    let Some(kept) = kept else {
        eprintln!("doorstep quarantine: there is no entry {id}");
        return Ok(Ending::NotFound);
    };
    out.object(&Entry::whole(&kept))?;
    out.say(format!("{} through {} at {}: {}", kept.id, kept.door, kept.refused_at, kept.reason))?;
    if !kept.headers.is_empty() {
        out.say(format!("headers: {}", kept.headers))?;
    }
    if !out.json {
        let mut stdout = out.lines();
        stdout.write_all(&kept.raw)?;
        stdout.write_all(b"\n")?;
        stdout.flush()?;
    }
    Ok(Ending::Done)
}

async fn retry(ids: &[i64], all: bool, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let parts = Parts::open(config).await?;
    let mut ending = Ending::Done;
    if all {
        let mut after = 0;
        loop {
            let page = parts.store.quarantine(after, PAGE).await.context("reading the quarantine")?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for kept in page {
                ending = ending.max(retry_one(&parts, kept, out).await?);
            }
        }
    }
    for id in ids {
        match parts.store.quarantined(*id).await.context("reading the quarantine")? {
            Some(kept) => ending = ending.max(retry_one(&parts, kept, out).await?),
            None => {
                eprintln!("doorstep quarantine: there is no entry {id}");
                ending = ending.max(Ending::NotFound);
            }
        }
    }
    parts.store.close().await;
    Ok(ending)
}

/// An entry's second way through the door, for a program.
#[derive(Serialize)]
struct Retried<'a> {
    id: i64,
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

async fn retry_one(parts: &Parts, kept: Quarantined, out: &Out) -> anyhow::Result<Ending> {
    let id = kept.id;
    let verdict = mend::retry(&parts.store, &parts.decoder, &parts.hinge, kept).await?;
    let (word, reason) = match &verdict {
        Verdict::Applied => ("applied", None),
        Verdict::Repeat => ("repeat", None),
        Verdict::Waiting => ("waiting", None),
        Verdict::UnknownType => ("unknown_type", None),
        Verdict::Erased => ("erased", None),
        Verdict::Refused { reason } => ("refused", Some(reason.as_str())),
    };
    out.object(&Retried { id, verdict: word, reason })?;
    out.say(match reason {
        Some(reason) => format!("{id}: refused again: {reason}"),
        None => format!("{id}: {}", word.replace('_', " ")),
    })?;
    Ok(if reason.is_some() { Ending::Problems } else { Ending::Done })
}

async fn drop_for_good(ids: &[i64], config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let store = ready_store(config).await?;
    let mut ending = Ending::Done;
    for id in ids {
        if store.quarantine_drop(*id).await.context("deleting the entry")? {
            out.object(&serde_json::json!({ "id": id, "dropped": true }))?;
            out.say(format!("{id}: dropped"))?;
        } else {
            eprintln!("doorstep quarantine: there is no entry {id}");
            ending = Ending::NotFound;
        }
    }
    store.close().await;
    Ok(ending)
}
