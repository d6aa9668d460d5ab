//! Everything stored, once. Two databases, one behaviour: Postgres in production, SQLite as the embedded default.

pub mod rows;
