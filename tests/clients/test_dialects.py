"""One key pair, seen by the clients of each dialect; one failure, said in each one's words."""

import openstack
import openstack.exceptions
import pytest

import kps_sdk as kps
from huawei import refused
from service import login_body


@pytest.fixture
def owner(member):
    return member()


@pytest.fixture
def nova(owner):
    """The same user through openstacksdk."""
    return openstack.connection.Connection(auth=owner.cloud(), region_name="RegionOne")


@pytest.fixture
def v2_1(owner, service):
    """Sends a request of KPS V2.1 with a token of the same user."""
    login = service.request("POST", "/identity/v3/auth/tokens", login_body(owner.cloud()))
    token = login.headers["X-Subject-Token"]
    path = f"/v2.1/{owner.project_id}/keypairs"
    return lambda method, body=None, name="": service.request(method, f"{path}{name and '/' + name}", body, token)


def test_what_kps_v3_made_the_others_show_and_delete(owner, nova, v2_1, own_public_key):
    made = kps.create(owner.kps(), "from-v3", public_key=own_public_key.read_text())
    seen = nova.get_keypair("from-v3")
    assert (seen.fingerprint, seen.public_key) == (made.fingerprint, made.public_key)
    assert v2_1("GET", name="from-v3").json()["keypair"]["fingerprint"] == made.fingerprint
    assert nova.delete_keypair("from-v3") is True
    with refused(404, "KPS.4016"):
        kps.detail(owner.kps(), "from-v3")


def test_what_nova_made_the_others_show_and_delete(owner, nova, v2_1, own_public_key):
    made = nova.create_keypair("from-nova", own_public_key.read_text())
    seen = kps.detail(owner.kps(), "from-nova")
    assert (seen.fingerprint, seen.public_key, seen.scope) == (made.fingerprint, made.public_key, "user")
    assert v2_1("GET", name="from-nova").json()["keypair"]["public_key"] == made.public_key
    assert kps.delete(owner.kps(), "from-nova").status_code == 204
    assert nova.get_keypair("from-nova") is None


def test_what_kps_v2_1_made_the_others_show(owner, nova, v2_1, own_public_key):
    body = {"keypair": {"name": "from-v2", "public_key": own_public_key.read_text()}}
    made = v2_1("POST", body).json()["keypair"]
    assert kps.detail(owner.kps(), "from-v2").fingerprint == made["fingerprint"]
    assert [pair.name for pair in nova.list_keypairs()] == ["from-v2"]


def test_a_description_of_one_is_read_by_the_other(owner, v2_1, own_public_key):
    kps.create(owner.kps(), "described", public_key=own_public_key.read_text())
    kps.describe(owner.kps(), "described", "by V3")
    assert v2_1("GET", name="described").json()["keypair"]["description"] == "by V3"
    v2_1("PUT", {"keypair": {"description": "by V2.1"}}, "described")
    assert kps.detail(owner.kps(), "described").description == "by V2.1"


def test_a_projects_pair_is_listed_by_nova_and_not_deleted_there(owner, nova, own_public_key):
    kps.create(owner.kps(), "ours", public_key=own_public_key.read_text(), scope="domain")
    assert [pair.name for pair in nova.list_keypairs()] == ["ours"]
    assert nova.get_keypair("ours").public_key == own_public_key.read_text()
    assert nova.delete_keypair("ours") is False, "a 404"
    assert kps.detail(owner.kps(), "ours").scope == "domain"


def test_a_taken_name_is_said_in_each_dialects_words(owner, nova, v2_1, own_public_key):
    public_key = own_public_key.read_text()
    kps.create(owner.kps(), "taken", public_key=public_key)
    with pytest.raises(openstack.exceptions.ConflictException) as conflict:
        nova.create_keypair("taken", public_key)
    body = conflict.value.response.json()
    assert body["conflictingRequest"]["code"] == 409 and "already exists" in body["conflictingRequest"]["message"]
    answer = v2_1("POST", {"keypair": {"name": "taken", "public_key": public_key}})
    assert (answer.status, answer.json()["error_code"]) == (409, "KPS.0002")
    with refused(400, "KPS.0002"):
        kps.create(owner.kps(), "taken", public_key=public_key)
