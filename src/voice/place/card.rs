//! The parcels, one card each: how far, where, by whom, with what inside, and everything that happened.

use jiff::Timestamp;
use jiff::civil::Date;

use super::now::sees_order;
use super::page::{Card, Carriers, Collect, Day, Event, Mark, Number};
use super::{Began, Scan, Sight, Track, qr};
use crate::link::Reader;
use crate::voice::harmless::{self, NAME_CHARS_MAX};
use crate::voice::page::Fact;
use crate::voice::story::{self, shown};
use crate::voice::tongue::{self, Tongue};
use crate::voice::view::{Item, Parcel, State};
use crate::voice::words::WordsError;
use crate::voice::{carriers, shelf};

/// Events shown before the rest is folded away.
const EVENTS_SHOWN: usize = 7;
/// Folding away fewer than these saves nothing.
const EVENTS_FOLDED_MIN: usize = 3;

/// The cards; one for the order itself while there is no parcel.
pub(super) fn cards(tongue: &Tongue<'_>, sight: &Sight) -> Result<Vec<Card>, WordsError> {
    let parcels = &tongue.view.parcels;
    if parcels.is_empty() {
        return Ok(vec![of_order(tongue, sight)?]);
    }
    let nothing = Track::default();
    let tracks = sight.tracks.iter().chain(std::iter::repeat(&nothing));
    parcels.iter().zip(tracks).map(|(parcel, track)| of_parcel(tongue, sight, parcel, track)).collect()
}

fn of_order(tongue: &Tongue<'_>, sight: &Sight) -> Result<Card, WordsError> {
    let items: Vec<&Item> = tongue.view.order.items.iter().filter(|_| sees_order(sight.reader)).collect();
    let (days, older) = days(tongue, happened(tongue, sight, &[], true)?);
    let is_cancelled = sight.now == super::Now::Cancelled;
    Ok(Card {
        id: "parcel-1".to_owned(),
        title: tongue.word("place-order")?,
        state: if is_cancelled { String::new() } else { tongue.word("state-announced")? },
        tone: "calm",
        marks: if is_cancelled { Vec::new() } else { marks(tongue, sight, None, &Track::default())? },
        shelf: shelf::shelf(tongue, "in-order", &items, false)?,
        days,
        older,
        ..Card::default()
    })
}

fn of_parcel(tongue: &Tongue<'_>, sight: &Sight, parcel: &Parcel, track: &Track) -> Result<Card, WordsError> {
    let is_only = parcel.of == 1;
    let title = match (is_only, sight.reader) {
        (false, _) => tongue.teller.words.say("parcel-label", &numbered(parcel))?,
        (true, Reader::Shared) => tongue.with("place-title-shared", [("brand", tongue.brand.name.as_str())])?,
        (true, Reader::Customer | Reader::Recipient) => tongue.word("place-parcel")?,
    };
    let expected = match parcel.expected.as_ref().filter(|_| !is_only && is_expected(parcel.state)) {
        Some(expected) if expected.last_day(tongue.teller.zone) >= tongue.teller.today => {
            let (label, value) = (tongue.word("expected-label")?, tongue.teller.the(expected)?);
            Some(Fact { label, value, link: None })
        }
        Some(_) | None => None,
    };
    let whole = is_only && tongue.view.to_come.is_empty();
    let items: Vec<&Item> = parcel.items.iter().filter(|_| sees_order(sight.reader)).collect();
    let (days, older) = days(tongue, happened(tongue, sight, &track.scans, is_only)?);
    let (facts, number) = (facts(tongue, parcel)?, number(tongue, parcel)?);
    Ok(Card {
        id: format!("parcel-{}", parcel.number),
        title,
        state: tongue.word(&format!("state-{}", tongue::state(parcel.state)))?,
        tone: tone(parcel.state),
        expected,
        collect: collect(tongue, sight.reader, parcel)?,
        marks: marks(tongue, sight, Some(parcel), track)?,
        carried: !facts.is_empty() || number.is_some(),
        facts,
        number,
        shelf: shelf::shelf(tongue, if whole { "in-order" } else { "in-parcel" }, &items, false)?,
        days,
        older,
    })
}

fn numbered(parcel: &Parcel) -> fluent_bundle::FluentArgs<'static> {
    let mut args = fluent_bundle::FluentArgs::with_capacity(2);
    args.set("number", parcel.number);
    args.set("of", parcel.of);
    args
}

fn is_expected(state: State) -> bool {
    state.is_coming() && state != State::Waiting
}

fn tone(state: State) -> &'static str {
    match state {
        State::Announced | State::Moving | State::OutForDelivery | State::Waiting => "calm",
        State::Delivered => "good",
        State::AttemptFailed | State::Exception | State::Returning | State::Returned | State::Lost => "warn",
    }
}

fn facts(tongue: &Tongue<'_>, parcel: &Parcel) -> Result<Vec<Fact>, WordsError> {
    let mut facts = Vec::with_capacity(2);
    let carrier = carriers::name(parcel.carrier.as_deref(), parcel.carrier_name.as_deref());
    for (label, value) in [("carrier-label", carrier.as_deref()), ("service-label", parcel.service.as_deref())] {
        if let Some(value) = shown(value) {
            facts.push(Fact { label: tongue.word(label)?, value, link: None });
        }
    }
    Ok(facts)
}

fn number(tongue: &Tongue<'_>, parcel: &Parcel) -> Result<Option<Number>, WordsError> {
    let said = parcel.tracking_number.as_deref();
    let Some(number) = said.and_then(|number| harmless::shown(number, NAME_CHARS_MAX)) else { return Ok(None) };
    let is_over = matches!(parcel.state, State::Returned | State::Lost);
    let link = match story::tracking_url(tongue.brand, parcel).filter(|_| !is_over) {
        Some(link) => {
            let carrier = carriers::name(parcel.carrier.as_deref(), parcel.carrier_name.as_deref());
            let carrier = carrier.and_then(|name| harmless::shown(&name, NAME_CHARS_MAX));
            let carrier = carrier.unwrap_or_else(|| crate::voice::words::NONE.to_owned());
            Some(Carriers { label: tongue.with("place-carrier-page", [("carrier", carrier.as_str())])?, link })
        }
        None => None,
    };
    Ok(Some(Number { shown: number, link }))
}

fn collect(tongue: &Tongue<'_>, reader: Reader, parcel: &Parcel) -> Result<Option<Collect>, WordsError> {
    let Some(pickup) = parcel.pickup.as_ref().filter(|_| parcel.state == State::Waiting) else { return Ok(None) };
    let code = story::code(pickup).filter(|_| reader.role().is_some());
    Ok(Some(Collect {
        place: shown(pickup.name.as_deref()),
        address: shown(pickup.address.as_deref()),
        until: pickup.until.map(|until| tongue.teller.until(until)).transpose()?,
        hours: shown(pickup.opening_hours.as_deref()),
        square: code.as_ref().and(pickup.code.as_ref()).and_then(|code| qr::square(code.expose())),
        code,
    }))
}

/// The steps of the way: those done, the one that holds, those still to come. Where something went wrong, the step that was
/// not reached says what.
fn marks(tongue: &Tongue<'_>, sight: &Sight, parcel: Option<&Parcel>, track: &Track) -> Result<Vec<Mark>, WordsError> {
    let state = parcel.map_or(State::Announced, |parcel| parcel.state);
    let since = parcel.and_then(|parcel| parcel.state_at);
    let ordered = sight.began.iter().map(|(_, at)| *at).min().or(tongue.view.order.placed_at);
    let near = if state == State::Waiting { "step-collect" } else { "step-out" };
    let word = format!("state-{}", tongue::state(state));
    // How many of the steps are done, and what holds now in the place of the next one.
    let (done, wrong) = match state {
        State::Announced => (1, false),
        State::Moving => (2, false),
        State::OutForDelivery | State::Waiting => (3, false),
        State::Delivered => (4, false),
        State::Exception if track.shipped.is_none() => (1, true),
        State::AttemptFailed | State::Exception => (2, true),
        State::Returning | State::Returned | State::Lost => (2, true),
    };
    let ends = matches!(state, State::Returning | State::Returned | State::Lost);
    let steps = [
        ("step-ordered", ordered),
        ("step-shipped", track.shipped),
        (near, track.near),
        ("step-delivered", since.filter(|_| state == State::Delivered)),
    ];
    let mut marks = Vec::with_capacity(5);
    for (place, (label, at)) in steps.into_iter().enumerate() {
        if wrong && place == done {
            marks.push(mark(tongue, &word, since, "wrong")?);
            if ends {
                break;
            }
            // The step that was tried is not shown as still to come beside what became of it.
            if state == State::AttemptFailed {
                continue;
            }
        }
        let now = if place + 1 == done && !wrong && state != State::Delivered { "current" } else { "done" };
        let (kind, at) = if place < done { (now, at) } else { ("todo", None) };
        marks.push(mark(tongue, label, at, kind)?);
    }
    Ok(marks)
}

fn mark(tongue: &Tongue<'_>, label: &str, at: Option<Timestamp>, state: &'static str) -> Result<Mark, WordsError> {
    let when = at.map(|at| tongue.teller.short_date(tongue.teller.day_of(at)));
    let said = match state {
        "done" => "place-done",
        "todo" => "place-todo",
        _ => "place-current",
    };
    let current = matches!(state, "current" | "wrong");
    Ok(Mark { label: tongue.word(label)?, when, state, current, said: tongue.word(said)? })
}

/// Everything that happened, latest first. `from_start`: what was before any parcel too.
fn happened(
    tongue: &Tongue<'_>,
    sight: &Sight,
    scans: &[Scan],
    from_start: bool,
) -> Result<Vec<(Timestamp, Event)>, WordsError> {
    let mut events = Vec::with_capacity(scans.len() + 3);
    let is_stranger = sight.reader.role().is_none();
    for (what, at) in sight.began.iter().filter(|_| from_start && !is_stranger) {
        let word = match what {
            Began::Placed => "event-placed",
            Began::Paid => "event-paid",
            Began::Packed => "event-packed",
        };
        events.push((*at, event(tongue, *at, word)?));
    }
    for scan in scans {
        let kind = scan.kind.as_str();
        let kind = kind.rsplit_once('.').map_or(kind, |(_, last)| last);
        let mut event = event(tongue, scan.at, &format!("event-{kind}"))?;
        event.place = shown(scan.place.as_deref());
        // Carriers' own words may name people.
        event.words = shown(scan.words.as_deref()).filter(|_| !is_stranger);
        events.push((scan.at, event));
    }
    events.sort_by_key(|(at, _)| *at);
    events.reverse();
    Ok(events)
}

fn event(tongue: &Tongue<'_>, at: Timestamp, word: &str) -> Result<Event, WordsError> {
    Ok(Event { time: tongue.teller.clock(at), iso: at.to_string(), what: tongue.word(word)?, place: None, words: None })
}

/// By day; the second list is folded away.
fn days(tongue: &Tongue<'_>, events: Vec<(Timestamp, Event)>) -> (Vec<Day>, Vec<Day>) {
    let fold = events.len() >= EVENTS_SHOWN + EVENTS_FOLDED_MIN;
    let shown = if fold { EVENTS_SHOWN } else { events.len() };
    let mut first = events;
    let rest = first.split_off(shown);
    (by_day(tongue, first), by_day(tongue, rest))
}

fn by_day(tongue: &Tongue<'_>, events: Vec<(Timestamp, Event)>) -> Vec<Day> {
    let mut days: Vec<(Date, Day)> = Vec::new();
    for (at, event) in events {
        let date = tongue.teller.day_of(at);
        match days.last_mut() {
            Some((last, day)) if *last == date => day.events.push(event),
            Some(_) | None => days.push((date, Day { date: tongue.teller.date(date), events: vec![event] })),
        }
    }
    days.into_iter().map(|(_, day)| day).collect()
}
