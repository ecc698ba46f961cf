"""Thousands of clients that are slow or idle, beside some that ask and wait: what that does to the time these wait, whether
all others are closed in time, and what memory that takes. Needs nothing but Python and the program (KEYPAIRD_BINARY)."""

import argparse
import asyncio
import http.client
import json
import multiprocessing
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EPILOG = """\
The service is started on SQLite in a folder of its own, on free ports. First the baseline is measured: clients that list key
pairs, one request after the other. Then the crowds come, and the same is measured again while they are there:

  heads    half a head, and a byte of it every three seconds (--slow of them)
  bodies   half a body, and a byte of it every three seconds (--slow)
  idle     one request, then nothing (--idle)

It fails where the 99th percentile with the crowds is not under --ratio times the baseline, where a connection is still open
some time after its timeout, or where a request of the others fails. Each connection takes an open file here and in the service.
"""
HEAD_SECONDS, BODY_SECONDS, IDLE_SECONDS = 10, 15, 40
DRIP = 3
# Over the timeouts, until what is still open has failed: this machine has the crowds' own work to do too.
GRACE = 30


def main():
    parser = argparse.ArgumentParser(
        prog="tests/long/slow-clients", description=__doc__, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--slow", type=int, default=2500, metavar="N", help="clients of each slow kind (2500)")
    parser.add_argument("--idle", type=int, default=10000, metavar="N", help="idle clients (10000)")
    parser.add_argument("--seconds", type=int, default=20, metavar="S", help="how long the baseline is measured (20)")
    parser.add_argument("--ratio", type=float, default=2.0, metavar="R", help="the most that the 99th percentile may grow by (2)")
    arguments = parser.parse_args()
    most = 2 * arguments.slow + arguments.idle + 500
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most > hard:
        parser.error(f"{most} open files are needed here, and the system allows {hard}: raise it (ulimit -Hn) or ask for fewer clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, Service(Path(folder), most) as service:
        sys.exit(measure(service, arguments))


class Service:
    """The program, with the timeouts that are tried."""

    def __init__(self, folder, most):
        self.folder, self.most = folder, most

    def __enter__(self):
        binary = Path(os.environ.get("KEYPAIRD_BINARY", "target/release/keypaird")).absolute()
        settings = {
            "http.max_connections": self.most, "http.head_timeout_seconds": HEAD_SECONDS,
            "http.body_timeout_seconds": BODY_SECONDS, "http.idle_timeout_seconds": IDLE_SECONDS,
            "admin.listen": "127.0.0.1:0", "keypair.pool.size": 0, "log.format": "json", "http.drain_seconds": 0,
        }  # fmt: skip
        flags = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        self.log = (self.folder / "log").open("w+")
        command = [binary, "serve", "--listen", "127.0.0.1:0", *flags]
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=self.log)
        self.port = self.started()
        self.token = self.log_in()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)

    def started(self):
        for _ in range(600):
            for line in (self.folder / "log").read_text().splitlines():
                said = json.loads(line)
                if "serves the API at" in said["message"]:
                    return int(said["api"].rsplit(":")[-1])
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit((self.folder / "log").read_text())

    def log_in(self):
        openrc = (self.folder / "data" / "openrc").read_text()
        of = dict(re.findall(r"^export (\w+)='?\"?([^'\"\n]*)", openrc, re.MULTILINE))
        domain = {"id": "default"}
        user = {"name": of["OS_USERNAME"], "password": of["OS_PASSWORD"], "domain": domain}
        scope = {"project": {"name": of["OS_PROJECT_NAME"], "domain": domain}}
        login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/identity/v3/auth/tokens", json.dumps(login), {"Content-Type": "application/json"})
        return connection.getresponse().headers["X-Subject-Token"]

    def megabytes(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) // 1024


def measure(service, arguments):
    """The crowds are a process of their own: their work is not to be taken for the service's."""
    listing = list_request(service.token)
    say("baseline")
    before = asyncio.run(waits(service.port, listing, lambda since: time.monotonic() - since > arguments.seconds))
    say(f"p99 {before:.2f} ms, {service.megabytes()} MB; the crowds come")
    late, told = multiprocessing.Pipe(duplex=False)
    crowds = multiprocessing.Process(target=come, args=(service.port, service.token, arguments, told))
    crowds.start()
    during = asyncio.run(waits(service.port, listing, lambda _: not crowds.is_alive(), service))
    crowds.join()
    late = late.recv()
    say(f"p99 {during:.2f} ms with them, {during / before:.2f} of the baseline; {len(late)} stayed open; {service.megabytes()} MB")
    for problem in late[:10]:
        say(problem)
    return 1 if late or during >= arguments.ratio * before else 0


def list_request(token):
    return f"GET /v2.1/os-keypairs HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\n\r\n".encode()


def come(port, token, arguments, told):
    """All crowds; tells which of their connections stay open."""
    body = f"POST /v2.1/os-keypairs HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {token}\r\nContent-Length: 1000\r\n\r\n{{".encode()

    async def all_of_them():
        closed = {}
        progress = asyncio.create_task(tell(closed, 2 * arguments.slow + arguments.idle))
        crowds = await asyncio.gather(
            crowd(port, "heads", arguments.slow, b"GET /v2.1 HTTP/1.1\r\nHost: ", b"x", HEAD_SECONDS, closed),
            crowd(port, "bodies", arguments.slow, body, b"x", BODY_SECONDS, closed),
            crowd(port, "idle", arguments.idle, list_request(token), None, IDLE_SECONDS, closed),
        )
        progress.cancel()
        return [problem for problems in crowds for problem in problems]

    told.send(asyncio.run(all_of_them()))


async def tell(closed, all_of_them):
    while True:
        await asyncio.sleep(5)
        done = ", ".join(f"{count} {kind}" for kind, count in closed.items())
        say(f"closed of {all_of_them}: {done or 'none'}")


def say(what):
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


async def waits(port, request, is_over, service=None):
    """The 99th percentile of what some clients wait, in ms; says how much memory the service has taken at most."""
    taken, since, most = [], time.monotonic(), 0

    async def client():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not is_over(since):
            start = time.perf_counter()
            writer.write(request)
            await answered(reader)
            taken.append((time.perf_counter() - start) * 1000)
            await asyncio.sleep(0.02)
        writer.close()

    async def watch():
        nonlocal most
        while not is_over(since):
            most = max(most, service.megabytes() if service else 0)
            await asyncio.sleep(1)

    await asyncio.gather(watch(), *(client() for _ in range(8)))
    if service:
        say(f"the service had {most} MB at most")
    return statistics.quantiles(taken, n=100)[98]


async def answered(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head)
    await reader.readexactly(int(re.search(rb"content-length: (\d+)", head)[1]))


async def crowd(port, kind, count, sent, again, seconds, closed):
    """Those of it that stay open."""
    gate = asyncio.Semaphore(200)
    come = (one(port, kind, gate, sent, again, seconds, closed) for _ in range(count))
    return [problem for problem in await asyncio.gather(*come) if problem]


async def one(port, kind, gate, sent, again, seconds, closed):
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        if again is None:
            await answered(reader)
    start = time.monotonic()
    try:
        while time.monotonic() - start < seconds + GRACE:
            try:
                if not await asyncio.wait_for(reader.read(4096), DRIP if again else seconds + GRACE):
                    break
            except TimeoutError:
                if again:
                    writer.write(again)
        else:
            return f"a connection of kind '{kind}' is open after {time.monotonic() - start:.0f} s"
    except ConnectionError:
        pass
    finally:
        writer.close()
    closed[kind] = closed.get(kind, 0) + 1
    return None


if __name__ == "__main__":
    main()
