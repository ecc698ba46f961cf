"""Mixed loads for as long as is asked, and whether the service holds more memory in the end. Started by tests/long/soak."""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "clients"))

from driver import Driver  # noqa: E402
from figures import LoadFailed  # noqa: E402
from memory import resident_mb  # noqa: E402
from scene import on_postgresql, on_sqlite  # noqa: E402
from stock import READERS, put_in  # noqa: E402

# How much more the last quarter may hold than the second: in the first, caches and the allocator's own room fill.
GROWTH = 1.05
# Each load's turn; a minute is one of each.
SECONDS = 10


@dataclass(frozen=True)
class Length:
    seconds: int = SECONDS
    users: int = 200


def main():
    parser = argparse.ArgumentParser(prog="tests/long/soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="how long (60); at least 8")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    given = parser.parse_args()
    if given.minutes < 8:
        parser.error("--minutes: it takes at least 8 to tell growth from a start")
    opened = on_sqlite if given.sqlite else on_postgresql
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder, "soak"), Length.users + READERS) as scene:
        taken = soak(scene, given.minutes)
    complaint = growth(taken)
    print(f"resident after each minute, in MB: {' '.join(f'{each:.0f}' for each in taken)}")
    if complaint:
        sys.exit(complaint)


def soak(scene, minutes):
    """What the service holds after each minute."""
    drive, stock = Driver(scene, Length()), put_in(scene)
    page = {"name": stock.paged, "pairs": 100_000}
    loads = {
        "import": drive.wrk("import", scene.tokens),
        "create": drive.wrk("create", scene.tokens, algorithm="ed25519"),
        "show": drive.wrk("show", scene.one_token, name=stock.shown),
        "show by cold tokens": drive.wrk("show", stock.cold, name=stock.shown),
        "list": drive.wrk("list", stock.list_of_100),
        "page": drive.wrk("page", stock.many, **page),
    }
    taken = []
    for minute in range(minutes):
        rates = {name: load().requests_per_s for name, load in loads.items()}
        taken.append(resident_mb(scene.service.process.pid))
        told = ", ".join(f"{name} {rate:.0f}/s" for name, rate in rates.items())
        print(f"minute {minute + 1} of {minutes}: {taken[-1]:.0f} MB; {told}", file=sys.stderr)
    return taken


def growth(taken: list[float]) -> str | None:
    """What is wrong with the memory of each minute."""
    quarter = len(taken) // 4
    before, after = statistics.median(taken[quarter : 2 * quarter]), statistics.median(taken[-quarter:])
    if after <= before * GROWTH:
        return None
    return f"the service grows: {before:.0f} MB in the second quarter, {after:.0f} MB in the last"


if __name__ == "__main__":
    try:
        main()
    except LoadFailed as failed:
        sys.exit(str(failed))
