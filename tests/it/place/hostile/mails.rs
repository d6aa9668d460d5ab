//! Every stage's mail and text message, in every language, from a view whose every member is hostile.

use std::collections::BTreeMap;

use doorstep::channel::capture::{Capture, Captured};
use doorstep::channel::{Content, Mail, Message};
use doorstep::domain::event::Recommendation;
use doorstep::domain::id::{BrandId, NoticeKey, OrderKey};
use doorstep::domain::person::{Channel, Pii, Role};
use doorstep::domain::stage::Stage;
use doorstep::voice::brand::Source;
use doorstep::voice::samples::samples;
use doorstep::voice::view::{Address, Correction, Item, Pickup, View};
use doorstep::voice::{Rendered, Voice};
use mail_parser::{HeaderName, MessageParser, MimeHeaders};

use super::judge::{Shape, pressable, shape};
use super::texts::{self, BAD_URLS};

const LANGUAGES: [&str; 4] = ["en", "pl", "uk", "pt-BR"];

/// A message as it would leave, and what it is made of.
struct Made {
    mail: Captured,
    sms: String,
    shape: Shape,
}

/// A view whose every text is `text`, and whose every address is bad; with calm words there are no addresses.
fn filled(stage: Stage, text: &str, url: Option<&str>) -> View {
    let found = samples(stage).into_iter().find(|sample| sample.name == "usual");
    let mut view = found.expect("a usual sample").view;
    let words = || Some(text.to_owned());
    let pii = || words().map(Pii::new);
    let link = || url.map(str::to_owned);
    let goods = |view: &mut [Item]| {
        for item in view {
            (item.title, item.image_url, item.url) = (words(), link(), link());
        }
    };
    view.person.name = pii();
    text.clone_into(&mut view.order.id);
    view.order.address = Some(Address {
        name: pii(),
        line1: pii(),
        line2: pii(),
        city: words(),
        region: words(),
        postcode: words(),
        country: Some("IE".into()),
    });
    goods(&mut view.order.items);
    goods(&mut view.to_come);
    for parcel in &mut view.parcels {
        (parcel.carrier, parcel.carrier_name, parcel.service) = (words(), words(), words());
        (parcel.tracking_number, parcel.tracking_url) = (words(), link());
        (parcel.place, parcel.description) = (words(), words());
        let until = parcel.pickup.as_ref().and_then(|pickup| pickup.until);
        parcel.pickup = Some(Pickup { name: words(), address: words(), code: pii(), until, opening_hours: words() });
        goods(&mut parcel.items);
    }
    if let Some(cancelled) = &mut view.cancelled {
        cancelled.reason = words();
        goods(&mut cancelled.items);
    }
    if let Some(Correction::Number { said }) = &mut view.correction {
        text.clone_into(said);
    }
    let url = url.unwrap_or("https://harbour.example/p").to_owned();
    view.content.recommended = vec![Recommendation { title: text.to_owned(), url, image_url: link(), reason: words() }];
    (view.links.order, view.links.support) = (link(), link());
    view
}

fn voice() -> Voice {
    let brand = super::super::harbour();
    Voice::load(&[Source::plain(BrandId::new("harbour"), brand)]).unwrap_or_else(|all| panic!("{all:?}"))
}

fn made(voice: &Voice, stage: Stage, language: &str, text: &str, url: Option<&str>) -> Made {
    let (view, brand) = (filled(stage, text, url), BrandId::new("harbour"));
    let rendered = |channel| voice.render(&brand, Some(language), channel, &view).expect("it renders");
    let Rendered::Email { subject, html, text: plain, .. } = rendered(Channel::Email) else { panic!("a mail") };
    let Rendered::Sms { body, .. } = rendered(Channel::Sms) else { panic!("a text message") };
    let order = OrderKey::from_stored("harbour/A-1".to_owned()).expect("an order");
    let mail = Mail {
        from_name: "Harbour Goods".into(),
        from: "post@harbour.example".into(),
        reply_to: None,
        to_name: Pii::new(text.to_owned()),
        subject,
        html: html.clone(),
        text: plain,
        thread_id: "thread@harbour.example".into(),
        starts_thread: false,
        unsubscribe_url: Some("https://post.harbour.example/u/x".into()),
        unsubscribe_mailto: None,
    };
    let message = Message {
        key: NoticeKey::new(&order, &["hostile"]),
        order,
        shipment: None,
        stage: Some(stage),
        role: Role::Customer,
        locale: language.to_owned(),
        planned_at: view.now,
        to: Pii::new("anna@mail.example".to_owned()),
        content: Content::Email(Box::new(mail)),
    };
    let sealed = Capture::memory().seal(&message).expect("it can be written");
    let mail = serde_json::from_slice(&sealed.bytes).expect("a captured message");
    Made { mail, sms: body, shape: shape(&html) }
}

/// What an independent parser finds wrong with a mail.
fn wrong_mail(mail: &Captured) -> Vec<String> {
    let mut wrong = Vec::new();
    let eml = mail.eml.as_deref().expect("a mail");
    let parsed = MessageParser::default().parse(eml.as_bytes()).expect("a mail");
    let mut names: Vec<String> = parsed.headers().iter().map(|header| header.name().to_ascii_lowercase()).collect();
    names.sort_unstable();
    let mut once = names.clone();
    once.dedup();
    if names != once {
        wrong.push(format!("headers twice: {names:?}"));
    }
    for name in ["bcc", "cc", "x", "location", "set-cookie"] {
        if names.iter().any(|own| own == name) {
            wrong.push(format!("a header {name}"));
        }
    }
    let to = parsed.header(HeaderName::To).and_then(|value| value.as_address()).expect("a recipient");
    let all: Vec<_> = to.iter().map(|one| one.address().unwrap_or_default()).collect();
    if all != ["anna@mail.example"] {
        wrong.push(format!("recipients: {all:?}"));
    }
    if (parsed.attachment_count(), parsed.html_body_count(), parsed.text_body_count()) != (0, 1, 1) {
        wrong.push("more parts than two".to_owned());
    }
    if parsed.parts.iter().filter(|part| part.content_disposition().is_some()).count() > 0 {
        wrong.push("something attached".to_owned());
    }
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    if parsed.body_html(0).map(|html| lines(&html)) != mail.html.as_deref().map(lines) {
        wrong.push("the HTML arrives as something else".to_owned());
    }
    if parsed.body_text(0).map(|text| lines(&text)) != Some(lines(&mail.text)) {
        wrong.push("the plain text arrives as something else".to_owned());
    }
    // A line that is folded comes back with single blanks.
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let subject = parsed.subject().unwrap_or_default();
    if Some(words(subject)) != mail.entry.subject.as_deref().map(words) || subject.chars().any(char::is_control) {
        wrong.push(format!("the subject arrives as {subject:?}"));
    }
    wrong
}

/// Names of the headers, in their order.
fn headers(mail: &Captured) -> Vec<String> {
    let eml = mail.eml.as_deref().expect("a mail");
    let parsed = MessageParser::default().parse(eml.as_bytes()).expect("a mail");
    parsed.headers().iter().map(|header| header.name().to_owned()).collect()
}

/// Each text in two stages, each stage in some fifteen languages and texts at least; `part` of two, so that both cores have work.
fn try_all(part: usize) {
    let (voice, texts) = (voice(), texts::all());
    let mut calm: BTreeMap<(Stage, &str), Made> = BTreeMap::new();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    let stages = super::rounds(Stage::ALL.len()).max(2);
    for (number, text) in texts.iter().enumerate().filter(|(number, _)| number % 2 == part) {
        for step in 0..stages {
            let stage = Stage::ALL[(number / 2 + step * 7) % Stage::ALL.len()];
            let language = LANGUAGES[(number / 2 + step) % LANGUAGES.len()];
            let calm =
                calm.entry((stage, language)).or_insert_with(|| made(&voice, stage, language, "Calm words", None));
            let found = made(&voice, stage, language, text, Some(BAD_URLS[number % BAD_URLS.len()]));
            let mut all = found.shape.beyond(&calm.shape, true);
            all.extend(pressable(&found.shape.text, &calm.shape.text));
            all.extend(pressable(&found.mail.text, &calm.mail.text));
            all.extend(pressable(&found.sms, &calm.sms));
            let [subject, quiet] = [&found, calm].map(|one| one.mail.entry.subject.clone().expect("a subject"));
            all.extend(pressable(&subject, &quiet));
            all.extend(wrong_mail(&found.mail));
            if headers(&found.mail) != headers(&calm.mail) {
                all.push(format!("headers: {:?}", headers(&found.mail)));
            }
            wrong.extend(all.into_iter().map(|what| format!("{} {language} {text:?}: {what}", stage.as_str())));
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {tried}\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(tried >= 300, "{tried}");
}

#[test]
fn no_mail_and_no_text_becomes_more_than_words_first_half() {
    try_all(0);
}

#[test]
fn no_mail_and_no_text_becomes_more_than_words_second_half() {
    try_all(1);
}
