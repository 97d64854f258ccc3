# SPDX-License-Identifier: Apache-2.0
"""Plain packets, both ways: TCP with its flags, UDP, echo with its ids, and all of it as NAT66."""
from golden import (HOST, HOST6, HOST_PORT, NARROW, NARROW6, POOL, POOL6, PORT, REMOTE, REMOTE6,
                    REMOTE_PORT, SILENT, SILENT6, Case, back, dropped, flow_of, forwarded, kernel,
                    out, refused, translated)
from scapy.all import (ICMP, IP, TCP, UDP, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6)

DATA = b"some data"
HIGH = {"sport": HOST_PORT, "dport": REMOTE_PORT}  # as the host sends
OUTSIDE = {"sport": PORT, "dport": REMOTE_PORT}  # as it leaves
REPLY = {"sport": REMOTE_PORT, "dport": PORT}  # as it comes back
INSIDE = {"sport": REMOTE_PORT, "dport": HOST_PORT}  # as the host gets it
ANY_FLAGS = ("A", "PA", "FA", "RA", "R", "SA", "SF", "", "FSRPAUEC")


def exchange(name, transport, address, pool, remote, ip):
    """A first packet, its answer, and one more: everything else stays as it is."""
    hop = {"ttl": 63} if ip is IP else {"hlim": 63}
    return Case(
        name,
        out(ip(src=address, dst=remote) / transport(**HIGH) / DATA,
            forwarded("translated_out",
                      ip(src=pool, dst=remote, **hop) / transport(**OUTSIDE) / DATA)),
        back(ip(src=remote, dst=pool) / transport(**REPLY) / DATA,
             forwarded("translated_in",
                       ip(src=remote, dst=address, **hop) / transport(**INSIDE) / DATA)),
        out(ip(src=address, dst=remote) / transport(**HIGH),
            forwarded("translated_out",
                      ip(src=pool, dst=remote, **hop) / transport(**OUTSIDE))))


def tcp_syn(**ports):
    """=> an opening segment with options and odd numbers"""
    return TCP(flags="S", seq=0xFFFFFFFF, ack=1, window=0, urgptr=7, reserved=5,
               options=[("MSS", 1220), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None),
                        ("WScale", 7)], **ports)


def tcp_any_flags():
    """Of a flow that is there, every flag passes, both ways."""
    for flags in ANY_FLAGS:
        yield out(IP(src=HOST, dst=REMOTE) / TCP(flags=flags, **HIGH),
                  forwarded("translated_out",
                            IP(src=POOL, dst=REMOTE, ttl=63) / TCP(flags=flags, **OUTSIDE)))
        yield back(IP(src=REMOTE, dst=POOL) / TCP(flags=flags, **REPLY),
                   forwarded("translated_in",
                             IP(src=REMOTE, dst=HOST, ttl=63) / TCP(flags=flags, **INSIDE)))


def tcp_not_syn():
    """Without a flow, only a SYN opens one."""
    for flags in ANY_FLAGS + ("F", "SR", "SUR"):
        yield out(IP(src=HOST, dst=REMOTE) / TCP(flags=flags, **HIGH), dropped("tcp_not_syn"))
        yield back(IP(src=REMOTE, dst=POOL) / TCP(flags=flags, **REPLY),
                   dropped("filtered_inbound"))
    yield back(IP(src=REMOTE, dst=POOL) / TCP(flags="S", **REPLY), dropped("filtered_inbound"))


def echo(ip, request, reply, host, remote, pool):
    """The id of the request changes, and back in the reply; the sequence number stays."""
    hop = {"ttl": 63} if ip is IP else {"hlim": 63}
    name = "echo" if ip is IP else "echo, ipv6"
    return Case(
        name,
        out(ip(src=host, dst=remote) / request(id=7, seq=99) / DATA,
            forwarded("translated_out",
                      ip(src=pool, dst=remote, **hop) / request(id=PORT, seq=99) / DATA)),
        back(ip(src=remote, dst=pool) / reply(id=PORT, seq=99) / DATA,
             forwarded("translated_in",
                       ip(src=remote, dst=host, **hop) / reply(id=7, seq=99) / DATA)),
        back(ip(src=remote, dst=pool) / reply(id=PORT + 1), dropped("filtered_inbound")),
        back(ip(src=remote, dst=pool) / reply(id=7), dropped("filtered_inbound")),
        back(ip(src=remote, dst=pool) / request(id=PORT), dropped("filtered_inbound")),
        out(ip(src=host, dst=remote) / reply(id=7), dropped("no_flow")))


def ttl_cases():
    """Used up: to the kernel, from inside as it came, from outside translated."""
    for hops in (0, 1):
        yield Case(
            f"ttl {hops}",
            out(IP(src=HOST, dst=REMOTE, ttl=hops) / UDP(**HIGH), kernel("ttl_expired")),
            flow_of("udp"),
            out(IP(src=HOST, dst=REMOTE, ttl=hops) / UDP(**HIGH), kernel("ttl_expired")),
            back(IP(src=REMOTE, dst=POOL, ttl=hops) / UDP(**REPLY),
                 translated("ttl_expired", IP(src=REMOTE, dst=HOST, ttl=hops) / UDP(**INSIDE))))
        yield Case(
            f"hop limit {hops}",
            out(IPv6(src=HOST6, dst=REMOTE6, hlim=hops) / UDP(**HIGH), kernel("ttl_expired")),
            flow_of("udp", 6),
            back(IPv6(src=REMOTE6, dst=POOL6, hlim=hops) / UDP(**REPLY),
                 translated("ttl_expired",
                            IPv6(src=REMOTE6, dst=HOST6, hlim=hops) / UDP(**INSIDE))))
    for hops in (2, 128, 255):
        yield Case(
            f"ttl and hop limit {hops}",
            out(IP(src=HOST, dst=REMOTE, ttl=hops) / UDP(**HIGH),
                forwarded("translated_out",
                          IP(src=POOL, dst=REMOTE, ttl=hops - 1) / UDP(**OUTSIDE))),
            out(IPv6(src=HOST6, dst=REMOTE6, hlim=hops) / UDP(**HIGH),
                forwarded("translated_out",
                          IPv6(src=POOL6, dst=REMOTE6, hlim=hops - 1) / UDP(**OUTSIDE))))


def answer(address, reason, **changes):
    """=> a Step: a reply from outside that is not quite the one expected"""
    ports = {**REPLY, **changes}
    return back(IP(src=address, dst=POOL) / UDP(**ports), dropped(reason))


def port_edges():
    """The lowest and the highest port, at either end."""
    for ports in ({"sport": 0, "dport": 0}, {"sport": 65535, "dport": 65535},
                  {"sport": 1, "dport": 65535}):
        yield Case(
            f"ports {ports['sport']} and {ports['dport']}",
            out(IP(src=HOST, dst=REMOTE) / UDP(**ports),
                forwarded("translated_out",
                          IP(src=POOL, dst=REMOTE, ttl=63) / UDP(sport=PORT,
                                                                 dport=ports["dport"]))),
            back(IP(src=REMOTE, dst=POOL) / UDP(sport=ports["dport"], dport=PORT),
                 forwarded("translated_in",
                           IP(src=REMOTE, dst=HOST, ttl=63) / UDP(sport=ports["dport"],
                                                                  dport=ports["sport"]))))


CASES = [
    exchange("udp", UDP, HOST, POOL, REMOTE, IP),
    exchange("udp, ipv6", UDP, HOST6, POOL6, REMOTE6, IPv6),
    exchange("tcp", tcp_syn, HOST, POOL, REMOTE, IP),
    exchange("tcp, ipv6", tcp_syn, HOST6, POOL6, REMOTE6, IPv6),
    echo(IP, ICMP, lambda **fields: ICMP(type=0, **fields), HOST, REMOTE, POOL),
    echo(IPv6, ICMPv6EchoRequest, ICMPv6EchoReply, HOST6, REMOTE6, POOL6),
    Case("tcp, any flags of a flow", flow_of("tcp"), tcp_any_flags()),
    Case("tcp, no flow and no syn", tcp_not_syn()),
    Case("tcp, syn with congestion flags opens",
         out(IP(src=HOST, dst=REMOTE) / TCP(flags="SEC", **HIGH),
             forwarded("translated_out",
                       IP(src=POOL, dst=REMOTE, ttl=63) / TCP(flags="SEC", **OUTSIDE)))),
    *ttl_cases(),
    *port_edges(),
    Case("fields that nobody changes",
         out(IP(src=HOST, dst=REMOTE, tos=0xFF, id=0xFFFF, flags="DF") / UDP(**HIGH),
             forwarded("translated_out",
                       IP(src=POOL, dst=REMOTE, tos=0xFF, id=0xFFFF, flags="DF", ttl=63)
                       / UDP(**OUTSIDE))),
         out(IPv6(src=HOST6, dst=REMOTE6, tc=0xFF, fl=0xFFFFF) / UDP(**HIGH),
             forwarded("translated_out",
                       IPv6(src=POOL6, dst=REMOTE6, tc=0xFF, fl=0xFFFFF, hlim=63)
                       / UDP(**OUTSIDE)))),
    Case("an answer from elsewhere", flow_of("udp"),
         answer("192.0.2.2", "filtered_inbound"),
         answer(REMOTE, "filtered_inbound", sport=REMOTE_PORT + 1),
         answer(REMOTE, "filtered_inbound", dport=PORT + 1),
         answer(POOL, "spoofed_source")),
    Case("the port is owned: no other flow", flow_of("udp"),
         refused(IP(src=HOST, dst=REMOTE) / UDP(sport=HOST_PORT + 1, dport=REMOTE_PORT),
                 "source_nat_pool_exhausted"),
         flow_of("tcp"), flow_of("echo"), flow_of("udp", 6)),
    Case("a pool without addresses of the family",
         refused(IPv6(src="2001:db8:1::4", dst=REMOTE6) / UDP(**HIGH),
                 "source_nat_pool_wrong_family"),
         out(IP(src="10.0.1.4", dst=REMOTE) / UDP(**HIGH),
             forwarded("translated_out",
                       IP(src="198.51.100.4", dst=REMOTE, ttl=63) / UDP(**OUTSIDE)))),
    Case("a neighbour that is not known yet",
         out(IP(src=HOST, dst=SILENT) / UDP(**HIGH),
             translated("neighbour_unresolved", IP(src=POOL, dst=SILENT) / UDP(**OUTSIDE))),
         out(IPv6(src=HOST6, dst=SILENT6) / UDP(**HIGH),
             translated("neighbour_unresolved", IPv6(src=POOL6, dst=SILENT6) / UDP(**OUTSIDE)))),
    Case("larger than the route's mtu",
         out(IP(src=HOST, dst=NARROW, flags="DF") / UDP(**HIGH) / bytes(573),
             kernel("packet_too_big")),
         out(IP(src=HOST, dst=NARROW, flags="DF") / UDP(**HIGH) / bytes(572),
             forwarded("translated_out", IP(src=POOL, dst=NARROW, flags="DF", ttl=63)
                       / UDP(**OUTSIDE) / bytes(572))),
         out(IP(src=HOST, dst=NARROW) / UDP(**HIGH) / bytes(573),
             translated("packet_too_big", IP(src=POOL, dst=NARROW) / UDP(**OUTSIDE)
                        / bytes(573))),
         out(IPv6(src=HOST6, dst=NARROW6) / UDP(**HIGH) / bytes(1233),
             kernel("packet_too_big")),
         out(IPv6(src=HOST6, dst=NARROW6) / UDP(**HIGH) / bytes(1232),
             forwarded("translated_out", IPv6(src=POOL6, dst=NARROW6, hlim=63) / UDP(**OUTSIDE)
                       / bytes(1232)))),
]
