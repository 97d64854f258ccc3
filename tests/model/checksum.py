# SPDX-License-Identifier: Apache-2.0
"""The Internet checksum: whole, to verify (RFC 1071), and incremental (RFC 1624)."""
import struct


def ones_complement_sum(data):
    """The one's complement sum of 16-bit words, an odd byte padded with zero.

    2**16 leaves the remainder 1 when divided by 65535, so the sum of the words and the whole
    number leave the same remainder; only all zeros sum to 0, else the remainder 0 means 65535.
    """
    number = int.from_bytes(data)
    if len(data) & 1:
        number <<= 8
    return number % 0xFFFF or (0xFFFF if number else 0)


def compute(data):
    """=> the checksum of the bytes; 0 if they include a right one."""
    return 0xFFFF - ones_complement_sum(data)


def update(checksum, changes):
    """Section 5: RFC 1624 equation 3, HC' = ~(~HC + ~m + m'), for every word of every change.

    `changes` are pairs (old bytes, new bytes) of even and equal lengths.
    """
    total = ~checksum & 0xFFFF
    for old, new in changes:
        words = f">{len(old) // 2}H"
        for before, after in zip(struct.unpack(words, old), struct.unpack(words, new)):
            total += (~before & 0xFFFF) + after
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
