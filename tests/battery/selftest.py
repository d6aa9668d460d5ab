"""Proof that the judge can turn red: one error after the other is seeded into a clean run, and each must be found by its name. What a
long life is judged by needs no run: figures are made up, with an error and without."""
import copy
import types

import deaths
import faults
import flat
import judgement
import phrases
import stream


def first(evidence, **wanted):
    """The place of the first line of the ledger that was accepted, answered and is as wanted."""
    for place, one in enumerate(evidence.ledger):
        row = evidence.outbox.get(one.get("key"), {})
        if one.get("accepted") and one.get("answered") and not one.get("again") and row.get("state") == "accepted":
            if all(one.get(name) == value for name, value in wanted.items()):
                return place
    raise LookupError(f"the run holds no {wanted}")


def change(evidence, wanted, **values):
    place = first(evidence, **wanted)
    evidence.ledger[place] = {**evidence.ledger[place], **values}
    return evidence.ledger[place]


def change_row(evidence, wanted, **values):
    key = evidence.ledger[first(evidence, **wanted)]["key"]
    evidence.outbox[key] = {**evidence.outbox[key], **values}
    return key


MAIL, TEXT = {"channel": "email", "stage": "delivered"}, {"channel": "sms", "stage": "delivered"}


def backwards(evidence):
    """The news that it was shipped comes after the news of its delivery, whose fact had long been known."""
    for place, one in enumerate(evidence.ledger):
        verdict = evidence.verdicts.get(judgement.told_of(one)) if one.get("accepted") and one["channel"] == "email" else None
        if not verdict or verdict.superseded == "send" or one["stage"] != "shipped":
            continue
        row = evidence.outbox[one["key"]]
        others = [o for o in evidence.ledger if o.get("accepted") and o["channel"] == "email" and judgement.told_of(o) == judgement.told_of(one)]
        if any(o["stage"] == "delivered" and evidence.outbox[o["key"]]["shipment"] == row["shipment"] for o in others):
            late = max(o["at"] for o in others) + 60
            evidence.ledger[place] = {**one, "opened": late, "at": late}
            return
    raise LookupError("no parcel of which both was told")


def another_key(evidence, stage):
    """A message that nothing called for, of which the database thinks well."""
    place = first(evidence, **MAIL)
    one = {**evidence.ledger[place], "key": "another", "stage": stage}
    evidence.ledger.append(one)
    evidence.outbox["another"] = {**evidence.outbox[evidence.ledger[place]["key"]], "key": "another", "stage": stage}


def in_doubt(evidence):
    """A mail that never came is said to be in doubt, although no worker was lost with it."""
    key = change_row(evidence, MAIL, state="in_doubt", cause="timed out after the final dot")
    evidence.doubts.add(key)
    drop_key(evidence, key)


def drop_key(evidence, key):
    evidence.ledger = [one for one in evidence.ledger if one.get("key") != key]


def many_doubts(evidence):
    """One death leaves more in doubt than its worker can have had in hand."""
    while deaths.most_by_one(evidence) <= judgement.CONNECTIONS:
        key = change_row(evidence, {"channel": "email"}, state="in_doubt", cause=judgement.LOST)
        evidence.doubts.add(key)


def nobody_died(evidence):
    workers = {name: {**worker, "kills": [], "stops": []} for name, worker in evidence.facts["workers"].items()}
    evidence.facts = {**evidence.facts, "workers": workers}


def a_doubt_too_many(evidence):
    """Enough deaths for an average, and one mail more in doubt than deaths."""
    worker = evidence.facts["workers"]["w1"]
    kills = [{"at": worker["starts"][0], "why": "kill"}] * judgement.DEATHS_MIN
    evidence.facts = {**evidence.facts, "workers": {**evidence.facts["workers"], "w1": {**worker, "kills": kills}}}
    lost = len(set(deaths.lost_doubts(evidence)) - judgement.never_answered(evidence))
    for _ in range(lost, len(evidence.kills) + evidence.stops + 1):
        evidence.doubts.add(change_row(evidence, {"channel": "email"}, state="in_doubt", cause=judgement.LOST))


def again(evidence):
    one = next(one for one in evidence.ledger if judgement.is_full_body(one) and not one["answered"])
    evidence.ledger.append({**one, "accepted": False, "reply": "450", "step": "dot", "at": one["at"] + 99})


def no_poison(evidence):
    evidence.quarantine.pop()
    evidence.refused.pop()


def changed_poison(evidence):
    raw, reason = evidence.quarantine[0]
    evidence.quarantine[0] = (raw + b" ", reason)


def impatient(evidence):
    """Of one that was tried again, before the storm itself made all due."""
    asked, healed = {one["key"]: one["at"] for one in evidence.ledger if one.get("asked")}, evidence.facts["phases"]["heal"]
    key = next(one["key"] for one in evidence.ledger if asked.get(one.get("key"), healed) < one["at"] < healed)
    for place, one in enumerate(evidence.ledger):
        if one.get("key") == key and one.get("asked"):
            evidence.ledger[place] = {**one, "asked": 10**8}


def refused_good(evidence):
    raw = stream.line(next(iter(evidence.orders.values())).events[0])
    evidence.quarantine.append((raw, "brand: none of ours"))
    evidence.refused.append({})


def drop(evidence, wanted):
    evidence.ledger.pop(first(evidence, **wanted))


def set_of(name, value):
    def seed(evidence):
        setattr(evidence, name, value)

    return seed


def fact(name, value):
    def seed(evidence):
        evidence.facts = {**evidence.facts, name: value}

    return seed


def measured(name, value):
    """Another figure of the phase in which recovery is measured."""
    def seed(evidence):
        evidence.facts = {**evidence.facts, "recovery": {**evidence.facts["recovery"], name: value}}

    return seed


def ended(evidence):
    workers = {name: {**worker, "own_ends": [{"at": 0, "code": 101, "was_ready": True}]} for name, worker in evidence.facts["workers"].items()}
    evidence.facts = {**evidence.facts, "workers": workers}


def unhit(evidence):
    lane, faults = next(iter(evidence.facts["plan"].items()))
    evidence.faults = [one for one in evidence.faults if (one["lane"], one["kind"]) != (lane, faults[0][1])] + [{"lane": "?", "kind": "?", "hit": True, "error": "", "at": 0}]


def too_few_hits(evidence):
    lane = next(iter(evidence.facts["plan"]))
    hits = [one for one in evidence.faults if one["lane"] == lane and one["hit"]]
    evidence.faults = [one for one in evidence.faults if one["lane"] != lane] + hits[: int(len(hits) * 0.8)]


def subject(evidence, stage, words, **wanted):
    """A mail of that stage says something else. `words`: of its order and what it says now; None where this mail does not suit."""
    for place, one in enumerate(evidence.ledger):
        if one.get("accepted") and one["channel"] == "email" and one["stage"] == stage and one["language"] == "en":
            row, order = evidence.outbox.get(one["key"]), evidence.orders.get(judgement.told_of(one))
            told = words(order, one["subject"]) if row and order else None
            if told:
                evidence.ledger[place] = {**one, "subject": told}
                return
    raise LookupError(f"no mail of {stage} that could say something else")


def another_reason(order, told):
    given = {event["data"]["shipment"].get("reason") for event in order.events if "shipment" in event["data"]}
    other = next(text for reason, text in phrases.REASONS["en"].items() if reason not in given)
    return phrases.filled(other, {"part": "your parcel"})


def no_code(evidence, channel):
    one = evidence.ledger[first(evidence, channel=channel, stage="available_for_pickup")]
    change(evidence, {"key": one["key"]}, seen=[mark for mark in one["seen"] if not stream.CODE.fullmatch(mark)])


def sister_number(evidence):
    """A text of one parcel holds the number of another one of the same order."""
    for place, one in enumerate(evidence.ledger):
        order, row = evidence.orders.get(judgement.told_of(one)) if one["channel"] == "sms" and one.get("accepted") else None, evidence.outbox.get(one["key"])
        if order and row and one["stage"] == "delivered" and len(order.numbers) > 1:
            other = next(number for parcel, number in order.numbers.items() if parcel != row["shipment"])
            evidence.ledger[place] = {**one, "numbers": [other]}
            return
    raise LookupError("no text of one parcel of several")


def late_commits(evidence, share, seconds):
    """One in `share` messages is accepted, and we know it some seconds later."""
    for number, (key, row) in enumerate(list(evidence.outbox.items())):
        if number % share == 0 and row["state"] == "accepted":
            evidence.outbox[key] = {**row, "settled_at": float(row["settled_at"]) + seconds}


def restarts(evidence):
    """(when, worker) of the starts in the phase in which recovery is measured."""
    phases = evidence.facts["phases"]
    return [(at, name) for name, worker in evidence.facts["workers"].items() for at in worker["starts"][1:] if phases["recovery"] <= at < phases["storm"]]


def slow_start(evidence):
    start, worker = max(restarts(evidence))
    evidence.ledger = [one for one in evidence.ledger if one.get("worker") != worker or not start < one["at"] < start + 5.5]


def no_first_send(evidence):
    workers = {name: {**worker, "starts": worker["starts"][:1]} for name, worker in evidence.facts["workers"].items()}
    evidence.facts = {**evidence.facts, "workers": workers}


def no_quiet(evidence):
    phases = evidence.facts["phases"]
    evidence.facts = {**evidence.facts, "phases": {**phases, "quiet": phases["recovery"]}}


def leases(**figures):
    """Measured where there are two workers, who share a Postgres."""
    measure = measured("leases_stolen", {"held": 9, "left": 0, "seconds": 31.0, **figures})

    def seed(evidence):
        measure(evidence)
        evidence.facts["backend"] = "postgres"

    return seed


PICKUP = {"channel": "email", "stage": "available_for_pickup"}

# (what is done to the run, the problem that must be found, and where others are of the same kind some words of it)
SEEDS = {
    "nothing was received": (set_of("ledger", []), "empty"),
    "not all was published": (set_of("is_published", False), "empty"),
    "a mail is gone": (lambda e: drop(e, MAIL), "lost"),
    "a text is gone": (lambda e: drop(e, TEXT), "lost"),
    "a mail was given up": (lambda e: change_row(e, MAIL, state="rejected", cause="x"), "lost"),
    "a mail came twice": (lambda e: e.ledger.append(e.ledger[first(e, **MAIL)]), "duplicated"),
    "the same was said under two keys": (lambda e: another_key(e, "delivered"), "duplicated"),
    "a key came again with other bytes": (lambda e: change(e, TEXT, again=True, same_bytes=False), "duplicated"),
    "a stage that nothing called for": (lambda e: another_key(e, "cancelled"), "unexpected"),
    "a message that the database does not know": (lambda e: change(e, MAIL, key="nobody's"), "unexpected"),
    "a message about no order": (lambda e: change(e, MAIL, orders=["77777"]), "unexpected"),
    "another's address": (lambda e: change(e, MAIL, rcpt=["qx999999z@cust.example"]), "wrong_recipient"),
    "two recipients": (lambda e: change(e, MAIL, rcpt=[e.ledger[first(e, **MAIL)]["rcpt"][0], "x@cust.example"]), "wrong_recipient"),
    "another's telephone": (lambda e: change(e, TEXT, to="+48500000000"), "wrong_recipient"),
    "another brand's sender": (lambda e: change(e, MAIL, **{"from": "post@b99.example"}), "wrong_recipient"),
    "another language": (lambda e: change(e, MAIL, language="la"), "wrong_recipient"),
    "another's name in the text": (lambda e: change(e, MAIL, seen=["qx999999z"]), "wrong_recipient"),
    "a page that shows another's name": (lambda e: e.pages.append({**e.pages[0], "seen": ["qx999999z"]}), "wrong_recipient"),
    "a page that does not open": (lambda e: e.pages.append({**e.pages[0], "status": 404}), "wrong_recipient"),
    "no page was opened": (set_of("pages", []), "empty"),
    "another's pickup code": (lambda e: change(e, PICKUP, seen=["PU999999C"]), "wrong_recipient", "what is another's"),
    "a page that shows another's pickup code": (lambda e: e.pages.append({**e.pages[0], "seen": ["PU999999C"]}), "wrong_recipient", "the page"),
    "a mail that asks to fetch a parcel without its code": (lambda e: no_code(e, "email"), "untrue", "without its code"),
    "a text that asks to fetch a parcel without its code": (lambda e: no_code(e, "sms"), "untrue", "without its code"),
    "another's tracking number": (lambda e: change(e, MAIL, numbers=["TN999999X1"]), "untrue", "names"),
    "another's tracking number somewhere in a mail": (lambda e: change(e, MAIL, all_numbers=["TN999999X1"]), "untrue", "another order's"),
    "another parcel's tracking number in a text": (sister_number, "untrue", "names"),
    "words of another stage": (lambda e: subject(e, "delivered", lambda order, told: "Your parcel is on its way"), "untrue", "its subject"),
    "words about another order": (lambda e: subject(e, "confirmed", lambda order, told: f"Order {order.id}7 is confirmed"), "untrue", "its subject"),
    "another day": (
        lambda e: subject(e, "confirmed", lambda order, told: f"Order {order.id} is confirmed, arriving on Monday 31 February"), "untrue", "31 February"
    ),
    "handed to somebody else": (
        lambda e: subject(e, "delivered", lambda order, told: f"{told} to a neighbour" if told.endswith("delivered") else None), "untrue", "handed over"
    ),
    "another reason": (lambda e: subject(e, "exception", another_reason), "untrue", "another reason"),
    "words that nobody has written": (lambda e: change(e, {"channel": "email"}, subject="News of your parcel"), "untrue", "its subject"),
    "a mail in a language without words": (lambda e: change(e, {"channel": "email"}, language="la"), "untrue", "its subject"),
    "told, although the database says superseded": (lambda e: change_row(e, MAIL, state="superseded"), "untrue"),
    "told as another stage than planned": (lambda e: change(e, MAIL, stage="shipped"), "untrue"),
    "an older status after a newer one": (backwards, "backwards"),
    "an open doubt that is not listed": (lambda e: change(e, MAIL, answered=False), "unlisted"),
    "a listed doubt that the database does not know": (lambda e: e.doubts.add("nobody's"), "unlisted"),
    "a doubt without a cause": (in_doubt, "doubts"),
    "a text in doubt": (lambda e: e.doubts.add(change_row(e, TEXT, state="in_doubt", cause=judgement.LOST)), "doubts"),
    "more doubts by one death than mails under way": (many_doubts, "doubts", "by the death of"),
    "doubts by a death that never was": (nobody_died, "doubts", "no worker was lost"),
    "more doubts than deaths": (a_doubt_too_many, "doubts", "more than one each"),
    "sent again after it may have arrived": (again, "resent"),
    "a poison is not kept": (no_poison, "poison"),
    "a poison is kept changed": (changed_poison, "poison"),
    "a poison is kept twice": (lambda e: (e.quarantine.append(e.quarantine[0]), e.refused.append({})), "poison"),
    "a good event is refused": (refused_good, "poison"),
    "the list of what was refused is short": (lambda e: e.refused.pop(), "poison"),
    "a customer's name in a log": (lambda e: e.logs.update({"/w1.log": b"{mail for qx000001z}"}), "canary"),
    "a pickup code in a log": (lambda e: e.logs.update({"/w1.log": b"{code PU000001C}"}), "canary"),
    "a telephone number in a metric": (lambda e: e.logs.update({"/metrics-w1.txt": b'x{to="+48501234567"} 1'}), "canary"),
    "an address in an error text": (lambda e: change_row(e, MAIL, cause="no such user a@cust.example"), "canary"),
    "an event is missing": (lambda e: e.inbox.pop(), "inbox"),
    "an event was taken twice": (lambda e: e.inbox.append(e.inbox[0]), "inbox"),
    "a send that never ended": (lambda e: change_row(e, MAIL, state="sending"), "unsettled"),
    "no rest": (fact("rested", False), "unsettled"),
    "an open transaction": (fact("figures", {"idle_in_transaction": 1}), "unsettled"),
    "too many open files": (fact("footprint", {"before": {}, "after": {"w1": {"files": 999, "own_mib": 9}}}), "unsettled"),
    "too much memory": (fact("footprint", {"before": {}, "after": {"w1": {"files": 9, "own_mib": 999}}}), "unsettled"),
    "tried again too early": (impatient, "too_early"),
    "a wrong signature": (lambda e: change(e, TEXT, signed=False), "unsigned"),
    "a fault that never happened": (unhit, "not_hit"),
    "sinks that never failed": (fact("fates", {"ok": 9}), "not_hit"),
    "memory that grew": (fact("grown", ["w1 own_mib grew"]), "grown"),
    "faults that were planned, and none was tried": (lambda e: setattr(e, "faults", []), "not_hit"),
    "a fifth of the faults never happened": (too_few_hits, "not_hit", "faults happened"),
    "faults that did not come to their end": (fact("lanes_ended", False), "not_hit", "their end"),
    "a slow first send after a kill": (slow_start, "slow", "to the first send"),
    "no first send after a kill": (no_first_send, "slow", "no first send"),
    "leases that nobody held": (leases(held=0), "slow", "held none"),
    "leases that nobody took over": (leases(left=2), "slow", "never taken over"),
    "leases that were taken over late": (leases(seconds=60.5), "slow", "within 60.5 s"),
    "a database that was found late": (measured("database_back", [1.0, 10.2]), "slow", "database_back: 10.2"),
    "a broker that was found late": (measured("broker_back", [15.4, 2.0]), "slow", "broker_back: 15.4"),
    "commits that come late": (lambda e: late_commits(e, 1, 0.01), "slow", "p50"),
    "some commits that come very late": (lambda e: late_commits(e, 25, 0.2), "slow", "p99"),
    "no quiet time": (no_quiet, "slow", "was not measured"),
    "a worker that fell over": (ended, "ended"),
    "a worker that did not leave": (fact("exit_codes", {"w1": None}), "ended"),
}


def life(**late):
    """Twenty looks at a worker and its database in a long life; `late`: what is otherwise in its second half."""
    for number in range(20):
        rows = 10_000 + number * 1000
        sample = {"w1 own_mib": 40.0, "w1 files": 60, "sessions": 16, "frames": 100, "queued": 3, "tables": {"outbox": [rows, 500, rows * 400]}}
        yield {**sample, **(late if number >= 10 else {})}


def grown_life(**late):
    return lambda: flat.grown(list(life(**late)))


def kinds_planned(names):
    """What is to happen to the workers."""
    return [kind for _, kind, _, _ in faults.plan_of("x", faults.STORM_SECS, names, "sqlite")["worker"]]


def alone():
    """What stops a worker, where there is only one, which is ready."""
    lanes = object.__new__(faults.Lanes)
    lanes.rig, lanes.stopped = types.SimpleNamespace(names=["w1"], workers={"w1": types.SimpleNamespace(is_ready=True)}), None
    return lanes


# Of these nothing may be said …
FLAT = {
    "a long life": grown_life(),
    "memory under a backlog": lambda: flat.swollen(list(life())),
    "a backlog that only its own brand waits for": lambda: flat.unfair("b01", {"b01": 600.0, "b02": 300.0, "b03": 484.0}),
    "a stop that is planned for the only worker": lambda: set(kinds_planned(["w1"])) & {"stopped"},
    "a stop of the only worker": lambda: ["stopped"] if alone().worker_stopped("stopped", "w1", "") else [],
}
# … and of these this.
SWOLLEN = {
    "a soak that was too short": (lambda: flat.grown(list(life())[:5]), "too short"),
    "memory that grew by a half": (grown_life(**{"w1 own_mib": 60.0}), "own_mib grew"),
    "files that grew": (grown_life(**{"w1 files": 90}), "files grew"),
    "sessions that grew": (grown_life(sessions=30), "sessions grew"),
    "dictionaries that grew": (grown_life(frames=200), "frames grew"),
    "a table that needs more for each row": (grown_life(tables={"outbox": [30_000, 0, 30_000 * 650]}), "bytes for each row"),
    "dead rows that are never taken away": (grown_life(tables={"outbox": [30_000, 25_000, 55_000 * 400]}), "dead rows"),
    "a queue that grew": (grown_life(queued=9000), "does not empty"),
    "memory that follows a backlog": (lambda: flat.swollen(list(life(**{"w1 own_mib": 999.0}))), "rose to"),
    "a brand that waits as long as the big one": (lambda: flat.unfair("b01", {"b01": 600.0, "b02": 300.0, "b03": 600.0}), "b03 waited"),
    "a backlog of one brand": (lambda: flat.unfair("b01", {"b01": 600.0}), "too few"),
    "no stop where there are two workers": (lambda: kinds_planned(["w1", "w2"]), "stopped"),
}


def fresh(evidence):
    """A copy that can be spoiled: what is replaced in it is replaced there alone."""
    new = copy.copy(evidence)
    for name in ("ledger", "inbox", "quarantine", "refused", "pages", "outbox", "doubts", "logs"):
        setattr(new, name, copy.copy(getattr(evidence, name)))
    return new


def run(evidence):
    """0 if the run is clean and every seeded error is found."""
    clean = judgement.judge(evidence)
    if clean:
        print(f"RED: the run itself is not clean: {clean[:5]}")
        return 1
    missed = []
    for name, (seed, wanted, *words) in SEEDS.items():
        spoiled = fresh(evidence)
        seed(spoiled)
        found = judgement.judge(spoiled)
        if not any(kind == wanted and all(word in detail for word in words) for kind, detail in found):
            missed.append(name)
            print(f"  not found: {name} (wanted {wanted} {words}, found {sorted({kind for kind, _ in found})})")
    for name, (judge, words) in SWOLLEN.items():
        if not any(words in one for one in judge()):
            missed.append(name)
            print(f"  not found: {name} (wanted {words})")
    wrong = {name: found for name, judge in FLAT.items() if (found := list(judge()))}
    for name, found in wrong.items():
        print(f"  found, although nothing is wrong: {name}: {found}")
    total = len(SEEDS) + len(SWOLLEN)
    print(f"{'RED' if missed or wrong else 'CLEAN'}: {total - len(missed)} of {total} seeded errors found")
    return 1 if missed or wrong else 0
