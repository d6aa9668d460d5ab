"""How soon work goes on after each sort of failure, measured one at a time, with a steady stream and well-behaved sinks."""
import os
import signal
import time

import faults

RATE_MAX, BURST_MAX, BURST_SECS, PHASE_SECS = 150, 1500, 2.5, 100
STEAL_PATIENCE = 100


def measure(rig, briefly, messages):
    """Seconds, by what failed. `briefly`: fewer of each. `messages`: how many there are in all, of which a quarter may go out here."""
    rig.rate = max(round(min(RATE_MAX, messages * 0.15 / PHASE_SECS)), 1)
    rig.tell_publisher(f"rate {rig.rate}")
    rig.burst = min(BURST_MAX, messages * 0.1 / BURST_SECS)
    lanes, found = faults.Lanes(rig, {}, "recovery"), {}
    stolen = StolenLeases(rig)
    if rig.backend == "postgres":
        # What it held takes a minute to be taken over; the rest goes on meanwhile.
        stolen.begin()
        found["database_back"] = [database_back(rig, lanes) for _ in range(1 if briefly else 3)]
    found["broker_back"] = [broker_back(rig, lanes) for _ in range(1 if briefly else 2)]
    found["killed_at"] = []
    for number in range(2 if briefly else 5):
        worker = rig.workers[rig.names[number % len(rig.names)]]
        rig.wait(lambda worker=worker: worker.is_ready or None, 120, "a worker to be ready")
        worker.kill("recovery")
        found["killed_at"].append([worker.name, time.time()])
        time.sleep(4)
    if rig.backend == "postgres":
        found["leases_stolen"] = stolen.end()
    return found


def all_ready(rig):
    return all(worker.answers(1) for worker in rig.workers.values()) or None


def database_back(rig, lanes):
    """From Postgres taking connections again to both workers being ready."""
    lanes.database_killed()
    began = time.monotonic()
    time.sleep(0.05)
    rig.wait(lambda: all_ready(rig), 60, "the workers to find the database")
    took = time.monotonic() - began
    time.sleep(1)
    return round(took, 2)


def consuming(rig):
    return all("\ndoorstep_amqp_consumer_up 1\n" in worker.metrics() for worker in rig.workers.values()) or None


def broker_back(rig, lanes):
    """From the broker being up again to all workers consuming. They must have noticed that it was gone."""
    os.kill(lanes.rabbit_pid(), signal.SIGKILL)
    rig.wait(lambda: None if consuming(rig) else True, 60, "the workers to miss the broker")
    lanes.up_again("broker")
    began = time.monotonic()
    rig.wait(lambda: consuming(rig), 60, "the workers to find the broker")
    took = time.monotonic() - began
    time.sleep(2)
    return round(took, 2)


class StolenLeases:
    """How long what a dead worker held stays where it was. A burst fills its rooms, then it is killed; what is not settled some
    seconds later was held by the dead."""

    def __init__(self, rig):
        self.rig = rig

    def begin(self):
        rig = self.rig
        rig.tell_publisher(f"rate {rig.burst}")
        time.sleep(BURST_SECS)
        worker = rig.workers[rig.names[0]]
        worker.kill("leases")
        self.at = time.time()
        rows = rig.sql("select key, fence from outbox where state in ('claimed', 'sending')") or []
        self.held = {key: int(fence) for key, fence in rows}
        rig.tell_publisher(f"rate {rig.rate}")
        time.sleep(6)

    def end(self):
        rig, left, until = self.rig, None, self.at + STEAL_PATIENCE
        most = len(self.held)
        while time.time() < until:
            rows = rig.sql("select key, fence from outbox where state in ('claimed', 'sending')") or []
            left = {key for key, fence in rows if self.held.get(key) == int(fence)}
            if left is not None and not left:
                break
            time.sleep(0.5)
        return {"held": most, "left": len(left or ()), "seconds": round(time.time() - self.at, 1)}
