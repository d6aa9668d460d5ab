//! Chance that can be repeated: the same seed gives the same stream on every machine and in every version.
//!
//! The generators of the `rand` crate promise less: their streams may change with a new version, and a recorded seed
//! would then name another week.

use jiff::SignedDuration;

/// A SplitMix64 generator: one addition and a mix per draw, good enough for a believable shop. Not for secrets.
#[derive(Debug, Clone)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    /// Starts the stream that `seed` names.
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own for part number `n`, so that a change in one order leaves all others as they were.
    pub(super) fn part(&self, n: u64) -> Self {
        let mut part = Self { state: self.state ^ n.wrapping_mul(0xD1B5_4A32_D192_ED03) };
        part.state = part.next();
        part
    }

    fn next(&mut self) -> u64 {
        // Constants: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `from` up to and including `to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        debug_assert!(from <= to, "a range runs upwards");
        let width = (to - from) as u64 + 1;
        from + (self.next() % width) as i64
    }

    /// True `per_mille` times in a thousand.
    pub(super) fn hit(&mut self, per_mille: i64) -> bool {
        self.between(0, 999) < per_mille
    }

    /// One of `all`, each as likely as the next.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.between(0, all.len() as i64 - 1) as usize]
    }

    /// One of `all`, as likely as its weight says.
    pub(super) fn weighed<'a, T>(&mut self, all: &'a [(i64, T)]) -> &'a T {
        let sum: i64 = all.iter().map(|(weight, _)| weight).sum();
        let mut left = self.between(0, sum - 1);
        for (weight, one) in all {
            if left < *weight {
                return one;
            }
            left -= weight;
        }
        unreachable!("a draw below the sum of the weights falls on one of them")
    }

    /// A length of time between `from` and `to` minutes, to the second.
    pub(super) fn minutes(&mut self, from: i64, to: i64) -> SignedDuration {
        SignedDuration::from_secs(self.between(from * 60, to * 60))
    }

    /// `count` random digits.
    pub(super) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.between(0, 9) as u8)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        let mut chance = Chance::new(7);
        let drawn: Vec<i64> = (0..6).map(|_| chance.between(0, 99)).collect();
        assert_eq!(drawn, [87, 4, 46, 3, 74, 5], "recorded seeds would name other weeks");
    }

    #[test]
    fn ranges_hold_their_ends() {
        let mut chance = Chance::new(1);
        let drawn: std::collections::BTreeSet<i64> = (0..200).map(|_| chance.between(-1, 1)).collect();
        assert_eq!(drawn, [-1, 0, 1].into());
    }
}
