//! In and out.

use axum::extract::{FromRequestParts, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::guard::{Leaving, Visitor, failed, is_ours, no_cookie};
use super::page::Page;
use super::people::{NAME_CHARS_MAX, PASSWORD_BYTES_MAX, Role};
use super::{Inner, Ops};
use crate::store::StoreError;
use crate::store::ops::Audit;
use crate::web::form;

/// How long a login may wait for its turn at the hash.
const TURN_MAX: Duration = Duration::from_secs(5);
/// When to come back after too many tries, in seconds.
const LATER_SECS: &str = "900";

/// What the page of the login shows.
#[derive(Serialize)]
struct Facts<'a> {
    next: &'a str,
    trouble: Option<&'a str>,
    /// Whether there are passwords at all.
    by_password: bool,
}

/// Where to go after the login.
#[derive(Deserialize, Default)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// The form, or the console itself for who is in already.
pub(super) async fn ask(State(ops): State<Ops>, Query(wanted): Query<Wanted>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let next = target(&wanted.next);
    match Visitor::from_request_parts(&mut parts, &ops).await {
        Ok(_) => Redirect::to(next).into_response(),
        Err(_) => ops.inner.form(StatusCode::OK, next, None),
    }
}

/// Judges name and password. Whatever is wrong, the answer is the same and takes as long.
pub(super) async fn enter(State(ops): State<Ops>, request: Request) -> Response {
    let inner = &ops.inner;
    let (parts, body) = request.into_parts();
    if !inner.entrance.networks.is_same_site(&parts) {
        return inner.refusal(StatusCode::FORBIDDEN, "This form was not sent from a page of the console.");
    }
    let (address, headers) = (inner.entrance.networks.client(&parts), parts.headers.clone());
    let Some(fields) = form::read(Request::from_parts(parts, body)).await else {
        return inner.refusal(StatusCode::BAD_REQUEST, "This is not a form of the console.");
    };
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    let (name, password, next) = (field("name").trim().to_owned(), field("password").to_owned(), field("next"));
    let next = target(next);
    if !inner.limit.may_try(&name, address, inner.store.clock().now()) {
        tracing::warn!("too many tries to log in to the ops console");
        let answer =
            inner.form(StatusCode::TOO_MANY_REQUESTS, next, Some("Too many tries. Come back in a quarter of an hour."));
        return ([(header::RETRY_AFTER, LATER_SECS)], answer).into_response();
    }
    let role = match inner.verify(name.clone(), password).await {
        Verified::Person(role) => role,
        Verified::Nobody => {
            tracing::warn!("a login to the ops console was refused");
            return inner.form(StatusCode::FORBIDDEN, next, Some("The name or the password is wrong."));
        }
        Verified::Busy => {
            return inner.form(
                StatusCode::SERVICE_UNAVAILABLE,
                next,
                Some("Too many logins at once. Try again in a moment."),
            );
        }
    };
    inner.limit.forgive(&name);
    let begun = async {
        // Whatever session the browser had is over: nobody goes on with one that somebody else may know.
        inner.end_session(&headers).await?;
        let (cookie, _) = inner.begin_session(&name, role.as_str()).await?;
        inner.store.audit(&Audit { person: name, action: "login", ..Audit::default() }).await?;
        Ok::<_, StoreError>(cookie)
    };
    match begun.await {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response(),
        Err(error) => failed(&error),
    }
}

/// Ends the session.
pub(super) async fn leave(State(ops): State<Ops>, headers: axum::http::HeaderMap, leaving: Leaving) -> Response {
    let ended = async {
        ops.inner.end_session(&headers).await?;
        ops.inner.store.audit(&leaving.0.audit("logout")).await
    };
    match ended.await {
        Ok(()) => ([(header::SET_COOKIE, no_cookie())], Redirect::to("/ops/login")).into_response(),
        Err(error) => failed(&error),
    }
}

enum Verified {
    Person(Role),
    Nobody,
    Busy,
}

impl Inner {
    async fn verify(&self, name: String, password: String) -> Verified {
        let Some(people) = self.entrance.people.clone() else { return Verified::Nobody };
        if password.len() > PASSWORD_BYTES_MAX || name.chars().count() > NAME_CHARS_MAX {
            return Verified::Nobody;
        }
        // Each takes some 20 MB and a core: a few at a time.
        let Ok(Ok(turn)) = tokio::time::timeout(TURN_MAX, std::sync::Arc::clone(&self.turns).acquire_owned()).await
        else {
            return Verified::Busy;
        };
        let verified = tokio::task::spawn_blocking(move || {
            let role = people.verify(&name, &password);
            drop(turn);
            role
        });
        match verified.await {
            Ok(Some(role)) => Verified::Person(role),
            Ok(None) => Verified::Nobody,
            Err(_) => Verified::Busy,
        }
    }

    fn form(&self, status: StatusCode, next: &str, trouble: Option<&str>) -> Response {
        let by_password = self.entrance.people.is_some();
        self.pages.show_to_strangers(Page::Login, status, "Log in", &Facts { next, trouble, by_password })
    }
}

/// A page of the console and nothing else.
fn target(next: &str) -> &str {
    if is_ours(next) && !next.starts_with("/ops/login") { next } else { "/ops" }
}
