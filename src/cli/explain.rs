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
use crate::domain::lane::forecast::Range;
use crate::domain::lane::memory::Foresight;
use crate::domain::notice::Silence;
use crate::domain::order::{self, State as OrderState};
use crate::domain::person::{Channel, Role};
use crate::explain::{self, Line, Story, zone_name};
use crate::ingest::decode::decode_stored;
use crate::store::alerts::AlertRow;
use crate::store::rows::{CalledBack, Fact};

/// Which order.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  doorstep explain 10042
  doorstep explain harbour/10042
  doorstep explain 10042 --json | jq '.silences'

Answers \"why did she get no mail?\": what was reported and when it came in, what was planned, sent, held or left unsaid, by
which rule and at what time, and what providers called back about it. No name, address or number of a person is shown.")]
pub struct Args {
    /// The order's id as the shop writes it, or brand/order; found in every brand
    pub order: String,
}

/// Explains every order of this name.
///
/// # Errors
/// When the database cannot be used, or an order's document is damaged.
pub async fn run(args: &Args, config: &Config, out: &Out) -> anyhow::Result<Ending> {
    let house = config.house()?;
    let policies = config.policies(&house)?;
    let store = ready_store(config).await?;
    let keys = explain::find(&store, &args.order).await.context("looking for the order")?;
    for key in &keys {
        if let Some(story) = Story::read(&store, key).await? {
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

fn tell(story: &Story, fallback: &TimeZone, out: &Out) -> anyhow::Result<()> {
    let state = story.order.state(fallback);
    if out.json {
        return Ok(out.object(&Told::of(story, &state))?);
    }
    let clock = |at: Timestamp| at.to_zoned(state.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    out.say(format!("{}, version {}, clock of {}", story.key, story.version, zone_name(&state.zone)))?;
    for line in explain::now(&state, &clock).into_iter().chain(explain::foresight(&story.order.told)) {
        out.say(format!("  {line}"))?;
    }
    let mut lines = story.lines(&clock);
    lines.extend(story.alerts.iter().flat_map(|row| of_alert(row, &clock)));
    lines.sort_by_key(|line| (line.at, line.then));
    let rows: Vec<[String; 4]> =
        lines.into_iter().map(|line| [clock(line.at), line.what.to_owned(), line.which, line.rule]).collect();
    out.say("")?;
    out.table(["CLOCK", "WHAT", "WHICH", "RULE"], &rows)?;
    if let Some(at) = story.order.told.wake {
        out.say(format!("\nlooked at again at {}, unless something happens before", clock(at)))?;
    }
    Ok(out.say("")?)
}

fn of_alert(row: &AlertRow, clock: &impl Fn(Timestamp) -> String) -> Vec<Line> {
    let lines = alerted::lines(row, clock).into_iter();
    lines.map(|(at, what, which, rule)| Line { at, then: Timestamp::MAX, what, which, rule }).collect()
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
    /// What providers have reported of them.
    callbacks: Vec<CallbackTold<'a>>,
    silences: Vec<SilenceTold<'a>>,
    alerts: Vec<AlertTold<'a>>,
    /// What the last morning foresaw.
    foresight: Option<ForesightTold<'a>>,
    /// The chance of missing the promise, morning by morning.
    chances: Vec<(String, f32)>,
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
struct CallbackTold<'a> {
    at: String,
    /// The notice's key.
    notice: String,
    kind: &'a str,
}

impl<'a> CallbackTold<'a> {
    fn of(call: &'a CalledBack) -> Self {
        Self { at: call.at.to_string(), notice: call.notice.to_string(), kind: &call.kind }
    }
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
            callbacks: story.callbacks.iter().map(CallbackTold::of).collect(),
            silences: story.silences.iter().map(SilenceTold::of).collect(),
            alerts: story.alerts.iter().map(AlertTold::of).collect(),
            foresight: story
                .order
                .told
                .lane
                .as_ref()
                .and_then(|memory| Some(ForesightTold::of(memory.foresight.as_ref()?))),
            chances: chances(&story.order.told),
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
