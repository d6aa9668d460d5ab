//! The page itself, and the file for a calendar.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use uuid::Uuid;

use super::slots::{self, Care, Content};
use super::{Opened, Place};
use crate::link::{PageLink, Reader};
use crate::store::StoreError;
use crate::voice::RenderError;
use crate::voice::place::{Page, Square, calendar as calendar_of, square};
use crate::web::page::guard;

/// What stands around the words.
#[derive(Serialize)]
struct Frame {
    nonce: String,
    /// The file with the expected day.
    calendar: Option<String>,
    /// The page without anything personal.
    share: Option<String>,
    /// This page's address, for another device's camera.
    phone: Option<Square>,
    content: Content,
    care: Care,
}

/// Shows the order.
pub(super) async fn page(State(place): State<Place>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let opened = match place.open(&token).await {
        Ok(opened) => opened,
        Err(why) => return place.closed(why, &headers),
    };
    let sight = opened.sight();
    let voice = place.inner.voice.load_full();
    let told = match voice.place(&opened.brand, wanted(&opened, &headers).as_deref(), &sight) {
        Ok(told) => told,
        Err(error) => return unsaid(&error),
    };
    let seen = slots::Seen { opened: &opened, sight: &sight, locale: &told.locale };
    let (content, care) = match (slots::content(&place, &seen).await, slots::care(&place, &seen).await) {
        (Ok(content), Ok(care)) => (content, care),
        (Err(error), _) | (_, Err(error)) => return failed(&error),
    };
    let nonce = STANDARD.encode(rand::random::<[u8; 16]>());
    let policy = policy(&nonce, &told, &content);
    let frame = place.frame(&opened, &told, nonce, content, care);
    match voice.place_html(&opened.brand, &told, &frame) {
        Ok(html) => (guard(policy), [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => unsaid(&error),
    }
}

impl Place {
    fn frame(&self, opened: &Opened, told: &Page, nonce: String, content: Content, care: Care) -> Frame {
        let links = &self.inner.links;
        let own = links.page_url(&opened.link);
        let shared = PageLink { reader: Reader::Shared, ..opened.link.clone() };
        Frame {
            nonce,
            calendar: told.has_day.then(|| format!("{own}/calendar.ics")),
            share: (opened.link.reader != Reader::Shared).then(|| links.page_url(&shared)),
            phone: square(&own),
            content,
            care,
        }
    }
}

/// The expected day as a file.
pub(super) async fn calendar(State(place): State<Place>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    let opened = match place.open(&token).await {
        Ok(opened) => opened,
        Err(why) => return place.closed(why, &headers),
    };
    let sight = opened.sight();
    let told = match place.inner.voice.load().place(&opened.brand, wanted(&opened, &headers).as_deref(), &sight) {
        Ok(told) => told,
        Err(error) => return unsaid(&error),
    };
    let link = place.inner.links.page_url(&opened.link);
    // The same for the order's whole life, and no name of it.
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("doorstep calendar\0{}", opened.link.order).as_bytes());
    match calendar_of(&sight, &told, id, &link) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"parcel.ics\""),
            ];
            (guard("default-src 'none'".to_owned()), headers, file).into_response()
        }
        None => place.closed(super::Closed::Nowhere, &headers),
    }
}

/// The language to speak: the person's; to somebody unknown, the one that the browser asks for.
fn wanted(opened: &Opened, headers: &HeaderMap) -> Option<String> {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let first = asked.and_then(|all| all.split([',', ';']).next()).map(str::trim).filter(|tag| is_tag(tag));
    let own = opened.wanted();
    match opened.link.reader {
        Reader::Shared => first.or(own).map(str::to_owned),
        Reader::Customer | Reader::Recipient => own.or(first).map(str::to_owned),
    }
}

fn is_tag(text: &str) -> bool {
    (2..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// What the page may do: nothing but show itself, pictures from the hosts that it names, and one script of its own.
fn policy(nonce: &str, told: &Page, content: &Content) -> String {
    let mut hosts: Vec<String> = told.picture_hosts.clone();
    for image in content.blocks.iter().filter_map(|block| block.image.as_ref()) {
        let host = crate::voice::place::host(&image.url);
        if !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let pictures = hosts.iter().fold("'self'".to_owned(), |all, host| format!("{all} {host}"));
    format!(
        "default-src 'none'; img-src {pictures}; style-src 'self' 'nonce-{nonce}'; script-src 'nonce-{nonce}'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The database did not answer.
pub(super) fn failed(error: &StoreError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "an order's page cannot be made");
    let later = [(HeaderName::from_static("retry-after"), "5")];
    (StatusCode::SERVICE_UNAVAILABLE, later, guard("default-src 'none'".to_owned())).into_response()
}

fn unsaid(error: &RenderError) -> Response {
    tracing::error!(error = error as &dyn std::error::Error, "an order's page cannot be put into words");
    (StatusCode::INTERNAL_SERVER_ERROR, guard("default-src 'none'".to_owned())).into_response()
}
