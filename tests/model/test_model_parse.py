# SPDX-License-Identifier: Apache-2.0
"""Section 1 of docs/packet-path.md: is it for the NAT at all?"""
import struct

import pytest

from addresses import packed
from build import Datagram, icmp_datagram, icmp_message, tcp_segment, udp_datagram
from damage import repair
from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, POOL6, REMOTE, REMOTE6, UDP, WAN, Dot1Q,
                     Ether, Gateway, ICMPv6EchoRequest, IPv6, Raw)
from parse import FIRST, FRAGMENT, LATER, OTHER, parse
from reasons import Decision

MALFORMED = ("drop", "malformed_packet")
SPECIAL = ("kernel", "special_address")
MACS = bytes.fromhex("02000000010202aaaaaaaaaa")
SYN = tcp_segment(packed(HOST), packed(REMOTE), (1, 2), 2, (0, 0))
SYN6 = tcp_segment(packed(HOST6), packed(REMOTE6), (1, 2), 2, (0, 0))


@pytest.fixture
def gateway():
    return Gateway()


def frame_of(packet):
    return MACS + (b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet


def ipv4(protocol=6, payload=SYN, **fields):
    return Datagram(packed(HOST), packed(REMOTE), protocol, payload, **fields)


def ipv6(protocol=6, payload=SYN6, **fields):
    return Datagram(packed(HOST6), packed(REMOTE6), protocol, payload, **fields)


def verdict(packet):
    """=> what parse() decides about an IP packet, or the Packet"""
    try:
        return parse(frame_of(packet))
    except Decision as decision:
        return decision.verdict, decision.reason


# 1.1 Frame


@pytest.mark.parametrize("frame", [
    b"", MACS, MACS + b"\x08", MACS + b"\x08\x06" + bytes(28), MACS + b"\x88\xcc",
    MACS + b"\x81\x00", MACS + b"\x81\x00\x00\x01\x08",
    MACS + b"\x81\x00\x00\x01\x81\x00\x00\x02\x81\x00\x00\x03\x08\x00" + ipv4().pack()])
def test_not_ip_or_too_short_to_tell(gateway, frame):
    result = gateway.send(LAN, frame)
    assert result[:3] == ("kernel", "not_ip", None)
    assert result.frame == frame


@pytest.mark.parametrize("tags", [1, 2])
def test_tags_stay(gateway, tags):
    packet = IP(src=HOST, dst=REMOTE) / UDP(sport=5, dport=6) / b"hello"
    tagged = Ether(dst="02:00:00:00:01:02") / Dot1Q(vlan=5)
    if tags == 2:
        tagged.type = 0x88A8
        tagged = tagged / Dot1Q(vlan=6)
    result = gateway.out(tagged / packet)
    assert result.reason == "translated_out"
    sent = bytes(tagged / packet)
    assert result.frame[12:14 + 4 * tags] == sent[12:14 + 4 * tags]
    assert Ether(result.frame)[IP].src == POOL


# 1.2 Header


@pytest.mark.parametrize("cut", range(20))
def test_ipv4_header_is_cut(cut):
    assert verdict_of_frame(frame_of(ipv4().pack())[:14 + cut]) == MALFORMED


@pytest.mark.parametrize("cut", range(40))
def test_ipv6_header_is_cut(cut):
    assert verdict_of_frame(frame_of(ipv6().pack())[:14 + cut]) == MALFORMED


def verdict_of_frame(frame):
    with pytest.raises(Decision) as caught:
        parse(frame)
    return caught.value.verdict, caught.value.reason


def rewritten(packet, at, value):
    """=> an IPv4 packet with another byte, its checksum right all the same"""
    frame = frame_of(packet)
    frame = frame[:14 + at] + bytes([value]) + frame[15 + at:]
    return repair(frame, 14)[14:]


@pytest.mark.parametrize("at, value", [(0, 0x55), (0, 0x35), (0, 0x44), (0, 0x4F), (3, 19),
                                       (3, 41), (2, 1)])
def test_ipv4_lengths_and_version(at, value):
    assert verdict(rewritten(ipv4().pack(), at, value)) == MALFORMED


def test_ipv4_header_checksum():
    packet = ipv4().pack()
    assert verdict(packet[:10] + b"\x00\x00" + packet[12:]) == MALFORMED


def test_ipv6_version_and_length():
    packet = ipv6().pack()
    frame = MACS + b"\x86\xdd" + b"\x45" + packet[1:]
    assert verdict_of_frame(frame) == MALFORMED
    assert verdict(packet[:4] + struct.pack(">H", 21) + packet[6:]) == MALFORMED


def test_padding_is_neither_looked_at_nor_changed(gateway):
    packet = bytes(IP(src=HOST, dst=REMOTE) / UDP(sport=5, dport=6) / b"x")
    result = gateway.send(LAN, frame_of(packet) + b"\xde\xad\xbe\xef")
    assert result.reason == "translated_out"
    assert result.frame.endswith(b"x\xde\xad\xbe\xef")
    assert gateway.flow()["bytes_out"] == 29


# 1.3 Addresses


@pytest.mark.parametrize("address", ["0.0.0.1", "127.0.0.1", "224.0.0.1", "240.0.0.1",
                                     "255.255.255.255"])
def test_special_ipv4(gateway, address):
    assert gateway.reason(LAN, IP(src=HOST, dst=address) / UDP()) == SPECIAL
    assert gateway.reason(LAN, IP(src=address, dst=REMOTE) / UDP()) == SPECIAL


@pytest.mark.parametrize("address", ["ff02::1", "fe80::1", "febf::1", "::", "::1"])
def test_special_ipv6(gateway, address):
    assert gateway.reason(LAN, IPv6(src=HOST6, dst=address) / UDP()) == SPECIAL
    assert gateway.reason(LAN, IPv6(src=address, dst=REMOTE6) / UDP()) == SPECIAL


@pytest.mark.parametrize("address", ["1.0.0.0", "126.0.0.1", "128.0.0.1", "223.255.255.255"])
def test_beside_special(gateway, address):
    assert gateway.reason(LAN, IP(src=HOST, dst=address) / UDP())[0] == "forward"


def test_special_address_comes_before_the_transport():
    packet = Datagram(packed(HOST), packed("224.0.0.1"), 17, b"").pack()
    assert verdict(packet) == SPECIAL


# 1.4 Transport


def chain(count, kind=60):
    return tuple((kind, b"\0" + bytes(6)) for _ in range(count))


def test_eight_extension_headers_and_not_nine():
    assert verdict(ipv6(extensions=chain(8)).pack()).source_port == 1
    assert verdict(ipv6(extensions=chain(9)).pack()) == MALFORMED


def test_atomic_fragment_counts_as_walked_and_another_ends_the_walk():
    atomic, real = (44, bytes(7)), (44, b"\0\0\x01" + bytes(4))
    assert verdict(ipv6(extensions=(atomic,)).pack()).kind == "tcp"
    assert verdict(ipv6(extensions=chain(8) + (atomic,)).pack()) == MALFORMED
    assert verdict(ipv6(extensions=chain(8) + (real,)).pack()).kind == "tcp"
    assert verdict(ipv6(extensions=chain(8) + (real,)).pack()).fragment == FIRST


def test_extension_header_ends_outside():
    packet = Datagram(packed(HOST6), packed(REMOTE6), 60, b"\x06\x01" + bytes(6) + SYN6[:7])
    assert verdict(packet.pack()) == MALFORMED
    for length in range(8):
        packet = Datagram(packed(HOST6), packed(REMOTE6), 44, bytes(length))
        assert verdict(packet.pack()) == MALFORMED


@pytest.mark.parametrize("field, kind, fragment", [
    (0x2000, "tcp", FIRST), (3, FRAGMENT, LATER), (0x2003, FRAGMENT, LATER),
    (0x8000, "tcp", None), (0x4000, "tcp", None)])
def test_ipv4_fragments(field, kind, fragment):
    packet = verdict(ipv4(fragment=field).pack())
    assert (packet.kind, packet.fragment) == (kind, fragment)


@pytest.mark.parametrize("units, right", [(1, False), (2, False), (3, True), (8189, True),
                                          (8190, False), (8191, False)])
def test_where_a_fragment_of_tcp_may_lie(units, right):
    """Not over the header [RFC3128], and not beyond what a datagram can be."""
    assert (verdict(ipv4(fragment=units).pack()) != MALFORMED) == right
    extension = (44, struct.pack(">xHI", units << 3, 1))
    assert (verdict(ipv6(extensions=(extension,)).pack()) != MALFORMED) == right


@pytest.mark.parametrize("protocol, transport, needed", [
    (6, SYN, 20), (17, b"\0\1\0\2\1\0\0\0", 8), (1, b"\x08" + bytes(7), 8),
    (1, b"\x0d" + bytes(7), 8)])
def test_what_a_first_fragment_must_hold(protocol, transport, needed):
    for length in range(needed + 1):
        packet = verdict(ipv4(protocol, transport[:length], fragment=0x2000).pack())
        assert (packet != MALFORMED) == (length == needed)


def test_a_first_fragment_may_lack_what_follows():
    options = SYN[:12] + b"\xf0" + SYN[13:]
    assert verdict(ipv4(payload=options, fragment=0x2000).pack()).kind == "tcp"
    for length, right in ((7, False), (8, True), (65535, True)):
        datagram = struct.pack(">HHHH", 1, 2, length, 0)
        assert (verdict(ipv4(17, datagram, fragment=0x2000).pack()) != MALFORMED) == right


def test_ipv6_fragment_hides_its_protocol_only_behind_an_extension_header():
    header = (44, b"\0\0\x01" + bytes(4))
    assert verdict(ipv6(extensions=(header,)).pack()).protocol == 6
    assert verdict(ipv6(protocol=60, extensions=(header,)).pack()).protocol is None
    assert verdict(ipv6(protocol=50, extensions=(header,)).pack()).protocol == 50


def test_tcp_lengths():
    assert verdict(ipv4(payload=SYN[:19]).pack()) == MALFORMED
    for offset, right in ((4, False), (5, True), (6, False), (15, False)):
        segment = SYN[:12] + bytes([offset << 4]) + SYN[13:]
        assert (verdict(ipv4(payload=segment).pack()) != MALFORMED) == right


@pytest.mark.parametrize("length, right", [(0, False), (7, False), (8, True), (12, True),
                                           (13, False)])
def test_udp_lengths(length, right):
    datagram = struct.pack(">HHHH", 5, 6, length, 0) + b"1234"
    assert (verdict(ipv4(17, datagram).pack()) != MALFORMED) == right
    assert (verdict(ipv6(17, datagram).pack()) != MALFORMED) == right
    assert verdict(ipv4(17, datagram[:7]).pack()) == MALFORMED


@pytest.mark.parametrize("kind", [0, 3, 8, 13, 128, 135])
def test_icmp_needs_eight_bytes(kind):
    message = bytes([kind]) + bytes(6)
    assert verdict(ipv4(1, message).pack()) == MALFORMED
    assert verdict(ipv6(58, message).pack()) == MALFORMED


def test_neighbour_discovery():
    for kind in range(133, 138):
        assert verdict(ipv6(58, bytes([kind]) + bytes(7)).pack()) == SPECIAL
    assert verdict(ipv6(58, bytes([138]) + bytes(7)).pack()).kind == OTHER


def test_icmp_of_the_other_family_is_any_other_protocol():
    assert verdict(ipv4(58, b"").pack()).kind == OTHER
    assert verdict(ipv6(1, b"").pack()).kind == OTHER


@pytest.mark.parametrize("protocol", [0, 46, 51, 59, 132, 135])
def test_other_protocols(protocol):
    assert verdict(ipv4(protocol, b"").pack()).kind == OTHER


def error_with(quote, family=4):
    source, destination = (HOST, REMOTE) if family == 4 else (HOST6, REMOTE6)
    message = icmp_message(packed(source), packed(destination), 3 if family == 4 else 1, 0,
                           bytes(4), quote)
    return icmp_datagram(packed(source), packed(destination), message).pack()


@pytest.mark.parametrize("family, make", [(4, ipv4), (6, ipv6)])
def test_error_needs_header_and_eight_bytes(family, make):
    protocol, payload = 17, udp_datagram(packed(HOST), packed(REMOTE), (1, 2), b"")
    quote = make(protocol, payload).pack()
    for cut in range(len(quote)):
        assert verdict(error_with(quote[:cut], family)) == MALFORMED
    assert verdict(error_with(quote, family)).inner.kind == "udp"


def test_error_with_options_inside():
    """[RFC5508 REQ-3b]"""
    quote = ipv4(options=b"\x01" * 8).pack()
    assert verdict(error_with(quote[:28 + 7])) == MALFORMED
    assert verdict(error_with(quote[:28 + 8])).inner.source_port == 1


def test_error_with_extension_headers_inside():
    quote = ipv6(extensions=chain(8)).pack()
    assert verdict(error_with(quote[:40 + 64 + 8], 6)).inner.destination_port == 2
    assert verdict(error_with(quote[:40 + 64 + 7], 6)) == MALFORMED
    assert verdict(error_with(ipv6(extensions=chain(9)).pack(), 6)) == MALFORMED


def test_error_about_fragments():
    assert verdict(error_with(ipv4(fragment=0x2000).pack())).inner.kind == "tcp"
    assert verdict(error_with(ipv4(fragment=0x2001).pack())).inner.kind == OTHER
    for word, kind in ((0, "tcp"), (1, "tcp"), (8, OTHER)):
        quote = ipv6(extensions=((44, struct.pack(">xHI", word, 1)),)).pack()
        assert verdict(error_with(quote, 6)).inner.kind == kind


def test_error_about_other_protocols():
    assert verdict(error_with(ipv4(46, bytes(8)).pack())).inner.kind == OTHER
    assert verdict(error_with(ipv4(1, b"\x0d" + bytes(7)).pack())).inner.kind == OTHER
    assert verdict(error_with(ipv4(58, b"\x80" + bytes(7)).pack())).inner.kind == OTHER


def test_error_whose_inside_is_of_the_other_family():
    assert verdict(error_with(ipv6().pack(), 4)) == MALFORMED
    assert verdict(error_with(ipv4().pack() + bytes(40), 6)) == MALFORMED


# 1.5 Source


@pytest.mark.parametrize("ifindex", [LAN, WAN])
def test_spoofed_source(gateway, ifindex):
    spoofed = ("drop", "spoofed_source")
    assert gateway.reason(ifindex, IP(src=POOL, dst=REMOTE) / UDP()) == spoofed
    assert gateway.reason(ifindex, IPv6(src=POOL6, dst=REMOTE6) / UDP()) == spoofed
    assert gateway.reason(ifindex, IP(src=POOL, dst=POOL) / ICMP()) == spoofed


def test_malformed_comes_before_spoofed(gateway):
    packet = IP(src=POOL, dst=REMOTE, proto=17) / Raw(b"short")
    assert gateway.reason(LAN, packet) == MALFORMED


def test_echo_over_ipv6_has_its_id_as_source_port():
    packet = bytes(IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoRequest(id=77))
    assert verdict(packet).source_port == 77
