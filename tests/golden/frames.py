# SPDX-License-Identifier: Apache-2.0
"""What stands around the packet: 802.1Q and 802.1ad tags, and the padding of short frames."""
from golden import (HOST, HOST6, HOST_PORT, POOL, POOL6, PORT, REMOTE, REMOTE6, REMOTE_PORT, Case,
                    back, dropped, flow_of, forwarded, kernel, out)
from scapy.all import (ICMP, IP, TCP, UDP, Dot1AD, Dot1Q, Ether, ICMPv6EchoRequest, IPv6, Padding)

TAGS = {"802.1Q": Dot1Q(vlan=5, prio=7, id=1), "802.1ad": Dot1AD(vlan=4094),
        "802.1Q of priority alone": Dot1Q(vlan=0, prio=3),
        "802.1ad and 802.1Q": Dot1AD(vlan=100) / Dot1Q(vlan=200),
        "802.1Q twice": Dot1Q(vlan=1) / Dot1Q(vlan=2)}
ARRIVES = UDP(sport=HOST_PORT, dport=REMOTE_PORT) / b"tagged"
LEAVES = UDP(sport=PORT, dport=REMOTE_PORT) / b"tagged"
MINIMUM_BYTES = 60  # of a frame, without its check sequence


def tagged():
    """Tags pass through unchanged."""
    for name, tags in TAGS.items():
        yield Case(
            name,
            out(Ether() / tags / IP(src=HOST, dst=REMOTE) / ARRIVES,
                forwarded("translated_out",
                          Ether() / tags / IP(src=POOL, dst=REMOTE, ttl=63) / LEAVES)),
            back(Ether() / tags / IP(src=REMOTE, dst=POOL)
                 / UDP(sport=REMOTE_PORT, dport=PORT),
                 forwarded("translated_in", Ether() / tags / IP(src=REMOTE, dst=HOST, ttl=63)
                           / UDP(sport=REMOTE_PORT, dport=HOST_PORT))),
            out(Ether() / tags / IPv6(src=HOST6, dst=REMOTE6) / ARRIVES,
                forwarded("translated_out",
                          Ether() / tags / IPv6(src=POOL6, dst=REMOTE6, hlim=63) / LEAVES)),
            out(Ether() / tags / IP(src=HOST, dst=REMOTE, flags="MF") / ARRIVES,
                forwarded("translated_out",
                          Ether() / tags / IP(src=POOL, dst=REMOTE, flags="MF", ttl=63)
                          / LEAVES)),
            out(Ether() / tags / IP(src=HOST, dst=REMOTE, frag=9, proto=17) / b"the rest",
                forwarded("translated_out",
                          Ether() / tags / IP(src=POOL, dst=REMOTE, frag=9, proto=17, ttl=63)
                          / b"the rest")))


def cut_tags():
    """A frame that ends within its tags is not IP."""
    whole = bytes(Ether(dst="02:00:00:00:01:02", src="02:aa:aa:aa:aa:aa")
                  / Dot1AD(vlan=1) / Dot1Q(vlan=2) / IP(src=HOST, dst=REMOTE) / ARRIVES)
    for length in range(14, 22):
        yield out(whole[:length], kernel("not_ip"))
    for length in range(22, len(whole)):
        yield out(whole[:length], dropped("malformed_packet"))


def padded(packet, count=None, fill=b"\xa5"):
    """=> the packet in a frame that is filled up to the minimum, or by so many bytes"""
    count = max(0, MINIMUM_BYTES - 14 - len(bytes(packet))) if count is None else count
    return Ether() / packet / Padding(fill * count)


def padding():
    """What follows the packet is neither looked at nor changed."""
    for name, ip, host, pool, remote, hop in (
            ("", IP, HOST, POOL, REMOTE, {"ttl": 63}),
            (", ipv6", IPv6, HOST6, POOL6, REMOTE6, {"hlim": 63})):
        echo = ICMP if ip is IP else ICMPv6EchoRequest
        for label, first, then in (
                ("udp", UDP(sport=HOST_PORT, dport=REMOTE_PORT),
                 UDP(sport=PORT, dport=REMOTE_PORT)),
                ("tcp", TCP(sport=HOST_PORT, flags="S"), TCP(sport=PORT, flags="S")),
                ("echo", echo(id=HOST_PORT), echo(id=PORT))):
            steps = [out(padded(ip(src=host, dst=remote) / first, count),
                         forwarded("translated_out",
                                   padded(ip(src=pool, dst=remote, **hop) / then, count)))
                     for count in (None, 1, 2, 3, 700)]
            yield Case(f"padding behind {label}{name}", *steps)


CASES = [
    *tagged(),
    Case("cut within the tags", cut_tags()),
    Case("three tags are not looked behind",
         out(Ether() / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3)
             / IP(src=HOST, dst=REMOTE) / ARRIVES, kernel("not_ip")),
         out(Ether() / Dot1Q(vlan=1, type=0x0806) / bytes(28), kernel("not_ip"))),
    *padding(),
    Case("padding does not make up for missing bytes", flow_of("udp"),
         out(Ether() / IP(src=HOST, dst=REMOTE, len=27)
             / UDP(sport=HOST_PORT, dport=REMOTE_PORT) / Padding(bytes(18)),
             dropped("malformed_packet")),
         out(Ether() / IPv6(src=HOST6, dst=REMOTE6, plen=7)
             / UDP(sport=HOST_PORT, dport=REMOTE_PORT) / Padding(bytes(18)),
             dropped("malformed_packet"))),
]
