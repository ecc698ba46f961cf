"""Measures two builds in turns and says where the second is worse. Given by tests/bench/compare, which has built them."""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "clients"))

from driver import Driver  # noqa: E402
from figures import Figures, LoadFailed, ratio  # noqa: E402
from memory import allow_open_files  # noqa: E402
from scene import on_postgresql, on_sqlite  # noqa: E402
from stock import READERS, put_in  # noqa: E402

# How much worse the median of the rounds may be: about twice what two equal builds differed by on a machine that others use, too.
# A burst is over so soon that it differs most, and before the processors' time, counted in hundredths of a second, says anything.
SLOWER, SLOWER_BURST, MORE_PROCESSOR = 0.15, 0.35, 0.10
BURST = "create_from_pool"
HEAD = """\
| database | load | requests/s before | after | ratio | CPU µs before | after | ratio | |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"""


@dataclass(frozen=True)
class Length:
    rounds: int
    burst_rounds: int
    seconds: int
    burst: int
    users: int


# Many short rounds: what else the machine does then meets both sides of a ratio, and the median leaves out where it did not.
QUICK = Length(rounds=11, burst_rounds=3, seconds=1, burst=100, users=100)
FULL = Length(rounds=31, burst_rounds=5, seconds=2, burst=500, users=1000)


@dataclass(frozen=True)
class Compared:
    """A load's rounds on both sides."""

    database: str
    load: str
    before: list[Figures]
    after: list[Figures]

    def ratio(self, member: str) -> float:
        return ratio(self.after, self.before, member)

    def complaints(self) -> list[str]:
        is_burst = self.load == BURST
        slower = self.ratio("requests_per_s") < 1 - (SLOWER_BURST if is_burst else SLOWER)
        more = not is_burst and self.ratio("cpu_us") > 1 + MORE_PROCESSOR
        return ["slower"] * slower + ["more CPU"] * more

    def line(self) -> str:
        cells = [self.database, self.load.replace("_", " ")]
        for member in ("requests_per_s", "cpu_us"):
            medians = [statistics.median(getattr(each, member) for each in side) for side in (self.before, self.after)]
            cells += [f"{median:.0f}" for median in medians] + [f"{self.ratio(member):.2f}"]
        return f"| {' | '.join([*cells, ', '.join(self.complaints())])} |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    given = parser.parse_args()
    length = QUICK if given.quick else FULL
    allow_open_files()
    compared = []
    for opened in (on_postgresql, on_sqlite):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as scenes:
            sides = [
                scenes.enter_context(opened(Path(folder, side), length.users + READERS, binary))
                for side, binary in [("before", given.before), ("after", given.after)]
            ]
            compared += compare(*(loads(scene, length) for scene in sides), length, sides[0].name)
    print("\n".join([HEAD, *(each.line() for each in compared)]))
    if any(each.complaints() for each in compared):
        sys.exit(
            f"worse: by more than {SLOWER:.0%} of the requests a second (of a burst {SLOWER_BURST:.0%}) "
            f"or {MORE_PROCESSOR:.0%} of the CPU time"
        )


def loads(scene, length):
    drive, stock = Driver(scene, length), put_in(scene)
    return {
        BURST: drive.burst("create", scene.tokens),
        "import": drive.wrk("import", scene.one_token),
        "import_many_users": drive.wrk("import", scene.tokens),
        "show": drive.wrk("show", scene.one_token, name=stock.shown),
        "list_of_100": drive.wrk("list", stock.list_of_100),
    }


def compare(before, after, length, database):
    """Load by load, each round in the other order, so that neither build always comes first."""
    for name in before:
        rounds = length.burst_rounds if name == BURST else length.rounds
        print(f"{database}: {name}, {rounds} times each", file=sys.stderr)
        taken = {"before": [], "after": []}
        for number in range(rounds):
            turn = [("before", before[name]), ("after", after[name])]
            for side, load in turn if number % 2 == 0 else reversed(turn):
                taken[side].append(load())
        yield Compared(database, name, **taken)


if __name__ == "__main__":
    try:
        main()
    except LoadFailed as failed:
        sys.exit(str(failed))
