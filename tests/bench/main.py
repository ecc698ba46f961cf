"""Measures what tests/bench/run has built and started, and prints the tables."""

import json
import sys
import tempfile
from datetime import date
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "clients"))

from arguments import wanted  # noqa: E402
from bench import Bench  # noqa: E402
from figures import LoadFailed  # noqa: E402
from loads import CONNECTIONS  # noqa: E402
from machine import described  # noqa: E402
from memory import allow_open_files  # noqa: E402
from plot import plot  # noqa: E402
from scene import on_postgresql, on_sqlite  # noqa: E402
from stock import READERS  # noqa: E402
from table import table  # noqa: E402


def main():
    asked = wanted()
    heading = [f"{date.today()}, {described()}", conditions(asked)]
    allow_open_files()
    with tempfile.TemporaryDirectory() as folder:
        figures = {}
        for database, opened in [("postgresql", on_postgresql), ("sqlite", on_sqlite)]:
            with opened(Path(folder, database), asked.users + READERS) as scene:
                figures[database] = Bench(scene, asked).run()
    print(f"{'; '.join(heading)}.\n\n{table(figures)}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n")
    if asked.plot:
        asked.plot.write_text(plot(figures, heading))


def conditions(asked):
    rounds = f"medians of {asked.rounds} rounds of {asked.seconds} s" if asked.rounds > 1 else f"one round of {asked.seconds} s"
    return f"{CONNECTIONS} connections, {asked.users} users, bursts of {asked.burst}; {rounds}"


try:
    main()
except LoadFailed as failed:
    sys.exit(str(failed))
