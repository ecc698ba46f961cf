"""docs/operations.md: its blocks of commands, run as they stand there against the program, on both databases.

Paths are those of the page below a folder of the test's own. `runuser` runs the command as who runs the tests;
PostgreSQL's tools find the tests' server; `systemctl` starts and stops the program as the unit does.
"""

import json
import os
import re
import urllib.error
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from running import PATIENCE, free_ports, post
from tools import BINARY, DEPLOY, ROOT, run

PAGE = ROOT / "docs" / "operations.md"
# What the page calls the places, and what they are called below the test's folder.
PLACES = {
    "/etc/keypaird": "etc",
    "/var/lib/keypaird": "lib",
    "/var/backups/keypaird-master-keys": "keys",
    "/var/backups/keypaird": "backups",
}
# Waits, as systemd does, until the service has ended; and, as systemd does not, until it is ready.
SYSTEMCTL = """#!/bin/bash
set -eu
cd "$(dirname "$0")"
stop() {
    kill -TERM "$(cat pid)"
    while kill -0 "$(cat pid)" 2>/dev/null; do sleep 0.05; done
    rm pid
}
start() {
    ./keypaird serve --config etc/keypaird.toml </dev/null >>log 2>&1 &
    echo $! >pid
    until ./keypaird health --config etc/keypaird.toml >/dev/null 2>&1; do
        kill -0 "$(cat pid)" || { cat log; exit 1; }
        sleep 0.1
    done
}
case $1 in start | stop) $1 ;; restart) stop && start ;; esac
"""
RUNUSER = """#!/bin/sh
# runuser -u USER -- COMMAND…
shift 3
exec "$@"
"""


@dataclass
class Installation:
    """One that is laid out as the package's, in a folder of its own, and which of the page's blocks are for it."""

    folder: Path
    database: str
    port: int
    server: dict

    def play(self, *names, **variables):
        """What one shell prints that runs the page's first block and then those of these names."""
        return self.run("".join(block(name, self.database) for name in names), **variables)

    def run(self, commands, expected=0, **variables):
        """The same for commands that are not the page's."""
        return self.shell(block("settings", self.database) + commands, expected, **variables)

    def shell(self, text, expected=0, **variables):
        for place, name in PLACES.items():
            text = re.sub(rf"{place}(?=[/ ;'\"\n])", str(self.folder / name), text)
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", **self.server, **variables}
        return run(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            text,
            expected=expected,
            cwd=self.folder,
            env=environment,
            timeout=PATIENCE * 5,
        )

    def configure(self, settings):
        """Puts these before the package's own settings."""
        file = self.folder / "etc" / "keypaird.toml"
        text = file.read_text() if file.exists() else (DEPLOY / "deb" / "keypaird.toml").read_text()
        text = text.replace("/var/lib/keypaird", str(self.folder / "lib"))
        file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()) + text)

    def log_in(self):
        """A session of the administrator: how it asks, by path and body."""
        user = {"name": "admin", "domain": {"id": "default"}, "password": "a throw-away password"}
        project = {"name": "admin", "domain": {"id": "default"}}
        body = {
            "auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": {"project": project}}
        }
        headers, told = post(f"http://127.0.0.1:{self.port}/identity/v3/auth/tokens", body)
        self.token = {"X-Auth-Token": headers["X-Subject-Token"]}
        self.project, self.user = told["token"]["project"]["id"], told["token"]["user"]["id"]

    def ask(self, path, body):
        return post(f"http://127.0.0.1:{self.port}/{path}", body, self.token)[1]["keypair"]

    def keep(self, name):
        """Makes a key pair whose private key is kept; gives the private key."""
        wanted = {"name": name, "key_protection": {"encryption": {"type": "default"}}}
        return self.ask(f"v2.1/{self.project}/keypairs", {"keypair": wanted})["private_key"]

    def exported(self, name):
        return self.ask(f"v3/{self.project}/keypairs/private-key/export", {"keypair": {"name": name}})["private_key"]


def block(name, database):
    """The page's block of this name: the database's own, or the one for both."""
    blocks = re.findall(r"^```sh (.+)\n((?:.*\n)*?)```$", PAGE.read_text(), re.MULTILINE)
    [text] = [text for tags, text in blocks if tags in (name, f"{database} {name}")]
    return text


@pytest.fixture
def server():
    """How PostgreSQL's own tools find the tests' server; without the database that the page calls keypaird."""
    url = urlsplit(os.environ["TEST_DATABASE_URL"])
    found = {"PGHOST": url.hostname, "PGPORT": str(url.port), "PGUSER": url.username, "PGPASSWORD": url.password}
    forget = ["dropdb", "--if-exists", "--force"]
    try:
        yield found
    finally:
        for name in ["keypaird", "keypaird_before", "keypaird_restored"]:
            run(*forget, name, env=os.environ | found)


@pytest.fixture
def installed(tmp_path, server):
    """Lays an installation out, and starts it."""
    made = []

    def install(database):
        for name in PLACES.values():
            (tmp_path / name).mkdir(mode=0o700)
        (tmp_path / "keypaird").symlink_to(BINARY)
        for name, text in [("systemctl", SYSTEMCTL), ("runuser", RUNUSER)]:
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        secret(tmp_path / "etc" / "bootstrap-password", "a throw-away password")
        [port, admin] = free_ports(2)
        settings = {
            "http.listen": f"127.0.0.1:{port}",
            "http.drain_seconds": 0,
            "admin.listen": f"127.0.0.1:{admin}",
            "keypair.pool.size": 0,
            "identity.bootstrap_password_file": f"{tmp_path}/etc/bootstrap-password",
        }
        installation = Installation(tmp_path, database, port, server)
        installation.configure(settings)
        if database == "postgresql":
            run("createdb", "keypaird", env=os.environ | server)
            run(BINARY, "master-key", "create", tmp_path / "etc" / "master.key")
            installation.configure(on_postgresql(tmp_path / "etc"))
        made.append(installation)
        installation.shell("systemctl start keypaird")
        installation.log_in()
        return installation

    yield install
    for installation in made:
        if (installation.folder / "pid").exists():
            installation.shell("systemctl stop keypaird")


def on_postgresql(etc):
    """The settings that the page takes to be there, and the file with the URL."""
    url = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path="/keypaird").geturl()
    secret(etc / "database-url", url)
    return {"database.url_file": f"{etc}/database-url", "vault.master_key_file": f"{etc}/master.key"}


def secret(file, text):
    file.touch(0o600)
    file.write_text(text)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_f38_what_was_backed_up_is_restored_whole_and_what_came_later_is_gone(database, installed):
    installation = installed(database)
    kept = installation.keep("kept")
    installation.play("checkpoint", "backup")
    installation.keep("later")
    since = installation.folder / "since.json"
    since.write_text(installation.run("kp audit checkpoint"))
    installation.play("restore")
    assert sound(installation) == "1"
    assert installation.exported("kept") == kept
    with pytest.raises(urllib.error.HTTPError, match="404"):
        installation.exported("later")
    # The older state is a whole one; only what was signed since and kept elsewhere shows that something is missing.
    installation.run("kp audit verify --checkpoint /var/backups/keypaird-master-keys/checkpoint.json")
    installation.run(f"kp audit verify --checkpoint {since}", expected=1)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_master_key_is_changed_while_the_service_runs(database, installed):
    installation = installed(database)
    kept = installation.keep("kept")
    installation.play("rotation")
    listed = installation.run("kp master-key list")
    assert re.search(r"^default +2 +yes +\w+ +1 +ok$", listed, re.MULTILINE), listed
    assert "default  1" not in listed
    assert installation.exported("kept") == kept
    installation.keep("new")
    assert sound(installation) == "2"


def test_an_installation_moves_from_sqlite_to_postgresql(installed, server):
    installation = installed("sqlite")
    kept = installation.keep("kept")
    installation.ask(f"v2.1/{installation.project}/keypairs", {"keypair": {"name": "returned"}})
    run("createdb", "keypaird", env=os.environ | server)
    settings = on_postgresql(installation.folder / "etc")
    installation.shell(block("move", "sqlite"))
    # Every table, so that one that comes later is not forgotten.
    tables = of_postgresql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", server).split()
    for table in tables:
        rows = f"SELECT count(*) FROM {table}"
        assert of_postgresql(rows, server) == run("sqlite3", installation.folder / "lib" / "keypaird.sqlite", rows), (
            table
        )
    installation.configure(settings)
    installation.database = "postgresql"
    installation.shell("systemctl start keypaird")
    assert sound(installation) == "1"
    assert installation.exported("kept") == kept


def of_postgresql(statement, server):
    return run("psql", "-XAt", "--command", statement, "keypaird", env=os.environ | server)


def test_the_ledger_says_who_got_a_private_key(installed):
    installation = installed("sqlite")
    installation.keep("kept")
    installation.exported("kept")
    told = installation.play("leak", owner=installation.user, name="kept")
    events = re.findall(r"^\d+ +\S+ +(\w+) +done +kept +(\S+) +127\.0\.0\.1", told, re.MULTILINE)
    assert [event for event, _ in events] == ["create", "export"], told


def sound(installation):
    """How many kept private keys the page's checks find sound, if they find no fault."""
    told = installation.play("restored")
    return re.search(r"^(\d+) private keys are sound$", told, re.MULTILINE)[1]
