"""KPS V2.1 in plain HTTP: the requests of its documentation, as they stand there."""

import copy
import json
from pathlib import Path

import pytest

from service import derived_public_key, without_comment

VECTORS = json.loads(Path(__file__).parents[1].joinpath("vectors/kps_documentation.json").read_text())
DOCUMENTED = {each["name"]: each for each in VECTORS["requests"]}
PLAIN = ["create", "import a public key"]
MANAGED = ["create with a managed private key", "import with a managed private key"]


@pytest.fixture
def keypairs(service):
    """Sends a request to the collection, or to `name` in it."""
    token, project = service.token()

    def keypairs(method, body=None, name=""):
        return service.request(method, f"/v2.1/{project}/keypairs{name and '/' + name}", body, token)

    return keypairs


def test_the_documented_requests_are_those_that_are_tested():
    assert sorted(DOCUMENTED) == sorted(PLAIN + MANAGED)


@pytest.mark.parametrize("name", PLAIN)
def test_a_documented_request_without_protection_succeeds(keypairs, name, tmp_path):
    assert_made(keypairs, DOCUMENTED[name], DOCUMENTED[name]["body"], tmp_path)


@pytest.mark.parametrize("name", MANAGED)
def test_a_key_of_the_kms_is_refused_where_no_kms_is_configured(keypairs, name):
    answer = keypairs("POST", DOCUMENTED[name]["body"])
    assert (answer.status, answer.json()["error_code"]) == (400, "KPS.6008")
    assert "default" in answer.json()["error_msg"], "it says what would work"
    assert keypairs("GET", name=DOCUMENTED[name]["body"]["keypair"]["name"]).status == 404, "nothing was stored"


@pytest.mark.parametrize("name", MANAGED)
def test_the_services_own_keys_protect_what_the_kms_would(keypairs, name, tmp_path):
    body = copy.deepcopy(DOCUMENTED[name]["body"])
    body["keypair"]["key_protection"]["encryption"] = {"type": "default"}
    assert_made(keypairs, DOCUMENTED[name], body, tmp_path)


def assert_made(keypairs, documented, body, folder):
    """The pair is answered and can be read again; a generated one's private key comes once and fits."""
    answer = keypairs("POST", body)
    assert answer.status == 200, answer.body
    made, wanted = answer.json()["keypair"], body["keypair"]
    assert made["name"] == wanted["name"]
    assert made["fingerprint"] == documented.get("fingerprint", made["fingerprint"])
    if "public_key" in wanted:
        assert made["public_key"] == wanted["public_key"]
        assert "private_key" not in made
    else:
        assert derived_public_key(made["private_key"], folder) == without_comment(made["public_key"])
    shown = keypairs("GET", name=wanted["name"]).json()["keypair"]
    assert (shown["public_key"], shown["fingerprint"]) == (made["public_key"], made["fingerprint"])
    assert "private_key" not in shown
    assert keypairs("DELETE", name=wanted["name"]).status == 202
