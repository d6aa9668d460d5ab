//! A return that was asked for on the page is confirmed by one mail, to who asked, in their language; and by none where nobody may be
//! written to.

use doorstep::channel::capture::{Capture, Captured};
use doorstep::channel::{email, sms};
use doorstep::consent::forget;
use doorstep::dispatch::handoff::Handoff;
use doorstep::dispatch::journal::Journal;
use doorstep::dispatch::settings::Settings;
use doorstep::dispatch::speaker::Speaker;
use doorstep::dispatch::{Dispatcher, Parts, Senders};
use doorstep::domain::erase::{Named, Whom};
use doorstep::domain::id::BrandId;
use doorstep::domain::person::Role;
use doorstep::domain::stage::Stage;
use doorstep::feeds::QuietFeeds;
use doorstep::link::Reader;
use doorstep::store::Kind;
use jiff::SignedDuration;
use serde_json::json;

use super::{Site, event, on_both, stamp_of, told};
use crate::store::world::{Db, order_key};

on_both!(
    a_request_is_confirmed_once_in_each_language,
    who_received_a_present_is_told_of_their_own_request_alone,
    what_could_not_be_finished_is_finished_by_the_next_press,
    what_nobody_finishes_is_finished_by_a_worker,
    one_request_too_many_stays_one_too_many,
    nothing_is_kept_of_who_is_forgotten,
    who_is_forgotten_in_that_very_moment_is_forgotten,
);

const WISH: [(&str, &str); 3] = [("qty.0.L1", "2"), ("reason", "does_not_fit"), ("wish", "exchange")];

/// What sends the messages of a site, into memory.
struct Post {
    dispatcher: Dispatcher,
    mails: Capture,
}

impl Post {
    fn of(site: &Site, db: &Db) -> Self {
        let mails = Capture::memory();
        let speaker = Speaker {
            voice: std::sync::Arc::clone(&site.voice),
            default_brand: BrandId::new("harbour"),
            links: Some(site.links.clone()),
        };
        let dispatcher = Dispatcher::new(Parts {
            store: db.store.clone(),
            handoff: Handoff::new(100),
            policies: site.policies.clone(),
            composer: speaker.composer(),
            senders: Senders {
                email: email::Sender::Capture(mails.clone()),
                sms: sms::Sender::Capture(Capture::memory()),
            },
            hinge: site.facts.hinge.clone(),
            quiet_feeds: QuietFeeds::default(),
            settings: Settings::default(),
            tells_outcomes: false,
            journal: Journal::default(),
        });
        Self { dispatcher, mails }
    }

    /// Sends what is due, and answers with what was said of returns so far.
    async fn sent(&self) -> Vec<Captured> {
        while self.dispatcher.run_due().await.expect("the dispatcher runs") > 0 {}
        self.mails.taken().into_iter().filter(|one| one.entry.stage == Stage::ReturnRequested).collect()
    }
}

/// Opens the page, waits as a person does, and answers with its form's stamp.
async fn opened(site: &Site, db: &Db, path: &str) -> String {
    let stamp = stamp_of(&site.get(path).await, path);
    db.clock.advance(SignedDuration::from_secs(5));
    stamp
}

fn with(stamp: &str) -> Vec<(&str, &str)> {
    [&[("stamp", stamp)][..], &WISH].concat()
}

async fn a_request_is_confirmed_once_in_each_language(db: &Db) {
    let site = Site::new(db).await;
    let post = Post::of(&site, db);
    for (count, (locale, words)) in (1..).zip([
        (
            "en",
            [
                "Your request has reached us",
                "get",
                "exchange it",
                "We decide by Wednesday 4 November, 10:00 at the latest",
                "(Quantity 2)",
                "See your request:",
            ],
        ),
        (
            "pl",
            [
                "Twoja prośba do nas dotarła",
                "Harbour",
                "odesłać i wymienić",
                "Decyzja zapadnie najpóźniej: środa, 4 listopada, 10:00",
                "(Liczba sztuk: 2)",
                "Zobacz swoją prośbę:",
            ],
        ),
        (
            "uk",
            [
                "Ваш запит надійшов до нас",
                "Harbour",
                "повернути й обміняти",
                "Рішення буде не пізніше: середа, 4 листопада, 10:00",
                "(Кількість: 2)",
                "Переглянути запит:",
            ],
        ),
        (
            "pt-BR",
            [
                "Sua solicitação chegou até nós",
                "Harbour",
                "fazer uma troca",
                "Decidimos no máximo até quarta-feira, 4 de novembro, 10:00",
                "(Quantidade: 2)",
                "Ver a solicitação:",
            ],
        ),
    ]) {
        let id = format!("R-{locale}");
        let path = format!("{}/return", site.delivered(&id, locale).await);
        let stamp = opened(&site, db, &path).await;
        assert_eq!(site.post(&path, &with(&stamp)).await.status, 303);
        let again = site.post(&path, &with(&stamp)).await;
        assert_eq!((again.status, again.header("location")), (303, Some(format!("{path}?sent").as_str())), "a repeat");
        let sent = post.sent().await;
        assert_eq!(sent.len(), count, "{locale}: one mail for two presses");
        let text = &sent[count - 1].text;
        for word in words {
            assert!(text.contains(word), "{locale}: {word}: {text}");
        }
        assert!(text.contains(&format!("https://post.harbour.example{path}\n")), "{locale}: the button: {text}");
        assert!(
            text.contains("Harbour mug")
                && !text.contains("Storm lamp")
                && !text.contains("129.90")
                && !text.contains("129,90"),
            "{locale}: {text}"
        );
        assert_eq!(sent[count - 1].entry.order.order_str(), id);
    }
    assert_eq!(told(db).await, ["return.requested"; 4]);
    assert!(post.sent().await.len() == 4 && db.count("select count(*) from returns").await == 4);
}

async fn who_received_a_present_is_told_of_their_own_request_alone(db: &Db) {
    let site = Site::new(db).await;
    let post = Post::of(&site, db);
    site.delivered("G1", "en").await;
    let recipient = json!({ "name": "Zofia", "email": "zofia@mail.example", "locale": "pl" });
    site.feed(&[event("order.updated", "G1", 1, json!({ "order": { "id": "G1", "recipient": recipient } }))]).await;
    let theirs = format!("{}/return", site.page("G1", Reader::Recipient, 0));
    let stamp = opened(&site, db, &theirs).await;
    assert_eq!(site.post(&theirs, &with(&stamp)).await.status, 303);
    let sent = post.sent().await;
    assert_eq!(sent.iter().map(|one| one.entry.role).collect::<Vec<_>>(), [Role::Recipient]);
    assert!(sent[0].text.contains("odesłać i wymienić") && sent[0].text.contains(&theirs), "{}", sent[0].text);
    assert!(!sent[0].text.contains("129,90") && !sent[0].text.contains("EUR"), "no prices: {}", sent[0].text);

    let own = format!("{}/return", site.page("G1", Reader::Customer, 0));
    let stamp = opened(&site, db, &own).await;
    assert_eq!(site.post(&own, &with(&stamp)).await.status, 303);
    let roles: Vec<Role> = post.sent().await.iter().map(|one| one.entry.role).collect();
    assert_eq!(roles, [Role::Recipient, Role::Customer]);
}

async fn what_could_not_be_finished_is_finished_by_the_next_press(db: &Db) {
    let site = Site::new(db).await;
    let post = Post::of(&site, db);
    let path = format!("{}/return", site.delivered("H1", "en").await);
    let stamp = opened(&site, db, &path).await;
    // The row can be written and the fact cannot.
    db.raw("alter table inbox rename to inbox_away").await;
    let half = site.post(&path, &with(&stamp)).await;
    db.raw("alter table inbox_away rename to inbox").await;
    assert_eq!(half.status, 503, "{}", half.text());
    assert!(half.text().contains("press the button once more"), "{}", half.text());
    assert_eq!(post.sent().await.len(), 0);

    let kept = stamp_of(&half.text(), &path);
    assert_eq!(kept, stamp, "the same request, not another one");
    db.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(site.post(&path, &with(&kept)).await.status, 303);
    assert_eq!(post.sent().await.len(), 1);
    let held = db.store.returns_of(&order_key("H1")).await.unwrap();
    assert_eq!((held.len(), told(db).await), (1, vec!["return.requested".to_owned()]));
    // Said as it was asked for, not as late as it was told.
    assert!(post.sent().await[0].text.contains("We decide by Wednesday 4 November, 10:00 at the latest"));
}

async fn what_nobody_finishes_is_finished_by_a_worker(db: &Db) {
    let site = Site::new(db).await;
    let post = Post::of(&site, db);
    for (id, told_too) in [("W1", false), ("W2", true), ("W3", false)] {
        let path = format!("{}/return", site.delivered(id, "en").await);
        let stamp = opened(&site, db, &path).await;
        if !told_too {
            db.raw("alter table inbox rename to inbox_away").await;
        }
        let status = site.post(&path, &with(&stamp)).await.status;
        if !told_too {
            db.raw("alter table inbox_away rename to inbox").await;
        }
        assert_eq!(status, if told_too { 303 } else { 503 }, "{id}");
    }
    assert_eq!(post.sent().await.len(), 1);
    assert_eq!(site.facts.finish(&db.store).await.unwrap(), 0, "their pages may still be at it");
    db.clock.advance(SignedDuration::from_mins(5));
    forget(db, "W3@mail.example").await;
    assert_eq!(site.facts.finish(&db.store).await.unwrap(), 1);
    assert_eq!(site.facts.finish(&db.store).await.unwrap(), 0);
    let mut orders: Vec<String> = post.sent().await.iter().map(|one| one.entry.order.order_str().to_owned()).collect();
    orders.sort();
    assert_eq!(orders, ["W1", "W2"]);
}

async fn one_request_too_many_stays_one_too_many(db: &Db) {
    let site = Site::new(db).await;
    let path = format!("{}/return", site.delivered("M1", "en").await);
    for _ in 0..20 {
        assert_eq!(site.fill(db, &path, &WISH).await.status, 303);
    }
    let stamp = opened(&site, db, &path).await;
    for _ in 0..2 {
        let answer = site.post(&path, &with(&stamp)).await;
        assert_eq!(answer.status, 429, "a repeat of it is not said to have arrived");
        assert!(answer.text().contains("You have sent many requests"));
    }
    assert_eq!(Post::of(&site, db).sent().await.len(), 20);
}

async fn forget(db: &Db, mail: &str) {
    let whom = Whom { brand: None, named: Named::Email(mail.to_owned()) };
    let found = forget::find(&db.store, &whom).await.unwrap();
    forget::erase(&db.store, &whom, &found, "ola").await.unwrap();
}

async fn nothing_is_kept_of_who_is_forgotten(db: &Db) {
    let site = Site::new(db).await;
    let post = Post::of(&site, db);
    let path = format!("{}/return", site.delivered("F1", "en").await);
    let (stamp, late) = (opened(&site, db, &path).await, opened(&site, db, &path).await);
    assert_eq!(site.post(&path, &with(&stamp)).await.status, 303);
    forget(db, "F1@mail.example").await;
    assert_eq!(post.sent().await.len(), 0, "planned, and taken back");
    for stamp in [stamp, late] {
        assert_eq!(site.post(&path, &with(&stamp)).await.status, 404);
    }
    assert_eq!((post.sent().await.len(), db.store.returns_of(&order_key("F1")).await.unwrap().len()), (0, 0));
}

async fn who_is_forgotten_in_that_very_moment_is_forgotten(db: &Db) {
    let site = Site::new(db).await;
    let path = format!("{}/return", site.delivered("F2", "en").await);
    let stamp = opened(&site, db, &path).await;
    // Between the row and the fact.
    let gone = r#"update orders set doc = '{"t":{"e":1}}', version = version + 1"#;
    match db.store.kind() {
        Kind::Sqlite => db.raw(&format!("create trigger gone after insert on returns begin {gone}; end")).await,
        Kind::Postgres => {
            let body = format!("begin {gone}; return new; end");
            db.raw(&format!("create function gone() returns trigger language plpgsql as $${body}$$")).await;
            db.raw("create trigger gone after insert on returns for each row execute function gone()").await;
        }
    }
    assert_eq!(site.post(&path, &with(&stamp)).await.status, 404);
    assert_eq!(db.count("select count(*) from returns").await, 0);
    assert_eq!(Post::of(&site, db).sent().await.len(), 0);
}
