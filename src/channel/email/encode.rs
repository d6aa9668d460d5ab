//! The encodings of mail: bodies (RFC 2045), words in headers (RFC 2047), folding (RFC 5322).
//!
//! Everything written is ASCII with CRLF line ends, whatever comes in: a stray CR, LF or NUL can neither end a header nor a
//! line of the body early.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest line of an encoded body, without its CRLF. Source: RFC 2045, 6.7 and 6.8.
const LINE_MAX: usize = 76;
/// Longest encoded word. Source: RFC 2047, 2.
const WORD_MAX: usize = 75;
/// Where a header is folded, if it has a blank there. Source: RFC 5322, 2.1.1.
const FOLD_AT: usize = 76;
/// Longest run without a blank that is written plainly in a header; far below the 998 of RFC 5322, 2.1.1.
const RUN_MAX: usize = 200;
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes `Content-Transfer-Encoding`, the blank line and the encoded text.
///
/// Quoted-printable, unless more than a fifth of the bytes would need three each: then base64 is smaller.
pub(super) fn body(out: &mut Vec<u8>, text: &str) {
    let high = text.bytes().filter(|byte| !byte.is_ascii()).count();
    if high * 5 > text.len() {
        out.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
        base64_lines(out, text);
    } else {
        out.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        quoted_printable(out, text.as_bytes());
    }
}

fn base64_lines(out: &mut Vec<u8>, text: &str) {
    // Text has CRLF line ends inside base64 as well (RFC 2046, 4.1.1).
    let mut canonical = Vec::with_capacity(text.len() + text.len() / 32);
    for (number, line) in lines(text.as_bytes()).enumerate() {
        if number > 0 {
            canonical.extend_from_slice(b"\r\n");
        }
        canonical.extend_from_slice(line);
    }
    let mut line = [0; LINE_MAX];
    for chunk in canonical.chunks(LINE_MAX / 4 * 3) {
        let used = STANDARD.encode_slice(chunk, &mut line).expect("57 bytes make 76 characters");
        out.extend_from_slice(&line[..used]);
        out.extend_from_slice(b"\r\n");
    }
}

/// Splits at CRLF, LF or a lone CR.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let next = if text[end..].starts_with(b"\r\n") { end + 2 } else { end + 1 };
        rest = Some(&text[next..]);
        Some(&text[..end])
    })
}

fn quoted_printable(out: &mut Vec<u8>, text: &[u8]) {
    for (number, line) in lines(text).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        quoted_printable_line(out, line);
    }
    out.extend_from_slice(b"\r\n");
}

fn quoted_printable_line(out: &mut Vec<u8>, line: &[u8]) {
    let mut column = 0;
    let mut rest = line;
    while let Some(&byte) = rest.first() {
        // A run of plain bytes is copied whole; a blank that ends the line is not plain.
        let mut run = rest.iter().position(|&byte| !plain(byte)).unwrap_or(rest.len());
        if run == rest.len() && matches!(rest.last(), Some(b' ' | b'\t')) {
            run -= 1;
        }
        // One column stays free for the `=` of a soft line end.
        let room = LINE_MAX - 1 - column;
        if run > 0 && room > 0 {
            let taken = run.min(room);
            out.extend_from_slice(&rest[..taken]);
            rest = &rest[taken..];
            column += taken;
        } else if run == 0 && room >= 3 {
            out.extend_from_slice(&escape(byte));
            rest = &rest[1..];
            column += 3;
        } else {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
    }
}

fn plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'<' | b'>'..=b'~' | b'\t')
}

fn escape(byte: u8) -> [u8; 3] {
    [b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

/// Makes a text fit for a header: each control character or line separator becomes a blank.
pub(super) fn clean(text: &str) -> String {
    let blank = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    text.chars().map(blank).collect()
}

/// Writes headers and folds them.
pub(super) struct Headers<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
}

impl<'a> Headers<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, column: 0 }
    }

    /// A header of free words, such as the subject.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.start(name);
        self.words(&clean(value));
        self.end();
    }

    /// A header whose value is made of tokens without blanks, which must be ASCII or a mailbox's address.
    pub(super) fn tokens(&mut self, name: &str, tokens: &[&str]) {
        self.start(name);
        for token in tokens {
            self.token(token.as_bytes());
        }
        self.end();
    }

    /// `name <address>`; the address has been judged already.
    pub(super) fn mailbox(&mut self, name: &str, display: &str, address: &str) {
        self.start(name);
        let display = clean(display);
        let display = display.trim();
        if !display.is_empty() {
            match quoted(display) {
                Some(quoted) => self.token(quoted.as_bytes()),
                // Never as free words: a comma or a bracket among them would begin another mailbox.
                None => encoded_words(display).iter().for_each(|word| self.token(word.as_bytes())),
            }
        }
        self.token(format!("<{address}>").as_bytes());
        self.end();
    }

    fn start(&mut self, name: &str) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b':');
        self.column = name.len() + 1;
    }

    fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    /// A blank and the token, or on a new line if this one would be too long.
    fn token(&mut self, token: &[u8]) {
        // A folded line begins with a blank, so a token alone on its line cannot be folded further.
        if self.column + 1 + token.len() > FOLD_AT && self.column > 1 {
            self.out.extend_from_slice(b"\r\n");
            self.column = 0;
        }
        self.out.push(b' ');
        self.out.extend_from_slice(token);
        self.column += 1 + token.len();
    }

    fn words(&mut self, text: &str) {
        let is_plain = |word: &str| word.len() <= RUN_MAX && word.is_ascii() && !word.contains("=?");
        if text.split_whitespace().all(is_plain) {
            for word in text.split_whitespace() {
                self.token(word.as_bytes());
            }
        } else {
            for word in encoded_words(text.trim()) {
                self.token(word.as_bytes());
            }
        }
    }
}

/// A display name as it may stand before an address, if it can stand there in ASCII: plain, or in quotes.
fn quoted(display: &str) -> Option<String> {
    if !display.is_ascii() || display.len() > LINE_MAX || display.contains("=?") {
        return None;
    }
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~ ".contains(&byte);
    if display.bytes().all(atom) {
        return Some(display.to_owned());
    }
    let mut quoted = String::with_capacity(display.len() + 2);
    quoted.push('"');
    for c in display.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    Some(quoted)
}

/// `Name <address>` for JSON, where no folding or encoding is needed, only quotes.
pub(super) fn mailbox_text(display: &str, address: &str) -> String {
    let display = clean(display);
    let display = display.trim();
    if display.is_empty() {
        return address.to_owned();
    }
    if display.chars().all(|c| c.is_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c)) {
        return format!("{display} <{address}>");
    }
    let escaped = display.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\" <{address}>")
}

/// Cuts a text into encoded words, between characters, each at most 75 long.
fn encoded_words(text: &str) -> Vec<String> {
    let needs = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b' ';
    let many = text.bytes().filter(|&byte| needs(byte)).count() * 3 > text.len();
    let room = WORD_MAX - "=?utf-8?B??=".len();
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let fits = |end: usize| if many { end.div_ceil(3) * 4 <= room } else { q_len(&rest[..end]) <= room };
        let ends = rest.char_indices().map(|(start, c)| start + c.len_utf8());
        let end = ends.take_while(|&end| fits(end)).last().expect("a character always fits into a word");
        let (chunk, after) = rest.split_at(end);
        words.push(if many { format!("=?utf-8?B?{}?=", STANDARD.encode(chunk)) } else { q_word(chunk) });
        rest = after;
    }
    words
}

fn q_len(chunk: &str) -> usize {
    chunk.bytes().map(|byte| if byte.is_ascii_alphanumeric() || byte == b' ' { 1 } else { 3 }).sum()
}

fn q_word(chunk: &str) -> String {
    let mut word = String::with_capacity(WORD_MAX);
    word.push_str("=?utf-8?Q?");
    for byte in chunk.bytes() {
        match byte {
            b' ' => word.push('_'),
            _ if byte.is_ascii_alphanumeric() => word.push(char::from(byte)),
            _ => word.extend(escape(byte).map(char::from)),
        }
    }
    word.push_str("?=");
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str) -> String {
        let mut out = Vec::new();
        quoted_printable(&mut out, text.as_bytes());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quoted_printable_keeps_lines_short_and_blanks_visible() {
        assert_eq!(encoded("a=b"), "a=3Db\r\n");
        assert_eq!(encoded("blank \nend\t"), "blank=20\r\nend=09\r\n");
        assert_eq!(encoded("zażółć"), "za=C5=BC=C3=B3=C5=82=C4=87\r\n");
        assert_eq!(encoded("a\r\nb\rc\nd"), "a\r\nb\r\nc\r\nd\r\n");
        assert_eq!(encoded("nul\0"), "nul=00\r\n");
        assert_eq!(encoded(&"x".repeat(80)), format!("{}=\r\n{}\r\n", "x".repeat(75), "x".repeat(5)));
        assert_eq!(encoded(&format!("{} ", "x".repeat(75))), format!("{}=\r\n=20\r\n", "x".repeat(75)));
    }

    fn header(write: impl FnOnce(&mut Headers<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Headers::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_in_a_name_can_start_a_header_or_an_address() {
        let hostile = "Ann\r\nBcc: all@example.com\0\u{85}\u{2028}";
        let text = header(|headers| headers.text("Subject", hostile));
        assert_eq!(text, "Subject: Ann Bcc: all@example.com\r\n");
        let text = header(|headers| headers.mailbox("To", "Ann\r\n <eve@example.com>, \"x\\", "ann@example.com"));
        assert_eq!(text, "To: \"Ann   <eve@example.com>, \\\"x\\\\\" <ann@example.com>\r\n");
        let text = header(|headers| headers.mailbox("To", "=?utf-8?Q?x?=", "ann@example.com"));
        assert!(!text.contains("=?utf-8?Q?x?="), "{text}");
        // Too long for quotes on one line, and no words among which a comma may stand.
        let long = format!("{} Ann, eve@example.com <eve@example.com>", "Maria ".repeat(12));
        let text = header(|headers| headers.mailbox("To", &long, "ann@example.com"));
        let mail = mail_parser::MessageParser::default().parse(text.as_bytes()).expect("a head");
        let to = mail.to().expect("a recipient");
        let all: Vec<_> =
            to.iter().map(|one| (one.name().unwrap_or_default(), one.address().unwrap_or_default())).collect();
        assert_eq!(all, [(long.as_str(), "ann@example.com")], "{text}");
        assert_eq!(mailbox_text("A, B <c>\r\n", "a@example.com"), "\"A, B <c>\" <a@example.com>");
        assert_eq!(mailbox_text("Żółw", "a@example.com"), "Żółw <a@example.com>");
        assert_eq!(mailbox_text(" ", "a@example.com"), "a@example.com");
    }

    proptest! {
        #[test]
        fn any_body_comes_back_and_no_line_is_too_long(text in "(?s).{0,400}") {
            let mut mail = b"Content-Type: text/plain; charset=utf-8\r\n".to_vec();
            body(&mut mail, &text);
            prop_assert!(mail.is_ascii());
            for line in mail.split(|&byte| byte == b'\n') {
                prop_assert!(line.len() <= LINE_MAX + 1);
                prop_assert!(!line[..line.len().saturating_sub(1)].contains(&b'\r'));
            }
            let parsed = mail_parser::MessageParser::new().parse(&mail).unwrap();
            let back = parsed.body_text(0).unwrap_or_default();
            let canonical: Vec<&[u8]> = lines(text.as_bytes()).collect();
            let want = String::from_utf8(canonical.join(&b"\r\n"[..])).unwrap();
            prop_assert_eq!(back.trim_end_matches("\r\n"), want.trim_end_matches("\r\n"));
        }

        #[test]
        fn any_subject_comes_back_in_short_lines(text in "\\PC{0,200}") {
            let mut mail = header(|headers| headers.text("Subject", &text));
            for line in mail.lines() {
                prop_assert!(line.len() <= FOLD_AT.max(RUN_MAX + 1), "{}", line.len());
            }
            mail.push_str("\r\nx");
            let parsed = mail_parser::MessageParser::new().parse(mail.as_bytes()).unwrap();
            let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            prop_assert_eq!(words(parsed.subject().unwrap_or_default()), words(&text));
        }

        #[test]
        fn any_name_stays_a_name(name in "(?s).{0,120}") {
            let mut mail = header(|headers| headers.mailbox("To", &name, "ann@example.com"));
            mail.push_str("\r\nx");
            let parsed = mail_parser::MessageParser::new().parse(mail.as_bytes()).unwrap();
            prop_assert_eq!(parsed.headers().len(), 1);
            let list = parsed.to().unwrap();
            let addresses: Vec<_> = list.iter().collect();
            prop_assert_eq!(addresses.len(), 1);
            prop_assert_eq!(addresses[0].address(), Some("ann@example.com"));
        }
    }
}
