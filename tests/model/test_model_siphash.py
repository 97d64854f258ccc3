# SPDX-License-Identifier: Apache-2.0
"""SipHash against the vectors of its reference: key 00..0f, messages 00..(n-1)."""
import pytest

from siphash import siphash24

KEY = bytes(range(16))
VECTORS = {
    0: "310e0edd47db6f72",
    1: "fd67dc93c539f874",
    7: "37d1018bf50002ab",
    8: "6224939a79f5f593",
    15: "e545be4961ca29a1",
    40: "d0a704536ba93e0e",
    63: "724506eb4c328a95",
}


@pytest.mark.parametrize("length", VECTORS)
def test_reference_vector(length):
    result = siphash24(KEY, bytes(range(length)))
    assert result.to_bytes(8, "little").hex() == VECTORS[length]
