//! The door for RabbitMQ, against a real broker: what happens when it, or the way to it, breaks.

mod gate;
mod proxy;
pub(crate) mod shop;

use doorstep::ingest::amqp::{Cannot, Settings, check};
use doorstep::ingest::topology::{Mode, QueueType, Unfit};
use lapin::types::AMQPValue;

use gate::Gate;
use shop::{Shop, event, nonzero};

#[tokio::test]
async fn events_are_applied_in_order_and_then_acknowledged() {
    let shop = Shop::new().await;
    for n in 0..700 {
        shop.publish(&event(n)).await;
    }
    let worker = shop.consume(Gate::open(), |_| {});
    worker.gate.applied(700).await;
    assert_eq!(worker.gate.ids(), (0..700).map(|n| format!("e-{n}")).collect::<Vec<_>>());
    assert!(worker.health.is_up() && worker.health.last_delivery().is_some());
    worker.stop().await;
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn what_comes_meanwhile_is_one_batch() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::closed(), |settings| settings.batch_max = nonzero(50));
    shop.publish(&event(0)).await;
    worker.gate.reached(1).await;
    for n in 1..121 {
        shop.publish(&event(n)).await;
    }
    // All are with the worker, unacknowledged, before the first batch may pass.
    shop.until_ready(0).await;
    worker.gate.lift();
    worker.gate.applied(121).await;
    let sizes: Vec<usize> = worker.gate.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 50, 50, 20]);
    worker.stop().await;
}

#[tokio::test]
async fn nothing_is_acknowledged_that_was_not_committed() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::failing(usize::MAX), |_| {});
    for n in 0..5 {
        shop.publish(&event(n)).await;
    }
    worker.gate.refused(2).await;
    shop.until_ready(0).await;
    worker.stop().await;
    assert_eq!(shop.waiting().await, 5, "all go back to the queue");
}

#[tokio::test]
async fn a_batch_is_kept_until_the_store_is_back() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::failing(3), |_| {});
    shop.publish(&event(0)).await;
    worker.gate.applied(1).await;
    assert_eq!(worker.gate.ids(), ["e-0"]);
    assert_eq!(worker.health.links(), 1, "the connection outlived the store's absence");
    worker.stop().await;
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn a_poison_event_does_not_take_its_batch_down() {
    let shop = Shop::new().await;
    let poisons: [&[u8]; 5] = [b"", b"{", &[0xff], b"{\"specversion\":\"1.0\",\"id\":\"\\u0000\"}", &[b'['; 10_000]];
    shop.publish(&event(0)).await;
    for poison in poisons {
        shop.publish(poison).await;
    }
    shop.publish(&vec![b' '; 2 << 20]).await;
    shop.publish(&event(1)).await;
    let worker = shop.consume(Gate::open(), |_| {});
    worker.gate.applied(8).await;
    assert_eq!(worker.gate.ids(), ["e-0", "refused", "refused", "refused", "refused", "refused", "refused", "e-1"]);
    worker.stop().await;
    assert_eq!(shop.waiting().await, 0, "refused events are acknowledged too");
    assert_eq!(shop.dead().await, 0, "and nothing is dead-lettered");
}

#[tokio::test]
async fn binary_mode_is_read_from_the_headers() {
    let shop = Shop::new().await;
    let text = |value: &str| AMQPValue::LongString(value.into());
    let headers = [
        ("cloudEvents_specversion", text("1.0")),
        ("cloudEvents:id", text("b-1")),
        ("cloudEvents_source", text("/shops/harbour")),
        ("cloudEvents_type", text("order.packed")),
        ("cloudEvents_time", AMQPValue::Timestamp(1_793_700_672)),
        ("x-other", AMQPValue::Boolean(true)),
    ];
    shop.publish_with(br#"{"order":{"id":"A-1"}}"#, "application/json", &headers).await;
    let worker = shop.consume(Gate::open(), |_| {});
    worker.gate.applied(1).await;
    assert_eq!(worker.gate.ids(), ["b-1"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_cut_connection_is_built_again_and_nothing_is_lost() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::closed(), |settings| settings.prefetch = nonzero(3));
    for n in 0..10 {
        shop.publish(&event(n)).await;
    }
    worker.gate.reached(1).await;
    shop.until_ready(7).await;
    shop.proxy.cut();
    // The transaction under way ends; its acknowledgement has no way to go any more.
    worker.gate.lift();
    worker.gate.saw((0..10).map(|n| format!("e-{n}"))).await;
    worker.until_links(2).await;
    shop.until_ready(0).await;
    worker.stop().await;
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn the_prefetch_is_kept_by_the_next_connection() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::closed(), |settings| settings.prefetch = nonzero(3));
    worker.until_links(1).await;
    shop.proxy.cut();
    worker.until_links(2).await;
    for n in 0..10 {
        shop.publish(&event(n)).await;
    }
    worker.gate.reached(1).await;
    shop.until_ready(7).await;
    worker.gate.lift();
    worker.gate.applied(10).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_deleted_queue_is_declared_again() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::open(), |_| {});
    shop.publish(&event(0)).await;
    worker.gate.applied(1).await;
    shop.delete_queue().await;
    worker.until_links(2).await;
    shop.publish(&event(1)).await;
    worker.gate.applied(2).await;
    assert_eq!(worker.gate.ids(), ["e-0", "e-1"]);
    worker.stop().await;
}

#[tokio::test]
async fn a_silent_broker_is_noticed_by_the_watchdog() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::open(), |settings| {
        settings.url = format!("{}?heartbeat=0", settings.url);
        settings.watchdog_secs = nonzero(1);
    });
    shop.publish(&event(0)).await;
    worker.gate.applied(1).await;
    shop.proxy.freeze();
    worker.until_down().await;
    shop.proxy.cut();
    worker.until_links(2).await;
    shop.publish(&event(1)).await;
    worker.gate.applied(2).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_silent_broker_is_noticed_by_its_missing_heartbeats() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::open(), |settings| settings.heartbeat_secs = nonzero(1));
    shop.publish(&event(0)).await;
    worker.gate.applied(1).await;
    shop.proxy.freeze();
    worker.until_down().await;
    shop.proxy.cut();
    worker.until_links(2).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_stop_finishes_the_batch_in_hand() {
    let shop = Shop::new().await;
    let worker = shop.consume(Gate::closed(), |settings| settings.batch_max = nonzero(2));
    for n in 0..2 {
        shop.publish(&event(n)).await;
    }
    worker.gate.reached(1).await;
    let gate = worker.gate.clone();
    let stopping = tokio::spawn(worker.stop());
    gate.lift();
    stopping.await.unwrap();
    let applied = gate.ids().len();
    assert!(applied >= 1);
    assert_eq!(shop.waiting().await, 2 - applied, "what was applied is acknowledged, the rest goes back");
}

#[tokio::test]
async fn a_queue_of_another_kind_is_refused_with_what_differs() {
    let shop = Shop::new().await;
    shop.declare_classic().await;
    for topology in [Mode::Verify, Mode::Declare] {
        let settings = Settings { topology, ..shop.settings() };
        let wrong = check(&settings).await.unwrap_err();
        assert!(matches!(wrong, Cannot::Unfit(Unfit::Differs { .. })), "{wrong:?}");
        let said = wrong.to_string();
        assert!(said.contains(&settings.queue) && said.contains("inequivalent arg"), "{said}");
        assert!(said.contains("set amqp.queue_type"), "{said}");
    }
    for topology in [Mode::Verify, Mode::Declare, Mode::Exists] {
        check(&Settings { topology, queue_type: QueueType::Classic, ..shop.settings() }).await.unwrap();
    }
    check(&Settings { topology: Mode::Exists, ..shop.settings() }).await.unwrap();
}

#[tokio::test]
async fn what_the_operator_has_not_made_is_named() {
    let shop = Shop::new().await;
    let settings = Settings { topology: Mode::Verify, ..shop.settings() };
    let said = check(&settings).await.unwrap_err().to_string();
    assert!(said.starts_with(&format!("exchange {} is not there", settings.exchange)), "{said}");
    check(&shop.settings()).await.unwrap();
    check(&settings).await.unwrap();
}

#[tokio::test]
async fn a_mismatch_keeps_the_worker_unready_and_says_why() {
    let shop = Shop::new().await;
    shop.declare_classic().await;
    let worker = shop.consume(Gate::open(), |_| {});
    worker.until_trouble().await;
    assert!(!worker.health.is_up());
    let trouble = worker.health.trouble().unwrap();
    assert!(trouble.contains("with other properties"), "{trouble}");
    // Once the operator has mended it, it works without a restart.
    shop.delete_queue().await;
    worker.until_links(1).await;
    worker.stop().await;
}

#[test]
fn a_wrong_address_is_named_without_its_password() {
    for url in ["amqp:/guest:hunter2@x", "http://guest:hunter2@x", "amqp://guest:hunter2@:x/"] {
        let said = Settings::at(url).address().unwrap_err().to_string();
        assert!(said.starts_with("amqp.url: ") && !said.contains("hunter2"), "{said}");
        assert!(!format!("{:?}", Settings::at(url)).contains("hunter2"));
    }
}
