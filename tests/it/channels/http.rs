//! E-mail over HTTP and the SMS webhook against a receiver that follows a script.

use std::time::Duration;

use doorstep::channel::sign::Keys;
use doorstep::channel::{Receipt, SendError, email, sms};
use doorstep::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Asked, class, email, text};
use crate::servers::http::{Act, Server, status};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn clock() -> Clock {
    Clock::simulated("2026-11-21T12:00:00Z".parse().unwrap())
}

fn provider(server: &Server, more: Value) -> email::Sender {
    let mut settings = json!({"transport": "http", "url": server.url("/emails"), "token": "re_123"});
    for (key, value) in more.as_object().unwrap() {
        settings[key] = value.clone();
    }
    email::Sender::new(&serde_json::from_value(settings).unwrap(), clock()).unwrap()
}

fn gateway(server: &Server, clock: Clock, secrets: &[&str]) -> sms::Sender {
    let settings =
        json!({"transport": "webhook", "url": server.url("/sms"), "secrets": secrets, "allow_private": true});
    sms::Sender::new(&serde_json::from_value(settings).unwrap(), clock).unwrap()
}

async fn send(sender: &email::Sender) -> Result<Receipt, SendError> {
    sender.send(&sender.seal(&email(1)).unwrap(), Asked::granting()).await
}

#[tokio::test]
async fn a_mail_has_the_shape_that_providers_know() {
    let server = Server::start().await;
    let sender = provider(&server, json!({}));
    let message = email(1);
    let sealed = sender.seal(&message).unwrap();
    assert_eq!(sealed.bytes, sender.seal(&message).unwrap().bytes);
    assert!(sender.idempotent());
    let receipt = sender.send(&sealed, Asked::granting()).await.unwrap();
    assert_eq!(receipt.id.as_deref(), Some("msg_1"));

    let seen = server.seen();
    let [request] = seen.as_slice() else { panic!("one request, not {}", seen.len()) };
    assert_eq!(request.line, "POST /emails HTTP/1.1");
    assert_eq!(request.header("idempotency-key"), message.key.to_string());
    assert_eq!(request.header("authorization"), "Bearer re_123");
    assert_eq!(request.header("content-type"), "application/json");
    let body = String::from_utf8(request.body.clone()).unwrap();
    // Receivers may search the bytes, so the members' order is part of the shape.
    insta::assert_snapshot!(body);
    serde_json::from_str::<Value>(&body).unwrap();
}

#[tokio::test]
async fn what_a_tag_or_a_name_cannot_hold_is_made_harmless() {
    let server = Server::start().await;
    let sender = provider(&server, json!({}));
    let mut message = email(1);
    message.order = doorstep::domain::id::OrderKey::new(
        &doorstep::domain::id::BrandId::new("harbour"),
        &doorstep::domain::id::OrderId::new("№ 7/\"x\""),
    );
    let doorstep::channel::Content::Email(mail) = &mut message.content else { unreachable!("it is a mail") };
    mail.from_name = "Harbour, \"Goods\"\r\nBcc: x@example.com".to_owned();
    mail.subject = "Hello\r\nBcc: all@example.com\0".to_owned();
    let sealed = sender.seal(&message).unwrap();
    let body: Value = serde_json::from_slice(&sealed.bytes).unwrap();
    assert_eq!(body["tags"][1], json!({"name": "order_id", "value": "__7__x_"}));
    assert_eq!(body["from"], "\"Harbour, \\\"Goods\\\"  Bcc: x@example.com\" <orders@harbour.example>");
    assert_eq!(body["subject"], "Hello  Bcc: all@example.com ");
    message.to = doorstep::domain::person::Pii::new("zofia@example.com, eve@example.com".to_owned());
    assert_eq!(class(&sender.seal(&message)), ("never", None));
}

#[tokio::test]
async fn each_answer_has_one_meaning() {
    let named = |name: &str| Act::Answer(409, String::new(), json!({"name": name}).to_string());
    let cases = [
        (status(200), ("accepted", None)),
        (status(202), ("accepted", None)),
        (Act::Half, ("accepted", None)),
        (Act::Answer(200, String::new(), "x".repeat(1_000_000)), ("accepted", None)),
        (named("concurrent_idempotent_requests"), ("later", Some(409))),
        (named("invalid_idempotent_request"), ("in doubt", Some(409))),
        (status(409), ("in doubt", Some(409))),
        (status(400), ("never", Some(400))),
        (status(422), ("never", Some(422))),
        (status(401), ("fault", Some(401))),
        (status(403), ("fault", Some(403))),
        (status(404), ("fault", Some(404))),
        (status(429), ("fault", Some(429))),
        (status(500), ("fault", Some(500))),
        (status(503), ("fault", Some(503))),
        (Act::Answer(302, "location: /elsewhere\r\n".to_owned(), String::new()), ("fault", Some(302))),
        (Act::Close, ("fault", None)),
        (Act::Silence, ("fault", None)),
    ];
    for (act, expected) in cases {
        let server = Server::start().await;
        server.script(act.clone());
        let sender = provider(&server, json!({"timeout_ms": 400}));
        assert_eq!(class(&send(&sender).await), expected, "{:.80}", format!("{act:?}"));
        assert_eq!(server.seen().len(), 1, "one call is one attempt: {:.80}", format!("{act:?}"));
        send(&sender).await.unwrap();
        // Both tries are the same request, so that the provider can tell.
        let [first, second] = &server.seen()[..] else { panic!("two requests") };
        assert_eq!(first.body, second.body);
        assert_eq!(first.header("idempotency-key"), second.header("idempotency-key"));
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_told_in_bounds() {
    for (asked, told) in [
        ("30", Some(30)),
        ("999999", Some(3600)),
        ("Sat, 21 Nov 2026 12:01:00 GMT", Some(60)),
        ("Sat, 21 Nov 2020 12:01:00 GMT", Some(1)),
        ("soon", None),
    ] {
        let server = Server::start().await;
        server.script(Act::Answer(429, format!("retry-after: {asked}\r\n"), String::new()));
        let Err(SendError::Later { retry_after, .. }) = send(&provider(&server, json!({}))).await else {
            panic!("429 is for later")
        };
        assert_eq!(retry_after, told.map(Duration::from_secs), "{asked}");
    }
}

#[tokio::test]
async fn connections_are_kept_and_intents_are_asked_first() {
    let server = Server::start().await;
    let sender = provider(&server, json!({}));
    for _ in 0..5 {
        send(&sender).await.unwrap();
    }
    assert!(server.seen().iter().all(|request| request.connection == 1));
    let asked = Asked::refusing();
    let result = sender.send(&sender.seal(&email(1)).unwrap(), asked.clone()).await;
    assert_eq!((class(&result), asked.times()), (("not wanted", None), 1));
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_text_is_signed_anew_on_each_try_and_its_bytes_stay() {
    let server = Server::start().await;
    let clock = clock();
    let sender = gateway(&server, clock.clone(), &[SECRET, "the secret that goes"]);
    let sealed = sender.seal(&text()).unwrap();
    server.script(status(503));
    assert_eq!(class(&sender.send(&sealed, Asked::granting()).await), ("fault", Some(503)));
    clock.advance(SignedDuration::from_mins(10));
    sender.send(&sealed, Asked::granting()).await.unwrap();

    let [first, second] = &server.seen()[..] else { panic!("two requests") };
    insta::assert_snapshot!(String::from_utf8(first.body.clone()).unwrap());
    assert_eq!(first.body, second.body);
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.header("webhook-id"), text().key.to_string());
    assert_eq!(first.header("idempotency-key"), text().key.to_string());
    for (request, time) in [(first, "2026-11-21T12:00:00Z"), (second, "2026-11-21T12:10:00Z")] {
        let time: Timestamp = time.parse().unwrap();
        assert_eq!(request.header("webhook-timestamp"), time.as_second().to_string());
        for secret in [SECRET, "the secret that goes"] {
            let keys = Keys::parse(&[secret.into()]).unwrap();
            let (id, at, signature) = ("webhook-id", "webhook-timestamp", "webhook-signature");
            let [id, at, signature] = [id, at, signature].map(|name| request.header(name));
            assert_eq!(keys.verify(id, at, signature, &request.body, time), Ok(()));
        }
    }
}

#[tokio::test]
async fn a_gateway_that_has_gone_is_told_apart() {
    let server = Server::start().await;
    let sender = gateway(&server, clock(), &[SECRET]);
    server.script(status(410));
    let result = sender.send(&sender.seal(&text()).unwrap(), Asked::granting()).await;
    let Err(SendError::Later { cause, retry_after }) = result else { panic!("410 loses no text") };
    assert!(cause.endpoint_gone());
    assert_eq!(retry_after, Some(Duration::from_secs(3600)));
    server.script(Act::Answer(307, format!("location: {}\r\n", server.url("/elsewhere")), String::new()));
    let result = sender.send(&sender.seal(&text()).unwrap(), Asked::granting()).await;
    assert_eq!(class(&result), ("fault", Some(307)));
    assert_eq!(server.seen().len(), 2);
}

/// A name that leads into the private network is not followed, whatever it looked like when it was set.
#[tokio::test]
async fn a_private_address_behind_a_name_is_not_dialled() {
    let server = Server::start().await;
    let url = format!("http://localhost:{}/sms", server.port);
    let settings = json!({"transport": "webhook", "url": url, "secrets": [SECRET]});
    let sender = sms::Sender::new(&serde_json::from_value(settings).unwrap(), clock()).unwrap();
    let result = sender.send(&sender.seal(&text()).unwrap(), Asked::granting()).await;
    let Err(SendError::Later { cause, .. }) = result else { panic!("it is a fault of the settings") };
    assert_eq!(cause.what, "the address is private and not allowed");
    assert!(server.seen().is_empty());
}

#[test]
fn settings_that_would_leak_are_refused() {
    let refused = |more: Value| {
        let mut settings = json!({"transport": "webhook", "url": "https://hooks.example/sms", "secrets": [SECRET]});
        for (key, value) in more.as_object().unwrap() {
            settings[key] = value.clone();
        }
        match serde_json::from_value::<sms::Settings>(settings) {
            Ok(settings) => sms::Sender::new(&settings, clock()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        }
    };
    for url in [
        "http://hooks.example/sms",
        "https://169.254.169.254/latest",
        "https://2852039166/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://shop:hush@hooks.example/",
        "ftp://hooks.example/",
        "hooks.example",
    ] {
        let complaint = refused(json!({"url": url}));
        assert!(complaint.starts_with("sms.url: "), "{url}: {complaint}");
        assert!(!complaint.contains("hush"), "{complaint}");
    }
    assert!(refused(json!({"secrets": []})).starts_with("sms.secrets: "));
    assert!(refused(json!({"allowed_networks": ["10.0.0.0/99"]})).contains("prefix"));
    assert!(refused(json!({"secret": "x"})).contains("unknown field"));
}

#[test]
fn secrets_are_not_shown() {
    let settings = json!({"transport": "webhook", "url": "https://hooks.example/sms", "secrets": [SECRET]});
    let settings: sms::Settings = serde_json::from_value(settings).unwrap();
    let shown = format!("{settings:?} {:?}", sms::Sender::new(&settings, clock()).unwrap());
    assert!(!shown.contains("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "{shown}");
    let settings = json!({"transport": "http", "token": "re_secret"});
    let settings: email::Settings = serde_json::from_value(settings).unwrap();
    let shown = format!("{settings:?} {:?}", email::Sender::new(&settings, clock()).unwrap());
    assert!(!shown.contains("re_secret"), "{shown}");
    let sealed = format!("{:?}", email::Sender::Capture(doorstep::channel::capture::Capture::memory()));
    assert!(!sealed.contains("zofia"));
}
