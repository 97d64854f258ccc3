# SPDX-License-Identifier: Apache-2.0
"""Unusual but well-formed packets: what ordinary traffic looks at rarely, and attacks."""
import struct
from dataclasses import replace

import tcp
from addresses import packed
from build import Datagram, echo_message, icmp_datagram, icmp_message, tcp_segment, udp_datagram
from conversations import ODD_FLAGS, open_conversation
from icmp_errors import ErrorMaker
from parse import DESTINATION, FRAGMENT_HEADER, HOP_BY_HOP, ROUTING
from parse import ICMP_OF_FAMILY, PROTOCOL_TCP, PROTOCOL_UDP

OTHER_PROTOCOLS = (0, 2, 4, 41, 47, 50, 51, 59, 89, 132, 135, 255)
OTHER_ICMP_TYPES = {4: (4, 5, 9, 10, 13, 14, 17, 40, 255),
                    6: (0, 5, 100, 127, 130, 131, 133, 134, 135, 136, 137, 138, 144, 255)}
SPECIAL_ADDRESSES = tuple(packed(text) for text in (
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.5", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "::", "::1", "ff02::1", "ff0e::1", "fe80::2", "febf::1"))
EDGES_OF_SPECIAL = tuple(packed(text) for text in (
    "1.0.0.0", "126.255.255.255", "128.0.0.1", "223.255.255.255", "169.254.1.1",
    "::2", "::ffff:192.0.2.1", "fec0::1", "fe7f::1", "feff::1"))


def extension(rng, kind):
    """=> one IPv6 extension header for a Datagram; a fragment header is an atomic one"""
    if kind == FRAGMENT_HEADER:
        return kind, b"\0\0\0" + rng.randbytes(4)
    units = rng.choice((0, 0, 0, 1, 2))
    return kind, bytes([units]) + rng.randbytes(6 + units * 8)


def extensions(rng, limit=9):
    """=> 1 to `limit` of them"""
    kinds = (HOP_BY_HOP, ROUTING, DESTINATION, DESTINATION, FRAGMENT_HEADER)
    count = rng.choice((1, 1, 1, 2, 3, 7, 8, 8, 9))
    return tuple(extension(rng, rng.choice(kinds)) for _ in range(min(count, limit)))


def ipv4_options(rng):
    """=> 4 to 40 bytes of them"""
    return b"\x01" * (4 * rng.choice((1, 2, 3, 10)) - 1) + b"\0"


def pieces(rng, datagram):
    """=> a datagram cut up, its fragments mostly in order and all there; or whole, if too short"""
    units = (len(datagram.payload) - 1) // 8
    if datagram.fragment or datagram.extensions or units < 1:
        return [datagram]
    smallest = min(3, units) if rng.random() < 0.95 else 1  # whole headers, mostly
    cuts = sorted({rng.randint(smallest, units) for _ in range(rng.choice((1, 1, 2, 3)))})
    identification = rng.choice((rng.randrange(4), rng.randrange(65536)))
    parts = [_piece(datagram, first, end, identification)
             for first, end in zip([0] + cuts, cuts + [None])]
    chance = rng.random()
    if chance < 0.3:
        rng.shuffle(parts)
    elif chance < 0.4:
        parts.insert(rng.randrange(len(parts) + 1), rng.choice(parts))
    elif chance < 0.45:
        parts.pop(rng.randrange(len(parts)))
    return parts


def _piece(datagram, first, end, identification):
    """=> a fragment: from one unit of 8 bytes to another, or to the end"""
    payload = datagram.payload[first * 8:None if end is None else end * 8]
    more = end is not None
    if datagram.family == 4:
        return replace(datagram, payload=payload, identification=identification,
                       fragment=more << 13 | first)
    header = FRAGMENT_HEADER, struct.pack(">xHI", first << 3 | more, identification << 7)
    return replace(datagram, payload=payload, extensions=(header,))


class Unusual:
    """Makes them; every method gives (interface name, Datagram)."""

    def __init__(self, rng, noise, scenario, population, conversations):
        self.rng, self.noise, self.population = rng, noise, population
        self.conversations = conversations
        self.errors = ErrorMaker(rng, population, conversations)
        self.gateway = [packed(text.split("/")[0]) for each in scenario["interfaces"].values()
                        for text in each["addresses"]]
        self.pooled = [packed(each[end]) for pool in scenario["snapshot"]["pools"]
                       for each in pool["addresses"] for end in ("low", "high")]
        self.makers = (
            self.wrong_port, self.wrong_remote, self.not_a_syn, self.not_a_syn,
            self.errors.error_in, self.errors.error_in, self.errors.error_in,
            self.errors.error_out, self.errors.error_out, self.errors.error_out,
            self.fragment_out, self.fragment_in, self.special, self.spoofed,
            self.other_protocol, self.other_icmp, self.echo_reply_out, self.unsolicited,
            self.to_gateway)

    def make(self):
        """=> any of them"""
        return self.rng.choice(self.makers)()

    def _host(self):
        return self.rng.choice(self.population.inside)

    def _like(self, address, addresses):
        """=> one of the addresses, of the same family (or the address itself)"""
        same = [each for each in addresses if len(each) == len(address)]
        return self.rng.choice(same) if same else address

    def _remote(self, address):
        return self._like(address, [each for _, each in self.population.outside])

    def _translated(self, address):
        """=> an address that the gateway translates to, or its own"""
        return self._like(address, self.pooled + self.gateway)

    def _datagram(self, source, destination, **fields):
        """Something with ports, TCP or UDP."""
        ports = (self.rng.randrange(65536), self.rng.choice((80, 53, 1025, 4242, 65535)))
        if self.rng.random() < 0.5:
            transport = udp_datagram(source, destination, ports, self.noise.payload())
            return Datagram(source, destination, PROTOCOL_UDP, transport, **fields)
        transport = tcp_segment(source, destination, ports, tcp.SYN, (1, 0))
        return Datagram(source, destination, PROTOCOL_TCP, transport, **fields)

    def wrong_port(self):
        """A reply to a port next to the right one."""
        conversation = self.conversations.translated()
        address, port = conversation.translated
        conversation.translated = address, (port + self.rng.choice((1, -1, 256))) % 65536
        datagram = conversation.send_in()
        conversation.translated = address, port
        return conversation.remote_interface, datagram

    def wrong_remote(self):
        """A reply from another address or another port."""
        conversation = self.conversations.translated()
        kept = conversation.remote, conversation.remote_port
        if self.rng.random() < 0.5:
            conversation.remote = self._remote(conversation.remote)
        else:
            conversation.remote_port ^= 1
        datagram = conversation.send_in()
        conversation.remote, conversation.remote_port = kept
        return conversation.remote_interface, datagram

    def not_a_syn(self):
        """A TCP segment of no flow, opening or not."""
        conversation = open_conversation(self.rng, self.noise, self.population)
        conversation.protocol = PROTOCOL_TCP
        return conversation.interface, conversation.send_out(self.rng.choice(ODD_FLAGS))

    def special(self):
        """One address that is never translated, or nearly so."""
        interface, host = self._host()
        pair = [host, self._remote(host)]
        odd = self._like(host, SPECIAL_ADDRESSES + EDGES_OF_SPECIAL)
        pair[self.rng.random() < 0.7] = odd
        return interface, self._datagram(*pair)

    def spoofed(self):
        """From an address that only the gateway may use."""
        interface, host = self.rng.choice(self.population.inside + self.population.outside)
        source = self._translated(host)
        return interface, self._datagram(source, self._remote(host))

    def _any_direction(self):
        """=> interface, source and destination: outwards, or to a translated address"""
        if self.rng.random() < 0.6:
            interface, host = self._host()
            return interface, host, self._remote(host)
        interface, remote = self.rng.choice(self.population.outside)
        return interface, remote, self._translated(remote)

    def other_protocol(self):
        """Neither TCP, UDP nor ICMP; also the ICMP of the other family."""
        interface, source, destination = self._any_direction()
        wrong_icmp = 58 if len(source) == 4 else 1
        protocol = self.rng.choice(OTHER_PROTOCOLS + (wrong_icmp,))
        payload = self.noise.bytes(self.rng.choice((0, 1, 7, 8, 40)))
        return interface, Datagram(source, destination, protocol, payload)

    def other_icmp(self):
        """ICMP that is neither query nor error, or too short for either."""
        interface, source, destination = self._any_direction()
        family = 4 if len(source) == 4 else 6
        if self.rng.random() < 0.2:
            short = bytes([self.rng.choice((0, 3, 8, 128, 129, 135)), 0, 1, 2, 3, 4, 5])
            return interface, Datagram(source, destination, ICMP_OF_FAMILY[family],
                                       short[:self.rng.randrange(8)])
        message = icmp_message(source, destination,
                               self.rng.choice(OTHER_ICMP_TYPES[family]), 0,
                               self.rng.randbytes(4), self.noise.bytes(20))
        return interface, icmp_datagram(source, destination, message)

    def echo_reply_out(self):
        """From inside, where nobody can have asked; or an echo request from outside."""
        interface, source, destination = self._any_direction()
        is_request = self.rng.random() < 0.5
        message = echo_message(source, destination, is_request, 77, 1, b"odd")
        return interface, icmp_datagram(source, destination, message)

    def unsolicited(self):
        """From outside to a translated address."""
        interface, remote = self.rng.choice(self.population.outside)
        return interface, self._datagram(remote, self._translated(remote))

    def to_gateway(self):
        """To one of the gateway's own addresses, from either side."""
        interface, host = self.rng.choice(self.population.inside + self.population.outside)
        own = self.gateway + [packed("10.0.1.255"), packed("203.0.113.255")]
        return interface, self._datagram(host, self._like(host, own))

    def fragment_out(self):
        """A first, middle or last fragment from inside."""
        interface, host = self._host()
        return interface, self._fragment(host, self._remote(host))

    def fragment_in(self):
        """The same from outside, to a translated address."""
        interface, remote = self.rng.choice(self.population.outside)
        return interface, self._fragment(remote, self._translated(remote))

    def _fragment(self, source, destination):
        datagram = self._datagram(source, destination)
        datagram.protocol = self.rng.choice((PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_UDP, 1, 58, 47))
        offset, more = self.rng.choice(((0, 1), (7, 1), (100, 1), (1, 0), (8191, 0)))
        if len(source) == 4:
            datagram.fragment = more << 13 | offset
        else:
            self._fragment_ipv6(datagram, offset << 3 | more)
        return datagram

    def _fragment_ipv6(self, datagram, word):
        """A fragment header, sometimes behind others or naming a further one."""
        if self.rng.random() < 0.3:
            datagram.protocol = self.rng.choice((HOP_BY_HOP, ROUTING, DESTINATION,
                                                 FRAGMENT_HEADER, 50, 51))
        before = extensions(self.rng, 8) if self.rng.random() < 0.3 else ()
        header = FRAGMENT_HEADER, struct.pack(">xHI", word, 7)
        datagram.extensions = before + (header,)
