//! How long a text message is on the wire, and how to make it fit.
//!
//! GSM 03.38: 160 characters in one part, 153 in each of several, some characters count twice. Everything else travels as
//! UCS-2: 70 UTF-16 units, or 67 in each of several.

use crate::channel::Encoding;

/// One character each in the GSM 03.38 basic set.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";
/// Two each: an escape and the character.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// What a text costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) encoding: Encoding,
    /// Septets, or UTF-16 units.
    pub(crate) units: usize,
    pub(crate) segments: usize,
}

/// Units of one character in the GSM set; `None`: not in it.
fn septets(c: char) -> Option<usize> {
    if BASIC.contains(c) { Some(1) } else { EXTENDED.contains(c).then_some(2) }
}

/// Counts what `text` costs. Characters that cannot be split over two parts (an escape with its character, a surrogate
/// pair) leave a gap at the end of a part, which is counted too.
pub(crate) fn cost(text: &str) -> Cost {
    let encoding = if text.chars().all(|c| septets(c).is_some()) { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let (single, several) = match encoding {
        Encoding::Gsm7 => (160, 153),
        Encoding::Ucs2 => (70, 67),
    };
    let units = text.chars().map(|c| width(c, encoding)).sum();
    if units <= single {
        return Cost { encoding, units, segments: 1 };
    }
    let mut segments = 1;
    let mut filled = 0;
    for c in text.chars() {
        let wide = width(c, encoding);
        if filled + wide > several {
            segments += 1;
            filled = 0;
        }
        filled += wide;
    }
    Cost { encoding, units, segments }
}

fn width(c: char, encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => septets(c).unwrap_or(1),
        Encoding::Ucs2 => c.len_utf16(),
    }
}

/// Fewest characters of text that must fit beside a link: with less, the link goes, since the news matters more.
const TEXT_CHARS_MIN: usize = 30;

/// Joins `text` and `link`, cutting `text` at a word's end, never within a character as a reader sees it, until both fit
/// into `segments_max` parts. The link stays whole; where it leaves no room for the news, it is left out.
pub(crate) fn fit(text: &str, link: Option<&str>, segments_max: usize) -> String {
    let whole = joined(text, link);
    if cost(&whole).segments <= segments_max {
        return whole;
    }
    let cut = cut(text, link, segments_max);
    let enough = text.char_indices().nth(TEXT_CHARS_MIN).map_or(text.len(), |(at, _)| at);
    match (link, cut) {
        (Some(_), end) if end < enough => fit(text, None, segments_max),
        (_, 0) => String::new(),
        (link, end) => joined(&shortened(text, end), link),
    }
}

/// Where to cut `text` so that it fits beside `link`; 0 if nothing of it does.
fn cut(text: &str, link: Option<&str>, segments_max: usize) -> usize {
    // From the far end; a text is short enough for a plain search.
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).filter(|at| is_border(text, *at)).collect();
    let fits = |end: usize| cost(&joined(&shortened(text, end), link)).segments <= segments_max;
    let hard = ends.iter().rev().copied().find(|end| fits(*end)).unwrap_or(0);
    // A word's end is nicer, if it does not cost more than a fifth of the text.
    let soft = ends.iter().rev().copied().find(|end| *end <= hard && text[..*end].ends_with(' '));
    soft.filter(|end| *end * 5 >= hard * 4).unwrap_or(hard)
}

fn joined(text: &str, link: Option<&str>) -> String {
    match link {
        None => text.to_owned(),
        Some(link) if text.is_empty() => link.to_owned(),
        Some(link) => format!("{text} {link}"),
    }
}

/// The dots are three full stops: the one-character ellipsis is not in the GSM set and would more than halve the room.
fn shortened(text: &str, end: usize) -> String {
    format!("{}...", text[..end].trim_end_matches([' ', ',', '.', ':', ';']))
}

/// Whether a cut at `at` leaves both sides whole to the eye: not before a combining mark, a joiner or a variation
/// selector, not after a joiner, not within a flag.
fn is_border(text: &str, at: usize) -> bool {
    let next = text[at..].chars().next();
    let before = text[..at].chars().next_back();
    let sticks = next.is_some_and(|c| is_mark(c) || c == '\u{200d}' || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c));
    let held = before == Some('\u{200d}');
    let is_flag = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    let flags_before = text[..at].chars().rev().take_while(|c| is_flag(*c)).count();
    !(sticks || held || (next.is_some_and(is_flag) && flags_before % 2 == 1))
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05bd}' | '\u{064b}'..='\u{065f}'
        | '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{094f}' | '\u{0e31}' | '\u{0e34}'..='\u{0e3a}'
        | '\u{0e47}'..='\u{0e4e}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{3099}' | '\u{309a}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Writes Latin letters that are not in the GSM set without their marks (ą → a), typographic signs as plain ones, and
/// drops loose combining marks. Letters of other scripts stay, and so does UCS-2 for them: an SMS in bare Latin letters
/// would be no Ukrainian.
pub(crate) fn plain_latin(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if septets(c).is_some() {
            out.push(c);
        } else if let Some(plain) = plain(c) {
            out.push_str(plain);
        } else if !is_mark(c) {
            out.push(c);
        }
    }
    out
}

/// One table for what shops in Latin script write; source: the letters of the alphabets of Europe and of Brazil that GSM
/// 03.38 leaves out.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ą' | 'á' | 'â' | 'ã' | 'ă' | 'ā' => "a",
        'Ą' | 'Á' | 'À' | 'Â' | 'Ã' | 'Ă' | 'Ā' => "A",
        'ć' | 'č' | 'ç' | 'ċ' => "c",
        'Ć' | 'Č' | 'Ċ' => "C",
        'ď' | 'đ' | 'ð' => "d",
        'Ď' | 'Đ' | 'Ð' => "D",
        'ę' | 'ě' | 'ê' | 'ë' | 'ē' | 'ė' => "e",
        'Ę' | 'Ě' | 'È' | 'Ê' | 'Ë' | 'Ē' | 'Ė' => "E",
        'ğ' | 'ģ' | 'ġ' => "g",
        'Ğ' | 'Ģ' | 'Ġ' => "G",
        'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'Í' | 'Ì' | 'Î' | 'Ï' | 'Ī' | 'Į' | 'İ' => "I",
        'ķ' => "k",
        'Ķ' => "K",
        'ł' | 'ľ' | 'ĺ' | 'ļ' => "l",
        'Ł' | 'Ľ' | 'Ĺ' | 'Ļ' => "L",
        'ń' | 'ň' | 'ņ' => "n",
        'Ń' | 'Ň' | 'Ņ' => "N",
        'ó' | 'ô' | 'õ' | 'ő' | 'ō' => "o",
        'Ó' | 'Ò' | 'Ô' | 'Õ' | 'Ő' | 'Ō' => "O",
        'œ' => "oe",
        'Œ' => "OE",
        'ř' | 'ŕ' => "r",
        'Ř' | 'Ŕ' => "R",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'Ś' | 'Š' | 'Ş' | 'Ș' => "S",
        'ť' | 'ţ' | 'ț' => "t",
        'Ť' | 'Ţ' | 'Ț' => "T",
        'ú' | 'û' | 'ű' | 'ū' | 'ů' | 'ų' => "u",
        'Ú' | 'Ù' | 'Û' | 'Ű' | 'Ū' | 'Ů' | 'Ų' => "U",
        'ý' | 'ÿ' => "y",
        'Ý' | 'Ÿ' => "Y",
        'ź' | 'ż' | 'ž' => "z",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'þ' => "th",
        'Þ' => "Th",
        'ª' => "a",
        'º' | '°' => "o",
        '’' | '‘' | '‛' | '′' | 'ʼ' | '´' | '`' => "'",
        '“' | '”' | '„' | '«' | '»' | '″' => "\"",
        '–' | '—' | '‑' | '−' | '‐' => "-",
        '…' => "...",
        '•' | '·' => "-",
        '×' => "x",
        '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{200a}' | '\u{2007}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_as_the_networks_do() {
        let cases = [
            ("a".repeat(160), Encoding::Gsm7, 160, 1),
            ("a".repeat(161), Encoding::Gsm7, 161, 2),
            ("a".repeat(306), Encoding::Gsm7, 306, 2),
            ("a".repeat(307), Encoding::Gsm7, 307, 3),
            ("€".repeat(80), Encoding::Gsm7, 160, 1),
            // 153 leaves one septet free beside 76 euro signs: the 77th and the 153rd move on.
            ("€".repeat(153), Encoding::Gsm7, 306, 3),
            ("я".repeat(70), Encoding::Ucs2, 70, 1),
            ("я".repeat(71), Encoding::Ucs2, 71, 2),
            ("я".repeat(134), Encoding::Ucs2, 134, 2),
            ("😀".repeat(35), Encoding::Ucs2, 70, 1),
            ("😀".repeat(67), Encoding::Ucs2, 134, 3),
            (String::new(), Encoding::Gsm7, 0, 1),
        ];
        for (text, encoding, units, segments) in cases {
            assert_eq!(cost(&text), Cost { encoding, units, segments }, "{text}");
        }
    }

    #[test]
    fn marks_are_dropped_where_that_saves_ucs2() {
        assert_eq!(plain_latin("Zażółć gęślą jaźń – „już”…"), "Zazolc gesla jazn - \"juz\"...");
        assert_eq!(plain_latin("à sexta-feira, às 14h: não é"), "à sexta-feira, às 14h: nao é");
        assert_eq!(cost(&plain_latin("Twoja paczka dotrze w środę, 25 listopada")).encoding, Encoding::Gsm7);
        assert_eq!(plain_latin("ваша посилка"), "ваша посилка");
    }

    #[test]
    fn a_link_is_never_broken() {
        let link = "https://track.example/AB123456789";
        let out = fit(&"parcel ".repeat(60), Some(link), 1);
        assert!(out.ends_with(link) && cost(&out).segments == 1, "{out}");
        let too_long = format!("https://track.example/{}", "x".repeat(200));
        let out = fit(&"parcel ".repeat(60), Some(&too_long), 1);
        assert!(!out.contains("https") && cost(&out).segments == 1, "{out}");
    }

    proptest! {
        #[test]
        fn whatever_is_cut_fits_and_stays_whole(
            text in "([a-zàąя€ ]|😀|👩\u{200d}🚀|e\u{301}|🇵🇱){0,400}",
            link in proptest::option::of("https://t\\.example/[a-zA-Z0-9]{1,60}"),
            segments_max in 1usize..4,
        ) {
            let out = fit(&text, link.as_deref(), segments_max);
            prop_assert!(cost(&out).segments <= segments_max);
            if let Some(link) = &link {
                prop_assert!(out.ends_with(link.as_str()) || !out.contains("https"));
            }
            let told = link.as_deref().and_then(|link| out.strip_suffix(link)).unwrap_or(&out);
            let told = if told.len() < out.len() { told.strip_suffix(' ').unwrap_or(told) } else { told };
            let kept = told.strip_suffix("...").unwrap_or(told);
            if kept != text.as_str() {
                let kept = kept.trim_end();
                prop_assert!(text.trim_end().starts_with(kept) || text.starts_with(kept));
                prop_assert!(is_border(&text, kept.len()));
            }
        }
    }
}
