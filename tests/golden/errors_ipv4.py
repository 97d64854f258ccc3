# SPDX-License-Identifier: Apache-2.0
"""ICMP errors: the packet inside names the flow and is translated along with the header outside."""
from golden import (GATEWAY, HOST, HOST_PORT, NARROW, POOL, PORT, REMOTE, REMOTE_PORT, ROUTER,
                    Case, back, dropped, flow_of, forwarded, kernel, out, quote, translated)
from scapy.all import (GRE, ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_RR, Raw)

DATA = b"what was sent"
UNREACHABLE = ICMP(type=3, code=1)
ERRORS = {
    **{f"unreachable {code}": ICMP(type=3, code=code) for code in range(16) if code != 4},
    "fragmentation needed": ICMP(type=3, code=4, nexthopmtu=1400),
    "fragmentation needed, no mtu": ICMP(type=3, code=4, nexthopmtu=0),
    "time exceeded": ICMP(type=11, code=0), "reassembly time exceeded": ICMP(type=11, code=1),
    "parameter problem": ICMP(type=12, code=0, ptr=20),
    "missing option": ICMP(type=12, code=1), "bad length": ICMP(type=12, code=2),
}


def sent(kind, port, **fields):
    """=> the transport of what the inside host sends, from its port or the pool's"""
    return {"udp": UDP(sport=port, dport=REMOTE_PORT, **fields) / DATA,
            "tcp": TCP(sport=port, dport=REMOTE_PORT, flags="S", **fields) / DATA,
            "echo": ICMP(id=port, seq=3, **fields) / DATA}[kind]


def replied(kind, port, **fields):
    """=> the transport of what the remote sends, to the pool's port or the host's"""
    return {"udp": UDP(sport=REMOTE_PORT, dport=port, **fields) / DATA,
            "tcp": TCP(sport=REMOTE_PORT, dport=port, flags="SA", **fields) / DATA,
            "echo": ICMP(type=0, id=port, seq=3, **fields) / DATA}[kind]


KINDS = ("udp", "tcp", "echo")
HALF_CHECKSUM = 20 + 17  # bytes of a quote that ends in the middle of the TCP checksum


def error_in(error, kind, count=None, ttl=1, **inner):
    """=> the Step of an error from a router outside about what the host sent"""
    arrives = quote(IP(src=POOL, dst=REMOTE, ttl=ttl, **inner) / sent(kind, PORT), count)
    leaves = quote(IP(src=HOST, dst=REMOTE, ttl=ttl, **inner) / sent(kind, HOST_PORT), count)
    return back(IP(src=ROUTER, dst=POOL) / error / arrives,
                forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63) / error / leaves))


def error_out(error, kind, count=None, ttl=1, source=HOST, **inner):
    """=> the Step of an error from inside about what the remote sent"""
    arrives = quote(IP(src=REMOTE, dst=HOST, ttl=ttl, **inner) / replied(kind, HOST_PORT), count)
    leaves = quote(IP(src=REMOTE, dst=POOL, ttl=ttl, **inner) / replied(kind, PORT), count)
    return out(IP(src=source, dst=REMOTE) / error / arrives,
               forwarded("icmp_error_out", IP(src=POOL, dst=REMOTE, ttl=63) / error / leaves))


def every_error():
    """Each error about each protocol, from either side."""
    for name, error in ERRORS.items():
        for kind in KINDS:
            yield Case(f"{name}, {kind}", flow_of(kind), error_in(error, kind),
                       error_out(error, kind))


def every_cut():
    """What is quoted ends anywhere from 8 bytes behind its header on."""
    for kind in KINDS:
        whole = len(IP() / sent(kind, PORT))
        counts = [count for count in range(28, whole) if (kind, count) != ("tcp", HALF_CHECKSUM)]
        yield Case(f"quotes of every length, {kind}", flow_of(kind),
                   *[error_in(UNREACHABLE, kind, count) for count in counts],
                   *[error_out(UNREACHABLE, kind, count) for count in counts])


def half_a_checksum():
    """A TCP checksum of which one byte was quoted cannot follow: that byte stays."""
    arrives = bytes(IP(src=POOL, dst=REMOTE, ttl=1) / sent("tcp", PORT))[:HALF_CHECKSUM]
    leaves = bytes(IP(src=HOST, dst=REMOTE, ttl=1) / sent("tcp", HOST_PORT))[:HALF_CHECKSUM - 1]
    return back(IP(src=ROUTER, dst=POOL) / UNREACHABLE / Raw(arrives),
                forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63) / UNREACHABLE
                          / Raw(leaves + arrives[-1:])))


def too_short():
    """Less than a header and 8 bytes behind it is malformed."""
    for kind in KINDS:
        packet = IP(src=POOL, dst=REMOTE) / sent(kind, PORT)
        yield Case(f"quotes that are too short, {kind}", flow_of(kind),
                   *[back(IP(src=ROUTER, dst=POOL) / UNREACHABLE / quote(packet, count),
                          dropped("malformed_packet")) for count in range(28)],
                   *[out(IP(src=HOST, dst=REMOTE) / UNREACHABLE / quote(packet, count),
                         dropped("malformed_packet")) for count in range(28)])


def inner_headers():
    """Options, a first fragment, odd fields, and a length that is not true, inside."""
    for kind in KINDS:
        for name, fields in {
                "options": {"options": [IPOption_RR(routers=["192.0.2.7"]), IPOption_NOP()]},
                "forty bytes of options": {"options": [IPOption_NOP()] * 40},
                "a first fragment": {"flags": "MF"},
                "type of service": {"tos": 255, "id": 65535, "flags": "DF"},
                "a wrong length": {"len": 9999}}.items():
            yield Case(f"{name} inside, {kind}", flow_of(kind),
                       error_in(UNREACHABLE, kind, **fields),
                       error_out(UNREACHABLE, kind, **fields))
        yield Case(f"options inside and cut, {kind}", flow_of(kind),
                   error_in(UNREACHABLE, kind, 68, options=[IPOption_NOP()] * 40),
                   error_out(UNREACHABLE, kind, 68, options=[IPOption_NOP()] * 40))


def about_nothing():
    """A packet inside that belongs to no flow."""
    yield from error_about(IP(src=POOL, dst=REMOTE) / sent("udp", PORT + 1), "filtered_inbound")
    yield from error_about(IP(src=POOL, dst="192.0.2.2") / sent("udp", PORT), "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE) / UDP(sport=PORT, dport=54),
                           "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE) / sent("tcp", PORT), "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE, frag=3) / sent("udp", PORT),
                           "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE) / GRE() / bytes(8), "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE) / ICMP(type=13, id=PORT), "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE) / ICMP(type=0, id=PORT), "filtered_inbound")
    yield from error_about(IP(src=POOL, dst=REMOTE) / UNREACHABLE / quote(IP() / UDP()),
                           "filtered_inbound")


def error_about(packet, reason):
    """=> the Step of an error from outside that is dropped"""
    yield back(IP(src=ROUTER, dst=POOL) / UNREACHABLE / quote(packet), dropped(reason))


def forged_in():
    """From outside, about what the address that it is sent to has not sent."""
    yield from error_about(IP(src="198.51.100.4", dst=REMOTE) / sent("udp", PORT),
                           "filtered_inbound")
    yield from error_about(IP(src=HOST, dst=REMOTE) / sent("udp", HOST_PORT), "filtered_inbound")
    yield from error_about(IP(src=REMOTE, dst=POOL) / replied("udp", PORT), "filtered_inbound")
    yield back(IP(src=ROUTER, dst="198.51.100.4") / UNREACHABLE
               / quote(IP(src=POOL, dst=REMOTE) / sent("udp", PORT)), dropped("filtered_inbound"))
    yield back(IP(src=POOL, dst="198.51.100.4") / UNREACHABLE
               / quote(IP(src=POOL, dst=REMOTE) / sent("udp", PORT)), dropped("spoofed_source"))


def forged_out():
    """From inside, about what no remote has sent to anybody here."""
    for packet in (IP(src=REMOTE, dst=HOST) / replied("udp", HOST_PORT + 1),
                   IP(src="192.0.2.2", dst=HOST) / replied("udp", HOST_PORT),
                   IP(src=REMOTE, dst="10.0.1.77") / replied("udp", HOST_PORT),
                   IP(src=REMOTE, dst=POOL) / replied("udp", PORT),
                   IP(src=REMOTE, dst=HOST, frag=3) / replied("udp", HOST_PORT),
                   IP(src=HOST, dst=REMOTE) / sent("udp", HOST_PORT),
                   IP(src=REMOTE, dst=HOST) / ICMP(type=8, id=HOST_PORT),
                   IP(src=REMOTE, dst=HOST) / GRE() / bytes(8)):
        yield out(IP(src=HOST, dst=REMOTE) / UNREACHABLE / quote(packet), dropped("no_flow"))
    yield out(IP(src=POOL, dst=REMOTE) / UNREACHABLE
              / quote(IP(src=REMOTE, dst=HOST) / replied("udp", HOST_PORT)),
              dropped("spoofed_source"))


def broken_inside():
    """Version, header length: a packet inside that is none."""
    for fields in ({"version": 6}, {"version": 0}, {"ihl": 4}, {"ihl": 15}):
        yield back(IP(src=ROUTER, dst=POOL) / UNREACHABLE
                   / quote(IP(src=POOL, dst=REMOTE, **fields) / UDP(sport=PORT)),
                   dropped("malformed_packet"))


def wrong_checksums():
    """Of the ICMP message, or of the quoted header: it is not translated [RFC5508 REQ-3]. The quoted
    transport's is not looked at [REQ-3c]."""
    came = quote(IP(src=POOL, dst=REMOTE) / sent("udp", PORT))
    echoed = quote(IP(src=REMOTE, dst=HOST) / replied("udp", HOST_PORT))
    for checksum in (0, 1, 0x1234, 0xFFFE):
        wrong = ICMP(type=3, code=1, chksum=checksum)
        yield back(IP(src=ROUTER, dst=POOL) / wrong / came, dropped("malformed_packet"))
        yield back(IP(src=ROUTER, dst=POOL, ttl=1) / wrong / came, dropped("malformed_packet"))
        yield out(IP(src=HOST, dst=REMOTE) / wrong / echoed, dropped("malformed_packet"))
        yield out(IP(src=HOST, dst=REMOTE, ttl=1) / wrong / echoed, dropped("malformed_packet"))
        inner = quote(IP(src=POOL, dst=REMOTE, chksum=checksum) / sent("udp", PORT))
        yield back(IP(src=ROUTER, dst=POOL) / UNREACHABLE / inner, dropped("malformed_packet"))
        inner = quote(IP(src=REMOTE, dst=HOST, chksum=checksum) / replied("udp", HOST_PORT))
        yield out(IP(src=HOST, dst=REMOTE) / UNREACHABLE / inner, dropped("malformed_packet"))
    yield back(IP(src=ROUTER, dst=POOL) / ICMP(type=3, code=1, chksum=1)
               / quote(IP(src=POOL, dst=REMOTE) / sent("udp", PORT + 1)),
               dropped("filtered_inbound"))


def wrong_options_inside():
    """All of the quoted header counts, its options too."""
    options = [IPOption_NOP()] * 40
    packet = bytearray(bytes(IP(src=POOL, dst=REMOTE, options=options) / sent("udp", PORT)))
    packet[59] = 0
    return back(IP(src=ROUTER, dst=POOL) / UNREACHABLE / Raw(bytes(packet)),
                dropped("malformed_packet"))


def no_checksum_inside():
    """UDP's 0 inside says that there is none, and stays."""
    yield back(IP(src=ROUTER, dst=POOL) / UNREACHABLE
               / quote(IP(src=POOL, dst=REMOTE) / sent("udp", PORT, chksum=0)),
               forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63) / UNREACHABLE
                         / quote(IP(src=HOST, dst=REMOTE) / sent("udp", HOST_PORT, chksum=0))))
    yield out(IP(src=HOST, dst=REMOTE) / UNREACHABLE
              / quote(IP(src=REMOTE, dst=HOST) / replied("udp", HOST_PORT, chksum=0)),
              forwarded("icmp_error_out", IP(src=POOL, dst=REMOTE, ttl=63) / UNREACHABLE
                        / quote(IP(src=REMOTE, dst=POOL) / replied("udp", PORT, chksum=0))))


def inner_edge(wanted):
    """The inner UDP checksum comes out as the wanted value; 0 is written 0xffff."""
    def packet(source, port, word):
        return (IP(src=source, dst=REMOTE) / UDP(sport=port, dport=REMOTE_PORT)
                / word.to_bytes(2))

    bare = int.from_bytes(bytes(packet(HOST, HOST_PORT, 0))[26:28])
    word = (bare - wanted) % 0xFFFF
    assert int.from_bytes(bytes(packet(HOST, HOST_PORT, word))[26:28]) in (wanted, 0xFFFF)
    return back(IP(src=ROUTER, dst=POOL) / UNREACHABLE / quote(packet(POOL, PORT, word)),
                forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63) / UNREACHABLE
                          / quote(packet(HOST, HOST_PORT, word))))


def outer_fields():
    """TTL, options outside, and a large quote."""
    arrives = quote(IP(src=POOL, dst=REMOTE) / sent("udp", PORT))
    leaves = quote(IP(src=HOST, dst=REMOTE) / sent("udp", HOST_PORT))
    for hops in (0, 1):
        yield back(IP(src=ROUTER, dst=POOL, ttl=hops) / UNREACHABLE / arrives,
                   translated("ttl_expired",
                              IP(src=ROUTER, dst=HOST, ttl=hops) / UNREACHABLE / leaves))
        yield out(IP(src=HOST, dst=REMOTE, ttl=hops) / UNREACHABLE
                  / quote(IP(src=REMOTE, dst=HOST) / replied("udp", HOST_PORT)),
                  kernel("ttl_expired"))
    options = [IPOption_NOP()] * 8
    yield back(IP(src=ROUTER, dst=POOL, options=options) / UNREACHABLE / arrives,
               forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63, options=options)
                         / UNREACHABLE / leaves))
    yield out(IP(src=HOST, dst=NARROW, flags="DF") / UNREACHABLE
              / quote(IP(src=REMOTE, dst=HOST) / UDP(sport=REMOTE_PORT, dport=HOST_PORT)
                      / bytes(600)), kernel("packet_too_big"))


def multipart():
    """RFC 4884: the quote is padded, and an extension structure follows; it stays."""
    structure = Raw(bytes.fromhex("2000be52 000c0101 00000000 00000001"))
    error = ICMP(type=11, length=32)
    arrives = bytes(IP(src=POOL, dst=REMOTE) / sent("udp", PORT)).ljust(128, b"\0")
    leaves = bytes(IP(src=HOST, dst=REMOTE) / sent("udp", HOST_PORT)).ljust(128, b"\0")
    yield back(IP(src=ROUTER, dst=POOL) / error / Raw(arrives) / structure,
               forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63) / error / Raw(leaves)
                         / structure))


CASES = [
    *every_error(), *every_cut(), *too_short(), *inner_headers(),
    Case("a quote with half a checksum", flow_of("tcp"), half_a_checksum()),
    Case("about no flow, none there", about_nothing()),
    Case("about no flow, some there", flow_of("udp"), flow_of("echo"), about_nothing()),
    Case("forged, from outside", flow_of("udp"), forged_in()),
    Case("forged, from inside", flow_of("udp"), flow_of("echo"), forged_out()),
    Case("from another host inside", flow_of("udp"),
         error_out(UNREACHABLE, "udp", source="10.0.1.77")),
    Case("a packet inside that is none", flow_of("udp"), broken_inside()),
    Case("wrong checksums", flow_of("udp"), wrong_checksums(), wrong_options_inside()),
    Case("no checksum inside", flow_of("udp"), no_checksum_inside()),
    Case("edges of the checksum inside", flow_of("udp"),
         *[inner_edge(wanted) for wanted in (0, 1, 0x00FF, 0x0100, 0x8000, 0xFFFE)]),
    Case("the header outside", flow_of("udp"), outer_fields()),
    Case("multipart", flow_of("udp"), multipart()),
    Case("for the gateway itself",
         back(IP(src=ROUTER, dst=GATEWAY) / UNREACHABLE
              / quote(IP(src=GATEWAY, dst=REMOTE) / UDP()), kernel("local_destination"))),
]
