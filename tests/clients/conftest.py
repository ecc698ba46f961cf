"""What the tests are given. The stage decides on which database: PostgreSQL where TEST_DATABASE_URL is set."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import openstack
import openstack.config
import pytest

from service import BINARY, CLOUD, PATIENCE, POSTGRESQL_URL, Service, bare_environment, new_service

# Several processes on one database need one that can be shared.
collect_ignore = ["test_replicas.py"] if POSTGRESQL_URL is None else []


def pytest_configure():
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there; build it with: cargo build --release")


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """One running service for all tests that only need some service; each test names its key pairs itself."""
    running = new_service(tmp_path_factory.mktemp("service")).start()
    yield running
    running.stop()


@pytest.fixture
def own_service(tmp_path):
    """An installation of the test's own, not started yet."""
    installation = new_service(tmp_path / "service")
    yield installation
    installation.stop()


@dataclass
class OpenStack:
    """python-openstackclient as a person runs it: a command in a shell."""

    service: Service
    folder: Path

    def __call__(self, *arguments, cloud=CLOUD):
        command = [Path(sys.executable).with_name("openstack"), "--os-cloud", cloud, *arguments]
        own = {"OS_CLIENT_CONFIG_FILE": str(self.service.clouds_yaml), "HOME": str(self.folder)}
        return subprocess.run(
            command, cwd=self.folder, env=bare_environment(own), capture_output=True, text=True, timeout=PATIENCE
        )

    def succeeds(self, *arguments):
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments):
        done = self(*arguments)
        assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
        return done.stderr


@pytest.fixture
def openstack_command(service, tmp_path):
    return OpenStack(service, tmp_path)


@pytest.fixture
def connect(service):
    """openstacksdk's connection by clouds.yaml; settings such as compute_default_microversion can be given."""

    def connect(cloud=CLOUD, **settings):
        config = openstack.config.OpenStackConfig(config_files=[str(service.clouds_yaml)], load_envvars=False)
        return openstack.connection.Connection(config=config.get_one(cloud=cloud, **settings))

    return connect


@pytest.fixture(scope="session")
def own_public_key(tmp_path_factory):
    """A public key made by ssh-keygen, with its comment and trailing newline, and the file that it is in."""
    path = tmp_path_factory.mktemp("keys") / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@home", "-f", path], check=True)
    return path.with_suffix(".pub")
