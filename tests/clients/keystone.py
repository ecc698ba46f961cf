"""Starts a real Keystone: on a free loopback port, with SQLite in a folder of its own, with what a keypaird asks of one.

As a program it tells a shell where it is, and runs until a signal or its parent's end stops it. The file has the name
of Keystone's own package: only programs that don't import that one may have this folder in their path.
"""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import openstack

from service import PATIENCE, bare_environment, free_ports, request, write_secret

REGION = "RegionOne"
DOMAIN = "Default"
# The account by which a keypaird has tokens checked: no more than the role that exists for services.
SERVICE_USER, SERVICE_PROJECT, SERVICE_ROLE = "keypaird", "service", "service"

# Without a cache a validation takes Keystone fifty times as long. The cache is in the memory of one process, and its
# threads were seen to disagree about what is in it: so there is one process with one thread that answers.
KEYSTONE_CONF = """\
[database]
connection = sqlite:///{folder}/keystone.sqlite
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
"""
# In a file, because Keystone reads its own options from the command line that gunicorn was started with. The one thread
# must not wait for a client that has connected and says nothing: gunicorn would let it, for 5 seconds.
GUNICORN_CONF = """\
import gunicorn.workers.gthread
gunicorn.workers.gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.05
wsgi_app = "keystone.wsgi.api:application"
bind = "127.0.0.1:{port}"
workers = 1
worker_class = "gthread"
threads = 1
preload_app = True
control_socket_disable = True
"""

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Keystone:
    def __init__(self, folder):
        self.folder = folder
        self.port, = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}/v3"
        self.admin_password = secrets.token_urlsafe(24)
        self.service_password = secrets.token_urlsafe(24)
        self.process = None

    def start(self):
        self.folder.joinpath("keystone.conf").write_text(KEYSTONE_CONF.format(folder=self.folder))
        self.folder.joinpath("gunicorn.conf.py").write_text(GUNICORN_CONF.format(port=self.port))
        self.manage("db_sync")
        self.manage("fernet_setup", f"--keystone-user={os.getuid()}", f"--keystone-group={os.getgid()}")
        self.manage("bootstrap", f"--bootstrap-region-id={REGION}", f"--bootstrap-public-url={self.url}")
        self.serve()
        self.furnish()
        return self

    def manage(self, *command):
        environment = bare_environment({"OS_BOOTSTRAP_PASSWORD": self.admin_password})
        done = subprocess.run(
            [tool("keystone-manage"), "--config-file", self.folder / "keystone.conf", *command],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        )
        assert done.returncode == 0, f"keystone-manage {command[0]}:\n{done.stderr}"

    def serve(self):
        environment = bare_environment({"OS_KEYSTONE_CONFIG_FILES": str(self.folder / "keystone.conf")})
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [tool("gunicorn")], cwd=self.folder, env=environment, preexec_fn=end_with_parent,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            assert self.process.poll() is None, f"Keystone ended:\n{self.log.read_text()}"
            assert time.monotonic() < deadline, f"Keystone did not answer in time:\n{self.log.read_text()}"
            time.sleep(0.1)

    def answers(self):
        with suppress(OSError):
            return request(self.port, "GET", "/v3").status == 200
        return False

    def furnish(self):
        """Makes the account of the service, and the entry of the catalog that its endpoints go into."""
        identity = self.admin.identity
        project = identity.create_project(name=SERVICE_PROJECT, domain_id="default")
        user = identity.create_user(name=SERVICE_USER, domain_id="default", password=self.service_password)
        identity.assign_project_role_to_user(project, user, identity.find_role(SERVICE_ROLE, ignore_missing=False))
        identity.create_service(type="compute", name="keypaird")

    def register(self, port, region=REGION):
        """Enters the keypaird on a port into the catalog, as the compute service of a region."""
        identity = self.admin.identity
        if identity.find_region(region) is None:
            identity.create_region(id=region)
        compute = identity.find_service("keypaird", ignore_missing=False)
        url = f"http://127.0.0.1:{port}/v2.1"
        identity.create_endpoint(service_id=compute.id, interface="public", region_id=region, url=url)

    @cached_property
    def admin(self):
        """The administrator's connection, in the project `admin`."""
        return openstack.connection.Connection(
            auth=self.auth("admin", self.admin_password, "admin"), region_name=REGION, identity_api_version="3"
        )

    def auth(self, username, password, project=None):
        """The `auth` of a cloud in clouds.yaml, scoped to the project if there is one."""
        user = {"auth_url": self.url, "username": username, "password": password, "user_domain_name": DOMAIN}
        return user | ({"project_name": project, "project_domain_name": DOMAIN} if project else {})

    def stop(self):
        process, self.process = self.process, None
        if process is not None:
            # gunicorn's signal for not waiting for clients that could still say something.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()

    @property
    def log(self):
        return self.folder / "keystone.log"


def keystone_mode(service, keystone):
    """Has an installation that was never started ask the Keystone who is calling."""
    password_file = service.folder / "keystone-password"
    write_secret(password_file, keystone.service_password)
    settings = {
        "AUTH_URL": keystone.url,
        "USERNAME": SERVICE_USER,
        "USER_DOMAIN_NAME": DOMAIN,
        "PASSWORD_FILE": str(password_file),
        "PROJECT_NAME": SERVICE_PROJECT,
        "PROJECT_DOMAIN_NAME": DOMAIN,
    }
    service.settings["KEYPAIRD__IDENTITY__MODE"] = "keystone"
    service.settings |= {f"KEYPAIRD__IDENTITY__KEYSTONE__{name}": value for name, value in settings.items()}
    # There are no accounts of its own that would need a first password.
    service.settings.pop("KEYPAIRD__IDENTITY__BOOTSTRAP_PASSWORD_FILE", None)
    return service


@contextmanager
def running_keystone(folder):
    keystone = Keystone(folder)
    try:
        yield keystone.start()
    finally:
        keystone.stop()


def tool(name):
    """A program of the Python environment that this one runs in."""
    return Path(sys.executable).with_name(name)


def end_with_parent():
    """Has the kernel send this process SIGINT when its parent is gone, even if that was killed."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def close_output():
    """Whoever reads the output reads to its end, and this process stays. Python itself leaves the descriptor open."""
    sys.stdout.flush()
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), sys.stdout.fileno())


def main():
    end_with_parent()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory() as folder, running_keystone(Path(folder)) as keystone:
        print(f"TEST_KEYSTONE_URL={keystone.url}")
        print(f"TEST_KEYSTONE_ADMIN_PASSWORD={keystone.admin_password}")
        print(f"TEST_KEYSTONE_SERVICE_PASSWORD={keystone.service_password}")
        close_output()
        keystone.process.wait()


if __name__ == "__main__":
    main()
