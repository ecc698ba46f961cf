"""PostgreSQL's programs and PgBouncer refuse to run as root: as root, they are run as the user postgres."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from service import PATIENCE

AS_POSTGRES = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def own(path):
    """Gives a folder to the user that they run as, whose way there it opens."""
    if AS_POSTGRES:
        shutil.chown(path, "postgres", "postgres")
        for folder in path.parents:
            if folder.stat().st_uid == os.geteuid() and not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o001)


def run(*command, **options):
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=PATIENCE, **AS_POSTGRES, **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@contextmanager
def started(command, log):
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd="/", stdout=written, stderr=written, **AS_POSTGRES)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def postgresql_tool(name):
    """A program of PostgreSQL's server: Debian keeps them out of PATH, in a folder per version."""
    found = shutil.which(name) or sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1]
    return str(found)
