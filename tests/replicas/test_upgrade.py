"""A newer version's migrations beside replicas of this one. The newer version is made up: of it there are only its rows."""

import signal
import time

from balancer import balancing
from load import Load
from service import PATIENCE, request, sql

MIGRATION = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999'); INSERT INTO schema_compatibility VALUES ('9999', '{}')"
UNMARKED = "DELETE FROM schema_compatibility WHERE migration = '9999'"


def test_f37_replicas_serve_on_beside_a_newer_schema_that_lets_them_and_end_before_one_that_does_not(replicas, token, tmp_path):
    url = replicas[0].database_url
    [[newest]] = sql(url, "SELECT max(version) FROM __diesel_schema_migrations")
    with balancing(tmp_path, *replicas) as balancer, Load([balancer.port], token) as load:
        load.go_on(30)
        sql(url, MIGRATION.format(newest))
        for replica in replicas:
            assert schema(replica, "compatible") == "ready"
        load.go_on(30)
        # A new process of the old version, which is what the way back is; and its migration, which has nothing to do.
        assert replicas[0].stop() == 0
        replicas[0].start()
        balancer.wait_until_told("Server replicas/left is UP")
        assert replicas[0].command("migrate") == "schema found: 9999\nschema now: 9999\n"
        # Settings that are read again cost no request either.
        for replica in replicas:
            replica.process.send_signal(signal.SIGHUP)
        for replica in replicas:
            wait_for_log(replica, "the settings were read again")
        load.go_on(30)
    assert load.failures() == []

    sql(url, "UPDATE schema_compatibility SET serves_from = '9999' WHERE migration = '9999'")
    for replica in replicas:
        assert schema(replica, "newer") == "unready"
        wait_for_log(replica, "it has the migration 9999 of a newer version, beside which this one must not serve")
    sql(url, UNMARKED)
    assert replicas[0].stop() == 0
    replicas[0].launch()
    assert replicas[0].process.wait(PATIENCE) == 1
    assert "has the migration 9999 of a newer version, which does not let this one serve" in replicas[0].log.read_text()


def schema(replica, word):
    """The replica's status, once it says this of the schema."""
    deadline = time.monotonic() + PATIENCE
    while True:
        report = request(replica.admin_port, "GET", "/health/ready").json()
        if report["checks"]["schema"] == word:
            return report["status"]
        assert time.monotonic() < deadline, report
        time.sleep(0.1)


def wait_for_log(replica, words):
    deadline = time.monotonic() + PATIENCE
    while words not in replica.log.read_text():
        assert time.monotonic() < deadline, f"it did not say '{words}':\n{replica.log.read_text()}"
        time.sleep(0.1)
