//! One seed: who does what, and what goes wrong, one step after the other.

mod far;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use doorstep::apply::Policies;
use doorstep::clock::Clock;
use doorstep::domain::event::Event;
use doorstep::domain::id::OrderKey;
use doorstep::domain::policy::Policy;
use doorstep::ingest::Incoming;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::store::Store;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::End;
use super::eyes::{Due, Eyes};
use super::ground::{Ground, MACHINES_MAX};
use super::judge::Judge;
use super::stage::{Delivery, Fate, Stage, Step};
use super::worker::{Machine, Means, Running};
use crate::histories::{beginning, history, wire};
use crate::properties::policy;

/// What must have happened in a few hundred stories.
pub(super) const FAULTS: [&str; 17] = [
    "acknowledgement lost",
    "answer of a commit lost",
    "answer of the far side cut",
    "asleep on the wire",
    "clock set wrong",
    "commit undone",
    "conflict",
    "connection refused",
    "died after a commit",
    "died before a commit",
    "died between two steps",
    "in doubt",
    "known from a journal",
    "later",
    "no connection to the database",
    "refused",
    "taken, and cut",
];

/// Steps after which a story must have come to its end.
const STEPS_MAX: u32 = 8_000;
/// Steps after which nothing goes wrong any more, if the orders' own time has not come to its end before.
const STEPS_OF_TROUBLE: u32 = 1_200;
/// How long the world is watched once nothing goes wrong any more.
const REST: SignedDuration = SignedDuration::from_hours(20);

/// Something that may come next.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// Lets one of those who wait through.
    Serve(usize),
    Take(usize),
    Tick(usize),
    Send(usize),
    Start(usize),
    Kill(usize),
    SetWrong(usize),
    /// Milliseconds.
    Pass(i64),
}

pub(super) struct Story<'a> {
    rng: StdRng,
    stage: Arc<Stage>,
    means: Means,
    policy: Policy,
    clock: Clock,
    eyes: &'a mut Eyes,
    store: Store,
    machines: Vec<Machine>,
    lives: usize,
    judge: Judge,
    /// What was published: the bytes.
    messages: Vec<Vec<u8>>,
    facts: Vec<(OrderKey, Event)>,
    /// When each message comes to the broker.
    coming: VecDeque<(Timestamp, usize)>,
    queue: VecDeque<usize>,
    decoder: Decoder,
    due: Due,
    is_healed: bool,
    steps: u32,
    until: Timestamp,
    tally: BTreeMap<&'static str, u64>,
    lines: Vec<String>,
}

impl<'a> Story<'a> {
    pub(super) fn new(seed: u64, ground: &'a mut Ground, stage: Arc<Stage>) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let clock = Clock::simulated(beginning());
        let store = ground.store.on_clock(clock.clone());
        let mut machines = Vec::new();
        for (number, store) in ground.machines.iter().enumerate().take(rng.random_range(2..=MACHINES_MAX)) {
            machines.push(Machine::new(store, &clock, ground.journals().join(number.to_string())));
        }
        let policy = policy();
        let means = Means {
            stage: Arc::clone(&stage),
            policies: Policies::of_all(policy.clone()),
            keys_known: rng.random_bool(0.4),
            waiting_max: if rng.random_bool(0.7) { 64 } else { 0 },
            has_journals: rng.random_bool(0.5),
        };
        let mut story = Self {
            stage,
            means,
            policy,
            clock,
            eyes: &mut ground.eyes,
            store,
            machines,
            lives: 0,
            judge: Judge::default(),
            messages: Vec::new(),
            facts: Vec::new(),
            coming: VecDeque::new(),
            queue: VecDeque::new(),
            decoder: Decoder::new(Limits::default(), Brands::any("harbour")),
            due: Due::default(),
            is_healed: false,
            steps: 0,
            until: beginning(),
            tally: BTreeMap::new(),
            lines: Vec::new(),
            rng,
        };
        story.publish(seed);
        story
    }

    /// Orders of two shops, which number theirs alike; each fact comes once to three times, some time after it happened.
    fn publish(&mut self, seed: u64) {
        let in_a_burst = self.rng.random_bool(0.3);
        let mut coming = Vec::new();
        for (number, brand) in ["harbour", "meadow"].into_iter().enumerate() {
            let length = self.rng.random_range(3..9);
            let facts = history(seed.wrapping_mul(7).wrapping_add(number as u64), length);
            let end = facts.iter().map(|fact| fact.time).max().expect("a history is not empty");
            self.until = self.until.max(end);
            for fact in facts {
                let raw = wire(&fact, brand, "7").to_string().into_bytes();
                let Incoming::Event { event, .. } = self.decoder.structured("sim", raw.clone()) else {
                    panic!("a fact is refused: {}", String::from_utf8_lossy(&raw))
                };
                let order = OrderKey::new(&event.brand, &doorstep::domain::id::OrderId::new("7"));
                self.facts.push((order, *event));
                self.messages.push(raw);
                for _ in 0..*[1, 1, 1, 2, 3].choose(&mut self.rng).expect("some") {
                    let late = SignedDuration::from_secs(*[0, 1, 30, 900, 9000].choose(&mut self.rng).expect("some"));
                    let at = if in_a_burst {
                        end + SignedDuration::from_secs(self.rng.random_range(0..60))
                    } else {
                        fact.time + late
                    };
                    coming.push((at, self.messages.len() - 1));
                }
            }
        }
        coming.sort_unstable();
        self.coming = coming.into();
    }

    pub(super) async fn tell(mut self) -> End {
        loop {
            self.collect().await;
            let trouble_ends =
                self.clock.now() > self.until + SignedDuration::from_hours(3) || self.steps > STEPS_OF_TROUBLE;
            if !self.is_healed && trouble_ends {
                self.heal();
            }
            let Some(act) = self.choose() else { break };
            self.steps += 1;
            self.stage.step.fetch_add(1, Ordering::Relaxed);
            self.go(act).await;
            if self.steps > STEPS_MAX {
                self.judge.wrong.push("the world does not come to rest".into());
                break;
            }
        }
        let now = self.clock.now().as_millisecond();
        self.judge.sum_up(&self.store, self.eyes, &self.facts, now).await;
        *self.tally.entry("steps").or_default() += u64::from(self.steps);
        *self.tally.entry("taken").or_default() += self.judge.taken.len() as u64;
        if self.judge.inherited > 0 {
            *self.tally.entry("known from a journal").or_default() += self.judge.inherited;
        }
        if self.judge.doubts() > 0 {
            *self.tally.entry("in doubt").or_default() += self.judge.doubts() as u64;
        }
        End { wrong: self.judge.wrong, tally: self.tally, lines: self.lines }
    }

    fn count(&mut self, what: &'static str) {
        *self.tally.entry(what).or_default() += 1;
    }

    fn heal(&mut self) {
        self.is_healed = true;
        let last = self.coming.back().map_or(self.until, |(at, _)| *at);
        self.until = self.clock.now().max(last) + REST;
        self.machines.iter().for_each(|machine| machine.clock.set_wrong(SignedDuration::ZERO));
        self.lines.push("nothing goes wrong any more".into());
    }

    /// What may come next, by weight; `None`: the story is over.
    fn choose(&mut self) -> Option<Act> {
        let now = self.clock.now().as_millisecond();
        let trouble = u32::from(!self.is_healed);
        let is_due = |at: Option<i64>| at.is_some_and(|at| at <= now);
        let waiting = self.stage.waiting.lock().expect("one thread");
        let mut options: Vec<(u32, Act)> = (0..waiting.len()).map(|place| (100, Act::Serve(place))).collect();
        let on_the_wire = waiting.iter().any(|(_, step)| matches!(step, Step::Deliver(_)));
        drop(waiting);
        let runs = |is: fn(&Running) -> bool| self.machines.iter().filter_map(|one| one.running.as_ref()).any(is);
        let (tick_runs, send_runs) = (runs(|one| one.ticking.is_some()), runs(|one| one.sending.is_some()));
        for (number, machine) in self.machines.iter().enumerate() {
            let Some(running) = &machine.running else {
                options.push((60, Act::Start(number)));
                continue;
            };
            if running.taking.is_none() && !self.queue.is_empty() {
                options.push((100, Act::Take(number)));
            }
            // Two at the same work race for it; that they do is worth seeing, but not each time.
            if running.ticking.is_none() && is_due(self.due.wake) {
                options.push((if tick_runs { 10 } else { 100 }, Act::Tick(number)));
            }
            let has_work = is_due(self.due.notice) || is_due(self.due.lease) || running.has_waiting();
            if running.sending.is_none() && has_work {
                options.push((if send_runs { 10 } else { 80 }, Act::Send(number)));
            }
        }
        if options.is_empty() {
            let next = [
                self.coming.front().map(|(at, _)| at.as_millisecond()),
                self.due.notice,
                self.due.lease,
                self.due.wake,
            ];
            let next = next.into_iter().flatten().min().filter(|next| *next <= self.until.as_millisecond());
            match next {
                Some(next) => options.push((100, Act::Pass(next - now))),
                None if self.is_healed => return None,
                None => options.push((100, Act::Pass(3_600_000))),
            }
        }
        if trouble > 0 {
            let number = self.rng.random_range(0..self.machines.len());
            options.push((1, Act::Kill(number)));
            options.push((1, Act::SetWrong(number)));
            options.push((4, Act::Pass(self.rng.random_range(1..30_000))));
            if on_the_wire {
                options.push((6, Act::Pass(self.rng.random_range(60_000..200_000))));
            }
        }
        let chosen = options.choose_weighted(&mut self.rng, |(weight, _)| *weight).expect("there is something to do");
        Some(chosen.1)
    }

    async fn go(&mut self, act: Act) {
        match act {
            Act::Serve(place) => return self.serve(place).await,
            Act::Take(number) => self.take(number),
            Act::Tick(number) => self.machines[number].running.as_mut().expect("it runs").tick(),
            Act::Send(number) => self.machines[number].running.as_mut().expect("it runs").send(),
            Act::Start(number) => {
                self.lives += 1;
                if self.means.has_journals {
                    self.judge.has_journal(self.lives, number);
                }
                self.machines[number].start(self.lives, &self.means);
            }
            Act::Kill(number) if self.machines[number].running.is_some() => {
                self.count("died between two steps");
                self.bury(number);
            }
            Act::Kill(_) => return,
            Act::SetWrong(number) => {
                self.count("clock set wrong");
                let by = *[-3600, -600, 0, 0, 600, 3600].choose(&mut self.rng).expect("some");
                self.machines[number].clock.set_wrong(SignedDuration::from_secs(by));
            }
            Act::Pass(ms) => self.pass(ms),
        }
        self.lines.push(format!("{} {act:?}", self.clock.now()));
        self.stage.settle().await;
        self.hear().await;
    }

    fn pass(&mut self, ms: i64) {
        let is_asleep = |step: &Step| matches!(step, Step::Deliver(_));
        let asleep = self.stage.waiting.lock().expect("one thread").iter().any(|(_, step)| is_asleep(step));
        if asleep && ms >= 60_000 {
            self.count("asleep on the wire");
        }
        self.clock.advance(SignedDuration::from_millis(ms.max(0)));
        while let Some((_, message)) = self.coming.pop_front_if(|(at, _)| *at <= self.clock.now()) {
            self.queue.push_back(message);
        }
    }

    fn take(&mut self, number: usize) {
        let many = self.rng.random_range(1..=4).min(self.queue.len());
        let batch: Vec<usize> = self.queue.drain(..many).collect();
        let incoming =
            batch.iter().map(|place| self.decoder.structured("sim", self.messages[*place].clone())).collect();
        self.machines[number].running.as_mut().expect("it runs").take(batch, incoming);
    }

    fn bury(&mut self, number: usize) {
        for message in self.machines[number].bury(&self.stage).into_iter().rev() {
            self.queue.push_front(message);
        }
    }

    /// Lets one of those who wait through, for better or worse.
    async fn serve(&mut self, place: usize) {
        let (life, step) = self.stage.waiting.lock().expect("one thread").remove(place);
        let number = life.number;
        match step {
            Step::Database { writes, reply } => {
                let fate = self.fate(writes);
                self.lines.push(format!("{} life {number}: database {writes} {fate:?}", self.clock.now()));
                self.stage.grant(reply, fate);
                self.stage.settle().await;
                if writes {
                    self.look(number).await;
                }
            }
            Step::Pause { reply } => {
                let _ = reply.send(());
                self.stage.settle().await;
            }
            Step::Connect { channel, reply } => {
                let refused = !self.is_healed && self.rng.random_bool(0.08);
                if refused {
                    self.count("connection refused");
                }
                self.lines.push(format!("{} life {number}: connect {channel:?} {refused}", self.clock.now()));
                let _ = reply.send(if refused { Err(far::later(None)) } else { Ok(()) });
                self.stage.settle().await;
            }
            Step::Deliver(delivery) => {
                self.answer(&life, delivery);
                self.stage.settle().await;
            }
        }
        self.hear().await;
    }

    fn fate(&mut self, writes: bool) -> Fate {
        let dice = self.rng.random_range(0..1000);
        let (fate, name) = match dice {
            _ if self.is_healed => return Fate::Fine,
            0..20 => (Fate::NotBegun, "no connection to the database"),
            20..50 if writes => (Fate::Undone, "commit undone"),
            50..65 if writes => (Fate::Conflict, "conflict"),
            65..90 if writes => (Fate::AnswerLost, "answer of a commit lost"),
            90..98 if writes => (Fate::DiesBefore, "died before a commit"),
            98..106 if writes => (Fate::DiesAfter, "died after a commit"),
            _ => return Fate::Fine,
        };
        self.count(name);
        fate
    }

    /// What a turn at the database has changed.
    async fn look(&mut self, life: usize) {
        let changes = self.eyes.changes().await;
        self.due = self.eyes.due().await;
        let at_work = |number: usize| {
            let running = self.machines.iter().filter_map(|machine| machine.running.as_ref());
            running
                .filter(|running| running.life.number == number && !running.life.is_dead())
                .any(|running| running.sending.as_ref().is_some_and(|sending| !sending.is_finished()))
        };
        let lives: Vec<usize> = self
            .machines
            .iter()
            .filter_map(|machine| machine.running.as_ref())
            .filter(|running| !running.life.is_dead())
            .map(|running| running.life.number)
            .collect();
        let now = self.clock.now().as_millisecond();
        self.judge.look((life, self.stage.step.load(Ordering::Relaxed)), &changes, now, |number| {
            !lives.contains(&number) || at_work(number)
        });
        for change in &changes {
            self.lines.push(format!("  {} {} -> {}", change.key, change.was.as_deref().unwrap_or("-"), change.became));
        }
    }

    /// Looks at what has just been put on the wire.
    async fn hear(&mut self) {
        let mut fresh = Vec::new();
        let mut kept = Vec::new();
        for (life, step) in self.stage.waiting.lock().expect("one thread").drain(..) {
            match step {
                Step::Deliver(delivery) if !delivery.seen => {
                    fresh.push((kept.len(), delivery.key));
                    kept.push((life, Step::Deliver(Delivery { seen: true, ..delivery })));
                }
                step => kept.push((life, step)),
            }
        }
        for (place, key) in fresh {
            let beside = self.eyes.beside(key).await;
            if let (_, Step::Deliver(delivery)) = &kept[place] {
                let written = self.stage.written.lock().expect("one thread").remove(&key);
                self.judge.hear(delivery, beside, &self.policy.zone, written);
            }
        }
        *self.stage.waiting.lock().expect("one thread") = kept;
    }

    /// Takes note of what has come to its end.
    async fn collect(&mut self) {
        for number in 0..self.machines.len() {
            if self.machines[number].running.as_ref().is_some_and(|running| running.life.is_dead()) {
                self.bury(number);
            }
            let Some(running) = &mut self.machines[number].running else { continue };
            if let Some(ticking) = running.ticking.take_if(|task| task.is_finished()) {
                let _ = ticking.await.expect("nothing panics");
            }
            if let Some(sending) = running.sending.take_if(|task| task.is_finished()) {
                let _ = sending.await.expect("nothing panics");
            }
            if let Some((taking, batch)) = running.taking.take_if(|(task, _)| task.is_finished()) {
                let is_lost = !self.is_healed && self.rng.random_bool(0.05);
                match taking.await.expect("nothing panics") {
                    Ok(_) if !is_lost => {}
                    taken => {
                        if taken.is_ok() {
                            self.count("acknowledgement lost");
                        }
                        batch.into_iter().rev().for_each(|message| self.queue.push_front(message));
                    }
                }
            }
        }
    }
}
