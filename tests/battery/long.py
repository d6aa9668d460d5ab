"""Long life and overload: hours at a steady rate, and a queue that was full before any worker came. Both end in the storm's own
judgement; what must stay flat, or fair, is added to it."""
import os
import threading
import time

from flat import LARGE, SOAK_RATE, fairness, grown, swollen, unfair, waits_of
from storm import Storm, say

SAMPLE_SECS = 20
PG_TABLES = f"""select relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid) from pg_stat_user_tables
    where n_live_tup + n_dead_tup > {LARGE}"""
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
            # One file for all: it is held against the facts that it took in. Their last number is cheaper than their count.
            sample["tables"] = {"doorstep.db": [rig.sql("select max(rowid) from inbox")[0][0] or 0, 0, os.path.getsize(rig.path("doorstep.db"))]}
        sample["queued"] = rig.ready()
        return sample

    def stop(self):
        self.over.set()
        self.thread.join(60)
        return self.taken


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
        big, waits = waits_of(found)
        found.facts["fairness"] = fairness(big, waits)
        found.facts["grown"].extend(unfair(big, waits))
