# SPDX-License-Identifier: Apache-2.0
"""SipHash-2-4 with a 64-bit result, as in the paper of Aumasson and Bernstein."""
import struct

MASK = 0xFFFFFFFFFFFFFFFF


def _rotate(word, bits):
    return ((word << bits) | (word >> (64 - bits))) & MASK


def _round(v0, v1, v2, v3):
    v0 = (v0 + v1) & MASK
    v1 = _rotate(v1, 13) ^ v0
    v0 = _rotate(v0, 32)
    v2 = (v2 + v3) & MASK
    v3 = _rotate(v3, 16) ^ v2
    v0 = (v0 + v3) & MASK
    v3 = _rotate(v3, 21) ^ v0
    v2 = (v2 + v1) & MASK
    v1 = _rotate(v1, 17) ^ v2
    v2 = _rotate(v2, 32)
    return v0, v1, v2, v3


def _words(data):
    """The message as little-endian words; the last one carries the length in its top byte."""
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    return struct.unpack(f"<{len(padded) // 8}Q", padded)


def siphash24(key, data):
    """=> the hash as an integer; `key` is 16 bytes, two little-endian words."""
    k0, k1 = struct.unpack("<2Q", key)
    state = (k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D,
             k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573)
    for word in _words(data):
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _round(*_round(v0, v1, v2, v3 ^ word))
        state = (v0 ^ word, v1, v2, v3)
    v0, v1, v2, v3 = state
    state = (v0, v1, v2 ^ 0xFF, v3)
    for _ in range(4):
        state = _round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]
