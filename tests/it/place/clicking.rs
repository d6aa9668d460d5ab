//! Machines that click: over five hundred mails, every link is fetched in every way, and every form behind the links is sent within
//! two seconds. Not one row changes. Then people do the same, slowly, and all of it counts.

mod forms;

use std::collections::{BTreeMap, BTreeSet};

use doorstep::channel::capture::Captured;
use doorstep::cli::simulate::{self, Arriving};
use doorstep::domain::id::OrderKey;
use jiff::SignedDuration;
use mail_parser::MessageParser;
use scraper::{Html, Selector};
use serde_json::Value;
use tokio::task::block_in_place;

use super::house::House;
use crate::ops::browser::Browser;
use crate::store::world::Db;
use forms::{Form, Manner};

/// The mails of an ordinary run; `DOORSTEP_TEST_CLICKS=500` asks for the whole five hundred, which take some minutes.
const MAILS: usize = 80;
/// Of so many mails, a real browser visits the pages of one.
const VISITED_OF: usize = 20;

fn wanted() -> usize {
    std::env::var("DOORSTEP_TEST_CLICKS").ok().and_then(|count| count.parse().ok()).unwrap_or(MAILS)
}
/// Each for the reason beside it.
const MAY_CHANGE: [&str; 1] = [
    // How often a block of content was shown and its link followed: a number for each block and day, of nobody.
    "content_counts",
];
/// Below the two seconds that a person takes at least.
const AT_ONCE: SignedDuration = SignedDuration::from_millis(1_900);
/// Longer than the minute over which the forms of one address are counted: what holds a scanner off here is not that it is too many.
const PAUSE: SignedDuration = SignedDuration::from_secs(70);

/// A shop's weeks, from the first order to the last question how it went.
async fn weeks(house: &House) {
    let args = simulate::Args {
        orders: 130,
        seed: 11,
        start: house.clock.now(),
        days: 5,
        end: None,
        brands: vec!["harbour".to_owned(), "kettle".to_owned()],
    };
    let mut story = simulate::stream(&args).expect("a stream").into_iter().peekable();
    while let Some(first) = story.peek() {
        let step = first.at + SignedDuration::from_hours(3);
        let mut batch = Vec::new();
        while let Some(Arriving { mut event, .. }) = story.next_if(|one| one.at <= step) {
            // These shops have no pages of their own to lead to: every message leads to the order's page here.
            if let Some(links) = event.pointer_mut("/data/order/links").and_then(Value::as_object_mut) {
                links.remove("order");
            }
            batch.push(event);
        }
        house.pass(step).await;
        house.feed(&batch).await;
    }
    house.pass(house.clock.now() + SignedDuration::from_hours(72)).await;
}

/// Every address in a mail: what a person can press, what a program reads in its head, and what stands in its plain text.
fn links(mail: &Captured) -> BTreeSet<String> {
    let html = Html::parse_document(mail.html.as_deref().expect("a mail"));
    let mut found = BTreeSet::new();
    for (selector, attribute) in
        [("[href]", "href"), ("[src]", "src"), ("[action]", "action"), ("[background]", "background")]
    {
        let selector = Selector::parse(selector).expect("a selector");
        found.extend(html.select(&selector).filter_map(|one| one.attr(attribute)).map(str::to_owned));
    }
    let parsed = MessageParser::default().parse(mail.eml.as_deref().expect("a mail").as_bytes()).expect("a mail");
    let unsubscribe: String = parsed.header_raw("List-Unsubscribe").unwrap_or_default().split_whitespace().collect();
    let words = mail.text.split_whitespace().chain(unsubscribe.split(['<', '>', ',']));
    found.extend(
        words.filter(|word| word.starts_with("http")).map(|word| word.trim_end_matches(['.', ',', ')']).to_owned()),
    );
    found
}

/// Everything that is stored, row by row, but what may change.
async fn dump(db: &Db) -> BTreeMap<String, Vec<String>> {
    use sqlx::Connection;
    let mut conn = sqlx::SqliteConnection::connect(&db.settings.url).await.expect("the file opens");
    let tables = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut conn).await.expect("the tables");
    let mut all = BTreeMap::new();
    for table in tables.into_iter().filter(|table| !MAY_CHANGE.contains(&table.as_str())) {
        let columns = format!(
            "select group_concat('quote(\"' || name || '\")', ' || ''|'' || ') from pragma_table_info('{table}')"
        );
        let columns: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(columns)).fetch_one(&mut conn).await.expect("columns");
        let rows = sqlx::AssertSqlSafe(format!("select {columns} from {table} order by 1"));
        let rows: Vec<String> = sqlx::query_scalar(rows).fetch_all(&mut conn).await.expect("the rows");
        all.insert(table, rows);
    }
    conn.close().await.expect("the file closes");
    all
}

/// What differs, by table.
fn changes(before: &BTreeMap<String, Vec<String>>, after: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let tables = before.keys().chain(after.keys()).collect::<BTreeSet<_>>().into_iter();
    let differs = |table: &&String| before.get(*table) != after.get(*table);
    let rows = |of: &BTreeMap<String, Vec<String>>, table: &String| of.get(table).map_or(0, Vec::len);
    tables
        .filter(differs)
        .map(|table| format!("{table}: {} → {} rows", rows(before, table), rows(after, table)))
        .collect()
}

/// What a scanner did.
#[derive(Debug, Default)]
struct Count {
    fetched: usize,
    sent: usize,
    pages: BTreeSet<String>,
    answers: BTreeMap<u16, usize>,
}

/// A scanner that opens what it finds, and what it finds there.
struct Scanner<'a> {
    house: &'a House,
    count: Count,
}

impl Scanner<'_> {
    /// Fetches an address as link checkers, previews and browsers ahead of their person do.
    async fn fetch(&mut self, path: &str) -> Option<String> {
        let client = &self.house.client;
        let ahead = [("purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("x-moz", "prefetch")];
        let head = client.ask("HEAD", path, &[], b"").await;
        assert!(head.body.is_empty() && head.status < 500, "{path}: {}", head.status);
        let early = client.ask("GET", path, &ahead, b"").await;
        let page = client.get(path).await;
        assert!(early.status < 500 && page.status < 400, "{path}: {}", page.status);
        assert_eq!((head.status, early.status), (page.status, page.status), "{path}");
        self.count.fetched += 3;
        let is_html = page.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        is_html.then(|| page.text())
    }

    /// Sends every form of a page, filled in the ways in which a scanner fills them.
    async fn send_all(&mut self, path: &str, page: &str) {
        for form in forms::of(path, page) {
            for manner in [Manner::Everything, Manner::Nothing] {
                let answer = form.send(self.house, manner).await;
                assert!(answer.status < 500, "{path}: {}", answer.status);
                *self.count.answers.entry(answer.status).or_default() += 1;
                self.count.sent += 1;
            }
        }
    }

    /// Opens a page and everything of this house that it leads to, and sends the forms, all before two seconds have gone by.
    async fn scan(&mut self, path: &str) {
        let mut found = vec![path.to_owned()];
        let mut with_forms = Vec::new();
        while let Some(path) = found.pop() {
            let bare = path.split('#').next().unwrap_or_default().to_owned();
            if !self.count.pages.insert(bare.clone()) {
                continue;
            }
            let Some(page) = self.fetch(&bare).await else { continue };
            found.extend(forms::links(self.house, &page));
            with_forms.push((bare, page));
        }
        self.house.clock.advance(AT_ONCE);
        for (path, page) in &with_forms {
            self.send_all(path, page).await;
        }
        self.house.clock.advance(PAUSE);
    }
}

/// The first mail of each order that has one of a stage.
fn mails_of(house: &House) -> Vec<Captured> {
    let mut mails: Vec<_> = house.messages().into_iter().filter(|one| one.eml.is_some()).collect();
    let wanted = wanted();
    assert!(mails.len() >= wanted, "{} mails", mails.len());
    // The questions how it went come last, and must be among them.
    let late = mails.split_off(mails.len() - wanted / 2);
    mails.truncate(wanted - late.len());
    mails.extend(late);
    mails
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_that_click_everything_change_nothing() {
    let db = Db::sqlite().await;
    let house = House::new(&db).await;
    weeks(&house).await;
    let mails = mails_of(&house);
    let stages: BTreeSet<_> = mails.iter().map(|mail| mail.entry.stage).collect();
    let kinds: BTreeSet<_> = mails.iter().map(|m| (m.entry.order.brand(), m.entry.locale.clone())).collect();
    assert!(stages.len() >= 12 && kinds.len() >= 8, "{stages:?} {kinds:?}");
    let before = dump(&db).await;
    let mut scanner = Scanner { house: &house, count: Count::default() };
    for mail in &mails {
        for link in links(mail) {
            let Some(path) = house.own(&link) else {
                assert!(
                    link.starts_with("https://") || link.starts_with("mailto:") || link.starts_with("tel:"),
                    "{link}"
                );
                continue;
            };
            if scanner.count.pages.contains(path) {
                scanner.fetch(path).await;
            } else {
                scanner.scan(path).await;
            }
        }
    }
    visited_by_a_browser(&house, &mails).await;
    house.counts.write(&db.store).await.expect("the store takes it");
    assert_eq!(changes(&before, &dump(&db).await), [""; 0], "{:?}", scanner.count.answers);
    assert!(db.count("select count(*) from content_counts").await > 0, "harmless views are counted");
    let Count { fetched, sent, pages, answers } = scanner.count;
    eprintln!("{} mails, {} pages, {fetched} fetched, {sent} forms sent: {answers:?}", mails.len(), pages.len());
    assert!(sent >= 2 * mails.len() && pages.len() >= mails.len(), "{sent} forms, {} pages", pages.len());
    // What held them off is that they were quick, and nothing else.
    assert_eq!(answers.keys().copied().collect::<Vec<_>>(), [409]);
    people_are_heard(&db, &house, &mails).await;
    db.end().await;
}

/// A real browser that presses every button it sees.
async fn visited_by_a_browser(house: &House, mails: &[Captured]) {
    let mut browser = block_in_place(Browser::start);
    let mut seen = BTreeSet::new();
    for mail in mails.iter().rev().step_by(VISITED_OF) {
        let own: Vec<_> = links(mail).iter().filter_map(|link| house.here(link)).collect();
        for link in own.iter().filter(|link| !link.contains("/c/") && seen.insert((*link).clone())) {
            block_in_place(|| browser.open(link));
            let all = "[...document.querySelectorAll('form')].filter(f => f.querySelector('button')).length";
            let forms = block_in_place(|| browser.eval(all)).as_u64().expect("a number");
            for place in 0..forms {
                block_in_place(|| browser.open(link));
                house.clock.advance(AT_ONCE);
                block_in_place(|| browser.eval(&forms::fill_and_press(place)));
                block_in_place(|| browser.until("window.stays === undefined && document.readyState === 'complete'"));
            }
            block_in_place(|| {
                browser
                    .eval("document.querySelectorAll('button, summary, [onclick]').forEach(e => e.form || e.click())")
            });
            house.clock.advance(PAUSE);
        }
    }
    assert!(seen.len() >= mails.len() / VISITED_OF, "{} pages", seen.len());
}

/// The same forms, filled in the same way by somebody who takes three seconds: each of them counts.
async fn people_are_heard(db: &Db, house: &House, mails: &[Captured]) {
    let asked =
        mails.iter().rev().find(|mail| links(mail).iter().any(|link| link.contains("csat=1"))).expect("a question");
    let order: &OrderKey = &asked.entry.order;
    let before = dump(db).await;
    let rating = links(asked).into_iter().find(|link| link.contains("csat=1")).expect("a link");
    let page = rating.split("/rating").next().expect("a page").to_owned();
    let wishes = links(asked).into_iter().find(|link| link.contains("/u/")).expect("a link");
    for url in [rating.clone(), format!("{page}/problem"), format!("{page}/return"), wishes] {
        let path = house.own(&url).expect("an address of this house");
        let html = house.client.get(path).await.text();
        let all: Vec<Form> = forms::of(path, &html);
        assert!(!all.is_empty(), "{path}");
        house.clock.advance(SignedDuration::from_secs(3));
        for form in all {
            let status = form.send(house, Manner::Everything).await.status;
            assert!(matches!(status, 200 | 303), "{path}: {status}");
        }
        house.clock.advance(PAUSE);
    }
    let after = dump(db).await;
    let changed: Vec<_> =
        changes(&before, &after).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    for table in ["ratings", "cases", "returns", "submitted", "case_words", "outcomes", "codes"] {
        assert!(changed.iter().any(|own| own == table), "{table}: {changed:?}");
    }
    assert!(changed.iter().any(|own| own == "wishes" || own == "preferences"), "{changed:?}");
    assert!(!db.store.ratings_of(order).await.expect("an answer").is_empty());
}
