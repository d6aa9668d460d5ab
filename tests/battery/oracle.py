"""Says for each order what must, may and must not be told: written from the contract and the documented policies alone, so that
it shares nothing with the product's own rules.

    policies = Policies.load("doorstep.toml")
    events, poison = read("events.jsonl")
    for key, verdict in verdicts(events, policies).items():       # key: (brand, order)
        problems = compare(verdict, told)                          # told: list of Notice
        against = contradictions(told_in_order, verdict)           # told_in_order: list of (time, Notice)
        against += untrue(told_in_order, verdict)                  # only where facts arrived when they happened

**Two sorts of arrival.** Without `now` every fact arrives when it happened, in the order of happening: what `doorstep replay` does
with a sorted file. With `now` the facts arrive in any order, any number of times, between `now` and `horizon` (a storm; a shuffled
file: `now` is then the earliest time in it). `horizon`, by default the latest fact's time, is when all is at rest. What is called
for depends on which facts may be known at the moment of telling (`Case.rivals`): in a storm all of the order's, otherwise those that
happened before the merge window, the quiet hours or a hold were over.

**Must**, then, whatever the order of arrival:
- `confirmed` of a paid order, `packed`, and `shipped` (or the first scan that implies it) of a parcel, unless a later stage may be
  known (`superseded = "drop"`), or the order is cancelled, or the parcel is coming back or lost;
- `out_for_delivery`, `attempt_failed`, `available_for_pickup`, `returning`, `returned`, `lost`, `exception` that the customer must
  act on (address, customs, payment), if it is the last that is known of its parcel; on the road only on its own day. Reports of an
  attempt or of the van twelve hours apart are two; so are waits at two places. What was delivered or lost and is so again after
  another scan is told again;
- `delivered`, if no later scan takes it back, and `order_complete` in place of the last one's where there were several parcels;
- `cancelled`, each part once, the whole once; parts that are told at one time (late, or after a hold) and leave nothing are the whole.
Only where facts arrive when they happen: `correction` of a tracking number that "shipped" named, and of a "delivered" that was
taken back; `pickup_reminder` of a wait that lasts; `delay_expected` where the promise passed days ago and nothing moved. In both sorts:
`delay_expected` where a carrier's first word of it (its last, if facts come in any order) is later than the promise and nothing else
says how far the order is.
Each is told to whoever was reachable and willing by every fact about them.

**At least one of** (`Verdict.some`): the news of several parcels that the merge window may join into one message; `order_complete` or
`delivered` of a parcel that may be the last; a wait that was known late, or its reminder; `order_complete`, or each parcel's
`delivered`, where all seemed to be there before another parcel was known; a van whose day is over by the brand's clock while the
address is not known, or `shipped`. A wait at another place than was told may be told as its reminder, if that is due already.

**May**: what the clock or the arrival decides, and what the documentation leaves open: all of `arriving_soon`, `delay_again`,
`back_on_time`, `feedback` (where there are pages), `return_requested` of who asked for it; stages that were overtaken; what a declared hold kept back; what scans that
contradict each other or carry the same time call for; a wait, attempt or van after which an `exception` or `delayed` came, since nobody says
whether it ends them; exceptions of `recipient_*` and `pickup_expired`, which the contract does not name; recipients of gifts where the brand
does not say `roles`; what is over the cap of a person; both contents of one event key. Numbers count: nothing may be told more
often than its facts say, and of delays no more than three in all.

**Must not**: everything else. So nothing of refused events, of other orders' parcels, on a channel that was declined or switched off,
of what was too old when it came, or of `exception`s with which the customer can do nothing.

**Must be named** (`Verdict.codes_due`): the pickup codes of waits that must be told, also where several become one message.

**Must leave a trace** (`Verdict.news`): what facts call for is told, or silent with a reason.

Not judged here: what consent, bounces and erasures bring, since they are no events; opening hours of the words themselves.
"""
from collections import Counter
from typing import NamedTuple

from case import FINAL, Case, Notice, Verdict
from facts import gather, instant, read
from policy import Policies
from clocked import DELAYS, DELAYS_MAX
from stages import tell

__all__ = ["Case", "Notice", "Policies", "Problems", "Verdict", "compare", "contradictions", "read", "untrue", "verdicts"]


class Problems(NamedTuple):
    lost: list
    unexpected: list
    duplicated: list

    def __bool__(self):
        return bool(self.lost or self.unexpected or self.duplicated)


def verdicts(events, policies, now=None, horizon=None):
    """A verdict for each (brand, order) that any event names."""
    found = {}
    events = list(events)
    for key, variants in gather(events, policies, horizon).items():
        found[key] = either([tell(Case(order, policies.of(key[0]), now, horizon)) for order in variants])
    cap_people(found, policies)
    return found


def either(variants):
    """One verdict of several that may hold: must what all say, may what any says."""
    first = variants[0]
    for other in variants[1:]:
        first.must &= other.must
        first.news &= other.news
        first.may |= other.may
        first.some = [one for one in first.some if one in other.some]
        first.tangled |= other.tangled
        first.codes_due = {one: codes & other.codes_due.get(one, set()) for one, codes in first.codes_due.items()}
        first.instead |= other.instead
        first.live &= other.live
        first.short |= other.short
        for mine, others in ((first.addresses, other.addresses), (first.languages, other.languages), (first.numbers, other.numbers)):
            for name, values in others.items():
                mine[name] = mine.get(name, set()) | values
        first.names |= other.names
        first.days |= other.days
        first.items |= other.items
    return first


def cap_people(found, policies):
    """Over the cap of a person nobody documents what waits and what goes: there, nothing must."""
    total = Counter()
    for verdict in found.values():
        for (role, channel), addresses in verdict.addresses.items():
            own = {one: count for one, count in verdict.may.items() if (one.role, one.channel) == (role, channel)}
            delays = sum(count for one, count in own.items() if one.stage in DELAYS)
            for address in addresses:
                total[(verdict.brand, channel, address)] += sum(own.values()) - delays + min(delays, DELAYS_MAX)
    for verdict in found.values():
        cap = policies.of(verdict.brand).cap
        for (role, channel), addresses in verdict.addresses.items():
            if cap.get(channel) and any(total[(verdict.brand, channel, address)] > cap[channel] for address in addresses):
                verdict.must = Counter({one: n for one, n in verdict.must.items() if (one.role, one.channel) != (role, channel)})
                verdict.codes_due.pop((role, channel), None)
                verdict.some = [some for some in verdict.some if {(one.role, one.channel) for one in some} != {(role, channel)}]


def compare(verdict, told, beside=()):
    """What is lost, unexpected and duplicated in the notices of one order; `beside`: told in a message whose main news is another."""
    counts = Counter(verdict.known(notice) for notice in told)
    heard = counts + Counter(verdict.known(notice) for notice in beside)
    heard_of = {notice: sum(heard[one] for one in {notice} | verdict.instead.get(notice, set())) for notice in verdict.must}
    lost = [notice for notice, count in verdict.must.items() if heard_of[notice] < count]
    lost += [tuple(sorted(some, key=str)) for some in verdict.some if not any(heard[notice] for notice in some)]
    unexpected = [notice for notice in counts if not verdict.may[notice]]
    duplicated = [notice for notice, count in counts.items() if count > verdict.may[notice] > 0]
    for role, channel in {(notice.role, notice.channel) for notice in counts}:
        delays = [one for one in counts if one.stage in DELAYS and (one.role, one.channel) == (role, channel)]
        if sum(counts[one] for one in delays) > DELAYS_MAX:
            duplicated += delays
    return Problems(lost, unexpected, duplicated)


BACKWARD = {"shipped", "packed", "arriving_soon", "out_for_delivery", "attempt_failed", "available_for_pickup", "pickup_reminder"}
LATE_NEWS = {"confirmed", "packed", "shipped"}


def contradictions(told_in_order, verdict=None):
    """What of one order contradicts what the same person was told before on the same channel: a list of sentences.

    `told_in_order`: (time, Notice) as they were accepted. With the order's verdict, facts that contradict each other excuse what
    follows from them, and parcels that have several names are known as one."""
    tangle = verdict.tangled if verdict else set()
    problems, voices = [], {}
    corrected = []
    for when, notice in told_in_order:
        notice = verdict.known(notice) if verdict else notice
        if notice.stage == "correction":
            corrected.append((when, notice.shipment))
        before = voices.setdefault((notice.role, notice.channel), [])
        delayed = any(one.role == notice.role and one.stage == "delay_expected" for voice in voices.values() for one in voice)
        found = against(notice, before, tangle, verdict, delayed)
        problems += [f"{when}: {notice.stage} of {notice.shipment} by {notice.channel} {why}" for why in found]
        before.append(notice)
    for (role, channel), told in voices.items():
        arrived = {notice.shipment for notice in told if notice.stage == "delivered"}
        several = verdict and len(verdict.live) > 1 and verdict.live <= arrived and not tangle
        if several and any(notice.stage == "order_complete" for notice in told):
            problems.append(f"order_complete beside every parcel's delivered, to {role} by {channel}")
        if sum(notice.stage in DELAYS for notice in told) > DELAYS_MAX:
            problems.append(f"more than {DELAYS_MAX} messages about delays, to {role} by {channel}")
    return problems


def against(notice, before, tangle, verdict, delayed):
    """Why this notice cannot follow those; `delayed`: the same person was told of a delay, on whichever channel."""
    stage, own = notice.stage, [one.stage for one in before if one.shipment == notice.shipment]
    stages = [one.stage for one in before]
    # What was in the parcels may have come to be known after all that was known of had arrived.
    complete = verdict is not None and len(verdict.live) == 2 and not verdict.short
    lenient = verdict is not None and verdict.superseded == "send" and stage in LATE_NEWS
    if stage in BACKWARD and notice.shipment not in tangle and not lenient:
        for end in ("delivered", "returned", "lost"):
            if end in own:
                yield f"after {end}"
        # With two parcels both were known when all was said to be there; with more, another may have come to be known later.
        if "order_complete" in stages and complete and not tangle:
            yield "after order_complete"
        if stage == "shipped" and {"out_for_delivery", "available_for_pickup"} & set(own):
            yield "after it was at the door"
    if stage == "confirmed" and not lenient and {"shipped", "out_for_delivery", "delivered", "order_complete"} & set(stages):
        yield "after its parcels were told of"
    if stage in DELAYS and "order_complete" in stages and not tangle and (not verdict or complete):
        yield "after order_complete"
    # Both go by e-mail alone as a rule, the first word by either: an address may have come after a text.
    if stage in ("delay_again", "back_on_time") and not delayed:
        yield "before any delay was told"
    if stage == "order_complete" and "order_complete" in stages and not tangle:
        yield "twice"
    if stage == "confirmed" and "cancelled" in stages and None in tangle and not verdict:
        yield "after cancelled"


def untrue(told_in_order, verdict):
    """What was no longer true when it was told, by what had happened before: a list of sentences. Only where every fact arrives when it
    happens: the times of telling and those of the facts must be of one clock."""
    problems = []
    for when, notice in told_in_order:
        notice = verdict.known(notice)
        if notice.stage not in BACKWARD - {"shipped", "packed"}:
            continue
        at = instant(when) if isinstance(when, str) else when
        own = "available_for_pickup" if notice.stage == "pickup_reminder" else notice.stage
        scans = [one for one in verdict.scans.get(notice.shipment, []) if one[0] < at or one[0] == at and one[1] == own]
        last, state, since = state_of(scans, own)
        if state in FINAL and state != own and [time for time, _ in scans].count(since) == 1:
            problems.append(f"{when}: {notice.stage} of {notice.shipment} by {notice.channel} although {state} is known")
        elif notice.stage == "out_for_delivery" and last and verdict.zone:
            if last.astimezone(verdict.zone).date() != at.astimezone(verdict.zone).date():
                problems.append(f"{when}: {notice.stage} of {notice.shipment} by {notice.channel} on another day")
    return problems


def state_of(scans, own):
    """When the scan `own` was last made, what a parcel's state is after these scans, and since when."""
    last = state = since = None
    for time, kind in scans:
        last = time if kind == own else last
        # Reported after the end, "shipped" changes nothing.
        if not (kind == "shipped" and state in ("delivered", "returned")):
            state, since = kind, time
    return last, state, since
