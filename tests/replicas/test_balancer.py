"""Replicas that go, and settings that change, behind a balancer that follows /health/ready, while clients go on asking."""

import signal
import time

import pytest

from balancer import balancing
from load import Load
from service import PATIENCE


@pytest.fixture
def balancer(replicas, tmp_path):
    with balancing(tmp_path, *replicas) as running:
        yield running


def test_f04_no_request_fails_while_one_replica_after_the_other_is_told_to_stop(replicas, token, balancer):
    with Load([balancer.port], token) as load:
        load.go_on(50)
        for replica in replicas:
            assert replica.stop() == 0
            load.go_on(50)
            replica.start()
            balancer.wait_until_told(f"Server replicas/{replica.folder.name} is UP")
            load.go_on(50)
    assert load.failures() == []


def test_of_a_replica_that_is_killed_only_requests_under_way_fail(replicas, token, balancer):
    with Load([balancer.port], token) as load:
        load.go_on(50)
        replicas[0].process.send_signal(signal.SIGKILL)
        replicas[0].process.wait(PATIENCE)
        gone_at = time.monotonic()
        load.go_on(100)
    assert [failure for failure in load.failures() if failure.sent_at > gone_at] == []
    assert len(load.failures()) <= len(load.threads), load.failures()
