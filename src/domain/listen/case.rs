//! Something is wrong: a case, its clocks and where it stands.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::id::{self, OrderKey};
use crate::domain::person::Role;

macro_rules! sorts {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $words:literal;)*) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Sort { $($(#[$doc])* #[serde(rename = $word)] $name,)* }

        impl Sort {
            /// Every sort, in the order in which the page offers them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word used in forms, rows and output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)* _ => None }
            }

            /// What it says, for operators.
            pub fn in_words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

sorts! {
    /// Nothing came, whatever the carrier says.
    NotArrived = "not_arrived", "not arrived";
    /// It came broken.
    Damaged = "damaged", "damaged";
    /// It is not what was ordered.
    WrongItem = "wrong_item", "wrong item";
    /// Something is missing.
    MissingItem = "missing_item", "missing item";
    /// Something else.
    Other = "other", "something else";
    /// A low score opened it: nobody has complained in words.
    LowScore = "low_score", "low score";
}

impl Sort {
    /// What a customer can choose: all but what opens by itself.
    pub fn offered() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|sort| *sort != Self::LowScore)
    }
}

/// The id of the case that a person's low answers about an order open by themselves: there is one at most.
pub fn low_score_id(order: &OrderKey, role: Role) -> Uuid {
    id::made_of(&format!("low score\0{order}\0{}", role.as_str()))
}

/// Where a case stands, as the customer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The customer waits for an answer.
    Open,
    /// The shop has answered; the customer may say more.
    Answered,
    /// Over.
    Solved,
}

impl Standing {
    /// Every standing, in the order of a case's life.
    pub const ALL: [Self; 3] = [Self::Open, Self::Answered, Self::Solved];

    /// The word used in output and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Solved => "solved",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word)
    }
}

/// How soon a brand answers and solves. Source: what shops that are praised for it promise: six hours, three days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From each word of the customer to the shop's next.
    pub answer: SignedDuration,
    /// From the opening to the end.
    pub solve: SignedDuration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { answer: SignedDuration::from_hours(6), solve: SignedDuration::from_hours(72) }
    }
}

/// The clocks of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    pub opened_at: Timestamp,
    /// Until when the customer's last word is to be answered; `None`: it was.
    pub answer_by: Option<Timestamp>,
    pub solve_by: Timestamp,
    /// The shop's first answer.
    pub answered_at: Option<Timestamp>,
    pub solved_at: Option<Timestamp>,
}

/// Which clock has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    Answer,
    Solution,
}

impl Clocks {
    /// Where the case stands.
    pub fn standing(&self) -> Standing {
        match (self.solved_at, self.answer_by) {
            (Some(_), _) => Standing::Solved,
            (None, Some(_)) => Standing::Open,
            (None, None) => Standing::Answered,
        }
    }

    /// The next deadline; `None` once it is solved.
    pub fn next(&self) -> Option<Timestamp> {
        let open = self.solved_at.is_none();
        open.then(|| self.answer_by.map_or(self.solve_by, |by| by.min(self.solve_by)))
    }

    /// The clock that has run out, the answer's first.
    pub fn overdue(&self, now: Timestamp) -> Option<Overdue> {
        if self.solved_at.is_some() {
            return None;
        }
        let answer = self.answer_by.filter(|by| now > *by).map(|_| Overdue::Answer);
        answer.or((now > self.solve_by).then_some(Overdue::Solution))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        "2026-11-02T09:00:00Z".parse::<Timestamp>().expect("a time") + SignedDuration::from_hours(hours)
    }

    #[test]
    fn a_case_goes_from_open_to_answered_to_solved_and_its_clocks_stop() {
        let opened =
            Clocks { opened_at: at(0), answer_by: Some(at(6)), solve_by: at(72), answered_at: None, solved_at: None };
        assert_eq!((opened.standing(), opened.next()), (Standing::Open, Some(at(6))));
        assert_eq!((opened.overdue(at(6)), opened.overdue(at(7))), (None, Some(Overdue::Answer)));
        let answered = Clocks { answer_by: None, answered_at: Some(at(2)), ..opened };
        assert_eq!((answered.standing(), answered.next()), (Standing::Answered, Some(at(72))));
        assert_eq!((answered.overdue(at(7)), answered.overdue(at(73))), (None, Some(Overdue::Solution)));
        let asked_again = Clocks { answer_by: Some(at(10)), ..answered };
        assert_eq!((asked_again.standing(), asked_again.overdue(at(11))), (Standing::Open, Some(Overdue::Answer)));
        let solved = Clocks { solved_at: Some(at(80)), ..asked_again };
        assert_eq!((solved.standing(), solved.next(), solved.overdue(at(99))), (Standing::Solved, None, None));
    }

    #[test]
    fn words_are_read_back_and_a_low_score_is_not_offered() {
        for sort in Sort::ALL {
            assert_eq!(Sort::parse(sort.as_str()), Some(*sort));
        }
        assert!(Sort::offered().all(|sort| sort != Sort::LowScore) && Sort::offered().count() == Sort::ALL.len() - 1);
        for standing in Standing::ALL {
            assert_eq!(Standing::parse(standing.as_str()), Some(standing));
        }
    }
}
