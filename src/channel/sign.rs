//! Standard Webhooks signatures: how a receiver knows that a request is ours and new.
//!
//! What is signed is `id.timestamp.body`; the id stays the same on every try of one notice, the timestamp is that of the try.
//! Each live secret gives one signature, so a shop can exchange its secret without losing a message.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far a receiver's clock may be from the sender's. Source: Standard Webhooks specification, 5 minutes.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
/// Most secrets that may be live at once: two are needed for an exchange, the rest is headroom.
pub const SECRETS_MAX: usize = 4;
/// Bounds of a `whsec_` secret, in bytes. Source: Standard Webhooks specification.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Shortest raw secret taken, in bytes: below that a guess is cheap.
const RAW_BYTES_MIN: usize = 8;
/// Longest signature header looked at when verifying, in bytes: 4 signatures of 47 bytes and plenty to spare.
const HEADER_BYTES_MAX: usize = 4096;

/// Why a list of secrets cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadSecret {
    #[error("at least one secret is needed")]
    None,
    #[error("at most {SECRETS_MAX} secrets can be live at once")]
    TooMany,
    #[error("a secret that starts with whsec_ must go on in base64")]
    NotBase64,
    #[error("a secret that starts with whsec_ must hold 24 to 64 bytes")]
    Length,
    #[error("a raw secret must have at least {RAW_BYTES_MIN} bytes")]
    TooShort,
}

/// Why a request is not believed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unverified {
    #[error("the timestamp is not a number of seconds")]
    Timestamp,
    #[error("the timestamp is more than 5 minutes away from now")]
    Stale,
    #[error("no signature fits")]
    Signature,
}

/// The live secrets, newest first, ready to sign.
#[derive(Clone)]
pub struct Keys(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl Keys {
    /// Takes the live secrets: `whsec_` and base64, or any other text, whose bytes are then the key.
    ///
    /// # Errors
    /// When there is none, there are too many, or one is malformed or too short.
    pub fn parse(secrets: &[SecretString]) -> Result<Self, BadSecret> {
        match secrets.len() {
            0 => return Err(BadSecret::None),
            1..=SECRETS_MAX => {}
            _ => return Err(BadSecret::TooMany),
        }
        secrets.iter().map(|secret| key(secret.expose_secret())).collect::<Result<_, _>>().map(Self)
    }

    /// The value of `webhook-signature`: one `v1,…` for each live secret, with a blank between them.
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let mut header = String::with_capacity(self.0.len() * 48);
        for key in &self.0 {
            if !header.is_empty() {
                header.push(' ');
            }
            header.push_str("v1,");
            STANDARD.encode_string(digest(key, id, &at.as_second().to_string(), body), &mut header);
        }
        header
    }

    /// Judges a request that claims to be signed with one of the live secrets, in constant time for each comparison.
    ///
    /// # Errors
    /// When the timestamp is malformed or too far from `now`, or no signature fits.
    pub fn verify(
        &self,
        id: &str,
        timestamp: &str,
        signature: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let at: i64 = timestamp.parse().map_err(|_| Unverified::Timestamp)?;
        let at = Timestamp::from_second(at).map_err(|_| Unverified::Timestamp)?;
        if now.duration_since(at).abs() > TOLERANCE {
            return Err(Unverified::Stale);
        }
        if signature.len() > HEADER_BYTES_MAX {
            return Err(Unverified::Signature);
        }
        let wanted: Vec<_> = self.0.iter().map(|key| digest(key, id, timestamp, body)).collect();
        let fits = signature
            .split(' ')
            .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
            .any(|given| wanted.iter().any(|want| bool::from(want.as_slice().ct_eq(&given))));
        if fits { Ok(()) } else { Err(Unverified::Signature) }
    }
}

fn key(secret: &str) -> Result<Hmac<Sha256>, BadSecret> {
    let bytes = match secret.strip_prefix("whsec_") {
        Some(encoded) => {
            let bytes = STANDARD.decode(encoded).map_err(|_| BadSecret::NotBase64)?;
            if !KEY_BYTES.contains(&bytes.len()) {
                return Err(BadSecret::Length);
            }
            bytes
        }
        None if secret.len() < RAW_BYTES_MIN => return Err(BadSecret::TooShort),
        None => secret.as_bytes().to_vec(),
    };
    Ok(Hmac::new_from_slice(&bytes).expect("hmac takes keys of any length"))
}

fn digest(key: &Hmac<Sha256>, id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn at() -> Timestamp {
        Timestamp::from_second(1_614_265_330).unwrap()
    }

    fn keys(secrets: &[&str]) -> Keys {
        Keys::parse(&secrets.iter().map(|&s| SecretString::from(s)).collect::<Vec<_>>()).unwrap()
    }

    /// The example of the Standard Webhooks reference libraries.
    #[test]
    fn the_published_vector_comes_out() {
        assert_eq!(keys(&[SECRET]).sign(ID, at(), BODY), SIGNATURE);
    }

    #[test]
    fn two_live_secrets_give_two_signatures_and_either_is_believed() {
        let old = "a raw secret of some bytes";
        let both = keys(&[SECRET, old]).sign(ID, at(), BODY);
        assert_eq!(both.split(' ').count(), 2);
        assert!(both.starts_with(SIGNATURE));
        for receiver in [keys(&[SECRET]), keys(&[old])] {
            assert_eq!(receiver.verify(ID, "1614265330", &both, BODY, at()), Ok(()));
        }
        let stranger = keys(&["another raw secret"]);
        assert_eq!(stranger.verify(ID, "1614265330", &both, BODY, at()), Err(Unverified::Signature));
    }

    #[test]
    fn five_minutes_are_believed_and_six_are_not() {
        let keys = keys(&[SECRET]);
        for (minutes, verdict) in [(5, Ok(())), (-5, Ok(())), (6, Err(Unverified::Stale)), (-6, Err(Unverified::Stale))]
        {
            let now = at() + SignedDuration::from_mins(minutes);
            assert_eq!(keys.verify(ID, "1614265330", SIGNATURE, BODY, now), verdict, "{minutes}");
        }
    }

    #[test]
    fn anything_changed_is_refused() {
        let keys = keys(&[SECRET]);
        let refused = Err(Unverified::Signature);
        assert_eq!(keys.verify("msg_other", "1614265330", SIGNATURE, BODY, at()), refused);
        assert_eq!(keys.verify(ID, "1614265331", SIGNATURE, BODY, at()), refused);
        assert_eq!(keys.verify(ID, "1614265330", SIGNATURE, b"{}", at()), refused);
        assert_eq!(keys.verify(ID, "1614265330", "v1a,g0hM", BODY, at()), refused);
        assert_eq!(keys.verify(ID, "1614265330", "", BODY, at()), refused);
        assert_eq!(keys.verify(ID, "1614265330", &"v1,AAAA ".repeat(10_000), BODY, at()), refused);
        assert_eq!(keys.verify(ID, "now", SIGNATURE, BODY, at()), Err(Unverified::Timestamp));
        assert_eq!(keys.verify(ID, "9223372036854775807", SIGNATURE, BODY, at()), Err(Unverified::Timestamp));
    }

    #[test]
    fn secrets_that_protect_nothing_are_refused() {
        let refused = |secrets: &[&str]| {
            Keys::parse(&secrets.iter().map(|&s| SecretString::from(s)).collect::<Vec<_>>()).unwrap_err()
        };
        assert_eq!(refused(&[]), BadSecret::None);
        assert_eq!(refused(&["whsec_*"]), BadSecret::NotBase64);
        assert_eq!(refused(&["whsec_c2hvcnQ="]), BadSecret::Length);
        assert_eq!(refused(&["short"]), BadSecret::TooShort);
        assert_eq!(refused(&[SECRET; 5]), BadSecret::TooMany);
    }
}
