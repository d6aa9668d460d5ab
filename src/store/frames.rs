//! Dictionaries by which sealed bytes are packed. Named by their content, so they never change and are never overwritten.

use uuid::Uuid;

use super::Store;
use super::error::StoreError;
use super::params::{Col, One, Sql};

const FRAMES: Sql = Sql {
    postgres: "select hash, bytes from frames where hash = any($1::uuid[])",
    sqlite: "select hash, bytes from frames where hash in (select unhex(value->>0) from json_each($1))",
};
const SAVE: Sql = Sql::same("insert into frames (hash, bytes) values ($1, $2) on conflict (hash) do nothing");

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

    /// Keeps a dictionary; does nothing if it is kept already. To be called before any bytes are packed by it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_frame(&self, hash: Uuid, bytes: &[u8]) -> Result<(), StoreError> {
        self.execute(&SAVE, &[One::Uuid(hash), One::Bytes(bytes)], &[]).await?;
        Ok(())
    }
}
