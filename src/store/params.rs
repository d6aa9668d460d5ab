//! One description of a statement's parameters for both databases.
//!
//! A statement takes a few single values first (`$1` … `$k`), then a *bulk*: columns of equal length, one row for each thing.
//! Postgres gets each column as an array to `unnest`; SQLite gets all of them as one JSON array of rows for `json_each`, and
//! byte strings in one blob beside it, named in the JSON by place and length. So a batch of any size is one statement on both.

use serde::ser::{Serialize, SerializeSeq, Serializer};
use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

use super::error::StoreError;

/// Which database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Postgres,
    Sqlite,
}

/// A statement as each database says it best.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sql {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

impl Sql {
    /// The same text on both.
    pub(super) const fn same(text: &'static str) -> Self {
        Self { postgres: text, sqlite: text }
    }
}

/// A single value.
pub(super) enum One<'a> {
    Int(i64),
    OptInt(Option<i64>),
    Text(&'a str),
    Uuid(Uuid),
    Bytes(&'a [u8]),
}

/// A column of a bulk.
pub(super) enum Col<'a> {
    Uuid(Vec<Uuid>),
    Int(Vec<i64>),
    OptInt(Vec<Option<i64>>),
    OptReal(Vec<Option<f64>>),
    Text(Vec<&'a str>),
    OptText(Vec<Option<&'a str>>),
    /// In SQLite's JSON this takes two places: where the bytes begin in the blob (from 1), and how many they are.
    Bytes(Vec<&'a [u8]>),
}

impl Col<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Uuid(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::OptInt(values) => values.len(),
            Self::OptReal(values) => values.len(),
            Self::Text(values) => values.len(),
            Self::OptText(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// NUL is text to SQLite and an error to Postgres: refused on both, so that they behave alike.
    fn holds_nul(&self) -> bool {
        match self {
            Self::Text(values) => values.iter().any(|text| text.contains('\0')),
            Self::OptText(values) => values.iter().flatten().any(|text| text.contains('\0')),
            Self::Uuid(_) | Self::Int(_) | Self::OptInt(_) | Self::OptReal(_) | Self::Bytes(_) => false,
        }
    }
}

/// Encoded parameters, ready to be moved into a task.
#[derive(Debug, Clone)]
pub(super) enum Args {
    Postgres(PgArguments),
    Sqlite(SqliteArguments),
}

/// Encodes the parameters of one statement.
pub(super) fn args(kind: Kind, ones: &[One<'_>], cols: &[Col<'_>]) -> Result<Args, StoreError> {
    let nul = ones.iter().any(|one| matches!(one, One::Text(text) if text.contains('\0')));
    if nul || cols.iter().any(Col::holds_nul) {
        return Err(StoreError::Poison { what: "NUL in a text".into() });
    }
    debug_assert!(cols.windows(2).all(|pair| pair[0].len() == pair[1].len()), "a bulk's columns are equally long");
    let encoded = match kind {
        Kind::Postgres => postgres(ones, cols).map(Args::Postgres),
        Kind::Sqlite => sqlite(ones, cols).map(Args::Sqlite),
    };
    encoded.map_err(|_| StoreError::Poison { what: "not encodable".into() })
}

type Encoded<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn postgres(ones: &[One<'_>], cols: &[Col<'_>]) -> Encoded<PgArguments> {
    let mut out = PgArguments::default();
    add_ones(&mut out, ones, |out, bytes| out.add(bytes))?;
    for col in cols {
        match col {
            Col::Uuid(values) => out.add(values)?,
            Col::Int(values) => out.add(values)?,
            Col::OptInt(values) => out.add(values)?,
            Col::OptReal(values) => out.add(values)?,
            Col::Text(values) => out.add(values)?,
            Col::OptText(values) => out.add(values)?,
            Col::Bytes(values) => out.add(values)?,
        }
    }
    Ok(out)
}

fn sqlite(ones: &[One<'_>], cols: &[Col<'_>]) -> Encoded<SqliteArguments> {
    let mut out = SqliteArguments::default();
    add_ones(&mut out, ones, |out, bytes| out.add(bytes.to_vec()))?;
    if cols.is_empty() {
        return Ok(out);
    }
    let (places, blob) = lay_out(cols);
    out.add(serde_json::to_string(&Rows { cols, places: &places })?)?;
    if !places.is_empty() {
        out.add(blob)?;
    }
    Ok(out)
}

fn add_ones<A>(out: &mut A, ones: &[One<'_>], bytes: impl Fn(&mut A, &[u8]) -> Encoded<()>) -> Encoded<()>
where
    A: Arguments,
    i64: for<'q> sqlx::Encode<'q, A::Database> + sqlx::Type<A::Database>,
    Option<i64>: for<'q> sqlx::Encode<'q, A::Database> + sqlx::Type<A::Database>,
    String: for<'q> sqlx::Encode<'q, A::Database> + sqlx::Type<A::Database>,
    Option<String>: for<'q> sqlx::Encode<'q, A::Database> + sqlx::Type<A::Database>,
    Uuid: for<'q> sqlx::Encode<'q, A::Database> + sqlx::Type<A::Database>,
{
    for one in ones {
        match one {
            One::Int(value) => out.add(*value)?,
            One::OptInt(value) => out.add(*value)?,
            One::Text(value) => out.add((*value).to_owned())?,
            One::Uuid(value) => out.add(*value)?,
            One::Bytes(value) => bytes(out, value)?,
        }
    }
    Ok(())
}

/// Strings all byte columns together; the places are in the order in which `Rows` asks for them: row by row.
fn lay_out(cols: &[Col<'_>]) -> (Vec<(usize, usize)>, Vec<u8>) {
    let byte_cols: Vec<_> =
        cols.iter().filter_map(|col| if let Col::Bytes(values) = col { Some(values) } else { None }).collect();
    let rows = byte_cols.first().map_or(0, |values| values.len());
    let mut blob = Vec::with_capacity(byte_cols.iter().flat_map(|values| values.iter()).map(|bytes| bytes.len()).sum());
    let mut places = Vec::with_capacity(rows * byte_cols.len());
    for row in 0..rows {
        for values in &byte_cols {
            places.push((blob.len() + 1, values[row].len()));
            blob.extend_from_slice(values[row]);
        }
    }
    (places, blob)
}

/// The bulk as a JSON array of rows.
struct Rows<'a> {
    cols: &'a [Col<'a>],
    places: &'a [(usize, usize)],
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.cols.first().map_or(0, Col::len);
        let mut out = serializer.serialize_seq(Some(rows))?;
        let width = self.places.len().checked_div(rows).unwrap_or(0);
        for row in 0..rows {
            out.serialize_element(&Row { cols: self.cols, row, places: &self.places[row * width..(row + 1) * width] })?;
        }
        out.end()
    }
}

struct Row<'a> {
    cols: &'a [Col<'a>],
    row: usize,
    places: &'a [(usize, usize)],
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(None)?;
        let mut places = self.places.iter();
        for col in self.cols {
            match col {
                Col::Uuid(values) => out.serialize_element(&values[self.row].simple())?,
                Col::Int(values) => out.serialize_element(&values[self.row])?,
                Col::OptInt(values) => out.serialize_element(&values[self.row])?,
                Col::OptReal(values) => out.serialize_element(&values[self.row])?,
                Col::Text(values) => out.serialize_element(values[self.row])?,
                Col::OptText(values) => out.serialize_element(&values[self.row])?,
                Col::Bytes(_) => {
                    let (from, len) = places.next().expect("each byte column has its place in each row");
                    out.serialize_element(from)?;
                    out.serialize_element(len)?;
                }
            }
        }
        out.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_named_by_place_and_length() {
        let cols = [
            Col::Int(vec![7, 8]),
            Col::Bytes(vec![b"ab", b""]),
            Col::Text(vec!["\"", "é"]),
            Col::Bytes(vec![b"c", b"def"]),
        ];
        let (places, blob) = lay_out(&cols);
        assert_eq!(blob, b"abcdef");
        let json = serde_json::to_string(&Rows { cols: &cols, places: &places }).unwrap();
        assert_eq!(json, r#"[[7,1,2,"\"",3,1],[8,4,0,"é",4,3]]"#);
    }

    #[test]
    fn nul_is_refused_on_both() {
        for kind in [Kind::Postgres, Kind::Sqlite] {
            let refused = args(kind, &[], &[Col::OptText(vec![None, Some("a\0b")])]);
            assert!(matches!(refused, Err(StoreError::Poison { .. })), "{kind:?}");
            assert!(args(kind, &[One::Text("a\0")], &[]).is_err());
        }
    }
}
