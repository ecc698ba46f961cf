"""What processes have used of the processors."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def used_by(process: int) -> float:
    """Seconds, user and system, of a process and of its children, those that have ended too."""
    while True:
        children = _children(process)
        used = sum(sum(times) for times in [_times(process), *map(_times, children)])
        # A child that ends meanwhile moves into its parent's times, and may have been missed in both or counted in both.
        if _children(process) == children:
            return used / TICKS


def _times(process: int) -> list[int]:
    # After the name, which may hold anything: field 3 is the state, 14 to 17 are the times.
    fields = _stat(process)
    return [int(field) for field in fields[11:15]] if fields else []


def _children(process: int) -> list[int]:
    numbers = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [number for number in numbers if (fields := _stat(number)) and int(fields[1]) == process]


def _stat(process: int) -> list[str]:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
