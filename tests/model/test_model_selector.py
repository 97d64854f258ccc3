# SPDX-License-Identifier: Apache-2.0
"""Selectors against the vectors of the contract, and what they are used for."""
import pytest

from addresses import packed
from pools import Pool
from selector import ebpf_legacy, userspace_v1

VECTORS = [
    ("10.0.1.100", 4, 3, 2),
    ("192.0.2.1", 5, 4, 0),
    ("100.64.9.4", 8, 0, 4),
    ("2001:db8::1", 257, 197, 116),
    ("fd00::1", 3, 2, 2),
]


@pytest.mark.parametrize("source, count, index_v1, index_legacy", VECTORS)
def test_vector(source, count, index_v1, index_legacy):
    assert userspace_v1(packed(source), count) == index_v1
    assert ebpf_legacy(packed(source), count) == index_legacy


@pytest.mark.parametrize("selector", [userspace_v1, ebpf_legacy])
def test_list_of_one_gives_index_0(selector):
    assert selector(packed("10.1.2.3"), 1) == 0


def test_lists_are_in_configured_order_ranges_ascending():
    pool = Pool("p", 1, 2, None)
    for low, high in (("198.51.100.7", "198.51.100.9"), ("2001:db8::ff", "2001:db8::100"),
                      ("198.51.100.1", "198.51.100.1")):
        pool.add(packed(low), packed(high))
    assert [pool.lists[4].at(index)[3] for index in range(4)] == [7, 8, 9, 1]
    assert pool.lists[6].at(1) == packed("2001:db8::100")
    with pytest.raises(IndexError):
        pool.lists[4].at(4)
