//! Who hears of alerts, when, and how often: for the whole house, and what single brands have otherwise.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::channel::{capture, hook};
use crate::config::brands::House;

/// The section `alerts`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long alerts of one group are gathered from the first that nobody has heard of.
    pub gather_secs: u32,
    /// Messages about alerts that one target gets of one brand in an hour, at most; what is more shares the last one.
    pub messages_per_hour_max: NonZeroU16,
    /// Targets that are told at once, by name. Empty: all that no rung of the ladder names.
    pub tell: Vec<String>,
    /// Who is reminded of what nobody has taken on.
    pub ladder: Vec<Rung>,
    /// Whether chats are told when alerts are over, too.
    pub chat_cleared: bool,
    pub digest: Digest,
    /// Where alerts go, by name.
    pub targets: BTreeMap<String, hook::Settings>,
}

/// One step of the escalation ladder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// How long after the alert was told.
    pub after: SignedDuration,
    /// Targets by name. Empty: those that were told at once.
    #[serde(default)]
    pub to: Vec<String>,
}

/// The daily mail.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Digest {
    /// Addresses of the shop's own people. Empty: no digest.
    pub to: Vec<String>,
    /// By the brand's clock.
    pub at: Time,
    /// Monday to Friday alone.
    pub weekdays_only: bool,
    /// No mail on days on which there is nothing to say.
    pub skip_empty: bool,
}

/// The section `alerts` of a brand: what is given takes the place of the house's.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Own {
    pub gather_secs: Option<u32>,
    pub messages_per_hour_max: Option<NonZeroU16>,
    pub tell: Option<Vec<String>>,
    pub ladder: Option<Vec<Rung>>,
    pub chat_cleared: Option<bool>,
    pub digest: Option<Digest>,
}

impl Default for Settings {
    fn default() -> Self {
        let files = capture::Settings { dir: "doorstep-data/alerts".into() };
        Self {
            gather_secs: 300,
            messages_per_hour_max: NonZeroU16::new(30).expect("a literal above zero"),
            tell: Vec::new(),
            ladder: Vec::new(),
            chat_cleared: false,
            digest: Digest::default(),
            targets: BTreeMap::from([("files".to_owned(), hook::Settings::Capture(files))]),
        }
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self { to: Vec::new(), at: Time::constant(8, 0, 0, 0), weekdays_only: true, skip_empty: false }
    }
}

/// What holds for one brand.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub gather: SignedDuration,
    pub per_hour_max: u32,
    pub tell: Vec<String>,
    /// Ascending.
    pub ladder: Vec<Rung>,
    pub chat_cleared: bool,
    pub digest: Digest,
    pub zone: TimeZone,
    /// From whom digests come: shown name and address.
    pub sender: (String, String),
}

impl Rules {
    /// Who is told: at first, or on a rung.
    pub fn targets(&self, rung: Option<u32>) -> &[String] {
        let named = rung.and_then(|rung| self.ladder.get(usize::try_from(rung).ok()?)).map(|rung| &rung.to);
        named.filter(|to| !to.is_empty()).unwrap_or(&self.tell)
    }
}

/// The rules of every brand.
#[derive(Debug, Clone)]
pub struct Book {
    /// For brands that are not named, and for what concerns the whole house.
    pub house: Rules,
    pub brands: BTreeMap<String, Rules>,
}

impl Book {
    /// Reads what holds for each brand.
    ///
    /// # Errors
    /// The settings that make no sense: key and problem.
    pub fn new(settings: &Settings, house: &House) -> Result<Self, Vec<(String, String)>> {
        let mut wrong = Vec::new();
        let known = |name: &String| settings.targets.contains_key(name);
        let mut check = |place: &str, rules: &Rules| {
            let named = rules.tell.iter().chain(rules.ladder.iter().flat_map(|rung| &rung.to));
            for name in named.filter(|name| !known(name)) {
                wrong.push((place.to_owned(), format!("there is no target `{name}`: describe it in alerts.targets")));
            }
            let ascends = rules.ladder.windows(2).all(|pair| pair[0].after < pair[1].after);
            if !ascends || rules.ladder.iter().any(|rung| rung.after <= SignedDuration::ZERO) {
                wrong.push((format!("{place}.ladder"), "each rung must come later than the one before".to_owned()));
            }
            if rules.digest.to.iter().any(|to| !to.contains('@')) {
                wrong.push((format!("{place}.digest.to"), "holds what is no address".to_owned()));
            }
        };
        let mut brands = BTreeMap::new();
        let mut house_rules = None;
        for source in &house.sources {
            let rules = rules(settings, &source.brand);
            check(&format!("brands.{}.alerts", source.id), &rules);
            if source.id == house.default {
                let plain = crate::voice::brand::Brand { alerts: Own::default(), ..source.brand.clone() };
                house_rules = Some(self::rules(settings, &plain));
            }
            brands.insert(source.id.to_string(), rules);
        }
        let house = house_rules.expect("the default is one of the brands");
        check("alerts", &house);
        wrong.dedup();
        if wrong.is_empty() { Ok(Self { house, brands }) } else { Err(wrong) }
    }

    /// What holds for a brand.
    pub fn of(&self, brand: &str) -> &Rules {
        self.brands.get(brand).unwrap_or(&self.house)
    }
}

fn rules(settings: &Settings, brand: &crate::voice::brand::Brand) -> Rules {
    let own = &brand.alerts;
    let ladder = own.ladder.clone().unwrap_or_else(|| settings.ladder.clone());
    let on_the_ladder = |name: &&String| ladder.iter().any(|rung| rung.to.contains(name));
    let mut tell = own.tell.clone().unwrap_or_else(|| settings.tell.clone());
    if tell.is_empty() {
        tell = settings.targets.keys().filter(|name| !on_the_ladder(name)).cloned().collect();
    }
    let name = if brand.sender.name.is_empty() { &brand.name } else { &brand.sender.name };
    Rules {
        gather: SignedDuration::from_secs(own.gather_secs.unwrap_or(settings.gather_secs).into()),
        per_hour_max: own.messages_per_hour_max.unwrap_or(settings.messages_per_hour_max).get().into(),
        tell,
        ladder,
        chat_cleared: own.chat_cleared.unwrap_or(settings.chat_cleared),
        digest: own.digest.clone().unwrap_or_else(|| settings.digest.clone()),
        // An unknown zone is told by the voice; it never comes here.
        zone: TimeZone::get(&brand.time_zone).unwrap_or(TimeZone::UTC),
        sender: (name.clone(), brand.sender.address.clone()),
    }
}
