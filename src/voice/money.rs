//! Amounts of money as each language writes them.

use fluent_bundle::FluentArgs;
use icu_decimal::DecimalFormatter;
use icu_decimal::input::Decimal;

use super::words::{Words, WordsError};

/// Digits after the decimal point in `currency`. Source: ISO 4217, list one (2024-06); 2 for everything not listed.
pub(crate) fn exponent(currency: &str) -> i16 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// Writes `minor` units of `currency`: the number by the language's rules, the sign by its words file.
pub(crate) fn write(
    minor: i64,
    currency: &str,
    numbers: &DecimalFormatter,
    words: &Words,
) -> Result<String, WordsError> {
    let mut decimal = Decimal::from(minor);
    decimal.multiply_pow10(-exponent(currency));
    let mut args = FluentArgs::with_capacity(2);
    args.set("amount", numbers.format(&decimal).to_string());
    args.set("currency", currency);
    words.say("money", &args)
}

/// The bare number with a decimal point, as structured data wants it ("12.50").
pub(crate) fn plain(minor: i64, currency: &str) -> String {
    let mut decimal = Decimal::from(minor);
    decimal.multiply_pow10(-exponent(currency));
    decimal.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::when::Formats;
    use crate::voice::words;

    fn written(tag: &str, region: &str, minor: i64, currency: &str) -> String {
        let source = std::fs::read_to_string(format!("{}/templates/words/{tag}.ftl", env!("CARGO_MANIFEST_DIR")));
        let source = words::parse(source.expect("the words are shipped")).expect("the words are right");
        let words = Words::new(tag, &[source]).expect("a language");
        write(minor, currency, &Formats::new(region).expect("a region").numbers, &words).expect("an amount")
    }

    #[test]
    fn amounts_look_as_each_language_writes_them() {
        assert_eq!(written("en", "en-GB", 1_234_567, "EUR"), "€12,345.67");
        assert_eq!(written("en", "en-US", 5, "USD"), "$0.05");
        assert_eq!(written("en", "en-GB", 1_234, "JPY"), "¥1,234");
        assert_eq!(written("en", "en-GB", 1_234, "KWD"), "KWD 1.234");
        assert_eq!(written("pl", "pl", 1_234_567, "PLN"), "12\u{a0}345,67 zł");
        assert_eq!(written("uk", "uk", 1_234_567, "UAH"), "12\u{a0}345,67 ₴");
        assert_eq!(written("pt-BR", "pt-BR", 1_234_567, "BRL"), "R$ 12.345,67");
        assert_eq!(written("en", "en-GB", -500, "GBP"), "£-5.00");
        assert_eq!(plain(1_250, "EUR"), "12.50");
        assert_eq!(plain(i64::MAX, "KWD"), "9223372036854775.807");
    }
}
