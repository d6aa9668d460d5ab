//! Who may bring events: bearer tokens, compared so that the time it takes tells nothing.

use std::path::PathBuf;

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::settings::Settings;

/// Shortest token: 16 characters of a random text hold more than 90 bits.
const TOKEN_CHARS_MIN: usize = 16;
/// Tokens at the same time: a few shops, twice each while they are changed.
const TOKENS_MAX: usize = 64;

/// Why the tokens cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTokens {
    #[error("http.token_files: cannot read {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("http.token_files: {} holds a token of fewer than {TOKEN_CHARS_MIN} characters, or none", path.display())]
    TooShort { path: PathBuf },
    #[error("http.token_files: more than {TOKENS_MAX} tokens")]
    TooMany,
    #[error("http.token_files: name at least one, or let http.listen be a loopback address such as 127.0.0.1:8080")]
    OpenToAll,
}

/// The tokens, as digests: the tokens themselves are not kept.
#[derive(Clone, Default)]
pub struct Tokens(Vec<[u8; 32]>);

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

impl Tokens {
    /// Reads the tokens that the settings name.
    ///
    /// # Errors
    /// [`BadTokens`], also where there are none although the door can be reached from elsewhere.
    pub fn read(settings: &Settings) -> Result<Self, BadTokens> {
        let mut tokens = Vec::new();
        for path in &settings.token_files {
            let read = std::fs::read_to_string(path);
            let text = read.map_err(|source| BadTokens::File { path: path.clone(), source })?;
            let before = tokens.len();
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                if line.chars().count() < TOKEN_CHARS_MIN {
                    return Err(BadTokens::TooShort { path: path.clone() });
                }
                tokens.push(Sha256::digest(line.as_bytes()).into());
            }
            if tokens.len() == before {
                return Err(BadTokens::TooShort { path: path.clone() });
            }
        }
        if tokens.len() > TOKENS_MAX {
            return Err(BadTokens::TooMany);
        }
        if tokens.is_empty() && !settings.listen.ip().is_loopback() {
            return Err(BadTokens::OpenToAll);
        }
        Ok(Self(tokens))
    }

    /// Whether a request with these headers may bring events.
    pub fn admit(&self, headers: &HeaderMap) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let given = headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()).and_then(|value| {
            let (scheme, token) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
        });
        let Some(given) = given else { return false };
        let given: [u8; 32] = Sha256::digest(given).into();
        // Every token is compared, whichever fits.
        let fits = self.0.iter().fold(Choice::from(0), |fits, token| fits | token.ct_eq(&given));
        fits.into()
    }
}
