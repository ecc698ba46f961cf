"""PgBouncer in front of the server that TEST_DATABASE_URL names, and what becomes of services behind it."""

import os
import re
import secrets
import subprocess
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from alibaba_rpc import signed
from balancer import listens
from huawei import new_member
from load import Load
from service import PATIENCE, free_ports
from unprivileged import own, started

# Debian's; another one's path may be given.
BINARY = os.environ.get("PGBOUNCER", "/usr/sbin/pgbouncer")

CONFIGURATION = """
[databases]
* = host={host} port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
default_pool_size = 20
max_client_conn = 200
{settings}
"""


@contextmanager
def pooling(folder, url, settings):
    """The database's URL through a PgBouncer with these settings beside the usual ones."""
    server = urlsplit(url)
    [port] = free_ports(1)
    place = folder / f"pgbouncer-{secrets.token_hex(4)}"
    place.mkdir()
    places = {"host": server.hostname, "server_port": server.port, "port": port, "folder": place, "settings": settings}
    (place / "pgbouncer.ini").write_text(CONFIGURATION.format(**places))
    (place / "users").write_text(f'"{server.username}" "{server.password}"\n')
    own(place)
    with started([BINARY, place / "pgbouncer.ini"], place / "log") as process:
        deadline = time.monotonic() + PATIENCE
        while not listens(port):
            told = (place / "log").read_text()
            assert process.poll() is None and time.monotonic() < deadline, f"PgBouncer did not start:\n{told}"
            time.sleep(0.05)
        yield server._replace(netloc=f"{server.username}:{server.password}@127.0.0.1:{port}").geturl()


def version():
    """Such as (1, 18)."""
    told = subprocess.run([BINARY, "--version"], check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
    return tuple(int(number) for number in re.search(r"PgBouncer (\d+)\.(\d+)", told).groups())


def refused(service):
    """What is said by a service that does not start."""
    assert service.process.wait(PATIENCE) == 1, service.log.read_text()
    return service.log.read_text()


def serves_everything(service, token, project):
    """Reads and writes of every kind under load, with what needs a session of its own: prepared statements and limits."""
    with Load([service.port], token, named=service.folder.name) as load:
        load.go_on(80)
        assert signed(new_member(service), "DescribeRegions").send(service.port).status == 200
        name = f"kept-by-{service.folder.name}"
        kept = {"name": name, "algorithm": "ed25519", "key_protection": {"encryption": {"type": "default"}}}
        assert service.request("POST", f"/v2.1/{project}/keypairs", {"keypair": kept}, token).status == 200
        export = service.request("POST", f"/v3/{project}/keypairs/private-key/export", {"keypair": {"name": name}}, token)
        assert export.status == 200, export.body
        assert " private keys are sound\n" in service.command("verify")
    assert load.failures() == []
