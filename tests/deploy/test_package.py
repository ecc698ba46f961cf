"""The Debian package: what lintian says, what is in it, and that dpkg installs, upgrades and removes it."""

import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from running import answer, free_ports, started
from tools import BINARY, DEPLOY, run

BUILDER = {"DEBFULLNAME": "Who builds it", "DEBEMAIL": "packages@keypaird.test"}
SETTINGS = Path("etc/keypaird/keypaird.toml")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    # What is packed is unpacked a few times, and not kept.
    environment = os.environ | BUILDER | {"DPKG_DEB_COMPRESSOR_LEVEL": "0"}
    run(DEPLOY / "deb" / "build", BINARY, folder, env=environment)
    [built] = folder.glob("*.deb")
    return built


@pytest.fixture
def root(tmp_path):
    """A system of which dpkg knows no package."""
    for name in ["info", "updates"]:
        (tmp_path / "var" / "lib" / "dpkg" / name).mkdir(parents=True)
    (tmp_path / "var" / "lib" / "dpkg" / "status").touch()
    (tmp_path / "etc").mkdir()
    return tmp_path


def dpkg(root, *arguments):
    # Its scripts run outside of it, where the tools are, and are told of it by DPKG_ROOT.
    forced = "--force-depends,confold,script-chrootless,bad-path"
    return run("dpkg", f"--root={root}", "--log=/dev/null", forced, *arguments, stdin=subprocess.DEVNULL)


def test_lintian_finds_nothing_to_complain_of(package):
    run("lintian", "--allow-root", "--fail-on", "error,warning", package)


def test_it_has_what_an_operator_looks_for_and_nothing_else_in_the_system(package):
    listed = run("dpkg-deb", "--contents", package)
    files = {line.split(" ./")[1]: line[:10] for line in listed.splitlines() if line.startswith("-")}
    assert not [line for line in listed.splitlines() if " root/root " not in line]
    outside = {name for name in files if not name.startswith("usr/share/")}
    assert outside == {
        "usr/bin/keypaird", str(SETTINGS), "lib/systemd/system/keypaird.service",
        "usr/lib/sysusers.d/keypaird.conf", "usr/lib/tmpfiles.d/keypaird.conf",
    }  # fmt: skip
    assert [name for name, mode in files.items() if "x" in mode] == ["usr/bin/keypaird"]
    documents = {name.removeprefix("usr/share/doc/keypaird/") for name in files if name.startswith("usr/share/doc/")}
    assert documents >= {"README.md", "SECURITY.md", "copyright", "changelog.gz", "sbom.cdx.json", "licenses.gz"}
    assert documents >= {"docs/operations.md", "examples/production.toml", "examples/credentials.conf", "examples/tls.conf"}


def test_every_command_has_a_manual_page_and_shells_complete_it(package, tmp_path):
    run("dpkg-deb", "--extract", package, tmp_path)
    share = tmp_path / "usr" / "share"
    pages = {page.name for page in (share / "man" / "man1").iterdir()}
    assert pages >= {"keypaird.1.gz", "keypaird-serve.1.gz", "keypaird-config-show.1.gz"}
    for script in ["bash-completion/completions/keypaird", "zsh/vendor-completions/_keypaird"]:
        assert "master-key" in (share / script).read_text()
    assert "master-key" in (share / "fish" / "vendor_completions.d" / "keypaird.fish").read_text()


def test_the_tarball_has_the_same_files(package):
    [tarball] = package.parent.glob("*.tar.gz")
    with tarfile.open(tarball) as files:
        names = {member.name for member in files if member.isfile()}
    packed = run("bash", "-c", 'dpkg-deb --fsys-tarfile "$0" | tar --list', package)
    assert names == {name.removeprefix("./") for name in packed.splitlines() if not name.endswith("/")}


def test_s64_it_tells_what_it_is_made_of(package, tmp_path):
    run("dpkg-deb", "--extract", package, tmp_path)
    told = json.loads((tmp_path / "usr/share/doc/keypaird/sbom.cdx.json").read_text())
    assert told == json.loads(run(DEPLOY / "dependencies", "sbom"))


def test_what_it_depends_on_is_what_the_program_loads(package):
    depends = run("dpkg-deb", "--field", package, "Depends")
    names = re.findall(r"(\S+)(?: \([^)]+\))?(?:, |\n|$)", depends)
    assert names == ["libc6", "libgcc-s1", "systemd"]
    loaded = set(re.findall(r"(\S+?)\.so", run("ldd", BINARY))) - {"linux-vdso"}
    assert {Path(name).name for name in loaded} <= {"libc", "libm", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_it_is_installed_and_its_program_runs_on_its_settings(package, root):
    dpkg(root, "--install", package)
    [user] = [
        line.split(":") for line in (root / "etc" / "passwd").read_text().splitlines() if line.startswith("keypaird:")
    ]
    data = (root / "var/lib/keypaird").stat()
    assert (data.st_mode & 0o777, data.st_uid) == (0o700, int(user[2]))
    [port, admin] = free_ports(2)
    listen = [
        "--listen",
        f"127.0.0.1:{port}",
        "--set",
        f"admin.listen=127.0.0.1:{admin}",
        "--set",
        "keypair.pool.size=0",
    ]
    program, settings = root / "usr/bin/keypaird", ["--config", root / SETTINGS]
    # The settings name a folder of the real system.
    command = [program, "serve", *settings, "--data-dir", root / "var/lib/keypaird", *listen]
    with started(command, env={}, cwd=root) as process:
        assert answer(f"http://127.0.0.1:{admin}/health/ready", process)[0] == 200
    shown = json.loads(run(program, "config", "show", "--output", "json", *settings, env={}, cwd=root))
    assert {name for name, each in shown.items() if each["origin"] != "default"} == {"data.dir"}
    assert shown["data.dir"]["value"] == "/var/lib/keypaird"


def test_an_upgrade_keeps_changed_settings_and_removal_keeps_what_cannot_be_made_anew(package, root, tmp_path_factory):
    dpkg(root, "--install", package)
    (root / SETTINGS).write_text('region = "mine"\n')
    (root / "var/lib/keypaird/master.key").write_text("kept")
    dpkg(root, "--install", newer(package, tmp_path_factory.mktemp("newer")))
    assert (root / SETTINGS).read_text() == 'region = "mine"\n'
    assert "# new" in (root / f"{SETTINGS}.dpkg-dist").read_text()
    # What was interrupted is configured once more.
    dpkg(root, "--unpack", package)
    dpkg(root, "--configure", "--pending")
    dpkg(root, "--configure", "--pending")
    dpkg(root, "--purge", "keypaird")
    assert not (root / SETTINGS).exists() and not (root / "usr/bin/keypaird").exists()
    assert (root / "var/lib/keypaird/master.key").read_text() == "kept"


def newer(package, folder):
    """The same as the next version, with other settings."""
    run("dpkg-deb", "--raw-extract", package, folder / "files")
    control = folder / "files" / "DEBIAN" / "control"
    control.write_text(re.sub(r"^(Version: .*)$", r"\1.1", control.read_text(), flags=re.MULTILINE))
    with (folder / "files" / SETTINGS).open("a") as settings:
        settings.write("# new\n")
    run("dpkg-deb", "-z0", "--build", folder / "files", folder / "newer.deb")
    return folder / "newer.deb"


def test_an_installation_starts_nothing_and_an_upgrade_restarts_only_what_runs():
    """By the scripts' own words: no systemd runs in tests."""
    scripts = {name: (DEPLOY / "deb" / name).read_text() for name in ["postinst", "prerm", "postrm"]}
    calls = {
        name: re.findall(r"^ +deb-systemd-(\w+ [\w-]+) keypaird\.service", text, re.MULTILINE)
        for name, text in scripts.items()
    }
    assert calls == {"postinst": ["invoke try-restart"], "prerm": ["invoke stop"], "postrm": ["helper disable"]}
    assert all(run("sh", "-n", DEPLOY / "deb" / name) == "" for name in scripts)
