//! Cases with their clocks: the list, one case, and what operators do about it. Words and pictures are personal: viewers see that
//! they are there, operators see them.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::guard::{Posted, Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, encoded, order_page};
use super::{Ops, done};
use crate::domain::listen::case::{Overdue, Standing};
use crate::domain::listen::kept;
use crate::domain::person::Pii;
use crate::outcomes::voice;
use crate::store::listen::cases::{Act, Acted, Case, Filter, Report, Whole};
use crate::store::ops::Audit;
use crate::web::care::api::picture;

/// Rows on a page.
const ROWS: u32 = 50;

#[derive(Serialize)]
struct Facts {
    rows: Vec<Row>,
    views: Vec<View>,
    next: Option<String>,
}

/// One choice of what is listed.
#[derive(Serialize)]
struct View {
    href: String,
    name: &'static str,
    is_here: bool,
}

/// A case in a line.
#[derive(Serialize)]
pub(super) struct Row {
    href: String,
    order: String,
    kind: &'static str,
    standing: &'static str,
    tone: &'static str,
    opened: Moment,
    /// The next deadline.
    due: Option<Moment>,
    overdue: Option<&'static str>,
    carrier: Option<String>,
    lane: Option<String>,
    again: Option<String>,
}

#[derive(Serialize)]
struct OneFacts {
    #[serde(flatten)]
    row: Row,
    id: Uuid,
    order_href: String,
    from: &'static str,
    locale: Option<String>,
    answer_by: Option<Moment>,
    solve_by: Moment,
    answered: Option<Moment>,
    solved: Option<Moment>,
    is_solved: bool,
    words: Vec<Word>,
    hidden: usize,
    photos: Vec<Photo>,
    /// Tells a second sending of a form from a second word.
    once: Uuid,
}

#[derive(Serialize)]
struct Word {
    who: String,
    by: &'static str,
    at: Moment,
    text: String,
}

#[derive(Serialize)]
struct Photo {
    href: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    brand: String,
    standing: String,
    after: String,
    done: String,
}

/// The list.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    let after = asked
        .after
        .split_once('.')
        .and_then(|(ms, id)| Some((Timestamp::from_millisecond(ms.parse().ok()?).ok()?, id.parse::<Uuid>().ok()?)));
    let standing = Standing::parse(&asked.standing);
    let filter = Filter { brand: asked.brand.clone(), standing, after, limit: ROWS };
    let rows = match inner.store.cases(&filter).await {
        Ok(rows) => rows,
        Err(error) => return failed(&error),
    };
    let here = |word: &str| format!("/ops/cases?brand={}&standing={word}", encoded(&asked.brand));
    let last = rows.last().filter(|_| rows.len() == ROWS as usize);
    let next = last.map(|case| {
        let at = case.clocks.next().unwrap_or(case.clocks.opened_at).as_millisecond();
        format!("{}&after={at}.{}", here(&asked.standing), case.id)
    });
    let views = [("", "To do"), ("open", "Waiting for us"), ("answered", "Answered"), ("solved", "Solved")];
    let views = views.map(|(word, name)| View { href: here(word), name, is_here: asked.standing == word });
    let facts = Facts { rows: rows.iter().map(|case| inner.case_row(case)).collect(), views: views.into(), next };
    let done = done::sentence(&asked.done);
    let showing = Showing { title: "Cases", here: "/ops/cases", watch: Some("work"), done: done.as_deref() };
    inner.pages.show(Page::Cases, &visitor, &showing, &facts)
}

/// One case.
pub(super) async fn one(
    State(ops): State<Ops>,
    visitor: Visitor,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Response {
    let inner = &ops.inner;
    let whole = match inner.store.case(id).await {
        Ok(Some(whole)) => whole,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    let facts = inner.case_facts(&whole, visitor.is_operator());
    let (title, here) = (format!("Case of {}", whole.case.order), format!("/ops/cases/{id}"));
    let done = done::sentence(&asked.done);
    let showing = Showing { title: &title, here: &here, watch: None, done: done.as_deref() };
    inner.pages.show(Page::Case, &visitor, &showing, &facts)
}

/// Answers, solves, or keeps a note.
pub(super) async fn act(State(ops): State<Ops>, Path(id): Path<Uuid>, posted: Posted) -> Response {
    let (inner, page) = (&ops.inner, format!("/ops/cases/{id}"));
    let author = posted.visitor.name.clone();
    let text = posted.given("words").and_then(kept).map(Pii::new);
    let (act, action, done) = match (posted.field("act"), text) {
        ("answer", Some(text)) => (Act::Answer { text, author, solves: false }, "case answered", "case_answered"),
        ("close", Some(text)) => (Act::Answer { text, author, solves: true }, "case answered", "case_solved"),
        ("solve", _) => (Act::Solve, "case solved", "case_solved"),
        ("note", Some(text)) => (Act::Note { text, author }, "case note", "noted"),
        _ => return posted.back(&page, "unclear"),
    };
    let order = match inner.store.case(id).await {
        Ok(Some(whole)) => whole.case.order,
        Ok(None) => return inner.not_found(),
        Err(error) => return failed(&error),
    };
    // What was written is the customer's to read, and is kept with the case: the audit says only that it was done.
    let target = Some(format!("case {id}"));
    let audit = Audit { order: Some(order), target, ..posted.visitor.audit(action) };
    let once =
        posted.field("once").parse().map_or_else(|_| Uuid::new_v4(), |once| Uuid::new_v5(&once, action.as_bytes()));
    let report = inner.hinge.is_telling().then_some(voice::of_case as Report);
    match inner.store.act_on_case(id, once, act, Some(audit), report).await {
        Ok(Acted::Done(_) | Acted::Repeat) => posted.back(&page, done),
        Ok(Acted::Refused) => posted.back(&page, "case_over"),
        Ok(Acted::Unknown) => inner.not_found(),
        Err(error) => failed(&error),
    }
}

/// A picture, for operators.
pub(super) async fn photo(
    State(ops): State<Ops>,
    visitor: Visitor,
    Path((case, photo)): Path<(Uuid, Uuid)>,
) -> Response {
    if !visitor.is_operator() {
        return ops.inner.not_found();
    }
    match ops.inner.store.case_photo(case, photo).await {
        Ok(Some(photo)) => picture(photo),
        Ok(None) => ops.inner.not_found(),
        Err(error) => failed(&error),
    }
}

impl super::Inner {
    pub(super) fn case_row(&self, case: &Case) -> Row {
        let clocks = &case.clocks;
        let overdue = clocks.overdue(self.now()).map(|overdue| match overdue {
            Overdue::Answer => "answer overdue",
            Overdue::Solution => "solution overdue",
        });
        let tone = match (overdue, clocks.standing()) {
            (Some(_), _) => "bad",
            (None, Standing::Open) => "warn",
            (None, Standing::Answered) => "",
            (None, Standing::Solved) => "good",
        };
        Row {
            href: format!("/ops/cases/{}", case.id),
            order: case.order.to_string(),
            kind: case.sort.in_words(),
            standing: clocks.standing().as_str(),
            tone,
            opened: self.moment(clocks.opened_at),
            due: clocks.next().map(|at| self.moment(at)),
            overdue,
            carrier: case.about.carrier.clone(),
            lane: case.about.lane.clone(),
            again: (case.times_opened > 1).then(|| format!("opened {} times", case.times_opened)),
        }
    }

    fn case_facts(&self, whole: &Whole, is_operator: bool) -> OneFacts {
        let case = &whole.case;
        let clocks = &case.clocks;
        let word = |word: &crate::store::listen::cases::Word| Word {
            who: word.author.clone().unwrap_or_else(|| case.role.as_str().to_owned()),
            by: word.by.as_str(),
            at: self.moment(word.at),
            text: word.text.expose().clone(),
        };
        let photo = |(number, photo): (usize, &Uuid)| Photo {
            href: format!("/ops/cases/{}/photos/{photo}", case.id),
            name: format!("Photo {number}"),
        };
        let hidden = if is_operator { 0 } else { whole.words.len() + whole.photos.len() };
        OneFacts {
            row: self.case_row(case),
            id: case.id,
            order_href: order_page(&case.order),
            from: case.role.as_str(),
            locale: case.locale.clone(),
            answer_by: clocks.answer_by.map(|at| self.moment(at)),
            solve_by: self.moment(clocks.solve_by),
            answered: clocks.answered_at.map(|at| self.moment(at)),
            solved: clocks.solved_at.map(|at| self.moment(at)),
            is_solved: clocks.solved_at.is_some(),
            words: if is_operator { whole.words.iter().map(word).collect() } else { Vec::new() },
            hidden,
            photos: if is_operator { (1..).zip(&whole.photos).map(photo).collect() } else { Vec::new() },
            once: Uuid::new_v4(),
        }
    }
}
