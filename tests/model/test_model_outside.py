# SPDX-License-Identifier: Apache-2.0
"""Section 2 of docs/packet-path.md: packets to a NAT address."""
import pytest

from gateway import (HOST, HOST6, ICMP, IP, POOL, POOL6, REMOTE, REMOTE6, TCP, UDP, WAN, LAN,
                     Ether, Gateway, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6,
                     Raw, base_builder)
from scapy_check import wrong_checksums
from scenario_builder import rule

FILTERED = ("drop", "filtered_inbound")
ROUTER = "203.0.113.99"


@pytest.fixture
def gateway():
    """With one UDP flow (port 1024), one TCP flow and one echo of each family (id 1024)."""
    gateway = Gateway()
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    gateway.out(IP(src=HOST, dst=REMOTE) / TCP(sport=5000, dport=80, flags="S"))
    gateway.out(IP(src=HOST, dst=REMOTE) / ICMP(id=77))
    gateway.out(IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoRequest(id=78))
    return gateway


def from_remote(transport, source=REMOTE, destination=POOL):
    return IP(src=source, dst=destination) / transport


def test_replies_are_translated_back(gateway):
    for transport, port in ((UDP(sport=53, dport=1024), "dport"),
                            (TCP(sport=80, dport=1024, flags="SA"), "dport")):
        result = gateway.back(from_remote(transport / b"abc"))
        assert result[:3] == ("forward", "translated_in", LAN)
        packet = Ether(result.frame)
        assert (packet[IP].src, packet[IP].dst) == (REMOTE, HOST)
        assert getattr(packet[IP].payload, port) == 5000
        assert packet[IP].ttl == 63
        assert wrong_checksums(result.frame) == []


def test_echo_replies_are_translated_back(gateway):
    """[RFC5508 REQ-1]"""
    result = gateway.back(from_remote(ICMP(type=0, id=1024) / b"odd"))
    assert result.reason == "translated_in"
    assert Ether(result.frame)[ICMP].id == 77
    assert wrong_checksums(result.frame) == []
    result = gateway.back(IPv6(src=REMOTE6, dst=POOL6) / ICMPv6EchoReply(id=1024))
    assert Ether(result.frame)[ICMPv6EchoReply].id == 78
    assert Ether(result.frame)[IPv6].dst == HOST6
    assert wrong_checksums(result.frame) == []


@pytest.mark.parametrize("packet", [
    from_remote(UDP(sport=53, dport=1025)), from_remote(UDP(sport=54, dport=1024)),
    from_remote(UDP(sport=53, dport=1024), source="192.0.2.2"),
    from_remote(TCP(sport=53, dport=1024)), from_remote(ICMP(type=0, id=77)),
    from_remote(ICMP(type=8, id=1024)), from_remote(ICMP(type=13, id=1024)),
    IPv6(src=REMOTE6, dst=POOL6) / UDP(sport=53, dport=1024)])
def test_what_no_flow_expects(gateway, packet):
    """[RFC5382 REQ-4] [RFC7857 section 6]"""
    assert gateway.reason(WAN, packet) == FILTERED


def test_fragment_and_other_protocols(gateway):
    fragment = IP(src=REMOTE, dst=POOL, proto=51, flags="MF") / Raw(b"abcdefgh")
    assert gateway.reason(WAN, fragment) == ("drop", "fragment_unknown")
    other = IP(src=REMOTE, dst=POOL, proto=51) / Raw(b"abcd")
    assert gateway.reason(WAN, other) == ("drop", "unsupported_protocol")


def local_gateway():
    """Whose pool address is also its own."""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["203.0.113.1"], 1024, 1033)
    return Gateway(builder)


@pytest.mark.parametrize("packet", [
    UDP(sport=53, dport=1025), TCP(dport=22), ICMP(), ICMP(type=0, id=5), Raw(b"x")])
def test_local_address_takes_what_no_flow_expects(packet):
    local = ("kernel", "local_destination")
    gateway = local_gateway()
    assert gateway.reason(WAN, IP(src=REMOTE, dst="203.0.113.1") / packet) == local
    for flags, offset in (("MF", 0), (0, 5)):
        fragment = IP(src=REMOTE, dst="203.0.113.1", flags=flags, frag=offset) / packet
        assert gateway.reason(WAN, fragment) == local


def test_local_address_still_translates_its_flows():
    gateway = local_gateway()
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=5000, dport=53))
    reply = IP(src=REMOTE, dst="203.0.113.1") / UDP(sport=53, dport=1024)
    assert gateway.reason(WAN, reply) == ("forward", "translated_in")


def test_any_ingress_zone_is_outside(gateway):
    reply = from_remote(UDP(sport=53, dport=1024))
    assert gateway.reason(LAN, reply) == ("forward", "translated_in")


# 2.3 and 2.5: ICMP errors


def quoted(transport):
    return IP(src=POOL, dst=REMOTE, ttl=1) / transport


@pytest.mark.parametrize("inside, field, original", [
    (UDP(sport=1024, dport=53) / b"hello", "sport", 5000),
    (TCP(sport=1024, dport=80, seq=9) / b"hello", "sport", 5000),
    (ICMP(type=8, id=1024) / b"hello", "id", 77)])
@pytest.mark.parametrize("kind", [3, 11, 12])
def test_error_is_translated_inside_and_outside(gateway, inside, field, original, kind):
    packet = IP(src=ROUTER, dst=POOL) / ICMP(type=kind, code=0) / quoted(inside)
    result = gateway.back(packet)
    assert result[:3] == ("forward", "icmp_error_in", LAN)
    assert wrong_checksums(result.frame) == []
    outer = Ether(result.frame)[IP]
    inner = IP(bytes(outer.payload.payload))
    assert (outer.src, outer.dst) == (ROUTER, HOST)
    assert (inner.src, inner.dst) == (HOST, REMOTE)
    assert getattr(inner.payload, field) == original


def test_error_with_eight_bytes_of_tcp(gateway):
    inside = bytes(quoted(TCP(sport=1024, dport=80, seq=9)))[:28]
    result = gateway.back(IP(src=ROUTER, dst=POOL) / ICMP(type=3, code=1) / inside)
    assert result.reason == "icmp_error_in"
    assert wrong_checksums(result.frame) == []


def test_error_of_ipv6(gateway):
    inside = IPv6(src=POOL6, dst=REMOTE6) / ICMPv6EchoRequest(id=1024, data=b"odd")
    result = gateway.back(IPv6(src="2001:db8:ff::9", dst=POOL6) / ICMPv6DestUnreach() / inside)
    assert result[:3] == ("forward", "icmp_error_in", LAN)
    assert wrong_checksums(result.frame) == []


@pytest.mark.parametrize("inside", [
    IP(src=POOL, dst=REMOTE) / UDP(sport=1025, dport=53),
    IP(src=POOL, dst=REMOTE) / UDP(sport=1024, dport=54),
    IP(src=POOL, dst="192.0.2.2") / UDP(sport=1024, dport=53),
    IP(src="198.51.100.2", dst=REMOTE) / UDP(sport=1024, dport=53),
    IP(src=POOL, dst=REMOTE, frag=1) / UDP(sport=1024, dport=53),
    IP(src=POOL, dst=REMOTE) / ICMP(type=0, id=1024),
    IP(src=POOL, dst=REMOTE, proto=51) / Raw(bytes(8))])
def test_error_about_nothing_known(gateway, inside):
    packet = IP(src=ROUTER, dst=POOL) / ICMP(type=3, code=1) / inside
    assert gateway.reason(WAN, packet) == FILTERED


def test_error_changes_nothing_in_the_flow(gateway):
    """[RFC5508 REQ-6] [RFC4787 REQ-12] [RFC5382 REQ-10] [RFC7857 section 7.1]"""
    before = gateway.nat.state()["flows"]
    gateway.time_s += 100
    inside = IP(src=POOL, dst=REMOTE) / UDP(sport=1024, dport=53)
    assert gateway.back(IP(src=ROUTER, dst=POOL) / ICMP(type=3, code=3) / inside)[0] == "forward"
    assert gateway.nat.state()["flows"] == before
    gateway.nat.collect(100 + 301)
    assert all(flow["protocol"] != 17 for flow in gateway.nat.state()["flows"])


# 2.6


@pytest.mark.parametrize("ttl", [0, 1])
def test_ttl_is_used_up(gateway, ttl):
    result = gateway.back(IP(src=REMOTE, dst=POOL, ttl=ttl) / UDP(sport=53, dport=1024))
    assert result[:3] == ("kernel_translated", "ttl_expired", None)
    assert Ether(result.frame)[IP].dst == HOST
    assert Ether(result.frame)[IP].ttl == ttl
    assert gateway.nat.state()["flows"][2]["packets_in"] == 1


def test_no_rule_is_asked_on_the_way_in():
    gateway = Gateway(rules=[rule("udp", "p", protocols=[17])])
    gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=1, dport=2))
    gateway.back(from_remote(UDP(sport=2, dport=1024)))
    assert gateway.nat.state()["rules"]["out/udp"]["hits"] == 1
