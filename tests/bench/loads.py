"""One load at a time, by wrk or by pgbench, and what it cost."""

import json
import re
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from processor import used_by

CONNECTIONS = 32
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Processes:
    """Whose use of the processors is measured."""

    service: int | None
    database: int | None


@dataclass(frozen=True)
class Figures:
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us_service: float
    """Microseconds of a processor for each request; 0 where there is no such process."""
    cpu_us_database: float


class LoadFailed(Exception):
    pass


def by_wrk(port: int, arguments: list[str], seconds: int, processes: Processes) -> Figures:
    """A load of load.lua's, whose arguments these are."""
    command = ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}", "--timeout=60"]
    command += [f"--script={HERE / 'load.lua'}", f"http://127.0.0.1:{port}", "--", *arguments]
    printed, service, database = _measured(command, processes)
    told = json.loads(printed.splitlines()[-1])
    if told["failed"]:
        raise LoadFailed(f"{arguments[0]}: {told['failed']} of {told['answers']} requests failed; the service's log says why")
    answers = told["answers"]
    each = [used / answers * 1e6 for used in (service, database)]
    return Figures(answers / told["seconds"], told["p50_ms"], told["p99_ms"], *each)


def by_pgbench(script: Path, owner: str, url: str, seconds: int, processes: Processes, log: Path) -> Figures:
    """One prepared statement, by as many connections; `owner` is a variable of the script."""
    command = ["pgbench", "--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", "--jobs=1", f"--define=owner={owner}"]
    # A log of all would cost the client time that the service's client does not spend.
    command += ["--log", f"--log-prefix={log}", "--sampling-rate=0.05", f"--time={seconds}", f"--file={script}", url]
    printed, _, database = _measured(command, processes)
    rate = float(re.search(r"^tps = ([0-9.]+)", printed, re.MULTILINE)[1])
    count = int(re.search(r"actually processed: ([0-9]+)", printed)[1])
    percentiles = statistics.quantiles(_latencies(log), n=100)
    return Figures(rate, percentiles[49], percentiles[98], 0, database / count * 1e6)


def _latencies(log: Path) -> list[float]:
    """In milliseconds, from pgbench's log, which goes then: client, transaction, µs, …"""
    found = []
    for path in log.parent.glob(f"{log.name}.*"):
        found += [int(line.split()[2]) / 1000 for line in path.read_text().splitlines()]
        path.unlink()
    return found


def _measured(command: list[str], processes: Processes) -> tuple[str, float, float]:
    def used(process):
        return used_by(process) if process else 0

    before = used(processes.service), used(processes.database)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = used(processes.service), used(processes.database)
    if done.returncode != 0:
        raise LoadFailed(f"{command[0]}: {(done.stderr or done.stdout)[:500]}")
    return done.stdout, after[0] - before[0], after[1] - before[1]


def in_turns(rounds: int, loads: dict[str, Callable[[], Figures]]) -> dict[str, list[Figures]]:
    """Each load once a round, so that whatever else the machine does meets all of them."""
    taken = {name: [] for name in loads}
    for _ in range(rounds):
        for name, load in loads.items():
            taken[name].append(load())
    return taken


def middle(taken: list[Figures]) -> Figures:
    """Member by member the median."""
    return Figures(*(statistics.median(members) for members in zip(*(vars(each).values() for each in taken), strict=True)))


def ratio(ours: list[Figures], theirs: list[Figures]) -> float:
    """The median of the rounds' own ratios of requests a second."""
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(our.requests_per_s / their.requests_per_s for our, their in pairs)
