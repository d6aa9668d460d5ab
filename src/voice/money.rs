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
