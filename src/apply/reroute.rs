//! What the customer must know goes by the other way.

use super::batch::Batch;
use super::{ApplyFailed, CONFLICTS_MAX, Failed, Hinge};
use crate::domain::notice::Notice;
use crate::store::{StoreError, unbroken};

impl Hinge {
    /// Plans the necessary news of a notice on the person's other channel, once. `is_dead`: the address is to be mended, which ops
    /// are told.
    ///
    /// # Errors
    /// [`ApplyFailed`] if the store did not take it: nothing has changed, and it may be tried again.
    pub async fn reroute(&self, notice: Notice, is_dead: bool) -> Result<(), ApplyFailed> {
        let hinge = self.clone();
        unbroken(async move { hinge.reroute_all(&notice, is_dead).await }).await.map_err(ApplyFailed::new)
    }

    async fn reroute_all(&self, notice: &Notice, is_dead: bool) -> Result<(), StoreError> {
        let mut conflicts = 0;
        loop {
            match self.reroute_once(notice, is_dead).await {
                Err(Failed::Store(StoreError::Conflict)) if conflicts < CONFLICTS_MAX => conflicts += 1,
                result => return result.map_err(Into::into),
            }
        }
    }

    async fn reroute_once(&self, notice: &Notice, is_dead: bool) -> Result<(), Failed> {
        let mut tx = self.store.begin("reroute").await?;
        let mut batch = Batch::new(self.quiet_feeds.now());
        self.load(&mut tx, &mut batch, std::iter::once(&notice.order)).await?;
        let policy = self.policies.of(&notice.order.brand());
        batch.reroute(notice, is_dead, &policy, self.clock.now());
        Ok(self.commit(tx, batch, Vec::new(), Vec::new()).await?)
    }
}
