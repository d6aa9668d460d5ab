//! Ratings: what a link brings along counts nothing, a person's last answers stand, low ones open a case.

use doorstep::domain::listen::rating::Question;
use doorstep::link::Reader;
use jiff::SignedDuration;

use super::{Site, body, on_both, stamp_of, told};
use crate::store::world::{Db, order_key};

on_both!(
    a_link_preselects_and_counts_nothing,
    answers_count_once_and_the_last_ones_stand,
    a_low_answer_opens_a_case_and_the_page_says_so,
    what_a_brand_does_not_ask_is_not_there,
    nothing_can_be_rated_before_it_has_arrived,
);

async fn scores(db: &Db, id: &str) -> Vec<(Question, u8)> {
    let ratings = db.store.ratings_of(&order_key(id)).await.unwrap();
    ratings.iter().flat_map(|rating| &rating.answers).map(|answer| (answer.question, answer.score)).collect()
}

async fn a_link_preselects_and_counts_nothing(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    for csat in 1..=5 {
        let path = format!("{page}/rating?csat={csat}");
        let html = site.get(&path).await;
        assert!(html.contains(&format!("value=\"{csat}\" checked")), "{html}");
        assert_eq!(html.matches(" checked").count(), 1);
        let head = site.client.ask("HEAD", &path, &[], b"").await;
        assert_eq!(head.status, 200);
    }
    assert!(!site.get(&format!("{page}/rating?csat=9&nps=x")).await.contains(" checked"));
    assert_eq!(scores(db, "A1").await, []);
    assert_eq!(db.count("select count(*) from submitted").await, 0);
    assert!(told(db).await.is_empty());
}

async fn answers_count_once_and_the_last_ones_stand(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let path = format!("{page}/rating");
    let stamp = stamp_of(&site.get(&path).await, &path);
    db.clock.advance(SignedDuration::from_secs(5));
    let first = [("stamp", stamp.as_str()), ("csat", "5"), ("nps", "9"), ("ces", "6"), ("csat_words", "Lovely mugs.")];
    let answer = site.post(&path, &first).await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(format!("{path}?thanks").as_str())));
    assert_eq!(site.post(&path, &first).await.status, 303, "sent twice by an impatient finger");
    let all = [(Question::Csat, 5), (Question::Nps, 9), (Question::Ces, 6)];
    assert_eq!(scores(db, "A1").await, all);
    assert_eq!(told(db).await, ["feedback.received"]);
    let thanks = site.get(&format!("{path}?thanks")).await;
    assert!(thanks.contains("Thank you") && !thanks.contains("<form"), "{thanks}");
    assert!(!body(&thanks).contains("case"), "nothing was opened, so nothing is said of it");

    let again = site.get(&path).await;
    assert!(
        again.contains("Lovely mugs.") && again.matches(" checked").count() == 3,
        "what was said is there to change"
    );
    let answer = site.fill(db, &path, &[("csat", "4")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(scores(db, "A1").await, [(Question::Csat, 4)], "the last answers stand, whole");
    assert_eq!(site.post(&path, &first).await.status, 303);
    assert_eq!(scores(db, "A1").await, [(Question::Csat, 4)], "an old form sent again changes nothing");

    let nothing = site.fill(db, &path, &[("nps_words", "only words"), ("csat", "77")]).await;
    assert_eq!(nothing.status, 422);
    assert!(nothing.text().contains("Choose at least one number") && nothing.text().contains("only words"));
}

async fn a_low_answer_opens_a_case_and_the_page_says_so(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let path = format!("{page}/rating");
    let answer = site.fill(db, &path, &[("csat", "2"), ("csat_words", "The lid was broken.")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(told(db).await, ["feedback.received", "case.opened"]);
    let thanks = site.get(&format!("{path}?thanks")).await;
    assert!(thanks.contains("we have opened a case for you"), "{thanks}");
    assert!(thanks.contains("Monday 2 November, 16:00"), "six hours later, by the destination's clock: {thanks}");
    let case = db.store.cases_of(&order_key("A1")).await.unwrap().remove(0);
    assert_eq!((case.about.carrier.as_deref(), case.about.lane.as_deref()), (Some("dhl"), Some("DE → PL")));
    let problem = site.get(&format!("{page}/problem")).await;
    assert!(problem.contains("Your rating") && problem.contains("The lid was broken."), "{problem}");
    // Worse still: it is the same case.
    site.fill(db, &path, &[("csat", "1"), ("nps", "0")]).await;
    assert_eq!(db.store.cases_of(&order_key("A1")).await.unwrap().len(), 1);
}

async fn what_a_brand_does_not_ask_is_not_there(db: &Db) {
    let site = Site::with(db, |policy| policy.ask.questions = vec![Question::Nps]).await;
    let path = format!("{}/rating", site.delivered("A1", "en").await);
    let html = site.get(&format!("{path}?csat=1")).await;
    assert!(html.contains("name=\"nps\"") && !html.contains("name=\"csat\"") && !html.contains("name=\"ces\""));
    assert_eq!(site.fill(db, &path, &[("nps", "10"), ("csat", "1")]).await.status, 303);
    assert_eq!(scores(db, "A1").await, [(Question::Nps, 10)]);
    assert!(db.store.cases_of(&order_key("A1")).await.unwrap().is_empty());
}

async fn nothing_can_be_rated_before_it_has_arrived(db: &Db) {
    let site = Site::new(db).await;
    let page = site.order("A1", "en", "Mug", false).await;
    let html = site.get(&format!("{page}/rating")).await;
    assert!(html.contains("as soon as a parcel of it has been delivered") && !html.contains("<form"), "{html}");
    let stamp = "x";
    assert_eq!(site.post(&format!("{page}/rating"), &[("stamp", stamp), ("csat", "1")]).await.status, 303);
    assert_eq!(scores(db, "A1").await, []);
    assert_eq!(site.client.get(&format!("{}/rating", site.page("A1", Reader::Shared, 0))).await.status, 404);
}
