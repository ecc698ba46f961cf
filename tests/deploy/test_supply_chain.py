"""What the program is made of: the SBOM tells it, cargo-deny's rules bite, and `unsafe` is refused."""

import json
import os
import re
import tomllib

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools import BINARY, DEPLOY, ROOT, of_python, run


@pytest.fixture(scope="module")
def sbom():
    return json.loads(run(DEPLOY / "dependencies", "sbom"))


def test_s64_the_sbom_is_cyclonedx(sbom):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(sbom)) is None


def test_s64_the_sbom_has_exactly_what_cargo_links_into_the_program(sbom):
    required = crates(sbom, "required")
    assert required == linked("normal,no-proc-macro")
    # The tests' build of the program has crates that the tests alone ask for, and is told apart by nothing else.
    assert named_by_the_program() <= required | linked("normal,dev") - linked("normal")
    assert len(named_by_the_program() & required) > 150


def test_s64_the_sbom_has_each_crate_with_the_checksum_of_the_lock(sbom):
    lock = {
        (each["name"], each["version"]): each for each in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    }
    listed = [each for each in sbom["components"] if each["purl"].startswith("pkg:cargo/")]
    for each in listed:
        assert each["hashes"][0]["content"] == lock[each["name"], each["version"]]["checksum"], each["name"]
    assert {(each["name"], each["version"]) for each in listed} == linked("normal,build")


def test_s64_the_sbom_has_the_libraries_in_c_by_the_versions_that_the_program_has(sbom):
    found = {each["name"]: each["version"] for each in sbom["components"] if each["purl"].startswith("pkg:generic/")}
    assert found.keys() == {"openssl", "sqlite"}
    program = BINARY.read_bytes()
    assert f"OpenSSL {found['openssl']} ".encode() in program
    assert found["sqlite"].encode() in program


def test_s64_every_crate_stands_above_the_text_of_its_licence():
    told = run(DEPLOY / "dependencies", "licenses")
    holders = re.findall(r"^([\w-]+) ([\w.+-]+) \(.*\)$", told, re.MULTILINE)
    assert set(holders) >= linked("normal,no-proc-macro")
    # Some come without one; the texts of what they name are there by others.
    [without] = re.findall(r"((?:^.+ \(.+\)\n)+)\nThese name their licence", told, re.MULTILINE)
    assert 0 < len(without.splitlines()) < 20
    assert all(re.search(r"\(.*(MIT|Apache-2\.0).*\)$", line) or "sqlite" in line for line in without.splitlines())


@pytest.mark.parametrize(
    ("before", "told"),
    [("", "usage of an `unsafe` block"), ("#[allow(unsafe_code)] ", "allow(unsafe_code) incompatible")],
)
def test_s64_no_code_of_ours_can_be_unsafe(before, told, tmp_path):
    """By the project's own table of lints, on a program that tries: also where it allows itself to."""
    lints = re.search(r"^\[lints\.rust\]\n(?:[^\[].*\n)*", (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[0]
    (tmp_path / "Cargo.toml").write_text(f'[package]\nname = "tries"\nedition = "2024"\n\n{lints}')
    (tmp_path / "src").mkdir()
    program = f"{before}fn main() {{ unsafe {{ std::hint::unreachable_unchecked() }} }}\n"
    (tmp_path / "src" / "main.rs").write_text(program)
    environment = os.environ | {"CARGO_TARGET_DIR": str(tmp_path / "target")}
    assert told in run("cargo", "check", "--quiet", "--offline", cwd=tmp_path, env=environment, expected=101)


@pytest.fixture(scope="module")
def metadata():
    """The project's own dependency tree, as cargo tells it."""
    return json.loads(
        run("cargo", "metadata", "--locked", "--quiet", "--format-version", "1", "--all-features", cwd=ROOT)
    )


@pytest.mark.parametrize(
    ("check", "changed", "told"),
    [
        ("licenses", {"license": "GPL-3.0-only"}, "error[rejected]"),
        ("licenses", {"license": "Apache-2.0 AND AGPL-3.0-only"}, "error[rejected]"),
        ("licenses", {"license": None}, "error[unlicensed]"),
        ("bans", {"name": "rsa"}, "error[banned]"),
        ("bans", {"name": "pq-sys"}, "error[banned]"),
        ("bans", {"name": "mysqlclient-sys"}, "error[banned]"),
        ("sources", {"source": "git+https://example.org/vsimd#0123456789"}, "error[source-not-allowed]"),
        ("sources", {"source": "registry+https://example.org/index"}, "error[source-not-allowed]"),
    ],
)
def test_s64_a_crate_that_is_not_allowed_is_refused(check, changed, told, metadata, tmp_path):
    tree = json.loads(json.dumps(metadata))
    [crate] = [each for each in tree["packages"] if each["name"] == "vsimd"]
    crate.update(changed)
    assert told in denied(check, tree, tmp_path)


def test_s64_a_dependency_of_any_version_is_refused(metadata, tmp_path):
    tree = json.loads(json.dumps(metadata))
    [own] = [each for each in tree["packages"] if each["name"] == "keypaird"]
    own["dependencies"][0]["req"] = "*"
    assert "error[wildcard]" in denied("bans", tree, tmp_path)


def test_s64_an_advisory_in_a_local_copy_of_the_database_is_told_of(tmp_path):
    """As SECURITY.md has it for machines that cannot fetch the database: the copy's place is cargo-deny's own."""
    [place] = re.findall(r"advisory-dbs/(\S+)\"", (ROOT / "SECURITY.md").read_text())
    database = tmp_path / place
    run("git", "init", "--quiet", database)
    rules = tmp_path / "deny.toml"
    here = f'[advisories]\ndb-path = "{tmp_path}"'
    rules.write_text((ROOT / "deny.toml").read_text().replace("[advisories]", here))
    advise(database, mended_in="0.0.1")
    cargo_deny("--config", rules, "check", "advisories", expected=0)
    advise(database, mended_in="99.0.0")
    assert "RUSTSEC-2026-9999" in cargo_deny("--config", rules, "check", "advisories", expected=1)


def advise(database, mended_in):
    """Commits a made-up advisory against one of our crates, in the form of RustSec's database."""
    file = database / "crates" / "vsimd" / "RUSTSEC-2026-9999.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    head = '[advisory]\nid = "RUSTSEC-2026-9999"\npackage = "vsimd"\ndate = "2026-01-01"\n'
    file.write_text(f'```toml\n{head}[versions]\npatched = [">= {mended_in}"]\n```\n\n# Made up\n')
    run("git", "-C", database, "add", ".")
    somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@keypaird.test"]
    run("git", "-C", database, *somebody, "commit", "--quiet", "--message=advisory")


def denied(check, tree, folder):
    """What cargo-deny says, by the project's rules, against a dependency tree that it must refuse."""
    file = folder / "metadata.json"
    file.write_text(json.dumps(tree))
    # Its status is a bit for each check that failed.
    status = {"advisories": 1, "bans": 2, "licenses": 4, "sources": 8}[check]
    return cargo_deny("--metadata-path", file, "check", check, expected=status)


def cargo_deny(*arguments, expected):
    command = [of_python("cargo-deny"), "--locked", "--offline", "--log-level", "error", *arguments]
    return run(*command, cwd=ROOT, expected=expected)


def crates(sbom, scope):
    """The crates of a scope, by name and version."""
    found = [each for each in sbom["components"] if each["scope"] == scope and each["purl"].startswith("pkg:cargo/")]
    return {(each["name"], each["version"]) for each in found}


def linked(edges):
    """The crates that cargo goes to along such edges, the project left out, by name and version."""
    arguments = ["--edges", edges, "--prefix", "none", "--format", "{p}"]
    tree = run("cargo", "tree", "--locked", "--quiet", *arguments, cwd=ROOT)
    found = [line.split()[:2] for line in tree.splitlines() if line]
    return {(name, version.removeprefix("v")) for name, version in found if name != "keypaird"}


def named_by_the_program():
    """Crates that stand in the program with the places in their source, for panics: most do."""
    places = re.findall(rb"/registry/src/[^/]+/([\w-]+)-(\d+\.\d+\.[\w.+-]+)/", BINARY.read_bytes())
    return {(name.decode(), version.decode()) for name, version in places}
