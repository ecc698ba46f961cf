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


def wanted(arguments=None) -> Wanted:
    parser = argparse.ArgumentParser(
        prog="tests/bench/run",
        description="Measures the release build on a PostgreSQL of its own, in turns with pgbench on the same server, and "
        "on SQLite. 32 connections, on loopback. Figures of one run can be compared with each other; with another "
        "machine's, only the ratios.",
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each load, and fewer users")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    given = parser.parse_args(arguments)
    file = given.json and Path(os.environ.get("BENCH_STARTED_IN", "."), given.json)
    if file and not file.parent.is_dir():
        parser.error(f"{file.parent}: there is no such directory")
    if given.quick:
        return Wanted(rounds=1, seconds=5, burst=100, burst_rounds=1, users=100, json=file)
    return Wanted(rounds=5, seconds=10, burst=500, burst_rounds=3, users=1000, json=file)


if __name__ == "__main__":
    wanted()
