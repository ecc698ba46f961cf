"""README's commands as they stand there, played in the folder in which the service was started."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service import PATIENCE, bare_environment

README = Path(__file__).parents[2] / "README.md"
DEFAULT_ADDRESS = "127.0.0.1:8774"


def blocks_with(command):
    """The shell blocks of README that call the command."""
    blocks = [block.partition("\n```")[0] for block in README.read_text().split("```sh\n")[1:]]
    found = [block for block in blocks if f"{command} -" in block]
    assert found, f"README has no block that calls {command}"
    return found


@pytest.fixture
def play(service, own_public_key):
    """Runs blocks as a person would paste them into one shell, at the address of this test's service."""
    home = own_public_key.parent
    home.joinpath(".ssh").mkdir(exist_ok=True)
    home.joinpath(".ssh", own_public_key.name).write_bytes(own_public_key.read_bytes())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def play(blocks):
        script = "\n".join(blocks).replace(DEFAULT_ADDRESS, f"127.0.0.1:{service.port}")
        environment = bare_environment({"HOME": str(home), "PATH": path})
        command = ["bash", "-euo", "pipefail", "-c", script]
        return subprocess.run(
            command, cwd=service.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )

    return play


@pytest.mark.parametrize("command", ["curl", "openstack"])
def test_the_commands_of_the_readme_work_as_they_stand_there(play, service, command):
    done = play(blocks_with(command))
    assert done.returncode == 0, done.stderr
    token, _ = service.token()
    listed = service.request("GET", "/v2.1/os-keypairs", token=token).json()["keypairs"]
    names = {each["keypair"]["name"] for each in listed}
    assert names >= {"curl": {"mine"}, "openstack": {"laptop"}}[command]
