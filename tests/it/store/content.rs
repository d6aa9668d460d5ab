//! Counts of content blocks, and what people bought before.

use doorstep::domain::id::{BrandId, OrderKey};
use doorstep::store::rows::{Changes, ContentCount, Purchase};

use super::world::{Db, LEASE, contact, order_key, start};

on_both!(counts_add_up_by_day, what_was_bought_before_is_the_persons_own_and_of_other_orders);

fn count(block: &str, day: i32, shown: u64, followed: u64) -> ContentCount {
    ContentCount { brand: BrandId::new("harbour"), block: block.to_owned(), day, shown, followed }
}

async fn counts_add_up_by_day(db: &Db) {
    db.store.count_content(&[]).await.unwrap();
    db.store.count_content(&[count("b", 10, 2, 0), count("a", 10, 1, 1)]).await.unwrap();
    db.store.count_content(&[count("b", 10, 1, 1), count("b", 11, 5, 0), count("b", 9, 100, 100)]).await.unwrap();
    assert_eq!(db.store.content_counts(10).await.unwrap(), [count("a", 10, 1, 1), count("b", 10, 8, 1)]);
}

async fn what_was_bought_before_is_the_persons_own_and_of_other_orders(db: &Db) {
    let bought = |n: u32, contact, goods: &str| Purchase {
        contact,
        order: order_key(&n.to_string()),
        at: start() + jiff::SignedDuration::from_hours(i64::from(n)),
        goods: goods.to_owned(),
    };
    let other = doorstep::domain::person::ContactKey::new(doorstep::domain::person::Channel::Email, "other@x.example");
    let purchases = vec![
        bought(1, contact(), "one"),
        bought(2, contact(), "two"),
        bought(3, other, "three"),
        bought(2, contact(), "two again"),
    ];
    let mut tx = db.store.begin("test").await.unwrap();
    tx.save(&Changes { purchases, ..Changes::default() }, LEASE).await.unwrap();
    tx.commit().await.unwrap();
    let before = async |n: &str| db.store.bought_before(contact(), &order_key(n)).await.unwrap();
    assert_eq!(before("3").await, ["two again", "one"]);
    assert_eq!(before("2").await, ["one"]);
    let elsewhere = OrderKey::from_stored("kettle/9".to_owned()).unwrap();
    assert!(db.store.bought_before(contact(), &elsewhere).await.unwrap().is_empty(), "another shop is not told");
}
