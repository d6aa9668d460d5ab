//! When a customer is asked how it went: after the last parcel, in daylight, never while something is wrong, and not often.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::rating::{Low, Question};
use crate::domain::called::{Called, Truth};
use crate::domain::fold::Stamp;
use crate::domain::notice::Why;
use crate::domain::order::State;
use crate::domain::parcel::Status;
use crate::domain::stage::Stage;
use crate::domain::window;

/// How long after its time the question still makes sense. A week later nobody remembers the parcel.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long before the evening a question that comes late may still go out on the same day.
const DAYLIGHT: SignedDuration = SignedDuration::from_hours(10);

/// How a brand asks. A brand's choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Days after the last parcel. 1: what was opened in the evening has been tried by then.
    pub after_days: u32,
    /// By the clock of the destination. 10:00.
    pub at: Time,
    /// A person is asked once within this time, over all orders of the brand's house. 30 days.
    pub apart: SignedDuration,
    /// What the page asks, in this order. The first one is asked in the mail as well if it is [`Question::Csat`].
    pub questions: Vec<Question>,
    /// From which answers on a case is opened by itself.
    pub low: Low,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            after_days: 1,
            at: Time::constant(10, 0, 0, 0),
            apart: SignedDuration::from_hours(30 * 24),
            questions: Question::ALL.to_vec(),
            low: Low::default(),
        }
    }
}

/// When the question is due, and when the last parcel was handed over; `None` while anything is still to come, and for ever
/// where a parcel was lost or sent back or the whole order cancelled.
pub fn due(state: &State<'_>, ask: &Ask) -> Option<(Timestamp, Stamp)> {
    let all = !state.parcels.is_empty() && state.parcels.iter().all(|parcel| parcel.status() == Status::Delivered);
    if !all || state.cancelled.is_some() || !state.unshipped().is_empty() {
        return None;
    }
    let last = state.parcels.iter().filter_map(|parcel| parcel.now()).map(|now| now.from).max()?;
    let day = window::local_day(last.time(), &state.zone).checked_add(i64::from(ask.after_days).days()).ok()?;
    let at = window::at_local(day, ask.at, &state.zone);
    let at = if at > last.time() { at } else { window::at_local(day.tomorrow().ok()?, ask.at, &state.zone) };
    Some((at, last))
}

/// The question, once its time has come.
pub fn called(state: &State<'_>, ask: &Ask, now: Timestamp) -> Option<Called> {
    let (at, _) = due(state, ask)?;
    (at <= now).then(|| Called {
        stage: Stage::Feedback,
        parcel: None,
        at,
        between: (i64::MIN, i64::MAX),
        mark: None,
        truth: Truth::Holds,
        expires: Some(at + STALE),
        only: None,
    })
}

/// The first moment from `now` on at which a question does not come at an odd hour: its own hour, or up to the evening.
pub fn in_daylight(now: Timestamp, ask: &Ask, state: &State<'_>) -> Timestamp {
    let today = window::local_day(now, &state.zone);
    let opens = window::at_local(today, ask.at, &state.zone);
    if now < opens {
        opens
    } else if now < opens + DAYLIGHT {
        now
    } else {
        today.tomorrow().map_or(now, |day| window::at_local(day, ask.at, &state.zone))
    }
}

/// What a person has told us, and when we last asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    /// Of this order it was said that something is wrong, whatever became of it.
    pub complained: bool,
    /// A case of this person is open or waits for an end, of whichever order.
    pub in_case: bool,
    /// This order was rated already.
    pub rated: bool,
    /// Another question went to this person within the brand's time.
    pub asked: bool,
}

/// Why a person is not to be asked; `None`: they may be.
pub fn refusal(heard: Heard) -> Option<Why> {
    match heard {
        Heard { in_case: true, .. } => Some(Why::CaseOpen),
        Heard { complained: true, .. } => Some(Why::Complained),
        Heard { rated: true, .. } => Some(Why::Rated),
        Heard { asked: true, .. } => Some(Why::AskedLately),
        Heard { .. } => None,
    }
}
