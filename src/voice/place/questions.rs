//! The brand's questions and answers, those that come up now.

use serde::Deserialize;

use super::page::Question;
use crate::domain::event::Reason;
use crate::domain::stage::Stage;

/// Questions shown at once: more are a wall that nobody reads.
const SHOWN_MAX: usize = 5;
/// Questions that a brand may have.
pub(crate) const QUESTIONS_MAX: usize = 200;
/// Longest question and answer, in characters.
const QUESTION_CHARS_MAX: usize = 160;
const ANSWER_CHARS_MAX: usize = 1_000;

/// A question as the brand writes it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asked {
    pub question: String,
    pub answer: String,
    /// Stages at which it comes up, in the contract's words; empty: at any.
    pub stages: Vec<String>,
    /// Reasons of a problem with which it comes up, in the contract's words; empty: with or without one.
    pub problems: Vec<String>,
    /// BCP 47 tag of its language; empty: the brand's default language.
    pub language: String,
}

impl Asked {
    /// What is wrong with it, if anything, and what would be right.
    pub(crate) fn flaw(&self) -> Option<(&'static str, &'static str, &'static str)> {
        let is_short = |text: &str, max: usize| !text.trim().is_empty() && text.chars().count() <= max;
        if !is_short(&self.question, QUESTION_CHARS_MAX) {
            Some(("question", "is empty or too long", "up to 160 characters"))
        } else if !is_short(&self.answer, ANSWER_CHARS_MAX) {
            Some(("answer", "is empty or too long", "up to 1000 characters"))
        } else if self.stages.iter().any(|word| Stage::parse(word).is_none()) {
            Some(("stages", "names something that is no stage", "stages such as \"out_for_delivery\""))
        } else if self.problems.iter().any(|word| Reason::parse(word).is_none()) {
            Some(("problems", "names something that is no reason", "reasons such as \"customs_duties\""))
        } else {
            None
        }
    }
}

/// Those that fit: the ones made for this problem first, then for this stage, then the rest; each in the brand's order.
pub(super) fn chosen(
    asked: &[Asked],
    language: &str,
    default: &str,
    stage: Stage,
    problem: Option<Reason>,
) -> Vec<Question> {
    let speaks = |asked: &&Asked| {
        let own = if asked.language.is_empty() { default } else { &asked.language };
        own.eq_ignore_ascii_case(language)
    };
    let rank = |asked: &Asked| {
        let stage = asked.stages.is_empty() || asked.stages.iter().any(|word| Stage::parse(word) == Some(stage));
        let problem_fits = problem.is_some_and(|problem| asked.problems.iter().any(|word| word == problem.as_str()));
        match (stage, asked.problems.is_empty()) {
            (false, _) => None,
            (true, false) => problem_fits.then_some(0),
            (true, true) => Some(if asked.stages.is_empty() { 2 } else { 1 }),
        }
    };
    let mut fitting: Vec<(u8, &Asked)> =
        asked.iter().filter(speaks).filter_map(|asked| Some((rank(asked)?, asked))).collect();
    fitting.sort_by_key(|(rank, _)| *rank);
    let said = |(_, asked): (u8, &Asked)| Question { question: asked.question.clone(), answer: asked.answer.clone() };
    fitting.into_iter().take(SHOWN_MAX).map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(question: &str, stages: &[&str], problems: &[&str], language: &str) -> Asked {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Asked {
            question: question.to_owned(),
            answer: "So.".to_owned(),
            stages: texts(stages),
            problems: texts(problems),
            language: language.to_owned(),
        }
    }

    #[test]
    fn questions_fit_stage_problem_and_language() {
        let all = [
            asked("always", &[], &[], ""),
            asked("on the van", &["out_for_delivery"], &[], "en"),
            asked("duties", &[], &["customs_duties"], "en"),
            asked("zawsze", &[], &[], "pl"),
        ];
        let told = |language: &str, stage, problem| -> Vec<String> {
            chosen(&all, language, "en", stage, problem).into_iter().map(|one| one.question).collect()
        };
        assert_eq!(told("en", Stage::Shipped, None), ["always"]);
        assert_eq!(told("en", Stage::OutForDelivery, None), ["on the van", "always"]);
        assert_eq!(told("en", Stage::Exception, Some(Reason::CustomsDuties)), ["duties", "always"]);
        assert_eq!(told("pl", Stage::Shipped, None), ["zawsze"]);
        assert!(told("uk", Stage::Shipped, None).is_empty());
    }

    #[test]
    fn what_cannot_be_right_is_named() {
        assert_eq!(asked("a", &["shipped"], &["weather"], "").flaw(), None);
        assert_eq!(asked("", &[], &[], "").flaw().map(|flaw| flaw.0), Some("question"));
        assert_eq!(asked("a", &["sent"], &[], "").flaw().map(|flaw| flaw.0), Some("stages"));
        assert_eq!(asked("a", &[], &["rain"], "").flaw().map(|flaw| flaw.0), Some("problems"));
    }
}
