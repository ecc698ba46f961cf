"""What a token of a real Keystone opens: by its scope, by who made it, and until when."""

import time

import openstack
import pytest

from conftest import TOKEN_CACHE_SECONDS
from keystone import REGION, keystone_mode

PAIRS = "/v2.1/os-keypairs"
PAIR = {"keypair": {"name": "mine"}}


@pytest.fixture
def status(keystone_service):
    """The status of a list of key pairs with the token."""
    return lambda token: keystone_service.request("GET", PAIRS, token=token).status


def test_without_a_token_the_answer_says_where_to_get_one(keystone, keystone_service):
    for token in (None, "not-a-token"):
        answer = keystone_service.request("GET", PAIRS, token=token)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{keystone.url}"'
        assert answer.json()["error"]["title"] == "Unauthorized"


def test_an_unscoped_token_lists_and_makes_nothing(keystone_service, person):
    token = person().session(unscoped=True).get_token()
    assert keystone_service.request("GET", PAIRS, token=token).json() == {"keypairs": []}
    assert keystone_service.request("GET", f"{PAIRS}/mine", token=token).status == 404
    made = keystone_service.request("POST", PAIRS, PAIR, token)
    assert (made.status, made.json()["forbidden"]["message"]) == (403, "Forbidden")


def test_a_token_for_the_system_is_refused(keystone_service, admin):
    token = admin.session(system_scope="all").get_token()
    for method, path, body in [("GET", PAIRS, None), ("GET", f"{PAIRS}/mine", None), ("POST", PAIRS, PAIR)]:
        assert keystone_service.request(method, path, body, token).status == 403, method


def test_an_application_credential_makes_and_deletes_a_pair_of_its_user(keystone, person):
    someone = person()
    made = someone.connect().identity.create_application_credential(someone.id, name="robot")
    credential = {"application_credential_id": made.id, "application_credential_secret": made.secret}
    cloud = openstack.connection.Connection(
        auth_type="v3applicationcredential", auth={"auth_url": keystone.url} | credential, region_name=REGION
    )
    cloud.create_keypair("robot")
    assert someone.connect().get_keypair("robot").user_id == someone.id
    assert cloud.delete_keypair("robot") is True


def test_a_revoked_token_is_soon_refused(person, status):
    session = person().session()
    token = session.get_token()
    assert status(token) == 200
    session.delete("/auth/tokens", endpoint_filter={"service_type": "identity"}, headers={"X-Subject-Token": token})
    wait_until_refused(status, token)


def test_a_disabled_users_token_is_soon_refused(keystone, person, status):
    someone = person()
    token = someone.session().get_token()
    assert status(token) == 200
    keystone.admin.identity.update_user(someone.id, is_enabled=False)
    wait_until_refused(status, token)


def test_a_token_for_a_role_that_was_taken_away_is_soon_refused(keystone, person, status):
    someone, identity = person(), keystone.admin.identity
    token = someone.session().get_token()
    assert status(token) == 200
    project = identity.find_project(someone.projects[0], ignore_missing=False)
    identity.unassign_project_role_from_user(project, someone.id, identity.find_role("member"))
    wait_until_refused(status, token)


def test_at_the_finest_log_level_there_is_no_token_and_no_password(keystone, person, own_service):
    service = keystone_mode(own_service, keystone)
    service.settings["KEYPAIRD__LOG__LEVEL"] = "trace"
    service.start()
    assert service.request("GET", PAIRS, token=person().session().get_token()).status == 200
    assert service.stop() == 0
    log = service.log.read_text(errors="replace")
    assert "logged in to Keystone as 'keypaird'" in log, "the search finds what is logged"
    assert keystone.service_password not in log
    # So begins every token of this Keystone: the caller's, and the service's own.
    assert "gAAAAA" not in log


def wait_until_refused(status, token):
    """By the end of the time for which the service may believe what it was told, and no later."""
    time.sleep(TOKEN_CACHE_SECONDS)
    assert status(token) == 401
