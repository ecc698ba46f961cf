"""Alibaba's SDKs for Node: pop-core by GET and by POST, and the core of the generated clients (Tea)."""

import pytest

import node_script
from alibaba import fingerprint, name_list
from alibaba_rpc import ECS, ENS, REGION
from service import derived_public_key

CLIENTS = {
    "pop-core GET": {"client": "pop", "method": "GET"},
    "pop-core POST": {"client": "pop", "method": "POST"},
    "Tea": {"client": "tea"},
}
REFUSED = {
    "pop-core GET": "Specified signature is not matched with our calculation.",
    "pop-core POST": "Specified signature is not matched with our calculation.",
    "Tea": "Specified signature does not match our calculation.",
}


@pytest.fixture
def owner(tenant):
    return tenant()


@pytest.fixture(params=CLIENTS)
def client(request):
    return request.param


def results(member, client, version, *calls, **other):
    """What came of each call, made one after the other: an answer, or an error."""
    wish = {"endpoint": f"127.0.0.1:{member.service.port}", "access": member.access, "secret": member.secret} | other
    return node_script.run("alibaba.js", wish | CLIENTS[client] | {"version": version, "calls": calls})


def answers(member, client, version, *calls):
    came = results(member, client, version, *calls)
    assert all("answer" in each for each in came), came
    return [each["answer"] for each in came]


def ecs(**parameters):
    return {"RegionId": REGION} | parameters


def test_a_pair_of_ecs_lives_and_dies(owner, client, tmp_path):
    tags = [{"Key": "a b*c~d+e!'()", "Value": "值 é ~*+/=&%25"}, {"Key": "empty", "Value": ""}]
    pair = {"ResourceType": "keypair", "ResourceId": ["node"]}
    made, _, _, listed, tagged, _, _ = answers(
        owner,
        client,
        ECS,
        ["CreateKeyPair", ecs(KeyPairName="node", Tag=tags)],
        ["TagResources", ecs(Tag=[{"Key": "more", "Value": "1"}], **pair)],
        ["UntagResources", ecs(TagKey=["empty"], **pair)],
        ["DescribeKeyPairs", ecs(KeyPairName="*od*")],
        ["DescribeKeyPairs", ecs(Tag=tags[:1])],
        ["JoinResourceGroup", ecs(ResourceType="keypair", ResourceId="node", ResourceGroupId="rg-one")],
        ["DescribeInstances", ecs(KeyPairName="node")],
    )
    public_key = " ".join(derived_public_key(made["PrivateKeyBody"], tmp_path))
    assert made["KeyPairFingerPrint"] == fingerprint(public_key)
    assert [row["KeyPairName"] for row in listed["KeyPairs"]["KeyPair"]] == ["node"]
    (row,) = tagged["KeyPairs"]["KeyPair"]
    stored = {tag["TagKey"]: tag["TagValue"] for tag in row["Tags"]["Tag"]}
    assert stored == {tags[0]["Key"]: tags[0]["Value"], "more": "1"}
    joined, deleted, empty = answers(
        owner,
        client,
        ECS,
        ["DescribeKeyPairs", ecs(ResourceGroupId="rg-one")],
        ["DeleteKeyPairs", ecs(KeyPairNames=name_list("node"))],
        ["DescribeKeyPairs", ecs()],
    )
    assert [row["KeyPairName"] for row in joined["KeyPairs"]["KeyPair"]] == ["node"]
    assert deleted.keys() == {"RequestId"}
    assert (empty["TotalCount"], empty["KeyPairs"]) == (0, {"KeyPair": []})


def test_a_pair_of_ens_lives_and_dies(owner, client, rsa_public_key):
    imported, listed, _, empty = answers(
        owner,
        client,
        ENS,
        ["ImportKeyPair", {"KeyPairName": "node", "PublicKeyBody": rsa_public_key}],
        ["DescribeKeyPairs", {"KeyPairName": "node"}],
        ["DeleteKeyPairs", {"KeyPairName": "node"}],
        ["DescribeKeyPairs", {}],
    )
    (row,) = listed["KeyPairs"]["KeyPair"]
    assert row["KeyPairFingerPrint"] == imported["KeyPairFingerPrint"] == fingerprint(rsa_public_key)
    assert empty["KeyPairs"] == {"KeyPair": []}


def test_refusals_have_their_codes(owner, client, rsa_public_key):
    pair = {"KeyPairName": "taken", "PublicKeyBody": rsa_public_key}
    _, taken, malformed, unknown = results(
        owner,
        client,
        ECS,
        ["ImportKeyPair", ecs(**pair)],
        ["ImportKeyPair", ecs(**pair)],
        ["CreateKeyPair", ecs(KeyPairName="1st")],
        ["NoSuchAction", ecs()],
    )
    assert taken["error"] == {"status": 400, "code": "KeyPair.AlreadyExist", "message": "The key pair already exist."}
    assert (malformed["error"]["status"], malformed["error"]["code"]) == (400, "InvalidKeyPairName.Malformed")
    assert (unknown["error"]["status"], unknown["error"]["code"]) == (404, "InvalidAction.NotFound")


def test_wrong_credentials_have_their_codes(owner, client):
    (refused,) = results(owner, client, ECS, ["DescribeRegions", {}], secret="wrong")
    assert (refused["error"]["status"], refused["error"]["code"]) == (400, "SignatureDoesNotMatch")
    assert refused["error"]["message"].startswith(REFUSED[client])
    (unknown,) = results(owner, client, ECS, ["DescribeRegions", {}], access=f"{owner.access}X")
    assert (unknown["error"]["status"], unknown["error"]["code"]) == (404, "InvalidAccessKeyId.NotFound")
