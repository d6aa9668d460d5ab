//! A parcel that waits, and of which trouble is reported that the customer can do nothing about: mail and page go on saying where it
//! waits, and with which code.

use doorstep::domain::id::OrderKey;
use doorstep::domain::stage::Stage;
use doorstep::link::Reader;
use jiff::Timestamp;
use scraper::{Html, Selector};
use serde_json::{Value, json};

use super::house::House;
use super::stories;
use crate::store::world::Db;

fn scan(kind: &str, time: &str, more: Value) -> Value {
    let mut event = stories::scan(kind, "W-1", "P1", 0, more);
    (event["time"], event["id"]) = (json!(time), json!(format!("W-1/{kind}/{time}")));
    event
}

/// Where the parcel is, and where something is wrong, on the way that the page draws.
fn marks(page: &str) -> (Vec<String>, Vec<String>) {
    let page = Html::parse_document(page);
    let labels = |which: &str| {
        let selector = Selector::parse(&format!(".marks .{which} .label")).expect("a selector");
        page.select(&selector).map(|label| label.text().collect::<String>().trim().to_owned()).collect()
    };
    (labels("current"), labels("wrong"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_weather_does_not_take_the_code_from_who_is_to_collect_it() {
    let db = Db::sqlite().await;
    let house = House::new(&db).await;
    let order = OrderKey::from_stored("harbour/W-1".to_owned()).expect("an order");
    let at = |time: &str| time.parse::<Timestamp>().expect("a time");
    let pickup = json!({ "pickup": { "name": "Kiosk Ruch", "address": "ul. Ogarna 12", "code": "4917", "until": "2026-11-08" } });
    house.feed(&[stories::paid("W-1", "en", 6)]).await;
    house.pass(at("2026-11-04T09:00:00Z")).await;
    house.feed(&[scan("shipment.available_for_pickup", "2026-11-04T09:00:00Z", pickup)]).await;
    house.pass(at("2026-11-05T09:00:00Z")).await;
    let weather = json!({ "reason": "weather", "description": "Storm at the coast" });
    house.feed(&[scan("shipment.exception", "2026-11-05T09:00:00Z", weather)]).await;
    let page = house.client.get(&house.path(&order, Reader::Customer)).await.text();
    assert!(page.contains("4917"), "the page leads to the kiosk");
    assert_eq!(marks(&page), (vec!["now: Ready to collect".to_owned()], vec![]), "nothing holds it up");
    house.pass(at("2026-11-06T12:00:00Z")).await;
    let reminder = house.mail(&order, Stage::PickupReminder).html.expect("a mail");
    assert!(reminder.contains("4917") && reminder.contains("Kiosk Ruch"));
    assert!(!reminder.contains("Held up"), "{reminder}");

    // What the customer must act on is said.
    let expired = json!({ "reason": "pickup_expired" });
    house.feed(&[scan("shipment.exception", "2026-11-06T13:00:00Z", expired)]).await;
    let page = house.client.get(&house.path(&order, Reader::Customer)).await.text();
    assert_eq!(marks(&page).1.len(), 1);
    db.end().await;
}
