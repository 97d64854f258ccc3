# SPDX-License-Identifier: Apache-2.0
"""Section 10 of docs/packet-path.md: leases of persistent-nat."""
import pytest

from gateway import (HOST, HOST6, ICMP, IP, LAN, POOL, POOL6, REMOTE, REMOTE6, TCP, UDP, WAN,
                     Ether, Gateway, ICMPv6EchoReply, ICMPv6EchoRequest, IPv6, base_builder)
from leases import ANY_REMOTE_HOST, PERMITS, TARGET_HOST, TARGET_HOST_PORT
from scapy_check import wrong_checksums
from scenario_builder import persistent_nat, rule, zone_context

OUT, IN = ("forward", "translated_out"), ("forward", "translated_in")
FILTERED = ("drop", "filtered_inbound")
LIMIT = ("drop", "lease_session_limit")
LEASES_FULL, FLOWS_FULL = ("drop", "lease_table_full"), ("drop", "flow_table_full")
EXHAUSTED = ("drop", "source_nat_pool_exhausted")
OTHER = "192.0.2.2"  # never called
DMZ = 4  # ifindex


def leased(permit=ANY_REMOTE_HOST, builder=None, **options):
    """=> a gateway whose only rule has persistent-nat"""
    return Gateway(builder, [rule("all", "p", persistent_nat(permit, **options))])


def udp(port=53, host=HOST, remote=REMOTE, host_port=5000):
    """From inside."""
    return IP(src=host, dst=remote) / UDP(sport=host_port, dport=port)


def syn(port=80, remote=REMOTE, flags="S"):
    """From inside."""
    return IP(src=HOST, dst=remote) / TCP(sport=5000, dport=port, flags=flags)


def call(port=53, remote=REMOTE, translated=1024):
    """A UDP packet from outside."""
    return IP(src=remote, dst=POOL) / UDP(sport=port, dport=translated)


def knock(port=80, remote=REMOTE, flags="S"):
    """A TCP segment from outside."""
    return IP(src=remote, dst=POOL) / TCP(sport=port, dport=1024, flags=flags)


def leases(gateway):
    return gateway.nat.state()["leases"]


def ports_of_flows(gateway):
    return {flow["port"] for flow in gateway.nat.state()["flows"]}


def counters(gateway, part="rules", name="out/all"):
    found = dict(gateway.nat.state()[part][name])
    found.pop("overflows", None)
    return found


# 9.1: one tuple for every remote end


@pytest.mark.parametrize("permit", PERMITS)
def test_udp_mapping_is_endpoint_independent(permit):
    """[RFC4787 REQ-1]"""
    gateway = leased(permit)
    for packet in (udp(), udp(54), udp(53, remote=OTHER), udp(99, remote="8.8.8.8")):
        result = gateway.out(packet)
        assert result[:2] == OUT and wrong_checksums(result.frame) == []
        outside = Ether(result.frame)[IP]
        assert (outside.src, outside.sport) == (POOL, 1024)
    assert gateway.nat.state()["ports"] == {POOL: {"tcp": [], "udp": [1024], "icmp": []}}
    assert [lease["flows"] for lease in leases(gateway)] == [4]


@pytest.mark.parametrize("permit", PERMITS)
def test_tcp_mapping_is_endpoint_independent(permit):
    """[RFC5382 REQ-1]"""
    gateway = leased(permit)
    for packet in (syn(), syn(81), syn(80, OTHER)):
        assert Ether(gateway.out(packet).frame)[TCP].sport == 1024
    assert gateway.reason(LAN, syn(82, flags="A")) == ("drop", "tcp_not_syn")
    assert ports_of_flows(gateway) == {1024}


@pytest.mark.parametrize("permit", PERMITS)
def test_query_ids_are_mapped_independently_of_the_remote_host(permit):
    """[RFC5508 REQ-1]"""
    gateway = leased(permit)
    for remote in (REMOTE, OTHER):
        result = gateway.out(IP(src=HOST, dst=remote) / ICMP(id=77))
        assert Ether(result.frame)[ICMP].id == 1024
    for remote, expected in ((REMOTE, IN), (OTHER, IN), ("192.0.2.3", FILTERED)):
        reply = IP(src=remote, dst=POOL) / ICMP(type=0, id=1024)
        assert gateway.reason(WAN, reply) == expected
    assert gateway.nat.state()["peers"] == []
    request = IP(src=REMOTE, dst=POOL) / ICMP(type=8, id=1024)
    assert gateway.reason(WAN, request) == FILTERED


def test_ipv6():
    """[RFC4787 REQ-1, RFC5508 REQ-1]"""
    gateway = leased()
    for remote in (REMOTE6, "2001:db8:c0::2"):
        gateway.out(IPv6(src=HOST6, dst=remote) / UDP(sport=5000, dport=53))
        gateway.out(IPv6(src=HOST6, dst=remote) / ICMPv6EchoRequest(id=9))
        reply = IPv6(src=remote, dst=POOL6) / ICMPv6EchoReply(id=1024)
        assert gateway.reason(WAN, reply) == IN
    assert ports_of_flows(gateway) == {1024}
    result = gateway.back(IPv6(src="2001:db8:c0::9", dst=POOL6) / UDP(sport=1, dport=1024))
    assert result[:3] == (*IN, LAN)
    packet = Ether(result.frame)
    assert (packet[IPv6].dst, packet[UDP].dport) == (HOST6, 5000)
    assert wrong_checksums(result.frame) == []


def test_endpoints_are_told_apart():
    """By address, port and protocol."""
    gateway = leased()
    for packet in (udp(), udp(host_port=5001), udp(host="10.0.1.11")):
        gateway.out(packet)
    gateway.out(syn())
    assert [(lease["inside"], lease["inside_port"], lease["port"]) for lease in leases(gateway)
            ] == [(HOST, 5000, 1024), (HOST, 5000, 1024), (HOST, 5001, 1025),
                  ("10.0.1.11", 5000, 1026)]


def test_rules_that_name_one_pool_share_leases():
    """What holds is what the rule says that opened last."""
    lan, wan = zone_context("lan"), zone_context("wan")
    builder = base_builder()
    builder.rule_set("out", lan, wan,
                     rule("one", "p", persistent_nat(TARGET_HOST, 60, 8),
                          destination_addresses=[f"{REMOTE}/32"]),
                     rule("two", "p", persistent_nat(ANY_REMOTE_HOST, 70, 9)))
    gateway = Gateway(builder)
    for remote, expected in ((REMOTE, ("one", TARGET_HOST, 60, 8)),
                             (OTHER, ("two", ANY_REMOTE_HOST, 70, 9))):
        assert gateway.reason(WAN, call(remote="192.0.2.3"))[0] == "drop"
        gateway.out(udp(remote=remote))
        (lease,) = leases(gateway)
        assert (lease["rule"][1], lease["permit"], lease["inactivity_timeout"],
                lease["maximum_flows"]) == expected
    assert ports_of_flows(gateway) == {1024}
    assert gateway.reason(WAN, call(remote="192.0.2.3")) == IN


def test_another_pool_is_another_lease():
    builder = base_builder()
    builder.pool("q", ["198.51.100.9"], 1024, 1033)
    builder.rule_set("out", zone_context("lan"), zone_context("wan"),
                     rule("one", "p", persistent_nat(TARGET_HOST),
                          destination_addresses=[f"{REMOTE}/32"]),
                     rule("two", "q", persistent_nat(TARGET_HOST)))
    gateway = Gateway(builder)
    gateway.out(udp())
    gateway.out(udp(remote=OTHER))
    assert {lease["address"] for lease in leases(gateway)} == {POOL, "198.51.100.9"}
    assert gateway.reason(WAN, call(54, remote=OTHER)) == FILTERED
    assert gateway.reason(WAN, call(53, remote=OTHER)) == FILTERED  # a flow of the other lease


def test_a_rule_without_persistent_nat_makes_no_lease():
    gateway = Gateway()
    gateway.out(udp())
    gateway.out(udp(54))
    assert leases(gateway) == [] and ports_of_flows(gateway) == {1024, 1025}


def test_selector_and_counters_rest_while_the_lease_is_there():
    """Round-robin over addresses, and ports in sequence."""
    builder = base_builder()
    builder.pools.clear()
    builder.pool("p", ["198.51.100.1-198.51.100.3"], 1024, 1033)
    gateway = leased(builder=builder)
    for port in range(5):
        gateway.out(udp(port))
    gateway.out(udp(host_port=5001))
    assert [(lease["address"], lease["port"]) for lease in leases(gateway)] == [
        ("198.51.100.1", 1024), ("198.51.100.2", 1024)]


def test_counters_of_rule_and_pool():
    gateway = leased(maximum_flows=8)
    for port in range(10):
        gateway.out(udp(port))
    expected = {"hits": 10, "opened": 8, "failures": {"lease_session_limit": 2}}
    assert counters(gateway) == counters(gateway, "pools", "p") == expected


def test_flows_opened_from_outside_are_counted_without_a_hit():
    gateway = leased(maximum_flows=8)
    gateway.out(udp())
    for port in range(60, 69):
        gateway.back(call(port))
    expected = {"hits": 1, "opened": 8, "failures": {"lease_session_limit": 2}}
    assert counters(gateway) == counters(gateway, "pools", "p") == expected


# 9.1: refusals, in order


def test_session_limit_of_a_lease():
    gateway = leased(maximum_flows=8)
    for port in range(8):
        assert gateway.reason(LAN, udp(port)) == OUT
    assert gateway.reason(LAN, udp(8)) == LIMIT
    assert gateway.reason(WAN, call(8)) == LIMIT
    assert gateway.reason(LAN, udp(7)) == OUT
    assert gateway.reason(LAN, udp(8, host_port=5001)) == OUT
    gateway.nat.collect(gateway.time_s + 301)
    assert gateway.reason(LAN, udp(8)) == OUT


def small(permit, flows, port_high=2000):
    """=> a gateway with 64 slots and that many leases with a flow each"""
    builder = base_builder()
    builder.maximum_flows = 64
    builder.pools[0]["port_high"] = port_high
    gateway = leased(permit, builder, maximum_flows=65536)
    for number in range(flows):
        assert gateway.reason(LAN, udp(host_port=number)) == OUT
    return gateway


def test_leases_take_half_of_the_table():
    gateway = small(ANY_REMOTE_HOST, 32)
    assert gateway.reason(LAN, udp(host_port=99)) == LEASES_FULL
    assert len(leases(gateway)) == 32


@pytest.mark.parametrize("permit", [TARGET_HOST, TARGET_HOST_PORT])
def test_leases_and_whom_they_have_called_take_half_of_the_table(permit):
    gateway = small(permit, 16)
    before = gateway.nat.state()
    assert gateway.reason(LAN, udp(host_port=99)) == LEASES_FULL
    assert gateway.reason(LAN, udp(remote=OTHER, host_port=0)) == LEASES_FULL
    new_port = udp(54, host_port=0)
    assert gateway.reason(LAN, new_port) == (OUT if permit == TARGET_HOST else LEASES_FULL)
    after = gateway.nat.state()
    assert (after["leases"] == before["leases"]) == (permit == TARGET_HOST_PORT)
    assert after["peers"] == before["peers"] and after["ports"] == before["ports"]


def test_room_for_a_lease_but_not_for_whom_it_calls():
    gateway = small(TARGET_HOST, 15)
    gateway.out(udp(remote=OTHER, host_port=0))  # one place is left
    before = gateway.nat.state()
    assert gateway.reason(LAN, udp(host_port=99)) == LEASES_FULL
    after = gateway.nat.state()
    for part in ("flows", "leases", "peers", "ports"):
        assert after[part] == before[part]
    echo = IP(src=HOST, dst=REMOTE) / ICMP(id=1)
    assert gateway.reason(LAN, echo) == OUT


def table_with(free_slots, permit=ANY_REMOTE_HOST):
    """=> a gateway with one lease of one flow, and so many slots of 64 left"""
    builder = base_builder()
    builder.maximum_flows = 64
    builder.pools[0]["port_high"] = 2000
    builder.rule_set("out", zone_context("lan"), zone_context("wan"),
                     rule("plain", "p", source_addresses=["10.0.1.11/32"]),
                     rule("all", "p", persistent_nat(permit, maximum_flows=65536)))
    gateway = Gateway(builder)
    gateway.out(udp())
    taken = 2 + (permit != ANY_REMOTE_HOST)
    for number in range(64 - taken - free_slots):
        assert gateway.reason(LAN, udp(9, "10.0.1.11", host_port=number)) == OUT
    return gateway


def test_flows_leases_and_peers_share_the_table():
    gateway = table_with(0)
    assert gateway.reason(LAN, udp(9, "10.0.1.11", host_port=99)) == FLOWS_FULL
    assert gateway.reason(LAN, udp(54)) == FLOWS_FULL
    assert gateway.reason(WAN, call(54)) == FLOWS_FULL
    assert gateway.reason(LAN, udp(host_port=99)) == LEASES_FULL
    assert counters(gateway)["failures"] == {"flow_table_full": 2, "lease_table_full": 1}


def test_a_slot_for_a_lease_and_none_for_its_flow():
    gateway = table_with(1)
    assert gateway.reason(LAN, udp(host_port=99)) == FLOWS_FULL
    assert len(leases(gateway)) == 1
    assert gateway.reason(LAN, udp(54)) == OUT


def test_slots_for_a_lease_and_its_flow_and_none_for_whom_it_calls():
    gateway = table_with(2, TARGET_HOST)
    assert gateway.reason(LAN, udp(host_port=99)) == LEASES_FULL
    assert gateway.reason(LAN, udp(54)) == OUT
    assert gateway.reason(LAN, udp(remote=OTHER)) == LEASES_FULL
    assert gateway.reason(LAN, udp(55)) == OUT
    assert gateway.reason(LAN, udp(56)) == FLOWS_FULL


def test_no_port_for_a_new_lease():
    gateway = small(ANY_REMOTE_HOST, 2, port_high=1025)
    assert gateway.reason(LAN, udp(host_port=99)) == EXHAUSTED
    assert gateway.reason(LAN, udp(54, host_port=0)) == OUT


def test_full_leases_come_before_exhausted():
    gateway = small(ANY_REMOTE_HOST, 32, port_high=1055)
    assert gateway.reason(LAN, udp(host_port=99)) == LEASES_FULL


def test_a_pool_of_the_wrong_family_comes_first():
    builder = base_builder()
    builder.pools[0]["addresses"].pop()
    gateway = leased(builder=builder)
    packet = IPv6(src=HOST6, dst=REMOTE6) / UDP()
    assert gateway.reason(LAN, packet) == ("drop", "source_nat_pool_wrong_family")


# 9.2: from outside


@pytest.mark.parametrize("permit, same, other_port, other_host", [
    (ANY_REMOTE_HOST, IN, IN, IN), (TARGET_HOST, IN, IN, FILTERED),
    (TARGET_HOST_PORT, IN, FILTERED, FILTERED)])
def test_who_may_send_udp(permit, same, other_port, other_host):
    """[RFC4787 REQ-8] [RFC6888 REQ-7]"""
    gateway = leased(permit, inactivity_timeout=7200)
    gateway.out(udp(remote=REMOTE))
    gateway.nat.collect(gateway.time_s + 301)  # its flow has idled
    assert not gateway.nat.flows
    assert gateway.reason(WAN, call()) == same
    assert gateway.reason(WAN, call(54)) == other_port
    assert gateway.reason(WAN, call(remote=OTHER)) == other_host
    assert gateway.reason(WAN, call(translated=1025)) == FILTERED


@pytest.mark.parametrize("permit, other_port, other_host", [
    (ANY_REMOTE_HOST, IN, IN), (TARGET_HOST, IN, FILTERED),
    (TARGET_HOST_PORT, FILTERED, FILTERED)])
def test_who_may_connect(permit, other_port, other_host):
    """[RFC5382 REQ-3]"""
    gateway = leased(permit)
    gateway.out(syn())
    assert gateway.reason(WAN, knock(81)) == other_port
    assert gateway.reason(WAN, knock(remote=OTHER)) == other_host


@pytest.mark.parametrize("flags", ["SA", "A", "R", "F", "SF", "SR", "PA", ""])
def test_only_a_syn_opens_from_outside(flags):
    gateway = leased()
    gateway.out(syn())
    assert gateway.reason(WAN, knock(81, flags=flags)) == FILTERED
    assert gateway.reason(WAN, knock(80, flags=flags)) == IN
    assert gateway.reason(WAN, knock(81, flags="SPUEC")) == IN


def test_a_connection_from_outside():
    """It is answered from inside, and nothing is opened again."""
    gateway = leased()
    gateway.out(syn())
    result = gateway.back(knock(9999, OTHER))
    assert result[:3] == (*IN, LAN) and wrong_checksums(result.frame) == []
    packet = Ether(result.frame)
    assert (packet[IP].dst, packet[TCP].dport) == (HOST, 5000)
    answer = gateway.out(syn(9999, OTHER, "SA"))
    assert answer[:2] == OUT
    assert Ether(answer.frame)[TCP].sport == 1024
    assert gateway.reason(WAN, knock(9999, OTHER, "A")) == IN
    flow = next(flow for flow in gateway.nat.state()["flows"] if flow["remote"] == OTHER)
    assert (flow["tcp_state"], flow["packets_in"], flow["packets_out"]) == ("established", 2, 1)
    assert flow["rule"] == ["out", "all"]


@pytest.mark.parametrize("script, state", [
    ("<S", "opening_in"), ("<S <S", "opening_in"), ("<S <A", "opening_in"),
    ("<S <SA", "opening_in"),
    ("<S >SA", "answered_in"), ("<S >S", "answered_in"), ("<S >A", "answered_in"),
    ("<S >SA >A", "answered_in"), ("<S >SA <S", "answered_in"), ("<S >SA <SA", "answered_in"),
    ("<S >SA <A", "established"), ("<S >S <PA", "established"),
    ("<S >SA <A <S", "established"),
    ("<S <F", "closing_in"), ("<S >F", "closing_out"), ("<S >SA >FA", "closing_out"),
    ("<S >SA <FA", "closing_in"), ("<S >SA <FA >FA", "closed"), ("<S >RA", "closed"),
    ("<S >SA <R", "closed"), ("<S >RA <S", "opening_in"), ("<S >RA >S", "opening"),
    ("<S >RA >SA", "closed"), ("<S >RA <S >SA <A", "established"), ("<S >FA <S", "closing_out")])
def test_tcp_states_of_a_connection_from_outside(script, state):
    """Section 7."""
    gateway = leased()
    gateway.out(syn())
    for segment in script.split():
        if segment[0] == "<":
            gateway.back(knock(9999, OTHER, segment[1:]))
        else:
            gateway.out(syn(9999, OTHER, segment[1:]))
    (flow,) = [each for each in gateway.nat.state()["flows"] if each["remote"] == OTHER]
    assert flow["tcp_state"] == state


@pytest.mark.parametrize("script", ["<S", "<S >SA"])
def test_an_opening_from_outside_idles_as_one_from_inside(script):
    gateway = leased()
    gateway.out(syn())
    gateway.back(knock(9999))
    if script == "<S >SA":
        gateway.out(syn(9999, flags="SA"))
    gateway.nat.collect(gateway.time_s + 240)
    assert len(gateway.nat.flows) == 2
    gateway.nat.collect(gateway.time_s + 241)
    assert not gateway.nat.flows


def with_dmz(*rules):
    """=> a builder with another outside zone"""
    builder = base_builder()
    builder.interface("dmz0", "dmz", "10.9.0.1/24")
    builder.neighbour("dmz0", "10.9.0.2")
    builder.rule_set("out", zone_context("lan"), zone_context("wan", "dmz"), *rules)
    return builder


def test_only_from_the_zone_that_the_rule_leads_to():
    gateway = Gateway(with_dmz(rule("all", "p", persistent_nat(ANY_REMOTE_HOST),
                                    source_addresses=["10.0.0.0/8"])))
    gateway.out(udp())
    for ifindex in (LAN, DMZ):
        assert gateway.reason(ifindex, call(99)) == FILTERED
        assert gateway.reason(ifindex, call(53)) == IN  # belongs to a flow
    gateway.out(udp(remote="10.9.0.2"))
    assert gateway.reason(DMZ, call(98)) == IN
    assert gateway.reason(WAN, call(98, OTHER)) == FILTERED


def test_what_is_not_permitted_is_the_kernels_on_a_local_address():
    gateway = Gateway(rules=[rule("all", "interface", persistent_nat(TARGET_HOST))])
    gateway.out(udp())
    for packet, expected in ((call(54), IN),
                             (call(remote=OTHER), ("kernel", "local_destination"))):
        packet[IP].dst = "203.0.113.1"
        assert gateway.reason(WAN, packet) == expected
    assert leases(gateway)[0]["pool"] == "interface:wan0"


@pytest.mark.parametrize("ttl", [0, 1])
def test_a_first_packet_from_outside_may_have_no_ttl_left(ttl):
    gateway = leased()
    gateway.out(udp())
    packet = IP(src=OTHER, dst=POOL, ttl=ttl) / UDP(sport=1, dport=1024)
    assert gateway.reason(WAN, packet) == ("kernel_translated", "ttl_expired")
    assert leases(gateway)[0]["flows"] == 2


def test_a_flow_opened_from_outside_stays_where_its_first_packet_has_no_route():
    gateway = leased()
    gateway.out(udp(host="10.7.7.7"))
    assert gateway.reason(WAN, call(1, OTHER)) == ("drop", "route_changed")
    (_, flow) = gateway.nat.state()["flows"]
    assert (flow["remote"], flow["packets_in"], flow["ending"]) == (OTHER, 0, False)
    gateway.nat.collect(gateway.time_s + 300)
    assert len(gateway.nat.flows) == 2


def test_errors_about_leased_flows():
    """Both ways, about flows that either side opened; they open none."""
    gateway = leased()
    gateway.out(udp())
    gateway.back(call(99, OTHER))
    for remote, port, expected in ((REMOTE, 53, "icmp_error_in"), (OTHER, 99, "icmp_error_in"),
                                   (OTHER, 98, "filtered_inbound")):
        inside = IP(src=POOL, dst=remote) / UDP(sport=1024, dport=port)
        result = gateway.back(IP(src="203.0.113.99", dst=POOL) / ICMP(type=3, code=3) / inside)
        assert result.reason == expected
        if result.verdict == "forward":
            assert wrong_checksums(result.frame) == []
            assert Ether(result.frame)[IP].dst == HOST
    for remote, port, expected in ((OTHER, 99, "icmp_error_out"), (OTHER, 98, "no_flow")):
        inside = IP(src=remote, dst=HOST) / UDP(sport=port, dport=5000)
        result = gateway.out(IP(src=HOST, dst=remote) / ICMP(type=3, code=3) / inside)
        assert result.reason == expected
    assert len(gateway.nat.flows) == 2


def test_an_ended_flow_is_not_opened_again_until_it_is_collected():
    """Section 3.3."""
    gateway = Gateway(with_dmz(rule("all", "p", persistent_nat(ANY_REMOTE_HOST))))
    gateway.out(udp())
    gateway.nat.kernel.replace_routes([{"prefix": "0.0.0.0/0", "type": "unicast",
                                        "interface": "dmz0", "gateway": "10.9.0.2",
                                        "mtu": None}])
    assert gateway.reason(LAN, udp()) == ("drop", "route_changed")
    assert gateway.reason(WAN, call()) == FILTERED
    gateway.nat.collect(gateway.time_s)
    assert gateway.reason(WAN, call()) == IN
    assert gateway.reason(LAN, udp()) == ("drop", "route_changed")


# 10.3: how long


@pytest.mark.parametrize("timeout", [60, 300, 7200])
def test_a_lease_outlives_its_last_flow(timeout):
    gateway = leased(inactivity_timeout=timeout)
    gateway.out(udp())
    ended = gateway.time_s + 301
    gateway.nat.collect(ended)
    assert gateway.nat.state()["flows"] == []
    gateway.nat.collect(ended + timeout)
    assert gateway.nat.state()["ports"][POOL]["udp"] == [1024]
    gateway.nat.collect(ended + timeout + 1)
    assert leases(gateway) == [] and gateway.nat.state()["ports"] == {}


@pytest.mark.parametrize("configured, rests", [(0, 120), (7, 7), (600, 600)])
def test_a_leases_port_rests(configured, rests):
    """[RFC6888 REQ-8] two minutes, or what port-hold-down says"""
    builder = base_builder()
    builder.port_hold_down = configured
    gateway = leased(builder=builder)
    gateway.out(udp())
    gateway.nat.collect(gateway.time_s + 301)
    assert gateway.nat.state()["resting"] == {}
    ended = gateway.time_s + 602
    gateway.nat.collect(ended)
    gateway.nat.collect(ended + rests - 1)
    assert gateway.nat.state()["resting"][POOL]["udp"] == [1024]
    assert gateway.reason(WAN, call()) == FILTERED
    gateway.nat.collect(ended + rests)
    assert gateway.nat.state()["resting"] == {}


def overflowing(permit=TARGET_HOST, pool="p", **more):
    """=> a gateway whose pool p has one port, q two, and s an address for one host"""
    builder = base_builder()
    builder.pools.clear()
    builder.port_randomization = False
    builder.pool("p", [POOL], 5, 5, overflow="pool", overflow_pool="q")
    builder.pool("q", ["198.51.100.2"], 6, 7, **more)
    builder.pool("s", ["198.51.100.3"], 1, 65535, port_translation=False,
                 host_address_base="10.0.1.10/32", overflow="interface")
    return Gateway(builder, [rule("all", pool, persistent_nat(permit, maximum_flows=8))])


def tuples(gateway, *packets):
    """=> with which address and port each packet leaves"""
    frames = [Ether(gateway.out(packet).frame)[IP] for packet in packets]
    return [(frame.src, frame.sport) for frame in frames]


def test_a_lease_of_the_overflow_pool():
    """It is that pool's, and the endpoint finds it again."""
    gateway = overflowing()
    first, second, third = (POOL, 5), ("198.51.100.2", 6), ("198.51.100.2", 7)
    assert tuples(gateway, udp(), udp(host_port=5001), udp(54, host_port=5001), udp(54),
                  udp(host_port=5002)) == [first, second, second, first, third]
    assert gateway.reason(LAN, udp(host_port=5003)) == EXHAUSTED
    for port in range(100, 107):
        gateway.out(udp(port, host_port=5002))
    assert gateway.reason(LAN, udp(107, host_port=5002)) == LIMIT
    called = IP(src=REMOTE, dst="198.51.100.2") / UDP(sport=99, dport=6)
    assert gateway.reason(WAN, called) == IN
    state = gateway.nat.state()
    assert [lease["pool"] for lease in state["leases"]] == ["p", "q", "q"]
    assert state["pools"]["p"] == {
        "hits": 14, "opened": 2, "overflows": 3,
        "failures": {"source_nat_pool_exhausted": 1, "lease_session_limit": 1}}
    assert state["pools"]["q"] == {"hits": 3, "opened": 11, "overflows": 0, "failures": {}}


def test_a_lease_of_the_overflow_pool_stays_there():
    """Also when there is room again in the first pool."""
    gateway = overflowing(ANY_REMOTE_HOST)
    tuples(gateway, udp(), udp(host_port=5001))
    gateway.time_s += 301
    gateway.nat.collect(gateway.time_s)
    assert tuples(gateway, udp(host_port=5001)) == [("198.51.100.2", 6)]
    for later in (301, 120):
        gateway.time_s += later
        gateway.nat.collect(gateway.time_s)
    assert gateway.nat.state()["ports"] == {
        "198.51.100.2": {"tcp": [], "udp": [6], "icmp": []}}
    assert tuples(gateway, udp(54, host_port=5001), udp(54)) == [("198.51.100.2", 6), (POOL, 5)]


def test_a_leases_port_keeps_parity():
    """[RFC4787 REQ-4]"""
    gateway = overflowing(pool="q", preserve_parity=True)
    assert tuples(gateway, udp(host_port=5001), udp(54, host_port=5001), udp(host_port=5002)) == [
        ("198.51.100.2", 7)] * 2 + [("198.51.100.2", 6)]
    assert gateway.reason(LAN, udp(host_port=5004)) == EXHAUSTED


def test_a_lease_of_a_shifted_address():
    """All flows of the endpoint have its port; a host that has no address overflows."""
    gateway = overflowing(pool="s")
    assert tuples(gateway, udp(), udp(54), udp(host_port=7)) == [
        ("198.51.100.3", 5000)] * 2 + [("198.51.100.3", 7)]
    other = tuples(gateway, udp(host="10.0.1.11"), udp(54, host="10.0.1.11"))
    assert other == [("203.0.113.1", other[0][1])] * 2


def test_a_lease_gives_the_same_tuple_to_the_next_flow():
    """And the time that it had been without one counts no more."""
    gateway = leased(inactivity_timeout=300)
    gateway.out(udp())
    gateway.out(udp(host_port=5001))
    for _ in range(4):
        gateway.time_s += 301
        gateway.nat.collect(gateway.time_s)
        gateway.time_s += 200
        gateway.nat.collect(gateway.time_s)
        assert gateway.reason(WAN, call(77)) == IN
    assert [lease["inside_port"] for lease in leases(gateway)] == [5000]
    gateway.out(udp(54))
    assert ports_of_flows(gateway) == {1024}


def test_whom_a_lease_has_called_is_forgotten():
    """Packets of a flow with that remote end, in either direction, keep it."""
    gateway = leased(TARGET_HOST, inactivity_timeout=200)
    gateway.out(udp())
    gateway.out(udp(remote=OTHER))
    gateway.time_s += 150
    gateway.back(call(54))  # another port, and so another flow
    gateway.nat.collect(gateway.time_s + 51)
    assert [peer["remote"] for peer in gateway.nat.state()["peers"]] == [REMOTE]
    assert gateway.reason(WAN, call(54, OTHER)) == FILTERED
    assert gateway.reason(WAN, call(53, OTHER)) == IN  # its flow is still there
    assert gateway.reason(WAN, call(55)) == IN


def test_whom_a_lease_has_called_by_port():
    gateway = leased(TARGET_HOST_PORT, inactivity_timeout=200)
    gateway.out(udp(53))
    gateway.out(udp(54))
    assert [peer["remote_port"] for peer in gateway.nat.state()["peers"]] == [53, 54]
    gateway.time_s += 150
    gateway.out(udp(54))
    gateway.nat.collect(gateway.time_s + 51)
    assert [peer["remote_port"] for peer in gateway.nat.state()["peers"]] == [54]


def test_whom_a_lease_has_called_ends_with_it():
    gateway = leased(TARGET_HOST, inactivity_timeout=60)
    gateway.out(udp())
    gateway.nat.collect(gateway.time_s + 301)
    assert gateway.nat.state()["peers"] == [] and len(leases(gateway)) == 1
    assert gateway.reason(WAN, call()) == FILTERED
    gateway.nat.collect(gateway.time_s + 362)
    assert gateway.nat.leases.slots == 0


def test_an_error_keeps_nothing():
    """[RFC5508 REQ-6]"""
    gateway = leased(TARGET_HOST, inactivity_timeout=200)
    gateway.out(udp())
    gateway.time_s += 150
    inside = IP(src=POOL, dst=REMOTE) / UDP(sport=1024, dport=53)
    error = IP(src="203.0.113.99", dst=POOL) / ICMP(type=3, code=3) / inside
    assert gateway.back(error)[0] == "forward"
    gateway.nat.collect(gateway.time_s + 51)
    assert gateway.nat.state()["peers"] == []
