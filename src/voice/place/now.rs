//! The one sentence that matters now, and those around it.

use fluent_bundle::FluentArgs;

use super::{Now, Sight, Sure};
use crate::domain::person::Role;
use crate::link::Reader;
use crate::voice::page::Step;
use crate::voice::story;
use crate::voice::tongue::Tongue;
use crate::voice::view::Expected;
use crate::voice::words::{NONE, WordsError};

/// `warn` where something is wrong, `good` where it has arrived, else `calm`.
pub(super) fn tone(now: Now) -> &'static str {
    match now {
        Now::Attempted | Now::Late | Now::HeldUp | Now::Returning | Now::Returned | Now::Lost => "warn",
        Now::Delivered | Now::Complete => "good",
        Now::Checked
        | Now::Placed
        | Now::Preparing
        | Now::Packed
        | Now::Coming
        | Now::Out
        | Now::ToCollect
        | Now::Cancelled => "calm",
    }
}

/// "Order HG-1042 · Parcel 2 of 3"; where the order must not be named, the shop.
pub(super) fn eyebrow(tongue: &Tongue<'_>, sight: &Sight) -> Result<String, WordsError> {
    let first = match sight.reader {
        Reader::Shared => tongue.with("place-title-shared", [("brand", tongue.brand.name.as_str())])?,
        Reader::Customer | Reader::Recipient => tongue.say("order-label")?,
    };
    match tongue.view.this_parcel() {
        Some(parcel) if parcel.of > 1 => Ok(format!("{first} · {}", tongue.say("parcel-label")?)),
        Some(_) | None => Ok(first),
    }
}

/// The facts that the page's own sentences may use.
fn args(tongue: &Tongue<'_>, sight: &Sight) -> Result<FluentArgs<'static>, WordsError> {
    let mut args = tongue.facts(tongue.view.this_parcel(), tongue.together.len())?;
    let arrived = || {
        let parcel = tongue.view.this_parcel().or(tongue.view.parcels.last());
        parcel.and_then(|parcel| parcel.state_at).map(|at| Expected::Day(tongue.teller.day_of(at)))
    };
    let day = match sight.now {
        Now::Delivered | Now::Complete => arrived(),
        _ => sight.day.clone(),
    };
    let when = day.as_ref().map(|day| tongue.teller.on(day)).transpose()?;
    args.set("when", when.unwrap_or_else(|| NONE.to_owned()));
    let sure = match sight.sure {
        Sure::Yes => "yes",
        Sure::Should => "should",
        Sure::Probably => "probably",
    };
    args.set("sure", sure);
    Ok(args)
}

/// The headline, and the sentence under it.
pub(super) fn headline(tongue: &Tongue<'_>, sight: &Sight) -> Result<(String, Option<String>), WordsError> {
    let words = tongue.teller.words;
    let args = args(tongue, sight)?;
    let say = |id: &str| words.say(id, &args);
    let part = |id: &str, part: &str| words.say_part(id, part, &args);
    let known = sight.day.is_some();
    let stage_title = || tongue.part("title");
    let stage_lead = || tongue.part("lead").map(Some);
    Ok(match sight.now {
        Now::Checked => (say("now-checked")?, Some(part("now-checked", "lead")?)),
        Now::Placed => (say("now-placed")?, Some(part("now-placed", "lead")?)),
        Now::Preparing | Now::Packed | Now::Coming => {
            let own = own_words(sight.now);
            let headline = say(if known { "now-arrives" } else { own })?;
            let lead = if sight.now == Now::Coming && !known { "unknown" } else { "lead" };
            (headline, Some(part(own, lead)?))
        }
        Now::Out => (say("now-out")?, stage_lead()?),
        Now::ToCollect => (say("now-collect")?, stage_lead()?),
        Now::Late => (say("now-late")?, stage_lead()?),
        Now::Delivered => (say("now-delivered")?, stage_lead()?),
        Now::Complete if sight.reader == Reader::Shared => (say("now-delivered")?, None),
        Now::Attempted | Now::HeldUp | Now::Returning | Now::Returned | Now::Lost | Now::Cancelled | Now::Complete => {
            (stage_title()?, stage_lead()?)
        }
    })
}

/// The page's own message about a phase before the last day.
fn own_words(now: Now) -> &'static str {
    match now {
        Now::Packed => "now-packed",
        Now::Coming => "now-coming",
        Now::Checked
        | Now::Placed
        | Now::Preparing
        | Now::Out
        | Now::Attempted
        | Now::ToCollect
        | Now::Late
        | Now::HeldUp
        | Now::Returning
        | Now::Returned
        | Now::Lost
        | Now::Cancelled
        | Now::Delivered
        | Now::Complete => "now-preparing",
    }
}

/// How many parcels have come, and how sure the day is.
pub(super) fn notes(tongue: &Tongue<'_>, sight: &Sight) -> Result<Vec<String>, WordsError> {
    let mut notes = Vec::with_capacity(2);
    let parcels = &tongue.view.parcels;
    let done = parcels.iter().filter(|parcel| parcel.state.is_delivered()).count();
    if done > 0 && done < parcels.len() {
        let mut args = FluentArgs::with_capacity(2);
        args.set("done", done as u64);
        args.set("of", parcels.len() as u64);
        notes.push(tongue.teller.words.say("place-counts", &args)?);
    }
    // Of a delay, the steps say where the days come from.
    if sight.day.is_some() && sight.sure == Sure::Probably && sight.now != Now::Late {
        notes.push(tongue.word("place-estimate")?);
    }
    Ok(notes)
}

/// What happens next; for problems what happened, what we know, what we do, what the customer can do. Nothing for strangers:
/// it is not theirs to do.
pub(super) fn steps(tongue: &Tongue<'_>, sight: &Sight) -> Result<Vec<Step>, WordsError> {
    if sight.reader.role().is_none() {
        return Ok(Vec::new());
    }
    match sight.now {
        Now::Checked | Now::Placed => Ok(Vec::new()),
        Now::Preparing | Now::Packed | Now::Coming => {
            let text = tongue.teller.words.say_part(own_words(sight.now), "next", &args(tongue, sight)?)?;
            Ok(vec![Step { title: tongue.word("what-next")?, text }])
        }
        Now::Out
        | Now::Attempted
        | Now::ToCollect
        | Now::Late
        | Now::HeldUp
        | Now::Returning
        | Now::Returned
        | Now::Lost
        | Now::Cancelled
        | Now::Delivered
        | Now::Complete => story::steps(tongue),
    }
}

/// Whether the reader sees what the whole order is about: items, address, sums.
pub(super) fn sees_order(reader: Reader) -> bool {
    match reader.role() {
        Some(Role::Customer | Role::Recipient) => true,
        None => false,
    }
}
