"""The Terraform providers' resources, replayed: the files of `terraform/` say what they send, and what they make of the answers."""

import json
from pathlib import Path

import pytest

import kms
from alibaba import fingerprint
from alibaba_rpc import REGION
from gophercloud import Session
from huawei import new_member
from service import ADMIN_CLOUD, new_key, running_service
from terraform_clients import Golangsdk, Gophercloud, TeaRpc
from terraform_player import Player

FOLDER = Path(__file__).parent / "terraform"
RESOURCES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
SEQUENCES = [
    pytest.param(resource, sequence, id=f"{name}: {sequence['title']}")
    for name, resource in RESOURCES.items()
    for sequence in resource["sequences"]
]


@pytest.fixture(scope="module")
def kms_service(tmp_path_factory):
    with running_service(kms.new_kms_service(tmp_path_factory.mktemp("kms-service"))) as running:
        yield running


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """The keys that configurations bring along: one of each kind that the products take, and another."""
    own, rsa = new_key(tmp_path_factory.mktemp("keys")), new_key(tmp_path_factory.mktemp("keys"), "rsa")
    other = new_key(tmp_path_factory.mktemp("keys"), "rsa")
    lines = {name: path.with_suffix(".pub").read_text() for name, path in {"own": own, "rsa": rsa, "other": other}.items()}
    return {
        "public_key": lines["own"],
        "private_key": own.read_text(),
        "rsa_public_key": lines["rsa"].strip(),
        "rsa_fingerprint": fingerprint(lines["rsa"]),
        "other_public_key": lines["other"].strip(),
        "other_fingerprint": fingerprint(lines["other"]),
    }


@pytest.fixture(scope="module")
def members():
    """Whose pairs a resource's are: a member for each, by the service. The names in a file differ from sequence to sequence."""
    return {}


@pytest.fixture
def play(request, members, keys, tmp_path):
    def play(resource, sequence):
        service = service_for(resource, sequence)
        owner = (resource["resource"], service)
        if owner not in members:
            members[owner] = new_member(request.getfixturevalue(service))
        member = members[owner]
        values = keys | {"user_id": member.user_id, "project_id": member.project_id, "region": REGION}
        if sequence.get("kms"):
            key = kms.new_key(member.project_id)
            values |= {"kms_key_id": key.id, "kms_key_name": key.name}
        Player(resource, client(resource, sequence, member), values, tmp_path).play(sequence["steps"])

    return play


def service_for(resource, sequence):
    if sequence.get("kms"):
        return "kms_service"
    return "alibaba_service" if resource["client"] == "tea-rpc" else "service"


def client(resource, sequence, member):
    """Who sends: the member, or the administrator for it."""
    match resource["client"], sequence.get("caller", "member"):
        case "gophercloud", "administrator":
            return Gophercloud(Session(member.service.cloud(ADMIN_CLOUD)))
        case "gophercloud", "member":
            return Gophercloud(Session({"auth": member.cloud(), "region_name": REGION}))
        case "golangsdk", "member":
            return Golangsdk(member)
        case "tea-rpc", "member":
            return TeaRpc(member)
    raise AssertionError(f"nobody sends like that: {resource['client']}, {sequence}")


@pytest.mark.parametrize(("resource", "sequence"), SEQUENCES)
def test_a_provider_finds_what_it_made(play, resource, sequence):
    play(resource, sequence)


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=RESOURCES)
def test_every_call_says_where_it_comes_from_and_is_played(resource):
    assert resource["source"] and all(call["function"] for call in resource["calls"].values())
    steps = [step for sequence in resource["sequences"] for step in sequence["steps"]]
    played = {call["call"] for step in steps for call in step.get("calls", []) + step.get("elsewhere", [])}
    played |= {step["destroy"]["call"] for step in steps if "destroy" in step} | {"read"}
    assert played == resource["calls"].keys()


def test_a_token_that_is_taken_back_is_replaced_and_the_request_sent_again(member):
    someone = member()
    session = Session({"auth": someone.cloud(), "region_name": REGION})
    assert session.send("POST", "os-keypairs", {"keypair": {"name": "tf-again"}}).status == 200
    first = session.token
    ended = someone.service.request(
        "DELETE", "/identity/v3/auth/tokens", token=first, headers={"X-Subject-Token": first}
    )
    assert ended.status == 204, ended.body
    assert session.send("GET", "os-keypairs/tf-again").status == 200
    assert session.token != first
