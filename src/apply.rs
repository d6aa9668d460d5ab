//! THE HINGE: a batch of events, one transaction.

/// What became of one incoming event, once the batch is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Folded into its order.
    Applied,
    /// Seen before, with the same content.
    Repeat,
    /// Kept until its tracking number is known.
    Waiting,
    /// Kept; nothing is done with its type.
    UnknownType,
    /// Kept in quarantine, for this reason.
    Refused { reason: String },
}

/// The reason in [`Verdict::Refused`] where an id came again with other content (contract, section 1). The HTTP door tells
/// this refusal from the others by it.
pub const REUSED_ID: &str = "id: used before, for other content";

/// A batch could not be stored for now: nothing of it was kept, and it may be tried again as it is.
#[derive(Debug, thiserror::Error)]
#[error("the store did not take the batch")]
pub struct ApplyFailed(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl ApplyFailed {
    /// Wraps the store's own error.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}
