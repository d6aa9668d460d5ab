//! Texts that others wrote, made harmless: nothing in them becomes a link, a line break, a direction change or a blank.

/// Longest name that is greeted or shown, in characters. Longer ones are not names.
pub(crate) const NAME_CHARS_MAX: usize = 64;
/// Longest item title shown, in characters; what is beyond is cut with an ellipsis. Shops' titles run to 80 and more.
pub(crate) const TITLE_CHARS_MAX: usize = 120;
/// Longest other text shown (a carrier's sentence, a pickup point's address), in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 200;

/// U+2060: joins without being seen, and keeps mail programs from finding an address in the text.
const WORD_JOINER: char = '\u{2060}';

/// Cleans `text` for display: control, direction and invisible characters removed, white space folded, addresses broken,
/// at most `chars_max` characters. `None` when nothing is left to see.
pub(crate) fn shown(text: &str, chars_max: usize) -> Option<String> {
    let clean = folded(text);
    if clean.is_empty() {
        return None;
    }
    let cut = cut(&clean, chars_max);
    Some(if looks_like_link(&cut) { broken(&cut) } else { cut })
}

/// The name to greet, if it is one: short, with a letter, with nothing in it that could become a link.
pub(crate) fn greeted(name: &str) -> Option<String> {
    let clean = folded(name);
    let is_name = clean.chars().count() <= NAME_CHARS_MAX
        && clean.chars().any(char::is_alphabetic)
        && !looks_like_link(&clean)
        && !clean.contains(['@', '/', '\\', '<', '>', '{', '}']);
    is_name.then_some(clean)
}

/// Whether `url` may be linked to: absolute, of a harmless scheme, without characters that could leave an attribute.
pub(crate) fn is_link(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let scheme_is_good = match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" => rest.strip_prefix("//").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')),
        "mailto" | "tel" => !rest.is_empty(),
        _ => false,
    };
    scheme_is_good && url.len() <= URL_BYTES_MAX && is_clean_url(rest)
}

/// Longest link set, in bytes: longer ones break in mail programs and never fit an SMS.
pub(crate) const URL_BYTES_MAX: usize = 2_000;

/// Whether `url` is https, the only scheme in which an event's or a brand's web addresses are shown.
pub(crate) fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://")) && is_link(url)
}

fn is_clean_url(rest: &str) -> bool {
    !rest.chars().any(|c| c.is_whitespace() || c.is_control() || is_invisible(c) || "\"'<>`\\{}|^".contains(c))
}

/// Control and invisible characters out, white space folded to single blanks.
fn folded(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            blank = !clean.is_empty();
        } else if !is_invisible(c) {
            if blank {
                clean.push(' ');
                blank = false;
            }
            clean.push(c);
        }
    }
    clean
}

/// Characters that change the direction of what follows or that nobody sees. The joiners U+200C and U+200D stay: scripts
/// and emoji need them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// At most `chars_max` characters, the last one an ellipsis where something was cut.
fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end_matches(|c: char| c.is_whitespace() || c == '\u{200d}'))
        }
    }
}

/// Whether a mail program could turn part of `text` into a link: `://`, `www.`, `name@host`, or a dot (also the
/// look-alikes that browsers read as one) between a letter or digit and two letters.
fn looks_like_link(text: &str) -> bool {
    if text.contains("://") || text.contains('@') {
        return true;
    }
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).any(|at| is_dot(chars[at]) && is_joint(&chars, at))
}

fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

fn is_joint(chars: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).is_some_and(|before| chars[before].is_alphanumeric() || chars[before] == '-');
    let after = chars.get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(|c| c.is_alphanumeric()));
    let letter =
        chars.get(at + 1).is_some_and(|c| c.is_alphabetic()) || chars.get(at + 2).is_some_and(|c| c.is_alphabetic());
    before && after && letter
}

/// Puts a word joiner where an address would be recognised.
fn broken(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 12);
    for (at, c) in chars.iter().enumerate() {
        out.push(*c);
        let scheme = *c == ':' && chars.get(at + 1) == Some(&'/');
        if scheme || *c == '@' || (is_dot(*c) && is_joint(&chars, at)) {
            out.push(WORD_JOINER);
        }
    }
    out
}

/// `text` for an SMS, where a word joiner would cost UCS-2: a blank does the same.
pub(crate) fn for_sms(text: &str) -> String {
    text.replace(WORD_JOINER, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_texts_are_broken() {
        for hostile in ["see https://evil.example/x", "www.evil.example", "evil.com now", "me@evil.example", "a。com"]
        {
            let shown = shown(hostile, 64).unwrap();
            assert!(shown.contains(WORD_JOINER), "{shown:?}");
            assert!(!shown.contains("://") && !shown.contains("evil.com") && !shown.contains("www.evil"), "{shown:?}");
        }
        assert_eq!(shown("Soap No. 5, 2.5 kg", 64).unwrap(), "Soap No. 5, 2.5 kg");
    }

    #[test]
    fn only_names_are_greeted() {
        assert_eq!(greeted("  Ada\tLovelace \n"), Some("Ada Lovelace".to_owned()));
        assert_eq!(greeted("Жанна д’Арк"), Some("Жанна д’Арк".to_owned()));
        for no_name in ["", "  ", "12345", "www.evil.example", "win at evil.com", "http://x", "<b>Ada</b>", "a@b"] {
            assert_eq!(greeted(no_name), None, "{no_name}");
        }
        assert_eq!(greeted(&"a".repeat(65)), None);
    }

    #[test]
    fn direction_marks_and_control_characters_are_gone() {
        assert_eq!(shown("a\u{202e}b\u{2066}c\0d\r\ne\u{feff}", 64).unwrap(), "abc d e");
        assert_eq!(shown("\u{200b}\u{202e}\n", 64), None);
        assert_eq!(shown("👩\u{200d}🚀", 64).unwrap(), "👩\u{200d}🚀");
    }

    #[test]
    fn long_texts_are_cut_with_an_ellipsis() {
        assert_eq!(shown("abcdef", 6).unwrap(), "abcdef");
        assert_eq!(shown("abcdefg", 6).unwrap(), "abcde…");
    }

    #[test]
    fn only_harmless_links_are_links() {
        for good in
            ["https://shop.example/o?a=1&b=2", "HTTPS://x", "http://x.example", "mailto:a@b.example", "tel:+48123"]
        {
            assert!(is_link(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https:",
            "https:///x",
            "//x",
            "x",
            "",
            "vbscript:x",
            "https://x/\"onclick=",
            "https://x/\n",
            "java\nscript:x",
            "https://x y",
            "file:///etc",
        ] {
            assert!(!is_link(bad), "{bad}");
        }
        assert!(!is_https("http://x.example"));
    }
}
