//! One order's life, from the click to the last parcel.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::chance::Chance;
use super::goods::{Article, SHELVES};
use super::journey;
use super::places::{COUNTRIES, Country};
use super::{Args, Arriving};

/// An order being told: who, where, what, and the events so far.
pub(super) struct Story<'a> {
    pub(super) chance: Chance,
    pub(super) country: &'static Country,
    pub(super) zone: TimeZone,
    pub(super) brand: &'a str,
    pub(super) id: String,
    pub(super) lines: Vec<Line>,
    pub(super) promised: Date,
    out: &'a mut Vec<Arriving>,
    told: u32,
}

/// One line of the order.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) article: &'static Article,
    pub(super) qty: i64,
}

/// Tells the whole life of order number `n`.
pub(super) fn tell(
    chance: Chance,
    brand: &str,
    n: u32,
    args: &Args,
    out: &mut Vec<Arriving>,
) -> Result<(), jiff::Error> {
    let mut chance = chance;
    let country = chance.weighed(COUNTRIES);
    let shelf = n as usize % args.brands.len() % SHELVES.len();
    let lines = basket(&mut chance, SHELVES[shelf]);
    let placed = placed_at(&mut chance, country, args)?;
    let zone = TimeZone::get(country.zone)?;
    let (least, most) = country.promise_days;
    let promise_days = chance.between(least, most) + 1;
    let promised = business_days_after(placed.to_zoned(zone.clone()).date(), promise_days)?;
    let id = format!("{}-{}", brand.chars().take(2).collect::<String>().to_uppercase(), 10_001 + n);
    let mut story = Story { chance, country, zone, brand, id, lines, promised, out, told: 0 };
    story.live(placed, n)
}

impl Story<'_> {
    fn live(&mut self, placed: Timestamp, n: u32) -> Result<(), jiff::Error> {
        let mut order = self.order(placed, n);
        self.of_order(placed, "order.placed", json!({ "order": order.clone() }))?;
        // Most pay at once; a bank transfer takes a day or two.
        let paid =
            placed + if self.chance.hit(40) { self.chance.minutes(600, 2600) } else { self.chance.minutes(1, 5) };
        order["paid_at"] = json!(paid);
        self.of_order(paid, "order.paid", json!({ "order": order }))?;
        let asked = paid + self.chance.minutes(60, 900);
        let mut ready = self.work_hours(asked)?;
        if self.chance.hit(10) {
            let (from, until) = (paid + self.chance.minutes(3, 9), ready + self.chance.minutes(20, 300));
            self.of_order(from, "order.updated", json!({ "order": { "id": self.id, "hold": true } }))?;
            self.of_order(until, "order.updated", json!({ "order": { "id": self.id, "hold": false } }))?;
            ready = self.work_hours(until)?;
        }
        if self.chance.hit(30) {
            let reason = *self.chance.pick(&["customer_request", "out_of_stock"]);
            return self.of_order(ready, "order.cancelled", json!({ "order": { "id": self.id, "reason": reason } }));
        }
        if self.lines.len() > 1 && self.chance.hit(15) {
            let gone = self.lines.pop().expect("more than one line");
            let items = json!([{ "id": gone.id, "qty": gone.qty }]);
            let data = json!({ "order": { "id": self.id, "items": items, "reason": "out_of_stock" } });
            self.of_order(ready - SignedDuration::from_mins(20), "order.cancelled", data)?;
        }
        if self.chance.hit(600) {
            self.of_order(ready, "order.packed", json!({ "order": { "id": self.id } }))?;
        }
        for parcel in self.split() {
            journey::tell(self, parcel, ready)?;
        }
        Ok(())
    }

    /// The order as the shop publishes it.
    fn order(&mut self, placed: Timestamp, n: u32) -> Value {
        let country = self.country;
        let percent = country.price_percent;
        let lines = self.lines.clone();
        let items: Vec<Value> = lines
            .iter()
            .map(|line| {
                json!({ "id": line.id, "sku": line.article.sku, "title": line.article.title(country.locale), "qty": line.qty,
                        "unit_price": line.article.price * percent / 100 })
            })
            .collect();
        let subtotal: i64 = lines.iter().map(|line| line.article.price * percent / 100 * line.qty).sum();
        let shipping = 490 * percent / 100;
        let (city, region, postcode) = *self.chance.pick(country.cities);
        let street = *self.chance.pick(country.streets);
        let (from_city, from_country) = country.ship_from;
        let mut order = json!({
            "id": self.id, "placed_at": placed, "currency": country.currency,
            "subtotal": subtotal, "shipping": shipping, "total": subtotal + shipping,
            "customer": self.person(&format!("c{}", 5001 + n)),
            "address": { "line1": format!("{street} {}", self.chance.between(1, 90)), "city": city, "region": region,
                         "postcode": postcode, "country": country.code },
            "ship_from": { "city": from_city, "country": from_country },
            "items": items, "promise": { "date": self.promised },
            "links": { "order": format!("https://{}.example/orders/{}", self.brand, self.id),
                       "support": format!("https://{}.example/help", self.brand) },
        });
        if self.chance.hit(60) {
            order["recipient"] = self.person(&format!("g{}", 5001 + n));
        }
        order
    }

    fn person(&mut self, id: &str) -> Value {
        let country = self.country;
        let mut person = json!({
            "id": id, "name": self.chance.pick(country.names), "email": format!("{id}@customer.example"),
            "locale": country.locale, "channels": { "email": true, "sms": !self.chance.hit(150) },
        });
        if self.chance.hit(800) {
            person["phone"] = json!(country.phone(&mut self.chance));
        }
        person
    }

    /// Which lines go into which parcel: a quarter of the orders that can be split are, 15 % of all.
    fn split(&mut self) -> Vec<Vec<Line>> {
        let count = *self.chance.weighed(&[(750, 1), (190, 2), (60, 3_usize)]);
        let pieces: i64 = self.lines.iter().map(|line| line.qty).sum();
        let count = count.min(pieces as usize);
        let mut parcels: Vec<Vec<Line>> = vec![Vec::new(); count];
        let mut turn = 0;
        for line in &self.lines {
            for _ in 0..line.qty {
                let parcel = &mut parcels[turn % count];
                match parcel.iter_mut().find(|there| there.id == line.id) {
                    Some(there) => there.qty += 1,
                    None => parcel.push(Line { qty: 1, ..line.clone() }),
                }
                turn += 1;
            }
        }
        parcels
    }

    /// Publishes a fact that the shop knows. The shop is prompt, yet not always in order.
    pub(super) fn of_order(&mut self, fact: Timestamp, kind: &str, data: Value) -> Result<(), jiff::Error> {
        let delay = SignedDuration::from_secs(self.chance.between(0, 20));
        let source = format!("/shops/{}", self.brand);
        self.publish(fact, delay, &source, kind, Some(self.brand), data)
    }

    /// Publishes a carrier's scan. Some come minutes late, a few after days.
    pub(super) fn of_carrier(
        &mut self,
        fact: Timestamp,
        carrier: &str,
        kind: &str,
        known: bool,
        data: Value,
    ) -> Result<(), jiff::Error> {
        let delay = if self.chance.hit(4) {
            self.chance.minutes(50 * 60, 80 * 60)
        } else if self.chance.hit(40) {
            self.chance.minutes(10, 700)
        } else {
            self.chance.minutes(0, 2)
        };
        let brand = if known { Some(self.brand) } else { None };
        self.publish(fact, delay, &format!("/carriers/{carrier}"), kind, brand, data)
    }

    fn publish(
        &mut self,
        fact: Timestamp,
        delay: SignedDuration,
        source: &str,
        kind: &str,
        brand: Option<&str>,
        data: Value,
    ) -> Result<(), jiff::Error> {
        self.told += 1;
        let at = fact.checked_add(delay)?;
        let mut event = json!({
            "specversion": "1.0", "id": format!("{}/{kind}/{}", self.id, self.told), "source": source, "type": kind,
            "time": fact.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(), "recordedtime": at,
            "datacontenttype": "application/json", "data": data,
        });
        if let Some(brand) = brand {
            event["subject"] = json!(self.id);
            event["brand"] = json!(brand);
        }
        if self.chance.hit(30) {
            let again = at.checked_add(self.chance.minutes(0, 240))?;
            self.out.push(Arriving { at: again, event: event.clone() });
        }
        self.out.push(Arriving { at, event });
        Ok(())
    }

    /// A time on `day`, where the parcel goes, between the hours given.
    pub(super) fn on(&mut self, day: Date, from_hour: i64, until_hour: i64) -> Result<Timestamp, jiff::Error> {
        let minute = self.chance.between(from_hour * 60, until_hour * 60 - 1);
        let second = self.chance.between(0, 59);
        let time = day.at((minute / 60) as i8, (minute % 60) as i8, second as i8, 0);
        Ok(time.to_zoned(self.zone.clone())?.timestamp())
    }

    /// The carrier's window on `day`: four full hours.
    pub(super) fn window(&mut self, day: Date) -> Result<Value, jiff::Error> {
        let hour = *self.chance.pick(&[9, 10, 12, 14]);
        let at = |hour: i8| day.at(hour, 0, 0, 0).to_zoned(self.zone.clone()).map(|zoned| zoned.timestamp());
        Ok(json!({ "from": at(hour)?, "until": at(hour + 4)? }))
    }

    /// The day of an instant, where the parcel goes.
    pub(super) fn day(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// The first time from `at` on when somebody packs parcels: Monday to Friday, 8 to 16.
    fn work_hours(&mut self, at: Timestamp) -> Result<Timestamp, jiff::Error> {
        let local = at.to_zoned(self.zone.clone());
        let working = !weekend(local.date());
        if working && (8..16).contains(&local.hour()) {
            return Ok(at);
        }
        let day = if working && local.hour() < 8 { local.date() } else { business_days_after(local.date(), 1)? };
        self.on(day, 8, 12)
    }
}

fn basket(chance: &mut Chance, shelf: &'static [Article]) -> Vec<Line> {
    let count = *chance.weighed(&[(50, 1), (30, 2), (15, 3), (5, 4_i64)]);
    let first = chance.between(0, shelf.len() as i64 - 1);
    (0..count)
        .map(|n| Line {
            id: (n + 1).to_string(),
            article: &shelf[((first + n) % shelf.len() as i64) as usize],
            qty: *chance.weighed(&[(80, 1), (15, 2), (5, 3)]),
        })
        .collect()
}

/// Orders are placed all day long, most of them at noon and in the evening.
fn placed_at(chance: &mut Chance, country: &Country, args: &Args) -> Result<Timestamp, jiff::Error> {
    let first = args.start.to_zoned(TimeZone::UTC);
    let day = chance.between(0, i64::from(args.days) - 1);
    let hour = *chance.weighed(&[(2, 1), (6, 7), (14, 10), (18, 12), (12, 15), (20, 18), (22, 20), (6, 22_i64)]);
    let date = first.date().checked_add(day.days())?;
    let minute = chance.between(0, 59) as i8;
    let local = date.at(hour as i8, minute, chance.between(0, 59) as i8, 0);
    let at = local.to_zoned(TimeZone::get(country.zone)?)?.timestamp();
    // A start in the middle of a day, or a zone east of Greenwich: never before the start.
    Ok(if at < args.start { at + SignedDuration::from_hours(24) } else { at })
}

fn weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The day that is `count` business days after `day`; holidays are not known here.
pub(super) fn business_days_after(day: Date, count: i64) -> Result<Date, jiff::Error> {
    let mut day = day;
    let mut left = count;
    while left > 0 {
        day = day.tomorrow()?;
        if !weekend(day) {
            left -= 1;
        }
    }
    Ok(day)
}
