//! A form's stamp: `when it was shown · its own id · seal`. It proves that the form was shown by us for this very path, tells a
//! person from a program that sends forms as soon as it sees them, and names the sending, so that a second one is a repeat.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Links, Purpose};

/// A form sent sooner after it was shown was sent by a program: mail scanners open links, and some send the forms behind them.
pub const STAMP_MIN: SignedDuration = SignedDuration::from_secs(2);
/// A form sent later is shown again.
pub const STAMP_MAX: SignedDuration = SignedDuration::from_hours(24);

/// A form that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its own: the key under which its sending is idempotent.
    pub id: Uuid,
    pub shown_at: Timestamp,
}

/// Why a form is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadStamp {
    #[error("not shown by us")]
    Forged,
    #[error("sent sooner than a person can")]
    Soon,
    #[error("shown too long ago")]
    Old,
}

impl Links {
    /// Stamps a form that will be sent to the path `form`.
    pub fn stamp(&self, form: &str, now: Timestamp) -> String {
        let mut body = now.as_millisecond().to_be_bytes().to_vec();
        body.extend_from_slice(Uuid::new_v4().as_bytes());
        self.sealed(Purpose::Form(form), body)
    }

    /// Reads the stamp of a form that was sent to the path `form`.
    ///
    /// # Errors
    /// [`BadStamp`]. After `Soon` and `Old` the form is shown again, with a stamp of its own.
    pub fn read_stamp(&self, stamp: &str, form: &str, now: Timestamp) -> Result<Stamp, BadStamp> {
        let body = self.opened(Purpose::Form(form), stamp).ok_or(BadStamp::Forged)?;
        let (at, id) = body.split_first_chunk::<8>().ok_or(BadStamp::Forged)?;
        let id = Uuid::from_slice(id).map_err(|_| BadStamp::Forged)?;
        let shown_at = Timestamp::from_millisecond(i64::from_be_bytes(*at)).map_err(|_| BadStamp::Forged)?;
        // Another worker's clock may be a little ahead: what is shown in the future counts as shown just now.
        let age = now.duration_since(shown_at);
        if age < STAMP_MIN {
            Err(BadStamp::Soon)
        } else if age > STAMP_MAX {
            Err(BadStamp::Old)
        } else {
            Ok(Stamp { id, shown_at })
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_form_is_taken_from_a_person_for_its_own_path_alone() {
        let links = Links::new("https://post.harbour.example", &[SecretString::from("a new secret of ours!")]);
        let links = links.expect("links");
        let shown: Timestamp = "2026-11-02T09:00:00.250Z".parse().expect("a time");
        let after = |secs| shown + SignedDuration::from_secs(secs);
        let stamp = links.stamp("/t/abc/rating", shown);
        let read = |path: &str, now| links.read_stamp(&stamp, path, now);
        assert_eq!(read("/t/abc/rating", after(1)), Err(BadStamp::Soon));
        assert_eq!(read("/t/abc/rating", after(-1)), Err(BadStamp::Soon));
        assert_eq!(read("/t/abc/rating", after(2)).map(|stamp| stamp.shown_at), Ok(shown));
        assert_eq!(read("/t/abc/problem", after(2)), Err(BadStamp::Forged));
        assert_eq!(read("/t/abc/rating", after(86_401)), Err(BadStamp::Old));
        assert_ne!(links.stamp("/t/abc/rating", shown), stamp, "each rendering is one of its own");
        let mut changed = stamp.clone().into_bytes();
        changed[3] ^= 1;
        let changed = String::from_utf8(changed).expect("ascii");
        assert_eq!(links.read_stamp(&changed, "/t/abc/rating", after(2)), Err(BadStamp::Forged));
    }
}
