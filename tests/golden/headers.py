# SPDX-License-Identifier: Apache-2.0
"""IPv4 options and IPv6 extension headers: they stay as they are, and ports are found behind."""
from golden import (HOST, HOST6, HOST_PORT, POOL, POOL6, PORT, REMOTE, REMOTE6, REMOTE_PORT, Case,
                    back, dropped, forwarded, out, refused)
from scapy.all import (AH, ICMP, IP, TCP, UDP, ICMPv6EchoRequest, IPOption_NOP,
                       IPOption_RR, IPOption_Router_Alert, IPOption_Timestamp, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                       IPv6ExtHdrRouting, PadN, Raw, RouterAlert)

OPTIONS = {
    "no operation": [IPOption_NOP()] * 4,
    "router alert": [IPOption_Router_Alert()],
    "record route": [IPOption_RR(routers=["10.0.0.9", "0.0.0.0"])],
    "timestamp": [IPOption_Timestamp(flg=0)],
    "a completed source route": [Raw(b"\x83\x07\x08\xc0\x00\x02\x4d\x01")],
    "forty bytes": [IPOption_NOP()] * 40,
    "end and rubbish": [Raw(b"\0\xff\xff\xff\xff\xff\xff\xff")],
    "a length that goes too far": [Raw(b"\x44\xff\x05\x00")],
}
HOP_BY_HOP = IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=b"")])
DESTINATION = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(4))])
LONG_DESTINATION = IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(20)), PadN(optdata=bytes(200))])
ROUTING = IPv6ExtHdrRouting(type=0, segleft=0, addresses=["2001:db8:aa::1"])
EMPTY_ROUTING = IPv6ExtHdrRouting(type=253, segleft=0)
ATOMIC = IPv6ExtHdrFragment(id=5)
CHAINS = {
    "hop-by-hop": [HOP_BY_HOP],
    "destination options": [DESTINATION],
    "long destination options": [LONG_DESTINATION],
    "routing": [ROUTING],
    "routing of an unknown type": [EMPTY_ROUTING],
    "all of them": [HOP_BY_HOP, DESTINATION, ROUTING, ATOMIC, DESTINATION],
    "hop-by-hop in the wrong place": [DESTINATION, HOP_BY_HOP],
    "eight": [DESTINATION] * 8,
}
EXCHANGES = {  # what is sent, what comes back, and what is translated of that
    "udp": (UDP(dport=REMOTE_PORT) / b"abc", UDP(sport=REMOTE_PORT) / b"abc", "dport"),
    "tcp": (TCP(dport=REMOTE_PORT, flags="S"), TCP(sport=REMOTE_PORT, flags="SA"), "dport"),
    "echo": (ICMP() / b"abc", ICMP(type=0) / b"abc", "id"),
}
TRANSPORTS = {"udp": UDP(dport=REMOTE_PORT) / b"abc",
              "tcp": TCP(dport=REMOTE_PORT, flags="S") / b"abc"}


def with_port(transport, port):
    """=> the same transport, from a port (or with an id)"""
    changed = transport.copy()
    setattr(changed, "sport" if hasattr(changed, "sport") else "id", port)
    return changed


def ipv4_options():
    """Every option with every transport, both ways."""
    for name, options in OPTIONS.items():
        for kind, (request, reply, field) in EXCHANGES.items():
            to_pool, to_host = reply.copy(), reply.copy()
            setattr(to_pool, field, PORT)
            setattr(to_host, field, HOST_PORT)
            yield Case(
                f"option {name}, {kind}",
                out(IP(src=HOST, dst=REMOTE, options=options) / with_port(request, HOST_PORT),
                    forwarded("translated_out",
                              IP(src=POOL, dst=REMOTE, ttl=63, options=options)
                              / with_port(request, PORT))),
                back(IP(src=REMOTE, dst=POOL, options=options) / to_pool,
                     forwarded("translated_in",
                               IP(src=REMOTE, dst=HOST, ttl=63, options=options) / to_host)))


def chained(headers, transport):
    """=> IPv6 extension headers and a transport as one layer"""
    layers = headers[0].copy()
    for header in headers[1:]:
        layers = layers / header.copy()
    return layers / transport


def extension_headers():
    """Every chain with every transport, both ways."""
    for name, headers in CHAINS.items():
        for kind, transport in {**TRANSPORTS, "echo": ICMPv6EchoRequest(data=b"abc")}.items():
            yield Case(
                f"{name}, {kind}",
                out(IPv6(src=HOST6, dst=REMOTE6)
                    / chained(headers, with_port(transport, HOST_PORT)),
                    forwarded("translated_out",
                              IPv6(src=POOL6, dst=REMOTE6, hlim=63)
                              / chained(headers, with_port(transport, PORT)))))
        yield Case(
            f"{name}, back",
            out(IPv6(src=HOST6, dst=REMOTE6) / UDP(sport=HOST_PORT, dport=REMOTE_PORT),
                forwarded("translated_out", IPv6(src=POOL6, dst=REMOTE6, hlim=63)
                          / UDP(sport=PORT, dport=REMOTE_PORT))),
            back(IPv6(src=REMOTE6, dst=POOL6)
                 / chained(headers, UDP(sport=REMOTE_PORT, dport=PORT)),
                 forwarded("translated_in", IPv6(src=REMOTE6, dst=HOST6, hlim=63)
                           / chained(headers, UDP(sport=REMOTE_PORT, dport=HOST_PORT)))))


def not_walked():
    """Headers behind which nothing can be translated."""
    datagram = UDP(sport=HOST_PORT, dport=REMOTE_PORT)
    for name, header in (("AH", AH(spi=5, seq=1, icv=bytes(12))), ("no next header", None), ("mobility", None), ("HIP", None)):
        number = {"AH": 51, "no next header": 59, "mobility": 135, "HIP": 139}[name]
        rest = Raw(bytes(header / datagram if header else datagram))
        yield Case(
            name,
            refused(IPv6(src=HOST6, dst=REMOTE6, nh=number) / rest, "unsupported_protocol"),
            refused(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrDestOpt(nh=number) / rest,
                    "unsupported_protocol"),
            back(IPv6(src=REMOTE6, dst=POOL6, nh=number) / rest,
                 dropped("unsupported_protocol")),
            refused(IP(src=HOST, dst=REMOTE, proto=number) / rest, "unsupported_protocol"))


def too_many():
    """Nine or more, whatever follows."""
    datagram = UDP(sport=HOST_PORT, dport=REMOTE_PORT)
    for count in (9, 10, 40):
        for address, pool, send in ((HOST6, REMOTE6, out), (REMOTE6, POOL6, back)):
            yield send(IPv6(src=address, dst=pool) / chained([DESTINATION] * count, datagram),
                       dropped("malformed_packet"))
    yield out(IPv6(src=HOST6, dst=REMOTE6) / chained([DESTINATION] * 9, Raw(b"")),
              dropped("malformed_packet"))


def past_the_end():
    """An extension header that says it is longer than the packet."""
    for length in (1, 2, 31, 255):
        yield out(IPv6(src=HOST6, dst=REMOTE6)
                  / IPv6ExtHdrDestOpt(nh=17, len=length, options=[PadN(optdata=bytes(4))])
                  / Raw(bytes(7)), dropped("malformed_packet"))
    for next_header in (0, 43, 60):
        yield out(IPv6(src=HOST6, dst=REMOTE6, nh=next_header), dropped("malformed_packet"))


CASES = [*ipv4_options(), *extension_headers(), *not_walked(),
         Case("too many extension headers", too_many()),
         Case("extension headers past the end", past_the_end())]
