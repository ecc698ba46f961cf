"""Private keys that are kept under keys of a KMS, moto's, with Huawei's Python SDK and as its Terraform provider does."""

import pytest

import kms
import kps_sdk as kps
from golangsdk import Provider
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


def test_the_providers_acceptance_test_of_a_generated_pair(owner, key):
    provider, encryption = Provider(owner), {"type": "kms", "kms_key_name": key.name}
    name, private_key = provider.create(
        name="tf-kms", user_id=owner.user_id, key_protection={"encryption": encryption}, description="made"
    )
    assert private_key, "the provider writes it to a file"
    state = provider.read(name)
    assert (state["is_managed"], state["user_id"], state["description"]) == (True, owner.user_id, "made")
    provider.import_private_key(name, private_key, {"type": "default"}, user_id=owner.user_id)
    assert provider.read(name)["is_managed"] is True
    provider.clear(name)
    assert provider.read(name)["is_managed"] is False
    provider.import_private_key(name, private_key, encryption, user_id=owner.user_id)
    assert provider.read(name)["is_managed"] is True
    provider.delete(name)
    assert provider.read(name) is None


def test_the_providers_acceptance_test_of_an_imported_pair(owner, key, own_public_key, own_private_key):
    provider, public_key = Provider(owner), own_public_key.read_text()
    name, private_key = provider.create(name="tf-imported", public_key=public_key, scope="account")
    assert private_key is None
    state = provider.read(name)
    assert (state["scope"], state["is_managed"], state["public_key"]) == ("account", False, public_key)
    for encryption in [{"type": "kms", "kms_key_id": key.id, "kms_key_name": key.name}, {"type": "default"}]:
        provider.import_private_key(name, own_private_key, encryption)
        assert provider.read(name)["is_managed"] is True
    provider.clear(name)
    assert provider.read(name)["is_managed"] is False
    provider.delete(name)
    assert provider.read(name) is None
