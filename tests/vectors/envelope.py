#!/usr/bin/env python3
"""The envelope of docs/envelope.md a second time, independently of the service: on the `cryptography` package alone.

    envelope.py verify FILE   open every vector of FILE, and check that the ones to be refused are
    envelope.py seal          print a file of fresh vectors, for the service to open

Needs: pip install cryptography==50.0.2
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from two_keys import two_key_ciphertext

ZERO_NONCE = bytes(12)
# The cipher of the private key, by the suite's number. Data keys are wrapped by AES-256-GCM whatever the suite.
SUITES = {1: AESGCM, 2: ChaCha20Poly1305}


class Refused(Exception):
    """Why a vector does not open; the word is the vector's `expect`."""


# --- the format -------------------------------------------------------------------------------------------------------


def written(parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def binding_parts(binding):
    return [
        uuid.UUID(binding["instance"]).bytes,
        binding["region"].encode(),
        binding["owner"].encode(),
        (binding["project"] or "").encode(),
        uuid.UUID(binding["key_pair"]).bytes,
        binding["kind"].encode(),
        hashlib.sha256(binding["public_key"].encode()).digest(),
    ]


def kek_parts(kek):
    return [kek["provider"].encode(), kek["name"].encode(), kek["version"].to_bytes(4, "big")]


def private_key_context(purpose, vector):
    parts = [purpose, vector["suite"].to_bytes(4, "big")]
    return written(parts + binding_parts(vector["binding"]))


def data_key_context(vector):
    return written([b"keypaird/1/data-key"] + kek_parts(vector["kek"]) + binding_parts(vector["binding"]))


def hkdf(key, salt, info):
    return HKDF(algorithm=SHA512(), length=32, salt=salt, info=info).derive(key)


def derive_both(data_key, salt, vector):
    encryption_key = hkdf(data_key, salt, private_key_context(b"keypaird/1/encryption-key", vector))
    commitment = hkdf(data_key, salt, private_key_context(b"keypaird/1/key-commitment", vector))
    return encryption_key, commitment


def check_value(kek):
    """Of a master key."""
    return hkdf(bytes.fromhex(kek["key"]), None, written([b"keypaird/1/check-value"] + kek_parts(kek)))


def wrap(vector, data_key, salt):
    context = data_key_context(vector)
    key = hkdf(bytes.fromhex(vector["kek"]["key"]), salt, context)
    return b"\x01" + beside(vector["kek"]) + salt + AESGCM(key).encrypt(ZERO_NONCE, data_key, context)


def beside(kek):
    """A project's key stands beside what it wraps, as the KMS wrapped it and with its length in front."""
    wrapped_key = bytes.fromhex(kek.get("wrapped_key", ""))
    return len(wrapped_key).to_bytes(2, "big") + wrapped_key if kek["provider"] == "aws-kms-project" else b""


def unwrap(vector):
    wrapped, kek = bytes.fromhex(vector["wrapped_data_key"]), vector["kek"]
    head = 1
    if kek["provider"] == "aws-kms-project":
        head = 3 + int.from_bytes(wrapped[1:3], "big")
    if len(wrapped) != head + 80:
        raise Refused("length")
    if wrapped[:1] != b"\x01":
        raise Refused("wrap-format")
    if wrapped[1:head] != beside(kek):
        raise AssertionError(f"{vector['name']}: another wrapped key came out")
    salt, encrypted = wrapped[head : head + 32], wrapped[head + 32 :]
    context = data_key_context(vector)
    key = hkdf(bytes.fromhex(kek["key"]), salt, context)
    try:
        return AESGCM(key).decrypt(ZERO_NONCE, encrypted, context)
    except InvalidTag:
        raise Refused("wrapping") from None


def seal(vector, private_key, data_key=None, salt=None, nonce=None):
    """Adds the stored parts to a vector that has kek and binding."""
    data_key, salt, nonce = data_key or os.urandom(32), salt or os.urandom(32), nonce or os.urandom(12)
    encryption_key, commitment = derive_both(data_key, salt, vector)
    context = private_key_context(b"keypaird/1/private-key", vector)
    ciphertext = SUITES[vector["suite"]](encryption_key).encrypt(nonce, private_key, context)
    stored = {
        "data_key": data_key,
        "wrapped_data_key": wrap(vector, data_key, os.urandom(32)),
        "salt": salt,
        "commitment": commitment,
        "nonce": nonce,
        "ciphertext": ciphertext,
    }
    vector.update({name: value.hex() for name, value in stored.items()})
    return vector


def open_(vector):
    salt, commitment, nonce, ciphertext = (
        bytes.fromhex(vector[part]) for part in ("salt", "commitment", "nonce", "ciphertext")
    )
    if (len(salt), len(commitment), len(nonce)) != (32, 32, 12) or len(ciphertext) < 16:
        raise Refused("length")
    data_key = unwrap(vector)
    if data_key.hex() != vector["data_key"]:
        raise AssertionError(f"{vector['name']}: another data key came out")
    encryption_key, right_commitment = derive_both(data_key, salt, vector)
    if not hmac.compare_digest(commitment, right_commitment):
        raise Refused("commitment")
    try:
        context = private_key_context(b"keypaird/1/private-key", vector)
        return SUITES[vector["suite"]](encryption_key).decrypt(nonce, ciphertext, context).decode()
    except InvalidTag:
        raise Refused("ciphertext") from None
    except UnicodeDecodeError:
        raise Refused("text") from None


# --- vectors ----------------------------------------------------------------------------------------------------------


def master_key():
    kek = {"provider": "local", "name": "default", "version": 1, "key": os.urandom(32).hex()}
    return kek | {"check_value": check_value(kek).hex()}


def project_key():
    """With bytes in the place of what a KMS gives for it: they stand beside the data key as they are."""
    return {
        "provider": "aws-kms-project",
        "name": f"arn:aws:kms:eu-central-1:111122223333:key/{uuid.uuid4()}",
        "version": 1,
        "key": os.urandom(32).hex(),
        "wrapped_key": os.urandom(184).hex(),
    }


def blank(name, suite=1, kek=None, **changes):
    kek = kek or master_key()
    binding = {
        "instance": str(uuid.uuid4()),
        "region": "RegionOne",
        "owner": "u:0f9d2ed4a2f94b3f8f6c1c0d9a7be7a1",
        "project": "7c3d1a0be9a94f0f9f6f2d2c61d9a8b4",
        "key_pair": str(uuid.uuid4()),
        "kind": "ssh",
        "public_key": "ssh-ed25519 " + base64.b64encode(os.urandom(51)).decode() + " alice@example",
    }
    binding.update(changes)
    return {
        "name": name,
        "sealed_by": "envelope.py",
        "expect": "opens",
        "kek": kek,
        "binding": binding,
        "suite": suite,
    }


def opening(name, text, suite=1, **changes):
    return seal(blank(name, suite, **changes), text.encode()) | {"private_key": text}


def refused(name, expect, suite=1, kek=None, **changes):
    vector = seal(blank(name, suite, kek), b"never seen")
    vector["expect"] = expect
    for part, change in changes.items():
        vector[part] = change(bytes.fromhex(vector[part])).hex()
    return vector


def of_another_suite(name):
    """Sealed by one suite, stored as of the other: key and commitment are of the number too."""
    vector = seal(blank(name, 1), b"never seen")
    return vector | {"suite": 2, "expect": "commitment"}


def recommitted():
    """The same with the commitment that the other suite's number gives: the cipher itself refuses."""
    vector = of_another_suite("suite 2: sealed by suite 1, with the commitment of suite 2")
    data_key, salt = bytes.fromhex(vector["data_key"]), bytes.fromhex(vector["salt"])
    return vector | {"commitment": derive_both(data_key, salt, vector)[1].hex(), "expect": "ciphertext"}


def renamed(name):
    """Wrapped by a project's key that one key in the KMS wrapped, stored as of another."""
    vector = seal(blank(name, kek=project_key()), b"never seen")
    return vector | {"kek": vector["kek"] | {"name": project_key()["name"]}, "expect": "wrapping"}


def under_projects_keys():
    def is_refused(what, expect, suite=1, **changes):
        name = f"{'suite 2, ' if suite == 2 else ''}a project's key: {what}"
        return refused(name, expect, suite, project_key(), **changes)

    def lengthened(wrapped):
        return wrapped[:1] + (int.from_bytes(wrapped[1:3], "big") + 1).to_bytes(2, "big") + wrapped[3:]

    no_project = {"owner": "u:0f9d2ed4a2f94b3f8f6c1c0d9a7be7a1", "project": None}
    smallest = project_key() | {"wrapped_key": "00"}
    return [
        opening("a project's key: a key of a user", "schlüssel\r\n", kek=project_key()),
        opening("a project's key: a key of a user, made without a project", "x", kek=smallest, **no_project),
        opening("suite 2, a project's key: a key of a user", "schlüssel\r\n", 2, kek=project_key()),
        is_refused("another wrapping format", "wrap-format", wrapped_data_key=lambda w: b"\x02" + w[1:]),
        is_refused("a length that is not the wrapped key's", "length", wrapped_data_key=lengthened),
        is_refused("a length past the end", "length", wrapped_data_key=lambda w: w[:1] + b"\xff\xff" + w[3:]),
        is_refused("cut short", "length", wrapped_data_key=lambda w: w[:-1]),
        is_refused("cut within the length", "length", wrapped_data_key=lambda w: w[:2]),
        is_refused("another tag", "wrapping", wrapped_data_key=lambda w: w[:-16] + bytes(16)),
        is_refused("another salt", "wrapping", wrapped_data_key=lambda w: w[:-80] + os.urandom(32) + w[-48:]),
        is_refused("another tag", "wrapping", 2, wrapped_data_key=lambda w: w[:-16] + bytes(16)),
        renamed("a project's key: the ARN of another key in the KMS"),
    ]


def crafted_for_two_keys():
    """The commitment is the first data key's; the row's data key is the second; AES-GCM opens under both."""
    vector = blank("a ciphertext crafted to open under two data keys") | {"expect": "commitment"}
    data_keys, salt, nonce = [os.urandom(32), os.urandom(32)], os.urandom(32), os.urandom(12)
    derived = [derive_both(data_key, salt, vector) for data_key in data_keys]
    context = private_key_context(b"keypaird/1/private-key", vector)
    ciphertext = two_key_ciphertext([key for key, _ in derived], nonce, context)
    stored = {
        "data_key": data_keys[1],
        "wrapped_data_key": wrap(vector, data_keys[1], os.urandom(32)),
        "salt": salt,
        "commitment": derived[0][1],
        "nonce": nonce,
        "ciphertext": ciphertext,
    }
    return vector | {name: value.hex() for name, value in stored.items()}


def fresh_vectors():
    not_text = seal(blank("bytes that are not UTF-8"), b"\xff\xfe") | {"expect": "text"}
    return [
        opening("a key of a user", "-----BEGIN TEST KEY-----\nc2VhbGVkIGVsc2V3aGVyZQ==\n-----END TEST KEY-----\n"),
        opening("a key of a project, made without one", "x", owner="p:7c3d1a0be9a94f0f", project=None),
        opening("a certificate's key, and names of other scripts", "schlüssel\r\n", kind="x509", region="région-éa-1"),
        opening("an empty text", ""),
        opening("a long text", "0123456789abcdef" * 512 + "\n"),
        crafted_for_two_keys(),
        refused("a data key of another wrapping format", "wrap-format", wrapped_data_key=lambda w: b"\x02" + w[1:]),
        refused("a wrapped data key cut short", "length", wrapped_data_key=lambda w: w[:-1]),
        refused("a wrapped data key with another tag", "wrapping", wrapped_data_key=lambda w: w[:-16] + bytes(16)),
        refused("another commitment", "commitment", commitment=lambda c: os.urandom(32)),
        refused("a ciphertext cut short", "ciphertext", ciphertext=lambda c: c[1:]),
        refused("a short salt", "length", salt=lambda s: s[:31]),
        refused("a nonce of 16 bytes", "length", nonce=lambda n: n + bytes(4)),
        refused("a ciphertext shorter than its tag", "length", ciphertext=lambda c: c[:15]),
        not_text,
        opening("suite 2: a key of a user", "-----BEGIN TEST KEY-----\nc3VpdGUgMg==\n-----END TEST KEY-----\n", 2),
        opening("suite 2: a key of a project, made without one", "x", 2, owner="p:7c3d1a0be9a94f0f", project=None),
        opening("suite 2: an empty text", "", 2),
        opening("suite 2: a long text", "0123456789abcdef" * 512 + "\n", 2),
        refused("suite 2: another commitment", "commitment", 2, commitment=lambda c: os.urandom(32)),
        refused("suite 2: a ciphertext with another tag", "ciphertext", 2, ciphertext=lambda c: c[:-16] + bytes(16)),
        refused("suite 2: a ciphertext cut short", "ciphertext", 2, ciphertext=lambda c: c[1:]),
        refused("suite 2: a wrapped data key with another tag", "wrapping", 2, wrapped_data_key=lambda w: w[:-1] + b"\0"),
        of_another_suite("suite 2: sealed by suite 1"),
        recommitted(),
        *under_projects_keys(),
    ]


def verify(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)["vectors"]
    failed = 0
    for vector in vectors:
        try:
            outcome = "opens" if open_(vector) == vector.get("private_key") else "another text"
        except Refused as reason:
            outcome = str(reason)
        kek = vector["kek"]
        right = outcome == vector["expect"] and ("wrapped_key" in kek or check_value(kek).hex() == kek["check_value"])
        failed += not right
        print(f"{'ok  ' if right else 'FAIL'} {vector['sealed_by']}: {vector['name']}: {outcome}")
    print(f"{len(vectors)} vectors, {failed} failed")
    return 1 if failed or not vectors else 0


def main(arguments):
    match arguments:
        case ["verify", path]:
            return verify(path)
        case ["seal"]:
            print(json.dumps({"vectors": fresh_vectors()}, indent=2, ensure_ascii=False))
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
