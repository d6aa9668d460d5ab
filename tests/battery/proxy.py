#!/usr/bin/env python3
"""A TCP proxy that breaks what goes through it, on loopback, as told.

    proxy.py --ports FILE NAME=HOST:PORT …

One listener for each NAME; --ports gets `NAME port` lines and `control port`. The control port takes JSON lines and answers each:

    {"route": "w1-db", "do": "cut"}                   hangs up on all connections, politely; "reset": rudely; "new": refuses new ones
    {"route": …, "do": "stall", "seconds": 3}         nothing passes in either direction, then everything does
    {"route": …, "do": "slow", "seconds": 3}          each piece waits 30 to 150 ms
    {"route": …, "do": "commit", "times": 2}          the answers to the next COMMITs never come: cut once the server has them
    {"route": …, "do": "statement", "times": 2}       the same for statements that are transactions by themselves
    {"route": …, "do": "ack", "times": 1}             the client's next basic.ack gets through, and then the line is cut
    {"route": …, "do": "confirm", "times": 1}         the broker's next confirm (its basic.ack) is swallowed, and the line is cut
    {"route": …, "do": "disarm"}                      none of the last four is waited for any more
    {"do": "heal"}                                    everything passes again
    {"do": "state"}                                   how often each was met: {"hits": {"w1-db commit": 2, …}, "open": {…}}
"""
import argparse
import asyncio
import random
import time

from smtp_sink import reset
from wishes import Control, serve_until_stopped

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
SYNC = b"S\x00\x00\x00\x04"
# Class 60, method 80: what both a consumer's acknowledgement and a publisher's confirm are.
BASIC_ACK = b"\x00\x3c\x00\x50"
TRIGGERS = ("commit", "statement", "ack", "confirm")


class Route:
    """One listener, where it leads, and what is broken about it now."""

    def __init__(self, name, host, port):
        self.name, self.host, self.port = name, host, port
        self.pairs, self.hits = set(), {}
        self.heal()

    def heal(self):
        self.armed = dict.fromkeys(TRIGGERS, 0)
        self.stalled_until = self.slow_until = self.shut_until = 0.0

    def hit(self, what, times=1):
        self.hits[what] = self.hits.get(what, 0) + times


class Half(asyncio.Protocol):
    """One direction's reader; writes to its other half."""

    def __init__(self, pair, is_client):
        self.pair, self.is_client, self.transport, self.queue, self.early = pair, is_client, None, None, []

    def connection_made(self, transport):
        self.transport = transport
        if self.is_client:
            self.pair.begin()
        else:
            self.pair.reached()

    def data_received(self, data):
        self.pair.passes(self, data)

    def connection_lost(self, _error):
        self.pair.ends()

    def pause_writing(self):
        other = self.pair.other(self)
        if other.transport:
            other.transport.pause_reading()

    def resume_writing(self):
        other = self.pair.other(self)
        if other.transport and not other.transport.is_closing():
            other.transport.resume_reading()


class Pair:
    def __init__(self, route):
        self.route, self.over, self.dying, self.pending = route, False, False, 0
        self.client, self.server = Half(self, True), Half(self, False)

    def other(self, half):
        return self.server if half is self.client else self.client

    def begin(self):
        if time.monotonic() < self.route.shut_until:
            reset(self.client.transport)
            return
        self.route.pairs.add(self)
        self.task = asyncio.get_running_loop().create_task(self.connect())

    async def connect(self):
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, self.route.host, self.route.port)
        except OSError:
            self.ends()

    def reached(self):
        """The server is there: what the client said meanwhile goes first."""
        if self.over:
            self.server.transport.abort()
            return
        early, self.client.early = self.client.early, []
        for data in early:
            self.passes(self.client, data)

    def passes(self, half, data):
        if half is self.client and self.server.transport is None:
            half.early.append(data)
            return
        if self.triggered(half, data):
            return
        now, route = time.monotonic(), self.route
        delay = max(route.stalled_until - now, 0.0)
        if now < route.slow_until:
            delay = max(delay, random.uniform(0.03, 0.15))
        if delay or half.queue:
            self.hold(half, data, delay)
        else:
            self.other(half).transport.write(data)

    def hold(self, half, data, delay):
        """Keeps the order of what waits."""
        first = not half.queue
        half.queue = half.queue or []
        half.queue.append(data)
        if first:
            asyncio.get_running_loop().call_later(delay, self.release, half)

    def release(self, half):
        data, half.queue = b"".join(half.queue or []), None
        to = self.other(half).transport
        if to is not None and not to.is_closing() and not self.over:
            left = self.route.stalled_until - time.monotonic()
            if left > 0:
                self.hold(half, data, left)
            else:
                to.write(data)

    def triggered(self, half, data):
        """Whether these bytes are not to pass, because an answer is being cut off."""
        route = self.route
        if half is self.server:
            if self.dying:
                self.end_now()
                return True
            if route.armed["confirm"] and BASIC_ACK in data:
                route.armed["confirm"] -= 1
                route.hit("confirm")
                self.end_now()
                return True
            return False
        for what, is_there in (("commit", COMMIT in data), ("statement", data.endswith(SYNC) and COMMIT not in data)):
            if is_there and route.armed[what]:
                route.armed[what] -= 1
                route.hit(what)
                # The server gets it, and the first byte of its answer ends the line.
                self.dying = True
                return False
        if route.armed["ack"] and BASIC_ACK in data:
            route.armed["ack"] -= 1
            route.hit("ack")
            self.server.transport.write(data)
            asyncio.get_running_loop().call_soon(self.server.transport.close)
            self.client.transport.abort()
            return True
        return False

    def end_now(self, rudely=True):
        for half in (self.client, self.server):
            if half.transport is not None:
                reset(half.transport) if rudely else half.transport.close()
        self.ends()

    def ends(self):
        if self.over:
            return
        self.over = True
        self.route.pairs.discard(self)
        for half in (self.client, self.server):
            if half.transport is not None and not half.transport.is_closing():
                half.transport.close()


class Breaker:
    """Breaks the routes as it is told to."""

    def __init__(self, routes):
        self.routes = routes

    def obey(self, wish):
        what, now = wish["do"], time.monotonic()
        if what == "heal":
            for route in self.routes.values():
                route.heal()
        elif what != "state":
            self.break_it(self.routes[wish["route"]], what, wish, now)
        hits = {f"{route.name} {kind}": count for route in self.routes.values() for kind, count in route.hits.items()}
        return {"hits": hits, "open": {route.name: len(route.pairs) for route in self.routes.values()}}

    def break_it(self, route, what, wish, now):
        if what in ("cut", "reset"):
            pairs = list(route.pairs)
            if pairs:
                route.hit(what)
            for pair in pairs:
                pair.end_now(rudely=what == "reset")
        elif what == "new":
            route.shut_until = now + wish["seconds"]
            route.hit(what)
        elif what == "stall":
            route.stalled_until = now + wish["seconds"]
            route.hit(what, 1 if route.pairs else 0)
        elif what == "slow":
            route.slow_until = now + wish["seconds"]
            route.hit(what, 1 if route.pairs else 0)
        elif what == "disarm":
            route.armed = dict.fromkeys(TRIGGERS, 0)
        else:
            route.armed[what] += wish.get("times", 1)


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--ports", required=True)
    arguments.add_argument("routes", nargs="+")
    arguments = arguments.parse_args()
    loop, routes, lines = asyncio.get_running_loop(), {}, []
    for text in arguments.routes:
        name, _, place = text.partition("=")
        host, _, port = place.rpartition(":")
        route = routes[name] = Route(name, host, int(port))
        server = await loop.create_server(lambda route=route: Pair(route).client, "127.0.0.1", 0, backlog=512)
        lines.append(f"{name} {server.sockets[0].getsockname()[1]}")
    control = await loop.create_server(lambda: Control(Breaker(routes).obey), "127.0.0.1", 0)
    lines.append(f"control {control.sockets[0].getsockname()[1]}")
    await serve_until_stopped(arguments.ports, "\n".join(lines) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
