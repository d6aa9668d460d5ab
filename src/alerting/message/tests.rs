use serde_json::Value;

use super::*;
use crate::domain::alert::AlertKey;
use crate::domain::id::{BrandId, OrderId, OrderKey};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn alert(order: &str, value: i64) -> Alert {
    let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new(order));
    Alert {
        key: AlertKey::new(&order, Some("P1"), Kind::Stalled, 1),
        order,
        parcel: Some("P1".into()),
        kind: Kind::Stalled,
        occurrence: 1,
        since: at("2026-11-19T10:00:00Z"),
        opened_at: at("2026-11-22T10:00:00Z"),
        carrier: Some("dhl".into()),
        lane: Some("DE → PL".into()),
        warehouse: None,
        reason: None,
        value: Some(value),
        currency: Some("EUR".into()),
        promised: Some(Date::constant(2026, 11, 23)),
        chance: Some(0.83),
    }
}

fn teller(what: What) -> Teller {
    let group = Group {
        brand: "harbour".into(),
        kind: Kind::Stalled,
        carrier: Some("dhl".into()),
        lane: Some("DE → PL".into()),
        warehouse: None,
    };
    Teller {
        what,
        brand: "harbour".into(),
        group: Some(group),
        folded: 0,
        reminder: None,
        now: at("2026-11-22T12:00:00Z"),
        base_url: "https://ops.harbour.example".into(),
    }
}

fn gathered() -> Gathered {
    let mut gathered = Gathered::default();
    for (order, value) in [("HG-7 <!channel> & co", 12_345), ("HG/8", 900)] {
        gathered.add(alert(order, value));
    }
    (0..400).for_each(|n| gathered.add(alert(&format!("HG-{n}"), 100)));
    gathered
}

#[test]
fn a_chat_reads_numbers_first_and_no_order_can_ring_the_bell() {
    let body = teller(What::Opened).body(Form::Slack, &gathered());
    let body: Value = serde_json::from_str(&body).expect("JSON");
    insta::assert_snapshot!(serde_json::to_string_pretty(&body).expect("JSON"));
    assert!(!body.to_string().contains("<!channel>"), "an order's name calls everybody");
}

#[test]
fn a_program_reads_the_whole_group() {
    let mut few = Gathered::default();
    few.add(alert("HG/8", 900));
    insta::assert_snapshot!(teller(What::Opened).body(Form::Event, &few));
    let many: Value = serde_json::from_str(&teller(What::Opened).body(Form::Event, &gathered())).expect("JSON");
    assert_eq!(many["data"]["count"], 402);
    assert_eq!(many["data"]["alerts"].as_array().map(Vec::len), Some(20));
    assert_eq!(many["data"]["more"], 382);
    assert_eq!(many["data"]["value"]["EUR"], 12_345 + 900 + 400 * 100);
}

#[test]
fn what_is_folded_says_how_much_it_is() {
    let teller = Teller { group: None, folded: 12, ..teller(What::Opened) };
    assert_eq!(teller.headline(&gathered()), "402 more parcels in 12 groups");
    let body: Value = serde_json::from_str(&teller.body(Form::Event, &gathered())).expect("JSON");
    assert_eq!(body["data"]["groups"], 12);
    assert_eq!(body["data"]["kinds"]["stalled"], 402);
    assert_eq!(body["data"].get("kind"), None);
}

#[test]
fn other_occasions_say_what_they_are() {
    let reminder = Teller { reminder: Some(1), ..teller(What::Reminder) };
    assert!(reminder.headline(&gathered()).starts_with("Nobody looks after it yet: 402 parcels: no scan for too long"));
    assert!(teller(What::Cleared).headline(&gathered()).starts_with("Over: 402 parcels"));
    let chat = teller(What::Cleared).chat(&gathered());
    assert_eq!(chat["blocks"].as_array().map(Vec::len), Some(1), "what is over needs no list");
}

#[test]
fn the_longest_names_still_fit_a_chat() {
    let mut long = Gathered::default();
    for number in 0..30 {
        long.add(alert(&format!("{number}{}", "<".repeat(120)), 5));
    }
    let chat = teller(What::Opened).chat(&long);
    for block in chat["blocks"].as_array().expect("blocks") {
        let text = block["text"]["text"].as_str().expect("text");
        assert!(text.chars().count() <= 3000, "{}", text.chars().count());
    }
}

#[test]
fn ages_and_pages_are_short() {
    let now = at("2026-11-22T12:00:00Z");
    let since = |text: &str| age(now, at(text));
    assert_eq!(since("2026-11-22T11:20:00Z"), "40 min");
    assert_eq!(since("2026-11-21T07:00:00Z"), "29 h");
    assert_eq!(since("2026-11-19T12:00:00Z"), "3 days");
    assert_eq!(since("2026-11-23T12:00:00Z"), "0 min");
    let page = order_page("https://ops.harbour.example", "harbour", "HG/8 ü");
    assert_eq!(page, "https://ops.harbour.example/ops/orders/harbour/HG%2F8%20%C3%BC");
}
