//! Everything around a worker that outlives it: the broker, the receivers of messages, and what has reached them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use doorstep::ingest::amqp;
use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{Channel, ExchangeKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::broker::shop::{Shop, until};
use crate::servers::{http, smtp};

/// What one notice's receiver and the shop have heard of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// The bytes of each copy.
    pub(super) copies: Vec<Vec<u8>>,
    /// Ids of outcome events by kind: receivers drop a second event with the same id.
    pub(super) outcomes: BTreeMap<String, BTreeSet<String>>,
}

/// A shop with its exchange for outcome events, used by one run after another.
pub(super) struct Place {
    pub(super) shop: Shop,
    pub(super) outcomes: String,
    channel: Channel,
    queue: String,
}

impl Place {
    pub(super) async fn new() -> Self {
        let shop = Shop::new().await;
        amqp::check(&shop.settings()).await.expect("the broker takes the topology");
        let channel = shop.direct.create_channel().await.unwrap();
        let outcomes = format!("t-{}.outcomes", Uuid::new_v4().simple());
        let queue = format!("{outcomes}.queue");
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let (exchange, none) = (outcomes.as_str(), FieldTable::default);
        channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, none()).await.unwrap();
        let exclusive = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.as_str().into(), exclusive, none()).await.unwrap();
        let options = QueueBindOptions::default();
        channel.queue_bind(queue.as_str().into(), exchange.into(), "#".into(), options, none()).await.unwrap();
        Self { shop, outcomes, channel, queue }
    }

    /// The worker's `[amqp]` section: small batches, so that a death falls between two of them, and small frames, since to
    /// lay out room for large ones costs a short life a third of its time.
    pub(super) fn amqp(&self) -> Value {
        let settings = self.shop.settings();
        json!({"url": format!("{}?frame_max=8192", settings.url), "exchange": settings.exchange, "queue": settings.queue,
            "dead_exchange": settings.dead_exchange, "dead_queue": settings.dead_queue, "batch_max": 2})
    }

    /// Messages that are ready once the last consumer is gone: what a dead one had in hand is back among them, for the
    /// queue takes it back in the same step in which it forgets the consumer.
    pub(super) async fn left_behind(&self) -> usize {
        let (queue, ready) = (self.shop.settings().queue, AtomicUsize::new(0));
        until("the end of the last consumer", || async {
            let (messages, consumers) = self.shop.counts(&queue).await.expect("the queue exists");
            ready.store(messages, Ordering::Relaxed);
            consumers == 0
        })
        .await;
        ready.into_inner()
    }

    /// Throws away what is still in the queue.
    pub(super) async fn purge(&self) {
        let queue = self.shop.settings().queue;
        self.channel.queue_purge(queue.as_str().into(), QueuePurgeOptions::default()).await.unwrap();
    }

    /// Every outcome event about a notice or an alert since the last time, by its key.
    async fn outcomes(&self) -> Vec<(Uuid, Value)> {
        let mut all = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) = self.channel.basic_get(self.queue.as_str().into(), options).await.unwrap() {
            let event: Value = serde_json::from_slice(&message.data).expect("outcome events are JSON");
            // A delay's event is about an order; how often its notices were told is what counts here.
            if event["type"].as_str().is_some_and(|kind| kind.starts_with("delay.")) {
                continue;
            }
            let key = event["data"]["key"].as_str().and_then(|key| key.parse().ok()).expect("a key");
            all.push((key, event));
        }
        all
    }

    /// Forgets a run that led nowhere.
    pub(super) async fn clear(&self) {
        self.purge().await;
        self.outcomes().await;
    }
}

/// The receivers of one run.
pub(super) struct FarSide {
    pub(super) http: http::Server,
    pub(super) smtp: Option<smtp::Server>,
}

impl FarSide {
    pub(super) async fn new(with_smtp: bool) -> Self {
        let smtp = if with_smtp { Some(smtp::Server::start(smtp::Mode::Plain).await) } else { None };
        Self { http: http::Server::start().await, smtp }
    }

    /// Everything that reached anyone in this run, by the notice's key.
    pub(super) async fn heard(&self, place: &Place) -> BTreeMap<Uuid, Heard> {
        let mut all: BTreeMap<Uuid, Heard> = BTreeMap::new();
        for request in self.http.seen() {
            // Text messages carry the same key in `webhook-id`, for receivers that follow Standard Webhooks.
            let key = request.header("idempotency-key").parse().expect("every request has a key");
            all.entry(key).or_default().copies.push(request.body);
        }
        for mail in self.smtp.iter().flat_map(|server| server.seen().taken) {
            let text = String::from_utf8_lossy(&mail.data).into_owned();
            let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: <")).expect("every mail has one");
            let key = id.split('@').next().and_then(|key| key.parse().ok()).expect("it begins with the key");
            all.entry(key).or_default().copies.push(mail.data);
        }
        for (key, event) in place.outcomes().await {
            let word = |name: &str| event[name].as_str().expect("text").to_owned();
            all.entry(key).or_default().outcomes.entry(word("type")).or_default().insert(word("id"));
        }
        all
    }
}
