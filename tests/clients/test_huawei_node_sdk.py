"""Huawei's SDK for Node: ECS's client, and KPS V3's calls by its core (node/kps.js says why)."""

import base64
import io
import zipfile

import pytest

import node_script
from service import derived_public_key, without_comment

DEFAULT = {"encryption": {"type": "default"}}


@pytest.fixture
def owner(member):
    return member()


def results(member, client, *calls, **other):
    """What came of each call, made one after the other: an answer, or an error."""
    wish = {"access": member.access, "secret": member.secret, "project_id": member.project_id} | other
    wish |= {"client": client, "endpoint": member.endpoint, "calls": calls}
    return node_script.run("huawei.js", wish)


def answers(member, client, *calls):
    came = results(member, client, *calls)
    assert all("answer" in each for each in came), came
    return [each["answer"] for each in came]


def keypair(name, **members):
    return {"body": {"keypair": {"name": name} | members}}


def named(name, **members):
    return {"keypair_name": name} | members


def test_a_kept_pair_lives_and_dies(owner, tmp_path):
    made, described, shown, exported, cleared, deleted, listed = answers(
        owner,
        "kps",
        ["createKeypair", keypair("node", type="ssh", key_protection=DEFAULT)],
        ["updateKeypairDescription", named("node", body={"keypair": {"description": "by Node"}})],
        ["listKeypairDetail", named("node")],
        ["exportPrivateKey", keypair("node")],
        ["clearPrivateKey", named("node")],
        ["deleteKeypair", named("node")],
        ["listKeypairs", {}],
    )
    pair, detail = made["keypair"], shown["keypair"]
    assert made["httpStatusCode"] == 200
    assert derived_public_key(pair["private_key"], tmp_path) == without_comment(pair["public_key"])
    assert (detail["description"], detail["is_key_protection"]) == ("by Node", True)
    assert exported["keypair"]["private_key"] == pair["private_key"]
    assert [each["httpStatusCode"] for each in (described, cleared, deleted)] == [200, 200, 204]
    assert listed["keypairs"] == []


def test_batches_are_imported_and_exported(owner, own_public_key, own_private_key, tmp_path):
    public_key = own_public_key.read_text()
    protection = DEFAULT | {"private_key": own_private_key}
    pairs = [keypair(name, public_key=public_key, key_protection=protection)["body"] for name in ("one", "two")]
    wanted = [{"keypair": {"name": name}} for name in ("one", "two")]
    imported, exported = answers(
        owner, "kps", ["batchImportKeypair", {"body": pairs}], ["batchExportPrivateKey", {"body": wanted}]
    )
    assert [each["keypair"]["name"] for each in imported["succeeded_keypairs"]] == ["one", "two"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(exported["body"]))) as archive:
        assert archive.namelist() == ["one.pem", "two.pem"]
        assert derived_public_key(archive.read("two.pem").decode(), tmp_path) == without_comment(public_key)


def test_a_list_is_read_page_by_page(owner, own_public_key):
    public_key = own_public_key.read_text()
    creates = [["createKeypair", keypair(f"node-{number}", public_key=public_key)] for number in range(5)]
    pages = [
        ["listKeypairs", {"limit": "2"}],
        ["listKeypairs", {"limit": "2", "marker": "node-1"}],
        ["listKeypairs", {"limit": "2", "marker": "node-3"}],
    ]
    listed = answers(owner, "kps", *creates, *pages)[5:]
    names = [[each["keypair"]["name"] for each in page["keypairs"]] for page in listed]
    assert names == [["node-0", "node-1"], ["node-2", "node-3"], ["node-4"]]
    assert [page["page_info"]["next_marker"] for page in listed] == ["node-1", "node-3", None]


def test_ecs_calls_for_pairs_live_and_die(owner, own_public_key):
    public_key, types = own_public_key.read_text(), {"OpenStack-API-Version": "compute 2.2"}
    made, shown, listed, deleted = answers(
        owner,
        "ecs",
        ["novaCreateKeypair", keypair("ecs", public_key=public_key) | types],
        ["novaShowKeypair", named("ecs") | types],
        ["novaListKeypairs", {"OpenStack-API-Version": "compute 2.35", "limit": 1}],
        ["novaDeleteKeypair", named("ecs")],
    )
    assert (made["httpStatusCode"], made["keypair"]["type"]) == (200, "ssh")
    assert shown["keypair"]["public_key"] == public_key
    assert [each["keypair"]["name"] for each in listed["keypairs"]] == ["ecs"]
    assert deleted["httpStatusCode"] == 202


@pytest.mark.parametrize("client, call", [("kps", "listKeypairs"), ("ecs", "novaListKeypairs")])
@pytest.mark.parametrize("wrong", [{"secret": "x" * 43}, {"access": "KPDNOSUCHKEY"}])
def test_a_wrong_key_is_refused_with_the_gateways_code(owner, client, call, wrong):
    (refused,) = results(owner, client, [call, {}], **wrong)
    error = refused["error"]
    assert (error["status"], error["code"]) == (401, "APIGW.0301")
    assert error["message"].startswith("Incorrect IAM authentication information: ") and error["request_id"]


def test_what_kps_refuses_is_an_error_with_its_code(owner):
    missing, unusable = results(
        owner, "kps", ["listKeypairDetail", named("none")], ["createKeypair", keypair("no key", public_key="none")]
    )
    assert (missing["error"]["status"], missing["error"]["code"]) == (404, "KPS.4016")
    assert (unusable["error"]["status"], unusable["error"]["code"]) == (400, "KPS.0002")
