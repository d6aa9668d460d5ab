//! The three entrances: RabbitMQ, HTTP, files. Each decodes, applies, and only then acknowledges.

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
