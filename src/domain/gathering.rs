//! Many alerts, few messages: what alerts have in common, what is said of them together, and how many messages there may be.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::alert::{Alert, Kind};

/// Alerts that a message lists; of the others it gives the number. More would not be read.
pub const LISTED_MAX: usize = 20;

/// What the alerts of one message have in common: four hundred parcels that stand still in one hub are one trouble.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    pub brand: String,
    pub kind: Kind,
    pub carrier: Option<String>,
    pub lane: Option<String>,
    pub warehouse: Option<String>,
}

/// A group of which something is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub group: Group,
    /// Alerts that are to be told.
    pub count: u64,
    /// Since when the first of them waits to be told.
    pub first_at: Timestamp,
    /// Reminders that these alerts have had.
    pub reminders: u32,
}

/// What is said of alerts together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    pub count: u64,
    /// When the first of these troubles began.
    pub oldest: Option<Timestamp>,
    /// What their orders are worth, in minor units, by currency. An order with two troubles counts twice.
    pub value: BTreeMap<String, i64>,
    pub kinds: BTreeMap<Kind, u64>,
    /// The first ones, by promise, then by value.
    pub first: Vec<Alert>,
}

impl Gathered {
    /// Takes in one alert. Their order plays no part.
    pub fn add(&mut self, alert: Alert) {
        self.count += 1;
        self.oldest = Some(self.oldest.map_or(alert.since, |oldest| oldest.min(alert.since)));
        *self.kinds.entry(alert.kind).or_default() += 1;
        if let (Some(currency), Some(value)) = (&alert.currency, alert.value) {
            let sum = self.value.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(value);
        }
        let place = self.first.partition_point(|known| rank(known) < rank(&alert));
        if place < LISTED_MAX {
            self.first.insert(place, alert);
            self.first.truncate(LISTED_MAX);
        }
    }

    /// How many are not listed.
    pub fn more(&self) -> u64 {
        self.count - self.first.len() as u64
    }
}

/// The earliest promise first, those without one last; then the greatest value; then the oldest.
fn rank(alert: &Alert) -> impl Ord + use<> {
    let no_promise = alert.promised.is_none();
    (no_promise, alert.promised, std::cmp::Reverse(alert.value), alert.since, alert.key)
}

/// Which groups get a message of their own, and how many share one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Share {
    pub alone: Vec<Group>,
    /// Groups that share the last message; none: there is no such message.
    pub folded: u64,
}

/// Shares out `left` messages among the groups that are due: the largest get one of their own, the rest is one more.
pub fn share(mut due: Vec<Due>, left: u32) -> Share {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    if left == 0 {
        return Share::default();
    }
    due.sort_by(|a, b| {
        (std::cmp::Reverse(a.count), a.first_at, &a.group).cmp(&(std::cmp::Reverse(b.count), b.first_at, &b.group))
    });
    let alone = if due.len() <= left { due.len() } else { left - 1 };
    let folded = (due.len() - alone) as u64;
    Share { alone: due.into_iter().take(alone).map(|due| due.group).collect(), folded }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::alert::AlertKey;
    use crate::domain::id::{BrandId, OrderId, OrderKey};

    fn alert(number: u32, promised: Option<i8>, value: Option<i64>) -> Alert {
        let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new(format!("HG-{number}")));
        Alert {
            key: AlertKey::new(&order, None, Kind::Stalled, 1),
            order,
            parcel: None,
            kind: Kind::Stalled,
            occurrence: 1,
            since: Timestamp::from_second(i64::from(number)).expect("a time"),
            opened_at: Timestamp::from_second(i64::from(number) + 60).expect("a time"),
            carrier: None,
            lane: None,
            warehouse: None,
            reason: None,
            value,
            currency: value.map(|value| if value % 2 == 0 { "EUR" } else { "PLN" }.to_owned()),
            promised: promised.map(|day| Date::constant(2026, 11, day)),
            chance: None,
        }
    }

    fn due(name: u32, count: u64) -> Due {
        let group = Group {
            brand: "harbour".into(),
            kind: Kind::Late,
            carrier: Some(name.to_string()),
            lane: None,
            warehouse: None,
        };
        Due { group, count, first_at: Timestamp::UNIX_EPOCH, reminders: 0 }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_the_order_plays_no_part(
            facts in prop::collection::vec((prop::option::of(1..28_i8), prop::option::of(0..9_i64)), 0..60),
            turn in 0..60_usize,
        ) {
            let alerts: Vec<Alert> = (0..).zip(&facts).map(|(n, (day, value))| alert(n, *day, *value)).collect();
            let mut turned = alerts.clone();
            turned.rotate_left(turn % alerts.len().max(1));
            let gather = |alerts: &[Alert]| {
                let mut gathered = Gathered::default();
                alerts.iter().cloned().for_each(|alert| gathered.add(alert));
                gathered
            };
            let gathered = gather(&alerts);
            prop_assert_eq!(&gathered, &gather(&turned));
            prop_assert_eq!(gathered.count, alerts.len() as u64);
            prop_assert_eq!(gathered.first.len(), alerts.len().min(LISTED_MAX));
            let all: i64 = alerts.iter().filter_map(|alert| alert.value).sum();
            prop_assert_eq!(gathered.value.values().sum::<i64>(), all);
            let worst = alerts.iter().min_by_key(|alert| rank(alert));
            prop_assert_eq!(gathered.first.first(), worst);
        }

        #[test]
        fn there_are_never_more_messages_than_are_left(counts in prop::collection::vec(1..900_u64, 0..80), left in 0..40_u32) {
            let all: Vec<Due> = (0..).zip(&counts).map(|(name, count)| due(name, *count)).collect();
            let share = share(all.clone(), left);
            let messages = share.alone.len() + usize::from(share.folded > 0);
            prop_assert!(messages <= left as usize);
            if left > 0 {
                prop_assert_eq!(share.alone.len() as u64 + share.folded, all.len() as u64, "each is told, alone or folded");
            }
        }
    }

    #[test]
    fn the_largest_are_told_alone() {
        let share = share(vec![due(1, 5), due(2, 400), due(3, 7), due(4, 1)], 3);
        let names: Vec<_> = share.alone.iter().filter_map(|group| group.carrier.as_deref()).collect();
        assert_eq!((names, share.folded), (vec!["2", "3"], 2));
    }
}
