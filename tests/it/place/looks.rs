//! The page in a real browser: in each language, light and dark, on a phone and a desktop, axe-core finds nothing.

use doorstep::link::Reader;
use serde_json::json;

use super::{Site, stories};
use crate::ops::browser::Browser;
use crate::store::world::Db;

/// Runs what a browser does beside the server.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the browser's part goes well")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    let base = format!("http://{}", site.client.addr);
    let mut pages = Vec::new();
    for (number, locale) in ["en", "pl", "uk", "pt-BR"].into_iter().enumerate() {
        for what in stories::ALL {
            let id = format!("A-{number}-{what}");
            stories::tell(&site, what, &id, locale).await;
            pages.push((format!("{what}.{locale}"), format!("{base}{}", site.path(&id, Reader::Customer, 0))));
        }
    }
    pages.push(("shared.en".to_owned(), format!("{base}{}", site.path("A-0-collect", Reader::Shared, 0))));
    pages.push(("nowhere".to_owned(), format!("{base}/t/nothing")));
    let found = beside(move || {
        let mut browser = Browser::start();
        let mut found = Vec::new();
        for (name, url) in pages {
            browser.open(&url);
            browser.eval("document.querySelectorAll('details').forEach(d => d.open = true)");
            let looks = [(1280, "light"), (320, "dark"), (1280, "dark"), (320, "light")];
            // Every look of each story in one language; in the others a bright desktop and a dark phone.
            let looks = if name.contains(".en") || name.starts_with("coming") { &looks[..] } else { &looks[..2] };
            for &(width, scheme) in looks {
                browser.look_as(width, scheme);
                let at = format!("{name}.{width}.{scheme}");
                found.extend(browser.axe().into_iter().map(|line| format!("{at}: {line}")));
                let wide = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
                if wide > u64::from(width) {
                    found.push(format!("{at}: {wide} wide"));
                }
                browser.picture(&at);
            }
        }
        found
    })
    .await;
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_follows_its_order_and_keeps_what_is_open() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    let url = format!("http://{}{}", site.client.addr, site.path("A-1", Reader::Customer, 0));
    let mut browser = beside(move || {
        let mut browser = Browser::start();
        browser.open(&url);
        assert_eq!(
            browser.eval("document.querySelector('h1').innerText"),
            json!("Arrives tomorrow, Tuesday 3 November")
        );
        browser.eval("window.stays = true; document.querySelector('#question-0').open = true");
        // The listener compares with the first look after it came: let one go by.
        browser.eval("new Promise(r => setTimeout(r, 2500))");
        browser
    })
    .await;
    site.feed(&[stories::scan("shipment.out_for_delivery", "A-1", "P1", 0, json!({ "location": "Gdańsk, PL" }))]).await;
    let mut browser = beside(move || {
        browser.until("document.querySelector('h1').innerText === 'Arrives today'");
        assert_eq!(browser.eval("window.stays"), json!(true), "the page was not loaded anew");
        assert_eq!(browser.eval("document.querySelector('#question-0').open"), json!(true));
        browser.until("document.querySelector('#fresh').textContent.startsWith('The page has just been')");
        browser
    })
    .await;
    // Whose link is revoked sees no more.
    site.feed(&[stories::event("order.updated", "A-1", 0, json!({ "order": { "id": "A-1", "link_generation": 1 } }))])
        .await;
    beside(move || browser.until("document.querySelector('h1').innerText === 'Nothing here'")).await;
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_says_everything_without_javascript_and_asks_nobody_else() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "collect", "A-1", "en").await;
    let url = format!("http://{}{}", site.client.addr, site.path("A-1", Reader::Customer, 0));
    beside(move || {
        let mut browser = Browser::start();
        browser.open(&url);
        let asked = "performance.getEntriesByType('resource').filter(e => !e.name.endsWith('/live')).length";
        assert_eq!(browser.eval(asked), json!(0));
        browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        browser.open(&url);
        assert_eq!(browser.eval("document.querySelector('.code').innerText"), json!("4917"));
        assert_eq!(browser.eval("[...document.querySelectorAll('button')].every(b => b.hidden)"), json!(true));
        // Each card's parts can be reached by the keyboard, in the order in which they are read.
        let order = "[...document.querySelectorAll('a[href], summary')].every(e => e.tabIndex === 0)";
        assert_eq!(browser.eval(order), json!(true));
        let headings = "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1]).reduce((ok, level, i, all) => ok && (i === 0 || level <= all[i - 1] + 1), true)";
        assert_eq!(browser.eval(headings), json!(true));
    })
    .await;
    db.end().await;
}
