"""Huawei's own Python SDK with an EC2 credential of a real Keystone's user, made by the `openstack` command."""

import json
import time

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkkps import v3

from conftest import running_service
from keystone import SERVICE_USER, keystone_mode
from people import new_person
from service import new_service

# For how long a credential that was found is remembered.
REMEMBERED_SECONDS = 5


@pytest.fixture(scope="module")
def ec2_service(keystone, tmp_path_factory):
    """A running service that takes EC2 credentials of that Keystone, which lets it read them."""
    identity = keystone.admin.identity
    user, role = identity.find_user(SERVICE_USER, ignore_missing=False), identity.find_role("reader", ignore_missing=False)
    identity.assign_system_role_to_user(user, role, "all")
    installation = keystone_mode(new_service(tmp_path_factory.mktemp("ec2-service")), keystone)
    installation.settings["KEYPAIRD__IDENTITY__KEYSTONE__EC2_CREDENTIALS"] = "true"
    installation.settings["KEYPAIRD__LOG__LEVEL"] = "trace"
    with running_service(installation) as running:
        yield running


@pytest.fixture
def someone(keystone, openstack_as):
    """A user, and the `openstack` command as that user."""
    person = new_person(keystone)
    return person, openstack_as(mine=person.auth())


@pytest.fixture
def credential(someone):
    _, command = someone
    return json.loads(command.succeeds("ec2", "credentials", "create", "-f", "json", cloud="mine"))


def kps(service, credential):
    credentials = BasicCredentials(credential["access"], credential["secret"], credential["project_id"])
    endpoint = f"http://127.0.0.1:{service.port}"
    return v3.KpsClient.new_builder().with_credentials(credentials).with_endpoint(endpoint).build()


def export(client, name):
    keypair = v3.ExportPrivateKeyKeypairBean(name=name)
    body = v3.ExportPrivateKeyRequestBody(keypair=keypair)
    return client.export_private_key(v3.ExportPrivateKeyRequest(body=body)).keypair


def test_the_sdk_exports_a_kept_private_key_until_the_credential_is_deleted(ec2_service, someone, credential):
    person, command = someone
    body = {"keypair": {"name": "kept", "key_protection": {"encryption": {"type": "default"}}}}
    token = person.session().get_token()
    made = ec2_service.request("POST", f"/v2.1/{credential['project_id']}/keypairs", body, token)
    assert made.status == 200, made.body
    client = kps(ec2_service, credential)
    assert export(client, "kept").private_key == made.json()["keypair"]["private_key"]
    command.succeeds("ec2", "credentials", "delete", credential["access"], cloud="mine")
    time.sleep(REMEMBERED_SECONDS)
    with pytest.raises(ClientRequestException) as refused:
        export(client, "kept")
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
    assert refused.value.error_msg.endswith(f"ak {credential['access']} not exist")


def test_at_the_finest_log_level_there_is_no_secret(ec2_service, credential):
    with pytest.raises(ClientRequestException) as missing:
        export(kps(ec2_service, credential), "none")
    assert missing.value.status_code == 404
    log = ec2_service.log.read_text(errors="replace")
    assert "logged in to Keystone as 'keypaird'" in log, "the search finds what is logged"
    assert credential["secret"] not in log
