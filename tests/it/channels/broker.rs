//! Outcome events against a real broker (`tests/run` starts one and names it in `DOORSTEP_TEST_AMQP`).

use doorstep::channel::broker::{Outgoing, Publisher, Settings};
use lapin::options::{BasicGetOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use uuid::Uuid;

struct Listener {
    _connection: Connection,
    channel: Channel,
    exchange: String,
    queue: String,
}

fn url() -> String {
    std::env::var("DOORSTEP_TEST_AMQP").expect("DOORSTEP_TEST_AMQP names a broker: run tests/run")
}

fn settings(declare: bool) -> Settings {
    Settings { exchange: format!("t-{}.outcomes", Uuid::new_v4().simple()), declare }
}

fn publisher(settings: &Settings) -> Publisher {
    Publisher::new(settings.clone(), || url().parse())
}

impl Listener {
    async fn to(settings: &Settings, pattern: &str) -> Self {
        let connection = Connection::connect(&url(), ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let queue = format!("{}.queue", settings.exchange);
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.as_str().into(), options, FieldTable::default()).await.unwrap();
        let (name, exchange) = (queue.as_str().into(), settings.exchange.as_str().into());
        let bind =
            channel.queue_bind(name, exchange, pattern.into(), QueueBindOptions::default(), FieldTable::default());
        bind.await.unwrap();
        Self { _connection: connection, channel, exchange: settings.exchange.clone(), queue }
    }

    /// Key, id and body of all that has come.
    async fn heard(&self) -> Vec<(String, String, String)> {
        let mut heard = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) = self.channel.basic_get(self.queue.as_str().into(), options).await.unwrap() {
            assert_eq!(*message.properties.delivery_mode(), Some(2));
            assert_eq!(message.properties.content_type().as_ref().unwrap().as_str(), "application/cloudevents+json");
            let id = message.properties.message_id().as_ref().unwrap().to_string();
            let body = String::from_utf8(message.data.clone()).unwrap();
            heard.push((message.routing_key.to_string(), id, body));
        }
        heard
    }

    async fn remove_exchange(&self) {
        let name = self.exchange.as_str().into();
        self.channel.exchange_delete(name, ExchangeDeleteOptions::default()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_confirmed_has_arrived() {
    let settings = settings(true);
    let publisher = publisher(&settings);
    publisher.ready().await;
    let listener = Listener::to(&settings, "notice.#").await;
    let ids: Vec<Uuid> = (0..2_500).map(|_| Uuid::new_v4()).collect();
    let events: Vec<_> = ids.iter().map(|&id| Outgoing { id, kind: "notice.sent", body: r#"{"a":1}"# }).collect();
    assert_eq!(publisher.publish(&events).await, ids);
    // Nobody is bound for this one: it is taken all the same.
    let alone = Uuid::new_v4();
    assert_eq!(publisher.publish(&[Outgoing { id: alone, kind: "delay.expected", body: "{}" }]).await, [alone]);
    let heard = listener.heard().await;
    let wanted = |id: &Uuid| ("notice.sent".to_owned(), id.to_string(), r#"{"a":1}"#.to_owned());
    assert_eq!(heard, ids.iter().map(wanted).collect::<Vec<_>>());
    publisher.close().await;
}

#[tokio::test]
async fn a_broken_link_confirms_nothing_and_is_built_again() {
    let settings = settings(true);
    let publisher = publisher(&settings);
    let id = Uuid::new_v4();
    let event = [Outgoing { id, kind: "notice.sent", body: "{}" }];
    assert!(publisher.publish(&event).await.is_empty(), "no link yet");
    publisher.ready().await;
    let listener = Listener::to(&settings, "#").await;
    // The broker closes a channel that publishes to an exchange that is gone.
    listener.remove_exchange().await;
    assert!(publisher.publish(&event).await.is_empty());
    publisher.ready().await;
    assert_eq!(publisher.publish(&event).await, [id]);
}

#[tokio::test]
async fn an_exchange_that_is_only_looked_for_must_be_there() {
    let settings = settings(false);
    let publisher = publisher(&settings);
    let waits = tokio::time::timeout(std::time::Duration::from_millis(500), publisher.ready()).await;
    assert!(waits.is_err());
    let event = Outgoing { id: Uuid::new_v4(), kind: "notice.sent", body: "{}" };
    assert!(publisher.publish(&[event]).await.is_empty());
}
