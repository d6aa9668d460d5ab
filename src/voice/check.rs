//! The voice tried on every sample, before any customer hears it: what `doorstep check` runs.

use super::care;
use super::samples::{Sample, samples};
use super::{Problem, Rendered, Voice, load::Tuned, place};
use crate::domain::id::BrandId;
use crate::domain::person::Channel;
use crate::domain::stage::Stage;

/// Bytes of HTML above which Gmail cuts a mail (about 102 kB), with room for what a carrier adds.
pub(crate) const HTML_BYTES_MAX: usize = 100_000;
/// Bytes of the order's page, its style sheet included: what a slow phone loads in a second.
const PLACE_BYTES_MAX: usize = 60_000;
/// Characters of a subject that phones still show whole are about 40; above this one even desktops cut.
const SUBJECT_CHARS_MAX: usize = 160;

impl Voice {
    /// Renders every brand × language × stage × sample and tells what is wrong. Empty: the voice may speak.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (id, tuned) in &self.brands {
            for language in &tuned.languages {
                problems.extend(self.try_care(id, &language.words.tag));
                for stage in Stage::ALL {
                    for sample in samples(*stage) {
                        self.try_sample(id, tuned, &language.words.tag, &sample, &mut problems);
                    }
                }
                for sample in place::samples() {
                    let found = self.try_place(id, &language.words.tag, &sample);
                    problems.extend(found.into_iter().map(|(place, what, how)| Problem {
                        locale: Some(language.words.tag.clone()),
                        sample: Some(sample.name.clone()),
                        ..Problem::of_load(id.as_str(), place, what, how)
                    }));
                }
            }
        }
        problems
    }

    fn try_place(&self, id: &BrandId, tag: &str, sample: &place::Sample) -> Vec<Finding> {
        const PLACE: &str = "place/page.html";
        let mend = "mend the template or the words that the error names";
        let said = |error: super::RenderError| match std::error::Error::source(&error) {
            Some(cause) => (PLACE, format!("{error}: {cause}"), mend),
            None => (PLACE, error.to_string(), mend),
        };
        let page = match self.place(id, Some(tag), &sample.sight) {
            Ok(page) => page,
            Err(error) => return vec![said(error)],
        };
        let texts = [Some(&page.headline), page.lead.as_ref()].into_iter().flatten().chain(&page.notes);
        let mut found: Vec<Finding> =
            texts.filter_map(|text| Some((PLACE, unfinished(text)?, "mend the words"))).collect();
        // The words differ from sample to sample; the template is tried on the ones that fill it most and least.
        if !["usual", "nothing known", "hostile texts", "shared"].iter().any(|end| sample.name.ends_with(end)) {
            return found;
        }
        match self.place_html(id, &page, &place::no_frame()) {
            Ok(html) if html.len() > PLACE_BYTES_MAX => {
                found.push((PLACE, format!("has {} bytes, 60 kB is the most", html.len()), "take something out"));
            }
            Ok(_) => {}
            Err(error) => found.push(said(error)),
        }
        found
    }

    /// The pages on which customers answer: every sentence that stands as it is.
    fn try_care(&self, id: &BrandId, tag: &str) -> Vec<Problem> {
        let Some(speech) = self.speech(id, Some(tag)) else { return Vec::new() };
        let all = [care::RATING, care::PROBLEM, care::RETURN].concat();
        let broken = all.into_iter().filter_map(|word| speech.say(word).err());
        let problem = |error: super::WordsError| Problem {
            locale: Some(tag.to_owned()),
            ..Problem::of_load(id.as_str(), "words", error.to_string(), "mend the words that the error names")
        };
        let framed = self.below(id, Some(tag)).map(|below| below.frame("", "", ""));
        let unframed = framed.and_then(Result::err).map(|error| {
            let what = std::error::Error::source(&error).map_or(error.to_string(), |cause| format!("{error}: {cause}"));
            let how = "mend the piece that the error names; it stands on pages that know no order";
            Problem { locale: Some(tag.to_owned()), ..Problem::of_load(id.as_str(), "place/below.html", what, how) }
        });
        broken.map(problem).chain(unframed).collect()
    }

    fn try_sample(&self, id: &BrandId, tuned: &Tuned, tag: &str, sample: &Sample, problems: &mut Vec<Problem>) {
        let mut add = |place: &str, what: String, how: &str| {
            problems.push(Problem {
                stage: Some(sample.view.stage),
                locale: Some(tag.to_owned()),
                sample: Some(sample.name.to_owned()),
                ..Problem::of_load(id.as_str(), place, what, how)
            });
        };
        for channel in Channel::ALL {
            match self.render(id, Some(tag), channel, &sample.view) {
                Err(error) => {
                    let what = match std::error::Error::source(&error) {
                        Some(cause) => format!("{error}: {cause}"),
                        None => error.to_string(),
                    };
                    add(channel.as_str(), what, "mend the template or the words that the error names");
                }
                Ok(Rendered::Email { subject, html, text, .. }) => {
                    for (place, what, how) in mail(&subject, &html, &text) {
                        add(place, what, how);
                    }
                }
                Ok(Rendered::Sms { body, segments, .. }) => {
                    if segments > tuned.brand.sms.segments_max {
                        add("sms", format!("costs {segments} parts"), "shorten the words");
                    }
                    if sample.name == "usual" && (body.ends_with("...") || body.contains("... https")) {
                        add("sms", "is cut".to_owned(), "shorten the words, or allow more parts (sms.segments_max)");
                    }
                    if let Some(what) = unfinished(&body) {
                        add("sms", what, "mend the words");
                    }
                }
            }
        }
    }
}

type Finding = (&'static str, String, &'static str);

fn mail(subject: &str, html: &str, text: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let length = subject.chars().count();
    if length == 0 || length > SUBJECT_CHARS_MAX {
        found.push(("subject", format!("has {length} characters"), "write one that says the one thing"));
    }
    if subject.contains(char::is_control) {
        found.push(("subject", "holds a line break".into(), "write it in one line"));
    }
    if html.len() > HTML_BYTES_MAX {
        found.push(("html", format!("has {} bytes, 100 kB is the most", html.len()), "take something out"));
    }
    for link in insecure_links(html) {
        found.push(("html", format!("links to `{link}`"), "link to https alone"));
    }
    for (place, body) in [("subject", subject), ("text", text)] {
        if let Some(what) = unfinished(body) {
            found.push((place, what, "mend the words or the template"));
        }
    }
    if text.trim().is_empty() {
        found.push(("text", "is empty".into(), "write email/default.txt"));
    }
    found
}

/// Links in `href` and `src` that are neither https nor a way to reach a person.
fn insecure_links(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in [" href=", " src=", " background="] {
        for start in html.split(attribute).skip(1) {
            let value = start.trim_start_matches(['"', '\'']);
            let value = &value[..value.find(['"', '\'', '>', ' ']).unwrap_or(value.len())];
            let is_good = ["https://", "mailto:", "tel:", "data:image/"].iter().any(|good| value.starts_with(good));
            if !is_good {
                found.push(value.chars().take(60).collect());
            }
        }
    }
    found
}

/// Traces of a sentence that lacks something: two blanks, a blank before a full stop, nothing between quotes.
fn unfinished(text: &str) -> Option<String> {
    let traces = ["  ", " .", " ,", "“”", "()", "{ $", "none."];
    let trace = traces.into_iter().find(|trace| text.contains(trace))?;
    // Blanks in a row are layout in a text part, at a line's start or before its end only.
    Some(format!("looks unfinished: holds `{trace}`"))
}
