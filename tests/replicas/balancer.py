"""HAProxy in front of replicas, as haproxy.cfg has it."""

import os
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service import PATIENCE, free_ports

CONFIGURATION = Path(__file__).with_name("haproxy.cfg")


@dataclass
class HAProxy:
    port: int
    log: Path

    def wait_until_told(self, what, times=1):
        """Waits until its log has so many lines with these words."""
        deadline = time.monotonic() + PATIENCE
        while self.log.read_text().count(what) < times:
            assert time.monotonic() < deadline, f"HAProxy did not say '{what}':\n{self.log.read_text()}"
            time.sleep(0.05)


@contextmanager
def balancing(folder, left, right):
    """A balancer that serves both at its port."""
    [port] = free_ports(1)
    ports = {"PORT": port, "LEFT": left.port, "LEFT_ADMIN": left.admin_port, "RIGHT": right.port, "RIGHT_ADMIN": right.admin_port}
    with running(folder, port, CONFIGURATION, {name: str(number) for name, number in ports.items()}) as balancer:
        yield balancer


@contextmanager
def running(folder, port, configuration, variables):
    """HAProxy with this file, in which these variables stand, and which has it listen at `port`."""
    log = folder / "haproxy.log"
    with log.open("wb") as written:
        command = ["haproxy", "-db", "-f", configuration]
        process = subprocess.Popen(command, env=os.environ | variables, stdout=written, stderr=written)
    try:
        haproxy = HAProxy(port, log)
        deadline = time.monotonic() + PATIENCE
        while not listens(port):
            assert process.poll() is None and time.monotonic() < deadline, f"HAProxy did not start:\n{log.read_text()}"
            time.sleep(0.05)
        yield haproxy
    finally:
        process.kill()
        process.wait()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
