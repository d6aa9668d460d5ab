//! Reads a finished template the way a browser would and refuses holes in places where escaping does not help.
//!
//! handlebars escapes `< > & " ' =` and the backtick. That is enough in text and in quoted attributes; it is not enough in
//! scripts, styles, unquoted attributes and addresses. Rules: no raw output, no hole in script or style or an event
//! attribute, none outside quotes within a tag, and an address only as `{{url …}}`.

/// Attributes that hold an address.
const ADDRESSES: [&str; 9] =
    ["href", "src", "srcset", "action", "formaction", "background", "poster", "data", "xlink:href"];

/// What is inside `{{…}}`.
#[derive(Clone, Copy)]
enum Hole<'a> {
    /// Writes a value; the text between the braces.
    Value(&'a str),
    /// `{{#if}}`, `{{else}}`, `{{/if}}`: writes nothing itself.
    Block,
}

/// Checks an HTML template.
///
/// # Errors
/// The first rule that is broken, with the place in the author's words.
pub(crate) fn html(template: &str) -> Result<(), String> {
    let mut rest = template;
    while let Some(at) = rest.find(['<', '{']) {
        rest = &rest[at..];
        if rest.starts_with("{{") {
            rest = hole(rest)?.1;
        } else if let Some(comment) = rest.strip_prefix("<!--") {
            rest = after_comment(comment)?;
        } else if rest.starts_with("<!") {
            rest = rest.split_once('>').map_or("", |(_, rest)| rest);
        } else if rest.starts_with("</") {
            let (end, after) = rest.split_once('>').unwrap_or((rest, ""));
            if end.contains("{{") {
                return Err(format!("a hole in an end tag: `{}`", start_of(end)));
            }
            rest = after;
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            rest = tag(rest)?;
        } else {
            rest = &rest[1..];
        }
    }
    Ok(())
}

/// Checks a plain text template.
///
/// # Errors
/// The first hole that is not allowed.
pub(crate) fn text(template: &str) -> Result<(), String> {
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        rest = hole(&rest[at..])?.1;
    }
    Ok(())
}

/// Reads one hole; gives it and what comes after.
fn hole(rest: &str) -> Result<(Hole<'_>, &str), String> {
    let open = || format!("a hole that is not closed: `{}`", start_of(rest));
    if rest.starts_with("{{{") {
        return Err(format!("raw output is not allowed: `{}`", start_of(rest)));
    }
    let (inside, after) = rest[2..].split_once("}}").ok_or_else(open)?;
    let inside = inside.trim_matches('~').trim();
    let hole = match inside.bytes().next() {
        None => return Err("an empty hole".to_owned()),
        Some(b'&') => return Err(format!("raw output is not allowed: `{{{{{inside}}}}}`")),
        Some(b'>') => {
            return Err(format!(
                "a part is put in as [[> name]], since its holes are checked in place: `{{{{{inside}}}}}`"
            ));
        }
        Some(b'*') => return Err(format!("decorators are not allowed: `{{{{{inside}}}}}`")),
        Some(b'#') if inside[1..].trim_start().starts_with(['*', '>']) => {
            return Err(format!("inline parts are not allowed: `{{{{{inside}}}}}`"));
        }
        Some(b'#' | b'/' | b'^' | b'!') => Hole::Block,
        Some(_) if inside == "else" || inside.starts_with("else ") => Hole::Block,
        Some(_) => Hole::Value(inside),
    };
    Ok((hole, after))
}

/// Conditional comments are HTML to Outlook, so their content is read on; other comments may hold no holes.
fn after_comment(comment: &str) -> Result<&str, String> {
    if let Some(after) = comment.strip_prefix('>') {
        return Ok(after);
    }
    if comment.starts_with("[if") || comment.starts_with("<![endif]") {
        let (condition, after) = comment.split_once('>').unwrap_or((comment, ""));
        return if condition.contains("{{") { Err("a hole in a condition for Outlook".to_owned()) } else { Ok(after) };
    }
    let (inside, after) = comment.split_once("-->").unwrap_or((comment, ""));
    if inside.contains("{{") { Err("a hole in a comment".to_owned()) } else { Ok(after) }
}

/// Reads a start tag; for script and style its content too. Gives what comes after.
fn tag(rest: &str) -> Result<&str, String> {
    let name_len = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '-').unwrap_or(0);
    let name = rest[1..=name_len].to_ascii_lowercase();
    let mut inner = &rest[1 + name_len..];
    loop {
        inner = inner.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = inner.strip_prefix('>') {
            return content(&name, after);
        }
        if inner.is_empty() {
            return Err(format!("a tag that is not closed: `{}`", start_of(rest)));
        }
        inner = attribute(&name, inner)?;
    }
}

fn content<'a>(name: &str, after: &'a str) -> Result<&'a str, String> {
    if name != "script" && name != "style" {
        return Ok(after);
    }
    let end = after.find(&format!("</{name}")).unwrap_or(after.len());
    if after[..end].contains("{{") {
        return Err(format!("a hole in <{name}>"));
    }
    Ok(&after[end..])
}

fn attribute<'a>(tag: &str, inner: &'a str) -> Result<&'a str, String> {
    let end = inner.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap_or(inner.len());
    let name = &inner[..end];
    if name.contains("{{") || name.is_empty() {
        return Err(format!("a hole outside quotes in <{tag}>: `{}`", start_of(inner)));
    }
    let after = inner[end..].trim_start();
    let Some(value) = after.strip_prefix('=') else { return Ok(after) };
    let value = value.trim_start();
    let quote = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => quote,
        Some(_) | None => {
            let end = value.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(value.len());
            let bare = &value[..end];
            return if bare.contains("{{") {
                Err(format!("a hole outside quotes in <{tag} {name}>"))
            } else {
                Ok(&value[end..])
            };
        }
    };
    quoted(tag, &name.to_ascii_lowercase(), &value[1..], quote)
}

fn quoted<'a>(tag: &str, name: &str, value: &'a str, quote: char) -> Result<&'a str, String> {
    let mut rest = value;
    let mut literal = false;
    loop {
        let at = rest.find(['{', quote]).ok_or_else(|| format!("an attribute that is not closed: <{tag} {name}>"))?;
        literal |= at > 0;
        rest = &rest[at..];
        if rest.starts_with(quote) {
            return Ok(&rest[1..]);
        }
        if !rest.starts_with("{{") {
            literal = true;
            rest = &rest[1..];
            continue;
        }
        let (hole, after) = hole(rest)?;
        if name.starts_with("on") {
            return Err(format!("a hole in the event attribute <{tag} {name}>"));
        }
        if let Hole::Value(inside) = hole {
            if name == "style" {
                return Err(format!(
                    "a value in <{tag} style>: `{{{{{inside}}}}}`; only {{{{#if}}}} between fixed texts may be"
                ));
            }
            if ADDRESSES.contains(&name) && (literal || !inside.starts_with("url ")) {
                return Err(format!("an address must be wholly {{{{url …}}}}: <{tag} {name}> has `{{{{{inside}}}}}`"));
            }
        }
        rest = after;
    }
}

fn start_of(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_holes_pass() {
        for good in [
            "<p class=\"{{#if a}}on{{else}}off{{/if}}\">{{x}} {{#each y}}{{this}}{{/each}}</p>",
            "<a href=\"{{url link}}\" style='color:{{#if a}}red{{else}}blue{{/if}}'>{{label}}</a>",
            "<!--[if mso | IE]><table><tr><td><![endif]--><img src=\"https://x.example/a.png\" alt=\"{{alt}}\" /><!--[if !mso]><!--><b><!--<![endif]-->",
            "<style>a{b:c}</style><script>1 < 2</script>a < b { c",
            "<input disabled><br/>{{! note }}",
        ] {
            assert_eq!(html(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn dangerous_holes_are_refused() {
        for bad in [
            "{{{x}}}",
            "{{&x}}",
            "{{ & x }}",
            "{{> part}}",
            "{{#> part}}{{/part}}",
            "{{* deco}}",
            "{{#*inline \"x\"}}{{/inline}}",
            "<script>{{x}}</script>",
            "<STYLE>{{x}}</STYLE>",
            "<style media=\"a\">{{#if x}}{{/if}}</style>",
            "<p {{x}}>",
            "<p class={{x}}>",
            "<p class=a{{x}}>",
            "<{{x}}>a</p>x<p {{x}}=\"1\">",
            "</p {{x}}>",
            "<p onclick=\"{{x}}\">",
            "<p style=\"color:{{x}}\">",
            "<a href=\"{{x}}\">",
            "<a href=\"https://a/{{url x}}\">",
            "<img src='{{x}}'>",
            "<a href=\"{{#if a}}{{x}}{{/if}}\">",
            "<!-- {{x}} -->",
            "<!--[if mso]><p style=\"{{x}}\"><![endif]-->",
            "{{x",
            "<p class=\"{{x}}",
            "{{}}",
            "<td background=\"{{url x}}{{y}}\">",
        ] {
            assert!(html(bad).is_err(), "{bad}");
        }
        assert!(text("{{{x}}}").is_err());
        assert_eq!(text("a {{x}} {b}"), Ok(()));
    }
}
