"""Loads of a second against a running service, on SQLite."""

from pathlib import Path

import pytest

from driver import Driver
from figures import LoadFailed
from loads import by_clients
from memory import allow_open_files, idle_connections, resident_mb
from scene import on_sqlite
from stock import LISTED, READERS, put_in


class Short:
    seconds, burst, users = 1, 3, 2


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    allow_open_files()
    with on_sqlite(tmp_path_factory.mktemp("scene") / "sqlite", Short.users + READERS) as scene:
        yield scene


@pytest.fixture(scope="module")
def stock(scene):
    return put_in(scene)


@pytest.fixture
def drive(scene, stock):
    return Driver(scene, Short)


def test_a_load_gives_figures(scene, stock, drive):
    figures = drive.wrk("show", scene.one_token, name=stock.shown)()
    assert figures.requests_per_s > 0 and figures.p99_ms >= figures.p50_ms > 0 and figures.cpu_us_service > 0


def test_a_load_whose_requests_fail_ends_the_run(scene, drive):
    with pytest.raises(LoadFailed, match="requests failed"):
        drive.wrk("show", scene.one_token, name="no-such-pair")()
    with pytest.raises(LoadFailed, match="requests failed"):
        drive.at_fixed_rate(20, "/v2.1/os-keypairs/no-such-pair")()


def test_a_client_that_cannot_run_ends_the_run(scene):
    with pytest.raises(LoadFailed, match="^false: "):
        by_clients([["false"]], scene.processes)


def test_a_fixed_rate_is_kept(scene, stock, drive):
    figures = drive.at_fixed_rate(50, f"/v2.1/os-keypairs/{stock.shown}")()
    assert 40 < figures.requests_per_s < 51
    assert figures.p99_ms >= figures.p50_ms > 0


def test_a_burst_makes_as_many_as_there_are_keys_ready(scene, drive):
    drive.burst("create", scene.tokens)()
    lists = [scene.service.request("GET", "/v2.1/os-keypairs", token=token) for token in scene.tokens.read_text().split()]
    # Those that were under way when the last one that counts was answered are made, too.
    assert sum(len(each.json()["keypairs"]) for each in lists) >= Short.burst


def test_the_lists_are_as_long_as_their_names_say(scene, stock):
    def listed(token, query=""):
        version = {"OpenStack-API-Version": "compute 2.35"}
        path = f"/v2.1/os-keypairs{query}"
        return scene.service.request("GET", path, token=token.read_text(), headers=version).json()["keypairs"]

    assert len(listed(stock.list_of_100)) == LISTED
    for token, last in [(stock.few, 0), (stock.many, 99_899)]:
        assert len(listed(token, f"?limit=100&marker={stock.paged}{last:06}")) == 100
    assert len(listed(stock.many, f"?limit=100&marker={stock.paged}099900")) == 99


def test_idle_connections_are_held_by_the_service(scene, stock):
    held = Path(f"/proc/{scene.service.process.pid}/fd")
    with idle_connections(scene.service.port, 300, f"/v2.1/os-keypairs/{stock.shown}", scene.one()):
        assert len(list(held.iterdir())) >= 300
    with pytest.raises(LoadFailed, match="404"):
        with idle_connections(scene.service.port, 3, "/v2.1/os-keypairs/none", scene.one()):
            pass


def test_memory_is_that_of_the_process(scene):
    assert 5 < resident_mb(scene.service.process.pid) < 500
