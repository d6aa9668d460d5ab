"""Long life and overload: hours at a steady rate, and a queue that was full before any worker came. Both end in the storm's own
judgement; what must stay flat, or fair, is added to it."""
import collections
import os
import statistics
import threading
import time

from storm import Storm, say

SOAK_RATE = 100  # Events a second.
SAMPLE_SECS = 20
# What may grow between the second quarter of a soak and its last, and by how much: memory has noise, files and sessions have pools,
# and a rare kind of message gets its frame late.
GROWTH = {"own_mib": 1.15, "files": 1.3, "sessions": 1.3, "frames": 1.5}
DEAD_SHARE_MAX = 0.3  # Of a table's rows, once there are some thousand.
PG_TABLES = "select relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid) from pg_stat_user_tables where n_live_tup + n_dead_tup > 5000"
QUEUE_PATIENCE = 3600


class Samples:
    """What the workers and the database need, looked at from time to time."""

    def __init__(self, rig, seconds=SAMPLE_SECS):
        self.rig, self.seconds, self.over, self.taken = rig, seconds, threading.Event(), []
        self.thread = threading.Thread(target=self.walk, daemon=True)

    def start(self):
        self.thread.start()

    def walk(self):
        while not self.over.wait(self.seconds):
            try:
                self.taken.append(self.take())
            except (OSError, TypeError, ValueError) as error:
                say(f"a sample could not be taken: {error}")

    def take(self):
        rig, sample = self.rig, {"at": time.time()}
        for name, worker in rig.workers.items():
            sample |= {f"{name} {what}": value for what, value in worker.footprint().items()}
        if rig.backend == "postgres":
            sample["sessions"] = int(rig.sql("select count(*) from pg_stat_activity where application_name = 'doorstep'")[0][0])
            sample["frames"] = int(rig.sql("select count(*) from frames")[0][0])
            sample["tables"] = {name: [int(live), int(dead), int(size)] for name, live, dead, size in rig.sql(PG_TABLES) or []}
        else:
            sample["bytes"] = os.path.getsize(rig.path("doorstep.db"))
        sample["queued"] = rig.ready()
        return sample

    def stop(self):
        self.over.set()
        self.thread.join(60)
        return self.taken


def grown(samples):
    """What grew although it should not have: sentences. Too few samples say nothing, and that is a finding as well."""
    if len(samples) < 8:
        yield f"only {len(samples)} samples: too short to see anything grow"
        return
    quarter = len(samples) // 4
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    for name in sorted(early[0]):
        limit = GROWTH.get(name.split(" ")[-1])
        if limit:
            was, now = (statistics.median(one[name] for one in part) for part in (early, late))
            if now > was * limit + 2:
                yield f"{name} grew from {was:.1f} to {now:.1f}"
    for table, (live, dead, _) in samples[-1].get("tables", {}).items():
        if dead > 20_000 and dead > (live + dead) * DEAD_SHARE_MAX:
            yield f"{table}: {dead} dead rows beside {live} live ones"
    queued = [one["queued"] for one in late if one["queued"] is not None]
    if queued and statistics.median(queued) > SOAK_RATE * 5:
        yield f"the queue does not empty: {statistics.median(queued)} messages wait"


class Soak(Storm):
    """A steady rate for hours, with sinks that behave, and one that does not now and then."""

    def __init__(self, options, folder):
        options.no_faults, options.minutes = True, options.soak * 60
        options.events = round(options.soak * 3600 * SOAK_RATE / 1.08)
        super().__init__(options, folder)

    def storm(self):
        self.phase("storm")
        self.facts["plan"] = {}
        samples = Samples(self.rig, min(SAMPLE_SECS, self.options.soak * 3600 / 24))
        samples.start()
        self.rate(SOAK_RATE)
        until, failing = time.monotonic() + self.options.soak * 3600, False
        while time.monotonic() < until:
            # A tenth of the time the far sides fail as in the storm: retries are part of a long life.
            if (now := time.monotonic() % 100 < 10) != failing:
                failing = now
                self.rig.sinks.ask(faults=failing)
            time.sleep(0.5)
        self.rig.sinks.ask(faults=False)
        self.facts["samples"] = samples.stop()
        self.facts["grown"] = list(grown(self.facts["samples"]))


class Backlog(Storm):
    """The queue holds everything before the first worker comes. Half of it is one brand's."""

    def __init__(self, options, folder):
        options.no_faults, options.events, options.minutes = True, options.backlog, 0
        super().__init__(options, folder)

    skewed = True

    def run(self):
        rig = self.rig
        self.prepare()
        self.phase("servers")
        rig.start()
        # One worker makes the queue, and leaves.
        first = rig.workers[rig.names[0]]
        first.start()
        rig.wait(lambda: True if first.answers() else None, 60, "a worker to make the queue")
        first.stop()
        self.phase("quiet")
        rig.start_publisher(rig.path("arrivals"))
        rig.rate = 100_000
        rig.tell_publisher("rate 100000")
        code = rig.publisher.wait(QUEUE_PATIENCE)
        say(f"the queue holds {rig.queued()} messages (the publisher's exit code: {code})")
        self.phase("storm")
        self.facts["plan"] = {}
        rig.start_workers()
        self.facts["footprint"]["before"] = {name: worker.footprint() for name, worker in rig.workers.items()}
        samples = Samples(rig, 5)
        samples.start()
        began = time.monotonic()
        while rig.ready() != 0 and time.monotonic() - began < QUEUE_PATIENCE:
            time.sleep(2)
        self.facts["consumed_seconds"] = round(time.monotonic() - began, 1)
        say(f"consumed within {self.facts['consumed_seconds']} s")
        self.phase("heal")
        self.facts["fates"] = rig.sinks.ask(faults=False)["fates"]
        self.facts["rested"] = self.wait_for_rest(QUEUE_PATIENCE)
        self.facts["drained_seconds"] = round(time.monotonic() - began, 1)
        self.phase("rest")
        self.facts["samples"] = samples.stop()
        self.facts["grown"] = list(swollen(self.facts["samples"]))
        self.collect()

    def conclude(self, found):
        waits = found.facts["fairness"] = fairness(found)
        if len(waits) < 2 or waits["others"] > waits["big"] * 2 + 5:
            found.facts["grown"].append(f"the other brands waited longer than the big one: {waits}")


def swollen(samples):
    """Memory must not follow the backlog."""
    for name in (name for name in samples[0] if name.endswith("own_mib")):
        most = max(one[name] for one in samples)
        if most > 300:
            yield f"{name} rose to {most} MiB"


def fairness(found):
    """Seconds from planned to accepted, of the brand with half of the orders and of the others."""
    waits, count = collections.defaultdict(list), collections.Counter(order.brand for order in found.orders.values())
    big, _ = count.most_common(1)[0]
    for one in found.ledger:
        row = found.outbox.get(one.get("key"))
        if one.get("accepted") and row:
            waits["big" if one["brand"] == big else "others"].append(one["at"] - row["planned_at"])
    return {name: round(statistics.quantiles(values, n=20)[18], 2) for name, values in waits.items() if len(values) > 20}


