//! What is taken out of an API's address, with our own answer where it cannot be: axum's answers repeat what the caller sent.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// The ids in a path. A text that is no id names nothing, as an id that nobody has.
pub(super) struct Ids<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let ids = Path::from_request_parts(parts, state).await;
        ids.map(|Path(ids)| Self(ids)).map_err(|_| unknown())
    }
}

/// The fields of a query.
pub(super) struct Fields<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let fields = Query::from_request_parts(parts, state).await;
        fields
            .map(|Query(fields)| Self(fields))
            .map_err(|_| wrong("query", "a field of it is unknown, or its value of the wrong kind"))
    }
}

/// Nothing has this id.
pub(super) fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing of this id")
}

/// A field that does not hold what it must.
pub(super) fn wrong(field: &str, what: &str) -> Problem {
    Problem {
        field: Some(field.to_owned()),
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{field}: {what}"))
    }
}
