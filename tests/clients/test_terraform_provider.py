"""Huawei's Terraform provider, replayed: the sequences of its resources and data sources, as its golangsdk sends them."""

import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from golangsdk import Provider, send
from service import derived_public_key, without_comment


@pytest.fixture
def owner(member):
    return member()


@pytest.fixture
def provider(owner):
    return Provider(owner)


def test_a_pair_lives_and_dies_twice(provider, owner, tmp_path):
    name, private_key = provider.create(name="tf-pair", description="of Terraform")
    state = provider.read(name)
    assert derived_public_key(private_key, tmp_path) == without_comment(state["public_key"])
    assert (state["name"], state["scope"], state["user_id"]) == ("tf-pair", "user", owner.user_id)
    assert (state["description"], state["is_managed"]) == ("of Terraform", False)
    assert abs(datetime.now(UTC) - state["created_at"]) < timedelta(minutes=5)
    provider.describe(name, "changed")
    assert provider.read(name)["description"] == "changed"
    provider.describe(name, "")
    assert provider.read(name)["description"] == ""
    provider.delete(name)
    assert provider.read(name) is None
    provider.delete(name)


def test_clearing_the_private_key_of_a_pair_that_is_gone_is_put_up_with(provider, own_public_key):
    name, _ = provider.create(name="tf-gone", public_key=own_public_key.read_text())
    provider.delete(name)
    provider.clear(name)


def test_a_private_key_is_kept_by_an_update_and_emptied_by_the_next(provider, own_public_key, own_private_key):
    public_key = own_public_key.read_text()
    name, private_key = provider.create(name="tf-update", public_key=public_key, scope="account")
    assert private_key is None
    provider.import_private_key(name, own_private_key, {"type": "default"})
    state = provider.read(name)
    assert (state["scope"], state["is_managed"], state["public_key"]) == ("account", True, public_key)
    provider.clear(name)
    assert provider.read(name)["is_managed"] is False


def test_a_pair_is_made_with_its_private_key_and_exported(provider, own_public_key, own_private_key, tmp_path):
    public_key = own_public_key.read_text()
    protection = {"private_key": own_private_key, "encryption": {"type": "default"}}
    name, _ = provider.create(name="tf-kept", public_key=public_key, key_protection=protection)
    exported = provider.call("POST", "/keypairs/private-key/export", {"keypair": {"name": name}})["keypair"]
    assert exported["name"] == name
    assert derived_public_key(exported["private_key"], tmp_path) == without_comment(public_key)


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


def test_a_taken_name_is_refused_with_a_status_whose_body_the_provider_shows(provider, own_public_key):
    """golangsdk hides the body of a 401 and of a 409."""
    provider.create(name="tf-taken", public_key=own_public_key.read_text())
    body = {"keypair": {"name": "tf-taken", "public_key": own_public_key.read_text(), "type": "ssh"}}
    refusal = provider.call("POST", "/keypairs", body, success={400})
    assert refusal["error_code"] == "KPS.0002" and "already exists" in refusal["error_msg"]


def test_the_deprecated_resource_lives_on_novas_paths(owner, own_public_key, tmp_path):
    """`huaweicloud_compute_keypair`, which takes a create for done only where its status is 200."""
    path = f"/v2.1/{owner.project_id}/os-keypairs"
    answer = send(owner, "POST", path, {"keypair": {"name": "tf-compute"}})
    assert answer.status == 200, answer.body
    made = answer.json()["keypair"]
    assert derived_public_key(made["private_key"], tmp_path) == without_comment(made["public_key"])
    shown = send(owner, "GET", f"{path}/tf-compute").json()["keypair"]
    assert (shown["name"], shown["public_key"]) == ("tf-compute", made["public_key"])
    body = {"keypair": {"name": "tf-compute-imported", "public_key": own_public_key.read_text()}}
    imported = send(owner, "POST", path, body)
    assert (imported.status, imported.json()["keypair"].get("private_key")) == (200, None)
    for name in ("tf-compute", "tf-compute-imported"):
        assert send(owner, "DELETE", f"{path}/{name}").status in (200, 202, 204)
        assert send(owner, "GET", f"{path}/{name}").status == 404


def test_a_provider_without_a_project_finds_it_by_its_region(owner):
    projects = send(owner, "GET", "/v3/projects", query={"name": "test-1"})
    assert projects.status == 200, projects.body
    assert [project["id"] for project in projects.json()["projects"]] == [owner.project_id]
    domains = send(owner, "GET", "/v3/auth/domains")
    assert [domain["id"] for domain in domains.json()["domains"]] == ["default"]
