# SPDX-License-Identifier: Apache-2.0
"""For the tests: Scapy's opinion on the checksums of a frame, independent of the model's."""
from scapy.all import ICMP, IP, TCP, UDP, Ether, IPv6, in4_chksum, in6_chksum, raw
from scapy.layers.inet6 import _ICMPv6
from scapy.utils import checksum

UDP.payload_guess = TCP.payload_guess = []  # payloads are noise, to no protocol's taste
ICMP_ERRORS = {IP: (3, 11, 12), IPv6: (1, 2, 3, 4)}
UDP_CHECKSUM = slice(6, 8)
QUOTE_AT = 8


def wrong_checksums(frame):
    """=> names of the wrong checksums of a frame, or None where Scapy finds no transport"""
    packet = Ether(frame)
    for layer in (IP, IPv6):
        if layer in packet:
            return _wrong_in_packet(raw(packet[layer]), layer, "")
    return None


def _wrong_in_packet(data, layer, prefix):
    """The same for the bytes of an IP packet; a cut one cannot be verified."""
    packet = layer(data)
    length = _length(packet)
    if not 0 < length <= len(data):
        return None
    packet = layer(data[:length])
    transport = _transport(packet)
    if transport is None:
        return None
    wrong = []
    if layer is IP and checksum(data[:packet.ihl * 4]) != 0:
        wrong.append(prefix + "header")
    if not _transport_is_right(packet, layer, transport):
        wrong.append(prefix + "transport")
    if isinstance(transport, (ICMP, _ICMPv6)) and transport.type in ICMP_ERRORS[layer]:
        wrong += _wrong_in_packet(raw(transport)[QUOTE_AT:], layer, "inner ") or []
    return wrong


def _length(packet):
    """=> of the whole packet; 0 where a quote lies about it"""
    if isinstance(packet, IP):
        return packet.len if packet.len >= packet.ihl * 4 else 0
    return packet.plen + 40


def _transport(packet):
    layer = packet
    while layer and not isinstance(layer, (TCP, UDP, ICMP, _ICMPv6)):
        layer = layer.payload
    return layer or None


def _transport_is_right(packet, layer, transport):
    data = raw(transport)
    if isinstance(transport, ICMP):
        return checksum(data) == 0
    if isinstance(transport, UDP) and data[UDP_CHECKSUM] == b"\0\0":
        return True
    addresses = layer(src=packet.src, dst=packet.dst)
    if layer is IP:
        return in4_chksum(packet.proto, addresses, data) == 0
    protocol = {TCP: 6, UDP: 17}.get(type(transport), 58)
    return in6_chksum(protocol, addresses, data) == 0
