//! What a mail looks like to another program, and what captures keep.

use doorstep::channel::capture::{self, Capture};
use doorstep::channel::{Content, email, sms};
use doorstep::clock::Clock;
use doorstep::domain::person::Pii;
use mail_parser::{HeaderName, MessageParser, MimeHeaders};

use super::{Asked, class, email, text};

fn smtp() -> email::Sender {
    let settings = serde_json::json!({"transport": "smtp", "host": "localhost", "tls": "none"});
    email::Sender::new(&serde_json::from_value(settings).unwrap(), Clock::database()).unwrap()
}

#[test]
fn another_parser_reads_what_was_meant() {
    let sender = smtp();
    let message = email(1);
    let sealed = sender.seal(&message).unwrap();
    assert_eq!(sealed.bytes, sender.seal(&message).unwrap().bytes, "the same message makes the same bytes");
    insta::assert_snapshot!(String::from_utf8(sealed.bytes.to_vec()).unwrap().replace('\r', ""));

    let parsed = MessageParser::new().parse(&sealed.bytes[..]).unwrap();
    assert_eq!(parsed.subject(), Some("Twoja paczka jest już w drodze"));
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Harbour Goods"), Some("orders@harbour.example")));
    let to = parsed.to().unwrap().first().unwrap();
    assert_eq!((to.name(), to.address()), (Some("Zofia Żółć"), Some("zofia@example.com")));
    assert_eq!(parsed.reply_to().unwrap().first().unwrap().address(), Some("help@harbour.example"));
    assert_eq!(parsed.message_id(), Some(format!("{}@harbour.example", message.key).as_str()));
    assert_eq!(parsed.in_reply_to().as_text(), Some("a-1042.1@harbour.example"));
    assert_eq!(parsed.references().as_text(), Some("a-1042.1@harbour.example"));
    assert_eq!(parsed.date().unwrap().to_rfc3339(), "2026-11-21T09:30:00Z");
    assert_eq!(parsed.header_raw("List-Unsubscribe-Post").unwrap().trim(), "List-Unsubscribe=One-Click");
    assert_eq!(parsed.content_type().unwrap().subtype(), Some("alternative"));
    assert_eq!(parsed.body_text(0).unwrap().trim_end(), "Dzień dobry\r\n.\r\nPaczka jest w drodze.");
    assert_eq!(parsed.body_html(0).unwrap().trim_end(), "<p>Dzień dobry</p>\r\n<p>.hidden = \"yes\"</p>");
    assert_eq!(parsed.parts.len(), 3);
}

#[test]
fn only_what_can_be_declined_says_so() {
    let sender = smtp();
    let mut message = email(1);
    let Content::Email(mail) = &mut message.content else { unreachable!("it is a mail") };
    (mail.unsubscribe_url, mail.unsubscribe_mailto, mail.starts_thread) = (None, None, true);
    let bytes = sender.seal(&message).unwrap().bytes;
    let parsed = MessageParser::new().parse(&bytes[..]).unwrap();
    assert!(parsed.header(HeaderName::ListUnsubscribe).is_none());
    assert!(parsed.header_raw("List-Unsubscribe-Post").is_none());
    assert!(parsed.header(HeaderName::InReplyTo).is_none());
    assert!(parsed.header(HeaderName::References).is_some());
}

/// Hostile words in every place that a shop or a customer can fill.
#[test]
fn hostile_words_add_no_header_no_recipient_and_no_part() {
    let clean = {
        let bytes = smtp().seal(&email(1)).unwrap().bytes;
        MessageParser::new().parse(&bytes[..]).unwrap().headers().len()
    };
    let hostile = [
        "x\r\nBcc: eve@example.com",
        "x\nBcc: eve@example.com\n\nbody",
        "x\rBcc: eve@example.com",
        "x\0y",
        "x\u{85}Bcc: eve@example.com",
        "x\u{2028}Bcc: eve@example.com",
        "\"><eve@example.com>, \"y",
        "eve@example.com, ",
        "\\",
        "\\\"",
        "=?utf-8?B?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?=",
        "--=_x\r\nContent-Type: text/html\r\n\r\n<b>",
        "(comment) <",
        ";:,<>@[]\\\"",
        "\u{202e}moc.elpmaxe@eve",
        &"ż".repeat(500),
        &"x".repeat(2000),
        &"a b ".repeat(700),
    ];
    for words in hostile {
        for place in 0..7 {
            let mut message = email(1);
            let Content::Email(mail) = &mut message.content else { unreachable!("it is a mail") };
            match place {
                0 => mail.from_name = words.to_owned(),
                1 => mail.to_name = Pii::new(words.to_owned()),
                2 => mail.subject = words.to_owned(),
                3 => mail.thread_id = words.to_owned(),
                4 => mail.unsubscribe_url = Some(format!("https://harbour.example/{words}")),
                5 => mail.unsubscribe_mailto = Some(words.to_owned()),
                _ => (mail.text, mail.html) = (words.to_owned(), words.to_owned()),
            }
            let shown = format!("{words:.40?} in place {place}");
            let bytes = smtp().seal(&message).unwrap().bytes;
            assert!(bytes.is_ascii(), "{shown}");
            for line in bytes.split(|&byte| byte == b'\n') {
                assert!(line.len() <= 998 || (3..=5).contains(&place), "{shown}: a line of {}", line.len());
                let inner = line.strip_suffix(b"\r").unwrap_or(line);
                assert!(!inner.iter().any(|byte| matches!(byte, b'\r' | 0)), "{shown}");
            }
            let parsed = MessageParser::new().parse(&bytes[..]).unwrap();
            assert_eq!(parsed.headers().len(), clean, "{shown}");
            assert_eq!(parsed.parts.len(), 3, "{shown}");
            assert!(parsed.bcc().is_none(), "{shown}");
            let recipients: Vec<_> = parsed.to().unwrap().iter().map(|to| to.address()).collect();
            assert_eq!(recipients, [Some("zofia@example.com")], "{shown}");
            let senders: Vec<_> = parsed.from().unwrap().iter().map(|from| from.address()).collect();
            assert_eq!(senders, [Some("orders@harbour.example")], "{shown}");
        }
    }
}

#[test]
fn an_address_that_is_none_is_refused_without_being_told() {
    let sender = smtp();
    for address in ["", "zofia", "zofia@example.com\r\nRCPT TO:<eve@example.com>", "\"a b\"@example.com"] {
        let mut message = email(1);
        message.to = Pii::new(address.to_owned());
        let refused = sender.seal(&message);
        assert_eq!(class(&refused), ("never", None));
        assert!(!refused.unwrap_err().to_string().contains("zofia"));
    }
    assert_eq!(class(&sender.seal(&text())), ("never", None), "a text is no mail");
}

#[tokio::test]
async fn a_folder_keeps_each_message_once_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let settings = serde_json::json!({"transport": "capture", "dir": dir.path().join("out")});
    let mails = email::Sender::new(&serde_json::from_value(settings.clone()).unwrap(), Clock::database()).unwrap();
    let texts = sms::Sender::new(&serde_json::from_value(settings).unwrap(), Clock::database()).unwrap();
    let out = dir.path().join("out");
    let sealed = mails.seal(&email(1)).unwrap();
    assert_eq!(sealed.bytes, mails.seal(&email(1)).unwrap().bytes);
    for _ in 0..2 {
        mails.send(&sealed, Asked::granting()).await.unwrap();
    }
    texts.send(&texts.seal(&text()).unwrap(), Asked::granting()).await.unwrap();
    let refused = mails.send(&mails.seal(&email(2)).unwrap(), Asked::refusing()).await;
    assert_eq!(class(&refused), ("not wanted", None));

    let index = capture::read_index(&out).unwrap();
    let words: Vec<_> = index.iter().map(|one| (one.channel.as_str(), one.stage.as_str(), one.role.as_str())).collect();
    assert_eq!(words, [("email", "shipped", "customer"), ("sms", "shipped", "customer")]);
    let lines = std::fs::read_to_string(out.join(capture::INDEX)).unwrap();
    assert!(!lines.contains("zofia"), "the index holds no address");

    let mail = capture::read(&out, email(1).key).unwrap().unwrap();
    assert_eq!(mail.to.expose(), "zofia@example.com");
    let key = email(1).key;
    let eml = std::fs::read(out.join(format!("{key}.eml"))).unwrap();
    assert_eq!(eml, smtp().seal(&email(1)).unwrap().bytes, "the .eml is what SMTP would carry");
    assert!(std::fs::read_to_string(out.join(format!("{key}.html"))).unwrap().contains("Dzień dobry"));
    let half = std::fs::read_dir(&out)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"));
    assert_eq!(half.count(), 0);
    assert!(capture::read(&out, email(9).key).unwrap().is_none());
}

#[tokio::test]
async fn memory_keeps_what_a_test_wants_to_see() {
    let memory = Capture::memory();
    let sender = email::Sender::Capture(memory.clone());
    for number in [1, 2, 1] {
        sender.send(&sender.seal(&email(number)).unwrap(), Asked::granting()).await.unwrap();
    }
    let keys: Vec<_> = memory.taken().iter().map(|taken| taken.entry.key).collect();
    assert_eq!(keys, [email(1).key, email(2).key]);
}

/// Names that are too long to stand in quotes, with everything in them that separates recipients.
#[test]
fn a_long_name_is_still_one_name() {
    for name in [
        "Hara, \"Z\" ".repeat(12),
        format!("{}, eve@evil.example, \"Bob\" <bob@evil.example>;", "x".repeat(70)),
        format!("{} (a comment), undisclosed: a@evil.example;", "long ".repeat(20)),
    ] {
        let mut message = email(1);
        let Content::Email(mail) = &mut message.content else { unreachable!("it is a mail") };
        (mail.to_name, mail.from_name) = (Pii::new(name.clone()), name.clone());
        let sealed = smtp().seal(&message).unwrap();
        let parsed = MessageParser::default().parse(&sealed.bytes[..]).unwrap();
        for header in [parsed.to(), parsed.from()] {
            let header = header.unwrap();
            assert_eq!(header.iter().count(), 1, "{name}");
            assert_eq!(header.first().unwrap().name.as_deref(), Some(name.trim()), "{name}");
        }
        assert_eq!(parsed.to().unwrap().first().unwrap().address(), Some("zofia@example.com"));
    }
}
