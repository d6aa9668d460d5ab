//! An order's alerts, as `doorstep explain` shows them.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::alert::Standing;
use crate::store::alerts::AlertRow;

/// The lines of one alert: when, what, which, and by which rule and clock.
pub(super) fn lines(
    row: &AlertRow,
    clock: &impl Fn(Timestamp) -> String,
) -> Vec<(Timestamp, &'static str, String, String)> {
    let alert = &row.alert;
    let parcel = alert.parcel.as_deref().map_or(String::new(), |id| format!(" · {id}"));
    let again = if alert.occurrence > 1 { format!(" · {}", alert.occurrence) } else { String::new() };
    let which = format!("{}{parcel}{again}", alert.kind.as_str());
    let mut rule = format!("{}; since {}", alert.kind.in_words(), clock(alert.since));
    if let Some(reason) = alert.reason {
        rule.push_str(&format!("; {}", reason.as_str()));
    }
    if let Some(chance) = alert.chance {
        rule.push_str(&format!("; {:.0} of 100 such orders miss their promise", 100.0 * chance));
    }
    let mut lines = vec![(alert.opened_at, "alert", which.clone(), rule)];
    if let Some(at) = row.acked_at {
        lines.push((at, "alert seen", which.clone(), "somebody looks after it, or has put it off".to_owned()));
    }
    if let Some(until) = row.snoozed_until.filter(|_| row.standing == Standing::Snoozed) {
        lines.push((
            row.acked_at.unwrap_or(alert.opened_at),
            "alert off",
            which.clone(),
            format!("until {}", clock(until)),
        ));
    }
    if let Some(at) = row.cleared_at {
        lines.push((at, "alert over", which, row.clear_why.clone().unwrap_or_default()));
    }
    lines
}

/// An alert for a program.
#[derive(Serialize)]
pub(super) struct AlertTold<'a> {
    key: String,
    kind: &'a str,
    shipment: Option<&'a str>,
    occurrence: u32,
    state: &'a str,
    since: String,
    opened_at: String,
    reason: Option<&'a str>,
    chance: Option<f64>,
    acknowledged_at: Option<String>,
    snoozed_until: Option<String>,
    cleared_at: Option<String>,
    why: Option<&'a str>,
}

impl<'a> AlertTold<'a> {
    /// The alert of a row.
    pub(super) fn of(row: &'a AlertRow) -> Self {
        let alert = &row.alert;
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            key: alert.key.0.to_string(),
            kind: alert.kind.as_str(),
            shipment: alert.parcel.as_deref(),
            occurrence: alert.occurrence,
            state: row.standing.as_str(),
            since: alert.since.to_string(),
            opened_at: alert.opened_at.to_string(),
            reason: alert.reason.map(crate::domain::event::Reason::as_str),
            chance: alert.chance,
            acknowledged_at: time(row.acked_at),
            snoozed_until: time(row.snoozed_until),
            cleared_at: time(row.cleared_at),
            why: row.clear_why.as_deref(),
        }
    }
}
