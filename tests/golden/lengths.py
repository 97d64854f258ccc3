# SPDX-License-Identifier: Apache-2.0
"""Packets that are cut at every length, and lengths that are not true."""
from golden import (GATEWAY, HOST, HOST6, HOST_PORT, LAN_MAC, POOL, POOL6, PORT, REMOTE, REMOTE6,
                    REMOTE_PORT, ROUTER, ROUTER6, WAN_MAC, Case, back, dropped, family, flow_of,
                    forwarded, out, quote)
from scapy.all import (ICMP, IP, TCP, UDP, Dot1Q, Ether, ICMPv6DestUnreach, ICMPv6EchoReply,
                       ICMPv6EchoRequest, IPOption_NOP, IPv6, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, Raw)

MALFORMED = dropped("malformed_packet")
ETHERNET_BYTES = 14
DATAGRAM = UDP(sport=HOST_PORT, dport=REMOTE_PORT) / b"abc"
SEGMENT = TCP(sport=HOST_PORT, dport=REMOTE_PORT, flags="S", options=[("MSS", 1460)]) / b"abc"
ERROR = ICMP(type=3, code=1) / quote(IP(src=POOL, dst=REMOTE) / UDP(sport=PORT,
                                                                    dport=REMOTE_PORT), 28)
ERROR6 = ICMPv6DestUnreach() / quote(IPv6(src=POOL6, dst=REMOTE6)
                                     / UDP(sport=PORT, dport=REMOTE_PORT), 48)

# name: the packet, the bytes of it without which it is malformed, and the side it comes from
WHOLE = {
    "udp": (IP(src=HOST, dst=REMOTE) / DATAGRAM, 31, out),
    "tcp with options": (IP(src=HOST, dst=REMOTE) / SEGMENT, 44, out),
    "echo": (IP(src=HOST, dst=REMOTE) / ICMP(id=HOST_PORT) / b"abc", 28, out),
    "udp behind options": (IP(src=HOST, dst=REMOTE, options=[IPOption_NOP()] * 8) / DATAGRAM, 39,
                           out),
    "udp from outside": (IP(src=REMOTE, dst=POOL) / UDP(sport=REMOTE_PORT, dport=PORT), 28, back),
    "udp for the gateway": (IP(src=REMOTE, dst=GATEWAY) / UDP(sport=REMOTE_PORT), 28, back),
    "echo reply from outside": (IP(src=REMOTE, dst=POOL) / ICMP(type=0, id=PORT), 28, back),
    "error from outside": (IP(src=ROUTER, dst=POOL) / ERROR, 56, back),
    "udp, ipv6": (IPv6(src=HOST6, dst=REMOTE6) / DATAGRAM, 51, out),
    "tcp with options, ipv6": (IPv6(src=HOST6, dst=REMOTE6) / SEGMENT, 64, out),
    "echo, ipv6": (IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoRequest(data=b"abc"), 48, out),
    "udp behind extension headers": (
        IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt()
        / IPv6ExtHdrFragment() / DATAGRAM, 75, out),
    "echo reply from outside, ipv6": (
        IPv6(src=REMOTE6, dst=POOL6) / ICMPv6EchoReply(id=PORT), 48, back),
    "error from outside, ipv6": (IPv6(src=ROUTER6, dst=POOL6) / ERROR6, 96, back),
}


def cut_frames():
    """The frame ends early, and the lengths tell of the whole packet."""
    for name, (packet, _, send) in WHOLE.items():
        mac = LAN_MAC if send is out else WAN_MAC
        whole = bytes(Ether(dst=mac, src="02:aa:aa:aa:aa:aa") / packet)
        lengths = range(ETHERNET_BYTES, len(whole))
        yield Case(f"cut frame, {name}", *[send(whole[:length], MALFORMED) for length in lengths])


def cut_packets():
    """The packet ends early, and the IP header's length agrees; up to what a header needs."""
    for name, (packet, needed, send) in WHOLE.items():
        header_bytes = 20 if family(packet) is IP else 40
        yield Case(f"cut packet, {name}",
                   *[send(shortened(packet, length), MALFORMED)
                     for length in range(header_bytes, needed)])


def shortened(packet, length):
    """=> so many bytes of an IP packet, in an IP header that says so; Scapy fills in the rest"""
    whole = bytes(packet)
    if family(packet) is IPv6:
        return IPv6(whole[:4] + (length - 40).to_bytes(2) + whole[6:length])
    short = bytearray(whole[:length])
    short[2:4] = length.to_bytes(2)
    header_bytes = (short[0] & 15) * 4
    if header_bytes > length:
        return Ether(type=0x0800) / Raw(bytes(short))
    return Ether(type=0x0800) / Raw(with_header_checksum(bytes(short), header_bytes))


def with_header_checksum(packet, header_bytes):
    """=> the packet, its IPv4 header checksum filled in by Scapy"""
    header = IP(packet[:header_bytes])
    del header.chksum
    return bytes(header) + packet[header_bytes:]


def total_lengths():
    """IPv4's total length: less than the header, or more than there is."""
    size = len(IP(src=HOST, dst=REMOTE) / DATAGRAM)
    for length in (0, 1, 19, size + 1, size + 2, 1500, 32768, 65535):
        yield out(IP(src=HOST, dst=REMOTE, len=length) / DATAGRAM, MALFORMED)
    for length in (20, 27, 28, 30):  # less than UDP says of itself
        yield out(IP(src=HOST, dst=REMOTE, len=length) / DATAGRAM, MALFORMED)
    for length in (40, 41, 43):  # ends within the options of the TCP header
        yield out(IP(src=HOST, dst=REMOTE, len=length) / SEGMENT, MALFORMED)
    for length in (24, 28, 30, 35):  # within IPv4's own options
        yield out(IP(src=HOST, dst=REMOTE, len=length, options=[IPOption_NOP()] * 16) / DATAGRAM,
                  MALFORMED)


def payload_lengths():
    """IPv6's payload length: more than there is, or less than the header behind needs."""
    size = len(DATAGRAM)
    for length in (0, 1, 7, 8, size - 1, size + 1, 1500, 65535):
        yield out(IPv6(src=HOST6, dst=REMOTE6, plen=length) / DATAGRAM, MALFORMED)
    for length in (0, 19, 20, 23):
        yield out(IPv6(src=HOST6, dst=REMOTE6, plen=length) / SEGMENT, MALFORMED)
    for length in (0, 7, 8, 15):
        yield out(IPv6(src=HOST6, dst=REMOTE6, plen=length) / IPv6ExtHdrDestOpt() / DATAGRAM,
                  MALFORMED)


def header_lengths():
    """A header length below five words, or of more words than the packet has; no version."""
    for words in (0, 1, 4, 9, 15):
        yield out(IP(src=HOST, dst=REMOTE, ihl=words) / DATAGRAM, MALFORMED)
    for version in (0, 3, 5, 6, 15):
        yield out(IP(src=HOST, dst=REMOTE, version=version) / DATAGRAM, MALFORMED)
        yield out(Ether(type=0x86DD) / IPv6(src=HOST6, dst=REMOTE6,
                                            version=4 if version == 6 else version) / DATAGRAM,
                  MALFORMED)
    yield out(Ether(type=0x86DD) / IP(src=HOST, dst=REMOTE) / DATAGRAM, MALFORMED)
    yield out(Ether(type=0x0800) / IPv6(src=HOST6, dst=REMOTE6) / DATAGRAM, MALFORMED)
    yield out(Ether() / Dot1Q(type=0x0800) / IPv6(src=HOST6, dst=REMOTE6) / DATAGRAM, MALFORMED)


def udp_lengths():
    """UDP's own: below eight, or beyond the packet; less than the packet is no harm."""
    for length in (0, 1, 7, 12, 13, 1500, 65535):
        datagram = UDP(sport=HOST_PORT, dport=REMOTE_PORT, len=length) / b"abc"
        yield out(IP(src=HOST, dst=REMOTE) / datagram, MALFORMED)
        yield out(IPv6(src=HOST6, dst=REMOTE6) / datagram, MALFORMED)
        yield back(IP(src=REMOTE, dst=POOL) / datagram, MALFORMED)


def udp_with_a_tail():
    """Bytes of the packet behind the datagram: they stay."""
    for tail in (b"t", b"tail", bytes(100)):
        arrives = UDP(bytes(IP(src=HOST, dst=REMOTE) / DATAGRAM)[20:]) / Raw(tail)
        leaves = UDP(bytes(IP(src=POOL, dst=REMOTE)
                           / UDP(sport=PORT, dport=REMOTE_PORT) / b"abc")[20:]) / Raw(tail)
        yield out(IP(src=HOST, dst=REMOTE) / arrives,
                  forwarded("translated_out", IP(src=POOL, dst=REMOTE, ttl=63) / leaves))


def data_offsets():
    """TCP's: below five words, or beyond the packet."""
    for words in (0, 1, 4, 8, 15):
        segment = TCP(sport=HOST_PORT, dport=REMOTE_PORT, flags="S", dataofs=words) / bytes(8)
        yield out(IP(src=HOST, dst=REMOTE) / segment, MALFORMED)
        yield out(IPv6(src=HOST6, dst=REMOTE6) / segment, MALFORMED)
        yield back(IP(src=REMOTE, dst=POOL) / segment, MALFORMED)


def data_offset_to_the_end():
    """All of the segment is header."""
    for words in (5, 6, 7):
        arrives = TCP(sport=HOST_PORT, dport=REMOTE_PORT, flags="S", dataofs=words) / bytes(8)
        leaves = TCP(sport=PORT, dport=REMOTE_PORT, flags="S", dataofs=words) / bytes(8)
        yield out(IP(src=HOST, dst=REMOTE) / arrives,
                  forwarded("translated_out", IP(src=POOL, dst=REMOTE, ttl=63) / leaves))


CASES = [
    *cut_frames(), *cut_packets(),
    Case("total length", total_lengths()),
    Case("payload length", payload_lengths()),
    Case("header length and version", header_lengths()),
    Case("udp length", udp_lengths()),
    Case("udp with a tail", udp_with_a_tail()),
    Case("tcp data offset", data_offsets()),
    Case("tcp data offset to the end", data_offset_to_the_end()),
    Case("with a flow no better", flow_of("udp"), flow_of("tcp"), udp_lengths(), data_offsets()),
]
