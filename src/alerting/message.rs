//! What is said of alerts: the event for programs, and the lines for chats. Nothing personal: orders and parcels by their
//! names alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::channel::hook::Form;
use crate::domain::alert::{Alert, Kind};
use crate::domain::event::Reason;
use crate::domain::gathering::{Gathered, Group};
use crate::voice::money;

/// Characters of a chat's section. Source: Slack's reference of blocks, 3000.
const SECTION_CHARS_MAX: usize = 2900;
/// Parcels that a chat's message lists: what fits a screen.
const CHAT_LINES: usize = 10;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum What {
    #[serde(rename = "alert.opened")]
    Opened,
    #[serde(rename = "alert.reminder")]
    Reminder,
    #[serde(rename = "alert.cleared")]
    Cleared,
    #[serde(rename = "feed.outage")]
    Outage,
    #[serde(rename = "feed.restored")]
    Restored,
}

impl What {
    /// The word in rows and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "alert.opened",
            Self::Reminder => "alert.reminder",
            Self::Cleared => "alert.cleared",
            Self::Outage => "feed.outage",
            Self::Restored => "feed.restored",
        }
    }
}

/// A message about alerts or feeds, as a signed webhook brings it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Body<D> {
    pub r#type: What,
    /// When it was written; the same on every try.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub timestamp: Timestamp,
    pub data: D,
}

/// Alerts of one brand that have their kind, carrier, lane and warehouse in common; or, where there were too many such groups
/// for one hour, all that were left.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AlertData<'a> {
    pub brand: &'a str,
    /// Missing where several groups share the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<&'a str>,
    pub count: u64,
    /// How many groups share the message, where several do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<u64>,
    /// How many of each kind.
    #[schemars(with = "BTreeMap<String, u64>")]
    pub kinds: BTreeMap<Kind, u64>,
    /// When the first of these troubles began.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub oldest: Option<Timestamp>,
    /// What the orders are worth, in minor units, by currency.
    pub value: &'a BTreeMap<String, i64>,
    /// Reminders so far, this one included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<u32>,
    /// The first twenty, by promise and then by value.
    pub alerts: Vec<Item<'a>>,
    /// How many are not listed.
    pub more: u64,
}

/// One alert in a message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Item<'a> {
    /// The alert's key.
    #[schemars(with = "String", extend("format" = "uuid"))]
    pub id: Uuid,
    pub order_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_id: Option<&'a str>,
    pub kind: Kind,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub promised: Option<Date>,
    /// The chance of missing the promise, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<&'a str>,
    /// Its page in the console.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A carrier's feed that fell silent, or is back.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeedData<'a> {
    pub carrier: &'a str,
    /// The last scan before the silence.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub from: Timestamp,
    /// When scans came again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub until: Option<Timestamp>,
    /// Scans that its own rhythm had led to expect by the time at which it was noticed.
    pub expected: u64,
}

/// Makes the bodies of messages about one gathering.
#[derive(Debug, Clone)]
pub struct Teller {
    pub what: What,
    pub brand: String,
    /// `None`: several groups share it.
    pub group: Option<Group>,
    /// How many share it.
    pub folded: u64,
    pub reminder: Option<u32>,
    pub now: Timestamp,
    /// The console's address; empty: no links.
    pub base_url: String,
}

impl Teller {
    /// The exact bytes for a receiver.
    pub fn body(&self, form: Form, gathered: &Gathered) -> String {
        match form {
            Form::Event => {
                let body = Body { r#type: self.what, timestamp: self.now, data: self.data(gathered) };
                serde_json::to_string(&body).expect("plain data with text keys")
            }
            Form::Slack => self.chat(gathered).to_string(),
        }
    }

    fn data<'a>(&'a self, gathered: &'a Gathered) -> AlertData<'a> {
        let group = self.group.as_ref();
        AlertData {
            brand: &self.brand,
            kind: group.map(|group| group.kind),
            carrier: group.and_then(|group| group.carrier.as_deref()),
            lane: group.and_then(|group| group.lane.as_deref()),
            warehouse: group.and_then(|group| group.warehouse.as_deref()),
            count: gathered.count,
            groups: group.is_none().then_some(self.folded),
            kinds: gathered.kinds.clone(),
            oldest: gathered.oldest,
            value: &gathered.value,
            reminder: self.reminder,
            alerts: gathered.first.iter().map(|alert| self.item(alert)).collect(),
            more: gathered.more(),
        }
    }

    fn item<'a>(&self, alert: &'a Alert) -> Item<'a> {
        Item {
            id: alert.key.0,
            order_id: alert.order.order_str(),
            shipment_id: alert.parcel.as_deref(),
            kind: alert.kind,
            since: alert.since,
            promised: alert.promised,
            chance: alert.chance,
            reason: alert.reason,
            value: alert.value,
            currency: alert.currency.as_deref(),
            url: self.page(alert),
        }
    }

    fn page(&self, alert: &Alert) -> Option<String> {
        (!self.base_url.is_empty())
            .then(|| order_page(&self.base_url, alert.order.brand_str(), alert.order.order_str()))
    }

    /// The first line: the number first, then what, then where.
    fn headline(&self, gathered: &Gathered) -> String {
        let before = match self.what {
            What::Cleared => "Over: ",
            What::Reminder => "Nobody looks after it yet: ",
            What::Opened | What::Outage | What::Restored => "",
        };
        let parcels = if gathered.count == 1 { "parcel" } else { "parcels" };
        let Some(group) = &self.group else {
            let more = if self.what == What::Opened { " more" } else { "" };
            return format!("{before}{}{more} {parcels} in {} groups", gathered.count, self.folded);
        };
        let mut line = format!("{before}{} {parcels}: {}", gathered.count, group.kind.in_words());
        for part in [&group.carrier, &group.lane, &group.warehouse].into_iter().flatten() {
            let _ = write!(line, " · {part}");
        }
        line
    }

    /// How old, what is at stake, and what kinds where there are several.
    fn facts(&self, gathered: &Gathered) -> String {
        let mut parts = vec![self.brand.clone()];
        if let Some(oldest) = gathered.oldest {
            parts.push(format!("oldest {} ({})", age(self.now, oldest), minute(oldest)));
        }
        if !gathered.value.is_empty() {
            parts.push(format!("{} at stake", amounts(&gathered.value)));
        }
        if self.group.is_none() {
            parts.extend(gathered.kinds.iter().map(|(kind, count)| format!("{count} × {}", kind.in_words())));
        }
        parts.join(" · ")
    }

    /// Slack's shape: `text` for notifications and for those that know no blocks, `blocks` for the eye.
    fn chat(&self, gathered: &Gathered) -> Value {
        let headline = escape(&self.headline(gathered));
        let facts = escape(&self.facts(gathered));
        let mut lines = String::new();
        let mut listed = 0;
        if self.what != What::Cleared {
            for alert in gathered.first.iter().take(CHAT_LINES) {
                let line = self.line(alert);
                if lines.chars().count() + line.chars().count() > SECTION_CHARS_MAX {
                    break;
                }
                lines.push_str(&line);
                listed += 1;
            }
        }
        let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
        let mut blocks = vec![section(&format!("*{headline}*\n{facts}"))];
        if listed > 0 {
            if gathered.count > listed {
                let _ = write!(lines, "… and {} more", gathered.count - listed);
            }
            blocks.push(section(lines.trim_end()));
        }
        if !self.base_url.is_empty() && self.what != What::Cleared {
            blocks.push(section(&format!("<{}/ops|Open the work list>", escape(&self.base_url))));
        }
        json!({"text": format!("{headline} ({facts})"), "blocks": blocks})
    }

    fn line(&self, alert: &Alert) -> String {
        let name = escape(alert.order.order_str());
        let mut line = match self.page(alert) {
            Some(url) => format!("• <{}|{name}>", escape(&url)),
            None => format!("• {name}"),
        };
        if let Some(parcel) = &alert.parcel {
            let _ = write!(line, " parcel {}", escape(parcel));
        }
        if self.group.is_none() {
            let _ = write!(line, " · {}", alert.kind.in_words());
        }
        if let Some(promised) = alert.promised {
            let _ = write!(line, " · promised {promised}");
        }
        if let Some(chance) = alert.chance {
            let _ = write!(line, " · {:.0} % likely late", 100.0 * chance);
        }
        if let (Some(value), Some(currency)) = (alert.value, &alert.currency) {
            let _ = write!(line, " · {} {}", money::plain(value, currency), escape(currency));
        }
        line.push('\n');
        line
    }
}

/// What a chat is told of a carrier's feed.
pub fn feed_chat(what: What, feed: &FeedData<'_>) -> Value {
    let carrier = escape(feed.carrier);
    let text = match (what, feed.until) {
        (What::Restored, Some(until)) => format!("Scans of *{carrier}* come again since {}.", minute(until)),
        (What::Restored, None) => format!("Scans of *{carrier}* are not waited for any more."),
        _ => {
            let (from, expected) = (minute(feed.from), feed.expected);
            format!(
                "No scans of *{carrier}* since {from}; by its own rhythm {expected} would have come. \
                 Delay messages that rest on this silence are held."
            )
        }
    };
    json!({"text": text, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
}

/// The three characters that mean something in a chat's markup. Source: Slack, "Formatting text for app surfaces".
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An order's page in the console.
pub fn order_page(base_url: &str, brand: &str, order: &str) -> String {
    const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    format!("{base_url}/ops/orders/{}/{}", utf8_percent_encode(brand, PART), utf8_percent_encode(order, PART))
}

/// `1234.50 EUR, 99.00 PLN`.
pub fn amounts(value: &BTreeMap<String, i64>) -> String {
    let each = |(currency, sum): (&String, &i64)| format!("{} {currency}", money::plain(*sum, currency));
    value.iter().map(each).collect::<Vec<_>>().join(", ")
}

/// `3 days`, `5 h`, `40 min`.
pub fn age(now: Timestamp, since: Timestamp) -> String {
    match now.duration_since(since).as_mins().max(0) {
        mins @ ..60 => format!("{mins} min"),
        mins @ ..2880 => format!("{} h", mins / 60),
        mins => format!("{} days", mins / 1440),
    }
}

/// `2026-11-02 09:00 UTC`.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests;
