# SPDX-License-Identifier: Apache-2.0
"""Section 4 of docs/packet-path.md: the next hop decides, row by row."""
import pytest

from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, POOL6, REMOTE, REMOTE6, UDP, WAN, Ether,
                     Gateway, IPv6, base_builder)
from scenario_builder import rule, zone_context


def opened(builder=None, source=HOST, **fields):
    """=> a gateway with a UDP flow from a source"""
    gateway = Gateway(builder)
    gateway.first = gateway.out(IP(src=source, dst=REMOTE, **fields) / UDP(sport=5000, dport=53))
    return gateway


def reply(size=0, **fields):
    return IP(src=REMOTE, dst=POOL, **fields) / UDP(sport=53, dport=1024) / bytes(size)


def error(size=0):
    inside = IP(src=POOL, dst=REMOTE) / UDP(sport=1024, dport=53) / bytes(size)
    return IP(src="192.0.2.9", dst=POOL, flags="DF") / ICMP(type=11) / inside


@pytest.mark.parametrize("kind", ["unreachable", "prohibit", "blackhole", None])
def test_no_route_back(kind):
    builder = base_builder()
    builder.routes[0]["prefix"] = "192.0.2.0/24"
    if kind:
        builder.rejecting_route("172.16.0.0/12", kind)
    gateway = opened(builder, "172.16.0.1")
    assert gateway.reason(WAN, reply()) == ("drop", "no_route")
    assert gateway.reason(WAN, error()) == ("drop", "no_route")
    assert gateway.flow()["packets_in"] == 0


def test_inside_host_is_the_gateway_itself():
    gateway = opened(source="10.0.1.1")
    assert gateway.reason(WAN, reply()) == ("drop", "no_route")


def test_reply_would_leave_by_another_zone():
    """A spoofed inside source; a packet from outside does not end the flow."""
    gateway = opened(source="172.16.0.1")
    assert gateway.reason(WAN, reply()) == ("drop", "route_changed")
    assert gateway.flow()["packets_in"] == 0 and not gateway.flow()["ending"]


def test_interface_of_no_zone_is_another_zone():
    builder = base_builder()
    builder.interface("mgmt0", None, "172.16.0.254/24")
    assert opened(builder, "172.16.0.1").reason(WAN, reply()) == ("drop", "route_changed")


def test_error_from_inside_to_another_zone_does_not_end_the_flow():
    builder = base_builder()
    builder.interface("dmz0", "dmz", "172.16.0.254/24")
    builder.rule_set("out", zone_context("lan"), zone_context("wan"), rule("all", "p"))
    gateway = opened(builder)
    inside = IP(src=REMOTE, dst=HOST) / UDP(sport=53, dport=5000)
    packet = IP(src=HOST, dst="172.16.0.1") / ICMP(type=3) / inside
    assert gateway.reason(LAN, packet) == ("drop", "route_changed")
    assert not gateway.flow()["ending"]


def small_mtu():
    builder = base_builder()
    builder.route("10.0.1.10/32", "lan0", None, 100)
    builder.route("192.0.2.0/24", "wan0", "203.0.113.254", 100)
    builder.route("2001:db8:1::10/128", "lan0", None, 1280)
    return builder


def test_too_big_from_outside_is_always_translated():
    """[RFC4787 REQ-13]"""
    gateway = opened(small_mtu())
    for flags in ("DF", 0):
        result = gateway.back(reply(73, flags=flags))
        assert result[:3] == ("kernel_translated", "packet_too_big", None)
        assert Ether(result.frame)[IP].dst == HOST
        assert Ether(result.frame)[IP].ttl == 64
        assert Ether(result.frame).dst == "02:00:00:00:01:03"
    assert gateway.reason(WAN, reply(72, flags="DF")) == ("forward", "translated_in")
    assert gateway.reason(WAN, error(73)) == ("kernel_translated", "packet_too_big")
    assert gateway.flow()["packets_in"] == 3


def test_too_big_from_inside_comes_back_as_it_was_if_nobody_may_fragment():
    gateway = opened(small_mtu())
    for flags, verdict, source in (("DF", "kernel", HOST), (0, "kernel_translated", POOL)):
        packet = IP(src=HOST, dst=REMOTE, flags=flags) / UDP(sport=5000, dport=53) / bytes(73)
        result = gateway.out(packet)
        assert result[:3] == (verdict, "packet_too_big", None)
        assert Ether(result.frame)[IP].src == source
    assert gateway.flow()["packets_out"] == 2  # the first one, and the one that went on


def test_ipv6_is_never_fragmented():
    gateway = Gateway(small_mtu())
    gateway.out(IPv6(src=HOST6, dst=REMOTE6) / UDP(sport=5000, dport=53))
    for size, verdict in ((1232, "forward"), (1233, "kernel_translated")):
        packet = IPv6(src=REMOTE6, dst=POOL6) / UDP(sport=53, dport=1024) / bytes(size)
        assert gateway.back(packet).verdict == verdict


def test_mtu_counts_the_packet_not_the_padding():
    gateway = opened(small_mtu())
    frame = gateway.frame(reply(72), WAN)
    assert gateway.send(WAN, frame + bytes(40)).verdict == "forward"


def test_unknown_neighbour():
    builder = base_builder()
    builder.route("192.0.2.0/24", "wan0", "203.0.113.77")
    gateway = opened(builder, "10.0.1.88")
    assert gateway.first[:3] == ("kernel_translated", "neighbour_unresolved", None)
    assert Ether(gateway.first.frame)[IP].ttl == 64
    result = gateway.back(reply())
    assert result[:2] == ("kernel_translated", "neighbour_unresolved")
    assert Ether(result.frame)[IP].dst == "10.0.1.88"
    assert (gateway.flow()["packets_out"], gateway.flow()["packets_in"]) == (1, 1)
    assert gateway.reason(WAN, error()) == ("kernel_translated", "neighbour_unresolved")


def test_too_big_comes_before_an_unknown_neighbour():
    builder = small_mtu()
    builder.neighbours.clear()
    assert opened(builder).reason(WAN, reply(73)) == ("kernel_translated", "packet_too_big")


def test_longest_prefix_wins():
    builder = base_builder()
    builder.rejecting_route("192.0.2.0/24", "prohibit")
    builder.route("192.0.2.1/32", "wan0", "203.0.113.254")
    gateway = Gateway(builder)
    assert gateway.reason(LAN, IP(src=HOST, dst=REMOTE) / UDP()) == ("forward", "translated_out")
    assert gateway.reason(LAN, IP(src=HOST, dst="192.0.2.2") / UDP()) == (
        "kernel", "route_rejected")
