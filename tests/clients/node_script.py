"""Runs the scripts of node/ with the Node packages that `tests/run prepare` installs."""

import json
import os
import subprocess
from pathlib import Path

from service import PATIENCE

PACKAGES = Path(os.environ.get("NODE_PATH", "target/client-tests-node/node_modules")).absolute()
SCRIPTS = Path(__file__).with_name("node")


def run(script, wish):
    """What a script makes of the wish that it is given."""
    assert PACKAGES.exists(), f"{PACKAGES} is not there; `tests/run prepare` makes it"
    environment = os.environ | {"NODE_PATH": str(PACKAGES)}
    done = subprocess.run(
        ["node", SCRIPTS / script],
        input=json.dumps(wish),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    # An SDK may log on the same stream, before the last line.
    return json.loads(done.stdout.splitlines()[-1])
