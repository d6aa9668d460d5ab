//! The one answer for every address that opens nothing: the same bytes whether it was never ours, is revoked, has run out or
//! belongs to somebody who was erased. Only the language follows the browser's wish.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::web::page::guard;

const STYLE: &str = ":root{color-scheme:light dark}body{margin:0;min-height:100vh;display:grid;place-items:center;\
background:Canvas;color:CanvasText;font:17px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\
main{max-width:30em;padding:32px 24px}h1{font-size:1.6rem;line-height:1.2;margin:0 0 12px}p{margin:0}";

const TONGUES: [(&str, &str, &str); 4] = [
    (
        "en",
        "Nothing here",
        "This address is not known, or no longer valid. If you wait for a parcel, the newest message about it has a link that \
         works; otherwise, please ask the shop.",
    ),
    (
        "pl",
        "Tutaj nic nie ma",
        "Ten adres nie jest znany albo już nie działa. Jeśli czekasz na paczkę, działający link jest w najnowszej wiadomości o \
         niej; w innym razie zapytaj w sklepie.",
    ),
    (
        "uk",
        "Тут нічого немає",
        "Ця адреса невідома або вже не діє. Якщо ви чекаєте на посилку, чинне посилання є в найновішому повідомленні про неї; \
         інакше запитайте в крамниці.",
    ),
    (
        "pt-BR",
        "Não há nada aqui",
        "Este endereço não é conhecido ou não vale mais. Se você espera um pacote, a mensagem mais recente sobre ele tem um link \
         que funciona; se não, fale com a loja.",
    ),
];

/// The answers, made once.
#[derive(Debug)]
pub(super) struct Nowhere {
    policy: String,
    pages: [String; 4],
}

impl Nowhere {
    pub(super) fn new() -> Self {
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        );
        Self { policy, pages: TONGUES.map(|(tag, title, text)| page(tag, title, text)) }
    }

    /// The answer in the language that the browser asks for first, if it is one of ours.
    pub(super) fn answer(&self, headers: &HeaderMap) -> Response {
        let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let language = wanted.split([',', ';', '-']).next().unwrap_or_default().trim();
        let own = |tag: &str| tag.split('-').next().is_some_and(|tag| tag.eq_ignore_ascii_case(language));
        let place = TONGUES.iter().position(|(tag, ..)| own(tag)).unwrap_or(0);
        let body = self.pages[place].clone();
        let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        (StatusCode::NOT_FOUND, guard(self.policy.clone()), kind, body).into_response()
    }
}

fn page(tag: &str, title: &str, text: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_answer_speaks_the_browsers_language_or_english() {
        let nowhere = Nowhere::new();
        for (wanted, tag) in [("uk-UA,uk;q=0.9", "uk"), ("pt-PT", "pt-BR"), ("de", "en"), ("PL", "pl"), ("", "en")] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, wanted.parse().expect("a header"))]);
            let answer = nowhere.answer(&headers);
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            let body = axum::body::to_bytes(answer.into_body(), 1 << 16).await.expect("a body");
            assert!(String::from_utf8_lossy(&body).contains(&format!("<html lang=\"{tag}\"")), "{wanted}");
        }
    }
}
