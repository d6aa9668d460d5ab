//! Source files as the tidy tests see them: code with comments and strings taken out, strings on their own.

use std::path::{Path, PathBuf};

/// A file of this package.
pub(super) struct Source {
    /// From the package's root, with `/`.
    pub(super) path: String,
    /// As it is.
    pub(super) text: String,
    /// The text with comments and the insides of strings replaced by blanks; lines stay where they are.
    code: String,
    strings: Vec<Text>,
}

/// A string literal.
pub(super) struct Text {
    pub(super) line: usize,
    pub(super) text: String,
    /// The code before it on its line, or the line before where it begins one.
    pub(super) after: String,
}

/// A function with a body.
pub(super) struct Function {
    pub(super) line: usize,
    pub(super) lines: usize,
    pub(super) name: String,
}

/// The package's root.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The text of one file; `None` where it does not exist.
pub(super) fn read_text(path: &str) -> Option<String> {
    std::fs::read_to_string(root().join(path)).ok()
}

/// Every file under `folder` (or the file itself) whose extension is one of `kinds`; "" is a file without one.
pub(super) fn read(folder: &str, kinds: &[&str]) -> Vec<Source> {
    let mut paths = vec![];
    walk(&root().join(folder), &mut paths);
    paths.sort();
    let wanted = |path: &PathBuf| kinds.contains(&path.extension().and_then(|kind| kind.to_str()).unwrap_or_default());
    paths.into_iter().filter(wanted).filter_map(|path| Source::read(&path)).collect()
}

fn walk(at: &Path, into: &mut Vec<PathBuf>) {
    if at.is_file() {
        into.push(at.to_owned());
    }
    let Ok(entries) = std::fs::read_dir(at) else { return };
    for entry in entries.flatten() {
        walk(&entry.path(), into);
    }
}

impl Source {
    fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let relative = path.strip_prefix(root()).ok()?.to_string_lossy().replace('\\', "/");
        Some(Self::new(relative, text))
    }

    fn new(path: String, text: String) -> Self {
        let (code, strings) = if path.ends_with(".rs") { split(&text) } else { (text.clone(), vec![]) };
        Self { path, text, code, strings }
    }

    /// The file's own name.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Lines of code with their numbers, comments and strings blank.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// As [`Self::code_lines`], up to where the file's own tests begin.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code_lines().take_while(|(_, line)| !line.trim_start().starts_with("#[cfg(test)]"))
    }

    /// The string literals.
    pub(super) fn strings(&self) -> &[Text] {
        &self.strings
    }

    /// The public members of every struct under an attribute that holds `mark`, with their lines.
    pub(super) fn members_of(&self, mark: &str) -> Vec<(usize, &str)> {
        let (mut marked, mut inside, mut found) = (false, false, vec![]);
        for (number, line) in self.product_lines() {
            let trimmed = line.trim_start();
            if inside {
                inside = line != "}";
                let member = trimmed.strip_prefix("pub ").and_then(|rest| rest.split_once(':'));
                found.extend(member.map(|(name, _)| (number, name.trim())));
            } else if trimmed.starts_with("#[") {
                marked |= line.contains(mark);
            } else if !trimmed.is_empty() {
                inside = marked && line.contains("struct ") && line.ends_with('{');
                marked = false;
            }
        }
        found
    }

    /// Every function with a body: its first line is the one with `fn`.
    pub(super) fn functions(&self) -> Vec<Function> {
        let lines: Vec<&str> = self.code.lines().collect();
        let mut found = vec![];
        for (index, line) in lines.iter().enumerate() {
            let Some(name) = function_name(line) else { continue };
            if let Some(length) = body_lines(&lines[index..]) {
                found.push(Function { line: index + 1, lines: length, name });
            }
        }
        found
    }
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let qualifiers =
        |word: &&str| word.starts_with("pub") || ["async", "const", "unsafe", "in", "super)"].contains(word);
    let rest: Vec<_> = words.by_ref().skip_while(qualifiers).take(2).collect();
    match rest[..] {
        ["fn", name] => Some(name.split(['(', '<']).next()?.to_owned()),
        _ => None,
    }
}

/// How many lines it takes until the first brace that opens is closed again; `None` for a function without a body.
fn body_lines(lines: &[&str]) -> Option<usize> {
    let (mut depth, mut parens) = (0_usize, 0_usize);
    for (index, line) in lines.iter().enumerate() {
        for letter in line.chars() {
            match letter {
                '(' | '[' => parens += 1,
                ')' | ']' => parens = parens.saturating_sub(1),
                '{' => depth += 1,
                '}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(index + 1);
                    }
                }
                ';' if depth == 0 && parens == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

/// Splits Rust source into code with comments and strings blank, and the strings.
fn split(text: &str) -> (String, Vec<Text>) {
    let mut code = String::with_capacity(text.len());
    let mut strings = vec![];
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let before_is_name = code.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(Quotes { open, close, raw }) = quotes(rest, before_is_name) {
            let inner =
                if raw { rest[open..].find(&close).unwrap_or(rest.len() - open) } else { string_length(&rest[open..]) };
            strings.push(Text {
                line: code.matches('\n').count() + 1,
                text: rest[open..open + inner].to_owned(),
                after: code.trim_end().lines().next_back().unwrap_or_default().trim().to_owned(),
            });
            open + inner + close.len().min(rest.len() - open - inner)
        } else if let Some(length) = char_literal(rest) {
            length
        } else {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        };
        let (gone, remaining) = rest.split_at(length);
        code.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = remaining;
    }
    (code, strings)
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// How a string literal is bounded.
struct Quotes {
    /// How long its opening is.
    open: usize,
    /// What ends it.
    close: String,
    /// Whether backslashes mean nothing in it.
    raw: bool,
}

/// The bounds of the string that begins here, if one does.
fn quotes(text: &str, before_is_name: bool) -> Option<Quotes> {
    let unprefixed = if before_is_name { text } else { text.strip_prefix(['b', 'c']).unwrap_or(text) };
    let prefix = text.len() - unprefixed.len();
    if unprefixed.starts_with('"') {
        return Some(Quotes { open: prefix + 1, close: "\"".to_owned(), raw: false });
    }
    if before_is_name {
        return None;
    }
    let hashes = unprefixed.strip_prefix('r')?;
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    let close = format!("\"{}", "#".repeat(count));
    hashes[count..].starts_with('"').then_some(Quotes { open: prefix + count + 2, close, raw: true })
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal that begins here; `None` for a lifetime.
fn char_literal(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let mut letters = inner.char_indices();
    match letters.next()? {
        (_, '\\') => {
            let skip = letters.next().map(|(at, c)| at + c.len_utf8())?;
            inner[skip..].find('\'').map(|end| 1 + skip + end + 1)
        }
        (_, first) => inner[first.len_utf8()..].starts_with('\'').then_some(1 + first.len_utf8() + 1),
    }
}

#[test]
fn comments_and_strings_are_no_code() {
    let text = r##"fn a<'x>(_: &'x str) { // tokio
    let b = ['"', '\'', '{']; /* sqlx /* lapin */ axum */
    let c = "rand \" {"; let d = r#"async " {"#; let e = b"fs"; let f = r"\";
}
fn none();
"##;
    let file = Source::new("a.rs".to_owned(), text.to_owned());
    for word in ["tokio", "sqlx", "lapin", "axum", "rand", "async", "fs"] {
        assert!(!file.code.contains(word), "{word} in:\n{}", file.code);
    }
    assert_eq!(file.code.lines().count(), text.lines().count());
    let strings: Vec<_> = file.strings().iter().map(|found| (found.line, found.text.as_str())).collect();
    assert_eq!(strings, [(3, "rand \\\" {"), (3, "async \" {"), (3, "fs"), (3, "\\")]);
    let functions: Vec<_> = file.functions().into_iter().map(|found| (found.name, found.line, found.lines)).collect();
    assert_eq!(functions, [("a".to_owned(), 1, 4)]);
}
