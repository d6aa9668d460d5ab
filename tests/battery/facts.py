"""Events, told apart into orders and parcels: what is refused, what is a repeat, what belongs together. No rules about telling."""
import copy
import itertools
import json
import re
from collections import defaultdict
from datetime import datetime, timedelta

ORDER_TYPES = {f"order.{name}" for name in "placed paid updated packed cancelled".split()}
SCANS = set(
    "shipped in_transit delayed out_for_delivery attempt_failed available_for_pickup delivered returning returned lost".split()
)
SHIPMENT_TYPES = {f"shipment.{name}" for name in SCANS | {"created", "updated", "cancelled", "exception"}}
AHEAD = timedelta(days=31)  # What is dated further ahead is refused.
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def read(path):
    """The events of a file, and how many of its lines are none."""
    events, poison = [], 0
    with open(path, "rb") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                event = json.loads(line.decode("utf-8"))
            except (ValueError, RecursionError):
                event = None
            if isinstance(event, dict):
                events.append(event)
            else:
                poison += 1
    return events, poison


def instant(text):
    """A time with offset; None where there is none."""
    if not isinstance(text, str) or not RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return None


def refused(event):
    """Why the contract has this event refused whoever takes it in; None if it does not."""
    if event.get("specversion") != "1.0":
        return "specversion"
    for name, longest in (("id", 128), ("source", 512), ("type", 10_000)):
        value = event.get(name)
        if not isinstance(value, str) or not value or len(value) > longest:
            return name
    if instant(event.get("time")) is None:
        return "time"
    if "\\u0000" in json.dumps(event):
        return "NUL"
    if event["type"] not in ORDER_TYPES | SHIPMENT_TYPES:
        return None
    data = event.get("data")
    if not isinstance(data, dict):
        return "data"
    order, shipment = data.get("order"), data.get("shipment")
    if order is not None and not isinstance(order, dict):
        return "data.order"
    if event["type"] in ORDER_TYPES:
        return None if order_id(event) and order else "data.order.id"
    if not isinstance(shipment, dict):
        return "data.shipment"
    if not order_id(event) and not shipment.get("tracking_number"):
        return "data.order.id"
    return None


def lacks_contact(event):
    """`order.paid` needs a customer who can be reached."""
    customer = (event["data"]["order"].get("customer") if event["type"] == "order.paid" else {}) or {}
    return event["type"] == "order.paid" and not (customer.get("email") or customer.get("phone"))


def order_id(event):
    order = (event.get("data") or {}).get("order") or {}
    return order.get("id") or event.get("subject")


class Fact:
    """One event that was taken in. `sure` is false where another one with the same key may have come first, `elsewhere` is
    true where it may belong to another order."""

    def __init__(self, event, sure=True):
        self.event, self.sure, self.elsewhere = event, sure, False
        self.key = (event["source"], event["id"])
        self.time = instant(event["time"])
        self.type = event["type"].removeprefix("shipment.") if event["type"].startswith("shipment.") else event["type"]
        data = event["data"]
        self.order = data.get("order") or {}
        self.shipment = data.get("shipment") or {}
        self.knows_order = bool(order_id(event))

    def names(self):
        """What the parcel is called here: its id, its tracking number, or both."""
        return [(kind, self.shipment[kind]) for kind in ("id", "tracking_number") if self.shipment.get(kind)]


class Parcel:
    """One parcel: all facts whose names lead to each other."""

    def __init__(self, facts):
        self.facts = sorted(facts, key=lambda fact: (fact.time, fact.key))
        self.ids = list(dict.fromkeys(fact.shipment["id"] for fact in self.facts if fact.shipment.get("id")))
        numbers = [fact.shipment["tracking_number"] for fact in self.facts if fact.shipment.get("tracking_number")]
        self.numbers = list(dict.fromkeys(numbers))
        self.number = numbers[-1] if numbers else None
        self.name = self.ids[0] if self.ids else self.number
        self.scans = [fact for fact in self.facts if fact.type in SCANS]
        self.voided = not self.scans and any(fact.type == "cancelled" for fact in self.facts)


class Order:
    """One order: its facts by time, and its parcels."""

    def __init__(self, brand, ident, facts):
        self.brand, self.id = brand, ident
        self.facts = sorted(facts, key=lambda fact: (fact.time, fact.key))
        parcels = defaultdict(list)
        roots = groups([fact.names() for fact in self.facts if fact.names()])
        for fact in self.facts:
            if fact.names():
                parcels[roots[fact.names()[0]]].append(fact)
        self.parcels = sorted((Parcel(facts) for facts in parcels.values()), key=lambda parcel: parcel.facts[0].time)

    def of_type(self, name):
        return [fact for fact in self.facts if fact.type == name]

    def register(self, member, default=None):
        """A member of the order as the latest fact has it."""
        given = [fact.order[member] for fact in self.facts if fact.order.get(member) is not None]
        return given[-1] if given else default


def groups(lists):
    """A root for each name; names in one list have the same root."""
    parent = {}

    def root(name):
        parent.setdefault(name, name)
        while parent[name] != name:
            name = parent[name]
        return name

    for names in lists:
        for name in names:
            parent[root(name)] = root(names[0])
    return {name: root(name) for name in list(parent)}


def distinct(events, horizon):
    """Facts, without repeats and without what is refused. Of two events of one key with different content either may have come first."""
    variants = defaultdict(list)
    for event in events:
        if refused(event) or event["type"] not in ORDER_TYPES | SHIPMENT_TYPES:
            continue
        if horizon and instant(event["time"]) - horizon > AHEAD:
            continue
        known = variants[(event["source"], event["id"])]
        if event not in known:
            known.append(event)
    for known in variants.values():
        taken = [event for event in known if not lacks_contact(event)]
        for event in taken:
            yield Fact(event, sure=len(taken) == 1)


def gather(events, policies, horizon=None):
    """Orders by (brand, id), each as the list of the ways in which its facts may have been taken in."""
    homes, strays = defaultdict(list), []
    for fact in distinct(events, horizon):
        brand = fact.event.get("brand") or policies.default_brand
        if policies.of(brand) is None:
            continue
        if fact.knows_order:
            homes[(brand, order_id(fact.event))].append(fact)
        else:
            strays.append(fact)
    numbers = defaultdict(set)
    for home, facts in homes.items():
        for fact in facts:
            if fact.shipment.get("tracking_number"):
                numbers[fact.shipment["tracking_number"]].add(home)
    for fact in strays:
        found = {home for home in numbers[fact.shipment["tracking_number"]] if fact.event.get("brand") in (None, home[0])}
        for home in found:
            belonging = copy.copy(fact)
            belonging.elsewhere = len(found) > 1
            homes[home].append(belonging)
    return {home: [Order(*home, facts) for facts in ways(facts)] for home, facts in homes.items()}


def ways(facts):
    """Every set of facts that may have been taken in; with many doubts, only the two ends."""
    sure = [fact for fact in facts if fact.sure and not fact.elsewhere]
    doubts = defaultdict(list)
    for fact in facts:
        if not fact.sure or fact.elsewhere:
            doubts[fact.key].append(fact)
    if len(doubts) > 4:
        return [sure, facts]
    choices = [[*some, None] if some[0].elsewhere else some for some in doubts.values()]
    return [sure + [fact for fact in chosen if fact] for chosen in itertools.product(*choices)]
