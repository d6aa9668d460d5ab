//! Hostile input for everything that reads what strangers write: events of shops and carriers, tokens and stamps, words in
//! messages, mail headers and addresses, `Retry-After`, forms, providers' calls, and bytes at the HTTP door.
//!
//! What must hold for any input: no panic, an answer within a second, a refusal that names a place and repeats no value. What
//! goes through a socket may take five, on a busy machine; no answer by then is a hang, and a finding.
//! Whole examples are mutated, most of them a little: what a parser refuses at its first byte teaches nothing.
//!
//! `tests/fuzz --seconds 60` gives each target that long; a finding is printed with its seed and its bytes.

mod doors;
mod events;
mod forms;
mod messages;
mod words;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// Stands in every place for people's data; must never come back in a reason.
const CANARY: &str = "canary-7f3a";
/// An answer that takes longer is a finding. Generous for a busy machine: a good one takes 20 µs.
const ANSWER_MAX: Duration = Duration::from_secs(1);
const SECONDS: &str = "DOORSTEP_TEST_FUZZ_SECONDS";
const SEED: &str = "DOORSTEP_TEST_FUZZ_SEED";

/// Pieces that break parsers, put anywhere.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"\\u",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"1e400",
    b"-0",
    b"1e-400",
    b"9223372036854775808",
    b"0.1",
    b"{}",
    b"[]",
    b"\"\"",
    b"\"2026-02-30\"",
    b"\"9999-12-31T23:59:59Z\"",
    b"\"0001-01-01\"",
    b"\"2026-11-03T10:11:60+25:00\"",
    b"\"id\":\"x\",",
    b"\"data\":{},",
    b"\r\nBcc: x@y.example",
    b"javascript:alert(1)",
    b"<script>",
    b"{{order}}",
    b"{{{x}}}",
    b"%00",
    b"%",
    b"&",
    b"=",
    b"; ",
    b"\r\n",
    b"\r\n\r\n",
    b"--",
    b"../",
    b"=?utf-8?q?=0D=0A?=",
    b"xn--",
    b"@",
    b"<",
    b">",
    b"\xe2\x80\xae",
    b"[[[[[[[[[[[[",
    b"{\"order\":",
    b"99999999999999999999999",
    "\u{1f600}".as_bytes(),
    "\u{85}".as_bytes(),
    "\u{2028}".as_bytes(),
];

fn mutate(random: &mut StdRng, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..24)).min(bytes.len());
        match random.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 => drop(bytes.splice(at..at, PIECES.choose(random).expect("there are some").iter().copied())),
            2 => drop(bytes.splice(at..end, PIECES.choose(random).expect("there are some").iter().copied())),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                let times = random.random_range(1..60);
                drop(bytes.splice(at..at, copy.repeat(times)));
            }
            5 => {
                let other = others.choose(random).expect("there are some");
                let from = random.random_range(0..other.len());
                let until = (from + random.random_range(0..80)).min(other.len());
                drop(bytes.splice(at..end, other[from..until].iter().copied()));
            }
            _ => bytes.truncate(at),
        }
    }
}

/// Throws mutated examples at `judge` until the time is over. It says whether the input was taken, or what is wrong.
fn fuzz(target: &str, examples: &[Vec<u8>], judge: impl Fn(&[u8]) -> Result<bool, String>) {
    fuzz_within(ANSWER_MAX, target, examples, judge);
}

/// The same, for answers that may take longer.
fn fuzz_within(
    answer_max: Duration,
    target: &str,
    examples: &[Vec<u8>],
    judge: impl Fn(&[u8]) -> Result<bool, String>,
) {
    let wish = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = wish(SECONDS).map_or(Duration::from_millis(2_000), Duration::from_secs);
    let seed = wish(SEED).unwrap_or_else(rand::random);
    let mut random = StdRng::seed_from_u64(seed);
    for example in examples {
        let taken = judge(example).unwrap_or_else(|wrong| panic!("{target}: a whole example: {wrong}"));
        assert!(taken, "{target}: a whole example is refused: {}", example.escape_ascii());
    }
    let (began, mut tried, mut taken) = (Instant::now(), 0_u64, 0_u64);
    while began.elapsed() < time {
        let mut bytes = examples.choose(&mut random).expect("there are some").clone();
        mutate(&mut random, &mut bytes, examples);
        let since = Instant::now();
        let judged =
            std::panic::catch_unwind(AssertUnwindSafe(|| judge(&bytes))).unwrap_or_else(|_| Err("a panic".into()));
        let judged = match (judged, since.elapsed()) {
            (Ok(_), took) if took > answer_max => Err(format!("took {took:?}")),
            (judged, _) => judged,
        };
        match judged {
            Ok(was_taken) => taken += u64::from(was_taken),
            Err(wrong) => panic!("{target}: {wrong}\n{SEED}={seed}, try {tried}, input b\"{}\"", bytes.escape_ascii()),
        }
        tried += 1;
    }
    // If all were refused, or all taken, the mutations would test nothing.
    assert!(
        tried > 20 && taken > 0 && taken < tried,
        "{target}: {taken} of {tried} taken: these are no useful mutations"
    );
    eprintln!("{target}: {tried} inputs with seed {seed}, {taken} taken, no finding");
}
