//! `doorstep outbox`: lists what is in doubt, and settles it.

use anyhow::Context;
use serde::Serialize;
use uuid::Uuid;

use super::Ending;
use super::out::Out;
use super::parts::ready_store;
use crate::config::Config;
use crate::domain::id::NoticeKey;
use crate::outcomes;
use crate::store::rows::{Decision, NoticeRow, State};

/// What to do with the outbox.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Verb {
    /// Messages in one state; without `--state`, those of which nobody knows whether they arrived
    List {
        /// Which state: planned, claimed, sending, accepted, rejected, in_doubt, superseded, suppressed
        #[arg(long, default_value = "in_doubt", value_parser = parse_state)]
        state: State,
        /// Messages at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Only messages whose key comes after this one
        #[arg(long, value_name = "KEY")]
        after: Option<Uuid>,
    },
    /// Say what became of a message in doubt
    Settle {
        /// As `list` shows it; also the left side of the mail's Message-ID
        key: Uuid,
        #[command(flatten)]
        as_what: AsWhat,
    },
}

/// The two ways to settle a doubt.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct AsWhat {
    /// It arrived: the relay's log shows it
    #[arg(long, alias = "as-sent")]
    pub sent: bool,
    /// It did not: send the same bytes again
    #[arg(long)]
    pub send_again: bool,
}

fn parse_state(word: &str) -> Result<State, String> {
    State::parse(word).ok_or_else(|| {
        let words: Vec<&str> = State::ALL.iter().map(|state| state.as_str()).collect();
        format!("one of {}", words.join(", "))
    })
}

/// A notice for a program. It holds no address.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    pub(super) key: NoticeKey,
    order: &'a str,
    shipment: Option<&'a str>,
    stage: &'a str,
    occurrence: u32,
    to: &'a str,
    channel: &'a str,
    state: &'a str,
    fact_at: String,
    planned_at: String,
    due_at: String,
    attempts: u32,
    doubt_at: Option<String>,
    settled_at: Option<String>,
    why: Option<&'a str>,
    cause: Option<&'a str>,
    receipt: Option<&'a str>,
}

impl<'a> Shown<'a> {
    pub(super) fn of(row: &'a NoticeRow) -> Self {
        let notice = &row.notice;
        Self {
            key: notice.key,
            order: notice.order.as_str(),
            shipment: notice.shipment.as_deref(),
            stage: notice.stage.as_str(),
            occurrence: notice.occurrence,
            to: notice.role.as_str(),
            channel: notice.channel.as_str(),
            state: row.state.as_str(),
            fact_at: notice.fact_at.to_string(),
            planned_at: notice.planned_at.to_string(),
            due_at: notice.due.to_string(),
            attempts: row.attempts,
            doubt_at: row.doubt_at.map(|at| at.to_string()),
            settled_at: row.settled_at.map(|at| at.to_string()),
            why: row.why.as_deref(),
            cause: row.cause.as_deref(),
            receipt: row.receipt.as_deref(),
        }
    }
}

/// Does what `verb` says.
///
/// # Errors
/// When the database cannot be used, or the output is gone.
pub async fn run(verb: &Verb, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    match verb {
        Verb::List { state, limit, after } => list(*state, *limit, after.map(NoticeKey), config, out).await,
        Verb::Settle { key, as_what } => settle(NoticeKey(*key), as_what, config, out).await,
    }
}

async fn list(
    state: State,
    limit: u32,
    after: Option<NoticeKey>,
    config: &Config,
    out: &Out,
) -> anyhow::Result<Ending> {
    let store = ready_store(config).await?;
    let rows = store.notices_in(state, after, limit).await.context("reading the outbox")?;
    store.close().await;
    for row in &rows {
        out.object(&Shown::of(row))?;
    }
    if rows.is_empty() {
        out.say(match state {
            State::InDoubt => "nothing is in doubt".to_owned(),
            other => format!("nothing is {}", other.as_str()),
        })?;
        return Ok(Ending::Done);
    }
    let cells: Vec<[String; 6]> = rows
        .iter()
        .map(|row| {
            let notice = &row.notice;
            let since = row.doubt_at.or(row.settled_at).unwrap_or(notice.due);
            let what = format!("{} · {} · {}", notice.stage.as_str(), notice.channel.as_str(), notice.role.as_str());
            let sign = row.cause.clone().or_else(|| row.why.clone()).unwrap_or_default();
            [notice.key.to_string(), notice.order.to_string(), what, since.to_string(), row.attempts.to_string(), sign]
        })
        .collect();
    out.table(["KEY", "ORDER", "MESSAGE", "SINCE", "TRIES", "LAST SIGN"], &cells)?;
    Ok(Ending::Done)
}

async fn settle(key: NoticeKey, as_what: &AsWhat, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let decision = if as_what.sent { Decision::WasSent } else { Decision::SendAgain };
    let store = ready_store(config).await?;
    let read = async || store.notice(key).await.context("reading the message");
    let before = read().await?.filter(|_| config.tells_outcomes());
    let told = before.and_then(|row| outcomes::decided(&row.notice, decision, store.clock().now()));
    let settled = store.decide_doubt(key, decision, "cli", told).await.context("settling the message")?;
    let now = read().await?;
    store.close().await;
    if !settled {
        match now {
            Some(row) => eprintln!("doorstep outbox: {key} is {}, not in doubt", row.state.as_str()),
            None => eprintln!("doorstep outbox: there is no message {key}"),
        }
        return Ok(Ending::NotFound);
    }
    if let Some(row) = &now {
        out.object(&Shown::of(row))?;
    }
    out.say(match decision {
        Decision::WasSent => format!("{key}: settled as sent"),
        Decision::SendAgain => format!("{key}: the same bytes will be sent again"),
    })?;
    Ok(Ending::Done)
}
