//! What customers tell us, on both databases: ratings that replace one another, cases with their clocks, returns, whether a
//! person may be asked, and forgetting.

use doorstep::domain::id::NoticeKey;
use doorstep::domain::listen::About;
use doorstep::domain::listen::ask::{Ask, Heard};
use doorstep::domain::listen::case::{Deadlines, Overdue, Sort, Standing};
use doorstep::domain::listen::rating::{Answer, Question};
use doorstep::domain::listen::sending_back::{Decision, Piece, Reason, Wish};
use doorstep::domain::person::{Pii, Role};
use doorstep::outcomes::voice;
use doorstep::store::StoreError;
use doorstep::store::listen::cases::{Act, Acted, By, Change, Filter, NewCase, Photo};
use doorstep::store::listen::returns::NewReturn;
use doorstep::store::listen::{From, NewRating, Taken};
use doorstep::store::ops::Audit;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::world::{Db, contact, notice, order_key, start};
use doorstep::domain::stage::Stage;

on_both!(
    the_last_rating_of_a_person_stands_and_each_form_counts_once,
    a_low_rating_opens_one_case_and_says_so,
    a_case_is_opened_answered_reopened_and_solved,
    cases_are_listed_by_the_clock_that_runs_out_first,
    pictures_are_kept_with_their_case,
    a_return_is_decided_once,
    a_person_is_asked_once_in_a_month_and_never_in_need,
    of_many_orders_that_ask_at_once_one_may,
    a_case_moves_its_order_on,
    one_person_is_erased_and_others_stay,
    what_is_over_goes_in_time,
    figures_add_up_by_week_carrier_and_lane,
);

fn from(order: &str) -> From {
    From {
        order: order_key(order),
        role: Role::Customer,
        contact: Some(contact()),
        about: About { carrier: Some("dhl".into()), lane: Some("DE → PL".into()) },
        locale: "en".into(),
    }
}

fn answer(question: Question, score: u8, comment: Option<&str>) -> Answer {
    Answer { question, score, comment: comment.map(|text| Pii::new(text.to_owned())) }
}

fn rating(order: &str, id: u128, csat: u8) -> NewRating {
    let answers = vec![answer(Question::Csat, csat, Some("it rained")), answer(Question::Nps, csat * 2, None)];
    NewRating { id: Uuid::from_u128(id), from: from(order), answers, case: None }
}

fn case(order: &str, id: u128) -> NewCase {
    NewCase {
        id: Uuid::from_u128(id),
        from: from(order),
        sort: Sort::Damaged,
        words: Some(Pii::new("The lid is broken.".to_owned())),
        deadlines: Deadlines::default(),
    }
}

fn wish(order: &str, id: u128) -> NewReturn {
    NewReturn {
        id: Uuid::from_u128(id),
        from: from(order),
        wish: Wish::Refund,
        reason: Reason::DoesNotFit,
        words: Some(Pii::new("Too small.".to_owned())),
        pieces: vec![Piece { id: Some("L1".into()), sku: None, title: Some("Mug".into()), qty: 1 }],
        decide: SignedDuration::from_hours(48),
    }
}

fn hours(hours: i64) -> Timestamp {
    start() + SignedDuration::from_hours(hours)
}

async fn open(db: &Db, order: &str, id: u128) -> Uuid {
    let new = case(order, id);
    let told = vec![voice::of_case(&new.opened(db.clock.now()), Change::Opened, new.id, db.clock.now())];
    assert_eq!(db.store.open_case(&new, &[], told).await.unwrap(), Taken::New { opened: true });
    new.id
}

fn answers(text: &str, solves: bool) -> Act {
    Act::Answer { text: Pii::new(text.to_owned()), author: "ola".into(), solves }
}

fn audit() -> Option<Audit> {
    Some(Audit { person: "ola".into(), action: "answer", ..Audit::default() })
}

async fn act(db: &Db, case: Uuid, id: u128, act: Act) -> Acted {
    let audit = audit().filter(|_| !matches!(act, Act::Say { .. }));
    db.store.act_on_case(case, Uuid::from_u128(id), act, audit, Some(voice::of_case)).await.unwrap()
}

async fn kinds(db: &Db) -> Vec<String> {
    let told = db.store.claim_outcomes(100, std::time::Duration::from_secs(60)).await.unwrap();
    told.into_iter().map(|(_, outcome)| outcome.kind).collect()
}

async fn the_last_rating_of_a_person_stands_and_each_form_counts_once(db: &Db) {
    let first = rating("A", 1, 5);
    let told = || vec![voice::rated(&first, db.clock.now())];
    assert_eq!(db.store.rate(&first, told(), vec![]).await.unwrap(), Taken::New { opened: false });
    assert_eq!(db.store.rate(&first, told(), vec![]).await.unwrap(), Taken::Repeat);
    assert_eq!(kinds(db).await, ["feedback.received"], "a repeat tells nobody");
    db.advance(60);
    let second = NewRating { answers: vec![answer(Question::Csat, 3, None)], ..rating("A", 2, 3) };
    assert_eq!(db.store.rate(&second, vec![], vec![]).await.unwrap(), Taken::New { opened: false });
    assert_eq!(db.store.rate(&first, vec![], vec![]).await.unwrap(), Taken::Repeat, "an old form does not come back");
    let held = db.store.ratings_of(&order_key("A")).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].answers, [answer(Question::Csat, 3, None)], "the last one stands, whole");
    assert_eq!((held[0].first_at, held[0].given_at), (start(), start() + SignedDuration::from_secs(60)));
    let other = NewRating { from: From { role: Role::Recipient, ..from("A") }, ..rating("A", 3, 4) };
    db.store.rate(&other, vec![], vec![]).await.unwrap();
    assert_eq!(db.store.ratings_of(&order_key("A")).await.unwrap().len(), 2, "each person has their own");
    let nul = NewRating { answers: vec![answer(Question::Csat, 3, Some("\0"))], ..rating("B", 9, 3) };
    assert!(matches!(db.store.rate(&nul, vec![], vec![]).await, Err(StoreError::Poison { .. })));
    let in_words = db.store.ratings("harbour", Timestamp::MAX, true, 10).await.unwrap();
    assert_eq!(in_words.len(), 1);
    assert_eq!(db.store.ratings("", Timestamp::MAX, false, 10).await.unwrap().len(), 2);
    assert!(db.store.ratings("kettle", Timestamp::MAX, false, 10).await.unwrap().is_empty());
}

async fn a_low_rating_opens_one_case_and_says_so(db: &Db) {
    let low =
        |id: u128| NewRating { case: Some(NewCase { sort: Sort::LowScore, ..case("A", 77) }), ..rating("A", id, 1) };
    let told_of_case =
        || vec![voice::of_case(&case("A", 77).opened(start()), Change::Opened, Uuid::from_u128(77), start())];
    assert_eq!(db.store.rate(&low(1), vec![], told_of_case()).await.unwrap(), Taken::New { opened: true });
    assert_eq!(db.store.rate(&low(2), vec![], told_of_case()).await.unwrap(), Taken::New { opened: false });
    assert_eq!(kinds(db).await, ["case.opened"], "the second low answer finds the case there");
    let cases = db.store.cases_of(&order_key("A")).await.unwrap();
    assert_eq!((cases.len(), cases[0].sort), (1, Sort::LowScore));
}

async fn a_case_is_opened_answered_reopened_and_solved(db: &Db) {
    let id = open(db, "A", 1).await;
    assert_eq!(db.store.open_case(&case("A", 1), &[], vec![]).await.unwrap(), Taken::Repeat);
    let whole = db.store.case(id).await.unwrap().unwrap();
    assert_eq!(whole.case.clocks.standing(), Standing::Open);
    assert_eq!((whole.case.clocks.answer_by, whole.case.clocks.solve_by), (Some(hours(6)), hours(72)));
    assert_eq!((whole.words.len(), whole.words[0].by), (1, By::Customer));

    db.advance(3600);
    let Acted::Done(answered) = act(db, id, 2, answers("We send another.", false)).await else { panic!("not done") };
    assert_eq!((answered.clocks.standing(), answered.clocks.answered_at), (Standing::Answered, Some(hours(1))));
    assert_eq!(act(db, id, 2, answers("We send another.", false)).await, Acted::Repeat);
    act(db, id, 3, Act::Note { text: Pii::new("ask the packers".into()), author: "ola".into() }).await;

    db.advance(3600);
    let say = || Act::Say { text: Pii::new("Thank you!".into()), deadlines: Deadlines::default() };
    let Acted::Done(again) = act(db, id, 4, say()).await else { panic!("not done") };
    assert_eq!((again.clocks.standing(), again.clocks.answer_by), (Standing::Open, Some(hours(8))));
    assert_eq!(again.clocks.answered_at, Some(hours(1)), "the first answer stays the first");

    let Acted::Done(solved) = act(db, id, 5, answers("Gladly.", true)).await else { panic!("not done") };
    assert_eq!((solved.clocks.standing(), solved.clocks.solved_at), (Standing::Solved, Some(hours(2))));
    assert_eq!(act(db, id, 6, Act::Solve).await, Acted::Refused, "it is solved already");

    db.advance(3600);
    let Acted::Done(reopened) = act(db, id, 7, say()).await else { panic!("not done") };
    assert_eq!((reopened.clocks.standing(), reopened.times_opened), (Standing::Open, 2));
    assert_eq!(reopened.clocks.solve_by, hours(3 + 72), "it has its time anew");
    assert_eq!(reopened.clocks.overdue(hours(10)), Some(Overdue::Answer));
    act(db, id, 8, Act::Solve).await;
    assert_eq!(act(db, Uuid::from_u128(99), 9, Act::Solve).await, Acted::Unknown);

    let expected = ["case.opened", "case.answered", "case.answered", "case.solved", "case.opened", "case.solved"];
    assert_eq!(kinds(db).await, expected);
    let words = db.store.case(id).await.unwrap().unwrap().words;
    let by: Vec<By> = words.iter().map(|word| word.by).collect();
    assert_eq!(by, [By::Customer, By::Shop, By::Note, By::Customer, By::Shop, By::Customer]);
    assert_eq!(
        db.count("select count(*) from ops_audit").await,
        4,
        "each act of the shop has its row, repeats have none"
    );
}

async fn cases_are_listed_by_the_clock_that_runs_out_first(db: &Db) {
    for n in 1..=5_u128 {
        open(db, &format!("A{n}"), n).await;
        db.advance(3600);
    }
    open(db, "kettle/B", 6).await;
    act(db, Uuid::from_u128(1), 11, answers("soon", false)).await;
    act(db, Uuid::from_u128(2), 12, answers("done", true)).await;
    let list = async |filter: Filter| -> Vec<u128> {
        db.store.cases(&Filter { limit: 10, ..filter }).await.unwrap().iter().map(|case| case.id.as_u128()).collect()
    };
    assert_eq!(list(Filter::default()).await, [3, 4, 5, 6, 1], "what waits first, what was answered last");
    assert_eq!(list(Filter { brand: "harbour".into(), ..Filter::default() }).await, [3, 4, 5, 1]);
    assert_eq!(list(Filter { standing: Some(Standing::Open), ..Filter::default() }).await, [3, 4, 5, 6]);
    assert_eq!(list(Filter { standing: Some(Standing::Answered), ..Filter::default() }).await, [1]);
    assert_eq!(list(Filter { standing: Some(Standing::Solved), ..Filter::default() }).await, [2]);
    let first = db.store.cases(&Filter { limit: 2, ..Filter::default() }).await.unwrap();
    let last = first.last().unwrap();
    let after = Some((last.clocks.next().unwrap(), last.id));
    assert_eq!(list(Filter { after, ..Filter::default() }).await, [5, 6, 1]);
    let open = db.store.open_cases().await.unwrap();
    assert_eq!((open[0].brand.as_str(), open[0].open, open[0].answered, open[0].overdue), ("harbour", 3, 1, 0));
    db.advance(5 * 3600);
    assert_eq!(db.store.open_cases().await.unwrap()[0].overdue, 2, "three and four hours after the first two began");
}

async fn pictures_are_kept_with_their_case(db: &Db) {
    let photos: Vec<Photo> =
        (0..3_u8).map(|n| Photo { media: "image/jpeg".into(), bytes: vec![n, 0, 255, n] }).collect();
    let new = case("A", 1);
    assert_eq!(db.store.open_case(&new, &photos, vec![]).await.unwrap(), Taken::New { opened: true });
    let whole = db.store.case(new.id).await.unwrap().unwrap();
    assert_eq!(whole.photos.len(), 3);
    let mut held = Vec::new();
    for photo in &whole.photos {
        held.push(db.store.case_photo(new.id, *photo).await.unwrap().unwrap());
        assert!(db.store.case_photo(Uuid::from_u128(2), *photo).await.unwrap().is_none(), "another case has it not");
    }
    held.sort_by(|a, b| a.bytes.cmp(&b.bytes));
    assert_eq!(held, photos);
}

async fn a_return_is_decided_once(db: &Db) {
    let new = wish("A", 1);
    let told = vec![voice::return_requested(&new, db.clock.now())];
    assert_eq!(db.store.request_return(&new, told).await.unwrap(), Taken::New { opened: false });
    assert_eq!(db.store.request_return(&new, vec![]).await.unwrap(), Taken::Repeat);
    let held = db.store.returns_of(&order_key("A")).await.unwrap();
    assert_eq!((held.len(), held[0].decide_by, held[0].pieces.len()), (1, hours(48), 1));
    let words = Pii::new("Send it to our warehouse.".to_owned());
    let decide = async |decision| {
        let audit = Audit { person: "ola".into(), action: "return", ..Audit::default() };
        db.store.decide_return(new.id, decision, Some(&words), audit, Some(voice::return_decided)).await.unwrap()
    };
    let decided = decide(Decision::Approved).await.expect("it waited").decided.expect("it is decided");
    assert_eq!(
        (decided.decision, decided.by.as_str(), decided.words),
        (Decision::Approved, "ola", Some(words.clone()))
    );
    assert!(decide(Decision::Declined).await.is_none(), "once");
    assert_eq!(kinds(db).await, ["return.requested", "return.decided"]);
    assert!(db.store.returns("", false, Timestamp::MAX, 10).await.unwrap().is_empty());
    assert_eq!(db.store.returns("harbour", true, Timestamp::MAX, 10).await.unwrap().len(), 1);
    for id in 2..=30 {
        db.store.request_return(&wish("A", id), vec![]).await.unwrap();
    }
    assert_eq!(db.store.request_return(&wish("A", 31), vec![]).await.unwrap(), Taken::TooMany);
}

async fn may_ask(db: &Db, order: &str) -> Heard {
    let key = NoticeKey::new(&order_key(order), &["feedback"]);
    db.store.may_ask(key, &order_key(order), contact(), Ask::default().apart).await.unwrap()
}

async fn a_person_is_asked_once_in_a_month_and_never_in_need(db: &Db) {
    let asked = Heard { asked: true, ..Heard::default() };
    assert_eq!(may_ask(db, "A").await, Heard::default());
    assert_eq!(may_ask(db, "A").await, Heard::default(), "the same notice may be judged again");
    assert_eq!(may_ask(db, "B").await, asked);
    db.advance(30 * 86400 - 1);
    assert_eq!(may_ask(db, "B").await, asked);
    db.advance(1);
    assert_eq!(may_ask(db, "B").await, Heard::default());
    db.advance(31 * 86400);
    let id = open(db, "C", 1).await;
    assert!(may_ask(db, "C").await.in_case && may_ask(db, "D").await.in_case, "whatever the order");
    act(db, id, 2, Act::Solve).await;
    assert_eq!(may_ask(db, "C").await, Heard { complained: true, ..Heard::default() }, "this order was bad enough");
    assert_eq!(may_ask(db, "D").await, Heard::default());
    db.advance(31 * 86400);
    db.store.rate(&rating("E", 5, 5), vec![], vec![]).await.unwrap();
    assert_eq!(may_ask(db, "E").await, Heard { rated: true, ..Heard::default() });
}

async fn of_many_orders_that_ask_at_once_one_may(db: &Db) {
    let mut tasks = Vec::new();
    for n in 0..12 {
        let store = db.store.clone();
        tasks.push(tokio::spawn(async move {
            let order = order_key(&format!("A{n}"));
            let key = NoticeKey::new(&order, &["feedback"]);
            store.may_ask(key, &order, contact(), Ask::default().apart).await.unwrap() == Heard::default()
        }));
    }
    let mut may = 0;
    for task in tasks {
        may += u32::from(task.await.unwrap());
    }
    assert_eq!(may, 1);
}

/// Between the judgement of a question and its sending a case may begin: then the intent must be refused.
async fn a_case_moves_its_order_on(db: &Db) {
    let order = order_key("A");
    db.plan(&order, &[notice(&order, Stage::Feedback, 1)]).await;
    let claimed = db.claim_one().await;
    open(db, "A", 1).await;
    let grants =
        db.store.intend(&[super::world::intent(&claimed)], super::world::MARGIN, super::world::SEND).await.unwrap();
    assert_eq!(grants, [doorstep::store::rows::Grant::OrderMoved]);
}

async fn one_person_is_erased_and_others_stay(db: &Db) {
    for (n, order) in ["A", "B", "C"].into_iter().enumerate() {
        let id = 100 * (n as u128 + 1);
        let other = From { contact: None, ..from(order) };
        let who = if order == "C" { other } else { from(order) };
        db.store.rate(&NewRating { from: who.clone(), ..rating(order, id, 5) }, vec![], vec![]).await.unwrap();
        let photo = Photo { media: "image/png".into(), bytes: vec![1] };
        db.store.open_case(&NewCase { from: who.clone(), ..case(order, id + 1) }, &[photo], vec![]).await.unwrap();
        db.store.request_return(&NewReturn { from: who, ..wish(order, id + 2) }, vec![]).await.unwrap();
    }
    let mut tx = db.store.begin("forget").await.unwrap();
    // By contact alone: the order of this person that is not named goes as well.
    let erased = tx.erase_voices(&[], &[contact()], None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((erased.ratings, erased.cases, erased.words, erased.photos, erased.returns), (2, 2, 2, 2, 2));
    assert_eq!(db.store.cases_of(&order_key("C")).await.unwrap().len(), 1);
    let mut tx = db.store.begin("forget").await.unwrap();
    let erased = tx.erase_voices(&[order_key("C"), order_key("D")], &[], None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((erased.ratings, erased.cases, erased.photos), (1, 1, 1));
    for table in ["ratings", "cases", "case_words", "case_photos", "returns"] {
        assert_eq!(db.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert!(db.store.begin("forget").await.unwrap().erase_voices(&[], &[], None).await.unwrap().is_empty());
}

async fn what_is_over_goes_in_time(db: &Db) {
    let photo = || [Photo { media: "image/png".into(), bytes: vec![1] }];
    db.store.open_case(&case("A", 1), &photo(), vec![]).await.unwrap();
    db.store.open_case(&case("B", 2), &photo(), vec![]).await.unwrap();
    db.store.rate(&rating("A", 3, 5), vec![], vec![]).await.unwrap();
    db.store.request_return(&wish("A", 4), vec![]).await.unwrap();
    act(db, Uuid::from_u128(1), 5, Act::Solve).await;
    let prune = async |days: i64, photos: i64| {
        let ago = |days: i64| db.clock.now() - SignedDuration::from_hours(24 * days);
        while !db.store.prune_voices(ago(days), ago(photos), 1).await.unwrap().is_empty() {}
    };
    db.advance(10 * 86400);
    prune(730, 90).await;
    assert_eq!(db.count("select count(*) from case_photos").await, 2);
    assert_eq!(db.count("select count(*) from submitted").await, 0, "stamps are old after a day");
    db.advance(90 * 86400);
    prune(730, 90).await;
    assert_eq!(db.count("select count(*) from case_photos").await, 1, "that of the case which is open stays");
    assert_eq!(db.count("select count(*) from cases").await, 2);
    db.advance(700 * 86400);
    prune(730, 90).await;
    assert!(db.store.case(Uuid::from_u128(1)).await.unwrap().is_none());
    assert!(db.store.case(Uuid::from_u128(2)).await.unwrap().is_some(), "what still waits is kept");
    assert_eq!(db.count("select count(*) from returns").await, 0);
    let held = db.store.ratings_of(&order_key("A")).await.unwrap();
    assert_eq!(held[0].answers, [answer(Question::Csat, 5, None), answer(Question::Nps, 10, None)], "scores stay");
}

async fn figures_add_up_by_week_carrier_and_lane(db: &Db) {
    for (n, csat) in [5_u8, 4, 1].into_iter().enumerate() {
        db.store.rate(&rating(&format!("A{n}"), n as u128 + 1, csat), vec![], vec![]).await.unwrap();
    }
    let id = open(db, "A2", 10).await;
    db.advance(2 * 3600);
    act(db, id, 11, answers("soon", false)).await;
    open(db, "B", 12).await;
    db.advance(8 * 3600);
    act(db, id, 13, Act::Solve).await;
    db.advance(7 * 86400);
    db.store.rate(&rating("B", 14, 2), vec![], vec![]).await.unwrap();

    let answers = db.store.answer_figures(start(), "").await.unwrap();
    assert_eq!(answers.len(), 2, "two weeks");
    let (cell, first) = &answers[0];
    assert_eq!((cell.carrier.as_deref(), cell.lane.as_deref()), (Some("dhl"), Some("DE → PL")));
    assert_eq!(answers[1].0.week, cell.week + 1);
    assert_eq!((first.csat.count, first.csat.total, first.csat.squares, first.satisfied), (3, 10.0, 42.0, 2));
    assert_eq!((first.nps, first.promoters, first.detractors, first.ces.count), (3, 1, 1, 0));
    let cases = db.store.case_figures(start(), "harbour").await.unwrap();
    assert_eq!(cases.len(), 1);
    let figures = &cases[0].1;
    assert_eq!((figures.opened, figures.in_time, figures.due), (2, 1, 2), "the other one's time is over");
    assert_eq!((figures.first_answer.count, figures.first_answer.total), (1, 2.0));
    assert_eq!((figures.solved.count, figures.solved.total, figures.solved.squares), (1, 10.0, 100.0));
    assert!(db.store.case_figures(start(), "kettle").await.unwrap().is_empty());
}
