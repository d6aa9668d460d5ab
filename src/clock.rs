//! The only place that asks the time. Everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Where the time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// What the database's clock was last seen to say, counted on by a stopwatch, so that all workers agree, and nobody is an hour off
    /// while a machine's clock is set right. Until then, what the machine's said at the start.
    Database { since: Stopwatch, start_ms: Arc<AtomicI64> },
    /// A clock that tests, `replay` and the demo move themselves.
    /// `ahead_ms`: by how much this machine's clock differs from that of all.
    Simulated { now_ms: Arc<AtomicI64>, ahead_ms: Arc<AtomicI64> },
}

impl Clock {
    /// The machine's clock, until the database is first asked.
    pub fn database() -> Self {
        Self::Database {
            since: Stopwatch::start(),
            start_ms: Arc::new(AtomicI64::new(Timestamp::now().as_millisecond())),
        }
    }

    /// A simulated clock that stands at `now` until it is moved.
    pub fn simulated(now: Timestamp) -> Self {
        Self::Simulated { now_ms: Arc::new(AtomicI64::new(now.as_millisecond())), ahead_ms: Arc::default() }
    }

    /// The time, in whole milliseconds.
    pub fn now(&self) -> Timestamp {
        let ms = match self {
            Self::Database { since, start_ms } => start_ms.load(Ordering::Relaxed) + since.elapsed_ms(),
            Self::Simulated { now_ms, ahead_ms } => now_ms.load(Ordering::Relaxed) + ahead_ms.load(Ordering::Relaxed),
        };
        Timestamp::from_millisecond(ms).expect("a clock within 9000 years of today")
    }

    /// Milliseconds that SQL must use as the time; `None`: the database's own clock.
    pub fn for_sql(&self) -> Option<i64> {
        match self {
            Self::Database { .. } => None,
            Self::Simulated { now_ms, .. } => Some(now_ms.load(Ordering::Relaxed)),
        }
    }

    /// Takes note of what the database's clock said just now.
    pub fn learn(&self, database_ms: i64) {
        if let Self::Database { since, start_ms } = self {
            start_ms.store(database_ms - since.elapsed_ms(), Ordering::Relaxed);
        }
    }

    /// The clock of another machine in the same simulated time.
    pub fn another(&self) -> Self {
        match self {
            Self::Database { .. } => Self::database(),
            Self::Simulated { now_ms, .. } => Self::Simulated { now_ms: Arc::clone(now_ms), ahead_ms: Arc::default() },
        }
    }

    /// Sets a simulated machine's clock wrong by `by`; what SQL uses as the time stays right. Does nothing to the real one.
    pub fn set_wrong(&self, by: SignedDuration) {
        if let Self::Simulated { ahead_ms, .. } = self {
            ahead_ms.store(i64::try_from(by.as_millis()).unwrap_or_default(), Ordering::Relaxed);
        }
    }

    /// Moves a simulated clock forward to `to`; never back. Does nothing to the real one.
    pub fn advance_to(&self, to: Timestamp) {
        if let Self::Simulated { now_ms, .. } = self {
            now_ms.fetch_max(to.as_millisecond(), Ordering::Relaxed);
        }
    }

    /// Moves a simulated clock forward by `by`.
    pub fn advance(&self, by: SignedDuration) {
        if let Self::Simulated { now_ms, .. } = self {
            now_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or_default().max(0), Ordering::Relaxed);
        }
    }
}

/// Measures how long something takes, whatever is done to the machine's clock meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// How long ago that was.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
