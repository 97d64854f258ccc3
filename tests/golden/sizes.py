# SPDX-License-Identifier: Apache-2.0
"""Odd and even sizes, from nothing to the MTU, with the checksums that Scapy says they have."""
from golden import (HOST, HOST6, HOST_PORT, POOL, POOL6, PORT, REMOTE, REMOTE6, REMOTE_PORT, Case,
                    back, forwarded, kernel, out, translated)
from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6)

SMALL = (0, 1, 2, 3, 63, 64)
MTU = 1500


def udp(sport, dport, _is_reply):
    """=> a UDP header"""
    return UDP(sport=sport, dport=dport)


def tcp(sport, dport, is_reply):
    """=> a TCP header that opens, or answers"""
    return TCP(sport=sport, dport=dport, flags="SA" if is_reply else "S")


def icmp(sport, dport, is_reply):
    """=> an echo request or reply"""
    return ICMP(type=0, id=dport) if is_reply else ICMP(id=sport)


def icmpv6(sport, dport, is_reply):
    """=> the same of ICMPv6"""
    return ICMPv6EchoReply(id=dport) if is_reply else ICMPv6EchoRequest(id=sport)


def noise(count):
    """=> bytes that are not all alike"""
    return bytes(number * 251 + 7 & 255 for number in range(count))


def case(name, ip, transport, count):
    """One size, out and back."""
    host, remote, pool = (HOST, REMOTE, POOL) if ip is IP else (HOST6, REMOTE6, POOL6)
    hop = {"ttl": 63} if ip is IP else {"hlim": 63}
    data = noise(count)
    return Case(
        f"{name}, {count} bytes",
        out(ip(src=host, dst=remote) / transport(HOST_PORT, REMOTE_PORT, False) / data,
            forwarded("translated_out", ip(src=pool, dst=remote, **hop)
                      / transport(PORT, REMOTE_PORT, False) / data)),
        back(ip(src=remote, dst=pool) / transport(REMOTE_PORT, PORT, True) / data,
             forwarded("translated_in", ip(src=remote, dst=host, **hop)
                       / transport(REMOTE_PORT, HOST_PORT, True) / data)))


def cases():
    """Small ones, and those that make a packet of 1499 and of 1500 bytes."""
    for name, ip, transport, header_bytes in (
            ("udp", IP, udp, 28), ("tcp", IP, tcp, 40), ("echo", IP, icmp, 28),
            ("udp, ipv6", IPv6, udp, 48), ("tcp, ipv6", IPv6, tcp, 60),
            ("echo, ipv6", IPv6, icmpv6, 48)):
        for count in (*SMALL, MTU - 1 - header_bytes, MTU - header_bytes):
            yield case(name, ip, transport, count)


CASES = [
    *cases(),
    Case("1501 bytes",
         out(IP(src=HOST, dst=REMOTE) / UDP(sport=HOST_PORT, dport=REMOTE_PORT) / bytes(1473),
             translated("packet_too_big", IP(src=POOL, dst=REMOTE)
                        / UDP(sport=PORT, dport=REMOTE_PORT) / bytes(1473))),
         out(IP(src=HOST, dst=REMOTE, flags="DF") / UDP(sport=HOST_PORT, dport=REMOTE_PORT)
             / bytes(1473), kernel("packet_too_big")),
         out(IPv6(src=HOST6, dst=REMOTE6) / UDP(sport=HOST_PORT, dport=REMOTE_PORT)
             / bytes(1453), kernel("packet_too_big"))),
]
