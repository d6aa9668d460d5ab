"""Which mails are in doubt because their worker was lost, and by which of its deaths. A worker that is stopped for longer than a lease
is as good as dead: what it had in hand is taken from it."""
import collections

LOST = "the worker did not come back"
HANDS_SECS = 0.5  # What a worker wrote just before its death is read this much later, at most.


def lost_doubts(evidence):
    """In doubt because their worker was killed."""
    return [key for key, row in evidence.outbox.items() if row["state"] == "in_doubt" and row["cause"] == LOST]


def deaths_of(evidence):
    """(when, who) of each kill and each stop, in order."""
    stops = [(at, name) for name, worker in evidence.facts["workers"].items() for at in worker["stops"]]
    return sorted(evidence.kills + stops)


def last_tries(evidence, keys):
    """The last that the far side saw of each, if it did not refuse it."""
    last = {}
    for one in sorted(evidence.ledger, key=lambda one: one["at"]):
        if one["channel"] == "email" and one.get("key") in keys:
            last[one["key"]] = one
    return last


def by_death(evidence):
    """How many each death left in doubt; under None those that no death followed. It is the first death of the worker that had it in
    hand. Of what the far side did not see, or what it refused before, nobody knows whose hand that was: any worker's next death."""
    lost, deaths, found = set(lost_doubts(evidence)), deaths_of(evidence), collections.Counter()
    last = last_tries(evidence, lost)
    for key in lost:
        one, began = last.get(key), evidence.outbox[key].get("first_try_at") or 0
        if one is None or one.get("reply", "").isdigit():
            since, name = max(began, one["at"] if one else 0), None
        else:
            since, name = one.get("opened") or one["at"] - HANDS_SECS, one["worker"]
        found[next((death for death in deaths if death[0] >= since and name in (None, death[1])), None)] += 1
    return found


def most_by_one(evidence):
    return max((count for death, count in by_death(evidence).items() if death), default=0)
