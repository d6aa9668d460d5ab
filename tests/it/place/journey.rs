//! One order's whole journey as its customer sees it, in a real browser and in each language: the page that follows along, a
//! delay, a pickup code, a rating, a problem, a return, and messages that are wished no more. What the customer reads stands in
//! `snapshots/journey.*.snap`.

use std::fmt::Write as _;

use doorstep::domain::id::{BrandId, OrderKey};
use doorstep::domain::listen::case::Standing;
use doorstep::domain::listen::sending_back::Decision;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::stage::Stage;
use doorstep::domain::topic::Topic;
use doorstep::link::Reader;
use jiff::{SignedDuration, Timestamp};
use mail_parser::MessageParser;
use scraper::{Html, Selector};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use super::house::{House, TOKEN};
use crate::ops::browser::Browser;
use crate::store::world::Db;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// What must have changed once something has happened.
const MATTERS: &str = "#now h1, #now .lead, .collect .code, .marks .label";
const TEXTS: [(&str, &str, &str, &str); 4] = [
    ("en", "Edinburgh", "GB", "The lid is broken."),
    ("pl", "Gdańsk", "PL", "Pokrywka jest pęknięta."),
    ("uk", "Львів", "UA", "Кришка розбита."),
    ("pt-BR", "Recife", "BR", "A tampa está quebrada."),
];

/// Everything that takes part.
struct Journey {
    house: House,
    order: OrderKey,
    locale: &'static str,
    browser: Browser,
    /// What the customer has read so far.
    read: String,
    mails: usize,
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-{time}Z").parse().expect("a time")
}

impl Journey {
    async fn begin(db: &Db, locale: &'static str) -> Self {
        let house = House::new(db).await;
        let order = OrderKey::from_stored(format!("harbour/HG-{locale}")).expect("an order");
        let browser = block_in_place(Browser::start);
        Self { house, order, locale, browser, read: String::new(), mails: 0 }
    }

    /// Time passes, and one fact comes in.
    async fn happens(&mut self, time: &str, kind: &str, more: Value) {
        self.house.pass(at(time)).await;
        let id = self.order.order_str().to_owned();
        let mut data = json!({ "order": { "id": id } });
        if kind.starts_with("shipment.") {
            data["shipment"] =
                json!({ "id": "P1", "carrier": "dhl", "tracking_number": format!("JD01460000{}", id.len()) });
        }
        let part = if kind.starts_with("shipment.") { "shipment" } else { "order" };
        for (name, value) in more.as_object().expect("an object") {
            data[part][name] = value.clone();
        }
        let event = json!({ "specversion": "1.0", "id": format!("{id}/{kind}"), "source": "/shops/harbour", "type": kind,
            "time": at(time), "brand": "harbour", "data": data });
        self.house.feed(&[event]).await;
        // Messages wait a little for what else may happen.
        self.house.pass(at(time) + SignedDuration::from_mins(30)).await;
    }

    fn eval(&mut self, expression: &str) -> Value {
        block_in_place(|| self.browser.eval(expression))
    }

    fn text(&mut self, selector: &str) -> String {
        let selector = json!(selector);
        let all =
            self.eval(&format!("[...document.querySelectorAll({selector})].map(e => e.innerText.trim()).join('\\n')"));
        all.as_str()
            .expect("a text")
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Notes what a part of the page says, after what was sent meanwhile.
    fn note(&mut self, what: &str, selector: &str) -> String {
        let sent = self.house.messages();
        for one in &sent[self.mails..] {
            if one.entry.channel == Channel::Email {
                let subject = one.entry.subject.as_deref().unwrap_or_default();
                writeln!(self.read, "  [mail] {}: {subject}", one.entry.stage.as_str()).expect("a string");
            }
        }
        self.mails = sent.len();
        let text = self.text(selector);
        writeln!(self.read, "== {what}\n{text}").expect("a string");
        text
    }

    /// The open page comes by itself to say what a page that is opened now would say.
    async fn follows(&mut self, what: &str) -> String {
        let path = self.house.path(&self.order, Reader::Customer);
        let page = Html::parse_document(&self.house.client.get(&path).await.text());
        let matters = Selector::parse(MATTERS).expect("a selector");
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let now: Vec<String> = page.select(&matters).map(|one| words(one.text().collect())).collect();
        let selector = json!(MATTERS);
        let shown = format!(
            "JSON.stringify([...document.querySelectorAll({selector})].map(e => e.textContent.split(/\\s+/).filter(Boolean).join(' ')))"
        );
        let wanted = json!(json!(now).to_string());
        block_in_place(|| self.browser.until(&format!("{shown} === {wanted}")));
        assert_eq!(self.eval("window.stays"), json!(true), "the page was not loaded anew");
        self.note(what, "#now, .collect .code, .marks .current .label, .marks .wrong .label")
    }

    fn open(&mut self, url: &str) {
        block_in_place(|| self.browser.open(url));
    }

    /// Presses what leads to another page, as a person does: after a while.
    fn press(&mut self, selector: &str) {
        self.house.clock.advance(SignedDuration::from_secs(5));
        block_in_place(|| self.browser.press_to_leave(selector));
    }

    fn click(&mut self, selector: &str) {
        let selector = json!(selector);
        self.eval(&format!("document.querySelector({selector}).click()"));
    }

    fn fill(&mut self, selector: &str, text: &str) {
        block_in_place(|| self.browser.fill(selector, text));
    }

    fn pictures(&mut self, name: &str) {
        for (width, scheme) in [(390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")] {
            let at = format!("journey.{}.{name}.{width}.{scheme}", self.locale);
            block_in_place(|| {
                self.browser.look_as(width, scheme);
                self.browser.picture(&at);
            });
        }
    }

    /// The first address in the last mail of a stage that holds `part`.
    fn link_in(&self, stage: Stage, part: &str) -> String {
        let html = self.house.mail(&self.order, stage).html.expect("a mail");
        let links = Selector::parse("a[href]").expect("a selector");
        let page = Html::parse_document(&html);
        let mut hrefs = page.select(&links).filter_map(|link| link.attr("href"));
        let href = hrefs.find(|href| href.contains(part)).unwrap_or_else(|| panic!("no {part} in the mail"));
        self.house.here(href).expect("an address of this house")
    }

    async fn call(&self, path: &str, body: Value) -> Value {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = self.house.client.post(path, &headers, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    async fn may(&self) -> Vec<Topic> {
        let contact = ContactKey::new(Channel::Email, &format!("{}@mail.example", self.locale));
        let known = self.house.parts.store.consents(&[contact]).await.expect("an answer").remove(0);
        let allows = |topic: &Topic| known.allows(&BrandId::new("harbour"), Channel::Email, *topic);
        Topic::ALL.into_iter().filter(allows).collect()
    }
}

/// From paid to delivered, on a page that stays open.
async fn follows_its_order(journey: &mut Journey, city: &str, country: &str) {
    let locale = journey.locale;
    let order = json!({
        "currency": "EUR", "subtotal": 11_600, "shipping": 0, "total": 11_600, "promise": { "date": "2026-11-06" },
        "customer": { "name": "Anna Nowak", "email": format!("{locale}@mail.example"), "locale": locale },
        "address": { "line1": "7/3", "city": city, "country": country },
        "items": [{ "id": "L1", "title": "Stoneware bowl", "qty": 2, "unit_price": 4_600 },
            { "id": "L2", "title": "Beeswax wraps", "qty": 1, "unit_price": 2_400 }],
    });
    journey.happens("02T09:00:00", "order.paid", order).await;
    let page = journey.link_in(Stage::Confirmed, "/t/");
    journey.open(&page);
    journey.eval("window.stays = true");
    let mut before = journey.note("paid", "#now");
    // The listener compares with the first look after it came: let one go by.
    journey.eval("new Promise(r => setTimeout(r, 2500))");
    for (time, kind, more) in [
        ("02T13:00:00", "order.packed", json!({})),
        ("02T16:00:00", "shipment.shipped", json!({ "eta": "2026-11-06", "location": "Bristol, GB" })),
        ("03T12:00:00", "shipment.delayed", json!({ "eta": "2026-11-10", "reason": "weather" })),
        ("10T07:00:00", "shipment.out_for_delivery", json!({ "location": city })),
        ("10T13:00:00", "shipment.attempt_failed", json!({ "reason": "recipient_absent" })),
        (
            "10T17:00:00",
            "shipment.available_for_pickup",
            json!({ "pickup": { "name": "Kiosk 12", "address": city,
            "code": "4917", "until": "2026-11-17" } }),
        ),
        ("11T11:00:00", "shipment.delivered", json!({ "handover": "pickup_point" })),
    ] {
        journey.happens(time, kind, more).await;
        let text = journey.follows(kind).await;
        assert_ne!(text, before, "{kind} changes what is said");
        before.clone_from(&text);
        match kind {
            "shipment.delayed" => {
                assert!(journey.text("#now.warn h1").contains("10"), "the delay is shown, with its new day: {text}");
                journey.pictures("delayed");
            }
            "shipment.available_for_pickup" => {
                assert!(text.lines().any(|line| line == "4917"), "the code can be read: {text}");
                assert_eq!(journey.eval("document.querySelectorAll('.collect svg.square').length"), json!(1));
                journey.pictures("pickup");
            }
            _ => {}
        }
    }
    journey.note("what can be done now", "#care");
    journey.pictures("delivered");
}

/// From the mail's own link, the next day.
async fn rates(journey: &mut Journey) {
    journey.house.pass(at("12T18:00:00")).await;
    let link = journey.link_in(Stage::Feedback, "csat=4");
    journey.open(&link);
    journey.note("the question", "main");
    assert_eq!(journey.eval("[...document.querySelectorAll('input:checked')].map(i => i.id)"), json!(["csat-4"]));
    journey.click("#nps-9");
    journey.click("#ces-6");
    journey.pictures("rating");
    journey.press("main form button");
    journey.note("thanks", "main");
    journey.pictures("thanks");
    let ratings = journey.house.parts.store.ratings_of(&journey.order).await.expect("an answer");
    let scores: Vec<u8> = ratings.iter().flat_map(|one| &one.answers).map(|answer| answer.score).collect();
    assert_eq!(scores, [4, 9, 6]);
}

/// Something is wrong: told on the page, answered by the shop's system, solved in the console, seen on the page.
async fn reports_a_problem(journey: &mut Journey, words: &str) {
    journey.press(".back a");
    journey.press("#care a[href$='/problem']");
    journey.note("the problem's form", "main");
    journey.click("#sort-damaged");
    journey.fill("#words", words);
    journey.press("form[enctype] button");
    journey.note("the problem is told", "[role=status], article");
    let case = journey.house.parts.store.cases_of(&journey.order).await.expect("an answer").remove(0);
    let id = case.id;
    // What is said at one instant has no order.
    journey.house.clock.advance(SignedDuration::from_secs(1));
    let answer = json!({ "text": "We are sorry. Another one is on its way.", "author": "Ola" });
    assert_eq!(journey.call(&format!("/v1/cases/{id}/answer"), answer).await["standing"], "answered");
    journey.press(".back a");
    journey.note("the order's page after the answer", "#care .cases");
    journey.press("#care a[href$='/problem']");
    journey.note("the answer", "article");
    journey.pictures("problem");

    let base = journey.house.base.clone();
    journey.open(&format!("{base}/ops/cases"));
    journey.pictures("ops-cases");
    journey.press(&format!("a[href='/ops/cases/{id}']"));
    assert!(journey.text("main").contains(words), "the console shows what the customer wrote");
    journey.pictures("ops-case");
    journey.house.clock.advance(SignedDuration::from_secs(1));
    journey.fill("#answer", "It has been delivered. All well?");
    journey.press("button[value=close]");
    let case = journey.house.parts.store.cases_of(&journey.order).await.expect("an answer").remove(0);
    assert_eq!(case.clocks.standing(), Standing::Solved);
    journey.open(&format!("{base}{}", journey.house.path(&journey.order, Reader::Customer)));
    journey.note("the order's page after the end", "#care .cases");
}

/// A return: asked for on the page, decided in the console, seen on the page.
async fn asks_for_a_return(journey: &mut Journey) {
    journey.press("#care a[href$='/return']");
    journey.fill("#item-0", "1");
    journey.click("#reason-faulty");
    journey.click("#wish-refund");
    journey.note("the return's form", "main h1, main p, main legend, main label");
    journey.pictures("return");
    journey.press("main form button");
    journey.note("the return is asked for", "[role=status], section");
    journey.house.run().await;
    let mail = journey.house.mail(&journey.order, Stage::ReturnRequested);
    assert!(mail.text.contains("/return\n"), "its mail leads back here: {}", mail.text);
    let base = journey.house.base.clone();
    journey.open(&format!("{base}/ops/returns"));
    journey.pictures("ops-returns");
    journey.fill("main textarea", "Send it to Quay 1, please.");
    journey.press("button[value=approved]");
    let one = journey.house.parts.store.returns_of(&journey.order).await.expect("an answer").remove(0);
    assert_eq!(one.decided.map(|decided| decided.decision), Some(Decision::Approved));
    journey.open(&format!("{base}{}", journey.house.path(&journey.order, Reader::Customer)));
    journey.note("the order's page after the decision", "#care");
    journey.pictures("cared");
    journey.open(&format!("{base}/ops/voices"));
    journey.pictures("ops-voices");
}

/// By the page's own buttons, and by one click in a mail program.
async fn wishes_no_more(journey: &mut Journey) {
    let page = journey.link_in(Stage::Shipped, "/u/");
    assert_eq!(journey.may().await, Topic::ALL);
    journey.open(&page);
    journey.note("wishes", "main");
    journey.pictures("wishes");
    assert_eq!(journey.may().await, Topic::ALL, "opening the page changes nothing");
    journey.click("input[name='email.delay']");
    journey.press("form[action$='/wishes'] button");
    journey.note("wishes are kept", ".said, [role=status]");
    let kept: Vec<Topic> = Topic::ALL.into_iter().filter(|topic| *topic != Topic::Delay).collect();
    assert_eq!(journey.may().await, kept);
    journey.press("form[action$='/stop'] button");
    journey.note("only what is needed", ".said, [role=status]");
    assert_eq!(journey.may().await, [Topic::Necessary]);
    journey.click("input[name='email.progress']");
    journey.press("form[action$='/wishes'] button");
    assert_eq!(journey.may().await, [Topic::Necessary, Topic::Progress]);

    let eml = journey.house.mail(&journey.order, Stage::Shipped).eml.expect("a mail");
    let mail = MessageParser::default().parse(eml.as_bytes()).expect("a mail");
    let header = |name: &str| mail.header_raw(name).unwrap_or_else(|| panic!("no {name}")).trim().to_owned();
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let folded: String = header("List-Unsubscribe").split_whitespace().collect();
    let url = folded.split(['<', '>']).find(|part| part.contains("/u/")).expect("an address");
    let path = journey.house.own(url).expect("an address of this house").to_owned();
    assert_eq!(journey.house.client.get(&path).await.status, 200);
    assert_eq!(journey.may().await, [Topic::Necessary, Topic::Progress], "reading it changes nothing");
    let done = journey.house.client.post(&path, &[FORM], b"List-Unsubscribe=One-Click").await;
    assert_eq!(done.status, 200);
    assert_eq!(journey.may().await, [Topic::Necessary]);
}

async fn journey(number: usize) {
    let db = Db::sqlite().await;
    let (locale, city, country, words) = TEXTS[number];
    let mut journey = Journey::begin(&db, locale).await;
    follows_its_order(&mut journey, city, country).await;
    rates(&mut journey).await;
    reports_a_problem(&mut journey, words).await;
    asks_for_a_return(&mut journey).await;
    wishes_no_more(&mut journey).await;
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("journey.{locale}"), journey.read);
    });
    drop(journey);
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_english() {
    journey(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_polish() {
    journey(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_ukrainian() {
    journey(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_portuguese() {
    journey(3).await;
}
