//! The page of wishes: what a scanner cannot do, what a person can, and how it looks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use doorstep::channel::sms;
use doorstep::clock::Clock;
use doorstep::consent::settings::Settings;
use doorstep::dispatch::speaker::Speaker;
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::topic::Topic;
use doorstep::link::{Links, OptOut};
use doorstep::store::rows::Consent;
use doorstep::voice::Voice;
use doorstep::voice::brand::Source;
use doorstep::web::form::Forms;
use doorstep::web::peer::Networks;
use doorstep::web::wishes::Wishes;
use doorstep::web::{Settings as WebSettings, server};
use jiff::SignedDuration;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{START, paid, parcel, policy};
use crate::door::client::{Answer, Client};
use crate::ops::browser::Browser;
use crate::store::world::Db;
use crate::world::{Plan, World};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

/// A world with the page of wishes, whose codes are kept in a folder.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) client: Client,
    pub(crate) links: Links,
    codes: tempfile::TempDir,
    stop: CancellationToken,
}

fn voice() -> Voice {
    let brand = toml::from_str(include_str!("../../../examples/harbour.toml")).expect("the sample brand is right");
    Voice::load(&[Source::plain(BrandId::new("harbour"), brand)]).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn contact() -> ContactKey {
    ContactKey::new(Channel::Email, "1@example.org")
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::of(World::new(START, policy()).await).await
    }

    async fn of(world: World) -> Self {
        let links = Links::new("http://localhost:1", &["a secret of this test".into()]).expect("links");
        let forms = Forms::new(links.clone(), world.clock.clone(), Networks::default());
        let voice = Arc::new(ArcSwap::from_pointee(voice()));
        let speaker = Speaker { voice, default_brand: BrandId::new("harbour"), links: None };
        let codes = tempfile::tempdir().expect("a folder");
        let sender = json!({"transport": "capture", "dir": codes.path()});
        let sender = serde_json::from_value(sender).expect("settings");
        let sender = sms::Sender::new(&sender, Clock::database()).expect("a sender");
        let wishes = Wishes::new(world.store.clone(), forms, speaker, sender, &Settings::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = Client { addr: listener.local_addr().expect("its address") };
        let stop = CancellationToken::new();
        let ended = stop.clone();
        tokio::spawn(async move {
            server::serve(listener, wishes.routes(), &WebSettings::default(), ended, Duration::from_secs(1)).await;
        });
        Self { world, client, links, codes, stop }
    }

    pub(crate) fn path(&self, locale: &str) -> String {
        let who = OptOut { contact: contact(), brand: BrandId::new("harbour"), locale: locale.to_owned() };
        self.links.opt_out_url(&who).strip_prefix("http://localhost:1").expect("our address").to_owned()
    }

    /// Opens the page, waits as a person does, and sends one of its forms.
    async fn send(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let path = self.path("en");
        let page = self.client.get(&path).await.text();
        self.world.clock.advance(SignedDuration::from_secs(3));
        self.post(&format!("{path}/{action}"), &stamp_of(&page, action), fields).await
    }

    async fn post(&self, path: &str, stamp: &str, fields: &[(&str, &str)]) -> Answer {
        let field = |(name, value): &(&str, &str)| format!("&{name}={}", value.replace('+', "%2B"));
        let body = format!("stamp={stamp}{}", fields.iter().map(field).collect::<String>());
        self.client.post(path, &[FORM, OURS], body.as_bytes()).await
    }

    async fn known(&self) -> Consent {
        self.world.store.consents(&[contact()]).await.expect("an answer").remove(0)
    }

    async fn may(&self, channel: Channel) -> Vec<Topic> {
        let known = self.known().await;
        let allows = |topic: &Topic| known.allows(&BrandId::new("harbour"), channel, *topic);
        Topic::ALL.into_iter().filter(allows).collect()
    }

    fn number(known: &Consent) -> Option<&str> {
        known.chosen_for(&BrandId::new("harbour"))?.number.as_ref().map(|number| number.expose().as_str())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The stamp of the form that is sent to `…/action`.
fn stamp_of(page: &str, action: &str) -> String {
    let form = page.split("<form").find(|form| form.contains(&format!("/{action}\""))).expect("the form is there");
    let stamp = form.split("name=\"stamp\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    stamp.expect("a stamp").to_owned()
}

/// The newest code that was sent.
fn code_in(folder: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file")).collect();
    files.sort_by_key(|file| file.metadata().and_then(|file| file.modified()).expect("a time"));
    let text = std::fs::read_to_string(files.last().expect("a text was sent").path()).expect("words");
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6);
    digits.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_program_opts_out_with_one_click_and_reading_changes_nothing() {
    let site = Site::new().await;
    let path = site.path("pl");
    for method in ["GET", "HEAD"] {
        for action in ["", "/wishes", "/stop", "/number", "/code", "/forget"] {
            site.client.ask(method, &format!("{path}{action}"), &[], b"").await;
        }
    }
    let page = site.client.get(&path).await.text();
    assert!(page.contains("lang=\"pl\"") && page.contains("Zapisz"), "{page}");
    assert_eq!(site.client.post(&path, &[FORM], b"something=else").await.status, 400);
    assert_eq!(site.client.post(&path, &[FORM], b"List-Unsubscribe=One-Click&x=1").await.status, 400);
    assert_eq!(site.may(Channel::Email).await, Topic::ALL);

    // As a mail program posts it: from another site, with no cookies, at once.
    let stopped = site.client.post(&path, &[FORM], b"List-Unsubscribe=One-Click").await;
    assert_eq!(stopped.status, 200);
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary]);
    for fact in [paid("1"), parcel("1", "shipment.shipped", "2026-11-02T09:00:01Z")] {
        site.world.feed(&[fact]).await;
        site.world.drain().await;
    }
    let mails = site.world.taken().into_iter().filter(|taken| taken.entry.channel == Channel::Email);
    assert_eq!(mails.map(|mail| mail.entry.stage.as_str()).collect::<Vec<_>>(), ["confirmed"]);
}

/// RFC 8058, section 3.2: a mail program should send `multipart/form-data`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_click_may_come_in_parts() {
    let site = Site::new().await;
    let path = site.path("pl");
    let parts = [("content-type", "Multipart/form-data; boundary=\"--FormBoundaryjWmhtjORrn\"")];
    let body = |name: &str, value: &str, more: &str| {
        let part =
            format!("----FormBoundaryjWmhtjORrn\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        format!("{part}{more}----FormBoundaryjWmhtjORrn--\r\n").into_bytes()
    };
    let other = "----FormBoundaryjWmhtjORrn\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n";
    for wrong in [
        body("List-Unsubscribe", "Two-Clicks", ""),
        body("Something", "One-Click", ""),
        body("List-Unsubscribe", "One-Click", other),
        b"----FormBoundaryjWmhtjORrn\r\n".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(site.client.post(&path, &parts, &wrong).await.status, 400);
    }
    assert_eq!(site.may(Channel::Email).await, Topic::ALL);
    assert_eq!(site.client.post(&path, &parts, &body("List-Unsubscribe", "One-Click", "")).await.status, 200);
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_address_of_ours_looks_like_any_other() {
    let site = Site::new().await;
    let path = site.path("en");
    let last = if path.ends_with('A') { 'B' } else { 'A' };
    let forged = format!("{}{last}", &path[..path.len() - 1]);
    let body = |text: String| text.split("<style").next().unwrap_or_default().to_owned();
    let pages = [site.client.get("/u/AAAA").await, site.client.get(&forged).await];
    assert!(pages.iter().all(|page| page.status == 404));
    assert_eq!(body(pages[0].text()), body(pages[1].text()));
    for action in ["wishes", "stop", "number", "code", "forget"] {
        assert_eq!(site.post(&format!("{forged}/{action}"), "x", &[]).await.status, 404);
    }
    assert_eq!(site.client.post(&forged, &[FORM], b"List-Unsubscribe=One-Click").await.status, 404);
}

/// A scanner that follows every link and sends every form it finds, all within two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scanner_that_sends_forms_changes_nothing() {
    let site = Site::new().await;
    let path = site.path("en");
    let before = site.known().await;
    let page = site.client.get(&path).await.text();
    site.world.clock.advance(SignedDuration::from_millis(1_900));
    for action in ["wishes", "stop", "number"] {
        let answer =
            site.post(&format!("{path}/{action}"), &stamp_of(&page, action), &[("number", "+48500500501")]).await;
        assert_eq!(answer.status, 409, "{action}");
        assert!(answer.text().contains("press once more"));
    }
    // Later, with a stamp of another form, from another site, or with none.
    site.world.clock.advance(SignedDuration::from_secs(10));
    let wrong = site.post(&format!("{path}/stop"), &stamp_of(&page, "wishes"), &[]).await;
    assert_eq!(wrong.status, 403);
    let stamp = format!("stamp={}", stamp_of(&page, "stop"));
    let foreign = [FORM, ("sec-fetch-site", "cross-site")];
    assert_eq!(site.client.post(&format!("{path}/stop"), &foreign, stamp.as_bytes()).await.status, 403);
    assert_eq!(site.post(&format!("{path}/stop"), "", &[]).await.status, 403);
    let big = format!("{stamp}&x={}", "x".repeat(20_000));
    assert_eq!(site.client.post(&format!("{path}/stop"), &[FORM, OURS], big.as_bytes()).await.status, 400);
    assert_eq!(site.known().await, before);
    assert_eq!(std::fs::read_dir(site.codes.path()).expect("a folder").count(), 0, "no code was sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_chooses_topics_by_channel_and_a_language() {
    let site = Site::new().await;
    let fields = [("email.delay", "on"), ("email.content", "on"), ("sms.necessary", "on"), ("language", "uk")];
    let saved = site.send("wishes", &fields).await;
    assert_eq!(saved.status, 200);
    assert!(saved.text().contains("lang=\"uk\""), "the page answers in the chosen language");
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary, Topic::Delay, Topic::Content]);
    assert_eq!(site.may(Channel::Sms).await, [Topic::Necessary, Topic::Content], "tips are never texts");
    site.world.feed(&[paid("1")]).await;
    site.world.drain().await;
    assert_eq!(site.world.taken()[0].entry.locale, "uk");

    // The necessary cannot be switched off by e-mail, whatever is posted; and all can be had back.
    let all = [("email.progress", "on"), ("sms.progress", "on"), ("sms.feedback", "on"), ("language", "xx")];
    site.send("wishes", &all).await;
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary, Topic::Progress]);
    site.send("stop", &[]).await;
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary]);
    assert_eq!(site.may(Channel::Sms).await, [Topic::Necessary]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_number_that_was_confirmed_is_texted() {
    let site = Site::new().await;
    assert!(site.send("number", &[("number", "0500")]).await.text().contains("does not look like a number"));
    let sent = site.send("number", &[("number", "+48 500 500 777")]).await.text();
    assert!(sent.contains("ends in 777") && !sent.contains("500777"), "{sent}");
    let code = code_in(site.codes.path());
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(site.send("code", &[("code", wrong)]).await.text().contains("not the code"));
    assert_eq!(Site::number(&site.known().await), None);
    site.world.feed(&[paid("1")]).await;
    site.world.feed(&[parcel("1", "shipment.attempt_failed", "2026-11-02T09:00:02Z")]).await;
    site.world.drain().await;
    let texted = |site: &Site| -> Vec<String> {
        let texts = site.world.taken().into_iter().filter(|taken| taken.entry.channel == Channel::Sms);
        texts.map(|text| text.to.expose().clone()).collect()
    };
    assert_eq!(texted(&site), ["+48500500500"], "the number of the order, until the other is confirmed");

    let spaced = format!("{} {}", &code[..3], &code[3..]);
    assert!(site.send("code", &[("code", &spaced)]).await.text().contains("Thank you"));
    assert_eq!(Site::number(&site.known().await), Some("+48500500777"));
    site.world.feed(&[parcel("1", "shipment.out_for_delivery", "2026-11-02T09:00:03Z")]).await;
    site.world.drain().await;
    assert_eq!(texted(&site), ["+48500500500", "+48500500777"]);
    assert!(site.send("forget", &[]).await.text().contains("forgotten the number"));
    assert_eq!(Site::number(&site.known().await), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_has_few_tries_and_a_short_life_and_nobody_gets_many() {
    let site = Site::new().await;
    site.send("number", &[("number", "+48500500777")]).await;
    let code = code_in(site.codes.path());
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let store = &site.world.store;
    let brand = BrandId::new("harbour");
    for _ in 0..5 {
        store.confirm_number(contact(), &brand, wrong).await.expect("an answer");
    }
    store.confirm_number(contact(), &brand, &code).await.expect("an answer");
    assert_eq!(Site::number(&site.known().await), None, "the right code after five wrong ones is too late");
    site.send("number", &[("number", "+48500500777")]).await;
    let code = code_in(site.codes.path());
    site.world.clock.advance(SignedDuration::from_mins(11));
    store.confirm_number(contact(), &brand, &code).await.expect("an answer");
    assert_eq!(Site::number(&site.known().await), None, "after eleven minutes");
    for _ in 0..3 {
        site.send("number", &[("number", "+48500500777")]).await;
    }
    assert!(site.send("number", &[("number", "+48500500777")]).await.text().contains("try again tomorrow"));
    assert_eq!(std::fs::read_dir(site.codes.path()).expect("a folder").count(), 5);
    // Another person who names the same number does not make it ring either.
    let other = ContactKey::new(Channel::Email, "other@example.org");
    assert!(!store.expect_code(other, &brand, "+48500500777", "123456", (10, 5)).await.expect("an answer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_works_on_postgres_as_well() {
    let db = Db::postgres_empty().await;
    let (plan, mails, texts) = Plan::captured(START, policy());
    let mut world = World::planned(Plan { url: Some(db.settings.url.clone()), ..plan }).await;
    world.captures = Some((mails, texts));
    let site = Site::of(world).await;
    site.send("wishes", &[("email.delay", "on"), ("language", "uk")]).await;
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary, Topic::Delay]);
    site.send("number", &[("number", "+48500500777")]).await;
    let code = code_in(site.codes.path());
    site.send("code", &[("code", &code)]).await;
    assert_eq!(Site::number(&site.known().await), Some("+48500500777"));
    site.send("stop", &[]).await;
    assert_eq!(site.may(Channel::Email).await, [Topic::Necessary]);
    site.world.store.close().await;
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_for_everybody_in_four_languages() {
    let site = Site::new().await;
    site.send("number", &[("number", "+48500500777")]).await;
    let base = format!("http://localhost:{}", site.client.addr.port());
    let paths = ["en", "pl", "uk", "pt-BR"].map(|locale| (locale, format!("{base}{}", site.path(locale))));
    let found = tokio::task::spawn_blocking(move || {
        let mut browser = Browser::start();
        let mut found = Vec::new();
        for (locale, url) in paths {
            browser.open(&url);
            assert_eq!(browser.eval("document.documentElement.lang"), locale);
            for (width, scheme) in [(1280, "light"), (1280, "dark"), (320, "light"), (320, "dark")] {
                browser.look_as(width, scheme);
                let at = format!("wishes.{locale}.{width}.{scheme}");
                found.extend(browser.axe().into_iter().map(|line| format!("{at}: {line}")));
                let wide = browser.eval("document.documentElement.scrollWidth").as_u64().expect("a width");
                if wide > u64::from(width) {
                    found.push(format!("{at}: {wide} wide"));
                }
                browser.picture(&at);
            }
        }
        found
    })
    .await
    .expect("the browser's part goes well");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// A person in a real browser, without JavaScript's help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_switches_a_topic_off_and_clicks_everything_else_away() {
    let site = Site::new().await;
    let base = format!("http://localhost:{}", site.client.addr.port());
    let (url, clock) = (format!("{base}{}", site.path("en")), site.world.clock.clone());
    tokio::task::spawn_blocking(move || {
        let mut browser = Browser::start();
        browser.open(&url);
        // Too fast: the page asks to press once more, and keeps everything as it was.
        browser.press_to_leave("button");
        browser.until("document.body.innerText.includes('press once more')");
        clock.advance(SignedDuration::from_secs(3));
        browser.eval("document.querySelector('input[name=\"email.progress\"]').click()");
        browser.press_to_leave("form[action$='/wishes'] button");
        browser.until("document.body.innerText.includes('Saved')");
        assert_eq!(browser.eval("document.querySelector('input[name=\"email.progress\"]').checked"), false);
    })
    .await
    .expect("the browser's part goes well");
    let expected = [Topic::Necessary, Topic::Delay, Topic::Feedback, Topic::Content];
    assert_eq!(site.may(Channel::Email).await, expected);
}
