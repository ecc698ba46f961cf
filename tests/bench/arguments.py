"""The arguments of tests/bench/run. Run by itself, it says what is wrong with them."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wanted:
    rounds: int
    """How often each load runs, in turns with what it is compared with."""
    seconds: int
    """How long a load runs each time."""
    burst: int
    """How many creates follow each other at once, with a key ready for each."""
    burst_rounds: int
    users: int
    """How many users the loads of many users are drawn from."""
    json: Path | None
    plot: Path | None


QUICK = {"rounds": 1, "seconds": 2, "burst": 100, "burst_rounds": 1, "users": 100}
FULL = {"rounds": 5, "seconds": 10, "burst": 500, "burst_rounds": 3, "users": 1000}


def wanted(arguments=None) -> Wanted:
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Measures the release build on a PostgreSQL of its own, in turns with pgbench on the same server, and "
        "on SQLite. 32 connections, on loopback. Figures of one run can be compared with each other; with another "
        "machine's, only the ratios.",
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each load, and fewer users: some minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw the ratios to pgbench into this file")
    given = parser.parse_args(arguments)
    files = {name: _file(parser, getattr(given, name)) for name in ("json", "plot")}
    return Wanted(**(QUICK if given.quick else FULL), **files)


def _file(parser, path):
    """As it is named in the folder that the command was started in."""
    file = path and Path(os.environ.get("BENCH_STARTED_IN", "."), path)
    if file and not file.parent.is_dir():
        parser.error(f"{file.parent}: there is no such directory")
    return file


if __name__ == "__main__":
    wanted()
