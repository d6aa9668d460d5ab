//! Forgetting what people told us: one person on request, and everybody in time.

use jiff::Timestamp;
use uuid::Uuid;

use super::timed;
use crate::domain::id::{BrandId, OrderKey};
use crate::domain::person::ContactKey;
use crate::store::params::{Col, One, Sql};
use crate::store::tx::Tx;
use crate::store::{Store, StoreError};

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    pub ratings: u64,
    pub cases: u64,
    pub words: u64,
    pub photos: u64,
    pub returns: u64,
    /// Of forms that were sent, and of when people were asked.
    pub marks: u64,
}

impl Erased {
    /// Whether nothing went.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A statement on the rows of some orders or some contacts: by key of order, or by contact, there of one brand or (empty) of all.
macro_rules! of_people {
    ($before:literal, $after:literal) => {
        Sql {
            postgres: concat!(
                $before,
                "(order_key = any($2::text[]) or (contact = any($3::uuid[]) and ($1 = '' or brand = $1)))",
                $after
            ),
            sqlite: concat!(
                $before,
                "(order_key in (select value->>0 from json_each($2))
                     or (contact in (select unhex(value->>1) from json_each($2)) and ($1 = '' or brand = $1)))",
                $after
            ),
        }
    };
}

// Whoever is just saying something in a case holds its row: waited for, their words are there to be erased.
const LOCK: Sql = Sql {
    postgres: of_people!("select id from cases where ", " order by id for update").postgres,
    sqlite: of_people!("select id from cases where ", " order by id").sqlite,
};
const WORDS: Sql = of_people!("delete from case_words where case_id in (select id from cases where ", ")");
const PHOTOS: Sql = of_people!("delete from case_photos where case_id in (select id from cases where ", ")");
const CASES: Sql = of_people!("delete from cases where ", "");
const RATINGS: Sql = of_people!("delete from ratings where ", "");
const RETURNS: Sql = of_people!("delete from returns where ", "");
// No brand stands there: another one may count by it when this person may be asked again.
const ASKED: Sql = Sql {
    postgres: "delete from asked where contact = any($3::uuid[]) and $2::text[] is not null and $1 = ''",
    sqlite: "delete from asked where contact in (select unhex(value->>1) from json_each($2)) and $1 = ''",
};

// What is over goes whole; what still waits for somebody stays, however old.
const OLD_PHOTOS: Sql = Sql::same(
    "delete from case_photos where id in (select p.id from case_photos p join cases c on c.id = p.case_id
         where c.solved_at < $1 limit $2)",
);
const OLD_WORDS: Sql = Sql::same(
    "delete from case_words where id in (select w.id from case_words w join cases c on c.id = w.case_id
         where c.solved_at < $1 limit $2)",
);
const OLD_CASES: Sql = Sql::same(
    "delete from cases where id in (select c.id from cases c where c.solved_at < $1
         and not exists (select 1 from case_words w where w.case_id = c.id)
         and not exists (select 1 from case_photos p where p.case_id = c.id) limit $2)",
);
// The scores are no longer anybody's; they stay for the numbers, without words and without a person.
const OLD_RATINGS: Sql = Sql::same(
    "update ratings set csat_words = null, nps_words = null, ces_words = null
     where id in (select id from ratings where given_at < $1
         and (csat_words is not null or nps_words is not null or ces_words is not null) limit $2)",
);
const OLD_RETURNS: Sql =
    Sql::same("delete from returns where id in (select id from returns where requested_at < $1 limit $2)");
// A stamp is good for a day, and a person may be asked again after a year at the latest.
const OLD_FORMS: Sql =
    timed!("delete from submitted where id in (select id from submitted where at < ", now, " - 172800000 limit $2)",);
const OLD_ASKED: Sql = timed!(
    "delete from asked where contact in (select contact from asked where at < ",
    now,
    " - 31708800000 limit $2)",
);

impl Tx {
    /// Erases everything that was said about these orders, and by whoever has these contacts: ratings, cases with their words and
    /// pictures, returns, and when they were asked. `brand`: by these contacts only what was said to it. For `doorstep forget`, in the
    /// same transaction as the rest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn erase_voices(
        &mut self,
        orders: &[OrderKey],
        contacts: &[ContactKey],
        brand: Option<&BrandId>,
    ) -> Result<Erased, StoreError> {
        let length = orders.len().max(contacts.len());
        if length == 0 {
            return Ok(Erased::default());
        }
        // A bulk's columns are equally long: the shorter is filled up with what it holds, or with what nobody has.
        let order = |n: usize| orders.get(n).or(orders.first()).map_or("", OrderKey::as_str);
        let contact = |n: usize| contacts.get(n).or(contacts.first()).map_or(Uuid::max(), |contact| contact.0);
        let columns = || [Col::Text((0..length).map(order).collect()), Col::Uuid((0..length).map(contact).collect())];
        let brand = || [One::Text(brand.map_or("", BrandId::as_str))];
        self.fetch::<(Uuid,)>(&LOCK, &brand(), &columns()).await?;
        let words = self.execute(&WORDS, &brand(), &columns()).await?;
        let photos = self.execute(&PHOTOS, &brand(), &columns()).await?;
        let cases = self.execute(&CASES, &brand(), &columns()).await?;
        let ratings = self.execute(&RATINGS, &brand(), &columns()).await?;
        let returns = self.execute(&RETURNS, &brand(), &columns()).await?;
        let marks = self.execute(&ASKED, &brand(), &columns()).await?;
        Ok(Erased { ratings, cases, words, photos, returns, marks })
    }
}

impl Store {
    /// Deletes up to `limit` rows of each kind that have had their time: pictures and words of cases that were solved before
    /// `before`, those cases themselves, returns that old, and the words of ratings, whose scores stay. Also the forms of two days
    /// ago. Call it again until nothing is left.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prune_voices(
        &self,
        before: Timestamp,
        photos_before: Timestamp,
        limit: u32,
    ) -> Result<Erased, StoreError> {
        let limit = || One::Int(i64::from(limit));
        let old = || [One::Int(before.as_millisecond()), limit()];
        let forms = self.execute(&OLD_FORMS, &[self.now(), limit()], &[]).await?;
        let asked = self.execute(&OLD_ASKED, &[self.now(), limit()], &[]).await?;
        Ok(Erased {
            photos: self.execute(&OLD_PHOTOS, &[One::Int(photos_before.as_millisecond()), limit()], &[]).await?,
            words: self.execute(&OLD_WORDS, &old(), &[]).await?,
            cases: self.execute(&OLD_CASES, &old(), &[]).await?,
            ratings: self.execute(&OLD_RATINGS, &old(), &[]).await?,
            returns: self.execute(&OLD_RETURNS, &old(), &[]).await?,
            marks: forms + asked,
        })
    }
}
