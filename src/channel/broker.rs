//! Outcome events on their way back to the shop: a topic exchange, with the broker's confirmation for each.
//!
//! The connection is its own: a broker that is short of memory blocks whoever publishes, and must not block the
//! acknowledgements of what is consumed. lapin's auto-recovery stays off; after any error the connection is thrown away and
//! built anew, after a pause that grows.

use std::fmt;
use std::time::Duration;

use futures_util::future::join_all;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind};
use rand::RngExt;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::timeout;
use uuid::Uuid;

use crate::telemetry::{self, Link as Line};

/// Most events that wait for their confirmation at once. Measured: 25,000 a second with 1,000 under way.
const UNDER_WAY_MAX: usize = 1_000;
/// Longest time for building a link.
const BUILD_MAX: Duration = Duration::from_secs(15);
/// Longest wait for the confirmations of [`UNDER_WAY_MAX`] events; a blocked broker answers none.
const CONFIRM_MAX: Duration = Duration::from_secs(15);
/// The pause before a second attempt to build; it doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// AMQP's delivery mode for messages that survive the broker's restart.
const PERSISTENT: u8 = 2;

/// Where outcome events go.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The durable topic exchange; the routing key is the event's type.
    pub exchange: String,
    /// Whether to make the exchange; otherwise it is only looked for.
    pub declare: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { exchange: "doorstep.outcomes".to_owned(), declare: true }
    }
}

/// An outcome event, as it goes out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// CloudEvents id, the same on every try: receivers drop a second one.
    pub id: Uuid,
    /// The routing key, such as `notice.sent`.
    pub kind: &'a str,
    /// The whole CloudEvent, structured JSON.
    pub body: &'a str,
}

/// Asked for the broker's address at each connection, so that a changed password is taken. The error must hold no secret.
type Address = Box<dyn Fn() -> Result<AMQPUri, String> + Send + Sync>;

/// Publishes outcome events.
pub struct Publisher {
    settings: Settings,
    address: Address,
    state: Mutex<State>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    /// Attempts to build that failed in a row.
    failures: u32,
    /// Whether a link ever stood.
    stood: bool,
}

struct Link {
    connection: Connection,
    channel: Channel,
    /// Whether it has been said that nobody listens.
    nobody_told: bool,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum Unlinked {
    #[error("{0}")]
    Address(String),
    #[error("cannot publish to the broker")]
    Broker(#[from] lapin::Error),
    #[error("the broker did not answer within {} s", BUILD_MAX.as_secs())]
    Silent,
}

impl Publisher {
    /// Prepares a publisher; nothing is connected yet.
    pub fn new(settings: Settings, address: impl Fn() -> Result<AMQPUri, String> + Send + Sync + 'static) -> Self {
        super::setup::install_tls();
        Self { settings, address: Box::new(address), state: Mutex::default() }
    }

    /// Waits until there is a link, however long that takes. May be dropped at any time.
    ///
    /// Called before events are claimed, so that none is held by a worker that cannot publish.
    pub async fn ready(&self) {
        let mut state = self.state.lock().await;
        loop {
            if state.link.as_ref().is_some_and(Link::stands) {
                return;
            }
            state.link = None;
            if state.failures > 0 {
                tokio::time::sleep(pause(state.failures)).await;
            }
            match self.build().await {
                Ok(link) => {
                    if state.stood {
                        telemetry::amqp_reconnect(Line::Publish);
                    }
                    (state.link, state.failures, state.stood) = (Some(link), 0, true);
                }
                Err(error) => {
                    state.failures = state.failures.saturating_add(1);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "outcome events cannot be published for now"
                    );
                }
            }
        }
    }

    /// Publishes, and gives back the ids that the broker has confirmed. The others must be published again.
    ///
    /// Without a link nothing is confirmed; [`Publisher::ready`] waits for one.
    pub async fn publish(&self, outcomes: &[Outgoing<'_>]) -> Vec<Uuid> {
        let mut state = self.state.lock().await;
        let mut confirmed = Vec::with_capacity(outcomes.len());
        for some in outcomes.chunks(UNDER_WAY_MAX) {
            // Taken out: if this is dropped half-way, the link goes with it.
            let Some(mut link) = state.link.take() else { break };
            let published = timeout(CONFIRM_MAX, link.publish(&self.settings.exchange, some, &mut confirmed)).await;
            match published {
                Ok(Ok(())) => state.link = Some(link),
                Ok(Err(error)) => tracing::warn!(%error, "the link for outcome events broke"),
                Err(_) => {
                    tracing::warn!("the broker does not confirm outcome events: it may be short of memory or disk")
                }
            }
        }
        confirmed
    }

    /// Closes the link in order, if there is one.
    pub async fn close(self) {
        let Some(link) = self.state.into_inner().link else { return };
        let closed = timeout(PAUSE_MAX, link.connection.close(200, "done".into())).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::debug!("the link for outcome events was not closed in order");
        }
    }

    async fn build(&self) -> Result<Link, Unlinked> {
        let address = (self.address)().map_err(Unlinked::Address)?;
        let building = async {
            let properties = ConnectionProperties::default().with_connection_name("doorstep publisher".into());
            let connection = Connection::connect_uri(address, properties).await?;
            let channel = connection.create_channel().await?;
            let passive = !self.settings.declare;
            let options = ExchangeDeclareOptions { durable: true, passive, ..ExchangeDeclareOptions::default() };
            let exchange = self.settings.exchange.as_str().into();
            channel.exchange_declare(exchange, ExchangeKind::Topic, options, FieldTable::default()).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(Link { connection, channel, nobody_told: false })
        };
        timeout(BUILD_MAX, building).await.unwrap_or(Err(Unlinked::Silent))
    }
}

impl Link {
    fn stands(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    async fn publish(
        &mut self,
        exchange: &str,
        outcomes: &[Outgoing<'_>],
        confirmed: &mut Vec<Uuid>,
    ) -> Result<(), lapin::Error> {
        // `mandatory` shows whether anybody listens.
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut waiting = Vec::with_capacity(outcomes.len());
        for one in outcomes {
            let properties = BasicProperties::default()
                .with_content_type("application/cloudevents+json".into())
                .with_delivery_mode(PERSISTENT)
                .with_message_id(one.id.to_string().into());
            let (exchange, key) = (exchange.into(), one.kind.into());
            let body = one.body.as_bytes();
            waiting.push(self.channel.basic_publish(exchange, key, options, body, properties).await?);
        }
        let mut broken = None;
        for (one, answer) in outcomes.iter().zip(join_all(waiting).await) {
            match answer {
                Ok(Confirmation::Ack(returned)) => {
                    // A topic exchange drops what nobody has asked for; that is its sense, and no reason to keep it here.
                    if returned.is_some() && !std::mem::replace(&mut self.nobody_told, true) {
                        tracing::info!(exchange, kind = one.kind, "nobody listens to these outcome events");
                    }
                    confirmed.push(one.id);
                }
                Ok(Confirmation::Nack(_) | Confirmation::NotRequested) => {}
                Err(error) => broken = Some(error),
            }
        }
        broken.map_or(Ok(()), Err)
    }
}

/// The pause after so many failures, between half and all of what doubling gives, so that workers do not come in step.
fn pause(failures: u32) -> Duration {
    let longest = PAUSE_MIN.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSE_MAX);
    longest.mul_f64(rand::rng().random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        for failures in [1, 2, 5, 10, 100, u32::MAX] {
            let pause = pause(failures);
            assert!(pause >= PAUSE_MIN / 2 && pause <= PAUSE_MAX, "{failures}: {pause:?}");
        }
        assert!(pause(100) >= PAUSE_MAX / 2);
    }
}
