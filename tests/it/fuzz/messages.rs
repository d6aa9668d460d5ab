//! Words of strangers in our messages: rendered in every language, and put into the headers of mails. What comes out is read
//! back by parsers that are not ours.

use doorstep::channel::email::{self, Sender};
use doorstep::channel::{Content, Mail, Message};
use doorstep::clock::Clock;
use doorstep::domain::id::{BrandId, NoticeKey, OrderId, OrderKey};
use doorstep::domain::person::{Channel, Pii, Role};
use doorstep::domain::stage::Stage;
use doorstep::voice::brand::{Brand, Source};
use doorstep::voice::samples::samples;
use doorstep::voice::view::View;
use doorstep::voice::{Rendered, Voice};
use mail_parser::MessageParser;
use serde_json::json;

use super::fuzz;

const LANGUAGES: [&str; 4] = ["en", "pl", "uk", "pt-BR"];
/// Parts of an input, one for each place that a stranger can write into.
const EDGE: char = '\u{1e}';

/// Elements that a message may be made of, and nothing else: what strangers write adds none.
fn count(html: &str, what: &str) -> usize {
    html.to_ascii_lowercase().matches(what).count()
}

fn put(view: &mut View, words: &[&str]) {
    let word = |place: usize| words.get(place).map(|word| (*word).to_owned());
    view.person.name = word(0).map(Pii::new);
    view.order.items.iter_mut().for_each(|item| {
        item.title = word(1);
        item.url = word(2);
        item.image_url = word(3);
    });
    for parcel in &mut view.parcels {
        parcel.items.iter_mut().for_each(|item| item.title = word(1));
        (parcel.carrier_name, parcel.tracking_number, parcel.tracking_url) = (word(4), word(5), word(2));
        (parcel.place, parcel.description) = (word(6), word(7));
        if let Some(pickup) = &mut parcel.pickup {
            (pickup.name, pickup.address, pickup.opening_hours) = (word(1), word(6), word(7));
            pickup.code = word(5).map(Pii::new);
        }
    }
    if let Some(address) = &mut view.order.address {
        (address.name, address.line1, address.city) = (word(0).map(Pii::new), word(6).map(Pii::new), word(7));
    }
}

#[test]
fn words_in_messages() {
    let id = BrandId::new("harbour");
    let brand: Brand =
        toml::from_str(include_str!("../../../examples/harbour.toml")).expect("the sample brand is right");
    let voice = Voice::load(&[Source::plain(id.clone(), brand)]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let usual = [
        "Anna",
        "Harbour mug",
        "https://harbour.example/1",
        "https://harbour.example/1.png",
        "DHL",
        "JD0146",
        "Gdynia, PL",
        "left at the door",
    ];
    let examples = [usual.join(&EDGE.to_string()).into_bytes(), ["A"; 8].join(&EDGE.to_string()).into_bytes()];
    let stages: Vec<Stage> = Stage::ALL.to_vec();
    fuzz("render", &examples, |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let words: Vec<&str> = text.split(EDGE).collect();
        // One stage and one language for each input, so that many inputs are tried.
        let stage = stages[bytes.len() % stages.len()];
        let mut view = samples(stage).remove(0).view;
        put(&mut view, &words);
        let language = LANGUAGES[bytes.len() / 7 % LANGUAGES.len()];
        for channel in Channel::ALL {
            match voice.render(&id, Some(language), channel, &view) {
                Ok(Rendered::Email { subject, html, text, .. }) => {
                    for (what, most) in [("<script", 1), ("onerror=", 0), ("onfocus=", 0), ("javascript:", 0)] {
                        if count(&html, what) > most && !words.iter().any(|word| harmless(word, what)) {
                            return Err(format!("{what} in a mail"));
                        }
                    }
                    if subject.contains(['\r', '\n', '\0']) || text.contains('\0') {
                        return Err("control characters in a mail".into());
                    }
                }
                Ok(Rendered::Sms { body, .. }) if body.contains(['\r', '\0']) => {
                    return Err("control characters in a text".into());
                }
                Ok(Rendered::Sms { .. }) => {}
                Err(error) => return Err(format!("{} in {language}: {error}", stage.as_str())),
            }
        }
        Ok(words.len() == 8)
    });
}

/// As text, words may say anything; as markup, nothing. What cannot be seen is taken out of them, and what is left may be such a text.
fn harmless(word: &str, what: &str) -> bool {
    let visible: String = word.to_ascii_lowercase().chars().filter(char::is_ascii_graphic).collect();
    !what.starts_with('<') && visible.contains(what)
}

fn message(parts: &[&str]) -> Message {
    let part = |place: usize| parts.get(place).copied().unwrap_or_default().to_owned();
    let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new("A-1042"));
    let mail = Mail {
        from_name: part(0),
        from: "orders@harbour.example".to_owned(),
        reply_to: Some(part(1)),
        to_name: Pii::new(part(2)),
        subject: part(3),
        html: format!("<p>{}</p>", part(5)),
        text: part(5),
        thread_id: "a-1042.1@harbour.example".to_owned(),
        starts_thread: false,
        unsubscribe_url: Some("https://harbour.example/u/abc".to_owned()),
        unsubscribe_mailto: None,
    };
    Message {
        key: NoticeKey::new(&order, &["shipped"]),
        order,
        shipment: None,
        stage: Some(Stage::Shipped),
        role: Role::Customer,
        locale: "pl".to_owned(),
        planned_at: "2026-11-21T09:30:00Z".parse().expect("a time"),
        to: Pii::new(part(4)),
        content: Content::Email(Box::new(mail)),
    }
}

/// A mail has the headers that we wrote and one recipient, whatever stands in names, subjects and addresses.
#[test]
fn headers_and_addresses() {
    let smtp = json!({"transport": "smtp", "host": "localhost", "port": 9, "tls": "none", "hello": "worker.example"});
    let http = json!({"transport": "http", "url": "http://127.0.0.1:9/emails"});
    let sender = |settings| {
        Sender::new(&serde_json::from_value::<email::Settings>(settings).expect("settings"), Clock::database())
    };
    let (smtp, http) = (sender(smtp).expect("usable"), sender(http).expect("usable"));
    let usual = [
        "Harbour Goods",
        "help@harbour.example",
        "Zofia Żółć",
        "Twoja paczka",
        "zofia@customer.example",
        "Dzień dobry\n.\n",
    ];
    let foreign =
        ["Порт", "поміч@приклад.example", "O'Hara, \"Z\"", "=?utf-8?q?hi?=", "zofia+1@xn--e1afmkfd.example", "From me"];
    let headers = |bytes: &[u8]| -> Option<(Vec<String>, usize)> {
        let parsed = MessageParser::default().parse(bytes)?;
        let names = parsed.headers().iter().map(|header| header.name.as_str().to_ascii_lowercase()).collect();
        Some((names, parsed.to()?.iter().count()))
    };
    let expected =
        smtp.seal(&message(&usual)).map(|sealed| headers(&sealed.bytes)).expect("it is sealed").expect("it reads");
    let examples = [usual, foreign].map(|parts| parts.join(&EDGE.to_string()).into_bytes());
    fuzz("headers", &examples, |bytes| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let message = message(&text.split(EDGE).collect::<Vec<_>>());
        let body = http.seal(&message);
        let Ok(sealed) = smtp.seal(&message) else { return Ok(false) };
        if sealed.from.contains(['\r', '\n', '<', '>', ' ']) || sealed.to.expose().trim().contains(['\r', '\n', '\0']) {
            return Err("an envelope of more than one line".into());
        }
        let (mut names, recipients) = headers(&sealed.bytes).ok_or("another parser cannot read it")?;
        // A person without a name, or a subject of nothing, may cost a header; none is ever added.
        names.retain(|name| !expected.0.contains(name));
        if !names.is_empty() || recipients != 1 {
            return Err(format!("headers {names:?} and {recipients} recipients"));
        }
        if let Ok(body) = body {
            let body: serde_json::Value = serde_json::from_slice(&body.bytes).map_err(|_| "no JSON")?;
            let controls =
                |text: &serde_json::Value| text.as_str().is_some_and(|text| text.contains(['\r', '\n', '\0']));
            if controls(&body["subject"]) || controls(&body["from"]) || controls(&body["to"][0]) {
                return Err("control characters in a provider's fields".into());
            }
        }
        Ok(true)
    });
}
