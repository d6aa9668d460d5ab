"""One order under one policy: who can be reached, when its news can be told, and what may be known by then."""
from collections import Counter
from datetime import timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from facts import SCANS

DAY = timedelta(days=1)
LONG_HOLD = timedelta(days=6)  # A week was seen to be given up; documented is only that nothing is told meanwhile.
STATUS = SCANS - {"delayed"}
ON_THE_WAY = {"shipped", "in_transit", "delayed"}
FINAL = {"delivered", "returned", "returning", "lost"}
# What may be known beside a stage of a parcel without overtaking or contradicting it.
BENIGN = {
    "shipped": {"shipped", "in_transit", "delayed"},
    "out_for_delivery": {"out_for_delivery", "shipped"},
    "attempt_failed": {"shipped"},
    "available_for_pickup": {"shipped", "available_for_pickup"},
    "delivered": {"shipped", "delivered"},
    "returning": {"returning", "in_transit"},
    "returned": {"returned", "in_transit"},
    "lost": {"lost"},
}


class Notice(NamedTuple):
    brand: str
    order: str
    shipment: str | None
    stage: str
    role: str
    channel: str


class Verdict:
    """What one order calls for. See the module's docstring for `must`, `may` and `some`."""

    def __init__(self, brand, order):
        self.brand, self.order = brand, order
        self.must, self.may = Counter(), Counter()
        self.news = set()  # What facts call for and must leave a trace: told, or silent with a reason.
        self.some = []  # Sets of notices of which at least one must be told.
        self.instead = {}  # What says as much as a notice that must be told.
        self.address, self.addresses = {}, {}  # By (role, channel): the latest, and all that ever were right.
        self.language, self.languages = {}, {}  # By role, likewise.
        self.names = {}  # Every name of a parcel to the one used in notices.
        self.numbers, self.number = {}, {}  # By shipment: all tracking numbers that may be named, and the latest.
        self.codes_due = {}  # By (role, channel): pickup codes that some message must name, joined with others or not.
        self.codes = {}  # By shipment: pickup codes that may be named.
        self.days = set()  # Days that facts name as promised or expected, as ISO dates.
        self.items = set()  # Titles of what was ordered.
        self.gift, self.superseded = False, "drop"
        self.short = False  # Parcels say what is in them, and something that was ordered is in none.
        self.live = set()  # Parcels that are really on their way or were, without voided ones.
        self.scans = {}  # By shipment: (time, kind) of its scans.
        self.zone = None  # The clock of the destination, if the address says it.
        self.tangled = set()  # Parcels whose scans contradict each other; None among them: the order itself.

    def known(self, notice):
        """The notice with the parcel's one name."""
        return notice._replace(shipment=self.names.get(notice.shipment, notice.shipment))


class Case:
    """One order under one policy, and the answers to what it calls for."""

    def __init__(self, order, brand, now, horizon):
        self.order, self.policy, self.now = order, brand, now
        self.horizon = horizon or (order.facts[-1].time if order.facts else now)
        self.result = Verdict(order.brand, order.id)
        self.result.superseded = brand.superseded
        self.people = People(order, brand)
        addresses = [fact.order["address"] for fact in order.facts if fact.order.get("address")]
        places = {(one.get("country"), one.get("time_zone")) for one in addresses}
        self.country, zone = places.pop() if len(places) == 1 else (None, None)
        self.zone = ZoneInfo(zone) if zone else None
        self.known = {}  # What was found before: by fact, and by fact and the time that its news waits.

    # ---- When a fact's news goes out, and what may be known then.

    def slack(self, stage, channel):
        """The longest that a stage's news waits by itself."""
        start, until = self.hours(channel)
        return self.policy.stages[stage].window + (DAY - (until - start)) % DAY

    def hours(self, channel):
        """When the channel speaks at this order's destination."""
        hours = self.policy.hours[channel]
        return hours.get(self.country, hours[None])

    def out(self, when, stage, channel):
        """When the news of this moment is out at the latest: after the merge window and the quiet hours there."""
        window = self.policy.stages[stage].window
        start, until = self.hours(channel)
        due = when + window
        if (start, until) == (timedelta(), DAY):
            return due
        if self.zone is None:
            return when + self.slack(stage, channel)
        local = due.astimezone(self.zone)
        clock = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        # What comes in the night may wait for its window once more in the morning; an hour for the nights when clocks change.
        return due if start + window <= clock < until else due + (start - clock) % DAY + window + timedelta(hours=1)

    def news(self, fact):
        """When the news of a fact can be told at the earliest, and None if that is unsure: its order, a person and no hold."""
        if id(fact) not in self.known:
            self.known[id(fact)] = self.first_news(fact)
        return self.known[id(fact)]

    def first_news(self, fact):
        known = min((one.time for one in self.order.facts if one.knows_order and one.order.get("customer")), default=None)
        if known is None:
            return None
        when = max(fact.time, known)
        if not fact.knows_order:
            number = fact.shipment["tracking_number"]
            when = max(when, min(one.time for one in self.order.facts if one.knows_order and ("tracking_number", number) in one.names()))
        held = False
        for one in self.order.facts:
            if one.order.get("hold") is not None and one.time <= when or held:
                held = one.order.get("hold", held)
                when = max(when, one.time)
        return None if held or when - fact.time > min(self.policy.age_limit, LONG_HOLD) else when

    def rivals(self, fact, stage, channel):
        """What may be known when the stage that this fact calls for is told; None if it may stay silent whatever is known."""
        key = (id(fact), self.policy.stages[stage].window, channel)
        if key not in self.known:
            self.known[key] = self.find_rivals(fact, stage, channel)
        return self.known[key]

    def find_rivals(self, fact, stage, channel):
        if self.now is not None:
            held = self.order.register("hold", False)
            old = self.horizon - fact.time > self.policy.age_limit
            return None if held or old else [one for one in self.order.facts if one is not fact]
        when = self.news(fact)
        if when is None:
            return None
        until = self.out(when, stage, channel)
        if any(one.order.get("hold") and when < one.time <= until for one in self.order.facts):
            return None
        return [one for one in self.order.facts if one is not fact and one.time <= until]

    def unplaced(self, fact):
        """Whether this fact may be told of while a person is known and the address is not: then the brand's clock counts."""
        placed = [one.time for one in self.order.facts if one.order.get("address")]
        if self.now is not None:
            return any(one.order.get("customer") and not one.order.get("address") for one in self.order.facts)
        return not placed or self.news(fact) < min(placed)

    def fresh(self, fact):
        """Whether the fact may have been new enough when it came."""
        return self.now is None or self.now - fact.time <= self.policy.age_limit

    # ---- What helps to judge the truth of a message.

    def describe(self):
        """What helps to judge the truth of a message."""
        result, order = self.result, self.order
        self.people.describe(result)
        result.gift = bool(self.order.register("recipient"))
        result.zone = self.zone
        for parcel in order.parcels:
            for kind, name in [("id", one) for one in parcel.ids] + [("number", one) for one in parcel.numbers]:
                result.names.setdefault(name, parcel.name)
            result.numbers[parcel.name], result.number[parcel.name] = set(parcel.numbers), parcel.number
            pickups = [fact.shipment["pickup"] for fact in parcel.facts if isinstance(fact.shipment.get("pickup"), dict)]
            result.codes[parcel.name] = {pickup["code"] for pickup in pickups if pickup.get("code")}
            result.scans[parcel.name] = [(fact.time, fact.type) for fact in parcel.scans]
            if not parcel.voided:
                result.live.add(parcel.name)
            if tangled(parcel):
                result.tangled.add(parcel.name)
        changed = order.of_type("order.cancelled") or any(parcel.voided for parcel in order.parcels)
        if changed or any(fact.order.get("hold") for fact in order.facts):
            result.tangled.add(None)
        held = {item.get("id") for fact in order.facts for item in fact.shipment.get("items") or []}
        result.short = bool(held) and any(item.get("id") not in held for fact in order.facts for item in fact.order.get("items") or [])
        for fact in order.facts:
            result.items |= {item["title"] for item in fact.order.get("items") or [] if item.get("title")}
            for span in (fact.order.get("promise"), fact.shipment.get("eta")):
                parts = span.values() if isinstance(span, dict) else [span]
                result.days |= {part[:10] for part in parts if isinstance(part, str)}


def tangled(parcel):
    """Whether scans contradict each other: something after an end, or two ends."""
    ends = [fact for fact in parcel.scans if fact.type in FINAL]
    late = [fact for fact in parcel.scans if ends and fact.time >= ends[0].time and fact.type not in BENIGN[ends[0].type]]
    return bool(late) or tied(parcel)


def tied(parcel):
    """Whether two different scans carry the same time, so that nobody can say which came first."""
    kinds = {(fact.time, fact.type) for fact in parcel.scans if fact.type in STATUS}
    return len({when for when, _ in kinds}) < len(kinds)


class People:
    """Who can be told, and where."""

    def __init__(self, order, brand):
        self.brand, self.versions = brand, {}
        carriers = [fact.order for fact in order.facts if fact.order.get("customer") or fact.order.get("recipient")]
        customers = [one["customer"] for one in carriers if one.get("customer")]
        self.versions["customer"] = customers
        # A present is sure to be one only if whoever learns of the customer learns of the recipient as well.
        self.versions["recipient"] = [one.get("recipient") for one in carriers]

    def reach(self, person, channel):
        """Where this version of a person can be told, if anywhere."""
        if not person or (person.get("channels") or {}).get(channel) is False:
            return None
        return person.get("email" if channel == "email" else "phone")

    def possible(self, role, channel):
        return any(self.reach(one, channel) for one in self.versions[role])

    def certain(self, role, channel):
        return bool(self.versions[role]) and all(self.reach(one, channel) for one in self.versions[role])

    def describe(self, result):
        for role, versions in self.versions.items():
            for channel in ("email", "sms"):
                found = [self.reach(one, channel) for one in versions]
                found = [one for one in found if one]
                if found:
                    result.address[(role, channel)], result.addresses[(role, channel)] = found[-1], set(found)
            spoken = [self.brand.language(one.get("locale")) for one in versions if one]
            if spoken:
                result.language[role], result.languages[role] = spoken[-1], set(spoken)
