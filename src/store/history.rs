//! What happened: for `explain`, for corrections, and for people who settle doubts.

use uuid::Uuid;

use super::claim::{NoticeCols, at, notice_columns, read_at};
use super::cols::cols;
use super::error::StoreError;
use super::params::{One, Sql};
use super::rows::{Fact, NoticeRow, State, Told};
use super::{Store, orders};
use crate::domain::id::{EventKey, NoticeKey, OrderKey};
use crate::domain::notice::{Said, Silence, Why};
use crate::domain::person::{Channel, Role};
use crate::domain::stage::Stage;

/// The columns from which a [`NoticeRow`] is read.
macro_rules! row_columns {
    () => {
        concat!(
            notice_columns!(),
            ", o.state, o.fence, o.attempts, o.first_try_at, o.doubt_at, o.settled_at, o.why, o.cause, o.receipt"
        )
    };
}

// What is being sent counts as told, and so does an earlier try that may have arrived.
const SAID: Sql = Sql {
    postgres: concat!(
        "select ",
        notice_columns!(),
        ", o.said, coalesce(case o.state when 'accepted' then o.settled_at end, o.doubt_at, o.first_try_at, o.planned_at) as at,
             o.state
         from outbox o where o.order_key = any($1::text[])
             and (o.state in ('accepted', 'in_doubt', 'sending') or o.doubt_at is not null)
         order by at, o.key"
    ),
    sqlite: concat!(
        "select ",
        notice_columns!(),
        ", o.said, coalesce(case o.state when 'accepted' then o.settled_at end, o.doubt_at, o.first_try_at, o.planned_at) as at,
             o.state
         from outbox o where o.order_key in (select value->>0 from json_each($1))
             and (o.state in ('accepted', 'in_doubt', 'sending') or o.doubt_at is not null)
         order by at, o.key"
    ),
};

const FACTS: Sql =
    Sql::same("select key, kind, received_at, raw from inbox where order_key = $1 order by received_at, key");

const SILENCES: Sql = Sql::same(
    "select order_key, shipment, stage, role, channel, why, at from silences where order_key = $1 order by at, stage",
);

const OF_ORDER: Sql =
    Sql::same(concat!("select ", row_columns!(), " from outbox o where o.order_key = $1 order by o.planned_at, o.key"));

const ONE: Sql = Sql::same(concat!("select ", row_columns!(), " from outbox o where o.key = $1"));

const SEALED: Sql = Sql::same("select bytes from sealed where key = $1");

// What is open or in doubt has partial indexes; the rest is walked by key.
const OPEN: Sql = Sql::same(concat!(
    "select ",
    row_columns!(),
    " from outbox o where (o.due_at is not null or o.doubt_at is not null) and o.state = $1 and o.key > $2
      order by o.key limit $3"
));
const CLOSED: Sql = Sql::same(concat!(
    "select ",
    row_columns!(),
    " from outbox o where o.state = $1 and o.key > $2 order by o.key limit $3"
));

cols! {
    struct SaidCols {
        ..notice: NoticeCols,
        said: Option<String>,
        at: i64,
        state: String,
    }
}

impl SaidCols {
    fn read(self) -> Result<Told, StoreError> {
        let notice = self.notice.read()?;
        let bad = |column| StoreError::corrupt("outbox", column, notice.key);
        let said: Said = match self.said.as_deref() {
            None | Some("") => Said::default(),
            Some(json) => serde_json::from_str(json).map_err(|_| bad("said"))?,
        };
        Ok(Told {
            at: at(self.at).ok_or_else(|| bad("settled_at"))?,
            certain: State::parse(&self.state) == Some(State::Accepted),
            said,
            order: notice.order,
            shipment: notice.shipment,
            stage: notice.stage,
            occurrence: notice.occurrence,
            role: notice.role,
            channel: notice.channel,
        })
    }
}

cols! {
    struct RowCols {
        ..notice: NoticeCols,
        state: String,
        fence: i32,
        attempts: i32,
        first_try_at: Option<i64>,
        doubt_at: Option<i64>,
        settled_at: Option<i64>,
        why: Option<String>,
        cause: Option<String>,
        receipt: Option<String>,
    }
}

impl RowCols {
    fn read(self) -> Result<NoticeRow, StoreError> {
        let notice = self.notice.read()?;
        let time = |column, ms| read_at("outbox", column, notice.key, ms);
        Ok(NoticeRow {
            state: State::parse(&self.state).ok_or_else(|| StoreError::corrupt("outbox", "state", notice.key))?,
            fence: self.fence,
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            first_try_at: time("first_try_at", self.first_try_at)?,
            doubt_at: time("doubt_at", self.doubt_at)?,
            settled_at: time("settled_at", self.settled_at)?,
            why: self.why,
            cause: self.cause,
            receipt: self.receipt,
            notice,
        })
    }
}

cols! {
    struct SilenceCols {
        order_key: String,
        shipment: Option<String>,
        stage: String,
        role: Option<String>,
        channel: Option<String>,
        why: String,
        at: i64,
    }
}

impl SilenceCols {
    fn read(self) -> Result<Silence, StoreError> {
        let order = orders::key("silences", self.order_key)?;
        let bad = |column| StoreError::corrupt("silences", column, &order);
        Ok(Silence {
            stage: Stage::parse(&self.stage).ok_or_else(|| bad("stage"))?,
            role: self.role.map(|word| Role::parse(&word).ok_or_else(|| bad("role"))).transpose()?,
            channel: self.channel.map(|word| Channel::parse(&word).ok_or_else(|| bad("channel"))).transpose()?,
            why: parse_why(&self.why).ok_or_else(|| bad("why"))?,
            at: at(self.at).ok_or_else(|| bad("at"))?,
            shipment: self.shipment,
            order,
        })
    }
}

/// The words of [`Why`] are its serde names.
fn parse_why(word: &str) -> Option<Why> {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};
    let words: StrDeserializer<'_, Error> = word.into_deserializer();
    Why::deserialize(words).ok()
}

impl Store {
    /// What these orders' people have been told, or may have been, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn said(&self, keys: &[OrderKey]) -> Result<Vec<Told>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<SaidCols> = self.read(&SAID, &[], &[orders::sorted(keys)]).await?;
        rows.into_iter().map(SaidCols::read).collect()
    }

    /// Every event that we took for this order, in the order of arrival.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn facts_of(&self, order: &OrderKey) -> Result<Vec<Fact>, StoreError> {
        let rows: Vec<(Uuid, String, i64, Vec<u8>)> = self.read(&FACTS, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter()
            .map(|(key, kind, received_at, raw)| {
                let received_at = at(received_at).ok_or_else(|| StoreError::corrupt("inbox", "received_at", key))?;
                Ok(Fact { key: EventKey(key), kind, received_at, raw })
            })
            .collect()
    }

    /// What was not told about this order, and why.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn silences_of(&self, order: &OrderKey) -> Result<Vec<Silence>, StoreError> {
        let rows: Vec<SilenceCols> = self.read(&SILENCES, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(SilenceCols::read).collect()
    }

    /// Every notice of this order, in the order of planning.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn notices_of(&self, order: &OrderKey) -> Result<Vec<NoticeRow>, StoreError> {
        let rows: Vec<RowCols> = self.read(&OF_ORDER, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(RowCols::read).collect()
    }

    /// One notice.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn notice(&self, key: NoticeKey) -> Result<Option<NoticeRow>, StoreError> {
        let rows: Vec<RowCols> = self.read(&ONE, &[One::Uuid(key.0)], &[]).await?;
        rows.into_iter().next().map(RowCols::read).transpose()
    }

    /// The packed bytes of a notice whose outcome is not known yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sealed(&self, key: NoticeKey) -> Result<Option<Vec<u8>>, StoreError> {
        let rows: Vec<(Vec<u8>,)> = self.read(&SEALED, &[One::Uuid(key.0)], &[]).await?;
        Ok(rows.into_iter().next().map(|(bytes,)| bytes))
    }

    /// Up to `limit` notices in one state, by key, after the key `after` (`None`: from the start).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn notices_in(
        &self,
        state: State,
        after: Option<NoticeKey>,
        limit: u32,
    ) -> Result<Vec<NoticeRow>, StoreError> {
        let sql = match state {
            State::Planned | State::Claimed | State::Sending | State::InDoubt => &OPEN,
            State::Accepted | State::Rejected | State::Superseded | State::Suppressed => &CLOSED,
        };
        let after = after.map_or(Uuid::nil(), |key| key.0);
        let ones = [One::Text(state.as_str()), One::Uuid(after), One::Int(i64::from(limit))];
        let rows: Vec<RowCols> = self.read(sql, &ones, &[]).await?;
        rows.into_iter().map(RowCols::read).collect()
    }
}
