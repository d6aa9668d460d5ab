//! Under which name a contact stands in the tables of consent: keyed with a secret, so that whoever reads them cannot try
//! addresses until one fits.
//!
//! A name cannot be made anew when the secret is exchanged, since the address is not kept. So the first secret names what is
//! written, every secret is tried when reading, and an old one is kept for as long as what it named is to count.

use std::path::PathBuf;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

use crate::domain::person::ContactKey;

/// Shortest secret, in bytes.
const SECRET_BYTES_MIN: usize = 16;
/// Most secrets at once: each costs a name to look for with every message.
const SECRETS_MAX: usize = 8;

/// Why contacts cannot be keyed with these secrets.
#[derive(Debug, thiserror::Error)]
pub enum BadMask {
    #[error("consent.secret_files: name at most {SECRETS_MAX}")]
    TooMany,
    #[error("consent.secret_files: cannot read {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("consent.secret_files: a secret needs at least {SECRET_BYTES_MIN} characters")]
    TooShort,
}

/// The secrets, newest first.
#[derive(Clone, Default)]
pub struct Mask(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({})", self.0.len())
    }
}

impl Mask {
    /// Reads the secrets. Without any, contacts stand under their pseudonyms, which are made of the address alone.
    ///
    /// # Errors
    /// When a file cannot be read or holds too little.
    pub fn open(files: &[PathBuf]) -> Result<Self, BadMask> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|source| BadMask::File { path: path.clone(), source })?;
            Ok(SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
        };
        Self::new(&files.iter().map(read).collect::<Result<Vec<_>, BadMask>>()?)
    }

    /// Takes the secrets themselves.
    ///
    /// # Errors
    /// When there are too many, or one is too short.
    pub fn new(secrets: &[SecretString]) -> Result<Self, BadMask> {
        if secrets.len() > SECRETS_MAX {
            return Err(BadMask::TooMany);
        }
        let key = |secret: &SecretString| {
            let bytes = secret.expose_secret().as_bytes();
            let long = bytes.len() >= SECRET_BYTES_MIN;
            long.then(|| Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length")).ok_or(BadMask::TooShort)
        };
        secrets.iter().map(key).collect::<Result<_, _>>().map(Self)
    }

    /// The name under which something about a contact is written.
    pub(super) fn name(&self, contact: ContactKey) -> Uuid {
        self.0.first().map_or(contact.0, |key| keyed(key, contact.0.as_bytes()))
    }

    /// Every name under which something may stand, the pseudonym included: rows from before there was a secret keep it.
    pub(super) fn names(&self, contact: ContactKey) -> Vec<Uuid> {
        let keyed = self.0.iter().map(|key| keyed(key, contact.0.as_bytes()));
        keyed.chain([contact.0]).collect()
    }

    /// A short secret of a person's, such as a code, in a form from which it cannot be read back.
    pub(super) fn digest(&self, contact: ContactKey, text: &str) -> Uuid {
        let own = || Hmac::new_from_slice(contact.0.as_bytes()).expect("HMAC takes keys of any length");
        let text = [contact.0.as_bytes().as_slice(), b"\0", text.as_bytes()].concat();
        keyed(&self.0.first().cloned().unwrap_or_else(own), &text)
    }
}

fn keyed(key: &Hmac<Sha256>, bytes: &[u8]) -> Uuid {
    let mut mac = key.clone();
    mac.update(b"doorstep contact\0");
    mac.update(bytes);
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    Uuid::from_bytes(*whole.first_chunk().expect("16 bytes of 32"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::person::Channel;

    fn mask(secrets: &[&str]) -> Mask {
        Mask::new(&secrets.iter().map(|text| SecretString::from(*text)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_name_tells_nothing_without_the_secret_and_is_found_after_an_exchange() {
        let contact = ContactKey::new(Channel::Email, "c1@customer.example");
        let (old, new) = (mask(&["an old secret of ours"]), mask(&["a new secret of ours!", "an old secret of ours"]));
        assert_eq!(Mask::default().name(contact), contact.0);
        assert_ne!(old.name(contact), contact.0);
        assert_ne!(new.name(contact), old.name(contact));
        assert!(new.names(contact).contains(&old.name(contact)) && new.names(contact).contains(&contact.0));
        let other = ContactKey::new(Channel::Sms, "c1@customer.example");
        assert_ne!(new.name(other), new.name(contact));
    }

    #[test]
    fn a_secret_that_protects_nothing_is_refused() {
        assert!(matches!(Mask::new(&[SecretString::from("short")]), Err(BadMask::TooShort)));
        let many = vec![SecretString::from("a secret of enough letters"); 9];
        assert!(matches!(Mask::new(&many), Err(BadMask::TooMany)));
    }
}
