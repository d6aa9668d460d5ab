//! One pass over the bytes before anything is parsed: what would harm a parser or a database is found here.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What the pass can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Harm {
    /// Brackets nested deeper than the limit: parsers that recurse run out of stack.
    TooDeep,
    /// A NUL, as a byte or as `\u0000`: Postgres refuses it in text, and would refuse the whole batch with it.
    Nul,
    /// Half of a surrogate pair, which no UTF-8 text can hold.
    LoneSurrogate,
}

impl Harm {
    /// The phrase for a refusal.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::TooDeep => "nested too deep",
            Self::Nul => "holds NUL",
            Self::LoneSurrogate => "holds half a surrogate pair",
        }
    }
}

/// Looks through JSON text, which need not be valid, for [`Harm`]. Linear, no allocation.
pub(super) fn scan(text: &[u8], depth_max: usize) -> Result<(), Harm> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = string(text, at + 1)?,
            b'{' | b'[' => {
                depth += 1;
                if depth > depth_max {
                    return Err(Harm::TooDeep);
                }
            }
            // Too many closing brackets are a syntax error, which the parser names.
            b'}' | b']' => depth = depth.saturating_sub(1),
            0 => return Err(Harm::Nul),
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// Passes over a string's inside; gives the place of its closing quote, or of the end.
fn string(text: &[u8], mut at: usize) -> Result<usize, Harm> {
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return Ok(at),
            b'\\' => at = escape(text, at)?,
            0 => return Err(Harm::Nul),
            _ => at += 1,
        }
    }
    Ok(at)
}

/// Passes over an escape that begins at `at`; gives the place behind it.
fn escape(text: &[u8], at: usize) -> Result<usize, Harm> {
    match unit(text, at) {
        None => Ok(at + 2),
        Some(0) => Err(Harm::Nul),
        Some(0xd800..=0xdbff) => match unit(text, at + 6) {
            Some(0xdc00..=0xdfff) => Ok(at + 12),
            Some(_) | None => Err(Harm::LoneSurrogate),
        },
        Some(0xdc00..=0xdfff) => Err(Harm::LoneSurrogate),
        Some(_) => Ok(at + 6),
    }
}

/// The UTF-16 unit of a `\uXXXX` at `at`.
fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0_u16, |unit, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(value).ok()?)
    })
}

/// Takes any JSON, and stumbles over the first string that holds NUL or cannot be read: the deserializer's path then names it.
pub(super) struct Stumble;

impl<'de> Deserialize<'de> for Stumble {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Stumble {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self, E> {
        if text.contains('\0') { Err(E::custom(Harm::Nul.phrase())) } else { Ok(self) }
    }
    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            if key.contains('\0') {
                map.next_value::<IgnoredAny>()?;
                return Err(A::Error::custom(Harm::Nul.phrase()));
            }
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}
