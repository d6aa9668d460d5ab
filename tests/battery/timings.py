"""How soon: percentiles, how long a message is in doubt, how soon work goes on after each failure; and what of it is too slow."""
import collections

from evidence import STAGES, accepted, told_of

# Seconds, where failures come one at a time and the far sides behave: see recovery.py.
FIRST_SEND_MAX, DATABASE_MAX, BROKER_MAX = 5, 10, 15
STOLEN_MAX = 60  # What a dead worker held is settled by then.
# From the far side's acceptance to our commit, where nothing is broken.
AMBIGUITY_MAX, SAMPLES_MIN = {"p50": 0.005, "p99": 0.050}, 100


def percentiles(values):
    """p50, p95, p99 and the most, of how many."""
    if not values:
        return {"of": 0}
    values = sorted(values)

    def at(share):
        return round(values[min(int(len(values) * share), len(values) - 1)], 4)

    return {"of": len(values), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": round(values[-1], 4)}


def quiet_part(evidence):
    """Whether a time lies in the phase in which nothing was broken."""
    phases = evidence.facts["phases"]
    end = min(at for name, at in phases.items() if name in ("recovery", "storm"))
    return lambda at: phases["quiet"] + 2 <= at < end - 0.5


def ambiguity(evidence):
    """Seconds between the far side accepting and our result being committed, by the host's one clock."""
    is_quiet, found = quiet_part(evidence), collections.defaultdict(list)
    for one in accepted(evidence):
        row = evidence.outbox.get(one["key"])
        if one["answered"] and row and row["state"] == "accepted" and is_quiet(one["at"]):
            found[one["channel"]].append(float(row["settled_at"]) - one["at"])
    return {channel: percentiles(values) for channel, values in found.items()}


def waited(evidence):
    """Seconds from an event being published to its message being accepted: in the quiet, and in all."""
    is_quiet, quiet, whole = quiet_part(evidence), [], []
    steps = {}
    for place, order in evidence.orders.items():
        for step, event in enumerate(order.events):
            stage = STAGES.get(event["type"], event["type"].split(".")[1])
            steps[(*place, stage, event["data"].get("shipment", {}).get("id"))] = f"{order.brand}/{order.id}/{step}"
    for one in accepted(evidence):
        row, place = evidence.outbox.get(one["key"]), told_of(one)
        if not row or not place:
            continue
        began = evidence.published.get(steps.get((*place, row["stage"], row["shipment"])))
        if began:
            whole.append(one["at"] - began)
            if is_quiet(began):
                quiet.append(one["at"] - began)
    return {"quiet": percentiles(quiet), "whole": percentiles(whole)}


def first_sends(evidence):
    """From a worker's start, after a kill, to its first try of any message; by phase."""
    phases, found = evidence.facts["phases"], {"recovery": [], "storm": []}
    tries = collections.defaultdict(list)
    for one in evidence.ledger:
        if one["channel"] in ("email", "sms"):
            tries[one["worker"]].append(one["at"])
    for name, worker in evidence.facts["workers"].items():
        for number, start in enumerate(worker["starts"][1:], 1):
            end = worker["starts"][number + 1] if number + 1 < len(worker["starts"]) else float("inf")
            first = next((at for at in tries[name] if start < at < end), None)
            if first is None:
                continue
            if "recovery" in phases and phases["recovery"] <= start < phases["storm"]:
                found["recovery"].append(first - start)
            elif start < phases.get("heal", 0):
                found["storm"].append(first - start)
    return {phase: percentiles(values) for phase, values in found.items()}


def too_slow(evidence):
    """Sentences. A run in which recovery was not measured promises nothing here."""
    if evidence.facts["recovery"]:
        yield from slow_recovery(evidence)
        yield from slow_commits(ambiguity(evidence))


def slow_recovery(evidence):
    recovery, first = evidence.facts["recovery"], first_sends(evidence)["recovery"]
    if recovery.get("killed_at") and not first["of"]:
        yield "workers were killed, and no first send of any was seen"
    if first.get("max", 0) > FIRST_SEND_MAX:
        yield f"{first['max']} s from a start to the first send"
    for what, limit in (("database_back", DATABASE_MAX), ("broker_back", BROKER_MAX)):
        yield from (f"{what}: {seconds} s" for seconds in recovery.get(what, ()) if seconds > limit)
    if evidence.facts["backend"] != "postgres":
        return
    stolen = recovery.get("leases_stolen", {"held": 0, "left": 0, "seconds": 0})
    if not stolen["held"]:
        yield "the worker that was killed for its leases held none"
    if stolen["left"]:
        yield f"{stolen['left']} of {stolen['held']} leases of a dead worker were never taken over"
    if stolen["seconds"] > STOLEN_MAX:
        yield f"a dead worker's leases were taken over within {stolen['seconds']} s"


def slow_commits(found):
    enough = {channel: one for channel, one in found.items() if one["of"] >= SAMPLES_MIN}
    if not any(one["of"] for one in found.values()):
        yield "nothing was accepted while nothing was broken: how long a message is in doubt was not measured"
    for channel, one in enough.items():
        for name, limit in AMBIGUITY_MAX.items():
            if one[name] > limit:
                yield f"{channel}: {name} of {one[name]} s between the far side's acceptance and our commit"
