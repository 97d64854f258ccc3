# SPDX-License-Identifier: Apache-2.0
"""GRE and ESP: the address is translated, and nothing behind the IP header."""
from golden import (GATEWAY, GATEWAY6, HOST, HOST6, LEASE_HOSTS, LEASED, NARROW, NARROW6, ONE,
                    OVERFLOW, POOL, POOL6, REMOTE, REMOTE6, ROUTER, ROUTER6, SHIFTED, Case, back,
                    dropped, forwarded, held, kernel, out, quote, refused)
from scapy.all import (ESP, GRE, ICMP, IP, TCP, UDP, ICMPv6DestUnreach, ICMPv6PacketTooBig, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, Raw)

OTHER_HOST, OTHER_HOST6 = "10.0.1.77", "2001:db8:1::77"
OTHER_REMOTE, OTHER_REMOTE6 = "192.0.2.2", "2001:db8:c0::2"
IN_USE = "source_nat_remote_in_use"
INNER = Raw(bytes(IP(src="10.9.0.1", dst="10.9.0.2") / UDP(sport=1, dport=2) / b"inside"))
WAYS = {"GRE": 47, "ESP": 50}
OUT = {"GRE": GRE(proto=0x88B5) / INNER, "ESP": ESP(spi=0x1001, seq=1, data=b"what only the other end reads")}
BACK = {"GRE": GRE(proto=0x88B5) / INNER, "ESP": ESP(spi=0x2002, seq=9, data=b"and the answer to that")}
NEEDS_FRAGMENTS = ICMP(type=3, code=4, nexthopmtu=1400)


def opens(payload, host=HOST, address=POOL, remote=REMOTE, **fields):
    """=> the Step of a packet that leaves with this address"""
    return out(IP(src=host, dst=remote, **fields) / payload,
               forwarded("translated_out", IP(src=address, dst=remote, ttl=63, **fields) / payload))


def enters(payload, host=HOST, address=POOL, remote=REMOTE, **fields):
    """=> the Step of a packet that comes back"""
    return back(IP(src=remote, dst=address, **fields) / payload,
                forwarded("translated_in", IP(src=remote, dst=host, ttl=63, **fields) / payload))


def opens6(payload, number):
    return out(IPv6(src=HOST6, dst=REMOTE6, nh=number) / payload,
               forwarded("translated_out",
                         IPv6(src=POOL6, dst=REMOTE6, hlim=63, nh=number) / payload))


def enters6(payload, number):
    return back(IPv6(src=REMOTE6, dst=POOL6, nh=number) / payload,
                forwarded("translated_in",
                          IPv6(src=REMOTE6, dst=HOST6, hlim=63, nh=number) / payload))


def both_ways(name):
    """Out and back, in both families; the other family and the other protocol have none of it."""
    other = "ESP" if name == "GRE" else "GRE"
    yield Case(f"{name} of IPv4", opens(OUT[name]), enters(BACK[name]), opens(OUT[name]),
               back(IP(src=REMOTE, dst=POOL) / BACK[other], dropped("filtered_inbound")),
               back(IP(src=OTHER_REMOTE, dst=POOL) / BACK[name], dropped("filtered_inbound")),
               back(IPv6(src=REMOTE6, dst=POOL6, nh=WAYS[name]) / BACK[name],
                    dropped("filtered_inbound")))
    yield Case(f"{name} of IPv6", opens6(OUT[name], WAYS[name]), enters6(BACK[name], WAYS[name]),
               back(IPv6(src=OTHER_REMOTE6, dst=POOL6, nh=WAYS[name]) / BACK[name],
                    dropped("filtered_inbound")),
               out(IPv6(src=HOST6, dst=REMOTE6) / IPv6ExtHdrDestOpt(nh=WAYS[name]) / OUT[name],
                   forwarded("translated_out", IPv6(src=POOL6, dst=REMOTE6, hlim=63)
                             / IPv6ExtHdrDestOpt(nh=WAYS[name]) / OUT[name])))


def one_owner(name):
    """An address has one host towards a remote; another remote is another matter."""
    yield Case(f"two hosts of {name}", opens(OUT[name]),
               refused(IP(src=OTHER_HOST, dst=REMOTE) / OUT[name], IN_USE),
               opens(OUT[name], OTHER_HOST, remote=OTHER_REMOTE),
               enters(BACK[name]))
    yield Case(f"two hosts of {name} over IPv6", opens6(OUT[name], WAYS[name]),
               refused(IPv6(src=OTHER_HOST6, dst=REMOTE6, nh=WAYS[name]) / OUT[name], IN_USE))
    yield Case(f"the overflow pool is asked for {name}",
               opens(OUT[name], "10.0.4.1", ONE), opens(OUT[name], "10.0.4.2", OVERFLOW),
               refused(IP(src="10.0.4.3", dst=REMOTE) / OUT[name], IN_USE))


def of_pools(name):
    """Other pools: one that shifts addresses, the interface's, and one of a rule with leases."""
    yield Case(f"{name} of a shifted host", opens(OUT[name], "10.0.6.1", SHIFTED),
               refused(IP(src="10.0.6.3", dst=REMOTE) / OUT[name], "source_nat_pool_no_address"))
    yield Case(f"{name} from the interface's address", opens(OUT[name], "10.0.3.1", GATEWAY),
               back(IP(src=OTHER_REMOTE, dst=GATEWAY) / BACK[name], kernel("local_destination")),
               back(IPv6(src=REMOTE6, dst=GATEWAY6, nh=WAYS[name]) / BACK[name],
                    kernel("local_destination")))
    host = LEASE_HOSTS["any-remote-host"]
    yield Case(f"{name} and persistent-nat: a flow without a lease",
               opens(OUT[name], host, LEASED),
               back(IP(src=OTHER_REMOTE, dst=LEASED) / BACK[name], dropped("filtered_inbound")))


def what_opens_none(name):
    """From outside, to a NAT address from inside, and what is cut short."""
    protocol, header_bytes = WAYS[name], {"GRE": 4, "ESP": 8}[name]
    yield Case(f"{name} that opens nothing",
               back(IP(src=REMOTE, dst=POOL) / BACK[name], dropped("filtered_inbound")),
               back(IP(src=POOL, dst=POOL) / BACK[name], dropped("spoofed_source")),
               out(IP(src=HOST, dst=POOL) / OUT[name], dropped("filtered_inbound")),
               out(IP(src=HOST, dst=REMOTE, ttl=1) / OUT[name], kernel("ttl_expired")),
               out(IP(src=HOST, dst=REMOTE, proto=protocol) / bytes(header_bytes - 1),
                   dropped("malformed_packet")),
               opens(Raw(bytes(header_bytes)), proto=protocol))


def errors(name):
    """[RFC5508 REQ-4] [RFC5508 REQ-5] Errors about it, which quote 8 bytes of it or more."""
    for count in (28, 36, None):
        yield Case(
            f"errors about {count or 'all'} bytes of {name}", opens(OUT[name]),
            back(IP(src=ROUTER, dst=POOL) / NEEDS_FRAGMENTS
                 / quote(IP(src=POOL, dst=REMOTE, ttl=9) / OUT[name], count),
                 forwarded("icmp_error_in", IP(src=ROUTER, dst=HOST, ttl=63) / NEEDS_FRAGMENTS
                           / quote(IP(src=HOST, dst=REMOTE, ttl=9) / OUT[name], count))),
            out(IP(src=HOST, dst=REMOTE) / NEEDS_FRAGMENTS
                / quote(IP(src=REMOTE, dst=HOST, ttl=9) / BACK[name], count),
                forwarded("icmp_error_out", IP(src=POOL, dst=REMOTE, ttl=63) / NEEDS_FRAGMENTS
                          / quote(IP(src=REMOTE, dst=POOL, ttl=9) / BACK[name], count))),
            back(IP(src=ROUTER, dst=POOL) / NEEDS_FRAGMENTS
                 / quote(IP(src=POOL, dst=OTHER_REMOTE) / OUT[name], count),
                 dropped("filtered_inbound")))
    yield Case(
        f"errors about {name} of IPv6", opens6(OUT[name], WAYS[name]),
        back(IPv6(src=ROUTER6, dst=POOL6) / ICMPv6PacketTooBig(mtu=1400)
             / quote(IPv6(src=POOL6, dst=REMOTE6, nh=WAYS[name]) / OUT[name]),
             forwarded("icmp_error_in", IPv6(src=ROUTER6, dst=HOST6, hlim=63)
                       / ICMPv6PacketTooBig(mtu=1400)
                       / quote(IPv6(src=HOST6, dst=REMOTE6, nh=WAYS[name]) / OUT[name]))),
        out(IPv6(src=HOST6, dst=REMOTE6) / ICMPv6DestUnreach()
            / quote(IPv6(src=REMOTE6, dst=HOST6, nh=WAYS[name]) / BACK[name]),
            forwarded("icmp_error_out", IPv6(src=POOL6, dst=REMOTE6, hlim=63)
                      / ICMPv6DestUnreach()
                      / quote(IPv6(src=REMOTE6, dst=POOL6, nh=WAYS[name]) / BACK[name]))))


def fragments(name):
    """[RFC4787 REQ-14] A first fragment opens the flow, and later ones follow it."""
    protocol = {"proto": WAYS[name]}
    data = Raw(b"to be continued.")
    yield Case(f"fragments of {name}",
               out(IP(src=HOST, dst=REMOTE, id=7, frag=185, **protocol) / data, held()),
               opens(OUT[name], id=7, flags="MF"), opens(data, id=7, frag=185, **protocol),
               back(IP(src=REMOTE, dst=POOL, id=8, frag=185, **protocol) / data, held()),
               enters(BACK[name], id=8, flags="MF"), enters(data, id=8, frag=185, **protocol))
    header = IPv6ExtHdrFragment(m=1, id=7, nh=WAYS[name])
    yield Case(f"fragments of {name} over IPv6", opens6(header / OUT[name], 44),
               opens6(IPv6ExtHdrFragment(offset=181, id=7, nh=WAYS[name]) / data, 44))


def too_big(name):
    """The kernel answers, and then the tunnel's end knows better."""
    rest = Raw(bytes(700))
    yield Case(f"{name} larger than the MTU",
               out(IP(src=HOST, dst=NARROW, flags="DF") / OUT[name] / rest,
                   kernel("packet_too_big")),
               out(IPv6(src=HOST6, dst=NARROW6, nh=WAYS[name]) / OUT[name] / rest / rest,
                   kernel("packet_too_big")))


def beside_others():
    """Neither takes a port, nor does a port stand in the way."""
    yield Case("all of them to one remote", opens(OUT["GRE"]), opens(OUT["ESP"]),
               out(IP(src=OTHER_HOST, dst=REMOTE) / TCP(sport=7, dport=7, flags="S"),
                   forwarded("translated_out", IP(src=POOL, dst=REMOTE, ttl=63)
                             / TCP(sport=40000, dport=7, flags="S"))),
               enters(BACK["ESP"]), enters(BACK["GRE"]))


CASES = [case for name in WAYS
         for table in (both_ways, one_owner, of_pools, what_opens_none, errors, fragments, too_big)
         for case in table(name)] + list(beside_others())
