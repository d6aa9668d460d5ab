"""Holds what the far side has against what was true, what the database says against both, and names every difference.

A problem is (kind, detail). Each kind is a promise broken; none may be found:

    empty           nothing was received, or published          lost            a message that must be there is nowhere
    duplicated      told twice, unknown to anybody              unexpected      told, and nothing called for it
    wrong_recipient another's address, brand, number, language  untrue          facts, words or codes that are not so, or that the database does not know
    backwards       an older status after a newer one           unlisted        may have arrived, and is not listed as in doubt
    resent          sent again after it may have arrived        doubts          in doubt without a cause, or too many for the kills
    poison          missing, changed, or taken                  canary          something personal in a log or a metric
    inbox           an event missing, or too many               unsettled       not at rest: queue, outbox, sessions, files, memory
    too_early       tried again before the receiver had asked   unsigned        a text or an alert with a wrong signature
    not_hit         faults that never happened                  ended           a worker that ended by itself
    grown           memory, files, sessions or tables that grew, although the load did not; or a brand that waited for another
    slow            work that goes on too late after a failure, or a message that is in doubt for too long

What must, may and must not be told, and what contradicts what, is the oracle's word (oracle.py).
"""
import collections
import re

import oracle
import phrases
import stream
import timings
from deaths import LOST, by_death, lost_doubts
from evidence import STAGES, accepted, told_of

DEATHS_MIN = 20  # From here on an average of doubts means something.
HIT_SHARE_MIN = 0.9  # Of each lane's faults: now and then there is nothing to hit when one is due, nor a little later.
SILENT_FATES = ("cut_dot", "accept_cut", "dot_stall")
CONNECTIONS = 8  # Mails under way at the same time in one worker: email.connections, unless a run sets it.
FILES_MAX, OWN_MIB_MAX = 200, 300  # 8 mails, two pools of 64, the database's 8; and what a process has.
WHOLE_ORDER = {"confirmed", "order_complete", "cancelled"}
EVENT_BYTES_MAX = 262_144
INTENT_SECS = 2  # An intent whose answer took longer is not used.
STOPPED_MAX = 90  # Seconds after a worker was stopped for 72 in which what it had in hand comes out.
SHIPMENT = re.compile(rb'"shipment":\{"id":"(\w+)"')
LOGGED = re.compile(stream.PERSONAL.pattern + rb"|@cust\.example|\+(?:48|380|44|55|353|49|33)\d{8,}")


def is_full_body(one):
    """Whether the far side had the whole mail in its hands, and we could not know what it did with it."""
    return one["channel"] == "email" and (one.get("accepted") or (one.get("step") == "dot" and one.get("reply") == "cut"))


def ambiguous_keys(evidence):
    """Mails that the far side had whole, and of which it did not say so."""
    return {one["key"] for one in evidence.ledger if is_full_body(one) and not one.get("answered")}


def never_answered(evidence):
    """Mails of which the far side would have said nothing in any case: in doubt, whether their worker is killed or not."""
    return {one["key"] for one in evidence.ledger if is_full_body(one) and one.get("fate") in SILENT_FATES}


def notice_of(one, row):
    """What a line of the ledger told, as the oracle names it. The parcel and the role are those that the database has under its key:
    whether they fit the mail is looked at by itself."""
    brand, order = told_of(one)
    return oracle.Notice(brand, order, None if one["stage"] in WHOLE_ORDER else row.get("shipment"), one["stage"], row.get("role", "?"), one["channel"])


def notice_of_row(row):
    brand, order = row["order"].split("/", 1)
    return oracle.Notice(brand, order, None if row["stage"] in WHOLE_ORDER else row["shipment"], row["stage"], row["role"], row["channel"])


def check_empty(evidence):
    if not accepted(evidence):
        yield "empty", "the ledger holds no message"
    if not evidence.confirmed or not evidence.is_published:
        yield "empty", "not everything was published and confirmed"


def check_told(evidence):
    """Against the oracle: what each order calls for, whatever the order in which its events came."""
    told, doubtful = collections.defaultdict(list), collections.defaultdict(set)
    for one in accepted(evidence):
        told[told_of(one)].append(notice_of(one, evidence.outbox.get(one["key"], {})))
    for row in evidence.outbox.values():
        if row["state"] == "in_doubt":
            doubtful[tuple(row["order"].split("/", 1))].add(notice_of_row(row))
    for place, verdict in evidence.verdicts.items():
        problems = oracle.compare(verdict, told.pop(place, []))
        unsure = {verdict.known(notice) for notice in doubtful[place]}
        for notice in problems.lost:
            # The oracle names one notice, or some of which one must be there.
            if not unsure & (set(notice) if isinstance(notice[0], tuple) else {notice}):
                yield "lost", f"{notice}"
        yield from (("unexpected", f"{notice}") for notice in problems.unexpected)
        yield from (("duplicated", f"{notice}") for notice in problems.duplicated)
    yield from (("unexpected", f"about no order of ours: {notice}") for notices in told.values() for notice in notices)


def is_doubt_kept(row):
    """Old news by the time of its next try, after one of which nobody knew whether it arrived: the row remembers the doubt."""
    return row["state"] in ("superseded", "suppressed") and row.get("doubt_at") is not None


def check_keys(evidence):
    """Against the database: what it says was accepted is there, once; what is there, it says was accepted."""
    keys = collections.Counter(one["key"] for one in accepted(evidence))
    yield from (("duplicated", f"key {key}: {count} times") for key, count in keys.items() if count > 1)
    for key, row in evidence.outbox.items():
        if row["state"] == "accepted" and not keys[key]:
            yield "lost", f"{key}: the database says accepted, the far side has nothing"
        if row["state"] == "rejected":
            yield "lost", f"{key}: given up: {row['cause']}"
    for one in accepted(evidence):
        row, place = evidence.outbox.get(one["key"]), told_of(one)
        if row is None:
            yield "unexpected", f"{one['key']}: the database does not know it"
        elif row["order"] != "/".join(place) or row["stage"] != one["stage"] or row["channel"] != one["channel"]:
            yield "untrue", f"{one['key']}: it says {place} {one['stage']}, the database {row['order']} {row['stage']}"
        elif row["state"] not in ("accepted", "in_doubt") and not is_doubt_kept(row):
            yield "untrue", f"{one['key']}: the far side has it, the database says {row['state']}"
    for one in evidence.ledger:
        if one.get("again") and not one["same_bytes"]:
            yield "duplicated", f"{one['key']}: the same key with other bytes"


def check_recipient(evidence):
    for one in accepted(evidence):
        order = evidence.orders.get(told_of(one))
        if order is None:
            continue
        people, right = (one["rcpt"], order.email) if one["channel"] == "email" else ([one["to"]], order.phone)
        if people != [right]:
            yield "wrong_recipient", f"{one['key']}: {one['channel']} of {order.brand}/{order.id}"
        if one["channel"] == "email" and one["from"] != f"post@{order.brand}.example":
            yield "wrong_recipient", f"{one['key']}: sent by {one['from']} for {order.brand}"
        if one["language"] != order.language:
            yield "wrong_recipient", f"{one['key']}: in {one['language']}, not in {order.language}"
        if not set(one["seen"]) <= marks_of(order):
            yield "wrong_recipient", f"{one['key']}: it holds what is another's: {one['seen']}"


def codes_of(order):
    """What opens the lockers with its parcels; runs of older days have codes that cannot be told from other numbers."""
    pickups = [event["data"]["shipment"]["pickup"] for event in order.events if "pickup" in event["data"].get("shipment", {})]
    return {pickup["code"] for pickup in pickups if stream.CODE.fullmatch(pickup["code"])}


def marks_of(order):
    """All that is personal and may stand in a message of this order, or on its page."""
    return {stream.canary(order.number)} | codes_of(order)


def check_numbers(evidence):
    """Tracking numbers are those of the parcel that is told of. A mail may list the order's other parcels as well, but not in what
    programs read of it. Who is to fetch a parcel is told the code."""
    for one in accepted(evidence):
        order, row = evidence.orders.get(told_of(one)), evidence.outbox.get(one["key"], {})
        if order is None:
            continue
        whole = set(order.numbers.values())
        numbers = whole if one["stage"] in WHOLE_ORDER else {order.numbers.get(row.get("shipment"))}
        if not set(one.get("numbers", ())) <= numbers:
            yield "untrue", f"{one['key']}: {one['stage']} names {one['numbers']}, not {numbers}"
        if not set(one.get("all_numbers", ())) <= whole:
            yield "untrue", f"{one['key']}: it holds the number of another order's parcel: {one['all_numbers']}"
        if one["stage"] == "available_for_pickup" and not codes_of(order) <= set(one["seen"]):
            yield "untrue", f"{one['key']}: {one['channel']} that asks to fetch a parcel, without its code"


def check_words(evidence):
    """What a mail's subject says is so."""
    for one in accepted(evidence):
        order, row = evidence.orders.get(told_of(one)), evidence.outbox.get(one["key"])
        if one["channel"] == "email" and order and row and (wrong := phrases.wrong(one, order, row["shipment"])):
            yield "untrue", f"{one['key']}: its subject: {wrong}"


def check_pages(evidence):
    """The link in a mail opens the page of its own order, and nobody else's."""
    if not evidence.pages:
        yield "empty", "no page was opened"
    for one in evidence.pages:
        order = evidence.orders.get(told_of(one))
        if one["status"] != 200 or not one["names"] or not set(one["seen"]) <= (marks_of(order) if order else set()):
            yield "wrong_recipient", f"{one['key']}: the page of {'/'.join(told_of(one))} answers {one['status']}, shows {one['seen']}"


def fact_times(evidence):
    """When each fact was committed: by (order key, shipment or None, stage)."""
    times = {}
    for order, kind, raw, at in evidence.inbox:
        found = SHIPMENT.search(raw)
        shipment, stage = found.group(1).decode() if found else None, STAGES.get(kind, kind.split(".")[1])
        times[(order, shipment, stage)] = float(at)
        if stage == "delivered":
            times[(order, None, "order_complete")] = max(float(at), times.get((order, None, "order_complete"), 0))
    return times


def intents(evidence):
    """For each message that was accepted: a time before its intent was committed. A mail's intent follows the server's 354. A text's
    is not seen from outside: a second before it came, and as much as the answer of a silent database may take before it counts no
    more; where its worker had been stopped, before that."""
    stops = [(name, at) for name, worker in evidence.facts["workers"].items() for at in worker["stops"]]
    for one in accepted(evidence):
        before = one["opened"] - (INTENT_SECS if one["channel"] == "sms" else 0)
        for name, at in stops:
            if one["worker"] == name and at < one["at"] < at + STOPPED_MAX:
                before = min(before, at - 1)
        yield one, before


def check_backwards(evidence):
    """Nothing that was told contradicts what the same person had been told, where that was known before the intent to tell it. Two
    that were under way together may overtake each other on the wire."""
    times, said = fact_times(evidence), collections.defaultdict(list)
    for one, before in intents(evidence):
        row = evidence.outbox.get(one["key"])
        if row:
            known = times.get((row["order"], None if one["stage"] in WHOLE_ORDER else row["shipment"], one["stage"]), 0)
            said[told_of(one)].append((one["at"], notice_of(one, row), known, before))
    for place, told in said.items():
        verdict = evidence.verdicts.get(place)
        # A brand that wants every stage told, although a later one may be known, wants just this.
        if verdict is None or verdict.superseded == "send":
            continue
        told.sort(key=lambda one: one[0])
        for number, (at, notice, _, before) in enumerate(told):
            earlier = [(when, other) for when, other, known, _ in told[:number] if known < before]
            if not earlier:
                continue
            new = set(oracle.contradictions([*earlier, (at, notice)], verdict)) - set(oracle.contradictions(earlier, verdict))
            yield from (("backwards", f"{'/'.join(place)}: {one}") for one in new)


def check_doubts(evidence):
    listed, ambiguous = evidence.doubts, ambiguous_keys(evidence)
    # Whole in the far side's hands, or cut off while it was on its way: either may look to the worker as if the answer was lost. So
    # may an answer that came later than a busy machine let the worker wait.
    on_its_way = {one["key"] for one in evidence.ledger if is_full_body(one) or one.get("reply") == "drop"}
    in_doubt = {key for key, row in evidence.outbox.items() if row["state"] == "in_doubt"}
    for key in ambiguous - listed:
        yield "unlisted", f"{key}: it may have arrived, and is {evidence.outbox.get(key, {}).get('state')}"
    for key in listed ^ in_doubt:
        yield "unlisted", f"{key}: the list of doubts and the database differ"
    for key in in_doubt:
        row = evidence.outbox[key]
        if row["channel"] == "sms":
            yield "doubts", f"{key}: a text in doubt, although its gateway knows keys"
        elif row["cause"] != LOST and key not in on_its_way:
            yield "doubts", f"{key}: in doubt without a cause: {row['cause']}"
    lost = lost_doubts(evidence)
    for death, count in by_death(evidence).items():
        if not death:
            yield "doubts", f"{count} by the loss of a worker, and no worker was lost after them"
        elif count > CONNECTIONS:
            yield "doubts", f"{count} by the death of {death[1]} at {death[0]:.1f}: more than the {CONNECTIONS} that it can have in hand"
    deaths, alone = len(evidence.kills) + evidence.stops, set(lost) - never_answered(evidence)
    # The promise is an average: it needs some deaths.
    if deaths >= DEATHS_MIN and len(alone) > deaths:
        yield "doubts", f"{len(alone)} in doubt by {deaths} deaths alone: more than one each"
    bodies = collections.defaultdict(list)
    for one in sorted(evidence.ledger, key=lambda one: one["at"]):
        if one.get("channel") == "email" and one.get("key"):
            bodies[one["key"]].append(one)
    for key, tries in bodies.items():
        first = next((place for place, one in enumerate(tries) if is_full_body(one)), None)
        if first is not None and len(tries) > first + 1:
            yield "resent", f"{key}: {len(tries) - first - 1} more after it may have arrived"


def check_poison(evidence):
    kept = collections.Counter(raw for raw, _ in evidence.quarantine)
    # Of what is too big the first part is kept, and the reason says so.
    poison = {raw[:EVENT_BYTES_MAX]: kind for raw, kind in evidence.poison.items()}
    for raw, kind in poison.items():
        if not kept[raw]:
            yield "poison", f"{kind} of {len(raw)} bytes is not kept: {raw[:60]!r}"
        elif kept[raw] > 1:
            yield "poison", f"{kind} of {len(raw)} bytes is kept {kept[raw]} times: {raw[:60]!r}"
    for raw in kept.keys() - poison.keys():
        yield "poison", f"refused, although it was good: {[r for kept_raw, r in evidence.quarantine if kept_raw == raw][0]}: {raw[:80]!r}"
    if len(evidence.refused) != len(evidence.quarantine):
        yield "poison", f"{len(evidence.refused)} listed, {len(evidence.quarantine)} kept"


def check_canaries(evidence):
    for name, content in evidence.logs.items():
        for found in set(LOGGED.findall(content)):
            yield "canary", f"{name.rsplit('/', 1)[1]}: {found[:3]!r}…"
    for row in evidence.outbox.values():
        if LOGGED.search((row["cause"] or "").encode()):
            yield "canary", f"the cause of {row['key']}"


def check_inbox(evidence):
    published = {(order.brand, event["id"]) for order in evidence.orders.values() for event in order.events}
    if len(evidence.inbox) != len(published):
        yield "inbox", f"{len(evidence.inbox)} rows for {len(published)} distinct events"


def check_rest(evidence):
    facts = evidence.facts
    if not facts.get("rested"):
        yield "unsettled", "the queue or the outbox did not empty in time"
    for row in evidence.outbox.values():
        if row["state"] in ("planned", "claimed", "sending"):
            yield "unsettled", f"{row['key']} {row['stage']} is {row['state']}: {row['cause'] or row['why']}"
    if facts["figures"].get("idle_in_transaction"):
        yield "unsettled", f"{facts['figures']['idle_in_transaction']} sessions idle in a transaction"
    for name, now in facts["footprint"]["after"].items():
        if now["files"] > FILES_MAX:
            yield "unsettled", f"{name}: {now['files']} open files"
        if now["own_mib"] > OWN_MIB_MAX:
            yield "unsettled", f"{name}: {now['own_mib']} MiB"
    for name, code in facts["exit_codes"].items():
        if code != 0:
            yield "ended", f"{name} left with {code} after SIGTERM"


def check_manners(evidence):
    healed, waits = evidence.facts["phases"].get("heal", float("inf")), {}
    for one in sorted(evidence.ledger, key=lambda one: one["at"]):
        if one["channel"] in ("sms", "alert") and one.get("signed") is False:
            yield "unsigned", f"{one['key']}: {one['channel']}"
        key = one.get("key")
        # Half a second for a clock that counts whole ones. After the heal the storm itself makes all due.
        if key in waits and one["at"] < min(waits[key] - 0.5, healed):
            yield "too_early", f"{key}: {waits[key] - one['at']:.1f} s before it was asked to"
        if key:
            waits.pop(key, None)
        if one.get("asked"):
            waits[key] = one["at"] + one["asked"] - (1 if one["fate"] == "429_date" else 0)


def check_faults(evidence):
    facts = evidence.facts
    if not facts.get("plan"):
        return
    planned = {(lane, kind) for lane, faults in facts["plan"].items() for _, kind, _, _ in faults}
    hit = {(fault["lane"], fault["kind"]) for fault in evidence.faults if fault["hit"]}
    for lane, kind in sorted(planned - hit):
        errors = [fault["error"] for fault in evidence.faults if (fault["lane"], fault["kind"]) == (lane, kind)]
        yield "not_hit", f"{lane} {kind} never happened: {errors[:1]}"
    for lane, faults in facts["plan"].items():
        hits = sum(fault["lane"] == lane and fault["hit"] for fault in evidence.faults)
        if hits < len(faults) * HIT_SHARE_MIN:
            yield "not_hit", f"{lane}: only {hits} of {len(faults)} faults happened"
    if not facts.get("lanes_ended"):
        yield "not_hit", "the faults did not come to their end in time"
    for name, seconds in facts.get("clocks", {}).items():
        if not seconds:
            yield "not_hit", f"the clock of {name} was right: libfaketime is missing"
    if not facts.get("fates") or len(facts["fates"]) < 10:
        yield "not_hit", f"the sinks did not fail as they should: {facts.get('fates')}"


def check_timings(evidence):
    yield from (("slow", one) for one in timings.too_slow(evidence))


def check_grown(evidence):
    """What a soak or a backlog found to have grown."""
    yield from (("grown", one) for one in evidence.facts.get("grown", ()))


def check_workers(evidence):
    for name, worker in evidence.facts["workers"].items():
        for end in worker["own_ends"]:
            if end["was_ready"]:
                yield "ended", f"{name} ended by itself with {end['code']}"


CHECKS = (
    check_empty, check_told, check_keys, check_recipient, check_numbers, check_words, check_pages, check_backwards, check_doubts,
    check_poison, check_canaries, check_inbox, check_rest, check_manners, check_faults, check_workers, check_timings, check_grown,
)


def judge(evidence):
    return [problem for check in CHECKS for problem in check(evidence)]
