//! From "tell this" to a message: the seam between the dispatcher and the shop's voice.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use crate::channel::Message;
use crate::domain::goods::Goods;
use crate::domain::notice::Notice;
use crate::domain::order::Order;
use crate::domain::policy::Policy;
use crate::domain::release::Telling;

/// Everything that a message is made of.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    pub order: &'a Order,
    pub notice: &'a Notice,
    pub telling: &'a Telling,
    pub policy: &'a Policy,
    /// What the same person bought before, where the brand's content asks for it.
    pub earlier: &'a Goods,
    pub now: Timestamp,
}

/// A message could not be made, which is a fault of templates or settings. The words name the place, nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotComposed(pub String);

/// Makes messages. A function, since the voice is reloaded while the worker runs.
#[derive(Clone)]
pub struct Composer(Arc<Compose>);

type Compose = dyn Fn(&Draft<'_>) -> Result<Message, NotComposed> + Send + Sync;

impl Composer {
    /// Asks `compose` for each message.
    pub fn new(compose: impl Fn(&Draft<'_>) -> Result<Message, NotComposed> + Send + Sync + 'static) -> Self {
        Self(Arc::new(compose))
    }

    /// Makes one message.
    ///
    /// # Errors
    /// [`NotComposed`] if a template fails on it.
    pub fn compose(&self, draft: &Draft<'_>) -> Result<Message, NotComposed> {
        (self.0)(draft)
    }
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Composer")
    }
}
