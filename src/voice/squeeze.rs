//! Compiling templates in little time.
//!
//! For every hole that it meets, the engine's compiler counts lines from the beginning of the text, so its time grows with holes
//! times length; and a mail is sixty holes in forty kilobytes of constant text. Here that text is taken out before compiling, a
//! short mark left in its place, and put back into what was compiled. What is left differs little between brands and languages, so
//! it is compiled once for all of them.

use std::collections::HashMap;
use std::sync::Mutex;

use handlebars::Template;
use handlebars::TemplateError;
use handlebars::template::TemplateElement;

/// Begins and ends a mark, with a number between. No template holds it; one that does is compiled as it stands.
const MARK: char = '\u{3}';
/// Shorter runs stay. That is so little that a word of any language is taken out, and what stays is the same for all of them.
const RUN_BYTES_MIN: usize = 2;

/// What templates have in common before their text is put back.
#[derive(Default)]
pub(crate) struct Drafts(Mutex<HashMap<String, Template>>);

impl Drafts {
    /// Compiles `text`: the same template as the engine would make of it, but for the lines that its errors name.
    ///
    /// # Errors
    /// What the engine says of the whole text, so that the place that it names is right.
    pub(super) fn compile(&self, text: &str) -> Result<Template, Box<TemplateError>> {
        let whole = || Template::compile(text).map_err(Box::new);
        if text.contains(MARK) {
            return whole();
        }
        let (short, runs) = squeezed(text);
        // A mark within a hole, such as a comment or a quoted word with braces in it, is not found again.
        let draft =
            self.draft(short).and_then(|mut draft| (put_back(&mut draft, &runs) == runs.len()).then_some(draft));
        draft.map_or_else(whole, Ok)
    }

    /// The squeezed text, compiled; `None` if it cannot be.
    fn draft(&self, short: String) -> Option<Template> {
        let mut known = self.0.lock().expect("nothing panics while it holds the drafts");
        if let Some(draft) = known.get(&short) {
            return Some(draft.clone());
        }
        let draft = Template::compile(&short).ok()?;
        known.insert(short, draft.clone());
        Some(draft)
    }
}

/// The text with marks for its long runs, and the runs.
fn squeezed(text: &str) -> (String, Vec<&str>) {
    let (mut short, mut runs) = (String::with_capacity(text.len() / 4), Vec::new());
    let mut rest = text;
    loop {
        let (run, hole) = rest.split_at(rest.find("{{").unwrap_or(rest.len()));
        // Two braces may end a comment that holds holes; style sheets are full of them.
        for (place, piece) in run.split("}}").enumerate() {
            if place > 0 {
                short.push_str("}}");
            }
            match middle(piece) {
                Some((head, middle, tail)) => {
                    short.push_str(&format!("{head}{MARK}{}{MARK}{tail}", runs.len()));
                    runs.push(middle);
                }
                None => short.push_str(piece),
            }
        }
        if hole.is_empty() {
            return (short, runs);
        }
        let (hole, after) = hole.split_at(hole.find("}}").map_or(hole.len(), |at| at + 2));
        short.push_str(hole);
        rest = after;
    }
}

/// What can be taken out of a run: all but white space, braces and hyphens at its ends, which have a meaning beside a hole or end a
/// comment. A backslash may escape a hole.
fn middle(run: &str) -> Option<(&str, &str, &str)> {
    let has_meaning = |c: char| c.is_whitespace() || matches!(c, '{' | '}' | '-');
    let (head, rest) = run.split_at(run.len() - run.trim_start_matches(has_meaning).len());
    let (middle, tail) = rest.split_at(rest.trim_end_matches(has_meaning).len());
    (middle.len() >= RUN_BYTES_MIN && !run.contains('\\')).then_some((head, middle, tail))
}

/// The number of runs that found their place.
fn put_back(template: &mut Template, runs: &[&str]) -> usize {
    let back = |element: &mut TemplateElement| match element {
        TemplateElement::RawString(text) => {
            let (whole, count) = unmarked(text, runs);
            if count > 0 {
                *text = whole;
            }
            count
        }
        TemplateElement::HtmlExpression(inner)
        | TemplateElement::Expression(inner)
        | TemplateElement::HelperBlock(inner) => {
            inner.template.iter_mut().chain(&mut inner.inverse).map(|template| put_back(template, runs)).sum()
        }
        TemplateElement::DecoratorExpression(inner)
        | TemplateElement::DecoratorBlock(inner)
        | TemplateElement::PartialExpression(inner)
        | TemplateElement::PartialBlock(inner) => {
            inner.template.iter_mut().map(|template| put_back(template, runs)).sum()
        }
        // A comment is never written. The enum may grow; what it has holds all text that is.
        TemplateElement::Comment(_) | _ => 0,
    };
    template.elements.iter_mut().map(back).sum()
}

/// The text with its runs, and their number. Every other piece between marks is a number.
fn unmarked(text: &str, runs: &[&str]) -> (String, usize) {
    let mut count = 0;
    let piece = |(place, piece): (usize, &str)| {
        if place % 2 == 0 {
            return piece.to_owned();
        }
        let run = piece.parse().ok().and_then(|run: usize| runs.get(run));
        count += usize::from(run.is_some());
        run.map_or(String::new(), |run| (*run).to_owned())
    };
    (text.split(MARK).enumerate().map(piece).collect(), count)
}

#[cfg(test)]
mod tests {
    use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, Renderable, handlebars_helper};
    use serde_json::json;

    use super::*;

    fn raw<'reg, 'rc>(
        helper: &Helper<'rc>,
        engine: &'reg Handlebars<'reg>,
        page: &'rc Context,
        state: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        helper.template().map_or(Ok(()), |inner| {
            out.write(&inner.renders(engine, page, state)?)?;
            Ok(())
        })
    }

    handlebars_helper!(say: |word: str| word.to_owned());

    #[test]
    fn what_is_squeezed_says_the_same() {
        let long = "long text, <b>so long</b> that it is taken out of the template, gęś and all ";
        let drafts = Drafts::default();
        let page = json!({"a": "A & B", "yes": true, "no": false, "list": [1, 2], "empty": []});
        for text in [
            format!("{long}{{{{a}}}}{long}"),
            format!("\n{long}\n  {{{{#if yes}}}}\n{long}\n  {{{{else}}}}\n {long} no\n{{{{/if}}}}\n{long}\n"),
            format!("{{{{#each list}}}}\n {long} {{{{this}}}}\n{{{{else}}}}none{{{{/each}}}} {{{{~a~}}}} {long}"),
            format!("{{{{#if no}}}}{long}{{{{else if yes}}}}{long} two{{{{else}}}}{long} three{{{{/if}}}}"),
            format!("{long}\\{{{{a}}}} {long}\\\\{{{{a}}}} {{{{{{a}}}}}}"),
            format!("{{{{!-- {long} {{{{a}}}} {long} --}}}}{long}{{{{! {long} }}}}"),
            format!("{{{{{{{{raw}}}}}}}}{long}{{{{a}}}}{{{{{{{{/raw}}}}}}}}{long}"),
            format!("{MARK}0{MARK}{long}{{{{a}}}}"),
            format!("<style>@media print{{a{{b:c}}}}{long}@media all{{d{{e:f}}}}</style>{long}{{{{a}}}}"),
            format!("{{{{say \"}}}}{long}\"}}}}{long}{{{{a}}}}"),
            format!("{{{{!-- {{{{a}}}} {long}--}}}}{long}{{{{!-- {{{{a}}}} --}}}}"),
            String::new(),
        ] {
            let mut engine = Handlebars::new();
            engine.register_helper("raw", Box::new(raw));
            engine.register_helper("say", Box::new(say));
            engine.register_template("whole", Template::compile(&text).expect("a good template"));
            engine.register_template("squeezed", drafts.compile(&text).expect("a good template"));
            let told = |name| engine.render(name, &page).expect("it renders");
            assert_eq!(told("squeezed"), told("whole"), "{text}");
        }
        let text = format!("{long}{{{{a}}}}");
        let (short, runs) = squeezed(&text);
        assert!(short.len() < 16 && runs.len() == 1, "{short:?}");
        let style = format!("@media print{{a{{b:c}}}}{long}{{{{a}}}}");
        let (short, runs) = squeezed(&style);
        assert!(short.len() < 24 && runs.len() == 2, "{short:?}");
    }

    #[test]
    fn an_error_names_the_place_in_the_whole() {
        let error = Drafts::default()
            .compile(&format!("{}\n\n{{{{#if a}}}}", "long text. ".repeat(20)))
            .expect_err("not closed");
        assert_eq!(error.pos().map(|(line, _)| line), Some(3), "{error}");
    }
}
