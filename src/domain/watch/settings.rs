//! How long a brand waits before something counts as trouble: by carrier and service, and by whose working days.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::domain::alert::Kind;
use crate::domain::calendar::{Calendar, Habit};
use crate::domain::event::{Address, ShipFrom};
use crate::domain::order::State;
use crate::domain::zone;

/// Everything that a brand may choose about troubles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Watch {
    /// For parcels whose carrier has none of its own.
    pub limits: Limits,
    /// By carrier's slug.
    pub carriers: BTreeMap<String, CarrierLimits>,
    /// How the shop's own places work, where no warehouse is named for one.
    pub home: Habit,
    /// Places with working days of their own; the one that matches most closely stands first.
    pub warehouses: Vec<Warehouse>,
    /// What the settings add to a destination's days, by country (ISO 3166-1 alpha-2).
    pub destinations: BTreeMap<String, Habit>,
}

/// What a carrier's parcels are held to.
#[derive(Debug, Clone, PartialEq)]
pub struct CarrierLimits {
    pub limits: Limits,
    /// By service.
    pub services: BTreeMap<String, Limits>,
}

/// How long is too long.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Troubles that are not looked for.
    pub off: BTreeSet<Kind>,
    /// Working time between payment and handing over, where the order names no limit. 72 h: Shopify's own scale begins there.
    pub dispatch_after: SignedDuration,
    /// Working days from the label to the first scan. 4. Source: parcelLab's ticket rules, as read in 2026.
    pub label_days: u32,
    /// Working days without a scan on the way. 3 within a country, 5 across a border. Source: as above.
    pub stalled_days: ByDistance,
    /// Days without a scan after which it is taken for lost. 7 within a country, 20 across a border.
    pub lost_days: ByDistance,
    /// Whether silence after the first scan counts only from the day on which the parcel should have arrived. True: of 198
    /// alerts of a shop whose carrier scans nothing between the first scan and the door, 171 were of parcels in good time.
    pub first_scan_waits: bool,
    /// Failed attempts after which the carrier does not try again. 2.
    pub attempts: u32,
    /// Days before the end of a pickup's time. 2: the customer is reminded then as well.
    pub pickup_days: u32,
    /// Time that late scans have to come in before a day counts as missed. 1 h.
    pub grace: SignedDuration,
    /// The chance of missing the promise at which an order becomes likely to. 0.7: seven of ten such warnings come true.
    pub late_expected: f64,
    /// The chance below which it no longer is. 0.5: well under the other, or an order near the line would come and go.
    pub late_cleared: f64,
}

/// A number of days within a country, and across a border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByDistance {
    pub domestic: u32,
    pub international: u32,
}

impl ByDistance {
    /// The one for this distance.
    pub fn days(self, is_domestic: bool) -> u32 {
        if is_domestic { self.domestic } else { self.international }
    }
}

/// A place that parcels are sent from.
#[derive(Debug, Clone, PartialEq)]
pub struct Warehouse {
    /// As the work list shows it.
    pub name: String,
    /// Compared without regard to case.
    pub city: Option<String>,
    /// The first characters of the postcode.
    pub postcode: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    pub habit: Habit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            off: BTreeSet::new(),
            dispatch_after: SignedDuration::from_hours(72),
            label_days: 4,
            stalled_days: ByDistance { domestic: 3, international: 5 },
            lost_days: ByDistance { domestic: 7, international: 20 },
            first_scan_waits: true,
            attempts: 2,
            pickup_days: 2,
            grace: SignedDuration::from_hours(1),
            late_expected: 0.7,
            late_cleared: 0.5,
        }
    }
}

impl Watch {
    /// What a parcel of this carrier and service is held to.
    pub fn limits(&self, carrier: Option<&str>, service: Option<&str>) -> &Limits {
        let Some(own) = carrier.and_then(|carrier| self.carriers.get(carrier)) else { return &self.limits };
        service.and_then(|service| own.services.get(service)).unwrap_or(&own.limits)
    }

    /// The named place that an order is sent from.
    pub fn warehouse(&self, from: Option<&ShipFrom>) -> Option<&Warehouse> {
        let from = from?;
        self.warehouses.iter().find(|warehouse| warehouse.is(from))
    }

    /// The working days where an order is sent from.
    pub fn origin(&self, from: Option<&ShipFrom>, fallback: &TimeZone) -> Calendar<'_> {
        let habit = self.warehouse(from).map_or(&self.home, |warehouse| &warehouse.habit);
        let zone = habit.zone.clone().unwrap_or_else(|| match self.origin_country(from) {
            None => fallback.clone(),
            Some(country) => {
                let place = Address {
                    country: Some(country.to_owned()),
                    region: from.and_then(|from| from.region.clone()),
                    postcode: from.and_then(|from| from.postcode.clone()),
                    ..Address::default()
                };
                zone::of_destination(Some(&place), fallback)
            }
        });
        Calendar::new(habit, self.origin_country(from), zone)
    }

    /// The country that an order is sent from: as the order says, else as the settings do.
    pub fn origin_country<'a>(&'a self, from: Option<&'a ShipFrom>) -> Option<&'a str> {
        let said = from.and_then(|from| from.country.as_deref());
        let named = || {
            let warehouse = self.warehouse(from)?;
            warehouse.habit.country.as_deref().or(warehouse.country.as_deref())
        };
        said.or_else(named).or(self.home.country.as_deref())
    }

    /// The working days where an order goes.
    pub fn destination(&self, country: Option<&str>, state: &State<'_>) -> Calendar<'_> {
        let habit = country.and_then(|country| self.destinations.get(country)).unwrap_or(Habit::none());
        Calendar::new(habit, country, state.zone.clone())
    }
}

impl Warehouse {
    fn is(&self, from: &ShipFrom) -> bool {
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let holds = |wanted: &Option<String>, said: &Option<String>, fits: &dyn Fn(&str, &str) -> bool| match wanted {
            None => true,
            Some(wanted) => said.as_deref().is_some_and(|said| fits(&plain(said), &plain(wanted))),
        };
        holds(&self.city, &from.city, &|said, wanted| said == wanted)
            && holds(&self.postcode, &from.postcode, &|said, wanted| said.starts_with(wanted))
            && holds(&self.country, &from.country, &|said, wanted| said == wanted)
    }

    /// How closely it describes a place: the more it asks, the closer.
    pub fn closeness(&self) -> usize {
        let postcode = self.postcode.as_deref().map_or(0, str::len);
        2 * postcode + usize::from(self.city.is_some()) + usize::from(self.country.is_some())
    }
}
