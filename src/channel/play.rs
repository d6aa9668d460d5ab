//! A far side that a test plays: it sees every step of a send and answers as it likes. Compiled in by the feature
//! `crash-points` alone.

use std::fmt;

use futures_util::future::BoxFuture;

use super::{Intent, Receipt, Sealed, SendError};
use crate::domain::id::NoticeKey;

/// What the test decides.
pub trait Play: fmt::Debug + Send + Sync {
    /// Whether this far side recognises a key.
    fn idempotent(&self) -> bool;
    /// Everything before the intent: an error means that nothing left us.
    fn connect(&self, key: NoticeKey) -> BoxFuture<'_, Result<(), SendError>>;
    /// The bytes are on the wire.
    fn deliver<'a>(&'a self, sealed: &'a Sealed) -> BoxFuture<'a, Result<Receipt, SendError>>;
}

/// One attempt, in the steps that every channel takes.
pub(super) async fn send(play: &dyn Play, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
    play.connect(sealed.key).await?;
    if !intent.commit().await {
        return Err(SendError::NotWanted);
    }
    play.deliver(sealed).await
}
