"""deploy/README.md: the files that it names are there, and what it says of secrets makes secrets that the program takes."""

import re

from tools import BINARY, DEPLOY, ROOT, run

README = DEPLOY / "README.md"


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


def test_every_file_of_the_project_that_a_command_names_is_there():
    named = re.findall(r"\b(?:deploy|config)/[\w./-]+", "\n".join(blocks()))
    assert named and all((ROOT / name).exists() for name in named)


def test_the_secrets_are_such_as_the_program_takes(tmp_path):
    (tmp_path / "keypaird").symlink_to(BINARY)
    [block] = [block for block in blocks() if "mkdir secrets" in block]
    run("bash", "-euc", f'PATH="{tmp_path}:$PATH"\n{block}', cwd=tmp_path)
    made = sorted((tmp_path / "secrets").iterdir())
    assert [file.name for file in made] == ["bootstrap-password", "database-url", "master.key", "postgresql-password"]
    assert {file.stat().st_mode & 0o777 for file in made} == {0o600}
    # Its host is the compose file's own: there is none of this name here.
    told = run(BINARY, "migrate", "--set", f"database.url_file={made[1]}", cwd=tmp_path, env={}, expected=1)
    assert "cannot open the database postgres://keypaird:***@postgresql/keypaird" in told
