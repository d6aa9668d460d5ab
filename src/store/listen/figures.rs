//! What everything that was said adds up to, by brand, carrier, lane and week.

use jiff::Timestamp;

use super::timed;
use crate::domain::listen::score::Sum;
use crate::store::cols::cols;
use crate::store::params::{One, Sql};
use crate::store::{Store, StoreError};

/// Rows of figures read at once, at most: brands times carriers times lanes times weeks of a large house.
const ROWS_MAX: i64 = 50_000;

/// What a row of figures is about. Weeks begin on Monday, 0:00 UTC.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    pub brand: String,
    pub carrier: Option<String>,
    pub lane: Option<String>,
    /// Weeks since Monday, 5 January 1970.
    pub week: i64,
}

/// Answers, summed up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answers {
    pub csat: Sum,
    /// Scores of 4 and 5.
    pub satisfied: u64,
    pub nps: u64,
    /// 9 and 10.
    pub promoters: u64,
    /// 0 to 6.
    pub detractors: u64,
    pub ces: Sum,
}

/// Cases, summed up by the week in which they were opened. Times are in hours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cases {
    pub opened: u64,
    /// From the opening to the first answer, of those that have one.
    pub first_answer: Sum,
    /// Answered in time …
    pub in_time: u64,
    /// … of all that were answered, or whose time for it is over.
    pub due: u64,
    /// From the opening to the end, of those that are solved.
    pub solved: Sum,
}

/// Open cases, for the gauges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCases {
    pub brand: String,
    /// Waiting for an answer.
    pub open: u64,
    pub answered: u64,
    /// Past the next deadline.
    pub overdue: u64,
}

// Monday, 5 January 1970 was day 4. Division truncates on both databases, and all times are after it.
const ANSWERS: Sql = Sql::same(
    "select brand, carrier, lane, (given_at / 86400000 - 4) / 7 as week,
         count(csat) as csat, cast(coalesce(sum(csat), 0) as bigint) as csat_sum,
         cast(coalesce(sum(csat * csat), 0) as bigint) as csat_squares, count(case when csat >= 4 then 1 end) as satisfied,
         count(nps) as nps, count(case when nps >= 9 then 1 end) as promoters, count(case when nps <= 6 then 1 end) as detractors,
         count(ces) as ces, cast(coalesce(sum(ces), 0) as bigint) as ces_sum,
         cast(coalesce(sum(ces * ces), 0) as bigint) as ces_squares
     from ratings where given_at >= $1 and ($2 = '' or brand = $2)
     group by brand, carrier, lane, (given_at / 86400000 - 4) / 7 order by 1, 4 limit $3",
);

macro_rules! hours {
    ($column:literal) => {
        concat!("cast((", $column, " - opened_at) / 3600000.0e0 as double precision)")
    };
}

// In hours: their squares are no larger than a float holds exactly enough.
const CASES: Sql = timed!(
    "select brand, carrier, lane, (opened_at / 86400000 - 4) / 7 as week, count(*) as opened, count(answered_at) as answered,
         coalesce(sum(",
    (hours!("answered_at")),
    "), 0.0e0) as answer_sum, coalesce(sum(",
    (hours!("answered_at")),
    " * ",
    (hours!("answered_at")),
    "), 0.0e0) as answer_squares,
         count(case when answered_at <= first_by then 1 end) as in_time,
         count(case when answered_at is not null or first_by < ",
    now,
    " then 1 end) as due, count(solved_at) as solved, coalesce(sum(",
    (hours!("solved_at")),
    "), 0.0e0) as solved_sum, coalesce(sum(",
    (hours!("solved_at")),
    " * ",
    (hours!("solved_at")),
    "), 0.0e0) as solved_squares
     from cases where opened_at >= $2 and ($3 = '' or brand = $3)
     group by brand, carrier, lane, (opened_at / 86400000 - 4) / 7 order by 1, 4 limit $4",
);

const OPEN: Sql = timed!(
    "select brand, count(case when answer_by is not null then 1 end), count(case when answer_by is null then 1 end),
         count(case when solve_by < ",
    now,
    " or answer_by < ",
    now,
    " then 1 end)
     from cases where solved_at is null group by brand order by brand",
);

cols! {
    struct AnswersCols {
        brand: String,
        carrier: Option<String>,
        lane: Option<String>,
        week: i64,
        csat: i64,
        csat_sum: i64,
        csat_squares: i64,
        satisfied: i64,
        nps: i64,
        promoters: i64,
        detractors: i64,
        ces: i64,
        ces_sum: i64,
        ces_squares: i64,
    }
}

cols! {
    struct CasesCols {
        brand: String,
        carrier: Option<String>,
        lane: Option<String>,
        week: i64,
        opened: i64,
        answered: i64,
        answer_sum: f64,
        answer_squares: f64,
        in_time: i64,
        due: i64,
        solved: i64,
        solved_sum: f64,
        solved_squares: f64,
    }
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

impl AnswersCols {
    fn read(self) -> (Cell, Answers) {
        let sum =
            |n: i64, total: i64, squares: i64| Sum { count: count(n), total: total as f64, squares: squares as f64 };
        let answers = Answers {
            csat: sum(self.csat, self.csat_sum, self.csat_squares),
            satisfied: count(self.satisfied),
            nps: count(self.nps),
            promoters: count(self.promoters),
            detractors: count(self.detractors),
            ces: sum(self.ces, self.ces_sum, self.ces_squares),
        };
        (Cell { brand: self.brand, carrier: self.carrier, lane: self.lane, week: self.week }, answers)
    }
}

impl CasesCols {
    fn read(self) -> (Cell, Cases) {
        let sum = |n: i64, total: f64, squares: f64| Sum { count: count(n), total, squares };
        let cases = Cases {
            opened: count(self.opened),
            first_answer: sum(self.answered, self.answer_sum, self.answer_squares),
            in_time: count(self.in_time),
            due: count(self.due),
            solved: sum(self.solved, self.solved_sum, self.solved_squares),
        };
        (Cell { brand: self.brand, carrier: self.carrier, lane: self.lane, week: self.week }, cases)
    }
}

impl Answers {
    /// Takes in more.
    pub fn add(&mut self, other: &Self) {
        self.csat.add(&other.csat);
        self.ces.add(&other.ces);
        self.satisfied += other.satisfied;
        self.nps += other.nps;
        self.promoters += other.promoters;
        self.detractors += other.detractors;
    }
}

impl Cases {
    /// Takes in more.
    pub fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.first_answer.add(&other.first_answer);
        self.in_time += other.in_time;
        self.due += other.due;
        self.solved.add(&other.solved);
    }
}

impl Store {
    /// Answers that were given since `since`, of a brand (empty: of all), by cell.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn answer_figures(&self, since: Timestamp, brand: &str) -> Result<Vec<(Cell, Answers)>, StoreError> {
        let ones = [One::Int(since.as_millisecond()), One::Text(brand), One::Int(ROWS_MAX)];
        let rows: Vec<AnswersCols> = self.read(&ANSWERS, &ones, &[]).await?;
        Ok(rows.into_iter().map(AnswersCols::read).collect())
    }

    /// Cases that were opened since `since`, of a brand (empty: of all), by cell.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn case_figures(&self, since: Timestamp, brand: &str) -> Result<Vec<(Cell, Cases)>, StoreError> {
        let ones = [self.now(), One::Int(since.as_millisecond()), One::Text(brand), One::Int(ROWS_MAX)];
        let rows: Vec<CasesCols> = self.read(&CASES, &ones, &[]).await?;
        Ok(rows.into_iter().map(CasesCols::read).collect())
    }

    /// Cases that are not solved, by brand.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn open_cases(&self) -> Result<Vec<OpenCases>, StoreError> {
        let rows: Vec<(String, i64, i64, i64)> = self.read(&OPEN, &[self.now()], &[]).await?;
        let read = |(brand, open, answered, overdue)| OpenCases {
            brand,
            open: count(open),
            answered: count(answered),
            overdue: count(overdue),
        };
        Ok(rows.into_iter().map(read).collect())
    }
}
