"""One key pair, seen by Alibaba's clients and by those of Nova and KPS; each changes only what its dialect makes."""

import openstack
import pytest

import kps_sdk as kps
from alibaba import ecs, ens, fingerprint, name_list, refused
from alibaba_rpc import REGION


@pytest.fixture
def owner(tenant):
    return tenant()


@pytest.fixture
def nova(owner):
    """The same user through openstacksdk."""
    return openstack.connection.Connection(auth=owner.cloud(), region_name=REGION)


def with_colons(digits):
    return ":".join(digits[start : start + 2] for start in range(0, 32, 2))


@pytest.mark.parametrize("product", [ecs, ens])
def test_what_alibaba_made_nova_and_kps_show_to_users_of_the_project(tenant, owner, nova, product, rsa_public_key):
    made = product(owner).import_key_pair(key_pair_name="ours", public_key_body=rsa_public_key)
    assert [pair.name for pair in nova.list_keypairs()] == ["ours"]
    assert nova.get_keypair("ours").fingerprint == with_colons(made.key_pair_finger_print)
    for someone in (owner, tenant(owner.project)):
        assert kps.listed(someone.kps())[0] == ["ours"]
        shown = kps.detail(someone.kps(), "ours")
        assert (shown.scope, shown.fingerprint) == ("domain", with_colons(made.key_pair_finger_print))
    assert kps.listed(tenant().kps())[0] == [], "not to another project"


def test_what_ecs_made_in_another_region_is_ecs_alone(owner, nova, rsa_public_key):
    ecs(owner, "cn-hangzhou").import_key_pair(key_pair_name="far", public_key_body=rsa_public_key)
    assert (nova.list_keypairs(), kps.listed(owner.kps())[0], ens(owner).names()) == ([], [], [])


def test_what_a_user_made_in_nova_alibaba_shows_to_that_user(tenant, owner, nova, rsa_public_key):
    nova.create_keypair("mine", rsa_public_key)
    for product in (ecs, ens):
        (row,), _ = product(owner).describe()
        assert (row.key_pair_name, row.key_pair_finger_print) == ("mine", fingerprint(rsa_public_key))
        assert product(tenant(owner.project)).names() == [], "not to another user of the project"


def test_what_kps_made_for_the_project_alibaba_shows_to_its_users(tenant, owner, rsa_public_key):
    kps.create(owner.kps(), "ours", public_key=rsa_public_key, scope="domain")
    for someone in (owner, tenant(owner.project)):
        assert (ecs(someone).names(), ens(someone).names()) == (["ours"], ["ours"])


def test_an_x509_pair_is_not_shown_by_alibaba(owner):
    kps.create(owner.kps(), "certificate", type="x509")
    for product in (ecs, ens):
        assert product(owner).describe()[1][2] == 0
        assert product(owner).names(key_pair_name="certificate") == []


def test_deleting_by_alibaba_leaves_a_users_own_pair_alone(owner, nova, rsa_public_key):
    nova.create_keypair("mine", rsa_public_key)
    ecs(owner).delete_key_pairs(key_pair_names=name_list("mine"))
    ens(owner).delete_key_pairs(key_pair_name="mine")
    assert nova.get_keypair("mine").public_key == rsa_public_key


def test_tagging_by_alibaba_leaves_a_users_own_pair_alone(owner, nova, rsa_public_key):
    nova.create_keypair("mine", rsa_public_key)
    client = ecs(owner)
    pair = {"resource_type": "keypair", "resource_id": ["mine"]}
    with refused(404, "InvalidResourceId.NotFound"):
        client.tag_resources(tag=client.tags("TagResources", {"stage": "test"}), **pair)
    with refused(404, "InvalidResourceId.NotFound"):
        client.join_resource_group(resource_type="keypair", resource_id="mine", resource_group_id="rg-one")
    assert client.describe()[0][0].tags.tag == []


def test_deleting_by_nova_leaves_alibabas_pair_alone(owner, nova, rsa_public_key):
    ecs(owner).import_key_pair(key_pair_name="ours", public_key_body=rsa_public_key)
    assert nova.delete_keypair("ours") is False, "a 404"
    assert ecs(owner).names() == ["ours"]
    assert kps.delete(owner.kps(), "ours").status_code == 204, "KPS deletes the user's pair, else the project's"
    assert ecs(owner).names() == []


def test_a_name_that_the_caller_already_sees_is_refused_in_each_dialects_words(owner, nova, rsa_public_key):
    nova.create_keypair("mine", rsa_public_key)
    ecs(owner).import_key_pair(key_pair_name="ours", public_key_body=rsa_public_key)
    for name in ("mine", "ours"):
        with refused(400, "KeyPair.AlreadyExist"):
            ecs(owner).import_key_pair(key_pair_name=name, public_key_body=rsa_public_key)
        with refused(400, "InvalidParameter"):
            ens(owner).import_key_pair(key_pair_name=name, public_key_body=rsa_public_key)
    with pytest.raises(openstack.exceptions.ConflictException):
        nova.create_keypair("ours", rsa_public_key)


@pytest.fixture
def twins(tenant, owner, nova, rsa_public_key):
    """The user's own pair `twin`, and the project's of that name; gives a client of another user of the project."""
    nova.create_keypair("twin", rsa_public_key)
    other = ecs(tenant(owner.project))
    other.create_key_pair(key_pair_name="twin")
    return other


def test_of_twins_a_list_shows_the_users_own_and_their_name_finds_the_projects(owner, twins, rsa_public_key):
    own, projects = fingerprint(rsa_public_key), twins.describe()[0][0].key_pair_finger_print
    for product in (ecs, ens):
        client = product(owner)
        found = [client.describe(), client.describe(key_pair_name="twin")]
        assert [[row.key_pair_finger_print for row in rows] for rows, _ in found] == [[own], [projects]]


def test_of_twins_alibaba_deletes_the_projects(owner, nova, twins):
    ecs(owner).delete_key_pairs(key_pair_names=name_list("twin"))
    assert twins.names() == []
    twins.create_key_pair(key_pair_name="twin")
    ens(owner).delete_key_pairs(key_pair_name="twin")
    assert twins.names() == []
    twins.create_key_pair(key_pair_name="twin")
    (row,), _ = ens(owner).describe(key_pair_name="twin")
    ens(owner).delete_key_pairs(key_pair_id=row.key_pair_id)
    assert twins.names() == []
    assert nova.get_keypair("twin") is not None
