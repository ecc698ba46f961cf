"""Huawei's Terraform provider, replayed: what stands beside `huaweicloud_kps_keypair`, as its golangsdk sends it."""

import io
import zipfile

import pytest

from golangsdk import Provider, send


@pytest.fixture
def owner(member):
    return member()


@pytest.fixture
def provider(owner):
    return Provider(owner)


def test_the_data_source_reads_25_pairs_and_comes_to_an_end(provider, own_public_key):
    public_key = own_public_key.read_text()
    wanted = [f"tf-page-{number:02}" for number in range(25)]
    for name in wanted:
        provider.create(name=name, public_key=public_key)
    pairs, pages = provider.data_source()
    assert ([pair["name"] for pair in pairs], pages) == (wanted, 1)
    pairs, pages = provider.data_source(limit=10)
    assert ([pair["name"] for pair in pairs], pages) == (wanted, 3)
    assert {pair["public_key"] for pair in pairs} == {public_key}
    assert {(pair["type"], pair["scope"], pair["is_key_protection"]) for pair in pairs} == {("ssh", "user", False)}


def test_an_empty_data_source_comes_to_an_end(provider):
    assert provider.data_source() == ([], 1)


def test_a_batch_import_is_read_as_deep_as_the_provider_looks(provider, owner, own_public_key, own_private_key):
    public_key = own_public_key.read_text()
    protection = {"private_key": own_private_key, "encryption": {"type": "default"}}
    pairs = [
        {"name": "tf-batch", "public_key": public_key, "scope": "user", "type": "ssh"},
        {"name": "tf-batch-kept", "public_key": public_key, "key_protection": protection, "user_id": owner.user_id},
        {"name": "tf batch", "public_key": public_key},
    ]
    answer = provider.call("POST", "/keypairs/batch-import", [{"keypair": pair} for pair in pairs])
    succeeded = [each["keypair"]["keypair"] for each in answer["succeeded_keypairs"]]
    assert [pair["name"] for pair in succeeded] == ["tf-batch", "tf-batch-kept"]
    assert {(pair["type"], pair["public_key"], pair["user_id"]) for pair in succeeded} == {
        ("ssh", public_key, owner.user_id)
    }
    assert all(pair["fingerprint"] for pair in succeeded)
    failed = answer["failed_keypairs"]
    assert [each["keypair_name"] for each in failed] == ["tf batch"] and failed[0]["failed_reason"]


def test_a_batch_export_names_whole_pairs_or_empty_members(provider, own_public_key, own_private_key):
    protection = {"private_key": own_private_key, "encryption": {"type": "default"}}
    for name in ("tf-first", "tf-second"):
        provider.create(name=name, public_key=own_public_key.read_text(), key_protection=protection)
    whole, named = provider.data_source()[0]
    # What the configuration leaves out is sent as null.
    named = dict.fromkeys(whole) | {"name": named["name"]}
    body = [{"keypair": pair} for pair in (whole, named)]
    answer = send(provider.member, "POST", f"/v3/{provider.member.project_id}/keypairs/private-key/batch-export", body)
    assert answer.status == 200, answer.body
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.namelist() == ["tf-first.pem", "tf-second.pem"]


def test_the_tasks_of_servers_are_none(provider):
    for path in ("/running-tasks", "/failed-tasks"):
        assert provider.call("GET", path, query={"limit": 1000, "offset": 0}) == {"total": 0, "tasks": []}
    provider.call("DELETE", "/failed-tasks")


def test_a_provider_without_a_project_finds_it_by_its_region(owner):
    """`v3AKSKAuth` and `getDomainID`, before which neither is known."""
    projects = send(owner, "GET", "/v3/projects", query={"name": "test-1"}, unsigned={})
    assert projects.status == 200, projects.body
    assert [project["id"] for project in projects.json()["projects"]] == [owner.project_id]
    domains = send(owner, "GET", "/v3/auth/domains", unsigned={})
    assert [domain["id"] for domain in domains.json()["domains"]] == ["default"]
