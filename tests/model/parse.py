# SPDX-License-Identifier: Apache-2.0
"""What a frame is (docs/packet-path.md sections 1.1 to 1.4)."""
from itertools import count

from addresses import is_special
from checksum import compute
from reasons import drop, kernel

VLAN_TYPES = (0x8100, 0x88A8)
MAXIMUM_TAGS = 2
FAMILIES = {0x0800: 4, 0x86DD: 6}

FRAGMENT = "fragment"
FIRST, LATER = "first", "later"
TCP = "tcp"
UDP = "udp"
TUNNEL = "tunnel"  # GRE or ESP
ECHO_REQUEST = "echo_request"
ECHO_REPLY = "echo_reply"
ICMP_ERROR = "icmp_error"
OTHER = "other"

PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_ICMPV6 = 1, 6, 17, 58
PROTOCOL_GRE, PROTOCOL_ESP = 47, 50
TUNNEL_HEADER_BYTES = {PROTOCOL_GRE: 4, PROTOCOL_ESP: 8}
ICMP_OF_FAMILY = {4: PROTOCOL_ICMP, 6: PROTOCOL_ICMPV6}

HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, DESTINATION = 0, 43, 44, 60
EXTENSIONS = (HOP_BY_HOP, ROUTING, FRAGMENT_HEADER, DESTINATION)
MAXIMUM_EXTENSIONS = 8

MAXIMUM_DATAGRAM_BYTES = 65535
FRAGMENT_UNIT_BYTES = 8
MORE_FRAGMENTS, DONT_FRAGMENT, OFFSET_MASK = 0x2000, 0x4000, 0x1FFF

ICMP_KINDS = {
    4: {8: ECHO_REQUEST, 0: ECHO_REPLY, 3: ICMP_ERROR, 11: ICMP_ERROR, 12: ICMP_ERROR},
    6: {128: ECHO_REQUEST, 129: ECHO_REPLY,
        1: ICMP_ERROR, 2: ICMP_ERROR, 3: ICMP_ERROR, 4: ICMP_ERROR},
}
NEIGHBOUR_DISCOVERY = range(133, 138)
ICMP_HEADER_BYTES = 8
TCP_HEADER_BYTES = 20
QUOTED_BYTES = 8


class Packet:
    """An IP packet in a frame; every `_at` is an offset from the frame's start.

    A query has its id as the port of the side that asked and 0 as the other's. `protocol` is
    None where a fragment hides it. `fragment` is FIRST, LATER or None: a first fragment that shows
    what it belongs to has the kind of that. The packet inside an ICMP error (`inner`) is one of
    these too; its kind is OTHER where it cannot belong to a flow, its end the end of the error.
    """

    __slots__ = ("family", "ip_at", "end_at", "transport_at", "source", "destination", "ttl",
                 "protocol", "kind", "fragment", "dont_fragment", "source_port", "destination_port",
                 "tcp_flags", "inner")

    def __init__(self, family, ip_at, end_at):
        self.family = family
        self.ip_at = ip_at
        self.end_at = end_at
        self.kind = OTHER
        self.fragment = None
        self.source_port = self.destination_port = self.tcp_flags = 0
        self.inner = None

    @property
    def length(self):
        """Bytes of the IP packet, header included, Ethernet padding not."""
        return self.end_at - self.ip_at

    @property
    def is_icmp(self):
        """ICMP in IPv4 or ICMPv6 in IPv6."""
        return self.protocol == ICMP_OF_FAMILY[self.family]


def parse(frame, own_mac=None):
    """=> the Packet; raises the Decision of sections 1.1 to 1.4 where there is one.

    Without `own_mac`, every frame is taken to be addressed to the gateway.
    """
    family, ip_at = _find_ip(frame)
    if own_mac and frame[:6] != own_mac:
        raise kernel("not_for_gateway")
    if family == 4:
        packet = _read_ipv4(frame, ip_at)
    else:
        packet = _read_ipv6(frame, ip_at)
    if is_special(packet.source) or is_special(packet.destination):
        raise kernel("special_address")
    _find_transport(frame, packet)
    if packet.fragment != LATER:
        _read_transport(frame, packet)
    return packet


def error_sums_up(frame, packet):
    """Section 1.6. => whether an ICMP error's checksums are right, but for the quoted transport's"""
    message = frame[packet.transport_at:packet.end_at]
    if packet.family == 6:
        pseudo = (packet.source + packet.destination + len(message).to_bytes(4)
                  + PROTOCOL_ICMPV6.to_bytes(4))
        return compute(pseudo + message) == 0
    inner = packet.inner
    return (compute(message) == 0
            and compute(frame[inner.ip_at:inner.transport_at]) == 0)


def word(frame, at):
    """The 16-bit word at an offset."""
    return frame[at] << 8 | frame[at + 1]


def _malformed():
    return drop("malformed_packet")


def _find_ip(frame):
    """Section 1.1. => family and offset of the IP header"""
    type_at = 12
    for _ in range(MAXIMUM_TAGS):
        if len(frame) >= type_at + 2 and word(frame, type_at) in VLAN_TYPES:
            type_at += 4
    if len(frame) < type_at + 2 or word(frame, type_at) not in FAMILIES:
        raise kernel("not_ip")
    return FAMILIES[word(frame, type_at)], type_at + 2


def _read_ipv4(frame, at):
    """Section 1.2 for IPv4."""
    if len(frame) < at + 20 or frame[at] >> 4 != 4:
        raise _malformed()
    header_bytes = (frame[at] & 0x0F) * 4
    total_bytes = word(frame, at + 2)
    if header_bytes < 20 or total_bytes < header_bytes or total_bytes > len(frame) - at:
        raise _malformed()
    if compute(frame[at:at + header_bytes]) != 0:
        raise _malformed()
    packet = Packet(4, at, at + total_bytes)
    _fill_ipv4(frame, packet)
    return packet


def _fill_ipv4(frame, packet):
    """The fields of an IPv4 header that is known to be there."""
    at = packet.ip_at
    packet.ttl = frame[at + 8]
    packet.protocol = frame[at + 9]
    packet.source = bytes(frame[at + 12:at + 16])
    packet.destination = bytes(frame[at + 16:at + 20])
    packet.dont_fragment = bool(word(frame, at + 6) & DONT_FRAGMENT)
    packet.transport_at = at + (frame[at] & 0x0F) * 4


def _read_ipv6(frame, at):
    """Section 1.2 for IPv6."""
    if len(frame) < at + 40 or frame[at] >> 4 != 6:
        raise _malformed()
    end_at = at + 40 + word(frame, at + 4)
    if end_at > len(frame):
        raise _malformed()
    packet = Packet(6, at, end_at)
    _fill_ipv6(frame, packet)
    return packet


def _fill_ipv6(frame, packet):
    """The fields of an IPv6 header that is known to be there."""
    at = packet.ip_at
    packet.ttl = frame[at + 7]
    packet.protocol = frame[at + 6]
    packet.source = bytes(frame[at + 8:at + 24])
    packet.destination = bytes(frame[at + 24:at + 40])
    packet.dont_fragment = True
    packet.transport_at = at + 40


def _find_transport(frame, packet):
    """Section 1.4: walk to the transport header, or to what follows a fragment header."""
    if packet.family == 4:
        field = word(frame, packet.ip_at + 6)
        if field & (MORE_FRAGMENTS | OFFSET_MASK):
            _note_fragment(packet, (field & OFFSET_MASK) * FRAGMENT_UNIT_BYTES)
    elif _walk_extensions(frame, packet, _is_not_atomic):
        if packet.protocol in EXTENSIONS:
            packet.protocol = None
        _note_fragment(packet, word(frame, packet.transport_at - 6) & 0xFFF8)


def _note_fragment(packet, offset):
    """Section 1.4: a fragment that begins at an offset of its datagram, in bytes."""
    if offset + packet.end_at - packet.transport_at > MAXIMUM_DATAGRAM_BYTES:
        raise _malformed()
    if packet.protocol == PROTOCOL_TCP and 0 < offset < TCP_HEADER_BYTES:
        raise _malformed()
    packet.kind = FRAGMENT
    packet.fragment = LATER if offset else FIRST


def _is_not_atomic(frame, at):
    return word(frame, at + 2) & 0xFFF9 != 0


def _has_offset(frame, at):
    return word(frame, at + 2) & 0xFFF8 != 0


def _walk_extensions(frame, packet, ends_walk):
    """Walk the IPv6 extension headers, at most eight, to the transport header.

    => true when it met a fragment header for which ends_walk holds; that one is not counted.
    """
    for walked in count():
        if packet.protocol not in EXTENSIONS:
            return False
        at = packet.transport_at
        end_at = _extension_end(frame, packet.protocol, at, packet.end_at)
        ends = packet.protocol == FRAGMENT_HEADER and ends_walk(frame, at)
        if not ends and walked == MAXIMUM_EXTENSIONS:
            raise _malformed()
        packet.protocol, packet.transport_at = frame[at], end_at
        if ends:
            return True


def _extension_end(frame, protocol, at, packet_end_at):
    """Where an extension header ends, which must be inside the packet."""
    if at + 8 > packet_end_at:
        raise _malformed()
    end_at = at + 8 if protocol == FRAGMENT_HEADER else at + (frame[at + 1] + 1) * 8
    if end_at > packet_end_at:
        raise _malformed()
    return end_at


def _read_transport(frame, packet):
    """Section 1.4: the kind of a packet, and its ports; of a first fragment, if it shows them."""
    if packet.protocol == PROTOCOL_TCP:
        _read_tcp(frame, packet)
    elif packet.protocol == PROTOCOL_UDP:
        _read_udp(frame, packet)
    elif packet.is_icmp:
        _read_icmp(frame, packet)
    elif packet.protocol in TUNNEL_HEADER_BYTES:
        if packet.end_at - packet.transport_at < TUNNEL_HEADER_BYTES[packet.protocol]:
            raise _malformed()
        packet.kind = TUNNEL


def _read_ports(frame, packet):
    packet.source_port = word(frame, packet.transport_at)
    packet.destination_port = word(frame, packet.transport_at + 2)


def _read_tcp(frame, packet):
    at, present = packet.transport_at, packet.end_at - packet.transport_at
    if present < TCP_HEADER_BYTES:
        raise _malformed()
    header_bytes = (frame[at + 12] >> 4) * 4
    is_cut_off = header_bytes > present and not packet.fragment
    if header_bytes < TCP_HEADER_BYTES or is_cut_off:
        raise _malformed()
    packet.kind = TCP
    packet.tcp_flags = frame[at + 13]
    _read_ports(frame, packet)


def _read_udp(frame, packet):
    at, present = packet.transport_at, packet.end_at - packet.transport_at
    if present < 8 or word(frame, at + 4) < 8:
        raise _malformed()
    if word(frame, at + 4) > present and not packet.fragment:
        raise _malformed()
    packet.kind = UDP
    _read_ports(frame, packet)


def _read_icmp(frame, packet):
    at = packet.transport_at
    if packet.end_at - at < ICMP_HEADER_BYTES:
        raise _malformed()
    kind = ICMP_KINDS[packet.family].get(frame[at], OTHER)
    if packet.fragment and kind not in (ECHO_REQUEST, ECHO_REPLY):
        return
    if packet.family == 6 and frame[at] in NEIGHBOUR_DISCOVERY:
        raise kernel("special_address")
    packet.kind = kind
    if packet.kind == ICMP_ERROR:
        packet.inner = _read_inner(frame, packet)
    else:
        _read_query(frame, packet)


def _read_query(frame, packet):
    identifier = word(frame, packet.transport_at + 4)
    if packet.kind == ECHO_REQUEST:
        packet.source_port = identifier
    elif packet.kind == ECHO_REPLY:
        packet.destination_port = identifier


def _read_inner(frame, error):
    """The packet inside an ICMP error: its own header, whole, and 8 bytes behind it."""
    inner = Packet(error.family, error.transport_at + ICMP_HEADER_BYTES, error.end_at)
    if inner.family == 4:
        fragment = _read_inner_ipv4(frame, inner)
    else:
        fragment = _read_inner_ipv6(frame, inner)
    if inner.end_at - inner.transport_at < QUOTED_BYTES:
        raise _malformed()
    if not fragment:
        _read_inner_transport(frame, inner)
    return inner


def _read_inner_ipv4(frame, inner):
    """=> whether it is a fragment with an offset; neither lengths nor checksum are verified"""
    at = inner.ip_at
    if inner.length < 20 or frame[at] >> 4 != 4 or frame[at] & 0x0F < 5:
        raise _malformed()
    _fill_ipv4(frame, inner)
    return word(frame, at + 6) & OFFSET_MASK != 0


def _read_inner_ipv6(frame, inner):
    """=> whether it is a fragment with an offset"""
    if inner.length < 40 or frame[inner.ip_at] >> 4 != 6:
        raise _malformed()
    _fill_ipv6(frame, inner)
    return _walk_extensions(frame, inner, _has_offset)


def _read_inner_transport(frame, inner):
    if inner.protocol == PROTOCOL_TCP:
        inner.kind = TCP
        _read_ports(frame, inner)
    elif inner.protocol == PROTOCOL_UDP:
        inner.kind = UDP
        _read_ports(frame, inner)
    elif inner.protocol in TUNNEL_HEADER_BYTES:
        inner.kind = TUNNEL
    elif inner.is_icmp:
        kind = ICMP_KINDS[inner.family].get(frame[inner.transport_at], OTHER)
        inner.kind = kind if kind in (ECHO_REQUEST, ECHO_REPLY) else OTHER
        _read_query(frame, inner)
