//! Messages of which nobody knows whether they arrived, and what a person makes of them.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::guard::{Posted, Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, order_page, spaced};
use super::{Ops, done};
use crate::domain::id::NoticeKey;
use crate::outcomes;
use crate::store::ops::Audit;
use crate::store::rows::{Decision, State as NoticeState};

/// Rows on a page.
const ROWS: u32 = 50;
/// Who settled it, as the notice itself keeps it; whose hand it was stands in the audit.
const WHO: &str = "ops";

#[derive(Serialize)]
struct Facts {
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
    key: String,
    order: String,
    href: String,
    stage: String,
    channel: &'static str,
    to: &'static str,
    since: Moment,
    attempts: u32,
    sign: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    after: Option<Uuid>,
    done: String,
}

/// The list.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    match inner.store.notices_in(NoticeState::InDoubt, asked.after.map(NoticeKey), ROWS).await {
        Ok(rows) => {
            let last = rows.last().filter(|_| rows.len() == ROWS as usize);
            let next = last.map(|row| format!("/ops/doubt?after={}", row.notice.key));
            let row = |row: &crate::store::rows::NoticeRow| Row {
                key: row.notice.key.to_string(),
                order: row.notice.order.to_string(),
                href: order_page(&row.notice.order),
                stage: spaced(row.notice.stage.as_str()),
                channel: row.notice.channel.as_str(),
                to: row.notice.role.as_str(),
                since: inner.moment(row.doubt_at.unwrap_or(row.notice.due)),
                attempts: row.attempts,
                sign: row.cause.clone().unwrap_or_default(),
            };
            let facts = Facts { rows: rows.iter().map(row).collect(), next };
            let done = done::sentence(&asked.done);
            let showing = Showing { title: "In doubt", here: "/ops/doubt", watch: Some("work"), done: done.as_deref() };
            inner.pages.show(Page::Doubt, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

/// Settles one: it was sent, or the same bytes go out again.
pub(super) async fn settle(State(ops): State<Ops>, posted: Posted) -> Response {
    let store = &ops.inner.store;
    let (decision, action, done) = match posted.field("act") {
        "sent" => (Decision::WasSent, "settle_as_sent", "sent"),
        "again" => (Decision::SendAgain, "send_again", "again"),
        _ => return posted.back("/ops/doubt", "unclear"),
    };
    let Ok(key) = posted.field("key").parse().map(NoticeKey) else { return posted.back("/ops/doubt", "unclear") };
    let settled = async {
        let Some(row) = store.notice(key).await?.filter(|row| row.state == NoticeState::InDoubt) else {
            return Ok(false);
        };
        let target = Some(format!("{} by {}", spaced(row.notice.stage.as_str()), row.notice.channel.as_str()));
        let told = ops.inner.hinge.is_telling().then(|| outcomes::decided(&row.notice, decision, store.clock().now()));
        let audit = Audit { order: Some(row.notice.order), target, ..posted.visitor.audit(action) };
        store.audit(&audit).await?;
        store.decide_doubt(key, decision, WHO, told.flatten()).await
    };
    match settled.await {
        Ok(true) => posted.back("/ops/doubt", done),
        Ok(false) => posted.back("/ops/doubt", "settled"),
        Err(error) => failed(&error),
    }
}
