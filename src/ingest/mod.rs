//! The three entrances: RabbitMQ, HTTP, files. Each decodes, applies, and only then acknowledges. Those of HTTP and of files
//! stand in `web::door` and `cli::import`.

/// Facts from RabbitMQ.
pub mod amqp;
// CloudEvents in binary mode.
pub mod binary;
// Bytes to events.
pub mod decode;
/// Why something was refused.
pub mod fault;
// The members of `data`, each read or left out.
pub(crate) mod field;
/// Group commit for callers that wait.
pub mod gather;
mod patch;
mod scan;
/// What must stand in the broker before we consume.
pub mod topology;
/// The members of `data` as they stand on the wire.
pub mod wire;

use std::future::Future;
use std::sync::Arc;

use crate::apply::{ApplyFailed, Verdict};
use crate::domain::event::Event;
use crate::store::rows::{Arrival, Refused};

/// What came through a door, judged by `decode`.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// An event of a type that we know.
    Event { arrival: Arrival, event: Box<Event> },
    /// A well-formed event of a type that we do not know: kept, counted, acknowledged; nobody is told.
    UnknownType { arrival: Arrival },
    /// Not an event: kept with the reason and the bytes.
    Refused(Refused),
}

impl Incoming {
    /// The inbox's row, for what is an event.
    pub fn arrival(&self) -> Option<&Arrival> {
        match self {
            Self::Event { arrival, .. } | Self::UnknownType { arrival } => Some(arrival),
            Self::Refused(_) => None,
        }
    }
}

/// The hinge as the doors see it: takes a batch, commits it, and says what became of each event, in the same order.
///
/// A trait, because the doors' own tests need a hinge that can be told to fail; the real one is `apply::Hinge`.
pub trait Apply: Clone + Send + Sync + 'static {
    /// Applies `batch` in one transaction. The answer has one verdict for each event, in the batch's order.
    ///
    /// Whoever may have to try again keeps an `Arc` of the batch; others pass a `Vec`.
    ///
    /// # Errors
    /// [`ApplyFailed`] if the store did not take the batch: nothing of it was kept, so the same batch may come again.
    fn apply(
        &self,
        batch: impl Into<Arc<Vec<Incoming>>> + Send,
    ) -> impl Future<Output = Result<Vec<Verdict>, ApplyFailed>> + Send;
}
