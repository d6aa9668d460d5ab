//! A breaker for each endpoint: after a row of failures that are the endpoint's own fault it is left alone for a while, so
//! that a dead receiver costs neither tries nor connections. A pure state machine; time is passed in.

use jiff::{SignedDuration, Timestamp};

/// Failures in a row that open the breaker. One refused message in twenty makes ten in a row once in 10^13.
const FAILURES_MAX: u32 = 10;
/// First pause; each further one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: SignedDuration = SignedDuration::from_secs(5);
/// Longest pause: how late the end of an outage is noticed.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(2);
/// A probe that has not reported by then is taken for lost: longer than any send may take.
const PROBE_MAX: SignedDuration = SignedDuration::from_mins(11);

/// What one endpoint's recent past allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// All is well, or not bad enough yet.
    Closed { failures: u32 },
    /// Nothing is sent before `until`. `pauses` counts the pauses in a row, this one included.
    Open { until: Timestamp, pauses: u32 },
    /// One message was let through to see; what it reports decides.
    HalfOpen { probe_since: Timestamp, pauses: u32 },
}

/// The answer to "may I send?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Send.
    Go,
    /// Not before this time; nothing was tried.
    Wait { until: Timestamp },
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed { failures: 0 } }
    }
}

impl Breaker {
    /// Asks whether a message may be sent now. After a pause the first one that asks is let through as the probe.
    pub fn admit(&mut self, now: Timestamp) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Go,
            State::Open { until, .. } if now < until => Admission::Wait { until },
            State::Open { pauses, .. } => {
                self.state = State::HalfOpen { probe_since: now, pauses };
                Admission::Go
            }
            State::HalfOpen { probe_since, pauses } => {
                if now.duration_since(probe_since) > PROBE_MAX {
                    self.state = State::HalfOpen { probe_since: now, pauses };
                    return Admission::Go;
                }
                Admission::Wait { until: now + PAUSE_MIN }
            }
        }
    }

    /// Whether messages pass freely.
    pub fn is_closed(&self) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { .. } | State::HalfOpen { .. } => false,
        }
    }

    /// When messages may pass again; `None` if they may now.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        match self.state {
            State::Open { until, .. } => Some(until),
            State::HalfOpen { probe_since, .. } => Some((probe_since + PROBE_MAX).min(now + PAUSE_MIN)),
            State::Closed { .. } => None,
        }
        .filter(|until| *until > now)
    }

    /// The endpoint answered as it should, be it with a refusal of this one message. True if this closed the breaker.
    pub fn succeeded(&mut self) -> bool {
        let closes = !self.is_closed();
        self.state = State::Closed { failures: 0 };
        closes
    }

    /// The endpoint failed. True if this opened the breaker, or opened it again.
    pub fn failed(&mut self, now: Timestamp) -> bool {
        match self.state {
            State::Closed { failures } if failures + 1 < FAILURES_MAX => {
                self.state = State::Closed { failures: failures + 1 };
                false
            }
            State::Closed { .. } => self.pause(now, 1),
            State::HalfOpen { pauses, .. } => self.pause(now, pauses + 1),
            // What was under way when it opened fails as well; that is no news.
            State::Open { .. } => false,
        }
    }

    /// The message that was let through ended without saying anything about the endpoint: another may be the probe.
    pub fn undecided(&mut self, now: Timestamp) {
        if let State::HalfOpen { pauses, .. } = self.state {
            self.state = State::Open { until: now, pauses };
        }
    }

    fn pause(&mut self, now: Timestamp, pauses: u32) -> bool {
        let doublings = pauses.saturating_sub(1).min(16);
        let pause = PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
        self.state = State::Open { until: now + pause, pauses };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            breaker.failed(at(0));
        }
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let mut breaker = Breaker::default();
        for _ in 0..5 {
            for _ in 0..FAILURES_MAX - 1 {
                assert!(!breaker.failed(at(0)));
                assert_eq!(breaker.admit(at(0)), Admission::Go);
            }
            assert!(!breaker.succeeded());
        }
        for _ in 0..FAILURES_MAX - 1 {
            assert!(!breaker.failed(at(0)));
        }
        assert!(breaker.failed(at(0)));
        assert_eq!(breaker.admit(at(0)), Admission::Wait { until: at(5) });
        assert_eq!(breaker.open_until(at(4)), Some(at(5)));
        assert_eq!(breaker.open_until(at(5)), None);
    }

    #[test]
    fn lets_one_probe_through_and_closes_if_it_is_taken() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(5)), Admission::Go);
        assert!(matches!(breaker.admit(at(5)), Admission::Wait { .. }), "one probe at a time");
        assert!(breaker.succeeded());
        assert_eq!(breaker.admit(at(5)), Admission::Go);
        assert_eq!(breaker.admit(at(5)), Admission::Go);
    }

    #[test]
    fn pauses_double_up_to_their_limit() {
        let mut breaker = opened();
        let (mut now, mut pauses) = (5, vec![5]);
        for _ in 0..7 {
            assert_eq!(breaker.admit(at(now)), Admission::Go);
            assert!(breaker.failed(at(now)));
            assert!(!breaker.failed(at(now)), "what was under way adds nothing");
            let Admission::Wait { until } = breaker.admit(at(now)) else { panic!("it is open") };
            pauses.push(until.as_second() - now);
            now = until.as_second();
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 120, 120, 120]);
    }

    #[test]
    fn a_probe_that_never_reports_is_replaced() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(at(5)), Admission::Go);
        assert!(matches!(breaker.admit(at(600)), Admission::Wait { .. }));
        assert_eq!(breaker.admit(at(666)), Admission::Go);
        breaker.undecided(at(667));
        assert_eq!(breaker.admit(at(667)), Admission::Go);
    }
}
