"""Two replicas on one PostgreSQL, which TEST_DATABASE_URL names; `replicas` are started, at the same time."""

from contextlib import contextmanager

import pytest

from service import BINARY, POSTGRESQL_URL, Service, new_database, postgresql_settings

# How long a replica goes on after SIGTERM, in seconds: longer than the balancer takes to see that it stops.
DRAIN_SECONDS = 3
# What a load makes is much.
NO_LIMIT = {"KEYPAIRD__KEYPAIR__LIMIT": "1000000"}


def pytest_configure():
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there; build it with: cargo build")
    if POSTGRESQL_URL is None:
        raise pytest.UsageError("TEST_DATABASE_URL must name a PostgreSQL server")


@contextmanager
def two_replicas(folder, **settings):
    """Two installations with one database, one master key file and one password file, started at the same time."""
    url = new_database()
    drain = {"KEYPAIRD__HTTP__DRAIN_SECONDS": str(DRAIN_SECONDS)}
    shared = postgresql_settings(folder, url) | NO_LIMIT | drain | settings
    pair = [Service(folder / name, url, shared) for name in ("left", "right")]
    try:
        for replica in pair:
            replica.folder.mkdir()
            replica.launch()
        for replica in pair:
            replica.wait_until_ready()
        yield pair
    finally:
        for replica in pair:
            # Without the pause for a balancer.
            if replica.process:
                replica.process.kill()
                replica.process.wait()


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    """Of a file's tests, each of which leaves both running or is the last."""
    with two_replicas(tmp_path_factory.mktemp("replicas")) as pair:
        yield pair


@pytest.fixture
def token(replicas):
    return first_of(replicas).token()[0]


def first_of(replicas):
    """The one that made the first users, and wrote how to log in."""
    [first] = [replica for replica in replicas if replica.clouds_yaml.exists()]
    return first


@pytest.fixture
def start(tmp_path):
    """Starts a service at a URL and with a pooler, beside `like` with its keys; nobody waits for it to be ready."""
    installations = []

    def start(url, pooler="none", like=None, **further):
        folder = tmp_path / f"service-{len(installations)}"
        folder.mkdir()
        shared = like.settings if like else postgresql_settings(folder, url)
        place = {"KEYPAIRD__DATABASE__URL": url, "KEYPAIRD__DATABASE__POOLER": pooler}
        settings = shared | NO_LIMIT | place | further
        installations.append(Service(folder, url, settings))
        installations[-1].launch()
        return installations[-1]

    yield start
    for installation in installations:
        installation.stop()
