//! What customers tell us after delivery: ratings, cases and returns, whether a person may be asked, and how all of it is
//! erased. Each form is taken once, by the id of its rendering.

pub mod cases;
pub mod figures;
pub mod returns;
mod erase;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::claim::at;
use super::cols::cols;
use super::conn::Conn;
use super::params::{Args, One, Sql, args};
use super::rows::Outcome;
use super::save::{OUTCOMES, outcome_cols};
use super::{Access, Store, StoreError, orders};
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::listen::About;
use crate::domain::listen::ask::Heard;
use crate::domain::listen::rating::{Answer, Question};
use crate::domain::order::Order;
use crate::domain::person::{ContactKey, Pii, Role};
use cases::NewCase;

pub use erase::Erased;

/// One statement for both databases; `now` stands for the time, the statement's first parameter.
macro_rules! timed {
    ($($piece:tt),* $(,)?) => {
        $crate::store::params::Sql {
            postgres: concat!($($crate::store::listen::piece!(postgres $piece)),*),
            sqlite: concat!($($crate::store::listen::piece!(sqlite $piece)),*),
        }
    };
}

macro_rules! piece {
    (postgres now) => {
        $crate::store::now_postgres!()
    };
    (sqlite now) => {
        $crate::store::now_sqlite!()
    };
    ($kind:ident ($text:expr)) => {
        $text
    };
    ($kind:ident $text:expr) => {
        $text
    };
}

use {piece, timed};

/// Whose words they are: the order, who of it, and what the numbers group by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    pub order: OrderKey,
    pub role: Role,
    /// The address that the order had; `None`: it had none.
    pub contact: Option<ContactKey>,
    pub about: About,
    /// BCP 47 tag of the page's language.
    pub locale: String,
}

/// Answers that a person has sent.
#[derive(Debug, Clone)]
pub struct NewRating {
    /// The form's stamp.
    pub id: Uuid,
    pub from: From,
    pub answers: Vec<Answer>,
    /// What is opened by itself because an answer is low.
    pub case: Option<NewCase>,
}

/// What became of something that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Kept.
    New {
        /// A case was opened with it.
        opened: bool,
    },
    /// The same form was sent before: nothing was changed.
    Repeat,
    /// There are too many of this order already.
    TooMany,
    /// The person was forgotten while their form came in: nothing of it is kept.
    Gone,
}

/// A person's answers about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    pub id: Uuid,
    pub order: OrderKey,
    pub role: Role,
    pub about: About,
    pub answers: Vec<Answer>,
    pub first_at: Timestamp,
    pub given_at: Timestamp,
}

const SUBMIT: Sql = timed!("insert into submitted (id, at) values ($2, ", now, ") on conflict (id) do nothing");

// The last answers of a person stand, whole: a page that was filled in again says what is meant now.
const RATE: Sql = timed!(
    "insert into ratings (order_key, person, id, brand, contact, carrier, lane, locale, csat, csat_words, nps, nps_words, ces,
         ces_words, first_at, given_at)
     select $2, $3, $4, $5, $6, nullif($7, ''), nullif($8, ''), nullif($9, ''), $10, nullif($11, ''), $12, nullif($13, ''), $14,
         nullif($15, ''), t.n, t.n from (select ",
    now,
    " as n) as t where true
     on conflict (order_key, person) do update set id = excluded.id, contact = excluded.contact, carrier = excluded.carrier,
         lane = excluded.lane, locale = excluded.locale, csat = excluded.csat, csat_words = excluded.csat_words,
         nps = excluded.nps, nps_words = excluded.nps_words, ces = excluded.ces, ces_words = excluded.ces_words,
         given_at = excluded.given_at",
);

macro_rules! ratings {
    ($rest:literal) => {
        concat!(
            "select id, order_key, person, carrier, lane, csat, csat_words, nps, nps_words, ces, ces_words, first_at, given_at
             from ratings ",
            $rest
        )
    };
}

const OF_ORDER: Sql = Sql::same(ratings!("where order_key = $1 order by person"));
const LATEST: Sql = Sql::same(ratings!(
    "where ($1 = '' or brand = $1) and given_at < $2 and (csat_words is not null or nps_words is not null or ces_words is not null
         or $3 = 0) order by given_at desc, order_key limit $4"
));

// Whoever is asked about two orders at once is asked by the first that comes here; the other finds the row.
const CLAIM: Sql = timed!(
    "insert into asked (contact, notice, at) values ($2, $3, ",
    now,
    ") on conflict (contact) do update set notice = excluded.notice, at = excluded.at
     where asked.notice = excluded.notice or asked.at <= excluded.at - $4",
);

const HEARD: Sql = Sql::same(
    "select (select count(*) from cases where order_key = $1) as complained,
            (select count(*) from cases where (contact = $2 or order_key = $1) and solved_at is null) as in_case,
            (select count(*) from ratings where order_key = $1) as rated",
);

// What is judged about an order must be judged again once a case of it has begun: its version moves on, as for a new fact.
const MOVE_ON: Sql = Sql::same("update orders set version = version + 1 where key = $1");

// Held until the end of the transaction, so that `forget` waits for what is being said, and erases it.
const HOLD: Sql = Sql {
    postgres: "select doc from orders where key = $1 for no key update",
    sqlite: "select doc from orders where key = $1",
};

cols! {
    struct RatingCols {
        id: Uuid,
        order_key: String,
        person: String,
        carrier: Option<String>,
        lane: Option<String>,
        csat: Option<i64>,
        csat_words: Option<String>,
        nps: Option<i64>,
        nps_words: Option<String>,
        ces: Option<i64>,
        ces_words: Option<String>,
        first_at: i64,
        given_at: i64,
    }
}

impl RatingCols {
    fn read(self) -> Result<Rating, StoreError> {
        let bad = |column| StoreError::corrupt("ratings", column, self.id);
        let mut answers = Vec::new();
        for (question, score, words) in [
            (Question::Csat, self.csat, self.csat_words),
            (Question::Nps, self.nps, self.nps_words),
            (Question::Ces, self.ces, self.ces_words),
        ] {
            if let Some(score) = score {
                let score = u8::try_from(score).map_err(|_| bad(question.as_str()))?;
                answers.push(Answer { question, score, comment: words.map(Pii::new) });
            }
        }
        Ok(Rating {
            id: self.id,
            role: Role::parse(&self.person).ok_or_else(|| bad("person"))?,
            about: About { carrier: self.carrier, lane: self.lane },
            answers,
            first_at: at(self.first_at).ok_or_else(|| bad("first_at"))?,
            given_at: at(self.given_at).ok_or_else(|| bad("given_at"))?,
            order: orders::key("ratings", self.order_key)?,
        })
    }
}

/// What stands where no address is known.
fn contact(from: &From) -> One<'_> {
    One::Uuid(from.contact.map_or(Uuid::nil(), |contact| contact.0))
}

fn text(text: Option<&str>) -> One<'_> {
    One::Text(text.unwrap_or_default())
}

fn length(length: SignedDuration) -> One<'static> {
    One::Int(i64::try_from(length.as_millis()).unwrap_or(i64::MAX / 4))
}

/// Whether the order of somebody who says something has been erased since they opened its page, or they were taken out of it: then
/// their address, which the page had still found, is gone.
async fn is_gone(conn: &mut Conn, from: &From) -> Result<bool, StoreError> {
    let args = args(conn.kind(), &[One::Text(from.order.as_str())], &[])?;
    let Some((doc,)) = conn.fetch::<(String,)>(&HOLD, args).await?.pop() else { return Ok(false) };
    let order: Order = serde_json::from_str(&doc).map_err(|_| StoreError::corrupt("orders", "doc", &from.order))?;
    let was_taken_out = from.role == Role::Recipient && order.told.recipient_erased && from.contact.is_some();
    Ok(order.is_erased() || was_taken_out)
}

async fn tell(conn: &mut Conn, outcomes: &[Outcome]) -> Result<(), StoreError> {
    if !outcomes.is_empty() {
        let args = args(conn.kind(), &[], &outcome_cols(outcomes.iter()))?;
        conn.execute(&OUTCOMES, args).await?;
    }
    Ok(())
}

impl NewRating {
    fn ones<'a>(&'a self, now: One<'a>) -> Vec<One<'a>> {
        let from = &self.from;
        let mut ones = vec![
            now,
            One::Text(from.order.as_str()),
            One::Text(from.role.as_str()),
            One::Uuid(self.id),
            One::Text(from.order.brand_str()),
            contact(from),
            text(from.about.carrier.as_deref()),
            text(from.about.lane.as_deref()),
            One::Text(&from.locale),
        ];
        for question in Question::ALL {
            let answer = self.answers.iter().find(|answer| answer.question == question);
            ones.push(One::OptInt(answer.map(|answer| i64::from(answer.score))));
            let comment = answer.and_then(|answer| answer.comment.as_ref());
            ones.push(text(comment.map(|comment| comment.expose().as_str())));
        }
        ones
    }
}

impl Store {
    /// Keeps a person's answers in place of earlier ones, and opens what follows. `told`: the outcome event of the answers, and
    /// the one of the case, both queued in the same transaction if they came to pass.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn rate(
        &self,
        new: &NewRating,
        told: Vec<Outcome>,
        told_of_case: Vec<Outcome>,
    ) -> Result<Taken, StoreError> {
        let submit = self.args(&[self.now(), One::Uuid(new.id)], &[])?;
        let rate = self.args(&new.ones(self.now()), &[])?;
        let case = new.case.as_ref().map(|case| case.args(self)).transpose()?;
        let from = new.from.clone();
        self.with(Access::Transaction, move |mut conn| async move {
            if conn.execute(&SUBMIT, submit).await? == 0 {
                return Ok((conn, Taken::Repeat));
            }
            if is_gone(&mut conn, &from).await? {
                return Ok((conn, Taken::Gone));
            }
            conn.execute(&RATE, rate).await?;
            tell(&mut conn, &told).await?;
            let mut opened = false;
            if let Some(case) = case {
                opened = cases::open(&mut conn, case).await?;
                if opened {
                    tell(&mut conn, &told_of_case).await?;
                }
            }
            Ok((conn, Taken::New { opened }))
        })
        .await
    }

    /// The answers about an order, the customer's first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn ratings_of(&self, order: &OrderKey) -> Result<Vec<Rating>, StoreError> {
        let rows: Vec<RatingCols> = self.read(&OF_ORDER, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(RatingCols::read).collect()
    }

    /// Up to `limit` answers of a brand (empty: of all) that were given before `before`, latest first. `in_words`: those with a
    /// comment alone.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn ratings(
        &self,
        brand: &str,
        before: Timestamp,
        in_words: bool,
        limit: u32,
    ) -> Result<Vec<Rating>, StoreError> {
        let ones = [
            One::Text(brand),
            One::Int(before.as_millisecond()),
            One::Int(i64::from(in_words)),
            One::Int(i64::from(limit)),
        ];
        let rows: Vec<RatingCols> = self.read(&LATEST, &ones, &[]).await?;
        rows.into_iter().map(RatingCols::read).collect()
    }

    /// What stands against asking a person about an order by this notice. If nothing does, it is written down that they are asked
    /// now, so that within `apart` no other notice may: of two at once, one finds [`Heard::asked`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn may_ask(
        &self,
        notice: NoticeKey,
        order: &OrderKey,
        who: ContactKey,
        apart: SignedDuration,
    ) -> Result<Heard, StoreError> {
        let heard = self.args(&[One::Text(order.as_str()), One::Uuid(who.0)], &[])?;
        let claim = self.args(&[self.now(), One::Uuid(who.0), One::Uuid(notice.0), length(apart)], &[])?;
        self.with(Access::Transaction, move |mut conn| async move {
            let rows: Vec<(i64, i64, i64)> = conn.fetch(&HEARD, heard).await?;
            let (complained, in_case, rated) = rows.first().copied().unwrap_or_default();
            let mut heard = Heard { complained: complained > 0, in_case: in_case > 0, rated: rated > 0, asked: false };
            if heard == Heard::default() {
                heard.asked = conn.execute(&CLAIM, claim).await? == 0;
            }
            Ok((conn, heard))
        })
        .await
    }
}

/// Encoded parameters of the statements that open a case, in their order.
struct CaseArgs {
    case: Args,
    words: Option<Args>,
    move_on: Args,
}
