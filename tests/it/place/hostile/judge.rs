//! What a page or a mail has become, as a browser's parser and a mail program see it; and what must not be there.

use std::collections::{BTreeMap, BTreeSet};

use scraper::{Html, Node};

/// Attributes that lead somewhere, or that a browser obeys.
const OBEYED: [&str; 12] = [
    "href",
    "src",
    "srcset",
    "action",
    "formaction",
    "background",
    "poster",
    "data",
    "style",
    "http-equiv",
    "name",
    "type",
];
/// Characters that turn the direction of a text, or that nobody sees.
const UNSEEN: [char; 16] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
    '\u{200b}', '\u{200e}', '\u{200f}', '\u{feff}', '\u{61c}', '\u{fff9}', '\u{ad}',
];

/// What a document is made of, without its words.
#[derive(Debug, Default, Clone)]
pub(super) struct Shape {
    /// Each sort of element, by its name and the names of its attributes.
    elements: BTreeMap<String, usize>,
    /// What its attributes make a browser do.
    obeyed: BTreeSet<String>,
    /// What stands in its head for previews and robots.
    head: BTreeSet<String>,
    /// What can be read, without what is a link already.
    pub(super) text: String,
    comments: usize,
}

/// Reads a document with the parser of a browser.
pub(super) fn shape(html: &str) -> Shape {
    let document = Html::parse_document(html);
    let mut shape = Shape::default();
    for node in document.tree.nodes() {
        match node.value() {
            Node::Element(element) => {
                let mut names: Vec<&str> = element.attrs().map(|(name, _)| name).collect();
                names.sort_unstable();
                *shape.elements.entry(format!("{} [{}]", element.name(), names.join(" "))).or_default() += 1;
                for (name, value) in element.attrs() {
                    assert!(!name.starts_with("on"), "<{} {name}={value:?}>", element.name());
                    if OBEYED.contains(&name) {
                        shape.obeyed.insert(format!("{} {name}={}", element.name(), plain(value)));
                    }
                }
                if element.name() == "meta" {
                    let all: Vec<_> = element.attrs().map(|(name, value)| format!("{name}={value}")).collect();
                    shape.head.insert(all.join(" "));
                }
            }
            Node::Text(text) => {
                let within = |names: &[&str]| {
                    node.ancestors().any(|one| one.value().as_element().is_some_and(|e| names.contains(&e.name())))
                };
                if !within(&["a", "style", "script"]) {
                    shape.text.push_str(text);
                    shape.text.push('\n');
                }
            }
            Node::Comment(_) => shape.comments += 1,
            _ => {}
        }
    }
    shape
}

/// An address without what differs from order to order: ids and numbers. Behind the console's own beginning all is encoded.
fn plain(value: &str) -> String {
    if value.starts_with("/ops")
        && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~%?&=+*!'(),:#".contains(&b))
    {
        return "/ops".to_owned();
    }
    let is_id = |part: &str| part.len() == 36 && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let parts = value.split(['/', '#']).map(|part| {
        let bare =
            part.strip_prefix("case-").or_else(|| part.strip_prefix("say-")).or_else(|| part.strip_prefix("title-"));
        if is_id(bare.unwrap_or(part)) { "*" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

impl Shape {
    /// What is here and not in `calm`, which was made in the same way from harmless words. `often`: whether the number of elements
    /// counts too; on lists, it does not.
    pub(super) fn beyond(&self, calm: &Shape, often: bool) -> Vec<String> {
        let more = |(sort, count): (&String, &usize)| {
            let allowed = calm.elements.get(sort).copied().unwrap_or_default();
            let is_more = if often { *count > allowed } else { allowed == 0 };
            is_more.then(|| format!("{sort}: {count}, not {allowed}"))
        };
        let mut found: Vec<String> = self.elements.iter().filter_map(more).collect();
        found.extend(self.obeyed.difference(&calm.obeyed).cloned());
        found.extend(self.head.difference(&calm.head).cloned());
        if self.comments > calm.comments {
            found.push(format!("{} comments", self.comments));
        }
        found
    }
}

/// What is there to press, or not to see, in a text and not in its calm counterpart.
pub(super) fn pressable(text: &str, calm: &str) -> Vec<String> {
    let known: BTreeSet<&str> = words(calm).collect();
    let mut found: Vec<String> =
        words(text).filter(|word| !known.contains(word) && is_pressable(word)).map(str::to_owned).collect();
    let unseen = |c: &char| (UNSEEN.contains(c) || (c.is_control() && !matches!(c, '\n' | '\r'))) && !calm.contains(*c);
    found.extend(text.chars().filter(unseen).map(|c| format!("{c:?}")));
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(char::is_whitespace).map(|word| word.trim_matches(|c: char| "()[],;:!?\"'„”«»".contains(c)))
}

/// As mail programs and telephones find addresses: a scheme, `www.`, `name@host`, or a name with a dot and an ending of letters.
fn is_pressable(word: &str) -> bool {
    let lower = word.to_lowercase();
    let dots = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let dotted = lower.split(dots).collect::<Vec<_>>().windows(2).any(|pair| {
        let before = pair[0].chars().last().is_some_and(|c| c.is_alphanumeric());
        let ending: Vec<char> = pair[1].chars().take_while(|c| c.is_alphanumeric()).collect();
        before && ending.len() >= 2 && ending.iter().all(|c| c.is_alphabetic())
    });
    let after_at = lower.split_once('@').is_some_and(|(before, after)| {
        before.chars().last().is_some_and(char::is_alphanumeric)
            && after.chars().next().is_some_and(char::is_alphanumeric)
    });
    let www = lower.strip_prefix("www.").is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    lower.contains("://") || www || dotted || after_at
}

#[test]
fn the_judge_sees_what_is_wrong() {
    let calm = shape("<!doctype html><p class=\"a\">x</p><a href=\"/t/abc\">y</a>");
    for (bad, what) in [
        ("<p class=\"a\">x</p><a href=\"/t/abc\">y</a><b>z</b>", "b []: 1, not 0"),
        ("<p class=\"a\" id=\"x\">x</p>", "p [class id]: 1, not 0"),
        ("<p class=\"a\">x</p><p class=\"a\">x</p>", "p [class]: 2, not 1"),
        ("<a href=\"//evil.example\">y</a>", "a href=//evil.example"),
        ("<!-- x --><p class=\"a\">x</p>", "1 comments"),
    ] {
        assert_eq!(shape(&format!("<!doctype html>{bad}")).beyond(&calm, true), [what], "{bad}");
    }
    for word in ["https://x.example", "www.x", "a@b.c", "see evil.com", "evil。com", "\u{202e}abc"] {
        assert!(!pressable(word, "calm").is_empty(), "{word}");
    }
    for word in ["No. 5, 2.5 kg", "a\u{2060}@b", "evil.\u{2060}com", "x...y", "@"] {
        assert_eq!(pressable(word, "calm \u{2060}"), [""; 0], "{word}");
    }
}
