//! What was refused at a door, kept for repair.

use super::claim::{at, read_at};
use super::cols::cols;
use super::error::StoreError;
use super::params::{One, Sql};
use super::rows::Quarantined;
use super::{Store, now_postgres, now_sqlite};

const LIST: Sql = Sql::same(
    "select id, door, reason, raw, headers, refused_at, retried_at from quarantine
     where id > $1 and retried_at is null order by id limit $2",
);
// What was tried again has its bytes still.
const WHOLE: Sql = Sql::same(
    "select id, door, reason, raw, headers, refused_at, retried_at from quarantine where id > $1 order by id limit $2",
);
const GET: Sql =
    Sql::same("select id, door, reason, raw, headers, refused_at, retried_at from quarantine where id = $1");
const RETRIED: Sql = Sql {
    postgres: concat!("update quarantine set retried_at = ", now_postgres!(), " where id = $2 and retried_at is null"),
    sqlite: concat!("update quarantine set retried_at = ", now_sqlite!(), " where id = $2 and retried_at is null"),
};
const DROP: Sql = Sql::same("delete from quarantine where id = $1");

cols! {
    struct Cols {
        id: i64,
        door: String,
        reason: String,
        raw: Vec<u8>,
        headers: String,
        refused_at: i64,
        retried_at: Option<i64>,
    }
}

impl Cols {
    fn read(self) -> Result<Quarantined, StoreError> {
        Ok(Quarantined {
            refused_at: at(self.refused_at).ok_or_else(|| StoreError::corrupt("quarantine", "refused_at", self.id))?,
            retried_at: read_at("quarantine", "retried_at", self.id, self.retried_at)?,
            id: self.id,
            door: self.door,
            reason: self.reason,
            raw: self.raw,
            headers: self.headers,
        })
    }
}

impl Store {
    /// Up to `limit` refused things that nobody has retried, oldest first, after the one numbered `after` (0: from the start).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn quarantine(&self, after: i64, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        let rows: Vec<Cols> = self.read(&LIST, &[One::Int(after), One::Int(i64::from(limit))], &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }

    /// The same, with those that were tried again: a search for one person reads them all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn quarantine_whole(&self, after: i64, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        let rows: Vec<Cols> = self.read(&WHOLE, &[One::Int(after), One::Int(i64::from(limit))], &[]).await?;
        rows.into_iter().map(Cols::read).collect()
    }

    /// One refused thing, retried or not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn quarantined(&self, id: i64) -> Result<Option<Quarantined>, StoreError> {
        let rows: Vec<Cols> = self.read(&GET, &[One::Int(id)], &[]).await?;
        rows.into_iter().next().map(Cols::read).transpose()
    }

    /// Notes that a refused thing went through the door again. False if it is not there, or was retried before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantine_retried(&self, id: i64) -> Result<bool, StoreError> {
        Ok(self.execute(&RETRIED, &[self.now(), One::Int(id)], &[]).await? == 1)
    }

    /// Deletes a refused thing for good. False if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn quarantine_drop(&self, id: i64) -> Result<bool, StoreError> {
        Ok(self.execute(&DROP, &[One::Int(id)], &[]).await? == 1)
    }
}
