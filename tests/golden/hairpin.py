# SPDX-License-Identifier: Apache-2.0
"""From one inside host to another by its translated address and port; what is not let through."""
from golden import (GATEWAY, HOST, HOST6, HOST_PORT, LEASE_HOSTS, LEASED, POOL, POOL6, PORT, Case,
                    back, dropped, forwarded, kernel, out, quote, refused)
from persistent import DATA, FILTERED, Endpoint
from scapy.all import ICMP, IP, TCP, UDP, Ether, ICMPv6DestUnreach, IPv6

UNREACHABLE = ICMP(type=3, code=3)


class Pair:
    """A host without a lease, and the endpoint of one; each sees the other's translated tuple."""

    def __init__(self, permit="any-remote-host", ip=IP):
        self.ip, self.end = ip, Endpoint(permit, ip)
        self.host, self.pool = (HOST, POOL) if ip is IP else (HOST6, POOL6)

    def call(self, transport=UDP, **fields):
        """=> a packet of the host to the endpoint"""
        return (self.ip(src=self.host, dst=self.end.leased)
                / transport(sport=HOST_PORT, dport=PORT, **fields) / DATA)

    def answer(self, transport=UDP, **fields):
        """=> a packet of the endpoint to the host"""
        return (self.ip(src=self.end.host, dst=self.pool)
                / transport(sport=HOST_PORT, dport=PORT, **fields) / DATA)

    def called(self, transport=UDP, **fields):
        """=> a Step: the endpoint hears the host"""
        heard = (self.ip(src=self.pool, dst=self.end.host, **self.end.hop)
                 / transport(sport=PORT, dport=HOST_PORT, **fields) / DATA)
        return out(self.call(transport, **fields),
                   forwarded("hairpinned", Ether(dst=self.end.mac) / heard))

    def answered(self, transport=UDP, **fields):
        """=> a Step: the host hears the endpoint"""
        heard = (self.ip(src=self.end.leased, dst=self.host, **self.end.hop)
                 / transport(sport=PORT, dport=HOST_PORT, **fields) / DATA)
        return out(self.answer(transport, **fields), forwarded("hairpinned", heard))


def both_ways():
    """UDP and TCP, both families, the first packet included. [RFC4787 REQ-9, REQ-9a]"""
    for ip, name in ((IP, ""), (IPv6, ", ipv6")):
        pair = Pair(ip=ip)
        yield Case(f"udp{name}", pair.end.out(UDP), pair.called(), pair.answered(), pair.called(),
                   pair.end.back(UDP))
        yield Case(f"tcp{name}", pair.end.out(TCP, flags="S"), pair.called(TCP, flags="S"),
                   pair.answered(TCP, flags="SA"), pair.called(TCP, flags="A"),
                   pair.called(TCP, flags="FA"), pair.answered(TCP, flags="FA"),
                   pair.called(TCP, flags="A"))


def itself():
    """A host that calls its own translated tuple hears itself."""
    end = Endpoint("any-remote-host")
    yield end.out(UDP)
    own = IP(src=end.host, dst=LEASED) / UDP(sport=HOST_PORT, dport=PORT) / DATA
    heard = IP(src=LEASED, dst=end.host, ttl=63) / UDP(sport=PORT, dport=HOST_PORT) / DATA
    for _ in range(2):
        yield out(own, forwarded("hairpinned", Ether(dst=end.mac) / heard))


def filtering(permit):
    """Who was not called is filtered; once it was called, it is heard."""
    pair = Pair(permit)
    yield pair.end.out(UDP)
    for _ in range(2):
        yield out(pair.call(), dropped(FILTERED))
    yield from (pair.answered(), pair.called(), pair.answered())


def nobody():
    """A port that nobody owns is nobody's."""
    pair = Pair()
    yield out(pair.call(), dropped(FILTERED))
    yield pair.end.out(UDP)
    yield out(pair.call(TCP, flags="S"), dropped(FILTERED))
    yield out(IP(src=HOST, dst=GATEWAY) / UDP(sport=HOST_PORT, dport=PORT),
              kernel("local_destination"))
    yield pair.called()


def not_opening():
    """Only a SYN opens a connection, echo requests and fragments nothing."""
    pair = Pair()
    yield pair.end.out(TCP, flags="S")
    for flags in ("A", "SA", "R", "FA", ""):
        yield out(pair.call(TCP, flags=flags), dropped(FILTERED))
    yield out(IP(src=HOST, dst=LEASED) / ICMP(type=8, id=PORT), dropped(FILTERED))
    yield pair.end.out(UDP)
    first = pair.call()
    first[IP].flags = "MF"
    yield out(first, dropped(FILTERED))
    yield pair.called()
    yield out(first, dropped(FILTERED))


def no_port():
    """The first half may be refused for its own reasons."""
    pair = Pair()
    yield from (pair.end.out(UDP), pair.called())
    yield refused(IP(src=HOST, dst=LEASED) / UDP(sport=HOST_PORT + 1, dport=PORT),
                  "source_nat_pool_exhausted")
    yield refused(IP(src=LEASE_HOSTS["target-host"], dst=LEASED) / UDP(sport=9, dport=PORT),
                  "source_nat_pool_exhausted")


def ttl_used_up():
    """The kernel answers, whether there is a flow or not; nothing is opened."""
    pair = Pair()
    yield pair.end.out(UDP)
    for ttl in (1, 0):
        packet = pair.call()
        packet[IP].ttl = ttl
        yield out(packet, kernel("ttl_expired"))
    yield pair.called()
    yield out(packet, kernel("ttl_expired"))


def spoofed():
    """Nobody else may send from one NAT address to another."""
    pair = Pair()
    yield from (pair.end.out(UDP), pair.called(), pair.answered())
    for source, destination in ((POOL, LEASED), (LEASED, POOL)):
        packet = IP(src=source, dst=destination) / UDP(sport=PORT, dport=PORT)
        for step in (out, back):
            yield step(packet, dropped("spoofed_source"))


def error_about_the_call():
    """[RFC5508 REQ-7] From the called host, and from a router before it."""
    pair = Pair()
    yield from (pair.end.out(UDP), pair.called())
    got = IP(src=POOL, dst=pair.end.host) / UDP(sport=PORT, dport=HOST_PORT) / DATA
    sent = IP(src=HOST, dst=LEASED) / UDP(sport=HOST_PORT, dport=PORT) / DATA
    for source in (pair.end.host, "10.0.1.2"):
        yield out(IP(src=source, dst=POOL) / UNREACHABLE / quote(got),
                  forwarded("hairpinned", IP(src=LEASED, dst=HOST, ttl=63) / UNREACHABLE
                            / quote(sent)))
    yield out(IP(src=pair.end.host, dst=POOL) / ICMP(type=3, code=3, chksum=1) / quote(got),
              dropped("malformed_packet"))
    yield out(IP(src=pair.end.host, dst=POOL, ttl=1) / UNREACHABLE / quote(got),
              kernel("ttl_expired"))
    stranger = IP(src=POOL, dst=pair.end.host) / UDP(sport=PORT, dport=HOST_PORT + 1) / DATA
    yield out(IP(src=pair.end.host, dst=POOL) / UNREACHABLE / quote(stranger), dropped(FILTERED))
    yield out(IP(src=pair.end.host, dst=LEASED) / UNREACHABLE / quote(got), dropped(FILTERED))


def error_about_the_answer():
    """[RFC5508 REQ-7] The other way round, in IPv6."""
    pair = Pair(ip=IPv6)
    yield from (pair.end.out(UDP), pair.called(), pair.answered())
    got = IPv6(src=pair.end.leased, dst=HOST6) / UDP(sport=PORT, dport=HOST_PORT) / DATA
    sent = IPv6(src=pair.end.host, dst=POOL6) / UDP(sport=HOST_PORT, dport=PORT) / DATA
    error = IPv6(src=POOL6, dst=pair.end.host, hlim=63) / ICMPv6DestUnreach() / quote(sent)
    yield out(IPv6(src=HOST6, dst=pair.end.leased) / ICMPv6DestUnreach() / quote(got),
              forwarded("hairpinned", Ether(dst=pair.end.mac) / error))


CASES = [
    *both_ways(),
    Case("itself", itself()),
    Case("filtering, target-host", filtering("target-host")),
    Case("filtering, target-host-port", filtering("target-host-port")),
    Case("a port that nobody owns", nobody()),
    Case("what opens nothing", not_opening()),
    Case("no port for the caller", no_port()),
    Case("ttl used up", ttl_used_up()),
    Case("spoofed", spoofed()),
    Case("an error about the call", error_about_the_call()),
    Case("an error about the answer, ipv6", error_about_the_answer()),
]
