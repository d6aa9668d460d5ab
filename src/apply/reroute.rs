//! What the customer must know goes by the other way.

use super::batch::Batch;
use super::{ApplyFailed, CONFLICTS_MAX, Failed, Hinge};
use crate::domain::notice::Notice;
use crate::domain::person::ContactKey;
use crate::store::{StoreError, unbroken};

impl Hinge {
    /// Plans the necessary news of a notice on the person's other channel, once. `dead`: addresses that take nothing any
    /// more; ops are told of the one that the order still has.
    ///
    /// Answers with the version that the order has now.
    ///
    /// # Errors
    /// [`ApplyFailed`] if the store did not take it: nothing has changed, and it may be tried again.
    pub async fn reroute(&self, notice: Notice, dead: Vec<ContactKey>) -> Result<Option<i64>, ApplyFailed> {
        let hinge = self.clone();
        unbroken(async move { hinge.reroute_all(&notice, &dead).await }).await.map_err(ApplyFailed::new)
    }

    async fn reroute_all(&self, notice: &Notice, dead: &[ContactKey]) -> Result<Option<i64>, StoreError> {
        let mut conflicts = 0;
        loop {
            match self.reroute_once(notice, dead).await {
                Err(Failed::Store(StoreError::Conflict)) if conflicts < CONFLICTS_MAX => conflicts += 1,
                result => return result.map_err(Into::into),
            }
        }
    }

    async fn reroute_once(&self, notice: &Notice, dead: &[ContactKey]) -> Result<Option<i64>, Failed> {
        let mut tx = self.store.begin("reroute").await?;
        let mut batch = Batch::new(self.quiet_feeds.now());
        self.load(&mut tx, &mut batch, std::iter::once(&notice.order)).await?;
        let policy = self.policies.of(&notice.order.brand());
        batch.reroute(notice, dead, &policy, self.clock.now());
        let version = batch.version(&notice.order);
        self.commit(tx, batch, Vec::new(), Vec::new()).await?;
        Ok(version)
    }
}
