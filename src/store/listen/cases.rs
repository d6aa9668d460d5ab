//! Cases: opened once, talked about by both sides, and ended.

mod act;

use jiff::Timestamp;
use uuid::Uuid;

use super::{From, text};
use crate::domain::id::OrderKey;
use crate::domain::listen::About;
use crate::domain::listen::case::{Clocks, Deadlines, Sort, Standing};
use crate::domain::person::{ContactKey, Pii, Role};
use crate::store::claim::{at, read_at};
use crate::store::cols::cols;
use crate::store::params::{One, Sql};
use crate::store::{Store, StoreError, orders};

pub(super) use act::open;
pub use act::{Act, Acted, Change, Report};

/// A case to open.
#[derive(Debug, Clone)]
pub struct NewCase {
    pub id: Uuid,
    pub from: From,
    pub sort: Sort,
    /// In the customer's own words.
    pub words: Option<Pii<String>>,
    pub deadlines: Deadlines,
}

/// A picture, stripped of everything but the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    /// `image/jpeg`, `image/png`.
    pub media: String,
    pub bytes: Vec<u8>,
}

/// Who said something in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Customer,
    Shop,
    /// One of the shop's people to the others; the customer never sees it.
    Note,
}

impl By {
    /// The word used in rows and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Shop => "shop",
            Self::Note => "note",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Customer, Self::Shop, Self::Note].into_iter().find(|by| by.as_str() == word)
    }
}

/// Something said in a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    pub id: Uuid,
    pub at: Timestamp,
    pub by: By,
    /// The operator's login, or the name of the program; `None`: the customer.
    pub author: Option<String>,
    pub text: Pii<String>,
}

/// A case as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    pub id: Uuid,
    pub order: OrderKey,
    pub role: Role,
    /// `None`: no address was known.
    pub contact: Option<ContactKey>,
    pub about: About,
    pub locale: Option<String>,
    pub sort: Sort,
    pub clocks: Clocks,
    /// First, second, … time that it was opened.
    pub times_opened: u32,
}

/// A case with all that was said and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    pub case: Case,
    pub words: Vec<Word>,
    /// The pictures' ids.
    pub photos: Vec<Uuid>,
}

/// Which cases are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Empty: every brand's.
    pub brand: String,
    /// `None`: all that are not solved.
    pub standing: Option<Standing>,
    /// After this one, in the list's order.
    pub after: Option<(Timestamp, Uuid)>,
    pub limit: u32,
}

macro_rules! columns {
    () => {
        "id, order_key, person, contact, carrier, lane, locale, sort, opened_at, answer_by, solve_by, answered_at, solved_at,
         times_opened"
    };
}

use columns;

const GET: Sql = Sql::same(concat!("select ", columns!(), " from cases where id = $1"));
const OF_ORDER: Sql =
    Sql::same(concat!("select ", columns!(), " from cases where order_key = $1 order by opened_at, id limit 100"));
// The one whose clock runs out first comes first; those that are solved, by the order in which they came, latest first.
const LIST: Sql = Sql::same(concat!(
    "select ",
    columns!(),
    " from cases where ($1 = '' or brand = $1) and solved_at is null
         and ($2 = '' or ($2 = 'open' and answer_by is not null) or ($2 = 'answered' and answer_by is null))
         and (case when answer_by < solve_by then answer_by else solve_by end > $3
             or (case when answer_by < solve_by then answer_by else solve_by end = $3 and id > $4))
     order by case when answer_by < solve_by then answer_by else solve_by end, id limit $5"
));
const SOLVED: Sql = Sql::same(concat!(
    "select ",
    columns!(),
    " from cases where ($1 = '' or brand = $1) and solved_at is not null and (opened_at < $2 or (opened_at = $2 and id > $3))
     order by opened_at desc, id limit $4"
));
const WORDS: Sql =
    Sql::same("select id, at, said_by, author, words from case_words where case_id = $1 order by at, id limit 500");
const PHOTO_IDS: Sql = Sql::same("select id from case_photos where case_id = $1 order by at, id limit 50");
const PHOTO: Sql = Sql::same("select media, bytes from case_photos where id = $1 and case_id = $2");

cols! {
    struct CaseCols {
        id: Uuid,
        order_key: String,
        person: String,
        contact: Uuid,
        carrier: Option<String>,
        lane: Option<String>,
        locale: Option<String>,
        sort: String,
        opened_at: i64,
        answer_by: Option<i64>,
        solve_by: i64,
        answered_at: Option<i64>,
        solved_at: Option<i64>,
        times_opened: i64,
    }
}

impl CaseCols {
    fn read(self) -> Result<Case, StoreError> {
        let bad = |column| StoreError::corrupt("cases", column, self.id);
        let clock = |column, ms| read_at("cases", column, self.id, ms);
        Ok(Case {
            id: self.id,
            role: Role::parse(&self.person).ok_or_else(|| bad("person"))?,
            contact: Some(self.contact).filter(|contact| !contact.is_nil()).map(ContactKey),
            sort: Sort::parse(&self.sort).ok_or_else(|| bad("sort"))?,
            clocks: Clocks {
                opened_at: at(self.opened_at).ok_or_else(|| bad("opened_at"))?,
                answer_by: clock("answer_by", self.answer_by)?,
                solve_by: at(self.solve_by).ok_or_else(|| bad("solve_by"))?,
                answered_at: clock("answered_at", self.answered_at)?,
                solved_at: clock("solved_at", self.solved_at)?,
            },
            times_opened: u32::try_from(self.times_opened).map_err(|_| bad("times_opened"))?,
            about: About { carrier: self.carrier, lane: self.lane },
            locale: self.locale,
            order: orders::key("cases", self.order_key)?,
        })
    }
}

cols! {
    struct WordCols {
        id: Uuid,
        at: i64,
        said_by: String,
        author: Option<String>,
        words: String,
    }
}

impl WordCols {
    fn read(self) -> Result<Word, StoreError> {
        let bad = |column| StoreError::corrupt("case_words", column, self.id);
        Ok(Word {
            id: self.id,
            at: at(self.at).ok_or_else(|| bad("at"))?,
            by: By::parse(&self.said_by).ok_or_else(|| bad("said_by"))?,
            author: self.author,
            text: Pii::new(self.words),
        })
    }
}

impl Store {
    /// A case with everything in it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn case(&self, id: Uuid) -> Result<Option<Whole>, StoreError> {
        let rows: Vec<CaseCols> = self.read(&GET, &[One::Uuid(id)], &[]).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let words: Vec<WordCols> = self.read(&WORDS, &[One::Uuid(id)], &[]).await?;
        let photos: Vec<(Uuid,)> = self.read(&PHOTO_IDS, &[One::Uuid(id)], &[]).await?;
        Ok(Some(Whole {
            case: row.read()?,
            words: words.into_iter().map(WordCols::read).collect::<Result<_, _>>()?,
            photos: photos.into_iter().map(|(id,)| id).collect(),
        }))
    }

    /// The cases of an order, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn cases_of(&self, order: &OrderKey) -> Result<Vec<Case>, StoreError> {
        let rows: Vec<CaseCols> = self.read(&OF_ORDER, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(CaseCols::read).collect()
    }

    /// Cases that a filter means: those whose clock runs out first come first, solved ones latest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn cases(&self, filter: &Filter) -> Result<Vec<Case>, StoreError> {
        let limit = One::Int(i64::from(filter.limit));
        let rows: Vec<CaseCols> = if filter.standing == Some(Standing::Solved) {
            let (before, id) = filter.after.map_or((i64::MAX, Uuid::nil()), |(at, id)| (at.as_millisecond(), id));
            self.read(&SOLVED, &[One::Text(&filter.brand), One::Int(before), One::Uuid(id), limit], &[]).await?
        } else {
            let (after, id) = filter.after.map_or((i64::MIN, Uuid::nil()), |(at, id)| (at.as_millisecond(), id));
            let standing = text(filter.standing.map(Standing::as_str));
            self.read(&LIST, &[One::Text(&filter.brand), standing, One::Int(after), One::Uuid(id), limit], &[]).await?
        };
        rows.into_iter().map(CaseCols::read).collect()
    }

    /// A picture of a case.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn case_photo(&self, case: Uuid, photo: Uuid) -> Result<Option<Photo>, StoreError> {
        let rows: Vec<(String, Vec<u8>)> = self.read(&PHOTO, &[One::Uuid(photo), One::Uuid(case)], &[]).await?;
        Ok(rows.into_iter().next().map(|(media, bytes)| Photo { media, bytes }))
    }
}
