//! A brand: who the shop is, how it looks, whom to reach, in which languages it speaks, and what it wants told.
//!
//! It is a TOML table, either in the configuration or in `<folder>/<id>/brand.toml`. A folder may also hold pieces that
//! replace the shipped ones: `email/<stage>.mjml`, `part/<name>.mjml`, `place/<name>.html`, `words/<locale>.ftl`.

mod look;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::content::ContentToml;
use super::harmless;
use super::place::{Asked, QUESTIONS_MAX};
use super::policy::PolicyToml;
use super::watch::WatchToml;
use crate::alerting::settings::Own;
use crate::domain::id::BrandId;
use crate::domain::policy::Policy;

pub use look::{Colours, DarkColours, Fonts};

/// A brand as written by the operator. An empty one works: every member has a default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    /// As customers know the shop.
    pub name: String,
    /// From whom mails come.
    pub sender: Sender,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// https; a picture of about twice the shown size. Without one the name is set in type.
    pub logo_url: Option<String>,
    /// Logo for dark mode, if the other one vanishes on dark ground.
    pub logo_url_dark: Option<String>,
    /// Shown width of the logo in pixels, 40 to 320.
    pub logo_width: u16,
    pub colours: Colours,
    pub fonts: Fonts,
    pub support: Support,
    pub links: Links,
    /// Name, address and registration as the law asks for them; one line each.
    pub legal: Vec<String>,
    /// Languages this brand speaks, as words files name them. Empty: all that are shipped.
    pub languages: Vec<String>,
    /// For customers whose language is not spoken.
    pub default_language: String,
    /// IANA name; for destinations whose zone cannot be told.
    pub time_zone: String,
    /// Regions in which dates and numbers are written where the customer's locale names none: `["en-GB"]` or `["en-US"]`.
    pub date_style: Vec<String>,
    /// Whether the customer is greeted by name.
    pub greeting: bool,
    /// What stands beside the facts, in mails and on the tracking page.
    pub content: ContentToml,
    pub sms: Sms,
    /// What is told, to whom, when.
    pub policy: PolicyToml,
    /// Questions and answers for the order's page, which shows those that come up now.
    pub faq: Vec<Asked>,
    /// The order's page.
    pub page: Place,
    /// Who of the shop's own people hears of alerts, where it is not as the section `alerts` says.
    pub alerts: Own,
    /// What its ops are called for.
    pub watch: WatchToml,
}

/// The sender of mails.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sender {
    /// Shown name; the brand's name where empty.
    pub name: String,
    /// E-mail address.
    pub address: String,
}

/// A human to reach.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Support {
    pub email: Option<String>,
    /// As people dial it.
    pub phone: Option<String>,
    /// https.
    pub url: Option<String>,
    /// "Monday to Friday, 9:00–17:00", by language; the default language's where one is missing.
    pub hours: BTreeMap<String, String>,
}

/// Pages of the shop; https.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    pub shop: Option<String>,
    pub returns: Option<String>,
    pub faq: Option<String>,
    pub privacy: Option<String>,
    /// An order's page, with `{order}` where the order's id goes; for orders that bring no link of their own.
    pub order: Option<String>,
    /// A carrier's page by slug, with `{number}`; for parcels that bring no link of their own.
    pub tracking: BTreeMap<String, String>,
}

/// Text messages.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sms {
    /// Parts that one message may cost, 1 to 10. Default 3: what Ukrainian, at 67 characters a part, needs to name a day.
    pub segments_max: u8,
    /// Writes Latin letters without marks (ą → a), which saves half the parts in Polish and Portuguese.
    pub ascii: bool,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: "Our shop".to_owned(),
            sender: Sender::default(),
            reply_to: None,
            logo_url: None,
            logo_url_dark: None,
            logo_width: 140,
            colours: Colours::default(),
            fonts: Fonts::default(),
            support: Support::default(),
            links: Links::default(),
            legal: Vec::new(),
            languages: Vec::new(),
            default_language: "en".to_owned(),
            time_zone: "UTC".to_owned(),
            date_style: vec!["en-GB".to_owned()],
            greeting: true,
            content: ContentToml::default(),
            sms: Sms::default(),
            policy: PolicyToml::default(),
            faq: Vec::new(),
            page: Place::default(),
            alerts: Own::default(),
            watch: WatchToml::default(),
        }
    }
}

/// The order's page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// Days for which its links work after everything has come to its end, 1 to 3650.
    pub open_days: u16,
}

impl Default for Place {
    fn default() -> Self {
        Self { open_days: 60 }
    }
}

impl Default for Sms {
    fn default() -> Self {
        Self { segments_max: 3, ascii: true }
    }
}

/// A brand with the pieces of its folder, as `Voice::load` takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub id: BrandId,
    pub brand: Brand,
    /// Pieces that replace shipped ones, by path within `templates`: `email/shipped.mjml`, `words/en.ftl`.
    pub pieces: BTreeMap<String, String>,
}

/// What is wrong with a brand as it is written, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("brand {brand}: {place}: {what}")]
pub struct Flaw {
    pub brand: String,
    /// The key (`colours.accent`) or the file (`brand.toml`).
    pub place: String,
    pub what: String,
    pub how_to_mend: String,
}

impl Flaw {
    fn new(brand: &str, place: &str, what: impl Into<String>, how_to_mend: &str) -> Self {
        Self {
            brand: brand.to_owned(),
            place: place.to_owned(),
            what: what.into(),
            how_to_mend: how_to_mend.to_owned(),
        }
    }
}

impl Source {
    /// A brand without pieces of its own, as a section of the configuration gives it.
    pub fn plain(id: BrandId, brand: Brand) -> Self {
        Self { id, brand, pieces: BTreeMap::new() }
    }

    /// Reads one brand's folder: `brand.toml`, if there is one, and the pieces below `email`, `part`, `place` and `words`.
    ///
    /// # Errors
    /// Files that cannot be read, TOML that is wrong (the error names the key), names that doorstep would not look for.
    pub fn read(id: BrandId, folder: &Path) -> Result<Self, Flaw> {
        let flaw = |place: &str, what: String, how: &str| Flaw::new(id.as_str(), place, what, how);
        let brand = match std::fs::read_to_string(folder.join("brand.toml")) {
            Ok(text) => toml::from_str(&text).map_err(|error| {
                flaw("brand.toml", toml_words(&error), "write the key as deploy/doorstep.toml shows it")
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Brand::default(),
            Err(error) => return Err(flaw("brand.toml", error.to_string(), "make the file readable, as UTF-8")),
        };
        let mut pieces = BTreeMap::new();
        for sort in ["email", "part", "place", "words"] {
            let entries = match std::fs::read_dir(folder.join(sort)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(flaw(sort, error.to_string(), "make the folder readable")),
            };
            for entry in entries {
                let entry = entry.map_err(|error| flaw(sort, error.to_string(), "make the folder readable"))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') || name.ends_with('~') {
                    continue;
                }
                let place = format!("{sort}/{name}");
                let text = std::fs::read_to_string(entry.path())
                    .map_err(|error| flaw(&place, error.to_string(), "make the file readable, as UTF-8"))?;
                pieces.insert(place, text);
            }
        }
        Ok(Self { id, brand, pieces })
    }

    /// Reads every folder in `folder` as a brand of that name.
    ///
    /// # Errors
    /// All that is wrong in any of them.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>, Vec<Flaw>> {
        let flaw = |brand: &str, what: String, how: &str| Flaw::new(brand, "folder", what, how);
        let entries = std::fs::read_dir(folder).map_err(|error| {
            vec![flaw("-", error.to_string(), "name a folder that holds one folder for each brand")]
        })?;
        let (mut sources, mut flaws) = (Vec::new(), Vec::new());
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            if !is_brand_id(&name) {
                flaws.push(flaw(
                    &name,
                    "is no name for a brand".to_owned(),
                    "use a to z, 0 to 9 and -, up to 40 of them",
                ));
                continue;
            }
            match Self::read(BrandId::new(name), &path) {
                Ok(source) => sources.push(source),
                Err(flaw) => flaws.push(flaw),
            }
        }
        sources.sort_by(|a, b| a.id.cmp(&b.id));
        if flaws.is_empty() { Ok(sources) } else { Err(flaws) }
    }
}

/// Whether `name` can name a brand: lower-case letters, digits and `-`, 1 to 40 of them.
pub fn is_brand_id(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The message of a TOML error in one line, with the place.
fn toml_words(error: &toml::de::Error) -> String {
    error.to_string().lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ")
}

impl Brand {
    /// The name under which mails come.
    pub fn sender_name(&self) -> &str {
        if self.sender.name.is_empty() { &self.name } else { &self.sender.name }
    }

    /// The brand's own zone; UTC where the name is not known (which `doorstep check` reports).
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// What the brand wants told, and what its ops are called for, as the core reads it.
    ///
    /// # Errors
    /// Keys whose values make no sense.
    pub fn policy(&self) -> Result<Policy, Vec<(String, String)>> {
        let under = |section: &'static str| move |(key, how)| (format!("{section}.{key}"), how);
        let policy = self.policy.read(self.zone()).map_err(|wrong| wrong.into_iter().map(under("policy")).collect());
        let mut wrong: Vec<(String, String)> = Vec::new();
        let watch = self.watch.read(&mut wrong);
        let wrong: Vec<(String, String)> = wrong.into_iter().map(under("watch")).collect();
        match policy {
            Ok(policy) if wrong.is_empty() => {
                Ok(Policy { watch, remembers_purchases: self.content.asks_for_the_past(), ..policy })
            }
            Ok(_) => Err(wrong),
            Err(other) => Err([other, wrong].concat()),
        }
    }

    /// Everything that is wrong with the values, each with the key and what would be right.
    pub(crate) fn flaws(&self, id: &BrandId) -> Vec<Flaw> {
        let mut found = Findings { brand: id.as_str(), flaws: Vec::new() };
        if harmless::shown(&self.name, harmless::NAME_CHARS_MAX).as_deref() != Some(self.name.trim()) {
            found.add("name", "is empty, too long or could be taken for a link", "up to 64 characters of plain text");
        }
        self.check_addresses(&mut found);
        self.check_colours(&mut found);
        for (key, family) in [("fonts.body", &self.fonts.body), ("fonts.heading", &self.fonts.heading)] {
            let is_plain = |c: char| c.is_alphanumeric() || " ,-'".contains(c);
            if family.is_empty() || !family.chars().all(is_plain) {
                found.add(key, "holds something that is no font name", "letters, digits, blanks, commas, - and '");
            }
        }
        if !(40..=320).contains(&self.logo_width) {
            found.add("logo_width", "is out of bounds", "40 to 320");
        }
        if !(1..=10).contains(&self.sms.segments_max) {
            found.add("sms.segments_max", "is out of bounds", "1 to 10");
        }
        if !(1..=3650).contains(&self.page.open_days) {
            found.add("page.open_days", "is out of bounds", "1 to 3650");
        }
        if self.faq.len() > QUESTIONS_MAX {
            found.add("faq", "has too many questions", "up to 200");
        }
        for (place, asked) in self.faq.iter().enumerate() {
            if let Some((key, what, how)) = asked.flaw() {
                found.add(&format!("faq[{place}].{key}"), what, how);
            }
        }
        if TimeZone::get(&self.time_zone).is_err() {
            found.add("time_zone", "is not a known zone", "an IANA name such as \"Europe/Dublin\"");
        }
        let speaks = |tag: &str| self.languages.is_empty() || self.languages.iter().any(|own| own == tag);
        for (key, how) in self.content.flaws(|tag| speaks(tag) || tag == self.default_language) {
            found.add(&format!("content.{key}"), "cannot be used", &how);
        }
        if let Err(wrong) = self.policy() {
            for (key, how) in wrong {
                found.add(&key, "cannot be read", &how);
            }
        }
        found.flaws
    }

    fn check_addresses(&self, found: &mut Findings<'_>) {
        let webs = [
            ("logo_url", &self.logo_url),
            ("logo_url_dark", &self.logo_url_dark),
            ("support.url", &self.support.url),
            ("links.shop", &self.links.shop),
            ("links.returns", &self.links.returns),
            ("links.faq", &self.links.faq),
            ("links.privacy", &self.links.privacy),
        ];
        for (key, url) in webs {
            if url.as_deref().is_some_and(|url| !harmless::is_https(url)) {
                found.add(key, "is not an https address", "https://…");
            }
        }
        let order = self.links.order.iter().map(|url| ("links.order".to_owned(), url, "{order}"));
        let tracking =
            self.links.tracking.iter().map(|(slug, url)| (format!("links.tracking.{slug}"), url, "{number}"));
        for (key, url, hole) in order.chain(tracking) {
            if !url.contains(hole) || !harmless::is_https(&url.replace(hole, "x")) {
                found.add(&key, "is not an https address with its hole", &format!("https://…{hole}…"));
            }
        }
        let sender = Some(self.sender.address.clone()).filter(|address| !address.is_empty());
        let mails = [("sender.address", &sender), ("reply_to", &self.reply_to), ("support.email", &self.support.email)];
        for (key, address) in mails {
            if address.as_deref().is_some_and(|address| !email_address::EmailAddress::is_valid(address)) {
                found.add(key, "is not an e-mail address", "name@shop.example");
            }
        }
        let is_dialled = |c: char| c.is_ascii_digit() || " +-()/".contains(c);
        if self.support.phone.as_deref().is_some_and(|phone| phone.is_empty() || !phone.chars().all(is_dialled)) {
            found.add("support.phone", "is not a telephone number", "+353 91 555 010");
        }
    }

    fn check_colours(&self, found: &mut Findings<'_>) {
        let (light, dark) = (&self.colours, &self.colours.dark);
        let all = [
            ("accent", &light.accent, &dark.accent),
            ("on_accent", &light.on_accent, &dark.on_accent),
            ("ground", &light.ground, &dark.ground),
            ("card", &light.card, &dark.card),
            ("text", &light.text, &dark.text),
            ("muted", &light.muted, &dark.muted),
            ("line", &light.line, &dark.line),
            ("tint", &light.tint, &dark.tint),
            ("warn", &light.warn, &dark.warn),
            ("warn_tint", &light.warn_tint, &dark.warn_tint),
        ];
        for (name, light, dark) in all {
            for (prefix, colour) in [("colours", light), ("colours.dark", dark)] {
                let digits = colour.strip_prefix('#').unwrap_or_default();
                if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    found.add(&format!("{prefix}.{name}"), "is not a colour", "#rrggbb");
                }
            }
        }
    }
}

struct Findings<'a> {
    brand: &'a str,
    flaws: Vec<Flaw>,
}

impl Findings<'_> {
    fn add(&mut self, place: &str, what: &str, how: &str) {
        self.flaws.push(Flaw::new(self.brand, place, what, &format!("write {how}")));
    }
}
