//! A place between the store and its database where a test lets work wait for its turn, fail, or lose its answer.
//!
//! Compiled in by the feature `crash-points` alone; without it there is nothing here but calls that do nothing.

#[cfg(feature = "crash-points")]
pub use live::{Faults, Turn};
pub(super) use seam::{Held, Seam};

#[cfg(feature = "crash-points")]
mod live {
    use futures_util::future::BoxFuture;

    use crate::store::StoreError;

    /// What a test does to one worker's database work.
    pub trait Faults: Send + Sync {
        /// Asks for a turn, before a connection is taken. An error: the work never began.
        fn begin(&self, writes: bool) -> BoxFuture<'static, Result<Box<dyn Turn>, StoreError>>;
        /// Takes the place of the pause after which failed work is tried again.
        fn pause(&self) -> BoxFuture<'static, ()>;
    }

    /// A turn at the database; over when it is dropped.
    pub trait Turn: Send + Sync {
        /// Before the commit. An error: everything is rolled back.
        fn commit(&mut self) -> Result<(), StoreError>;
        /// After the commit. An error: it happened, and nobody was told.
        fn committed(&mut self) -> Result<(), StoreError>;
    }
}

#[cfg(feature = "crash-points")]
mod seam {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Faults, Turn};
    use crate::store::conn::Conn;
    use crate::store::{Store, StoreError};

    /// Whether, and how, a test stands in between.
    #[derive(Clone, Default)]
    pub(in crate::store) struct Seam(Option<Arc<dyn Faults>>);

    /// The turn of the work under way.
    pub(in crate::store) struct Held(Option<Box<dyn Turn>>);

    impl Seam {
        pub(in crate::store) async fn begin(&self, writes: bool) -> Result<Held, StoreError> {
            Ok(Held(match &self.0 {
                Some(faults) => Some(faults.begin(writes).await?),
                None => None,
            }))
        }

        pub(in crate::store) async fn pause(&self, pause: Duration) {
            match &self.0 {
                Some(faults) => faults.pause().await,
                None => tokio::time::sleep(pause).await,
            }
        }
    }

    impl Held {
        pub(in crate::store) async fn finish(mut self, conn: Conn) -> Result<(), StoreError> {
            if let Some(turn) = &mut self.0 {
                turn.commit()?;
            }
            conn.finish().await?;
            self.0.as_mut().map_or(Ok(()), |turn| turn.committed())
        }
    }

    impl Store {
        /// The same store, with this between it and its database.
        pub fn with_faults(&self, faults: Arc<dyn Faults>) -> Self {
            Self { seam: Seam(Some(faults)), ..self.clone() }
        }
    }
}

#[cfg(not(feature = "crash-points"))]
mod seam {
    use std::time::Duration;

    use crate::store::StoreError;
    use crate::store::conn::Conn;

    #[derive(Clone, Default)]
    pub(in crate::store) struct Seam;

    pub(in crate::store) struct Held;

    impl Seam {
        #[inline(always)]
        pub(in crate::store) async fn begin(&self, _writes: bool) -> Result<Held, StoreError> {
            Ok(Held)
        }

        #[inline(always)]
        pub(in crate::store) async fn pause(&self, pause: Duration) {
            tokio::time::sleep(pause).await;
        }
    }

    impl Held {
        #[inline(always)]
        pub(in crate::store) async fn finish(self, conn: Conn) -> Result<(), StoreError> {
            conn.finish().await
        }
    }
}
