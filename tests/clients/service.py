"""Starts the built `keypaird` in folders and on databases of its own, and talks to it in plain HTTP."""

import base64
import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

BINARY = Path(os.environ.get("KEYPAIRD_BINARY", "target/debug/keypaird")).absolute()
POSTGRESQL_URL = os.environ.get("TEST_DATABASE_URL")
# The clouds of clouds.yaml: a member of a project, and the administrator.
CLOUD = "keypaird"
ADMIN_CLOUD = "keypaird-admin"
# How long a start, a stop or a command may take on a busy machine, in seconds.
PATIENCE = 60


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class Service:
    """One installation: a folder, a database, and at most one running process of it."""

    folder: Path
    database_url: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    binary: Path = BINARY
    process: subprocess.Popen | None = None
    port: int = 0
    admin_port: int = 0

    def start(self):
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self, settings=None):
        """Starts the process without waiting for it: on free ports and the installation's database, or with `settings`."""
        if self.port == 0:
            # Kept from start to start: clouds.yaml names the first one.
            self.port, self.admin_port = free_ports(2)
        listen = {
            "KEYPAIRD__HTTP__LISTEN": f"127.0.0.1:{self.port}",
            "KEYPAIRD__ADMIN__LISTEN": f"127.0.0.1:{self.admin_port}",
            # Keys that nobody asks for would take the processors from the other tests.
            "KEYPAIRD__KEYPAIR__POOL__SIZE": "0",
            # No balancer is told that it stops.
            "KEYPAIRD__HTTP__DRAIN_SECONDS": "0",
        }
        environment = bare_environment(listen | self.settings if settings is None else settings)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([self.binary, "serve"], cwd=self.folder, env=environment, stderr=log, stdout=log)

    def wait_until_ready(self):
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready():
            assert self.process.poll() is None, f"keypaird ended with {self.process.returncode}:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"keypaird was not ready in time:\n{self.log.read_text()}"
            time.sleep(0.05)

    def is_ready(self):
        try:
            return request(self.admin_port, "GET", "/health/ready").status == 200
        except OSError:
            return False

    def stop(self):
        """Asks the process to end; gives its exit status."""
        process, self.process = self.process, None
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()

    @property
    def log(self):
        return self.folder / "keypaird.log"

    @property
    def data(self):
        return self.folder / "data"

    @property
    def clouds_yaml(self):
        return self.data / "clouds.yaml"

    def cloud(self, name=CLOUD):
        """A cloud of the clouds.yaml that the first start wrote."""
        return yaml.safe_load(self.clouds_yaml.read_text())["clouds"][name]

    def request(self, method, path, body=None, token=None, headers=None):
        credentials = {"X-Auth-Token": token} if token else {}
        return request(self.port, method, path, body, credentials | (headers or {}))

    def token(self, name=CLOUD):
        """A token of the cloud's user, scoped to its project; and the project's id."""
        answer = self.request("POST", "/identity/v3/auth/tokens", login_body(self.cloud(name)["auth"]))
        assert answer.status == 201, answer.body
        return answer.headers["X-Subject-Token"], answer.json()["token"]["project"]["id"]

    def command(self, *arguments):
        """What a command of the program prints, beside the running service."""
        environment = bare_environment(self.settings)
        done = subprocess.run(
            [self.binary, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def everything_stored(self):
        """The database's bytes: the SQLite files, or a dump in which binary columns are written in hex."""
        if self.database_url:
            return subprocess.run(
                ["pg_dump", "--inserts", self.database_url], check=True, capture_output=True, timeout=PATIENCE
            ).stdout
        return b"".join(path.read_bytes() for path in sorted(self.data.glob("keypaird.sqlite*")))


@contextmanager
def running_service(installation):
    """Started, and stopped whatever happens meanwhile."""
    try:
        yield installation.start()
    finally:
        installation.stop()


def request(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        headers = {"Accept": "application/json"} | (headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def login_body(auth):
    """Keystone's password login, from the `auth` part of a cloud."""
    user = {"name": auth["username"], "password": auth["password"], "domain": {"name": auth["user_domain_name"]}}
    project = {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, "scope": {"project": project}}}


def new_service(folder):
    """An installation that was never started: on SQLite with no setting at all, or on an empty PostgreSQL database."""
    folder.mkdir(parents=True, exist_ok=True)
    if POSTGRESQL_URL is None:
        return Service(folder)
    url = new_database()
    return Service(folder, url, postgresql_settings(folder, url))


def postgresql_settings(folder, url):
    """What a database that others share asks for: where it is, its master keys, the first password."""
    password_file = folder / "password"
    write_secret(password_file, secrets.token_urlsafe(24))
    return {
        "KEYPAIRD__DATABASE__URL": url,
        "KEYPAIRD__VAULT__MASTER_KEY_FILE": str(master_key_file(folder)),
        "KEYPAIRD__IDENTITY__BOOTSTRAP_PASSWORD_FILE": str(password_file),
    }


def master_key_file(folder):
    path = folder / "master.key"
    subprocess.run([BINARY, "master-key", "create", path], check=True, cwd=folder, env=bare_environment(), timeout=PATIENCE)
    return path


def write_secret(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def new_database():
    name = f"clients_{secrets.token_hex(6)}"
    sql(POSTGRESQL_URL, f"CREATE DATABASE {name}")
    return urlsplit(POSTGRESQL_URL)._replace(path=f"/{name}").geturl()


def sql(url, statement):
    """Rows of the statement's answer, each a list of texts."""
    command = ["psql", "-XAtq", "--field-separator=\t", "--set=ON_ERROR_STOP=1", "--command", statement, url]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    return [line.split("\t") for line in done.stdout.splitlines()]


def bare_environment(further=None):
    """No setting of the service and no cloud of the caller's."""
    own = re.compile("KEYPAIRD|OS_|TEST_")
    return {name: value for name, value in os.environ.items() if not own.match(name)} | (further or {})


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def new_key(folder, kind="ed25519", bits=0):
    """A private key's file, made by ssh-keygen; its public key is beside it, in `.pub`."""
    path = folder / f"id_{kind}"
    size = ["-b", str(bits)] if bits else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", "me@home", "-f", path], check=True)
    return path


def derived_public_key(private_key, folder):
    """What ssh-keygen makes of a private key: `TYPE BASE64`, without a comment."""
    path = folder / f"id-{secrets.token_hex(4)}"
    write_secret(path, private_key)
    done = subprocess.run(["ssh-keygen", "-y", "-f", path], check=True, capture_output=True, text=True, timeout=PATIENCE)
    return without_comment(done.stdout)


def without_comment(public_key):
    return public_key.split()[:2]


def written_forms(private_key):
    """Each line of a PEM and what it decodes to, as text, as bytes and in hex."""
    lines = [line for line in private_key.splitlines() if line and not line.startswith("-----")]
    assert len(lines) > 20
    for line in lines[:-1]:
        decoded = base64.b64decode(line)
        yield from (line.encode(), line.encode().hex().encode(), decoded, decoded.hex().encode())
