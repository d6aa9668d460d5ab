//! What can go wrong between us and the database, sorted by what to do next.

use sqlx::error::{DatabaseError, ErrorKind};

/// A failed piece of database work. The texts name codes, tables and columns, never values: those are often personal.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Someone else was faster: nothing was written; run again from the start.
    #[error("another worker changed the same rows first")]
    Conflict,
    /// The database refuses the data itself: trying again cannot help; split the batch to find the culprit.
    #[error("the database refuses a value: {what}")]
    Poison { what: String },
    /// No connection, no answer in time, or no room: try later. After a commit without an answer nobody knows whether it
    /// happened, so run again from the start: every write has a natural key.
    #[error("the database is not available: {what}")]
    Unavailable { what: String },
    /// A stored row cannot be read back.
    #[error("stored data is damaged: {table}.{column} of {id}")]
    Corrupt { table: &'static str, column: &'static str, id: String },
    /// The schema was written by a newer doorstep.
    #[error("the database has schema {found}, this doorstep knows schemas up to {known}: use a newer doorstep")]
    SchemaTooNew { found: i64, known: i64 },
    /// A migration failed, or one that was applied has since been changed.
    #[error("the database could not be migrated: {what}")]
    Migration { what: String },
    /// The settings name no database that we know how to use.
    #[error("the database's address is not usable: {what}")]
    Address { what: &'static str },
    /// A mistake of ours, or rights that are missing: neither trying again nor splitting helps.
    #[error("the database refuses the statement: {what}")]
    Statement { what: String },
}

impl StoreError {
    /// Whether running the whole transaction again, at once, is the answer.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict)
    }

    /// Whether waiting and running again is the answer.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether it may go another way next time.
    pub fn is_passing(&self) -> bool {
        self.is_unavailable() || self.is_conflict()
    }

    pub(super) fn corrupt(table: &'static str, column: &'static str, id: impl std::fmt::Display) -> Self {
        Self::Corrupt { table, column, id: id.to_string() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => from_database(refusal.as_ref()),
            sqlx::Error::PoolTimedOut => Self::Unavailable { what: "no free connection in time".into() },
            sqlx::Error::PoolClosed => Self::Unavailable { what: "the pool was closed".into() },
            sqlx::Error::WorkerCrashed => Self::Unavailable { what: "the database's thread ended".into() },
            sqlx::Error::Io(io) => Self::Unavailable { what: format!("connection: {}", io.kind()) },
            sqlx::Error::Tls(_) => Self::Unavailable { what: "TLS failed".into() },
            sqlx::Error::Protocol(_) => Self::Unavailable { what: "unexpected answer on the connection".into() },
            sqlx::Error::Encode(_) => Self::Poison { what: "not encodable".into() },
            sqlx::Error::Configuration(_) => Self::Address { what: "not a valid address" },
            sqlx::Error::ColumnDecode { index, .. } => Self::Corrupt { table: "result", column: "column", id: index },
            other => Self::Statement { what: kind_of(&other).into() },
        }
    }
}

/// sqlx's enum may grow, so this one names what our own statements can meet and calls the rest by one name.
fn kind_of(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::RowNotFound => "no row",
        sqlx::Error::ColumnNotFound(_) | sqlx::Error::ColumnIndexOutOfBounds { .. } => "column missing in a result",
        sqlx::Error::TypeNotFound { .. } => "type unknown to the server",
        sqlx::Error::Decode(_) => "result not decodable",
        sqlx::Error::BeginFailed => "begin refused",
        _ => "unexpected",
    }
}

fn from_database(refusal: &dyn DatabaseError) -> StoreError {
    let code = refusal.code().unwrap_or_default().into_owned();
    let place = refusal.constraint().or(refusal.table()).map(|name| format!(" at {name}")).unwrap_or_default();
    let what = format!("code {code}{place}");
    if refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return from_postgres(&code, what);
    }
    let constraint = !matches!(refusal.kind(), ErrorKind::Other);
    from_sqlite(&code, constraint, what)
}

/// SQLSTATE classes, see "PostgreSQL Error Codes" in its manual.
fn from_postgres(code: &str, what: String) -> StoreError {
    match code {
        // Serialization failure and deadlock.
        "40001" | "40P01" => StoreError::Conflict,
        // Time limits: statement, lock, idle in transaction; and a server that stops or starts.
        "57014" | "55P03" | "25P03" | "57P01" | "57P02" | "57P03" => StoreError::Unavailable { what },
        // Out of connections, memory, disk; connection errors; I/O errors; a session that is stuck in a failed transaction
        // or on a standby; a password that is just being changed.
        _ if ["53", "08", "58", "25", "28"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unavailable { what }
        }
        // Data exceptions, constraints, and limits such as a row that is too big.
        _ if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => StoreError::Poison { what },
        _ => StoreError::Statement { what },
    }
}

/// The low byte of an extended result code is the primary one, see "Result and Error Codes" in SQLite's manual.
fn from_sqlite(code: &str, constraint: bool, what: String) -> StoreError {
    let primary = code.parse::<u32>().map_or(0, |code| code & 0xff);
    match primary {
        // Busy, locked, read-only, interrupted, I/O error, full, cannot open, protocol.
        5 | 6 | 8 | 9 | 10 | 13 | 14 | 15 => StoreError::Unavailable { what },
        // Too big, constraint, mismatch.
        18..=20 => StoreError::Poison { what },
        // Corrupt, not a database.
        11 | 26 => StoreError::corrupt("database", "file", what),
        _ if constraint => StoreError::Poison { what },
        _ => StoreError::Statement { what },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_codes_say_what_to_do() {
        let of = |code: &str| from_postgres(code, format!("code {code}"));
        assert!(of("40P01").is_conflict() && of("40001").is_conflict());
        for code in ["57014", "08006", "53300", "57P01", "25P02", "55P03", "28P01"] {
            assert!(of(code).is_unavailable(), "{code}");
        }
        for code in ["22021", "23505", "54000", "22P02"] {
            assert!(matches!(of(code), StoreError::Poison { .. }), "{code}");
        }
        assert!(matches!(of("42703"), StoreError::Statement { .. }));
    }

    #[test]
    fn sqlite_codes_say_what_to_do() {
        assert!(from_sqlite("5", false, String::new()).is_unavailable());
        assert!(from_sqlite("517", false, String::new()).is_unavailable(), "busy snapshot");
        assert!(matches!(from_sqlite("2067", true, String::new()), StoreError::Poison { .. }));
        assert!(matches!(from_sqlite("1", false, String::new()), StoreError::Statement { .. }));
    }
}
