//! What operators do about alerts, and their notes.

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::Ops;
use super::guard::{Posted, failed};
use super::words::order_page;
use super::work::Asked;
use crate::domain::alert::AlertKey;
use crate::domain::id::OrderKey;
use crate::store::ops::Audit;
use crate::store::worklist::{Filter, Move};

/// When a morning begins for those at the console.
const MORNING: Time = Time::constant(8, 0, 0, 0);
/// Longest note or reason, in characters.
const TEXT_CHARS_MAX: usize = 1000;

/// Acknowledges, snoozes or clears one alert of an order.
pub(super) async fn on_alert(
    State(ops): State<Ops>,
    Path((brand, order)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let Some(key) = OrderKey::from_stored(format!("{brand}/{order}")) else { return ops.inner.not_found() };
    let page = order_page(&key);
    let (Some(to), Ok(alert)) = (move_of(&posted, &ops), posted.field("alert").parse()) else {
        return posted.back(&page, "unclear");
    };
    let (action, done) = words_of(&to);
    let detail = detail_of(&to, &posted);
    let audit = Audit {
        order: Some(key.clone()),
        target: Some(format!("alert {alert}")),
        detail,
        ..posted.visitor.audit(action)
    };
    let moved = ops.inner.store.move_alert(&key, AlertKey(alert), &to, audit, ops.inner.reporter(&to)).await;
    ops.inner.recount().await;
    match moved {
        Ok(true) => posted.back(&page, done),
        Ok(false) => posted.back(&page, "gone"),
        Err(error) => failed(&error),
    }
}

/// Acknowledges or snoozes a whole list, as far as the person had seen it.
pub(super) async fn on_group(State(ops): State<Ops>, posted: Posted) -> Response {
    let field = |name: &str| posted.field(name).to_owned();
    let asked = Asked {
        brand: field("brand"),
        kind: field("kind"),
        carrier: field("carrier"),
        lane: field("lane"),
        warehouse: field("warehouse"),
        standing: field("standing"),
        age: field("age"),
        sort: field("sort"),
        ..Asked::default()
    };
    let list = asked.address("/ops/alerts");
    // Clearing needs a reason for each; a whole group is never cleared by hand.
    let to = move_of(&posted, &ops).filter(|to| !matches!(to, Move::Clear(_)));
    let seen = posted.field("seen").parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let (Some(to), Some(seen)) = (to, seen) else { return posted.back(&list, "unclear") };
    let filter = Filter { seen: Some(seen), ..asked.filter(ops.inner.now()) };
    let target: Vec<String> =
        asked.fields().iter().filter(|field| field.name != "sort").map(|f| format!("{} {}", f.name, f.value)).collect();
    let target = if target.is_empty() { "all alerts".to_owned() } else { target.join(", ") };
    let (action, _) = words_of(&to);
    let audit = Audit { target: Some(target), detail: detail_of(&to, &posted), ..posted.visitor.audit(action) };
    let moved = ops.inner.store.move_alerts(&filter, &to, audit, ops.inner.reporter(&to)).await;
    ops.inner.recount().await;
    match moved {
        Ok(count) => posted.back(&list, &format!("group.{count}")),
        Err(error) => failed(&error),
    }
}

/// Keeps a note about an order.
pub(super) async fn note(
    State(ops): State<Ops>,
    Path((brand, order)): Path<(String, String)>,
    posted: Posted,
) -> Response {
    let Some(key) = OrderKey::from_stored(format!("{brand}/{order}")) else { return ops.inner.not_found() };
    let page = order_page(&key);
    let Some(text) = posted.given("note").map(shortened) else { return posted.back(&page, "unclear") };
    match ops.inner.store.orders(std::slice::from_ref(&key)).await {
        Ok(found) if found.is_empty() => return ops.inner.not_found(),
        Ok(_) => {}
        Err(error) => return failed(&error),
    }
    let audit = Audit { order: Some(key), detail: Some(text), ..posted.visitor.audit("note") };
    match ops.inner.store.audit(&audit).await {
        Ok(()) => posted.back(&page, "noted"),
        Err(error) => failed(&error),
    }
}

/// What the form asks for; `None` where that is not clear.
fn move_of(posted: &Posted, ops: &Ops) -> Option<Move> {
    let (now, zone) = (ops.inner.now(), &ops.inner.entrance.zone);
    match posted.field("act") {
        "acknowledge" => Some(Move::Acknowledge),
        "snooze" => until(posted.field("until"), now, zone).map(Move::Snooze),
        "clear" => posted.given("why").map(|why| Move::Clear(format!("{}: {}", posted.visitor.name, shortened(why)))),
        _ => None,
    }
}

/// The word written down, and the one for the sentence that follows.
fn words_of(to: &Move) -> (&'static str, &'static str) {
    match to {
        Move::Acknowledge => ("acknowledge", "acknowledged"),
        Move::Snooze(_) => ("snooze", "snoozed"),
        Move::Clear(_) => ("clear", "cleared"),
    }
}

fn detail_of(to: &Move, posted: &Posted) -> Option<String> {
    match to {
        Move::Acknowledge => None,
        Move::Snooze(until) => Some(format!("until {until}")),
        Move::Clear(_) => Some(shortened(posted.field("why"))),
    }
}

/// Text as it is kept: without NUL, which no database takes, and not without end.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(TEXT_CHARS_MAX).collect()
}

/// Until when to put something off, by the console's clock.
fn until(word: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = now.to_zoned(zone.clone()).date();
    let morning = |date: jiff::civil::Date| Some(date.to_datetime(MORNING).to_zoned(zone.clone()).ok()?.timestamp());
    match word {
        "1h" => Some(now + SignedDuration::from_hours(1)),
        "4h" => Some(now + SignedDuration::from_hours(4)),
        "morning" => morning(today.checked_add(1.day()).ok()?),
        "monday" => morning(today.nth_weekday(1, Weekday::Monday).ok()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mornings_are_those_of_the_console() {
        let zone = TimeZone::get("Europe/Warsaw").unwrap();
        // A Saturday evening before the clocks go back.
        let now: Timestamp = "2026-10-24T20:00:00Z".parse().unwrap();
        let at = |word: &str| until(word, now, &zone).map(|at| at.to_string());
        assert_eq!(at("4h").as_deref(), Some("2026-10-25T00:00:00Z"));
        assert_eq!(at("morning").as_deref(), Some("2026-10-25T07:00:00Z"), "eight o'clock winter time");
        assert_eq!(at("monday").as_deref(), Some("2026-10-26T07:00:00Z"));
        assert_eq!(
            until("monday", "2026-10-26T06:00:00Z".parse().unwrap(), &zone).unwrap().to_string(),
            "2026-11-02T07:00:00Z"
        );
        assert_eq!(at("never"), None);
    }
}
