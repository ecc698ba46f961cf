"""What ECS refuses of names, tags, public keys and parameters: the cases stand in alibaba-cases/."""

import json
from pathlib import Path

import pytest

from alibaba_rpc import REGION, call, refusal
from huawei import new_member
from service import new_key

CASES = Path(__file__).with_name("alibaba-cases")
NAME = "Specified Key Pair name is not valid."
NO_NAME = 'The input parameter "KeyPairName" that is mandatory for processing this request is not supplied.'
MESSAGES = {
    "Duplicate.TagKey": "The Tag.N.Key contain duplicate key.",
    "InvalidTagKey.Malformed": "The specified Tag.n.Key is not valid.",
    "InvalidTagValue.Malformed": "The specified Tag.n.Value is not valid.",
}


def cases(name):
    return json.loads((CASES / name).read_text())


@pytest.fixture(scope="module")
def owner(alibaba_service):
    return new_member(alibaba_service)


@pytest.fixture
def ecs(owner):
    """Calls an action in the service's own region."""
    return lambda action, **parameters: call(owner, action, {"RegionId": REGION} | parameters)


@pytest.fixture
def gone_afterwards(ecs):
    """Deletes what a case has made."""
    names = []
    yield names.append
    for name in names:
        assert ecs("DeleteKeyPairs", KeyPairNames=json.dumps([name])).status == 200


@pytest.fixture(params=["CreateKeyPair", "ImportKeyPair"])
def made(ecs, request, rsa_public_key):
    """Makes a pair by one of the actions; gives its answer, and says by which column of a case it is judged."""
    action, column = request.param, {"CreateKeyPair": "create", "ImportKeyPair": "import"}[request.param]
    further = {"PublicKeyBody": rsa_public_key} if column == "import" else {}
    return lambda case, name, **tags: (ecs(action, KeyPairName=name, **further, **tags), case[column])


@pytest.mark.parametrize("case", cases("names.json"), ids=lambda case: case["case"])
def test_a_name_is_taken_or_refused(made, gone_afterwards, case):
    answer, code = made(case, case["name"])
    if code is None:
        assert answer.status == 200, answer.body
        assert answer.json()["KeyPairName"] == case["name"]
        gone_afterwards(case["name"])
    else:
        assert refusal(answer) == (400, code)
        assert answer.json()["Message"] == (NAME if case["name"] else NO_NAME)


@pytest.mark.parametrize("case", cases("tags.json"), ids=lambda case: case["case"])
def test_tags_are_taken_or_refused(ecs, made, gone_afterwards, case):
    answer, refused = made(case, "tagged", **case["parameters"])
    if refused is None:
        assert answer.status == 200, answer.body
        gone_afterwards("tagged")
        assert stored_tags(ecs) == tags_of(case["parameters"])
    else:
        assert refusal(answer) == tuple(refused)
        assert answer.json()["Message"] == MESSAGES.get(refused[1], answer.json()["Message"])
        assert ecs("DescribeKeyPairs").json()["TotalCount"] == 0


def tags_of(parameters):
    keys = {name: key for name, key in parameters.items() if name.endswith(".Key")}
    return {key: parameters.get(name.replace(".Key", ".Value"), "") for name, key in keys.items()}


def stored_tags(ecs):
    (row,) = ecs("DescribeKeyPairs", KeyPairName="tagged").json()["KeyPairs"]["KeyPair"]
    return {tag["TagKey"]: tag["TagValue"] for tag in row["Tags"]["Tag"]}


@pytest.mark.parametrize("case", cases("missing.json"), ids=lambda case: f"{case['action']} {case['message']}")
def test_a_missing_parameter_is_named(owner, case):
    answer = call(owner, case["action"], case["parameters"], Version=case["version"])
    assert refusal(answer) == (case["status"], case["code"])
    assert answer.json()["Message"] == case["message"]


def test_a_pair_has_at_most_20_tags_however_they_come(ecs, gone_afterwards, rsa_public_key):
    full = {f"Tag.{number}.Key": f"key-{number}" for number in range(1, 21)}
    ecs("ImportKeyPair", KeyPairName="tagged", PublicKeyBody=rsa_public_key, **full)
    gone_afterwards("tagged")
    pair = {"ResourceType": "keypair", "ResourceId.1": "tagged"}
    assert ecs("TagResources", **pair, **{"Tag.1.Key": "key-7", "Tag.1.Value": "changed"}).status == 200
    assert refusal(ecs("TagResources", **pair, **{"Tag.1.Key": "one-more"})) == (400, "OperationDenied.QuotaExceed")
    assert stored_tags(ecs) == tags_of(full) | {"key-7": "changed"}
    more = {f"Tag.{number}.Key": f"key-{number}" for number in range(1, 22)}
    assert refusal(ecs("TagResources", **pair, **more)) == (400, "NumberExceed.Tags")


def test_tag_keys_that_differ_by_case_alone_are_not_added(ecs, gone_afterwards, rsa_public_key):
    ecs("ImportKeyPair", KeyPairName="tagged", PublicKeyBody=rsa_public_key)
    gone_afterwards("tagged")
    tags = {"Tag.1.Key": "stage", "Tag.2.Key": "Stage"}
    answer = ecs("TagResources", ResourceType="keypair", **{"ResourceId.1": "tagged"}, **tags)
    assert refusal(answer) == (403, "TagKey.Duplication")


def test_removing_a_tag_key_that_there_cannot_be_is_no_failure_of_the_service(ecs, gone_afterwards, rsa_public_key):
    ecs("ImportKeyPair", KeyPairName="tagged", PublicKeyBody=rsa_public_key, **{"Tag.1.Key": "stage"})
    gone_afterwards("tagged")
    for key in ("st\0age", "k" * 129, "acs:stage", "Stage"):
        answer = ecs("UntagResources", ResourceType="keypair", **{"ResourceId.1": "tagged", "TagKey.1": key})
        assert answer.status in (200, 400), answer.body
    assert stored_tags(ecs) == {"stage": ""}


@pytest.mark.parametrize("action", ["TagResources", "UntagResources"])
def test_resources_that_there_are_not_are_not_tagged(ecs, gone_afterwards, action, rsa_public_key):
    ecs("ImportKeyPair", KeyPairName="tagged", PublicKeyBody=rsa_public_key)
    gone_afterwards("tagged")
    tags = {"Tag.1.Key": "stage", "TagKey.1": "stage"}
    pairs = {"ResourceId.1": "tagged", "ResourceId.2": "never-there"}
    answer = ecs(action, ResourceType="keypair", **pairs, **tags)
    assert refusal(answer) == (404, "InvalidResourceId.NotFound")
    assert stored_tags(ecs) == {}, "all of them or none"
    answer = ecs(action, ResourceType="volume", **{"ResourceId.1": "tagged"}, **tags)
    assert refusal(answer) == (404, "InvalidResourceType.NotFound")
    pairs = {f"ResourceId.{number}": "tagged" for number in range(1, 52)}
    assert refusal(ecs(action, ResourceType="keypair", **pairs, **tags)) == (400, "NumberExceed.ResourceIds")


@pytest.mark.parametrize(
    "names", ["tagged", '"tagged"', "tagged,other", '{"name": "tagged"}', "[1]", "[]", '["tagged"', "null"]
)
def test_names_to_delete_are_a_json_array_of_texts(ecs, names):
    answer = ecs("DeleteKeyPairs", KeyPairNames=names)
    assert refusal(answer) == (400, "InvalidKeyPairNames.ValueNotSupported")
    assert '"KeyPairNames"' in answer.json()["Message"]


def test_at_most_100_names_are_deleted_at_once(ecs):
    names = [f"never-there-{number}" for number in range(101)]
    assert ecs("DeleteKeyPairs", KeyPairNames=json.dumps(names[:100])).status == 200
    answer = ecs("DeleteKeyPairs", KeyPairNames=json.dumps(names))
    assert refusal(answer) == (400, "InvalidKeyPairNames.ValueNotSupported")


@pytest.mark.parametrize(
    "kind, bits", [("rsa", 1024), ("ecdsa", 256), ("ecdsa", 384), ("ecdsa", 521), ("ed25519", 256)]
)
def test_kinds_of_public_keys_that_are_taken(ecs, gone_afterwards, kind, bits, tmp_path):
    public_key = new_key(tmp_path, kind, bits).with_suffix(".pub").read_text()
    answer = ecs("ImportKeyPair", KeyPairName="kind", PublicKeyBody=public_key)
    assert answer.status == 200, answer.body
    gone_afterwards("kind")


@pytest.mark.parametrize("case", cases("public-keys.json"), ids=lambda case: case["case"])
def test_public_keys_that_are_refused(ecs, case):
    answer = ecs("ImportKeyPair", KeyPairName="kind", PublicKeyBody=case["public_key"])
    assert refusal(answer) == (400, "InvalidPublicKeyBody.Malformed")
    assert answer.json()["Message"] == "The PublicKeyBody format is not supported."


def test_a_type_word_that_is_not_the_blobs_is_refused(ecs, rsa_public_key):
    other = rsa_public_key.replace("ssh-rsa", "ssh-ed25519", 1)
    answer = ecs("ImportKeyPair", KeyPairName="kind", PublicKeyBody=other)
    assert refusal(answer) == (400, "InvalidPublicKeyBody.Malformed")
