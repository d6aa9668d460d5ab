#!/usr/bin/env python3
"""The far side of the storm: a mail server, a gateway for texts and a hook for ops alerts, which fail as told and write down
everything that they accepted.

    sinks.py --ledger FILE --ports FILE --seed N

The ledger is appended to, one JSON object a line, before an answer leaves: whoever dies afterwards, what was accepted stands there.
A line says `accepted` (whether the far side has the message now) and `answered` (whether it said so). Nobody ever stops this
process but the storm, at its end. --ports gets `smtp http control`. The control port takes JSON lines and answers each with one:

    {"faults": true|false}                                   the 30 % of failures, on and off
    {"aim": {"worker": "w1", "pid": 123, "step": STEP}}      kill -9 at that worker's next open send; null: no more
    {"stats": true}                                          how often each fate was met

Steps: body (half of the mail is there), dot (all of it, nothing accepted), accepted (accepted, no answer yet), answered (the answer has
left), request (a text is there), taken (accepted, no answer yet). The mail server knows a worker by its EHLO name, the gateway by
its path.
"""
import argparse
import asyncio
import json
import os
import random
import signal
import time

from http_sink import Http
from smtp_sink import Smtp
from stream import LOOK
from wishes import Control, serve_until_stopped


class World:
    """What all connections share: the ledger, chance, and who is to be killed when."""

    def __init__(self, ledger, seed):
        self.ledger = open(ledger, "ab", buffering=0)
        self.chance = random.Random(f"{seed}/sinks")
        self.faults = False
        self.aim = None
        self.shot = None
        self.fates = {}
        self.keys = {}
        self.look = LOOK

    def write(self, record):
        record["at"] = time.time()
        self.ledger.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def fate(self, table):
        """What becomes of the next one: a name from `table` of (per cent, name), or "ok"."""
        name = "ok"
        if self.faults:
            at = self.chance.random() * 100
            for share, one in table:
                at -= share
                if at < 0:
                    name = one
                    break
        self.fates[name] = self.fates.get(name, 0) + 1
        return name

    def is_aimed(self, worker, steps):
        return self.aim is not None and self.aim["worker"] == worker and self.aim["step"] in steps

    def shoot(self, worker, step, key):
        """Kills the worker if it is aimed at here; true if that was done."""
        if not self.is_aimed(worker, (step,)):
            return False
        aim, self.aim = self.aim, None
        os.kill(aim["pid"], signal.SIGKILL)
        self.shot = {"worker": worker, "step": step, "key": key, "at": time.time()}
        self.write({"channel": "kill", **self.shot})
        return True

    def obey(self, wish):
        if "faults" in wish:
            self.faults = wish["faults"]
        if "aim" in wish:
            self.aim, self.shot = wish["aim"], None
        return {"shot": self.shot, "faults": self.faults, "fates": self.fates}


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--ledger", required=True)
    arguments.add_argument("--ports", required=True)
    arguments.add_argument("--seed", default="1")
    arguments = arguments.parse_args()
    world, loop = World(arguments.ledger, arguments.seed), asyncio.get_running_loop()
    ports = []
    for make in (lambda: Smtp(world), lambda: Http(world), lambda: Control(world.obey)):
        server = await loop.create_server(make, "127.0.0.1", 0, backlog=512)
        ports.append(str(server.sockets[0].getsockname()[1]))
    await serve_until_stopped(arguments.ports, " ".join(ports) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
