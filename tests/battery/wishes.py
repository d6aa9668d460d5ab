"""What the sinks and the proxy have in common: a line on which the storm tells its wishes, and how a server says where it listens."""
import asyncio
import json
import os
import signal


class Control(asyncio.Protocol):
    """The storm's wishes, one JSON object a line; `obey` answers each with one."""

    def __init__(self, obey):
        self.obey, self.buffer = obey, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while b"\n" in self.buffer:
            line, _, self.buffer = self.buffer.partition(b"\n")
            self.transport.write(json.dumps(self.obey(json.loads(line))).encode() + b"\n")


async def serve_until_stopped(ports_file, words):
    """Says in a file, whole at once, which ports are open; then waits for SIGTERM."""
    with open(ports_file + ".new", "w", encoding="ascii") as file:
        file.write(words)
    os.rename(ports_file + ".new", ports_file)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
