//! Every misbehaviour of a mail server, many mails at a time over TLS and connections that they share: each mail gets the
//! class that is its own, and no reply is ever read for another mail. Every second mail is treated badly, the one beside it
//! well; the reply that takes a mail names it, and refusals have a code that follows from the mail's number.
//!
//! `DOORSTEP_TEST_MAILS=200 tests/run matrix` treats that many badly by each misbehaviour, without exception, and as many well
//! beside them. In the ordinary run there are ten, and two where each has seven megabytes.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorstep::channel::email::{Sender, Settings};
use doorstep::channel::{Content, Message, Receipt, SendError};
use doorstep::clock::Clock;
use doorstep::domain::person::Pii;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::{Asked, class, email};
use crate::door::client::until;
use crate::servers::smtp::{Act, Mode, Server, Stage, say};

/// Mails that each misbehaviour meets in the ordinary run …
const MAILS: usize = 10;
/// … and those that are too big for so many.
const BIG_MAILS: usize = 2;
const WISH: &str = "DOORSTEP_TEST_MAILS";
const CONNECTIONS: usize = 6;
/// The patience of a sender that must lose it, and of one that must not, on a machine that has other work.
const SHORT_MS: u64 = 1_500;
const LONG_MS: u64 = 40_000;

type Class = (&'static str, Option<u16>);

/// One misbehaviour.
struct Case {
    what: &'static str,
    /// What the server does to a mail that is treated badly.
    act: fn(Stage, usize) -> Option<Act>,
    /// The class of a mail that is treated badly.
    class: fn(usize) -> Class,
    /// Whether the sender must run out of patience.
    is_slow: bool,
}

/// Codes of refusals, one after the other.
fn one_of(codes: &[u16], number: usize) -> u16 {
    codes[number / 2 % codes.len()]
}

fn at(stage: Stage, wanted: Stage, act: Act) -> Option<Act> {
    (stage == wanted).then_some(act)
}

const RCPT_FOR_GOOD: [u16; 3] = [550, 551, 553];
const AFTER_FOR_GOOD: [u16; 3] = [550, 552, 554];

/// What a server may do to a mail; the numbers are those of the research (reliability, section 3.4).
const CASES: [Case; 19] = [
    Case {
        what: "a greylist",
        act: |s, _| at(s, Stage::Rcpt, say("450 come back in 300 s")),
        class: |_| ("later", Some(450)),
        is_slow: false,
    },
    Case {
        what: "a refused recipient",
        act: |s, n| at(s, Stage::Rcpt, Act::Say(format!("{} no", one_of(&RCPT_FOR_GOOD, n)))),
        class: |n| ("never", Some(one_of(&RCPT_FOR_GOOD, n))),
        is_slow: false,
    },
    Case {
        what: "DATA refused for now",
        act: |s, n| at(s, Stage::Data, Act::Say(format!("{} later", one_of(&[452, 454], n)))),
        class: |n| ("fault", Some(one_of(&[452, 454], n))),
        is_slow: false,
    },
    Case {
        what: "451 after the dot",
        act: |s, _| at(s, Stage::Dot, say("451 later")),
        class: |_| ("fault", Some(451)),
        is_slow: false,
    },
    Case {
        what: "refused for good after the dot",
        act: |s, n| at(s, Stage::Dot, Act::Say(format!("{} no", one_of(&AFTER_FOR_GOOD, n)))),
        class: |n| ("never", Some(one_of(&AFTER_FOR_GOOD, n))),
        is_slow: false,
    },
    Case {
        what: "the end after the dot",
        act: |s, _| at(s, Stage::Dot, Act::Close),
        class: |_| ("in doubt", None),
        is_slow: false,
    },
    Case {
        what: "a reset after the dot",
        act: |s, _| at(s, Stage::Dot, Act::Reset),
        class: |_| ("in doubt", None),
        is_slow: false,
    },
    Case {
        what: "a slow reply",
        act: |s, n| at(s, Stage::Dot, Act::After(150, taken(n))),
        class: |_| ("accepted", None),
        is_slow: false,
    },
    Case {
        what: "a reply that comes too late",
        act: |s, n| at(s, Stage::Dot, Act::After(2 * SHORT_MS, taken(n))),
        class: |_| ("in doubt", None),
        is_slow: true,
    },
    Case {
        what: "taken, then a reset",
        act: |s, n| at(s, Stage::Dot, Act::SayAndReset(taken(n))),
        class: |_| ("accepted", None),
        is_slow: false,
    },
    Case {
        what: "hung up at rest",
        act: |s, _| at(s, Stage::Idle, Act::SayAndClose("421 idle".to_owned())),
        class: |_| ("accepted", None),
        is_slow: false,
    },
    Case {
        what: "a late reply to DATA",
        act: |s, _| at(s, Stage::Data, Act::Late("354 go on".to_owned())),
        class: |_| ("fault", None),
        is_slow: true,
    },
    Case {
        what: "a late reply to MAIL",
        act: |s, _| at(s, Stage::Mail, Act::After(2 * SHORT_MS, "250 ok".to_owned())),
        class: |_| ("fault", None),
        is_slow: true,
    },
    Case {
        what: "one byte at a time",
        act: |s, n| at(s, Stage::Dot, Act::Drip(format!("250-slow\r\n{}", taken(n)))),
        class: |_| ("accepted", None),
        is_slow: false,
    },
    Case {
        what: "a reply without an end",
        act: |s, _| at(s, Stage::Dot, Act::Bytes(b"250-\r\n".repeat(300_000))),
        class: |_| ("in doubt", None),
        is_slow: false,
    },
    Case {
        what: "nine digits",
        act: |s, _| at(s, Stage::Dot, say("250250250 ok")),
        class: |_| ("in doubt", None),
        is_slow: false,
    },
    Case {
        what: "NUL in a reply",
        act: |s, n| at(s, Stage::Dot, Act::Bytes(format!("250 \0 queued as {n}\r\n").into_bytes())),
        class: |_| ("accepted", None),
        is_slow: false,
    },
    Case {
        what: "two replies to one dot",
        act: |s, n| at(s, Stage::Dot, Act::Bytes(format!("{}\r\n550 not yours\r\n", taken(n)).into_bytes())),
        class: |_| ("accepted", None),
        is_slow: false,
    },
    Case {
        what: "a code of no kind",
        act: |s, _| at(s, Stage::Dot, say("354 what?")),
        class: |_| ("in doubt", None),
        is_slow: false,
    },
];

fn taken(number: usize) -> String {
    format!("250 2.0.0 ok queued as {number}")
}

/// How many mails are to be treated badly: as many as were wished for, else the usual number.
fn bad(usual: usize) -> usize {
    std::env::var(WISH).map_or(usual, |wish| wish.parse().expect("a number of mails"))
}

fn is_bad(number: usize) -> bool {
    number.is_multiple_of(2)
}

fn sender(server: &Server, patience_ms: u64, more: Value) -> Sender {
    let mut settings = json!({
        "transport": "smtp", "host": "localhost", "port": server.port, "tls": "starttls", "ca_file": server.ca_file,
        "hello": "worker.harbour.example", "connect_timeout_ms": LONG_MS, "command_timeout_ms": patience_ms,
        "accept_timeout_ms": patience_ms, "connections": CONNECTIONS,
    });
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    let settings: Settings = serde_json::from_value(settings).unwrap();
    Sender::new(&settings, Clock::database()).unwrap()
}

/// The mail of this number, which its sender's address shows to the server.
fn numbered(number: usize) -> Message {
    let mut message = email(u32::try_from(number).unwrap());
    let Content::Email(mail) = &mut message.content else { unreachable!("it is a mail") };
    mail.from = format!("orders-{number}@harbour.example");
    message
}

/// Sends the mails of these numbers, as many at once as would wait for a connection, and answers with what became of each.
async fn send_all(
    sender: &Sender,
    numbers: RangeInclusive<usize>,
    message: impl Fn(usize) -> Message,
) -> Vec<(usize, Result<Receipt, SendError>)> {
    let sends = numbers.map(|number| {
        let sealed = sender.seal(&message(number));
        async move {
            match sealed {
                Ok(sealed) => (number, sender.send(&sealed, Asked::granting()).await),
                Err(error) => (number, Err(error)),
            }
        }
    });
    futures_util::stream::iter(sends).buffer_unordered(CONNECTIONS * 2).collect().await
}

/// What became of a mail is its own: the class, and the number in the reply that took it.
fn check(what: &str, number: usize, result: &Result<Receipt, SendError>, expected: Class) {
    assert_eq!(class(result), expected, "{what}: mail {number}");
    if let Ok(receipt) = result {
        let words = receipt.id.clone().unwrap_or_default();
        assert_eq!(words.rsplit(' ').next(), Some(number.to_string().as_str()), "{what}: mail {number} read `{words}`");
    }
}

async fn try_case(case: &Case) {
    let server = Server::start(Mode::Starttls).await;
    let (act, treated) = (case.act, Arc::<Mutex<BTreeSet<usize>>>::default());
    let noted = Arc::clone(&treated);
    server.rule(move |stage, mail, _| {
        let act = if mail > 0 && is_bad(mail) { act(stage, mail) } else { None };
        if act.is_some() {
            noted.lock().unwrap().insert(mail);
        }
        act
    });
    let sender = sender(&server, if case.is_slow { SHORT_MS } else { LONG_MS }, json!({}));
    let count = 2 * bad(MAILS);
    let limit = Duration::from_secs(60 + count as u64);
    let results =
        tokio::time::timeout(limit, send_all(&sender, 1..=count, numbered)).await.expect("it ends in bounded time");
    assert_eq!(results.len(), count);
    for (number, result) in &results {
        let expected = if is_bad(*number) { (case.class)(*number) } else { ("accepted", None) };
        check(case.what, *number, result, expected);
    }
    // Each was treated badly indeed, the last one perhaps after it had been taken.
    until(|| treated.lock().unwrap().len() == count / 2).await;
    let seen = server.seen();
    let well = (1..=count).filter(|number| !is_bad(*number)).count();
    assert!(seen.taken.len() >= well && seen.taken.iter().all(|taken| taken.encrypted), "{}", case.what);
    let mut ids: Vec<_> = seen.taken.iter().map(|taken| &taken.from).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), seen.taken.len(), "{}: a mail was taken twice", case.what);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_gets_its_own_class_however_the_server_behaves() {
    // The slow ones wait for one another no more than for the others.
    futures_util::stream::iter(&CASES).for_each_concurrent(7, try_case).await;
}

/// What it is, what the server does to a bad connection, the code that is shown, whether the sender runs out of patience.
type Broken = (&'static str, fn(Stage) -> Option<Act>, Option<u16>, bool);

/// Servers that are of no use to every second connection: mails wait for a better one, or for another time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_fails_costs_no_mail_its_truth() {
    let cases: [Broken; 5] = [
        ("421 instead of a greeting", |s| at(s, Stage::Banner, say("421 too busy")), Some(421), false),
        ("silence instead of a greeting", |s| at(s, Stage::Banner, Act::Late("220 hello".to_owned())), None, true),
        ("STARTTLS refused", |s| at(s, Stage::Starttls, say("454 not now")), Some(454), false),
        (
            "words before TLS",
            |s| at(s, Stage::Starttls, Act::Bytes(b"220 go\r\n250 slipped\r\n".to_vec())),
            None,
            false,
        ),
        ("the end before a greeting", |s| at(s, Stage::Banner, Act::Reset), None, false),
    ];
    futures_util::stream::iter(cases).for_each_concurrent(None, async |broken| try_broken(broken).await).await;
}

/// Sends mails until so many have met a connection that failed.
async fn try_broken((what, act, code, is_slow): Broken) {
    let server = Server::start(Mode::Starttls).await;
    server.rule(move |stage, _, connection| if connection % 2 == 1 { act(stage) } else { None });
    // A greeting is waited for as long as any reply; what has gone out whole is waited for longer.
    let more = json!({"command_timeout_ms": if is_slow { SHORT_MS } else { LONG_MS }, "mails_per_connection": 3});
    let sender = sender(&server, LONG_MS, more);
    let (wanted, mut accepted, mut failed) = (bad(MAILS), 0, 0);
    // A good connection carries three mails, a bad one costs one: a quarter of the mails is treated badly.
    while failed < wanted {
        let sent = accepted + failed;
        assert!(sent < 8 * wanted, "{what}: {failed} of {sent} mails met a bad connection");
        for (number, result) in send_all(&sender, sent + 1..=sent + 2 * wanted, numbered).await {
            match class(&result) {
                ("accepted", _) => {
                    check(what, number, &result, ("accepted", None));
                    accepted += 1;
                }
                ("fault", shown) => {
                    // A refused STARTTLS is named by our own words, with or without the server's code.
                    assert!(shown == code || shown.is_none(), "{what}: {shown:?}");
                    failed += 1;
                }
                other => panic!("{what}: mail {number} is {other:?}"),
            }
        }
    }
    assert!(accepted > 0, "{what}: none was accepted");
    let seen = server.seen();
    assert_eq!(seen.taken.len(), accepted, "{what}");
    assert!(seen.taken.iter().all(|taken| taken.encrypted), "{what}");
}

/// Where every connection is of no use, not one byte of a mail is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_mail_is_said_to_a_server_that_cannot_be_trusted() {
    let other = Server::start(Mode::Starttls).await;
    let cases = [
        ("no STARTTLS", Mode::Plain, json!({})),
        ("a stranger's certificate", Mode::Starttls, json!({"ca_file": other.ca_file})),
        ("no TLS behind STARTTLS", Mode::BrokenTls, json!({})),
    ];
    for (what, mode, more) in cases {
        let server = Server::start(mode).await;
        let sender = sender(&server, LONG_MS, more);
        for (number, result) in send_all(&sender, 1..=bad(MAILS), numbered).await {
            assert_eq!(class(&result).0, "fault", "{what}: mail {number}");
        }
        let seen = server.seen();
        assert_eq!(
            (seen.count("MAIL"), seen.count("RCPT"), seen.count("DATA"), seen.taken.len()),
            (0, 0, 0, 0),
            "{what}"
        );
    }
    let nobody = Server::start(Mode::Starttls).await;
    let sender = sender(&nobody, LONG_MS, json!({}));
    drop(nobody);
    for (number, result) in send_all(&sender, 1..=bad(MAILS), numbered).await {
        assert_eq!(class(&result), ("fault", None), "nobody listens: mail {number}");
    }
}

/// Addresses that need SMTPUTF8 where the server lacks it are refused by ourselves; the others go their way meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_cannot_carry_is_not_tried() {
    let server = Server::with_extensions(Mode::Starttls, &["PIPELINING"]).await;
    let sender = sender(&server, LONG_MS, json!({}));
    let message = |number| {
        let mut message = numbered(number);
        if is_bad(number) {
            message.to = Pii::new("поща@приклад.example".to_owned());
        }
        message
    };
    server.rule(|_, _, _| None);
    for (number, result) in send_all(&sender, 1..=2 * bad(MAILS), message).await {
        let expected = if is_bad(number) { "never" } else { "accepted" };
        assert_eq!(class(&result).0, expected, "mail {number}");
    }
}

/// A body that is cut off half-way never counts as sent: the dot was still with us.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_cut_off_is_for_later() {
    for (what, act) in [("closed", Act::Close), ("reset", Act::Reset)] {
        let server = Server::with_extensions(Mode::Starttls, &["PIPELINING", "8BITMIME"]).await;
        server.rule(move |stage, mail, _| if is_bad(mail) { at(stage, Stage::Body, act.clone()) } else { None });
        let sender = sender(&server, LONG_MS, json!({}));
        let message = |number| {
            let mut message = numbered(number);
            let Content::Email(mail) = &mut message.content else { unreachable!("it is a mail") };
            if is_bad(number) {
                // More than the sockets' buffers hold, so that the dot cannot have left us.
                mail.text = "a line that is not short, to fill the buffers\n".repeat(150_000);
            }
            message
        };
        for (number, result) in send_all(&sender, 1..=2 * bad(BIG_MAILS), message).await {
            let expected = if is_bad(number) { ("fault", None) } else { ("accepted", None) };
            check(what, number, &result, expected);
        }
    }
}
