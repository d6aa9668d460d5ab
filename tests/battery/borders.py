"""Short histories at the borders of what must be told: beside each answer that the oracle lets pass stand answers close by that it must
not. So what the oracle was taught to forgive is known to be no wider than it was meant."""
import oracle
from policy import STAGES

CUSTOMER = {"id": "c", "name": "Ada", "email": "ada@customer.example", "phone": "+12020000001"}
ADDRESS = {"city": "Leipzig", "country": "DE", "time_zone": "Europe/Berlin"}
ITEMS = [{"id": "L1", "qty": 1}, {"id": "L2", "qty": 1}]
PAID = ("02 08:00", "order.paid", {"customer": CUSTOMER, "address": ADDRESS, "items": ITEMS})
PROMISED = PAID[2] | {"promise": "2026-11-05"}
GIFT = ("02 08:00", "order.paid", PROMISED | {"recipient": {"id": "r", "email": "eve@customer.example"}})
WITHOUT_MAIL = ("02 08:00", "order.paid", PROMISED | {"customer": {"id": "c", "phone": CUSTOMER["phone"]}})
MAIL = ("03 12:00", "order.updated", {"customer": CUSTOMER})
HELD = ("02 08:00", "order.paid", PAID[2] | {"hold": True})
RELEASED = ("03 12:00", "order.updated", {"hold": False})
BARE = ("02 09:00", "order.updated", {"customer": CUSTOMER})
# At half past midnight there, and on the day before by the brand's clock.
VAN = ("02 23:30", "out_for_delivery", "A")
END = ("20 12:00", "order.updated", {})


def without(item):
    """One of the items is cancelled."""
    return {"items": [{"id": item, "qty": 1}], "reason": "out of stock"}


def waits(at, locker, until):
    return (at, "available_for_pickup", "A", {"pickup": {"name": f"Locker {locker}", "code": f"{locker}111", "until": f"2026-11-{until}"}})


def brought(*times):
    """Parcels A, B and C, delivered at these times."""
    return [(at, "delivered", name) for at, name in zip(times, "ABC")]


EACH = ["delivered A", "delivered B", "delivered C"]
ARRIVED = ["delivered", "order_complete"]
LATE_THIRD = [PAID, *brought("03 12:00", "03 13:00"), ("03 13:02", "created", "C"), ("04 12:00", "delivered", "C")]
KNOWN_THIRD = [PAID, ("03 11:00", "created", "C"), *brought("03 12:00", "03 13:00", "04 12:00")]
LATER = [("03 09:00", "in_transit", "A", {"eta": "2026-11-08"}), ("04 09:00", "in_transit", "A", {"eta": "2026-11-05"})]
TWICE = [PAID, ("03 12:00", "delivered", "A"), ("03 13:30", "delivered", "A")]
MOVED = [PAID, waits("03 12:00", 1, 12), waits("04 12:00", 2, "06"), ("04 18:00", "delivered", "A"), END]
MOVED_EARLY = [PAID, waits("03 12:00", 1, 12), waits("04 12:00", 2, 12), ("04 18:00", "delivered", "A"), END]
WAITING = [PAID, waits("03 12:00", 1, 12), END]

# What the history is; the stages that the brand tells; whether the facts come late, in any order; the facts; what may have been told, and
# what not with the sort of problem that it is.
BORDERS = [
    ("three parcels seemed to be two", ARRIVED, True, [PAID, *brought("03 12:00", "03 13:00", "04 12:00")],
     [EACH, ["delivered A", "delivered B", "order_complete"], ["delivered A", "order_complete", "delivered C"]],
     [(EACH[:2], "lost"), (["delivered A", "delivered C"], "lost"), ([], "lost"), ([*EACH, "order_complete"], "contradicting")]),
    ("two parcels are all there are", ARRIVED, True, [PAID, *brought("03 12:00", "03 13:00")],
     [["delivered A", "order_complete"]], [(EACH[:2], "lost")]),
    ("a third parcel within the window", ARRIVED, False, LATE_THIRD, [EACH, ["delivered A", "order_complete", "delivered C"]], [(EACH[:2], "lost")]),
    ("a third parcel was known before", ARRIVED, False, KNOWN_THIRD, [["delivered A", "delivered B", "order_complete"]], [(EACH, "lost")]),
    ("the van's day before the address is known", ["out_for_delivery", "shipped"], True, [PAID, BARE, VAN, ("03 05:00", "order.updated", {})],
     [["out_for_delivery A"], ["shipped A"]], [([], "lost")]),
    ("the van's day by a known address", ["out_for_delivery", "shipped"], True, [PAID, VAN, ("03 05:00", "order.updated", {})],
     [["out_for_delivery A"]], [(["shipped A"], "lost"), ([], "lost")]),
    ("sent, and lost by then", ["shipped", "lost"], True, [PAID, ("02 12:00", "in_transit", "A"), ("02 13:00", "lost", "A")],
     [["lost A"]], [(["shipped A"], "lost"), ([], "lost")]),
    ("sent, and another one lost", ["shipped", "lost"], True, [PAID, ("02 12:00", "in_transit", "A"), ("02 13:00", "lost", "B")],
     [["shipped A", "lost B"]], [(["lost B"], "lost")]),
    ("a delay was told by text, and then came an address", ["delay_expected", "back_on_time"], False, [WITHOUT_MAIL, *LATER, MAIL],
     [["delay_expected sms"], ["delay_expected sms", "back_on_time"]], [(["back_on_time"], "contradicting"), ([], "lost")]),
    ("a delay was told to somebody else", ["delay_expected", "back_on_time"], False, [GIFT, *LATER],
     [["delay_expected", "delay_expected sms", "delay_expected recipient", "back_on_time", "back_on_time recipient"]],
     [(["delay_expected", "delay_expected sms", "back_on_time recipient"], "contradicting")]),
    ("parts cancelled while on hold", ["cancelled"], False,
     [HELD, ("03 09:00", "order.cancelled", without("L1")), ("03 10:00", "order.cancelled", without("L2")), RELEASED],
     [["cancelled"], ["cancelled", "cancelled"]], [([], "lost")]),
    ("parts cancelled one after the other", ["cancelled"], False,
     [PAID, ("03 09:00", "order.cancelled", without("L1")), ("03 10:00", "order.cancelled", without("L2"))],
     [["cancelled", "cancelled"]], [(["cancelled"], "lost")]),
    ("moved to another place, and to be fetched soon", ["available_for_pickup", "pickup_reminder"], False, MOVED,
     [["available_for_pickup A", "pickup_reminder A"], ["available_for_pickup A", "available_for_pickup A"]], [(["available_for_pickup A"], "lost")]),
    ("moved to another place, with time to fetch it", ["available_for_pickup", "pickup_reminder"], False, MOVED_EARLY,
     [["available_for_pickup A", "available_for_pickup A"]], [(["available_for_pickup A", "pickup_reminder A"], "lost")]),
    ("delayed, though it waits", ["available_for_pickup", "pickup_reminder"], False, [*WAITING, ("05 12:00", "delayed", "A")],
     [["available_for_pickup A"], ["available_for_pickup A", "pickup_reminder A"]], [(["pickup_reminder A"], "lost")]),
    ("it waits", ["available_for_pickup", "pickup_reminder"], False, WAITING,
     [["available_for_pickup A", "pickup_reminder A"]], [(["available_for_pickup A"], "lost")]),
    ("taken back soon after it was confirmed", ["delivered", "correction"], False, [*TWICE, ("03 13:40", "in_transit", "A")],
     [["delivered A"], ["delivered A", "correction A"]], [([], "lost")]),
    ("taken back long after", ["delivered", "correction"], False, [*TWICE, ("03 15:00", "in_transit", "A")],
     [["delivered A", "correction A"]], [(["delivered A"], "lost")]),
]


def policies_of(stages):
    """One brand that tells these stages by e-mail, the first word of a delay by either channel, joins nothing and is never quiet."""
    told = {stage: {"channels": ["email"] if stage in stages else [], "roles": ["customer", "recipient"]} for stage in STAGES}
    if "delay_expected" in stages:
        told["delay_expected"]["channels"] = ["email", "sms"]
    policy = {"age_limit": "none", "merge_window": "0s", "cap_per_day": {"email": 0, "sms": 0}, "stages": told}
    policy["quiet"] = {"sms": {"from": "00:00", "until": "24:00"}}
    return oracle.Policies({"voice": {"default_brand": "b"}, "brands": {"b": {"policy": policy}}})


def events_of(facts):
    """These facts, as events of one order."""
    for number, (at, kind, *rest) in enumerate(sorted(facts, key=lambda fact: fact[0])):
        if kind.startswith("order."):
            data = {"order": {"id": "O-1"} | rest[0]}
        else:
            data = {"order": {"id": "O-1"}, "shipment": {"id": rest[0]} | (rest[1] if rest[1:] else {})}
            kind = f"shipment.{kind}"
        day, clock = at.split()
        yield {"specversion": "1.0", "id": f"{number}", "source": "/shop", "type": kind, "time": f"2026-11-{day}T{clock}:00Z", "data": data}


def notice_of(words):
    """`delivered A`, by e-mail to the customer if not said otherwise."""
    stage, *others = words.split()
    role = "recipient" if "recipient" in others else "customer"
    channel = "sms" if "sms" in others else "email"
    parcel = next((one for one in others if one in "ABC"), None)
    return oracle.Notice("b", "O-1", parcel, stage, role, channel)


def problems_of(verdict, told):
    """The sorts of problems that these words are found to have."""
    told = [notice_of(words) for words in told]
    found = oracle.compare(verdict, told)
    sorts = {name for name in ("lost", "unexpected", "duplicated") if getattr(found, name)}
    timed = [(f"2026-11-20T12:{minute:02}:00Z", notice) for minute, notice in enumerate(told)]
    return sorts | ({"contradicting"} if oracle.contradictions(timed, verdict) else set())


def misjudged():
    """How many answers were tried, and those that the oracle judged otherwise than is written here."""
    tried, wrong = 0, []
    for name, stages, late, facts, right, false in BORDERS:
        events = list(events_of(facts))
        times = [oracle.instant(event["time"]) for event in events]
        verdict = oracle.verdicts(events, policies_of(stages), min(times) if late else None, max(times))[("b", "O-1")]
        for told in right:
            if problems_of(verdict, told):
                wrong.append(f"{name}: {told} is right, and found {problems_of(verdict, told)}")
        for told, sort in false:
            if sort not in problems_of(verdict, told):
                wrong.append(f"{name}: {told} is {sort}, and found {problems_of(verdict, told) or 'right'}")
        tried += len(right) + len(false)
    return tried, wrong
