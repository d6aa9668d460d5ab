//! Carriers whose whole feed is silent: written by whoever watches the feeds, read at the start of every batch.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The carriers, by slug. Clones share one set.
#[derive(Debug, Clone, Default)]
pub struct QuietFeeds(Arc<RwLock<Arc<BTreeSet<String>>>>);

impl QuietFeeds {
    /// Takes the place of what was known before.
    pub fn set(&self, carriers: BTreeSet<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(carriers);
    }

    /// The carriers whose feed is silent now.
    pub fn now(&self) -> Arc<BTreeSet<String>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
