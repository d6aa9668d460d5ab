//! `doorstep explain`: every fact and every decision about one order, with the rule and the clock.

use anyhow::Context;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Ending;
use super::alerted::{self, AlertTold};
use super::out::Out;
use super::outbox::Shown;
use super::parts::ready_store;
use crate::config::Config;
use crate::domain::day;
use crate::domain::fold::value;
use crate::domain::id::OrderKey;
use crate::domain::lane::forecast::Range;
use crate::domain::lane::memory::Foresight;
use crate::domain::notice::{Silence, Why};
use crate::domain::order::{self, Handled, Order, State as OrderState};
use crate::domain::person::{Channel, Role};
use crate::ingest::decode::decode_stored;
use crate::store::alerts::AlertRow;
use crate::store::rows::{Fact, NoticeRow, State};
use crate::store::{Store, StoreError};

/// Which order.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep explain 10042
  doorstep explain harbour/10042
  doorstep explain 10042 --json | jq '.silences'

Answers \"why did she get no mail?\": what was reported and when it came in, what was planned, sent, held or left unsaid, by
which rule and at what time. No name, address or number of a person is shown.")]
pub struct Args {
    /// The order's id as the shop writes it, or brand/order; found in every brand
    pub order: String,
}

/// Everything about one order, as it is stored.
struct Story {
    key: OrderKey,
    version: i64,
    order: Order,
    facts: Vec<Fact>,
    notices: Vec<NoticeRow>,
    silences: Vec<Silence>,
    alerts: Vec<AlertRow>,
}

/// Explains every order of this name.
///
/// # Errors
/// When the database cannot be used, or an order's document is damaged.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let house = config.house()?;
    let policies = config.policies(&house)?;
    let store = ready_store(config).await?;
    let keys = find(&store, &args.order).await.context("looking for the order")?;
    for key in &keys {
        if let Some(story) = read(&store, key).await? {
            tell(&story, &policies.of(&key.brand()).zone, out)?;
        }
    }
    store.close().await;
    if keys.is_empty() {
        eprintln!("doorstep explain: no order {:?} is known in any brand", args.order);
        return Ok(Ending::NotFound);
    }
    Ok(Ending::Done)
}

async fn find(store: &Store, name: &str) -> Result<Vec<OrderKey>, StoreError> {
    let mut keys = store.find_orders(name).await?;
    if let Some(key) = OrderKey::from_stored(name.to_owned()) {
        keys.extend(store.orders(&[key]).await?.into_iter().map(|row| row.key));
    }
    Ok(keys)
}

async fn read(store: &Store, key: &OrderKey) -> anyhow::Result<Option<Story>> {
    let Some(row) = store.orders(std::slice::from_ref(key)).await.context("reading the order")?.pop() else {
        return Ok(None);
    };
    let order = serde_json::from_str(&row.doc).with_context(|| format!("the document of order {key} is damaged"))?;
    Ok(Some(Story {
        key: row.key,
        version: row.version,
        order,
        facts: store.facts_of(key).await.context("reading the facts")?,
        notices: store.notices_of(key).await.context("reading the notices")?,
        silences: store.silences_of(key).await.context("reading the ledger")?,
        alerts: store.alerts_of(key).await.context("reading the alerts")?,
    }))
}

/// One line of the story.
struct Event {
    at: Timestamp,
    /// Orders what came in together: when a fact happened; for decisions, after all of them.
    then: Timestamp,
    what: &'static str,
    which: String,
    rule: String,
}

fn tell(story: &Story, fallback: &TimeZone, out: &Out) -> anyhow::Result<()> {
    let state = story.order.state(fallback);
    if out.json {
        return Ok(out.object(&Told::of(story, &state))?);
    }
    let clock = |at: Timestamp| at.to_zoned(state.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    out.say(format!("{}, version {}, clock of {}", story.key, story.version, zone_name(&state.zone)))?;
    for line in now(&state, &clock).into_iter().chain(foresight(&story.order.told)) {
        out.say(format!("  {line}"))?;
    }
    let mut events: Vec<Event> = story.facts.iter().map(|fact| of_fact(fact, &clock)).collect();
    let because = |row: &NoticeRow| {
        let planned = |handled: &&Handled| handled.notices.iter().any(|open| open.key == row.notice.key);
        story.order.told.handled.iter().find(planned).and_then(Handled::because)
    };
    events.extend(story.notices.iter().flat_map(|row| of_notice(row, because(row), &clock)));
    events.extend(story.silences.iter().map(of_silence));
    events.extend(story.alerts.iter().flat_map(|row| of_alert(row, &clock)));
    events.sort_by_key(|event| (event.at, event.then));
    let rows: Vec<[String; 4]> =
        events.into_iter().map(|event| [clock(event.at), event.what.to_owned(), event.which, event.rule]).collect();
    out.say("")?;
    out.table(["CLOCK", "WHAT", "WHICH", "RULE"], &rows)?;
    if let Some(at) = story.order.told.wake {
        out.say(format!("\nlooked at again at {}, unless something happens before", clock(at)))?;
    }
    Ok(out.say("")?)
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("the brand's zone").to_owned()
}

/// How the order stands, without anything personal.
fn now(state: &OrderState<'_>, clock: &impl Fn(Timestamp) -> String) -> Vec<String> {
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
fn foresight(told: &order::Told) -> Vec<String> {
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

fn of_fact(fact: &Fact, clock: &impl Fn(Timestamp) -> String) -> Event {
    // Stored facts have passed the door once; one that no longer does is still shown by what its row says.
    let happened = decode_stored(&fact.raw).ok().map(|event| event.time);
    let rule =
        happened.map_or_else(|| "its bytes can no longer be read".to_owned(), |at| format!("happened {}", clock(at)));
    let then = happened.unwrap_or(Timestamp::MIN);
    Event { at: fact.received_at, then, what: "fact", which: fact.kind.clone(), rule }
}

fn of_notice(row: &NoticeRow, because: Option<&str>, clock: &impl Fn(Timestamp) -> String) -> Vec<Event> {
    let notice = &row.notice;
    let shipment = notice.shipment.as_deref().map_or(String::new(), |id| format!(" · {id}"));
    let (stage, channel, role) = (notice.stage.as_str(), notice.channel.as_str(), notice.role.as_str());
    let which = format!("{stage} · {channel} · {role}{shipment}");
    let reason = |row: &NoticeRow| {
        let rule = row.why.as_deref().map(sentence_of);
        [rule, row.cause.clone(), row.receipt.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ")
    };
    let because = because.map_or_else(|| format!("the fact of {} calls for it", clock(notice.fact_at)), str::to_owned);
    let key = format!("{because}; key {}", notice.key);
    let planned =
        Event { at: notice.planned_at, then: Timestamp::MAX, what: "planned", which: which.clone(), rule: key };
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
    vec![planned, Event { at: at.max(notice.planned_at), then: Timestamp::MAX, what, which, rule }]
}

fn of_silence(silence: &Silence) -> Event {
    let channel = silence.channel.map(|channel| format!(" · {}", channel.as_str())).unwrap_or_default();
    let role = silence.role.map(|role| format!(" · {}", role.as_str())).unwrap_or_default();
    let shipment = silence.shipment.as_deref().map(|id| format!(" · {id}")).unwrap_or_default();
    let which = format!("{}{channel}{role}{shipment}", silence.stage.as_str());
    Event { at: silence.at, then: Timestamp::MAX, what: "silent", which, rule: sentence(silence.why) }
}

fn of_alert(row: &AlertRow, clock: &impl Fn(Timestamp) -> String) -> Vec<Event> {
    let lines = alerted::lines(row, clock).into_iter();
    lines.map(|(at, what, which, rule)| Event { at, then: Timestamp::MAX, what, which, rule }).collect()
}

/// A rule's word from a row, with its sentence.
fn sentence_of(word: &str) -> String {
    serde_json::from_value::<Why>(serde_json::Value::String(word.to_owned())).map_or_else(|_| word.to_owned(), sentence)
}

/// What a rule says, for people.
fn sentence(why: Why) -> String {
    format!("{}: {}", why.as_str(), why.in_words())
}

/// The story for a program.
#[derive(Serialize)]
struct Told<'a> {
    order: &'a str,
    version: i64,
    zone: String,
    cancelled: bool,
    on_hold: bool,
    parcels: Vec<ParcelTold>,
    facts: Vec<FactTold<'a>>,
    notices: Vec<Shown<'a>>,
    silences: Vec<SilenceTold<'a>>,
    /// What the last morning foresaw.
    foresight: Option<ForesightTold<'a>>,
    /// The chance of missing the promise, morning by morning.
    chances: Vec<(String, f32)>,
    alerts: Vec<AlertTold<'a>>,
    wake_at: Option<String>,
}

/// What a morning foresaw, in days of the calendar.
#[derive(Serialize)]
struct ForesightTold<'a> {
    as_of: Option<Date>,
    chance: Option<f32>,
    expected: Option<Date>,
    half: [Option<Date>; 2],
    most: [Option<Date>; 2],
    words: Option<&'a str>,
}

impl<'a> ForesightTold<'a> {
    fn of(seen: &'a Foresight) -> Self {
        let range = |range: Range| [day::date(range.first), day::date(range.last)];
        Self {
            as_of: day::date(seen.as_of),
            chance: seen.chance,
            expected: day::date(seen.expected),
            half: range(seen.half),
            most: range(seen.most),
            words: seen.words.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ParcelTold {
    name: Option<String>,
    status: String,
    since: Option<String>,
}

#[derive(Serialize)]
struct FactTold<'a> {
    key: String,
    #[serde(rename = "type")]
    kind: &'a str,
    received_at: String,
    happened_at: Option<String>,
}

#[derive(Serialize)]
struct SilenceTold<'a> {
    at: String,
    shipment: Option<&'a str>,
    stage: &'a str,
    channel: Option<&'a str>,
    to: Option<&'a str>,
    why: &'a str,
}

impl<'a> Told<'a> {
    fn of(story: &'a Story, state: &OrderState<'_>) -> Self {
        Self {
            order: story.key.as_str(),
            version: story.version,
            zone: zone_name(&state.zone),
            cancelled: state.cancelled.is_some(),
            on_hold: state.known.on_hold(),
            parcels: state.parcels.iter().map(ParcelTold::of).collect(),
            facts: story.facts.iter().map(FactTold::of).collect(),
            notices: story.notices.iter().map(Shown::of).collect(),
            silences: story.silences.iter().map(SilenceTold::of).collect(),
            foresight: story
                .order
                .told
                .lane
                .as_ref()
                .and_then(|memory| Some(ForesightTold::of(memory.foresight.as_ref()?))),
            chances: chances(&story.order.told),
            alerts: story.alerts.iter().map(AlertTold::of).collect(),
            wake_at: story.order.told.wake.map(|at| at.to_string()),
        }
    }
}

fn chances(told: &order::Told) -> Vec<(String, f32)> {
    let mornings = told.lane.iter().flat_map(|memory| &memory.mornings);
    mornings.filter_map(|morning| Some((day::date(morning.day)?.to_string(), morning.told))).collect()
}

impl ParcelTold {
    fn of(parcel: &crate::domain::parcel::Parcel<'_>) -> Self {
        Self {
            name: parcel.id().map(str::to_owned),
            status: format!("{:?}", parcel.status()),
            since: parcel.now().map(|episode| episode.from.time().to_string()),
        }
    }
}

impl<'a> FactTold<'a> {
    fn of(fact: &'a Fact) -> Self {
        Self {
            key: fact.key.to_string(),
            kind: &fact.kind,
            received_at: fact.received_at.to_string(),
            happened_at: decode_stored(&fact.raw).ok().map(|event| event.time.to_string()),
        }
    }
}

impl<'a> SilenceTold<'a> {
    fn of(silence: &'a Silence) -> Self {
        Self {
            at: silence.at.to_string(),
            shipment: silence.shipment.as_deref(),
            stage: silence.stage.as_str(),
            channel: silence.channel.map(Channel::as_str),
            to: silence.role.map(Role::as_str),
            why: silence.why.as_str(),
        }
    }
}
