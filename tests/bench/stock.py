"""What the loads read: key pairs and tokens, put in before anything is measured, most of them by SQL."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from scene import Scene

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFEK40Je9hdjyVEHfXdVH3Zr+/3oFYZqKWVqWjNcuVjx bench"
# Users whose lists must stay as they are: they make no key pairs later on.
READERS = 3
LISTED = 100
# So many that a page of 100 follows each that a page may begin behind; and the owner of many.
FEW, MANY = LISTED + 1, 100_000
# Each comes again only after all others: by then it has long been forgotten, as the service remembers them for five seconds.
COLD_TOKENS = 200_000
# SQLite takes a statement of at most a million bytes.
ROWS = 5000


@dataclass(frozen=True)
class Stock:
    owner: str
    """The written owner of the key pair that is shown."""
    project: str
    shown: str
    """Its name."""
    paged: str
    """What the names of pages' key pairs begin with; six digits follow."""
    list_of_100: Path
    few: Path
    many: Path
    cold: Path
    """Files with the tokens of the users who have 100, FEW and MANY key pairs, and with tokens of the one user's."""


def put_in(scene: Scene) -> Stock:
    """Takes the readers from the scene's users."""
    tokens = scene.tokens.read_text().split()
    scene.tokens.write_text("\n".join(tokens[READERS:]))
    files = [_file(scene, name, token) for name, token in zip(("listed", "few", "many"), tokens)]
    pair = make(scene, scene.one(), "shown")
    stock = Stock(f"u:{pair['user_id']}", _project(scene), "shown", "paged", *files, _cold(scene))
    for number in range(LISTED):
        make(scene, tokens[0], f"listed{number}")
    for token, count in zip(tokens[1:READERS], (FEW, MANY)):
        owner = f"u:{make(scene, token, stock.paged)['user_id']}"
        scene.run("".join(_copies_of_pair(scene, owner, stock.paged, some) for some in _chunks(range(count))))
    return stock


def make(scene: Scene, token: str, name: str, **members) -> dict:
    """A key pair, imported unless `members` say otherwise."""
    pair = {"name": name} | (members or {"public_key": PUBLIC_KEY})
    answer = scene.service.request("POST", "/v2.1/os-keypairs", {"keypair": pair}, token)
    assert answer.status == 200, answer.body
    return answer.json()["keypair"]


def _file(scene, name, token):
    path = scene.service.folder / f"token-{name}"
    path.write_text(token)
    return path


def _project(scene):
    answer = scene.service.request("GET", "/identity/v3/auth/projects", token=scene.one())
    return answer.json()["projects"][0]["id"]


def _cold(scene):
    """Tokens as good as the one user's."""
    tokens = [f"kpd_{number:043}" for number in range(COLD_TOKENS)]
    scene.run("".join(_copies_of_token(scene, scene.one(), some) for some in _chunks(tokens)))
    path = scene.service.folder / "tokens-cold"
    path.write_text("\n".join(tokens))
    return path


def _copies_of_token(scene, token, others):
    hashes = ", ".join(f"({scene.bytes(_stored(other))})" for other in others)
    return (
        f"WITH given (hash) AS (VALUES {hashes}) INSERT INTO tokens "
        "SELECT given.hash, user_id, scope, methods, audit_ids, issued_at, expires_at "
        f"FROM tokens CROSS JOIN given WHERE tokens.hash = {scene.bytes(_stored(token))};\n"
    )


def _stored(token):
    return hashlib.sha256(token.encode()).digest()


def _copies_of_pair(scene, owner, name, numbers):
    """Key pairs like that one, whose names have a number behind it."""
    given = ", ".join(f"({scene.bytes(number.to_bytes(16))}, '{name}{number:06}')" for number in numbers)
    same = "user_id, project_id, kind, algorithm, public_key, fingerprint, fingerprint_sha256, description, has_private_key, created_at"
    return (
        f"WITH given (id, name) AS (VALUES {given}) INSERT INTO key_pairs (region, owner, id, name, {same}) "
        f"SELECT region, owner, given.id, given.name, {same} "
        f"FROM key_pairs CROSS JOIN given WHERE owner = '{owner}' AND key_pairs.name = '{name}';\n"
        f"UPDATE owners SET key_pairs = key_pairs + {len(numbers)} WHERE owner = '{owner}';\n"
    )


def _chunks(rows):
    return [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
