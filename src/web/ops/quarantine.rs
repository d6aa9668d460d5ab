//! What was refused at the doors: reasons for everybody, bytes for operators alone, since they are often personal.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::guard::{Posted, Visitor, failed};
use super::page::{Page, Showing};
use super::words::Moment;
use super::{Ops, done};
use crate::apply::Verdict;
use crate::mend;
use crate::store::ops::Audit;
use crate::store::rows::Quarantined;

/// Rows on a page.
const ROWS: u32 = 50;
/// Bytes of an entry that are shown; the whole is for `doorstep quarantine show`.
const SHOWN_BYTES_MAX: usize = 64 * 1024;

#[derive(Serialize)]
struct Facts {
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    door: String,
    reason: String,
    at: Moment,
    bytes: usize,
}

#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    row: Row,
    retried: Option<Moment>,
    headers: Option<String>,
    raw: String,
    cut: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    after: i64,
    done: String,
}

/// The list, oldest first.
pub(super) async fn list(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    match inner.store.quarantine(asked.after, ROWS).await {
        Ok(kept) => {
            let last = kept.last().filter(|_| kept.len() == ROWS as usize);
            let next = last.map(|kept| format!("/ops/quarantine?after={}", kept.id));
            let facts = Facts { rows: kept.iter().map(|kept| row(&ops, kept)).collect(), next };
            let done = done::sentence(&asked.done);
            let showing =
                Showing { title: "Quarantine", here: "/ops/quarantine", watch: Some("work"), done: done.as_deref() };
            inner.pages.show(Page::Quarantine, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

/// One entry with its bytes.
pub(super) async fn entry(
    State(ops): State<Ops>,
    visitor: Visitor,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Response {
    let inner = &ops.inner;
    if !visitor.is_operator() {
        return inner.refusal(StatusCode::FORBIDDEN, "What was refused may be personal: only operators may read it.");
    }
    let kept = match inner.store.quarantined(id).await {
        Ok(Some(kept)) => kept,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let shown = &kept.raw[..kept.raw.len().min(SHOWN_BYTES_MAX)];
    let facts = Entry {
        retried: kept.retried_at.map(|at| inner.moment(at)),
        headers: Some(kept.headers.clone()).filter(|headers| !headers.is_empty()),
        raw: String::from_utf8_lossy(shown).into_owned(),
        cut: shown.len() < kept.raw.len(),
        row: row(&ops, &kept),
    };
    let (title, here) = (format!("Refused event {id}"), format!("/ops/quarantine/{id}"));
    let done = done::sentence(&asked.done);
    let showing = Showing { title: &title, here: &here, watch: None, done: done.as_deref() };
    inner.pages.show(Page::Entry, &visitor, &showing, &facts)
}

fn row(ops: &Ops, kept: &Quarantined) -> Row {
    Row {
        id: kept.id,
        door: kept.door.clone(),
        reason: kept.reason.clone(),
        at: ops.inner.moment(kept.refused_at),
        bytes: kept.raw.len(),
    }
}

/// Lets an entry through the door again, or deletes it for good.
pub(super) async fn mend(State(ops): State<Ops>, posted: Posted) -> Response {
    let inner = &ops.inner;
    let Ok(id) = posted.field("id").parse::<i64>() else { return posted.back("/ops/quarantine", "unclear") };
    let kept = match inner.store.quarantined(id).await {
        Ok(Some(kept)) => kept,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let audit = |action| Audit { target: Some(format!("entry {id}")), ..posted.visitor.audit(action) };
    match posted.field("act") {
        "retry" => {
            if let Err(error) = inner.store.audit(&audit("quarantine_retry")).await {
                return failed(&error);
            }
            match mend::retry(&inner.store, &inner.decoder, &inner.hinge, kept).await {
                Ok(Verdict::Refused { .. }) => posted.back("/ops/quarantine", "still"),
                Ok(_) => posted.back("/ops/quarantine", "retried"),
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "an entry of the quarantine could not be retried");
                    StatusCode::SERVICE_UNAVAILABLE.into_response()
                }
            }
        }
        "drop" => {
            let dropped = async {
                inner.store.audit(&audit("quarantine_drop")).await?;
                inner.store.quarantine_drop(id).await
            };
            match dropped.await {
                Ok(_) => posted.back("/ops/quarantine", "dropped"),
                Err(error) => failed(&error),
            }
        }
        _ => posted.back("/ops/quarantine", "unclear"),
    }
}
