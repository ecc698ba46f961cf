"""Several processes on one PostgreSQL database, as replicas behind a load balancer are."""

import pytest

from alibaba_rpc import refusal, signed
from huawei import new_member
from service import Service, new_database, postgresql_settings, sql


@pytest.fixture
def replicas(tmp_path):
    """Two installations with one database, one master key file and one password file, started at the same time."""
    url = new_database()
    settings = postgresql_settings(tmp_path, url)
    pair = [Service(tmp_path / name, url, settings) for name in ("left", "right")]
    for replica in pair:
        replica.folder.mkdir()
        replica.launch()
    yield pair
    for replica in pair:
        replica.stop()


def test_two_first_starts_at_once_make_one_of_everything(replicas):
    for replica in replicas:
        replica.wait_until_ready()
    for table in ("users", "projects"):
        names = [name for name, in sql(replicas[0].database_url, f"SELECT name FROM {table} ORDER BY name")]
        assert names == ["admin", "demo"], table
    assert len([replica for replica in replicas if replica.clouds_yaml.exists()]) == 1, "one of them made the users"


def test_what_one_replica_made_the_other_shows_and_deletes(replicas):
    for replica in replicas:
        replica.wait_until_ready()
    first, second = sorted(replicas, key=lambda replica: replica.clouds_yaml.exists(), reverse=True)
    token, _ = first.token()
    assert first.request("POST", "/v2.1/os-keypairs", {"keypair": {"name": "shared"}}, token).status == 200
    assert second.request("GET", "/v2.1/os-keypairs/shared", token=token).status == 200
    assert second.request("DELETE", "/v2.1/os-keypairs/shared", token=token).status == 202
    assert first.request("GET", "/v2.1/os-keypairs/shared", token=token).status == 404


def test_a_request_that_one_replica_answered_is_a_replay_to_the_other(replicas):
    for replica in replicas:
        replica.wait_until_ready()
    left, right = replicas
    request = signed(new_member(left), "DescribeRegions")
    assert request.send(left.port).status == 200
    assert refusal(request.send(right.port)) == (400, "SignatureNonceUsed")
