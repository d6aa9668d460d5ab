//! The SMTP channel through a real mail server: Postfix, started by `tests/smtp_real.sh`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use doorstep::channel::Content;
use doorstep::channel::email::{Sender, Settings};
use doorstep::clock::Clock;
use doorstep::domain::person::Pii;
use futures_util::future::join_all;
use mail_parser::MessageParser;
use serde_json::json;

use super::{Asked, class, mail, message};

/// Postfix writes its queue to disk for each mail, on a machine that may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

fn server() -> (u16, PathBuf) {
    let get = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run"));
    let address = get("DOORSTEP_TEST_SMTP");
    let port = address.rsplit_once(':').expect("host:port").1.parse().expect("a port");
    (port, PathBuf::from(get("DOORSTEP_TEST_SMTP_DIR")))
}

fn sender(tls: &str, port: u16, dir: &Path) -> Sender {
    let settings = json!({
        "transport": "smtp", "host": "127.0.0.1", "port": port, "tls": tls, "tls_name": "localhost",
        "ca_file": dir.join("ca.pem"), "hello": "worker.harbour.example", "connections": 4,
    });
    Sender::new(&serde_json::from_value::<Settings>(settings).unwrap(), Clock::database()).unwrap()
}

/// The mails of the maildir that are for `to`, by Message-ID.
fn arrived(dir: &Path, to: &str) -> BTreeMap<String, Vec<u8>> {
    let Ok(files) = std::fs::read_dir(dir.join("mail/all/new")) else { return BTreeMap::new() };
    let mails = files.map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let ours = mails.filter_map(|bytes| {
        let parsed = MessageParser::new().parse(&bytes)?;
        let delivered = parsed.header_raw("Delivered-To").is_some_and(|header| header.trim() == to);
        let id = parsed.message_id()?.to_owned();
        delivered.then_some((id, bytes))
    });
    ours.collect()
}

#[tokio::test]
async fn a_real_server_takes_and_delivers_what_was_meant() {
    let (port, dir) = server();
    for (tls, port) in [("starttls", port), ("implicit", port + 1)] {
        let sender = sender(tls, port, &dir);
        let to = format!("{tls}-{}@example.com", uuid::Uuid::new_v4().simple());
        let hostile = ["Żółw, \"Ann\"\r\nBcc: eve@example.com", ".", "=?utf-8?Q?x?=", "Поліна"];
        let messages: Vec<_> = (0..24)
            .map(|number| {
                let mut mail = mail();
                mail.to_name = Pii::new(hostile[number as usize % hostile.len()].to_owned());
                mail.text = format!("{}\n.\n..\nмail {number}", ".line\n".repeat(number as usize));
                message(number, Content::Email(Box::new(mail)), &to)
            })
            .collect();
        let sealed: Vec<_> = messages.iter().map(|message| sender.seal(message).unwrap()).collect();
        let receipts = join_all(sealed.iter().map(|sealed| sender.send(sealed, Asked::granting()))).await;
        for receipt in receipts {
            assert!(receipt.unwrap().id.unwrap().contains("queued as"));
        }
        let waiting = async {
            let mut again = tokio::time::interval(Duration::from_millis(50));
            while arrived(&dir, &to).len() < messages.len() {
                again.tick().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "not all mails were delivered");
        let found = arrived(&dir, &to);
        assert_eq!(found.len(), messages.len());
        for (message, sealed) in messages.iter().zip(&sealed) {
            let bytes = &found[&format!("{}@harbour.example", message.key)];
            let there = MessageParser::new().parse(bytes).unwrap();
            let here = MessageParser::new().parse(&sealed.bytes[..]).unwrap();
            // Maildirs have LF line ends.
            let lines = |text: &str| text.replace("\r\n", "\n");
            assert_eq!(lines(&there.body_text(0).unwrap()), lines(&here.body_text(0).unwrap()));
            assert_eq!(lines(&there.body_html(0).unwrap()), lines(&here.body_html(0).unwrap()));
            assert_eq!(there.subject(), here.subject());
            assert!(there.bcc().is_none());
        }
    }
}

#[tokio::test]
async fn a_real_server_refuses_what_it_must() {
    let (port, dir) = server();
    let sender = sender("starttls", port, &dir);
    let stranger = message(1, Content::Email(Box::new(mail())), "zofia@elsewhere.example");
    let result = sender.send(&sender.seal(&stranger).unwrap(), Asked::granting()).await;
    assert_eq!(class(&result), ("never", Some(554)), "it relays for nobody");
    let mut big = mail();
    big.text = "a line of some length, again and again\n".repeat(300_000);
    let big = message(2, Content::Email(Box::new(big)), "zofia@example.com");
    let result = sender.send(&sender.seal(&big).unwrap(), Asked::granting()).await;
    assert_eq!(class(&result), ("never", None), "it says how much it takes");
}
