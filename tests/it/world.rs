//! A world for one test: the real hinge, timers, dispatcher and store, captured channels, and a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use doorstep::apply::{Hinge, Policies, Verdict};
use doorstep::channel::capture::{Capture, Captured};
use doorstep::channel::{Content, Encoding, Mail, Message, Text, email, sms};
use doorstep::clock::Clock;
use doorstep::dispatch::compose::{Composer, Draft};
use doorstep::dispatch::handoff::Handoff;
use doorstep::dispatch::journal::Journal;
use doorstep::dispatch::settings::Settings;
use doorstep::dispatch::{Dispatcher, Parts, Senders};
use doorstep::domain::id::OrderKey;
use doorstep::domain::order::Order;
use doorstep::domain::person::{Channel, Pii};
use doorstep::domain::policy::Policy;
use doorstep::feeds::QuietFeeds;
use doorstep::ingest::Apply;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::lanes::Shelf;
use doorstep::store::Store;
use doorstep::store::faults::Faults;
use doorstep::timers::Timers;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Connection, Executor};

/// What a world is made of; what is not said is usual.
pub(crate) struct Plan {
    pub(crate) start: Timestamp,
    pub(crate) policy: Policy,
    /// Notices that go to the dispatcher in memory; the others are claimed.
    pub(crate) waiting_max: usize,
    pub(crate) senders: Senders,
    pub(crate) composer: Composer,
    pub(crate) quiet_feeds: QuietFeeds,
    /// A database that is there already; `None`: a new SQLite file.
    pub(crate) url: Option<String>,
    pub(crate) journal: Journal,
    /// What comes between the dispatcher and its database.
    pub(crate) faults: Option<Arc<dyn Faults>>,
}

/// Everything of a doorstep but its doors.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) hinge: Hinge,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) handoff: Handoff<Order>,
    pub(crate) lanes: Shelf,
    timers: Timers,
    decoder: Decoder,
    policies: Policies,
    /// Where messages are captured, if they are.
    pub(crate) captures: Option<(Capture, Capture)>,
    url: String,
    /// Something was fed, or the clock moved, since the last drain.
    is_dirty: AtomicBool,
    _folder: tempfile::TempDir,
}

impl Plan {
    /// A plan whose messages are captured in memory.
    pub(crate) fn captured(start: &str, policy: Policy) -> (Self, Capture, Capture) {
        let (mails, texts) = (Capture::memory(), Capture::memory());
        let senders =
            Senders { email: email::Sender::Capture(mails.clone()), sms: sms::Sender::Capture(texts.clone()) };
        (Self::sending(start, policy, senders), mails, texts)
    }

    /// A plan whose messages go out by `senders`.
    pub(crate) fn sending(start: &str, policy: Policy, senders: Senders) -> Self {
        let start = start.parse().expect("a time with its offset");
        Self {
            start,
            policy,
            waiting_max: 100,
            senders,
            composer: Composer::new(|draft| Ok(plainly(draft))),
            quiet_feeds: QuietFeeds::default(),
            url: None,
            journal: Journal::default(),
            faults: None,
        }
    }
}

impl World {
    /// A world whose messages are captured.
    pub(crate) async fn new(start: &str, policy: Policy) -> Self {
        let (plan, mails, texts) = Plan::captured(start, policy);
        let mut world = Self::planned(plan).await;
        world.captures = Some((mails, texts));
        world
    }

    /// A world by plan.
    pub(crate) async fn planned(plan: Plan) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::simulated(plan.start);
        let url = plan.url.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("world.db").display()));
        let store =
            Store::open(&doorstep::store::Settings::at(url.clone()), clock.clone()).await.expect("a new file opens");
        store.migrate().await.expect("a new file takes the schema");
        let handoff = Handoff::new(plan.waiting_max);
        let policies = Policies::of_all(plan.policy);
        let decoder = Decoder::new(Limits::default(), Brands::any("harbour"));
        let lanes = Shelf::default();
        let hinge = Hinge::new(store.clone(), policies.clone(), clock.clone(), handoff.clone());
        let hinge = hinge.knowing(lanes.clone()).telling();
        let dispatcher = Dispatcher::new(Parts {
            store: plan.faults.map_or_else(|| store.clone(), |faults| store.with_faults(faults)),
            handoff: handoff.clone(),
            policies: policies.clone(),
            composer: plan.composer,
            senders: plan.senders,
            hinge: hinge.clone(),
            quiet_feeds: plan.quiet_feeds,
            settings: Settings::default(),
            tells_outcomes: true,
            journal: plan.journal,
        });
        let timers = Timers::new(store.clone(), hinge.clone());
        Self {
            decoder,
            policies,
            clock,
            store,
            hinge,
            dispatcher,
            handoff,
            lanes,
            timers,
            captures: None,
            url,
            is_dirty: AtomicBool::new(false),
            _folder: folder,
        }
    }

    /// Lets events in, as one batch; answers with the verdicts.
    pub(crate) async fn feed(&self, events: &[Value]) -> Vec<Verdict> {
        self.is_dirty.store(true, Ordering::Relaxed);
        let batch: Vec<_> =
            events.iter().map(|event| self.decoder.structured("test", event.to_string().into_bytes())).collect();
        self.hinge.apply(batch).await.expect("the store takes the batch")
    }

    /// Takes old events in, as one batch.
    pub(crate) async fn import(&self, events: &[Value]) {
        let batch: Vec<_> =
            events.iter().map(|event| self.decoder.structured("test", event.to_string().into_bytes())).collect();
        self.hinge.importing().apply(batch).await.expect("the store takes the batch");
    }

    /// Lets what the clock has called for by now count as told, as `import --restored` does at its end.
    pub(crate) async fn leave_behind(&self) {
        let left = doorstep::cli::import::leave_behind(&self.store, &self.hinge.importing()).await;
        left.expect("the store takes the ticks");
    }

    /// Runs everything that is due now, and all that follows from it at this time.
    pub(crate) async fn drain(&self) {
        loop {
            let ticked = self.timers.run_due().await.expect("timers run");
            let sent = self.dispatcher.run_due().await.expect("the dispatcher runs");
            if ticked + sent == 0 {
                break;
            }
        }
        self.is_dirty.store(false, Ordering::Relaxed);
    }

    /// Lets time pass up to `to`, and runs everything at its own time. `each` is called after each step.
    pub(crate) async fn pass(&self, to: Timestamp, mut each: impl AsyncFnMut(&Self)) {
        self.drain().await;
        each(self).await;
        while let Some(next) = self.next().await.filter(|next| *next <= to) {
            self.clock.advance_to(next);
            self.drain().await;
            each(self).await;
        }
        self.clock.advance_to(to);
    }

    /// When something is due next.
    pub(crate) async fn next(&self) -> Option<Timestamp> {
        let mut times = vec![self.store.next_wake().await.expect("the store answers")];
        for channel in Channel::ALL {
            times.push(self.store.next_due(channel).await.expect("the store answers"));
        }
        times.into_iter().flatten().min()
    }

    /// Another dispatcher on the same store, as if the first one's worker had died.
    pub(crate) fn successor(&self, senders: Senders) -> Dispatcher {
        Dispatcher::new(Parts {
            store: self.store.clone(),
            handoff: Handoff::new(100),
            policies: self.policies.clone(),
            composer: Composer::new(|draft| Ok(plainly(draft))),
            senders,
            hinge: self.hinge.clone(),
            quiet_feeds: QuietFeeds::default(),
            settings: Settings::default(),
            tells_outcomes: true,
            journal: Journal::default(),
        })
    }

    /// Damages the stored document of an order, as a disk might.
    pub(crate) async fn damage(&self, order: &str) {
        let mut conn = sqlx::SqliteConnection::connect(&self.url).await.expect("the file opens");
        let key = Self::order(order);
        conn.execute(sqlx::query("update orders set doc = '{' where key = ?").bind(key.as_str()))
            .await
            .expect("the row is there");
        conn.close().await.expect("the file closes");
    }

    /// Says that what is left undone is left on purpose.
    pub(crate) fn leave(&self) {
        self.is_dirty.store(false, Ordering::Relaxed);
    }

    /// Every message captured so far: mails, then texts.
    pub(crate) fn taken(&self) -> Vec<Captured> {
        let (mails, texts) = self.captures.as_ref().expect("this world captures its messages");
        [mails.taken(), texts.taken()].concat()
    }

    /// The key of an order of the default brand.
    pub(crate) fn order(id: &str) -> OrderKey {
        OrderKey::from_stored(format!("harbour/{id}")).expect("brand and id")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let left = self.is_dirty.load(Ordering::Relaxed);
        assert!(!left || std::thread::panicking(), "the test ended with work left over: drain the world first");
    }
}

/// A message in plain words, so that tests of the path do not hang on templates.
pub(crate) fn plainly(draft: &Draft<'_>) -> Message {
    let Draft { order, notice, telling, policy, .. } = *draft;
    let state = order.state(&policy.zone);
    let part = |(stage, parcel): &(doorstep::domain::stage::Stage, Option<usize>)| match parcel {
        Some(place) => format!("{} parcel {}", stage.as_str(), state.parcels[*place].id().unwrap_or("?")),
        None => stage.as_str().to_owned(),
    };
    let words = telling.news.iter().map(part).collect::<Vec<_>>().join(" + ");
    let content = match notice.channel {
        Channel::Email => Content::Email(Box::new(Mail {
            from_name: "Harbour Goods".into(),
            from: "orders@harbour.example".into(),
            reply_to: None,
            to_name: Pii::new(String::new()),
            subject: words.clone(),
            html: format!("<p>{words}</p>"),
            text: words,
            thread_id: format!("{}@harbour.example", notice.order.order_str()),
            starts_thread: false,
            unsubscribe_url: None,
            unsubscribe_mailto: None,
        })),
        Channel::Sms => Content::Sms(Text { body: words, segments: 1, encoding: Encoding::Gsm7 }),
    };
    Message {
        key: notice.key,
        order: notice.order.clone(),
        shipment: notice.shipment.clone(),
        stage: Some(telling.news.first().map_or(notice.stage, |(stage, _)| *stage)),
        role: notice.role,
        locale: telling.locale.clone().unwrap_or_else(|| "en".into()),
        planned_at: notice.planned_at,
        to: telling.address.clone(),
        content,
    }
}
