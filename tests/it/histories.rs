//! Histories of orders, made at random from one number: facts as shops and carriers report them, in the order in which they
//! happened. What a test then does to the order of arrival is its own affair.

use doorstep::domain::event::{
    Address, Eta, Event, Item, Kind, OrderPatch, ParcelItem, PersonPatch, Pickup, Promise, Reason, ShipmentPatch, Until,
};
use doorstep::domain::id::{BrandId, CustomerId, EventKey, OrderId, OrderKey, ShipmentId, TrackingNumber};
use doorstep::domain::person::Pii;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

/// When every history begins: a Monday morning in Warsaw.
pub(crate) fn beginning() -> Timestamp {
    "2026-03-02T09:00:00+01:00".parse().expect("a valid time")
}

/// The order that all histories speak of.
pub(crate) fn order_key() -> OrderKey {
    OrderKey::new(&BrandId::new("harbour"), &OrderId::new("1001"))
}

/// Makes facts about one order.
pub(crate) struct Teller {
    rng: StdRng,
    at: Timestamp,
    count: u32,
    pub(crate) facts: Vec<Event>,
}

impl Teller {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), at: beginning(), count: 0, facts: Vec::new() }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, mins: i64) {
        self.at += SignedDuration::from_mins(mins);
    }

    fn some_time(&mut self) {
        let mins = *[0, 1, 7, 45, 200, 700, 1500].choose(&mut self.rng).expect("not empty");
        self.wait(mins);
    }

    /// Reports a fact about the order.
    pub(crate) fn order(&mut self, kind: Kind, order_patch: OrderPatch) {
        self.push(kind, Some(OrderId::new("1001")), order_patch, None);
    }

    /// Reports a fact about a parcel; `knows_order`: whether the event names the order.
    pub(crate) fn parcel(&mut self, kind: Kind, patch: ShipmentPatch, knows_order: bool) {
        let order = knows_order.then(|| OrderId::new("1001"));
        self.push(kind, order, OrderPatch::default(), Some(patch));
    }

    fn push(
        &mut self,
        kind: Kind,
        order: Option<OrderId>,
        order_patch: OrderPatch,
        shipment_patch: Option<ShipmentPatch>,
    ) {
        self.count += 1;
        let key = EventKey::new("/shops/harbour", &format!("{}-{}", self.count, self.at));
        let brand = BrandId::new("harbour");
        self.facts.push(Event { key, time: self.at, brand, kind, order, order_patch, shipment_patch });
    }
}

/// A whole order, as it is paid.
pub(crate) fn paid(items: u32) -> OrderPatch {
    let item = |n: u32| Item {
        id: Some(format!("i{n}")),
        sku: Some(format!("SKU-{n}")),
        title: Some(format!("Thing {n}")),
        qty: 1 + n % 2,
        unit_price: Some(1500),
        image_url: None,
        url: None,
        tags: vec![],
    };
    OrderPatch {
        currency: Some("PLN".into()),
        total: Some(4500),
        customer: Some(PersonPatch {
            id: Some(CustomerId::new("c1")),
            name: Some(Pii::new("Ola".into())),
            email: Some(Pii::new("ola@customer.example".into())),
            phone: Some(Pii::new("+48500000001".into())),
            locale: Some("pl-PL".into()),
            ..PersonPatch::default()
        }),
        address: Some(Address { country: Some("PL".into()), city: Some("Gdynia".into()), ..Address::default() }),
        items: Some((0..items).map(item).collect()),
        promise: Some(Promise::Day { date: "2026-03-06".parse().expect("a date") }),
        ..OrderPatch::default()
    }
}

/// A parcel, by id and number.
pub(crate) fn parcel(n: u32) -> ShipmentPatch {
    ShipmentPatch {
        id: Some(ShipmentId::new(format!("S{n}"))),
        carrier: Some("inpost".into()),
        tracking_number: TrackingNumber::parse(&format!("PL00000000{n}")),
        ..ShipmentPatch::default()
    }
}

/// A whole history of about `length` facts.
pub(crate) fn history(seed: u64, length: usize) -> Vec<Event> {
    let mut teller = Teller::new(seed);
    let items = teller.rng.random_range(1..4);
    if teller.rng.random_bool(0.7) {
        teller.order(Kind::OrderPlaced, paid(items));
    }
    teller.some_time();
    teller.order(Kind::OrderPaid, paid(items));
    let parcels = teller.rng.random_range(0..4);
    while teller.facts.len() < length {
        teller.some_time();
        let whole_order = parcels == 0 || teller.rng.random_bool(0.15);
        if whole_order { order_fact(&mut teller, items) } else { parcel_fact(&mut teller, parcels) }
    }
    teller.facts.truncate(length);
    teller.facts
}

fn order_fact(teller: &mut Teller, items: u32) {
    let kind = *[Kind::OrderUpdated, Kind::OrderPacked, Kind::OrderCancelled].choose(&mut teller.rng).expect("some");
    let mut patch = OrderPatch::default();
    match kind {
        Kind::OrderUpdated => {
            let date = if teller.rng.random_bool(0.5) { "2026-03-05" } else { "2026-03-09" };
            patch.promise = Some(Promise::Day { date: date.parse().expect("a date") });
            patch.hold = Some(teller.rng.random_bool(0.3));
        }
        Kind::OrderCancelled if teller.rng.random_bool(0.8) => {
            patch.items = paid(items).items.map(|items| items.into_iter().take(1).collect());
        }
        _ => {}
    }
    teller.order(kind, patch);
}

fn parcel_fact(teller: &mut Teller, parcels: u32) {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_shipment()).collect();
    let kind = *kinds.choose(&mut teller.rng).expect("some");
    let n = teller.rng.random_range(0..parcels);
    let mut patch = parcel(n);
    if teller.rng.random_bool(0.3) {
        patch.items = Some(vec![ParcelItem { id: Some(format!("i{n}")), sku: None, qty: 1 }]);
    }
    if teller.rng.random_bool(0.3) {
        let date = if teller.rng.random_bool(0.5) { "2026-03-05" } else { "2026-03-10" };
        patch.eta = Some(Eta::Day(date.parse().expect("a date")));
    }
    if kind == Kind::ShipmentUpdated && teller.rng.random_bool(0.5) {
        patch.tracking_number = TrackingNumber::parse(&format!("PL99999999{n}"));
    }
    if kind == Kind::ShipmentAvailableForPickup {
        let until = Some(Until::Day("2026-03-12".parse().expect("a date")));
        patch.pickup = Some(Pickup { name: Some("Kiosk".into()), until, ..Pickup::default() });
    }
    if kind == Kind::ShipmentException {
        patch.reason = Reason::ALL.choose(&mut teller.rng).copied();
    }
    // A carrier's own feed knows neither order nor id.
    let knows_order = !(kind.is_scan() && teller.rng.random_bool(0.3));
    if !knows_order {
        patch.id = None;
    }
    teller.parcel(kind, patch, knows_order);
}

/// The same facts in another order, each one to three times.
pub(crate) fn shuffled(facts: &[Event], seed: u64) -> Vec<Event> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut all: Vec<Event> =
        facts.iter().flat_map(|fact| std::iter::repeat_n(fact.clone(), rng.random_range(1..=3))).collect();
    all.shuffle(&mut rng);
    all
}

/// A fact as a shop of this brand would publish it about its order `id`.
pub(crate) fn wire(fact: &Event, brand: &str, id: &str) -> Value {
    let count = fact.key;
    let own = |number: &TrackingNumber| number.as_str().replacen("PL", &format!("{}{id}", &brand[..1]), 1);
    let mut data = json!({});
    if fact.order.is_some() || !fact.kind.is_shipment() {
        let OrderPatch { currency, total, customer, address, items, promise, hold, .. } = &fact.order_patch;
        data["order"] = json!({"id": id, "currency": currency, "total": total, "address": address, "items": items,
            "promise": promise, "hold": hold});
        if let Some(person) = customer {
            data["order"]["customer"] = json!({"id": format!("c-{id}"), "name": format!("Ola {id}"),
                "email": address_of(brand, id), "phone": phone_of(brand, id), "locale": person.locale});
        }
    }
    if let Some(patch) = &fact.shipment_patch {
        let ShipmentPatch { id, carrier, tracking_number, items, eta, reason, pickup, .. } = patch;
        let eta = eta.as_ref().map(|eta| match eta {
            Eta::Day(day) => json!(day),
            Eta::Window { from, until } => json!({"from": from, "until": until}),
        });
        let until = pickup.as_ref().map(|_| "2026-03-12");
        data["shipment"] = json!({"id": id.as_ref().map(ShipmentId::as_str), "carrier": carrier, "items": items, "eta": eta,
            "tracking_number": tracking_number.as_ref().map(own), "reason": reason,
            "pickup": pickup.as_ref().map(|pickup| json!({"name": pickup.name, "until": until}))});
    }
    without_nulls(json!({"specversion": "1.0", "id": format!("{id}-{count}"), "source": format!("/shops/{brand}"),
        "type": fact.kind.as_str(), "time": fact.time, "brand": brand, "data": data}))
}

/// Where the customer of an order reads mail.
pub(crate) fn address_of(brand: &str, id: &str) -> String {
    format!("{brand}-{id}@customer.example")
}

/// The customer's number.
pub(crate) fn phone_of(brand: &str, id: &str) -> String {
    format!("+4850{:03}{:04}", brand.len(), id.parse::<u32>().expect("orders are numbered"))
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}
