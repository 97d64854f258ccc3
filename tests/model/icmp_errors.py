# SPDX-License-Identifier: Apache-2.0
"""ICMP errors about live and dead conversations, quoting more or less of a packet."""
import struct

from build import Datagram, icmp_datagram, icmp_message
from checksum import compute
from conversations import quoted_transport
from damage import repair
from parse import DESTINATION, FRAGMENT_HEADER, HOP_BY_HOP, MORE_FRAGMENTS, ROUTING

KINDS = {4: ((3, 1), (3, 3), (3, 4), (11, 0), (11, 1), (12, 0)),
         6: ((1, 0), (1, 4), (2, 0), (3, 0), (3, 1), (4, 1))}
MULTIPART_BYTES = 128  # RFC 4884: what an extension structure comes behind, at least
MAXIMUM_QUOTE_BYTES = 1100


class ErrorMaker:
    """Makes them; both directions give (interface name, Datagram)."""

    def __init__(self, rng, population, conversations):
        self.rng = rng
        self.population = population
        self.conversations = conversations

    def error_in(self):
        """From outside, about what the inside sent; sometimes about what it did not."""
        conversation = self.conversations.translated()
        address, port = conversation.translated
        outer = address
        remote, remote_port = conversation.remote, conversation.remote_port
        lie = self.rng.random()
        if lie < 0.04:
            address = self._other(address)
        elif lie < 0.08:
            port ^= 1
        elif lie < 0.12:
            remote_port ^= 1
        elif lie < 0.16:
            outer = self._other_translated(address)
        quote = self._quote(conversation, address, remote, (port, remote_port), True)
        sender = conversation.remote if self.rng.random() < 0.5 else self._other(address)
        return conversation.remote_interface, self._error(sender, outer, quote)

    def error_out(self):
        """From inside, about what the outside sent in reply."""
        conversation = self.conversations.translated()
        host, host_port, remote = conversation.host, conversation.host_port, conversation.remote
        if self.rng.random() < 0.08:
            host_port ^= 1
        quote = self._quote(conversation, remote, host,
                            (conversation.remote_port, host_port), False)
        sender = host if self.rng.random() < 0.7 else self._inside_like(host)
        receiver = remote if self.rng.random() < 0.8 else self._other(remote)
        return conversation.interface, self._error(sender, receiver, quote)

    def _other_translated(self, address):
        """=> what the outside sees of another conversation, of the same family"""
        other, _ = self.conversations.translated().translated
        return other if len(other) == len(address) else address

    def _other(self, address):
        same = [each for _, each in self.population.outside if len(each) == len(address)]
        return self.rng.choice(same)

    def _inside_like(self, address):
        same = [each for _, each in self.population.inside if len(each) == len(address)]
        return self.rng.choice(same)

    def _quote(self, conversation, source, destination, ports, outward):
        """=> the bytes of the packet inside, cut somewhere"""
        if self.rng.random() < 0.03:
            outward = not outward  # a query where a reply belongs, and the other way round
        transport = quoted_transport(self.rng, conversation, source, destination, ports, outward)
        protocol = conversation.protocol if self.rng.random() < 0.96 else 47
        packet = Datagram(source, destination, protocol, transport, ttl=1,
                          dont_fragment=self.rng.random() < 0.5)
        if self.rng.random() < 0.2:
            self._complicate(packet)
        return self._cut(packet.pack(), len(transport))

    def _complicate(self, packet):
        """Options, extension headers or fragments inside."""
        chance = self.rng.random()
        if packet.family == 6:
            packet.extensions = self._inner_extensions()
        elif chance < 0.4:
            packet.options = b"\x01\x01\x01\x00" * self.rng.choice((1, 2, 10))
        elif chance < 0.7:
            packet.fragment = MORE_FRAGMENTS
        else:
            packet.fragment = self.rng.choice((1, MORE_FRAGMENTS | 5, 0x1FFF))

    def _inner_extensions(self):
        count = self.rng.choice((1, 1, 2, 8, 9))
        return tuple(self._inner_extension() for _ in range(count))

    def _inner_extension(self):
        kind = self.rng.choice((HOP_BY_HOP, ROUTING, DESTINATION, FRAGMENT_HEADER))
        if kind == FRAGMENT_HEADER:  # mostly atomic, or a first fragment
            return kind, struct.pack(">xHI", self.rng.choice((0, 0, 1, 1, 8, 9)), 5)
        return kind, b"\0" + self.rng.randbytes(6)

    def _cut(self, packet, transport_bytes):
        header_bytes = len(packet) - transport_bytes
        chance = self.rng.random()
        if chance < 0.05:
            return packet[:int(self.rng.random() * (header_bytes + 8))]
        if chance < 0.10:
            return self._lie_about_length(packet)
        behind = self.rng.choice((8, 8, 9, 16, 17, 18, 20, 24, 200, 200, 200))
        return packet[:min(header_bytes + behind, MAXIMUM_QUOTE_BYTES)]

    def _lie_about_length(self, packet):
        """A wrong length inside, which nobody looks at; or version and header length."""
        if self.rng.random() < 0.3:
            return self.rng.choice((0x40, 0x43, 0x44, 0x4E, 0x54, 0x60)).to_bytes() + packet[1:]
        at = 2 if packet[0] >> 4 == 4 else 4
        lying = packet[:at] + self.rng.choice((0, 19, 20, 27, 9999)).to_bytes(2) + packet[at + 2:]
        return repair(lying, 0) if self.rng.random() < 0.7 else lying

    def _error(self, source, destination, quote):
        family = 4 if len(source) == 4 else 6
        kind, code = self.rng.choice(KINDS[family])
        rest = self.rng.choice((bytes(4), struct.pack(">HH", 0, 1400)))
        if self.rng.random() < 0.2:
            quote, rest = self._multipart(family, quote)
        message = icmp_message(source, destination, kind, code, rest, quote)
        return icmp_datagram(source, destination, message)

    def _multipart(self, family, quote):
        """RFC 4884: the length of the quote, padded, and an extension structure behind."""
        unit = 4 if family == 4 else 8
        padded = quote.ljust(MULTIPART_BYTES, b"\0")
        padded += bytes(-len(padded) % unit)
        words = len(padded) // unit
        rest = bytes([0, words & 255, 0, 0]) if family == 4 else bytes([words & 255, 0, 0, 0])
        content = b"\x20\0\0\0" + struct.pack(">HBB", 8, 1, 1) + self.rng.randbytes(4)
        return padded + content[:2] + compute(content).to_bytes(2) + content[4:], rest
