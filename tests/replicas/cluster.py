"""A primary PostgreSQL with a standby that every commit waits for, and a proxy that knows which of them is which."""

import shutil
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from balancer import running
from service import free_ports
from unprivileged import own, postgresql_tool, run

PASSWORD = "a password for tests only"
URL = "postgres://keypaird:a%20password%20for%20tests%20only@{hosts}/postgres"

PROXY = Path(__file__).with_name("proxy.cfg")


@dataclass
class Server:
    data: Path
    port: int

    def start(self):
        options = f"-p {self.port} -k {self.data.parent} -c listen_addresses=127.0.0.1"
        self.control("start", "--log", self.data.parent / f"{self.data.name}.log", "--options", options)

    def control(self, action, *arguments):
        run(postgresql_tool("pg_ctl"), "--pgdata", self.data, "--wait", *arguments, action)


class Cluster:
    """Both servers, running. Their writes need not survive a power cut, so that they are not synchronised to the disk."""

    def __init__(self, folder):
        folder.mkdir()
        own(folder)
        self.folder = folder
        self.primary, self.standby = (Server(folder / name, port) for name, port in zip(["one", "two"], free_ports(2)))

    def start(self):
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        run(
            *(postgresql_tool("initdb"), "--pgdata", self.primary.data, "--username", "keypaird", "--no-sync"),
            *("--auth", "scram-sha-256", "--pwfile", password, "--encoding", "UTF8", "--locale", "C"),
        )
        (self.primary.data / "postgresql.auto.conf").write_text("fsync = off\n")
        self.primary.start()
        source = f"host=127.0.0.1 port={self.primary.port} user=keypaird password='{PASSWORD}' application_name=standby"
        run("pg_basebackup", "--pgdata", self.standby.data, "--dbname", source, "--write-recovery-conf", "--no-sync", "-c", "fast")
        self.standby.start()
        (self.primary.data / "postgresql.auto.conf").write_text("fsync = off\nsynchronous_standby_names = 'standby'\n")
        self.primary.control("reload")

    def fail_over(self):
        """The primary dies, and the standby takes its place."""
        self.primary.control("stop", "--mode", "immediate")
        self.standby.control("promote")

    def stop(self):
        for server in (self.primary, self.standby):
            if (server.data / "postmaster.pid").exists():
                server.control("stop", "--mode", "immediate")
        shutil.rmtree(self.folder)

    def url_of_both(self):
        return URL.format(hosts=f"127.0.0.1:{self.primary.port},127.0.0.1:{self.standby.port}")


@contextmanager
def started(folder):
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@dataclass
class Proxy:
    socket: Path
    url: str

    def switch(self):
        """Sends what comes from now on to the standby, and ends what the primary still has."""
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(self.socket))
            commands = ["disable server postgresql/primary", "shutdown sessions server postgresql/primary"]
            admin.sendall("; ".join([*commands, "enable server postgresql/standby"]).encode() + b"\n")
            while admin.recv(4096):
                pass


@contextmanager
def proxied(folder, cluster):
    folder.mkdir()
    [port] = free_ports(1)
    ports = {"PORT": port, "PRIMARY": cluster.primary.port, "STANDBY": cluster.standby.port}
    variables = {name: str(number) for name, number in ports.items()} | {"FOLDER": str(folder)}
    with running(folder, port, PROXY, variables):
        yield Proxy(folder / "admin.sock", URL.format(hosts=f"127.0.0.1:{port}"))
