//! What a person is told by in events that nobody has folded: their addresses, as whole words, and the shop's own id, in a person's
//! place. Anything less is somebody else's: `ann@…` ends `joann@…`, and a customer's number stands in prices and tracking numbers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::id::{BrandId, OrderKey};
use crate::domain::person::Pii;

/// The members of an event that hold a person.
const PEOPLE: [&str; 2] = ["customer", "recipient"];
/// Line ends and tabs as JSON writes them: in bytes that are no JSON, their letter is no part of the word that follows.
const ESCAPES: [&str; 3] = ["\\n", "\\r", "\\t"];

/// The marks of one person.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// In lower case.
    addresses: BTreeSet<Pii<String>>,
    /// What each brand calls them: another brand's customer of the same id is somebody else.
    ids: BTreeSet<(BrandId, Pii<String>)>,
}

impl Marks {
    /// They are reached there.
    pub(super) fn add_address(&mut self, address: &str) {
        let address = address.trim().to_lowercase();
        if !address.is_empty() {
            self.addresses.insert(Pii::new(address));
        }
    }

    /// The shop that this order is of calls them so.
    pub(super) fn add_id(&mut self, order: &OrderKey, id: &str) {
        self.ids.insert((order.brand(), Pii::new(id.to_owned())));
    }

    /// Whether an event as it came, with the headers of one in binary mode, is about the person; `only`: and not another brand's.
    /// What names no brand may be of each.
    pub(super) fn are_in(&self, raw: &[u8], headers: &str, only: Option<&BrandId>) -> bool {
        let (body, head) = (serde_json::from_slice::<Value>(raw), serde_json::from_str::<Value>(headers));
        let brand = body.as_ref().ok().and_then(brand_in).or_else(|| head.as_ref().ok().and_then(brand_in));
        if brand.as_ref().zip(only).is_some_and(|(brand, only)| brand != only) {
            return false;
        }
        let in_body = body.map_or_else(
            |_| self.are_in_text(&String::from_utf8_lossy(raw)),
            |body| self.are_in_part(&body, brand.as_ref()),
        );
        in_body || head.map_or_else(|_| self.are_in_text(headers), |head| self.are_in_part(&head, brand.as_ref()))
    }

    fn are_in_part(&self, part: &Value, brand: Option<&BrandId>) -> bool {
        match part {
            Value::String(text) => self.are_in_text(text),
            Value::Array(parts) => parts.iter().any(|part| self.are_in_part(part, brand)),
            Value::Object(members) => members.iter().any(|(name, part)| {
                let is_person = PEOPLE.contains(&name.as_str());
                (is_person && part.get("id").is_some_and(|id| self.has_id(id, brand))) || self.are_in_part(part, brand)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn has_id(&self, id: &Value, brand: Option<&BrandId>) -> bool {
        let id = match id {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return false,
        };
        self.ids.iter().any(|(of, own)| *own.expose() == id && brand.is_none_or(|brand| brand == of))
    }

    fn are_in_text(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.addresses.iter().any(|address| match address.expose().strip_prefix('+') {
            Some(digits) => has_number(&text, digits),
            None => has_word(&text, address.expose()),
        })
    }
}

/// The brand that an event names: as a member, or in the pairs of its headers.
fn brand_in(part: &Value) -> Option<BrandId> {
    let brand = match part {
        Value::Array(pairs) => pairs.iter().find(|pair| pair.get(0).is_some_and(|name| name == "brand"))?.get(1)?,
        part => part.get("brand")?,
    };
    brand.as_str().map(BrandId::new)
}

/// Whether a telephone number stands in a text, however its digits are grouped, and not as a part of a longer one.
fn has_number(text: &str, digits: &str) -> bool {
    let is_gap = |c: &char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}');
    text.match_indices('+').any(|(at, _)| {
        let mut rest = text[at + 1..].chars().peekable();
        let is_there = digits.chars().all(|digit| {
            while rest.next_if(is_gap).is_some() {}
            rest.next() == Some(digit)
        });
        is_there && !rest.peek().is_some_and(char::is_ascii_digit)
    })
}

/// Whether an address stands in a text as a whole. A dot that a letter follows goes on with it; one that ends a sentence does not.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '%');
    text.match_indices(word).any(|(at, _)| {
        let (before, mut after) = (&text[..at], text[at + word.len()..].chars());
        let begins = ESCAPES.iter().any(|escape| before.ends_with(escape))
            || !before.chars().next_back().is_some_and(|c| goes_on(c) || c == '.');
        let ends = match after.next() {
            Some('.') => !after.next().is_some_and(goes_on),
            Some(c) => !goes_on(c),
            None => true,
        };
        begins && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::OrderId;

    fn marks() -> Marks {
        let mut marks = Marks::default();
        marks.add_address("Ann@Example.org");
        marks.add_address("+48500500500");
        marks.add_address(" ");
        marks.add_id(&OrderKey::new(&BrandId::new("harbour"), &OrderId::new("1")), "100042");
        marks
    }

    #[test]
    fn whole_words_alone_are_the_persons() {
        let theirs = [
            r#"{"brand":"harbour","data":{"order":{"customer":{"id":100042}}}}"#,
            r#"[{"recipient":{"id":"100042"}}]"#,
            r#"{"note":"one line\nANN@example.org, another"}"#,
            r#"broken: {"note":"one line\nann@example.org"#,
            "write to ann@example.org.",
            "<mailto:ann@example.org>",
            "call +48 500 500 500 2 times",
            "+48-500-500-500",
        ];
        let others = [
            r#"{"brand":"orchard","data":{"order":{"customer":{"id":100042}}}}"#,
            r#"{"customer":{"id":"1000421"},"total":100042,"order":{"id":"100042"},"tracking_number":"JD0100042"}"#,
            "joann@example.org, mary.ann@example.org, ann@example.org.pl, ann@example.organic",
            "+485005005001, 48500500500, 100042",
            "",
        ];
        let are_in = |raw: &str| marks().are_in(raw.as_bytes(), "", None);
        assert_eq!(theirs.into_iter().filter(|raw| !are_in(raw)).collect::<Vec<_>>(), [""; 0]);
        assert_eq!(others.into_iter().filter(|raw| are_in(raw)).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_brand_that_is_named_is_asked_for() {
        let (harbour, orchard) = (BrandId::new("harbour"), BrandId::new("orchard"));
        let are_in = |raw: &str, headers: &str, only| marks().are_in(raw.as_bytes(), headers, only);
        assert!(are_in(r#"{"brand":"orchard","to":"ann@example.org"}"#, "", None));
        assert!(!are_in(r#"{"brand":"orchard","to":"ann@example.org"}"#, "", Some(&harbour)));
        assert!(!are_in(r#"{"to":"ann@example.org"}"#, r#"[["brand","orchard"]]"#, Some(&harbour)));
        assert!(are_in(r#"{"to":"ann@example.org"}"#, r#"[["brand","orchard"]]"#, Some(&orchard)));
        assert!(are_in(r#"{"to":"ann@example.org"}"#, "", Some(&harbour)), "it may be of each");
        assert!(are_in("{}", r#"[["subject","ann@example.org"]]"#, None));
    }
}
