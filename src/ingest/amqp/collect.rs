//! From the consumer's stream to decoded batches.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use lapin::Acker;
use lapin::message::Delivery;
use lapin::types::AMQPValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::commit::Batch;
use super::{Ended, Health};
use crate::clock::Clock;
use crate::crash;
use crate::ingest::Incoming;
use crate::ingest::binary::Attributes;
use crate::ingest::decode::Decoder;
use crate::ingest::fault::Fault;

/// This door's name on what it refuses.
const DOOR: &str = "amqp";
/// Bytes of messages in one batch, at most; bounds what a batch of large events holds in memory.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// How large a batch may grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) events_max: usize,
    pub(super) wait: Duration,
}

/// Receives and decodes; hands a batch on as soon as the committer is free.
pub(super) struct Collector {
    pub(super) consumer: lapin::Consumer,
    pub(super) decoder: Arc<Decoder>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) health: Arc<Health>,
    pub(super) batches: mpsc::Sender<Batch>,
    /// One permit, which the committer holds while it works: a batch grows until then and not a moment longer.
    pub(super) idle: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
    pub(super) over: CancellationToken,
}

/// Deliveries of a batch that is still growing.
#[derive(Default)]
struct Growing {
    incoming: Vec<Incoming>,
    bytes: usize,
    last: Option<Acker>,
}

impl Collector {
    pub(super) async fn run(mut self) -> Ended {
        let ended = loop {
            match self.batch().await {
                Ok(Some(batch)) => {
                    if self.batches.send(batch).await.is_err() {
                        // The committer has ended, and says why.
                        break Ended::Stopped;
                    }
                }
                Ok(None) => break Ended::Stopped,
                Err(ended) => break ended,
            }
        };
        if ended != Ended::Stopped {
            self.over.cancel();
        }
        ended
    }

    /// Collects one batch; `None` when nothing more is to come.
    async fn batch(&mut self) -> Result<Option<Batch>, Ended> {
        let first = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(None),
            () = self.over.cancelled() => return Ok(None),
            delivery = self.consumer.next() => delivery,
        };
        let mut growing = Growing::default();
        self.take(&mut growing, first)?;
        self.linger(&mut growing).await?;
        let Some(busy) = self.until_idle(&mut growing).await? else { return Ok(None) };
        let Growing { incoming, last, .. } = growing;
        let last = last.expect("a batch begins with a delivery");
        self.health.delivered(self.clock.now());
        Ok(Some(Batch { incoming, last, busy }))
    }

    /// Waits for more, as long as the settings want it.
    async fn linger(&mut self, growing: &mut Growing) -> Result<(), Ended> {
        self.drain(growing)?;
        if self.limits.wait.is_zero() {
            return Ok(());
        }
        let mut over = std::pin::pin!(tokio::time::sleep(self.limits.wait));
        while self.has_room(growing) {
            let delivery = tokio::select! {
                () = &mut over => break,
                () = self.stop.cancelled() => break,
                delivery = self.consumer.next() => delivery,
            };
            self.take(growing, delivery)?;
        }
        Ok(())
    }

    /// Lets the batch grow while the committer is at work; `None` if the link is over meanwhile.
    async fn until_idle(&mut self, growing: &mut Growing) -> Result<Option<OwnedSemaphorePermit>, Ended> {
        let mut idle = std::pin::pin!(Arc::clone(&self.idle).acquire_owned());
        loop {
            let delivery = tokio::select! {
                biased;
                permit = &mut idle => {
                    let permit = permit.expect("nobody closes this semaphore");
                    // What arrived at the same moment comes along.
                    self.drain(growing)?;
                    return Ok(Some(permit));
                }
                () = self.over.cancelled() => return Ok(None),
                delivery = self.consumer.next(), if self.has_room(growing) && !self.stop.is_cancelled() => delivery,
            };
            self.take(growing, delivery)?;
            self.drain(growing)?;
        }
    }

    /// Takes what is there without waiting.
    fn drain(&mut self, growing: &mut Growing) -> Result<(), Ended> {
        while self.has_room(growing) {
            let Some(delivery) = self.consumer.next().now_or_never() else { break };
            self.take(growing, delivery)?;
        }
        Ok(())
    }

    fn has_room(&self, growing: &Growing) -> bool {
        growing.incoming.len() < self.limits.events_max && growing.bytes < BATCH_BYTES_MAX
    }

    fn take(&self, growing: &mut Growing, delivery: Option<lapin::Result<Delivery>>) -> Result<(), Ended> {
        let delivery = match delivery {
            Some(Ok(delivery)) => delivery,
            Some(Err(err)) => return Err(Ended::broken(format_args!("the consumer failed: {err}"))),
            None => return Err(Ended::broken("the broker has cancelled the consumer: is the queue still there?")),
        };
        crash::point("ingest.received");
        // What is too big is cut by the decoder at once, and weighs no more than its limit.
        growing.bytes += delivery.data.len().min(self.decoder.limits().event_bytes_max);
        growing.last = Some(delivery.acker.clone());
        growing.incoming.push(judge(&self.decoder, delivery));
        crash::point("ingest.decoded");
        Ok(())
    }
}

/// Decodes one delivery: binary if its headers carry attributes, unless its content type says that it is structured.
fn judge(decoder: &Decoder, delivery: Delivery) -> Incoming {
    let Delivery { data, properties, .. } = delivery;
    let media = properties.content_type().as_ref().map_or("", |media| media.as_str()).to_ascii_lowercase();
    if media.starts_with("application/cloudevents-batch") {
        let fault = Fault::new("content-type", "batches are taken over http alone: publish one event a message");
        return decoder.refused(DOOR, fault, data, String::new());
    }
    if media.starts_with("application/cloudevents") {
        return decoder.structured(DOOR, data);
    }
    let mut attributes = Attributes::default();
    for (name, value) in properties.headers().iter().flat_map(|table| table.inner()) {
        if let Some(text) = as_text(value) {
            attributes.take(name.as_str(), text);
        }
    }
    if attributes.is_empty() {
        return decoder.structured(DOOR, data);
    }
    if !media.is_empty() {
        attributes.push("datacontenttype", media);
    }
    decoder.binary(DOOR, &attributes, data)
}

/// A header's value as CloudEvents writes it.
fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.to_string()),
        AMQPValue::Timestamp(seconds) => {
            Some(jiff::Timestamp::from_second(i64::try_from(*seconds).ok()?).ok()?.to_string())
        }
        AMQPValue::Boolean(value) => Some(value.to_string()),
        AMQPValue::LongInt(value) => Some(value.to_string()),
        AMQPValue::LongLongInt(value) => Some(value.to_string()),
        AMQPValue::ShortShortInt(_)
        | AMQPValue::ShortShortUInt(_)
        | AMQPValue::ShortInt(_)
        | AMQPValue::ShortUInt(_)
        | AMQPValue::LongUInt(_)
        | AMQPValue::Float(_)
        | AMQPValue::Double(_)
        | AMQPValue::DecimalValue(_)
        | AMQPValue::FieldArray(_)
        | AMQPValue::FieldTable(_)
        | AMQPValue::ByteArray(_)
        | AMQPValue::Void => None,
    }
}
