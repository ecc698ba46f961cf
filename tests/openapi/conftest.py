"""What the tests are given: one running service, with things in it that requests can find."""

from dataclasses import dataclass

import pytest

from callers import Alibaba, Huawei, Key, Nobody, Token, Unsigned, made
from service import BINARY, ADMIN_CLOUD, CLOUD, Service, new_key, new_service, running_service


def pytest_configure():
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there; build it with: cargo build")


@dataclass
class Scene:
    """The service, who asks it, and what generated values are replaced by, so that something is found."""

    service: Service
    project: str
    callers: dict


@pytest.fixture(scope="session")
def scene(tmp_path_factory):
    # The name that the document's examples have, too.
    public_key = new_key(tmp_path_factory.mktemp("keys"), "rsa").with_suffix(".pub").read_text().strip()
    installation = new_service(tmp_path_factory.mktemp("service"))
    # Nobody waits for long keys, and no test runs into the limit.
    installation.settings |= {"KEYPAIRD__KEYPAIR__LIMIT": "100000"}
    with running_service(installation) as service:
        (token, project), (admin, _) = service.token(CLOUD), service.token(ADMIN_CLOUD)
        demo = service.cloud(CLOUD)["auth"]
        shown = made(service, "access-key", "create", "--user", demo["username"], "--project", demo["project_name"])
        key = Key(shown["access"], shown["secret"])
        pair = {"keypair": {"name": "web", "public_key": public_key}}
        for path in ("/v2.1/os-keypairs",):
            assert service.request("POST", path, pair, token).status == 200
        yield Scene(
            service,
            project,
            {
                "nobody": Nobody(),
                "unsigned": Unsigned(),
                "token": Token(token),
                "administrator": Token(admin),
                "huawei": Huawei(key),
                "alibaba": Alibaba(key),
            },
        )
