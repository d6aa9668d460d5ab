//! Room in the dispatcher for the notices of one batch: what finds none waits in the database.

use jiff::Timestamp;

use crate::dispatch::handoff::{Handed, Handoff, Slots};
use crate::domain::notice::Notice;
use crate::domain::order::Order;
use crate::domain::person::Channel;

/// Slots in the dispatcher's rooms for the notices of one batch.
pub(super) struct Room {
    slots: Vec<(Channel, Slots<Order>, usize)>,
}

impl Room {
    /// Asks for as many slots as there are notices that are due now.
    pub(super) fn reserve(handoff: &Handoff<Order>, notices: &[Notice], now: Timestamp) -> Self {
        let wanted = |channel| notices.iter().filter(|n| n.channel == channel && n.due <= now).count();
        let reserve = |channel| {
            let slots = handoff.reserve(channel, wanted(channel));
            let left = slots.left();
            (channel, slots, left)
        };
        Self { slots: Channel::ALL.map(reserve).into() }
    }

    /// Whether this notice goes straight to the dispatcher.
    pub(super) fn take(&mut self, notice: &Notice, now: Timestamp) -> bool {
        let place = self.slots.iter_mut().find(|(channel, _, left)| *channel == notice.channel && *left > 0);
        match place {
            Some((_, _, left)) if notice.due <= now => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// Puts a notice into the slot that was taken for it.
    pub(super) fn fill(&mut self, handed: Handed<Order>) {
        let channel = handed.notice.channel;
        let (_, slots, _) = self.slots.iter_mut().find(|(c, _, _)| *c == channel).expect("a room for each channel");
        slots.fill(handed);
    }
}
