//! One-click opt-out (RFC 8058): a mail program posts to the address in `List-Unsubscribe`, or a person opens it and presses a
//! button. Reading the page changes nothing, since mail scanners read every link.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

use super::page::{Page, Pages};
use crate::domain::person::Channel;
use crate::domain::topic::Topic;
use crate::link::{Links, OptOut};
use crate::store::{Store, StoreError};

/// What a mail program posts, word for word.
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// What the opt-out needs.
#[derive(Debug, Clone)]
pub struct OptOuts {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    links: Links,
    pages: Pages,
}

/// The page's words.
#[derive(Serialize)]
struct Words {
    heading: &'static str,
    paragraphs: &'static [&'static str],
    button: Option<&'static str>,
}

impl OptOuts {
    /// Opt-outs by the links that `links` sealed, noted in `store`.
    pub fn new(store: Store, links: Links) -> Self {
        Self { inner: Arc::new(Inner { store, links, pages: Pages::new() }) }
    }

    /// Its routes.
    pub fn routes(self) -> Router {
        Router::new().route("/u/{token}", get(ask).post(stop)).with_state(self)
    }
}

/// Shows what the button will do.
async fn ask(State(opt_outs): State<OptOuts>, Path(token): Path<String>) -> Response {
    let inner = &opt_outs.inner;
    match inner.links.opt_out(&token) {
        Some(who) => inner.show(StatusCode::OK, &who, |tongue| tongue.ask),
        None => inner.unknown(),
    }
}

/// Opts out: the mail program's post, and the button's, which are the same.
async fn stop(State(opt_outs): State<OptOuts>, Path(token): Path<String>, body: Bytes) -> Response {
    let inner = &opt_outs.inner;
    let Some(who) = inner.links.opt_out(&token) else { return inner.unknown() };
    if body.trim_ascii() != ONE_CLICK.as_bytes() {
        return inner.show(StatusCode::BAD_REQUEST, &who, |tongue| tongue.ask);
    }
    match inner.note(&who).await {
        Ok(()) => inner.show(StatusCode::OK, &who, |tongue| tongue.done),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an opt-out could not be noted");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

impl Inner {
    async fn note(&self, who: &OptOut) -> Result<(), StoreError> {
        for topic in Topic::OPTIONAL {
            self.store.decline(who.contact, Some(&who.brand), Channel::Email, Some(topic), "one_click").await?;
        }
        Ok(())
    }

    fn show(&self, status: StatusCode, who: &OptOut, part: fn(&'static Tongue) -> &'static Part) -> Response {
        let tongue = Tongue::of(&who.locale);
        let part = part(tongue);
        let words = Words { heading: part.heading, paragraphs: part.paragraphs, button: part.button };
        self.pages.show(Page::OptOut, status, tongue.tag, part.heading, &words)
    }

    /// The same for every address that is not ours: it tells nobody how near they came.
    fn unknown(&self) -> Response {
        let words = Words {
            heading: "Nothing here",
            paragraphs: &["This address is not known, or no longer valid."],
            button: None,
        };
        self.pages.show(Page::OptOut, StatusCode::NOT_FOUND, "en", words.heading, &words)
    }
}

/// The page in one language.
struct Tongue {
    tag: &'static str,
    ask: &'static Part,
    done: &'static Part,
}

/// The page before or after.
struct Part {
    heading: &'static str,
    paragraphs: &'static [&'static str],
    button: Option<&'static str>,
}

impl Tongue {
    /// The tongue of a mail's language; English where it is not spoken here.
    fn of(locale: &str) -> &'static Self {
        let language = locale.split(['-', '_']).next().unwrap_or_default();
        TONGUES.iter().find(|tongue| tongue.tag.split('-').next() == Some(language)).unwrap_or(&TONGUES[0])
    }
}

static TONGUES: [Tongue; 4] = [
    Tongue {
        tag: "en",
        ask: &Part {
            heading: "No more messages about parcels?",
            paragraphs: &[
                "We will stop writing to you about the progress of your orders. If something goes wrong with one that you have paid for, we will still tell you.",
            ],
            button: Some("Stop these messages"),
        },
        done: &Part {
            heading: "Done",
            paragraphs: &[
                "We will not write to you about the progress of your orders any more. Only if something goes wrong with one, you will hear from us.",
            ],
            button: None,
        },
    },
    Tongue {
        tag: "pl",
        ask: &Part {
            heading: "Bez kolejnych wiadomości o paczkach?",
            paragraphs: &[
                "Przestaniemy pisać o przebiegu Twoich zamówień. Jeśli z opłaconym zamówieniem coś pójdzie nie tak, nadal damy Ci znać.",
            ],
            button: Some("Nie przysyłajcie ich więcej"),
        },
        done: &Part {
            heading: "Gotowe",
            paragraphs: &[
                "Nie będziemy już pisać o przebiegu Twoich zamówień. Odezwiemy się tylko wtedy, gdy coś pójdzie nie tak.",
            ],
            button: None,
        },
    },
    Tongue {
        tag: "uk",
        ask: &Part {
            heading: "Більше не писати про посилки?",
            paragraphs: &[
                "Ми перестанемо писати про рух ваших замовлень. Якщо з оплаченим замовленням щось піде не так, ми все одно повідомимо.",
            ],
            button: Some("Більше не надсилати"),
        },
        done: &Part {
            heading: "Готово",
            paragraphs: &[
                "Ми більше не писатимемо про рух ваших замовлень. Озвемося лише тоді, коли щось піде не так.",
            ],
            button: None,
        },
    },
    Tongue {
        tag: "pt-BR",
        ask: &Part {
            heading: "Não quer mais mensagens sobre entregas?",
            paragraphs: &[
                "Vamos parar de escrever sobre o andamento dos seus pedidos. Se algo der errado com um pedido já pago, ainda avisaremos você.",
            ],
            button: Some("Parar estas mensagens"),
        },
        done: &Part {
            heading: "Pronto",
            paragraphs: &[
                "Não vamos mais escrever sobre o andamento dos seus pedidos. Você só terá notícias nossas se algo der errado.",
            ],
            button: None,
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_speaks_the_mails_language_or_english() {
        for (locale, tag) in
            [("pt-PT", "pt-BR"), ("pl-PL", "pl"), ("uk", "uk"), ("de", "en"), ("", "en"), ("en_GB", "en")]
        {
            assert_eq!(Tongue::of(locale).tag, tag, "{locale}");
        }
    }
}
