//! Why something was refused: the field's path and a phrase of ours. Nothing of any value is repeated, since a value may be
//! somebody's address.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use super::scan::{Harm, Stumble};

/// Why bytes are no event, such as `data.order.items[2].qty: not between 1 and 1,000,000`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fault {
    reason: String,
}

/// Bytes of a path in a reason; what is longer is cut, since keys we do not know can be of any length.
const PATH_BYTES_MAX: usize = 200;

impl Fault {
    /// Says what is wrong with `path`.
    pub fn new(path: &str, what: &str) -> Self {
        Self { reason: format!("{path}: {what}") }
    }

    /// The reason as it is kept and shown.
    pub fn into_reason(self) -> String {
        self.reason
    }
}

/// Reads `T`, fast; only if that fails, reads it again to learn the path to what is wrong. `under` is where `text` stands.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str, under: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|first| {
        let mut from = serde_json::Deserializer::from_str(text);
        let again = serde_path_to_error::deserialize::<_, T>(&mut from);
        match again {
            Err(err) => named(under, err.path(), err.inner()),
            // What was wrong stands behind the value.
            Ok(_) => Fault::new(if under.is_empty() { "body" } else { under }, &phrase(&first)),
        }
    })
}

/// Names the place of a harm that the scan has found.
pub(super) fn harmful(text: &str, harm: Harm) -> Fault {
    if harm == Harm::TooDeep {
        // The parser that would find the place is what must be kept from such text.
        return Fault::new("body", harm.phrase());
    }
    let mut from = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, Stumble>(&mut from) {
        Err(err) => {
            let place = place("", err.path());
            Fault::new(if place.is_empty() { "body" } else { &place }, harm.phrase())
        }
        Ok(_) => Fault::new("body", harm.phrase()),
    }
}

/// Checks that `text` is one JSON value and nothing else.
pub(super) fn whole<'a>(text: &'a str, under: &str) -> Result<&'a RawValue, Fault> {
    read::<&RawValue>(text, under)
}

fn place(under: &str, path: &Path) -> String {
    let mut place = String::from(under);
    for segment in path.iter() {
        if place.len() > PATH_BYTES_MAX {
            break;
        }
        match segment {
            Segment::Seq { index } => write!(place, "[{index}]").expect("a String takes all"),
            Segment::Map { key } => {
                let dot = if place.is_empty() { "" } else { "." };
                write!(place, "{dot}{}", if is_name(key) { key } else { "?" }).expect("a String takes all");
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    place
}

fn named(under: &str, path: &Path, err: &serde_json::Error) -> Fault {
    let place = place(under, path);
    let what = phrase(err);
    // Serde names these members itself; the path ends at the object around them.
    for (start, what_then) in [("missing field `", "missing"), ("duplicate field `", "stands twice")] {
        if let Some(name) = what.strip_prefix(start) {
            let dot = if place.is_empty() { "" } else { "." };
            return Fault::new(&format!("{place}{dot}{}", name.trim_end_matches('`')), what_then);
        }
    }
    Fault::new(if place.is_empty() { "body" } else { &place }, &what)
}

/// Keys of the contract look like this; any other key could be something personal in the wrong place.
fn is_name(key: &str) -> bool {
    (1..=32).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What serde says, without the value that it would repeat.
fn phrase(err: &serde_json::Error) -> String {
    let full = err.to_string();
    let said = full.rsplit_once(" at line ").map_or(full.as_str(), |(said, _)| said);
    if let Some(rest) = said.strip_prefix("invalid type: ") {
        let (expected, found) = (expected(rest), found(rest));
        if expected == WHOLE && rest.starts_with("floating point") {
            // Digits that no integer type holds end up here too.
            return "not a whole number in range".to_owned();
        }
        return format!("expected {expected}, found {found}");
    }
    if said.starts_with("invalid value: ") || said == "number out of range" {
        return "out of range".to_owned();
    }
    if err.is_data() {
        return said.to_owned();
    }
    // Syntax: serde_json's own fixed phrases, and where.
    format!("not valid json: {said} (line {}, column {})", err.line(), err.column())
}

const WHOLE: &str = "a whole number";

fn expected(rest: &str) -> &str {
    match rest.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected) {
        "i64" | "u64" | "u32" => WHOLE,
        "a boolean" => "true or false",
        "a string" => "text",
        other if other.starts_with("struct ") => "an object",
        other => other,
    }
}

fn found(rest: &str) -> &'static str {
    const KINDS: [(&str, &str); 7] = [
        ("string", "text"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("boolean", "true or false"),
        ("null", "null"),
        ("map", "an object"),
        ("sequence", "a list"),
    ];
    KINDS.iter().find(|(start, _)| rest.starts_with(start)).map_or("something else", |(_, kind)| kind)
}
