"""What a storm runs on: private servers, sinks, the fault proxy, the publisher, and a supervised set of workers. All on loopback, all
started and stopped here, by pid."""
import contextlib
import glob
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

import pika

import stream
from http_sink import SECRET

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICES = os.path.join(HERE, "..", "services.sh")
# The disk is waited for, as in production: the ambiguity window is measured here. Commit times are kept for the same reason.
PG_OPTIONS = "-c max_connections=200 -c track_commit_timestamp=on -c shared_buffers=256MB"

CONFIG = """[log]
format = "json"
[database]
url = "{database}"
[email]
transport = "smtp"
host = "localhost"
port = {smtp}
tls = "none"
connect_timeout_ms = 3000
command_timeout_ms = 3000
accept_timeout_ms = 5000
[dispatch]
journal = "{folder}/sends"
[sms]
transport = "webhook"
url = "http://127.0.0.1:{http}/cli/sms"
secret_files = ["{folder}/hook.secret"]
timeout_ms = 3000
allow_http = true
allow_private = true
[alerts.targets.ops]
transport = "webhook"
url = "http://127.0.0.1:{http}/all/alerts"
secret_files = ["{folder}/hook.secret"]
timeout_ms = 3000
allow_http = true
allow_private = true
[links]
base_url = "http://127.0.0.1:{pages}"
secret_files = ["{folder}/links.secret"]
[voice]
default_brand = "b01"
"""


def free_port():
    return int(subprocess.run([SERVICES, "free-port"], check=True, capture_output=True, text=True).stdout)


class Control:
    """A line to the sinks or the proxy: one wish, one answer."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.file, self.lock = self.socket.makefile("rw"), threading.Lock()

    def ask(self, **wish):
        with self.lock:
            self.file.write(json.dumps(wish) + "\n")
            self.file.flush()
            return json.loads(self.file.readline())


class Worker:
    """A worker that is started again whenever it ends while it should run, as a service manager does."""

    def __init__(self, rig, name):
        self.rig, self.name, self.port = rig, name, rig.pages if name == "w1" else free_port()
        self.process, self.wanted, self.lock = None, False, threading.RLock()
        self.binary = os.path.join(rig.folder, "doorstep")
        self.starts, self.kills, self.own_ends, self.is_ready = [], [], [], False
        self.log = open(os.path.join(rig.folder, f"{name}.log"), "ab")
        self.clock = {}

    def skew(self, seconds):
        """From its next start on its wall clock is wrong by this much. False where the library for that is not there."""
        library = next(iter(sorted(glob.glob("/usr/lib/*/faketime/libfaketime.so.1"))), None)
        if library:
            self.clock = {"LD_PRELOAD": library, "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
        return library is not None

    def environment(self):
        rig, name = self.rig, self.name
        return {
            **os.environ, **self.clock, "AMQP_URL": f"amqp://guest:guest@127.0.0.1:{rig.routes[f'{name}-broker']}/%2f",
            "DATABASE_URL": rig.database_url(name), "DOORSTEP_HTTP__LISTEN": f"127.0.0.1:{self.port}",
            "DOORSTEP_EMAIL__HELLO": f"{name}.storm.example", "DOORSTEP_SMS__URL": f"http://127.0.0.1:{rig.http}/{name}/sms",
        }

    def start(self):
        with self.lock:
            self.wanted, self.is_ready = True, False
            command = [self.binary, "run", "--config", self.rig.config]
            self.starts.append(time.time())
            self.process = subprocess.Popen(command, env=self.environment(), stderr=self.log, stdout=self.log)

    def kill(self, why):
        """kill -9; the supervisor starts it again."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                return False
            self.kills.append({"at": time.time(), "why": why})
            self.process.kill()
            self.process.wait()
            return True

    def shot(self, why, at):
        """It was killed by another's hand."""
        with self.lock:
            self.kills.append({"at": at, "why": why})

    def supervise(self):
        """Called often: notes that it is ready, or that it is gone, and starts it again."""
        with self.lock:
            if self.process is None or not self.wanted:
                return
            if self.process.poll() is None:
                self.is_ready = self.is_ready or self.answers()
                return
            killed = self.process.returncode == -signal.SIGKILL
            if not killed:
                self.own_ends.append({"at": time.time(), "code": self.process.returncode, "was_ready": self.is_ready})
                time.sleep(0.2)
            self.start()

    def answers(self, timeout=0.3):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=timeout).read()
            return True
        except OSError:
            return False

    def metrics(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=5).read().decode()
        except OSError:
            return ""

    def footprint(self):
        """Open files, and MiB of memory of its own: SQLite's file is mapped, and what is mapped the kernel can take back."""
        pid = self.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            own = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
        return {"own_mib": round(own / 1024, 1), "files": len(os.listdir(f"/proc/{pid}/fd"))}

    def stop(self, patience=60):
        """SIGTERM, as at a deployment; the exit code, or None if it had to be killed."""
        with self.lock:
            self.wanted = False
            if self.process is None or self.process.poll() is not None:
                return None
            self.process.terminate()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None


class Rig:
    def __init__(self, folder, built, backend, workers, seed):
        self.folder, self.backend, self.seed = folder, backend, seed
        self.children, self.workers, self.routes = {}, {}, {}
        self.over = threading.Event()
        self.pages = free_port()
        self.names = [f"w{number + 1}" for number in range(workers)]
        subprocess.run(["cp", os.path.join(built, "doorstep"), folder], check=True)
        self.config = os.path.join(folder, "doorstep.toml")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def start(self):
        started = self.services("start")
        if started.returncode:
            raise TimeoutError(started.stderr[-2000:])
        with open(self.path("env"), encoding="utf-8") as file:
            words = dict(line.removeprefix("export ").strip().split("=", 1) for line in file)
        self.pg_port = int(words["DOORSTEP_TEST_POSTGRES"].split(":")[-1].split("/")[0])
        self.rabbit_port = int(words["DOORSTEP_TEST_AMQP"].split(":")[-1].split("/")[0])
        self.child("sinks", "sinks.py", "--ledger", self.path("ledger"), "--ports", self.path("sink.ports"), "--seed", str(self.seed))
        routes = [f"{name}-broker=127.0.0.1:{self.rabbit_port}" for name in (*self.names, "pub")]
        routes += [f"{name}-db=127.0.0.1:{self.pg_port}" for name in self.names]
        self.child("proxy", "proxy.py", "--ports", self.path("proxy.ports"), *routes)
        smtp, self.http, control = (int(port) for port in self.ports("sink.ports").split())
        self.sinks = Control(control)
        self.routes = {name: int(port) for name, port in (line.split() for line in self.ports("proxy.ports").splitlines())}
        self.proxy = Control(self.routes["control"])
        # Secrets never stand in the configuration itself; the broker's address, which holds one, is in the workers' environment.
        for name, secret in (("links.secret", secrets.token_hex(20)), ("hook.secret", f"whsec_{SECRET}")):
            with open(self.path(name), "w", encoding="ascii") as file:
                file.write(secret)
        values = dict(database=self.database_url(None), smtp=smtp, http=self.http, pages=self.pages, folder=self.folder)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(**values) + stream.brands_toml())
        self.workers = {name: Worker(self, name) for name in self.names}

    def services(self, what, timeout=240):
        """Starts both servers, or one of them again. Their output goes to files: as a pipe they would hold it open for ever."""
        with open(self.path("services.log"), "a+", encoding="utf-8") as log:
            environment = {**os.environ, "DOORSTEP_PG_OPTS": PG_OPTIONS}
            done = subprocess.run([SERVICES, what, self.folder], env=environment, stdout=log, stderr=log, timeout=timeout, check=False)
            log.seek(0)
            done.stderr = log.read()
        return done

    def database_url(self, worker):
        """Through the proxy for a worker; straight for who looks on."""
        if self.backend == "sqlite":
            return f"sqlite:{self.folder}/doorstep.db"
        port = self.routes[f"{worker}-db"] if worker else self.pg_port
        return f"postgres://doorstep@127.0.0.1:{port}/postgres"

    def child(self, name, script, *arguments, **more):
        log = open(self.path(f"{name}.log"), "ab")
        command = [sys.executable, os.path.join(HERE, script), *arguments]
        self.children[name] = subprocess.Popen(command, stderr=log, **more)
        return self.children[name]

    def ports(self, name, patience=30):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding="ascii") as file:
                    return file.read()
            time.sleep(0.05)
        raise TimeoutError(f"{name} is not there")

    def start_workers(self):
        for worker in self.workers.values():
            worker.start()
            self.wait(lambda worker=worker: worker.answers() or None, 180, f"{worker.name} to be ready")
            worker.is_ready = True
        threading.Thread(target=self.supervise, daemon=True).start()

    def supervise(self):
        while not self.over.wait(0.05):
            for worker in self.workers.values():
                worker.supervise()

    def start_publisher(self, arrivals):
        url = f"amqp://guest:guest@127.0.0.1:{self.routes['pub-broker']}/%2f"
        log = self.path("published.log")
        self.publisher = self.child("publisher", "publish.py", url, "commerce.events", arrivals, log, stdin=subprocess.PIPE, text=True)

    def tell_publisher(self, words):
        # It leaves when all is out.
        with contextlib.suppress(BrokenPipeError):
            self.publisher.stdin.write(words + "\n")
            self.publisher.stdin.flush()

    def still_publisher(self, patience):
        """Stops the stream, and waits until nothing of it is under way to the broker. False if it does not come to rest."""
        def stills():
            with open(self.path("published.log"), encoding="utf-8") as file:
                return sum(line == "still\n" for line in file)

        before, until = stills(), time.monotonic() + patience
        self.tell_publisher("rate 0")
        while time.monotonic() < until:
            if stills() > before or self.publisher.poll() is not None:
                return True
            time.sleep(0.1)
        return False

    @staticmethod
    def wait(sign, patience, what):
        """Waits until `sign()` is not None, and returns it."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            found = sign()
            if found is not None:
                return found
            time.sleep(0.05)
        raise TimeoutError(f"waited {patience} s for {what}")

    def sql(self, query, timeout=60):
        """Rows of the database as lists of texts; None if it does not answer."""
        if self.backend == "sqlite":
            with sqlite3.connect(self.path("doorstep.db"), timeout=20) as connection:
                return [list(row) for row in connection.execute(query).fetchall()]
        command = ["psql", "-XAtq", "-F", "\x1f", "-h", "127.0.0.1", "-p", str(self.pg_port), "-U", "doorstep", "-c", query, "postgres"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            with open(self.path("psql.log"), "a", encoding="utf-8") as file:
                file.write(done.stderr)
            return None
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def doorstep(self, *words):
        command = [self.path("doorstep"), *words, "--config", self.config]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)

    def ctl(self, *words, timeout=150):
        return subprocess.run([SERVICES, "ctl", self.folder, "--quiet", *words], capture_output=True, text=True, check=False, timeout=timeout)

    def ready(self):
        """Messages that wait in the worker's queue; None if the broker does not say. Cheap, unlike `queued`."""
        return self.ask_queue(lambda queue: queue.message_count)

    def ask_queue(self, question):
        parameters = pika.ConnectionParameters("127.0.0.1", self.rabbit_port, connection_attempts=1, socket_timeout=5, blocked_connection_timeout=5)
        try:
            connection = pika.BlockingConnection(parameters)
            try:
                return question(connection.channel().queue_declare("doorstep.events", passive=True).method)
            finally:
                connection.close()
        except (pika.exceptions.AMQPError, OSError):
            return None

    def queued(self):
        """Messages in the worker's queue, delivered or not; None if the broker does not say. Its tool takes seconds to start."""
        done = self.ctl("list_queues", "--no-table-headers", "name", "messages", timeout=150)
        rows = dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)
        return int(rows["doorstep.events"]) if "doorstep.events" in rows else None

    def stop(self):
        self.over.set()
        for worker in self.workers.values():
            with worker.lock:
                worker.wanted = False
                if worker.process and worker.process.poll() is None:
                    worker.process.send_signal(signal.SIGCONT)
                    worker.process.terminate()
        for worker in self.workers.values():
            worker.stop(20)
        for process in self.children.values():
            process.terminate()
            process.wait()
        subprocess.run([SERVICES, "stop", self.folder], check=False)
