//! How many messages a second: one bucket for the channel, one for each brand.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::settings::Pace;

/// The limits of one channel. Costs nothing where none is set.
#[derive(Debug)]
pub struct Limits<C: Clock = DefaultClock> {
    clock: C,
    channel: Option<Bucket<C>>,
    any_brand: Option<NonZeroU32>,
    named: HashMap<String, NonZeroU32>,
    brands: HashMap<String, Bucket<C>>,
}

type Bucket<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Not now; perhaps after this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(pub Duration);

impl Limits {
    /// Reads the limits from a channel's settings.
    pub fn new(pace: &Pace) -> Self {
        Self::with_clock(pace, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn with_clock(pace: &Pace, clock: C) -> Self {
        Self {
            channel: pace.per_second_max.map(|rate| bucket(rate, &clock)),
            any_brand: pace.brand_per_second_max,
            named: pace.brands.iter().map(|(brand, rate)| (brand.clone(), *rate)).collect(),
            brands: HashMap::new(),
            clock,
        }
    }

    /// Whether any limit is set at all.
    pub fn is_unlimited(&self) -> bool {
        self.channel.is_none() && self.any_brand.is_none() && self.named.is_empty()
    }

    /// Takes one message's worth out of the brand's bucket and the channel's.
    ///
    /// # Errors
    /// [`Wait`] if either is empty. A message taken from the brand's bucket and then refused by the channel's is not put
    /// back: the brand is then a trifle slower than its limit, never faster.
    pub fn take(&mut self, brand: &str) -> Result<(), Wait> {
        if let Some(rate) = self.named.get(brand).copied().or(self.any_brand) {
            if !self.brands.contains_key(brand) {
                self.brands.insert(brand.to_owned(), bucket(rate, &self.clock));
            }
            check(&self.brands[brand], &self.clock)?;
        }
        self.channel.as_ref().map_or(Ok(()), |bucket| check(bucket, &self.clock))
    }
}

/// A bucket that holds a tenth of a second's worth, so that "100 a second" is never a salvo of 100.
fn bucket<C: Clock + Clone>(rate: NonZeroU32, clock: &C) -> Bucket<C> {
    let salvo = NonZeroU32::new(rate.get() / 10).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct_with_clock(Quota::per_second(rate).allow_burst(salvo), clock.clone())
}

fn check<C: Clock>(bucket: &Bucket<C>, clock: &C) -> Result<(), Wait> {
    bucket.check().map_err(|until| Wait(until.wait_time_from(clock.now())))
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rate(number: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(number)
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut limits = Limits::new(&Pace::default());
        assert!(limits.is_unlimited());
        assert!((0..10_000).all(|_| limits.take("harbour").is_ok()));
    }

    fn limits(pace: Pace) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limits::with_clock(&pace, clock.clone()), clock)
    }

    #[test]
    fn a_brand_at_its_limit_leaves_the_others_alone() {
        let (mut limits, clock) = limits(Pace { brand_per_second_max: rate(1), ..Pace::default() });
        assert!(limits.take("harbour").is_ok());
        assert_eq!(limits.take("harbour"), Err(Wait(Duration::from_secs(1))));
        assert!(limits.take("orchard").is_ok());
        clock.advance(Duration::from_secs(1));
        assert!(limits.take("harbour").is_ok());
    }

    #[test]
    fn the_channel_limit_holds_for_all_brands_and_named_brands_have_their_own() {
        let brands = [("orchard".to_owned(), NonZeroU32::new(1).expect("not zero"))].into();
        let (mut some, _) = limits(Pace { brands, ..Pace::default() });
        assert!(some.take("orchard").is_ok());
        assert!(some.take("orchard").is_err());
        assert!((0..100).all(|_| some.take("harbour").is_ok()));

        let (mut all, _) = limits(Pace { per_second_max: rate(1), ..Pace::default() });
        assert!(all.take("harbour").is_ok());
        assert!(all.take("orchard").is_err());
    }

    #[test]
    fn a_limit_is_spread_over_the_second() {
        let (mut limits, clock) = limits(Pace { per_second_max: rate(100), ..Pace::default() });
        let salvo = |limits: &mut Limits<_>| (0..100).take_while(|_| limits.take("harbour").is_ok()).count();
        assert_eq!(salvo(&mut limits), 10);
        clock.advance(Duration::from_millis(50));
        assert_eq!(salvo(&mut limits), 5);
    }
}
