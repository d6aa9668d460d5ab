//! Cases, returns and voices in the console: clocks for all, words for operators alone, and what operators do.

use doorstep::domain::listen::About;
use doorstep::domain::listen::case::{Deadlines, Sort, Standing};
use doorstep::domain::listen::rating::{Answer, Question};
use doorstep::domain::listen::sending_back::{Decision, Piece, Reason, Wish};
use doorstep::domain::person::{Channel, ContactKey, Pii, Role};
use doorstep::store::listen::cases::{By, NewCase, Photo};
use doorstep::store::listen::returns::NewReturn;
use doorstep::store::listen::{From, NewRating};
use jiff::SignedDuration;
use uuid::Uuid;

use super::{Site, on_both};
use crate::store::world::{Db, order_key, start};

on_both!(
    cases_show_their_clocks_and_words_to_operators_alone,
    an_operator_answers_notes_and_solves,
    a_return_is_decided_in_the_console,
    voices_add_up_and_come_as_a_table,
);

const EVIL: &str = "<script>alert(1)</script> \" onfocus=\"x";

fn from(order: &str, carrier: &str) -> From {
    From {
        order: order_key(order),
        role: Role::Customer,
        contact: Some(ContactKey::new(Channel::Email, "someone@mail.example")),
        about: About { carrier: Some(carrier.into()), lane: Some("DE → PL".into()) },
        locale: "pl".into(),
    }
}

/// A case with a picture, a return and a rating.
pub(crate) async fn told(db: &Db, order: &str, id: u128) -> Uuid {
    let photo = Photo { media: "image/jpeg".into(), bytes: crate::care::picture(40) };
    let new = NewCase {
        id: Uuid::from_u128(id),
        from: from(order, "dhl"),
        sort: Sort::Damaged,
        words: Some(Pii::new(EVIL.to_owned())),
        deadlines: Deadlines::default(),
    };
    db.store.open_case(&new, &[photo], Vec::new()).await.unwrap();
    let back = NewReturn {
        id: Uuid::from_u128(id + 1),
        from: from(order, "dhl"),
        wish: Wish::Refund,
        reason: Reason::DoesNotFit,
        words: Some(Pii::new(format!("Too small. {EVIL}"))),
        pieces: vec![Piece { id: None, sku: None, title: Some(EVIL.to_owned()), qty: 1 }],
        decide: SignedDuration::from_hours(48),
    };
    db.store.request_return(&back, Vec::new()).await.unwrap();
    let comment = Some(Pii::new(format!("It rained. {EVIL}")));
    let answers = vec![
        Answer { question: Question::Csat, score: 4, comment },
        Answer { question: Question::Nps, score: 9, comment: None },
    ];
    let rating = NewRating { id: Uuid::from_u128(id + 2), from: from(order, "dhl"), answers, case: None };
    db.store.rate(&rating, Vec::new(), Vec::new()).await.unwrap();
    new.id
}

async fn cases_show_their_clocks_and_words_to_operators_alone(db: &Db) {
    let site = Site::new(db).await;
    let id = told(db, "A-1", 100).await;
    db.advance(7 * 3600);
    let (ann, bob) = (site.login("ann").await, site.login("bob").await);
    let page = format!("/ops/cases/{id}");
    let photo = db.store.case(id).await.unwrap().unwrap().photos[0];
    let photo = format!("{page}/photos/{photo}");
    for person in [&ann, &bob] {
        let list = person.page("/ops/cases").await;
        assert!(list.contains("harbour/A-1") && list.contains("damaged") && list.contains("answer overdue"), "{list}");
    }
    let seen = ann.page(&page).await;
    assert!(seen.contains("&lt;script&gt;alert(1)") && !seen.contains("<script>alert") && seen.contains(&photo));
    assert!(!seen.contains("\" onfocus"));
    let picture = ann.get(&photo).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(picture.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    let hidden = bob.page(&page).await;
    assert!(!hidden.contains("alert(1)") && hidden.contains("shown to operators alone: 2 here"), "{hidden}");
    assert_eq!(bob.get(&photo).await.status, 404);
    assert_eq!(bob.post(&page, &[("act", "solve")]).await.status, 403);
    assert!(
        !bob.page("/ops/returns").await.contains("Too small") && ann.page("/ops/returns").await.contains("Too small")
    );
    assert!(
        !bob.page("/ops/voices").await.contains("It rained") && ann.page("/ops/voices").await.contains("It rained")
    );
    for path in ["/ops/returns", "/ops/voices"] {
        let html = ann.page(path).await;
        assert!(!html.contains("<script>alert") && !html.contains("\" onfocus"), "{path}");
    }
    super::seed::order(&site, "A-1", "Anna Nowak").await;
    let order = ann.page("/ops/orders/harbour/A-1").await;
    assert!(order.contains("What the customer says") && order.contains(&page), "{order}");
    let stranger = site.client.get(&photo).await;
    assert_eq!(stranger.status, 303, "to the login");
    assert_eq!(ann.get("/ops/cases/not-an-id").await.status, 400);
    assert_eq!(ann.get(&format!("/ops/cases/{}", Uuid::nil())).await.status, 404);
}

async fn an_operator_answers_notes_and_solves(db: &Db) {
    let site = Site::new(db).await;
    let id = told(db, "A-1", 100).await;
    let ann = site.login("ann").await;
    let page = format!("/ops/cases/{id}");
    let once = Uuid::new_v4().to_string();
    let answer = [("act", "answer"), ("words", "We send another."), ("once", once.as_str())];
    db.advance(1);
    assert_eq!(ann.act(&page, &answer).await, "case_answered");
    db.advance(1);
    assert_eq!(ann.act(&page, &answer).await, "case_answered", "pressed twice");
    assert_eq!(ann.act(&page, &[("act", "note"), ("words", "a known packer")]).await, "noted");
    assert_eq!(ann.act(&page, &[("act", "answer"), ("words", " ")]).await, "unclear");
    assert_eq!(ann.act(&page, &[("act", "solve")]).await, "case_solved");
    assert_eq!(ann.act(&page, &[("act", "solve")]).await, "case_over");
    let whole = db.store.case(id).await.unwrap().unwrap();
    let said: Vec<(By, Option<&str>)> = whole.words.iter().map(|word| (word.by, word.author.as_deref())).collect();
    assert_eq!(said, [(By::Customer, None), (By::Shop, Some("ann")), (By::Note, Some("ann"))]);
    assert_eq!(whole.case.clocks.standing(), Standing::Solved);
    let audit = ann.page("/ops/audit").await;
    assert!(audit.contains("case answered") && audit.contains("case note") && audit.contains("case solved"));
    assert!(!audit.contains("We send another") && !audit.contains("packer"), "words stay with the case");
    assert_eq!(db.count("select count(*) from ops_audit where action like 'case%'").await, 3);
    assert!(ann.page("/ops/cases?standing=solved").await.contains("harbour/A-1"));
}

async fn a_return_is_decided_in_the_console(db: &Db) {
    let site = Site::new(db).await;
    told(db, "A-1", 100).await;
    let ann = site.login("ann").await;
    let id = Uuid::from_u128(101).to_string();
    let fields = [("act", "approved"), ("id", id.as_str()), ("words", "Send it to Quay 1.")];
    assert_eq!(ann.act("/ops/returns", &fields).await, "decided");
    assert_eq!(ann.act("/ops/returns", &fields).await, "decided_before");
    assert_eq!(ann.act("/ops/returns", &[("act", "burn"), ("id", &id)]).await, "unclear");
    let decided = db.store.one_return(Uuid::from_u128(101)).await.unwrap().unwrap().decided.unwrap();
    assert_eq!((decided.decision, decided.by.as_str()), (Decision::Approved, "ann"));
    assert!(!ann.page("/ops/returns").await.contains("harbour/A-1"));
    assert!(ann.page("/ops/returns?all=true").await.contains("approved"));
}

async fn voices_add_up_and_come_as_a_table(db: &Db) {
    let site = Site::new(db).await;
    for (n, (carrier, csat)) in [("dhl", 5), ("dhl", 4), ("dhl", 1), ("=gls", 5)].into_iter().enumerate() {
        let answers = vec![Answer { question: Question::Csat, score: csat, comment: None }];
        let from = from(&format!("A-{n}"), carrier);
        let rating = NewRating { id: Uuid::from_u128(n as u128 + 1), from, answers, case: None };
        db.store.rate(&rating, Vec::new(), Vec::new()).await.unwrap();
    }
    let ann = site.login("ann").await;
    let page = ann.page("/ops/voices").await;
    assert!(page.contains("75 %") && page.contains("30 to 95, of 4"), "the brand: {page}");
    assert!(page.contains("67 %") && page.contains("21 to 94, of 3"), "dhl: {page}");
    let csv = ann.get("/ops/voices.csv").await;
    assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let text = csv.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    let dhl = lines.iter().find(|line| line.contains("dhl")).unwrap();
    assert!(dhl.starts_with("\"harbour\",\"dhl\",\"DE → PL\",2026-11-02,3,0.6667,"), "{dhl}");
    assert!(text.contains("\"'=gls\""), "no formula: {text}");
    assert_eq!(site.client.get("/ops/voices.csv").await.status, 303);
    db.clock.advance(SignedDuration::from_hours(24 * 60));
    let ann = site.login("ann").await;
    assert!(ann.page("/ops/voices?weeks=4").await.contains("Nobody has answered yet"));
    assert!(db.clock.now() > start());
}
