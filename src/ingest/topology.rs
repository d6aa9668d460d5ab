//! What must stand in the broker before we consume: exchange, queue, bindings, and a place for what is dead-lettered.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ErrorKind, ExchangeKind};
use serde::Deserialize;

use super::amqp::Settings;

/// Who makes exchange and queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// We declare them; what is there already must be the same. The default.
    Declare,
    /// The operator makes them; they must be there and be as the settings say. Bindings are the operator's too: the protocol
    /// has no way to look at them.
    Verify,
    /// The operator makes them, with whatever arguments; they must be there.
    Exists,
}

/// What sort of queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueType {
    /// Replicated, and three times as fast to consume as a classic one (RabbitMQ 3.10, measured). The default.
    Quorum,
    /// Durable and plain, without further arguments, so that a queue declared elsewhere as merely durable fits. Its
    /// dead-letter exchange is set by a policy on the broker.
    Classic,
}

/// Why the broker's side cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Something is missing that the operator makes.
    #[error("{what} is not there: make it, or set amqp.topology = \"declare\"")]
    Missing { what: String },
    /// Something is there with other properties.
    #[error(
        "{what} is there with other properties ({said}): set amqp.queue_type and the names to match it, or delete it while \
         it is empty and let doorstep declare it"
    )]
    Differs { what: String, said: String },
    /// The user may not do this.
    #[error("not permitted to use {what} ({said})")]
    Forbidden { what: String, said: String },
    /// The connection failed meanwhile.
    #[error("no answer about {what}")]
    Broken {
        what: String,
        #[source]
        source: lapin::Error,
    },
}

/// Makes or verifies everything, each step on a channel of its own, since a refusal closes the channel.
///
/// # Errors
/// [`Unfit`], naming what is wrong and what to do.
pub(super) async fn prepare(connection: &Connection, settings: &Settings) -> Result<(), Unfit> {
    let steps = Steps { connection, settings };
    match settings.topology {
        Mode::Declare => {
            steps.dead_letters().await?;
            steps.exchange(&settings.exchange, ExchangeKind::Topic, false).await?;
            steps.queue(&settings.queue, settings.queue_arguments(), false).await?;
            for pattern in &settings.bindings {
                steps.bind(&settings.queue, &settings.exchange, pattern).await?;
            }
            Ok(())
        }
        Mode::Verify => {
            steps.exchange(&settings.exchange, ExchangeKind::Topic, true).await?;
            steps.queue(&settings.queue, FieldTable::default(), true).await?;
            // It is there, so this creates nothing: the broker compares the arguments.
            match steps.queue(&settings.queue, settings.queue_arguments(), false).await {
                Err(Unfit::Forbidden { said, .. }) => {
                    tracing::info!(queue = %settings.queue, said, "may not compare the queue's arguments; it is there");
                    Ok(())
                }
                compared => compared,
            }
        }
        Mode::Exists => steps.queue(&settings.queue, FieldTable::default(), true).await,
    }
}

struct Steps<'a> {
    connection: &'a Connection,
    settings: &'a Settings,
}

impl Steps<'_> {
    /// Where the broker puts what it will not redeliver any more: kept, for a person to look at.
    async fn dead_letters(&self) -> Result<(), Unfit> {
        let Settings { dead_exchange, dead_queue, .. } = self.settings;
        self.exchange(dead_exchange, ExchangeKind::Fanout, false).await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), text("quorum"));
        self.queue(dead_queue, arguments, false).await?;
        self.bind(dead_queue, dead_exchange, "").await
    }

    async fn exchange(&self, name: &str, kind: ExchangeKind, passive: bool) -> Result<(), Unfit> {
        let what = format!("exchange {name}");
        let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
        let channel = self.channel(&what).await?;
        let done = channel.exchange_declare(name.into(), kind, options, FieldTable::default()).await;
        finish(channel, done, what).await
    }

    async fn queue(&self, name: &str, arguments: FieldTable, passive: bool) -> Result<(), Unfit> {
        let what = format!("queue {name}");
        let options = QueueDeclareOptions { passive, durable: true, ..QueueDeclareOptions::default() };
        let channel = self.channel(&what).await?;
        let done = channel.queue_declare(name.into(), options, arguments).await.map(drop);
        finish(channel, done, what).await
    }

    async fn bind(&self, queue: &str, exchange: &str, pattern: &str) -> Result<(), Unfit> {
        let what = format!("binding of {queue} to {exchange}");
        let channel = self.channel(&what).await?;
        let options = QueueBindOptions::default();
        let done =
            channel.queue_bind(queue.into(), exchange.into(), pattern.into(), options, FieldTable::default()).await;
        finish(channel, done, what).await
    }

    async fn channel(&self, what: &str) -> Result<Channel, Unfit> {
        let opened = self.connection.create_channel().await;
        opened.map_err(|source| Unfit::Broken { what: what.to_owned(), source })
    }
}

impl Settings {
    /// What the main queue is declared with.
    pub(super) fn queue_arguments(&self) -> FieldTable {
        let mut arguments = FieldTable::default();
        match self.queue_type {
            QueueType::Classic => {}
            QueueType::Quorum => {
                arguments.insert("x-queue-type".into(), text("quorum"));
                arguments.insert("x-dead-letter-exchange".into(), text(&self.dead_exchange));
                // Dead-lettering loses nothing either: it waits for the other queue's confirm. Needs reject-publish.
                arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
                arguments.insert("x-overflow".into(), text("reject-publish"));
                arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(self.delivery_limit.get().into()));
            }
        }
        arguments
    }
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

async fn finish(channel: Channel, done: lapin::Result<()>, what: String) -> Result<(), Unfit> {
    let Err(source) = done else {
        // A channel that will not close is no reason to do without what it has just made.
        if let Err(err) = channel.close(200, "done".into()).await {
            tracing::debug!(%err, "closing a channel");
        }
        return Ok(());
    };
    let ErrorKind::ProtocolError(refusal) = source.kind() else { return Err(Unfit::Broken { what, source }) };
    // The broker's text holds names and arguments, nothing of any message.
    let said = refusal.get_message().to_string();
    Err(match refusal.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Unfit::Missing { what },
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Unfit::Differs { what, said },
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Unfit::Forbidden { what, said },
        AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => Unfit::Broken { what, source },
    })
}
