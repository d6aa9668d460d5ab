//! Every page of customers and operators, the calendar's file, and the mails as they really go out.

use std::collections::{BTreeMap, BTreeSet};

use doorstep::domain::stage::Stage;
use doorstep::link::Reader;

use super::judge::{Shape, pressable, shape};
use super::orders::Teller;
use super::texts;
use crate::ops::form;
use crate::place::house::House;
use crate::store::world::Db;

/// Texts in one order: so many members are there to be written into.
const TOGETHER: usize = 12;
const LANGUAGES: [&str; 4] = ["en", "pl", "uk", "pt-BR"];
/// The console's lists.
const LISTS: [&str; 9] = [
    "/ops",
    "/ops/alerts",
    "/ops/cases",
    "/ops/returns?all=true",
    "/ops/voices",
    "/ops/doubt",
    "/ops/quarantine",
    "/ops/audit",
    "/ops/lanes",
];

/// A page of one order, by what it is.
type Pages = BTreeMap<&'static str, String>;

/// As the console of this machine is asked.
const HERE: (&str, &str) = ("host", "localhost");

async fn get(house: &House, path: &str) -> String {
    let answer = house.client.ask("GET", path, &[HERE], b"").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// The pages while it waits to be collected.
async fn waiting(teller: &Teller<'_>) -> Pages {
    let own = teller.page(Reader::Customer);
    let mut pages = Pages::new();
    for (name, path) in [
        ("page", own.clone()),
        ("page of who receives it", teller.page(Reader::Recipient)),
        ("page that was passed on", teller.page(Reader::Shared)),
        ("rating before", format!("{own}/rating")),
        ("problem before", format!("{own}/problem")),
        ("return before", format!("{own}/return")),
        ("the order in the console", format!("/ops/orders/harbour/{}", teller.id)),
    ] {
        pages.insert(name, teller.masked(&get(teller.house, &path).await));
    }
    pages
}

/// The pages when everything was said.
async fn answered(teller: &Teller<'_>) -> Pages {
    let own = teller.page(Reader::Customer);
    let case = teller.house.parts.store.cases_of(&teller.key()).await.expect("an answer").remove(0).id;
    let wishes = wishes(teller);
    let mut pages = Pages::new();
    for (name, path) in [
        ("page after", own.clone()),
        ("page of who received it", teller.page(Reader::Recipient)),
        ("rating", format!("{own}/rating")),
        ("thanks", format!("{own}/rating?thanks")),
        ("problem", format!("{own}/problem?sent")),
        ("return", format!("{own}/return?sent")),
        ("wishes", wishes),
        ("the order in the console, after", format!("/ops/orders/harbour/{}", teller.id)),
        ("the case in the console", format!("/ops/cases/{case}")),
    ] {
        pages.insert(name, teller.masked(&get(teller.house, &path).await));
    }
    pages
}

/// The page of wishes, by the mail that says that it was sent.
fn wishes(teller: &Teller<'_>) -> String {
    let mail = teller.house.mail(&teller.key(), Stage::Shipped);
    let html = mail.html.expect("a mail");
    let (_, rest) = html.split_once("/u/").expect("a link");
    format!("/u/{}", rest.split('"').next().expect("its end"))
}

fn judge(calm: &Pages, found: &Pages, id: &str, wrong: &mut Vec<String>) {
    for (name, html) in found {
        let (calm, found) = (shape(&calm[name]), shape(html));
        let mut all = found.beyond(&calm, true);
        // What the customer and the shop wrote to each other stands there as they wrote it; no browser makes links of it.
        if name.starts_with("page") && !name.contains("after") && !name.contains("received") {
            all.extend(pressable(&found.text, &calm.text));
        }
        wrong.extend(all.into_iter().map(|what| format!("{id}, {name}: {what}")));
    }
}

/// What a calendar would read, line by line: names of its members alone.
fn members(file: &str) -> Vec<String> {
    let unfolded = file.replace("\r\n ", "");
    assert!(!unfolded.replace("\r\n", "").contains(['\r', '\n']), "{file:?}");
    let name = |line: &str| line.split([':', ';']).next().unwrap_or_default().to_owned();
    let value = |line: &str| matches!(line.split(':').next(), Some("BEGIN" | "END")).then(|| line.to_owned());
    unfolded.lines().map(|line| value(line).unwrap_or_else(|| name(line))).collect()
}

async fn lists(house: &House, words: &str) -> BTreeMap<String, Shape> {
    let mut all = BTreeMap::new();
    let found = format!("/ops/find?{}", form(&[("q", words)]));
    for path in LISTS.iter().map(|path| (*path).to_owned()).chain([found]) {
        let answer = house.client.ask("GET", &path, &[HERE], b"").await;
        assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.status);
        all.insert(path.split('?').next().unwrap_or_default().to_owned(), shape(&answer.text()));
    }
    all
}

/// An event that is refused, with hostile words in it.
async fn refused(house: &House, words: &str) {
    let event = serde_json::json!({ "specversion": "1.0", "id": format!("bad/{words}"), "source": words, "type": "order.paid",
        "time": words, "data": { "order": { "id": words } } });
    house.feed(&[event]).await;
}

/// What is wrong with the mails that went out about an order.
fn wrong_mails(house: &House, calm_teller: &Teller<'_>, hostile_teller: &Teller<'_>, wrong: &mut Vec<String>) -> usize {
    let all = house.messages();
    let of =
        |teller: &Teller<'_>| all.iter().filter(|one| one.entry.order == teller.key()).cloned().collect::<Vec<_>>();
    let (calm, found) = (of(calm_teller), of(hostile_teller));
    assert!(found.len() >= 5, "{} messages", found.len());
    for one in &found {
        let same = |other: &&doorstep::channel::capture::Captured| {
            (other.entry.stage, other.entry.channel, other.entry.role)
                == (one.entry.stage, one.entry.channel, one.entry.role)
        };
        let quiet = calm.iter().find(same).expect("the same message with calm words");
        let mut what = pressable(&hostile_teller.masked(&one.text), &calm_teller.masked(&quiet.text));
        if let (Some(html), Some(calm)) = (&one.html, &quiet.html) {
            let [found, calm] =
                [(hostile_teller, html), (calm_teller, calm)].map(|(whose, html)| shape(&whose.masked(html)));
            what.extend(found.beyond(&calm, true));
        }
        wrong.extend(
            what.into_iter().map(|what| format!("{}, {}: {what}", hostile_teller.id, one.entry.stage.as_str())),
        );
    }
    found.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_becomes_more_than_words() {
    let db = Db::sqlite().await;
    let house = House::new(&db).await;
    let texts: Vec<String> = texts::all().into_iter().filter(|text| !text.contains('\0')).collect();
    let calm_words = ["Calm words".to_owned()];
    let mut wrong = Vec::new();
    let mut quiet = BTreeMap::new();
    for locale in LANGUAGES {
        let mut teller = Teller::new(&house, &format!("CALM-{locale}"), locale, &calm_words, 0, false);
        teller.tell().await;
        let (before, ics) = (waiting(&teller).await, format!("{}/calendar.ics", teller.page(Reader::Customer)));
        let ics = house.client.get(&ics).await;
        teller.answer().await;
        let after = answered(&teller).await;
        quiet.insert(locale, (teller, before, ics.text(), after));
    }
    refused(&house, "calm words").await;
    let calm_lists = lists(&house, "calm words").await;
    let (mut pages, mut mails) = (0, 0);
    let rounds = super::rounds(TOGETHER);
    for round in 0..rounds {
        for (number, some) in texts.chunks(TOGETHER).enumerate() {
            let locale = LANGUAGES[number % LANGUAGES.len()];
            let (calm, before, ics, after) = &quiet[locale];
            let id = format!("A-{round}-{number}");
            let mut teller = Teller::new(&house, &id, locale, some, round + number, true);
            teller.tell().await;
            let found = waiting(&teller).await;
            let file = house.client.get(&format!("{}/calendar.ics", teller.page(Reader::Customer))).await.text();
            if file.starts_with("BEGIN") && members(&file) != members(ics) {
                wrong.push(format!("{id}, calendar: {:?}", members(&file)));
            }
            judge(before, &found, &id, &mut wrong);
            teller.answer().await;
            let last = answered(&teller).await;
            judge(after, &last, &id, &mut wrong);
            pages += found.len() + last.len() + 1;
            mails += wrong_mails(&house, calm, &teller, &mut wrong);
            refused(&house, &some[0]).await;
        }
    }
    let hostile = lists(&house, &texts.concat().chars().take(150).collect::<String>()).await;
    for (path, found) in &hostile {
        wrong.extend(found.beyond(&calm_lists[path], false).into_iter().map(|what| format!("{path}: {what}")));
    }
    pages += hostile.len();
    let sorts: BTreeSet<_> =
        wrong.iter().map(|line| line.split_once(": ").map_or(line.as_str(), |(_, what)| what)).collect();
    assert!(wrong.is_empty(), "{} of {pages}\n{}\n{sorts:#?}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    eprintln!("{} texts, {pages} pages, {mails} messages", texts.len());
    assert!(pages >= 300 && mails >= 100, "{pages} pages, {mails} messages");
    db.end().await;
}
