//! A provider that fails in three of ten requests, in every way that providers have: each mail is taken once, after few
//! tries, none of them before the time that the provider asked for. Waiting costs no time here: each mail has a clock of its
//! own, moved as the schedule says.
//!
//! `DOORSTEP_TEST_SENDS=20000 tests/run provider` sends that many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorstep::channel::{SendError, email};
use doorstep::clock::Clock;
use doorstep::domain::id::NoticeKey;
use doorstep::domain::person::Channel;
use doorstep::domain::retry::{self, Next, Tries};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Asked, email};
use crate::servers::http::{Act, Server, status};

const SENDS: u32 = 800;
const WISH: &str = "DOORSTEP_TEST_SENDS";
const NOW: &str = "2026-11-21T12:00:00Z";
/// The provider's patience with us, and ours with it.
const TIMEOUT_MS: u64 = 1_500;
/// Mails that no provider would ever take.
const HOPELESS: u32 = 40;

/// What providers write into `Retry-After`, and the seconds that they mean by it: an hour at most is obeyed.
const ASKED: [(&str, u64); 12] = [
    ("0", 0),
    ("1", 1),
    ("30", 30),
    ("120", 120),
    ("3600", 3600),
    ("86400", 3600),
    ("99999999999999999999999", 3600),
    ("Sat, 21 Nov 2026 12:30:00 GMT", 1800),
    ("Saturday, 21-Nov-26 12:30:00 GMT", 1800),
    ("Sat Nov 21 12:30:00 2026", 1800),
    ("Fri, 20 Nov 2026 12:00:00 GMT", 0),
    ("soon", 0),
];

/// What the provider knows of a mail.
#[derive(Default, Clone)]
struct Known {
    requests: u32,
    taken: u32,
    body: Vec<u8>,
    /// What it asked for last.
    asked: u64,
}

type Book = Arc<Mutex<HashMap<String, Known>>>;

/// One of a thousand, drawn from a mail and its try.
fn dice(key: &str, count: u32) -> u64 {
    let key = NoticeKey(key.parse().expect("a key"));
    // Another stream than that of the waits.
    (retry::chance(key, count + 1000) * 999.0) as u64
}

fn answer(book: &Book, hopeless: &[String], key: &str, body: &[u8]) -> Option<Act> {
    let mut book = book.lock().unwrap();
    let known = book.entry(key.to_owned()).or_default();
    known.requests += 1;
    known.asked = 0;
    if known.requests == 1 {
        known.body = body.to_vec();
    }
    assert_eq!(known.body, body, "each try has the same bytes");
    if hopeless.iter().any(|other| other == key) {
        return Some(status(503));
    }
    match dice(key, known.requests) {
        0..100 => Some(status(500)),
        100..180 => {
            let (words, secs) = ASKED[dice(key, known.requests + 500) as usize % ASKED.len()];
            known.asked = secs;
            Some(Act::Answer(429, format!("retry-after: {words}\r\n"), String::new()))
        }
        unanswered @ 180..270 => {
            // It may have been taken all the same: the provider's own memory of keys is what keeps it single.
            known.taken = known.taken.max(u32::from(unanswered % 2 == 0));
            Some(if unanswered < 230 { Act::Silence } else { Act::Reset })
        }
        270..300 => {
            known.taken = 1;
            Some(Act::Half)
        }
        _ => {
            known.taken = 1;
            None
        }
    }
}

/// How one mail fared.
struct Fate {
    key: String,
    tries: u32,
    accepted: bool,
    longest: SignedDuration,
    last_try: SignedDuration,
}

async fn carry(sender: &email::Sender, book: &Book, number: u32) -> Fate {
    let start: Timestamp = NOW.parse().unwrap();
    let sealed = sender.seal(&email(number)).unwrap();
    let (mut now, mut longest, mut count) = (start, SignedDuration::ZERO, 0);
    loop {
        count += 1;
        let result = sender.send(&sealed, Asked::granting()).await;
        let last_try = now.duration_since(start);
        let fate = |accepted| Fate { key: sealed.key.to_string(), tries: count, accepted, longest, last_try };
        let retry_after = match result {
            Ok(_) => return fate(true),
            Err(SendError::Later { retry_after, .. }) => retry_after,
            Err(other) => panic!("mail {number}: {other}"),
        };
        let asked = book.lock().unwrap().get(&sealed.key.to_string()).map_or(0, |known| known.asked);
        let chance = retry::chance(sealed.key, count);
        match retry::next(Channel::Email, Tries { count, first_at: start }, now, retry_after, chance) {
            Next::GiveUp => return fate(false),
            Next::At(at) => {
                let wait = at.duration_since(now);
                assert!(
                    wait.as_secs() >= asked as i64,
                    "mail {number} comes again after {wait:?}, asked for {asked} s"
                );
                let by_itself = retry::next(Channel::Email, Tries { count, first_at: start }, now, None, chance);
                if by_itself != Next::At(at) {
                    assert!(
                        wait <= SignedDuration::from_hours(1),
                        "mail {number} waits {wait:?} because it was asked to"
                    );
                }
                longest = longest.max(wait);
                now = at;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_failures_in_ten_cost_no_mail_and_few_tries() {
    let sends = std::env::var(WISH).map_or(SENDS, |wish| wish.parse().expect("a number of sends"));
    let server = Server::start().await;
    let settings =
        json!({"transport": "http", "url": server.url("/emails"), "token": "re_123", "timeout_ms": TIMEOUT_MS});
    let clock = Clock::simulated(NOW.parse().unwrap());
    let sender = email::Sender::new(&serde_json::from_value(settings).unwrap(), clock).unwrap();
    let hopeless: Vec<String> = (sends + 1..=sends + HOPELESS).map(|number| email(number).key.to_string()).collect();
    let book = Book::default();
    server.rule({
        let (book, hopeless) = (Arc::clone(&book), hopeless.clone());
        move |request| answer(&book, &hopeless, request.header("idempotency-key"), &request.body)
    });
    let all = (1..=sends + HOPELESS).map(|number| carry(&sender, &book, number));
    let fates: Vec<Fate> = futures_util::stream::iter(all).buffer_unordered(128).collect().await;
    let book = book.lock().unwrap().clone();
    let (given_up, carried): (Vec<_>, Vec<_>) = fates.into_iter().partition(|fate| hopeless.contains(&fate.key));
    for fate in &carried {
        assert!(fate.accepted, "{} was given up after {} tries", fate.key, fate.tries);
        assert_eq!(book[&fate.key].taken, 1);
    }
    let tries: u32 = carried.iter().map(|fate| fate.tries).sum();
    let requests: u32 = carried.iter().map(|fate| book[&fate.key].requests).sum();
    assert_eq!(tries, requests, "one try is one request");
    let mean = f64::from(tries) / carried.len() as f64;
    assert!((1.2..=1.6).contains(&mean), "{mean} tries a mail");
    let longest = carried.iter().map(|fate| fate.longest).max().unwrap_or_default();
    for fate in &given_up {
        assert!(!fate.accepted && fate.last_try <= SignedDuration::from_hours(72), "{:?}", fate.last_try);
        assert!((10..=14).contains(&fate.tries), "{} tries", fate.tries);
    }
    assert_eq!(given_up.len(), HOPELESS as usize);
    let failed = carried.iter().filter(|fate| fate.tries > 1).count();
    eprintln!("{sends} mails, {failed} failed at first, {mean:.3} tries each, longest wait {longest:?}");
    assert!(
        Duration::try_from(longest).unwrap_or_default() > Duration::from_secs(600),
        "somebody was asked to wait long"
    );
}
