"""A PostgreSQL primary that dies, and a standby that takes its place."""

import time

import pytest

from cluster import proxied, started
from load import Load
from service import sql

# How long both services may take to find the new primary, in seconds.
RECOVERY = 30


@pytest.fixture
def cluster(tmp_path):
    with started(tmp_path / "cluster") as running:
        yield running


def test_f09_nothing_acknowledged_is_lost_in_a_failover_and_services_recover_by_themselves(cluster, start, tmp_path):
    """One service has both servers in its URL, the other a proxy that is switched."""
    with proxied(tmp_path / "proxy", cluster) as proxy:
        by_both = start(cluster.url_of_both())
        by_both.wait_until_ready()
        by_proxy = start(proxy.url, like=by_both)
        by_proxy.wait_until_ready()
        services = [by_both, by_proxy]
        token, _ = by_both.token()
        wait_for_the_standby(cluster)

        with Load([service.port for service in services], token, clients=8, named="load") as load:
            load.go_on(100)
            died_at = time.monotonic()
            cluster.fail_over()
            proxy.switch()
            promoted_at = time.monotonic()
            for client in range(8):
                load.go_on(10, by=lambda outcome: outcome.status == 200 and f"load-{client}-" in outcome.name)
        first_again = {}
        for outcome in load.outcomes:
            if outcome.sent_at > promoted_at and outcome.status == 200:
                first_again.setdefault(outcome.name.split("-")[1], outcome.ended_at)
        assert max(first_again.values()) < promoted_at + RECOVERY
        failures = load.failures()
        assert failures, "the primary did not die under load"
        assert [failure for failure in failures if failure.status != 503] == []
        assert min(failure.ended_at for failure in failures) > died_at
        stored = {name for name, in sql(cluster.url_of_both(), "SELECT name FROM key_pairs")}
        assert load.left() - stored == set(), "what was acknowledged is there"
        for service in services:
            service.wait_until_ready()


def wait_for_the_standby(cluster):
    """Until then a commit waits for nobody."""
    while sql(cluster.url_of_both(), "SELECT sync_state FROM pg_stat_replication") != [["sync"]]:
        time.sleep(0.1)
