//! The guard of carriers' feeds: writes down what came, notices when a whole feed falls silent, and when it is back.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::message::{Body, FeedData, What, feed_chat};
use super::{Parts, made_of};
use crate::channel::hook::Form;
use crate::domain::day::Holidays;
use crate::domain::feed::{Calendar, PAST_DAYS, Patience, Rhythm, hour_of, returned, stopped};
use crate::domain::notice::Why;
use crate::store::StoreError;
use crate::store::rows::{FeedScans, NewPost, Outage};

/// The name under which the hours are written down in which a worker listened at all. No carrier has it.
const LISTENING: &str = "";
/// After a start nothing is judged for this long: what waited at the broker has to come in first.
const WARM_UP: SignedDuration = SignedDuration::from_mins(30);
/// A silence of this length is no outage any more: the shop has left the carrier.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Days for which hours are kept: those that a rhythm is read from, and some to spare.
const HOURS_KEPT_DAYS: i64 = PAST_DAYS + 7;

/// The guard.
#[derive(Debug)]
pub(super) struct Watch {
    parts: Arc<Parts>,
    /// When this worker began to listen.
    since: Timestamp,
    calendar: Calendar,
}

impl Watch {
    pub(super) fn new(parts: Arc<Parts>) -> Self {
        let holidays = parts.feeds.countries.iter().map(|country| Holidays::of(Some(country))).collect();
        let calendar = Calendar { zone: parts.book.house.zone.clone(), holidays, deaf: BTreeSet::new() };
        Self { since: parts.store.clock().now(), parts, calendar }
    }

    /// One step: every 15 s; `slow` once a minute.
    pub(super) async fn step(&mut self, slow: bool) -> Result<(), StoreError> {
        self.write_down().await?;
        let now = self.parts.store.clock().now();
        if slow && now.duration_since(self.since) >= WARM_UP {
            self.look(now).await?;
        }
        self.announce(now).await
    }

    /// Writes down what came since the last time, and that somebody listened.
    pub(super) async fn write_down(&self) -> Result<(), StoreError> {
        let now = self.parts.store.clock().now();
        let mut scans = self.parts.pulse.take();
        let beat =
            FeedScans { carrier: LISTENING.to_owned(), hour: hour_of(now), scans: 1, last_ms: now.as_millisecond() };
        scans.push(beat);
        let written = self.parts.store.add_scans(&scans).await;
        if written.is_err() {
            scans.pop();
            self.parts.pulse.give_back(scans);
        }
        written
    }

    /// Looks for feeds that have stopped, and for those that are back.
    async fn look(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let oldest = hour_of(now) - HOURS_KEPT_DAYS * 24;
        store.prune_feeds(oldest).await?;
        self.calendar.deaf = deaf(&store.feed_hours(LISTENING, oldest).await?, hour_of(now));
        let outages = store.feed_outages(now - SignedDuration::from_hours(HOURS_KEPT_DAYS * 24)).await?;
        let patience = self.parts.feeds.patience();
        let silent = store.silent_feeds(now - SignedDuration::from_secs(patience.secs_min)).await?;
        for (carrier, last) in silent {
            let known = |outage: &&Outage| outage.carrier == carrier && (outage.until.is_none() || outage.from == last);
            if outages.iter().any(|outage| known(&outage)) {
                continue;
            }
            let rhythm = self.rhythm(&carrier, last, &outages).await?;
            let missing = rhythm.and_then(|rhythm| stopped(&rhythm, last, now, patience, &self.calendar));
            if let Some(missing) = missing
                && store.open_outage(&carrier, last, missing.round() as u64).await?
            {
                tracing::warn!(carrier, since = %last, "a carrier's feed has stopped");
            }
        }
        for outage in outages.iter().filter(|outage| outage.until.is_none()) {
            self.look_for_its_end(outage, &outages, now).await?;
        }
        Ok(())
    }

    async fn look_for_its_end(&self, outage: &Outage, all: &[Outage], now: Timestamp) -> Result<(), StoreError> {
        let store = &self.parts.store;
        let after = store.feed_hours(&outage.carrier, hour_of(outage.from) + 1).await?;
        let rhythm = self.rhythm(&outage.carrier, outage.from, all).await?;
        let is_back = returned(rhythm.as_ref(), &after, now, &self.calendar);
        if !is_back && now.duration_since(outage.from) < GIVEN_UP {
            return Ok(());
        }
        if store.close_outage(&outage.carrier, outage.from, now).await? {
            tracing::info!(carrier = outage.carrier, is_back, "a carrier's feed is not waited for any more");
            // What was held is judged again: it may have become untrue, or be true after all.
            store.free_held(Why::FeedOut).await?;
        }
        Ok(())
    }

    /// A feed's rhythm up to its last scan.
    async fn rhythm(&self, carrier: &str, last: Timestamp, all: &[Outage]) -> Result<Option<Rhythm>, StoreError> {
        let mut hours = self.parts.store.feed_hours(carrier, hour_of(last) - HOURS_KEPT_DAYS * 24).await?;
        hours.retain(|one| one.hour <= hour_of(last));
        let own = all.iter().filter(|outage| outage.carrier == carrier);
        let over: Vec<_> = own.filter_map(|outage| Some((outage.from, outage.until?))).collect();
        Ok(Rhythm::learn(&hours, last, &over, &self.calendar))
    }

    /// Refreshes the set that the hinge and the dispatcher look at; returns the outages.
    pub(super) async fn refresh(&self, now: Timestamp) -> Result<Vec<Outage>, StoreError> {
        let outages = self.parts.store.feed_outages(now).await?;
        let holds = |outage: &&Outage| {
            outage.until.is_none() && now.duration_since(outage.noticed) < self.parts.feeds.hold_max()
        };
        self.parts.quiet.set(outages.iter().filter(holds).map(|outage| outage.carrier.clone()).collect());
        Ok(outages)
    }

    /// Tells of outages that nobody has heard of.
    async fn announce(&self, now: Timestamp) -> Result<(), StoreError> {
        let store = &self.parts.store;
        for outage in &self.refresh(now).await? {
            if !outage.announced {
                store.put_posts(&self.posts(What::Outage, outage, now)).await?;
                store.outage_announced(outage, false).await?;
            }
            if outage.until.is_some() && !outage.over_announced {
                store.put_posts(&self.posts(What::Restored, outage, now)).await?;
                store.outage_announced(outage, true).await?;
            }
        }
        Ok(())
    }

    /// The messages about an outage. Their ids are made of it: whoever writes them second writes nothing.
    fn posts(&self, what: What, outage: &Outage, now: Timestamp) -> Vec<NewPost> {
        let (carrier, from) = (&outage.carrier, outage.from);
        let is_back = outage.until.filter(|until| until.duration_since(from) < GIVEN_UP);
        let until = if what == What::Restored { is_back } else { None };
        let data = FeedData { carrier, from, until, expected: outage.expected };
        let targets = self.parts.book.house.targets(None).iter();
        let post = |target: &String| {
            let body = match self.parts.ways.targets.get(target)?.form() {
                Form::Event => {
                    let body = Body { r#type: what, timestamp: now, data: &data };
                    serde_json::to_string(&body).expect("plain data with text keys")
                }
                Form::Slack => feed_chat(what, &data).to_string(),
            };
            let id = made_of(&format!("{}\0{carrier}\0{}\0{target}", what.as_str(), from.as_millisecond()));
            Some(NewPost { id, brand: String::new(), target: target.clone(), kind: what.as_str(), body })
        };
        targets.filter_map(post).collect()
    }
}

/// The hours since the first one known in which no worker listened: nobody can say what came then.
fn deaf(beats: &[crate::domain::feed::Hour], now: i64) -> BTreeSet<i64> {
    let Some(first) = beats.first() else { return BTreeSet::new() };
    let heard: BTreeSet<i64> = beats.iter().map(|beat| beat.hour).collect();
    (first.hour..now).filter(|hour| !heard.contains(hour)).collect()
}

impl crate::feeds::Settings {
    fn patience(&self) -> Patience {
        Patience { scans_min: self.missing_scans_min.get().into(), secs_min: self.silence_secs_min.into() }
    }

    fn hold_max(&self) -> SignedDuration {
        SignedDuration::from_hours(self.hold_hours_max.into())
    }
}
