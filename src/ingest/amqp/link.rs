//! One unit of connection, channel, topology, prefetch and consumer: built, watched and closed as a whole.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties, Event};
use tokio::time::timeout;

use super::settings::{Settings, WrongSetting};
use crate::ingest::topology::{self, Unfit};

/// The longest time for building everything: a broker on the other side of the world answers ten questions in 3 s.
const BUILD_MAX: Duration = Duration::from_secs(15);
/// The longest wait for an answer to the watchdog's question; shorter if it asks more often.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// The longest wait for each step of an orderly end; then the socket is dropped.
const CLOSE_MAX: Duration = Duration::from_secs(3);

/// A unit that consumes.
pub(super) struct Link {
    pub(super) connection: Connection,
    pub(super) channel: Channel,
    pub(super) consumer: lapin::Consumer,
}

/// Why there is no consumer.
#[derive(Debug, thiserror::Error)]
pub enum Cannot {
    #[error(transparent)]
    Setting(#[from] WrongSetting),
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("cannot reach the broker")]
    Connect(#[source] lapin::Error),
    #[error("the broker refuses the consumer")]
    Consume(#[source] lapin::Error),
    #[error("the broker did not answer within {} s", BUILD_MAX.as_secs())]
    Silent,
}

impl Cannot {
    /// The whole story in one line, causes included.
    pub(super) fn told(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(err) = cause {
            text.push_str(": ");
            text.push_str(&err.to_string());
            cause = err.source();
        }
        text
    }
}

/// Builds a unit.
pub(super) async fn build(settings: &Settings) -> Result<Link, Cannot> {
    let building = async {
        let connection = connect(settings).await?;
        topology::prepare(&connection, settings).await?;
        let channel = connection.create_channel().await.map_err(Cannot::Consume)?;
        let qos = BasicQosOptions::default();
        channel.basic_qos(settings.prefetch.get(), qos).await.map_err(Cannot::Consume)?;
        let (queue, tag) = (settings.queue.as_str().into(), ShortString::default());
        let consuming = channel.basic_consume(queue, tag, BasicConsumeOptions::default(), FieldTable::default());
        let consumer = consuming.await.map_err(Cannot::Consume)?;
        Ok(Link { connection, channel, consumer })
    };
    timeout(BUILD_MAX, building).await.unwrap_or(Err(Cannot::Silent))
}

/// Connects, makes or verifies the topology, and leaves again without consuming: for `doorstep check`.
///
/// # Errors
/// [`Cannot`], naming what is wrong and what to do.
pub async fn check(settings: &Settings) -> Result<(), Cannot> {
    let checking = async {
        let connection = connect(settings).await?;
        topology::prepare(&connection, settings).await?;
        if let Err(err) = connection.close(200, "checked".into()).await {
            tracing::debug!(%err, "closing the connection");
        }
        Ok(())
    };
    timeout(BUILD_MAX, checking).await.unwrap_or(Err(Cannot::Silent))
}

async fn connect(settings: &Settings) -> Result<Connection, Cannot> {
    let address = settings.address()?;
    let properties = ConnectionProperties::default().with_connection_name("doorstep consumer".into());
    Connection::connect_uri(address, properties).await.map_err(Cannot::Connect)
}

/// Watches a unit until something shows that it is dead, and says what.
pub(super) async fn watch(connection: &Connection, channel: &Channel, settings: &Settings) -> String {
    let mut events = std::pin::pin!(connection.events_listener());
    let every = Duration::from_secs(u64::from(settings.watchdog_secs.get()));
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Event::ConnectionBlocked(why)) => return format!("the broker blocks the connection: {why}"),
                Some(Event::Error(err)) => return format!("the connection failed: {err}"),
                None => return "the connection is gone".to_owned(),
                // The rest is no trouble, or of no concern to a consumer; the enum is not ours and may grow.
                Some(_) => {}
            },
            () = tokio::time::sleep(every) => {
                let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
                let asked = channel.queue_declare(settings.queue.as_str().into(), options, FieldTable::default());
                match timeout(ANSWER_MAX.min(every), asked).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(err)) => return format!("the queue is not answered for: {err}"),
                    Err(_) => return "the broker has fallen silent".to_owned(),
                }
            }
        }
    }
}

/// Ends a unit in order, as far as it still answers: no more deliveries, then channel and connection.
pub(super) async fn close(connection: Connection, channel: Channel, tag: ShortString) {
    let ending = async {
        if channel.status().connected() {
            channel.basic_cancel(tag, BasicCancelOptions::default()).await?;
            channel.close(200, "done".into()).await?;
        }
        if connection.status().connected() {
            connection.close(200, "done".into()).await?;
        }
        Ok::<(), lapin::Error>(())
    };
    match timeout(CLOSE_MAX, ending).await {
        Ok(Ok(())) => {}
        Ok(Err(err)) => tracing::debug!(%err, "closing the connection to the broker"),
        Err(_) => tracing::debug!("the broker did not answer while the connection was closed"),
    }
}
