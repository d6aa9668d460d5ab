//! The second look, just before sending: is it still true, still wanted, and is this the hour?

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::called::{self, Called, Truth, called_for};
use super::delay;
use super::fold::value;
use super::listen::ask;
use super::notice::{Notice, Said, Why};
use super::order::{Handled, Order, State};
use super::parcel::Parcel;
use super::person::{Channel, Pii};
use super::policy::{Policy, Superseded};
use super::promise;
use super::stage::{Class, Stage};

/// How long a notice of an order on hold waits before it is looked at again; the end of the hold wakes it at once.
const HOLD_STEP: SignedDuration = SignedDuration::from_hours(1);
/// How long a notice waits that would be one too many today.
const CAP_STEP: SignedDuration = SignedDuration::from_hours(6);

/// How long a notice waits for a carrier's feed before it is looked at again; the feed's return wakes it at once.
const FEED_STEP: SignedDuration = SignedDuration::from_mins(30);

/// What the store knows of the person and their address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consent<'a> {
    /// The person declined what this notice is about, on this channel.
    pub opted_out: bool,
    /// Nothing can be sent to the address: it is dead, or its owner complained.
    pub dead: bool,
    /// The person declined tips and offers beside the news.
    pub without_content: bool,
    /// Messages accepted for this address on this channel in the last 24 hours.
    pub told_last_day: u32,
    /// The language that the person chose; takes the place of the order's.
    pub locale: Option<&'a str>,
    /// The number that the person confirmed; takes the place of the order's.
    pub number: Option<&'a str>,
}

/// What an earlier notice of the same order said, once it was accepted or may have been.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidBefore {
    pub stage: Stage,
    pub channel: Channel,
    pub shipment: Option<String>,
    pub said: Said,
}

/// The verdict of the second look.
#[derive(Debug, Clone, PartialEq)]
pub enum Release {
    Send(Box<Telling>),
    /// Not now.
    Hold {
        until: Timestamp,
        why: Why,
    },
    /// Not any more: old news, or no longer true.
    Superseded {
        why: Why,
    },
    /// True, but not to be told to this person on this channel.
    Suppressed {
        why: Why,
    },
}

/// What to say, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Telling {
    pub address: Pii<String>,
    /// BCP 47; `None`: the brand's default.
    pub locale: Option<String>,
    /// The main news first, then what became part of it, by rank. Parcels are indices into [`State::parcels`].
    pub news: Vec<(Stage, Option<usize>)>,
    pub correction: Option<Corrected>,
    /// What this message says that could turn out untrue.
    pub said: Said,
    /// Whether tips and offers may stand beside the news.
    pub content: bool,
}

/// What turned out untrue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corrected {
    /// This number was shown; another one stands now.
    Number { said: String },
    /// `delivered` was told; a later scan withdrew it.
    NotDelivered,
}

/// Whether the verdict about a stage depends on what was said before, so that it must be looked up.
pub fn needs_said(stage: Stage, order: &Order, policy: &Policy) -> bool {
    match stage {
        Stage::Correction | Stage::BackOnTime | Stage::DelayAgain => true,
        Stage::Confirmed => {
            order.state(&policy.zone).parcels.iter().any(|parcel| parcel.withdrawals().next().is_some())
        }
        _ => false,
    }
}

/// Judges a notice that is due against the order as it stands.
pub fn judge(
    now: Timestamp,
    policy: &Policy,
    order: &Order,
    notice: &Notice,
    consent: Consent<'_>,
    said: &[SaidBefore],
) -> Release {
    let state = order.state(&policy.zone);
    let judge = Judge { now, policy, order, state: &state, notice };
    match judge.truth(said) {
        Err(why) => Release::Superseded { why },
        Ok((news, correction, expires)) => judge.wanted(news, correction, expires, consent),
    }
}

/// Holds the news of a delay that rests on silence, while the whole feed of the carrier that has the parcels is silent: the
/// silence says nothing of them then. The carrier's own word, or day, is told all the same.
pub fn held_by_feed(
    now: Timestamp,
    policy: &Policy,
    order: &Order,
    stage: Stage,
    quiet: &BTreeSet<String>,
) -> Option<Release> {
    if quiet.is_empty() || !matches!(stage, Stage::DelayExpected | Stage::DelayAgain) {
        return None;
    }
    let state = order.state(&policy.zone);
    if delay::is_carriers_word(&state, now) {
        return None;
    }
    // One parcel that is late without its feed's help is enough to tell.
    let mut open = state.parcels.iter().filter(|parcel| parcel.status().is_open()).peekable();
    let in_hands = |parcel: &Parcel<'_>| parcel.shipped_at().is_some();
    let is_quiet = |parcel: &Parcel<'_>| value(&parcel.facts.known.carrier).is_some_and(|slug| quiet.contains(slug));
    let waits = open.peek().is_some() && open.all(|parcel| in_hands(parcel) && is_quiet(parcel));
    waits.then_some(Release::Hold { until: now + FEED_STEP, why: Why::FeedOut })
}

type News = Vec<(Stage, Option<usize>)>;

fn is_progress(stage: Stage) -> bool {
    stage.class() == Class::Progress
}

struct Judge<'a> {
    now: Timestamp,
    policy: &'a Policy,
    order: &'a Order,
    state: &'a State<'a>,
    notice: &'a Notice,
}

impl Judge<'_> {
    /// What of the news is still true; an error names why nothing is.
    fn truth(&self, said: &[SaidBefore]) -> Result<(News, Option<Corrected>, Option<Timestamp>), Why> {
        let mut all = called_for(self.state, self.now);
        all.extend(ask::called(self.state, &self.policy.ask, self.now));
        let mut news: Vec<(Stage, Option<usize>, Option<Timestamp>)> = Vec::new();
        let mut refused = None;
        let drops = self.policy.superseded == Superseded::Drop;
        // Whoever has read of an arrival, though it was taken back, is past thanks for the payment.
        let arrived = |s: &&SaidBefore| s.channel == self.notice.channel && s.stage.rank() >= Stage::Delivered.rank();
        if drops && self.notice.stage == Stage::Confirmed && said.iter().any(|s| arrived(&s) && is_progress(s.stage)) {
            return Err(Why::Superseded);
        }
        for (handled, is_self) in self.parts()? {
            match self.still(handled, &all, is_self) {
                Ok((parcel, expires)) => news.push((handled.stage, parcel, expires)),
                Err(why) if is_self => refused = Some(why),
                Err(_) => {}
            }
        }
        if news.iter().any(|(stage, ..)| *stage == Stage::OrderComplete) {
            news.retain(|(stage, ..)| *stage != Stage::Delivered);
        }
        if drops {
            // Beside "on the van" nobody needs to read that the same parcel was shipped.
            let told = news.clone();
            news.retain(|(stage, parcel, _)| {
                let later = |other: &Stage| is_progress(*other) && other.rank() > stage.rank();
                let is_said = told.iter().any(|(other, same, _)| parcel.is_some() && same == parcel && later(other));
                !(is_progress(*stage) && is_said)
            });
        }
        // The main news is the one that the message was planned for; if that has passed, the weightiest of the others.
        let own = |stage: Stage| u8::from(stage == self.notice.stage) * u8::MAX;
        let planned_for = self.notice.shipment.as_deref().and_then(|id| self.state.find(Some(id)));
        news.sort_by_key(|(stage, parcel, _)| {
            let other = own(*stage) == 0 || *parcel != planned_for;
            (std::cmp::Reverse(own(*stage).max(stage.rank())), other, *parcel)
        });
        news.dedup_by_key(|(stage, parcel, _)| (*stage, *parcel));
        // "Again" is said to those who were told before.
        let here = |s: &&SaidBefore| s.channel == self.notice.channel;
        let spoke = || said.iter().filter(here).any(|s| matches!(s.stage, Stage::DelayExpected | Stage::DelayAgain));
        if self.notice.stage == Stage::DelayAgain && !spoke() {
            news.iter_mut().for_each(|(stage, ..)| *stage = Stage::DelayExpected);
        }
        let expires = news.first().ok_or(refused.unwrap_or(Why::NoLongerTrue))?.2;
        let correction = self.correction(said)?;
        Ok((news.into_iter().map(|(stage, parcel, _)| (stage, parcel)).collect(), correction, expires))
    }

    /// The decision that planned this notice, and those that became part of it.
    fn parts(&self) -> Result<Vec<(&Handled, bool)>, Why> {
        let mut parts = Vec::new();
        for handled in &self.order.told.handled {
            for open in &handled.notices {
                if open.key == self.notice.key {
                    if open.into.is_some() {
                        return Err(Why::Merged);
                    }
                    parts.push((handled, true));
                } else if open.into == Some(self.notice.key) {
                    parts.push((handled, false));
                }
            }
        }
        Ok(parts)
    }

    /// Whether one piece of news still stands: its parcel and its end, or why it does not.
    fn still(
        &self,
        handled: &Handled,
        all: &[Called],
        is_self: bool,
    ) -> Result<(Option<usize>, Option<Timestamp>), Why> {
        if let Some(verdict) = self.delay_still(handled) {
            return verdict.map(|()| (None, None));
        }
        // A brand may wish all news told, late or not; not that a parcel is on the van which is in the customer's hands.
        let drops = self.policy.superseded == Superseded::Drop || handled.stage.is_of_now();
        let parcel = || self.state.find(handled.parcel.as_deref()).filter(|_| handled.parcel.is_some());
        let Some(called) = all.iter().find(|called| called.is_handled_by(handled, self.state)) else {
            return if drops { Err(Why::NoLongerTrue) } else { Ok((parcel(), None)) };
        };
        if !drops && handled.stage.class() == Class::Progress {
            return Ok((called.parcel, None));
        }
        // What is old before the quiet hours end leaves room for what became part of it.
        let out = called::soonest(self.state, self.policy, self.notice.channel, self.now).unwrap_or(self.now);
        if called.expires.is_some_and(|end| out >= end) {
            return Err(Why::Expired);
        }
        match called.truth {
            Truth::Holds => Ok((called.parcel, called.expires)),
            Truth::Passed => {
                let (order, to) = ((self.state, self.policy), (self.notice.role, self.notice.channel));
                let instead =
                    is_self && called::told_instead((all, &self.order.told.handled), called, order, to, self.now);
                if instead { Err(Why::Superseded) } else { Ok((called.parcel, called.expires)) }
            }
            Truth::Outdated | Truth::Gone { by_progress: true } => Err(Why::Superseded),
            Truth::Gone { by_progress: false } => Err(Why::NoLongerTrue),
        }
    }

    /// The same for delays, which are states rather than episodes; `None` for other stages.
    fn delay_still(&self, handled: &Handled) -> Option<Result<(), Why>> {
        if handled.stage.is_of_delay() && self.is_spoken_of_anew(handled) {
            return Some(Err(Why::Superseded));
        }
        let told = self.order.told.delay.as_ref();
        let is_late = delay::late(self.state, &self.order.told, &self.policy.delays, self.now, true).is_some();
        match handled.stage {
            Stage::DelayExpected | Stage::DelayAgain => {
                let stands = is_late && told.is_some_and(|told| !told.cleared);
                Some(if stands { Ok(()) } else { Err(Why::NoLongerTrue) })
            }
            Stage::BackOnTime => {
                let stands = !is_late && self.state.is_open() && told.is_some_and(|told| told.cleared);
                Some(if stands { Ok(()) } else { Err(Why::NoLongerTrue) })
            }
            Stage::Confirmed
            | Stage::Packed
            | Stage::Shipped
            | Stage::ArrivingSoon
            | Stage::OutForDelivery
            | Stage::AttemptFailed
            | Stage::AvailableForPickup
            | Stage::PickupReminder
            | Stage::Delivered
            | Stage::OrderComplete
            | Stage::Exception
            | Stage::Correction
            | Stage::Returning
            | Stage::Returned
            | Stage::Lost
            | Stage::Cancelled
            | Stage::ReturnRequested
            | Stage::Feedback => None,
        }
    }

    /// Whether a later message to the same person on the same channel speaks of the delay too: of two that were held up together,
    /// the later one is told.
    fn is_spoken_of_anew(&self, handled: &Handled) -> bool {
        let (role, channel) = (self.notice.role, self.notice.channel);
        let all = &self.order.told.handled;
        let later = all.iter().skip_while(|other| *other != handled).skip(1).filter(|other| other.stage.is_of_delay());
        later.flat_map(|other| &other.notices).any(|open| open.role == role && open.channel == channel)
    }

    /// What this notice corrects, if it is a correction; an error if nothing said before needs it.
    fn correction(&self, said: &[SaidBefore]) -> Result<Option<Corrected>, Why> {
        let parcel = self.state.find(self.notice.shipment.as_deref()).map(|index| &self.state.parcels[index]);
        let about_it = |before: &&SaidBefore| match (&before.shipment, parcel) {
            (Some(id), Some(parcel)) => parcel.is(Some(id)),
            (None, _) => true,
            (Some(_), None) => false,
        };
        if self.notice.stage == Stage::BackOnTime {
            let spoke = said.iter().any(|s| matches!(s.stage, Stage::DelayExpected | Stage::DelayAgain));
            return if spoke { Ok(None) } else { Err(Why::NothingToCorrect) };
        }
        if self.notice.stage != Stage::Correction {
            return Ok(None);
        }
        let parcel = parcel.ok_or(Why::NothingToCorrect)?;
        let mut before = said.iter().filter(about_it);
        if self.order.mark_of(self.notice.key).is_some_and(called::is_not_delivered) {
            let told = before.any(|s| matches!(s.stage, Stage::Delivered | Stage::OrderComplete));
            return if told { Ok(Some(Corrected::NotDelivered)) } else { Err(Why::NothingToCorrect) };
        }
        let now_shown = parcel.number_shown();
        let last = before.filter_map(|s| s.said.number.clone()).next_back();
        match last {
            Some(number) if Some(number.as_str()) != now_shown => Ok(Some(Corrected::Number { said: number })),
            Some(_) | None => Err(Why::NothingToCorrect),
        }
    }

    /// Whether the person may and wants to be told, and whether this is the hour.
    fn wanted(
        &self,
        news: News,
        correction: Option<Corrected>,
        expires: Option<Timestamp>,
        consent: Consent<'_>,
    ) -> Release {
        let (role, channel) = (self.notice.role, self.notice.channel);
        let confirmed = consent.number.filter(|_| channel == Channel::Sms);
        let Some(address) = confirmed.or_else(|| self.state.address_of(role, channel)) else {
            return Release::Suppressed { why: Why::NoAddress };
        };
        if confirmed.is_none() && !self.state.wishes(role, channel) {
            return Release::Suppressed { why: Why::NotWished };
        }
        if consent.opted_out {
            return Release::Suppressed { why: Why::OptedOut };
        }
        if consent.dead {
            return Release::Suppressed { why: Why::AddressDead };
        }
        let cap = self.policy.cap_per_day.get(&channel).copied();
        // How long a hold or a full day lasts nobody knows: the next look comes before the news is old.
        let look = |step| expires.map_or(self.now + step, |end| end.min(self.now + step));
        let quiet_until = called::soonest(self.state, self.policy, channel, self.now).filter(|open| *open > self.now);
        if self.state.known.on_hold() {
            return Release::Hold { until: look(HOLD_STEP), why: Why::OrderOnHold };
        } else if cap.is_some_and(|cap| consent.told_last_day >= cap) {
            return Release::Hold { until: look(CAP_STEP), why: Why::VolumeCap };
        } else if let Some(until) = quiet_until {
            return Release::Hold { until, why: Why::QuietHours };
        }
        let person = self.state.person(role);
        let locale = consent.locale.or_else(|| person.and_then(|person| value(&person.locale)).map(String::as_str));
        let (locale, said) = (locale.map(str::to_owned), self.said(&news));
        let (address, content) = (Pii::new(address.to_owned()), !consent.without_content);
        Release::Send(Box::new(Telling { address, locale, news, correction, said, content }))
    }

    fn said(&self, news: &News) -> Said {
        let parcel = news.iter().find_map(|(_, parcel)| *parcel).map(|index| &self.state.parcels[index]);
        let day = match self.notice.stage.class() {
            Class::Progress | Class::Problem => promise::expected_last(self.state),
            Class::Question => None,
        };
        let alone = matches!(news[..], [(stage, _)] if stage == self.notice.stage);
        let id = |index: usize| self.state.parcels[index].id().unwrap_or_default();
        let words = |(stage, parcel): &(Stage, Option<usize>)| format!("{} {}", stage.as_str(), parcel.map_or("", id));
        let news = if alone { Vec::new() } else { news.iter().map(words).collect() };
        Said { number: parcel.and_then(|parcel| parcel.number_shown()).map(str::to_owned), day, news }
    }
}
