//! How one member of an event is read: from JSON straight into what the domain may hold, or a flaw.
//!
//! Three rules decide between refusing, repairing and leaving out:
//! - what *programs* write (ids, times, amounts, codes, zones) is refused when malformed: it shows with a shop's first event;
//! - what *people* type (names, titles, streets) is cleaned and cut: nobody's parcel news may hang on a stray character;
//! - what *carriers* send along, and what merely decorates (their words and codes, placeholder dates, picture and tracking
//!   links) is left out when it is no use: the fact matters more.
//!
//! A blank text is the same as none, since shops write `"phone": ""`.

use std::fmt;
use std::marker::PhantomData;

use email_address::{EmailAddress, Options};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::domain::event::{Handover, Reason};
use crate::domain::id::{ID_BYTES_MAX, TrackingNumber};
use crate::domain::listen::sending_back::Wish;
use crate::domain::person::{Pii, Role};

/// What is wrong with a member: a phrase of ours that repeats nothing of its value.
pub(super) type Flaw = &'static str;

/// Lines of an order or parcel. Ten times what the largest shop basket seen holds.
pub(super) const ITEMS_MAX: usize = 1_000;
/// Pieces of one line.
const QTY_MAX: u32 = 1_000_000;
/// Largest amount, in minor units: ten thousand million of a currency with cents. Times [`QTY_MAX`] it still fits an `i64`.
const AMOUNT_MAX: u64 = 1_000_000_000_000;
/// Tags of one item; more are left out.
const TAGS_MAX: usize = 50;
/// Characters of a name, a street, a place; more are cut.
pub(super) const LINE_CHARS_MAX: usize = 200;
/// Characters of a title or of a carrier's words; more are cut.
const PROSE_CHARS_MAX: usize = 500;
/// Characters of a code or a tag; more are cut.
const WORD_CHARS_MAX: usize = 64;
/// Bytes of a link. What browsers and mail programs take without cutting.
const URL_BYTES_MAX: usize = 2_048;
/// Bytes of a mail address: RFC 5321's path limit without the angle brackets.
const EMAIL_BYTES_MAX: usize = 254;
/// Seconds since 1970 at the end of the year 2200, the last one that a parcel's time can plausibly have.
const YEAR_2201: i64 = 7_289_654_400;

/// A way to be reached, or why it is none. The event's kind decides what a bad one means.
pub(super) type Contact = Result<Pii<String>, Flaw>;

/// Reads a text or null with `read`; anything else is a wrong type.
fn text<'de, D, T, F>(from: D, read: F) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    F: FnOnce(&str) -> Result<Option<T>, Flaw>,
{
    struct Text<T, F>(F, PhantomData<T>);
    impl<T, F: FnOnce(&str) -> Result<Option<T>, Flaw>> Visitor<'_> for Text<T, F> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }
        fn visit_str<E: Error>(self, raw: &str) -> Result<Self::Value, E> {
            (self.0)(raw).map_err(E::custom)
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Text(read, PhantomData))
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $out:ty = $read:expr;)*) => {$(
        $(#[$doc])*
        pub(super) fn $name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<$out>, D::Error> {
            text(from, $read)
        }
    )*};
}

texts! {
    /// An id or sku as its shop writes it.
    id: String = read_id;
    /// A name, a street, a place.
    line: String = |raw| Ok(shown(raw, LINE_CHARS_MAX));
    /// A name, a street: personal.
    private_line: Pii<String> = |raw| Ok(shown(raw, LINE_CHARS_MAX).map(Pii::new));
    /// A title, a carrier's words.
    prose: String = |raw| Ok(shown(raw, PROSE_CHARS_MAX));
    /// A code, a service's name.
    word: String = |raw| Ok(shown(raw, WORD_CHARS_MAX));
    /// A code that opens something: personal.
    private_word: Pii<String> = |raw| Ok(shown(raw, WORD_CHARS_MAX).map(Pii::new));
    /// An e-mail address.
    email: Contact = |raw| Ok(contact(raw, read_email));
    /// A telephone number.
    phone: Contact = |raw| Ok(contact(raw, read_phone));
    /// A language tag.
    locale: String = |raw| filled(raw, read_locale);
    /// An IANA time zone.
    zone: String = |raw| filled(raw, read_zone);
    /// ISO 3166-1 alpha-2.
    country: String = |raw| filled(raw, |raw| code(raw, 2).ok_or("not an ISO 3166-1 alpha-2 country code"));
    /// ISO 4217.
    currency: String = |raw| filled(raw, |raw| code(raw, 3).ok_or("not an ISO 4217 currency code"));
    /// RFC 3339 with an offset.
    instant: Timestamp = a_time;
    /// A calendar day.
    day: Date = a_day;
    /// A carrier's slug.
    carrier: String = |raw| Ok(slug(raw));
    /// A link to show; left out unless it is http or https.
    url: String = |raw| Ok(read_url(raw, &["https", "http"]));
    /// A link to one of the shop's own pages; left out unless it is https.
    https_url: String = |raw| Ok(read_url(raw, &["https"]));
    /// Why something went wrong. A word we do not know is `Unknown`: carriers coin words, and the fact must not wait for us.
    reason: Reason = |raw| Ok(shown(raw, WORD_CHARS_MAX).map(|word| Reason::parse(&word).unwrap_or(Reason::Unknown)));
    /// To whom a parcel was handed over. A word we do not know says nothing, so nothing is claimed.
    handover: Handover = |raw| Ok(read_handover(raw));
    /// Who of an order a person is. A word we do not know is refused: it says whom to write to.
    role: Role = |raw| filled(raw, |raw| Role::parse(raw).ok_or("neither customer nor recipient"));
    /// What is wished for what goes back. A word we do not know is left unsaid.
    wish: Wish = |raw| Ok(Wish::parse(raw.trim()));
    /// A tracking number in the spelling for comparing, and as it was written where that differs.
    number: Number = read_number;
}

/// A tracking number, or what stood in its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    /// One that parcels can be told apart by, and as the carrier prints it where that differs.
    Real(TrackingNumber, Option<String>),
    /// `N/A`, `pending`, `0000`: no number yet. Taken for one, it would join the parcels of strangers.
    Placeholder,
}

/// Reads an object or null. Serde would take a list as well, member by member; here that is a wrong type.
pub(super) fn object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Object(PhantomData))
}

/// Reads a list of objects, at most [`ITEMS_MAX`]; an empty one says nothing.
pub(super) fn items<'de, D, T>(from: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct One<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for One<T> {
        type Value = T;
        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
            object(from)?.ok_or_else(|| D::Error::custom("null"))
        }
    }
    struct Items<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
        type Value = Option<Vec<T>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element_seed(One(PhantomData))? {
                if items.len() == ITEMS_MAX {
                    return Err(A::Error::custom("more than 1,000 entries"));
                }
                items.push(item);
            }
            Ok((!items.is_empty()).then_some(items))
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Items(PhantomData))
}

/// Reads a list of short words; blank ones and those past [`TAGS_MAX`] are left out.
pub(super) fn tags<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Tag;
    impl<'de> DeserializeSeed<'de> for Tag {
        type Value = Option<String>;
        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
            word(from)
        }
    }
    struct Tags;
    impl<'de> Visitor<'de> for Tags {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut tags = Vec::new();
            while let Some(tag) = seq.next_element_seed(Tag)? {
                tags.extend(tag.filter(|_| tags.len() < TAGS_MAX));
            }
            Ok(tags)
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    from.deserialize_any(Tags)
}

/// Reads an amount in minor units.
pub(super) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Option::<i64>::deserialize(from)? {
        Some(amount) if amount.unsigned_abs() > AMOUNT_MAX => Err(D::Error::custom("larger than any order")),
        amount => Ok(amount),
    }
}

/// Reads a number of pieces; one where none is given.
pub(super) fn qty<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match Option::<i64>::deserialize(from)? {
        None => Ok(1),
        Some(qty) => u32::try_from(qty)
            .ok()
            .filter(|qty| (1..=QTY_MAX).contains(qty))
            .ok_or_else(|| D::Error::custom("not between 1 and 1,000,000")),
    }
}

/// A text for people, or a member that stands for one: `text` alone, or an object that `T` reads.
#[derive(Debug)]
pub(super) enum TextOr<T> {
    Text(String),
    Object(T),
}

/// Reads a text or an object.
pub(super) fn text_or<'de, D, T>(from: D) -> Result<Option<TextOr<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Either<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
        type Value = Option<TextOr<T>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text or an object")
        }
        fn visit_str<E: Error>(self, raw: &str) -> Result<Self::Value, E> {
            let raw = raw.trim();
            Ok((!raw.is_empty()).then(|| TextOr::Text(raw.to_owned())))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|object| Some(TextOr::Object(object)))
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    from.deserialize_any(Either(PhantomData))
}

/// Cleans a text for people: control characters, line breaks and marks that turn the reading direction become blanks, runs of
/// blanks one blank, and what is longer than `chars_max` is cut. `None` if nothing is left.
pub(super) fn shown(raw: &str, chars_max: usize) -> Option<String> {
    let raw = raw.trim();
    let plain = raw.len() <= chars_max && raw.bytes().all(|b| (0x20..0x7f).contains(&b)) && !raw.contains("  ");
    if plain {
        return (!raw.is_empty()).then(|| raw.to_owned());
    }
    let mut out = String::with_capacity(raw.len().min(chars_max * 4));
    let mut chars = 0;
    for word in raw.split(|c: char| c.is_control() || c == ' ' || turns_direction(c)).filter(|word| !word.is_empty()) {
        if chars > 0 && chars + 1 < chars_max {
            out.push(' ');
            chars += 1;
        }
        for c in word.chars().take(chars_max - chars) {
            out.push(c);
            chars += 1;
        }
        if chars >= chars_max {
            break;
        }
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    (!out.is_empty()).then_some(out)
}

/// Line and paragraph separators, and marks that make text read backwards: used to disguise what a text says.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Checks an id: up to [`ID_BYTES_MAX`] bytes, no control characters. Blank: none.
pub(super) fn read_id(raw: &str) -> Result<Option<String>, Flaw> {
    let raw = raw.trim();
    if raw.len() > ID_BYTES_MAX {
        return Err("longer than 128 bytes");
    }
    if raw.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    Ok((!raw.is_empty()).then(|| raw.to_owned()))
}

/// Runs `read` unless the text is blank.
fn filled<T>(raw: &str, read: impl FnOnce(&str) -> Result<T, Flaw>) -> Result<Option<T>, Flaw> {
    let raw = raw.trim();
    if raw.is_empty() { Ok(None) } else { read(raw).map(Some) }
}

fn contact(raw: &str, read: fn(&str) -> Option<String>) -> Option<Contact> {
    let raw = raw.trim();
    (!raw.is_empty()).then(|| read(raw).map(Pii::new).ok_or("malformed"))
}

/// Takes what mail servers take: no display names, no address literals, no quoted local parts, no control characters.
///
/// Quoted local parts are legal and unknown in practice; every link of a mail's way handles them differently.
fn read_email(raw: &str) -> Option<String> {
    let options = Options::default().without_display_text().without_domain_literal();
    let odd =
        raw.len() > EMAIL_BYTES_MAX || raw.contains('"') || raw.chars().any(|c| c.is_control() || c.is_whitespace());
    (!odd && EmailAddress::parse_with_options(raw, options).is_ok()).then(|| raw.to_owned())
}

/// A number as orders carry it, or nothing if it is none.
pub(crate) fn phone_number(raw: &str) -> Option<String> {
    read_phone(raw.trim())
}

/// Takes E.164; blanks, dashes, dots and brackets between the digits are left out.
fn read_phone(raw: &str) -> Option<String> {
    let number: String = raw.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
    let digits = number.strip_prefix('+')?;
    let fits =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    fits.then_some(number)
}

/// Takes the shape of BCP 47; `_` becomes `-`.
fn read_locale(raw: &str) -> Result<String, Flaw> {
    let tag = raw.replace('_', "-");
    let mut parts = tag.split('-');
    let language =
        parts.next().is_some_and(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphabetic()));
    let rest = parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if language && rest && tag.len() <= 35 { Ok(tag) } else { Err("not a BCP 47 language tag") }
}

fn read_zone(raw: &str) -> Result<String, Flaw> {
    let shape = raw.len() <= 64 && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
    let zone = shape.then(|| jiff::tz::TimeZone::get(raw).ok()).flatten();
    zone.and_then(|zone| zone.iana_name().map(str::to_owned)).ok_or("not an IANA time zone")
}

/// Takes `letters` ASCII letters, and gives them in upper case.
fn code(raw: &str, letters: usize) -> Option<String> {
    (raw.len() == letters && raw.bytes().all(|b| b.is_ascii_alphabetic())).then(|| raw.to_ascii_uppercase())
}

/// Reads an instant of the years 1970 to 2200, as the envelope needs it; `data` leaves an implausible one out.
pub(super) fn read_instant(raw: &str) -> Result<Timestamp, Flaw> {
    let bytes = raw.as_bytes();
    // jiff takes more than RFC 3339 does: other separators, zone names in brackets, dates by week.
    let shape = (20..=64).contains(&bytes.len())
        && matches!((bytes[4], bytes[7], bytes[10]), (b'-', b'-', b'T' | b't' | b' '))
        && matches!((bytes[13], bytes[16]), (b':', b':'));
    if bytes.contains(&b'[') {
        return Err("not an RFC 3339 time");
    }
    if !shape {
        let bare = bytes.len() >= 10 && raw.parse::<jiff::civil::DateTime>().is_ok();
        return Err(if bare { "a time without an offset" } else { "not an RFC 3339 time" });
    }
    match raw.parse::<Timestamp>() {
        Ok(time) if (1..YEAR_2201).contains(&time.as_second()) => Ok(time),
        Ok(_) => Err(OUT_OF_RANGE),
        // The last day of 9999 is past what jiff can hold.
        Err(_) if raw[..4].parse().is_ok_and(|year: u16| !(1970..=2200).contains(&year)) => Err(OUT_OF_RANGE),
        Err(_) if raw.parse::<jiff::civil::DateTime>().is_ok() => Err("a time without an offset"),
        Err(_) => Err("not an RFC 3339 time"),
    }
}

/// Reads a calendar day of the years 1970 to 2200.
fn read_day(raw: &str) -> Result<Date, Flaw> {
    let bytes = raw.as_bytes();
    let shape = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
    match raw.parse::<Date>() {
        Ok(day) if shape && (1970..=2200).contains(&day.year()) => Ok(day),
        Ok(_) if shape => Err(OUT_OF_RANGE),
        Ok(_) | Err(_) => Err("not a calendar day such as 2026-11-28"),
    }
}

/// A time that no parcel has.
const OUT_OF_RANGE: Flaw = "not in the years 1970 to 2200";

/// Reads a time in `data`.
pub(super) fn a_time(raw: &str) -> Result<Option<Timestamp>, Flaw> {
    plausible(filled(raw, read_instant))
}

/// Reads a day in `data`.
pub(super) fn a_day(raw: &str) -> Result<Option<Date>, Flaw> {
    plausible(filled(raw, read_day))
}

/// Leaves out a time that is no parcel's: programs that have none write 0001-01-01, 1970-01-01T00:00:00Z or 9999-12-31.
fn plausible<T>(read: Result<Option<T>, Flaw>) -> Result<Option<T>, Flaw> {
    if read.as_ref().is_err_and(|flaw| *flaw == OUT_OF_RANGE) { Ok(None) } else { read }
}

/// Makes a slug: lower case, runs of anything but letters and digits become one dash; at most 40 bytes.
fn slug(raw: &str) -> Option<String> {
    let mut out = String::with_capacity(raw.len().min(40));
    for c in raw.trim().chars() {
        if out.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    let kept = out.trim_end_matches('-').len();
    out.truncate(kept);
    (!out.is_empty()).then_some(out)
}

/// Takes an absolute link of one of `schemes` with a host, without a user's name in it, blanks, quotes or brackets.
pub(super) fn read_url(raw: &str, schemes: &[&str]) -> Option<String> {
    let raw = raw.trim();
    let (scheme, rest) = raw.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let odd = |c: char| {
        c.is_control() || c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`' | '\\') || turns_direction(c)
    };
    let fits = raw.len() <= URL_BYTES_MAX
        && schemes.iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'[' || b >= 0x80)
        && !host.contains('@')
        && !raw.contains(odd);
    fits.then(|| raw.to_owned())
}

fn read_handover(raw: &str) -> Option<Handover> {
    match raw.trim() {
        "recipient" => Some(Handover::Recipient),
        "neighbour" | "neighbor" => Some(Handover::Neighbour),
        "safe_place" => Some(Handover::SafePlace),
        "locker" => Some(Handover::Locker),
        "pickup_point" => Some(Handover::PickupPoint),
        _ => None,
    }
}

fn read_number(raw: &str) -> Result<Option<Number>, Flaw> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Ok(None);
    }
    let number = TrackingNumber::parse(raw).filter(|number| number.as_str().bytes().any(|b| matches!(b, b'1'..=b'9')));
    Ok(Some(number.map_or(Number::Placeholder, |number| {
        let differs = number.as_str() != raw;
        Number::Real(number, if differs { shown(raw, WORD_CHARS_MAX) } else { None })
    })))
}
