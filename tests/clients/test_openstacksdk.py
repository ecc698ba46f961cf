"""openstacksdk, which Ansible and most scripts use."""

import openstack.exceptions
import pytest

from service import ADMIN_CLOUD, derived_public_key, without_comment


def test_a_generated_private_key_derives_the_public_key(connect, tmp_path):
    made = connect().create_keypair("sdk-generated")
    assert made.private_key.startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert derived_public_key(made.private_key, tmp_path) == without_comment(made.public_key)


def test_an_imported_public_key_comes_back_byte_for_byte(connect, own_public_key):
    public_key = own_public_key.read_text()
    cloud = connect()
    assert cloud.create_keypair("sdk-imported", public_key).private_key is None
    assert cloud.get_keypair("sdk-imported").public_key == public_key


def test_a_list_is_read_page_by_page(connect, own_public_key):
    compute = connect(compute_default_microversion="2.35").compute
    wanted = [f"sdk-page-{number}" for number in range(5)]
    for name in wanted:
        compute.create_keypair(name=name, public_key=own_public_key.read_text())
    listed = [pair.name for pair in compute.keypairs(limit=2)]
    assert [name for name in listed if name in wanted] == wanted


def test_a_taken_name_is_a_conflict(connect):
    cloud = connect()
    cloud.create_keypair("sdk-taken")
    with pytest.raises(openstack.exceptions.ConflictException, match="Key pair 'sdk-taken' already exists."):
        cloud.create_keypair("sdk-taken")


def test_deleting_says_whether_there_was_something_to_delete(connect):
    cloud = connect()
    cloud.create_keypair("sdk-deleted")
    assert cloud.delete_keypair("sdk-deleted") is True
    assert cloud.delete_keypair("sdk-deleted") is False
    assert cloud.get_keypair("sdk-deleted") is None


def test_an_administrator_makes_pairs_for_another_user(connect, own_public_key):
    compute = connect(cloud=ADMIN_CLOUD).compute
    other = "0123456789abcdef0123456789abcdef"
    made = compute.create_keypair(name="sdk-theirs", user_id=other, public_key=own_public_key.read_text())
    assert made.user_id == other
    assert "sdk-theirs" in [pair.name for pair in compute.keypairs(user_id=other)]
    assert "sdk-theirs" not in [pair.name for pair in compute.keypairs()]
    compute.delete_keypair("sdk-theirs", user_id=other, ignore_missing=False)
    assert list(compute.keypairs(user_id=other)) == []
