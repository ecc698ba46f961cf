"""Huawei's own Python SDK, which signs its requests with an access key."""

import json

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkkps import v3

from service import derived_public_key, without_comment


@pytest.fixture(scope="module")
def access_key(service):
    made = service.command("access-key", "create", "--user", "demo", "--project", "demo", "--output", "json")
    return json.loads(made)


@pytest.fixture
def kps(service, access_key):
    """A client of that secret and project, or of the right ones."""

    def kps(secret=access_key["secret"], project=access_key["project_id"], access=access_key["access"]):
        credentials = BasicCredentials(access, secret, project)
        endpoint = f"http://127.0.0.1:{service.port}"
        return v3.KpsClient.new_builder().with_credentials(credentials).with_endpoint(endpoint).build()

    return kps


@pytest.fixture
def kept(service):
    """A key pair of that name whose private key is kept."""
    token, project = service.token()

    def kept(name):
        body = {"keypair": {"name": name, "key_protection": {"encryption": {"type": "default"}}}}
        answer = service.request("POST", f"/v2.1/{project}/keypairs", body, token)
        assert answer.status == 200, answer.body
        return answer.json()["keypair"]

    return kept


def export(client, name):
    keypair = v3.ExportPrivateKeyKeypairBean(name=name)
    body = v3.ExportPrivateKeyRequestBody(keypair=keypair)
    return client.export_private_key(v3.ExportPrivateKeyRequest(body=body)).keypair


def test_a_kept_private_key_is_exported_cleared_and_put_in_again(service, kps, kept, tmp_path):
    made = kept("huawei-kept")
    client = kps()
    exported = export(client, "huawei-kept")
    assert (exported.name, exported.private_key) == ("huawei-kept", made["private_key"])
    client.clear_private_key(v3.ClearPrivateKeyRequest(keypair_name="huawei-kept"))
    with pytest.raises(ClientRequestException) as refused:
        export(client, "huawei-kept")
    assert (refused.value.status_code, refused.value.error_code) == (400, "KPS.6005")
    encryption = v3.Encryption(type="default")
    protection = v3.ImportPrivateKeyProtection(private_key=made["private_key"], encryption=encryption)
    keypair = v3.ImportPrivateKeyKeypairBean(name="huawei-kept", key_protection=protection)
    body = v3.ImportPrivateKeyRequestBody(keypair=keypair)
    client.import_private_key(v3.ImportPrivateKeyRequest(body=body))
    again = export(client, "huawei-kept").private_key
    assert derived_public_key(again, tmp_path) == without_comment(made["public_key"])


@pytest.mark.parametrize("wrong", [{"secret": "x" * 43}, {"access": "KPDNOSUCHKEY"}])
def test_a_wrong_key_is_refused_with_the_gateways_code(kps, wrong):
    with pytest.raises(ClientRequestException) as refused:
        export(kps(**wrong), "huawei-none")
    error = refused.value
    assert (error.status_code, error.error_code) == (401, "APIGW.0301")
    assert error.error_msg.startswith("Incorrect IAM authentication information: ") and error.request_id


def test_a_foreign_project_is_refused(kps):
    with pytest.raises(ClientRequestException) as refused:
        export(kps(project="0123456789abcdef0123456789abcdef"), "huawei-none")
    assert (refused.value.status_code, refused.value.error_code) == (403, "KPS.9003")


def test_a_missing_pair_is_a_404(kps):
    with pytest.raises(ClientRequestException) as refused:
        export(kps(), "huawei-none")
    assert (refused.value.status_code, refused.value.error_code) == (404, "KPS.4016")
