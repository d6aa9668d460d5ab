#!/usr/bin/env python3
"""A mail server and an SMS gateway that accept everything and write down what they accepted, one JSON object a line.

    sink.py --ledger FILE --ports FILE [--cert PEM --key PEM]

A line is on its way to the disk before the mail's 250, or the text's 204, leaves: what was accepted is in the ledger, whoever
is killed afterwards. With a certificate STARTTLS is offered and required. Both ports are free ones, written to --ports as
`smtp http`. Ends on SIGTERM. Standard library only.
"""
import argparse
import asyncio
import json
import os
import re
import signal
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "battery"))
from mail import read_mail  # noqa: E402, since it lies in another folder

KEPT_WHOLE = 20  # The first mails are kept as they came, to look at.


class Sink:
    def __init__(self, ledger, certificate):
        self.ledger = open(ledger, "ab", buffering=0)
        self.folder = os.path.dirname(os.path.abspath(ledger))
        self.certificate = certificate
        self.mails = 0

    def write(self, record):
        record["at"] = time.time()
        self.ledger.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def accept_mail(self, sender, recipients, raw):
        self.mails += 1
        if self.mails <= KEPT_WHOLE:
            with open(os.path.join(self.folder, f"mail-{self.mails}.eml"), "wb") as file:
                file.write(raw)
        self.write({"channel": "email", "from": sender, "rcpt": recipients, **read_mail(raw)})

    async def smtp(self, reader, writer):
        try:
            await self.conversation(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            pass  # A killed worker hangs up like this.
        finally:
            writer.close()

    async def conversation(self, reader, writer):
        def say(line):
            writer.write(line.encode() + b"\r\n")

        say("220 sink.example ESMTP")
        secure, sender, recipients = self.certificate is None, None, []
        while True:
            await writer.drain()
            line = (await reader.readuntil(b"\r\n")).decode("utf-8", "replace").rstrip("\r\n")
            word, upper = line.split(" ", 1)[0].upper(), line.upper()
            if word in ("EHLO", "HELO"):
                offers = ["sink.example", "PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10485760"]
                if not secure:
                    offers.append("STARTTLS")
                for offer in offers[:-1]:
                    say(f"250-{offer}")
                say(f"250 {offers[-1]}")
            elif word == "STARTTLS" and not secure:
                say("220 go ahead")
                await writer.drain()
                await writer.start_tls(self.certificate)
                secure = True
            elif not secure and word not in ("NOOP", "QUIT", "RSET"):
                say("530 STARTTLS first")
            elif upper.startswith("MAIL FROM:"):
                sender, recipients = address(line), []
                say("250 ok")
            elif upper.startswith("RCPT TO:"):
                recipients.append(address(line))
                say("250 ok")
            elif word == "DATA" and recipients:
                say("354 end with a dot")
                await writer.drain()
                raw = await reader.readuntil(b"\r\n.\r\n")
                raw = raw[:-3].replace(b"\r\n..", b"\r\n.")
                self.accept_mail(sender, recipients, raw)
                sender, recipients = None, []
                say("250 kept")
            elif word in ("RSET", "NOOP"):
                say("250 ok")
            elif word == "QUIT":
                say("221 bye")
                await writer.drain()
                return
            else:
                say("503 not now")

    async def http(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?im)^content-length: *(\d+)", head)
                body = json.loads(await reader.readexactly(int(length.group(1)) if length else 0))
                key = re.search(r"(?im)^webhook-id: *(\S+)", head)
                data = body["data"]
                self.write({
                    "channel": "sms", "message_id": key.group(1) if key else "", "to": data["to"], "stage": data["stage"],
                    "orders": [data["order_id"]], "numbers": [], "shipment": data["shipment_id"],
                })
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def address(line):
    return line.split("<", 1)[-1].split(">", 1)[0]


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--ledger", required=True)
    arguments.add_argument("--ports", required=True)
    arguments.add_argument("--cert")
    arguments.add_argument("--key")
    arguments = arguments.parse_args()
    certificate = None
    if arguments.cert:
        certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.load_cert_chain(arguments.cert, arguments.key)
    sink = Sink(arguments.ledger, certificate)
    # A mail is read whole, up to its dot: the reader must hold one.
    smtp = await asyncio.start_server(sink.smtp, "127.0.0.1", 0, limit=4 * 1024 * 1024)
    http = await asyncio.start_server(sink.http, "127.0.0.1", 0)
    ports = " ".join(str(server.sockets[0].getsockname()[1]) for server in (smtp, http))
    with open(arguments.ports + ".new", "w") as file:
        file.write(ports + "\n")
    os.rename(arguments.ports + ".new", arguments.ports)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


asyncio.run(main())
