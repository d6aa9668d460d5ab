//! Something is wrong, with and without pictures, and the talk that follows; and something that goes back.

use doorstep::domain::listen::case::{Sort, Standing};
use doorstep::domain::listen::sending_back::{Decision, Reason, Wish};
use doorstep::domain::person::Pii;
use doorstep::outcomes::voice;
use doorstep::store::listen::cases::{Act, Case};
use doorstep::store::ops::Audit;
use jiff::SignedDuration;
use uuid::Uuid;

use super::{Site, body, on_both, picture, stamp_of, told};
use crate::store::world::{Db, order_key};

on_both!(
    a_problem_becomes_a_case_and_a_talk,
    pictures_are_kept_harmless_and_what_is_none_is_refused,
    a_case_is_its_own_customers_alone,
    a_late_answer_is_owned_up_to,
    what_was_delivered_may_go_back_and_the_decision_is_shown,
    what_goes_back_is_what_was_ordered,
    the_orders_own_page_shows_what_can_be_done_and_where_it_stands,
);

async fn only_case(db: &Db, id: &str) -> Case {
    let mut cases = db.store.cases_of(&order_key(id)).await.unwrap();
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

async fn shop(db: &Db, case: Uuid, text: &str, solves: bool) {
    let act = Act::Answer { text: Pii::new(text.into()), author: "ola".into(), solves };
    let audit = Audit { person: "ola".into(), action: "case answered", ..Audit::default() };
    db.store.act_on_case(case, Uuid::new_v4(), act, Some(audit), Some(voice::of_case)).await.unwrap();
}

async fn a_problem_becomes_a_case_and_a_talk(db: &Db) {
    let site = Site::new(db).await;
    // On its way still: something may be wrong at any time.
    let page = site.order("A1", "en", "Mug", false).await;
    let path = format!("{page}/problem");
    let answer = site.tell(db, &page, "not_arrived", "It says delivered.\nIt is not here.", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(format!("{path}?sent").as_str())));
    assert_eq!(told(db).await, ["case.opened"]);
    let case = only_case(db, "A1").await;
    assert_eq!((case.sort, case.clocks.standing()), (Sort::NotArrived, Standing::Open));
    let html = site.get(&format!("{path}?sent")).await;
    assert!(html.contains("Somebody answers by Monday 2 November, 16:00"), "{html}");
    assert!(html.contains("Waiting for our answer") && html.contains("It is not here."));

    let act = Act::Note { text: Pii::new("looks like theft".into()), author: "ola".into() };
    db.store.act_on_case(case.id, Uuid::new_v4(), act, None, None).await.unwrap();
    shop(db, case.id, "We have asked the carrier.", false).await;
    let html = site.get(&path).await;
    assert!(html.contains("We have asked the carrier.") && html.contains("Answered"), "{html}");
    assert!(!html.contains("theft") && !body(&html).contains("ola"), "neither notes nor names of our people: {html}");

    let say = format!("{path}/{}", case.id);
    let stamp = stamp_of(&html, &say);
    db.clock.advance(SignedDuration::from_secs(5));
    let fields = [("stamp", stamp.as_str()), ("words", "Thank you, I will wait.")];
    assert_eq!(site.post(&say, &fields).await.status, 303);
    assert_eq!(site.post(&say, &fields).await.status, 303, "a repeat");
    assert_eq!(only_case(db, "A1").await.clocks.standing(), Standing::Open);
    let whole = db.store.case(case.id).await.unwrap().unwrap();
    assert_eq!(whole.words.len(), 4, "the repeat is not said again");

    shop(db, case.id, "It has been found.", true).await;
    assert!(site.get(&path).await.contains("Solved"));
    let stamp = stamp_of(&site.get(&path).await, &say);
    db.clock.advance(SignedDuration::from_secs(5));
    site.post(&say, &[("stamp", &stamp), ("words", "No, it has not.")]).await;
    let kinds = told(db).await;
    assert_eq!(kinds, ["case.answered", "case.answered", "case.solved", "case.opened"]);
    assert_eq!(only_case(db, "A1").await.times_opened, 2);

    let none = site.tell(db, &page, "nonsense", "words stay", &[]).await;
    assert_eq!(none.status, 422);
    assert!(none.text().contains("Choose what happened") && none.text().contains("words stay"));
    assert_eq!(site.tell(db, &page, "low_score", "", &[]).await.status, 422, "that opens by itself alone");
}

async fn pictures_are_kept_harmless_and_what_is_none_is_refused(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let photo = picture(300);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    for (photos, status, words) in [
        (vec![&svg[..]], 415, "not a photo that we can read"),
        (vec![&photo[..], &b"hello"[..]], 415, "not a photo that we can read"),
        (vec![&photo[..]; 4], 413, "Send up to 3 photos"),
    ] {
        let answer = site.tell(db, &page, "damaged", "see the picture", &photos).await;
        assert_eq!(answer.status, status);
        assert!(answer.text().contains(words), "{words}: {}", answer.text());
    }
    let large = vec![0xff_u8; 10 * 1024 * 1024 + 1];
    let answer = site.tell(db, &page, "damaged", "", &[&large]).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("too large"));
    // A few bytes that claim to be a wall.
    let mut bomb = picture(8);
    bomb[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    assert_eq!(site.tell(db, &page, "damaged", "", &[&bomb]).await.status, 415, "its checksum is wrong as well");
    assert!(db.store.cases_of(&order_key("A1")).await.unwrap().is_empty(), "nothing was opened");

    assert_eq!(site.tell(db, &page, "damaged", "see", &[&photo, &photo, &photo]).await.status, 303);
    let case = only_case(db, "A1").await;
    let whole = db.store.case(case.id).await.unwrap().unwrap();
    assert_eq!(whole.photos.len(), 3);
    let held = db.store.case_photo(case.id, whole.photos[0]).await.unwrap().unwrap();
    assert_eq!((held.media.as_str(), &held.bytes[..3]), ("image/jpeg", &[0xff, 0xd8, 0xff][..]), "written anew");
    assert!(site.get(&format!("{page}/problem")).await.contains("Photos: 3"));
}

async fn a_case_is_its_own_customers_alone(db: &Db) {
    let site = Site::new(db).await;
    let (mine, other) = (site.delivered("A1", "en").await, site.delivered("B2", "en").await);
    site.tell(db, &mine, "damaged", "mine", &[]).await;
    let id = only_case(db, "A1").await.id;
    assert!(!site.get(&format!("{other}/problem")).await.contains("mine"));
    // With a stamp that was made for the right path, even.
    let say = format!("{other}/problem/{id}");
    let stamp = site.links.stamp(&say, db.clock.now());
    db.clock.advance(SignedDuration::from_secs(5));
    assert_eq!(site.post(&say, &[("stamp", &stamp), ("words", "let me in")]).await.status, 404);
    assert_eq!(db.store.case(id).await.unwrap().unwrap().words.len(), 1);
}

async fn a_late_answer_is_owned_up_to(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    site.tell(db, &page, "missing_item", "", &[]).await;
    db.clock.advance(SignedDuration::from_hours(7));
    let html = site.get(&format!("{page}/problem")).await;
    assert!(html.contains("are late. We are sorry"), "{html}");
}

async fn what_was_delivered_may_go_back_and_the_decision_is_shown(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let path = format!("{page}/return");
    let fields = [
        ("qty.0.L1", "1"),
        ("qty.1.L2", "0"),
        ("reason", "does_not_fit"),
        ("wish", "exchange"),
        ("words", "One size up, please."),
    ];
    let answer = site.fill(db, &path, &fields).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(format!("{path}?sent").as_str())));
    let held = db.store.returns_of(&order_key("A1")).await.unwrap().remove(0);
    assert_eq!((held.reason, held.wish), (Reason::DoesNotFit, Wish::Exchange));
    assert_eq!((held.pieces.len(), held.pieces[0].id.as_deref(), held.pieces[0].qty), (1, Some("L1"), 1));
    let events = db.store.claim_outcomes(100, std::time::Duration::from_secs(60)).await.unwrap();
    let event = &events.iter().find(|(_, outcome)| outcome.kind == "return.requested").expect("it is told").1;
    let body: serde_json::Value = serde_json::from_str(&event.body).unwrap();
    let data = &body["data"];
    assert_eq!((data["wish"].as_str(), data["items"][0]["title"].as_str()), (Some("exchange"), Some("Harbour mug")));
    assert_eq!((data["decide_by"].as_str(), data["has_comment"].as_bool()), (Some("2026-11-04T09:00:05Z"), Some(true)));
    assert!(!event.body.contains("One size up"), "words are read through the API");
    let html = site.get(&format!("{path}?sent")).await;
    assert!(html.contains("decides by Wednesday 4 November, 10:00") && html.contains("1 × Harbour mug"), "{html}");

    let audit = Audit { person: "ola".into(), action: "return decided", ..Audit::default() };
    let words = Pii::new("Send it to Quay 1.".to_owned());
    let decided = db.store.decide_return(held.id, Decision::Approved, Some(&words), audit, None).await.unwrap();
    assert!(decided.is_some());
    let html = site.get(&path).await;
    assert!(html.contains("Approved") && html.contains("Send it to Quay 1."), "{html}");
}

async fn what_goes_back_is_what_was_ordered(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let path = format!("{page}/return");
    let both = [("reason", "faulty"), ("wish", "refund")];
    for fields in [&[("qty.0.L1", "0")][..], &[("qty.0.L9", "1")], &[("qty.7.L1", "1")], &[("qty.0.L1", "-1")], &[]] {
        let answer = site.fill(db, &path, &[fields, &both].concat()).await;
        assert_eq!(answer.status, 422, "{fields:?}");
    }
    assert_eq!(site.fill(db, &path, &[("qty.0.L1", "1"), ("wish", "refund")]).await.status, 422, "no reason");
    assert_eq!(site.fill(db, &path, &[&[("qty.0.L1", "500")][..], &both].concat()).await.status, 303);
    let held = db.store.returns_of(&order_key("A1")).await.unwrap();
    assert_eq!((held.len(), held[0].pieces[0].qty), (1, 2), "no more than there were");

    let coming = site.order("B2", "en", "Mug", false).await;
    assert!(site.get(&format!("{coming}/return")).await.contains("Nothing of this order can be sent back here"));
    db.clock.advance(SignedDuration::from_hours(31 * 24));
    assert!(site.get(&path).await.contains("Nothing of this order can be sent back here"), "its time is over");
}

async fn the_orders_own_page_shows_what_can_be_done_and_where_it_stands(db: &Db) {
    let site = Site::new(db).await;
    let coming = site.get(&site.order("B2", "en", "Mug", false).await).await;
    assert!(
        coming.contains("/problem\"") && !coming.contains("/rating\"") && !coming.contains("/return\""),
        "{coming}"
    );
    let page = site.delivered("A1", "en").await;
    let html = site.get(&page).await;
    for (path, words) in
        [("rating", "Rate this order"), ("problem", "Something is wrong"), ("return", "Send something back")]
    {
        assert!(html.contains(&format!("/{path}\"")) && html.contains(words), "{path}: {html}");
    }
    site.fill(db, &format!("{page}/rating"), &[("csat", "5")]).await;
    site.tell(db, &page, "missing_item", "", &[]).await;
    let fields = [("qty.0.L1", "1"), ("reason", "faulty"), ("wish", "refund")];
    site.fill(db, &format!("{page}/return"), &fields).await;
    let html = site.get(&page).await;
    assert!(!html.contains("Rate this order"), "once is enough: {html}");
    assert!(html.contains("Your message: Something is missing") && html.contains("Waiting for our answer"), "{html}");
    assert!(html.contains("Your return request") && html.contains("Waiting for a decision"), "{html}");
    let shared = site.get(&site.page("A1", doorstep::link::Reader::Shared, 0)).await;
    for words in ["Your message", "Your return request", "Something is wrong", "/problem\"", "/rating\""] {
        assert!(!shared.contains(words), "{words}: {shared}");
    }
}
