"""A key pair's life in ECS with Alibaba's Python SDK of today, signed in each of its two ways."""

import re

import pytest
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from alibaba import SIGNATURES, ecs, fingerprint, name_list, refused, tags_of
from alibaba_rpc import ECS, REGION
from service import derived_public_key, without_comment

REQUEST_ID = re.compile("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


@pytest.fixture(params=SIGNATURES)
def client(request, tenant):
    return ecs(tenant(), signature_algorithm=SIGNATURES[request.param])


def test_a_generated_pair_lives_and_dies(client, tmp_path):
    made = client.create_key_pair(key_pair_name="web:1_a-b")
    assert REQUEST_ID.fullmatch(made.request_id)
    assert (made.key_pair_name, made.key_pair_id[:4]) == ("web:1_a-b", "ssh-")
    (row,), page = client.describe(include_public_key=True)
    assert page == (1, 10, 1)
    assert derived_public_key(made.private_key_body, tmp_path) == without_comment(row.public_key)
    assert made.key_pair_finger_print == row.key_pair_finger_print == fingerprint(row.public_key)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z", row.creation_time)
    assert (row.key_pair_name, row.resource_group_id, row.tags.tag) == ("web:1_a-b", "", [])
    assert REQUEST_ID.fullmatch(client.delete_key_pairs(key_pair_names=name_list("web:1_a-b")).request_id)
    assert client.describe() == ([], (1, 10, 0))
    client.delete_key_pairs(key_pair_names=name_list("web:1_a-b"))


def test_an_imported_pair_has_its_tags_and_its_group(client, rsa_public_key):
    tags = {"a b*c~d+e": "值 é ~*+/=&%25", "empty": "", "Case": "1"}
    made = client.import_key_pair(
        key_pair_name="imported",
        public_key_body=f" {rsa_public_key}\n",
        resource_group_id="rg-one",
        tag=client.tags("ImportKeyPair", tags),
    )
    assert (made.key_pair_name, made.key_pair_finger_print) == ("imported", fingerprint(rsa_public_key))
    (row,), _ = client.describe(key_pair_name="imported")
    assert (row.resource_group_id, tags_of(row), row.public_key) == ("rg-one", tags, None)
    (row,), _ = client.describe(include_public_key=True)
    assert without_comment(row.public_key) == without_comment(rsa_public_key)


def test_tags_are_added_overwritten_and_removed(client, rsa_public_key):
    client.import_key_pair(key_pair_name="tagged", public_key_body=rsa_public_key)
    pair = {"resource_type": "keypair", "resource_id": ["tagged"]}
    client.tag_resources(tag=client.tags("TagResources", {"stage": "test", "team": "blue", "zone": ""}), **pair)
    client.tag_resources(tag=client.tags("TagResources", {"stage": "live"}), **pair)
    assert listed_tags(client, **pair) == {"stage": "live", "team": "blue", "zone": ""}
    client.untag_resources(tag_key=["team", "never-there"], **pair)
    assert listed_tags(client, **pair) == {"stage": "live", "zone": ""}
    assert tags_of(client.describe()[0][0]) == {"stage": "live", "zone": ""}
    client.untag_resources(all=True, **pair)
    assert listed_tags(client, **pair) == {}
    client.untag_resources(all=True, **pair)


def listed_tags(client, **parameters):
    resources = client.list_tag_resources(**parameters).tag_resources.tag_resource
    assert {(each.resource_id, each.resource_type) for each in resources} <= {("tagged", "keypair")}
    return {each.tag_key: each.tag_value for each in resources}


def test_twenty_tags_of_the_longest_keys_and_values_fit_into_a_query(client, rsa_public_key):
    tags = {f"{number:02}" + "键" * 126: "值" * 128 for number in range(20)}
    client.import_key_pair(
        key_pair_name="long", public_key_body=rsa_public_key, tag=client.tags("ImportKeyPair", tags)
    )
    (row,), _ = client.describe(tag=client.tags("DescribeKeyPairs", tags))
    assert tags_of(row) == tags


def test_a_pair_joins_a_group(client, rsa_public_key):
    client.import_key_pair(key_pair_name="moved", public_key_body=rsa_public_key)
    pair = {"resource_type": "keypair", "resource_id": "moved"}
    for group in ("rg-one", "rg-two"):
        client.join_resource_group(resource_group_id=group, **pair)
        assert client.names(resource_group_id=group) == ["moved"]
    assert client.names(resource_group_id="rg-one") == []
    with refused(404, "InvalidResourceGroup.NotFound"):
        client.join_resource_group(resource_group_id="rg-none", **pair)


def test_one_call_deletes_several_pairs_and_ignores_absent_ones(client, rsa_public_key):
    for name in ("first", "second", "third"):
        client.import_key_pair(key_pair_name=name, public_key_body=rsa_public_key)
    client.delete_key_pairs(key_pair_names=name_list("first", "never-there", "third"))
    assert client.names() == ["second"]


def test_refusals_say_what_is_wrong(client, rsa_public_key):
    client.import_key_pair(key_pair_name="taken", public_key_body=rsa_public_key)
    with refused(400, "KeyPair.AlreadyExist") as caught:
        client.create_key_pair(key_pair_name="taken")
    assert caught.value.data["Message"] == "The key pair already exist."
    with refused(400, "KeyPair.AlreadyExist"):
        client.import_key_pair(key_pair_name="taken", public_key_body=rsa_public_key)
    with refused(400, "InvalidPublicKeyBody.Malformed"):
        client.import_key_pair(key_pair_name="unusable", public_key_body="ssh-rsa none")
    with refused(400, "InvalidKeyPairNames.ValueNotSupported"):
        client.delete_key_pairs(key_pair_names="taken")
    with refused(404, "InvalidResourceGroup.NotFound"):
        client.create_key_pair(key_pair_name="grouped", resource_group_id="rg-none")
    assert client.names() == ["taken"]


def test_regions_are_name_spaces(tenant, rsa_public_key):
    someone = tenant()
    here, there, nowhere = (ecs(someone, region) for region in (REGION, "cn-hangzhou", "cn-nowhere"))
    here.import_key_pair(key_pair_name="same", public_key_body=rsa_public_key)
    assert there.names() == []
    there.import_key_pair(key_pair_name="same", public_key_body=rsa_public_key)
    here.delete_key_pairs(key_pair_names=name_list("same"))
    assert (here.names(), there.names()) == ([], ["same"])
    with refused(404, "InvalidRegionId.NotFound"):
        nowhere.describe_key_pairs()
    with refused(404, "InvalidRegionId.NotFound"):
        nowhere.create_key_pair(key_pair_name="same")


def test_the_regions_of_the_settings_are_described(client):
    regions = client.describe_regions().regions.region
    assert {each.region_id for each in regions} == {"cn-hangzhou", REGION}
    assert all(each.region_endpoint and each.local_name and each.status for each in regions)


def test_there_are_no_instances(client, rsa_public_key):
    client.import_key_pair(key_pair_name="alone", public_key_body=rsa_public_key)
    body = client.describe_instances(key_pair_name="alone", max_results=50)
    assert (body.instances.instance, body.total_count) == ([], 0)
    instances = {"key_pair_name": "alone", "instance_ids": '["i-bp1d6tsvznfghy7y"]'}
    for call in (client.attach_key_pair, client.detach_key_pair):
        with refused(400, "InvalidInstanceIds.ValueNotSupported"):
            call(**instances)


@pytest.mark.parametrize("method, part", [("GET", "query"), ("POST", "query"), ("POST", "body")])
def test_parameters_come_in_a_query_or_in_a_form(client, method, part, rsa_public_key):
    params = Params(
        action="ImportKeyPair",
        version=ECS,
        protocol="HTTP",
        pathname="/",
        method=method,
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    tag = {"Tag.1.Key": "a b*c~d+e", "Tag.1.Value": "值 é ~*+/=&%25"}
    pair = {"RegionId": REGION, "KeyPairName": "carried", "PublicKeyBody": rsa_public_key}
    client.client.call_api(params, OpenApiRequest(**{part: pair | tag}), RuntimeOptions())
    (row,), _ = client.describe()
    assert (row.key_pair_name, tags_of(row)) == ("carried", {"a b*c~d+e": "值 é ~*+/=&%25"})


def test_a_refusal_in_xml_is_read_as_well(tenant):
    client = ecs(tenant())
    client.queries = {"Format": "XML"}
    with refused(400, "InvalidKeyPairName.Malformed") as caught:
        client.create_key_pair(key_pair_name="1st")
    assert caught.value.data["Message"] == "Specified Key Pair name is not valid."
