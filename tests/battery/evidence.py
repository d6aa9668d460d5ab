"""All that a run leaves behind to be judged by: what was true, what was published, what the far side has, what the database says."""
import base64
import collections
import glob
import json
import os
import sqlite3
import urllib.error
import urllib.request
import uuid
from datetime import datetime

import oracle
import stream

PG_DUMPS = {
    "outbox.jsonl": """select json_build_object('key', key, 'order', order_key, 'shipment', shipment, 'stage', stage, 'role', role,
        'channel', channel, 'state', state, 'attempts', attempts, 'why', why, 'cause', cause, 'doubt_at', doubt_at, 'planned_at', planned_at / 1000.0,
        'first_try_at', first_try_at / 1000.0, 'settled_at', coalesce(extract(epoch from pg_xact_commit_timestamp(xmin)), settled_at / 1000.0)) from outbox""",
    "quarantine.jsonl": """select json_build_object('id', id, 'reason', reason, 'raw', translate(encode(raw, 'base64'), E'\\n', ''),
        'again', retried_at is not null) from quarantine""",
    "inbox.jsonl": """select json_build_object('order', order_key, 'kind', kind, 'raw', translate(encode(raw, 'base64'), E'\\n', ''),
        'at', coalesce(extract(epoch from pg_xact_commit_timestamp(xmin)), received_at / 1000.0)) from inbox""",
    "silences.jsonl": "select json_build_object('order', order_key, 'shipment', shipment, 'stage', stage, 'channel', channel, 'why', why) from silences",
}
PG_FIGURES = {
    "idle_in_transaction": "select count(*) from pg_stat_activity where state like 'idle in transaction%'",
    "connections": "select count(*) from pg_stat_activity where application_name = 'doorstep'",
    "outcomes": "select count(*) from outcomes",
}
# What an event's type and the stage that tells it are called, where these differ.
STAGES = {
    "order.paid": "confirmed", "shipment.in_transit": "shipped", "shipment.exception": "exception", "order.cancelled": "cancelled",
}


def told_of(one):
    """(brand, order) of a line of the ledger; nobody's order where it is not clear."""
    return (one["brand"], one["orders"][0] if len(one["orders"]) == 1 else f"of {one['orders']}")


def accepted(evidence):
    return [one for one in evidence.ledger if one.get("accepted") and one["channel"] in ("email", "sms")]


def write_truth(folder, orders, arrivals):
    with open(os.path.join(folder, "orders.jsonl"), "w", encoding="utf-8") as file:
        for order in orders:
            file.write(json.dumps(vars(order), ensure_ascii=False) + "\n")
    with open(os.path.join(folder, "poison.jsonl"), "w", encoding="ascii") as file:
        for one in arrivals:
            if one.kind in ("poison", "conflict"):
                file.write(json.dumps([one.kind, one.name, base64.b64encode(one.raw).decode()]) + "\n")


def collect(rig, facts):
    """What the database holds at rest, and what the commands for operators list."""
    if rig.backend == "postgres":
        for name, query in PG_DUMPS.items():
            rows = rig.wait(lambda query=query: rig.sql(query, timeout=300), 60, f"the database's {name}")
            with open(rig.path(name), "w", encoding="utf-8") as file:
                file.writelines(row[0] + "\n" for row in rows)
        facts["figures"] = {name: int(rig.sql(query)[0][0]) for name, query in PG_FIGURES.items()}
    else:
        dump_sqlite(rig)
        facts["figures"] = {"outcomes": rig.sql("select count(*) from outcomes")[0][0]}
    for name, words in (("doubts.jsonl", ("outbox", "list")), ("refused.jsonl", ("quarantine", "list"))):
        done = rig.doorstep(*words, "--limit", "1000000", "--json")
        with open(rig.path(name), "w", encoding="utf-8") as file:
            file.write(done.stdout)


PAGES_MAX = 200


def open_pages(rig):
    """Opens the pages that some of the mails lead to: each must be its own order's."""
    mails = [one for one in lines_of(rig.path("ledger")) if one.get("accepted") and one.get("pages")]
    with open(rig.path("pages.jsonl"), "w", encoding="utf-8") as file:
        for one in mails[:: max(len(mails) // PAGES_MAX, 1)]:
            try:
                with urllib.request.urlopen(one["pages"][0], timeout=10) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, b""
            except OSError:
                status, body = 0, b""
            seen = sorted({found.decode() for found in stream.PERSONAL.findall(body)})
            names = one["orders"][0].encode() in body if one["orders"] else False
            file.write(json.dumps({"key": one["key"], "brand": one["brand"], "orders": one["orders"], "status": status, "seen": seen, "names": names}) + "\n")


def dump_sqlite(rig):
    with sqlite3.connect(rig.path("doorstep.db"), timeout=30) as connection:
        connection.row_factory = sqlite3.Row
        tables = {
            "outbox.jsonl": """select key, order_key as "order", shipment, stage, role, channel, state, attempts, why, cause, doubt_at,
                planned_at / 1000.0 as planned_at, first_try_at / 1000.0 as first_try_at, settled_at / 1000.0 as settled_at from outbox""",
            "quarantine.jsonl": "select id, reason, raw, retried_at is not null as again from quarantine",
            "inbox.jsonl": 'select order_key as "order", kind, raw, received_at / 1000.0 as at from inbox',
            "silences.jsonl": 'select order_key as "order", shipment, stage, channel, why from silences',
        }
        for name, query in tables.items():
            with open(rig.path(name), "w", encoding="utf-8") as file:
                for row in connection.execute(query):
                    one = dict(row)
                    if "key" in one:
                        one["key"] = str(uuid.UUID(bytes=one["key"]))
                    if "raw" in one:
                        raw = one["raw"].encode() if isinstance(one["raw"], str) else one["raw"]
                        one["raw"] = base64.b64encode(raw).decode()
                    file.write(json.dumps(one) + "\n")


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        # What a killed process left half-written at the end is no line. Nobody kills the sinks.
        return [json.loads(line) for line in file if line.endswith("\n") and line.strip()]


class Evidence:
    """The folder of a run, read."""

    def __init__(self, folder):
        def path(name):
            return os.path.join(folder, name)

        self.folder = folder
        self.orders = {}
        for line in lines_of(path("orders.jsonl")):
            order = stream.Order(**line)
            self.orders[(order.brand, order.id)] = order
        self.poison = {base64.b64decode(raw): kind for kind, _, raw in lines_of(path("poison.jsonl"))}
        self.ledger = lines_of(path("ledger"))
        self.outbox = {row["key"]: row for row in lines_of(path("outbox.jsonl"))}
        self.inbox = [(row["order"], row["kind"], base64.b64decode(row["raw"]), row["at"]) for row in lines_of(path("inbox.jsonl"))]
        self.quarantine = [(base64.b64decode(row["raw"]), row["reason"]) for row in lines_of(path("quarantine.jsonl"))]
        self.silences = lines_of(path("silences.jsonl"))
        self.doubts = {row["key"] for row in lines_of(path("doubts.jsonl"))}
        self.refused = lines_of(path("refused.jsonl"))
        self.pages = lines_of(path("pages.jsonl"))
        self.faults = lines_of(path("faults.jsonl")) if os.path.exists(path("faults.jsonl")) else []
        with open(path("facts.json"), encoding="utf-8") as file:
            self.facts = json.load(file)
        # What each order calls for, in any order of arrival.
        events = [event for order in self.orders.values() for event in order.events]
        policies = oracle.Policies.load(path("doorstep.toml"))
        self.verdicts = oracle.verdicts(events, policies, now=datetime.fromisoformat(self.facts["now"]))
        self.published, self.confirmed, self.repeated, self.is_published = {}, 0, 0, False
        self.read_published(path("published.log"))
        self.logs = {name: open(name, "rb").read() for name in glob.glob(path("w*.log")) + glob.glob(path("metrics-*.txt"))}
        self.causes = collections.Counter(row["cause"] for row in self.outbox.values() if row["cause"])

    def read_published(self, path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                words = line.split()
                if words[0] == "p":
                    self.published[words[1]] = float(words[2])
                elif words[0] == "d":
                    self.confirmed, self.repeated = int(words[2]), int(words[3])
                elif words[0] == "end":
                    self.is_published = True

    @property
    def kills(self):
        return [(kill["at"], name) for name, worker in self.facts["workers"].items() for kill in worker["kills"]]

    @property
    def stops(self):
        return sum(len(worker["stops"]) for worker in self.facts["workers"].values())
