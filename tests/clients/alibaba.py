"""Alibaba's Python SDKs of today (Tea) as a member of a project uses them. Each answer must be what its model says."""

import base64
import hashlib
import json
from contextlib import contextmanager
from typing import get_args, get_origin, get_type_hints

import pytest
from alibabacloud_ecs20140526 import models as ecs_models
from alibabacloud_ecs20140526.client import Client as EcsClient
from alibabacloud_ens20171110 import models as ens_models
from alibabacloud_ens20171110.client import Client as EnsClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.model import DaraModel
from darabonba.runtime import ExtendsParameters, RuntimeOptions

from alibaba_rpc import REGION

# How Tea can sign, and the setting that makes it do so.
SIGNATURES = {"ACS3-HMAC-SHA256": None, "HMAC-SHA1": "v2"}


def ecs(member, region=REGION, **config):
    """ECS in a region, with the member's access key or with what `config` has in its place."""
    return Sdk(EcsClient(configuration(member, config)), ecs_models, {"region_id": region})


def ens(member, **config):
    return Sdk(EnsClient(configuration(member, config)), ens_models, {})


def configuration(member, config):
    credentials = {"access_key_id": member.access, "access_key_secret": member.secret}
    endpoint = {"endpoint": f"127.0.0.1:{member.service.port}", "protocol": "http", "region_id": REGION}
    return Config(**credentials | endpoint | config)


class Sdk:
    """A client of an SDK: `sdk.create_key_pair(key_pair_name=…)` gives the decoded body."""

    def __init__(self, client, models, always):
        self.client, self.models, self.always = client, models, always
        # What the SDK is to send in place of its own headers and common parameters.
        self.headers, self.queries = {}, {}
        self.answer = None
        send = client.call_api

        def kept(*arguments):
            self.answer = send(*arguments)
            return self.answer

        client.call_api = kept

    def __getattr__(self, name):
        action = "".join(part.capitalize() for part in name.split("_"))
        call, request = getattr(self.client, f"{name}_with_options"), getattr(self.models, f"{action}Request")
        known = get_type_hints(request.__init__)
        always = {member: value for member, value in self.always.items() if member in known}

        def called(**parameters):
            runtime = RuntimeOptions(extends_parameters=ExtendsParameters(self.headers, self.queries))
            body = call(request(**always | parameters), runtime).body
            assert_typed(body)
            assert body.to_map() == self.answer["body"], "a member that the SDK does not know"
            return body

        return called

    def tags(self, action, tags):
        """Key and value of each tag, as the SDK wants them in the request of an action."""
        return [getattr(self.models, f"{action}RequestTag")(key=key, value=value) for key, value in tags.items()]

    def describe(self, **parameters):
        """The rows of a list, and what it says of itself: page, page size, total."""
        body = self.describe_key_pairs(**parameters)
        return body.key_pairs.key_pair, (body.page_number, body.page_size, body.total_count)

    def names(self, **parameters):
        return [row.key_pair_name for row in self.describe(**parameters)[0]]


def assert_typed(model):
    """The SDK decodes a number where its model has a text, and the like, without a word."""
    for name, hint in get_type_hints(type(model).__init__).items():
        value = getattr(model, name)
        values = value if get_origin(hint) is list and type(value) is list else [value]
        wanted = get_args(hint)[0] if get_origin(hint) is list else hint
        for each in values:
            assert type(each) in (wanted, type(None)), f"{type(model).__name__}.{name} is {each!r}"
            if isinstance(each, DaraModel):
                assert_typed(each)


@contextmanager
def refused(status, code):
    """What is called inside must be refused like that, by an error that the SDK can read."""
    with pytest.raises(ClientException) as caught:
        yield caught
    error = caught.value
    assert (error.status_code, error.code) == (status, code), error
    assert error.message.startswith(f"code: {status}, ") and error.message.endswith(f"request id: {error.request_id}")
    assert {"RequestId", "HostId", "Code", "Message", "Recommend"} <= error.data.keys(), error.data


def fingerprint(public_key):
    """MD5 of the key blob: 32 hex digits."""
    return hashlib.md5(base64.b64decode(public_key.split()[1])).hexdigest()


def name_list(*names):
    """DeleteKeyPairs takes a JSON array as one text."""
    return json.dumps(names)


def tags_of(row):
    return {tag.tag_key: tag.tag_value for tag in row.tags.tag}
