"""A service as an operator would start it, but for a limit and the life of tokens, and users with tokens."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from figures import LoadFailed
from loads import Processes
from processor import used_by
from service import BINARY, CLOUD, Service, login_body, new_database, postgresql_settings, request, running_service

# Never reached by a load.
LIMIT = "1000000000"
# In seconds, longer than the longest run: tests/long/soak takes an hour and more.
TOKEN_LIFETIME = "86400"
READY = 'keypair_pool_keys{algorithm="rsa-2048"} '
# Logins cost a processor's time; more at once than there are processors only wait.
LOGINS = 4
# How many lines of the service's log are shown where a load has failed.
LOG_LINES = 5
# How long keys may take to be ready, in seconds.
PATIENCE = 600
# How long a service uses no processor at all (by the hundredth of a second) that has nothing to do, in seconds.
CALM = 0.5


@dataclass(frozen=True)
class Scene:
    service: Service
    database: int | None
    """The number of PostgreSQL's first process."""
    run: Callable[[str], None]
    """Has the database run SQL, all of it or nothing."""
    tokens: Path
    """The tokens of many users, a line each."""
    one_token: Path
    """That of another user."""

    @property
    def name(self) -> str:
        return "PostgreSQL" if self.database else "SQLite"

    @property
    def processes(self) -> Processes:
        return Processes((self.service.process.pid,), self.database)

    def one(self) -> str:
        return self.one_token.read_text().strip()

    def bytes(self, value: bytes) -> str:
        """As SQL writes them."""
        return f"'\\x{value.hex()}'::bytea" if self.database else f"x'{value.hex()}'"

    def restart(self, **settings: str):
        """Starts the service anew, with these settings from now on."""
        self.service.stop()
        self.service.settings |= settings
        self.service.start()

    def keep_ready(self, keys: int):
        """Waits until so many keys are ready; starts the service anew if its pool has another size."""
        size = {"KEYPAIRD__KEYPAIR__POOL__SIZE": str(keys)}
        if not size.items() <= self.service.settings.items():
            self.restart(**size)
        deadline = time.monotonic() + PATIENCE
        while _keys_ready(self.service) < keys:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the service has only {_keys_ready(self.service)} of {keys} keys ready")
            time.sleep(0.2)

    def wait_until_calm(self):
        """Until the service uses no processor: it still generates keys for requests whose clients have left."""
        deadline = time.monotonic() + PATIENCE
        used = None
        while used != (used := used_by(self.service.process.pid)):
            if time.monotonic() > deadline:
                raise TimeoutError("the service is still at work, though nobody asks it for anything")
            time.sleep(CALM)

    @contextmanager
    def second_process(self):
        """Another process of the same installation on the same database, as replicas behind a load balancer are."""
        folder = self.service.folder / "second"
        folder.mkdir(exist_ok=True)
        with running_service(Service(folder, self.service.database_url, self.service.settings, self.service.binary)) as second:
            yield second


@contextmanager
def on_postgresql(folder: Path, users: int, binary: Path = BINARY):
    folder.mkdir()
    url = new_database()
    first_process = Path(os.environ["TEST_POSTGRESQL_FOLDER"], "data/postmaster.pid").read_text().split()[0]
    service = Service(folder, url, postgresql_settings(folder, url), binary)
    command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", url]

    def run(script):
        subprocess.run(command, input=script, text=True, check=True)

    with _scene(service, int(first_process), run, users) as scene:
        yield scene


@contextmanager
def on_sqlite(folder: Path, users: int, binary: Path = BINARY):
    folder.mkdir()
    service = Service(folder, binary=binary)

    def run(script):
        with closing(sqlite3.connect(service.data / "keypaird.sqlite", timeout=60)) as connection:
            connection.executescript(f"BEGIN; {script} COMMIT;")

    with _scene(service, None, run, users) as scene:
        yield scene


@contextmanager
def _scene(service, database, run, users):
    service.settings |= {"KEYPAIRD__KEYPAIR__LIMIT": LIMIT, "KEYPAIRD__IDENTITY__TOKEN_LIFETIME_SECONDS": TOKEN_LIFETIME}
    with running_service(service):
        run("".join(map(_copy_of_demo, range(users))))
        with ThreadPoolExecutor(LOGINS) as logins:
            tokens = list(logins.map(lambda number: _login(service, f"bench{number}"), range(users)))
        scene = Scene(service, database, run, service.folder / "tokens", service.folder / "one-token")
        scene.tokens.write_text("\n".join(tokens))
        scene.one_token.write_text(_login(service, "demo"))
        try:
            yield scene
        except LoadFailed as failed:
            # It goes with the folder.
            lines = service.log.read_text().splitlines()[-LOG_LINES:]
            raise LoadFailed("\n".join([f"{scene.name}: {failed}. The service's log ends so:", *lines])) from None


def _copy_of_demo(number: int) -> str:
    """A user with demo's password, whose hash takes long to make, and roles."""
    user = f"{number:032x}"
    demo = "(SELECT id FROM users WHERE name = 'demo')"
    return (
        f"INSERT INTO users SELECT '{user}', 'bench{number}', password, enabled, created_at FROM users WHERE name = 'demo';\n"
        f"INSERT INTO grants SELECT '{user}', target, role FROM grants WHERE user_id = {demo};\n"
    )


def _login(service, name):
    answer = service.request("POST", "/identity/v3/auth/tokens", login_body(service.cloud(CLOUD)["auth"] | {"username": name}))
    assert answer.status == 201, answer.body
    return answer.headers["X-Subject-Token"]


def _keys_ready(service):
    lines = request(service.admin_port, "GET", "/metrics").body.decode().splitlines()
    return next((int(line.removeprefix(READY)) for line in lines if line.startswith(READY)), 0)
