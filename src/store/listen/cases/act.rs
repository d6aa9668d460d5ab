//! What is done about a case: opened once, talked about by both sides, and ended.

use jiff::Timestamp;
use uuid::Uuid;

use super::super::{CaseArgs, MOVE_ON, SUBMIT, Taken, contact, is_gone, length, tell, text, timed};
use super::{By, Case, CaseCols, GET, NewCase, Photo, columns};
use crate::domain::listen::case::{Clocks, Deadlines};
use crate::domain::person::Pii;
use crate::store::conn::Conn;
use crate::store::ops::{AUDIT, Audit, audit_ones};
use crate::store::params::{Col, One, Sql, args};
use crate::store::rows::Outcome;
use crate::store::{Access, Store, StoreError, now_postgres, now_sqlite};

/// Cases that one person may have of one order: more is somebody's joke.
const CASES_MAX: i64 = 20;
/// Things said in one case, by all sides.
const WORDS_MAX: i64 = 200;

/// What is done about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The customer says more: it waits for an answer again, and a solved one is open again.
    Say { text: Pii<String>, deadlines: Deadlines },
    /// The shop answers, and may end it with that.
    Answer { text: Pii<String>, author: String, solves: bool },
    /// The shop ends it without a word.
    Solve,
    /// For the shop's own people.
    Note { text: Pii<String>, author: String },
}

/// What an act has changed, for those who are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Opened,
    Answered,
    Solved,
}

/// Makes the outcome event of a change of a case at a time; the id tells changes of one sort apart.
pub type Report = fn(&Case, Change, Uuid, Timestamp) -> Outcome;

/// What became of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acted {
    /// Done; the case as it stands now.
    Done(Box<Case>),
    /// The same was done before.
    Repeat,
    /// There is no such case.
    Unknown,
    /// Nothing to do: it is solved already, or too much was said in it.
    Refused,
}

const OPEN: Sql = timed!(
    "insert into cases (id, order_key, brand, person, contact, carrier, lane, locale, sort, opened_at, first_by, answer_by,
         solve_by)
     select $2, $3, $4, $5, $6, nullif($7, ''), nullif($8, ''), nullif($9, ''), $10, t.n, t.n + $11, t.n + $11,
         t.n + $12 from (select ",
    now,
    " as n) as t where (select count(*) from cases where order_key = $3 and person = $5) < $13
     on conflict (id) do nothing",
);

const SAY: Sql = timed!(
    "insert into case_words (id, case_id, at, said_by, author, words) select $2, $3, ",
    now,
    ", $4, nullif($5, ''), $6 where (select count(*) from case_words where case_id = $3) < $7 on conflict (id) do nothing",
);

const PHOTOS: Sql = Sql {
    postgres: concat!(
        "insert into case_photos (id, case_id, at, media, bytes) select u.id, $2, ",
        now_postgres!(),
        ", u.media, u.bytes from unnest($3::uuid[], $4::text[], $5::bytea[]) as u(id, media, bytes)"
    ),
    sqlite: concat!(
        "insert into case_photos (id, case_id, at, media, bytes) select unhex(value->>0), $2, ",
        now_sqlite!(),
        ", value->>1, substr($4, value->>2, value->>3) from json_each($3)"
    ),
};

// One row at a time changes a case, so that of two answers at once both are told and both see the other.
const LOCK: Sql =
    Sql { postgres: concat!("select ", columns!(), " from cases where id = $1 for no key update"), sqlite: GET.sqlite };
const AWAIT: Sql = timed!(
    "update cases set answer_by = coalesce(answer_by, ",
    now,
    " + $3), solve_by = case when solved_at is null then solve_by else ",
    now,
    " + $4 end, times_opened = times_opened + case when solved_at is null then 0 else 1 end, solved_at = null where id = $2",
);
const ANSWER: Sql = timed!(
    "update cases set answered_at = coalesce(answered_at, ",
    now,
    "), answer_by = null, solved_at = case when solved_at is not null then solved_at when $3 = 1 then ",
    now,
    " end where id = $2",
);
const SOLVE: Sql =
    timed!("update cases set solved_at = ", now, ", answer_by = null where id = $2 and solved_at is null");

/// The id of the words that a case began with.
fn first_words(case: Uuid) -> Uuid {
    Uuid::new_v5(&case, b"words")
}

impl NewCase {
    /// The case as it is once it was opened at this time.
    pub fn opened(&self, now: Timestamp) -> Case {
        let by = |length| now.checked_add(length).unwrap_or(Timestamp::MAX);
        Case {
            id: self.id,
            order: self.from.order.clone(),
            role: self.from.role,
            contact: self.from.contact,
            about: self.from.about.clone(),
            locale: Some(self.from.locale.clone()),
            sort: self.sort,
            clocks: Clocks {
                opened_at: now,
                answer_by: Some(by(self.deadlines.answer)),
                solve_by: by(self.deadlines.solve),
                answered_at: None,
                solved_at: None,
            },
            times_opened: 1,
        }
    }

    pub(in crate::store::listen) fn args(&self, store: &Store) -> Result<CaseArgs, StoreError> {
        let from = &self.from;
        let ones = [
            store.now(),
            One::Uuid(self.id),
            One::Text(from.order.as_str()),
            One::Text(from.order.brand_str()),
            One::Text(from.role.as_str()),
            contact(from),
            text(from.about.carrier.as_deref()),
            text(from.about.lane.as_deref()),
            One::Text(&from.locale),
            One::Text(self.sort.as_str()),
            length(self.deadlines.answer),
            length(self.deadlines.solve),
            One::Int(CASES_MAX),
        ];
        let words = self.words.as_ref().map(|words| {
            let said = [
                store.now(),
                One::Uuid(first_words(self.id)),
                One::Uuid(self.id),
                One::Text(By::Customer.as_str()),
                One::Text(""),
                One::Text(words.expose()),
                One::Int(WORDS_MAX),
            ];
            store.args(&said, &[])
        });
        Ok(CaseArgs {
            case: store.args(&ones, &[])?,
            words: words.transpose()?,
            move_on: store.args(&[One::Text(from.order.as_str())], &[])?,
        })
    }
}

/// Opens a case; false if it was opened before, or is one too many.
pub(in crate::store::listen) async fn open(conn: &mut Conn, args: CaseArgs) -> Result<bool, StoreError> {
    let CaseArgs { case, words, move_on } = args;
    if conn.execute(&OPEN, case).await? == 0 {
        return Ok(false);
    }
    if let Some(words) = words {
        conn.execute(&SAY, words).await?;
    }
    conn.execute(&MOVE_ON, move_on).await?;
    Ok(true)
}

impl Store {
    /// Opens a case with its pictures. `told`: the outcome events of it, queued in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn open_case(&self, new: &NewCase, photos: &[Photo], told: Vec<Outcome>) -> Result<Taken, StoreError> {
        let submit = self.args(&[self.now(), One::Uuid(new.id)], &[])?;
        let case = new.args(self)?;
        let cols = [
            Col::Uuid((0..photos.len()).map(|n| Uuid::new_v5(&new.id, format!("photo {n}").as_bytes())).collect()),
            Col::Text(photos.iter().map(|photo| photo.media.as_str()).collect()),
            Col::Bytes(photos.iter().map(|photo| photo.bytes.as_slice()).collect()),
        ];
        let photos = match photos {
            [] => None,
            [_, ..] => Some(self.args(&[self.now(), One::Uuid(new.id)], &cols)?),
        };
        let from = new.from.clone();
        self.with(Access::Transaction, move |mut conn| async move {
            if conn.execute(&SUBMIT, submit).await? == 0 {
                return Ok((conn, Taken::Repeat));
            }
            if is_gone(&mut conn, &from).await? {
                return Ok((conn, Taken::Gone));
            }
            if !open(&mut conn, case).await? {
                return Ok((conn, Taken::TooMany));
            }
            if let Some(photos) = photos {
                conn.execute(&PHOTOS, photos).await?;
            }
            tell(&mut conn, &told).await?;
            Ok((conn, Taken::New { opened: true }))
        })
        .await
    }

    /// Does something about a case, with the row that says who did it, where somebody of the shop did. `id`: the act's own, by
    /// which a second sending is known. `report` makes the outcome events; `None` where no program listens.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn act_on_case(
        &self,
        case: Uuid,
        id: Uuid,
        act: Act,
        audit: Option<Audit>,
        report: Option<Report>,
    ) -> Result<Acted, StoreError> {
        let (kind, now, at) = (self.kind(), self.inner.clock.for_sql(), self.inner.clock.now());
        let submit = self.args(&[self.now(), One::Uuid(id)], &[])?;
        let found = self.args(&[One::Uuid(case)], &[])?;
        let again = self.args(&[One::Uuid(case)], &[])?;
        // What the database would refuse is refused before anything is begun.
        let words = act.words(now, case, id).map(|ones| args(kind, &ones, &[])).transpose()?;
        let change = args(kind, &act.change(now, case), &[])?;
        self.with(Access::Transaction, move |mut conn| async move {
            let Some(row) = conn.fetch::<CaseCols>(&LOCK, found).await?.into_iter().next() else {
                return Ok((conn, Acted::Unknown));
            };
            let before = row.read()?;
            if conn.execute(&SUBMIT, submit).await? == 0 {
                return Ok((conn, Acted::Repeat));
            }
            let too_late = matches!(act, Act::Solve) && before.clocks.solved_at.is_some();
            if too_late || (words.is_some() && conn.execute(&SAY, words.expect("just seen")).await? == 0) {
                return Ok((conn, Acted::Refused));
            }
            if let Some(sql) = act.sql() {
                conn.execute(sql, change).await?;
            }
            let row = conn.fetch::<CaseCols>(&GET, again).await?.into_iter().next();
            let after = row.ok_or_else(|| StoreError::corrupt("cases", "id", case))?.read()?;
            if let Some(report) = report {
                let report = |change| report(&after, change, id, at);
                let told: Vec<Outcome> = act.changes(&before, &after).map(report).collect();
                tell(&mut conn, &told).await?;
            }
            if let Some(audit) = audit {
                conn.execute(&AUDIT, args(kind, &audit_ones(One::OptInt(now), &audit), &[])?).await?;
            }
            Ok((conn, Acted::Done(Box::new(after))))
        })
        .await
    }
}

impl Act {
    fn words(&self, now: Option<i64>, case: Uuid, id: Uuid) -> Option<[One<'_>; 7]> {
        let (by, author, text) = match self {
            Self::Say { text, .. } => (By::Customer, "", text),
            Self::Answer { text, author, .. } => (By::Shop, author.as_str(), text),
            Self::Note { text, author } => (By::Note, author.as_str(), text),
            Self::Solve => return None,
        };
        Some([
            One::OptInt(now),
            One::Uuid(id),
            One::Uuid(case),
            One::Text(by.as_str()),
            One::Text(author),
            One::Text(text.expose()),
            One::Int(WORDS_MAX),
        ])
    }

    fn sql(&self) -> Option<&'static Sql> {
        match self {
            Self::Say { .. } => Some(&AWAIT),
            Self::Answer { .. } => Some(&ANSWER),
            Self::Solve => Some(&SOLVE),
            Self::Note { .. } => None,
        }
    }

    /// The parameters of its statement.
    fn change(&self, now: Option<i64>, case: Uuid) -> Vec<One<'static>> {
        let mut ones = vec![One::OptInt(now), One::Uuid(case)];
        match self {
            Self::Say { deadlines, .. } => ones.extend([length(deadlines.answer), length(deadlines.solve)]),
            Self::Answer { solves, .. } => ones.push(One::Int(i64::from(*solves))),
            Self::Solve | Self::Note { .. } => {}
        }
        ones
    }

    /// What others are told of it.
    fn changes(&self, before: &Case, after: &Case) -> impl Iterator<Item = Change> + use<> {
        let reopened = before.clocks.solved_at.is_some() && after.clocks.solved_at.is_none();
        let solved = before.clocks.solved_at.is_none() && after.clocks.solved_at.is_some();
        let answered = matches!(self, Self::Answer { .. });
        [(reopened, Change::Opened), (answered, Change::Answered), (solved, Change::Solved)]
            .into_iter()
            .filter_map(|(happened, change)| happened.then_some(change))
    }
}
