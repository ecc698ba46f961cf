"""Alibaba's Terraform provider, replayed: its data sources, and what its older versions ask, as tea-rpc sends it."""

import pytest

from alibaba import fingerprint
from alibaba_provider import Provider, numbered_tags


@pytest.fixture
def provider(tenant):
    return Provider(tenant())


@pytest.mark.parametrize("count", [0, 49, 50, 51, 100])
def test_the_data_sources_read_all_pages_and_come_to_an_end(provider, count, rsa_public_key):
    wanted = [f"tf-page-{number:03}" for number in range(count)]
    for name in wanted:
        provider.create(name, rsa_public_key)
    assert [pair["key_pair_name"] for pair in provider.data_source()] == provider.ens_data_source() == wanted


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


def test_tags_are_listed_for_older_versions(provider, rsa_public_key):
    provider.create("tf-tags", rsa_public_key, tags={"stage": "test", "empty": ""})
    assert provider.tags("tf-tags") == {"stage": "test", "empty": ""}
