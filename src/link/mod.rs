//! Capability links: an address that lets whoever holds it do one small thing, and tells nothing to anybody else.
//!
//! Every token is a body and a seal, in URL-safe base64. The seal is HMAC-SHA256 over a purpose and the body, cut to 16 bytes:
//! 128 bits that nobody guesses. The purpose keeps a seal of one sort of link from fitting another. No token names an address
//! or a person: an opt-out's contact is a pseudonym, and the body of a page's token, which names an order, is masked, so that
//! whoever a page was passed on to cannot read the order's number off its address.

mod page;
mod stamp;

pub use page::{PageLink, Reader};
pub use stamp::{BadStamp, STAMP_MAX, STAMP_MIN, Stamp};

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::domain::id::BrandId;
use crate::domain::person::ContactKey;

/// The first byte of a token. A new layout takes the next number, so that old mails keep working.
const VERSION: u8 = 1;
/// Bytes of the seal: 128 bits.
const SEAL_BYTES: usize = 16;
/// Shortest secret, in bytes: as strong as the seal.
const SECRET_BYTES_MIN: usize = 16;
/// Most secrets that may be live at once: two are needed for an exchange.
const SECRETS_MAX: usize = 4;
/// Longest token looked at, in characters: the longest that we make, for an order's id of 128 bytes, has 251.
const TOKEN_CHARS_MAX: usize = 256;
/// Longest locale or brand inside a token, in bytes.
const PART_BYTES_MAX: usize = 40;

/// Where links lead, and the secrets that seal them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The address at which customers reach this worker's HTTP side, without a slash at the end; empty: mails carry no
    /// one-click address.
    pub base_url: String,
    /// Files that hold one secret each, at least 16 characters: the first seals, all are believed.
    pub secret_files: Vec<PathBuf>,
}

/// Why links cannot be made from the settings.
#[derive(Debug, thiserror::Error)]
pub enum BadLinks {
    #[error("links.base_url: give an https:// address without a slash at the end")]
    BaseUrl,
    #[error("links.secret_files: name at least one file and at most {SECRETS_MAX}")]
    Count,
    #[error("links.secret_files: cannot read {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("links.secret_files: a secret needs at least {SECRET_BYTES_MIN} characters")]
    TooShort,
}

/// Whose messages a token stops, and how the page speaks to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    pub contact: ContactKey,
    pub brand: BrandId,
    /// BCP 47 tag of the mail's language.
    pub locale: String,
}

/// Makes links and reads their tokens.
#[derive(Clone)]
pub struct Links {
    base_url: String,
    keys: Vec<Hmac<Sha256>>,
}

impl std::fmt::Debug for Links {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Links").field("base_url", &self.base_url).field("keys", &self.keys.len()).finish()
    }
}

impl Links {
    /// Reads the secrets that `settings` names. `Ok(None)`: links are not configured.
    ///
    /// # Errors
    /// When the address is not https (plain http is taken for this machine alone), or a secret cannot be used.
    pub fn open(settings: &Settings) -> Result<Option<Self>, BadLinks> {
        if settings.base_url.is_empty() && settings.secret_files.is_empty() {
            return Ok(None);
        }
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|source| BadLinks::File { path: path.clone(), source })?;
            Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
        };
        let secrets: Vec<_> = settings.secret_files.iter().map(read).collect::<Result<_, BadLinks>>()?;
        Self::new(&settings.base_url, &secrets).map(Some)
    }

    /// Takes the address and the live secrets, newest first.
    ///
    /// # Errors
    /// As [`Links::open`].
    pub fn new(base_url: &str, secrets: &[SecretString]) -> Result<Self, BadLinks> {
        let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        let fits = base_url.starts_with("https://") || here.iter().any(|start| base_url.starts_with(start));
        if !fits || base_url.ends_with('/') || base_url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(BadLinks::BaseUrl);
        }
        if !(1..=SECRETS_MAX).contains(&secrets.len()) {
            return Err(BadLinks::Count);
        }
        let key = |secret: &SecretString| {
            let bytes = secret.expose_secret().as_bytes();
            let long = bytes.len() >= SECRET_BYTES_MIN;
            long.then(|| Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length")).ok_or(BadLinks::TooShort)
        };
        Ok(Self { base_url: base_url.to_owned(), keys: secrets.iter().map(key).collect::<Result<_, _>>()? })
    }

    /// The one-click address (RFC 8058) that stops messages to `who`.
    pub fn opt_out_url(&self, who: &OptOut) -> String {
        let mut body = vec![VERSION];
        body.extend_from_slice(who.contact.0.as_bytes());
        let locale = if who.locale.len() <= PART_BYTES_MAX { who.locale.as_str() } else { "" };
        body.push(locale.len() as u8);
        body.extend_from_slice(locale.as_bytes());
        body.extend_from_slice(who.brand.as_str().as_bytes());
        format!("{}/u/{}", self.base_url, self.sealed(Purpose::OptOut, body))
    }

    /// Reads a token back; `None` for anything that we did not seal, without saying why.
    pub fn opt_out(&self, token: &str) -> Option<OptOut> {
        let body = self.opened(Purpose::OptOut, token)?;
        let (&version, rest) = body.split_first()?;
        let (contact, rest) = rest.split_first_chunk::<16>()?;
        let (&length, rest) = rest.split_first()?;
        let (locale, brand) = rest.split_at_checked(usize::from(length))?;
        (version == VERSION).then_some(OptOut {
            contact: ContactKey(Uuid::from_bytes(*contact)),
            brand: BrandId::new(std::str::from_utf8(brand).ok()?),
            locale: std::str::from_utf8(locale).ok()?.to_owned(),
        })
    }
}

/// What a seal is for.
#[derive(Clone, Copy)]
enum Purpose<'a> {
    OptOut,
    Page,
    /// A form that is sent to this path.
    Form(&'a str),
}

impl Links {
    /// Where the links lead, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address that leads to what `brand` stored for a content block.
    pub fn content_url(&self, brand: &BrandId, block: &str) -> String {
        format!("{}/c/{brand}/{block}", self.base_url)
    }

    /// A body with its seal, as text.
    fn sealed(&self, purpose: Purpose<'_>, mut body: Vec<u8>) -> String {
        let seal = seal(&self.keys[0], purpose, &body);
        mask(&self.keys[0], purpose, &seal, &mut body);
        body.extend_from_slice(&seal);
        URL_SAFE_NO_PAD.encode(body)
    }

    /// The body of a token that we sealed for `purpose`; `None` for every other text.
    fn opened(&self, purpose: Purpose<'_>, token: &str) -> Option<Vec<u8>> {
        if token.len() > TOKEN_CHARS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (masked, given) = bytes.split_last_chunk::<SEAL_BYTES>()?;
        let mut found = None;
        // Every key is tried, so that the time taken does not tell which one fits.
        for key in &self.keys {
            let mut body = masked.to_vec();
            mask(key, purpose, given, &mut body);
            if bool::from(seal(key, purpose, &body).ct_eq(given)) {
                found = Some(body);
            }
        }
        found
    }
}

/// Hides the body of a page's token, or shows it again: a stream made of the seal, which is another for every body.
fn mask(key: &Hmac<Sha256>, purpose: Purpose<'_>, seal: &[u8; SEAL_BYTES], body: &mut [u8]) {
    match purpose {
        Purpose::Page => {}
        Purpose::OptOut | Purpose::Form(_) => return,
    }
    for (block, bytes) in (0_u64..).zip(body.chunks_mut(32)) {
        let mut mac = key.clone();
        mac.update(b"doorstep mask\0");
        mac.update(seal);
        mac.update(&block.to_be_bytes());
        let stream: [u8; 32] = mac.finalize().into_bytes().into();
        bytes.iter_mut().zip(stream).for_each(|(byte, other)| *byte ^= other);
    }
}

/// The purpose goes in first: a seal made for another sort of link fits nothing here.
fn seal(key: &Hmac<Sha256>, purpose: Purpose<'_>, body: &[u8]) -> [u8; SEAL_BYTES] {
    let mut mac = key.clone();
    match purpose {
        Purpose::OptOut => mac.update(b"doorstep opt-out\0"),
        Purpose::Page => mac.update(b"doorstep page\0"),
        // Its length goes in, so that no path and body meet by shifting the border.
        Purpose::Form(path) => {
            mac.update(b"doorstep form\0");
            mac.update(&(path.len() as u64).to_be_bytes());
            mac.update(path.as_bytes());
        }
    }
    mac.update(body);
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    *whole.first_chunk().expect("16 bytes of 32")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Channel;

    const OLD: &str = "an old secret of ours";
    const NEW: &str = "a new secret of ours!";

    fn links(secrets: &[&str]) -> Links {
        let secrets: Vec<_> = secrets.iter().map(|text| SecretString::from(*text)).collect();
        Links::new("https://post.harbour.example", &secrets).expect("links")
    }

    fn who() -> OptOut {
        OptOut {
            contact: ContactKey::new(Channel::Email, "c1@customer.example"),
            brand: BrandId::new("harbour"),
            locale: "pt-BR".to_owned(),
        }
    }

    fn token(links: &Links) -> String {
        links.opt_out_url(&who()).strip_prefix("https://post.harbour.example/u/").expect("our address").to_owned()
    }

    #[test]
    fn a_token_is_read_back_and_names_no_address() {
        let links = links(&[NEW]);
        let token = token(&links);
        assert_eq!(links.opt_out(&token), Some(who()));
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{token}");
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
        assert!(!String::from_utf8_lossy(&bytes).contains("customer"));
    }

    #[test]
    fn mails_sent_under_the_old_secret_keep_working_until_it_is_dropped() {
        let before = token(&links(&[OLD]));
        assert_eq!(links(&[NEW, OLD]).opt_out(&before), Some(who()));
        assert_eq!(links(&[NEW]).opt_out(&before), None);
    }

    #[test]
    fn no_changed_byte_passes() {
        let links = links(&[NEW]);
        let bytes = URL_SAFE_NO_PAD.decode(token(&links)).expect("base64");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_eq!(links.opt_out(&URL_SAFE_NO_PAD.encode(&changed)), None, "byte {place}");
        }
        for length in 0..bytes.len() {
            assert_eq!(links.opt_out(&URL_SAFE_NO_PAD.encode(&bytes[..length])), None, "cut to {length}");
        }
        assert_eq!(links.opt_out(&"A".repeat(TOKEN_CHARS_MAX + 1)), None);
    }

    #[test]
    fn weak_settings_are_refused_by_name() {
        let secret = [SecretString::from(NEW)];
        for address in ["http://post.harbour.example", "https://post.harbour.example/", "javascript:x", ""] {
            assert!(matches!(Links::new(address, &secret), Err(BadLinks::BaseUrl)), "{address}");
        }
        assert!(matches!(Links::new("https://a.example", &[SecretString::from("short")]), Err(BadLinks::TooShort)));
        assert!(matches!(Links::new("https://a.example", &[]), Err(BadLinks::Count)));
    }
}
