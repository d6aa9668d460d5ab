//! How often somebody may try to log in. A name that does not exist is counted like one that does.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::web::peer::Rate;

/// Tries are forgotten after this time.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Tries for one name: more than a person who mistypes needs, far fewer than guessing does.
const NAME_TRIES_MAX: u32 = 10;
/// Tries from one address: several people may sit behind it.
const ADDRESS_TRIES_MAX: u32 = 30;

/// Counts tries.
#[derive(Debug)]
pub(super) struct Limit {
    names: Rate,
    addresses: Rate,
}

impl Default for Limit {
    fn default() -> Self {
        Self { names: Rate::new(NAME_TRIES_MAX, WINDOW), addresses: Rate::new(ADDRESS_TRIES_MAX, WINDOW) }
    }
}

impl Limit {
    /// Counts a try; false if it is one too many.
    pub(super) fn may_try(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        // Both are counted, whichever refuses.
        let address = self.addresses.admits_from(address, now);
        let name = self.names.admits(name.as_bytes(), now);
        address && name
    }

    /// Forgets the tries for a name: the right person has come.
    pub(super) fn forgive(&self, name: &str) {
        self.names.forget(name.as_bytes());
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
