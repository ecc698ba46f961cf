"""Private keys that are kept under keys of a KMS, moto's, with Huawei's Python SDK."""

import pytest

import kms
import kps_sdk as kps
from huawei import new_member, refused
from service import running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One service with a KMS for all tests here, in place of the one without."""
    with running_service(kms.new_kms_service(tmp_path_factory.mktemp("kms-service"))) as running:
        yield running


@pytest.fixture
def owner(service):
    return new_member(service)


@pytest.fixture
def key(owner):
    return kms.new_key(owner.project_id)


def under(**key):
    return kps.v3.Encryption(type="kms", **key)


@pytest.mark.parametrize("named_by", [["name"], ["id"], ["name", "id"]])
def test_a_private_key_is_kept_under_the_projects_key(owner, key, named_by):
    client = owner.kps()
    names = {f"kms_key_{each}": getattr(key, each) for each in named_by}
    made = kps.create_kept(client, "kept", under(**names))
    shown = kps.detail(client, "kept")
    assert (shown.is_key_protection, shown.key_id) == (True, key.id)
    assert kps.export(client, "kept").private_key == made.private_key


def test_a_private_key_moves_from_the_kms_to_the_services_own_keys_and_back(owner, key):
    client = owner.kps()
    made = kps.create_kept(client, "moved", under(kms_key_name=key.name))
    kps.import_private_key(client, "moved", made.private_key)
    assert kps.detail(client, "moved").key_id is None
    kps.import_private_key(client, "moved", made.private_key, under(kms_key_id=key.id))
    assert kps.detail(client, "moved").key_id == key.id
    assert kps.export(client, "moved").private_key == made.private_key
    kps.clear(client, "moved")
    shown = kps.detail(client, "moved")
    assert (shown.is_key_protection, shown.key_id) == (False, None)


def test_keys_that_the_project_does_not_have_are_refused_alike(owner, key, service):
    client, theirs = owner.kps(), kms.new_key(new_member(service).project_id)
    other = kms.new_key(owner.project_id)
    for wrong in [
        {"kms_key_name": "none"},
        {"kms_key_id": "0d6f0000-0000-4000-8000-000000000000"},
        {"kms_key_name": theirs.name},
        {"kms_key_id": theirs.id},
        {"kms_key_name": key.name, "kms_key_id": other.id},
    ]:
        with refused(400, "KPS.6008"):
            kps.create_kept(client, "never", under(**wrong))
    assert kps.listed(client)[0] == []
