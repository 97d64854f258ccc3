# SPDX-License-Identifier: Apache-2.0
"""Pools, and which address and port a flow gets (docs/packet-path.md sections 3.6 and 6)."""
from collections import Counter

from addresses import AddressList, family_of, packed
from parse import (PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP,
                   TUNNEL_HEADER_BYTES)
from selector import SELECTORS, only_one
from siphash import siphash24

SPACES = {PROTOCOL_TCP: "tcp", PROTOCOL_UDP: "udp", PROTOCOL_ICMP: "icmp",
          PROTOCOL_ICMPV6: "icmp"}
KEPT = tuple(TUNNEL_HEADER_BYTES)  # protocols of which only the address is translated
INTERFACE_PORTS = (1024, 65535)
PRIVILEGED = 1024  # ports below


class Counters:
    """What a rule or a pool counts."""

    def __init__(self):
        self.hits = 0
        self.opened = 0
        self.overflows = 0  # of pools: flows that the overflow pool was asked for instead
        self.failures = Counter()


class Pool:
    """Addresses, by family, and a range of ports."""

    def __init__(self, name, port_low, port_high, selector):
        self.name = name
        self.port_low = port_low
        self.port_high = port_high
        self.selector = selector  # None: round-robin
        self.translates_ports = True
        self.host_base = None  # (address, prefix length) of the host with the first address
        self.preserve_parity = self.preserve_range = False
        self.overflow = None  # "interface", "pool" or None
        self.overflow_pool = None  # its name
        self.is_empty = True
        self.is_valid = True
        self.lists = {4: AddressList(4), 6: AddressList(6)}
        self.round_robin = {4: 0, 6: 0}
        self.counters = Counters()

    def add(self, low, high):
        """Add a range; one that is no range makes the pool invalid."""
        self.is_empty = False
        if len(low) == len(high) and low <= high:
            self.lists[family_of(low)].append(low, high)
        else:
            self.is_valid = False

    def fault(self):
        """Section 3.6. => why this pool cannot be used at all, or None"""
        if self.is_empty:
            return None
        if not self.is_valid:
            return "source_nat_pool_invalid"
        lowest = PRIVILEGED if self.preserve_range else 1
        if not (1 <= self.port_low <= self.port_high <= 65535 and lowest <= self.port_high):
            return "source_nat_pool_invalid_port_range"
        return None

    def refusal(self, family):
        """Section 3.6. => why this pool cannot translate a packet of a family, or None"""
        if self.is_empty:
            return "source_nat_pool_empty"
        if not self.lists[family].count:
            return "source_nat_pool_wrong_family"
        return None

    def port_range(self, key):
        """Section 6. => the lowest and the highest port that a flow may get"""
        if not self.translates_ports:
            return key.inside_port, key.inside_port
        if not self.preserve_range or SPACES[key.protocol] == "icmp":
            return self.port_low, self.port_high
        if key.inside_port < PRIVILEGED:
            return 1, PRIVILEGED - 1
        return max(self.port_low, PRIVILEGED), self.port_high

    def may_give(self, port, key):
        """Section 6. => whether the port has the parity that the flow needs"""
        return (not self.preserve_parity or SPACES[key.protocol] == "icmp"
                or port % 2 == key.inside_port % 2)

    def ask(self, source):
        """Section 6. => the indices to try: the selector's, or all, round-robin, once around; none
        if addresses are shifted and there is none for this host"""
        family = family_of(source)
        count = self.lists[family].count
        if self.host_base:
            return self._shifted(source, count)
        if self.selector:
            return [self.selector(source, count)]
        first = self.round_robin[family]
        self.round_robin[family] += 1
        return [(first + step) % count for step in range(count)]

    def _shifted(self, source, count):
        base, length = self.host_base
        index = int.from_bytes(source) - int.from_bytes(base)
        bits = 8 * len(base)
        hosts = count if length == bits else min(count, 1 << (bits - length))
        return [index] if 0 <= index < hosts else []


def pool_of_snapshot(description):
    """=> the Pool that an entry of `pools` describes"""
    pool = Pool(description["name"], description["port_low"], description["port_high"],
                SELECTORS.get(description["algorithm"]))
    if description["address_persistent"] != (pool.selector is not None):
        pool.is_valid = False
    pool.translates_ports = description["port_translation"]
    if description["host_address_base"]:
        address, length = description["host_address_base"].split("/")
        pool.host_base = packed(address), int(length)
    pool.preserve_parity = description["preserve_parity"]
    pool.preserve_range = description["preserve_range"]
    pool.overflow, pool.overflow_pool = description["overflow"], description["overflow_pool"]
    for each in description["addresses"]:
        pool.add(packed(each["low"]), packed(each["high"]))
    return pool


def pool_of_interface(interface):
    """=> the Pool of the `interface` action on an egress interface"""
    pool = Pool(f"interface:{interface.name}", *INTERFACE_PORTS, only_one)
    for family in (4, 6):
        address = interface.first_address(family)
        if address:
            pool.add(address, address)
    return pool


class Allocator:
    """The port table, and the search for a free port in it (section 6).

    Ports belong to an address, whichever pool or rule it was found by. A port of the kernel's
    own (`kernel_ports`, by address) is never free for TCP and UDP. One that was released rests
    for `hold_down_s` seconds.
    """

    def __init__(self, key, randomization, kernel_ports, hold_down_s=0):
        self.key = key
        self.hold_down_s = hold_down_s
        self.resting = {}  # (address, space, port) => when it has rested
        self.randomization = randomization
        self.kernel_ports = {
            address: {port for low, high in ranges for port in range(low, high + 1)}
            for address, ranges in kernel_ports.items()}
        self.owners = {}  # (address, space, port) => Flow or Lease
        self.ways_back = {}  # (address, protocol, remote) => Flow of a protocol that is kept
        self.searches = Counter()  # (address, space) => searches made, without randomization

    def owner(self, address, protocol, port):
        """=> the flow or lease that owns a port, or None"""
        return self.owners.get((address, SPACES[protocol], port))

    def find(self, pool, key, indices):
        """=> a free (address, port) of those at the indices for a flow's key, or None"""
        for index in indices:
            address = pool.lists[family_of(key.inside)].at(index)
            if key.protocol in KEPT:
                port = None if (address, key.protocol, key.remote) in self.ways_back else 0
            else:
                port = self._find_port(pool, address, key)
            if port is not None:
                return address, port
        return None

    def claim(self, owner):
        """Give a port that find() found to its flow or lease."""
        if owner.key.protocol in KEPT:
            self.ways_back[owner.address, owner.key.protocol, owner.key.remote] = owner
            return
        self.owners[owner.address, SPACES[owner.key.protocol], owner.port] = owner

    def release(self, owner, time_s):
        """Take the port of a flow or lease that has ended back, and let it rest."""
        if owner.key.protocol in KEPT:
            del self.ways_back[owner.address, owner.key.protocol, owner.key.remote]
            return
        place = owner.address, SPACES[owner.key.protocol], owner.port
        del self.owners[place]
        rest_s = self.hold_down_s or owner.rest_s
        if rest_s:
            self.resting[place] = time_s + rest_s

    def wake(self, time_s):
        """Free the ports that have rested."""
        self.resting = {place: end_s for place, end_s in self.resting.items() if end_s > time_s}

    def _is_free(self, place):
        return place not in self.owners and place not in self.resting

    def _find_port(self, pool, address, key):
        """The first free one at or after the starting point, upwards, once around."""
        space = SPACES[key.protocol]
        never_free = () if space == "icmp" else self.kernel_ports.get(address, ())
        low, high = pool.port_range(key)
        size = high - low + 1
        start = self._start(address, key) % size
        for step in range(size):
            port = low + (start + step) % size
            if (pool.may_give(port, key) and port not in never_free
                    and self._is_free((address, space, port))):
                return port
        return None

    def _start(self, address, key):
        """S of section 6."""
        if self.randomization:
            return siphash24(self.key, hashed_bytes(key))
        space = (address, SPACES[key.protocol])
        self.searches[space] += 1
        return self.searches[space] - 1


def hashed_bytes(key):
    """The 16 or 40 bytes of section 6 [RFC6056 section 3.3.3]."""
    return (key.inside + key.remote + key.inside_port.to_bytes(2)
            + key.remote_port.to_bytes(2) + bytes([key.protocol, 0, 0, 0]))
