//! What customers' answers and cases add up to, by brand, carrier, lane and week, with how sure each figure is; on a page and as
//! CSV.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::Ops;
use super::guard::{Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, encoded, order_page};
use crate::domain::listen::score::{Figure, Sum, mean, nps, share};
use crate::store::StoreError;
use crate::store::listen::figures::{Answers, Cases, Cell};

/// Weeks that can be looked back.
const WEEKS: [i64; 4] = [4, 8, 13, 52];
/// Comments on the page.
const COMMENTS: u32 = 20;
/// Longest time that an interval of hours may reach to: a year.
const HOURS_MAX: f64 = 8_760.0;

/// How figures are put together.
type Way = (&'static str, fn(&Cell) -> String);

const WAYS: [Way; 4] = [
    ("Brand", |cell| cell.brand.clone()),
    ("Carrier", |cell| cell.carrier.clone().unwrap_or_else(|| "not known".to_owned())),
    ("Lane", |cell| cell.lane.clone().unwrap_or_else(|| "not known".to_owned())),
    ("Week", |cell| week(cell.week)),
];

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    brand: String,
    weeks: Option<i64>,
}

impl Asked {
    fn weeks(&self) -> i64 {
        self.weeks.filter(|weeks| WEEKS.contains(weeks)).unwrap_or(8)
    }

    fn since(&self, now: Timestamp) -> Timestamp {
        now - SignedDuration::from_hours(7 * 24 * self.weeks())
    }
}

/// Everything that one row adds up.
#[derive(Debug, Clone, Default)]
struct Total {
    answers: Answers,
    cases: Cases,
}

#[derive(Serialize)]
struct Facts {
    weeks: Vec<Choice>,
    tables: Vec<Table>,
    csv: String,
    comments: Vec<Comment>,
    nothing: bool,
}

#[derive(Serialize)]
struct Choice {
    href: String,
    name: String,
    is_here: bool,
}

#[derive(Serialize)]
struct Table {
    by: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    csat: Shown,
    nps: Shown,
    ces: Shown,
    cases: u64,
    first: Shown,
    in_time: Shown,
    solved: Shown,
}

/// A figure as it is shown; a dash where there is none.
#[derive(Serialize)]
struct Shown {
    value: String,
    /// Its interval, and of how many.
    sure: Option<String>,
}

#[derive(Serialize)]
struct Comment {
    order: String,
    href: String,
    at: Moment,
    lines: Vec<String>,
}

/// The page.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let inner = &ops.inner;
    let facts = async {
        let cells = inner.cells(&asked).await?;
        let tables: Vec<Table> = WAYS.iter().map(|way| table(way, &cells)).collect();
        let choice = |weeks: i64| Choice {
            href: format!("/ops/voices?brand={}&weeks={weeks}", encoded(&asked.brand)),
            name: format!("{weeks} weeks"),
            is_here: weeks == asked.weeks(),
        };
        Ok::<_, StoreError>(Facts {
            weeks: WEEKS.map(choice).into(),
            nothing: cells.is_empty(),
            tables,
            csv: format!("/ops/voices.csv?brand={}&weeks={}", encoded(&asked.brand), asked.weeks()),
            comments: if visitor.is_operator() { inner.comments(&asked).await? } else { Vec::new() },
        })
    };
    match facts.await {
        Ok(facts) => {
            let showing = Showing { title: "Voices", here: "/ops/voices", ..Showing::default() };
            inner.pages.show(Page::Voices, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error),
    }
}

/// The same figures for programs, one row for each brand, carrier, lane and week.
pub(super) async fn csv(State(ops): State<Ops>, _: Visitor, Query(asked): Query<Asked>) -> Response {
    match ops.inner.cells(&asked).await {
        Ok(cells) => {
            let headers = [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"voices.csv\""),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, written(&cells)).into_response()
        }
        Err(error) => failed(&error),
    }
}

impl super::Inner {
    async fn cells(&self, asked: &Asked) -> Result<BTreeMap<Cell, Total>, StoreError> {
        let since = asked.since(self.now());
        let mut cells: BTreeMap<Cell, Total> = BTreeMap::new();
        for (cell, answers) in self.store.answer_figures(since, &asked.brand).await? {
            cells.entry(cell).or_default().answers.add(&answers);
        }
        for (cell, cases) in self.store.case_figures(since, &asked.brand).await? {
            cells.entry(cell).or_default().cases.add(&cases);
        }
        Ok(cells)
    }

    async fn comments(&self, asked: &Asked) -> Result<Vec<Comment>, StoreError> {
        let ratings = self.store.ratings(&asked.brand, Timestamp::MAX, true, COMMENTS).await?;
        let lines = |rating: &crate::store::listen::Rating| {
            let said = rating.answers.iter().filter_map(|answer| {
                let words = answer.comment.as_ref()?.expose();
                Some(format!("{} {}: {words}", answer.question.as_str().to_uppercase(), answer.score))
            });
            said.collect()
        };
        let comment = |rating: &crate::store::listen::Rating| Comment {
            order: rating.order.to_string(),
            href: order_page(&rating.order),
            at: self.moment(rating.given_at),
            lines: lines(rating),
        };
        Ok(ratings.iter().map(comment).collect())
    }
}

fn table((by, name): &Way, cells: &BTreeMap<Cell, Total>) -> Table {
    let mut rows: BTreeMap<String, Total> = BTreeMap::new();
    for (cell, total) in cells {
        let row = rows.entry(name(cell)).or_default();
        row.answers.add(&total.answers);
        row.cases.add(&total.cases);
    }
    let mut rows: Vec<(String, Total)> = rows.into_iter().collect();
    if *by == "Week" {
        rows.reverse();
    }
    Table { by, rows: rows.into_iter().map(|(name, total)| row(name, &total)).collect() }
}

fn row(name: String, Total { answers, cases }: &Total) -> Row {
    let percent = |figure: Option<Figure>, count: u64| {
        let whole = |share: f64| format!("{:.0}", share * 100.0);
        shown(figure, count, |figure| format!("{} %", whole(figure.value)), whole)
    };
    let plain = |places: usize| move |value: f64| format!("{value:.places$}");
    let hours = |sum: &Sum| {
        let figure = mean(sum, (0.0, HOURS_MAX));
        shown(figure, sum.count, |figure| format!("{:.1} h", figure.value), plain(1))
    };
    Row {
        name,
        csat: percent(share(answers.satisfied, answers.csat.count), answers.csat.count),
        nps: shown(
            nps(answers.promoters, answers.detractors, answers.nps),
            answers.nps,
            |figure| format!("{:+.0}", figure.value),
            |value| format!("{value:+.0}"),
        ),
        ces: shown(
            mean(&answers.ces, (1.0, 7.0)),
            answers.ces.count,
            |figure| format!("{:.1}", figure.value),
            plain(1),
        ),
        cases: cases.opened,
        first: hours(&cases.first_answer),
        in_time: percent(share(cases.in_time, cases.due), cases.due),
        solved: hours(&cases.solved),
    }
}

fn shown(figure: Option<Figure>, count: u64, value: impl Fn(Figure) -> String, end: impl Fn(f64) -> String) -> Shown {
    match figure {
        None => Shown { value: "–".to_owned(), sure: None },
        Some(figure) => Shown {
            value: value(figure),
            sure: Some(format!("{} to {}, of {count}", end(figure.low), end(figure.high))),
        },
    }
}

/// The Monday on which a week begins.
fn week(week: i64) -> String {
    let after = Span::new().try_weeks(week).and_then(|weeks| Date::constant(1970, 1, 5).checked_add(weeks));
    after.map_or_else(|_| week.to_string(), |monday| monday.to_string())
}

fn written(cells: &BTreeMap<Cell, Total>) -> String {
    let mut out = String::from("brand,carrier,lane,week");
    for (name, count) in [
        ("csat_satisfied_share", "csat_answers"),
        ("nps", "nps_answers"),
        ("ces_mean", "ces_answers"),
        ("first_answer_hours", "first_answers"),
        ("answered_in_time_share", "answers_due"),
        ("solved_hours", "solved"),
    ] {
        let _ = write!(out, ",{count},{name},{name}_low,{name}_high");
    }
    out.push_str(",cases\r\n");
    for (cell, Total { answers, cases }) in cells {
        let texts = [Some(cell.brand.as_str()), cell.carrier.as_deref(), cell.lane.as_deref()];
        for text in texts {
            let _ = write!(out, "{},", quoted(text.unwrap_or_default()));
        }
        out.push_str(&week(cell.week));
        let figures = [
            (answers.csat.count, share(answers.satisfied, answers.csat.count)),
            (answers.nps, nps(answers.promoters, answers.detractors, answers.nps)),
            (answers.ces.count, mean(&answers.ces, (1.0, 7.0))),
            (cases.first_answer.count, mean(&cases.first_answer, (0.0, HOURS_MAX))),
            (cases.due, share(cases.in_time, cases.due)),
            (cases.solved.count, mean(&cases.solved, (0.0, HOURS_MAX))),
        ];
        for (count, figure) in figures {
            let _ = match figure {
                Some(figure) => write!(out, ",{count},{:.4},{:.4},{:.4}", figure.value, figure.low, figure.high),
                None => write!(out, ",{count},,,"),
            };
        }
        let _ = write!(out, ",{}\r\n", cases.opened);
    }
    out
}

/// A text in a table: quoted, and with an apostrophe before what a spreadsheet would take for a formula.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\"").replace(['\r', '\n'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_mondays() {
        // Monday, 2 November 2026 is day 20,759.
        assert_eq!(week((20_759 - 4) / 7), "2026-11-02");
        assert_eq!(week((20_758 - 4) / 7), "2026-10-26");
        assert_eq!(week(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn no_cell_becomes_a_formula() {
        assert_eq!(quoted("dhl"), "\"dhl\"");
        assert_eq!(quoted("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"");
        assert_eq!(quoted("a\"b\nc"), "\"a\"\"b c\"");
    }

    #[test]
    fn a_row_says_how_sure_it_is_and_nothing_of_nothing() {
        let mut total = Total::default();
        assert_eq!(row("x".into(), &total).csat.value, "–");
        total.answers.csat = Sum { count: 10, total: 40.0, squares: 170.0 };
        total.answers.satisfied = 8;
        let csat = row("x".into(), &total).csat;
        assert_eq!((csat.value.as_str(), csat.sure.as_deref()), ("80 %", Some("49 to 94, of 10")));
        let cell = Cell { brand: "harbour".into(), carrier: Some("dhl".into()), lane: None, week: (20_759 - 4) / 7 };
        let text = written(&BTreeMap::from([(cell, total)]));
        let mut lines = text.lines();
        let columns = lines.next().unwrap().split(',').count();
        let line = lines.next().unwrap();
        assert_eq!(line.split(',').count(), columns);
        assert!(line.starts_with("\"harbour\",\"dhl\",\"\",2026-11-02,10,0.8000,0.4902,0.9433,0,,,"), "{line}");
    }
}
