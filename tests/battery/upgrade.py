"""An upgrade under load: see tests/upgrade, which builds both versions.

An old worker takes the first part of the events. Then the new one starts and migrates the database while the old one goes on; both share
it for a while, and both are killed. The old one, started again, must refuse the newer schema by name and change nothing. The new one
does the rest. What was received is held against what was true, as after a storm without faults.

Before that, `migrate` is killed at every moment of its work, each time on a database of the old version with something in it."""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import time

import judgement
import report
from storm import Storm, carried_out, new_folder, say

KILLS = 24  # Of `migrate`, spread over the time that it takes.
RATE, SLOW_RATE = 400, 25  # Events a second.


def options():
    arguments = argparse.ArgumentParser(prog="tests/upgrade")
    arguments.add_argument("--old", required=True, help="folder with the old doorstep")
    arguments.add_argument("--built", required=True, help="folder with the new one")
    arguments.add_argument("--seed", default=str(random.SystemRandom().randrange(10**6)))
    arguments.add_argument("--events", type=int, default=12_000)
    arguments.add_argument("--keep", action="store_true")
    arguments = arguments.parse_args()
    arguments.backend, arguments.no_faults, arguments.no_recovery, arguments.minutes = "postgres", True, True, 0
    return arguments


class Upgrade(Storm):
    def run(self):
        self.prepare()
        self.phase("servers")
        self.rig.start()
        old, new = self.rig.workers.values()
        shutil.copy(os.path.join(self.options.old, "doorstep"), self.rig.path("doorstep-old"))
        self.facts["migrations_killed"] = self.kill_migrations()
        old.binary = self.rig.path("doorstep-old")
        self.start(old)
        self.rig.start_publisher(self.rig.path("arrivals"))
        self.rig.wait(lambda: True if os.path.exists(self.rig.path("published.log")) else None, 10, "the publisher")
        self.phase("quiet")
        self.rate(RATE)
        self.wait_published(1 / 3)
        self.phase("storm")
        before = self.version()
        # A start takes a while in a development build: some load must be left for both.
        self.rate(SLOW_RATE)
        self.start(new)
        self.rate(RATE)
        if self.version() == before:
            raise ValueError(f"both versions have schema {before}: this is no upgrade")
        say(f"schema {before} has become {self.version()} under the old worker")
        self.facts["schemas"] = [before, self.version()]
        self.together(old, new)
        self.refused(old)
        self.facts["old_until"] = time.time()
        old.binary = new.binary
        self.start(old)
        self.heal()
        self.collect()

    def start(self, worker):
        worker.start()
        self.rig.wait(lambda: worker.answers() or None, 300, f"{worker.name} to be ready")
        worker.is_ready = True

    def together(self, old, new):
        """Both work; the new one is killed and comes back, as it may on any day."""
        self.wait_published(2 / 3)
        took = re.compile(r"^doorstep_events_total\{[^}]*\} [1-9]", re.M)
        for worker in (old, new):
            self.rig.wait(lambda worker=worker: took.search(worker.metrics()), 30, f"{worker.name} to take events while both are at work")
        new.kill("while it works beside the old one")
        self.start(new)
        self.wait_published(3 / 4)

    def refused(self, old):
        """The old version must not work on a newer schema, and must say so."""
        old.kill("so that it starts on the newer schema")
        with open(self.rig.path("refused.log"), "wb") as log:
            done = subprocess.run([old.binary, "run", "--config", self.rig.config], env=old.environment(), stderr=log, stdout=log, timeout=300, check=False)
        with open(self.rig.path("refused.log"), encoding="utf-8", errors="replace") as log:
            words = log.read()
        self.facts["refusal"] = next((line for line in words.splitlines() if "newer doorstep" in line), None)
        if done.returncode == 0 or self.facts["refusal"] is None:
            raise AssertionError(f"the old version started on a newer schema, or did not say why not (exit code {done.returncode})")

    def version(self):
        return int(self.rig.sql("select max(version) from _sqlx_migrations where success")[0][0])

    def wait_published(self, share):
        wanted = round(len(self.arrivals) * share)
        self.rig.wait(lambda: True if self.published() >= wanted else None, 300, f"{wanted} published")

    def kill_migrations(self):
        """Each on a database of its own: the old version's, then `migrate` of the new one, killed after a while, and run again."""
        rng, finished, cut = random.Random(self.options.seed), 0, 0
        longest = None
        for number in range(KILLS):
            name = f"up_{number}"
            self.rig.sql(f"create database {name}")
            environment = {**os.environ, "DATABASE_URL": f"postgres://doorstep@127.0.0.1:{self.rig.pg_port}/{name}"}

            def migrate(binary, environment=environment):
                return subprocess.Popen([self.rig.path(binary), "migrate", "--config", self.rig.config], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

            if migrate("doorstep-old").wait() != 0:
                raise AssertionError("the old version does not migrate an empty database")
            began = time.monotonic()
            under_way = migrate("doorstep")
            if longest is None:
                under_way.wait()
                longest = time.monotonic() - began
            else:
                time.sleep(longest * rng.uniform(0.2, 1.0))
                cut += under_way.poll() is None
                under_way.kill()
                under_way.wait()
            again = migrate("doorstep")
            words, _ = again.communicate(timeout=60)
            if again.returncode != 0:
                raise AssertionError(f"after a kill `migrate` does not complete: {words.decode(errors='replace')}")
            finished += 1
            self.rig.sql(f"drop database {name}")
        if cut < KILLS / 4:
            raise AssertionError(f"only {cut} of {KILLS} migrations were still at work when they were killed")
        say(f"{cut} migrations killed at work, {finished} completed afterwards")
        return cut


def main():
    chosen, folder = options(), new_folder("upgrade")
    run = Upgrade(chosen, folder)

    def conclude(found):
        problems = [problem for problem in judgement.judge(found) if problem[0] != "backwards"]
        # By which rules the old version tells one thing after another is its own affair.
        old, until = run.rig.names[0], run.facts["old_until"]
        found.ledger = [one for one in found.ledger if one.get("worker") != old or one["at"] >= until]
        problems += judgement.check_backwards(found)
        for kind, detail in problems[:25]:
            print(f"  {kind}: {detail}")
        figures = " ".join(f"{name}={count}" for name, count in report.words(found, problems).items())
        schemas, killed = run.facts["schemas"], run.facts["migrations_killed"]
        print(f"{'RED' if problems else 'CLEAN'} schema {schemas[0]} to {schemas[1]} under load, {killed} migrations killed, {figures}")
        return bool(problems)

    return carried_out(run, folder, conclude)


if __name__ == "__main__":
    sys.exit(main())
