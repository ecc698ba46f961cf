"""The quick starts, played as a new user would: every block in order in one shell, with what they print.

Installing is left out: the environment of these tests has the versions that they name.
"""

import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from service import BINARY, PATIENCE, bare_environment, free_ports

DOCS = Path(__file__).parents[2] / "docs"
QUICKSTARTS = sorted(DOCS.glob("quickstart-*.md"))
DEFAULT_PORT = "8774"
each_quickstart = pytest.mark.parametrize("page", QUICKSTARTS, ids=lambda page: page.stem)


def blocks(page):
    """Language and text of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def is_installation(language, text):
    return language == "sh" and text.startswith("pip install ")


def script(page):
    """One shell script of all that is to be run."""
    parts = []
    for language, text in blocks(page):
        if language == "python":
            parts.append(f"python3 - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK\n")
        elif language == "sh" and not is_installation(language, text):
            parts.append(text)
    return "".join(parts)


def play(text, folder):
    """Runs the script in a folder with nothing in it, on ports of the test's own."""
    port, admin_port = free_ports(2)
    programs = folder / "bin"
    programs.mkdir()
    (programs / "keypaird").symlink_to(BINARY)
    work = folder / "empty"
    work.mkdir()
    environment = bare_environment(
        {
            "HOME": str(folder),
            "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "KEYPAIRD__HTTP__LISTEN": f"127.0.0.1:{port}",
            "KEYPAIRD__ADMIN__LISTEN": f"127.0.0.1:{admin_port}",
        }
    )
    command = ["bash", "-euo", "pipefail", "-c", text.replace(f"127.0.0.1:{DEFAULT_PORT}", f"127.0.0.1:{port}")]
    shell = subprocess.Popen(
        command, cwd=work, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        printed, _ = shell.communicate(timeout=3 * PATIENCE)
    finally:
        # The service too, where the script did not come to its end.
        with_nobody_left(shell.pid)
    return shell.returncode, printed


def with_nobody_left(group):
    try:
        os.killpg(group, signal.SIGTERM)
    except ProcessLookupError:
        pass


def test_there_is_one_for_each_vendor():
    assert [page.stem.removeprefix("quickstart-") for page in QUICKSTARTS] == ["alibaba", "huawei", "openstack"]


@each_quickstart
def test_a_quick_start_works_as_it_stands_and_prints_what_it_says(page, tmp_path):
    status, printed = play(script(page), tmp_path)
    assert status == 0, printed
    told = [line for language, text in blocks(page) if language == "text" for line in text.splitlines()]
    rest = iter(printed.splitlines())
    assert told and all(any(says(line, each.strip()) for each in rest) for line in told), printed


def says(told, line):
    """`…` stands for whatever differs from time to time."""
    return re.fullmatch(".*".join(re.escape(part) for part in told.split("…")), line) is not None


@each_quickstart
def test_what_it_installs_is_what_is_tested(page):
    installed = [text.removeprefix("pip install ").split() for language, text in blocks(page) if is_installation(language, text)]
    assert installed
    for package in sum(installed, []):
        name, _, wanted = package.partition("==")
        assert version(name) == wanted, package


@each_quickstart
def test_every_fence_is_played_or_compared(page):
    assert page.read_text().count("\n```") == 2 * len(blocks(page))
    assert {language for language, _ in blocks(page)} <= {"sh", "python", "text"}


@each_quickstart
def test_its_links_lead_somewhere_and_on_to_terraform(page):
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text())
    for target in targets:
        path, _, anchor = target.partition("#")
        found = (DOCS / path).resolve()
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target
    assert any(target.startswith("compatibility.md#") for target in targets)
    assert any(target.startswith("../deploy/terraform/") for target in targets)


def anchors(page):
    """Of the headings, as they are made of them: small letters, blanks as hyphens, no other signs."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
