//! The shelves of the simulated shops: invented goods, named in the customer's language.

/// One article.
#[derive(Debug)]
pub(super) struct Article {
    pub(super) sku: &'static str,
    /// English, Polish, Ukrainian, Brazilian Portuguese, German.
    titles: [&'static str; 5],
    /// Euro cents.
    pub(super) price: i64,
}

impl Article {
    /// The title in the language of `locale`.
    pub(super) fn title(&self, locale: &str) -> &'static str {
        let [en, pl, uk, pt, de] = self.titles;
        match locale.split('-').next() {
            Some("pl") => pl,
            Some("uk") => uk,
            Some("pt") => pt,
            Some("de") => de,
            _ => en,
        }
    }
}

/// The shelves, one for each brand in turn.
pub(super) const SHELVES: [&[Article]; 2] = [
    &[
        Article {
            sku: "HG-MUG",
            titles: [
                "Harbour mug, sea blue",
                "Kubek Harbour, morski błękit",
                "Кухоль Harbour, морський синій",
                "Caneca Harbour, azul-marinho",
                "Harbour-Tasse, meerblau",
            ],
            price: 1900,
        },
        Article {
            sku: "HG-BLK",
            titles: [
                "Wool blanket, 130 × 180 cm",
                "Wełniany koc, 130 × 180 cm",
                "Вовняний плед, 130 × 180 см",
                "Manta de lã, 130 × 180 cm",
                "Wolldecke, 130 × 180 cm",
            ],
            price: 6400,
        },
        Article {
            sku: "HG-LMP",
            titles: [
                "Storm lantern, brass",
                "Lampa sztormowa, mosiądz",
                "Штормова лампа, латунь",
                "Lampião de latão",
                "Sturmlaterne, Messing",
            ],
            price: 8900,
        },
        Article {
            sku: "HG-BAG",
            titles: [
                "Canvas bag, large",
                "Torba płócienna, duża",
                "Полотняна сумка, велика",
                "Bolsa de lona, grande",
                "Segeltuchtasche, groß",
            ],
            price: 4500,
        },
        Article {
            sku: "HG-SOP",
            titles: [
                "Seaweed soap, 2 bars",
                "Mydło z alg, 2 kostki",
                "Мило з водоростями, 2 шт.",
                "Sabonete de algas, 2 unidades",
                "Algenseife, 2 Stück",
            ],
            price: 1200,
        },
        Article {
            sku: "HG-SWT",
            titles: [
                "Knitted sweater, size M",
                "Sweter z dzianiny, rozmiar M",
                "В'язаний светр, розмір M",
                "Suéter de tricô, tamanho M",
                "Strickpullover, Größe M",
            ],
            price: 11_900,
        },
    ],
    &[
        Article {
            sku: "KK-TEA",
            titles: [
                "Green tea with jasmine, 100 g",
                "Zielona herbata z jaśminem, 100 g",
                "Зелений чай із жасмином, 100 г",
                "Chá verde com jasmim, 100 g",
                "Grüner Tee mit Jasmin, 100 g",
            ],
            price: 1400,
        },
        Article {
            sku: "KK-POT",
            titles: [
                "Teapot with sieve, 1 l",
                "Dzbanek z sitkiem, 1 l",
                "Чайник із ситечком, 1 л",
                "Bule com infusor, 1 l",
                "Teekanne mit Sieb, 1 l",
            ],
            price: 3900,
        },
        Article {
            sku: "KK-CUP",
            titles: [
                "Set of four glasses",
                "Komplet czterech szklanek",
                "Набір із чотирьох склянок",
                "Jogo de quatro copos",
                "Vier Gläser im Set",
            ],
            price: 2800,
        },
        Article {
            sku: "KK-HNY",
            titles: [
                "Linden honey, 400 g",
                "Miód lipowy, 400 g",
                "Липовий мед, 400 г",
                "Mel de tília, 400 g",
                "Lindenhonig, 400 g",
            ],
            price: 1600,
        },
        Article {
            sku: "KK-KTL",
            titles: [
                "Gooseneck kettle, 0.9 l",
                "Czajnik z długim dziobkiem, 0,9 l",
                "Чайник із довгим носиком, 0,9 л",
                "Chaleira bico de ganso, 0,9 l",
                "Wasserkessel mit Schwanenhals, 0,9 l",
            ],
            price: 7900,
        },
        Article {
            sku: "KK-SCL",
            titles: ["Kitchen scale", "Waga kuchenna", "Кухонні ваги", "Balança de cozinha", "Küchenwaage"],
            price: 3300,
        },
    ],
];
