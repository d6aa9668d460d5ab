"""What rather the clock calls for than a fact: delays, reminders, and what comes a day before or after."""
import json
from datetime import date, datetime, time, timedelta

from case import ON_THE_WAY
from facts import SCANS, instant

DELAYS = ("delay_expected", "delay_again", "back_on_time")
DELAYS_MAX = 3
QUIET_KINDS = ON_THE_WAY | {"created", "updated"}
# The morning after a promise, and no longer than two days more while a carrier's whole feed is silent; a day to spare.
MISSED = timedelta(days=5)
REMINDED = timedelta(days=2)


def tell(voice):
    """All of it, for one person on one channel."""
    for parcel in voice.order.parcels:
        pickup_reminder(voice, parcel)
    delays(voice)
    days = voice.case.result.days
    for parcel in (None, *voice.order.parcels):
        voice.allow("arriving_soon", parcel, len(days))
    if voice.case.policy.has_pages and any(fact.type == "delivered" for fact in voice.order.facts):
        voice.allow("feedback")


def pickup_reminder(voice, parcel):
    """Two days before the end of the wait, if it began before that and nothing else happened until then: not even a delay, since
    nobody says whether what is late still waits there."""
    waits = [fact for fact in parcel.scans if fact.type == "available_for_pickup"]
    voice.allow("pickup_reminder", parcel, len(waits))
    if voice.case.now is not None or len(waits) != 1 or voice.cancels:
        return
    fact, case = waits[0], voice.case
    reminded, told = reminder_due(fact, case.zone), case.news(fact)
    if reminded is None or told is None:
        return
    end = reminded + REMINDED
    alone = not any(other.time <= end and other.type in SCANS | {"exception", "cancelled"} and other is not fact and other.time >= fact.time
                    for other in parcel.facts)
    # A reminder within a day of the first word is not certain.
    if alone and case.out(told, "available_for_pickup", voice.channel) + timedelta(days=1) < reminded and case.horizon > end and not changed_minds(voice, end):
        voice.demand("pickup_reminder", parcel, fact)


def reminder_due(fact, zone):
    """When the day begins on which its end is two days away; None if that cannot be said."""
    until = day((fact.shipment.get("pickup") or {}).get("until"))
    return midnight(until - REMINDED, zone) if until and zone else None


def changed_minds(voice, end):
    """Whether the order was put on hold at any time before."""
    return any(fact.order.get("hold") and fact.time <= end for fact in voice.order.facts)


def delays(voice):
    """At least the first word of a delay, where only one parcel can be late."""
    promised = [fact for fact in voice.order.facts if fact.order.get("promise")]
    if not promised and not any(fact.type == "delayed" for fact in voice.order.facts):
        return
    for stage in DELAYS:
        voice.allow(stage, None, DELAYS_MAX)
    paid = voice.order.of_type("order.paid")
    if voice.cancels or not paid or len({json.dumps(fact.order["promise"]) for fact in promised}) != 1:
        return
    promise = day(promised[0].order["promise"])
    if not promise or promise <= paid[0].time.date() + timedelta(days=1):
        return
    since = promised[0].time
    said = carrier_says(voice, promise, since)
    if said or missed(voice, promise, promised[0], paid[0]):
        voice.demand("delay_expected", None, paid[0])


def carrier_says(voice, promise, since):
    """Whether a carrier's own word makes it late while nothing else says how far it is: the first such word, else, of facts that
    come in any order, the last word on a parcel."""
    given = [fact for fact in voice.order.facts if day(fact.shipment.get("eta")) and id(fact) in voice.parcels]
    if voice.case.now is None:
        return any(late_word(voice, fact) for fact in [one for one in given if one.time >= since and late(one, promise)][:1])
    last = {id(voice.parcels[id(fact)]): fact for fact in given}
    return any(late(fact, promise) and late_word(voice, fact) for fact in last.values())


def late(fact, promise):
    return day(fact.shipment["eta"]) > promise


def late_word(voice, fact):
    """Whether this word of a carrier is certain to be told as a delay."""
    parcel, known = voice.parcels[id(fact)], voice.rivals(fact, "delay_expected")
    own = [other for other in known or [] if voice.parcels.get(id(other)) is parcel]
    unsure = any(day(other.shipment.get("eta")) and (other.time == fact.time or voice.case.now is None and other.time > fact.time) for other in own)
    if known is None or unsure:
        return False
    kinds = {other.type for other in own} | {fact.type}
    others = {other.type for other in known if voice.parcels.get(id(other)) not in (None, parcel)}
    return others <= QUIET_KINDS | {"delivered"} and kinds <= QUIET_KINDS and bool(kinds & ON_THE_WAY)


def missed(voice, promise, promised, paid):
    """Whether the promised day passed, and days more, while the only parcel was nowhere near."""
    case, parcels = voice.case, voice.order.parcels
    if len(parcels) > 1 or case.now is not None or case.zone is None or case.news(paid) is None:
        return False
    end = max(midnight(promise, case.zone), promised.time) + MISSED
    kinds = {fact.type for parcel in parcels for fact in parcel.facts if fact.time <= end}
    return case.horizon > end and kinds <= QUIET_KINDS and not changed_minds(voice, end)


def midnight(of, zone):
    return datetime.combine(of, time(), zone)


def day(span):
    """A promised or expected day; None where there is none."""
    if isinstance(span, dict):
        text = span.get("date")
        if text is None and instant(span.get("until") or span.get("from")):
            return instant(span.get("until") or span.get("from")).date()
    else:
        text = span
    try:
        return date.fromisoformat(text) if text else None
    except (TypeError, ValueError):
        return None
