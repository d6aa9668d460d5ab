//! What customers want to send back, and the decision about it.

use axum::extract::{Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::guard::{Posted, Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, order_page, spaced};
use super::{Ops, done};
use crate::domain::listen::kept;
use crate::domain::listen::sending_back::Decision;
use crate::domain::person::Pii;
use crate::outcomes::voice;
use crate::store::listen::returns::{Report, Return};
use crate::store::ops::Audit;

/// Rows on a page.
const ROWS: u32 = 50;

#[derive(Serialize)]
struct Facts {
    rows: Vec<Row>,
    all: bool,
    next: Option<String>,
}

#[derive(Serialize)]
struct Row {
    id: Uuid,
    order: String,
    href: String,
    what: Vec<String>,
    wish: &'static str,
    reason: String,
    /// For operators alone.
    words: Option<String>,
    asked: Moment,
    due: Moment,
    is_late: bool,
    decision: Option<&'static str>,
    decided: Option<Moment>,
    by: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    all: bool,
    before: Option<i64>,
    done: String,
}

/// The list.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    let before = asked.before.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX);
    let rows = match inner.store.returns("", asked.all, before, ROWS).await {
        Ok(rows) => rows,
        Err(error) => return failed(&error),
    };
    let last = rows.last().filter(|_| rows.len() == ROWS as usize);
    let next = last.map(|one| format!("/ops/returns?all={}&before={}", asked.all, one.requested_at.as_millisecond()));
    let is_operator = visitor.is_operator();
    let rows = rows.iter().map(|one| inner.return_row(one, is_operator)).collect();
    let done = done::sentence(&asked.done);
    let showing = Showing { title: "Returns", here: "/ops/returns", watch: Some("work"), done: done.as_deref() };
    inner.pages.show(Page::Returns, &visitor, &showing, &Facts { rows, all: asked.all, next })
}

/// Decides one.
pub(super) async fn decide(State(ops): State<Ops>, posted: Posted) -> Response {
    let (inner, page) = (&ops.inner, "/ops/returns");
    let (Some(decision), Ok(id)) = (Decision::parse(posted.field("act")), posted.field("id").parse::<Uuid>()) else {
        return posted.back(page, "unclear");
    };
    let order = match inner.store.one_return(id).await {
        Ok(Some(one)) => one.order,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let (target, detail) = (Some(format!("return {id}")), Some(decision.as_str().to_owned()));
    let audit = Audit { order: Some(order), target, detail, ..posted.visitor.audit("return decided") };
    let words = posted.given("words").and_then(kept).map(Pii::new);
    let report = inner.hinge.is_telling().then_some(voice::return_decided as Report);
    match inner.store.decide_return(id, decision, words.as_ref(), audit, report).await {
        Ok(Some(_)) => posted.back(page, "decided"),
        Ok(None) => posted.back(page, "decided_before"),
        Err(error) => failed(&error),
    }
}

impl super::Inner {
    fn return_row(&self, one: &Return, is_operator: bool) -> Row {
        let piece = |piece: &crate::domain::listen::sending_back::Piece| {
            let name = [&piece.title, &piece.sku, &piece.id].into_iter().flatten().next();
            format!("{} × {}", piece.qty, name.map_or("item", String::as_str))
        };
        let decided = one.decided.as_ref();
        Row {
            id: one.id,
            order: one.order.to_string(),
            href: order_page(&one.order),
            what: one.pieces.iter().map(piece).collect(),
            wish: one.wish.as_str(),
            reason: spaced(one.reason.as_str()),
            words: one.words.as_ref().filter(|_| is_operator).map(|words| words.expose().clone()),
            asked: self.moment(one.requested_at),
            due: self.moment(one.decide_by),
            is_late: decided.is_none() && self.now() > one.decide_by,
            decision: decided.map(|decided| decided.decision.as_str()),
            decided: decided.map(|decided| self.moment(decided.at)),
            by: decided.map(|decided| decided.by.clone()),
        }
    }
}
