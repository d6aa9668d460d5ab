//! One list of alerts, a page at a time.

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Serialize;
use uuid::Uuid;

use super::done;
use super::guard::{Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, amount, order_page, percent, promise};
use super::work::{Asked, Field, Filters, filters};
use super::{Inner, Ops};
use crate::domain::alert::AlertKey;
use crate::domain::alert::Standing;
use crate::store::StoreError;
use crate::store::worklist::Watched;

/// Rows on a page.
const ROWS: u32 = 50;

#[derive(Serialize)]
struct Facts<'a> {
    heading: String,
    total: u64,
    rows: Vec<Row>,
    filters: Filters,
    fields: Vec<Field<'a>>,
    /// The latest alert that this page knows of: what a person acts on is what they have seen.
    seen: i64,
    next: Option<String>,
    first: Option<String>,
}

/// An alert in a list.
#[derive(Serialize)]
pub(super) struct Row {
    key: String,
    order: String,
    href: String,
    parcel: Option<String>,
    kind: &'static str,
    reason: Option<String>,
    standing: &'static str,
    is_open: bool,
    by: Option<String>,
    until: Option<Moment>,
    since: Moment,
    carrier: Option<String>,
    lane: Option<String>,
    warehouse: Option<String>,
    worth: Option<String>,
    chance: Option<String>,
    promise: Option<String>,
    tone: &'static str,
    cleared: Option<Moment>,
    clear_why: Option<String>,
}

/// The list that is asked for.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    match inner.alerts(&asked).await {
        Ok(facts) => {
            let here = asked.address("/ops/alerts");
            let done = done::sentence(&asked.done);
            let showing = Showing { title: &facts.heading, here: &here, watch: Some("work"), done: done.as_deref() };
            inner.pages.show(Page::Alerts, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

impl Inner {
    async fn alerts<'a>(&self, asked: &'a Asked) -> Result<Facts<'a>, StoreError> {
        let seen = self.now();
        let filter = asked.filter(seen);
        let after = asked
            .after
            .split_once('.')
            .and_then(|(rank, id)| Some((rank.parse().ok()?, AlertKey(id.parse::<Uuid>().ok()?))));
        let mut rows = self.store.work_list(&filter, asked.sort(), after, ROWS + 1).await?;
        let groups = self.groups.get(&asked.age, self.store.work_groups(filter.before)).await?;
        let total = groups.iter().filter(|group| filter.holds(group)).map(|group| group.count).sum();
        let has_more = rows.len() > ROWS as usize;
        rows.truncate(ROWS as usize);
        let list = asked.address("/ops/alerts");
        let mark = if list.contains('?') { '&' } else { '?' };
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|row| format!("{list}{mark}after={}.{}", row.rank, row.alert.key.0));
        let places = [&filter.brand, &filter.carrier, &filter.lane, &filter.warehouse];
        let kind = filter.kind.map(|kind| kind.in_words().to_owned());
        let parts: Vec<String> =
            kind.into_iter().chain(places.into_iter().flatten().filter(|place| *place != "-").cloned()).collect();
        Ok(Facts {
            heading: if parts.is_empty() { "All alerts".to_owned() } else { parts.join(" · ") },
            total,
            rows: rows.iter().map(|row| self.row_of(row)).collect(),
            filters: filters(&groups, asked),
            fields: asked.fields(),
            seen: seen.as_millisecond(),
            next,
            first: after.map(|_| list),
        })
    }

    pub(super) fn row_of(&self, watched: &Watched) -> Row {
        let alert = &watched.alert;
        let (promised, tone) = alert.promised.map(|day| promise(day, self.today())).unzip();
        Row {
            key: alert.key.0.to_string(),
            order: alert.order.to_string(),
            href: order_page(&alert.order),
            parcel: alert.parcel.clone(),
            kind: alert.kind.in_words(),
            reason: alert.reason.map(|reason| super::words::spaced(reason.as_str())),
            standing: match watched.standing {
                Standing::Open => "open",
                Standing::Acknowledged => "acknowledged",
                Standing::Snoozed => "snoozed",
                Standing::Cleared => "cleared",
            },
            is_open: watched.standing == Standing::Open,
            by: watched.acked_by.clone().filter(|_| watched.standing == Standing::Acknowledged),
            until: watched.snoozed_until.filter(|_| watched.standing == Standing::Snoozed).map(|at| self.moment(at)),
            since: self.moment(alert.since),
            carrier: alert.carrier.clone(),
            lane: alert.lane.clone(),
            warehouse: alert.warehouse.clone(),
            worth: alert.value.map(|value| amount(value, alert.currency.as_deref())),
            chance: alert.chance.map(percent),
            promise: promised,
            tone: tone.unwrap_or_default(),
            cleared: watched.cleared_at.map(|at| self.moment(at)),
            clear_why: watched.clear_why.clone(),
        }
    }
}
