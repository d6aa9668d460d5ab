//! Makes a finished HTML template smaller without changing what is seen: white space that means nothing is folded,
//! comments that no mail program reads are dropped.

/// Elements beside which white space is never shown.
const BLOCKS: [&str; 26] = [
    "html",
    "head",
    "body",
    "meta",
    "title",
    "style",
    "link",
    "script",
    "table",
    "tbody",
    "thead",
    "tr",
    "td",
    "th",
    "div",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "ul",
    "ol",
    "li",
    "br",
    "center",
    "o:officedocumentsettings",
];

/// Folds white space outside `<pre>` and `<textarea>`.
pub(crate) fn html(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    // White space at the start, after a block's tag, or after other white space can go.
    let mut glued = true;
    while !rest.is_empty() {
        let piece = next(rest);
        rest = &rest[piece.len()..];
        if piece.starts_with("<!--")
            && !piece.starts_with("<!--[if")
            && !piece.starts_with("<!--<!")
            && piece != "<!-->"
        {
            continue;
        }
        if piece.starts_with('<') {
            let block = is_block(piece) || piece.starts_with("<!");
            if block && out.ends_with([' ', '\n']) {
                out.pop();
            }
            if piece.starts_with("<style") || piece.starts_with("<script") {
                css(piece, &mut out);
            } else {
                fold(piece, &mut out, false);
            }
            glued = block;
        } else {
            glued = fold(piece, &mut out, glued);
        }
    }
    out
}

/// The next tag (with its content, for style, script and pre), comment or stretch of text.
fn next(rest: &str) -> &str {
    let end = if rest.starts_with("<!--[if") || rest.starts_with("<!--<!") {
        // The marker alone: what it encloses is folded like the rest.
        let close = rest.find('>').map_or(rest.len(), |at| at + 1);
        if rest[close..].starts_with("<!-->") {
            close + 5
        } else if rest[close..].starts_with("<!-- -->") {
            close + 8
        } else {
            close
        }
    } else if rest.starts_with("<!--") {
        rest.find("-->").map_or(rest.len(), |at| at + 3)
    } else if rest.starts_with('<') {
        let whole = ["style", "script", "pre", "textarea"].into_iter().find(|name| {
            rest[1..].get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                && rest[1 + name.len()..].starts_with(|c: char| c == '>' || c.is_whitespace())
        });
        match whole.and_then(|name| rest.find(&format!("</{name}>")).map(|at| at + name.len() + 3)) {
            Some(end) => end,
            None => tag_end(rest),
        }
    } else {
        rest.find('<').unwrap_or(rest.len())
    };
    &rest[..end.max(1).min(rest.len())]
}

/// The end of a tag, `>` within quotes skipped.
fn tag_end(rest: &str) -> usize {
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return at + 1,
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    rest.len()
}

fn is_block(tag: &str) -> bool {
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(name.len());
    BLOCKS.iter().any(|block| name[..end].eq_ignore_ascii_case(block))
}

/// Copies `piece`, runs of white space as one character; true if it ended in one. `glued`: leading white space goes.
fn fold(piece: &str, out: &mut String, glued: bool) -> bool {
    if piece.starts_with("<pre") || piece.starts_with("<textarea") {
        out.push_str(piece);
        return false;
    }
    let mut blank = glued;
    for c in piece.chars() {
        // A no-break space is white to Unicode, not to HTML.
        if matches!(c, ' ' | '\n' | '\t' | '\r' | '\u{c}') {
            if !blank {
                out.push(if c == '\n' { '\n' } else { ' ' });
            }
            blank = true;
        } else {
            blank = false;
            out.push(c);
        }
    }
    blank
}

/// Style sheets: white space beside their signs goes as well.
fn css(piece: &str, out: &mut String) {
    let mut folded = String::with_capacity(piece.len());
    fold(piece, &mut folded, false);
    let mut blank = false;
    for c in folded.chars() {
        match c {
            ' ' | '\n' => blank = true,
            '{' | '}' | ';' | ',' | '>' => {
                blank = false;
                out.push(c);
            }
            _ => {
                if blank && !out.ends_with(['{', '}', ';', ',', '>']) {
                    out.push(' ');
                }
                blank = false;
                out.push(c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn what_is_seen_stays() {
        let cases = [
            ("<p>\n  a  b\n</p>\n<p>c</p>", "<p>a b</p><p>c</p>"),
            ("a <b>c</b> <i>d</i>", "a <b>c</b> <i>d</i>"),
            ("<td>\n <!-- note --> x</td>", "<td>x</td>"),
            (
                "<!--[if mso | IE]>\n <table> <tr>\n<![endif]-->\n<div>",
                "<!--[if mso | IE]><table><tr><![endif]--><div>",
            ),
            (
                "<!--[if !mso]><!-->\n<div> x </div>\n<!--<![endif]-->",
                "<!--[if !mso]><!--><div>x</div><!--<![endif]-->",
            ),
            ("<pre>\n a  b\n</pre>", "<pre>\n a  b\n</pre>"),
            ("<a title=\"a > b\"\n   href=\"x\">c</a>", "<a title=\"a > b\"\nhref=\"x\">c</a>"),
            ("<style>\n a , b { c: d; }\n</style>", "<style>a,b{c: d;}</style>"),
            ("x\u{a0}\u{a0}y", "x\u{a0}\u{a0}y"),
        ];
        for (source, folded) in cases {
            assert_eq!(html(source), folded, "{source}");
        }
    }
}
