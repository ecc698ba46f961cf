"""A key pair's life in ENS with Alibaba's Python SDK of today, signed in each of its two ways."""

import re

import pytest

from alibaba import SIGNATURES, ecs, ens, fingerprint, refused
from alibaba_rpc import REGION
from huawei import new_member
from service import derived_public_key


@pytest.fixture(params=SIGNATURES)
def client(request, tenant):
    return ens(tenant(), signature_algorithm=SIGNATURES[request.param])


def test_a_generated_pair_lives_and_dies(client, tmp_path):
    made = client.create_key_pair(key_pair_name="edge:1_a-b")
    public_key = " ".join(derived_public_key(made.private_key_body, tmp_path))
    assert (made.key_pair_name, made.key_pair_finger_print) == ("edge:1_a-b", fingerprint(public_key))
    (row,), page = client.describe()
    assert page == (1, 10, 1)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", row.creation_time)
    assert (row.key_pair_name, row.key_pair_id) == ("edge:1_a-b", made.key_pair_id)
    assert row.key_pair_id.startswith("ssh-") and row.key_pair_finger_print == made.key_pair_finger_print
    assert client.delete_key_pairs(key_pair_name="edge:1_a-b").request_id
    assert client.describe() == ([], (1, 10, 0))
    client.delete_key_pairs(key_pair_name="edge:1_a-b")


def test_an_imported_pair_is_found_and_deleted_by_its_id(client, rsa_public_key):
    for name in ("imported", "other"):
        made = client.import_key_pair(key_pair_name=name, public_key_body=rsa_public_key)
        assert (made.key_pair_name, made.key_pair_finger_print) == (name, fingerprint(rsa_public_key))
    (row,), _ = client.describe(key_pair_name="imported")
    assert client.names(key_pair_id=row.key_pair_id) == ["imported"]
    assert client.names(key_pair_id=row.key_pair_id, key_pair_name="other") == []
    client.delete_key_pairs(key_pair_id=row.key_pair_id, key_pair_name="other")
    assert sorted(client.names()) == ["imported", "other"], "both must match"
    client.delete_key_pairs(key_pair_id=row.key_pair_id)
    assert client.names() == ["other"]


def test_a_name_is_exact_and_has_no_wildcards(client, rsa_public_key):
    client.import_key_pair(key_pair_name="exact", public_key_body=rsa_public_key)
    assert [client.names(key_pair_name=name) for name in ("exact", "exac", "ex*", "*")] == [["exact"], [], [], []]


def test_a_list_is_read_page_by_page(client, rsa_public_key):
    wanted = [f"page-{number:02}" for number in range(12)]
    for name in wanted:
        client.import_key_pair(key_pair_name=name, public_key_body=rsa_public_key)
    pages = [client.describe(page_number=str(page)) for page in (1, 2, 3)]
    assert [of for _, of in pages] == [(1, 10, 12), (2, 10, 12), (3, 10, 12)]
    assert [len(rows) for rows, _ in pages] == [10, 2, 0]
    assert sorted(row.key_pair_name for rows, _ in pages for row in rows) == wanted
    assert sorted(client.names(page_size="100")) == wanted


@pytest.fixture(scope="module")
def empty(alibaba_service):
    return ens(new_member(alibaba_service))


@pytest.mark.parametrize("name", ["", "e", "1st", "-st", "dot.ted", "e" * 129, "http://edge", "sp ace"])
def test_a_malformed_name_is_refused(empty, name, rsa_public_key):
    with refused(400, "InvalidParameter.KeyPairName" if name else "MissingParameter"):
        empty.create_key_pair(key_pair_name=name)
    with refused(400, "InvalidParameter.KeyPairName" if name else "MissingParameter"):
        empty.import_key_pair(key_pair_name=name, public_key_body=rsa_public_key)


def test_refusals_say_what_is_wrong(client, own_public_key, rsa_public_key):
    client.import_key_pair(key_pair_name="taken", public_key_body=rsa_public_key)
    with refused(400, "InvalidParameter") as caught:
        client.create_key_pair(key_pair_name="taken")
    assert caught.value.data["Message"] == "The errorMessage is key pair name already exists. Please check it again."
    with refused(400, "InvalidParameter"):
        client.import_key_pair(key_pair_name="taken", public_key_body=rsa_public_key)
    for unusable in ("ssh-rsa none", own_public_key.read_text()):
        with refused(400, "InvalidParameter.PublicKeyBody"):
            client.import_key_pair(key_pair_name="unusable", public_key_body=unusable)
    for call in (client.create_key_pair, client.import_key_pair, client.delete_key_pairs):
        with refused(400, "MissingParameter"):
            call()
    assert client.names() == ["taken"]


def test_ens_regions_are_described(client):
    (region,) = client.describe_ens_regions().ens_regions.ens_regions
    assert region.ens_region_id == REGION


def test_pairs_of_ens_and_of_ecs_in_the_services_own_region_are_the_same(tenant, rsa_public_key):
    someone = tenant()
    ecs(someone).import_key_pair(key_pair_name="shared", public_key_body=rsa_public_key)
    ecs(someone, "cn-hangzhou").import_key_pair(key_pair_name="elsewhere", public_key_body=rsa_public_key)
    assert ens(someone).names() == ["shared"]
    ens(someone).delete_key_pairs(key_pair_name="shared")
    assert (ecs(someone).names(), ecs(someone, "cn-hangzhou").names()) == ([], ["elsewhere"])
