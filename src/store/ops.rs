//! People in the ops console: their sessions, and the row for each thing that they did.

use jiff::{SignedDuration, Timestamp};

use super::claim::at;
use super::cols::cols;
use super::error::StoreError;
use super::params::{One, Sql};
use super::{Store, now_postgres, now_sqlite, orders};
use crate::domain::id::OrderKey;

/// A session's `seen_at` is written again only when it is older than this: reading a page is not a write each time.
const SEEN_STEP_MS: i64 = 60_000;

const BEGIN: Sql = Sql {
    postgres: concat!(
        "insert into ops_sessions (id, person, role, csrf, created_at, seen_at) select $2, $3, $4, $5, n, n from (select ",
        now_postgres!(),
        " as n) as t"
    ),
    sqlite: concat!(
        "insert into ops_sessions (id, person, role, csrf, created_at, seen_at) select $2, $3, $4, $5, n, n from (select ",
        now_sqlite!(),
        " as n) as t"
    ),
};

const FIND: Sql = Sql {
    postgres: concat!(
        "select person, role, csrf, seen_at from ops_sessions where id = $2 and seen_at > ",
        now_postgres!(),
        " - $3 and created_at > ",
        now_postgres!(),
        " - $4"
    ),
    sqlite: concat!(
        "select person, role, csrf, seen_at from ops_sessions where id = $2 and seen_at > ",
        now_sqlite!(),
        " - $3 and created_at > ",
        now_sqlite!(),
        " - $4"
    ),
};

const SEEN: Sql = Sql {
    postgres: concat!("update ops_sessions set seen_at = ", now_postgres!(), " where id = $2"),
    sqlite: concat!("update ops_sessions set seen_at = ", now_sqlite!(), " where id = $2"),
};

const END: Sql = Sql::same("delete from ops_sessions where id = $1");

const SWEEP: Sql = Sql {
    postgres: concat!(
        "delete from ops_sessions where seen_at <= ",
        now_postgres!(),
        " - $2 or created_at <= ",
        now_postgres!(),
        " - $3"
    ),
    sqlite: concat!(
        "delete from ops_sessions where seen_at <= ",
        now_sqlite!(),
        " - $2 or created_at <= ",
        now_sqlite!(),
        " - $3"
    ),
};

pub(super) const AUDIT: Sql = Sql {
    postgres: concat!(
        "insert into ops_audit (at, person, action, order_key, target, detail) select ",
        now_postgres!(),
        ", $2, $3, nullif($4, ''), nullif($5, ''), nullif($6, '')"
    ),
    sqlite: concat!(
        "insert into ops_audit (at, person, action, order_key, target, detail) select ",
        now_sqlite!(),
        ", $2, $3, nullif($4, ''), nullif($5, ''), nullif($6, '')"
    ),
};

const AUDITED: Sql = Sql::same(
    "select seq, at, person, action, order_key, target, detail from ops_audit where seq < $1 order by seq desc limit $2",
);

const OF_ORDER: Sql = Sql::same(
    "select seq, at, person, action, order_key, target, detail from ops_audit where order_key = $1 order by seq desc limit 200",
);

/// Something that a person does, to be written down. Nothing personal but the acting person's own login name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    pub person: String,
    /// One word: `login`, `acknowledge`, `note`, …
    pub action: &'static str,
    pub order: Option<OrderKey>,
    /// What it was done to, where that is not the order alone: a parcel and its trouble, a notice's key, a group.
    pub target: Option<String>,
    /// The reason given, the note, how many it touched.
    pub detail: Option<String>,
}

/// Something that a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Grows with time.
    pub seq: i64,
    pub at: Timestamp,
    pub person: String,
    pub action: String,
    pub order: Option<OrderKey>,
    pub target: Option<String>,
    pub detail: Option<String>,
}

/// A session that is still good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub person: String,
    /// The role at login; what the person may do now is the settings' to say.
    pub role: String,
    /// The token that this session's forms carry.
    pub csrf: String,
}

cols! {
    struct AuditCols {
        seq: i64,
        at: i64,
        person: String,
        action: String,
        order_key: Option<String>,
        target: Option<String>,
        detail: Option<String>,
    }
}

impl AuditCols {
    fn read(self) -> Result<Audited, StoreError> {
        Ok(Audited {
            seq: self.seq,
            at: at(self.at).ok_or_else(|| StoreError::corrupt("ops_audit", "at", self.seq))?,
            order: self.order_key.map(|text| orders::key("ops_audit", text)).transpose()?,
            person: self.person,
            action: self.action,
            target: self.target,
            detail: self.detail,
        })
    }
}

/// The parameters of [`AUDIT`], the time first.
pub(super) fn audit_ones<'a>(now: One<'a>, audit: &'a Audit) -> [One<'a>; 6] {
    let text = |text: Option<&'a str>| One::Text(text.unwrap_or_default());
    [
        now,
        One::Text(&audit.person),
        One::Text(audit.action),
        text(audit.order.as_ref().map(OrderKey::as_str)),
        text(audit.target.as_deref()),
        text(audit.detail.as_deref()),
    ]
}

impl Store {
    /// Begins a session. `id` is the hash of its cookie; `csrf` the token that its forms carry.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ops_session_begin(&self, id: &[u8], person: &str, role: &str, csrf: &str) -> Result<(), StoreError> {
        let ones = [self.now(), One::Bytes(id), One::Text(person), One::Text(role), One::Text(csrf)];
        self.execute(&BEGIN, &ones, &[]).await?;
        Ok(())
    }

    /// A session that was used within `idle` and begun within `life`; notes that it was used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ops_session(
        &self,
        id: &[u8],
        idle: SignedDuration,
        life: SignedDuration,
    ) -> Result<Option<Session>, StoreError> {
        let ones = [self.now(), One::Bytes(id), ms(idle), ms(life)];
        let rows: Vec<(String, String, String, i64)> = self.read(&FIND, &ones, &[]).await?;
        let Some((person, role, csrf, seen_at)) = rows.into_iter().next() else { return Ok(None) };
        if self.clock().now().as_millisecond() - seen_at >= SEEN_STEP_MS {
            self.execute(&SEEN, &[self.now(), One::Bytes(id)], &[]).await?;
        }
        Ok(Some(Session { person, role, csrf }))
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ops_session_end(&self, id: &[u8]) -> Result<(), StoreError> {
        self.execute(&END, &[One::Bytes(id)], &[]).await?;
        Ok(())
    }

    /// Deletes sessions that have had their time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ops_sessions_sweep(&self, idle: SignedDuration, life: SignedDuration) -> Result<(), StoreError> {
        self.execute(&SWEEP, &[self.now(), ms(idle), ms(life)], &[]).await?;
        Ok(())
    }

    /// Writes down what a person did, or is about to do.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit(&self, audit: &Audit) -> Result<(), StoreError> {
        self.execute(&AUDIT, &audit_ones(self.now(), audit), &[]).await?;
        Ok(())
    }

    /// Up to `limit` of the things that were done, latest first, before the one numbered `before` (`i64::MAX`: from the end).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn audited(&self, before: i64, limit: u32) -> Result<Vec<Audited>, StoreError> {
        let rows: Vec<AuditCols> = self.read(&AUDITED, &[One::Int(before), One::Int(i64::from(limit))], &[]).await?;
        rows.into_iter().map(AuditCols::read).collect()
    }

    /// The last 200 things that were done about an order, latest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn audited_of(&self, order: &OrderKey) -> Result<Vec<Audited>, StoreError> {
        let rows: Vec<AuditCols> = self.read(&OF_ORDER, &[One::Text(order.as_str())], &[]).await?;
        rows.into_iter().map(AuditCols::read).collect()
    }
}

fn ms(length: SignedDuration) -> One<'static> {
    One::Int(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}
