//! When to try again: schedules as pure arithmetic. Chance and time are passed in; the waiting is done in the database.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::person::Channel;

/// Longest time that a receiver's `Retry-After` is obeyed for, where the schedule itself would come back sooner: a receiver
/// that asks for a day is asked again after an hour.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Waits between mails' tries, then the last one again and again. The first minutes cover greylisting and restarts.
const MAIL_WAITS: [SignedDuration; 6] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
];

/// No mail is tried later than this after its first try: news of a parcel is history by then.
const MAIL_HORIZON: SignedDuration = SignedDuration::from_hours(72);

/// Waits between webhooks' tries, after which it is given up. Source: Svix' published retry schedule, 27.6 h in all.
const WEBHOOK_WAITS: [SignedDuration; 7] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(10),
];

/// What to do after a try that failed for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again, not before this.
    At(Timestamp),
    /// The schedule is used up.
    GiveUp,
}

/// The tries of one notice so far, the one that has just failed included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries {
    /// At least 1.
    pub count: u32,
    pub first_at: Timestamp,
}

/// Decides when a notice is tried again.
///
/// `retry_after` is what the receiver asked for; it can only make the wait longer than the schedule's, and not longer than
/// an hour. `chance` lies in 0 to 1 and spreads the wait by ±20 %, so that what failed together does not return together.
///
/// # Examples
/// ```
/// use doorstep::domain::person::Channel;
/// use doorstep::domain::retry::{Next, Tries, next};
/// let now: jiff::Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
/// let once = Tries { count: 1, first_at: now };
/// assert_eq!(next(Channel::Sms, once, now, None, 0.5), Next::At("2026-11-02T09:00:05Z".parse().unwrap()));
/// ```
pub fn next(channel: Channel, tries: Tries, now: Timestamp, retry_after: Option<Duration>, chance: f64) -> Next {
    let failed = usize::try_from(tries.count.max(1) - 1).unwrap_or(usize::MAX);
    let wait = match channel {
        Channel::Email => *MAIL_WAITS.get(failed).unwrap_or(&MAIL_WAITS[MAIL_WAITS.len() - 1]),
        Channel::Sms => match WEBHOOK_WAITS.get(failed) {
            Some(wait) => *wait,
            None => return Next::GiveUp,
        },
    };
    let asked = retry_after.map_or(SignedDuration::ZERO, |asked| {
        SignedDuration::try_from(asked).unwrap_or(RETRY_AFTER_MAX).min(RETRY_AFTER_MAX)
    });
    let at = now + spread(wait, chance).max(asked);
    match channel {
        Channel::Email if at.duration_since(tries.first_at) > MAIL_HORIZON => Next::GiveUp,
        Channel::Email | Channel::Sms => Next::At(at),
    }
}

/// Spreads a wait evenly over 80 % to 120 % of itself; `chance` lies in 0 to 1.
pub fn spread(wait: SignedDuration, chance: f64) -> SignedDuration {
    wait.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    /// All tries of a notice that never gets through, as seconds since the first.
    fn story(channel: Channel, chance: f64) -> Vec<i64> {
        let (mut now, mut times) = (START, vec![0]);
        for count in 1.. {
            match next(channel, Tries { count, first_at: START }, now, None, chance) {
                Next::At(at) => now = at,
                Next::GiveUp => break,
            }
            times.push(now.as_second());
        }
        times
    }

    #[test]
    fn mails_are_tried_for_three_days() {
        let hours = |h: i64| h * 3600;
        let mins = [0, 1, 6, 36].map(|m| m * 60);
        let later = [2, 7, 17, 27, 37, 47, 57, 67].map(|h| hours(h) + 36 * 60);
        assert_eq!(story(Channel::Email, 0.5), [&mins[..], &later[..]].concat());
    }

    #[test]
    fn webhooks_are_tried_eight_times() {
        assert_eq!(story(Channel::Sms, 0.5), [0, 5, 305, 2105, 9305, 27305, 63305, 99305]);
    }

    #[test]
    fn retry_after_only_lengthens_and_is_clamped() {
        let wait = |count, secs| match next(
            Channel::Sms,
            Tries { count, first_at: START },
            START,
            Some(Duration::from_secs(secs)),
            0.5,
        ) {
            Next::At(at) => at.as_second(),
            Next::GiveUp => panic!("there is a try left"),
        };
        assert_eq!(wait(1, 0), 5, "an impatient receiver does not shorten the wait");
        assert_eq!(wait(1, 90), 90);
        assert_eq!(wait(1, u64::MAX), 3600);
        assert_eq!(wait(5, 7200), 5 * 3600);
    }

    proptest! {
        #[test]
        fn waits_grow_and_stay_in_their_bounds(chance in 0.0..=1.0f64) {
            let sms = story(Channel::Sms, chance);
            prop_assert_eq!(sms.len(), 8);
            prop_assert!((79_444..=119_167).contains(&sms[7]), "27.6 h ± 20 %");
            let mail = story(Channel::Email, chance);
            prop_assert!(mail.last().is_some_and(|last| *last <= 72 * 3600 && *last > 58 * 3600));
            prop_assert!(mail.windows(2).all(|pair| pair[1] > pair[0]));
        }
    }
}
