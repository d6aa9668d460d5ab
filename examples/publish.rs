//! Publishes a file of events (JSON Lines of structured CloudEvents) to RabbitMQ, persistent and with confirms: how a shop should
//! do it, and what `tests/real-input` feeds the workers with.
//!
//! ```sh
//! cargo run --example publish -- amqp://localhost:5672/%2f commerce.events < events.jsonl
//! ```
//!
//! Ends with an error if a single event was not confirmed, or no queue was there to take it.

use std::io::BufRead as _;

use anyhow::{Context as _, bail};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties, PublisherConfirm};
use serde::Deserialize;

/// Events sent and not yet confirmed. More was measured to bring nothing.
const UNCONFIRMED_MAX: usize = 500;

#[derive(Deserialize)]
struct Attributes {
    id: String,
    r#type: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: publish AMQP_URL EXCHANGE < events.jsonl";
    let (url, exchange) = (arguments.next().context(usage)?, arguments.next().context(usage)?);

    let connection = Connection::connect(&url, ConnectionProperties::default()).await.context("no connection")?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;

    let mut unconfirmed: FuturesUnordered<PublisherConfirm> = FuturesUnordered::new();
    let mut published = 0_u64;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("standard input cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let event: Attributes = serde_json::from_str(&line).with_context(|| format!("line {}", published + 1))?;
        let properties = BasicProperties::default()
            .with_content_type("application/cloudevents+json".into())
            .with_delivery_mode(2)
            .with_message_id(event.id.into());
        // Mandatory: what no queue takes comes back instead of being lost.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let kind = event.r#type.into();
        unconfirmed
            .push(channel.basic_publish(exchange.as_str().into(), kind, options, line.as_bytes(), properties).await?);
        published += 1;
        if unconfirmed.len() >= UNCONFIRMED_MAX {
            confirmed(&mut unconfirmed).await?;
        }
    }
    while !unconfirmed.is_empty() {
        confirmed(&mut unconfirmed).await?;
    }
    connection.close(200, "done".into()).await?;
    eprintln!("published and confirmed: {published}");
    Ok(())
}

/// Waits for one confirmation.
async fn confirmed(unconfirmed: &mut FuturesUnordered<PublisherConfirm>) -> anyhow::Result<()> {
    let Some(answer) = unconfirmed.next().await else { return Ok(()) };
    match answer? {
        Confirmation::Ack(None) => Ok(()),
        Confirmation::Ack(Some(_)) => bail!("no queue took an event: start a worker first, it declares the queue"),
        Confirmation::Nack(_) => bail!("the broker refused an event"),
        Confirmation::NotRequested => bail!("the broker gives no confirms"),
    }
}
