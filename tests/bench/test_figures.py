"""What the figures become: medians, ratios, tables, the drawing, a verdict."""

import xml.etree.ElementTree as ElementTree

import pytest

from compare import Compared
from figures import Figures, LoadFailed, in_turns, middle, ratio
from loads import answered
from plot import plot
from soak import growth
from table import table


def at(rate, cpu=100.0, p99=2.0):
    return Figures(requests_per_s=rate, p50_ms=1.0, p99_ms=p99, cpu_us_service=cpu, cpu_us_database=0.0)


FIGURES = {
    "postgresql": {
        "import": vars(at(500)) | {"ratio_to_pgbench": 0.052, "ratio_to_transaction": 17.3},
        "show_at_200_per_s_in_storm": vars(at(200)) | {"p99_ratio_to_idle": 1.5},
        "pgbench_insert": vars(at(10_000)),
        "memory": {"idle_mb": 20.4, "with_10000_connections_mb": 140.0},
    }
}


def test_loads_take_turns():
    ran = []
    taken = in_turns(2, {name: lambda name=name: ran.append(name) or at(len(ran)) for name in ("ours", "theirs")})
    assert ran == ["ours", "theirs", "ours", "theirs"]
    assert [each.requests_per_s for each in taken["ours"]] == [1, 3]


def test_a_load_that_fails_is_named_and_ends_the_turns():
    def failing():
        raise LoadFailed("3 of 4 requests failed")

    with pytest.raises(LoadFailed, match="^theirs: 3 of 4"):
        in_turns(2, {"ours": lambda: at(1), "theirs": failing})


def test_one_disturbed_round_does_not_move_the_figures():
    assert middle([at(100), at(3), at(110)]) == at(100)


def test_a_ratio_is_that_of_rounds_and_not_of_medians():
    ours, theirs = [at(10), at(100), at(1000)], [at(20), at(1000), at(1000)]
    assert ratio(ours, theirs) == 0.5
    assert ratio([at(1, p99=3)], [at(1, p99=2)], "p99_ms") == 1.5


def test_the_table_has_a_line_for_each_load_and_each_kind_of_memory():
    lines = table(FIGURES).splitlines()
    assert "| postgresql | import | 500 | 0.05 | 17.30 | 1.00 | 2.00 | 100 | 0 |  |" in lines
    assert "| postgresql | with 10000 connections | 140 |" in lines
    assert any("in storm" in line and "1.50 times its p99 when idle" in line for line in lines)


def test_the_drawing_is_well_formed_and_has_a_bar_for_each_ratio():
    drawn = ElementTree.fromstring(plot(FIGURES, ["1 < 2 & 3", "32 connections"]))
    svg = "{http://www.w3.org/2000/svg}"
    texts = [each.text for each in drawn.iter(f"{svg}text")]
    assert {"import", "0.05", "17.30", "1 < 2 & 3"} <= set(texts)
    # Two of the legend, two bars.
    bars = list(drawn.iter(f"{svg}rect"))
    assert len(bars) == 4
    for bar in bars:
        assert float(bar.get("x")) >= 0 and float(bar.get("x")) + float(bar.get("width")) <= float(drawn.get("width"))


@pytest.mark.parametrize(("after", "complaints"), [
    (at(95), []),
    (at(120, cpu=50), []),
    (at(80), ["slower"]),
    (at(100, cpu=115), ["more CPU"]),
])
def test_a_build_is_worse_where_it_is_slower_or_takes_more_of_the_processors(after, complaints):
    assert Compared("PostgreSQL", "import", [at(100)] * 3, [after] * 3).complaints() == complaints


@pytest.mark.parametrize("told", ['{"answers": 7, "failed": 1}', '{"answers": 0, "failed": 0}'])
def test_a_client_without_success_gives_no_figures(told):
    with pytest.raises(LoadFailed):
        answered(f"Running …\n{told}\n")


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param([20, 60, 62, 61, 62, 61, 62, 62], id="what fills at first"),
        pytest.param([60, 60, 60, 60, 60, 90, 60, 60], id="a moment of more"),
    ],
)
def test_a_service_that_only_fills_its_room_does_not_grow(taken):
    assert growth(taken) is None


def test_a_service_that_holds_more_and_more_grows():
    assert growth([60, 61, 62, 63, 65, 66, 67, 68]) == "the service grows: 62 MB in the second quarter, 68 MB in the last"
