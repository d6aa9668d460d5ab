//! How often somebody may try to log in.
//!
//! Names and addresses are counted in a fixed number of buckets by their hash: so memory is bounded whoever tries, and a name
//! that does not exist is counted like one that does. Each worker counts for itself.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// Tries are forgotten after this time.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Tries for one name: more than a person who mistypes needs, far fewer than guessing does.
const NAME_TRIES_MAX: u32 = 10;
/// Tries from one address: several people may sit behind it.
const ADDRESS_TRIES_MAX: u32 = 30;
/// Buckets for names and for addresses. Two that meet in one share its tries.
const BUCKETS: usize = 1024;

/// Counts tries.
#[derive(Debug)]
pub(super) struct Limit {
    names: Mutex<Vec<Bucket>>,
    addresses: Mutex<Vec<Bucket>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// When the first try was made, in milliseconds.
    since: i64,
    tries: u32,
}

impl Default for Limit {
    fn default() -> Self {
        let buckets = || Mutex::new(vec![Bucket::default(); BUCKETS]);
        Self { names: buckets(), addresses: buckets() }
    }
}

impl Limit {
    /// Counts a try; false if it is one too many.
    pub(super) fn may_try(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        // Both are counted, whichever refuses.
        let address = count(&self.addresses, &neighbourhood(address), ADDRESS_TRIES_MAX, now);
        let name = count(&self.names, name.as_bytes(), NAME_TRIES_MAX, now);
        address && name
    }

    /// Forgets the tries for a name: the right person has come.
    pub(super) fn forgive(&self, name: &str) {
        let mut buckets = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        buckets[place(name.as_bytes())] = Bucket::default();
    }
}

fn count(buckets: &Mutex<Vec<Bucket>>, key: &[u8], most: u32, now: Timestamp) -> bool {
    let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    let bucket = &mut buckets[place(key)];
    let now = now.as_millisecond();
    if i128::from(now - bucket.since) >= WINDOW.as_millis() {
        *bucket = Bucket { since: now, tries: 0 };
    }
    bucket.tries = bucket.tries.saturating_add(1);
    bucket.tries <= most
}

fn place(key: &[u8]) -> usize {
    let digest = Sha256::digest(key);
    usize::from(u16::from_le_bytes([digest[0], digest[1]])) % BUCKETS
}

/// Whoever has one IPv6 address has the whole /64.
fn neighbourhood(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_run_out_by_name_and_by_address_and_come_back() {
        let limit = Limit::default();
        let (here, start) = ("192.0.2.1".parse().unwrap(), "2026-11-02T09:00:00Z".parse::<Timestamp>().unwrap());
        let tries = (0..12).filter(|_| limit.may_try("ann", here, start)).count();
        assert_eq!(tries, 10);
        assert!(limit.may_try("bob", here, start), "somebody else may still try");
        assert!(limit.may_try("ann", here, start + WINDOW), "and ann may again later");
        let many =
            (0..40).filter(|n| limit.may_try(&format!("name {n}"), "2001:db8::1".parse().unwrap(), start)).count();
        assert_eq!(many, 30);
        assert!(!limit.may_try("zoe", "2001:db8::2".parse().unwrap(), start), "the neighbour is the same person");
        limit.forgive("ann");
        assert!(limit.may_try("ann", here, start));
    }
}
