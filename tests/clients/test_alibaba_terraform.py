"""Alibaba's Terraform provider, replayed: the sequences of its resources and its data source, as tea-rpc sends them."""

import pytest

from alibaba import fingerprint
from alibaba_provider import Provider, numbered_tags
from alibaba_rpc import REGION, call, refusal
from service import derived_public_key


@pytest.fixture
def provider(tenant):
    return Provider(tenant())


def test_a_generated_pair_lives_and_dies_twice(provider, tmp_path):
    name, private_key = provider.create("terraform-20261126", tags={"stage": "test", "empty": ""})
    state = provider.read(name)
    public_key = " ".join(derived_public_key(private_key, tmp_path))
    assert (state["key_pair_name"], state["finger_print"]) == ("terraform-20261126", fingerprint(public_key))
    assert state["tags"] == provider.tags(name) == {"stage": "test", "empty": ""}
    provider.delete(name)
    assert provider.read(name) is None
    provider.delete(name)


def test_an_imported_pair_is_updated(provider, rsa_public_key):
    name, private_key = provider.create("tf-imported", f"{rsa_public_key}\n", resource_group_id="rg-one")
    assert private_key is None
    created = provider.read(name)
    assert (created["resource_group_id"], created["tags"]) == ("rg-one", {})
    provider.set_tags(name, removed=[], added={"stage": "test", "team": "blue"})
    provider.set_tags(name, removed=["stage"], added={"team": "red"})
    provider.join(name, "rg-two")
    assert provider.read(name) == created | {"resource_group_id": "rg-two", "tags": {"team": "red"}}
    provider.delete(name)
    assert provider.read(name) is None


def test_a_pair_is_read_by_its_exact_name(provider, rsa_public_key):
    for name in ("tf-a", "tf-ab", "tf-abc"):
        provider.create(name, rsa_public_key)
    assert provider.read("tf-ab")["key_pair_name"] == "tf-ab"
    provider.delete("tf-ab")
    assert provider.read("tf-ab") is None


def test_a_taken_name_is_refused_with_a_code_that_the_provider_does_not_repeat(provider, rsa_public_key):
    provider.create("tf-taken", rsa_public_key)
    answer = call(provider.member, "CreateKeyPair", {"RegionId": REGION, "KeyPairName": "tf-taken"})
    assert refusal(answer) == (400, "KeyPair.AlreadyExist")


@pytest.mark.parametrize("count", [0, 49, 50, 51, 100])
def test_the_data_source_reads_all_pages_and_comes_to_an_end(provider, count, rsa_public_key):
    wanted = [f"tf-page-{number:03}" for number in range(count)]
    for name in wanted:
        provider.create(name, rsa_public_key)
    assert [pair["key_pair_name"] for pair in provider.data_source()] == wanted


def test_the_data_source_filters(provider, rsa_public_key):
    provider.create("tf-plain", rsa_public_key)
    provider.create("tf-grouped", rsa_public_key, resource_group_id="rg-one", tags={"stage": "test"})
    provider.create("tf-generated")
    digest = fingerprint(rsa_public_key)
    found = [
        [pair["key_pair_name"] for pair in provider.data_source(**filters)]
        for filters in (
            {"KeyPairFingerPrint": digest},
            {"ResourceGroupId": "rg-one"},
            numbered_tags({"stage": "test"}),
            {"KeyPairFingerPrint": digest, "ResourceGroupId": "rg-two"},
        )
    ]
    assert found == [["tf-grouped", "tf-plain"], ["tf-grouped"], ["tf-grouped"], []]


def test_instances_are_asked_for_with_the_parameters_of_the_list_by_older_versions(provider):
    form = {"PageSize": 50, "PageNumber": 1, "KeyPairFingerPrint": "0" * 32} | numbered_tags({"stage": "test"})
    assert provider.ecs("DescribeInstances", **form)["Instances"]["Instance"] == []


def test_a_pair_of_ens_lives_and_dies_twice(provider):
    made = provider.ens("CreateKeyPair", "tf-ens")
    assert made["KeyPairName"] == provider.ens_read("tf-ens") == "tf-ens"
    provider.ens("DeleteKeyPairs", "tf-ens")
    assert provider.ens_read("tf-ens") is None
    provider.ens("DeleteKeyPairs", "tf-ens")
