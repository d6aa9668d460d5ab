//! One message's way of speaking: brand, language and the facts that every sentence may use.

use fluent_bundle::FluentArgs;
use jiff::Timestamp;

use super::brand::Brand;
use super::carriers;
use super::harmless::{self, NAME_CHARS_MAX, TEXT_CHARS_MAX};
use super::money;
use super::view::{Correction, Expected, Parcel, State, View};
use super::when::Teller;
use super::words::{NONE, WordsError};
use crate::domain::event::{Handover, Reason};
use crate::domain::listen::sending_back::Wish;
use crate::domain::person::Role;
use crate::domain::stage::Stage;

/// Speaks about one view, in one language.
pub(crate) struct Tongue<'a> {
    pub(crate) brand: &'a Brand,
    pub(crate) teller: Teller<'a>,
    pub(crate) view: &'a View,
    /// Parcels that share the primary news, this one first; empty where it is about the whole order.
    pub(crate) together: Vec<usize>,
    /// The facts of the primary news.
    pub(crate) args: FluentArgs<'static>,
}

impl<'a> Tongue<'a> {
    pub(crate) fn new(brand: &'a Brand, teller: Teller<'a>, view: &'a View) -> Result<Self, WordsError> {
        let mut tongue = Self { brand, teller, view, together: together(view), args: FluentArgs::new() };
        tongue.args = tongue.facts(view.this_parcel(), tongue.together.len())?;
        Ok(tongue)
    }

    /// A message about the primary news.
    pub(crate) fn say(&self, id: &str) -> Result<String, WordsError> {
        self.teller.words.say(id, &self.args)
    }

    /// A part of the primary stage's words.
    pub(crate) fn part(&self, part: &str) -> Result<String, WordsError> {
        self.teller.words.say_part(self.view.stage.as_str(), part, &self.args)
    }

    /// A part that not every stage has.
    pub(crate) fn part_if(&self, part: &str) -> Result<Option<String>, WordsError> {
        self.teller.words.say_if(self.view.stage.as_str(), part, &self.args)
    }

    /// A fixed word.
    pub(crate) fn word(&self, id: &str) -> Result<String, WordsError> {
        self.teller.words.say(id, &FluentArgs::new())
    }

    /// A message with arguments of its own.
    pub(crate) fn with<const N: usize>(&self, id: &str, own: [(&str, &str); N]) -> Result<String, WordsError> {
        let mut args = FluentArgs::with_capacity(N);
        for (name, value) in own {
            args.set(name, value);
        }
        self.teller.words.say(id, &args)
    }

    /// A message with one number.
    pub(crate) fn count(&self, id: &str, name: &str, number: u64) -> Result<String, WordsError> {
        let mut args = FluentArgs::with_capacity(1);
        args.set(name, number);
        self.teller.words.say(id, &args)
    }

    /// An amount, if the currency is known and the reader may see prices.
    pub(crate) fn money(&self, minor: Option<i64>) -> Result<Option<String>, WordsError> {
        let (Some(minor), Some(currency), Role::Customer) = (minor, &self.view.order.currency, self.view.person.role)
        else {
            return Ok(None);
        };
        money::write(minor, currency, &self.teller.formats.numbers, self.teller.words).map(Some)
    }

    /// When `parcel`, or the order, is expected; only if that is not over yet: nobody expects the past.
    pub(crate) fn expected(&self, parcel: Option<&'a Parcel>) -> Option<&'a Expected> {
        let own = parcel.and_then(|parcel| parcel.expected.as_ref());
        // What was said of the order holds for its only parcel too, never for one of several, and not after a failed try: it is
        // no word about the next one.
        let holds = |parcel: &Parcel| parcel.of == 1 && parcel.state != State::AttemptFailed;
        let orders = || self.view.order.expected.as_ref().filter(|_| parcel.is_none_or(holds));
        own.or_else(orders).filter(|expected| expected.last_day(self.teller.zone) >= self.teller.today)
    }

    /// The time that the primary news names.
    pub(crate) fn stage_expected(&self) -> Option<&'a Expected> {
        match self.view.stage {
            Stage::DelayExpected | Stage::DelayAgain | Stage::BackOnTime => {
                let now = self.view.delay.as_ref().and_then(|delay| delay.now.as_ref());
                now.filter(|expected| expected.last_day(self.teller.zone) >= self.teller.today)
            }
            Stage::AvailableForPickup
            | Stage::PickupReminder
            | Stage::Delivered
            | Stage::OrderComplete
            | Stage::Returning
            | Stage::Returned
            | Stage::Lost
            | Stage::Cancelled
            | Stage::Exception
            | Stage::ReturnRequested
            | Stage::Feedback => None,
            Stage::Confirmed
            | Stage::Packed
            | Stage::Shipped
            | Stage::ArrivingSoon
            | Stage::OutForDelivery
            | Stage::AttemptFailed
            | Stage::Correction => {
                let mut all = self.together.iter().map(|index| self.expected(self.view.parcels.get(*index)));
                let first = all.next().unwrap_or_else(|| self.expected(self.view.this_parcel()));
                // Parcels that share the news but not the day: the day is told for each of them.
                if all.all(|other| other == first) { first } else { None }
            }
        }
    }

    /// The reason to give: the delay's, else the parcel's.
    pub(crate) fn reason(&self) -> Option<Reason> {
        let of_delay = self.view.delay.as_ref().and_then(|delay| delay.reason);
        of_delay.or_else(|| self.view.this_parcel().and_then(|parcel| parcel.reason))
    }

    /// The facts that a sentence about `parcel` may use, `together` parcels sharing the news.
    pub(crate) fn facts(&self, parcel: Option<&'a Parcel>, together: usize) -> Result<FluentArgs<'static>, WordsError> {
        let view = self.view;
        let mut args = FluentArgs::with_capacity(32);
        let order = harmless::shown(&view.order.id, NAME_CHARS_MAX).unwrap_or_default();
        args.set("order", order);
        args.set("brand", self.brand.name.clone());
        args.set(
            "role",
            match view.person.role {
                Role::Customer => "customer",
                Role::Recipient => "recipient",
            },
        );
        args.set("occurrence", view.occurrence);
        self.add_parcel(&mut args, parcel, together);
        self.add_times(&mut args, parcel)?;
        self.add_trouble(&mut args);
        self.add_return(&mut args);
        Ok(args)
    }

    /// The facts of one parcel in a list of all of them.
    pub(crate) fn line_facts(&self, parcel: &'a Parcel) -> Result<FluentArgs<'static>, WordsError> {
        let mut args = self.facts(Some(parcel), 1)?;
        let expected = self.expected(Some(parcel)).map(|expected| self.teller.on(expected)).transpose()?;
        args.set("when", expected.unwrap_or_else(|| NONE.to_owned()));
        Ok(args)
    }

    fn add_parcel(&self, args: &mut FluentArgs<'static>, parcel: Option<&Parcel>, together: usize) {
        let (number, of) =
            parcel.map_or((1, self.view.parcels.len().max(1) as u32), |parcel| (parcel.number, parcel.of));
        args.set("number", number);
        args.set("of", of);
        args.set("together", together as u64);
        args.set(
            "share",
            match (of, together) {
                (1, _) => "whole",
                _ if parcel.is_none() => "whole",
                (_, 0 | 1) => "one",
                (of, together) if together as u32 == of => "all",
                _ => "some",
            },
        );
        let text = |text: Option<&str>, max: usize| {
            text.and_then(|text| harmless::shown(text, max)).unwrap_or_else(|| NONE.to_owned())
        };
        let carrier =
            parcel.and_then(|parcel| carriers::name(parcel.carrier.as_deref(), parcel.carrier_name.as_deref()));
        args.set("carrier", text(carrier.as_deref(), NAME_CHARS_MAX));
        args.set("tracking", text(parcel.and_then(|parcel| parcel.tracking_number.as_deref()), NAME_CHARS_MAX));
        args.set("place", text(parcel.and_then(|parcel| parcel.place.as_deref()), NAME_CHARS_MAX));
        let pickup = parcel.and_then(|parcel| parcel.pickup.as_ref());
        args.set("pickup", text(pickup.and_then(|pickup| pickup.name.as_deref()), NAME_CHARS_MAX));
        let code = pickup.and_then(|pickup| pickup.code.as_ref());
        args.set("code", text(code.map(|code| code.expose().as_str()), NAME_CHARS_MAX));
        args.set("by", parcel.and_then(|parcel| parcel.handover).map_or(NONE, handover));
        let page = parcel.and_then(|parcel| super::story::tracking_url(self.brand, parcel));
        args.set("page", if page.is_some() || self.view.links.page.is_some() { "yes" } else { "no" });
        args.set("state", parcel.map_or(NONE, |parcel| state(parcel.state)));
    }

    fn add_times(&self, args: &mut FluentArgs<'static>, parcel: Option<&'a Parcel>) -> Result<(), WordsError> {
        let is_primary = parcel.map(|parcel| parcel.number) == self.view.this_parcel().map(|parcel| parcel.number);
        let expected = if is_primary { self.stage_expected() } else { self.expected(parcel) };
        let none = || NONE.to_owned();
        args.set("when", expected.map_or_else(|| Ok(none()), |expected| self.teller.on(expected))?);
        let hours = match expected {
            Some(expected) => self.teller.hours_today(expected)?,
            None => None,
        };
        args.set("hours", hours.unwrap_or_else(none));
        let until = parcel.and_then(|parcel| parcel.pickup.as_ref()).and_then(|pickup| pickup.until);
        args.set("until", until.map_or_else(|| Ok(none()), |until| self.teller.until(until))?);
        let was = match (&self.view.delay, &self.view.correction) {
            (Some(delay), _) => delay.was.as_ref().map(|was| self.teller.on(was)).transpose()?,
            (None, Some(Correction::Day { said })) => Some(self.teller.date(*said)),
            (None, Some(Correction::Number { .. } | Correction::NotDelivered) | None) => None,
        };
        args.set("was", was.unwrap_or_else(none));
        Ok(())
    }

    fn add_trouble(&self, args: &mut FluentArgs<'static>) {
        let view = self.view;
        args.set("reason", self.reason().map_or(NONE, Reason::as_str));
        let (missed, source) = match &view.delay {
            Some(delay) if delay.missed => ("yes", delay.learned),
            Some(delay) if delay.likely => ("likely", delay.learned),
            Some(delay) => ("no", delay.learned),
            None => ("no", false),
        };
        args.set("missed", missed);
        args.set("source", if source { "lane" } else { "carrier" });
        let whole = view.cancelled.as_ref().is_none_or(|cancelled| cancelled.whole);
        args.set("whole", if whole { "yes" } else { "no" });
        let (what, said) = match &view.correction {
            Some(Correction::Number { said }) => ("number", harmless::shown(said, TEXT_CHARS_MAX)),
            Some(Correction::NotDelivered) => ("not_delivered", None),
            Some(Correction::Day { .. }) => ("day", None),
            None => (NONE, None),
        };
        args.set("what", what);
        args.set("said", said.unwrap_or_else(|| NONE.to_owned()));
    }

    fn add_return(&self, args: &mut FluentArgs<'static>) {
        args.set("wish", self.view.going_back.as_ref().and_then(|back| back.wish).map_or(NONE, Wish::as_str));
        args.set("decided", self.decided_by().map_or_else(|| NONE.to_owned(), |by| self.teller.moment(by)));
        args.set("here", if self.returns_page().is_some() { "yes" } else { "no" });
    }

    /// Until when the shop decides about what goes back; only if that is not over yet.
    pub(crate) fn decided_by(&self) -> Option<Timestamp> {
        self.view.going_back.as_ref().and_then(|back| back.decide_by).filter(|by| *by > self.view.now)
    }

    /// Our own page about what goes back, if it knows of it.
    pub(crate) fn returns_page(&self) -> Option<String> {
        let here = self.view.going_back.as_ref().is_some_and(|back| back.here);
        super::story::own_page(self.view.links.returns.as_deref()).filter(|_| here)
    }
}

/// The parcels that share the primary news. Only these stages have words for several at once; of the others each parcel
/// gets its own line.
fn together(view: &View) -> Vec<usize> {
    let Some(first) = view.parcel.filter(|index| *index < view.parcels.len()) else { return Vec::new() };
    let mut together = vec![first];
    if !matches!(view.stage, Stage::Shipped | Stage::OutForDelivery | Stage::AvailableForPickup | Stage::Delivered) {
        return together;
    }
    for news in view.news.iter().filter(|news| news.stage == view.stage) {
        match news.parcel {
            Some(index) if index < view.parcels.len() && !together.contains(&index) => together.push(index),
            Some(_) | None => {}
        }
    }
    together
}

fn handover(to: Handover) -> &'static str {
    match to {
        Handover::Recipient => "recipient",
        Handover::Neighbour => "neighbour",
        Handover::SafePlace => "safe_place",
        Handover::Locker => "locker",
        Handover::PickupPoint => "pickup_point",
    }
}

pub(crate) fn state(state: State) -> &'static str {
    match state {
        State::Announced => "announced",
        State::Moving => "moving",
        State::OutForDelivery => "out_for_delivery",
        State::AttemptFailed => "attempt_failed",
        State::Waiting => "waiting",
        State::Delivered => "delivered",
        State::Exception => "exception",
        State::Returning => "returning",
        State::Returned => "returned",
        State::Lost => "lost",
    }
}
