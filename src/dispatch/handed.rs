//! What waits in the rooms: a claim on a notice, and what is needed to make use of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::domain::notice::Notice;

/// A notice that this worker holds a claim on, with the order as it was when the claim was made.
///
/// `O` is the order's state; the room itself does not look into it.
#[derive(Debug, Clone)]
pub struct Handed<O> {
    pub notice: Notice,
    /// Every later write must show this fence.
    pub fence: i32,
    /// Shared by all notices of one order that came out of one batch.
    pub order: Arc<O>,
    /// The order's version that `order` is the state of.
    pub version: i64,
    /// When the claim runs out, unless it is extended.
    pub leased_until: Timestamp,
    /// What earlier tries left behind; `None` on the first one.
    pub earlier: Option<Box<Earlier>>,
}

impl<O> Handed<O> {
    /// A notice that was inserted just now as claimed by this worker, at `now`.
    pub fn fresh(notice: Notice, order: Arc<O>, version: i64, now: Timestamp) -> Self {
        Self { notice, fence: 1, order, version, leased_until: now + LEASE, earlier: None }
    }
}

/// How long a claim lasts. A dead worker's notices are taken over after it, at the next look: within a minute in all. Longer than
/// what a busy machine or a database that fails over lets a living worker sleep.
pub const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// What earlier tries of a notice left behind.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// Tries so far that reached the far side.
    pub attempts: u32,
    pub first_try_at: Option<Timestamp>,
    /// One of them may have arrived.
    pub unsure: bool,
    /// The packed bytes, which the next try must reuse if they may have arrived.
    pub sealed: Option<Vec<u8>>,
}
