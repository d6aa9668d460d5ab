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
