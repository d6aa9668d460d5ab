//! Who did what, and when.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::guard::{Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, order_page, spaced};
use super::{Inner, Ops};
use crate::store::ops::Audited;

/// Rows on a page.
const ROWS: u32 = 100;

/// Something that was done.
#[derive(Serialize)]
pub(super) struct Act {
    at: Moment,
    person: String,
    action: String,
    order: Option<String>,
    href: Option<String>,
    target: Option<String>,
    detail: Option<String>,
}

#[derive(Serialize)]
struct Facts {
    acts: Vec<Act>,
    next: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    before: Option<i64>,
}

/// The audit, latest first.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    match inner.store.audited(asked.before.unwrap_or(i64::MAX), ROWS).await {
        Ok(rows) => {
            let last = rows.last().filter(|_| rows.len() == ROWS as usize);
            let next = last.map(|row| format!("/ops/audit?before={}", row.seq));
            let facts = Facts { acts: rows.into_iter().map(|row| inner.act_of(row)).collect(), next };
            let showing = Showing { title: "Audit", here: "/ops/audit", watch: Some("work"), done: None };
            inner.pages.show(Page::Audit, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

impl Inner {
    pub(super) fn act_of(&self, audited: Audited) -> Act {
        Act {
            at: self.moment(audited.at),
            href: audited.order.as_ref().map(order_page),
            order: audited.order.map(|order| order.to_string()),
            action: spaced(&audited.action),
            person: audited.person,
            target: audited.target,
            detail: audited.detail,
        }
    }
}
