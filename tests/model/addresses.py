# SPDX-License-Identifier: Apache-2.0
"""Addresses, prefixes and ordered address lists.

An address is its 4 or 16 bytes in network order; the length is the family.
"""
from ipaddress import ip_address, ip_network


def packed(text):
    """'192.0.2.1' => b'\\xc0\\x00\\x02\\x01'"""
    return ip_address(text).packed


def text_of(address):
    """The inverse of packed()."""
    return str(ip_address(address))


def family_of(address):
    """=> 4 or 6"""
    return 4 if len(address) == 4 else 6


class Prefix:
    """An IPv4 or IPv6 prefix; `address in prefix` is false for the other family."""

    def __init__(self, text):
        network = ip_network(text, strict=True)
        self.bytes = len(network.network_address.packed)
        self.length = network.prefixlen
        self.network = int(network.network_address)
        self.mask = int(network.netmask)

    def __contains__(self, address):
        return len(address) == self.bytes and int.from_bytes(address) & self.mask == self.network


class AddressList:
    """The addresses of one family in configured order, ranges expanded (contract section 2)."""

    def __init__(self, family):
        self.bytes = 4 if family == 4 else 16
        self.ranges = []
        self.count = 0

    def append(self, low, high):
        """Add every address from low to high, both included."""
        first, last = int.from_bytes(low), int.from_bytes(high)
        self.ranges.append((first, last))
        self.count += last - first + 1

    def at(self, index):
        """The address at an index; index 0 is the first."""
        for first, last in self.ranges:
            if index <= last - first:
                return (first + index).to_bytes(self.bytes)
            index -= last - first + 1
        raise IndexError("past the end of the address list")

    def __contains__(self, address):
        if len(address) != self.bytes:
            return False
        number = int.from_bytes(address)
        return any(first <= number <= last for first, last in self.ranges)


SPECIAL_IPV4 = tuple(Prefix(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3"))
SPECIAL_IPV6 = tuple(Prefix(text) for text in (
    "ff00::/8", "fe80::/10", "::ffff:0:0/96", "::/128", "::1/128"))


def is_special(address):
    """Section 1.3: an address that is never translated."""
    prefixes = SPECIAL_IPV4 if len(address) == 4 else SPECIAL_IPV6
    return any(address in prefix for prefix in prefixes)
