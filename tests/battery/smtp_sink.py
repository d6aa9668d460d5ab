"""A mail server that fails as servers do: at every step, politely and rudely, before and after the final dot."""
import asyncio
import hashlib
import re
import socket
import struct
import time

from mail import read_mail

# Of a hundred mails. `slow` waits before 354 or before the answer to the dot; `stall` gives no 354, `dot_stall` accepts and never
# says so; `cut_dot` has the whole mail and drops it, `accept_cut` keeps it, and both hang up without a word.
FATES = (
    (3, "mail_451"), (2, "mail_421"), (2, "reset"), (6, "rcpt_450"), (4, "data_452"), (8, "dot_451"), (0.5, "drop_mid"), (3, "slow"),
    (0.5, "stall"), (0.4, "cut_dot"), (0.4, "accept_cut"), (0.2, "dot_stall"),
)
CONNECTS = ((3, "banner_421"), (1, "banner_reset"))
OFFERS = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760\r\n"
MESSAGE_ID = re.compile(rb"(?im)^message-id: *<([^@>]+)@")
END = b"\r\n.\r\n"


def address(line):
    return line.split("<", 1)[-1].split(">", 1)[0]


def reset(transport):
    """Hangs up with a reset, as a crashed machine's firewall does."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Smtp(asyncio.Protocol):
    def __init__(self, world):
        self.world, self.buffer, self.worker = world, b"", "?"
        self.in_body, self.held, self.fate = False, False, "ok"
        self.sender, self.recipients, self.opened = "", [], 0.0

    def connection_made(self, transport):
        self.transport = transport
        fate = self.world.fate(CONNECTS) if self.world.faults else "ok"
        if fate == "banner_421":
            self.say(b"421 too busy")
            transport.close()
        elif fate == "banner_reset":
            reset(transport)
        else:
            self.say(b"220 sink.example ESMTP")

    def say(self, words):
        self.transport.write(words + b"\r\n")

    def data_received(self, data):
        self.buffer += data
        self.go_on()

    def go_on(self):
        while not self.held and not self.transport.is_closing():
            if self.in_body:
                if not self.body():
                    return
            else:
                line, found, rest = self.buffer.partition(b"\r\n")
                if not found:
                    return
                self.buffer = rest
                self.command(line.decode("utf-8", "replace"))

    def later(self, seconds, then):
        """Says nothing for a while, then does what it would have done."""
        self.held = True

        def resume():
            self.held = False
            if not self.transport.is_closing():
                then()
                self.go_on()

        asyncio.get_running_loop().call_later(seconds, resume)

    def command(self, line):
        word, upper = line.split(" ", 1)[0].upper(), line.upper()
        if word in ("EHLO", "HELO"):
            self.worker = line[5:].split(".")[0]
            self.transport.write(OFFERS)
        elif upper.startswith("MAIL FROM:"):
            self.mail(line)
        elif upper.startswith("RCPT TO:"):
            self.recipients.append(address(line))
            if self.fate == "rcpt_450":
                self.refused(b"450 4.2.0 greylisted", "RCPT")
            elif self.sender:
                self.say(b"250 ok")
            else:
                self.say(b"503 MAIL first")
        elif word == "DATA":
            self.data()
        elif word in ("RSET", "NOOP"):
            self.sender, self.recipients = "", []
            self.say(b"250 ok")
        elif word == "QUIT":
            self.say(b"221 bye")
            self.transport.close()
        else:
            self.say(b"503 not now")

    def mail(self, line):
        self.sender, self.recipients = address(line), []
        # Whoever is aimed at gets to the place where it is to die.
        aimed = self.world.is_aimed(self.worker, ("body", "dot", "accepted", "answered"))
        self.fate = "ok" if aimed else self.world.fate(FATES)
        if self.fate == "mail_451":
            self.sender = ""
            self.refused(b"451 4.3.0 not now", "MAIL")
        elif self.fate == "mail_421":
            self.refused(b"421 4.3.2 going down", "MAIL")
            self.transport.close()
        elif self.fate == "reset":
            self.note("reset", "MAIL")
            reset(self.transport)
        else:
            self.say(b"250 ok")

    def data(self):
        if not self.sender or self.fate == "rcpt_450":
            self.say(b"503 no recipients")
        elif self.fate == "data_452":
            self.refused(b"452 4.3.1 no room", "DATA")
        elif self.fate == "stall":
            self.note("stall", "DATA")
            self.later(60, lambda: self.transport.close())
        elif self.fate == "slow" and self.world.chance.random() < 0.8:
            self.fate = "ok"
            self.later(self.world.chance.uniform(0.2, 1.5), self.open_body)
        else:
            self.open_body()

    def open_body(self):
        self.in_body, self.opened = True, time.time()
        self.say(b"354 end with a dot")

    def body(self):
        """Looks for the end of the mail; false if it is not there yet."""
        if self.buffer and self.world.shoot(self.worker, "body", ""):
            return False
        if self.fate == "drop_mid" and (found := MESSAGE_ID.search(self.buffer)):
            # A mail fits into the sockets' buffers: the worker may well have written its dot.
            self.note("drop", "body", found.group(1).decode())
            reset(self.transport)
            return False
        end = self.buffer.find(END)
        if end < 0:
            return False
        raw, self.buffer = self.buffer[: end + 2].replace(b"\r\n..", b"\r\n."), self.buffer[end + len(END) :]
        self.in_body = False
        if self.fate == "slow":
            self.later(self.world.chance.uniform(0.1, 0.6), lambda: self.end(raw))
        else:
            self.end(raw)
        return True

    def end(self, raw):
        """The dot is here: the mail is judged, and perhaps accepted."""
        seen = read_mail(raw, self.world.look)
        seen["body"] = hashlib.blake2b(raw, digest_size=8).hexdigest()
        key = seen["key"] = seen["message_id"].strip("<>").split("@")[0]
        if self.world.shoot(self.worker, "dot", key) or self.fate == "cut_dot":
            self.note("cut", "dot", key)
            self.transport.abort()
            return
        if self.fate == "dot_451":
            self.refused(b"451 4.7.1 try again", "dot", key)
            self.sender = ""
            return
        silent = self.fate in ("accept_cut", "dot_stall") or self.world.is_aimed(self.worker, ("accepted",))
        self.accept(seen, not silent)
        if self.world.shoot(self.worker, "accepted", key) or self.fate == "accept_cut":
            self.transport.abort()
        elif self.fate == "dot_stall":
            self.later(60, lambda: self.transport.close())
        else:
            self.say(b"250 2.0.0 kept")
            self.world.shoot(self.worker, "answered", key)
        self.sender = ""

    def accept(self, seen, answered):
        self.world.write({
            "channel": "email", "worker": self.worker, "fate": self.fate, "accepted": True, "answered": answered,
            "opened": self.opened, "from": self.sender, "rcpt": self.recipients, **seen,
        })

    def note(self, reply, step, key=""):
        self.world.write({
            "channel": "email", "worker": self.worker, "fate": self.fate, "accepted": False, "reply": reply, "step": step, "key": key,
        })

    def refused(self, reply, step, key=""):
        self.note(reply[:3].decode(), step, key)
        self.say(reply)
