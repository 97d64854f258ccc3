# SPDX-License-Identifier: Apache-2.0
"""Section 3 of docs/packet-path.md: packets from inside that are not to a NAT address."""
import pytest

from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, POOL6, REMOTE, REMOTE6, TCP, UDP, WAN,
                     Ether, Gateway, ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6,
                     Raw, base_builder)
from scapy_check import wrong_checksums
from scenario_builder import rule, zone_context

TRANSLATED = ("forward", "translated_out")


@pytest.fixture
def gateway():
    return Gateway()


def udp(**fields):
    return IP(src=HOST, dst=REMOTE, **fields) / UDP(sport=5000, dport=53)


def syn(flags="S"):
    return IP(src=HOST, dst=REMOTE) / TCP(sport=5000, dport=80, flags=flags)


@pytest.mark.parametrize("ttl", [0, 1])
def test_ttl_comes_first(gateway, ttl):
    expired = ("kernel", "ttl_expired")
    assert gateway.reason(LAN, udp(ttl=ttl)) == expired
    assert gateway.reason(LAN, IPv6(src=HOST6, dst=REMOTE6, hlim=ttl) / UDP()) == expired
    assert gateway.reason(LAN, IP(src=HOST, dst="10.0.1.1", ttl=ttl) / UDP()) == expired
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE, proto=51, ttl=ttl)) == expired


@pytest.mark.parametrize("transport, field", [
    (UDP(sport=5000, dport=53) / b"abc", "sport"),
    (TCP(sport=5000, dport=53, flags="S"), "sport"), (ICMP(id=5000) / b"abc", "id")])
def test_first_packet_opens_a_flow(gateway, transport, field):
    result = gateway.out(IP(src=HOST, dst=REMOTE) / transport)
    assert result[:3] == (*TRANSLATED, WAN)
    packet = Ether(result.frame)
    assert (packet[IP].src, packet[IP].dst, packet[IP].ttl) == (POOL, REMOTE, 63)
    assert getattr(packet[IP].payload, field) == 1024
    assert (packet.dst, packet.src) == ("02:00:00:00:00:03", "02:00:00:00:01:03")
    assert wrong_checksums(result.frame) == []
    assert gateway.flow()["rule"] == ["out", "all"]


def test_ipv6_echo(gateway):
    result = gateway.out(IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoRequest(id=9, data=b"xyz"))
    assert result.reason == "translated_out"
    assert Ether(result.frame)[IPv6].src == POOL6
    assert wrong_checksums(result.frame) == []


def test_later_packets_find_it(gateway):
    gateway.out(syn())
    assert gateway.reason(LAN, syn("A")) == TRANSLATED
    assert gateway.reason(LAN, syn("PA")) == TRANSLATED
    assert gateway.flow()["packets_out"] == 3
    assert gateway.flow()["bytes_out"] == 120


def test_an_echo_of_another_remote_is_another_flow(gateway):
    """[RFC5508 REQ-1]"""
    gateway.out(IP(src=HOST, dst=REMOTE) / ICMP(id=7))
    gateway.out(IP(src=HOST, dst="192.0.2.2") / ICMP(id=7))
    assert [flow["port"] for flow in gateway.nat.state()["flows"]] == [1024, 1025]


# 3.2 and 3.7: ICMP errors from inside


@pytest.mark.parametrize("opening, inside", [
    (UDP(sport=5000, dport=53), UDP(sport=53, dport=5000) / b"data"),
    (TCP(sport=5000, dport=53, flags="S"), TCP(sport=53, dport=5000) / b"data"),
    (ICMP(id=5000), ICMP(type=0, id=5000) / b"data")])
def test_error_about_a_reply(gateway, opening, inside):
    gateway.out(IP(src=HOST, dst=REMOTE) / opening)
    before = gateway.nat.state()["flows"]
    error = IP(src="10.0.1.99", dst=REMOTE) / ICMP(type=3, code=3)
    result = gateway.out(error / IP(src=REMOTE, dst=HOST) / inside)
    assert result[:3] == ("forward", "icmp_error_out", WAN)
    outer = Ether(result.frame)[IP]
    quoted = IP(bytes(outer.payload.payload))
    assert (outer.src, quoted.dst, quoted.src) == (POOL, POOL, REMOTE)
    assert getattr(quoted.payload, "id" if ICMP in quoted else "dport") == 1024
    assert wrong_checksums(result.frame) == []
    assert gateway.nat.state()["flows"] == before


def test_error_about_a_reply_ipv6(gateway):
    gateway.out(IPv6(src=HOST6, dst=REMOTE6) / ICMPv6EchoRequest(id=5000))
    inside = IPv6(src=REMOTE6, dst=HOST6) / ICMPv6EchoReply(id=5000, data=b"odd")
    result = gateway.out(IPv6(src=HOST6, dst=REMOTE6) / ICMPv6DestUnreach() / inside)
    assert result[:2] == ("forward", "icmp_error_out")
    assert wrong_checksums(result.frame) == []


def test_error_without_a_flow_is_owned_by_its_rule(gateway):
    error = IP(src=HOST, dst=REMOTE) / ICMP(type=3) / IP(src=REMOTE, dst=HOST)
    assert gateway.reason(LAN, error / UDP(sport=1, dport=2)) == ("drop", "no_flow")
    assert gateway.reason(LAN, error / ICMP(type=8, id=2)) == ("drop", "no_flow")
    assert gateway.nat.state()["rules"]["out/all"] == {
        "hits": 2, "opened": 0, "failures": {"no_flow": 2}}


# 3.3: an ended flow


def test_route_changed_ends_a_flow_until_it_is_collected():
    builder = base_builder()
    builder.interface("dmz0", "dmz", "10.9.0.1/24")
    builder.neighbour("dmz0", "10.9.0.2")
    builder.rule_set("out", zone_context("lan"), zone_context("wan", "dmz"), rule("all", "p"))
    gateway = Gateway(builder)
    reply = IP(src=REMOTE, dst=POOL) / UDP(sport=53, dport=1024)
    assert gateway.reason(LAN, udp()) == TRANSLATED
    assert gateway.reason(WAN, reply) == ("forward", "translated_in")
    gateway.nat.kernel.replace_routes([{"prefix": "0.0.0.0/0", "type": "unicast",
                                        "interface": "dmz0", "gateway": "10.9.0.2",
                                        "mtu": None}])
    changed = ("drop", "route_changed")
    assert gateway.reason(LAN, udp()) == changed
    gateway.nat.kernel.replace_routes(gateway.scenario["routes"])
    assert gateway.reason(LAN, udp()) == changed
    assert gateway.reason(WAN, reply) == ("drop", "filtered_inbound")
    assert gateway.flow()["ending"] and gateway.flow()["packets_out"] == 1
    gateway.nat.collect(gateway.time_s)
    assert gateway.nat.state()["flows"] == [] and gateway.nat.state()["ports"] == {}
    assert gateway.reason(LAN, udp()) == TRANSLATED


# 3.4: what the kernel says of the route


def test_routes_that_reject_and_destinations_that_are_not_forwarded():
    builder = base_builder()
    builder.routes.pop(0)
    for number, kind in enumerate(("unreachable", "prohibit", "blackhole")):
        builder.rejecting_route(f"192.0.{number}.0/24", kind)
    gateway = Gateway(builder)
    for number in range(3):
        packet = IP(src=HOST, dst=f"192.0.{number}.1") / UDP()
        assert gateway.reason(LAN, packet) == ("kernel", "route_rejected")
    for destination in ("10.0.1.1", "203.0.113.1", "203.0.113.255", "8.8.8.8"):
        packet = IP(src=HOST, dst=destination) / UDP()
        assert gateway.reason(LAN, packet) == ("kernel", "local_destination")


def test_a_route_with_an_encapsulation_cannot_be_followed():
    builder = base_builder()
    builder.rejecting_route("192.0.2.0/24", "encapsulation")
    assert Gateway(builder).reason(LAN, udp()) == ("drop", "no_route")


# 3.6: the order in which a rule that owns a packet refuses it


@pytest.mark.parametrize("packet, reason", [
    (IP(src=HOST, dst=REMOTE, proto=46, flags="MF") / Raw(bytes(8)), "fragment_unknown"),
    (IP(src=HOST, dst=REMOTE, proto=46, frag=5) / Raw(bytes(8)), "fragment_unknown"),
    (IP(src=HOST, dst=REMOTE, flags="MF") / ICMP(type=13), "fragment_unknown"),
    (IP(src=HOST, dst=REMOTE, proto=51) / Raw(b"abc"), "unsupported_protocol"),
    (IP(src=HOST, dst=REMOTE) / ICMP(type=13), "unsupported_protocol"),
    (IP(src=HOST, dst=REMOTE) / ICMP(type=0), "no_flow"),
    (syn("A"), "tcp_not_syn"), (syn("SA"), "tcp_not_syn"), (syn("SF"), "tcp_not_syn"),
    (syn("SR"), "tcp_not_syn"), (syn(""), "tcp_not_syn")])
def test_what_opens_no_flow(gateway, packet, reason):
    assert gateway.reason(LAN, packet) == ("drop", reason)
    state = gateway.nat.state()
    assert state["flows"] == []
    assert state["rules"]["out/all"] == {"hits": 1, "opened": 0, "failures": {reason: 1}}
    assert state["pools"]["p"]["hits"] == 0


def test_syn_with_other_flags_opens(gateway):
    assert gateway.reason(LAN, syn("SECU")) == TRANSLATED


def broken_gateway(pool_name="p", pool=None):
    builder = base_builder()
    if pool:
        builder.pools.clear()
        builder.pool("p", *pool)
    return Gateway(builder, [rule("broken", pool_name), rule("good", "interface")])


@pytest.mark.parametrize("reason, arguments", [
    ("missing", {"pool_name": "nowhere"}),
    ("empty", {"pool": ([],)}),
    ("empty", {"pool": ([], 5, 1)}),
    ("invalid", {"pool": (["198.51.100.9-198.51.100.1"],)}),
    ("invalid_port_range", {"pool": (["198.51.100.1"], 5, 4)}),
    ("invalid_port_range", {"pool": (["2001:db8:64::1"], 1, 65536)}),
    ("wrong_family", {"pool": (["2001:db8:64::1"],)})])
def test_action_cannot_be_carried_out(reason, arguments):
    gateway = broken_gateway(**arguments)
    reason = f"source_nat_pool_{reason}"
    assert gateway.reason(LAN, udp()) == ("drop", reason)
    state = gateway.nat.state()
    assert state["rules"]["out/broken"]["failures"] == {reason: 1}
    assert state["rules"]["out/good"]["hits"] == 0
    assert state["flows"] == []
    if "pool" in arguments:
        asked = not reason.startswith("source_nat_pool_invalid")
        assert state["pools"]["p"] == {"hits": int(asked), "opened": 0, "overflows": 0,
                                       "failures": {reason: 1} if asked else {}}


def test_not_a_syn_comes_before_a_missing_pool():
    assert broken_gateway("nowhere").reason(LAN, syn("A")) == ("drop", "tcp_not_syn")


def test_interface_without_an_address_of_the_family():
    builder = base_builder()
    builder.interfaces["wan0"]["addresses"] = ["203.0.113.1/24"]
    gateway = Gateway(builder, [rule("all", "interface")])
    packet = IPv6(src=HOST6, dst=REMOTE6) / UDP()
    assert gateway.reason(LAN, packet) == ("drop", "source_nat_pool_wrong_family")
    builder = base_builder()
    builder.interfaces["wan0"]["addresses"] = []
    gateway = Gateway(builder, [rule("all", "interface")])
    assert gateway.reason(LAN, udp()) == ("drop", "source_nat_pool_empty")


def test_too_big_opens_no_flow_when_nobody_may_fragment(gateway):
    builder = base_builder()
    builder.route("192.0.2.0/24", "wan0", "203.0.113.254", 600)
    gateway = Gateway(builder)
    big = UDP(sport=5000, dport=53) / bytes(573)
    result = gateway.out(IP(src=HOST, dst=REMOTE, flags="DF") / big)
    assert result[:2] == ("kernel", "packet_too_big")
    assert Ether(result.frame)[IP].src == HOST
    assert gateway.nat.state()["flows"] == []
    assert gateway.nat.state()["rules"]["out/all"] == {"hits": 1, "opened": 0, "failures": {}}
    assert gateway.nat.state()["pools"]["p"]["hits"] == 0
    result = gateway.out(IP(src=HOST, dst=REMOTE) / big)
    assert result[:2] == ("kernel_translated", "packet_too_big")
    assert Ether(result.frame)[IP].src == POOL
    assert gateway.flow()["packets_out"] == 1


def test_flow_table_full_comes_before_exhausted():
    """[RFC6888 REQ-11a]"""
    builder = base_builder()
    builder.maximum_flows = 64
    gateway = Gateway(builder)
    for number in range(11):
        last = gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / UDP(sport=number, dport=1))
        assert last == TRANSLATED or number == 10
    assert last == ("drop", "source_nat_pool_exhausted")
    for number in range(54):
        gateway.nat.pools["p"].port_high = 2000
        gateway.out(IP(src=HOST, dst=REMOTE) / UDP(sport=100 + number, dport=1))
    assert len(gateway.nat.flows) == 64
    gateway.nat.pools["p"].port_high = 1033
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / UDP(sport=9999, dport=1)) == (
        "drop", "flow_table_full")
    assert gateway.nat.state()["pools"]["p"]["failures"] == {
        "source_nat_pool_exhausted": 1, "flow_table_full": 1}


# Collection


def test_an_expired_flow_is_found_until_it_is_collected(gateway):
    gateway.out(udp())
    gateway.time_s += 1000
    assert gateway.reason(WAN, IP(src=REMOTE, dst=POOL) / UDP(sport=53, dport=1024)) == (
        "forward", "translated_in")
    gateway.nat.collect(gateway.time_s + 300)
    assert gateway.flow()["packets_in"] == 1
    gateway.nat.collect(gateway.time_s + 301)
    assert gateway.nat.state()["flows"] == []
