# SPDX-License-Identifier: Apache-2.0
"""Address selectors of `address-persistent` (contract section 2; packet-path.md section 6).

A selector maps the original source address alone to an index of the address list.
"""
import struct
from hashlib import sha256

from addresses import family_of

USERSPACE_V1_LABEL = b"xpf-userspace-snat-address-persistent-v1"


def userspace_v1(source, count):
    """SHA-256 over label, family byte and address; its first 8 bytes, big-endian, modulo."""
    digest = sha256(USERSPACE_V1_LABEL + bytes([family_of(source)]) + source).digest()
    return int.from_bytes(digest[:8]) % count


def ebpf_legacy(source, count):
    """The address read as little-endian 32-bit words, XORed, modulo."""
    folded = 0
    for word in struct.unpack(f"<{len(source) // 4}I", source):
        folded ^= word
    return folded % count


def only_one(_source, _count):
    """The `interface` action: a list of one always gives index 0."""
    return 0


SELECTORS = {"userspace-v1": userspace_v1, "ebpf-legacy": ebpf_legacy}
