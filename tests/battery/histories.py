#!/usr/bin/env python3
"""Histories of orders, plausible and hostile, from one seed: the same seed, number and now give the same bytes.

    histories.py --orders 1000 --seed 7 [--now 2026-11-20T12:00:00+00:00] [--days 12] > events.jsonl

An order lives through some `days` that end shortly before `now`. It has 8 to 40 facts: parcels that arrive, wait, come back, are lost
and found; scans that contradict each other, come at the same second, or know only carrier and number; cancellations whole and in
part; replaced numbers; holds; presents; people who declined a channel or have no address; the same event twice with other content;
and lines that no door may take. The brands are those of brands.toml. `make` gives them order by order, each as a list of lines in the
order of happening: what a worker is given (shuffled, repeated) is the caller's choice."""
import argparse
import json
import random
from datetime import datetime, timedelta, timezone

BRANDS = ["swift", "latest", "usual", "terse", "brief"]
PLACES = [
    ("en", "GB", "Leeds", "Europe/London", "GBP"), ("pl", "PL", "Gdynia", "Europe/Warsaw", "PLN"),
    ("uk", "UA", "Львів", "Europe/Kyiv", "UAH"), ("pt-BR", "BR", "Recife", "America/Recife", "BRL"),
    ("de", "DE", "Leipzig", "Europe/Berlin", "EUR"), ("pt", "PT", "Braga", "Europe/Lisbon", "EUR"),
]
NAMES = ["Ann", "Łucja Żak", "Олена", "João", "O'Neil <b>", "Zoë \u202e", "{{7*7}}", "https://x.example", "李"]
TITLES = ["Enamel mug", "Kubek żółty", "Світшот", "Chá-verde & pão", "<script>alert(1)</script>", "Lamp \"S\"", "100% wool"]
CARRIERS = ["dhl", "inpost", "dpd", "nova-poshta", "ups"]
REASONS = (
    "carrier_capacity carrier_damaged carrier_lost carrier_misrouted carrier_other customs_hold customs_documents customs_duties address_wrong "
    "address_moved recipient_absent recipient_refused recipient_closed pickup_expired payment_due weather security shop_other unknown"
).split()
# How a parcel may go on after it was shipped: each word is a scan; `~` is a scan on the way or none, `!` one of the problems.
WAYS = [
    (30, "~ ~ out_for_delivery delivered"), (6, "~ delivered"), (4, "~ ~ ~"), (3, ""), (4, "~ out_for_delivery"),
    (8, "~ out_for_delivery attempt_failed ~ out_for_delivery delivered"), (4, "~ attempt_failed attempt_failed"),
    (3, "~ out_for_delivery attempt_failed attempt_failed attempt_failed returning returned"),
    (2, "~ out_for_delivery in_transit out_for_delivery delivered"), (2, "~ out_for_delivery out_for_delivery"),
    (2, "~ available_for_pickup available_for_pickup delivered"), (8, "~ available_for_pickup delivered"), (5, "~ available_for_pickup"), (3, "~ available_for_pickup returning returned"),
    (4, "~ lost"), (4, "~ lost ~ out_for_delivery delivered"), (3, "lost in_transit lost"), (4, "~ returning returned"),
    (2, "~ returning in_transit delivered"), (5, "~ ! ~ delivered"), (4, "~ !"), (2, "! !"), (4, "~ delayed ~ delivered"),
    (3, "~ delayed"), (3, "~ delivered in_transit out_for_delivery delivered"), (2, "~ delivered out_for_delivery"),
    (2, "~ delivered shipped"), (2, "delivered delivered"), (2, "~ delivered returned"), (1, "~ delivered lost"),
    (1, "~ delivered ! "), (1, "~ delivered attempt_failed"), (1, "~ delivered available_for_pickup delivered"),
]
ANY = "shipped in_transit delayed out_for_delivery attempt_failed available_for_pickup delivered returning returned lost exception".split()


class History:
    """One order's life, as lines in the order of happening."""

    def __init__(self, chance, number, now, days):
        self.chance, self.number = chance, number
        self.brand = BRANDS[number % len(BRANDS)] if chance.random() < 0.9 else chance.choice(BRANDS)
        self.order = f"{self.brand[0].upper()}-{number}"
        self.locale, self.country, self.city, self.zone, self.currency = chance.choice(PLACES)
        self.end = now - timedelta(minutes=chance.randint(1, 300))
        self.start = self.end - timedelta(hours=chance.randint(20, 24 * days))
        self.source, self.facts, self.lines, self.serial = f"/shops/{self.brand}", [], [], 0
        self.customer, self.recipient = self.person("c"), self.person("r") if chance.random() < 0.2 else None
        self.items = [
            {"id": f"L{place}", "sku": f"S-{place}", "title": chance.choice(TITLES), "qty": chance.randint(1, 3), "unit_price": 1990}
            for place in range(1, chance.randint(2, 5))
        ]

    def odds(self, probability):
        return self.chance.random() < probability

    def person(self, sort):
        person = {"id": f"{sort}{self.number}", "name": self.chance.choice(NAMES), "locale": self.locale if self.odds(0.8) else "fr"}
        if self.odds(0.93):
            person["email"] = f"{sort}{self.number}@customer.example"
        if self.odds(0.75) or "email" not in person:
            person["phone"] = f"+1202{self.number % 100000:05d}{'1' if sort == 'c' else '2'}0"
        if self.odds(0.2):
            person["channels"] = {channel: self.odds(0.5) for channel in ("email", "sms") if self.odds(0.8)}
        return person

    def add(self, kind, when, order=None, shipment=None, **envelope):
        """A fact at a time between start (0) and end (1)."""
        at = self.start + (self.end - self.start) * min(max(when, 0), 1)
        at = at.astimezone(timezone(timedelta(hours=self.chance.choice((0, 1, 2, -3))))).replace(microsecond=0)
        self.serial += 1
        event = {"specversion": "1.0", "id": f"{self.order}/{self.serial}", "source": self.source, "type": kind, "time": at.isoformat(),
                 "brand": self.brand, "data": {}}
        if order is not None:
            event["data"]["order"] = order
        if shipment is not None:
            event["data"]["shipment"] = shipment
        event.update(envelope)
        event = {name: value for name, value in event.items() if value is not None}
        self.facts.append((at, self.serial, event))
        return event

    def base(self, **more):
        return {"id": self.order, **more}

    def whole(self):
        """The order as `order.paid` carries it."""
        order = self.base(customer=self.customer, items=self.items, currency=self.currency, subtotal=9900, total=10400)
        order["address"] = {"line1": "1 Quay Street", "city": self.city, "country": self.country, "time_zone": self.zone}
        if self.recipient:
            order["recipient"] = self.recipient
        if self.odds(0.8):
            day = (self.start + (self.end - self.start) * self.chance.choice((0.3, 0.6, 1, 1, 1.5))).date()
            order["promise"] = {"date": (day + timedelta(days=self.chance.randint(0, 2))).isoformat()}
        return order

    def tell(self):
        order = self.whole()
        if self.odds(0.3):
            self.add("order.placed", 0, order)
        if self.odds(0.95):
            self.add("order.paid", 0.02, dict(order, **({"hold": True} if self.odds(0.06) else {})))
        if self.odds(0.35):
            self.add("order.packed", self.chance.uniform(0.05, 0.2), self.base())
        parcels = self.chance.choices((0, 1, 2, 3), (5, 60, 22, 13))[0]
        for place in range(parcels):
            self.parcel(place + 1, parcels)
        self.troubles(order)
        for _ in range(max(0, 8 - len(self.facts))):
            self.add("order.updated", self.chance.random(), self.base(links={"order": f"https://shop.example/{self.chance.randint(1, 9)}"}))
        self.facts.sort(key=lambda fact: fact[:2])
        self.lines = [json.dumps(event, ensure_ascii=self.odds(0.5)) for _, _, event in self.facts]
        self.poison()
        return self

    # ---- Parcels.

    def parcel(self, place, parcels):
        """One parcel, and the way that it goes."""
        chance, number = self.chance, f"{self.brand[:2].upper()}{self.number:08d}{place}"
        parcel = {"id": f"P{place}", "carrier": chance.choice(CARRIERS), "tracking_number": number}
        begin = chance.uniform(0.1, 0.4)
        if self.odds(0.7):
            contents = [{"id": item["id"], "qty": item["qty"]} for item in self.items[place - 1 :: parcels]] if self.odds(0.4) else None
            self.add("shipment.created", begin - 0.05, self.base(), dict(parcel, **({"items": contents} if contents else {})))
        if self.odds(0.04):
            self.add("shipment.cancelled", begin - 0.01, self.base(), {"id": parcel["id"]})
            if self.odds(0.6):
                return
        way = chance.choices([way for _, way in WAYS], [weight for weight, _ in WAYS])[0].split()
        if self.odds(0.05):
            way = [chance.choice(ANY) for _ in range(chance.randint(2, 9))]
        steps = (["shipped"] if self.odds(0.85) else []) + way
        if self.odds(0.1):
            replaced = dict(parcel, tracking_number=number + "9", carrier=chance.choice(CARRIERS), since=chance.uniform(begin, 1))
            self.add("shipment.updated", replaced["since"], self.base(), {name: value for name, value in replaced.items() if name != "since"})
            parcel = dict(parcel, replaced=replaced if self.odds(0.7) else None)
        self.walk(parcel, steps, begin)

    def walk(self, parcel, steps, begin):
        """The scans of a parcel, some of them from a feed that knows only carrier and number."""
        feed, when = self.odds(0.15), begin
        pause = (0.98 - begin) / max(len(steps), 1)
        for step in steps:
            for kind in self.scans(step):
                again = kind in ("attempt_failed", "delivered") and self.odds(0.1)
                self.scan(parcel, kind, when, feed)
                if again:
                    self.scan(parcel, kind, when + self.chance.choice((0, 0.001, 0.03)), feed)
            hurry = self.chance.choice((0, 0.0005, 0.01)) if self.odds(0.06) else 1
            when += pause * self.chance.uniform(0.3, 1.2) * hurry

    def scans(self, step):
        if step == "~":
            return ["in_transit"] * self.chance.choice((0, 1, 1, 2, 4))
        return ["exception"] if step == "!" else [step]

    def scan(self, parcel, kind, when, feed):
        chance = self.chance
        if parcel.get("replaced") and when > parcel["replaced"]["since"]:
            parcel = parcel["replaced"]
        shipment = {"id": parcel["id"]} if not feed else {"carrier": parcel["carrier"], "tracking_number": parcel["tracking_number"]}
        if not feed and self.odds(0.6):
            shipment |= {"carrier": parcel["carrier"], "tracking_number": parcel["tracking_number"]}
        if kind == "exception" or kind == "attempt_failed" and self.odds(0.5):
            shipment["reason"] = chance.choice(REASONS)
        if kind == "available_for_pickup":
            until = self.start + (self.end - self.start) * (when + chance.uniform(0.05, 1)) + timedelta(days=chance.randint(0, 5))
            shipment["pickup"] = {"name": f"Locker {chance.randint(1, 99)}", "code": f"{chance.randint(0, 999999):06d}", "until": until.date().isoformat()}
        if kind == "delivered" and self.odds(0.4):
            shipment["handover"] = chance.choice(("recipient", "neighbour", "safe_place", "locker", "pickup_point"))
        if kind in ("shipped", "in_transit", "delayed") and self.odds(0.3):
            eta = self.start + (self.end - self.start) * chance.uniform(when, 1.6) + timedelta(days=chance.randint(0, 3))
            shipment["eta"] = eta.date().isoformat()
        envelope = {"source": f"urn:carrier:{parcel['carrier']}"} if feed else {}
        if feed and self.odds(0.7):
            envelope["brand"] = None
        self.add(f"shipment.{kind}", when, None if feed else self.base(), shipment, **envelope)

    # ---- What shops do to orders, and what goes wrong on the way to us.

    def troubles(self, order):
        chance = self.chance
        if self.odds(0.06):
            self.add("order.cancelled", chance.uniform(0.03, 0.9), self.base(reason="changed mind"))
        for _ in range(chance.choice((0,) * 12 + (1, 2))):
            item = chance.choice(self.items)
            self.add("order.cancelled", chance.uniform(0.03, 0.9), self.base(items=[{"id": item["id"], "qty": 1}], reason="out of stock"))
        held = any(fact.get("data", {}).get("order", {}).get("hold") for _, _, fact in self.facts)
        if self.odds(0.04):
            self.add("order.updated", chance.uniform(0.03, 0.7), self.base(hold=True))
            held = True
        if held and self.odds(0.8):
            self.add("order.updated", chance.uniform(0.1, 0.9), self.base(hold=False))
        if self.odds(0.08):
            self.add("order.updated", chance.random(), self.base(customer=dict(self.customer, name="Corrected")))
        if self.odds(0.04):
            self.add("order.updated", chance.random(), self.base(customer=dict(self.customer, email=f"new{self.number}@customer.example")))
        if self.odds(0.06):
            day = (self.end + timedelta(days=chance.randint(-3, 6))).date().isoformat()
            self.add("order.updated", chance.random(), self.base(promise={"date": day}))
        if self.odds(0.03) and self.facts:
            self.contradict(chance.choice(self.facts)[2])

    def contradict(self, event):
        """The same key with other content: whichever comes first counts."""
        other = json.loads(json.dumps(event))
        other["type"] = "shipment.delivered" if event["type"].startswith("shipment.") else "order.updated"
        other["time"] = (datetime.fromisoformat(event["time"]) + timedelta(seconds=1)).isoformat()
        self.serial += 1
        self.facts.append((datetime.fromisoformat(other["time"]), self.serial, other))

    def poison(self):
        """Lines that are to be refused, each for itself; the order goes on as if they had not come."""
        if not self.lines or not self.odds(0.08):
            return
        place = self.chance.randrange(len(self.lines))
        event = json.loads(self.lines[place])
        event["id"] += "/poison"
        worse = [
            lambda: "{" + self.order, lambda: json.dumps(event)[:-9], lambda: "[1, 2]",
            lambda: json.dumps(dict(event, time=event["time"][:19])), lambda: json.dumps(dict(event, specversion="0.3")),
            lambda: json.dumps(dict(event, id="")), lambda: json.dumps(dict(event, type="order.paid", data={"order": {"id": self.order}})),
            lambda: json.dumps(dict(event, brand="nobody")), lambda: json.dumps(dict(event, data="no")),
            lambda: json.dumps(dict(event, type="order.paid", data={"order": self.base(customer={"name": "\x00", "email": "x@customer.example"})})),
            lambda: json.dumps(dict(event, type="order.exploded")), lambda: json.dumps(dict(event, type="shipment.delivered", data={"shipment": {}}, subject=None)),
        ]
        self.lines.insert(place + 1, self.chance.choice(worse)())


def make(orders, seed, now, days=12, first=1):
    """The histories, each with `order`, `brand` and `lines`; each has the same content whichever is the first."""
    for number in range(first, first + orders):
        yield History(random.Random(f"{seed}/{number}"), number, now, days).tell()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--orders", type=int, default=1000)
    arguments.add_argument("--seed", default="1")
    arguments.add_argument("--now", type=datetime.fromisoformat, default=datetime(2026, 11, 20, 12, tzinfo=timezone.utc))
    arguments.add_argument("--days", type=int, default=12)
    options = arguments.parse_args()
    for history in make(options.orders, options.seed, options.now, options.days):
        for line in history.lines:
            print(line)


if __name__ == "__main__":
    main()
