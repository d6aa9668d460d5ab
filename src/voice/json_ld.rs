//! Structured data in mails (schema.org): lets mail programs show order and parcel in their own way.
//!
//! `ParcelDelivery` with the members that Gmail's guide asks for, and both `carrier`, which Google reads, and `provider`,
//! which schema.org prefers by now.

use serde_json::{Map, Value, json};

use super::carriers;
use super::harmless::{self, NAME_CHARS_MAX, TITLE_CHARS_MAX};
use super::money;
use super::story;
use super::tongue::Tongue;
use super::view::{Address, Expected, Item, Parcel, State};
use crate::domain::person::{Pii, Role};
use crate::domain::stage::Stage;

/// Items named in the structured data; more help nobody and cost bytes.
const ITEMS_MAX: usize = 12;

/// The data of one message, safe inside a script element. Empty for messages about no parcel and no order state.
pub(crate) fn script(tongue: &Tongue<'_>) -> String {
    let data = match tongue.view.this_parcel() {
        Some(parcel) if tongue.view.stage != Stage::Feedback => delivery(tongue, parcel),
        Some(_) | None => order(tongue),
    };
    safe(&data.to_string())
}

/// `<`, `>` and `&` as escapes, so that nothing in it can end the script; line separators likewise.
fn safe(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// A JSON object that takes only what is known.
struct Thing(Map<String, Value>);

impl Thing {
    fn new(kind: &str) -> Self {
        Self(Map::from_iter([("@type".to_owned(), json!(kind))]))
    }

    fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    fn top(mut self) -> Value {
        self.0.insert("@context".to_owned(), json!("http://schema.org"));
        Value::Object(self.0)
    }

    fn value(self) -> Value {
        Value::Object(self.0)
    }
}

fn shown(text: Option<&str>) -> Option<String> {
    text.and_then(|text| harmless::shown(text, TITLE_CHARS_MAX))
}

fn has_all_arrived(tongue: &Tongue<'_>) -> bool {
    let view = tongue.view;
    let all = !view.parcels.is_empty() && view.parcels.iter().all(|parcel| parcel.state.is_delivered());
    view.stage == Stage::ReturnRequested && all && view.to_come.is_empty()
}

fn order(tongue: &Tongue<'_>) -> Value {
    let order = &tongue.view.order;
    let stage = tongue.view.stage;
    let is_whole = tongue.view.cancelled.as_ref().is_none_or(|cancelled| cancelled.whole);
    let status = if stage == Stage::Cancelled && is_whole {
        "OrderCancelled"
    } else if matches!(stage, Stage::OrderComplete | Stage::Feedback) || has_all_arrived(tongue) {
        "OrderDelivered"
    } else {
        "OrderProcessing"
    };
    let sees_prices = tongue.view.person.role == Role::Customer;
    let total = match (&order.currency, order.total) {
        (Some(currency), Some(total)) if sees_prices => Some((money::plain(total, currency), currency.clone())),
        _ => None,
    };
    let offers = order.items.iter().take(ITEMS_MAX).map(|item| offer(tongue, item)).collect::<Vec<_>>();
    Thing::new("Order")
        .with("merchant", Some(merchant(tongue)))
        .with("orderNumber", shown(Some(&order.id)))
        .with("orderStatus", Some(format!("http://schema.org/{status}")))
        .with("orderDate", order.placed_at.or(order.paid_at).map(|at| at.to_string()))
        .with("price", total.as_ref().map(|(price, _)| price.clone()))
        .with("priceCurrency", total.map(|(_, currency)| currency))
        .with("acceptedOffer", Some(offers).filter(|offers| !offers.is_empty()))
        .with("url", story::order_link(tongue))
        .top()
}

fn offer(tongue: &Tongue<'_>, item: &Item) -> Value {
    let quantity = Thing::new("QuantitativeValue").with("value", Some(item.qty)).value();
    let order = &tongue.view.order;
    let price = match (item.unit_price, &order.currency, tongue.view.person.role) {
        (Some(unit), Some(currency), Role::Customer) => Some((money::plain(unit, currency), currency.clone())),
        _ => None,
    };
    Thing::new("Offer")
        .with("itemOffered", Some(product(item)))
        .with("price", price.as_ref().map(|(price, _)| price.clone()))
        .with("priceCurrency", price.map(|(_, currency)| currency))
        .with("eligibleQuantity", Some(quantity))
        .value()
}

fn product(item: &Item) -> Value {
    Thing::new("Product")
        .with("name", shown(item.title.as_deref()))
        .with("image", story::https(item.image_url.as_deref()))
        .with("url", story::https(item.url.as_deref()))
        .value()
}

fn merchant(tongue: &Tongue<'_>) -> Value {
    Thing::new("Organization").with("name", Some(tongue.brand.name.clone())).value()
}

fn delivery(tongue: &Tongue<'_>, parcel: &Parcel) -> Value {
    let carrier = carriers::name(parcel.carrier.as_deref(), parcel.carrier_name.as_deref());
    let carrier = shown(carrier.as_deref()).map(|name| Thing::new("Organization").with("name", Some(name)).value());
    let (from, until) = match tongue.expected(Some(parcel)) {
        Some(expected) => times(tongue, expected),
        None => (None, None),
    };
    let items = parcel.items.iter().take(ITEMS_MAX).map(product).collect::<Vec<_>>();
    let status = match parcel.state {
        State::Announced | State::Moving | State::AttemptFailed | State::Exception => "OrderInTransit",
        State::OutForDelivery => "OrderInTransit",
        State::Waiting => "OrderPickupAvailable",
        State::Delivered => "OrderDelivered",
        State::Returning | State::Returned => "OrderReturned",
        State::Lost => "OrderProblem",
    };
    let event = Thing::new("DeliveryEvent").with("name", Some(status)).value();
    let part_of = Thing::new("Order")
        .with("orderNumber", shown(Some(&tongue.view.order.id)))
        .with("orderStatus", Some(format!("http://schema.org/{status}")))
        .with("merchant", Some(merchant(tongue)));
    Thing::new("ParcelDelivery")
        .with("deliveryAddress", tongue.view.order.address.as_ref().map(address))
        .with("expectedArrivalFrom", from)
        .with("expectedArrivalUntil", until)
        .with("carrier", carrier.clone())
        .with("provider", carrier)
        .with("itemShipped", Some(items).filter(|items| !items.is_empty()))
        .with("trackingNumber", shown(parcel.tracking_number.as_deref()))
        .with("trackingUrl", story::tracking_url(tongue.brand, parcel))
        .with("deliveryStatus", Some(event))
        .with("partOfOrder", Some(part_of.value()))
        .top()
}

/// Days as days, hours as instants with the destination's offset.
fn times(tongue: &Tongue<'_>, expected: &Expected) -> (Option<String>, Option<String>) {
    let there = |at: jiff::Timestamp| {
        let zoned = at.to_zoned(tongue.teller.zone.clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    };
    match expected {
        Expected::Day(day) => (Some(day.to_string()), Some(day.to_string())),
        Expected::Days { from, until } => (Some(from.to_string()), Some(until.to_string())),
        Expected::Window { from, until } => (from.map(there), Some(there(*until))),
    }
}

fn address(address: &Address) -> Value {
    let personal =
        |text: &Option<Pii<String>>, max: usize| text.as_ref().and_then(|text| harmless::shown(text.expose(), max));
    let street: Vec<String> =
        [&address.line1, &address.line2].into_iter().filter_map(|line| personal(line, TITLE_CHARS_MAX)).collect();
    Thing::new("PostalAddress")
        .with("name", personal(&address.name, NAME_CHARS_MAX))
        .with("streetAddress", Some(street.join(", ")).filter(|street| !street.is_empty()))
        .with("addressLocality", shown(address.city.as_deref()))
        .with("addressRegion", shown(address.region.as_deref()))
        .with("addressCountry", shown(address.country.as_deref()))
        .with("postalCode", shown(address.postcode.as_deref()))
        .value()
}
