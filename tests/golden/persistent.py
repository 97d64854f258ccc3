# SPDX-License-Identifier: Apache-2.0
"""Leases of persistent-nat: one tuple for every remote end, and who may come in by it."""
from golden import (HOST_PORT, LEASED, LEASED6, LEASE_HOSTS, LEASE_HOSTS6, LEASE_MACS, LEASE_MACS6,
                    PORT, REMOTE, REMOTE6, ROUTER, ROUTER6, Case, back, dropped, forwarded, out,
                    quote, refused, translated)
from scapy.all import (ICMP, IP, TCP, UDP, Ether, ICMPv6DestUnreach, ICMPv6EchoReply,
                       ICMPv6EchoRequest, IPv6)

DATA = b"some data"
FILTERED = "filtered_inbound"
SESSIONS = 8  # of a lease


class Endpoint:
    """An inside host whose rule has a permit, its remote hosts, and its words."""

    def __init__(self, permit, ip=IP):
        self.ip = ip
        hosts, macs = (LEASE_HOSTS, LEASE_MACS) if ip is IP else (LEASE_HOSTS6, LEASE_MACS6)
        self.host, self.mac = hosts[permit], macs[permit]
        self.leased = LEASED if ip is IP else LEASED6
        self.remote, self.other = (REMOTE, ROUTER) if ip is IP else (REMOTE6, ROUTER6)
        self.hop = {"ttl": 63} if ip is IP else {"hlim": 63}

    def out(self, transport, remote=None, remote_port=53, **fields):
        """=> a Step: it leaves with the lease's port"""
        remote = remote or self.remote
        ports = {"dport": remote_port, **fields}
        return out(self.ip(src=self.host, dst=remote) / transport(sport=HOST_PORT, **ports) / DATA,
                   forwarded("translated_out", self.ip(src=self.leased, dst=remote, **self.hop)
                             / transport(sport=PORT, **ports) / DATA))

    def back(self, transport, remote=None, remote_port=53, **fields):
        """=> a Step: it comes in"""
        remote = remote or self.remote
        ports = {"sport": remote_port, **fields}
        return back(self.ip(src=remote, dst=self.leased) / transport(dport=PORT, **ports) / DATA,
                    self.arrives(self.ip(src=remote, dst=self.host, **self.hop)
                                 / transport(dport=HOST_PORT, **ports) / DATA))

    def refused(self, transport, remote=None, remote_port=53, reason=FILTERED, **fields):
        """=> a Step: it does not come in"""
        return back(self.ip(src=remote or self.remote, dst=self.leased)
                    / transport(sport=remote_port, dport=PORT, **fields), dropped(reason))

    def arrives(self, packet, reason="translated_in"):
        """=> what becomes of a packet that comes in"""
        return forwarded(reason, Ether(dst=self.mac) / packet)


def udp_cases():
    """[RFC4787 REQ-8] Who is called sees one tuple; who was not is let in as the permit says."""
    permitted = {"any-remote-host": (True, True), "target-host": (True, False),
                 "target-host-port": (False, False)}
    for ip, name in ((IP, "udp"), (IPv6, "udp, ipv6")):
        for permit, (other_port, other_host) in permitted.items():
            end = Endpoint(permit, ip)
            yield Case(f"{name}, one tuple for every remote end, {permit}",
                       end.out(UDP), end.out(UDP, remote_port=54), end.out(UDP, end.other),
                       end.back(UDP), end.back(UDP, remote_port=54), end.back(UDP, end.other))
            yield Case(f"{name}, who may come in, {permit}",
                       end.out(UDP), end.back(UDP),
                       (end.back if other_port else end.refused)(UDP, remote_port=54),
                       (end.back if other_host else end.refused)(UDP, end.other),
                       (end.back if other_host else end.refused)(UDP, end.other, 54))


def tcp_cases():
    """[RFC5382 REQ-3] Connections from outside, where they are permitted and where not."""
    for ip, name in ((IP, "tcp"), (IPv6, "tcp, ipv6")):
        end = Endpoint("any-remote-host", ip)
        yield Case(f"{name}, a connection from outside",
                   end.out(TCP, flags="S"), end.out(TCP, end.other, flags="S"),
                   end.refused(TCP, remote_port=99, flags="SA"),
                   end.refused(TCP, remote_port=99, flags="A"),
                   end.refused(TCP, remote_port=99, flags="R"),
                   end.back(TCP, remote_port=99, flags="S"),
                   end.out(TCP, remote_port=99, flags="SA"),
                   end.back(TCP, remote_port=99, flags="A"),
                   end.out(TCP, remote_port=99, flags="FA"),
                   end.back(TCP, remote_port=99, flags="FA"),
                   end.back(TCP, remote_port=99, flags="S"))
        for permit in ("target-host", "target-host-port"):
            end = Endpoint(permit, ip)
            expect = end.back if permit == "target-host" else end.refused
            yield Case(f"{name}, who may connect, {permit}",
                       end.out(TCP, flags="S"), end.back(TCP, flags="SA"),
                       expect(TCP, remote_port=99, flags="S"),
                       end.refused(TCP, end.other, flags="S"))


def echo_cases():
    """An id is one id for every remote host, and nobody else is let in."""
    for ip, name, request, reply in (
            (IP, "echo", ICMP, lambda **fields: ICMP(type=0, **fields)),
            (IPv6, "echo, ipv6", ICMPv6EchoRequest, ICMPv6EchoReply)):
        end = Endpoint("any-remote-host", ip)
        steps = [out(ip(src=end.host, dst=remote) / request(id=7) / DATA,
                     forwarded("translated_out", ip(src=end.leased, dst=remote, **end.hop)
                               / request(id=PORT) / DATA))
                 for remote in (end.remote, end.other)]
        steps += [back(ip(src=remote, dst=end.leased) / reply(id=PORT) / DATA,
                       end.arrives(ip(src=remote, dst=end.host, **end.hop) / reply(id=7) / DATA))
                  for remote in (end.remote, end.other)]
        stranger = "192.0.2.77" if ip is IP else "2001:db8:c0::77"
        yield Case(f"{name}, one id for every remote host", *steps,
                   back(ip(src=stranger, dst=end.leased) / reply(id=PORT), dropped(FILTERED)),
                   back(ip(src=end.remote, dst=end.leased) / request(id=PORT),
                        dropped(FILTERED)))


def errors():
    """About flows that either side opened; both ways."""
    end = Endpoint("any-remote-host")
    sent = IP(src=end.leased, dst=ROUTER) / UDP(sport=PORT, dport=99) / DATA
    seen = IP(src=end.host, dst=ROUTER) / UDP(sport=HOST_PORT, dport=99) / DATA
    unreachable = ICMP(type=3, code=3)
    yield from (end.out(UDP), end.back(UDP, ROUTER, 99))
    yield back(IP(src=ROUTER, dst=end.leased) / unreachable / quote(sent),
               end.arrives(IP(src=ROUTER, dst=end.host, ttl=63) / unreachable / quote(seen),
                           "icmp_error_in"))
    stranger = IP(src=end.leased, dst=ROUTER) / UDP(sport=PORT, dport=98) / DATA
    yield back(IP(src=ROUTER, dst=end.leased) / unreachable / quote(stranger),
               dropped(FILTERED))
    got = IP(src=ROUTER, dst=end.host) / UDP(sport=99, dport=HOST_PORT) / DATA
    came = IP(src=ROUTER, dst=end.leased) / UDP(sport=99, dport=PORT) / DATA
    yield out(IP(src=end.host, dst=ROUTER) / unreachable / quote(got),
              forwarded("icmp_error_out", IP(src=end.leased, dst=ROUTER, ttl=63) / unreachable
                        / quote(came)))


def error_ipv6():
    """The same in IPv6, about what the outside opened."""
    end = Endpoint("any-remote-host", IPv6)
    sent = IPv6(src=end.leased, dst=ROUTER6) / UDP(sport=PORT, dport=99) / DATA
    seen = IPv6(src=end.host, dst=ROUTER6) / UDP(sport=HOST_PORT, dport=99) / DATA
    yield from (end.out(UDP), end.back(UDP, ROUTER6, 99))
    yield back(IPv6(src=ROUTER6, dst=end.leased) / ICMPv6DestUnreach() / quote(sent),
               end.arrives(IPv6(src=ROUTER6, dst=end.host, hlim=63) / ICMPv6DestUnreach()
                           / quote(seen), "icmp_error_in"))


def session_limit():
    """From inside and from outside."""
    end = Endpoint("any-remote-host")
    for port in range(60, 60 + SESSIONS - 1):
        yield end.out(UDP, remote_port=port)
    yield end.back(UDP, ROUTER, 99)
    yield refused(IP(src=end.host, dst=REMOTE) / UDP(sport=HOST_PORT, dport=1),
                  "lease_session_limit")
    yield end.refused(UDP, ROUTER, 98, "lease_session_limit")
    yield end.out(UDP, remote_port=60)
    yield end.back(UDP, remote_port=60)


def other_endpoints():
    """The port is the lease's, also for an endpoint of another rule that names the pool."""
    end, other = Endpoint("any-remote-host"), Endpoint("target-host")
    yield end.out(UDP)
    yield refused(IP(src=end.host, dst=REMOTE) / UDP(sport=HOST_PORT + 1, dport=53),
                  "source_nat_pool_exhausted")
    yield refused(IP(src=other.host, dst=REMOTE) / UDP(sport=HOST_PORT, dport=53),
                  "source_nat_pool_exhausted")
    yield end.out(UDP, remote_port=54)
    yield end.out(TCP, flags="S")


def ttl_used_up():
    """A first packet from outside is translated like any other."""
    end = Endpoint("any-remote-host")
    yield end.out(UDP)
    for ttl in (1, 0):
        yield back(IP(src=ROUTER, dst=LEASED, ttl=ttl) / UDP(sport=99, dport=PORT),
                   translated("ttl_expired",
                              IP(src=ROUTER, dst=end.host, ttl=ttl)
                              / UDP(sport=99, dport=HOST_PORT)))
    yield end.out(UDP, ROUTER, 99)


CASES = [
    *udp_cases(),
    *tcp_cases(),
    *echo_cases(),
    Case("errors", errors()),
    Case("an error, ipv6", error_ipv6()),
    Case("max-session-number", session_limit()),
    Case("other endpoints", other_endpoints()),
    Case("ttl used up", ttl_used_up()),
]
