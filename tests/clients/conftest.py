"""What the tests are given. The stage decides on which database: PostgreSQL where TEST_DATABASE_URL is set."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import openstack
import openstack.config
import pytest

from huawei import new_member
from keystone import keystone_mode, running_keystone
from people import administrator, new_person, write_clouds
from service import BINARY, CLOUD, PATIENCE, POSTGRESQL_URL, bare_environment, new_key, new_service, running_service

# How long the service of the tests through Keystone believes what a token was: short, because tests wait for its end.
TOKEN_CACHE_SECONDS = 2

# What Alibaba's clients may name beside the service's own region.
ALIBABA_SETTINGS = {
    "KEYPAIRD__ALIBABA__REGIONS": "cn-hangzhou,RegionOne",
    "KEYPAIRD__ALIBABA__RESOURCE_GROUPS": "rg-one,rg-two",
}

# The quick starts are on SQLite whatever the stage.
collect_ignore = [] if POSTGRESQL_URL is None else ["test_quickstarts.py"]


def pytest_configure():
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there; build it with: cargo build")


@pytest.fixture(scope="session")
def service(tmp_path_factory):
    """One running service for all tests that only need some service; each test names its key pairs itself."""
    with running_service(new_service(tmp_path_factory.mktemp("service"))) as running:
        yield running


@pytest.fixture
def own_service(tmp_path):
    """An installation of the test's own, not started yet."""
    installation = new_service(tmp_path / "service")
    yield installation
    installation.stop()


@pytest.fixture
def member(service):
    """Makes a user with an access key: member(), member(project), member(role="reader")."""
    return lambda project=None, role="member": new_member(service, project, role)


@pytest.fixture(scope="session")
def alibaba_service(tmp_path_factory):
    """One running service for all of Alibaba's clients; each test makes its own project."""
    installation = new_service(tmp_path_factory.mktemp("alibaba-service"))
    installation.settings |= ALIBABA_SETTINGS
    with running_service(installation) as running:
        yield running


@pytest.fixture
def tenant(alibaba_service):
    """Makes a user of that service with an access key, as `member` does."""
    return lambda project=None, role="member": new_member(alibaba_service, project, role)


@pytest.fixture(scope="session")
def keystone(tmp_path_factory):
    """One real Keystone for all tests that ask for one; each test makes its own users."""
    with running_keystone(tmp_path_factory.mktemp("keystone")) as running:
        yield running


@pytest.fixture(scope="session")
def keystone_service(keystone, tmp_path_factory):
    """One running service that asks that Keystone, which names it in its catalog."""
    running = keystone_mode(new_service(tmp_path_factory.mktemp("keystone-service")), keystone)
    running.settings["KEYPAIRD__IDENTITY__KEYSTONE__TOKEN_CACHE_SECONDS"] = str(TOKEN_CACHE_SECONDS)
    with running_service(running):
        keystone.register(running.port)
        yield running


@pytest.fixture
def person(keystone, keystone_service):
    """Makes a user of that Keystone: person(), person("reader"), person(projects=2)."""
    return lambda role="member", projects=1: new_person(keystone, role, projects)


@pytest.fixture
def admin(keystone, keystone_service):
    return administrator(keystone)


@pytest.fixture
def openstack_as(tmp_path):
    """The `openstack` command with a cloud for each `auth` that it is given by name."""
    return lambda **auths: OpenStack(write_clouds(tmp_path / "clouds.yaml", **auths), tmp_path)


@dataclass
class OpenStack:
    """python-openstackclient as a person runs it: a command in a shell."""

    clouds_yaml: Path
    folder: Path

    def __call__(self, *arguments, cloud=CLOUD):
        command = [Path(sys.executable).with_name("openstack"), "--os-cloud", cloud, *arguments]
        own = {"OS_CLIENT_CONFIG_FILE": str(self.clouds_yaml), "HOME": str(self.folder)}
        return subprocess.run(
            command, cwd=self.folder, env=bare_environment(own), capture_output=True, text=True, timeout=PATIENCE
        )

    def succeeds(self, *arguments, **cloud):
        done = self(*arguments, **cloud)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *arguments, **cloud):
        done = self(*arguments, **cloud)
        assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
        return done.stderr


@pytest.fixture
def openstack_command(service, tmp_path):
    return OpenStack(service.clouds_yaml, tmp_path)


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
    return new_key(tmp_path_factory.mktemp("keys")).with_suffix(".pub")


@pytest.fixture(scope="session")
def rsa_public_key(tmp_path_factory):
    """The one line of an RSA key's public half: the only kind that every product of Alibaba takes."""
    return new_key(tmp_path_factory.mktemp("keys"), "rsa").with_suffix(".pub").read_text().strip()


@pytest.fixture(scope="session")
def own_private_key(own_public_key):
    """The private key that belongs to it."""
    return own_public_key.with_suffix("").read_text()


@pytest.fixture(scope="session")
def other_private_key(tmp_path_factory):
    """A private key that belongs to none of them."""
    return new_key(tmp_path_factory.mktemp("keys")).read_text()
