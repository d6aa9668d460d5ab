//! What a brand's ops are called for, in its file form, and the way from there to [`Watch`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::policy::{Wrong, hour, length, take};
use crate::domain::alert::Kind;
use crate::domain::calendar::{Habit, Week};
use crate::domain::day::{self, Day};
use crate::domain::watch::{ByDistance, CarrierLimits, Limits, Warehouse, Watch};

/// The section `watch` of a brand. What is not given stays as [`Watch::default`] has it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchToml {
    /// How long is too long.
    pub limits: LimitsToml,
    /// What differs for a carrier, by slug.
    pub carriers: BTreeMap<String, CarrierToml>,
    /// The working days of the shop's own places.
    pub home: DaysToml,
    /// Places with working days of their own, by the name that the work list shows.
    pub warehouses: BTreeMap<String, WarehouseToml>,
    /// What differs for a destination, by country.
    pub destinations: BTreeMap<String, DaysToml>,
}

/// How long is too long.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsToml {
    /// Troubles that are not looked for.
    pub off: Option<BTreeSet<Kind>>,
    /// Working time from payment to handing over.
    pub dispatch_after: Option<String>,
    /// Working days from label to first scan.
    pub label_days: Option<u32>,
    /// Working days without a scan.
    pub stalled_days: Option<DistanceToml>,
    /// Days without a scan.
    pub lost_days: Option<DistanceToml>,
    /// Whether silence after the first scan waits for the day of arrival.
    pub first_scan_waits: Option<bool>,
    pub attempts: Option<u32>,
    /// Days before a pickup's end.
    pub pickup_days: Option<u32>,
    /// Time for late scans.
    pub grace: Option<String>,
    /// A chance, above 0 up to 1.
    pub late_expected: Option<f64>,
    /// A chance, up to `late_expected`.
    pub late_cleared: Option<f64>,
}

/// A number of days within a country, and across a border.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceToml {
    pub domestic: u32,
    pub international: u32,
}

/// What differs for a carrier.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CarrierToml {
    pub limits: LimitsToml,
    /// What differs for one of its services, over the carrier's own.
    pub services: BTreeMap<String, LimitsToml>,
}

/// A place's working days.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DaysToml {
    /// Whose week and holidays, where the order does not say; two capital letters.
    pub country: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    pub working_days: Option<Vec<Weekday>>,
    /// `"14:00"`.
    pub cut_off: Option<String>,
    /// Dates without work.
    pub closed: Vec<String>,
    /// Dates with work, whatever the week and the holidays say.
    pub open: Vec<String>,
}

/// A place that parcels are sent from: by what orders say of it, of which at least one must be given.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WarehouseToml {
    pub city: Option<String>,
    /// How the postcode begins.
    pub postcode: Option<String>,
    pub country: Option<String>,
    pub days: DaysToml,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// More days than this is a slip of the pen.
const DAYS_MAX: u32 = 366;

impl WatchToml {
    /// Reads the section over the defaults; what makes no sense is added to `wrong`, by its key.
    pub(crate) fn read(&self, wrong: &mut Wrong) -> Watch {
        let limits = self.limits.read(&Limits::default(), "limits", wrong);
        let carriers = self.carriers.iter().map(|(slug, carrier)| {
            let own = carrier.limits.read(&limits, &format!("carriers.{slug}.limits"), wrong);
            let services = carrier.services.iter().map(|(service, limits)| {
                (service.clone(), limits.read(&own, &format!("carriers.{slug}.services.{service}"), wrong))
            });
            let services = services.collect();
            (slug.to_lowercase(), CarrierLimits { limits: own, services })
        });
        let carriers = carriers.collect();
        let home = self.home.read("home", wrong);
        let mut warehouses: Vec<Warehouse> =
            self.warehouses.iter().map(|(name, place)| place.read(name, wrong)).collect();
        warehouses.sort_by_key(|warehouse| std::cmp::Reverse(warehouse.closeness()));
        let destinations = self.destinations.iter().map(|(code, days)| {
            let key = format!("destinations.{code}");
            take(wrong, &key, country(code), |_| {});
            for (member, given) in
                [("country", &days.country), ("time_zone", &days.time_zone), ("cut_off", &days.cut_off)]
            {
                if given.is_some() {
                    wrong.push((format!("{key}.{member}"), "nothing here: it is for places that send".into()));
                }
            }
            (code.clone(), days.read(&key, wrong))
        });
        let destinations = destinations.collect();
        Watch { limits, carriers, home, warehouses, destinations }
    }
}

impl LimitsToml {
    fn read(&self, over: &Limits, key: &str, wrong: &mut Wrong) -> Limits {
        let mut limits = over.clone();
        if let Some(off) = &self.off {
            limits.off.clone_from(off);
        }
        for (name, given, limit) in [
            ("dispatch_after", &self.dispatch_after, &mut limits.dispatch_after),
            ("grace", &self.grace, &mut limits.grace),
        ] {
            if let Some(text) = given {
                take(wrong, &format!("{key}.{name}"), length(text), |length| *limit = length);
            }
        }
        for (name, given, limit, least) in [
            ("label_days", self.label_days, &mut limits.label_days, 1),
            ("attempts", self.attempts, &mut limits.attempts, 1),
            ("pickup_days", self.pickup_days, &mut limits.pickup_days, 0),
        ] {
            if let Some(days) = given {
                take(wrong, &format!("{key}.{name}"), count(days, least), |days| *limit = days);
            }
        }
        for (name, given, limit) in [
            ("stalled_days", self.stalled_days, &mut limits.stalled_days),
            ("lost_days", self.lost_days, &mut limits.lost_days),
        ] {
            if let Some(days) = given {
                take(wrong, &format!("{key}.{name}"), days.read(), |days| *limit = days);
            }
        }
        limits.first_scan_waits = self.first_scan_waits.unwrap_or(limits.first_scan_waits);
        limits.late_expected = self.late_expected.unwrap_or(limits.late_expected);
        // A line that was only lowered takes the other one with it.
        limits.late_cleared = self.late_cleared.unwrap_or(limits.late_cleared.min(limits.late_expected));
        if !(limits.late_expected > 0.0 && limits.late_expected <= 1.0) {
            wrong.push((format!("{key}.late_expected"), "a chance above 0, up to 1".into()));
        } else if !(0.0..=limits.late_expected).contains(&limits.late_cleared) {
            wrong.push((format!("{key}.late_cleared"), "a chance from 0 up to late_expected".into()));
        }
        limits
    }
}

impl DistanceToml {
    fn read(self) -> Result<ByDistance, String> {
        Ok(ByDistance { domestic: count(self.domestic, 1)?, international: count(self.international, 1)? })
    }
}

impl DaysToml {
    fn read(&self, key: &str, wrong: &mut Wrong) -> Habit {
        let mut habit = Habit::default();
        if let Some(code) = &self.country {
            take(wrong, &format!("{key}.country"), country(code), |code| habit.country = Some(code));
        }
        if let Some(name) = &self.time_zone {
            let zone = TimeZone::get(name).map_err(|_| "an IANA name such as \"Europe/Warsaw\"".to_owned());
            take(wrong, &format!("{key}.time_zone"), zone, |zone| habit.zone = Some(zone));
        }
        if let Some(days) = &self.working_days {
            if days.is_empty() {
                wrong.push((format!("{key}.working_days"), "at least one day, such as [\"mon\", \"tue\"]".into()));
            }
            let mut week = [false; 7];
            days.iter().for_each(|day| week[*day as usize] = true);
            habit.week = Some(Week(week));
        }
        if let Some(text) = &self.cut_off {
            take(wrong, &format!("{key}.cut_off"), hour(text), |time| {
                habit.cut_off = Some(time).filter(|time| *time != Time::MAX);
            });
        }
        for (name, given, days) in [("closed", &self.closed, &mut habit.closed), ("open", &self.open, &mut habit.open)]
        {
            take(wrong, &format!("{key}.{name}"), dates(given), |read| *days = read);
        }
        if let Some(both) = habit.closed.intersection(&habit.open).find_map(|day| day::date(*day)) {
            wrong.push((format!("{key}.open"), format!("{both} in open or in closed, not in both")));
        }
        habit
    }
}

impl WarehouseToml {
    fn read(&self, name: &str, wrong: &mut Wrong) -> Warehouse {
        let key = format!("warehouses.{name}");
        if let Some(code) = &self.country {
            take(wrong, &format!("{key}.country"), country(code), |_| {});
        }
        let named = |text: &Option<String>| text.as_deref().is_some_and(|text| text.chars().any(char::is_alphanumeric));
        if !(named(&self.city) || named(&self.postcode) || named(&self.country)) {
            wrong.push((key.clone(), "a city, postcode or country by which orders name it".into()));
        }
        Warehouse {
            name: name.to_owned(),
            city: self.city.clone(),
            postcode: self.postcode.clone(),
            country: self.country.clone(),
            habit: self.days.read(&format!("{key}.days"), wrong),
        }
    }
}

fn count(days: u32, least: u32) -> Result<u32, String> {
    if (least..=DAYS_MAX).contains(&days) { Ok(days) } else { Err(format!("{least} to {DAYS_MAX}")) }
}

fn country(code: &str) -> Result<String, String> {
    let is_code = code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if is_code { Ok(code.to_owned()) } else { Err("two capital letters (ISO 3166-1)".into()) }
}

fn dates(texts: &[String]) -> Result<BTreeSet<Day>, String> {
    let read = |text: &String| text.parse::<Date>().map(day::number);
    texts.iter().map(read).collect::<Result<_, _>>().map_err(|_| "dates such as \"2026-12-24\"".into())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn read(text: &str) -> Result<Watch, Vec<String>> {
        let mut wrong = Vec::new();
        let watch = toml::from_str::<WatchToml>(text).expect("it parses").read(&mut wrong);
        if wrong.is_empty() { Ok(watch) } else { Err(wrong.into_iter().map(|(key, _)| key).collect()) }
    }

    #[test]
    fn nothing_written_is_the_default() {
        assert_eq!(read(""), Ok(Watch::default()));
    }

    #[test]
    fn every_key_reaches_the_watch_and_a_carrier_stands_on_the_brand_and_a_service_on_the_carrier() {
        let watch = read(
            r#"
            [limits]
            off = ["carrier_delay"]
            dispatch_after = "48h"
            label_days = 2
            stalled_days = { domestic = 2, international = 4 }
            lost_days = { domestic = 6, international = 15 }
            first_scan_waits = false
            grace = "2h"
            late_expected = 0.4
            [carriers.DHL.limits]
            attempts = 3
            pickup_days = 0
            [carriers.DHL.services.letter]
            off = []
            late_expected = 0.6
            late_cleared = 0.3
            [home]
            country = "PL"
            time_zone = "Europe/Warsaw"
            working_days = ["mon", "sat"]
            cut_off = "14:00"
            closed = ["2026-12-24"]
            open = ["2026-12-27"]
            [warehouses.anywhere]
            country = "DE"
            [warehouses.north]
            city = "Łódź"
            postcode = "90"
            days.cut_off = "24:00"
            [destinations.UA]
            working_days = ["mon", "tue", "wed", "thu", "fri", "sat"]
            "#,
        )
        .expect("it makes sense");
        let limits = &watch.limits;
        assert_eq!(limits.off, BTreeSet::from([Kind::CarrierDelay]));
        assert_eq!(
            (limits.dispatch_after, limits.grace),
            (SignedDuration::from_hours(48), SignedDuration::from_hours(2))
        );
        assert_eq!((limits.label_days, limits.attempts, limits.pickup_days), (2, 2, 2));
        assert_eq!(limits.stalled_days, ByDistance { domestic: 2, international: 4 });
        assert_eq!(limits.lost_days, ByDistance { domestic: 6, international: 15 });
        assert_eq!((limits.late_expected, limits.late_cleared), (0.4, 0.4));
        assert!(!limits.first_scan_waits);
        let dhl = &watch.carriers["dhl"];
        assert_eq!((dhl.limits.attempts, dhl.limits.pickup_days, dhl.limits.label_days), (3, 0, 2));
        let letter = watch.limits(Some("dhl"), Some("letter"));
        assert_eq!((letter.attempts, letter.off.len(), letter.late_cleared), (3, 0, 0.3));
        let home = &watch.home;
        assert_eq!(home.week, Some(Week([true, false, false, false, false, true, false])));
        assert_eq!((home.cut_off, home.country.as_deref()), (Some(Time::constant(14, 0, 0, 0)), Some("PL")));
        assert_eq!(home.closed, BTreeSet::from([day::number(Date::constant(2026, 12, 24))]));
        assert_eq!(home.open, BTreeSet::from([day::number(Date::constant(2026, 12, 27))]));
        assert_eq!(home.zone.as_ref().and_then(TimeZone::iana_name), Some("Europe/Warsaw"));
        let names: Vec<_> = watch.warehouses.iter().map(|warehouse| warehouse.name.as_str()).collect();
        assert_eq!(names, ["north", "anywhere"], "the one that asks most stands first");
        assert_eq!(watch.warehouses[0].habit.cut_off, None);
        assert!(watch.destinations["UA"].week.is_some());
    }

    #[test]
    fn nonsense_is_named_by_its_key() {
        for (text, key) in [
            ("limits.dispatch_after = \"soon\"", "limits.dispatch_after"),
            ("limits.grace = \"-1h\"", "limits.grace"),
            ("limits.label_days = 0", "limits.label_days"),
            ("limits.attempts = 0", "limits.attempts"),
            ("limits.pickup_days = 1000", "limits.pickup_days"),
            ("limits.stalled_days = { domestic = 0, international = 5 }", "limits.stalled_days"),
            ("limits.late_expected = 1.5", "limits.late_expected"),
            ("limits.late_expected = 0.0", "limits.late_expected"),
            ("limits.late_expected = nan", "limits.late_expected"),
            ("limits.late_cleared = 0.9", "limits.late_cleared"),
            ("carriers.dhl.limits.attempts = 0", "carriers.dhl.limits.attempts"),
            (
                "carriers.dhl.services.slow.lost_days = { domestic = 9999, international = 5 }",
                "carriers.dhl.services.slow.lost_days",
            ),
            ("home.country = \"Poland\"", "home.country"),
            ("home.time_zone = \"Middle/Earth\"", "home.time_zone"),
            ("home.working_days = []", "home.working_days"),
            ("home.cut_off = \"2 o'clock\"", "home.cut_off"),
            ("home.closed = [\"24.12.\"]", "home.closed"),
            ("home.closed = [\"2026-12-24\"]\nhome.open = [\"2026-12-24\"]", "home.open"),
            ("warehouses.north.days.cut_off = \"14:00\"", "warehouses.north"),
            ("warehouses.north.country = \"pl\"", "warehouses.north.country"),
            ("destinations.ua.closed = []", "destinations.ua"),
            ("destinations.UA.cut_off = \"14:00\"", "destinations.UA.cut_off"),
        ] {
            assert_eq!(read(text), Err(vec![key.to_owned()]), "{text}");
        }
        for text in ["limits.off = [\"nonsense\"]", "limits.unknown = 1", "home.working_days = [\"someday\"]"] {
            assert!(toml::from_str::<WatchToml>(text).is_err(), "{text}");
        }
    }
}
