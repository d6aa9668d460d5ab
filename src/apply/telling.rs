//! The outcome events of one batch: what was planned, taken back, opened and ended.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::alert::{Alert, AlertKey};
use crate::domain::id::{NoticeKey, OrderKey};
use crate::domain::notice::Why;
use crate::domain::order::Order;
use crate::outcomes;
use crate::store::rows::{Outcome, Planned};

/// What a batch has made of notices and alerts, and the orders after it.
pub(super) struct Made<'a> {
    pub(super) notices: &'a [Planned],
    pub(super) withdrawn: &'a [(OrderKey, NoticeKey, Why)],
    pub(super) alerts: &'a [Alert],
    pub(super) cleared: &'a [(OrderKey, AlertKey, &'static str)],
    pub(super) states: &'a HashMap<OrderKey, (Order, i64)>,
}

impl Made<'_> {
    pub(super) fn outcomes(&self, now: Timestamp) -> Vec<Outcome> {
        let order = |key: &OrderKey| self.states.get(key).map(|(order, _)| order);
        let planned = self.notices.iter().map(|planned| outcomes::planned(&planned.notice));
        let mut delays: Vec<Outcome> = self
            .notices
            .iter()
            .filter_map(|planned| outcomes::delay::planned(&planned.notice, order(&planned.notice.order)?))
            .collect();
        delays.dedup_by_key(|outcome| outcome.id);
        let taken_back = self
            .withdrawn
            .iter()
            .filter_map(|(key, notice, why)| outcomes::withdrawn(key, order(key)?, *notice, *why, now));
        let opened = self.alerts.iter().map(outcomes::alert::opened);
        let ended = self
            .cleared
            .iter()
            .filter_map(|(key, alert, why)| outcomes::alert::cleared(key, order(key)?, *alert, why, now));
        planned.chain(delays).chain(taken_back).chain(opened).chain(ended).collect()
    }
}
