//! What customers tell us after delivery: how it went ([`rating`]), that something is wrong ([`case`]), that they send
//! something back ([`sending_back`]); when they are asked ([`ask`]), and what it all adds up to ([`score`]).

use super::event::Address;
use super::fold::value;
use super::order::State;

pub mod ask;
pub mod case;
pub mod rating;
pub mod score;
pub mod sending_back;

/// Longest text that a customer or a shop writes in one go, in characters. Letters to shops are shorter.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// What an answer or a case is counted by, beside its brand. Taken when it came in, so that later facts move no number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The carrier's slug: of the parcel that was delivered last, else of the first.
    pub carrier: Option<String>,
    /// From which country to which, as `DE → PL`.
    pub lane: Option<String>,
}

impl About {
    /// What an order as it stands is counted by. `home`: the country that the brand sends from where the order does not say.
    pub fn of(state: &State<'_>, home: Option<&str>) -> Self {
        let delivered = state.parcels.iter().filter(|parcel| parcel.delivered_at().is_some());
        let parcel = delivered.max_by_key(|parcel| parcel.delivered_at()).or(state.parcels.first());
        let from = value(&state.known.order.ship_from).and_then(|from| from.country.as_deref()).or(home);
        let to = value(&state.known.order.address).and_then(|to: &Address| to.country.as_deref());
        Self {
            carrier: parcel.and_then(|parcel| value(&parcel.facts.known.carrier)).cloned(),
            lane: from.zip(to).map(|(from, to)| format!("{from} → {to}")),
        }
    }
}

/// Text as it is kept: without what no database takes or no eye sees, and not without end. `None` if nothing is left.
pub fn kept(text: &str) -> Option<String> {
    let plain =
        |c: &char| *c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    let text: String = text.replace("\r\n", "\n").trim().chars().filter(plain).take(TEXT_CHARS_MAX).collect();
    (!text.trim().is_empty()).then_some(text)
}
