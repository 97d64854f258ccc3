# SPDX-License-Identifier: Apache-2.0
"""Addresses: those that are never translated, the gateway's own, forged ones, and no route."""
from golden import (GATEWAY, GATEWAY6, HOST, HOST6, POOL, POOL6, REMOTE, REMOTE6, Case, back,
                    dropped, kernel, out, refused)
from scapy.all import (ICMP, IP, TCP, UDP, Ether, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RS,
                       IPv6)

SPECIAL = ("0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "224.0.0.1", "239.255.255.250",
           "240.0.0.1", "255.255.255.255")
SPECIAL6 = ("::", "::1", "fe80::1", "febf::1", "ff02::1", "ff0e::1", "::ffff:192.0.2.1")
DATAGRAM = UDP(sport=5000, dport=53)


def special():
    """As source and as destination, from either side."""
    for version, addresses, host, remote in ((IP, SPECIAL, HOST, REMOTE),
                                             (IPv6, SPECIAL6, HOST6, REMOTE6)):
        for address in addresses:
            yield Case(f"never translated: {address}",
                       out(version(src=host, dst=address) / DATAGRAM, kernel("special_address")),
                       out(version(src=address, dst=remote) / DATAGRAM,
                           kernel("special_address")),
                       back(version(src=address, dst=host) / DATAGRAM,
                            kernel("special_address")))


def forged():
    """Only the gateway itself may use its NAT addresses."""
    for version, source, remote in ((IP, POOL, REMOTE), (IPv6, POOL6, REMOTE6),
                                    (IP, GATEWAY, REMOTE), (IPv6, GATEWAY6, REMOTE6)):
        yield out(version(src=source, dst=remote) / DATAGRAM, dropped("spoofed_source"))
        yield back(version(src=source, dst=remote) / DATAGRAM, dropped("spoofed_source"))
        yield back(version(src=source, dst=source) / DATAGRAM, dropped("spoofed_source"))


def other_icmp():
    """Neither echo nor error, either way. [RFC5508 REQ-10, REQ-11]"""
    for number in (4, 5, 9, 13, 17, 40):
        yield out(IP(src=HOST, dst=REMOTE) / ICMP(type=number), dropped("unsupported_protocol"))
        yield back(IP(src=REMOTE, dst=POOL) / ICMP(type=number), dropped("filtered_inbound"))


CASES = [
    *special(),
    Case("forged sources", forged()),
    Case("a frame for somebody else",
         *[out(Ether(dst=mac) / IP(src=HOST, dst=REMOTE) / DATAGRAM, kernel("not_for_gateway"))
           for mac in ("02:00:00:00:01:fe", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01",
                       "33:33:00:00:00:01", "02:00:00:00:01:03")]),
    Case("not IP at all",
         out(Ether(type=0x0806) / bytes(28), kernel("not_ip")),
         out(Ether(type=0x88CC) / bytes(46), kernel("not_ip")),
         out(Ether(type=0x05DC) / bytes(46), kernel("not_ip"))),
    Case("neighbour discovery",
         out(IPv6(src=HOST6, dst="2001:db8:1::1", hlim=255) / ICMPv6ND_NS(tgt="2001:db8:1::1"),
             kernel("special_address")),
         out(IPv6(src=HOST6, dst=REMOTE6, hlim=255) / ICMPv6ND_RS(), kernel("special_address"))),
    Case("for the gateway itself",
         out(IP(src=HOST, dst="10.0.1.1") / DATAGRAM, kernel("local_destination")),
         out(IP(src=HOST, dst=GATEWAY) / ICMP(id=1), kernel("local_destination")),
         out(IPv6(src=HOST6, dst="2001:db8:1::1") / ICMPv6EchoRequest(),
             kernel("local_destination")),
         back(IP(src=REMOTE, dst=GATEWAY) / TCP(dport=22), kernel("local_destination")),
         back(IPv6(src=REMOTE6, dst=GATEWAY6) / TCP(dport=22), kernel("local_destination")),
         back(IP(src=REMOTE, dst=GATEWAY, proto=47) / b"four", kernel("local_destination")),
         out(IP(src=HOST, dst="203.0.113.255") / DATAGRAM, kernel("local_destination")),
         back(IP(src=REMOTE, dst="203.0.113.255") / DATAGRAM, kernel("local_destination"))),
    Case("routes that reject",
         *[out(IP(src=HOST, dst=f"198.19.{number}.1") / DATAGRAM, kernel("route_rejected"))
           for number in range(3)]),
    Case("no rule, or one that is off",
         out(IP(src="192.168.7.7", dst=REMOTE) / DATAGRAM, kernel("no_rule")),
         out(IPv6(src="2a00::7", dst=REMOTE6) / DATAGRAM, kernel("no_rule")),
         back(IP(src=REMOTE, dst=HOST) / DATAGRAM, kernel("no_rule")),
         out(IP(src=HOST, dst="10.0.1.99") / DATAGRAM, kernel("no_rule")),
         out(IP(src=HOST, dst="192.0.2.8") / DATAGRAM, kernel("rule_off"))),
    Case("protocols that are not translated",
         *[refused(IP(src=HOST, dst=REMOTE, proto=number) / b"four", "unsupported_protocol")
           for number in (0, 2, 4, 41, 46, 58, 89, 132, 255)],
         *[back(IP(src=REMOTE, dst=POOL, proto=number) / b"four",
                dropped("unsupported_protocol")) for number in (0, 2, 4, 41, 46, 58, 89, 132, 255)],
         *[refused(IPv6(src=HOST6, dst=REMOTE6, nh=number) / b"four", "unsupported_protocol")
           for number in (1, 2, 4, 41, 46, 89, 132, 255)]),
    Case("icmp that is neither echo nor error", other_icmp()),
]
