//! A shop with an exchange, a queue and a way to the broker of its own.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use doorstep::clock::Clock;
use doorstep::ingest::amqp::{Consumer, Health, Settings};
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::gate::{Gate, PATIENCE};
use super::proxy::Proxy;

pub(crate) fn nonzero(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

/// A well-formed event with the id `e-N`.
pub(crate) fn event(n: u32) -> Vec<u8> {
    format!(
        r#"{{"specversion":"1.0","id":"e-{n}","source":"/shops/harbour","type":"order.packed","time":"2026-11-03T10:11:12Z","data":{{"order":{{"id":"A-1"}}}}}}"#
    )
    .into_bytes()
}

/// Waits until `reached` holds, asking again and again.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut reached: impl FnMut() -> F) {
    let asking = async {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        while !reached().await {
            again.tick().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "{what} did not come");
}

pub(crate) struct Shop {
    pub(crate) proxy: Proxy,
    url: String,
    prefix: String,
    pub(crate) direct: Connection,
    publishing: Channel,
    made: OnceCell<()>,
}

impl Shop {
    pub(crate) async fn new() -> Self {
        let url = std::env::var("DOORSTEP_TEST_AMQP").expect("DOORSTEP_TEST_AMQP names a broker: run tests/run");
        let uri: AMQPUri = url.parse().unwrap();
        let proxy = Proxy::to(format!("{}:{}", uri.authority.host, uri.authority.port)).await;
        let direct = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let publishing = direct.create_channel().await.unwrap();
        publishing.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        Self {
            proxy,
            url,
            prefix: format!("t-{}", uuid::Uuid::new_v4().simple()),
            direct,
            publishing,
            made: OnceCell::new(),
        }
    }

    /// Settings that lead through the proxy.
    pub(crate) fn settings(&self) -> Settings {
        let mut uri: AMQPUri = self.url.parse().unwrap();
        uri.authority.host = self.proxy.addr.ip().to_string();
        uri.authority.port = self.proxy.addr.port();
        let name = |what: &str| format!("{}.{what}", self.prefix);
        Settings {
            exchange: name("events"),
            queue: name("queue"),
            dead_exchange: name("dead"),
            dead_queue: name("dead"),
            ..Settings::at(uri.to_string())
        }
    }

    /// Starts a worker.
    pub(crate) fn consume(&self, gate: Gate, change: impl FnOnce(&mut Settings)) -> Worker {
        let mut settings = self.settings();
        change(&mut settings);
        let decoder = Arc::new(Decoder::new(Limits::default(), Brands::any("harbour")));
        let consumer = Consumer::new(settings, decoder, gate.clone(), Clock::database()).unwrap();
        let health = consumer.health();
        let stop = CancellationToken::new();
        let running = tokio::spawn(consumer.run(stop.clone()));
        Worker { gate, health, stop, running }
    }

    pub(crate) async fn publish(&self, body: &[u8]) {
        self.publish_with(body, "application/cloudevents+json", &[]).await;
    }

    pub(crate) async fn publish_with(&self, body: &[u8], media: &str, headers: &[(&str, AMQPValue)]) {
        let settings = self.settings();
        // The first message may come before any worker has made a place for it.
        self.made.get_or_init(|| async { doorstep::ingest::amqp::check(&settings).await.unwrap() }).await;
        let mut table = FieldTable::default();
        for (name, value) in headers {
            table.insert((*name).into(), value.clone());
        }
        let properties = BasicProperties::default().with_content_type(media.into()).with_headers(table);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let published = self.publishing.basic_publish(
            settings.exchange.as_str().into(),
            "order.packed".into(),
            options,
            body,
            properties,
        );
        let confirmed = published.await.unwrap().await.unwrap();
        assert!(confirmed.is_ack() && confirmed.take_message().is_none(), "the broker took it and found the queue");
    }

    async fn count(&self, queue: &str) -> Option<usize> {
        self.counts(queue).await.map(|(ready, _)| ready)
    }

    /// Ready messages, and consumers.
    pub(crate) async fn counts(&self, queue: &str) -> Option<(usize, usize)> {
        let channel = self.direct.create_channel().await.unwrap();
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = channel.queue_declare(queue.into(), options, FieldTable::default()).await.ok()?;
        let counts = (queue.message_count() as usize, queue.consumer_count() as usize);
        channel.close(200, "asked".into()).await.unwrap();
        Some(counts)
    }

    /// Messages that are ready, once the broker has taken back what a worker left behind.
    pub(crate) async fn waiting(&self) -> usize {
        let queue = self.settings().queue;
        // A closed channel's messages return in their own time: two equal counts in a row are taken for rest.
        let mut before = None;
        let mut again = tokio::time::interval(Duration::from_millis(150));
        loop {
            again.tick().await;
            let count = self.count(&queue).await.expect("the queue exists");
            if before == Some(count) {
                return count;
            }
            before = Some(count);
        }
    }

    pub(crate) async fn dead(&self) -> usize {
        self.count(&self.settings().dead_queue).await.expect("the queue exists")
    }

    pub(crate) async fn until_ready(&self, messages: usize) {
        let queue = self.settings().queue;
        until("the number of ready messages", || async { self.count(&queue).await == Some(messages) }).await;
    }

    pub(crate) async fn delete_queue(&self) {
        let channel = self.direct.create_channel().await.unwrap();
        channel.queue_delete(self.settings().queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    }

    pub(crate) async fn declare_classic(&self) {
        let channel = self.direct.create_channel().await.unwrap();
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(self.settings().queue.as_str().into(), options, FieldTable::default()).await.unwrap();
        let topic = lapin::options::ExchangeDeclareOptions { durable: true, ..Default::default() };
        let exchange = self.settings().exchange;
        channel
            .exchange_declare(exchange.as_str().into(), lapin::ExchangeKind::Topic, topic, FieldTable::default())
            .await
            .unwrap();
    }
}

/// A consumer at work.
pub(crate) struct Worker {
    pub(crate) gate: Gate,
    pub(crate) health: Arc<Health>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Worker {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.running).await.expect("it stops in time").unwrap();
    }

    pub(crate) async fn until_links(&self, links: u64) {
        until("a new connection", || async { self.health.is_up() && self.health.links() >= links }).await;
    }

    pub(crate) async fn until_down(&self) {
        until("the end of the connection", || async { !self.health.is_up() }).await;
    }

    pub(crate) async fn until_trouble(&self) {
        until("a trouble", || async { self.health.trouble().is_some() }).await;
    }
}
