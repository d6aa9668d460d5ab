//! Those who mean no good, and machines that mean nothing at all: scanners, guessed addresses, markup in words.

use doorstep::link::Reader;
use jiff::SignedDuration;
use serde_json::json;

use super::{FORM, Site, event, multipart, on_both, picture, stamp_of, told};
use crate::store::world::{Db, order_key};

on_both!(
    a_scanner_that_sends_every_form_at_once_counts_for_nothing,
    what_stood_in_a_form_that_came_too_late_stands_in_it_again,
    what_opens_nothing_answers_alike,
);

/// Opens everything, presses everything within two seconds: 0 ratings, 0 cases, 0 returns, 0 events.
async fn a_scanner_that_sends_every_form_at_once_counts_for_nothing(db: &Db) {
    let site = Site::new(db).await;
    for n in 0..25 {
        let page = site.delivered(&format!("A{n}"), "en").await;
        for csat in 1..=5 {
            site.get(&format!("{page}/rating?csat={csat}")).await;
        }
        let rating = format!("{page}/rating");
        let stamp = stamp_of(&site.get(&rating).await, &rating);
        db.clock.advance(SignedDuration::from_millis(1_900));
        let answer = site.post(&format!("{rating}?csat=1"), &[("stamp", &stamp), ("csat", "1"), ("nps", "0")]).await;
        assert_eq!(answer.status, 409);
        let shown = answer.text();
        assert!(shown.contains("press the button once more") && shown.contains("value=\"1\" checked"), "{shown}");

        let problem = format!("{page}/problem");
        let stamp = stamp_of(&site.get(&problem).await, &problem);
        assert_eq!(site.send(&problem, &stamp, "damaged", "x", &[]).await.status, 409);
        let back = format!("{page}/return");
        let stamp = stamp_of(&site.get(&back).await, &back);
        let fields = [("stamp", stamp.as_str()), ("qty.0.L1", "1"), ("reason", "other"), ("wish", "refund")];
        assert_eq!(site.post(&back, &fields).await.status, 409);
        // The forms of one address are counted: the scanner has to go slowly, too.
        db.clock.advance(SignedDuration::from_secs(10));
    }
    for table in ["ratings", "cases", "returns", "submitted", "case_words"] {
        assert_eq!(db.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert!(told(db).await.is_empty());
    // The person who presses once more is heard.
    let page = site.delivered("B1", "en").await;
    assert_eq!(site.fill(db, &format!("{page}/rating"), &[("csat", "5")]).await.status, 303);
}

/// A page that was left open for two days: its forms are shown again with all that was written, and taken then.
async fn what_stood_in_a_form_that_came_too_late_stands_in_it_again(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let [rating, problem, back] = ["rating", "problem", "return"].map(|form| format!("{page}/{form}"));
    assert_eq!(site.tell(db, &page, "damaged", "The lid is broken.", &[]).await.status, 303);
    let open = site.get(&problem).await;
    let case = open.split("id=\"case-").nth(1).and_then(|rest| rest.split('"').next()).expect("a case").to_owned();
    let case = format!("{problem}/{case}");
    let stamps =
        [(&rating, site.get(&rating).await), (&problem, open.clone()), (&back, site.get(&back).await), (&case, open)];
    let [rated, told, returned, said] = stamps.map(|(path, page)| stamp_of(&page, path));
    db.clock.advance(SignedDuration::from_hours(49));
    let fields = [("stamp", rated.as_str()), ("csat", "2"), ("csat_words", "It came <late>.")];
    let late = site.post(&rating, &fields).await;
    assert_eq!(late.status, 409);
    let shown = late.text();
    assert!(shown.contains("value=\"2\" checked") && shown.contains("It came &lt;late&gt;."), "{shown}");
    let late = site.send(&problem, &told, "missing_item", "One cup is missing.", &[&picture(40)]).await;
    assert_eq!(late.status, 409);
    let shown = late.text();
    assert!(
        shown.contains("value=\"missing_item\" checked") && shown.contains(">One cup is missing.</textarea>"),
        "{shown}"
    );
    let late = site.post(&case, &[("stamp", &said), ("words", "And the saucer.")]).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains(">And the saucer.</textarea>"), "{}", late.text());
    let fields = [
        ("stamp", returned.as_str()),
        ("qty.0.L1", "1"),
        ("reason", "other"),
        ("wish", "refund"),
        ("words", "Too small."),
    ];
    let late = site.post(&back, &fields).await;
    assert_eq!(late.status, 409);
    let shown = late.text();
    assert!(shown.contains(">Too small.</textarea>") && shown.contains("value=\"refund\" checked"), "{shown}");
    assert_eq!(db.count("select count(*) from case_words").await, 1, "nothing of it was kept");
    let stamp = stamp_of(&shown, &back);
    db.clock.advance(SignedDuration::from_secs(5));
    let fields = [&[("stamp", stamp.as_str())], &fields[1..]].concat();
    assert_eq!(site.post(&back, &fields).await.status, 303);
}

async fn what_opens_nothing_answers_alike(db: &Db) {
    let site = Site::new(db).await;
    let good = site.delivered("A1", "en").await;
    let shared = site.page("A1", Reader::Shared, 0);
    let revoked = site.page("A1", Reader::Customer, 3);
    let erased = site.page("Z9", Reader::Customer, 0);
    let mut changed = good.clone();
    changed.pop();
    let bad =
        ["/t/x".to_owned(), "/t/%00".to_owned(), shared, revoked, erased, changed, format!("/t/{}", "A".repeat(400))];
    for part in ["rating", "problem", "return"] {
        let mut seen = Vec::new();
        for page in &bad {
            let path = format!("{page}/{part}");
            let got = site.client.get(&path).await;
            let (head, body) = multipart(&[("stamp", "x")], &[]);
            let posted = if part == "problem" {
                site.client.post(&path, &[("content-type", head.as_str())], &body).await
            } else {
                site.client.post(&path, &[FORM], b"stamp=x&csat=1").await
            };
            assert_eq!((got.status, posted.status), (404, 404), "{path}");
            seen.extend([got.text(), posted.text()]);
        }
        seen.dedup();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        assert_eq!(site.client.get(&format!("{good}/{part}")).await.status, 200);
    }
    // Sixty days after the last scan, and a person's own link is dead after a revocation.
    site.feed(&[event("order.updated", "A1", 0, json!({"order": {"id": "A1", "link_generation": 3}}))]).await;
    db.clock.advance(SignedDuration::from_hours(1));
    let fresh = site.page("A1", Reader::Customer, 3);
    let statuses = async || {
        let old = site.client.get(&format!("{good}/rating")).await.status;
        (old, site.client.get(&format!("{fresh}/rating")).await.status)
    };
    assert_eq!(statuses().await, (404, 200));
    db.clock.advance(SignedDuration::from_hours(60 * 24));
    assert_eq!(statuses().await, (404, 404));
}

/// Markup in everything that a stranger can write is text on the page; headers let nothing foreign in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_words() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    let evil =
        "<script>alert(1)</script><img src=x onerror=alert(2)> \" onfocus=\"alert(3) {{order}} javascript:alert(4)";
    let page = site.order("A1", "en", evil, true).await;
    site.tell(&db, &page, "other", evil, &[]).await;
    site.fill(&db, &format!("{page}/rating"), &[("csat", "5"), ("csat_words", evil)]).await;
    let fields = [("reason", "other"), ("wish", "refund"), ("words", evil), ("qty.0.L1", "1")];
    assert_eq!(site.fill(&db, &format!("{page}/return"), &fields).await.status, 303);
    for path in ["problem", "rating", "return", "rating?thanks", "rating?csat=%3Cscript%3Ealert(1)%3C%2Fscript%3E"] {
        let answer = site.client.get(&format!("{page}/{path}")).await;
        let html = answer.text();
        assert!(!html.contains("<script") && !html.contains("<img"), "{path}: {html}");
        assert!(!html.contains("\" onfocus"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; img-src 'self'; style-src 'nonce-"), "{policy}");
        assert!(policy.ends_with("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"));
        assert_eq!(answer.header("x-robots-tag"), Some("noindex"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(html.matches("https://").count(), 0, "no third party: {html}");
    }
    assert!(site.get(&format!("{page}/problem")).await.contains("&lt;script&gt;alert(1)"), "shown as it was written");
    let long = "x".repeat(20_000);
    let rating = format!("{page}/rating");
    assert_eq!(site.fill(&db, &rating, &[("csat", "5"), ("csat_words", &long)]).await.status, 400, "16 KiB");
    let foreign = site.client.post(&rating, &[FORM, ("origin", "https://evil.example")], b"csat=1").await;
    assert_eq!(foreign.status, 403);
    assert_eq!(db.store.ratings_of(&order_key("A1")).await.unwrap().len(), 1);
    db.end().await;
}
