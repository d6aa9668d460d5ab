//! Countries of the simulated shops: languages, zones, people, carriers. Everything that could reach a person is in a
//! range that nobody owns: `customer.example`, and phone numbers set aside for fiction or impossible to assign.

use super::chance::Chance;

/// A country that the shops sell to.
#[derive(Debug)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) code: &'static str,
    pub(super) locale: &'static str,
    pub(super) zone: &'static str,
    pub(super) currency: &'static str,
    /// What one euro's worth of goods costs here, in hundredths.
    pub(super) price_percent: i64,
    pub(super) names: &'static [&'static str],
    pub(super) streets: &'static [&'static str],
    /// City, region, postcode.
    pub(super) cities: &'static [(&'static str, &'static str, &'static str)],
    /// Where the shops' parcels for this country start from, and the hubs they pass.
    pub(super) ship_from: (&'static str, &'static str),
    pub(super) hubs: &'static [&'static str],
    pub(super) carriers: &'static [(i64, Carrier)],
    /// Names of places where a parcel can wait.
    pub(super) pickups: &'static [&'static str],
    /// Business days between payment and the promised day.
    pub(super) promise_days: (i64, i64),
}

/// A carrier as it works in one country.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier {
    pub(super) slug: &'static str,
    pub(super) service: &'static str,
    pub(super) number: Number,
    /// Parcels in a thousand that go to a locker, shop or office instead of the door.
    pub(super) pickup_per_mille: i64,
    /// Whether its feed knows the tracking number alone, not the shop's order.
    pub(super) knows_number_only: bool,
}

/// How a carrier writes its numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// A fixed start and that many digits.
    Digits(&'static str, usize),
    /// UPU S10: two letters, eight digits, a check digit, the country.
    S10(&'static str, &'static str),
    /// `1Z`, an account of six, a service of two, seven digits and a check digit.
    Ups,
}

impl Number {
    /// A number that passes the carrier's own check, where it has one.
    pub(super) fn draw(self, chance: &mut Chance) -> String {
        match self {
            Self::Digits(start, count) => format!("{start}{}", chance.digits(count)),
            Self::S10(start, country) => {
                let serial = chance.digits(8);
                format!("{start}{serial}{}{country}", s10_check(&serial))
            }
            Self::Ups => {
                let body = format!("{}03{}", chance.digits(6), chance.digits(7));
                format!("1Z{body}{}", ups_check(&body))
            }
        }
    }
}

/// The check digit of UPU standard S10: weights 8 6 4 2 3 5 9 7, modulo 11.
fn s10_check(serial: &str) -> u32 {
    let sum: u32 =
        serial.bytes().zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    }
}

/// The check digit of a `1Z` number: even places count twice, up to the next ten.
fn ups_check(body: &str) -> u32 {
    let sum: u32 = body
        .bytes()
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 })
        .sum();
    (10 - sum % 10) % 10
}

impl Country {
    /// A phone number that rings nowhere. Great Britain, Germany and the United States set ranges aside for fiction
    /// (Ofcom 07700 900xxx, Bundesnetzagentur 0171 39200xx, NANPA 555-01xx); elsewhere no area code starts with a zero.
    pub(super) fn phone(&self, chance: &mut Chance) -> String {
        match self.code {
            "GB" => format!("+447700900{}", chance.digits(3)),
            "DE" => format!("+4917139200{}", chance.digits(2)),
            "US" => format!("+1{}55501{}", chance.pick(&["202", "303", "415", "617"]), chance.digits(2)),
            "PL" => format!("+48000{}", chance.digits(6)),
            "UA" => format!("+38000{}", chance.digits(7)),
            _ => format!("+55009{}", chance.digits(8)),
        }
    }
}

const fn carrier(slug: &'static str, service: &'static str, number: Number, pickup_per_mille: i64) -> Carrier {
    Carrier { slug, service, number, pickup_per_mille, knows_number_only: false }
}

const fn number_only(slug: &'static str, service: &'static str, number: Number, pickup_per_mille: i64) -> Carrier {
    Carrier { slug, service, number, pickup_per_mille, knows_number_only: true }
}

/// Every country, with how often it orders.
pub(super) const COUNTRIES: &[(i64, Country)] = &[
    (
        30,
        Country {
            code: "PL",
            locale: "pl",
            zone: "Europe/Warsaw",
            currency: "PLN",
            price_percent: 430,
            names: &["Anna Nowak", "Piotr Wiśniewski", "Zofia Lis", "Łukasz Żak", "Małgorzata Król", "Michał Sowa"],
            streets: &["ul. Przykładowa", "ul. Wzorcowa", "al. Próbna"],
            cities: &[
                ("Kraków", "małopolskie", "30-001"),
                ("Łódź", "łódzkie", "90-001"),
                ("Gdańsk", "pomorskie", "80-001"),
                ("Wrocław", "dolnośląskie", "50-001"),
            ],
            ship_from: ("Poznań", "PL"),
            hubs: &["Poznań, PL", "Stryków, PL", "Kraków, PL"],
            carriers: &[
                (6, carrier("inpost", "Paczkomat", Number::Digits("6", 23), 900)),
                (3, number_only("dpd", "Classic", Number::Digits("1300", 10), 50)),
                (2, carrier("dhl", "Parcel", Number::Digits("2", 10), 150)),
            ],
            pickups: &["Paczkomat WZR01A", "Paczkomat PRB07M", "Sklep Wzór"],
            promise_days: (2, 4),
        },
    ),
    (
        22,
        Country {
            code: "UA",
            locale: "uk",
            zone: "Europe/Kyiv",
            currency: "UAH",
            price_percent: 4500,
            names: &["Олена Коваль", "Андрій Мельник", "Ірина Бондар", "Тарас Гай", "Юлія Кравець", "Богдан Їжак"],
            streets: &["вул. Зразкова", "вул. Прикладна", "просп. Пробний"],
            cities: &[
                ("Київ", "м. Київ", "01001"),
                ("Львів", "Львівська область", "79000"),
                ("Одеса", "Одеська область", "65000"),
            ],
            ship_from: ("Львів", "UA"),
            hubs: &["Львів, UA", "Київ, UA", "Вінниця, UA"],
            carriers: &[
                (7, carrier("nova-poshta", "Відділення", Number::Digits("2045", 10), 800)),
                (2, carrier("ukrposhta", "Експрес", Number::Digits("0500", 9), 500)),
                (1, number_only("meest", "Кур'єр", Number::Digits("8110", 9), 100)),
            ],
            pickups: &["Відділення № 1", "Поштомат № 2045", "Відділення № 12"],
            promise_days: (2, 5),
        },
    ),
    (
        20,
        Country {
            code: "BR",
            locale: "pt-BR",
            zone: "America/Sao_Paulo",
            currency: "BRL",
            price_percent: 600,
            names: &["João Silva", "Maria Conceição", "Ana Beatriz Souza", "Caio Araújo", "Lívia Gonçalves"],
            streets: &["Rua Exemplo", "Avenida Modelo", "Rua do Ensaio"],
            cities: &[
                ("São Paulo", "SP", "01001-000"),
                ("Belo Horizonte", "MG", "30110-000"),
                ("Curitiba", "PR", "80010-000"),
                ("Recife", "PE", "50010-000"),
            ],
            ship_from: ("Campinas", "BR"),
            hubs: &["Campinas, BR", "Cajamar, BR", "Contagem, BR"],
            carriers: &[
                (6, carrier("correios", "SEDEX", Number::S10("SB", "BR"), 80)),
                (3, number_only("jadlog", "Package", Number::Digits("0801", 10), 60)),
            ],
            pickups: &["Agência Modelo", "Ponto de retirada Exemplo"],
            promise_days: (4, 9),
        },
    ),
    (
        14,
        Country {
            code: "GB",
            locale: "en-GB",
            zone: "Europe/London",
            currency: "GBP",
            price_percent: 86,
            names: &["Jane Doe", "Oliver Reed", "Siân Morgan", "Amara Okafor", "Callum O'Neil"],
            streets: &["Example Road", "Sample Street", "Specimen Lane"],
            cities: &[
                ("Bristol", "England", "BS1 1AA"),
                ("Leeds", "England", "LS1 1AA"),
                ("Cardiff", "Wales", "CF10 1AA"),
            ],
            ship_from: ("Coventry", "GB"),
            hubs: &["Coventry, GB", "Swindon, GB", "Warrington, GB"],
            carriers: &[
                (5, carrier("royal-mail", "Tracked 48", Number::S10("AB", "GB"), 60)),
                (3, carrier("evri", "Standard", Number::Digits("H00A", 12), 200)),
                (2, number_only("dpd", "Next Day", Number::Digits("1550", 10), 50)),
            ],
            pickups: &["Sample Corner Shop", "Example Post Office"],
            promise_days: (2, 4),
        },
    ),
    (
        8,
        Country {
            code: "DE",
            locale: "de",
            zone: "Europe/Berlin",
            currency: "EUR",
            price_percent: 100,
            names: &["Erika Mustermann", "Jörg Beispiel", "Käthe Groß", "Mehmet Öz"],
            streets: &["Musterstraße", "Beispielweg", "Probeallee"],
            cities: &[("Köln", "NW", "50667"), ("München", "BY", "80331"), ("Leipzig", "SN", "04109")],
            ship_from: ("Poznań", "PL"),
            hubs: &["Poznań, PL", "Leipzig, DE", "Hagen, DE"],
            carriers: &[
                (6, carrier("dhl", "Paket", Number::Digits("00340434", 12), 200)),
                (2, carrier("hermes", "Standard", Number::Digits("H1000", 15), 250)),
            ],
            pickups: &["Packstation 101", "Paketshop Beispiel"],
            promise_days: (3, 5),
        },
    ),
    (
        6,
        Country {
            code: "US",
            locale: "en-US",
            zone: "America/New_York",
            currency: "USD",
            price_percent: 108,
            names: &["John Public", "Maya Chen", "José Ramírez", "Dana Whitfield"],
            streets: &["Example Avenue", "Sample Drive", "Specimen Court"],
            cities: &[("Boston", "MA", "02108"), ("Richmond", "VA", "23219"), ("Albany", "NY", "12207")],
            ship_from: ("Columbus", "US"),
            hubs: &["Columbus, OH", "Harrisburg, PA", "Newark, NJ"],
            carriers: &[
                (5, carrier("ups", "Ground", Number::Ups, 80)),
                (4, carrier("usps", "Ground Advantage", Number::Digits("94001", 17), 60)),
                (2, number_only("fedex", "Home Delivery", Number::Digits("7712", 8), 60)),
            ],
            pickups: &["Sample Market", "Example Post Office"],
            promise_days: (3, 6),
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::TrackingNumber;

    #[test]
    fn check_digits_are_those_of_published_numbers() {
        // The worked example of UPU S10, RR473124829GB, and the sample 1Z999AA10123456784 (a letter A counts as 2).
        assert_eq!(s10_check("47312482"), 9);
        assert_eq!(ups_check("999221012345678"), 4);
    }

    #[test]
    fn every_carrier_writes_numbers_that_can_be_compared() {
        let mut chance = Chance::new(3);
        for (_, country) in COUNTRIES {
            for (_, carrier) in country.carriers {
                let number = carrier.number.draw(&mut chance);
                assert!(TrackingNumber::parse(&number).is_some(), "{} {number}", carrier.slug);
            }
        }
    }

    #[test]
    fn every_phone_number_is_well_formed_and_nobodys() {
        let mut chance = Chance::new(3);
        for (_, country) in COUNTRIES {
            let phone = country.phone(&mut chance);
            assert!((12..=14).contains(&phone.len()), "{phone}");
            assert!(phone[1..].bytes().all(|b| b.is_ascii_digit()), "{phone}");
        }
    }

    #[test]
    fn zones_are_known() {
        for (_, country) in COUNTRIES {
            assert!(jiff::tz::TimeZone::get(country.zone).is_ok(), "{}", country.zone);
        }
    }
}
