"""The machine that figures are of, in a few words."""

import os
import platform
import re
from pathlib import Path

from service import POSTGRESQL_URL, sql


def described() -> str:
    parts = [_processor(), f"{os.cpu_count()} processors", f"{_memory_gb():.0f} GB"]
    [[postgresql]] = sql(POSTGRESQL_URL, "SHOW server_version")
    parts += [_system(), f"PostgreSQL {postgresql.split()[0]}"]
    return ", ".join(parts)


def _processor():
    """Not every architecture's kernel says its name."""
    named = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return named[1] if named else platform.machine()


def _system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _memory_gb():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
