# SPDX-License-Identifier: Apache-2.0
"""What is written into a packet (docs/packet-path.md sections 2.5, 3.7, 5 and 9).

A change is a pair (old bytes, new bytes); every checksum that covers a field is updated with
the field's change, never computed anew.
"""
from checksum import update
from parse import (FRAGMENT, ICMP_ERROR, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP,
                   TUNNEL, word)

CHECKSUM_OFFSETS = {PROTOCOL_TCP: 16, PROTOCOL_UDP: 6, PROTOCOL_ICMP: 2, PROTOCOL_ICMPV6: 2}
IPV4_TTL_OFFSET = 8
IPV4_CHECKSUM_OFFSET = 10
IPV6_HOP_LIMIT_OFFSET = 7
ID_BYTES = {4: 2, 6: 4}
SOURCE_OFFSETS = {4: 12, 6: 8}
DESTINATION_OFFSETS = {4: 16, 6: 24}


def translate_out(frame, packet, flow):
    """Section 3.7. => a new frame: as the outside sees it, TTL and Ethernet header untouched"""
    new = bytearray(frame)
    if packet.kind == ICMP_ERROR:
        _translate_error(new, packet, _source_at(packet), flow.address,
                         _destination_at(packet.inner), _destination_port_at(packet.inner),
                         flow.address, flow.port)
    elif packet.kind in (FRAGMENT, TUNNEL):
        _translate_address(new, packet, _source_at(packet), flow.address)
    else:
        _translate_data(new, packet, _source_at(packet), _source_port_at(packet),
                        flow.address, flow.port)
    return new


def translate_in(frame, packet, flow):
    """Section 2.5. => a new frame: as the inside sees it, TTL and Ethernet header untouched"""
    new = bytearray(frame)
    if packet.kind == ICMP_ERROR:
        _translate_error(new, packet, _destination_at(packet), flow.inside,
                         _source_at(packet.inner), _source_port_at(packet.inner),
                         flow.inside, flow.inside_port)
    elif packet.kind in (FRAGMENT, TUNNEL):
        _translate_address(new, packet, _destination_at(packet), flow.inside)
    else:
        _translate_data(new, packet, _destination_at(packet), _destination_port_at(packet),
                        flow.inside, flow.inside_port)
    return new


def datagram_id(frame, packet):
    """Section 9: the id of a fragment's datagram, as it stands there."""
    at = _id_at(packet)
    return bytes(frame[at:at + ID_BYTES[packet.family]])


def write_datagram_id(frame, packet, new):
    """Section 9: another id, in place."""
    change = _replace(frame, _id_at(packet), new)
    if packet.family == 4:
        _update_at(frame, packet.ip_at + IPV4_CHECKSUM_OFFSET, [change])


def decrement_ttl(frame, packet):
    """Section 5: TTL or hop limit minus one, in place."""
    if packet.family == 4:
        at = packet.ip_at + IPV4_TTL_OFFSET
        change = _replace(frame, at, bytes([frame[at] - 1, frame[at + 1]]))
        _update_at(frame, packet.ip_at + IPV4_CHECKSUM_OFFSET, [change])
    else:
        frame[packet.ip_at + IPV6_HOP_LIMIT_OFFSET] -= 1


def write_ethernet(frame, destination_mac, source_mac):
    """A new Ethernet header, in place; VLAN tags and type stay."""
    frame[0:6] = destination_mac
    frame[6:12] = source_mac


def _id_at(packet):
    """In IPv4's header; in the fragment header just before what it carries."""
    return packet.ip_at + 4 if packet.family == 4 else packet.transport_at - 4


def clamp_mss(frame, packet, limit):
    """Section 5: the segment size that a SYN offers, if it is larger, in place."""
    at = _mss_at(frame, packet)
    if at is None or word(frame, at) <= limit:
        return
    begin, end = at & ~1, at + 2 + (at & 1)  # whole words of the segment, as its offset is even
    old = bytes(frame[begin:end])
    frame[at:at + 2] = limit.to_bytes(2)
    _update_at(frame, packet.transport_at + CHECKSUM_OFFSETS[PROTOCOL_TCP],
               [(old, bytes(frame[begin:end]))])


def _mss_at(frame, packet):
    """=> where the size stands in the first option for it, or None"""
    at = packet.transport_at + 20
    end_at = packet.transport_at + (frame[packet.transport_at + 12] >> 4) * 4
    while at + 2 <= end_at and frame[at] != 0:
        if frame[at] == 2:
            return at + 2 if frame[at + 1] == 4 and at + 4 <= end_at else None
        if frame[at] != 1 and frame[at + 1] < 2:
            return None
        at += 1 if frame[at] == 1 else frame[at + 1]
    return None


def _source_at(packet):
    return packet.ip_at + SOURCE_OFFSETS[packet.family]


def _destination_at(packet):
    return packet.ip_at + DESTINATION_OFFSETS[packet.family]


def _source_port_at(packet):
    """Where the source port, or the id of a query, is."""
    return packet.transport_at + (4 if packet.is_icmp else 0)


def _destination_port_at(packet):
    return packet.transport_at + (4 if packet.is_icmp else 2)


def _replace(frame, at, new):
    """Write a field. => the change"""
    old = bytes(frame[at:at + len(new)])
    frame[at:at + len(new)] = new
    return old, new


def _update_at(frame, at, changes):
    """Update the checksum at an offset. => its own change"""
    return _replace(frame, at, update(word(frame, at), changes).to_bytes(2))


def _translate_address(frame, packet, address_at, address):
    """All that there is to translate of a later fragment, and of a tunnel's packet."""
    change = _replace(frame, address_at, address)
    if packet.family == 4:
        _update_at(frame, packet.ip_at + IPV4_CHECKSUM_OFFSET, [change])


def _translate_data(frame, packet, address_at, port_at, address, port):
    address_change = _replace(frame, address_at, address)
    port_change = _replace(frame, port_at, port.to_bytes(2))
    if packet.family == 4:
        _update_at(frame, packet.ip_at + IPV4_CHECKSUM_OFFSET, [address_change])
    _update_transport(frame, packet, address_change, port_change)


def _update_transport(frame, packet, address_change, port_change):
    """=> the checksum's own change, in a list, empty where there is nothing to update"""
    at = packet.transport_at + CHECKSUM_OFFSETS[packet.protocol]
    if at + 2 > packet.end_at:
        return []
    if packet.protocol == PROTOCOL_UDP:
        return _update_udp(frame, at, [address_change, port_change])
    if packet.protocol == PROTOCOL_ICMP:
        return [_update_at(frame, at, [port_change])]
    return [_update_at(frame, at, [address_change, port_change])]


def _update_udp(frame, at, changes):
    """A checksum of 0 (none) stays; one that would become 0 is stored as 0xffff."""
    old = word(frame, at)
    if old == 0:
        return []
    return [_replace(frame, at, (update(old, changes) or 0xFFFF).to_bytes(2))]


def _translate_error(frame, packet, outer_at, outer_address,
                     inner_at, inner_port_at, inner_address, inner_port):
    """The address outside; address, port and checksums inside; both ways alike."""
    inner = packet.inner
    outer_change = _replace(frame, outer_at, outer_address)
    address_change = _replace(frame, inner_at, inner_address)
    changes = [address_change]
    if inner.kind != TUNNEL:
        port_change = _replace(frame, inner_port_at, inner_port.to_bytes(2))
        changes += [port_change, *_update_transport(frame, inner, address_change, port_change)]
    if packet.family == 4:
        _update_at(frame, packet.ip_at + IPV4_CHECKSUM_OFFSET, [outer_change])
        changes.append(_update_at(frame, inner.ip_at + IPV4_CHECKSUM_OFFSET, [address_change]))
    else:
        changes.append(outer_change)
    _update_at(frame, packet.transport_at + CHECKSUM_OFFSETS[packet.protocol], changes)
