//! From the pieces an author writes to a template that only needs a page.
//!
//! Two sorts of braces. `[[…]]` is filled once, at load: brand, fixed words, parts (`[[> name]]`). `{{…}}` is filled for
//! each message, from the page. In between MJML becomes HTML that mail programs understand, and white space is folded, so
//! that a message costs a copy of constant text and some sixty holes.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluent_bundle::FluentArgs;
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason,
    Renderable, Template,
};
use serde_json::Value;

use super::squeeze::Drafts;
use super::words::Words;
use super::{fold, harmless, lint};

/// Room for a usual mail; a bigger one grows the buffer once.
const HTML_BYTES: usize = 48 * 1024;
/// Room for a usual text part.
const TEXT_BYTES: usize = 4 * 1024;
/// Parts within parts; more is a mistake, and the recursion must end somewhere.
const PART_DEPTH_MAX: usize = 8;

/// What sort of text a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Html,
    Text,
    /// HTML as browsers read it, without MJML.
    Page,
}

impl Form {
    /// The ending of its pieces.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Html => "mjml",
            Self::Text => "txt",
            Self::Page => "html",
        }
    }

    /// Where its parts are.
    fn parts(self) -> &'static str {
        match self {
            Self::Html | Self::Text => "part",
            Self::Page => "place",
        }
    }
}

/// A compiled template and the engine for its holes.
pub(crate) struct Compiled {
    template: Template,
    engine: Arc<Handlebars<'static>>,
    room: usize,
}

impl Compiled {
    /// Fills the holes.
    pub(crate) fn fill(&self, page: &Context) -> Result<String, RenderError> {
        let mut out = Buffer(String::with_capacity(self.room));
        let mut state = RenderContext::new(None);
        self.template.render(&self.engine, page, &mut state, &mut out)?;
        Ok(out.0)
    }
}

/// Writes into one string.
struct Buffer(String);

impl Output for Buffer {
    fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.0.push_str(text);
        Ok(())
    }
}

/// The engine for the holes of one form.
pub(crate) fn engine(form: Form) -> Arc<Handlebars<'static>> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.set_prevent_indent(true);
    match form {
        Form::Html | Form::Page => engine.register_escape_fn(handlebars::html_escape),
        Form::Text => engine.register_escape_fn(handlebars::no_escape),
    }
    engine.register_helper("url", Box::new(write_url));
    Arc::new(engine)
}

/// `{{url x}}`: writes an address that is harmless, and nothing for any other.
fn write_url(
    helper: &Helper<'_>,
    engine: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let url = helper.param(0).and_then(|param| param.value().as_str()).unwrap_or_default();
    if harmless::is_link(url) {
        out.write(&engine.get_escape_fn()(url))?;
    }
    Ok(())
}

/// `[[css x]]`: writes a brand's value into a style sheet, where entities are not read: only such as the brand's own check lets
/// in, and nothing for any other.
fn write_css(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let value = helper.param(0).and_then(|param| param.value().as_str()).unwrap_or_default();
    if value.chars().all(|c| c.is_alphanumeric() || " ,-'#".contains(c)) {
        out.write(value)?;
    }
    Ok(())
}

/// What is wrong with a piece, in the author's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) piece: String,
    pub(crate) what: String,
}

/// Compiles `entry` (a piece such as `email/default.mjml`).
pub(crate) fn compile(
    form: Form,
    entry: &str,
    pieces: &BTreeMap<String, String>,
    facts: &Value,
    words: &Arc<Words>,
    engine: &Arc<Handlebars<'static>>,
    drafts: &Drafts,
) -> Result<Compiled, Refusal> {
    let refuse = |what: String| Refusal { piece: entry.to_owned(), what };
    let source = whole(form, entry, pieces, &mut Vec::new())?;
    let filled = fill_at_load(form, &source, facts, words, drafts).map_err(refuse)?;
    let (text, room) = match form {
        Form::Html => (html(&filled).map_err(refuse)?, HTML_BYTES),
        Form::Text => {
            lint::text(&filled).map_err(refuse)?;
            (filled, TEXT_BYTES)
        }
        Form::Page => {
            let folded = fold::html(&filled);
            lint::html(&folded).map_err(refuse)?;
            (folded, HTML_BYTES)
        }
    };
    let template = drafts.compile(&text).map_err(|error| refuse(one_line(&error.to_string())))?;
    Ok(Compiled { template, engine: engine.clone(), room })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts the parts in place of `[[> name]]`. Done before any engine sees them: a part that holds itself would end the
/// process there, here it is an error that names the circle.
fn whole(
    form: Form,
    piece: &str,
    pieces: &BTreeMap<String, String>,
    within: &mut Vec<String>,
) -> Result<String, Refusal> {
    let refuse = |what: String| Refusal { piece: piece.to_owned(), what };
    let source = pieces.get(piece).ok_or_else(|| refuse("there is no such piece".to_owned()))?;
    if source.contains(['\u{1}', '\u{2}']) {
        return Err(refuse("holds a control character".to_owned()));
    }
    if within.iter().any(|outer| outer == piece) || within.len() >= PART_DEPTH_MAX {
        return Err(refuse(format!("parts go in a circle: {} → {piece}", within.join(" → "))));
    }
    within.push(piece.to_owned());
    let mut out = String::with_capacity(source.len() * 2);
    let mut rest = source.as_str();
    while let Some(at) = rest.find("[[>") {
        let (name, after) =
            rest[at + 3..].split_once("]]").ok_or_else(|| refuse("a part is named but not closed".to_owned()))?;
        let name = name.trim();
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(refuse(format!("`{name}` is no name for a part")));
        }
        out.push_str(&rest[..at]);
        out.push_str(&whole(form, &format!("{}/{name}.{}", form.parts(), form.ending()), pieces, within)?);
        // A part alone on its line leaves no empty line behind.
        rest = if out.ends_with('\n') { after.strip_prefix('\n').unwrap_or(after) } else { after };
    }
    out.push_str(rest);
    within.pop();
    Ok(out)
}

/// Fills `[[…]]`. The two sorts of braces change places for the time, so that one engine serves both.
fn fill_at_load(
    form: Form,
    source: &str,
    facts: &Value,
    words: &Arc<Words>,
    drafts: &Drafts,
) -> Result<String, String> {
    let swapped = source.replace("{{", "\u{1}").replace("}}", "\u{2}").replace("[[", "{{").replace("]]", "}}");
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.set_prevent_indent(true);
    match form {
        Form::Html | Form::Page => engine.register_escape_fn(|text| no_braces(&handlebars::html_escape(text))),
        Form::Text => engine.register_escape_fn(|text| text.replace("{{", "{ {")),
    }
    engine.register_helper("url", Box::new(write_url));
    engine.register_helper("css", Box::new(write_css));
    engine.register_helper("t", Box::new(SayWord { words: words.clone(), facts: facts.clone() }));
    let context = Context::wraps(facts).map_err(|error| one_line(&error.to_string()))?;
    let draft = drafts.compile(&swapped).ok();
    let filled = draft.and_then(|draft| draft.renders(&engine, &context, &mut RenderContext::new(None)).ok());
    // An error names its place, which is right only in the whole.
    let filled = filled.map_or_else(|| engine.render_template(&swapped, facts), Ok);
    let filled = filled.map_err(|error| one_line(&error.to_string()))?;
    Ok(filled.replace('\u{1}', "{{").replace('\u{2}', "}}"))
}

/// Braces in a brand's values must not become holes.
fn no_braces(text: &str) -> String {
    text.replace('{', "&#123;").replace('}', "&#125;")
}

/// `[[t "key"]]`: a fixed word of the language.
struct SayWord {
    words: Arc<Words>,
    facts: Value,
}

impl HelperDef for SayWord {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let key = helper.param(0).and_then(|param| param.value().as_str()).unwrap_or_default();
        let mut args = FluentArgs::new();
        args.set("brand", self.facts["brand"]["name"].as_str().unwrap_or_default().to_owned());
        args.set("hours", self.facts["brand"]["support"]["hours"].as_str().unwrap_or_default().to_owned());
        let said = self.words.say(key, &args).map_err(|error| RenderErrorReason::NestedError(Box::new(error)))?;
        out.write(&engine.get_escape_fn()(&said))?;
        Ok(())
    }
}

/// MJML to folded, checked HTML, with the place for structured data.
fn html(mjml: &str) -> Result<String, String> {
    let parsed = mrml::parse(mjml).map_err(|error| format!("MJML: {}", one_line(&error.to_string())))?;
    if let Some(warning) = parsed.warnings.first() {
        return Err(format!("MJML: {}", one_line(&warning.to_string())));
    }
    // No fonts from elsewhere: a mail asks nobody but its own shop for anything.
    let options = mrml::prelude::render::RenderOptions {
        disable_comments: true,
        fonts: Default::default(),
        ..Default::default()
    };
    let rendered =
        parsed.element.render(&options).map_err(|error| format!("MJML: {}", one_line(&error.to_string())))?;
    let folded = fold::html(&rendered);
    lint::html(&folded)?;
    // The only raw output there is: `json_ld` makes JSON that cannot leave a script element.
    let script = "{{#if json_ld}}<script type=\"application/ld+json\">{{{json_ld}}}</script>{{/if}}</head>";
    if !folded.contains("</head>") {
        return Err("MJML: no mj-head".to_owned());
    }
    Ok(folded.replacen("</head>", script, 1))
}
