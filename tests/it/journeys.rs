//! Behaviour that a shopkeeper can read: facts above the line, what the customer hears below it.
//!
//! ```text
//! # A parcel is delivered.                            a comment, also at the end of a line
//! windows 10m                                         settings: windows, superseded, zone, country, sms hours, stage …
//! 2026-11-02 08:00  paid       2 mugs, 1 lamp         arrival by the destination's clock, event, then words
//! 2026-11-02 18:05  delivered  parcel A, at 17:00     the fact happened earlier than it arrived
//! ---
//! 2026-11-02 08:10  email   confirmed
//! 18:15             silent  sms confirmed no_address
//! ```
//!
//! `DOORSTEP_JOURNEYS=write` writes what happened below the line, to be read and judged before it is committed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use doorstep::domain::event::Kind;
use doorstep::domain::person::{Channel, Role};
use doorstep::domain::policy::{Policy, Superseded};
use doorstep::domain::stage::Stage;
use doorstep::store::rows::State;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::world::World;

/// How long after the last fact the customer may still hear something.
const PATIENCE: SignedDuration = SignedDuration::from_hours(45 * 24);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_journey_ends_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/journeys");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    files.sort();
    assert!(files.len() >= 10, "the journeys are found");
    let mut wrong = String::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("readable");
        let (above, below) = text.split_once("\n---\n").expect("a journey has a line of three dashes");
        let journey = Journey::read(above).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
        let heard = journey.live().await;
        if std::env::var("DOORSTEP_JOURNEYS").is_ok_and(|wish| wish == "write") {
            std::fs::write(&path, format!("{above}\n---\n{heard}")).expect("writable");
        } else if without_comments(below) != heard {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let _ = writeln!(wrong, "== {name}\n-- written:\n{}-- heard:\n{heard}", without_comments(below));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim_end());
    lines.filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

struct Journey {
    policy: Policy,
    zone: TimeZone,
    facts: Vec<(Timestamp, Value)>,
}

impl Journey {
    fn read(text: &str) -> Result<Self, String> {
        let mut setup = Setup::new();
        let mut facts = Vec::new();
        for line in without_comments(text).lines() {
            let problem = |what: String| format!("`{line}`: {what}");
            if line.trim_start().starts_with(|first: char| first.is_ascii_digit()) {
                facts.push(setup.fact(line).map_err(problem)?);
            } else {
                setup.set(line).map_err(problem)?;
            }
        }
        Ok(Self { policy: setup.policy, zone: setup.zone, facts })
    }

    async fn live(self) -> String {
        let start = self.facts.first().expect("a journey has facts").0;
        let world = World::new(&start.to_string(), self.policy.clone()).await;
        let mut heard = Heard { zone: self.zone.clone(), lines: Vec::new() };
        let mut last = start;
        for (at, event) in &self.facts {
            world.pass(*at, async |world| heard.listen(world)).await;
            world.feed(std::slice::from_ref(event)).await;
            world.drain().await;
            heard.listen(&world);
            last = *at;
        }
        world.pass(last + PATIENCE, async |world| heard.listen(world)).await;
        heard.silences(&world).await;
        heard.text()
    }
}

/// What a customer heard, and what was kept from them.
struct Heard {
    zone: TimeZone,
    lines: Vec<(Timestamp, bool, String)>,
}

impl Heard {
    fn listen(&mut self, world: &World) {
        let now = world.clock.now();
        let all = world.taken();
        let known: Vec<String> = self.lines.iter().map(|(_, _, line)| line.clone()).collect();
        for one in all {
            let key = one.entry.key.to_string();
            if known.iter().any(|line| line.ends_with(&key)) {
                continue;
            }
            let to = if one.entry.role == Role::Recipient { " to recipient" } else { "" };
            let line = format!("{:<6}  {}{to}\0{key}", one.entry.channel.as_str(), one.text);
            self.lines.push((now, false, line));
        }
    }

    async fn silences(&mut self, world: &World) {
        let order = World::order("1001");
        for silence in world.store.silences_of(&order).await.expect("the store answers") {
            let channel = silence.channel.map_or(String::new(), |channel| format!("{} ", channel.as_str()));
            let role = if silence.role == Some(Role::Recipient) { " to recipient" } else { "" };
            self.keep(silence.at, format!("{channel}{}{role} {}", silence.stage.as_str(), silence.why.as_str()));
        }
        for row in world.store.notices_of(&order).await.expect("the store answers") {
            let role = if row.notice.role == Role::Recipient { " to recipient" } else { "" };
            let what = format!("{} {}{role}", row.notice.channel.as_str(), row.notice.stage.as_str());
            let why = row.why.unwrap_or_default();
            match row.state {
                State::Superseded | State::Suppressed | State::Rejected => {
                    self.keep(row.settled_at.expect("it is settled"), format!("{what} {why}"));
                }
                State::Accepted => {}
                State::Planned | State::Claimed | State::Sending | State::InDoubt => {
                    self.keep(world.clock.now(), format!("{what} still {} {why}", row.state.as_str()));
                }
            }
        }
    }

    fn keep(&mut self, at: Timestamp, line: String) {
        self.lines.push((at, true, format!("silent  {line}")));
    }

    /// The lines by time, what was heard before what was not; the day is named where it changes.
    fn text(mut self) -> String {
        self.lines.sort();
        let (mut text, mut day) = (String::new(), None);
        for (at, _, line) in &self.lines {
            let line = line.split('\0').next().unwrap_or_default();
            let local = self.zone.to_datetime(*at);
            let stamp = if day == Some(local.date()) {
                format!("           {}", local.strftime("%H:%M"))
            } else {
                local.strftime("%Y-%m-%d %H:%M").to_string()
            };
            day = Some(local.date());
            let _ = writeln!(text, "{stamp}  {}", line.trim_end());
        }
        text
    }
}

/// The settings of a journey, and what its facts have in common.
struct Setup {
    policy: Policy,
    zone: TimeZone,
    country: String,
    count: u32,
    day: Option<jiff::civil::Date>,
}

impl Setup {
    fn new() -> Self {
        let zone = TimeZone::get("Europe/Berlin").expect("a known zone");
        Self { policy: Policy::standard(zone.clone()), zone, country: "DE".into(), count: 0, day: None }
    }

    fn set(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once(' ').ok_or("a setting has a value")?;
        let value = value.trim();
        match name {
            "windows" => {
                let window: SignedDuration = value.parse().map_err(|_| "not a length of time")?;
                self.policy.stages.values_mut().for_each(|rule| rule.merge_window = window);
            }
            "superseded" => {
                self.policy.superseded = if value == "send" { Superseded::Send } else { Superseded::Drop };
            }
            "age_limit" => {
                self.policy.age_limit =
                    (value != "none").then(|| value.parse()).transpose().map_err(|_| "not a length of time")?;
            }
            "cap" => {
                let (channel, cap) = value.split_once(' ').ok_or("cap CHANNEL NUMBER")?;
                let channel = Channel::parse(channel).ok_or("no such channel")?;
                self.policy.cap_per_day.insert(channel, cap.trim().parse().map_err(|_| "not a number")?);
            }
            "tell" => {
                let mut words = value.split_whitespace();
                let stage = words.next().and_then(Stage::parse).ok_or("no such stage")?;
                let rule = self.policy.stages.get_mut(&stage).ok_or("no such rule")?;
                rule.channels =
                    words.map(|word| Channel::parse(word).ok_or("no such channel")).collect::<Result<_, _>>()?;
            }
            "country" => self.country = value.into(),
            "zone" => self.zone = TimeZone::get(value).map_err(|_| "no such zone")?,
            _ => return Err(format!("no such setting: {name}")),
        }
        Ok(())
    }

    /// `DAY TIME  EVENT  words, …`; the day may be left out where it stays the same.
    fn fact(&mut self, line: &str) -> Result<(Timestamp, Value), String> {
        let mut words = line.split_whitespace();
        let mut first = words.next().ok_or("no time")?;
        if first.contains('-') {
            self.day = Some(first.parse().map_err(|_| "not a day")?);
            first = words.next().ok_or("no time of day")?;
        }
        let time: Time = first.parse().map_err(|_| "not a time of day")?;
        let arrived = self.instant(DateTime::from_parts(self.day.ok_or("no day yet")?, time));
        let event = words.next().ok_or("no event")?;
        let rest = words.collect::<Vec<_>>().join(" ");
        let parts: Vec<&str> = rest.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let about_parcel = parts.iter().any(|part| part.starts_with("parcel") || part.starts_with("number"));
        let kinds = if about_parcel { ["shipment", "order"] } else { ["order", "shipment"] };
        let kind = kinds.iter().find_map(|kind| Kind::parse(&format!("{kind}.{event}"))).ok_or("no such event")?;
        self.count += 1;
        let mut fact = Fact::new(kind, arrived, self.count);
        if kind == Kind::OrderPaid {
            fact.pay(&self.country);
        }
        for part in parts {
            fact.word(part, self)?;
        }
        Ok((arrived, fact.event()))
    }

    fn instant(&self, local: DateTime) -> Timestamp {
        self.zone.to_ambiguous_zoned(local).compatible().expect("a time in range").timestamp()
    }
}

struct Fact {
    kind: Kind,
    id: String,
    time: Timestamp,
    names_order: bool,
    order: Map<String, Value>,
    shipment: Map<String, Value>,
}

impl Fact {
    fn new(kind: Kind, arrived: Timestamp, count: u32) -> Self {
        Self {
            kind,
            id: format!("e{count}"),
            time: arrived,
            names_order: true,
            order: Map::new(),
            shipment: Map::new(),
        }
    }

    /// What every paid order of these journeys has, until words say otherwise.
    fn pay(&mut self, country: &str) {
        let customer = json!({"id": "c1", "name": "Ada", "email": "ada@example.org", "phone": "+4915112345678",
            "locale": "en-GB"});
        self.order.insert("customer".into(), customer);
        self.order.insert("address".into(), json!({"line1": "Quay 1", "city": "Town", "country": country}));
    }

    fn word(&mut self, part: &str, setup: &Setup) -> Result<(), String> {
        let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
        let text = || Value::from(rest);
        match word {
            "parcel" => drop(self.shipment.insert("id".into(), text())),
            "number" => {
                self.shipment.insert("tracking_number".into(), text());
                // A carrier's own feed knows no order, unless the words name the parcel as the shop does.
                self.names_order = self.shipment.contains_key("id");
            }
            "by" => drop(self.shipment.insert("carrier".into(), text())),
            "tracking" => drop(self.shipment.insert("tracking_number".into(), text())),
            "with" => drop(self.shipment.insert("items".into(), json!([item(rest)?]))),
            "and" => match self.shipment.get_mut("items").and_then(Value::as_array_mut) {
                Some(items) => items.push(item(rest)?),
                None => return Err("`and` follows `with`".into()),
            },
            "eta" => drop(self.shipment.insert("eta".into(), text())),
            "handover" => drop(self.shipment.insert("handover".into(), text())),
            "until" | "place" | "code" => {
                let pickup = self.shipment.entry("pickup").or_insert_with(|| json!({"name": "Kiosk"}));
                pickup[if word == "place" { "name" } else { word }] = text();
            }
            "reason" if self.kind.is_shipment() => drop(self.shipment.insert("reason".into(), text())),
            "reason" => drop(self.order.insert("reason".into(), text())),
            "promise" => drop(self.order.insert("promise".into(), json!({"date": rest}))),
            "hold" => drop(self.order.insert("hold".into(), json!(rest != "off"))),
            "no" => {
                let customer = self.order.get_mut("customer").and_then(Value::as_object_mut).ok_or("no customer")?;
                customer.remove(rest).ok_or("the customer has no such member")?;
            }
            "wants" | "email" | "phone" | "locale" => self.customer(word, rest)?,
            "gift" => {
                let recipient = json!({"name": "Bo", "email": "bo@example.org", "phone": "+4915187654321"});
                self.order.insert("recipient".into(), recipient);
            }
            "cancelling" => drop(self.order.insert("items".into(), json!([item(rest)?]))),
            "at" => self.time = moment(rest, setup)?,
            "again" => self.id = rest.into(),
            count if count.parse::<u32>().is_ok() => {
                let items = self.order.entry("items").or_insert_with(|| json!([]));
                items.as_array_mut().ok_or("items are a list")?.push(item(part)?);
            }
            _ => return Err(format!("no such word: {word}")),
        }
        Ok(())
    }

    fn customer(&mut self, word: &str, rest: &str) -> Result<(), String> {
        let customer = self.order.entry("customer").or_insert_with(|| json!({}));
        let customer = customer.as_object_mut().ok_or("a customer is an object")?;
        if word == "wants" {
            let channel = rest.strip_prefix("no ").ok_or("wants no CHANNEL")?;
            customer.insert("channels".into(), json!({ channel: false }));
        } else {
            customer.insert(word.into(), rest.into());
        }
        Ok(())
    }

    fn event(mut self) -> Value {
        let mut data = Map::new();
        if self.names_order {
            self.order.insert("id".into(), "1001".into());
            data.insert("order".into(), self.order.into());
        }
        if self.kind.is_shipment() {
            data.insert("shipment".into(), self.shipment.into());
        }
        json!({"specversion": "1.0", "id": self.id, "source": "/shops/harbour", "type": self.kind.as_str(),
            "time": self.time.to_string(), "datacontenttype": "application/json", "data": data})
    }
}

/// `2 mugs`: pieces of a thing.
fn item(text: &str) -> Result<Value, String> {
    let (count, name) = text.split_once(' ').ok_or("COUNT THING")?;
    let count: u32 = count.parse().map_err(|_| "not a count")?;
    Ok(json!({"id": name, "sku": name, "title": name, "qty": count}))
}

/// `17:00` of the day of arrival, or `2026-11-01 17:00`.
fn moment(text: &str, setup: &Setup) -> Result<Timestamp, String> {
    let (day, time) = match text.split_once(' ') {
        Some((day, time)) => (day.parse().map_err(|_| "not a day")?, time),
        None => (setup.day.ok_or("no day yet")?, text),
    };
    let time: Time = time.parse().map_err(|_| "not a time of day")?;
    Ok(setup.instant(DateTime::from_parts(day, time)))
}
