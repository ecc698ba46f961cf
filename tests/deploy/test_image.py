"""The container image: what its Dockerfile says, what the last stage leaves, and that it runs as nobody in particular."""

import json
import os
import re
import stat
from pathlib import Path

from image import USER
from tools import DEPLOY, ROOT, of_python, run

DOCKERFILE = DEPLOY / "Dockerfile"


def test_hadolint_finds_nothing_to_complain_of():
    run(of_python("hadolint"), DOCKERFILE)


def test_the_build_stage_is_given_all_that_the_build_reads():
    """What is built in by name stands in `include_str!` and `embed_migrations!`; the tests' own are not compiled there."""
    copied = set(" ".join(re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE.read_text(), re.MULTILINE)).split())
    embedded = re.findall(r'(?:embed_migrations!|include_(?:str|bytes)!)\(\s*"([^"]+)"', sources())
    # A name alone is that of a file beside the source.
    outside = {path.replace("../", "").split("/")[0] for path in embedded if "/" in path} - {"tests"}
    assert outside | {"Cargo.toml", "Cargo.lock", "build.rs", "src"} <= copied
    assert all((ROOT / name).exists() for name in copied)


def sources():
    return "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.rs"))


def test_s63_it_is_for_a_user_without_rights(image):
    config = image.config()
    assert config["User"] == f"{USER}:{USER}"
    assert (config["Entrypoint"], config["Cmd"]) == (["/usr/bin/keypaird"], ["serve"])
    assert set(config["ExposedPorts"]) == {"8774/tcp", "8775/tcp"}
    assert not [variable for variable in config["Env"] if not variable.startswith("PATH=")]


def test_s63_it_has_no_shell_and_no_program_but_the_service(image, container):
    files = image.files(container)
    programs = {str(path) for path, file in files.items() if executable(file) and ".so" not in path.name}
    assert programs == {"/usr/bin/keypaird"}
    assert not [path for path, file in files.items() if os.lstat(file).st_mode & (stat.S_ISUID | stat.S_ISGID)]


def test_s64_it_tells_what_it_is_made_of(image, container):
    told = image.files(container)[Path("/usr/share/doc/keypaird/sbom.cdx.json")].read_text()
    assert json.loads(told)["metadata"]["component"]["name"] == "keypaird"


def executable(file):
    mode = os.lstat(file).st_mode
    return stat.S_ISREG(mode) and mode & 0o111


def test_the_default_base_has_no_shell_either():
    """The tests' base is empty; the one that users get is distroless, and not its variant for debugging."""
    [base] = re.findall(r"^ARG BASE_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert re.fullmatch(r"gcr\.io/distroless/cc-debian\d+:nonroot", base)


def test_the_program_runs_in_it(image, container):
    version = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert run(*image.inside(container, "--version")).strip() == f"keypaird {version}"
