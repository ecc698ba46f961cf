"""Users of the embedded identity who sign their requests, and Huawei's Python SDKs as they use them."""

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.client import ClientBuilder
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkecs.v2 import EcsClient
from huaweicloudsdkkps.v3 import KpsClient

from service import Service


@dataclass
class Member:
    """A user with a role on a project, and an access key for it."""

    service: Service
    user: str
    user_id: str
    password: str
    project: str
    project_id: str
    access: str
    secret: str

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.service.port}"

    def kps(self, **other):
        """The client of KPS V3, with these credentials or with `other` ones in their place."""
        return Once(self.builder(KpsClient, **other))

    def ecs(self):
        """The client of ECS, whose calls for key pairs are Nova's."""
        return Once(self.builder(EcsClient))

    def builder(self, client, **other):
        credentials = {"ak": self.access, "sk": self.secret, "project_id": self.project_id} | other
        return ClientBuilder(client).with_credentials(BasicCredentials(**credentials)).with_endpoint(self.endpoint)

    def new_key(self, *arguments):
        """What the command says of another access key of this user and project."""
        return made(self.service, "access-key", "create", "--user", self.user, "--project", self.project, *arguments)

    def cloud(self):
        """The `auth` of a cloud: the same user with its password, for OpenStack's clients."""
        return {
            "auth_url": f"{self.endpoint}/identity/v3",
            "username": self.user,
            "password": self.password,
            "project_name": self.project,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }


def new_member(service, project=None, role="member"):
    """A user that no other test knows, with the role on that project, or on one of its own."""
    name = f"member-{secrets.token_hex(4)}"
    user = made(service, "user", "create", name)
    project = project or made(service, "project", "create", f"{name}-project")["name"]
    service.command("role", "add", "--user", name, "--project", project, role)
    key = made(service, "access-key", "create", "--user", name, "--project", project)
    return Member(
        service, name, user["id"], user["password"], project, key["project_id"], key["access"], key["secret"]
    )


def made(service, *arguments):
    return json.loads(service.command(*arguments, "--output", "json"))


class Once:
    """A client of an SDK. Each of its calls must send one request.

    The SDK sends a request again where it fails to decode the answer: one of a wrong shape would create twice.
    """

    def __init__(self, builder):
        self.sent = []
        handler = HttpHandler().add_request_handler(lambda request, **_: self.sent.append(request))
        self.sdk = builder.with_http_handler(handler).build()

    def __getattr__(self, name):
        call = getattr(self.sdk, name)

        def once(request):
            self.sent.clear()
            try:
                return call(request)
            finally:
                assert len(self.sent) == 1, f"{name} was sent {len(self.sent)} times"

        return once


@contextmanager
def refused(status, code):
    """What is called inside must be refused like that, by an error that the SDK can read."""
    with pytest.raises(ClientRequestException) as caught:
        yield caught
    error = caught.value
    assert (error.status_code, error.error_code) == (status, code), error
    assert error.request_id and error.error_msg
