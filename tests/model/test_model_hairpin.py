# SPDX-License-Identifier: Apache-2.0
"""Section 11 of docs/packet-path.md: from one inside host to another."""
import pytest

from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, POOL6, REMOTE, REMOTE6, TCP, UDP, WAN,
                     Ether, Gateway, ICMPv6DestUnreach, IPv6, Raw, base_builder)
from leases import ANY_REMOTE_HOST, TARGET_HOST, TARGET_HOST_PORT
from scapy_check import wrong_checksums
from scenario_builder import interface_context, persistent_nat, rule, zone_context

HAIRPINNED = ("forward", "hairpinned")
FILTERED = ("drop", "filtered_inbound")
EXPIRED = ("kernel", "ttl_expired")
OTHER, OTHER6 = "10.0.1.11", "2001:db8:1::11"  # another host
GUEST_HOST, GUEST = "10.2.0.10", 4
CALLED_PORT, CALLER_PORT = 1024, 1025  # translated, in the order in which leases are made


def house(permit=ANY_REMOTE_HOST, rules=None):
    """=> a gateway with zones lan and guest, where HOST has called REMOTE by UDP and TCP"""
    builder = base_builder()
    builder.interface("guest0", "guest", "10.2.0.1/16")
    builder.neighbour("lan0", OTHER, OTHER6)
    builder.neighbour("guest0", GUEST_HOST)
    builder.rule_set("out", zone_context("lan", "guest"), zone_context("wan"),
                     *(rules or [rule("all", "p", persistent_nat(permit))]))
    gateway = Gateway(builder)
    for transport in (UDP(sport=5000, dport=53), TCP(sport=5000, dport=80, flags="S")):
        gateway.out(IP(src=HOST, dst=REMOTE) / transport)
    gateway.out(IPv6(src=HOST6, dst=REMOTE6) / UDP(sport=5000, dport=53))
    return gateway


def call(transport=UDP, host=OTHER, port=CALLED_PORT, host_port=6000, **fields):
    """From an inside host to a translated tuple."""
    return IP(src=host, dst=POOL) / transport(sport=host_port, dport=port, **fields) / b"abc"


def heard(result, receiver=LAN):
    """=> what an inside host gets"""
    assert result[:3] == (*HAIRPINNED, receiver)
    assert wrong_checksums(result.frame) == []
    return Ether(result.frame)


def tuples(packet):
    """=> source and destination, with their ports"""
    ip = packet[IP] if IP in packet else packet[IPv6]
    return (ip.src, ip.sport), (ip.dst, ip.dport)


@pytest.mark.parametrize("transport, opening, answer", [(UDP, {}, {}),
                                                        (TCP, {"flags": "S"}, {"flags": "SA"})])
@pytest.mark.parametrize("ifindex, host", [(LAN, OTHER), (GUEST, GUEST_HOST)])
def test_inside_hosts_hear_each_other(transport, opening, answer, ifindex, host):
    """[RFC4787 REQ-9, REQ-9a] [RFC5382 REQ-8] The first packet too; each sees the other's
    translated tuple."""
    gateway = house()
    packet = heard(gateway.send(ifindex, call(transport, host, **opening)))
    assert tuples(packet) == ((POOL, CALLER_PORT), (HOST, 5000)) and packet[IP].ttl == 63
    back = IP(src=HOST, dst=POOL) / transport(sport=5000, dport=CALLER_PORT, **answer)
    packet = heard(gateway.send(LAN, back), ifindex)
    assert tuples(packet) == ((POOL, CALLED_PORT), (host, 6000))
    heard(gateway.send(ifindex, call(transport, host, **opening)))


def test_ipv6():
    """[RFC4787 REQ-9]"""
    gateway = house()
    packet = heard(gateway.out(IPv6(src=OTHER6, dst=POOL6) / UDP(sport=6000, dport=CALLED_PORT)))
    assert tuples(packet) == ((POOL6, CALLER_PORT), (HOST6, 5000))
    assert packet[IPv6].hlim == 63


def test_a_host_calls_itself():
    gateway = house()
    for _ in range(2):
        packet = heard(gateway.out(call(host=HOST, host_port=5000)))
        assert tuples(packet) == ((POOL, CALLED_PORT), (HOST, 5000))
    (flow,) = [each for each in gateway.nat.state()["flows"] if each["remote"] == POOL]
    assert (flow["packets_out"], flow["packets_in"]) == (2, 2)


def test_both_flows_count():
    gateway = house()
    gateway.out(call())
    flows = {each["inside"]: each for each in gateway.nat.state()["flows"]
             if each["remote"] == POOL}
    assert [(flows[host]["packets_out"], flows[host]["packets_in"])
            for host in (OTHER, HOST)] == [(1, 0), (0, 1)]
    assert gateway.nat.reasons["hairpinned"] == 1


@pytest.mark.parametrize("permit", [TARGET_HOST, TARGET_HOST_PORT])
def test_who_was_not_called_is_filtered(permit):
    """Until the other has called it, too."""
    gateway = house(permit)
    assert gateway.reason(LAN, call()) == FILTERED
    back = IP(src=HOST, dst=POOL) / UDP(sport=5000, dport=CALLER_PORT)
    assert gateway.reason(LAN, back) == HAIRPINNED
    assert gateway.reason(LAN, call()) == HAIRPINNED


def test_without_a_lease_nobody_is_let_in():
    """The caller's flow stays; a port is for one remote end."""
    gateway = house(rules=[rule("all", "p")])
    assert gateway.reason(LAN, call()) == FILTERED
    assert [each["remote"] for each in gateway.nat.state()["flows"]].count(POOL) == 1


def test_what_nobody_owns_makes_no_state():
    gateway = house()
    before = gateway.nat.state()["flows"]
    for packet in (call(port=1030), call(TCP, flags="A"), call(TCP, flags="SA"),
                   IP(src=OTHER, dst=POOL) / ICMP(type=8, id=CALLED_PORT)):
        assert gateway.reason(LAN, packet) == FILTERED
    assert gateway.nat.state()["flows"] == before


def test_no_rule_and_rule_off():
    """It is judged as a packet that no flow expects, also on a local address."""
    leased = rule("lan", "interface", persistent_nat(ANY_REMOTE_HOST),
                  source_addresses=["10.0.1.10/32"])
    for others in ([], [rule("off", "off")]):
        gateway = house(rules=[leased] + others)
        local = IP(src=OTHER, dst="203.0.113.1") / UDP(sport=6000, dport=CALLED_PORT)
        assert gateway.reason(LAN, local) == ("kernel", "local_destination")
    gateway = house(rules=[leased, rule("all", "interface")])
    assert gateway.reason(LAN, local) == HAIRPINNED


def test_the_first_interface_of_the_zone_is_the_egress():
    """Whichever way the called flow has gone."""
    builder = base_builder()
    builder.interface("wan1", "wan", "192.0.3.1/24")
    builder.neighbour("wan1", "192.0.3.9")
    builder.neighbour("lan0", OTHER)
    builder.rule_set("one", zone_context("lan"), interface_context("wan1"),
                     rule("one", "p", persistent_nat(ANY_REMOTE_HOST)))
    builder.rule_set("two", zone_context("lan"), interface_context("wan0"),
                     rule("two", "interface"))
    gateway = Gateway(builder)
    gateway.out(IP(src=HOST, dst="192.0.3.9") / UDP(sport=5000, dport=53))
    packet = heard(gateway.out(call()))
    assert tuples(packet)[0][0] == "203.0.113.1"


@pytest.mark.parametrize("is_known", [False, True])
def test_ttl_used_up(is_known):
    gateway = house()
    if is_known:
        gateway.out(call())
    before = gateway.nat.state()["flows"]
    packet = call()
    packet[IP].ttl = 1
    assert gateway.reason(LAN, packet) == EXPIRED
    assert gateway.nat.state()["flows"] == before


@pytest.mark.parametrize("ifindex", [LAN, GUEST, WAN])
def test_nobody_may_look_like_the_second_half(ifindex):
    gateway = house()
    gateway.out(call())
    for source, destination in ((CALLER_PORT, CALLED_PORT), (CALLED_PORT, CALLER_PORT)):
        packet = IP(src=POOL, dst=POOL) / UDP(sport=source, dport=destination)
        assert gateway.reason(ifindex, packet) == ("drop", "spoofed_source")


def test_errors_are_hairpinned():
    """[RFC5508 REQ-7, REQ-7a] [RFC7857 section 12] The outer source is the translated address that
    the caller had called, and the quoted packet the one that it had sent."""
    gateway = house()
    got = heard(gateway.out(call()))[IP]
    error = IP(src=HOST, dst=POOL) / ICMP(type=3, code=3) / Raw(bytes(got)[:28])
    packet = heard(gateway.out(error))
    assert (packet[IP].src, packet[IP].dst) == (POOL, OTHER)
    quoted = IP(bytes(packet[ICMP].payload))
    assert (quoted.src, quoted.sport, quoted.dst, quoted.dport) == (
        OTHER, 6000, POOL, CALLED_PORT)
    flows = gateway.nat.state()["flows"]
    assert sum(each["packets_out"] + each["packets_in"] for each in flows) == 5


def test_errors_are_hairpinned_ipv6():
    """[RFC5508 REQ-7]"""
    gateway = house()
    got = heard(gateway.out(IPv6(src=OTHER6, dst=POOL6) / UDP(sport=6000, dport=CALLED_PORT)))
    error = IPv6(src=HOST6, dst=POOL6) / ICMPv6DestUnreach() / Raw(bytes(got[IPv6]))
    packet = heard(gateway.out(error))
    assert (packet[IPv6].src, packet[IPv6].dst) == (POOL6, OTHER6)


def test_errors_about_nothing():
    gateway = house()
    got = heard(gateway.out(call()))[IP]
    got.dport += 1
    error = IP(src=HOST, dst=POOL) / ICMP(type=3, code=3) / Raw(bytes(got)[:28])
    assert gateway.reason(LAN, error) == FILTERED
