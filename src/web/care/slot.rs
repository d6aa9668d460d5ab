//! What stands on the order's own page about ratings, cases and returns: what the customer can do now, and what became of what was
//! asked for.

use jiff::Timestamp;

use super::problem::{clocks, state_word};
use super::sending_back::state_of;
use crate::domain::id::OrderKey;
use crate::domain::listen::case::Standing;
use crate::domain::listen::sending_back::returnable;
use crate::domain::order::State;
use crate::domain::person::Role;
use crate::domain::policy::Policy;
use crate::store::listen::Rating;
use crate::store::listen::cases::Case;
use crate::store::listen::returns::Return;
use crate::store::{Store, StoreError};
use crate::voice::WordsError;
use crate::voice::care::Speech;
use crate::web::place::slots;

/// What a customer has told of one order.
#[derive(Debug, Clone, Default)]
pub struct Told {
    ratings: Vec<Rating>,
    cases: Vec<Case>,
    returns: Vec<Return>,
}

impl Told {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn of(store: &Store, order: &OrderKey) -> Result<Self, StoreError> {
        Ok(Self {
            ratings: store.ratings_of(order).await?,
            cases: store.cases_of(order).await?,
            returns: store.returns_of(order).await?,
        })
    }

    /// The slot of the page of one person. `page`: that page's address, without a slash at the end.
    ///
    /// # Errors
    /// When the language lacks a word.
    pub fn care(
        &self,
        state: &State<'_>,
        policy: &Policy,
        role: Role,
        page: &str,
        now: Timestamp,
        speech: &Speech<'_>,
    ) -> Result<slots::Care, WordsError> {
        let arrived = state.parcels.iter().any(|parcel| parcel.delivered_at().is_some());
        let rated = self.ratings.iter().any(|rating| rating.role == role);
        let link = |id: &str, path: &str| {
            Ok::<_, WordsError>(slots::Link {
                label: speech.say(id)?,
                href: format!("{page}/{path}"),
                note: Some(speech.say(&format!("{id}-note"))?),
            })
        };
        let mut links = Vec::new();
        if arrived && !rated && !policy.ask.questions.is_empty() {
            links.push(link("care-rate", "rating")?);
        }
        links.push(link("care-problem", "problem")?);
        if !returnable(state, &policy.returns, now).is_empty() {
            links.push(link("care-return", "return")?);
        }
        let moment = |at: Timestamp| speech.moment(at, &state.zone);
        let mut cases: Vec<(Timestamp, slots::Case)> = Vec::new();
        for case in self.cases.iter().filter(|case| case.role == role) {
            let what = speech.say(&format!("problem-sort-{}", case.sort.as_str()))?;
            let standing = case.clocks.standing();
            let shown = slots::Case {
                title: speech.with("care-case", &[("item", &what)])?,
                state: state_word(standing, speech)?,
                is_open: standing == Standing::Open,
                lines: clocks(case, now, speech, moment)?,
            };
            cases.push((case.clocks.opened_at, shown));
        }
        for one in self.returns.iter().filter(|one| one.role == role) {
            let mut lines = Vec::new();
            let (state, own) = state_of(one, now, speech, moment, &mut lines)?;
            lines.extend(own);
            let is_open = one.decided.is_none();
            let shown = slots::Case { title: speech.say("care-return-case")?, state, is_open, lines };
            cases.push((one.requested_at, shown));
        }
        cases.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Ok(slots::Care { links, cases: cases.into_iter().map(|(_, case)| case).collect() })
    }
}
