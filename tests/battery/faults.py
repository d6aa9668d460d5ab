"""What breaks when: a plan drawn from the seed, and the three lanes that carry it out side by side: workers, broker, database.

Each lane walks through its list. A fault counts when it was met (a worker was really killed at an open send, a COMMIT's answer was
really cut off); one that was not is tried again. What was done, when and to whom stands in faults.jsonl.
"""
import contextlib
import json
import os
import random
import signal
import subprocess
import threading
import time

SMTP_STEPS, HTTP_STEPS = ("body", "dot", "accepted", "answered"), ("request", "taken")
# How many of each kind in a whole storm of STORM_SECS; a shorter one has a part of each, but one at least.
STORM_SECS = 330
WORKERS = {"kill": 30, "aimed": 20, "stopped": 1}
BROKER = {
    "killed": 3, "restarted": 2, "stopped": 1, "memory_alarm": 1, "disk_alarm": 1, "queue_deleted": 1, "connections_closed": 2,
    "cut": 4, "reset": 4, "stall": 4, "slow": 3, "new": 3, "ack": 4, "confirm": 2,
}
DATABASE = {
    "killed": 5, "immediate": 5, "terminated": 10, "cut": 60, "reset": 30, "commit": 40, "statement": 30, "stall": 8, "slow": 8, "new": 4,
}
STOPPED_SECS = 72  # Longer than a lease and the look after it, which together are less than a minute.
TRIES_MAX = 6


def spread(chance, kinds, seconds, factor):
    """(time, kind) of each fault, at random times."""
    counts = {kind: max(1, round(count * factor)) for kind, count in kinds.items()}
    plan = [(chance.uniform(0, seconds), kind) for kind, count in counts.items() for _ in range(count)]
    return sorted(plan)


def plan_of(seed, seconds, names, backend, kill_factor=1.0):
    """The whole plan: for each lane a list of [time, kind, target, detail]."""
    chance, factor = random.Random(f"{seed}/faults"), seconds / STORM_SECS
    kinds = dict(WORKERS)
    # While one worker is stopped another must go on.
    if seconds < STOPPED_SECS * 2 or len(names) == 1:
        del kinds["stopped"]
    kills = {kind: count * (kill_factor if kind != "stopped" else 1) for kind, count in kinds.items()}
    workers, steps = [], 0
    for at, kind in spread(chance, kills, seconds, factor):
        detail = ""
        if kind == "aimed":
            detail = (SMTP_STEPS + HTTP_STEPS)[steps % 6]
            steps += 1
        workers.append([at, kind, chance.choice(names), detail])
    for one in workers:
        if one[1] == "stopped":
            one[0] = min(one[0], seconds * 0.5)
    routes = [f"{name}-broker" for name in names] + ["pub-broker"]
    broker = [[at, kind, target_of(chance, kind, routes), ""] for at, kind in spread(chance, BROKER, seconds * 0.85, factor)]
    lanes = {"worker": sorted(workers), "broker": broker}
    if backend == "postgres":
        routes = [f"{name}-db" for name in names]
        lanes["database"] = [[at, kind, chance.choice(routes), ""] for at, kind in spread(chance, DATABASE, seconds, factor)]
    return lanes


def target_of(chance, kind, routes):
    if kind == "confirm":
        return "pub-broker"
    return chance.choice(routes[:-1] if kind == "ack" else routes)


class Lanes:
    """Carries a plan out."""

    def __init__(self, rig, plan, seed):
        self.rig, self.plan, self.chance = rig, plan, random.Random(f"{seed}/lanes")
        self.log, self.lock = open(rig.path("faults.jsonl"), "a", buffering=1), threading.Lock()
        self.over = threading.Event()
        self.stopped = None
        self.threads = []

    def start(self):
        self.began = time.monotonic()
        for lane, faults in self.plan.items():
            thread = threading.Thread(target=self.walk, args=(lane, faults), daemon=True)
            thread.start()
            self.threads.append(thread)

    def join(self, patience):
        """Waits for the lanes; true if all came to their end."""
        until = time.monotonic() + patience
        for thread in self.threads:
            thread.join(max(until - time.monotonic(), 0.1))
        self.over.set()
        for thread in self.threads:
            thread.join(300)
        return not any(thread.is_alive() for thread in self.threads)

    def walk(self, lane, faults):
        for at, kind, target, detail in faults:
            while time.monotonic() - self.began < at and not self.over.is_set():
                self.after_stop()
                time.sleep(0.05)
            for attempt in range(TRIES_MAX):
                if self.over.is_set():
                    break
                began, error = time.time(), ""
                try:
                    hit = getattr(self, f"{lane}_{kind}", self.through_proxy)(kind, target, detail)
                except (OSError, subprocess.SubprocessError, TimeoutError, ValueError) as problem:
                    hit, error = False, f"{type(problem).__name__}: {problem}"
                self.note(lane=lane, kind=kind, target=target, detail=detail, at=began, took=round(time.time() - began, 3), hit=bool(hit), error=error)
                if hit:
                    break
                time.sleep(0.3)
        if lane == "worker":
            while self.stopped:
                self.after_stop()
                time.sleep(0.1)

    def note(self, **fault):
        with self.lock:
            self.log.write(json.dumps(fault) + "\n")

    # Workers.

    def ready_worker(self, name, patience=5):
        """That worker, or another that runs, once it is ready."""
        until = time.monotonic() + patience
        names = [name] + [other for other in self.rig.names if other != name]
        while time.monotonic() < until:
            for one in names:
                worker = self.rig.workers[one]
                if worker.is_ready and (self.stopped is None or self.stopped[0] is not worker):
                    return worker
            time.sleep(0.05)
        return None

    def worker_kill(self, _kind, target, _detail):
        worker = self.ready_worker(target)
        return worker is not None and worker.kill("kill")

    def worker_aimed(self, _kind, target, step):
        worker = self.ready_worker(target)
        if worker is None:
            return False
        process = worker.process
        self.rig.sinks.ask(aim={"worker": worker.name, "pid": process.pid, "step": step})
        until = time.monotonic() + 4
        # The lock keeps the supervisor from reaping it, so that the number can be nobody else's.
        shot = None
        while time.monotonic() < until and not shot and process.poll() is None:
            time.sleep(0.02)
            shot = self.rig.sinks.ask(stats=True)["shot"]
        answer = self.rig.sinks.ask(stats=True)["shot"]
        self.rig.sinks.ask(aim=None)
        if answer:
            worker.shot(f"aimed {step}", answer["at"])
        return answer is not None

    def worker_stopped(self, _kind, target, _detail):
        """Longer than a lease. The lane goes on meanwhile, with the other worker."""
        worker = self.ready_worker(target)
        if worker is None or len(self.rig.names) < 2:
            return False
        with worker.lock:
            worker.process.send_signal(signal.SIGSTOP)
        self.stopped = (worker, time.monotonic() + STOPPED_SECS)
        worker.stops = getattr(worker, "stops", []) + [time.time()]
        return True

    def after_stop(self):
        if self.stopped and threading.current_thread() is self.threads[0] and time.monotonic() > self.stopped[1]:
            self.stopped[0].process.send_signal(signal.SIGCONT)
            self.stopped = None

    # What the proxy does, to whomever.

    def open_route(self, target, patience=8):
        """That route, or another of its sort, once something is connected through it."""
        sort, until = target.split("-")[1], time.monotonic() + patience
        while time.monotonic() < until and not self.over.is_set():
            there = self.rig.proxy.ask(do="state")["open"]
            if there[target]:
                return target
            others = [name for name, count in there.items() if count and name.endswith(sort) and not name.startswith("pub")]
            if others and not target.startswith("pub"):
                return self.chance.choice(others)
            time.sleep(0.1)
        return target

    def through_proxy(self, kind, target, _detail):
        target = self.open_route(target)
        proxy, name = self.rig.proxy, f"{target} {kind}"
        before = proxy.ask(do="state")["hits"].get(name, 0)
        seconds = self.chance.uniform(0.5, 3.0) if kind != "stall" else self.chance.uniform(1, 7)
        proxy.ask(do=kind, route=target, seconds=seconds, times=1)
        if kind in ("commit", "statement", "ack", "confirm"):
            until = time.monotonic() + 3
            while time.monotonic() < until and proxy.ask(do="state")["hits"].get(name, 0) == before:
                time.sleep(0.02)
            proxy.ask(do="disarm", route=target)
        elif kind in ("stall", "slow", "new"):
            time.sleep(seconds)
        return proxy.ask(do="state")["hits"].get(name, 0) > before

    # The broker.

    def rabbit_pid(self):
        with open(self.rig.path("rabbit", "pid"), encoding="ascii") as file:
            return int(file.read())

    def up_again(self, what):
        done = self.rig.services(what, timeout=150)
        if done.returncode:
            raise TimeoutError(f"{what} did not come back: {done.stderr[-300:]}")

    def broker_killed(self, *_):
        os.kill(self.rabbit_pid(), signal.SIGKILL)
        time.sleep(0.5)
        self.up_again("broker")
        return True

    def broker_restarted(self, *_):
        pid = self.rabbit_pid()
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 40
        while time.monotonic() < until and os.path.exists(f"/proc/{pid}"):
            time.sleep(0.1)
        if os.path.exists(f"/proc/{pid}"):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.3)
        self.up_again("broker")
        return True

    def broker_stopped(self, *_):
        """Longer than two heartbeats."""
        pid = self.rabbit_pid()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(22)
        os.kill(pid, signal.SIGCONT)
        return True

    def alarm(self, *words, back):
        done = self.rig.ctl(*words)
        time.sleep(8)
        undone = self.rig.ctl(*back)
        return done.returncode == 0 and undone.returncode == 0

    def broker_memory_alarm(self, *_):
        return self.alarm("set_vm_memory_high_watermark", "absolute", "1", back=("set_vm_memory_high_watermark", "absolute", "1GB"))

    def broker_disk_alarm(self, *_):
        return self.alarm("set_disk_free_limit", str(10**15), back=("set_disk_free_limit", "100MB"))

    def broker_queue_deleted(self, *_):
        """The queue goes while it is consumed, which is what a basic.cancel of the server looks like. Only while it is empty: what
        it holds would go with it, and that would be the operator's loss, not the worker's. The next fault waits until the queue is
        there again, and on the disk: which folder is a quorum queue's stands in a table (names.dets) that RabbitMQ writes to the disk
        when it has not been read for a while, which under load is never. Killed before that it keeps the name alone, with the
        deleted one's folder, and nobody can consume it until it is deleted once more."""
        try:
            if not self.rig.still_publisher(20):
                return False
            until = time.monotonic() + 20
            while time.monotonic() < until:
                if self.rig.ready() == 0 and self.rig.queued() == 0:
                    is_gone = self.rig.ctl("delete_queue", "doorstep.events").returncode == 0
                    with contextlib.suppress(TimeoutError):
                        self.rig.wait(lambda: self.rig.ask_queue(lambda queue: queue.consumer_count or None), 20, "a new queue")
                    self.rig.ctl("eval", "mnesia:sync_log(), mnesia:dump_log(), [dets:sync(Table) || Table <- dets:all()].")
                    return is_gone
            return False
        finally:
            self.rig.tell_publisher(f"rate {self.rig.rate}")

    def broker_connections_closed(self, *_):
        return self.rig.ctl("close_all_connections", "the operator closes all").returncode == 0

    # The database.

    def postmaster(self):
        with open(self.rig.path("pg", "data", "postmaster.pid"), encoding="ascii") as file:
            return int(file.readline())

    def database_killed(self, *_):
        pid = self.postmaster()
        family = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        for one in (pid, *map(int, family)):
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.3)
        self.up_again("database")
        return True

    def database_immediate(self, *_):
        pid = self.postmaster()
        os.kill(pid, signal.SIGQUIT)
        until = time.monotonic() + 15
        while time.monotonic() < until and os.path.exists(f"/proc/{pid}"):
            time.sleep(0.05)
        self.up_again("database")
        return True

    def database_terminated(self, *_):
        ended = 0
        for _ in range(4):
            rows = self.rig.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doorstep'") or []
            ended += len(rows)
            time.sleep(0.25)
        return ended > 0
