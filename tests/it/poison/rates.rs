//! How fast healthy events are taken alone, and while poison is worked through beside them.
//!
//! A round is timed from its first event to its last answer: healthy events of one caller, one after another, orders and their
//! parcels in turn. In every second round another caller brings poison meanwhile, one for each [`HEALTHY_EACH`] healthy events.
//! It may lag behind by a few and no more, and the round ends when both are through: so poison that holds up the store, the
//! cores or only itself makes the round longer. Rounds with poison and without take turns, with the same number and mix of
//! healthy events. Each is compared with its neighbour, since whatever else this machine does meets both, and of all such pairs
//! the one in the middle counts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use super::{Answer, Poison, Worker, feed, healthy};

/// Healthy events for each poisonous one: a fifth of all is poison, twenty times what the storm has.
const HEALTHY_EACH: usize = 4;
/// So little poison says nothing of chance.
const FEW: usize = 200;
/// Poison that waits for the one under way, before healthy events wait for it.
const WAITING_MAX: usize = 2;

/// Rates of healthy events, each a second, and what was said to the poison.
pub(super) struct Compared {
    pub(super) alone: f64,
    pub(super) beside: f64,
    /// The part of their rate that healthy events keep beside poison.
    pub(super) kept: f64,
    pub(super) answers: Vec<String>,
    /// So many people have ordered.
    pub(super) people: usize,
}

/// One healthy event after another, in numbers that nobody had before.
struct Caller<'a> {
    worker: &'a Worker,
    next: usize,
}

impl Caller<'_> {
    fn event(&mut self) {
        let kind = if self.next.is_multiple_of(2) { "order.paid" } else { "shipment.shipped" };
        let Answer(status, text) = self.worker.event(&healthy(self.next / 2, kind));
        assert_eq!(status, 202, "{text}");
        self.next += 1;
    }
}

/// Brings all the poison in so many rounds, and the same number of rounds without any.
pub(super) fn compare(worker: &Worker, poison: &[Poison], rounds: usize) -> Compared {
    let mut caller = Caller { worker, next: 0 };
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let (mut answers, mut met) = (Vec::new(), 0);
    for (round, some) in poison.chunks(poison.len().div_ceil(rounds).max(1)).enumerate() {
        let count = some.len() * HEALTHY_EACH;
        // Now the one comes first, now the other: what grows meanwhile, the database above all, does neither an injustice.
        for with_poison in [!round.is_multiple_of(2), round.is_multiple_of(2)] {
            let began = Instant::now();
            if with_poison {
                met += both(&mut caller, some, &mut answers);
            } else {
                (0..count).for_each(|_| caller.event());
            }
            let rate = count as f64 / began.elapsed().as_secs_f64();
            if with_poison { &mut beside } else { &mut alone }.push(rate);
        }
    }
    // Poison may come and go between two events, but seldom; of a few that may be all by chance.
    let met_min = if poison.len() < FEW { 1 } else { poison.len() / 2 };
    assert!(met >= met_min, "{met} healthy events with poison beside them, for {} of poison", poison.len());
    let kept = median(alone.iter().zip(&beside).map(|(alone, beside)| beside / alone).collect());
    Compared { kept, alone: median(alone), beside: median(beside), answers, people: caller.next.div_ceil(2) }
}

/// Healthy events with poison beside them; answers with how many of them had some under way beside them.
fn both(caller: &mut Caller<'_>, poison: &[Poison], answers: &mut Vec<String>) -> usize {
    let worker = caller.worker;
    let (begun, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (give, take) = mpsc::sync_channel::<&Poison>(WAITING_MAX);
    std::thread::scope(|scope| {
        let fed = scope.spawn(|| {
            let feed = |one| {
                begun.fetch_add(1, Ordering::SeqCst);
                let answer = feed(worker, one);
                ended.fetch_add(1, Ordering::SeqCst);
                answer
            };
            take.into_iter().map(feed).collect::<Vec<_>>()
        });
        let mut met = 0;
        for one in poison {
            // A caller of poison that has failed takes no more; it says so itself.
            let _ = give.send(one);
            for _ in 0..HEALTHY_EACH {
                let before = ended.load(Ordering::SeqCst);
                caller.event();
                met += usize::from(begun.load(Ordering::SeqCst) > before);
            }
        }
        drop(give);
        answers.extend(fed.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        met
    })
}

/// The one in the middle.
fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
