//! What the demo's pages say: orders, facts and decisions in plain words.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::LATE;
use crate::channel::capture::Captured;
use crate::domain::event::Kind;
use crate::domain::fold::value;
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::notice::{Silence, Why};
use crate::domain::order::{Order, State};
use crate::domain::parcel::Status;
use crate::domain::person::{Channel, Role};
use crate::domain::stage::Stage;
use crate::ingest::decode::decode_stored;
use crate::store::rows::{Fact as StoredFact, NoticeRow, State as NoticeState};

/// An order on the list.
#[derive(Serialize)]
pub(super) struct Card {
    name: String,
    brand: String,
    id: String,
    country: Option<String>,
    state: String,
    /// The colour of the state: empty, `good`, `warn` or `bad`.
    tone: &'static str,
    items: String,
    told: String,
    href: String,
}

impl Card {
    /// The customer's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// A fact about an order, with its label.
#[derive(Serialize)]
pub(super) struct Fact {
    label: &'static str,
    value: String,
}

/// A step of the story: a fact, a message, or a silence.
#[derive(Serialize)]
pub(super) struct Step {
    #[serde(skip)]
    when: Timestamp,
    /// When a fact happened: orders what came in together.
    #[serde(skip)]
    happened: Timestamp,
    kind: &'static str,
    at: String,
    what: String,
    detail: Option<String>,
    href: Option<String>,
    link: Option<&'static str>,
    open: bool,
}

/// The message that is looked at.
#[derive(Serialize)]
pub(super) struct Shown {
    channel: &'static str,
    to: String,
    at: String,
    subject: Option<String>,
    /// Addresses of the mail's parts; `None` for a text.
    mail: Option<String>,
    eml: String,
    plain: String,
    text: String,
    cost: String,
}

/// Whether the channel carries short texts.
pub(super) fn is_text(channel: Channel) -> bool {
    match channel {
        Channel::Email => false,
        Channel::Sms => true,
    }
}

/// The destination's zone; UTC where nothing is known of it.
pub(super) fn zone(order: &Order) -> TimeZone {
    order.state(&TimeZone::UTC).zone
}

/// A time for people, in the zone given or in UTC.
pub(super) fn clock(at: Timestamp, zone: Option<&TimeZone>) -> String {
    match zone {
        Some(zone) => at.to_zoned(zone.clone()).strftime("%A %-d %B, %H:%M").to_string(),
        None => at.to_zoned(TimeZone::UTC).strftime("%A %-d %B, %H:%M UTC").to_string(),
    }
}

/// The order's card.
pub(super) fn card(key: &OrderKey, names: &BTreeMap<String, String>, order: &Order, notices: &[NoticeRow]) -> Card {
    let known = order.state(&TimeZone::UTC);
    let (state, tone) = standing(&known);
    let items = known.items();
    let first = items.first().and_then(|item| Some(format!("{} × {}", item.qty, item.title.as_deref()?)));
    let more = items.len().saturating_sub(1);
    let items = match (first, more) {
        (None, _) => String::new(),
        (Some(first), 0) => first,
        (Some(first), more) => format!("{first} and {more} more"),
    };
    let sent = |sms| {
        let is_sent = |row: &&NoticeRow| row.state == NoticeState::Accepted && is_text(row.notice.channel) == sms;
        notices.iter().filter(is_sent).count()
    };
    let told = match (sent(false), sent(true)) {
        (0, 0) => "nothing told yet".to_owned(),
        (mails, 0) => many(mails, "mail"),
        (0, texts) => many(texts, "text"),
        (mails, texts) => format!("{}, {}", many(mails, "mail"), many(texts, "text")),
    };
    let name = value(&order.known.customer.name).map_or("Not yet known", |name| name.expose());
    let (brand, id) = (key.brand(), key.order());
    Card {
        name: name.to_owned(),
        country: value(&order.known.order.address).and_then(|address| address.country.clone()),
        state,
        tone,
        items,
        told,
        href: format!("/orders/{brand}/{id}"),
        brand: names.get(brand.as_str()).cloned().unwrap_or_else(|| brand.to_string()),
        id: id.to_string(),
    }
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn standing(state: &State<'_>) -> (String, &'static str) {
    if state.cancelled.is_some() {
        return ("Cancelled".to_owned(), "bad");
    }
    if state.known.on_hold() {
        return ("Being checked".to_owned(), "warn");
    }
    let statuses: Vec<Status> = state.parcels.iter().map(|parcel| parcel.status()).collect();
    let delivered = statuses.iter().filter(|status| **status == Status::Delivered).count();
    let Some(slowest) = statuses.iter().copied().filter(|status| *status != Status::Delivered).min_by_key(progress)
    else {
        return match (delivered, state.known.packed.is_some(), state.known.paid.is_some()) {
            (0, true, _) => ("Packed".to_owned(), ""),
            (0, false, true) => ("Paid".to_owned(), ""),
            (0, false, false) => ("Placed".to_owned(), ""),
            _ => ("Delivered".to_owned(), "good"),
        };
    };
    let (word, tone) = status_word(slowest);
    // What needs nobody's eye is told shortest by how much has arrived.
    let calm = matches!(tone, "" | "good");
    let word =
        if delivered > 0 && calm { format!("{delivered} of {} delivered", statuses.len()) } else { word.to_owned() };
    (word, tone)
}

/// How far along a parcel is; what needs a person's eye comes first.
fn progress(status: &Status) -> u8 {
    match status {
        Status::Lost => 0,
        Status::Exception => 1,
        Status::Returning => 2,
        Status::Returned => 3,
        Status::AttemptFailed => 4,
        Status::Delayed => 5,
        Status::Announced => 6,
        Status::Moving => 7,
        Status::OutForDelivery => 8,
        Status::AwaitingPickup => 9,
        Status::Delivered => 10,
    }
}

fn status_word(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Announced => ("Label made", ""),
        Status::Moving => ("On its way", ""),
        Status::Delayed => ("Delayed", "warn"),
        Status::OutForDelivery => ("Out for delivery", "good"),
        Status::AttemptFailed => ("Missed", "warn"),
        Status::AwaitingPickup => ("Ready to collect", "good"),
        Status::Delivered => ("Delivered", "good"),
        Status::Exception => ("Problem", "bad"),
        Status::Returning => ("Going back", "bad"),
        Status::Returned => ("Came back", "bad"),
        Status::Lost => ("Lost", "bad"),
    }
}

/// What is known of the order, for the side of its page.
pub(super) fn order_facts(order: &Order, zone: &TimeZone) -> Vec<Fact> {
    let state = order.state(&TimeZone::UTC);
    let mut facts = Vec::new();
    let mut add = |label, value: Option<String>| facts.extend(value.map(|value| Fact { label, value }));
    let customer = &order.known.customer;
    add("E-mail", value(&customer.email).map(|email| email.expose().clone()));
    add("Phone", value(&customer.phone).map(|phone| phone.expose().clone()));
    add("Language", value(&customer.locale).cloned());
    let gift = state.person(Role::Recipient).and_then(|person| value(&person.name));
    add("A gift for", gift.map(|name| name.expose().clone()));
    let address = value(&order.known.order.address);
    let places = |address: &crate::domain::event::Address| {
        [address.city.clone(), address.country.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    add("Goes to", address.map(places).filter(|place| !place.is_empty()));
    add("Their clock", zone.iana_name().map(str::to_owned));
    add("Promised", crate::domain::promise::promised(&state).map(|day| day.strftime("%A %-d %B").to_string()));
    for item in state.items() {
        add("Item", item.title.map(|title| format!("{} × {title}", item.qty)));
    }
    for parcel in &state.parcels {
        let carrier = value(&parcel.facts.known.carrier).map_or("", String::as_str);
        let number = parcel.number_shown().unwrap_or("");
        add("Parcel", Some(format!("{carrier} {number}: {}", status_word(parcel.status()).0.to_lowercase())));
    }
    facts
}

/// The whole story, newest first.
pub(super) fn line(
    key: &OrderKey,
    facts: &[StoredFact],
    notices: &[NoticeRow],
    silences: &[Silence],
    open: Option<NoticeKey>,
    zone: &TimeZone,
) -> Vec<Step> {
    let mut line: Vec<Step> = facts.iter().map(|fact| fact_step(fact, zone)).collect();
    line.extend(notices.iter().map(|row| notice_step(key, row, open, zone)));
    line.extend(silences.iter().map(|silence| silence_step(silence, zone)));
    // Newest first; where several things carry one time, what was said stands above what caused it.
    line.sort_by_key(|step| (Reverse(step.when), step.kind == "fact", Reverse(step.happened)));
    line
}

fn step(kind: &'static str, when: Timestamp, zone: &TimeZone, what: String, detail: Option<String>) -> Step {
    let at = clock(when, Some(zone));
    Step { when, happened: when, kind, at, what, detail, href: None, link: None, open: false }
}

fn fact_step(fact: &StoredFact, zone: &TimeZone) -> Step {
    let what = Kind::parse(&fact.kind).map_or_else(|| fact.kind.clone(), |kind| fact_words(kind).to_owned());
    let Ok(event) = decode_stored(&fact.raw) else { return step("fact", fact.received_at, zone, what, None) };
    let late = fact.received_at.duration_since(event.time) > LATE;
    let patch = event.shipment_patch.as_ref();
    let place = patch.and_then(|patch| patch.location.clone());
    let reason = patch.and_then(|patch| patch.reason).map(|reason| reason.as_str().replace('_', " "));
    let told = late.then(|| format!("happened {}, came late", clock(event.time, Some(zone))));
    let all: Vec<String> = [place, reason, told].into_iter().flatten().collect();
    let detail = (!all.is_empty()).then(|| all.join(", "));
    Step { happened: event.time, ..step("fact", fact.received_at, zone, what, detail) }
}

fn notice_step(key: &OrderKey, row: &NoticeRow, open: Option<NoticeKey>, zone: &TimeZone) -> Step {
    let notice = &row.notice;
    let way = if is_text(notice.channel) { "Text" } else { "E-mail" };
    let to = if notice.role == Role::Recipient { " to the recipient" } else { "" };
    let what = format!("{way}{to}: {}", stage_words(notice.stage));
    let rule = row.why.as_deref().map(|word| match serde_json::from_value::<Why>(word.into()) {
        Ok(why) => why.in_words().to_owned(),
        Err(_) => word.to_owned(),
    });
    let at = row.settled_at.unwrap_or(notice.planned_at);
    match row.state {
        NoticeState::Accepted => Step {
            href: Some(format!("/orders/{}/{}?message={}", key.brand(), key.order(), notice.key)),
            link: Some(if is_text(notice.channel) { "Read the text" } else { "Look at the mail" }),
            open: open == Some(notice.key),
            ..step("message", at, zone, what, None)
        },
        NoticeState::Superseded | NoticeState::Suppressed => {
            step("silent", at, zone, format!("{what}: not sent"), rule)
        }
        NoticeState::Rejected => {
            step("silent", at, zone, format!("{what}: refused"), rule.or_else(|| row.cause.clone()))
        }
        NoticeState::InDoubt => step("silent", at, zone, format!("{what}: in doubt"), row.cause.clone()),
        NoticeState::Planned | NoticeState::Claimed | NoticeState::Sending => {
            let until = format!("waits until {}", clock(notice.due, Some(zone)));
            let detail = rule.map_or_else(|| until.clone(), |rule| format!("{until}: {rule}"));
            step("silent", notice.planned_at, zone, what, Some(detail))
        }
    }
}

fn silence_step(silence: &Silence, zone: &TimeZone) -> Step {
    let way = match silence.channel {
        Some(Channel::Email) => "No e-mail",
        Some(Channel::Sms) => "No text",
        None => "Nothing",
    };
    let what = format!("{way}: {}", stage_words(silence.stage));
    step("silent", silence.at, zone, what, Some(silence.why.in_words().to_owned()))
}

/// The message that is looked at, in words.
pub(super) fn shown(captured: &Captured, notices: &[NoticeRow], zone: &TimeZone) -> Shown {
    let key = captured.entry.key;
    let row = notices.iter().find(|row| row.notice.key == key);
    let at = row.and_then(|row| row.settled_at).unwrap_or(captured.entry.at);
    let part = |name: &str| format!("/messages/{key}/{name}");
    Shown {
        channel: if is_text(captured.entry.channel) { "Text" } else { "E-mail" },
        to: captured.to.expose().clone(),
        at: clock(at, Some(zone)),
        subject: captured.entry.subject.clone(),
        mail: captured.html.as_ref().map(|_| part("mail")),
        eml: part("eml"),
        plain: part("text"),
        text: captured.text.clone(),
        cost: match captured.segments {
            None | Some(1) => "One part.".to_owned(),
            Some(parts) => format!("{parts} parts."),
        },
    }
}

fn fact_words(kind: Kind) -> &'static str {
    match kind {
        Kind::OrderPlaced => "Ordered",
        Kind::OrderPaid => "Paid",
        Kind::OrderUpdated => "The shop changed the order",
        Kind::OrderPacked => "Packed",
        Kind::OrderCancelled => "Cancelled, wholly or in part",
        Kind::ShipmentCreated => "A label was made",
        Kind::ShipmentUpdated => "The shop changed the parcel",
        Kind::ShipmentCancelled => "A label was voided",
        Kind::ShipmentShipped => "The carrier took the parcel",
        Kind::ShipmentInTransit => "Scanned on the way",
        Kind::ShipmentDelayed => "The carrier reports a delay",
        Kind::ShipmentOutForDelivery => "On the van",
        Kind::ShipmentAttemptFailed => "Tried, not handed over",
        Kind::ShipmentAvailableForPickup => "Waits to be collected",
        Kind::ShipmentDelivered => "Handed over",
        Kind::ShipmentException => "Something is wrong",
        Kind::ShipmentReturning => "On its way back",
        Kind::ShipmentReturned => "Back at the shop",
        Kind::ShipmentLost => "Given up by the carrier",
    }
}

fn stage_words(stage: Stage) -> String {
    stage.as_str().replace('_', " ")
}
