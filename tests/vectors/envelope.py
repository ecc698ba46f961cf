#!/usr/bin/env python3
"""The envelope of docs/envelope.md a second time, independently of the service: on the `cryptography` package alone.

    envelope.py verify FILE   open every vector of FILE, and check that the ones to be refused are
    envelope.py seal          print a file of fresh vectors, for the service to open

Needs: pip install cryptography==46.0.3
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

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
    return hkdf(bytes.fromhex(kek["key"]), None, written([b"keypaird/1/check-value"] + kek_parts(kek)))


def wrap(vector, data_key, salt):
    context = data_key_context(vector)
    key = hkdf(bytes.fromhex(vector["kek"]["key"]), salt, context)
    return b"\x01" + salt + AESGCM(key).encrypt(ZERO_NONCE, data_key, context)


def unwrap(vector):
    wrapped = bytes.fromhex(vector["wrapped_data_key"])
    if len(wrapped) != 81:
        raise Refused("length")
    if wrapped[:1] != b"\x01":
        raise Refused("wrap-format")
    salt, encrypted = wrapped[1:33], wrapped[33:]
    context = data_key_context(vector)
    key = hkdf(bytes.fromhex(vector["kek"]["key"]), salt, context)
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


# --- a ciphertext that opens under two keys ---------------------------------------------------------------------------


def multiply(x, y):
    """In GCM's field (NIST SP 800-38D, 6.3): blocks as integers, most significant bit first."""
    product = 0
    for bit in range(127, -1, -1):
        if (x >> bit) & 1:
            product ^= y
        y = (y >> 1) ^ (0xE1 << 120 if y & 1 else 0)
    return product


def inverse(x):
    result, power = 1 << 127, x
    for _ in range(127):  # x to the power of 2^128 - 2
        power = multiply(power, power)
        result = multiply(result, power)
    return result


def aes_block(key, block):
    return int.from_bytes(Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block), "big")


def ghash(h, associated, ciphertext):
    def padded(data):
        return data + bytes(-len(data) % 16)

    blocks = padded(associated) + padded(ciphertext)
    blocks += (8 * len(associated)).to_bytes(8, "big") + (8 * len(ciphertext)).to_bytes(8, "big")
    state = 0
    for at in range(0, len(blocks), 16):
        state = multiply(state ^ int.from_bytes(blocks[at : at + 16], "big"), h)
    return state


def two_key_ciphertext(keys, nonce, context):
    """One ciphertext and tag that AES-GCM opens under both keys: the last block is solved for equal tags."""
    hashes = [aes_block(key, bytes(16)) for key in keys]
    masks = [aes_block(key, nonce + b"\0\0\0\1") for key in keys]
    start = os.urandom(32)
    sums = [ghash(h, context, start + bytes(16)) ^ mask for h, mask in zip(hashes, masks)]
    squares = [multiply(h, h) for h in hashes]
    last = multiply(sums[0] ^ sums[1], inverse(squares[0] ^ squares[1]))
    body = start + last.to_bytes(16, "big")
    tag = ghash(hashes[0], context, body) ^ masks[0]
    ciphertext = body + tag.to_bytes(16, "big")
    for key in keys:
        AESGCM(key).decrypt(nonce, ciphertext, context)
    return ciphertext


# --- vectors ----------------------------------------------------------------------------------------------------------


def blank(name, suite=1, **changes):
    kek = {"provider": "local", "name": "default", "version": 1, "key": os.urandom(32).hex()}
    kek["check_value"] = check_value(kek).hex()
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


def refused(name, expect, suite=1, **changes):
    vector = seal(blank(name, suite), b"never seen")
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
        right = outcome == vector["expect"] and check_value(vector["kek"]).hex() == vector["kek"]["check_value"]
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
