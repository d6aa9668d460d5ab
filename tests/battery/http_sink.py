"""A gateway for texts and a hook for ops alerts, which fail as gateways do, and know a key that they have seen."""
import asyncio
import base64
import email.utils
import hashlib
import hmac
import json
import re
import time

from mail import told_apart
from smtp_sink import reset

# Of a hundred requests. `accept_cut` and `accept_500` keep the message and do not say so; `no_answer` keeps nothing and says nothing.
FATES = (
    (6, "500"), (3, "503"), (5, "429"), (3, "429_seconds"), (2, "429_date"), (1, "no_answer"), (3, "reset"), (3, "slow"), (1, "broken"),
    (2, "accept_cut"), (1, "accept_500"),
)
RETRY_SECONDS = 9  # What 429 asks for: more than the schedule's own first wait.
SECRET = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
LENGTH = re.compile(rb"(?im)^content-length: *(\d+)")
HEADER = re.compile(rb"(?im)^(webhook-[a-z]+): *(\S+)")


def is_signed(headers, body):
    """Whether the request bears the signature of Standard Webhooks, and its time is now."""
    stamp = headers.get("webhook-timestamp", "0")
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    mac = base64.b64encode(hmac.new(base64.b64decode(SECRET), signed, hashlib.sha256).digest()).decode()
    given = [one.partition(",")[2] for one in headers.get("webhook-signature", "").split()]
    return mac in given and abs(time.time() - int(stamp)) < 300


class Http(asyncio.Protocol):
    def __init__(self, world):
        self.world, self.buffer, self.held = world, b"", False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while not self.held and not self.transport.is_closing():
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            length = LENGTH.search(head)
            length = int(length.group(1)) if length else 0
            if len(rest) < length:
                return
            body, self.buffer = rest[:length], rest[length:]
            self.request(head, body)

    def request(self, head, body):
        path = head.split(b" ", 2)[1].decode().strip("/").split("/")
        headers = {name.lower().decode(): value.decode() for name, value in HEADER.findall(head)}
        self.worker, kind = path[0], path[1]
        self.key = headers.get("webhook-id", "")
        # Its intent was committed earlier than this by the request's own way here; nothing earlier can be seen from outside.
        opened = time.time() - 1.0
        seen = {"key": self.key, "opened": opened, "signed": is_signed(headers, body), "body": hashlib.blake2b(body, digest_size=8).hexdigest()}
        data = json.loads(body)["data"]
        numbers, marks = told_apart(self.world.look.findall(body))
        if kind == "sms":
            seen |= {
                "channel": "sms", "to": data["to"], "stage": data["stage"], "brand": data["brand"], "orders": [data["order_id"]],
                "shipment": data["shipment_id"], "language": data["locale"], "numbers": numbers, "seen": marks,
            }
        else:
            seen |= {"channel": "alert", "seen": marks}
        aimed = kind == "sms" and self.world.is_aimed(self.worker, ("request", "taken"))
        self.fate = "ok" if aimed else self.world.fate(FATES)
        if self.world.shoot(self.worker, "request", self.key):
            self.transport.abort()
        elif self.fate == "slow":
            self.held = True
            asyncio.get_running_loop().call_later(self.world.chance.uniform(0.2, 1.5), self.resume, seen)
        else:
            self.answer(seen)

    def resume(self, seen):
        self.held = False
        if not self.transport.is_closing():
            self.answer(seen)
            self.data_received(b"")

    def answer(self, seen):
        fate = self.fate
        if fate in ("500", "503"):
            self.refuse(seen, fate, b"")
        elif fate.startswith("429"):
            when = {"429": b"", "429_seconds": b"retry-after: %d\r\n" % RETRY_SECONDS}.get(fate)
            if when is None:
                when = b"retry-after: " + email.utils.formatdate(time.time() + RETRY_SECONDS, usegmt=True).encode() + b"\r\n"
            self.refuse(seen, "429", when)
        elif fate in ("no_answer", "reset", "broken"):
            self.note(seen, fate)
            if fate == "reset":
                reset(self.transport)
            elif fate == "broken":
                self.transport.write(b"HTTP/1.1 what\r\n\x00\r\n\r\n")
                self.transport.close()
            else:
                self.held = True
        else:
            self.accept(seen)

    def accept(self, seen):
        silent = self.fate in ("accept_cut", "accept_500") or self.world.is_aimed(self.worker, ("taken",))
        # A gateway that recognises the key takes a message once, and says so each time.
        again = self.world.keys.get(self.key)
        self.world.keys.setdefault(self.key, seen["body"])
        self.world.write({
            **seen, "worker": self.worker, "fate": self.fate, "accepted": again is None, "again": again is not None,
            "same_bytes": again in (None, seen["body"]), "answered": not silent,
        })
        if self.fate == "accept_cut" or self.world.shoot(self.worker, "taken", self.key):
            self.transport.abort()
        elif self.fate == "accept_500":
            self.transport.write(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n")
        else:
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def note(self, seen, reply):
        self.world.write({
            "channel": seen["channel"], "worker": self.worker, "fate": self.fate, "accepted": False, "reply": reply, "key": self.key,
            "step": "request", "asked": RETRY_SECONDS if reply == "429" and self.fate != "429" else 0,
        })

    def refuse(self, seen, status, header):
        self.note(seen, status)
        self.transport.write(b"HTTP/1.1 " + status.encode() + b" No\r\n" + header + b"content-length: 0\r\n\r\n")
