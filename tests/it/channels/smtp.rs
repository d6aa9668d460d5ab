//! The SMTP matrix: what each behaviour of a server means for a mail, and that no reply is ever taken for another's.

use std::time::Duration;

use doorstep::channel::email::{Sender, Settings};
use doorstep::channel::{Receipt, SendError};
use doorstep::clock::Clock;
use serde_json::{Value, json};

use super::{Asked, class, email};
use crate::servers::smtp::{Act, Mode, Server, Stage, say};

/// Long enough for a busy machine, short enough for a test that must run into it.
const SHORT_MS: u32 = 400;

fn settings(server: &Server, mode: Mode) -> Value {
    let tls = match mode {
        Mode::Plain => "none",
        Mode::Starttls | Mode::BrokenTls => "starttls",
        Mode::Implicit => "implicit",
    };
    json!({
        "transport": "smtp", "host": "localhost", "port": server.port, "tls": tls, "ca_file": server.ca_file,
        "hello": "worker.harbour.example", "connect_timeout_ms": 5000, "command_timeout_ms": 5000,
        "accept_timeout_ms": 5000,
    })
}

fn sender_with(mut settings: Value, more: Value) -> Sender {
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    let settings: Settings = serde_json::from_value(settings).unwrap();
    Sender::new(&settings, Clock::database()).unwrap()
}

fn sender(server: &Server, mode: Mode) -> Sender {
    sender_with(settings(server, mode), json!({}))
}

/// A sender that loses patience quickly.
fn hasty(server: &Server, mode: Mode) -> Sender {
    sender_with(
        settings(server, mode),
        json!({"connect_timeout_ms": SHORT_MS, "command_timeout_ms": SHORT_MS, "accept_timeout_ms": SHORT_MS}),
    )
}

async fn send(sender: &Sender, number: u32) -> Result<Receipt, SendError> {
    sender.send(&sender.seal(&email(number)).unwrap(), Asked::granting()).await
}

#[tokio::test]
async fn a_mail_arrives_byte_for_byte_over_every_kind_of_line() {
    for mode in [Mode::Plain, Mode::Starttls, Mode::Implicit] {
        let server = Server::start(mode).await;
        let sender = sender(&server, mode);
        let sealed = sender.seal(&email(1)).unwrap();
        let asked = Asked::granting();
        let receipt = sender.send(&sealed, asked.clone()).await.unwrap();
        assert_eq!(receipt.id.as_deref(), Some("2.0.0 ok queued as TEST1"));
        assert_eq!(asked.times(), 1);

        let seen = server.seen();
        let [taken] = seen.taken.as_slice() else { panic!("one mail, not {}", seen.taken.len()) };
        assert_eq!(taken.data, sealed.bytes);
        assert_eq!(taken.from, format!("MAIL FROM:<orders@harbour.example> SIZE={}", sealed.bytes.len()));
        assert_eq!(taken.to, "RCPT TO:<zofia@example.com>");
        assert_eq!(taken.encrypted, mode != Mode::Plain);
        assert!(sealed.bytes.is_ascii());
    }
}

#[tokio::test]
async fn one_connection_carries_many_mails_and_then_gives_way() {
    let server = Server::start(Mode::Starttls).await;
    let sender = sender_with(settings(&server, Mode::Starttls), json!({"mails_per_connection": 3}));
    for number in 1..=7 {
        send(&sender, number).await.unwrap();
    }
    let seen = server.seen();
    assert_eq!(seen.taken.iter().map(|taken| taken.connection).collect::<Vec<_>>(), [1, 1, 1, 2, 2, 2, 3]);
}

#[tokio::test]
async fn many_at_once_share_a_bounded_pool() {
    let server = Server::start(Mode::Plain).await;
    let sender = sender_with(settings(&server, Mode::Plain), json!({"connections": 4}));
    let sends = (1..=60).map(|number| send(&sender, number));
    let results = futures_util::future::join_all(sends).await;
    assert!(results.iter().all(Result::is_ok));
    let seen = server.seen();
    assert!((1..=4).contains(&seen.connections), "{}", seen.connections);
    let mut ids: Vec<_> = seen.taken.iter().map(|taken| taken.data.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);
}

#[tokio::test]
async fn an_intent_that_is_not_granted_sends_no_body() {
    let server = Server::start(Mode::Plain).await;
    let sender = sender(&server, Mode::Plain);
    let asked = Asked::refusing();
    let result = sender.send(&sender.seal(&email(1)).unwrap(), asked.clone()).await;
    assert_eq!(class(&result), ("not wanted", None));
    assert_eq!(asked.times(), 1);
    // The next mail needs a new connection, since only hanging up takes DATA back.
    send(&sender, 2).await.unwrap();
    let seen = server.seen();
    assert_eq!((seen.connections, seen.whole), (2, 1));
}

/// Each behaviour before the final dot: the class, and whether the intent was asked for.
#[tokio::test]
async fn nothing_before_the_dot_is_ever_in_doubt() {
    type Case = (Stage, Act, (&'static str, Option<u16>), usize);
    let cases: &[Case] = &[
        (Stage::Banner, say("421 too busy"), ("fault", Some(421)), 0),
        (Stage::Banner, say("554 go away"), ("fault", Some(554)), 0),
        (Stage::Banner, Act::Close, ("fault", None), 0),
        (Stage::Banner, Act::Reset, ("fault", None), 0),
        (Stage::Banner, say("HTTP/1.1 400 Bad Request"), ("fault", None), 0),
        (Stage::Banner, say("220220220 nine digits"), ("fault", None), 0),
        (Stage::Ehlo, say("502 what?"), ("fault", Some(502)), 0),
        (Stage::Ehlo, Act::Close, ("fault", None), 0),
        (Stage::Mail, say("451 try again"), ("fault", Some(451)), 0),
        (Stage::Mail, say("450 try again"), ("fault", Some(450)), 0),
        (Stage::Mail, say("530 log in first"), ("fault", Some(530)), 0),
        (Stage::Mail, say("550 not this sender"), ("fault", Some(550)), 0),
        (Stage::Mail, say("552 too big"), ("never", Some(552)), 0),
        (Stage::Mail, Act::Close, ("fault", None), 0),
        (Stage::Rcpt, say("450 greylisted, come back in 300 s"), ("later", Some(450)), 0),
        (Stage::Rcpt, say("451 local error"), ("fault", Some(451)), 0),
        (Stage::Rcpt, say("550 no such mailbox"), ("never", Some(550)), 0),
        (Stage::Rcpt, say("530 log in first"), ("fault", Some(530)), 0),
        (Stage::Rcpt, Act::SayAndClose("421 going down".to_owned()), ("fault", Some(421)), 0),
        (Stage::Rcpt, Act::Reset, ("fault", None), 0),
        (Stage::Data, say("452 disk full"), ("fault", Some(452)), 0),
        (Stage::Data, say("454 throttled"), ("fault", Some(454)), 0),
        (Stage::Data, say("554 no"), ("never", Some(554)), 0),
        (Stage::Data, say("250 surprise"), ("fault", None), 0),
        (Stage::Data, Act::Close, ("fault", None), 0),
        // A verdict that comes before the mail is not the mail's.
        (Stage::Data, Act::Bytes(b"354 go on\r\n250 taken\r\n".to_vec()), ("fault", None), 1),
    ];
    for extensions in [&["PIPELINING", "8BITMIME"][..], &["8BITMIME"]] {
        for (stage, act, expected, asks) in cases {
            let server = Server::with_extensions(Mode::Plain, extensions).await;
            server.script(*stage, act.clone());
            let sender = sender(&server, Mode::Plain);
            let asked = Asked::granting();
            let result = sender.send(&sender.seal(&email(1)).unwrap(), asked.clone()).await;
            assert_eq!(class(&result), *expected, "{stage:?} {act:?}");
            assert_eq!(asked.times(), *asks, "{stage:?} {act:?}");
            assert!(server.seen().taken.is_empty());
            // Whatever happened, the next mail goes its own way.
            send(&sender, 2).await.unwrap_or_else(|error| panic!("after {stage:?} {act:?}: {error}"));
        }
    }
}

/// Each behaviour after the final dot.
#[tokio::test]
async fn after_the_dot_only_the_servers_word_counts() {
    let cases: &[(Act, (&str, Option<u16>))] = &[
        (say("250 ok"), ("accepted", None)),
        (say("252 will try"), ("accepted", None)),
        (Act::Drip("250-one\r\n250-two\r\n250 three".to_owned()), ("accepted", None)),
        (Act::SayAndReset("250 ok".to_owned()), ("accepted", None)),
        (Act::SayAndClose("250 ok".to_owned()), ("accepted", None)),
        (Act::Bytes(b"250 ok\r\n250 and another\r\n".to_vec()), ("accepted", None)),
        (Act::Bytes(b"250 nul \0 within\r\n".to_vec()), ("accepted", None)),
        (say("450 later"), ("later", Some(450))),
        (say("451 local error"), ("fault", Some(451))),
        (say("454 sending too fast"), ("fault", Some(454))),
        (Act::SayAndClose("421 going down".to_owned()), ("fault", Some(421))),
        (say("552 too big"), ("never", Some(552))),
        (say("554 looks like spam"), ("never", Some(554))),
        (Act::Close, ("in doubt", None)),
        (Act::Reset, ("in doubt", None)),
        (say("354 what?"), ("in doubt", None)),
        (Act::Bytes(b"25".to_vec()), ("in doubt", None)),
        (Act::Bytes(b"250-\r\n".repeat(2_000_000)), ("in doubt", None)),
        (Act::Bytes(vec![b'2'; 10_000_000]), ("in doubt", None)),
    ];
    for (act, expected) in cases {
        let server = Server::start(Mode::Plain).await;
        server.script(Stage::Dot, act.clone());
        let sender = hasty(&server, Mode::Plain);
        let result = send(&sender, 1).await;
        let shown = format!("{act:?}").chars().take(60).collect::<String>();
        assert_eq!(class(&result), *expected, "{shown}");
        let before = server.seen().taken.len();
        send(&sender, 2).await.unwrap_or_else(|error| panic!("after {shown}: {error}"));
        assert_eq!(server.seen().taken.len(), before + 1, "{shown}");
    }
}

/// A server that is silent is given up at every step, in bounded time, and its late reply goes to nobody.
#[tokio::test]
async fn silence_ends_in_time_and_late_replies_reach_no_other_mail() {
    for (stage, late, expected) in [
        (Stage::Banner, "220 hello", "fault"),
        (Stage::Ehlo, "250 hello", "fault"),
        (Stage::Mail, "250 ok", "fault"),
        (Stage::Rcpt, "250 ok", "fault"),
        (Stage::Data, "354 go on", "fault"),
        (Stage::Dot, "250 ok", "in doubt"),
    ] {
        let server = Server::start(Mode::Plain).await;
        server.script(stage, Act::Late(late.to_owned()));
        let sender = hasty(&server, Mode::Plain);
        assert_eq!(class(&send(&sender, 1).await), (expected, None), "{stage:?}");
        // The second mail is refused: a late 250 would make it look accepted.
        server.script(Stage::Dot, say("550 refused"));
        assert_eq!(class(&send(&sender, 2).await), ("never", Some(550)), "{stage:?}");
        assert_eq!(server.seen().connections, 2, "{stage:?}");
    }
}

/// The fault that made the design: a caller that gives up half-way must not leave its reply to the next mail.
#[tokio::test]
async fn a_cancelled_mail_takes_its_connection_with_it() {
    for stage in [Stage::Mail, Stage::Data, Stage::Dot] {
        let server = Server::start(Mode::Plain).await;
        let sender = sender(&server, Mode::Plain);
        send(&sender, 1).await.unwrap();
        server.script(stage, Act::Late("250 ok".to_owned()));
        let gave_up = tokio::time::timeout(Duration::from_millis(SHORT_MS.into()), send(&sender, 2)).await;
        assert!(gave_up.is_err());
        server.script(Stage::Dot, say("550 refused"));
        assert_eq!(class(&send(&sender, 3).await), ("never", Some(550)), "{stage:?}");
        send(&sender, 4).await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_for_later() {
    for act in [Act::Close, Act::Reset] {
        let server = Server::start(Mode::Plain).await;
        server.script(Stage::Body, act.clone());
        let sender = sender(&server, Mode::Plain);
        let mut big = email(1);
        let doorstep::channel::Content::Email(mail) = &mut big.content else { unreachable!("it is a mail") };
        // More than the sockets' buffers hold, so that the dot cannot have left us.
        mail.text = "a line that is not short, to fill the buffers\n".repeat(400_000);
        let result = sender.send(&sender.seal(&big).unwrap(), Asked::granting()).await;
        // The size that the server names is not kept to: the script has another.
        assert_eq!(class(&result).0, "never", "10 MiB are more than the server takes");

        let server = Server::with_extensions(Mode::Plain, &["PIPELINING"]).await;
        server.script(Stage::Body, act);
        let sender = super::smtp::sender(&server, Mode::Plain);
        let result = sender.send(&sender.seal(&big).unwrap(), Asked::granting()).await;
        assert_eq!(class(&result), ("fault", None));
        assert_eq!(server.seen().whole, 0);
    }
}

#[tokio::test]
async fn a_connection_that_died_at_rest_costs_no_mail() {
    for act in [Act::Close, Act::Reset, Act::SayAndClose("421 idle too long".to_owned()), say("250 nobody asked")] {
        let server = Server::start(Mode::Plain).await;
        server.script(Stage::Idle, act.clone());
        let sender = sender(&server, Mode::Plain);
        send(&sender, 1).await.unwrap();
        send(&sender, 2).await.unwrap_or_else(|error| panic!("{act:?}: {error}"));
        let seen = server.seen();
        assert_eq!((seen.connections, seen.taken.len()), (2, 2), "{act:?}");
    }
    // The server hangs up just as the next mail begins: it knows nothing of that mail.
    for act in [Act::Close, Act::SayAndClose("421 idle too long".to_owned())] {
        let server = Server::start(Mode::Plain).await;
        let sender = sender(&server, Mode::Plain);
        send(&sender, 1).await.unwrap();
        server.script(Stage::Mail, act.clone());
        let asked = Asked::granting();
        sender.send(&sender.seal(&email(2)).unwrap(), asked.clone()).await.unwrap();
        assert_eq!(asked.times(), 1);
        assert_eq!(server.seen().taken.len(), 2, "{act:?}");
    }
}

#[tokio::test]
async fn a_refused_mail_is_cleared_away_before_the_next() {
    for extensions in [&["PIPELINING"][..], &[]] {
        let server = Server::with_extensions(Mode::Plain, extensions).await;
        server.script(Stage::Rcpt, say("550 no such mailbox"));
        if !extensions.is_empty() {
            server.script(Stage::Data, say("554 no recipients"));
        }
        let sender = sender(&server, Mode::Plain);
        assert_eq!(class(&send(&sender, 1).await), ("never", Some(550)));
        send(&sender, 2).await.unwrap();
        let seen = server.seen();
        assert_eq!((seen.connections, seen.count("RSET"), seen.taken.len()), (1, 1, 1));
    }
}

/// Without the encryption that was asked for, not one word of a mail is said.
#[tokio::test]
async fn no_mail_without_tls() {
    let other = Server::start(Mode::Starttls).await;
    let cases = [
        ("no STARTTLS offered", Mode::Plain, json!({"tls": "starttls"}), None),
        ("STARTTLS refused", Mode::Starttls, json!({}), Some(say("454 not now"))),
        (
            "words slipped in before TLS",
            Mode::Starttls,
            json!({}),
            Some(Act::Bytes(b"220 go\r\n250 slipped\r\n".to_vec())),
        ),
        ("no TLS behind STARTTLS", Mode::BrokenTls, json!({}), None),
        ("a stranger's certificate", Mode::Starttls, json!({"ca_file": other.ca_file}), None),
        ("a stranger's certificate", Mode::Implicit, json!({"ca_file": other.ca_file}), None),
        ("another name in the certificate", Mode::Starttls, json!({"tls_name": "mail.example"}), None),
        ("implicit TLS where none is", Mode::Plain, json!({"tls": "implicit", "connect_timeout_ms": SHORT_MS}), None),
    ];
    for (what, mode, more, act) in cases {
        let server = Server::start(mode).await;
        if let Some(act) = act {
            server.script(Stage::Starttls, act);
        }
        let sender = sender_with(settings(&server, mode), more);
        let asked = Asked::granting();
        let result = sender.send(&sender.seal(&email(1)).unwrap(), asked.clone()).await;
        assert_eq!(class(&result).0, "fault", "{what}");
        assert_eq!(asked.times(), 0, "{what}");
        let seen = server.seen();
        assert_eq!((seen.count("MAIL"), seen.count("AUTH"), seen.taken.len()), (0, 0, 0), "{what}");
    }
}

#[tokio::test]
async fn logging_in_works_both_ways_and_a_refusal_costs_no_mail() {
    let login = json!({"username": "shop", "password": "secret"});
    for (extension, words) in [("AUTH PLAIN LOGIN", "AUTH PLAIN AHNob3AAc2VjcmV0"), ("AUTH LOGIN", "AUTH LOGIN")] {
        let server = Server::with_extensions(Mode::Starttls, &[extension]).await;
        let sender = sender_with(settings(&server, Mode::Starttls), login.clone());
        send(&sender, 1).await.unwrap();
        assert_eq!(server.seen().count(words), 1);

        server.script(Stage::Auth, say("535 wrong"));
        let sender = sender_with(settings(&server, Mode::Starttls), login.clone());
        let result = send(&sender, 2).await;
        assert_eq!(class(&result), ("fault", Some(535)));
        assert_eq!(server.seen().count("MAIL"), 1);
    }
    let server = Server::with_extensions(Mode::Starttls, &["AUTH GSSAPI"]).await;
    let sender = sender_with(settings(&server, Mode::Starttls), login);
    assert_eq!(class(&send(&sender, 1).await), ("fault", None));
}

#[tokio::test]
async fn what_the_server_cannot_take_is_not_tried() {
    // A local part that only SMTPUTF8 can carry.
    for (extensions, expected) in [(&["8BITMIME"][..], "never"), (&["8BITMIME", "SMTPUTF8"], "accepted")] {
        let server = Server::with_extensions(Mode::Plain, extensions).await;
        let sender = sender(&server, Mode::Plain);
        let mut message = email(1);
        message.to = doorstep::domain::person::Pii::new("поща@приклад.example".to_owned());
        let result = sender.send(&sender.seal(&message).unwrap(), Asked::granting()).await;
        assert_eq!(class(&result).0, expected);
        let seen = server.seen();
        assert_eq!(seen.count("MAIL"), usize::from(expected == "accepted"));
        for taken in seen.taken {
            assert!(taken.from.ends_with(" SMTPUTF8 BODY=8BITMIME"), "{}", taken.from);
            assert_eq!(taken.to, "RCPT TO:<поща@xn--80aikifvh.example>");
        }
    }
}

#[tokio::test]
async fn nobody_listening_is_for_later() {
    let server = Server::start(Mode::Plain).await;
    let settings = settings(&server, Mode::Plain);
    drop(server);
    let sender = sender_with(settings, json!({}));
    assert_eq!(class(&send(&sender, 1).await), ("fault", None));
}

#[test]
fn settings_that_would_leak_or_mean_nothing_are_refused() {
    let refused = |settings: Value| -> String {
        match serde_json::from_value::<Settings>(settings) {
            Ok(settings) => Sender::new(&settings, Clock::database()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    let plain = refused(json!({"transport": "smtp", "host": "mail.example", "tls": "none"}));
    assert!(plain.starts_with("email.tls: "), "{plain}");
    let lonely = refused(json!({"transport": "smtp", "host": "localhost", "tls": "none", "username": "shop"}));
    assert!(lonely.starts_with("email.password: "), "{lonely}");
    let hello = json!({"transport": "smtp", "host": "localhost", "tls": "none", "hello": "a\r\nMAIL FROM:<x>"});
    assert!(refused(hello).starts_with("email.hello: "));
    let unknown = refused(json!({"transport": "smtp", "host": "localhost", "passwort": "x"}));
    assert!(unknown.contains("passwort"), "{unknown}");
}
