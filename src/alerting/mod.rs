//! Ops hear of alerts: few messages, at the right time, to those who can act.
//!
//! Alerts are opened and cleared by the hinge, each one a row. Here they are gathered: what has brand, kind, carrier, lane and
//! warehouse in common is one message with a list, written some minutes after the first of them, in the same transaction in
//! which the alerts are marked as told. So none is told twice and none is lost, however many workers there are and whenever
//! one dies. A message has one id for ever; it goes out under the same id until its target takes it.
//!
//! Nobody is told more than so many times an hour: what is more shares the last message ([`gathering`](crate::domain::gathering)).
//! What nobody has taken on climbs the ladder: a reminder goes to the next rung. The daily mail says how things stand.

pub mod digest;
mod feed_watch;
pub mod message;
pub mod post;
pub mod settings;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::crash;
use crate::domain::gathering::{Due, Gathered, Group, share};
use crate::domain::id::BrandId;
use crate::feeds::{self, Pulse, QuietFeeds};
use crate::store::rows::{NewPost, Occasion, TellEnd, Telling};
use crate::store::{Store, StoreError};
use message::{Teller, What};
use post::Ways;
use settings::{Book, Rules};

/// How often messages that are due are looked for.
const SEND_EVERY: Duration = Duration::from_secs(5);
/// Looks for messages between two looks for alerts, feeds and digests: 15 s.
const LOOKS_A_ROUND: u32 = 3;
/// Rounds between two looks at what is rarely due: reminders, digests, silences, what is old. A minute.
const ROUNDS_A_SLOW_ONE: u32 = 4;
/// How long settled messages are kept for those who ask what was told.
const POSTS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What tells ops.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub book: Book,
    pub ways: Ways,
    /// The console's address; empty: messages carry no links.
    pub base_url: String,
    pub feeds: feeds::Settings,
    pub pulse: Pulse,
    pub quiet: QuietFeeds,
}

/// Tells ops of alerts and of silent feeds.
#[derive(Debug)]
pub struct Announcer {
    parts: Arc<Parts>,
    watch: feed_watch::Watch,
}

impl Announcer {
    /// Puts it together; nothing is told before [`Announcer::run`] or [`Announcer::run_due`].
    pub fn new(parts: Parts) -> Self {
        let parts = Arc::new(parts);
        Self { watch: feed_watch::Watch::new(Arc::clone(&parts)), parts }
    }

    /// What the hinge counts into, and what the dispatcher looks at.
    pub fn ears(&self) -> (Pulse, QuietFeeds) {
        (self.parts.pulse.clone(), self.parts.quiet.clone())
    }

    /// Looks once which feeds are silent, so that nothing is sent by a worker that has not heard of it yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn listen(&self) -> Result<(), StoreError> {
        self.watch.refresh(self.parts.store.clock().now()).await.map(drop)
    }

    /// Tells what is to be told, until `stop`. What is counted by then is written down.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut looks: u32 = 0;
        loop {
            let round = looks.checked_div(LOOKS_A_ROUND).filter(|_| looks.is_multiple_of(LOOKS_A_ROUND));
            let done = async {
                if let Some(round) = round {
                    self.round(round.is_multiple_of(ROUNDS_A_SLOW_ONE)).await?;
                }
                post::send_due(&self.parts.store, &self.parts.ways, &self.parts.book).await
            };
            if let Err(error) = done.await {
                tracing::warn!(error = &error as &dyn std::error::Error, "ops hear of nothing for now");
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(SEND_EVERY) => {}
            }
        }
        if let Err(error) = self.watch.write_down().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "some scans were not counted");
        }
    }

    /// Tells everything that is due now, and sends it; returns how many messages were tried. For tests and the demo, which
    /// move the clock themselves.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn run_due(&mut self) -> Result<usize, StoreError> {
        self.round(true).await?;
        post::send_due(&self.parts.store, &self.parts.ways, &self.parts.book).await
    }

    async fn round(&mut self, slow: bool) -> Result<(), StoreError> {
        self.watch.step(slow).await?;
        if slow {
            self.parts.store.wake_snoozed().await?;
        }
        self.tell_new(&Occasion::Opened).await?;
        if slow {
            self.remind().await?;
        }
        self.tell_new(&Occasion::Cleared).await?;
        if slow {
            self.digests().await?;
            let before = self.parts.store.clock().now() - POSTS_KEPT;
            self.parts.store.prune_posts(before).await?;
        }
        Ok(())
    }

    /// Tells of what was opened, or cleared, once the first of a group has waited long enough for the others.
    async fn tell_new(&self, occasion: &Occasion) -> Result<(), StoreError> {
        let now = self.parts.store.clock().now();
        let due = self.parts.store.alert_groups(occasion).await?;
        for (brand, due) in by_brand(due) {
            let rules = self.parts.book.of(&brand);
            let due = due.into_iter().filter(|due| due.first_at + rules.gather <= now).collect();
            self.tell(&brand, rules, occasion, due).await?;
        }
        Ok(())
    }

    /// Reminds of what nobody has taken on, rung by rung.
    async fn remind(&self) -> Result<(), StoreError> {
        let book = &self.parts.book;
        if book.brands.values().chain([&book.house]).all(|rules| rules.ladder.is_empty()) {
            return Ok(());
        }
        let now = self.parts.store.clock().now();
        let any = Occasion::Reminder { step: 0, before: now };
        for (brand, due) in by_brand(self.parts.store.alert_groups(&any).await?) {
            let rules = self.parts.book.of(&brand);
            for (step, rung) in (0..).zip(&rules.ladder) {
                let before = now - rung.after;
                let on_this = |due: &Due| due.reminders == step && due.first_at <= before;
                let due: Vec<Due> = due.iter().filter(|due| on_this(due)).cloned().collect();
                self.tell(&brand, rules, &Occasion::Reminder { step, before }, due).await?;
            }
        }
        Ok(())
    }

    /// One message for each group, as far as the hour allows; the others share one.
    async fn tell(&self, brand: &str, rules: &Rules, occasion: &Occasion, due: Vec<Due>) -> Result<(), StoreError> {
        if due.is_empty() {
            return Ok(());
        }
        let used = self.parts.store.posts_last_hour(brand).await?;
        let share = share(due, rules.per_hour_max.saturating_sub(used));
        let alone = share.alone.into_iter().map(|group| (Some(group), 0));
        let folded = (share.folded > 0).then_some((None, share.folded));
        for (group, folded) in alone.chain(folded) {
            let telling = Telling {
                brand: brand.to_owned(),
                group: group.clone(),
                occasion: occasion.clone(),
                per_hour_max: rules.per_hour_max,
            };
            let composer = self.composer(brand, rules, occasion, group, folded);
            let told = self.parts.store.tell_alerts(telling, composer).await?;
            crash::point("alerts.written");
            match told {
                TellEnd::Alerts(_) | TellEnd::Nothing => {}
                // Another worker does it, or the hour is over for now: the next round looks again.
                TellEnd::Busy | TellEnd::Full => return Ok(()),
            }
        }
        Ok(())
    }

    /// What writes the messages about a gathering, one for each target.
    fn composer(
        &self,
        brand: &str,
        rules: &Rules,
        occasion: &Occasion,
        group: Option<Group>,
        folded: u64,
    ) -> impl FnOnce(&Gathered) -> Vec<NewPost> + Send + use<> {
        let (what, rung) = match occasion {
            Occasion::Opened => (What::Opened, None),
            Occasion::Reminder { step, .. } => (What::Reminder, Some(*step)),
            Occasion::Cleared => (What::Cleared, None),
        };
        let now = self.parts.store.clock().now();
        let base_url = self.parts.base_url.clone();
        let reminder = rung.map(|step| step + 1);
        let teller = Teller { what, brand: brand.to_owned(), group, folded, reminder, now, base_url };
        let (parts, chat_cleared) = (Arc::clone(&self.parts), rules.chat_cleared);
        let targets = rules.targets(rung).to_vec();
        move |gathered| {
            let mut posts = Vec::with_capacity(targets.len());
            for target in targets {
                let Some(form) = parts.ways.targets.get(&target).map(|hook| hook.form()) else { continue };
                if what == What::Cleared && form == crate::channel::hook::Form::Slack && !chat_cleared {
                    continue;
                }
                let body = teller.body(form, gathered);
                let brand = teller.brand.clone();
                posts.push(NewPost { id: Uuid::new_v4(), brand, target, kind: what.as_str(), body });
            }
            posts
        }
    }

    /// Writes the digests that are due. Their ids are made of brand, day and address: whoever comes second changes nothing.
    async fn digests(&self) -> Result<(), StoreError> {
        let book = &self.parts.book;
        for (brand, rules) in &book.brands {
            let now = self.parts.store.clock().now();
            let Some(day) = digest::day_due(&rules.digest, &rules.zone, now) else { continue };
            let id = |target: &str| made_of(&format!("digest\0{brand}\0{day}\0{target}"));
            let targets: Vec<String> = rules.digest.to.iter().map(|address| post::digest_target(address)).collect();
            let Some(last) = targets.last() else { continue };
            if self.parts.store.has_post(id(last)).await? {
                continue;
            }
            let since = now - SignedDuration::from_hours(24);
            let figures = self.parts.store.ops_figures(brand, since).await?;
            if rules.digest.skip_empty && digest::is_empty(&figures) {
                continue;
            }
            let name = if rules.sender.0.is_empty() { brand } else { &rules.sender.0 };
            let letter = digest::write(name, day, now, &figures, &self.parts.base_url);
            let body = serde_json::to_string(&letter).expect("plain data with text keys");
            let post = |target: String| NewPost {
                id: id(&target),
                brand: BrandId::new(brand).as_str().to_owned(),
                target,
                kind: "digest",
                body: body.clone(),
            };
            let posts: Vec<NewPost> = targets.iter().cloned().map(post).collect();
            self.parts.store.put_posts(&posts).await?;
        }
        Ok(())
    }
}

/// The same for the same words: a second worker that writes the same message writes nothing.
fn made_of(words: &str) -> Uuid {
    const SPACE: Uuid = Uuid::from_u128(0x5c0c_19a2_7a3e_4c1b_9d55_0d6f_3f0e_a1e5);
    Uuid::new_v5(&SPACE, words.as_bytes())
}

/// Each brand's share, in the order of their names.
fn by_brand(due: Vec<Due>) -> std::collections::BTreeMap<String, Vec<Due>> {
    let mut brands = std::collections::BTreeMap::<String, Vec<Due>>::new();
    for one in due {
        brands.entry(one.group.brand.clone()).or_default().push(one);
    }
    brands
}
