//! Rows with names: a struct whose fields are the columns of a statement, read from either database.
//!
//! sqlx's own derive would do the same, and would have all of sqlx compiled twice: once for the macro, once for the program.

/// Makes a struct that can be fetched. `..field: Cols` takes in the columns of another such struct.
macro_rules! cols {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $(..$inner:ident: $inner_type:ty,)?
        $($field:ident: $type:ty,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug)]
        $vis struct $name {
            $($inner: $inner_type,)?
            $($field: $type,)+
        }
        $crate::store::cols::read_from!(sqlx::postgres::PgRow, $name { $($inner)? ; $($field)+ });
        $crate::store::cols::read_from!(sqlx::sqlite::SqliteRow, $name { $($inner)? ; $($field)+ });
    };
}

macro_rules! read_from {
    ($row:ty, $name:ident { $($inner:ident)? ; $($field:ident)+ }) => {
        impl sqlx::FromRow<'_, $row> for $name {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                use sqlx::Row as _;
                Ok(Self {
                    $($inner: sqlx::FromRow::from_row(row)?,)?
                    $($field: row.try_get(stringify!($field))?,)+
                })
            }
        }
    };
}

pub(super) use {cols, read_from};
