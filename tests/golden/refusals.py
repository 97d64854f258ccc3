# SPDX-License-Identifier: Apache-2.0
"""Refusals, and what their senders are told [RFC5508 REQ-8, RFC6888 REQ-11]."""
from golden import (HOST, HOST6, HOST_PORT, REMOTE, REMOTE6, REMOTE_PORT, Case, answered, dropped,
                    flow_of, out, prohibited, quote, refused)
from scapy.all import (ICMP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, ICMPv6EchoReply,
                       ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt, IPOption_NOP, Padding)

EXHAUSTED = "source_nat_pool_exhausted"
WRONG_FAMILY = "source_nat_pool_wrong_family"
OTHERS_PORT = HOST_PORT + 1
ONLY_IPV4 = "2001:db8:1::4"  # its rule's pool has no IPv6
ANSWERS_A_SECOND = 10
IPV4_QUOTE, IPV6_QUOTE = 576 - 28, 1280 - 48  # bytes, at most


def noise(count):
    """=> bytes that are not all alike"""
    return bytes(number * 253 + 11 & 255 for number in range(count))


def of_host(transport, **fields):
    """=> an IPv4 packet to REMOTE"""
    return IP(src=HOST, dst=REMOTE, **fields) / transport


def of_host6(transport, **fields):
    """=> an IPv6 packet to REMOTE6"""
    return IPv6(src=HOST6, dst=REMOTE6, **fields) / transport


def exhausted():
    """The pool has one port of each protocol."""
    udp = UDP(sport=OTHERS_PORT, dport=REMOTE_PORT)
    tcp = TCP(sport=OTHERS_PORT, dport=REMOTE_PORT, flags="S")
    for name, version, first in (("udp", 4, udp), ("tcp", 4, tcp),
                                 ("echo", 4, ICMP(id=OTHERS_PORT)), ("udp", 6, udp),
                                 ("tcp", 6, tcp), ("echo", 6, ICMPv6EchoRequest(id=OTHERS_PORT))):
        wrap = of_host if version == 4 else of_host6
        yield Case(f"no port for {name}, ipv{version}", flow_of(name, version),
                   refused(wrap(first), EXHAUSTED), refused(wrap(first / b"odd"), EXHAUSTED))


def sizes():
    """As much is quoted as fits, to the byte."""
    for size in (0, 1, 2, 3, 4, IPV4_QUOTE - 29, IPV4_QUOTE - 28, IPV4_QUOTE - 27, 1472):
        packet = of_host(UDP(sport=OTHERS_PORT, dport=REMOTE_PORT) / noise(size))
        yield Case(f"{size} bytes are refused", flow_of("udp"),
                   refused(packet, EXHAUSTED, IPV4_QUOTE))
    for size in (0, 1, 2, 3, 4, IPV6_QUOTE - 49, IPV6_QUOTE - 48, IPV6_QUOTE - 47, 1452):
        packet = of_host6(UDP(sport=OTHERS_PORT, dport=REMOTE_PORT) / noise(size))
        yield Case(f"{size} bytes are refused, ipv6", flow_of("udp", 6),
                   refused(packet, EXHAUSTED, IPV6_QUOTE))


def tagged(tags, packet, padding=b""):
    """=> a Step; the tags come back, the padding does not"""
    return out(Ether() / tags / packet / Padding(padding),
               answered(EXHAUSTED, Ether() / tags / prohibited(packet)))


def frames():
    """What stands around the packet."""
    packet = of_host(UDP(sport=OTHERS_PORT, dport=REMOTE_PORT))
    packet6 = of_host6(UDP(sport=OTHERS_PORT, dport=REMOTE_PORT))
    for name, tags in (("one tag", Dot1Q(vlan=7, prio=3)),
                       ("two tags", Dot1AD(vlan=100) / Dot1Q(vlan=200))):
        yield Case(f"refused with {name}", flow_of("udp"), flow_of("udp", 6),
                   tagged(tags, packet), tagged(tags, packet6),
                   tagged(tags, packet, b"padding"))
    yield Case("padding of what is refused", flow_of("udp"),
               out(Ether() / packet / Padding(b"\xa5" * 18),
                   answered(EXHAUSTED, prohibited(packet))))


def silent():
    """Never about errors, replies, fragments, or segments of no connection."""
    udp = UDP(sport=HOST_PORT, dport=REMOTE_PORT)
    yield out(of_host(ICMP(type=0, id=1)), dropped("no_flow"))
    yield out(of_host6(ICMPv6EchoReply(id=1)), dropped("no_flow"))
    yield out(of_host(ICMP(type=3) / quote(of_host(udp))), dropped("no_flow"))
    yield out(of_host(ICMP(type=5) / quote(of_host(udp))), dropped("unsupported_protocol"))
    yield out(of_host(b"four", proto=46, flags="MF"), dropped("fragment_unknown"))
    yield out(of_host(b"four", proto=46, frag=1), dropped("fragment_unknown"))
    yield flow_of("udp")
    yield out(of_host(UDP(sport=OTHERS_PORT, dport=REMOTE_PORT), flags="MF"), dropped(EXHAUSTED))
    for flags in ("A", "R", "RA", "FA", "SA", ""):
        yield out(of_host(TCP(sport=HOST_PORT, flags=flags)), dropped("tcp_not_syn"))


CASES = [
    *exhausted(),
    *sizes(),
    *frames(),
    Case("refused in silence", silent()),
    Case("other protocols", refused(of_host(b"", proto=46), "unsupported_protocol"),
         refused(of_host6(b"seven b", nh=51), "unsupported_protocol"),
         refused(of_host6(IPv6ExtHdrDestOpt() / b"more", nh=60), "unsupported_protocol")),
    Case("header options are quoted", flow_of("udp"),
         refused(of_host(UDP(sport=OTHERS_PORT, dport=REMOTE_PORT),
                         options=[IPOption_NOP()] * 40), EXHAUSTED)),
    Case("the wrong family",
         refused(IPv6(src=ONLY_IPV4, dst=REMOTE6) / UDP(sport=HOST_PORT, dport=REMOTE_PORT),
                 WRONG_FAMILY)),
    Case("the last answer of a second",
         *[refused(of_host(b"four", proto=46), "unsupported_protocol")
           for _ in range(ANSWERS_A_SECOND)],
         *[out(of_host(b"four", proto=46), dropped("unsupported_protocol")) for _ in range(3)]),
]
