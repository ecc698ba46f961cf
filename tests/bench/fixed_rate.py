"""Sends GET requests at a fixed rate, whatever becomes of those before, and prints one line of JSON as load.lua does.

A request's time counts from the moment that it was to be sent at: what it waited for in this client, too, somebody would have
waited for.
"""

import argparse
import asyncio
import json
import os
import selectors
import statistics
import time
from contextlib import suppress
from pathlib import Path

# How long an answer may take, in seconds, as with wrk.
PATIENCE = 60


class Client:
    """Connections that are kept, and a new one whenever none is free: no request waits for another's answer."""

    def __init__(self, port: int, head: bytes):
        self.port, self.head, self.free = port, head, []
        self.milliseconds, self.failed = [], 0

    async def ask(self, planned: float):
        try:
            async with asyncio.timeout(PATIENCE):
                connection = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
                status = await self.answer(*connection)
        except (OSError, EOFError, TimeoutError):
            self.failed += 1
            return
        self.free.append(connection)
        self.failed += status != 200
        self.milliseconds.append((time.perf_counter() - planned) * 1000)

    async def answer(self, reader, writer) -> int:
        writer.write(self.head)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        length = next(line for line in lines if line.startswith("content-length:"))
        await reader.readexactly(int(length.partition(":")[2]))
        return int(lines[0].split()[1])


async def send(client: Client, rate: int, seconds: int):
    began = time.perf_counter()
    async with asyncio.TaskGroup() as asked:
        for number in range(rate * seconds):
            planned = began + number / rate
            await asyncio.sleep(max(0, planned - time.perf_counter()))
            asked.create_task(client.ask(planned))


def precise_loop():
    """One that wakes when it is to: epoll, the usual one, waits in whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def go_first():
    """A client elsewhere would not want the service's processors: where it may, this one waits for none. A nice value would
    not do, as it counts within a session or a control group alone."""
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def main():
    parser = argparse.ArgumentParser()
    for name, kind in [("port", int), ("path", str), ("token", Path), ("rate", int), ("seconds", int)]:
        parser.add_argument(f"--{name}", type=kind, required=True)
    given = parser.parse_args()
    head = f"GET {given.path} HTTP/1.1\r\nHost: 127.0.0.1:{given.port}\r\nX-Auth-Token: {given.token.read_text().strip()}\r\n\r\n"
    client = Client(given.port, head.encode())
    go_first()
    began = time.perf_counter()
    with asyncio.Runner(loop_factory=precise_loop) as runner:
        runner.run(send(client, given.rate, given.seconds))
    percentiles = statistics.quantiles(client.milliseconds, n=100) if len(client.milliseconds) > 1 else [0] * 99
    told = {"answers": len(client.milliseconds), "seconds": time.perf_counter() - began, "failed": client.failed}
    print(json.dumps(told | {"p50_ms": percentiles[49], "p99_ms": percentiles[98]}))


main()
