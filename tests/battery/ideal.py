"""What a worker without a fault would leave behind, made up: a clean run to seed errors into, without any server."""
import base64
import hashlib
import json
import os
import uuid
from datetime import datetime, timezone

import evidence
import judgement
import oracle
import phrases
import stream

START = 1_790_000_000.0
RECOVERY, STORM = START + 2000, START + 2400  # Enough was told before for the figures of a quiet time.
FAULTS = 20
# What is told before the last news of an order, and how many seconds after that was known.
EARLY = {"confirmed": 1, "shipped": 2, "attempt_failed": 3, "available_for_pickup": 3, "exception": 3}
FATES = ("ok", "500", "503", "429", "reset", "slow", "broken", "rcpt_450", "dot_451", "accept_cut")


def write(folder, events=1500, seed="ideal"):
    """A folder as a storm leaves it."""
    now = datetime.now(timezone.utc)
    orders = stream.orders_of(seed, events, now)
    arrivals = stream.arrivals_of(seed, orders)
    evidence.write_truth(folder, orders, arrivals)
    with open(os.path.join(folder, "doorstep.toml"), "w", encoding="utf-8") as file:
        file.write('[links]\nbase_url = "http://127.0.0.1:1"\n[voice]\ndefault_brand = "b01"\n' + stream.brands_toml())
    files = {name: [] for name in ("ledger", "outbox", "inbox", "quarantine", "silences", "doubts", "refused", "faults", "pages")}
    policies = oracle.Policies.load(os.path.join(folder, "doorstep.toml"))
    told = oracle.verdicts([event for order in orders for event in order.events], policies, now=now)
    at = [take_in(files, order) for order in orders]
    for order, known in zip(orders, at):
        for notice in said(told[(order.brand, order.id)]):
            tell(files, order, notice, known)
    for one in arrivals:
        if one.kind in ("poison", "conflict"):
            files["quarantine"].append({"id": len(files["quarantine"]), "reason": "x", "raw": base64.b64encode(one.raw[: judgement.EVENT_BYTES_MAX]).decode()})
            files["refused"].append({"id": len(files["refused"])})
    doubt(files)
    mails = [one for one in files["ledger"] if one["channel"] == "email"][:50]
    files["pages"] = [{"key": one["key"], "brand": one["brand"], "orders": one["orders"], "status": 200, "seen": one["seen"], "names": True} for one in mails]
    files["faults"] = [{"lane": "worker", "kind": "kill", "hit": True, "error": "", "at": STORM}] * FAULTS
    for name, rows in files.items():
        with open(os.path.join(folder, name if name == "ledger" else f"{name}.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    # The one kill comes a second before the worker's next try.
    finish(folder, now, len(arrivals), next(one["at"] for one in files["ledger"] if one["at"] > RECOVERY) - 1)


def take_in(files, order):
    """Its events, a second after the other."""
    known = {}
    for step, event in enumerate(order.events):
        at = START + order.number * 10 + step
        known[event["type"], event["data"].get("shipment", {}).get("id")] = at
        raw = base64.b64encode(stream.line(event)).decode()
        files["inbox"].append({"order": f"{order.brand}/{order.id}", "kind": event["type"], "raw": raw, "at": at})
    return max(known.values())


def said(verdict):
    """What must be told, and of what may be: what came before it."""
    rank = {"confirmed": 0, "shipped": 1, "delivered": 3, "order_complete": 4}
    ways = {(notice.role, notice.channel) for notice in verdict.may}
    whole = {notice for notice in verdict.must}
    for some in verdict.some:
        whole.add(min(some, key=lambda notice: (notice.stage == "delivered", str(notice))))
    early = {notice for notice in verdict.may if notice.stage in EARLY and (notice.role, notice.channel) in ways}
    return sorted(whole | early, key=lambda notice: (rank.get(notice.stage, 2), str(notice)))


def tell(files, order, notice, known):
    """A line of the far side, and the database's row."""
    key = str(uuid.uuid5(uuid.NAMESPACE_URL, str(notice)))
    at = known + 0.01 * (len(files["ledger"]) % 7) + EARLY.get(notice.stage, 4)
    code = sorted(judgement.codes_of(order)) if notice.stage == "available_for_pickup" else []
    line = {
        "channel": notice.channel, "worker": "w1", "fate": "ok", "accepted": True, "answered": True, "key": key, "opened": at - 0.01, "at": at,
        "stage": notice.stage, "brand": order.brand, "orders": [order.id], "language": order.language, "seen": [stream.canary(order.number), *code],
        "body": hashlib.blake2b(key.encode(), digest_size=8).hexdigest(),
    }
    number = order.numbers.get(notice.shipment)
    line["numbers"] = [number] if number else []
    if notice.channel == "email":
        line |= {"from": f"post@{order.brand}.example", "rcpt": [order.email], "all_numbers": sorted(order.numbers.values())}
        line["subject"] = phrases.example(order.language, notice.stage, order, notice.shipment)
    else:
        line |= {"to": order.phone, "shipment": notice.shipment, "again": False, "same_bytes": True, "signed": True}
    files["ledger"].append(line)
    files["outbox"].append({
        "key": key, "order": f"{order.brand}/{order.id}", "shipment": notice.shipment, "stage": notice.stage, "role": notice.role,
        "channel": notice.channel, "state": "accepted", "attempts": 1, "why": None, "cause": None, "planned_at": at, "settled_at": at + 0.002,
    })


def doubt(files):
    """Two mails in doubt, as they should be: one that was not answered, one whose worker was killed. And a text that was asked to wait."""
    mails = [one for one in files["ledger"] if one["channel"] == "email"]
    rows = {row["key"]: row for row in files["outbox"]}
    for one, cause in ((mails[5], "the connection was lost after the final dot"), (mails[9], judgement.LOST)):
        one["answered"] = False
        rows[one["key"]] |= {"state": "in_doubt", "cause": cause}
        files["doubts"].append({"key": one["key"]})
    text = next(one for one in files["ledger"] if one["channel"] == "sms")
    refusal = {"channel": "sms", "worker": "w1", "fate": "429_seconds", "accepted": False, "reply": "429", "key": text["key"], "asked": 9}
    files["ledger"].append({**refusal, "at": text["at"] - 10})


def finish(folder, now, messages, killed):
    with open(os.path.join(folder, "published.log"), "w", encoding="ascii") as file:
        file.write(f"d {messages} {messages} 0\nend\n")
    with open(os.path.join(folder, "w1.log"), "w", encoding="ascii") as file:
        file.write('{"level":"INFO","message":"ready"}\n')
    facts = {
        "seed": "ideal", "backend": "postgres", "now": now.isoformat(), "rested": True, "lanes_ended": True,
        "phases": {"quiet": START, "recovery": RECOVERY, "storm": STORM, "heal": START + 10**9, "rest": START + 10**9},
        "recovery": {
            "database_back": [1.5], "broker_back": [2.5], "killed_at": [["w1", killed]], "leases_stolen": {"held": 9, "left": 0, "seconds": 31.0},
        },
        "figures": {"idle_in_transaction": 0}, "exit_codes": {"w1": 0}, "fates": dict.fromkeys(FATES, 1),
        "plan": {"worker": [[0, "kill", "w1", ""]] * FAULTS}, "footprint": {"before": {"w1": {"files": 9, "own_mib": 9}}, "after": {"w1": {"files": 9, "own_mib": 9}}},
        "workers": {"w1": {"starts": [START, killed + 0.1], "kills": [{"at": killed, "why": "recovery"}], "own_ends": [], "stops": []}},
    }
    with open(os.path.join(folder, "facts.json"), "w", encoding="utf-8") as file:
        json.dump(facts, file)
