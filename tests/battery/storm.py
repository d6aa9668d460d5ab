"""The storm: see tests/storm, which installs and builds what this needs."""
import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from datetime import datetime, timezone

import evidence
import faults
import judgement
import report
import stream
from rig import Rig

QUIET_SECS, QUIET_RATE = 15, 60  # The ambiguity window is measured here.
SKEW_SECS = 3600  # One worker's wall clock is ahead by so much, the other's behind.
LATE_MAX = 2  # How much longer than planned the faults may take where the machine has much else to do.
REST_PATIENCE = 240  # Seconds after the heal; a lease and a look for doubts take 75. Longer after a longer storm: what waits grows with it.


def say(words):
    print(f"storm: {words}", file=sys.stderr, flush=True)


def options():
    arguments = argparse.ArgumentParser(prog="tests/storm")
    arguments.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    arguments.add_argument("--minutes", type=float, default=5.5, help="of faults")
    arguments.add_argument("--events", type=int, default=None)
    arguments.add_argument("--backend", choices=("postgres", "sqlite"), default="postgres")
    arguments.add_argument("--brands", type=int, default=stream.BRANDS)
    arguments.add_argument("--nightly", action="store_true", help="300 kills in 30 minutes")
    arguments.add_argument("--no-faults", action="store_true", help="a calm run, which must be clean as well")
    arguments.add_argument("--no-recovery", action="store_true", help="leaves out the phase that measures recovery")
    arguments.add_argument("--soak", type=float, default=0, metavar="HOURS", help="a steady rate instead; what must stay flat is watched")
    arguments.add_argument("--backlog", type=int, default=0, metavar="EVENTS", help="all are in the queue before a worker comes")
    arguments.add_argument("--built", required=True)
    arguments.add_argument("--keep", action="store_true")
    arguments = arguments.parse_args()
    stream.BRANDS = arguments.brands
    if arguments.nightly:
        arguments.minutes = 30
    if arguments.events is None:
        arguments.events = round((100_000 if arguments.backend == "postgres" else 30_000) * arguments.minutes / 5.5)
    return arguments


class Storm:
    skewed = False

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        workers = 2 if options.backend == "postgres" else 1
        self.rig = Rig(folder, options.built, options.backend, workers, options.seed)
        self.facts = {"seed": options.seed, "backend": options.backend, "phases": {}, "recovery": {}, "footprint": {}}

    def phase(self, name):
        self.facts["phases"][name] = time.time()
        say(name)

    def prepare(self):
        now = datetime.now(timezone.utc)
        self.facts["now"] = now.isoformat()
        self.orders = stream.orders_of(self.options.seed, self.options.events, now, self.skewed)
        self.arrivals = stream.arrivals_of(self.options.seed, self.orders)
        evidence.write_truth(self.folder, self.orders, self.arrivals)
        with open(self.rig.path("arrivals"), "w", encoding="ascii") as file:
            file.writelines(stream.packed(one) for one in self.arrivals)
        events = sum(len(order.events) for order in self.orders)
        say(f"seed {self.options.seed}: {events} events of {len(self.orders)} orders, {len(self.arrivals)} messages with repeats and poison")

    def quiet(self):
        """Nothing is broken: how long a message is in doubt, and what the workers need."""
        self.phase("quiet")
        self.rate(QUIET_RATE)
        time.sleep(QUIET_SECS)
        self.facts["footprint"]["before"] = {name: worker.footprint() for name, worker in self.rig.workers.items()}

    def rate(self, rate):
        self.rig.rate = rate
        self.rig.tell_publisher(f"rate {rate}")

    def storm(self):
        seconds = self.options.minutes * 60
        plan = faults.plan_of(self.options.seed, seconds, self.rig.names, self.options.backend, 300 / 50 / (30 / 5.5) if self.options.nightly else 1)
        self.facts["plan"] = {} if self.options.no_faults else plan
        self.phase("storm")
        self.rate(round(max(len(self.arrivals) - self.published(), 100) / (seconds * 0.97)))
        if self.options.no_faults:
            return
        self.rig.sinks.ask(faults=True)
        lanes = faults.Lanes(self.rig, plan, self.options.seed)
        lanes.start()
        self.facts["lanes_ended"] = lanes.join(seconds * LATE_MAX + 60)

    def published(self):
        done = 0
        with open(self.rig.path("published.log"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("d "):
                    done = int(line.split()[1])
        return done

    def heal(self):
        self.phase("heal")
        self.facts["fates"] = self.rig.sinks.ask(faults=False)["fates"]
        self.facts["hits"] = self.rig.proxy.ask(do="heal")["hits"]
        self.rate(3000)
        patience = REST_PATIENCE * max(self.options.minutes / 5.5, 1)
        code = self.rig.publisher.wait(patience)
        say(f"all is published and confirmed (exit code {code})")
        for worker in self.rig.workers.values():
            self.rig.wait(lambda worker=worker: worker.answers() or None, 60, f"{worker.name} to be ready")
        self.facts["rested"] = self.wait_for_rest(patience)
        self.phase("rest")

    def wait_for_rest(self, patience):
        """Nothing in the queue, nothing unsettled, twice in a row. Tries that wait for their turn, an hour at most, are made due."""
        until, calm = time.monotonic() + patience, 0
        now = "floor(extract(epoch from now()) * 1000)::bigint" if self.rig.backend == "postgres" else "cast((julianday('now') - 2440587.5) * 86400000 as integer)"
        while time.monotonic() < until and calm < 2:
            self.rig.sql(f"update outbox set due_at = {now} where state = 'planned' and cause is not null and due_at > {now}")
            time.sleep(2)
            open_ones = self.rig.sql("select count(*) from outbox where state in ('planned', 'claimed', 'sending')")
            outcomes = self.rig.sql("select count(*) from outcomes")
            at_rest = open_ones and outcomes and int(open_ones[0][0]) == int(outcomes[0][0]) == 0 and self.rig.ready() == 0
            calm = calm + 1 if at_rest else 0
            # What is delivered and not acknowledged counts as well.
            if calm >= 2 and self.rig.queued() != 0:
                calm = 0
        return calm >= 2

    def collect(self):
        rig, facts = self.rig, self.facts
        time.sleep(1)
        facts["footprint"]["after"] = {name: worker.footprint() for name, worker in rig.workers.items()}
        for name, worker in rig.workers.items():
            with open(rig.path(f"metrics-{name}.txt"), "w", encoding="utf-8") as file:
                file.write(worker.metrics())
        evidence.collect(rig, facts)
        evidence.open_pages(rig)
        facts["exit_codes"] = {name: worker.stop() for name, worker in rig.workers.items()}
        facts["workers"] = {
            name: {"starts": w.starts, "kills": w.kills, "own_ends": w.own_ends, "stops": getattr(w, "stops", [])} for name, w in rig.workers.items()
        }
        with open(rig.path("facts.json"), "w", encoding="utf-8") as file:
            json.dump(facts, file)

    def run(self):
        self.prepare()
        self.phase("servers")
        self.rig.start()
        # An embedded database has no clock but its worker's.
        if self.options.backend == "postgres" and not self.options.no_faults:
            self.facts["clocks"] = {
                name: worker.skew(seconds) and seconds for (name, worker), seconds in zip(self.rig.workers.items(), (SKEW_SECS, -SKEW_SECS))
            }
        self.rig.start_workers()
        self.rig.start_publisher(self.rig.path("arrivals"))
        self.rig.wait(lambda: True if os.path.exists(self.rig.path("published.log")) else None, 10, "the publisher")
        self.quiet()
        if not (self.options.no_faults or self.options.no_recovery):
            self.recovery()
        self.storm()
        self.heal()
        self.collect()

    def conclude(self, found):
        """What else there is to say of the evidence."""

    def recovery(self):
        import recovery

        self.phase("recovery")
        self.facts["recovery"] = recovery.measure(self.rig, self.options.minutes < 3, len(self.arrivals))


def kind_of(options):
    if options.soak or options.backlog:
        import long

        return long.Soak if options.soak else long.Backlog
    return Storm


def new_folder(name):
    """For all that a run leaves. Postgres and the broker, which are others, look into it."""
    folder = tempfile.mkdtemp(prefix=f"doorstep-{name}.")
    os.chmod(folder, 0o711)
    return folder


def carried_out(run, folder, conclude):
    """Runs it, and lets `conclude` say of the evidence whether it is red; the exit code. What is red is kept."""
    red = True
    try:
        try:
            run.run()
        finally:
            run.rig.stop()
        red = conclude(evidence.Evidence(folder))
    finally:
        if red or run.options.keep:
            say(f"seed {run.options.seed}; report, ledger, database dump and logs are in {folder}")
        else:
            shutil.rmtree(folder)
    return 1 if red else 0


def kept_report(options, folder):
    """Copies the report to where it outlives its run; says where that is."""
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    # Joined to a path that begins at the root, the rest does not matter.
    kept = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", target, "storm"))
    os.makedirs(kept, exist_ok=True)
    return shutil.copy(os.path.join(folder, "report.json"), os.path.join(kept, f"report-{options.backend}-{options.seed}.json"))


def main():
    chosen, folder, began = options(), new_folder("storm"), time.monotonic()
    storm = kind_of(chosen)(chosen, folder)

    def conclude(found):
        storm.conclude(found)
        result = report.make(found, judgement.judge(found))
        result["seconds"] = round(time.monotonic() - began)
        with open(os.path.join(folder, "report.json"), "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
        say(f"the report is in {kept_report(chosen, folder)}")
        return report.tell(result)

    return carried_out(storm, folder, conclude)


if __name__ == "__main__":
    sys.exit(main())
