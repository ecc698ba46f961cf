"""A ciphertext that AES-GCM opens under two keys: what the commitment of docs/envelope.md is there to refuse."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


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
