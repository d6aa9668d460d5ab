//! Dictionaries by which sealed bytes are packed. Named by their content, so they never change and are never overwritten.

use jiff::Timestamp;
use uuid::Uuid;

use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::{Store, now_postgres, now_sqlite};
use crate::domain::id::NoticeKey;

const FRAMES: Sql = Sql {
    postgres: "select hash, bytes from frames where hash = any($1::uuid[])",
    sqlite: "select hash, bytes from frames where hash in (select unhex(value->>0) from json_each($1))",
};
const SAVE: Sql = Sql {
    postgres: concat!(
        "insert into frames (hash, bytes, used_at) values ($2, $3, ",
        now_postgres!(),
        ") on conflict (hash) do update set used_at = excluded.used_at"
    ),
    sqlite: concat!(
        "insert into frames (hash, bytes, used_at) values ($2, $3, ",
        now_sqlite!(),
        ") on conflict (hash) do update set used_at = excluded.used_at"
    ),
};
const HAS_OLD: Sql = Sql::same("select cast(1 as bigint) from frames where used_at < $1 limit 1");
const SEALED: Sql = Sql::same("select key, bytes from sealed where key > $1 order by key limit 0 + $2");
const PRUNE: Sql = Sql {
    postgres: "delete from frames where used_at < $1 and hash <> all($2::uuid[])",
    sqlite: "delete from frames where used_at < $1 and hash not in (select unhex(value->>0) from json_each($2))",
};

impl Store {
    /// The dictionaries of these names, as far as they exist.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn frames(&self, hashes: &[Uuid]) -> Result<Vec<(Uuid, Vec<u8>)>, StoreError> {
        if hashes.is_empty() {
            return Ok(Vec::new());
        }
        self.read(&FRAMES, &[], &[Col::Uuid(hashes.to_vec())]).await
    }

    /// Keeps a dictionary, or says of one that is kept that it is in use. To be called before any bytes are packed by it, and again
    /// well within the time after which [`Store::prune_frames`] is asked to forget it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_frame(&self, hash: Uuid, bytes: &[u8]) -> Result<(), StoreError> {
        self.execute(&SAVE, &[self.now(), One::Uuid(hash), One::Bytes(bytes)], &[]).await?;
        Ok(())
    }

    /// Whether there are dictionaries of which no worker has said since `before` that it uses them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_old_frames(&self, before: Timestamp) -> Result<bool, StoreError> {
        let found: Vec<(i64,)> = self.read(&HAS_OLD, &[One::Int(before.as_millisecond())], &[]).await?;
        Ok(!found.is_empty())
    }

    /// Up to `limit` sealed messages with their bytes, by key, after the key `after` (`None`: from the start).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sealed_after(
        &self,
        after: Option<NoticeKey>,
        limit: u32,
    ) -> Result<Vec<(NoticeKey, Vec<u8>)>, StoreError> {
        let ones = [One::Uuid(after.map_or(Uuid::nil(), |key| key.0)), One::Int(i64::from(limit))];
        let rows: Vec<(Uuid, Vec<u8>)> = self.read(&SEALED, &ones, &[]).await?;
        Ok(rows.into_iter().map(|(key, bytes)| (NoticeKey(key), bytes)).collect())
    }

    /// Forgets the dictionaries of which no worker has said since `before` that it uses them, but for those in `needed`, by which
    /// something that is kept is packed. Their number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prune_frames(&self, before: Timestamp, needed: &[Uuid]) -> Result<u64, StoreError> {
        self.execute(&PRUNE, &[One::Int(before.as_millisecond())], &[Col::Uuid(needed.to_vec())]).await
    }
}
