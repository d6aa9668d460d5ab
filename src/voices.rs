//! What customers tell, as gauges: cases that wait, and what the answers of the last four weeks come to.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::domain::listen::score::{mean, nps, share};
use crate::store::listen::figures::{Answers, Cases};
use crate::store::{Store, StoreError};
use crate::telemetry::{self, Voiced};

/// How far the figures look back: four whole weeks, so that no weekday counts more than another.
const BACK: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Counts, and shows.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn look(store: &Store) -> Result<(), StoreError> {
    let since = store.clock().now() - BACK;
    let mut brands: BTreeMap<String, (Answers, Cases)> = BTreeMap::new();
    for (cell, answers) in store.answer_figures(since, "").await? {
        brands.entry(cell.brand).or_default().0.add(&answers);
    }
    for (cell, cases) in store.case_figures(since, "").await? {
        brands.entry(cell.brand).or_default().1.add(&cases);
    }
    let open = store.open_cases().await?;
    for one in &open {
        brands.entry(one.brand.clone()).or_default();
    }
    let voiced = brands.into_iter().map(|(brand, (answers, cases))| {
        let open = open.iter().find(|one| one.brand == brand);
        let value = |figure: Option<crate::domain::listen::score::Figure>| figure.map(|figure| figure.value);
        Voiced {
            open: open.map_or(0, |one| one.open),
            answered: open.map_or(0, |one| one.answered),
            overdue: open.map_or(0, |one| one.overdue),
            scores: [
                ("csat", answers.csat.count, value(share(answers.satisfied, answers.csat.count))),
                ("nps", answers.nps, value(nps(answers.promoters, answers.detractors, answers.nps))),
                ("ces", answers.ces.count, value(mean(&answers.ces, (1.0, 7.0)))),
            ],
            first_answer_hours: value(mean(&cases.first_answer, (0.0, f64::MAX))),
            solved_hours: value(mean(&cases.solved, (0.0, f64::MAX))),
            brand,
        }
    });
    telemetry::voices(&voiced.collect::<Vec<_>>());
    Ok(())
}
