# SPDX-License-Identifier: Apache-2.0
"""Builds packets and frames for traces, with struct alone (Scapy would be too slow)."""
import struct
from dataclasses import dataclass

from checksum import compute, ones_complement_sum
from parse import ICMP_OF_FAMILY, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP

ETHER_TYPES = {4: 0x0800, 16: 0x86DD}  # by bytes of the address
ETHERNET_BYTES = 14
MINIMUM_FRAME_BYTES = 60


@dataclass(slots=True)
class Datagram:
    """An IP packet before it becomes bytes."""

    source: bytes
    destination: bytes
    protocol: int
    payload: bytes
    ttl: int = 64
    service: int = 0  # IPv4
    dont_fragment: bool = False
    identification: int = 0
    fragment: int = 0  # IPv4: the more-fragments flag and the offset
    options: bytes = b""
    extensions: tuple = ()  # IPv6: (type, bytes behind the next header field)

    @property
    def family(self):
        """4 or 6"""
        return 4 if len(self.source) == 4 else 6

    def pack(self):
        """=> the packet"""
        return self._pack_ipv4() if len(self.source) == 4 else self._pack_ipv6()

    def _pack_ipv4(self):
        header_words = 5 + len(self.options) // 4
        header = struct.pack(
            ">BBHHHBBH4s4s", 0x40 | header_words, self.service, header_words * 4 + len(self.payload),
            self.identification, self.fragment | (0x4000 if self.dont_fragment else 0),
            self.ttl, self.protocol, 0, self.source, self.destination) + self.options
        return set_word(header, 10, compute(header)) + self.payload

    def _pack_ipv6(self):
        types = [kind for kind, _ in self.extensions] + [self.protocol]
        chain = b"".join(bytes([following]) + rest for following, (_, rest)
                         in zip(types[1:], self.extensions))
        return struct.pack(">IHBB16s16s", 0x60000000 | self.identification,
                           len(chain) + len(self.payload), types[0], self.ttl,
                           self.source, self.destination) + chain + self.payload


def set_word(data, at, value):
    """=> the bytes with another 16-bit word at an offset"""
    return data[:at] + value.to_bytes(2) + data[at + 2:]


def pseudo_header(source, destination, protocol, length):
    """What transport checksums cover of the IP header."""
    return source + destination + struct.pack(">II", length, protocol)


def tcp_segment(source, destination, ports, flags, numbers, payload=b"", options=b""):
    """=> a TCP segment; `ports` and `numbers` (sequence, acknowledgement) are pairs"""
    header = struct.pack(">HHIIBBHHH", *ports, *numbers, (5 + len(options) // 4) << 4, flags,
                         8192, 0, 0)
    segment = header + options + payload
    pseudo = pseudo_header(source, destination, PROTOCOL_TCP, len(segment))
    return set_word(segment, 16, compute(pseudo + segment))


def udp_datagram(source, destination, ports, payload=b"", has_checksum=True):
    """=> a UDP datagram, its checksum 0 if it shall have none"""
    datagram = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    if not has_checksum:
        return datagram
    pseudo = pseudo_header(source, destination, PROTOCOL_UDP, len(datagram))
    return set_word(datagram, 6, compute(pseudo + datagram) or 0xFFFF)


def icmp_message(source, destination, kind, code, rest, body=b""):
    """=> an ICMP or ICMPv6 message; `rest` are bytes 4 to 7 of its header"""
    message = bytes([kind, code, 0, 0]) + rest + body
    pseudo = b""
    if len(source) == 16:
        pseudo = pseudo_header(source, destination, PROTOCOL_ICMPV6, len(message))
    return set_word(message, 2, compute(pseudo + message))


def echo_message(source, destination, is_request, identifier, sequence, payload=b""):
    """=> an echo request or reply"""
    kinds = (8, 0) if len(source) == 4 else (128, 129)
    return icmp_message(source, destination, kinds[0 if is_request else 1], 0,
                        struct.pack(">HH", identifier, sequence), payload)


def icmp_datagram(source, destination, message, **fields):
    """=> a Datagram that carries an ICMP or ICMPv6 message"""
    family = 4 if len(source) == 4 else 6
    return Datagram(source, destination, ICMP_OF_FAMILY[family], message, **fields)


def with_sum(transport, checksum_at, word_at, pseudo, wanted_sum):
    """=> the transport with one payload word chosen so that all its words (pseudo header too,
    checksum not) sum up to wanted_sum; its checksum is right"""
    bare = set_word(set_word(transport, checksum_at, 0), word_at, 0)
    missing = (wanted_sum - ones_complement_sum(pseudo + bare)) % 0xFFFF
    filled = set_word(bare, word_at, missing)
    return set_word(filled, checksum_at, compute(pseudo + filled))


def ethernet(destination_mac, source_mac, packet, tags=(), ether_type=None, padding=b""):
    """=> a frame; `tags` are pairs (type, tag control information)"""
    if ether_type is None:
        ether_type = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    tag_bytes = b"".join(struct.pack(">HH", kind, control) for kind, control in tags)
    return (destination_mac + source_mac + tag_bytes + ether_type.to_bytes(2) + packet
            + padding)
