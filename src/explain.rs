//! One order's whole story, as `doorstep explain` and the ops console tell it: every fact and every decision, with the rule and
//! the clock. Nothing of it is personal.

use anyhow::Context;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::day;
use crate::domain::fold::value;
use crate::domain::id::OrderKey;
use crate::domain::notice::{Notice, Silence, Why};
use crate::domain::order::{self, Handled, Order, State as OrderState};
use crate::domain::person::{Channel, Role};
use crate::ingest::decode::decode_stored;
use crate::store::alerts::AlertRow;
use crate::store::rows::{CalledBack, Fact, NoticeRow, State};
use crate::store::{Store, StoreError};

/// Everything about one order, as it is stored.
#[derive(Debug)]
pub struct Story {
    pub key: OrderKey,
    pub version: i64,
    pub order: Order,
    pub facts: Vec<Fact>,
    pub notices: Vec<NoticeRow>,
    /// What providers have reported of those that were sent.
    pub callbacks: Vec<CalledBack>,
    pub silences: Vec<Silence>,
    pub alerts: Vec<AlertRow>,
}

/// One line of the story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Timestamp,
    /// Orders what came in together: when a fact happened; for decisions, after all of them.
    pub then: Timestamp,
    /// `fact`, `planned`, `accepted`, `called back`, `silent`, …
    pub what: &'static str,
    /// The fact's type, or stage, channel, person and parcel.
    pub which: String,
    /// The rule and the clock, for people.
    pub rule: String,
}

/// The orders of this name: the shop's own id in every brand, or `brand/order`.
///
/// # Errors
/// When the database does not answer.
pub async fn find(store: &Store, name: &str) -> Result<Vec<OrderKey>, StoreError> {
    let mut keys = store.find_orders(name).await?;
    if let Some(key) = OrderKey::from_stored(name.to_owned()) {
        keys.extend(store.orders(&[key]).await?.into_iter().map(|row| row.key));
    }
    Ok(keys)
}

impl Story {
    /// Reads everything about an order; `None` if there is no such order.
    ///
    /// # Errors
    /// When the database does not answer, or the order's document is damaged.
    pub async fn read(store: &Store, key: &OrderKey) -> anyhow::Result<Option<Self>> {
        let Some(row) = store.orders(std::slice::from_ref(key)).await.context("reading the order")?.pop() else {
            return Ok(None);
        };
        let order =
            serde_json::from_str(&row.doc).with_context(|| format!("the document of order {key} is damaged"))?;
        let notices = store.notices_of(key).await.context("reading the notices")?;
        let keys: Vec<_> = notices.iter().map(|row| row.notice.key).collect();
        Ok(Some(Self {
            key: row.key,
            version: row.version,
            order,
            facts: store.facts_of(key).await.context("reading the facts")?,
            callbacks: store.called_back_about(&keys).await.context("reading what providers reported")?,
            notices,
            silences: store.silences_of(key).await.context("reading the ledger")?,
            alerts: store.alerts_of(key).await.context("reading the alerts")?,
        }))
    }

    /// Every fact, notice and silence, in the order in which they came about. `clock` writes a time.
    pub fn lines(&self, clock: &impl Fn(Timestamp) -> String) -> Vec<Line> {
        let because = |row: &NoticeRow| {
            let planned = |handled: &&Handled| handled.notices.iter().any(|open| open.key == row.notice.key);
            self.order.told.handled.iter().find(planned).and_then(Handled::because)
        };
        let mut lines: Vec<Line> = self.facts.iter().map(|fact| of_fact(fact, clock)).collect();
        lines.extend(self.notices.iter().flat_map(|row| of_notice(row, because(row), clock)));
        lines.extend(self.callbacks.iter().filter_map(|call| self.of_callback(call)));
        lines.extend(self.silences.iter().map(of_silence));
        lines.sort_by_key(|line| (line.at, line.then));
        lines
    }

    /// What a provider reported of one of the notices.
    fn of_callback(&self, call: &CalledBack) -> Option<Line> {
        let row = self.notices.iter().find(|row| row.notice.key == call.notice)?;
        let (which, rule) = (which(&row.notice), format!("the provider says: {}", callback_in_words(&call.kind)));
        Some(Line { at: call.at, then: Timestamp::MAX, what: "called back", which, rule })
    }
}

/// What a provider's word means, for people.
fn callback_in_words(kind: &str) -> &str {
    match kind {
        "delivered" => "the receiver's own server took it",
        "delayed" => "not taken yet, it goes on trying",
        "hard_bounce" => "the address is dead",
        "soft_bounce" => "not taken this time, for a reason that lies with the address",
        "complaint" => "the person complained of it",
        other => other,
    }
}

/// The stage, channel and person of a notice, and the parcel.
fn which(notice: &Notice) -> String {
    let shipment = notice.shipment.as_deref().map_or(String::new(), |id| format!(" · {id}"));
    let (stage, channel, role) = (notice.stage.as_str(), notice.channel.as_str(), notice.role.as_str());
    format!("{stage} · {channel} · {role}{shipment}")
}

/// A zone's name, for people.
pub fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("the brand's zone").to_owned()
}

/// How the order stands, without anything personal.
pub fn now(state: &OrderState<'_>, clock: &impl Fn(Timestamp) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for role in [Role::Customer, Role::Recipient] {
        let Some(person) = state.person(role) else { continue };
        let reach = |channel| match (state.address_of(role, channel), state.wishes(role, channel)) {
            (None, _) => "unknown",
            (Some(_), false) => "known, not wished",
            (Some(_), true) => "known",
        };
        let locale = value(&person.locale).map_or("not given", String::as_str);
        let (email, sms) = (reach(Channel::Email), reach(Channel::Sms));
        lines.push(format!("{}: e-mail {email}, phone {sms}, language {locale}", role.as_str()));
    }
    if let Some(at) = state.cancelled {
        lines.push(format!("cancelled at {}", clock(at.time())));
    }
    if state.known.on_hold() {
        lines.push("on hold: nothing is told while the shop checks it".to_owned());
    }
    let count = state.parcels.len();
    for (place, parcel) in state.parcels.iter().enumerate() {
        let name = parcel.id().unwrap_or("without a name");
        let since = parcel.now().map_or(String::new(), |episode| format!(" since {}", clock(episode.from.time())));
        lines.push(format!("parcel {} of {count}: {name}, {:?}{since}", place + 1, parcel.status()));
    }
    lines
}

/// What is foreseen of it, and how that changed in the last week of mornings.
pub fn foresight(told: &order::Told) -> Vec<String> {
    let Some(memory) = &told.lane else { return Vec::new() };
    let date = |number| day::date(number).map_or_else(|| "?".to_owned(), |date| date.to_string());
    let mut lines = Vec::new();
    if let Some(seen) = &memory.foresight {
        let [half, most] = [seen.half, seen.most].map(|range| format!("{} to {}", date(range.first), date(range.last)));
        lines.push(format!("expected {}, half of such parcels {half}, 8 in 10 {most}", date(seen.expected)));
        lines.extend(seen.words.clone());
    }
    let mornings = memory.mornings.iter().rev().take(7).rev();
    let chances: Vec<String> =
        mornings.map(|morning| format!("{} {:.0} %", date(morning.day), morning.told * 100.0)).collect();
    if !chances.is_empty() {
        lines.push(format!("chance of missing its day: {}", chances.join(", ")));
    }
    lines
}

fn of_fact(fact: &Fact, clock: &impl Fn(Timestamp) -> String) -> Line {
    // Stored facts have passed the door once; one that no longer does is still shown by what its row says.
    let happened = decode_stored(&fact.raw).ok().map(|event| event.time);
    let rule =
        happened.map_or_else(|| "its bytes can no longer be read".to_owned(), |at| format!("happened {}", clock(at)));
    let then = happened.unwrap_or(Timestamp::MIN);
    Line { at: fact.received_at, then, what: "fact", which: fact.kind.clone(), rule }
}

fn of_notice(row: &NoticeRow, because: Option<&str>, clock: &impl Fn(Timestamp) -> String) -> Vec<Line> {
    let notice = &row.notice;
    let which = which(notice);
    let reason = |row: &NoticeRow| {
        let rule = row.why.as_deref().map(sentence_of);
        [rule, row.cause.clone(), row.receipt.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
    };
    let because = because.map_or_else(|| format!("the fact of {} calls for it", clock(notice.fact_at)), str::to_owned);
    let key = format!("{because}; key {}", notice.key);
    let planned =
        Line { at: notice.planned_at, then: Timestamp::MAX, what: "planned", which: which.clone(), rule: key };
    let (at, what) = match row.state {
        State::Planned if row.why.is_some() => (row.first_try_at.unwrap_or(notice.planned_at), "held"),
        State::Planned => (row.first_try_at.unwrap_or(notice.planned_at), "waits"),
        State::Claimed => (notice.due, "claimed"),
        State::Sending => (row.first_try_at.unwrap_or(notice.due), "sending"),
        State::Accepted => (row.settled_at.unwrap_or(notice.due), "accepted"),
        State::Rejected => (row.settled_at.unwrap_or(notice.due), "rejected"),
        State::InDoubt => (row.doubt_at.unwrap_or(notice.due), "in doubt"),
        State::Superseded => (row.settled_at.unwrap_or(notice.due), "superseded"),
        State::Suppressed => (row.settled_at.unwrap_or(notice.due), "suppressed"),
    };
    let mut rule = reason(row);
    if row.state == State::Planned {
        let until = format!("until {}", clock(notice.due));
        rule = if rule.is_empty() { until } else { format!("{until}: {rule}") };
    }
    if row.attempts > 1 {
        rule.push_str(&format!(" ({} tries)", row.attempts));
    }
    vec![planned, Line { at: at.max(notice.planned_at), then: Timestamp::MAX, what, which, rule }]
}

fn of_silence(silence: &Silence) -> Line {
    let channel = silence.channel.map(|channel| format!(" · {}", channel.as_str())).unwrap_or_default();
    let role = silence.role.map(|role| format!(" · {}", role.as_str())).unwrap_or_default();
    let shipment = silence.shipment.as_deref().map(|id| format!(" · {id}")).unwrap_or_default();
    let which = format!("{}{channel}{role}{shipment}", silence.stage.as_str());
    Line { at: silence.at, then: Timestamp::MAX, what: "silent", which, rule: sentence(silence.why) }
}

/// A rule's word from a row, with its sentence.
pub fn sentence_of(word: &str) -> String {
    serde_json::from_value::<Why>(serde_json::Value::String(word.to_owned())).map_or_else(|_| word.to_owned(), sentence)
}

/// What a rule says, for people.
pub fn sentence(why: Why) -> String {
    format!("{}: {}", why.as_str(), why.in_words())
}
