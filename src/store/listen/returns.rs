//! Returns: asked for once, decided once.

use jiff::Timestamp;
use uuid::Uuid;

use super::{From, SUBMIT, Taken, contact, length, tell, text, timed};
use crate::domain::id::OrderKey;
use crate::domain::listen::sending_back::{Decision, Piece, Reason, Wish};
use crate::domain::person::{Pii, Role};
use crate::store::claim::{at, read_at};
use crate::store::cols::cols;
use crate::store::ops::{AUDIT, Audit, audit_ones};
use crate::store::params::{One, Sql, args};
use crate::store::rows::Outcome;
use crate::store::{Access, Store, StoreError, orders};

/// Returns that one person may ask for of one order.
const RETURNS_MAX: i64 = 20;

/// A return that a person asks for.
#[derive(Debug, Clone)]
pub struct NewReturn {
    /// The form's stamp.
    pub id: Uuid,
    pub from: From,
    pub wish: Wish,
    pub reason: Reason,
    pub words: Option<Pii<String>>,
    pub pieces: Vec<Piece>,
    /// Within which the shop decides.
    pub decide: jiff::SignedDuration,
}

/// What the shop has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub decision: Decision,
    pub at: Timestamp,
    /// The operator's login, or the name of the program.
    pub by: String,
    /// To the customer.
    pub words: Option<Pii<String>>,
}

/// A return as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    pub id: Uuid,
    pub order: OrderKey,
    pub role: Role,
    pub locale: Option<String>,
    pub wish: Wish,
    pub reason: Reason,
    pub words: Option<Pii<String>>,
    pub pieces: Vec<Piece>,
    pub requested_at: Timestamp,
    pub decide_by: Timestamp,
    pub decided: Option<Decided>,
}

/// Makes the outcome event of a decision.
pub type Report = fn(&Return) -> Option<Outcome>;

const REQUEST: Sql = timed!(
    "insert into returns (id, order_key, brand, person, contact, locale, wish, reason, words, items, requested_at, decide_by)
     select $2, $3, $4, $5, $6, nullif($7, ''), $8, $9, nullif($10, ''), $11, t.n, t.n + $12 from (select ",
    now,
    " as n) as t where (select count(*) from returns where order_key = $3 and person = $5) < $13
     on conflict (id) do nothing",
);

macro_rules! columns {
    () => {
        "id, order_key, person, locale, wish, reason, words, items, requested_at, decide_by, decision, decided_at, decided_by,
         decided_words"
    };
}

const GET: Sql = Sql::same(concat!("select ", columns!(), " from returns where id = $1"));
const DROP: Sql = Sql::same("delete from returns where id = $1");
const OF_ORDER: Sql =
    Sql::same(concat!("select ", columns!(), " from returns where order_key = $1 order by requested_at, id limit 100"));
const LIST: Sql = Sql::same(concat!(
    "select ",
    columns!(),
    " from returns where ($1 = '' or brand = $1) and ($2 = 1 or decision is null) and requested_at < $3
     order by requested_at desc, id limit $4"
));
const DECIDE: Sql = timed!(
    "update returns set decision = $3, decided_at = ",
    now,
    ", decided_by = $4, decided_words = nullif($5, '') where id = $2 and decision is null",
);

cols! {
    struct Cols {
        id: Uuid,
        order_key: String,
        person: String,
        locale: Option<String>,
        wish: String,
        reason: String,
        words: Option<String>,
        items: String,
        requested_at: i64,
        decide_by: i64,
        decision: Option<String>,
        decided_at: Option<i64>,
        decided_by: Option<String>,
        decided_words: Option<String>,
    }
}

impl Cols {
    fn read(self) -> Result<Return, StoreError> {
        let bad = |column| StoreError::corrupt("returns", column, self.id);
        let decided = match (self.decision.as_deref(), read_at("returns", "decided_at", self.id, self.decided_at)?) {
            (Some(word), Some(at)) => Some(Decided {
                decision: Decision::parse(word).ok_or_else(|| bad("decision"))?,
                at,
                by: self.decided_by.unwrap_or_default(),
                words: self.decided_words.map(Pii::new),
            }),
            (None, _) | (_, None) => None,
        };
        Ok(Return {
            id: self.id,
            role: Role::parse(&self.person).ok_or_else(|| bad("person"))?,
            locale: self.locale,
            wish: Wish::parse(&self.wish).ok_or_else(|| bad("wish"))?,
            reason: Reason::parse(&self.reason).ok_or_else(|| bad("reason"))?,
            words: self.words.map(Pii::new),
            pieces: serde_json::from_str(&self.items).map_err(|_| bad("items"))?,
            requested_at: at(self.requested_at).ok_or_else(|| bad("requested_at"))?,
            decide_by: at(self.decide_by).ok_or_else(|| bad("decide_by"))?,
            decided,
            order: orders::key("returns", self.order_key)?,
        })
    }
}

impl Store {
    /// Keeps a wish to send something back. `told`: its outcome event, queued in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn request_return(&self, new: &NewReturn, told: Vec<Outcome>) -> Result<Taken, StoreError> {
        let from = &new.from;
        let items = serde_json::to_string(&new.pieces).expect("plain data with text keys");
        let ones = [
            self.now(),
            One::Uuid(new.id),
            One::Text(from.order.as_str()),
            One::Text(from.order.brand_str()),
            One::Text(from.role.as_str()),
            contact(from),
            One::Text(&from.locale),
            One::Text(new.wish.as_str()),
            One::Text(new.reason.as_str()),
            text(new.words.as_ref().map(|words| words.expose().as_str())),
            One::Text(&items),
            length(new.decide),
            One::Int(RETURNS_MAX),
        ];
        let submit = self.args(&[self.now(), One::Uuid(new.id)], &[])?;
        let request = self.args(&ones, &[])?;
        self.with(Access::Transaction, move |mut conn| async move {
            if conn.execute(&SUBMIT, submit).await? == 0 {
                return Ok((conn, Taken::Repeat));
            }
            if conn.execute(&REQUEST, request).await? == 0 {
                return Ok((conn, Taken::TooMany));
            }
            tell(&mut conn, &told).await?;
            Ok((conn, Taken::New { opened: false }))
        })
        .await
    }

    /// Decides a return that is not decided yet; `None` if there is no such return, or it was. `report` makes the outcome event.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`] for a text that the database refuses.
    pub async fn decide_return(
        &self,
        id: Uuid,
        decision: Decision,
        words: Option<&Pii<String>>,
        audit: Audit,
        report: Option<Report>,
    ) -> Result<Option<Return>, StoreError> {
        let (kind, now) = (self.kind(), self.inner.clock.for_sql());
        let words = text(words.map(|words| words.expose().as_str()));
        let ones = [self.now(), One::Uuid(id), One::Text(decision.as_str()), One::Text(&audit.person), words];
        let decide = self.args(&ones, &[])?;
        let found = self.args(&[One::Uuid(id)], &[])?;
        self.with(Access::Transaction, move |mut conn| async move {
            if conn.execute(&DECIDE, decide).await? == 0 {
                return Ok((conn, None));
            }
            let row = conn.fetch::<Cols>(&GET, found).await?.into_iter().next();
            let decided = row.ok_or_else(|| StoreError::corrupt("returns", "id", id))?.read()?;
            let told: Vec<Outcome> = report.and_then(|report| report(&decided)).into_iter().collect();
            tell(&mut conn, &told).await?;
            conn.execute(&AUDIT, args(kind, &audit_ones(One::OptInt(now), &audit), &[])?).await?;
            Ok((conn, Some(decided)))
        })
        .await
    }

    /// Takes a return back, which came in for somebody who had just been forgotten.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_return(&self, id: Uuid) -> Result<(), StoreError> {
        self.execute(&DROP, &[One::Uuid(id)], &[]).await?;
        Ok(())
    }

    /// One return.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn one_return(&self, id: Uuid) -> Result<Option<Return>, StoreError> {
        let rows: Vec<Cols> = self.read(&GET, &[One::Uuid(id)], &[]).await?;
        rows.into_iter().next().map(Cols::read).transpose()
    }

    /// The returns of an order, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn returns_of(&self, order: &OrderKey) -> Result<Vec<Return>, StoreError> {
        let rows: Vec<Cols> = self.read(&OF_ORDER, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }

    /// Up to `limit` returns of a brand (empty: of all) that were asked for before `before`, latest first: those that wait for a
    /// decision, or all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn returns(
        &self,
        brand: &str,
        decided_too: bool,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Return>, StoreError> {
        let ones = [
            One::Text(brand),
            One::Int(i64::from(decided_too)),
            One::Int(before.as_millisecond()),
            One::Int(i64::from(limit)),
        ];
        let rows: Vec<Cols> = self.read(&LIST, &ones, &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }
}
