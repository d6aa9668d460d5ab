//! When to try again: schedules as pure arithmetic. Chance and time are passed in; the waiting is done in the database.

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

use super::id::NoticeKey;
use super::person::Channel;

/// Longest time that a receiver's `Retry-After` is obeyed for, where the schedule itself would come back sooner: a receiver
/// that asks for a day is asked again after an hour.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Shortest and longest wait that a `Retry-After` can ask for: neither a busy loop nor a lost day.
const ASKED_SECS: std::ops::RangeInclusive<u64> = 1..=3600;

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

/// A notice's chance for [`next`], 0 to 1: another one after each try, and always the same one, so that what happened can be
/// worked out again.
pub fn chance(key: NoticeKey, count: u32) -> f64 {
    // The steps of SplitMix64, which make neighbouring numbers unlike each other.
    let (high, low) = key.0.as_u64_pair();
    let mut mixed = (high ^ low).wrapping_add(u64::from(count).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let top = u32::try_from((mixed ^ (mixed >> 31)) >> 32).expect("half of it");
    f64::from(top) / f64::from(u32::MAX)
}

/// How long a receiver asks us to wait: its `Retry-After`, in seconds or as a date, in any of the three forms that a recipient
/// must read (RFC 9110, section 5.6.7) or with an offset. Brought into bounds; `None` if it is nothing of these.
pub fn asked(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let secs = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are more than an hour.
        text.parse().unwrap_or(u64::MAX)
    } else {
        u64::try_from(date(text)?.duration_since(now).as_secs()).unwrap_or(0)
    };
    Some(Duration::from_secs(secs.clamp(*ASKED_SECS.start(), *ASKED_SECS.end())))
}

fn date(text: &str) -> Option<Timestamp> {
    match httpdate::parse_http_date(text) {
        Ok(date) => Timestamp::try_from(date).ok(),
        Err(_) => rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok(),
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
    use crate::domain::id::{BrandId, OrderId, OrderKey};

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn secs(text: &str) -> Option<u64> {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        asked(text, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn what_is_asked_is_read_in_both_forms_and_kept_in_bounds() {
        assert_eq!(secs("120"), Some(120));
        assert_eq!(secs(" 7 "), Some(7));
        assert_eq!(secs("0"), Some(1));
        assert_eq!(secs("86400"), Some(3600));
        assert_eq!(secs("99999999999999999999999999"), Some(3600));
        assert_eq!(secs("Sat, 21 Nov 2026 12:02:00 GMT"), Some(120));
        assert_eq!(secs("Sat, 21 Nov 2026 14:02:00 +0200"), Some(120));
        assert_eq!(secs("Saturday, 21-Nov-26 12:02:00 GMT"), Some(120));
        assert_eq!(secs("Sat Nov 21 12:02:00 2026"), Some(120));
        assert_eq!(secs("Fri, 20 Nov 2026 12:00:00 GMT"), Some(1));
        assert_eq!(secs("Tue, 01 Jan 2030 00:00:00 GMT"), Some(3600));
        for nonsense in ["", "-5", "1.5", "soon", "120 s", "\u{fc}"] {
            assert_eq!(secs(nonsense), None, "{nonsense}");
        }
    }

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
        fn a_chance_is_spread_over_notices_and_tries_and_stays_the_same(name in "[a-z]{1,12}") {
            let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new(name));
            let chances: Vec<f64> = (1..=400).map(|n| chance(NoticeKey::new(&order, &[&n.to_string()]), n % 4 + 1)).collect();
            for tenth in 0..10 {
                let within = chances.iter().filter(|chance| (**chance * 10.0).min(9.9) as u8 == tenth).count();
                prop_assert!((12..=75).contains(&within), "{} of 400 in tenth {}", within, tenth);
            }
            let key = NoticeKey::new(&order, &["shipped"]);
            prop_assert_eq!(chance(key, 2).to_bits(), chance(key, 2).to_bits());
            prop_assert_ne!(chance(key, 1).to_bits(), chance(key, 2).to_bits());
        }

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
