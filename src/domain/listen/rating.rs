//! How it went, in numbers: three questions, each with its scale, and what counts as bad.

use serde::{Deserialize, Serialize};

use crate::domain::person::Pii;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// How satisfied: 1 to 5.
    Csat,
    /// How likely to recommend the shop: 0 to 10.
    Nps,
    /// How easy it was: 1 (hard) to 7 (easy).
    Ces,
}

impl Question {
    /// Every question, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Csat, Self::Nps, Self::Ces];

    /// The word used in forms, rows, settings and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csat => "csat",
            Self::Nps => "nps",
            Self::Ces => "ces",
        }
    }

    /// Its lowest and its highest score.
    pub fn scale(self) -> (u8, u8) {
        match self {
            Self::Csat => (1, 5),
            Self::Nps => (0, 10),
            Self::Ces => (1, 7),
        }
    }

    /// Reads a score of its scale.
    pub fn score(self, text: &str) -> Option<u8> {
        let (low, high) = self.scale();
        let plain = !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|score| plain && (low..=high).contains(score))
    }
}

/// From which score on, downwards, an answer opens a case by itself; `None`: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Low {
    pub csat: Option<u8>,
    pub nps: Option<u8>,
    pub ces: Option<u8>,
}

impl Default for Low {
    /// Dissatisfied customers, and NPS' own detractors. Effort alone calls nobody: it is for the shop to say from where on.
    fn default() -> Self {
        Self { csat: Some(2), nps: Some(6), ces: None }
    }
}

impl Low {
    /// Whether one of the answers is that low.
    pub fn holds(&self, answers: &[Answer]) -> bool {
        answers.iter().any(|answer| self.of(answer.question).is_some_and(|low| answer.score <= low))
    }

    fn of(&self, question: Question) -> Option<u8> {
        match question {
            Question::Csat => self.csat,
            Question::Nps => self.nps,
            Question::Ces => self.ces,
        }
    }
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub question: Question,
    /// Within the question's scale.
    pub score: u8,
    /// In the customer's own words.
    pub comment: Option<Pii<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_the_scale_is_a_score() {
        for (question, text, score) in [
            (Question::Csat, "1", Some(1)),
            (Question::Csat, "5", Some(5)),
            (Question::Csat, "0", None),
            (Question::Csat, "6", None),
            (Question::Nps, "0", Some(0)),
            (Question::Nps, "10", Some(10)),
            (Question::Nps, "11", None),
            (Question::Ces, "7", Some(7)),
            (Question::Ces, "+7", None),
            (Question::Ces, "", None),
            (Question::Ces, "007", None),
            (Question::Nps, "٥", None),
        ] {
            assert_eq!(question.score(text), score, "{} {text}", question.as_str());
        }
    }

    #[test]
    fn low_answers_are_those_of_the_brand() {
        let answer = |question, score| [Answer { question, score, comment: None }];
        let low = Low::default();
        assert!(low.holds(&answer(Question::Csat, 2)) && !low.holds(&answer(Question::Csat, 3)));
        assert!(low.holds(&answer(Question::Nps, 6)) && !low.holds(&answer(Question::Nps, 7)));
        assert!(!low.holds(&answer(Question::Ces, 1)), "effort alone calls nobody by default");
        assert!(Low { ces: Some(2), ..low }.holds(&answer(Question::Ces, 2)));
        assert!(!low.holds(&[]));
    }
}
