# SPDX-License-Identifier: Apache-2.0
"""Fragments: first, middle and last of both families, both ways; with a flow and without."""
from golden import (GATEWAY, GATEWAY6, HOST, HOST6, HOST_PORT, POOL, POOL6, PORT, REMOTE, REMOTE6,
                    REMOTE_PORT, Case, back, dropped, flow_of, forwarded, kernel, out)
from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6EchoRequest, IPv6, IPv6ExtHdrDestOpt,
                       IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN, Raw)

UNKNOWN = dropped("fragment_unknown")
PLACES = {"first": ("MF", 0), "middle": ("MF", 185), "last": (0, 370), "last possible": (0, 8191),
          "first, not to be fragmented": ("MF+DF", 0)}
PLACES6 = {"first": (1, 0), "middle": (1, 181), "last": (0, 362), "last possible": (0, 8191)}
OUTWARDS = {"udp": UDP(sport=HOST_PORT, dport=REMOTE_PORT), "tcp": TCP(sport=HOST_PORT, dport=80),
            "echo": ICMP(id=HOST_PORT)}
INWARDS = {"udp": UDP(sport=REMOTE_PORT, dport=PORT), "tcp": TCP(sport=80, dport=PORT),
           "echo": ICMP(type=0, id=PORT)}
OUTWARDS6 = {**OUTWARDS, "echo": ICMPv6EchoRequest(id=HOST_PORT)}
TINY = 8  # bytes: the smallest first fragment, which hides TCP's flags


def ipv4(flows):
    """Nothing of any fragment leaves, whether its flow is known or not."""
    for name, (flags, offset) in PLACES.items():
        for kind, transport in OUTWARDS.items():
            yield Case(
                f"{name} of {kind}, flow {'known' if flows else 'unknown'}",
                [flow_of(kind)] if flows else [],
                out(IP(src=HOST, dst=REMOTE, flags=flags, frag=offset) / transport / b"data",
                    UNKNOWN),
                out(IP(src=HOST, dst=REMOTE, flags=flags, frag=offset)
                    / Raw(bytes(transport)[:TINY]), UNKNOWN),
                back(IP(src=REMOTE, dst=POOL, flags=flags, frag=offset) / INWARDS[kind],
                     UNKNOWN))


def ipv6(flows):
    """The same."""
    for name, (more, offset) in PLACES6.items():
        header = IPv6ExtHdrFragment(m=more, offset=offset, id=77)
        for kind, transport in OUTWARDS6.items():
            yield Case(
                f"{name} of {kind}, ipv6, flow {'known' if flows else 'unknown'}",
                [flow_of(kind, 6)] if flows else [],
                out(IPv6(src=HOST6, dst=REMOTE6) / header / transport / b"data", UNKNOWN),
                out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrHopByHop(options=[PadN(optdata=b"")])
                    / header / transport, UNKNOWN),
                out(IPv6(src=HOST6, dst=REMOTE6) / header / Raw(bytes(IPv6() / transport)[40:48]),
                    UNKNOWN),
                back(IPv6(src=REMOTE6, dst=POOL6) / header / UDP(sport=REMOTE_PORT, dport=PORT),
                     UNKNOWN))


def atomic():
    """A fragment header of a packet that is none: read like any other, and left in place."""
    header = IPv6ExtHdrFragment(id=0xFFFFFFFF, res1=255)
    for arrives, leaves in (
            (UDP(sport=HOST_PORT, dport=REMOTE_PORT), UDP(sport=PORT, dport=REMOTE_PORT)),
            (TCP(sport=HOST_PORT, flags="S"), TCP(sport=PORT, flags="S")),
            (ICMPv6EchoRequest(id=HOST_PORT), ICMPv6EchoRequest(id=PORT))):
        yield out(IPv6(src=HOST6, dst=REMOTE6) / header / arrives,
                  forwarded("translated_out",
                            IPv6(src=POOL6, dst=REMOTE6, hlim=63) / header / leaves))
    yield back(IPv6(src=REMOTE6, dst=POOL6) / header / UDP(sport=REMOTE_PORT, dport=PORT),
               forwarded("translated_in", IPv6(src=REMOTE6, dst=HOST6, hlim=63) / header
                         / UDP(sport=REMOTE_PORT, dport=HOST_PORT)))


def hidden():
    """What a fragment hides might need translation, so it does not pass."""
    for next_header in (0, 43, 44, 60):
        yield out(IPv6(src=HOST6, dst=REMOTE6)
                  / IPv6ExtHdrFragment(nh=next_header, m=1) / Raw(bytes(16)), UNKNOWN)
    yield out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(nh=59, offset=9) / Raw(bytes(8)),
              UNKNOWN)
    yield out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(m=1) / IPv6ExtHdrDestOpt()
              / UDP(sport=HOST_PORT, dport=REMOTE_PORT), UNKNOWN)


def cut():
    """A fragment header that is not all there."""
    for length in range(8):
        header = Raw(bytes(IPv6ExtHdrFragment(nh=17, m=1))[:length])
        yield out(IPv6(src=HOST6, dst=REMOTE6, nh=44) / header, dropped("malformed_packet"))


CASES = [
    *ipv4(flows=False), *ipv4(flows=True), *ipv6(flows=False), *ipv6(flows=True),
    Case("atomic, ipv6", atomic()),
    Case("of protocols without ports",
         out(IP(src=HOST, dst=REMOTE, proto=47, flags="MF") / Raw(bytes(8)), UNKNOWN),
         out(IP(src=HOST, dst=REMOTE, proto=50, frag=4) / Raw(bytes(8)), UNKNOWN),
         out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(nh=50, m=1) / Raw(bytes(8)),
             UNKNOWN)),
    Case("protocol hidden, ipv6", hidden()),
    Case("cut within the fragment header", cut()),
    Case("no rule owns it",
         out(IP(src="192.168.7.7", dst=REMOTE, flags="MF") / UDP(), kernel("no_rule")),
         out(IP(src=HOST, dst="192.0.2.8", flags="MF") / UDP(), kernel("rule_off")),
         out(IP(src=HOST, dst="10.0.1.1", flags="MF") / UDP(), kernel("local_destination")),
         out(IP(src=HOST, dst=REMOTE, flags="MF", ttl=1) / UDP(), kernel("ttl_expired"))),
    Case("for the gateway's own addresses",
         back(IP(src=REMOTE, dst=GATEWAY, flags="MF") / UDP(), kernel("local_destination")),
         back(IP(src=REMOTE, dst=GATEWAY, frag=9) / UDP(), kernel("local_destination")),
         back(IPv6(src=REMOTE6, dst=GATEWAY6) / IPv6ExtHdrFragment(m=1) / UDP(),
              kernel("local_destination"))),
    Case("forged",
         back(IP(src=POOL, dst=REMOTE, flags="MF") / UDP(), dropped("spoofed_source")),
         out(IPv6(src=POOL6, dst=REMOTE6) / IPv6ExtHdrFragment(m=1) / UDP(),
             dropped("spoofed_source"))),
]
