//! DKIM signatures (RFC 6376, RFC 8463), for shops whose relay does not sign.
//!
//! Signed with ring, which is here for TLS anyway: lettre's signer brings a second implementation of RSA, takes lettre's own
//! messages alone, and writes the time of the try into the signature, so that no two tries would be the same bytes.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::channel::setup::{SetupError, read};

/// What is signed, where it is there. RFC 8058 asks for both `List-Unsubscribe` headers.
const SIGNED: [&str; 13] = [
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
];
/// Smallest RSA key, in bytes of its modulus: receivers refuse less than 1024 bits, and ring less than 2048.
const RSA_BYTES_MIN: usize = 256;

/// A key that signs for a domain.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Signs mails whose sender is at this domain or below it.
    pub domain: String,
    /// The name under `_domainkey` where the public key stands in the DNS.
    pub selector: String,
    /// The private key in PEM: RSA of at least 2048 bits, or Ed25519.
    pub key_file: PathBuf,
}

/// Signs for one domain.
pub(super) struct Signer {
    domain: String,
    selector: String,
    key: Key,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({}._domainkey.{})", self.selector, self.domain)
    }
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    /// Reads the key.
    ///
    /// # Errors
    /// When a name is no host's name, or the file holds no key that can sign.
    pub(super) fn new(settings: &Settings) -> Result<Self, SetupError> {
        let name = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
        };
        if !name(&settings.domain) {
            return Err(SetupError::setting("email.dkim.domain", "is not a domain"));
        }
        if !name(&settings.selector) {
            return Err(SetupError::setting("email.dkim.selector", "is not a name in the DNS"));
        }
        let pem = read("email.dkim.key_file", &settings.key_file)?;
        let key = key(&pem).ok_or_else(|| {
            SetupError::setting("email.dkim.key_file", "holds no RSA key of 2048 bits or more, and no Ed25519 key")
        })?;
        Ok(Self { domain: settings.domain.to_ascii_lowercase(), selector: settings.selector.clone(), key })
    }

    /// Whether this key speaks for a sender at `domain`.
    pub(super) fn speaks_for(&self, domain: &str) -> bool {
        domain.strip_suffix(self.domain.as_str()).is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    /// The mail with a signature in front. `at` is when the notice was planned, so that every try is the same bytes.
    pub(super) fn sign(&self, mail: &[u8], at: Timestamp) -> Vec<u8> {
        let (head, body) = split(mail);
        let headers = unfolded(head);
        // The sender is named once more than it is there: a second one cannot be added.
        let here: Vec<&str> =
            SIGNED.into_iter().filter(|name| headers.iter().any(|(known, _)| known == name)).collect();
        let names: Vec<&str> = here.iter().copied().chain(["from"]).collect();
        let algorithm = match &self.key {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        };
        let unsigned = format!(
            "v=1; a={algorithm}; c=relaxed/relaxed; d={};\r\n s={}; t={};\r\n h={};\r\n bh={};\r\n b=",
            self.domain,
            self.selector,
            at.as_second(),
            folded_names(&names),
            STANDARD.encode(Sha256::digest(relaxed_body(body))),
        );
        let signature = STANDARD.encode(self.key.sign(&signed_bytes(&headers, &names, &unsigned)));
        let mut out = Vec::with_capacity(mail.len() + 1024);
        out.extend_from_slice(b"DKIM-Signature: ");
        out.extend_from_slice(unsigned.as_bytes());
        for (number, piece) in signature.as_bytes().chunks(72).enumerate() {
            if number > 0 {
                out.extend_from_slice(b"\r\n ");
            }
            out.extend_from_slice(piece);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(mail);
        out
    }
}

impl Key {
    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature)
                    .expect("a key of 2048 bits or more has room for the hash");
                signature
            }
            // RFC 8463 signs the hash, not the bytes.
            Self::Ed25519(pair) => pair.sign(&Sha256::digest(bytes)).as_ref().to_vec(),
        }
    }
}

fn key(pem: &[u8]) -> Option<Key> {
    let rsa = |pair: RsaKeyPair| (pair.public().modulus_len() >= RSA_BYTES_MIN).then(|| Key::Rsa(Box::new(pair)));
    match PrivateKeyDer::from_pem_slice(pem).ok()? {
        PrivateKeyDer::Pkcs1(der) => rsa(RsaKeyPair::from_der(der.secret_pkcs1_der()).ok()?),
        PrivateKeyDer::Pkcs8(der) => {
            let der = der.secret_pkcs8_der();
            match Ed25519KeyPair::from_pkcs8_maybe_unchecked(der) {
                Ok(pair) => Some(Key::Ed25519(pair)),
                Err(_) => rsa(RsaKeyPair::from_pkcs8(der).ok()?),
            }
        }
        _ => None,
    }
}

fn folded_names(names: &[&str]) -> String {
    names.chunks(5).map(|some| some.join(":")).collect::<Vec<_>>().join(":\r\n  ")
}

fn split(mail: &[u8]) -> (&[u8], &[u8]) {
    match mail.windows(4).position(|four| four == b"\r\n\r\n") {
        Some(end) => (&mail[..end + 2], &mail[end + 4..]),
        None => (mail, &[]),
    }
}

/// The headers in relaxed form: lower-case name, and the value on one line with single blanks.
fn unfolded(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        match (line.first(), headers.last_mut()) {
            (Some(b' ' | b'\t'), Some((_, value))) => value.extend_from_slice(line),
            _ => {
                let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
                let (name, value) = line.split_at(colon);
                let name = String::from_utf8_lossy(name).trim_end().to_ascii_lowercase();
                headers.push((name, value.get(1..).unwrap_or_default().to_vec()));
            }
        }
    }
    for (_, value) in &mut headers {
        *value = words(value).collect::<Vec<_>>().join(&b' ');
    }
    headers
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).filter(|word| !word.is_empty())
}

/// What is signed: the named headers, the last of a name first, then the signature's own header without its value.
fn signed_bytes(headers: &[(String, Vec<u8>)], names: &[&str], unsigned: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2048);
    let mut left: Vec<&(String, Vec<u8>)> = headers.iter().collect();
    for name in names {
        // A name without a header is signed as its absence.
        let Some(place) = left.iter().rposition(|(known, _)| known == name) else { continue };
        let (name, value) = left.remove(place);
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"dkim-signature:");
    bytes.extend_from_slice(&words(unsigned.as_bytes()).collect::<Vec<_>>().join(&b' '));
    bytes
}

/// The body in relaxed form: single blanks, none at a line's end, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut blank = false;
        for &byte in line {
            if matches!(byte, b' ' | b'\t') {
                blank = true;
                continue;
            }
            if std::mem::take(&mut blank) {
                out.push(b' ');
            }
            out.push(byte);
        }
        out.extend_from_slice(b"\r\n");
    }
    trim_empty_lines(&mut out);
    out
}

fn trim_empty_lines(body: &mut Vec<u8>) {
    while body.ends_with(b"\r\n\r\n") {
        body.truncate(body.len() - 2);
    }
    if body == b"\r\n" {
        body.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ED25519, UnparsedPublicKey};

    /// RFC 8463, appendix A: message, keys and Ed25519 signature.
    const MAIL: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
        To: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\n\
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
        \r\n\
        Hi.\r\n\
        \r\n\
        We lost the game.  Are you hungry yet?\r\n\
        \r\n\
        Joe.\r\n";
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const UNSIGNED: &str = "v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; \
        i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : \
        from : subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    const SIGNATURE: &str = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";

    fn decoded(text: &str) -> Vec<u8> {
        STANDARD.decode(text).unwrap()
    }

    fn published() -> Key {
        Key::Ed25519(Ed25519KeyPair::from_seed_and_public_key(&decoded(SEED), &decoded(PUBLIC)).unwrap())
    }

    #[test]
    fn the_published_signature_comes_out() {
        let (head, body) = split(MAIL.as_bytes());
        let hash = STANDARD.encode(Sha256::digest(relaxed_body(body)));
        assert_eq!(hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
        let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];
        let bytes = signed_bytes(&unfolded(head), &names, UNSIGNED);
        assert_eq!(STANDARD.encode(published().sign(&bytes)), SIGNATURE);
    }

    #[test]
    fn the_relaxed_form_is_the_standards() {
        // RFC 6376, 3.4.5, in its relaxed reading.
        let headers = unfolded(b"A: X\r\nB : Y\t\r\n\tZ  \r\n");
        assert_eq!(headers, [("a".to_owned(), b"X".to_vec()), ("b".to_owned(), b"Y Z".to_vec())]);
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b""), b"");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"\r\n\r\na"), b"\r\n\r\na\r\n");
    }

    #[test]
    fn a_signed_mail_can_be_checked_and_is_the_same_each_time() {
        let signer =
            Signer { domain: "football.example.com".to_owned(), selector: "brisbane".to_owned(), key: published() };
        let at = Timestamp::from_second(1_528_637_909).unwrap();
        let signed = signer.sign(MAIL.as_bytes(), at);
        assert_eq!(signed, signer.sign(MAIL.as_bytes(), at));
        assert!(signed.ends_with(MAIL.as_bytes()));

        let (head, _) = split(&signed);
        let headers = unfolded(head);
        let (name, value) = &headers[0];
        assert_eq!(name, "dkim-signature");
        let value = String::from_utf8(value.clone()).unwrap();
        let (unsigned, signature) = value.rsplit_once("b=").unwrap();
        let names = ["from", "to", "subject", "date", "message-id", "from"];
        assert!(
            value.contains(&format!("h={}", names.join(":").replacen("message-id:", "message-id: ", 1))),
            "{value}"
        );
        let bytes = signed_bytes(&headers[1..], &names, &format!("{unsigned}b="));
        let public = UnparsedPublicKey::new(&ED25519, decoded(PUBLIC));
        let check = |bytes: &[u8]| public.verify(&Sha256::digest(bytes), &decoded(&signature.replace(' ', "")));
        assert!(check(&bytes).is_ok());
        let changed = unfolded(&String::from_utf8_lossy(head).replace("dinner", "supper").into_bytes());
        assert!(check(&signed_bytes(&changed[1..], &names, &format!("{unsigned}b="))).is_err());
    }

    #[test]
    fn a_key_speaks_for_its_domain_and_those_below() {
        let signer = Signer { domain: "harbour.example".to_owned(), selector: "a".to_owned(), key: published() };
        assert!(signer.speaks_for("harbour.example"));
        assert!(signer.speaks_for("mail.harbour.example"));
        assert!(!signer.speaks_for("otherharbour.example"));
        assert!(!signer.speaks_for("example"));
    }
}
