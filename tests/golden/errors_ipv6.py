# SPDX-License-Identifier: Apache-2.0
"""ICMPv6 errors, whose checksum covers the addresses outside as well."""
from golden import (GATEWAY6, HOST6, HOST_PORT, POOL6, PORT, REMOTE6, REMOTE_PORT, ROUTER6, Case,
                    back, dropped, flow_of, forwarded, kernel, out, quote, translated)
from scapy.all import (TCP, UDP, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                       ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, PadN, Raw)

DATA = b"what was sent"
UNREACHABLE = ICMPv6DestUnreach(code=0)
ERRORS = {
    **{f"unreachable {code}": ICMPv6DestUnreach(code=code) for code in range(8)},
    "packet too big": ICMPv6PacketTooBig(mtu=1280),
    "packet too big, large": ICMPv6PacketTooBig(mtu=0xFFFFFFFF),
    "hop limit exceeded": ICMPv6TimeExceeded(code=0),
    "reassembly time exceeded": ICMPv6TimeExceeded(code=1),
    **{f"parameter problem {code}": ICMPv6ParamProblem(code=code, ptr=40) for code in range(3)},
}
DESTINATION = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
CHAINS = {
    "hop-by-hop": IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]),
    "destination options": DESTINATION,
    "routing": IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8:aa::1"]),
    "an atomic fragment": IPv6ExtHdrFragment(id=9),
    "a first fragment": IPv6ExtHdrFragment(id=9, m=1),
    "a first fragment and options": IPv6ExtHdrFragment(id=9, m=1) / DESTINATION,
}
KINDS = ("udp", "tcp", "echo")
HALF_CHECKSUM = 40 + 17  # bytes of a quote that ends in the middle of the TCP checksum


def sent(kind, port, **fields):
    """=> the transport of what the inside host sends, from its port or the pool's"""
    return {"udp": UDP(sport=port, dport=REMOTE_PORT, **fields) / DATA,
            "tcp": TCP(sport=port, dport=REMOTE_PORT, flags="S", **fields) / DATA,
            "echo": ICMPv6EchoRequest(id=port, seq=3, data=DATA)}[kind]


def replied(kind, port, **fields):
    """=> the transport of what the remote sends, to the pool's port or the host's"""
    return {"udp": UDP(sport=REMOTE_PORT, dport=port, **fields) / DATA,
            "tcp": TCP(sport=REMOTE_PORT, dport=port, flags="SA", **fields) / DATA,
            "echo": ICMPv6EchoReply(id=port, seq=3, data=DATA)}[kind]


def quoted(source, destination, transport, headers=None, count=None, **fields):
    """=> so many bytes of a packet, with extension headers where there are any"""
    packet = IPv6(src=source, dst=destination, hlim=1, **fields)
    return quote(packet / headers.copy() / transport if headers else packet / transport, count)


def error_in(error, kind, **how):
    """=> the Step of an error from a router outside about what the host sent"""
    return back(IPv6(src=ROUTER6, dst=POOL6) / error
                / quoted(POOL6, REMOTE6, sent(kind, PORT), **how),
                forwarded("icmp_error_in", IPv6(src=ROUTER6, dst=HOST6, hlim=63) / error
                          / quoted(HOST6, REMOTE6, sent(kind, HOST_PORT), **how)))


def error_out(error, kind, source=HOST6, **how):
    """=> the Step of an error from inside about what the remote sent"""
    return out(IPv6(src=source, dst=REMOTE6) / error
               / quoted(REMOTE6, HOST6, replied(kind, HOST_PORT), **how),
               forwarded("icmp_error_out", IPv6(src=POOL6, dst=REMOTE6, hlim=63) / error
                         / quoted(REMOTE6, POOL6, replied(kind, PORT), **how)))


def every_error():
    """Each error about each protocol, from either side."""
    for name, error in ERRORS.items():
        for kind in KINDS:
            yield Case(f"{name}, {kind}", flow_of(kind, 6), error_in(error, kind),
                       error_out(error, kind))


def every_cut():
    """What is quoted ends anywhere from 8 bytes behind its header on; less is malformed."""
    for kind in KINDS:
        packet = IPv6(src=POOL6, dst=REMOTE6) / sent(kind, PORT)
        counts = [count for count in range(48, len(packet))
                  if (kind, count) != ("tcp", HALF_CHECKSUM)]
        yield Case(f"quotes of every length, {kind}", flow_of(kind, 6),
                   *[error_in(UNREACHABLE, kind, count=count) for count in counts],
                   *[error_out(UNREACHABLE, kind, count=count) for count in counts])
        yield Case(f"quotes that are too short, {kind}", flow_of(kind, 6),
                   *[back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE / quote(packet, count),
                          dropped("malformed_packet")) for count in range(48)],
                   *[out(IPv6(src=HOST6, dst=REMOTE6) / UNREACHABLE / quote(packet, count),
                         dropped("malformed_packet")) for count in range(48)])


def half_a_checksum():
    """A TCP checksum of which one byte was quoted cannot follow: that byte stays."""
    arrives = bytes(quoted(POOL6, REMOTE6, sent("tcp", PORT), count=HALF_CHECKSUM))
    leaves = bytes(quoted(HOST6, REMOTE6, sent("tcp", HOST_PORT), count=HALF_CHECKSUM - 1))
    return back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE / Raw(arrives),
                forwarded("icmp_error_in", IPv6(src=ROUTER6, dst=HOST6, hlim=63) / UNREACHABLE
                          / Raw(leaves + arrives[-1:])))


def inner_headers():
    """Extension headers inside are walked as they are outside."""
    for kind in KINDS:
        for name, headers in CHAINS.items():
            yield Case(f"{name} inside, {kind}", flow_of(kind, 6),
                       error_in(UNREACHABLE, kind, headers=headers),
                       error_out(UNREACHABLE, kind, headers=headers))
        cut = 40 + len(DESTINATION) + 8
        yield Case(f"an extension header inside and cut, {kind}", flow_of(kind, 6),
                   error_in(UNREACHABLE, kind, headers=DESTINATION, count=cut),
                   error_out(UNREACHABLE, kind, headers=DESTINATION, count=cut),
                   *[back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE
                          / quoted(POOL6, REMOTE6, sent(kind, PORT), DESTINATION, count),
                          dropped("malformed_packet")) for count in range(40, cut)])


def chain_lengths():
    """Eight extension headers inside are walked, nine are too many."""
    eight = DESTINATION.copy()
    for _ in range(7):
        eight = eight / DESTINATION.copy()
    yield error_in(UNREACHABLE, "udp", headers=eight)
    yield back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE
               / quoted(POOL6, REMOTE6, sent("udp", PORT), eight / DESTINATION.copy()),
               dropped("malformed_packet"))


def about_nothing():
    """A packet inside that belongs to no flow."""
    for packet in (IPv6(src=POOL6, dst=REMOTE6) / sent("udp", PORT + 1),
                   IPv6(src=POOL6, dst="2001:db8:c0::2") / sent("udp", PORT),
                   IPv6(src=POOL6, dst=REMOTE6) / sent("tcp", PORT),
                   IPv6(src=POOL6, dst=REMOTE6) / IPv6ExtHdrFragment(offset=3)
                   / sent("udp", PORT),
                   IPv6(src=POOL6, dst=REMOTE6, nh=47) / Raw(bytes(8)),
                   IPv6(src=POOL6, dst=REMOTE6, nh=59) / Raw(bytes(8)),
                   IPv6(src=POOL6, dst=REMOTE6) / ICMPv6EchoReply(id=PORT),
                   IPv6(src=POOL6, dst=REMOTE6) / UNREACHABLE / quote(IPv6() / UDP())):
        yield back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE / quote(packet),
                   dropped("filtered_inbound"))


def forged():
    """From outside about what the address has not sent, from inside about what has not come."""
    for packet in (IPv6(src="2001:db8:64::2", dst=REMOTE6) / sent("udp", PORT),
                   IPv6(src=HOST6, dst=REMOTE6) / sent("udp", HOST_PORT),
                   IPv6(src=REMOTE6, dst=POOL6) / replied("udp", PORT)):
        yield back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE / quote(packet),
                   dropped("filtered_inbound"))
    for packet in (IPv6(src=REMOTE6, dst=HOST6) / replied("udp", HOST_PORT + 1),
                   IPv6(src="2001:db8:c0::2", dst=HOST6) / replied("udp", HOST_PORT),
                   IPv6(src=REMOTE6, dst=POOL6) / replied("udp", PORT),
                   IPv6(src=HOST6, dst=REMOTE6) / sent("udp", HOST_PORT),
                   IPv6(src=REMOTE6, dst=HOST6) / ICMPv6EchoRequest(id=HOST_PORT)):
        yield out(IPv6(src=HOST6, dst=REMOTE6) / UNREACHABLE / quote(packet), dropped("no_flow"))
    yield out(IPv6(src=POOL6, dst=REMOTE6) / UNREACHABLE
              / quote(IPv6(src=REMOTE6, dst=HOST6) / replied("udp", HOST_PORT)),
              dropped("spoofed_source"))


def hop_limits():
    """Used up: from outside translated, from inside as it came."""
    for hops in (0, 1):
        yield back(IPv6(src=ROUTER6, dst=POOL6, hlim=hops) / UNREACHABLE
                   / quoted(POOL6, REMOTE6, sent("udp", PORT)),
                   translated("ttl_expired", IPv6(src=ROUTER6, dst=HOST6, hlim=hops)
                              / UNREACHABLE / quoted(HOST6, REMOTE6, sent("udp", HOST_PORT))))
        yield out(IPv6(src=HOST6, dst=REMOTE6, hlim=hops) / UNREACHABLE
                  / quoted(REMOTE6, HOST6, replied("udp", HOST_PORT)), kernel("ttl_expired"))


def outer_headers():
    """Extension headers outside, in front of the error."""
    yield back(IPv6(src=ROUTER6, dst=POOL6) / DESTINATION.copy() / UNREACHABLE
               / quoted(POOL6, REMOTE6, sent("udp", PORT)),
               forwarded("icmp_error_in", IPv6(src=ROUTER6, dst=HOST6, hlim=63)
                         / DESTINATION.copy() / UNREACHABLE
                         / quoted(HOST6, REMOTE6, sent("udp", HOST_PORT))))


def wrong_checksum():
    """It is not translated [RFC5508 REQ-3]."""
    for checksum in (0, 1, 0x1234, 0xFFFE):
        wrong = UNREACHABLE.copy()
        wrong.cksum = checksum
        yield back(IPv6(src=ROUTER6, dst=POOL6) / wrong
                   / quoted(POOL6, REMOTE6, sent("udp", PORT)), dropped("malformed_packet"))
        yield out(IPv6(src=HOST6, dst=REMOTE6) / wrong
                  / quoted(REMOTE6, HOST6, replied("udp", HOST_PORT)),
                  dropped("malformed_packet"))


def no_checksum_inside():
    """UDP's 0 inside stays 0."""
    yield back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE
               / quoted(POOL6, REMOTE6, sent("udp", PORT, chksum=0)),
               forwarded("icmp_error_in", IPv6(src=ROUTER6, dst=HOST6, hlim=63) / UNREACHABLE
                         / quoted(HOST6, REMOTE6, sent("udp", HOST_PORT, chksum=0))))


CASES = [
    *every_error(), *every_cut(), *inner_headers(),
    Case("a quote with half a checksum", flow_of("tcp", 6), half_a_checksum()),
    Case("chains inside", flow_of("udp", 6), chain_lengths()),
    Case("about no flow, none there", about_nothing()),
    Case("about no flow, some there", flow_of("udp", 6), flow_of("echo", 6), about_nothing()),
    Case("forged", flow_of("udp", 6), flow_of("echo", 6), forged()),
    Case("from another host inside", flow_of("udp", 6),
         error_out(UNREACHABLE, "udp", source="2001:db8:1::77")),
    Case("version inside", flow_of("udp", 6),
         back(IPv6(src=ROUTER6, dst=POOL6) / UNREACHABLE
              / quoted(POOL6, REMOTE6, sent("udp", PORT), version=4),
              dropped("malformed_packet"))),
    Case("hop limit", flow_of("udp", 6), hop_limits()),
    Case("extension headers outside", flow_of("udp", 6), outer_headers()),
    Case("wrong checksums", flow_of("udp", 6), wrong_checksum()),
    Case("no checksum inside", flow_of("udp", 6), no_checksum_inside()),
    Case("for the gateway itself",
         back(IPv6(src=ROUTER6, dst=GATEWAY6) / UNREACHABLE
              / quote(IPv6(src=GATEWAY6, dst=REMOTE6) / UDP()), kernel("local_destination"))),
]
