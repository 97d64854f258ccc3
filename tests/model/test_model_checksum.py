# SPDX-License-Identifier: Apache-2.0
"""Checksums: every value, against arithmetic by hand and against Scapy."""
import random

from scapy.utils import checksum as scapy_checksum

from checksum import compute, ones_complement_sum, update


def added_by_hand(words):
    total = 0
    for word in words:
        total += word
        if total > 0xFFFF:
            total -= 0xFFFF
    return total


def test_compute_agrees_with_scapy():
    rng = random.Random(5)
    for length in range(1, 200):
        data = rng.randbytes(length)
        assert compute(data) == scapy_checksum(data)


def test_sum_of_every_word_with_edges():
    for word in range(0x10000):
        for other in (0, 1, 0xFFFE, 0xFFFF):
            data = word.to_bytes(2) + other.to_bytes(2)
            assert ones_complement_sum(data) == added_by_hand([word, other])


def test_update_of_every_checksum_is_equation_3():
    changes = [(b"\x12\x34", b"\xfe\xdc")]
    for checksum in range(0x10000):
        expected = 0xFFFF - added_by_hand([0xFFFF - checksum, 0xFFFF - 0x1234, 0xFEDC])
        assert update(checksum, changes) == expected


def test_update_to_every_word_keeps_a_right_checksum_right():
    for word in range(0x10000):
        old = b"\x45\x00\x00\x54"
        new = b"\x45\x00" + word.to_bytes(2)
        assert update(compute(old), [(old, new)]) == compute(new)


def test_rfc1624_example():
    """RFC 1624 section 4: where equation 2 gives 0xffff, equation 3 gives 0x0000."""
    assert update(0xDD2F, [(b"\x55\x55", b"\x32\x85")]) == 0x0000


def test_equal_words_enter_the_update():
    """Section 5: also where old and new are equal; it turns 0xffff, and only that, into 0."""
    same = [(b"\x12\x34", b"\x12\x34")]
    assert update(0xFFFF, same) == 0
    assert all(update(checksum, same) == checksum for checksum in range(0xFFFF))


def test_only_all_ones_to_zeros_keeps_zero_sum():
    assert update(0xFFFF, [(b"\xff\xff", b"\x00\x00")]) == 0xFFFF
