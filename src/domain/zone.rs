//! Where the parcel's day begins: the time zone of a delivery address.
//!
//! A delivery date is a day at the destination, "out for delivery" ends at midnight there, and nobody is woken by an SMS
//! there. So the zone decides what is true, and a guess at it is named as one.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

use super::event::Address;

/// Every rule, one word each; the file says how they read.
const RULES: &str = include_str!("zones.txt");

static TABLE: LazyLock<HashMap<&'static str, Country>> = LazyLock::new(|| {
    let mut table = HashMap::new();
    for word in words() {
        add(&mut table, word).expect("every rule of zones.txt reads well, a test says so");
    }
    table
});

/// A zone, and what it was told from.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The zone to reckon with.
    pub zone: TimeZone,
    /// How sure that is.
    pub basis: Basis,
}

/// What a zone was told from, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The address names it.
    Address,
    /// The country has one zone, or the region or postcode says which of several.
    Place,
    /// A doubt: the country has several zones and the address does not say which, so it is where most people live.
    MostPeople,
    /// A doubt: no country, or one that does not exist, so it is the brand's own zone.
    Brand,
}

impl Basis {
    /// Whether the zone is a guess.
    pub fn is_doubt(self) -> bool {
        match self {
            Self::Address | Self::Place => false,
            Self::MostPeople | Self::Brand => true,
        }
    }
}

/// The destination's zone: `address.time_zone`, else by country, postcode and region, else `fallback` (the brand's).
pub fn of_destination(address: Option<&Address>, fallback: &TimeZone) -> TimeZone {
    find(address, fallback).zone
}

/// As [`of_destination`], and says how sure it is.
///
/// ```
/// use doorstep::domain::{event::Address, zone};
/// use jiff::tz::TimeZone;
///
/// let address = Address { country: Some("US".into()), region: Some("California".into()), ..Address::default() };
/// let found = zone::find(Some(&address), &TimeZone::UTC);
/// assert_eq!(found.zone.iana_name(), Some("America/Los_Angeles"));
/// assert!(!found.basis.is_doubt());
/// ```
pub fn find(address: Option<&Address>, fallback: &TimeZone) -> Found {
    let Some(address) = address else {
        return Found { zone: fallback.clone(), basis: Basis::Brand };
    };
    let named = address.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    if let Some(zone) = named {
        return Found { zone, basis: Basis::Address };
    }
    match address.country.as_deref().and_then(|code| TABLE.get(code)) {
        Some(country) => country.find(address),
        None => Found { zone: fallback.clone(), basis: Basis::Brand },
    }
}

/// What is known of one country's zones.
struct Country {
    /// The only zone, or the one where most people live.
    main: TimeZone,
    /// By folded name or code of the region.
    regions: HashMap<&'static str, TimeZone>,
    /// For a region that was named and is not among `regions`.
    other_regions: Option<TimeZone>,
    /// By the first letters of the folded postcode.
    postcodes: HashMap<&'static str, TimeZone>,
}

impl Country {
    fn find(&self, address: &Address) -> Found {
        let only_one = self.regions.is_empty() && self.postcodes.is_empty();
        let told = self.by_postcode(address).or_else(|| self.by_region(address));
        match told {
            Some(zone) => Found { zone: zone.clone(), basis: Basis::Place },
            None if only_one => Found { zone: self.main.clone(), basis: Basis::Place },
            None => Found { zone: self.main.clone(), basis: Basis::MostPeople },
        }
    }

    /// The longest prefix that has a rule. Postcodes are asked first because some states lie in two zones.
    fn by_postcode(&self, address: &Address) -> Option<&TimeZone> {
        if self.postcodes.is_empty() {
            return None;
        }
        let code = fold(address.postcode.as_deref()?);
        // No rule is longer than Noronha's five digits.
        (1..=5).rev().find_map(|len| self.postcodes.get(code.get(..len)?))
    }

    fn by_region(&self, address: &Address) -> Option<&TimeZone> {
        let region = fold(address.region.as_deref()?);
        if region.is_empty() {
            return None;
        }
        // "US-CA" and "CA" are the same region.
        let bare = address
            .country
            .as_deref()
            .and_then(|country| region.strip_prefix(&country.to_ascii_lowercase()))
            .unwrap_or(&region);
        self.regions.get(region.as_str()).or_else(|| self.regions.get(bare)).or(self.other_regions.as_ref())
    }
}

/// Every zone of the table, once each: for tests that must hold in all of them.
#[cfg(test)]
pub(crate) fn all() -> &'static [TimeZone] {
    static ALL: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
        let names: std::collections::BTreeSet<_> = words().filter_map(|word| Some(word.split_once('=')?.1)).collect();
        names.into_iter().filter_map(|name| TimeZone::get(name).ok()).collect()
    });
    &ALL
}

fn words() -> impl Iterator<Item = &'static str> {
    RULES.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace)
}

/// Adds one rule; `None` if it does not read well. A country's first rule must be its own zone.
fn add(table: &mut HashMap<&'static str, Country>, word: &'static str) -> Option<()> {
    let (place, name) = word.split_once('=')?;
    let zone = TimeZone::get(name).ok()?;
    let (code, rest) = place.split_at_checked(2)?;
    if rest.is_empty() {
        let country = Country { main: zone, regions: HashMap::new(), other_regions: None, postcodes: HashMap::new() };
        return table.insert(code, country).is_none().then_some(());
    }
    let country = table.get_mut(code)?;
    if rest == "/*" {
        return country.other_regions.replace(zone).is_none().then_some(());
    }
    let (index, names) = match rest.split_at(1) {
        ("/", names) => (&mut country.regions, names),
        ("#", names) => (&mut country.postcodes, names),
        _ => return None,
    };
    names.split('|').all(|name| index.insert(name, zone.clone()).is_none()).then_some(())
}

/// Lower case, letters and digits alone, without the accents that the table's names would have.
fn fold(text: &str) -> String {
    // A region or postcode that needs more than this is in no table; the bound keeps hostile input cheap.
    text.chars().take(80).flat_map(char::to_lowercase).filter_map(plain).collect()
}

fn plain(letter: char) -> Option<char> {
    let plain = match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ñ' => 'n',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        other => other,
    };
    plain.is_alphanumeric().then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(country: &str, region: &str, postcode: &str) -> (String, Basis) {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let address =
            Address { country: given(country), region: given(region), postcode: given(postcode), ..Address::default() };
        let found = find(Some(&address), &TimeZone::UTC);
        (found.zone.iana_name().unwrap_or("?").to_owned(), found.basis)
    }

    #[test]
    fn every_rule_reads_well_and_names_a_zone_of_the_bundled_database() {
        let mut table = HashMap::new();
        for word in words() {
            assert!(add(&mut table, word).is_some(), "zones.txt: {word} is malformed, doubled or names no zone");
        }
    }

    #[test]
    fn region_names_and_postcodes_in_the_table_are_folded_as_input_is() {
        for (code, country) in TABLE.iter() {
            for name in country.regions.keys().chain(country.postcodes.keys()) {
                assert_eq!(&fold(name), name, "{code}");
            }
        }
    }

    #[test]
    fn every_country_of_iso_3166_has_a_zone() {
        // The 249 officially assigned codes, and XK.
        const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
            BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI \
            FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
            IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM \
            MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT \
            PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM \
            TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW XK";
        let codes: Vec<_> = CODES.split_whitespace().collect();
        assert_eq!(codes.len(), 250);
        for code in &codes {
            assert!(TABLE.contains_key(code), "{code}");
        }
        assert_eq!(TABLE.len(), codes.len(), "no code that does not exist");
    }

    #[test]
    fn the_address_knows_best() {
        let address =
            Address { country: Some("PL".into()), time_zone: Some("Asia/Tokyo".into()), ..Address::default() };
        let at = find(Some(&address), &TimeZone::UTC);
        assert_eq!((at.zone.iana_name(), at.basis), (Some("Asia/Tokyo"), Basis::Address));
    }

    #[test]
    fn an_unknown_zone_name_falls_to_the_country() {
        let address =
            Address { country: Some("PL".into()), time_zone: Some("Middle/Earth".into()), ..Address::default() };
        assert_eq!(find(Some(&address), &TimeZone::UTC).zone.iana_name(), Some("Europe/Warsaw"));
    }

    #[test]
    fn a_country_with_one_zone_is_no_doubt() {
        assert_eq!(found("PL", "", ""), ("Europe/Warsaw".into(), Basis::Place));
        assert_eq!(found("UA", "Київ", ""), ("Europe/Kyiv".into(), Basis::Place));
        assert_eq!(found("GB", "", "SW1A 1AA"), ("Europe/London".into(), Basis::Place));
    }

    #[test]
    fn regions_by_code_name_or_prefixed_code() {
        for region in ["CA", "US-CA", "california", " California "] {
            assert_eq!(found("US", region, ""), ("America/Los_Angeles".into(), Basis::Place), "{region}");
        }
        assert_eq!(found("BR", "Ceará", "").0, "America/Fortaleza");
        assert_eq!(found("BR", "am", "").0, "America/Manaus");
        assert_eq!(found("CA", "Québec", "").0, "America/Toronto");
        assert_eq!(found("CA", "CA", "").1, Basis::MostPeople);
        assert_eq!(found("AU", "WA", "").0, "Australia/Perth");
        assert_eq!(found("MX", "Quintana Roo", "").0, "America/Cancun");
        assert_eq!(found("RU", "RU-NVS", "").0, "Asia/Novosibirsk");
    }

    #[test]
    fn islands_are_told_by_postcode_or_region() {
        assert_eq!(found("ES", "", "35001").0, "Atlantic/Canary");
        assert_eq!(found("ES", "Islas Canarias", "").0, "Atlantic/Canary");
        assert_eq!(found("ES", "", "28013"), ("Europe/Madrid".into(), Basis::Place));
        assert_eq!(found("ES", "Catalunya", ""), ("Europe/Madrid".into(), Basis::Place));
        assert_eq!(found("PT", "", "9500-001").0, "Atlantic/Azores");
        assert_eq!(found("PT", "", "9000-018").0, "Atlantic/Madeira");
        assert_eq!(found("PT", "", "1100-148").0, "Europe/Lisbon");
    }

    #[test]
    fn a_state_in_two_zones_is_told_by_its_postcode() {
        assert_eq!(found("US", "TX", "79901").0, "America/Denver");
        assert_eq!(found("US", "TX", "78701").0, "America/Chicago");
        assert_eq!(found("US", "FL", "32501-1234").0, "America/Chicago");
        assert_eq!(found("US", "FL", "33101").0, "America/New_York");
    }

    #[test]
    fn a_country_with_several_zones_and_no_region_is_a_doubt() {
        assert_eq!(found("US", "", ""), ("America/New_York".into(), Basis::MostPeople));
        assert_eq!(found("BR", "Atlantis", ""), ("America/Sao_Paulo".into(), Basis::MostPeople));
        assert_eq!(found("RU", "", ""), ("Europe/Moscow".into(), Basis::MostPeople));
        assert_eq!(found("ES", "", ""), ("Europe/Madrid".into(), Basis::MostPeople));
    }

    #[test]
    fn without_a_country_it_is_the_brands_zone() {
        let brand = TimeZone::get("Europe/Kyiv").expect("a bundled zone");
        let at = find(None, &brand);
        assert_eq!((at.zone.iana_name(), at.basis), (Some("Europe/Kyiv"), Basis::Brand));
        assert_eq!(found("ZZ", "", "").1, Basis::Brand);
    }

    #[test]
    fn hostile_text_is_only_unknown() {
        let long = "ß".repeat(1_000_000);
        assert_eq!(found("US", &long, &long).1, Basis::MostPeople);
        assert_eq!(found("US", "é\u{0301}\u{202e}", "١٢٣").1, Basis::MostPeople);
    }
}
