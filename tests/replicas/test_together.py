"""What replicas share: whatever one of them answered, the other knows."""

import threading
import time
from pathlib import Path

from alibaba_rpc import refusal, signed
from conftest import first_of, two_replicas
from huawei import new_member
from load import imported
from service import PATIENCE, sql

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "postgresql"
KEPT = {"keypair": {"name": "kept", "key_protection": {"encryption": {"type": "default"}}}}
# How long a caller may be remembered, in seconds; and what a busy machine may add.
CACHE_SECONDS = 5
SLACK_SECONDS = 10


def test_two_first_starts_at_once_migrate_once_and_make_one_of_everything(replicas):
    url = replicas[0].database_url
    known = len(list(MIGRATIONS.iterdir()))
    assert sql(url, "SELECT count(*) FROM __diesel_schema_migrations") == [[str(known)]]
    assert sql(url, "SELECT count(*) FROM instance") == [["1"]]
    for table in ("users", "projects"):
        assert [name for name, in sql(url, f"SELECT name FROM {table} ORDER BY name")] == ["admin", "demo"], table
    assert first_of(replicas), "one of them made the users"


def test_what_one_replica_made_the_other_shows_and_deletes(replicas, token):
    left, right = replicas
    assert left.request("POST", "/v2.1/os-keypairs", imported("shared"), token).status == 200
    assert right.request("GET", "/v2.1/os-keypairs/shared", token=token).status == 200
    assert right.request("DELETE", "/v2.1/os-keypairs/shared", token=token).status == 202
    assert left.request("GET", "/v2.1/os-keypairs/shared", token=token).status == 404


def test_a_token_of_one_replica_is_good_at_the_other_until_it_is_revoked(replicas):
    left, right = sorted(replicas, key=lambda replica: replica.clouds_yaml.exists(), reverse=True)
    token, _ = left.token()
    assert right.request("GET", "/v2.1/os-keypairs", token=token).status == 200
    revoked = left.request("DELETE", "/identity/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
    assert revoked.status == 204, revoked.body
    asked = time.monotonic()
    assert left.request("GET", "/v2.1/os-keypairs", token=token).status == 401
    while right.request("GET", "/v2.1/os-keypairs", token=token).status == 200:
        assert time.monotonic() < asked + CACHE_SECONDS + SLACK_SECONDS, "the other replica still takes it"
        time.sleep(0.1)
    assert right.request("GET", "/v2.1/os-keypairs", token=token).status == 401


def test_a_request_that_one_replica_answered_is_a_replay_to_the_other(replicas):
    left, right = replicas
    request = signed(new_member(left), "DescribeRegions")
    assert request.send(left.port).status == 200
    assert refusal(request.send(right.port)) == (400, "SignatureNonceUsed")


def test_a_quota_holds_exactly_and_a_name_is_given_once_however_many_ask_at_both(tmp_path):
    limit = 20
    with two_replicas(tmp_path, KEYPAIRD__KEYPAIR__LIMIT=str(limit)) as replicas:
        token, _ = first_of(replicas).token()
        same = at_once(replicas, token, ["same"] * 30)
        assert sorted(same) == [200] + [409] * 29
        others = at_once(replicas, token, [f"k{number}" for number in range(3 * limit)])
        assert (others.count(200), others.count(403)) == (limit - 1, 2 * limit + 1)
        assert sql(replicas[0].database_url, "SELECT count(*) FROM key_pairs") == [[str(limit)]]
        assert sql(replicas[0].database_url, "SELECT max(key_pairs) FROM owners") == [[str(limit)]]


def test_a_rewrap_moves_private_keys_while_both_serve_them(replicas):
    first = first_of(replicas)
    token, project = first.token()
    for number in range(20):
        body = {"keypair": KEPT["keypair"] | {"name": f"kept{number}", "algorithm": "ed25519"}}
        made = first.request("POST", f"/v2.1/{project}/keypairs", body, token)
        assert made.status == 200, made.body
    first.command("master-key", "add")
    first.command("master-key", "set-primary", "default", "2")
    exported = []
    done = threading.Event()

    def export():
        while not done.is_set():
            for replica in replicas:
                body = {"keypair": {"name": f"kept{len(exported) % 20}"}}
                exported.append(replica.request("POST", f"/v3/{project}/keypairs/private-key/export", body, token).status)

    exporting = threading.Thread(target=export)
    exporting.start()
    try:
        told = first.command("rewrap")
    finally:
        done.set()
        exporting.join(PATIENCE)
    assert "moved 20 private keys; 0 are left\n" in told
    assert exported and set(exported) == {200}
    rows = sql(first.database_url, "SELECT DISTINCT kek_version FROM sealed_private_keys")
    assert rows == [["2"]]


def at_once(replicas, token, names):
    """The statuses of imports of these names, sent to the replicas in turn and all at the same time."""
    statuses = []
    barrier = threading.Barrier(len(names))

    def create(number, name):
        barrier.wait(PATIENCE)
        answer = replicas[number % len(replicas)].request("POST", "/v2.1/os-keypairs", imported(name), token)
        statuses.append(answer.status)

    threads = [threading.Thread(target=create, args=pair) for pair in enumerate(names)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return statuses
