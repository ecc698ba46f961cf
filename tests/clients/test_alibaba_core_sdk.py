"""Alibaba's older Python SDK, whose answers are as its user asks for them: JSON or XML."""

import json
import re
from contextlib import contextmanager
from importlib import import_module
from xml.etree import ElementTree

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient

from alibaba import fingerprint, name_list
from alibaba_rpc import REGION
from service import derived_public_key, without_comment

ECS = "aliyunsdkecs.request.v20140526"
ENS = "aliyunsdkens.request.v20171110"
TAGS = [{"Key": "a b*c~d+e", "Value": " <值> é \"~*+/='&amp;%25 "}, {"Key": "empty", "Value": ""}]


class Core:
    """The SDK with a member's access key; `way` is how its requests carry their parameters."""

    def __init__(self, member, way="query", **other):
        credentials = {"ak": member.access, "secret": member.secret} | other
        self.sdk = AcsClient(region_id=REGION, **credentials)
        self.endpoint, self.way = f"127.0.0.1:{member.service.port}", way

    def json(self, product, action, **parameters):
        return json.loads(self.sdk.do_action_with_exception(self.request(product, action, parameters)))

    def xml(self, product, action, **parameters):
        """The status, and the root of the document."""
        request = self.request(product, action, parameters)
        request.set_accept_format("XML")
        status, headers, body = self.sdk.get_response(request)
        assert headers["Content-Type"] == "text/xml;charset=utf-8"
        return status, ElementTree.fromstring(body)

    def request(self, product, action, parameters):
        request = getattr(import_module(f"{product}.{action}Request"), f"{action}Request")()
        request.set_endpoint(self.endpoint)
        request.set_protocol_type("http")
        for name, value in parameters.items():
            getattr(request, f"set_{name}")(value)
        if self.way == "form":
            request.set_body_params(request.get_query_params().copy())
            request.get_query_params().clear()
        if self.way == "GET":
            request.set_method("GET")
        return request


@pytest.fixture
def client(tenant):
    return Core(tenant())


@contextmanager
def refused(status, code):
    with pytest.raises(ServerException) as caught:
        yield caught
    error = caught.value
    assert (error.get_http_status(), error.get_error_code()) == (status, code), error
    assert error.get_request_id()


@pytest.mark.parametrize("way", ["query", "form", "GET"])
def test_a_pair_of_ecs_lives_and_dies(tenant, way, rsa_public_key):
    client = Core(tenant(), way)
    made = client.json(ECS, "ImportKeyPair", KeyPairName="core", PublicKeyBody=rsa_public_key, Tags=TAGS)
    assert made.keys() == {"RequestId", "KeyPairName", "KeyPairFingerPrint"}
    listed = client.json(ECS, "DescribeKeyPairs", KeyPairName="co*", PageSize=50, Tags=TAGS)
    assert [listed[member] for member in ("PageNumber", "PageSize", "TotalCount")] == [1, 50, 1]
    (row,) = listed["KeyPairs"]["KeyPair"]
    assert {tag["TagKey"]: tag["TagValue"] for tag in row["Tags"]["Tag"]} == {tag["Key"]: tag["Value"] for tag in TAGS}
    assert row["KeyPairFingerPrint"] == made["KeyPairFingerPrint"] == fingerprint(rsa_public_key)
    tagged = {"ResourceType": "keypair", "ResourceIds": ["core"]}
    client.json(ECS, "UntagResources", TagKeys=["empty"], **tagged)
    client.json(ECS, "TagResources", Tags=[{"Key": "more", "Value": "1"}], **tagged)
    resources = client.json(ECS, "ListTagResources", **tagged)["TagResources"]["TagResource"]
    assert sorted(each["TagKey"] for each in resources) == ["a b*c~d+e", "more"]
    client.json(ECS, "JoinResourceGroup", ResourceType="keypair", ResourceId="core", ResourceGroupId="rg-two")
    (row,) = client.json(ECS, "DescribeKeyPairs", ResourceGroupId="rg-two")["KeyPairs"]["KeyPair"]
    assert row["ResourceGroupId"] == "rg-two"
    assert client.json(ECS, "DeleteKeyPairs", KeyPairNames=name_list("core")).keys() == {"RequestId"}
    assert client.json(ECS, "DescribeKeyPairs")["KeyPairs"] == {"KeyPair": []}


@pytest.mark.parametrize("way", ["query", "form", "GET"])
def test_a_pair_of_ens_lives_and_dies(tenant, way, rsa_public_key):
    client = Core(tenant(), way)
    client.json(ENS, "ImportKeyPair", KeyPairName="core", PublicKeyBody=rsa_public_key)
    listed = client.json(ENS, "DescribeKeyPairs", KeyPairName="core", PageNumber="1", PageSize="10")
    assert [listed[member] for member in ("PageNumber", "PageSize", "TotalCount")] == [1, 10, 1]
    (row,) = listed["KeyPairs"]["KeyPair"]
    assert row.keys() == {"CreationTime", "KeyPairFingerPrint", "KeyPairId", "KeyPairName"}
    assert client.json(ENS, "DeleteKeyPairs", KeyPairId=row["KeyPairId"]).keys() == {"RequestId"}
    assert client.json(ENS, "DescribeKeyPairs")["KeyPairs"] == {"KeyPair": []}


def test_a_generated_pair_of_ecs_is_read_as_xml(client, tmp_path):
    status, made = client.xml(ECS, "CreateKeyPair", KeyPairName="xml")
    assert (status, made.tag) == (200, "CreateKeyPairResponse")
    texts = {child.tag: child.text for child in made}
    assert texts.keys() == {"RequestId", "KeyPairName", "KeyPairId", "KeyPairFingerPrint", "PrivateKeyBody"}
    public_key = derived_public_key(texts["PrivateKeyBody"], tmp_path)
    assert texts["KeyPairFingerPrint"] == fingerprint(" ".join(public_key))


def test_a_list_of_ecs_is_read_as_xml(client, rsa_public_key):
    assert [child.tag for child in client.xml(ECS, "DescribeKeyPairs")[1].find("KeyPairs")] == []
    for name in ("first", "second"):
        client.json(ECS, "ImportKeyPair", KeyPairName=name, PublicKeyBody=rsa_public_key, Tags=TAGS)
    _, listed = client.xml(ECS, "DescribeKeyPairs", IncludePublicKey=True)
    assert listed.tag == "DescribeKeyPairsResponse"
    assert {child.tag for child in listed} == {"RequestId", "PageNumber", "PageSize", "TotalCount", "KeyPairs"}
    assert [listed.findtext(member) for member in ("PageNumber", "PageSize", "TotalCount")] == ["1", "10", "2"]
    rows = listed.findall("KeyPairs/KeyPair")
    assert [row.findtext("KeyPairName") for row in rows] == ["first", "second"]
    assert without_comment(rows[0].findtext("PublicKey")) == without_comment(rsa_public_key)
    # An empty element has an empty text here.
    tags = [(tag.findtext("TagKey"), tag.findtext("TagValue")) for tag in rows[0].findall("Tags/Tag")]
    assert sorted(tags) == sorted((tag["Key"], tag["Value"]) for tag in TAGS)


def test_xml_roots_are_those_of_the_action_in_ecs_and_always_the_same_in_ens(client, rsa_public_key):
    pair = {"KeyPairName": "rooted", "PublicKeyBody": rsa_public_key}
    assert client.xml(ECS, "ImportKeyPair", **pair)[1].tag == "ImportKeyPairResponse"
    assert client.xml(ECS, "DeleteKeyPairs", KeyPairNames=name_list("rooted"))[1].tag == "DeleteKeyPairsResponse"
    assert client.xml(ECS, "DescribeRegions")[1].tag == "DescribeRegionsResponse"
    assert client.xml(ENS, "ImportKeyPair", **pair)[1].tag == "ActionResponse"
    _, listed = client.xml(ENS, "DescribeKeyPairs")
    assert (listed.tag, listed.findtext("KeyPairs/KeyPair/KeyPairName")) == ("ActionResponse", "rooted")
    assert client.xml(ENS, "DeleteKeyPairs", KeyPairName="rooted")[1].tag == "ActionResponse"


def test_a_refusal_is_read_as_xml(client):
    status, error = client.xml(ECS, "CreateKeyPair", KeyPairName="1st")
    assert (status, error.tag) == (400, "Error")
    texts = {child.tag: child.text for child in error}
    assert texts.keys() == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert (texts["Code"], texts["HostId"]) == ("InvalidKeyPairName.Malformed", client.endpoint)


def test_refusals_have_their_codes(client, rsa_public_key):
    pair = {"KeyPairName": "taken", "PublicKeyBody": rsa_public_key}
    client.json(ECS, "ImportKeyPair", **pair)
    with refused(400, "KeyPair.AlreadyExist"):
        client.json(ECS, "ImportKeyPair", **pair)
    with refused(400, "InvalidParameter"):
        client.json(ENS, "ImportKeyPair", **pair)
    with refused(404, "InvalidResourceGroup.NotFound"):
        client.json(ECS, "CreateKeyPair", KeyPairName="grouped", ResourceGroupId="rg-none")


@pytest.mark.parametrize("way", ["query", "form", "GET"])
@pytest.mark.parametrize("product", [ECS, ENS])
def test_a_wrong_secret_is_the_sdks_own_diagnosis(tenant, product, way, rsa_public_key):
    client = Core(tenant(), way, secret="wrong")
    with refused(400, "InvalidAccessKeySecret"):
        client.json(product, "DescribeKeyPairs")
    with refused(400, "InvalidAccessKeySecret") as caught:
        client.json(product, "ImportKeyPair", KeyPairName="signed", PublicKeyBody=rsa_public_key)
    assert caught.value.get_error_msg().startswith("The AccessKeySecret is incorrect.")


def test_an_unknown_access_key_is_refused(tenant):
    someone = tenant()
    with refused(404, "InvalidAccessKeyId.NotFound"):
        Core(someone, ak=f"{someone.access}X").json(ECS, "DescribeKeyPairs")


def test_a_request_id_is_an_upper_case_uuid(client):
    assert re.fullmatch("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", client.json(ECS, "DescribeRegions")["RequestId"])
