//! The console in a real browser: nothing that shuts people out, light and dark, on a phone and a desktop; live, and without
//! JavaScript.

use jiff::SignedDuration;
use serde_json::json;

use super::browser::Browser;
use super::seed::{self, Seed};
use super::{PASSWORD, Site};
use crate::store::world::{Db, start};
use doorstep::domain::alert::Kind;

/// Runs what a browser does beside the server.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the browser's part goes well")
}

fn log_in(browser: &mut Browser, base: &str) {
    browser.open(&format!("{base}/ops"));
    browser.fill("#name", "ann");
    browser.fill("#password", PASSWORD);
    browser.press_to_leave("main form button");
    browser.until("document.querySelector('h1').innerText === 'Work list'");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    seed::morning(&db, &site).await;
    let case = super::caring::told(&db, "A-1001", 100).await;
    let case = format!("/ops/cases/{case}");
    let base = format!("http://localhost:{}", site.client.addr.port());
    let found = beside(move || {
        let mut browser = Browser::start();
        let mut found = Vec::new();
        let mut look = |browser: &mut Browser, name: &str| {
            for (width, scheme) in [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")] {
                browser.look_as(width, scheme);
                let at = format!("{name}.{width}.{scheme}");
                found.extend(browser.axe().into_iter().map(|line| format!("{at}: {line}")));
                let wide = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
                if wide > u64::from(width) {
                    found.push(format!("{at}: {wide} wide"));
                }
                browser.picture(&at);
            }
        };
        browser.open(&format!("{base}/ops/login"));
        look(&mut browser, "login");
        log_in(&mut browser, &base);
        let pages = [
            ("work", "/ops"),
            ("alerts", "/ops/alerts?kind=stalled&carrier=dhl&sort=value"),
            ("order", "/ops/orders/harbour/A-1001"),
            ("doubt", "/ops/doubt"),
            ("quarantine", "/ops/quarantine"),
            ("entry", "/ops/quarantine/1"),
            ("cases", "/ops/cases"),
            ("case", case.as_str()),
            ("returns", "/ops/returns"),
            ("voices", "/ops/voices"),
            ("lanes", "/ops/lanes"),
            ("audit", "/ops/audit"),
            ("found", "/ops/find?q=nothing"),
        ];
        for (name, path) in pages {
            browser.open(&format!("{base}{path}"));
            look(&mut browser, name);
        }
        browser.open(&format!("{base}/ops/orders/harbour/A-1001"));
        browser.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
        look(&mut browser, "order-open");
        found
    })
    .await;
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_follows_what_happens_and_takes_nothing_away() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    seed::morning(&db, &site).await;
    let base = format!("http://localhost:{}", site.client.addr.port());
    let page = base.clone();
    let mut browser = beside(move || {
        let mut browser = Browser::start();
        log_in(&mut browser, &page);
        browser.open(&format!("{page}/ops/orders/harbour/A-1001"));
        browser.until("document.querySelectorAll('#alerts .alert').length === 2");
        // Somebody reads further down, has something open, and stands on a link.
        browser.eval("document.querySelector('#alerts details').open = true; document.querySelector('#messages a, #alerts summary').focus()");
        browser.eval("window.before = document.activeElement.innerText; window.stays = true");
        browser
    })
    .await;
    // Another worker opens an alert, once this one listens.
    db.clock.advance(SignedDuration::from_mins(5));
    let shut = Seed { parcel: Some("S-1".into()), ..Seed::new("A-1001", Kind::CarrierDelay) };
    let mut browser = beside(move || {
        browser.until("performance.getEntriesByType('resource').length >= 0 && document.readyState === 'complete'");
        browser
    })
    .await;
    // The listener compares with the first look after it came: let one go by.
    let mut browser = beside(move || {
        browser.eval("new Promise(r => setTimeout(r, 2500))");
        browser
    })
    .await;
    shut.insert(&db).await;
    let mut browser = beside(move || {
        browser.until("document.querySelectorAll('#alerts .alert').length === 3");
        assert_eq!(browser.eval("window.stays"), json!(true), "the page was not loaded anew");
        assert_eq!(browser.eval("document.querySelectorAll('#alerts details[open]').length"), json!(1));
        assert_eq!(browser.eval("document.activeElement.innerText === window.before"), json!(true), "the focus stays");
        assert_eq!(
            browser.eval("document.getElementById('fresh').innerText.startsWith('Brought up to date')"),
            json!(true)
        );
        // Now somebody writes a reason; news must not take it away.
        browser.eval("const f = document.querySelector('#alerts input[name=why]'); f.focus(); f.value = 'half a sen'");
        browser
    })
    .await;
    Seed { parcel: Some("S-1".into()), ..Seed::new("A-1001", Kind::Exception) }.insert(&db).await;
    db.raw("update orders set version = version + 1").await;
    beside(move || {
        browser.until("document.getElementById('fresh').innerText.startsWith('There is news')");
        assert_eq!(browser.eval("document.querySelector('#alerts input[name=why]').value"), json!("half a sen"));
        browser.eval("document.activeElement.value = ''; document.activeElement.blur()");
        browser.until("document.querySelectorAll('#alerts .alert').length === 4");
    })
    .await;
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_without_javascript() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    seed::morning(&db, &site).await;
    let base = format!("http://localhost:{}", site.client.addr.port());
    beside(move || {
        let mut browser = Browser::start();
        browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        log_in(&mut browser, &base);
        browser.open(&format!("{base}/ops/orders/harbour/A-1001"));
        browser.press_to_leave("#alerts button[value=acknowledge]");
        browser.until("document.querySelector('.done').innerText.startsWith('Acknowledged')");
        browser.until("document.querySelector('#alerts .pill').innerText.includes('by ann')");
        browser.fill("#note", "called the hub");
        browser.press_to_leave("form[action$='/note'] button");
        browser.until("document.querySelector('#people .note').innerText === 'called the hub'");
        browser.press_to_leave("form[action$='/pause'] button");
        browser.until("document.querySelector('#top .pill.warn').innerText.length > 0");
        browser.open(&format!("{base}/ops"));
        browser.fill("#q", "jd0146 A1001");
        browser.press_to_leave("form.find button");
        browser.until("document.querySelector('h1').innerText === 'Order A-1001'");
    })
    .await;
    assert_eq!(
        db.count("select count(*) from ops_audit where person = 'ann' and order_key = 'harbour/A-1001'").await,
        3
    );
    let _ = start();
    db.end().await;
}
