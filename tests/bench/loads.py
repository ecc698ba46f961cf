"""One load at a time, by wrk, by pgbench or by the library alone, and what it cost."""

import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from figures import Figures, LoadFailed
from processor import used_by

CONNECTIONS = 32
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Processes:
    """Whose use of the processors is measured."""

    services: tuple[int, ...]
    database: int | None

    def used(self) -> tuple[float, float]:
        """Seconds of the services, and of the database."""
        return sum(map(used_by, self.services)), used_by(self.database) if self.database else 0


def wrk(port: int, given: dict[str, object], seconds: int, connections: int = CONNECTIONS) -> list[str]:
    """The command that sends a load of load.lua's, whose arguments are given."""
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}", "--timeout=60"]
    command += [f"--script={HERE / 'load.lua'}", f"http://127.0.0.1:{port}", "--"]
    return command + [f"{name}={value}" for name, value in given.items()]


def at_fixed_rate(port: int, path: str, token: Path, rate: int, seconds: int) -> list[str]:
    """The command that sends GET requests so often, whatever becomes of those before."""
    arguments = [f"--port={port}", f"--path={path}", f"--token={token}", f"--rate={rate}", f"--seconds={seconds}"]
    return [sys.executable, str(HERE / "fixed_rate.py"), *arguments]


def by_clients(commands: list[list[str]], processes: Processes) -> Figures:
    """These at the same time, as one load."""
    printed, service, database = _measured(commands, processes)
    told = [answered(each) for each in printed]
    answers = sum(each["answers"] for each in told)
    rate = sum(each["answers"] / each["seconds"] for each in told)
    # Of several, the slower one's times.
    times = (max(each[member] for each in told) for member in ("p50_ms", "p99_ms"))
    return Figures(rate, *times, *(used / answers * 1e6 for used in (service, database)))


def answered(printed: str) -> dict[str, float]:
    """What a client's last line says of its load, if all of it succeeded."""
    told = json.loads(printed.splitlines()[-1])
    if told["failed"] or not told["answers"]:
        raise LoadFailed(f"{told['failed']} of {told['answers']} requests failed")
    return told


def by_pgbench(script: Path, variables: dict[str, object], url: str, seconds: int, processes: Processes, log: Path) -> Figures:
    """Prepared statements, by as many connections; the script's variables are given."""
    command = ["pgbench", "--no-vacuum", "--protocol=prepared", f"--client={CONNECTIONS}", "--jobs=1"]
    command += [f"--define={name}={value}" for name, value in variables.items()]
    # A log of all would cost the client time that the service's client does not spend.
    command += ["--log", f"--log-prefix={log}", "--sampling-rate=0.05", f"--time={seconds}", f"--file={script}", url]
    [printed], _, database = _measured([command], processes)
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


def by_library(program: Path, seconds: int) -> Figures:
    """Keys that OpenSSL generates with nothing else to do: as many a second as the machine can."""
    command = [str(program), str(os.cpu_count()), str(seconds)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Figures(told["keys"] / told["seconds"], told["p50_ms"], told["p99_ms"], 0, 0)


def _measured(commands: list[list[str]], processes: Processes) -> tuple[list[str], float, float]:
    before = processes.used()
    running = [subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for each in commands]
    ended = [each.communicate() for each in running]
    after = processes.used()
    for process, (printed, complaint) in zip(running, ended, strict=True):
        if process.returncode != 0:
            raise LoadFailed(f"{process.args[0]}: {(complaint or printed)[:500]}")
    return [printed for printed, _ in ended], after[0] - before[0], after[1] - before[1]
