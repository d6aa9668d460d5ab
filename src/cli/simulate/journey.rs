//! One parcel's way from the label to the door, with all that can go wrong.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Value, json};

use super::places::Carrier;
use super::story::{Line, Story, business_days_after};

/// A parcel under way.
struct Parcel {
    id: String,
    carrier: Carrier,
    number: String,
    contents: Value,
}

/// Tells how one parcel travels; `ready` is when it was packed.
pub(super) fn tell(story: &mut Story<'_>, lines: Vec<Line>, ready: Timestamp) -> Result<(), jiff::Error> {
    let country = story.country;
    let carrier = *story.chance.weighed(country.carriers);
    let contents = lines.iter().map(|line| json!({ "id": line.id, "qty": line.qty })).collect();
    let number = carrier.number.draw(&mut story.chance);
    let id = format!(
        "{}-{}",
        story.id,
        lines.first().map_or("0", |line| line.id.as_str()).to_owned() + &number[number.len() - 3..]
    );
    let mut parcel = Parcel { id, carrier, number, contents };
    let mut created = ready + story.chance.minutes(2, 40);
    if story.chance.hit(10) {
        parcel.shop_says(story, created, "shipment.created", json!({}))?;
        created += story.chance.minutes(5, 50);
        parcel.shop_says(story, created, "shipment.cancelled", json!({}))?;
        parcel.number = carrier.number.draw(&mut story.chance);
        parcel.id.push('B');
        created += story.chance.minutes(1, 5);
    }
    let label_day = story.day(created);
    let shipped_on = if story.chance.hit(120) { business_days_after(label_day, 1)? } else { label_day };
    let shipped = story.on(shipped_on, 17, 20)?;
    let due = arrival_day(story, shipped_on)?;
    parcel.shop_says(story, created, "shipment.created", json!({ "eta": due }))?;
    parcel.scan(story, shipped, "shipment.shipped", json!({ "eta": due, "location": country.hubs[0] }))?;
    if story.chance.hit(20) {
        // The label came off and was printed again: what the customer was told is no longer true.
        parcel.number = carrier.number.draw(&mut story.chance);
        let at = shipped + story.chance.minutes(60, 900);
        parcel.shop_says(story, at, "shipment.updated", json!({}))?;
    }
    on_the_way(story, &parcel, shipped, due)
}

/// Most parcels come on the promised day or the day before, one in sixteen later.
fn arrival_day(story: &mut Story<'_>, shipped_on: Date) -> Result<Date, jiff::Error> {
    let soonest = business_days_after(shipped_on, 1)?;
    let drift = *story.chance.weighed(&[(35, -1), (59, 0), (4, 1), (2, 2_i64)]);
    let wished = if drift > 0 {
        business_days_after(story.promised, drift)?
    } else {
        story.promised.checked_add(drift.days())?
    };
    Ok(wished.max(soonest))
}

fn on_the_way(story: &mut Story<'_>, parcel: &Parcel, shipped: Timestamp, due: Date) -> Result<(), jiff::Error> {
    let mut due = due;
    let mut at = shipped;
    let eve = story.on(due.yesterday()?, 20, 22)?;
    for hub in &story.country.hubs[1..] {
        at += story.chance.minutes(240, 900);
        if at < eve {
            parcel.scan(story, at, "shipment.in_transit", json!({ "location": hub, "eta": due }))?;
        }
    }
    at = at.min(eve);
    if story.chance.hit(50) {
        let reason = *story.chance.pick(&["weather", "carrier_capacity", "carrier_misrouted"]);
        due = business_days_after(due, story.chance.between(1, 3))?;
        at += story.chance.minutes(30, 200);
        parcel.scan(story, at, "shipment.delayed", json!({ "reason": reason, "eta": due }))?;
        if story.chance.hit(200) {
            // It goes faster than feared.
            due = due.yesterday()?.max(business_days_after(story.day(at), 1)?);
            at += story.chance.minutes(300, 700);
            parcel.scan(story, at, "shipment.in_transit", json!({ "eta": due }))?;
        }
    }
    if story.chance.hit(4) {
        return parcel.scan(
            story,
            at + SignedDuration::from_hours(24 * 9),
            "shipment.lost",
            json!({ "reason": "carrier_lost" }),
        );
    }
    if story.chance.hit(30) {
        let reason = *story.chance.pick(&["address_wrong", "customs_documents", "payment_due", "carrier_damaged"]);
        at += story.chance.minutes(60, 300);
        parcel.scan(story, at, "shipment.exception", json!({ "reason": reason }))?;
        if story.chance.hit(200) {
            return going_back(story, parcel, at, reason);
        }
        due = due.max(business_days_after(story.day(at), 2)?);
        at += story.chance.minutes(1200, 1500);
        parcel.scan(story, at, "shipment.in_transit", json!({ "eta": due, "location": story.country.hubs[1] }))?;
    }
    last_mile(story, parcel, due)
}

fn last_mile(story: &mut Story<'_>, parcel: &Parcel, due: Date) -> Result<(), jiff::Error> {
    if story.chance.hit(parcel.carrier.pickup_per_mille) {
        return to_pickup(story, parcel, due);
    }
    let mut day = due;
    let mut tries = 1;
    loop {
        let morning = story.on(day, 6, 9)?;
        let eta = story.window(day)?;
        parcel.scan(story, morning, "shipment.out_for_delivery", json!({ "eta": eta }))?;
        let door = story.on(day, 10, 18)?;
        let failed = story.chance.hit(80);
        if failed && tries == 3 {
            return going_back(story, parcel, door, "recipient_absent");
        }
        if !failed {
            let to = *story.chance.weighed(&[(80, "recipient"), (12, "neighbour"), (8, "safe_place")]);
            return handed_over(story, parcel, door, to);
        }
        let reason = *story.chance.weighed(&[(8, "recipient_absent"), (1, "recipient_closed"), (1, "address_wrong")]);
        parcel.scan(story, door, "shipment.attempt_failed", json!({ "reason": reason }))?;
        if story.chance.hit(300) {
            return to_pickup(story, parcel, business_days_after(day, 1)?);
        }
        day = business_days_after(day, 1)?;
        tries += 1;
    }
}

fn to_pickup(story: &mut Story<'_>, parcel: &Parcel, day: Date) -> Result<(), jiff::Error> {
    let country = story.country;
    let there = story.on(day, 8, 14)?;
    let until = day.checked_add(3.days())?;
    let name = *story.chance.pick(country.pickups);
    let locker = parcel.carrier.slug == "inpost";
    let code = story.chance.digits(6);
    let street = *story.chance.pick(country.streets);
    let address = format!("{street} {}", story.chance.between(1, 90));
    let pickup = json!({ "name": name, "address": address, "code": code, "until": until });
    parcel.scan(story, there, "shipment.available_for_pickup", json!({ "pickup": pickup }))?;
    if story.chance.hit(30) {
        let closing = story.on(until.tomorrow()?, 6, 8)?;
        return going_back(story, parcel, closing, "pickup_expired");
    }
    // Most fetch it within a day, some at the last moment.
    let fetched =
        there + if story.chance.hit(800) { story.chance.minutes(60, 1400) } else { story.chance.minutes(2000, 3400) };
    handed_over(story, parcel, fetched, if locker { "locker" } else { "pickup_point" })
}

fn handed_over(story: &mut Story<'_>, parcel: &Parcel, at: Timestamp, to: &str) -> Result<(), jiff::Error> {
    parcel.scan(story, at, "shipment.delivered", json!({ "handover": to }))?;
    if story.chance.hit(5) {
        // Scanned by mistake: it is still on the van, and comes the next day.
        let day = business_days_after(story.day(at), 1)?;
        let seen = at + story.chance.minutes(60, 240);
        parcel.scan(story, seen, "shipment.in_transit", json!({ "eta": day }))?;
        let van = story.on(day, 6, 9)?;
        parcel.scan(story, van, "shipment.out_for_delivery", json!({ "eta": day }))?;
        let door = story.on(day, 10, 18)?;
        parcel.scan(story, door, "shipment.delivered", json!({ "handover": "recipient" }))?;
    }
    Ok(())
}

fn going_back(story: &mut Story<'_>, parcel: &Parcel, at: Timestamp, reason: &str) -> Result<(), jiff::Error> {
    let leaves = at + story.chance.minutes(120, 600);
    parcel.scan(story, leaves, "shipment.returning", json!({ "reason": reason }))?;
    let back = business_days_after(story.day(leaves), story.chance.between(2, 4))?;
    let back = story.on(back, 9, 15)?;
    parcel.scan(story, back, "shipment.returned", json!({ "reason": reason }))
}

impl Parcel {
    /// A fact that the shop knows of its own parcel.
    fn shop_says(&self, story: &mut Story<'_>, at: Timestamp, kind: &str, more: Value) -> Result<(), jiff::Error> {
        let mut shipment = json!({
            "id": self.id, "carrier": self.carrier.slug, "service": self.carrier.service, "tracking_number": self.number,
            "tracking_url": format!("https://track.example/{}/{}", self.carrier.slug, self.number), "items": self.contents,
        });
        add(&mut shipment, more);
        let order = json!({ "id": story.id });
        story.of_order(at, kind, json!({ "order": order, "shipment": shipment }))
    }

    /// A carrier's scan: with the order's id where the carrier's feed knows it, else with the number alone.
    fn scan(&self, story: &mut Story<'_>, at: Timestamp, kind: &str, more: Value) -> Result<(), jiff::Error> {
        let mut shipment = json!({ "carrier": self.carrier.slug, "tracking_number": self.number });
        let known = !self.carrier.knows_number_only;
        if known {
            shipment["id"] = json!(self.id);
        }
        add(&mut shipment, more);
        let data = if known {
            json!({ "order": { "id": story.id }, "shipment": shipment })
        } else {
            json!({ "shipment": shipment })
        };
        story.of_carrier(at, self.carrier.slug, kind, known, data)
    }
}

fn add(shipment: &mut Value, more: Value) {
    if let (Some(shipment), Value::Object(more)) = (shipment.as_object_mut(), more) {
        shipment.extend(more);
    }
}
