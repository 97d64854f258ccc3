# SPDX-License-Identifier: Apache-2.0
"""Fragments: first, middle and last of both families, both ways; in order and out of order."""
from golden import (GATEWAY, GATEWAY6, HOST, HOST6, HOST_PORT, POOL, POOL6, PORT, REMOTE, REMOTE6,
                    REMOTE_PORT, Case, back, dropped, forwarded, held, kernel, out)
from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN, Raw)

UNKNOWN = dropped("fragment_unknown")
MALFORMED = dropped("malformed_packet")
PLACES = {"middle": ("MF", 185), "last": (0, 370), "last possible": (0, 8188)}
PLACES6 = {"middle": (1, 181), "last": (0, 362), "last possible": (0, 8188)}
FLAGS = {"first": "MF", "first, not to be fragmented": "MF+DF"}
DATA = b"to be continued."
# kind: what the first fragment from inside holds, what leaves, and the same of the answer
EXCHANGES = {
    "udp": (UDP(sport=HOST_PORT, dport=REMOTE_PORT, len=4000),
            UDP(sport=PORT, dport=REMOTE_PORT, len=4000),
            UDP(sport=REMOTE_PORT, dport=PORT, len=4000),
            UDP(sport=REMOTE_PORT, dport=HOST_PORT, len=4000)),
    "tcp": (TCP(sport=HOST_PORT, dport=REMOTE_PORT, flags="S"),
            TCP(sport=PORT, dport=REMOTE_PORT, flags="S"),
            TCP(sport=REMOTE_PORT, dport=PORT, flags="SA"),
            TCP(sport=REMOTE_PORT, dport=HOST_PORT, flags="SA")),
    "echo": (ICMP(id=HOST_PORT), ICMP(id=PORT), ICMP(type=0, id=PORT),
             ICMP(type=0, id=HOST_PORT)),
}
EXCHANGES6 = {**EXCHANGES, "echo": (
    ICMPv6EchoRequest(id=HOST_PORT), ICMPv6EchoRequest(id=PORT), ICMPv6EchoReply(id=PORT),
    ICMPv6EchoReply(id=HOST_PORT))}
PROTOCOLS = {"udp": 17, "tcp": 6, "echo": 1}
PROTOCOLS6 = {**PROTOCOLS, "echo": 58}
TINY = {"udp": 7, "tcp": 19, "echo": 7}  # bytes: one too few


def leaves(packet):
    return forwarded("translated_out", packet)


def enters(packet):
    return forwarded("translated_in", packet)


def ipv4():
    """[RFC4787 REQ-14] The first fragment shows its flow; all others follow it, both ways."""
    for kind, exchange in EXCHANGES.items():
        for name, flags in FLAGS.items():
            yield _in_ipv4(f"{name} of {kind}, and the others", PROTOCOLS[kind], flags, exchange)


def _in_ipv4(name, protocol, flags, exchange):
    asked, sent, answered, received = exchange
    inside = {"src": HOST, "dst": REMOTE, "id": 7, "proto": protocol}
    outside = {**inside, "src": POOL, "ttl": 63}
    answer = {"src": REMOTE, "dst": POOL, "id": 8, "proto": protocol}
    answer_in = {**answer, "dst": HOST, "ttl": 63}
    places = [{"flags": flag, "frag": offset} for flag, offset in PLACES.values()]
    return Case(
        name,
        out(IP(**inside, frag=185, flags="MF") / DATA, held()),
        back(IP(**answer, frag=185) / DATA, held()),
        out(IP(**inside, flags=flags) / asked / DATA,
            leaves(IP(**outside, flags=flags) / sent / DATA)),
        [out(IP(**inside, **place) / DATA, leaves(IP(**outside, **place) / DATA))
         for place in places],
        back(IP(**answer, frag=185) / DATA, held()),
        back(IP(**answer, flags=flags) / answered / DATA,
             enters(IP(**answer_in, flags=flags) / received / DATA)),
        [back(IP(**answer, **place) / DATA, enters(IP(**answer_in, **place) / DATA))
         for place in places],
        out(IP(**inside, frag=185), leaves(IP(**outside, frag=185))))


def ipv6():
    """[RFC4787 REQ-14] The same."""
    for kind, exchange in EXCHANGES6.items():
        yield _in_ipv6(f"first of {kind}, and the others, ipv6", PROTOCOLS6[kind], exchange)


def _in_ipv6(name, protocol, exchange):
    asked, sent, answered, received = exchange
    inside, outside = IPv6(src=HOST6, dst=REMOTE6), IPv6(src=POOL6, dst=REMOTE6, hlim=63)
    answer, answer_in = IPv6(src=REMOTE6, dst=POOL6), IPv6(src=REMOTE6, dst=HOST6, hlim=63)
    before = IPv6ExtHdrHopByHop(options=[PadN(optdata=b"")])
    first, first_in = (IPv6ExtHdrFragment(m=1, id=number, nh=protocol) for number in (7, 8))
    later, later_in = ([IPv6ExtHdrFragment(m=more, offset=offset, id=number, nh=protocol)
                        for more, offset in PLACES6.values()] for number in (7, 8))
    return Case(
        name,
        out(inside / later[1] / DATA, held()),
        out(inside / before / first / asked / DATA, leaves(outside / before / first / sent / DATA)),
        [out(inside / header / DATA, leaves(outside / header / DATA)) for header in later],
        out(inside / before / later[1] / DATA, leaves(outside / before / later[1] / DATA)),
        back(answer / later_in[1] / DATA, held()),
        back(answer / first_in / answered / DATA, enters(answer_in / first_in / received / DATA)),
        [back(answer / header / DATA, enters(answer_in / header / DATA)) for header in later_in])


def of_another_datagram():
    """Another id, another end, another protocol, another side: it is not known."""
    yield out(IP(src=HOST, dst=REMOTE, id=7, flags="MF") / EXCHANGES["udp"][0] / DATA,
              leaves(IP(src=POOL, dst=REMOTE, id=7, flags="MF", ttl=63) / EXCHANGES["udp"][1]
                     / DATA))
    for fields in ({"id": 8}, {"src": "10.0.1.11"}, {"dst": "192.0.2.3"}, {"proto": 6}):
        yield out(IP(**{"src": HOST, "dst": REMOTE, "id": 7, "frag": 185, "proto": 17, **fields})
                  / DATA, held())
    yield back(IP(src=REMOTE, dst=POOL, id=7, frag=185, proto=17) / DATA, held())


def refused():
    """What the first fragment is refused for does not make the others known."""
    yield back(IP(src=REMOTE, dst=POOL, id=7, flags="MF") / EXCHANGES["udp"][2] / DATA,
               dropped("filtered_inbound"))
    yield back(IP(src=REMOTE, dst=POOL, id=7, frag=185, proto=17) / DATA, held())
    yield out(IP(src=HOST, dst=REMOTE, id=7, flags="MF") / TCP(flags="A") / DATA,
              dropped("tcp_not_syn"))
    yield out(IP(src=HOST, dst=REMOTE, id=7, frag=185, proto=6) / DATA, held())
    yield out(IP(src=HOST, dst=REMOTE, id=7, flags="MF") / ICMP(type=0) / DATA,
              dropped("no_flow"))


def malformed():
    """[RFC3128] Too small to show its header, written over it, or longer than a datagram can be."""
    for kind, (asked, _, answered, _) in EXCHANGES.items():
        for send, source, destination, transport in ((out, HOST, REMOTE, asked),
                                                     (back, REMOTE, POOL, answered)):
            header = IP(src=source, dst=destination, flags="MF", proto=PROTOCOLS[kind])
            yield send(header / Raw(bytes(transport)[:TINY[kind]]), MALFORMED)
    for offset in (1, 2):
        for flags in (0, "MF"):
            yield out(IP(src=HOST, dst=REMOTE, proto=6, flags=flags, frag=offset) / bytes(64),
                      MALFORMED)
        yield out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(nh=6, offset=offset)
                  / bytes(64), MALFORMED)
    for length, verdict in ((7, held()), (8, MALFORMED), (9, MALFORMED)):
        yield out(IP(src=HOST, dst=REMOTE, proto=17, frag=8191) / bytes(length), verdict)
        yield out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(nh=17, offset=8191)
                  / bytes(length), verdict)


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
    *ipv4(), *ipv6(),
    Case("of another datagram", of_another_datagram()),
    Case("whose first one is refused", refused()),
    Case("malformed", malformed()),
    Case("atomic, ipv6", atomic()),
    Case("of protocols that are not translated",
         out(IP(src=HOST, dst=REMOTE, proto=46, flags="MF") / Raw(bytes(8)), UNKNOWN),
         out(IP(src=HOST, dst=REMOTE, proto=51, frag=4) / Raw(bytes(8)), UNKNOWN),
         back(IP(src=REMOTE, dst=POOL, proto=51, frag=4) / Raw(bytes(8)), UNKNOWN),
         out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrFragment(nh=51, m=1) / Raw(bytes(8)),
             UNKNOWN)),
    Case("of ICMP that is no echo",
         out(IP(src=HOST, dst=REMOTE, flags="MF") / ICMP(type=13) / bytes(8), UNKNOWN),
         back(IP(src=REMOTE, dst=POOL, flags="MF") / ICMP(type=3) / bytes(64), UNKNOWN)),
    Case("protocol hidden, ipv6", hidden()),
    Case("cut within the fragment header", cut()),
    Case("no rule owns it",
         out(IP(src="192.168.7.7", dst=REMOTE, flags="MF") / UDP(), kernel("no_rule")),
         out(IP(src="192.168.7.7", dst=REMOTE, frag=5, proto=17) / DATA, kernel("no_rule")),
         out(IP(src=HOST, dst="192.0.2.8", flags="MF") / UDP(), kernel("rule_off")),
         out(IP(src=HOST, dst="192.0.2.8", frag=5, proto=17) / DATA, kernel("rule_off")),
         out(IP(src=HOST, dst="10.0.1.1", flags="MF") / UDP(), kernel("local_destination")),
         out(IP(src=HOST, dst=REMOTE, flags="MF", ttl=1) / UDP(), kernel("ttl_expired")),
         out(IP(src=HOST, dst=REMOTE, frag=5, proto=17, ttl=1) / DATA, kernel("ttl_expired"))),
    Case("for the gateway's own addresses",
         back(IP(src=REMOTE, dst=GATEWAY, id=3, frag=9, proto=17) / DATA, held()),
         back(IP(src=REMOTE, dst=GATEWAY, id=3, flags="MF") / UDP(), kernel("local_destination")),
         back(IP(src=REMOTE, dst=GATEWAY, id=3, frag=9, proto=17) / DATA,
              kernel("local_destination")),
         back(IP(src=REMOTE, dst=GATEWAY, frag=9, proto=51) / DATA, kernel("local_destination")),
         back(IPv6(src=REMOTE6, dst=GATEWAY6) / IPv6ExtHdrFragment(m=1) / UDP(),
              kernel("local_destination"))),
    Case("forged",
         back(IP(src=POOL, dst=REMOTE, flags="MF") / UDP(), dropped("spoofed_source")),
         out(IP(src=POOL, dst=REMOTE, frag=5, proto=17) / DATA, dropped("spoofed_source")),
         out(IPv6(src=POOL6, dst=REMOTE6) / IPv6ExtHdrFragment(m=1) / UDP(),
             dropped("spoofed_source"))),
]
