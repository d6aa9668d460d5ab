"""Proof that the judge can turn red: one error after the other is seeded into a clean run, and each must be found by its name."""
import copy

import judgement
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
    for _ in range(judgement.CONCURRENCY * (len(evidence.kills) + evidence.stops) + 1):
        key = change_row(evidence, {"channel": "email"}, state="in_doubt", cause=judgement.LOST)
        evidence.doubts.add(key)


def a_doubt_too_many(evidence):
    """Enough deaths for an average, and one mail more in doubt than deaths."""
    worker = evidence.facts["workers"]["w1"]
    kills = [{"at": worker["starts"][0], "why": "kill"}] * judgement.DEATHS_MIN
    evidence.facts = {**evidence.facts, "workers": {**evidence.facts["workers"], "w1": {**worker, "kills": kills}}}
    lost = len(set(judgement.lost_doubts(evidence)) - judgement.never_answered(evidence))
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
    key = next(one["key"] for one in evidence.ledger if one.get("asked"))
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


def ended(evidence):
    workers = {name: {**worker, "own_ends": [{"at": 0, "code": 101, "was_ready": True}]} for name, worker in evidence.facts["workers"].items()}
    evidence.facts = {**evidence.facts, "workers": workers}


def unhit(evidence):
    lane, faults = next(iter(evidence.facts["plan"].items()))
    evidence.faults = [one for one in evidence.faults if (one["lane"], one["kind"]) != (lane, faults[0][1])] + [{"lane": "?", "kind": "?", "hit": True, "error": "", "at": 0}]


# (what is done to the run, the problem that must be found)
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
    "another's tracking number": (lambda e: change(e, MAIL, numbers=["TN999999X1"]), "untrue"),
    "told, although the database says superseded": (lambda e: change_row(e, MAIL, state="superseded"), "untrue"),
    "told as another stage than planned": (lambda e: change(e, MAIL, stage="shipped"), "untrue"),
    "an older status after a newer one": (backwards, "backwards"),
    "an open doubt that is not listed": (lambda e: change(e, MAIL, answered=False), "unlisted"),
    "a listed doubt that the database does not know": (lambda e: e.doubts.add("nobody's"), "unlisted"),
    "a doubt without a cause": (in_doubt, "doubts"),
    "a text in doubt": (lambda e: e.doubts.add(change_row(e, TEXT, state="in_doubt", cause=judgement.LOST)), "doubts"),
    "more doubts than sends under way": (many_doubts, "doubts"),
    "more doubts than deaths": (a_doubt_too_many, "doubts"),
    "sent again after it may have arrived": (again, "resent"),
    "a poison is not kept": (no_poison, "poison"),
    "a poison is kept changed": (changed_poison, "poison"),
    "a poison is kept twice": (lambda e: (e.quarantine.append(e.quarantine[0]), e.refused.append({})), "poison"),
    "a good event is refused": (refused_good, "poison"),
    "the list of what was refused is short": (lambda e: e.refused.pop(), "poison"),
    "a customer's name in a log": (lambda e: e.logs.update({"/w1.log": b"{mail for qx000001z}"}), "canary"),
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
    "a worker that fell over": (ended, "ended"),
    "a worker that did not leave": (fact("exit_codes", {"w1": None}), "ended"),
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
    for name, (seed, wanted) in SEEDS.items():
        spoiled = fresh(evidence)
        seed(spoiled)
        found = {kind for kind, _ in judgement.judge(spoiled)}
        if wanted not in found:
            missed.append(name)
            print(f"  not found: {name} (wanted {wanted}, found {sorted(found)})")
    print(f"{'RED' if missed else 'CLEAN'}: {len(SEEDS) - len(missed)} of {len(SEEDS)} seeded errors found")
    return 1 if missed else 0
