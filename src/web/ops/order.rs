//! One order's whole story: how it stands, its alerts, what was told and what was not, and what people did about it.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alerts::Row;
use super::audit::Act;
use super::cases::Row as CaseRow;
use super::guard::{Visitor, failed};
use super::page::{Page, Showing};
use super::plot::{Chances, chances};
use super::words::{Moment, amount, clock, day, order_page, promise, spaced};
use super::{Inner, Ops, done, tell};
use crate::channel::capture;
use crate::dispatch;
use crate::domain::alert::Standing;
use crate::domain::day::date;
use crate::domain::delay::MORNING;
use crate::domain::fold::value;
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::lane::memory::Looked;
use crate::domain::order::{State as OrderState, Told};
use crate::domain::parcel::{Parcel, Status};
use crate::domain::promise::promised;
use crate::domain::window;
use crate::explain::{Story, foresight, now as how_it_stands, sentence_of, zone_name};
use crate::store::StoreError;
use crate::store::rows::{NoticeRow, State as NoticeState};
use crate::store::worklist::Watched;

#[derive(Serialize)]
struct Facts {
    order: String,
    id: String,
    brand: String,
    base: String,
    on_hold: bool,
    cancelled: bool,
    promise: Option<String>,
    promise_day: Option<String>,
    tone: &'static str,
    worth: Option<String>,
    zone: String,
    standing: Vec<String>,
    parcels: Vec<ParcelFacts>,
    alerts: Vec<Row>,
    cleared: Vec<Row>,
    chances: Option<Chances>,
    cases: Vec<CaseRow>,
    messages: Vec<Message>,
    line: Vec<Line>,
    timers: Vec<Timer>,
    acts: Vec<Act>,
    waiting: usize,
}

#[derive(Serialize)]
struct ParcelFacts {
    place: usize,
    name: String,
    status: &'static str,
    tone: &'static str,
    carrier: Option<String>,
    number: Option<String>,
    expected: Option<String>,
    since: Option<Moment>,
    can_be_late: bool,
    has_left: bool,
}

#[derive(Serialize)]
struct Message {
    stage: String,
    channel: &'static str,
    to: &'static str,
    parcel: Option<String>,
    state: &'static str,
    tone: &'static str,
    at: Moment,
    why: Option<String>,
    href: String,
}

#[derive(Serialize)]
struct Line {
    at: String,
    iso: String,
    what: &'static str,
    which: String,
    rule: String,
}

#[derive(Serialize)]
struct Timer {
    what: String,
    at: Moment,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    done: String,
}

/// The order's page.
pub(super) async fn show(
    State(ops): State<Ops>,
    visitor: Visitor,
    Path((brand, order)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    let inner = &ops.inner;
    let Some(key) = OrderKey::from_stored(format!("{brand}/{order}")) else { return inner.not_found() };
    let story = match Story::read(&inner.store, &key).await {
        Ok(Some(story)) => story,
        Ok(None) => return inner.not_found(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the story of an order cannot be read");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    match inner.facts(story).await {
        Ok(facts) => {
            let (here, done) = (order_page(&key), done::sentence(&asked.done));
            let title = format!("Order {}", facts.order);
            let showing = Showing { title: &title, here: &here, watch: Some(key.as_str()), done: done.as_deref() };
            inner.pages.show(Page::Order, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

impl Inner {
    async fn facts(&self, story: Story) -> Result<Facts, StoreError> {
        let key = &story.key;
        let watched = self.store.watched_of(key).await?;
        let cases = self.store.cases_of(key).await?;
        let audited = self.store.audited_of(key).await?;
        let state = story.order.state(&self.policies.of(&key.brand()).zone);
        let zone = &self.entrance.zone;
        let write = |at: Timestamp| clock(at, zone);
        let day_promised = promised(&state);
        let (words, tone) = day_promised.map(|date| promise(date, self.today())).unzip();
        // A promise that was kept, or that nobody waits for any more, is not overdue.
        let (words, tone) = if state.is_open() { (words, tone) } else { (None, None) };
        let total = value(&state.known.order.total).copied();
        let currency = value(&state.known.order.currency).map(String::as_str);
        let (over, open): (Vec<&Watched>, Vec<&Watched>) =
            watched.iter().partition(|watched| watched.standing == Standing::Cleared);
        let is_waiting = |row: &&NoticeRow| {
            row.state == NoticeState::Planned && row.notice.due > self.now() && (row.why.is_some() || row.attempts > 0)
        };
        Ok(Facts {
            order: key.to_string(),
            id: key.order_str().to_owned(),
            brand: key.brand_str().to_owned(),
            base: order_page(key),
            on_hold: state.known.on_hold(),
            cancelled: state.cancelled.is_some(),
            promise: words,
            promise_day: day_promised.map(day),
            tone: tone.unwrap_or_default(),
            worth: total.map(|total| amount(total, currency)),
            zone: zone_name(&state.zone),
            standing: how_it_stands(&state, &write).into_iter().chain(foresight(&story.order.told)).collect(),
            parcels: state.parcels.iter().enumerate().map(|(place, p)| self.parcel(place, p, &state)).collect(),
            alerts: open.into_iter().map(|watched| self.row_of(watched)).collect(),
            cleared: over.into_iter().rev().map(|watched| self.row_of(watched)).collect(),
            chances: chances(&chances_of(&story.order.told, &watched, zone), zone),
            cases: cases.iter().rev().map(|case| self.case_row(case)).collect(),
            messages: story.notices.iter().rev().map(|row| self.message(key, row)).collect(),
            line: lines(&story, zone),
            timers: self.timers(&story),
            acts: audited.into_iter().map(|audited| self.act_of(audited)).collect(),
            waiting: story.notices.iter().filter(is_waiting).count(),
        })
    }

    fn parcel(&self, place: usize, parcel: &Parcel<'_>, state: &OrderState<'_>) -> ParcelFacts {
        let (status, tone) = status_word(parcel.status());
        let expected = crate::domain::promise::expected(state, parcel)
            .map(|(first, last)| if first == last { day(last) } else { format!("{} to {}", day(first), day(last)) });
        ParcelFacts {
            place,
            name: parcel.id().unwrap_or("without a name").to_owned(),
            status,
            tone,
            carrier: value(&parcel.facts.known.carrier).cloned(),
            number: parcel.number_shown().map(str::to_owned),
            expected,
            since: parcel.now().map(|episode| self.moment(episode.from.time())),
            can_be_late: tell::can_be_late(parcel),
            has_left: parcel.status() != Status::Announced,
        }
    }

    fn message(&self, key: &OrderKey, row: &NoticeRow) -> Message {
        let notice = &row.notice;
        let (state, tone) = match row.state {
            NoticeState::Planned if row.why.is_some() => ("held", "warn"),
            NoticeState::Planned => ("waits", ""),
            NoticeState::Claimed | NoticeState::Sending => ("being sent", ""),
            NoticeState::Accepted => ("sent", "good"),
            NoticeState::Rejected => ("refused", "bad"),
            NoticeState::InDoubt => ("in doubt", "bad"),
            NoticeState::Superseded => ("not sent: overtaken", ""),
            NoticeState::Suppressed => ("not sent", ""),
        };
        let is_open = row.state == NoticeState::Planned;
        let at = row.settled_at.or(row.doubt_at).unwrap_or(if is_open { notice.due } else { notice.planned_at });
        let why: Vec<String> = [row.why.as_deref().map(sentence_of), row.cause.clone()].into_iter().flatten().collect();
        Message {
            stage: spaced(notice.stage.as_str()),
            channel: notice.channel.as_str(),
            to: notice.role.as_str(),
            parcel: notice.shipment.clone(),
            state,
            tone,
            at: self.moment(at),
            why: (!why.is_empty()).then(|| why.join("; ")),
            href: format!("{}/messages/{}", order_page(key), notice.key),
        }
    }

    fn timers(&self, story: &Story) -> Vec<Timer> {
        let wake = story
            .order
            .told
            .wake
            .map(|at| Timer { what: "the order is looked at again".to_owned(), at: self.moment(at) });
        let waits = story.notices.iter().filter(|row| row.state == NoticeState::Planned).map(|row| Timer {
            what: format!("{} by {} is due", spaced(row.notice.stage.as_str()), row.notice.channel.as_str()),
            at: self.moment(row.notice.due),
        });
        wake.into_iter().chain(waits).collect()
    }
}

/// The chance of missing the promise, as it was known over time: morning by morning; without mornings, what stood in each alert
/// when it was opened.
fn chances_of(told: &Told, watched: &[Watched], zone: &TimeZone) -> Vec<(Timestamp, f64)> {
    let morning = |looked: &Looked| {
        let at = window::at_local(date(looked.day)?, MORNING, zone);
        Some((at, f64::from(looked.told)))
    };
    let mornings: Vec<_> = told.lane.iter().flat_map(|memory| &memory.mornings).filter_map(morning).collect();
    if !mornings.is_empty() {
        return mornings;
    }
    watched.iter().filter_map(|watched| Some((watched.alert.opened_at, watched.alert.chance?))).collect()
}

/// The story's lines, the latest first.
fn lines(story: &Story, zone: &TimeZone) -> Vec<Line> {
    let write = |at: Timestamp| clock(at, zone);
    let line = |line: crate::explain::Line| Line {
        at: write(line.at),
        iso: line.at.to_string(),
        what: line.what,
        which: line.which,
        rule: line.rule,
    };
    story.lines(&write).into_iter().rev().map(line).collect()
}

fn status_word(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Announced => ("label made", ""),
        Status::Moving => ("on its way", ""),
        Status::Delayed => ("delayed", "warn"),
        Status::OutForDelivery => ("out for delivery", "good"),
        Status::AttemptFailed => ("attempt failed", "warn"),
        Status::AwaitingPickup => ("waits to be collected", "warn"),
        Status::Delivered => ("delivered", "good"),
        Status::Exception => ("problem", "bad"),
        Status::Returning => ("going back", "bad"),
        Status::Returned => ("came back", "bad"),
        Status::Lost => ("lost", "bad"),
    }
}

#[derive(Serialize)]
struct Shown {
    order: String,
    base: String,
    heading: String,
    subject: Option<String>,
    text: Option<String>,
}

/// A message as it was sent, as text: to operators alone, since it is personal.
pub(super) async fn message(
    State(ops): State<Ops>,
    visitor: Visitor,
    Path((brand, order, key)): Path<(String, String, Uuid)>,
) -> Response {
    let inner = &ops.inner;
    if !visitor.is_operator() {
        return inner.refusal(StatusCode::FORBIDDEN, "Messages are personal: only operators may read them.");
    }
    let notice = NoticeKey(key);
    let row = match inner.store.notice(notice).await {
        Ok(row) => row.filter(|row| row.notice.order.as_str() == format!("{brand}/{order}")),
        Err(error) => return failed(&error),
    };
    let Some(row) = row else { return inner.not_found() };
    let (subject, text) = match inner.kept(notice).await {
        Ok(kept) => kept,
        Err(error) => return failed(&error),
    };
    let (order, base) = (&row.notice.order, order_page(&row.notice.order));
    let heading = format!("{} by {}", spaced(row.notice.stage.as_str()), row.notice.channel.as_str());
    let facts = Shown { order: order.to_string(), heading, subject, text, base };
    let here = format!("{}/messages/{key}", facts.base);
    let showing = Showing { title: "A message", here: &here, ..Showing::default() };
    inner.pages.show(Page::Message, &visitor, &showing, &facts)
}

impl Inner {
    /// Subject and text of a message, as far as they are still kept: captured ones always, others until their outcome is known.
    async fn kept(&self, key: NoticeKey) -> Result<(Option<String>, Option<String>), StoreError> {
        if let Some(folder) = self.messages.clone() {
            let read = tokio::task::spawn_blocking(move || capture::read(&folder, key)).await;
            if let Ok(Ok(Some(captured))) = read {
                return Ok((captured.entry.subject, Some(captured.text)));
            }
        }
        let bytes = dispatch::still_kept(&self.store, key).await?;
        Ok((None, bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())))
    }
}
