//! The pages in a real browser: nothing that shuts people out, light and dark, on a phone and a desktop, in four languages, and
//! without any JavaScript of ours.

use doorstep::domain::listen::sending_back::Decision;
use doorstep::domain::person::Pii;
use doorstep::store::listen::cases::Act;
use doorstep::store::ops::Audit;
use jiff::SignedDuration;
use uuid::Uuid;

use super::{Site, picture};
use crate::ops::browser::Browser;
use crate::store::world::{Db, order_key};

async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the browser's part goes well")
}

/// An order with a rating, an answered case with a picture, a solved one, and returns that are decided and that wait.
async fn story(db: &Db, site: &Site, id: &str, locale: &str) -> String {
    let page = site.delivered(id, locale).await;
    site.fill(db, &format!("{page}/rating"), &[("csat", "4"), ("nps", "9"), ("nps_words", "Lovely.")]).await;
    site.tell(db, &page, "damaged", "The lid is broken.\nThe rest is fine.", &[&picture(80)]).await;
    db.advance(60);
    site.tell(db, &page, "missing_item", "No lamp.", &[]).await;
    let cases = db.store.cases_of(&order_key(id)).await.unwrap();
    for (case, solves) in [(&cases[0], false), (&cases[1], true)] {
        let text = Pii::new("We are sorry. A new one is on its way.".to_owned());
        let act = Act::Answer { text, author: "ola".into(), solves };
        db.store.act_on_case(case.id, Uuid::new_v4(), act, None, None).await.unwrap();
    }
    for (reason, decide) in [("faulty", true), ("does_not_fit", false)] {
        let fields = [("qty.0.L1", "1"), ("reason", reason), ("wish", "refund"), ("words", "Please.")];
        site.fill(db, &format!("{page}/return"), &fields).await;
        let one = db.store.returns_of(&order_key(id)).await.unwrap().into_iter().find(|one| one.decided.is_none());
        if decide {
            let words = Pii::new("Send it to Quay 1, Gdynia.".to_owned());
            let audit = Audit { person: "ola".into(), action: "return decided", ..Audit::default() };
            db.store.decide_return(one.unwrap().id, Decision::Approved, Some(&words), audit, None).await.unwrap();
        }
        db.advance(60);
    }
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_for_everybody_in_every_language() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    let mut pages = Vec::new();
    for locale in ["en", "pl", "uk", "pt-BR"] {
        pages.push((locale, story(&db, &site, &format!("HG-{locale}"), locale).await));
    }
    let low = site.delivered("HG-low", "en").await;
    site.fill(&db, &format!("{low}/rating"), &[("csat", "1")]).await;
    pages.push(("low", low));
    let base = format!("http://localhost:{}", site.client.addr.port());
    let found = beside(move || {
        let mut browser = Browser::start();
        let mut found = Vec::new();
        for (locale, page) in pages {
            let looks: &[(u32, &str)] = if locale == "en" {
                &[(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")]
            } else {
                &[(320, "light"), (1280, "dark")]
            };
            for path in ["rating?csat=4", "rating?thanks", "problem?sent", "return?sent"] {
                browser.open(&format!("{base}{page}/{path}"));
                for (width, scheme) in looks {
                    browser.look_as(*width, scheme);
                    let at = format!("care.{locale}.{}.{width}.{scheme}", path.replace(['?', '='], "-"));
                    found.extend(browser.axe().into_iter().map(|line| format!("{at}: {line}")));
                    let wide = browser.eval("document.documentElement.scrollWidth").as_u64().unwrap();
                    if wide > u64::from(*width) {
                        found.push(format!("{at}: {wide} wide"));
                    }
                    browser.picture(&at);
                }
            }
        }
        found
    })
    .await;
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    db.end().await;
}

/// A customer rates, reports and asks for a return by pressing what is there, with JavaScript switched off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_rates_reports_and_returns_without_scripts() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    let page = site.delivered("HG-1", "en").await;
    let base = format!("http://localhost:{}{page}", site.client.addr.port());
    let clock = db.clock.clone();
    let said = beside(move || {
        let mut browser = Browser::start();
        let wait = || clock.advance(SignedDuration::from_secs(5));
        browser.open(&format!("{base}/rating?csat=2"));
        assert_eq!(browser.eval("document.querySelectorAll('script').length"), 0);
        browser.eval("document.querySelector('#nps-7').click()");
        wait();
        browser.press_to_leave("main form button");
        let thanks = browser.eval("document.body.innerText");
        browser.open(&format!("{base}/problem"));
        browser.eval("document.querySelector('#sort-damaged').click()");
        browser.fill("#words", "The lid is broken.");
        wait();
        browser.press_to_leave("form[enctype] button");
        let problem = browser.eval("document.body.innerText");
        browser.open(&format!("{base}/return"));
        browser.fill("#item-0", "1");
        browser
            .eval("document.querySelector('#reason-faulty').click(); document.querySelector('#wish-refund').click()");
        wait();
        browser.press_to_leave("main form button");
        let back = browser.eval("document.body.innerText");
        [thanks, problem, back].map(|text| text.as_str().unwrap().to_owned())
    })
    .await;
    let [thanks, problem, back] = said;
    assert!(thanks.contains("Thank you") && thanks.contains("opened a case"), "{thanks}");
    assert!(problem.contains("Thank you, we have it") && problem.contains("The lid is broken."), "{problem}");
    assert!(back.contains("has your request") && back.contains("1 × Harbour mug"), "{back}");
    let ratings = db.store.ratings_of(&order_key("HG-1")).await.unwrap();
    let scores: Vec<u8> = ratings[0].answers.iter().map(|answer| answer.score).collect();
    assert_eq!(scores, [2, 7]);
    assert_eq!(db.store.cases_of(&order_key("HG-1")).await.unwrap().len(), 2);
    db.end().await;
}
