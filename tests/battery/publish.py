#!/usr/bin/env python3
"""Publishes the storm's stream with confirms, and repeats everything that was not confirmed, however often the line breaks.

    publish.py URL EXCHANGE ARRIVALS LOG

ARRIVALS holds lines as stream.packed makes them. Standard input takes `rate N` (messages a second; 0 waits, repeats too) and `until N`
(how many of them may go out). LOG gets `p NAME TIME` when an event first goes out, `d DONE CONFIRMED REPEATED` each second, `still`
once after each `rate 0` when nothing is under way any more, and `end` when all are confirmed. Needs pika (Debian: python3-pika).
"""
import base64
import collections
import json
import sys
import threading
import time

import pika

UNCONFIRMED_MAX = 500
PATIENCE = 20.0  # Seconds without any confirm after which the line counts as dead.


class Publisher:
    def __init__(self, url, exchange, arrivals, log):
        self.parameters = pika.URLParameters(url)
        self.parameters.heartbeat = 10
        self.parameters.blocked_connection_timeout = 120
        self.parameters.connection_attempts = 1
        self.parameters.socket_timeout = 3
        self.exchange, self.log = exchange, open(log, "w", buffering=1)
        self.arrivals = open(arrivals, encoding="ascii")
        self.again, self.pending = collections.deque(), {}
        self.rate, self.until, self.out, self.confirmed, self.repeated = 0.0, 1 << 60, 0, 0, 0
        self.credit, self.at, self.is_over, self.seen = 0.0, time.monotonic(), False, set()
        self.returned, self.heard, self.was_still = set(), time.monotonic(), False

    def listen(self):
        for line in sys.stdin:
            word, _, value = line.partition(" ")
            if word == "rate":
                self.rate, self.was_still = float(value), False
            elif word == "until":
                self.until = int(value)

    def take(self):
        """The next message, or None if there is none for now."""
        if self.again:
            return self.again.popleft()
        if self.is_over or self.out >= self.until:
            return None
        line = self.arrivals.readline()
        if not line:
            self.is_over = True
            return None
        kind, key, name, raw = json.loads(line)
        self.out += 1
        return kind, key, name, base64.b64decode(raw), f"{self.out}"

    def run(self):
        threading.Thread(target=self.listen, daemon=True).start()
        while not (self.is_over and not self.again and not self.pending):
            try:
                self.one_line()
            except (pika.exceptions.AMQPError, OSError, StopIteration) as error:
                self.log.write(f"broken {type(error).__name__}\n")
            # Nobody knows of these whether they arrived.
            self.again.extend(self.pending.values())
            self.repeated += len(self.pending)
            self.pending.clear()
            time.sleep(0.3)
        self.log.write(f"d {self.out} {self.confirmed} {self.repeated}\nend\n")

    def one_line(self):
        connection = pika.SelectConnection(self.parameters, on_open_callback=self.opened, on_open_error_callback=self.failed, on_close_callback=self.failed)
        self.tag, self.heard = 0, time.monotonic()
        try:
            connection.ioloop.start()
        finally:
            if not connection.is_closed:
                connection.ioloop.call_later(0, lambda: None)
                try:
                    connection._transport.abort()  # noqa: SLF001: no public way to hang up at once
                except AttributeError:
                    pass

    def failed(self, connection, _reason):
        connection.ioloop.stop()

    def opened(self, connection):
        self.connection = connection
        connection.channel(on_open_callback=self.ready)

    def ready(self, channel):
        self.channel = channel
        channel.add_on_close_callback(lambda _channel, _reason: self.connection.ioloop.stop())
        channel.add_on_return_callback(lambda _channel, _method, properties, _body: self.returned.add(properties.message_id))
        channel.confirm_delivery(self.answered, callback=lambda _frame: self.pump())
        self.at, self.told = time.monotonic(), 0.0

    def answered(self, frame):
        method = frame.method
        self.heard = time.monotonic()
        tags = [tag for tag in self.pending if tag <= method.delivery_tag] if method.multiple else [method.delivery_tag]
        for tag in tags:
            one = self.pending.pop(tag, None)
            if one is None:
                continue
            # Refused, or no queue was there to take it: once more.
            if method.NAME != "Basic.Ack" or one[4] in self.returned:
                self.returned.discard(one[4])
                self.again.append(one)
                self.repeated += 1
            else:
                self.confirmed += 1

    def pump(self):
        now = time.monotonic()
        self.credit, self.at = min(self.credit + (now - self.at) * self.rate, self.rate + 50) if self.rate else 0, now
        while self.credit >= 1 and len(self.pending) < UNCONFIRMED_MAX and self.channel.is_open:
            one = self.take()
            if one is None:
                break
            self.credit -= 1
            self.send(one)
        if not self.rate and not self.pending and not self.was_still:
            self.was_still = True
            self.log.write("still\n")
        if now - self.told > 1:
            self.told = now
            self.log.write(f"d {self.out} {self.confirmed} {self.repeated}\n")
        idle = self.is_over and not self.again and not self.pending
        if idle or (self.pending and now - self.heard > PATIENCE):
            self.connection.ioloop.stop()
            return
        if not self.pending:
            self.heard = now
        self.connection.ioloop.call_later(0.01, self.pump)

    def send(self, one):
        kind, key, name, raw, number = one
        properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=number)
        self.tag += 1
        self.pending[self.tag] = one
        if kind == "event" and name not in self.seen:
            self.seen.add(name)
            self.log.write(f"p {name} {time.time():.4f}\n")
        self.channel.basic_publish(self.exchange, key, raw, properties, mandatory=True)


if __name__ == "__main__":
    Publisher(*sys.argv[1:5]).run()
